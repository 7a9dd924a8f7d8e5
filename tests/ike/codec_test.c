/* SPDX-License-Identifier: BSD-2-Clause */
/* The codec: what is written reads back; what is cut short or made of noise is refused in peace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/support.h"

static uint64_t seed;

static const struct ike_header HEADER = {
	.spi_i = 0x0102030405060708,
	.spi_r = 0x1112131415161718,
	.major = 2,
	.exchange = IKE_AUTH,
	.flags = IKE_FLAG_INITIATOR,
	.message_id = 1,
};

static struct ike_slice chain_of(const struct ike_builder *b)
{
	return ike_slice(b->w.data + IKE_HEADER_LEN, b->w.len - IKE_HEADER_LEN);
}

/* Every parser over one body, whatever the payload says it is. */
static void parse_everything(struct ike_slice body)
{
	struct ike_sa_payload *sa = malloc(sizeof(*sa));
	struct ike_id_payload id;
	struct ike_ts_list ts;
	struct ike_cert cert;
	struct ike_auth auth;
	struct ike_notify notify;
	struct ike_delete del;
	struct ike_slice nonce;
	struct ike_cp cp;
	struct ike_eap eap;
	struct ike_skf skf;
	struct ike_ke ke;

	ike_parse_sa(body, sa);
	ike_parse_ke(body, &ke);
	ike_parse_id(body, &id);
	ike_parse_cert(body, &cert);
	ike_parse_auth(body, &auth);
	ike_parse_nonce(body, &nonce);
	ike_parse_notify(body, &notify);
	ike_parse_delete(body, &del);
	ike_parse_ts(body, &ts);
	ike_parse_cp(body, &cp);
	ike_parse_eap(body, &eap);
	ike_parse_skf(body, &skf);
	free(sa);
}

/* One body through its own parser. */
static int parse_as(uint8_t type, struct ike_slice body)
{
	struct ike_sa_payload sa;
	struct ike_id_payload id;
	struct ike_ts_list ts;
	struct ike_cert cert;
	struct ike_auth auth;
	struct ike_notify notify;
	struct ike_delete del;
	struct ike_slice nonce;
	struct ike_cp cp;
	struct ike_eap eap;
	struct ike_skf skf;
	struct ike_ke ke;

	switch (type) {
	case IKE_PAYLOAD_SA:
		return ike_parse_sa(body, &sa);
	case IKE_PAYLOAD_KE:
		return ike_parse_ke(body, &ke);
	case IKE_PAYLOAD_IDI:
	case IKE_PAYLOAD_IDR:
		return ike_parse_id(body, &id);
	case IKE_PAYLOAD_CERT:
	case IKE_PAYLOAD_CERTREQ:
		return ike_parse_cert(body, &cert);
	case IKE_PAYLOAD_AUTH:
		return ike_parse_auth(body, &auth);
	case IKE_PAYLOAD_NONCE:
		return ike_parse_nonce(body, &nonce);
	case IKE_PAYLOAD_NOTIFY:
		return ike_parse_notify(body, &notify);
	case IKE_PAYLOAD_DELETE:
		return ike_parse_delete(body, &del);
	case IKE_PAYLOAD_TSI:
	case IKE_PAYLOAD_TSR:
		return ike_parse_ts(body, &ts);
	case IKE_PAYLOAD_CP:
		return ike_parse_cp(body, &cp);
	case IKE_PAYLOAD_EAP:
		return ike_parse_eap(body, &eap);
	case IKE_PAYLOAD_SKF:
		return ike_parse_skf(body, &skf);
	default:
		return 0; /* a vendor ID is anything */
	}
}

/* The shortest body that a type can have when what it ends with has no length of its own. */
static size_t shortest(uint8_t type)
{
	switch (type) {
	case IKE_PAYLOAD_KE:
	case IKE_PAYLOAD_IDI:
	case IKE_PAYLOAD_IDR:
	case IKE_PAYLOAD_AUTH:
		return 4;
	case IKE_PAYLOAD_CERT:
	case IKE_PAYLOAD_CERTREQ:
		return 1;
	case IKE_PAYLOAD_NONCE:
		return IKE_NONCE_MIN;
	case IKE_PAYLOAD_NOTIFY:
		return 4 + 4; /* with the SPI below */
	case IKE_PAYLOAD_VENDOR:
		return 0;
	case IKE_PAYLOAD_SKF:
		return 4;
	default:
		return SIZE_MAX; /* every truncation is an error, save CP's between attributes */
	}
}

