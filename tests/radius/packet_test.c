// SPDX-License-Identifier: BSD-2-Clause
/* Packets of RADIUS: which answers are believed, and what is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "host/radius/packet.h"

enum { ANSWER_MAX = 4096, ATTRIBUTES = 20 };

static const char secret_text[] = "between the two of us";

static struct ike_slice secret(void)
{
	return ike_slice(secret_text, sizeof(secret_text) - 1);
}

static int count_up(void *context, void *out, size_t len)
{
	uint8_t *next = context;

	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (*next)++;
	return 0;
}

static struct radius_packet request;

static void make_request(void)
{
	uint8_t next = 1;
	const struct ike_random random = {count_up, &next};

	radius_packet_begin(&request, RADIUS_ACCESS_REQUEST);
	radius_put_text(&request, RADIUS_USER_NAME, "alice");
	assert_int_equal(radius_packet_seal(&request, 7, secret(), &random), 0);
}

static void digest(const uint8_t *data, size_t len, uint8_t out[16])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	EVP_DigestInit_ex(context, EVP_md5(), NULL);
	EVP_DigestUpdate(context, data, len);
	EVP_DigestFinal_ex(context, out, NULL);
	EVP_MD_CTX_free(context);
}

/* An answer of the server's to the request: what RFC 2865, section 3, and RFC 3579, section 3.2,
 * say of its two digests. mac: where the value of Message-Authenticator is; 0: there is none. */
struct reply {
	uint8_t octets[ANSWER_MAX + sizeof(secret_text)];
	size_t len;
	size_t mac;
};

static void add(struct reply *r, uint8_t type, const void *value, size_t len)
{
	r->octets[r->len++] = type;
	r->octets[r->len++] = (uint8_t)(2 + len);
	if (len)
		memcpy(r->octets + r->len, value, len);
	r->len += len;
}

static struct reply reply_of(uint8_t code)
{
	return (struct reply){.octets = {code, 7}, .len = ATTRIBUTES};
}

static void add_mac(struct reply *r)
{
	static const uint8_t zeros[16];

	r->mac = r->len + 2;
	add(r, RADIUS_MESSAGE_AUTHENTICATOR, zeros, sizeof(zeros));
}

static void sign(struct reply *r)
{
	uint8_t sum[16];

	r->octets[2] = (uint8_t)(r->len >> 8);
	r->octets[3] = (uint8_t)r->len;
	memcpy(r->octets + 4, request.data + 4, 16);
	if (r->mac) {
		memset(r->octets + r->mac, 0, 16);
		HMAC(EVP_md5(), secret_text, sizeof(secret_text) - 1, r->octets, r->len, sum, NULL);
		memcpy(r->octets + r->mac, sum, 16);
	}
	memcpy(r->octets + r->len, secret_text, sizeof(secret_text) - 1);
	digest(r->octets, r->len + sizeof(secret_text) - 1, r->octets + 4);
}

static const char *read_reply(struct radius_answer *answer, const struct reply *r)
{
	/* The copy ends where the datagram does, so that whatever reads on is seen. */
	static uint8_t *octets;

	free(octets);
	octets = malloc(r->len + 1);
	memcpy(octets, r->octets, r->len);
	return radius_answer_read(answer, ike_slice(octets, r->len), &request, secret());
}

static struct reply challenge(void)
{
	struct reply r = reply_of(RADIUS_ACCESS_CHALLENGE);

	add(&r, RADIUS_STATE, "state", 5);
	add(&r, RADIUS_EAP_MESSAGE, "first ", 6);
	add_mac(&r);
	add(&r, RADIUS_EAP_MESSAGE, "second", 6);
	sign(&r);
	return r;
}

static void a_request_says_what_it_is(void **state)
{
	uint8_t copy[RADIUS_MAX], sum[16];
	struct ike_slice octets;

	(void)state;
	make_request();
	octets = radius_packet_octets(&request);
	assert_int_equal(radius_packet_octets(&request).len, 20 + 18 + 7);
	memcpy(copy, octets.data, 45);
	assert_int_equal(copy[0], RADIUS_ACCESS_REQUEST);
	assert_int_equal(copy[1], 7);
	assert_int_equal(copy[2] << 8 | copy[3], 45);
	assert_int_equal(copy[20], RADIUS_MESSAGE_AUTHENTICATOR);
	memset(copy + 22, 0, 16);
	HMAC(EVP_md5(), secret_text, sizeof(secret_text) - 1, copy, 45, sum, NULL);
	assert_memory_equal(sum, octets.data + 22, 16);
}

