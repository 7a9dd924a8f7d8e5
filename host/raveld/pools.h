/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that peers are given, from the configured pools. Memory is taken by those that were
 * given, not by those that there are.
 *
 * A lease is an address and the identity that has or had it. It is online while IKE SAs have it;
 * offline it is kept for that identity, until a pool has no other address left: then the one that
 * has been offline for the longest time is given away. Leases outlive raveld in a file, which is
 * written as a whole beside itself and renamed, soon after a change.
 */
#ifndef RVL_RAVELD_POOLS_H
#define RVL_RAVELD_POOLS_H

#include <uv.h>

#include "host/conf/conf.h"
#include "host/ike/job.h"
#include "host/raveld/log.h"

struct pools;

/*
 * Read what the file remembers, if pools are configured. A file that isn't understood is said so,
 * set aside under another name, and counts for nothing. 0, or -errno with the reason in the log.
 */
int pools_open(uv_loop_t *loop, const struct conf *conf, const struct log *log,
	       struct pools **pools);

/* Writes the file. The loop has closed the handles. NULL is fine. */
void pools_close(struct pools *pools);

/* Other pools are configured: online leases stay, whatever their address; offline ones do in a
 * pool. */
void pools_configure(struct pools *pools, const struct conf *conf);

/* Answer a job (IKE_JOB_LEASE) for a peer of this connection. */
void pools_give(struct pools *pools, const struct conf_connection *c, struct ike_job *job);

/* A lease that was given has ended; of others nothing is known. */
void pools_release(struct pools *pools, uint64_t lease_id);

/* Every lease, with the pool that its address is in; NULL: it isn't in one any more. */
typedef void pools_lease_fn(void *context, const struct conf_pool *pool,
			    const struct ike_addr *address, const struct ike_id *id, bool online);
void pools_list(const struct pools *pools, pools_lease_fn *fn, void *context);

#endif
