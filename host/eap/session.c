/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/eap/session.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/dn.h"

const struct eap_method *const eap_methods[EAP_METHODS] = {
	[EAP_METHOD_MSCHAPV2] = &eap_mschapv2,
	[EAP_METHOD_GTC] = &eap_gtc,
	[EAP_METHOD_TLS] = &eap_tls,
};

enum { HEADER_LEN = 4 }; /* code, identifier, length */

struct session {
	struct ike_eap_session base;
	struct eap_config config;
	const struct eap_method *method; /* NULL: none yet */
	void *state;
	bool heard;	    /* server: an answer to the method's first request has come */
	bool complete;	    /* peer: Success is taken */
	uint8_t identifier; /* of the last request */
	uint8_t user_len;
	uint8_t user[IKE_ID_MAX]; /* as it was said */
	const char *why;
	size_t msk_len;
	uint8_t msk[IKE_MSK_MAX];
};

/* One message at work. */
struct turn {
	struct session *s;
	const struct eap_users *users;
	struct ike_eap_job *job;
	struct ike_writer out;
	const char *why;
};

static void drop_method(struct session *s)
{
	if (s->state && s->method->end)
		s->method->end(s->state);
	if (s->state)
		OPENSSL_cleanse(s->state, s->method->size);
	free(s->state);
	s->state = NULL;
	s->method = NULL;
}

static void session_free(struct ike_eap_session *session)
{
	struct session *s = (struct session *)session;

	drop_method(s);
	SSL_CTX_free(s->config.tls);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

struct ike_eap_session *eap_session_new(const struct eap_config *config)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->base.free = session_free;
	s->config = *config;
	if (config->tls && SSL_CTX_up_ref(config->tls) != 1) {
		free(s);
		return NULL;
	}
	s->user_len = (uint8_t)eap_name(&config->user, s->user);
	return &s->base;
}

size_t eap_name(const struct ike_id *id, uint8_t out[IKE_ID_MAX])
{
	char text[IKE_ID_TEXT];
	struct ike_slice name = ike_id_slice(id);

	if (id->type != IKE_ID_FQDN && id->type != IKE_ID_RFC822_ADDR &&
	    id->type != IKE_ID_KEY_ID) {
		ike_id_text(id, text, sizeof(text));
		name = ike_slice(text, strlen(text));
	}
	if (name.len >= IKE_ID_MAX)
		name.len = IKE_ID_MAX - 1;
	memcpy(out, name.data, name.len);
	return name.len;
}

/* A distinguished name, in words or encoded, which some peers say. */
static bool read_name(const char *text, struct ike_slice said, struct ike_id *id)
{
	size_t len = said.len;

	if (ike_dn_text(said, (char[IKE_ID_TEXT]){0}, IKE_ID_TEXT))
		memcpy(id->data, said.data, said.len);
	else if (!strchr(text, '=') || ike_dn_parse(text, id->data, sizeof(id->data), &len))
		return false;
	id->type = IKE_ID_DER_ASN1_DN;
	id->len = (uint16_t)len;
	return true;
}

struct ike_id eap_identity(struct ike_slice said)
{
	struct ike_id id = {.type = IKE_ID_FQDN};
	char text[IKE_ID_MAX];
	struct ike_addr addr;

	if (said.len >= sizeof(text))
		said.len = sizeof(text) - 1;
	memcpy(text, said.data, said.len);
	text[said.len] = 0;
	if (strlen(text) == said.len && ike_addr_parse(text, &addr) == 0)
		return ike_id_from_addr(&addr);
	if (strlen(text) == said.len && read_name(text, said, &id))
		return id;
	if (said.len > 1 && memchr(said.data + 1, '@', said.len - 1))
		id.type = IKE_ID_RFC822_ADDR;
	id.len = (uint16_t)said.len;
	memcpy(id.data, said.data, said.len);
	return id;
}

static struct ike_slice user_of(const struct session *s)
{
	return ike_slice(s->user, s->user_len);
}

static enum ike_eap_verdict fail(struct turn *t, const char *why)
{
	t->why = why;
	return IKE_EAP_FAILED;
}

/* A message of ours, whose data the caller writes to t->out. */
static void open_message(struct turn *t, uint8_t code, uint8_t identifier)
{
	ike_put_u8(&t->out, code);
	ike_put_u8(&t->out, identifier);
	ike_put_u16(&t->out, 0);
}

static void open_typed(struct turn *t, uint8_t code, uint8_t type)
{
	t->out.len = 0;
	open_message(t, code, t->s->identifier);
	ike_put_u8(&t->out, type);
}

/* Whom a certificate of the other side's must name. */
static struct ike_id other_of(const struct session *s)
{
	if (!s->config.server)
		return s->config.aaa;
	return s->config.asks ? eap_identity(user_of(s)) : s->config.user;
}

typedef enum ike_eap_verdict step_fn(void *state, struct eap_round *r);

const char *eap_judge(const struct eap_round *r, unsigned which)
{
	if (!r->known)
		return "no secret for it, or it isn't let in here";
	return r->users->judge(r->users->context, r->user, which);
}

