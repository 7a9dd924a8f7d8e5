/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine: what all IKE SAs have in common, and how they are found. */
#ifndef RAVELIN_HOST_IKE_ENGINE_H
#define RAVELIN_HOST_IKE_ENGINE_H

#include "host/ike/child.h"
#include "host/ike/ike.h"
#include "host/ike/path.h"
#include "host/ike/payload.h"
#include "host/ike/puzzle.h"
#include "host/ike/table.h"
#include "host/ike/timer.h"
#include "host/ike/transmit.h"

struct ike_sa;

enum {
	IKE_COOKIE_SECRET_LEN = 32,
	IKE_COOKIE_LIFETIME_MS = 60000, /* of a secret; the one before it is believed as long */
	IKE_LOOKUPS_MAX = 32,		/* of names for strangers, at a time, */
	IKE_LOOKUP_FRESH_MS = 30000,	/* and how often one of a name */
	IKE_HELD_MAX = 64,		/* first messages that wait for them, */
	IKE_HELD_PER_SITE = 4,		/* and of an address */
};

/* Strangers, who haven't authenticated */
enum {
	IKE_SOURCE_RANKS = 64,
	IKE_PUZZLE_STEPS = 4, /* of difficulty, below the hardest */
	IKE_PUZZLE_FREE = 16, /* zero bits where the responder leaves it to us */
	IKE_SPENT_MAX = 4096, /* solved puzzles that are remembered */
	/* Octets of a half-open IKE SA but for fragments, at most; its first message is most of it.
	 */
	IKE_HALF_OPEN_MEMORY = 16384,
	IKE_WARY_MS =
		10000, /* that all are asked for cookies after too much that came to nothing */
};

struct ike_source {
	struct ike_link by_prefix;
	struct ike_addr prefix; /* without a port */
	unsigned count;		/* half-open IKE SAs, */
	unsigned computing;	/* and those of them that a key exchange is at work for */
	struct ike_sa *oldest, *newest;
	struct ike_source *next; /* of the same rank */
	struct ike_source **at;
};

/* Whom a shared key belongs to. */
struct ike_owner {
	struct ike_link by_owner; /* of one that is just one identity */
	struct ike_psk *psk;
	struct ike_id id;
};

struct ike_psk {
	struct ike_psk *next;	    /* of all, the newest first */
	struct ike_psk *next_loose; /* of those that aren't found by identities alone */
	uint64_t order;
	unsigned owner_count;
	struct ike_owner *owners;
	size_t len;
	uint8_t key[];
};

struct ike_engine {
	struct ike_engine_config config;
	struct rvl_abilities can; /* the data path */
	struct ike_stats stats;
	struct ike_connection **connections;
	unsigned connection_count;
	struct ike_table by_name;      /* connections, */
	struct ike_table by_remote;    /* by each address of the peer's, */
	struct ike_table by_remote_id; /* by its identity, */
	struct ike_kind *kinds;	       /* and those whose peer may be elsewhere, too, */
	struct ike_table by_ends;      /* by where that is */
	uint64_t last_order;
	struct ike_lookup *lookups; /* of all names */
	unsigned lookups_out;
	struct ike_held *held; /* the oldest first */
	unsigned held_count;
	struct ike_psk *psks;
	struct ike_psk *loose_psks;
	struct ike_ppk *ppks;
	struct ike_table by_owner;
	uint64_t last_psk;
	struct ike_buffer authorities; /* that peers who begin are told of */
	bool asks_raw;		       /* and whether a public key alone will do, */
	bool asks_ocsp;		       /* and that we want to know what OCSP says of them */
	struct ike_hosts redirect_to;  /* where strangers are sent; empty: nowhere */
	uint8_t qcd_secret[32];
	bool qcd;		 /* there is one */
	uint8_t nobodys_key[32]; /* in place of one that isn't there */

	struct ike_sa *all; /* the newest first */
	struct ike_sa *oldest;
	struct ike_listing *listings;
	unsigned sa_count;
	struct ike_table by_spi;
	struct ike_table by_id;
	struct ike_table by_peer;
	struct ike_table by_conn;
	struct ike_table half_open;
	struct ike_table begun;	  /* of ours that aren't up yet, by connection */
	struct ike_table sources; /* of those, by address */
	struct ike_source *ranks[IKE_SOURCE_RANKS];
	unsigned computing;	    /* half-open IKE SAs that a key exchange is at work for */
	struct ike_table children;  /* by id */
	struct ike_table instances; /* Child SAs by what they are configured as, */
	struct ike_table outbound;  /* and by the SPI that we send with */
	struct ike_table waiters;
	uint64_t hash_key;
	struct ike_heap timers;
	struct ike_sa *dead;
	bool stopping; /* ike_terminate_all() was called */
	uint64_t now;  /* of the call that is at work */
	uint64_t last_id;
	uint64_t last_token;
	uint64_t last_use; /* that the data path was told of */

	struct ike_action *actions;
	struct ike_action **actions_tail;

