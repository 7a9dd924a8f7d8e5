/* SPDX-License-Identifier: BSD-2-Clause */
/* The codec: what is written reads back; what is cut short or made of noise is refused in peace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/ike/settings.h"
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

/* Whatever was sent, they are such as may be used. */
static int read_settings(const struct ike_cp *cp)
{
	struct ike_settings s;
	int err = ike_settings_read(cp, &s);

	assert_true(s.vip_count <= IKE_VIPS_MAX && s.dns_count <= IKE_SERVERS_MAX &&
		    s.nbns_count <= IKE_SERVERS_MAX && s.subnets.count <= IKE_TS_MAX &&
		    s.domain_count <= IKE_DOMAINS_MAX);
	for (unsigned i = 0; i < s.domain_count; i++)
		assert_true(ike_domain_is_good(ike_slice(s.domains[i], strlen(s.domains[i]))));
	return err;
}

/* Every parser over one body, whatever the payload says it is. */
static void parse_everything(struct ike_slice body)
{
	struct ike_sa_payload sa;
	struct ike_id_payload id;
	struct ike_ts_payload ts;
	struct ike_cert cert;
	struct ike_auth auth;
	struct ike_notify notify;
	struct ike_delete del;
	struct ike_slice nonce;
	struct ike_cp cp;
	struct ike_eap eap;
	struct ike_skf skf;
	struct ike_ke ke;

	ike_parse_sa(body, &sa);
	ike_parse_ke(body, &ke);
	ike_parse_id(body, &id);
	ike_parse_cert(body, &cert);
	ike_parse_auth(body, &auth);
	ike_parse_nonce(body, &nonce);
	ike_parse_notify(body, &notify);
	ike_parse_delete(body, &del);
	ike_parse_ts(body, &ts);
	if (ike_parse_cp(body, &cp) == 0)
		read_settings(&cp);
	ike_parse_eap(body, &eap);
	ike_parse_skf(body, &skf);
}

/* What a parser took gives itself in full: all transforms that were announced, and no more. */
static void walk_proposals(const struct ike_sa_payload *sa)
{
	struct ike_cursor c = ike_cursor(sa->proposals);
	struct ike_received_proposal p;

	while (ike_next_proposal(&c, &p)) {
		struct ike_cursor in = ike_cursor(p.transforms);
		struct ike_transform t;
		unsigned n = 0;

		while (ike_next_transform(&in, &t))
			n++;
		assert_int_equal(n, p.transform_count);
		assert_true(ike_cursor_ok(&in));
	}
	assert_true(ike_cursor_ok(&c));
}

static unsigned count_ts(const struct ike_ts_payload *payload)
{
	struct ike_cursor c = ike_cursor(payload->selectors);
	struct ike_ts ts;
	unsigned n = 0;

	while (ike_next_ts(&c, &ts))
		n++;
	assert_true(ike_cursor_ok(&c));
	return n;
}

static unsigned count_attributes(const struct ike_cp *cp)
{
	struct ike_cursor c = ike_cursor(cp->attributes);
	struct ike_attribute a;
	unsigned n = 0;

	while (ike_next_attribute(&c, &a))
		n++;
	return n;
}

