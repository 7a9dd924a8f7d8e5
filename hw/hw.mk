# SPDX-License-Identifier: BSD-2-Clause
#
# RTL sources in the order in which tools read them: packages, blocks, top.

include $(wildcard hw/rtl/*/*.mk)

RTL_SRCS := hw/rtl/ravelin_regs_pkg.sv $(RTL_CRYPTO_SRCS) $(RTL_PCIE_SRCS) $(RTL_QUEUE_SRCS) \
            $(RTL_IPSEC_SRCS) hw/rtl/ravelin_reset.sv hw/rtl/ravelin.sv

lint-rtl: $(BUILD)/lint/rtl

# What was read without a word isn't read again until it changes.
$(BUILD)/lint/rtl: $(RTL_SRCS) hw/hw.mk
	verilator --lint-only -Wall --top-module ravelin $(RTL_SRCS)
	yosys -q -p 'read_verilog -sv $(RTL_SRCS); hierarchy -check -top ravelin'
	@mkdir -p $(@D) && touch $@
