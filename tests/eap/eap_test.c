/* SPDX-License-Identifier: BSD-2-Clause */
/* Both ends of EAP as a configuration makes them, face to face: who comes in, as whom, and who
 * doesn't. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "host/eap/account.h"
#include "host/eap/eap.h"
#include "host/eap/method.h"
#include "host/eap/totp.h"
#include "tests/conf/text.h"

static const char server_text[] = "raveld { backend = soft\n wire = veth0 }\n"
				  "connections { gw { local { auth = psk\n id = gw }\n remote { %s "
				  "}\n children { net { } } } }\n"
				  "secrets {\n%s\n}\n";

static const char client_text[] =
	"raveld { backend = soft\n wire = veth0 }\n"
	"connections { gw { local { %s }\n remote { auth = psk }\n children { net { } } } }\n"
	"secrets {\n%s\n}\n";

static const char users[] = "eap-bob { id = bob\n secret = opensesame }\n"
			    "eap-two { id-a = carol@example.org\n id-b = \"EXAMPLE\\\\dave\"\n "
			    "secret = \"p\xc3\xa4ss w\xf0\x9f\x94\x91rd\" }";

static time_t now = 1700000000;

time_t __wrap_time(time_t *out);
time_t __wrap_time(time_t *out)
{
	if (out)
		*out = now;
	return now;
}

static struct eap *load_after(const struct eap *before, const char *text, const char *auth,
			      const char *secrets)
{
	struct conf *conf = conf_of(text, auth, secrets);
	struct conf_error error = {""};
	struct eap *eap = NULL;

	if (eap_load(conf, NULL, before, &eap, &error))
		print_error("%s\n", error.text);
	for (size_t i = 0; i < conf->user_count; i++) {
		assert_int_equal(conf->users[i].secret.len, 0);
		assert_int_equal(conf->users[i].totp[0], 0);
	}
	conf_free(conf);
	assert_non_null(eap);
	return eap;
}

static struct eap *load(const char *text, const char *auth, const char *secrets)
{
	return load_after(NULL, text, auth, secrets);
}

static void refused(const char *text, const char *auth, const char *secrets, const char *message)
{
	struct conf *conf = conf_of(text, auth, secrets);
	struct conf_error error = {""};
	struct eap *eap = NULL;

	assert_int_not_equal(eap_load(conf, NULL, NULL, &eap, &error), 0);
	assert_string_equal(error.text, message);
	conf_free(conf);
}

static int fill(void *context, void *out, size_t len)
{
	(void)context;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)rand();
	return 0;
}

static struct ike_job *job_new(bool server, const char *id)
{
	struct ike_job *job = calloc(1, sizeof(*job));

	job->type = IKE_JOB_EAP;
	job->eap.server = server;
	job->eap.random.fill = fill;
	job->eap.id = (struct ike_id){.type = IKE_ID_FQDN, .len = (uint16_t)strlen(id)};
	memcpy(job->eap.id.data, id, strlen(id));
	strcpy(job->eap.connection, "gw");
	return job;
}

/* One side reads what the other has written. */
static void turn(const struct eap *eap, struct ike_job *job, const struct ike_job *from)
{
	assert_int_equal(ike_buffer_set(&job->eap.in, ike_buffer_slice(&from->eap.out)), 0);
	ike_buffer_free(&job->eap.out);
	eap_run(eap, NULL, job);
}

struct outcome {
	enum ike_eap_verdict server, client;
	char why[IKE_REASON_MAX];
	char identity[IKE_ID_TEXT];
	bool same_key;
	size_t key_len;
};

