/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IKEv2 core (RFC 7296), sans-I/O.
 *
 * An engine holds connections, shared keys and IKE SAs. It has no socket, no clock and no source
 * of random numbers but those handed in: datagrams, the passing of time, wishes of an operator and
 * answers of the data path go in by the functions below; what is to be done comes out of
 * ike_next_action(), which the caller drains after every call. Times are milliseconds of any clock
 * that doesn't run backwards. One engine belongs to one thread.
 *
 * Datagrams are IKE messages without the non-ESP marker of RFC 3948: the caller strips it from
 * what it receives on port 4500 and puts it before what it sends when the action says so.
 */
#ifndef RAVELIN_HOST_IKE_IKE_H
#define RAVELIN_HOST_IKE_IKE_H

#include "host/ike/ability.h"
#include "host/ike/config.h"
#include "host/ike/job.h"
#include "host/ike/limits.h"
#include "host/ike/random.h"

#define IKE_NEVER UINT64_MAX

enum ike_log_level { IKE_LOG_ERROR, IKE_LOG_WARNING, IKE_LOG_INFO, IKE_LOG_DEBUG };

struct ike_engine;

struct ike_engine_config {
	struct ike_random random;
	/*
	 * The data path allots the SPI of an inbound Child SA, in host order, above 255 and unique
	 * in it; 0 when it has none left. An SPI that came to nothing is given back. replaces: the
	 * one of the Child SA that this one is rekeyed from, or 0.
	 */
	uint32_t (*alloc_spi)(void *context, uint32_t replaces);
	void (*release_spi)(void *context, uint32_t spi);
	/*
	 * Has authentic traffic come in on a Child SA since this was last asked? Whose peer sends
	 * is alive and isn't asked (section 2.4). NULL: nobody knows.
	 */
	bool (*heard)(void *context, uint64_t child_id);
	bool tells_moves;    /* ike_seen_elsewhere() is called */
	unsigned processors; /* that may have Child SAs of their own [1] */
	/*
	 * Our address towards this peer's, for a connection that doesn't say which it is. False:
	 * there is none. NULL: it always says it.
	 */
	bool (*local_address)(void *context, const struct ike_addr *remote, struct ike_addr *local);
	/* The largest IP packet, in octets, that the link takes which this address of ours is on.
	 * NULL: what paths take isn't looked for. */
	uint32_t (*link_mtu)(void *context, const struct ike_addr *local);
	void *context;

	/* Zero means the default in brackets. */
	uint16_t port;	    /* local port of IKE [500] */
	uint16_t port_natt; /* and with NAT traversal [4500] */
	unsigned max_sas;   /* IKE SAs in all, successors with them [250000] */
	struct ike_limits limits;
	uint64_t half_open_timeout_ms; /* also that a refused one counts as such [30000] */
	uint64_t delete_timeout_ms;    /* for the peer to answer a delete [10000] */
	uint64_t job_timeout_ms;       /* for a job to come back [60000] */
	uint64_t keepalive_ms;	       /* between NAT keepalives [20000]; or IKE_NEVER */
	/*
	 * Octets of an IP packet, its headers with it, that no IKE message exceeds where the peer
	 * takes fragments; with IPv6 it is 1280 at least [1280].
	 */
	uint16_t fragment_size;
	/*
	 * 32 octets that nobody knows and that are the same after a restart, or NULL: with them
	 * peers that know RFC 6290 notice it at once.
	 */
	const uint8_t *qcd_secret;
	bool ignore_redirects; /* to other gateways (RFC 5685) */
	uint64_t redirect_ms;  /* that a peer has to go where we have sent it [60000] */
	bool cookie_always;    /* ask every initiator for a cookie */
	/* What the data path can do, copied; NULL: all. The rest is neither offered nor chosen, and
	 * selectors of families that it hasn't inside are narrowed away. */
	const struct rvl_abilities *abilities;
	enum ike_log_level log_level; /* lines beyond it aren't made */
};

