/* SPDX-License-Identifier: BSD-2-Clause */
/* Private keys in tokens (PKCS#11), which SoftHSM makes: they sign there, and what is wrong is
 * said. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/trust/signature.h"
#include "tests/trust/party.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define TOKEN "token { module = " MODULE "\n handle = %02x\n pin = %s\n %s }"

enum { KINDS = 3, SIGNERS = 4, SIGNATURES = 20 };

static const char *const curves[KINDS] = {"RSA", "P-256", "P-384"};
static struct party us[KINDS], other;
static char slot[32]; /* that the token is in */

static void run(const char *command, ...)
{
	char text[512];
	va_list args;

	va_start(args, command);
	vsnprintf(text, sizeof(text), command, args);
	va_end(args);
	assert_int_equal(system(text), 0);
}

/* SoftHSM gives a slot the number that its token has. */
static void find_slot(void)
{
	char line[256];
	FILE *f;

	run("softhsm2-util --show-slots >%s/slots", folder);
	snprintf(line, sizeof(line), "%s/slots", folder);
	f = fopen(line, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned long number;

		if (sscanf(line, "Slot %lu", &number) == 1)
			snprintf(slot, sizeof(slot), "slot = %lu", number);
		else if (strstr(line, "Label:") && strstr(line, "one"))
			break;
	}
	fclose(f);
}

/* In the token "one" of two. */
static int begin(void **state)
{
	FILE *f;
	char path[256];

	(void)state;
	folder_begin();
	f = create("softhsm.conf");
	fprintf(f,
		"directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
		folder);
	fclose(f);
	run("mkdir %s/tokens", folder);
	snprintf(path, sizeof(path), "%s/softhsm.conf", folder);
	setenv("SOFTHSM2_CONF", path, 1);
	run("softhsm2-util --init-token --free --label one --so-pin 87654321 --pin 1234 >%s/said",
	    folder);
	run("softhsm2-util --init-token --free --label two --so-pin 87654321 --pin 9999 >%s/said",
	    folder);
	find_slot();
	for (unsigned i = 0; i < KINDS; i++) {
		us[i] = make(&(struct kind){.alt = "DNS:a.example.org", .curve = curves[i]}, NULL);
		write_key("key.pem", &us[i], NULL);
		run("softhsm2-util --import %s/key.pem --token one --label ours --id %02x --pin "
		    "1234 "
		    ">%s/said && rm %s/key.pem",
		    folder, i + 1, folder, folder);
	}
	other = make(&(struct kind){.alt = "DNS:b.example.org"}, NULL);
	write_cert("x509ca/b.pem", &other);
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KINDS; i++)
		party_free(&us[i]);
	party_free(&other);
	return folder_end();
}

static struct trust *load_key(unsigned kind, const char *auth)
{
	char local[128], secrets[512];

	snprintf(local, sizeof(local), "auth = %s\ncerts = a.pem\nid = a.example.org", auth);
	snprintf(secrets, sizeof(secrets), TOKEN, kind + 1, "1234", slot);
	write_cert("x509/a.pem", &us[kind]);
	return load(local, "auth = pubkey", secrets);
}

/* By a signature job as IKE_AUTH has it. NULL: what the key signs holds. */
static const char *signs(const struct trust *trust, unsigned kind, uint16_t hashes)
{
	struct ike_job job = {.type = IKE_JOB_SIGN};
	const char *wrong = "it signs nothing";

	strcpy(job.sign.connection, "gw");
	job.sign.hashes = hashes;
	ike_buffer_set(&job.sign.octets, ike_slice("octets", 6));
	trust_run(trust, NULL, &job);
	if (!job.error)
		wrong = trust_verify(us[kind].key, &(struct conf_auth){.pubkey = true}, hashes,
				     ike_slice("octets", 6), job.sign.method,
				     ike_buffer_slice(&job.sign.data));
	ike_buffer_free(&job.sign.octets);
	ike_buffer_free(&job.sign.data);
	return wrong;
}

