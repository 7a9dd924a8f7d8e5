/* SPDX-License-Identifier: BSD-2-Clause */
/* Signatures of IKE_AUTH, and what passes for one elsewhere (RFC 7427, RFC 8420, RFC 4754). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "host/trust/signature.h"

enum {
	ALL = 1 << IKE_HASH_SHA2_256 | 1 << IKE_HASH_SHA2_384 | 1 << IKE_HASH_SHA2_512 |
	      1 << IKE_HASH_IDENTITY
};

static const struct conf_auth any = {.pubkey = true};
static const struct conf_auth pss = {.pubkey = true, .schemes = 1 << CONF_RSA_PSS};
static EVP_PKEY *rsa;

static struct ike_slice octets(void)
{
	static const char text[] = "a first message, a nonce, and an identity";

	return ike_slice(text, sizeof(text));
}

static EVP_PKEY *make_key(const char *what)
{
	if (!strcmp(what, "RSA"))
		return EVP_PKEY_dup(rsa);
	return strncmp(what, "P-", 2) ? EVP_PKEY_Q_keygen(NULL, NULL, what)
				      : EVP_PKEY_Q_keygen(NULL, NULL, "EC", what);
}

static int begin(void **state)
{
	(void)state;
	rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	return rsa ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa);
	return 0;
}

/* Whatever octet of it is another one, it doesn't hold, nor for other octets, nor cut short, nor
 * with anything behind it. */
static void holds_as_it_is(EVP_PKEY *key, const struct conf_auth *auth, uint16_t hashes,
			   uint8_t method, struct ike_buffer *data)
{
	const struct ike_slice whole = ike_buffer_slice(data);
	uint8_t longer[1024] = {0};

	memcpy(longer, data->data, data->len);
	assert_non_null(trust_verify(key, auth, hashes, octets(), method,
				     ike_slice(longer, data->len + 1)));
	assert_null(trust_verify(key, auth, hashes, octets(), method, whole));
	for (size_t i = 0; i < data->len; i++) {
		data->data[i] ^= 1 << i % 8;
		assert_non_null(trust_verify(key, auth, hashes, octets(), method, whole));
		data->data[i] ^= 1 << i % 8;
	}
	for (size_t len = 0; len < data->len; len += 7)
		assert_non_null(trust_verify(key, auth, hashes, octets(), method,
					     ike_slice(data->data, len)));
	assert_non_null(trust_verify(key, auth, hashes, ike_slice("others", 6), method, whole));
}

static void each_kind_of_key_signs_and_is_believed_only_as_it_is(void **state)
{
	static const struct {
		const char *key;
		const struct conf_auth *auth;
		uint16_t hashes;
		uint8_t method;
		const char *identifier; /* the first octets, with their length */
		size_t len;
	} cases[] = {
		{"RSA", &any, ALL, 14,
		 "\x0f\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00", 16},
		{"RSA", &any, 1 << 4, 14,
		 "\x0f\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00", 16},
		{"RSA", &pss, ALL, 14,
		 "\x43\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\xa0\x0f\x30\x0d"
		 "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\xa1\x1c\x30\x1a\x06\x09\x2a"
		 "\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02"
		 "\x01\x05\x00\xa2\x03\x02\x01\x20",
		 68},
		{"RSA", &any, 0, 1, "", 0},
		{"P-256", &any, ALL, 14, "\x0c\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
		 13},
		{"P-384", &any, ALL, 14, "\x0c\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
		 13},
		{"P-521", &any, ALL, 14, "\x0c\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04",
		 13},
		{"P-521", &any, 1 << 2, 14, "\x0c\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
		 13},
		{"P-256", &any, 0, 9, "", 0},
		{"P-384", &any, 0, 10, "", 0},
		{"P-521", &any, 0, 11, "", 0},
		{"ED25519", &any, ALL, 14, "\x07\x30\x05\x06\x03\x2b\x65\x70", 8},
		{"ED448", &any, ALL, 14, "\x07\x30\x05\x06\x03\x2b\x65\x71", 8},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EVP_PKEY *key = make_key(cases[i].key), *other = make_key("P-256");
		struct ike_buffer data = {0};
		uint8_t method;

		assert_null(trust_key_fault(key));
		assert_int_equal(
			trust_sign(key, cases[i].auth, cases[i].hashes, octets(), &method, &data),
			0);
		assert_int_equal(method, cases[i].method);
		assert_memory_equal(data.data, cases[i].identifier, cases[i].len);
		holds_as_it_is(key, cases[i].auth, cases[i].hashes, method, &data);
		assert_non_null(trust_verify(other, cases[i].auth, cases[i].hashes, octets(),
					     method, ike_buffer_slice(&data)));
		ike_buffer_free(&data);
		EVP_PKEY_free(key);
		EVP_PKEY_free(other);
	}
}

