# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_bench,chip_bench,tests/bench/chip_bench.c tests/chip/chip.c tests/chip/traffic.c,rvl_driver rvl_esp $(SIM_LIBS),-lcrypto -lpci $(SIM_LDLIBS)))
