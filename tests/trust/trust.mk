# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_test,trust_signature_test,tests/trust/signature_test.c,rvl_trust rvl_conf ike,-lcmocka -lcrypto))
$(eval $(call c_test,trust_test,tests/trust/trust_test.c,rvl_trust rvl_conf ike,-lcmocka -lcrypto))
