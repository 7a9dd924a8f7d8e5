/* SPDX-License-Identifier: BSD-2-Clause */
/* What is configured of a connection changes while it is up. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

static struct ike_connection *connection(const struct node *node)
{
	return node->engine->connections[0];
}

/* As it is configured now, the caller's to change. */
static struct ike_connection *copy_of(const struct ike_connection *conn)
{
	struct ike_connection *copy = ike_connection_new(conn->name);

	assert_non_null(copy);
	ike_hosts_copy(&copy->local, &conn->local);
	ike_hosts_copy(&copy->remote, &conn->remote);
	copy->local_id = conn->local_id;
	copy->remote_id = conn->remote_id;
	copy->proposal_count = conn->proposal_count;
	memcpy(copy->proposals, conn->proposals, sizeof(copy->proposals));
	copy->unique = conn->unique;
	for (unsigned i = 0; i < conn->child_count; i++)
		*ike_connection_add_child(copy, conn->children[i].name) = conn->children[i];
	return copy;
}

static void update(struct node *node, struct ike_connection *conn)
{
	assert_int_equal(ike_engine_update_connection(node->engine, net->now, conn), 0);
	assert_ptr_equal(connection(node), conn);
	node_drain(node);
}

static void assert_goes_on(void)
{
	assert_int_equal(a()->child_down + b()->child_down, 0);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
}

static void end(void)
{
	net->watch_flow = false;
	assert_all_gone(a());
	assert_true(nothing_left(b()));
	assert_int_equal(a()->spis_out + b()->spis_out, 0);
}

static int initiate(const char *child)
{
	uint64_t id;
	int err = ike_initiate(a()->engine, net->now, "net", child, NULL, &id);

	node_drain(a());
	return err;
}

static void an_ike_sa_goes_on_under_what_its_connection_has_become(void **state)
{
	struct ike_connection *conn;

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	conn = copy_of(connection(a()));
	update(a(), conn);
	assert_ptr_equal(only_sa(net, 0)->conn, conn);
	assert_int_equal(conn->references, 2);
	assert_null(conn->before);
	assert_int_equal(initiate("c"), -EISCONN);
	rekey(a());
	rekey_ike(a());
	net_settle(net);
	assert_int_equal(a()->rekeyed, 1);
	assert_int_equal(a()->ike_rekeyed, 1);
	pass_time(10000);
	assert_goes_on();
	end();
}

static void times_hold_from_now_on(void **state)
{
	struct ike_connection *conn;

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	pass_time(3600000);
	conn = copy_of(connection(a()));
	conn->dpd_delay_ms = 5000;
	conn->retransmit_tries = 2;
	conn->children[0].rekey_ms = 20000;
	update(a(), conn);
	rekey(a());
	net_settle(net);
	pass_time(30000);
	assert_int_equal(a()->rekeyed, 2); /* the lifetime is that of the successor */
	net->down = true;
	pass_time(60000);
	assert_int_equal(a()->ike_down, 1);
	assert_int_equal(a()->child_cause, IKE_CAUSE_DEAD);
}

static void liveness_checks_end_when_they_are_not_configured_any_more(void **state)
{
	struct side one = SIDE_A;
	uint64_t sent;

	(void)state;
	one.dpd_ms = 1000;
	establish(&one, &SIDE_B);
	update(a(), copy_of(connection(a())));
	sent = net->sent;
	pass_time(600000);
	assert_true(net->sent == sent);
	assert_goes_on();
	end();
}

