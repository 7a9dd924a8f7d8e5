/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transport mode between two engines: asked for, granted or not, rekeyed, behind NATs, and where
 * addresses change; padding for traffic flow confidentiality; AH, which passes no NAT. A is node 0,
 * 192.0.2.1, and B is 192.0.2.2.
 *
 * The linker puts a function before ike_child_answer_ts() (--wrap), so that a peer can grant what
 * it wasn't asked for.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct ike_addr nat_a = {.family = 4, .ip = {203, 0, 113, 7}, .port = 20000};
static const struct ike_addr nat_b = {.family = 4, .ip = {203, 0, 113, 99}, .port = 0};
static bool grants_anyway;

void __real_ike_child_answer_ts(struct ike_builder *b, const struct ike_child *child);
void __wrap_ike_child_answer_ts(struct ike_builder *b, const struct ike_child *child);

void __wrap_ike_child_answer_ts(struct ike_builder *b, const struct ike_child *child)
{
	__real_ike_child_answer_ts(b, child);
	if (grants_anyway)
		ike_write_bare_notify(b, IKE_N_USE_TRANSPORT_MODE);
}

static int end(void **state)
{
	grants_anyway = false;
	return teardown(state);
}

static struct side transport(const struct side *base)
{
	struct side side = *base;

	side.mode = RVL_TRANSPORT;
	side.local_ts = side.remote_ts = "dynamic";
	return side;
}

static void begin(const struct side *one, const struct side *two)
{
	net = net_new(23, one, two);
}

static void bring_up(void)
{
	start(net, 0);
	net_settle(net);
}

static void put_behind_nat(void)
{
	a()->nat = nat_a;
	set_hosts(b(), b()->engine->connections[0], NULL, "");
}

static const struct child_sa *sa_of(struct node *node)
{
	const struct installed *child = sending_child(node);

	assert_true(child && child->present && child->up);
	return &child->sa;
}

static void assert_ts(const struct ike_ts_list *list, const char *text)
{
	char shown[IKE_TS_TEXT];

	assert_int_equal(list->count, 1);
	ike_ts_text(&list->list[0], shown, sizeof(shown));
	assert_string_equal(shown, text);
}

static void assert_mode(enum rvl_mode mode)
{
	const struct child_sa *x = sa_of(a()), *y = sa_of(b());

	assert_int_equal(x->mode, mode);
	assert_int_equal(y->mode, mode);
	assert_int_equal(x->spi_in, y->spi_out);
	assert_int_equal(y->spi_in, x->spi_out);
}

static void assert_ends(struct node *node, const char *local, const char *remote)
{
	assert_ts(&sa_of(node)->local_ts, local);
	assert_ts(&sa_of(node)->remote_ts, remote);
}

static bool is(const struct ike_addr *addr, const struct ike_addr *other)
{
	return ike_addr_same_ip(addr, other);
}

/*
 *   A  IKE_AUTH SA TSi TSr N(USE_TRANSPORT_MODE) -->        B
 *      <-- IKE_AUTH SA TSi TSr N(USE_TRANSPORT_MODE)
 */
static void transport_mode_is_had_where_both_have_it(void **state)
{
	const struct side one = transport(&SIDE_A), two = transport(&SIDE_B);

	(void)state;
	begin(&one, &two);
	bring_up();
	assert_mode(RVL_TRANSPORT);
	assert_true(children_agree(present_child(a()), present_child(b())));
	assert_ends(a(), "192.0.2.1/32", "192.0.2.2/32");
	assert_ends(b(), "192.0.2.2/32", "192.0.2.1/32");
	assert_int_equal(sa_of(a())->original.local.family, 0);
	assert_int_equal(sa_of(b())->original.local.family, 0);
}

static void successors_are_in_transport_mode_too(void **state)
{
	const struct side one = transport(&SIDE_A), two = transport(&SIDE_B);

	(void)state;
	begin(&one, &two);
	bring_up();
	net->watch_flow = true;
	for (unsigned i = 0; i < 4; i++) {
		uint32_t before = sa_of(a())->spi_in;

		if (i == 2)
			rekey_ike(a());
		else
			rekey(i ? b() : a());
		net_settle(net);
		pass_time(10000);
		assert_mode(RVL_TRANSPORT);
		assert_int_equal(sa_of(a())->spi_in == before, i == 2);
		assert_ends(b(), "192.0.2.2/32", "192.0.2.1/32");
	}
}

