// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/trust.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/eap/method.h"
#include "host/trust/certificate.h"
#include "host/trust/list.h"
#include "host/trust/private.h"
#include "host/trust/signature.h"

/* ------------------------------------------------------------------------------------- loading */

static int out_of_memory(struct conf_error *error)
{
	snprintf(error->text, sizeof(error->text), "out of memory");
	return -ENOMEM;
}

static bool by_tls(const struct conf_auth *auth)
{
	return auth->eap & 1 << EAP_METHOD_TLS;
}

/* Have we certificates or keys to show? Do we judge those of others, who are one in TLS and another
 * one in IKE at most? */
static bool shows_certs(const struct conf_connection *c)
{
	return c->local_auth.pubkey || by_tls(&c->local_auth);
}

static bool judges_certs(const struct conf_connection *c)
{
	return c->remote_auth.pubkey || by_tls(&c->remote_auth) || by_tls(&c->local_auth);
}

struct load {
	struct conf *conf;
	struct trust *trust;
	struct conf_error *error;
	const struct conf_connection *c;
	bool local; /* which section */
	const struct conf_files *files;
	const char *key; /* "certs", "cacerts" or "pubkeys" */
};

static int fail(const struct load *l, const char *path, const char *what)
{
	snprintf(l->error->text, sizeof(l->error->text), "%s:%u: connections.%s.%s.%s: %.200s: %s",
		 l->files->file, l->files->line, l->c->name, l->local ? "local" : "remote", l->key,
		 path, what);
	return -EINVAL;
}

/* The file's certificates are part of the set. */
static int add_file(const struct load *l, struct trust_set *set, const char *name,
		    const char *folder, char path[TRUST_PATH_MAX])
{
	const char *fault = NULL;
	STACK_OF(X509) * certs;
	int err;

	if (trust_path(l->conf, folder, name, path))
		return fail(l, name, "its path is too long");
	certs = trust_read_certs(path, &fault);
	if (!certs)
		return fail(l, path, fault);
	err = trust_set_add(set, path, certs);
	sk_X509_pop_free(certs, X509_free);
	return err ? out_of_memory(l->error) : 0;
}

static int load_set(const struct load *l, const char *folder, struct trust_set **out)
{
	struct trust_set *set = trust_set_find(l->trust, l->files, folder);
	char path[TRUST_PATH_MAX];
	int err = 0;

	*out = set;
	if (set)
		return 0;
	set = trust_set_new(l->trust, l->files, folder);
	if (!set)
		return out_of_memory(l->error);
	for (size_t i = 0; !err && i < l->files->count; i++)
		err = add_file(l, set, l->files->list[i], folder, path);
	*out = set;
	return err;
}

static int add_raw_key(const struct load *l, const char *path, struct trust_raw_keys *out)
{
	const char *fault = NULL;
	EVP_PKEY *key = trust_read_public_key(path, &fault);
	EVP_PKEY **list = key ? realloc(out->list, (out->count + 1) * sizeof(*list)) : NULL;

	if (!fault && key)
		fault = trust_key_fault(key);
	if (list)
		out->list = list;
	if (fault || !list) {
		EVP_PKEY_free(key);
		return fault ? fail(l, path, fault) : out_of_memory(l->error);
	}
	list[out->count++] = key;
	return 0;
}

/* Public keys without certificates. */
static int load_raw_keys(struct load *l, const struct conf_files *files, struct trust_raw_keys *out)
{
	char path[TRUST_PATH_MAX];
	int err = 0;

	l->files = files;
	l->key = "pubkeys";
	for (size_t i = 0; !err && i < files->count; i++) {
		err = trust_path(l->conf, TRUST_PUBKEY, files->list[i], path)
			      ? fail(l, files->list[i], "its path is too long")
			      : add_raw_key(l, path, out);
		if (!err && l->local && !trust_find_key(l->trust, out->list[i]))
			err = fail(l, path,
				   "there is no private key for it (folder private, or "
				   "secrets.private*)");
	}
	return err;
}

/* As whom we show our certificate. */
static const struct ike_id *own_id(const struct conf_connection *c)
{
	return c->local_auth.has_eap_id ? &c->local_auth.eap_id : &c->local_id;
}

