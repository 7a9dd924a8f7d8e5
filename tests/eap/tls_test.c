/* SPDX-License-Identifier: BSD-2-Clause */
/* The two ends of EAP-TLS as configurations make them, face to face: whose certificates are taken,
 * with each version of TLS, in fragments, altered on their way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/conf.h>
#include <openssl/pem.h>
#include <unistd.h>

#include "host/eap/channel.h"
#include "host/eap/eap.h"
#include "tests/trust/party.h"

static const char ca[] = "critical,CA:TRUE", signs_certs[] = "critical,keyCertSign,cRLSign";
static const char gateway[] = "auth = pubkey\ncerts = gw.pem\nid = gw.example.org";
static const char theirs[] = "auth = pubkey\nid = gw.example.org";
static const char anybody[] = "auth = eap-tls\neap_id = %any\ncacerts = root.pem";

static struct party root, other_root, gw, bob;

/* Whom tests make beside, each with its files. */
static void add(const char *name, const struct kind *kind, const struct party *issuer)
{
	struct party party = make(kind, issuer);
	char path[64];

	snprintf(path, sizeof(path), "x509/%s.pem", name);
	write_cert(path, &party);
	snprintf(path, sizeof(path), "private/%s.pem", name);
	write_key(path, &party, NULL);
	party_free(&party);
}

static int begin(void **state)
{
	(void)state;
	folder_begin();
	root = make(&(struct kind){.name = "root", .basic = ca, .usage = signs_certs}, NULL);
	other_root = make(&(struct kind){.name = "other", .basic = ca, .usage = signs_certs}, NULL);
	gw = make(&(struct kind){.name = "gw", .alt = "DNS:gw.example.org"}, &root);
	bob = make(&(struct kind){.name = "bob", .alt = "email:bob@example.org"}, &root);
	write_cert("x509ca/root.pem", &root);
	write_cert("x509ca/other.pem", &other_root);
	write_cert("x509/gw.pem", &gw);
	write_key("private/gw.pem", &gw, NULL);
	write_cert("x509/bob.pem", &bob);
	write_key("private/bob.pem", &bob, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	party_free(&root);
	party_free(&other_root);
	party_free(&gw);
	party_free(&bob);
	return folder_end();
}

static int try_load(const char *local, const char *remote, struct eap **eap,
		    struct conf_error *error)
{
	struct conf *conf = read_conf(local, remote, "eap { id = carol\n secret = x }");
	struct trust *trust = NULL;
	int err = trust_load(conf, &trust, error);

	if (!err)
		err = eap_load(conf, trust, NULL, eap, error);
	trust_release(trust); /* what it takes of that it holds */
	conf_free(conf);
	return err;
}

static struct eap *load_eap(const char *local, const char *remote)
{
	struct conf_error error = {""};
	struct eap *eap = NULL;

	if (try_load(local, remote, &eap, &error))
		fail_msg("%s", error.text);
	return eap;
}

static void is_refused(const char *local, const char *remote, const char *why)
{
	struct conf_error error = {""};
	struct eap *eap = NULL;

	assert_int_not_equal(try_load(local, remote, &eap, &error), 0);
	if (!strstr(error.text, why))
		fail_msg("\"%s\" isn't in \"%s\"", why, error.text);
}

static int fill(void *context, void *out, size_t len)
{
	(void)context;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)rand();
	return 0;
}

/* Both ends, and what the last of them has said. */
static struct pair {
	struct eap *eaps[2]; /* server, peer */
	struct ike_job *jobs[2];
	unsigned count; /* messages so far */
} p;

static struct ike_job *job_new(bool server)
{
	struct ike_job *job = calloc(1, sizeof(*job));

	job->type = IKE_JOB_EAP;
	job->eap.server = server;
	job->eap.random.fill = fill;
	job->eap.id = (struct ike_id){.type = IKE_ID_RFC822_ADDR, .len = 15};
	memcpy(job->eap.id.data, "bob@example.org", 15);
	strcpy(job->eap.connection, "gw");
	return job;
}

