// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/jobs.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "host/eap/eap.h"
#include "host/raveld/fetch.h"
#include "host/trust/known.h"
#include "host/trust/trust.h"

/* Of libuv's threads; it has 4 unless UV_THREADPOOL_SIZE says otherwise. */
#define THREADS_MAX 4

/* At once; libuv lets them have no more than half of its threads, however long they wait there. */
#define LOOKUPS_MAX 2

/* After so long nothing more is fetched for a job, as its peer has half a minute
 * (half_open_timeout_ms): what is on its way by then ends in time. */
#define FETCHING_MS 14000

struct entry {
	union {
		uv_work_t work;
		uv_getaddrinfo_t lookup;
	};
	struct jobs *jobs;
	struct ike_job *job;
	struct trust *trust;	     /* as it was when the job came; or NULL, */
	struct eap *eap;	     /* and so is this */
	struct trust_errand *errand; /* or NULL */
	size_t awaited;		     /* of what is fetched for it */
	uint64_t began;
	struct entry *next;
};

struct queue {
	struct entry *first;
	struct entry **last;
};

/* Jobs of a kind. */
struct lane {
	struct queue known; /* peers that have authenticated */
	struct queue strangers;
	size_t waiting;
	size_t running;
	size_t most;
};

struct jobs {
	uv_loop_t *loop;
	jobs_done_fn *done;
	void *context;
	struct lane work; /* most is 0: the loop's own thread does it */
	struct lane lookups;
	struct trust *trust;
	struct eap *eap;
	struct fetch *fetch;
	struct trust_known *known;
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
static struct entry *take_next(struct lane *lane)
{
	struct entry *entry = take(&lane->known);

	lane->waiting--;
	return entry ? entry : take(&lane->strangers);
}

static void lane_open(struct lane *lane, size_t most)
{
	lane->most = most;
	lane->known.last = &lane->known.first;
	lane->strangers.last = &lane->strangers.first;
}

struct jobs *jobs_open(uv_loop_t *loop, struct fetch *fetch, jobs_done_fn *done, void *context)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));
	unsigned int processors = uv_available_parallelism();

	if (!jobs)
		return NULL;
	jobs->known = trust_known_new();
	if (!jobs->known) {
		free(jobs);
		return NULL;
	}
	jobs->fetch = fetch;
	/* On a single one, handing a job over and back only costs two more switches of threads. */
	if (processors == 1)
		processors = 0;
	uv_idle_init(loop, &jobs->turn);
	jobs->turn.data = jobs;
	jobs->loop = loop;
	jobs->done = done;
	jobs->context = context;
	lane_open(&jobs->work, processors < THREADS_MAX ? processors : THREADS_MAX);
	lane_open(&jobs->lookups, LOOKUPS_MAX);
	return jobs;
}

static void run(const struct entry *entry)
{
	if (entry->job->type == IKE_JOB_EAP)
		eap_run(entry->eap, entry->errand, entry->job);
	else if (ike_job_is_proof(entry->job))
		trust_run(entry->trust, entry->errand, entry->job);
	else
		ike_job_run(entry->job);
}

static void entry_free(struct entry *entry)
{
	trust_release(entry->trust);
	eap_release(entry->eap);
	trust_errand_free(entry->errand);
	free(entry);
}

/* It waits for its turn. */
static void queue(struct jobs *jobs, struct entry *entry)
{
	struct lane *lane = entry->job->type == IKE_JOB_RESOLVE ? &jobs->lookups : &jobs->work;

	append(entry->job->stranger ? &lane->strangers : &lane->known, entry);
	lane->waiting++;
}

static void on_thread(uv_work_t *work)
{
	/* As it is listed beside the others. */
	prctl(PR_SET_NAME, "raveld job");
	run(work->data);
}

static void start_next(struct jobs *jobs);

/* All that it lacked has come, or hasn't in time. */
static void do_again(struct entry *entry)
{
	struct jobs *jobs = entry->jobs;

	if (jobs->closing) {
		ike_job_free(entry->job);
		entry_free(entry);
		return;
	}
	if (uv_now(jobs->loop) - entry->began >= FETCHING_MS)
		entry->errand->closed = true;
	queue(jobs, entry);
	start_next(jobs);
}

static void on_fetched(void *context, struct trust_reply *reply)
{
	struct entry *entry = context;

	trust_errand_find(entry->errand, reply->key)->reply = reply;
	if (!--entry->awaited)
		do_again(entry);
}

/* False: it has its answer. */
static bool fetch_for(struct entry *entry)
{
	struct trust_errand *errand = entry->errand;

	if (!errand || !errand->waits)
		return false;
	for (size_t i = 0; i < errand->count; i++)
		if (!errand->wants[i].reply &&
		    !fetch_ask(entry->jobs->fetch, &errand->wants[i], on_fetched, entry))
			entry->awaited++;
	/* Without memory for any it is judged by what is known. */
	errand->closed |= !entry->awaited;
	if (!entry->awaited)
		do_again(entry);
	return true;
}

/* It has been done, on whichever thread. */
static void finish(struct entry *entry)
{
	struct jobs *jobs = entry->jobs;
	struct ike_job *job = entry->job;

	if (!jobs->closing && fetch_for(entry))
		return;
	entry_free(entry);
	if (jobs->closing)
		ike_job_free(job);
	else
		jobs->done(jobs->context, job);
}

/* A thread is free again. */
static void leave(struct entry *entry, struct lane *lane)
{
	lane->running--;
	if (!entry->jobs->closing)
		start_next(entry->jobs);
	finish(entry);
}

