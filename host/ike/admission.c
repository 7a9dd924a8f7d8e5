/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which strangers are let in (RFC 7296, section 2.6; RFC 8019, sections 4, 6 and 7.1).
 *
 * While there are few, all are. Once many are half-open, here or of one address, or much has come
 * to nothing, who begins must return a cookie first, so that addresses are no longer forged. From
 * then on nobody is refused for where he comes from, as many may be behind one NAT: what is scarce
 * is shared. Half-open IKE SAs have a number of places, and the oldest gives way, of the address
 * that has the most (source.c). Key exchanges have places as well, and an address may have no more
 * of these than it leaves free, so that there is always one for somebody else.
 *
 * With still more, a puzzle comes with the cookie. Who solves it goes first: half of the places for
 * key exchanges are his, and of an address, those who haven't give way before he does. Who can't
 * shares the rest, so that it is a matter of chance when he is served, and of the load.
 *
 *   HDR, SA, KE, Ni  -->
 *                    <--  HDR, N(COOKIE), [N(PUZZLE)]
 *   HDR, N(COOKIE), [PS,] SA, KE, Ni  -->
 *
 * An answer without an IKE SA is never longer than what it answers, and there is one to each.
 */
#include "host/ike/puzzle.h"
#include "host/ike/sa.h"

static bool reached(unsigned count, unsigned threshold)
{
	return threshold != IKE_NO_LIMIT && count >= threshold;
}

/* So much has come to nothing that this had better not come from forged addresses. */
void ike_be_wary(struct ike_engine *e, uint64_t now)
{
	e->wary_until = now + IKE_WARY_MS;
}

static bool wants_cookie(const struct ike_engine *e, const struct ike_source *source, uint64_t now)
{
	const struct ike_limits *limits = &e->config.limits;

	return e->config.cookie_always || now < e->wary_until ||
	       reached(e->half_open.count + e->held_count, limits->cookie_threshold) ||
	       reached(source ? source->count : 0, limits->cookie_threshold_ip);
}

/* How many times a threshold is reached. */
static unsigned times(unsigned count, unsigned threshold)
{
	return threshold == IKE_NO_LIMIT ? 0 : count / threshold;
}

/* The zero bits of the puzzle that the load asks for, one more each time that it doubles; 0: none.
 */
static unsigned difficulty(const struct ike_engine *e, const struct ike_source *source)
{
	const struct ike_limits *limits = &e->config.limits;
	unsigned load = times(e->half_open.count, limits->puzzle_threshold);
	unsigned here = times(source ? source->count : 0, limits->puzzle_threshold_ip);
	unsigned most = limits->puzzle_difficulty, bits;

	load = here > load ? here : load;
	if (!load || most == IKE_NO_LIMIT)
		return 0;
	bits = most > IKE_PUZZLE_STEPS ? most - IKE_PUZZLE_STEPS : 1;
	while (load >>= 1)
		bits++;
	return bits < most ? bits : most;
}

/* Section 7.1.1.2: the first that the initiator offers and we have, or 0. */
static uint16_t offered_prf(const struct ike_in *in)
{
	struct ike_received_proposal proposal;
	struct ike_transform transform;
	struct ike_sa_payload offer;
	struct ike_slice body;

	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_SA, &body) || ike_parse_sa(body, &offer))
		return 0;
	for (struct ike_cursor c = ike_cursor(offer.proposals); ike_next_proposal(&c, &proposal);) {
		for (struct ike_cursor t = ike_cursor(proposal.transforms);
		     ike_next_transform(&t, &transform);) {
			if (transform.type == IKE_TRANSFORM_PRF && ike_prf_len(transform.id))
				return transform.id;
		}
	}
	return 0;
}

