/* SPDX-License-Identifier: BSD-2-Clause */
/* Puzzles (RFC 8019): known answers, and both roles face to face. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/strangers.h"

/*
 * The string of the example of section 4.4, and what Python's hmac makes of it. (With the keys that
 * the last draft of the RFC has there no HMAC of that string has the results beside them.)
 */
static const char cookie_hex[] = "739ae7492d8a810cf5e8dc0f9626c9dda773c5a3";
static const char short_hex[] = "00499b00cd8a01b4dc01c244"; /* 14, 18, 15 and 16 zero bits */
/* The first keys of four octets with 14 zero bits, and for SHA-384 with 12 */
static const char first_hex[] = "0000c51500011a7900013df500017db7";
static const char first_sha384_hex[] = "00002b810000344a00004c6800005e58";

static const struct ike_stats *stats(const struct node *node)
{
	return ike_engine_stats(node->engine);
}

static int solved_with(uint16_t prf, const char *solution_hex)
{
	uint8_t cookie[20], solution[256];
	size_t len = from_hex(solution_hex, solution, sizeof(solution));

	assert_int_equal(from_hex(cookie_hex, cookie, sizeof(cookie)), sizeof(cookie));
	return ike_puzzle_solved(prf, ike_slice(cookie, sizeof(cookie)), ike_slice(solution, len));
}

static int solved(const char *solution_hex)
{
	return solved_with(IKE_PRF_HMAC_SHA2_256, solution_hex);
}

static void known_solutions_have_the_zero_bits_of_the_worst_key(void **state)
{
	(void)state;
	assert_int_equal(solved(short_hex), 14);
	assert_int_equal(solved(first_hex), 14);
	assert_int_equal(solved_with(IKE_PRF_HMAC_SHA2_384, first_sha384_hex), 12);
	assert_in_range(solved_with(IKE_PRF_HMAC_SHA2_512, first_hex), 0, 11);
	assert_int_equal(solved("0000c5150000c51500013df500017db7"), -EINVAL);
}

static void each_of_the_four_keys_counts(void **state)
{
	char hex[sizeof(short_hex)];

	(void)state;
	for (unsigned i = 0; i < IKE_PUZZLE_KEYS; i++) {
		memcpy(hex, short_hex, sizeof(hex));
		hex[6 * i] = hex[6 * i] == '0' ? '1' : '0';
		assert_in_range(solved(hex), 0, 13);
	}
}

static void what_is_not_four_different_keys_is_no_solution(void **state)
{
	char hex[2 * 4 * 33 + 1] = {0};

	(void)state;
	assert_int_equal(solved(""), -EINVAL);
	assert_int_equal(solved("0618400733240c8a2a0d94"), -EINVAL);   /* 11 octets */
	assert_int_equal(solved("0618400733240c8a2a061840"), -EINVAL); /* the first again */
	assert_int_equal(solved("06184007332407332406aaaa"), -EINVAL);
	/* As long as the PRF prefers, and one octet more */
	memset(hex, '1', 2 * 4 * 32);
	for (unsigned i = 0; i < 4; i++)
		hex[64 * i] = (char)('2' + i);
	assert_in_range(solved(hex), 0, 20);
	memset(hex, '1', sizeof(hex) - 1);
	for (unsigned i = 0; i < 4; i++)
		hex[66 * i] = (char)('2' + i);
	assert_int_equal(solved(hex), -EINVAL);
	assert_int_equal(ike_puzzle_solved(99, ike_slice("", 0), ike_slice("abcd", 4)), -EINVAL);
}

static void the_search_finds_the_first_keys_of_four_octets(void **state)
{
	struct ike_puzzle_search s = {
		.puzzle = {.prf = IKE_PRF_HMAC_SHA2_256, .difficulty = 14, .len = 20},
	};
	uint8_t expected[16];
	unsigned slices = 1;

	(void)state;
	from_hex(cookie_hex, s.puzzle.string, 20);
	from_hex(first_hex, expected, sizeof(expected));
	while (ike_puzzle_work(&s) == -EAGAIN)
		assert_int_equal(s.next, IKE_PUZZLE_SLICE * slices++);
	assert_int_equal(s.next, 0x00017db7 + 1);
	assert_memory_equal(s.keys, expected, sizeof(expected));
}

