/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Verilated ravelin_queue behind a C interface.
 *
 * A cycle: set the inputs, settle, read the outputs, pass a rising clock edge. No output that is a
 * handshake depends on an input of the same cycle, so both sides of it are known after settling.
 */
#ifndef RVL_TESTS_QUEUE_DUT_H
#define RVL_TESTS_QUEUE_DUT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "driver/core/rvl_regs.h"

#define QUEUE_BEAT_MAX 64

struct queue_in {
	bool rst_n, power_on_rst_n, ipsec_ready;
	bool reg_valid, reg_write;
	uint16_t reg_addr;
	uint32_t reg_wdata;
	uint8_t reg_be;
	bool rd_req_ready;
	bool rd_rsp_valid, rd_rsp_sop, rd_rsp_eop, rd_rsp_err;
	uint8_t rd_rsp_tag, rd_rsp_bytes;
	uint8_t rd_rsp_data[QUEUE_BEAT_MAX];
	bool wr_ready;
	bool cmd_ready, cmd_rsp_valid;
	struct rvl_cmd_cpl cmd_rsp;
	bool ev_valid;
	struct rvl_event ev;
	bool htx_ready;
	bool hrx_valid, hrx_sop, hrx_eop, hrx_decrypted, hrx_udp;
	uint8_t hrx_data[QUEUE_BEAT_MAX];
	uint8_t hrx_bytes;
	uint16_t hrx_len, hrx_sa;
	uint32_t hrx_hash;
	uint64_t cnt;
	uint16_t rx_bytes_add;
	uint64_t mac;
	bool link;
};

struct queue_out {
	bool idle, soft_reset, ctl_enable;
	uint16_t port_max_frame;
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
	uint8_t wr_data[QUEUE_BEAT_MAX];
	bool cmd_valid;
	struct rvl_cmd cmd;
	bool ev_ready;
	bool htx_valid, htx_sop, htx_eop, htx_sa_valid;
	uint8_t htx_data[QUEUE_BEAT_MAX];
	uint8_t htx_bytes;
	uint16_t htx_len, htx_sa;
	bool hrx_ready;
};

struct queue_dut;

struct queue_dut *queue_dut_new(void);
void queue_dut_free(struct queue_dut *d);

/* What was built: octets a beat, queue pairs. */
unsigned int queue_dut_beat(void);
unsigned int queue_dut_pairs(void);

/* Apply the inputs and read the outputs of this cycle; then the clock edge. */
void queue_dut_settle(struct queue_dut *d, const struct queue_in *in, struct queue_out *out);
void queue_dut_edge(struct queue_dut *d);

#ifdef __cplusplus
}
#endif

#endif