	uint8_t cookie_secrets[2][IKE_COOKIE_SECRET_LEN]; /* current, previous */
	uint8_t cookie_version;
	bool cookie_previous;
	struct ike_own_addr *own; /* addresses of this host */
	unsigned own_count;
	uint32_t own_changes; /* how often it was told of others; 0: they aren't known */

	uint64_t spent[IKE_SPENT_MAX]; /* puzzles that were solved */
	uint64_t cookie_rotate_at;     /* 0: no secret yet */
	uint64_t wary_until;	       /* all are asked for cookies */
	struct ike_rate answers;       /* outside any IKE SA */
	struct ike_rate groups;	       /* such as INVALID_KE_PAYLOAD */
	struct ike_rate hints;

	struct ike_fragments_queue fragments[2]; /* of others; of half-open IKE SAs */

	uint8_t plain[IKE_MESSAGE_MAX]; /* what an SK payload held */
	uint8_t inner[IKE_MESSAGE_MAX]; /* what one is going to hold */
	uint8_t out[IKE_MESSAGE_MAX];
};

/* A received message with what is around it. */
struct ike_in {
	uint64_t now;
	struct ike_addr local;
	struct ike_addr remote;
	struct ike_slice datagram;
	struct ike_header hdr;
	struct ike_payloads payloads; /* of the SK payload, once it has been opened */
	uint16_t fragments;	      /* that it came in */
	bool waited;		      /* for names to be looked up */
};

/* engine.c */
bool ike_open(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in,
	      struct ike_slice sealed, size_t *plain_len);

/* registry.c: finding IKE SAs and Child SAs */
int ike_registry_init(struct ike_engine *e);
void ike_registry_free(struct ike_engine *e);
struct ike_sa *ike_sa_new(struct ike_engine *e, uint64_t now, bool initiator);
struct ike_sa *ike_sa_find(const struct ike_engine *e, uint64_t our_spi);
struct ike_sa *ike_sa_find_id(const struct ike_engine *e, uint64_t id);
struct ike_sa *ike_half_open_find(const struct ike_engine *e, const struct ike_in *in);
void ike_half_open_link(struct ike_engine *e, struct ike_sa *sa);
void ike_begun_link(struct ike_engine *e, struct ike_sa *sa);
void ike_begun_remove(struct ike_engine *e, struct ike_sa *sa);
struct ike_sa *ike_begun_find(const struct ike_engine *e, const struct ike_connection *conn,
			      const struct ike_sa *after);
void ike_peer_link(struct ike_engine *e, struct ike_sa *sa);
struct ike_sa *ike_peer_find(const struct ike_engine *e, const struct ike_id *local,
			     const struct ike_id *remote, const struct ike_sa *after);
struct ike_sa *ike_peer_same(const struct ike_engine *e, const struct ike_sa *sa,
			     const struct ike_sa *after);
void ike_conn_link(struct ike_engine *e, struct ike_sa *sa);
uint64_t ike_name_hash(const struct ike_engine *e, const char *name);
uint64_t ike_id_hash(const struct ike_engine *e, const struct ike_id *id);
uint64_t ike_ip_hash(const struct ike_engine *e, const struct ike_addr *addr);
struct ike_sa *ike_conn_find(const struct ike_engine *e, const struct ike_connection *conn,
			     const struct ike_sa *after);
void ike_child_link(struct ike_engine *e, struct ike_child *child);
void ike_child_unlink(struct ike_engine *e, struct ike_child *child);
void ike_child_relink(struct ike_engine *e, struct ike_child *child,
		      const struct ike_child_config *config);
struct ike_child *ike_child_find_id(const struct ike_engine *e, uint64_t id);
struct ike_child *ike_child_find_config(const struct ike_engine *e,
					const struct ike_child_config *config,
					const struct ike_child *after);
void ike_child_link_outbound(struct ike_engine *e, struct ike_child *child);
struct ike_child *ike_child_find_outbound(const struct ike_engine *e, uint32_t spi,
					  const struct ike_addr *remote);
void ike_reap(struct ike_engine *e); /* frees what went down */

/* source.c: half-open IKE SAs by where they come from */
bool ike_same_site(const struct ike_addr *a, const struct ike_addr *b);
const struct ike_source *ike_source_find(const struct ike_engine *e, const struct ike_addr *remote);
bool ike_half_open_from(const struct ike_engine *e, const struct ike_addr *remote);
int ike_half_open_add(struct ike_engine *e, struct ike_sa *sa);
void ike_half_open_remove(struct ike_engine *e, struct ike_sa *sa);
void ike_half_open_computing(struct ike_engine *e, struct ike_sa *sa, bool computing);
bool ike_half_open_room(struct ike_engine *e);

/* admission.c: which strangers are let in */
bool ike_admit(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni,
	       uint64_t *solved);
bool ike_admit_sa(struct ike_engine *e, uint64_t solved);
void ike_be_wary(struct ike_engine *e, uint64_t now);

