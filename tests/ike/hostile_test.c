/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a peer must not do, or an attacker may try: before there are keys, with wrong keys, and
 * with the right ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

static uint64_t seed;

static const struct ike_slice nothing;

static void establish(void)
{
	net = net_new(4303, &SIDE_A, &SIDE_B);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
}

/* A's message to B, sealed with A's keys. */
static void forged(uint8_t exchange, bool response, uint32_t id, struct ike_builder *inner)
{
	struct packet p = forge(net, 0, exchange, response, id, inner);

	net_deliver(net, &p);
	packet_free(&p);
}

/* Open a message to A as A would, and give the first notify in it. */
static uint16_t notify_for_a(struct packet *p, struct ike_notify *n, struct ike_payloads *payloads)
{
	static uint8_t plain[IKE_MESSAGE_MAX];
	struct ike_sa *sa = a()->engine->all;
	struct ike_payload payload;
	size_t len;

	assert_int_equal(
		ike_payloads_parse(ike_slice(p->data + 28, p->len - 28), p->data[16], payloads), 0);
	if (payloads->encrypted_type == IKE_PAYLOAD_SK) {
		uint8_t first = payloads->inner_first;

		assert_int_equal(
			ike_cipher_open(sa->initiator ? &sa->keys.responder : &sa->keys.initiator,
					ike_slice(p->data, 32),
					ike_slice(p->data + 32, p->len - 32), plain, &len),
			0);
		assert_int_equal(ike_payloads_parse(ike_slice(plain, len), first, payloads), 0);
	}
	for (struct ike_walk w = ike_payloads_walk(payloads); ike_payloads_next(&w, &payload);) {
		if (payload.type == IKE_PAYLOAD_NOTIFY && ike_parse_notify(payload.body, n) == 0)
			return n->type;
	}
	return 0;
}

static void assert_still_up(void)
{
	struct installed *x, *y;

	net_settle(net);
	x = present_child(a());
	y = present_child(b());
	assert_non_null(x);
	assert_non_null(y);
	assert_true(children_agree(x, y));
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	/* and both can still talk */
	ike_terminate(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	net_settle(net);
	assert_true(nothing_left(a()) && nothing_left(b()));
}

/* CVE-2019-12312 and its like: protected exchanges when there is nothing to protect them */
static void every_exchange_before_there_are_keys_is_dropped(void **state)
{
	uint8_t buf[128];
	struct ike_builder builder;

	(void)state;
	net = net_new(1, &SIDE_A, &SIDE_B);
	start(net, 0);
	for (unsigned exchange = 0; exchange < 256; exchange++) {
		for (unsigned flags = 0; flags < 64; flags += 8) {
			for (unsigned known = 0; known < 2; known++) {
				struct ike_header hdr = {
					.spi_i = only_sa(net, 0)->spi_i,
					.spi_r = known ? 0x77 : 0,
					.major = 2,
					.exchange = (uint8_t)exchange,
					.flags = (uint8_t)flags,
					.message_id = known,
				};

				ike_build_message(&builder, buf, sizeof(buf), &hdr);
				ike_build_begin(&builder, IKE_PAYLOAD_SK);
				ike_put(&builder.w, "0123456789012345678901234567890123456789", 40);
				ike_build_end(&builder);
				assert_int_equal(ike_build_finish(&builder), 0);
				send_raw(net, 0, buf, builder.w.len, 500);
				send_raw(net, 1, buf, builder.w.len, 500);
			}
		}
	}
	assert_int_equal(b()->engine->sa_count, 0);
	assert_int_equal(only_sa(net, 0)->state, IKE_STATE_CONNECTING);
	assert_int_equal(a()->ike_down, 0);
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
}

static void a_half_open_sa_takes_nothing_but_ike_auth_with_message_id_1(void **state)
{
	struct ike_builder inner;
	uint8_t buf[256];

	(void)state;
	net = net_new(1, &SIDE_A, &SIDE_B);
	start(net, 0);
	deliver_next();
	deliver_next();
	{
		struct packet auth = net_take(net);

		for (unsigned exchange = 34; exchange < 44; exchange++) {
			for (uint32_t id = 0; id < 4; id++) {
				if (exchange == IKE_AUTH && id == 1)
					continue;
				ike_build_chain(&inner, buf, sizeof(buf));
				ike_write_delete(&inner, IKE_PROTO_IKE, 0, 0, nothing);
				forged((uint8_t)exchange, false, id, &inner);
				ike_build_chain(&inner, buf, sizeof(buf));
				ike_write_delete(&inner, IKE_PROTO_IKE, 0, 0, nothing);
				forged((uint8_t)exchange, true, id, &inner);
			}
		}
		assert_int_equal(only_sa(net, 1)->state, IKE_STATE_HALF_OPEN);
		assert_int_equal(net->queued, 0);
		net_deliver(net, &auth);
		packet_free(&auth);
	}
	assert_still_up();
}

static void a_bad_icv_is_ignored_and_the_good_message_after_it_taken(void **state)
{
	(void)state;
	establish();
	for (size_t bit = 0; bit < 8; bit++) {
		struct ike_builder inner;
		uint8_t buf[64];
		struct packet p;

		ike_build_chain(&inner, buf, sizeof(buf));
		ike_write_delete(&inner, IKE_PROTO_IKE, 0, 0, nothing);
		p = forge(net, 0, IKE_INFORMATIONAL, false, 2, &inner);
		p.data[p.len - 1 - 5 * bit] ^= (uint8_t)(1 << bit);
		net_deliver(net, &p);
		packet_free(&p);
	}
	assert_int_equal(ike_engine_stats(b()->engine)->drop_integrity, 8);
	assert_int_equal(net->queued, 0);
	assert_still_up();
}

static void message_ids_outside_the_window_are_dropped_without_a_word(void **state)
{
	static const uint32_t ids[] = {0, 3, 4, 100, 0x7fffffff, 0xfffffffe, 0xffffffff};
	struct ike_builder inner;
	uint8_t buf[64];

	(void)state;
	establish();
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		for (unsigned response = 0; response < 2; response++) {
			ike_build_chain(&inner, buf, sizeof(buf));
			ike_write_delete(&inner, IKE_PROTO_IKE, 0, 0, nothing);
			forged(IKE_INFORMATIONAL, response, ids[i], &inner);
		}
	}
	assert_int_equal(net->queued, 0);
	assert_int_equal(ike_engine_stats(b()->engine)->drop_message_id, 14);
	assert_still_up();
}

