// SPDX-License-Identifier: BSD-2-Clause
// How each side proves who it is: strongSwan's words for it.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/eap/method.h"
#include "tests/conf/text.h"

static const char text[] = "raveld { backend = soft\n wire = veth0 }\n"
			   "connections { gw { local { auth = psk }\n"
			   "remote {\n%s\n}\nchildren { net { } } } }\nsecrets {\n%s\n}\n";

static struct conf *load(const char *remote, const char *secrets)
{
	return conf_of(text, remote, secrets);
}

static void refused(const char *remote, const char *secrets, const char *message)
{
	assert_refused(message, text, remote, secrets);
}

enum {
	KEY_RSA = 1 << CONF_RSA,
	KEY_PSS = 1 << CONF_RSA_PSS,
	KEY_ECDSA = 1 << CONF_ECDSA,
	S256 = 1 << IKE_HASH_SHA2_256,
	S384 = 1 << IKE_HASH_SHA2_384,
	S512 = 1 << IKE_HASH_SHA2_512,
};

static void words_mean_what_they_mean_to_strongswan(void **state)
{
	static const struct {
		const char *word;
		unsigned int schemes, hashes, rsa, ecdsa;
	} cases[] = {
		{"pubkey", 0, 0, 0, 0},
		{"pubkey-sha256-sha384", 0, S256 | S384, 0, 0},
		{"rsa", KEY_RSA, 0, 0, 0},
		{"rsa-sha256", KEY_RSA, S256, 0, 0},
		{"rsa-3072-sha384-sha512", KEY_RSA, S384 | S512, 3072, 0},
		{"rsa/pss-sha512", KEY_PSS, S512, 0, 0},
		{"ike:rsa/pss-4096", KEY_PSS, 0, 4096, 0},
		{"ecdsa-384", KEY_ECDSA, 0, 0, 384},
		{"rsa-2048-ecdsa-256-sha256", KEY_RSA | KEY_ECDSA, S256, 2048, 256},
		{"ed25519", 1 << CONF_ED25519, 0, 0, 0},
		{"ed448", 1 << CONF_ED448, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[64];
		struct conf *conf;
		const struct conf_auth *a;

		snprintf(line, sizeof(line), "auth = %s", cases[i].word);
		conf = load(line, "");
		a = &conf->connections[0].remote_auth;
		assert_true(a->pubkey);
		assert_int_equal(a->schemes, cases[i].schemes);
		assert_int_equal(a->hashes, cases[i].hashes);
		assert_int_equal(a->rsa_bits, cases[i].rsa);
		assert_int_equal(a->ecdsa_bits, cases[i].ecdsa);
		assert_false(conf->connections[0].local_auth.pubkey);
		conf_free(conf);
	}
}

static void others_are_refused(void **state)
{
	static const char where[] = "t.conf:5: connections.gw.remote.auth: ";
	static const struct {
		const char *word, *why;
	} cases[] = {
		{"eap-md5",
		 "\"eap-md5\" isn't supported (eap, eap-mschapv2, eap-gtc, eap-tls, eap-radius)"},
		{"rsa-sha1",
		 "\"sha1\" isn't supported (psk; null; eap; pubkey, rsa, rsa/pss, ecdsa, ed25519, "
		 "ed448, with -sha256, -sha384, -sha512)"},
		{"rsa-1024", "RSA with fewer than 2048 bits isn't supported"},
		{"pubkey-2048", "2048 doesn't follow \"rsa\" or \"ecdsa\""},
		{"sha256", "\"sha256\" says no kind of key (pubkey, rsa, ...)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[64], message[256];

		snprintf(line, sizeof(line), "auth = %s", cases[i].word);
		snprintf(message, sizeof(message), "%s%s", where, cases[i].why);
		refused(line, "", message);
	}
	refused("auth = psk\ncacerts = a.pem", "",
		"t.conf:4: connections.gw.remote: auth = psk has neither certificates nor public "
		"keys");
	refused("auth = pubkey\npubkeys = a.pub", "",
		"t.conf:6: connections.gw.remote.pubkeys: public keys are of one peer: they need "
		"the key \"id\"");
	refused("auth = psk\npubkeys = a.pub\nid = a", "",
		"t.conf:4: connections.gw.remote: auth = psk has neither certificates nor public "
		"keys");
	refused("auth = pubkey\nrevocation = always", "",
		"t.conf:6: connections.gw.remote.revocation: \"always\" isn't supported (relaxed, "
		"ifuri, strict)");
	refused("auth = psk", "private-a {\nsecret = x\n}",
		"t.conf:9: secrets.private-a: needs the key \"file\"");
	refused("auth = psk", "pkcs12-a {\nfile = a.p12\n}",
		"t.conf:9: secrets.pkcs12-a: keys in PKCS#12 aren't supported; leave the section "
		"out");
	refused("auth = psk", "token-a {\npin = 1\n}",
		"t.conf:9: secrets.token-a: needs the key \"module\"");
	refused("auth = psk", "token-a {\nmodule = /m.so\n}",
		"t.conf:9: secrets.token-a: needs the key \"handle\"");
	refused("auth = psk", "token-a {\nmodule = m.so\nhandle = 01\n}",
		"t.conf:10: secrets.token-a.module: \"m.so\" isn't a path from / on");
	refused("auth = psk", "token-a {\nmodule = /m.so\nhandle = 0x1\n}",
		"t.conf:11: secrets.token-a.handle: \"0x1\" isn't a key's CKA_ID in hexadecimal");
	refused("auth = psk", "token-a {\nmodule = /m.so\nslot = one\nhandle = 01\n}",
		"t.conf:11: secrets.token-a.slot: \"one\" isn't a slot's number");
}

static void files_and_passphrases_are_kept_as_they_are_written(void **state)
{
	struct conf *conf =
		load("auth = pubkey\ncerts = b.pem, /etc/c.pem\ncacerts = ca.pem",
		     "private-a {\nfile = a.pem\nsecret = 0sopen\n}\nrsa-b {\nfile = b.pem\n}");
	const struct conf_auth *a = &conf->connections[0].remote_auth;

	(void)state;
	assert_int_equal(a->certs.count, 2);
	assert_string_equal(a->certs.list[1], "/etc/c.pem");
	assert_string_equal(a->cacerts.list[0], "ca.pem");
	assert_int_equal(a->cacerts.line, 7);
	assert_int_equal(conf->private_count, 2);
	assert_string_equal(conf->privates[0].path, "a.pem");
	assert_int_equal(conf->privates[0].secret.len, 6);
	assert_memory_equal(conf->privates[0].secret.data, "0sopen", 6);
	conf_free(conf);
}

static void who_proves_himself_otherwise_is_another_connection(void **state)
{
	struct conf *old = load("auth = pubkey\ncerts = b.pem", "");
	static const char *const others[] = {"auth = psk", "auth = rsa\ncerts = b.pem",
					     "auth = pubkey\ncerts = c.pem", "auth = pubkey"};

	(void)state;
	assert_int_equal(conf_compare_connection(&old->connections[0], &old->connections[0]),
			 CONF_UNCHANGED);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct conf *new = load(others[i], "");

		assert_int_equal(
			conf_compare_connection(&old->connections[0], &new->connections[0]),
			CONF_REPLACED);
		conf_free(new);
	}
	conf_free(old);
}

/* In the order of `round`, and where that is equal of the file. */
static void a_side_has_two_rounds(void **state)
{
	static const char two[] =
		"raveld { backend = soft\n wire = veth0 }\n"
		"connections { gw { remote_addrs = 192.0.2.9\n local { auth = "
		"psk\n }\nremote-a { %s }\nremote-b { %s }\nchildren { net { %s } "
		"} } }\n";
	static const char *const rounds[][2] = {
		{"auth = psk\nid = moon", "auth = eap\nid = bob"},
		{"auth = eap\nid = bob\nround = 2", "auth = psk\nid = moon\nround = 1"},
		{"auth = eap\nid = bob\nround = 1", "auth = psk\nid = moon"},
	};
	char id[IKE_ID_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
		struct conf *conf = conf_of(two, rounds[i][0], rounds[i][1], "");
		struct conf *other = conf_of(two, rounds[0][0], "auth = eap\nid = eve", "");
		const struct conf_connection *c = &conf->connections[0];

		assert_int_equal(c->remote_auth.eap, 0);
		assert_int_equal(c->remote_next.eap, EAP_KEYED);
		assert_int_equal(c->local_next.eap, 0);
		ike_id_text(&c->remote_id, id, sizeof(id));
		assert_string_equal(id, "moon");
		ike_id_text(&c->remote_next_id, id, sizeof(id));
		assert_string_equal(id, "bob");
		assert_int_equal(conf_compare_connection(c, &other->connections[0]), CONF_REPLACED);
		conf_free(other);
		conf_free(conf);
	}
	assert_refused("t.conf:6: connections.gw.remote-a.auth: of two rounds of authentication "
		       "the first one is psk or pubkey",
		       two, "auth = eap", "auth = eap", "");
}

static void nobody_is_somebody_who_is_configured(void **state)
{
	static const char null[] = "raveld { backend = soft\n wire = veth0 }\n"
				   "connections { gw { remote_addrs = 192.0.2.9\n local { %s "
				   "}\nremote { auth = null\n%s }\nchildren { net { } }\n%s } }\n";
	struct conf *conf = conf_of(null, "auth = psk", "", "");
	struct conf *other = conf_of(null, "auth = null", "", "");

	(void)state;
	assert_true(conf->connections[0].remote_auth.null);
	assert_int_equal(conf->connections[0].remote_id.type, IKE_ID_NULL);
	assert_false(conf->connections[0].local_auth.null);
	assert_int_equal(other->connections[0].local_id.type, IKE_ID_NULL);
	assert_int_equal(conf_compare_connection(&conf->connections[0], &other->connections[0]),
			 CONF_REPLACED);
	conf_free(other);
	conf_free(conf);
	assert_refused("t.conf:6: connections.gw.remote.id: auth = null is nobody, who has no "
		       "identity",
		       null, "auth = psk", "id = bob", "");
	assert_refused("t.conf:3: connections.gw: unique needs peers that are somebody, not auth "
		       "= null",
		       null, "auth = psk", "", "unique = replace");
	assert_refused("t.conf:3: connections.gw: ppk_id and ppk_required don't go with auth = "
		       "null",
		       null, "auth = psk", "", "ppk_id = k");
	assert_refused("t.conf:3: connections.gw: who comes in by EAP does so to one that isn't "
		       "auth = null",
		       null, "auth = eap\nid = bob", "", "");
}

static void eap_is_one_side_s_with_a_user(void **state)
{
	static const char one_side[] = "raveld { backend = soft\n wire = veth0 }\n"
				       "connections { gw { remote_addrs = 192.0.2.9\n local { %s "
				       "}\nremote { %s }\nchildren { net { %s } } } }\n";
	static const char psk[] = "auth = psk", user[] = "auth = eap\nid = bob";
	struct conf *conf = conf_of(one_side, "auth = eap-gtc\neap_id = bob", psk, "");
	const struct conf_connection *c = &conf->connections[0];

	(void)state;
	assert_int_equal(c->local_auth.eap, 1 << EAP_METHOD_GTC);
	assert_false(c->local_auth.pubkey || c->remote_auth.eap);
	conf_free(conf);
	conf = conf_of(one_side, psk, "auth = eap\neap_id = %any", "");
	c = &conf->connections[0];
	assert_int_equal(c->remote_auth.eap, EAP_KEYED);
	assert_true(c->remote_auth.has_eap_id);
	conf_free(conf);

	assert_refused(
		"t.conf:3: connections.gw: one side has to prove who it is otherwise than by "
		"EAP, unless both do it by eap-tls",
		one_side, user, "auth = eap", "");
	assert_refused(
		"t.conf:3: connections.gw: one side has to prove who it is otherwise than by "
		"EAP, unless both do it by eap-tls",
		one_side, "auth = eap-tls\nid = bob\ncerts = a.pem", "auth = eap-radius", "");
	assert_refused("t.conf:3: connections.gw: aaa_id doesn't go with eap-tls on both sides: "
		       "the server in TLS is the peer itself (remote.id)",
		       one_side, "auth = eap-tls\nid = bob\ncerts = a.pem\naaa_id = gw",
		       "auth = eap-tls\nid = gw", "");
	assert_refused("t.conf:3: connections.gw: child net: start_action, dpd_action and "
		       "close_action would begin, and a peer that comes in by EAP begins itself",
		       one_side, "auth = eap-tls\nid = gw\ncerts = a.pem", "auth = eap-tls",
		       "start_action = start");
	conf = conf_of(one_side, "auth = eap-tls\nid = bob\ncerts = a.pem",
		       "auth = eap-tls\nid = gw", "start_action = start");
	assert_int_equal(conf->connections[0].local_auth.eap, 1 << EAP_METHOD_TLS);
	assert_int_equal(conf->connections[0].remote_auth.eap, 1 << EAP_METHOD_TLS);
	conf_free(conf);
	assert_refused("t.conf:4: connections.gw.local: auth = eap needs the key \"eap_id\" or "
		       "\"id\" of one user",
		       one_side, "auth = eap", psk, "");
	assert_refused("t.conf:4: connections.gw.local: auth = eap needs the key \"eap_id\" or "
		       "\"id\" of one user",
		       one_side, "auth = eap\neap_id = *@example.org", psk, "");
	assert_refused("t.conf:5: connections.gw.local.eap_id: it is for auth = eap", one_side,
		       "auth = psk\neap_id = bob", psk, "");
	assert_refused("t.conf:5: connections.gw.remote: auth = eap has neither certificates nor "
		       "public keys",
		       one_side, psk, "auth = eap\ncacerts = a.pem", "");
	assert_refused("t.conf:3: connections.gw: child net: start_action, dpd_action and "
		       "close_action would begin, and a peer that comes in by EAP begins itself",
		       one_side, psk, "auth = eap", "start_action = start");
	assert_refused("t.conf:4: connections.gw.local: auth = eap-tls needs the key \"certs\"",
		       one_side, "auth = eap-tls\nid = bob", "auth = pubkey", "");
	assert_refused("t.conf:6: connections.gw.remote.pubkeys: TLS takes certificates (certs)",
		       one_side, psk, "auth = eap-tls\npubkeys = a.pem", "");
	assert_refused("t.conf:5: connections.gw.local.aaa_id: it is for auth = eap-tls", one_side,
		       "auth = psk\naaa_id = gw", psk, "");
	refused("auth = psk", "eap {\nsecret = x\n}",
		"t.conf:9: secrets.eap: needs the key \"id\"");
	refused("auth = psk", "eap {\nid = bob\n}",
		"t.conf:9: secrets.eap: needs the key \"secret\"");
	refused("auth = psk", "eap {\nid = *\nsecret = x\n}",
		"t.conf:9: secrets.eap: an id stands for many, and a password is of those who are "
		"named");
}

static const char coded[] = "raveld { backend = soft\n wire = veth0 }\n"
			    "connections { gw { local { auth = psk }\n remote { auth = eap }\n "
			    "children { net { } } } }\n"
			    "secrets {\n eap { id = bob\n secret = %s\n totp = \"%s\" } }";

/* Base32 as people copy it. */
static void keys_of_one_time_codes_are_base32(void **state)
{
	static const char whole[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
	static const char *const same[] = {whole, "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
					   "GEZDGNBV-GY3TQOJQ-GEZDGNBV-GY3TQOJQ"};
	char longer[128];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct conf *conf = conf_of(coded, "x", same[i]);

		assert_int_equal(conf->users[0].totp_len, 20);
		assert_memory_equal(conf->users[0].totp, "12345678901234567890", 20);
		conf_free(conf);
	}
	snprintf(longer, sizeof(longer), "%s%s%s%s", whole, whole, whole, whole);
	assert_refused("t.conf:9: secrets.eap.totp: the key of one-time codes isn't base32", coded,
		       "x", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1");
	assert_refused("t.conf:9: secrets.eap.totp: the key of one-time codes has fewer than 128 "
		       "bits",
		       coded, "x", "GEZDGNBVGY3TQOJQGEZDGNBVG");
	assert_refused("t.conf:9: secrets.eap.totp: the key of one-time codes is longer than 64 "
		       "octets",
		       coded, "x", longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_mean_what_they_mean_to_strongswan),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(a_side_has_two_rounds),
		cmocka_unit_test(nobody_is_somebody_who_is_configured),
		cmocka_unit_test(eap_is_one_side_s_with_a_user),
		cmocka_unit_test(keys_of_one_time_codes_are_base32),
		cmocka_unit_test(files_and_passphrases_are_kept_as_they_are_written),
		cmocka_unit_test(who_proves_himself_otherwise_is_another_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
