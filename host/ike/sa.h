/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the core: the engine, the IKE SA and the Child SA. Not for other folders. */
#ifndef RAVELIN_HOST_IKE_SA_H
#define RAVELIN_HOST_IKE_SA_H

#include "host/ike/dh.h"
#include "host/ike/exchange.h"
#include "host/ike/ike.h"
#include "host/ike/payload.h"
#include "host/ike/puzzle.h"
#include "host/ike/table.h"
#include "host/ike/timer.h"

enum {
	IKE_COOKIE_SECRET_LEN = 32,
	IKE_COOKIE_LIFETIME_MS = 60000, /* of a secret; the one before it is believed as long */
	IKE_INIT_ROUNDS_MAX = 6,	/* cookies and changes of group in one IKE_SA_INIT */
	IKE_SAS_PER_PEER_MAX = 8,	/* between two identities for the same child */
	IKE_CHILDLESS_MS = 60000,	/* that an IKE SA without a Child SA stays */
	IKE_INIT_ERROR_MS = 2000,	/* to wait for a better answer after an error */
	IKE_CHILDREN_MAX = 64,		/* in one IKE SA */
	IKE_REDIRECT_MS = 60000,	/* that a peer has to go where it was sent */
	IKE_REPLACED_MS = 10000,	/* that an IKE SA stays whose peer renews it */
	IKE_UNKNOWN_SPIS = 4,		/* deleted before they came up, that are remembered */
	IKE_LINGER_MS = 5000,		/* that a replaced Child SA goes on to receive */
	IKE_CONFIRM_MS = 500,	    /* until the first look whether the peer sends on a new one */
	IKE_RETRY_MS = 2000,	    /* after a rekeying that came to nothing, */
	IKE_RENEW_RETRY_MS = 60000, /* after a renewal, in between things are rekeyed; */
	IKE_REDIRECT_RETRY_MS = 10000, /* at another gateway there isn't as much time, */
	IKE_REDIRECT_TRIES = 5,	       /* and who can't be reached there stays */
	IKE_RETRY_RAND_MS = 8000,      /* and up to so much more */
	IKE_INIT_MESSAGE_MAX = 8192,   /* IKE_SA_INIT is kept until IKE_AUTH is done */
	IKE_LOOKUPS_MAX = 32,	       /* of names for strangers, at a time, */
	IKE_LOOKUP_FRESH_MS = 30000,   /* and how often one of a name */
	IKE_HELD_MAX = 64,	       /* first messages that wait for them, */
	IKE_HELD_PER_SITE = 4,	       /* and of an address */
	IKE_RATE_BURST = 20,	       /* of what anybody can make us do ... */
	IKE_RATE_INTERVAL_MS = 100,    /* ... and how often once more */
};

/* MOBIKE (RFC 4555) */
enum {
	IKE_COOKIE2_LEN = 16,  /* section 4.2.5: 8 to 64 octets */
	IKE_WAY_WAIT_MS = 500, /* that the best way has before the others are tried, too */
};

/* Hints that a peer started anew */
enum {
	IKE_HINT_PAUSE_MS = 10000,   /* from one that makes us ask to the next, in an IKE SA */
	IKE_HINT_WAIT_MS = 500,	     /* until the next retransmission of what is to show it, */
	IKE_HINT_PATIENCE_MS = 5000, /* and until silence does */
};

