/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is bounded or believed only on evidence: forged errors, floods, failures again and again,
 * peers that forget, addresses that change, shutting down.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

static void lose_all(void)
{
	while (net->queued) {
		struct packet p = net_take(net);

		packet_free(&p);
	}
}

static void establish(const struct side *one, const struct side *two)
{
	net = net_new(7, one, two);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
}

static unsigned count_state(const struct node *node, enum ike_state state)
{
	unsigned count = 0;

	for (const struct ike_sa *sa = node->engine->all; sa; sa = sa->links.next)
		count += sa->state == state;
	return count;
}

static const struct child_sa *child_of(struct node *node)
{
	struct installed *child = present_child(node);

	assert_non_null(child);
	return &child->sa;
}

/* Before there are keys */

static void forged_error(uint16_t type, struct ike_slice data)
{
	struct ike_header hdr = {.spi_i = only_sa(net, 0)->spi_i,
				 .major = 2,
				 .exchange = IKE_SA_INIT,
				 .flags = IKE_FLAG_RESPONSE};
	struct ike_builder builder;
	uint8_t buf[128];

	ike_build_message(&builder, buf, sizeof(buf), &hdr);
	ike_write_notify(&builder, 0, ike_slice(NULL, 0), type, data);
	assert_int_equal(ike_build_finish(&builder), 0);
	send_raw(net, 0, buf, builder.w.len, 500);
}

/*
 *   A  IKE_SA_INIT -->        B
 *   <-- forged errors
 *      <-- IKE_SA_INIT, and so on
 */
static void forged_errors_do_not_end_an_attempt_that_the_peer_answers(void **state)
{
	static const uint8_t group[] = {0, IKE_GROUP_MODP_2048};
	uint8_t cookie[8];

	(void)state;
	net = net_new(3, &SIDE_A, &SIDE_B);
	start(net, 0);
	forged_error(IKE_N_NO_PROPOSAL_CHOSEN, ike_slice(NULL, 0));
	forged_error(IKE_N_INVALID_SYNTAX, ike_slice(NULL, 0));
	forged_error(IKE_N_INVALID_KE_PAYLOAD, ike_slice(group, 2));
	assert_int_equal(a()->ike_down, 0);
	b()->install_delay = 2 * IKE_INIT_ERROR_MS; /* IKE_AUTH has all the time it needs */
	pass_time(20000);
	assert_int_equal(a()->child_up + b()->child_up, 2);
	assert_int_equal(a()->ike_down, 0);
	net_free(net);

	/* Cookies without end are an error as well. */
	net = net_new(3, &SIDE_A, &SIDE_B);
	start(net, 0);
	for (unsigned i = 0; i < 2 * IKE_INIT_ROUNDS_MAX; i++) {
		memset(cookie, (int)i + 1, sizeof(cookie));
		forged_error(IKE_N_COOKIE, ike_slice(cookie, sizeof(cookie)));
	}
	assert_int_equal(a()->ike_down, 0);
	assert_in_range(net->sent, 1, IKE_INIT_ROUNDS_MAX + 1);
}

static void an_error_that_nothing_better_follows_is_the_reason(void **state)
{
	(void)state;
	net = net_new(3, &SIDE_A, &SIDE_B);
	start(net, 0);
	lose_all();
	forged_error(IKE_N_NO_PROPOSAL_CHOSEN, ike_slice(NULL, 0));
	pass_time(IKE_INIT_ERROR_MS - 1);
	assert_int_equal(a()->ike_down, 0);
	pass_time(1);
	assert_int_equal(a()->ike_down, 1);
	assert_non_null(strstr(a()->ike_reason, "NO_PROPOSAL_CHOSEN from peer in IKE_SA_INIT"));
	assert_true(nothing_left(a()));
}

/*
 * A thousand spoofed requests with nothing that B would take, then with a group it won't: after a
 * few refusals B asks for cookies before it looks at what is offered. That and the demand for a
 * group are steps of a negotiation, shorter than what asks for them, and sent each time.
 */
