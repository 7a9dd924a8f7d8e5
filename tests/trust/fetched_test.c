/* SPDX-License-Identifier: BSD-2-Clause */
/* What is fetched of OCSP and of lists, and what peers send: which of it is believed, and when
 * anything is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "tests/trust/party.h"

static const char own[] = "auth = pubkey\ncerts = a.pem\nid = a.example.org";
static const char ca[] = "critical,CA:TRUE", signs_certs[] = "critical,keyCertSign,cRLSign";
static const char signs[] = "critical,digitalSignature";

static struct party root, stranger, self;
static struct party host, other;	     /* of one authority, that name OCSP; */
static struct party both;		     /* that names OCSP and a list, */
static struct party by_list;		     /* a list alone, */
static struct party nameless;		     /* and nothing */
static struct party delegate, loose, forged; /* responders: with the purpose, without, of another */

static int begin(void **state)
{
	static const char ocsp[] = "OCSP;URI:http://ocsp.example.org/",
			  list[] = "URI:http://crl.example.org/root.crl",
			  alt[] = "DNS:b.example.org";
	static const struct kind responder = {.name = "r", .usage = signs, .eku = "OCSPSigning"};

	(void)state;
	folder_begin();
	root = make(&(struct kind){.name = "root", .basic = ca, .usage = signs_certs}, NULL);
	stranger = make(&(struct kind){.name = "root", .basic = ca, .usage = signs_certs}, NULL);
	self = make(&(struct kind){.name = "a", .alt = "DNS:a.example.org", .info = ocsp}, &root);
	host = make(&(struct kind){.alt = alt, .info = ocsp}, &root);
	both = make(&(struct kind){.alt = alt, .info = ocsp, .crl = list}, &root);
	other = make(&(struct kind){.name = "c", .alt = "DNS:c.example.org", .info = ocsp}, &root);
	by_list = make(&(struct kind){.alt = alt, .crl = list}, &root);
	nameless = make(&(struct kind){.alt = alt}, &root);
	delegate = make(&responder, &root);
	loose = make(&(struct kind){.name = "r",
				    .usage = signs,
				    .eku = "serverAuth,anyExtendedKeyUsage"},
		     &root);
	forged = make(&responder, &stranger);
	write_cert("x509ca/root.pem", &root);
	write_cert("x509/a.pem", &self);
	write_key("private/a.pem", &self, NULL);
	return 0;
}

static int end(void **state)
{
	struct party *const all[] = {&root,    &stranger, &self,     &host,  &other, &both,
				     &by_list, &nameless, &delegate, &loose, &forged};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		party_free(all[i]);
	return folder_end();
}

/* --------------------------------------------------------------------------------------- a network
 */

enum nonce { NONE, SAME, WRONG };

/* What OCSP answers. */
struct answer {
	const struct party *signer;
	const struct party *about; /* NULL: about whom it is asked, which is the host */
	int status;
	long from, to; /* seconds from now; to 0: it doesn't say */
	enum nonce nonce;
	const EVP_MD *hash; /* of the names; NULL: SHA-1 */
	bool by_key;	    /* who it is from */
	bool refuses;	    /* to answer */
	size_t cut;	    /* octets that are missing at the end */
	bool broken;	    /* the signature is another one's */
	const EVP_MD *digest;
};

struct world {
	const struct answer *ocsp; /* NULL: there is none */
	X509_CRL *list;		   /* the same */
	unsigned asked_ocsp;
	unsigned asked_list;
};

static struct ike_buffer buffer_of(unsigned char *der, int len)
{
	struct ike_buffer out = {0};

	assert_true(len > 0);
	assert_int_equal(ike_buffer_set(&out, ike_slice(der, (size_t)len)), 0);
	OPENSSL_free(der);
	return out;
}

static void add_nonce(OCSP_BASICRESP *basic, enum nonce nonce, const struct ike_buffer *post)
{
	const unsigned char *at = post ? post->data : NULL;
	OCSP_REQUEST *request;

	if (nonce == WRONG)
		assert_int_equal(OCSP_basic_add1_nonce(basic, NULL, -1), 1);
	if (nonce != SAME)
		return;
	request = d2i_OCSP_REQUEST(NULL, &at, (long)post->len);
	assert_int_equal(OCSP_copy_nonce(basic, request), 1);
	OCSP_REQUEST_free(request);
}

