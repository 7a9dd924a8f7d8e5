/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exchanges between two engines, message by message. In the drawings A is node 0 and begins unless
 * it says otherwise; X marks a message that is lost.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

static void begin(const struct side *one, const struct side *two)
{
	net = net_new(4303, one, two);
}

static void lose_next(void)
{
	struct packet p = net_take(net);

	packet_free(&p);
}

static void assert_both_up(void)
{
	struct installed *x = present_child(a()), *y = present_child(b());

	assert_int_equal(a()->ike_up - a()->ike_down, 1);
	assert_int_equal(b()->ike_up - b()->ike_down, 1);
	assert_non_null(x);
	assert_non_null(y);
	assert_true(x->up && y->up);
	assert_true(children_agree(x, y));
}

static void assert_nothing_left(void)
{
	assert_true(nothing_left(a()));
	assert_true(nothing_left(b()));
	assert_int_equal(net->queued, 0);
}

static void establish(const struct side *one, const struct side *two)
{
	begin(one, two);
	start(net, 0);
	net_settle(net);
	assert_both_up();
}

static uint8_t exchange_of(const struct packet *p)
{
	return p->data[18];
}

/*
 *   A  IKE_SA_INIT -->        B
 *      <-- IKE_SA_INIT
 *      IKE_AUTH -->
 *      <-- IKE_AUTH
 */
static void four_messages_establish_an_ike_sa_and_a_child_sa(void **state)
{
	struct ike_id theirs, own;
	struct ike_sa *x, *y;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	start(net, 0);
	net_settle(net);
	assert_both_up();
	assert_int_equal(net->sent, 4);
	x = only_sa(net, 0);
	y = only_sa(net, 1);
	assert_true(x->initiator && !y->initiator);
	assert_true(x->spi_i == y->spi_i && x->spi_r == y->spi_r);
	assert_memory_equal(&x->keys, &y->keys, sizeof(x->keys));
	theirs = ike_id_kept(x->remote_id);
	own = ike_id_kept(y->local_id);
	assert_true(ike_id_equal(&theirs, &own));
	assert_false(x->path.nat_local || x->path.nat_remote || y->path.nat_local ||
		     y->path.nat_remote);
	assert_int_equal(x->path.remote.port, 500);
	assert_false(present_child(a())->sa.encap);
	assert_int_equal(present_child(a())->sa.suite.encr_bits, 256);
	/* The handshake's private parts are gone. */
	assert_null(x->handshake);
	assert_null(y->handshake);
}

static void every_group_and_cipher_and_prf_establishes(void **state)
{
	static const char *const suites[] = {
		"aes128gcm16-prfsha256-x25519",
		"aes192gcm16-prfsha384-x448",
		"aes256gcm16-prfsha512-ecp256",
		"chacha20poly1305-prfsha256-ecp384",
		"aes128-sha256-ecp521",
		"aes192-sha384-modp2048",
		"aes256-sha512-modp3072",
		"aes256gcm16-prfsha384-modp4096",
		"aes256-sha256-prfsha512-curve25519",
		NULL,
	};
	static const char *const esp[] = {"aes128gcm16",      "aes192gcm16",
					  "aes256gcm16",      "aes256-sha512",
					  "chacha20poly1305", "aes128-sha256",
					  "aes192-sha384",    "aes128gcm16",
					  "aes128gcm16",      NULL};

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		struct side one = SIDE_A, two = SIDE_B;

		one.ike = two.ike = suites[i];
		one.esp = two.esp = esp[i];
		establish(&one, &two);
		net_free(net);
		net = NULL;
	}
}

/*
 *   A  IKE_SA_INIT N(NAT_DETECTION_SOURCE_IP, of nobody) -->     B
 *      <-- IKE_SA_INIT
 *      IKE_AUTH from 4500 to 4500 -->
 */
static void a_forced_nat_moves_both_to_port_4500_and_esp_into_udp(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.encap = true;
	establish(&one, &two);
	assert_true(present_child(a())->sa.encap);
	assert_true(present_child(b())->sa.encap);
	assert_int_equal(present_child(a())->sa.local.port, 4500);
	assert_int_equal(present_child(a())->sa.remote.port, 4500);
	assert_int_equal(present_child(b())->sa.local.port, 4500);
	assert_true(only_sa(net, 1)->path.nat_remote);
	net_free(net);
	one.encap = false;
	two.encap = true; /* the responder pretends */
	establish(&one, &two);
	assert_int_equal(present_child(a())->sa.remote.port, 4500);
	assert_true(only_sa(net, 0)->path.nat_remote);
}

static uint16_t nat_gone; /* the port of a mapping that is no more */
static bool nat_static;	  /* B is behind one too, which changes its address and nothing else */

/* A sits behind a NAT that maps 192.0.2.1:x to 192.0.2.1:40000+x. */
static void nat_deliver(bool *moved)
{
	struct packet p = net_take(net);

	if (p.to == 0 && p.local.port == nat_gone) {
		packet_free(&p);
		return;
	}
	if (p.to == 1)
		p.remote.port = (uint16_t)((p.remote.port == 4500 && *moved ? 50000 : 40000) +
					   p.remote.port % 100);
	if (nat_static)
		(p.to == 1 ? &p.local : &p.remote)->ip[3] = p.to == 1 ? 22 : 2;
	if (p.to == 0)
		p.local.port = exchange_of(&p) == IKE_SA_INIT ? 500 : 4500;
	net_deliver(net, &p);
	packet_free(&p);
}

static void a_real_nat_is_seen_and_a_new_mapping_is_followed(void **state)
{
	bool moved = false;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	start(net, 0);
	for (unsigned i = 0; i < 4; i++)
		nat_deliver(&moved);
	assert_both_up();
	assert_true(only_sa(net, 0)->path.nat_local);
	assert_true(only_sa(net, 1)->path.nat_remote);
	assert_int_equal(present_child(b())->sa.remote.port, 40000);
	/* the one behind the NAT keeps its mapping alive */
	pass_time(65000);
	assert_int_equal(a()->keepalives, 3);
	assert_int_equal(b()->keepalives, 0);
	moved = true;
	ike_liveness_check(a()->engine, only_sa(net, 0));
	ike_sa_advance(a()->engine, only_sa(net, 0), net->now);
	node_drain(a());
	nat_deliver(&moved);
	assert_int_equal(b()->updates, 0); /* it is asked there first */
	nat_gone = 40000;
	while (net->queued)
		nat_deliver(&moved);
	assert_int_equal(b()->updates, 1);
	assert_int_equal(only_sa(net, 1)->path.remote.port, 50000);
	assert_int_equal(present_child(b())->sa.remote.port, 50000);
}