/* RFC 7296, section 1.3.1; strongSwan takes tunnel mode then, too. */
static void a_responder_of_tunnel_mode_has_it_in_tunnel_mode(void **state)
{
	const struct side one = transport(&SIDE_A);
	struct side two = transport(&SIDE_B);

	(void)state;
	two.mode = RVL_TUNNEL;
	begin(&one, &two);
	bring_up();
	assert_mode(RVL_TUNNEL);
	assert_true(children_agree(present_child(a()), present_child(b())));
	/* Asked for again by its successor, and again not had. */
	rekey(a());
	net_settle(net);
	pass_time(10000);
	assert_mode(RVL_TUNNEL);
}

static void who_asks_for_tunnel_mode_has_it(void **state)
{
	struct side one = transport(&SIDE_A);
	const struct side two = transport(&SIDE_B);

	(void)state;
	one.mode = RVL_TUNNEL;
	begin(&one, &two);
	bring_up();
	assert_mode(RVL_TUNNEL);
}

static void transport_mode_that_was_not_asked_for_is_refused(void **state)
{
	struct side one = transport(&SIDE_A), two = transport(&SIDE_B);

	(void)state;
	grants_anyway = true;
	one.mode = two.mode = RVL_TUNNEL;
	begin(&one, &two);
	bring_up();
	assert_int_equal(a()->child_up, 0);
	assert_string_equal(a()->child_reason,
			    "peer's answer for the Child SA is unacceptable (NO_PROPOSAL_CHOSEN)");
	assert_int_equal(receiving(a()) + receiving(b()), 0);
}

static void selectors_are_narrowed_to_the_two_hosts(void **state)
{
	static const struct {
		const char *local_a, *remote_a, *local_b, *remote_b, *a, *b;
	} v[] = {
		{"192.0.2.0/24", "0.0.0.0/0", "dynamic", "dynamic", "192.0.2.1/32", "192.0.2.2/32"},
		{"dynamic", "dynamic", "192.0.2.0/28", "192.0.2.1", "192.0.2.1/32", "192.0.2.2/32"},
		{"dynamic[tcp]", "192.0.2.0/24[tcp/443]", "0.0.0.0/0", "0.0.0.0/0",
		 "192.0.2.1/32[6]", "192.0.2.2/32[6/443]"},
		{"10.1.0.0/16,dynamic[udp/4000]", "dynamic[udp]", "dynamic", "10.0.0.0/8,dynamic",
		 "192.0.2.1/32[17/4000]", "192.0.2.2/32[17]"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(v); i++) {
		struct side one = transport(&SIDE_A), two = transport(&SIDE_B);

		one.local_ts = v[i].local_a;
		one.remote_ts = v[i].remote_a;
		two.local_ts = v[i].local_b;
		two.remote_ts = v[i].remote_b;
		begin(&one, &two);
		bring_up();
		assert_mode(RVL_TRANSPORT);
		assert_ends(a(), v[i].a, v[i].b);
		assert_ends(b(), v[i].b, v[i].a);
		end(NULL);
	}
}

static void selectors_without_the_two_hosts_come_to_nothing(void **state)
{
	struct side one = transport(&SIDE_A), two = transport(&SIDE_B);
	uint64_t id;

	(void)state;
	one.local_ts = "10.1.0.0/16";
	begin(&one, &two);
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id), -EAFNOSUPPORT);
	node_drain(a());
	assert_true(nothing_left(a()));
	end(NULL);
	one = transport(&SIDE_A);
	two.remote_ts = "10.1.0.0/16";
	begin(&one, &two);
	bring_up();
	assert_int_equal(a()->child_up, 0);
	assert_non_null(strstr(a()->child_reason, "TS_UNACCEPTABLE"));
}

/*
 * RFC 7296, section 2.23.1. A is 192.0.2.1 and its NAT 203.0.113.7; B knows A by that, and A knows
 * that B does by the answer.
 *
 *   A  IKE_AUTH TSi(192.0.2.1) TSr(192.0.2.2) -->           B
 *      <-- IKE_AUTH TSi(203.0.113.7) TSr(192.0.2.2)
 */
