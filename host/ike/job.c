/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/job.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

/* Doing them */

static int exchange_keys(struct ike_ke_job *ke)
{
	if (!ke->dh)
		ke->dh = ike_dh_new(ke->group, &ke->random);
	if (!ke->dh)
		return -EIO;
	return ke->peer_len ? ike_dh_shared(ke->dh, ike_slice(ke->peer, ke->peer_len), &ke->shared)
			    : 0;
}

void ike_job_run(struct ike_job *job)
{
	if (job->type == IKE_JOB_KE)
		job->error = exchange_keys(&job->ke);
	else
		job->error = job->type == IKE_JOB_PUZZLE ? ike_puzzle_work(&job->puzzle) : -ENOTSUP;
	job->reason[0] = 0;
}

/* No larger than what it carries. */
static size_t size_of(enum ike_job_type type, size_t peer_len)
{
	switch (type) {
	case IKE_JOB_KE:
		return offsetof(struct ike_job, ke.peer) + peer_len;
	case IKE_JOB_PUZZLE:
		return offsetof(struct ike_job, puzzle) + sizeof(struct ike_puzzle_search);
	case IKE_JOB_LEASE:
		return offsetof(struct ike_job, lease) + sizeof(struct ike_lease_job);
	case IKE_JOB_WAYS:
		return offsetof(struct ike_job, ways) + sizeof(struct ike_ways_job);
	case IKE_JOB_SIGN:
		return offsetof(struct ike_job, sign) + sizeof(struct ike_sign_job);
	case IKE_JOB_VERIFY:
		return offsetof(struct ike_job, verify) + sizeof(struct ike_verify_job);
	case IKE_JOB_EAP:
		return offsetof(struct ike_job, eap) + sizeof(struct ike_eap_job);
	case IKE_JOB_RESOLVE:
		return offsetof(struct ike_job, resolve) + sizeof(struct ike_resolve_job);
	default:
		return offsetof(struct ike_job, child) + sizeof(struct ike_child_job);
	}
}

static void child_job_free(struct ike_job *job)
{
	free(job->child.local_ts);
	free(job->child.remote_ts);
	if (job->type == IKE_JOB_CHILD_INBOUND)
		OPENSSL_cleanse(&job->child, sizeof(job->child));
}

static void ke_job_free(struct ike_job *job)
{
	ike_dh_free(job->ke.dh);
	ike_secret_clear(&job->ke.shared);
}

static void sign_job_free(struct ike_sign_job *sign)
{
	ike_buffer_free(&sign->authorities);
	ike_buffer_free(&sign->octets);
	ike_buffer_free(&sign->data);
	ike_buffer_free(&sign->certs);
	ike_buffer_free(&sign->raw_key);
	ike_buffer_free(&sign->ocsp);
}

bool ike_sign_job_sends(const struct ike_sign_job *job, bool asked)
{
	return job->send == IKE_SEND_CERT_ALWAYS || (job->send == IKE_SEND_CERT_IF_ASKED && asked);
}

static void verify_job_free(struct ike_verify_job *verify)
{
	ike_buffer_free(&verify->data);
	ike_buffer_free(&verify->certs);
	ike_buffer_free(&verify->raw_key);
	ike_buffer_free(&verify->ocsp);
	ike_buffer_free(&verify->octets);
}

void ike_eap_session_free(struct ike_eap_session *session)
{
	if (session)
		session->free(session);
}

static void eap_job_free(struct ike_eap_job *eap)
{
	ike_eap_session_free(eap->session);
	ike_buffer_free(&eap->in);
	ike_buffer_free(&eap->out);
	OPENSSL_cleanse(eap->msk, sizeof(eap->msk));
}

void ike_job_free(struct ike_job *job)
{
	if (!job)
		return;
	switch (job->type) {
	case IKE_JOB_KE:
		ke_job_free(job);
		break;
	case IKE_JOB_CHILD_INBOUND:
	case IKE_JOB_CHILD_OUTBOUND:
	case IKE_JOB_CHILD_USE:
		child_job_free(job);
		break;
	case IKE_JOB_SIGN:
		sign_job_free(&job->sign);
		break;
	case IKE_JOB_VERIFY:
		verify_job_free(&job->verify);
		break;
	case IKE_JOB_EAP:
		eap_job_free(&job->eap);
		break;
	case IKE_JOB_PUZZLE:
	case IKE_JOB_RESOLVE:
	case IKE_JOB_LEASE:
	case IKE_JOB_WAYS:
		break;
	}
	free(job);
}

/* Sending them out, and their return */

static struct ike_job *job_new(struct ike_engine *e, enum ike_job_type type, size_t peer_len)
{
	struct ike_job *job = calloc(1, size_of(type, peer_len));

	if (!job) {
		e->stats.drop_memory++;
		return NULL;
	}
	job->type = type;
	return job;
}

