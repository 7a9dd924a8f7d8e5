// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/ah.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define FIXED 12	    /* before the ICV */
#define OPTION_MUTABLE 0x20 /* RFC 8200, section 4.2: its data may change on the way */
#define PAD1 0
#define IPV4_END 0
#define IPV4_NOP 1
#define IPV4_LOOSE_ROUTE 131
#define IPV4_STRICT_ROUTE 137

/* --------------------------------------------------------------------------- what the ICV is over
 */

/* Without a MAC it is only looked whether there is one. */
static bool add(struct rvl_mac *mac, const uint8_t *part, size_t len)
{
	return !mac || rvl_mac_add(mac, part, len);
}

static bool add_zeros(struct rvl_mac *mac, size_t len)
{
	static const uint8_t zeros[256];

	return add(mac, zeros, len);
}

/* Options that stay as they are (RFC 4302, appendix A1): security, router alert, and the directed
 * multi-destination. */
static bool ipv4_option_stays(uint8_t type)
{
	return type == 130 || type == 133 || type == 134 || type == 148 || type == 149;
}

/* Length of the option at p, of which len octets are there; 0: it isn't one. */
static size_t ipv4_option(const uint8_t *p, size_t len)
{
	if (p[0] == IPV4_END)
		return len; /* what follows is padding */
	if (p[0] == IPV4_NOP)
		return 1;
	return len >= 2 && p[1] >= 2 && p[1] <= len ? p[1] : 0;
}

/* Where a packet ends up that a source route leads elsewhere first: what the receiver sees. */
static const uint8_t *ipv4_destination(const uint8_t *ip, size_t header)
{
	size_t size;

	for (size_t at = RVL_IP_HEADER; at < header; at += size) {
		size = ipv4_option(ip + at, header - at);
		if (!size)
			break;
		if ((ip[at] == IPV4_LOOSE_ROUTE || ip[at] == IPV4_STRICT_ROUTE) && size >= 7)
			return ip + at + size - 4;
	}
	return ip + 16;
}

static bool add_ipv4(struct rvl_mac *mac, const uint8_t *ip, size_t header, bool outbound)
{
	uint8_t fixed[RVL_IP_HEADER];
	size_t size;

	memcpy(fixed, ip, sizeof(fixed));
	fixed[1] = 0;		   /* DSCP and ECN */
	fixed[6] = fixed[7] = 0;   /* flags and fragment offset */
	fixed[8] = 0;		   /* TTL */
	fixed[10] = fixed[11] = 0; /* checksum */
	if (outbound)
		memcpy(fixed + 16, ipv4_destination(ip, header), 4);
	if (!add(mac, fixed, sizeof(fixed)))
		return false;
	for (size_t at = RVL_IP_HEADER; at < header; at += size) {
		bool stays = ip[at] == IPV4_END || ip[at] == IPV4_NOP || ipv4_option_stays(ip[at]);

		size = ipv4_option(ip + at, header - at);
		if (!size || !(stays ? add(mac, ip + at, size) : add_zeros(mac, size)))
			return false;
	}
	return true;
}

/* Hop-by-hop or destination options, of size octets. */
static bool add_options(struct rvl_mac *mac, const uint8_t *p, size_t size)
{
	size_t len;

	if (!add(mac, p, 2))
		return false;
	for (size_t at = 2; at < size; at += len) {
		const uint8_t *option = p + at;
		bool is_mutable = option[0] & OPTION_MUTABLE;

		len = 1;
		if (option[0] == PAD1) {
			if (!add(mac, option, len))
				return false;
			continue;
		}
		if (size - at < 2 || size - at < 2u + option[1])
			return false;
		len = 2u + option[1];
		if (!add(mac, option, 2) ||
		    !(is_mutable ? add_zeros(mac, len - 2) : add(mac, option + 2, len - 2)))
			return false;
	}
	return true;
}

/* A routing header is what its last hop gets; one with segments left isn't known to be that. And
 * fragments come before AH is made or after it is verified (RFC 4302, section 3.3.4). */
static bool add_ipv6(struct rvl_mac *mac, const uint8_t *ip, size_t header)
{
	uint8_t fixed[RVL_IPV6_HEADER], protocol = ip[6];
	size_t size;
	bool added;

	memcpy(fixed, ip, sizeof(fixed));
	fixed[0] = 0x60; /* without DSCP, ECN and flow label */
	fixed[1] = fixed[2] = fixed[3] = 0;
	fixed[7] = 0; /* hop limit */
	if (!add(mac, fixed, sizeof(fixed)))
		return false;
	for (size_t at = RVL_IPV6_HEADER; at < header; at += size) {
		const uint8_t *p = ip + at;

		size = (p[1] + 1u) * 8;
		if (protocol == RVL_IP_PROTO_FRAGMENT)
			return false;
		if (protocol == RVL_IP_PROTO_ROUTING)
			added = !p[3] && add(mac, p, size);
		else
			added = add_options(mac, p, size);
		if (!added)
			return false;
		protocol = p[0];
	}
	return true;
}