/*
 * B knows by ESP alone: it asks there, and the answer decides. Who calls behind a NAT may be moved,
 * be the one that it calls behind one that doesn't; and not the other way round.
 */
static void a_new_mapping_that_esp_comes_by_is_asked_about_and_followed(void **state)
{
	(void)state;
	for (unsigned hidden = 0; hidden < 2; hidden++) {
		struct ike_addr there;
		bool moved = false;

		nat_gone = 0;
		nat_static = hidden;
		begin(&SIDE_A, &SIDE_B);
		set_hosts(b(), b()->engine->connections[0], "", NULL);
		start(net, 0);
		for (unsigned i = 0; i < 4; i++)
			nat_deliver(&moved);
		assert_both_up();
		assert_int_equal(only_sa(net, 1)->path.nat_local, hidden);
		there = only_sa(net, 1)->path.remote;
		ike_seen_elsewhere(b()->engine, net->now, only_sa(net, 1)->children->id, &there);
		node_drain(b());
		assert_int_equal(net->queued, 0);
		there.port = 50000;
		moved = true;
		nat_gone = 40000;
		ike_seen_elsewhere(b()->engine, net->now, only_sa(net, 1)->children->id, &there);
		node_drain(b());
		assert_int_equal(b()->updates, 0);
		while (net->queued)
			nat_deliver(&moved);
		assert_int_equal(b()->updates, 1);
		assert_int_equal(only_sa(net, 1)->path.remote.port, 50000);
		there = only_sa(net, 0)->path.remote;
		there.port = 50000;
		ike_seen_elsewhere(a()->engine, net->now, only_sa(net, 0)->children->id, &there);
		node_drain(a());
		assert_int_equal(net->queued, 0);
		nat_static = false;
		teardown(state);
	}
}

/* What comes over a mapping that may be another one says nothing of the one that is sent to. */
static void traffic_from_behind_a_nat_is_no_sign_of_life_where_moves_are_not_told(void **state)
{
	struct side two = SIDE_B;

	(void)state;
	two.dpd_ms = 30000;
	for (unsigned told = 0; told < 2; told++) {
		bool moved = false;

		nat_gone = 0;
		begin(&SIDE_A, &two);
		start(net, 0);
		for (unsigned i = 0; i < 4; i++)
			nat_deliver(&moved);
		b()->engine->config.tells_moves = told;
		b()->traffic = true;
		while (net->queued)
			nat_deliver(&moved);
		net->now += 31000;
		ike_tick(b()->engine, net->now);
		node_drain(b());
		assert_int_equal(net->queued, !told);
		teardown(state);
	}
}

/*
 *   A  IKE_SA_INIT -->                 B
 *      <-- N(COOKIE)
 *      N(COOKIE), IKE_SA_INIT -->
 *      <-- IKE_SA_INIT ...
 */
static void a_cookie_is_asked_for_without_keeping_state(void **state)
{
	struct side two = SIDE_B;

	(void)state;
	two.cookie = true;
	begin(&SIDE_A, &two);
	start(net, 0);
	deliver_next();
	assert_int_equal(b()->engine->sa_count, 0);
	net_settle(net);
	assert_both_up();
	assert_int_equal(net->sent, 6);
}

static void a_cookie_of_a_stale_secret_or_for_another_address_is_refused(void **state)
{
	struct side two = SIDE_B;
	struct packet request;

	(void)state;
	two.cookie = true;
	begin(&SIDE_A, &two);
	start(net, 0);
	deliver_next();
	deliver_next();
	request = net_take(net); /* with the cookie */
	request.remote.ip[3] = 77;
	net_deliver(net, &request);
	assert_int_equal(b()->engine->sa_count, 0);
	assert_int_equal(ike_engine_stats(b()->engine)->cookies_wrong, 1);
	request.remote.ip[3] = 1;
	net->now += 60001; /* the previous secret is still good ... */
	net_deliver(net, &request);
	assert_int_equal(b()->engine->sa_count, 1);
	net->now += 130000; /* ... that before it isn't */
	ike_tick(b()->engine, net->now);
	net_deliver(net, &request);
	assert_int_equal(b()->engine->sa_count, 0);
	packet_free(&request);
}

static void a_cookie_does_not_outlive_a_quiet_time(void **state)
{
	struct side two = SIDE_B;
	struct packet request;

	(void)state;
	two.cookie = true;
	begin(&SIDE_A, &two);
	start(net, 0);
	deliver_next();
	deliver_next();
	request = net_take(net);
	net->now += 130000; /* no secret was made in between, but its time is over */
	net_deliver(net, &request);
	assert_int_equal(b()->engine->sa_count, 0);
	assert_int_equal(ike_engine_stats(b()->engine)->cookies_wrong, 1);
	packet_free(&request);
}

static void cookies_start_when_too_many_are_half_open(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	begin(&one, &two);
	for (unsigned i = 0; i < 40; i++) {
		struct packet p;

		start(net, 0);
		p = net_take(net);
		p.remote.ip[2] = (uint8_t)i; /* as from 40 hosts, so B's proposals don't matter */
		p.remote.ip[0] = 192;
		set_hosts(b(), b()->engine->connections[0], NULL, "");
		net_deliver(net, &p);
		packet_free(&p);
		terminate_each(a());
		while (net->queued)
			lose_next();
	}
	assert_int_equal(b()->engine->half_open.count, 30);
	assert_int_equal(ike_engine_stats(b()->engine)->cookies_sent, 10);
	pass_time(31000);
	assert_int_equal(b()->engine->half_open.count, 0);
	assert_nothing_left();
}

