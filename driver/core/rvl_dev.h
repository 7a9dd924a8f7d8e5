/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * One Ravelin NIC: probe, reset, commands (SAs and policies), events, counters.
 *
 * Everything that comes from the device is checked before it is used, and every wait has a bound.
 * A device that breaks the rules (an answer to no question, an index out of range, no answer in
 * time) or is gone (registers read all ones) is marked dead, with a reason; from then on every call
 * but rvl_dev_last_counters() returns -EIO or -ENODEV and touches it no more, until
 * rvl_dev_close().
 *
 * Threads: any thread may call anything here, except that nothing may run beside rvl_dev_close().
 * Commands are done one at a time under a lock and wait for the device: call them from a control
 * thread. Queue pairs (rvl_queue.h) never take these locks: a data thread each.
 *
 * Calls that can fail return 0 or a negative errno value. Where there is an err argument, it takes
 * the reason in words, naming the field that was wrong; it may be NULL.
 */
#ifndef RVL_DEV_H
#define RVL_DEV_H

#include "rvl_regs.h"

struct rvl_dev_error {
	char text[224];
};

#define RVL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Write the reason into err, if there is one, and return code. */
int rvl_fail(struct rvl_dev_error *err, int code, const char *fmt, ...) RVL_PRINTF(3, 4);

/* What the device has, from its capability registers; checked against what this driver can use. */
struct rvl_dev_caps {
	uint16_t abi_major;
	uint16_t abi_minor;
	uint32_t features;    /* RVL_FEATURES_*_MASK */
	uint16_t queue_pairs; /* 1 to RVL_QP_MAX */
	uint16_t vectors;     /* MSI-X */
	uint8_t tx_log2_max;  /* log2 of the largest rings */
	uint8_t rx_log2_max;
	uint8_t cq_log2_max;
	uint8_t cmd_log2_max;
	uint8_t evt_log2_max;
	uint32_t outbound_sas; /* to RVL_INDICES_MAX, as the following */
	uint32_t inbound_sas;
	uint32_t policies;
	uint32_t replay_window; /* largest, in packets */
	uint16_t beat;		/* octets a clock cycle */
	uint16_t max_frame;	/* octets without FCS */
	uint8_t mac[6];
};

/* Zero members take the defaults named here. */
struct rvl_dev_options {
	uint8_t command_ring_log2;   /* 4 */
	uint8_t event_ring_log2;     /* 8 */
	uint8_t control_vector;	     /* MSI-X vector of commands and events */
	uint32_t command_timeout_ms; /* 10,000 */
	uint32_t reset_timeout_ms;   /* 10,000 */
};

struct rvl_dev;

/*
 * Take over the device behind os (copied): check its identity, ABI and capabilities, reset it (all
 * keys are erased), start its command and event rings. The data path stays off. options may be
 * NULL.
 *
 * -ENODEV: gone, or no Ravelin; -EPROTO: another ABI, or a capability out of range; -ETIMEDOUT: the
 * reset doesn't end; -EINVAL: options; -ENOMEM.
 */
int rvl_dev_open(const struct rvl_os *os, const struct rvl_dev_options *options,
		 struct rvl_dev **dev, struct rvl_dev_error *err);

/*
 * Stop the data path and all queue pairs (which are freed; their threads have ended before), reset
 * the device so that every SA and key is erased, free everything. A device that doesn't obey is
 * kept off memory by rvl_os_dma_off() first. NULL is fine.
 */
void rvl_dev_close(struct rvl_dev *dev);

const struct rvl_dev_caps *rvl_dev_caps(const struct rvl_dev *dev);

/* NULL while the device works; else why it is dead. The text lives as long as dev. */
const char *rvl_dev_dead(const struct rvl_dev *dev);

/* Look whether the device is still there and not FATAL; for a watchdog. 0 or as a dead device. */
int rvl_dev_check(struct rvl_dev *dev);

/* Data path on or off (off: frames from the wire are dropped and counted). */
int rvl_dev_enable(struct rvl_dev *dev, bool on);

/* Spread received flows over queue pairs 0 to n - 1. -EINVAL beyond what there is. */
int rvl_dev_set_rx_queues(struct rvl_dev *dev, unsigned int n);

/* How long commands are waited for from now on. */
void rvl_dev_set_command_timeout(struct rvl_dev *dev, uint32_t ms);

/* Largest frame sent to the wire, octets without FCS. -EINVAL beyond max_frame. */
int rvl_dev_set_port_max_frame(struct rvl_dev *dev, unsigned int octets);

/* Is there a peer on the wire? A change is an event. */
int rvl_dev_link(struct rvl_dev *dev, bool *up);

/* Clock cycles of the device since power-on. */
int rvl_dev_cycles(struct rvl_dev *dev, uint64_t *cycles);

/* All counters, by enum rvl_counter. */
int rvl_dev_counters(struct rvl_dev *dev, uint64_t counters[RVL_CNT_NUM]);

/*
 * The same before rvl_dev_close(), whose reset sets them to 0; the one call that reads a dead
 * device too, for what it counted until it was given up. -ENODEV: it is gone, or was reset
 * meanwhile.
 */
int rvl_dev_last_counters(struct rvl_dev *dev, uint64_t counters[RVL_CNT_NUM]);

/* Name of a counter ("rx_drop_icv") and its description; NULL beyond the last. */
const char *rvl_counter_name(unsigned int counter);
const char *rvl_counter_description(unsigned int counter);

#define RVL_INDICES_MAX (1U << 24)
#define RVL_INDEX_ANY 0xffffffffU

