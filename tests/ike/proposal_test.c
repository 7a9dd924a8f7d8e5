/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which proposal is chosen, what the answer to it says and which answers are taken: octets in,
 * octets out.
 *
 * An SA payload is written here as "1 ESP 11223344 E20/256 I0 S0; 2 ...": number, protocol, SPI
 * ("-" for none) and transforms. E is encryption with its key length, P a PRF, I integrity, K key
 * exchange, S (extended) sequence numbers and "T7.1" the ID 1 of type 7; an attribute that nobody
 * knows follows a "!". The linker puts functions that count before two of the codec's (--wrap).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { OWN_MAX = 8 };

bool __real_ike_next_proposal(struct ike_cursor *c, struct ike_received_proposal *out);
bool __wrap_ike_next_proposal(struct ike_cursor *c, struct ike_received_proposal *out);
bool __real_ike_next_transform(struct ike_cursor *c, struct ike_transform *out);
bool __wrap_ike_next_transform(struct ike_cursor *c, struct ike_transform *out);

static unsigned long steps;
static uint64_t seed;

bool __wrap_ike_next_proposal(struct ike_cursor *c, struct ike_received_proposal *out)
{
	steps++;
	return __real_ike_next_proposal(c, out);
}

bool __wrap_ike_next_transform(struct ike_cursor *c, struct ike_transform *out)
{
	steps++;
	return __real_ike_next_transform(c, out);
}

static const char type_letters[] = "-EPIKS";

/* The octets of an SA payload's body, made from the text alone. */
static struct ike_slice octets(const char *text, uint8_t *buf, size_t cap)
{
	struct ike_writer w = ike_writer(buf, cap);
	char copy[8192], *proposals, *proposal;

	assert_true(strlen(text) < sizeof(copy));
	strcpy(copy, text);
	proposals = copy;
	while ((proposal = strsep(&proposals, ";"))) {
		size_t at = w.len, last_transform = 0;
		char *words, *word, *spi;
		uint8_t spi_octets[16];
		unsigned count = 0;
		size_t spi_len = 0;

		proposal += strspn(proposal, " ");
		words = proposal;
		ike_put_u32(&w, proposals ? 2u << 24 : 0);
		ike_put_u8(&w, (uint8_t)atoi(strsep(&words, " ")));
		word = strsep(&words, " ");
		ike_put_u8(&w, strcmp(word, "IKE") == 0	  ? 1
			       : strcmp(word, "AH") == 0  ? 2
			       : strcmp(word, "ESP") == 0 ? 3
							  : 77);
		spi = strsep(&words, " ");
		if (*spi != '-')
			spi_len = from_hex(spi, spi_octets, sizeof(spi_octets));
		ike_put_u8(&w, (uint8_t)spi_len);
		ike_put_u8(&w, 0);
		ike_put(&w, spi_octets, spi_len);
		while ((word = strsep(&words, " "))) {
			const char *letter = strchr(type_letters, *word);
			unsigned type, id, bits = 0;
			bool unknown = strchr(word, '!');

			if (letter) {
				type = (unsigned)(letter - type_letters);
				assert_true(sscanf(word + 1, "%u/%u", &id, &bits) >= 1);
			} else {
				assert_int_equal(sscanf(word, "T%u.%u", &type, &id), 2);
			}
			last_transform = w.len;
			ike_put_u32(&w, 3u << 24 | (8 + (bits ? 4 : 0) + (unknown ? 4 : 0)));
			ike_put_u32(&w, type << 24 | id);
			if (bits)
				ike_put_u32(&w, 0x800e0000 | bits);
			if (unknown)
				ike_put_u32(&w, 0xffff0001);
			count++;
		}
		if (count)
			ike_patch_be(&w, last_transform, 0, 1);
		ike_patch_be(&w, at + 7, count, 1);
		ike_patch_be(&w, at + 2, w.len - at, 2);
	}
	assert_true(ike_writer_ok(&w));
	return ike_written(&w);
}

/* And back. */
static void text_of(struct ike_slice body, char *out, size_t len)
{
	struct ike_cursor c = ike_cursor(body);
	struct ike_writer w = ike_writer(out, len - 1);
	char word[64];

	while (ike_cursor_left(&c)) {
		uint8_t more = ike_get_u8(&c), number, protocol, spi_size, count;
		struct ike_slice spi;

		ike_get_be(&c, 3);
		number = ike_get_u8(&c);
		protocol = ike_get_u8(&c);
		spi_size = ike_get_u8(&c);
		count = ike_get_u8(&c);
		spi = ike_get_slice(&c, spi_size);
		snprintf(word, sizeof(word), "%u %s ", number,
			 protocol == 1	 ? "IKE"
			 : protocol == 2 ? "AH"
			 : protocol == 3 ? "ESP"
					 : "?");
		ike_put(&w, word, strlen(word));
		for (size_t i = 0; i < spi.len; i++) {
			snprintf(word, sizeof(word), "%02x", spi.data[i]);
			ike_put(&w, word, 2);
		}
		if (!spi.len)
			ike_put(&w, "-", 1);
		for (unsigned i = 0; i < count; i++) {
			uint16_t length, id, bits = 0;
			uint8_t type;

			assert_int_equal(ike_get_u16(&c), i + 1 < count ? 0x300 : 0);
			length = ike_get_u16(&c);
			type = ike_get_u8(&c);
			assert_int_equal(ike_get_u8(&c), 0);
			id = ike_get_u16(&c);
			if (length == 12) {
				assert_int_equal(ike_get_u16(&c), 0x800e);
				bits = ike_get_u16(&c);
			} else {
				assert_int_equal(length, 8);
			}
			assert_in_range(type, 1, 5);
			snprintf(word, sizeof(word), bits ? " %c%u/%u" : " %c%u",
				 type_letters[type], id, bits);
			ike_put(&w, word, strlen(word));
		}
		if (more)
			ike_put(&w, "; ", 2);
	}
	assert_true(ike_cursor_ok(&c) && ike_writer_ok(&w));
	out[w.len] = 0;
}

