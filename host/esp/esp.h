/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ESP (RFC 4303) and AH (RFC 4302) in software: tunnel mode in all four mixes of families and
 * transport mode in both, with every algorithm of suite.h, ESP with or without UDP encapsulation
 * (RFC 3948).
 *
 * This is the data path of hosts without a NIC and the oracle that the NIC is compared with octet
 * for octet, so what RFCs leave open is fixed here:
 * - an IV of 8 octets is the sequence number, of 64 bits, big-endian; CBC's is that encrypted
 *   (cipher.h);
 * - padding is the least that aligns, its octets are 1, 2, 3 (RFC 4303, section 2.4), and TFC
 *   padding's are 0;
 * - an outer IPv4 header has no options, its identification is the low 16 bits of the sequence
 *   number, and the UDP checksum is 0;
 * - an outer IPv6 header has no extension headers, its flow label is 0 unless the SA copies it, and
 *   the UDP checksum is there (RFC 8200, section 8.1);
 * - an inner packet of IPv6 counts as one with DF set;
 * - the inner packet is cut to its total length before encapsulation, and after decapsulation
 *   (which is where TFC padding goes);
 * - byte counts and byte lifetimes count the inner packet's total length, in transport mode the
 * whole packet's as it is outside of the SA, on both sides;
 * - a dummy counts as a packet of no octets where it is made, and as a drop where it is taken.
 *
 * An SA belongs to one thread at a time.
 */
#ifndef RVL_ESP_ESP_H
#define RVL_ESP_ESP_H

#include <stdbool.h>
#include <stdint.h>

#include "host/esp/abilities.h"
#include "host/esp/buf.h"
#include "host/esp/params.h"

#define RVL_ESP_HEADER 8
/* Of AES-GCM with an ICV of 16 octets, which NICs have. */
#define RVL_ESP_IV 8
#define RVL_ESP_ICV 16
#define RVL_ESP_PORT 4500

/* What encapsulation adds at most in front: outer IPv6 and AH; and behind: padding, pad length,
 * next header, ICV. */
#define RVL_ESP_HEADROOM (40 + 48)
#define RVL_ESP_TAILROOM (15 + 2 + RVL_ICV_MAX)

/* Why a packet was dropped, on either side. */
enum rvl_drop {
	RVL_DROP_NONE,
	RVL_DROP_CHECKSUM,  /* ESP for a known SA under a wrong outer checksum */
	RVL_DROP_MALFORMED, /* lengths are impossible */
	RVL_DROP_REPLAY,    /* sequence number seen before */
	RVL_DROP_WINDOW,    /* sequence number 0, or left of the window */
	RVL_DROP_ICV,	    /* not authentic, or no memory to find out */
	RVL_DROP_TRAILER,   /* authentic, but pad length or next header are wrong */
	RVL_DROP_PADDING,   /* authentic, but padding isn't 1, 2, 3 (RFC 4303, section 2.4) */
	RVL_DROP_DUMMY,	    /* next header 59 (RFC 4303, section 2.6): meant to be dropped */
	RVL_DROP_INNER,	    /* authentic, but what is inside isn't a packet of its family */
	RVL_DROP_ECN,	    /* outer CE over inner Not-ECT (RFC 6040) */
	RVL_DROP_SELECTOR,  /* inner packet outside of its SA's selectors (RFC 4301, section 5.2) */
	RVL_DROP_LIFETIME,  /* hard lifetime reached */
	RVL_DROP_SEQUENCE,  /* sequence numbers used up */
	RVL_DROP_TOO_BIG,   /* the outer packet would exceed the path MTU */
	RVL_DROP_FRAGMENT,  /* transport mode has no fragments (RFC 4303, section 3.3.4) */
	RVL_DROP_POLICY,    /* a discard policy, or clear inbound traffic that must be protected */
	RVL_DROP_NO_SA,	    /* a protect policy whose SA isn't there, or without memory for it */
	RVL_DROP_COUNT
};

/* The reason as it is printed and counted under, for example "replay". */
const char *rvl_drop_name(enum rvl_drop drop);

/* What happened to an SA that its owner must know; bits of a mask. */
#define RVL_ESP_EVENT_SOFT_BYTES 0x01u
#define RVL_ESP_EVENT_SOFT_PACKETS 0x02u
#define RVL_ESP_EVENT_HARD_BYTES 0x04u
#define RVL_ESP_EVENT_HARD_PACKETS 0x08u
#define RVL_ESP_EVENT_SEQUENCE_SOON 0x10u /* outbound: rvl_sa_soon_seq() was used */
#define RVL_ESP_EVENT_SEQUENCE_END 0x20u  /* outbound: the last one was used */
#define RVL_ESP_EVENT_DAMAGED 0x40u	  /* its memory is damaged: it passes nothing any more */
#define RVL_ESP_EVENT_MOVED 0x80u /* inbound, in UDP: authentic, and from elsewhere than before */

struct rvl_esp_counters {
	uint64_t packets; /* that went through */
	uint64_t bytes;	  /* of inner packets */
	uint64_t drops[RVL_DROP_COUNT];
};

struct rvl_esp_sa;

/* Of software. */
extern const struct rvl_abilities rvl_esp_abilities;

/*
 * Make an SA. params is copied; the caller cleanses its key. What its cipher needs is allocated
 * with its first packet. Returns 0, -EINVAL for values that params.h and the abilities don't allow,
 * or -ENOMEM.
 */
int rvl_esp_sa_new(const struct rvl_sa_params *params, struct rvl_esp_sa **sa);

/* Cleanses the keys. NULL is fine. */
void rvl_esp_sa_free(struct rvl_esp_sa *sa);

