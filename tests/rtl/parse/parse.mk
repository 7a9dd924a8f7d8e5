# SPDX-License-Identifier: BSD-2-Clause
#
# ravelin_ipsec_parse against a parser in C: of frames, and of the packet that was inside another.

PARSE_DIR  := tests/rtl/parse
PARSE_SRCS := hw/rtl/ravelin_regs_pkg.sv $(filter %_pkg.sv %_walk.sv %_parse.sv,$(RTL_IPSEC_SRCS)) $(PARSE_DIR)/parse_fields.sv

# $(call parse_test,NAME,ETHERNET)
define parse_test
$(call verilated,$(1),parse_fields,$(PARSE_SRCS),-O3 --x-assign fast --x-initial fast --noassert -fno-const-bit-op-tree \
  -Wall -GEthernet=1\'b$(2),$(PARSE_DIR)/parse_dut.cc,-DPARSE_ETHERNET=$(2),1)
$(call verilated_test,$(1),$(PARSE_DIR)/parse_test.c $(PARSE_DIR)/parse_reference.c,)
endef

$(eval $(call parse_test,parse_frame,1))
$(eval $(call parse_test,parse_packet,0))