/* Proposals of ours, as swanctl.conf has them, separated by commas; AH's as "ah:sha256". */
static unsigned configured(const char *text, uint8_t protocol, struct ike_proposal own[OWN_MAX])
{
	char copy[512], error[128], *rest = copy, *word;
	unsigned n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, ","))) {
		bool ah = strncmp(word, "ah:", 3) == 0;

		assert_true(n < OWN_MAX);
		if (ike_proposal_parse(ah ? word + 3 : word, ah ? IKE_PROTO_AH : protocol,
				       &own[n++], error, sizeof(error)))
			fail_msg("%s", error);
	}
	return n;
}

static uint8_t protocol_of(enum ike_purpose purpose)
{
	return purpose == IKE_PURPOSE_INIT || purpose == IKE_PURPOSE_REKEY ? IKE_PROTO_IKE
									   : IKE_PROTO_ESP;
}

static struct ike_slice own_spi(enum ike_purpose purpose)
{
	static const uint8_t spi[] = {0xca, 0xfe, 0xca, 0xfe, 0xca, 0xfe, 0xca, 0xfe};

	return ike_slice(spi, purpose == IKE_PURPOSE_INIT    ? 0
			      : purpose == IKE_PURPOSE_REKEY ? 8
							     : 4);
}

struct chosen {
	int err;
	struct ike_suite suite;
	uint64_t spi;
	char answer[256];
};

/* Choose among an offer, and write the answer to it. */
static struct chosen answer_to(enum ike_purpose purpose, const char *own_text, const char *offer,
			       uint16_t group)
{
	struct ike_proposal own[OWN_MAX];
	unsigned own_count = configured(own_text, protocol_of(purpose), own);
	uint8_t buf[IKE_MESSAGE_MAX];
	struct ike_sa_payload sa;
	struct chosen c;
	struct ike_builder b;

	assert_int_equal(ike_parse_sa(octets(offer, buf, sizeof(buf)), &sa), 0);
	c.err = ike_proposal_select(purpose, own, own_count, &sa, group, &c.suite, &c.spi);
	strcpy(c.answer, "-");
	if (c.err) {
		assert_int_equal(c.err, IKE_N_NO_PROPOSAL_CHOSEN);
		return c;
	}
	ike_build_chain(&b, buf, sizeof(buf));
	ike_write_sa_answer(&b, &c.suite, own_spi(purpose));
	text_of(ike_slice(buf + 4, b.w.len - 4), c.answer, sizeof(c.answer));
	return c;
}

struct selection {
	enum ike_purpose purpose;
	const char *own;
	const char *offer;
	const char *answer; /* "-": NO_PROPOSAL_CHOSEN */
};

static void check_selections(const struct selection *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct chosen c = answer_to(v[i].purpose, v[i].own, v[i].offer, 0);

		if (strcmp(c.answer, v[i].answer) != 0)
			fail_msg("%s to %s: %s instead of %s", v[i].own, v[i].offer, c.answer,
				 v[i].answer);
	}
}

/* Section 2.7: one transform of each type that the proposal had, and the number that it had. */
static void an_answer_mirrors_the_proposal_that_it_accepts(void **state)
{
	static const struct selection v[] = {
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 S0",
		 "1 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/128 E20/256 I0 S1 S0",
		 "1 ESP cafecafe E20/256 I0 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 I0 K0 S0",
		 "1 ESP cafecafe E20/256 I0 K0 S0"},
		{IKE_PURPOSE_AUTH, "aes128-sha256", "1 ESP 11223344 E12/128 I14 I12 K0 S0",
		 "1 ESP cafecafe E12/128 I12 K0 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16",
		 "1 ESP 11223344 E12/128 I12 S0; 2 ESP 11223344 E20/256 S0",
		 "2 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "200 ESP 11223344 E20/256 S0",
		 "200 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "0 ESP 11223344 E20/256 S0",
		 "0 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 P5 K14 K31",
		 "1 IKE - E20/256 P6 K31"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "7 IKE - E20/256 P6 I0 K31",
		 "7 IKE - E20/256 P6 I0 K31"},
		{IKE_PURPOSE_INIT, "aes128-sha256-x25519", "1 IKE - E12/128 P5 I12 K31",
		 "1 IKE - E12/128 P5 I12 K31"},
		{IKE_PURPOSE_REKEY, "aes256gcm16-prfsha384-x25519",
		 "1 IKE 1122334455667788 E20/256 P6 I0 K31",
		 "1 IKE cafecafecafecafe E20/256 P6 I0 K31"},
		{IKE_PURPOSE_CHILD, "aes256gcm16-x25519-modpnone", "1 ESP 11223344 E20/256 K31 S0",
		 "1 ESP cafecafe E20/256 K31 S0"},
	};

	(void)state;
	check_selections(v, COUNT(v));
}

/* Section 3.3.3 has ESN among what ESP must say; peers that never heard of it leave it out. */
static void a_proposal_without_esn_means_no_extended_sequence_numbers(void **state)
{
	static const struct selection v[] = {
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256",
		 "1 ESP cafecafe E20/256"},
		{IKE_PURPOSE_CHILD, "aes128-sha256", "1 ESP 11223344 E12/128 I12",
		 "1 ESP cafecafe E12/128 I12"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 S1", "-"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 S2", "-"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 S0!", "-"},
		{IKE_PURPOSE_AUTH, "aes256gcm16",
		 "1 ESP 11223344 E20/256 S1; 2 ESP 11223344 E20/256", "2 ESP cafecafe E20/256"},
	};

	(void)state;
	check_selections(v, COUNT(v));
}

