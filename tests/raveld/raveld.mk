# SPDX-License-Identifier: BSD-2-Clause

RAVELD_SUITES := $(addprefix tests/raveld/,raveld_test damage_test peer_test rekey_test reload_test trap_test vip_test up_test \
	impatience_test raveld_errors_test check_test closed_test joint_test gateway_test ipv6_test modes_test inside_test selectors_test move_test path_test tcp_test large_test redirect_test guides_test names_test radius_test revocation_test token_test flood_test scale_test)

TESTS += $(RAVELD_SUITES)

# They run the daemon, and the files are always there.
$(RAVELD_SUITES): ;

# Who floods is as fast as can be, whatever the daemons are.
LONG_TESTS += tests/raveld/flood_test
tests/raveld/flood_test: | flooder
.PHONY: flooder
flooder:
	+@$(MAKE) --no-print-directory -s SAN=0 $(BUILD)/tests/flooder

# Its peers are the benchmark's.
tests/raveld/scale_test: | $(B)/bench/peers

$(eval $(call c_test,lane_test,tests/raveld/lane_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,sockets_test,tests/raveld/sockets_test.c host/raveld/sockets.c host/raveld/endpoint.c host/raveld/log.c,rvl_sa rvl_esp ike,-lcmocka -luv -lcrypto))
$(eval $(call c_test,nic_test,tests/raveld/nic_test.c tests/driver/simulator.c,esp_packet rvl_sa rvl_esp ike rvl_driver,-lcmocka -lcrypto $(DRIVER_LIBS)))
$(B)/tests/nic_test: $(B)/bin/ravelsim
$(eval $(call c_test,whole_test,tests/raveld/whole_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,segments_test,tests/raveld/segments_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,backlog_test,tests/raveld/backlog_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
# It needs a resolver of the packages that guests are made of.
TESTS += tests/raveld/dns_test
LONG_TESTS += tests/raveld/dns_test
tests/raveld/dns_test: | guest-cache ;

$(eval $(call c_test,sa_test,tests/raveld/sa_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_library,sad_bed,tests/raveld/sad_bed.c))
$(eval $(call c_test,sad_test,tests/raveld/sad_test.c,sad_bed rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,sad_refusal_test,tests/raveld/sad_refusal_test.c,sad_bed rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,sad_trap_test,tests/raveld/sad_trap_test.c,sad_bed rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,sad_child_test,tests/raveld/sad_child_test.c,sad_bed rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,sad_model_test,tests/raveld/sad_model_test.c,sad_bed rvl_sa rvl_esp ike,-lcmocka -lcrypto \
	-Wl$(comma)--wrap=malloc$(comma)--wrap=calloc$(comma)--wrap=realloc))
$(eval $(call c_link,$(B)/tests/flooder,tests/raveld/flooder.c,ike,-lcrypto))
$(eval $(call c_test,pools_test,tests/raveld/pools_test.c host/raveld/pools.c host/raveld/leases.c host/raveld/log.c,ike_test rvl_conf ike,-lcmocka -luv -ljansson -lp11 -lssl -lcrypto))
$(eval $(call c_test,agenda_test,tests/raveld/agenda_test.c host/raveld/agenda.c,,-lcmocka))
$(eval $(call c_test,inbox_test,tests/raveld/inbox_test.c host/raveld/inbox.c,rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,handover_test,tests/raveld/handover_test.c host/raveld/handover.c,rvl_esp,-lcmocka -lcrypto))
$(eval $(call c_test,fanout_test,tests/raveld/fanout_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,ring_test,tests/raveld/ring_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,datapath_test,tests/raveld/datapath_test.c host/raveld/datapath.c host/raveld/data_thread.c \
	host/raveld/handover.c host/raveld/inbox.c host/raveld/neighbour.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,brlock_test,tests/raveld/brlock_test.c,rvl_sa,-lcmocka))
$(eval $(call c_test,prefix_map_test,tests/raveld/prefix_map_test.c host/raveld/prefix_map.c host/esp/prefix.c,,-lcmocka))
$(eval $(call c_test,group_test,tests/raveld/group_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,scope_test,tests/raveld/scope_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,xfrm_test,tests/raveld/xfrm_test.c,rvl_sa rvl_esp ike,-lcmocka -lmnl -lcrypto))
