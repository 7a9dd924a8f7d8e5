// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/handover.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/esp.h"

#define HEADROOM ((RVL_ESP_HEADROOM + 15) / 16 * 16)

struct message {
	struct message *behind;
	enum handover_point point;
	struct virtio_net_hdr header;
	size_t len; /* of the frame */
	uint8_t room[];
};

struct handover {
	pthread_mutex_t lock; /* guards all below up to the counters */
	struct message *first;
	struct message *last;
	size_t count;
	size_t octets;
	struct handover_counters counters;
	struct message *given; /* to who takes them */
};

struct handover *handover_new(void)
{
	struct handover *h = calloc(1, sizeof(*h));

	if (h)
		pthread_mutex_init(&h->lock, NULL);
	return h;
}

void handover_free(struct handover *h)
{
	struct message *next;

	if (!h)
		return;
	for (struct message *m = h->first; m; m = next) {
		next = m->behind;
		free(m);
	}
	free(h->given);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static struct message *message_of(enum handover_point point, const struct virtio_net_hdr *header,
				  const uint8_t *frame, size_t len)
{
	struct message *m = malloc(sizeof(*m) + HEADROOM + len + RVL_ESP_TAILROOM);

	if (!m)
		return NULL;
	*m = (struct message){.point = point, .len = len};
	if (header)
		m->header = *header;
	memcpy(m->room + HEADROOM, frame, len);
	return m;
}

static bool has_room(const struct handover *h, size_t len)
{
	return h->count < HANDOVER_FRAMES && h->octets + len <= HANDOVER_OCTETS;
}

bool handover_put(struct handover *h, enum handover_point point,
		  const struct virtio_net_hdr *header, const uint8_t *frame, size_t len)
{
	struct message *m = message_of(point, header, frame, len);
	bool wake = false;

	pthread_mutex_lock(&h->lock);
	if (m && has_room(h, len)) {
		wake = !h->count;
		if (h->count++)
			h->last->behind = m;
		else
			h->first = m;
		h->last = m;
		h->octets += len;
		h->counters.frames++;
		m = NULL;
	} else {
		h->counters.full[point]++;
	}
	pthread_mutex_unlock(&h->lock);
	free(m);
	return wake;
}

bool handover_next(struct handover *h, struct handed *handed)
{
	struct message *m;

	free(h->given);
	pthread_mutex_lock(&h->lock);
	m = h->first;
	if (m) {
		h->first = m->behind;
		h->count--;
		h->octets -= m->len;
	}
	pthread_mutex_unlock(&h->lock);
	h->given = m;
	if (!m)
		return false;
	*handed = (struct handed){
		.point = m->point,
		.header = m->header,
		.frame = {m->room, HEADROOM + m->len + RVL_ESP_TAILROOM, HEADROOM, m->len},
	};
	return true;
}

struct handover_counters handover_counters(struct handover *h)
{
	struct handover_counters counters;

	pthread_mutex_lock(&h->lock);
	counters = h->counters;
	pthread_mutex_unlock(&h->lock);
	return counters;
}
