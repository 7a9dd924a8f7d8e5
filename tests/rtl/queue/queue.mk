# SPDX-License-Identifier: BSD-2-Clause
#
# Registers, counters and rings: ravelin_queue alone, Verilated in each beat width, between models of
# host memory, the wire and the IPsec block.

ifndef RTL_QUEUE_SRCS
include hw/rtl/queue/queue.mk
endif

QUEUE_DIR := tests/rtl/queue
QUEUE_CXX := -std=gnu++17 -O2 -march=native -I. -I/usr/share/verilator/include \
             -I/usr/share/verilator/include/vltstd
QUEUE_OBJ := $(addprefix $(B)/obj/$(QUEUE_DIR)/,queue_bench.o queue_peers.o queue_driver.o \
             queue_test_regs.o queue_test_frames.o queue_test_rings.o queue_test_all.o \
             queue_test.o)

# $(call queue_test,NAME,BITS A BEAT,QUEUE PAIRS)
define queue_test
TESTS += $(B)/tests/$(1)
$(BUILD)/rtl/$(1)/model.a: hw/rtl/ravelin_regs_pkg.sv $$(RTL_QUEUE_SRCS) \
                           $$(QUEUE_DIR)/queue_dut.cc $$(QUEUE_DIR)/queue_dut.h
	@rm -rf $$(@D) && mkdir -p $$(@D)
	verilator --cc -O3 --x-assign unique --x-initial unique --assert -fno-const-bit-op-tree -Wall \
		-GDataW=$(2) -GQueuePairs=$(3) --top-module ravelin_queue --Mdir $$(@D) \
		hw/rtl/ravelin_regs_pkg.sv $$(RTL_QUEUE_SRCS)
	@printf '%s\n' $$(@D)/*.cpp $$(QUEUE_DIR)/queue_dut.cc \
		/usr/share/verilator/include/verilated.cpp \
		/usr/share/verilator/include/verilated_threads.cpp | \
	xargs -P2 -I{} sh -c '$$(CXX) $$(QUEUE_CXX) -DQUEUE_DATA_W=$(2) -DQUEUE_PAIRS=$(3) \
		-I$$(@D) -c {} -o $$(@D)/$$$$(basename {}).o'
	@rm -f $$@ && $$(AR) rcs $$@ $$(@D)/*.o
$(B)/tests/$(1): $(QUEUE_OBJ) $(BUILD)/rtl/$(1)/model.a
	@mkdir -p $$(@D)
	$$(CXX) $$(LDFLAGS) -o $$@ $$^ -pthread -latomic
endef

$(eval $(call queue_test,queue_512,512,4))
$(eval $(call queue_test,queue_256,256,1))
$(eval $(call queue_test,queue_128,128,5))

OBJECTS += $(QUEUE_OBJ)