/* Where certificates say that lists are; known NULL: nothing is fetched. */
static struct network network;
static unsigned fetched;

static struct ike_buffer give_list(void *list, const char *uri, const struct ike_buffer *post)
{
	struct ike_buffer out = {0};
	unsigned char *der = NULL;
	int len = list ? i2d_X509_CRL(list, &der) : 0;

	assert_string_equal(uri, "http://crl.example.org/");
	assert_int_equal(post->len, 0);
	fetched++;
	if (len > 0)
		ike_buffer_set(&out, ike_slice(der, (size_t)len));
	OPENSSL_free(der);
	return out;
}

static void run(unsigned end, struct ike_job *job)
{
	struct trust_errand *errand = network.known ? trust_errand_new(network.known) : NULL;

	eap_run(p.eaps[end], errand, job);
	while (errand && errand->waits) {
		network_serve(errand, &network);
		eap_run(p.eaps[end], errand, job);
	}
	trust_errand_free(errand);
}

static void hear(unsigned end, struct ike_slice message)
{
	struct ike_job *job = p.jobs[end];

	assert_int_equal(ike_buffer_set(&job->eap.in, message), 0);
	ike_buffer_free(&job->eap.out);
	run(end, job);
	assert_int_equal(job->error, 0);
	assert_true(job->eap.verdict != IKE_EAP_FAILED || *job->reason);
}

/* client: local's lines, server: remote's */
static void meet(const char *server, const char *client)
{
	p = (struct pair){
		{load_eap(gateway, server), load_eap(client, theirs)},
		{job_new(true), job_new(false)},
		0,
	};
	hear(0, ike_slice(NULL, 0));
}

static void part(void)
{
	for (unsigned i = 0; i < 2; i++) {
		ike_job_free(p.jobs[i]);
		eap_release(p.eaps[i]);
	}
	p = (struct pair){0};
}

static bool goes_on(void)
{
	return p.jobs[0]->eap.verdict == IKE_EAP_MORE && p.jobs[1]->eap.verdict == IKE_EAP_MORE;
}

static struct ike_slice said(void)
{
	return ike_buffer_slice(&p.jobs[p.count % 2]->eap.out);
}

/* Up to the end, or `most` messages. */
static void converse(unsigned most)
{
	while (p.count < most && goes_on() && said().len) {
		unsigned to = p.count % 2 ? 0 : 1;
		struct ike_slice message = said();

		hear(to, message);
		p.count++;
	}
	if (p.jobs[0]->eap.verdict == IKE_EAP_DONE && p.count < most)
		hear(1, ike_buffer_slice(&p.jobs[0]->eap.out));
}

static bool are_done(void)
{
	return p.jobs[0]->eap.verdict == IKE_EAP_DONE && p.jobs[1]->eap.verdict == IKE_EAP_DONE;
}

static void assert_in(const char *server, const char *client, const char *as)
{
	char identity[IKE_ID_TEXT];

	meet(server, client);
	converse(200);
	if (!are_done())
		fail_msg("server: %s; client: %s", p.jobs[0]->reason, p.jobs[1]->reason);
	ike_id_text(&p.jobs[0]->eap.identity, identity, sizeof(identity));
	assert_string_equal(identity, as);
	assert_int_equal(p.jobs[0]->eap.msk_len, IKE_MSK_MAX);
	assert_int_equal(p.jobs[1]->eap.msk_len, IKE_MSK_MAX);
	assert_memory_equal(p.jobs[0]->eap.msk, p.jobs[1]->eap.msk, IKE_MSK_MAX);
	part();
}

/* Neither has a key. who: 0 the server finds it, 1 the client. */
static void assert_out(const char *server, const char *client, unsigned who, const char *why)
{
	meet(server, client);
	converse(200);
	assert_int_equal(p.jobs[0]->eap.msk_len, 0);
	assert_int_equal(p.jobs[1]->eap.msk_len, 0);
	assert_int_equal(p.jobs[who]->eap.verdict, IKE_EAP_FAILED);
	if (!strstr(p.jobs[who]->reason, why))
		fail_msg("\"%s\" isn't in \"%s\"", why, p.jobs[who]->reason);
	part();
}

