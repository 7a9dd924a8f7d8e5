/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tunnel and transport mode (RFC 4301, section 3.2): which part of a packet an SA protects, and the
 * headers before it. In tunnel mode that is all of the packet, and a new IP header goes before it;
 * in transport mode it is what lies behind the IP header with the extension headers that are for
 * those on the way (RFC 4303, section 3.1.1; RFC 4302, section 3.1.1), and these stay where they
 * are.
 */
#ifndef RVL_ESP_MODE_H
#define RVL_ESP_MODE_H

#include "host/esp/esp.h"
#include "host/esp/ip.h"

/* What is protected of an outbound packet. */
struct rvl_text {
	size_t header; /* octets of the packet that stay outside; 0 in tunnel mode */
	size_t len;    /* of the packet */
	uint8_t next;  /* protocol of what is behind header */
	uint8_t tos;   /* of the packet, as what follows */
	bool df;
	uint32_t flow_label;
};

/*
 * Look at the packet of len octets, of which trailing ones may be none of it. RVL_DROP_NONE;
 * RVL_DROP_MALFORMED: it isn't of a family that the SA has inside; RVL_DROP_FRAGMENT: a fragment in
 * transport mode, which has none (RFC 4303, section 3.3.4).
 */
enum rvl_drop rvl_mode_take(const struct rvl_sa_params *params, const uint8_t *packet, size_t len,
			    struct rvl_text *text);

/* Octets of the headers that go before ESP or AH: IP's, and UDP's where the SA has it. */
size_t rvl_mode_headers(const struct rvl_sa_params *params, const struct rvl_text *text);

/*
 * Write them: pkt is text's packet before, and after it begins with its headers, and with front
 * octets in all before what is protected, of total octets. id: of an IPv4 header in tunnel mode. A
 * UDP checksum is left at 0.
 */
void rvl_mode_wrap(const struct rvl_sa_params *params, const struct rvl_text *text,
		   struct rvl_buf *pkt, size_t front, size_t total, uint16_t id);

/* Over IPv6 a datagram that is complete has a checksum (RFC 8200, section 8.1). */
void rvl_mode_put_checksum(const struct rvl_sa_params *params, const struct rvl_text *text,
			   uint8_t *packet, size_t total);

/*
 * Inbound: authentic octets [at, at + len) of pkt, with the protocol next, become the packet that
 * the peer's host sent; *bytes: how long it is. RVL_DROP_NONE, or why they don't.
 */
enum rvl_drop rvl_mode_unwrap(const struct rvl_sa_params *params, const struct rvl_esp_place *place,
			      struct rvl_buf *pkt, size_t at, size_t len, uint8_t next,
			      size_t *bytes);

#endif