static void refusals_of_spoofed_requests_are_bounded_and_so_is_the_log(void **state)
{
	static const char *const suites[] = {"aes128-sha256-x25519",
					     "aes256gcm16-prfsha384-ecp256-x25519"};

	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		struct side one = SIDE_A;
		unsigned answers = 0, lines = 0, cookies;
		struct ike_action *action;
		struct packet p;

		one.ike = suites[kind];
		net = net_new(2, &one, &SIDE_B);
		set_hosts(b(), b()->engine->connections[0], NULL, "");
		start(net, 0);
		p = net_take(net);
		for (unsigned i = 0; i < 1000; i++) {
			p.remote.ip[2] = (uint8_t)(i >> 8);
			p.remote.ip[3] = (uint8_t)i;
			ike_receive(b()->engine, net->now, &p.local, &p.remote,
				    ike_slice(p.data, p.len));
			while ((action = ike_next_action(b()->engine))) {
				answers += action->type == IKE_ACTION_SEND;
				lines += action->type == IKE_ACTION_LOG;
				ike_action_free(action);
			}
		}
		cookies = (unsigned)ike_engine_stats(b()->engine)->cookies_sent;
		assert_int_equal(answers, kind ? 1000 : 999);
		assert_int_equal(answers - cookies, IKE_RATE_BURST + kind);
		assert_in_range(lines, 0, IKE_RATE_BURST);
		assert_int_equal(b()->engine->sa_count, 0);
		packet_free(&p);
		net_free(net);
		net = NULL;
	}
}

/* Garbage that brings answers doesn't keep B from telling an honest peer which group it takes. */
static void garbage_does_not_starve_a_negotiation(void **state)
{
	struct side one = SIDE_A;
	uint8_t garbage[28] = {
		1, [17] = 0x20, [18] = IKE_INFORMATIONAL, [19] = IKE_FLAG_INITIATOR, [27] = 28};

	(void)state;
	one.ike = "aes256gcm16-prfsha384-ecp256-x25519";
	net = net_new(2, &one, &SIDE_B);
	for (unsigned i = 0; i < 1000; i++) {
		garbage[8] = 1;
		garbage[9] = (uint8_t)(i >> 8);
		garbage[10] = (uint8_t)i;
		send_raw(net, 1, garbage, sizeof(garbage), 500);
	}
	lose_all();
	assert_false(ike_answer_allowed(b()->engine, net->now));
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
}

/*
 * Public values that are none cost a key pair each: so many and no more until B asks for cookies,
 * as it would be for as many that are half-open.
 */
static void bad_public_values_bring_cookies(void **state)
{
	(void)state;
	net = net_new(2, &SIDE_A, &SIDE_B);
	set_hosts(b(), b()->engine->connections[0], NULL, "");
	for (unsigned i = 0; i < 100; i++) {
		struct ike_payloads payloads;
		struct ike_slice ke;
		struct packet p;

		start(net, 0);
		p = net_take(net);
		assert_int_equal(ike_payloads_parse(ike_slice(p.data + 28, p.len - 28), p.data[16],
						    &payloads),
				 0);
		assert_int_equal(ike_payloads_one(&payloads, IKE_PAYLOAD_KE, &ke), 0);
		memset((uint8_t *)ke.data + 4, 0, ke.len - 4);
		p.remote.ip[3] = (uint8_t)i;
		net_deliver(net, &p);
		packet_free(&p);
		terminate_each(a());
		lose_all();
	}
	assert_int_equal(b()->engine->half_open.count, IKE_RATE_BURST + 1);
	assert_int_equal(ike_engine_stats(b()->engine)->cookies_sent, 100 - IKE_RATE_BURST - 1);
	pass_time(30000);
	assert_true(nothing_left(b()));
}

