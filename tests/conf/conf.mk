# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_test,conf_test,tests/conf/conf_test.c,rvl_conf ike,-lcmocka -lcrypto))
