/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hints that a peer has lost what it had, as who starts anew has: INVALID_IKE_SPI in clear, the
 * answer to a request of ours (RFC 7296, section 2.21.4), and INVALID_SPI about a packet of ours,
 * in clear or under protection (section 1.5).
 *
 *   HDR, SK {}                          -->    <--  HDR, N(INVALID_IKE_SPI)
 *   an ESP packet                       -->    <--  HDR(SPIs of nobody), N(INVALID_SPI, its SPI)
 *
 * Anybody can send those in clear, and section 2.4 forbids to conclude from them that the peer is
 * dead. So a hint ends nothing. It makes us ask now what we would have asked later; or, of what is
 * being asked already, take silence for the answer after IKE_HINT_PATIENCE_MS and some ten requests
 * in place of all retransmissions. A peer that lives answers one of them under protection, and the
 * hint was nothing; without an answer the IKE SA would have ended in any case.
 *
 * With the peer's token (qcd.c) it is no hint, but a proof.
 *
 * To be listened to, a hint must come from the peer's address, with the SPIs and the message ID of
 * the request, or with the SPI of what we send: who can't see that hardly guesses it. Who can, and
 * forges without end, makes us ask once in IKE_HINT_PAUSE_MS, and send the few more of each request
 * that the peer doesn't answer at once.
 */
#include "host/ike/sa.h"

/*
 * Is it up on both sides? Who began it can't answer before it has the last message of ours, which
 * may be lost; as long as that isn't known, silence says nothing.
 */
static bool is_up(const struct ike_sa *sa)
{
	return sa->state == IKE_STATE_ESTABLISHED &&
	       (sa->initiator || sa->last_heard_at > sa->established_at);
}

static bool follow(struct ike_engine *e, struct ike_sa *sa, uint64_t now, uint16_t hint)
{
	bool asked = sa->out.task && !sa->out.task->resume;

	/* Where it has to be found first, who answers may be anybody. */
	if (!is_up(sa) || sa->ways || (asked ? sa->out.hint != 0 : now < sa->hint_after) ||
	    !ike_rate_allows(&e->hints, now))
		return false;
	ike_log(e, IKE_LOG_DEBUG, sa, "the peer may have started anew (%s): %s",
		ike_notify_name(hint), asked ? "less patience" : "asks whether it lives");
	if (asked) {
		ike_hasten(e, sa, now, hint);
		return true;
	}
	sa->hint_after = now + IKE_HINT_PAUSE_MS;
	ike_liveness_check(e, sa);
	ike_sa_advance(e, sa, now);
	return true;
}

static void count(struct ike_engine *e, bool followed)
{
	if (followed)
		e->stats.hints++;
	else
		e->stats.drop_hint++;
}

/* Has it this notify in clear? */
static bool says_in_clear(const struct ike_in *in, uint16_t type, struct ike_notify *n)
{
	struct ike_payloads payloads;

	return ike_message_parse(in->datagram, in->hdr.next_payload, &payloads) == 0 &&
	       ike_find_notify(&payloads, type, n);
}

/* The answer to our request from who doesn't know its IKE SA? Not one of another kind: false. */
bool ike_hint_answers(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_notify n;

	if (!says_in_clear(in, IKE_N_INVALID_IKE_SPI, &n))
		return false;
	if (ike_qcd_lost(e, sa, in))
		return true;
	count(e, ike_addr_same_ip(&in->remote, &sa->path.remote) &&
			 follow(e, sa, in->now, IKE_N_INVALID_IKE_SPI));
	return true;
}

static struct ike_sa *sender_of(const struct ike_engine *e, const struct ike_notify *n,
				const struct ike_addr *remote)
{
	struct ike_cursor c = ike_cursor(n->data);
	uint32_t spi = ike_get_u32(&c);
	struct ike_child *child = ike_cursor_ok(&c) && !ike_cursor_left(&c)
					  ? ike_child_find_outbound(e, spi, remote)
					  : NULL;

	return child ? child->sa : NULL;
}

/* A packet of ours reached who doesn't know its SPI? Not a message of another kind: false. */
bool ike_hint_outside(struct ike_engine *e, const struct ike_in *in)
{
	struct ike_notify n;
	struct ike_sa *sa;

	if (in->hdr.exchange != IKE_INFORMATIONAL || !says_in_clear(in, IKE_N_INVALID_SPI, &n))
		return false;
	sa = sender_of(e, &n, &in->remote);
	count(e, sa && follow(e, sa, in->now, IKE_N_INVALID_SPI));
	return true;
}

/*
 * The same in an IKE SA. That one is known to live; what the packet belongs to may be an older one
 * that the peer has forgotten.
 */
void ike_hint_inside(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_notify n;
	struct ike_sa *other;

	if (!ike_find_notify(&in->payloads, IKE_N_INVALID_SPI, &n))
		return;
	other = sender_of(e, &n, &sa->path.remote);
	count(e, other && other != sa && follow(e, other, in->now, IKE_N_INVALID_SPI));
}