/* Parameters as given; the keys are only there until its first packet. */
const struct rvl_sa_params *rvl_esp_sa_params(const struct rvl_esp_sa *sa);

/* Which thread's it is: a number that means nothing here, below 65536; 0 at first. */
void rvl_esp_sa_give(struct rvl_esp_sa *sa, unsigned int owner);
unsigned int rvl_esp_sa_owner(const struct rvl_esp_sa *sa);

struct rvl_esp_counters rvl_esp_sa_counters(const struct rvl_esp_sa *sa);

/* The last sequence number sent, or the newest received; 0 before the first. */
uint64_t rvl_esp_sa_seq(const struct rvl_esp_sa *sa);

/* Count a drop that was decided outside of this file (a selector, say) on the SA. */
void rvl_esp_sa_count_drop(struct rvl_esp_sa *sa, enum rvl_drop drop);

/* The events since the last call; each fires once in an SA's life, but for RVL_ESP_EVENT_MOVED. */
uint32_t rvl_esp_sa_take_events(struct rvl_esp_sa *sa);
bool rvl_esp_sa_has_events(const struct rvl_esp_sa *sa);

/* Inbound: where the last authentic packet in UDP came from; before it, what the parameters say. */
void rvl_esp_sa_source(const struct rvl_esp_sa *sa, struct rvl_addr *src, uint16_t *port);

/*
 * Encapsulate one packet (RFC 4303, section 3.3; RFC 4302, section 3.3).
 *
 * sa    outbound; its sequence number advances by one
 * pkt   in: the packet from its IP header, trailing octets beyond its total length allowed;
 *       out: the outer packet. Needs RVL_ESP_HEADROOM octets before it and RVL_ESP_TAILROOM after
 *       the packet's total length; TFC padding is what else there is room for.
 *
 * Returns 0, or
 * -EOVERFLOW    sequence number space used up (2^32-1, or 2^64-1, was the last): the SA is dead,
 * rekey -EKEYEXPIRED  a hard lifetime is reached, likewise -EMSGSIZE     the result would exceed
 * the SA's path MTU -EOPNOTSUPP   a fragment in transport mode -EINVAL       not a packet that the
 * SA may have inside; for AH, with options or extension headers that have no ICV -ENOBUFS      not
 * enough room -ENOMEM       no memory for the cipher of its first packet The packet is unchanged on
 * error, and the reason counted on the SA.
 */
int rvl_esp_encap(struct rvl_esp_sa *sa, struct rvl_buf *pkt);

/* The same with one more bound on the outer packet: what the link can take. */
int rvl_esp_encap_within(struct rvl_esp_sa *sa, struct rvl_buf *pkt, size_t limit);

/*
 * Make a dummy packet (RFC 4303, section 2.6), which the peer drops once it is verified: an outer
 * packet of at most size octets, and fewer by less than a block of the cipher. The path MTU doesn't
 * bound it, as it may be to find that out (RFC 8899); DF is set where the SA copies it. pkt is
 * where it goes: empty, with RVL_ESP_HEADROOM before it and size octets behind.
 *
 * Returns what rvl_esp_encap() does; -EINVAL for a size that no packet has, -EOPNOTSUPP for AH.
 */
int rvl_esp_dummy(struct rvl_esp_sa *sa, struct rvl_buf *pkt, size_t size);

/* Where ESP or AH lies in a packet, found without a key. */
struct rvl_esp_place {
	enum rvl_protocol protocol;
	struct rvl_addr src;
	struct rvl_addr dst;
	uint16_t src_port; /* in UDP */
	uint32_t spi;
	uint32_t seq;
	uint8_t outer_tos; /* or traffic class */
	bool encap;
	bool bad_checksum; /* of the IPv4 header, or of UDP over IPv6 */
	bool malformed;	   /* len isn't to be used */
	size_t header;	   /* octets of the IP header, with extension headers */
	size_t esp;	   /* offset of the ESP header or AH from the outer IP header */
	size_t len;	   /* from there to the end of the packet */
};

enum rvl_esp_find {
	RVL_ESP_FOUND,
	RVL_ESP_ABSENT,	  /* place is as it was */
	RVL_ESP_FRAGMENT, /* its addresses and protocol are known */
};

/*
 * Look for ESP or AH in the IPv4 or IPv6 packet at pkt: protocols 50 and 51, or UDP to udp_port
 * without the non-ESP marker; over IPv6 behind hop-by-hop and destination options, routing headers
 * that have ended and a fragment header, up to 8 in all (RFC 8200, section 4). IKE, NAT-keepalives
 * and everything else are absent; a fragment of them is told apart. What is found may still be
 * malformed: too short or too long for its packet, or not aligned, for whatever algorithm.
 */
enum rvl_esp_find rvl_esp_find(struct rvl_esp_place *place, const struct rvl_buf *pkt,
			       uint16_t udp_port);

/*
 * Verify and decapsulate (RFC 4303, section 3.4; RFC 4302, section 3.4): checksum, lengths,
 * lifetime, replay check, ICV, replay update, trailer, inner header, ECN.
 *
 * sa     inbound, that place->dst, place->protocol and place->spi named
 * pkt    in: the outer packet that place was found in; out: the inner packet. On a drop it holds
 *        nothing of use, and no plaintext of a packet that wasn't authentic.
 *
 * Returns RVL_DROP_NONE or the reason, which has been counted on the SA.
 */
enum rvl_drop rvl_esp_decap(struct rvl_esp_sa *sa, const struct rvl_esp_place *place,
			    struct rvl_buf *pkt);

#endif
