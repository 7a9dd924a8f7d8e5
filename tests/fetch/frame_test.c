/* SPDX-License-Identifier: BSD-2-Clause */
/* What raveld and raveld-fetch say to each other, and where the latter doesn't connect to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "host/fetch/address.h"
#include "host/fetch/frame.h"

static const char uri[] = "http://crl.example.org/";

static struct fetch_request request(void)
{
	return (struct fetch_request){.id = 7,
				      .limit = 1 << 20,
				      .timeout_ms = 5000,
				      .local = true,
				      .uri = ike_slice(uri, sizeof(uri) - 1),
				      .post = ike_slice("question", 8)};
}

/* Octets come as they like. Returns what is said last. */
static int feed(struct fetch_inbox *inbox, struct ike_slice octets, size_t step)
{
	int got = 0;

	while (octets.len && !got) {
		size_t len;
		uint8_t *at;

		assert_int_equal(fetch_inbox_room(inbox, &at, &len), 0);
		assert_true(len);
		if (len > step)
			len = step;
		if (len > octets.len)
			len = octets.len;
		memcpy(at, octets.data, len);
		octets = ike_slice(octets.data + len, octets.len - len);
		got = fetch_inbox_took(inbox, len);
	}
	assert_false(got == 1 && octets.len);
	return got;
}

static void what_is_asked_comes_as_it_was(void **state)
{
	const struct fetch_request out = request();

	(void)state;
	for (size_t step = 1; step < 100; step++) {
		struct fetch_inbox inbox = {.most = 1024};
		struct fetch_request in;
		struct ike_buffer octets;

		assert_int_equal(fetch_request_write(&out, &octets), 0);
		assert_int_equal(feed(&inbox, ike_buffer_slice(&octets), step), 1);
		assert_int_equal(fetch_request_read(ike_buffer_slice(&inbox.frame), &in), 0);
		assert_int_equal(in.id, out.id);
		assert_int_equal(in.limit, out.limit);
		assert_int_equal(in.timeout_ms, out.timeout_ms);
		assert_true(in.local);
		assert_true(ike_slice_equal(in.uri, out.uri));
		assert_true(ike_slice_equal(in.post, out.post));
		fetch_inbox_clear(&inbox);
		ike_buffer_free(&octets);
	}
}

static void a_long_answer_comes_as_it_was(void **state)
{
	const size_t len = 10 << 20;
	uint8_t *body = malloc(len);
	struct fetch_inbox inbox = {.most = len + FETCH_REPLY_HEADER};
	struct fetch_reply out = {.id = 9, .good = true}, in;
	struct ike_buffer octets;

	(void)state;
	for (size_t i = 0; i < len; i++)
		body[i] = (uint8_t)(i * 7);
	out.data = ike_slice(body, len);
	assert_int_equal(fetch_reply_write(&out, &octets), 0);
	assert_int_equal(feed(&inbox, ike_buffer_slice(&octets), 65536), 1);
	assert_int_equal(fetch_reply_read(ike_buffer_slice(&inbox.frame), &in), 0);
	assert_true(in.good && in.id == 9 && ike_slice_equal(in.data, out.data));
	fetch_inbox_clear(&inbox);
	ike_buffer_free(&octets);
	free(body);
}

/* A length costs no memory before what it promises has come, and has a bound. */
static void lengths_are_not_believed(void **state)
{
	struct fetch_inbox inbox = {.most = 1 << 20};
	uint8_t *at;
	size_t len;

	(void)state;
	assert_int_equal(feed(&inbox, ike_slice("\0\x10\0\0", 4), 4), 0);
	assert_int_equal(fetch_inbox_room(&inbox, &at, &len), 0);
	assert_true(len <= 4096);
	fetch_inbox_clear(&inbox);
	assert_int_equal(feed(&inbox, ike_slice("\0\x10\0\1", 4), 4), -EBADMSG);
	fetch_inbox_clear(&inbox);
	assert_int_equal(feed(&inbox, ike_slice("\0\0\0\0", 4), 4), -EBADMSG);
	fetch_inbox_clear(&inbox);
}

static int reads(struct fetch_request asked, size_t cut, size_t at, uint8_t value)
{
	struct fetch_request in;
	struct ike_buffer octets;
	int err;

	assert_int_equal(fetch_request_write(&asked, &octets), 0);
	if (at)
		octets.data[FETCH_LENGTH + at] = value;
	err = fetch_request_read(
		ike_slice(octets.data + FETCH_LENGTH, octets.len - FETCH_LENGTH - cut), &in);
	ike_buffer_free(&octets);
	return err;
}

