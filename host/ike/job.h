/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs: what the core doesn't do itself, because it takes long or belongs to somebody else. A job
 * goes out in IKE_ACTION_JOB and comes back through ike_job_done(): late, in any order, or not at
 * all, which the core takes for a failure once its time is over.
 */
#ifndef RAVELIN_HOST_IKE_JOB_H
#define RAVELIN_HOST_IKE_JOB_H

#include "host/ike/buffer.h"
#include "host/ike/config.h"
#include "host/ike/dh.h"
#include "host/ike/host.h"
#include "host/ike/keys.h"
#include "host/ike/puzzle.h"
#include "host/ike/random.h"
#include "host/ike/secret.h"
#include "host/ike/settings.h"

enum { IKE_REASON_MAX = 192 };

enum ike_job_type {
	IKE_JOB_KE,		/* ike_job_run() does it, on any thread; */
	IKE_JOB_PUZZLE,		/* this as well, a slice of it */
	IKE_JOB_RESOLVE,	/* what a DNS name stands for */
	IKE_JOB_CHILD_INBOUND,	/* the data path: receive on it from now on */
	IKE_JOB_CHILD_OUTBOUND, /* have it ready to send */
	IKE_JOB_CHILD_USE,	/* lead the flows to it, in one step from whatever had them */
	IKE_JOB_LEASE,		/* addresses for a peer, until IKE_ACTION_RELEASED */
	IKE_JOB_SIGN,		/* whoever has our private keys */
	IKE_JOB_VERIFY,		/* who knows whom to trust */
	IKE_JOB_EAP,		/* who knows EAP's methods, and passwords */
	IKE_JOB_WAYS, /* who knows routes: from which addresses of ours is a peer reached? */
};

/* A key pair of ours and, once the peer's public value is known, the secret shared with it. */
struct ike_ke_job {
	struct ike_random random; /* its fill() is called on the thread that runs the job */
	uint16_t group;
	struct ike_dh *dh; /* NULL: make one of `group`; the job's */
	struct ike_secret shared;
	size_t peer_len;	      /* 0: no secret is asked for */
	uint8_t peer[IKE_PUBLIC_MAX]; /* there is no more of it than that */
};

/* Addresses of a name, the best first; no error without one. */
struct ike_resolve_job {
	uint8_t family; /* wanted: 4, 6, or 0: both */
	char name[IKE_HOST_NAME_MAX];
	unsigned count;
	struct ike_addr list[IKE_RESOLVED_MAX]; /* of that family, without ports */
};

/*
 * One step of a Child SA. It has selectors but for CHILD_OUTBOUND; what follows them is for
 * CHILD_INBOUND only.
 */
struct ike_child_job {
	uint64_t child_id;
	uint64_t ike_id;
	char connection[IKE_NAME_MAX];
	char child[IKE_NAME_MAX];
	struct ike_addr local; /* outer addresses; the ports matter with encap only */
	struct ike_addr remote;
	struct ike_ts_kept *local_ts; /* the job's */
	struct ike_ts_kept *remote_ts;
	uint64_t replaces;	/* id of the Child SA whose place it takes; 0: none */
	bool encap;		/* ESP in UDP */
	struct ike_suite suite; /* protocol, encryption with key length, integrity, ESN */
	enum rvl_mode mode;
	/* Transport mode behind a NAT: what the ends are for the peer, so that checksums inside of
	 * what it sends are over these (RFC 7296, section 2.23.1); family 0: the same. */
	struct ike_pair original;
	bool tfc;	  /* the peer takes padding (RFC 4303, section 2.7) */
	uint32_t spi_in;  /* host order; chosen by us */
	uint32_t spi_out; /* chosen by the peer */
	struct ike_child_keys keys_in;
	struct ike_child_keys keys_out;
	struct ike_child_policy policy;
	/* Child SAs for one flow, of which one is for all and the others for a processor each, have
	 * the same group; 0: it is the only one. */
	uint64_t group;
	uint32_t cpu;  /* or RVL_CPU_ANY */
	uint64_t line; /* the IKE SA's and that of those that it replaces by rekeying */
};

enum { IKE_GRANTED_MAX = 2, IKE_CLASS_MAX = 253 };

/* What who has let a peer in by EAP says of it besides. */
struct ike_grant {
	bool relayed;	    /* a server has, which wants to be told of its traffic, */
	uint32_t interim_s; /* so often; 0: it says nothing of that */
	uint32_t session_s; /* that it may stay; 0: as long as it likes */
	unsigned address_count;
	struct ike_addr addresses[IKE_GRANTED_MAX]; /* that it has if it asks for one, of a family
						     * each */
	uint8_t class_len; /* what its accounting is to say (RFC 2865, section 5.25); 0: nothing */
	uint8_t class_octets[IKE_CLASS_MAX];
};

/*
 * What a peer that has authenticated asks for (RFC 7296, section 2.19). What it is given may be
 * some of it; it is never what another peer has. Whatever the answer, IKE_ACTION_RELEASED follows
 * once, and may come before the answer: then that isn't wanted any more.
 */
struct ike_lease_job {
	uint64_t lease_id;
	uint64_t replaces; /* id of a lease of this peer whose addresses may be given again; 0: none
			    */
	char connection[IKE_NAME_MAX];
	struct ike_id remote_id;
	/* That it is to have, as who has let it in says: of a family each. */
	unsigned granted_count;
	struct ike_addr granted[IKE_GRANTED_MAX];
	struct ike_settings asked;
	struct ike_settings given; /* the answer, with one address at least */
};

enum {
	IKE_WAYS_MAX = 8,	    /* that are tried at a time */
	IKE_PEER_ADDRESSES_MAX = 8, /* of a peer that are remembered */
};