static void what_the_peer_does_not_know_is_not_used(void **state)
{
	EVP_PKEY *ed = make_key("ED25519");
	struct ike_buffer data = {0};
	uint8_t method;

	(void)state;
	assert_int_equal(trust_sign(ed, &any, 1 << IKE_HASH_SHA2_256, octets(), &method, &data),
			 -EOPNOTSUPP);
	assert_int_equal(trust_sign(ed, &any, 0, octets(), &method, &data), -EOPNOTSUPP);
	assert_int_equal(trust_sign(rsa, &pss, 0, octets(), &method, &data), -EOPNOTSUPP);
	assert_int_equal(trust_sign(rsa, &any, 1 << IKE_HASH_SHA1, octets(), &method, &data),
			 -EOPNOTSUPP);
	EVP_PKEY_free(ed);
}

static void what_is_configured_is_the_least(void **state)
{
	static const struct conf_auth others[] = {
		{.pubkey = true, .schemes = 1 << CONF_RSA_PSS},
		{.pubkey = true, .schemes = 1 << CONF_ECDSA},
		{.pubkey = true, .hashes = 1 << IKE_HASH_SHA2_512},
		{.pubkey = true, .rsa_bits = 3072},
	};
	struct ike_buffer data = {0};
	uint8_t method;

	(void)state;
	assert_int_equal(trust_sign(rsa, &any, ALL, octets(), &method, &data), 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_string_equal(trust_verify(rsa, &others[i], ALL, octets(), method,
						 ike_buffer_slice(&data)),
				    "its kind of signature isn't one that remote.auth allows");
	ike_buffer_free(&data);
}

/* SHA-1 is for who has nothing else. */
static void nobody_goes_back_to_sha1(void **state)
{
	static const struct conf_auth better = {.pubkey = true, .hashes = 1 << IKE_HASH_SHA2_256};
	struct ike_buffer data = {0};
	uint8_t method;

	(void)state;
	assert_int_equal(trust_sign(rsa, &any, 0, octets(), &method, &data), 0);
	assert_int_equal(method, IKE_AUTH_RSA);
	assert_null(trust_verify(rsa, &any, 0, octets(), method, ike_buffer_slice(&data)));
	assert_non_null(trust_verify(rsa, &any, ALL, octets(), method, ike_buffer_slice(&data)));
	assert_non_null(trust_verify(rsa, &better, 0, octets(), method, ike_buffer_slice(&data)));
	ike_buffer_free(&data);
}

/* The block, as it is, to the power of the private exponent; behind the AlgorithmIdentifier of RSA
 * with SHA2-256. */
static const char *verdict_on_block(const uint8_t block[256])
{
	static const char identifier[] =
		"\x0f\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(rsa, NULL);
	uint8_t data[16 + 256];
	size_t len = 256;

	memcpy(data, identifier, 16);
	assert_int_equal(EVP_PKEY_sign_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_sign(context, data + 16, &len, block, 256), 1);
	EVP_PKEY_CTX_free(context);
	return trust_verify(rsa, &any, ALL, octets(), IKE_AUTH_SIGNATURE,
			    ike_slice(data, sizeof(data)));
}

static const char info[] =
	"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/* 00 01, so many FF, 00, DigestInfo, hash; the rest is `fill`. */
static void make_block(uint8_t block[256], size_t padding, const char *digest_info, size_t len,
		       uint8_t fill)
{
	unsigned int size;

	memset(block, fill, 256);
	block[0] = 0;
	block[1] = 1;
	memset(block + 2, 0xff, padding);
	block[2 + padding] = 0;
	memcpy(block + 3 + padding, digest_info, len);
	EVP_Digest(octets().data, octets().len, block + 3 + padding + len, &size, EVP_sha256(),
		   NULL);
}

/* Bleichenbacher's of 2006, BERserk and their kin: all of the block is what it must be. */
static void a_block_of_pkcs1_is_that_octet_by_octet(void **state)
{
	static const char without_null[] =
		"\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20";
	static const char long_form[] =
		"\x30\x81\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
	uint8_t block[256];

	(void)state;
	make_block(block, 256 - 3 - 51, info, 19, 0);
	assert_null(verdict_on_block(block));
	make_block(block, 8, info, 19, 0); /* garbage behind it */
	assert_non_null(verdict_on_block(block));
	make_block(block, 256 - 3 - 49, without_null, 17, 0);
	assert_non_null(verdict_on_block(block));
	make_block(block, 256 - 3 - 52, long_form, 20, 0);
	assert_non_null(verdict_on_block(block));
	make_block(block, 256 - 3 - 51, info, 19, 0);
	block[1] = 2;
	assert_non_null(verdict_on_block(block));
	make_block(block, 256 - 3 - 51, info, 19, 0);
	block[100] = 0xfe;
	assert_non_null(verdict_on_block(block));
}

/* Only with a salt as long as the hash, and MGF1 with the same hash, is what the identifier says.
 */
static void the_parameters_of_pss_are_judged(void **state)
{
	struct ike_buffer data = {0};
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *padding;
	uint8_t method;
	size_t len = 256;

	(void)state;
	assert_int_equal(trust_sign(rsa, &pss, ALL, octets(), &method, &data), 0);
	assert_int_equal(data.len, 68 + 256);
	assert_int_equal(EVP_DigestSignInit(context, &padding, EVP_sha256(), NULL, rsa), 1);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, 20) > 0);
	assert_int_equal(EVP_DigestSign(context, data.data + 68, &len, octets().data, octets().len),
			 1);
	assert_string_equal(trust_verify(rsa, &pss, ALL, octets(), method, ike_buffer_slice(&data)),
			    "the signature is wrong");
	data.data[67] = 20; /* so it says, too */
	assert_string_equal(trust_verify(rsa, &pss, ALL, octets(), method, ike_buffer_slice(&data)),
			    "its algorithm of signature isn't supported");
	EVP_MD_CTX_free(context);
	ike_buffer_free(&data);
}

