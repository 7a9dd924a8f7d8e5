/* SPDX-License-Identifier: BSD-2-Clause */
/* Proposals in the words of swanctl.conf, and the names of algorithms. */
#include "host/ike/prf.h"
#include "host/ike/proposal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct keyword {
	const char *word;
	uint8_t type;
	uint16_t id;
	uint16_t key_bits;
};

#define ENCR(word, id, bits)                                                                       \
	{                                                                                          \
		word, IKE_TRANSFORM_ENCR, id, bits                                                 \
	}
#define PRF(word, id)                                                                              \
	{                                                                                          \
		word, IKE_TRANSFORM_PRF, id, 0                                                     \
	}
#define INTEG(word, id)                                                                            \
	{                                                                                          \
		word, IKE_TRANSFORM_INTEG, id, 0                                                   \
	}
#define GROUP(word, id)                                                                            \
	{                                                                                          \
		word, IKE_TRANSFORM_KE, id, 0                                                      \
	}

/* The same with keys of each length. */
#define AES(suffix, id)                                                                            \
	ENCR("aes128" suffix, id, 128), ENCR("aes192" suffix, id, 192),                            \
		ENCR("aes256" suffix, id, 256)

static const struct keyword keywords[] = {
	ENCR("aes", IKE_ENCR_AES_CBC, 128),
	AES("", IKE_ENCR_AES_CBC),
	AES("ctr", IKE_ENCR_AES_CTR),
	AES("gcm16", IKE_ENCR_AES_GCM_16),
	AES("gcm128", IKE_ENCR_AES_GCM_16),
	AES("gcm", IKE_ENCR_AES_GCM_16),
	AES("gcm12", IKE_ENCR_AES_GCM_12),
	AES("gcm96", IKE_ENCR_AES_GCM_12),
	AES("gcm8", IKE_ENCR_AES_GCM_8),
	AES("gcm64", IKE_ENCR_AES_GCM_8),
	AES("gcm16iiv", IKE_ENCR_AES_GCM_16_IIV),
	AES("gmac", IKE_ENCR_NULL_AUTH_AES_GMAC),
	ENCR("chacha20poly1305", IKE_ENCR_CHACHA20_POLY1305, 0),
	ENCR("chacha20poly1305iiv", IKE_ENCR_CHACHA20_POLY1305_IIV, 0),
	ENCR("null", IKE_ENCR_NULL, 0),
	PRF("prfsha256", IKE_PRF_HMAC_SHA2_256),
	PRF("prfsha384", IKE_PRF_HMAC_SHA2_384),
	PRF("prfsha512", IKE_PRF_HMAC_SHA2_512),
	INTEG("sha256", IKE_INTEG_HMAC_SHA2_256_128),
	INTEG("sha2_256", IKE_INTEG_HMAC_SHA2_256_128),
	INTEG("sha384", IKE_INTEG_HMAC_SHA2_384_192),
	INTEG("sha2_384", IKE_INTEG_HMAC_SHA2_384_192),
	INTEG("sha512", IKE_INTEG_HMAC_SHA2_512_256),
	INTEG("sha2_512", IKE_INTEG_HMAC_SHA2_512_256),
	INTEG("sha1", IKE_INTEG_HMAC_SHA1_96),
	INTEG("sha", IKE_INTEG_HMAC_SHA1_96),
	GROUP("modp2048", IKE_GROUP_MODP_2048),
	GROUP("modp3072", IKE_GROUP_MODP_3072),
	GROUP("modp4096", IKE_GROUP_MODP_4096),
	GROUP("ecp256", IKE_GROUP_ECP_256),
	GROUP("ecp384", IKE_GROUP_ECP_384),
	GROUP("ecp521", IKE_GROUP_ECP_521),
	GROUP("x25519", IKE_GROUP_X25519),
	GROUP("curve25519", IKE_GROUP_X25519),
	GROUP("x448", IKE_GROUP_X448),
	GROUP("curve448", IKE_GROUP_X448),
	GROUP("modpnone", IKE_GROUP_NONE),
	GROUP("none", IKE_GROUP_NONE),
	{"noesn", IKE_TRANSFORM_ESN, IKE_ESN_NO, 0},
	{"esn", IKE_TRANSFORM_ESN, IKE_ESN_YES, 0},
};

