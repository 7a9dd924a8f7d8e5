/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a peer may send though we never would: messages of one engine that are rewritten on their
 * way to the other, which has to go on as if nothing were the matter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

static const struct ike_slice nothing;

static void begin(const struct side *one, const struct side *two)
{
	net = net_new(4303, one, two);
	start(net, 0);
}

static void assert_both_up(void)
{
	struct installed *x = present_child(a()), *y = present_child(b());

	assert_non_null(x);
	assert_non_null(y);
	assert_true(x->up && y->up);
	assert_true(children_agree(x, y));
}

typedef void write_fn(struct ike_builder *b);

/* Vendor IDs and status notifies that nobody knows (RFC 7296, sections 3.10.1 and 3.12). */
static void write_unknown(struct ike_builder *builder)
{
	for (unsigned i = 0; i < 500; i++) {
		if (i % 2)
			ike_write_notify(builder, 0, nothing, (uint16_t)(50000 + i), nothing);
		else
			ike_write_vendor(builder, nothing);
	}
}

/* Copy a chain with one payload replaced, and with something before and after it all. */
static void copy_chain(struct ike_builder *to, const struct ike_payloads *from, uint8_t type,
		       write_fn *replacement, write_fn *around)
{
	struct ike_payload payload;

	if (around)
		around(to);
	for (struct ike_walk w = ike_payloads_walk(from); ike_payloads_next(&w, &payload);) {
		if (payload.type == type) {
			replacement(to);
			continue;
		}
		ike_build_begin(to, payload.type);
		ike_put_slice(&to->w, payload.body);
		ike_build_end(to);
	}
	if (around)
		around(to);
	assert_true(ike_writer_ok(&to->w));
}

/*
 * Rewrite the IKE_SA_INIT message that waits and deliver it. Its sender takes it for its own, so
 * that AUTH holds.
 */
static void deliver_init(uint8_t type, write_fn *replacement, write_fn *around)
{
	struct packet p = net_take(net);
	struct ike_buffer *own = p.to == 1 ? &only_sa(net, 0)->handshake->init_request
					   : &only_sa(net, 1)->handshake->init_response;
	struct ike_payloads payloads;
	struct ike_builder builder;
	struct ike_header hdr;
	uint8_t buf[IKE_MESSAGE_MAX];

	assert_int_equal(ike_header_parse(ike_slice(p.data, p.len), &hdr), 0);
	assert_int_equal(hdr.exchange, IKE_SA_INIT);
	assert_int_equal(
		ike_payloads_parse(ike_slice(p.data + 28, p.len - 28), hdr.next_payload, &payloads),
		0);
	hdr.next_payload = 0;
	ike_build_message(&builder, buf, sizeof(buf), &hdr);
	copy_chain(&builder, &payloads, type, replacement, around);
	assert_int_equal(ike_build_finish(&builder), 0);
	free(p.data);
	p.data = malloc(builder.w.len);
	p.len = builder.w.len;
	memcpy(p.data, buf, p.len);
	assert_int_equal(ike_buffer_set(own, ike_slice(p.data, p.len)), 0);
	net_deliver(net, &p);
	packet_free(&p);
}

/* What is in a protected message, opened with the keys that its receiver has. */
static void open_packet(const struct packet *p, struct ike_payloads *out)
{
	static uint8_t plain[IKE_MESSAGE_MAX];
	const struct ike_sa *sa = only_sa(net, p->to);
	uint8_t first;
	size_t len;

	assert_int_equal(ike_payloads_parse(ike_slice(p->data + 28, p->len - 28), p->data[16], out),
			 0);
	assert_int_equal(out->encrypted_type, IKE_PAYLOAD_SK);
	first = out->inner_first;
	assert_int_equal(
		ike_cipher_open(sa->initiator ? &sa->keys.responder : &sa->keys.initiator,
				ike_slice(p->data, (size_t)(out->encrypted.data - p->data)),
				out->encrypted, plain, &len),
		0);
	assert_int_equal(ike_payloads_parse(ike_slice(plain, len), first, out), 0);
}

/* The same with the protected message that waits, sealed again with its sender's keys. */
static void deliver_protected(uint8_t type, write_fn *replacement, write_fn *around)
{
	struct packet p = net_take(net), forged;
	struct ike_payloads payloads;
	struct ike_builder inner;
	struct ike_header hdr;
	uint8_t buf[IKE_MESSAGE_MAX - 256];

	assert_int_equal(ike_header_parse(ike_slice(p.data, p.len), &hdr), 0);
	open_packet(&p, &payloads);
	ike_build_chain(&inner, buf, sizeof(buf));
	copy_chain(&inner, &payloads, type, replacement, around);
	forged = forge(net, 1 - p.to, hdr.exchange, hdr.flags & IKE_FLAG_RESPONSE, hdr.message_id,
		       &inner);
	net_deliver(net, &forged);
	packet_free(&forged);
	packet_free(&p);
}

