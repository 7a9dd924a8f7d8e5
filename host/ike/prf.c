/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/prf.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "host/ike/algorithm.h"

size_t ike_prf_len(uint16_t prf)
{
	switch (prf) {
	case IKE_PRF_HMAC_SHA2_256:
		return 32;
	case IKE_PRF_HMAC_SHA2_384:
		return 48;
	case IKE_PRF_HMAC_SHA2_512:
		return 64;
	default:
		return 0;
	}
}

size_t ike_integ_key_len(uint16_t integ)
{
	return 2 * ike_integ_tag_len(integ); /* RFC 4868: half of the hash is kept */
}

size_t ike_integ_tag_len(uint16_t integ)
{
	switch (integ) {
	case IKE_INTEG_HMAC_SHA2_256_128:
		return 16;
	case IKE_INTEG_HMAC_SHA2_384_192:
		return 24;
	case IKE_INTEG_HMAC_SHA2_512_256:
		return 32;
	default:
		return 0;
	}
}

/* HMAC with a hash of so many octets, without a key yet; NULL for an unknown one. */
static EVP_MAC_CTX *hmac_new(size_t hash_len)
{
	const EVP_MAC_CTX *keyless = hash_len ? ike_algorithm_hmac(hash_len) : NULL;

	return keyless ? EVP_MAC_CTX_dup(keyless) : NULL;
}

/* All octets of one. key NULL: the one that it has. */
static int hmac(EVP_MAC_CTX *ctx, const struct ike_slice *key, const struct ike_slice *parts,
		unsigned count, uint8_t *out)
{
	static const uint8_t empty_key[1];
	struct ike_slice k = key ? *key : ike_slice(NULL, 0);
	size_t len;

	if (key && !key->len)
		k.data = empty_key;
	if (!EVP_MAC_init(ctx, k.data, k.len, NULL))
		return -EIO;
	for (unsigned i = 0; i < count; i++) {
		if (parts[i].len && !EVP_MAC_update(ctx, parts[i].data, parts[i].len))
			return -EIO;
	}
	return EVP_MAC_final(ctx, out, &len, IKE_HASH_MAX) ? 0 : -EIO;
}

/* The first `len` octets of one HMAC. */
static int hmac_once(size_t hash_len, struct ike_slice key, const struct ike_slice *parts,
		     unsigned count, uint8_t *out, size_t len)
{
	EVP_MAC_CTX *ctx = hmac_new(hash_len);
	uint8_t full[IKE_HASH_MAX];
	int err = ctx ? hmac(ctx, &key, parts, count, full) : -EIO;

	if (!err)
		memcpy(out, full, len);
	OPENSSL_cleanse(full, sizeof(full));
	EVP_MAC_CTX_free(ctx);
	return err;
}

EVP_MAC_CTX *ike_prf_context(uint16_t prf)
{
	return hmac_new(ike_prf_len(prf));
}

int ike_prf_next(EVP_MAC_CTX *context, struct ike_slice key, const struct ike_slice *parts,
		 unsigned count, uint8_t *out)
{
	return hmac(context, &key, parts, count, out);
}

int ike_prf(uint16_t prf, struct ike_slice key, const struct ike_slice *parts, unsigned count,
	    uint8_t *out)
{
	size_t len = ike_prf_len(prf);

	return len ? hmac_once(len, key, parts, count, out, len) : -EINVAL;
}

int ike_integ(uint16_t integ, struct ike_slice key, const struct ike_slice *parts, unsigned count,
	      uint8_t *out)
{
	size_t len = ike_integ_tag_len(integ);

	/* RFC 4868: half of the hash is kept */
	return len ? hmac_once(2 * len, key, parts, count, out, len) : -EINVAL;
}

int ike_prf_plus(uint16_t prf, struct ike_slice key, const struct ike_slice *seed, unsigned count,
		 uint8_t *out, size_t len)
{
	enum { SEED_PARTS = 6 };
	size_t block = ike_prf_len(prf), done = 0;
	uint8_t t[IKE_HASH_MAX];
	struct ike_slice parts[SEED_PARTS + 2];
	EVP_MAC_CTX *ctx;
	int err = 0;

	if (!block || count > SEED_PARTS || len > 255 * block)
		return -EINVAL;
	ctx = hmac_new(block);
	if (!ctx)
		return -EIO;
	/* T1 = prf(K, S | 1); Tn = prf(K, Tn-1 | S | n) */
	for (uint8_t n = 1; done < len && !err; n++) {
		size_t take = len - done < block ? len - done : block;

		parts[0] = ike_slice(t, n == 1 ? 0 : block);
		memcpy(parts + 1, seed, count * sizeof(*seed));
		parts[count + 1] = ike_slice(&n, 1);
		err = hmac(ctx, n == 1 ? &key : NULL, parts, count + 2, t);
		if (!err)
			memcpy(out + done, t, take);
		done += take;
	}
	OPENSSL_cleanse(t, sizeof(t));
	EVP_MAC_CTX_free(ctx);
	return err;
}

static int digest(const EVP_MD *md, const struct ike_slice *parts, unsigned count, uint8_t *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = -EIO;

	if (!ctx || !md || !EVP_DigestInit_ex(ctx, md, NULL))
		goto out;
	for (unsigned i = 0; i < count; i++) {
		if (!EVP_DigestUpdate(ctx, parts[i].data, parts[i].len))
			goto out;
	}
	if (EVP_DigestFinal_ex(ctx, out, NULL))
		err = 0;
out:
	EVP_MD_CTX_free(ctx);
	return err;
}

int ike_sha1(const struct ike_slice *parts, unsigned count, uint8_t out[20])
{
	return digest(ike_algorithm_sha1(), parts, count, out);
}

int ike_sha256(struct ike_slice data, uint8_t out[32])
{
	return digest(ike_algorithm_sha256(), &data, 1, out);
}
