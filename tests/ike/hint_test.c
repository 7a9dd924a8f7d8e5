/* SPDX-License-Identifier: BSD-2-Clause */
/* Hints that a peer started anew: true ones, and forged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

static const struct ike_slice nothing;

static void up(void)
{
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
}

static const struct ike_stats *stats(struct node *node)
{
	return ike_engine_stats(node->engine);
}

/* B has no IKE SA any more, and says nothing of it. */
static void forget(struct node *node)
{
	while (node->engine->all) {
		ike_sa_down(node->engine, node->engine->all, "forgotten");
		ike_reap(node->engine);
	}
	node_drain(node);
}

static void check_liveness(struct node *node)
{
	ike_liveness_check(node->engine, node->engine->all);
	ike_sa_advance(node->engine, node->engine->all, net->now);
	node_drain(node);
}

/* A message in clear that says so, to a node, from an address. */
static void say_from(unsigned to, const struct ike_addr *from, const struct ike_header *hdr,
		     uint16_t type, struct ike_slice data)
{
	struct ike_builder builder;
	struct packet p = {.to = to, .local = net->node[to].addr, .remote = *from};
	uint8_t buf[128];

	ike_build_message(&builder, buf, sizeof(buf), hdr);
	ike_write_notify(&builder, IKE_PROTO_NONE, nothing, type, data);
	assert_int_equal(ike_build_finish(&builder), 0);
	p.local.port = p.remote.port = 500;
	p.data = buf;
	p.len = builder.w.len;
	net_deliver(net, &p);
}

static void say(unsigned to, const struct ike_header *hdr, uint16_t type, struct ike_slice data)
{
	say_from(to, &net->node[1 - to].addr, hdr, type, data);
}

/* The header of who doesn't know the IKE SA, to the request that A has out or would have next. */
static struct ike_header answer_to_a(void)
{
	const struct ike_sa *sa = only_sa(net, 0);
	struct ike_header hdr = {.spi_i = sa->spi_i,
				 .spi_r = sa->spi_r,
				 .major = 2,
				 .exchange = IKE_INFORMATIONAL,
				 .flags = IKE_FLAG_RESPONSE,
				 .message_id = sa->out.next_id};

	if (!sa->initiator)
		hdr.flags |= IKE_FLAG_INITIATOR;
	return hdr;
}

static void invalid_ike_spi(void)
{
	struct ike_header hdr = answer_to_a();

	say(0, &hdr, IKE_N_INVALID_IKE_SPI, nothing);
}

static struct ike_slice spi_octets(uint32_t spi)
{
	static uint8_t octets[4];
	struct ike_writer w = ike_writer(octets, sizeof(octets));

	ike_put_u32(&w, spi);
	return ike_written(&w);
}

/* Section 1.5: SPIs of nobody, a request. */
static const struct ike_header outside = {
	.spi_i = 77,
	.spi_r = 78,
	.major = 2,
	.exchange = IKE_INFORMATIONAL,
	.flags = IKE_FLAG_INITIATOR,
};

static void invalid_spi(void)
{
	say(0, &outside, IKE_N_INVALID_SPI, spi_octets(sending_child(a())->sa.spi_out));
}

/* Nothing comes of it: nobody is asked, and what is waited for is waited for as long. */
static void assert_ignored(uint64_t dropped)
{
	assert_int_equal(net->queued, 0);
	assert_int_equal(stats(a())->hints, 0);
	assert_int_equal(stats(a())->drop_hint, dropped);
	assert_int_equal(only_sa(net, 0)->out.hint, 0);
}

/*
 *   A  INFORMATIONAL {} -->     B       which started anew
 *      <-- INVALID_IKE_SPI
 *      INFORMATIONAL {} -->             a few times more, and that's it
 */
static void a_peer_that_has_forgotten_is_let_go_within_seconds(void **state)
{
	uint64_t asked, sent;

	(void)state;
	up();
	forget(b());
	asked = net->now;
	sent = net->sent;
	check_liveness(a());
	net_settle(net);
	assert_int_equal(stats(a())->hints, 1);
	assert_int_equal(a()->ike_down, 0);
	pass_time(IKE_HINT_PATIENCE_MS - 1);
	assert_int_equal(a()->ike_down, 0);
	pass_time(1);
	assert_int_equal(a()->ike_down, 1);
	assert_int_equal(net->now - asked, IKE_HINT_PATIENCE_MS);
	assert_int_equal(a()->child_cause, IKE_CAUSE_DEAD);
	assert_non_null(strstr(a()->ike_reason, "no answer to the liveness check"));
	assert_non_null(strstr(a()->ike_reason, "started anew: INVALID_IKE_SPI"));
	assert_int_equal(stats(a())->peers_dead, 1);
	/* Each with its answer. */
	assert_int_equal(net->sent - sent, 2 * (IKE_HINT_PATIENCE_MS / IKE_HINT_WAIT_MS));
	assert_true(nothing_left(a()));
}

