// SPDX-License-Identifier: BSD-2-Clause
#include "host/radius/packet.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum {
	HEADER_LEN = 4 + RADIUS_AUTHENTICATOR, /* code, identifier, length, authenticator */
	MD5_LEN = 16,
	BLOCK_LEN = 16, /* of a key that is encrypted */
	SALT_LEN = 2,
};

/* MD5 of the parts, one after the other. */
static int md5(const struct ike_slice *parts, unsigned count, uint8_t out[MD5_LEN])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1;

	for (unsigned i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(context, out, NULL) == 1;
	EVP_MD_CTX_free(context);
	return ok ? 0 : -EIO;
}

static int hmac_md5(struct ike_slice key, struct ike_slice data, uint8_t out[MD5_LEN])
{
	unsigned int len = MD5_LEN;

	return HMAC(EVP_md5(), key.data, (int)key.len, data.data, data.len, out, &len) ? 0 : -EIO;
}

/* -------------------------------------------------------------------------------------- requests
 */

void radius_put(struct radius_packet *packet, uint8_t type, struct ike_slice value)
{
	if (value.len > RADIUS_VALUE_MAX)
		packet->w.failed = true;
	ike_put_u8(&packet->w, type);
	ike_put_u8(&packet->w, (uint8_t)(2 + value.len));
	ike_put_slice(&packet->w, value);
}

void radius_put_u32(struct radius_packet *packet, uint8_t type, uint32_t value)
{
	uint8_t octets[4];
	struct ike_writer w = ike_writer(octets, sizeof(octets));

	ike_put_u32(&w, value);
	radius_put(packet, type, ike_written(&w));
}

void radius_put_text(struct radius_packet *packet, uint8_t type, const char *text)
{
	radius_put(packet, type, ike_slice(text, strlen(text)));
}

void radius_put_address(struct radius_packet *packet, uint8_t type, const struct ike_addr *address)
{
	char text[IKE_ADDR_TEXT];

	if (!address->family)
		return;
	ike_addr_text(address, text, sizeof(text));
	radius_put_text(packet, type, text);
}

void radius_put_eap(struct radius_packet *packet, struct ike_slice message)
{
	struct ike_cursor c = ike_cursor(message);

	while (ike_cursor_left(&c)) {
		const size_t left = ike_cursor_left(&c);

		radius_put(packet, RADIUS_EAP_MESSAGE,
			   ike_get_slice(&c, left < RADIUS_VALUE_MAX ? left : RADIUS_VALUE_MAX));
	}
}

void radius_packet_begin(struct radius_packet *packet, enum radius_code code)
{
	static const uint8_t zeros[HEADER_LEN];

	packet->w = ike_writer(packet->data, sizeof(packet->data));
	ike_put(&packet->w, zeros, HEADER_LEN);
	packet->data[0] = (uint8_t)code;
	if (code == RADIUS_ACCESS_REQUEST)
		radius_put(packet, RADIUS_MESSAGE_AUTHENTICATOR, ike_slice(zeros, MD5_LEN));
}

/* RFC 2866, section 3: over zeros in its place. */
static int seal_accounting(struct radius_packet *packet, struct ike_slice secret)
{
	const struct ike_slice parts[] = {ike_written(&packet->w), secret};
	uint8_t *authenticator = packet->data + 4;

	memset(authenticator, 0, RADIUS_AUTHENTICATOR);
	return md5(parts, 2, authenticator);
}

int radius_packet_seal(struct radius_packet *packet, uint8_t id, struct ike_slice secret,
		       const struct ike_random *random)
{
	uint8_t *mac = packet->data + HEADER_LEN + 2;

	if (!ike_writer_ok(&packet->w))
		return -EMSGSIZE;
	packet->data[1] = id;
	ike_patch_be(&packet->w, 2, packet->w.len, 2);
	if (packet->data[0] != RADIUS_ACCESS_REQUEST)
		return seal_accounting(packet, secret);
	memset(mac, 0, MD5_LEN);
	if (ike_random_fill(random, packet->data + 4, RADIUS_AUTHENTICATOR))
		return -EIO;
	return hmac_md5(secret, ike_written(&packet->w), mac);
}

/* --------------------------------------------------------------------------------------- answers
 */

