/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Post-quantum pre-shared keys (RFC 8784): mixed into SK_d, and so into the keys of all Child SAs
 * and of successors, and into SK_pi and SK_pr, and so into AUTH.
 *
 *   HDR, SAi1, KEi, Ni, N(USE_PPK)  -->  <--  HDR, SAr1, KEr, Nr, N(USE_PPK)
 *   HDR, SK {IDi, AUTH, ..., N(PPK_IDENTITY, ID) [, N(NO_PPK_AUTH, AUTH without)]}  -->
 *                                       <--  HDR, SK {IDr, AUTH, ... [, N(PPK_IDENTITY)]}
 *
 * With EAP they go with the last AUTH of each side (section 3); the responder's first one is
 * without. A responder that doesn't have the key goes on without it where both may.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

enum { ID_FIXED = 2 }; /* of PPK_IDENTITY (section 5.1) */

static const struct ike_slice nothing;

struct ike_ppk {
	struct ike_ppk *next;
	struct ike_id id;
	size_t len;
	uint8_t key[];
};

/* The keys that aren't in force: with a PPK mixed in, or, once those are, without. */
struct ike_mixed {
	uint8_t sk_d[IKE_PRF_MAX];
	struct ike_auth_keys auth;
};

int ike_engine_add_ppk(struct ike_engine *e, const struct ike_id *id, struct ike_slice key)
{
	struct ike_ppk *ppk;

	if (!ike_id_is_one(id) || !id->len || key.len == 0 || key.len > IKE_SECRET_MAX)
		return -EINVAL;
	ppk = malloc(sizeof(*ppk) + key.len);
	if (!ppk)
		return -ENOMEM;
	*ppk = (struct ike_ppk){.next = e->ppks, .id = *id, .len = key.len};
	memcpy(ppk->key, key.data, key.len);
	e->ppks = ppk;
	return 0;
}

void ike_engine_clear_ppks(struct ike_engine *e)
{
	while (e->ppks) {
		struct ike_ppk *ppk = e->ppks;

		e->ppks = ppk->next;
		OPENSSL_cleanse(ppk, sizeof(*ppk) + ppk->len);
		free(ppk);
	}
}

/* What kind of identity it is isn't said on the wire. */
static const struct ike_ppk *find(const struct ike_engine *e, struct ike_slice id)
{
	const struct ike_ppk *ppk = e->ppks;

	while (ppk && !ike_slice_equal(ike_id_slice(&ppk->id), id))
		ppk = ppk->next;
	return ppk;
}

void ike_mixed_free(struct ike_mixed *mixed)
{
	if (!mixed)
		return;
	OPENSSL_cleanse(mixed, sizeof(*mixed));
	free(mixed);
}

static int mix_one(const struct ike_sa *sa, const struct ike_ppk *ppk, const uint8_t *old,
		   uint8_t *out)
{
	const struct ike_slice seed = ike_slice(old, sa->keys.prf_len);

	return ike_prf_plus(sa->suite.prf, ike_slice(ppk->key, ppk->len), &seed, 1, out,
			    sa->keys.prf_len);
}

/* Section 3: SK_x = prf+(PPK, SK_x'), as long as before. */
static int mix(struct ike_sa *sa, const struct ike_ppk *ppk)
{
	const struct ike_auth_keys *auth = &sa->handshake->auth_keys;
	struct ike_mixed *mixed = calloc(1, sizeof(*mixed));

	if (!mixed)
		return -ENOMEM;
	if (mix_one(sa, ppk, sa->keys.sk_d, mixed->sk_d) ||
	    mix_one(sa, ppk, auth->sk_pi, mixed->auth.sk_pi) ||
	    mix_one(sa, ppk, auth->sk_pr, mixed->auth.sk_pr)) {
		ike_mixed_free(mixed);
		return -EIO;
	}
	sa->handshake->mixed = mixed;
	return 0;
}

static void swap(struct ike_sa *sa)
{
	struct ike_handshake *h = sa->handshake;
	const struct ike_mixed before = *h->mixed;

	memcpy(h->mixed->sk_d, sa->keys.sk_d, sizeof(h->mixed->sk_d));
	h->mixed->auth = h->auth_keys;
	memcpy(sa->keys.sk_d, before.sk_d, sizeof(sa->keys.sk_d));
	h->auth_keys = before.auth;
	OPENSSL_cleanse((void *)(uintptr_t)&before, sizeof(before));
	sa->has_ppk = !sa->has_ppk;
}

/* Initiator */

void ike_ppk_offer(struct ike_builder *b, const struct ike_sa *sa)
{
	if (sa->conn->ppk_id.type != IKE_ID_ANY)
		ike_write_bare_notify(b, IKE_N_USE_PPK);
}

