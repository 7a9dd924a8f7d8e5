# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_link,$(B)/bench/peers,tests/bench/peers.c,ike rvl_esp,-lcrypto))

BENCHES += tests/bench/scale_bench

# A script: nothing makes it, but it runs these.
tests/bench/scale_bench: | $(BUILD)/bench/peers $(BUILD)/bin/raveld $(BUILD)/bin/ravelctl ;