static void a_key_signs_in_its_token(void **state)
{
	static const struct {
		unsigned kind;
		const char *auth;
		uint16_t hashes;
	} cases[] = {
		{0, "pubkey", ALL},
		{0, "pubkey", 0},
		{0, "rsa-sha384", ALL},
		{0, "rsa/pss-sha256", ALL},
		{0, "rsa/pss-sha384", ALL},
		{1, "pubkey", ALL},
		{1, "ecdsa", 0},
		{2, "ecdsa-sha384", ALL},
		{2, "pubkey", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trust *trust = load_key(cases[i].kind, cases[i].auth);
		const char *wrong = signs(trust, cases[i].kind, cases[i].hashes);

		if (wrong)
			fail_msg("%s: %s", cases[i].auth, wrong);
		trust_release(trust);
	}
}

/* A configuration that is read anew holds it beside the one before. */
static void two_configurations_hold_it_at_once(void **state)
{
	struct trust *before = load_key(0, "pubkey"), *after;

	(void)state;
	after = load_key(1, "pubkey");
	assert_null(signs(before, 0, ALL));
	trust_release(before);
	assert_null(signs(after, 1, ALL));
	before = load_key(2, "pubkey");
	trust_release(after);
	assert_null(signs(before, 2, ALL));
	trust_release(before);
}

struct signer {
	pthread_t thread;
	const struct trust *trust;
	const char *wrong;
};

static void *sign_again_and_again(void *context)
{
	struct signer *signer = context;

	for (unsigned i = 0; !signer->wrong && i < SIGNATURES; i++)
		signer->wrong = signs(signer->trust, 1, ALL);
	return NULL;
}

static void it_signs_for_several_at_once(void **state)
{
	struct trust *trust = load_key(1, "pubkey");
	struct signer signers[SIGNERS];

	(void)state;
	for (unsigned i = 0; i < SIGNERS; i++) {
		signers[i] = (struct signer){.trust = trust};
		assert_int_equal(
			pthread_create(&signers[i].thread, NULL, sign_again_and_again, &signers[i]),
			0);
	}
	for (unsigned i = 0; i < SIGNERS; i++) {
		pthread_join(signers[i].thread, NULL);
		assert_null(signers[i].wrong);
	}
	trust_release(trust);
}

static void not_loaded(const char *secrets, const char *why)
{
	refused("auth = pubkey\ncerts = a.pem\nid = a.example.org", "auth = pubkey", secrets, why);
}

/* Before there is a key of its module, which stays then. */
static void what_is_wrong_is_said(void **state)
{
	char secrets[512];

	(void)state;
	write_cert("x509/a.pem", &us[0]);
	snprintf(secrets, sizeof(secrets), TOKEN, 1, "4321", slot);
	not_loaded(secrets, "secrets.token: its token doesn't let us in: PIN incorrect");
	snprintf(secrets, sizeof(secrets), TOKEN, 1, "1234", "");
	not_loaded(secrets, "there are 2 tokens: which one is it (slot)?");
	snprintf(secrets, sizeof(secrets), TOKEN, 1, "1234", "slot = 5");
	not_loaded(secrets, "secrets.token: there is no token in this slot");
	snprintf(secrets, sizeof(secrets), TOKEN, 9, "1234", slot);
	not_loaded(secrets, "secrets.token: its token has no private key of this handle");
	not_loaded("token { module = /nowhere.so\n handle = 01 }",
		   "secrets.token: its module can't be loaded");
	/* It is there, and isn't the certificate's. */
	snprintf(secrets, sizeof(secrets), TOKEN, 2, "1234", slot);
	not_loaded(secrets, "a.pem: there is no private key for it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_key_signs_in_its_token),
		cmocka_unit_test(two_configurations_hold_it_at_once),
		cmocka_unit_test(it_signs_for_several_at_once),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
