/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared keys and whom they belong to. */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

static void psk_free(struct ike_psk *psk)
{
	free(psk->owners);
	OPENSSL_cleanse(psk, sizeof(*psk) + psk->len);
	free(psk);
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
	if (owner_count) {
		psk->owners = calloc(owner_count, sizeof(*owners));
		if (!psk->owners) {
			free(psk);
			return -ENOMEM;
		}
		memcpy(psk->owners, owners, owner_count * sizeof(*owners));
		psk->owner_count = owner_count;
	}
	psk->len = key.len;
	memcpy(psk->key, key.data, key.len);
	psk->next = e->psks;
	e->psks = psk;
	return 0;
}

void ike_engine_clear_psks(struct ike_engine *e)
{
	while (e->psks) {
		struct ike_psk *psk = e->psks;

		e->psks = psk->next;
		psk_free(psk);
	}
}

/* How well a key fits a pair of identities; below 0: it isn't for them. */
static int fitness(const struct ike_psk *psk, const struct ike_id *local,
		   const struct ike_id *remote)
{
	unsigned of_remote = IKE_ID_MATCH_NONE, of_local = IKE_ID_MATCH_NONE;
	bool of_others = false, of_anybody = !psk->owner_count;

	for (unsigned i = 0; i < psk->owner_count; i++) {
		const struct ike_id *owner = &psk->owners[i];
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

const struct ike_psk *ike_psk_find(const struct ike_engine *e, const struct ike_id *local,
				   const struct ike_id *remote)
{
	const struct ike_psk *best = NULL;
	int best_fitness = -1;

	for (const struct ike_psk *psk = e->psks; psk; psk = psk->next) {
		int f = fitness(psk, local, remote);

		if (f > best_fitness) {
			best = psk;
			best_fitness = f;
		}
	}
	return best;
}

bool ike_psk_same(const struct ike_psk *a, const struct ike_psk *b)
{
	return a && b && a->len == b->len && CRYPTO_memcmp(a->key, b->key, a->len) == 0;
}
