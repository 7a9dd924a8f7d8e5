// SPDX-License-Identifier: BSD-2-Clause
// IKE and ESP in a TCP stream (RFC 9329), however it is cut up, and what isn't one.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/stream.h"
#include "tests/esp/packet.h"

#define MESSAGES 200

struct message {
	enum rvl_stream_kind kind;
	size_t len;
	uint8_t octets[UINT16_MAX];
};

static struct message sent[MESSAGES];
static size_t heard;

static void compare(void *context, enum rvl_stream_kind kind, const uint8_t *message, size_t len)
{
	const struct message *want = &sent[heard++];

	(void)context;
	assert_int_equal(kind, want->kind);
	assert_int_equal(len, want->len);
	assert_memory_equal(message, want->octets, len);
}

static void refuse(void *context, enum rvl_stream_kind kind, const uint8_t *message, size_t len)
{
	(void)context;
	(void)kind;
	(void)message;
	fail_msg("a message of %zu octets", len);
}

/* A message, and behind its head at p; its length there. */
static size_t make(struct message *m, uint8_t *p)
{
	size_t head;

	m->kind = (enum rvl_stream_kind)(packet_random() % 3);
	m->len = packet_random() % 8 ? 4 + packet_random() % 300 : 4 + packet_random() % 65520;
	if (m->kind == RVL_STREAM_IKE && packet_random() % 20 == 0)
		m->len = packet_random() % 4;
	if (m->kind == RVL_STREAM_KEEPALIVE)
		m->len = 1;
	for (size_t i = 0; i < m->len; i++)
		m->octets[i] = (uint8_t)packet_random();
	if (m->kind == RVL_STREAM_ESP)
		m->octets[0] |= 1;
	if (m->kind == RVL_STREAM_KEEPALIVE)
		m->octets[0] = 0xff;
	head = rvl_stream_head(m->kind, m->len, p);
	assert_int_equal(head, m->kind == RVL_STREAM_IKE ? 6 : 2);
	assert_int_equal(rvl_get_be16(p), head + m->len);
	memcpy(p + head, m->octets, m->len);
	return head + m->len;
}

static void messages_come_out_however_the_stream_is_cut(void **state)
{
	uint8_t *stream_octets = malloc(MESSAGES * (UINT16_MAX + 6u) + 6);

	(void)state;
	assert_non_null(stream_octets);
	for (int run = 0; run < 40; run++) {
		bool accepted = run & 1;
		struct rvl_stream *stream = rvl_stream_new(accepted);
		/* An octet at a time, in pieces as TCP has them, and all at once. */
		size_t piece = run < 2 ? 1 : run < 4 ? SIZE_MAX : 1 + packet_random() % 3000;
		size_t size = accepted ? 6 : 0, at = 0;

		memcpy(stream_octets, RVL_STREAM_PREFIX, size);
		for (size_t i = 0; i < (run < 2 ? 20 : MESSAGES); i++)
			size += make(&sent[i], stream_octets + size);
		heard = 0;
		while (at < size) {
			size_t most = piece < size - at ? piece : size - at;
			size_t len = piece > 1 ? 1 + packet_random() % most : 1;
			uint8_t *copy;

			if (piece == SIZE_MAX)
				len = size - at;
			copy = malloc(len); /* so that one too many is seen */
			memcpy(copy, stream_octets + at, len);
			assert_int_equal(rvl_stream_take(stream, copy, len, compare, NULL), 0);
			free(copy);
			at += len;
		}
		assert_int_equal(heard, run < 2 ? 20 : MESSAGES);
		rvl_stream_free(stream);
	}
	free(stream_octets);
}

static void what_is_no_stream_is_refused_once_and_for_all(void **state)
{
	static const struct {
		const char *octets; /* hexadecimal */
		bool accepted;
	} cases[] = {
		{"494b455443", true},	    /* not yet wrong: see below */
		{"494b455444", true},	    /* another prefix */
		{"474554202f20", true},	    /* HTTP */
		{"0006000000010203", true}, /* none */
		{"0000", false},	    /* lengths that there aren't */
		{"0001", false},
		{"0002", false},
		{"000301", false},     /* one octet that is no keepalive */
		{"00050000ff", false}, /* too short for a marker or an SPI */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int whole = 0; whole < 2; whole++) {
			struct rvl_stream *stream = rvl_stream_new(cases[i].accepted);
			uint8_t octets[64];
			size_t len = packet_from_hex(octets, cases[i].octets);
			int err = 0;

			if (whole)
				err = rvl_stream_take(stream, octets, len, refuse, NULL);
			for (size_t k = 0; !whole && k < len; k++)
				err = rvl_stream_take(stream, octets + k, 1, refuse, NULL);
			assert_int_equal(err, i ? -EPROTO : 0);
			if (i) /* and what follows isn't taken */
				assert_int_equal(rvl_stream_take(stream,
								 (const uint8_t *)"\0\6\1\1\1\1", 6,
								 refuse, NULL),
						 -EPROTO);
			rvl_stream_free(stream);
		}
	}
}

static void lengths_that_do_not_fit_have_no_head(void **state)
{
	uint8_t head[RVL_STREAM_HEAD_MAX];

	(void)state;
	assert_int_equal(rvl_stream_head(RVL_STREAM_ESP, 65533, head), 2);
	assert_int_equal(rvl_get_be16(head), 65535);
	assert_int_equal(rvl_stream_head(RVL_STREAM_ESP, 65534, head), 0);
	assert_int_equal(rvl_stream_head(RVL_STREAM_ESP, 3, head), 0);
	assert_int_equal(rvl_stream_head(RVL_STREAM_IKE, 65529, head), 6);
	assert_int_equal(rvl_get_be32(head + 2), 0);
	assert_int_equal(rvl_stream_head(RVL_STREAM_IKE, 65530, head), 0);
	assert_int_equal(rvl_stream_head(RVL_STREAM_IKE, SIZE_MAX, head), 0);
	assert_int_equal(rvl_stream_head(RVL_STREAM_KEEPALIVE, 1, head), 2);
	assert_int_equal(rvl_stream_head(RVL_STREAM_KEEPALIVE, 2, head), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_out_however_the_stream_is_cut),
		cmocka_unit_test(what_is_no_stream_is_refused_once_and_for_all),
		cmocka_unit_test(lengths_that_do_not_fit_have_no_head),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : 0x5eed4303;
	int failed;

	packet_seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