static struct outcome converse(const struct eap *server, const struct eap *client, bool of_nobody,
			       const char *id)
{
	struct ike_job *asks = job_new(true, id), *asked = job_new(false, id);
	struct outcome o = {IKE_EAP_MORE, IKE_EAP_MORE, "", "", false, 0};

	asks->eap.of_nobody = of_nobody;
	turn(server, asks, asked);
	for (unsigned i = 0; i < 20 && asks->eap.verdict == IKE_EAP_MORE; i++) {
		assert_int_equal(asks->error, 0);
		turn(client, asked, asks);
		if (asked->error || asked->eap.verdict != IKE_EAP_MORE)
			break;
		turn(server, asks, asked);
	}
	if (asks->eap.verdict == IKE_EAP_DONE)
		turn(client, asked, asks);
	o.server = asks->eap.verdict;
	o.client = asked->eap.verdict;
	o.key_len = asks->eap.msk_len;
	o.same_key = asks->eap.msk_len == asked->eap.msk_len &&
		     !memcmp(asks->eap.msk, asked->eap.msk, sizeof(asks->eap.msk));
	snprintf(o.why, sizeof(o.why), "%s", asks->reason);
	ike_id_text(&asks->eap.identity, o.identity, sizeof(o.identity));
	ike_job_free(asks);
	ike_job_free(asked);
	return o;
}

static void assert_in(const char *server_auth, const char *client_auth, const char *as, size_t key)
{
	struct eap *server = load(server_text, server_auth, users),
		   *client = load(client_text, client_auth, users);
	struct outcome o = converse(server, client, false, "bob");

	assert_int_equal(o.server, IKE_EAP_DONE);
	assert_int_equal(o.client, IKE_EAP_DONE);
	assert_string_equal(o.identity, as);
	assert_true(o.same_key);
	assert_int_equal(o.key_len, key);
	eap_release(server);
	eap_release(client);
}

static void whoever_has_a_secret_comes_in(void **state)
{
	(void)state;
	assert_in("auth = eap-mschapv2\n eap_id = %any", "auth = eap-mschapv2\n id = bob", "bob",
		  64);
	assert_in("auth = eap\n eap_id = %any", "auth = eap\n id = x\n eap_id = bob", "bob", 64);
	assert_in("auth = eap\n eap_id = *@example.org",
		  "auth = eap-mschapv2\n eap_id = carol@example.org", "carol@example.org", 64);
	assert_in("auth = eap\n eap_id = %any", "auth = eap\n eap_id = \"EXAMPLE\\\\dave\"",
		  "EXAMPLE\\dave", 64);
	assert_in("auth = eap-gtc\n eap_id = %any", "auth = eap-gtc\n eap_id = carol@example.org",
		  "carol@example.org", 0);
}

/* Nobody is asked for a name: it is the one of IKE. */
static void without_eap_id_the_peer_is_who_it_is_in_ike(void **state)
{
	(void)state;
	assert_in("auth = eap", "auth = eap\n id = bob", "%any", 64);
}

static void assert_out(const char *server_auth, const char *client_auth, const char *secrets,
		       bool of_nobody, const char *why)
{
	struct eap *server = load(server_text, server_auth, users),
		   *client = load(client_text, client_auth, secrets);
	struct outcome o = converse(server, client, of_nobody, "bob");

	assert_int_equal(o.server, IKE_EAP_FAILED);
	assert_int_not_equal(o.client, IKE_EAP_DONE);
	assert_int_equal(o.key_len, 0);
	assert_string_equal(o.why, why);
	eap_release(server);
	eap_release(client);
}

static void nobody_else_comes_in(void **state)
{
	static const char any[] = "auth = eap\n eap_id = %any", bob[] = "auth = eap\n id = bob",
			  gtc[] = "auth = eap-gtc\n eap_id = %any",
			  bob_gtc[] = "auth = eap-gtc\n id = bob";
	static const char none[] = "no secret for it, or it isn't let in here";

	(void)state;
	assert_out(any, bob, "eap { id = bob\n secret = opensesam }", false, "wrong password");
	assert_out(any, bob, "eap { id = bob\n secret = opensesame1 }", false, "wrong password");
	assert_out(any, "auth = eap\n id = rob", "eap { id = rob\n secret = opensesame }", false,
		   none);
	assert_out("auth = eap\n eap_id = *@example.org", bob, users, false, none);
	assert_out(any, bob, users, true, none);
	assert_out(gtc, bob_gtc, "eap { id = bob\n secret = opensesam }", false, "wrong password");
	assert_out(gtc, "auth = eap-gtc\n id = rob", "eap { id = rob\n secret = opensesame }",
		   false, none);
	assert_out(gtc, bob_gtc, users, true, none);
	assert_out(any, bob_gtc, users, false, "it knows none of the methods that are configured");
}

