/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE SAs that are made anew beside the old one, and those without a Child SA; also what a packet
 * that waits is worth, and who is behind an end.
 */
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

/* Nothing is up yet; each has `children` of them: c, d, ... with networks of their own. */
static void prepare(unsigned children)
{
	net = net_new(23, &SIDE_A, &SIDE_B);
	for (unsigned i = 0; i < 2; i++) {
		struct ike_connection *conn = connection(&net->node[i]);

		for (unsigned k = 1; k < children; k++) {
			char name[2] = {(char)('c' + k), 0};
			struct ike_child_config *config = ike_connection_add_child(conn, name);
			struct ike_ts *ts;

			*config = conn->children[0];
			strcpy(config->name, name);
			/* of A */
			ts = i ? &config->remote_ts.list[0] : &config->local_ts.list[0];
			ts->first[1] = ts->last[1] = (uint8_t)(100 + k);
		}
	}
}

static void bring_up(const char *child)
{
	uint64_t id;
	int err = ike_initiate(a()->engine, net->now, "net", child, NULL, &id);

	assert_int_equal(err, 0);
	node_drain(a());
	net_settle(net);
}

static void end(void)
{
	net->watch_flow = false;
	assert_all_gone(a());
	assert_true(nothing_left(b()));
	assert_int_equal(a()->spis_out + b()->spis_out, 0);
}

/*
 *   A  IKE_SA_INIT, IKE_AUTH -->          B     beside the old one
 *      <-- ...                                  A sends on the new one, B as soon as A is known to
 *      INFORMATIONAL D(IKE), old -->
 */
static void reauthentication_makes_before_it_breaks(void **state)
{
	static const enum ike_unique policies[] = {IKE_UNIQUE_NO, IKE_UNIQUE_NEVER,
						   IKE_UNIQUE_REPLACE, IKE_UNIQUE_KEEP};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t first;

		prepare(1);
		connection(a())->reauth_ms = 3600000;
		connection(a())->over_ms = 360000;
		connection(b())->unique = policies[i];
		bring_up("c");
		first = only_sa(net, 0)->spi_i;
		net->watch_flow = true;
		net->delay_min = net->delay_max = 50;
		pass_time(3600000 + 1000);
		assert_int_equal(a()->ike_up, 2);
		assert_int_not_equal(only_sa(net, 0)->spi_i, first);
		assert_int_equal(only_sa(net, 1)->spi_i, only_sa(net, 0)->spi_i);
		assert_int_equal(a()->child_down + b()->child_down, 0);
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		pass_time(3600000); /* and so on, for ever */
		assert_int_equal(a()->ike_up, 3);
		pass_time(36000000);
		assert_in_range(a()->ike_up, 12, 13);
		assert_int_equal(a()->child_down + b()->child_down, 0);
		end();
		teardown(state);
	}
}

/*
 * Whatever `unique` says: A begins the same at another address of B's, and what is to replace the
 * old one is refused by B's data path, or by A's own, or late.
 *
 *   A  IKE_SA_INIT, IKE_AUTH -->          B
 *      <-- IKE_AUTH, N(NO_ADDITIONAL_SAS)
 */
static void what_we_begin_beside_it_replaces_nothing_before_it_is_up(void **state)
{
	const struct ike_addr second = {.family = 4, .ip = {198, 51, 100, 2}};

	(void)state;
	for (unsigned who = 0; who < 3; who++) {
		struct ike_start start = {.pair = {.remote = second}};
		uint64_t id;

		prepare(1);
		b()->other = second;
		connection(a())->unique = IKE_UNIQUE_REPLACE;
		set_hosts(b(), connection(b()), "", NULL);
		bring_up("c");
		net->watch_flow = true;
		if (who < 2)
			net->node[who].install_error = -ENOSPC;
		a()->install_holds = who == 2;
		start.conn = connection(a());
		start.config = &start.conn->children[0];
		start.pair.local = a()->addr;
		assert_int_equal(ike_sa_begin(a()->engine, net->now, &start, &id), 0);
		node_drain(a());
		net_settle(net);
		assert_int_equal(a()->ike_up, 2);
		pass_time(20000);
		a()->install_holds = false;
		node_drain(a());
		pass_time(100000);
		assert_int_equal(ike_sa_count(a()->engine), 1);
		assert_int_equal(ike_addr_same_ip(&sending_child(a())->sa.remote, &second),
				 who == 2);
		end();
		teardown(state);
	}
}

/*
 * Nor does what the peer begins from elsewhere, as long as the peer doesn't have it.
 *
 *   A  IKE_SA_INIT, IKE_AUTH from elsewhere -->   B   has it, and sends on the old one
 *      <-- IKE_AUTH                                   is lost, and the next one isn't
 */
