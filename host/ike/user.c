// SPDX-License-Identifier: BSD-2-Clause
#include "host/ike/user.h"

#include <stdlib.h>

#include "host/ike/ike.h"

struct ike_user *ike_user_new(const struct ike_id *id, const struct ike_grant *grant)
{
	struct ike_user *user = calloc(1, sizeof(*user));

	if (user && id->type != IKE_ID_ANY && ike_id_keep(&user->id, id)) {
		free(user);
		return NULL;
	}
	if (!user)
		return NULL;
	user->grant = *grant;
	user->until = IKE_NEVER;
	return user;
}

struct ike_user *ike_user_copy(const struct ike_user *user)
{
	const struct ike_id id = ike_id_kept(user ? user->id : NULL);
	struct ike_user *copy = user ? ike_user_new(&id, &user->grant) : NULL;

	if (copy)
		copy->until = user->until;
	return copy;
}

void ike_user_free(struct ike_user *user)
{
	if (!user)
		return;
	free(user->id);
	free(user);
}
