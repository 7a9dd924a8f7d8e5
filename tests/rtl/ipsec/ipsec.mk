# SPDX-License-Identifier: BSD-2-Clause
#
# ravelin_ipsec against host/esp: a Verilated model for each beat width, all run by the same tests.

IPSEC_DIR := tests/rtl/ipsec
IPSEC_SRCS := $(addprefix $(IPSEC_DIR)/,ipsec_bench.c ipsec_peer.c ipsec_test.c test_frames.c test_receive.c \
              test_policy.c test_life.c test_command.c test_parity.c test_mixed.c) \
              tests/chip/traffic.c $(wildcard host/esp/*.c)

# $(call ipsec_test,NAME,BITS A BEAT)
define ipsec_test
$(call verilated,$(1),ravelin_ipsec,hw/rtl/ravelin_regs_pkg.sv $(RTL_CRYPTO_SRCS) $(RTL_IPSEC_SRCS),-O3 \
  --x-assign fast --x-initial fast --noassert -fno-const-bit-op-tree -Wall -GDataW=$(2) -GStallCycles=3000 -GTestMutations=1\'b1 \
  -GErrorInjection=1\'b1 --output-split 20000,$(IPSEC_DIR)/ipsec_dut.cc,-O1 -DIPSEC_DATA_W=$(2),1)
$(call verilated_test,$(1),$(IPSEC_SRCS),-lcrypto)
endef

$(eval $(call ipsec_test,ipsec_512,512))
$(eval $(call ipsec_test,ipsec_256,256))
$(eval $(call ipsec_test,ipsec_128,128))
