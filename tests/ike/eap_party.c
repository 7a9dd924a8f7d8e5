/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/eap_party.h"

#include <errno.h>

#include "tests/eap/users.h"

static bool find(const void *context, struct ike_slice user, struct ike_secret out[EAP_PASSWORDS])
{
	const struct eap_party *party = context;
	bool known = ike_slice_equal(user, ike_slice(party->user, strlen(party->user)));

	users_say(out, known ? party->password : "nobody's");
	return known;
}

void eap_party_run(const struct eap_party *party, struct ike_job *job)
{
	const struct eap_users users = {find, users_judge, users_let_nobody_in, party, NULL};
	struct eap_config config = {
		.server = job->eap.server,
		.methods = party->methods,
		.asks = party->asks,
		.user = job->eap.server ? job->eap.id
					: eap_identity(ike_slice(party->user, strlen(party->user))),
	};

	if (!job->eap.session)
		job->eap.session = eap_session_new(&config);
	job->error = job->eap.session
			     ? eap_session_run(job->eap.session, &users, &job->eap, job->reason)
			     : -ENOMEM;
}
