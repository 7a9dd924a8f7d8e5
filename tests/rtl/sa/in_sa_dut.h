/* SPDX-License-Identifier: BSD-2-Clause */
/* The Verilated ravelin_ipsec_in_sa, with 16 SAs and windows of up to 4,096 packets. */
#ifndef RVL_TESTS_IN_SA_DUT_H
#define RVL_TESTS_IN_SA_DUT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reasons to drop a packet, as ravelin_ipsec_pkg numbers them. */
enum {
	IN_SA_NONE = 0,
	IN_SA_MALFORMED = 4,
	IN_SA_LIFETIME = 5,
	IN_SA_WINDOW = 6,
	IN_SA_REPLAY = 7,
	IN_SA_ICV = 8,
	IN_SA_TRAILER = 9,
	IN_SA_DUMMY = 10,
};

struct in_sa {
	uint64_t top;
	uint32_t window;
	uint64_t soft_bytes, hard_bytes, soft_packets, hard_packets; /* 0: no limit */
};

struct in_sa_packet {
	unsigned int sa;
	uint64_t seq;
	uint16_t bytes;
	uint8_t reason; /* why it is dropped already, or IN_SA_NONE */
	uint8_t format; /* what is wrong with its text, or IN_SA_NONE */
	bool icv_ok;
};

struct in_sa_result {
	uint8_t reason;
	uint8_t event; /* mask of limits reached; 0: no event, and the counters below are 0 */
	uint64_t packets, bytes;
};

struct in_sa_counters {
	uint64_t packets, bytes;
	uint32_t drop_limit, drop_format, drop_replay, drop_icv;
	uint64_t top;
};

struct in_sa_dut;

struct in_sa_dut *in_sa_dut_new(void);
void in_sa_dut_free(struct in_sa_dut *d);
void in_sa_dut_write(struct in_sa_dut *d, unsigned int index, const struct in_sa *sa);
struct in_sa_counters in_sa_dut_read(struct in_sa_dut *d, unsigned int index);

/* A cycle in which a packet's SA is read, or none's (NULL). True when the result of one came out.
 */
bool in_sa_dut_cycle(struct in_sa_dut *d, const struct in_sa_packet *packet,
		     struct in_sa_result *result);

#ifdef __cplusplus
}
#endif

#endif