/* Whoever fails to authenticate has his address's share of half-open IKE SAs, and no more. */
static void failing_again_and_again_is_as_bounded_as_being_half_open(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.psk = "a guess";
	two.max_half_open = 5;
	net = net_new(2, &one, &two);
	for (unsigned i = 0; i < 9; i++) {
		start(net, 0);
		net_settle(net);
		terminate_each(a());
		lose_all();
	}
	assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 5);
	assert_int_equal(ike_engine_stats(b()->engine)->drop_limit, 4);
	assert_int_equal(b()->engine->half_open.count, 5);
	pass_time(30000);
	assert_true(nothing_left(b()));
	start(net, 0);
	net_settle(net);
	assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 6);
}

static void a_refused_initiator_gets_the_same_answer_again_and_no_second_try(void **state)
{
	struct side one = SIDE_A;
	struct packet auth, answer, again;

	(void)state;
	one.psk = "a guess";
	net = net_new(2, &one, &SIDE_B);
	start(net, 0);
	deliver_next();
	deliver_next();
	auth = net_take(net);
	net_deliver(net, &auth);
	answer = net_take(net);
	net_deliver(net, &auth);
	again = net_take(net);
	assert_int_equal(again.len, answer.len);
	assert_memory_equal(again.data, answer.data, answer.len);
	{
		struct ike_builder inner;
		uint8_t buf[64];
		struct packet p;

		ike_build_chain(&inner, buf, sizeof(buf));
		p = forge(net, 0, IKE_AUTH, false, 2, &inner);
		net_deliver(net, &p);
		packet_free(&p);
	}
	assert_int_equal(net->queued, 0);
	assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
	packet_free(&auth);
	packet_free(&answer);
	packet_free(&again);
}

/* Peers with the right key */

/*
 * B follows A, which pretends a NAT. A's request is caught on the way and sent from elsewhere:
 *
 *   A  INFORMATIONAL -->  attacker --> B
 *                         attacker <-- answer
 *                         attacker <-- INFORMATIONAL {}
 *      <-- INFORMATIONAL {}                    the same
 *      answer -->                       B      stays
 */
static void a_message_sent_on_from_elsewhere_moves_nothing(void **state)
{
	struct side one = SIDE_A;
	struct ike_builder inner;
	uint8_t buf[64];
	struct packet p;

	(void)state;
	one.encap = true;
	establish(&one, &SIDE_B);
	ike_build_chain(&inner, buf, sizeof(buf));
	p = forge(net, 0, IKE_INFORMATIONAL, false, 2, &inner);
	p.remote.ip[3] = 77;
	p.remote.port = 7777;
	net_deliver(net, &p);
	packet_free(&p);
	assert_int_equal(b()->updates, 0);
	assert_int_equal(only_sa(net, 1)->path.remote.ip[3], 1);
	assert_int_equal(net->queued, 3); /* the answer, and a question to both places */
	for (unsigned i = 0; i < 3; i++) {
		p = net_take(net);
		if (p.local.ip[3] == 1)
			net_deliver(net, &p);
		packet_free(&p);
	}
	net_settle(net);
	assert_int_equal(b()->updates, 0);
	assert_int_equal(only_sa(net, 1)->path.remote.ip[3], 1);
	assert_null(only_sa(net, 1)->out.task);
	assert_null(only_sa(net, 1)->ways);
}

/* A NAT that gives each datagram another port must not have us ask without end. */
static void a_peer_that_is_elsewhere_each_time_is_asked_once(void **state)
{
	struct side one = SIDE_A;
	struct ike_builder inner;
	uint8_t buf[64];
	struct packet p;
	uint16_t port = 7000;

	(void)state;
	one.encap = true;
	establish(&one, &SIDE_B);
	ike_build_chain(&inner, buf, sizeof(buf));
	p = forge(net, 0, IKE_INFORMATIONAL, false, 2, &inner);
	p.remote.port = port++;
	net->sent = 0;
	net_deliver(net, &p);
	packet_free(&p);
	while (net->queued) {
		p = net_take(net);
		p.local.port = 4500;
		if (p.to == 1)
			p.remote.port = port++;
		net_deliver(net, &p);
		packet_free(&p);
		assert_in_range(net->sent, 1, 10);
	}
}

