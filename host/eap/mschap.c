/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/eap/mschap.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>

/* Fetched once, and good for all threads until the process ends. */
static struct {
	EVP_MD *md4;
	EVP_CIPHER *des;
	EVP_MD *sha1;
} legacy;

static void load(void)
{
	OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();

	if (!context || !OSSL_PROVIDER_load(context, "legacy") ||
	    !OSSL_PROVIDER_load(context, "default")) {
		OSSL_LIB_CTX_free(context);
		return;
	}
	legacy.md4 = EVP_MD_fetch(context, "MD4", NULL);
	legacy.des = EVP_CIPHER_fetch(context, "DES-ECB", NULL);
	legacy.sha1 = EVP_MD_fetch(context, "SHA1", NULL);
}

bool mschap_available(const char **why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	*why = "EAP-MSCHAPv2 needs MD4 and DES, which OpenSSL has in its provider \"legacy\" "
	       "(ossl-modules/legacy.so); it can't be loaded";
	return legacy.md4 && legacy.des && legacy.sha1;
}

static int digest(const EVP_MD *md, const struct ike_slice *parts, unsigned count, uint8_t *out)
{
	const char *why;
	EVP_MD_CTX *context = mschap_available(&why) ? EVP_MD_CTX_new() : NULL;
	bool ok = context && EVP_DigestInit_ex(context, md, NULL) == 1;

	for (unsigned i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(context, out, NULL) == 1;
	EVP_MD_CTX_free(context);
	return ok ? 0 : -EIO;
}

static int md4(struct ike_slice data, uint8_t out[MSCHAP_HASH_LEN])
{
	const char *why;

	return mschap_available(&why) ? digest(legacy.md4, &data, 1, out) : -EIO;
}

static int sha1(const struct ike_slice *parts, unsigned count, uint8_t out[20])
{
	const char *why;

	return mschap_available(&why) ? digest(legacy.sha1, parts, count, out) : -EIO;
}

/* UTF-8 to UTF-16 */

/* A code point, and false where there is none that may stand so (RFC 3629). */
static bool next_point(struct ike_cursor *c, uint32_t *point)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint8_t first = ike_get_u8(c);
	unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

	if ((first >= 0x80 && first < 0xc2) || first > 0xf4)
		return false;
	*point = more ? first & (0x3fu >> more) : first;
	for (unsigned i = 0; i < more; i++) {
		uint8_t next = ike_get_u8(c);

		if ((next & 0xc0) != 0x80)
			return false;
		*point = *point << 6 | (next & 0x3f);
	}
	return ike_cursor_ok(c) && *point >= least[more] && *point <= 0x10ffff &&
	       (*point < 0xd800 || *point > 0xdfff);
}

static void put_unit(struct ike_writer *w, uint32_t unit)
{
	ike_put_u8(w, (uint8_t)unit);
	ike_put_u8(w, (uint8_t)(unit >> 8));
}

int mschap_password_hash(struct ike_slice password, uint8_t out[MSCHAP_HASH_LEN])
{
	uint8_t units[2 * MSCHAP_PASSWORD_MAX];
	struct ike_writer w = ike_writer(units, sizeof(units));
	struct ike_cursor c = ike_cursor(password);
	uint32_t point;
	bool good = true;
	int err;

	while (good && ike_cursor_left(&c)) {
		good = next_point(&c, &point);
		if (good && point >= 0x10000) {
			put_unit(&w, 0xd800 + ((point - 0x10000) >> 10));
			put_unit(&w, 0xdc00 + ((point - 0x10000) & 0x3ff));
		} else if (good) {
			put_unit(&w, point);
		}
	}
	err = good && ike_writer_ok(&w) ? md4(ike_written(&w), out) : -EINVAL;
	OPENSSL_cleanse(units, sizeof(units));
	OPENSSL_cleanse(&point, sizeof(point));
	return err;
}

/* Section 8.2 */
static int challenge_hash(const struct mschap *m, uint8_t out[8])
{
	const struct ike_slice parts[] = {
		ike_slice(m->peer, sizeof(m->peer)),
		ike_slice(m->authenticator, sizeof(m->authenticator)),
		m->user,
	};
	uint8_t hash[20];
	int err = sha1(parts, 3, hash);

	memcpy(out, hash, 8);
	return err;
}

