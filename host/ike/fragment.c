/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages that come in fragments (RFC 7383, section 2.6). Each fragment is opened before it is
 * kept, so who hasn't the keys can't make anything wait; who has them, but isn't known yet, shares
 * his memory with all that are half-open, and the longest-waiting goes first.
 */
#include <stdlib.h>

#include "host/ike/sa.h"

static struct ike_fragments_queue *queue_of(struct ike_engine *e, const struct ike_fragments *f)
{
	return &e->fragments[f->half_open];
}

static void append(struct ike_engine *e, struct ike_fragments *f)
{
	struct ike_fragments_queue *q = queue_of(e, f);

	f->older = q->newest;
	if (q->newest)
		q->newest->newer = f;
	else
		q->oldest = f;
	q->newest = f;
}

static void take_out(struct ike_engine *e, struct ike_fragments *f)
{
	struct ike_fragments_queue *q = queue_of(e, f);

	*(f->older ? &f->older->newer : &q->oldest) = f->newer;
	*(f->newer ? &f->newer->older : &q->newest) = f->older;
}

static void count_memory(struct ike_engine *e, struct ike_fragments *f, size_t octets)
{
	f->memory += octets;
	queue_of(e, f)->memory += octets;
}

static void release(struct ike_engine *e, struct ike_fragments *f)
{
	take_out(e, f);
	queue_of(e, f)->memory -= f->memory;
	*f->owner = NULL;
	while (f->list) {
		struct ike_fragment *part = f->list;

		f->list = part->next;
		OPENSSL_cleanse(part->data, part->len);
		free(part);
	}
	free(f);
}

/* An incomplete message is given up. NULL is fine. */
void ike_fragments_drop(struct ike_engine *e, struct ike_fragments *f)
{
	if (!f)
		return;
	e->stats.drop_fragment_incomplete += f->count;
	release(e, f);
}

static struct ike_fragments *begin(struct ike_engine *e, struct ike_sa *sa,
				   struct ike_fragments **owner, const struct ike_in *in,
				   uint16_t total)
{
	struct ike_fragments *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->owner = owner;
	f->total = total;
	f->exchange = in->hdr.exchange;
	f->half_open = sa->state == IKE_STATE_HALF_OPEN;
	append(e, f);
	count_memory(e, f, sizeof(*f));
	*owner = f;
	return f;
}

static void evict(struct ike_engine *e, struct ike_fragments *f)
{
	e->stats.drop_fragment_limit += f->count;
	release(e, f);
}

/* The oldest but this one, which is smaller than any of the limits. */
static struct ike_fragments *oldest(const struct ike_fragments_queue *q,
				    const struct ike_fragments *but)
{
	return q->oldest == but ? but->newer : q->oldest;
}

static void make_room(struct ike_engine *e, const struct ike_fragments *f)
{
	struct ike_fragments_queue *others = &e->fragments[0], *half_open = &e->fragments[1];
	struct ike_fragments *victim;

	while (half_open->memory > IKE_FRAGMENTS_MEMORY_HALF_OPEN &&
	       (victim = oldest(half_open, f)))
		evict(e, victim);
	while (half_open->memory + others->memory > IKE_FRAGMENTS_MEMORY &&
	       ((victim = oldest(half_open, f)) || (victim = oldest(others, f))))
		evict(e, victim);
}

/* Where it belongs: at the end, mostly. */
static struct ike_fragment **place(struct ike_fragments *f, uint16_t number)
{
	struct ike_fragment **at = &f->list;

	while (*at && (*at)->number < number)
		at = &(*at)->next;
	return at;
}

static bool has(struct ike_fragments *f, uint16_t number)
{
	const struct ike_fragment *part = *place(f, number);

	return part && part->number == number;
}

/* What lies in e->plain. False: it doesn't fit, and no more of it does. */
static bool keep(struct ike_engine *e, struct ike_fragments *f, uint16_t number, size_t len)
{
	struct ike_fragment **at = place(f, number), *part;

	if (len > sizeof(e->plain) - f->len) {
		e->stats.drop_fragment_limit++;
		evict(e, f);
		return false;
	}
	part = malloc(sizeof(*part) + len);
	if (!part) {
		e->stats.drop_memory++;
		return false;
	}
	part->next = *at;
	part->number = number;
	part->len = len;
	memcpy(part->data, e->plain, len);
	*at = part;
	f->count++;
	f->len += len;
	count_memory(e, f, sizeof(*part) + len);
	e->stats.fragments_in++;
	return true;
}