static void vendor_ids_and_status_notifies_may_come_in_any_number(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	deliver_init(IKE_PAYLOAD_NONE, NULL, write_unknown); /* IKE_SA_INIT, both ways */
	deliver_init(IKE_PAYLOAD_NONE, NULL, write_unknown);
	deliver_protected(IKE_PAYLOAD_NONE, NULL, write_unknown); /* and IKE_AUTH */
	deliver_protected(IKE_PAYLOAD_NONE, NULL, write_unknown);
	assert_both_up();
	ike_terminate_child(a()->engine, net->now, present_child(a())->sa.child_id);
	node_drain(a());
	deliver_protected(IKE_PAYLOAD_NONE, NULL, write_unknown); /* INFORMATIONAL */
	deliver_protected(IKE_PAYLOAD_NONE, NULL, write_unknown);
	assert_null(present_child(a()));
	assert_null(present_child(b()));
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
}

/* 60 proposals with 5 transforms each that nobody knows, under numbers up to 60, then `last`. */
static void write_many_proposals(struct ike_builder *builder, const char *last)
{
	struct ike_writer *w = &builder->w;
	uint8_t octets[128];

	ike_build_begin(builder, IKE_PAYLOAD_SA);
	for (uint32_t i = 1; i <= 60; i++) {
		ike_put_u32(w, 2u << 24 | 48);
		ike_put_u32(w, i << 24 | IKE_PROTO_IKE << 16 | 5);
		for (uint32_t k = 1; k <= 5; k++) {
			ike_put_u32(w, (k < 5 ? 3u << 24 : 0) | 8);
			ike_put_u32(w, (k < 5 ? k : 3) << 24 | (2000 + i));
		}
	}
	ike_put(w, octets, from_hex(last, octets, sizeof(octets)));
	ike_build_end(builder);
}

/* AES-GCM with 256 bits, PRF_HMAC_SHA2_384, INTEG NONE and Curve 25519 as proposal 61 */
static void write_good_after_many(struct ike_builder *builder)
{
	write_many_proposals(builder, "0000002c 3d010004 0300000c01000014800e0100 "
				      "0300000802000006 0300000803000000 000000080400001f");
}

static void write_bad_after_many(struct ike_builder *builder)
{
	write_many_proposals(builder, "00000008 3d010000");
}

static void of_many_ike_proposals_the_last_is_as_good_as_the_first(void **state)
{
	static const char answer[] = "0000002c 3d010004 0300000c01000014800e0100 "
				     "0300000802000006 0300000803000000 000000080400001f";
	struct ike_payloads payloads;
	struct ike_slice body;
	uint8_t octets[128];
	struct packet p;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	deliver_init(IKE_PAYLOAD_SA, write_good_after_many, NULL);
	p = net_take(net);
	assert_int_equal(
		ike_payloads_parse(ike_slice(p.data + 28, p.len - 28), p.data[16], &payloads), 0);
	assert_int_equal(ike_payloads_one(&payloads, IKE_PAYLOAD_SA, &body), 0);
	assert_true(
		ike_slice_equal(body, ike_slice(octets, from_hex(answer, octets, sizeof(octets)))));
	packet_free(&p);
}

/* Section 2.7: a refusal is an answer. */
static void of_many_ike_proposals_that_do_not_fit_the_peer_is_told(void **state)
{
	struct ike_payloads payloads;
	struct ike_notify n;
	struct packet p;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	deliver_init(IKE_PAYLOAD_SA, write_bad_after_many, NULL);
	p = net_take(net);
	assert_int_equal(
		ike_payloads_parse(ike_slice(p.data + 28, p.len - 28), p.data[16], &payloads), 0);
	assert_true(ike_find_notify(&payloads, IKE_N_NO_PROPOSAL_CHOSEN, &n));
	packet_free(&p);
	assert_int_equal(b()->engine->sa_count, 0);
	assert_int_equal(ike_engine_stats(b()->engine)->drop_malformed, 0);
}

/* Section 3.3: "a single integrity algorithm of NONE" beside an AEAD */
static void write_ike_with_none(struct ike_builder *builder)
{
	uint8_t octets[64];

	ike_build_begin(builder, IKE_PAYLOAD_SA);
	ike_put(&builder->w, octets,
		from_hex("0000002c 01010004 0300000803000000 0300000c01000014800e0100 "
			 "0300000802000006 000000080400001f",
			 octets, sizeof(octets)));
	ike_build_end(builder);
}

static void an_ike_sa_of_an_aead_with_integrity_none_comes_up(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	deliver_init(IKE_PAYLOAD_SA, write_ike_with_none, NULL);
	assert_int_equal(only_sa(net, 1)->suite.types,
			 1 << IKE_TRANSFORM_ENCR | 1 << IKE_TRANSFORM_PRF |
				 1 << IKE_TRANSFORM_INTEG | 1 << IKE_TRANSFORM_KE);
	net_settle(net);
	assert_both_up();
}