static void extended_sequence_numbers_are_had_where_both_have_them(void **state)
{
	static const struct selection v[] = {
		{IKE_PURPOSE_AUTH, "aes256gcm16-esn", "1 ESP 11223344 E20/256 S1",
		 "1 ESP cafecafe E20/256 S1"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-esn", "1 ESP 11223344 E20/256 S0 S1",
		 "1 ESP cafecafe E20/256 S1"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-esn", "1 ESP 11223344 E20/256 S0", "-"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-esn", "1 ESP 11223344 E20/256", "-"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-esn-noesn", "1 ESP 11223344 E20/256 S0 S1",
		 "1 ESP cafecafe E20/256 S1"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-noesn-esn", "1 ESP 11223344 E20/256 S1 S0",
		 "1 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-esn-noesn", "1 ESP 11223344 E20/256 S0",
		 "1 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-esn-noesn", "1 ESP 11223344 E20/256",
		 "1 ESP cafecafe E20/256"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-esn-noesn", "1 ESP 11223344 E20/256 S2", "-"},
	};

	(void)state;
	check_selections(v, COUNT(v));
}

/* Section 3.3.3: integrity and sequence numbers, and perhaps key exchange */
static void ah_has_integrity_and_no_encryption(void **state)
{
	static const struct selection v[] = {
		{IKE_PURPOSE_AUTH, "ah:sha256", "1 AH 11223344 I12 S0", "1 AH cafecafe I12 S0"},
		{IKE_PURPOSE_AUTH, "ah:sha256", "1 AH 11223344 I14 I12 S1 S0",
		 "1 AH cafecafe I12 S0"},
		{IKE_PURPOSE_AUTH, "ah:aes256gmac-esn", "1 AH 11223344 I9 I11 S1",
		 "1 AH cafecafe I11 S1"},
		{IKE_PURPOSE_AUTH, "ah:sha256", "1 AH 11223344 I0 S0", "-"},
		{IKE_PURPOSE_AUTH, "ah:sha256", "1 AH 11223344 S0", "-"},
		{IKE_PURPOSE_AUTH, "ah:sha256", "1 AH 11223344 E12/128 I12 S0", "-"},
		{IKE_PURPOSE_AUTH, "ah:sha256", "1 AH 112233 I12 S0", "-"},
		{IKE_PURPOSE_CHILD, "ah:sha256-x25519", "1 AH 11223344 I12 K31 S0",
		 "1 AH cafecafe I12 K31 S0"},
		/* never one for the other, and either where both are configured */
		{IKE_PURPOSE_AUTH, "ah:sha256", "1 ESP 11223344 I12 S0", "-"},
		{IKE_PURPOSE_AUTH, "null-sha256", "1 AH 11223344 I12 S0", "-"},
		{IKE_PURPOSE_AUTH, "aes128-sha256,ah:sha256",
		 "1 AH 11223344 I12 S0; 2 ESP 11223344 E12/128 I12 S0",
		 "2 ESP cafecafe E12/128 I12 S0"},
		{IKE_PURPOSE_AUTH, "ah:sha256,aes128-sha256",
		 "1 AH 11223344 I12 S0; 2 ESP 11223344 E12/128 I12 S0", "1 AH cafecafe I12 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16,ah:sha256",
		 "1 ESP 11223344 E12/128 I12 S0; 2 AH 11223344 I12 S0", "2 AH cafecafe I12 S0"},
	};

	(void)state;
	check_selections(v, COUNT(v));
}

/* RFC 7296, section 3.3, and RFC 5282, section 8 */
static void an_aead_goes_without_integrity_and_nothing_else_does(void **state)
{
	static const struct selection v[] = {
		/* offered together with ciphers that aren't, as RFC 5282 allows */
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E12/256 E20/256 I12 I14 S0",
		 "1 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E12/256 E20/256 I12 I0 S0",
		 "1 ESP cafecafe E20/256 I0 S0"},
		{IKE_PURPOSE_AUTH, "aes256-sha256", "1 ESP 11223344 E20/256 E12/256 I0 I12 S0",
		 "1 ESP cafecafe E12/256 I12 S0"},
		{IKE_PURPOSE_AUTH, "aes256-sha256", "1 ESP 11223344 E20/256 E12/256 I0 S0", "-"},
		{IKE_PURPOSE_AUTH, "aes256-sha256,aes256gcm16",
		 "1 ESP 11223344 E20/256 E12/256 I0 S0", "1 ESP cafecafe E20/256 I0 S0"},
		{IKE_PURPOSE_AUTH, "aes256-sha256", "1 ESP 11223344 E12/256 S0", "-"},
		/* what encrypts nothing, and what only authenticates */
		{IKE_PURPOSE_AUTH, "null-sha256", "1 ESP 11223344 E11 I12 S0",
		 "1 ESP cafecafe E11 I12 S0"},
		{IKE_PURPOSE_AUTH, "null-sha256", "1 ESP 11223344 E11 I0 S0", "-"},
		{IKE_PURPOSE_AUTH, "null-sha256", "1 ESP 11223344 E11 S0", "-"},
		{IKE_PURPOSE_AUTH, "aes128gmac", "1 ESP 11223344 E21/128 I12 S0",
		 "1 ESP cafecafe E21/128 S0"},
		{IKE_PURPOSE_AUTH, "aes128ctr-sha256", "1 ESP 11223344 E13/128 I0 I12 S0",
		 "1 ESP cafecafe E13/128 I12 S0"},
		{IKE_PURPOSE_AUTH, "aes128ctr-sha256", "1 ESP 11223344 E13/128 S0", "-"},
		{IKE_PURPOSE_AUTH, "aes128gcm8", "1 ESP 11223344 E20/128 E18/128 E19/128 S0",
		 "1 ESP cafecafe E18/128 S0"},
		{IKE_PURPOSE_AUTH, "aes256-sha256", "1 ESP 11223344 E12/256 I0 S0", "-"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 I12 S0",
		 "1 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 I12 S0", "-"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519",
		 "1 IKE - E12/256 E20/256 P6 I12 I0 K31", "1 IKE - E20/256 P6 I0 K31"},
		{IKE_PURPOSE_INIT, "aes256-sha256-x25519", "1 IKE - E12/256 P5 I0 K31", "-"},
		{IKE_PURPOSE_INIT, "aes256-sha256-x25519", "1 IKE - E12/256 P5 K31", "-"},
	};

	(void)state;
	check_selections(v, COUNT(v));
}