/* A that isn't the IKE SA's initiator is told with the other flag. */
/* B starts anew, A asks whether it lives, and needs no more than the answer. */
static void b_is_let_go(void)
{
	forget(b());
	check_liveness(a());
	net_settle(net);
	assert_int_equal(stats(a())->hints, 1);
	pass_time(IKE_HINT_PATIENCE_MS);
	assert_int_equal(a()->ike_down, 1);
}

static void a_responder_is_told_as_well(void **state)
{
	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	start(net, 1);
	net_settle(net);
	pass_time(1000);
	check_liveness(a());
	net_settle(net);
	b_is_let_go();
}

/* Behind a NAT it goes by port 4500, and so does the answer. */
static void the_answer_comes_by_the_other_port_too(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.encap = true;
	establish(&one, &SIDE_B);
	net->watch_flow = false;
	assert_int_equal(only_sa(net, 0)->path.local.port, IKE_PORT_NATT);
	b_is_let_go();
}

/*
 *   A  ESP -->                                B       which started anew
 *      <-- INVALID_SPI outside of any IKE SA
 *      INFORMATIONAL {} -->
 *      <-- INVALID_IKE_SPI
 */
static void a_packet_of_ours_may_be_what_tells(void **state)
{
	(void)state;
	up();
	forget(b());
	invalid_spi();
	assert_int_equal(stats(a())->hints, 1);
	assert_int_equal(net->queued,
			 1); /* the question, and no answer to what isn't to have one */
	assert_int_equal(stats(a())->drop_unknown_spi, 0);
	net_settle(net);
	assert_int_equal(stats(a())->hints, 2);
	pass_time(IKE_HINT_PATIENCE_MS);
	assert_int_equal(a()->ike_down, 1);
	assert_int_equal(a()->child_cause, IKE_CAUSE_DEAD);
}

/* Nor does one that says no more than that. */
static void an_invalid_spi_while_we_ask_is_believed_as_much(void **state)
{
	(void)state;
	up();
	net->down = true;
	invalid_spi();
	invalid_spi();
	assert_int_equal(stats(a())->hints, 2);
	pass_time(IKE_HINT_PATIENCE_MS);
	assert_int_equal(a()->ike_down, 1);
	assert_non_null(strstr(a()->ike_reason, "started anew: INVALID_SPI"));
}

static void hints_in_a_flood_do_nothing_to_a_peer_that_answers(void **state)
{
	enum { SECONDS = 600, EACH_MS = 10 };
	uint64_t sent;

	(void)state;
	up();
	sent = net->sent;
	for (uint64_t end = net->now + SECONDS * 1000; net->now < end;) {
		invalid_spi();
		invalid_ike_spi();
		net->delay_min = net->delay_max = 2 * IKE_HINT_WAIT_MS; /* there and back: more */
		pass_time(EACH_MS);
	}
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	/* Once in ten seconds: a question and four more until its answer is here, and answers. */
	assert_in_range(net->sent - sent, SECONDS / 10, 2 * 5 * (SECONDS / 10 + 1));
	assert_in_range(stats(a())->hints, SECONDS / 10, 2 * (SECONDS / 10 + 1));
	assert_in_range(stats(a())->drop_hint, SECONDS * 90, SECONDS * 200);
	net->delay_min = net->delay_max = 0;
	net_settle(net);
	assert_true(children_agree(present_child(a()), present_child(b())));
	assert_all_gone(a());
}

/* One of ten messages comes through each way, and the peer is still not taken for dead. */
static void an_answer_among_the_few_is_enough(void **state)
{
	(void)state;
	up();
	check_liveness(a());
	lose_for(1);
	invalid_ike_spi();
	net->down = true;
	pass_time(IKE_HINT_PATIENCE_MS - IKE_HINT_WAIT_MS / 2 - IKE_HINT_WAIT_MS);
	assert_int_equal(a()->ike_down, 0);
	net->down = false;
	pass_time(60000);
	assert_int_equal(a()->ike_down, 0);
	assert_int_equal(only_sa(net, 0)->out.task, NULL);
	/* The next request has all its time again. */
	net->down = true;
	check_liveness(a());
	pass_time(10 * IKE_HINT_PATIENCE_MS);
	assert_int_equal(a()->ike_down, 0);
}