static void one_address_cannot_have_more_than_its_share_of_half_open(void **state)
{
	struct side two = SIDE_B;

	(void)state;
	two.max_half_open = 5;
	begin(&SIDE_A, &two);
	b()->engine->config.limits.cookie_threshold_ip = 9;
	for (unsigned i = 0; i < 9; i++) {
		start(net, 0);
		deliver_next();
		terminate_each(a());
		while (net->queued)
			lose_next();
	}
	assert_int_equal(b()->engine->half_open.count, 5);
	assert_int_equal(ike_engine_stats(b()->engine)->drop_limit, 4);
}

/*
 *   A  IKE_SA_INIT KE(ECP-256) -->     B
 *      <-- N(INVALID_KE_PAYLOAD, CURVE_25519)
 *      IKE_SA_INIT KE(CURVE_25519) -->
 *      <-- IKE_SA_INIT ...
 */
static void a_group_that_the_peer_does_not_take_is_replaced(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.ike = "aes256gcm16-prfsha384-ecp256-x25519";
	begin(&one, &SIDE_B);
	start(net, 0);
	deliver_next();
	assert_int_equal(b()->engine->sa_count, 0);
	net_settle(net);
	assert_both_up();
	assert_int_equal(only_sa(net, 0)->suite.group, IKE_GROUP_X25519);
	assert_int_equal(net->sent, 6);
}

static void cookie_and_group_in_one_handshake_work_together(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.ike = "aes256gcm16-prfsha384-ecp256-x25519";
	two.cookie = true;
	begin(&one, &two);
	start(net, 0);
	net_settle(net);
	assert_both_up();
}

static void a_demand_for_a_group_that_was_not_proposed_ends_the_attempt(void **state)
{
	struct packet p;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	start(net, 0);
	p = net_take(net);
	packet_free(&p);
	{
		struct ike_header hdr = {.spi_i = only_sa(net, 0)->spi_i,
					 .major = 2,
					 .exchange = IKE_SA_INIT,
					 .flags = IKE_FLAG_RESPONSE};
		static const uint8_t group[] = {0, IKE_GROUP_MODP_2048};
		struct ike_builder builder;
		uint8_t buf[128];

		ike_build_message(&builder, buf, sizeof(buf), &hdr);
		ike_write_notify(&builder, 0, ike_slice(NULL, 0), IKE_N_INVALID_KE_PAYLOAD,
				 ike_slice(group, 2));
		assert_int_equal(ike_build_finish(&builder), 0);
		send_raw(net, 0, buf, builder.w.len, 500);
	}
	pass_time(2000); /* in which nothing better comes */
	assert_int_equal(a()->ike_down, 1);
	assert_non_null(strstr(a()->ike_reason, "INVALID_KE_PAYLOAD"));
	assert_nothing_left();
}

/*
 *   A  ... IKE_AUTH -->                B
 *      <-- N(AUTHENTICATION_FAILED)
 */
static void a_wrong_pre_shared_key_fails_on_both_sides(void **state)
{
	struct side two = SIDE_B;

	(void)state;
	two.psk = "not the same";
	begin(&SIDE_A, &two);
	start(net, 0);
	net_settle(net);
	assert_string_equal(a()->ike_reason,
			    "AUTHENTICATION_FAILED from peer: wrong key, certificate or "
			    "identity?");
	assert_int_equal(a()->ike_up, 0);
	assert_int_equal(b()->ike_up, 0);
	assert_int_equal(b()->child_count, 0); /* no key reached the data path */
	assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
	pass_time(30000); /* until then it counts as half-open */
	assert_nothing_left();
}

static void a_wrong_or_unknown_identity_looks_like_a_wrong_key(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	size_t wrong_key, wrong_id, no_key;
	struct packet p;

	(void)state;
	two.psk = "not the same";
	begin(&one, &two);
	start(net, 0);
	for (unsigned i = 0; i < 3; i++)
		deliver_next();
	p = net_take(net);
	wrong_key = p.len;
	packet_free(&p);
	net_free(net);
	two = SIDE_B;
	two.peer_id = "mars.example.org";
	begin(&one, &two);
	start(net, 0);
	for (unsigned i = 0; i < 3; i++)
		deliver_next();
	p = net_take(net);
	wrong_id = p.len;
	net_deliver(net, &p);
	packet_free(&p);
	assert_string_equal(a()->ike_reason,
			    "AUTHENTICATION_FAILED from peer: wrong key, certificate or "
			    "identity?");
	pass_time(30000);
	assert_nothing_left();
	net_free(net);
	two = SIDE_B;
	two.psk = NULL;
	begin(&one, &two);
	start(net, 0);
	for (unsigned i = 0; i < 3; i++)
		deliver_next();
	p = net_take(net);
	no_key = p.len;
	packet_free(&p);
	assert_int_equal(wrong_key, wrong_id);
	assert_int_equal(wrong_key, no_key);
}

static void without_a_pre_shared_key_of_its_own_the_initiator_says_which_is_missing(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.psk = NULL;
	begin(&one, &SIDE_B);
	start(net, 0);
	net_settle(net);
	assert_string_equal(a()->ike_reason,
			    "no pre-shared key for moon.example.org and sun.example.org");
	pass_time(31000);
	assert_nothing_left();
}

/*
 * B answers with an identity that A doesn't expect (it was reconfigured).
 *
 *   A  IKE_AUTH -->                              B
 *      <-- IKE_AUTH
 *      INFORMATIONAL N(AUTHENTICATION_FAILED) -->
 *      <-- INFORMATIONAL
 */
static void a_responder_that_is_somebody_else_is_told_so(void **state)
{
	struct side one = SIDE_A;
	char error[64];

	(void)state;
	one.peer_id = NULL; /* no IDr in the request, so B doesn't refuse by itself */
	begin(&one, &SIDE_B);
	start(net, 0);
	deliver_next();
	deliver_next();
	deliver_next();
	assert_int_equal(b()->ike_up, 1);
	ike_id_parse("mars.example.org", &a()->engine->connections[0]->remote_id, error,
		     sizeof(error));
	net_settle(net);
	assert_int_equal(a()->ike_up, 0);
	assert_non_null(strstr(a()->ike_reason, "sun.example.org"));
	assert_non_null(strstr(b()->ike_reason, "AUTHENTICATION_FAILED from peer"));
	assert_nothing_left();
}

