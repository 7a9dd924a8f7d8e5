/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exchanges and tasks. A row of the table is all that the core knows of an exchange; a task is one
 * at work, ours or the peer's, with what it needs to remember until it is over.
 */
#ifndef RAVELIN_HOST_IKE_EXCHANGE_H
#define RAVELIN_HOST_IKE_EXCHANGE_H

#include "host/ike/job.h"
#include "host/ike/table.h"
#include "host/ike/timer.h"

struct ike_engine;
struct ike_in;
struct ike_sa;
struct ike_task;

/* What a task waits for after a step. A step that ends the IKE SA is done. */
enum ike_step {
	IKE_DONE, /* nothing: our request is answered, or the peer's is */
	IKE_MORE, /* a message of the same exchange: the answer to a request that is out, or another
		     request after an answer of ours */
	IKE_WAIT, /* a job, or a Child SA's: ike_task_wait() said what happens then */
};

struct ike_exchange {
	uint8_t type;		 /* on the wire */
	const char *name;	 /* of the task, for an operator */
	unsigned start_states;	 /* bits of enum ike_state in which ours begins */
	unsigned request_states; /* and in which a peer's request is taken */
	size_t size;		 /* of the task with its own state, which is zero to begin with */

	/* Begin ours: build the request and send it. */
	enum ike_step (*start)(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       uint64_t now);
	/* The peer's request; once it returns IKE_DONE or IKE_MORE an answer has gone out. */
	enum ike_step (*request)(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 struct ike_in *in);
	/* The answer to ours. */
	enum ike_step (*response)(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				  struct ike_in *in);
	/* Free what the task's own state holds; NULL: nothing. */
	void (*forget)(struct ike_engine *e, struct ike_task *task);
};

enum ike_exchange_row {
	IKE_EXCHANGE_INIT,
	IKE_EXCHANGE_AUTH,
	IKE_EXCHANGE_NEW_CHILD,
	IKE_EXCHANGE_REKEY_CHILD,
	IKE_EXCHANGE_REKEY_IKE,
	IKE_EXCHANGE_LIVENESS,
	IKE_EXCHANGE_ADDRESSES,
	IKE_EXCHANGE_PROBE,
	IKE_EXCHANGE_REDIRECT,
	IKE_EXCHANGE_DELETE_CHILD,
	IKE_EXCHANGE_DELETE_IKE,
	IKE_EXCHANGE_REFUSE,
	IKE_EXCHANGES,
};

extern const struct ike_exchange ike_exchanges[IKE_EXCHANGES];

/* The row that takes a peer's request of this type, or NULL. */
const struct ike_exchange *ike_exchange_for_request(uint8_t type);

/* Who waits for a job. done() is called once, also when the job never comes back. */
struct ike_waiter {
	struct ike_link by_token;
	struct ike_timer timer;
	uint64_t token; /* 0: none is out */
	void (*done)(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now,
		     struct ike_job *job);
};

typedef enum ike_step ike_resume_fn(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    uint64_t now, struct ike_job *job);

struct ike_task {
	const struct ike_exchange *exchange;
	struct ike_sa *sa;
	struct ike_task *next; /* in the queue */
	ike_resume_fn *resume; /* while it waits */
	struct ike_waiter waiter;
};

/* Is it one of this row? */
static inline bool ike_task_is(const struct ike_task *task, enum ike_exchange_row row)
{
	return task && task->exchange == &ike_exchanges[row];
}

#endif
