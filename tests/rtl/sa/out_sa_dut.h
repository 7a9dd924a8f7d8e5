/* SPDX-License-Identifier: BSD-2-Clause */
/* The Verilated ravelin_ipsec_out_sa, with 16 SAs. */
#ifndef RVL_TESTS_OUT_SA_DUT_H
#define RVL_TESTS_OUT_SA_DUT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct out_sa {
	uint64_t seq; /* the last one used */
	bool esn;
	uint64_t soft_bytes, hard_bytes, soft_packets, hard_packets; /* 0: no limit */
};

struct out_sa_packet {
	unsigned int sa;
	uint16_t bytes;
	bool use_sa, too_big;
};

struct out_sa_result {
	bool no_sa, expired, too_big, seq_end, ok;
	uint64_t seq;  /* if ok */
	uint8_t event; /* mask of what was reached */
};

struct out_sa_counters {
	uint64_t packets, bytes, seq;
	uint32_t drop_limit;
};

struct out_sa_dut;

struct out_sa_dut *out_sa_dut_new(void);
void out_sa_dut_free(struct out_sa_dut *d);
void out_sa_dut_write(struct out_sa_dut *d, unsigned int index, const struct out_sa *sa);
struct out_sa_counters out_sa_dut_read(struct out_sa_dut *d, unsigned int index);

/* A cycle with a packet, or with none (NULL). True when the result of one came out. */
bool out_sa_dut_cycle(struct out_sa_dut *d, const struct out_sa_packet *packet,
		      struct out_sa_result *result);

#ifdef __cplusplus
}
#endif

#endif