/* How often each thing happened; every datagram that comes to nothing has its counter. */
struct ike_stats {
	uint64_t datagrams_in, datagrams_out;
	uint64_t retransmissions_out, retransmissions_in;
	uint64_t initiated, established_initiator, established_responder;
	uint64_t auth_failed, peers_dead;
	uint64_t leases_given, leases_refused; /* to peers that asked for addresses */
	uint64_t cookies_sent, cookies_wrong;
	uint64_t puzzles_sent, puzzles_solved, puzzles_wrong; /* as responder */
	uint64_t puzzles_met, puzzles_done; /* as initiator: those of responders; of which solved */
	uint64_t qcd_proofs, qcd_wrong;	    /* tokens in clear that were the peer's, and others */
	uint64_t redirects_sent;	    /* peers sent to another gateway */
	uint64_t redirects_met, redirects_followed; /* by peers; of which gone to */
	uint64_t half_open_evicted;		    /* half-open IKE SAs that gave way to others */
	uint64_t syncs;		      /* members of a peer's cluster that have taken over */
	uint64_t probes, probes_lost; /* of paths; lost: or their answers */
	uint64_t hints;		      /* that a peer started anew, which made us look */
	uint64_t drop_malformed;      /* header, version or payload chain unreadable */
	uint64_t drop_unknown_spi;
	uint64_t drop_integrity;  /* didn't open */
	uint64_t drop_message_id; /* outside the window, or an answer to nothing */
	uint64_t drop_state;	  /* an exchange that its IKE SA is not in the state for */
	uint64_t drop_limit;	  /* too many half-open, in all or at work; or too often */
	uint64_t drop_memory;
	uint64_t drop_hint; /* one about nothing that there is, or too soon after another */
	uint64_t drop_sync; /* of message IDs: malformed, old, or beside a request at work */

	/* RFC 7383. Of those that were authentic and new some may have been for nothing. */
	uint64_t fragments_in, fragments_out;
	uint64_t reassembled;		   /* messages */
	uint64_t drop_fragment_unasked;	   /* the peer wasn't told that it may */
	uint64_t drop_fragment_malformed;  /* its number, their total, or where it stands */
	uint64_t drop_fragment_duplicate;  /* here already, or of a message that is complete */
	uint64_t drop_fragment_total;	   /* of fewer than others of the message */
	uint64_t drop_fragment_incomplete; /* given up with the message that it was part of */
	uint64_t drop_fragment_limit;	   /* the same, for the memory that they may take */
};

enum ike_action_type {
	IKE_ACTION_SEND,  /* send a datagram */
	IKE_ACTION_REACH, /* IKE is going to be talked there, which no connection names */
	IKE_ACTION_JOB,	  /* take it out of the action, do it, and give it to ike_job_done() */
	IKE_ACTION_CHILD_UPDATE, /* outer addresses or ports of a Child SA changed */
	IKE_ACTION_CHILD_SKIP,	 /* a Child SA goes on to send with numbers further up */
	IKE_ACTION_CHILD_REMOVE, /* whatever there is of it; also while a job of it is out */
	IKE_ACTION_LEASED,	 /* the peer has given us addresses, before any Child SA has them */
	IKE_ACTION_RELEASED,	 /* a lease has ended, ours or one that a job was about */
	IKE_ACTION_PATH_MTU,	 /* what packets to the peer may have, as is known now */
	IKE_ACTION_IKE_UP,
	IKE_ACTION_IKE_REKEYED, /* ike_id has taken over from old_id, Child SAs and all */
	IKE_ACTION_IKE_DOWN,
	IKE_ACTION_CHILD_UP,
	IKE_ACTION_CHILD_REKEYED, /* child_id has taken over from old_id */
	IKE_ACTION_CHILD_DOWN,	  /* was up, or never came up: the reason says */
	IKE_ACTION_LOG,
};

/* What an IKE message leaves in. */
enum ike_packets {
	IKE_PACKETS_ANY,
	IKE_PACKETS_WHOLE, /* one, which nobody may cut: with DF, whatever is known of the path */
	IKE_PACKETS_CUT, /* fragments of IP that every way takes, of 576 octets, or 1280 of IPv6 */
};