/* What OpenSSL's own configuration allows at most: our contexts are made by it, too. */
static void at_most(const char *version)
{
	char path[64];
	FILE *f = create("openssl.conf");

	fprintf(f,
		"openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMaxProtocol = "
		"%s\n",
		version);
	fclose(f);
	snprintf(path, sizeof(path), "%s/openssl.conf", folder);
	assert_int_equal(CONF_modules_load_file(path, NULL, 0), 1);
}

static void with_every_version(void (*test)(void))
{
	at_most("TLSv1.2");
	test();
	at_most("TLSv1.3");
	test();
}

static const char bobs[] = "auth = eap-tls\ncerts = bob.pem\neap_id = bob@example.org";

static void come_in(void)
{
	assert_in(anybody, bobs, "bob@example.org");
	assert_in("auth = eap-tls\neap_id = *@example.org", bobs, "bob@example.org");
	assert_in("auth = eap-tls\ncerts = bob.pem\neap_id = %any", bobs, "bob@example.org");
	assert_in(anybody, "auth = eap-tls\ncerts = bob.pem", "CN=bob");
	assert_in("auth = eap-tls\neap_id = \"CN=*\"",
		  "auth = eap-tls\ncerts = bob.pem\nid = \"CN=bob\"", "CN=bob");
}

static void whoever_has_a_certificate_comes_in(void **state)
{
	(void)state;
	with_every_version(come_in);
}

static void stay_out(void)
{
	assert_out(anybody, "auth = eap-tls\ncerts = stranger.pem", 0, "isn't trusted");
	assert_out("auth = eap-tls\ncerts = gw.pem\neap_id = %any", bobs, 0, "remote.certs");
	assert_out(anybody, "auth = eap-tls\ncerts = old.pem", 0, "expired");
	assert_out(anybody, "auth = eap-tls\ncerts = server.pem", 0, "isn't for clients of TLS");
	assert_out(anybody, "auth = eap-tls\ncerts = signs.pem", 0, "key usage");
	assert_out(anybody, "auth = eap-tls\ncerts = revoked.pem", 0, "revoked");
	assert_out("auth = eap-tls\neap_id = *@example.net", bobs, 0, "isn't let in here");
	assert_out("auth = eap-tls\neap_id = \"O=x, CN=*\"", "auth = eap-tls\ncerts = bob.pem", 0,
		   "isn't let in here");
}

