/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The algorithms of Child SAs: swanctl.conf's words for them, the keys that they get, and each of
 * them negotiated, rekeyed and deleted between two engines, ESP and AH.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Numbers and lengths as the IANA registry and the RFCs have them: keys in octets, with salts. */
static const struct algorithm {
	const char *word;
	uint8_t protocol;
	uint16_t encr, bits, integ;
	size_t encr_len, integ_len;
} algorithms[] = {
	{"aes128gcm16", IKE_PROTO_ESP, 20, 128, 0, 20, 0}, /* RFC 4106 */
	{"aes192gcm128", IKE_PROTO_ESP, 20, 192, 0, 28, 0},
	{"aes256gcm", IKE_PROTO_ESP, 20, 256, 0, 36, 0},
	{"aes128gcm12", IKE_PROTO_ESP, 19, 128, 0, 20, 0},
	{"aes256gcm96", IKE_PROTO_ESP, 19, 256, 0, 36, 0},
	{"aes192gcm8", IKE_PROTO_ESP, 18, 192, 0, 28, 0},
	{"aes256gcm64", IKE_PROTO_ESP, 18, 256, 0, 36, 0},
	{"aes128gmac", IKE_PROTO_ESP, 21, 128, 0, 20, 0}, /* RFC 4543 */
	{"aes192gmac", IKE_PROTO_ESP, 21, 192, 0, 28, 0},
	{"aes256gmac", IKE_PROTO_ESP, 21, 256, 0, 36, 0},
	{"chacha20poly1305", IKE_PROTO_ESP, 28, 0, 0, 36, 0}, /* RFC 7634 */
	{"aes128gcm16iiv", IKE_PROTO_ESP, 30, 128, 0, 20, 0}, /* RFC 8750 */
	{"aes256gcm16iiv", IKE_PROTO_ESP, 30, 256, 0, 36, 0},
	{"chacha20poly1305iiv", IKE_PROTO_ESP, 31, 0, 0, 36, 0},
	{"aes-sha256", IKE_PROTO_ESP, 12, 128, 12, 16, 32}, /* RFC 3602, RFC 4868 */
	{"aes128-sha1", IKE_PROTO_ESP, 12, 128, 2, 16, 20},
	{"aes192-sha384", IKE_PROTO_ESP, 12, 192, 13, 24, 48},
	{"aes256-sha512", IKE_PROTO_ESP, 12, 256, 14, 32, 64},
	{"aes128ctr-sha256", IKE_PROTO_ESP, 13, 128, 12, 20, 32}, /* RFC 3686 */
	{"aes192ctr-sha2_384", IKE_PROTO_ESP, 13, 192, 13, 28, 48},
	{"aes256ctr-sha2_512", IKE_PROTO_ESP, 13, 256, 14, 36, 64},
	{"null-sha256", IKE_PROTO_ESP, 11, 0, 12, 0, 32}, /* RFC 2410 */
	{"null-sha", IKE_PROTO_ESP, 11, 0, 2, 0, 20},
	{"sha256", IKE_PROTO_AH, 0, 0, 12, 0, 32},
	{"sha384", IKE_PROTO_AH, 0, 0, 13, 0, 48},
	{"sha512", IKE_PROTO_AH, 0, 0, 14, 0, 64},
	{"sha1", IKE_PROTO_AH, 0, 0, 2, 0, 20},
	{"aes128gmac", IKE_PROTO_AH, 0, 0, 9, 0, 20},
	{"aes192gmac", IKE_PROTO_AH, 0, 0, 10, 0, 28},
	{"aes256gmac", IKE_PROTO_AH, 0, 0, 11, 0, 36},
};

static const struct ike_transform *transform(const struct ike_proposal *p, uint8_t type)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (p->transforms[i].type == type)
			return &p->transforms[i];
	}
	return NULL;
}

static struct ike_proposal parsed(const char *text, uint8_t protocol)
{
	struct ike_proposal p;
	char error[256];

	if (ike_proposal_parse(text, protocol, &p, error, sizeof(error)))
		fail_msg("%s", error);
	return p;
}

