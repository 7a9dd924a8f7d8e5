/* SPDX-License-Identifier: BSD-2-Clause */
/* Two rounds of authentication (RFC 4739): a signature or a shared key, then EAP. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host/eap/method.h"
#include "tests/ike/pair.h"

/* A signs or has a key, and comes in as bob besides. */
static void sides(bool by_key, struct side *one, struct side *two)
{
	*one = SIDE_A;
	*two = SIDE_B;
	one->next = two->asks_next = true;
	one->sign = one->verify = two->sign = two->verify = !by_key;
	one->psk = two->psk = by_key ? "a shared secret" : NULL;
	one->eap = two->eap = (struct eap_party){
		.methods = 1 << EAP_METHOD_MSCHAPV2, .user = "bob", .password = "opensesame"};
	two->eap.asks = true;
}

static void begin(const struct side *one, const struct side *two)
{
	net = net_new(1, one, two);
	start(net, 0);
}

/*
 *   A  IKE_SA_INIT -->                          <-- IKE_SA_INIT                         B
 *      IKE_AUTH IDi AUTH SA TS FOLLOWS -->      <-- IKE_AUTH IDr AUTH
 *      IKE_AUTH IDi -->                         <-- IKE_AUTH EAP(Identity)
 *      IKE_AUTH EAP(Identity) -->               <-- IKE_AUTH EAP(Challenge)
 *      IKE_AUTH EAP(Response) -->               <-- IKE_AUTH EAP(Success-Request)
 *      IKE_AUTH EAP(Success-Response) -->       <-- IKE_AUTH EAP(Success)
 *      IKE_AUTH AUTH -->                        <-- IKE_AUTH AUTH SA TS
 */
enum { MESSAGES = 14 };

static void it_comes_up_after_both_rounds_and_not_before(void **state)
{
	for (unsigned by_key = 0; by_key < 2; by_key++) {
		struct side one, two;

		sides(by_key, &one, &two);
		begin(&one, &two);
		for (unsigned i = 0; i < MESSAGES - 1; i++) {
			assert_int_equal(a()->ike_up + b()->ike_up, 0);
			assert_int_equal(b()->spis_out, 0);
			deliver_next();
		}
		net_settle(net);
		both_are_up();
		assert_int_equal(net->sent, MESSAGES);
		teardown(state);
	}
}

/* The identity of the second round is one of its own: its AUTH is over that. */
static void each_round_has_its_identity(void **state)
{
	for (unsigned asks = 0; asks < 2; asks++) {
		struct ike_id peer, first;
		char text[IKE_ID_TEXT];
		struct side one, two;

		sides(false, &one, &two);
		one.next_id = two.next_id = "bob";
		two.eap.asks = asks;
		begin(&one, &two);
		net_settle(net);
		both_are_up();
		peer = ike_sa_peer(only_sa(net, 1));
		ike_id_text(&peer, text, sizeof(text));
		assert_string_equal(text, "bob");
		first = ike_id_kept(only_sa(net, 1)->remote_id);
		ike_id_text(&first, text, sizeof(text));
		assert_string_equal(text, one.id);
		teardown(state);
	}
}

static void an_address_is_given_after_both_rounds(void **state)
{
	for (unsigned wrong = 0; wrong < 2; wrong++) {
		struct side one, two;

		sides(false, &one, &two);
		one.vips = "0.0.0.0";
		one.local_ts = "";
		two.leases = true;
		two.remote_ts = "";
		if (wrong)
			one.eap.password = "open barley";
		begin(&one, &two);
		b()->pool = 8;
		for (unsigned i = 0; i < MESSAGES - 2; i++)
			deliver_next();
		assert_int_equal(ike_engine_stats(b()->engine)->leases_given, 0);
		net_settle(net);
		assert_int_equal(leases_out(b()), !wrong);
		assert_int_equal(a()->leased_count, !wrong);
		if (!wrong)
			both_are_up();
		teardown(state);
	}
}

/* Another password, a user that there isn't, an identity of the round that isn't let in. */
static void all_who_fail_in_the_second_round_are_told_the_same(void **state)
{
	struct heard wrong = {0};

	for (unsigned what = 0; what < 3; what++) {
		struct side one, two;
		struct heard seen;

		sides(false, &one, &two);
		one.next_id = two.next_id = "bob";
		if (what == 0)
			one.eap.password = "open barley";
		if (what == 1)
			one.eap.user = "rob";
		if (what == 2)
			one.next_id = "rob";
		begin(&one, &two);
		seen = hear_out();
		nothing_is_up();
		assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
		wrong = what ? wrong : seen;
		assert_int_equal(seen.count, wrong.count);
		assert_int_equal(seen.last[1], wrong.last[1]);
		teardown(state);
	}
}

/* Whatever is wrong, that no round follows or one that isn't configured among it. */
static void all_who_fail_in_the_first_round_are_told_the_same(void **state)
{
	for (unsigned by_key = 0; by_key < 2; by_key++) {
		struct heard wrong = {0};

		for (unsigned what = 0; what < 4; what++) {
			struct side one, two;
			struct heard seen;

			sides(by_key, &one, &two);
			if (what == 0 && by_key)
				one.psk = "a wrong secret";
			if (what == 0)
				one.signing_key = "another";
			if (what == 1)
				one.id = "noon.example.org";
			if (what == 2)
				one.next = false;
			if (what == 3)
				two.asks_next = false;
			begin(&one, &two);
			seen = hear_out();
			nothing_is_up();
			assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
			assert_non_null(strstr(a()->ike_reason, "AUTHENTICATION_FAILED"));
			wrong = what ? wrong : seen;
			assert_int_equal(seen.count, 4);
			assert_int_equal(seen.last[1], wrong.last[1]);
			teardown(state);
		}
	}
}

