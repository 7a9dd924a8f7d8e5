/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floods of strangers: what they may take, whom they can't keep out, and what they make B send.
 * They call from any address with copies of a request of A's that have SPIs of their own.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/strangers.h"

enum { CALLS = 20000 };

static const struct ike_stats *stats(void)
{
	return ike_engine_stats(b()->engine);
}

static void of_forged_addresses_few_get_an_ike_sa(void **state)
{
	const struct ike_limits limits = {0};

	(void)state;
	begin(&limits);
	for (unsigned n = 0; n < CALLS; n++) {
		call(n, address(n));
		lose_all();
	}
	assert_int_equal(b()->engine->half_open.count, 30);
	assert_int_equal(stats()->cookies_sent, CALLS - 30);
	call_a();
	/* Nobody comes back. */
	pass_time(30000);
	assert_int_equal(b()->engine->sa_count, 1);
	assert_int_equal(b()->engine->sources.count, 0);
}

/* Others aren't asked for cookies yet. */
static void an_address_has_a_cookie_threshold_of_its_own(void **state)
{
	const struct ike_limits limits = {0};
	uint64_t sent;

	(void)state;
	begin(&limits);
	for (unsigned n = 0; n < CALLS; n++) {
		call(n, address(1));
		lose_all();
	}
	assert_int_equal(b()->engine->half_open.count, 3);
	assert_int_equal(stats()->cookies_sent, CALLS - 3);
	sent = net->sent;
	call_a();
	assert_int_equal(net->sent - sent, 4);
}

/* Of IPv6 whoever has one address has the 2^64 of its prefix. */
static void ipv6_addresses_count_by_their_prefix(void **state)
{
	const struct ike_limits limits = {0};
	struct ike_addr from = {.family = 6, .ip = {0x20, 1, 0xd, 0xb8, [7] = 7}, .port = IKE_PORT};

	(void)state;
	begin(&limits);
	set_hosts(b(), b()->engine->connections[0], "", NULL);
	for (unsigned n = 0; n < 10; n++) {
		from.ip[8 + n % 8] = (uint8_t)n;
		call(n, from);
	}
	assert_int_equal(b()->engine->half_open.count, 3);
	assert_int_equal(b()->engine->sources.count, 1);
	from.ip[7] = 8;
	call(10, from);
	assert_int_equal(b()->engine->half_open.count, 4);
	assert_int_equal(b()->engine->sources.count, 2);
}

/* Behind one NAT are A and a flood that returns cookies. */
static void who_is_behind_the_same_nat_as_a_flood_gets_in(void **state)
{
	const struct ike_limits limits = {.half_open = 20};

	(void)state;
	begin(&limits);
	for (unsigned n = 0; n < 1000; n++)
		call_in_earnest(n, a()->addr);
	assert_int_equal(b()->engine->half_open.count, 20);
	assert_int_equal(stats()->half_open_evicted, 980);
	call_a();
	assert_int_equal(b()->engine->half_open.count, 19);
}

/* One who waits for his turn to come back, at another address, is not in the way. */
static void the_oldest_goes_of_the_address_that_has_the_most(void **state)
{
	const struct ike_limits limits = {.half_open = 20};
	struct packet auth;

	(void)state;
	begin(&limits);
	start(net, 0);
	deliver_next();
	deliver_next();
	auth = net_take(net);
	for (unsigned n = 0; n < 1000; n++)
		call_in_earnest(n, address(n % 3));
	assert_int_equal(b()->engine->half_open.count, 20);
	net_deliver(net, &auth);
	packet_free(&auth);
	net_settle(net);
	assert_int_equal(a()->child_up, 1);
	/* Of each of the three about as many are left. */
	for (unsigned n = 0; n < 3; n++) {
		struct ike_addr from = address(n);

		assert_in_range(ike_source_find(b()->engine, &from)->count, 6, 7);
	}
}

/* What is at work is not given up: without any place to make, B refuses. */
static void an_ike_sa_that_is_at_work_does_not_give_way(void **state)
{
	const struct ike_limits limits = {.half_open = 20};

	(void)state;
	begin(&limits);
	b()->ke_holds = true;
	for (unsigned n = 0; n < 100; n++)
		call_in_earnest(n, address(n));
	assert_int_equal(b()->engine->half_open.count, 20);
	assert_int_equal(b()->engine->computing, 20);
	assert_int_equal(stats()->half_open_evicted, 0);
	assert_int_equal(stats()->drop_limit, 80);
	b()->ke_holds = false;
	pass_time(1);
	assert_int_equal(b()->engine->computing, 0);
	call_a();
}

/*
 * Of two IKE SAs whose Child SAs take B long, it keeps the first and refuses the second. By then
 * strangers have all places: the oldest gives way, or where none may, the one that is refused.
 */
