# SPDX-License-Identifier: BSD-2-Clause
IKE_TEST_LDLIBS := -lcmocka -lp11 -lssl -lcrypto
NEEDS_ike_test := rvl_eap rvl_trust

$(eval $(call c_library,ike_test,tests/ike/support.c tests/ike/signer.c tests/ike/eap_party.c tests/ike/member.c tests/ike/pair.c tests/ike/steps.c tests/ike/children.c \
	tests/ike/strangers.c))
$(eval $(call c_test,ike_codec_test,tests/ike/codec_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_crypto_test,tests/ike/crypto_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_simulation_test,tests/ike/simulation_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_exchange_test,tests/ike/exchange_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_hostile_test,tests/ike/hostile_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_abuse_test,tests/ike/abuse_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_flood_test,tests/ike/flood_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_puzzle_test,tests/ike/puzzle_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_qcd_test,tests/ike/qcd_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_redirect_test,tests/ike/redirect_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_hint_test,tests/ike/hint_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_sync_test,tests/ike/sync_test.c,ike_test ike,$(IKE_TEST_LDLIBS) \
	-Wl$(comma)--wrap=ike_sync_offer))
$(eval $(call c_test,ike_ipv6_test,tests/ike/ipv6_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_fragment_test,tests/ike/fragment_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_lease_test,tests/ike/lease_test.c,ike_test ike,$(IKE_TEST_LDLIBS) \
	-Wl$(comma)--wrap=ike_lease_answer$(comma)--wrap=ike_lease_ask))
$(eval $(call c_test,ike_signature_test,tests/ike/signature_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_eap_test,tests/ike/eap_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_null_test,tests/ike/null_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_rounds_test,tests/ike/rounds_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_ppk_test,tests/ike/ppk_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_job_test,tests/ike/job_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))

# What cheap_crypto.c does in place of the core's own.
CHEAP_CRYPTO := ike_dh_new ike_dh_group ike_dh_public ike_dh_shared ike_dh_free ike_prf ike_prf_plus \
  ike_integ ike_sha1 ike_sha256 ike_cipher_seal ike_cipher_open CRYPTO_memcmp

$(eval $(call c_library,ike_world,tests/ike/world.c tests/ike/attacker.c tests/ike/takeover.c tests/ike/invariants.c \
	tests/ike/cheap_crypto.c))
$(eval $(call c_test,ike_sim_test,tests/ike/sim_test.c,ike_world ike_test ike,$(IKE_TEST_LDLIBS) \
	$(CHEAP_CRYPTO:%=-Wl$(comma)--wrap=%)))

$(eval $(call c_test,ike_rekey_test,tests/ike/rekey_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_midst_test,tests/ike/midst_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_renew_test,tests/ike/renew_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_renew_midst_test,tests/ike/renew_midst_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_childless_test,tests/ike/childless_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_narrow_test,tests/ike/narrow_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_end_test,tests/ike/end_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_update_test,tests/ike/update_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_candidates_test,tests/ike/candidates_test.c,ike,-lcmocka -lcrypto))
$(eval $(call c_test,ike_race_test,tests/ike/race_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_double_test,tests/ike/double_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_text_test,tests/ike/text_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_failure_test,tests/ike/failure_test.c,ike_test ike,$(IKE_TEST_LDLIBS) \
	-Wl$(comma)--wrap=ike_keys_derive_child$(comma)--wrap=calloc))
$(eval $(call c_test,ike_proposal_test,tests/ike/proposal_test.c,ike_test ike,$(IKE_TEST_LDLIBS) \
	-Wl$(comma)--wrap=ike_next_proposal$(comma)--wrap=ike_next_transform))
$(eval $(call c_test,ike_tcp_test,tests/ike/tcp_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_mobike_test,tests/ike/mobike_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_probe_test,tests/ike/probe_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_suite_test,tests/ike/suite_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_transport_test,tests/ike/transport_test.c,ike_test ike,$(IKE_TEST_LDLIBS) \
	-Wl$(comma)--wrap=ike_child_answer_ts))
$(eval $(call c_test,ike_peer_test,tests/ike/peer_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))
$(eval $(call c_test,ike_pairs_test,tests/ike/pairs_test.c,ike_test ike,$(IKE_TEST_LDLIBS) \
	-Wl$(comma)--wrap=ike_child_accept))
$(eval $(call c_test,ike_resource_test,tests/ike/resource_test.c,ike_test ike,$(IKE_TEST_LDLIBS) \
	-Wl$(comma)--wrap=ike_resource_accept$(comma)--wrap=ike_resource_complete))
$(eval $(call c_test,ike_names_test,tests/ike/names_test.c,ike_test ike,$(IKE_TEST_LDLIBS)))

LONG_TESTS += $(B)/tests/ike_sim_test

# `make sim-ike SEED=N RUNS=N`: so many runs of the simulation from that seed, without sanitizers.
.PHONY: sim-ike
SEED ?= $(shell date +%s)
RUNS ?= 100000

sim-ike: deps
	@$(MAKE) --no-print-directory -s $(JOBS) $(B)/tests/ike_sim_test
	@$(B)/tests/ike_sim_test seed=$(SEED) runs=$(RUNS)
