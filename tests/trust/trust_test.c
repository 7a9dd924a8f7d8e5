/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom we trust: files that a configuration names, and certificates of all kinds that a peer may
 * send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/rand.h>

#include "host/trust/signature.h"
#include "tests/trust/party.h"

static struct party root, good, self;

static const char ca[] = "critical,CA:TRUE", signs_certs[] = "critical,keyCertSign,cRLSign";

static int begin(void **state)
{
	(void)state;
	folder_begin();
	root = make(&(struct kind){.name = "root", .basic = ca, .usage = signs_certs}, NULL);
	good = make(&(struct kind){.alt = "DNS:b.example.org,IP:192.0.2.2,email:b@example.org",
				   .usage = "critical,digitalSignature"},
		    &root);
	self = make(&(struct kind){.name = "a", .alt = "DNS:a.example.org"}, &root);
	write_cert("x509ca/root.pem", &root);
	write_cert("x509/a.pem", &self);
	write_key("private/a.pem", &self, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	party_free(&root);
	party_free(&good);
	party_free(&self);
	return folder_end();
}

static const char own[] = "auth = pubkey\ncerts = a.pem\nid = a.example.org",
		  theirs[] = "auth = pubkey";

/* What is said of a peer that signs with that key, sends these certificates, and says that it is
 * `id`; empty: it is believed. */
static const char *verdict(const struct trust *trust, const struct party *peer,
			   const struct party *const *chain, unsigned count, const char *id)
{
	return judged(trust, peer, &(struct sent){.chain = chain, .count = count}, id);
}

static const char *verdict_on(const struct trust *trust, const struct party *peer, const char *id)
{
	return verdict(trust, peer, &peer, 1, id);
}

static void who_is_named_in_a_certificate_is_believed(void **state)
{
	static const char *const right[] = {"b.example.org", "B.Example.Org", "192.0.2.2",
					    "b@example.org", "CN=b"};
	static const char *const others[] = {
		"c.example.org",   "example.org", "192.0.2.3", "b",
		"@@b.example.org", "CN=c",	  "CN=*",      "keyid:b.example.org",
		"x.b.example.org"};
	struct trust *trust = load(own, theirs, "");
	struct party star;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_string_equal(verdict_on(trust, &good, right[i]), "");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_non_null(strstr(verdict_on(trust, &good, others[i]), "for another one"));
	trust_release(trust);
	/* A * in a certificate is a name like others. */
	trust = load(own, theirs, "");
	star = make(&(struct kind){.name = "*", .alt = "DNS:*.example.org"}, &root);
	assert_string_equal(verdict_on(trust, &star, "{9}:#300c310a300806035504030c012a"), "");
	assert_non_null(strstr(verdict_on(trust, &star, "CN=b"), "for another one"));
	assert_non_null(strstr(verdict_on(trust, &star, "b.example.org"), "for another one"));
	party_free(&star);
	trust_release(trust);
}

static void whoever_has_the_certificate_but_not_the_key_is_refused(void **state)
{
	const struct party thief = {.cert = good.cert, .key = self.key};
	struct trust *trust = load(own, theirs, "");

	(void)state;
	assert_string_equal(verdict_on(trust, &thief, "b.example.org"), "the signature is wrong");
	trust_release(trust);
}

static void a_certificate_is_for_ike_and_for_now(void **state)
{
	static const struct {
		struct kind kind;
		const char *why;
	} cases[] = {
		{{.eku = "codeSigning"}, "extended key usage isn't IKE"},
		{{.eku = "critical,1.3.6.1.5.5.7.3.17"}, ""},
		{{.eku = "serverAuth"}, ""},
		{{.eku = "codeSigning,anyExtendedKeyUsage"}, ""},
		{{.usage = "critical,keyEncipherment"}, "key usage isn't signatures"},
		{{.usage = "nonRepudiation"}, ""},
		{{.from = -2 * DAY, .to = -DAY}, "has expired"},
		{{.from = DAY}, "isn't valid yet"},
		{{.curve = "secp256k1"}, "another curve"},
	};
	struct trust *trust = load(own, theirs, "");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kind kind = cases[i].kind;
		struct party p;
		const char *said;

		kind.alt = "DNS:b.example.org";
		p = make(&kind, &root);
		said = verdict_on(trust, &p, "b.example.org");
		if (*cases[i].why ? !strstr(said, cases[i].why) : *said)
			fail_msg("case %zu: \"%s\", not \"%s\"", i, said, cases[i].why);
		party_free(&p);
	}
	trust_release(trust);
}

