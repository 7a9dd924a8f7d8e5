/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS with the certificates of a connection, for methods of EAP (RFC 5216, section 5.3; RFC 9190,
 * section 2.2): what we show, and whom we believe. TLS 1.2 and 1.3, without resumption.
 *
 * The application data of an SSL is a char [TRUST_FAULT], which says why the other side's
 * certificate wasn't taken.
 */
#ifndef RVL_TRUST_TLS_H
#define RVL_TRUST_TLS_H

#include <openssl/ssl.h>

#include "host/trust/certificate.h"
#include "host/trust/trust.h"

/*
 * As server, or as client. It holds `trust`, and may be used by any number of threads. NULL: there
 * is no memory for it, or the connection has nothing to show, or nobody to believe.
 */
SSL_CTX *trust_tls_new(struct trust *trust, const char *connection, bool server);

/*
 * Once the handshake is done: is the other side's certificate this identity's, made for what it is
 * used for, and not revoked? False: the fault says why not, or the errand waits, and it is to be
 * asked again. errand NULL: nothing is fetched.
 */
bool trust_tls_is_with(SSL *ssl, const struct ike_id *id, struct trust_errand *errand);

#endif