static bool add_headers(struct rvl_mac *mac, const uint8_t *ip, size_t header, bool outbound)
{
	return ip[0] >> 4 == 6 ? add_ipv6(mac, ip, header) : add_ipv4(mac, ip, header, outbound);
}

/* Octets of the ICV field of this algorithm, without padding. */
static size_t field_len(const struct rvl_integ *integ)
{
	return (size_t)integ->iv + integ->icv;
}

/* The ICV of the packet of total octets with AH of ah octets behind its header. False when the
 * packet is none that has one. */
static bool make_icv(struct rvl_esp_sa *sa, const uint8_t *packet, size_t header, size_t ah,
		     size_t total, uint64_t seq, uint8_t *icv)
{
	bool outbound = sa->params.direction == RVL_OUTBOUND;
	const uint8_t *p = packet + header;
	size_t field = field_len(sa->suite.integ);
	uint8_t high[4];

	rvl_put_be32(high, (uint32_t)(seq >> 32));
	return rvl_mac_start(sa->mac, p + FIXED) &&
	       add_headers(sa->mac, packet, header, outbound) && rvl_mac_add(sa->mac, p, FIXED) &&
	       add_zeros(sa->mac, field) &&
	       rvl_mac_add(sa->mac, p + FIXED + field, ah - FIXED - field) &&
	       rvl_mac_add(sa->mac, p + ah, total - header - ah) &&
	       (!sa->params.esn || rvl_mac_add(sa->mac, high, sizeof(high))) &&
	       rvl_mac_end(sa->mac, icv);
}

/* ------------------------------------------------------------------------------------- both ways
 */

/* A multiple of 4, and of 8 over IPv6 (RFC 4302, section 2.2). */
static size_t ah_len(const struct rvl_esp_sa *sa)
{
	size_t align = sa->params.dst.family == 6 ? 8 : 4;

	return (FIXED + field_len(sa->suite.integ) + align - 1) / align * align;
}

enum rvl_drop rvl_ah_encap(struct rvl_esp_sa *sa, struct rvl_buf *pkt, const struct rvl_text *text,
			   size_t limit)
{
	size_t header = rvl_mode_headers(&sa->params, text), ah = ah_len(sa);
	size_t total = header + ah + text->len - text->header;
	const struct rvl_integ *integ = sa->suite.integ;
	uint8_t icv[RVL_ICV_MAX], *p;
	enum rvl_drop drop;

	if (total > limit)
		return RVL_DROP_TOO_BIG;
	if (rvl_buf_headroom(pkt) < header + ah - text->header)
		return RVL_DROP_COUNT;
	if (text->header && !add_headers(NULL, rvl_buf_data(pkt), text->header, true))
		return RVL_DROP_MALFORMED;
	drop = rvl_sa_take_seq(sa);
	if (drop)
		return drop;
	rvl_mode_wrap(&sa->params, text, pkt, header + ah, total, (uint16_t)sa->seq);
	p = rvl_buf_data(pkt) + header;
	memset(p, 0, ah);
	p[0] = text->next;
	p[1] = (uint8_t)(ah / 4 - 2);
	rvl_put_be32(p + 4, sa->params.spi);
	rvl_put_be32(p + 8, (uint32_t)sa->seq);
	if (integ->iv) {
		rvl_put_be32(p + FIXED, (uint32_t)(sa->seq >> 32));
		rvl_put_be32(p + FIXED + 4, (uint32_t)sa->seq);
	}
	/* Its headers were looked at before. */
	if (!make_icv(sa, rvl_buf_data(pkt), header, ah, total, sa->seq, icv))
		abort();
	memcpy(p + FIXED + integ->iv, icv, integ->icv);
	return RVL_DROP_NONE;
}

enum rvl_drop rvl_ah_decap(struct rvl_esp_sa *sa, const struct rvl_esp_place *place,
			   struct rvl_buf *pkt, size_t *bytes)
{
	const struct rvl_integ *integ = sa->suite.integ;
	const uint8_t *p = rvl_buf_data(pkt) + place->header;
	size_t ah = (p[1] + 2u) * 4, total = place->header + place->len;
	uint8_t icv[RVL_ICV_MAX];
	enum rvl_drop drop;
	uint64_t seq;

	drop = rvl_sa_admit(sa, place, &seq);
	if (drop)
		return drop;
	/* Peers align it to 8 over IPv4 too. */
	if (ah < ah_len(sa) || ah >= FIXED + field_len(integ) + 8 || ah > place->len ||
	    (place->dst.family == 6 && ah % 8))
		return RVL_DROP_MALFORMED;
	if (!rvl_sa_keyed(sa) ||
	    !make_icv(sa, rvl_buf_data(pkt), place->header, ah, total, seq, icv) ||
	    CRYPTO_memcmp(icv, p + FIXED + integ->iv, integ->icv))
		return RVL_DROP_ICV;
	drop = rvl_sa_accept(sa, place, seq);
	if (drop)
		return drop;
	return rvl_mode_unwrap(&sa->params, place, pkt, place->header + ah, place->len - ah, p[0],
			       bytes);
}
