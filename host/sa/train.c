// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/train.h"

#include <string.h>

#include "host/esp/engine.h"

#define PACKET_MAX 65535
#define UDP_LENGTH 4
#define UDP_CHECKSUM 6

static bool same(const uint8_t *a, const uint8_t *b, size_t from, size_t to)
{
	return !memcmp(a + from, b + from, to - from);
}

/* All but lengths and checksums; the identification counts on, as the kernel makes it do. */
static bool follows(const uint8_t *first, const uint8_t *frame, size_t l3, size_t udp, int count)
{
	const uint8_t *a = first + l3, *b = frame + l3;
	bool ipv6 = a[0] >> 4 == 6;

	if (!same(first, frame, 0, l3) || !same(first, frame, udp, udp + UDP_LENGTH))
		return false;
	if (ipv6)
		return same(a, b, 0, 4) && same(a, b, 6, RVL_IPV6_HEADER);
	return same(a, b, 0, 2) && same(a, b, 6, 10) && same(a, b, 12, RVL_IP_HEADER) &&
	       rvl_get_be16(b + 4) == (uint16_t)(rvl_get_be16(a + 4) + count);
}

/* How many, and the octets of their packet. */
static int measure(const struct rvl_buf *frames, int count, size_t l3, size_t udp, size_t *total)
{
	const uint8_t *first = rvl_buf_data(frames);
	size_t front = udp + RVL_UDP_HEADER;
	int n = 1;

	*total = frames[0].len - l3;
	while (n < count && frames[n - 1].len == frames[0].len && frames[n].len <= frames[0].len &&
	       frames[n].len > front && *total + frames[n].len - front <= PACKET_MAX &&
	       follows(first, rvl_buf_data(&frames[n]), l3, udp, n))
		*total += frames[n++].len - front;
	return n;
}

static void put_headers(uint8_t *ip, uint8_t *udp, size_t total)
{
	size_t len = total - (size_t)(udp - ip);

	if (ip[0] >> 4 == 6) {
		rvl_put_be16(ip + 4, (uint16_t)len);
	} else {
		rvl_put_be16(ip + 2, (uint16_t)total);
		rvl_put_be16(ip + 10, 0);
		rvl_put_be16(ip + 10, rvl_ip_checksum(ip, RVL_IP_HEADER));
	}
	rvl_put_be16(udp + UDP_LENGTH, (uint16_t)len);
	rvl_put_be16(udp + UDP_CHECKSUM, rvl_upper_sum(ip, RVL_IP_PROTO_UDP, len));
}

int rvl_train_make(struct rvl_train *train, struct rvl_buf *frames, int count)
{
	uint8_t *first = rvl_buf_data(frames);
	struct rvl_ip ip;
	size_t l3, udp, total;
	int n;

	if (rvl_frame_parse(first, frames[0].len, &ip, &l3) != RVL_FRAME_IP ||
	    ip.protocol != RVL_IP_PROTO_UDP ||
	    ip.header_len != (ip.dst.family == 6 ? RVL_IPV6_HEADER : RVL_IP_HEADER) ||
	    frames[0].len != l3 + ip.total_len)
		return 1;
	udp = l3 + ip.header_len;
	train->front = udp + RVL_UDP_HEADER;
	if (frames[0].len <= train->front)
		return 1;
	n = measure(frames, count, l3, udp, &total);
	if (n == 1)
		return 1;
	train->header = (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
		.hdr_len = (uint16_t)train->front,
		.gso_size = (uint16_t)(frames[0].len - train->front),
		.csum_start = (uint16_t)udp,
		.csum_offset = UDP_CHECKSUM,
	};
	memcpy(train->before, first, train->front);
	put_headers(first + l3, first + udp, total);
	return n;
}

void rvl_train_undo(const struct rvl_train *train, struct rvl_buf *first)
{
	memcpy(rvl_buf_data(first), train->before, train->front);
}
