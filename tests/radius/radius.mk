# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_test,radius_packet_test,tests/radius/packet_test.c,rvl_radius ike,-lcmocka -lcrypto))
$(eval $(call c_test,radius_relay_test,tests/radius/relay_test.c,rvl_radius rvl_eap rvl_trust ike,-lcmocka -lssl -lcrypto))
