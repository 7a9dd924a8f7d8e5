/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of the root port; for nobody else. */
#ifndef RVL_SIM_ROOTPORT_IMPL_H
#define RVL_SIM_ROOTPORT_IMPL_H

#include "sim/rootport.h"

#define RP_TAGS 256U
#define RP_REQUESTS 256U  /* requests that may wait to go down */
#define RP_NON_POSTED 32U /* credits for non-posted requests: what the NIC's completer holds */
#define RP_MAX_PAYLOAD 4096U
#define RP_PAGE 4096U
#define RP_BUS_MASTER_GRACE 4U /* cycles until the NIC must have seen bus master go off */

/* A TLP on its way down. */
struct rp_tlp {
	struct rp_tlp *next;
	uint32_t hdr[4];
	uint8_t bar;
	bool posted;
	uint32_t len;
	uint8_t data[];
};

struct rp_queue {
	struct rp_tlp *head, *tail;
	uint32_t count;
	uint32_t sent; /* octets of the head's data that went */
};

/* A memory read of the NIC that has not had all of its completions. */
struct rp_read {
	bool open;
	bool late; /* does not hold up the order */
	uint8_t tag;
	uint16_t requester;
	uint8_t tc, attr;
	uint64_t next, end; /* octets still to be answered */
	uint64_t due;	    /* cycle */
	uint32_t completions;
	const struct rvl_rootport_rule *rule; /* points into struct rvl_rootport */
	struct rvl_rootport_rule own;	      /* what the host decided for this read */
};

/* A non-posted request of the host. */
struct rp_pending {
	bool open;
	bool forgotten; /* its answer may still come */
	uint32_t hdr[4];
	uint64_t cookie;
};

/* A stream up: what was shown while it was stalled, and the TLP that is being taken. */
struct rp_up {
	bool stalled;
	struct rvl_tlp_beat shown;
	uint32_t stall_left;
	uint32_t bus_master_off; /* when the TLP began, as the following: a reset changes
				    them under one that waits */
	uint32_t max_payload, max_read;
	bool in_tlp;
	uint32_t hdr[4];
	uint32_t len; /* octets of payload so far */
	uint8_t data[RP_MAX_PAYLOAD + RVL_BEAT_OCTETS];
};

struct rvl_rootport {
	struct rvl_rootport_policy policy;
	struct rvl_rootport_host host;
	struct rvl_function_config cfg; /* as in this cycle */
	uint32_t width;
	uint64_t cycle;
	uint64_t random;
	uint32_t bus_master_off; /* cycles */

	struct rp_queue requests, completions;
	struct rp_pending pending[RP_TAGS];
	uint32_t pending_count;
	uint8_t next_tag;

	struct rp_read reads[RP_TAGS];
	uint8_t read_order[RP_TAGS]; /* tags of open reads, by arrival */
	uint32_t read_count;

	struct rp_up wr, rd, cpl;
	bool stop_reads, stop_writes;

	struct rvl_rootport_rule rules[RVL_ROOTPORT_RULES];
	uint32_t rule_seen[RVL_ROOTPORT_RULES];
	uint32_t rule_count;

	struct rvl_rootport_stats stats;
};

/* Uniform in 0 to n - 1; n is 1 or more. */
uint32_t rp_random(struct rvl_rootport *rp, uint32_t n);
bool rp_chance(struct rvl_rootport *rp, uint32_t percent);

/* Report a breach of PCIe's rules by the NIC. */
__attribute__((format(printf, 2, 3))) void rp_violation(struct rvl_rootport *rp, const char *format,
							...);

/* Allocate a TLP and append it. len is a multiple of 4. NULL: out of memory. */
struct rp_tlp *rp_enqueue(struct rp_queue *q, uint32_t len);

/* Octets of a TLP on the link. */
uint32_t rp_link_octets(const uint32_t hdr[4], uint32_t payload);

/* Fields of a header */
static inline uint32_t rp_fmt(const uint32_t hdr[4])
{
	return hdr[0] >> 29;
}

static inline uint32_t rp_type(const uint32_t hdr[4])
{
	return hdr[0] >> 24 & 0x1f;
}

static inline uint32_t rp_dws(const uint32_t hdr[4])
{
	return (hdr[0] & 0x3ff) ? hdr[0] & 0x3ff : 1024;
}

/* Of a request: the address of its first DW. */
static inline uint64_t rp_addr(const uint32_t hdr[4])
{
	if (rp_fmt(hdr) & 1)
		return (uint64_t)hdr[2] << 32 | (hdr[3] & ~3U);
	return hdr[2] & ~3U;
}

static inline uint32_t rp_first_be(const uint32_t hdr[4])
{
	return hdr[1] & 0xf;
}

static inline uint32_t rp_last_be(const uint32_t hdr[4])
{
	return hdr[1] >> 4 & 0xf;
}

/* Octets before the first and after the last one that byte enables name; both 0 if none. */
uint32_t rp_be_lead(const uint32_t hdr[4]);
uint32_t rp_be_trail(const uint32_t hdr[4]);

/* rootport_up.c: the NIC's requests, whole */
void rp_take_write(struct rvl_rootport *rp, const uint32_t hdr[4], uint8_t *data, uint32_t len);
void rp_take_read(struct rvl_rootport *rp, const uint32_t hdr[4]);
void rp_take_completion(struct rvl_rootport *rp, const uint32_t hdr[4], const uint8_t *data,
			uint32_t len);

/* rootport_cpl.c: queue the next completion if one is due */
void rp_schedule_completion(struct rvl_rootport *rp);

#endif