static void write_revoked(void)
{
	struct party revoked = make(&(struct kind){.name = "revoked"}, &root);
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *then = X509_gmtime_adj(NULL, -3600), *next = X509_gmtime_adj(NULL, DAY);
	FILE *f = create("x509crl/root.pem");

	write_cert("x509/revoked.pem", &revoked);
	write_key("private/revoked.pem", &revoked, NULL);
	X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked.cert));
	X509_REVOKED_set_revocationDate(entry, then);
	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(root.cert));
	X509_CRL_set1_lastUpdate(crl, then);
	X509_CRL_set1_nextUpdate(crl, next);
	X509_CRL_add0_revoked(crl, entry);
	assert_true(X509_CRL_sign(crl, root.key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
	fclose(f);
	ASN1_TIME_free(then);
	ASN1_TIME_free(next);
	X509_CRL_free(crl);
	party_free(&revoked);
}

static void nobody_else_comes_in(void **state)
{
	(void)state;
	add("stranger", &(struct kind){.name = "bob"}, &other_root);
	add("old", &(struct kind){.name = "old", .from = -9 * DAY, .to = -DAY}, &root);
	add("server", &(struct kind){.name = "server", .eku = "serverAuth"}, &root);
	add("signs", &(struct kind){.name = "signs", .usage = "keyCertSign"}, &root);
	write_revoked();
	with_every_version(stay_out);
}

/* The conversation goes on where it was, once what the certificate names has come. */
static void be_asked_about(void)
{
	static const char strict[] =
		"auth = eap-tls\neap_id = %any\ncacerts = other.pem\nrevocation = strict";
	static const char client[] = "auth = eap-tls\ncerts = asked.pem";
	struct party asked = make(
		&(struct kind){.name = "asked", .crl = "URI:http://crl.example.org/"}, &other_root);

	write_cert("x509/asked.pem", &asked);
	write_key("private/asked.pem", &asked, NULL);
	for (unsigned way = 0; way < 3; way++) {
		network = (struct network){trust_known_new(), give_list, NULL};
		if (way)
			network.context = make_list(&other_root, way == 2 ? &asked : NULL, -60, DAY,
						    &other_root);
		fetched = 0;
		if (way == 1)
			assert_in(strict, client, "CN=asked");
		else
			assert_out(strict, client, 0, way ? "certificate revoked" : "404");
		assert_int_equal(fetched, 1);
		X509_CRL_free(network.context);
		trust_known_free(network.known);
	}
	network = (struct network){0};
	party_free(&asked);
}

static void who_is_revoked_by_network_stays_out(void **state)
{
	(void)state;
	with_every_version(be_asked_about);
}

/* The server knows the name that is said, and the certificate is somebody else's. */
static void a_name_alone_opens_nothing(void)
{
	struct ike_slice message;
	uint8_t octets[64];

	meet(anybody, bobs);
	message = said();
	hear(1, message);
	message = ike_buffer_slice(&p.jobs[1]->eap.out);
	assert_memory_equal(message.data + 5, "bob@example.org", 15);
	memcpy(octets, message.data, message.len);
	octets[5] = 'r';
	hear(0, ike_slice(octets, message.len));
	p.count = 2;
	converse(200);
	assert_int_equal(p.jobs[0]->eap.verdict, IKE_EAP_FAILED);
	assert_non_null(strstr(p.jobs[0]->reason, "for another one"));
	assert_int_equal(p.jobs[1]->eap.msk_len, 0);
	part();
}

static void one_that_says_another_name_stays_out(void **state)
{
	(void)state;
	with_every_version(a_name_alone_opens_nothing);
}

static void whom_no_connection_is_for(void)
{
	meet(anybody, bobs);
	p.jobs[0]->eap.of_nobody = true;
	converse(200);
	assert_int_equal(p.jobs[0]->eap.verdict, IKE_EAP_FAILED);
	assert_int_equal(p.jobs[1]->eap.msk_len, 0);
	part();
}

static void whom_no_connection_is_for_stays_out(void **state)
{
	(void)state;
	with_every_version(whom_no_connection_is_for);
}

/* What a client that may not come in hears is as long, and comes as late, whatever is wrong. */
static void all_who_stay_out_hear_the_same(void **state)
{
	static const char *const clients[] = {
		"auth = eap-tls\ncerts = stranger.pem", "auth = eap-tls\ncerts = old.pem",
		"auth = eap-tls\ncerts = server.pem",	"auth = eap-tls\ncerts = revoked.pem",
		"auth = eap-tls\ncerts = bob.pem",
	};
	unsigned counts[5];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		meet(i == 4 ? "auth = eap-tls\neap_id = nobody" : anybody, clients[i]);
		converse(200);
		assert_int_equal(p.jobs[0]->eap.verdict, IKE_EAP_FAILED);
		assert_int_equal(p.jobs[0]->eap.out.len, 0);
		counts[i] = p.count;
		part();
		assert_int_equal(counts[i], counts[0]);
	}
}