/* One body through its own parser. */
static int parse_as(uint8_t type, struct ike_slice body)
{
	struct ike_sa_payload sa;
	struct ike_id_payload id;
	struct ike_ts_payload ts;
	struct ike_cert cert;
	struct ike_auth auth;
	struct ike_notify notify;
	struct ike_delete del;
	struct ike_slice nonce;
	struct ike_cp cp;
	struct ike_eap eap;
	struct ike_skf skf;
	struct ike_ke ke;
	int err;

	switch (type) {
	case IKE_PAYLOAD_SA:
		err = ike_parse_sa(body, &sa);
		walk_proposals(&sa);
		return err;
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
		err = ike_parse_ts(body, &ts);
		assert_true(count_ts(&ts) <= 255);
		return err;
	case IKE_PAYLOAD_CP:
		err = ike_parse_cp(body, &cp);
		if (!err)
			read_settings(&cp);
		return err;
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
	struct ike_attribute attributes[] = {{.type = 1}, {.type = 8, .value = data}};
	struct ike_eap eap = {.code = 1, .identifier = 9, .data = data};
	char error[128];

	rng_bytes(r, noise, sizeof(noise));
	switch (type) {
	case IKE_PAYLOAD_SA:
		ike_proposal_parse("aes256gcm16-aes128gcm16-prfsha384-x25519-ecp256", IKE_PROTO_IKE,
				   &p[0], error, sizeof(error));
		ike_proposal_parse("aes256-sha512-modp4096", IKE_PROTO_IKE, &p[1], error,
				   sizeof(error));
		ike_write_sa(b, p, 2, ike_slice(noise, 8));
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
		ike_write_cp(b, 1, attributes, 2);
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
	struct ike_ts_list expected = some_selectors();
	struct ike_ts_payload selectors;
	struct ike_received_proposal proposal;
	struct ike_transform transform;
	struct ike_attribute attribute;
	struct ike_cursor c, in;
	struct ike_ts ts;
	struct ike_cp cp;
	struct ike_eap eap;

	(void)state;
	ike_build_message(&b, first, sizeof(first), &HEADER);
	for (size_t t = 0; t < sizeof(TYPES) - 1; t++) /* SKF would end the chain */
		write_payload(&b, TYPES[t], &r);
	assert_int_equal(ike_build_finish(&b), 0);
	assert_int_equal(ike_payloads_parse(chain_of(&b), first[16], &p), 0);
	assert_int_equal(payload_total(&p), sizeof(TYPES) - 1);
	for (unsigned i = 0; i < sizeof(TYPES) - 1; i++) {
		struct ike_slice body = payload_at(&p, i).body;

		assert_int_equal(payload_at(&p, i).type, TYPES[i]);
		rng_bytes(&again, noise, sizeof(noise));
		switch (TYPES[i]) {
		case IKE_PAYLOAD_SA:
			assert_int_equal(ike_parse_sa(body, &sa), 0);
			c = ike_cursor(sa.proposals);
			assert_true(ike_next_proposal(&c, &proposal));
			assert_int_equal(proposal.number, 1);
			assert_int_equal(proposal.transform_count, 5);
			in = ike_cursor(proposal.transforms);
			assert_true(ike_next_transform(&in, &transform));
			assert_true(ike_next_transform(&in, &transform));
			assert_int_equal(transform.id, IKE_ENCR_AES_GCM_16);
			assert_int_equal(transform.key_bits, 128);
			assert_true(ike_next_proposal(&c, &proposal));
			assert_int_equal(proposal.number, 2);
			assert_int_equal(proposal.protocol, IKE_PROTO_IKE);
			assert_true(ike_slice_equal(proposal.spi, ike_slice(noise, 8)));
			assert_false(ike_next_proposal(&c, &proposal));
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
			assert_int_equal(ike_parse_ts(body, &selectors), 0);
			c = ike_cursor(selectors.selectors);
			for (unsigned k = 0; k < expected.count; k++) {
				assert_true(ike_next_ts(&c, &ts));
				assert_memory_equal(&ts, &expected.list[k], sizeof(ts));
			}
			assert_false(ike_next_ts(&c, &ts));
			break;
		case IKE_PAYLOAD_CP:
			assert_int_equal(ike_parse_cp(body, &cp), 0);
			assert_int_equal(cp.type, 1);
			c = ike_cursor(cp.attributes);
			assert_true(ike_next_attribute(&c, &attribute));
			assert_true(ike_next_attribute(&c, &attribute));
			assert_int_equal(attribute.type, 8);
			assert_true(ike_slice_equal(attribute.value, ike_slice(noise, 64)));
			assert_false(ike_next_attribute(&c, &attribute));
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
		body = payload_at(&p, 0).body;
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
	assert_int_equal(payload_total(&p), 1);
	assert_int_equal(payload_at(&p, 0).type, IKE_PAYLOAD_VENDOR);
	buf[1] = 0x80;
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p),
			 IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_int_equal(p.unsupported, 200);
	/* On a known payload the bit means nothing (section 2.5). */
	buf[1] = 0;
	buf[9] = 0x80;
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), 0);
}

/* Sections 3.10.1 and 3.12: vendor IDs and status notifies may be any number. */
static void a_chain_may_have_as_many_payloads_as_the_message_holds(void **state)
{
	const struct ike_slice nothing = {0};
	uint8_t buf[IKE_MESSAGE_MAX];
	struct ike_slice body;
	struct ike_payloads p;
	struct ike_builder b;
	struct ike_notify n;
	unsigned count = 0;

	(void)state;
	ike_build_chain(&b, buf, sizeof(buf));
	for (; b.w.len + 4 + 8 + 5 <= sizeof(buf); count++) {
		if (count % 2)
			ike_write_notify(&b, 0, nothing, (uint16_t)(40000 + count), nothing);
		else
			ike_write_vendor(&b, nothing);
	}
	ike_write_auth(&b, 7, ike_slice("x", 1));
	assert_true(ike_writer_ok(&b.w));
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), 0);
	assert_true(count > 2500);
	assert_int_equal(payload_total(&p), count + 1);
	assert_int_equal(ike_payloads_count(&p, IKE_PAYLOAD_NOTIFY), count / 2);
	assert_int_equal(ike_payloads_one(&p, IKE_PAYLOAD_AUTH, &body), 0);
	assert_memory_equal(body.data, "\7\0\0\0x", 5);
	assert_true(ike_find_notify(&p, 40000 + 2001, &n));
	assert_int_equal(ike_payloads_one(&p, IKE_PAYLOAD_VENDOR, &body), IKE_N_INVALID_SYNTAX);
}