/* With another secret and other random numbers, for the next server. */
static void a_request_is_sealed_again(void **state)
{
	uint8_t next = 100, first[RADIUS_MAX], sum[16];
	const struct ike_random random = {count_up, &next};
	const size_t len = radius_packet_octets(&request).len;

	(void)state;
	make_request();
	memcpy(first, request.data, len);
	assert_int_equal(radius_packet_seal(&request, 8, ike_slice("x", 1), &random), 0);
	assert_int_equal(radius_packet_octets(&request).len, len);
	assert_memory_not_equal(first + 4, request.data + 4, 16);
	memcpy(first, request.data, len);
	memset(first + 22, 0, 16);
	HMAC(EVP_md5(), "x", 1, first, len, sum, NULL);
	assert_memory_equal(sum, request.data + 22, 16);
}

static void a_request_that_is_too_long_is_none(void **state)
{
	uint8_t next = 0;
	const struct ike_random random = {count_up, &next};
	static const uint8_t long_one[RADIUS_MAX];

	(void)state;
	radius_packet_begin(&request, RADIUS_ACCESS_REQUEST);
	radius_put(&request, RADIUS_STATE, ike_slice(long_one, RADIUS_VALUE_MAX));
	assert_int_equal(radius_packet_seal(&request, 1, secret(), &random), 0);
	radius_put(&request, RADIUS_STATE, ike_slice(long_one, RADIUS_VALUE_MAX + 1));
	assert_int_equal(radius_packet_seal(&request, 1, secret(), &random), -EMSGSIZE);
	radius_packet_begin(&request, RADIUS_ACCESS_REQUEST);
	radius_put_eap(&request, ike_slice(long_one, sizeof(long_one)));
	assert_int_equal(radius_packet_seal(&request, 1, secret(), &random), -EMSGSIZE);
}

static void an_answer_is_read(void **state)
{
	struct reply r;
	struct radius_answer answer;
	struct ike_slice value;
	uint8_t message[12];
	struct ike_writer w = ike_writer(message, sizeof(message));
	struct ike_writer small = ike_writer(message, sizeof(message) - 1);

	(void)state;
	make_request();
	r = challenge();
	assert_null(read_reply(&answer, &r));
	assert_int_equal(answer.code, RADIUS_ACCESS_CHALLENGE);
	assert_true(radius_find(&answer, RADIUS_STATE, &value));
	assert_true(ike_slice_equal(value, ike_slice("state", 5)));
	assert_false(radius_find(&answer, RADIUS_REPLY_MESSAGE, &value));
	assert_int_equal(radius_get_eap(&answer, &w), 0);
	assert_memory_equal(message, "first second", 12);
	assert_int_equal(radius_get_eap(&answer, &small), -EMSGSIZE);
	/* Octets behind the packet are padding (RFC 2865, section 3). */
	r.len += 3;
	assert_null(read_reply(&answer, &r));
}

static void whatever_is_changed_is_noticed(void **state)
{
	struct radius_answer answer;
	struct reply r;

	(void)state;
	make_request();
	r = challenge();
	for (size_t at = 0; at < r.len; at++)
		for (int bit = 0; bit < 8; bit++) {
			r.octets[at] ^= (uint8_t)(1 << bit);
			assert_non_null(read_reply(&answer, &r));
			r.octets[at] ^= (uint8_t)(1 << bit);
		}
	for (size_t len = 0, whole = r.len; len < whole; len++) {
		r.len = len;
		assert_non_null(read_reply(&answer, &r));
	}
}

/* Who is on the way can make the authenticator of an answer, but not its Message-Authenticator
 * (CVE-2024-3596). */