static void only_authorities_speak_for_others(void **state)
{
	static const struct kind leaf = {.alt = "DNS:b.example.org"};
	struct kind named = {.name = "root", .basic = ca, .usage = signs_certs};
	struct party forged = make(&named, NULL), between, host;
	struct trust *trust = load(own, theirs, "");

	(void)state;
	/* another authority of the same name, itself sent along */
	host = make(&leaf, &forged);
	assert_non_null(strstr(
		verdict(trust, &host, (const struct party *[]){&host, &forged}, 2, "b.example.org"),
		"isn't trusted"));
	party_free(&host);
	party_free(&forged);
	/* one that was signed by a host's key */
	host = make(&leaf, &good);
	assert_non_null(strstr(
		verdict(trust, &host, (const struct party *[]){&host, &good}, 2, "b.example.org"),
		"isn't trusted"));
	party_free(&host);
	/* an intermediate one that may speak for names below example.net alone */
	named = (struct kind){.name = "between",
			      .basic = ca,
			      .usage = signs_certs,
			      .extra = "critical,permitted;DNS:example.net"};
	between = make(&named, &root);
	host = make(&leaf, &between);
	assert_non_null(strstr(verdict(trust, &host, (const struct party *[]){&host, &between}, 2,
				       "b.example.org"),
			       "permitted subtree"));
	party_free(&host);
	party_free(&between);
	/* no more authorities below it */
	named = (struct kind){
		.name = "last", .basic = "critical,CA:TRUE,pathlen:0", .usage = signs_certs};
	forged = make(&named, &root);
	named = (struct kind){.name = "below", .basic = ca, .usage = signs_certs};
	between = make(&named, &forged);
	host = make(&leaf, &between);
	assert_non_null(
		strstr(verdict(trust, &host, (const struct party *[]){&host, &between, &forged}, 3,
			       "b.example.org"),
		       "path length"));
	party_free(&host);
	host = make(&leaf, &forged);
	assert_string_equal(
		verdict(trust, &host, (const struct party *[]){&host, &forged}, 2, "b.example.org"),
		"");
	/* the way there is missing */
	assert_non_null(strstr(verdict_on(trust, &host, "b.example.org"), "isn't trusted"));
	party_free(&host);
	party_free(&between);
	party_free(&forged);
	trust_release(trust);
}

static void long_chains_and_noise_are_refused(void **state)
{
	const struct party *many[IKE_CERTS_MAX + 1];
	struct trust *trust = load(own, theirs, "");
	struct ike_job job = {.type = IKE_JOB_VERIFY};
	static uint8_t noise[3000];
	unsigned char *at = noise + 2;
	int len;

	(void)state;
	for (unsigned i = 0; i <= IKE_CERTS_MAX; i++)
		many[i] = &good;
	assert_string_equal(verdict(trust, &good, many, IKE_CERTS_MAX, "b.example.org"), "");
	assert_string_equal(verdict(trust, &good, many, IKE_CERTS_MAX + 1, "b.example.org"),
			    "it sends more than 8 certificates");
	assert_string_equal(verdict(trust, &good, many, 0, "b.example.org"),
			    "it sends no certificate");
	strcpy(job.verify.connection, "gw");
	len = i2d_X509(good.cert, &at);
	noise[0] = (uint8_t)((len + 1) >> 8); /* one with an octet behind it */
	noise[1] = (uint8_t)(len + 1);
	ike_buffer_set(&job.verify.certs, ike_slice(noise, (size_t)len + 3));
	trust_run(trust, NULL, &job);
	assert_string_equal(job.reason, "it sends a certificate that is malformed");
	for (unsigned i = 0; i < 200; i++) {
		RAND_bytes(noise, sizeof(noise));
		noise[0] = 0;
		ike_buffer_set(&job.verify.certs, ike_slice(noise, 2 + i));
		trust_run(trust, NULL, &job);
		assert_true(job.error);
	}
	ike_buffer_free(&job.verify.certs);
	strcpy(job.verify.connection, "");
	trust_run(trust, NULL, &job);
	assert_true(job.error);
	trust_release(trust);
}