static struct ike_ts_list some_selectors(void)
{
	static const char *const text[] = {"10.1.0.0/16", "10.2.3.4-10.2.3.9[tcp/80]",
					   "2001:db8::/32[udp/1000-2000]", "0.0.0.0/0[1/opaque]"};
	struct ike_ts_list list = {.count = 4};
	char error[128];

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(ike_ts_parse(text[i], &list.list[i], error, sizeof(error)), 0);
	return list;
}

static void write_payload(struct ike_builder *b, uint8_t type, struct rng *r)
{
	uint8_t noise[64];
	struct ike_slice data = ike_slice(noise, sizeof(noise));
	struct ike_proposal p[2];
	struct ike_ts_list ts = some_selectors();
	struct ike_cp cp = {
		.type = 1, .count = 2, .attributes = {{.type = 1}, {.type = 8, .value = data}}};
	struct ike_eap eap = {.code = 1, .identifier = 9, .data = data};
	char error[128];

	rng_bytes(r, noise, sizeof(noise));
	switch (type) {
	case IKE_PAYLOAD_SA:
		ike_proposal_parse("aes256gcm16-aes128gcm16-prfsha384-x25519-ecp256", IKE_PROTO_IKE,
				   &p[0], error, sizeof(error));
		ike_proposal_parse("aes256-sha512-modp4096", IKE_PROTO_IKE, &p[1], error,
				   sizeof(error));
		ike_write_sa(b, p, 2, 0, ike_slice(noise, 8));
		break;
	case IKE_PAYLOAD_KE:
		ike_write_ke(b, IKE_GROUP_X25519, ike_slice(noise, 32));
		break;
	case IKE_PAYLOAD_IDI:
	case IKE_PAYLOAD_IDR:
		ike_write_id(b, type, IKE_ID_FQDN, ike_slice(noise, 16));
		break;
	case IKE_PAYLOAD_CERT:
	case IKE_PAYLOAD_CERTREQ:
		ike_write_cert(b, type, 4, data);
		break;
	case IKE_PAYLOAD_AUTH:
		ike_write_auth(b, IKE_AUTH_PSK, ike_slice(noise, 48));
		break;
	case IKE_PAYLOAD_NONCE:
		ike_write_nonce(b, ike_slice(noise, 32));
		break;
	case IKE_PAYLOAD_NOTIFY:
		ike_write_notify(b, IKE_PROTO_ESP, ike_slice(noise, 4), IKE_N_COOKIE, data);
		break;
	case IKE_PAYLOAD_DELETE:
		ike_write_delete(b, IKE_PROTO_ESP, 4, 3, ike_slice(noise, 12));
		break;
	case IKE_PAYLOAD_VENDOR:
		ike_write_vendor(b, data);
		break;
	case IKE_PAYLOAD_TSI:
	case IKE_PAYLOAD_TSR:
		ike_write_ts(b, type, &ts);
		break;
	case IKE_PAYLOAD_CP:
		ike_write_cp(b, &cp);
		break;
	case IKE_PAYLOAD_EAP:
		ike_write_eap(b, &eap);
		break;
	case IKE_PAYLOAD_SKF:
		ike_build_begin(b, type);
		ike_put_u16(&b->w, 2);
		ike_put_u16(&b->w, 3);
		ike_put_slice(&b->w, data);
		ike_build_end(b);
		break;
	default:
		fail();
	}
}

static const uint8_t TYPES[] = {
	IKE_PAYLOAD_SA,	    IKE_PAYLOAD_KE,	 IKE_PAYLOAD_IDI,    IKE_PAYLOAD_IDR,
	IKE_PAYLOAD_CERT,   IKE_PAYLOAD_CERTREQ, IKE_PAYLOAD_AUTH,   IKE_PAYLOAD_NONCE,
	IKE_PAYLOAD_NOTIFY, IKE_PAYLOAD_DELETE,	 IKE_PAYLOAD_VENDOR, IKE_PAYLOAD_TSI,
	IKE_PAYLOAD_TSR,    IKE_PAYLOAD_CP,	 IKE_PAYLOAD_EAP,    IKE_PAYLOAD_SKF};