/* Section 3.3.6 */
static void what_is_unknown_costs_its_transform_or_its_proposal(void **state)
{
	static const struct selection v[] = {
		/* an ID: the others of its type remain */
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519",
		 "1 IKE - E1027 E20/256 P99 P6 K1035 K31 I1", "1 IKE - E20/256 P6 K31"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 K1035", "-"},
		/* a key length that an algorithm doesn't have, or lacks */
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20 P6 K31", "-"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6/256 K31",
		 "-"},
		{IKE_PURPOSE_AUTH, "chacha20poly1305", "1 ESP 11223344 E28 S0",
		 "1 ESP cafecafe E28 S0"},
		/* an attribute likewise */
		{IKE_PURPOSE_AUTH, "aes256gcm16,aes128gcm16", "1 ESP 11223344 E20/256! E20/128 S0",
		 "1 ESP cafecafe E20/128 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 I0! S0",
		 "1 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 I0/128 S0",
		 "1 ESP cafecafe E20/256 S0"},
		/* a type: the other proposals remain, be it one of RFC 9370 that says NONE */
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519",
		 "1 IKE - E20/256 P6 K31 T6.35; 2 IKE - E20/256 P6 I0 K31",
		 "2 IKE - E20/256 P6 I0 K31"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 K31 T6.0",
		 "-"},
		{IKE_PURPOSE_AUTH, "aes256gcm16",
		 "1 ESP 11223344 T0.0 E20/256; 2 ESP 11223344 T255.0 E20/256; "
		 "3 ESP 11223344 T32.0 E20/256; 4 ESP 11223344 E20/256",
		 "4 ESP cafecafe E20/256"},
		/* and so does one that isn't for this protocol */
		{IKE_PURPOSE_AUTH, "aes256gcm16",
		 "1 ESP 11223344 E20/256 P6 S0; 2 ESP 11223344 E20/256 S0",
		 "2 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 K31 S0",
		 "-"},
		/* what must be there isn't */
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 K31", "-"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6", "-"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 K0", "-"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - P6 K31", "-"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519",
		 "1 IKE -; 2 IKE - E20/256 P6 K31", "2 IKE - E20/256 P6 K31"},
	};

	(void)state;
	check_selections(v, COUNT(v));
}

/* Section 3.3.1, and what values of an SPI RFC 4303 and section 3.1 reserve */
static void a_proposal_with_the_wrong_protocol_or_spi_is_passed_over(void **state)
{
	static const struct selection v[] = {
		{IKE_PURPOSE_AUTH, "aes256gcm16",
		 "1 ESP - E20/256 S0; 2 ESP 112233 E20/256 S0; 3 ESP 1122334455667788 E20/256 S0; "
		 "4 ESP 11223344 E20/256 I0 S0",
		 "4 ESP cafecafe E20/256 I0 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 1122334455 E20/256 S0", "-"},
		{IKE_PURPOSE_AUTH, "aes256gcm16",
		 "1 AH 11223344 E20/256; 2 IKE 11223344 E20/256; 3 X 11223344 E20/256; "
		 "4 ESP 11223344 E20/256",
		 "4 ESP cafecafe E20/256"},
		{IKE_PURPOSE_AUTH, "aes256gcm16",
		 "1 ESP 00000000 E20/256 S0; 2 ESP 000000ff E20/256 S0; 3 ESP 00000100 E20/256 S0",
		 "3 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_CHILD, "aes256gcm16", "1 ESP - E20/256; 2 ESP 11223344 E20/256",
		 "2 ESP cafecafe E20/256"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519",
		 "1 IKE 1122334455667788 E20/256 P6 K31; 2 IKE - E20/256 P6 K31",
		 "2 IKE - E20/256 P6 K31"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 ESP 11223344 E20/256 S0",
		 "-"},
		{IKE_PURPOSE_REKEY, "aes256gcm16-prfsha384-x25519",
		 "1 IKE - E20/256 P6 K31; 2 IKE 11223344 E20/256 P6 K31; "
		 "3 IKE 0000000000000000 E20/256 P6 K31; 4 IKE 1122334455667788 E20/256 P6 K31",
		 "4 IKE cafecafecafecafe E20/256 P6 K31"},
	};
	struct chosen c;

	(void)state;
	check_selections(v, COUNT(v));
	c = answer_to(IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 1122 E20/256; 2 ESP f1223344 E20/256",
		      0);
	assert_true(c.spi == 0xf1223344);
	c = answer_to(IKE_PURPOSE_REKEY, "aes256gcm16-prfsha384-x25519",
		      "1 IKE f122334455667788 E20/256 P6 K31", 0);
	assert_true(c.spi == 0xf122334455667788);
	c = answer_to(IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 K31",
		      0);
	assert_true(c.err == 0 && c.spi == 0);
}

static void what_both_have_is_chosen_in_our_order(void **state)
{
	static const struct selection v[] = {
		{IKE_PURPOSE_INIT, "aes128-aes256-sha512-sha256-ecp256-x25519",
		 "1 IKE - E12/256 E12/128 P5 P7 I12 I14 K31 K19", "1 IKE - E12/128 P7 I14 K19"},
		{IKE_PURPOSE_INIT, "aes128-sha256-x25519,aes256-sha256-x25519",
		 "1 IKE - E12/256 P5 I12 K31; 2 IKE - E12/128 P5 I12 K31",
		 "2 IKE - E12/128 P5 I12 K31"},
		{IKE_PURPOSE_INIT, "aes128-sha256-x25519", "1 IKE - E12/256 P5 I12 K31", "-"},
		{IKE_PURPOSE_INIT, "aes128-sha256-x25519", "1 IKE - E12/128 P5 I12 K19", "-"},
		{IKE_PURPOSE_INIT, "aes128-sha256-x25519", "1 IKE - E12/128 P7 I12 K31", "-"},
		{IKE_PURPOSE_INIT, "aes128-sha256-x25519", "1 IKE - E12/128 P5 I14 K31", "-"},
	};

	(void)state;
	check_selections(v, COUNT(v));
}

