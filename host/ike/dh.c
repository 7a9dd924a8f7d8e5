/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/dh.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <stdlib.h>

#include "host/ike/x25519.h"

enum group_kind { GROUP_MODP, GROUP_ECP, GROUP_X25519, GROUP_X448 };

struct group {
	uint16_t id;
	enum group_kind kind;
	int nid;
	const char *name; /* the crypto library's */
	size_t public_len;
	size_t private_len; /* MODP: twice the strength that RFC 3526, section 8, estimates at most
			     */
};

static const struct group groups[] = {
	{IKE_GROUP_MODP_2048, GROUP_MODP, NID_undef, "modp_2048", 256, 40},
	{IKE_GROUP_MODP_3072, GROUP_MODP, NID_undef, "modp_3072", 384, 53},
	{IKE_GROUP_MODP_4096, GROUP_MODP, NID_undef, "modp_4096", 512, 60},
	{IKE_GROUP_ECP_256, GROUP_ECP, NID_X9_62_prime256v1, "P-256", 64, 32},
	{IKE_GROUP_ECP_384, GROUP_ECP, NID_secp384r1, "P-384", 96, 48},
	{IKE_GROUP_ECP_521, GROUP_ECP, NID_secp521r1, "P-521", 132, 66},
	{IKE_GROUP_X25519, GROUP_X25519, NID_undef, "X25519", 32, 32},
	{IKE_GROUP_X448, GROUP_X448, NID_undef, "X448", 56, 56},
};

static const uint8_t zeros[64];

struct ike_dh {
	const struct group *group;
	EVP_PKEY_CTX *exchange;	   /* of our key with a peer's, */
	struct ike_x25519 *x25519; /* or, in that group, this one */
	uint8_t public_value[IKE_PUBLIC_MAX];
};

static const struct group *find_group(uint16_t id)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (groups[i].id == id)
			return &groups[i];
	}
	return NULL;
}

size_t ike_dh_public_len(uint16_t group)
{
	const struct group *g = find_group(group);

	return g ? g->public_len : 0;
}

static BIGNUM *modp_prime(const struct group *g)
{
	switch (g->id) {
	case IKE_GROUP_MODP_2048:
		return BN_get_rfc3526_prime_2048(NULL);
	case IKE_GROUP_MODP_3072:
		return BN_get_rfc3526_prime_3072(NULL);
	default:
		return BN_get_rfc3526_prime_4096(NULL);
	}
}

/* A key of the crypto library from public and, for our own, private numbers. */
static EVP_PKEY *make_key(const struct group *g, const BIGNUM *priv, const BIGNUM *modp_public,
			  struct ike_slice ecp_public)
{
	EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_name(NULL, g->kind == GROUP_MODP ? "DH" : "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	bool ok = ctx && build &&
		  OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, g->name, 0);

	if (ok && priv)
		ok = OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, priv);
	if (ok && modp_public)
		ok = OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PUB_KEY, modp_public);
	if (ok && ecp_public.len)
		ok = OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
						      ecp_public.data, ecp_public.len);
	if (ok)
		params = OSSL_PARAM_BLD_to_param(build);
	if (!params || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, priv ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) <=
		    0)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* Takes our key; NULL: there is none. */
static int begin_exchange(struct ike_dh *dh, EVP_PKEY *key)
{
	unsigned pad = 1;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &pad),
		OSSL_PARAM_construct_end(),
	};

	dh->exchange = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	EVP_PKEY_free(key);
	if (!dh->exchange || EVP_PKEY_derive_init(dh->exchange) <= 0)
		return -EIO;
	if (dh->group->kind == GROUP_MODP && EVP_PKEY_CTX_set_params(dh->exchange, params) <= 0)
		return -EIO;
	return 0;
}

static int modp_from_private(struct ike_dh *dh, const BIGNUM *priv)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *p = modp_prime(dh->group), *g = BN_new(), *y = BN_new();
	int err = -EIO;

	if (!ctx || !p || !g || !y || !BN_set_word(g, 2) ||
	    !BN_mod_exp_mont_consttime(y, g, priv, p, ctx, NULL) ||
	    BN_bn2binpad(y, dh->public_value, (int)dh->group->public_len) < 0)
		goto out;
	err = begin_exchange(dh, make_key(dh->group, priv, y, ike_slice(NULL, 0)));
out:
	BN_free(y);
	BN_free(g);
	BN_free(p);
	BN_CTX_free(ctx);
	return err;
}

static int ecp_from_private(struct ike_dh *dh, const BIGNUM *priv)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(dh->group->nid);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BN_CTX *ctx = BN_CTX_secure_new();
	uint8_t encoded[1 + IKE_PUBLIC_MAX];
	int err = -EIO;

	if (!point || !ctx || BN_is_zero(priv) || BN_cmp(priv, EC_GROUP_get0_order(group)) >= 0 ||
	    !EC_POINT_mul(group, point, priv, NULL, NULL, ctx) ||
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, encoded,
			       sizeof(encoded), ctx) != 1 + dh->group->public_len)
		goto out;
	memcpy(dh->public_value, encoded + 1, dh->group->public_len);
	err = begin_exchange(
		dh, make_key(dh->group, priv, NULL, ike_slice(encoded, 1 + dh->group->public_len)));
out:
	BN_CTX_free(ctx);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return err;
}

static int x448_from_private(struct ike_dh *dh, struct ike_slice priv)
{
	EVP_PKEY *key =
		EVP_PKEY_new_raw_private_key_ex(NULL, dh->group->name, NULL, priv.data, priv.len);
	size_t len = dh->group->public_len;

	if (key && !EVP_PKEY_get_raw_public_key(key, dh->public_value, &len)) {
		EVP_PKEY_free(key);
		return -EIO;
	}
	return begin_exchange(dh, key);
}

