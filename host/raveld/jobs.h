/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs of the IKE core that need nothing but a processor, and keys, certificates and passwords:
 * worker threads do them, or the loop itself, one a turn, where there is one processor. Names are
 * asked for by threads always, few at a time, so that slow answers hold up nothing else. What a
 * judgement of certificates lacks is fetched while no thread waits, and then it is made anew. Those
 * for peers that have authenticated go before those for strangers.
 */
#ifndef RVL_RAVELD_JOBS_H
#define RVL_RAVELD_JOBS_H

#include <uv.h>

#include "host/ike/job.h"

struct eap;
struct fetch;
struct jobs;
struct trust;

/* On the loop's thread: the job has its answer, and is the callee's. */
typedef void jobs_done_fn(void *context, struct ike_job *job);

/* What jobs find that they lack is fetched there. NULL without memory. */
struct jobs *jobs_open(uv_loop_t *loop, struct fetch *fetch, jobs_done_fn *done, void *context);

/* From now on jobs that sign and verify, and those of EAP, are done by these. */
void jobs_set_trust(struct jobs *jobs, struct trust *trust, struct eap *eap);

/* Takes the job. Its answer comes later, never before this returns. */
void jobs_add(struct jobs *jobs, struct ike_job *job);

/* How many wait for a thread, and how many have one. */
size_t jobs_waiting(const struct jobs *jobs);
size_t jobs_running(const struct jobs *jobs);

/* Nothing begins any more, and nobody is told of what threads are at. NULL is fine. */
void jobs_stop(struct jobs *jobs);

/* Once the loop has run until nothing was left in it. NULL is fine. */
void jobs_free(struct jobs *jobs);

#endif