static void what_the_peer_begins_from_elsewhere_replaces_nothing_before_it_has_it(void **state)
{
	const struct ike_addr second = {.family = 4, .ip = {198, 51, 100, 1}};
	struct ike_start start = {0};
	uint64_t id;

	(void)state;
	prepare(1);
	a()->other = second;
	connection(b())->unique = IKE_UNIQUE_REPLACE;
	set_hosts(b(), connection(b()), NULL, "");
	set_hosts(a(), connection(a()), "", NULL);
	a()->has_route = true;
	bring_up("c");
	net->watch_flow = true;
	start.conn = connection(a());
	start.config = &start.conn->children[0];
	start.pair = (struct ike_pair){.local = second, .remote = b()->addr};
	assert_int_equal(ike_sa_begin(a()->engine, net->now, &start, &id), 0);
	node_drain(a());
	deliver_to(1);
	deliver_to(0);
	deliver_to(1);
	assert_int_equal(b()->ike_up, 2);
	lose_for(0);
	net_settle(net);
	assert_int_equal(ike_sa_count(b()->engine), 2);
	pass_time(100000);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	assert_int_equal(ike_sa_count(b()->engine), 1);
	assert_true(ike_addr_same_ip(&sending_child(b())->sa.remote, &second));
	end();
}

/* Rekeying proves nothing anew: it is counted from when the peer authenticated. */
static void rekeying_does_not_put_off_reauthentication(void **state)
{
	(void)state;
	prepare(1);
	connection(a())->reauth_ms = 3600000;
	connection(a())->rekey_ms = 1000000;
	connection(b())->rekey_ms = 1500000;
	connection(a())->over_ms = 360000;
	bring_up("c");
	net->watch_flow = true;
	pass_time(36000000 + 100000);
	assert_in_range(a()->ike_up, 10, 11);
	assert_true(a()->ike_rekeyed >= 20);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	end();
}

static void all_child_sas_are_renewed_with_their_ike_sa(void **state)
{
	(void)state;
	for (unsigned replace = 0; replace < 2; replace++) {
		prepare(5);
		connection(a())->reauth_ms = 3600000;
		connection(b())->unique = replace ? IKE_UNIQUE_REPLACE : IKE_UNIQUE_NO;
		for (unsigned i = 0; i < 5; i++)
			bring_up((char[]){(char)('c' + i), 0});
		assert_int_equal(only_sa(net, 1)->child_count, 5);
		net->delay_min = net->delay_max = 20;
		pass_time(3600000 + 60000);
		assert_int_equal(a()->ike_up, 2);
		assert_int_equal(only_sa(net, 0)->child_count, 5);
		assert_int_equal(only_sa(net, 1)->child_count, 5);
		assert_int_equal(a()->child_up, 10);
		assert_int_equal(a()->child_down + b()->child_down, 0);
		end();
		teardown(state);
	}
}

/* B isn't to be reached for IKE_SA_INIT: the old one goes on, is rekeyed, and renewed later. */
static void what_can_not_be_renewed_goes_on(void **state)
{
	(void)state;
	prepare(1);
	connection(a())->reauth_ms = 3600000;
	connection(a())->over_ms = 3600000;
	bring_up("c");
	net->watch_flow = true;
	b()->engine->stopping = true;
	pass_time(3600000 + 1000000);
	assert_int_equal(a()->ike_up, 1);
	assert_int_equal(a()->child_down, 0);
	b()->engine->stopping = false;
	pass_time(400000);
	assert_int_equal(a()->ike_up, 2);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	end();
}

/*
 * B makes nothing after IKE_AUTH (section 1.3):
 *
 *   A  CREATE_CHILD_SA N(REKEY_SA) -->    B
 *      <-- N(NO_ADDITIONAL_SAS)               twice
 *      IKE_SA_INIT, IKE_AUTH -->
 */
static void a_peer_that_rekeys_nothing_gets_another_ike_sa(void **state)
{
	(void)state;
	prepare(1);
	bring_up("c");
	net->watch_flow = true;
	b()->install_error = -28;
	rekey(a());
	net_settle(net);
	assert_int_equal(a()->ike_up, 1);
	rekey(a());
	deliver_to(1);
	b()->install_error = 0;
	net_settle(net);
	pass_time(60000);
	assert_int_equal(a()->ike_up, 2);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
	end();
}

static void wait_for_sas(unsigned count)
{
	for (unsigned i = 0; i < 10000 && ike_sa_count(a()->engine) != count; i++)
		pass_time(100);
	assert_int_equal(ike_sa_count(a()->engine), count);
}

/*
 *   A  CREATE_CHILD_SA N(REKEY_SA) -->    B
 *      <-- N(NO_ADDITIONAL_SAS)               twice
 *      IKE_SA_INIT -->                        isn't to be reached for it: again, and once more
 *      CREATE_CHILD_SA N(REKEY_SA) -->        has room
 *      <-- CREATE_CHILD_SA
 */