static void a_refused_chain_gives_no_payload(void **state)
{
	struct ike_payloads p;
	struct ike_builder b;
	uint8_t buf[64];

	(void)state;
	ike_build_chain(&b, buf, sizeof(buf));
	ike_write_vendor(&b, ike_slice("x", 1));
	ike_write_vendor(&b, ike_slice("y", 1));
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), 0);
	assert_int_equal(payload_total(&p), 2);
	buf[5 + 3]++;
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), IKE_N_INVALID_SYNTAX);
	assert_int_equal(payload_total(&p), 0);
}

/* Section 3.3.1: a proposal has a number of one octet; how many there are is the message's matter.
 */
static void an_sa_payload_may_have_as_many_proposals_and_transforms_as_fit(void **state)
{
	uint8_t buf[IKE_MESSAGE_MAX];
	struct ike_received_proposal p;
	struct ike_writer w = ike_writer(buf, sizeof(buf));
	struct ike_sa_payload sa;
	struct ike_cursor c;
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) { /* proposals without any transform */
		ike_put_u32(&w, (i < 1999 ? 2u << 24 : 0) | 8);
		ike_put_u32(&w, (i + 1) << 24 | IKE_PROTO_IKE << 16);
	}
	assert_int_equal(ike_parse_sa(ike_written(&w), &sa), 0);
	for (c = ike_cursor(sa.proposals); ike_next_proposal(&c, &p); n++)
		assert_int_equal(p.number, (n + 1) & 255);
	assert_int_equal(n, 2000);

	w = ike_writer(buf, sizeof(buf));
	for (unsigned i = 0; i < 7; i++) { /* and as many transforms as one can say */
		ike_put_u32(&w, (i < 6 ? 2u << 24 : 0) | (8 + 255 * 8));
		ike_put_u32(&w, (i + 1) << 24 | IKE_PROTO_IKE << 16 | 255);
		for (unsigned k = 0; k < 255; k++) {
			ike_put_u32(&w, (k < 254 ? 3u << 24 : 0) | 8);
			ike_put_u32(&w, (uint32_t)IKE_TRANSFORM_PRF << 24 | (1000 + k));
		}
	}
	assert_int_equal(ike_parse_sa(ike_written(&w), &sa), 0);
	walk_proposals(&sa);
	buf[7] = 254; /* one more than it says */
	assert_int_equal(ike_parse_sa(ike_written(&w), &sa), IKE_N_INVALID_SYNTAX);
	assert_int_equal(sa.proposals.len, 0);
	buf[7] = 255;
	buf[8] = 0; /* its first transform claims to be the last */
	assert_int_equal(ike_parse_sa(ike_written(&w), &sa), IKE_N_INVALID_SYNTAX);
	buf[8] = 3;
	buf[0] = 0; /* and so does the first proposal */
	assert_int_equal(ike_parse_sa(ike_written(&w), &sa), IKE_N_INVALID_SYNTAX);
	buf[0] = 2;
	assert_int_equal(ike_parse_sa(ike_written(&w), &sa), 0);
	assert_int_equal(ike_parse_sa(ike_slice(buf, 0), &sa), IKE_N_INVALID_SYNTAX);
}

