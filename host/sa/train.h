/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of ESP in UDP that follow each other and differ in nothing but what they carry: the
 * kernel takes them as one large datagram, and cuts it only where the wire begins.
 */
#ifndef RVL_SA_TRAIN_H
#define RVL_SA_TRAIN_H

#include "host/esp/buf.h"
#include "host/sa/segments.h"

/* One that is going to be sent. */
struct rvl_train {
	struct virtio_net_hdr header;
	size_t front; /* octets of the first frame before its ESP, and of all others left out */
	uint8_t before[70]; /* what they were */
};

/*
 * How many of these frames, of which each is ESP in UDP with a checksum that nobody needs, make one
 * train, from the first one on: 1 when it goes alone. More than that: the first one's headers are
 * those of all, until rvl_train_undo().
 */
int rvl_train_make(struct rvl_train *train, struct rvl_buf *frames, int count);

/* The first frame is as it was. */
void rvl_train_undo(const struct rvl_train *train, struct rvl_buf *first);

#endif