static void a_peer_that_rekeys_again_gets_no_other_ike_sa(void **state)
{
	(void)state;
	prepare(1);
	connection(a())->reauth_ms = 7200000;
	bring_up("c");
	net->watch_flow = true;
	b()->engine->stopping = true;
	b()->install_error = -28;
	rekey(a());
	for (unsigned i = 0; i < 2; i++) {
		wait_for_sas(2);
		b()->install_error = i ? 0 : -28;
		wait_for_sas(1);
	}
	rekey(a());
	net_settle(net);
	assert_int_equal(a()->rekeyed, 1);
	b()->engine->stopping = false;
	pass_time(3600000);
	assert_int_equal(a()->ike_up, 1);
	pass_time(3600000); /* but its time comes as ever */
	assert_int_equal(a()->ike_up, 2);
	end();
}

static void another_child_sa_that_the_peer_makes_not_there_gets_an_ike_sa_of_its_own(void **state)
{
	(void)state;
	prepare(2);
	bring_up("c");
	b()->install_error = -28;
	{
		uint64_t id;

		ike_initiate(a()->engine, net->now, "net", "d", NULL, &id);
		node_drain(a());
		deliver_to(1);
		b()->install_error = 0;
		net_settle(net);
	}
	assert_int_equal(a()->child_up, 2);
	assert_int_equal(b()->child_up, 2);
	assert_int_equal(a()->child_down, 0);
	assert_int_equal(ike_sa_count(a()->engine), 2);
	end();
}

/*
 *   A  IKE_SA_INIT -->                    B
 *      <-- IKE_SA_INIT N(CHILDLESS_IKEV2_SUPPORTED)
 *      IKE_AUTH without SA, TSi, TSr -->
 *      <-- IKE_AUTH
 *      CREATE_CHILD_SA -->                      with a key exchange of its own
 */
static void an_ike_sa_may_be_made_without_a_child_sa(void **state)
{
	static const enum ike_childless wishes[] = {IKE_CHILDLESS_PREFER, IKE_CHILDLESS_FORCE};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		prepare(2);
		connection(a())->childless = wishes[i];
		bring_up("c");
		assert_int_equal(net->sent, 6);
		assert_int_equal(a()->child_up, 1);
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		assert_true(only_sa(net, 1)->childless);
		bring_up("d");
		assert_int_equal(only_sa(net, 0)->child_count, 2);
		end();
		teardown(state);
	}
}

static void who_does_not_want_it_is_asked_the_usual_way(void **state)
{
	(void)state;
	prepare(1);
	connection(a())->childless = IKE_CHILDLESS_PREFER;
	connection(b())->childless = IKE_CHILDLESS_NEVER;
	bring_up("c");
	assert_int_equal(net->sent, 4);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
	end();
	teardown(state);

	prepare(1);
	connection(a())->childless = IKE_CHILDLESS_FORCE;
	connection(b())->childless = IKE_CHILDLESS_NEVER;
	bring_up("c");
	assert_string_equal(a()->ike_reason,
			    "peer has no IKE SAs without a Child SA (childless = force)");
	teardown(state);

	prepare(1);
	connection(b())->childless = IKE_CHILDLESS_FORCE;
	bring_up("c");
	assert_int_equal(a()->ike_up, 1);
	assert_int_equal(a()->child_up, 0);
	assert_non_null(strstr(a()->child_reason, "NO_ADDITIONAL_SAS"));
}

/* It stays, as the peer may want one later; also when its Child SA has gone. */
static void a_childless_one_is_not_ended_for_having_none(void **state)
{
	(void)state;
	prepare(1);
	connection(a())->childless = IKE_CHILDLESS_PREFER;
	bring_up("c");
	ike_terminate_child(a()->engine, net->now, sending_child(a())->sa.child_id);
	node_drain(a());
	net_settle(net);
	pass_time(IKE_CHILDLESS_MS - 1);
	assert_int_equal(ike_sa_count(b()->engine), 1);
	pass_time(2);
	/* Who has begun it has no use for it any more. */
	assert_string_equal(b()->ike_reason, "deleted by peer");
}

static struct ike_ts host(uint8_t net2, uint8_t last, uint16_t port)
{
	return (struct ike_ts){
		.family = 4,
		.protocol = 17,
		.port_first = port,
		.port_last = port,
		.first = {10, net2, 0, last},
		.last = {10, net2, 0, last},
	};
}

/* Do its Child SAs say so (section 2.9: ADDITIONAL_TS_POSSIBLE)? */
static void look_for_more(void *context, const struct ike_sa_info *sa,
			  const struct ike_child_info *child)
{
	(void)sa;
	*(bool *)context |= child && child->more_ts;
}

static bool more_is_possible(struct node *node)
{
	bool more = false;

	ike_list(node->engine, look_for_more, &more);
	return more;
}