/* A certificate with any bit changed is not the one that was signed. */
static void a_certificate_is_taken_only_as_it_is(void **state)
{
	struct trust *trust = load(own, theirs, "");
	unsigned char *der = NULL;
	int len = i2d_X509(good.cert, &der);

	(void)state;
	for (int i = 0; i < len; i++) {
		const unsigned char *at = der;
		struct party p = {.key = good.key};

		der[i] ^= (unsigned char)(1 << i % 8);
		p.cert = d2i_X509(NULL, &at, len);
		if (p.cert && X509_get0_pubkey(p.cert) && !*verdict_on(trust, &p, "b.example.org"))
			fail_msg("with octet %d changed it is believed", i);
		X509_free(p.cert);
		der[i] ^= (unsigned char)(1 << i % 8);
	}
	OPENSSL_free(der);
	trust_release(trust);
}

static void what_is_named_is_all_that_is_trusted(void **state)
{
	struct kind named = {.name = "other", .basic = ca, .usage = signs_certs};
	struct party other = make(&named, NULL), host;
	struct trust *trust;

	(void)state;
	host = make(&(struct kind){.alt = "DNS:b.example.org"}, &other);
	write_cert("other.pem", &other);
	write_cert("x509/host.pem", &host);
	trust = load(own, "auth = pubkey\ncacerts = ../other.pem", "");
	assert_string_equal(verdict_on(trust, &host, "b.example.org"), "");
	assert_non_null(strstr(verdict_on(trust, &good, "b.example.org"), "isn't trusted"));
	trust_release(trust);
	/* its very certificate, sent or not */
	trust = load(own, "auth = pubkey\ncerts = host.pem", "");
	assert_string_equal(verdict_on(trust, &host, "b.example.org"), "");
	assert_string_equal(verdict(trust, &host, NULL, 0, "b.example.org"), "");
	assert_non_null(strstr(verdict_on(trust, &good, "b.example.org"), "remote.certs"));
	trust_release(trust);
	party_free(&host);
	party_free(&other);
}

static void what_is_wrong_with_files_is_said(void **state)
{
	FILE *f = create("x509/text.pem");

	(void)state;
	fputs("no certificate\n", f);
	fclose(f);
	write_cert("x509/b.pem", &good);
	refused("auth = pubkey\ncerts = none.pem", theirs, "",
		"t.conf:9: connections.gw.local.certs: ");
	refused("auth = pubkey\ncerts = none.pem", theirs, "", "none.pem: No such file");
	refused("auth = pubkey\ncerts = text.pem", theirs, "",
		"text.pem: it holds no certificate in PEM or DER");
	refused("auth = pubkey\ncerts = b.pem", theirs, "",
		"b.pem: there is no private key for it");
	refused("auth = pubkey\ncerts = a.pem\nid = c.example.org", theirs, "",
		"local.id is neither its subject nor a subjectAltName");
	refused(own, "auth = pubkey\ncacerts = none.pem", "", "connections.gw.remote.cacerts: ");
	write_key("locked.pem", &good, "open sesame");
	refused(own, theirs, "private-b {\nfile = /none.pem\n}",
		"secrets.private-b.file: /none.pem");
}

