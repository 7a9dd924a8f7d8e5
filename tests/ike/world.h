/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A world for IKE cores: hosts with a data path each, NATs before some of them, a network between
 * them that loses, repeats, reorders and is cut, and an attacker who sees all of it. Time is
 * virtual and everything is drawn from one seed, so that a seed repeats a run octet by octet.
 *
 * After each change of a data path, and once in a step, the invariants (invariants.h) are looked
 * at; the first that doesn't hold is printed with the seed, the time and the last that happened.
 */
#ifndef RAVELIN_TESTS_IKE_WORLD_H
#define RAVELIN_TESTS_IKE_WORLD_H

#include "tests/ike/member.h"
#include "tests/ike/support.h"

enum {
	HOSTS_MAX = 6,
	PEERINGS_MAX = 8,
	CHILDREN_PER_PEERING = 3,
	FLOWS_MAX = PEERINGS_MAX * CHILDREN_PER_PEERING,
	ESP_MAX = 128, /* Child SAs of a host at a time */
	JOBS_MAX = 128,
	DATAGRAMS_MAX = 1024,
	SEEN_MAX = 24, /* datagrams that the attacker remembers */
	TRACE_MAX = 40,
	LEASES_MAX = 64,
	LINK = 1500, /* octets of a packet */
	IMPOSTOR = HOSTS_MAX,
};

/* A Child SA in a data path. */
struct esp {
	uint64_t child_id;
	uint64_t line; /* one number for all that replace each other */
	unsigned flow;
	uint32_t spi_in;
	uint32_t spi_out;
	struct ike_addr local;
	struct ike_addr remote;
	bool encap;
	struct ike_suite suite;
	enum rvl_mode mode;
	struct ike_child_keys keys_in;
	struct ike_child_keys keys_out;
	bool receives;	    /* confirmed: the peer may send */
	bool ready;	    /* it may send */
	uint64_t used;	    /* the flow was led there as the so-many-th; 0: never */
	uint64_t alone_at;  /* since when the peer hasn't its other end; 0: it has */
	uint64_t astray_at; /* since when it goes to where the peer never was; 0: it doesn't */
};

/* The Child SA that a flow was led away from last. */
struct left {
	uint32_t spi_out;
	uint64_t at;
};

/* An address that a host has given to a peer. */
struct world_lease {
	uint64_t lease_id;
	unsigned peer;
	struct ike_addr addr;
};

/* What a host knows of the way to another one. */
struct told {
	uint32_t octets; /* of a packet; 0: nothing */
	uint64_t at;
};

struct pending {
	struct ike_job *job;
	uint64_t due; /* IKE_NEVER: it is never answered */
	int error;
	bool elsewhere; /* LEASE: the peer has another one, from where it isn't now */
};

/* Ports 500 and 4500 of a host behind it are seen as these, of this address. */
struct nat {
	bool present;
	struct ike_addr outside;
	uint16_t port[2];
};

struct world;

struct host {
	struct world *world;
	unsigned index;
	struct ike_engine *engine; /* NULL: it is starting */
	struct ike_addr addr;
	struct ike_addr other; /* another one, without a NAT before it; family 0: none */
	bool lost[2];	       /* of the two: it isn't there now */
	bool prefers_other;    /* routes do */
	struct ike_addr taken; /* the attacker's, as he calls */
	struct nat nat;
	uint16_t tcp_port; /* of the connections that it makes, as they are seen */
	struct rng rng;
	uint64_t ahead;	  /* its clock, of the world's */
	uint64_t leapt;	  /* when it last leapt */
	uint64_t away;	  /* until then it is stopped, or starting */
	uint64_t began;	  /* its life */
	unsigned waiting; /* datagrams that came while it was stopped */
	struct member member;
	uint32_t next_spi;
	int spis_out; /* allotted and neither given back nor removed */
	bool cookies;
	bool signs;	     /* it proves itself by signature; */
	uint8_t eap_methods; /* and who comes in by EAP, by one of these, */
	bool eap_asks;	     /* and is asked who it is */
	bool puzzles;	     /* it gives them early, */
	bool crash_tokens;   /* it keeps a secret over its lives (RFC 6290) */
	uint8_t qcd_secret[32];
	bool solves;	 /* and it solves others' */
	const char *ike; /* proposals */
	uint16_t fragment_size;
	uint64_t uses;
	unsigned pool; /* addresses 10.200.HOST.1 and so on that it gives */
	struct world_lease leases[LEASES_MAX];
	unsigned lease_count;
	int vips; /* that it was given itself, as so many leases */
	struct pending jobs[JOBS_MAX];
	unsigned job_count;
	struct esp esp[ESP_MAX];
	unsigned esp_count;
	struct left left[FLOWS_MAX];
	struct told told[HOSTS_MAX];
};