static const struct {
	uint8_t type;
	uint16_t id;
	const char *name;
} names[] = {
	{IKE_TRANSFORM_ENCR, IKE_ENCR_NULL, "NULL"},
	{IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CBC, "AES_CBC"},
	{IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CTR, "AES_CTR"},
	{IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_8, "AES_GCM_8"},
	{IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_12, "AES_GCM_12"},
	{IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16, "AES_GCM_16"},
	{IKE_TRANSFORM_ENCR, IKE_ENCR_NULL_AUTH_AES_GMAC, "NULL_AES_GMAC"},
	{IKE_TRANSFORM_ENCR, IKE_ENCR_CHACHA20_POLY1305, "CHACHA20_POLY1305"},
	{IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16_IIV, "AES_GCM_16_IIV"},
	{IKE_TRANSFORM_ENCR, IKE_ENCR_CHACHA20_POLY1305_IIV, "CHACHA20_POLY1305_IIV"},
	{IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, "PRF_HMAC_SHA2_256"},
	{IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_384, "PRF_HMAC_SHA2_384"},
	{IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_512, "PRF_HMAC_SHA2_512"},
	{IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA1_96, "HMAC_SHA1_96"},
	{IKE_TRANSFORM_INTEG, IKE_INTEG_AES_128_GMAC, "AES_128_GMAC"},
	{IKE_TRANSFORM_INTEG, IKE_INTEG_AES_192_GMAC, "AES_192_GMAC"},
	{IKE_TRANSFORM_INTEG, IKE_INTEG_AES_256_GMAC, "AES_256_GMAC"},
	{IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_256_128, "HMAC_SHA2_256_128"},
	{IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_384_192, "HMAC_SHA2_384_192"},
	{IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_512_256, "HMAC_SHA2_512_256"},
	{IKE_TRANSFORM_KE, IKE_GROUP_MODP_2048, "MODP_2048"},
	{IKE_TRANSFORM_KE, IKE_GROUP_MODP_3072, "MODP_3072"},
	{IKE_TRANSFORM_KE, IKE_GROUP_MODP_4096, "MODP_4096"},
	{IKE_TRANSFORM_KE, IKE_GROUP_ECP_256, "ECP_256"},
	{IKE_TRANSFORM_KE, IKE_GROUP_ECP_384, "ECP_384"},
	{IKE_TRANSFORM_KE, IKE_GROUP_ECP_521, "ECP_521"},
	{IKE_TRANSFORM_KE, IKE_GROUP_X25519, "CURVE_25519"},
	{IKE_TRANSFORM_KE, IKE_GROUP_X448, "CURVE_448"},
	{IKE_TRANSFORM_ESN, IKE_ESN_YES, "ESN"},
};

const char *ike_algorithm_name(uint8_t type, uint16_t id)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].type == type && names[i].id == id)
			return names[i].name;
	}
	return "NONE";
}

__attribute__((format(printf, 3, 4))) static int refuse(char *error, size_t len, const char *fmt,
							...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, len, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static const struct keyword *find_keyword(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (strlen(keywords[i].word) == len && memcmp(keywords[i].word, word, len) == 0)
			return &keywords[i];
	}
	return NULL;
}

static unsigned count_type(const struct ike_proposal *p, uint8_t type)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->count; i++)
		n += p->transforms[i].type == type;
	return n;
}

static bool has_aead(const struct ike_proposal *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (p->transforms[i].type == IKE_TRANSFORM_ENCR &&
		    ike_encr_is_aead(p->transforms[i].id))
			return true;
	}
	return false;
}

static bool add(struct ike_proposal *p, uint8_t type, uint16_t id, uint16_t key_bits)
{
	if (p->count == IKE_PROPOSAL_TRANSFORMS_MAX)
		return false;
	p->transforms[p->count++] = (struct ike_transform){
		.type = type, .usable = true, .id = id, .key_bits = key_bits};
	return true;
}

