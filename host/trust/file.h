/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates and private keys in files, PEM or DER. */
#ifndef RVL_TRUST_FILE_H
#define RVL_TRUST_FILE_H

#include <openssl/x509.h>

#include "host/ike/secret.h"

/* All certificates of a file, the first one first. NULL: *fault says why. */
STACK_OF(X509) * trust_read_certs(const char *path, const char **fault);

/* A list of revoked certificates (CRL), of 64 MiB at most. NULL: *fault says why. */
X509_CRL *trust_read_crl(const char *path, const char **fault);

/* A public key without a certificate (SubjectPublicKeyInfo). NULL: *fault says why. */
EVP_PKEY *trust_read_public_key(const char *path, const char **fault);

/* A private key, which a passphrase may be needed for. NULL: *fault says why. */
EVP_PKEY *trust_read_key(const char *path, struct ike_slice passphrase, const char **fault);

#endif
