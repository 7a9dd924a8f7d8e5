/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer that is a cluster (RFC 6311): the member that takes over has the IKE SA, but may not know
 * the last message IDs and sequence numbers of the one before. It says which it goes on with, and
 * we answer with ours. We are no cluster, and never ask.
 *
 *   HDR, SK {IDi, AUTH, N(IKEV2_MESSAGE_ID_SYNC_SUPPORTED),
 *            N(IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED), ..}  -->
 *                                             <--  HDR, SK {IDr, AUTH, those of the two, ..}
 *
 *   HDR(0), SK {N(IKEV2_MESSAGE_ID_SYNC: nonce, M1, P1),
 *               [N(IPSEC_REPLAY_COUNTER_SYNC: delta)]}  -->
 *                             <--  HDR(0), SK {N(IKEV2_MESSAGE_ID_SYNC: nonce, P2, M2)}
 *
 * M1 is the ID of the member's next request, P1 of the one that it expects of us; P2 and M2 are
 * what holds from now on. Neither ever goes back (section 5.1), which is what makes an old message
 * harmless: its M1 isn't above all that was heard of the cluster. A copy of the last one, as long
 * as nothing was heard since, is a retransmission, whose answer was lost: it gets the same one, and
 * nothing moves.
 *
 * A request of ours that is out has an ID that the member won't take: it goes out again under P2,
 * as a new one would. While one of the peer's is being worked out, nothing moves: the member asks
 * again, once that is answered.
 *
 * Who takes over may have seen less of our packets than the one before. `delta` has our sequence
 * numbers go on as much further up, so that it can drop all below without losing any of ours.
 */
#include <stdlib.h>

#include "host/ike/sa.h"

enum { NONCE_LEN = 4 };

struct request {
	struct ike_slice nonce;
	uint32_t next;	   /* M1 */
	uint32_t expected; /* P1 */
	uint32_t delta;	   /* 0: none */
};

/* Who begins says it of itself, the other only if both do. */
void ike_sync_offer(struct ike_builder *b, const struct ike_sa *sa)
{
	if (sa->initiator || sa->syncs)
		ike_write_bare_notify(b, IKE_N_IKEV2_MESSAGE_ID_SYNC_SUPPORTED);
	if (sa->initiator || sa->syncs_counters)
		ike_write_bare_notify(b, IKE_N_IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED);
}

void ike_sync_agree(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct ike_notify n;

	sa->syncs = ike_find_notify(p, IKE_N_IKEV2_MESSAGE_ID_SYNC_SUPPORTED, &n);
	sa->syncs_counters = ike_find_notify(p, IKE_N_IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED, &n);
}

/* A successor is between the same two. */
void ike_sync_succeed(const struct ike_sa *old, struct ike_sa *sa)
{
	sa->syncs = old->syncs;
	sa->syncs_counters = old->syncs_counters;
}

static void free_synced(struct ike_synced *synced)
{
	if (synced)
		ike_buffer_free(&synced->answer);
	free(synced);
}

void ike_sync_free(struct ike_sa *sa)
{
	free_synced(sa->synced);
	sa->synced = NULL;
}

/* Section 5.1: nothing but the one, and the other once at most. */
static bool read_request(const struct ike_sa *sa, const struct ike_payloads *payloads,
			 struct request *r)
{
	unsigned ids = 0, counters = 0;
	struct ike_payload p;
	struct ike_notify n;

	*r = (struct request){0};
	for (struct ike_walk w = ike_payloads_walk(payloads); ike_payloads_next(&w, &p);) {
		struct ike_cursor c;

		if (p.type != IKE_PAYLOAD_NOTIFY || ike_parse_notify(p.body, &n))
			return false;
		c = ike_cursor(n.data);
		if (n.type == IKE_N_IKEV2_MESSAGE_ID_SYNC) {
			r->nonce = ike_get_slice(&c, NONCE_LEN);
			r->next = ike_get_u32(&c);
			r->expected = ike_get_u32(&c);
			ids++;
		} else if (n.type == IKE_N_IPSEC_REPLAY_COUNTER_SYNC && sa->syncs_counters) {
			r->delta = ike_get_u32(&c); /* no ESN: four octets */
			counters++;
		} else {
			return false;
		}
		if (!ike_cursor_ok(&c) || ike_cursor_left(&c))
			return false;
	}
	return ids == 1 && counters <= 1;
}

/* Above all that was heard of the cluster? IDs don't wrap, and none is left beyond the last. */
static bool is_new(const struct ike_sa *sa, const struct request *r, uint32_t ours)
{
	return r->next >= sa->in.next_id && (!sa->synced || r->next > sa->synced->highest) &&
	       r->next < UINT32_MAX && ours < UINT32_MAX;
}

static bool is_again(const struct ike_sa *sa, const uint8_t digest[32])
{
	return sa->synced && sa->in.next_id == sa->synced->highest &&
	       memcmp(digest, sa->synced->digest, sizeof(sa->synced->digest)) == 0;
}