static void an_encrypted_key_needs_its_passphrase(void **state)
{
	char secrets[512];
	struct trust *trust;

	(void)state;
	write_key("locked.pem", &good, "open sesame");
	write_cert("x509/b.pem", &good);
	snprintf(secrets, sizeof(secrets), "private-b {\nfile = %s/locked.pem\nsecret = open\n}",
		 folder);
	refused(own, theirs, secrets, "locked.pem: its passphrase (secret) is wrong");
	snprintf(secrets, sizeof(secrets), "private-b {\nfile = %s/locked.pem\n}", folder);
	refused(own, theirs, secrets, "locked.pem: it is encrypted, and there is no secret for it");
	snprintf(secrets, sizeof(secrets),
		 "private-b {\nfile = %s/locked.pem\nsecret = open sesame\n}", folder);
	trust = load("auth = pubkey\ncerts = b.pem", theirs, secrets);
	trust_release(trust);
}

/* Our own signature, with what the peer lacks. */
static void we_send_what_leads_to_an_authority_of_the_peer(void **state)
{
	struct trust *trust = load(own, theirs, "");
	struct ike_slice known = trust_authorities(trust, "gw");
	struct ike_job job = {.type = IKE_JOB_SIGN};

	(void)state;
	assert_int_equal(known.len, IKE_AUTHORITY_LEN);
	assert_true(ike_slice_equal(known, trust_all_authorities(trust)));
	strcpy(job.sign.connection, "gw");
	job.sign.hashes = ALL;
	job.sign.certs_asked = true;
	ike_buffer_set(&job.sign.authorities, known);
	ike_buffer_set(&job.sign.octets, ike_slice("octets", 6));
	trust_run(trust, NULL, &job);
	assert_int_equal(job.error, 0);
	assert_int_equal(job.sign.method, IKE_AUTH_SIGNATURE);
	assert_int_equal(job.sign.certs.len, 2 + i2d_X509(self.cert, NULL));
	assert_null(trust_verify(self.key, &(struct conf_auth){.pubkey = true}, ALL,
				 ike_slice("octets", 6), job.sign.method,
				 ike_buffer_slice(&job.sign.data)));
	ike_buffer_free(&job.sign.authorities);
	ike_buffer_free(&job.sign.octets);
	ike_buffer_free(&job.sign.data);
	ike_buffer_free(&job.sign.certs);
	trust_release(trust);
}

static void count(void *context, const char *path, time_t at)
{
	(void)path;
	(void)at;
	++*(unsigned *)context;
}

static void what_expires_is_told_ahead(void **state)
{
	struct trust *trust = load(own, theirs, "");
	unsigned soon = 0, later = 0;

	(void)state;
	trust_expiring(trust, time(NULL) + 29 * DAY, count, &soon);
	trust_expiring(trust, time(NULL) + 31 * DAY, count, &later);
	assert_int_equal(soon, 0);
	assert_int_equal(later, 2);
	trust_release(trust);
}

/* Who says no identity is the subject of the certificate. */
static void who_we_are_says_the_certificate(void **state)
{
	struct conf *conf = read_conf("auth = pubkey\ncerts = a.pem", theirs, "");
	struct conf_error error = {""};
	struct trust *trust = NULL;
	char text[IKE_ID_TEXT];

	(void)state;
	assert_int_equal(trust_load(conf, &trust, &error), 0);
	ike_id_text(&conf->connections[0].local_id, text, sizeof(text));
	assert_string_equal(text, "CN=a");
	trust_release(trust);
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_named_in_a_certificate_is_believed),
		cmocka_unit_test(whoever_has_the_certificate_but_not_the_key_is_refused),
		cmocka_unit_test(a_certificate_is_for_ike_and_for_now),
		cmocka_unit_test(only_authorities_speak_for_others),
		cmocka_unit_test(long_chains_and_noise_are_refused),
		cmocka_unit_test(a_certificate_is_taken_only_as_it_is),
		cmocka_unit_test(what_is_named_is_all_that_is_trusted),
		cmocka_unit_test(what_is_wrong_with_files_is_said),
		cmocka_unit_test(an_encrypted_key_needs_its_passphrase),
		cmocka_unit_test(we_send_what_leads_to_an_authority_of_the_peer),
		cmocka_unit_test(what_expires_is_told_ahead),
		cmocka_unit_test(who_we_are_says_the_certificate),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