static void after_work(uv_work_t *work, int status)
{
	struct entry *entry = work->data;

	(void)status; /* nothing is cancelled */
	leave(entry, &entry->jobs->work);
}

/* An address of a family that is wanted, if there is room. */
static void add_address(struct ike_resolve_job *resolve, const struct sockaddr *from)
{
	struct ike_addr addr = {.family = from->sa_family == AF_INET6 ? 6 : 4};
	const struct sockaddr_in6 *six = (const void *)from;
	const struct sockaddr_in *four = (const void *)from;

	if ((from->sa_family != AF_INET && from->sa_family != AF_INET6) ||
	    (resolve->family && resolve->family != addr.family) ||
	    resolve->count == IKE_RESOLVED_MAX)
		return;
	if (addr.family == 4)
		memcpy(addr.ip, &four->sin_addr, 4);
	else
		memcpy(addr.ip, &six->sin6_addr, 16);
	resolve->list[resolve->count++] = addr;
}

static void answer_lookup(struct ike_job *job, int status, const struct addrinfo *found)
{
	job->error = status ? -ENOENT : 0;
	for (; !status && found; found = found->ai_next)
		add_address(&job->resolve, found->ai_addr);
	if (status)
		snprintf(job->reason, sizeof(job->reason), "%.100s isn't resolved: %s",
			 job->resolve.name, uv_strerror(status));
	else if (!job->resolve.count)
		snprintf(job->reason, sizeof(job->reason), "%.100s has no address",
			 job->resolve.name);
}

static void after_lookup(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
	struct entry *entry = lookup->data;

	answer_lookup(entry->job, status, found);
	uv_freeaddrinfo(found);
	leave(entry, &entry->jobs->lookups);
}

/* What has come meanwhile has its turn before the next one. */
static void on_turn(uv_idle_t *turn)
{
	struct jobs *jobs = turn->data;
	struct entry *entry = take_next(&jobs->work);

	if (!jobs->work.waiting)
		uv_idle_stop(turn);
	run(entry);
	finish(entry);
}

static void start_lookup(struct jobs *jobs, struct entry *entry)
{
	const uint8_t family = entry->job->resolve.family;
	const struct addrinfo hints = {
		.ai_family = !family	   ? AF_UNSPEC
			     : family == 4 ? AF_INET
					   : AF_INET6,
		.ai_socktype = SOCK_DGRAM,
	};
	int err;

	entry->lookup.data = entry;
	err = uv_getaddrinfo(jobs->loop, &entry->lookup, after_lookup, entry->job->resolve.name,
			     NULL, &hints);
	if (!err)
		return;
	/* Without memory or with a name that is none; the answer never comes before jobs_add()
	 * returns, and this one comes as lost. */
	jobs->lookups.running--;
	ike_job_free(entry->job);
	entry_free(entry);
}

static void start_next(struct jobs *jobs)
{
	struct lane *work = &jobs->work, *lookups = &jobs->lookups;

	if (!work->most && work->waiting)
		uv_idle_start(&jobs->turn, on_turn);
	while (work->running < work->most && work->waiting) {
		struct entry *entry = take_next(work);

		work->running++;
		entry->work.data = entry;
		/* Fails without a function to run only. */
		uv_queue_work(jobs->loop, &entry->work, on_thread, after_work);
	}
	while (lookups->running < lookups->most && lookups->waiting) {
		lookups->running++;
		start_lookup(jobs, take_next(lookups));
	}
}

void jobs_add(struct jobs *jobs, struct ike_job *job)
{
	struct entry *entry = jobs->closing ? NULL : calloc(1, sizeof(*entry));

	if (entry && ike_job_is_proof(job))
		entry->errand = trust_errand_new(jobs->known);
	if (!entry ||
	    (ike_job_is_proof(job) && !entry->errand)) { /* as one that never comes back */
		ike_job_free(job);
		free(entry);
		return;
	}
	entry->jobs = jobs;
	entry->job = job;
	entry->began = uv_now(jobs->loop);
	if (ike_job_is_proof(job)) {
		entry->trust = trust_hold(jobs->trust);
		entry->eap = eap_hold(jobs->eap);
		entry->errand->closed = !fetch_is_on(jobs->fetch);
	}
	queue(jobs, entry);
	start_next(jobs);
}

size_t jobs_waiting(const struct jobs *jobs)
{
	return jobs->work.waiting + jobs->lookups.waiting;
}

size_t jobs_running(const struct jobs *jobs)
{
	return jobs->work.running + jobs->lookups.running;
}

static void drop(struct queue *q)
{
	struct entry *entry;

	while ((entry = take(q))) {
		ike_job_free(entry->job);
		entry_free(entry);
	}
}

static void lane_close(struct lane *lane)
{
	lane->waiting = 0;
	drop(&lane->known);
	drop(&lane->strangers);
}

void jobs_stop(struct jobs *jobs)
{
	if (!jobs)
		return;
	jobs->closing = true;
	uv_idle_stop(&jobs->turn);
	lane_close(&jobs->work);
	lane_close(&jobs->lookups);
}

void jobs_set_trust(struct jobs *jobs, struct trust *trust, struct eap *eap)
{
	trust_hold(trust);
	trust_release(jobs->trust);
	jobs->trust = trust;
	eap_hold(eap);
	eap_release(jobs->eap);
	jobs->eap = eap;
}

void jobs_free(struct jobs *jobs)
{
	if (!jobs)
		return;
	trust_release(jobs->trust);
	eap_release(jobs->eap);
	trust_known_free(jobs->known);
	free(jobs);
}
