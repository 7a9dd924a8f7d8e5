/* SPDX-License-Identifier: BSD-2-Clause */
/* The Child SA. */
#ifndef RAVELIN_HOST_IKE_CHILD_H
#define RAVELIN_HOST_IKE_CHILD_H

#include "host/ike/exchange.h"
#include "host/ike/ike.h"
#include "host/ike/payload.h"

struct ike_engine;
struct ike_in;
struct ike_sa;

enum {
	IKE_CHILDREN_MAX = 1024, /* in one IKE SA; of ours half as many, each of which may be
				  * replaced */
	IKE_LINGER_MS = 5000,	 /* that a replaced Child SA goes on to receive */
	IKE_CONFIRM_MS = 500,	 /* until the first look whether the peer sends on a new one */
};

/* How far the data path has come with a Child SA. */
enum ike_child_level {
	IKE_LEVEL_NONE,
	IKE_LEVEL_INBOUND,
	IKE_LEVEL_OUTBOUND,
	IKE_LEVEL_USE,
} __attribute__((packed));

enum { IKE_IN, IKE_OUT };

/* What a new Child SA is asked for with, beside what is configured. */
struct ike_ask {
	struct ike_ts first[2]; /* before it: the ends of a packet that waits, ours first; family 0:
				   none */
	bool alone;		/* instead of it: one pair of selectors */
	uint64_t group; /* instead of it: the selectors of those of this group (resource.c), */
	uint32_t cpu;	/* for a processor, or RVL_CPU_ANY */
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
	enum rvl_mode mode;	     /* ours: that is asked for; then, that it has */
	enum ike_cause cause;	     /* of its end, unless it is the IKE SA's */
	bool confirmed;		     /* the peer has it, too */
	bool alone;		     /* one pair of selectors, as the peer takes no more in one */
	bool over_nat;		     /* ours: it was asked for where AH doesn't pass */
	bool tfc;		     /* the peer takes padding */
	bool more_ts;	       /* another one would take more of what its initiator has offered */
	struct ike_task *task; /* resumed when it is, or when the data path refuses */
	struct ike_waiter waiter;
	struct ike_suite suite;
	struct ike_pair
		*original; /* transport mode: what the ends are for the peer; NULL: the same */
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
	uint64_t used; /* its flows were led there as the so-many-th; 0: never */
	/* Of several for one flow (resource.c): the id of the first one, which they share; 0: it is
	 * the only one. And whose it is. */
	uint64_t group;
	uint32_t cpu;  /* or RVL_CPU_ANY */
	bool resource; /* SA_RESOURCE_INFO is in its exchange: ours, or to be in the answer */
	bool full;     /* the peer takes no more of this group */
};

/* child.c: the life of a Child SA */
/* old: the one that it is rekeyed from, or NULL. */
struct ike_child *ike_child_new(struct ike_engine *e, struct ike_sa *sa,
				const struct ike_child_config *config, const struct ike_child *old);
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

/* pairs.c: a peer that takes one pair of selectors in a Child SA */
bool ike_pairs_split(struct ike_engine *e, struct ike_sa *sa, struct ike_child *child,
		     uint64_t now);
bool ike_pairs_complete(const struct ike_engine *e, const struct ike_sa *sa,
			const struct ike_child_config *config);
bool ike_child_carries(const struct ike_child *child, const struct ike_ts pair[2]);

/* Whether the other one carries all that this one does, of the same configuration. */
bool ike_child_is_within(const struct ike_child *part, const struct ike_child *whole);

/* resource.c: Child SAs of one flow for a processor each (RFC 9611) */
void ike_resource_offer(struct ike_child *child);
void ike_resource_write(struct ike_builder *b, const struct ike_child *child);
uint16_t ike_resource_accept(const struct ike_engine *e, struct ike_child *child,
			     const struct ike_in *in);
bool ike_resource_complete(struct ike_engine *e, struct ike_child *child, const struct ike_in *in);
struct ike_child *ike_resource_sibling(const struct ike_sa *sa, uint64_t group,
				       const struct ike_child *but);
bool ike_resource_is_had(const struct ike_sa *sa, uint64_t group, uint32_t cpu);
void ike_resource_set_full(struct ike_sa *sa, uint64_t group, bool full);

/* transport.c: Child SAs between the two hosts themselves */
bool ike_transport_wanted(const struct ike_engine *e, const struct ike_sa *sa,
			  const struct ike_child_config *config);
struct ike_ts_list ike_transport_hosts(const struct ike_ts_list *list, const struct ike_addr *host);
void ike_transport_substitute(const struct ike_sa *sa, struct ike_ts_payload *ours,
			      struct ike_ts_payload *theirs);
int ike_transport_keep_original(struct ike_child *child, const struct ike_ts_payload *ours,
				const struct ike_ts_payload *theirs);
const char *ike_child_misplaced(const struct ike_engine *e, const struct ike_child *child);
bool ike_child_has_to_stay(struct ike_engine *e, struct ike_child *child);

/* offer.c: negotiation of a Child SA inside an exchange */
const char *ike_child_no_ts(const struct ike_child_config *config);
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
			  const struct ike_child *old, bool ke, uint16_t prefer_group,
			  struct ike_child **child, const char **name);
void ike_child_answer(struct ike_builder *b, const struct ike_child *child);
void ike_child_answer_ts(struct ike_builder *b, const struct ike_child *child);
uint16_t ike_child_complete(struct ike_engine *e, struct ike_child *child, const struct ike_in *in,
			    bool ke);
uint16_t ike_first_error(const struct ike_payloads *p);
const char *ike_explain(uint16_t type);

#endif
