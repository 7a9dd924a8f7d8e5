/* SPDX-License-Identifier: BSD-2-Clause */
/* Between frames and the beats of the NIC's Ethernet streams. */
#ifndef RVL_SIM_WIRE_H
#define RVL_SIM_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/model.h"

#define RVL_WIRE_MAX_FRAME 16384U /* octets; longer than any that the NIC takes or makes */
#define RVL_WIRE_QUEUE 64U	  /* frames that may wait for the NIC */

struct rvl_wire_frame {
	uint32_t len;
	bool err;
	uint8_t data[RVL_WIRE_MAX_FRAME];
};

/* A frame that has left the NIC. */
typedef void rvl_wire_tx_fn(void *ctx, const uint8_t *frame, uint32_t len);

struct rvl_wire {
	struct rvl_wire_frame *queue; /* RVL_WIRE_QUEUE of them */
	unsigned head, count;
	uint32_t sent; /* octets of the first frame that the NIC has taken */
	uint8_t *out;  /* the frame that is leaving */
	uint32_t out_len;
	bool out_open; /* between sop and eop */
	bool down;     /* pulled: what is sent in either direction is lost */
	rvl_wire_tx_fn *tx;
	void *tx_ctx;

	/* percentage of cycles in which the wire neither gives nor takes a beat; 0: never idle */
	unsigned idle_percent;
	uint64_t random;

	uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes;
	uint64_t tx_cut; /* frames that a reset of the data path has cut, or that ended in error;
			    they are gone */
	uint64_t lost;	 /* frames of either direction while it was down */
	uint64_t violations; /* beats against the rules of the stream: sop and eop misplaced */
};

/* Returns 0 or -ENOMEM. */
int rvl_wire_init(struct rvl_wire *w, uint64_t seed);
void rvl_wire_free(struct rvl_wire *w);

/*
 * Pull the wire, or plug it in again. What waits for the NIC is lost; underway says that it has
 * seen some of the first frame already, which then ends damaged. What the NIC sends is lost, too,
 * if it ends while the wire is out.
 */
void rvl_wire_link(struct rvl_wire *w, bool up, bool underway);

/*
 * Put a frame on the wire towards the NIC; err marks it as damaged. Returns 0, -EAGAIN when
 * RVL_WIRE_QUEUE frames wait, -EMSGSIZE when it is empty or longer than RVL_WIRE_MAX_FRAME.
 */
int rvl_wire_put(struct rvl_wire *w, const uint8_t *frame, uint32_t len, bool err);

/* The link went down: forget the frames on their way, in both directions. */
void rvl_wire_reset(struct rvl_wire *w);

/* Whether nothing waits for the NIC and no frame is leaving. */
bool rvl_wire_idle(const struct rvl_wire *w);

/*
 * One clock, between settling and clocking the model: what moved in this cycle (out, and in as it
 * was driven), then in for the next one.
 */
void rvl_wire_clock(struct rvl_wire *w, struct rvl_model_in *in, const struct rvl_model_out *out);

#endif