static void without_message_authenticator_it_is_none(void **state)
{
	static const uint8_t zeros[17];
	struct radius_answer answer;
	struct reply r;

	(void)state;
	make_request();
	r = reply_of(RADIUS_ACCESS_ACCEPT);
	add(&r, RADIUS_EAP_MESSAGE, "\3\1\0\4", 4);
	sign(&r);
	assert_non_null(strstr(read_reply(&answer, &r), "no Message-Authenticator"));
	for (size_t len = 0; len <= 17; len++) {
		r = reply_of(RADIUS_ACCESS_ACCEPT);
		add(&r, RADIUS_MESSAGE_AUTHENTICATOR, zeros, len);
		sign(&r);
		assert_non_null(read_reply(&answer, &r));
	}
	/* The second of two would be the one that isn't looked at. */
	r = reply_of(RADIUS_ACCESS_ACCEPT);
	add_mac(&r);
	add(&r, RADIUS_MESSAGE_AUTHENTICATOR, zeros, 16);
	sign(&r);
	assert_non_null(strstr(read_reply(&answer, &r), "no Message-Authenticator"));
}

static void malformed_attributes_are_refused(void **state)
{
	static const uint8_t lengths[] = {0, 1, 3, 255};
	struct radius_answer answer;
	struct reply r;

	(void)state;
	make_request();
	for (size_t i = 0; i < sizeof(lengths); i++) {
		r = reply_of(RADIUS_ACCESS_ACCEPT);
		add_mac(&r);
		add(&r, RADIUS_STATE, "", 0);
		r.octets[r.len - 1] = lengths[i];
		sign(&r);
		assert_non_null(strstr(read_reply(&answer, &r), "malformed"));
	}
	r = reply_of(RADIUS_ACCESS_ACCEPT);
	add_mac(&r);
	r.octets[r.len++] = RADIUS_STATE; /* without a length */
	sign(&r);
	assert_non_null(strstr(read_reply(&answer, &r), "malformed"));
}

static void of_all_codes_three_are_answers(void **state)
{
	struct radius_answer answer;

	(void)state;
	make_request();
	for (unsigned code = 0; code < 256; code++) {
		struct reply r = reply_of((uint8_t)code);

		add_mac(&r);
		sign(&r);
		assert_int_equal(!read_reply(&answer, &r), code == RADIUS_ACCESS_ACCEPT ||
								   code == RADIUS_ACCESS_REJECT ||
								   code == RADIUS_ACCESS_CHALLENGE);
	}
}

/* RFC 2866, section 3 */
static void accounting_is_proved_by_its_authenticator(void **state)
{
	uint8_t octets[64 + sizeof(secret_text)], sum[16];
	struct radius_answer answer;
	struct reply r;
	size_t len;

	(void)state;
	radius_packet_begin(&request, RADIUS_ACCOUNTING_REQUEST);
	radius_put_u32(&request, RADIUS_ACCT_STATUS_TYPE, 1);
	assert_int_equal(radius_packet_seal(&request, 7, secret(), NULL), 0);
	len = radius_packet_octets(&request).len;
	assert_int_equal(len, 20 + 6);
	memcpy(octets, request.data, len);
	memset(octets + 4, 0, 16);
	memcpy(octets + len, secret_text, sizeof(secret_text) - 1);
	digest(octets, len + sizeof(secret_text) - 1, sum);
	assert_memory_equal(sum, request.data + 4, 16);

	r = reply_of(RADIUS_ACCOUNTING_RESPONSE);
	sign(&r);
	assert_null(read_reply(&answer, &r));
	for (size_t at = 0; at < r.len; at++) {
		r.octets[at] ^= 1;
		assert_non_null(read_reply(&answer, &r));
		r.octets[at] ^= 1;
	}
	r = reply_of(RADIUS_ACCESS_ACCEPT);
	add_mac(&r);
	sign(&r);
	assert_non_null(read_reply(&answer, &r));
}

/* RFC 2548, section 2.4.2, the other way round. */
static size_t encrypt(const uint8_t *plain, size_t len, uint8_t *out)
{
	uint8_t hashed[sizeof(secret_text) + 32], pad[16];
	size_t known = sizeof(secret_text) - 1;

	memcpy(hashed, secret_text, known);
	memcpy(hashed + known, request.data + 4, 16);
	out[0] = 0x81;
	out[1] = 0x02;
	memcpy(hashed + known + 16, out, 2);
	for (size_t at = 0; at < len; at += 16) {
		digest(hashed, at ? known + 16 : known + 18, pad);
		for (size_t i = 0; i < 16; i++)
			out[2 + at + i] = plain[at + i] ^ pad[i];
		memcpy(hashed + known, out + 2 + at, 16);
	}
	return 2 + len;
}