static void encapsulation_is_what_both_were_told_and_only_on_the_port_for_it(void **state)
{
	struct ike_connection *named;
	struct ike_sa *sa;

	(void)state;
	/* The connection that answers IKE_SA_INIT isn't the one that the identity leads to. */
	for (unsigned pretending = 0; pretending < 2; pretending++) {
		net = net_new(5, &SIDE_A, &SIDE_B);
		named = add_alike(b(), "named", "c");
		b()->engine->connections[0]->remote_id = (struct ike_id){.type = IKE_ID_ANY};
		b()->engine->connections[0]->encap = pretending;
		named->encap = !pretending;
		start(net, 0);
		net_settle(net);
		assert_string_equal(child_of(b())->connection, "named");
		assert_int_equal(child_of(a())->encap, pretending);
		assert_int_equal(child_of(b())->encap, pretending);
		net_free(net);
	}
	net = net_new(5, &SIDE_A, &SIDE_B);
	start(net, 0);
	net_settle(net);
	sa = only_sa(net, 1);
	sa->path.nat_remote = true;
	assert_false(ike_path_encap(b()->engine, &sa->path)); /* port 500 */
	sa->path.local.port = 4500;
	assert_true(ike_path_encap(b()->engine, &sa->path));
}

/* A loses its memory twenty times, says so never, and B doesn't ask whether it lives. */
static void ike_sas_of_a_forgetful_peer_do_not_pile_up(void **state)
{
	struct side one = SIDE_A;
	unsigned installed = 0;

	(void)state;
	one.unique = IKE_UNIQUE_NEVER;
	net = net_new(7, &one, &SIDE_B);
	for (unsigned i = 0; i < 20; i++) {
		start(net, 0);
		net_settle(net);
		while (a()->engine->all) {
			ike_sa_down(a()->engine, a()->engine->all, "forgotten");
			ike_reap(a()->engine);
		}
		node_drain(a());
		lose_all();
		pass_time(1000);
	}
	pass_time(20000);
	assert_int_equal(b()->ike_up, 20);
	assert_int_equal(count_state(b(), IKE_STATE_ESTABLISHED), IKE_SAS_PER_PEER_MAX);
	assert_int_equal(b()->engine->sa_count, IKE_SAS_PER_PEER_MAX);
	for (unsigned i = 0; i < b()->child_count; i++) {
		installed += b()->children[i].present;
		assert_int_equal(b()->children[i].present, i >= 12); /* the newest stay */
	}
	assert_int_equal(installed, IKE_SAS_PER_PEER_MAX);
}

/* All in one IKE SA, made one after the other. */
static void as_many_children_as_are_configured_stay_up(void **state)
{
	enum { CHILDREN = IKE_SAS_PER_PEER_MAX + 4 };
	char name[8], text[32], error[128];
	uint64_t id;

	(void)state;
	net = net_new(9, &SIDE_A, &SIDE_B);
	for (unsigned node = 0; node < 2; node++) {
		struct ike_connection *conn = net->node[node].engine->connections[0];

		for (unsigned i = 0; i < CHILDREN; i++) {
			struct ike_child_config *child;

			snprintf(name, sizeof(name), "c%u", i);
			child = ike_connection_add_child(conn, name);
			snprintf(text, sizeof(text), "10.%u.%u.0/24", 20 + node, i);
			assert_int_equal(
				ike_ts_parse(text, &child->local_ts.list[0], error, sizeof(error)),
				0);
			snprintf(text, sizeof(text), "10.%u.%u.0/24", 21 - node, i);
			assert_int_equal(
				ike_ts_parse(text, &child->remote_ts.list[0], error, sizeof(error)),
				0);
			child->local_ts.count = child->remote_ts.count = 1;
		}
	}
	for (unsigned i = 0; i < CHILDREN; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", name, NULL, &id), 0);
		node_drain(a());
		net_settle(net);
	}
	pass_time(100000);
	assert_int_equal(a()->child_up, CHILDREN);
	assert_int_equal(b()->child_up, CHILDREN);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	assert_int_equal(a()->engine->sa_count, 1);
	assert_int_equal(b()->engine->sa_count, 1);
}

