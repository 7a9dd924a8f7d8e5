# SPDX-License-Identifier: BSD-2-Clause
RTL_PCIE_SRCS := $(addprefix hw/rtl/pcie/, \
	ravelin_pcie_fifo.sv \
	ravelin_pcie_split.sv \
	ravelin_pcie_completer.sv \
	ravelin_pcie_msix.sv \
	ravelin_pcie_rd_tags.sv \
	ravelin_pcie_rd_buffer.sv \
	ravelin_pcie_rd.sv \
	ravelin_pcie_wr.sv \
	ravelin_pcie_tx.sv \
	ravelin_pcie.sv)
