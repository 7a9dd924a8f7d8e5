/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that change (RFC 4555), message by message. A begins; its addresses are 192.0.2.1 and
 * 198.51.100.1, B's 192.0.2.2 and, where a test says so, 198.51.100.2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

static const struct ike_addr second[2] = {
	{.family = 4, .ip = {198, 51, 100, 1}},
	{.family = 4, .ip = {198, 51, 100, 2}},
};
static const struct ike_addr nat = {.family = 4, .ip = {203, 0, 113, 7}, .port = 20000};

static void make_sides(const struct side *one, const struct side *two, bool b_has_two)
{
	net = net_new(17, one, two);
	a()->other = second[0];
	if (b_has_two)
		b()->other = second[1];
	for (unsigned i = 0; i < 2; i++) {
		struct ike_connection *conn = net->node[i].engine->connections[0];

		set_hosts(&net->node[i], conn, "", NULL);
		net->node[i].has_route = true;
		node_roam(&net->node[i]);
	}
}

static void initiate_and_settle(void)
{
	uint64_t id;

	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
	net->watch_flow = true;
}

static void establish_sides(const struct side *one, const struct side *two, bool b_has_two)
{
	make_sides(one, two, b_has_two);
	initiate_and_settle();
}

static struct side side_a(void)
{
	struct side side = SIDE_A;

	side.mobike = true;
	side.dpd_ms = 30000;
	return side;
}

static struct side side_b(void)
{
	struct side side = SIDE_B;

	side.mobike = true;
	return side;
}

static void up_with(bool b_has_two)
{
	const struct side one = side_a(), two = side_b();

	establish_sides(&one, &two, b_has_two);
}

static void up(void)
{
	up_with(false);
}

static struct ike_sa *sa_of(struct node *node)
{
	return ike_sa_find_id(node->engine, node->ike_id);
}

static void check_liveness(struct node *node)
{
	ike_liveness_check(node->engine, sa_of(node));
	ike_sa_advance(node->engine, sa_of(node), net->now);
	node_drain(node);
}

static void lose(struct node *node, unsigned which)
{
	node->lost[which] = true;
	node_roam(node);
}

static void gain(struct node *node, unsigned which)
{
	node->lost[which] = false;
	node_roam(node);
}

/* All of a node's Child SAs lie on its path, which goes between these. */
static void assert_path(struct node *node, const struct ike_addr *local,
			const struct ike_addr *remote, bool encap)
{
	const struct ike_sa *sa = sa_of(node);

	assert_true(ike_addr_same_ip(&sa->path.local, local));
	assert_true(ike_addr_same_ip(&sa->path.remote, remote));
	assert_null(sa->ways);
	assert_int_equal(ike_path_encap(node->engine, &sa->path), encap);
	for (unsigned i = 0; i < node->child_count; i++) {
		const struct installed *c = &node->children[i];

		if (!c->present)
			continue;
		assert_true(ike_addr_equal(&c->sa.local, &sa->path.local));
		assert_true(ike_addr_equal(&c->sa.remote, &sa->path.remote));
		assert_int_equal(c->sa.encap, encap);
	}
}

static void assert_between(const struct ike_addr *ours, const struct ike_addr *theirs)
{
	assert_path(a(), ours, theirs, false);
	assert_path(b(), theirs, ours, false);
	assert_int_equal(a()->ike_down + b()->ike_down + a()->child_down + b()->child_down, 0);
}

/* Both agree, and go on to port 4500 though there is no NAT. */
static void both_say_so_and_go_to_port_4500(void **state)
{
	(void)state;
	up_with(true);
	assert_between(&a()->addr, &b()->addr);
	for (unsigned i = 0; i < 2; i++) {
		const struct ike_sa *sa = only_sa(net, i);

		assert_int_equal(sa->path.local.port, IKE_PORT_NATT);
		assert_int_equal(sa->path.remote.port, IKE_PORT_NATT);
		assert_int_equal(sa->mobike->remote_count, 2);
		assert_true(ike_addr_same_ip(&sa->mobike->remotes[1], &second[!i]));
	}
}

static void where_one_does_not_neither_does(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct side one = side_a(), two = side_b();

		*(i ? &one.mobike : &two.mobike) = false;
		establish_sides(&one, &two, false);
		assert_null(only_sa(net, 0)->mobike);
		assert_null(only_sa(net, 1)->mobike);
		assert_int_equal(only_sa(net, 0)->path.local.port, i ? IKE_PORT : IKE_PORT_NATT);
		teardown(NULL);
	}
}

/*
 *   A                                      B
 *      N(UPDATE_SA_ADDRESSES), ... -->         it says where it is from: B moves
 *      <-- N(NAT_DETECTION_*)                  A's Child SAs follow
 */
static void an_address_that_goes_is_left(void **state)
{
	(void)state;
	up();
	lose(a(), 0);
	assert_int_equal(net->queued, 1);
	assert_path(b(), &b()->addr, &a()->addr, false);
	deliver_to(1);
	assert_path(b(), &b()->addr, &second[0], false);
	assert_int_equal(a()->updates, 0);
	net_settle(net);
	assert_int_equal(a()->updates, 1);
	assert_between(&second[0], &b()->addr);
	/* It comes back and is the better one again. */
	gain(a(), 0);
	pass_time(2000);
	assert_between(&a()->addr, &b()->addr);
	net->watch_flow = false;
	assert_all_gone(a());
}

