/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tasks: at most one of ours and one of the peer's at work, and a queue of ours that wait for their
 * turn. Which message belongs to whom is the window's business; what it means, the exchange's.
 */
#include <stdlib.h>

#include "host/ike/sa.h"

static void job_done(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now,
		     struct ike_job *job)
{
	ike_task_resume(e, IKE_OWNER(waiter, struct ike_task, waiter), now, job);
}

struct ike_task *ike_task_new(struct ike_engine *e, struct ike_sa *sa,
			      const struct ike_exchange *exchange)
{
	struct ike_task *task = calloc(1, exchange->size);

	if (!task) {
		e->stats.drop_memory++;
		return NULL;
	}
	task->exchange = exchange;
	task->sa = sa;
	task->waiter.done = job_done;
	return task;
}

void ike_task_free(struct ike_engine *e, struct ike_task *task)
{
	if (!task)
		return;
	ike_waiter_cancel(e, &task->waiter);
	if (task->exchange->forget)
		task->exchange->forget(e, task);
	OPENSSL_cleanse(task, task->exchange->size);
	free(task);
}

/* Behind all others. NULL without memory. */
struct ike_task *ike_task_queue(struct ike_engine *e, struct ike_sa *sa, enum ike_exchange_row row)
{
	struct ike_task *task = ike_task_new(e, sa, &ike_exchanges[row]);
	struct ike_task **at = &sa->out.queue;

	while (*at)
		at = &(*at)->next;
	*at = task;
	return task;
}

/* Before all others. NULL without memory. */
struct ike_task *ike_task_queue_first(struct ike_engine *e, struct ike_sa *sa,
				      enum ike_exchange_row row)
{
	struct ike_task *task = ike_task_new(e, sa, &ike_exchanges[row]);

	if (!task)
		return NULL;
	task->next = sa->out.queue;
	sa->out.queue = task;
	return task;
}

/* The first one of ours of a row, be it at work or in the queue. */
struct ike_task *ike_task_find(const struct ike_sa *sa, enum ike_exchange_row row)
{
	struct ike_task *task = sa->out.queue;

	if (ike_task_is(sa->out.task, row))
		return sa->out.task;
	while (task && !ike_task_is(task, row))
		task = task->next;
	return task;
}

/* Whose Child SA isn't there yet, nobody would hear of. */
static void say(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task, const char *reason)
{
	const struct ike_create_task *t = IKE_OWNER(task, struct ike_create_task, task);

	if (ike_task_is(task, IKE_EXCHANGE_NEW_CHILD) && !t->made_id)
		ike_emit_child_failed(e, sa, t->config->name, reason);
}

/* Those at work are freed with the IKE SA: one of them may be who brings it down. */
void ike_tasks_drop(struct ike_engine *e, struct ike_sa *sa, const char *reason)
{
	while (sa->out.queue) {
		struct ike_task *task = sa->out.queue;

		sa->out.queue = task->next;
		say(e, sa, task, reason);
		ike_task_free(e, task);
	}
	if (sa->state != IKE_STATE_DEAD)
		return;
	if (sa->out.task)
		ike_waiter_cancel(e, &sa->out.task->waiter);
	if (sa->in.task)
		ike_waiter_cancel(e, &sa->in.task->waiter);
}

/* One in the queue isn't wanted any more. */
void ike_task_drop(struct ike_engine *e, struct ike_task *task, const char *reason)
{
	struct ike_task **at = &task->sa->out.queue;

	while (*at != task)
		at = &(*at)->next;
	*at = task->next;
	say(e, task->sa, task, reason);
	ike_task_free(e, task);
}

static void settle(struct ike_engine *e, struct ike_task *task, uint64_t now, enum ike_step step)
{
	struct ike_sa *sa = task->sa;

	if (sa->state == IKE_STATE_DEAD)
		return;
	if (step == IKE_DONE) {
		if (sa->out.task == task)
			sa->out.task = NULL;
		else
			sa->in.task = NULL;
		ike_task_free(e, task);
	}
	ike_sa_advance(e, sa, now);
}

void ike_task_begin(struct ike_engine *e, struct ike_task *task, uint64_t now)
{
	task->sa->out.task = task;
	settle(e, task, now, task->exchange->start(e, task->sa, task, now));
}

/*
 * The next one in the queue whose time has come, if none of ours is at work. While the peer makes a
 * successor of the IKE SA they wait: they are going to be that one's.
 */
void ike_sa_advance(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_task **at = &sa->out.queue, *task;

	if (sa->out.task || (sa->successor && sa->state == IKE_STATE_ESTABLISHED))
		return;
	while (*at && !((*at)->exchange->start_states & 1u << sa->state))
		at = &(*at)->next;
	task = *at;
	if (!task)
		return;
	*at = task->next;
	task->next = NULL;
	ike_task_begin(e, task, now);
}

/* A request of the peer's for the task that it has at work. */
void ike_task_take(struct ike_engine *e, struct ike_task *task, struct ike_in *in)
{
	settle(e, task, in->now, task->exchange->request(e, task->sa, task, in));
}

/* The answer to the request that we have out. */
void ike_task_answered(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in)
{
	struct ike_task *task = sa->out.task;

	settle(e, task, in->now, task->exchange->response(e, sa, task, in));
}

enum ike_step ike_task_wait(struct ike_task *task, ike_resume_fn *resume)
{
	task->resume = resume;
	return IKE_WAIT;
}

void ike_task_resume(struct ike_engine *e, struct ike_task *task, uint64_t now, struct ike_job *job)
{
	ike_resume_fn *resume = task->resume;

	task->resume = NULL;
	settle(e, task, now, resume(e, task->sa, task, now, job));
}