static void behind_a_nat_each_side_has_the_addresses_that_it_knows(void **state)
{
	const struct side one = transport(&SIDE_A), two = transport(&SIDE_B);

	(void)state;
	begin(&one, &two);
	put_behind_nat();
	bring_up();
	for (unsigned i = 0; i < 3; i++) {
		const struct child_sa *x = sa_of(a()), *y = sa_of(b());

		assert_mode(RVL_TRANSPORT);
		assert_true(x->encap && y->encap);
		assert_ends(a(), "192.0.2.1/32", "192.0.2.2/32");
		assert_ends(b(), "192.0.2.2/32", "203.0.113.7/32");
		/* What the other's checksums are over. */
		assert_true(is(&x->original.local, &nat_a));
		assert_true(is(&x->original.remote, &b()->addr));
		assert_true(is(&y->original.local, &b()->addr));
		assert_true(is(&y->original.remote, &a()->addr));
		net->watch_flow = true;
		rekey(i ? a() : b());
		net_settle(net);
		pass_time(10000);
	}
}

static void so_has_each_behind_a_nat_of_its_own(void **state)
{
	const struct side one = transport(&SIDE_A), two = transport(&SIDE_B);

	(void)state;
	begin(&one, &two);
	put_behind_nat();
	b()->nat = nat_b;
	set_hosts(a(), a()->engine->connections[0], NULL, "203.0.113.99");
	bring_up();
	for (unsigned i = 0; i < 3; i++) {
		const struct child_sa *x = sa_of(a()), *y = sa_of(b());

		assert_mode(RVL_TRANSPORT);
		assert_ends(a(), "192.0.2.1/32", "203.0.113.99/32");
		assert_ends(b(), "192.0.2.2/32", "203.0.113.7/32");
		assert_true(is(&x->original.local, &nat_a));
		assert_true(is(&x->original.remote, &b()->addr));
		assert_true(is(&y->original.local, &nat_b));
		assert_true(is(&y->original.remote, &a()->addr));
		rekey(i ? a() : b());
		net_settle(net);
		pass_time(10000);
	}
}

/* The substitution is undone for a child of tunnel mode, of the addresses as A has them. */
static void behind_a_nat_tunnel_mode_has_the_selectors_as_they_are(void **state)
{
	const struct side one = transport(&SIDE_A);
	struct side two = transport(&SIDE_B);

	(void)state;
	two.mode = RVL_TUNNEL;
	two.remote_ts = "192.0.2.1";
	begin(&one, &two);
	put_behind_nat();
	bring_up();
	assert_mode(RVL_TUNNEL);
	assert_ends(a(), "192.0.2.1/32", "192.0.2.2/32");
	assert_ends(b(), "192.0.2.2/32", "192.0.2.1/32");
	assert_int_equal(sa_of(a())->original.local.family, 0);
	assert_int_equal(sa_of(b())->original.local.family, 0);
}

static void a_nat_that_is_only_pretended_changes_nothing(void **state)
{
	struct side one = transport(&SIDE_A);
	const struct side two = transport(&SIDE_B);

	(void)state;
	one.encap = true;
	begin(&one, &two);
	bring_up();
	assert_mode(RVL_TRANSPORT);
	assert_true(sa_of(a())->encap);
	assert_ends(b(), "192.0.2.2/32", "192.0.2.1/32");
	assert_int_equal(sa_of(a())->original.local.family, 0);
	assert_int_equal(sa_of(b())->original.local.family, 0);
}

static void a_data_path_without_it_has_tunnel_mode(void **state)
{
	const struct side one = transport(&SIDE_A), two = transport(&SIDE_B);

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct rvl_abilities *can;

		begin(&one, &two);
		can = &net->node[i % 2].engine->can;
		if (i < 2)
			can->modes = 1u << RVL_TUNNEL;
		else
			can->nat_transport = false;
		if (i >= 4) /* tunnel mode, but not to be had, as A is elsewhere for B */
			put_behind_nat();
		bring_up();
		if (i < 4)
			assert_mode(i < 2 ? RVL_TUNNEL : RVL_TRANSPORT);
		else
			assert_int_equal(a()->child_up, 0);
		end(NULL);
	}
}

