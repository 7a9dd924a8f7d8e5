# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_link,$(B)/bench/ike_load,tests/bench/ike_load.c,ike,-lcrypto))
$(eval $(call c_link,$(B)/bench/handshake_cost,tests/bench/handshake_cost.c,,-lcrypto))

BENCHES += tests/bench/handshake_bench

# A script: nothing makes it, but it runs these.
tests/bench/handshake_bench: | $(BUILD)/bench/ike_load $(BUILD)/bench/handshake_cost $(BUILD)/bin/raveld \
	$(BUILD)/bin/ravelctl ;
