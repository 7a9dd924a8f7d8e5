# SPDX-License-Identifier: BSD-2-Clause
#
# ravelin_pcie alone, Verilated in each beat width, against the root port of the simulator.
# A model is built once, whatever SAN says: sanitizers watch the bench and the root port.

ifndef RTL_PCIE_SRCS
include hw/rtl/pcie/pcie.mk
endif

PCIE_DIR := tests/rtl/pcie
PCIE_CXX := -std=gnu++17 -O2 -march=native -I. -I/usr/share/verilator/include \
            -I/usr/share/verilator/include/vltstd
PCIE_OBJ := $(addprefix $(B)/obj/$(PCIE_DIR)/,pcie_bench.o pcie_test.o pcie_test_dma.o \
            pcie_test_fault.o pcie_test_host.o) \
            $(addprefix $(B)/obj/sim/,rootport.o rootport_cpl.o rootport_up.o)

# $(call pcie_test,NAME,BITS A BEAT)
define pcie_test
TESTS += $(B)/tests/$(1)
$(BUILD)/rtl/$(1)/model.a: hw/rtl/ravelin_regs_pkg.sv $$(RTL_PCIE_SRCS) $$(PCIE_DIR)/pcie_dut.cc \
                           $$(PCIE_DIR)/pcie_dut.h sim/model.h $$(PCIE_DIR)/pcie.mk
	@rm -rf $$(@D) && mkdir -p $$(@D)
	verilator --cc -O3 --x-assign unique --x-initial unique --assert -fno-const-bit-op-tree -Wall \
		-GDataW=$(2) -GReadTimeout=8000 --top-module ravelin_pcie --Mdir $$(@D) \
		hw/rtl/ravelin_regs_pkg.sv $$(RTL_PCIE_SRCS)
	@printf '%s\n' $$(@D)/*.cpp $$(PCIE_DIR)/pcie_dut.cc \
		/usr/share/verilator/include/verilated.cpp \
		/usr/share/verilator/include/verilated_threads.cpp | \
	xargs -P2 -I{} sh -c '$$(CXX) $$(PCIE_CXX) -DPCIE_DATA_W=$(2) -I$$(@D) -c {} \
		-o $$(@D)/$$$$(basename {}).o'
	@rm -f $$@ && $$(AR) rcs $$@ $$(@D)/*.o
$(B)/tests/$(1): $(PCIE_OBJ) $(BUILD)/rtl/$(1)/model.a
	@mkdir -p $$(@D)
	$$(CXX) $$(LDFLAGS) -o $$@ $$^ -pthread -latomic
endef

$(eval $(call pcie_test,pcie_512,512))
$(eval $(call pcie_test,pcie_256,256))
$(eval $(call pcie_test,pcie_128,128))

OBJECTS += $(PCIE_OBJ)