/* B has one child for each network that A offers in one; A's packet decides which. */
static void the_packet_that_waits_decides_what_is_narrowed_to(void **state)
{
	(void)state;
	for (uint8_t k = 0; k < 3; k++) {
		struct ike_ts packet[2];
		const struct ike_ts *ts;
		uint64_t id;

		net = net_new(23, &SIDE_A, &SIDE_B);
		{
			struct ike_connection *conn = connection(b());
			struct ike_child_config *config;

			for (uint8_t i = 1; i < 3; i++) {
				config = ike_connection_add_child(conn, i == 1 ? "d" : "e");
				*config = conn->children[0];
				strcpy(config->name, i == 1 ? "d" : "e");
				config->local_ts.list[0].first[1] = 50 + i;
				config->local_ts.list[0].last[1] = 50 + i;
			}
			conn->children[0].local_ts.list[0].first[1] = 50;
			conn->children[0].local_ts.list[0].last[1] = 50;
			connection(a())->children[0].remote_ts.list[0].first[1] = 0;
			connection(a())->children[0].remote_ts.list[0].last[1] = 255;
		}
		packet[0] = connection(a())->children[0].local_ts.list[0];
		memcpy(packet[0].last, packet[0].first, 16);
		packet[0].protocol = 17;
		packet[1] = host(50 + k, 9, 53);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", packet, &id), 0);
		node_drain(a());
		net_settle(net);
		assert_int_equal(b()->child_up, 1);
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		ts = &sending_child(a())->sa.remote_ts.list[0];
		assert_int_equal(ts->first[1], 50 + k);
		assert_int_equal(ts->protocol, 0); /* all of that network, not just the packet's */
		assert_true(more_is_possible(a()) && more_is_possible(b()));
		/* That network has what it needs, and another one needs another Child SA. */
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", packet, &id),
				 -EISCONN);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id),
				 -EISCONN);
		packet[1] = host(50 + (k + 1) % 3, 9, 53);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", packet, &id), 0);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", packet, &id),
				 -EALREADY);
		node_drain(a());
		net_settle(net);
		assert_int_equal(b()->child_up, 2);
		assert_int_equal(a()->engine->sa_count, 1);
		assert_int_equal(a()->child_down + b()->child_down, 0);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", packet, &id),
				 -EISCONN);
		teardown(state);
	}
	establish(&SIDE_A, &SIDE_B);
	assert_false(more_is_possible(a()) || more_is_possible(b()));
}

static void an_end_says_who_is_behind_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		prepare(1);
		connection(a())->dpd_delay_ms = 10000;
		bring_up("c");
		if (i == 0)
			ike_terminate(a()->engine, net->now, a()->ike_id);
		else if (i == 1)
			ike_terminate(b()->engine, net->now, b()->ike_id);
		else if (i == 2)
			ike_terminate_child(b()->engine, net->now, sending_child(b())->sa.child_id);
		else
			net->down = true;
		node_drain(a());
		node_drain(b());
		net_settle(net);
		pass_time(300000);
		assert_int_equal(a()->child_down, 1);
		assert_int_equal(a()->child_cause, i == 0  ? IKE_CAUSE_OURS
						   : i < 3 ? IKE_CAUSE_PEER
							   : IKE_CAUSE_DEAD);
		if (i < 3)
			assert_int_equal(b()->child_cause,
					 i == 0 ? IKE_CAUSE_PEER : IKE_CAUSE_OURS);
		teardown(state);
	}
}

static struct ike_sa *oldest_sa(struct node *node)
{
	struct ike_sa *sa = node->engine->all;

	while (sa->links.next)
		sa = sa->links.next;
	return sa;
}

/* As far as the request that follows IKE_AUTH, which waits. */
static void begin_renewal(void)
{
	ike_sa_renew(a()->engine, oldest_sa(a()), net->now, "the test wants it");
	node_drain(a());
	for (unsigned i = 0; i < 4; i++)
		deliver_to(i % 2 == 0);
}

/*
 *   A  <-- IKE_AUTH                       B   sends on the old one for the time being
 *      INFORMATIONAL D(IKE), old -->          lost for twenty seconds
 */
static void the_end_of_the_old_one_is_told_until_it_is_heard(void **state)
{
	(void)state;
	prepare(1);
	bring_up("c");
	net->watch_flow = true;
	begin_renewal();
	lose_for(1);
	net->down = true;
	pass_time(20000);
	net->down = false;
	pass_time(60000);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	assert_int_equal(ike_sa_count(b()->engine), 1);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
	end();
}

/*
 *   A  CREATE_CHILD_SA -->                B   has rekeyed c in the old one
 *      <-- INFORMATIONAL D(c)                 late
 *      IKE_SA_INIT, IKE_AUTH -->
 *      INFORMATIONAL D(IKE), old -->          is lost; the successor of c is in the old one
 */
static void a_flow_that_is_renewed_is_not_led_to_what_was_rekeyed(void **state)
{
	struct packet late;

	(void)state;
	prepare(1);
	bring_up("c");
	net->watch_flow = true;
	rekey(b());
	deliver_to(0);
	deliver_to(1);
	late = net_take(net);
	begin_renewal();
	lose_for(1);
	net_put(net, &late);
	deliver_to(0);
	assert_ptr_equal(ike_child_find_id(a()->engine, sending_child(a())->sa.child_id)->sa,
			 a()->engine->all);
	net_settle(net);
	pass_time(60000);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	end();
}

