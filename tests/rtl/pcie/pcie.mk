# SPDX-License-Identifier: BSD-2-Clause
#
# ravelin_pcie alone, Verilated in each beat width, against the root port of the simulator.

PCIE_DIR := tests/rtl/pcie
PCIE_SRCS := $(addprefix $(PCIE_DIR)/,pcie_bench.c pcie_test.c pcie_test_dma.c pcie_test_fault.c pcie_test_host.c) \
             $(addprefix sim/,rootport.c rootport_cpl.c rootport_up.c)

# $(call pcie_test,NAME,BITS A BEAT)
define pcie_test
$(call verilated,$(1),ravelin_pcie,hw/rtl/ravelin_regs_pkg.sv $(RTL_PCIE_SRCS),-O3 --x-assign unique --x-initial unique \
  --assert -fno-const-bit-op-tree -Wall -GDataW=$(2) -GReadTimeout=8000,$(PCIE_DIR)/pcie_dut.cc,-DPCIE_DATA_W=$(2),1)
$(call verilated_test,$(1),$(PCIE_SRCS),)
endef

$(eval $(call pcie_test,pcie_512,512))
$(eval $(call pcie_test,pcie_256,256))
$(eval $(call pcie_test,pcie_128,128))
