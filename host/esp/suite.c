// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/suite.h"

#include <string.h>

#define CHACHA "ChaCha20-Poly1305"

/* One row for each length that a key of AES has. */
#define GCM(bits, id_, octets, tail, title_)                                                       \
	{                                                                                          \
		.id = (id_), .name = "aes" #bits tail, .title = "AES-GCM-" #bits title_,           \
		.kind = RVL_CIPHER_AEAD, .cipher = "AES-" #bits "-GCM", .key = (bits) / 8,         \
		.salt = 4, .iv = 8, .icv = (octets), .block = 1                                    \
	}
#define GCM_IIV(bits)                                                                              \
	{                                                                                          \
		.id = IKE_ENCR_AES_GCM_16_IIV, .name = "aes" #bits "gcm16iiv",                     \
		.title = "AES-GCM-" #bits "-IIV", .kind = RVL_CIPHER_AEAD,                         \
		.cipher = "AES-" #bits "-GCM", .key = (bits) / 8, .salt = 4, .icv = 16,            \
		.block = 1, .implicit_iv = true                                                    \
	}
#define GMAC(bits)                                                                                 \
	{                                                                                          \
		.id = IKE_ENCR_NULL_AUTH_AES_GMAC, .name = "aes" #bits "gmac",                     \
		.title = "AES-GMAC-" #bits, .kind = RVL_CIPHER_GMAC,                               \
		.cipher = "AES-" #bits "-GCM", .key = (bits) / 8, .salt = 4, .iv = 8, .icv = 16,   \
		.block = 1                                                                         \
	}
#define CBC(bits)                                                                                  \
	{                                                                                          \
		.id = IKE_ENCR_AES_CBC, .name = "aes" #bits, .title = "AES-CBC-" #bits,            \
		.kind = RVL_CIPHER_CBC, .cipher = "AES-" #bits "-CBC", .key = (bits) / 8,          \
		.iv = 16, .block = 16                                                              \
	}
#define CTR(bits)                                                                                  \
	{                                                                                          \
		.id = IKE_ENCR_AES_CTR, .name = "aes" #bits "ctr", .title = "AES-CTR-" #bits,      \
		.kind = RVL_CIPHER_CTR, .cipher = "AES-" #bits "-CTR", .key = (bits) / 8,          \
		.salt = 4, .iv = 8, .block = 1                                                     \
	}

const struct rvl_encr rvl_encr_table[] = {
	GCM(128, IKE_ENCR_AES_GCM_16, 16, "gcm16", ""),
	GCM(192, IKE_ENCR_AES_GCM_16, 16, "gcm16", ""),
	GCM(256, IKE_ENCR_AES_GCM_16, 16, "gcm16", ""),
	GCM(128, IKE_ENCR_AES_GCM_12, 12, "gcm12", "-ICV12"),
	GCM(192, IKE_ENCR_AES_GCM_12, 12, "gcm12", "-ICV12"),
	GCM(256, IKE_ENCR_AES_GCM_12, 12, "gcm12", "-ICV12"),
	GCM(128, IKE_ENCR_AES_GCM_8, 8, "gcm8", "-ICV8"),
	GCM(192, IKE_ENCR_AES_GCM_8, 8, "gcm8", "-ICV8"),
	GCM(256, IKE_ENCR_AES_GCM_8, 8, "gcm8", "-ICV8"),
	GCM_IIV(128),
	GCM_IIV(192),
	GCM_IIV(256),
	GMAC(128),
	GMAC(192),
	GMAC(256),
	/* RFC 7634: its key is never anything but 256 bits, and no proposal says so. */
	{.id = IKE_ENCR_CHACHA20_POLY1305,
	 .name = "chacha20poly1305",
	 .title = CHACHA,
	 .kind = RVL_CIPHER_AEAD,
	 .cipher = CHACHA,
	 .key = 32,
	 .salt = 4,
	 .iv = 8,
	 .icv = 16,
	 .block = 1},
	{.id = IKE_ENCR_CHACHA20_POLY1305_IIV,
	 .name = "chacha20poly1305iiv",
	 .title = CHACHA "-IIV",
	 .kind = RVL_CIPHER_AEAD,
	 .cipher = CHACHA,
	 .key = 32,
	 .salt = 4,
	 .icv = 16,
	 .block = 1,
	 .implicit_iv = true},
	CBC(128),
	CBC(192),
	CBC(256),
	CTR(128),
	CTR(192),
	CTR(256),
	{.id = IKE_ENCR_NULL,
	 .name = "null",
	 .title = "NULL encryption",
	 .kind = RVL_CIPHER_NULL,
	 .block = 1},
};