/* RFC 4226, appendix D; RFC 6238, appendix B, of which these are the last six digits. */
static void codes_are_those_of_the_rfcs(void **state)
{
	static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
					    "254676", "287922", "162583", "399871", "520489"};
	static const struct {
		uint64_t time;
		const char *code;
	} times[] = {
		{59, "287082"},		{1111111109, "081804"}, {1111111111, "050471"},
		{1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
	};
	const struct ike_slice key = ike_slice("12345678901234567890", 20);
	char code[TOTP_DIGITS + 1];

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(totp_code(key, i, code), 0);
		assert_string_equal(code, codes[i]);
	}
	for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(totp_code(key, times[i].time / TOTP_PERIOD, code), 0);
		assert_string_equal(code, times[i].code);
	}
}

/* The key above, in words of an application, and a password. */
static const char coded[] = "eap-bob { id = bob\n secret = opensesame\n totp = \"gezd gnbv gy3t "
			    "qojq GEZDGNBVGY3TQOJQ\" }";

/* Says that password with the code of so many steps away, by that method. */
static struct outcome say(const struct eap *server, const char *method, int steps,
			  const char *password)
{
	char auth[64], secrets[128], code[TOTP_DIGITS + 1];
	struct outcome o;
	struct eap *client;

	totp_code(ike_slice("12345678901234567890", 20), (uint64_t)(now / TOTP_PERIOD + steps),
		  code);
	snprintf(auth, sizeof(auth), "auth = %s\n id = bob", method);
	snprintf(secrets, sizeof(secrets), "eap { id = bob\n secret = \"%s%s\" }", password, code);
	client = load(client_text, auth, secrets);
	o = converse(server, client, false, "bob");
	eap_release(client);
	return o;
}

static const char *const coded_methods[] = {"eap-mschapv2", "eap-gtc"};

static struct eap *load_coded(const struct eap *before, unsigned method)
{
	char auth[64];

	snprintf(auth, sizeof(auth), "auth = %s\n eap_id = %%any", coded_methods[method]);
	return load_after(before, server_text, auth, coded);
}

static void a_password_with_its_code_comes_in(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		for (int steps = -3; steps <= 3; steps++) {
			struct eap *server = load_coded(NULL, i);
			struct outcome o = say(server, coded_methods[i], steps, "opensesame");

			assert_int_equal(o.server, abs(steps) <= 1 ? IKE_EAP_DONE : IKE_EAP_FAILED);
			if (abs(steps) > 1)
				assert_string_equal(o.why, "wrong password or code");
			else
				assert_true(o.same_key);
			eap_release(server);
		}
	}
}

/* As whom has a password and a key of codes we come in, too. */
static void the_code_is_said_by_whoever_has_the_key(void **state)
{
	struct eap *server = load_coded(NULL, 0),
		   *client = load(client_text, "auth = eap\n id = bob", coded);

	(void)state;
	assert_int_equal(converse(server, client, false, "bob").server, IKE_EAP_DONE);
	eap_release(server);
	eap_release(client);
}

static void neither_is_enough_alone(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct eap *server = load_coded(NULL, i),
			   *client = load(client_text,
					  i ? "auth = eap-gtc\n id = bob" : "auth = eap\n id = bob",
					  users);

		assert_string_equal(converse(server, client, false, "bob").why,
				    "wrong password or code");
		assert_string_equal(say(server, coded_methods[i], 0, "").why,
				    "wrong password or code");
		assert_string_equal(say(server, coded_methods[i], 0, "opensesam").why,
				    "wrong password or code");
		eap_release(server);
		eap_release(client);
	}
}

/* Not the same again, nor one before it; also after a reload. */
static void no_code_is_taken_twice(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct eap *server = load_coded(NULL, i), *next;

		assert_int_equal(say(server, coded_methods[i], 0, "opensesame").server,
				 IKE_EAP_DONE);
		assert_string_equal(say(server, coded_methods[i], 0, "opensesame").why,
				    "its code was used before");
		assert_string_equal(say(server, coded_methods[i], -1, "opensesame").why,
				    "its code was used before");
		next = load_coded(server, i);
		eap_release(server);
		assert_string_equal(say(next, coded_methods[i], 0, "opensesame").why,
				    "its code was used before");
		assert_int_equal(say(next, coded_methods[i], 1, "opensesame").server, IKE_EAP_DONE);
		eap_release(next);
	}
}