static void servers_that_stay_out(void)
{
	static const char *const wrong[] = {
		"auth = pubkey\ncerts = stranger-gw.pem\nid = gw.example.org",
		"auth = pubkey\ncerts = client-gw.pem\nid = gw.example.org",
		"auth = pubkey\ncerts = bob.pem\nid = bob@example.org",
	};
	static const char *const why[] = {"isn't trusted", "isn't for servers of TLS",
					  "for another one"};

	for (unsigned i = 0; i < 3; i++) {
		p = (struct pair){
			{load_eap(wrong[i], anybody),
			 load_eap(bobs, "auth = pubkey\nid = gw.example.org\ncacerts = root.pem")},
			{job_new(true), job_new(false)},
			0,
		};
		hear(0, ike_slice(NULL, 0));
		converse(200);
		assert_int_equal(p.jobs[1]->eap.verdict, IKE_EAP_FAILED);
		assert_non_null(strstr(p.jobs[1]->reason, why[i]));
		assert_int_equal(p.jobs[1]->eap.out.len, 0);
		assert_int_equal(p.jobs[0]->eap.msk_len, 0);
		part();
	}
}

static void nobody_is_a_server_without_its_certificate(void **state)
{
	(void)state;
	add("stranger-gw", &(struct kind){.name = "gw", .alt = "DNS:gw.example.org"}, &other_root);
	add("client-gw",
	    &(struct kind){.name = "gw", .alt = "DNS:gw.example.org", .eku = "clientAuth"}, &root);
	with_every_version(servers_that_stay_out);
}

/* The server of TLS need not be called as the gateway is in IKE. */
static void another_server_behind_the_gateway(void)
{
	struct eap *client = load_eap("auth = eap-tls\ncerts = bob.pem\neap_id = bob@example.org\n"
				      "aaa_id = gw.example.org",
				      "auth = pubkey\nid = edge.example.org");

	p = (struct pair){{load_eap(gateway, anybody), client}, {job_new(true), job_new(false)}, 0};
	hear(0, ike_slice(NULL, 0));
	converse(200);
	assert_true(are_done());
	part();
}

static void aaa_id_names_the_server(void **state)
{
	(void)state;
	with_every_version(another_server_behind_the_gateway);
}

/* Certificates of 20 KiB: many fragments each way. */
static void large_certificates(void)
{
	unsigned longest = 0;

	meet(anybody, "auth = eap-tls\ncerts = large.pem");
	for (unsigned i = 0; goes_on() && i < 200; i++) {
		struct ike_slice message = said();

		if (message.len > longest)
			longest = (unsigned)message.len;
		converse(p.count + 1);
	}
	converse(201);
	assert_true(are_done());
	assert_true(p.count > 40);
	assert_int_equal(longest, 4 + 1 + 1 + 4 + EAP_CHANNEL_FRAGMENT);
	part();
}

static void large_certificates_go_in_fragments(void **state)
{
	char alt[24576] = "email:large@example.org";
	size_t len = strlen(alt);

	(void)state;
	for (unsigned i = 0; len < 20000; i++)
		len += (size_t)snprintf(alt + len, sizeof(alt) - len,
					",DNS:name-%04u.of.a.host.that.has.very.many.example.org",
					i);
	add("large", &(struct kind){.name = "large", .alt = alt}, &root);
	with_every_version(large_certificates);
}

/* The version of a record, which TLS 1.3 has nobody look at (RFC 8446, section 5.1). */
static bool is_version(struct ike_slice message, size_t at)
{
	for (size_t record = 6; record + 5 <= message.len;
	     record += 5 + (size_t)(message.data[record + 3] << 8 | message.data[record + 4]))
		if (at == record + 1 || at == record + 2)
			return true;
	return false;
}

/* The message that waits, as it is altered. */
static bool comes_in_altered(unsigned number, size_t cut, size_t at, uint8_t bit)
{
	static uint8_t octets[IKE_EAP_MAX];
	struct ike_slice message;
	bool in;

	meet(anybody, bobs);
	converse(number);
	message = said();
	if (!goes_on() || p.count < number || (cut ? cut : at) >= message.len ||
	    (!cut && is_version(message, at))) {
		part();
		return false;
	}
	memcpy(octets, message.data, message.len);
	octets[at] ^= bit;
	if (cut) {
		octets[2] = (uint8_t)(cut >> 8);
		octets[3] = (uint8_t)cut;
	}
	hear(number % 2 ? 0 : 1, ike_slice(octets, cut ? cut : message.len));
	p.count++;
	converse(200);
	in = are_done();
	part();
	return in;
}

