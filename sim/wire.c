/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int rvl_wire_init(struct rvl_wire *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->random = seed * 2 + 1;
	w->queue = calloc(RVL_WIRE_QUEUE, sizeof(*w->queue));
	w->out = malloc(RVL_WIRE_MAX_FRAME);
	if (!w->queue || !w->out) {
		rvl_wire_free(w);
		return -ENOMEM;
	}
	return 0;
}

void rvl_wire_free(struct rvl_wire *w)
{
	free(w->queue);
	free(w->out);
	w->queue = NULL;
	w->out = NULL;
}

int rvl_wire_put(struct rvl_wire *w, const uint8_t *frame, uint32_t len, bool err)
{
	struct rvl_wire_frame *f = &w->queue[(w->head + w->count) % RVL_WIRE_QUEUE];

	if (len == 0 || len > RVL_WIRE_MAX_FRAME)
		return -EMSGSIZE;
	if (w->down) {
		w->lost++;
		return 0;
	}
	if (w->count == RVL_WIRE_QUEUE)
		return -EAGAIN;
	f->len = len;
	f->err = err;
	memcpy(f->data, frame, len);
	w->count++;
	return 0;
}

void rvl_wire_link(struct rvl_wire *w, bool up, bool underway)
{
	unsigned stays = underway && w->count;

	w->down = !up;
	if (up)
		return;
	w->lost += w->count - stays;
	w->count = stays;
	if (stays)
		w->queue[w->head].err = true;
}

void rvl_wire_reset(struct rvl_wire *w)
{
	w->head = w->count = 0;
	w->sent = 0;
	w->out_open = false;
	w->out_len = 0;
}

bool rvl_wire_idle(const struct rvl_wire *w)
{
	return w->count == 0 && !w->out_open;
}

static bool pause_now(struct rvl_wire *w)
{
	if (w->idle_percent == 0)
		return false;
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (w->random >> 32) % 100 < w->idle_percent;
}

static void drive(struct rvl_wire *w, struct rvl_model_in *in)
{
	const struct rvl_wire_frame *f = &w->queue[w->head];
	uint32_t left;

	in->port_tx_ready = !pause_now(w);
	/* Valid, once shown, stays until the beat is taken. */
	if (in->port_rx.valid || w->count == 0 || pause_now(w))
		return;
	left = f->len - w->sent;
	in->port_rx.valid = true;
	in->port_rx.sop = w->sent == 0;
	in->port_rx.eop = left <= RVL_BEAT_OCTETS;
	in->port_rx.bytes = (uint8_t)(in->port_rx.eop ? left : RVL_BEAT_OCTETS);
	in->port_rx.err = in->port_rx.eop && f->err;
	memset(in->port_rx.data, 0, sizeof(in->port_rx.data));
	memcpy(in->port_rx.data, f->data + w->sent, in->port_rx.bytes);
}

static void take_beat(struct rvl_wire *w, const struct rvl_frame_beat *beat)
{
	uint32_t bytes = beat->eop ? beat->bytes : RVL_BEAT_OCTETS;

	if (beat->sop == w->out_open || bytes == 0 || bytes > RVL_BEAT_OCTETS) {
		w->violations++;
		w->out_open = false;
		if (!beat->sop || bytes == 0 || bytes > RVL_BEAT_OCTETS)
			return;
	}
	if (beat->sop)
		w->out_len = 0;
	w->out_open = !beat->eop;
	if (w->out_len + bytes > RVL_WIRE_MAX_FRAME) {
		w->violations++;
		return;
	}
	memcpy(w->out + w->out_len, beat->data, bytes);
	w->out_len += bytes;
	if (!beat->eop)
		return;
	if (beat->err) {
		w->tx_cut++;
		return;
	}
	if (w->down) {
		w->lost++;
		return;
	}
	w->tx_frames++;
	w->tx_bytes += w->out_len;
	if (w->tx)
		w->tx(w->tx_ctx, w->out, w->out_len);
}

void rvl_wire_clock(struct rvl_wire *w, struct rvl_model_in *in, const struct rvl_model_out *out)
{
	if (out->port_tx.valid && in->port_tx_ready)
		take_beat(w, &out->port_tx);
	if (out->datapath_reset && w->out_open) {
		w->out_open = false;
		w->tx_cut++;
	}
	if (in->port_rx.valid && out->port_rx_ready) {
		in->port_rx.valid = false;
		w->sent += in->port_rx.bytes;
		if (in->port_rx.eop) {
			w->rx_frames++;
			w->rx_bytes += w->sent;
			w->sent = 0;
			w->head = (w->head + 1) % RVL_WIRE_QUEUE;
			w->count--;
		}
	}
	drive(w, in);
}