/* Of all that need no public value. */
struct ike_job *ike_job_new(struct ike_engine *e, enum ike_job_type type)
{
	return job_new(e, type, 0);
}

/* Takes the job; -ENOMEM: freed, and nobody waits for it. No IKE SA: it is for who has none. */
int ike_job_send(struct ike_engine *e, const struct ike_sa *sa, struct ike_waiter *waiter,
		 uint64_t now, struct ike_job *job)
{
	struct ike_action *a = ike_action_new(e, IKE_ACTION_JOB);

	if (!a || ike_timers_reserve(e, 1)) {
		ike_action_free(a);
		ike_job_free(job);
		return -ENOMEM;
	}
	job->token = waiter->token = ++e->last_token;
	job->stranger = !sa || job->type == IKE_JOB_PUZZLE ||
			(!sa->initiator &&
			 (sa->state == IKE_STATE_CONNECTING || sa->state == IKE_STATE_HALF_OPEN));
	ike_table_add(&e->waiters, &waiter->by_token, waiter->token);
	waiter->timer.kind = IKE_TIMER_JOB;
	ike_timer_set(e, &waiter->timer, ike_later(now, e->config.job_timeout_ms));
	a->job = job;
	ike_action_queue(e, a);
	return 0;
}

void ike_waiter_cancel(struct ike_engine *e, struct ike_waiter *waiter)
{
	if (!waiter->token)
		return;
	waiter->token = 0;
	ike_table_remove(&e->waiters, &waiter->by_token);
	ike_timers_release(e, &waiter->timer, 1);
}

static void tell(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now, struct ike_job *job)
{
	ike_waiter_cancel(e, waiter);
	waiter->done(e, waiter, now, job);
}

void ike_job_lost(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now)
{
	struct ike_job job = {.token = waiter->token, .error = -ETIMEDOUT};

	tell(e, waiter, now, &job);
}

void ike_job_done(struct ike_engine *e, uint64_t now, struct ike_job *job)
{
	struct ike_link *link = ike_table_first(&e->waiters, job->token);

	e->now = now;
	if (link)
		tell(e, IKE_OWNER(link, struct ike_waiter, by_token), now, job);
	ike_job_free(job);
	ike_reap(e);
}

/*
 * A key exchange for a task: a key pair of `group`, or `dh` (which the job takes), and the secret
 * with `peer` when that isn't empty.
 */
enum ike_step ike_task_ke(struct ike_engine *e, struct ike_task *task, uint64_t now, uint16_t group,
			  struct ike_dh *dh, struct ike_slice peer, ike_resume_fn *resume)
{
	struct ike_job *job = job_new(e, IKE_JOB_KE, peer.len);

	if (!job) {
		ike_dh_free(dh);
		ike_sa_down(e, task->sa, "out of memory");
		return IKE_DONE;
	}
	job->ke.random = e->config.random;
	job->ke.group = group;
	job->ke.dh = dh;
	job->ke.peer_len = peer.len;
	if (peer.len)
		memcpy(job->ke.peer, peer.data, peer.len);
	if (ike_job_send(e, task->sa, &task->waiter, now, job)) {
		ike_sa_down(e, task->sa, "out of memory");
		return IKE_DONE;
	}
	return ike_task_wait(task, resume);
}

/* The next slice of a puzzle for a task. */
enum ike_step ike_task_puzzle(struct ike_engine *e, struct ike_task *task, uint64_t now,
			      const struct ike_puzzle_search *search, ike_resume_fn *resume)
{
	struct ike_job *job = job_new(e, IKE_JOB_PUZZLE, 0);

	if (job)
		job->puzzle = *search;
	if (!job || ike_job_send(e, task->sa, &task->waiter, now, job)) {
		ike_sa_down(e, task->sa, "out of memory");
		return IKE_DONE;
	}
	return ike_task_wait(task, resume);
}

/* Ask what a name stands for. 0 or -ENOMEM: nobody waits for it. */
int ike_resolve(struct ike_engine *e, const struct ike_sa *sa, struct ike_waiter *waiter,
		uint64_t now, const struct ike_host *host)
{
	struct ike_job *job = job_new(e, IKE_JOB_RESOLVE, 0);

	if (!job)
		return -ENOMEM;
	job->resolve.family = host->range.family;
	snprintf(job->resolve.name, sizeof(job->resolve.name), "%s", host->name);
	return ike_job_send(e, sa, waiter, now, job);
}

/* Is it known? A job that has got lost has no name, either. */
bool ike_resolved(const struct ike_job *job)
{
	return !job->error && job->resolve.count;
}

/* Why it isn't, for an operator. */
const char *ike_resolve_reason(const struct ike_job *job)
{
	if (job->error == -ETIMEDOUT)
		return "its name wasn't resolved in time";
	return *job->reason ? job->reason : "its name has no address";
}
