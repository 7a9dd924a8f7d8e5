# SPDX-License-Identifier: BSD-2-Clause
#
# The SA tables by themselves, a packet a cycle: packets follow each other there as closely as frames seldom do.

SA_DIR  := tests/rtl/sa
SA_SRCS := hw/rtl/ravelin_regs_pkg.sv hw/rtl/ravelin_ram.sv $(filter %_pkg.sv %_flags.sv %_size.sv,$(RTL_IPSEC_SRCS))

# $(call sa_test,DIRECTION)
define sa_test
$(call verilated,$(1)_sa,ravelin_ipsec_$(1)_sa,$(SA_SRCS) hw/rtl/ipsec/ravelin_ipsec_$(1)_sa.sv,-O3 --x-assign fast \
  --x-initial fast --noassert -fno-const-bit-op-tree -GSaCount=16,$(SA_DIR)/$(1)_sa_dut.cc,,1)
$(call verilated_test,$(1)_sa,$(SA_DIR)/$(1)_sa_test.c,)
endef

$(eval $(call sa_test,in))
$(eval $(call sa_test,out))
