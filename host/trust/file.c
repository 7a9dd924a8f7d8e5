// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1 << 20)
#define CRL_MAX (64 << 20)
#define CERTS_MAX 256 /* in a file */

/* All of a regular file, to be erased. NULL: *fault says why. */
static char *read_all(const char *path, off_t most, size_t *len, const char **fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *text = NULL;
	ssize_t n;

	*fault = NULL;
	if (fd < 0 || fstat(fd, &st))
		*fault = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		*fault = "it isn't a regular file";
	else if (st.st_size > most)
		*fault = most == FILE_MAX ? "it is larger than 1 MiB" : "it is larger than 64 MiB";
	else
		text = malloc((size_t)st.st_size + 1);
	if (!text && !*fault)
		*fault = "out of memory";
	for (*len = 0; text && *len < (size_t)st.st_size; *len += (size_t)n) {
		n = read(fd, text + *len, (size_t)st.st_size - *len);
		if (n <= 0)
			break;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

/* A file whose text is to be decoded. */
struct source {
	char *text;
	size_t len;
	BIO *bio; /* NULL: it can't be read */
	bool pem; /* else it is DER */
};

static struct source source_open(const char *path, off_t most, const char **fault)
{
	struct source s = {0};

	s.text = read_all(path, most, &s.len, fault);
	s.bio = s.text ? BIO_new_mem_buf(s.text, (int)s.len) : NULL;
	s.pem = s.text && memmem(s.text, s.len, "-----BEGIN", 10);
	return s;
}

/* What was decoded is there, or a fault is said, if none was yet. */
static void source_close(struct source *s, bool decoded, const char *otherwise, const char **fault)
{
	BIO_free(s->bio);
	if (s->text)
		OPENSSL_cleanse(s->text, s->len);
	free(s->text);
	ERR_clear_error();
	if (!decoded && !*fault)
		*fault = otherwise;
}

STACK_OF(X509) * trust_read_certs(const char *path, const char **fault)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	struct source s = source_open(path, FILE_MAX, fault);
	X509 *cert = NULL;

	if (s.bio && certs && s.pem)
		while (sk_X509_num(certs) < CERTS_MAX &&
		       (cert = PEM_read_bio_X509(s.bio, NULL, NULL, NULL)))
			sk_X509_push(certs, cert);
	else if (s.bio && certs && (cert = d2i_X509_bio(s.bio, NULL)))
		sk_X509_push(certs, cert);
	source_close(&s, sk_X509_num(certs) > 0, "it holds no certificate in PEM or DER", fault);
	if (sk_X509_num(certs) > 0)
		return certs;
	sk_X509_free(certs);
	return NULL;
}

X509_CRL *trust_read_crl(const char *path, const char **fault)
{
	struct source s = source_open(path, CRL_MAX, fault);
	X509_CRL *crl = NULL;

	if (s.bio)
		crl = s.pem ? PEM_read_bio_X509_CRL(s.bio, NULL, NULL, NULL)
			    : d2i_X509_CRL_bio(s.bio, NULL);
	source_close(&s, crl, "it holds no CRL in PEM or DER", fault);
	return crl;
}

EVP_PKEY *trust_read_public_key(const char *path, const char **fault)
{
	struct source s = source_open(path, FILE_MAX, fault);
	EVP_PKEY *key = NULL;

	if (s.bio)
		key = s.pem ? PEM_read_bio_PUBKEY(s.bio, NULL, NULL, NULL)
			    : d2i_PUBKEY_bio(s.bio, NULL);
	source_close(&s, key, "it holds no public key in PEM or DER", fault);
	return key;
}

struct asked {
	struct ike_slice passphrase;
	bool asked;
};

/* Nobody is ever asked on a terminal. */
static int give_passphrase(char *out, int size, int writing, void *context)
{
	struct asked *a = context;

	(void)writing;
	a->asked = true;
	if (!a->passphrase.len || a->passphrase.len > (size_t)size)
		return -1;
	memcpy(out, a->passphrase.data, a->passphrase.len);
	return (int)a->passphrase.len;
}

EVP_PKEY *trust_read_key(const char *path, struct ike_slice passphrase, const char **fault)
{
	struct asked asked = {.passphrase = passphrase};
	struct source s = source_open(path, FILE_MAX, fault);
	EVP_PKEY *key = NULL;
	const char *otherwise = "it holds no private key in PEM or DER";

	if (s.bio && s.pem) {
		key = PEM_read_bio_PrivateKey(s.bio, NULL, give_passphrase, &asked);
	} else if (s.bio) {
		key = d2i_PrivateKey_bio(s.bio, NULL);
		BIO_reset(s.bio);
		if (!key)
			key = d2i_PKCS8PrivateKey_bio(s.bio, NULL, give_passphrase, &asked);
	}
	if (asked.asked)
		otherwise = passphrase.len ? "its passphrase (secret) is wrong"
					   : "it is encrypted, and there is no secret for it";
	source_close(&s, key, otherwise, fault);
	return key;
}
