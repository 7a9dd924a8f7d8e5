/* SPDX-License-Identifier: BSD-2-Clause */
/* As whom a peer has come in by EAP, and on which terms. */
#ifndef RAVELIN_HOST_IKE_USER_H
#define RAVELIN_HOST_IKE_USER_H

#include "host/ike/id.h"
#include "host/ike/job.h"

struct ike_user {
	struct ike_id_kept *id; /* NULL: as whom it is in IKE */
	struct ike_grant grant;
	uint64_t until; /* it may stay; IKE_NEVER */
};

/* NULL without memory. The id is one kept: any is none. */
struct ike_user *ike_user_new(const struct ike_id *id, const struct ike_grant *grant);

/* Another one like it. NULL without memory, or of NULL. */
struct ike_user *ike_user_copy(const struct ike_user *user);

/* NULL is fine. */
void ike_user_free(struct ike_user *user);

#endif
