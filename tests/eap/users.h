/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests of EAP without a configuration have in common as to who knows users: no one-time
 * codes, and no certificates. */
#ifndef RVL_TESTS_EAP_USERS_H
#define RVL_TESTS_EAP_USERS_H

#include <string.h>

#include "host/eap/session.h"

static inline void users_say(struct ike_secret out[EAP_PASSWORDS], const char *password)
{
	for (unsigned i = 0; i < EAP_PASSWORDS; i++) {
		out[i] = (struct ike_secret){.len = strlen(password)};
		memcpy(out[i].data, password, out[i].len);
	}
}

static inline const char *users_judge(const void *context, struct ike_slice user, unsigned which)
{
	(void)context;
	(void)user;
	return which < EAP_PASSWORDS ? NULL : "wrong password";
}

static inline bool users_let_nobody_in(const void *context, struct ike_slice user)
{
	(void)context;
	(void)user;
	return false;
}

#endif