static unsigned count_messages(void)
{
	unsigned count;

	meet(anybody, bobs);
	converse(200);
	count = p.count;
	part();
	return count;
}

/* From the first data of TLS on, behind code, identifier, length, type and flags. */
static void alter(void)
{
	unsigned count = count_messages();

	for (unsigned number = 3; number < count - 1; number++) {
		for (size_t at = 6; at < 1100; at += 1 + (size_t)rand() % 150)
			assert_false(comes_in_altered(number, 0, at, (uint8_t)(1 << rand() % 8)));
		for (size_t cut = 5; cut < 1100; cut += 1 + (size_t)rand() % 250)
			assert_false(comes_in_altered(number, cut, 0, 0));
	}
}

static void nothing_that_is_altered_comes_in(void **state)
{
	(void)state;
	with_every_version(alter);
}

/* A message of the peer's, as the server's type and the identifier that it waits for. */
static enum ike_eap_verdict answer(uint8_t flags, uint32_t total, size_t len)
{
	uint8_t octets[IKE_EAP_MAX] = {IKE_EAP_RESPONSE, said().data[1], 0, 0, EAP_TLS};
	struct ike_writer w = ike_writer(octets, sizeof(octets));

	w.len = 5;
	ike_put_u8(&w, flags);
	if (flags & 0x80)
		ike_put_u32(&w, total);
	w.len += len;
	octets[2] = (uint8_t)(w.len >> 8);
	octets[3] = (uint8_t)w.len;
	hear(0, ike_written(&w));
	return p.jobs[0]->eap.verdict;
}

static void begin_attack(void)
{
	meet(anybody, bobs);
	converse(2);
	assert_int_equal(said().data[4], EAP_TLS);
}

static void what_makes_no_sense_ends_it(void **state)
{
	static const struct {
		uint8_t flags;
		uint32_t total;
		size_t len;
	} attacks[] = {
		{0, 0, 0},	       /* nothing, before anything is to be acknowledged */
		{0x40, 0, 0},	       /* more of nothing */
		{0x80, 9, 10},	       /* longer than it says */
		{0x80, 11, 10},	       /* shorter */
		{0x80, UINT32_MAX, 3}, /* much shorter */
		{0x20, 0, 0},	       /* a start of its own */
		{0x20, 0, 5},
		{0x60, 0, 0},
		{0, 0, 200}, /* no TLS */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		begin_attack();
		assert_int_equal(answer(attacks[i].flags, attacks[i].total, attacks[i].len),
				 IKE_EAP_FAILED);
		part();
	}
}

/* The client's first message as one fragment that says how long it is. */
static enum ike_eap_verdict answer_with_length(int more)
{
	uint8_t octets[IKE_EAP_MAX];
	struct ike_slice message;
	struct ike_writer w = ike_writer(octets, sizeof(octets));
	enum ike_eap_verdict verdict;

	meet(anybody, bobs);
	converse(3);
	message = said();
	ike_put(&w, message.data, 5);
	ike_put_u8(&w, 0x80);
	ike_put_u32(&w, (uint32_t)((int)message.len - 6 + more));
	ike_put(&w, message.data + 6, message.len - 6);
	octets[2] = (uint8_t)(w.len >> 8);
	octets[3] = (uint8_t)w.len;
	hear(0, ike_written(&w));
	verdict = p.jobs[0]->eap.verdict;
	part();
	return verdict;
}

static void a_length_is_the_length(void **state)
{
	(void)state;
	assert_int_equal(answer_with_length(0), IKE_EAP_MORE);
	assert_int_equal(answer_with_length(1), IKE_EAP_FAILED);
	assert_int_equal(answer_with_length(-1), IKE_EAP_FAILED);
}