static void requests_that_make_no_sense_are_refused(void **state)
{
	const struct fetch_request good = request();
	struct fetch_request bad;
	char longest[FETCH_URI_MAX + 2];
	struct ike_buffer octets;

	(void)state;
	assert_int_equal(reads(good, 0, 0, 0), 0);
	assert_int_equal(reads(good, 8 + 1, 0, 0), -EBADMSG);
	assert_int_equal(reads(good, 0, 12, 2), -EBADMSG);   /* an unknown flag */
	assert_int_equal(reads(good, 0, 20, ' '), -EBADMSG); /* what curl would take for more */
	assert_int_equal(reads(good, 0, 20, '\n'), -EBADMSG);
	assert_int_equal(reads(good, 0, 20, 0xc3), -EBADMSG);
	bad = good;
	bad.limit = 0;
	assert_int_equal(reads(bad, 0, 0, 0), -EBADMSG);
	bad.limit = FETCH_LIMIT_MAX + 1u;
	assert_int_equal(reads(bad, 0, 0, 0), -EBADMSG);
	bad = good;
	bad.timeout_ms = 0;
	assert_int_equal(reads(bad, 0, 0, 0), -EBADMSG);
	bad = good;
	bad.uri.len = 0;
	assert_int_equal(reads(bad, 0, 0, 0), -EBADMSG);
	memset(longest, 'x', sizeof(longest));
	bad.uri = ike_slice(longest, FETCH_URI_MAX + 1);
	assert_int_equal(fetch_request_write(&bad, &octets), -EMSGSIZE);
}

static void answers_that_make_no_sense_are_refused(void **state)
{
	uint8_t frame[FETCH_REPLY_HEADER + FETCH_REASON_MAX + 1] = {0, 0, 0, 1};
	struct fetch_reply in;

	(void)state;
	assert_int_equal(fetch_reply_read(ike_slice(frame, FETCH_REPLY_HEADER), &in), 0);
	assert_int_equal(fetch_reply_read(ike_slice(frame, FETCH_REPLY_HEADER - 1), &in), -EBADMSG);
	assert_int_equal(fetch_reply_read(ike_slice(frame, sizeof(frame)), &in), -EBADMSG);
	frame[4] = 1;
	assert_int_equal(fetch_reply_read(ike_slice(frame, sizeof(frame)), &in), 0);
	frame[4] = 2;
	assert_int_equal(fetch_reply_read(ike_slice(frame, FETCH_REPLY_HEADER), &in), -EBADMSG);
}

static bool is_local(const char *text)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return fetch_address_is_local((struct sockaddr *)&four);
	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return fetch_address_is_local((struct sockaddr *)&six);
}

static void addresses_of_this_host_and_of_links_are_known(void **state)
{
	static const char *const local[] = {"127.0.0.1",
					    "127.9.9.9",
					    "0.0.0.0",
					    "0.1.2.3",
					    "169.254.169.254",
					    "224.0.0.1",
					    "255.255.255.255",
					    "::",
					    "::1",
					    "::127.0.0.1",
					    "::ffff:127.0.0.1",
					    "::ffff:169.254.1.1",
					    "64:ff9b::127.0.0.1",
					    "fe80::1",
					    "febf::1",
					    "ff02::1"};
	static const char *const others[] = {"10.1.0.1",	  "192.0.2.1", "169.253.0.1",
					     "126.255.255.255",	  "128.0.0.1", "2001:db8::1",
					     "::ffff:192.0.2.1",  "fd00::1",   "fec0::1",
					     "64:ff9b::192.0.2.1"};
	const struct sockaddr neither = {.sa_family = AF_UNIX};

	(void)state;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (!is_local(local[i]))
			fail_msg("%s", local[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (is_local(others[i]))
			fail_msg("%s", others[i]);
	assert_true(fetch_address_is_local(&neither));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_comes_as_it_was),
		cmocka_unit_test(a_long_answer_comes_as_it_was),
		cmocka_unit_test(lengths_are_not_believed),
		cmocka_unit_test(requests_that_make_no_sense_are_refused),
		cmocka_unit_test(answers_that_make_no_sense_are_refused),
		cmocka_unit_test(addresses_of_this_host_and_of_links_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
