# SPDX-License-Identifier: BSD-2-Clause
#
# ravelin_ipsec against host/esp: a Verilated model for each beat width, all run by the same tests.
# A model is built once, whatever SAN says: sanitizers watch the bench.

ifndef RTL_CRYPTO_SRCS
include hw/rtl/crypto/crypto.mk
endif
ifndef RTL_IPSEC_SRCS
include hw/rtl/ipsec/ipsec.mk
endif

IPSEC_DIR := tests/rtl/ipsec
IPSEC_RTL := hw/rtl/ravelin_regs_pkg.sv $(RTL_CRYPTO_SRCS) $(RTL_IPSEC_SRCS)
IPSEC_CXX := -std=gnu++17 -march=native -I. -Idriver/core -I/usr/share/verilator/include \
             -I/usr/share/verilator/include/vltstd
IPSEC_OBJ := $(addprefix $(B)/obj/$(IPSEC_DIR)/,ipsec_bench.o ipsec_peer.o ipsec_test.o \
             test_frames.o test_receive.o test_policy.o test_life.o test_command.o \
             test_parity.o)
IPSEC_ESP := $(patsubst %.c,$(B)/obj/%.o,$(wildcard host/esp/*.c))

# $(call ipsec_test,NAME,BITS A BEAT)
define ipsec_test
$(BUILD)/rtl/$(1)/model.a: $$(IPSEC_RTL) $$(IPSEC_DIR)/ipsec_dut.cc $$(IPSEC_DIR)/ipsec_dut.h \
                           $$(IPSEC_DIR)/ipsec.mk driver/core/rvl_regs.h
	@rm -rf $$(@D) && mkdir -p $$(@D)
	verilator --cc -O3 --x-assign fast --x-initial fast --noassert -fno-const-bit-op-tree -Wall \
		-GDataW=$(2) -GTestMutations=1\'b1 -GErrorInjection=1\'b1 --top-module ravelin_ipsec --Mdir $$(@D) \
		--output-split 20000 $$(IPSEC_RTL)
	@printf '%s\n' $$(@D)/*.cpp $$(IPSEC_DIR)/ipsec_dut.cc \
		/usr/share/verilator/include/verilated.cpp \
		/usr/share/verilator/include/verilated_threads.cpp | \
	xargs -P2 -I{} sh -c '$$(CXX) $$(IPSEC_CXX) -O2 -DIPSEC_DATA_W=$(2) -I$$(@D) -c {} \
		-o $$(@D)/$$$$(basename {}).o'
	@rm -f $$@ && $$(AR) rcs $$@ $$(@D)/*.o
TESTS += $(B)/tests/$(1)
$(B)/tests/$(1): $$(IPSEC_OBJ) $$(IPSEC_ESP) $(BUILD)/rtl/$(1)/model.a
	@mkdir -p $$(@D)
	$$(CXX) $$(LDFLAGS) -o $$@ $$^ -lcrypto -pthread -latomic
endef

$(eval $(call ipsec_test,ipsec_512,512))
$(eval $(call ipsec_test,ipsec_128,128))

OBJECTS += $(IPSEC_OBJ)
