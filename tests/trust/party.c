/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/trust/party.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/trust/signature.h"

char folder[] = "/tmp/trust_test.XXXXXX";

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;

	if (!value)
		return;
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

struct party make(const struct kind *k, const struct party *issuer)
{
	const bool rsa = k->curve && !strcmp(k->curve, "RSA");
	struct party p = {
		.cert = X509_new(),
		.key = rsa ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
			   : EVP_PKEY_Q_keygen(NULL, NULL, "EC", k->curve ? k->curve : "P-256")};
	const struct party *by = issuer ? issuer : &p;
	const char *name = k->name ? k->name : "b";
	uint64_t serial;

	RAND_bytes((unsigned char *)&serial, sizeof(serial));
	X509_set_version(p.cert, 2);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(p.cert), serial >> 1 | 1);
	X509_gmtime_adj(X509_getm_notBefore(p.cert), k->from ? k->from : -60);
	X509_gmtime_adj(X509_getm_notAfter(p.cert), k->to ? k->to : 30 * DAY);
	X509_set_pubkey(p.cert, p.key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(p.cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(p.cert, X509_get_subject_name(by->cert));
	extend(p.cert, by->cert, NID_basic_constraints, k->basic ? k->basic : "critical,CA:FALSE");
	extend(p.cert, by->cert, NID_subject_key_identifier, "hash");
	extend(p.cert, by->cert, NID_authority_key_identifier, "keyid");
	extend(p.cert, by->cert, NID_key_usage, k->usage);
	extend(p.cert, by->cert, NID_ext_key_usage, k->eku);
	extend(p.cert, by->cert, NID_name_constraints, k->extra);
	extend(p.cert, by->cert, NID_subject_alt_name, k->alt);
	extend(p.cert, by->cert, NID_crl_distribution_points, k->crl);
	extend(p.cert, by->cert, NID_info_access, k->info);
	assert_true(X509_sign(p.cert, by->key, EVP_sha256()) > 0);
	return p;
}

void party_free(struct party *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
}

static void path_of(char *out, size_t len, const char *name)
{
	snprintf(out, len, "%s/%s", folder, name);
}

FILE *create(const char *name)
{
	char path[256];
	FILE *f;

	path_of(path, sizeof(path), name);
	f = fopen(path, "w");
	assert_non_null(f);
	return f;
}

void write_cert(const char *name, const struct party *p)
{
	FILE *f = create(name);

	assert_int_equal(PEM_write_X509(f, p->cert), 1);
	fclose(f);
}

void write_key(const char *name, const struct party *p, const char *passphrase)
{
	FILE *f = create(name);

	assert_int_equal(PEM_write_PKCS8PrivateKey(
				 f, p->key, passphrase ? EVP_aes_256_cbc() : NULL, passphrase,
				 passphrase ? (int)strlen(passphrase) : 0, NULL, NULL),
			 1);
	fclose(f);
}

void write_public_key(const char *name, const struct party *p)
{
	FILE *f = create(name);

	assert_int_equal(PEM_write_PUBKEY(f, p->key), 1);
	fclose(f);
}

void folder_begin(void)
{
	static const char *const folders[] = {"x509", "x509ca", "x509crl", "private", "pubkey"};
	char path[256];

	assert_non_null(mkdtemp(folder));
	for (unsigned i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		path_of(path, sizeof(path), folders[i]);
		mkdir(path, 0700);
	}
}

int folder_end(void)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

struct conf *read_conf(const char *local, const char *remote, const char *secrets)
{
	struct conf_error error = {""};
	struct conf *conf = NULL;
	char path[256];
	FILE *f = create("t.conf");

	fprintf(f,
		"raveld {\nbackend = soft\nwire = veth0\n}\nconnections {\ngw {\nlocal {\n%s\n}\n"
		"remote {\n%s\n}\nchildren {\nnet {\n}\n}\n}\n}\nsecrets {\n%s\n}\n",
		local, remote, secrets);
	fclose(f);
	path_of(path, sizeof(path), "t.conf");
	if (conf_load(path, &conf, &error))
		fail_msg("%s", error.text);
	return conf;
}

struct trust *load(const char *local, const char *remote, const char *secrets)
{
	struct conf *conf = read_conf(local, remote, secrets);
	struct conf_error error = {""};
	struct trust *trust = NULL;

	if (trust_load(conf, &trust, &error))
		fail_msg("%s", error.text);
	conf_free(conf);
	return trust;
}

struct ike_buffer public_key_of(const struct party *party)
{
	struct ike_buffer out = {0};
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(party->key, &der);

	assert_int_equal(ike_buffer_set(&out, ike_slice(der, (size_t)len)), 0);
	OPENSSL_free(der);
	return out;
}

static void put_cert(struct ike_writer *w, const struct party *party)
{
	unsigned char *der = NULL;
	int len = i2d_X509(party->cert, &der);

	ike_put_u16(w, (uint16_t)len);
	ike_put(w, der, (size_t)len);
	OPENSSL_free(der);
}

void network_serve(struct trust_errand *errand, const struct network *network)
{
	for (size_t i = 0; i < errand->count; i++) {
		struct trust_want *want = &errand->wants[i];

		if (want->reply)
			continue;
		want->reply = trust_reply_new(want);
		want->reply->body = network->serve(network->context, want->uri, &want->post);
		if (want->reply->body.data)
			continue;
		want->reply->error = -EIO;
		strcpy(want->reply->why, "HTTP status 404");
	}
}

static void run(const struct trust *trust, const struct network *network, struct ike_job *job)
{
	struct trust_errand *errand = network ? trust_errand_new(network->known) : NULL;

	trust_run(trust, errand, job);
	for (unsigned rounds = 0; errand && errand->waits; rounds++) {
		assert_true(rounds < 4);
		network_serve(errand, network);
		trust_run(trust, errand, job);
	}
	trust_errand_free(errand);
}

const char *judged(const struct trust *trust, const struct party *signer, const struct sent *sent,
		   const char *id)
{
	static struct ike_job job;
	static uint8_t octets[65536];
	const struct ike_slice text = ike_slice("octets", 6);
	struct ike_writer w = ike_writer(octets, sizeof(octets));
	char error[128];

	memset(&job, 0, sizeof(job));
	job.type = IKE_JOB_VERIFY;
	strcpy(job.verify.connection, "gw");
	assert_int_equal(ike_id_parse(id, &job.verify.id, error, sizeof(error)), 0);
	job.verify.hashes = ALL;
	for (unsigned i = 0; i < sent->count; i++)
		put_cert(&w, sent->chain[i]);
	ike_buffer_set(&job.verify.certs, ike_written(&w));
	if (sent->raw_key)
		job.verify.raw_key = public_key_of(sent->raw_key);
	ike_buffer_set(&job.verify.octets, text);
	trust_sign(signer->key, &(struct conf_auth){.pubkey = true}, ALL, text, &job.verify.method,
		   &job.verify.data);
	job.verify.ocsp = sent->ocsp;
	run(trust, sent->network, &job);
	ike_buffer_free(&job.verify.certs);
	ike_buffer_free(&job.verify.raw_key);
	ike_buffer_free(&job.verify.octets);
	ike_buffer_free(&job.verify.data);
	ike_buffer_free(&job.verify.ocsp);
	assert_int_equal(!job.error, !*job.reason);
	return job.reason;
}

void refused(const char *local, const char *remote, const char *secrets, const char *why)
{
	struct conf *conf = read_conf(local, remote, secrets);
	struct conf_error error = {""};
	struct trust *trust = NULL;

	if (!trust_load(conf, &trust, &error))
		fail_msg("taken, and not refused: %s", why);
	if (!strstr(error.text, why))
		fail_msg("\"%s\" isn't in \"%s\"", why, error.text);
	conf_free(conf);
}

static void add_revoked(X509_CRL *crl, const struct party *party)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, -3600);

	assert_int_equal(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(party->cert)),
			 1);
	assert_int_equal(X509_REVOKED_set_revocationDate(entry, now), 1);
	assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
	ASN1_TIME_free(now);
}