static void words_are_those_of_strongswan(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(algorithms); i++) {
		const struct algorithm *a = &algorithms[i];
		struct ike_proposal p = parsed(a->word, a->protocol);
		const struct ike_transform *encr = transform(&p, IKE_TRANSFORM_ENCR);
		const struct ike_transform *integ = transform(&p, IKE_TRANSFORM_INTEG);

		if ((encr ? encr->id : 0) != a->encr || (encr ? encr->key_bits : 0) != a->bits ||
		    (integ ? integ->id : 0) != a->integ)
			fail_msg("%s is something else", a->word);
		if (integ)
			assert_int_equal(integ->key_bits, 0);
	}
}

static void both_kinds_of_sequence_numbers_may_be_offered(void **state)
{
	struct ike_proposal p = parsed("aes256gcm16", IKE_PROTO_ESP);

	(void)state;
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_ESN, IKE_ESN_NO));
	assert_false(ike_proposal_has(&p, IKE_TRANSFORM_ESN, IKE_ESN_YES));
	p = parsed("aes256gcm16-esn", IKE_PROTO_ESP);
	assert_false(ike_proposal_has(&p, IKE_TRANSFORM_ESN, IKE_ESN_NO));
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_ESN, IKE_ESN_YES));
	p = parsed("esn-sha256-noesn", IKE_PROTO_AH);
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_ESN, IKE_ESN_NO));
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_ESN, IKE_ESN_YES));
	p = parsed("aes256gcm16-none-x25519", IKE_PROTO_ESP);
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_KE, IKE_GROUP_NONE));
}

/* A proposal without its only algorithm of a kind is another one, that nobody asked for. */
static void what_the_data_path_lacks_is_left_out_of_a_proposal_or_is_the_end_of_it(void **state)
{
	struct ike_proposal p = parsed("aes256-aes128-sha256-sha384-esn-noesn", IKE_PROTO_ESP);
	struct rvl_abilities can = ike_every_ability;

	(void)state;
	can.encr &= ~rvl_encr_bit(rvl_encr_find(IKE_ENCR_AES_CBC, 32));
	can.integ &= ~rvl_integ_bit(rvl_integ_find(IKE_INTEG_HMAC_SHA2_256_128));
	can.esn = false;
	assert_true(ike_proposal_fit(&p, &can));
	assert_int_equal(p.count, 3);
	assert_int_equal(transform(&p, IKE_TRANSFORM_ENCR)->key_bits, 128);
	assert_int_equal(transform(&p, IKE_TRANSFORM_INTEG)->id, IKE_INTEG_HMAC_SHA2_384_192);
	assert_int_equal(transform(&p, IKE_TRANSFORM_ESN)->id, IKE_ESN_NO);
	p = parsed("aes128-sha256", IKE_PROTO_ESP);
	assert_false(ike_proposal_fit(&p, &can));
	p = parsed("aes256-sha384", IKE_PROTO_ESP);
	assert_false(ike_proposal_fit(&p, &can));
	p = parsed("aes128-sha384-esn", IKE_PROTO_ESP);
	assert_false(ike_proposal_fit(&p, &can));
	can.protocols = 1u << RVL_PROTOCOL_ESP;
	p = parsed("sha384", IKE_PROTO_AH);
	assert_false(ike_proposal_fit(&p, &can));
}

