/* SPDX-License-Identifier: BSD-2-Clause */
/* MS-CHAP-V2 against the known answers of RFC 2759, section 9.2, and RFC 3079, section 3.5.3. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "host/eap/mschap.h"

static const char password[] = "clientPass";

static const struct mschap known = {
	.authenticator = {0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e, 0x3c, 0x2c, 0x60, 0x21,
			  0x32, 0x26, 0x26, 0x28},
	.peer = {0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a, 0x28, 0x29, 0x5f, 0x2b, 0x3a, 0x33,
		 0x7c, 0x7e},
	.password_hash = {0x44, 0xeb, 0xba, 0x8d, 0x53, 0x12, 0xb8, 0xd6, 0x11, 0x47, 0x44, 0x11,
			  0xf5, 0x69, 0x89, 0xae},
	.user = {(const uint8_t *)"User", 4},
};

static const uint8_t nt_response[MSCHAP_RESPONSE_LEN] = {
	0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e, 0xa0, 0x8f, 0xaa, 0x39,
	0x81, 0xcd, 0x83, 0x54, 0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf};

static struct ike_slice text(const char *s)
{
	return ike_slice(s, strlen(s));
}

static void a_password_becomes_the_known_hash(void **state)
{
	uint8_t hash[MSCHAP_HASH_LEN];

	(void)state;
	assert_int_equal(mschap_password_hash(text(password), hash), 0);
	assert_memory_equal(hash, known.password_hash, sizeof(hash));
}

static void both_proofs_are_the_known_ones(void **state)
{
	uint8_t response[MSCHAP_RESPONSE_LEN];
	char proof[MSCHAP_AUTHENTICATOR_LEN];

	(void)state;
	assert_int_equal(mschap_response(&known, response), 0);
	assert_memory_equal(response, nt_response, sizeof(response));
	assert_int_equal(mschap_authenticator(&known, nt_response, proof), 0);
	assert_memory_equal(proof, "S=407A5589115FD0D6209F510FE9C04566932CDA56", sizeof(proof));
}

static void the_server_sends_with_the_known_key(void **state)
{
	static const uint8_t start_key[] = {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b,
					    0xa1, 0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb};
	uint8_t to_asked[MSCHAP_KEY_LEN], from_asked[MSCHAP_KEY_LEN];

	(void)state;
	assert_int_equal(mschap_keys(&known, nt_response, to_asked, from_asked), 0);
	assert_memory_equal(to_asked, start_key, sizeof(start_key));
	assert_memory_not_equal(from_asked, start_key, sizeof(start_key));
}

/* Hashes as any implementation has them of UTF-16: "é" and, in two units, U+1F511. */
static void passwords_are_hashed_as_utf_16(void **state)
{
	uint8_t one[MSCHAP_HASH_LEN], other[MSCHAP_HASH_LEN];
	static const char *const bad[] = {
		"\x80",		"a\xc3",
		"\xc0\xaf",	"\xe0\x80\xaf",
		"\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xff\xfe",	"\xf0\x8f\xbf\xbf",
	};
	static const char *const good[] = {"", "\xc3\xa9", "\xf0\x9f\x94\x91", "\xef\xbf\xbf",
					   "\xed\x9f\xbf"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mschap_password_hash(text(bad[i]), one), -EINVAL);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(mschap_password_hash(text(good[i]), one), 0);
	assert_int_equal(mschap_password_hash(text("\xc3\xa9"), one), 0);
	assert_int_equal(mschap_password_hash(text("e"), other), 0);
	assert_memory_not_equal(one, other, sizeof(one));
}

static void no_password_is_too_long_for_its_room(void **state)
{
	char octets[MSCHAP_PASSWORD_MAX + 1];
	uint8_t hash[MSCHAP_HASH_LEN];

	(void)state;
	memset(octets, 'x', sizeof(octets));
	assert_int_equal(mschap_password_hash(ike_slice(octets, MSCHAP_PASSWORD_MAX), hash), 0);
	assert_int_equal(mschap_password_hash(ike_slice(octets, sizeof(octets)), hash), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_becomes_the_known_hash),
		cmocka_unit_test(both_proofs_are_the_known_ones),
		cmocka_unit_test(the_server_sends_with_the_known_key),
		cmocka_unit_test(passwords_are_hashed_as_utf_16),
		cmocka_unit_test(no_password_is_too_long_for_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