static void a_hint_must_answer_the_request_that_is_out(void **state)
{
	struct ike_header hdr;

	(void)state;
	up();
	invalid_ike_spi(); /* there is none */
	assert_ignored(0);
	check_liveness(a());
	lose_for(1);
	hdr = answer_to_a();
	hdr.message_id++;
	say(0, &hdr, IKE_N_INVALID_IKE_SPI, nothing);
	hdr = answer_to_a();
	hdr.exchange = IKE_CREATE_CHILD_SA;
	say(0, &hdr, IKE_N_INVALID_IKE_SPI, nothing);
	hdr = answer_to_a();
	hdr.spi_r++;
	say(0, &hdr, IKE_N_INVALID_IKE_SPI, nothing);
	hdr = answer_to_a();
	hdr.spi_i++;
	say(0, &hdr, IKE_N_INVALID_IKE_SPI, nothing);
	hdr = answer_to_a(); /* which says that it is the initiator, too */
	hdr.flags ^= IKE_FLAG_INITIATOR;
	say(0, &hdr, IKE_N_INVALID_IKE_SPI, nothing);
	hdr = answer_to_a();
	say(0, &hdr, IKE_N_INVALID_SYNTAX, nothing);
	assert_ignored(0);
	invalid_ike_spi(); /* and so it would be */
	assert_int_equal(stats(a())->hints, 1);
}

static void a_hint_must_come_from_the_peers_address(void **state)
{
	static const struct ike_addr elsewhere = {.family = 4, .ip = {203, 0, 113, 66}};
	struct ike_header hdr;

	(void)state;
	up();
	say_from(0, &elsewhere, &outside, IKE_N_INVALID_SPI,
		 spi_octets(sending_child(a())->sa.spi_out));
	assert_ignored(1);
	check_liveness(a());
	lose_for(1);
	hdr = answer_to_a();
	say_from(0, &elsewhere, &hdr, IKE_N_INVALID_IKE_SPI, nothing);
	assert_ignored(2);
	invalid_ike_spi();
	assert_int_equal(stats(a())->hints, 1);
}

/* Who copied a message faster than it came is where the peer seems to be, and asked as well. */
static void a_peer_that_may_have_moved_is_found_first(void **state)
{
	(void)state;
	up();
	check_liveness(a());
	lose_for(1);
	ike_path_add(a()->engine, only_sa(net, 0), &(struct ike_way){.judged = false});
	invalid_ike_spi();
	invalid_spi();
	assert_ignored(2);
	ike_path_drop_ways(only_sa(net, 0));
	invalid_ike_spi();
	assert_int_equal(stats(a())->hints, 1);
}

static void a_hint_must_name_what_we_send_on(void **state)
{
	uint8_t longer[5] = {0};
	uint32_t spi;

	(void)state;
	up();
	spi = sending_child(a())->sa.spi_out;
	say(0, &outside, IKE_N_INVALID_SPI, spi_octets(spi + 1));
	say(0, &outside, IKE_N_INVALID_SPI, spi_octets(sending_child(a())->sa.spi_in));
	say(0, &outside, IKE_N_INVALID_SPI, ike_slice(spi_octets(spi).data, 3));
	memcpy(longer, spi_octets(spi).data, 4);
	say(0, &outside, IKE_N_INVALID_SPI, ike_slice(longer, sizeof(longer)));
	say(0, &outside, IKE_N_INVALID_SPI, nothing);
	assert_ignored(5);
	/* Gone with its Child SA. */
	ike_terminate_child(a()->engine, net->now, sending_child(a())->sa.child_id);
	node_drain(a());
	net_settle(net);
	pass_time(IKE_LINGER_MS);
	say(0, &outside, IKE_N_INVALID_SPI, spi_octets(spi));
	assert_ignored(6);
	assert_int_equal(a()->engine->outbound.count, 0);
}

