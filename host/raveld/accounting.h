/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RADIUS servers are told of the traffic of those whom they have let in (RFC 2866): a session is an
 * IKE SA with those that replace it by rekeying, from its first Child SA on until the last one has
 * gone. What isn't answered is told again.
 */
#ifndef RVL_RAVELD_ACCOUNTING_H
#define RVL_RAVELD_ACCOUNTING_H

#include <uv.h>

#include "host/ike/ike.h"
#include "host/raveld/log.h"
#include "host/raveld/radius.h"

struct accounting;

struct accounting_traffic {
	uint64_t packets_in; /* from the peer */
	uint64_t octets_in;
	uint64_t packets_out;
	uint64_t octets_out;
};

struct accounting_config {
	uv_loop_t *loop;
	const struct log *log;
	struct radius *radius;
	struct ike_random random;
	/* The traffic of a Child SA that is in the data path. */
	void (*count)(void *context, uint64_t child_id, struct accounting_traffic *traffic);
	/* Nothing waits for an answer any more. */
	void (*settled)(void *context);
	void *context;
};

/* NULL without memory. */
struct accounting *accounting_open(const struct accounting_config *config);

/* A Child SA is in the data path now, of this IKE SA. Without memory it isn't told of, which is
 * said. */
void accounting_add_child(struct accounting *a, const struct ike_sa_info *sa, uint64_t child_id);

/* It is going to leave the data path. */
void accounting_remove_child(struct accounting *a, uint64_t child_id);

void accounting_rekeyed(struct accounting *a, uint64_t old_id, uint64_t ike_id);

/* The IKE SA has ended so; stopping: since we end. Its Child SAs may go before and after. */
void accounting_end(struct accounting *a, uint64_t ike_id, enum ike_cause cause, bool stopping);

/* We end: what wasn't answered is told once more. */
void accounting_stop(struct accounting *a);

/* Does nothing wait for an answer? */
bool accounting_is_settled(const struct accounting *a);

/* Before the loop ends; what hasn't been answered is said. NULL is fine. */
void accounting_close(struct accounting *a);

#endif