static void what_does_not_go_together_is_refused_with_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		uint8_t protocol;
		const char *why;
	} v[] = {
		{"aes128ctr", IKE_PROTO_ESP, "\"aes128ctr\" has no integrity algorithm"},
		{"null", IKE_PROTO_ESP, "\"null\" has no integrity algorithm"},
		{"sha256", IKE_PROTO_ESP, "\"sha256\" has no encryption algorithm"},
		{"aes128-aes128gmac-sha256", IKE_PROTO_ESP,
		 "\"aes128-aes128gmac-sha256\" mixes authenticated and plain encryption; write two "
		 "proposals"},
		{"aes128-sha256_96", IKE_PROTO_ESP,
		 "\"sha256_96\": HMAC-SHA-256 with 96 bits is of a draft, and isn't supported"},
		{"chacha20poly1305compat", IKE_PROTO_ESP,
		 "\"chacha20poly1305compat\": it isn't as RFC 7634 has it, and isn't supported"},
		{"aes256gcm16-aes256gcm128", IKE_PROTO_ESP,
		 "\"aes256gcm16-aes256gcm128\" names \"aes256gcm128\" twice"},
		{"aes256-sha256", IKE_PROTO_AH, "\"aes256\": AH doesn't encrypt"},
		{"null-sha256", IKE_PROTO_AH, "\"null\": AH doesn't encrypt"},
		{"esn", IKE_PROTO_AH, "\"esn\" has no integrity algorithm"},
		{"sha256-prfsha256", IKE_PROTO_AH, "\"sha256-prfsha256\": AH has no PRF"},
		{"aes128gmac-aes128gmac", IKE_PROTO_AH,
		 "\"aes128gmac-aes128gmac\" names \"aes128gmac\" twice"},
		{"aes128gcm8-prfsha256-x25519", IKE_PROTO_IKE,
		 "\"aes128gcm8\": it isn't supported for IKE"},
		{"null-sha256-x25519", IKE_PROTO_IKE, "\"null\": it isn't supported for IKE"},
		{"aes128ctr-sha256-x25519", IKE_PROTO_IKE,
		 "\"aes128ctr\": it isn't supported for IKE"},
		{"aes128gmac-prfsha256-x25519", IKE_PROTO_IKE,
		 "\"aes128gmac\": it isn't supported for IKE"},
		{"aes128gcm16iiv-prfsha256-x25519", IKE_PROTO_IKE,
		 "\"aes128gcm16iiv\": it isn't supported for IKE"},
		{"aes128-sha1-prfsha256-x25519", IKE_PROTO_IKE,
		 "\"sha1\": it isn't supported for IKE"},
	};
	struct ike_proposal p;
	char error[256];

	(void)state;
	for (size_t i = 0; i < COUNT(v); i++) {
		assert_int_equal(
			ike_proposal_parse(v[i].text, v[i].protocol, &p, error, sizeof(error)),
			-EINVAL);
		assert_string_equal(error, v[i].why);
	}
}

/*
 * RFC 7296, section 2.17: prf+(SK_d, Ni | Nr), the keys of the initiator's direction first, and of
 * each direction encryption before integrity.
 */
static void keying_material_is_cut_as_the_rfc_has_it(void **state)
{
	static const uint8_t ni[32] = {1, 2, 3}, nr[32] = {4, 5, 6};
	const struct ike_slice seed[] = {ike_slice(ni, sizeof(ni)), ike_slice(nr, sizeof(nr))};
	struct ike_keys keys = {.prf_len = 32, .sk_d = {7, 8, 9}};
	struct ike_child_keys i, r;
	uint8_t all[256];

	(void)state;
	assert_int_equal(ike_prf_plus(IKE_PRF_HMAC_SHA2_256, ike_slice(keys.sk_d, 32), seed, 2, all,
				      sizeof(all)),
			 0);
	for (size_t k = 0; k < COUNT(algorithms); k++) {
		const struct algorithm *a = &algorithms[k];
		const struct ike_suite suite = {
			.protocol = a->protocol,
			.encr = a->encr,
			.encr_bits = a->bits,
			.integ = a->integ,
		};
		const uint8_t *at = all;

		assert_int_equal(ike_keys_derive_child(IKE_PRF_HMAC_SHA2_256, &keys, &suite, NULL,
						       seed[0], seed[1], &i, &r),
				 0);
		if (i.encr_len != a->encr_len || i.integ_len != a->integ_len ||
		    r.encr_len != a->encr_len || r.integ_len != a->integ_len)
			fail_msg("%s: keys of %zu and %zu octets", a->word, i.encr_len,
				 i.integ_len);
		assert_memory_equal(i.encr, at, a->encr_len);
		assert_memory_equal(i.integ, at += a->encr_len, a->integ_len);
		assert_memory_equal(r.encr, at += a->integ_len, a->encr_len);
		assert_memory_equal(r.integ, at += a->encr_len, a->integ_len);
	}
}

static void an_unknown_algorithm_has_no_keys(void **state)
{
	const struct ike_suite suite = {.protocol = IKE_PROTO_ESP, .encr = 99};
	struct ike_keys keys = {.prf_len = 32};
	struct ike_child_keys i, r;

	(void)state;
	assert_int_equal(ike_keys_derive_child(IKE_PRF_HMAC_SHA2_256, &keys, &suite, NULL,
					       ike_slice(NULL, 0), ike_slice(NULL, 0), &i, &r),
			 -EINVAL);
}

