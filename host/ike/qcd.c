/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Quick crash detection (RFC 6290), both roles: a token for each IKE SA that only who has our
 * secret can make, given to the peer under protection. Whoever starts anew with the same secret,
 * and gets a request in an IKE SA that it doesn't have, shows it in clear, and the peer knows that
 * the IKE SA is gone.
 *
 *   HDR, SK {IDi, AUTH, N(QCD_TOKEN), ..}  -->
 *                                          <--  HDR, SK {IDr, AUTH, N(QCD_TOKEN), ..}
 *   a request                              -->
 *                                          <--  HDR, N(INVALID_IKE_SPI), N(QCD_TOKEN)
 *
 * After the IKE SA is rekeyed, its responder's token comes in the answer, and its initiator's in an
 * INFORMATIONAL exchange of the new one (section 4.3).
 *
 * A token must never be shown of an IKE SA that is there (section 9.2): who gets hold of one ends
 * it. So it isn't shown when either SPI of a request is one of ours, whoever the request says
 * that has begun it; and no two that are asked under one address may have the same secret.
 */
#include <stdlib.h>

#include "host/ike/sa.h"

enum { HASH_LEN = 32, TOKEN_LEN = 32, TOKEN_MIN = 16, TOKEN_MAX = 128, TOKENS_MAX = 4 };

/* PRF(secret, SPIi | SPIr) (section 5.1) */
static int make_token(const struct ike_engine *e, uint64_t spi_i, uint64_t spi_r,
		      uint8_t out[TOKEN_LEN])
{
	uint8_t text[16];
	struct ike_writer w = ike_writer(text, sizeof(text));
	struct ike_slice part = ike_slice(text, sizeof(text));

	ike_put_u64(&w, spi_i);
	ike_put_u64(&w, spi_r);
	return ike_prf(IKE_PRF_HMAC_SHA2_256, ike_slice(e->qcd_secret, sizeof(e->qcd_secret)),
		       &part, 1, out);
}

static void write_token(struct ike_engine *e, struct ike_builder *b, uint64_t spi_i, uint64_t spi_r)
{
	uint8_t token[TOKEN_LEN];

	if (e->qcd && make_token(e, spi_i, spi_r, token) == 0)
		ike_write_notify(b, IKE_PROTO_IKE, ike_slice(NULL, 0), IKE_N_QCD_TOKEN,
				 ike_slice(token, sizeof(token)));
}

/* Ours, if we make tokens, under the protection of this or its predecessor. */
void ike_qcd_write(struct ike_engine *e, struct ike_builder *b, const struct ike_sa *sa)
{
	write_token(e, b, sa->spi_i, sa->spi_r);
}

/* We have rekeyed it: the peer has yet to get our token. */
void ike_qcd_owe(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	if (!e->qcd || sa->state != IKE_STATE_ESTABLISHED)
		return;
	sa->owes_token = true;
	ike_liveness_check(e, sa);
	ike_sa_advance(e, sa, now);
}

/* In clear, about an IKE SA of nobody's. */
void ike_qcd_show(struct ike_engine *e, struct ike_builder *b, const struct ike_in *in)
{
	if (in->hdr.spi_i && in->hdr.spi_r && !ike_sa_find(e, in->hdr.spi_i) &&
	    !ike_sa_find(e, in->hdr.spi_r))
		write_token(e, b, in->hdr.spi_i, in->hdr.spi_r);
}

static bool is_token(const struct ike_notify *n)
{
	return n->data.len >= TOKEN_MIN && n->data.len <= TOKEN_MAX;
}

/* The peer's, from a message that was authentic; the last one counts. Its hash is all that it
 * takes. */
void ike_qcd_learn(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct ike_notify n;

	if (!ike_find_notify(p, IKE_N_QCD_TOKEN, &n) || !is_token(&n))
		return;
	if (!sa->token)
		sa->token = malloc(HASH_LEN);
	if (sa->token && ike_sha256(n.data, sa->token)) {
		free(sa->token);
		sa->token = NULL;
	}
}

/* Does a message in clear show it? Of several one is enough (section 4.5). */
static bool shows_token(const struct ike_sa *sa, const struct ike_in *in, bool *other)
{
	struct ike_payloads payloads;
	struct ike_payload p;
	struct ike_notify n;
	uint8_t hash[HASH_LEN];
	unsigned count = 0;

	if (ike_message_parse(in->datagram, in->hdr.next_payload, &payloads))
		return false;
	for (struct ike_walk w = ike_payloads_walk(&payloads); ike_payloads_next(&w, &p);) {
		if (p.type != IKE_PAYLOAD_NOTIFY || ike_parse_notify(p.body, &n) ||
		    n.type != IKE_N_QCD_TOKEN || !is_token(&n) || ++count > TOKENS_MAX)
			continue;
		*other = true;
		if (sa->token && ike_sha256(n.data, hash) == 0 &&
		    CRYPTO_memcmp(hash, sa->token, sizeof(hash)) == 0)
			return true;
	}
	return false;
}

/* Has the peer proved that it has started anew? Then the IKE SA is gone. */
bool ike_qcd_lost(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	bool other = false;

	if (!shows_token(sa, in, &other)) {
		e->stats.qcd_wrong += other;
		return false;
	}
	e->stats.qcd_proofs++;
	e->stats.peers_dead++;
	sa->cause =
		sa->connected && sa->state != IKE_STATE_DELETING ? IKE_CAUSE_DEAD : IKE_CAUSE_OURS;
	ike_sa_down(e, sa, "peer is dead: it has proved that it started anew (QCD_TOKEN)");
	return true;
}
