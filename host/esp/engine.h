/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet path on Ethernet frames: what the NIC does, in software. Transmit: policy look-up and
 * encapsulation. Receive: look-up by (destination, SPI) and decapsulation. The Ethernet header,
 * with up to two VLAN tags, stays what it was but for the EtherType, which follows the packet.
 *
 * Counters obey: tx_frames = tx_bypass + tx_protected + the tx drops, and
 * rx_frames = rx_pass + rx_decrypted + the rx drops.
 *
 * Several threads may carry packets at once, each under a number of its own: an SA's packets are
 * those of the thread that the SA was given to, so nothing of it is shared, and none of them is
 * reordered. Whoever adds, removes or looks at anything else does so while no thread carries any.
 */
#ifndef RVL_ESP_ENGINE_H
#define RVL_ESP_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/buf.h"
#include "host/esp/esp.h"
#include "host/esp/spd.h"

#define RVL_ENGINE_NO_SA UINT32_MAX
#define RVL_ENGINE_CLEAR (UINT32_MAX - 1) /* to be sent as it is */

struct rvl_engine_config {
	/* The most that there may be; tables grow. Indices are separate per direction. */
	uint32_t outbound_sas;
	uint32_t inbound_sas;
	uint32_t policies;
	unsigned int threads; /* numbers below it are theirs; 0 = 1 */
	bool ipv6;	      /* policies, and ESP over it; else all IPv6 passes */
	bool ah;	      /* AH as well; else it passes */
	uint16_t udp_port;    /* of ESP in UDP; 0 = RVL_ESP_PORT */
	uint16_t max_frame;   /* longest frame to the wire, without FCS; 0 = 65535 */
};

enum rvl_engine_verdict {
	RVL_ENGINE_PASS, /* the frame is as it was */
	RVL_ENGINE_DONE, /* encapsulated, or decapsulated */
	RVL_ENGINE_DROP,
	RVL_ENGINE_ELSEWHERE, /* its SA is another thread's: as it was, and not counted */
};

/* What became of a frame. */
struct rvl_engine_result {
	enum rvl_engine_verdict verdict;
	enum rvl_drop drop;
	uint32_t sa;	    /* index, or RVL_ENGINE_NO_SA */
	bool encap;	    /* as ESP in UDP */
	bool stream;	    /* to go in a TCP connection, from its ESP header */
	unsigned int owner; /* with RVL_ENGINE_ELSEWHERE: whose it is */
};

struct rvl_engine_counters {
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t tx_bypass;
	uint64_t tx_protected;
	uint64_t tx_drops[RVL_DROP_COUNT];
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t rx_pass;
	uint64_t rx_decrypted;
	uint64_t rx_sa_miss;  /* part of rx_pass */
	uint64_t rx_fragment; /* part of rx_pass */
	uint64_t rx_drops[RVL_DROP_COUNT];
};

struct rvl_engine;

/* NULL without memory. */
struct rvl_engine *rvl_engine_new(const struct rvl_engine_config *config);

/* Frees the SAs too. NULL is fine. */
void rvl_engine_free(struct rvl_engine *engine);

/*
 * Install an SA at index in the table of its direction, whose packets are this thread's from then
 * on. 0, or -EINVAL (index, parameters or owner), -EBUSY (there is one), -EEXIST (inbound:
 * destination and SPI are taken), -ENOMEM.
 */
int rvl_engine_sa_add(struct rvl_engine *engine, uint32_t index, const struct rvl_sa_params *params,
		      unsigned int owner);

/* Remove and erase; -ENOENT when there is none. */
int rvl_engine_sa_delete(struct rvl_engine *engine, enum rvl_direction direction, uint32_t index);

/* The SA, owned by the engine, or NULL. */
struct rvl_esp_sa *rvl_engine_sa(struct rvl_engine *engine, enum rvl_direction direction,
				 uint32_t index);

/* Transmit policies, see rvl_spd_set() and rvl_spd_clear(). */
int rvl_engine_policy_set(struct rvl_engine *engine, uint32_t index,
			  const struct rvl_policy *policy);
int rvl_engine_policy_clear(struct rvl_engine *engine, uint32_t index);

/*
 * A frame from the host, Ethernet header first, without FCS; needs RVL_ESP_HEADROOM and
 * RVL_ESP_TAILROOM. With sa other than RVL_ENGINE_NO_SA it is protected by that one and policies
 * aren't asked. thread: whose turn it is.
 */
struct rvl_engine_result rvl_engine_tx(struct rvl_engine *engine, unsigned int thread,
				       struct rvl_buf *frame, uint32_t sa);

/* A frame from the wire. */
struct rvl_engine_result rvl_engine_rx(struct rvl_engine *engine, unsigned int thread,
				       struct rvl_buf *frame);

/* By its first len octets: the thread whose SA would protect the frame; 0: none would. */
unsigned int rvl_engine_owner(struct rvl_engine *engine, const uint8_t *frame, size_t len);

/* What a thread has counted, on top of *sum. */
void rvl_engine_add_counters(const struct rvl_engine *engine, unsigned int thread,
			     struct rvl_engine_counters *sum);

/* The first one's, as long as the engine is there. */
const struct rvl_engine_counters *rvl_engine_counters(const struct rvl_engine *engine);

/* What a frame holds, past at most two VLAN tags. */
enum rvl_frame {
	RVL_FRAME_OTHER, /* neither IPv4 nor IPv6 by its EtherType */
	RVL_FRAME_IP,	 /* the whole packet at offset *l3, of which *ip tells */
	RVL_FRAME_BAD,	 /* its EtherType says so, but there is no such packet */
};

enum rvl_frame rvl_frame_parse(const uint8_t *frame, size_t len, struct rvl_ip *ip, size_t *l3);

/* The same by the first len octets of a frame, as rvl_ip_read() has it: neither its length nor
 * whether all of it is there is judged. */
enum rvl_frame rvl_frame_read(const uint8_t *frame, size_t len, struct rvl_ip *ip, size_t *l3);

#endif
