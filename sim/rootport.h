/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCIe root port, beat by beat: the other side of the NIC's TLP streams (hw/rtl/ravelin.sv).
 *
 * It carries the host's accesses to the BARs down, answers the NIC's memory reads from host memory,
 * performs its memory writes, and tells interrupts from them. How it does so (latency, splits,
 * order, credits) is a policy with a seed; faults are injected by rule. Every TLP that the NIC
 * sends is checked; a breach of PCIe's rules is reported as text.
 *
 * It touches the pins of struct rvl_model_in and rvl_model_out alone, so any bench with these
 * streams can use it. One call a clock, between settling and clocking:
 *
 *	rvl_model_settle(m);
 *	rvl_rootport_clock(rp, &m->in, &m->out);
 *	rvl_model_clock(m);
 *
 * in->cfg is the caller's; MPS, MRRS, RCB, requester ID and bus master are taken from there.
 * A run is a function of the policy, its seed and the calls. Not thread-safe; no globals.
 */
#ifndef RVL_SIM_ROOTPORT_H
#define RVL_SIM_ROOTPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/model.h"

struct rvl_rootport;

/* ---------------------------------------------------------------------------------------- policy
 */

struct rvl_rootport_policy {
	uint64_t seed;
	/* Cycles from a memory read to its first completion: evenly between these. */
	uint32_t latency_min, latency_max;
	/* Completions of different reads in any order (and interleaved); else in order of requests.
	 */
	bool reorder;
	/*
	 * Chance, in percent, that a completion ends at a read completion boundary where it could
	 * have gone on. 0: the fewest completions; 100: one for every RCB.
	 */
	uint32_t split_percent;
	/* Chance that no beat is offered in a cycle, of requests and of completions down. */
	uint32_t request_gap_percent, completion_gap_percent;
	/* Chance that a stream up is stalled (no credits), and for how many cycles at most, then.
	 */
	uint32_t write_stall_percent, read_stall_percent, completion_stall_percent;
	uint32_t stall_cycles; /* 0 is 1 */
};

/* No stalls, 100 cycles of latency, in order, fewest completions. */
extern const struct rvl_rootport_policy RVL_ROOTPORT_POLICY_DEFAULT;

/* ---------------------------------------------------------------------------------------- faults
 */

enum rvl_rootport_fault {
	RVL_FAULT_UNSUPPORTED, /* a completion with Unsupported Request ends the read */
	RVL_FAULT_ABORT,       /* ... with Completer Abort */
	RVL_FAULT_RETRY,       /* ... with Configuration Request Retry Status, illegal for memory */
	RVL_FAULT_POISONED,    /* a completion has its data poisoned */
	RVL_FAULT_LOST,	       /* no more completions */
	RVL_FAULT_LATE,	       /* `amount` cycles later than it would be */
	RVL_FAULT_DUPLICATE,   /* the last completion comes twice, back to back */
	RVL_FAULT_BYTE_COUNT,  /* the byte count is `amount` too high (as 12 bits: -4 is 4092) */
	RVL_FAULT_TOO_LONG,    /* the last completion has `amount` DWs more than was asked */
	RVL_FAULT_KINDS,
};

/* Which of the NIC's memory reads, and what happens to them. */
struct rvl_rootport_rule {
	enum rvl_rootport_fault fault;
	uint64_t addr, size; /* reads that touch this range; size 0: all */
	uint32_t skip;	     /* so many of them pass first */
	uint32_t times;	     /* then so many are hit; 0: all */
	uint32_t completion; /* the completion of the read that is hit; 0: the first */
	uint32_t amount;
};

/* ------------------------------------------------------------------------------------------ host
 */

enum rvl_cpl_status {
	RVL_CPL_SUCCESS = 0,
	RVL_CPL_UNSUPPORTED = 1,
	RVL_CPL_RETRY = 2,
	RVL_CPL_ABORT = 4,
};

/* The NIC's answer to a non-posted request. data is valid during the call. */
struct rvl_rootport_answer {
	uint64_t cookie;
	uint8_t tag;
	uint8_t status;	     /* enum rvl_cpl_status */
	uint16_t byte_count; /* as in the completion */
	uint8_t lower_address;
	uint16_t dws; /* 0: without data */
	const uint8_t *data;
};

struct rvl_rootport_host {
	void *ctx;
	/*
	 * Where len octets of host memory at a bus address lie, or NULL if the device may not (a
	 * read is then answered with Unsupported Request, a write is dropped). 1 to 4096 octets,
	 * never across a 4 KiB boundary.
	 */
	uint8_t *(*translate)(void *ctx, uint64_t addr, uint32_t len, bool write);
	/*
	 * A memory write of one whole DW. Returns whether it was an interrupt; if not, it goes to
	 * memory. NULL: none is.
	 */
	bool (*message)(void *ctx, uint64_t addr, uint32_t data);
	void (*answered)(void *ctx, const struct rvl_rootport_answer *answer); /* may be NULL */
	void (*violation)(void *ctx, const char *text);			       /* may be NULL */

	/*
	 * Faults that the host decides on (all may be NULL). read_fault: what happens to a memory
	 * read of [addr, end) that no rule has hit; true with the fault, completion and amount of
	 * *rule set. written: a memory write on its way to memory, which may be changed; false
	 * loses it. faulted: a fault is being applied to a read; hdr is that of its completion, or
	 * of what it would have been.
	 */
	bool (*read_fault)(void *ctx, uint64_t addr, uint64_t end, struct rvl_rootport_rule *rule);
	bool (*written)(void *ctx, uint64_t addr, uint8_t *data, uint32_t len);
	void (*faulted)(void *ctx, enum rvl_rootport_fault fault, const uint32_t hdr[4]);
};

