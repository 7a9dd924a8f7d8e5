/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens in the midst of a renewal, message by message: whatever it is, each flow goes on,
 * and in the end there is one IKE SA.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/children.h"

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

/* Whether the peer lives. */
static void ask(struct node *node, struct ike_sa *sa)
{
	ike_liveness_check(node->engine, sa);
	ike_sa_advance(node->engine, sa, net->now);
	node_drain(node);
}

/*
 * What has never been heard of for long, A may have given up: for as long as its data path might
 * take, or as it repeats what it asks; sooner, if B has asked there and isn't answered.
 */
static void nor_to_what_the_peer_may_have_never_had(void **state)
{
	enum { IMPATIENT, PATIENT, ASKS, WAYS };

	for (unsigned way = 0; way < WAYS; way++) {
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
		if (way == PATIENT)
			ms = a()->engine->config.job_timeout_ms + 10000;
		else if (way == IMPATIENT)
			connection(b())->retransmit_tries = 1;
		else
			ask(b(), b()->engine->all);
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
 *   A  CREATE_CHILD_SA d -->              B   in the old one, which B is rekeying
 *      <-- N(TEMPORARY_FAILURE)               it is to be asked again
 *      IKE_SA_INIT, IKE_AUTH d -->
 *      CREATE_CHILD_SA c -->                  in the new one
 *      <-- N(NO_ADDITIONAL_SAS)               both go on, and d isn't asked for any more
 */
static void what_was_put_off_is_not_asked_for_once_it_is_had_elsewhere(void **state)
{
	(void)state;
	prepare(2);
	bring_up("c");
	rekey_ike(b());
	lose_for(0);
	bring_up("d");
	assert_int_equal(a()->child_up, 1);
	begin_renewal();
	refuse_next();
	net_settle(net);
	assert_int_equal(a()->child_up, 2);
	ike_sa_renew(a()->engine, oldest_sa(a()), net->now, "it looks how far it is");
	node_drain(a());
	net_settle(net);
	pass_time(60000);
	assert_int_equal(ike_sa_count(a()->engine), 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(receiving(&net->node[i]), 2);
		assert_int_equal(net->node[i].child_down, 0);
	}
	end();
}

/* What is put off in the new one is, though the old one has it. */
static void what_was_put_off_in_the_new_one_is_asked_for_again(void **state)
{
	uint64_t old;

	(void)state;
	prepare(2);
	bring_up("d");
	bring_up("c");
	net->watch_flow = true;
	old = a()->ike_id;
	begin_renewal();
	ike_sa_rekey(b()->engine, b()->engine->all, net->now);
	node_drain(b());
	deliver_to(1);
	lose_for(0);
	deliver_to(0);
	pass_time(60000);
	assert_null(ike_sa_find_id(a()->engine, old));
	assert_int_equal(ike_sa_count(a()->engine), 1);
	assert_int_equal(receiving(a()), 2);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	end();
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
 *      CREATE_CHILD_SA d -->                  in B's, which is to renew the old one now, even if
 *      INFORMATIONAL D(IKE), old -->          that is rekeyed meanwhile
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
			assert_int_equal(ike_sa_count(net->node[i].engine), 1);
			assert_int_equal(receiving(&net->node[i]), 2);
			assert_int_equal(net->node[i].child_down, 0);
		}
		end();
		teardown(state);
	}
}

/* The same where B has sent A to where it is anyway. */
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
		assert_int_equal(ike_sa_count(net->node[i].engine), 1);
		assert_int_equal(receiving(&net->node[i]), 2);
		assert_int_equal(net->node[i].child_down, 0);
	}
	assert_null(only_sa(net, 0)->redirect);
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

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(the_end_of_the_old_one_is_told_until_it_is_heard),
		T(a_flow_that_is_renewed_is_not_led_to_what_was_rekeyed),
		T(of_two_new_ones_the_flow_goes_to_what_the_peer_surely_has),
		T(nor_to_what_the_peer_may_have_never_had),
		T(shutting_down_waits_for_no_such_end),
		T(what_was_made_meanwhile_outlives_a_renewal_that_comes_to_nothing),
		T(what_was_put_off_is_not_asked_for_once_it_is_had_elsewhere),
		T(what_was_put_off_in_the_new_one_is_asked_for_again),
		T(a_renewal_that_comes_to_nothing_gives_its_flow_back),
		T(what_is_asked_for_meanwhile_does_not_wait_for_the_renewal),
		T(what_is_still_asked_for_in_the_old_one_puts_the_end_of_a_renewal_off),
		T(what_the_new_one_is_going_to_have_is_begun_nowhere_else),
		T(what_the_peer_may_not_have_in_the_old_one_stays_in_the_new_one),
		T(a_renewal_is_not_given_up_while_the_peer_renews_as_well),
		T(what_the_peer_has_renewed_meanwhile_is_not_renewed_as_well),
		T(what_is_where_the_peer_has_sent_us_is_not_made_there_again),
		T(what_the_peer_renews_is_not_renewed_as_well),
		T(what_the_peer_renews_is_known_after_a_rekeying),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