static struct ike_buffer answer_of(const struct answer *a, const struct ike_buffer *post)
{
	const struct party *about = a->about ? a->about : &host;
	OCSP_CERTID *id = OCSP_cert_to_id(a->hash ? a->hash : EVP_sha1(), about->cert, root.cert);
	ASN1_TIME *revoked = X509_gmtime_adj(NULL, -3600), *from = X509_gmtime_adj(NULL, a->from);
	ASN1_TIME *to = a->to ? X509_gmtime_adj(NULL, a->to) : NULL;
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_RESPONSE *response;
	unsigned char *der = NULL;
	struct ike_buffer out;
	int len;

	OCSP_basic_add1_status(basic, id, a->status, 0, revoked, from, to);
	add_nonce(basic, a->nonce, post);
	assert_int_equal(OCSP_basic_sign(basic, a->signer->cert, a->signer->key,
					 a->digest ? a->digest : EVP_sha256(), NULL,
					 a->by_key ? OCSP_RESPID_KEY : 0),
			 1);
	if (a->broken)
		OCSP_resp_get0_signature(basic)->data[8] ^= 1;
	response = OCSP_response_create(a->refuses ? OCSP_RESPONSE_STATUS_TRYLATER
						   : OCSP_RESPONSE_STATUS_SUCCESSFUL,
					a->refuses ? NULL : basic);
	len = i2d_OCSP_RESPONSE(response, &der);
	out = buffer_of(der, len - (int)a->cut);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(revoked);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return out;
}

static struct ike_buffer serve(void *context, const char *uri, const struct ike_buffer *post)
{
	struct world *world = context;
	const struct ike_buffer none = {0};
	unsigned char *der = NULL;
	int len;

	if (post->len) {
		assert_string_equal(uri, "http://ocsp.example.org/");
		world->asked_ocsp++;
		return world->ocsp ? answer_of(world->ocsp, post) : none;
	}
	assert_string_equal(uri, "http://crl.example.org/root.crl");
	world->asked_list++;
	if (!world->list)
		return none;
	len = i2d_X509_CRL(world->list, &der);
	return buffer_of(der, len);
}

/* What is said of one in this world, with what is known from before; signer NULL: itself. */
static const char *verdict_knowing(const char *word, const struct party *p,
				   const struct party *signer, struct world *world,
				   struct trust_known *known, struct ike_buffer sent_ocsp)
{
	const struct party *chain[] = {p};
	const struct network network = {known, serve, world};
	const struct sent sent = {
		.chain = chain, .count = 1, .ocsp = sent_ocsp, .network = &network};
	struct trust *trust;
	char remote[128];
	const char *why;

	snprintf(remote, sizeof(remote), "auth = pubkey\nrevocation = %s", word);
	trust = load(own, remote, "");
	why = judged(trust, signer ? signer : p, &sent,
		     p == &other ? "c.example.org" : "b.example.org");
	trust_release(trust);
	return why;
}

static const char *verdict(const char *word, const struct party *p, struct world *world)
{
	struct trust_known *known = trust_known_new();
	const char *why = verdict_knowing(word, p, NULL, world, known, (struct ike_buffer){0});

	trust_known_free(known);
	return why;
}

/* ------------------------------------------------------------------------------------------- tests
 */

#define GOOD V_OCSP_CERTSTATUS_GOOD
#define REVOKED V_OCSP_CERTSTATUS_REVOKED