/* Of several, what the peer has decides. */
static int load_own(struct load *l, struct trust_connection *to)
{
	int err;

	l->local = true;
	err = load_raw_keys(l, &l->c->local_auth.pubkeys, &to->own_raw);
	if (err || !l->c->local_auth.certs.count)
		return err;
	l->files = &l->c->local_auth.certs;
	l->key = "certs";
	err = load_set(l, TRUST_X509, &to->own);
	for (size_t i = 0; !err && i < to->own->file_count; i++) {
		const struct trust_file *file = &to->own->files[i];
		X509 *cert = sk_X509_value(to->own->certs, file->first);
		const char *wrong = trust_key_fault(X509_get0_pubkey(cert));

		if (wrong)
			return fail(l, file->path, wrong);
		if (!trust_find_key(l->trust, X509_get0_pubkey(cert)))
			return fail(l, file->path,
				    "there is no private key for it (folder private, or "
				    "secrets.private*)");
		if (own_id(l->c)->type != IKE_ID_ANY && !trust_cert_is_of(cert, own_id(l->c)))
			return fail(l, file->path,
				    own_id(l->c) == &l->c->local_id
					    ? "local.id is neither its subject nor a subjectAltName"
					    : "local.eap_id is neither its subject nor a "
					      "subjectAltName");
	}
	return err;
}

static int load_remote(struct load *l, struct trust_connection *to)
{
	const struct conf_auth *auth = &l->c->remote_auth;
	int err;

	l->local = false;
	err = load_raw_keys(l, &auth->pubkeys, &to->raw);
	if (!err && to->raw.count) {
		to->raw_id = malloc(sizeof(*to->raw_id));
		if (!to->raw_id)
			return out_of_memory(l->error);
		*to->raw_id = l->c->remote_id;
	}
	if (!err && auth->certs.count) {
		l->files = &auth->certs;
		l->key = "certs";
		err = load_set(l, TRUST_X509, &to->pinned);
	}
	if (!err && auth->cacerts.count) {
		l->files = &auth->cacerts;
		l->key = "cacerts";
		err = load_set(l, TRUST_X509CA, &to->authorities);
	}
	if (err || auth->cacerts.count || auth->certs.count || auth->pubkeys.count)
		return err;
	to->authorities = &l->trust->common;
	if (!l->trust->common.file_count) {
		snprintf(l->error->text, sizeof(l->error->text),
			 "%s:%u: connections.%s.remote: auth needs certs, cacerts, pubkeys, or "
			 "authorities in the folder x509ca",
			 l->c->file, l->c->line, l->c->name);
		return -EINVAL;
	}
	return 0;
}

/* Who we are, where nobody says it: the subject of the first certificate. */
static int name_ourselves(const struct load *l, struct conf_connection *c,
			  const struct trust_connection *of)
{
	unsigned char *der = NULL;
	int len, err;

	if (!of->own || own_id(c)->type != IKE_ID_ANY)
		return 0;
	len = i2d_X509_NAME(
		X509_get_subject_name(sk_X509_value(of->own->certs, of->own->files[0].first)),
		&der);
	err = len > 0 ? ike_id_set(&c->local_id, IKE_ID_DER_ASN1_DN, ike_slice(der, (size_t)len))
		      : -EINVAL;
	OPENSSL_free(der);
	return err ? fail(l, of->own->files[0].path,
			  "its subject is too long for an identity (local.id)")
		   : 0;
}

static int load_connection(struct load *l, struct conf_connection *c)
{
	struct trust_connection *to = calloc(1, sizeof(*to));
	int err = 0;

	if (!to)
		return out_of_memory(l->error);
	snprintf(to->name, sizeof(to->name), "%s", c->name);
	to->local = c->local_auth;
	to->remote = c->remote_auth;
	to->local.certs = to->remote.certs = to->local.cacerts = to->remote.cacerts =
		to->local.pubkeys = to->remote.pubkeys = (struct conf_files){0};
	to->asks = c->send_certreq && c->remote_auth.pubkey;
	to->asks_ocsp = to->asks && c->asks_ocsp;
	HASH_ADD_STR(l->trust->connections, name, to);
	if (!to->hh.tbl) {
		free(to);
		return out_of_memory(l->error);
	}
	l->c = c;
	if (shows_certs(c))
		err = load_own(l, to);
	if (!err)
		err = name_ourselves(l, c, to);
	if (!err && judges_certs(c))
		err = load_remote(l, to);
	return err;
}