/* A step of the method, with the passwords that are the user's or nobody's. */
static enum ike_eap_verdict step(struct turn *t, step_fn *fn, struct ike_slice in)
{
	struct session *s = t->s;
	struct ike_secret passwords[EAP_PASSWORDS] = {0};
	const struct ike_id other = other_of(s);
	struct eap_round r = {
		.random = &t->job->random,
		.user = user_of(s),
		.passwords = passwords,
		.users = t->users,
		.tls = s->config.tls,
		.other = &other,
		.errand = t->users->errand,
		.in = in,
		.out = &t->out,
		.identifier = s->identifier,
		.msk = s->msk,
	};
	enum ike_eap_verdict verdict;

	r.known = s->method->certified ? t->users->lets_in(t->users->context, user_of(s))
				       : t->users->find(t->users->context, user_of(s), passwords);
	r.known = r.known && !t->job->of_nobody;
	verdict = fn(s->state, &r);
	OPENSSL_cleanse(passwords, sizeof(passwords));
	s->msk_len = r.msk_len;
	if (r.why)
		s->why = r.why;
	if (verdict == IKE_EAP_FAILED)
		return fail(t, s->why);
	if (verdict == IKE_EAP_DONE && s->config.server && !r.known)
		return fail(t, "a method has let in somebody who isn't known");
	return ike_writer_ok(&t->out) ? verdict : fail(t, "a message would be too long");
}

/* ---------------------------------------------------------------------------------------- server
 */

static int choose(struct session *s, const struct eap_method *method)
{
	drop_method(s);
	s->heard = false;
	s->method = method;
	s->state = calloc(1, method->size + 1);
	return s->state ? 0 : -ENOMEM;
}

static enum ike_eap_verdict begin_method(struct turn *t, const struct eap_method *method)
{
	const struct ike_slice none = {0};

	if (choose(t->s, method))
		return fail(t, "out of memory");
	t->s->identifier++;
	open_typed(t, IKE_EAP_REQUEST, method->type);
	return step(t, method->begin, none);
}

/* The preferred one of those that will do and, unless NULL, that the peer wants instead. */
static enum ike_eap_verdict begin_any(struct turn *t, const struct ike_slice *wanted)
{
	for (unsigned i = 0; i < EAP_METHODS; i++) {
		if (!(t->s->config.methods & 1u << i) ||
		    (wanted &&
		     (!wanted->len || !memchr(wanted->data, eap_methods[i]->type, wanted->len))))
			continue;
		t->s->config.methods &= (uint8_t) ~(1u << i); /* once */
		return begin_method(t, eap_methods[i]);
	}
	return fail(t, "it knows none of the methods that are configured");
}

static enum ike_eap_verdict begin(struct turn *t)
{
	struct session *s = t->s;

	if (ike_random_fill(&t->job->random, &s->identifier, 1))
		return fail(t, "no random numbers");
	if (!s->config.asks)
		return begin_any(t, NULL);
	open_typed(t, IKE_EAP_REQUEST, EAP_IDENTITY);
	return IKE_EAP_MORE;
}

static enum ike_eap_verdict server_typed(struct turn *t, uint8_t type, struct ike_slice data)
{
	struct session *s = t->s;
	enum ike_eap_verdict verdict;

	if (!s->method && type != EAP_IDENTITY)
		return fail(t, "it doesn't say who it is");
	if (!s->method && (!data.len || data.len >= IKE_ID_MAX))
		return fail(t, "its identity is too long, or empty");
	if (!s->method) {
		s->user_len = (uint8_t)data.len;
		memcpy(s->user, data.data, data.len);
		return begin_any(t, NULL);
	}
	if (type == EAP_NAK && !s->heard)
		return begin_any(t, &data);
	if (type != s->method->type)
		return fail(t, "an answer is of another method");
	s->heard = true;
	s->identifier++;
	open_typed(t, IKE_EAP_REQUEST, type);
	verdict = step(t, s->method->answered, data);
	if (verdict == IKE_EAP_DONE) {
		t->out.len = 0;
		open_message(t, IKE_EAP_SUCCESS, (uint8_t)(s->identifier - 1));
	}
	return verdict;
}

static enum ike_eap_verdict serve(struct turn *t, uint8_t code, uint8_t identifier,
				  struct ike_cursor *c)
{
	uint8_t type = ike_get_u8(c);

	if (code != IKE_EAP_RESPONSE || !ike_cursor_ok(c))
		return fail(t, "a message is no response");
	if (identifier != t->s->identifier)
		return fail(t, "a response is to another request");
	return server_typed(t, type, ike_get_rest(c));
}

/* ------------------------------------------------------------------------------------------ peer
 */

/* Another method would do: which ones. */
static enum ike_eap_verdict refuse_method(struct turn *t)
{
	open_typed(t, IKE_EAP_RESPONSE, EAP_NAK);
	for (unsigned i = 0; i < EAP_METHODS; i++) {
		if (t->s->config.methods & 1u << i)
			ike_put_u8(&t->out, eap_methods[i]->type);
	}
	return IKE_EAP_MORE;
}