/* An Access-Accept with a key of Microsoft's that is encrypted from these octets. */
static const char *with_key(struct radius_answer *answer, const uint8_t *plain, size_t len)
{
	struct reply r = reply_of(RADIUS_ACCESS_ACCEPT);
	uint8_t vendor[253] = {0, 0, 1, 55, RADIUS_MPPE_RECV_KEY};
	const size_t octets = encrypt(plain, len, vendor + 6);

	vendor[5] = (uint8_t)(2 + octets);
	add(&r, RADIUS_VENDOR_SPECIFIC, "\0\0\0\11\21\6abcd", 10); /* another vendor's */
	add(&r, RADIUS_VENDOR_SPECIFIC, vendor, 6 + octets);
	add_mac(&r);
	sign(&r);
	return read_reply(answer, &r);
}

static void keys_are_decrypted(void **state)
{
	uint8_t plain[48] = {32}, key[RADIUS_VALUE_MAX];
	struct radius_answer answer;

	(void)state;
	make_request();
	for (size_t i = 1; i <= 32; i++)
		plain[i] = (uint8_t)(7 * i);
	assert_null(with_key(&answer, plain, sizeof(plain)));
	assert_int_equal(radius_get_key(&answer, RADIUS_MPPE_RECV_KEY, key), 32);
	assert_memory_equal(key, plain + 1, 32);
	assert_int_equal(radius_get_key(&answer, RADIUS_MPPE_SEND_KEY, key), -ENOENT);
}

static void keys_that_are_none_are_refused(void **state)
{
	uint8_t plain[48] = {0}, key[RADIUS_VALUE_MAX];
	struct radius_answer answer;
	struct reply r;

	(void)state;
	make_request();
	for (unsigned len = 0; len < 256; len++) {
		plain[0] = (uint8_t)len;
		assert_null(with_key(&answer, plain, sizeof(plain)));
		assert_int_equal(radius_get_key(&answer, RADIUS_MPPE_RECV_KEY, key),
				 len < sizeof(plain) ? (int)len : -EBADMSG);
	}
	/* Not of whole blocks: none, of salt alone, with a block that is cut. */
	for (size_t len = 0; len < 20; len++) {
		uint8_t vendor[32] = {0, 0, 1, 55, RADIUS_MPPE_RECV_KEY, (uint8_t)(2 + len)};

		r = reply_of(RADIUS_ACCESS_ACCEPT);
		add(&r, RADIUS_VENDOR_SPECIFIC, vendor, 6 + len);
		add_mac(&r);
		sign(&r);
		assert_null(read_reply(&answer, &r));
		if (len != 18)
			assert_int_equal(radius_get_key(&answer, RADIUS_MPPE_RECV_KEY, key),
					 -EBADMSG);
	}
	/* Attributes that don't add up; and another vendor's, which are his. */
	r = reply_of(RADIUS_ACCESS_ACCEPT);
	add(&r, RADIUS_VENDOR_SPECIFIC, "\0\0\1", 3);
	add(&r, RADIUS_VENDOR_SPECIFIC, "\0\0\0\11\377", 5);
	add_mac(&r);
	sign(&r);
	assert_null(read_reply(&answer, &r));
	assert_int_equal(radius_get_key(&answer, RADIUS_MPPE_RECV_KEY, key), -ENOENT);
	r = reply_of(RADIUS_ACCESS_ACCEPT);
	add(&r, RADIUS_VENDOR_SPECIFIC, "\0\0\1\67\21\377abcd", 10);
	add_mac(&r);
	sign(&r);
	assert_null(read_reply(&answer, &r));
	assert_int_equal(radius_get_key(&answer, RADIUS_MPPE_RECV_KEY, key), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_says_what_it_is),
		cmocka_unit_test(a_request_is_sealed_again),
		cmocka_unit_test(a_request_that_is_too_long_is_none),
		cmocka_unit_test(an_answer_is_read),
		cmocka_unit_test(whatever_is_changed_is_noticed),
		cmocka_unit_test(without_message_authenticator_it_is_none),
		cmocka_unit_test(malformed_attributes_are_refused),
		cmocka_unit_test(of_all_codes_three_are_answers),
		cmocka_unit_test(accounting_is_proved_by_its_authenticator),
		cmocka_unit_test(keys_are_decrypted),
		cmocka_unit_test(keys_that_are_none_are_refused),
	};

	return cmocka_run_group_tests_name("packets of RADIUS", tests, NULL, NULL);
}
