/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2): both sides prove that they know the password.
 *
 *   Challenge(challenge, name)  -->
 *                   <--  Response(challenge, NT-Response, name)
 *   Success(S=authenticator)  -->     or  Failure(E=691)  -->
 *                   <--  Success                     <--  Failure
 *
 * Whatever is wrong with a response gets the same Failure.
 */
#include <stdio.h>

#include "host/eap/method.h"
#include "host/eap/mschap.h"

enum { CHALLENGE = 1, RESPONSE = 2, SUCCESS = 3, FAILURE = 4 };

enum {
	HEADER_LEN = 4,	   /* OpCode, MS-CHAPv2-ID, MS-Length */
	RESPONSE_LEN = 49, /* challenge, 8 octets of zeros, NT-Response, flags */
};

struct state {
	uint8_t id;   /* MS-CHAPv2-ID */
	uint8_t sent; /* OpCode of our last packet */
	uint8_t authenticator[MSCHAP_CHALLENGE_LEN];
	char proof[MSCHAP_AUTHENTICATOR_LEN]; /* peer: what the server has to say */
	uint8_t msk[IKE_MSK_MAX];
	const char *why;
};

static enum ike_eap_verdict fail(struct eap_round *r, const char *why)
{
	r->why = why;
	return IKE_EAP_FAILED;
}

/* The part of a name that is hashed (RFC 2759, section 4): behind the domain. */
static struct ike_slice without_domain(struct ike_slice name)
{
	for (size_t i = name.len; i > 0; i--) {
		if (name.data[i - 1] == '\\')
			return ike_slice(name.data + i, name.len - i);
	}
	return name;
}

static void put_header(struct ike_writer *w, uint8_t code, uint8_t id, size_t data_len)
{
	ike_put_u8(w, code);
	ike_put_u8(w, id);
	ike_put_u16(w, (uint16_t)(HEADER_LEN + data_len));
}

/* A packet of all four fields, whose length is right. */
static bool get_header(struct ike_cursor *c, size_t len, uint8_t *code, uint8_t *id)
{
	uint16_t said;

	*code = ike_get_u8(c);
	*id = ike_get_u8(c);
	said = ike_get_u16(c);
	return ike_cursor_ok(c) && said == len;
}

/* MSK as peers have it: both keys, then zeros. */
static int make_msk(struct state *s, const struct mschap *m,
		    const uint8_t response[MSCHAP_RESPONSE_LEN])
{
	return mschap_keys(m, response, s->msk + MSCHAP_KEY_LEN, s->msk);
}

static enum ike_eap_verdict done(const struct state *s, struct eap_round *r)
{
	r->msk_len = IKE_MSK_MAX;
	memcpy(r->msk, s->msk, IKE_MSK_MAX);
	return IKE_EAP_DONE;
}

/* ---------------------------------------------------------------------------------------- server
 */

static enum ike_eap_verdict begin(void *state, struct eap_round *r)
{
	static const char name[] = "raveld";
	struct state *s = state;

	s->id = r->identifier;
	s->sent = CHALLENGE;
	if (ike_random_fill(r->random, s->authenticator, sizeof(s->authenticator)))
		return fail(r, "no random numbers");
	put_header(r->out, CHALLENGE, s->id, 1 + MSCHAP_CHALLENGE_LEN + sizeof(name) - 1);
	ike_put_u8(r->out, MSCHAP_CHALLENGE_LEN);
	ike_put(r->out, s->authenticator, sizeof(s->authenticator));
	ike_put(r->out, name, sizeof(name) - 1);
	return IKE_EAP_MORE;
}

/* No other try (R=0), and the reason that all failures have. */
static enum ike_eap_verdict refuse(struct state *s, struct eap_round *r, const char *why)
{
	uint8_t challenge[MSCHAP_CHALLENGE_LEN];
	char text[96];
	int len;

