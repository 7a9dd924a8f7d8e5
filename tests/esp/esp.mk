# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_library,esp_packet,tests/esp/packet.c))
$(eval $(call c_test,esp_test,tests/esp/esp_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,esp6_test,tests/esp/esp6_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,ip_test,tests/esp/ip_test.c,rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,replay_test,tests/esp/replay_test.c,rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,engine_test,tests/esp/engine_test.c,rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,reassembly_test,tests/esp/reassembly_test.c,rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,icmp_test,tests/esp/icmp_test.c,rvl_esp,-lcmocka -lcrypto))
CBC_VECTORS := $(patsubst %/CBCMMT128.rsp,%,$(filter %/CBC/CBCMMT128.rsp,\
               $(shell dpkg -L python3-cryptography-vectors 2>/dev/null)))
$(B)/obj/tests/esp/cipher_test.o: CPPFLAGS += -DCBC_VECTORS='"$(CBC_VECTORS)"'
$(eval $(call c_test,cipher_test,tests/esp/cipher_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,answers_test,tests/esp/answers_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,suites_test,tests/esp/suites_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,mode_test,tests/esp/mode_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,ah_test,tests/esp/ah_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,size_test,tests/esp/size_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,stream_test,tests/esp/stream_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))

# A program of guests (tests/guest/guest-judge).
$(eval $(call c_link,$(B)/tests/esp_judge,tests/esp/judge.c,esp_packet rvl_sa rvl_esp ike,-lcmocka -lmnl -lcrypto))

# For `make fuzz` (tests/driver/driver.mk).
ESP_FUZZ_SRCS := tests/esp/fuzz_target.c tests/esp/packet.c $(RVL_ESP_SRCS)
$(BUILD)/fuzz/esp: $(ESP_FUZZ_SRCS) $(wildcard host/esp/*.h tests/esp/*.h)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=gnu17 -O1 $(DEBUG) $(WARN) -fno-omit-frame-pointer -fno-sanitize-recover=all \
	  -fsanitize=fuzzer,address,undefined -o $@ $(filter %.c,$^) -lcmocka -lcrypto
