# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_test,eap_mschap_test,tests/eap/mschap_test.c,rvl_eap ike,-lcmocka -lcrypto))
$(eval $(call c_test,eap_test,tests/eap/eap_test.c,rvl_conf_text rvl_eap rvl_conf ike,-lcmocka -lcrypto))