static void up_with_two_ways(const struct side *one, const struct side *two)
{
	begin(one, two);
	a()->other = (struct ike_addr){.family = 4, .ip = {198, 51, 100, 1}};
	for (unsigned i = 0; i < 2; i++) {
		set_hosts(&net->node[i], net->node[i].engine->connections[0], "", i ? "" : NULL);
		net->node[i].has_route = true;
		node_roam(&net->node[i]);
	}
	bring_up();
}

static void move_a(void)
{
	a()->lost[0] = true;
	node_roam(a());
	net_settle(net);
	pass_time(20000);
}

/* RFC 4555 moves Child SAs of tunnel mode: in transport mode one of other hosts is another one. */
static void between_other_addresses_there_is_another_one(void **state)
{
	struct side one = transport(&SIDE_A), two = transport(&SIDE_B);
	uint32_t before;

	(void)state;
	one.mobike = two.mobike = true;
	up_with_two_ways(&one, &two);
	assert_mode(RVL_TRANSPORT);
	before = sa_of(a())->spi_in;
	move_a();
	assert_mode(RVL_TRANSPORT);
	assert_int_not_equal(sa_of(a())->spi_in, before);
	assert_ends(a(), "198.51.100.1/32", "192.0.2.2/32");
	assert_ends(b(), "192.0.2.2/32", "198.51.100.1/32");
	assert_int_equal(receiving(a()), 1);
	assert_int_equal(receiving(b()), 1);
	assert_int_equal(a()->updates + b()->updates, 0);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
}

static void tunnel_mode_moves_as_ever(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	uint32_t before;

	(void)state;
	one.mobike = two.mobike = true;
	up_with_two_ways(&one, &two);
	before = sa_of(a())->spi_in;
	move_a();
	assert_int_equal(sa_of(a())->spi_in, before);
	assert_int_equal(a()->updates, 1);
	assert_int_equal(b()->updates, 1);
}

static void another_port_of_a_nat_is_no_other_host(void **state)
{
	const struct side one = transport(&SIDE_A), two = transport(&SIDE_B);
	uint32_t before;

	(void)state;
	begin(&one, &two);
	put_behind_nat();
	bring_up();
	before = sa_of(b())->spi_in;
	a()->nat.port = 30000;
	ike_liveness_check(a()->engine, only_sa(net, 0));
	ike_sa_advance(a()->engine, only_sa(net, 0), net->now);
	node_drain(a());
	net_settle(net);
	pass_time(20000);
	assert_int_equal(sa_of(b())->spi_in, before);
	assert_int_equal(sa_of(b())->remote.port, 30000 + IKE_PORT_NATT);
}

/* ESP_TFC_PADDING_NOT_SUPPORTED (section 1.3.1): in transport mode padding would be data. */
static void padding_goes_to_who_takes_it(void **state)
{
	struct side one = transport(&SIDE_A), two = transport(&SIDE_B);

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		one.mode = i & 1 ? RVL_TRANSPORT : RVL_TUNNEL;
		two.mode = i & 2 ? RVL_TRANSPORT : RVL_TUNNEL;
		begin(&one, &two);
		bring_up();
		for (unsigned k = 0; k < 2; k++) {
			/* Who asked for transport mode has said so before it is known. */
			assert_int_equal(sa_of(a())->tfc, i != 3);
			assert_int_equal(sa_of(b())->tfc, !(i & 1));
			rekey(a());
			net_settle(net);
			pass_time(10000);
		}
		end(NULL);
	}
}

static void ah_passes_no_nat(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.esp = two.esp = "ah:sha256";
	begin(&one, &two);
	bring_up();
	assert_int_equal(a()->child_up, 1);
	end(NULL);
	/* Who begins sees it before he asks, */
	begin(&one, &two);
	put_behind_nat();
	bring_up();
	assert_int_equal(a()->child_up + a()->ike_up, 0);
	assert_string_equal(a()->ike_reason, "AH doesn't pass the NAT that is on the way");
	end(NULL);
	/* and has ESP where that is configured as well, */
	one.esp = two.esp = "ah:sha256,aes256gcm16";
	begin(&one, &two);
	put_behind_nat();
	bring_up();
	assert_int_equal(sa_of(a())->suite.protocol, IKE_PROTO_ESP);
	rekey(b());
	net_settle(net);
	pass_time(10000);
	assert_int_equal(sa_of(a())->suite.protocol, IKE_PROTO_ESP);
	end(NULL);
	begin(&one, &two);
	bring_up();
	assert_int_equal(sa_of(a())->suite.protocol, IKE_PROTO_AH);
}

