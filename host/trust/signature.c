// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/signature.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

/* What makes one signature another than another. */
struct algorithm {
	enum conf_scheme scheme;
	uint8_t hash; /* enum ike_hash */
};

static const EVP_MD *digest_of(uint8_t hash)
{
	switch (hash) {
	case IKE_HASH_SHA1:
		return EVP_sha1();
	case IKE_HASH_SHA2_256:
		return EVP_sha256();
	case IKE_HASH_SHA2_384:
		return EVP_sha384();
	case IKE_HASH_SHA2_512:
		return EVP_sha512();
	default:
		return NULL; /* of EdDSA it is a part */
	}
}

/* ------------------------------------------------------------------------------------------ keys
 */

static bool is_curve(const EVP_PKEY *key, const char *name)
{
	char group[32];

	return EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	       !strcmp(group, name);
}

/* 0: it is none of those that RFC 4754 and RFC 5480 have for IKE. */
static int curve_bits(const EVP_PKEY *key)
{
	if (is_curve(key, SN_X9_62_prime256v1))
		return 256;
	if (is_curve(key, SN_secp384r1))
		return 384;
	return is_curve(key, SN_secp521r1) ? 521 : 0;
}

static const char *rsa_fault(const EVP_PKEY *key)
{
	BIGNUM *n = NULL, *e = NULL;
	const char *fault = "an RSA key can't be read";

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		;
	else if (BN_num_bits(n) < TRUST_RSA_MIN)
		fault = "an RSA key has fewer than 2048 bits";
	else if (BN_num_bits(n) > TRUST_RSA_MAX)
		fault = "an RSA key has more than 16384 bits";
	else if (!BN_is_odd(n))
		fault = "an RSA key has an even modulus";
	else if (!BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > 64)
		fault = "an RSA key has a public exponent that is even, 1 or too large";
	else
		fault = NULL;
	BN_free(n);
	BN_free(e);
	return fault;
}

const char *trust_key_fault(EVP_PKEY *key)
{
	switch (key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
	case EVP_PKEY_RSA:
		return rsa_fault(key);
	case EVP_PKEY_EC:
		return curve_bits(key) ? NULL
				       : "a key is of another curve than P-256, P-384, P-521";
	case EVP_PKEY_ED25519:
	case EVP_PKEY_ED448:
		return NULL;
	default:
		return "a key is neither RSA, ECDSA nor EdDSA";
	}
}

/* Has the configuration this scheme, for a key of this length? */
static bool allows_scheme(const struct conf_auth *auth, enum conf_scheme scheme,
			  const EVP_PKEY *key)
{
	unsigned int least = scheme == CONF_ECDSA ? auth->ecdsa_bits : auth->rsa_bits;
	bool sized = scheme == CONF_ECDSA || scheme == CONF_RSA || scheme == CONF_RSA_PSS;

	if (auth->schemes && !(auth->schemes >> scheme & 1))
		return false;
	return !sized || EVP_PKEY_get_bits(key) >= (int)least;
}

static bool allows_hash(const struct conf_auth *auth, uint8_t hash)
{
	return !auth->hashes || auth->hashes >> hash & 1;
}

/* Whose key is it? */
static bool fits(enum conf_scheme scheme, const EVP_PKEY *key)
{
	static const int ids[] = {
		[CONF_RSA] = EVP_PKEY_RSA,     [CONF_RSA_PSS] = EVP_PKEY_RSA,
		[CONF_ECDSA] = EVP_PKEY_EC,    [CONF_ED25519] = EVP_PKEY_ED25519,
		[CONF_ED448] = EVP_PKEY_ED448,
	};

	return EVP_PKEY_get_base_id(key) == ids[scheme];
}

/* ------------------------------------------------------------------------- AlgorithmIdentifiers
 */

enum { IDENTIFIER_MAX = 80 };

static void put_oid(struct ike_writer *w, const char *octets, size_t len)
{
	ike_put_u8(w, 6);
	ike_put_u8(w, (uint8_t)len);
	ike_put(w, octets, len);
}

/* SEQUENCE or a tag of its kind, of what follows from `at` on, which has room for both octets. */
static size_t open_tag(struct ike_writer *w, uint8_t tag)
{
	ike_put_u8(w, tag);
	ike_put_u8(w, 0);
	return w->len;
}

static void close_tag(struct ike_writer *w, size_t at)
{
	ike_patch_be(w, at - 1, w->len - at, 1);
}

static void put_null(struct ike_writer *w)
{
	ike_put_u16(w, 0x0500);
}

