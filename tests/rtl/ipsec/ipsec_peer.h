/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands around the block under test: frames and SAs made at random, ESP sealed octet by octet
 * with OpenSSL (so that it can be wrong in any way), and the commands that install SAs and rules.
 */
#ifndef TESTS_RTL_IPSEC_PEER_H
#define TESTS_RTL_IPSEC_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/esp.h"
#include "host/esp/spd.h"
#include "rvl_regs.h"

#define PEER_FRAME_MAX 12000

struct peer_random {
	uint64_t state;
};

uint32_t peer_u32(struct peer_random *r);
uint32_t peer_below(struct peer_random *r, uint32_t n);
void peer_octets(struct peer_random *r, uint8_t *p, size_t len);

/* Octets of its ICV. */
size_t peer_icv(const struct rvl_sa_params *params);

/* A command that installs what params says. */
struct rvl_cmd peer_sa_add(uint16_t index, const struct rvl_sa_params *params);
struct rvl_cmd peer_sa_command(uint8_t opcode, bool inbound, uint16_t index);
struct rvl_cmd_policy peer_policy_set(uint16_t index, const struct rvl_policy *policy);

/* An SA of either direction with random key, addresses of either family, flags; SPI as given. */
struct rvl_sa_params peer_params(struct peer_random *r, enum rvl_direction direction, uint32_t spi);
/* The same over IPv4, as who changes its octets wants it, and over IPv6. */
struct rvl_sa_params peer_params_ipv4(struct peer_random *r, enum rvl_direction direction,
				      uint32_t spi);
struct rvl_sa_params peer_params_ipv6(struct peer_random *r, enum rvl_direction direction,
				      uint32_t spi);
/* Make it one of transport mode. */
void peer_transport(struct rvl_sa_params *params);
/* Make it one with ESN, whose numbers begin so far before a border of their halves. */
void peer_esn(struct peer_random *r, struct rvl_sa_params *params, uint32_t before);
/* Make it one of AES-GMAC, or of AH with that. */
void peer_gmac(struct rvl_sa_params *params);
void peer_ah(struct rvl_sa_params *params);
/* Of either mode, with or without ESN and IVs that are sent; or of GMAC; or of AH. */
struct rvl_sa_params peer_params_any(struct peer_random *r, enum rvl_direction direction,
				     uint32_t spi);
/* EtherType of its outer packets. */
uint16_t peer_outer_type(const struct rvl_sa_params *params);

/* Ethernet header with 0, 1 or 2 VLAN tags; its length. */
size_t peer_ethernet(struct peer_random *r, uint8_t *p, uint16_t type, unsigned int tags);

struct peer_ip {
	bool ipv6;
	uint32_t src; /* of IPv6 the last octets */
	uint32_t dst;
	struct rvl_addr src6, dst6; /* if they have a family, all of an IPv6 address */
	uint8_t protocol;
	uint8_t tos;
	uint16_t fragment;    /* flags and offset */
	unsigned int options; /* words; of IPv6 two bits say how many extension headers */
	uint16_t sport;	      /* first octets of the payload */
	uint16_t dport;
	size_t payload; /* octets after the header */
};

/* An IPv4 packet with a good header checksum, or an IPv6 packet, and random payload; its length. */
size_t peer_packet(struct peer_random *r, uint8_t *p, const struct peer_ip *ip);
uint16_t peer_type(const struct peer_ip *ip);

/* Of either family. */
struct peer_ip peer_random_ip(struct peer_random *r, size_t payload);

/* One for an outbound SA: in transport mode mostly of its family, and whole; before AH the IP
 * header is alone. */
struct peer_ip peer_ip_for(struct peer_random *r, const struct rvl_sa_params *params,
			   size_t payload);

/* The address that a packet has by its number. */
struct rvl_addr peer_address(bool ipv6, uint32_t number);

/* How ESP is made wrong, or at least odd. Of AH, whose IP header is alone: what its fields are
 * there for; extra_pad aligns it to 8 octets over IPv4. */
struct peer_seal {
	uint64_t seq;	      /* above 32 bits with ESN */
	bool udp;	      /* over IPv4 */
	uint8_t tos;	      /* of the outer header */
	unsigned int options; /* in the outer header, as peer_ip has them */
	size_t tfc;	      /* octets of traffic flow confidentiality padding after the packet */
	size_t extra_pad;     /* octets of padding beyond the least, a multiple of 4 */
	uint8_t next_header;  /* 0: as the text's version says; in transport mode UDP */
	int bad_pad;	/* octet of the padding to spoil, counted from its end from 1; 0: none */
	int pad_length; /* written instead of the true one, or -1 */
	uint64_t iv;
	size_t trailing; /* octets behind the packet in the frame */
};

struct peer_seal peer_seal_plain(uint64_t seq);

/* What an inbound SA's packets hold: a packet, or in transport mode so many octets of some protocol
 * that how then names. Its length. */
size_t peer_text(struct peer_random *r, uint8_t *p, const struct rvl_sa_params *params,
		 struct peer_seal *how, size_t payload);

/* The outer packet for text as the sender of params would send it; its length. */
size_t peer_seal(uint8_t *out, const struct rvl_sa_params *params, const struct peer_seal *how,
		 const uint8_t *text, size_t len);

#endif
