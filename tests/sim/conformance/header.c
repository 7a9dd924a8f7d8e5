/* SPDX-License-Identifier: BSD-2-Clause */
/* The header, and how messages lie in the stream. */
#include "tests/sim/conformance/messages.h"

#include <stdio.h>
#include <stdlib.h>

/* Receive as the command in m was answered. */
static int receive(struct fixture *f, const struct message *m)
{
	return client_receive(&f->client, m->hdr.id, m->hdr.command);
}

static int expected(unsigned which)
{
	return which == 0 ? -EINVAL : which == LAST_MESSAGE ? -ENOTSUP : 0;
}

/* "Message IDs belong entirely to the sender": any, and the same for all. */
static void any_id_comes_back(void **state)
{
	static const uint16_t ids[] = {0, 1, 0x7fff, 0x8000, 0xffff, 0xffff, 0xffff};
	struct fixture *f = *state;
	struct message m;
	size_t i;

	message_of(&m, 3);
	f->client.pump = NULL;
	for (i = 0; i < COUNT(ids); i++) {
		m.hdr.id = ids[i];
		assert_true(client_send_raw(&f->client, &m, m.hdr.size, NULL, 0));
	}
	f->client.pump = conformance_work;
	for (i = 0; i < COUNT(ids); i++) {
		m.hdr.id = ids[i];
		assert_int_equal(receive(f, &m), 0);
	}
}

/* "Error: It is reserved in a command message": neither it nor its flag changes anything. */
static void error_fields_of_a_command_are_not_read(void **state)
{
	struct fixture *f = *state;
	struct message m;
	unsigned i;

	for (i = 0; i < MESSAGES; i++) {
		message_of(&m, i);
		m.hdr.flags = RVL_VFIO_USER_ERROR | 0xffffff00;
		m.hdr.error = 77;
		assert_true(client_send_raw(&f->client, &m, m.hdr.size, NULL, 0));
		assert_int_equal(receive(f, &m), expected(i));
	}
}

static void a_header_that_loses_the_stream_ends_the_connection(void **state)
{
	struct fixture *f = *state;
	struct rvl_vfio_user_hdr bad[64];
	size_t n = 0, i;
	uint32_t v;

	for (v = 0; v < 16; v++)
		bad[n++] = (struct rvl_vfio_user_hdr){.command = 13, .size = v};
	/* A reply that nobody asked for, and types that there are not. */
	for (v = 1; v < 16; v++)
		bad[n++] = (struct rvl_vfio_user_hdr){.command = 13, .size = 16, .flags = v};
	for (v = 1; v < 16; v++)
		bad[n++] = (struct rvl_vfio_user_hdr){
			.command = 11, .size = 16, .flags = v | RVL_VFIO_USER_NO_REPLY | 0x20};
	bad[n++] = (struct rvl_vfio_user_hdr){.command = 10, .size = MAX_DATA + 65536};
	bad[n++] = (struct rvl_vfio_user_hdr){.command = 10, .size = 0x80000000};
	bad[n++] = (struct rvl_vfio_user_hdr){.command = 10, .size = UINT32_MAX};
	for (i = 0; i < n; i++) {
		unsigned before = open_fds();

		assert_true(client_send_raw(&f->client, &bad[i], sizeof(bad[i]), &f->memfd, 1));
		assert_int_equal(client_receive(&f->client, 0, bad[i].command), -ECONNRESET);
		assert_int_equal(f->dev.attached, 0);
		conformance_attach(f);
		assert_int_equal(open_fds(), before);
	}
	assert_int_equal(f->dev.resets, 0);
}

/* After a message that is refused the next one is found. */
static void a_message_longer_than_any_payload_is_passed_over(void **state)
{
	struct fixture *f = *state;
	size_t size = MAX_DATA + 16;
	uint8_t *big = calloc(1, size);
	unsigned command;
	uint32_t v;

	for (command = 1; command < 18; command++)
		assert_int_equal(client_call(&f->client, command, big, size, NULL, 0),
				 command == 6 || command == 11 || command == 12 || command == 14 ||
						 command >= 16
					 ? -ENOTSUP
					 : -EINVAL);
	assert_int_equal(client_read(&f->client, 0, 0, &v, 4), 0);
	free(big);
}

static void every_message_may_arrive_octet_by_octet(void **state)
{
	struct fixture *f = *state;
	struct message m;
	unsigned i;
	size_t at;

	for (i = 0; i < MESSAGES; i++) {
		message_of(&m, i);
		for (at = 0; at < m.hdr.size; at++) {
			assert_true(client_hears_nothing(&f->client));
			assert_true(client_send_raw(&f->client, (char *)&m + at, 1, NULL, 0));
		}
		assert_int_equal(receive(f, &m), expected(i));
	}
}