struct ike_send {
	struct ike_addr local;
	struct ike_addr remote;
	bool marker; /* put four zero octets before it (RFC 3948, section 2.2) */
	enum ike_packets packets;
	struct ike_slice data;
};

struct ike_child_change {
	uint64_t child_id;
	uint32_t spi_in;
	uint32_t spi_out;
	bool encap;
	struct ike_addr local;
	struct ike_addr remote;
};

struct ike_child_skip {
	uint64_t child_id;
	uint32_t spi_out;
	uint32_t packets; /* sequence numbers that it leaves out, at least */
};

struct ike_child_removed {
	uint64_t child_id;
	uint32_t spi_in;
};

struct ike_leased {
	uint64_t lease_id;
	char connection[IKE_NAME_MAX];
	struct ike_settings settings;
};

struct ike_released {
	uint64_t lease_id;
	bool ours; /* the peer had given it */
};

struct ike_path_mtu {
	struct ike_addr local;
	struct ike_addr remote;
	uint32_t octets;  /* of an IP packet, and */
	uint32_t lost;	  /* so many it doesn't take; UINT32_MAX: nothing of that was found now */
	uint64_t hold_ms; /* it is said again by then, if it still is so */
};

/* Who is behind the end of an SA. */
enum ike_cause {
	IKE_CAUSE_OURS, /* this side, or an attempt that failed */
	IKE_CAUSE_PEER, /* it has deleted it */
	IKE_CAUSE_DEAD, /* the peer doesn't answer any more */
} __attribute__((packed));

struct ike_event {
	uint64_t ike_id;
	uint64_t child_id; /* 0 in IKE_UP and IKE_DOWN, and for a child that never got one */
	uint64_t old_id;   /* *_REKEYED */
	char connection[IKE_NAME_MAX];
	char child[IKE_NAME_MAX];
	char reason[IKE_REASON_MAX]; /* for an operator; empty in *_UP */
	enum ike_cause cause;	     /* of *_DOWN */
};

struct ike_log_line {
	enum ike_log_level level;
	char text[256];
};

struct ike_action {
	enum ike_action_type type;
	struct ike_action *next;
	union {
		struct ike_send send;
		struct ike_pair reach;
		struct ike_job *job; /* freed with the action unless taken out */
		struct ike_child_change change;
		struct ike_child_skip skip;
		struct ike_child_removed removed;
		struct ike_leased leased;
		struct ike_released released;
		struct ike_path_mtu path_mtu;
		struct ike_event event;
		struct ike_log_line log;
	};
};

/* NULL when memory is short or the generator fails. The config is copied. */
struct ike_engine *ike_engine_new(const struct ike_engine_config *config);

/* Forgets everything without a word to any peer; erases all keys. NULL is fine. */
void ike_engine_free(struct ike_engine *e);

/*
 * Take over a connection. -EEXIST when there is one of that name (then it stays the caller's).
 * Removing one lets its IKE SAs live on. -ENOENT: there's none.
 */
int ike_engine_add_connection(struct ike_engine *e, struct ike_connection *conn);
int ike_engine_remove_connection(struct ike_engine *e, const char *name);

/*
 * Take over a connection in the place of the one of that name, whose IKE SAs go on as its own. They
 * are taken to be what it would negotiate; what it says of times holds for them from now on or, of
 * lifetimes, for their successors. A child of the same name, selectors and proposals has the Child
 * SAs that there are; those of another one live on until they are deleted, and what was going to be
 * negotiated of it isn't. -ENOENT (there's none of that name), -ENOMEM: it stays the caller's, and
 * nothing has changed.
 */
int ike_engine_update_connection(struct ike_engine *e, uint64_t now, struct ike_connection *conn);

/* Other values than at the start, as in the engine's config; keepalives from the next one on, or
 * now if there were none. */
void ike_engine_set_limits(struct ike_engine *e, const struct ike_limits *limits);
void ike_engine_set_log_level(struct ike_engine *e, enum ike_log_level level);
void ike_engine_set_fragment_size(struct ike_engine *e, uint16_t octets);
void ike_engine_set_redirects(struct ike_engine *e, bool ignore, uint64_t redirect_ms);
void ike_engine_set_keepalive(struct ike_engine *e, uint64_t now, uint64_t keepalive_ms);