/* How often anything may be done at others' bidding: IKE_RATE_BURST times, and again with time. */
struct ike_rate {
	unsigned spent;
	uint64_t refill_at;
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

/* Fragments (RFC 7383) */
enum {
	IKE_FRAGMENT_SIZE = 1280, /* of packets, where nothing else is said */
	IKE_SMALLER_AFTER = 3, /* retransmissions, ours or the peer's, until they become smaller */
	IKE_FRAGMENTS_MS = 60000, /* that a message waits for its next fragment */
	/* Octets of memory for all that wait, and for those of half-open IKE SAs. */
	IKE_FRAGMENTS_MEMORY = 64 << 20,
	IKE_FRAGMENTS_MEMORY_HALF_OPEN = 4 << 20,
};

struct ike_buffer {
	uint8_t *data;
	size_t len;
};

struct ike_fragment {
	struct ike_fragment *next; /* by number */
	uint16_t number;
	size_t len;
	uint8_t data[]; /* of the payloads in it */
};

/* A message of which not all fragments are here yet (RFC 7383). Each was authentic. */
struct ike_fragments {
	struct ike_fragments *older, *newer; /* of the same queue */
	struct ike_fragments **owner;	     /* what points here in its IKE SA */
	struct ike_fragment *list;
	uint16_t count;
	uint16_t total;
	uint8_t exchange;
	uint8_t first;	    /* the type of the first payload */
	uint8_t digest[32]; /* of the datagram of the first one */
	bool half_open;	    /* of an IKE SA that was */
	size_t len;	    /* of all payloads */
	size_t memory;
};

struct ike_fragments_queue {
	struct ike_fragments *oldest, *newest;
	size_t memory;
};

/* How far the data path has come with a Child SA. */
enum ike_child_level {
	IKE_LEVEL_NONE,
	IKE_LEVEL_INBOUND,
	IKE_LEVEL_OUTBOUND,
	IKE_LEVEL_USE,
};

enum { IKE_IN, IKE_OUT };

/* What a new Child SA is asked for with, beside what is configured. */
struct ike_ask {
	struct ike_ts first[2]; /* before it: the ends of a packet that waits, ours first; family 0:
				   none */
	bool alone;		/* instead of it: one pair of selectors */
};

struct ike_child {
	uint64_t id;
	struct ike_link by_id;
	struct ike_link by_config;
	struct ike_link by_spi_out; /* once the data path is told of it */
	struct ike_child *next;
	struct ike_sa *sa;
	const struct ike_child_config *config; /* the connection's, which the IKE SA holds */
	enum ike_child_state state;
	enum ike_child_level level;  /* reached */
	enum ike_child_level wanted; /* to be reached */
	struct ike_task *task;	     /* resumed when it is, or when the data path refuses */
	struct ike_waiter waiter;
	struct ike_suite suite;
	enum rvl_mode mode;	   /* ours: that is asked for; then, that it has */
	struct ike_pair *original; /* transport mode: what the ends are for the peer; NULL: the same */
	uint32_t spi_in;
	uint32_t spi_out;
	struct ike_child_keys *keys; /* IKE_IN and IKE_OUT, until the data path has them */
	/* The CHILD_REMOVE to come, made before the first job went out; NULL: none did. */
	struct ike_action *remove;
	struct ike_ts_kept *local_ts;
	struct ike_ts_kept *remote_ts;
	struct ike_timer timers[IKE_CHILD_TIMERS];
	uint64_t successor;   /* id of the one that was made to replace it */
	uint64_t predecessor; /* id of the one that it replaces, until it is in use */
	uint64_t installed_at;
	uint64_t used;	      /* its flows were led there as the so-many-th; 0: never */
	enum ike_cause cause; /* of its end, unless it is the IKE SA's */
	bool confirmed;	      /* the peer has it, too */
	bool alone;	      /* one pair of selectors, as the peer takes no more in one */
	bool over_nat;	      /* ours: it was asked for where AH doesn't pass */
	bool tfc;	      /* the peer takes padding */
	bool more_ts;	      /* another one would take more of what its initiator has offered */
};

/* A point in time, where an interval may be "never". */
static inline uint64_t ike_later(uint64_t now, uint64_t ms)
{
	return ms > IKE_NEVER - now ? IKE_NEVER : now + ms;
}

/* What only a handshake needs: from the first message until the IKE SA is established. */
struct ike_handshake {
	struct ike_dh *dh;
	struct ike_auth_keys auth_keys;
	struct ike_buffer init_request;
	struct ike_buffer init_response;
	uint8_t ni[IKE_NONCE_MAX];
	uint8_t nr[IKE_NONCE_MAX];
	size_t ni_len;
	size_t nr_len;
	uint8_t cookie[IKE_COOKIE_MAX];
	size_t cookie_len;
	uint8_t solution[IKE_PUZZLE_KEYS * IKE_PUZZLE_KEY_LEN]; /* of the puzzle with the cookie */
	bool solved;
	unsigned init_rounds;
	struct ike_rate forged;	     /* messages that didn't open, as responder */
	bool childless;		     /* the peer takes IKE_AUTH without a Child SA */
	char reason[IKE_REASON_MAX]; /* an error that may be forged; why the peer was refused */
};

/* The peer's requests (section 2.3): one at a time. */
struct ike_window_in {
	uint32_t next_id;
	struct ike_task *task;
	struct ike_buffer response; /* to the last one; empty while it waits */
	uint8_t digest[32];	    /* of the last one, or of its first fragment */
	struct ike_addr local;	    /* where it came in, */
	struct ike_addr remote;	    /* and from where */
	uint16_t fragments;	    /* of the last one; 1: it came whole */
	unsigned repeated;	    /* times that it came again and was answered, */
	struct ike_rate again;	    /* and how often it may be */
	struct ike_fragments *waiting;
};

/* Ours: one at a time, too. */
struct ike_window_out {
	uint32_t next_id; /* of the outstanding request, or of the next one */
	struct ike_task *task;
	struct ike_task *queue;
	struct ike_buffer request; /* or its fragments, as they go out one after the other */
	unsigned tries;
	uint64_t wait; /* until the next retransmission */
	bool spread;   /* it went over other ways than the path, too */
	uint16_t hint; /* the notify that says that the peer has lost the IKE SA, or 0 */
	unsigned most; /* tries, with a hint */
	struct ike_fragments *waiting;
};

/* What a member of the peer's cluster said as it took over, the last time (RFC 6311). */
struct ike_synced {
	uint32_t highest;	  /* the ID of its next request then */
	uint8_t digest[32];	  /* of its message */
	struct ike_buffer answer; /* to it */
};

struct ike_path {
	struct ike_addr local;
	struct ike_addr remote;
	bool natt;	/* the peer takes part in NAT detection */
	bool pretended; /* we told the peer of a NAT before us that isn't there */
	bool nat_local; /* a NAT is before us */
	bool nat_remote;
};

/* A way to the peer that may be better than the path. */
struct ike_way {
	struct ike_pair pair;
	bool judged; /* the peer has said from there what NATs there are */
	bool nat_local;
	bool nat_remote;
};

/* Those that are tried: requests of ours go over all of them, and over which an answer comes first
 * decides. */
struct ike_ways {
	bool asked;	/* the request that is out went over all of them from the first */
	bool best_only; /* over the first, so far */
	unsigned count;
	struct ike_way list[IKE_WAYS_MAX];
};

/* What MOBIKE needs of an IKE SA (RFC 4555), where both sides can. */
struct ike_mobike {
	struct ike_sa *sa;
	struct ike_waiter waiter;  /* for the ways that there are */
	bool again;		   /* since it was asked, things have changed again */
	bool unanswered;	   /* ask for others than the path, which may be dead */
	unsigned refused;	   /* pairs that the peer doesn't want */
	struct ike_pair *unwanted; /* room for IKE_WAYS_MAX; NULL: none was ever refused */
	struct ike_pair settled;   /* the last that the peer knows of: Child SAs are there */
	uint32_t moves;		   /* of the path */
	uint32_t told;	 /* the addresses of ours that the peer knows, by engine's count */
	bool cookie_out; /* the liveness check that is out has this one: */
	uint8_t cookie2[IKE_COOKIE2_LEN];
	bool checking; /* the peer's last request asked for this way, perhaps from elsewhere: */
	struct ike_way asked;
	uint8_t named[20];     /* the hash of the address that it named as its own */
	uint8_t seen[20];      /* the hash of what the peer has seen us as last, */
	uint64_t seen_spi;     /* in the IKE SA of this SPI of ours; 0: never */
	unsigned remote_count; /* the peer's addresses, as it said last */
	struct ike_addr remotes[IKE_PEER_ADDRESSES_MAX];
};

struct ike_links {
	struct ike_link by_spi; /* our SPI */
	struct ike_link by_id;
	struct ike_link by_peer; /* the peer's identity, once established */
	struct ike_link by_conn;
	struct ike_link half_open;    /* the peer's address and SPI, while it is */
	struct ike_source *source;    /* the same; NULL: it isn't half-open */
	struct ike_sa *older, *newer; /* of that source */
	bool solved;		      /* it has solved a puzzle */
	bool computing;		      /* a key exchange is at work for it */
	struct ike_sa *next, *prev;   /* of all */
	struct ike_sa *dead_next;
};

/* What the one who began has been given by the other (lease.c). */
struct ike_lease {
	struct ike_action *release; /* which has its id: that of the IKE SA that asked for it */
	bool ours;
	unsigned vip_count; /* 0: not known yet */
	struct ike_addr vips[IKE_VIPS_MAX];
};

/* A gateway that the peer sends us to (RFC 5685). */
struct ike_redirect {
	struct ike_hosts to; /* one address or name */
	struct ike_addr from;
	unsigned tries; /* to renew one there that is up */
};

struct ike_sa {
	uint64_t id;
	struct ike_links links;
	enum ike_state state;
	bool initiator;
	bool connected;	      /* IKE_UP went out */
	bool childless;	      /* IKE_AUTH without a Child SA; then, that the peer may leave it so */
	enum ike_cause cause; /* of its end */
	uint64_t spi_i;
	uint64_t spi_r;
	struct ike_connection *conn;  /* a reference; NULL for a responder before IKE_AUTH */
	struct ike_id_kept *local_id; /* once known */
	struct ike_id_kept *remote_id;
	struct ike_path path;
	struct ike_ways *ways;	   /* NULL: the path is not in doubt */
	struct ike_mobike *mobike; /* NULL: no */
	struct ike_suite suite;
	struct ike_keys keys;
	uint64_t iv_counter;
	struct ike_handshake *handshake;
	struct ike_lease *lease; /* or NULL */
	struct ike_window_in in;
	struct ike_window_out out;
	struct ike_timer timers[IKE_SA_TIMERS];
	struct ike_child *children;
	unsigned child_count;
	uint16_t fragment_size; /* since larger packets seem to get lost; 0: the engine's */
	bool fragmentation;	/* both sides take fragments */
	bool trying;		/* one of the addresses that its connection may go to */
	bool began;		/* we have authenticated first; rekeying doesn't change it */
	bool no_more;		/* the peer has refused to make anything in it */
	bool redirectable;	/* the peer has begun it and goes where it is sent */
	bool owes_token;	/* the peer hasn't ours yet */
	bool has_token;		/* the peer's, for when it has forgotten this (RFC 6290), */
	/* The peer may be a cluster, whose members move message IDs, and sequence numbers. */
	bool syncs;
	bool syncs_counters;
	uint8_t token[32];    /* which has this hash */
	uint64_t successor;   /* id of the IKE SA that was made to replace it, */
	uint64_t predecessor; /* and of the one that it replaces, until it has */
	uint64_t renews;      /* id of the one in whose place it is begun, until it has all of it */
	uint64_t renewal;     /* id of the one that is begun in its place */
	uint64_t reauth_at;   /* when it is to be renewed in any case, or IKE_NEVER */
	uint64_t renewed_at;  /* the last attempt; 0: none */
	uint64_t superseded_by; /* id of the one that is to take its place, soon; 0: none */
	uint64_t created_at;
	uint64_t authenticated_at;
	uint64_t established_at;
	uint64_t last_heard_at;
	uint64_t asked_at;	       /* when the last liveness check was sent first */
	uint64_t hint_after;	       /* until then no hint makes us ask */
	uint64_t leave_at;	       /* the peer, which was sent elsewhere; 0: it wasn't */
	struct ike_redirect *redirect; /* where it goes, or once it is up is to be renewed */
	struct ike_synced *synced;     /* NULL: none has taken over */
};

/* What the peer seals with. */
static inline const struct ike_cipher *ike_sa_peer_cipher(const struct ike_sa *sa)
{
	return sa->initiator ? &sa->keys.responder : &sa->keys.initiator;
}

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
	struct ike_table by_owner;
	uint64_t last_psk;
	struct ike_hosts redirect_to; /* where strangers are sent; empty: nowhere */
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

/* registry.c: finding IKE SAs and Child SAs */
int ike_registry_init(struct ike_engine *e);
void ike_registry_free(struct ike_engine *e);
struct ike_sa *ike_sa_new(struct ike_engine *e, uint64_t now, bool initiator);
struct ike_sa *ike_sa_find(const struct ike_engine *e, uint64_t our_spi);
struct ike_sa *ike_sa_find_id(const struct ike_engine *e, uint64_t id);
struct ike_sa *ike_half_open_find(const struct ike_engine *e, const struct ike_in *in);
void ike_half_open_link(struct ike_engine *e, struct ike_sa *sa);
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

/* sa.c: the life of an IKE SA */
void ike_sa_down(struct ike_engine *e, struct ike_sa *sa, const char *reason);
void ike_sa_refused(struct ike_engine *e, struct ike_sa *sa, const char *reason);
void ike_sa_established(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			bool initial_contact);
void ike_sa_delete(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *reason);
void ike_sa_leave(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *reason);
bool ike_sa_ending(const struct ike_sa *sa);
bool ike_sa_is_busy(const struct ike_sa *sa);
bool ike_sa_gets_more(const struct ike_sa *sa);
bool ike_sa_covers(const struct ike_sa *sa, const struct ike_sa *other);
bool ike_sa_has_lost(const struct ike_engine *e, const struct ike_sa *sa);
void ike_sa_lost(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_cede(struct ike_engine *e, struct ike_sa *sa, const struct ike_sa *other, uint64_t now,
		 const char *reason);
void ike_sa_won(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
bool ike_sa_may_be_renewed_by(const struct ike_sa *old, const struct ike_sa *sa);
void ike_sa_decided(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_alive(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_over(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_rekey(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_rekey_later(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
uint64_t ike_patience(const struct ike_connection *conn);
uint64_t ike_jitter(struct ike_engine *e, uint64_t most);
void ike_sa_expired(struct ike_engine *e, struct ike_sa *sa);
void ike_sa_unanswered(struct ike_engine *e, struct ike_sa *sa);
void ike_sa_hold(struct ike_engine *e, struct ike_sa *sa, struct ike_connection *conn);
void ike_connection_release(struct ike_connection *conn);
void ike_handshake_free(struct ike_sa *sa);
uint64_t ike_sa_our_spi(const struct ike_sa *sa);

/* lease.c: addresses behind the other end */
void ike_lease_free(struct ike_sa *sa);
void ike_lease_end(struct ike_engine *e, struct ike_sa *sa);
struct ike_ts_list ike_sa_local_ts(const struct ike_sa *sa, const struct ike_child_config *config);
struct ike_ts_list ike_sa_remote_ts(const struct ike_sa *sa, const struct ike_child_config *config);
bool ike_lease_wanted(const struct ike_sa *sa);
void ike_lease_ask(const struct ike_engine *e, const struct ike_sa *sa, struct ike_builder *b);
bool ike_lease_take(struct ike_engine *e, struct ike_sa *sa, const struct ike_payloads *p,
		    char reason[IKE_REASON_MAX]);
int ike_lease_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task, uint64_t now,
		      const struct ike_settings *asked, bool initial_contact);
void ike_lease_refused(struct ike_engine *e, const struct ike_sa *sa, const char *reason);
bool ike_lease_given(struct ike_engine *e, struct ike_sa *sa, const struct ike_job *job);
void ike_lease_answer(struct ike_builder *b, const struct ike_settings *asked,
		      const struct ike_settings *given);

/* renew.c: another IKE SA in the place of one */
void ike_sa_renew(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *why);
void ike_sa_renew_elsewhere(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_renewal_adds(struct ike_engine *e, const struct ike_child *child, uint64_t now);
bool ike_sa_renewal_takes(struct ike_engine *e, const struct ike_sa *sa,
			  const struct ike_child_config *config, const struct ike_ask *ask,
			  uint64_t now);
void ike_sa_renewed(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_renewal_left(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_renewal_leave(struct ike_engine *e, const struct ike_sa *old);
void ike_sa_renewal_moves(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa);
bool ike_sa_can_be_begun_again(const struct ike_sa *sa);
bool ike_sa_is_renewed(const struct ike_engine *e, const struct ike_sa *sa);

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

/* way.c: where to begin, from where */
void ike_way_text(const struct ike_connection *conn, char *out, size_t len);
void ike_way_failed(struct ike_connection *conn);
int ike_way_begin(const struct ike_engine *e, struct ike_connection *conn, struct ike_path *path);
enum ike_step ike_way_find(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			   uint64_t now);

/* lookup.c: names that strangers may come from */
int ike_lookups_begin(struct ike_engine *e, struct ike_connection *conn);
void ike_lookups_end(struct ike_engine *e, struct ike_connection *conn);
bool ike_lookup_has(const struct ike_lookup *lookup, const struct ike_addr *addr);
bool ike_lookup_first(struct ike_engine *e, const struct ike_in *in);

/* path.c: addresses and NATs */
struct ike_nat_hashes {
	bool seen; /* both are there */
	bool source_fits;
	bool dest_fits;
	uint8_t source[20]; /* the first that the peer sent */
	uint8_t dest[20];
};
void ike_nat_write(struct ike_builder *b, struct ike_sa *sa, const struct ike_pair *pair,
		   bool pretend);
void ike_nat_read(const struct ike_in *in, struct ike_nat_hashes *out);
bool ike_nat_names(const struct ike_sa *sa, const uint8_t hash[20], const struct ike_addr *addr);
void ike_nat_detect(struct ike_sa *sa, const struct ike_in *in);
void ike_path_begin(const struct ike_engine *e, struct ike_sa *sa);
void ike_nat_float(struct ike_engine *e, struct ike_sa *sa);
bool ike_path_nat(const struct ike_path *path);
bool ike_path_encap(const struct ike_engine *e, const struct ike_path *path);
bool ike_path_may_be_elsewhere(const struct ike_sa *sa);
void ike_path_follow(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
void ike_path_again(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
void ike_path_hint(struct ike_engine *e, const struct ike_sa *made, const struct ike_in *in);
struct ike_pair ike_path_pair(const struct ike_sa *sa);
void ike_path_try(struct ike_engine *e, struct ike_sa *sa, const struct ike_way *ways,
		  unsigned count);
bool ike_path_add(struct ike_engine *e, struct ike_sa *sa, const struct ike_way *way);
void ike_path_move(struct ike_engine *e, struct ike_sa *sa, const struct ike_way *way);
void ike_path_drop_ways(struct ike_sa *sa);
void ike_path_unanswered(struct ike_engine *e, struct ike_sa *sa);
void ike_path_tell(struct ike_engine *e, struct ike_sa *sa);
void ike_path_keepalive(struct ike_engine *e, struct ike_sa *sa, uint64_t now);

/* mobike.c: addresses that change (RFC 4555) */
struct ike_addresses_task {
	struct ike_task task;
	uint32_t moves; /* of the path, when it began */
	uint32_t told;	/* addresses of ours that it tells of */
};
void ike_mobike_offer(struct ike_builder *b, const struct ike_engine *e, const struct ike_sa *sa);
void ike_mobike_agree(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
void ike_mobike_settle(struct ike_engine *e, struct ike_sa *sa);
void ike_mobike_free(struct ike_engine *e, struct ike_sa *sa);
void ike_mobike_succeed(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa);
void ike_mobike_moved(struct ike_engine *e, struct ike_sa *sa);
struct ike_sa *ike_mobike_heir(const struct ike_engine *e, struct ike_sa *sa);
void ike_mobike_elsewhere(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_mobike_ask(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_mobike_unanswered(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
bool ike_mobike_has_no_address(const struct ike_engine *e, const struct ike_sa *sa);
void ike_mobike_write_check(struct ike_engine *e, struct ike_sa *sa, struct ike_builder *b);
bool ike_mobike_asks_often(const struct ike_sa *sa);
void ike_mobike_checked(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
bool ike_mobike_answer(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in,
		       struct ike_builder *b);
void ike_mobike_do(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in, bool update);
void ike_mobike_again(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
enum ike_step ike_addresses_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				  uint64_t now);
enum ike_step ike_addresses_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				     struct ike_in *in);

/* child.c: the life of a Child SA */
struct ike_child *ike_child_new(struct ike_engine *e, struct ike_sa *sa,
				const struct ike_child_config *config);
int ike_child_set_ts(struct ike_child *child, const struct ike_ts_list *local,
		     const struct ike_ts_list *remote);
int ike_child_derive(struct ike_child *child, const struct ike_secret *shared, struct ike_slice ni,
		     struct ike_slice nr, bool initiator);
int ike_child_bring(struct ike_engine *e, struct ike_child *child, uint64_t now,
		    enum ike_child_level level, struct ike_task *task);
void ike_child_free(struct ike_engine *e, struct ike_child *child);
void ike_child_remove(struct ike_engine *e, struct ike_child *child, uint64_t now,
		      const char *reason);
void ike_child_yield(struct ike_engine *e, struct ike_child *child, uint64_t now);
bool ike_child_linger_on(struct ike_engine *e, struct ike_child *child, uint64_t now);
void ike_child_retire(struct ike_engine *e, struct ike_child *child, uint64_t now,
		      const char *reason);
struct ike_child *ike_child_successor(const struct ike_engine *e, const struct ike_child *child);
bool ike_child_has_other(const struct ike_engine *e, const struct ike_child *child);
int ike_child_lead(struct ike_engine *e, struct ike_child *child, uint64_t now);
void ike_child_told(struct ike_engine *e, struct ike_child *child, uint64_t now);
void ike_child_listen(struct ike_engine *e, struct ike_child *child, uint64_t now);
void ike_child_confirm(struct ike_engine *e, struct ike_sa *sa, uint64_t told_by, uint64_t now);
void ike_child_replaced(struct ike_engine *e, struct ike_child *child, uint64_t now);
void ike_child_rekey(struct ike_engine *e, struct ike_child *child, uint64_t now);
void ike_child_due(struct ike_engine *e, struct ike_child *child, uint64_t now);
void ike_child_later(struct ike_engine *e, struct ike_child *child, uint64_t now);
void ike_child_expired(struct ike_engine *e, struct ike_child *child, uint64_t now);
struct ike_child_change ike_child_change(const struct ike_engine *e, const struct ike_child *child);

/* task.c: what an IKE SA is at, and what it has yet to do */
struct ike_task *ike_task_new(struct ike_engine *e, struct ike_sa *sa,
			      const struct ike_exchange *exchange);
void ike_task_free(struct ike_engine *e, struct ike_task *task);
struct ike_task *ike_task_queue(struct ike_engine *e, struct ike_sa *sa, enum ike_exchange_row row);
struct ike_task *ike_task_queue_first(struct ike_engine *e, struct ike_sa *sa,
				      enum ike_exchange_row row);
struct ike_task *ike_task_find(const struct ike_sa *sa, enum ike_exchange_row row);
void ike_task_begin(struct ike_engine *e, struct ike_task *task, uint64_t now);
void ike_task_take(struct ike_engine *e, struct ike_task *task, struct ike_in *in);
void ike_task_answered(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);
enum ike_step ike_task_wait(struct ike_task *task, ike_resume_fn *resume);
void ike_task_resume(struct ike_engine *e, struct ike_task *task, uint64_t now,
		     struct ike_job *job);
void ike_tasks_drop(struct ike_engine *e, struct ike_sa *sa, const char *reason);
void ike_task_drop(struct ike_engine *e, struct ike_task *task, const char *reason);
void ike_sa_advance(struct ike_engine *e, struct ike_sa *sa, uint64_t now);

/* job.c */
struct ike_job *ike_job_new(struct ike_engine *e, enum ike_job_type type);
int ike_job_send(struct ike_engine *e, const struct ike_sa *sa, struct ike_waiter *waiter,
		 uint64_t now, struct ike_job *job);
void ike_waiter_cancel(struct ike_engine *e, struct ike_waiter *waiter);
int ike_resolve(struct ike_engine *e, const struct ike_sa *sa, struct ike_waiter *waiter,
		uint64_t now, const struct ike_host *host);
bool ike_resolved(const struct ike_job *job);
const char *ike_resolve_reason(const struct ike_job *job);
void ike_job_lost(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now);
enum ike_step ike_task_puzzle(struct ike_engine *e, struct ike_task *task, uint64_t now,
			      const struct ike_puzzle_search *search, ike_resume_fn *resume);
enum ike_step ike_task_ke(struct ike_engine *e, struct ike_task *task, uint64_t now, uint16_t group,
			  struct ike_dh *dh, struct ike_slice peer, ike_resume_fn *resume);

/* transmit.c: requests, responses, retransmission */
int ike_buffer_set(struct ike_buffer *b, struct ike_slice s);
void ike_buffer_free(struct ike_buffer *b);
struct ike_header ike_sa_header(const struct ike_sa *sa, uint8_t exchange, bool response,
				uint32_t message_id);
int ike_seal(struct ike_engine *e, struct ike_sa *sa, const struct ike_header *hdr,
	     const struct ike_builder *inner, size_t room, struct ike_buffer *out);
void ike_emit_message(struct ike_engine *e, const struct ike_addr *local,
		      const struct ike_addr *remote, const struct ike_buffer *message);
void ike_smaller(struct ike_engine *e, struct ike_sa *sa, const struct ike_addr *local,
		 struct ike_buffer *message);
enum ike_step ike_send_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			       struct ike_slice message);
enum ike_step ike_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			  struct ike_builder *inner);
void ike_request_done(struct ike_engine *e, struct ike_sa *sa);
void ike_retransmit(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_resend(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_repeat(struct ike_engine *e, struct ike_sa *sa);
void ike_repeat_over(struct ike_engine *e, struct ike_sa *sa, const struct ike_pair *pair);
void ike_renumber(struct ike_engine *e, struct ike_sa *sa, uint64_t now, uint32_t id);
void ike_send_again(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_hasten(struct ike_engine *e, struct ike_sa *sa, uint64_t now, uint16_t hint);
enum ike_step ike_respond(struct ike_engine *e, struct ike_sa *sa, uint8_t exchange,
			  struct ike_builder *inner);
enum ike_step ike_respond_notify(struct ike_engine *e, struct ike_sa *sa, uint8_t exchange,
				 uint16_t type, struct ike_slice data);
void ike_answer_begin(struct ike_engine *e, struct ike_builder *b, const struct ike_in *in,
		      uint64_t spi_r);
void ike_answer_end(struct ike_engine *e, struct ike_builder *b, const struct ike_in *in);
void ike_answer_plain(struct ike_engine *e, const struct ike_in *in, uint64_t spi_r, uint16_t type,
		      struct ike_slice data);
bool ike_rate_allows(struct ike_rate *rate, uint64_t now);
bool ike_rate_has_left(struct ike_rate *rate, uint64_t now);
bool ike_answer_allowed(struct ike_engine *e, uint64_t now);

/* hint.c: the peer may have lost what it had */
bool ike_hint_answers(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
bool ike_hint_outside(struct ike_engine *e, const struct ike_in *in);
void ike_hint_inside(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);

/* qcd.c: tokens that prove a restart */
void ike_qcd_write(struct ike_engine *e, struct ike_builder *b, const struct ike_sa *sa);
void ike_qcd_owe(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_qcd_show(struct ike_engine *e, struct ike_builder *b, const struct ike_in *in);
void ike_qcd_learn(struct ike_sa *sa, const struct ike_payloads *p);
bool ike_qcd_lost(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);

/* sync.c: a peer that is a cluster, of which another member takes over */
void ike_sync_offer(struct ike_builder *b, const struct ike_sa *sa);
void ike_sync_agree(struct ike_sa *sa, const struct ike_payloads *p);
void ike_sync_succeed(const struct ike_sa *old, struct ike_sa *sa);
void ike_sync_free(struct ike_sa *sa);
bool ike_sync_take(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);

/* redirect.c: other gateways (RFC 5685) */
struct ike_redirect_task {
	struct ike_task task;
	struct ike_hosts to;
};
struct ike_redirect *ike_redirect_copy(const struct ike_redirect *redirect);
void ike_redirect_free(struct ike_redirect *redirect);
void ike_redirect_write_support(const struct ike_engine *e, const struct ike_sa *sa,
				struct ike_builder *b);
bool ike_redirect_is_for(const struct ike_notify *n, struct ike_slice nonce);
const char *ike_redirect_take(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			      const struct ike_notify *n);
struct ike_addr ike_redirect_addr(const struct ike_redirect *redirect);
enum ike_step ike_redirect_auth(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
				const struct ike_notify *n);
void ike_redirect_asked(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
bool ike_redirect_supported(const struct ike_in *in);
bool ike_redirect_stranger(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni);
bool ike_redirect_peer(const struct ike_sa *sa);
void ike_redirect_write(struct ike_builder *b, const struct ike_sa *sa);
void ike_redirect_told(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
enum ike_step ike_redirect_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now);
enum ike_step ike_redirect_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    struct ike_in *in);
void ike_redirect_forget(struct ike_engine *e, struct ike_task *task);

/* engine.c */
bool ike_open(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in,
	      struct ike_slice sealed, size_t *plain_len);

/* fragment.c: messages that come in pieces */
bool ike_fragment_take(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
		       uint8_t digest[32], uint8_t *first, size_t *len);
bool ike_fragment_asks_again(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);
void ike_fragments_drop(struct ike_engine *e, struct ike_fragments *f);

/* action.c: what comes out */
struct ike_action *ike_action_new(struct ike_engine *e, enum ike_action_type type);
void ike_action_queue(struct ike_engine *e, struct ike_action *a);
struct ike_action *ike_emit(struct ike_engine *e, enum ike_action_type type);
void ike_emit_send(struct ike_engine *e, const struct ike_addr *local,
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
bool ike_connection_is_at(const struct ike_engine *e, const struct ike_addr *remote);
unsigned ike_hosts_match(const struct ike_hosts *hosts, const struct ike_addr *addr);
struct ike_connection *ike_connection_for_offer(const struct ike_engine *e, const struct ike_in *in,
						const struct ike_sa_payload *offer,
						uint16_t prefer_group, struct ike_suite *suite);
struct ike_connection *ike_connection_for_ids(const struct ike_engine *e, const struct ike_sa *sa,
					      const struct ike_id *remote,
					      const struct ike_id *local);
struct ike_connection *ike_connection_alike(const struct ike_engine *e, const struct ike_sa *sa,
					    const struct ike_connection *conn,
					    const struct ike_id *local,
					    const struct ike_connection *after);
struct ike_id ike_connection_local_id(const struct ike_connection *conn,
				      const struct ike_addr *local);

/* One file an exchange: the functions of its rows, and how others begin one. */
void ike_init_receive(struct ike_engine *e, struct ike_in *in);
struct ike_init_task {
	struct ike_task task;
	struct ike_ask ask;
};
enum ike_step ike_init_begin(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now);
enum ike_step ike_init_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now);
enum ike_step ike_init_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       struct ike_in *in);
enum ike_step ike_init_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				struct ike_in *in);

struct ike_auth_task {
	struct ike_task task;
	bool initial_contact; /* the peer says so */
	uint16_t refusal;     /* what the answer says instead of a Child SA, */
	bool redirect;	      /* or that there is one to be had elsewhere */
	uint64_t child_id;
	/* The peer's, if it asks for addresses: */
	struct ike_settings *asked;
	struct ike_settings *given;
	struct ike_buffer request; /* its payloads, while they are looked for */
	uint8_t first;		   /* the type of the first of them */
};
void ike_auth_forget(struct ike_engine *e, struct ike_task *task);
enum ike_step ike_auth_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now);
enum ike_step ike_auth_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       struct ike_in *in);
enum ike_step ike_auth_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				struct ike_in *in);

/* CREATE_CHILD_SA: ours or the peer's; a new Child SA, or a successor of one or of the IKE SA. */
struct ike_create_task {
	struct ike_task task;
	const struct ike_child_config *config;
	uint64_t old_id;    /* the Child SA to be replaced; 0: none */
	uint64_t made_id;   /* the Child SA or IKE SA being made */
	struct ike_ask ask; /* of a new Child SA */
	struct ike_dh *dh;
	unsigned rounds; /* changes of group */
	/* Ours: what the peer has deleted of which we don't know yet, as it may be the one made. */
	uint32_t unknown_spis[IKE_UNKNOWN_SPIS];
	unsigned unknown_count;
	uint8_t ni[IKE_NONCE_MAX];
	uint8_t nr[IKE_NONCE_MAX];
	size_t ni_len;
	size_t nr_len;
	/* Ours: the peer is at the same (section 2.8.1). */
	uint64_t rival_id;
	uint8_t rival_nonce[IKE_NONCE_MAX]; /* the lower of its exchange */
	size_t rival_len;
};
/* Of octet strings; one that the other begins with is the lower (section 2.8.1). */
bool ike_nonce_lower(struct ike_slice a, struct ike_slice b);
void ike_rival_note(struct ike_create_task *ours, const struct ike_create_task *theirs);
void ike_rival_forget(struct ike_sa *sa, const struct ike_create_task *theirs);
bool ike_rival_won(const struct ike_create_task *ours);
enum ike_step ike_create_child_request(struct ike_engine *e, struct ike_sa *sa,
				       struct ike_task *task, struct ike_in *in);
enum ike_step ike_child_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			      uint64_t now);
enum ike_step ike_child_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 struct ike_in *in);
enum ike_step ike_rekey_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				struct ike_in *in, const struct ike_sa_payload *offer);
enum ike_step ike_rekey_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			      uint64_t now);
enum ike_step ike_rekey_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 struct ike_in *in);
void ike_rekey_forget(struct ike_engine *e, struct ike_task *task);
void ike_sa_succeed(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa, uint64_t now);
void ike_child_forget(struct ike_engine *e, struct ike_task *task);
bool ike_child_queue(struct ike_engine *e, struct ike_sa *sa, const struct ike_child_config *config,
		     const struct ike_ask *ask);
bool ike_child_is_queued(const struct ike_sa *sa, const struct ike_child_config *config);
bool ike_child_rekey_is_queued(const struct ike_child *child);
void ike_child_note_unknown(struct ike_sa *sa, uint32_t spi);
bool ike_child_ask_again(struct ike_engine *e, struct ike_child *child);

enum ike_step ike_informational_request(struct ike_engine *e, struct ike_sa *sa,
					struct ike_task *task, struct ike_in *in);
enum ike_step ike_liveness_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now);
enum ike_step ike_liveness_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    struct ike_in *in);
void ike_liveness_check(struct ike_engine *e, struct ike_sa *sa);
bool ike_is_refused(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
void ike_liveness_due(struct ike_engine *e, struct ike_sa *sa, uint64_t now);

struct ike_delete_task {
	struct ike_task task;
	struct ike_delete_task *also; /* Child SAs that the same message names */
	uint64_t child_id;
	char reason[IKE_REASON_MAX];
};
struct ike_child *ike_child_find_spi(struct ike_sa *sa, uint8_t protocol, uint32_t spi);
void ike_delete_child(struct ike_engine *e, struct ike_child *child, const char *reason);
const char *ike_delete_reason(const struct ike_task *task);
void ike_delete_because(struct ike_task *task, const char *reason);
void ike_delete_forget(struct ike_engine *e, struct ike_task *task);
enum ike_step ike_delete_child_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				     uint64_t now);
enum ike_step ike_delete_child_response(struct ike_engine *e, struct ike_sa *sa,
					struct ike_task *task, struct ike_in *in);
enum ike_step ike_delete_ike_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				   uint64_t now);
enum ike_step ike_delete_ike_response(struct ike_engine *e, struct ike_sa *sa,
				      struct ike_task *task, struct ike_in *in);
enum ike_step ike_refuse_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       uint64_t now);

/* pairs.c: a peer that takes one pair of selectors in a Child SA */
bool ike_pairs_split(struct ike_engine *e, struct ike_sa *sa, struct ike_child *child,
		     uint64_t now);
bool ike_pairs_complete(const struct ike_engine *e, const struct ike_sa *sa,
			const struct ike_child_config *config);
bool ike_child_carries(const struct ike_child *child, const struct ike_ts pair[2]);

/* transport.c: Child SAs between the two hosts themselves */
bool ike_transport_wanted(const struct ike_engine *e, const struct ike_sa *sa,
			  const struct ike_child_config *config);
struct ike_ts_list ike_transport_hosts(const struct ike_ts_list *list, const struct ike_addr *host);
void ike_transport_substitute(const struct ike_sa *sa, struct ike_ts_payload *ours,
			      struct ike_ts_payload *theirs);
int ike_transport_keep_original(struct ike_child *child, const struct ike_ts_payload *ours,
				const struct ike_ts_payload *theirs);
bool ike_child_has_to_stay(struct ike_engine *e, struct ike_child *child);

/* offer.c: negotiation of a Child SA inside an exchange */
int ike_child_select(const struct ike_engine *e, struct ike_child *child,
		     const struct ike_ask *ask);
struct ike_ts_list ike_own_ts(const struct ike_engine *e, const struct ike_sa *sa,
			      const struct ike_child_config *config);
struct ike_ts_list ike_peer_ts(const struct ike_engine *e, const struct ike_sa *sa,
			       const struct ike_child_config *config);
const char *ike_child_offer(const struct ike_engine *e, struct ike_builder *b,
			    struct ike_child *child, bool ke);
void ike_child_offer_ts(struct ike_builder *b, const struct ike_child *child);
uint16_t ike_child_group(const struct ike_engine *e, const struct ike_child *child);
bool ike_child_offers_group(const struct ike_child_config *config, uint16_t group);
uint16_t ike_child_accept(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
			  const struct ike_child_config *only, bool ke, uint16_t prefer_group,
			  struct ike_child **child, const char **name);
void ike_child_answer(struct ike_builder *b, const struct ike_child *child);
void ike_child_answer_ts(struct ike_builder *b, const struct ike_child *child);
uint16_t ike_child_complete(struct ike_engine *e, struct ike_child *child, const struct ike_in *in,
			    bool ke);
uint16_t ike_first_error(const struct ike_payloads *p);
const char *ike_explain(uint16_t type);

#endif