/* What peers are told of who begin: no more than one may read. */
static int gather_authorities(struct trust *t)
{
	uint8_t all[IKE_AUTHORITIES_MAX * IKE_AUTHORITY_LEN];
	struct ike_writer w = ike_writer(all, sizeof(all));

	for (struct trust_connection *c = t->connections; c; c = c->hh.next) {
		struct ike_slice s = c->authorities && c->asks
					     ? ike_buffer_slice(&c->authorities->hashes)
					     : ike_slice(NULL, 0);
		bool there = false;

		for (size_t i = 0; i + s.len <= w.len && s.len; i += IKE_AUTHORITY_LEN)
			there |= !memcmp(all + i, s.data, s.len);
		if (!there && s.len <= sizeof(all) - w.len)
			ike_put_slice(&w, s);
	}
	return w.len ? ike_buffer_set(&t->all, ike_written(&w)) : 0;
}

int trust_load(struct conf *conf, struct trust **out, struct conf_error *error)
{
	struct load l = {.conf = conf, .error = error, .trust = calloc(1, sizeof(*l.trust))};
	bool any = false;
	int err = l.trust ? 0 : out_of_memory(error);

	for (size_t i = 0; i < conf->connection_count; i++)
		any |= shows_certs(&conf->connections[i]) || judges_certs(&conf->connections[i]);
	if (!err)
		atomic_init(&l.trust->references, 1);
	if (!err && any)
		err = trust_read_folders(l.trust, conf, error);
	for (size_t i = 0; !err && any && i < conf->connection_count; i++) {
		struct conf_connection *c = &conf->connections[i];

		if (shows_certs(c) || judges_certs(c))
			err = load_connection(&l, c);
	}
	if (!err && gather_authorities(l.trust))
		err = out_of_memory(error);
	for (size_t i = 0; i < conf->private_count; i++)
		ike_secret_clear(&conf->privates[i].secret);
	for (size_t i = 0; i < conf->token_count; i++)
		ike_secret_clear(&conf->tokens[i].pin);
	if (err)
		trust_release(l.trust);
	else
		*out = l.trust;
	return err;
}

/* ---------------------------------------------------------------------------------- what it says
 */

const struct trust_connection *trust_find(const struct trust *t, const char *name)
{
	struct trust_connection *c;

	HASH_FIND_STR(t->connections, name, c);
	return c;
}

struct ike_slice trust_authorities(const struct trust *t, const char *connection)
{
	const struct trust_connection *c = trust_find(t, connection);

	return c && c->authorities && c->asks ? ike_buffer_slice(&c->authorities->hashes)
					      : ike_slice(NULL, 0);
}

struct ike_slice trust_all_authorities(const struct trust *t)
{
	return ike_buffer_slice(&t->all);
}

static bool asks_raw(const struct trust_connection *c)
{
	return c && c->raw.count && c->asks;
}

bool trust_asks_raw(const struct trust *t, const char *connection)
{
	return asks_raw(trust_find(t, connection));
}

bool trust_any_asks_raw(const struct trust *t)
{
	const struct trust_connection *c = t->connections;

	while (c && !asks_raw(c))
		c = c->hh.next;
	return c;
}

bool trust_any_asks_ocsp(const struct trust *t)
{
	const struct trust_connection *c = t->connections;

	while (c && !c->asks_ocsp)
		c = c->hh.next;
	return c;
}

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * 0x100000001b3u; /* FNV-1a */
	return h;
}

static uint64_t mix_files(uint64_t h, const struct conf_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		h = mix(h, files->list[i], strlen(files->list[i]) + 1);
	return mix(h, "", 1);
}

static uint64_t mix_auth(uint64_t h, const struct conf_auth *a)
{
	const uint16_t numbers[] = {a->null,
				    a->pubkey,
				    a->schemes,
				    a->hashes,
				    a->rsa_bits,
				    a->ecdsa_bits,
				    (uint16_t)a->revocation,
				    a->eap,
				    a->has_eap_id,
				    a->eap_id.type,
				    a->eap_id.pattern};

	h = mix(mix(h, numbers, sizeof(numbers)), a->eap_id.data, a->eap_id.len);
	h = mix_files(mix_files(h, &a->certs), &a->cacerts);
	return mix_files(mix_files(h, &a->pubkeys), &a->groups);
}

uint64_t trust_credentials(const struct conf_connection *c)
{
	uint64_t h = mix_auth(mix_auth(0xcbf29ce484222325u, &c->local_auth), &c->remote_auth);

	return mix_auth(mix_auth(h, &c->local_next), &c->remote_next);
}