static void who_guesses_has_few_tries(void **state)
{
	const time_t began = now;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct eap *server = load_coded(NULL, i), *next;
		static const char pause[] = "too many wrong tries, for some minutes";

		for (unsigned tries = 0; tries < ACCOUNT_TRIES; tries++)
			assert_string_equal(say(server, coded_methods[i], 5, "opensesame").why,
					    "wrong password or code");
		assert_string_equal(say(server, coded_methods[i], 0, "opensesame").why, pause);
		next = load_coded(server, i);
		eap_release(server);
		now += ACCOUNT_PAUSE - 1;
		assert_string_equal(say(next, coded_methods[i], 0, "opensesame").why, pause);
		now = began - 1000; /* a clock that is set back */
		assert_string_equal(say(next, coded_methods[i], 0, "opensesame").why, pause);
		now += ACCOUNT_PAUSE;
		assert_int_equal(say(next, coded_methods[i], 0, "opensesame").server, IKE_EAP_DONE);
		for (unsigned tries = 1; tries < ACCOUNT_TRIES; tries++)
			say(next, coded_methods[i], 5, "opensesame");
		assert_int_equal(say(next, coded_methods[i], 1, "opensesame").server, IKE_EAP_DONE);
		now += 2 * TOTP_PERIOD; /* the tries before count no more */
		for (unsigned tries = 1; tries < ACCOUNT_TRIES; tries++)
			say(next, coded_methods[i], 5, "opensesame");
		assert_int_equal(say(next, coded_methods[i], 0, "opensesame").server, IKE_EAP_DONE);
		eap_release(next);
		now = began;
	}
}

static void what_is_missing_is_said(void **state)
{
	(void)state;
	refused(server_text, "auth = eap", "ike { secret = x }",
		"t.conf:3: connections.gw.remote: nobody has a secret (secrets.eap*)");
	refused(client_text, "auth = eap\n id = bob", "eap { id = carol\n secret = x }",
		"t.conf:3: connections.gw.local: no secret (secrets.eap*) for bob");
	refused(client_text, "auth = eap\n id = bob", "eap { id = bob\n secret = 0xff }",
		"t.conf:8: secrets.eap.secret: it isn't UTF-8, or longer than 256 characters, "
		"which "
		"EAP-MSCHAPv2 needs");
	eap_release(
		load(client_text, "auth = eap-gtc\n id = bob", "eap { id = bob\n secret = 0xff }"));
	refused(server_text, "auth = eap",
		"eap-a { id = bob\n secret = x }\n eap-b { id = bob\n secret = y }",
		"t.conf:10: secrets.eap-b: \"bob\" has another secret already");
}

/* A job of a connection that a reload has taken, or that is for the other role. */
static void a_job_that_is_for_nobody_fails(void **state)
{
	struct eap *eap = load(server_text, "auth = eap", users);
	struct ike_job *job = job_new(false, "bob");

	(void)state;
	eap_run(eap, NULL, job);
	assert_int_equal(job->error, -ENOENT);
	strcpy(job->eap.connection, "gone");
	job->eap.server = true;
	eap_run(eap, NULL, job);
	assert_int_equal(job->error, -ENOENT);
	ike_job_free(job);
	eap_release(eap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_has_a_secret_comes_in),
		cmocka_unit_test(without_eap_id_the_peer_is_who_it_is_in_ike),
		cmocka_unit_test(nobody_else_comes_in),
		cmocka_unit_test(codes_are_those_of_the_rfcs),
		cmocka_unit_test(a_password_with_its_code_comes_in),
		cmocka_unit_test(the_code_is_said_by_whoever_has_the_key),
		cmocka_unit_test(neither_is_enough_alone),
		cmocka_unit_test(no_code_is_taken_twice),
		cmocka_unit_test(who_guesses_has_few_tries),
		cmocka_unit_test(what_is_missing_is_said),
		cmocka_unit_test(a_job_that_is_for_nobody_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