static void what_is_still_the_best_is_kept_without_a_word(void **state)
{
	(void)state;
	up();
	lose(a(), 1);
	gain(a(), 1);
	node_roam(a());
	assert_int_equal(net->queued, 0);
	lose(a(), 0); /* both: there is nothing to be done */
	lose(a(), 1);
	net_settle(net);
	gain(a(), 0);
	gain(a(), 1);
	pass_time(1000);
	assert_between(&a()->addr, &b()->addr);
}

/* Whichever message of a move is lost, and also when several are. */
static void each_message_of_a_move_may_be_lost(void **state)
{
	(void)state;
	for (unsigned lost = 0; lost < 16; lost++) {
		up_with(true);
		lose(a(), 0);
		for (unsigned n = 0; n < 4 && net->queued; n++) {
			if (lost & 1u << n)
				lose_for(waits_for(net, 1));
			else
				deliver_next();
		}
		pass_time(60000);
		assert_true(ike_addr_same_ip(&sa_of(a())->path.local, &second[0]));
		assert_between(&second[0], &sa_of(a())->path.remote);
		teardown(NULL);
	}
}

/* Section 3.5: what is out goes on from the new address, as it was. */
static void a_request_that_is_out_goes_on_from_the_new_address(void **state)
{
	struct packet p, again;

	(void)state;
	up();
	check_liveness(a());
	p = net_take(net);
	lose(a(), 0);
	again = net_take(net);
	assert_int_equal(p.len, again.len);
	assert_memory_equal(p.data, again.data, p.len);
	assert_true(ike_addr_same_ip(&again.remote, &second[0]));
	net_deliver(net, &again);
	assert_path(b(), &b()->addr, &a()->addr, false); /* it doesn't say so yet */
	net_settle(net);
	assert_between(&second[0], &b()->addr);
	packet_free(&p);
	packet_free(&again);
}

/* A rekeying of either kind by either side, interrupted after each of its messages. */
static void moves_in_the_midst_of_rekeyings_end_well(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * 2 * 2 * 7; i++) {
		struct node *who;
		unsigned steps = i / 8;

		up_with(i & 4);
		who = i & 1 ? b() : a();
		if (i & 2)
			rekey_ike(who);
		else
			rekey(who);
		while (steps-- && net->queued)
			deliver_next();
		lose(a(), 0);
		pass_time(120000);
		assert_true(ike_addr_same_ip(&sa_of(a())->path.local, &second[0]));
		assert_between(&second[0], &sa_of(a())->path.remote);
		assert_int_equal(i & 2 ? a()->ike_rekeyed : a()->rekeyed, 1);
		assert_int_equal(sa_of(b())->mobike->moves, 0);
		teardown(NULL);
	}
}

/* The successor has it all. */
static void rekeying_leaves_it_as_it_was(void **state)
{
	(void)state;
	up();
	for (unsigned i = 0; i < 2; i++) {
		rekey_ike(i ? a() : b());
		net_settle(net);
		pass_time(10000);
		assert_non_null(sa_of(a())->mobike);
		assert_non_null(sa_of(b())->mobike);
		if (i)
			gain(a(), 0);
		else
			lose(a(), 0);
		pass_time(10000);
		assert_between(i ? &a()->addr : &second[0], &b()->addr);
	}
	net->watch_flow = false;
	assert_all_gone(a());
}

/* Two at once: the answer to the first comes when it doesn't count any more. */
static void two_moves_in_quick_succession_end_at_the_last(void **state)
{
	(void)state;
	for (unsigned steps = 0; steps < 5; steps++) {
		up();
		lose(a(), 0);
		for (unsigned i = 0; i < steps && net->queued; i++)
			deliver_next();
		a()->lost[0] = false;
		a()->lost[1] = true;
		node_roam(a());
		pass_time(60000);
		assert_between(&a()->addr, &b()->addr);
		teardown(NULL);
	}
}

/* What answers the first says nothing of the second. */
static void an_answer_to_an_earlier_move_moves_no_child(void **state)
{
	(void)state;
	up();
	lose(a(), 0);
	a()->lost[0] = false;
	a()->lost[1] = true;
	node_roam(a());
	deliver_to(1);
	assert_true(ike_addr_same_ip(&sa_of(b())->path.remote, &second[0]));
	deliver_to(1); /* the same again, from where A is now */
	deliver_to(0);
	assert_int_equal(a()->updates, 0);
	net_settle(net);
	assert_int_equal(a()->updates, 1);
	assert_between(&a()->addr, &b()->addr);
}

/* An update may go over several ways: which one it is about, it says. */
static void a_copy_of_a_move_over_another_way_is_about_the_one_that_it_names(void **state)
{
	struct packet p, copy;

	(void)state;
	up_with(true);
	ike_mobike_moved(a()->engine, sa_of(a()));
	ike_sa_advance(a()->engine, sa_of(a()), net->now);
	node_drain(a());
	p = net_take(net);
	copy = p;
	copy.local = second[1];
	copy.local.port = IKE_PORT_NATT;
	net_deliver(net, &copy);
	assert_path(b(), &b()->addr, &a()->addr, false);
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	assert_between(&a()->addr, &b()->addr);
}

static void a_move_waits_for_no_job(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		up();
		a()->install_holds = b()->install_holds = i == 0;
		a()->ke_holds = b()->ke_holds = i == 1;
		a()->ways_hold = i == 2;
		if (i == 1)
			rekey_ike(b());
		else
			rekey(b());
		net_settle(net);
		lose(a(), 0);
		net_settle(net);
		a()->install_holds = b()->install_holds = false;
		a()->ke_holds = b()->ke_holds = false;
		a()->ways_hold = false;
		node_drain(a());
		node_drain(b());
		pass_time(120000);
		assert_between(&second[0], &b()->addr);
		teardown(NULL);
	}
}

