/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the path takes, found out by probes (RFC 8899), message by message and over ways that lose
 * what is too large without a word. A probes; its link takes 1,500 octets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

enum {
	PROBE_MS = 60000,
	SETTLED_MS = 58000, /* so long a search takes at most, and the next probe isn't due yet */
	RAISED_MS = 13 * PROBE_MS,
	STEP = 16,  /* octets that a search leaves, */
	BLOCK = 15, /* and that a cipher with blocks can't fill */
	IPV4_AND_UDP = 28,
};

static const struct ike_addr second = {.family = 4, .ip = {198, 51, 100, 1}};

static struct side prober(void)
{
	struct side side = SIDE_A;

	side.probe_ms = PROBE_MS;
	return side;
}

static void up_on(uint32_t way)
{
	const struct side one = prober();

	establish(&one, &SIDE_B);
	a()->way = way;
}

static const struct ike_stats *stats(void)
{
	return ike_engine_stats(a()->engine);
}

static const struct ike_sa *sa_of_a(void)
{
	return ike_sa_find_id(a()->engine, a()->ike_id);
}

/* Exactly so much as the way takes, or a little less. */
static void assert_found(uint32_t less)
{
	const uint32_t found = a()->path_mtu.octets;

	if (found > a()->way || found + less < a()->way)
		fail_msg("on a way of %u octets %u were found", a()->way, found);
}

static void assert_still_up(void)
{
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	assert_int_equal(stats()->peers_dead, 0);
	net->watch_flow = false;
	assert_all_gone(a());
}

/* What waits for B is a message of this ID, in packets of this kind, of so many octets whole. */
static void assert_waits(uint32_t id, enum ike_packets packets, size_t size)
{
	struct packet p = take_for(1);
	struct ike_header hdr;

	assert_int_equal(ike_header_parse(ike_slice(p.data, p.len), &hdr), 0);
	assert_int_equal(hdr.exchange, IKE_INFORMATIONAL);
	assert_int_equal(hdr.message_id, id);
	assert_int_equal(hdr.next_payload, IKE_PAYLOAD_SK);
	assert_int_equal(p.packets, packets);
	assert_int_equal(p.len + IPV4_AND_UDP, size);
	net_put(net, &p);
}

static void wait_for_probe(uint64_t number)
{
	net->delay_min = net->delay_max = 10;
	while (stats()->probes < number)
		pass_time(1);
}

/*
 *   A                                      B
 *      SK {V} of 592 octets -->             in fragments of IP
 *      <-- SK {}                            they come through
 *      SK {V} of 1,500 octets -->           in one packet
 *      <-- SK {}                            that was all for a minute
 */
static void a_path_as_wide_as_the_link_costs_a_message_a_time(void **state)
{
	uint32_t id;

	(void)state;
	up_on(1500);
	wait_for_probe(1);
	id = sa_of_a()->out.next_id;
	assert_waits(id, IKE_PACKETS_CUT, 592);
	wait_for_probe(2);
	assert_waits(id + 1, IKE_PACKETS_WHOLE, 1500);
	pass_time(SETTLED_MS);
	assert_int_equal(stats()->probes, 2);
	assert_int_equal(a()->path_mtu.octets, 1500);
	assert_true(a()->path_mtu.hold_ms > PROBE_MS);
	assert_true(ike_addr_same_ip(&a()->path_mtu.remote, &b()->addr));
	pass_time(10 * PROBE_MS);
	assert_int_equal(stats()->probes, 12);
	assert_int_equal(stats()->probes_lost, 0);
	assert_int_equal(a()->path_mtus, 11);
	assert_int_equal(ike_engine_stats(b()->engine)->probes, 0);
	assert_still_up();
}

/*
 *   A                                      B
 *      SK {V} of 1,500 octets -->           lost
 *      the same octets -->                  in fragments of IP
 *      <-- SK {}                            the window is free: the next
 */
