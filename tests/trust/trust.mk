# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_library,rvl_trust_party,tests/trust/party.c))
$(eval $(call c_test,trust_signature_test,tests/trust/signature_test.c,rvl_trust rvl_conf ike,-lcmocka -lssl -lcrypto))
$(eval $(call c_test,trust_test,tests/trust/trust_test.c,rvl_trust_party rvl_trust rvl_conf ike,-lcmocka -lssl -lcrypto))
$(eval $(call c_test,trust_raw_test,tests/trust/raw_test.c,rvl_trust_party rvl_trust rvl_conf ike,-lcmocka -lssl -lcrypto))
$(eval $(call c_test,trust_revocation_test,tests/trust/revocation_test.c,rvl_trust_party rvl_trust rvl_conf ike,-lcmocka -lssl -lcrypto))
$(eval $(call c_test,trust_fetched_test,tests/trust/fetched_test.c,rvl_trust_party rvl_trust rvl_conf ike,-lcmocka -lssl -lcrypto))