/* Section 8.6: DES with a key of 7 octets, to each 7 bits of which a parity bit is added. */
static int encrypt(const uint8_t clear[8], const uint8_t key[7], uint8_t out[8])
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t whole[8];
	uint64_t bits = 0;
	int len = 0;
	bool ok;

	for (unsigned i = 0; i < 7; i++)
		bits = bits << 8 | key[i];
	for (unsigned i = 0; i < 8; i++)
		whole[i] = (uint8_t)((bits >> (49 - 7 * i) & 0x7f) << 1);
	ok = context && EVP_EncryptInit_ex(context, legacy.des, NULL, whole, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
	     EVP_EncryptUpdate(context, out, &len, clear, 8) == 1 && len == 8;
	EVP_CIPHER_CTX_free(context);
	OPENSSL_cleanse(whole, sizeof(whole));
	OPENSSL_cleanse(&bits, sizeof(bits));
	return ok ? 0 : -EIO;
}

int mschap_response(const struct mschap *m, uint8_t out[MSCHAP_RESPONSE_LEN])
{
	uint8_t padded[21] = {0}, challenge[8];
	int err = challenge_hash(m, challenge);

	memcpy(padded, m->password_hash, MSCHAP_HASH_LEN);
	for (size_t i = 0; !err && i < 3; i++)
		err = encrypt(challenge, padded + 7 * i, out + 8 * i);
	OPENSSL_cleanse(padded, sizeof(padded));
	return err;
}

int mschap_authenticator(const struct mschap *m, const uint8_t response[MSCHAP_RESPONSE_LEN],
			 char out[MSCHAP_AUTHENTICATOR_LEN])
{
	static const char magic1[] = "Magic server to client signing constant";
	static const char magic2[] = "Pad to make it do more than one iteration";
	static const char digits[] = "0123456789ABCDEF";
	uint8_t hash[MSCHAP_HASH_LEN], challenge[8], sum[20];
	struct ike_slice parts[] = {
		ike_slice(hash, sizeof(hash)),
		ike_slice(response, MSCHAP_RESPONSE_LEN),
		ike_slice(magic1, sizeof(magic1) - 1),
	};
	int err = md4(ike_slice(m->password_hash, MSCHAP_HASH_LEN), hash);

	if (!err)
		err = sha1(parts, 3, sum);
	if (!err)
		err = challenge_hash(m, challenge);
	parts[0] = ike_slice(sum, sizeof(sum));
	parts[1] = ike_slice(challenge, sizeof(challenge));
	parts[2] = ike_slice(magic2, sizeof(magic2) - 1);
	if (!err)
		err = sha1(parts, 3, sum);
	memcpy(out, "S=", 2);
	for (unsigned i = 0; !err && i < 20; i++) {
		out[2 + 2 * i] = digits[sum[i] >> 4];
		out[3 + 2 * i] = digits[sum[i] & 15];
	}
	OPENSSL_cleanse(hash, sizeof(hash));
	return err;
}

/* RFC 3079, section 3.4: a key of the master key. */
static int start_key(const uint8_t master[MSCHAP_HASH_LEN], const char *magic,
		     uint8_t out[MSCHAP_KEY_LEN])
{
	uint8_t pad1[40] = {0}, pad2[40], sum[20];
	const struct ike_slice parts[] = {
		ike_slice(master, MSCHAP_HASH_LEN),
		ike_slice(pad1, sizeof(pad1)),
		ike_slice(magic, strlen(magic)),
		ike_slice(pad2, sizeof(pad2)),
	};
	int err;

	memset(pad2, 0xf2, sizeof(pad2));
	err = sha1(parts, 4, sum);
	memcpy(out, sum, MSCHAP_KEY_LEN);
	OPENSSL_cleanse(sum, sizeof(sum));
	return err;
}

int mschap_keys(const struct mschap *m, const uint8_t response[MSCHAP_RESPONSE_LEN],
		uint8_t to_asked[MSCHAP_KEY_LEN], uint8_t from_asked[MSCHAP_KEY_LEN])
{
	static const char magic1[] = "This is the MPPE Master Key";
	static const char magic2[] = "On the client side, this is the send key; on the server "
				     "side, it is the receive key.";
	static const char magic3[] = "On the client side, this is the receive key; on the server "
				     "side, it is the send key.";
	uint8_t hash[MSCHAP_HASH_LEN], master[20];
	const struct ike_slice parts[] = {
		ike_slice(hash, sizeof(hash)),
		ike_slice(response, MSCHAP_RESPONSE_LEN),
		ike_slice(magic1, sizeof(magic1) - 1),
	};
	int err = md4(ike_slice(m->password_hash, MSCHAP_HASH_LEN), hash);

	if (!err)
		err = sha1(parts, 3, master);
	if (!err)
		err = start_key(master, magic2, from_asked);
	if (!err)
		err = start_key(master, magic3, to_asked);
	OPENSSL_cleanse(hash, sizeof(hash));
	OPENSSL_cleanse(master, sizeof(master));
	return err;
}