static void a_probe_that_is_lost_goes_on_in_fragments(void **state)
{
	uint32_t id;

	(void)state;
	up_on(1400);
	wait_for_probe(2);
	id = sa_of_a()->out.next_id;
	assert_int_equal(net->queued, 0);
	while (!net->queued)
		pass_time(1);
	assert_int_equal(net->queued, 1);
	assert_waits(id, IKE_PACKETS_CUT, 1500);
	assert_int_equal(stats()->retransmissions_out, 0);
	a()->way = 1500; /* it isn't taken to be too large for one loss */
	wait_for_probe(3);
	assert_int_equal(stats()->probes_lost, 1);
	assert_waits(id + 1, IKE_PACKETS_WHOLE, 1500);
	pass_time(SETTLED_MS);
	assert_int_equal(a()->path_mtu.octets, 1500);
	assert_still_up();
}

/* The peer may have had it (RFC 7296, section 2.1). */
static void a_lost_probe_is_repeated_octet_for_octet(void **state)
{
	struct packet first, again;

	(void)state;
	up_on(1500);
	wait_for_probe(2);
	first = take_for(1);
	net_deliver(net, &first);
	lose_for(0);
	while (!net->queued)
		pass_time(1);
	again = take_for(1);
	assert_int_equal(first.packets, IKE_PACKETS_WHOLE);
	assert_int_equal(again.packets, IKE_PACKETS_CUT);
	assert_int_equal(again.len, first.len);
	assert_memory_equal(again.data, first.data, first.len);
	net_deliver(net, &again);
	pass_time(20);
	assert_int_equal(ike_engine_stats(b()->engine)->retransmissions_in, 1);
	assert_int_equal(ike_engine_stats(b()->engine)->drop_message_id, 0);
	packet_free(&first);
	packet_free(&again);
	assert_still_up();
}

/*
 *   A                                      B
 *      SK {V} of 592 octets -->             fragments of IP, lost
 *      the same octets -->                  in one packet
 *      <-- SK {}                            a larger one could not go on so
 */
static void where_fragments_get_lost_nothing_is_probed(void **state)
{
	uint32_t id;

	(void)state;
	up_on(1400);
	a()->loses_cuts = true;
	wait_for_probe(1);
	id = sa_of_a()->out.next_id;
	while (!net->queued)
		pass_time(1);
	assert_waits(id, IKE_PACKETS_ANY, 592);
	pass_time(9 * PROBE_MS);
	assert_int_equal(stats()->probes, 3);
	assert_int_equal(a()->path_mtus, 0);
	a()->loses_cuts = false; /* that is asked again now and then */
	pass_time(3 * PROBE_MS);
	assert_int_equal(a()->path_mtu.octets, 1400);
	assert_still_up();
}

/* A path that is another one since, on which nothing of a probe comes through: the IKE SA ends, and
 * the next knows better. */
static void a_probe_that_nothing_answers_ends_one_ike_sa(void **state)
{
	(void)state;
	up_on(1500);
	pass_time(SETTLED_MS);
	net->watch_flow = false;
	a()->way = 1300;
	a()->loses_cuts = true;
	pass_time(10 * PROBE_MS);
	assert_int_equal(a()->ike_down, 1);
	start(net, 0);
	pass_time(30 * PROBE_MS);
	assert_int_equal(a()->ike_down, 1);
}

/* Over IPv6 what goes on whole is a little more than all ways take. */
static void three_are_enough(void **state)
{
	struct side one = prober(), two = SIDE_B;

	(void)state;
	one.ipv6 = two.ipv6 = true;
	net = net_new(17, &one, &two);
	a()->way = 1290;
	a()->loses_cuts = true;
	for (unsigned i = 0; i < 5; i++) {
		start(net, 0);
		pass_time(10 * PROBE_MS);
		assert_int_equal(a()->ike_down, i < 3 ? i + 1 : 3);
	}
	pass_time(3600000); /* so long there are none */
	assert_int_equal(a()->ike_down, 4);
}