/* The same message ID again, but another message: not answered with what the first one got. */
static void another_message_under_an_old_id_gets_nothing(void **state)
{
	struct ike_builder inner;
	uint8_t buf[64];

	(void)state;
	establish();
	ike_build_chain(&inner, buf, sizeof(buf));
	forged(IKE_INFORMATIONAL, false, 2, &inner);
	assert_int_equal(net->queued, 1);
	{
		struct packet p = net_take(net);

		packet_free(&p);
	}
	ike_build_chain(&inner, buf, sizeof(buf));
	ike_write_delete(&inner, IKE_PROTO_IKE, 0, 0, nothing);
	forged(IKE_INFORMATIONAL, false, 2, &inner);
	assert_int_equal(net->queued, 0);
	assert_int_equal(b()->ike_down, 0);
}

static void a_reflected_message_is_dropped(void **state)
{
	struct ike_builder inner;
	uint8_t buf[64];
	struct packet p;

	(void)state;
	establish();
	ike_build_chain(&inner, buf, sizeof(buf));
	ike_write_delete(&inner, IKE_PROTO_IKE, 0, 0, nothing);
	p = forge(net, 0, IKE_INFORMATIONAL, false, 0, &inner);
	p.to = 0; /* A's own message, to A; also with the initiator flag turned */
	net_deliver(net, &p);
	p.data[19] ^= IKE_FLAG_INITIATOR;
	net_deliver(net, &p);
	packet_free(&p);
	assert_int_equal(a()->ike_down, 0);
	assert_still_up();
}