static void who_is_refused_late_has_a_place_like_any_other(void **state)
{
	const struct ike_limits limits = {.half_open = 20};

	for (unsigned busy = 0; busy < 2; busy++) {
		struct ike_start first = {0};
		uint64_t id;

		begin(&limits);
		a()->engine->connections[0]->unique = IKE_UNIQUE_NEVER;
		b()->engine->connections[0]->unique = IKE_UNIQUE_KEEP;
		first.conn = a()->engine->connections[0];
		first.config = &first.conn->children[0];
		first.pair.remote = b()->addr;
		b()->install_delay = 1000;
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(ike_sa_begin(a()->engine, net->now, &first, &id), 0);
			node_drain(a());
			net_settle(net);
		}
		assert_int_equal(b()->engine->half_open.count, 0);
		b()->ke_holds = busy;
		for (unsigned n = 0; n < 100; n++)
			call_in_earnest(n, address(n));
		assert_int_equal(b()->engine->half_open.count, 20);
		pass_time(5000);
		assert_int_equal(b()->ike_up, 1);
		assert_int_equal(stats()->auth_failed, 1);
		assert_int_equal(stats()->half_open_evicted, busy ? 0 : 81);
		assert_int_equal(b()->engine->half_open.count, 20);
		assert_int_equal(ike_sa_count(a()->engine), 1);
		teardown(state);
	}
}

/* Key exchanges for one address leave as many places free as it has. */
static void there_is_a_key_exchange_for_others_than_a_flood(void **state)
{
	const struct ike_limits limits = {.computing = 40};
	struct ike_addr crowd = address(0), other = address(1);

	(void)state;
	begin(&limits);
	b()->ke_holds = true;
	for (unsigned n = 0; n < 1000; n++)
		call_in_earnest(n, crowd);
	assert_int_equal(ike_source_find(b()->engine, &crowd)->computing, 20);
	for (unsigned n = 1000; n < 2000; n++)
		call_in_earnest(n, other);
	assert_int_equal(ike_source_find(b()->engine, &other)->computing, 10);
	call_in_earnest(2000, address(2));
	assert_int_equal(b()->engine->computing, 31);
	/* They end while it is at work. */
	pass_time(29999);
	assert_int_equal(b()->engine->computing, 31);
	pass_time(1);
	assert_int_equal(b()->engine->computing, 0);
	b()->ke_holds = false;
	call_a();
}

/* A limit for an address is an operator's wish; without it there is none. */
static void an_operator_may_limit_what_an_address_has(void **state)
{
	const struct ike_limits limits = {.half_open_per_ip = 5};

	(void)state;
	begin(&limits);
	for (unsigned n = 0; n < 20; n++)
		call_in_earnest(n, address(0));
	assert_int_equal(b()->engine->half_open.count, 5);
	assert_int_equal(stats()->drop_limit, 15);
}

static void thresholds_can_be_never(void **state)
{
	const struct ike_limits limits = {.cookie_threshold = IKE_NO_LIMIT,
					  .cookie_threshold_ip = IKE_NO_LIMIT};

	(void)state;
	begin(&limits);
	for (unsigned n = 0; n < 500; n++)
		call(n, address(n % 5));
	assert_int_equal(b()->engine->half_open.count, 500);
	assert_int_equal(stats()->cookies_sent, 0);
}

/* A forged address gets no more than a few of the same answer, of which one is longer than what
 * brings it. */
static void a_repeated_request_is_answered_at_a_bounded_rate(void **state)
{
	const struct ike_limits limits = {0};

	(void)state;
	begin(&limits);
	for (unsigned n = 0; n < 1000; n++)
		call(0, address(0));
	assert_int_equal(net->queued, 1 + IKE_RATE_BURST);
	assert_int_equal(stats()->retransmissions_in, 999);
	assert_int_equal(stats()->drop_limit, 999 - IKE_RATE_BURST);
	lose_all();
	net->now += IKE_RATE_INTERVAL_MS;
	call(0, address(0));
	assert_int_equal(net->queued, 1);
}

/* So it is in an IKE SA that is up, whose last request somebody has seen. */
static void a_request_seen_and_sent_again_is_answered_at_a_bounded_rate(void **state)
{
	struct packet p;

	(void)state;
	net = net_new(8, &SIDE_A, &SIDE_B);
	start(net, 0);
	deliver_next();
	deliver_next();
	p = net_take(net); /* IKE_AUTH */
	for (unsigned n = 0; n < 1000; n++)
		net_deliver(net, &p);
	packet_free(&p);
	assert_int_equal(stats()->retransmissions_in, 999);
	assert_int_equal(stats()->drop_limit, 999 - IKE_RATE_BURST);
	net_settle(net);
	assert_int_equal(a()->child_up, 1);
}

static void no_answer_to_a_stranger_is_longer_than_what_asks_for_it(void **state)
{
	static const struct {
		unsigned cookie_threshold;
		const char *ike;
	} cases[] = {{0, NULL}, {1, NULL}, {0, "aes256gcm16-prfsha384-ecp256-x25519"}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct side one = SIDE_A;
		struct packet p;

		one.ike = cases[i].ike;
		net = net_new(8, &one, &SIDE_B);
		b()->engine->config.cookie_always = cases[i].cookie_threshold;
		start(net, 0);
		p = net_take(net);
		net_deliver(net, &p);
		assert_int_equal(net->queued, 1);
		assert_in_range(net->queue[0].len, IKE_HEADER_LEN, p.len);
		packet_free(&p);
		net_free(net);
		net = NULL;
	}
}

