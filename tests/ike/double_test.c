/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two IKE SAs for one flow, because A and B have begun at the same time (RFC 7296, section 2.8.2):
 * one remains, and meanwhile each side always has something to send on that the other receives.
 * Found by the simulation (sim_test.c); here each is drawn message by message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

enum { A, B }; /* who has begun an IKE SA, and where a datagram goes */

static uint64_t begun[2]; /* by A and by B: its SPI */

/* Of both that are begun, the one of `winner` is to remain: it has the higher SPI. Returns the seed
 * with which that is so, not less than `seed`. */
static uint64_t begin_from(uint64_t seed, unsigned winner, const struct side *one,
			   const struct side *two)
{
	for (;; seed++) {
		net = net_new(seed, one, two);
		start(net, A);
		start(net, B);
		for (unsigned i = 0; i < 2; i++)
			begun[i] = net->node[i].engine->all->spi_i;
		if (begun[winner] > begun[!winner])
			return seed;
		teardown(NULL);
	}
}

static void begin_both(unsigned winner, const struct side *one, const struct side *two)
{
	begin_from(1, winner, one, two);
}

/* The oldest datagram for a node about the IKE SA that one of both has begun. */
static struct packet take(unsigned to, unsigned of)
{
	struct packet other[16], p = net_take(net);
	unsigned count = 0;
	struct ike_header hdr;

	while (ike_header_parse(ike_slice(p.data, p.len), &hdr) == 0 &&
	       (p.to != to || hdr.spi_i != begun[of])) {
		other[count++] = p;
		p = net_take(net);
	}
	while (count)
		net_put(net, &other[--count]);
	return p;
}

static void pass(unsigned to, unsigned of)
{
	struct packet p = take(to, of);

	net_deliver(net, &p);
	packet_free(&p);
}

/* As far as the response of IKE_AUTH, which waits. */
static void authenticate(unsigned of)
{
	pass(!of, of);
	pass(of, of);
	pass(!of, of);
}

/* The data path answers the next step of a Child SA. */
static void answer(struct node *node, unsigned index)
{
	node_answer(node, index);
	node_drain(node);
}

/* A's is up on both sides; B's remains, and is up here but not there. */
static void b_comes_late(void)
{
	begin_both(B, &SIDE_A, &SIDE_B);
	authenticate(A);
	pass(A, A);
	net->watch_flow = true;
	authenticate(B);
}

static struct ike_sa *sa_of(struct node *node, unsigned of)
{
	struct ike_sa *sa = node->engine->all;

	while (sa && sa->spi_i != begun[of])
		sa = sa->links.next;
	return sa;
}

static bool sends_in(struct node *node, unsigned of)
{
	const struct ike_sa *sa = sa_of(node, of);
	const struct ike_child *child =
		ike_child_find_id(node->engine, sending_child(node)->sa.child_id);

	return sa && child->sa == sa && child->state != IKE_CHILD_LINGERING;
}

/* The last of its Child SAs that was made. */
static struct ike_child *newest(struct node *node, unsigned of)
{
	struct ike_child *best = NULL;

	for (struct ike_child *c = sa_of(node, of)->children; c; c = c->next) {
		if (!best || c->id > best->id)
			best = c;
	}
	return best;
}

/* All jobs are answered, time passes, and one of both remains. */
static void assert_remains(unsigned winner)
{
	for (unsigned i = 0; i < 2; i++) {
		net->node[i].install_holds = false;
		node_drain(&net->node[i]);
		net->node[i].traffic = true;
	}
	pass_time(30000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(only_sa(net, i)->spi_i, begun[winner]);
		assert_int_equal(receiving(&net->node[i]), 1);
		assert_int_equal(net->node[i].child_down, 0);
	}
	assert_true(children_agree(sending_child(a()), sending_child(b())));
	net->watch_flow = false;
	assert_all_gone(a());
	assert_true(nothing_left(b()));
}

/*
 *   A  <-- IKE_AUTH 1                     B
 *      leads the flow to 1, and hears from its data path later
 *      <-- IKE_AUTH 2
 *      IKE_AUTH 2 -->                         B has nothing of 2 before that
 */
