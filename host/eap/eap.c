/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/eap/eap.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "host/eap/account.h"
#include "host/eap/mschap.h"
#include "host/eap/session.h"
#include "host/eap/totp.h"
#include "host/sa/hash.h"
#include "host/trust/tls.h"

/* A name that has a password. */
struct user {
	uint8_t name[IKE_ID_MAX]; /* as it is said */
	size_t name_len;
	struct ike_secret password;
	size_t totp_len; /* 0: no one-time codes */
	uint8_t totp[CONF_TOTP_MAX];
	struct account *account; /* with one-time codes */
	UT_hash_handle hh;
};

/* What a connection says of EAP, on one side. */
struct side {
	char name[CONF_NAME_MAX];
	bool server; /* the peer comes in so; else we do */
	uint8_t methods;
	bool asks;	      /* server: who the peer is */
	struct ike_id eap_id; /* that the peer may be, or as whom we come in; else as its ID says */
	struct ike_id aaa_id; /* peer: whom the certificate of TLS's server names */
	SSL_CTX *tls;	      /* NULL: its methods take none */
	struct radius_relay *relay; /* NULL: no RADIUS server is asked */
	UT_hash_handle hh;
};

struct eap {
	atomic_uint references;
	struct user *users;
	struct side *sides[2]; /* as peer and as server, by connection */
};

/* --------------------------------------------------------------------------------------- loading
 */

static int out_of_memory(struct conf_error *error)
{
	snprintf(error->text, sizeof(error->text), "out of memory");
	return -ENOMEM;
}

static struct user *find_user(const struct eap *eap, struct ike_slice name)
{
	struct user *user;

	HASH_FIND(hh, eap->users, name.data, name.len, user);
	return user;
}

static void user_free(struct user *user)
{
	account_release(user->account);
	OPENSSL_cleanse(user, sizeof(*user));
	free(user);
}

/* Whoever had the same codes before goes on with what is remembered of him. */
static int give_account(struct user *user, const struct conf_secret *s, const struct eap *before)
{
	const struct user *same =
		before ? find_user(before, ike_slice(user->name, user->name_len)) : NULL;

	user->totp_len = s->totp_len;
	memcpy(user->totp, s->totp, sizeof(user->totp));
	if (!user->totp_len)
		return 0;
	if (same && same->totp_len == user->totp_len &&
	    !memcmp(same->totp, user->totp, user->totp_len))
		user->account = account_hold(same->account);
	else
		user->account = account_new();
	return user->account ? 0 : -ENOMEM;
}

static int add_user(struct eap *eap, const struct eap *before, const struct conf_secret *s,
		    const struct ike_id *owner, struct conf_error *error)
{
	struct user *user = calloc(1, sizeof(*user));

	if (!user)
		return out_of_memory(error);
	user->name_len = eap_name(owner, user->name);
	user->password = s->secret;
	if (find_user(eap, ike_slice(user->name, user->name_len))) {
		snprintf(error->text, sizeof(error->text),
			 "%s:%u: secrets.%s: \"%.*s\" has another secret already", s->file, s->line,
			 s->name, (int)user->name_len, (const char *)user->name);
		user_free(user);
		return -EINVAL;
	}
	if (!give_account(user, s, before))
		HASH_ADD(hh, eap->users, name, user->name_len, user);
	if (user->hh.tbl)
		return 0;
	user_free(user);
	return out_of_memory(error);
}

static int add_users(struct eap *eap, const struct eap *before, struct conf *conf,
		     struct conf_error *error)
{
	int err = 0;

	for (size_t i = 0; i < conf->user_count; i++) {
		struct conf_secret *s = &conf->users[i];

		for (size_t k = 0; !err && k < s->owner_count; k++)
			err = add_user(eap, before, s, &s->owners[k], error);
		ike_secret_clear(&s->secret);
		OPENSSL_cleanse(s->totp, sizeof(s->totp));
	}
	return err;
}