/* The Child SA of what went is the caller's to delete; its IKE SA and the other one stay. */
static void a_child_that_went_lives_on_until_it_is_deleted(void **state)
{
	struct ike_connection *conn;
	struct ike_child *child;

	(void)state;
	establish_one_of_two(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	ask_for_another();
	net_settle(net);
	assert_int_equal(a()->child_up, 2);
	conn = copy_of(connection(a()));
	conn->child_count = 1;
	update(a(), conn);
	assert_non_null(conn->before);
	assert_int_equal(initiate("d"), -ENOENT);
	rekey_ike(a());
	net_settle(net);
	assert_int_equal(a()->child_down, 0);
	child = only_sa(net, 0)->children;
	while (strcmp(child->config->name, "d") != 0)
		child = child->next;
	assert_int_equal(ike_terminate_child(a()->engine, net->now, child->id), 0);
	node_drain(a());
	net_settle(net);
	pass_time(10000);
	assert_string_equal(a()->child_name, "d");
	assert_int_equal(a()->child_down, 1);
	assert_int_equal(b()->child_down, 1);
	assert_int_equal(initiate("c"), -EISCONN);
	/* Nothing is of what it was any more. */
	update(a(), copy_of(connection(a())));
	assert_null(connection(a())->before);
	end();
}

static void a_child_with_other_selectors_is_another_one(void **state)
{
	struct ike_connection *conn;

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	conn = copy_of(connection(a()));
	conn->children[0].remote_ts.list[0].last[3]--;
	update(a(), conn);
	assert_non_null(conn->before);
	assert_int_equal(initiate("c"), 0);
	net_settle(net);
	assert_int_equal(a()->child_up, 2);
	end();
}

/* With `rest` messages yet to come the connection changes: the negotiation is none the worse. */
static void a_handshake_goes_on(void **state)
{
	(void)state;
	for (unsigned rest = 0; rest < 5; rest++) {
		net = net_new(31 + rest, &SIDE_A, &SIDE_B);
		a()->ke_holds = true;
		assert_int_equal(initiate("c"), 0);
		if (rest < 4) {
			a()->ke_holds = false;
			while (a()->job_count)
				node_answer(a(), 0);
			node_drain(a());
		}
		for (unsigned i = rest; i < 4 && net->queued; i++)
			deliver_next();
		update(a(), copy_of(connection(a())));
		update(b(), copy_of(connection(b())));
		a()->ke_holds = false;
		while (a()->job_count)
			node_answer(a(), 0);
		node_drain(a());
		net_settle(net);
		assert_int_equal(a()->child_up, 1);
		assert_goes_on();
		end();
		teardown(state);
	}
}

/* What is going to be asked for is asked for as it is now, or not at all. */
static void what_waits_for_its_turn_is_what_is_configured_then(void **state)
{
	(void)state;
	for (unsigned gone = 0; gone < 2; gone++) {
		struct ike_connection *conn;

		establish_one_of_two(&SIDE_A, &SIDE_B);
		net->watch_flow = false;
		rekey(a());
		assert_int_equal(initiate("d"), 0); /* after that */
		assert_int_equal(initiate("d"), -EALREADY);
		conn = copy_of(connection(a()));
		if (gone)
			conn->child_count = 1;
		update(a(), conn);
		assert_int_equal(initiate("d"), gone ? -ENOENT : -EALREADY);
		assert_int_equal(a()->child_down, gone);
		net_settle(net);
		pass_time(10000);
		assert_int_equal(a()->child_up, gone ? 1 : 2);
		assert_int_equal(a()->rekeyed, 1);
		end();
		teardown(state);
	}
}

static void connections_are_found_by_name(void **state)
{
	struct ike_connection *conn, *other;

	(void)state;
	net = net_new(7, &SIDE_A, &SIDE_B);
	for (unsigned i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "c%u", i);
		conn = ike_connection_new(name);
		assert_int_equal(ike_engine_add_connection(a()->engine, conn), 0);
		assert_int_equal(ike_engine_add_connection(a()->engine, conn), -EEXIST);
	}
	other = ike_connection_new("c150");
	assert_int_equal(ike_engine_update_connection(a()->engine, 0, other), 0);
	assert_ptr_equal(a()->engine->connections[151], other); /* at the old one's place */
	assert_int_equal(ike_engine_remove_connection(a()->engine, "c150"), 0);
	assert_int_equal(ike_engine_remove_connection(a()->engine, "c150"), -ENOENT);
	other = ike_connection_new("c150");
	assert_int_equal(ike_engine_update_connection(a()->engine, 0, other), -ENOENT);
	assert_int_equal(ike_engine_add_connection(a()->engine, other), 0);
	assert_int_equal(a()->engine->connection_count, 301);
}

/* Behind a NAT, whose mapping is to be kept. */
static void keepalives_follow_what_is_configured(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.encap = true;
	establish(&one, &SIDE_B);
	net->watch_flow = false;
	ike_engine_set_keepalive(a()->engine, net->now, IKE_NEVER);
	only_sa(net, 0)->path.nat_local = true;
	pass_time(60000);
	a()->keepalives = 0;
	pass_time(600000);
	assert_int_equal(a()->keepalives, 0);
	ike_engine_set_keepalive(a()->engine, net->now, 10000);
	pass_time(95000);
	assert_int_equal(a()->keepalives, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_ike_sa_goes_on_under_what_its_connection_has_become,
					  teardown),
		cmocka_unit_test_teardown(times_hold_from_now_on, teardown),
		cmocka_unit_test_teardown(liveness_checks_end_when_they_are_not_configured_any_more,
					  teardown),
		cmocka_unit_test_teardown(a_child_that_went_lives_on_until_it_is_deleted, teardown),
		cmocka_unit_test_teardown(a_child_with_other_selectors_is_another_one, teardown),
		cmocka_unit_test_teardown(a_handshake_goes_on, teardown),
		cmocka_unit_test_teardown(what_waits_for_its_turn_is_what_is_configured_then,
					  teardown),
		cmocka_unit_test_teardown(connections_are_found_by_name, teardown),
		cmocka_unit_test_teardown(keepalives_follow_what_is_configured, teardown),
	};

	return cmocka_run_group_tests_name("ike update", tests, NULL, NULL);
}