/*
 *   A  <-- IKE_AUTH                       B   sends on the old one for the time being
 *      INFORMATIONAL D(IKE), old -->          late
 *      IKE_SA_INIT, IKE_AUTH -->              in the place of the new one
 *      <-- IKE_AUTH                           late, too: the flow goes to the first new one,
 *                                             even if B was asking for another in the old one
 */
static void of_two_new_ones_the_flow_goes_to_what_the_peer_surely_has(void **state)
{
	for (unsigned asking = 0; asking < 2; asking++) {
		struct packet late;
		struct ike_sa *old;

		prepare(1);
		bring_up("c");
		net->watch_flow = true;
		begin_renewal();
		late = take_for(1);
		ike_sa_renew(a()->engine, a()->engine->all, net->now, "once more");
		node_drain(a());
		for (unsigned i = 0; i < 3; i++)
			deliver_to(i % 2 == 0);
		old = oldest_sa(b());
		if (asking) {
			assert_true(ike_child_queue(b()->engine, old, old->children->config, NULL));
			ike_sa_advance(b()->engine, old, net->now);
			node_drain(b());
		}
		net_deliver(net, &late);
		packet_free(&late);
		net_settle(net);
		pass_time(60000);
		assert_int_equal(ike_sa_count(a()->engine), 1);
		end();
		teardown(state);
	}
}

/*
 * What has never been heard of for long, A may have given up: for as long as its data path might
 * take, or as it repeats what it asks.
 */
static void nor_to_what_the_peer_may_have_never_had(void **state)
{
	for (unsigned patient = 0; patient < 2; patient++) {
		uint64_t ms = 20000;

		prepare(1);
		bring_up("c");
		net->watch_flow = true;
		ike_sa_renew(a()->engine, oldest_sa(a()), net->now, "the test wants it");
		node_drain(a());
		for (unsigned i = 0; i < 3; i++)
			deliver_to(i % 2 == 0);
		lose_for(0);
		ike_sa_down(a()->engine, a()->engine->all, "the test wants it");
		net->down = true;
		if (patient)
			ms = a()->engine->config.job_timeout_ms + 10000;
		else
			connection(b())->retransmit_tries = 1;
		pass_time(ms);
		net->down = false;
		oldest_sa(a())->renewed_at = 0;
		begin_renewal();
		deliver_to(1); /* the end of the old one */
		net_settle(net);
		end();
		teardown(state);
	}
}

/* But no longer than any end when A itself is about to. */
static void shutting_down_waits_for_no_such_end(void **state)
{
	(void)state;
	prepare(1);
	bring_up("c");
	begin_renewal();
	net->down = true;
	lose_for(1);
	pass_time(1000);
	assert_int_equal(ike_sa_count(a()->engine), 2);
	ike_terminate_all(a()->engine, net->now);
	node_drain(a());
	pass_time(a()->engine->config.delete_timeout_ms);
	assert_true(nothing_left(a()));
}

/* B has no room for it, just then. */
static void refuse_next(void)
{
	b()->install_error = -28;
	b()->use_works = true; /* of what it has already */
	deliver_to(1);
	b()->install_error = 0;
	deliver_to(0);
}

/* B asks for a successor of what it has in the new one, and is given none for a while. */
static void rekey_in_the_new_one(void)
{
	struct packet response;

	ike_child_rekey(b()->engine, b()->engine->all->children, net->now);
	node_drain(b());
	deliver_to(0);
	response = net_take(net);
	net->down = true;
	pass_time(IKE_RETRY_MS + IKE_RETRY_RAND_MS + 1000);
	net->down = false;
	net_put(net, &response);
}

/*
 *   A  CREATE_CHILD_SA d -->              B   in the new one
 *      <-- N(NO_ADDITIONAL_SAS)
 *      CREATE_CHILD_SA e -->                  there, too, as it is the newest
 *      <-- CREATE_CHILD_SA
 *      INFORMATIONAL D(c) -->                 which the old one has as well
 */
static void what_was_made_meanwhile_outlives_a_renewal_that_comes_to_nothing(void **state)
{
	uint64_t id;

	(void)state;
	for (unsigned rekeyed = 0; rekeyed < 2; rekeyed++) {
		prepare(3);
		bring_up("d");
		bring_up("c");
		begin_renewal();
		refuse_next();
		if (rekeyed)
			rekey_in_the_new_one();
		ike_initiate(a()->engine, net->now, "net", "e", NULL, &id);
		node_drain(a());
		net_settle(net);
		pass_time(60000);
		assert_int_equal(ike_sa_count(a()->engine), 2);
		assert_int_equal(oldest_sa(a())->child_count, 2);
		assert_string_equal(a()->engine->all->children->config->name, "e");
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(receiving(&net->node[i]), 3);
			assert_int_equal(net->node[i].child_down, 0);
		}
		end();
		teardown(state);
	}
}