/* id-sha256, id-sha384, id-sha512 */
static void put_hash(struct ike_writer *w, uint8_t hash, bool null)
{
	char oid[] = "\x60\x86\x48\x01\x65\x03\x04\x02";
	size_t at = open_tag(w, 0x30);

	ike_put_u8(w, 6);
	ike_put_u8(w, 9);
	ike_put(w, oid, 8);
	ike_put_u8(w, (uint8_t)(hash - IKE_HASH_SHA2_256 + 1));
	if (null)
		put_null(w);
	close_tag(w, at);
}

/* RFC 4055, section 3.1: MGF1 with the same hash, and a salt of its length; trailer by default. */
static void put_pss(struct ike_writer *w, uint8_t hash, bool null)
{
	size_t sequence, tag, mgf;

	put_oid(w, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", 9);
	sequence = open_tag(w, 0x30);
	tag = open_tag(w, 0xa0);
	put_hash(w, hash, null);
	close_tag(w, tag);
	tag = open_tag(w, 0xa1);
	mgf = open_tag(w, 0x30);
	put_oid(w, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08", 9);
	put_hash(w, hash, null);
	close_tag(w, mgf);
	close_tag(w, tag);
	tag = open_tag(w, 0xa2);
	ike_put_u8(w, 2);
	ike_put_u8(w, 1);
	ike_put_u8(w, (uint8_t)EVP_MD_get_size(digest_of(hash)));
	close_tag(w, tag);
	close_tag(w, sequence);
}

/*
 * The one encoding that each has (RFC 7427, appendix A); of PSS there are two, as the parameters of
 * hashes may be NULL or absent (RFC 4055, section 2.1).
 */
static void put_identifier(struct ike_writer *w, const struct algorithm *a, bool null)
{
	static const uint8_t rsa[] = {
		[IKE_HASH_SHA2_256] = 11, [IKE_HASH_SHA2_384] = 12, [IKE_HASH_SHA2_512] = 13};
	size_t at = open_tag(w, 0x30);

	switch (a->scheme) {
	case CONF_RSA:
		ike_put_u8(w, 6);
		ike_put_u8(w, 9);
		ike_put(w, "\x2a\x86\x48\x86\xf7\x0d\x01\x01", 8);
		ike_put_u8(w, rsa[a->hash]);
		put_null(w);
		break;
	case CONF_RSA_PSS:
		put_pss(w, a->hash, null);
		break;
	case CONF_ECDSA:
		ike_put_u8(w, 6);
		ike_put_u8(w, 8);
		ike_put(w, "\x2a\x86\x48\xce\x3d\x04\x03", 7);
		ike_put_u8(w, a->hash);
		break;
	case CONF_ED25519:
		put_oid(w, "\x2b\x65\x70", 3);
		break;
	case CONF_ED448:
		put_oid(w, "\x2b\x65\x71", 3);
		break;
	}
	close_tag(w, at);
}

static const struct algorithm algorithms[] = {
	{CONF_RSA, IKE_HASH_SHA2_256},	   {CONF_RSA, IKE_HASH_SHA2_384},
	{CONF_RSA, IKE_HASH_SHA2_512},	   {CONF_RSA_PSS, IKE_HASH_SHA2_256},
	{CONF_RSA_PSS, IKE_HASH_SHA2_384}, {CONF_RSA_PSS, IKE_HASH_SHA2_512},
	{CONF_ECDSA, IKE_HASH_SHA2_256},   {CONF_ECDSA, IKE_HASH_SHA2_384},
	{CONF_ECDSA, IKE_HASH_SHA2_512},   {CONF_ED25519, IKE_HASH_IDENTITY},
	{CONF_ED448, IKE_HASH_IDENTITY},
};
enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

/* NULL: it is none of these, octet by octet. */
static const struct algorithm *find_identifier(struct ike_slice identifier)
{
	uint8_t octets[IDENTIFIER_MAX];

	for (unsigned int i = 0; i < 2 * ALGORITHMS; i++) {
		struct ike_writer w = ike_writer(octets, sizeof(octets));

		put_identifier(&w, &algorithms[i / 2], i % 2);
		if (ike_writer_ok(&w) && ike_slice_equal(ike_written(&w), identifier))
			return &algorithms[i / 2];
	}
	return NULL;
}

/* RFC 4754: a curve has one hash, and r and s are of its length. */
static const struct {
	uint8_t method;
	int bits;
	int half;
	uint8_t hash;
} rfc4754[] = {
	{IKE_AUTH_ECDSA_256, 256, 32, IKE_HASH_SHA2_256},
	{IKE_AUTH_ECDSA_384, 384, 48, IKE_HASH_SHA2_384},
	{IKE_AUTH_ECDSA_521, 521, 66, IKE_HASH_SHA2_512},
};
enum { RFC4754 = sizeof(rfc4754) / sizeof(rfc4754[0]) };

/* --------------------------------------------------------------------------------------- making
 */

static bool set_padding(EVP_PKEY_CTX *context, const struct algorithm *a)
{
	if (a->scheme == CONF_RSA)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
	if (a->scheme != CONF_RSA_PSS)
		return true;
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest_of(a->hash)) > 0;
}

/* Behind `prefix`, an AlgorithmIdentifier with its length, or nothing. */
static int make(EVP_PKEY *key, const struct algorithm *a, struct ike_slice octets,
		struct ike_slice prefix, struct ike_buffer *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *padding = NULL;
	uint8_t *data = NULL;
	size_t len = 0;
	int err = -EIO;

	if (context && EVP_DigestSignInit(context, &padding, digest_of(a->hash), NULL, key) == 1 &&
	    set_padding(padding, a) &&
	    EVP_DigestSign(context, NULL, &len, octets.data, octets.len) == 1)
		data = malloc(prefix.len + len);
	if (data &&
	    EVP_DigestSign(context, data + prefix.len, &len, octets.data, octets.len) == 1) {
		if (prefix.len)
			memcpy(data, prefix.data, prefix.len);
		*out = (struct ike_buffer){.data = data, .len = prefix.len + len};
		data = NULL;
		err = 0;
	}
	free(data);
	EVP_MD_CTX_free(context);
	return err;
}

/* r and s, each of so many octets, from the DER of ECDSA-Sig-Value. */
static int split(struct ike_buffer *data, int half)
{
	const unsigned char *der = data->data;
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)data->len);
	uint8_t *raw = signature ? malloc(2 * (size_t)half) : NULL;
	int err = -EIO;

	if (raw && BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, half) == half &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + half, half) == half) {
		free(data->data);
		*data = (struct ike_buffer){.data = raw, .len = 2 * (size_t)half};
		raw = NULL;
		err = 0;
	}
	free(raw);
	ECDSA_SIG_free(signature);
	return err;
}