static void header_reads_back_as_written(void **state)
{
	uint8_t buf[64];
	struct ike_builder b;
	struct ike_header h;

	(void)state;
	ike_build_message(&b, buf, sizeof(buf), &HEADER);
	assert_int_equal(ike_build_finish(&b), 0);
	assert_int_equal(ike_header_parse(ike_written(&b.w), &h), 0);
	assert_true(h.spi_i == HEADER.spi_i && h.spi_r == HEADER.spi_r);
	assert_int_equal(h.major, 2);
	assert_int_equal(h.exchange, IKE_AUTH);
	assert_int_equal(h.flags, IKE_FLAG_INITIATOR);
	assert_int_equal(h.message_id, 1);
	assert_int_equal(h.length, IKE_HEADER_LEN);
	for (size_t len = 0; len < IKE_HEADER_LEN; len++)
		assert_int_equal(ike_header_parse(ike_slice(buf, len), &h), IKE_N_INVALID_SYNTAX);
}

static void every_payload_reads_back_as_written(void **state)
{
	struct rng r = {seed}, again = {seed};
	uint8_t first[IKE_MESSAGE_MAX], noise[64];
	struct ike_payloads p;
	struct ike_builder b;
	struct ike_sa_payload sa;
	struct ike_ke ke;
	struct ike_id_payload id;
	struct ike_cert cert;
	struct ike_auth auth;
	struct ike_slice nonce;
	struct ike_notify n;
	struct ike_delete d;
	struct ike_ts_list ts, expected = some_selectors();
	struct ike_cp cp;
	struct ike_eap eap;
	unsigned i = 0;

	(void)state;
	ike_build_message(&b, first, sizeof(first), &HEADER);
	for (size_t t = 0; t < sizeof(TYPES) - 1; t++) /* SKF would end the chain */
		write_payload(&b, TYPES[t], &r);
	assert_int_equal(ike_build_finish(&b), 0);
	assert_int_equal(ike_payloads_parse(chain_of(&b), first[16], &p), 0);
	assert_int_equal(p.count, sizeof(TYPES) - 1);
	for (; i < p.count; i++) {
		struct ike_slice body = p.list[i].body;

		assert_int_equal(p.list[i].type, TYPES[i]);
		rng_bytes(&again, noise, sizeof(noise));
		switch (TYPES[i]) {
		case IKE_PAYLOAD_SA:
			assert_int_equal(ike_parse_sa(body, &sa), 0);
			assert_int_equal(sa.proposal_count, 2);
			assert_int_equal(sa.proposals[1].number, 2);
			assert_int_equal(sa.proposals[0].count, 5);
			assert_memory_equal(sa.proposals[1].spi.data, noise, 8);
			assert_int_equal(sa.transforms[1].id, IKE_ENCR_AES_GCM_16);
			assert_int_equal(sa.transforms[1].key_bits, 128);
			break;
		case IKE_PAYLOAD_KE:
			assert_int_equal(ike_parse_ke(body, &ke), 0);
			assert_int_equal(ke.group, IKE_GROUP_X25519);
			assert_memory_equal(ke.data.data, noise, 32);
			break;
		case IKE_PAYLOAD_IDI:
		case IKE_PAYLOAD_IDR:
			assert_int_equal(ike_parse_id(body, &id), 0);
			assert_int_equal(id.type, IKE_ID_FQDN);
			assert_true(ike_slice_equal(id.data, ike_slice(noise, 16)));
			break;
		case IKE_PAYLOAD_CERT:
		case IKE_PAYLOAD_CERTREQ:
			assert_int_equal(ike_parse_cert(body, &cert), 0);
			assert_int_equal(cert.encoding, 4);
			assert_true(ike_slice_equal(cert.data, ike_slice(noise, 64)));
			break;
		case IKE_PAYLOAD_AUTH:
			assert_int_equal(ike_parse_auth(body, &auth), 0);
			assert_int_equal(auth.method, IKE_AUTH_PSK);
			assert_true(ike_slice_equal(auth.data, ike_slice(noise, 48)));
			break;
		case IKE_PAYLOAD_NONCE:
			assert_int_equal(ike_parse_nonce(body, &nonce), 0);
			assert_true(ike_slice_equal(nonce, ike_slice(noise, 32)));
			break;
		case IKE_PAYLOAD_NOTIFY:
			assert_int_equal(ike_parse_notify(body, &n), 0);
			assert_int_equal(n.protocol, IKE_PROTO_ESP);
			assert_int_equal(n.type, IKE_N_COOKIE);
			assert_true(ike_slice_equal(n.spi, ike_slice(noise, 4)));
			assert_true(ike_slice_equal(n.data, ike_slice(noise, 64)));
			break;
		case IKE_PAYLOAD_DELETE:
			assert_int_equal(ike_parse_delete(body, &d), 0);
			assert_int_equal(d.count, 3);
			assert_true(ike_slice_equal(d.spis, ike_slice(noise, 12)));
			break;
		case IKE_PAYLOAD_TSI:
		case IKE_PAYLOAD_TSR:
			assert_int_equal(ike_parse_ts(body, &ts), 0);
			assert_int_equal(ts.count, expected.count);
			assert_memory_equal(ts.list, expected.list, 4 * sizeof(ts.list[0]));
			break;
		case IKE_PAYLOAD_CP:
			assert_int_equal(ike_parse_cp(body, &cp), 0);
			assert_int_equal(cp.count, 2);
			assert_int_equal(cp.attributes[1].type, 8);
			assert_true(ike_slice_equal(cp.attributes[1].value, ike_slice(noise, 64)));
			break;
		case IKE_PAYLOAD_EAP:
			assert_int_equal(ike_parse_eap(body, &eap), 0);
			assert_int_equal(eap.identifier, 9);
			assert_true(ike_slice_equal(eap.data, ike_slice(noise, 64)));
			break;
		default:
			assert_true(ike_slice_equal(body, ike_slice(noise, 64)));
			break;
		}
	}
}