bool radius_next(struct ike_cursor *c, struct radius_attribute *attribute)
{
	uint8_t len;

	if (!ike_cursor_left(c))
		return false;
	attribute->type = ike_get_u8(c);
	len = ike_get_u8(c);
	if (len < 2)
		ike_cursor_fail(c);
	attribute->value = ike_get_slice(c, len < 2 ? 0 : len - 2u);
	return ike_cursor_ok(c);
}

/* Where the value of the only Message-Authenticator stands; NULL: there is none, or anything isn't
 * as it should be. */
static const uint8_t *find_mac(struct ike_slice attributes)
{
	struct ike_cursor c = ike_cursor(attributes);
	struct radius_attribute attribute;
	const uint8_t *mac = NULL;

	while (radius_next(&c, &attribute)) {
		if (attribute.type != RADIUS_MESSAGE_AUTHENTICATOR)
			continue;
		if (mac || attribute.value.len != MD5_LEN)
			return NULL;
		mac = attribute.value.data;
	}
	return ike_cursor_ok(&c) ? mac : NULL;
}

/* Its octets with the request's authenticator, and zeros for its Message-Authenticator, are what
 * that is over (RFC 3579, section 3.2). */
static bool mac_holds(struct ike_slice answer, const uint8_t *mac, const uint8_t *authenticator,
		      struct ike_slice secret)
{
	uint8_t octets[RADIUS_MAX], wanted[MD5_LEN];

	memcpy(octets, answer.data, answer.len);
	memcpy(octets + 4, authenticator, RADIUS_AUTHENTICATOR);
	memset(octets + (mac - answer.data), 0, MD5_LEN);
	return hmac_md5(secret, ike_slice(octets, answer.len), wanted) == 0 &&
	       CRYPTO_memcmp(wanted, mac, MD5_LEN) == 0;
}

/* RFC 2865, section 3 */
static bool authenticator_holds(struct ike_slice answer, const uint8_t *authenticator,
				struct ike_slice secret)
{
	const struct ike_slice parts[] = {
		ike_slice(answer.data, 4),
		ike_slice(authenticator, RADIUS_AUTHENTICATOR),
		ike_slice(answer.data + HEADER_LEN, answer.len - HEADER_LEN),
		secret,
	};
	uint8_t wanted[MD5_LEN];

	return md5(parts, 4, wanted) == 0 && CRYPTO_memcmp(wanted, answer.data + 4, MD5_LEN) == 0;
}

/* May it be the answer to such a request? */
static bool is_answer(uint8_t code, uint8_t request)
{
	return request == RADIUS_ACCESS_REQUEST
		       ? code == RADIUS_ACCESS_ACCEPT || code == RADIUS_ACCESS_REJECT ||
				 code == RADIUS_ACCESS_CHALLENGE
		       : code == RADIUS_ACCOUNTING_RESPONSE;
}

const char *radius_answer_read(struct radius_answer *answer, struct ike_slice datagram,
			       const struct radius_packet *request, struct ike_slice secret)
{
	struct ike_cursor c = ike_cursor(datagram);
	const uint8_t *authenticator = request->data + 4, *mac;
	uint8_t id;
	size_t len;

	*answer = (struct radius_answer){.request = request, .secret = secret};
	answer->code = ike_get_u8(&c);
	id = ike_get_u8(&c);
	len = ike_get_u16(&c);
	if (!ike_cursor_ok(&c) || len < HEADER_LEN || len > datagram.len || len > RADIUS_MAX)
		return "it is malformed";
	if (id != radius_packet_id(request))
		return "it is to another request";
	if (!is_answer(answer->code, request->data[0]))
		return "it is no answer to what was asked";
	datagram.len = len;
	answer->attributes = ike_slice(datagram.data + HEADER_LEN, len - HEADER_LEN);
	if (!authenticator_holds(datagram, authenticator, secret))
		return "its authenticator is wrong, so one of us has another secret";
	if (answer->code ==
	    RADIUS_ACCOUNTING_RESPONSE) /* which says nothing but that it has come */
		return NULL;
	mac = find_mac(answer->attributes);
	if (!mac)
		return "it has no Message-Authenticator, or attributes that are malformed";
	return mac_holds(datagram, mac, authenticator, secret)
		       ? NULL
		       : "its Message-Authenticator is wrong";
}