/* For peers that don't know RFC 7427. */
static int sign_old(EVP_PKEY *key, const struct conf_auth *auth, struct ike_slice octets,
		    uint8_t *method, struct ike_buffer *data)
{
	const struct ike_slice nothing = {0};
	const struct algorithm rsa = {CONF_RSA, IKE_HASH_SHA1};
	int err;

	if (fits(CONF_RSA, key) && allows_scheme(auth, CONF_RSA, key) && !auth->hashes) {
		*method = IKE_AUTH_RSA;
		return make(key, &rsa, octets, nothing, data);
	}
	for (unsigned int i = 0; i < RFC4754; i++) {
		const struct algorithm a = {CONF_ECDSA, rfc4754[i].hash};

		if (!fits(CONF_ECDSA, key) || curve_bits(key) != rfc4754[i].bits ||
		    !allows_scheme(auth, CONF_ECDSA, key) || !allows_hash(auth, a.hash))
			continue;
		*method = rfc4754[i].method;
		err = make(key, &a, octets, nothing, data);
		if (!err && split(data, rfc4754[i].half)) {
			ike_buffer_free(data);
			err = -EIO;
		}
		return err;
	}
	return -EOPNOTSUPP;
}

/* The hash that is as strong as the key, unless a stronger one. */
static uint8_t hash_for(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_security_bits(key);

	if (bits <= 128)
		return IKE_HASH_SHA2_256;
	return bits <= 192 ? IKE_HASH_SHA2_384 : IKE_HASH_SHA2_512;
}

/* How far is it from what fits best? A weaker one is worse than any stronger one. */
static unsigned int distance(const struct algorithm *a, const EVP_PKEY *key)
{
	uint8_t best = hash_for(key);

	if (a->hash == IKE_HASH_IDENTITY)
		return 0;
	return a->hash >= best ? (unsigned int)(a->hash - best) : 8u + best - a->hash;
}

/* PSS only where it is asked for, as not every peer has it. */
static bool is_wanted(const struct conf_auth *auth, enum conf_scheme scheme, const EVP_PKEY *key)
{
	if (scheme == CONF_RSA_PSS && !(auth->schemes >> CONF_RSA_PSS & 1))
		return false;
	return fits(scheme, key) && allows_scheme(auth, scheme, key);
}

static const struct algorithm *choose(const EVP_PKEY *key, const struct conf_auth *auth,
				      uint16_t hashes)
{
	const struct algorithm *best = NULL;

	for (unsigned int i = 0; i < ALGORITHMS; i++) {
		const struct algorithm *a = &algorithms[i];

		if (!is_wanted(auth, a->scheme, key) || !(hashes >> a->hash & 1) ||
		    (a->hash != IKE_HASH_IDENTITY && !allows_hash(auth, a->hash)))
			continue;
		if (!best || distance(a, key) < distance(best, key))
			best = a;
	}
	return best;
}

