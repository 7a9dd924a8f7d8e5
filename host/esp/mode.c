// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/mode.h"

#include <string.h>

#include "host/esp/checksum.h"

#define NEXT_HEADER_IPV4 4
#define NEXT_HEADER_IPV6 41
#define FLOW_LABEL 0xfffff

/* ------------------------------------------------------------------------------------- outbound */

/*
 * Of an IPv6 packet: the end of the last header that is for those on the way, and the protocol
 * behind it. Options for the destination alone aren't, unless a routing header comes after them.
 */
static void transport_ipv6(const uint8_t *p, const struct rvl_ip *ip, struct rvl_text *text)
{
	size_t at = RVL_IPV6_HEADER;
	uint8_t protocol = p[6];

	text->header = at;
	text->next = protocol;
	while (at < ip->header_len) {
		const uint8_t *header = p + at;
		bool on_the_way = protocol != RVL_IP_PROTO_DESTINATION;

		at += protocol == RVL_IP_PROTO_FRAGMENT ? 8 : (header[1] + 1u) * 8;
		protocol = header[0];
		if (!on_the_way)
			continue;
		text->header = at;
		text->next = protocol;
	}
}

enum rvl_drop rvl_mode_take(const struct rvl_sa_params *params, const uint8_t *packet, size_t len,
			    struct rvl_text *text)
{
	bool tunnel = params->mode == RVL_TUNNEL;
	struct rvl_ip ip;

	if (!rvl_ip_parse(&ip, packet, len) ||
	    !(rvl_family(&ip.dst) & (tunnel ? params->inner : rvl_family(&params->dst))))
		return RVL_DROP_MALFORMED;
	*text = (struct rvl_text){
		.len = ip.total_len,
		.next = ip.dst.family == 6 ? NEXT_HEADER_IPV6 : NEXT_HEADER_IPV4,
		.tos = ip.tos,
		.df = ip.df || ip.dst.family == 6, /* it is never fragmented on its way */
		.flow_label = ip.dst.family == 6 ? rvl_get_be32(packet) & FLOW_LABEL : 0,
	};
	if (tunnel)
		return RVL_DROP_NONE;
	if (ip.fragment)
		return RVL_DROP_FRAGMENT;
	text->header = ip.header_len;
	text->next = ip.protocol;
	if (ip.dst.family == 6)
		transport_ipv6(packet, &ip, text);
	return RVL_DROP_NONE;
}

static size_t ip_header(const struct rvl_sa_params *params, const struct rvl_text *text)
{
	if (text->header)
		return text->header;
	return params->dst.family == 6 ? RVL_IPV6_HEADER : RVL_IP_HEADER;
}

size_t rvl_mode_headers(const struct rvl_sa_params *params, const struct rvl_text *text)
{
	return ip_header(params, text) + (params->encap ? RVL_UDP_HEADER : 0);
}

/* What lies behind the IP header. */
static uint8_t protocol_of(const struct rvl_sa_params *params)
{
	if (params->encap)
		return RVL_IP_PROTO_UDP;
	return params->protocol == RVL_PROTOCOL_AH ? RVL_IP_PROTO_AH : RVL_IP_PROTO_ESP;
}

static uint8_t outer_tos(const struct rvl_sa_params *params, uint8_t inner)
{
	uint8_t dscp = params->fixed_dscp ? (uint8_t)(params->dscp << 2) : inner & 0xfc;

	return (uint8_t)(dscp | (params->no_ecn ? RVL_ECN_NOT_ECT : inner & RVL_ECN_MASK));
}

static bool outer_df(const struct rvl_sa_params *params, bool inner)
{
	return params->df == RVL_ESP_DF_SET || (params->df == RVL_ESP_DF_COPY && inner);
}

static void put_total(uint8_t *p, uint8_t family, size_t total)
{
	if (family == 6)
		rvl_put_be16(p + 4, (uint16_t)(total - RVL_IPV6_HEADER));
	else
		rvl_put_be16(p + 2, (uint16_t)total);
}

static void put_ipv4_checksum(uint8_t *p, size_t header)
{
	rvl_put_be16(p + 10, 0);
	rvl_put_be16(p + 10, rvl_ip_checksum(p, header));
}

static void write_ipv4(const struct rvl_sa_params *params, uint8_t *p, const struct rvl_text *text,
		       size_t total, uint16_t id)
{
	p[0] = 0x45;
	p[1] = outer_tos(params, text->tos);
	put_total(p, 4, total);
	rvl_put_be16(p + 4, id);
	rvl_put_be16(p + 6, outer_df(params, text->df) ? RVL_IP_DF : 0);
	p[8] = params->ttl ? params->ttl : RVL_DEFAULT_TTL;
	p[9] = protocol_of(params);
	memcpy(p + 12, params->src.octets, 4);
	memcpy(p + 16, params->dst.octets, 4);
	put_ipv4_checksum(p, RVL_IP_HEADER);
}

static void write_ipv6(const struct rvl_sa_params *params, uint8_t *p, const struct rvl_text *text,
		       size_t total)
{
	uint32_t flow_label = params->copy_flow_label ? text->flow_label : 0;

	rvl_put_be32(p, 6u << 28 | (uint32_t)outer_tos(params, text->tos) << 20 | flow_label);
	put_total(p, 6, total);
	p[6] = protocol_of(params);
	p[7] = params->ttl ? params->ttl : RVL_DEFAULT_TTL;
	memcpy(p + 8, params->src.octets, 16);
	memcpy(p + 24, params->dst.octets, 16);
}