/* Section 2.21.4 */
static void a_request_for_an_unknown_sa_gets_invalid_ike_spi_at_a_bounded_rate(void **state)
{
	struct ike_header hdr = {.spi_i = 1,
				 .spi_r = 2,
				 .major = 2,
				 .exchange = IKE_INFORMATIONAL,
				 .message_id = 5,
				 .flags = IKE_FLAG_INITIATOR};
	struct ike_payloads payloads;
	struct ike_builder builder;
	struct ike_notify n;
	struct ike_header got;
	uint8_t buf[64];
	struct packet p;

	(void)state;
	net = net_new(1, &SIDE_A, &SIDE_B);
	ike_build_message(&builder, buf, sizeof(buf), &hdr);
	ike_build_begin(&builder, IKE_PAYLOAD_SK);
	ike_build_end(&builder);
	assert_int_equal(ike_build_finish(&builder), 0);
	send_raw(net, 1, buf, builder.w.len, 500);
	p = net_take(net);
	assert_int_equal(ike_header_parse(ike_slice(p.data, p.len), &got), 0);
	assert_true(got.spi_i == 1 && got.spi_r == 2);
	assert_int_equal(got.message_id, 5);
	assert_int_equal(got.flags, IKE_FLAG_RESPONSE);
	assert_int_equal(notify_for_a(&p, &n, &payloads), IKE_N_INVALID_IKE_SPI);
	net_deliver(net, &p); /* which isn't answered in turn */
	packet_free(&p);
	assert_int_equal(net->queued, 0);
	send_raw(net, 1, buf, builder.w.len, IKE_PORT_NATT);
	p = net_take(net); /* to where it came from */
	assert_int_equal(p.local.port, IKE_PORT_NATT);
	assert_int_equal(p.remote.port, IKE_PORT_NATT);
	assert_int_equal(notify_for_a(&p, &n, &payloads), IKE_N_INVALID_IKE_SPI);
	packet_free(&p);
	for (unsigned i = 0; i < 1000; i++)
		send_raw(net, 1, buf, builder.w.len, i % 2 ? 500 : IKE_PORT_NATT);
	assert_in_range(net->queued, 1, IKE_RATE_BURST);
	buf[19] |= IKE_FLAG_RESPONSE;
	net->now += 100000;
	while (net->queued) {
		p = net_take(net);
		packet_free(&p);
	}
	send_raw(net, 1, buf, builder.w.len, 500);
	assert_int_equal(net->queued, 0); /* never to a response */
}

static void another_major_version_is_answered_with_ours(void **state)
{
	struct ike_header hdr = {
		.spi_i = 1, .major = 3, .exchange = IKE_SA_INIT, .flags = IKE_FLAG_INITIATOR};
	struct ike_payloads payloads;
	struct ike_builder builder;
	struct ike_notify n;
	uint8_t buf[64];
	struct packet p;

	(void)state;
	net = net_new(1, &SIDE_A, &SIDE_B);
	ike_build_message(&builder, buf, sizeof(buf), &hdr);
	assert_int_equal(ike_build_finish(&builder), 0);
	send_raw(net, 1, buf, builder.w.len, 500);
	p = net_take(net);
	assert_int_equal(p.data[17], 0x20);
	assert_int_equal(notify_for_a(&p, &n, &payloads), IKE_N_INVALID_MAJOR_VERSION);
	packet_free(&p);
	buf[17] = 0x10; /* IKEv1 is not for us */
	send_raw(net, 1, buf, builder.w.len, 500);
	buf[17] = 0x30;
	buf[19] = IKE_FLAG_RESPONSE;
	send_raw(net, 1, buf, builder.w.len, 500);
	assert_int_equal(net->queued, 0);
}