void ike_ppk_agree(struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_notify n;

	sa->handshake->ppk = sa->conn->ppk_id.type != IKE_ID_ANY &&
			     ike_find_notify(&in->payloads, IKE_N_USE_PPK, &n);
}

const char *ike_ppk_prepare(const struct ike_engine *e, struct ike_sa *sa)
{
	const struct ike_ppk *ppk =
		sa->handshake->ppk ? find(e, ike_id_slice(&sa->conn->ppk_id)) : NULL;

	if (ppk)
		return mix(sa, ppk) ? "out of memory" : NULL;
	if (!sa->conn->ppk_required)
		return NULL;
	return sa->handshake->ppk ? "there is no secret for ppk_id (secrets.ppk*)"
				  : "peer has no post-quantum pre-shared keys (ppk_required)";
}

bool ike_ppk_is_prepared(const struct ike_sa *sa)
{
	return sa->handshake->mixed && !sa->has_ppk;
}

void ike_ppk_put_in_force(struct ike_sa *sa)
{
	swap(sa);
}

void ike_ppk_write(struct ike_builder *b, const struct ike_sa *sa, struct ike_slice without)
{
	uint8_t identity[1 + IKE_ID_MAX];
	struct ike_writer w = ike_writer(identity, sizeof(identity));

	if (!sa->has_ppk)
		return;
	ike_put_u8(&w, ID_FIXED);
	ike_put_slice(&w, ike_id_slice(&sa->conn->ppk_id));
	ike_write_notify(b, IKE_PROTO_NONE, nothing, IKE_N_PPK_IDENTITY, ike_written(&w));
	if (without.len)
		ike_write_notify(b, IKE_PROTO_NONE, nothing, IKE_N_NO_PPK_AUTH, without);
}

bool ike_ppk_settle(struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_notify n;

	if (!sa->has_ppk || ike_find_notify(&in->payloads, IKE_N_PPK_IDENTITY, &n))
		return true;
	if (sa->conn->ppk_required)
		return false;
	swap(sa);
	return true;
}

/* Responder */

void ike_ppk_heed(const struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_notify n;

	sa->handshake->ppk = e->ppks && ike_find_notify(&in->payloads, IKE_N_USE_PPK, &n);
}

void ike_ppk_write_heeded(struct ike_builder *b, const struct ike_sa *sa)
{
	if (sa->handshake->ppk)
		ike_write_bare_notify(b, IKE_N_USE_PPK);
}

/* The key that the initiator names, if it may. */
static const struct ike_ppk *named(const struct ike_engine *e, const struct ike_sa *sa,
				   const struct ike_connection *conn, struct ike_slice identity)
{
	const struct ike_slice id = ike_slice(identity.data + 1, identity.len - 1);

	/* It isn't mixed in midst of rounds of AUTH, nor into what proves nothing. */
	if (!sa->handshake->ppk || identity.data[0] != ID_FIXED ||
	    (conn && (conn->auth.remote_follows || conn->auth.remote == IKE_BY_NULL)))
		return NULL;
	if (conn && conn->ppk_id.type != IKE_ID_ANY &&
	    !ike_slice_equal(ike_id_slice(&conn->ppk_id), id))
		return NULL;
	return find(e, id);
}

struct ike_slice ike_ppk_accept(const struct ike_engine *e, struct ike_sa *sa,
				const struct ike_connection *conn, const struct ike_in *in,
				struct ike_slice auth_body, struct ike_buffer *other,
				const char **why)
{
	struct ike_notify n = {0}, without;
	const bool says = ike_find_notify(&in->payloads, IKE_N_PPK_IDENTITY, &n) && n.data.len > 1;
	const struct ike_ppk *ppk = says ? named(e, sa, conn, n.data) : NULL;

	*why = NULL;
	if (ppk) {
		if (mix(sa, ppk))
			*why = "out of memory";
		else
			swap(sa);
		return auth_body;
	}
	if (conn && conn->ppk_required)
		*why = says ? "its post-quantum pre-shared key isn't known here"
			    : "it has no post-quantum pre-shared key (ppk_required)";
	if (*why || !says || auth_body.len < 4)
		return auth_body;
	if (!ike_find_notify(&in->payloads, IKE_N_NO_PPK_AUTH, &without)) {
		*why = "its post-quantum pre-shared key isn't known here";
		return auth_body;
	}
	other->data = malloc(4 + without.data.len);
	if (!other->data) {
		*why = "out of memory";
		return auth_body;
	}
	memcpy(other->data, auth_body.data, 4); /* the same method */
	memcpy(other->data + 4, without.data.data, without.data.len);
	other->len = 4 + without.data.len;
	return ike_buffer_slice(other);
}

void ike_ppk_write_accepted(struct ike_builder *b, const struct ike_sa *sa)
{
	if (sa->has_ppk)
		ike_write_bare_notify(b, IKE_N_PPK_IDENTITY);
}