/* Somebody has seen the SPIs: what doesn't open costs little, and the true one comes through. */
static void garbage_for_a_half_open_ike_sa_is_not_opened_without_end(void **state)
{
	struct packet auth, forged;

	(void)state;
	net = net_new(8, &SIDE_A, &SIDE_B);
	start(net, 0);
	deliver_next();
	deliver_next();
	auth = net_take(net);
	forged = auth;
	forged.data = malloc(auth.len);
	memcpy(forged.data, auth.data, auth.len);
	forged.data[auth.len - 1] ^= 1;
	for (unsigned n = 0; n < CALLS; n++)
		net_deliver(net, &forged);
	assert_int_equal(stats()->drop_integrity, IKE_RATE_BURST);
	assert_int_equal(stats()->drop_limit, CALLS - IKE_RATE_BURST);
	net_deliver(net, &auth);
	assert_int_equal(net->queued, 0);
	net->now += IKE_RATE_INTERVAL_MS;
	net_deliver(net, &auth); /* as A sends it again */
	net_settle(net);
	assert_int_equal(a()->child_up, 1);
	packet_free(&forged);
	packet_free(&auth);
}

/* Guessed SPIs find nothing, whatever they come with, and bring few answers. */
static void guessed_spis_take_nothing(void **state)
{
	uint8_t message[IKE_HEADER_LEN + 4] = {[16] = IKE_PAYLOAD_SK,  0x20,
					       IKE_INFORMATIONAL,      IKE_FLAG_INITIATOR,
					       [27] = sizeof(message), [31] = 4};
	const struct ike_limits limits = {0};
	struct ike_addr from = address(0);

	(void)state;
	begin(&limits);
	lose_all();
	for (unsigned n = 0; n < CALLS; n++) {
		rng_bytes(&net->rng, message, 16);
		receive(&from, message, sizeof(message));
	}
	assert_int_equal(stats()->drop_unknown_spi, CALLS);
	assert_int_equal(net->queued, IKE_RATE_BURST);
	assert_int_equal(b()->engine->sa_count, 0);
	call_a();
}

/* What the allocator has given out. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
	return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
						       : mallinfo2().uordblks;
}

/* Each with the longest message that is taken, and as many fragments as may wait. */
static void what_strangers_take_is_bounded(void **state)
{
	const struct ike_limits limits = {0};
	size_t before, taken;

	(void)state;
	begin(&limits);
	/* A vendor ID as long as it may be, at the end. */
	request[request_len] = 0;
	{
		struct ike_payload last;
		struct ike_payloads payloads;
		size_t at = request_len, fill = sizeof(request) - 64 - request_len;

		assert_int_equal(
			ike_message_parse(ike_slice(request, request_len), request[16], &payloads),
			0);
		for (struct ike_walk w = ike_payloads_walk(&payloads);
		     ike_payloads_next(&w, &last);)
			;
		request[(size_t)(last.body.data - request) - IKE_PAYLOAD_HEADER_LEN] =
			IKE_PAYLOAD_VENDOR;
		memset(request + at, 0, fill);
		request[at + 2] = (uint8_t)(fill >> 8);
		request[at + 3] = (uint8_t)fill;
		request_len += fill;
	}
	before = allocated();
	for (unsigned n = 0; n < 5000; n++)
		call_in_earnest(n, address(n));
	lose_all();
	taken = allocated() - before;
	assert_int_equal(b()->engine->half_open.count, 2000);
	printf("# 2,000 half-open IKE SAs have %zu octets, %zu each\n", taken, taken / 2000);
	assert_in_range(taken, 2000 * 8192, 2000 * IKE_HALF_OPEN_MEMORY);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	static const struct CMUnitTest tests[] = {
		T(of_forged_addresses_few_get_an_ike_sa),
		T(an_address_has_a_cookie_threshold_of_its_own),
		T(ipv6_addresses_count_by_their_prefix),
		T(who_is_behind_the_same_nat_as_a_flood_gets_in),
		T(the_oldest_goes_of_the_address_that_has_the_most),
		T(an_ike_sa_that_is_at_work_does_not_give_way),
		T(who_is_refused_late_has_a_place_like_any_other),
		T(there_is_a_key_exchange_for_others_than_a_flood),
		T(an_operator_may_limit_what_an_address_has),
		T(thresholds_can_be_never),
		T(a_repeated_request_is_answered_at_a_bounded_rate),
		T(a_request_seen_and_sent_again_is_answered_at_a_bounded_rate),
		T(no_answer_to_a_stranger_is_longer_than_what_asks_for_it),
		T(garbage_for_a_half_open_ike_sa_is_not_opened_without_end),
		T(guessed_spis_take_nothing),
		T(what_strangers_take_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