/*
 * From now on strangers that know of it are sent to this gateway, one address or name, instead of
 * being answered; with an empty list nobody is. 0 or -ENOMEM.
 */
int ike_engine_redirect_all(struct ike_engine *e, const struct ike_hosts *to);

/*
 * A shared key and the identities it belongs to. It is for the peers listed; for all of them when
 * "any" is listed, nobody, or nobody but we ourselves. Of several the one that lists the peer is
 * taken, then the one that lists us. The key is copied.
 * Returns 0, -ENOMEM, or -EINVAL when it is empty or over 512 octets.
 */
int ike_engine_add_psk(struct ike_engine *e, const struct ike_id *owners, unsigned owner_count,
		       struct ike_slice key);
void ike_engine_clear_psks(struct ike_engine *e);

/*
 * A post-quantum pre-shared key (RFC 8784) and its identity, one and no pattern, of which the
 * octets alone are said to peers. Both are copied. -ENOMEM, or -EINVAL: the key is empty or over
 * 512 octets, or the identity none.
 */
int ike_engine_add_ppk(struct ike_engine *e, const struct ike_id *id, struct ike_slice key);
void ike_engine_clear_ppks(struct ike_engine *e);

/*
 * The authorities that who begins with us is told of, so that it knows which certificate to send
 * (CERTREQ, RFC 7296, section 3.7): SHA-1 of the public key of each, one behind the other. With
 * none it isn't asked for certificates. raw: it is asked for a public key without a certificate as
 * well (RFC 7670); ocsp: for what OCSP says of its certificates (RFC 4806). 0 or -ENOMEM: all is as
 * it was.
 */
int ike_engine_set_authorities(struct ike_engine *e, struct ike_slice authorities, bool raw,
			       bool ocsp);

/* A datagram has arrived at `local` from `remote`, both with ports. */
void ike_receive(struct ike_engine *e, uint64_t now, const struct ike_addr *local,
		 const struct ike_addr *remote, struct ike_slice datagram);

/*
 * Authentic ESP of a Child SA has come in UDP from elsewhere than before: the mapping of a NAT
 * before the peer may be another one (section 2.23). Harmless as often as it is called.
 */
void ike_seen_elsewhere(struct ike_engine *e, uint64_t now, uint64_t child_id,
			const struct ike_addr *from);

/* Time has passed: due at ike_next_deadline(), harmless at any other time. */
void ike_tick(struct ike_engine *e, uint64_t now);

/* When ike_tick() wants to be called next; IKE_NEVER when nothing is pending. */
uint64_t ike_next_deadline(const struct ike_engine *e);

/*
 * Start a Child SA: in an IKE SA of the connection, if there is one, or with a new one. child NULL:
 * the first one configured. `packet`, unless NULL: the two ends of one that waits for it, ours
 * first, which the peer is told of before the rest (section 2.9).
 *
 * Of several addresses or names that the connection has for the peer, another one is gone to after
 * each try that comes to nothing.
 *
 * Returns 0 and the IKE SA's id, -ENOENT (no such connection or child), -EDESTADDRREQ (no remote
 * address), -EADDRNOTAVAIL (no local address that goes with it), -EAFNOSUPPORT (the data path, or
 * in transport mode the two hosts, have nothing of its selectors), -EISCONN (that child is up, and
 * the packet, if there is one, within its selectors), -EALREADY (it is on its way), -EBUSY (too
 * many IKE SAs), -ENOSPC (no SPI left), -EOPNOTSUPP (the peer comes in by EAP, and so begins),
 * -ESHUTDOWN (after ike_terminate_all()), -EIO, -ENOMEM.
 */
int ike_initiate(struct ike_engine *e, uint64_t now, const char *connection, const char *child,
		 const struct ike_ts packet[2], uint64_t *ike_id);

/* Where the next try of a connection goes, as it is configured: "192.0.2.1", a name. It fits in
 * IKE_HOST_TEXT. */
void ike_next_peer(const struct ike_engine *e, const char *connection, char *out, size_t len);

