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

STACK_OF(X509) * trust_read_certs(const char *path, const char **fault)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	size_t len;
	char *text = read_all(path, FILE_MAX, &len, fault);
	BIO *bio = text ? BIO_new_mem_buf(text, (int)len) : NULL;
	X509 *cert = NULL;

	if (bio && certs && memmem(text, len, "-----BEGIN", 10))
		while (sk_X509_num(certs) < CERTS_MAX &&
		       (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
			sk_X509_push(certs, cert);
	else if (bio && certs && (cert = d2i_X509_bio(bio, NULL)))
		sk_X509_push(certs, cert);
	BIO_free(bio);
	free(text);
	ERR_clear_error();
	if (certs && sk_X509_num(certs))
		return certs;
	sk_X509_free(certs);
	if (!*fault)
		*fault = "it holds no certificate in PEM or DER";
	return NULL;
}

X509_CRL *trust_read_crl(const char *path, const char **fault)
{
	size_t len;
	char *text = read_all(path, CRL_MAX, &len, fault);
	BIO *bio = text ? BIO_new_mem_buf(text, (int)len) : NULL;
	X509_CRL *crl = NULL;

	if (bio && memmem(text, len, "-----BEGIN", 10))
		crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
	else if (bio)
		crl = d2i_X509_CRL_bio(bio, NULL);
	BIO_free(bio);
	free(text);
	ERR_clear_error();
	if (!crl && !*fault)
		*fault = "it holds no CRL in PEM or DER";
	return crl;
}

EVP_PKEY *trust_read_public_key(const char *path, const char **fault)
{
	size_t len;
	char *text = read_all(path, FILE_MAX, &len, fault);
	BIO *bio = text ? BIO_new_mem_buf(text, (int)len) : NULL;
	EVP_PKEY *key = NULL;

	if (bio && memmem(text, len, "-----BEGIN", 10))
		key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	else if (bio)
		key = d2i_PUBKEY_bio(bio, NULL);
	BIO_free(bio);
	free(text);
	ERR_clear_error();
	if (!key && !*fault)
		*fault = "it holds no public key in PEM or DER";
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
	size_t len;
	char *text = read_all(path, FILE_MAX, &len, fault);
	BIO *bio = text ? BIO_new_mem_buf(text, (int)len) : NULL;
	EVP_PKEY *key = NULL;

	if (bio && memmem(text, len, "-----BEGIN", 10)) {
		key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &asked);
	} else if (bio) {
		key = d2i_PrivateKey_bio(bio, NULL);
		BIO_reset(bio);
		if (!key)
			key = d2i_PKCS8PrivateKey_bio(bio, NULL, give_passphrase, &asked);
	}
	BIO_free(bio);
	if (text)
		OPENSSL_cleanse(text, len);
	free(text);
	ERR_clear_error();
	if (!key && !*fault && asked.asked)
		*fault = passphrase.len ? "its passphrase (secret) is wrong"
					: "it is encrypted, and there is no secret for it";
	else if (!key && !*fault)
		*fault = "it holds no private key in PEM or DER";
	return key;
}
