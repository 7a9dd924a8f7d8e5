# SPDX-License-Identifier: BSD-2-Clause
BENCHES += tests/bench/guest_bench

# A script: nothing makes it, but it runs these.
tests/bench/guest_bench: | guest-module $(BUILD)/bin/ravelsim $(BUILD)/bin/raveld ;