bool radius_find(const struct radius_answer *answer, uint8_t type, struct ike_slice *value)
{
	struct ike_cursor c = ike_cursor(answer->attributes);
	struct radius_attribute attribute;

	while (radius_next(&c, &attribute)) {
		if (attribute.type != type)
			continue;
		*value = attribute.value;
		return true;
	}
	return false;
}

int radius_get_u32(const struct radius_answer *answer, uint8_t type, uint32_t *value)
{
	struct ike_slice octets;
	struct ike_cursor c;

	if (!radius_find(answer, type, &octets))
		return -ENOENT;
	c = ike_cursor(octets);
	*value = ike_get_u32(&c);
	return ike_cursor_ok(&c) && !ike_cursor_left(&c) ? 0 : -EBADMSG;
}

int radius_get_eap(const struct radius_answer *answer, struct ike_writer *out)
{
	struct ike_cursor c = ike_cursor(answer->attributes);
	struct radius_attribute attribute;

	while (radius_next(&c, &attribute))
		if (attribute.type == RADIUS_EAP_MESSAGE)
			ike_put_slice(out, attribute.value);
	if (!ike_writer_ok(out))
		return -EMSGSIZE;
	return out->len ? 0 : -ENOENT;
}

/* ------------------------------------------------------------------------------------------ keys
 */

/* Whose encrypted octets are XORed with MD5(secret, and what came before): salt and authenticator,
 * then the block before. */
static int decrypt(const struct radius_answer *answer, struct ike_slice salt, struct ike_slice in,
		   uint8_t *out)
{
	const struct ike_slice authenticator =
		ike_slice(answer->request->data + 4, RADIUS_AUTHENTICATOR);
	uint8_t pad[MD5_LEN];
	int err = 0;

	for (size_t at = 0; !err && at < in.len; at += BLOCK_LEN) {
		const struct ike_slice first[] = {answer->secret, authenticator, salt};
		const struct ike_slice later[] = {
			answer->secret, ike_slice(in.data + at - (at ? BLOCK_LEN : 0), BLOCK_LEN)};

		err = at ? md5(later, 2, pad) : md5(first, 3, pad);
		for (size_t i = 0; i < BLOCK_LEN; i++)
			out[at + i] = in.data[at + i] ^ pad[i];
	}
	OPENSSL_cleanse(pad, sizeof(pad));
	return err;
}

/* The value of an attribute of Microsoft's in Vendor-Specific (RFC 2865, section 5.26). 0, -ENOENT,
 * or -EBADMSG. */
static int find_microsofts(const struct radius_answer *answer, uint8_t type,
			   struct ike_slice *value)
{
	struct ike_cursor c = ike_cursor(answer->attributes);
	struct radius_attribute attribute, inner;

	while (radius_next(&c, &attribute)) {
		struct ike_cursor v = ike_cursor(attribute.value);

		if (attribute.type != RADIUS_VENDOR_SPECIFIC || ike_get_u32(&v) != RADIUS_VENDOR_MS)
			continue;
		while (radius_next(&v, &inner)) {
			if (inner.type != type)
				continue;
			*value = inner.value;
			return 0;
		}
		if (!ike_cursor_ok(&v))
			return -EBADMSG;
	}
	return -ENOENT;
}

int radius_get_key(const struct radius_answer *answer, uint8_t vendor_type,
		   uint8_t out[RADIUS_VALUE_MAX])
{
	uint8_t octets[RADIUS_VALUE_MAX];
	struct ike_slice value, salt, in;
	struct ike_cursor c;
	int err;

	err = find_microsofts(answer, vendor_type, &value);
	if (err)
		return err;
	c = ike_cursor(value);
	salt = ike_get_slice(&c, SALT_LEN);
	in = ike_get_rest(&c);
	if (!ike_cursor_ok(&c) || !in.len || in.len % BLOCK_LEN)
		return -EBADMSG;
	err = decrypt(answer, salt, in, octets);
	if (!err && octets[0] >= in.len)
		err = -EBADMSG;
	if (!err)
		memcpy(out, octets + 1, octets[0]);
	err = err ? err : octets[0];
	OPENSSL_cleanse(octets, sizeof(octets));
	return err;
}