/* Where strict asks; why another one isn't is said. */
static void ocsp_is_believed_if_it_is_all_right(void **state)
{
	const struct {
		struct answer answer;
		const char *why; /* NULL: it is believed */
	} cases[] = {
		{{.signer = &root, .from = -60, .to = DAY}, NULL},
		{{.signer = &root, .from = -60, .to = DAY, .nonce = SAME}, NULL},
		{{.signer = &root, .from = -60, .to = DAY, .by_key = true}, NULL},
		{{.signer = &root, .from = -60, .to = DAY, .hash = EVP_sha256()}, NULL},
		{{.signer = &root, .from = -60}, NULL},
		{{.signer = &delegate, .from = -60, .to = DAY}, NULL},
		{{.signer = &delegate, .from = -60, .to = DAY, .by_key = true, .nonce = SAME},
		 NULL},
		{{.signer = &root, .from = -60, .to = DAY, .status = REVOKED},
		 "certificate revoked"},
		{{.signer = &root, .from = -60, .to = DAY, .status = V_OCSP_CERTSTATUS_UNKNOWN},
		 "doesn't know"},
		{{.signer = &root, .from = -2 * DAY, .to = -DAY}, "has expired"},
		{{.signer = &root, .from = -2 * DAY, .to = -DAY, .status = REVOKED},
		 "certificate revoked"},
		{{.signer = &root, .from = -3600}, "has expired"},
		{{.signer = &root, .from = 3600, .to = DAY}, "isn't in force yet"},
		{{.signer = &root, .from = -60, .to = DAY, .nonce = WRONG}, "another nonce"},
		{{.signer = &root, .from = -60, .to = DAY, .about = &other}, "another certificate"},
		{{.signer = &stranger, .from = -60, .to = DAY},
		 "signature of OCSP's answer is wrong"},
		{{.signer = &stranger, .from = -60, .to = DAY, .by_key = true}, "may not give it"},
		{{.signer = &root, .from = -60, .to = DAY, .broken = true}, "is wrong"},
		{{.signer = &delegate, .from = -60, .to = DAY, .broken = true}, "is wrong"},
		{{.signer = &loose, .from = -60, .to = DAY}, "may not give it"},
		{{.signer = &forged, .from = -60, .to = DAY}, "may not give it"},
		{{.signer = &other, .from = -60, .to = DAY}, "may not give it"},
		{{.signer = &root, .from = -60, .to = DAY, .digest = EVP_sha1()}, "too weak"},
		{{.signer = &root, .from = -60, .to = DAY, .refuses = true}, "doesn't answer"},
		{{.signer = &root, .from = -60, .to = DAY, .cut = 1}, "isn't an answer"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world = {.ocsp = &cases[i].answer};
		const char *why = verdict("strict", &host, &world);

		if (cases[i].why ? !strstr(why, cases[i].why) : *why)
			fail_msg("answer %zu: \"%s\", not \"%s\"", i, why,
				 cases[i].why ? cases[i].why : "");
		assert_int_equal(world.asked_ocsp, 1);
		/* Only revoked is revoked where anything else will do. */
		why = verdict("relaxed", &host, &world);
		assert_int_equal(!*why, !cases[i].why || !strstr(cases[i].why, "revoked"));
	}
}

/* What OCSP doesn't say a list does. */
static void lists_are_asked_for_what_ocsp_does_not_say(void **state)
{
	const struct answer good = {.signer = &root, .from = -60, .to = DAY, .about = &both};
	const struct answer unknown = {.signer = &root,
				       .from = -60,
				       .to = DAY,
				       .about = &both,
				       .status = V_OCSP_CERTSTATUS_UNKNOWN};
	struct world world = {.ocsp = &good};

	(void)state;
	assert_string_equal(verdict("strict", &both, &world), "");
	assert_int_equal(world.asked_list, 0);
	world = (struct world){.ocsp = &unknown, .list = make_list(&root, NULL, -60, DAY, &root)};
	assert_string_equal(verdict("strict", &both, &world), "");
	assert_int_equal(world.asked_list, 1);
	X509_CRL_free(world.list);
	world = (struct world){.list = make_list(&root, &both, -60, DAY, &root)};
	assert_non_null(strstr(verdict("relaxed", &both, &world), "certificate revoked"));
	assert_int_equal(world.asked_ocsp, 1);
	X509_CRL_free(world.list);
}

static X509_CRL *resigned(X509_CRL *list, const EVP_MD *digest)
{
	assert_true(X509_CRL_sign(list, root.key, digest) > 0);
	return list;
}

static X509_CRL *of_changes(void)
{
	X509_CRL *list = make_list(&root, NULL, -60, DAY, &root);
	ASN1_INTEGER *base = ASN1_INTEGER_new();

	ASN1_INTEGER_set(base, 1);
	assert_int_equal(X509_CRL_add1_ext_i2d(list, NID_delta_crl, base, 1, 0), 1);
	ASN1_INTEGER_free(base);
	return resigned(list, EVP_sha256());
}

static X509_CRL *of_authorities(void)
{
	X509_CRL *list = make_list(&root, NULL, -60, DAY, &root);
	ISSUING_DIST_POINT *scope = ISSUING_DIST_POINT_new();

	scope->onlyCA = 0xff;
	assert_int_equal(X509_CRL_add1_ext_i2d(list, NID_issuing_distribution_point, scope, 1, 0),
			 1);
	ISSUING_DIST_POINT_free(scope);
	return resigned(list, EVP_sha256());
}

static X509_CRL *endless(void)
{
	X509_CRL *list = make_list(&root, NULL, -60, DAY, &root);
	X509_CRL *out = X509_CRL_new();

	X509_CRL_set_version(out, 1);
	X509_CRL_set_issuer_name(out, X509_CRL_get_issuer(list));
	X509_CRL_set1_lastUpdate(out, X509_CRL_get0_lastUpdate(list));
	X509_CRL_free(list);
	return resigned(out, EVP_sha256());
}

static void a_list_is_believed_if_it_is_all_right(void **state)
{
	const struct {
		X509_CRL *list;
		const char *why;
	} cases[] = {
		{make_list(&root, &other, -60, DAY, &root), ""},
		{make_list(&root, &by_list, -60, DAY, &root), "certificate revoked"},
		{make_list(&root, NULL, -2 * DAY, -DAY, &root), "the list has expired"},
		{make_list(&root, NULL, 3600, DAY, &root), "isn't in force yet"},
		{make_list(&root, NULL, -60, DAY, &stranger), "signature is wrong"},
		{make_list(&other, NULL, -60, DAY, &other), "another authority's"},
		{resigned(make_list(&root, NULL, -60, DAY, &root), EVP_sha1()), "too weak"},
		{of_changes(), "only of changes"},
		{of_authorities(), "different CRL scope"},
		{endless(), "until when"},
		{NULL, "HTTP status 404"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world = {.list = cases[i].list};
		const char *why = verdict("strict", &by_list, &world);

		if (*cases[i].why ? !strstr(why, cases[i].why) : *why)
			fail_msg("list %zu: \"%s\", not \"%s\"", i, why, cases[i].why);
		assert_int_equal(world.asked_list, 1);
		X509_CRL_free(cases[i].list);
	}
}

/* Nobody answers. */
static void each_word_says_what_becomes_of_silence(void **state)
{
	struct world world = {0};

	(void)state;
	assert_string_equal(verdict("relaxed", &both, &world), "");
	assert_string_equal(verdict("relaxed", &nameless, &world), "");
	assert_non_null(strstr(verdict("ifuri", &both, &world), "404"));
	assert_non_null(strstr(verdict("ifuri", &host, &world), "404"));
	assert_non_null(strstr(verdict("ifuri", &by_list, &world), "404"));
	assert_string_equal(verdict("ifuri", &nameless, &world), "");
	assert_non_null(strstr(verdict("strict", &nameless, &world), "CRL"));
}

/* CVE-2022-40617: who has no key, or no authority, names no places that we ask. */
static void no_uri_is_fetched_before_trust(void **state)
{
	struct party outsider = make(&(struct kind){.alt = "DNS:b.example.org",
						    .info = "OCSP;URI:http://ocsp.example.org/",
						    .crl = "URI:http://crl.example.org/root.crl"},
				     &stranger);
	struct trust_known *known = trust_known_new();
	struct world world = {0};
	static const char *const words[] = {"relaxed", "ifuri", "strict"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_string_not_equal(verdict(words[i], &outsider, &world), "");
		assert_string_equal(verdict_knowing(words[i], &both, &self, &world, known,
						    (struct ike_buffer){0}),
				    "the signature is wrong");
	}
	assert_int_equal(world.asked_ocsp + world.asked_list, 0);
	trust_known_free(known);
	party_free(&outsider);
}

/* Until nextUpdate what is known isn't asked for again; what has failed isn't for a moment. */
static void what_is_known_is_not_fetched_again(void **state)
{
	const struct answer good = {.signer = &root, .from = -60, .to = DAY};
	struct trust_known *known = trust_known_new();
	const struct ike_buffer none = {0};
	struct world world = {.ocsp = &good, .list = make_list(&root, NULL, -60, DAY, &root)};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(verdict_knowing("strict", &host, NULL, &world, known, none),
				    "");
		assert_string_equal(verdict_knowing("strict", &by_list, NULL, &world, known, none),
				    "");
		assert_string_not_equal(
			verdict_knowing("strict", &other, NULL, &world, known, none), "");
	}
	/* the host, and the other one, about whom it says nothing */
	assert_int_equal(world.asked_ocsp, 2);
	assert_int_equal(world.asked_list, 1);
	X509_CRL_free(world.list);
	trust_known_free(known);
}

static struct ike_buffer sent_with(const struct answer *answer)
{
	struct ike_buffer one = answer_of(answer, NULL), out = {.data = malloc(one.len + 2)};
	struct ike_writer w = ike_writer(out.data, one.len + 2);

	ike_put_u16(&w, (uint16_t)one.len);
	ike_put_slice(&w, ike_buffer_slice(&one));
	ike_buffer_free(&one);
	out.len = w.len;
	return out;
}

/* RFC 4806 */
static void what_a_peer_sends_counts_as_fetched(void **state)
{
	const struct answer good = {.signer = &delegate, .from = -60, .to = DAY};
	const struct answer revoked = {
		.signer = &delegate, .from = -60, .to = DAY, .status = REVOKED};
	const struct answer about_other = {
		.signer = &root, .from = -60, .to = DAY, .about = &other};
	const struct answer old = {.signer = &root, .from = -2 * DAY, .to = -DAY};
	struct trust_known *known = trust_known_new();
	struct world world = {0};

	(void)state;
	/* Of another one, or too old: it is asked for. */
	assert_string_not_equal(
		verdict_knowing("strict", &host, NULL, &world, known, sent_with(&about_other)), "");
	assert_string_not_equal(
		verdict_knowing("strict", &host, NULL, &world, known, sent_with(&old)), "");
	assert_int_equal(world.asked_ocsp, 1);
	trust_known_free(known);
	known = trust_known_new();
	world = (struct world){0};
	assert_string_equal(verdict_knowing("strict", &host, NULL, &world, known, sent_with(&good)),
			    "");
	/* and is remembered */
	assert_string_equal(
		verdict_knowing("strict", &host, NULL, &world, known, (struct ike_buffer){0}), "");
	assert_int_equal(world.asked_ocsp, 0);
	trust_known_free(known);
	known = trust_known_new();
	assert_non_null(
		strstr(verdict_knowing("relaxed", &host, NULL, &world, known, sent_with(&revoked)),
		       "certificate revoked"));
	assert_int_equal(world.asked_ocsp, 0);
	trust_known_free(known);
}

/* Our own certificate's answer goes along when it is asked for, and otherwise doesn't. */
static void we_send_what_ocsp_says_of_us(void **state)
{
	const struct answer good = {.signer = &root, .from = -60, .to = DAY, .about = &self};
	struct world world = {.ocsp = &good};
	struct trust *trust = load(own, "auth = pubkey", "");

	(void)state;
	for (unsigned way = 0; way < 3; way++) {
		struct trust_known *known = trust_known_new();
		struct network network = {known, serve, &world};
		struct ike_buffer sent;

		world.ocsp = way == 2 ? NULL : &good;
		sent = signed_ocsp(trust, way > 0, &network);
		assert_int_equal(sent.len > 0, way == 1);
		assert_int_equal(world.asked_ocsp, way);
		ike_buffer_free(&sent);
		trust_known_free(known);
	}
	trust_release(trust);
}

/* A URI is text that HTTP takes, and no other scheme is looked at. */
static void only_http_is_asked(void **state)
{
	static const char *const infos[] = {"OCSP;URI:ldap://ocsp.example.org/",
					    "OCSP;URI:file:///etc/passwd",
					    "OCSP;URI:https://ocsp.example.org/",
					    "OCSP;URI:http:/ocsp",
					    "caIssuers;URI:http://x/",
					    "OCSP;URI:http://a b/"};

	(void)state;
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
		struct party p =
			make(&(struct kind){.alt = "DNS:b.example.org", .info = infos[i]}, &root);
		struct world world = {0};

		assert_string_not_equal(verdict("strict", &p, &world), "");
		assert_int_equal(world.asked_ocsp + world.asked_list, 0);
		party_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ocsp_is_believed_if_it_is_all_right),
		cmocka_unit_test(lists_are_asked_for_what_ocsp_does_not_say),
		cmocka_unit_test(a_list_is_believed_if_it_is_all_right),
		cmocka_unit_test(each_word_says_what_becomes_of_silence),
		cmocka_unit_test(no_uri_is_fetched_before_trust),
		cmocka_unit_test(what_is_known_is_not_fetched_again),
		cmocka_unit_test(what_a_peer_sends_counts_as_fetched),
		cmocka_unit_test(we_send_what_ocsp_says_of_us),
		cmocka_unit_test(only_http_is_asked),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
