# SPDX-License-Identifier: BSD-2-Clause
#
# Registers, counters and rings: ravelin_queue alone, Verilated in each beat width, between models of
# host memory, the wire and the IPsec block.

QUEUE_DIR := tests/rtl/queue
QUEUE_SRCS := $(addprefix $(QUEUE_DIR)/,queue_bench.c queue_peers.c queue_driver.c queue_test_regs.c \
              queue_test_frames.c queue_test_rings.c queue_test_all.c queue_test.c)

# $(call queue_test,NAME,BITS A BEAT,QUEUE PAIRS)
define queue_test
$(call verilated,$(1),ravelin_queue,hw/rtl/ravelin_regs_pkg.sv $(RTL_QUEUE_SRCS),-O3 --x-assign unique \
  --x-initial unique --assert -fno-const-bit-op-tree -Wall -GDataW=$(2) -GQueuePairs=$(3),$(QUEUE_DIR)/queue_dut.cc,\
  -DQUEUE_DATA_W=$(2) -DQUEUE_PAIRS=$(3),1)
$(call verilated_test,$(1),$(QUEUE_SRCS),)
endef

$(eval $(call queue_test,queue_512,512,4))
$(eval $(call queue_test,queue_256,256,1))
$(eval $(call queue_test,queue_128,128,5))