/* Nobody says which ways there are: the path is kept, and the next notice asks again. */
static void a_job_that_never_ends_is_asked_again(void **state)
{
	(void)state;
	up();
	a()->ways_hold = true;
	lose(a(), 0);
	node_roam(a());
	pass_time(61000);
	a()->ways_hold = false;
	node_roam(a());
	pass_time(30000);
	assert_between(&second[0], &b()->addr);
}

static bool keeps_alive(struct node *node)
{
	unsigned before = node->keepalives;

	pass_time(21000);
	return node->keepalives > before;
}

/*
 *   A                (a NAT)               B
 *      N(UPDATE_SA_ADDRESSES), ... -->         the NAT's address isn't what it says: B asks there
 *      <-- N(NAT_DETECTION_*)
 *      <-- N(COOKIE2)
 *      N(COOKIE2) -->                          B moves
 */
static void a_nat_that_a_move_leads_behind_is_found(void **state)
{
	(void)state;
	up();
	a()->nat = nat;
	lose(a(), 0);
	deliver_to(1);
	assert_true(ike_addr_same_ip(&sa_of(b())->path.remote, &a()->addr));
	net_settle(net);
	assert_path(a(), &second[0], &b()->addr, true);
	assert_path(b(), &b()->addr, &nat, true);
	assert_int_equal(sa_of(b())->path.remote.port, nat.port + IKE_PORT_NATT);
	assert_true(keeps_alive(a()));
	/* And where there is none any more, ESP goes without UDP. */
	a()->nat.family = 0;
	gain(a(), 0);
	pass_time(2000);
	assert_between(&a()->addr, &b()->addr);
	assert_false(keeps_alive(a()));
}

/* Section 3.8: its addresses are the same, but what the peer sees is not. */
static void a_nat_that_comes_goes_or_changes_is_found_by_a_liveness_check(void **state)
{
	(void)state;
	up();
	a()->nat = nat;
	pass_time(60000);
	assert_path(a(), &a()->addr, &b()->addr, true);
	assert_path(b(), &b()->addr, &nat, true);
	a()->nat.port = 30000;
	pass_time(90000);
	assert_path(b(), &b()->addr, &nat, true);
	assert_int_equal(sa_of(b())->path.remote.port, 34500);
	a()->nat.family = 0;
	pass_time(90000);
	assert_between(&a()->addr, &b()->addr);
	/* The same before B. */
	b()->nat = nat;
	pass_time(1000);
	b()->nat.family = 0;
	pass_time(300000);
	assert_between(&a()->addr, &b()->addr);
}

/* A asks once, and there is nothing to tell B of. */
static void check_in_vain(void)
{
	const uint64_t sent = a()->engine->stats.datagrams_out;

	check_liveness(a());
	net_settle(net);
	assert_int_equal(a()->engine->stats.datagrams_out, sent + 1);
	assert_int_equal(sa_of(a())->mobike->moves, 0);
	assert_path(b(), &b()->addr, &nat, true);
}

/* IKE_SA_INIT went from another port, and a predecessor's hashes are of other SPIs. */
static void the_first_check_behind_a_nat_is_of_no_change(void **state)
{
	struct side one = side_a(), two = side_b();

	(void)state;
	one.dpd_ms = 0;
	make_sides(&one, &two, false);
	a()->nat = nat;
	set_hosts(b(), b()->engine->connections[0], NULL, "");
	initiate_and_settle();
	check_in_vain();
	check_in_vain();
	rekey_ike(a());
	net_settle(net);
	check_in_vain();
	a()->nat.port = 30000;
	check_liveness(a());
	pass_time(10000);
	assert_path(b(), &b()->addr, &nat, true);
	assert_int_equal(sa_of(b())->path.remote.port, 34500);
	assert_true(sa_of(a())->mobike->moves > 0);
}

/* A is behind a NAT, never asks by itself, and B has been told. */
static void up_behind_a_nat(void)
{
	struct side one = side_a(), two = side_b();

	one.dpd_ms = 0;
	establish_sides(&one, &two, false);
	a()->nat = nat;
	node_roam(a());
	check_liveness(a()); /* found, as above */
	net_settle(net);
	assert_path(b(), &b()->addr, &nat, true);
}

/*
 * Section 3.8: nobody is followed who doesn't say that he has moved. But who was heard from
 * elsewhere is asked where he was, and who isn't there is looked for where he was heard last.
 */
static void a_mapping_that_changes_is_found_by_who_gets_no_answer(void **state)
{
	(void)state;
	up_behind_a_nat();
	a()->nat.port = 30000;
	rekey(a());
	net_settle(net);
	assert_int_equal(sa_of(b())->path.remote.port, nat.port + IKE_PORT_NATT);
	pass_time(10000);
	assert_int_equal(sa_of(b())->path.remote.port, 34500);
	assert_path(b(), &b()->addr, &nat, true);
}

/*
 *   A  INFORMATIONAL, as if from elsewhere -->  B   is A still there?
 *      <-- INFORMATIONAL
 *      INFORMATIONAL -->                            it is
 */
static void who_is_where_it_was_is_looked_for_nowhere_else(void **state)
{
	struct packet p;

	(void)state;
	up_behind_a_nat();
	check_liveness(a());
	p = take_for(1);
	p.remote.port++;
	net_deliver(net, &p);
	packet_free(&p);
	assert_non_null(sa_of(b())->out.request.data);
	assert_null(sa_of(b())->ways);
	net_settle(net);
	assert_null(sa_of(b())->out.request.data);
	pass_time(10000);
	assert_path(b(), &b()->addr, &nat, true);
}