const size_t rvl_encr_count = sizeof(rvl_encr_table) / sizeof(rvl_encr_table[0]);

#define HMAC(id_, name_, title_, digest_, key_, icv_)                                              \
	{                                                                                          \
		.id = (id_), .name = (name_), .title = "HMAC-" title_, .digest = (digest_),        \
		.key = (key_), .icv = (icv_)                                                       \
	}
#define AH_GMAC(bits)                                                                              \
	{                                                                                          \
		.id = IKE_INTEG_AES_##bits##_GMAC, .name = "aes" #bits "gmac",                     \
		.title = "AES-GMAC-" #bits " of AH", .cipher = "AES-" #bits "-GCM",                \
		.key = (bits) / 8, .salt = 4, .iv = 8, .icv = 16                                   \
	}

const struct rvl_integ rvl_integ_table[] = {
	HMAC(IKE_INTEG_HMAC_SHA2_256_128, "sha256", "SHA2-256-128", "SHA2-256", 32, 16),
	HMAC(IKE_INTEG_HMAC_SHA2_384_192, "sha384", "SHA2-384-192", "SHA2-384", 48, 24),
	HMAC(IKE_INTEG_HMAC_SHA2_512_256, "sha512", "SHA2-512-256", "SHA2-512", 64, 32),
	HMAC(IKE_INTEG_HMAC_SHA1_96, "sha1", "SHA1-96", "SHA1", 20, 12),
	AH_GMAC(128),
	AH_GMAC(192),
	AH_GMAC(256),
};

const size_t rvl_integ_count = sizeof(rvl_integ_table) / sizeof(rvl_integ_table[0]);

const struct rvl_encr *rvl_encr_find(uint16_t id, size_t key)
{
	for (size_t i = 0; i < rvl_encr_count; i++)
		if (rvl_encr_table[i].id == id && rvl_encr_table[i].key == key)
			return &rvl_encr_table[i];
	return NULL;
}

const struct rvl_integ *rvl_integ_find(uint16_t id)
{
	for (size_t i = 0; i < rvl_integ_count; i++)
		if (rvl_integ_table[i].id == id)
			return &rvl_integ_table[i];
	return NULL;
}

bool rvl_suite_set_keys(struct rvl_sa_params *params, const uint8_t *encr, size_t encr_len,
			const uint8_t *integ, size_t integ_len)
{
	const struct rvl_integ *in = rvl_integ_find(params->integ);
	size_t salt = in ? in->salt : 0;

	if (integ_len != (in ? in->key + salt : 0))
		return false;
	if (in) {
		memcpy(params->integ_key, integ, in->key);
		memcpy(params->salt, integ + in->key, salt);
		params->integ_key_len = in->key;
	}
	for (size_t i = 0; i < rvl_encr_count; i++) {
		const struct rvl_encr *row = &rvl_encr_table[i];

		if (row->id != params->encr || (size_t)row->key + row->salt != encr_len)
			continue;
		memcpy(params->encr_key, encr, row->key);
		memcpy(params->salt, encr + row->key, row->salt);
		params->encr_key_len = row->key;
		return true;
	}
	return params->encr == IKE_ENCR_NONE && !encr_len;
}

bool rvl_suite_of(const struct rvl_sa_params *params, struct rvl_suite *suite)
{
	const struct rvl_integ *integ = rvl_integ_find(params->integ);
	const struct rvl_encr *encr = rvl_encr_find(params->encr, params->encr_key_len);

	*suite = (struct rvl_suite){encr, integ};
	if ((!integ && params->integ != IKE_INTEG_NONE) ||
	    params->integ_key_len != (integ ? integ->key : 0))
		return false;
	if (params->protocol == RVL_PROTOCOL_AH)
		return integ && params->encr == IKE_ENCR_NONE && !params->encr_key_len;
	if (!encr || (integ && !integ->digest))
		return false;
	/* Exactly one of them has the ICV. */
	return !encr->icv == !!integ;
}