/* As a list of a side: "ah:sha256-esn". */
static struct side side_of(const struct side *base, const char *word, uint8_t protocol,
			   const char *more, char text[64])
{
	struct side side = *base;

	snprintf(text, 64, "%s%s%s", protocol == IKE_PROTO_AH ? "ah:" : "", word, more);
	side.esp = text;
	return side;
}

static void assert_agree(const struct algorithm *algorithm, uint16_t esn)
{
	const struct installed *x = present_child(a()), *y = present_child(b());

	assert_true(x && y && x->up && y->up);
	assert_true(children_agree(x, y));
	assert_int_equal(x->sa.suite.protocol, algorithm->protocol);
	assert_int_equal(x->sa.suite.encr, algorithm->encr);
	assert_int_equal(x->sa.suite.encr_bits, algorithm->bits);
	assert_int_equal(x->sa.suite.integ, algorithm->integ);
	assert_int_equal(x->sa.suite.esn, esn);
	assert_int_equal(x->sa.keys_in.encr_len, algorithm->encr_len);
	assert_int_equal(x->sa.keys_in.integ_len, algorithm->integ_len);
}

/*
 *   A  IKE_AUTH SA TSi TSr -->                              B
 *      <-- IKE_AUTH SA TSi TSr
 *      <-- CREATE_CHILD_SA N(REKEY_SA) SA Ni KEi TSi TSr
 *      CREATE_CHILD_SA SA Nr KEr TSi TSr -->
 *      <-- INFORMATIONAL D
 *      INFORMATIONAL D -->
 *      INFORMATIONAL D -->
 *      <-- INFORMATIONAL D
 */
static void each_is_negotiated_and_rekeyed_and_deleted(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(algorithms); i++) {
		const struct algorithm *algorithm = &algorithms[i / 2];
		const char *more = i % 2 ? "-esn-x25519" : "-x25519";
		char text[2][64];
		struct side one =
			side_of(&SIDE_A, algorithm->word, algorithm->protocol, more, text[0]);
		struct side two =
			side_of(&SIDE_B, algorithm->word, algorithm->protocol, more, text[1]);
		struct installed *before;

		establish(&one, &two);
		assert_agree(algorithm, i % 2);
		before = present_child(a());
		rekey(b());
		net_settle(net);
		pass_time(10000);
		assert_false(before->present);
		assert_agree(algorithm, i % 2);
		assert_int_equal(receiving(a()) + receiving(b()), 2);
		assert_int_equal(
			ike_terminate_child(a()->engine, net->now, present_child(a())->sa.child_id),
			0);
		net->watch_flow = false;
		node_drain(a());
		net_settle(net);
		assert_null(present_child(a()));
		assert_null(present_child(b()));
		teardown(NULL);
	}
}

