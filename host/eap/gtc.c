/* SPDX-License-Identifier: BSD-2-Clause */
/* Generic Token Card (RFC 3748, section 5.6): a question in words, and the password in clear. */
#include "host/eap/method.h"
#include "host/ike/prf.h"

static enum ike_eap_verdict begin(void *state, struct eap_round *r)
{
	static const char question[] = "Password: ";

	(void)state;
	ike_put(r->out, question, sizeof(question) - 1);
	return IKE_EAP_MORE;
}

/* By their digests, so that neither length nor content shows in the time it takes. */
static bool is_equal(struct ike_slice a, struct ike_slice b)
{
	uint8_t one[32], other[32];
	bool same = ike_sha256(a, one) == 0 && ike_sha256(b, other) == 0 &&
		    CRYPTO_memcmp(one, other, sizeof(one)) == 0;

	OPENSSL_cleanse(one, sizeof(one));
	OPENSSL_cleanse(other, sizeof(other));
	return same;
}

static enum ike_eap_verdict answered(void *state, struct eap_round *r)
{
	unsigned which = EAP_PASSWORDS;

	(void)state;
	for (unsigned i = 0; i < EAP_PASSWORDS; i++) {
		if (is_equal(r->in, ike_secret_slice(&r->passwords[i])) && which == EAP_PASSWORDS)
			which = i;
	}
	r->why = eap_judge(r, which);
	return r->why ? IKE_EAP_FAILED : IKE_EAP_DONE;
}

static enum ike_eap_verdict asked(void *state, struct eap_round *r)
{
	(void)state;
	ike_put_slice(r->out, ike_secret_slice(&r->passwords[EAP_NOW]));
	return IKE_EAP_DONE;
}

const struct eap_method eap_gtc = {
	.type = EAP_GTC,
	.name = "EAP-GTC",
	.begin = begin,
	.answered = answered,
	.asked = asked,
};