/* Section 1.2: IKE_AUTH has no KE payload, so a group can't be agreed on; nor is it why to fail. */
static void key_exchange_counts_for_nothing_in_ike_auth(void **state)
{
	static const struct selection v[] = {
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 K31 S0",
		 "1 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 K31 K0 S0",
		 "1 ESP cafecafe E20/256 K0 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-x25519", "1 ESP 11223344 E20/256 S0",
		 "1 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-x25519", "1 ESP 11223344 E20/256 K31 S0",
		 "1 ESP cafecafe E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-x25519", "1 ESP 11223344 E20/256 K14 S0",
		 "1 ESP cafecafe E20/256 S0"},
	};

	(void)state;
	check_selections(v, COUNT(v));
	assert_int_equal(
		answer_to(IKE_PURPOSE_AUTH, "aes256gcm16-x25519", v[3].offer, 31).suite.group,
		IKE_GROUP_NONE);
}

static void a_child_sa_has_the_group_that_both_allow_or_none(void **state)
{
	static const struct {
		const char *own, *offer;
		uint16_t group; /* of the peer's KE payload */
		const char *answer;
	} v[] = {
		{"aes256gcm16", "E20/256 S0", 0, "E20/256 S0"},
		{"aes256gcm16", "E20/256 K31 S0", 31, NULL},
		{"aes256gcm16", "E20/256 K31 K0 S0", 31, "E20/256 K0 S0"}, /* section 3.3.6 */
		{"aes256gcm16-x25519", "E20/256 S0", 0, NULL},
		{"aes256gcm16-x25519", "E20/256 K0 S0", 0, NULL},
		{"aes256gcm16-x25519", "E20/256 K31 S0", 31, "E20/256 K31 S0"},
		{"aes256gcm16-x25519-modpnone", "E20/256 S0", 0, "E20/256 S0"},
		{"aes256gcm16-x25519-modpnone", "E20/256 K14 S0", 14, NULL},
		{"aes256gcm16-x25519-modpnone", "E20/256 K14 K0 S0", 14, "E20/256 K0 S0"},
		/* the group of the KE payload saves a round trip, also when it is none */
		{"aes256gcm16-x25519-ecp256", "E20/256 K19 K31 S0", 19, "E20/256 K19 S0"},
		{"aes256gcm16-x25519-ecp256", "E20/256 K31 K19 S0", 19, "E20/256 K19 S0"},
		{"aes256gcm16-x25519-ecp256", "E20/256 K19 K31 S0", 31, "E20/256 K31 S0"},
		{"aes256gcm16-x25519-modpnone", "E20/256 K31 K0 S0", 31, "E20/256 K31 S0"},
		{"aes256gcm16-x25519-modpnone", "E20/256 K31 K0 S0", 0, "E20/256 K0 S0"},
		/* another one than that of the KE payload: INVALID_KE_PAYLOAD says which */
		{"aes256gcm16-x25519-ecp256", "E20/256 K19 K31 K14 S0", 14, "E20/256 K31 S0"},
		{"aes256gcm16-x25519", "E20/256 K31 K0 S0", 0, "E20/256 K31 S0"},
		{"aes256gcm16-x25519,aes128gcm16-ecp256", "E20/128 E20/256 K19 K31 S0", 19,
		 "E20/256 K31 S0"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(v); i++) {
		char offer[128], want[128] = "-";
		struct chosen c;

		snprintf(offer, sizeof(offer), "1 ESP 11223344 %s", v[i].offer);
		if (v[i].answer)
			snprintf(want, sizeof(want), "1 ESP cafecafe %s", v[i].answer);
		c = answer_to(IKE_PURPOSE_CHILD, v[i].own, offer, v[i].group);
		if (strcmp(c.answer, want) != 0)
			fail_msg("%s to %s: %s instead of %s", v[i].own, offer, c.answer, want);
	}
	/* the same for an IKE SA, which never goes without one */
	assert_string_equal(answer_to(IKE_PURPOSE_REKEY, "aes256gcm16-prfsha384-x25519-ecp256",
				      "1 IKE 1122334455667788 E20/256 P6 K31 K0 K19", 19)
				    .answer,
			    "1 IKE cafecafecafecafe E20/256 P6 K19");
}

/* The default offers of libreswan and strongSwan in their shape: AEADs and the rest apart */
static void offers_of_other_implementations_find_their_suite(void **state)
{
	static const char ike[] =
		"aes256gcm16-aes128gcm16-prfsha512-prfsha256-x25519-ecp256-modp2048";
	static const char cbc[] = "aes256-sha512-modp2048";
	static const char libreswan_ike[] =
		"1 IKE - E20/256 P7 P5 K14 K15 K16 K18 K19 K20 K21 K31; "
		"2 IKE - E20/128 P7 P5 K14 K15 K16 K18 K19 K20 K21 K31; "
		"3 IKE - E12/256 P7 P5 I14 I12 K14 K15 K16 K18 K19 K20 K21 K31; "
		"4 IKE - E12/128 P7 P5 I14 I12 K14 K15 K16 K18 K19 K20 K21 K31";
	static const char strongswan_ike[] =
		"1 IKE - E12/128 E12/192 E12/256 E23/128 E23/192 E23/256 E3 I12 I13 I14 I2 I8 P5 "
		"P6 P7 P8 P2 K31 K32 K19 K20 K21 K28 K15 K16 K14; "
		"2 IKE - E20/128 E20/192 E20/256 E28 E16/128 E19/256 P5 P6 P7 P8 P2 K31 K32 K19 "
		"K20 K21 K28 K15 K16 K14";
	static const struct selection v[] = {
		{IKE_PURPOSE_INIT, ike, libreswan_ike, "1 IKE - E20/256 P7 K31"},
		{IKE_PURPOSE_INIT, cbc, libreswan_ike, "3 IKE - E12/256 P7 I14 K14"},
		{IKE_PURPOSE_INIT, ike, strongswan_ike, "2 IKE - E20/256 P7 K31"},
		{IKE_PURPOSE_INIT, cbc, strongswan_ike, "1 IKE - E12/256 P7 I14 K14"},
		{IKE_PURPOSE_AUTH, "aes128gcm16",
		 "1 ESP a1b2c3d4 E20/256 S0 S1; 2 ESP a1b2c3d4 E20/128 S0 S1; "
		 "3 ESP a1b2c3d4 E12/256 I14 I12 S0 S1",
		 "2 ESP cafecafe E20/128 S0"},
		{IKE_PURPOSE_AUTH, "aes128gcm16",
		 "1 ESP a1b2c3d4 E20/128 E20/192 E20/256 S0; "
		 "2 ESP a1b2c3d4 E12/128 E12/192 E12/256 I12 I13 I14 I2 I5 S0",
		 "1 ESP cafecafe E20/128 S0"},
	};

	(void)state;
	check_selections(v, COUNT(v));
}

/* Initiator: the number that ike_proposal_check_answer() says of an answer. */
static int taken(enum ike_purpose purpose, const char *own_text, const char *answer,
		 struct ike_suite *suite)
{
	struct ike_proposal own[OWN_MAX];
	unsigned own_count = configured(own_text, protocol_of(purpose), own);
	uint8_t buf[IKE_MESSAGE_MAX];
	struct ike_sa_payload sa;
	uint64_t spi;

	assert_int_equal(ike_parse_sa(octets(answer, buf, sizeof(buf)), &sa), 0);
	return ike_proposal_check_answer(purpose, own, own_count, &sa, suite, &spi);
}

static void answers_are_taken_as_peers_write_them(void **state)
{
	static const struct {
		enum ike_purpose purpose;
		const char *own, *answer;
	} v[] = {
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 S0 E20/256"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 I0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-x25519", "1 ESP 11223344 E20/256 I0 K0 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-x25519", "1 ESP 11223344 E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16,aes128-sha256", "2 ESP 11223344 E12/128 I12"},
		{IKE_PURPOSE_CHILD, "aes256gcm16-x25519", "1 ESP 11223344 E20/256 K31 S0"},
		{IKE_PURPOSE_CHILD, "aes256gcm16-x25519-modpnone", "1 ESP 11223344 E20/256 S0"},
		{IKE_PURPOSE_CHILD, "aes256gcm16-x25519-modpnone", "1 ESP 11223344 E20/256 K0"},
		{IKE_PURPOSE_CHILD, "aes256gcm16", "1 ESP 11223344 E20/256 K0"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 K31"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 I0 K31"},
		{IKE_PURPOSE_INIT, "aes256-sha256-x25519-ecp256", "1 IKE - E12/256 P5 I12 K19"},
		{IKE_PURPOSE_REKEY, "aes256gcm16-prfsha384-x25519",
		 "1 IKE 1122334455667788 E20/256 P6 K31"},
	};
	struct ike_suite s;

	(void)state;
	for (size_t i = 0; i < COUNT(v); i++) {
		if (taken(v[i].purpose, v[i].own, v[i].answer, &s))
			fail_msg("%s doesn't take %s", v[i].own, v[i].answer);
	}
	assert_int_equal(s.protocol, IKE_PROTO_IKE);
	assert_int_equal(s.encr, IKE_ENCR_AES_GCM_16);
	assert_int_equal(s.encr_bits, 256);
	assert_int_equal(s.prf, IKE_PRF_HMAC_SHA2_384);
	assert_int_equal(s.integ, IKE_INTEG_NONE);
	assert_int_equal(s.group, IKE_GROUP_X25519);
}