/* Cut in two at each place, with the beginning of the next message behind it. */
static void messages_may_be_cut_anywhere(void **state)
{
	struct fixture *f = *state;
	uint8_t stream[2 * sizeof(struct message)];
	struct message m, next;
	unsigned i;
	size_t at, size;

	for (i = 1; i < MESSAGES; i++) {
		message_of(&m, i);
		message_of(&next, 7);
		memcpy(stream, &m, m.hdr.size);
		memcpy(stream + m.hdr.size, &next, next.hdr.size);
		size = m.hdr.size + next.hdr.size;
		for (at = 1; at < size; at++) {
			assert_int_equal(client_call(&f->client, RVL_VFIO_USER_DMA_UNMAP,
						     &(struct rvl_vfio_user_dma_unmap){24, 2, 0, 0},
						     24, NULL, 0),
					 0);
			assert_true(client_send_raw(&f->client, stream, at, NULL, 0));
			assert_true(client_send_raw(&f->client, stream + at, size - at, NULL, 0));
			assert_int_equal(receive(f, &m), expected(i));
			assert_int_equal(receive(f, &next), 0);
		}
	}
}

static void many_messages_may_arrive_at_once(void **state)
{
	struct fixture *f = *state;
	uint8_t stream[200 * sizeof(struct message)];
	unsigned which[200], i;
	struct message m;
	size_t size = 0;

	for (i = 0; i < COUNT(which); i++) {
		which[i] = 3 + i * 5 % (MESSAGES - 3);
		message_of(&m, which[i]);
		m.hdr.id = (uint16_t)i;
		memcpy(stream + size, &m, m.hdr.size);
		size += m.hdr.size;
	}
	assert_true(client_send_raw(&f->client, stream, size, NULL, 0));
	for (i = 0; i < COUNT(which); i++) {
		message_of(&m, which[i]);
		m.hdr.id = (uint16_t)i;
		assert_int_equal(receive(f, &m), expected(which[i]));
	}
	assert_true(client_hears_nothing(&f->client));
}

/* Far more replies than the socket holds: the server waits with them, and does not block. */
static void a_client_that_does_not_read_stops_only_itself(void **state)
{
	struct fixture *f = *state;
	struct {
		struct rvl_vfio_user_hdr h;
		struct rvl_vfio_user_access a;
	} m = {.h = {.command = RVL_VFIO_USER_REGION_READ, .size = sizeof(m)},
	       .a = {.count = BAR0_SIZE}};
	unsigned i;

	memset(f->dev.region[0], 0x5a, BAR0_SIZE);
	for (i = 0; i < 100; i++) {
		m.h.id = (uint16_t)i;
		assert_true(client_send_raw(&f->client, &m, sizeof(m), NULL, 0));
	}
	assert_in_range(f->dev.reads, 1, 99);
	for (i = 0; i < 100; i++) {
		assert_int_equal(client_receive(&f->client, (int)i, RVL_VFIO_USER_REGION_READ), 0);
		assert_int_equal(f->client.reply_size, sizeof(m.a) + BAR0_SIZE);
		assert_memory_equal(f->client.reply + sizeof(m.a), f->dev.region[0], BAR0_SIZE);
	}
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Messages of random bits, and right ones with a few bits changed. */
static void random_messages_do_no_harm(void **state)
{
	const char *given = getenv("SEED");
	const uint64_t seed = given ? strtoull(given, NULL, 0) : 4303;
	struct fixture *f = *state;
	uint64_t x = seed * 2654435761U + 1;
	unsigned before = open_fds(), i;

	for (i = 0; i < 40000; i++) {
		struct message m;
		uint8_t *octets = (uint8_t *)&m;
		uint32_t flips;
		size_t size, j;

		if (next_random(&x) % 3) {
			size = message_of(&m, (unsigned)(next_random(&x) % MESSAGES));
			for (flips = next_random(&x) % 4; flips; flips--)
				octets[next_random(&x) % size] ^=
					(uint8_t)(1 << next_random(&x) % 8);
		} else {
			size = sizeof(m.hdr) + next_random(&x) % sizeof(m.payload);
			/* Mostly small numbers, so that checks are passed now and then. */
			for (j = 0; j < size; j++)
				octets[j] = next_random(&x) & 3
						    ? (uint8_t)(j % 4 ? 0 : x >> 8 & 0x3f)
						    : (uint8_t)(x >> 16);
			m.hdr.command = (uint16_t)(1 + next_random(&x) % 18);
			m.hdr.flags = next_random(&x) % 16 ? 0 : (uint32_t)x;
			m.hdr.size = (uint32_t)size;
		}
		if (next_random(&x) % 2)
			m.hdr.flags |= RVL_VFIO_USER_NO_REPLY;
		if (!client_send_raw(&f->client, &m, size, &f->memfd, x >> 50 & 1) ||
		    !rvl_vfio_user_connected(f->dev.server) || i % 50 == 49) {
			conformance_reconnect(f);
			if (client_version(&f->client) || open_fds() != before)
				fail_msg("seed=%llu: message %u", (unsigned long long)seed, i);
		}
	}
	conformance_attach(f);
	assert_int_equal(f->dev.maps, 0);
	assert_int_equal(mappings_of("memfd:guest"), 0);
}

int header_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_id_comes_back),
		TEST(error_fields_of_a_command_are_not_read),
		TEST(a_header_that_loses_the_stream_ends_the_connection),
		TEST(a_message_longer_than_any_payload_is_passed_over),
		TEST(every_message_may_arrive_octet_by_octet),
		TEST(messages_may_be_cut_anywhere),
		TEST(many_messages_may_arrive_at_once),
		TEST(a_client_that_does_not_read_stops_only_itself),
		TEST(random_messages_do_no_harm),
	};

	return cmocka_run_group_tests_name("header and stream", tests, NULL, NULL);
}
