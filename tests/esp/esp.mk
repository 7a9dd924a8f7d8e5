# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_library,esp_packet,tests/esp/packet.c))
$(eval $(call c_test,esp_test,tests/esp/esp_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,esp6_test,tests/esp/esp6_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,ip_test,tests/esp/ip_test.c,rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,replay_test,tests/esp/replay_test.c,rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,engine_test,tests/esp/engine_test.c,rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,cipher_test,tests/esp/cipher_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,answers_test,tests/esp/answers_test.c,esp_packet rvl_esp,-lcmocka -lcrypto))