/* Packets that come out of an inbound SA (struct rvl_cmd says what each means). */
struct rvl_dev_selector {
	bool ipv6;
	bool any_proto;
	uint8_t proto;
	uint8_t src[16]; /* prefixes, network order; IPv4 in the first 4 octets, others 0 */
	uint8_t dst[16];
	uint8_t src_len;
	uint8_t dst_len;
	uint16_t sport_lo, sport_hi; /* 0 and 65535: any */
	uint16_t dport_lo, dport_hi;
};

/* An SA as the device takes it (struct rvl_cmd says what each means). */
struct rvl_dev_sa {
	bool inbound;
	bool ah;	/* AH, with gmac and without udp */
	bool gmac;	/* AES-GMAC: the text is only authenticated */
	bool udp;	/* ESP in UDP */
	bool ipv6;	/* outside */
	bool transport; /* transport mode: what of headers outbound there is below is zero */
	uint8_t key[32];
	uint8_t key_len; /* 16, 24 or 32 octets */
	uint8_t icv_len; /* 8, 12 or 16 octets */
	uint8_t salt[4];
	bool esn;	  /* numbers of 64 bits */
	bool implicit_iv; /* the number is the IV */
	uint32_t spi;
	uint8_t src[16]; /* outer addresses, network order; IPv4 in the first 4 octets, others 0 */
	uint8_t dst[16];
	uint16_t udp_sport;    /* outbound with udp */
	uint16_t udp_dport;    /* with udp; inbound ours, 0: 4500 */
	uint64_t seq;	       /* outbound: first to use, 1 or more; inbound: highest seen */
	uint32_t window;       /* inbound: anti-replay window in packets */
	uint8_t ttl;	       /* outbound: outer TTL or hop limit, 1 or more */
	bool df_set, df_clear; /* outbound, over IPv4: neither copies the inner DF */
	bool dscp_fixed;       /* outbound: dscp instead of the inner one */
	uint8_t dscp;
	uint64_t soft_bytes, hard_bytes, soft_packets, hard_packets; /* 0: never */
	bool selects; /* inbound: all else than these is dropped */
	struct rvl_dev_selector selector;
};

struct rvl_dev_sa_stats {
	uint64_t packets;
	uint64_t bytes;
	uint64_t seq; /* outbound: last used; inbound: highest authenticated */
	uint64_t drop_icv;
	uint64_t drop_replay;
	uint64_t drop_format;
	uint64_t drop_limit;
	uint64_t drop_selectors;
	uint32_t state; /* RVL_SA_STATE_* */
};

/*
 * Install an SA; when this returns 0 the data path uses it. *index: where, or RVL_INDEX_ANY for a
 * free place, which is written back. Indices are given out in a circle, so that one just freed
 * (whose last packets may still lie in a completion ring) comes back last. The key is wiped from
 * the command ring whatever happens; sa stays the caller's to cleanse.
 *
 * -ENOSPC: no free index; -EBUSY: index taken; -EEXIST: inbound with the same destination and SPI;
 * -EINVAL: a field that err names; -EOPNOTSUPP: a combination the device doesn't have.
 */
int rvl_dev_sa_add(struct rvl_dev *dev, const struct rvl_dev_sa *sa, uint32_t *index,
		   struct rvl_dev_error *err);

/* Remove an SA; on return none of its packets is in flight and its key is erased. -ENOENT. */
int rvl_dev_sa_delete(struct rvl_dev *dev, bool inbound, uint32_t index, struct rvl_dev_error *err);

int rvl_dev_sa_query(struct rvl_dev *dev, bool inbound, uint32_t index,
		     struct rvl_dev_sa_stats *stats, struct rvl_dev_error *err);

/* A transmit rule (struct rvl_cmd_policy says what each means). */
struct rvl_dev_policy {
	uint8_t action; /* RVL_POLICY_ACTION_* */
	bool ipv6;
	bool any_proto;
	uint8_t proto;
	uint32_t priority; /* lower wins, then the lower index */
	uint8_t src[16];   /* prefixes, network order; IPv4 in the first 4 octets, others 0 */
	uint8_t dst[16];
	uint8_t src_len;
	uint8_t dst_len;
	uint32_t sa;		     /* outbound, with PROTECT */
	uint16_t sport_lo, sport_hi; /* 0 and 65535: any */
	uint16_t dport_lo, dport_hi;
};

/* Write a rule at *index (in one step, if there was one), or at a free place: RVL_INDEX_ANY. */
int rvl_dev_policy_set(struct rvl_dev *dev, const struct rvl_dev_policy *policy, uint32_t *index,
		       struct rvl_dev_error *err);

int rvl_dev_policy_clear(struct rvl_dev *dev, uint32_t index, struct rvl_dev_error *err);

/* A command that does nothing: is the device still answering? */
int rvl_dev_nop(struct rvl_dev *dev, struct rvl_dev_error *err);

struct rvl_dev_event {
	uint8_t type;	/* RVL_EVENT_* */
	bool source;	/* SA: inbound; queue: receive */
	uint32_t index; /* SA or queue, in range */
	uint32_t spi;	/* of the SA, which may have been deleted meanwhile: compare */
	uint64_t value; /* LINK: 1 up, 0 down; MOVED: IPv4 address | UDP port << 32 */
	uint64_t cycles;
};

/*
 * The next event. 1: there was one; 0: none; or as a dead device. Events of types that this driver
 * doesn't know (a newer minor ABI) are skipped.
 */
int rvl_dev_next_event(struct rvl_dev *dev, struct rvl_dev_event *event);

/* "soft octet lifetime" and so on; NULL for none of ours. */
const char *rvl_event_name(uint8_t type);

#endif
