/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates that are revoked, as lists in x509crl say, and what each word of `revocation` asks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "tests/trust/party.h"

static const char own[] = "auth = pubkey\ncerts = a.pem\nid = a.example.org";
static const char ca[] = "critical,CA:TRUE", signs_certs[] = "critical,keyCertSign,cRLSign";

/* An authority, one below it, and hosts of that: one that says nothing of lists, one that says
 * where they are, one that names OCSP. */
static struct party root, between, self, hosts[3];

static int begin(void **state)
{
	static const struct kind kinds[3] = {
		{.alt = "DNS:b.example.org"},
		{.alt = "DNS:b.example.org", .crl = "URI:http://crl.example.org/"},
		{.alt = "DNS:b.example.org", .info = "OCSP;URI:http://ocsp.example.org/"},
	};

	(void)state;
	folder_begin();
	root = make(&(struct kind){.name = "root", .basic = ca, .usage = signs_certs}, NULL);
	between = make(&(struct kind){.name = "between", .basic = ca, .usage = signs_certs}, &root);
	self = make(&(struct kind){.name = "a", .alt = "DNS:a.example.org"}, &root);
	for (unsigned i = 0; i < 3; i++)
		hosts[i] = make(&kinds[i], &between);
	write_cert("x509ca/root.pem", &root);
	write_cert("x509/a.pem", &self);
	write_key("private/a.pem", &self, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	party_free(&root);
	party_free(&between);
	party_free(&self);
	for (unsigned i = 0; i < 3; i++)
		party_free(&hosts[i]);
	return folder_end();
}

/* Of this authority, from and to so many seconds from now; revoked NULL: nobody is. */
static void write_list(const char *name, const struct party *by, const struct party *revoked,
		       long from, long to, const struct party *signer)
{
	X509_CRL *crl = make_list(by, revoked, from, to, signer);
	FILE *f = create(name);

	assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
	fclose(f);
	X509_CRL_free(crl);
}

static void remove_lists(void)
{
	static const char *const names[] = {"root", "between"};
	char path[256];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/x509crl/%s.crl", folder, names[i]);
		unlink(path);
	}
}

/* What is said of a host that is to be asked for so; empty: it is believed. */
static const char *verdict(const char *revocation, const struct party *host, bool forged)
{
	const struct party *chain[] = {host, &between};
	const struct sent sent = {.chain = chain, .count = 2};
	struct trust *trust;
	char remote[128];
	const char *why;

	snprintf(remote, sizeof(remote), "auth = pubkey\nrevocation = %s", revocation);
	trust = load(own, remote, "");
	why = judged(trust, forged ? &self : host, &sent, "b.example.org");
	trust_release(trust);
	return why;
}

enum list { NONE, GOOD, OLD };

static void write_of(enum list list, const char *name, const struct party *by,
		     const struct party *revoked)
{
	if (list != NONE)
		write_list(name, by, revoked, list == OLD ? -2 * DAY : -60,
			   list == OLD ? -DAY : DAY, by);
}

/* Of the lists of both authorities. */
static void each_word_asks_for_what_it_says(void **state)
{
	static const char *const words[] = {"relaxed", "ifuri", "strict"};

	(void)state;
	for (unsigned way = 0; way < 3 * 3 * 3 * 3; way++) {
		const unsigned word = way % 3, host = way / 3 % 3;
		const enum list upper = way / 9 % 3, lower = way / 27 % 3;
		/* The one between says nothing of lists itself. */
		const bool known = lower == GOOD && upper == GOOD,
			   expected = word == 0 || (word == 1 && (!host || lower == GOOD)) || known;
		const char *why;

		remove_lists();
		write_of(upper, "x509crl/root.crl", &root, NULL);
		write_of(lower, "x509crl/between.crl", &between, NULL);
		why = verdict(words[word], &hosts[host], false);
		if (expected != !*why)
			fail_msg("%s of host %u, lists %u and %u: \"%s\"", words[word], host, upper,
				 lower, why);
	}
	remove_lists();
}

/* As soon as one list says so, however old. */
static void whoever_is_revoked_is_refused_whatever_is_asked(void **state)
{
	static const char *const words[] = {"relaxed", "ifuri", "strict"};

	(void)state;
	for (unsigned way = 0; way < 3 * 2 * 2; way++) {
		const char *word = words[way % 3];
		const enum list list = way / 3 % 2 ? OLD : GOOD;
		const bool authority = way / 6;

		remove_lists();
		write_of(authority ? list : GOOD, "x509crl/root.crl", &root,
			 authority ? &between : NULL);
		write_of(authority ? GOOD : list, "x509crl/between.crl", &between,
			 authority ? NULL : &hosts[0]);
		assert_non_null(strstr(verdict(word, &hosts[0], false), "certificate revoked"));
		/* Others aren't, if it isn't their authority. */
		if (!authority && way % 3 == 0)
			assert_string_equal(verdict(word, &hosts[1], false), "");
	}
	remove_lists();
}

/* Only an authority's own list says anything of its certificates. */
static void nobody_else_can_say_so(void **state)
{
	(void)state;
	write_list("x509crl/root.crl", &root, &hosts[0], -60, DAY, &root);
	assert_string_equal(verdict("relaxed", &hosts[0], false), "");
	remove_lists();
	write_list("x509crl/between.crl", &between, &hosts[0], -60, DAY, &root);
	assert_non_null(strstr(verdict("relaxed", &hosts[0], false), "CRL signature failure"));
	remove_lists();
}

/* Lists are looked into for whoever has the certificate's key alone. */
static void who_has_no_key_is_told_nothing_of_lists(void **state)
{
	(void)state;
	write_list("x509crl/between.crl", &between, &hosts[0], -60, DAY, &between);
	assert_null(strstr(verdict("relaxed", &hosts[0], true), "revoked"));
	assert_string_not_equal(verdict("relaxed", &hosts[0], true), "");
	remove_lists();
}

static void nobody_asks_about_the_authority_that_is_trusted(void **state)
{
	static const char word[] = "strict\ncacerts = ../between.pem";

	(void)state;
	write_cert("between.pem", &between);
	assert_non_null(strstr(verdict(word, &hosts[0], false), "CRL"));
	write_list("x509crl/between.crl", &between, NULL, -60, DAY, &between);
	assert_string_equal(verdict(word, &hosts[0], false), "");
	remove_lists();
}

static void what_is_no_list_is_said(void **state)
{
	(void)state;
	fclose(create("x509crl/root.crl"));
	refused(own, "auth = pubkey", "", "root.crl: it holds no CRL in PEM or DER");
	remove_lists();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_asks_for_what_it_says),
		cmocka_unit_test(whoever_is_revoked_is_refused_whatever_is_asked),
		cmocka_unit_test(nobody_else_can_say_so),
		cmocka_unit_test(who_has_no_key_is_told_nothing_of_lists),
		cmocka_unit_test(nobody_asks_about_the_authority_that_is_trusted),
		cmocka_unit_test(what_is_no_list_is_said),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