/* What says so, in whatever round; eap 0: nothing does. */
static const struct conf_auth *auth_of(const struct conf_connection *c, bool server)
{
	if (server)
		return c->remote_next.eap ? &c->remote_next : &c->remote_auth;
	return c->local_next.eap ? &c->local_next : &c->local_auth;
}

static int add_side(struct eap *eap, const struct conf_connection *c, bool server,
		    struct conf_error *error)
{
	const struct conf_auth *auth = auth_of(c, server);
	struct side *side = calloc(1, sizeof(*side));

	if (!side)
		return out_of_memory(error);
	strcpy(side->name, c->name);
	side->server = server;
	side->methods = auth->eap;
	side->asks = server && auth->has_eap_id;
	if (auth->has_eap_id)
		side->eap_id = auth->eap_id;
	else if (!server)
		side->eap_id = c->local_next.eap ? c->local_next_id : c->local_id;
	side->aaa_id = auth->aaa_id.type == IKE_ID_ANY ? c->remote_id : auth->aaa_id;
	HASH_ADD_STR(eap->sides[server], name, side);
	if (side->hh.tbl)
		return 0;
	free(side);
	return out_of_memory(error);
}

static int fail(struct conf_error *error, const struct conf_connection *c, const char *section,
		const char *what, const char *whom)
{
	snprintf(error->text, sizeof(error->text), "%s:%u: connections.%s.%s: %s%s", c->file,
		 c->line, c->name, section, what, whom);
	return -EINVAL;
}

static int check_tls(const struct conf_connection *c, const struct side *side,
		     struct conf_error *error)
{
	if (side->server && !c->local_auth.pubkey && !c->local_auth.eap)
		return fail(error, c, "local",
			    "the server of EAP-TLS shows the certificate of auth = pubkey", "");
	if (!side->server && !ike_id_is_one(&side->aaa_id))
		return fail(error, c, "local",
			    "whom the server's certificate names must be said (aaa_id, or "
			    "remote.id)",
			    "");
	return side->tls ? 0
			 : fail(error, c, side->server ? "remote" : "local",
				"TLS can't be made with its certificates", "");
}

/* Is all there that the methods take? */
static int check_side(const struct eap *eap, const struct conf_connection *c,
		      const struct side *side, struct conf_error *error)
{
	const char *section = side->server ? "remote" : "local", *why;
	char text[IKE_ID_TEXT];
	uint8_t name[IKE_ID_MAX];

	if (side->methods & 1 << EAP_METHOD_MSCHAPV2 && !mschap_available(&why))
		return fail(error, c, section, why, "");
	if (side->methods & 1 << EAP_METHOD_TLS)
		return check_tls(c, side, error);
	if (side->server && !eap->users)
		return fail(error, c, section, "nobody has a secret (secrets.eap*)", "");
	if (side->server)
		return 0;
	ike_id_text(&side->eap_id, text, sizeof(text));
	return find_user(eap, ike_slice(name, eap_name(&side->eap_id, name)))
		       ? 0
		       : fail(error, c, section, "no secret (secrets.eap*) for ", text);
}

/* Passwords as MSCHAPv2 takes them, where a connection has that. */
static int check_passwords(const struct conf *conf, struct conf_error *error)
{
	uint8_t hash[MSCHAP_HASH_LEN];
	bool needed = false;

	for (size_t i = 0; i < conf->connection_count; i++)
		needed |= (auth_of(&conf->connections[i], false)->eap |
			   auth_of(&conf->connections[i], true)->eap) &
			  1 << EAP_METHOD_MSCHAPV2;
	for (size_t i = 0; needed && i < conf->user_count; i++) {
		const struct conf_secret *s = &conf->users[i];
		struct ike_secret whole = s->secret;
		int err;

		if (s->totp_len) {
			memset(whole.data + whole.len, '0', TOTP_DIGITS);
			whole.len += TOTP_DIGITS;
		}
		err = mschap_password_hash(ike_secret_slice(&whole), hash);
		ike_secret_clear(&whole);
		if (err != -EINVAL)
			continue;
		snprintf(
			error->text, sizeof(error->text),
			"%s:%u: secrets.%s.secret: it isn't UTF-8, or longer than %d characters%s, "
			"which EAP-MSCHAPv2 needs",
			s->file, s->line, s->name, MSCHAP_PASSWORD_MAX,
			s->totp_len ? " with a code behind it" : "");
		return -EINVAL;
	}
	OPENSSL_cleanse(hash, sizeof(hash));
	return 0;
}