	if (ike_random_fill(r->random, challenge, sizeof(challenge)))
		return fail(r, "no random numbers");
	len = snprintf(text, sizeof(text), "E=691 R=0 C=");
	for (unsigned i = 0; i < sizeof(challenge); i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%02X", challenge[i]);
	len += snprintf(text + len, sizeof(text) - (size_t)len, " V=3 M=Authentication failed");
	s->sent = FAILURE;
	s->why = r->why = why;
	put_header(r->out, FAILURE, s->id, (size_t)len);
	ike_put(r->out, text, (size_t)len);
	return IKE_EAP_MORE;
}

/* What a response says; false: it is malformed. */
static bool read_response(const struct state *s, struct ike_slice in, uint8_t peer[],
			  uint8_t response[], struct ike_slice *name)
{
	struct ike_cursor c = ike_cursor(in);
	struct ike_slice peer_challenge, nt_response;
	uint8_t code, id, size;

	if (!get_header(&c, in.len, &code, &id))
		return false;
	size = ike_get_u8(&c);
	peer_challenge = ike_get_slice(&c, MSCHAP_CHALLENGE_LEN);
	ike_get_slice(&c, 8);
	nt_response = ike_get_slice(&c, MSCHAP_RESPONSE_LEN);
	ike_get_u8(&c);
	*name = ike_get_rest(&c);
	if (!ike_cursor_ok(&c) || code != RESPONSE || id != s->id || size != RESPONSE_LEN)
		return false;
	memcpy(peer, peer_challenge.data, MSCHAP_CHALLENGE_LEN);
	memcpy(response, nt_response.data, MSCHAP_RESPONSE_LEN);
	return true;
}

static bool same_user(struct ike_slice name, struct ike_slice user)
{
	return ike_slice_equal(without_domain(name), without_domain(user));
}

/* Which of the passwords this is the response by; EAP_PASSWORDS: none. Its hash is left in m. -1:
 * OpenSSL has failed. */
static int find_password(const struct eap_round *r, struct mschap *m, const uint8_t response[])
{
	uint8_t hashes[EAP_PASSWORDS][MSCHAP_HASH_LEN], expected[MSCHAP_RESPONSE_LEN];
	int which = EAP_PASSWORDS;

	for (int i = EAP_PASSWORDS - 1; i >= 0 && which >= 0; i--) {
		if (mschap_password_hash(ike_secret_slice(&r->passwords[i]), m->password_hash) ||
		    mschap_response(m, expected))
			which = -1;
		else if (CRYPTO_memcmp(expected, response, sizeof(expected)) == 0)
			which = i;
		memcpy(hashes[i], m->password_hash, sizeof(hashes[i]));
	}
	if (which >= 0)
		memcpy(m->password_hash, hashes[which % EAP_PASSWORDS], sizeof(m->password_hash));
	OPENSSL_cleanse(hashes, sizeof(hashes));
	OPENSSL_cleanse(expected, sizeof(expected));
	return which;
}

/* NULL: he may come in. */
static const char *judge_user(const struct eap_round *r, bool readable, bool his, int which)
{
	const char *why = eap_judge(r, readable && his ? (unsigned)which : EAP_PASSWORDS);

	if (!why || !r->known)
		return why;
	if (!readable)
		return "the response is malformed";
	return his || which == EAP_PASSWORDS ? why : "the response is somebody else's";
}

/* The same steps whoever it is and whatever is wrong. */
static enum ike_eap_verdict judge(struct state *s, struct eap_round *r)
{
	uint8_t response[MSCHAP_RESPONSE_LEN] = {0};
	char proof[MSCHAP_AUTHENTICATOR_LEN];
	static const char greeting[] = " M=Welcome";
	struct mschap m = {.user = without_domain(r->user)};
	struct ike_slice name = {0};
	bool readable;
	const char *why;
	int which;

	memcpy(m.authenticator, s->authenticator, sizeof(m.authenticator));
	readable = read_response(s, r->in, m.peer, response, &name);
	if (readable) /* as the peer has hashed it */
		m.user = without_domain(name);
	which = find_password(r, &m, response);
	if (which < 0 || mschap_authenticator(&m, response, proof) || make_msk(s, &m, response)) {
		OPENSSL_cleanse(&m, sizeof(m));
		return fail(r, "OpenSSL failed");
	}
	OPENSSL_cleanse(&m, sizeof(m));
	why = judge_user(r, readable, same_user(name, r->user), which);
	if (why)
		return refuse(s, r, why);
	s->sent = SUCCESS;
	put_header(r->out, SUCCESS, s->id, sizeof(proof) + sizeof(greeting) - 1);
	ike_put(r->out, proof, sizeof(proof));
	ike_put(r->out, greeting, sizeof(greeting) - 1);
	return IKE_EAP_MORE;
}

static enum ike_eap_verdict answered(void *state, struct eap_round *r)
{
	struct state *s = state;