/* Who catches the message and is faster with it is asked, but can't answer. */
static void a_move_that_is_copied_from_elsewhere_leads_nobody_there(void **state)
{
	struct packet p, copy;

	(void)state;
	for (unsigned behind = 0; behind < 2; behind++) {
		up();
		if (behind)
			a()->nat = nat;
		lose(a(), 0);
		p = net_take(net);
		copy = p;
		copy.remote = (struct ike_addr){.family = 4, .ip = {203, 0, 113, 66}, .port = 4500};
		net_deliver(net, &copy);
		net_deliver(net, &p);
		packet_free(&p);
		while (net->queued) { /* what goes to him is lost */
			p = net_take(net);
			if (p.local.ip[3] != 66)
				net_deliver(net, &p);
			packet_free(&p);
		}
		assert_true(ike_addr_same_ip(&sa_of(b())->path.remote, behind ? &nat : &second[0]));
		/* The answer told A of the address that the copy came from, until it asks again. */
		pass_time(60000);
		assert_path(a(), &second[0], &b()->addr, behind);
		assert_path(b(), &b()->addr, behind ? &nat : &second[0], behind);
		teardown(NULL);
	}
}

static void lose_all_for(unsigned node)
{
	while (waits_for(net, node))
		lose_for(node);
}

/* A request of A's that B hears from elsewhere first. A gets the answer, and B none to what it asks
 * there. */
static void hear_from_elsewhere(const struct packet *p)
{
	struct packet copy = *p, answer;

	lose_all_for(0);
	copy.remote = (struct ike_addr){.family = 4, .ip = {203, 0, 113, 66}, .port = 4500};
	net_deliver(net, &copy);
	answer = take_for(0);
	answer.local = p->remote;
	lose_all_for(0);
	net_deliver(net, &answer);
	packet_free(&answer);
}

/* What is sent in the meantime waits. */
static void pass_time_in_silence(uint64_t ms)
{
	uint64_t min = net->delay_min, max = net->delay_max;

	net->delay_min = net->delay_max = 2 * ms;
	pass_time(ms);
	net->delay_min = min;
	net->delay_max = max;
}

/*
 * A is behind a NAT now, and B has been told. Whether B's request has gone there as well or not, an
 * answer from where A was is late.
 *
 *   A  <-- INFORMATIONAL                  B
 *      INFORMATIONAL -->                      is late
 *      N(UPDATE_SA_ADDRESSES), elsewhere -->  asks whether it is there
 *      (the late one) -->                     goes on asking
 *      <-- INFORMATIONAL
 *      INFORMATIONAL -->                      goes there
 */
static void a_late_answer_from_where_the_peer_was_ends_no_search(void **state)
{
	struct side one = side_a(), two = side_b();
	struct packet late;

	(void)state;
	one.dpd_ms = 0;
	for (unsigned repeated = 0; repeated < 2; repeated++) {
		establish_sides(&one, &two, false);
		check_liveness(b());
		deliver_to(0);
		late = take_for(1);
		a()->nat = nat;
		lose(a(), 0);
		deliver_to(1);
		deliver_to(0);
		if (repeated)
			pass_time_in_silence(5000);
		lose_all_for(0);
		net_settle(net);
		lose_all_for(0);
		net_deliver(net, &late);
		packet_free(&late);
		net_settle(net);
		assert_path(b(), &b()->addr, &nat, true);
		pass_time(60000);
		assert_path(a(), &second[0], &b()->addr, true);
		teardown(NULL);
	}
}

/*
 *   A                                     B   deletes the IKE SA
 *                       X<-- D(IKE)
 *      N(UPDATE_SA_ADDRESSES), elsewhere -->
 *      <-- D(IKE)
 */
static void the_end_is_told_where_the_peer_was_heard_last(void **state)
{
	(void)state;
	up();
	net->watch_flow = false;
	ike_terminate(b()->engine, net->now, b()->ike_id);
	node_drain(b());
	lose_for(0);
	lose(a(), 0);
	net_settle(net);
	assert_int_equal(a()->ike_down, 0);
	pass_time(5000);
	assert_int_equal(a()->ike_down, 1);
	assert_true(nothing_left(a()) && nothing_left(b()));
}

/*
 * B answers what comes first, and tells A of a NAT that isn't there. That A asks again is no help
 * where the same happens to that request because it goes over two ways, or where the IKE SA is
 * rekeyed meanwhile; nor that A hears of B all the time.
 */
static void a_nat_that_is_not_there_is_not_believed_for_long(void **state)
{
	struct side one = side_a(), two = side_b();
	struct packet p;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		one.dpd_ms = i == 2 ? 30000 : 0;
		two.dpd_ms = i == 2 ? 10000 : 0;
		establish_sides(&one, &two, false);
		a()->prefers_other = true;
		lose(a(), 0);
		p = take_for(1);
		hear_from_elsewhere(&p);
		assert_path(a(), &second[0], &b()->addr, true);
		net_deliver(net, &p);
		packet_free(&p);
		assert_path(b(), &b()->addr, &second[0], false);
		if (i != 1)
			gain(a(), 0);
		if (i < 2) {
			lose_all_for(1);
			lose_all_for(0);
			pass_time_in_silence(5000);
		}
		if (i == 1) {
			lose_all_for(1);
			net_settle(net); /* B asks, too */
			rekey_ike(b());
		} else {
			p = take_for(1);
			hear_from_elsewhere(&p);
			packet_free(&p);
			assert_path(a(), &second[0], &b()->addr, true);
		}
		pass_time(90000);
		assert_between(&second[0], &b()->addr);
		teardown(NULL);
	}
}