static void an_ike_sa_without_a_child_sa_is_deleted_after_a_minute(void **state)
{
	struct side two = SIDE_B;

	(void)state;
	establish(&SIDE_A, &two);
	pass_time(3600000);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	ike_terminate_child(a()->engine, net->now, child_of(a())->child_id);
	node_drain(a());
	net_settle(net);
	pass_time(59999);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	pass_time(1);
	net_settle(net);
	assert_true(nothing_left(a()) && nothing_left(b()));
	net_free(net);
	two.esp = "aes128-sha256"; /* one that never had any */
	net = net_new(7, &SIDE_A, &two);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->ike_up + b()->ike_up, 2);
	pass_time(60000);
	assert_true(nothing_left(a()) && nothing_left(b()));
}

/* Two handshakes of one peer at once, while B's data path takes its time. */
static void unique_keep_keeps_one_though_two_come_at_once(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	uint64_t id;

	(void)state;
	one.unique = IKE_UNIQUE_NEVER;
	two.unique = IKE_UNIQUE_KEEP;
	net = net_new(7, &one, &two);
	b()->install_holds = true;
	add_alike(a(), "again", "d");
	start(net, 0);
	assert_int_equal(ike_initiate(a()->engine, net->now, "again", NULL, NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	assert_int_equal(b()->job_count, 2);
	b()->install_holds = false;
	node_drain(b());
	net_settle(net);
	assert_int_equal(b()->ike_up, 1);
	assert_int_equal(a()->ike_up, 1);
	assert_non_null(strstr(a()->ike_reason, "AUTHENTICATION_FAILED"));
	assert_int_equal(b()->spis_out, 1);
	assert_int_equal(b()->child_up, 1);
	pass_time(30000);
	assert_int_equal(b()->engine->sa_count, 1);
	assert_int_equal(a()->engine->sa_count, 1);
}

/* As if each were another peer: A has an identity in each connection. It comes up, and B rekeys the
 * newest Child SA and the newest IKE SA that it has. */
static uint64_t links_found_for_peer(unsigned n)
{
	uint64_t before = ike_table_found(), id;
	struct ike_connection *conn;
	char name[8], error[128];

	snprintf(name, sizeof(name), "p%u", n);
	conn = add_alike(a(), name, "c");
	assert_int_equal(ike_id_parse(name, &conn->local_id, error, sizeof(error)), 0);
	assert_int_equal(ike_initiate(a()->engine, net->now, name, NULL, NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	assert_int_equal(ike_rekey_child(b()->engine, net->now, present_child(b())->sa.child_id),
			 0);
	node_drain(b());
	net_settle(net);
	assert_int_equal(ike_rekey(b()->engine, net->now, b()->engine->all->id), 0);
	node_drain(b());
	net_settle(net);
	return ike_table_found() - before;
}

/* All are in one connection of B's; none of them is looked at for another one. */
static void one_more_peer_costs_what_the_first_ones_did(void **state)
{
	enum { FEW = 6, MANY = NODE_CHILDREN / 2 };
	uint64_t few = 0, many = 0;
	struct side two = SIDE_B;

	(void)state;
	two.peer_id = NULL;
	net = net_new(7, &SIDE_A, &two);
	for (unsigned n = 0; n < MANY; n++) {
		uint64_t found = links_found_for_peer(n);

		few += n < FEW ? found : 0;
		many += n >= MANY - FEW ? found : 0;
	}
	assert_int_equal(b()->ike_up, MANY);
	assert_int_equal(b()->rekeyed, MANY);
	assert_int_equal(b()->ike_rekeyed, MANY);
	assert_true(many < few + FEW);
}

/* B has children c and d; A asks for each with an IKE SA of its own. */
static void begin_with_two_children(enum ike_unique unique)
{
	struct side one = SIDE_A, two = SIDE_B;
	struct ike_child_config *child;
	struct ike_connection *again;
	char error[128];

	one.unique = IKE_UNIQUE_NEVER;
	two.unique = unique;
	net = net_new(7, &one, &two);
	again = add_alike(a(), "again", "d");
	child = ike_connection_add_child(b()->engine->connections[0], "d");
	*child = b()->engine->connections[0]->children[0];
	strcpy(child->name, "d");
	assert_int_equal(
		ike_ts_parse("10.8.0.0/16", &child->local_ts.list[0], error, sizeof(error)), 0);
	again->children[0].remote_ts = child->local_ts;
}

static void unique_replace_lets_other_children_be(void **state)
{
	uint64_t id;

	(void)state;
	begin_with_two_children(IKE_UNIQUE_REPLACE);
	for (unsigned i = 0; i < 3; i++) {
		net->now += 1000;
		ike_initiate(a()->engine, net->now, "net", "c", NULL, &id);
		ike_initiate(a()->engine, net->now, "again", "d", NULL, &id);
		node_drain(a());
		net_settle(net);
	}
	assert_int_equal(b()->child_up, 2);
	assert_int_equal(b()->child_down, 0);
	assert_int_equal(b()->engine->sa_count, 2);
}

static void a_starts_anew(void)
{
	ike_sa_down(a()->engine, only_sa(net, 0), "as if restarted");
	ike_reap(a()->engine);
	node_drain(a());
	start(net, 0);
	net_settle(net);
}

/* A restarts: its new IKE SA says INITIAL_CONTACT, and isn't kept out by the one that it forgot. */
static void unique_keep_lets_a_restarted_peer_in(void **state)
{
	struct side two = SIDE_B;

	(void)state;
	two.unique = IKE_UNIQUE_KEEP;
	establish(&SIDE_A, &two);
	net->now += 1000;
	a_starts_anew();
	assert_int_equal(a()->child_up, 2);
	assert_int_equal(b()->engine->sa_count, 1);
	assert_non_null(strstr(b()->ike_reason, "INITIAL_CONTACT"));
}

/* A restarts where it was and doesn't say so, nor anything else: the new one replaces the old one
 * all the same, and has its flow. */
static void who_restarts_without_a_word_is_found_out(void **state)
{
	static const enum ike_unique policies[] = {IKE_UNIQUE_REPLACE, IKE_UNIQUE_KEEP};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct side one = SIDE_A, two = SIDE_B;

		one.unique = IKE_UNIQUE_NEVER;
		two.unique = policies[i];
		establish(&one, &two);
		net->now += 20000;
		a_starts_anew();
		assert_int_equal(a()->child_up, 2);
		assert_int_equal(b()->engine->sa_count, 2);
		pass_time(90000);
		assert_int_equal(b()->engine->sa_count, 1);
		assert_non_null(strstr(b()->ike_reason, "replaced by a newer IKE SA"));
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		teardown(state);
	}
}

static void unique_never_lets_any_number_share_an_identity(void **state)
{
	enum { CLIENTS = 3 * IKE_SAS_PER_PEER_MAX };
	struct side one = SIDE_A, two = SIDE_B;
	char name[8];
	uint64_t id;

	(void)state;
	one.unique = two.unique = IKE_UNIQUE_NEVER;
	net = net_new(7, &one, &two);
	for (unsigned i = 0; i < CLIENTS; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		add_alike(a(), name, "c");
		assert_int_equal(ike_initiate(a()->engine, net->now, name, "c", NULL, &id), 0);
		node_drain(a());
		net_settle(net);
	}
	assert_int_equal(b()->engine->sa_count, CLIENTS);
	assert_int_equal(b()->ike_down, 0);
}

static void after_shutting_down_nothing_comes_up_any_more(void **state)
{
	uint64_t id;

	(void)state;
	/* stage: how many messages went before B shut down */
	for (unsigned stage = 0; stage < 4; stage++) {
		net = net_new(6, &SIDE_A, &SIDE_B);
		b()->install_holds = true;
		start(net, 0);
		for (unsigned i = 0; i < stage; i++)
			deliver_next();
		ike_terminate_all(b()->engine, net->now);
		node_drain(b());
		assert_int_equal(b()->engine->sa_count, 0);
		b()->install_holds = false;
		node_drain(b());
		assert_int_equal(ike_initiate(b()->engine, net->now, "net", "c", NULL, &id),
				 -ESHUTDOWN);
		net_settle(net);
		pass_time(600000);
		assert_int_equal(b()->ike_up, 0);
		assert_true(nothing_left(b()));
		net_free(net);
	}
	establish(&SIDE_A, &SIDE_B);
	ike_terminate_all(b()->engine, net->now);
	node_drain(b());
	net_settle(net);
	start(net, 0);
	net_settle(net);
	assert_null(present_child(b()));
	assert_true(nothing_left(b()));
}

static void of_connections_alike_the_one_with_the_selectors_is_taken(void **state)
{
	struct ike_connection *second;
	char error[128];

	(void)state;
	net = net_new(8, &SIDE_A, &SIDE_B);
	second = add_alike(b(), "second", "other");
	add_alike(b(), "third", "unneeded");
	assert_int_equal(ike_ts_parse("10.9.0.0/16",
				      &b()->engine->connections[0]->children[0].local_ts.list[0],
				      error, sizeof(error)),
			 0);
	start(net, 0);
	net_settle(net);
	assert_string_equal(child_of(b())->connection, "second");
	assert_string_equal(child_of(b())->child, "other");
	assert_true(children_agree(present_child(a()), present_child(b())));
	net_free(net);

	/* But not one for everybody, where there is one for this peer. */
	net = net_new(8, &SIDE_A, &SIDE_B);
	second = add_alike(b(), "second", "other");
	second->remote_id = (struct ike_id){.type = IKE_ID_ANY};
	assert_int_equal(ike_ts_parse("10.9.0.0/16",
				      &b()->engine->connections[0]->children[0].local_ts.list[0],
				      error, sizeof(error)),
			 0);
	start(net, 0);
	net_settle(net);
	assert_null(present_child(b()));
	assert_int_equal(b()->child_down, 1);
	assert_non_null(strstr(b()->child_reason, "TS_UNACCEPTABLE"));
	assert_string_equal(b()->child_name, "c"); /* it's told by name */
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(forged_errors_do_not_end_an_attempt_that_the_peer_answers),
		T(an_error_that_nothing_better_follows_is_the_reason),
		T(refusals_of_spoofed_requests_are_bounded_and_so_is_the_log),
		T(garbage_does_not_starve_a_negotiation),
		T(bad_public_values_bring_cookies),
		T(failing_again_and_again_is_as_bounded_as_being_half_open),
		T(a_refused_initiator_gets_the_same_answer_again_and_no_second_try),
		T(a_message_sent_on_from_elsewhere_moves_nothing),
		T(a_peer_that_is_elsewhere_each_time_is_asked_once),
		T(encapsulation_is_what_both_were_told_and_only_on_the_port_for_it),
		T(ike_sas_of_a_forgetful_peer_do_not_pile_up),
		T(as_many_children_as_are_configured_stay_up),
		T(one_more_peer_costs_what_the_first_ones_did),
		T(an_ike_sa_without_a_child_sa_is_deleted_after_a_minute),
		T(unique_keep_keeps_one_though_two_come_at_once),
		T(unique_replace_lets_other_children_be),
		T(unique_keep_lets_a_restarted_peer_in),
		T(who_restarts_without_a_word_is_found_out),
		T(unique_never_lets_any_number_share_an_identity),
		T(after_shutting_down_nothing_comes_up_any_more),
		T(of_connections_alike_the_one_with_the_selectors_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
