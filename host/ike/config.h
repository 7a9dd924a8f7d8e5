/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections: who to talk to, with what, for which traffic. Built by a configuration reader from
 * strings with ike_addr_parse(), ike_id_parse(), ike_proposal_parse() and ike_ts_parse().
 */
#ifndef RAVELIN_HOST_IKE_CONFIG_H
#define RAVELIN_HOST_IKE_CONFIG_H

#include "host/esp/params.h"
#include "host/ike/buffer.h"
#include "host/ike/host.h"
#include "host/ike/id.h"
#include "host/ike/proposal.h"
#include "host/ike/settings.h"
#include "host/ike/table.h"
#include "host/ike/ts.h"

enum {
	IKE_NAME_MAX = 64, /* of connections and children, with the terminating 0 */
	IKE_CONFIG_PROPOSALS_MAX = 8,
};

/* What becomes of an older IKE SA between the same identities (RFC 7296, section 2.4). */
enum ike_unique {
	IKE_UNIQUE_NO,	    /* believe INITIAL_CONTACT, else let both be */
	IKE_UNIQUE_NEVER,   /* neither send nor believe INITIAL_CONTACT */
	IKE_UNIQUE_KEEP,    /* the old one stays, the new one is refused */
	IKE_UNIQUE_REPLACE, /* the new one replaces the old one */
};

/* An IKE SA that is made without a Child SA (RFC 6023). */
enum ike_childless {
	IKE_CHILDLESS_ALLOW,  /* as the initiator wants it */
	IKE_CHILDLESS_NEVER,  /* nor say that it could be */
	IKE_CHILDLESS_PREFER, /* ours are, where the peer can: each Child SA has keys of its own */
	IKE_CHILDLESS_FORCE,  /* all are */
};

/* Messages that are too large for a packet, in pieces that are protected each (RFC 7383). */
enum ike_fragmentation {
	IKE_FRAGMENTATION_YES,	  /* where the peer can, too */
	IKE_FRAGMENTATION_ACCEPT, /* the peer's; ours go whole */
	IKE_FRAGMENTATION_NO,	  /* nor say that it could be */
};

/* Our certificates go to the peer: */
enum ike_send_cert {
	IKE_SEND_CERT_IF_ASKED,
	IKE_SEND_CERT_ALWAYS,
	IKE_SEND_CERT_NEVER,
};

/* How a side proves who it is. */
enum ike_proof_kind {
	IKE_BY_PSK,
	IKE_BY_SIGNATURE, /* which IKE_JOB_SIGN makes and IKE_JOB_VERIFY judges */
	IKE_BY_NULL,	  /* not at all: it is nobody (RFC 7619) */
	IKE_BY_EAP,	  /* who begins; or both, by the one method; by IKE_JOB_EAP on both sides */
};

struct ike_authentication {
	enum ike_proof_kind local;
	enum ike_proof_kind remote;
	/* Who begins proves itself by EAP besides, once both have so (RFC 4739). */
	bool local_follows;
	bool remote_follows;
	enum ike_send_cert send_cert;
	/* Says by what certificates, keys and authorities: where this is equal, so are they. */
	uint64_t credentials;
	struct ike_buffer authorities; /* that the peer is told of as initiator; empty: none */
	bool asks_raw;		       /* it is asked for a public key without a certificate, */
	bool asks_ocsp;		       /* and for what OCSP says of its certificate; */
	bool tells_ocsp;	       /* it is told that of ours, if it asks (RFC 4806) */
};

/* By EAP alone, whose method proves both (RFC 5998). */
static inline bool ike_is_eap_alone(const struct ike_authentication *auth)
{
	return auth->local == IKE_BY_EAP && auth->remote == IKE_BY_EAP;
}

/* What a Child SA is handed to the data path with. */
struct ike_child_policy {
	uint32_t replay_window; /* packets; 0: none */
	bool copy_df;		/* the inner packet's, else clear */
	bool copy_dscp_out;	/* else 0 */
	bool copy_dscp_in;
	bool no_ecn;  /* between the two headers */
	uint16_t tfc; /* octets to pad to, if the peer takes it; 0: don't, UINT16_MAX: the MTU */
	uint64_t rekey_bytes; /* soft and hard lifetimes; 0: none */
	uint64_t life_bytes;
	uint64_t rekey_packets;
	uint64_t life_packets;
	struct rvl_labels labels; /* of scopes and marks, where the data path is a kernel */
	bool per_cpu; /* beside the first one for its flows, one for each processor (RFC 9611) */
};