static void a_search_that_takes_too_long_ends(void **state)
{
	struct ike_puzzle_search s = {
		.puzzle = {.prf = IKE_PRF_HMAC_SHA2_256, .difficulty = IKE_PUZZLE_MOST, .len = 20},
	};

	(void)state;
	s.next = UINT32_MAX - IKE_PUZZLE_SLICE;
	assert_int_equal(ike_puzzle_work(&s), -ENOENT);
	s.puzzle.difficulty = IKE_PUZZLE_MOST + 1;
	s.next = 0;
	assert_int_equal(ike_puzzle_work(&s), -ENOENT);
	s.puzzle.difficulty = 1;
	s.next = 8 * 4 * 2 + 8;
	assert_int_equal(ike_puzzle_work(&s), -ENOENT);
}

/* B gives puzzles to all: thresholds of which one stranger is half. */
static const struct ike_limits puzzled = {
	.cookie_threshold = 1,
	.puzzle_threshold = 1,
	.puzzle_threshold_ip = IKE_NO_LIMIT,
	.puzzle_difficulty = 8,
};

static void begin_with_puzzles(const struct ike_limits *limits)
{
	begin(limits);
	call(0, address(0)); /* one is half-open from now on */
	lose_all();
	assert_int_equal(b()->engine->half_open.count, 1);
}

/*
 *   A  IKE_SA_INIT -->                     B
 *      <-- N(COOKIE), N(PUZZLE)
 *      N(COOKIE), PS, IKE_SA_INIT -->
 */
static void an_initiator_solves_and_comes_up(void **state)
{
	(void)state;
	begin_with_puzzles(&puzzled);
	call_a();
	assert_int_equal(stats(b())->puzzles_sent, 1);
	assert_int_equal(stats(b())->puzzles_solved, 1);
	assert_int_equal(stats(b())->puzzles_wrong, 0);
	assert_int_equal(stats(a())->puzzles_met, 1);
	assert_int_equal(stats(a())->puzzles_done, 1);
}

static void a_puzzle_goes_with_a_change_of_group(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.ike = "aes256gcm16-prfsha384-ecp256-x25519";
	begin_with_puzzles(&puzzled);
	net_free(net);
	net = net_new(2, &one, &SIDE_B);
	set_hosts(b(), b()->engine->connections[0], NULL, "");
	ike_engine_set_limits(b()->engine, &puzzled);
	call(0, address(0));
	call_a();
	assert_int_equal(stats(b())->puzzles_solved, 1);
	assert_int_equal(stats(a())->puzzles_done, 1);
}

/* The payloads of the oldest datagram that waits. */
static struct ike_payloads peek(struct packet *p)
{
	struct ike_payloads payloads;

	*p = net_take(net);
	assert_int_equal(ike_message_parse(ike_slice(p->data, p->len), p->data[16], &payloads), 0);
	return payloads;
}

static unsigned difficulty_for(struct ike_addr from)
{
	struct ike_payloads payloads;
	struct ike_notify n;
	struct packet p;
	unsigned bits = 0;

	lose_all();
	call(5000, from);
	payloads = peek(&p);
	if (ike_find_notify(&payloads, IKE_N_PUZZLE, &n)) {
		assert_int_equal(n.data.len, 3);
		assert_int_equal(n.data.data[0] << 8 | n.data.data[1], IKE_PRF_HMAC_SHA2_384);
		bits = n.data.data[2];
	}
	packet_free(&p);
	return bits;
}

static void the_puzzle_is_as_hard_as_the_load(void **state)
{
	static const struct {
		unsigned half_open;
		unsigned bits;
	} loads[] = {{99, 0}, {100, 14}, {199, 14}, {200, 15}, {400, 16}, {800, 17}, {1600, 18}};
	const struct ike_limits limits = {.puzzle_threshold = 100, .puzzle_threshold_ip = 5000};
	unsigned n = 0;

	(void)state;
	begin(&limits);
	for (unsigned i = 0; i < 7; i++) {
		for (; n < loads[i].half_open; n++)
			call_in_earnest(n, address(n));
		assert_int_equal(b()->engine->half_open.count, n);
		assert_int_equal(difficulty_for(address(7000)), loads[i].bits);
	}
}

