/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two IKE engines in one process with a network between them, all in virtual time and from a seed.
 *
 * Datagrams wait in the network until the test delivers them one by one (exchange tests) or lets
 * time run with loss, duplication and delay (simulation).
 */
#ifndef RAVELIN_TESTS_IKE_SUPPORT_H
#define RAVELIN_TESTS_IKE_SUPPORT_H

#include "host/ike/ike.h"
#include "host/ike/sa.h"
#include "tests/ike/eap_party.h"

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);
bool rng_percent(struct rng *r, unsigned percent);
void rng_bytes(struct rng *r, void *out, size_t len);
int rng_fill(void *rng, void *out, size_t len); /* struct ike_random's */

/* The seed of a run: the first argument or $SEED ("seed=N" or "N"), else `fallback`. */
uint64_t seed_of(int argc, char **argv, uint64_t fallback, bool *given);

size_t from_hex(const char *hex, uint8_t *out, size_t cap);

enum { NODE_CHILDREN = 64, NODE_JOBS = 256, NODE_LEASES = 32, NODE_NAMES = 4, NET_PACKETS = 4096 };

/* What a DNS name stands for. */
struct dns_name {
	const char *text; /* NULL: there is none */
	unsigned count;
	struct ike_addr list[2];
};

/* What the data path was told of a Child SA. */
struct child_sa {
	uint64_t child_id;
	char connection[IKE_NAME_MAX];
	char child[IKE_NAME_MAX];
	struct ike_addr local;
	struct ike_addr remote;
	bool encap;
	struct ike_suite suite;
	enum rvl_mode mode;
	struct ike_pair original;
	bool tfc;
	uint32_t spi_in;
	uint32_t spi_out;
	struct ike_child_keys keys_in;
	struct ike_child_keys keys_out;
	struct ike_ts_list local_ts;
	struct ike_ts_list remote_ts;
};

struct installed {
	struct child_sa sa;
	bool present;  /* in the data path: it receives */
	bool outbound; /* it can send, too */
	uint64_t used; /* the flows were led there as the so-many-th; 0: never */
	bool up;       /* CHILD_UP was said */
	/* Sequence numbers. */
	uint64_t skipped;
};

struct waiting_job {
	struct ike_job *job;
	uint64_t due;
	uint64_t sent; /* datagrams by all, when it came */
};

/* An address that a node has given. */
struct given {
	uint64_t lease_id; /* 0: nobody's */
	struct ike_addr addr;
};

struct net;

struct node {
	struct net *net;
	struct ike_engine *engine;
	struct ike_addr addr;
	struct ike_addr other;	      /* a second one; family 0: none */
	bool lost[2];		      /* of the two: it is gone; */
	bool dead[2];		      /* nothing comes through, and nobody knows */
	bool prefers_other;	      /* routes do */
	struct ike_addr nat;	      /* as what it is seen, with other ports; family 0: as it is */
	uint16_t tcp_port;	      /* of the connection that it has made */
	bool deaf;		      /* to UDP */
	uint32_t link;		      /* octets of a packet that it can send, and */
	uint32_t way;		      /* that come through; larger ones are lost */
	bool loses_cuts;	      /* so are fragments of IP */
	struct ike_path_mtu path_mtu; /* as it knows it */
	unsigned path_mtus;	      /* times that it was told */
	struct rng rng;
	uint32_t next_spi;
	int spis_out;	    /* allotted and neither given back nor removed */
	bool traffic;	    /* the peer sends on its Child SAs */
	int install_error;  /* what the data path answers, */
	bool use_works;	    /* but for the last step */
	bool install_holds; /* it answers only when the test says so */
	bool ke_holds;	    /* so does who exchanges keys, */
	bool ways_hold;	    /* who knows routes, */
	bool names_hold;    /* who knows names, */
	bool signer_holds;  /* who makes and judges signatures, by this key */
	const char *signing_key;
	bool eap_holds; /* and who knows EAP's passwords */
	struct eap_party eap;
	bool has_route; /* (its address is known where a connection doesn't say it) */
	struct dns_name names[NODE_NAMES];
	unsigned lookups;
	unsigned answers;	 /* of OCSP that came with signatures */
	struct ike_addr reached; /* where it was to be sent to, of what no connection names */
	bool lease_holds;	 /* and who gives addresses: */
	unsigned pool;		 /* 10.3.0.1 and 2001:db8:3::1, so many of each family; */
	struct given leases[NODE_LEASES];
	struct ike_settings beside; /* and what goes with them */
	struct ike_lease_job asked; /* for last */
	struct ike_leased leased;   /* what this one was given last */
	unsigned leased_count, released;
	uint64_t install_delay;
	uint64_t ke_delay;
	struct waiting_job jobs[NODE_JOBS]; /* that wait for an answer */
	unsigned job_count;
	struct installed children[NODE_CHILDREN];
	unsigned child_count;
	unsigned ike_up, ike_down, child_up, child_down, rekeyed, ike_rekeyed, updates, keepalives;
	uint64_t ike_id; /* the last that came up */
	char ike_reason[IKE_REASON_MAX];
	char child_reason[IKE_REASON_MAX];
	enum ike_cause child_cause;
	char child_name[IKE_NAME_MAX]; /* of the last that went down */
};

struct packet {
	uint64_t due;
	uint64_t order;
	unsigned to;	       /* node */
	struct ike_addr local; /* as the receiver sees it */
	struct ike_addr remote;
	enum ike_packets packets;
	uint8_t *data;
	size_t len;
};