/* Ways to any of a peer's addresses that can be used now, the best first; ports don't matter. */
struct ike_ways_job {
	char connection[IKE_NAME_MAX];
	struct ike_addr local; /* the only one of ours that may be used; family 0: any */
	unsigned remote_count;
	struct ike_addr remotes[IKE_PEER_ADDRESSES_MAX]; /* the one in use first */
	unsigned count;					 /* the answer: 0: there is none */
	struct ike_pair ways[IKE_WAYS_MAX];
};

/*
 * Our AUTH by signature. A key, a method and an algorithm that the peer knows are chosen, and what
 * of the key's the peer is sent: certificates from our own up to, but without, one that the peer
 * knows, or the public key alone.
 */
struct ike_sign_job {
	char connection[IKE_NAME_MAX];
	uint16_t hashes; /* 1 << those that the peer has said it knows (RFC 7427); 0: none */
	enum ike_send_cert send;
	bool certs_asked;	       /* by the peer */
	bool raw_asked;		       /* a public key alone will do (RFC 7670) */
	bool ocsp_asked;	       /* it wants to know that it isn't revoked (RFC 4806) */
	struct ike_buffer authorities; /* that the peer trusts: of IKE_AUTHORITY_LEN octets each */
	struct ike_buffer octets;      /* to be signed (RFC 7296, section 2.15) */
	/* The answer: */
	uint8_t method;
	struct ike_buffer data;	   /* of the AUTH payload */
	struct ike_buffer certs;   /* each in DER after its length in two octets; */
	struct ike_buffer raw_key; /* or a SubjectPublicKeyInfo in DER */
	struct ike_buffer ocsp;	   /* an answer of OCSP about our certificate; or empty */
};

/* Is what goes with the signature sent to the peer, which has asked for it or not? */
bool ike_sign_job_sends(const struct ike_sign_job *job, bool asked);

/* Is it the peer of this identity that has signed, and may that be the connection's peer? No error:
 * it is. */
struct ike_verify_job {
	char connection[IKE_NAME_MAX]; /* empty: there is none for it; the answer is no */
	struct ike_id id;
	uint16_t hashes; /* as above */
	uint8_t method;
	struct ike_buffer data;	 /* of the AUTH payload */
	struct ike_buffer certs; /* as above; IKE_CERTS_MAX at most */
	struct ike_buffer raw_key;
	struct ike_buffer ocsp;	  /* answers of OCSP, as the certificates are */
	struct ike_buffer octets; /* that were to be signed */
};

/*
 * What a method of EAP remembers from one message to the next (RFC 3748): made and known by who
 * does the job, kept by the core in between.
 */
struct ike_eap_session {
	void (*free)(struct ike_eap_session *session);
};

enum ike_eap_verdict {
	IKE_EAP_MORE, /* the peer is to answer, or has more to say */
	IKE_EAP_DONE, /* both sides have what they need for AUTH */
	IKE_EAP_FAILED,
};

enum {
	IKE_MSK_MAX = 64,
	IKE_EAP_MAX = 2048, /* octets of a message that is read or written */
};

/* One message of EAP: the peer's is judged, and ours made. */
struct ike_eap_job {
	struct ike_random random; /* its fill() is called on the thread that runs the job */
	char connection[IKE_NAME_MAX];
	bool server;	  /* we ask, as responder; else we are asked */
	bool of_nobody;	  /* as server: no connection is for the peer, who is to fail like others */
	struct ike_id id; /* of the peer as server, else ours: of its ID payload */
	struct ike_addr local; /* where the conversation is */
	struct ike_addr remote;
	struct ike_eap_session *session; /* the job's; NULL: it begins */
	struct ike_buffer in;		 /* the peer's message; empty where we ask first */
	/* The answer: */
	/* MORE with a reason: it has failed, and the method says so before it ends. */
	enum ike_eap_verdict verdict;
	struct ike_buffer out;	/* a message; empty: there is none to be sent */
	const char *method;	/* of which it is, or "EAP" */
	struct ike_id identity; /* as whom the peer comes in, unless as its ID; or we do */
	size_t msk_len;		/* DONE; 0: the method gives no key */
	uint8_t msk[IKE_MSK_MAX];
	struct ike_grant grant; /* DONE, as server */
};

struct ike_job {
	enum ike_job_type type;
	bool stranger; /* for a peer that hasn't authenticated, or a puzzle: others go first */
	uint64_t token;

	/* The answer: 0 or a negative errno with a reason for an operator, which may stay empty. */
	int error;
	char reason[IKE_REASON_MAX];

	union {
		struct ike_ke_job ke;
		struct ike_puzzle_search puzzle;
		struct ike_resolve_job resolve;
		struct ike_child_job child;
		struct ike_lease_job lease;
		struct ike_ways_job ways;
		struct ike_sign_job sign;
		struct ike_verify_job verify;
		struct ike_eap_job eap;
	};
};

/* Does a job need nothing but a processor? */
static inline bool ike_job_is_work(const struct ike_job *job)
{
	return job->type <= IKE_JOB_PUZZLE;
}

/* Is it for who has private keys, passwords, and knows whom to trust? */
static inline bool ike_job_is_proof(const struct ike_job *job)
{
	return job->type == IKE_JOB_SIGN || job->type == IKE_JOB_VERIFY || job->type == IKE_JOB_EAP;
}

/*
 * Do a job that needs nothing but itself, on any thread, and set its answer. -EBADMSG: the peer's
 * public value is invalid (RFC 6989); of a puzzle, what ike_puzzle_work() returns.
 */
void ike_job_run(struct ike_job *job);

/* NULL is fine. */
void ike_eap_session_free(struct ike_eap_session *session);

/* Erases what is secret in it. NULL is fine. */
void ike_job_free(struct ike_job *job);

#endif
