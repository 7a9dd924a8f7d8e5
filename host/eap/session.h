/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A conversation in EAP (RFC 3748), as who asks (server) or who is asked (peer): codes,
 * identifiers, who the peer is, which method it becomes, and that Success means something.
 */
#ifndef RVL_EAP_SESSION_H
#define RVL_EAP_SESSION_H

#include "host/eap/method.h"

/* Who knows users. */
struct eap_users {
	/*
	 * The passwords of a user, copied. False: there is none, or who it is may not come in; then
	 * they are such as nobody has.
	 */
	bool (*find)(const void *context, struct ike_slice user,
		     struct ike_secret out[EAP_PASSWORDS]);
	/* As eap_judge(), of one that find() knew. */
	const char *(*judge)(const void *context, struct ike_slice user, unsigned which);
	/* May who it is come in, with a certificate? */
	bool (*lets_in)(const void *context, struct ike_slice user);
	const void *context;
	struct trust_errand *errand; /* that certificates are judged with; or NULL */
};

struct eap_config {
	bool server;
	uint8_t methods; /* that will do: 1 << enum eap_method_index */
	bool asks;	 /* server: who the peer is; else it is `user` */
	struct ike_id user;
	struct ike_id aaa; /* peer: whom the server's certificate must name */
	SSL_CTX *tls;	   /* of methods that take certificates, or NULL */
};

/* NULL without memory. The config is copied, and holds its SSL_CTX. */
struct ike_eap_session *eap_session_new(const struct eap_config *config);

/* One message: what of the job is to be judged and answered. -EIO, -ENOMEM. */
int eap_session_run(struct ike_eap_session *session, const struct eap_users *passwords,
		    struct ike_eap_job *job, char reason[IKE_REASON_MAX]);

/* The errand has waited, so that the job has an answer that isn't sent: is that one good now, or
 * does the errand still wait? */
void eap_session_judged(struct ike_eap_session *session, struct trust_errand *errand,
			struct ike_eap_job *job, char reason[IKE_REASON_MAX]);

/*
 * What a peer says who it is, as an identity: an address, "user@domain", or else a name. Whatever
 * it says, it is one, and no pattern.
 */
struct ike_id eap_identity(struct ike_slice said);

/* The other way round: what is said for an identity. Returns its length. */
size_t eap_name(const struct ike_id *id, uint8_t out[IKE_ID_MAX]);

#endif