static uint32_t spi_of_a(void)
{
	return only_sa(net, 0)->children->spi_in;
}

/* ESP with a wrong SPI size, then with AES-GCM of 256 bits and INTEG NONE, and no word of ESN */
static void write_esp_as_others_do(struct ike_builder *builder)
{
	struct ike_writer *w = &builder->w;
	uint8_t octets[128];

	ike_build_begin(builder, IKE_PAYLOAD_SA);
	ike_put(w, octets,
		from_hex("02000024 01030802 1122334455667788 "
			 "0300000c01000014800e0100 0000000803000000",
			 octets, sizeof(octets)));
	ike_put(w, octets, from_hex("00000020 01030402", octets, sizeof(octets)));
	ike_put_u32(w, spi_of_a());
	ike_put(w, octets,
		from_hex("0300000c01000014800e0100 0000000803000000", octets, sizeof(octets)));
	ike_build_end(builder);
}

static void an_esp_proposal_is_answered_with_what_it_had(void **state)
{
	static const char before[] = "00000020 01030402";
	static const char after[] = "0300000c01000014800e0100 0000000803000000";
	struct ike_payloads payloads;
	struct ike_slice body;
	uint8_t octets[64];
	struct packet p;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	deliver_next();
	deliver_next();
	deliver_protected(IKE_PAYLOAD_SA, write_esp_as_others_do, NULL);
	p = net_take(net);
	open_packet(&p, &payloads);
	assert_int_equal(ike_payloads_one(&payloads, IKE_PAYLOAD_SA, &body), 0);
	assert_int_equal(body.len, 32);
	from_hex(before, octets, sizeof(octets));
	assert_memory_equal(body.data, octets, 8);
	from_hex(after, octets, sizeof(octets));
	assert_memory_equal(body.data + 12, octets, 20);
	net_deliver(net, &p); /* which A takes for an answer to its own offer */
	packet_free(&p);
	net_settle(net);
	assert_both_up();
}

/* Section 3.13: 254 hosts that are nobody's, then a network of A's */
static void write_many_selectors(struct ike_builder *builder)
{
	struct ike_writer *w = &builder->w;

	ike_build_begin(builder, IKE_PAYLOAD_TSI);
	ike_put_u32(w, 255u << 24);
	for (uint32_t i = 0; i < 255; i++) {
		uint32_t first = i < 254 ? 0xc6336400 + i : 0x0a010500;

		ike_put_u32(w, IKE_TS_IPV4_ADDR_RANGE << 24 | 16);
		ike_put_u32(w, 65535);
		ike_put_u32(w, first);
		ike_put_u32(w, i < 254 ? first : first | 255);
	}
	ike_build_end(builder);
}

static void of_many_traffic_selectors_those_that_fit_are_taken(void **state)
{
	char text[IKE_TS_TEXT];

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	deliver_next();
	deliver_next();
	deliver_protected(IKE_PAYLOAD_TSI, write_many_selectors, NULL);
	net_settle(net);
	assert_both_up();
	assert_int_equal(present_child(b())->sa.remote_ts.count, 1);
	ike_ts_text(&present_child(b())->sa.remote_ts.list[0], text, sizeof(text));
	assert_string_equal(text, "10.1.5.0/24");
}

/* An answer with 20 selectors within what was offered: it can't be kept to, so it isn't taken. */
static void write_more_than_can_be_kept(struct ike_builder *builder)
{
	struct ike_writer *w = &builder->w;

	ike_build_begin(builder, IKE_PAYLOAD_TSR);
	ike_put_u32(w, 20u << 24);
	for (uint32_t i = 0; i < 20; i++) {
		ike_put_u32(w, IKE_TS_IPV4_ADDR_RANGE << 24 | 16);
		ike_put_u32(w, 65535);
		ike_put_u32(w, 0x0a020000 + 2 * i);
		ike_put_u32(w, 0x0a020000 + 2 * i);
	}
	ike_build_end(builder);
}

static void an_answer_of_more_selectors_than_can_be_kept_is_taken_back(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	deliver_next();
	deliver_next();
	deliver_next();
	deliver_protected(IKE_PAYLOAD_TSR, write_more_than_can_be_kept, NULL);
	net_settle(net);
	assert_int_equal(a()->child_count, 0);
	assert_null(present_child(b()));
	assert_non_null(strstr(a()->child_reason, "TS_UNACCEPTABLE"));
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
}

#define T(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(vendor_ids_and_status_notifies_may_come_in_any_number),
		T(of_many_ike_proposals_the_last_is_as_good_as_the_first),
		T(of_many_ike_proposals_that_do_not_fit_the_peer_is_told),
		T(an_ike_sa_of_an_aead_with_integrity_none_comes_up),
		T(an_esp_proposal_is_answered_with_what_it_had),
		T(of_many_traffic_selectors_those_that_fit_are_taken),
		T(an_answer_of_more_selectors_than_can_be_kept_is_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