/* lookup.c: names that strangers may come from */
int ike_lookups_begin(struct ike_engine *e, struct ike_connection *conn);
void ike_lookups_end(struct ike_engine *e, struct ike_connection *conn);
bool ike_lookup_has(const struct ike_lookup *lookup, const struct ike_addr *addr);
bool ike_lookup_first(struct ike_engine *e, const struct ike_in *in);

/* list.c */
void ike_listings_pass(struct ike_engine *e, const struct ike_sa *sa);

/* operator.c */
struct ike_start {
	struct ike_connection *conn;
	const struct ike_child_config *config;
	struct ike_pair pair;	       /* ends of no family are to be looked up first */
	const struct ike_ask *ask;     /* or NULL */
	struct ike_redirect *redirect; /* who has sent us, or NULL; taken over in any case */
};
int ike_sa_begin(struct ike_engine *e, uint64_t now, const struct ike_start *start,
		 uint64_t *ike_id);

/* action.c: what comes out */
struct ike_action *ike_action_new(struct ike_engine *e, enum ike_action_type type);
void ike_action_queue(struct ike_engine *e, struct ike_action *a);
struct ike_action *ike_emit(struct ike_engine *e, enum ike_action_type type);
struct ike_send *ike_emit_send(struct ike_engine *e, const struct ike_addr *local,
			       const struct ike_addr *remote, bool marker, struct ike_slice data);
struct ike_action *ike_emit_event(struct ike_engine *e, enum ike_action_type type,
				  const struct ike_sa *sa, const struct ike_child *child,
				  const char *reason);
void ike_emit_child_failed(struct ike_engine *e, const struct ike_sa *sa, const char *name,
			   const char *reason);
void ike_log(struct ike_engine *e, enum ike_log_level level, const struct ike_sa *sa,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void ike_actions_free(struct ike_engine *e);

/* psk.c */
const struct ike_psk *ike_psk_find(const struct ike_engine *e, const struct ike_id *local,
				   const struct ike_id *remote);
bool ike_psk_same(const struct ike_psk *a, const struct ike_psk *b);

/* cookie.c */
struct ike_cookie {
	uint8_t difficulty; /* of the puzzle that was given with it; 0: none */
	uint16_t prf;
	uint64_t id;
};
int ike_cookie_make(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni,
		    uint8_t difficulty, uint16_t prf, uint8_t out[IKE_COOKIE_MAX], size_t *len);
bool ike_cookie_valid(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni,
		      struct ike_slice cookie, struct ike_cookie *out);

/* candidates.c: which connections it may belong to */
struct ike_candidates {
	struct ike_link *link;
	const struct ike_kind *kind;
	struct ike_connection *of_kind;
};
int ike_connection_place(struct ike_engine *e, struct ike_connection *conn);
void ike_connection_unplace(struct ike_engine *e, struct ike_connection *conn);
struct ike_candidates ike_candidates_at(const struct ike_engine *e, const struct ike_addr *remote);
struct ike_connection *ike_candidates_next(struct ike_candidates *c);
struct ike_connection *ike_candidates_next_kind(struct ike_candidates *c);
struct ike_connection *ike_connection_of_id(const struct ike_engine *e, const struct ike_id *remote,
					    const struct ike_connection *after);
bool ike_connection_is_shared(const struct ike_engine *e, const struct ike_connection *conn);

/* connection.c: which connection a peer belongs to */
struct ike_proposals {
	const struct ike_proposal *list;
	unsigned count;
	struct ike_proposal defaults[IKE_PROPOSAL_DEFAULTS];
};
void ike_connection_proposals(const struct ike_connection *conn, struct ike_proposals *out);
struct ike_connection *ike_connection_find(const struct ike_engine *e, const char *name);
bool ike_connection_is_between(const struct ike_connection *conn, const struct ike_addr *local,
			       const struct ike_addr *remote);
bool ike_connection_is_at(const struct ike_engine *e, const struct ike_addr *remote);
unsigned ike_hosts_match(const struct ike_hosts *hosts, const struct ike_addr *addr);
struct ike_connection *ike_connection_for_offer(const struct ike_engine *e, const struct ike_in *in,
						const struct ike_sa_payload *offer,
						uint16_t prefer_group, struct ike_suite *suite);
bool ike_connection_begins(const struct ike_connection *conn);

/* How a peer that begins proves who it is. */
struct ike_peer_proof {
	enum ike_proof_kind kind;
	bool follows; /* by EAP besides, once both have proved themselves */
	bool alone;   /* by EAP, which will do as ours, too */
};

struct ike_connection *ike_connection_for_ids(const struct ike_engine *e, const struct ike_sa *sa,
					      const struct ike_id *remote,
					      const struct ike_id *local,
					      const struct ike_peer_proof *how);
struct ike_connection *ike_connection_alike(const struct ike_engine *e, const struct ike_sa *sa,
					    const struct ike_connection *conn,
					    const struct ike_id *local,
					    const struct ike_connection *after);
struct ike_id ike_connection_local_id(const struct ike_connection *conn,
				      const struct ike_addr *local);

#endif