int trust_sign(EVP_PKEY *key, const struct conf_auth *auth, uint16_t hashes,
	       struct ike_slice octets, uint8_t *method, struct ike_buffer *data)
{
	uint8_t prefix[1 + IDENTIFIER_MAX];
	struct ike_writer w = ike_writer(prefix, sizeof(prefix));
	const struct algorithm *a = choose(key, auth, hashes);

	if (!hashes)
		return sign_old(key, auth, octets, method, data);
	if (!a)
		return -EOPNOTSUPP;
	ike_put_u8(&w, 0);
	put_identifier(&w, a, true);
	ike_patch_be(&w, 0, w.len - 1, 1);
	*method = IKE_AUTH_SIGNATURE;
	return ike_writer_ok(&w) ? make(key, a, octets, ike_written(&w), data) : -EIO;
}

/* -------------------------------------------------------------------------------------- judging
 */

/*
 * OpenSSL compares all of a PKCS#1 v1.5 block with what it makes itself, and takes ECDSA-Sig-Value
 * only in DER, without anything behind it.
 */
static bool holds(EVP_PKEY *key, const struct algorithm *a, struct ike_slice octets,
		  struct ike_slice signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *padding = NULL;
	bool ok = context &&
		  EVP_DigestVerifyInit(context, &padding, digest_of(a->hash), NULL, key) == 1 &&
		  set_padding(padding, a) &&
		  EVP_DigestVerify(context, signature.data, signature.len, octets.data,
				   octets.len) == 1;

	EVP_MD_CTX_free(context);
	return ok;
}

static bool holds_raw(EVP_PKEY *key, const struct algorithm *a, struct ike_slice octets,
		      struct ike_slice raw, int half)
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = NULL, *s = NULL;
	unsigned char *der = NULL;
	bool ok = false;
	int len;

	if (raw.len != 2 * (size_t)half || !signature) {
		ECDSA_SIG_free(signature);
		return false;
	}
	r = BN_bin2bn(raw.data, half, NULL);
	s = BN_bin2bn(raw.data + half, half, NULL);
	if (r && s && ECDSA_SIG_set0(signature, r, s) == 1) {
		len = i2d_ECDSA_SIG(signature, &der);
		ok = len > 0 && holds(key, a, octets, ike_slice(der, (size_t)len));
		OPENSSL_free(der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(signature);
	return ok;
}

static const char wrong[] = "the signature is wrong";
static const char not_allowed[] = "its kind of signature isn't one that remote.auth allows";
static const char other_key[] = "its kind of signature isn't one of its key";

static const char *verify_rfc7427(EVP_PKEY *key, const struct conf_auth *auth,
				  struct ike_slice octets, struct ike_slice data)
{
	struct ike_cursor c = ike_cursor(data);
	uint8_t len = ike_get_u8(&c);
	const struct algorithm *a = find_identifier(ike_get_slice(&c, len));

	if (!ike_cursor_ok(&c) || !a)
		return "its algorithm of signature isn't supported";
	if (!fits(a->scheme, key))
		return other_key;
	if (!allows_scheme(auth, a->scheme, key) ||
	    (a->hash != IKE_HASH_IDENTITY && !allows_hash(auth, a->hash)))
		return not_allowed;
	return holds(key, a, octets, ike_get_rest(&c)) ? NULL : wrong;
}

static const char *verify_rsa(EVP_PKEY *key, const struct conf_auth *auth, uint16_t hashes,
			      struct ike_slice octets, struct ike_slice data)
{
	const struct algorithm a = {CONF_RSA, IKE_HASH_SHA1};

	if (!fits(CONF_RSA, key))
		return other_key;
	if (hashes)
		return "it signs with SHA-1 though it knows better hashes (RFC 7427)";
	if (!allows_scheme(auth, CONF_RSA, key) || auth->hashes)
		return not_allowed;
	return holds(key, &a, octets, data) ? NULL : wrong;
}

const char *trust_verify(EVP_PKEY *key, const struct conf_auth *auth, uint16_t hashes,
			 struct ike_slice octets, uint8_t method, struct ike_slice data)
{
	if (method == IKE_AUTH_SIGNATURE)
		return verify_rfc7427(key, auth, octets, data);
	if (method == IKE_AUTH_RSA)
		return verify_rsa(key, auth, hashes, octets, data);
	for (unsigned int i = 0; i < RFC4754; i++) {
		const struct algorithm a = {CONF_ECDSA, rfc4754[i].hash};

		if (method != rfc4754[i].method)
			continue;
		if (!fits(CONF_ECDSA, key) || curve_bits(key) != rfc4754[i].bits)
			return other_key;
		if (!allows_scheme(auth, CONF_ECDSA, key) || !allows_hash(auth, a.hash))
			return not_allowed;
		return holds_raw(key, &a, octets, data, rfc4754[i].half) ? NULL : wrong;
	}
	return "its method of authentication isn't supported";
}
