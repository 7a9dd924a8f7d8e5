/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses in the network behind a peer, and what goes with them (RFC 7296, section 2.19): asked
 * for in IKE_AUTH by who begins the IKE SA, and given by who answers. A lease is the IKE SA's and
 * its successors', until the last of them ends; then IKE_ACTION_RELEASED gives it back, on both
 * sides. That action is made before anything is asked for: later there may be no memory for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

static struct ike_lease *lease_new(struct ike_engine *e, struct ike_sa *sa, bool ours)
{
	struct ike_lease *lease = calloc(1, sizeof(*lease));

	if (!lease)
		return NULL;
	lease->release = ike_action_new(e, IKE_ACTION_RELEASED);
	if (!lease->release) {
		free(lease);
		return NULL;
	}
	lease->release->released.lease_id = sa->id;
	lease->release->released.ours = lease->ours = ours;
	sa->lease = lease;
	return lease;
}

/* Without a word to anybody. */
void ike_lease_free(struct ike_sa *sa)
{
	if (!sa->lease)
		return;
	ike_action_free(sa->lease->release);
	free(sa->lease);
	sa->lease = NULL;
}

/* It is given back. */
void ike_lease_end(struct ike_engine *e, struct ike_sa *sa)
{
	if (!sa->lease)
		return;
	ike_action_queue(e, sa->lease->release);
	sa->lease->release = NULL;
	ike_lease_free(sa);
}

/* Selectors */

/* Asked for, and not known yet: any address of these families (section 2.19). */
static unsigned any_of(const struct ike_addr *vips, unsigned count, struct ike_addr out[2])
{
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++) {
		if (n == 0 || (n == 1 && out[0].family != vips[i].family))
			out[n++] = (struct ike_addr){.family = vips[i].family};
	}
	return n;
}

/* What a configured list is in an IKE SA: `dynamic` is what that end was given, or its address. */
static struct ike_ts_list resolve(const struct ike_sa *sa, const struct ike_ts_list *list,
				  bool local)
{
	const struct ike_connection *conn = sa->conn;
	struct ike_addr any[2];

	if (sa->lease && sa->lease->vip_count && sa->lease->ours == local)
		return ike_ts_resolve(list, sa->lease->vips, sa->lease->vip_count);
	if (local && sa->initiator && sa->state < IKE_STATE_ESTABLISHED && conn->vip_count)
		return ike_ts_resolve(list, any, any_of(conn->vips, conn->vip_count, any));
	return ike_ts_resolve(list, local ? &sa->path.local : &sa->path.remote, 1);
}

struct ike_ts_list ike_sa_local_ts(const struct ike_sa *sa, const struct ike_child_config *config)
{
	return resolve(sa, &config->local_ts, true);
}

struct ike_ts_list ike_sa_remote_ts(const struct ike_sa *sa, const struct ike_child_config *config)
{
	return resolve(sa, &config->remote_ts, false);
}

/* Initiator */

/* Is the peer to be asked for addresses? */
bool ike_lease_wanted(const struct ike_sa *sa)
{
	return sa->conn->vip_count > 0;
}

/* Those that the IKE SA has in whose place it is begun, or what is configured. */
static void set_wishes(const struct ike_engine *e, const struct ike_sa *sa, struct ike_settings *s)
{
	const struct ike_sa *old = sa->renews ? ike_sa_find_id(e, sa->renews) : NULL;
	bool again = old && old->lease && old->lease->ours;
	const struct ike_addr *vips = again ? old->lease->vips : sa->conn->vips;

	s->vip_count = again ? old->lease->vip_count : sa->conn->vip_count;
	memcpy(s->vips, vips, s->vip_count * sizeof(*vips));
}

/* The question in IKE_AUTH. */
void ike_lease_ask(const struct ike_engine *e, const struct ike_sa *sa, struct ike_builder *b)
{
	struct ike_settings s = {
		.types = 1u << IKE_CP_IP4_NBNS | 1u << IKE_CP_DNS_DOMAIN,
	};

	set_wishes(e, sa, &s);
	for (unsigned i = 0; i < s.vip_count; i++)
		s.types |= s.vips[i].family == 4 ? 1u << IKE_CP_IP4_DNS | 1u << IKE_CP_IP4_SUBNET
						 : 1u << IKE_CP_IP6_DNS;
	ike_settings_write(b, IKE_CP_REQUEST, &s);
}

/* NULL, or why it is of no use. */
static const char *read_reply(const struct ike_payloads *p, struct ike_settings *s)
{
	struct ike_slice body;
	struct ike_cp cp;
	unsigned usable = 0;

	if (!ike_payloads_count(p, IKE_PAYLOAD_CP))
		return "the peer gave no address: no configuration payload in its answer";
	if (ike_payloads_one(p, IKE_PAYLOAD_CP, &body) || ike_parse_cp(body, &cp) ||
	    cp.type != IKE_CP_REPLY || ike_settings_read(&cp, s))
		return "the peer gave no address: its configuration payload is malformed";
	for (unsigned i = 0; i < s->vip_count; i++) {
		if (ike_addr_is_host(&s->vips[i]))
			s->vips[usable++] = s->vips[i];
	}
	s->vip_count = usable;
	return usable ? NULL : "the peer gave no address: there is none in its answer";
}

static bool say(struct ike_engine *e, const struct ike_sa *sa, const struct ike_settings *s)
{
	struct ike_action *a = ike_emit(e, IKE_ACTION_LEASED);

	if (!a)
		return false;
	a->leased.lease_id = sa->id;
	strcpy(a->leased.connection, sa->conn->name);
	a->leased.settings = *s;
	return true;
}