static void what_comes_meanwhile_waits_for_no_more_than_that(void **state)
{
	(void)state;
	up_on(1400);
	while (!stats()->probes)
		pass_time(10);
	rekey(a());
	rekey_ike(a());
	pass_time(15000);
	assert_int_equal(a()->rekeyed, 1);
	assert_int_equal(a()->ike_rekeyed, 1);
	pass_time(SETTLED_MS);
	assert_found(STEP);
	assert_still_up();
}

struct kind {
	const char *ike;
	bool ipv6, encap;
	uint32_t less; /* than exactly */
};

/* Nothing larger than the way is ever told, and what nearly every way takes before the rest. */
static void find(const struct kind *kind, uint32_t way)
{
	struct side one = prober(), two = SIDE_B;

	one.ike = two.ike = kind->ike;
	one.ipv6 = two.ipv6 = kind->ipv6;
	one.encap = kind->encap;
	establish(&one, &two);
	a()->way = way;
	while (!a()->path_mtus && net->now < 120000)
		pass_time(100);
	assert_true(a()->path_mtu.octets <= way);
	for (unsigned i = 0; i < 100; i++) {
		pass_time(1000);
		assert_true(a()->path_mtu.octets <= way);
	}
	assert_found(kind->less);
	assert_still_up();
	teardown(NULL);
}

static void a_way_that_loses_in_silence_is_found(void **state)
{
	static const struct kind kinds[] = {
		{"aes256gcm16-prfsha384-x25519", .less = STEP},
		{"aes256gcm16-prfsha384-x25519", .encap = true, .less = STEP},
		{"aes256gcm16-prfsha384-x25519", .ipv6 = true, .less = STEP},
		{"aes256-sha512-x25519", .less = STEP + BLOCK},
		{"aes256-sha256-x25519", .encap = true, .less = STEP + BLOCK},
		{"aes256-sha256-x25519", .ipv6 = true, .encap = true, .less = STEP + BLOCK},
	};
	static const uint32_t ways[] = {576,  600,  1000, 1199, 1200, 1280, 1281, 1300, 1337,
					1399, 1400, 1418, 1459, 1480, 1492, 1499, 1500};

	(void)state;
	for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (unsigned w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
			if (!kinds[k].ipv6 || ways[w] >= 1280)
				find(&kinds[k], ways[w]);
		}
	}
}