static void traffic_selectors_may_be_255_and_attributes_any_number(void **state)
{
	struct ike_attribute a = {.type = 1, .value = ike_slice("1234", 4)}, many[400];
	uint8_t buf[IKE_MESSAGE_MAX];
	struct ike_writer w = ike_writer(buf, sizeof(buf));
	struct ike_ts_payload ts;
	struct ike_payloads p;
	struct ike_builder b;
	struct ike_cp cp;

	(void)state;
	ike_put_u32(&w, 255u << 24);
	for (unsigned i = 0; i < 255; i++) {
		bool unknown = i % 5 == 4; /* of a type that isn't a range of addresses */

		ike_put_u32(&w, (unknown ? 10u : IKE_TS_IPV4_ADDR_RANGE) << 24 | 16);
		ike_put_u32(&w, 65535);
		ike_put_u32(&w, 0x0a000000 + i);
		ike_put_u32(&w, 0x0a000000 + i);
	}
	assert_int_equal(ike_parse_ts(ike_written(&w), &ts), 0);
	assert_int_equal(count_ts(&ts), 204);
	buf[0]--;
	assert_int_equal(ike_parse_ts(ike_written(&w), &ts), IKE_N_INVALID_SYNTAX);
	assert_int_equal(count_ts(&ts), 0);

	for (unsigned i = 0; i < 400; i++)
		many[i] = a;
	ike_build_chain(&b, buf, sizeof(buf));
	ike_write_cp(&b, 2, many, 400);
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), 0);
	assert_int_equal(ike_parse_cp(payload_at(&p, 0).body, &cp), 0);
	assert_int_equal(count_attributes(&cp), 400);
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

static struct ike_addr addr_of(const char *text)
{
	struct ike_addr a;

	assert_int_equal(ike_addr_parse(text, &a), 0);
	return a;
}

static struct ike_ts subnet(const char *text)
{
	struct ike_ts ts;
	char error[128];

	assert_int_equal(ike_ts_parse(text, &ts, error, sizeof(error)), 0);
	return ts;
}

static struct ike_settings read_back(uint8_t type, const struct ike_settings *s)
{
	static uint8_t buf[IKE_MESSAGE_MAX];
	struct ike_settings out;
	struct ike_payloads p;
	struct ike_builder b;
	struct ike_cp cp;

	ike_build_chain(&b, buf, sizeof(buf));
	ike_settings_write(&b, type, s);
	assert_int_equal(ike_build_finish(&b), 0);
	assert_int_equal(ike_payloads_parse(ike_written(&b.w), b.first, &p), 0);
	assert_int_equal(ike_parse_cp(payload_at(&p, 0).body, &cp), 0);
	assert_int_equal(cp.type, type);
	assert_int_equal(ike_settings_read(&cp, &out), 0);
	return out;
}

static void settings_read_back_as_written(void **state)
{
	struct ike_settings all = {
		.vip_count = 2,
		.vips = {addr_of("10.3.0.7"), addr_of("2001:db8:3::7")},
		.netmask = addr_of("255.255.255.0"),
		.dns_count = 2,
		.dns = {addr_of("10.3.0.1"), addr_of("2001:db8:3::1")},
		.nbns_count = 1,
		.nbns = {addr_of("10.3.0.2")},
		.subnets = {.count = 3,
			    .list = {subnet("10.1.0.0/16"), subnet("0.0.0.0/0"),
				     subnet("2001:db8::/33")}},
		.domain_count = 2,
		.domains = {"corp.example", "x"},
	};
	struct ike_settings back = read_back(IKE_CP_REPLY, &all);

	(void)state;
	all.types = back.types;
	assert_memory_equal(&back, &all, sizeof(all));
	assert_int_equal(back.types, 1u << IKE_CP_IP4_ADDRESS | 1u << IKE_CP_IP6_ADDRESS |
					     1u << IKE_CP_IP4_NETMASK | 1u << IKE_CP_IP4_DNS |
					     1u << IKE_CP_IP6_DNS | 1u << IKE_CP_IP4_NBNS |
					     1u << IKE_CP_IP4_SUBNET | 1u << IKE_CP_IP6_SUBNET |
					     1u << IKE_CP_DNS_DOMAIN);
}

