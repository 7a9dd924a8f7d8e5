// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/known.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/sa/hash.h"

enum {
	FACTS_MAX = 4096,
	OCTETS_MAX = 64 << 20, /* of lists and answers, as they have come */
};

struct entry {
	uint8_t key[TRUST_WANT_KEY];
	struct trust_fact *fact;
	size_t octets;
	UT_hash_handle hh;
};

struct trust_known {
	pthread_mutex_t lock;
	struct entry *entries; /* the oldest first */
	size_t octets;
};

struct trust_known *trust_known_new(void)
{
	struct trust_known *known = calloc(1, sizeof(*known));

	if (known)
		pthread_mutex_init(&known->lock, NULL);
	return known;
}

static void forget(struct trust_known *known, struct entry *entry)
{
	HASH_DEL(known->entries, entry);
	known->octets -= entry->octets;
	trust_fact_release(entry->fact);
	free(entry);
}

void trust_known_free(struct trust_known *known)
{
	if (!known)
		return;
	while (known->entries)
		forget(known, known->entries);
	pthread_mutex_destroy(&known->lock);
	free(known);
}

static bool add(EVP_MD_CTX *digest, const void *octets, int len)
{
	return len >= 0 && EVP_DigestUpdate(digest, octets, (size_t)len) == 1;
}

/* Each of what is added ends where the next begins: DER says how long it is. */
bool trust_known_key(enum trust_source source, const char *uri, X509 *issuer, const X509 *cert,
		     uint8_t key[TRUST_WANT_KEY])
{
	const uint8_t kind = (uint8_t)source;
	unsigned char *name = NULL, *public_key = NULL, *serial = NULL;
	const int name_len = i2d_X509_NAME(X509_get_subject_name(issuer), &name);
	const int public_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer), &public_key);
	const int serial_len = cert ? i2d_ASN1_INTEGER(X509_get0_serialNumber(cert), &serial) : 0;
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	bool ok = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
		  add(digest, &kind, 1) && add(digest, uri, (int)strlen(uri) + 1) &&
		  add(digest, name, name_len) && add(digest, public_key, public_len) &&
		  add(digest, serial, serial_len) && EVP_DigestFinal_ex(digest, key, NULL) == 1;

	EVP_MD_CTX_free(digest);
	OPENSSL_free(name);
	OPENSSL_free(public_key);
	OPENSSL_free(serial);
	return ok;
}

struct trust_fact *trust_fact_new(time_t since, time_t until)
{
	struct trust_fact *fact = calloc(1, sizeof(*fact));

	if (!fact)
		return NULL;
	atomic_init(&fact->references, 1);
	fact->since = since;
	fact->until = until;
	return fact;
}

static struct trust_fact *hold(struct trust_fact *fact)
{
	atomic_fetch_add(&fact->references, 1);
	return fact;
}

void trust_fact_release(struct trust_fact *fact)
{
	if (!fact || atomic_fetch_sub(&fact->references, 1) != 1)
		return;
	X509_CRL_free(fact->list);
	ike_buffer_free(&fact->response);
	free(fact);
}

struct trust_fact *trust_known_find(struct trust_known *known, const uint8_t key[TRUST_WANT_KEY],
				    time_t now)
{
	struct trust_fact *fact = NULL;
	struct entry *entry;

	pthread_mutex_lock(&known->lock);
	HASH_FIND(hh, known->entries, key, TRUST_WANT_KEY, entry);
	if (entry && now < entry->fact->until)
		fact = hold(entry->fact);
	pthread_mutex_unlock(&known->lock);
	return fact;
}

static size_t octets_of(struct trust_fact *fact)
{
	const int list = fact->list ? i2d_X509_CRL(fact->list, NULL) : 0;

	return sizeof(struct entry) + sizeof(*fact) + fact->response.len +
	       (list > 0 ? (size_t)list : 0);
}

static bool is_failure(const struct trust_fact *fact)
{
	return !fact->list && fact->status == TRUST_UNKNOWN;
}

/* What may be older than what is there doesn't take its place. */
static bool may_replace(const struct trust_fact *old, const struct trust_fact *new, time_t now)
{
	return is_failure(old) || now >= old->until || new->since >= old->since;
}

static void put(struct trust_known *known, const uint8_t key[TRUST_WANT_KEY],
		struct trust_fact *fact, size_t octets)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return;
	memcpy(entry->key, key, sizeof(entry->key));
	HASH_ADD(hh, known->entries, key, sizeof(entry->key), entry);
	if (!entry->hh.tbl) {
		free(entry);
		return;
	}
	entry->fact = hold(fact);
	entry->octets = octets;
	known->octets += octets;
	while (known->octets > OCTETS_MAX || HASH_COUNT(known->entries) > FACTS_MAX)
		forget(known, known->entries);
}

void trust_known_put(struct trust_known *known, const uint8_t key[TRUST_WANT_KEY],
		     struct trust_fact *fact, time_t now)
{
	const size_t octets = octets_of(fact);
	struct entry *entry;

	pthread_mutex_lock(&known->lock);
	HASH_FIND(hh, known->entries, key, TRUST_WANT_KEY, entry);
	if (!entry || may_replace(entry->fact, fact, now)) {
		if (entry)
			forget(known, entry);
		put(known, key, fact, octets);
	}
	pthread_mutex_unlock(&known->lock);
}