static void what_ways_usually_take_is_found_exactly(void **state)
{
	static const uint16_t usual[] = {1280, 1400, 1420, 1450, 1480, 1492};
	const struct kind kind = {.ike = "aes256gcm16-prfsha384-x25519"};

	(void)state;
	for (unsigned i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		find(&kind, usual[i]);
}

static void a_link_of_any_size_is_searched(void **state)
{
	static const uint16_t links[] = {500, 576, 577, 900, 1280, 1438, 9000, 16000, 65535};

	(void)state;
	for (unsigned i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		const uint32_t most = links[i] < IKE_MESSAGE_MAX ? links[i] : IKE_MESSAGE_MAX;

		up_on(most);
		a()->link = links[i];
		pass_time(SETTLED_MS);
		if (most <= 576)
			assert_int_equal(stats()->probes, 0);
		else
			assert_found(0);
		a()->way = 700;
		pass_time(3 * PROBE_MS);
		if (most > 700)
			assert_found(STEP);
		assert_still_up();
		teardown(NULL);
	}
}

static void a_path_that_becomes_narrower_is_noticed_by_the_next_probe(void **state)
{
	(void)state;
	up_on(1500);
	pass_time(SETTLED_MS);
	assert_int_equal(a()->path_mtu.octets, 1500);
	a()->way = 1380;
	pass_time(PROBE_MS + 30000);
	assert_found(STEP);
	a()->way = 900;
	pass_time(PROBE_MS + 30000);
	assert_found(STEP);
	assert_still_up();
}

static void a_path_that_becomes_wider_is_noticed_after_ten(void **state)
{
	(void)state;
	up_on(1380);
	pass_time(SETTLED_MS);
	assert_found(STEP);
	a()->way = 1500;
	pass_time(5 * PROBE_MS);
	assert_int_equal(a()->path_mtu.octets, 1380);
	pass_time(RAISED_MS);
	assert_int_equal(a()->path_mtu.octets, 1500);
	assert_still_up();
}

/* Without its answer a probe is lost, but such losses come to three in a row now and then at most.
 */
static void a_way_that_loses_anything_is_found_in_time(void **state)
{
	(void)state;
	up_on(1400);
	net->loss = 10;
	net->delay_max = 200;
	pass_time(4 * RAISED_MS);
	net->loss = 0;
	pass_time(2 * RAISED_MS);
	assert_int_equal(a()->path_mtu.octets, 1400);
	assert_still_up();
}

/* The answer to the first comes after the fragments, but how long it takes is known then. */
static void a_slow_way_is_found_as_well(void **state)
{
	(void)state;
	up_on(1500);
	net->delay_min = net->delay_max = 900;
	pass_time(SETTLED_MS);
	assert_int_equal(a()->path_mtu.octets, 1500);
	assert_true(stats()->probes_lost <= 1);
	assert_still_up();
}

static void a_peer_that_is_dead_is_found_out_as_ever(void **state)
{
	(void)state;
	up_on(1500);
	pass_time(SETTLED_MS);
	net->watch_flow = false;
	net->down = true;
	pass_time(10 * PROBE_MS);
	assert_int_equal(a()->ike_down, 1);
	assert_int_equal(stats()->peers_dead, 1);
}

static void a_successor_goes_on_where_the_old_one_was(void **state)
{
	uint64_t probes;

	(void)state;
	up_on(1380);
	pass_time(SETTLED_MS);
	probes = stats()->probes;
	rekey_ike(a());
	net_settle(net);
	rekey_ike(b());
	net_settle(net);
	assert_int_equal(a()->ike_rekeyed, 2);
	pass_time(3 * PROBE_MS);
	assert_int_equal(stats()->probes, probes + 3);
	assert_int_equal(a()->path_mtu.octets, 1380);
	assert_still_up();
}

/* Also one whose search is under way, by either. */
static void a_search_goes_on_in_a_successor(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		up_on(1380);
		while (stats()->probes_lost < 4)
			pass_time(10);
		rekey_ike(i ? a() : b());
		pass_time(SETTLED_MS);
		assert_int_equal(a()->ike_rekeyed, 1);
		assert_int_equal(a()->path_mtu.octets, 1380);
		assert_still_up();
		teardown(NULL);
	}
}

static void another_path_is_searched_from_the_beginning(void **state)
{
	struct side one = prober(), two = SIDE_B;
	uint64_t probes;

	(void)state;
	one.mobike = two.mobike = true;
	net = net_new(17, &one, &two);
	a()->other = second;
	for (unsigned i = 0; i < 2; i++) {
		set_hosts(&net->node[i], net->node[i].engine->connections[0], "", NULL);
		net->node[i].has_route = true;
		node_roam(&net->node[i]);
	}
	a()->way = 1280;
	start(net, 0);
	pass_time(SETTLED_MS);
	assert_int_equal(a()->path_mtu.octets, 1280);
	probes = stats()->probes;
	a()->way = 1500;
	a()->lost[0] = true;
	node_roam(a());
	pass_time(SETTLED_MS);
	assert_true(stats()->probes > probes);
	assert_true(ike_addr_same_ip(&a()->path_mtu.local, &second));
	assert_int_equal(a()->path_mtu.octets, 1500);
	assert_still_up();
}