/*
 * width: octets in a beat (16, 32 or 64). host is copied. NULL: out of memory.
 */
struct rvl_rootport *rvl_rootport_create(const struct rvl_rootport_policy *policy,
					 const struct rvl_rootport_host *host, uint32_t width);
void rvl_rootport_destroy(struct rvl_rootport *rp); /* NULL is allowed */

/* Power-on: forget all that is under way. Rules and statistics stay. */
void rvl_rootport_reset(struct rvl_rootport *rp);

/* New policy from now on; the seed is not taken anew. */
void rvl_rootport_set_policy(struct rvl_rootport *rp, const struct rvl_rootport_policy *policy);

/* One clock: what moved in this cycle (out, and in as it was driven), then in for the next one. */
void rvl_rootport_clock(struct rvl_rootport *rp, struct rvl_model_in *in,
			const struct rvl_model_out *out);

/* Nothing queued, no read of either side without its answer. */
bool rvl_rootport_idle(const struct rvl_rootport *rp);

/* -------------------------------------------------------------------------------- requests down */

/* Fmt and Type, as the first octet of a request header; bit 5 (4 DW header) is set as needed. */
enum rvl_tlp_type {
	RVL_TLP_MEM_READ = 0x00,
	RVL_TLP_MEM_READ_LOCKED = 0x01,
	RVL_TLP_MEM_WRITE = 0x40,
	RVL_TLP_IO_READ = 0x02,
	RVL_TLP_IO_WRITE = 0x42,
	RVL_TLP_CFG_READ0 = 0x04,
	RVL_TLP_CFG_WRITE0 = 0x44,
	RVL_TLP_CFG_READ1 = 0x05,
	RVL_TLP_CFG_WRITE1 = 0x45,
	RVL_TLP_FETCH_ADD = 0x4c,
	RVL_TLP_SWAP = 0x4d,
	RVL_TLP_CAS = 0x4e,
	RVL_TLP_MESSAGE = 0x30, /* to the root complex; 0x31...0x35: other routings */
	RVL_TLP_MESSAGE_DATA = 0x70,
};

struct rvl_rootport_request {
	uint8_t type; /* enum rvl_tlp_type */
	uint8_t bar;
	uint8_t first_be, last_be;
	uint16_t dws; /* Length, 1 to 1024 */
	uint8_t tc;
	uint8_t attr; /* 3 bits */
	bool poisoned;
	uint64_t addr;	     /* bus address; a multiple of 4 */
	const uint8_t *data; /* dws * 4 octets, for types with data */
	uint64_t cookie;
};

/*
 * Queue a request to the NIC. Requests keep their order. Returns 0, -EAGAIN when too many wait (or
 * too many non-posted ones are unanswered), -ENOMEM.
 */
int rvl_rootport_request(struct rvl_rootport *rp, const struct rvl_rootport_request *request);

/* One DW of a BAR, at a bus address (or an offset: the NIC decodes the low bits alone). */
int rvl_rootport_read32(struct rvl_rootport *rp, unsigned bar, uint64_t addr, uint64_t cookie);
int rvl_rootport_write32(struct rvl_rootport *rp, unsigned bar, uint64_t addr, uint32_t value);

unsigned rvl_rootport_requests_queued(const struct rvl_rootport *rp);	  /* not yet taken */
unsigned rvl_rootport_requests_unanswered(const struct rvl_rootport *rp); /* non-posted */

/* Give up the unanswered requests (a host's completion timeout); answers that come late are lost.
 */
void rvl_rootport_forget_requests(struct rvl_rootport *rp);

/* ----------------------------------------------------------------------------------------- rules
 */

#define RVL_ROOTPORT_RULES 16

/* Returns 0 or -ENOSPC. The first rule that matches a read is applied to it. */
int rvl_rootport_add_rule(struct rvl_rootport *rp, const struct rvl_rootport_rule *rule);
void rvl_rootport_clear_rules(struct rvl_rootport *rp);

/* No credits: the NIC's reads, or its writes (and interrupts), are not taken until allowed again.
 */
void rvl_rootport_stop(struct rvl_rootport *rp, bool reads, bool writes);

/* A completion that nobody asked for: header as it is, len octets (a multiple of 4). -ENOMEM or 0.
 */
int rvl_rootport_stray_completion(struct rvl_rootport *rp, const uint32_t hdr[4],
				  const uint8_t *data, uint32_t len);

/* ------------------------------------------------------------------------------------ statistics
 */

/*
 * TLPs, and their octets on the link: header and data and 8 of framing, so that a memory request
 * with a 64-bit address counts 24 and a completion 20 beside its data.
 */
struct rvl_rootport_stats {
	uint64_t up_writes, up_write_bytes; /* interrupts included */
	uint64_t up_messages;		    /* interrupts */
	uint64_t up_reads, up_read_bytes;
	uint64_t up_completions, up_completion_bytes;
	uint64_t down_completions, down_completion_bytes;
	uint64_t down_writes, down_write_bytes; /* all posted requests */
	uint64_t down_reads, down_read_bytes;	/* all non-posted requests */
	uint64_t bad_writes, bad_reads;		/* where translate gave NULL */
	uint64_t read_octets, write_octets;	/* of host memory, as byte enables say */
	uint64_t faults[RVL_FAULT_KINDS];
	uint64_t violations;
};

void rvl_rootport_stats(const struct rvl_rootport *rp, struct rvl_rootport_stats *stats);

#endif