/*
 * Is something missing of a child that is up? A peer that takes one pair of selectors in a Child SA
 * (SINGLE_PAIR_REQUIRED, RFC 7296, section 2.9) has one for each, and CHILD_UP comes for each.
 */
bool ike_is_partial(const struct ike_engine *e, const char *connection, const char *child);

/* Delete an IKE SA, or one Child SA, and tell the peer. -ENOENT: there's none. */
int ike_terminate(struct ike_engine *e, uint64_t now, uint64_t ike_id);
int ike_terminate_child(struct ike_engine *e, uint64_t now, uint64_t child_id);

/*
 * Make a successor of a Child SA now: its soft lifetime is over, or an operator asks. -ENOENT:
 * there's none; -EBUSY: one is being made, or it is being deleted.
 */
int ike_rekey_child(struct ike_engine *e, uint64_t now, uint64_t child_id);

/* The same of an IKE SA. */
int ike_rekey(struct ike_engine *e, uint64_t now, uint64_t ike_id);

/*
 * Send the peer of an IKE SA to another gateway, one address or name, where it negotiates anew what
 * it has here; after redirect_ms the IKE SA is deleted (RFC 5685). -ENOENT: there's none;
 * -EOPNOTSUPP: we have begun it, or the peer doesn't go where it is sent; -EBUSY: it isn't up, or
 * being redirected; -ENOMEM.
 */
int ike_redirect(struct ike_engine *e, uint64_t now, uint64_t ike_id, const struct ike_hosts *to);

/* Delete all IKE SAs, and from now on neither begin nor accept another. */
void ike_terminate_all(struct ike_engine *e, uint64_t now);

/* An address of this host, and whether peers may be told of it as one more to be reached at. */
struct ike_own_addr {
	struct ike_addr addr; /* the port doesn't matter */
	bool offered;
};

/*
 * The addresses of this host are these now, or routes have changed: IKE SAs look for a better way
 * to their peers, or wait for an address that is gone (RFC 4555). Also before the first one, so
 * that it is known what to tell peers. 0 or -ENOMEM: the addresses are those that were known.
 */
int ike_roam(struct ike_engine *e, uint64_t now, const struct ike_own_addr *own, unsigned count);

/*
 * A job has come back, with its answer in it; the core frees it. One that nobody waits for any more
 * is ignored. Jobs of Child SAs go to the data path in the order in which they came out.
 */
void ike_job_done(struct ike_engine *e, uint64_t now, struct ike_job *job);

/* The next thing to do, or NULL. The caller owns it and frees it, which erases keys in it. */
struct ike_action *ike_next_action(struct ike_engine *e);
void ike_action_free(struct ike_action *action);

const struct ike_stats *ike_engine_stats(const struct ike_engine *e);

enum ike_state {
	IKE_STATE_CONNECTING,	  /* initiator: IKE_SA_INIT sent */
	IKE_STATE_HALF_OPEN,	  /* responder: IKE_SA_INIT answered */
	IKE_STATE_AUTHENTICATING, /* initiator: IKE_AUTH sent */
	IKE_STATE_INSTALLING,	  /* responder: authenticated, the data path has yet to answer */
	IKE_STATE_ESTABLISHED,
	IKE_STATE_REFUSED, /* failed to authenticate: told so, or remembered for having tried */
	IKE_STATE_REKEYED, /* its successor has all that it had; about to be deleted */
	IKE_STATE_DELETING,
	IKE_STATE_DEAD,
};

enum ike_child_state {
	IKE_CHILD_REQUESTED,
	IKE_CHILD_INSTALLING,
	IKE_CHILD_INSTALLED,
	IKE_CHILD_REKEYING, /* we are making its successor */
	IKE_CHILD_REKEYED,  /* it has one, and is about to be deleted */
	IKE_CHILD_DELETING,
	IKE_CHILD_LINGERING, /* deleted; what is still on its way to us is received */
} __attribute__((packed));

const char *ike_state_name(enum ike_state state);
const char *ike_child_state_name(enum ike_child_state state);