/* Each fragment is answered by nothing, before anything else is said. */
static void fragments_are_taken_first(void **state)
{
	uint8_t octets[] = {IKE_EAP_REQUEST, 0, 0, 8, EAP_TLS, 0, 22, 3};

	(void)state;
	meet(anybody, "auth = eap-tls\ncerts = large.pem");
	while (p.count % 2 == 0 || !(said().data[4] == EAP_TLS && said().data[5] & 0x40))
		converse(p.count + 1);
	octets[1] = (uint8_t)(said().data[1] + 1);
	hear(1, ike_slice(octets, sizeof(octets)));
	assert_int_equal(p.jobs[1]->eap.verdict, IKE_EAP_FAILED);
	assert_non_null(strstr(p.jobs[1]->reason, "out of place"));
	part();
}

/* Who isn't known yet has no more room than that. */
static void a_message_has_an_end(void **state)
{
	size_t got = 0;

	(void)state;
	begin_attack();
	while (answer(0x40, 0, 1024) == IKE_EAP_MORE)
		got += 1024;
	assert_int_equal(got, EAP_CHANNEL_MESSAGE);
	part();
	begin_attack();
	assert_int_equal(answer(0xc0, 3000, 1024), IKE_EAP_MORE);
	assert_int_equal(answer(0xc0, 4000, 1024), IKE_EAP_FAILED);
	part();
}

/* Another end, which is OpenSSL's alone, and goes by no rules of ours. */
static struct raw {
	SSL_CTX *context;
	SSL *ssl;
} raw;

static void raw_begin(bool server, bool shows)
{
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	raw.context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	SSL_CTX_set_min_proto_version(raw.context, TLS1_3_VERSION);
	SSL_CTX_set_num_tickets(raw.context, 0);
	if (shows) {
		SSL_CTX_use_certificate(raw.context, gw.cert);
		SSL_CTX_use_PrivateKey(raw.context, gw.key);
		SSL_CTX_set_verify(raw.context, SSL_VERIFY_PEER, NULL);
		X509_STORE_add_cert(SSL_CTX_get_cert_store(raw.context), root.cert);
	}
	raw.ssl = SSL_new(raw.context);
	SSL_set_bio(raw.ssl, in, out);
	if (server)
		SSL_set_accept_state(raw.ssl);
	else
		SSL_set_connect_state(raw.ssl);
}

static void raw_end(void)
{
	SSL_free(raw.ssl);
	SSL_CTX_free(raw.context);
}

/* What it has to say, to that end. */
static void raw_say(unsigned to, uint8_t code, uint8_t identifier)
{
	uint8_t octets[IKE_EAP_MAX] = {code, identifier, 0, 0, EAP_TLS, 0};
	int len = BIO_read(SSL_get_wbio(raw.ssl), octets + 6, sizeof(octets) - 6);
	size_t all = 6 + (size_t)(len > 0 ? len : 0);

	octets[2] = (uint8_t)(all >> 8);
	octets[3] = (uint8_t)all;
	hear(to, ike_slice(octets, all));
}

static void raw_hear(struct ike_slice message)
{
	assert_int_equal(message.data[5], 0);
	BIO_write(SSL_get_rbio(raw.ssl), message.data + 6, (int)message.len - 6);
	SSL_do_handshake(raw.ssl);
}

static void a_client_without_a_certificate_stays_out(void **state)
{
	(void)state;
	meet(anybody, bobs);
	converse(2);
	raw_begin(false, false);
	SSL_do_handshake(raw.ssl);
	raw_say(0, IKE_EAP_RESPONSE, said().data[1]);
	raw_hear(said());
	raw_say(0, IKE_EAP_RESPONSE, said().data[1]);
	assert_int_equal(p.jobs[0]->eap.verdict, IKE_EAP_FAILED);
	assert_int_equal(p.jobs[0]->eap.out.len, 0);
	raw_end();
	part();
}