static void an_address_has_a_puzzle_threshold_of_its_own(void **state)
{
	const struct ike_limits limits = {0};

	(void)state;
	begin(&limits);
	for (unsigned n = 0; n < 200; n++)
		call_in_earnest(n, address(0));
	assert_int_equal(difficulty_for(address(0)), 15);
	assert_int_equal(difficulty_for(address(1)), 0);
}

/* A puzzle needs a cookie, whatever else cookies are for. */
static void puzzles_come_with_cookies_in_any_case(void **state)
{
	struct ike_limits limits = puzzled;

	(void)state;
	limits.cookie_threshold = limits.cookie_threshold_ip = IKE_NO_LIMIT;
	begin_with_puzzles(&limits);
	call_a();
	assert_int_equal(stats(b())->puzzles_solved, 1);
}

static void puzzles_can_be_none(void **state)
{
	struct ike_limits limits = puzzled;

	(void)state;
	limits.puzzle_difficulty = IKE_NO_LIMIT;
	begin_with_puzzles(&limits);
	assert_int_equal(difficulty_for(address(1)), 0);
}

/* Of those who can't solve it one is served as long as there are places; A goes on without. */
static void who_does_not_solve_may_be_served(void **state)
{
	static const unsigned efforts[] = {3, IKE_NO_LIMIT};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin_with_puzzles(&puzzled);
		a()->engine->config.limits.puzzle_effort = efforts[i];
		call_a();
		assert_int_equal(stats(a())->puzzles_met, 1);
		assert_int_equal(stats(a())->puzzles_done, 0);
		assert_int_equal(stats(b())->puzzles_solved, 0);
		net_free(net);
		net = NULL;
	}
}

/* A crowd that returns its cookies alone has half of the places; who solves has the others. */
static void who_solves_goes_first(void **state)
{
	struct ike_limits limits = puzzled;

	(void)state;
	limits.computing = 40;
	begin_with_puzzles(&limits);
	b()->ke_holds = true;
	for (unsigned n = 1; n < 1000; n++)
		call_in_earnest(n, address(n));
	/* Each is at an address of its own: there is a place as long as two are free. */
	assert_int_equal(b()->engine->computing, 39);
	assert_in_range(stats(b())->drop_limit, 900, 1000);
	lose_all();
	start(net, 0);
	deliver_next();
	deliver_next();
	deliver_next(); /* with the solution */
	assert_int_equal(b()->engine->computing, 40);
	assert_int_equal(stats(b())->puzzles_solved, 1);
	b()->ke_holds = false;
	pass_time(1);
	net_settle(net);
	assert_int_equal(a()->child_up, 1);
}

/* In one crowd, of those that haven't solved the oldest goes. */
static void who_has_solved_does_not_give_way_to_who_has_not(void **state)
{
	struct ike_limits limits = puzzled;
	struct packet auth;

	(void)state;
	limits.half_open = 20;
	begin_with_puzzles(&limits);
	start(net, 0);
	deliver_next();
	deliver_next();
	deliver_next();
	deliver_next();
	auth = net_take(net); /* IKE_AUTH, which comes late */
	for (unsigned n = 1; n < 500; n++)
		call_in_earnest(n, a()->addr);
	assert_int_equal(b()->engine->half_open.count, 20);
	net_deliver(net, &auth);
	packet_free(&auth);
	net_settle(net);
	assert_int_equal(a()->child_up, 1);
}

/* A's second request, with the solution of B's puzzle. */
static struct packet solution_of_a(void)
{
	lose_all();
	start(net, 0);
	deliver_next();
	deliver_next();
	return net_take(net);
}

static struct ike_slice solution_in(const struct packet *p)
{
	struct ike_payloads payloads;
	struct ike_slice solution;

	assert_int_equal(ike_message_parse(ike_slice(p->data, p->len), p->data[16], &payloads), 0);
	assert_int_equal(payloads.first, IKE_PAYLOAD_NOTIFY);
	assert_int_equal(ike_payloads_one(&payloads, IKE_PAYLOAD_PS, &solution), 0);
	assert_int_equal(solution.len, IKE_PUZZLE_KEYS * IKE_PUZZLE_KEY_LEN);
	return solution;
}