struct ike_child_config {
	char name[IKE_NAME_MAX];
	unsigned proposal_count; /* 0: the defaults, of ESP */
	struct ike_proposal
		proposals[IKE_CONFIG_PROPOSALS_MAX]; /* of ESP and AH, as alternatives */
	/* RVL_TRANSPORT: as initiator it is asked for, as responder granted, and what of the
	 * selectors isn't of the two hosts is left out. */
	enum rvl_mode mode;
	struct ike_ts_list local_ts; /* empty: dynamic */
	struct ike_ts_list remote_ts;
	struct ike_child_policy policy;
	/* Milliseconds; 0: never. */
	uint64_t rekey_ms; /* until a successor is made, */
	uint64_t rand_ms;  /* less up to so much */
	uint64_t life_ms;  /* until the end */
};

/* As initiator: IKE and ESP in TCP (RFC 9329)? */
enum ike_tcp {
	IKE_TCP_NO,
	IKE_TCP_FALLBACK, /* where IKE_SA_INIT isn't answered over UDP */
	IKE_TCP_YES,
};

struct ike_connection {
	char name[IKE_NAME_MAX];
	struct ike_hosts local;
	struct ike_hosts remote; /* without an address or a name only as responder */
	uint16_t remote_port;	 /* 0: 500 */
	enum ike_tcp tcp;
	uint16_t tcp_port;	/* where the peer listens; 0: 4500 */
	struct ike_id local_id; /* any: the local address */
	struct ike_id remote_id;
	struct ike_id local_next_id; /* of the round that follows; any: the same */
	struct ike_id remote_next_id;
	struct ike_authentication auth;
	/* The post-quantum pre-shared key (RFC 8784) that is used with the peer, if it has it; type
	 * 0 (any): none as initiator, any as responder. */
	struct ike_id ppk_id;
	bool ppk_required;	 /* one must be */
	unsigned proposal_count; /* 0: the defaults */
	struct ike_proposal proposals[IKE_CONFIG_PROPOSALS_MAX];
	uint64_t dpd_delay_ms;	/* 0: never ask */
	uint64_t probe_ms;	/* from one probe of what the path takes to the next; 0: none */
	uint64_t rekey_ms;	/* until a successor is made, 0: never; */
	uint64_t rand_ms;	/* less up to so much */
	uint64_t reauth_ms;	/* until its initiator makes one from the beginning; 0: never */
	uint64_t over_ms;	/* from the later of both to the end, if there is none; 0: none */
	uint64_t retransmit_ms; /* until the first retransmission */
	unsigned retransmit_percent; /* each wait is so much of the one before */
	unsigned retransmit_tries;   /* retransmissions before the peer counts as dead */
	bool encap;		     /* pretend a NAT, so that ESP goes in UDP */
	bool mobike;		     /* addresses may change (RFC 4555), where the peer can, too */
	enum ike_unique unique;
	enum ike_childless childless;
	enum ike_fragmentation fragmentation;
	/* As initiator: addresses to ask for, of zeros: any of its family (RFC 7296, section 2.19).
	 */
	unsigned vip_count;
	struct ike_addr vips[IKE_VIPS_MAX];
	struct ike_hosts
		redirect_to; /* as responder: the gateway that its peers are sent to; or empty
			      */
	bool leases;	     /* as responder: addresses are given to who asks, by IKE_JOB_LEASE */
	unsigned child_count;
	struct ike_child_config *children;
	/* The engine's business: */
	unsigned references;
	struct ike_link by_name;
	struct ike_place *places;     /* where it is found by the peer's address, */
	struct ike_link by_remote_id; /* by its identity, */
	struct ike_kind *kind;	      /* and among those whose peer may be elsewhere */
	struct ike_connection *kind_prev, *kind_next;
	uint64_t order;		       /* in which they were added */
	unsigned target;	       /* of remote, where the next try goes, */
	unsigned target_address;       /* if that is a name, to this of its addresses, */
	unsigned target_addresses;     /* of which there were so many */
	unsigned unanswered_probes;    /* that ended their IKE SAs, since one was answered; */
	uint64_t unprobed_until;       /* after too many there are none until then */
	unsigned redirects;	       /* as initiator, */
	uint64_t redirects_since;      /* since then */
	struct ike_connection *before; /* what it was, as long as Child SAs are of that; held */
};

/* A connection with default timings and nothing else. NULL: no memory or the name is too long. */
struct ike_connection *ike_connection_new(const char *name);

/*
 * Add a child; the pointer is good until the next one is added. NULL: no memory, too many, or the
 * name is too long or there already.
 */
struct ike_child_config *ike_connection_add_child(struct ike_connection *conn, const char *name);

/* Only for a connection that no engine has taken over. NULL is fine. */
void ike_connection_free(struct ike_connection *conn);

#endif