/* A connection between two hosts, configured on both. */
struct peering {
	unsigned host[2];
	bool initiates[2]; /* brings up what is missing */
	bool named[2];	   /* knows the other one by a DNS name */
	unsigned children;
	bool eap;	      /* the one that initiates comes in so */
	bool leases;	      /* the one that initiates gets its address from the other one, */
	struct ike_addr wish; /* and wants this one; of zeros: any */
	enum ike_unique unique;
	bool mobike;
	enum ike_tcp tcp;
	enum rvl_mode mode;
	bool bound;	    /* its flows are */
	const char *ike[2]; /* proposals */
	char esp[2][160];
	uint64_t ike_rekey_ms[2], rekey_ms[2], rand_ms[2], dpd_ms[2], probe_ms[2];
};

/* A child of a connection: who sends must have something to send on that the other receives. */
struct flow {
	bool exists;
	bool bound; /* to addresses: when it fails, that is an interruption */
	bool watched;
	uint64_t suspended; /* until then it may fail */
	unsigned interruptions;
};

struct datagram {
	uint64_t due;
	uint64_t order;
	struct ike_addr from; /* as the receiver sees it, but for a NAT before it */
	struct ike_addr to;
	bool forged;
	uint8_t *data;
	size_t len;
};

enum trace_kind { TRACE_SENT, TRACE_RECEIVED, TRACE_EVENT };

struct trace {
	uint64_t at;
	enum trace_kind kind;
	const char *text;
	unsigned host; /* HOSTS_MAX and above: nobody of them */
	struct ike_addr from, to;
	uint8_t exchange, flags;
	uint32_t message_id;
	uint64_t spi_i;
	uint64_t value;
};

/* (key, IV) pairs and keys that were used, as sums. */
struct used {
	uint64_t *slots;
	unsigned size; /* a power of two */
	unsigned count;
};

struct world {
	uint64_t seed;
	uint64_t now;
	struct rng rng;
	bool failed;
	bool verbose;			 /* all that happens is printed: $IKE_TEST_LOG */
	struct host host[HOSTS_MAX + 1]; /* the last is the attacker's own */
	unsigned hosts;
	struct peering peering[PEERINGS_MAX];
	unsigned peerings;
	struct flow flow[FLOWS_MAX];

	/* The network */
	unsigned loss, duplicate; /* percent */
	uint64_t delay_min, delay_max;
	uint64_t cut[HOSTS_MAX][HOSTS_MAX]; /* until then, from one to another */
	/* Octets of a packet that come through; of larger ones what may be cut, unless fragments
	 * get lost. */
	uint32_t way[HOSTS_MAX][HOSTS_MAX];
	uint64_t narrowed_at[HOSTS_MAX]; /* when those of a host took something else */
	bool loses_cuts[HOSTS_MAX][HOSTS_MAX];
	struct datagram queue[DATAGRAMS_MAX];
	unsigned queued;
	uint64_t order;
	uint64_t sent;

	/* Data paths, and who exchanges keys: percent of jobs, and the longest usual delay */
	uint64_t job_delay;
	unsigned refused, late, never;
	unsigned stray; /* percent of the answers to who asks for a name that are wrong */
	bool calm;	/* nothing happens that may cost what both sides have */

	/* The attacker */
	unsigned attacks; /* percent of the datagrams seen that move him */
	bool attacked;	  /* he was there */
	bool hints;	  /* he says that hosts have started anew */
	bool floods;	  /* he calls hosts as many that don't exist, with a request of another */
	struct datagram call; /* which is this one */
	struct datagram seen[SEEN_MAX];
	unsigned seen_count;