static void a_wrong_solution_is_none(void **state)
{
	struct packet p;

	(void)state;
	begin_with_puzzles(&puzzled);
	p = solution_of_a();
	((uint8_t *)solution_in(&p).data)[0] ^= 1;
	net_deliver(net, &p);
	packet_free(&p);
	assert_int_equal(stats(b())->puzzles_wrong, 1);
	assert_int_equal(stats(b())->puzzles_solved, 0);
	/* It is served as if it had none. */
	assert_int_equal(b()->engine->half_open.count, 2);
}

/* Section 10: one solution is for one IKE SA. */
static void a_solution_counts_once(void **state)
{
	struct packet p;

	(void)state;
	begin_with_puzzles(&puzzled);
	p = solution_of_a();
	net_deliver(net, &p);
	assert_int_equal(stats(b())->puzzles_solved, 1);
	net_deliver(net, &p); /* the same request */
	assert_int_equal(stats(b())->retransmissions_in, 1);
	terminate_each(b());
	call(1, address(1));
	net_deliver(net, &p);
	assert_int_equal(stats(b())->puzzles_solved, 1);
	assert_int_equal(stats(b())->puzzles_wrong, 0);
	assert_int_equal(b()->engine->half_open.count, 2);
	assert_false(b()->engine->all->links.solved);
	packet_free(&p);
}

/* Whatever else is in a cookie, its puzzle can't be made another. */
static void the_difficulty_in_a_cookie_is_protected(void **state)
{
	struct ike_payloads payloads;
	struct ike_notify n;
	struct packet p;

	(void)state;
	begin_with_puzzles(&puzzled);
	for (unsigned at = 0; at < 20; at++) {
		p = solution_of_a();
		ike_message_parse(ike_slice(p.data, p.len), p.data[16], &payloads);
		assert_true(ike_find_notify(&payloads, IKE_N_COOKIE, &n));
		((uint8_t *)n.data.data)[at] ^= 1;
		net_deliver(net, &p);
		packet_free(&p);
		assert_int_equal(stats(b())->cookies_wrong, at + 1);
		terminate_each(a());
	}
	assert_int_equal(b()->engine->half_open.count, 1);
}

/* B's answer to A, as somebody could forge it. */
static void forge_answer(const struct ike_slice *cookie, uint16_t prf, uint8_t bits)
{
	struct ike_header hdr = {.spi_i = only_sa(net, 0)->spi_i,
				 .major = 2,
				 .exchange = IKE_SA_INIT,
				 .flags = IKE_FLAG_RESPONSE};
	uint8_t buf[256], content[3] = {(uint8_t)(prf >> 8), (uint8_t)prf, bits};
	struct ike_builder builder;

	ike_build_message(&builder, buf, sizeof(buf), &hdr);
	if (cookie)
		ike_write_notify(&builder, 0, ike_slice(NULL, 0), IKE_N_COOKIE, *cookie);
	ike_write_notify(&builder, 0, ike_slice(NULL, 0), IKE_N_PUZZLE, ike_slice(content, 3));
	assert_int_equal(ike_build_finish(&builder), 0);
	send_raw(net, 0, buf, builder.w.len, 500);
}

/* In slices, so that others have their turn, and only the one puzzle at a time. */
static void a_hard_puzzle_is_solved_slice_by_slice(void **state)
{
	uint8_t one[] = {1, 2, 3}, two[] = {4, 5, 6};
	struct ike_slice cookie = ike_slice(one, 3), other = ike_slice(two, 3);
	unsigned slices = 0;
	struct packet p;

	(void)state;
	net = net_new(8, &SIDE_A, &SIDE_B);
	start(net, 0);
	lose_all();
	a()->ke_holds = true;
	forge_answer(&cookie, IKE_PRF_HMAC_SHA2_256, 14);
	while (!net->queued) {
		assert_int_equal(a()->job_count, 1);
		assert_int_equal(a()->jobs[0].job->type, IKE_JOB_PUZZLE);
		assert_true(a()->jobs[0].job->stranger);
		forge_answer(&other, IKE_PRF_HMAC_SHA2_256, 1);
		assert_int_equal(a()->job_count, 1);
		node_answer(a(), 0);
		node_drain(a());
		slices++;
	}
	assert_in_range(slices, 4, 1000);
	p = net_take(net);
	assert_in_range(ike_puzzle_solved(IKE_PRF_HMAC_SHA2_256, cookie, solution_in(&p)), 14, 64);
	packet_free(&p);
	/* Nothing is sent meanwhile, and afterwards again as ever. */
	pass_time(4000);
	assert_int_equal(stats(a())->retransmissions_out, 1);
}