/* Who has proved itself so far still is a stranger, who has no more time than others. */
static void who_leaves_between_the_rounds_is_forgotten(void **state)
{
	for (unsigned at = 3; at < MESSAGES - 1; at += 2) {
		struct side one, two;

		sides(false, &one, &two);
		begin(&one, &two);
		for (unsigned i = 0; i < at; i++)
			deliver_next();
		it_is_forgotten_when_it_says_no_more();
		teardown(state);
	}
}

static void no_message_is_needed_twice(void **state)
{
	for (unsigned lost = 0; lost < MESSAGES; lost++) {
		struct side one, two;
		struct packet p;

		sides(lost % 2, &one, &two);
		begin(&one, &two);
		for (unsigned i = 0; i < lost; i++)
			deliver_next();
		p = net_take(net);
		packet_free(&p);
		pass_time(20000);
		both_are_up();
		teardown(state);
	}
}

/* The message that waits is replaced by another of the same side. */
static void deliver_instead(struct ike_builder *w)
{
	struct packet old = net_take(net), p;
	struct ike_header hdr;

	ike_header_parse(ike_slice(old.data, old.len), &hdr);
	p = forge(net, 1 - old.to, IKE_AUTH, hdr.flags & IKE_FLAG_RESPONSE, hdr.message_id, w);
	p.local = old.local;
	p.remote = old.remote;
	net_deliver(net, &p);
	packet_free(&p);
	packet_free(&old);
}

/* AUTH as A could make it without EAP, in any message of the second round, with or without IDi. */
static void the_first_round_s_proof_is_none_in_the_second(void **state)
{
	static const uint8_t success[] = {IKE_EAP_SUCCESS, 1, 0, 4};

	for (unsigned at = 4; at < MESSAGES; at += 2) {
		for (unsigned what = 0; what < 4; what++) {
			uint8_t octets[IKE_MESSAGE_MAX];
			struct side one, two;
			struct ike_builder w;

			sides(true, &one, &two);
			begin(&one, &two);
			for (unsigned i = 0; i < at; i++)
				deliver_next();
			ike_build_chain(&w, octets, sizeof(octets));
			if (what & 1)
				ike_write_id(&w, IKE_PAYLOAD_IDI, IKE_ID_FQDN,
					     ike_slice(one.id, strlen(one.id)));
			if (what & 2) {
				ike_build_begin(&w, IKE_PAYLOAD_EAP);
				ike_put(&w.w, success, sizeof(success));
				ike_build_end(&w);
			} else {
				const struct ike_sa *sa = only_sa(net, 0);
				const struct ike_id own = ike_id_kept(sa->local_id);

				assert_int_equal(
					ike_proof_write_key(&w, sa, &own,
							    ike_slice(one.psk, strlen(one.psk))),
					0);
			}
			deliver_instead(&w);
			net_settle(net);
			assert_int_equal(b()->ike_up + b()->child_up, 0);
			assert_int_equal(b()->spis_out, 0);
			teardown(state);
		}
	}
}

/* MULTIPLE_AUTH_SUPPORTED, which nothing protects in IKE_SA_INIT, is one that nobody knows. */
static void hide(struct packet *p)
{
	static const uint8_t notify[] = {0, 0, IKE_N_MULTIPLE_AUTH_SUPPORTED >> 8,
					 IKE_N_MULTIPLE_AUTH_SUPPORTED & 255};
	uint8_t *at = memmem(p->data, p->len, notify, sizeof(notify));

	assert_non_null(at);
	at[2] = 0xff;
}

/* A responder that says nothing of rounds gets no AUTH that announces one. */
static void a_responder_of_one_round_is_not_asked_for_two(void **state)
{
	struct side one, two;
	struct packet p;

	(void)state;
	sides(true, &one, &two);
	begin(&one, &two);
	deliver_next();
	p = net_take(net);
	hide(&p);
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	nothing_is_up();
	assert_non_null(strstr(a()->ike_reason, "one round of authentication"));
	assert_int_equal(net->sent, 2);
}

/* Neither begins where only the other may. */
static void who_begins_is_who_comes_in(void **state)
{
	struct side one, two;
	uint64_t id;

	(void)state;
	sides(false, &one, &two);
	net = net_new(1, &one, &two);
	assert_int_equal(ike_initiate(b()->engine, net->now, "net", NULL, NULL, &id), -EOPNOTSUPP);
	assert_int_equal(ike_sa_count(b()->engine), 0);
}

#define T(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_comes_up_after_both_rounds_and_not_before),
		T(each_round_has_its_identity),
		T(an_address_is_given_after_both_rounds),
		T(all_who_fail_in_the_second_round_are_told_the_same),
		T(all_who_fail_in_the_first_round_are_told_the_same),
		T(who_leaves_between_the_rounds_is_forgotten),
		T(no_message_is_needed_twice),
		T(the_first_round_s_proof_is_none_in_the_second),
		T(a_responder_of_one_round_is_not_asked_for_two),
		T(who_begins_is_who_comes_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