/* Of many IKE SAs that somebody sees he can have so many asked at once, and no more. */
static void hints_for_many_are_bounded_in_all(void **state)
{
	enum { MANY = 60 };
	uint32_t spi[MANY];

	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	for (unsigned k = 0; k < 2; k++)
		net->node[k].engine->connections[0]->unique = IKE_UNIQUE_NEVER;
	for (unsigned i = 0; i < MANY; i++) {
		char name[16];
		uint64_t id;

		snprintf(name, sizeof(name), "n%u", i);
		for (unsigned k = 0; k < 2; k++)
			add_alike(&net->node[k], name, name);
		assert_int_equal(ike_initiate(a()->engine, net->now, name, NULL, NULL, &id), 0);
		node_drain(a());
		net_settle(net);
		spi[i] = a()->engine->all->children->spi_out;
	}
	pass_time(60000);
	net_settle(net);
	assert_true(a()->engine->sa_count == MANY);
	for (unsigned i = 0; i < MANY; i++)
		say(0, &outside, IKE_N_INVALID_SPI, spi_octets(spi[i]));
	assert_int_equal(net->queued, IKE_RATE_BURST);
	assert_int_equal(stats(a())->hints, IKE_RATE_BURST);
	assert_int_equal(stats(a())->drop_hint, MANY - IKE_RATE_BURST);
}

/* What may take the peer a while to answer isn't asked for again in haste. */
static void a_peer_may_be_at_work_on_an_answer(void **state)
{
	struct ike_header hdr;
	uint64_t sent;

	(void)state;
	up();
	b()->install_delay = 15000;
	rekey(a());
	net_settle(net);
	hdr = answer_to_a();
	hdr.exchange = IKE_CREATE_CHILD_SA;
	sent = net->sent;
	say(0, &hdr, IKE_N_INVALID_IKE_SPI, nothing);
	assert_int_equal(stats(a())->hints, 1);
	pass_time(25000);
	assert_in_range(net->sent - sent, 1, 4);
	pass_time(15000);
	assert_int_equal(a()->ike_down, 0);
	assert_int_equal(a()->rekeyed, 1);
}

static void a_peer_that_forgot_what_it_was_asked_for_goes_after_a_minute(void **state)
{
	(void)state;
	up();
	forget(b());
	rekey(a());
	net_settle(net);
	assert_int_equal(stats(a())->hints, 1);
	pass_time(40000);
	assert_int_equal(a()->ike_down, 0);
	pass_time(20000);
	assert_int_equal(a()->ike_down, 1);
}

/* B can't answer before it has A's last message of the handshake. */
static void who_may_not_be_up_yet_is_not_let_go(void **state)
{
	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	start(net, 1);
	deliver_next();
	deliver_next();
	deliver_next();
	lose_for(1);
	pass_time(1000);
	check_liveness(a());
	lose_for(1);
	invalid_ike_spi();
	assert_ignored(1);
	pass_time(60000);
	assert_int_equal(a()->child_up + b()->child_up, 2);
	assert_int_equal(a()->ike_down, 0);
}

static void nothing_is_believed_before_it_is_up(void **state)
{
	struct ike_header hdr;

	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	start(net, 0);
	deliver_next();
	deliver_next();
	hdr = answer_to_a();
	hdr.exchange = IKE_AUTH;
	say(0, &hdr, IKE_N_INVALID_IKE_SPI, nothing);
	assert_int_equal(stats(a())->hints, 0);
	assert_int_equal(only_sa(net, 0)->out.hint, 0);
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
}

/* After a while in which it did nothing A asks on, whatever its clock says. */
static void a_host_that_stood_still_does_not_blame_its_peer(void **state)
{
	(void)state;
	up();
	check_liveness(a());
	lose_for(1);
	invalid_ike_spi();
	net->now += 3600000;
	ike_tick(a()->engine, net->now);
	node_drain(a());
	assert_int_equal(a()->ike_down, 0);
	net_settle(net);
	pass_time(60000);
	assert_int_equal(a()->ike_down, 0);
}

static void nobody_waits_longer_for_a_hint(void **state)
{
	(void)state;
	for (unsigned hint = 0; hint < 2; hint++) {
		struct ike_connection *conn;

		up();
		conn = a()->engine->connections[0];
		conn->retransmit_ms = 1000;
		conn->retransmit_percent = 100;
		conn->retransmit_tries = 1;
		net->down = true;
		check_liveness(a());
		pass_time(500);
		if (hint)
			invalid_ike_spi();
		pass_time(1499);
		assert_int_equal(a()->ike_down, 0);
		pass_time(1);
		assert_int_equal(a()->ike_down, 1);
		assert_int_equal(stats(a())->hints, hint);
		net_free(net);
	}
	net = NULL;
}

