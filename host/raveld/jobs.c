// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/jobs.h"

#include <stdlib.h>

/* Of libuv's threads; it has 4 unless UV_THREADPOOL_SIZE says otherwise. */
#define THREADS_MAX 4

struct entry {
	uv_work_t work;
	struct jobs *jobs;
	struct ike_job *job;
	struct entry *next;
};

struct queue {
	struct entry *first;
	struct entry **last;
};

struct jobs {
	uv_loop_t *loop;
	jobs_done_fn *done;
	void *context;
	struct queue known; /* peers that have authenticated */
	struct queue strangers;
	size_t waiting;
	size_t running;
	size_t threads; /* 0: the loop's own does them */
	uv_idle_t turn; /* of the loop, in which it does one */
	bool closing;
};

static void append(struct queue *q, struct entry *entry)
{
	entry->next = NULL;
	*q->last = entry;
	q->last = &entry->next;
}

static struct entry *take(struct queue *q)
{
	struct entry *entry = q->first;

	if (!entry)
		return NULL;
	q->first = entry->next;
	if (!q->first)
		q->last = &q->first;
	return entry;
}

/* With at least one that waits. */
static struct entry *take_next(struct jobs *jobs)
{
	struct entry *entry = take(&jobs->known);

	jobs->waiting--;
	return entry ? entry : take(&jobs->strangers);
}

struct jobs *jobs_open(uv_loop_t *loop, jobs_done_fn *done, void *context)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));
	unsigned int processors = uv_available_parallelism();

	if (!jobs)
		return NULL;
	/* On a single one, handing a job over and back only costs two more switches of threads. */
	if (processors == 1)
		processors = 0;
	uv_idle_init(loop, &jobs->turn);
	jobs->turn.data = jobs;
	jobs->loop = loop;
	jobs->done = done;
	jobs->context = context;
	jobs->threads = processors < THREADS_MAX ? processors : THREADS_MAX;
	jobs->known.last = &jobs->known.first;
	jobs->strangers.last = &jobs->strangers.first;
	return jobs;
}

static void on_thread(uv_work_t *work)
{
	struct entry *entry = work->data;

	ike_job_run(entry->job);
}

static void start_next(struct jobs *jobs);

static void after(uv_work_t *work, int status)
{
	struct entry *entry = work->data;
	struct jobs *jobs = entry->jobs;
	struct ike_job *job = entry->job;

	(void)status; /* nothing is cancelled */
	free(entry);
	jobs->running--;
	if (jobs->closing) {
		ike_job_free(job);
		return;
	}
	start_next(jobs);
	jobs->done(jobs->context, job);
}

/* What has come meanwhile has its turn before the next one. */
static void on_turn(uv_idle_t *turn)
{
	struct jobs *jobs = turn->data;
	struct entry *entry = take_next(jobs);
	struct ike_job *job = entry->job;

	free(entry);
	if (!jobs->waiting)
		uv_idle_stop(turn);
	ike_job_run(job);
	jobs->done(jobs->context, job);
}

static void start_next(struct jobs *jobs)
{
	if (!jobs->threads && jobs->waiting)
		uv_idle_start(&jobs->turn, on_turn);
	while (jobs->running < jobs->threads && jobs->waiting) {
		struct entry *entry = take_next(jobs);

		jobs->running++;
		/* Fails without a function to run only. */
		uv_queue_work(jobs->loop, &entry->work, on_thread, after);
	}
}

void jobs_add(struct jobs *jobs, struct ike_job *job)
{
	struct entry *entry = jobs->closing ? NULL : calloc(1, sizeof(*entry));

	if (!entry) { /* as one that never comes back */
		ike_job_free(job);
		return;
	}
	entry->work.data = entry;
	entry->jobs = jobs;
	entry->job = job;
	append(job->stranger ? &jobs->strangers : &jobs->known, entry);
	jobs->waiting++;
	start_next(jobs);
}

size_t jobs_waiting(const struct jobs *jobs)
{
	return jobs->waiting;
}

size_t jobs_running(const struct jobs *jobs)
{
	return jobs->running;
}

static void drop(struct queue *q)
{
	struct entry *entry;

	while ((entry = take(q))) {
		ike_job_free(entry->job);
		free(entry);
	}
}

void jobs_stop(struct jobs *jobs)
{
	if (!jobs)
		return;
	jobs->closing = true;
	jobs->waiting = 0;
	uv_idle_stop(&jobs->turn);
	drop(&jobs->known);
	drop(&jobs->strangers);
}

void jobs_free(struct jobs *jobs)
{
	free(jobs);
}
