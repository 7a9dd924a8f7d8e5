// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/pieces.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/engine.h"

#define DATAGRAMS 256
#define SOURCE_DATAGRAMS 64
#define OCTETS (4u << 20)
#define TIMEOUT_MS 30000

struct rvl_pieces {
	struct rvl_inbound *inbound;
	struct rvl_reassembly *reassembly;
	pthread_mutex_t lock; /* guards the counters */
	struct rvl_reassembly_counters counters;
};

struct rvl_pieces *rvl_pieces_new(struct rvl_inbound *inbound)
{
	static const struct rvl_reassembly_limits limits = {
		.datagrams = DATAGRAMS,
		.octets = OCTETS,
		.timeout_ms = TIMEOUT_MS,
		.source_datagrams = SOURCE_DATAGRAMS,
	};
	struct rvl_pieces *pieces = calloc(1, sizeof(*pieces));

	if (!pieces)
		return NULL;
	pieces->inbound = inbound;
	pieces->reassembly = rvl_reassembly_new(&limits);
	if (!pieces->reassembly) {
		free(pieces);
		return NULL;
	}
	pthread_mutex_init(&pieces->lock, NULL);
	return pieces;
}

void rvl_pieces_free(struct rvl_pieces *pieces)
{
	if (!pieces)
		return;
	rvl_reassembly_free(pieces->reassembly);
	pthread_mutex_destroy(&pieces->lock);
	free(pieces);
}

static bool is_piece(struct rvl_pieces *pieces, const uint8_t *frame, size_t len, size_t *l3)
{
	struct rvl_ip ip;

	if (rvl_frame_parse(frame, len, &ip, l3) != RVL_FRAME_IP || !ip.fragment)
		return false;
	return (ip.protocol == RVL_IP_PROTO_ESP || ip.protocol == RVL_IP_PROTO_AH ||
		ip.protocol == RVL_IP_PROTO_UDP) &&
	       rvl_inbound_is_own(pieces->inbound, &ip.dst);
}

enum rvl_pieces_result rvl_pieces_take(struct rvl_pieces *pieces, const uint8_t *frame, size_t len,
				       uint64_t now_ms, struct rvl_buf *whole)
{
	enum rvl_reassembly_result result;
	size_t l3;

	if (!is_piece(pieces, frame, len, &l3))
		return RVL_PIECES_ELSE;
	result = rvl_reassembly_take(pieces->reassembly, frame + l3, len - l3, now_ms, whole);
	pthread_mutex_lock(&pieces->lock);
	pieces->counters = *rvl_reassembly_counters(pieces->reassembly);
	pthread_mutex_unlock(&pieces->lock);
	if (result != RVL_REASSEMBLY_WHOLE)
		return RVL_PIECES_HELD;
	rvl_buf_push(whole, l3);
	memcpy(rvl_buf_data(whole), frame, l3);
	return RVL_PIECES_WHOLE;
}

struct rvl_reassembly_counters rvl_pieces_counters(struct rvl_pieces *pieces)
{
	struct rvl_reassembly_counters counters;

	pthread_mutex_lock(&pieces->lock);
	counters = pieces->counters;
	pthread_mutex_unlock(&pieces->lock);
	return counters;
}
