/* SPDX-License-Identifier: BSD-2-Clause */
/* Tokens that prove a restart (RFC 6290): who gets them, when they are shown, and when never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

static const uint8_t secrets[2][32] = {{1, 2, 3}, {4, 5, 6}};

static const struct ike_stats *stats(const struct node *node)
{
	return ike_engine_stats(node->engine);
}

static void establish(bool one_makes, bool two_makes)
{
	struct side one = SIDE_A, two = SIDE_B;

	one.qcd_secret = one_makes ? secrets[0] : NULL;
	two.qcd_secret = two_makes ? secrets[1] : NULL;
	net = net_new(17, &one, &two);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
	pass_time(1000);
}

/* As who starts anew with the same secret. */
static void forget(struct node *node)
{
	while (node->engine->all) {
		ike_sa_down(node->engine, node->engine->all, "forgotten");
		ike_reap(node->engine);
	}
	node_drain(node);
}

static void ask(struct node *node)
{
	struct ike_sa *sa = node->engine->all;

	ike_liveness_check(node->engine, sa);
	ike_sa_advance(node->engine, sa, net->now);
	node_drain(node);
}

static void assert_proved(struct node *node)
{
	uint64_t sent = net->sent;

	ask(node);
	net_settle(net);
	assert_int_equal(net->sent - sent, 2);
	assert_int_equal(node->ike_down, 1);
	assert_int_equal(node->child_cause, IKE_CAUSE_DEAD);
	assert_non_null(strstr(node->ike_reason, "QCD_TOKEN"));
	assert_int_equal(stats(node)->qcd_proofs, 1);
	assert_int_equal(stats(node)->hints, 0);
	assert_true(nothing_left(node));
}

/*
 *   A  HDR, SK {}  -->                                 B, which has started anew
 *      <-- HDR, N(INVALID_IKE_SPI), N(QCD_TOKEN)
 */
static void a_restart_is_proved_in_one_round_trip(void **state)
{
	(void)state;
	establish(true, true);
	forget(b());
	assert_proved(a());
	net_free(net);
	establish(true, true);
	forget(a());
	assert_proved(b());
}

/* Each role is a side's own: the other may know nothing of it. */
static void one_side_may_be_maker_and_the_other_taker(void **state)
{
	(void)state;
	establish(false, true);
	assert_non_null(only_sa(net, 0)->token);
	assert_null(only_sa(net, 1)->token);
	forget(b());
	assert_proved(a());
	net_free(net);
	establish(true, false);
	forget(a());
	assert_proved(b());
}

static void with_another_secret_it_is_a_hint(void **state)
{
	(void)state;
	establish(true, true);
	forget(b());
	memset(b()->engine->qcd_secret, 7, 32);
	ask(a());
	net_settle(net);
	assert_int_equal(a()->ike_down, 0);
	assert_int_equal(stats(a())->qcd_wrong, 1);
	assert_int_equal(stats(a())->hints, 1);
	pass_time(IKE_HINT_PATIENCE_MS);
	assert_int_equal(a()->ike_down, 1);
}

/* A message in clear about the first IKE SA of A, as if from its peer. */
static struct packet clear_answer(uint32_t id, const struct ike_slice *tokens, unsigned count)
{
	struct ike_header hdr = ike_sa_header(only_sa(net, 0), IKE_INFORMATIONAL, true, id);
	struct packet p = {.to = 0, .local = a()->addr, .remote = b()->addr};
	struct ike_builder builder;

	p.local.port = p.remote.port = IKE_PORT;
	hdr.flags ^= IKE_FLAG_INITIATOR;
	p.data = malloc(2048);
	ike_build_message(&builder, p.data, 2048, &hdr);
	ike_write_bare_notify(&builder, IKE_N_INVALID_IKE_SPI);
	for (unsigned i = 0; i < count; i++)
		ike_write_notify(&builder, IKE_PROTO_IKE, ike_slice(NULL, 0), IKE_N_QCD_TOKEN,
				 tokens[i]);
	assert_int_equal(ike_build_finish(&builder), 0);
	p.len = builder.w.len;
	return p;
}

/* What B would show if it had forgotten. */
static void true_token(uint8_t out[32])
{
	struct ike_engine *e = b()->engine;
	uint8_t text[16];
	struct ike_writer w = ike_writer(text, sizeof(text));
	struct ike_slice part = ike_slice(text, sizeof(text));

	ike_put_u64(&w, only_sa(net, 0)->spi_i);
	ike_put_u64(&w, only_sa(net, 0)->spi_r);
	assert_int_equal(
		ike_prf(IKE_PRF_HMAC_SHA2_256, ike_slice(e->qcd_secret, 32), &part, 1, out), 0);
}

/* Section 4.5: up to four, of secrets that change; one that is right is enough. */
static void the_right_one_of_four_tokens_counts(void **state)
{
	uint8_t right[32], wrong[32] = {9};
	struct ike_slice tokens[5];

	(void)state;
	for (unsigned at = 0; at < 5; at++) {
		struct packet p;

		establish(true, true);
		true_token(right);
		for (unsigned i = 0; i < 5; i++)
			tokens[i] = ike_slice(i == at ? right : wrong, 32);
		ask(a());
		p = clear_answer(only_sa(net, 0)->out.next_id, tokens, 5);
		net_deliver(net, &p);
		assert_int_equal(a()->ike_down, at < 4);
		packet_free(&p);
		net_free(net);
		net = NULL;
	}
}