static void a_question_reads_back_as_written(void **state)
{
	const struct ike_settings question = {
		.types = 1u << IKE_CP_IP4_ADDRESS | 1u << IKE_CP_IP6_ADDRESS |
			 1u << IKE_CP_IP4_DNS | 1u << IKE_CP_DNS_DOMAIN |
			 1u << IKE_CP_SUPPORTED_ATTRIBUTES,
		.vip_count = 3,
		.vips = {{.family = 4}, {.family = 6}, addr_of("10.3.0.7")},
	};
	struct ike_settings back = read_back(IKE_CP_REQUEST, &question);

	(void)state;
	assert_memory_equal(&back, &question, sizeof(back));
}

/* Attributes in hexadecimal, in a CFG_REPLY. */
static int read_hex(const char *hex, struct ike_settings *out)
{
	static uint8_t octets[8192];
	struct ike_cp cp = {
		.type = IKE_CP_REPLY,
		.attributes = ike_slice(octets, from_hex(hex, octets, sizeof(octets))),
	};

	return ike_settings_read(&cp, out);
}

static void a_value_of_another_length_than_its_type_has_is_refused(void **state)
{
	static const struct {
		const char *hex;
		int result;
	} v[] = {
		{"0001 0004 0a030007", 0},
		{"8001 0004 0a030007", 0}, /* the first bit is reserved */
		{"0001 0003 0a0300", IKE_N_INVALID_SYNTAX},
		{"0001 0005 0a03000700", IKE_N_INVALID_SYNTAX},
		{"0002 0001 00", IKE_N_INVALID_SYNTAX},
		{"0003 0010 00000000000000000000000000000001", IKE_N_INVALID_SYNTAX},
		{"0004 0002 0a03", IKE_N_INVALID_SYNTAX},
		{"0008 0010 20010db8000000000000000000000007", IKE_N_INVALID_SYNTAX},
		{"0008 0011 20010db8000000000000000000000007 40", 0},
		{"000a 0004 0a030001", IKE_N_INVALID_SYNTAX},
		{"000d 0004 0a030000", IKE_N_INVALID_SYNTAX},
		{"000f 0010 20010db8000000000000000000000000", IKE_N_INVALID_SYNTAX},
		{"0019 0003 782e79", 0},
		{"001a 0003 010203", 0},	 /* INTERNAL_DNSSEC_TA */
		{"4001 0007 01020304050607", 0}, /* somebody's own */
		{"0007 0000", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct ike_settings s;

		assert_int_equal(read_hex(v[i].hex, &s), v[i].result);
	}
}

static void what_makes_no_sense_is_passed_over(void **state)
{
	struct ike_settings s;

	(void)state;
	/* A netmask with a hole, a prefix of 129, and between them a good one. */
	assert_int_equal(read_hex("000d 0008 0a010000 ff00ff00"
				  "000d 0008 0a010203 ffff0000"
				  "000f 0011 20010db8000000000000000000000000 81",
				  &s),
			 0);
	assert_int_equal(s.subnets.count, 1);
	assert_memory_equal(&s.subnets.list[0], &(struct ike_ts[]){subnet("10.1.0.0/16")},
			    sizeof(struct ike_ts));
	/* RFC 8598: "a", "..", "a b", "a/b", "a.b." with a DNS server; without one, none. */
	assert_int_equal(read_hex("0003 0004 0a030001 0019 0001 61 0019 0002 2e2e 0019 0003 612062"
				  "0019 0003 612f62 0019 0004 612e622e",
				  &s),
			 0);
	assert_int_equal(s.domain_count, 2);
	assert_string_equal(s.domains[0], "a");
	assert_string_equal(s.domains[1], "a.b");
	assert_int_equal(read_hex("0019 0001 61", &s), 0);
	assert_int_equal(s.domain_count, 0);
	/* More than there is room for. */
	assert_int_equal(read_hex("0001 0004 0a030001 0001 0004 0a030002 0001 0004 0a030003"
				  "0001 0004 0a030004 0001 0004 0a030005",
				  &s),
			 0);
	assert_int_equal(s.vip_count, IKE_VIPS_MAX);
}

static void an_address_that_no_host_has_is_known_as_such(void **state)
{
	static const char *const bad[] = {"0.0.0.0",	     "0.1.2.3", "127.0.0.1", "224.0.0.1",
					  "255.255.255.255", "::",	"::1",	     "ff02::1"};
	static const char *const good[] = {"10.0.0.1", "223.255.255.254", "2001:db8::1", "fd00::1"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ike_addr_is_host(&(struct ike_addr[]){addr_of(bad[i])}[0]));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(ike_addr_is_host(&(struct ike_addr[]){addr_of(good[i])}[0]));
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
			struct ike_payload payload;

			for (struct ike_walk w = ike_payloads_walk(&p);
			     ike_payloads_next(&w, &payload);)
				parse_as(payload.type, payload.body);
		}
		if (!mutate)
			parse_everything(ike_slice(copy, len));
		free(copy);
	}
}