static void no_common_ike_proposal_is_reported(void **state)
{
	struct side two = SIDE_B;

	(void)state;
	two.ike = "aes128-sha256-modp2048";
	begin(&SIDE_A, &two);
	start(net, 0);
	net_settle(net);
	pass_time(2000);
	assert_non_null(strstr(a()->ike_reason, "NO_PROPOSAL_CHOSEN from peer in IKE_SA_INIT"));
	assert_int_equal(net->sent, 2);
	assert_nothing_left();
}

/*
 *   A  ... IKE_AUTH -->                          B
 *      <-- IDr, AUTH, N(NO_PROPOSAL_CHOSEN)            the IKE SA stays
 */
static void no_common_esp_proposal_leaves_the_ike_sa_up(void **state)
{
	struct side two = SIDE_B;

	(void)state;
	two.esp = "aes128gcm16";
	begin(&SIDE_A, &two);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->ike_up, 1);
	assert_int_equal(b()->ike_up, 1);
	assert_int_equal(a()->ike_down, 0);
	assert_non_null(strstr(a()->child_reason, "NO_PROPOSAL_CHOSEN from peer"));
	assert_non_null(strstr(b()->child_reason, "NO_PROPOSAL_CHOSEN"));
	assert_null(present_child(a()));
	assert_int_equal(a()->spis_out, 0);
	assert_int_equal(b()->spis_out, 0);
}

static void traffic_selectors_are_narrowed_to_what_both_allow(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	struct installed *child;
	char text[IKE_TS_TEXT];

	(void)state;
	one.local_ts = "10.0.0.0/8";
	one.remote_ts = "0.0.0.0/0,2001:db8::/32";
	two.local_ts = "10.2.0.0/16[tcp/80],2001:db8:5::/48";
	two.remote_ts = "10.1.0.0/16";
	establish(&one, &two);
	child = present_child(a());
	assert_int_equal(child->sa.local_ts.count, 1);
	assert_int_equal(child->sa.remote_ts.count, 2);
	ike_ts_text(&child->sa.local_ts.list[0], text, sizeof(text));
	assert_string_equal(text, "10.1.0.0/16");
	ike_ts_text(&child->sa.remote_ts.list[0], text, sizeof(text));
	assert_string_equal(text, "10.2.0.0/16[6/80]");
	ike_ts_text(&child->sa.remote_ts.list[1], text, sizeof(text));
	assert_string_equal(text, "2001:db8:5::/48");
}

static void dynamic_selectors_are_the_addresses_of_the_ike_sa(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	char text[IKE_TS_TEXT];

	(void)state;
	one.local_ts = one.remote_ts = two.local_ts = NULL;
	two.remote_ts = "dynamic";
	establish(&one, &two);
	ike_ts_text(&present_child(a())->sa.local_ts.list[0], text, sizeof(text));
	assert_string_equal(text, "192.0.2.1/32");
	ike_ts_text(&present_child(a())->sa.remote_ts.list[0], text, sizeof(text));
	assert_string_equal(text, "192.0.2.2/32");
}

static void ipv6_carries_it_all_as_well(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	char text[IKE_TS_TEXT];

	(void)state;
	one.ipv6 = two.ipv6 = true;
	one.id = one.peer_id = two.id = two.peer_id = NULL;
	one.local_ts = one.remote_ts = two.local_ts = two.remote_ts = NULL;
	two.cookie = true;
	establish(&one, &two);
	assert_false(only_sa(net, 0)->path.nat_local || only_sa(net, 0)->path.nat_remote);
	assert_int_equal(only_sa(net, 0)->remote_id->type, IKE_ID_IPV6_ADDR);
	ike_ts_text(&present_child(a())->sa.remote_ts.list[0], text, sizeof(text));
	assert_string_equal(text, "2001:db8::2/128");
}

static void unacceptable_selectors_leave_the_ike_sa_up(void **state)
{
	struct side two = SIDE_B;

	(void)state;
	two.local_ts = "172.16.0.0/12";
	begin(&SIDE_A, &two);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->ike_up - a()->ike_down, 1);
	assert_non_null(strstr(a()->child_reason, "TS_UNACCEPTABLE from peer"));
	assert_null(present_child(a()));
	assert_null(present_child(b()));
}

/*
 *   A  IKE_SA_INIT --X
 *      IKE_SA_INIT -->                 B
 *      X-- IKE_SA_INIT
 *      IKE_SA_INIT -->
 *      <-- IKE_SA_INIT (the same)      and so on for IKE_AUTH
 */
static void lost_messages_are_sent_again_and_answered_with_the_same(void **state)
{
	struct packet first, second;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	start(net, 0);
	for (unsigned phase = 0; phase < 2; phase++) {
		lose_next();
		net_run(net, net->now + 3999);
		assert_int_equal(net->queued, 0);
		net->now += 1;
		ike_tick(a()->engine, net->now);
		node_drain(a());
		deliver_next();
		first = net_take(net);
		net->now += 7200;
		ike_tick(a()->engine, net->now);
		node_drain(a());
		deliver_next();
		second = net_take(net);
		assert_int_equal(first.len, second.len);
		assert_memory_equal(first.data, second.data, first.len);
		net_deliver(net, &second);
		net_deliver(net, &first); /* late: it changes nothing */
		packet_free(&first);
		packet_free(&second);
	}
	net_settle(net);
	assert_both_up();
	assert_int_equal(b()->child_count, 1);
	assert_int_equal(ike_engine_stats(b()->engine)->retransmissions_in, 2);
}

