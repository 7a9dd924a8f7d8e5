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

static bool owned_by(const struct ike_psk *psk, const struct ike_id *id)
{
	for (unsigned i = 0; i < psk->owner_count; i++) {
		if (ike_id_matches(&psk->owners[i], id))
			return true;
	}
	return false;
}

const struct ike_psk *ike_psk_find(const struct ike_engine *e, const struct ike_id *local,
				   const struct ike_id *remote)
{
	const struct ike_psk *best = NULL;
	int best_score = -1;

	for (const struct ike_psk *psk = e->psks; psk; psk = psk->next) {
		int score = 0;

		if (psk->owner_count) {
			/* The peer's identity says more about the key than our own. */
			score = 2 * owned_by(psk, remote) + owned_by(psk, local);
			if (!score)
				continue;
		}
		if (score > best_score) {
			best = psk;
			best_score = score;
		}
	}
	return best;
}
