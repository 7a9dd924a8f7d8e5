// SPDX-License-Identifier: BSD-2-Clause
/* Sets of certificates and private keys, and the folders that they are in. */
#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/trust/certificate.h"
#include "host/trust/private.h"
#include "host/trust/token.h"

#define KEYS_MAX 1024
#define AUTHORITIES_MAX 1024 /* files in x509ca */
#define LISTS_MAX 1024

static int out_of_memory(struct conf_error *error)
{
	snprintf(error->text, sizeof(error->text), "out of memory");
	return -ENOMEM;
}

int trust_path(const struct conf *conf, const char *folder, const char *name,
	       char out[TRUST_PATH_MAX])
{
	const char *file = conf->file_count ? conf->files[0] : "";
	const char *slash = strrchr(file, '/');
	int len;

	if (*name == '/')
		len = snprintf(out, TRUST_PATH_MAX, "%s", name);
	else
		len = snprintf(out, TRUST_PATH_MAX, "%.*s%s/%s",
			       slash ? (int)(slash - file + 1) : 0, file, folder, name);
	return len < 0 || len >= TRUST_PATH_MAX ? -ENAMETOOLONG : 0;
}

/* Files of x509 and of x509ca differ. To be freed. */
static char *name_of(const struct conf_files *files, const char *folder)
{
	size_t len = strlen(folder) + 2;
	char *name, *at;

	for (size_t i = 0; i < files->count; i++)
		len += strlen(files->list[i]) + 1;
	name = malloc(len);
	if (!name)
		return NULL;
	at = stpcpy(name, folder);
	for (size_t i = 0; i < files->count; i++) {
		*at++ = ',';
		at = stpcpy(at, files->list[i]);
	}
	return name;
}

struct trust_set *trust_set_find(const struct trust *t, const struct conf_files *files,
				 const char *folder)
{
	char *name = name_of(files, folder);
	struct trust_set *set = NULL;

	if (name)
		HASH_FIND_STR(t->sets, name, set);
	free(name);
	return set;
}

struct trust_set *trust_set_new(struct trust *t, const struct conf_files *files, const char *folder)
{
	struct trust_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->name = name_of(files, folder);
	if (set->name)
		HASH_ADD_KEYPTR(hh, t->sets, set->name, strlen(set->name), set);
	if (set->name && set->hh.tbl)
		return set;
	free(set->name);
	free(set);
	return NULL;
}

static int add_cert(struct trust_set *set, X509 *cert)
{
	struct ike_buffer *h = &set->hashes;
	uint8_t *hashes = realloc(h->data, h->len + IKE_AUTHORITY_LEN);

	if (!hashes)
		return -ENOMEM;
	h->data = hashes;
	if (!trust_cert_authority(cert, hashes + h->len) ||
	    X509_STORE_add_cert(set->store, cert) != 1 || X509_up_ref(cert) != 1)
		return -ENOMEM;
	if (!sk_X509_push(set->certs, cert)) {
		X509_free(cert);
		return -ENOMEM;
	}
	h->len += IKE_AUTHORITY_LEN;
	return 0;
}

int trust_set_add(struct trust_set *set, const char *path, STACK_OF(X509) * certs)
{
	struct trust_file *files =
		realloc(set->files, (set->file_count + 1) * sizeof(struct trust_file));
	int err = 0;

	if (!files)
		return -ENOMEM;
	set->files = files;
	if (!set->certs)
		set->certs = sk_X509_new_null();
	if (!set->store)
		set->store = X509_STORE_new();
	if (!set->certs || !set->store)
		return -ENOMEM;
	files[set->file_count].first = sk_X509_num(set->certs);
	snprintf(files[set->file_count++].path, TRUST_PATH_MAX, "%s", path);
	for (int i = 0; !err && i < sk_X509_num(certs); i++)
		err = add_cert(set, sk_X509_value(certs, i));
	return err;
}