/* Copies lie at the very end of their memory, so that reading on is seen. */
static uint8_t *exact_copy(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (len)
		memcpy(copy, data, len);
	return copy;
}

static void every_truncation_of_every_payload_is_refused(void **state)
{
	struct rng r = {seed};

	(void)state;
	for (size_t t = 0; t < sizeof(TYPES); t++) {
		uint8_t buf[IKE_MESSAGE_MAX];
		struct ike_payloads p;
		struct ike_builder b;
		struct ike_slice body;

		ike_build_message(&b, buf, sizeof(buf), &HEADER);
		write_payload(&b, TYPES[t], &r);
		assert_int_equal(ike_build_finish(&b), 0);
		assert_int_equal(ike_payloads_parse(chain_of(&b), buf[16], &p), 0);
		body = p.list[0].body;
		assert_int_equal(parse_as(TYPES[t], body), 0);
		for (size_t len = 0; len < body.len; len++) {
			uint8_t *cut = exact_copy(body.data, len);
			int err = parse_as(TYPES[t], ike_slice(cut, len));

			bool whole = len >= shortest(TYPES[t]) ||
				     (TYPES[t] == IKE_PAYLOAD_CP && (len == 4 || len == 8));

			assert_int_equal(err, whole ? 0 : IKE_N_INVALID_SYNTAX);
			parse_everything(ike_slice(cut, len));
			free(cut);
		}
		/* and of the chain, whose lengths then lie */
		for (size_t len = 0; len < b.w.len - IKE_HEADER_LEN; len++) {
			uint8_t *cut = exact_copy(buf + IKE_HEADER_LEN, len);

			assert_int_equal(ike_payloads_parse(ike_slice(cut, len), TYPES[t], &p),
					 IKE_N_INVALID_SYNTAX);
			free(cut);
		}
	}
}

static void octets_after_the_last_payload_are_refused(void **state)
{
	uint8_t buf[256];
	struct ike_payloads p;
	struct ike_builder b;

	(void)state;
	ike_build_chain(&b, buf, sizeof(buf));
	ike_write_vendor(&b, ike_slice("x", 1));
	ike_put_u8(&b.w, 0);
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), IKE_N_INVALID_SYNTAX);
}

static void unknown_payloads_are_skipped_unless_critical(void **state)
{
	uint8_t buf[256];
	struct ike_payloads p;
	struct ike_builder b;

	(void)state;
	ike_build_chain(&b, buf, sizeof(buf));
	ike_build_begin(&b, 200);
	ike_put_u32(&b.w, 0);
	ike_build_end(&b);
	ike_write_vendor(&b, ike_slice("x", 1));
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), 0);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.list[0].type, IKE_PAYLOAD_VENDOR);
	buf[1] = 0x80;
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p),
			 IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_int_equal(p.unsupported, 200);
	/* On a known payload the bit means nothing (section 2.5). */
	buf[1] = 0;
	buf[9] = 0x80;
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), 0);
}