/* Under protection, in an IKE SA that the peer has begun since: the older one is what is asked. */
static void a_newer_ike_sa_tells_of_an_older_one(void **state)
{
	struct ike_builder inner;
	uint32_t first, second;
	uint8_t buf[64];
	struct packet p;
	struct ike_sa *old;
	uint64_t id;

	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	for (unsigned k = 0; k < 2; k++) {
		net->node[k].engine->connections[0]->unique = IKE_UNIQUE_NEVER;
		add_alike(&net->node[k], "more", "m");
	}
	start(net, 0);
	net_settle(net);
	first = sending_child(a())->sa.spi_out;
	old = only_sa(net, 0);
	forget(b());
	assert_int_equal(ike_initiate(b()->engine, net->now, "more", "m", NULL, &id), 0);
	node_drain(b());
	net_settle(net);
	assert_int_equal(a()->engine->sa_count, 2);
	pass_time(1000);
	second = a()->engine->all->children->spi_out;

	/* That it is alive itself has just been shown. */
	ike_build_chain(&inner, buf, sizeof(buf));
	ike_write_notify(&inner, IKE_PROTO_NONE, nothing, IKE_N_INVALID_SPI, spi_octets(second));
	p = forge(net, 1, IKE_INFORMATIONAL, false, only_sa(net, 1)->out.next_id, &inner);
	net_deliver(net, &p);
	packet_free(&p);
	assert_int_equal(stats(a())->hints, 0);
	assert_int_equal(net->queued, 1); /* the answer */
	net_settle(net);

	ike_build_chain(&inner, buf, sizeof(buf));
	ike_write_notify(&inner, IKE_PROTO_NONE, nothing, IKE_N_INVALID_SPI, spi_octets(first));
	p = forge(net, 1, IKE_INFORMATIONAL, false, only_sa(net, 1)->out.next_id + 1, &inner);
	net_deliver(net, &p);
	packet_free(&p);
	assert_int_equal(stats(a())->hints, 1);
	assert_true(ike_task_is(old->out.task, IKE_EXCHANGE_LIVENESS));
	net_settle(net);
	pass_time(IKE_HINT_PATIENCE_MS);
	assert_int_equal(a()->ike_down, 1);
	assert_int_equal(a()->engine->sa_count, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_peer_that_has_forgotten_is_let_go_within_seconds,
					  teardown),
		cmocka_unit_test_teardown(a_responder_is_told_as_well, teardown),
		cmocka_unit_test_teardown(the_answer_comes_by_the_other_port_too, teardown),
		cmocka_unit_test_teardown(a_packet_of_ours_may_be_what_tells, teardown),
		cmocka_unit_test_teardown(an_invalid_spi_while_we_ask_is_believed_as_much,
					  teardown),
		cmocka_unit_test_teardown(hints_in_a_flood_do_nothing_to_a_peer_that_answers,
					  teardown),
		cmocka_unit_test_teardown(an_answer_among_the_few_is_enough, teardown),
		cmocka_unit_test_teardown(a_hint_must_answer_the_request_that_is_out, teardown),
		cmocka_unit_test_teardown(a_hint_must_come_from_the_peers_address, teardown),
		cmocka_unit_test_teardown(a_peer_that_may_have_moved_is_found_first, teardown),
		cmocka_unit_test_teardown(a_hint_must_name_what_we_send_on, teardown),
		cmocka_unit_test_teardown(hints_for_many_are_bounded_in_all, teardown),
		cmocka_unit_test_teardown(a_peer_may_be_at_work_on_an_answer, teardown),
		cmocka_unit_test_teardown(
			a_peer_that_forgot_what_it_was_asked_for_goes_after_a_minute, teardown),
		cmocka_unit_test_teardown(who_may_not_be_up_yet_is_not_let_go, teardown),
		cmocka_unit_test_teardown(nothing_is_believed_before_it_is_up, teardown),
		cmocka_unit_test_teardown(a_host_that_stood_still_does_not_blame_its_peer,
					  teardown),
		cmocka_unit_test_teardown(nobody_waits_longer_for_a_hint, teardown),
		cmocka_unit_test_teardown(a_newer_ike_sa_tells_of_an_older_one, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