static void a_move_behind_a_nat_ends_ah(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.mobike = two.mobike = true;
	one.esp = two.esp = "ah:sha256,aes256gcm16";
	up_with_two_ways(&one, &two);
	assert_int_equal(sa_of(a())->suite.protocol, IKE_PROTO_AH);
	a()->nat = nat_a;
	move_a();
	assert_int_equal(sa_of(a())->suite.protocol, IKE_PROTO_ESP);
	assert_int_equal(receiving(a()), 1);
	assert_int_equal(receiving(b()), 1);
}

static void what_a_data_path_lacks_is_neither_offered_nor_chosen(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.esp = two.esp = "aes256gcm16-aes128gcm16-esn-noesn,ah:sha256-sha512";
	for (unsigned i = 0; i < 4; i++) {
		struct rvl_abilities *can;

		begin(&one, &two);
		can = &net->node[i % 2].engine->can;
		can->esn = false;
		can->encr &= ~rvl_encr_bit(rvl_encr_find(IKE_ENCR_AES_GCM_16, 32));
		if (i >= 2)
			can->protocols = 1u << RVL_PROTOCOL_AH;
		can->integ &= ~rvl_integ_bit(rvl_integ_find(IKE_INTEG_HMAC_SHA2_256_128));
		bring_up();
		assert_true(children_agree(present_child(a()), present_child(b())));
		assert_int_equal(sa_of(a())->suite.protocol, i < 2 ? IKE_PROTO_ESP : IKE_PROTO_AH);
		assert_int_equal(sa_of(a())->suite.encr_bits, i < 2 ? 128 : 0);
		assert_int_equal(sa_of(a())->suite.integ, i < 2 ? 0 : IKE_INTEG_HMAC_SHA2_512_256);
		assert_int_equal(sa_of(a())->suite.esn, IKE_ESN_NO);
		end(NULL);
	}
	/* Nothing at all, or not over this family */
	for (unsigned i = 0; i < 4; i++) {
		struct rvl_abilities *can;

		begin(&one, &two);
		can = &net->node[i % 2].engine->can;
		if (i < 2)
			can->protocols = 0;
		else
			can->outer = RVL_FAMILY_IPV6;
		bring_up();
		assert_int_equal(a()->child_up + b()->child_up, 0);
		assert_non_null(strstr(i % 2 ? a()->child_reason : a()->ike_reason,
				       i % 2   ? "NO_PROPOSAL_CHOSEN"
				       : i < 2 ? "the data path has none of its algorithms"
					       : "the data path has no ESP over IPv4"));
		end(NULL);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, end)
	static const struct CMUnitTest tests[] = {
		T(transport_mode_is_had_where_both_have_it),
		T(successors_are_in_transport_mode_too),
		T(a_responder_of_tunnel_mode_has_it_in_tunnel_mode),
		T(who_asks_for_tunnel_mode_has_it),
		T(transport_mode_that_was_not_asked_for_is_refused),
		T(selectors_are_narrowed_to_the_two_hosts),
		T(selectors_without_the_two_hosts_come_to_nothing),
		T(behind_a_nat_each_side_has_the_addresses_that_it_knows),
		T(so_has_each_behind_a_nat_of_its_own),
		T(behind_a_nat_tunnel_mode_has_the_selectors_as_they_are),
		T(a_nat_that_is_only_pretended_changes_nothing),
		T(a_data_path_without_it_has_tunnel_mode),
		T(between_other_addresses_there_is_another_one),
		T(tunnel_mode_moves_as_ever),
		T(another_port_of_a_nat_is_no_other_host),
		T(padding_goes_to_who_takes_it),
		T(ah_passes_no_nat),
		T(a_move_behind_a_nat_ends_ah),
		T(what_a_data_path_lacks_is_neither_offered_nor_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