/* The request of B's that is out goes over another way as well as over the path, and only there it
 * comes to A. */
static void ask_over(const struct ike_pair *other)
{
	const struct ike_way ways[] = {{.pair = ike_path_pair(sa_of(b()))}, {.pair = *other}};
	struct packet p;

	for (unsigned i = 0; i < 2; i++)
		ike_path_add(b()->engine, sa_of(b()), &ways[i]);
	pass_time_in_silence(5000);
	p = take_for(0);
	while (!ike_addr_same_ip(&p.remote, &other->local) ||
	       (!a()->nat.family && !ike_addr_same_ip(&p.local, &other->remote))) {
		packet_free(&p);
		p = take_for(0);
	}
	lose_all_for(0);
	net_deliver(net, &p);
	packet_free(&p);
}

/*
 * B asks over two ways, and A answers wherever it is asked. Whichever copy A hears first, and also
 * when it is the IKE SA that is being rekeyed, B goes where A says that it is; even if nothing more
 * gets to A where it is not.
 */
static void who_answered_is_led_back_to_the_path(void **state)
{
	struct side one = side_a(), two = side_b();

	(void)state;
	one.dpd_ms = 0;
	for (unsigned i = 0; i < 4; i++) {
		struct ike_pair other;

		establish_sides(&one, &two, false);
		if (i >= 2)
			rekey_ike(b());
		else
			check_liveness(b());
		if (i)
			deliver_to(0);
		lose_all_for(i != 0);
		other = ike_path_pair(sa_of(b()));
		memcpy(other.remote.ip, second[0].ip, 4);
		ask_over(&other);
		if (i == 3)
			lose(a(), 1);
		deliver_to(1);
		assert_true(ike_addr_same_ip(&sa_of(b())->path.remote, &second[0]));
		pass_time(20000);
		assert_between(&a()->addr, &b()->addr);
		teardown(NULL);
	}
}

/* What B had asked before A said so, and is answered later over another way, moves nothing. */
static void an_update_that_names_the_path_ends_the_search_for_another(void **state)
{
	struct side one = side_a(), two = side_b();
	struct ike_pair other;
	struct packet answer;

	(void)state;
	one.dpd_ms = 0;
	establish_sides(&one, &two, true);
	a()->nat = nat;
	check_liveness(a());
	net_settle(net);
	assert_path(b(), &b()->addr, &nat, true);
	check_liveness(b());
	lose_for(0);
	other = ike_path_pair(sa_of(b()));
	memcpy(other.local.ip, second[1].ip, 4);
	ask_over(&other);
	answer = take_for(1);
	deliver_to(1);
	lose_all_for(0);
	net_deliver(net, &answer);
	packet_free(&answer);
	assert_path(b(), &b()->addr, &nat, true);
}

static void a_move_that_comes_again_later_moves_nothing(void **state)
{
	struct packet p, old;

	(void)state;
	up();
	lose(a(), 0);
	old = net_take(net);
	net_deliver(net, &old);
	net_settle(net);
	gain(a(), 0);
	pass_time(2000);
	assert_between(&a()->addr, &b()->addr);
	net_deliver(net, &old);
	net_settle(net);
	assert_between(&a()->addr, &b()->addr);
	packet_free(&old);
	/* Nor the last one, from anywhere. */
	lose(a(), 0);
	p = net_take(net);
	net_deliver(net, &p);
	net_settle(net);
	p.remote.ip[3] = 66;
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	assert_between(&second[0], &b()->addr);
}

/* The uplink says nothing, and lets nothing through. */
static void a_way_that_has_died_in_silence_is_left(void **state)
{
	(void)state;
	up();
	a()->dead[0] = true;
	pass_time(60000);
	assert_between(&second[0], &b()->addr);
	/* And so is one to an address of the peer's. */
	teardown(NULL);
	up_with(true);
	b()->dead[0] = true;
	pass_time(60000);
	assert_true(ike_addr_same_ip(&sa_of(a())->path.remote, &second[1]));
	assert_between(&sa_of(a())->path.local, &second[1]);
	/* Without another way it is dead as ever. */
	teardown(NULL);
	up();
	b()->dead[0] = true;
	net->watch_flow = false;
	pass_time(300000);
	assert_int_equal(a()->ike_down, 1);
}

/*
 *   A                                      B
 *      <-- N(ADDITIONAL_IP4_ADDRESS)            from its other address: the first is gone
 *      -->
 *      N(UPDATE_SA_ADDRESSES), ... -->
 */
static void who_answered_tells_of_its_addresses(void **state)
{
	(void)state;
	up();
	b()->other = second[1];
	gain(b(), 1);
	net_settle(net);
	assert_int_equal(sa_of(a())->mobike->remote_count, 2);
	assert_between(&a()->addr, &b()->addr);
	lose(b(), 0);
	pass_time(10000);
	assert_true(ike_addr_same_ip(&sa_of(a())->path.remote, &second[1]));
	assert_between(&sa_of(a())->path.local, &second[1]);
	gain(b(), 0);
	lose(b(), 1);
	pass_time(10000);
	assert_between(&sa_of(a())->path.local, &b()->addr);
}

/* Whoever copies that and is faster is one more to be asked, and can't answer. */
static void a_list_of_addresses_that_is_copied_leads_nobody_there(void **state)
{
	struct packet p, copy;

	(void)state;
	up();
	b()->other = second[1];
	gain(b(), 1);
	p = net_take(net);
	copy = p;
	copy.remote = (struct ike_addr){.family = 4, .ip = {203, 0, 113, 66}, .port = 4500};
	net_deliver(net, &copy);
	net_deliver(net, &p);
	packet_free(&p);
	for (unsigned i = 0; i < 60; i++) {
		while (net->queued) {
			p = net_take(net);
			if (p.local.ip[3] != 66)
				net_deliver(net, &p);
			packet_free(&p);
		}
		pass_time(100);
	}
	assert_between(&a()->addr, &b()->addr);
}

