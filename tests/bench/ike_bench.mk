# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_bench,ike_bench,tests/bench/ike_bench.c,ike,-lcrypto))