/* Each HMAC-SHA2 integrity algorithm has the PRF of the same hash. */
static bool add_prf_of_integ(struct ike_proposal *p)
{
	for (unsigned i = 0, n = p->count; i < n; i++) {
		if (p->transforms[i].type == IKE_TRANSFORM_INTEG &&
		    !add(p, IKE_TRANSFORM_PRF,
			 (uint16_t)(p->transforms[i].id - IKE_INTEG_HMAC_SHA2_256_128 +
				    IKE_PRF_HMAC_SHA2_256),
			 0))
			return false;
	}
	return true;
}

/* Ciphers are all AEADs or all not, and only the others need integrity beside them. */
static int complete_ciphers(const char *text, struct ike_proposal *p, char *error, size_t error_len)
{
	bool aead = false, plain = false;

	for (unsigned i = 0; i < p->count; i++) {
		if (p->transforms[i].type != IKE_TRANSFORM_ENCR)
			continue;
		if (ike_encr_is_aead(p->transforms[i].id))
			aead = true;
		else
			plain = true;
	}
	if (!aead && !plain)
		return refuse(error, error_len, "\"%s\" has no encryption algorithm", text);
	if (aead && plain)
		return refuse(
			error, error_len,
			"\"%s\" mixes authenticated and plain encryption; write two proposals",
			text);
	if (p->protocol == IKE_PROTO_IKE && !count_type(p, IKE_TRANSFORM_PRF) &&
	    !add_prf_of_integ(p))
		return refuse(error, error_len, "\"%s\" has too many algorithms", text);
	if (aead) /* "aes256gcm16-sha256-x25519": the hash was only meant for the PRF */
		*p = ike_proposal_without(p, IKE_TRANSFORM_INTEG);
	return 0;
}

static int complete_ike(const char *text, const struct ike_proposal *p, char *error,
			size_t error_len)
{
	if (!count_type(p, IKE_TRANSFORM_PRF))
		return refuse(error, error_len, "\"%s\" has no PRF, such as prfsha256", text);
	if (!count_type(p, IKE_TRANSFORM_KE))
		return refuse(error, error_len, "\"%s\" has no key exchange group, such as x25519",
			      text);
	if (count_type(p, IKE_TRANSFORM_ESN))
		return refuse(error, error_len, "\"%s\": IKE has no sequence numbers to extend",
			      text);
	return 0;
}

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IKE_PROTO_IKE ? "IKE" : protocol == IKE_PROTO_AH ? "AH" : "ESP";
}

static int complete(const char *text, struct ike_proposal *p, char *error, size_t error_len)
{
	int err = p->protocol == IKE_PROTO_AH ? 0 : complete_ciphers(text, p, error, error_len);

	if (err)
		return err;
	if (!count_type(p, IKE_TRANSFORM_INTEG) && (p->protocol == IKE_PROTO_AH || !has_aead(p)))
		return refuse(error, error_len, "\"%s\" has no integrity algorithm", text);
	if (p->protocol == IKE_PROTO_IKE)
		return complete_ike(text, p, error, error_len);
	if (count_type(p, IKE_TRANSFORM_PRF))
		return refuse(error, error_len, "\"%s\": %s has no PRF", text,
			      protocol_name(p->protocol));
	if (!count_type(p, IKE_TRANSFORM_ESN) && !add(p, IKE_TRANSFORM_ESN, IKE_ESN_NO, 0))
		return refuse(error, error_len, "\"%s\" has too many algorithms", text);
	return 0;
}

/* What a word means for a protocol: GMAC alone is AH's integrity (RFC 4543, section 5.4). */
static struct keyword meaning_of(const struct keyword *k, uint8_t protocol)
{
	struct keyword out = *k;

	if (protocol == IKE_PROTO_AH && k->type == IKE_TRANSFORM_ENCR &&
	    k->id == IKE_ENCR_NULL_AUTH_AES_GMAC) {
		out.type = IKE_TRANSFORM_INTEG;
		out.id = (uint16_t)(IKE_INTEG_AES_128_GMAC + (k->key_bits - 128) / 64);
		out.key_bits = 0;
	}
	return out;
}

