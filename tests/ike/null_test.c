/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers that don't prove who they are (RFC 7619). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

static void begin(const struct side *one, const struct side *two)
{
	net = net_new(1, one, two);
	start(net, 0);
}

static void no_child_is_up(void)
{
	assert_int_equal(b()->ike_up, 0);
	assert_int_equal(a()->child_up + b()->child_up, 0);
	assert_int_equal(b()->spis_out, 0);
}

/* The one who begins, the other, or both. */
static void nobody_is_taken_where_that_is_configured(void **state)
{
	for (unsigned who = 1; who < 4; who++) {
		struct side one = SIDE_A, two = SIDE_B;

		one.null = two.takes_null = who & 1;
		two.null = one.takes_null = who & 2;
		if (who == 3)
			one.psk = two.psk = NULL;
		begin(&one, &two);
		net_settle(net);
		assert_int_equal(a()->child_up + b()->child_up, 2);
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		assert_int_equal(only_sa(net, 1)->remote_id->type == IKE_ID_NULL, who & 1);
		assert_int_equal(only_sa(net, 0)->remote_id->type == IKE_ID_NULL, who >> 1);
		teardown(state);
	}
}

/* By default, or as somebody: the answer is that to a wrong key. */
static void nobody_else_is_taken_for_one_who_proves_himself(void **state)
{
	size_t wrong = 0;

	for (unsigned what = 0; what < 4; what++) {
		struct side one = SIDE_A, two = SIDE_B;
		struct packet p;

		if (what == 0)
			one.psk = "a wrong secret";
		one.null = what == 1 || what == 2;
		if (what == 2)
			two.peer_id = NULL; /* it takes anybody who has the key */
		two.takes_null = what == 3; /* and here the key proves nothing */
		begin(&one, &two);
		for (unsigned i = 0; i < 3; i++)
			deliver_next();
		p = net_take(net);
		wrong = what ? wrong : p.len;
		assert_int_equal(p.len, wrong);
		net_deliver(net, &p);
		packet_free(&p);
		no_child_is_up();
		assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
		assert_non_null(strstr(a()->ike_reason, "AUTHENTICATION_FAILED"));
		teardown(state);
	}
}

/* A name beside NULL is one that nothing proves. */
static void nobody_has_no_name(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	struct ike_connection *conn;

	(void)state;
	one.null = two.takes_null = true;
	net = net_new(1, &one, &two);
	conn = ike_connection_find(a()->engine, "net");
	assert_int_equal(ike_id_set(&conn->local_id, IKE_ID_FQDN, ike_slice("moon", 4)), 0);
	start(net, 0);
	net_settle(net);
	no_child_is_up();
	assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
}

/* AUTH of nobody is over the IKE SA all the same: who alters its first messages has another. */
static void what_nobody_says_is_the_other_end_s(void **state)
{
	uint8_t octets[IKE_MESSAGE_MAX], data[64] = {1};
	struct side one = SIDE_A, two = SIDE_B;
	struct ike_builder w;
	struct packet p;

	(void)state;
	one.null = two.takes_null = true;
	begin(&one, &two);
	deliver_next();
	deliver_next();
	p = net_take(net);
	packet_free(&p);
	ike_build_chain(&w, octets, sizeof(octets));
	ike_write_id(&w, IKE_PAYLOAD_IDI, IKE_ID_NULL, ike_slice(NULL, 0));
	ike_write_auth(&w, IKE_AUTH_NULL, ike_slice(data, ike_prf_len(only_sa(net, 0)->suite.prf)));
	p = forge(net, 0, IKE_AUTH, false, 1, &w);
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	no_child_is_up();
	assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
}

/* A responder that proves nothing isn't the one that has the key. */
static void a_responder_that_is_nobody_is_not_believed(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	two.null = true;
	one.peer_id = NULL;
	begin(&one, &two);
	net_settle(net);
	assert_int_equal(a()->ike_up + a()->child_up, 0);
	assert_int_equal(receiving(a()) + receiving(b()), 0);
}

/* Two that have no name aren't the same (RFC 7619, section 2.3), and nothing of one is the other's.
 */
static void nobody_is_the_same_as_nobody(void **state)
{
	const struct ike_id nobody = {.type = IKE_ID_NULL};
	struct side one = SIDE_A, two = SIDE_B;
	struct ike_sa *sa, *other;
	struct ike_id local;

	(void)state;
	one.null = two.takes_null = true;
	begin(&one, &two);
	net_settle(net);
	sa = only_sa(net, 1);
	other = ike_sa_new(b()->engine, net->now, false);
	local = ike_id_kept(sa->local_id);
	ike_sa_hold(b()->engine, other, sa->conn);
	assert_int_equal(ike_id_keep(&other->local_id, &local), 0);
	assert_int_equal(ike_id_keep(&other->remote_id, &nobody), 0);
	ike_peer_link(b()->engine, other);
	assert_null(ike_peer_same(b()->engine, sa, NULL));
	assert_null(ike_peer_same(b()->engine, other, NULL));
}

/* Rekeyed, it goes on. */
static void both_sas_are_replaced(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.null = two.takes_null = true;
	begin(&one, &two);
	net_settle(net);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(ike_rekey(net->node[i].engine, net->now, net->node[i].ike_id), 0);
		node_drain(&net->node[i]);
		net_settle(net);
		assert_int_equal(b()->ike_rekeyed, 1 + i);
	}
	assert_true(children_agree(sending_child(a()), sending_child(b())));
}

#define T(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nobody_is_taken_where_that_is_configured),
		T(nobody_else_is_taken_for_one_who_proves_himself),
		T(nobody_has_no_name),
		T(what_nobody_says_is_the_other_end_s),
		T(a_responder_that_is_nobody_is_not_believed),
		T(nobody_is_the_same_as_nobody),
		T(both_sas_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
