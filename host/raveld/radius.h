/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RADIUS servers, asked for peers that come in by EAP: each request is sent again until it is
 * answered, or by the next server; a conversation that has begun goes on with its server alone.
 */
#ifndef RVL_RAVELD_RADIUS_H
#define RVL_RAVELD_RADIUS_H

#include <uv.h>

#include "host/conf/conf.h"
#include "host/radius/relay.h"
#include "host/raveld/log.h"

struct radius;

/* The job has its answer, and is the callee's. */
typedef void radius_done_fn(void *context, struct ike_job *job);

/* NULL without memory. */
struct radius *radius_open(uv_loop_t *loop, const struct log *log, radius_done_fn *done,
			   void *context);

/* From now on these are asked. What is asked of one that isn't among them goes to the next one, if
 * that can be. 0 or -ENOMEM: it is as it was. */
int radius_configure(struct radius *radius, const struct conf_radius *conf);

/* A job, IKE_JOB_EAP. True: it has its answer already, and remains the caller's. */
bool radius_run(struct radius *radius, const struct radius_relay *relay, struct ike_job *job);

/* Nothing is asked any more, and nobody is told. NULL is fine. */
void radius_stop(struct radius *radius);

/* Once the loop has run until nothing was left in it. NULL is fine. */
void radius_free(struct radius *radius);

#endif
