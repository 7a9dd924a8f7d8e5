# SPDX-License-Identifier: BSD-2-Clause
BENCHES += tests/bench/stream_bench

# A script: nothing makes it, but it runs these.
tests/bench/stream_bench: | $(BUILD)/bin/raveld $(BUILD)/bin/ravelctl ;