/* Of the IPv6 packet at p: the octet that names what lies behind its first header octets. */
static uint8_t *next_header(uint8_t *p, size_t header)
{
	uint8_t *next = p + 6;

	for (size_t at = RVL_IPV6_HEADER; at < header;) {
		uint8_t protocol = *next;

		next = p + at;
		at += protocol == RVL_IP_PROTO_FRAGMENT ? 8 : (next[1] + 1u) * 8;
	}
	return next;
}

/* The header that a packet has: with another protocol behind it, and of another length. */
static void rewrite(uint8_t *p, uint8_t family, size_t header, size_t total, uint8_t protocol)
{
	put_total(p, family, total);
	if (family == 6) {
		*next_header(p, header) = protocol;
		return;
	}
	p[9] = protocol;
	put_ipv4_checksum(p, header);
}

void rvl_mode_wrap(const struct rvl_sa_params *params, const struct rvl_text *text,
		   struct rvl_buf *pkt, size_t front, size_t total, uint16_t id)
{
	size_t header = ip_header(params, text);
	const uint8_t *before = rvl_buf_data(pkt);
	uint8_t *p;

	rvl_buf_push(pkt, front - text->header);
	pkt->len = total;
	p = rvl_buf_data(pkt);
	if (text->header) {
		memmove(p, before, header);
		rewrite(p, params->dst.family, header, total, protocol_of(params));
	} else if (params->dst.family == 6) {
		write_ipv6(params, p, text, total);
	} else {
		write_ipv4(params, p, text, total, id);
	}
	if (!params->encap)
		return;
	p += header;
	rvl_put_be16(p, params->src_port);
	rvl_put_be16(p + 2, params->dst_port);
	rvl_put_be16(p + 4, (uint16_t)(total - header));
	rvl_put_be16(p + 6, 0);
}

void rvl_mode_put_checksum(const struct rvl_sa_params *params, const struct rvl_text *text,
			   uint8_t *packet, size_t total)
{
	size_t header = ip_header(params, text);
	uint8_t *udp = packet + header;
	uint16_t sum;

	if (!params->encap || params->dst.family != 6)
		return;
	sum = rvl_udp6_checksum(packet, udp, total - header);
	/* A sum of 0 goes as its other form (RFC 768). */
	rvl_put_be16(udp + 6, sum ? sum : UINT16_MAX);
}

/* -------------------------------------------------------------------------------------- inbound */

static enum rvl_drop unwrap_tunnel(const struct rvl_sa_params *params, uint8_t outer_tos_,
				   struct rvl_buf *pkt, size_t at, size_t len, uint8_t next,
				   size_t *bytes)
{
	unsigned int family = next == NEXT_HEADER_IPV4	 ? RVL_FAMILY_IPV4
			      : next == NEXT_HEADER_IPV6 ? RVL_FAMILY_IPV6
							 : 0;
	uint8_t *p = rvl_buf_data(pkt) + at, tos;
	struct rvl_ip inner;
	int ecn;

	if (!(family & params->inner))
		return RVL_DROP_TRAILER;
	if (!rvl_ip_parse(&inner, p, len) || rvl_family(&inner.dst) != family)
		return RVL_DROP_INNER;
	tos = inner.tos;
	if (params->copy_dscp_in)
		tos = (uint8_t)((outer_tos_ & ~RVL_ECN_MASK) | (tos & RVL_ECN_MASK));
	if (!params->no_ecn) {
		ecn = rvl_ecn_decap(tos & RVL_ECN_MASK, outer_tos_ & RVL_ECN_MASK);
		if (ecn < 0)
			return RVL_DROP_ECN;
		tos = (uint8_t)((tos & ~RVL_ECN_MASK) | ecn);
	}
	rvl_ip_set_tos(p, tos);
	rvl_buf_pull(pkt, at);
	pkt->len = *bytes = inner.total_len;
	return RVL_DROP_NONE;
}

/* Whose checksum is over addresses that were others before a NAT (RFC 3948, section 3.1.2). */
static void mend_checksum(const struct rvl_sa_params *params, const struct rvl_esp_place *place,
			  uint8_t *upper, size_t len, uint8_t protocol)
{
	if (!place->encap)
		return;
	if (params->original_src.family)
		rvl_checksum_readdress(upper, len, protocol, &params->original_src, &place->src);
	if (params->original_dst.family)
		rvl_checksum_readdress(upper, len, protocol, &params->original_dst, &place->dst);
}

static void unwrap_transport(const struct rvl_sa_params *params, const struct rvl_esp_place *place,
			     struct rvl_buf *pkt, size_t at, size_t len, uint8_t next,
			     size_t *bytes)
{
	const uint8_t *before = rvl_buf_data(pkt);
	uint8_t *p;

	rvl_buf_pull(pkt, at - place->header);
	pkt->len = *bytes = place->header + len;
	p = rvl_buf_data(pkt);
	memmove(p, before, place->header);
	rewrite(p, place->dst.family, place->header, pkt->len, next);
	mend_checksum(params, place, p + place->header, len, next);
}

enum rvl_drop rvl_mode_unwrap(const struct rvl_sa_params *params, const struct rvl_esp_place *place,
			      struct rvl_buf *pkt, size_t at, size_t len, uint8_t next,
			      size_t *bytes)
{
	if (params->mode == RVL_TUNNEL)
		return unwrap_tunnel(params, place->outer_tos, pkt, at, len, next, bytes);
	unwrap_transport(params, place, pkt, at, len, next, bytes);
	return RVL_DROP_NONE;
}
