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

enum radius_kind { RADIUS_AUTHENTICATION, RADIUS_ACCOUNTING, RADIUS_KINDS };

/*
 * What has come of a request: the answer of the server of this name; NULL: of none, and why. Once,
 * and never before radius_ask() returns; when everything stops, too (radius_has_stopped()).
 */
typedef void radius_heard_fn(void *context, const char *server, const struct radius_answer *answer,
			     const char *why);

/*
 * Ask servers; the packet, which is complete but for what sealing it adds, is copied. server: by
 * name, the only one that is asked; or "". 0 or -ENOMEM: nobody is told.
 */
int radius_ask(struct radius *radius, enum radius_kind kind, const struct radius_packet *packet,
	       const char *server, const struct ike_random *random, radius_heard_fn *heard,
	       void *context);
bool radius_has_stopped(const struct radius *radius);

/* What the configuration says, without servers. */
const struct conf_radius *radius_conf(const struct radius *radius);

/* A job, IKE_JOB_EAP. True: it has its answer already, and remains the caller's. */
bool radius_run(struct radius *radius, const struct radius_relay *relay, struct ike_job *job);

/* Nothing is asked any more, and nobody is told. NULL is fine. */
void radius_stop(struct radius *radius);

/* Once the loop has run until nothing was left in it. NULL is fine. */
void radius_free(struct radius *radius);

#endif
