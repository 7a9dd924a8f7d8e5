/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threads that rvl_queue.h and rvl_dev.h allow, all at once, against a device that is honest or
 * hostile: one transmits while another polls, two give commands, one takes events and looks at
 * counters. ThreadSanitizer watches the driver's threads; what the device does to memory at the
 * same time is hidden from it, as hardware's would be. Every buffer comes back once and in order.
 *
 * usage: driver_race_test [seed=N] [runs=N] [seconds=N]
 *
 * The seed decides what the device does, not when threads run.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tests/driver/hostile.h"
#include "tests/patience.h"

#define SECONDS 15
#define ROUNDS 600
#define LOG2 5
#define BUFFER 256

/* Of ThreadSanitizer. */
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void __sanitizer_set_death_callback(void (*callback)(void));

/* Buffers are numbered from 1 on, by direction; the number is the cookie. */
struct race;

struct race_queue {
	struct race *race;
	struct rvl_queue *rings;
	uint64_t given[2],
		back[2]; /* by rx; of the transmitter, the poller and, before, after, main */
};

struct race {
	struct hostile h;
	struct rvl_dev *dev;
	struct race_queue queues[2];
	uint32_t timeout_ms;
	uint32_t pulled; /* out, after the device has acted so often; 0: never */
	bool stop;	 /* atomic */
};

static char what[48];

static void say_seed(void)
{
	const char text[] = "\n# the run was ";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) > 0 &&
	    write(STDERR_FILENO, what, strlen(what)) > 0 && write(STDERR_FILENO, "\n", 1) > 0)
		return;
}

static void on_signal(int sig)
{
	say_seed();
	signal(sig, SIG_DFL);
	raise(sig);
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "# line %d: does not hold: %s\n", __LINE__, #condition);   \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static void back(struct race_queue *q, bool rx, void *cookie)
{
	CHECK((uintptr_t)cookie == q->back[rx] + 1);
	q->back[rx]++;
}

static void release(void *ctx, bool rx, void *cookie)
{
	back(ctx, rx, cookie);
}

/* The device goes on, also while its own thread doesn't run: out of sight of the sanitizer. */
static void act(struct race *r)
{
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
	hostile_act(&r->h);
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}

static void on_wait(struct attacker *a)
{
	act(a->plan);
}

/* ------------------------------------------------------------------------------------- threads */

static void *device(void *arg)
{
	struct race *r = arg;
	unsigned int i;

	for (i = 0; !__atomic_load_n(&r->stop, __ATOMIC_RELAXED); i++) {
		act(r);
		if (i + 1 == r->pulled)
			attacker_unplug(&r->h.a);
		if (i % 16 == 0)
			sched_yield();
	}
	return NULL;
}

static void *transmitter(void *arg)
{
	struct race_queue *q = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		unsigned int n = 1 + i % 7;

		while (n-- && rvl_queue_tx_room(q->rings)) {
			void *cookie = (void *)(uintptr_t)(q->given[0] + 1);

			CHECK(!rvl_queue_tx(q->rings, 0x1000, 60, RVL_NO_SA, cookie));
			q->given[0]++;
		}
		rvl_queue_kick_tx(q->rings);
		/* Whoever looks may be the one who finds it dead, or one of several. */
		if (i % 2)
			rvl_dev_check(q->race->dev);
		if (!rvl_queue_tx_room(q->rings))
			act(q->race);
	}
	return NULL;
}

static void refill(struct race_queue *q)
{
	while (rvl_queue_rx_room(q->rings)) {
		void *cookie = (void *)(uintptr_t)(q->given[1] + 1);

		CHECK(!rvl_queue_rx(q->rings, 0x2000, BUFFER, cookie));
		q->given[1]++;
	}
	rvl_queue_kick_rx(q->rings);
}

static void *poller(void *arg)
{
	struct race_queue *q = arg;
	struct rvl_completion c[8];
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		int n = rvl_queue_poll(q->rings, c, 1 + (int)(i % 8)), k;

		for (k = 0; k < n; k++)
			back(q, c[k].rx, c[k].cookie);
		refill(q);
		if (n <= 0) {
			rvl_queue_arm(q->rings);
			act(q->race);
		}
	}
	return NULL;
}

static void *commander(void *arg)
{
	struct race *r = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS / 20; i++) {
		struct rvl_dev_sa sa = {
			.inbound = i % 2, .key_len = 16, .icv_len = 16, .spi = 256, .ttl = 64};
		struct rvl_dev_policy policy = {.action = RVL_POLICY_ACTION_DISCARD};
		uint32_t index = RVL_INDEX_ANY;
		struct rvl_dev_sa_stats stats;
		struct rvl_dev_error err;

		if (!rvl_dev_sa_add(r->dev, &sa, &index, &err)) {
			rvl_dev_sa_query(r->dev, sa.inbound, index, &stats, &err);
			rvl_dev_sa_delete(r->dev, sa.inbound, index, &err);
		}
		index = RVL_INDEX_ANY;
		if (!rvl_dev_policy_set(r->dev, &policy, &index, NULL))
			rvl_dev_policy_clear(r->dev, index, NULL);
		rvl_dev_set_command_timeout(r->dev, r->timeout_ms + i);
	}
	return NULL;
}