/* One more than the highest that we have used, or more if the member expects that. */
static uint32_t our_next(const struct ike_sa *sa, uint32_t expected)
{
	uint32_t next = sa->out.next_id + (sa->out.request.data != NULL);

	return expected > next ? expected : next;
}

/* Those that the data path knows. False, without memory: perhaps not all. */
static bool skip(struct ike_engine *e, const struct ike_sa *sa, uint32_t packets)
{
	for (const struct ike_child *child = sa->children; child; child = child->next) {
		struct ike_action *a;

		if (!child->remove)
			continue;
		a = ike_emit(e, IKE_ACTION_CHILD_SKIP);
		if (!a)
			return false;
		a->skip = (struct ike_child_skip){
			.child_id = child->id,
			.spi_out = child->spi_out,
			.packets = packets,
		};
	}
	return true;
}

static int write_answer(struct ike_engine *e, struct ike_sa *sa, const struct request *r,
			uint32_t ours, struct ike_buffer *answer)
{
	struct ike_header hdr = ike_sa_header(sa, IKE_INFORMATIONAL, true, 0);
	uint8_t data[NONCE_LEN + 8];
	struct ike_writer w = ike_writer(data, sizeof(data));
	struct ike_builder b;

	ike_put_slice(&w, r->nonce);
	ike_put_u32(&w, ours);
	ike_put_u32(&w, r->next);
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_IKEV2_MESSAGE_ID_SYNC,
			 ike_written(&w));
	return ike_seal(e, sa, &hdr, &b, SIZE_MAX, answer);
}

/* Another member has taken over. False, without memory: it is to ask again. */
static bool follow(struct ike_engine *e, struct ike_sa *sa, const struct request *r, uint32_t ours,
		   const uint8_t digest[32])
{
	struct ike_synced *synced = calloc(1, sizeof(*synced));

	if (!synced || write_answer(e, sa, r, ours, &synced->answer) ||
	    (r->delta && !skip(e, sa, r->delta))) {
		free_synced(synced);
		e->stats.drop_memory++;
		return false;
	}
	ike_log(e, IKE_LOG_INFO, sa,
		"another member of the peer's cluster has taken over: its requests go on with ID "
		"%u, ours with %u",
		r->next, ours);
	ike_sync_free(sa);
	sa->synced = synced;
	synced->highest = r->next;
	memcpy(synced->digest, digest, sizeof(synced->digest));
	if (r->next > sa->in.next_id)
		ike_buffer_free(&sa->in.response); /* nobody asks for it again */
	sa->in.next_id = r->next;
	ike_fragments_drop(e, sa->in.waiting);
	e->stats.syncs++;
	return true;
}

static void answer(struct ike_engine *e, const struct ike_sa *sa, const struct ike_in *in)
{
	ike_emit_message(e, &in->local, &in->remote, &sa->synced->answer);
}

static void process(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in,
		    const struct request *r)
{
	uint32_t ours = our_next(sa, r->expected);
	uint8_t digest[32];
	bool again;

	if (ike_sha256(in->datagram, digest)) {
		e->stats.drop_memory++;
		return;
	}
	again = is_again(sa, digest);
	if (sa->in.task || (!again && !is_new(sa, r, ours))) {
		e->stats.drop_sync++;
		return;
	}
	if (!ike_rate_allows(&sa->in.again, in->now)) {
		e->stats.drop_limit++;
		return;
	}
	if (again) {
		e->stats.retransmissions_in++;
		answer(e, sa, in);
		return;
	}
	if (!follow(e, sa, r, ours, digest))
		return;
	answer(e, sa, in);
	sa->last_heard_at = in->now;
	ike_renumber(e, sa, in->now, ours);
	if (sa->state == IKE_STATE_DEAD)
		return;
	ike_path_follow(e, sa, in);
	ike_sa_advance(e, sa, in->now);
}

/*
 * Is it about message IDs? Then it is dealt with here, whatever comes of it. Its own is 0, as is
 * that of the first request of who hasn't sent any, so it is looked into before the window is.
 */
bool ike_sync_take(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in)
{
	const struct ike_exchange *exchange = ike_exchange_for_request(IKE_INFORMATIONAL);
	struct ike_notify n;
	struct request r;
	size_t len;

	if (!sa->syncs || in->hdr.message_id || in->hdr.exchange != IKE_INFORMATIONAL ||
	    in->hdr.flags & IKE_FLAG_RESPONSE || !(exchange->request_states & 1u << sa->state) ||
	    ike_message_parse(in->datagram, in->hdr.next_payload, &in->payloads) ||
	    in->payloads.encrypted_type != IKE_PAYLOAD_SK)
		return false;
	if (!ike_open(e, sa, in, in->payloads.encrypted, &len))
		return true;
	if (ike_payloads_parse(ike_slice(e->plain, len), in->payloads.inner_first, &in->payloads) ||
	    !ike_find_notify(&in->payloads, IKE_N_IKEV2_MESSAGE_ID_SYNC, &n))
		return false;
	if (read_request(sa, &in->payloads, &r))
		process(e, sa, in, &r);
	else
		e->stats.drop_sync++;
	return true;
}