/* The address that IKE_AUTH came to has gone before it is answered: B asks from its other one. */
static void who_answered_asks_from_another_address_when_its_own_went_meanwhile(void **state)
{
	struct side one = side_a(), two = side_b();

	(void)state;
	one.dpd_ms = 0;
	for (unsigned gone = 0; gone < 2; gone++) {
		struct ike_way way;

		establish_sides(&one, &two, true);
		way.pair = ike_path_pair(sa_of(b()));
		if (gone) {
			b()->lost[0] = true; /* it is told of that in the midst of IKE_AUTH */
			b()->engine->own[0] = b()->engine->own[--b()->engine->own_count];
			ike_mobike_settle(b()->engine, sa_of(b()));
			node_drain(b());
		} else { /* one that was to be asked */
			memcpy(way.pair.local.ip, second[1].ip, 4);
			way.judged = false;
			ike_path_try(b()->engine, sa_of(b()), &way, 1);
			lose(b(), 1);
			check_liveness(b());
		}
		pass_time(60000);
		assert_null(sa_of(b())->out.task);
		assert_null(sa_of(b())->ways);
		assert_path(b(), gone ? &second[1] : &b()->addr, &sa_of(b())->path.remote, false);
		assert_int_equal(a()->ike_down + b()->ike_down, 0);
		teardown(NULL);
	}
}

/* Silence says nothing to who has nothing to send from. */
static void who_answered_waits_for_its_only_address(void **state)
{
	struct side one = side_a(), two = side_b();

	(void)state;
	one.dpd_ms = 0;
	two.dpd_ms = 30000;
	establish_sides(&one, &two, false);
	lose(b(), 0);
	pass_time(3600000);
	assert_int_equal(b()->ike_down, 0);
	/* Then it asks as if for the first time. */
	a()->dead[0] = true;
	gain(b(), 0);
	pass_time(30000);
	a()->dead[0] = false;
	pass_time(60000);
	assert_null(only_sa(net, 1)->out.task);
	assert_between(&a()->addr, &b()->addr);
}

/* Nobody says from where else, for a minute: B asks once more, and learns whether A is there. */
static void who_answered_asks_for_ways_until_it_has_one(void **state)
{
	struct side one = side_a(), two = side_b();

	(void)state;
	one.dpd_ms = 0;
	for (unsigned gone = 0; gone < 2; gone++) {
		establish_sides(&one, &two, true);
		net->watch_flow = false;
		a()->dead[0] = a()->dead[1] = gone;
		b()->ways_hold = true;
		lose(b(), 0);
		pass_time(61000);
		b()->ways_hold = false;
		pass_time(1200000);
		assert_int_equal(b()->ike_down, gone);
		if (!gone)
			assert_between(&sa_of(a())->path.local, &second[1]);
		teardown(NULL);
	}
}

/*
 * A peer that has gone isn't waited for any longer because addresses and routes come and go that
 * have nothing to do with it, nor because it has been looked for from a better one all the time.
 */
static void changes_of_no_concern_do_not_keep_who_has_gone(void **state)
{
	struct side one = side_a(), two = side_b();

	(void)state;
	two.dpd_ms = 30000;
	for (unsigned i = 0; i < 3; i++) {
		struct node *who, *gone;
		unsigned patience = 0;

		establish_sides(&one, &two, true);
		who = i == 1 ? b() : a();
		gone = i == 1 ? a() : b();
		if (i == 2)
			lose(a(), 0);
		net_settle(net);
		net->watch_flow = false;
		gone->dead[0] = gone->dead[1] = true;
		if (i == 2)
			gain(a(), 0);
		for (; patience < 600 && !who->ike_down; patience++) {
			who->lost[1] ^= i < 2;
			node_roam(who);
			pass_time(1000);
		}
		assert_in_range(patience, 60, 300);
		teardown(NULL);
	}
}

/* What is in the oldest message that waits, which is for this node. */
static struct ike_payloads *open_next(unsigned node)
{
	static uint8_t plain[IKE_MESSAGE_MAX];
	static struct ike_payloads payloads;
	struct ike_engine *e = net->node[node].engine;
	struct packet p = net_take(net);
	struct ike_in in = {.datagram = ike_slice(p.data, p.len)};
	size_t len;

	assert_int_equal(p.to, node);
	assert_int_equal(ike_header_parse(in.datagram, &in.hdr), 0);
	assert_int_equal(ike_message_parse(in.datagram, in.hdr.next_payload, &in.payloads), 0);
	assert_true(ike_open(e, e->all, &in, in.payloads.encrypted, &len));
	memcpy(plain, e->plain, len);
	assert_int_equal(
		ike_payloads_parse(ike_slice(plain, len), in.payloads.inner_first, &payloads), 0);
	packet_free(&p);
	return &payloads;
}

/* What a side answers to a request of the other's, which isn't that one's own doing. */
static struct ike_payloads *answer_of(unsigned node, struct ike_builder *inner)
{
	struct ike_sa *sa = net->node[1 - node].engine->all;
	struct packet p = forge(net, 1 - node, IKE_INFORMATIONAL, false, sa->out.next_id, inner);

	net_deliver(net, &p);
	packet_free(&p);
	sa->out.next_id++;
	return open_next(1 - node);
}