static void the_first_of_ours_that_the_peer_has_is_taken(void **state)
{
	static const struct {
		const char *initiator, *responder, *suite;
	} v[] = {
		{"aes256gcm16,ah:sha256", "ah:sha256,aes256gcm16", "HMAC_SHA2_256_128"},
		{"ah:sha256,aes256gcm16", "aes256gcm16,ah:sha256", "AES_GCM_16-256"},
		{"aes128-sha256-esn-noesn", "aes128-sha256", "AES_CBC-128/HMAC_SHA2_256_128"},
		{"aes128-sha256", "aes128-sha256-esn-noesn", "AES_CBC-128/HMAC_SHA2_256_128"},
		{"aes128-sha256-noesn-esn", "aes128-sha256-esn-noesn",
		 "AES_CBC-128/HMAC_SHA2_256_128/ESN"},
		{"aes128gcm8-aes128gcm12-aes128gcm16", "aes128gcm12-aes128gcm8", "AES_GCM_12-128"},
		{"chacha20poly1305-chacha20poly1305iiv", "chacha20poly1305iiv-chacha20poly1305",
		 "CHACHA20_POLY1305_IIV"},
		{"null-sha256,aes128gmac", "aes128gmac,null-sha256", "NULL_AES_GMAC-128"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(v); i++) {
		struct side one = SIDE_A, two = SIDE_B;
		char text[128];

		one.esp = v[i].initiator;
		two.esp = v[i].responder;
		establish(&one, &two);
		assert_true(children_agree(present_child(a()), present_child(b())));
		ike_suite_text(&present_child(a())->sa.suite, text, sizeof(text));
		assert_string_equal(text, v[i].suite);
		teardown(NULL);
	}
}

static void without_a_common_suite_there_is_no_child_sa(void **state)
{
	static const struct {
		const char *initiator, *responder;
	} v[] = {
		{"aes256gcm16", "ah:sha256"},	    {"ah:sha256", "null-sha256"},
		{"aes256gcm16-esn", "aes256gcm16"}, {"aes256gcm16", "aes256gcm16-esn"},
		{"aes256gcm16", "aes256gcm8"},	    {"aes128-sha256", "aes128ctr-sha256"},
		{"ah:sha256", "ah:sha384"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(v); i++) {
		struct side one = SIDE_A, two = SIDE_B;

		one.esp = v[i].initiator;
		two.esp = v[i].responder;
		net = net_new(17, &one, &two);
		start(net, 0);
		net_settle(net);
		assert_int_equal(a()->ike_up, 1);
		assert_int_equal(a()->child_down, 1);
		assert_null(present_child(a()));
		assert_null(present_child(b()));
		assert_non_null(strstr(a()->child_reason, "NO_PROPOSAL_CHOSEN"));
		teardown(NULL);
	}
}

/* Two of one IKE SA, ESP and AH: each payload of a delete names those of its protocol. */
static void esp_and_ah_are_deleted_beside_each_other(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	unsigned deletes[4] = {0};
	struct ike_sa *sa;

	(void)state;
	establish_one_of_two(&one, &two);
	for (unsigned i = 0; i < 2; i++) {
		struct ike_connection *conn = net->node[i].engine->connections[0];

		conn->children[1].proposals[0] = parsed("sha256", IKE_PROTO_AH);
	}
	ask_for_another();
	net_settle(net);
	assert_int_equal(receiving(a()), 2);
	sa = only_sa(net, 0);
	for (struct ike_child *child = sa->children; child; child = child->next) {
		deletes[child->suite.protocol]++;
		ike_delete_child(a()->engine, child, "both of them");
	}
	assert_int_equal(deletes[IKE_PROTO_ESP], 1);
	assert_int_equal(deletes[IKE_PROTO_AH], 1);
	net->sent = 0;
	ike_sa_advance(a()->engine, sa, net->now);
	node_drain(a());
	net_settle(net);
	assert_int_equal(net->sent, 2);
	assert_int_equal(receiving(a()) + receiving(b()), 0);
}

/* An SPI is one of its protocol: a delete of the same number of the other one names nothing. */
static void a_delete_of_the_other_protocol_deletes_nothing(void **state)
{
	struct ike_builder inner;
	struct packet p;
	uint8_t chain[64], spi[4];
	struct ike_writer w = ike_writer(spi, sizeof(spi));

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	ike_put_u32(&w, present_child(a())->sa.spi_in);
	ike_build_chain(&inner, chain, sizeof(chain));
	ike_write_delete(&inner, IKE_PROTO_AH, 4, 1, ike_slice(spi, sizeof(spi)));
	p = forge(net, 0, IKE_INFORMATIONAL, false, only_sa(net, 0)->out.next_id, &inner);
	net_deliver(net, &p);
	packet_free(&p);
	assert_int_equal(receiving(b()), 1);
	assert_int_equal(b()->child_down, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_those_of_strongswan),
		cmocka_unit_test(both_kinds_of_sequence_numbers_may_be_offered),
		cmocka_unit_test(
			what_the_data_path_lacks_is_left_out_of_a_proposal_or_is_the_end_of_it),
		cmocka_unit_test(what_does_not_go_together_is_refused_with_what_is_wrong),
		cmocka_unit_test(keying_material_is_cut_as_the_rfc_has_it),
		cmocka_unit_test(an_unknown_algorithm_has_no_keys),
		cmocka_unit_test_teardown(each_is_negotiated_and_rekeyed_and_deleted, teardown),
		cmocka_unit_test_teardown(the_first_of_ours_that_the_peer_has_is_taken, teardown),
		cmocka_unit_test_teardown(without_a_common_suite_there_is_no_child_sa, teardown),
		cmocka_unit_test_teardown(esp_and_ah_are_deleted_beside_each_other, teardown),
		cmocka_unit_test_teardown(a_delete_of_the_other_protocol_deletes_nothing, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