static void a_flow_that_is_being_led_there_is_not_led_elsewhere(void **state)
{
	(void)state;
	begin_both(A, &SIDE_A, &SIDE_B);
	authenticate(A);
	pass(A, B);
	pass(B, B);
	a()->install_holds = true;
	pass(A, A);
	answer(a(), 0);
	answer(a(), 0);
	assert_true(sends_in(a(), A));
	net->watch_flow = true;
	pass(A, B);
	answer(a(), 1);
	answer(a(), 1);
	assert_true(sends_in(a(), A));
	assert_remains(A);
}

/*
 *   A  <-- IKE_AUTH 1                     B
 *      leads the flow to 1, and hears from its data path later
 *      <-- INFORMATIONAL D(IKE) 2             A sends on 1, so 2 isn't needed any more
 */
static void what_goes_is_received_while_its_heir_is_made(void **state)
{
	(void)state;
	begin_both(A, &SIDE_A, &SIDE_B);
	authenticate(B);
	pass(B, B);
	net->watch_flow = true;
	authenticate(A);
	a()->install_holds = true;
	pass(A, A);
	answer(a(), 0);
	answer(a(), 0);
	b()->traffic = true;
	pass_time(IKE_CONFIRM_MS);
	assert_null(sa_of(a(), B));
	assert_int_equal(receiving(a()), 2);
	assert_true(sends_in(a(), A));
	assert_remains(A);
}

/*
 *   A  <-- IKE_AUTH 1                     B
 *      its data path makes 1 receive
 *      hears B on 2                           so 1 isn't needed any more
 *      INFORMATIONAL D(IKE) 1 -->
 */
static void no_flow_is_led_to_what_is_to_be_deleted(void **state)
{
	(void)state;
	begin_both(B, &SIDE_A, &SIDE_B);
	authenticate(B);
	pass(B, B);
	net->watch_flow = true;
	authenticate(A);
	a()->install_holds = true;
	pass(A, A);
	a()->traffic = true;
	pass_time(IKE_CONFIRM_MS);
	assert_true(ike_sa_ending(sa_of(a(), A)));
	answer(a(), 0);
	assert_int_equal(a()->job_count, 0);
	assert_true(sends_in(a(), B));
	assert_remains(B);
}

/* A is at what B has begun and at its own, and its data path is slow with both. */
static void lead_to_both(void)
{
	begin_both(A, &SIDE_A, &SIDE_B);
	authenticate(A);
	pass(A, B);
	pass(B, B);
	a()->install_holds = true;
	pass(A, A);
	answer(a(), 0);
	answer(a(), 0);
	assert_true(sends_in(a(), A));
	net->watch_flow = true;
	pass(A, B);
	answer(a(), 1);
	answer(a(), 1);
	pass(B, B);
	a()->traffic = true;
	pass_time(IKE_CONFIRM_MS);
	assert_true(sends_in(a(), B));
	assert_int_equal(a()->job_count, 2);
}

/*
 *   A  leads the flow to 1                B
 *      hears B on 2, leads it there
 *      hears from its data path: 1 is in use
 *      leads it to 1 again
 *      INFORMATIONAL D(IKE) 2 -->             leads it to 1 again
 */
static void a_flow_that_is_being_led_to_the_loser_is_led_back(void **state)
{
	(void)state;
	lead_to_both();
	answer(a(), 0);
	assert_true(sends_in(a(), A));
	assert_true(sends_in(b(), B));
	pass(B, B);
	assert_true(sends_in(b(), A));
	assert_remains(A);
}

/*
 *   A  leads the flow to 1                B
 *      hears B on 2, leads it there
 *      <-- INFORMATIONAL D(IKE) 2             has heard A on 1 before
 *      hears from its data path: 1 is in use
 *      leads it to 1 again
 */
static void a_flow_that_was_led_on_to_the_loser_is_led_back(void **state)
{
	(void)state;
	lead_to_both();
	ike_child_confirm(b()->engine, sa_of(b(), A), net->now, net->now); /* as if it came late */
	node_drain(b());
	pass(A, B);
	assert_null(sa_of(a(), B));
	answer(a(), 0);
	assert_true(sends_in(a(), A));
	assert_remains(A);
}