static void duplicates_of_everything_change_nothing(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	net->duplicate = 100;
	start(net, 0);
	net_settle(net);
	assert_both_up();
	ike_terminate(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	net_settle(net);
	net_run(net, net->now + 40000); /* duplicates of IKE_SA_INIT are half-open for a while */
	assert_nothing_left();
}

/*
 *   A  IKE_SA_INIT -->  B                 old: the first IKE_SA_INIT again, after it is up
 *      ...
 *      old -->
 */
static void an_old_init_request_cannot_disturb_an_established_sa(void **state)
{
	struct packet old;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	start(net, 0);
	old = net_take(net);
	net_deliver(net, &old);
	net_settle(net);
	assert_both_up();
	net_deliver(net, &old);
	net_settle(net);
	assert_both_up();
	packet_free(&old);
	net_run(net, net->now + 31000);
	assert_int_equal(b()->engine->sa_count, 1);
}

/* B's DPD request overtakes its IKE_AUTH response: A can't take it yet, and gets it again. */
static void a_request_that_overtakes_the_auth_response_is_taken_later(void **state)
{
	struct side two = SIDE_B;
	struct packet response, dpd;

	(void)state;
	two.dpd_ms = 1000;
	begin(&SIDE_A, &two);
	start(net, 0);
	for (unsigned i = 0; i < 3; i++)
		deliver_next();
	response = net_take(net);
	net->now += 1000;
	ike_tick(b()->engine, net->now);
	node_drain(b());
	dpd = net_take(net);
	assert_int_equal(exchange_of(&dpd), IKE_INFORMATIONAL);
	net_deliver(net, &dpd);
	assert_int_equal(ike_engine_stats(a()->engine)->drop_state, 1);
	net_deliver(net, &response);
	net_deliver(net, &dpd);
	net_settle(net);
	assert_both_up();
	packet_free(&response);
	packet_free(&dpd);
}

/*
 *   A  INFORMATIONAL D(ESP) -->     B
 *      <-- INFORMATIONAL D(ESP)         the IKE SA stays
 */
static void a_child_sa_is_deleted_from_either_side(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		struct node *one;

		establish(&SIDE_A, &SIDE_B);
		one = &net->node[side];
		assert_int_equal(
			ike_terminate_child(one->engine, net->now, present_child(one)->sa.child_id),
			0);
		node_drain(one);
		net_settle(net);
		assert_null(present_child(a()));
		assert_null(present_child(b()));
		assert_int_equal(a()->spis_out + b()->spis_out, 0);
		assert_int_equal(a()->ike_down + b()->ike_down, 0);
		assert_string_equal(one->child_reason, "deleted by the operator");
		assert_string_equal(net->node[1 - side].child_reason, "deleted by peer");
		net_free(net);
		net = NULL;
	}
}

/* Both at once: the requests cross, neither answer names an SPI (section 1.4.1). */
static void a_child_sa_deleted_from_both_sides_at_once_is_gone(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	for (unsigned i = 0; i < 2; i++) {
		ike_terminate_child(net->node[i].engine, net->now,
				    present_child(&net->node[i])->sa.child_id);
		node_drain(&net->node[i]);
	}
	deliver_next();
	deliver_next();
	for (unsigned i = 0; i < 2; i++) {
		struct packet answer = net_take(net);

		/* header, SK, IV, pad length, tag, and nothing else */
		assert_int_equal(answer.len, 28 + 4 + 8 + 1 + 16);
		net_deliver(net, &answer);
		packet_free(&answer);
	}
	assert_null(present_child(a()));
	assert_null(present_child(b()));
	assert_int_equal(a()->child_down, 1);
	assert_int_equal(b()->child_down, 1);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
}

/*
 *   A  INFORMATIONAL D(IKE) -->     B
 *      <-- INFORMATIONAL
 */
static void an_ike_sa_is_deleted_from_either_side(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		establish(&SIDE_A, &SIDE_B);
		assert_int_equal(
			ike_terminate(net->node[side].engine, net->now, net->node[side].ike_id), 0);
		node_drain(&net->node[side]);
		net_settle(net);
		assert_string_equal(net->node[1 - side].ike_reason, "deleted by peer");
		assert_string_equal(net->node[side].ike_reason, "deleted by the operator");
		assert_nothing_left();
		net_free(net);
		net = NULL;
	}
}

static void an_ike_sa_deleted_from_both_sides_at_once_is_gone(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	for (unsigned i = 0; i < 2; i++) {
		ike_terminate_all(net->node[i].engine, net->now);
		node_drain(&net->node[i]);
	}
	net_settle(net);
	net_run(net, net->now + 20000);
	assert_nothing_left();
}

