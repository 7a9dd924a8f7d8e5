# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_library,rvl_trust_party,tests/trust/party.c))
$(eval $(call c_test,trust_signature_test,tests/trust/signature_test.c,rvl_trust rvl_conf ike,-lcmocka -lp11 -lssl -lcrypto))
$(eval $(call c_test,trust_test,tests/trust/trust_test.c,rvl_trust_party rvl_trust rvl_conf ike,-lcmocka -lp11 -lssl -lcrypto))
$(eval $(call c_test,trust_raw_test,tests/trust/raw_test.c,rvl_trust_party rvl_trust rvl_conf ike,-lcmocka -lp11 -lssl -lcrypto))
$(eval $(call c_test,trust_token_test,tests/trust/token_test.c,rvl_trust_party rvl_trust rvl_conf ike,-lcmocka -lp11 -lssl -lcrypto -lpthread))
$(eval $(call c_test,trust_revocation_test,tests/trust/revocation_test.c,rvl_trust_party rvl_trust rvl_conf ike,-lcmocka -lp11 -lssl -lcrypto))
$(eval $(call c_test,trust_fetched_test,tests/trust/fetched_test.c,rvl_trust_party rvl_trust rvl_conf ike,-lcmocka -lp11 -lssl -lcrypto))

# For `make fuzz` (tests/driver/driver.mk).
TRUST_FUZZ_SRCS := tests/trust/fuzz_target.c host/fetch/frame.c $(wildcard host/trust/*.c) $(IKE_SRCS) $(RVL_ESP_SRCS)
$(BUILD)/fuzz/trust: $(TRUST_FUZZ_SRCS) $(wildcard host/trust/*.h host/fetch/*.h host/ike/*.h)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=gnu17 -O1 $(DEBUG) $(WARN) -fno-omit-frame-pointer -fno-sanitize-recover=all \
	  -fsanitize=fuzzer,address,undefined -o $@ $(filter %.c,$^) -lp11 -lssl -lcrypto
