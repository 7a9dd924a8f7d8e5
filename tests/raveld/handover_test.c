// SPDX-License-Identifier: BSD-2-Clause
/* Frames on their way from one data thread to another. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/esp.h"
#include "host/esp/ip.h"
#include "host/raveld/handover.h"

#define LONGEST (22 + 65535)

/* Octets that tell who has put it and as the so-manieth. */
static void make(uint8_t *frame, uint32_t from, uint32_t number, size_t len)
{
	for (size_t i = 8; i < len; i++)
		frame[i] = (uint8_t)(from + number + i);
	rvl_put_be32(frame, from);
	rvl_put_be32(frame + 4, number);
}

static bool put(struct handover *handover, uint32_t from, uint32_t number, size_t len)
{
	const struct virtio_net_hdr header = {.gso_size = (uint16_t)number};
	static _Thread_local uint8_t frame[LONGEST];

	make(frame, from, number, len);
	return handover_put(handover, HANDOVER_READ, &header, frame, len);
}

static void expect(struct handover *handover, uint32_t from, uint32_t number, size_t len)
{
	static uint8_t frame[LONGEST];
	struct handed handed;

	make(frame, from, number, len);
	assert_true(handover_next(handover, &handed));
	assert_int_equal(handed.point, HANDOVER_READ);
	assert_int_equal(handed.header.gso_size, (uint16_t)number);
	assert_int_equal(handed.frame.len, len);
	assert_memory_equal(rvl_buf_data(&handed.frame), frame, len);
	assert_true(handed.frame.off >= RVL_ESP_HEADROOM);
	assert_true(rvl_buf_tailroom(&handed.frame) >= RVL_ESP_TAILROOM);
}

static void what_is_handed_over_comes_out_in_order_as_it_was(void **state)
{
	static const size_t lengths[] = {8, 60, 1514, 9234, LONGEST};
	struct handover *handover = handover_new();
	struct handed handed;

	(void)state;
	assert_false(handover_next(handover, &handed));
	for (uint32_t round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < 5; i++)
			put(handover, round, i, lengths[i]);
		for (uint32_t i = 0; i < 5; i++)
			expect(handover, round, i, lengths[i]);
		assert_false(handover_next(handover, &handed));
	}
	assert_int_equal(handover_counters(handover).frames, 500);
	assert_int_equal(handover_counters(handover).full[HANDOVER_READ], 0);
	handover_free(handover);
}

static void each_comes_out_where_it_was_on_its_way(void **state)
{
	static const enum handover_point points[] = {HANDOVER_READ, HANDOVER_OUTBOUND,
						     HANDOVER_INBOUND, HANDOVER_CLEAR};
	struct handover *handover = handover_new();
	struct handed handed;

	(void)state;
	for (int i = 0; i < 4; i++)
		handover_put(handover, points[i], NULL, (const uint8_t *)"octets", 6);
	for (int i = 0; i < 4; i++) {
		assert_true(handover_next(handover, &handed));
		assert_int_equal(handed.point, points[i]);
	}
	handover_free(handover);
}

static void who_takes_them_is_woken_for_the_first_one_only(void **state)
{
	struct handover *handover = handover_new();

	(void)state;
	for (int round = 0; round < 3; round++) {
		assert_true(put(handover, 0, 0, 60));
		assert_false(put(handover, 0, 1, 60));
		expect(handover, 0, 0, 60);
		assert_false(put(handover, 0, 2, 60));
		expect(handover, 0, 1, 60);
		expect(handover, 0, 2, 60);
	}
	handover_free(handover);
}

/* Frames that there was room for come out; as many as there wasn't are counted. */
static void fill(size_t len, uint32_t room)
{
	struct handover *handover = handover_new();
	struct handed handed;

	for (uint32_t i = 0; i < room + 10; i++)
		put(handover, 0, i, len);
	assert_int_equal(handover_counters(handover).frames, room);
	assert_int_equal(handover_counters(handover).full[HANDOVER_READ], 10);
	expect(handover, 0, 0, len);
	put(handover, 0, room, len);
	for (uint32_t i = 1; i <= room; i++)
		expect(handover, 0, i, len);
	assert_false(handover_next(handover, &handed));
	assert_int_equal(handover_counters(handover).full[HANDOVER_READ], 10);
	put(handover, 0, 0, len);
	handover_free(handover);
}

static void what_there_is_no_room_for_is_counted(void **state)
{
	(void)state;
	fill(60, HANDOVER_FRAMES);
	fill(32768, HANDOVER_OCTETS / 32768);
}

enum { FROM = 3, EACH = 20000 };

struct giver {
	struct handover *handover;
	uint32_t number;
};

static void *give(void *context)
{
	const struct giver *giver = context;

	for (uint32_t i = 0; i < EACH; i++)
		put(giver->handover, giver->number, i, 60 + i % 100);
	return NULL;
}

/* Threads that put while one takes: of each the numbers rise, and all are accounted for. */
static void frames_of_a_thread_keep_their_order_among_those_of_others(void **state)
{
	struct handover *handover = handover_new();
	uint32_t next[FROM] = {0}, taken = 0;
	struct giver givers[FROM];
	pthread_t threads[FROM];
	struct handed handed;

	(void)state;
	for (uint32_t i = 0; i < FROM; i++) {
		givers[i] = (struct giver){handover, i};
		assert_int_equal(pthread_create(&threads[i], NULL, give, &givers[i]), 0);
	}
	while (taken + handover_counters(handover).full[HANDOVER_READ] < FROM * EACH) {
		uint32_t from, number;

		if (!handover_next(handover, &handed)) {
			sched_yield();
			continue;
		}
		taken++;
		from = rvl_get_be32(rvl_buf_data(&handed.frame));
		number = rvl_get_be32(rvl_buf_data(&handed.frame) + 4);
		assert_true(from < FROM && number >= next[from]);
		assert_int_equal(handed.frame.len, 60 + number % 100);
		next[from] = number + 1;
	}
	for (uint32_t i = 0; i < FROM; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(handover_counters(handover).frames, taken);
	handover_free(handover);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_handed_over_comes_out_in_order_as_it_was),
		cmocka_unit_test(each_comes_out_where_it_was_on_its_way),
		cmocka_unit_test(who_takes_them_is_woken_for_the_first_one_only),
		cmocka_unit_test(what_there_is_no_room_for_is_counted),
		cmocka_unit_test(frames_of_a_thread_keep_their_order_among_those_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
