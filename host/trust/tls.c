// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>

#include "host/trust/private.h"

enum {
	LEVEL = 2,	       /* 112 bits */
	CHAIN_MAX = 32 * 1024, /* octets of certificates that are read */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int slot = -1; /* of an SSL_CTX's trust */

static void free_trust(void *parent, void *trust, CRYPTO_EX_DATA *data, int index, long argl,
		       void *argp)
{
	(void)parent;
	(void)data;
	(void)index;
	(void)argl;
	(void)argp;
	trust_release(trust);
}

static void make_slot(void)
{
	slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_trust);
}

static const struct trust *trust_of(const SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), slot);
}

static const struct trust_connection *connection_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static bool fail(SSL *ssl, const char *why)
{
	snprintf(SSL_get_app_data(ssl), TRUST_FAULT, "%s", why);
	return false;
}

/* In the midst of the handshake: nobody has shown yet that the key is his. */
static int judge(X509_STORE_CTX *context, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
	bool good =
		trust_believes(trust_of(ssl), connection_of(ssl), X509_STORE_CTX_get0_cert(context),
			       X509_STORE_CTX_get0_untrusted(context), NULL, SSL_get_app_data(ssl));

	(void)unused;
	X509_STORE_CTX_set_error(context, good ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
	return good;
}

bool trust_tls_is_with(SSL *ssl, const struct ike_id *id, struct trust_errand *errand)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	const uint32_t purpose =
		XKU_ANYEKU | (SSL_is_server(ssl) ? XKU_SSL_CLIENT : XKU_SSL_SERVER);

	if (!cert || SSL_get_verify_result(ssl) != X509_V_OK)
		return fail(ssl, "it has shown no certificate");
	if (!trust_cert_is_of(cert, id))
		return fail(ssl, "its certificate is for another one (neither subject nor "
				 "subjectAltName)");
	if (!(X509_get_extended_key_usage(cert) & purpose))
		return fail(ssl, SSL_is_server(ssl) ? "its certificate isn't for clients of TLS"
						    : "its certificate isn't for servers of TLS");
	return !trust_revokes(trust_of(ssl), connection_of(ssl), cert, SSL_get_peer_cert_chain(ssl),
			      NULL, ike_slice(NULL, 0), errand, SSL_get_app_data(ssl));
}

/* Each with the certificates between it and an authority; of each kind of key the first. */
static bool show_own(SSL_CTX *tls, const struct trust *t, const struct trust_connection *c)
{
	bool any = false;

	for (size_t i = 0; c->own && i < c->own->file_count; i++) {
		X509 *cert = sk_X509_value(c->own->certs, c->own->files[i].first);
		EVP_PKEY *key = trust_find_key(t, X509_get0_pubkey(cert));
		STACK_OF(X509) *chain = trust_chain_of(t, c->own, cert);

		any |= chain && SSL_CTX_use_cert_and_key(tls, cert, key, chain, 0) == 1;
		sk_X509_free(chain);
	}
	ERR_clear_error();
	return any;
}

/* Their names, for clients that have several certificates. */
static bool name_authorities(SSL_CTX *tls, const struct trust_connection *c)
{
	for (int i = 0; c->authorities && i < sk_X509_num(c->authorities->certs); i++) {
		if (SSL_CTX_add1_to_CA_list(tls, sk_X509_value(c->authorities->certs, i)) != 1)
			return false;
	}
	return true;
}

static bool is_set_up(SSL_CTX *tls, struct trust *t, const struct trust_connection *c, bool server)
{
	SSL_CTX_set_app_data(tls, (void *)(uintptr_t)c);
	SSL_CTX_set_security_level(tls, LEVEL);
	/* Servers without RFC 5746, as strongSwan's, are taken: nothing is ever negotiated again.
	 */
	SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION | SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_cert_list(tls, CHAIN_MAX);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(tls, judge, NULL);
	return SSL_CTX_set_ex_data(tls, slot, trust_hold(t)) == 1 &&
	       SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_num_tickets(tls, 0) == 1 &&
	       SSL_CTX_set_cipher_list(tls, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
	       show_own(tls, t, c) && (!server || name_authorities(tls, c));
}

SSL_CTX *trust_tls_new(struct trust *t, const char *connection, bool server)
{
	const struct trust_connection *c = trust_find(t, connection);
	SSL_CTX *tls;

	pthread_once(&once, make_slot);
	tls = c ? SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()) : NULL;
	if (tls && is_set_up(tls, t, c, server))
		return tls;
	SSL_CTX_free(tls);
	return NULL;
}