/*
 *   A  CREATE_CHILD_SA d -->              B   in the new one
 *      <-- N(NO_ADDITIONAL_SAS)
 *      leads c to the old one, where it has only waited
 *      INFORMATIONAL D(IKE), new -->
 */
static void a_renewal_that_comes_to_nothing_gives_its_flow_back(void **state)
{
	uint64_t first;

	(void)state;
	prepare(2);
	bring_up("d");
	bring_up("c");
	first = only_sa(net, 0)->spi_i;
	begin_renewal();
	refuse_next();
	for (struct ike_child *c = oldest_sa(a())->children; c; c = c->next)
		c->level = IKE_LEVEL_OUTBOUND; /* as after a rekeying */
	pass_time(60000);
	assert_int_equal(only_sa(net, 0)->spi_i, first);
	assert_int_equal(receiving(a()), 2);
	assert_int_equal(receiving(b()), 2);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	end();
}

/*
 *   A  IKE_SA_INIT -->                    B   is away
 *      CREATE_CHILD_SA d -->                  in the old one, which is there
 *      <-- CREATE_CHILD_SA
 *      IKE_SA_INIT, IKE_AUTH -->
 *      CREATE_CHILD_SA d -->                  in the new one, as the old one has it
 */
static void what_is_asked_for_meanwhile_does_not_wait_for_the_renewal(void **state)
{
	uint64_t made;

	(void)state;
	prepare(2);
	bring_up("c");
	ike_sa_renew(a()->engine, oldest_sa(a()), net->now, "the test wants it");
	made = oldest_sa(a())->renewal;
	node_drain(a());
	lose_for(1);
	bring_up("d");
	assert_int_equal(a()->child_up, 2);
	assert_int_equal(oldest_sa(a())->child_count, 2);
	pass_time(60000);
	assert_int_equal(only_sa(net, 0)->id, made);
	assert_int_equal(receiving(a()), 2);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	end();
}

/* A begins to renew `sa`, and asks for d in both; its first message is *first, then comes *late. */
static uint64_t ask_in_both(struct ike_sa *sa, struct packet *first, struct packet *late)
{
	uint64_t made;

	ike_sa_renew(a()->engine, sa, net->now, "the test wants it");
	made = sa->renewal;
	node_drain(a());
	for (unsigned i = 0; i < 2; i++) {
		ike_child_queue(a()->engine, sa, &sa->conn->children[1], NULL);
		ike_sa_advance(a()->engine, sa, net->now);
		node_drain(a());
		sa = ike_sa_find_id(a()->engine, made);
	}
	*first = take_for(1);
	*late = take_for(1);
	return made;
}

static void deliver(struct packet *p)
{
	net_deliver(net, p);
	packet_free(p);
}

/*
 *   A  IKE_SA_INIT, IKE_AUTH c -->        B
 *      CREATE_CHILD_SA d -->                  in the old one, late
 *      CREATE_CHILD_SA d -->                  in the new one
 *      <-- CREATE_CHILD_SA                    in the new one, and long after in the old one,
 *                                             or N(NO_ADDITIONAL_SAS) there
 *      INFORMATIONAL D(IKE), old -->
 */
static void what_is_still_asked_for_in_the_old_one_puts_the_end_of_a_renewal_off(void **state)
{
	for (unsigned refused = 0; refused < 2; refused++) {
		struct packet first, late;
		uint64_t made;

		prepare(2);
		bring_up("c");
		made = ask_in_both(oldest_sa(a()), &first, &late);
		deliver(&first);
		net_settle(net);
		net->down = true;
		pass_time(3 * (IKE_RETRY_MS + IKE_RETRY_RAND_MS));
		net->down = false;
		assert_int_equal(ike_sa_count(a()->engine), 2);
		b()->install_error = refused ? -28 : 0;
		b()->use_works = true;
		deliver(&late);
		b()->install_error = 0;
		net_settle(net);
		pass_time(60000);
		assert_int_equal(only_sa(net, 0)->id, made);
		assert_int_equal(receiving(a()), 2);
		assert_int_equal(a()->child_down + b()->child_down, 0);
		end();
		teardown(state);
	}
}

/*
 *   A  IKE_SA_INIT -->                    B   late
 *      CREATE_CHILD_SA d -->                  in the old one
 *      <-- N(NO_ADDITIONAL_SAS)               no third one is begun for it
 */
static void what_the_new_one_is_going_to_have_is_begun_nowhere_else(void **state)
{
	struct packet first, late;
	uint64_t made;

	(void)state;
	prepare(2);
	bring_up("c");
	made = ask_in_both(oldest_sa(a()), &first, &late);
	b()->install_error = -28;
	b()->use_works = true;
	deliver(&late);
	b()->install_error = 0;
	deliver_to(0);
	assert_int_equal(ike_sa_count(a()->engine), 2);
	deliver(&first);
	net_settle(net);
	pass_time(60000);
	assert_int_equal(only_sa(net, 0)->id, made);
	assert_int_equal(receiving(a()), 2);
	end();
}