static void tell_expiring(const struct trust_set *set, time_t before,
			  void (*each)(void *context, const char *path, time_t at), void *context)
{
	for (size_t i = 0; i < set->file_count; i++) {
		X509 *cert = sk_X509_value(set->certs, set->files[i].first);
		time_t at;

		if (trust_time_of(X509_get0_notAfter(cert), &at) && at <= before)
			each(context, set->files[i].path, at);
	}
}

void trust_expiring(const struct trust *t, time_t before,
		    void (*each)(void *context, const char *path, time_t at), void *context)
{
	tell_expiring(&t->common, before, each, context);
	for (const struct trust_set *set = t->sets; set; set = set->hh.next)
		tell_expiring(set, before, each, context);
}

/* --------------------------------------------------------------------------------------- judging
 */

/* All of it is one certificate. */
static X509 *decode(struct ike_slice der)
{
	const unsigned char *at = der.data;
	X509 *cert = d2i_X509(NULL, &at, (long)der.len);

	if (cert && at == der.data + der.len)
		return cert;
	X509_free(cert);
	return NULL;
}

/* NULL, and *fault: one is malformed, or there are too many. */
static STACK_OF(X509) * decode_all(struct ike_slice octets, const char **fault)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	struct ike_cursor c = ike_cursor(octets);

	*fault = certs ? NULL : "out of memory";
	while (!*fault && ike_cursor_left(&c)) {
		uint16_t len = ike_get_u16(&c);
		X509 *cert;

		if (sk_X509_num(certs) == IKE_CERTS_MAX) {
			*fault = "it sends more than 8 certificates";
			break;
		}
		cert = decode(ike_get_slice(&c, len));
		if (!cert || !sk_X509_push(certs, cert)) {
			X509_free(cert);
			*fault = "it sends a certificate that is malformed";
		}
	}
	if (!*fault)
		return certs;
	sk_X509_pop_free(certs, X509_free);
	return NULL;
}

static bool is_pinned(const struct trust_set *pinned, X509 *cert)
{
	for (int i = 0; pinned && i < sk_X509_num(pinned->certs); i++) {
		if (X509_cmp(sk_X509_value(pinned->certs, i), cert) == 0)
			return true;
	}
	return false;
}

static X509 *find_pinned(const struct trust_set *pinned, const struct ike_id *id)
{
	for (int i = 0; pinned && i < sk_X509_num(pinned->certs); i++) {
		X509 *cert = sk_X509_value(pinned->certs, i);

		if (trust_cert_is_of(cert, id))
			return cert;
	}
	return NULL;
}

/* By those that came with it, and those that are known. */
static bool leads_to_authority(const struct trust *t, const struct trust_connection *c, X509 *cert,
			       const STACK_OF(X509) * others, struct trust_pass *pass,
			       STACK_OF(X509) * *chain, char fault[TRUST_FAULT])
{
	STACK_OF(X509) *all = others ? sk_X509_dup(others) : sk_X509_new_null();
	bool good = all;

	for (int i = 0; good && i < sk_X509_num(t->common.certs); i++)
		good = sk_X509_push(all, sk_X509_value(t->common.certs, i));
	if (!good)
		snprintf(fault, TRUST_FAULT, "out of memory");
	else
		good = trust_cert_is_trusted(cert, c->authorities->store, all, pass, chain, fault);
	sk_X509_free(all);
	return good;
}

bool trust_believes(const struct trust *t, const struct trust_connection *c, X509 *cert,
		    const STACK_OF(X509) * others, STACK_OF(X509) * *chain, char fault[TRUST_FAULT])
{
	if (!trust_cert_may_sign(cert, fault))
		return false;
	if (is_pinned(c->pinned, cert))
		return true;
	if (!c->authorities) {
		snprintf(fault, TRUST_FAULT, "its certificate isn't one of remote.certs");
		return false;
	}
	return leads_to_authority(t, c, cert, others, NULL, chain, fault);
}

bool trust_revokes(const struct trust *t, const struct trust_connection *c, X509 *cert,
		   const STACK_OF(X509) * others, STACK_OF(X509) * chain, struct ike_slice sent,
		   struct trust_errand *errand, char fault[TRUST_FAULT])
{
	const struct trust_revocation r = {c->remote.revocation, t->lists, sent, errand};
	const bool lists = sk_X509_CRL_num(t->lists) > 0;
	struct trust_pass pass = {.lists = t->lists};
	STACK_OF(X509) *own = NULL;
	bool refused;