static int make_relay(struct side *side, const struct conf_auth *auth, struct conf_error *error)
{
	struct radius_relay *relay = calloc(1, sizeof(*relay));

	side->relay = relay;
	if (!relay)
		return out_of_memory(error);
	relay->asks = side->asks;
	relay->who = side->eap_id;
	for (; relay->group_count < auth->groups.count; relay->group_count++)
		strcpy(relay->groups[relay->group_count], auth->groups.list[relay->group_count]);
	return 0;
}

static int load_side(struct eap *eap, const struct conf_connection *c, bool server,
		     struct trust *trust, struct conf_error *error)
{
	struct side *side;
	int err = add_side(eap, c, server, error);

	if (err)
		return err;
	HASH_FIND_STR(eap->sides[server], c->name, side);
	if (side->methods & EAP_RELAYED)
		return make_relay(side, auth_of(c, true), error);
	if (side->methods & 1 << EAP_METHOD_TLS)
		side->tls = trust_tls_new(trust, c->name, server);
	return check_side(eap, c, side, error);
}

/* By EAP alone both sides are one connection's, who begins is the peer; not to just anybody. */
static int load_connection(struct eap *eap, const struct conf_connection *c, struct trust *trust,
			   struct conf_error *error)
{
	bool server = auth_of(c, true)->eap, peer = auth_of(c, false)->eap;
	int err = server ? load_side(eap, c, true, trust, error) : 0;

	if (server && !ike_id_is_one(&c->remote_id))
		peer = false;
	return !err && peer ? load_side(eap, c, false, trust, error) : err;
}

int eap_load(struct conf *conf, struct trust *trust, const struct eap *before, struct eap **out,
	     struct conf_error *error)
{
	struct eap *eap = calloc(1, sizeof(*eap));
	int err = eap ? 0 : out_of_memory(error);

	if (!err) {
		atomic_init(&eap->references, 1);
		err = check_passwords(conf, error);
	}
	if (!err)
		err = add_users(eap, before, conf, error);
	for (size_t i = 0; !err && i < conf->connection_count; i++)
		err = load_connection(eap, &conf->connections[i], trust, error);
	if (err)
		eap_release(eap);
	else
		*out = eap;
	return err;
}

struct eap *eap_hold(struct eap *eap)
{
	if (eap)
		atomic_fetch_add(&eap->references, 1);
	return eap;
}

void eap_release(struct eap *eap)
{
	struct user *user, *next_user;
	struct side *side, *next_side;

	if (!eap || atomic_fetch_sub(&eap->references, 1) != 1)
		return;
	HASH_ITER(hh, eap->users, user, next_user) {
		HASH_DEL(eap->users, user);
		user_free(user);
	}
	for (int server = 0; server < 2; server++) {
		HASH_ITER(hh, eap->sides[server], side, next_side) {
			HASH_DEL(eap->sides[server], side);
			SSL_CTX_free(side->tls);
			free(side->relay);
			free(side);
		}
	}
	free(eap);
}

/* ------------------------------------------------------------------------------------------ jobs
 */

/* Whom a connection's methods may ask for. */
struct scope {
	const struct eap *eap;
	const struct side *side;
	uint64_t now; /* seconds since 1970 */
};

