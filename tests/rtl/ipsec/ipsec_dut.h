/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Verilated ravelin_ipsec with queues on its streams. What goes in is queued; what comes out is
 * queued until taken. Inputs pause and outputs stall at random, from the seed; the rules of the
 * streams (valid and data stand until ready; sop and eop alternate; bytes in range) are checked.
 */
#ifndef TESTS_RTL_IPSEC_DUT_H
#define TESTS_RTL_IPSEC_DUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/core/rvl_regs.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IPSEC_DUT_NO_SA (-1)
#define IPSEC_DUT_FRAME_MAX 20000

struct ipsec_dut;

struct ipsec_dut_frame {
	size_t len;
	bool decrypted; /* to the host only, as are the following */
	bool udp;
	uint16_t sa;
	uint32_t hash;
	uint8_t data[IPSEC_DUT_FRAME_MAX];
};

/* In reset, then swept: ready. NULL when it does not get ready. */
struct ipsec_dut *ipsec_dut_new(uint64_t seed);
void ipsec_dut_free(struct ipsec_dut *dut);

/* Reset it and wait until it is ready again; what is queued is dropped. */
bool ipsec_dut_reset(struct ipsec_dut *dut);

unsigned int ipsec_dut_octets(void); /* a beat */

/* Percentages of cycles in which inputs pause and outputs stall. */
void ipsec_dut_set_stalls(struct ipsec_dut *dut, unsigned int in, unsigned int out);
/* Hold an output stream altogether: 1 port, 2 host, 4 events. */
void ipsec_dut_hold(struct ipsec_dut *dut, unsigned int mask);
void ipsec_dut_set_enable(struct ipsec_dut *dut, bool enable);
void ipsec_dut_set_max_frame(struct ipsec_dut *dut, uint16_t octets);
void ipsec_dut_set_mutation(struct ipsec_dut *dut, unsigned int mutation);

/* Damage a memory of an SA: DAMAGE_* of ravelin_ipsec_pkg, in the next cycle. */
void ipsec_dut_damage(struct ipsec_dut *dut, unsigned int memory, bool inbound, uint16_t index);
/* The cause of FATAL, or -1. */
int ipsec_dut_fatal(const struct ipsec_dut *dut);
/* Frames to the port that ended in error; they are not queued. */
uint64_t ipsec_dut_spoilt(const struct ipsec_dut *dut);

/* Queue a frame from the host; sa or IPSEC_DUT_NO_SA. */
void ipsec_dut_host(struct ipsec_dut *dut, const uint8_t *data, size_t len, int sa);
/* Queue a frame from the wire. */
void ipsec_dut_wire(struct ipsec_dut *dut, const uint8_t *data, size_t len, bool err);
/* Queue a command: a struct rvl_cmd, or another of its size. */
void ipsec_dut_command(struct ipsec_dut *dut, const void *cmd);

/* One cycle. */
void ipsec_dut_step(struct ipsec_dut *dut);
/* Until nothing is queued and the block is idle; false after max cycles. */
bool ipsec_dut_run(struct ipsec_dut *dut, uint64_t max);
/* Until a response is there. */
bool ipsec_dut_wait(struct ipsec_dut *dut, uint64_t max);

bool ipsec_dut_take_port(struct ipsec_dut *dut, struct ipsec_dut_frame *frame);
bool ipsec_dut_take_host(struct ipsec_dut *dut, struct ipsec_dut_frame *frame);
bool ipsec_dut_take_response(struct ipsec_dut *dut, struct rvl_cmd_cpl *response);
bool ipsec_dut_take_event(struct ipsec_dut *dut, struct rvl_event *event);

uint64_t ipsec_dut_counter(const struct ipsec_dut *dut, unsigned int index);
uint64_t ipsec_dut_cycles(const struct ipsec_dut *dut);
/* What broke a stream rule, or NULL. */
const char *ipsec_dut_fault(const struct ipsec_dut *dut);

#ifdef __cplusplus
}
#endif

#endif
