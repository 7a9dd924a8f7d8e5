# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_bench,esp_bench,tests/bench/esp_bench.c,rvl_esp,-lcrypto))
