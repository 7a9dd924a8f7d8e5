/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a stack leaves to its network interface (virtio 1.2, section 5.1.6.2; struct virtio_net_hdr
 * of linux/virtio_net.h): checksums, and TCP segments or UDP datagrams that are one large frame so
 * far.
 */
#ifndef RVL_SA_SEGMENTS_H
#define RVL_SA_SEGMENTS_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5 /* which older headers lack */
#endif

/* A frame that is being cut. */
struct rvl_segments {
	const uint8_t *frame;
	size_t at;     /* what of it is next, */
	size_t end;    /* and where that ends */
	size_t most;   /* octets of one */
	size_t header; /* octets that go before each; 0: there is but one, as it is */
	size_t l3;
	size_t l4;
	uint8_t protocol;
	uint32_t count; /* of those that were given */
};

/*
 * The frame of len octets, of which its header tells what is left to do, and which stays the
 * caller's until it is cut. False: that makes no sense, a segment had more than RVL_BACKEND_FRAME
 * octets, or there were more segments than any stack makes of a frame.
 */
bool rvl_segments_begin(struct rvl_segments *segments, const struct virtio_net_hdr *header,
			uint8_t *frame, size_t len);

static inline bool rvl_segments_left(const struct rvl_segments *segments)
{
	return segments->at < segments->end;
}

/*
 * The next one, as a frame with its checksums, its sequence number and its flags (FIN and PSH are
 * the last one's, CWR the first one's), and an identification that counts on (RFC 6864). Returns
 * its length. out has room for RVL_BACKEND_FRAME octets.
 */
size_t rvl_segments_next(struct rvl_segments *segments, uint8_t *out);

/* A frame whose checksum is left to do: done. False: the header makes no sense. */
bool rvl_segments_complete(const struct virtio_net_hdr *header, uint8_t *frame, size_t len);

#endif
