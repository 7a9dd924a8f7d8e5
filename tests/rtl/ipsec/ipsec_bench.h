/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block beside its model, host/esp: what goes into one goes into the other, and what comes out
 * must be the same, octet for octet, counter for counter, event for event.
 */
#ifndef TESTS_RTL_IPSEC_BENCH_H
#define TESTS_RTL_IPSEC_BENCH_H

#include "host/esp/engine.h"
#include "tests/rtl/ipsec/ipsec_dut.h"
#include "tests/rtl/ipsec/ipsec_peer.h"

#define BENCH_SAS 1024
#define BENCH_POLICIES 64
#define BENCH_CYCLES 4000000

struct bench_frame;

struct bench {
	struct ipsec_dut *dut;
	struct rvl_engine *model;
	struct peer_random random;
	struct bench_frame *port_head, **port_tail; /* expected, in order */
	struct bench_frame *host_head, **host_tail;
	struct rvl_engine_counters counted; /* by the model, at the last settling */
	uint64_t base[RVL_CNT_NUM];	    /* of the block, likewise */
	bool loose;			    /* outputs are not compared */
	bool failed;
	uint64_t received, sent; /* frames that came out since the last settling */
	struct rvl_cmd_cpl response;
	struct ipsec_dut_frame last_host;
	struct ipsec_dut_frame last_port;
};

/* The test goes on after a failure, but is failed. */
void bench_fail(struct bench *b, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define CHECK(b, cond)                                                                             \
	do {                                                                                       \
		if (!(cond))                                                                       \
			bench_fail(b, __FILE__, __LINE__, "not so: %s", #cond);                    \
	} while (0)
#define CHECK_EQ(b, is, should)                                                                    \
	do {                                                                                       \
		unsigned long long is_ = (unsigned long long)(is);                                 \
		unsigned long long should_ = (unsigned long long)(should);                         \
		if (is_ != should_)                                                                \
			bench_fail(b, __FILE__, __LINE__,                                          \
				   "%s is %llu (0x%llx), not %llu (0x%llx)", #is, is_, is_,        \
				   should_, should_);                                              \
	} while (0)

void bench_new(struct bench *b, uint64_t seed);
void bench_free(struct bench *b);
/* Throw the model away and reset the block. */
void bench_reset(struct bench *b);

/* Execute a command; its status, the whole response in b->response. */
unsigned int bench_command(struct bench *b, const void *cmd);

void bench_sa_add(struct bench *b, uint16_t index, const struct rvl_sa_params *params);
void bench_sa_delete(struct bench *b, bool inbound, uint16_t index);
void bench_policy(struct bench *b, uint16_t index, const struct rvl_policy *policy);

/* A frame into block and model. */
struct rvl_engine_result bench_tx(struct bench *b, const uint8_t *frame, size_t len, int sa);
struct rvl_engine_result bench_rx(struct bench *b, const uint8_t *frame, size_t len);

/* Let everything come out, and compare it. */
void bench_settle(struct bench *b);

/* SA_QUERY must answer what the model has counted. Sequence numbers that were refused count as one
 * thing there, whether left of the window or seen before. */
void bench_query(struct bench *b, bool inbound, uint16_t index);

/* Since the last settling */
uint64_t bench_count(struct bench *b, unsigned int counter);

#endif