/* Is there no such thing in that protocol? Why. */
static const char *why_not(const struct keyword *k, uint8_t protocol)
{
	if (protocol == IKE_PROTO_AH && k->type == IKE_TRANSFORM_ENCR)
		return "AH doesn't encrypt";
	if (protocol != IKE_PROTO_IKE)
		return NULL;
	if (k->type == IKE_TRANSFORM_KE && k->id == IKE_GROUP_NONE)
		return "IKE needs a key exchange";
	if ((k->type == IKE_TRANSFORM_ENCR && k->id != IKE_ENCR_AES_CBC &&
	     k->id != IKE_ENCR_AES_GCM_16 && k->id != IKE_ENCR_CHACHA20_POLY1305) ||
	    (k->type == IKE_TRANSFORM_INTEG && !ike_integ_tag_len(k->id)))
		return "it isn't supported for IKE";
	return NULL;
}

/* Words that strongSwan has, of what isn't wanted here: NULL, or why. */
static const char *why_absent(const char *word, size_t len)
{
	static const struct {
		const char *word;
		const char *why;
	} absent[] = {
		{"sha256_96", "HMAC-SHA-256 with 96 bits is of a draft, and isn't supported"},
		{"sha2_256_96", "HMAC-SHA-256 with 96 bits is of a draft, and isn't supported"},
		{"chacha20poly1305compat", "it isn't as RFC 7634 has it, and isn't supported"},
	};

	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		if (strlen(absent[i].word) == len && memcmp(absent[i].word, word, len) == 0)
			return absent[i].why;
	}
	return NULL;
}

int ike_proposal_parse(const char *text, uint8_t protocol, struct ike_proposal *out, char *error,
		       size_t error_len)
{
	const char *at = text;

	*out = (struct ike_proposal){.protocol = protocol};
	for (;;) {
		size_t len = strcspn(at, "-");
		const struct keyword *word = find_keyword(at, len);
		const char *why = word ? NULL : why_absent(at, len);
		struct keyword k;

		if (!word && !why)
			return refuse(error, error_len, "unknown algorithm \"%.*s\"",
				      (int)(len > 64 ? 64 : len), at);
		if (!why) {
			k = meaning_of(word, protocol);
			why = why_not(&k, protocol);
		}
		if (why)
			return refuse(error, error_len, "\"%.*s\": %s", (int)len, at, why);
		for (unsigned i = 0; i < out->count; i++) {
			const struct ike_transform *t = &out->transforms[i];

			if (t->type == k.type && t->id == k.id && t->key_bits == k.key_bits)
				return refuse(error, error_len, "\"%s\" names \"%s\" twice", text,
					      k.word);
		}
		if (!add(out, k.type, k.id, k.key_bits))
			return refuse(error, error_len, "\"%s\" has too many algorithms", text);
		if (at[len] == 0)
			return complete(text, out, error, error_len);
		at += len + 1;
	}
}

unsigned ike_proposal_defaults(uint8_t protocol, struct ike_proposal out[IKE_PROPOSAL_DEFAULTS])
{
	static const char *const ike[IKE_PROPOSAL_DEFAULTS] = {
		"aes256gcm16-aes128gcm16-aes192gcm16-chacha20poly1305-prfsha384-prfsha256-"
		"prfsha512-"
		"x25519-ecp256-ecp384-ecp521-x448-modp3072-modp4096-modp2048",
		"aes256-aes128-aes192-sha384-sha256-sha512-prfsha384-prfsha256-prfsha512-"
		"x25519-ecp256-ecp384-ecp521-x448-modp3072-modp4096-modp2048",
	};
	static const char *const esp[IKE_PROPOSAL_DEFAULTS] = {
		"aes256gcm16-aes128gcm16-aes192gcm16-chacha20poly1305-esn-noesn",
		"aes256-aes128-aes192-sha256-sha384-sha512-esn-noesn",
	};
	static const char *const ah[] = {"sha256-sha384-sha512-esn-noesn"};
	const char *const *words = protocol == IKE_PROTO_IKE   ? ike
				   : protocol == IKE_PROTO_ESP ? esp
							       : ah;
	unsigned count = protocol == IKE_PROTO_AH ? 1 : IKE_PROPOSAL_DEFAULTS;
	char error[128];

	for (unsigned i = 0; i < count; i++)
		ike_proposal_parse(words[i], protocol, &out[i], error, sizeof(error));
	return count;
}