static void *onlooker(void *arg)
{
	struct race *r = arg;
	struct rvl_queue_state state;
	struct rvl_dev_event event;
	uint64_t counters[RVL_CNT_NUM];
	const char *dead = NULL;
	unsigned int i;

	for (i = 0; i < ROUNDS / 2; i++) {
		struct rvl_queue *q = r->queues[i % 2].rings;

		rvl_dev_next_event(r->dev, &event);
		rvl_queue_pending(q);
		rvl_queue_state(q, &state);
		CHECK(rvl_queue_number(q) == i % 2);
		if (i % 64 == 0) {
			rvl_dev_check(r->dev);
			rvl_dev_counters(r->dev, counters);
			rvl_dev_cycles(r->dev, counters);
			rvl_dev_enable(r->dev, i % 128);
		}
		/* Once there is a reason it stays. */
		if (dead && strcmp(dead, "the device is being given up"))
			CHECK(rvl_dev_dead(r->dev) == dead);
		dead = rvl_dev_dead(r->dev);
	}
	return NULL;
}

/* Returns whether the device was alive at the end. */
static bool run(struct race *r, uint64_t seed)
{
	bool honest = seed % 2;
	const struct rvl_dev_options options = {.command_timeout_ms = honest ? 1000000 : 100,
						.reset_timeout_ms = 100};
	struct rvl_dev_error err = {""};
	pthread_t threads[10];
	unsigned int n = 0, i, q;
	bool alive;

	/* Good capabilities; only the device's own thread acts. */
	memset(&r->h, 0, sizeof(r->h));
	attacker_init(&r->h.a, seed);
	r->h.a.on_wait = on_wait;
	r->h.a.plan = r;
	r->h.malice = honest ? 0 : 1U << (4 + seed / 2 % 12);
	for (q = 0; q < 2; q++)
		r->h.a.regs[RVL_REG_Q_STATUS(q) / 4] = RVL_Q_STATUS_IDLE_MASK;
	r->pulled = honest || seed % 4 ? 0 : 1 + attacker_pick(&r->h.a, 20000);
	r->timeout_ms = options.command_timeout_ms;
	r->stop = false;
	memset(r->queues, 0, sizeof(r->queues));
	CHECK(!rvl_dev_open(&r->h.a.os, &options, &r->dev, &err));
	for (q = 0; q < 2; q++) {
		struct rvl_queue_options o = {.tx_log2 = LOG2,
					      .rx_log2 = LOG2,
					      .release = release,
					      .release_ctx = &r->queues[q]};

		r->queues[q].race = r;
		CHECK(!rvl_queue_create(r->dev, q, &o, &r->queues[q].rings, &err));
	}
	pthread_create(&threads[n++], NULL, device, r);
	for (q = 0; q < 2; q++) {
		pthread_create(&threads[n++], NULL, transmitter, &r->queues[q]);
		pthread_create(&threads[n++], NULL, poller, &r->queues[q]);
		pthread_create(&threads[n++], NULL, commander, r);
	}
	pthread_create(&threads[n++], NULL, onlooker, r);
	for (i = 1; i < n; i++)
		pthread_join(threads[i], NULL);
	__atomic_store_n(&r->stop, true, __ATOMIC_RELAXED);
	pthread_join(threads[0], NULL);

	alive = !rvl_dev_dead(r->dev);
	if (honest && !alive) {
		fprintf(stderr, "# an honest device is dead: %s\n", rvl_dev_dead(r->dev));
		abort();
	}
	rvl_queue_destroy(r->queues[0].rings);
	rvl_dev_close(r->dev);
	for (q = 0; q < 2; q++)
		for (i = 0; i < 2; i++)
			CHECK(r->queues[q].given[i] == r->queues[q].back[i]);
	CHECK(r->h.a.live == 0);
	attacker_fini(&r->h.a);
	return alive;
}

int main(int argc, char **argv)
{
	static struct race r;
	uint64_t first = 1, runs = 0, i, alive = 0;
	unsigned int seconds = SECONDS;
	time_t end;
	int k;

	for (k = 1; k < argc; k++) {
		if (!strncmp(argv[k], "seed=", 5))
			first = strtoull(argv[k] + 5, NULL, 0);
		else if (!strncmp(argv[k], "runs=", 5))
			runs = strtoull(argv[k] + 5, NULL, 0);
		else if (!strncmp(argv[k], "seconds=", 8))
			seconds = (unsigned int)strtoul(argv[k] + 8, NULL, 0);
	}
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	__sanitizer_set_death_callback(say_seed);
	printf("TAP version 13\n1..1\n");
	end = time(NULL) + seconds;
	for (i = 0; runs ? i < runs : time(NULL) < end; i++) {
		snprintf(what, sizeof(what), "seed=%" PRIu64, first + i);
		alarm(5 * patience_seconds());
		alive += run(&r, first + i);
	}
	alarm(0);
	printf("# %" PRIu64 " devices from seed=%" PRIu64 ", %" PRIu64 " alive at the end\n", i,
	       first, alive);
	printf("ok 1 - threads_side_by_side_race_for_nothing_and_lose_no_buffer\n");
	return 0;
}