static void a_chain_longer_than_the_limit_is_refused(void **state)
{
	uint8_t buf[4096];
	struct ike_payloads p;
	struct ike_builder b;

	(void)state;
	ike_build_chain(&b, buf, sizeof(buf));
	for (unsigned i = 0; i < IKE_PAYLOADS_MAX; i++)
		ike_write_vendor(&b, ike_slice("x", 1));
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), 0);
	ike_write_vendor(&b, ike_slice("x", 1));
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), IKE_N_INVALID_SYNTAX);
}

static void a_builder_that_is_full_says_so(void **state)
{
	uint8_t buf[40];
	struct ike_builder b;

	(void)state;
	ike_build_message(&b, buf, sizeof(buf), &HEADER);
	ike_write_vendor(&b, ike_slice("0123456789", 10));
	assert_int_not_equal(ike_build_finish(&b), 0);
}

static void noise_is_parsed_in_peace(void **state)
{
	struct rng r = {seed};
	uint8_t valid[IKE_MESSAGE_MAX];
	struct ike_builder b;
	struct ike_payloads p;

	(void)state;
	ike_build_message(&b, valid, sizeof(valid), &HEADER);
	for (size_t t = 0; t < sizeof(TYPES); t++)
		write_payload(&b, TYPES[t], &r);
	assert_int_equal(ike_build_finish(&b), 0);
	for (unsigned round = 0; round < 60000; round++) {
		bool mutate = round & 1;
		size_t len = mutate ? b.w.len - IKE_HEADER_LEN : rng_below(&r, 200);
		uint8_t *copy = exact_copy(valid + IKE_HEADER_LEN, len);
		uint8_t first = mutate ? valid[16] : TYPES[rng_below(&r, sizeof(TYPES))];

		if (mutate) {
			for (uint64_t k = 1 + rng_below(&r, 8); k-- > 0;)
				copy[rng_below(&r, len)] = (uint8_t)rng_next(&r);
		} else {
			rng_bytes(&r, copy, len);
			if (round & 2 && len >= 4) { /* past the first length at least */
				copy[2] = (uint8_t)(len >> 8);
				copy[3] = (uint8_t)len;
				copy[0] = 0;
			}
		}
		if (ike_payloads_parse(ike_slice(copy, len), first, &p) == 0) {
			for (unsigned i = 0; i < p.count; i++)
				parse_as(p.list[i].type, p.list[i].body);
		}
		if (!mutate)
			parse_everything(ike_slice(copy, len));
		free(copy);
	}
}

static void a_transform_with_an_unknown_attribute_cannot_be_chosen(void **state)
{
	uint8_t body[64];
	struct ike_sa_payload sa;
	size_t len = from_hex("00000014 01030401 00001000"
			      "0000000c 01000014 7fff0001",
			      body, sizeof(body));

	(void)state;
	body[3] = (uint8_t)len;
	body[len - 4] = 0xff; /* attribute 0x7fff in the short form */
	assert_int_equal(ike_parse_sa(ike_slice(body, len), &sa), 0);
	assert_false(sa.transforms[0].usable);
}

static void a_nonce_outside_16_to_256_octets_is_refused(void **state)
{
	uint8_t nonce[257] = {0};
	struct ike_slice out;

	(void)state;
	assert_int_equal(ike_parse_nonce(ike_slice(nonce, 15), &out), IKE_N_INVALID_SYNTAX);
	assert_int_equal(ike_parse_nonce(ike_slice(nonce, 16), &out), 0);
	assert_int_equal(ike_parse_nonce(ike_slice(nonce, 256), &out), 0);
	assert_int_equal(ike_parse_nonce(ike_slice(nonce, 257), &out), IKE_N_INVALID_SYNTAX);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_reads_back_as_written),
		cmocka_unit_test(every_payload_reads_back_as_written),
		cmocka_unit_test(every_truncation_of_every_payload_is_refused),
		cmocka_unit_test(octets_after_the_last_payload_are_refused),
		cmocka_unit_test(unknown_payloads_are_skipped_unless_critical),
		cmocka_unit_test(a_chain_longer_than_the_limit_is_refused),
		cmocka_unit_test(a_builder_that_is_full_says_so),
		cmocka_unit_test(noise_is_parsed_in_peace),
		cmocka_unit_test(a_transform_with_an_unknown_attribute_cannot_be_chosen),
		cmocka_unit_test(a_nonce_outside_16_to_256_octets_is_refused),
	};
	bool given;
	int failed;

	seed = seed_of(argc, argv, 7296, &given);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "# seed=%llu\n", (unsigned long long)seed);
	return failed;
}