static void in_tcp_there_is_nothing_to_probe(void **state)
{
	struct side one = prober();

	(void)state;
	one.tcp = IKE_TCP_YES;
	establish(&one, &SIDE_B);
	pass_time(3 * PROBE_MS);
	assert_int_equal(stats()->probes, 0);
	assert_still_up();
}

/* None is in fragments of IKE, which some peers take of other exchanges alone. */
static void who_takes_no_fragments_of_ike_is_probed_as_well(void **state)
{
	struct side one = prober(), two = SIDE_B;

	(void)state;
	two.fragmentation = IKE_FRAGMENTATION_NO;
	establish(&one, &two);
	a()->way = 1400;
	pass_time(SETTLED_MS);
	assert_int_equal(a()->path_mtu.octets, 1400);
	assert_int_equal(stats()->fragments_out, 0);
	assert_still_up();
}

static void reconfigure(uint64_t probe_ms)
{
	struct ike_connection *old = a()->engine->connections[0],
			      *conn = ike_connection_new(old->name);
	struct ike_child_config *child = ike_connection_add_child(conn, old->children[0].name);

	*child = old->children[0];
	ike_hosts_copy(&conn->local, &old->local);
	ike_hosts_copy(&conn->remote, &old->remote);
	conn->probe_ms = probe_ms;
	assert_int_equal(ike_engine_update_connection(a()->engine, net->now, conn), 0);
	node_drain(a());
}

static void a_change_of_the_configuration_holds_at_once(void **state)
{
	uint64_t probes;

	(void)state;
	up_on(1500);
	pass_time(SETTLED_MS);
	reconfigure(0);
	probes = stats()->probes;
	pass_time(10 * PROBE_MS);
	assert_int_equal(stats()->probes, probes);
	reconfigure(1000);
	pass_time(10000);
	assert_true(stats()->probes > probes + 5);
	assert_still_up();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_path_as_wide_as_the_link_costs_a_message_a_time,
					  teardown),
		cmocka_unit_test_teardown(a_probe_that_is_lost_goes_on_in_fragments, teardown),
		cmocka_unit_test_teardown(a_lost_probe_is_repeated_octet_for_octet, teardown),
		cmocka_unit_test_teardown(where_fragments_get_lost_nothing_is_probed, teardown),
		cmocka_unit_test_teardown(a_probe_that_nothing_answers_ends_one_ike_sa, teardown),
		cmocka_unit_test_teardown(three_are_enough, teardown),
		cmocka_unit_test_teardown(what_comes_meanwhile_waits_for_no_more_than_that,
					  teardown),
		cmocka_unit_test_teardown(a_way_that_loses_in_silence_is_found, teardown),
		cmocka_unit_test_teardown(what_ways_usually_take_is_found_exactly, teardown),
		cmocka_unit_test_teardown(a_link_of_any_size_is_searched, teardown),
		cmocka_unit_test_teardown(a_path_that_becomes_narrower_is_noticed_by_the_next_probe,
					  teardown),
		cmocka_unit_test_teardown(a_path_that_becomes_wider_is_noticed_after_ten, teardown),
		cmocka_unit_test_teardown(a_way_that_loses_anything_is_found_in_time, teardown),
		cmocka_unit_test_teardown(a_slow_way_is_found_as_well, teardown),
		cmocka_unit_test_teardown(a_peer_that_is_dead_is_found_out_as_ever, teardown),
		cmocka_unit_test_teardown(a_successor_goes_on_where_the_old_one_was, teardown),
		cmocka_unit_test_teardown(a_search_goes_on_in_a_successor, teardown),
		cmocka_unit_test_teardown(another_path_is_searched_from_the_beginning, teardown),
		cmocka_unit_test_teardown(in_tcp_there_is_nothing_to_probe, teardown),
		cmocka_unit_test_teardown(who_takes_no_fragments_of_ike_is_probed_as_well,
					  teardown),
		cmocka_unit_test_teardown(a_change_of_the_configuration_holds_at_once, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