/* Without a PRF that both have there is no IKE SA either: it will be told so once it is back. */
static void ask(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni, unsigned bits)
{
	uint8_t cookie[IKE_COOKIE_MAX], content[3];
	struct ike_writer w = ike_writer(content, sizeof(content));
	uint16_t prf = bits ? offered_prf(in) : 0;
	struct ike_builder b;
	size_t len;

	if (!prf)
		bits = 0;
	if (ike_cookie_make(e, in, ni, (uint8_t)bits, prf, cookie, &len))
		return;
	ike_answer_begin(e, &b, in, 0);
	ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_COOKIE,
			 ike_slice(cookie, len));
	if (bits) {
		ike_put_u16(&w, prf);
		ike_put_u8(&w, (uint8_t)bits);
		ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_PUZZLE,
				 ike_written(&w));
		e->stats.puzzles_sent++;
	}
	if (b.w.len > in->datagram.len) {
		e->stats.drop_malformed++;
		return;
	}
	e->stats.cookies_sent++;
	ike_answer_end(e, &b, in);
}

/* A solution counts once: the cookie may be returned again as long as it is valid. */
static uint64_t *spent_at(struct ike_engine *e, uint64_t id)
{
	return &e->spent[id % IKE_SPENT_MAX];
}

static bool has_solved(struct ike_engine *e, const struct ike_in *in, struct ike_slice cookie,
		       const struct ike_cookie *info)
{
	struct ike_slice solution;

	if (!info->difficulty || *spent_at(e, info->id) == info->id ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_PS, &solution))
		return false;
	if (ike_puzzle_solved(info->prf, cookie, solution) >= info->difficulty)
		return true;
	e->stats.puzzles_wrong++;
	return false;
}

/* Are there places for it? */
static bool has_place(const struct ike_engine *e, const struct ike_source *source, bool first)
{
	const struct ike_limits *limits = &e->config.limits;
	unsigned free = e->computing < limits->computing ? limits->computing - e->computing : 0;

	return (first ? free : free / 2) > (source ? source->computing : 0) &&
	       !reached(source ? source->count : 0, limits->half_open_per_ip) &&
	       e->sa_count < e->config.max_sas;
}

/*
 * May a request that is no known one's be looked into? If not, it is answered or counted; if it
 * may, *solved is the puzzle that it has solved, or 0.
 */
bool ike_admit(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni, uint64_t *solved)
{
	const struct ike_source *source = ike_source_find(e, &in->remote);
	unsigned bits = difficulty(e, source);
	struct ike_cookie cookie = {0};
	struct ike_notify n;

	*solved = 0;
	if (bits || wants_cookie(e, source, in->now)) {
		bool is_there = ike_find_notify(&in->payloads, IKE_N_COOKIE, &n);

		if (!is_there || !ike_cookie_valid(e, in, ni, n.data, &cookie)) {
			e->stats.cookies_wrong += is_there;
			ask(e, in, ni, bits);
			return false;
		}
		if (bits && has_solved(e, in, n.data, &cookie))
			*solved = cookie.id;
	}
	if (has_place(e, source, *solved || !bits))
		return true;
	if (bits > cookie.difficulty)
		ask(e, in, ni, bits);
	else
		e->stats.drop_limit++;
	return false;
}

/* It is worth an IKE SA: is there room for one, or can room be made? */
bool ike_admit_sa(struct ike_engine *e, uint64_t solved)
{
	if (!ike_half_open_room(e)) {
		e->stats.drop_limit++;
		return false;
	}
	if (solved) {
		*spent_at(e, solved) = solved;
		e->stats.puzzles_solved++;
	}
	return true;
}

static void set_default(unsigned *value, unsigned fallback)
{
	if (!*value)
		*value = fallback;
}

void ike_engine_set_limits(struct ike_engine *e, const struct ike_limits *limits)
{
	struct ike_limits *own = &e->config.limits;

	*own = *limits;
	set_default(&own->half_open, 2000);
	set_default(&own->half_open_per_ip, IKE_NO_LIMIT);
	set_default(&own->computing, 200);
	set_default(&own->cookie_threshold, 30);
	set_default(&own->cookie_threshold_ip, 3);
	set_default(&own->puzzle_threshold, 500);
	set_default(&own->puzzle_threshold_ip, 100);
	set_default(&own->puzzle_difficulty, 18);
	set_default(&own->puzzle_effort, 22);
}