/*
 *   A  <-- CREATE_CHILD_SA c              B   its data path takes long
 *      CREATE_CHILD_SA -->
 *      IKE_SA_INIT, IKE_AUTH c -->
 *      CREATE_CHILD_SA d -->                  in the new one
 *      <-- N(NO_ADDITIONAL_SAS)
 *      INFORMATIONAL D(c) -->                 in the old one: in the new one B has it for sure
 */
static void what_the_peer_may_not_have_in_the_old_one_stays_in_the_new_one(void **state)
{
	uint64_t id;

	(void)state;
	prepare(2);
	bring_up("d");
	ike_initiate(b()->engine, net->now, "net", "c", NULL, &id);
	node_drain(b());
	deliver_to(0);
	b()->install_delay = 20000;
	deliver_to(1);
	b()->install_delay = 0;
	begin_renewal();
	refuse_next();
	pass_time(60000);
	assert_int_equal(ike_sa_count(a()->engine), 2);
	assert_int_equal(oldest_sa(a())->child_count, 1);
	assert_string_equal(oldest_sa(a())->children->config->name, "d");
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(receiving(&net->node[i]), 2);
		assert_int_equal(net->node[i].child_down, 0);
	}
	end();
}

/*
 * Both renew it at the same time, and A isn't given all. As long as B's renewal is at work, which
 * is going to end the old one, A's isn't given up for that one: they have split what there is.
 */
static void a_renewal_is_not_given_up_while_the_peer_renews_as_well(void **state)
{
	struct packet answer;
	uint64_t made;

	(void)state;
	prepare(2);
	bring_up("d");
	bring_up("c");
	pass_time(1000);
	for (unsigned i = 0; i < 2; i++) {
		ike_sa_renew(net->node[i].engine, oldest_sa(&net->node[i]), net->now, "both");
		node_drain(&net->node[i]);
	}
	for (unsigned i = 0; i < 7; i++)
		deliver_to(i % 2 == 0);
	made = oldest_sa(a())->renewal;
	answer = take_for(0);
	a()->install_delay = 20000; /* what B asks for in its own takes its time, */
	deliver_to(0);
	a()->install_delay = 0;
	b()->install_error = -28; /* and B has no room for what A asks for */
	b()->use_works = true;
	net_deliver(net, &answer);
	packet_free(&answer);
	net_settle(net);
	b()->install_error = 0;
	assert_int_equal(ike_sa_count(a()->engine), 3);
	pass_time(15000);
	assert_non_null(ike_sa_find_id(a()->engine, made));
	assert_int_equal(oldest_sa(a())->renewal, made);
	pass_time(120000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(receiving(&net->node[i]), 2);
		assert_int_equal(net->node[i].child_down, 0);
	}
	end();
}

/*
 *   A  CREATE_CHILD_SA d -->              B   in the one that is to renew the old one
 *      <-- N(NO_ADDITIONAL_SAS)
 *      <-- IKE_SA_INIT, IKE_AUTH c            it renews that one,
 *      <-- INFORMATIONAL D(IKE)               and ends it
 *      INFORMATIONAL D(c) -->                 in the old one, even if that is rekeyed meanwhile
 */
static void what_the_peer_has_renewed_meanwhile_is_not_renewed_as_well(void **state)
{
	(void)state;
	for (unsigned rekeyed = 0; rekeyed < 2; rekeyed++) {
		prepare(2);
		bring_up("d");
		bring_up("c");
		net->watch_flow = true;
		a()->traffic = true;
		pass_time(100);
		begin_renewal();
		refuse_next();
		pass_time(100);
		ike_sa_renew(b()->engine, b()->engine->all, net->now, "B wants it");
		node_drain(b());
		net_settle(net);
		if (rekeyed) {
			ike_sa_rekey(a()->engine, oldest_sa(a()), net->now);
			node_drain(a());
			net_settle(net);
		}
		pass_time(200000);
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(ike_sa_count(net->node[i].engine), 2);
			assert_int_equal(receiving(&net->node[i]), 2);
			assert_int_equal(net->node[i].child_down, 0);
		}
		end();
		teardown(state);
	}
}

/*
 * The same where B has sent A to where it is anyway: what has got there is there. As what it was to
 * replace is redirected as ever, the rest follows.
 */
