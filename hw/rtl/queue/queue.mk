# SPDX-License-Identifier: BSD-2-Clause
RTL_QUEUE_SRCS := $(addprefix hw/rtl/queue/, \
	ravelin_queue_fifo.sv ravelin_queue_rr.sv ravelin_queue_counters.sv ravelin_queue_regs.sv \
	ravelin_queue_ring.sv ravelin_queue_cq.sv ravelin_queue_tx.sv ravelin_queue_rx.sv \
	ravelin_queue_cmd.sv ravelin_queue_event.sv ravelin_queue_read.sv ravelin_queue_write.sv \
	ravelin_queue.sv)