struct ike_child_info {
	uint64_t id;
	const char *name;
	enum ike_child_state state;
	struct ike_suite suite;
	enum rvl_mode mode;
	uint32_t spi_in;
	uint32_t spi_out;
	bool encap; /* ESP in UDP */
	bool tcp;   /* ESP in TCP */
	struct ike_ts_list local_ts;
	struct ike_ts_list remote_ts;
	bool more_ts;	/* its responder would take more of what was offered, in another one */
	uint64_t group; /* as a job has it */
	uint32_t cpu;
	uint64_t installed_at;
};

struct ike_sa_info {
	uint64_t id;
	const char *connection; /* "" until the peer is known */
	enum ike_state state;
	bool initiator;
	uint64_t spi_i;
	uint64_t spi_r;
	struct ike_addr local;
	struct ike_addr remote;
	struct ike_id local_id;
	struct ike_id remote_id;
	struct ike_id
		remote_eap_id; /* as whom the peer has come in by EAP; type ANY: as remote_id */
	struct ike_suite suite;
	bool ppk; /* a post-quantum pre-shared key is in what Child SAs get their keys from */
	bool nat_local;
	bool nat_remote;
	uint64_t created_at;
	uint64_t established_at;
	uint64_t last_heard_at;
	unsigned child_count;
	/* Addresses that one side has given the other: ours, if vips_ours. */
	unsigned vip_count;
	const struct ike_addr *vips;
	bool vips_ours;
	uint64_t lease_id; /* 0: there are none */
	/* What who has let the peer in by EAP says of it; NULL: it hasn't come so. */
	const struct ike_grant *grant;
};

/* Called for an IKE SA with child NULL, then for each of its children. */
typedef void ike_list_fn(void *context, const struct ike_sa_info *sa,
			 const struct ike_child_info *child);
void ike_list(const struct ike_engine *e, ike_list_fn *fn, void *context);

/* The same of a connection's alone; nothing where there is none of that name. */
void ike_list_connection(const struct ike_engine *e, const char *connection, ike_list_fn *fn,
			 void *context);

/*
 * The same one IKE SA a call, the oldest first, while the engine goes on between the calls: those
 * that have gone by their turn aren't shown, those that have come are. From begin to end it stays
 * where it is. False: that was all.
 */
struct ike_sa;
struct ike_listing {
	const struct ike_sa *next;
	struct ike_listing *other;
};
void ike_listing_begin(struct ike_engine *e, struct ike_listing *listing);
bool ike_listing_next(const struct ike_engine *e, struct ike_listing *listing, ike_list_fn *fn,
		      void *context);
void ike_listing_end(struct ike_engine *e, struct ike_listing *listing);

/* The TCP connections that IKE SAs have whose peer is known. */
typedef void ike_connected_fn(void *context, const struct ike_pair *pair);
void ike_each_connected(const struct ike_engine *e, ike_connected_fn *fn, void *context);

/* The TCP connection that we made between these has ended. */
void ike_disconnected(struct ike_engine *e, uint64_t now, const struct ike_pair *pair);

/*
 * The data path has something to send on another processor than those that have a Child SA of this
 * one's group, or none for all (RVL_CPU_ANY). 0, or why none is asked for: -ENOENT (it is none of
 * a group), -EISCONN (there is one, or will be), -EALREADY (it is about to be asked for), -ENOSPC
 * (the peer takes no more, or the IKE SA has as many as it may have), -EBUSY (the IKE SA is about
 * to end), -ENOMEM.
 */
int ike_want_resource(struct ike_engine *e, uint64_t now, uint64_t child_id, uint32_t cpu);

/* IKE SAs in all, whatever their state. */
unsigned ike_sa_count(const struct ike_engine *e);

/* Is there a Child SA that we send on with this SPI, between these addresses, whatever the ports?
 */
bool ike_has_outbound(const struct ike_engine *e, uint32_t spi, const struct ike_addr *local,
		      const struct ike_addr *remote);

/* The same of one Child SA, for as long as the core isn't called again. False: there is none. */
bool ike_find_child(const struct ike_engine *e, uint64_t child_id, struct ike_sa_info *sa,
		    struct ike_child_info *child);

#endif
