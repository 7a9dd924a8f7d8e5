/* SPDX-License-Identifier: BSD-2-Clause */
/* The way to the peer, and how it changes. */
#ifndef RAVELIN_HOST_IKE_PATH_H
#define RAVELIN_HOST_IKE_PATH_H

#include "host/ike/exchange.h"
#include "host/ike/ike.h"
#include "host/ike/payload.h"

struct ike_engine;
struct ike_in;
struct ike_sa;

/* MOBIKE (RFC 4555) */
enum {
	IKE_COOKIE2_LEN = 16,  /* section 4.2.5: 8 to 64 octets */
	IKE_WAY_WAIT_MS = 500, /* that the best way has before the others are tried, too */
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

/* way.c: where to begin, from where */
void ike_way_text(const struct ike_connection *conn, char *out, size_t len);
void ike_way_failed(struct ike_connection *conn);
int ike_way_begin(const struct ike_engine *e, struct ike_connection *conn, struct ike_path *path);
enum ike_step ike_way_find(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			   uint64_t now);

/* Do fragments of IP come through? Else a probe that is lost could never be answered. */
enum ike_cuts { IKE_CUTS_UNKNOWN, IKE_CUTS_PASS, IKE_CUTS_LOST } __attribute__((packed));

/* What is known of what the path takes, in octets of a packet. */
struct ike_probe {
	uint32_t low;	  /* it takes so many, */
	uint32_t high;	  /* and not so many */
	uint32_t wait_ms; /* for an answer */
	uint8_t losses;	  /* of the size that is tried */
	uint8_t confirmed;
	enum ike_cuts cuts;
	bool proven;	/* the lower one was probed, not taken for granted */
	bool searching; /* between the two; else whether it goes on to take the lower one is asked
			 */
};

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
void ike_path_connect(struct ike_sa *sa);
bool ike_path_keeps_open(const struct ike_path *path);
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

/* probe.c: what the path takes */
struct ike_probe_task {
	struct ike_task task;
	struct ike_pair path; /* that it is about */
	bool of_cuts;
	uint32_t size;
	uint64_t sent_at;
};
void ike_probe_begin(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_probe_succeed(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa, uint64_t now);
void ike_probe_unanswered(struct ike_engine *e, const struct ike_sa *sa);
void ike_probe_due(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
enum ike_step ike_probe_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			      uint64_t now);
enum ike_step ike_probe_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 struct ike_in *in);

#endif
