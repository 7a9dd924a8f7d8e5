/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS in the data of an EAP type (RFC 5216, section 3): messages in fragments, each of which is
 * answered, around a handshake of OpenSSL's that sees only whole ones.
 */
#ifndef RVL_EAP_CHANNEL_H
#define RVL_EAP_CHANNEL_H

#include "host/eap/method.h"

enum {
	EAP_CHANNEL_FRAGMENT = 1024,	 /* octets of TLS in one message of ours */
	EAP_CHANNEL_MESSAGE = 32 * 1024, /* that one of the other side's may have in all */
};

struct eap_channel;

/* NULL without memory. */
struct eap_channel *eap_channel_new(SSL_CTX *context, bool server);

/* NULL is fine. */
void eap_channel_free(struct eap_channel *ch);

/* What has come. */
enum eap_channel_in {
	EAP_CHANNEL_BAD,      /* malformed: r->why says how */
	EAP_CHANNEL_START,    /* the server begins */
	EAP_CHANNEL_ANSWERED, /* a fragment, and the answer to it is written */
	EAP_CHANNEL_EMPTY,    /* nothing, and nothing of ours is left to be sent */
	EAP_CHANNEL_WHOLE,    /* a message, for OpenSSL to read */
};

enum eap_channel_in eap_channel_take(struct eap_channel *ch, struct eap_round *r);

/* The server's first message. */
void eap_channel_start(struct eap_round *r);

/* What OpenSSL has to say, or the first fragment of it; nothing at all is a message, too. */
void eap_channel_give(struct eap_channel *ch, struct eap_round *r);

/* Does it have anything to say? */
bool eap_channel_has(const struct eap_channel *ch);

/* The handshake goes on. MORE: the other side's turn; DONE: there is a key, and the other side's
 * certificate is r->other's, if r->errand doesn't wait; FAILED: r->why says why. */
enum ike_eap_verdict eap_channel_shake(struct eap_channel *ch, struct eap_round *r);

/* The errand has waited: now? NULL: the certificate is the other one's, or the errand still waits.
 */
const char *eap_channel_judged(struct eap_channel *ch, const struct ike_id *other,
			       struct trust_errand *errand);

SSL *eap_channel_ssl(struct eap_channel *ch);

#endif
