/* SPDX-License-Identifier: BSD-2-Clause */
/* ravelin_pcie alone, Verilated, behind a C interface. PCIe pins as in sim/model.h. */
#ifndef TESTS_RTL_PCIE_DUT_H
#define TESTS_RTL_PCIE_DUT_H

#include "sim/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The pins towards the queue block. */
struct pcie_user_in {
	bool quiesce;
	bool reg_ack;
	uint32_t reg_rdata;
	bool rd_req_valid;
	uint64_t rd_req_addr;
	uint16_t rd_req_len;
	uint8_t rd_req_tag;
	bool rd_rsp_ready;
	bool wr_valid, wr_sop, wr_eop, wr_irq;
	uint64_t wr_addr;
	uint16_t wr_len;
	uint8_t wr_vector;
	uint8_t wr_data[RVL_BEAT_OCTETS];
};

struct pcie_user_out {
	bool quiesced;
	bool reg_valid, reg_write;
	uint16_t reg_addr;
	uint32_t reg_wdata;
	uint8_t reg_be;
	bool rd_req_ready;
	bool rd_rsp_valid, rd_rsp_sop, rd_rsp_eop, rd_rsp_err;
	uint8_t rd_rsp_tag, rd_rsp_bytes;
	uint8_t rd_rsp_data[RVL_BEAT_OCTETS];
	bool wr_ready;
	uint64_t cnt;
};

struct pcie_dut {
	struct rvl_model_in in;
	struct rvl_model_out out;
	struct pcie_user_in user;
	struct pcie_user_out from;
	uint32_t width; /* octets in a beat */
};

/* seed: of what is not reset */
struct pcie_dut *pcie_dut_create(uint64_t seed);
void pcie_dut_destroy(struct pcie_dut *dut);
void pcie_dut_settle(struct pcie_dut *dut);
void pcie_dut_clock(struct pcie_dut *dut);

/* Whether these octets stand in a row anywhere in the block's state. */
bool pcie_dut_holds(const struct pcie_dut *dut, const void *octets, size_t len);

#ifdef __cplusplus
}
#endif
#endif