/* Whoever it is, unless eap_id says who. */
static bool lets_in(const void *context, struct ike_slice name)
{
	const struct scope *scope = context;
	const struct ike_id id = eap_identity(name);

	return !scope->side->asks || ike_id_matches(&scope->side->eap_id, &id);
}

static uint64_t step_of(const struct scope *scope, unsigned which)
{
	return scope->now / TOTP_PERIOD + which - EAP_NOW;
}

/* The code of each step is behind the password; without codes, as many digits of nobody's are
 * reckoned. */
static bool write_passwords(const struct scope *scope, const struct user *user,
			    struct ike_secret out[EAP_PASSWORDS])
{
	char code[TOTP_DIGITS + 1];
	bool ok = true;

	for (unsigned i = 0; i < EAP_PASSWORDS; i++) {
		out[i] = user->password;
		ok &= totp_code(ike_slice(user->totp, user->totp_len), step_of(scope, i), code) ==
		      0;
		if (!user->totp_len)
			continue;
		memcpy(out[i].data + out[i].len, code, TOTP_DIGITS);
		out[i].len += TOTP_DIGITS;
	}
	OPENSSL_cleanse(code, sizeof(code));
	return ok;
}

/* Takes as long with a user that there isn't. */
static bool find_passwords(const void *context, struct ike_slice name,
			   struct ike_secret out[EAP_PASSWORDS])
{
	static const struct user nobody = {
		.password = {.len = 29, .data = "a password that opens nothing"}};
	const struct scope *scope = context;
	const struct user *user = find_user(scope->eap, name);
	bool let_in = lets_in(context, name);
	bool ok = write_passwords(scope, user && let_in ? user : &nobody, out);

	return ok && user && let_in;
}

static const char *judge(const void *context, struct ike_slice name, unsigned which)
{
	const struct scope *scope = context;
	const struct user *user = find_user(scope->eap, name);
	bool wrong = which >= EAP_PASSWORDS;

	if (user->account)
		return account_judge(user->account, scope->now, wrong, step_of(scope, which));
	return wrong ? "wrong password" : NULL;
}

static struct ike_eap_session *begin(const struct side *side, const struct ike_eap_job *job)
{
	const struct eap_config config = {
		.server = side->server,
		.methods = side->methods,
		.asks = side->asks,
		.user = side->server ? job->id : side->eap_id,
		.aaa = side->aaa_id,
		.tls = side->tls,
	};

	return eap_session_new(&config);
}

static int run(const struct eap *eap, const struct side *side, struct trust_errand *errand,
	       struct ike_job *job)
{
	const struct scope scope = {eap, side, (uint64_t)time(NULL)};
	const struct eap_users users = {find_passwords, judge, lets_in, &scope, errand};

	return eap_session_run(job->eap.session, &users, &job->eap, job->reason);
}

/* NULL: its connection has none any more. */
static const struct side *side_of(const struct eap *eap, const struct ike_eap_job *job)
{
	struct side *side;

	HASH_FIND_STR(eap->sides[job->server], job->connection, side);
	return side;
}

bool eap_is_relayed(const struct eap *eap, const struct ike_job *job, struct radius_relay *relay)
{
	const struct side *side = side_of(eap, &job->eap);

	if (!side || !side->relay)
		return false;
	*relay = *side->relay;
	return true;
}

void eap_run(const struct eap *eap, struct trust_errand *errand, struct ike_job *job)
{
	struct ike_eap_job *e = &job->eap;
	const struct side *side = side_of(eap, e);
	const bool again = errand && errand->waits;

	if (errand)
		errand->waits = false;
	if (again) {
		eap_session_judged(e->session, errand, e, job->reason);
		return;
	}
	job->reason[0] = 0;
	if (!side) {
		job->error = -ENOENT;
		snprintf(job->reason, sizeof(job->reason),
			 "its connection isn't configured for EAP any more");
		return;
	}
	if (!e->session)
		e->session = begin(side, e);
	job->error = e->session ? run(eap, side, errand, job) : -ENOMEM;
}