static void what_is_where_the_peer_has_sent_us_is_not_made_there_again(void **state)
{
	struct ike_hosts to = {0};

	(void)state;
	prepare(2);
	b()->engine->config.redirect_ms = UINT32_MAX;
	bring_up("d");
	bring_up("c");
	net->watch_flow = true;
	a()->traffic = true;
	pass_time(100);
	assert_int_equal(ike_hosts_set(&to, &b()->addr), 0);
	assert_int_equal(ike_redirect(b()->engine, net->now, only_sa(net, 1)->id, &to), 0);
	ike_hosts_clear(&to);
	node_drain(b());
	net_settle(net);
	ike_tick(a()->engine, net->now);
	node_drain(a());
	for (unsigned i = 0; i < 4; i++)
		deliver_to(i % 2 == 0);
	refuse_next();
	pass_time(100);
	ike_sa_renew(b()->engine, b()->engine->all, net->now, "B wants it");
	node_drain(b());
	net_settle(net);
	pass_time(200000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(ike_sa_count(net->node[i].engine), 2);
		assert_int_equal(receiving(&net->node[i]), 2);
		assert_int_equal(net->node[i].child_down, 0);
	}
	assert_null(oldest_sa(a())->redirect);
	end();
}

/* One beside the peer's would be one too many. */
static void what_the_peer_renews_is_not_renewed_as_well(void **state)
{
	(void)state;
	prepare(2);
	bring_up("c");
	bring_up("d");
	pass_time(1000);
	begin_renewal();
	ike_sa_renew(b()->engine, oldest_sa(b()), net->now, "it is slow");
	node_drain(b());
	assert_int_equal(ike_sa_count(b()->engine), 2);
	net_settle(net);
	pass_time(60000);
	assert_int_equal(ike_sa_count(b()->engine), 1);
	assert_int_equal(b()->ike_up, 2);
	end();
}

/* Nor if that has been rekeyed by us since. */
static void what_the_peer_renews_is_known_after_a_rekeying(void **state)
{
	(void)state;
	prepare(2);
	bring_up("d");
	bring_up("c");
	pass_time(1000);
	begin_renewal();
	refuse_next();
	ike_sa_rekey(b()->engine, b()->engine->all, net->now);
	node_drain(b());
	net_settle(net);
	assert_int_equal(b()->ike_rekeyed, 1);
	ike_sa_renew(b()->engine, oldest_sa(b()), net->now, "it is slow");
	node_drain(b());
	assert_int_equal(ike_sa_count(b()->engine), 2);
	end();
}

/* Its minute goes on in the successor. */
static void rekeying_puts_off_no_end_for_want_of_a_child_sa(void **state)
{
	(void)state;
	prepare(1);
	bring_up("c");
	ike_terminate_child(a()->engine, net->now, sending_child(a())->sa.child_id);
	node_drain(a());
	net_settle(net);
	pass_time(IKE_CHILDLESS_MS - 1000);
	rekey_ike(a());
	net_settle(net);
	assert_int_equal(b()->ike_rekeyed, 1);
	pass_time(2000);
	assert_int_equal(ike_sa_count(a()->engine), 0);
	assert_int_equal(ike_sa_count(b()->engine), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(reauthentication_makes_before_it_breaks),
		T(what_we_begin_beside_it_replaces_nothing_before_it_is_up),
		T(what_the_peer_begins_from_elsewhere_replaces_nothing_before_it_has_it),
		T(rekeying_does_not_put_off_reauthentication),
		T(all_child_sas_are_renewed_with_their_ike_sa),
		T(what_can_not_be_renewed_goes_on),
		T(a_peer_that_rekeys_nothing_gets_another_ike_sa),
		T(a_peer_that_rekeys_again_gets_no_other_ike_sa),
		T(the_end_of_the_old_one_is_told_until_it_is_heard),
		T(a_flow_that_is_renewed_is_not_led_to_what_was_rekeyed),
		T(of_two_new_ones_the_flow_goes_to_what_the_peer_surely_has),
		T(nor_to_what_the_peer_may_have_never_had),
		T(shutting_down_waits_for_no_such_end),
		T(what_was_made_meanwhile_outlives_a_renewal_that_comes_to_nothing),
		T(a_renewal_that_comes_to_nothing_gives_its_flow_back),
		T(what_is_asked_for_meanwhile_does_not_wait_for_the_renewal),
		T(what_is_still_asked_for_in_the_old_one_puts_the_end_of_a_renewal_off),
		T(what_the_new_one_is_going_to_have_is_begun_nowhere_else),
		T(what_the_peer_may_not_have_in_the_old_one_stays_in_the_new_one),
		T(a_renewal_is_not_given_up_while_the_peer_renews_as_well),
		T(what_the_peer_renews_is_not_renewed_as_well),
		T(what_is_where_the_peer_has_sent_us_is_not_made_there_again),
		T(what_the_peer_renews_is_known_after_a_rekeying),
		T(what_the_peer_has_renewed_meanwhile_is_not_renewed_as_well),
		T(rekeying_puts_off_no_end_for_want_of_a_child_sa),
		T(another_child_sa_that_the_peer_makes_not_there_gets_an_ike_sa_of_its_own),
		T(an_ike_sa_may_be_made_without_a_child_sa),
		T(who_does_not_want_it_is_asked_the_usual_way),
		T(a_childless_one_is_not_ended_for_having_none),
		T(the_packet_that_waits_decides_what_is_narrowed_to),
		T(an_end_says_who_is_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