/* What the answer gives is ours. False, with the reason: it is nothing. */
bool ike_lease_take(struct ike_engine *e, struct ike_sa *sa, const struct ike_payloads *p,
		    char reason[IKE_REASON_MAX])
{
	uint16_t error = ike_first_error(p);
	struct ike_settings s;
	const char *wrong = read_reply(p, &s);
	struct ike_lease *lease;

	if (wrong && error)
		snprintf(reason, IKE_REASON_MAX, "%s from peer%s", ike_notify_name(error),
			 ike_explain(error));
	else if (wrong)
		snprintf(reason, IKE_REASON_MAX, "%s", wrong);
	if (wrong)
		return false;
	lease = lease_new(e, sa, true);
	if (!lease || !say(e, sa, &s)) {
		ike_lease_free(sa);
		snprintf(reason, IKE_REASON_MAX, "out of memory");
		return false;
	}
	lease->vip_count = s.vip_count;
	memcpy(lease->vips, s.vips, sizeof(lease->vips));
	return true;
}

/* Responder */

static bool asks_for_any_of(const struct ike_settings *asked, const struct ike_lease *lease)
{
	for (unsigned i = 0; i < asked->vip_count; i++) {
		for (unsigned k = 0; k < lease->vip_count; k++) {
			if (ike_addr_same_ip(&asked->vips[i], &lease->vips[k]))
				return true;
		}
	}
	return false;
}

/*
 * May an address that the other one has pass to this one? So it may if this one is going to replace
 * it, or if who begins where the other one's peer is asks for what that has: then it renews it. Of
 * several connections between the same identities it isn't known yet which one is meant, but by
 * what is asked for.
 */
static bool takes_over(const struct ike_sa *sa, const struct ike_sa *other,
		       const struct ike_settings *asked, bool initial_contact)
{
	enum ike_unique unique = sa->conn->unique;

	if (!other->lease || other->lease->ours)
		return false;
	if (initial_contact && unique != IKE_UNIQUE_NEVER)
		return true;
	if (unique == IKE_UNIQUE_REPLACE && strcmp(other->conn->name, sa->conn->name) == 0)
		return true;
	return (unique == IKE_UNIQUE_REPLACE || ike_sa_may_be_renewed_by(other, sa)) &&
	       asks_for_any_of(asked, other->lease);
}

/* The latest lease of this peer that may pass to it, of what is asked for if there is one; or 0. */
static uint64_t predecessor_of(const struct ike_engine *e, const struct ike_sa *sa,
			       const struct ike_settings *asked, bool initial_contact)
{
	const struct ike_sa *other = NULL;
	uint64_t latest[2] = {0};

	while ((other = ike_peer_same(e, sa, other))) {
		uint64_t *id;

		if (!takes_over(sa, other, asked, initial_contact))
			continue;
		id = &latest[asks_for_any_of(asked, other->lease)];
		if (other->lease->release->released.lease_id > *id)
			*id = other->lease->release->released.lease_id;
	}
	return latest[1] ? latest[1] : latest[0];
}

/* Ask for what the peer asks for, by a job of the task's. 0 or -ENOMEM. */
int ike_lease_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task, uint64_t now,
		      const struct ike_settings *asked, bool initial_contact)
{
	struct ike_job *job = ike_job_new(e, IKE_JOB_LEASE);

	if (!job || !lease_new(e, sa, false)) {
		ike_job_free(job);
		return -ENOMEM;
	}
	job->lease.lease_id = sa->id;
	job->lease.replaces = predecessor_of(e, sa, asked, initial_contact);
	strcpy(job->lease.connection, sa->conn->name);
	job->lease.remote_id = ike_sa_peer(sa);
	if (sa->user) {
		job->lease.granted_count = sa->user->grant.address_count;
		memcpy(job->lease.granted, sa->user->grant.addresses, sizeof(job->lease.granted));
	}
	job->lease.asked = *asked;
	if (ike_job_send(e, sa, &task->waiter, now, job)) {
		ike_lease_free(sa);
		return -ENOMEM;
	}
	return 0;
}

/* The peer gets none. */
void ike_lease_refused(struct ike_engine *e, const struct ike_sa *sa, const char *reason)
{
	e->stats.leases_refused++;
	ike_log(e, IKE_LOG_WARNING, sa, "no address for the peer: %s", reason);
}

/* The job is back. False: there are no addresses, and nothing is held. */
bool ike_lease_given(struct ike_engine *e, struct ike_sa *sa, const struct ike_job *job)
{
	const struct ike_settings *given = &job->lease.given;

	if (job->error || !given->vip_count || given->vip_count > IKE_VIPS_MAX) {
		ike_lease_refused(e, sa,
				  *job->reason		     ? job->reason
				  : job->error == -ETIMEDOUT ? "there was no answer"
							     : "there is none");
		ike_lease_end(e, sa);
		return false;
	}
	sa->lease->vip_count = given->vip_count;
	memcpy(sa->lease->vips, given->vips, sizeof(sa->lease->vips));
	e->stats.leases_given++;
	return true;
}

/* Of what is given, if anything, all that may be told; given NULL: nothing is. */
void ike_lease_answer(struct ike_builder *b, const struct ike_settings *asked,
		      const struct ike_settings *given)
{
	const uint32_t always =
		1u << IKE_CP_APPLICATION_VERSION | 1u << IKE_CP_SUPPORTED_ATTRIBUTES;
	struct ike_settings s = {0};

	if (given)
		s = *given;
	s.types = asked->types & always;
	if (!ike_settings_have(asked, IKE_CP_DNS_DOMAIN)) /* RFC 8598, section 3.2 */
		s.domain_count = 0;
	if (given || s.types)
		ike_settings_write(b, IKE_CP_REPLY, &s);
}