	if (is_pinned(c->pinned, cert) || !trust_revocation_is_asked(&r))
		return false;
	/* Where there are lists OpenSSL looks for the way once more, by them. */
	if ((lists || !chain) &&
	    !leads_to_authority(t, c, cert, others, lists ? &pass : NULL, &own, fault))
		return true;
	refused = trust_revocation_refuses(&r, own ? own : chain, lists ? &pass : NULL, fault);
	sk_X509_pop_free(own, X509_free);
	return refused;
}

/* The one that it has sent first, or else one of remote.certs. */
static bool is_trusted(const struct trust *t, const struct trust_connection *c,
		       const struct ike_id *id, STACK_OF(X509) * sent, X509 **cert,
		       STACK_OF(X509) * *chain, char reason[IKE_REASON_MAX])
{
	*cert = sk_X509_value(sent, 0);
	if (!*cert)
		*cert = find_pinned(c->pinned, id);
	if (!*cert) {
		snprintf(reason, IKE_REASON_MAX, "it sends no certificate");
		return false;
	}
	if (!trust_cert_is_of(*cert, id)) {
		snprintf(reason, IKE_REASON_MAX,
			 "its certificate is for another one (neither subject nor "
			 "subjectAltName)");
		return false;
	}
	return trust_believes(t, c, *cert, sent, chain, reason);
}

/* Of the keys that may be the peer's, the one that it has sent; any, if it has sent none. */
static bool may_be(const EVP_PKEY *key, struct ike_slice sent)
{
	unsigned char *der = NULL;
	int len = sent.len ? i2d_PUBKEY(key, &der) : 0;
	bool same = !sent.len || (len > 0 && ike_slice_equal(sent, ike_slice(der, (size_t)len)));

	OPENSSL_free(der);
	return same;
}

static int verify_raw(const struct trust_connection *c, const struct ike_verify_job *job,
		      char reason[IKE_REASON_MAX])
{
	const struct ike_slice sent = ike_buffer_slice(&job->raw_key);
	const char *fault = "its public key isn't one of remote.pubkeys";

	if (!ike_id_equal(&job->id, c->raw_id))
		fault = "remote.pubkeys are of another identity";
	else
		for (size_t i = 0; fault && i < c->raw.count; i++)
			if (may_be(c->raw.list[i], sent))
				fault = trust_verify(c->raw.list[i], &c->remote, job->hashes,
						     ike_buffer_slice(&job->octets), job->method,
						     ike_buffer_slice(&job->data));
	if (!fault)
		return 0;
	snprintf(reason, IKE_REASON_MAX, "%s", fault);
	return -EACCES;
}

static int verify(const struct trust *t, const struct ike_verify_job *job,
		  struct trust_errand *errand, char reason[IKE_REASON_MAX])
{
	const struct trust_connection *c = trust_find(t, job->connection);
	STACK_OF(X509) * sent, *chain = NULL;
	const char *fault;
	X509 *cert;
	int err = -EACCES;

	if (!*job->connection || !c || !c->remote.pubkey ||
	    (!c->authorities && !c->pinned && !c->raw.count)) {
		snprintf(reason, IKE_REASON_MAX, "no connection for this identity, by a signature");
		return -ENOENT;
	}
	if (c->raw.count && (job->raw_key.len || !job->certs.len))
		return verify_raw(c, job, reason);
	sent = decode_all(ike_buffer_slice(&job->certs), &fault);
	if (!sent) {
		snprintf(reason, IKE_REASON_MAX, "%s", fault);
		return -EACCES;
	}
	if (is_trusted(t, c, &job->id, sent, &cert, &chain, reason)) {
		fault = trust_verify(X509_get0_pubkey(cert), &c->remote, job->hashes,
				     ike_buffer_slice(&job->octets), job->method,
				     ike_buffer_slice(&job->data));
		if (fault)
			snprintf(reason, IKE_REASON_MAX, "%s", fault);
		else if (!trust_revokes(t, c, cert, sent, chain, ike_buffer_slice(&job->ocsp),
					errand, reason))
			err = 0;
	}
	sk_X509_pop_free(chain, X509_free);
	sk_X509_pop_free(sent, X509_free);
	return err;
}

void trust_run(const struct trust *t, struct trust_errand *errand, struct ike_job *job)
{
	job->reason[0] = 0;
	if (errand)
		errand->waits = false;
	if (job->type == IKE_JOB_SIGN)
		job->error = trust_sign_as(t, &job->sign, errand, job->reason);
	else
		job->error = verify(t, &job->verify, errand, job->reason);
	ERR_clear_error();
}