static void set_clear(struct trust_set *set)
{
	free(set->name);
	free(set->files);
	sk_X509_pop_free(set->certs, X509_free);
	X509_STORE_free(set->store);
	ike_buffer_free(&set->hashes);
}

/* ------------------------------------------------------------------------------------- folders */

typedef int take_fn(struct trust *t, const struct conf *conf, const char *path,
		    struct conf_error *error);

static int fail(struct conf_error *error, const char *path, const char *what)
{
	snprintf(error->text, sizeof(error->text), "%.300s: %s", path, what);
	return -EINVAL;
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Each file of a folder, in the order of their names; one that isn't there has none. */
static int read_folder(struct trust *t, const struct conf *conf, const char *folder, take_fn *take,
		       struct conf_error *error)
{
	char path[TRUST_PATH_MAX];
	struct dirent **entries;
	int count, err = trust_path(conf, folder, "", path);

	if (err)
		return fail(error, folder, "its path is too long");
	count = scandir(path, &entries, is_shown, alphasort);
	if (count < 0)
		return errno == ENOENT ? 0 : fail(error, path, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (!err && trust_path(conf, folder, entries[i]->d_name, path))
			err = fail(error, entries[i]->d_name, "its path is too long");
		if (!err)
			err = take(t, conf, path, error);
		free(entries[i]);
	}
	free(entries);
	return err;
}

static int take_authority(struct trust *t, const struct conf *conf, const char *path,
			  struct conf_error *error)
{
	const char *fault;
	STACK_OF(X509) *certs = trust_read_certs(path, &fault);
	int err;

	(void)conf;
	if (!certs)
		return fail(error, path, fault);
	if (t->common.file_count >= AUTHORITIES_MAX) {
		sk_X509_pop_free(certs, X509_free);
		return fail(error, path, "there are more than 1024 authorities");
	}
	err = trust_set_add(&t->common, path, certs);
	sk_X509_pop_free(certs, X509_free);
	return err ? out_of_memory(error) : 0;
}

static int take_list(struct trust *t, const struct conf *conf, const char *path,
		     struct conf_error *error)
{
	const char *fault;
	X509_CRL *list = trust_read_crl(path, &fault);

	(void)conf;
	if (!list)
		return fail(error, path, fault);
	if (!t->lists)
		t->lists = sk_X509_CRL_new_null();
	if (!t->lists || sk_X509_CRL_num(t->lists) >= LISTS_MAX ||
	    !sk_X509_CRL_push(t->lists, list)) {
		X509_CRL_free(list);
		return fail(error, path, "there are more than 1024 CRLs, or no memory");
	}
	return 0;
}

/* Takes the key. */
static int take_over(struct trust *t, const char *path, EVP_PKEY *key, struct conf_error *error)
{
	EVP_PKEY **keys;

	if (t->key_count >= KEYS_MAX) {
		EVP_PKEY_free(key);
		return fail(error, path, "there are more than 1024 private keys");
	}
	keys = realloc(t->keys, (t->key_count + 1) * sizeof(EVP_PKEY *));
	if (!keys) {
		EVP_PKEY_free(key);
		return out_of_memory(error);
	}
	t->keys = keys;
	keys[t->key_count++] = key;
	return 0;
}

static int add_key(struct trust *t, const char *path, struct ike_slice passphrase,
		   struct conf_error *error)
{
	const char *fault;
	EVP_PKEY *key = trust_read_key(path, passphrase, &fault);

	return key ? take_over(t, path, key, error) : fail(error, path, fault);
}

static const char *const key_folders[] = {"private", "rsa", "ecdsa", "pkcs8"};
enum { KEY_FOLDERS = sizeof(key_folders) / sizeof(key_folders[0]) };

/* The section that is about this file; its name is looked for in each folder. */
static const struct conf_private *section_of(const struct conf *conf, const char *path)
{
	char meant[TRUST_PATH_MAX];

	for (size_t i = 0; i < conf->private_count; i++)
		for (unsigned int k = 0; k < KEY_FOLDERS; k++)
			if (!trust_path(conf, key_folders[k], conf->privates[i].path, meant) &&
			    !strcmp(meant, path))
				return &conf->privates[i];
	return NULL;
}

static int take_key(struct trust *t, const struct conf *conf, const char *path,
		    struct conf_error *error)
{
	const struct conf_private *section = section_of(conf, path);

	return add_key(t, path, section ? ike_secret_slice(&section->secret) : ike_slice(NULL, 0),
		       error);
}

/* Outside of the folders. */
static int read_named_keys(struct trust *t, const struct conf *conf, struct conf_error *error)
{
	int err = 0;

	for (size_t i = 0; !err && i < conf->private_count; i++) {
		const struct conf_private *p = &conf->privates[i];
		struct conf_error inner = {""};

		if (p->path[0] != '/')
			continue;
		err = add_key(t, p->path, ike_secret_slice(&p->secret), &inner);
		if (err)
			snprintf(error->text, sizeof(error->text), "%s:%u: secrets.%s.file: %.300s",
				 p->file, p->line, p->name, inner.text);
	}
	return err;
}

static int read_token(struct trust *t, const struct conf_token *token, struct conf_error *error)
{
	char fault[TRUST_TOKEN_FAULT] = "out of memory";
	struct conf_error inner = {""};
	EVP_PKEY *key;
	int err = trust_token_key(token, &key, fault);

	if (!err) {
		err = take_over(t, token->module, key, &inner);
		snprintf(fault, sizeof(fault), "%.150s", inner.text);
	}
	if (err)
		snprintf(error->text, sizeof(error->text), "%s:%u: secrets.%s: %s", token->file,
			 token->line, token->name, fault);
	return err;
}

static int read_tokens(struct trust *t, const struct conf *conf, struct conf_error *error)
{
	int err = 0;

	for (size_t i = 0; !err && i < conf->token_count; i++)
		err = read_token(t, &conf->tokens[i], error);
	return err;
}

int trust_read_folders(struct trust *t, const struct conf *conf, struct conf_error *error)
{
	int err = read_folder(t, conf, TRUST_X509CA, take_authority, error);

	if (!err)
		err = read_folder(t, conf, TRUST_X509CRL, take_list, error);
	for (unsigned int i = 0; !err && i < KEY_FOLDERS; i++)
		err = read_folder(t, conf, key_folders[i], take_key, error);
	if (!err)
		err = read_named_keys(t, conf, error);
	return err ? err : read_tokens(t, conf, error);
}

EVP_PKEY *trust_find_key(const struct trust *t, const EVP_PKEY *public_key)
{
	for (size_t i = 0; public_key && i < t->key_count; i++)
		if (EVP_PKEY_eq(t->keys[i], public_key) == 1)
			return t->keys[i];
	return NULL;
}

/* ------------------------------------------------------------------------------------- its life */

static void raw_keys_clear(struct trust_raw_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		EVP_PKEY_free(keys->list[i]);
	free(keys->list);
}

struct trust *trust_hold(struct trust *t)
{
	if (t)
		atomic_fetch_add(&t->references, 1);
	return t;
}

void trust_release(struct trust *t)
{
	struct trust_connection *c, *next_c;
	struct trust_set *set, *next_set;

	if (!t || atomic_fetch_sub(&t->references, 1) != 1)
		return;
	HASH_ITER(hh, t->connections, c, next_c) {
		HASH_DEL(t->connections, c);
		raw_keys_clear(&c->own_raw);
		raw_keys_clear(&c->raw);
		free(c->raw_id);
		free(c);
	}
	HASH_ITER(hh, t->sets, set, next_set) {
		HASH_DEL(t->sets, set);
		set_clear(set);
		free(set);
	}
	set_clear(&t->common);
	sk_X509_CRL_pop_free(t->lists, X509_CRL_free);
	for (size_t i = 0; i < t->key_count; i++)
		EVP_PKEY_free(t->keys[i]);
	free(t->keys);
	ike_buffer_free(&t->all);
	free(t);
}