struct net {
	uint64_t now;
	struct rng rng;
	struct node node[2];
	unsigned loss, duplicate; /* percent */
	uint64_t delay_min, delay_max;
	bool down; /* nothing gets through */
	struct packet queue[NET_PACKETS];
	unsigned queued;
	uint64_t order;
	uint64_t sent;
	uint64_t uses;
	uint64_t seed;	 /* said with a flow that is interrupted */
	bool watch_flow; /* once up, each side sends at every moment, and the other can receive it
			  */
};

struct side {
	const char *ike;     /* proposals, separated by commas; NULL: the defaults */
	const char *esp;     /* of AH: "ah:sha256" */
	const char *id;	     /* NULL: the address */
	const char *peer_id; /* NULL: any */
	const char *psk;     /* NULL: none at all */
	const char *local_ts;
	const char *remote_ts;
	enum rvl_mode mode;
	bool encap;
	bool mobike;
	enum ike_tcp tcp;
	bool ipv6;
	bool cookie;
	uint64_t dpd_ms;
	uint64_t probe_ms;
	uint64_t ike_rekey_ms;
	uint64_t rekey_ms; /* of the Child SA */
	uint64_t rand_ms;
	uint64_t life_ms;
	enum ike_unique unique;
	unsigned max_half_open;
	const uint8_t *qcd_secret;
	enum ike_fragmentation fragmentation;
	uint16_t fragment_size; /* 0: the default */
	const char *vips;	/* to ask for; NULL: none */
	bool leases;		/* gives addresses: node.pool */
	enum ike_childless childless;
	uint64_t reauth_ms;
	bool sign, verify; /* by signature, ours and the peer's */
	enum ike_send_cert send_cert;
	bool silent;		 /* asks for no certificates */
	bool raw;		 /* but for a public key alone */
	bool ocsp;		 /* and for what OCSP says of certificates; */
	bool mute;		 /* says nothing of that of its own */
	const char *signing_key; /* NULL: everybody's */
	bool by_eap, asks_eap;	 /* it comes in by EAP, or its peer does, */
	struct eap_party eap;	 /* so */
	bool null, takes_null;	 /* it is nobody, or its peer is */
	bool next, asks_next;	 /* by EAP besides, or its peer does, */
	const char *next_id;	 /* whose identity there is this; NULL: any */
	const char *ppk_id;	 /* of the key that it wants; NULL: none */
	const char *ppk;	 /* the key of ppk_id, or else of "main"; NULL: none */
	bool ppk_required;
};

/* Node 0 is 192.0.2.1 or 2001:db8::1, node 1 has a 2 there; connection "net", child "c". Nobody is
 * in 198.18.0.0/16. */
struct net *net_new(uint64_t seed, const struct side *a, const struct side *b);
void net_free(struct net *n);
extern const struct side SIDE_A, SIDE_B;

void node_drain(struct node *node);
/* Its addresses have changed: it is told. */
void node_roam(struct node *node);
/* Answer a job that waits, out of its turn. */
void node_answer(struct node *node, unsigned index);

/* Deliver all that waits, oldest first, until nothing waits; time stands still. */
void net_settle(struct net *n);
/* Take the oldest waiting datagram out of the network, or the one for a node. The caller frees. */
struct packet net_take(struct net *n);
/* Put one back that was taken, at its place in the order. */
void net_put(struct net *n, const struct packet *p);
bool waits_for(const struct net *n, unsigned node);
void net_deliver(struct net *n, const struct packet *p);
void packet_free(struct packet *p);
/* Let time run until `until`, with deliveries and timers in their order. */
void net_run(struct net *n, uint64_t until);
/* The earliest thing that is going to happen; IKE_NEVER when nothing. */
uint64_t net_next(const struct net *n);

uint64_t start(struct net *n, unsigned node);
/* Another connection of a node with the same identities as its first, and a child like its first.
 */
struct ike_connection *add_alike(struct node *node, const char *name, const char *child);
/* Other lists, separated by commas, for one that the engine has; NULL: as it is, "": any. */
void set_hosts(struct node *node, struct ike_connection *conn, const char *local,
	       const char *remote);
/* Delete each IKE SA of a node, which goes on to accept others. */
void terminate_each(struct node *node);
struct ike_sa *only_sa(struct net *n, unsigned node);
/* The latest installed child that is present, or NULL. */
struct installed *present_child(struct node *node);
/* The one that a node sends on, or NULL. */
const struct installed *sending_child(const struct node *node);
/* How many it receives on. */
unsigned receiving(const struct node *node);
/* Addresses that it has given and not got back. */
unsigned leases_out(const struct node *node);
/* Do the two ends of a Child SA agree in everything? */
bool children_agree(const struct installed *a, const struct installed *b);
bool nothing_left(const struct node *node);

/* A message as `node` could have sent it in its first IKE SA, sealed with its keys. */
struct packet forge(struct net *n, unsigned node, uint8_t exchange, bool response, uint32_t id,
		    struct ike_builder *inner);
/* The same in fragments of at most so many octets, delivered one after the other. */
void send_fragments(struct net *n, unsigned node, uint8_t exchange, bool response, uint32_t id,
		    struct ike_builder *inner, size_t room);
void send_raw(struct net *n, unsigned to, const void *data, size_t len, uint16_t port);

/* How many payloads of known types a chain has, and one of them. */
unsigned payload_total(const struct ike_payloads *p);
struct ike_payload payload_at(const struct ike_payloads *p, unsigned index);

#endif
