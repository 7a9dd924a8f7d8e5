/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who comes in by EAP, and as whom we do: users, their passwords and the methods of each
 * connection, as a configuration names them. It never changes, and any number of threads may use it
 * at once; a reload makes another.
 */
#ifndef RVL_EAP_EAP_H
#define RVL_EAP_EAP_H

#include "host/conf/conf.h"
#include "host/ike/job.h"
#include "host/radius/relay.h"
#include "host/trust/trust.h"

struct eap;

/*
 * Take what a configuration says of EAP; passwords are erased there. Certificates are those of
 * `trust`, which is loaded before, and held as long as anything of it is in use. before: what holds
 * now, whose users go on with one-time codes; or NULL. 0, or -errno with
 * *error set: the first thing that is wrong, by file, line and key.
 */
int eap_load(struct conf *conf, struct trust *trust, const struct eap *before, struct eap **out,
	     struct conf_error *error);

/* It is freed, and passwords erased, with the last that holds it. NULL is fine. */
struct eap *eap_hold(struct eap *eap);
void eap_release(struct eap *eap);

/* Is the job, IKE_JOB_EAP, for a RADIUS server? Then how, but for who we are there. */
bool eap_is_relayed(const struct eap *eap, const struct ike_job *job, struct radius_relay *relay);

/* Do another job, IKE_JOB_EAP, on any thread, and set its answer; with an errand as trust_run(). */
void eap_run(const struct eap *eap, struct trust_errand *errand, struct ike_job *job);

#endif