static EVP_PKEY *rsa_of(const BIGNUM *n, unsigned long exponent)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *e = BN_new();
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	BN_set_word(e, exponent);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_free(e);
	return key;
}

static void keys_that_prove_nothing_are_refused(void **state)
{
	static const struct {
		int shift;
		unsigned long exponent;
		bool even;
		const char *fault;
	} cases[] = {
		{0, 65537, false, NULL},
		{0, 3, false, NULL},
		{0, 1, false, "an RSA key has a public exponent that is even, 1 or too large"},
		{0, 65536, false, "an RSA key has a public exponent that is even, 1 or too large"},
		{0, 65537, true, "an RSA key has an even modulus"},
		{1024, 65537, false, "an RSA key has fewer than 2048 bits"},
		{1, 65537, false, "an RSA key has fewer than 2048 bits"},
	};
	EVP_PKEY *curve = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
	BIGNUM *modulus = NULL, *n = BN_new();

	(void)state;
	assert_int_equal(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EVP_PKEY *key;
		const char *fault;

		assert_int_equal(BN_rshift(n, modulus, cases[i].shift), 1);
		if (cases[i].even)
			BN_clear_bit(n, 0);
		else
			BN_set_bit(n, 0);
		key = rsa_of(n, cases[i].exponent);
		fault = trust_key_fault(key);
		if (cases[i].fault)
			assert_string_equal(fault, cases[i].fault);
		else
			assert_null(fault);
		EVP_PKEY_free(key);
	}
	assert_non_null(trust_key_fault(curve));
	assert_non_null(trust_key_fault(NULL));
	EVP_PKEY_free(curve);
	BN_free(modulus);
	BN_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_key_signs_and_is_believed_only_as_it_is),
		cmocka_unit_test(what_the_peer_does_not_know_is_not_used),
		cmocka_unit_test(what_is_configured_is_the_least),
		cmocka_unit_test(nobody_goes_back_to_sha1),
		cmocka_unit_test(a_block_of_pkcs1_is_that_octet_by_octet),
		cmocka_unit_test(the_parameters_of_pss_are_judged),
		cmocka_unit_test(keys_that_prove_nothing_are_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