static void a_delete_that_nobody_answers_ends_after_its_time(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->down = true;
	ike_terminate(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	net_run(net, net->now + 9999);
	assert_int_equal(a()->ike_down, 0);
	net_run(net, net->now + 1);
	assert_int_equal(a()->ike_down, 1);
	assert_true(nothing_left(a()));
}

static void a_delete_while_authenticating_follows_as_soon_as_it_can(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	start(net, 0);
	deliver_next();
	deliver_next();
	ike_terminate_all(a()->engine, net->now);
	node_drain(a());
	net_settle(net);
	assert_int_equal(b()->ike_down, 1);
	assert_nothing_left();
}

/*
 *   A  INFORMATIONAL {} -->     B       after dpd_delay of silence
 *      <-- INFORMATIONAL {}
 */
static void silence_is_answered_by_a_liveness_check(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.dpd_ms = 10000;
	establish(&one, &SIDE_B);
	pass_time(9999);
	assert_int_equal(net->sent, 4);
	pass_time(1);
	assert_int_equal(net->sent, 6);
	pass_time(100000);
	assert_int_equal(net->sent, 26);
	assert_both_up();
	/* traffic on the Child SA is a sign of life, too */
	a()->traffic = true;
	pass_time(50000);
	assert_int_equal(net->sent, 26);
	a()->traffic = false;
	pass_time(10000);
	assert_int_equal(net->sent, 28);
}

static void a_dead_peer_is_given_up_after_all_retransmissions(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.dpd_ms = 10000;
	establish(&one, &SIDE_B);
	net->down = true;
	/* 10 s until it is asked, then 4 + 7.2 + 12.96 + 23.328 + 41.99 + 75.582 s */
	pass_time(175000);
	assert_int_equal(a()->ike_down, 0);
	assert_int_equal(net->sent, 4 + 6);
	pass_time(1100);
	assert_int_equal(a()->ike_down, 1);
	assert_string_equal(a()->ike_reason,
			    "peer is dead: no answer to the liveness check, sent 6 times");
	assert_true(nothing_left(a()));
	assert_int_equal(ike_engine_stats(a()->engine)->peers_dead, 1);
}

static void nobody_there_at_all_is_said(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	net->down = true;
	start(net, 0);
	pass_time(166000);
	assert_string_equal(a()->ike_reason,
			    "peer is dead: no answer to IKE_SA_INIT, sent 6 times");
	assert_nothing_left();
}

/*
 *   A  IKE_SA_INIT 1 -->  <-- IKE_SA_INIT 2  B      both begin, in every order of what follows
 *      ...
 *      INFORMATIONAL D(IKE) -->                     of the one with the lower initiator's SPI
 */
static void both_may_begin_at_once_and_one_remains(void **state)
{
	static const enum ike_unique policies[] = {IKE_UNIQUE_NO, IKE_UNIQUE_REPLACE,
						   IKE_UNIQUE_KEEP};
	struct side one = SIDE_A, two = SIDE_B;
	unsigned remaining[2] = {0, 0};

	(void)state;
	for (unsigned run = 0; run < 300; run++) {
		struct rng r = {run};

		one.unique = two.unique = policies[run % 3];
		net = net_new(run + 1, &one, &two);
		start(net, 0);
		start(net, 1);
		while (net->queued) {
			unsigned to = (unsigned)rng_below(&r, 2);
			struct packet p, other[8];
			unsigned count = 0;

			for (p = net_take(net); p.to != to && net->queued; p = net_take(net))
				other[count++] = p;
			while (count)
				net_put(net, &other[--count]);
			net_deliver(net, &p);
			packet_free(&p);
			net->now++;
		}
		a()->traffic = b()->traffic = true;
		pass_time(35000); /* one that was refused is forgotten */
		assert_int_equal(a()->engine->sa_count, 1);
		assert_int_equal(b()->engine->sa_count, 1);
		remaining[only_sa(net, 0)->initiator]++;
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		ike_terminate_all(a()->engine, net->now);
		node_drain(a());
		net_settle(net);
		assert_nothing_left();
		net_free(net);
		net = NULL;
	}
	assert_true(remaining[0] && remaining[1]);
}

/* B restarts: its new IKE SA says INITIAL_CONTACT, and A forgets the old one. */
static void initial_contact_removes_what_the_peer_forgot(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->now += 1000;
	{
		struct ike_sa *sa = only_sa(net, 1);

		ike_sa_down(b()->engine, sa, "as if restarted");
		ike_reap(b()->engine);
		node_drain(b());
	}
	start(net, 1);
	net_settle(net);
	assert_int_equal(a()->engine->sa_count, 1);
	assert_non_null(strstr(a()->ike_reason, "INITIAL_CONTACT"));
	assert_both_up();
}

/*
 * B says INITIAL_CONTACT before it knows of A's IKE SA, which is up by the time A hears it:
 *
 *   A  <-- IKE_SA_INIT 2             B
 *      IKE_SA_INIT 2 -->
 *      (IKE_AUTH 2, INITIAL_CONTACT: on its way)
 *      IKE_SA_INIT 1, IKE_AUTH 1 -->
 *      <-- IKE_AUTH 2 arrives
 */
static void initial_contact_spares_what_came_up_meanwhile(void **state)
{
	struct packet late;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	start(net, 1);
	deliver_next();
	deliver_next();
	late = net_take(net);
	net->now += 10;
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->ike_up, 1);
	net->now += 10;
	net_deliver(net, &late);
	net_settle(net);
	packet_free(&late);
	a()->traffic = b()->traffic = true;
	pass_time(10000);
	/* Of two that were begun at once one goes, but not because of that. */
	assert_int_equal(a()->engine->sa_count, 1);
	assert_int_equal(b()->engine->sa_count, 1);
	assert_null(strstr(a()->ike_reason, "INITIAL_CONTACT"));
	assert_true(children_agree(sending_child(a()), sending_child(b())));
}

/* The IV of an AEAD is a counter; two messages under one IV would give the plaintext away. */
static void no_two_messages_are_sealed_with_the_same_iv(void **state)
{
	enum { MESSAGES = 40 };
	static const char *const suites[] = {"aes256gcm16-prfsha384-x25519",
					     "chacha20poly1305-prfsha256-x25519",
					     "aes128-sha256-x25519"};
	uint8_t ivs[2][MESSAGES][16];

	(void)state;
	for (unsigned s = 0; s < 3; s++) {
		struct side one = SIDE_A, two = SIDE_B;
		size_t iv_len = s == 2 ? 16 : 8;
		unsigned seen[2] = {0, 0};

		one.ike = two.ike = suites[s];
		one.dpd_ms = 1000;
		two.dpd_ms = 1700;
		begin(&one, &two);
		start(net, 0);
		while (seen[0] < MESSAGES && seen[1] < MESSAGES) {
			struct packet p;

			while (!net->queued) {
				net->now = net_next(net);
				for (unsigned i = 0; i < 2; i++) {
					ike_tick(net->node[i].engine, net->now);
					node_drain(&net->node[i]);
				}
			}
			p = net_take(net);
			net_deliver(net, &p);
			if (exchange_of(&p) != IKE_SA_INIT) {
				for (unsigned k = 0; k < seen[p.to]; k++)
					assert_memory_not_equal(ivs[p.to][k], p.data + 32, iv_len);
				memcpy(ivs[p.to][seen[p.to]++], p.data + 32, iv_len);
			}
			packet_free(&p);
		}
		net_free(net);
		net = NULL;
	}
}

/*
 *   A  IKE_SA_INIT, IKE_AUTH -->          B   is to replace an older one there
 *      <-- INFORMATIONAL D(IKE)               the newer one, by the operator: the old one stays
 */
