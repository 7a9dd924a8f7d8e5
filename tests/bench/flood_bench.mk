# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_bench,flood_bench,tests/bench/flood_bench.c,ike,-lcrypto))