static void a_critical_unknown_payload_is_refused_by_its_number(void **state)
{
	struct ike_payloads payloads;
	struct ike_builder inner;
	struct ike_notify n;
	uint8_t buf[64];
	struct packet p;

	(void)state;
	establish();
	ike_build_chain(&inner, buf, sizeof(buf));
	ike_build_begin(&inner, 199);
	ike_build_end(&inner);
	buf[1] = 0x80;
	forged(IKE_INFORMATIONAL, false, 2, &inner);
	p = net_take(net);
	assert_int_equal(notify_for_a(&p, &n, &payloads), IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_int_equal(n.data.len, 1);
	assert_int_equal(n.data.data[0], 199);
	packet_free(&p);
	assert_int_equal(b()->ike_down, 0); /* the exchange is void, the IKE SA stays */
	/* the same, not critical: just an empty request */
	ike_build_chain(&inner, buf, sizeof(buf));
	ike_build_begin(&inner, 199);
	ike_build_end(&inner);
	forged(IKE_INFORMATIONAL, false, 3, &inner);
	p = net_take(net);
	assert_int_equal(notify_for_a(&p, &n, &payloads), 0);
	packet_free(&p);
}

static void a_critical_unknown_payload_in_init_is_refused_by_its_number(void **state)
{
	struct ike_payloads payloads;
	struct ike_notify n;
	struct packet p;

	(void)state;
	net = net_new(1, &SIDE_A, &SIDE_B);
	start(net, 0);
	p = net_take(net);
	{
		uint8_t *longer = malloc(p.len + 4);

		memcpy(longer, p.data, 28);
		longer[28] = longer[16];
		longer[16] = 150;
		longer[29] = 0x80;
		longer[30] = 0;
		longer[31] = 4;
		memcpy(longer + 32, p.data + 28, p.len - 28);
		longer[27] = (uint8_t)(p.len + 4);
		longer[26] = (uint8_t)((p.len + 4) >> 8);
		send_raw(net, 1, longer, p.len + 4, 500);
		free(longer);
	}
	packet_free(&p);
	assert_int_equal(b()->engine->sa_count, 0);
	p = net_take(net);
	assert_int_equal(notify_for_a(&p, &n, &payloads), IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_int_equal(n.data.data[0], 150);
	packet_free(&p);
}

/* Section 2.21.3: fatal in both, without a delete */
static void a_malformed_authentic_request_ends_the_ike_sa(void **state)
{
	struct ike_payloads payloads;
	struct ike_builder inner;
	struct ike_notify n;
	uint8_t buf[64];
	struct packet p;

	(void)state;
	establish();
	ike_build_chain(&inner, buf, sizeof(buf));
	ike_write_delete(&inner, IKE_PROTO_ESP, 4, 5, ike_slice("only8oct", 8)); /* says 20 */
	forged(IKE_INFORMATIONAL, false, 2, &inner);
	p = net_take(net);
	assert_int_equal(notify_for_a(&p, &n, &payloads), IKE_N_INVALID_SYNTAX);
	packet_free(&p);
	assert_int_equal(b()->ike_down, 1);
	assert_true(nothing_left(b()));
	net_free(net);

	establish(); /* the same for a chain whose lengths lie */
	ike_build_chain(&inner, buf, sizeof(buf));
	ike_write_vendor(&inner, ike_slice("x", 1));
	buf[3]++;
	forged(IKE_INFORMATIONAL, false, 2, &inner);
	p = net_take(net);
	assert_int_equal(notify_for_a(&p, &n, &payloads), IKE_N_INVALID_SYNTAX);
	packet_free(&p);
	assert_int_equal(b()->ike_down, 1);
	assert_true(nothing_left(b()));
}

static void deleting_what_is_not_there_is_answered_with_nothing(void **state)
{
	static const uint8_t spis[] = "\0\0\0\0\377\377\377\377\0\0\1\0";
	struct ike_payloads payloads;
	struct ike_builder inner;
	struct ike_notify n;
	uint8_t buf[64];
	struct packet p;

	(void)state;
	establish();
	ike_build_chain(&inner, buf, sizeof(buf));
	ike_write_delete(&inner, IKE_PROTO_ESP, 4, 3, ike_slice(spis, 12));
	ike_write_delete(&inner, IKE_PROTO_AH, 4, 3, ike_slice(spis, 12));
	ike_write_delete(&inner, 77, 0, 0, nothing);
	forged(IKE_INFORMATIONAL, false, 2, &inner);
	p = net_take(net);
	assert_int_equal(notify_for_a(&p, &n, &payloads), 0);
	assert_int_equal(payload_total(&payloads), 0);
	packet_free(&p);
	assert_non_null(present_child(b()));
	assert_int_equal(b()->ike_down, 0);
}

static void a_create_child_sa_that_does_not_fit_is_refused_and_the_ike_sa_stays(void **state)
{
	struct ike_proposal esp;
	struct ike_payloads payloads;
	struct ike_builder inner;
	struct ike_notify n;
	char error[64];
	uint8_t buf[256], nonce[32] = {1};
	struct packet p;

	(void)state;
	establish();
	ike_proposal_parse("aes128-sha256", IKE_PROTO_ESP, &esp, error, sizeof(error));
	ike_build_chain(&inner, buf, sizeof(buf));
	ike_write_sa(&inner, &esp, 1, ike_slice("spi1", 4));
	ike_write_nonce(&inner, ike_slice(nonce, 32));
	ike_write_ts(&inner, IKE_PAYLOAD_TSI, &present_child(a())->sa.local_ts);
	ike_write_ts(&inner, IKE_PAYLOAD_TSR, &present_child(a())->sa.remote_ts);
	forged(IKE_CREATE_CHILD_SA, false, 2, &inner);
	p = net_take(net);
	assert_int_equal(notify_for_a(&p, &n, &payloads), IKE_N_NO_PROPOSAL_CHOSEN);
	packet_free(&p);
	assert_int_equal(b()->ike_down, 0);
}

/* RFC 6989 through the whole engine: what A's KE carries instead of its public value */
static void a_public_value_that_is_none_ends_the_handshake(void **state)
{
	static const struct {
		const char *suite;
		uint8_t fill;
		int last;
	} bad[] = {
		{"aes256gcm16-prfsha384-x25519", 0, 0},
		{"aes256gcm16-prfsha384-x448", 0, 0},
		{"aes256gcm16-prfsha384-ecp256", 0, 0},
		{"aes256gcm16-prfsha384-ecp256", 0xff, 0xff},
		{"aes256gcm16-prfsha384-ecp384", 0x11, 0x11},
		{"aes256gcm16-prfsha384-ecp521", 0, 1},
		{"aes256gcm16-prfsha384-modp2048", 0, 0},
		{"aes256gcm16-prfsha384-modp2048", 0, 1},
		{"aes256gcm16-prfsha384-modp2048", 0xff, 0xff},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (unsigned toward = 0; toward < 2; toward++) {
			struct side one = SIDE_A, two = SIDE_B;
			struct ike_payloads payloads;
			struct ike_slice ke;
			struct packet p;

			one.ike = two.ike = bad[i].suite;
			net = net_new(1, &one, &two);
			start(net, 0);
			if (toward == 0)
				deliver_next();
			p = net_take(net); /* the response to A, or the request to B */
			assert_int_equal(ike_payloads_parse(ike_slice(p.data + 28, p.len - 28),
							    p.data[16], &payloads),
					 0);
			assert_int_equal(ike_payloads_one(&payloads, IKE_PAYLOAD_KE, &ke), 0);
			memset((uint8_t *)ke.data + 4, bad[i].fill, ke.len - 4);
			((uint8_t *)ke.data)[ke.len - 1] = (uint8_t)bad[i].last;
			net_deliver(net, &p);
			packet_free(&p);
			if (toward) {
				/* It counts as half-open, for it has cost a key pair. */
				assert_int_equal(only_sa(net, 1)->state, IKE_STATE_REFUSED);
				assert_int_equal(b()->engine->half_open.count, 1);
				p = net_take(net);
				assert_int_equal(p.data[16], IKE_PAYLOAD_NOTIFY);
				packet_free(&p);
				terminate_each(a());
				net_run(net, net->now + 30000);
				assert_int_equal(b()->engine->sa_count, 0);
			} else {
				assert_int_equal(a()->ike_down, 0); /* it may be forged */
				net_run(net, net->now + 2000);
				assert_string_equal(a()->ike_reason,
						    "peer sent an invalid public value in KE");
				assert_true(nothing_left(a()));
			}
			net_free(net);
			net = NULL;
		}
	}
}

static void init_with_a_payload_missing_doubled_or_cut_makes_no_state(void **state)
{
	struct packet p;
	struct ike_payloads payloads;

	(void)state;
	net = net_new(1, &SIDE_A, &SIDE_B);
	start(net, 0);
	p = net_take(net);
	assert_int_equal(
		ike_payloads_parse(ike_slice(p.data + 28, p.len - 28), p.data[16], &payloads), 0);
	for (unsigned mode = 0; mode < 2; mode++) {
		for (unsigned victim = 0; victim < 3; victim++) { /* SA, KE, Ni */
			struct ike_header hdr;
			struct ike_builder builder;
			uint8_t buf[1024];

			assert_int_equal(ike_header_parse(ike_slice(p.data, p.len), &hdr), 0);
			hdr.next_payload = 0;
			ike_build_message(&builder, buf, sizeof(buf), &hdr);
			for (unsigned i = 0; i < payload_total(&payloads); i++) {
				struct ike_payload payload = payload_at(&payloads, i);
				unsigned copies = i == victim ? mode * 2 : 1;

				while (copies--) {
					ike_build_begin(&builder, payload.type);
					ike_put_slice(&builder.w, payload.body);
					ike_build_end(&builder);
				}
			}
			assert_int_equal(ike_build_finish(&builder), 0);
			send_raw(net, 1, buf, builder.w.len, 500);
		}
	}
	for (size_t len = 0; len < p.len; len++)
		send_raw(net, 1, p.data, len, 500);
	for (size_t len = 28; len < p.len; len++) { /* and with a header that fits */
		uint8_t *cut = malloc(len);

		memcpy(cut, p.data, len);
		cut[26] = (uint8_t)(len >> 8);
		cut[27] = (uint8_t)len;
		send_raw(net, 1, cut, len, 500);
		free(cut);
	}
	packet_free(&p);
	assert_int_equal(b()->engine->sa_count, 0);
	assert_int_equal(net->queued, 0);
}

static void noise_and_mutated_datagrams_leave_an_established_sa_alone(void **state)
{
	struct rng r = {seed};
	struct packet p;

	(void)state;
	establish();
	ike_terminate_child(a()->engine, net->now, present_child(a())->sa.child_id);
	node_drain(a());
	p = net_take(net);
	for (unsigned i = 0; i < 20000; i++) {
		size_t len = i % 2 ? p.len : rng_below(&r, 300);
		uint8_t *copy = malloc(len ? len : 1);

		if (i % 2) {
			memcpy(copy, p.data, len);
			for (uint64_t k = 1 + rng_below(&r, 3); k-- > 0;)
				copy[rng_below(&r, len)] ^= (uint8_t)(1 + rng_below(&r, 255));
		} else {
			rng_bytes(&r, copy, len);
		}
		if (!(i % 2) || memcmp(copy, p.data, len) != 0)
			send_raw(net, 1, copy, len, 500);
		free(copy);
		while (net->queued) {
			struct packet answer = net_take(net);

			packet_free(&answer);
		}
	}
	assert_non_null(present_child(b()));
	assert_int_equal(b()->ike_down, 0);
	assert_int_equal(b()->engine->sa_count, 1);
	net_deliver(net, &p);
	net_settle(net);
	assert_null(present_child(b()));
	packet_free(&p);
}

/* A peer that has the keys and sends nonsense under them, in every state and exchange. */
static void an_authenticated_peer_that_sends_nonsense_breaks_nothing(void **state)
{
	static const uint8_t types[] = {33, 34, 35, 36, 37, 38, 39, 40, 41,
					42, 43, 44, 45, 47, 48, 53, 99};
	struct rng r = {seed};

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		uint8_t buf[2048], noise[96];
		struct ike_builder inner;
		struct packet auth = {0};
		unsigned depth = (unsigned)rng_below(&r, 2);
		unsigned payloads = (unsigned)rng_below(&r, 6);

		net = net_new(rng_next(&r), &SIDE_A, &SIDE_B);
		start(net, 0);
		deliver_next();
		deliver_next();
		auth = net_take(net);
		if (depth) {
			net_deliver(net, &auth);
			net_settle(net);
		}
		ike_build_chain(&inner, buf, sizeof(buf));
		for (unsigned i = 0; i < payloads; i++) {
			uint64_t len = rng_below(&r, sizeof(noise));

			rng_bytes(&r, noise, sizeof(noise));
			if (rng_percent(&r, 50)) /* small numbers pass more checks */
				for (uint64_t k = 0; k < len; k++)
					noise[k] &= 7;
			ike_build_begin(&inner, types[rng_below(&r, sizeof(types))]);
			ike_put(&inner.w, noise, len);
			ike_build_end(&inner);
		}
		if (rng_percent(&r, 20) && inner.w.len)
			buf[rng_below(&r, inner.w.len)] = (uint8_t)rng_next(&r);
		send_fragments(net, 0, (uint8_t)(depth ? 36 + rng_below(&r, 2) : 35), false,
			       depth ? 2 : 1, &inner,
			       rng_percent(&r, 50) ? IKE_MESSAGE_MAX : 70 + rng_below(&r, 200));
		packet_free(&auth);
		/* Whatever came of it, B ends in order. */
		while (net->queued) {
			struct packet p = net_take(net);

			packet_free(&p);
		}
		ike_terminate_all(b()->engine, net->now);
		node_drain(b());
		net->down = true;
		net_run(net, net->now + 60000);
		if (!nothing_left(b()))
			fprintf(stderr, "# seed=%llu round %u\n", (unsigned long long)seed, round);
		assert_true(nothing_left(b()));
		net_free(net);
		net = NULL;
	}
}

/* Its answers are nonsense as well. */
static void an_authenticated_responder_that_answers_nonsense_breaks_nothing(void **state)
{
	static const uint8_t types[] = {33, 36, 39, 41, 42, 44, 45, 47, 99};
	struct rng r = {seed};

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		uint8_t buf[2048], noise[96];
		struct ike_builder inner;
		struct packet p;
		unsigned payloads = (unsigned)rng_below(&r, 6);

		net = net_new(rng_next(&r), &SIDE_A, &SIDE_B);
		start(net, 0);
		deliver_next();
		deliver_next();
		ike_build_chain(&inner, buf, sizeof(buf));
		for (unsigned i = 0; i < payloads; i++) {
			uint64_t len = rng_below(&r, sizeof(noise));

			rng_bytes(&r, noise, sizeof(noise));
			ike_build_begin(&inner, types[rng_below(&r, sizeof(types))]);
			ike_put(&inner.w, noise, len);
			ike_build_end(&inner);
		}
		p = net_take(net);
		packet_free(&p);
		send_fragments(net, 1, IKE_AUTH, true, 1, &inner,
			       rng_percent(&r, 50) ? IKE_MESSAGE_MAX : 70 + rng_below(&r, 200));
		assert_int_equal(a()->ike_up, 0);
		assert_int_equal(a()->child_count, 0);
		net->down = true;
		net_run(net, net->now + 200000);
		assert_true(nothing_left(a()));
		net_free(net);
		net = NULL;
	}
}