	/* What is owed, at most */
	uint64_t retransmit_ms;
	unsigned tries;
	uint64_t patience; /* of a request */
	uint64_t settle;   /* from the end of an interruption until flows must hold again */
	uint64_t alone;	   /* that an end of a Child SA may be without the other */

	struct used used;
	uint64_t digest; /* of all that was sent and came in */
	uint64_t rekeyed, ike_rekeyed, established, leased, passed_on, moved, skipped, takeovers,
		by_eap;
	/* Child SAs of AH, with ESN, in transport mode, in TCP */
	uint64_t ah, extended, transport, in_tcp;
	struct trace trace[TRACE_MAX];
	unsigned traced;
};

/* Hosts have been given addresses and NATs, and peerings been drawn: begin. */
void world_begin(struct world *w);
void world_free(struct world *w);

/* An invariant doesn't hold: said once. */
void world_fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Let time run until then, with datagrams, jobs and timers in their order. */
void world_run(struct world *w, uint64_t until);

/* What happens to hosts and networks. The world says to whom it is an interruption. */
void world_rebind(struct world *w, unsigned host);
/* The peer of an IKE SA is sent to an address of the host, this one or its other one. */
void world_redirect(struct world *w, unsigned host, uint64_t ike_id, unsigned peer);
void world_move(struct world *w, unsigned host);
void world_cut(struct world *w, unsigned from, unsigned to, uint64_t ms);
/* Ways from a host take other packets from now on, and say nothing. */
void world_narrow(struct world *w, unsigned from);
void world_stop(struct world *w, unsigned host, uint64_t ms);
void world_leap(struct world *w, unsigned host, uint64_t ms);
void world_restart(struct world *w, unsigned host, uint64_t ms);
/* Its connections say other times from now on; or, anew, they are others, and what there is of them
 * is deleted. */
void world_reload(struct world *w, unsigned host, bool anew);
/* Between two hosts flows may fail for so long, and until all has settled. */
void world_interrupt(struct world *w, unsigned a, unsigned b, uint64_t ms);
void world_interrupt_all(struct world *w, unsigned host, uint64_t ms);

/* An operator, or whoever wants traffic, brings up what is missing. */
void world_initiate(struct world *w);
void host_drain(struct host *h);
uint64_t host_now(const struct host *h);
bool host_works(const struct host *h);

/* What the network does with a datagram from now on. */
void world_post(struct world *w, const struct datagram *d, uint64_t delay);
void world_trace(struct world *w, unsigned host, const char *text, uint64_t value);

struct name {
	char text[16];
};
struct name connection_name(unsigned peering, unsigned side, bool impostor);
unsigned flow_of(const char *child);
unsigned flow_peer(const struct world *w, unsigned flow, unsigned host);
/* The one that a host sends a flow on, or NULL. */
const struct esp *sending(const struct host *h, unsigned flow);
const struct esp *find_esp(const struct host *h, uint32_t spi_in);
/* Where a host is seen from outside, on port 500 or 4500. */
struct ike_addr host_outside(const struct host *h, bool natt);
/* The same of one of its addresses. */
struct ike_addr host_seen_as(const struct host *h, const struct ike_addr *local);
/* Has it the address now? */
bool host_has(const struct host *h, const struct ike_addr *local);
/* Can't it be called, as it may be anywhere? */
bool host_roams(const struct host *h);

/* takeover.c: of a host that is a cluster, another member takes over an IKE SA, if one is such that
 * it can. */
void world_take_over(struct world *w, unsigned host);
/* Does a message not leave, as it isn't the member's? Does the one that comes in get no further? */
bool takeover_holds(const struct host *h, struct ike_slice message);
bool takeover_hears(struct host *h, struct ike_slice message);
void takeover_wake(struct host *h);

/* attacker.c: sees each datagram that is sent, and does what he likes. */
void attacker_see(struct world *w, const struct datagram *d);
void attacker_call(struct world *w);
void attacker_forget(struct world *w);

#endif