static void what_goes_itself_replaces_nothing(void **state)
{
	struct side two = SIDE_B;
	struct ike_connection *again;
	uint64_t id, old, newer;

	(void)state;
	two.unique = IKE_UNIQUE_REPLACE;
	establish(&SIDE_A, &two);
	old = only_sa(net, 1)->id;
	net->now += 1000;
	again = add_alike(a(), "again", "d");
	again->unique = IKE_UNIQUE_NEVER;
	assert_int_equal(ike_initiate(a()->engine, net->now, "again", NULL, NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	newer = b()->engine->all->id;
	assert_int_not_equal(newer, old);
	assert_int_equal(ike_sa_find_id(b()->engine, old)->superseded_by, newer);
	a()->traffic = b()->traffic = true;
	pass_time(IKE_REPLACED_MS - 2000);
	net->down = true;
	assert_int_equal(ike_terminate(b()->engine, net->now, newer), 0);
	node_drain(b());
	pass_time(4000);
	net->down = false;
	pass_time(60000);
	assert_int_equal(b()->engine->sa_count, 1);
	assert_int_equal(only_sa(net, 1)->id, old);
	assert_int_equal(only_sa(net, 1)->state, IKE_STATE_ESTABLISHED);
}

static void unique_replace_deletes_the_old_and_keep_refuses_the_new(void **state)
{
	struct side two = SIDE_B;
	struct ike_connection *again;

	(void)state;
	two.unique = IKE_UNIQUE_REPLACE;
	establish(&SIDE_A, &two);
	net->now += 1000;
	/* a second connection of A with the same identities */
	again = add_alike(a(), "again", "d");
	again->unique = IKE_UNIQUE_NEVER;
	{
		uint64_t id;

		assert_int_equal(ike_initiate(a()->engine, net->now, "again", NULL, NULL, &id), 0);
		node_drain(a());
		net_settle(net);
		b()->traffic = true;
		pass_time(IKE_REPLACED_MS); /* it might have been a renewal */
		assert_int_equal(b()->engine->sa_count, 1);
		assert_non_null(strstr(b()->ike_reason, "replaced"));
		assert_int_equal(a()->engine->sa_count, 1);
		net->now += 1000;
		b()->engine->connections[0]->unique = IKE_UNIQUE_KEEP;
		only_sa(net, 1)->path.remote.port++; /* as if it were another's */
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", NULL, NULL, &id), 0);
		node_drain(a());
		net_settle(net);
		assert_non_null(strstr(a()->ike_reason, "AUTHENTICATION_FAILED"));
		pass_time(30000);
		assert_int_equal(b()->engine->sa_count, 1);
	}
}

/* The data path has the keys before the peer may use them. */
static void the_responder_answers_only_when_its_data_path_has_the_child_sa(void **state)
{
	struct packet request;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	b()->install_holds = true;
	start(net, 0);
	deliver_next();
	deliver_next();
	request = net_take(net);
	net_deliver(net, &request);
	assert_int_equal(net->queued, 0);
	assert_int_equal(b()->child_count, 1);
	assert_int_equal(b()->ike_up, 0);
	net_deliver(net, &request); /* a retransmission meanwhile */
	packet_free(&request);
	assert_int_equal(net->queued, 0);
	assert_int_equal(b()->child_count, 1);
	b()->install_holds = false;
	node_drain(b());
	assert_int_equal(b()->ike_up, 1);
	net_settle(net);
	assert_both_up();
}

static void a_data_path_that_never_answers_ends_the_ike_sa(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	b()->install_holds = true;
	start(net, 0);
	net_settle(net);
	pass_time(200000);
	assert_int_equal(b()->ike_up, 0);
	assert_nothing_left();
}

/* B's data path refuses:   <-- IDr, AUTH, N(NO_ADDITIONAL_SAS) */
static void a_responder_whose_data_path_refuses_says_so(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	b()->install_error = -28;
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->ike_up, 1);
	assert_string_equal(b()->child_reason, "no room in the NIC");
	assert_non_null(strstr(a()->child_reason, "NO_ADDITIONAL_SAS from peer"));
	assert_null(present_child(a()));
	assert_null(present_child(b()));
	assert_int_equal(a()->spis_out + b()->spis_out, 0);
}

/* A's refuses: B has the Child SA already and is told to delete it. */
static void an_initiator_whose_data_path_refuses_deletes_the_child_sa(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	a()->install_error = -28;
	start(net, 0);
	net_settle(net);
	assert_string_equal(a()->child_reason, "no room in the NIC");
	assert_string_equal(b()->child_reason, "deleted by peer");
	assert_null(present_child(b()));
	assert_int_equal(a()->spis_out + b()->spis_out, 0);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
}

static void initiating_twice_or_what_is_not_there_is_refused(void **state)
{
	uint64_t id;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	assert_int_equal(ike_initiate(a()->engine, 0, "nobody", NULL, NULL, &id), -ENOENT);
	assert_int_equal(ike_initiate(a()->engine, 0, "net", "nothing", NULL, &id), -ENOENT);
	start(net, 0);
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id), -EALREADY);
	net_settle(net);
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id), -EISCONN);
	assert_int_equal(ike_terminate(a()->engine, net->now, 12345), -ENOENT);
	assert_int_equal(ike_terminate_child(a()->engine, net->now, 12345), -ENOENT);
	set_hosts(a(), a()->engine->connections[0], "", NULL);
	terminate_each(a());
	net_settle(net);
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id),
			 -EADDRNOTAVAIL);
	a()->has_route = true;
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	assert_both_up();
}

static void a_removed_connection_lets_its_ike_sa_live(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	assert_int_equal(ike_engine_remove_connection(a()->engine, "net"), 0);
	assert_int_equal(ike_engine_remove_connection(a()->engine, "net"), -ENOENT);
	ike_terminate_all(a()->engine, net->now);
	node_drain(a());
	net_settle(net);
	assert_int_equal(a()->engine->sa_count, 0);
	assert_int_equal(a()->spis_out, 0);
	assert_true(nothing_left(b()));
}

struct listing {
	unsigned sas, children;
};

static void count_listed(void *context, const struct ike_sa_info *sa,
			 const struct ike_child_info *child)
{
	struct listing *l = context;
	char suite[128];

	if (!child) {
		l->sas++;
		assert_string_equal(sa->connection, "net");
		assert_int_equal(sa->state, IKE_STATE_ESTABLISHED);
		assert_int_equal(sa->child_count, 1);
		ike_suite_text(&sa->suite, suite, sizeof(suite));
		assert_string_equal(suite, "AES_GCM_16-256/PRF_HMAC_SHA2_384/CURVE_25519");
		return;
	}
	l->children++;
	assert_string_equal(child->name, "c");
	assert_int_equal(child->state, IKE_CHILD_INSTALLED);
}