/* What B answers in IKE_AUTH though it wasn't offered: A takes the Child SA back. */
static void an_answer_beyond_what_was_offered_is_not_installed(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < 3; mode++) {
		struct ike_child_config *config;
		struct packet p;

		net = net_new(1, &SIDE_A, &SIDE_B);
		start(net, 0);
		deliver_next();
		deliver_next();
		p = net_take(net);
		net_deliver(net, &p);
		packet_free(&p);
		/* A changes its mind about what it offered, before the answer comes. */
		config = &a()->engine->connections[0]->children[0];
		if (mode == 0)
			a()->engine->all->children->local_ts->list[0].last[1] = 0;
		else if (mode == 1)
			a()->engine->all->children->remote_ts->list[0].protocol = 6;
		else
			config->proposals[0].transforms[0].key_bits = 128;
		net_settle(net);
		assert_int_equal(a()->child_count, 0);
		assert_int_equal(a()->child_up, 0);
		assert_null(present_child(b()));
		assert_string_equal(b()->child_reason, "deleted by peer");
		assert_non_null(strstr(a()->child_reason, "unacceptable"));
		assert_int_equal(a()->spis_out + b()->spis_out, 0);
		net_free(net);
		net = NULL;
	}
}

/* Mallory has a key here, but isn't the gateway that was called. */
static void a_responder_with_another_configured_key_is_not_who_was_called(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	struct ike_id gateway, mallory;
	char error[128];

	(void)state;
	one.peer_id = NULL;
	one.psk = two.psk = NULL;
	two.id = "mallory";
	net = net_new(1, &one, &two);
	assert_int_equal(ike_id_parse("192.0.2.2", &gateway, error, sizeof(error)), 0);
	assert_int_equal(ike_id_parse("mallory", &mallory, error, sizeof(error)), 0);
	ike_engine_add_psk(a()->engine, &gateway, 1, ike_slice("the gateway's", 13));
	ike_engine_add_psk(a()->engine, &mallory, 1, ike_slice("mallory's", 9));
	/* Mallory needn't check A's AUTH: he is made to pass it, and then uses his own key. */
	ike_engine_add_psk(b()->engine, NULL, 0, ike_slice("the gateway's", 13));
	b()->install_holds = true;
	start(net, 0);
	net_settle(net);
	assert_int_equal(b()->job_count, 1);
	ike_engine_clear_psks(b()->engine);
	ike_engine_add_psk(b()->engine, NULL, 0, ike_slice("mallory's", 9));
	b()->install_holds = false;
	node_drain(b());
	net_settle(net);
	assert_int_equal(a()->ike_up, 0);
	assert_int_equal(a()->child_count, 0);
	assert_int_equal(ike_engine_stats(a()->engine)->auth_failed, 1);
}