static enum ike_eap_verdict asked(struct turn *t, uint8_t type, struct ike_slice data)
{
	struct session *s = t->s;
	enum ike_eap_verdict verdict;

	for (unsigned i = 0; !s->method && i < EAP_METHODS; i++) {
		if (s->config.methods & 1u << i && eap_methods[i]->type == type &&
		    choose(s, eap_methods[i]))
			return fail(t, "out of memory");
	}
	if (!s->method)
		return refuse_method(t);
	if (type != s->method->type)
		return fail(t, "a request is of another method");
	s->complete = false;
	open_typed(t, IKE_EAP_RESPONSE, type);
	verdict = step(t, s->method->asked, data);
	s->complete = verdict == IKE_EAP_DONE;
	return s->complete ? IKE_EAP_MORE : verdict;
}

static enum ike_eap_verdict peer_typed(struct turn *t, uint8_t type, struct ike_slice data)
{
	switch (type) {
	case EAP_IDENTITY:
		if (t->s->method)
			return fail(t, "it asks who we are in the midst of a method");
		open_typed(t, IKE_EAP_RESPONSE, EAP_IDENTITY);
		ike_put_slice(&t->out, user_of(t->s));
		return IKE_EAP_MORE;
	case EAP_NOTIFICATION: /* RFC 3748, section 5.2 */
		open_typed(t, IKE_EAP_RESPONSE, EAP_NOTIFICATION);
		return IKE_EAP_MORE;
	case EAP_NAK:
		return fail(t, "a request is malformed");
	default:
		return asked(t, type, data);
	}
}

static enum ike_eap_verdict obey(struct turn *t, uint8_t code, uint8_t identifier,
				 struct ike_cursor *c)
{
	struct session *s = t->s;
	uint8_t type;

	switch (code) {
	case IKE_EAP_SUCCESS:
		return s->complete ? IKE_EAP_DONE
				   : fail(t, "Success comes before the method is done");
	case IKE_EAP_FAILURE:
		return fail(t, s->why ? s->why : "the server says no");
	case IKE_EAP_REQUEST:
		break;
	default:
		return fail(t, "a message is no request");
	}
	type = ike_get_u8(c);
	if (!ike_cursor_ok(c))
		return fail(t, "a request is malformed");
	s->identifier = identifier;
	return peer_typed(t, type, ike_get_rest(c));
}

/* ------------------------------------------------------------------------------------------ both
 */

static enum ike_eap_verdict take(struct turn *t)
{
	const struct ike_slice in = ike_buffer_slice(&t->job->in);
	struct ike_cursor c = ike_cursor(in);
	uint8_t code, identifier;
	uint16_t len;

	if (!in.len && t->s->config.server && !t->s->method)
		return begin(t);
	code = ike_get_u8(&c);
	identifier = ike_get_u8(&c);
	len = ike_get_u16(&c);
	if (!ike_cursor_ok(&c) || len != in.len)
		return fail(t, "a message is malformed");
	return t->s->config.server ? serve(t, code, identifier, &c) : obey(t, code, identifier, &c);
}

int eap_session_run(struct ike_eap_session *session, const struct eap_users *users,
		    struct ike_eap_job *job, char reason[IKE_REASON_MAX])
{
	uint8_t out[IKE_EAP_MAX];
	struct turn t = {
		.s = (struct session *)session,
		.users = users,
		.job = job,
		.out = ike_writer(out, sizeof(out)),
	};
	int err = 0;

	job->verdict = take(&t);
	reason[0] = 0;
	if (job->verdict == IKE_EAP_FAILED || (job->verdict == IKE_EAP_MORE && t.s->why))
		snprintf(reason, IKE_REASON_MAX, "%s", t.why ? t.why : t.s->why);
	job->method = t.s->method ? t.s->method->name : "EAP";
	if (t.s->user_len && (!t.s->config.server || t.s->config.asks))
		job->identity = eap_identity(user_of(t.s));
	if (job->verdict == IKE_EAP_DONE) {
		job->msk_len = t.s->msk_len;
		memcpy(job->msk, t.s->msk, sizeof(job->msk));
	}
	if (job->verdict != IKE_EAP_FAILED && t.out.len) {
		ike_patch_be(&t.out, 2, t.out.len, 2);
		err = ike_buffer_set(&job->out, ike_written(&t.out));
	}
	OPENSSL_cleanse(out, sizeof(out));
	return err;
}

void eap_session_judged(struct ike_eap_session *session, struct trust_errand *errand,
			struct ike_eap_job *job, char reason[IKE_REASON_MAX])
{
	struct session *s = (struct session *)session;
	const struct ike_id other = other_of(s);
	const char *why = s->method->judged(s->state, &other, errand);

	if (!why)
		return;
	job->verdict = IKE_EAP_FAILED;
	job->msk_len = 0;
	OPENSSL_cleanse(job->msk, sizeof(job->msk));
	ike_buffer_free(&job->out);
	snprintf(reason, IKE_REASON_MAX, "%s", why);
}