static void it_must_answer_the_request_that_is_out(void **state)
{
	uint8_t right[32];
	struct ike_slice token = ike_slice(right, 32);
	struct packet p;

	(void)state;
	establish(true, true);
	true_token(right);
	p = clear_answer(only_sa(net, 0)->out.next_id, &token, 1);
	net_deliver(net, &p); /* nothing is asked */
	packet_free(&p);
	ask(a());
	p = clear_answer(only_sa(net, 0)->out.next_id + 1, &token, 1);
	net_deliver(net, &p);
	packet_free(&p);
	assert_int_equal(a()->ike_down, 0);
}

static void forged_tokens_end_nothing(void **state)
{
	uint8_t forged[129] = {0};

	(void)state;
	establish(true, true);
	ask(a());
	for (size_t len = 0; len <= sizeof(forged); len++) {
		struct ike_slice token = ike_slice(forged, len);
		struct packet p = clear_answer(only_sa(net, 0)->out.next_id, &token, 1);

		net_deliver(net, &p);
		packet_free(&p);
	}
	assert_int_equal(stats(a())->qcd_wrong, 128 - 16 + 1);
	net_settle(net);
	assert_int_equal(a()->ike_down, 0);
}

/*
 * Section 9.2: whoever sees the SPIs may ask for the token of an IKE SA that is there, as if he
 * were its initiator or its responder, of either side.
 */
static void no_token_is_shown_of_an_ike_sa_that_is_there(void **state)
{
	(void)state;
	establish(true, true);
	for (unsigned i = 0; i < 4; i++) {
		const struct ike_sa *sa = only_sa(net, 0);
		struct ike_header hdr = {.spi_i = sa->spi_i,
					 .spi_r = sa->spi_r,
					 .major = 2,
					 .exchange = IKE_INFORMATIONAL,
					 .flags = i & 1 ? IKE_FLAG_INITIATOR : 0,
					 .message_id = 77};
		struct ike_payloads payloads;
		struct ike_builder builder;
		struct ike_notify n;
		uint8_t buf[64];

		ike_build_message(&builder, buf, sizeof(buf), &hdr);
		assert_int_equal(ike_build_finish(&builder), 0);
		send_raw(net, i >> 1, buf, builder.w.len, 500);
		while (net->queued) {
			struct packet p = net_take(net);

			ike_message_parse(ike_slice(p.data, p.len), p.data[16], &payloads);
			assert_false(ike_find_notify(&payloads, IKE_N_QCD_TOKEN, &n));
			packet_free(&p);
		}
	}
}

/* Nor where one of the SPIs is one of ours. */
static void no_token_is_shown_with_an_spi_of_ours(void **state)
{
	struct ike_in in = {.now = 1};
	uint8_t buf[64];

	(void)state;
	establish(true, true);
	for (unsigned i = 0; i < 3; i++) {
		const struct ike_sa *sa = only_sa(net, 0);
		struct ike_builder builder;

		in.hdr.spi_i = i == 0 ? sa->spi_i : 5;
		in.hdr.spi_r = i == 1 ? sa->spi_i : 6;
		ike_build_chain(&builder, buf, sizeof(buf));
		ike_qcd_show(a()->engine, &builder, &in);
		assert_int_equal(builder.w.len, i == 2 ? 8 + 32 : 0);
	}
}

/* The successor's token: with the answer to who rekeys, and in an exchange of the new one from him.
 */
static void a_rekeyed_ike_sa_has_tokens_of_its_own(void **state)
{
	(void)state;
	for (unsigned who = 0; who < 2; who++) {
		for (unsigned forgets = 0; forgets < 2; forgets++) {
			establish(true, true);
			assert_int_equal(
				ike_rekey(net->node[who].engine, net->now, net->node[who].ike_id),
				0);
			node_drain(&net->node[who]);
			net_settle(net);
			assert_int_equal(a()->ike_rekeyed + b()->ike_rekeyed, 2);
			assert_true(only_sa(net, 0)->token && only_sa(net, 1)->token);
			assert_false(only_sa(net, 0)->owes_token || only_sa(net, 1)->owes_token);
			forget(&net->node[forgets]);
			assert_proved(&net->node[!forgets]);
			net_free(net);
			net = NULL;
		}
	}
}

/* Who makes no tokens says and shows nothing. */
static void without_a_secret_there_is_no_token(void **state)
{
	(void)state;
	establish(false, false);
	assert_false(only_sa(net, 0)->token || only_sa(net, 1)->token);
	forget(b());
	ask(a());
	net_settle(net);
	assert_int_equal(stats(a())->hints, 1);
	assert_int_equal(stats(a())->qcd_wrong, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	static const struct CMUnitTest tests[] = {
		T(a_restart_is_proved_in_one_round_trip),
		T(one_side_may_be_maker_and_the_other_taker),
		T(with_another_secret_it_is_a_hint),
		T(the_right_one_of_four_tokens_counts),
		T(it_must_answer_the_request_that_is_out),
		T(forged_tokens_end_nothing),
		T(no_token_is_shown_of_an_ike_sa_that_is_there),
		T(no_token_is_shown_with_an_spi_of_ours),
		T(a_rekeyed_ike_sa_has_tokens_of_its_own),
		T(without_a_secret_there_is_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