static void begin_update(struct ike_builder *inner, uint8_t room[512])
{
	ike_build_chain(inner, room, 512);
	ike_write_bare_notify(inner, IKE_N_UPDATE_SA_ADDRESSES);
}

static void cookie2_comes_back_as_it_was(void **state)
{
	static const uint8_t cookie[64] = "twelve drummers";
	static const struct ike_slice nothing;
	struct ike_payloads *answer;
	struct ike_builder inner;
	struct ike_notify n;
	uint8_t room[512];

	(void)state;
	up();
	ike_build_chain(&inner, room, sizeof(room));
	ike_write_notify(&inner, IKE_PROTO_NONE, nothing, IKE_N_COOKIE2,
			 ike_slice(cookie, sizeof(cookie)));
	answer = answer_of(1, &inner);
	assert_true(ike_find_notify(answer, IKE_N_COOKIE2, &n));
	assert_true(ike_slice_equal(n.data, ike_slice(cookie, sizeof(cookie))));
	assert_false(ike_find_notify(answer, IKE_N_NAT_DETECTION_SOURCE_IP, &n));
	/* With hashes it gets some, and nothing else happens (section 3.8). */
	ike_build_chain(&inner, room, sizeof(room));
	ike_nat_write(&inner, only_sa(net, 0),
		      &(struct ike_pair){only_sa(net, 0)->path.local, second[1]}, false);
	answer = answer_of(1, &inner);
	assert_true(ike_find_notify(answer, IKE_N_NAT_DETECTION_SOURCE_IP, &n));
	assert_true(ike_find_notify(answer, IKE_N_NAT_DETECTION_DESTINATION_IP, &n));
	assert_between(&a()->addr, &b()->addr);
}

/* Section 3.8: they may be in any request. Not every peer returns a COOKIE2 without them. */
static void hashes_go_with_a_cookie2_to_who_is_behind_a_nat(void **state)
{
	struct ike_addr from = nat;
	struct ike_payloads *question;
	struct ike_notify n;

	(void)state;
	up_behind_a_nat();
	from.port = 34500;
	ike_seen_elsewhere(b()->engine, net->now, only_sa(net, 1)->children->id, &from);
	node_drain(b());
	question = open_next(0);
	assert_true(ike_find_notify(question, IKE_N_COOKIE2, &n));
	assert_true(ike_find_notify(question, IKE_N_NAT_DETECTION_SOURCE_IP, &n));
	assert_true(ike_find_notify(question, IKE_N_NAT_DETECTION_DESTINATION_IP, &n));
	pass_time(10000);
	assert_path(b(), &b()->addr, &nat, true);
}

/* Section 3.7: who doesn't give it back isn't believed any more. */
static void another_cookie2_ends_the_ike_sa(void **state)
{
	struct ike_builder inner;
	uint8_t room[64];
	struct packet p;

	(void)state;
	up();
	a()->nat = nat;
	lose(a(), 0);
	deliver_to(1);
	ike_build_chain(&inner, room, sizeof(room));
	ike_write_notify(&inner, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_COOKIE2,
			 ike_slice("of sixteen bytes", 16));
	p = forge(net, 0, IKE_INFORMATIONAL, true, 0, &inner);
	p.remote = nat;
	p.remote.port += IKE_PORT_NATT;
	net->watch_flow = false;
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	pass_time(60000);
	assert_int_equal(b()->ike_down, 1);
	assert_string_equal(b()->ike_reason, "peer's COOKIE2 isn't the one that was sent");
}

/* Section 3.9 */
static void who_forbids_nats_is_told_of_one(void **state)
{
	static const uint8_t there[] = {192, 0, 2, 1, 192, 0, 2, 2, 0x11, 0x94, 0x11, 0x94},
			     elsewhere[] = {192, 0, 2, 9, 192, 0, 2, 2, 0x11, 0x94, 0x11, 0x94};
	static const struct ike_slice nothing;
	struct ike_payloads *answer;
	struct ike_builder inner;
	struct ike_notify n;
	uint8_t room[512];

	(void)state;
	up();
	begin_update(&inner, room);
	ike_write_notify(&inner, IKE_PROTO_NONE, nothing, IKE_N_NO_NATS_ALLOWED,
			 ike_slice(there, sizeof(there)));
	answer = answer_of(1, &inner);
	assert_false(ike_find_notify(answer, IKE_N_UNEXPECTED_NAT_DETECTED, &n));
	begin_update(&inner, room);
	ike_write_notify(&inner, IKE_PROTO_NONE, nothing, IKE_N_NO_NATS_ALLOWED,
			 ike_slice(elsewhere, sizeof(elsewhere)));
	answer = answer_of(1, &inner);
	assert_true(ike_find_notify(answer, IKE_N_UNEXPECTED_NAT_DETECTED, &n));
	net_settle(net);
	assert_between(&a()->addr, &b()->addr);
}

/* Port 500 is where ESP in UDP can't go. */
static void an_update_over_port_500_is_refused(void **state)
{
	struct ike_builder inner;
	struct ike_sa *sa;
	uint8_t room[512];
	struct packet p;

	(void)state;
	up();
	sa = only_sa(net, 0);
	begin_update(&inner, room);
	p = forge(net, 0, IKE_INFORMATIONAL, false, sa->out.next_id, &inner);
	p.local.port = p.remote.port = IKE_PORT;
	net_deliver(net, &p);
	packet_free(&p);
	sa->out.next_id++;
	while (net->queued)
		lose_for(0);
	assert_between(&a()->addr, &b()->addr);
	assert_int_equal(only_sa(net, 1)->path.local.port, IKE_PORT_NATT);
}

