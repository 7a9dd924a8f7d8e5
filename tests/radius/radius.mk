# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_test,radius_packet_test,tests/radius/packet_test.c,rvl_radius ike,-lcmocka -lcrypto))
$(eval $(call c_test,radius_relay_test,tests/radius/relay_test.c,rvl_radius rvl_eap rvl_trust ike,-lcmocka -lp11 -lssl -lcrypto))

# For `make fuzz` (tests/driver/driver.mk).
RADIUS_FUZZ_SRCS := tests/radius/fuzz_target.c host/radius/packet.c host/radius/relay.c $(filter-out tests/eap/fuzz_target.c,$(EAP_FUZZ_SRCS))
$(BUILD)/fuzz/radius: $(RADIUS_FUZZ_SRCS) $(wildcard host/radius/*.h host/eap/*.h host/ike/*.h)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=gnu17 -O1 $(DEBUG) $(WARN) -fno-omit-frame-pointer -fno-sanitize-recover=all \
	  -fsanitize=fuzzer,address,undefined -o $@ $(filter %.c,$^) -lp11 -lssl -lcrypto