	switch (s->sent) {
	case CHALLENGE:
		return judge(s, r);
	case SUCCESS: /* one octet says that the peer believes us */
		return r->in.len >= 1 && r->in.data[0] == SUCCESS
			       ? done(s, r)
			       : fail(r, "it doesn't believe that we know the password");
	default:
		return fail(r, s->why);
	}
}

/* ------------------------------------------------------------------------------------------ peer
 */

static enum ike_eap_verdict respond(struct state *s, struct eap_round *r, struct ike_cursor *c)
{
	uint8_t response[MSCHAP_RESPONSE_LEN];
	struct mschap m = {.user = without_domain(r->user)};
	struct ike_slice challenge;
	uint8_t size = ike_get_u8(c);
	bool ok;

	challenge = ike_get_slice(c, MSCHAP_CHALLENGE_LEN);
	if (!ike_cursor_ok(c) || size != MSCHAP_CHALLENGE_LEN)
		return fail(r, "the challenge is malformed");
	memcpy(m.authenticator, challenge.data, MSCHAP_CHALLENGE_LEN);
	ok = ike_random_fill(r->random, m.peer, sizeof(m.peer)) == 0 &&
	     mschap_password_hash(ike_secret_slice(&r->passwords[EAP_NOW]), m.password_hash) == 0 &&
	     mschap_response(&m, response) == 0 &&
	     mschap_authenticator(&m, response, s->proof) == 0 && make_msk(s, &m, response) == 0;
	OPENSSL_cleanse(m.password_hash, sizeof(m.password_hash));
	if (!ok)
		return fail(r, "OpenSSL failed");
	s->sent = RESPONSE;
	put_header(r->out, RESPONSE, s->id, 1 + RESPONSE_LEN + r->user.len);
	ike_put_u8(r->out, RESPONSE_LEN);
	ike_put(r->out, m.peer, sizeof(m.peer));
	ike_put_be(r->out, 0, 8);
	ike_put(r->out, response, sizeof(response));
	ike_put_u8(r->out, 0);
	ike_put_slice(r->out, r->user);
	return IKE_EAP_MORE;
}

/* "S=..." must be what only who knows the password can say; a text for people may follow. */
static enum ike_eap_verdict believe(struct state *s, struct eap_round *r, struct ike_cursor *c)
{
	struct ike_slice proof = ike_get_slice(c, MSCHAP_AUTHENTICATOR_LEN);

	if (!ike_cursor_ok(c) || CRYPTO_memcmp(proof.data, s->proof, MSCHAP_AUTHENTICATOR_LEN) != 0)
		return fail(r, "the server doesn't know our password");
	s->sent = SUCCESS;
	ike_put_u8(r->out, SUCCESS);
	return done(s, r);
}

static enum ike_eap_verdict asked(void *state, struct eap_round *r)
{
	struct ike_cursor c = ike_cursor(r->in);
	struct state *s = state;
	uint8_t code, id;

	if (!get_header(&c, r->in.len, &code, &id))
		return fail(r, "a request is malformed");
	if (code == CHALLENGE && s->sent == 0) {
		s->id = id;
		return respond(s, r, &c);
	}
	if (code == SUCCESS && s->sent == RESPONSE)
		return believe(s, r, &c);
	if (code != FAILURE || s->sent != RESPONSE)
		return fail(r, "a request is out of place");
	s->sent = FAILURE;
	ike_put_u8(r->out, FAILURE);
	r->why = "the server says no: wrong password?";
	return IKE_EAP_MORE;
}

const struct eap_method eap_mschapv2 = {
	.type = EAP_MSCHAPV2,
	.name = "EAP-MSCHAPv2",
	.size = sizeof(struct state),
	.begin = begin,
	.answered = answered,
	.asked = asked,
};
