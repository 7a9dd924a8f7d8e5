/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP segments that came one after the other, put together to the large frame that the host's
 * stack takes in their place, as that stack does it itself behind a NIC.
 *
 * Nothing but the data may differ between them, and the sequence numbers follow each other. What
 * says more than "here is data" (ACKs alone, SYN, FIN, RST, urgent data, congestion told), what has
 * options or extension headers of IP, is a fragment or isn't right by a checksum, stays as it is.
 * One that ends a burst (PSH, or shorter than the others) ends a frame. A flow's frames keep their
 * order; frames of other protocols may overtake them.
 *
 * Who gives frames says when a turn of his is over.
 */
#ifndef RVL_SA_COALESCE_H
#define RVL_SA_COALESCE_H

#include <linux/virtio_net.h>
#include <stddef.h>
#include <stdint.h>

struct rvl_coalesce;

/* A frame for the stack, made of so many, with its header. */
typedef void rvl_coalesced_fn(void *context, const struct virtio_net_hdr *header,
			      const uint8_t *frame, size_t len, uint32_t count);

/* NULL without memory. */
struct rvl_coalesce *rvl_coalesce_new(rvl_coalesced_fn *fn, void *context);

/* What it holds is lost; it is erased. NULL is fine. */
void rvl_coalesce_free(struct rvl_coalesce *coalesce);

/* The next frame, which is the caller's again afterwards. */
void rvl_coalesce_take(struct rvl_coalesce *coalesce, const uint8_t *frame, size_t len);

/* What is held goes to the stack. */
void rvl_coalesce_flush(struct rvl_coalesce *coalesce);

/* How many frames may come in turns that follow each other before what is held goes on. */
#define RVL_COALESCE_FRAMES 128

/*
 * A turn is over, in which so many frames came. What is held goes to the stack unless the next turn
 * may have more of it: after one in which none came, after RVL_COALESCE_FRAMES, and once the time,
 * in milliseconds, isn't what it was with the first of them.
 */
void rvl_coalesce_turn(struct rvl_coalesce *coalesce, size_t came, uint64_t now_ms);

#endif