static void listing_shows_every_ike_sa_and_child_sa(void **state)
{
	struct listing l = {0};

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	ike_list(a()->engine, count_listed, &l);
	assert_int_equal(l.sas, 1);
	assert_int_equal(l.children, 1);
}

static void note_listed(void *context, const struct ike_sa_info *sa,
			const struct ike_child_info *child)
{
	if (!child)
		strcat(context, sa->connection);
}

static void begin_another(const char *name)
{
	uint64_t id;

	add_alike(a(), name, "c");
	assert_int_equal(ike_initiate(a()->engine, net->now, name, "c", NULL, &id), 0);
	node_drain(a());
}

/* What is next to be shown goes, and what was shown, and another one comes. */
static void a_listing_goes_on_while_ike_sas_come_and_go(void **state)
{
	struct ike_engine *e;
	struct ike_listing one, two;
	char shown[64] = "", again[64] = "";

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	start(net, 0);
	begin_another("d");
	begin_another("e");
	begin_another("f");
	e = a()->engine;
	ike_listing_begin(e, &one);
	ike_listing_begin(e, &two);
	assert_true(ike_listing_next(e, &one, note_listed, shown));
	assert_true(ike_listing_next(e, &one, note_listed, shown));
	assert_string_equal(shown, "netd");
	ike_sa_down(e, ike_conn_find(e, ike_connection_find(e, "net"), NULL), "gone");
	ike_sa_down(e, ike_conn_find(e, ike_connection_find(e, "e"), NULL), "gone");
	ike_reap(e);
	begin_another("g");
	while (ike_listing_next(e, &one, note_listed, shown))
		;
	assert_string_equal(shown, "netdfg");
	ike_listing_end(e, &one);
	while (ike_listing_next(e, &two, note_listed, again))
		;
	assert_string_equal(again, "dfg");
	ike_listing_end(e, &two);
	assert_null(e->listings);
	shown[0] = 0;
	ike_list_connection(e, "f", note_listed, shown);
	ike_list_connection(e, "e", note_listed, shown);
	ike_list_connection(e, "nowhere", note_listed, shown);
	assert_string_equal(shown, "f");
}

static void runs_repeat_from_a_seed(void **state)
{
	struct packet first, second;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	start(net, 0);
	deliver_next();
	deliver_next();
	first = net_take(net);
	net_free(net);
	begin(&SIDE_A, &SIDE_B);
	start(net, 0);
	deliver_next();
	deliver_next();
	second = net_take(net);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	packet_free(&first);
	packet_free(&second);
}

#define T(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(four_messages_establish_an_ike_sa_and_a_child_sa),
		T(every_group_and_cipher_and_prf_establishes),
		T(a_forced_nat_moves_both_to_port_4500_and_esp_into_udp),
		T(a_real_nat_is_seen_and_a_new_mapping_is_followed),
		T(a_new_mapping_that_esp_comes_by_is_asked_about_and_followed),
		T(traffic_from_behind_a_nat_is_no_sign_of_life_where_moves_are_not_told),
		T(a_cookie_is_asked_for_without_keeping_state),
		T(a_cookie_of_a_stale_secret_or_for_another_address_is_refused),
		T(a_cookie_does_not_outlive_a_quiet_time),
		T(cookies_start_when_too_many_are_half_open),
		T(one_address_cannot_have_more_than_its_share_of_half_open),
		T(a_group_that_the_peer_does_not_take_is_replaced),
		T(cookie_and_group_in_one_handshake_work_together),
		T(a_demand_for_a_group_that_was_not_proposed_ends_the_attempt),
		T(a_wrong_pre_shared_key_fails_on_both_sides),
		T(a_wrong_or_unknown_identity_looks_like_a_wrong_key),
		T(without_a_pre_shared_key_of_its_own_the_initiator_says_which_is_missing),
		T(a_responder_that_is_somebody_else_is_told_so),
		T(no_common_ike_proposal_is_reported),
		T(no_common_esp_proposal_leaves_the_ike_sa_up),
		T(traffic_selectors_are_narrowed_to_what_both_allow),
		T(dynamic_selectors_are_the_addresses_of_the_ike_sa),
		T(ipv6_carries_it_all_as_well),
		T(unacceptable_selectors_leave_the_ike_sa_up),
		T(lost_messages_are_sent_again_and_answered_with_the_same),
		T(duplicates_of_everything_change_nothing),
		T(an_old_init_request_cannot_disturb_an_established_sa),
		T(a_request_that_overtakes_the_auth_response_is_taken_later),
		T(a_child_sa_is_deleted_from_either_side),
		T(a_child_sa_deleted_from_both_sides_at_once_is_gone),
		T(an_ike_sa_is_deleted_from_either_side),
		T(an_ike_sa_deleted_from_both_sides_at_once_is_gone),
		T(a_delete_that_nobody_answers_ends_after_its_time),
		T(a_delete_while_authenticating_follows_as_soon_as_it_can),
		T(silence_is_answered_by_a_liveness_check),
		T(a_dead_peer_is_given_up_after_all_retransmissions),
		T(nobody_there_at_all_is_said),
		T(both_may_begin_at_once_and_one_remains),
		T(initial_contact_removes_what_the_peer_forgot),
		T(initial_contact_spares_what_came_up_meanwhile),
		T(no_two_messages_are_sealed_with_the_same_iv),
		T(what_goes_itself_replaces_nothing),
		T(unique_replace_deletes_the_old_and_keep_refuses_the_new),
		T(the_responder_answers_only_when_its_data_path_has_the_child_sa),
		T(a_data_path_that_never_answers_ends_the_ike_sa),
		T(a_responder_whose_data_path_refuses_says_so),
		T(an_initiator_whose_data_path_refuses_deletes_the_child_sa),
		T(initiating_twice_or_what_is_not_there_is_refused),
		T(a_removed_connection_lets_its_ike_sa_live),
		T(listing_shows_every_ike_sa_and_child_sa),
		T(a_listing_goes_on_while_ike_sas_come_and_go),
		T(runs_repeat_from_a_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
