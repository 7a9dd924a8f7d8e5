/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Methods of EAP (RFC 3748, section 5). Each is a const struct of functions that both roles share;
 * a method sees its own data alone, behind the type. The session knows codes and identifiers, and
 * what comes before and after.
 */
#ifndef RVL_EAP_METHOD_H
#define RVL_EAP_METHOD_H

#include <openssl/ssl.h>

#include "host/ike/job.h"
#include "host/ike/secret.h"

/* Wire numbers (RFC 3748, section 5). */
enum eap_type {
	EAP_IDENTITY = 1,
	EAP_NOTIFICATION = 2,
	EAP_NAK = 3,
	EAP_GTC = 6,
	EAP_TLS = 13,
	EAP_MSCHAPV2 = 26,
};

/* Bits of sets of methods, the preferred one first. */
enum eap_method_index { EAP_METHOD_MSCHAPV2, EAP_METHOD_GTC, EAP_METHOD_TLS, EAP_METHODS };

enum {
	/* Those that `eap` alone stands for: they give a key, so that who is in the midst of it can
	 * be no other (RFC 7296, section 2.16). */
	EAP_KEYED = 1 << EAP_METHOD_MSCHAPV2,
	/* Whatever a RADIUS server asks for. */
	EAP_RELAYED = 1 << 7,
};
_Static_assert(EAP_METHODS <= 7, "sets of methods have a bit for those of a RADIUS server");

/* Passwords of a user: with the one-time code of the step before, of this one, and of the next. */
enum { EAP_NOW = 1, EAP_PASSWORDS = 3 };

struct eap_users;
struct trust_errand;

/* What a method is told, and says. */
struct eap_round {
	const struct ike_random *random;
	struct ike_slice user; /* as whom */
	bool known;	       /* false: whoever it is, it must fail */
	/* EAP_PASSWORDS of them, of which any will do, as one-time codes are behind them; one that
	 * is asked says that of EAP_NOW. Never NULL; not known: nobody's. Empty: `certified`. */
	const struct ike_secret *passwords;
	const struct eap_users *users;
	SSL_CTX *tls;		     /* of methods that take it */
	const struct ike_id *other;  /* whom the other side's certificate must name */
	struct trust_errand *errand; /* what has to be fetched to judge it; or NULL */
	struct ike_slice in;	     /* the other side's data */
	struct ike_writer *out;	     /* ours */
	uint8_t identifier;	     /* of the request that is asked or answered */
	const char *why;	     /* FAILED: for an operator */
	size_t msk_len;		     /* DONE */
	uint8_t *msk;		     /* room for IKE_MSK_MAX */
};

/*
 * Server, once, when it is known which of the passwords has been said, or EAP_PASSWORDS for none:
 * NULL if he may come in, else why not.
 */
const char *eap_judge(const struct eap_round *r, unsigned which);

struct eap_method {
	uint8_t type;
	const char *name;
	size_t size;	/* of its state, which is zero to begin with */
	bool certified; /* the peer shows a certificate, and needs no password */

	/* Server: the first request. */
	enum ike_eap_verdict (*begin)(void *state, struct eap_round *r);
	/* Server: what was answered. DONE: Success follows; FAILED: Failure does. */
	enum ike_eap_verdict (*answered)(void *state, struct eap_round *r);
	/* Peer: what is asked, which MORE and DONE answer; DONE: from now on Success is taken. */
	enum ike_eap_verdict (*asked)(void *state, struct eap_round *r);
	/* The errand has waited, and what has been answered goes unless this says, now that
	 * something has come, NULL; else why. NULL: no errand ever waits. */
	const char *(*judged)(void *state, const struct ike_id *other, struct trust_errand *errand);
	/* What its state has goes; NULL: that is nothing. */
	void (*end)(void *state);
};

extern const struct eap_method eap_mschapv2, eap_gtc, eap_tls;

/* By index. */
extern const struct eap_method *const eap_methods[EAP_METHODS];

#endif
