/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/prf.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

static const char *prf_digest(uint16_t prf)
{
	switch (prf) {
	case IKE_PRF_HMAC_SHA2_256:
		return "SHA256";
	case IKE_PRF_HMAC_SHA2_384:
		return "SHA384";
	case IKE_PRF_HMAC_SHA2_512:
		return "SHA512";
	default:
		return NULL;
	}
}

static const char *integ_digest(uint16_t integ)
{
	switch (integ) {
	case IKE_INTEG_HMAC_SHA2_256_128:
		return "SHA256";
	case IKE_INTEG_HMAC_SHA2_384_192:
		return "SHA384";
	case IKE_INTEG_HMAC_SHA2_512_256:
		return "SHA512";
	default:
		return NULL;
	}
}

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

/* `out` has room for IKE_HASH_MAX octets. */
static int hmac(const char *digest, struct ike_slice key, const struct ike_slice *parts,
		unsigned count, uint8_t *out)
{
	static const uint8_t empty_key[1];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	size_t len;
	int err = -EIO;

	if (!ctx || !EVP_MAC_init(ctx, key.len ? key.data : empty_key, key.len, params))
		goto out;
	for (unsigned i = 0; i < count; i++) {
		if (parts[i].len && !EVP_MAC_update(ctx, parts[i].data, parts[i].len))
			goto out;
	}
	if (EVP_MAC_final(ctx, out, &len, IKE_HASH_MAX))
		err = 0;
out:
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return err;
}

int ike_prf(uint16_t prf, struct ike_slice key, const struct ike_slice *parts, unsigned count,
	    uint8_t *out)
{
	uint8_t full[IKE_HASH_MAX];
	int err;

	if (!prf_digest(prf))
		return -EINVAL;
	err = hmac(prf_digest(prf), key, parts, count, full);
	if (!err)
		memcpy(out, full, ike_prf_len(prf));
	OPENSSL_cleanse(full, sizeof(full));
	return err;
}

int ike_integ(uint16_t integ, struct ike_slice key, const struct ike_slice *parts, unsigned count,
	      uint8_t *out)
{
	uint8_t full[IKE_HASH_MAX];
	int err;

	if (!integ_digest(integ))
		return -EINVAL;
	err = hmac(integ_digest(integ), key, parts, count, full);
	if (!err)
		memcpy(out, full, ike_integ_tag_len(integ));
	OPENSSL_cleanse(full, sizeof(full));
	return err;
}

int ike_prf_plus(uint16_t prf, struct ike_slice key, const struct ike_slice *seed, unsigned count,
		 uint8_t *out, size_t len)
{
	enum { SEED_PARTS = 6 };
	size_t block = ike_prf_len(prf), done = 0;
	uint8_t t[IKE_PRF_MAX];
	struct ike_slice parts[SEED_PARTS + 2];
	int err = 0;

	if (!block || count > SEED_PARTS || len > 255 * block)
		return -EINVAL;
	/* T1 = prf(K, S | 1); Tn = prf(K, Tn-1 | S | n) */
	for (uint8_t n = 1; done < len && !err; n++) {
		size_t take = len - done < block ? len - done : block;

		parts[0] = ike_slice(t, n == 1 ? 0 : block);
		memcpy(parts + 1, seed, count * sizeof(*seed));
		parts[count + 1] = ike_slice(&n, 1);
		err = ike_prf(prf, key, parts, count + 2, t);
		if (!err)
			memcpy(out + done, t, take);
		done += take;
	}
	OPENSSL_cleanse(t, sizeof(t));
	return err;
}

static int digest(const EVP_MD *md, const struct ike_slice *parts, unsigned count, uint8_t *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = -EIO;

	if (!ctx || !EVP_DigestInit_ex(ctx, md, NULL))
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
	return digest(EVP_sha1(), parts, count, out);
}

int ike_sha256(struct ike_slice data, uint8_t out[32])
{
	return digest(EVP_sha256(), &data, 1, out);
}