/*
 *   A  <-- IKE_AUTH 2                     B
 *      IKE_AUTH 2 -->                         is late
 *      CREATE_CHILD_SA N(REKEY_SA) -->        in 1
 *      <-- CREATE_CHILD_SA
 *      INFORMATIONAL D(old) -->               its successor has the flow
 */
static void a_flow_goes_to_the_successor_and_nowhere_else(void **state)
{
	(void)state;
	b_comes_late();
	rekey(a());
	pass(B, A);
	pass(A, A);
	assert_int_equal(a()->rekeyed, 1);
	assert_true(sends_in(a(), A));
	assert_remains(B);
}

/*
 * The same, and A's data path has no room for the successor:
 *
 *   A  INFORMATIONAL D(successor) -->     B
 *      <-- INFORMATIONAL                      the old one goes on
 */
static void a_successor_that_is_refused_takes_no_flow_along(void **state)
{
	(void)state;
	b_comes_late();
	rekey(a());
	pass(B, A);
	a()->install_error = -28;
	pass(A, A);
	a()->install_error = 0;
	pass(B, A);
	pass(A, A);
	assert_true(sends_in(a(), A));
	assert_int_equal(receiving(a()), 2);
	assert_remains(B);
}

/*
 * With `unique = never` both stay:
 *
 *   A  CREATE_CHILD_SA N(REKEY_SA) -->    B   in the one that B has begun, where its flow is
 *      <-- CREATE_CHILD_SA                    for which A's data path has no room
 *      INFORMATIONAL D(successor) -->
 *      INFORMATIONAL D(old) -->               the flow is in the other one
 */
static void a_successor_that_has_gone_gets_no_flow(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	uint64_t old;

	(void)state;
	one.unique = two.unique = IKE_UNIQUE_NEVER;
	begin_both(A, &one, &two);
	net_settle(net);
	a()->traffic = b()->traffic = true;
	pass_time(2 * IKE_CONFIRM_MS);
	assert_true(sends_in(b(), B));
	net->watch_flow = true;
	old = newest(a(), B)->id;
	assert_int_equal(ike_rekey_child(a()->engine, net->now, old), 0);
	node_drain(a());
	deliver_to(1);
	a()->install_error = -28;
	net_settle(net);
	a()->install_error = 0;
	assert_int_equal(ike_terminate_child(a()->engine, net->now, old), 0);
	node_drain(a());
	net_settle(net);
	assert_true(sends_in(b(), A));
	pass_time(60000);
	net->watch_flow = false;
}

/*
 *   A  CREATE_CHILD_SA N(REKEY_SA) -->    B   in 1; its data path is slow
 *      <-- IKE_AUTH 2                         whose answer A has; B leads the flow to 2
 *      <-- INFORMATIONAL D(old)               in 1, for which 2 is there
 *      <-- CREATE_CHILD_SA                    is late
 *      INFORMATIONAL -->                      A has nothing of the successor
 */
static void a_successor_that_the_peer_does_not_have_gets_no_flow(void **state)
{
	struct packet response;

	(void)state;
	b_comes_late();
	rekey(a());
	b()->install_holds = true;
	pass(B, A);
	pass(B, B);
	for (unsigned step = 0; step < 3; step++)
		answer(b(), 1);
	assert_true(sends_in(b(), B));
	answer(b(), 0);
	pass(A, A);
	answer(b(), 0);
	response = take(A, A);
	pass(B, A);
	assert_true(sends_in(b(), B));
	assert_int_equal(newest(b(), A)->state, IKE_CHILD_INSTALLED); /* for its turn */
	net_put(net, &response);
	assert_remains(B);
}

/*
 * A has been done with its own before it heard of B's, so only B can tell that they crossed. It
 * decides as soon as A has asked for something in 1; A would have done it otherwise ten seconds
 * later.
 *
 *   A  IKE_SA_INIT 1, IKE_AUTH 1 -->      B
 *      <-- IKE_SA_INIT 2, IKE_AUTH 2          begun before
 *      INFORMATIONAL 1 -->
 *      <-- INFORMATIONAL D(IKE) 2
 */
