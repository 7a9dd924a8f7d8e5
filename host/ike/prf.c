/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/prf.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "host/ike/algorithm.h"

enum { HASH_BLOCK_MAX = 128 }; /* SHA-384 and SHA-512 */

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
	switch (integ) {
	case IKE_INTEG_HMAC_SHA1_96: /* RFC 2404, section 3 */
		return 20;
	case IKE_INTEG_AES_128_GMAC: /* with 4 octets of salt (RFC 4543, section 3.2) */
		return 16 + 4;
	case IKE_INTEG_AES_192_GMAC:
		return 24 + 4;
	case IKE_INTEG_AES_256_GMAC:
		return 32 + 4;
	default:
		return 2 * ike_integ_tag_len(integ); /* RFC 4868: half of the hash is kept */
	}
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

static int hash(EVP_MD_CTX *ctx, const EVP_MD *md, struct ike_slice first,
		const struct ike_slice *parts, unsigned count, uint8_t *out)
{
	if (!EVP_DigestInit_ex(ctx, md, NULL) || !EVP_DigestUpdate(ctx, first.data, first.len))
		return -EIO;
	for (unsigned i = 0; i < count; i++) {
		if (!EVP_DigestUpdate(ctx, parts[i].data, parts[i].len))
			return -EIO;
	}
	return EVP_DigestFinal_ex(ctx, out, NULL) ? 0 : -EIO;
}

/*
 * RFC 2104, all octets of it. The library's own HMAC copies contexts for each text, which takes
 * longer than to hash what is as short as it is here.
 */
static int hmac(EVP_MD_CTX *ctx, size_t hash_len, struct ike_slice key,
		const struct ike_slice *parts, unsigned count, uint8_t *out)
{
	const EVP_MD *md = ike_algorithm_hash(hash_len);
	size_t block = md ? (size_t)EVP_MD_get_block_size(md) : 0;
	struct ike_slice inner = ike_slice(out, hash_len);
	uint8_t pad[HASH_BLOCK_MAX] = {0};
	int err = 0;

	if (!md)
		return -EIO;
	if (key.len > block)
		err = hash(ctx, md, key, NULL, 0, pad);
	else if (key.len)
		memcpy(pad, key.data, key.len);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	if (!err)
		err = hash(ctx, md, ike_slice(pad, block), parts, count, out);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	if (!err)
		err = hash(ctx, md, ike_slice(pad, block), &inner, 1, out);
	OPENSSL_cleanse(pad, sizeof(pad));
	return err;
}

/* The first `len` octets of one HMAC. */
static int hmac_once(size_t hash_len, struct ike_slice key, const struct ike_slice *parts,
		     unsigned count, uint8_t *out, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t full[IKE_HASH_MAX];
	int err = ctx ? hmac(ctx, hash_len, key, parts, count, full) : -EIO;

	if (!err)
		memcpy(out, full, len);
	OPENSSL_cleanse(full, sizeof(full));
	EVP_MD_CTX_free(ctx);
	return err;
}

int ike_prf_next(EVP_MD_CTX *context, uint16_t prf, struct ike_slice key,
		 const struct ike_slice *parts, unsigned count, uint8_t *out)
{
	size_t len = ike_prf_len(prf);

	return len ? hmac(context, len, key, parts, count, out) : -EINVAL;
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
	EVP_MD_CTX *ctx;
	int err = 0;

	if (!block || count > SEED_PARTS || len > 255 * block)
		return -EINVAL;
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return -EIO;
	/* T1 = prf(K, S | 1); Tn = prf(K, Tn-1 | S | n) */
	for (uint8_t n = 1; done < len && !err; n++) {
		size_t take = len - done < block ? len - done : block;

		parts[0] = ike_slice(t, n == 1 ? 0 : block);
		memcpy(parts + 1, seed, count * sizeof(*seed));
		parts[count + 1] = ike_slice(&n, 1);
		err = hmac(ctx, block, key, parts, count + 2, t);
		if (!err)
			memcpy(out + done, t, take);
		done += take;
	}
	OPENSSL_cleanse(t, sizeof(t));
	EVP_MD_CTX_free(ctx);
	return err;
}

static int hash_once(size_t hash_len, const struct ike_slice *parts, unsigned count, uint8_t *out)
{
	const EVP_MD *md = ike_algorithm_hash(hash_len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = ctx && md ? hash(ctx, md, ike_slice(NULL, 0), parts, count, out) : -EIO;

	EVP_MD_CTX_free(ctx);
	return err;
}

int ike_sha1(const struct ike_slice *parts, unsigned count, uint8_t out[20])
{
	return hash_once(20, parts, count, out);
}

int ike_sha256(struct ike_slice data, uint8_t out[32])
{
	return hash_once(32, &data, 1, out);
}
