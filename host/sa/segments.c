// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/segments.h"

#include <string.h>

#include "host/esp/engine.h"
#include "host/sa/backend.h"

#define SEGMENTS_MAX 1400 /* of the least size that TCP has, 48 octets, a large frame has less */
#define TCP_HEADER 20
#define TCP_SEQUENCE 4
#define TCP_OFFSET 12
#define TCP_FLAGS 13
#define TCP_CHECKSUM 16
#define FIN 0x01
#define PSH 0x08
#define CWR 0x80
#define UDP_LENGTH 4
#define UDP_CHECKSUM 6

/* A UDP checksum of 0 is none (RFC 768): it has the other form. */
static void put_checksum(uint8_t *field, uint16_t sum)
{
	rvl_put_be16(field, sum == UINT16_MAX ? sum : (uint16_t)~sum);
}

bool rvl_segments_complete(const struct virtio_net_hdr *header, uint8_t *frame, size_t len)
{
	size_t start = header->csum_start, at = start + header->csum_offset;

	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	if (start >= len || at + 2 > len)
		return false;
	/* What stands there is the sum of the pseudo header. For other protocols than UDP the two
	 * forms are the same. */
	put_checksum(frame + at, rvl_ip_sum(0, frame + start, len - start));
	return true;
}

/* The octets of the upper header, which is at l4; 0: it isn't all there, or not what the header
 * tells of. */
static size_t upper_header(const struct rvl_segments *s, const struct virtio_net_hdr *header,
			   uint8_t family)
{
	const uint8_t tcp = family == 6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	const size_t there = s->end - s->l4;
	size_t len = 0;

	if ((header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) == tcp &&
	    s->protocol == RVL_IP_PROTO_TCP && header->csum_offset == TCP_CHECKSUM &&
	    there >= TCP_HEADER)
		len = (size_t)(s->frame[s->l4 + TCP_OFFSET] >> 4) * 4;
	if (header->gso_type == VIRTIO_NET_HDR_GSO_UDP_L4 && s->protocol == RVL_IP_PROTO_UDP &&
	    header->csum_offset == UDP_CHECKSUM)
		return RVL_UDP_HEADER;
	return len >= TCP_HEADER ? len : 0;
}

/* A large frame, whose checksum is left to do too. */
static bool begin_large(struct rvl_segments *s, const struct virtio_net_hdr *header, size_t len)
{
	struct rvl_ip ip;
	size_t upper;

	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || !header->gso_size ||
	    rvl_frame_parse(s->frame, len, &ip, &s->l3) != RVL_FRAME_IP || ip.fragment)
		return false;
	s->l4 = s->l3 + ip.header_len;
	s->protocol = ip.protocol;
	s->end = s->l3 + ip.total_len;
	upper = upper_header(s, header, ip.dst.family);
	s->header = s->at = s->l4 + upper;
	s->most = header->gso_size;
	return upper && header->csum_start == s->l4 && s->at < s->end &&
	       s->end - s->at <= SEGMENTS_MAX * s->most && s->header + s->most <= RVL_BACKEND_FRAME;
}

bool rvl_segments_begin(struct rvl_segments *s, const struct virtio_net_hdr *header, uint8_t *frame,
			size_t len)
{
	*s = (struct rvl_segments){.frame = frame, .end = len, .most = len};
	if (header->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return len <= RVL_BACKEND_FRAME && rvl_segments_complete(header, frame, len);
	return begin_large(s, header, len);
}

static void put_ip(const struct rvl_segments *s, uint8_t *ip, size_t total)
{
	if (ip[0] >> 4 == 6) {
		rvl_put_be16(ip + 4, (uint16_t)(total - RVL_IPV6_HEADER));
		return;
	}
	rvl_put_be16(ip + 2, (uint16_t)total);
	rvl_put_be16(ip + 4, (uint16_t)(rvl_get_be16(ip + 4) + s->count));
	rvl_put_be16(ip + 10, 0);
	rvl_put_be16(ip + 10, rvl_ip_checksum(ip, (size_t)(ip[0] & 15) * 4));
}

static void put_tcp(const struct rvl_segments *s, uint8_t *tcp)
{
	rvl_put_be32(tcp + TCP_SEQUENCE,
		     rvl_get_be32(tcp + TCP_SEQUENCE) + (uint32_t)(s->at - s->header));
	if (s->count)
		tcp[TCP_FLAGS] &= (uint8_t)~CWR;
	if (s->at + s->most < s->end)
		tcp[TCP_FLAGS] &= (uint8_t) ~(FIN | PSH);
}

/* len: of the upper header and what is behind it. */
static void put_upper(const struct rvl_segments *s, uint8_t *l4, size_t len)
{
	bool udp = s->protocol == RVL_IP_PROTO_UDP;
	uint8_t *field = l4 + (udp ? UDP_CHECKSUM : TCP_CHECKSUM);
	/* The pseudo header's, for all of the large frame; of the addresses the stack knows. */
	uint32_t sum = rvl_get_be16(field) + (uint16_t) ~(s->end - s->l4) + (uint32_t)len;

	if (udp)
		rvl_put_be16(l4 + UDP_LENGTH, (uint16_t)len);
	else
		put_tcp(s, l4);
	rvl_put_be16(field, 0);
	if (udp)
		put_checksum(field, rvl_ip_sum(sum, l4, len));
	else
		rvl_put_be16(field, (uint16_t)~rvl_ip_sum(sum, l4, len));
}

size_t rvl_segments_next(struct rvl_segments *s, uint8_t *out)
{
	size_t left = s->end - s->at, part = left < s->most ? left : s->most;
	size_t len = s->header + part;

	memcpy(out, s->frame, s->header);
	memcpy(out + s->header, s->frame + s->at, part);
	if (s->header) {
		put_ip(s, out + s->l3, len - s->l3);
		put_upper(s, out + s->l4, len - s->l4);
	}
	s->at += part;
	s->count++;
	return len;
}