/* A solution is for its cookie, and goes with it. */
static void another_cookie_comes_without_a_solution(void **state)
{
	uint8_t one[] = {1, 2, 3}, two[] = {4, 5, 6}, buf[128];
	struct ike_slice cookie = ike_slice(one, 3);
	struct ike_payloads payloads;
	struct ike_header hdr;
	struct ike_builder builder;
	struct packet p;

	(void)state;
	net = net_new(8, &SIDE_A, &SIDE_B);
	start(net, 0);
	lose_all();
	forge_answer(&cookie, IKE_PRF_HMAC_SHA2_256, 4);
	p = net_take(net);
	solution_in(&p);
	ike_header_parse(ike_slice(p.data, p.len), &hdr);
	packet_free(&p);
	hdr.flags = IKE_FLAG_RESPONSE;
	ike_build_message(&builder, buf, sizeof(buf), &hdr);
	ike_write_notify(&builder, 0, ike_slice(NULL, 0), IKE_N_COOKIE, ike_slice(two, 3));
	assert_int_equal(ike_build_finish(&builder), 0);
	send_raw(net, 0, buf, builder.w.len, 500);
	payloads = peek(&p);
	assert_int_equal(ike_payloads_count(&payloads, IKE_PAYLOAD_PS), 0);
	packet_free(&p);
}

static void a_puzzle_without_a_cookie_is_ignored(void **state)
{
	(void)state;
	net = net_new(8, &SIDE_A, &SIDE_B);
	start(net, 0);
	lose_all();
	forge_answer(NULL, IKE_PRF_HMAC_SHA2_256, 8);
	assert_int_equal(net->queued, 0);
	assert_int_equal(a()->job_count, 0);
	assert_int_equal(stats(a())->drop_malformed, 1);
	pass_time(60000);
	assert_int_equal(a()->child_up, 1);
}

static void what_cannot_be_solved_is_answered_without_a_solution(void **state)
{
	static const struct {
		uint16_t prf;
		uint8_t bits;
	} cases[] = {{99, 8}, {IKE_PRF_HMAC_SHA2_256, 23}, {IKE_PRF_HMAC_SHA2_256, 255}};
	uint8_t one[] = {1, 2, 3};
	struct ike_slice cookie = ike_slice(one, 3);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct ike_payloads payloads;
		struct packet p;

		net = net_new(8, &SIDE_A, &SIDE_B);
		start(net, 0);
		lose_all();
		forge_answer(&cookie, cases[i].prf, cases[i].bits);
		assert_int_equal(a()->job_count, 0);
		payloads = peek(&p);
		assert_int_equal(ike_payloads_count(&payloads, IKE_PAYLOAD_PS), 0);
		packet_free(&p);
		net_free(net);
		net = NULL;
	}
}

/* Section 7.1.1.1: difficulty 0 leaves it to us. */
static void a_puzzle_of_no_difficulty_is_solved_as_hard_as_usual(void **state)
{
	uint8_t one[] = {1, 2, 3};
	struct ike_slice cookie = ike_slice(one, 3);
	struct packet p;

	(void)state;
	net = net_new(8, &SIDE_A, &SIDE_B);
	a()->engine->config.limits.puzzle_effort = 10;
	start(net, 0);
	lose_all();
	forge_answer(&cookie, IKE_PRF_HMAC_SHA2_512, 0);
	p = net_take(net);
	assert_in_range(ike_puzzle_solved(IKE_PRF_HMAC_SHA2_512, cookie, solution_in(&p)), 10, 64);
	packet_free(&p);
}