/* One of B's addresses is there and isn't wanted: A stays where it was. */
static void addresses_that_are_refused_are_not_tried_again(void **state)
{
	(void)state;
	up_with(true);
	assert_int_equal(ike_hosts_set(&b()->engine->connections[0]->local, &b()->addr), 0);
	b()->dead[0] = true;
	net->watch_flow = false;
	pass_time(45000);
	assert_true(sa_of(a())->mobike->refused);
	b()->dead[0] = false;
	pass_time(60000);
	assert_true(ike_addr_same_ip(&sa_of(a())->path.remote, &b()->addr));
	assert_path(a(), &sa_of(a())->path.local, &b()->addr, false);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
}

/* local_addrs says which of ours may be used. */
static void only_an_address_that_is_configured_is_used(void **state)
{
	(void)state;
	up();
	assert_int_equal(ike_hosts_set(&a()->engine->connections[0]->local, &a()->addr), 0);
	lose(a(), 0);
	pass_time(20000);
	assert_int_equal(net->queued, 0);
	gain(a(), 0);
	pass_time(20000);
	assert_between(&a()->addr, &b()->addr);
}

/* Larger packets were lost on another way. */
static void fragments_are_as_large_as_the_new_way_allows(void **state)
{
	(void)state;
	up();
	sa_of(a())->fragment_size = sa_of(b())->fragment_size = 576;
	lose(a(), 0);
	net_settle(net);
	assert_int_equal(sa_of(a())->fragment_size, 0);
	assert_int_equal(sa_of(b())->fragment_size, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(both_say_so_and_go_to_port_4500, teardown),
		cmocka_unit_test_teardown(where_one_does_not_neither_does, teardown),
		cmocka_unit_test_teardown(an_address_that_goes_is_left, teardown),
		cmocka_unit_test_teardown(what_is_still_the_best_is_kept_without_a_word, teardown),
		cmocka_unit_test_teardown(each_message_of_a_move_may_be_lost, teardown),
		cmocka_unit_test_teardown(a_request_that_is_out_goes_on_from_the_new_address,
					  teardown),
		cmocka_unit_test_teardown(moves_in_the_midst_of_rekeyings_end_well, teardown),
		cmocka_unit_test_teardown(rekeying_leaves_it_as_it_was, teardown),
		cmocka_unit_test_teardown(two_moves_in_quick_succession_end_at_the_last, teardown),
		cmocka_unit_test_teardown(an_answer_to_an_earlier_move_moves_no_child, teardown),
		cmocka_unit_test_teardown(
			a_copy_of_a_move_over_another_way_is_about_the_one_that_it_names, teardown),
		cmocka_unit_test_teardown(a_move_waits_for_no_job, teardown),
		cmocka_unit_test_teardown(a_job_that_never_ends_is_asked_again, teardown),
		cmocka_unit_test_teardown(a_nat_that_a_move_leads_behind_is_found, teardown),
		cmocka_unit_test_teardown(
			a_nat_that_comes_goes_or_changes_is_found_by_a_liveness_check, teardown),
		cmocka_unit_test_teardown(the_first_check_behind_a_nat_is_of_no_change, teardown),
		cmocka_unit_test_teardown(a_mapping_that_changes_is_found_by_who_gets_no_answer,
					  teardown),
		cmocka_unit_test_teardown(who_is_where_it_was_is_looked_for_nowhere_else, teardown),
		cmocka_unit_test_teardown(a_move_that_is_copied_from_elsewhere_leads_nobody_there,
					  teardown),
		cmocka_unit_test_teardown(a_late_answer_from_where_the_peer_was_ends_no_search,
					  teardown),
		cmocka_unit_test_teardown(the_end_is_told_where_the_peer_was_heard_last, teardown),
		cmocka_unit_test_teardown(a_nat_that_is_not_there_is_not_believed_for_long,
					  teardown),
		cmocka_unit_test_teardown(who_answered_is_led_back_to_the_path, teardown),
		cmocka_unit_test_teardown(an_update_that_names_the_path_ends_the_search_for_another,
					  teardown),
		cmocka_unit_test_teardown(a_move_that_comes_again_later_moves_nothing, teardown),
		cmocka_unit_test_teardown(a_way_that_has_died_in_silence_is_left, teardown),
		cmocka_unit_test_teardown(who_answered_tells_of_its_addresses, teardown),
		cmocka_unit_test_teardown(a_list_of_addresses_that_is_copied_leads_nobody_there,
					  teardown),
		cmocka_unit_test_teardown(
			who_answered_asks_from_another_address_when_its_own_went_meanwhile,
			teardown),
		cmocka_unit_test_teardown(who_answered_waits_for_its_only_address, teardown),
		cmocka_unit_test_teardown(who_answered_asks_for_ways_until_it_has_one, teardown),
		cmocka_unit_test_teardown(changes_of_no_concern_do_not_keep_who_has_gone, teardown),
		cmocka_unit_test_teardown(cookie2_comes_back_as_it_was, teardown),
		cmocka_unit_test_teardown(hashes_go_with_a_cookie2_to_who_is_behind_a_nat,
					  teardown),
		cmocka_unit_test_teardown(another_cookie2_ends_the_ike_sa, teardown),
		cmocka_unit_test_teardown(who_forbids_nats_is_told_of_one, teardown),
		cmocka_unit_test_teardown(an_update_over_port_500_is_refused, teardown),
		cmocka_unit_test_teardown(addresses_that_are_refused_are_not_tried_again, teardown),
		cmocka_unit_test_teardown(only_an_address_that_is_configured_is_used, teardown),
		cmocka_unit_test_teardown(fragments_are_as_large_as_the_new_way_allows, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