static void an_answer_beyond_what_was_offered_is_refused(void **state)
{
	static const struct {
		enum ike_purpose purpose;
		const char *own, *answer;
	} v[] = {
		/* number, protocol, SPI, and how many proposals */
		{IKE_PURPOSE_AUTH, "aes256gcm16", "0 ESP 11223344 E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "2 ESP 11223344 E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16,aes128gcm16", "2 ESP 11223344 E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16",
		 "1 ESP 11223344 E20/256 S0; 1 ESP 11223344 E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 AH 11223344 I12 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 1122334455667788 E20/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 000000ff E20/256 S0"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519",
		 "1 IKE 1122334455667788 E20/256 P6 K31"},
		{IKE_PURPOSE_REKEY, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 K31"},
		/* two of a type */
		{IKE_PURPOSE_AUTH, "aes256gcm16-aes128gcm16", "1 ESP 11223344 E20/256 E20/128 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 S0 S0"},
		/* not offered, not known, not usable */
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/128 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 I12 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 S1"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 K31 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16-x25519", "1 ESP 11223344 E20/256 K31 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 T6.0 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 T255.0 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 P6 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 P0 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256! S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 I0! S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 I0/128 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 E20/256 S0/128"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 K31 S0"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6/384 K31"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 K19"},
		{IKE_PURPOSE_CHILD, "aes256gcm16", "1 ESP 11223344 E20/256 K31 S0"},
		/* left out though it matters */
		{IKE_PURPOSE_AUTH, "aes256gcm16", "1 ESP 11223344 S0"},
		{IKE_PURPOSE_AUTH, "aes128-sha256", "1 ESP 11223344 E12/128 S0"},
		{IKE_PURPOSE_AUTH, "aes128-sha256", "1 ESP 11223344 E12/128 I0 S0"},
		{IKE_PURPOSE_CHILD, "aes256gcm16-x25519", "1 ESP 11223344 E20/256 S0"},
		{IKE_PURPOSE_CHILD, "aes256gcm16-x25519", "1 ESP 11223344 E20/256 K0 S0"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 P6 K0"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE - E20/256 K31"},
		{IKE_PURPOSE_INIT, "aes128-sha256-x25519", "1 IKE - E12/128 P5 K31"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", "1 IKE -"},
	};
	struct ike_suite s;

	(void)state;
	for (size_t i = 0; i < COUNT(v); i++) {
		if (taken(v[i].purpose, v[i].own, v[i].answer, &s) != IKE_N_NO_PROPOSAL_CHOSEN)
			fail_msg("%s takes %s", v[i].own, v[i].answer);
	}
}

/* Not even a configuration that could not have been read leads to a suite that protects less. */
static void nothing_is_chosen_that_lacks_what_a_protocol_needs(void **state)
{
	static const struct {
		enum ike_purpose purpose;
		const char *own;
		uint8_t without;
		const char *both; /* the offer, and the answer to the same of ours */
	} v[] = {
		{IKE_PURPOSE_AUTH, "aes256-sha256", IKE_TRANSFORM_INTEG,
		 "1 ESP 11223344 E12/256 S0"},
		{IKE_PURPOSE_AUTH, "aes256-sha256", IKE_TRANSFORM_INTEG,
		 "1 ESP 11223344 E12/256 I0 S0"},
		{IKE_PURPOSE_AUTH, "aes256-sha256", IKE_TRANSFORM_ENCR, "1 ESP 11223344 I12 S0"},
		{IKE_PURPOSE_AUTH, "aes256gcm16", IKE_TRANSFORM_ENCR, "1 ESP 11223344 S0"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", IKE_TRANSFORM_PRF,
		 "1 IKE - E20/256 K31"},
		{IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519", IKE_TRANSFORM_KE,
		 "1 IKE - E20/256 P6"},
		{IKE_PURPOSE_REKEY, "aes256gcm16-prfsha384-x25519", IKE_TRANSFORM_KE,
		 "1 IKE 1122334455667788 E20/256 P6 K0"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(v); i++) {
		struct ike_proposal own[OWN_MAX];
		uint8_t buf[256];
		struct ike_sa_payload sa;
		struct ike_suite suite;
		uint64_t spi;

		configured(v[i].own, protocol_of(v[i].purpose), own);
		own[0] = ike_proposal_without(&own[0], v[i].without);
		assert_int_equal(ike_parse_sa(octets(v[i].both, buf, sizeof(buf)), &sa), 0);
		assert_int_equal(ike_proposal_select(v[i].purpose, own, 1, &sa, 0, &suite, &spi),
				 IKE_N_NO_PROPOSAL_CHOSEN);
		assert_int_equal(ike_proposal_check_answer(v[i].purpose, own, 1, &sa, &suite, &spi),
				 IKE_N_NO_PROPOSAL_CHOSEN);
	}
}

static void a_suite_is_allowed_by_who_would_have_chosen_it(void **state)
{
	struct ike_proposal own[OWN_MAX];
	struct chosen c = answer_to(IKE_PURPOSE_INIT, "aes256gcm16-prfsha384-x25519",
				    "1 IKE - E20/256 P6 I0 K31", 31);
	static const char *const no[] = {
		"aes128gcm16-prfsha384-x25519", "aes256gcm16-prfsha256-x25519",
		"aes256gcm16-prfsha384-ecp256", "aes256-sha256-prfsha384-x25519"};

	(void)state;
	assert_int_equal(c.err, 0);
	configured("aes128gcm16-aes256gcm16-prfsha256-prfsha384-ecp256-x25519", IKE_PROTO_IKE, own);
	assert_true(ike_proposal_allows(own, &c.suite)); /* the NONE is how the peer puts it */
	for (size_t i = 0; i < COUNT(no); i++) {
		configured(no[i], IKE_PROTO_IKE, own);
		assert_false(ike_proposal_allows(own, &c.suite));
	}
	c = answer_to(IKE_PURPOSE_INIT, "aes128-sha256-x25519", "1 IKE - E12/128 P5 I12 K31", 31);
	configured("aes128-sha512-prfsha256-x25519", IKE_PROTO_IKE, own);
	assert_false(ike_proposal_allows(own, &c.suite));
}

/* Some of the words, in any order. */
static void some_of(struct rng *r, const char *const *words, size_t count, bool at_least_one,
		    char *out)
{
	size_t must = at_least_one ? rng_below(r, count) : count, start = rng_below(r, count);

	for (size_t k = 0; k < count; k++) {
		size_t i = (start + k) % count;

		if (i == must || rng_percent(r, 40)) {
			strcat(out, *out ? "-" : "");
			strcat(out, words[i]);
		}
	}
}

static void random_proposals(struct rng *r, uint8_t protocol, char out[512])
{
	static const char *const aead[] = {"aes128gcm16", "aes256gcm16", "chacha20poly1305"};
	static const char *const cbc[] = {"aes128", "aes192", "aes256"};
	static const char *const hash[] = {"sha256", "sha384", "sha512"};
	static const char *const prf[] = {"prfsha256", "prfsha384", "prfsha512"};
	static const char *const group[] = {"x25519", "ecp256", "modp2048", "modpnone"};

	*out = 0;
	for (uint64_t n = 1 + rng_below(r, 3); n-- > 0;) {
		char one[256] = "";
		bool ike = protocol == IKE_PROTO_IKE;

		if (rng_percent(r, 50)) {
			some_of(r, aead, 3, true, one);
		} else {
			some_of(r, cbc, 3, true, one);
			some_of(r, hash, 3, true, one);
		}
		if (ike)
			some_of(r, prf, 3, true, one);
		some_of(r, group, ike ? 3 : 4, ike, one);
		strcat(out, *out ? "," : "");
		strcat(out, one);
	}
}

static bool same_suite(const struct ike_suite *a, const struct ike_suite *b)
{
	return a->protocol == b->protocol && a->number == b->number && a->types == b->types &&
	       a->encr == b->encr && a->encr_bits == b->encr_bits && a->prf == b->prf &&
	       a->integ == b->integ && a->group == b->group && a->esn == b->esn;
}

/* Two of us always agree on the same, whoever asks and whatever the words. */
static void two_of_us_agree_or_neither_does(void **state)
{
	struct rng r = {seed};
	unsigned agreed = 0, rounds = 20000;

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		enum ike_purpose purpose = (enum ike_purpose)rng_below(&r, 4);
		uint8_t protocol = protocol_of(purpose), buf[4096], answer[512];
		struct ike_proposal own[2][OWN_MAX];
		struct ike_suite suite[2], seen;
		unsigned count[2];
		int err[2];

		for (unsigned i = 0; i < 2; i++) {
			char text[512];

			random_proposals(&r, protocol, text);
			count[i] = configured(text, protocol, own[i]);
		}
		for (unsigned i = 0; i < 2; i++) {
			struct ike_sa_payload sa;
			struct ike_builder b;
			uint64_t spi;

			ike_build_chain(&b, buf, sizeof(buf));
			ike_write_sa(&b, own[i], count[i], own_spi(purpose));
			assert_int_equal(ike_parse_sa(ike_slice(buf + 4, b.w.len - 4), &sa), 0);
			err[i] = ike_proposal_select(purpose, own[1 - i], count[1 - i], &sa, 0,
						     &suite[i], &spi);
			if (err[i])
				continue;
			ike_build_chain(&b, answer, sizeof(answer));
			ike_write_sa_answer(&b, &suite[i], own_spi(purpose));
			assert_int_equal(ike_parse_sa(ike_slice(answer + 4, b.w.len - 4), &sa), 0);
			assert_int_equal(ike_proposal_check_answer(purpose, own[i], count[i], &sa,
								   &seen, &spi),
					 0);
			assert_true(same_suite(&seen, &suite[i]));
		}
		if (err[0] != err[1])
			fail_msg("seed=%llu round %u", (unsigned long long)seed, round);
		agreed += !err[0];
	}
	assert_in_range(agreed, rounds / 10, rounds * 9 / 10);
}

/* The largest configuration there is against the largest offers that a message can hold. */
static void the_cost_of_a_choice_grows_with_the_offer_and_no_faster(void **state)
{
	static const char all[] = "aes128-aes192-aes256-sha256-sha384-sha512-prfsha256-prfsha384-"
				  "prfsha512-modp2048-modp3072-modp4096-ecp256-ecp384-ecp521-"
				  "x25519-x448";
	struct ike_proposal own[OWN_MAX];
	uint8_t buf[IKE_MESSAGE_MAX];

	(void)state;
	for (unsigned i = 0; i < OWN_MAX; i++)
		configured(all, IKE_PROTO_IKE, &own[i]);
	for (unsigned transforms = 0; transforms < 256; transforms += 51) {
		struct ike_writer w = ike_writer(buf, sizeof(buf));
		unsigned size = 8 + 8 * transforms, count = (unsigned)sizeof(buf) / size;
		struct ike_sa_payload sa;
		struct ike_suite suite;
		uint64_t spi;

		for (unsigned i = 0; i < count; i++) {
			ike_put_u32(&w, (i + 1 < count ? 2u << 24 : 0) | size);
			ike_put_u32(&w, 1u << 24 | IKE_PROTO_IKE << 16 | transforms);
			for (unsigned k = 0; k < transforms; k++) {
				ike_put_u32(&w, (k + 1 < transforms ? 3u << 24 : 0) | 8);
				ike_put_u32(&w, IKE_TRANSFORM_KE << 24 | IKE_GROUP_X448);
			}
		}
		assert_int_equal(ike_parse_sa(ike_written(&w), &sa), 0);
		steps = 0;
		assert_int_equal(
			ike_proposal_select(IKE_PURPOSE_INIT, own, OWN_MAX, &sa, 31, &suite, &spi),
			IKE_N_NO_PROPOSAL_CHOSEN);
		assert_true(steps >= OWN_MAX * count);
		assert_true(steps <= OWN_MAX * (1 + count * (2 + (unsigned long)transforms)));
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_mirrors_the_proposal_that_it_accepts),
		cmocka_unit_test(a_proposal_without_esn_means_no_extended_sequence_numbers),
		cmocka_unit_test(extended_sequence_numbers_are_had_where_both_have_them),
		cmocka_unit_test(ah_has_integrity_and_no_encryption),
		cmocka_unit_test(an_aead_goes_without_integrity_and_nothing_else_does),
		cmocka_unit_test(what_is_unknown_costs_its_transform_or_its_proposal),
		cmocka_unit_test(a_proposal_with_the_wrong_protocol_or_spi_is_passed_over),
		cmocka_unit_test(what_both_have_is_chosen_in_our_order),
		cmocka_unit_test(key_exchange_counts_for_nothing_in_ike_auth),
		cmocka_unit_test(a_child_sa_has_the_group_that_both_allow_or_none),
		cmocka_unit_test(offers_of_other_implementations_find_their_suite),
		cmocka_unit_test(answers_are_taken_as_peers_write_them),
		cmocka_unit_test(an_answer_beyond_what_was_offered_is_refused),
		cmocka_unit_test(nothing_is_chosen_that_lacks_what_a_protocol_needs),
		cmocka_unit_test(a_suite_is_allowed_by_who_would_have_chosen_it),
		cmocka_unit_test(two_of_us_agree_or_neither_does),
		cmocka_unit_test(the_cost_of_a_choice_grows_with_the_offer_and_no_faster),
	};
	bool given;
	int failed;

	seed = seed_of(argc, argv, 7296, &given);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "# seed=%llu\n", (unsigned long long)seed);
	return failed;
}