/* B's answer, which waits to be delivered, with one more payload at its end. B has sent that. */
static void add_auth_puzzle(uint16_t prf, uint8_t bits)
{
	const uint8_t puzzle[] = {
		0, 0, 0, 11, 0, 0, 0x40, 0x32, (uint8_t)(prf >> 8), (uint8_t)prf, bits};
	struct ike_payloads payloads;
	struct ike_payload last;
	uint8_t answer[1024];
	struct packet p = net_take(net);
	size_t len = p.len + sizeof(puzzle);

	memcpy(answer, p.data, p.len);
	memcpy(answer + p.len, puzzle, sizeof(puzzle));
	packet_free(&p);
	assert_int_equal(ike_message_parse(ike_slice(answer, p.len), answer[16], &payloads), 0);
	for (struct ike_walk w = ike_payloads_walk(&payloads); ike_payloads_next(&w, &last);)
		;
	answer[(size_t)(last.body.data - answer) - IKE_PAYLOAD_HEADER_LEN] = IKE_PAYLOAD_NOTIFY;
	answer[26] = (uint8_t)(len >> 8);
	answer[27] = (uint8_t)len;
	assert_int_equal(
		ike_buffer_set(&only_sa(net, 1)->handshake->init_response, ike_slice(answer, len)),
		0);
	send_raw(net, 0, answer, len, 500);
}

/* B's Nr | SPIr (section 7.2.3) */
static struct ike_slice auth_string(uint8_t out[IKE_PUZZLE_STRING_MAX])
{
	const struct ike_sa *sa = only_sa(net, 1);
	struct ike_writer w = ike_writer(out, IKE_PUZZLE_STRING_MAX);

	ike_put_slice(&w, ike_slice(sa->handshake->nr, sa->handshake->nr_len));
	ike_put_u64(&w, sa->spi_r);
	return ike_written(&w);
}

static void ask_for_auth_puzzle(const struct side *one, const struct side *two, uint16_t prf,
				uint8_t bits)
{
	net = net_new(8, one, two);
	start(net, 0);
	deliver_next();
	add_auth_puzzle(prf, bits);
}

/*
 *   A  IKE_SA_INIT -->                     B
 *      <-- IKE_SA_INIT, N(PUZZLE)
 *      HDR, PS, SK {IDi, AUTH, ..} -->
 */
static void a_puzzle_for_ike_auth_is_solved_before_it(void **state)
{
	uint8_t string[IKE_PUZZLE_STRING_MAX];
	struct ike_payloads payloads;
	struct ike_slice solution;
	struct packet p;

	(void)state;
	ask_for_auth_puzzle(&SIDE_A, &SIDE_B, IKE_PRF_HMAC_SHA2_512, 9);
	assert_int_equal(stats(a())->puzzles_met, 1);
	assert_int_equal(stats(a())->puzzles_done, 1);
	payloads = peek(&p);
	assert_int_equal(payloads.first, IKE_PAYLOAD_PS);
	assert_int_equal(payloads.encrypted_type, IKE_PAYLOAD_SK);
	assert_int_equal(ike_payloads_one(&payloads, IKE_PAYLOAD_PS, &solution), 0);
	assert_in_range(ike_puzzle_solved(IKE_PRF_HMAC_SHA2_512, auth_string(string), solution), 9,
			64);
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
	/* Nothing else has one. */
	ike_liveness_check(a()->engine, only_sa(net, 0));
	ike_sa_advance(a()->engine, only_sa(net, 0), net->now);
	node_drain(a());
	payloads = peek(&p);
	assert_int_equal(payloads.first, IKE_PAYLOAD_SK);
	packet_free(&p);
}

/* Section 7.2.2: it is in the first fragment alone, all of which are as small as without it. */
static void a_solution_for_ike_auth_is_in_its_first_fragment(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	unsigned count = 0;

	(void)state;
	one.fragmentation = two.fragmentation = IKE_FRAGMENTATION_YES;
	one.fragment_size = 200;
	ask_for_auth_puzzle(&one, &two, IKE_PRF_HMAC_SHA2_256, 4);
	while (!b()->child_up) {
		struct packet p;
		struct ike_payloads payloads = peek(&p);

		if (p.data[18] == IKE_AUTH && !(p.data[19] & IKE_FLAG_RESPONSE)) {
			assert_int_equal(payloads.encrypted_type, IKE_PAYLOAD_SKF);
			assert_int_equal(payloads.first, count ? IKE_PAYLOAD_SKF : IKE_PAYLOAD_PS);
			assert_in_range(p.len, 1, 200 - 20 - 8);
			count++;
		}
		net_deliver(net, &p);
		packet_free(&p);
	}
	assert_in_range(count, 2, 10);
	net_settle(net);
	assert_int_equal(a()->child_up, 1);
}