static void put_together(struct ike_engine *e, const struct ike_fragments *f)
{
	struct ike_writer w = ike_writer(e->plain, sizeof(e->plain));

	for (const struct ike_fragment *part = f->list; part; part = part->next)
		ike_put(&w, part->data, part->len);
	e->stats.reassembled++;
}

/*
 * Numbers, and what else can be seen from outside. Only the first may have other payloads before
 * it, and it says what the message begins with (sections 2.5 and 2.5.3).
 */
static bool read_outside(struct ike_engine *e, const struct ike_sa *sa, const struct ike_in *in,
			 struct ike_skf *skf)
{
	const struct ike_payloads *p = &in->payloads;

	if (!sa->fragmentation) {
		e->stats.drop_fragment_unasked++;
		return false;
	}
	if (ike_parse_skf(p->encrypted, skf) || skf->total > IKE_FRAGMENTS_MAX ||
	    (skf->number > 1 && p->first != IKE_PAYLOAD_SKF) ||
	    (skf->number == 1 && skf->total > 1 && p->inner_first == IKE_PAYLOAD_NONE)) {
		e->stats.drop_fragment_malformed++;
		return false;
	}
	return true;
}

/* Is it worth to be opened? */
static bool is_new(struct ike_engine *e, struct ike_fragments *f, const struct ike_in *in,
		   const struct ike_skf *skf)
{
	if (!f)
		return true;
	if (f->exchange != in->hdr.exchange)
		e->stats.drop_fragment_malformed++;
	else if (skf->total < f->total)
		e->stats.drop_fragment_total++;
	else if (skf->total == f->total && has(f, skf->number))
		e->stats.drop_fragment_duplicate++;
	else
		return true;
	return false;
}

/*
 * A fragment of a message that is waited for. Returns true when it was the last one that was
 * missing: then the payloads of all are in e->plain, *len octets, the first of type *first, and
 * `digest` is that of the first one's datagram.
 */
bool ike_fragment_take(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
		       uint8_t digest[32], uint8_t *first, size_t *len)
{
	struct ike_fragments **at =
		in->hdr.flags & IKE_FLAG_RESPONSE ? &sa->out.waiting : &sa->in.waiting;
	struct ike_fragments *f;
	struct ike_skf skf;

	if (!read_outside(e, sa, in, &skf) || !is_new(e, *at, in, &skf) ||
	    !ike_open(e, sa, in, skf.data, len))
		return false;
	if (*at && skf.total > (*at)->total) /* smaller ones than before */
		ike_fragments_drop(e, *at);
	f = *at ? *at : begin(e, sa, at, in, skf.total);
	if (!f) {
		e->stats.drop_memory++;
		return false;
	}
	ike_timer_set(e, &sa->timers[IKE_TIMER_FRAGMENTS], in->now + IKE_FRAGMENTS_MS);
	if (!keep(e, f, skf.number, *len))
		return false;
	if (skf.number == 1) {
		f->first = in->payloads.inner_first;
		if (ike_sha256(in->datagram, f->digest)) {
			ike_fragments_drop(e, f);
			return false;
		}
	}
	make_room(e, f);
	if (f->count < f->total)
		return false;
	put_together(e, f);
	*first = f->first;
	*len = f->len;
	memcpy(digest, f->digest, sizeof(f->digest));
	in->fragments = f->total;
	release(e, f);
	return true;
}

/*
 * Section 2.6.1: of a request that was taken already only the first fragment asks for the answer
 * again, so that there is one answer to all of them.
 */
bool ike_fragment_asks_again(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in)
{
	struct ike_skf skf;
	size_t len;

	if (!read_outside(e, sa, in, &skf))
		return false;
	if (skf.number != 1) {
		e->stats.drop_fragment_duplicate++;
		return false;
	}
	in->fragments = skf.total;
	return ike_open(e, sa, in, skf.data, &len);
}
