/* SPDX-License-Identifier: BSD-2-Clause */
/* Public keys without a certificate (RFC 7670): who signs with one, and whose is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/trust/signature.h"
#include "tests/trust/party.h"

static const char own[] = "auth = pubkey\npubkeys = a.pem\nid = a.example.org",
		  theirs[] = "auth = pubkey\npubkeys = b.pem, b2.pem\nid = b.example.org";

static struct party us, them, next, other;

static int begin(void **state)
{
	static const struct kind plain = {.alt = "DNS:b.example.org"};

	(void)state;
	folder_begin();
	us = make(&plain, NULL);
	them = make(&plain, NULL);
	next = make(&(struct kind){.alt = "DNS:b.example.org", .curve = "P-384"}, NULL);
	other = make(&plain, NULL);
	write_public_key("pubkey/a.pem", &us);
	write_key("private/a.pem", &us, NULL);
	write_public_key("pubkey/b.pem", &them);
	write_public_key("pubkey/b2.pem", &next);
	return 0;
}

static int end(void **state)
{
	(void)state;
	party_free(&us);
	party_free(&them);
	party_free(&next);
	party_free(&other);
	return folder_end();
}

/* What is said of one that signs with this key and sends that one's (NULL: none); empty: believed.
 */
static const char *verdict(const struct trust *trust, const struct party *peer,
			   const struct party *sent, const char *id)
{
	return judged(trust, peer, &(struct sent){.raw_key = sent}, id);
}

static void whoever_has_one_of_the_keys_is_believed(void **state)
{
	struct trust *trust = load(own, theirs, "");

	(void)state;
	assert_true(trust_asks_raw(trust, "gw") && trust_any_asks_raw(trust));
	assert_int_equal(trust_authorities(trust, "gw").len, 0);
	assert_string_equal(verdict(trust, &them, &them, "b.example.org"), "");
	assert_string_equal(verdict(trust, &next, &next, "b.example.org"), "");
	/* Peers need not send it. */
	assert_string_equal(verdict(trust, &them, NULL, "b.example.org"), "");
	assert_string_equal(verdict(trust, &next, NULL, "b.example.org"), "");
	trust_release(trust);
}

static void nobody_else_is(void **state)
{
	struct trust *trust = load(own, theirs, "");

	(void)state;
	assert_string_equal(verdict(trust, &other, &other, "b.example.org"),
			    "its public key isn't one of remote.pubkeys");
	assert_string_not_equal(verdict(trust, &other, NULL, "b.example.org"), "");
	/* With a key that isn't its own. */
	assert_string_not_equal(verdict(trust, &other, &them, "b.example.org"), "");
	assert_string_not_equal(verdict(trust, &next, &them, "b.example.org"), "");
	/* As somebody else. */
	assert_string_equal(verdict(trust, &them, &them, "c.example.org"),
			    "remote.pubkeys are of another identity");
	trust_release(trust);
}

/* What a peer gets that has asked so. */
static struct ike_sign_job answer(const struct trust *trust, enum ike_send_cert send,
				  bool certs_asked, bool raw_asked)
{
	struct ike_job job = {.type = IKE_JOB_SIGN};

	strcpy(job.sign.connection, "gw");
	job.sign.hashes = ALL;
	job.sign.send = send;
	job.sign.certs_asked = certs_asked;
	job.sign.raw_asked = raw_asked;
	ike_buffer_set(&job.sign.octets, ike_slice("octets", 6));
	trust_run(trust, NULL, &job);
	assert_int_equal(job.error, 0);
	assert_null(trust_verify(us.key, &(struct conf_auth){.pubkey = true}, ALL,
				 ike_slice("octets", 6), job.sign.method,
				 ike_buffer_slice(&job.sign.data)));
	ike_buffer_free(&job.sign.octets);
	ike_buffer_free(&job.sign.data);
	return job.sign;
}

static void our_key_is_sent_to_who_asks(void **state)
{
	struct ike_buffer expected = public_key_of(&us);

	(void)state;
	write_cert("x509/a.pem", &us);
	for (unsigned way = 0; way < 16; way++) {
		const bool certs_asked = way & 1, raw_asked = way & 2, certified = way & 4;
		const enum ike_send_cert send =
			way & 8 ? IKE_SEND_CERT_ALWAYS : IKE_SEND_CERT_IF_ASKED;
		struct trust *trust =
			load(certified ? "auth = pubkey\ncerts = a.pem\npubkeys = a.pem" : own,
			     theirs, "");
		struct ike_sign_job got = answer(trust, send, certs_asked, raw_asked);
		const bool raw = !certified || (raw_asked && !certs_asked);

		if (raw && ike_sign_job_sends(&got, raw_asked))
			assert_true(ike_slice_equal(ike_buffer_slice(&got.raw_key),
						    ike_buffer_slice(&expected)));
		else
			assert_int_equal(got.raw_key.len, 0);
		assert_int_equal(got.certs.len > 0,
				 !raw && (certs_asked || send == IKE_SEND_CERT_ALWAYS));
		ike_buffer_free(&got.raw_key);
		ike_buffer_free(&got.certs);
		trust_release(trust);
	}
	ike_buffer_free(&expected);
}

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	fclose(create("pubkey/empty.pem"));
	write_public_key("pubkey/lost.pem", &other);
	refused("auth = pubkey\npubkeys = lost.pem", theirs, "",
		"lost.pem: there is no private key for it");
	refused("auth = pubkey\npubkeys = none.pem", theirs, "", "none.pem: No such file");
	refused(own, "auth = pubkey\npubkeys = empty.pem\nid = b", "",
		"empty.pem: it holds no public key in PEM or DER");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_has_one_of_the_keys_is_believed),
		cmocka_unit_test(nobody_else_is),
		cmocka_unit_test(our_key_is_sent_to_who_asks),
		cmocka_unit_test(what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
