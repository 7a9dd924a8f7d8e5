/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared keys and whom they belong to. */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

/* Whom it matches only who is equal to it. */
static bool is_just_one(const struct ike_id *id)
{
	return ike_id_is_one(id) && id->type != IKE_ID_DER_ASN1_DN;
}

static void psk_free(struct ike_engine *e, struct ike_psk *psk)
{
	for (unsigned i = 0; i < psk->owner_count; i++)
		ike_table_remove(&e->by_owner, &psk->owners[i].by_owner);
	free(psk->owners);
	OPENSSL_cleanse(psk, sizeof(*psk) + psk->len);
	free(psk);
}

/* To be found by those whom it belongs to. */
static void place(struct ike_engine *e, struct ike_psk *psk)
{
	bool loose = !psk->owner_count;

	for (unsigned i = 0; i < psk->owner_count; i++) {
		struct ike_owner *owner = &psk->owners[i];

		if (is_just_one(&owner->id))
			ike_table_add(&e->by_owner, &owner->by_owner, ike_id_hash(e, &owner->id));
		else
			loose = true;
	}
	psk->order = ++e->last_psk;
	psk->next = e->psks;
	e->psks = psk;
	if (!loose)
		return;
	psk->next_loose = e->loose_psks;
	e->loose_psks = psk;
}

int ike_engine_add_psk(struct ike_engine *e, const struct ike_id *owners, unsigned owner_count,
		       struct ike_slice key)
{
	struct ike_psk *psk;

	if (key.len == 0 || key.len > IKE_SECRET_MAX)
		return -EINVAL;
	psk = calloc(1, sizeof(*psk) + key.len);
	if (!psk)
		return -ENOMEM;
	psk->owners = calloc(owner_count + 1, sizeof(*psk->owners));
	if (!psk->owners) {
		free(psk);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < owner_count; i++)
		psk->owners[i] = (struct ike_owner){.psk = psk, .id = owners[i]};
	psk->owner_count = owner_count;
	psk->len = key.len;
	memcpy(psk->key, key.data, key.len);
	place(e, psk);
	return 0;
}

void ike_engine_clear_psks(struct ike_engine *e)
{
	while (e->psks) {
		struct ike_psk *psk = e->psks;

		e->psks = psk->next;
		psk_free(e, psk);
	}
	e->loose_psks = NULL;
}

/* What only a key comes up to that names the peer. */
enum { FOR_THIS_PEER = (IKE_ID_MATCH_EXACT + 1) * IKE_ID_MATCH_EXACT };

/* How well a key fits a pair of identities; below 0: it isn't for them. */
static int fitness(const struct ike_psk *psk, const struct ike_id *local,
		   const struct ike_id *remote)
{
	unsigned of_remote = IKE_ID_MATCH_NONE, of_local = IKE_ID_MATCH_NONE;
	bool of_others = false, of_anybody = !psk->owner_count;

	for (unsigned i = 0; i < psk->owner_count; i++) {
		const struct ike_id *owner = &psk->owners[i].id;
		unsigned match_remote = ike_id_match(owner, remote);
		unsigned match_local = ike_id_match(owner, local);

		if (owner->type == IKE_ID_ANY)
			of_anybody = true;
		else if (match_remote)
			of_remote = match_remote > of_remote ? match_remote : of_remote;
		else if (match_local)
			of_local = match_local > of_local ? match_local : of_local;
		else
			of_others = true;
	}
	/* A key that names peers is for these, however much our own identity is among its owners.
	 */
	if (!of_remote && !of_anybody && (of_others || !of_local))
		return -1;
	/* The peer's identity says more about the key than our own; "any" says nothing. */
	return (int)((IKE_ID_MATCH_EXACT + 1) * of_remote + of_local);
}

/* The best so far, of two as good the newer one. */
struct choice {
	const struct ike_psk *psk;
	int fitness;
};

static void consider(struct choice *best, const struct ike_psk *psk, const struct ike_id *local,
		     const struct ike_id *remote)
{
	int f = fitness(psk, local, remote);

	if (f > best->fitness || (f >= 0 && f == best->fitness && psk->order > best->psk->order))
		*best = (struct choice){psk, f};
}

static void consider_owned(const struct ike_engine *e, struct choice *best,
			   const struct ike_id *owner, const struct ike_id *local,
			   const struct ike_id *remote)
{
	struct ike_link *l = ike_table_first(&e->by_owner, ike_id_hash(e, owner));

	for (; l; l = ike_table_next(l))
		consider(best, IKE_OWNER(l, struct ike_owner, by_owner)->psk, local, remote);
}

/* One of which no owner is any of both is for others. */
const struct ike_psk *ike_psk_find(const struct ike_engine *e, const struct ike_id *local,
				   const struct ike_id *remote)
{
	struct choice best = {.fitness = -1};

	consider_owned(e, &best, remote, local, remote);
	if (best.fitness >= FOR_THIS_PEER)
		return best.psk;
	consider_owned(e, &best, local, local, remote);
	for (const struct ike_psk *psk = e->loose_psks; psk; psk = psk->next_loose)
		consider(&best, psk, local, remote);
	return best.psk;
}

bool ike_psk_same(const struct ike_psk *a, const struct ike_psk *b)
{
	return a && b && a->len == b->len && CRYPTO_memcmp(a->key, b->key, a->len) == 0;
}
