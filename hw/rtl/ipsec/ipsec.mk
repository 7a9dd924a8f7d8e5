# SPDX-License-Identifier: BSD-2-Clause
RTL_IPSEC_SRCS := $(addprefix hw/rtl/ipsec/, \
	ravelin_ipsec_pkg.sv \
	ravelin_ipsec_fifo.sv \
	ravelin_ipsec_walk.sv \
	ravelin_ipsec_parse.sv \
	ravelin_ipsec_buffer.sv \
	ravelin_ipsec_realign.sv \
	ravelin_ipsec_cut.sv \
	ravelin_ipsec_immutable.sv \
	ravelin_ipsec_append.sv \
	ravelin_ipsec_prepend.sv \
	ravelin_ipsec_tailcut.sv \
	ravelin_ipsec_stall.sv \
	ravelin_ipsec_policy.sv \
	ravelin_ipsec_flags.sv \
	ravelin_ipsec_size.sv \
	ravelin_ipsec_out_sa.sv \
	ravelin_ipsec_tx_decide.sv \
	ravelin_ipsec_tx.sv \
	ravelin_ipsec_lookup.sv \
	ravelin_ipsec_in_sa.sv \
	ravelin_ipsec_moves.sv \
	ravelin_ipsec_rx_decide.sv \
	ravelin_ipsec_rx_verify.sv \
	ravelin_ipsec_rx.sv \
	ravelin_ipsec_command.sv \
	ravelin_ipsec_events.sv \
	ravelin_ipsec.sv)