/* Section 7.2.1.1: how hard it is isn't ours to choose. */
static void a_puzzle_for_ike_auth_that_is_not_solved_is_why_the_attempt_fails(void **state)
{
	static const struct {
		uint16_t prf;
		uint8_t bits;
	} cases[] = {{99, 8}, {IKE_PRF_HMAC_SHA2_256, 0}, {IKE_PRF_HMAC_SHA2_256, 23}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		ask_for_auth_puzzle(&SIDE_A, &SIDE_B, cases[i].prf, cases[i].bits);
		assert_int_equal(net->queued, 0);
		assert_int_equal(a()->job_count, 0);
		net->down = true;
		pass_time(IKE_INIT_ERROR_MS);
		assert_int_equal(a()->ike_down, 1);
		assert_non_null(strstr(a()->ike_reason, "a puzzle for IKE_AUTH"));
		net_free(net);
		net = NULL;
	}
}

/* Section 7.1.2: whatever else is beside it. */
static void an_error_beside_a_puzzle_is_ignored(void **state)
{
	struct ike_header hdr = {.major = 2, .exchange = IKE_SA_INIT, .flags = IKE_FLAG_RESPONSE};
	const uint8_t content[3] = {0, IKE_PRF_HMAC_SHA2_256, 4};
	struct ike_builder builder;
	uint8_t buf[256];

	(void)state;
	net = net_new(8, &SIDE_A, &SIDE_B);
	start(net, 0);
	hdr.spi_i = only_sa(net, 0)->spi_i;
	ike_build_message(&builder, buf, sizeof(buf), &hdr);
	ike_write_notify(&builder, 0, ike_slice(NULL, 0), IKE_N_PUZZLE, ike_slice(content, 3));
	ike_write_bare_notify(&builder, IKE_N_NO_PROPOSAL_CHOSEN);
	assert_int_equal(ike_build_finish(&builder), 0);
	send_raw(net, 0, buf, builder.w.len, 500);
	assert_int_equal(stats(a())->drop_malformed, 1);
	assert_int_equal(only_sa(net, 0)->handshake->reason[0], 0);
	net_settle(net);
	assert_int_equal(a()->child_up, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	static const struct CMUnitTest tests[] = {
		T(known_solutions_have_the_zero_bits_of_the_worst_key),
		T(each_of_the_four_keys_counts),
		T(what_is_not_four_different_keys_is_no_solution),
		T(the_search_finds_the_first_keys_of_four_octets),
		T(a_search_that_takes_too_long_ends),
		T(an_initiator_solves_and_comes_up),
		T(a_puzzle_goes_with_a_change_of_group),
		T(the_puzzle_is_as_hard_as_the_load),
		T(an_address_has_a_puzzle_threshold_of_its_own),
		T(puzzles_come_with_cookies_in_any_case),
		T(puzzles_can_be_none),
		T(who_does_not_solve_may_be_served),
		T(who_solves_goes_first),
		T(who_has_solved_does_not_give_way_to_who_has_not),
		T(a_wrong_solution_is_none),
		T(a_solution_counts_once),
		T(the_difficulty_in_a_cookie_is_protected),
		T(a_hard_puzzle_is_solved_slice_by_slice),
		T(another_cookie_comes_without_a_solution),
		T(a_puzzle_without_a_cookie_is_ignored),
		T(what_cannot_be_solved_is_answered_without_a_solution),
		T(a_puzzle_of_no_difficulty_is_solved_as_hard_as_usual),
		T(a_puzzle_for_ike_auth_is_solved_before_it),
		T(a_solution_for_ike_auth_is_in_its_first_fragment),
		T(a_puzzle_for_ike_auth_that_is_not_solved_is_why_the_attempt_fails),
		T(an_error_beside_a_puzzle_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