/* B has a connection that names A but wants other algorithms than IKE_SA_INIT agreed on. */
static void a_connection_that_would_not_have_chosen_the_suite_is_not_taken(void **state)
{
	struct ike_connection *other = ike_connection_new("other");
	struct side two = SIDE_B;
	char error[128];

	(void)state;
	two.peer_id = NULL; /* so that the other one fits A better */
	net = net_new(1, &SIDE_A, &two);
	other->proposal_count = 1;
	assert_int_equal(ike_proposal_parse("aes256gcm16-prfsha512-x25519", IKE_PROTO_IKE,
					    &other->proposals[0], error, sizeof(error)),
			 0);
	assert_int_equal(ike_id_parse(SIDE_A.id, &other->remote_id, error, sizeof(error)), 0);
	assert_int_equal(ike_id_parse(SIDE_B.id, &other->local_id, error, sizeof(error)), 0);
	assert_int_equal(ike_hosts_set(&other->remote, &a()->addr), 0);
	assert_int_equal(ike_engine_add_connection(b()->engine, other), 0);
	start(net, 0);
	net_settle(net);
	assert_string_equal(only_sa(net, 1)->conn->name, "net");
	assert_still_up();
}

#define T(name) cmocka_unit_test_teardown(name, teardown)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		T(every_exchange_before_there_are_keys_is_dropped),
		T(a_half_open_sa_takes_nothing_but_ike_auth_with_message_id_1),
		T(a_bad_icv_is_ignored_and_the_good_message_after_it_taken),
		T(message_ids_outside_the_window_are_dropped_without_a_word),
		T(another_message_under_an_old_id_gets_nothing),
		T(a_reflected_message_is_dropped),
		T(a_request_for_an_unknown_sa_gets_invalid_ike_spi_at_a_bounded_rate),
		T(another_major_version_is_answered_with_ours),
		T(a_critical_unknown_payload_is_refused_by_its_number),
		T(a_critical_unknown_payload_in_init_is_refused_by_its_number),
		T(a_malformed_authentic_request_ends_the_ike_sa),
		T(deleting_what_is_not_there_is_answered_with_nothing),
		T(a_create_child_sa_that_does_not_fit_is_refused_and_the_ike_sa_stays),
		T(a_public_value_that_is_none_ends_the_handshake),
		T(init_with_a_payload_missing_doubled_or_cut_makes_no_state),
		T(noise_and_mutated_datagrams_leave_an_established_sa_alone),
		T(an_authenticated_peer_that_sends_nonsense_breaks_nothing),
		T(an_authenticated_responder_that_answers_nonsense_breaks_nothing),
		T(an_answer_beyond_what_was_offered_is_not_installed),
		T(a_responder_with_another_configured_key_is_not_who_was_called),
		T(a_connection_that_would_not_have_chosen_the_suite_is_not_taken),
	};
	bool given;
	int failed;

	seed = seed_of(argc, argv, 7296, &given);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "# seed=%llu\n", (unsigned long long)seed);
	return failed;
}