static enum ike_eap_verdict commit_with(const char *words, size_t len)
{
	const uint8_t start[] = {IKE_EAP_REQUEST, 7, 0, 6, EAP_TLS, 0x20};
	enum ike_eap_verdict verdict;

	meet(anybody, bobs);
	raw_begin(true, true);
	hear(1, ike_slice(start, sizeof(start)));
	raw_hear(ike_buffer_slice(&p.jobs[1]->eap.out));
	raw_say(1, IKE_EAP_REQUEST, 8);
	raw_hear(ike_buffer_slice(&p.jobs[1]->eap.out));
	assert_true(SSL_is_init_finished(raw.ssl));
	if (len)
		assert_int_equal(SSL_write(raw.ssl, words, (int)len), (int)len);
	raw_say(1, IKE_EAP_REQUEST, 9);
	verdict = p.jobs[1]->eap.verdict;
	if (verdict == IKE_EAP_MORE)
		hear(1, ike_slice((const uint8_t[]){IKE_EAP_SUCCESS, 9, 0, 4}, 4));
	if (verdict == IKE_EAP_MORE)
		verdict = p.jobs[1]->eap.verdict;
	raw_end();
	part();
	return verdict;
}

static void a_server_has_to_say_that_it_is_content(void **state)
{
	(void)state;
	assert_int_equal(commit_with("\0", 1), IKE_EAP_DONE);
	assert_int_equal(commit_with("", 0), IKE_EAP_FAILED);
	assert_int_equal(commit_with("\1", 1), IKE_EAP_FAILED);
	assert_int_equal(commit_with("\0\0", 2), IKE_EAP_FAILED);
}

/* A reload takes the snapshot that a conversation began with. */
static void a_reload_in_the_midst_changes_nothing(void **state)
{
	(void)state;
	meet(anybody, bobs);
	for (unsigned i = 0; goes_on() && i < 200; i++) {
		converse(p.count + 1);
		eap_release(p.eaps[0]);
		p.eaps[0] = load_eap(gateway, anybody);
	}
	converse(201);
	assert_true(are_done());
	part();
}

static void what_is_missing_is_said(void **state)
{
	(void)state;
	is_refused("auth = psk\nid = gw.example.org", "auth = eap-tls",
		   "connections.gw.local: the server of EAP-TLS shows the certificate of auth = "
		   "pubkey");
	is_refused(bobs, "auth = pubkey",
		   "connections.gw.local: whom the server's certificate names must be said");
	is_refused("auth = eap-tls\ncerts = bob.pem\neap_id = carol@example.org", theirs,
		   "local.eap_id is neither its subject nor a subjectAltName");
	is_refused("auth = eap-tls\ncerts = absent.pem", theirs, "absent.pem");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_has_a_certificate_comes_in),
		cmocka_unit_test(nobody_else_comes_in),
		cmocka_unit_test(who_is_revoked_by_network_stays_out),
		cmocka_unit_test(one_that_says_another_name_stays_out),
		cmocka_unit_test(whom_no_connection_is_for_stays_out),
		cmocka_unit_test(all_who_stay_out_hear_the_same),
		cmocka_unit_test(nobody_is_a_server_without_its_certificate),
		cmocka_unit_test(aaa_id_names_the_server),
		cmocka_unit_test(large_certificates_go_in_fragments),
		cmocka_unit_test(nothing_that_is_altered_comes_in),
		cmocka_unit_test(what_makes_no_sense_ends_it),
		cmocka_unit_test(a_length_is_the_length),
		cmocka_unit_test(fragments_are_taken_first),
		cmocka_unit_test(a_client_without_a_certificate_stays_out),
		cmocka_unit_test(a_server_has_to_say_that_it_is_content),
		cmocka_unit_test(a_message_has_an_end),
		cmocka_unit_test(a_reload_in_the_midst_changes_nothing),
		cmocka_unit_test(what_is_missing_is_said),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
