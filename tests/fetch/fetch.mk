# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_test,fetch_frame_test,tests/fetch/frame_test.c host/fetch/address.c,rvl_fetch ike,-lcmocka -lcrypto))