static void add_key_id(X509_CRL *crl, const struct party *by)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, by->cert, NULL, NULL, crl, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid");
	assert_non_null(extension);
	assert_int_equal(X509_CRL_add_ext(crl, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

X509_CRL *make_list(const struct party *by, const struct party *revoked, long from, long to,
		    const struct party *signer)
{
	ASN1_TIME *at = X509_gmtime_adj(NULL, from);
	X509_CRL *crl = X509_CRL_new();

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert));
	X509_CRL_set1_lastUpdate(crl, at);
	X509_gmtime_adj(at, to);
	X509_CRL_set1_nextUpdate(crl, at);
	ASN1_TIME_free(at);
	add_key_id(crl, by);
	if (revoked)
		add_revoked(crl, revoked);
	X509_CRL_sort(crl);
	assert_true(X509_CRL_sign(crl, signer->key, EVP_sha256()) > 0);
	return crl;
}

struct ike_buffer signed_ocsp(const struct trust *trust, bool asked, const struct network *network)
{
	struct ike_job job = {.type = IKE_JOB_SIGN};
	struct ike_buffer out;

	strcpy(job.sign.connection, "gw");
	job.sign.hashes = ALL;
	job.sign.send = IKE_SEND_CERT_ALWAYS;
	job.sign.ocsp_asked = asked;
	ike_buffer_set(&job.sign.octets, ike_slice("octets", 6));
	run(trust, network, &job);
	assert_int_equal(job.error, 0);
	out = job.sign.ocsp;
	ike_buffer_free(&job.sign.octets);
	ike_buffer_free(&job.sign.data);
	ike_buffer_free(&job.sign.certs);
	return out;
}