static void who_can_tell_that_they_crossed_decides(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	struct packet late;

	(void)state;
	one.unique = two.unique = IKE_UNIQUE_REPLACE;
	begin_both(A, &one, &two);
	late = take(A, B);
	b()->install_delay = 100;
	pass_time(1000);
	net_put(net, &late);
	pass_time(1000);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(only_sa(net, i)->spi_i, begun[A]);
	assert_remains(A);
}

/*
 *   A  IKE_AUTH 2 -->                     B   its data path is slow with 2
 *      INFORMATIONAL -->                      does B have it by now?
 *      <-- INFORMATIONAL                      only says that B is there
 */
static void a_peer_that_answers_may_still_be_at_what_it_was_told_of(void **state)
{
	(void)state;
	b_comes_late();
	b()->install_holds = true;
	pass(B, B);
	pass_time(b()->engine->config.job_timeout_ms - 1000);
	assert_true(sends_in(a(), A));
	assert_remains(B);
}

/*
 *   A  <-- IKE_AUTH                       B   what B has begun: B gets no answer
 *      IKE_AUTH -->                           what A has begun, and remains
 *      CREATE_CHILD_SA (IKE) -->              its successor has the lowest SPI of all
 *      <-- IKE_AUTH                           again, while A deletes that
 */
static void what_remains_does_so_when_it_has_been_rekeyed(void **state)
{
	struct packet p;

	(void)state;
	begin_both(A, &SIDE_A, &SIDE_B);
	authenticate(B);
	p = take(B, B);
	packet_free(&p);
	authenticate(A);
	pass(A, A);
	p = take(B, B);
	packet_free(&p);
	net->watch_flow = true;
	for (unsigned i = 0; i < 64 && ike_sa_find_id(a()->engine, a()->ike_id)->spi_i > begun[B];
	     i++) {
		rekey_ike(a());
		net_settle(net);
	}
	assert_in_range(ike_sa_find_id(a()->engine, a()->ike_id)->spi_i, 0, begun[B]);
	pass_time(60000);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	assert_int_equal(ike_sa_count(b()->engine), 1);
	assert_int_equal(a()->engine->all->begun_spi, begun[A]);
}

/*
 *   A  IKE_SA_INIT 1, IKE_AUTH 1 -->      B   remains; what B has begun is answered, but late
 *      IKE_SA_INIT 3, IKE_AUTH 3 -->          renews it, with a lower SPI than 2 has
 *      INFORMATIONAL D(IKE) 1 -->
 *      <-- IKE_AUTH 2, N                      B has the answer now, and knows that 2 had lost
 */
static void what_renews_the_winner_wins(void **state)
{
	struct packet late;
	uint64_t seed = 0;

	(void)state;
	for (;;) {
		seed = begin_from(seed + 1, A, &SIDE_A, &SIDE_B);
		authenticate(A);
		pass(A, A);
		net->watch_flow = true;
		authenticate(B);
		late = take(B, B);
		net_settle(net);
		pass_time(500);
		ike_sa_renew(a()->engine, sa_of(a(), A), net->now, "it is time");
		node_drain(a());
		if (a()->engine->all->spi_i < begun[B])
			break;
		packet_free(&late);
		teardown(NULL);
	}
	begun[A] = a()->engine->all->spi_i;
	net_settle(net);
	pass_time(500);
	net_put(net, &late);
	assert_remains(A);
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(a_flow_that_is_being_led_there_is_not_led_elsewhere),
		T(what_goes_is_received_while_its_heir_is_made),
		T(no_flow_is_led_to_what_is_to_be_deleted),
		T(what_remains_does_so_when_it_has_been_rekeyed),
		T(a_flow_that_is_being_led_to_the_loser_is_led_back),
		T(a_flow_that_was_led_on_to_the_loser_is_led_back),
		T(a_flow_goes_to_the_successor_and_nowhere_else),
		T(a_successor_that_is_refused_takes_no_flow_along),
		T(a_successor_that_the_peer_does_not_have_gets_no_flow),
		T(a_successor_that_has_gone_gets_no_flow),
		T(who_can_tell_that_they_crossed_decides),
		T(what_renews_the_winner_wins),
		T(a_peer_that_answers_may_still_be_at_what_it_was_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