/* Sections 3.3.5 and 3.3.6: AES-GCM with something else than one key length. */
static void a_transform_with_an_unknown_attribute_is_not_usable(void **state)
{
	static const struct {
		const char *attributes;
		bool usable;
		unsigned key_bits;
	} v[] = {
		{"", true, 0},
		{"800e0080", true, 128},
		{"800e0000", false, 0},
		{"800e0080 8fff0001", false, 128},
		{"800e0080 800e0080", false, 128},
		{"8fff0001", false, 0},
		{"7fff0001 aa", false, 0},
		{"000e0002 0080", false, 0}, /* a key length is never written so */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		uint8_t attributes[16], body[64];
		struct ike_slice all = ike_slice(
			attributes, from_hex(v[i].attributes, attributes, sizeof(attributes)));
		struct ike_writer w = ike_writer(body, sizeof(body));
		struct ike_received_proposal p;
		struct ike_sa_payload sa;
		struct ike_transform t;
		struct ike_cursor c;

		ike_put_u32(&w, (uint32_t)(12 + 8 + all.len));
		ike_put_u32(&w, 1 << 24 | IKE_PROTO_ESP << 16 | 4 << 8 | 1);
		ike_put_u32(&w, 0x1000);
		ike_put_u32(&w, (uint32_t)(8 + all.len));
		ike_put_u32(&w, IKE_TRANSFORM_ENCR << 24 | IKE_ENCR_AES_GCM_16);
		ike_put_slice(&w, all);
		assert_int_equal(ike_parse_sa(ike_written(&w), &sa), 0);
		c = ike_cursor(sa.proposals);
		assert_true(ike_next_proposal(&c, &p));
		c = ike_cursor(p.transforms);
		assert_true(ike_next_transform(&c, &t));
		assert_int_equal(t.id, IKE_ENCR_AES_GCM_16);
		assert_int_equal(t.usable, v[i].usable);
		assert_int_equal(t.key_bits, v[i].key_bits);
	}
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
		cmocka_unit_test(a_chain_may_have_as_many_payloads_as_the_message_holds),
		cmocka_unit_test(a_refused_chain_gives_no_payload),
		cmocka_unit_test(an_sa_payload_may_have_as_many_proposals_and_transforms_as_fit),
		cmocka_unit_test(traffic_selectors_may_be_255_and_attributes_any_number),
		cmocka_unit_test(a_builder_that_is_full_says_so),
		cmocka_unit_test(settings_read_back_as_written),
		cmocka_unit_test(a_question_reads_back_as_written),
		cmocka_unit_test(a_value_of_another_length_than_its_type_has_is_refused),
		cmocka_unit_test(what_makes_no_sense_is_passed_over),
		cmocka_unit_test(an_address_that_no_host_has_is_known_as_such),
		cmocka_unit_test(noise_is_parsed_in_peace),
		cmocka_unit_test(a_transform_with_an_unknown_attribute_is_not_usable),
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