/*
 * The public value is the secret with the base point (RFC 7748, section 6.1), and takes less time
 * as that: the library has secrets in assembly.
 */
static int x25519_from_private(struct ike_dh *dh, struct ike_slice priv)
{
	if (priv.len == IKE_X25519_LEN)
		dh->x25519 = ike_x25519_new(priv.data);
	return dh->x25519 ? ike_x25519_derive(dh->x25519, ike_x25519_base_point, dh->public_value)
			  : -EIO;
}

struct ike_dh *ike_dh_from_private(uint16_t group, struct ike_slice private_key)
{
	const struct group *g = find_group(group);
	struct ike_dh *dh = g ? calloc(1, sizeof(*dh)) : NULL;
	BIGNUM *priv = NULL;
	int err = -EIO;

	if (!dh)
		return NULL;
	dh->group = g;
	if (g->kind == GROUP_X25519) {
		err = x25519_from_private(dh, private_key);
	} else if (g->kind == GROUP_X448) {
		err = x448_from_private(dh, private_key);
	} else {
		priv = BN_secure_new();
		if (priv && BN_bin2bn(private_key.data, (int)private_key.len, priv)) {
			BN_set_flags(priv, BN_FLG_CONSTTIME);
			err = g->kind == GROUP_MODP ? modp_from_private(dh, priv)
						    : ecp_from_private(dh, priv);
		}
		BN_clear_free(priv);
	}
	if (err) {
		ike_dh_free(dh);
		return NULL;
	}
	return dh;
}

struct ike_dh *ike_dh_new(uint16_t group, const struct ike_random *random)
{
	const struct group *g = find_group(group);
	struct ike_dh *dh = NULL;
	uint8_t priv[66];

	/* An ECP value that isn't below the order is drawn again, so that all are equally likely.
	 */
	for (int tries = 0; g && !dh && tries < 64; tries++) {
		if (ike_random_fill(random, priv, g->private_len))
			break;
		if (g->id == IKE_GROUP_ECP_521)
			priv[0] &= 1;
		dh = ike_dh_from_private(group, ike_slice(priv, g->private_len));
		if (g->kind != GROUP_ECP)
			break;
	}
	OPENSSL_cleanse(priv, sizeof(priv));
	return dh;
}

uint16_t ike_dh_group(const struct ike_dh *dh)
{
	return dh->group->id;
}

struct ike_slice ike_dh_public(const struct ike_dh *dh)
{
	return ike_slice(dh->public_value, dh->group->public_len);
}

/* RFC 6989, section 2.1: for a safe prime, all but the trivial values are in the right group. */
static EVP_PKEY *modp_peer(const struct group *g, struct ike_slice peer)
{
	BIGNUM *y = BN_bin2bn(peer.data, (int)peer.len, NULL), *last = modp_prime(g);
	EVP_PKEY *key = NULL;

	if (y && last && BN_sub_word(last, 1) && BN_cmp(y, BN_value_one()) > 0 &&
	    BN_cmp(y, last) < 0)
		key = make_key(g, NULL, y, ike_slice(NULL, 0));
	BN_free(last);
	BN_free(y);
	return key;
}

/*
 * RFC 6989, section 2.3. Reading an uncompressed point refuses coordinates that are not below p
 * and points that are not on the curve; infinity has no such encoding. The cofactor is 1.
 */
static EVP_PKEY *ecp_peer(const struct group *g, struct ike_slice peer)
{
	uint8_t encoded[1 + IKE_PUBLIC_MAX] = {POINT_CONVERSION_UNCOMPRESSED};

	memcpy(encoded + 1, peer.data, peer.len);
	return make_key(g, NULL, NULL, ike_slice(encoded, 1 + peer.len));
}

static EVP_PKEY *peer_key(const struct group *g, struct ike_slice peer)
{
	switch (g->kind) {
	case GROUP_MODP:
		return modp_peer(g, peer);
	case GROUP_ECP:
		return ecp_peer(g, peer);
	default:
		return EVP_PKEY_new_raw_public_key_ex(NULL, g->name, NULL, peer.data, peer.len);
	}
}

/* With the key of a peer whose value has been checked: the library's check costs a second power. */
static int derive(const struct ike_dh *dh, struct ike_slice peer, struct ike_secret *out)
{
	EVP_PKEY *key;
	int err = -EBADMSG;

	if (dh->group->kind == GROUP_X25519) {
		out->len = IKE_X25519_LEN;
		return ike_x25519_derive(dh->x25519, peer.data, out->data);
	}
	key = peer_key(dh->group, peer);
	/* The last, for X448, fails on a zero result, which is the peer's doing. */
	if (key && EVP_PKEY_derive_set_peer_ex(dh->exchange, key, 0) > 0 &&
	    EVP_PKEY_derive(dh->exchange, out->data, &out->len) > 0)
		err = 0;
	EVP_PKEY_free(key);
	return err;
}

int ike_dh_shared(const struct ike_dh *dh, struct ike_slice peer, struct ike_secret *out)
{
	int err;

	out->len = sizeof(out->data);
	err = peer.len == dh->group->public_len ? derive(dh, peer, out) : -EBADMSG;
	if (!err && dh->group->kind >= GROUP_X25519 &&
	    CRYPTO_memcmp(out->data, zeros, out->len) == 0)
		err = -EBADMSG;
	if (err)
		ike_secret_clear(out);
	return err;
}

void ike_dh_free(struct ike_dh *dh)
{
	if (!dh)
		return;
	EVP_PKEY_CTX_free(dh->exchange);
	ike_x25519_free(dh->x25519);
	free(dh);
}
