# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_test,eap_mschap_test,tests/eap/mschap_test.c,rvl_eap rvl_trust ike,-lcmocka -lp11 -lssl -lcrypto))
$(eval $(call c_test,eap_session_test,tests/eap/session_test.c,rvl_eap rvl_trust ike,-lcmocka -lp11 -lssl -lcrypto))
$(eval $(call c_test,eap_test,tests/eap/eap_test.c,rvl_conf_text rvl_eap rvl_trust rvl_conf ike,-lcmocka -lp11 -lssl -lcrypto \
	-Wl$(comma)--wrap=time))
$(eval $(call c_test,eap_tls_test,tests/eap/tls_test.c,rvl_trust_party rvl_eap rvl_trust rvl_conf ike,-lcmocka -lp11 -lssl -lcrypto))

# For `make fuzz` (tests/driver/driver.mk).
EAP_FUZZ_SRCS := tests/eap/fuzz_target.c $(addprefix host/eap/,mschap.c mschapv2.c gtc.c channel.c tls.c session.c) $(wildcard host/trust/*.c) $(IKE_SRCS) $(RVL_ESP_SRCS)
$(BUILD)/fuzz/eap: $(EAP_FUZZ_SRCS) $(wildcard host/eap/*.h host/trust/*.h host/ike/*.h)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=gnu17 -O1 $(DEBUG) $(WARN) -fno-omit-frame-pointer -fno-sanitize-recover=all \
	  -fsanitize=fuzzer,address,undefined -o $@ $(filter %.c,$^) -lp11 -lssl -lcrypto
