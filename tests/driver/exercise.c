/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/driver/exercise.h"

#define COOKIES 8192
#define INSTANCES 64	/* of queues, in one run */
#define SLACK_MS 20	/* beyond a timeout: the last look, and what looking at the clock costs */
#define CALLS_MAX 40000 /* register accesses and waits of one call */

enum phase { OPENING, RUNNING, CREATING, DESTROYING, CLOSING };

struct cookie {
	bool rx, out;
	uint16_t len;
	struct cookie *next; /* given to the same ring after it */
};

/* One queue from create to free. */
struct instance {
	struct exercise *x;
	struct rvl_queue *queue; /* NULL: destroyed */
	uint8_t log2[2];
	struct cookie *first[2], *last[2]; /* with the device, by rx */
	unsigned int count[2];
};

struct exercise {
	struct hostile *h;
	struct attacker *a;
	const char *what;
	enum phase phase;
	struct rvl_dev *dev;
	struct rvl_dev_options options;
	struct cookie *cookies;
	unsigned int cookie_count, out;
	struct instance instances[INSTANCES];
	unsigned int instance_count;
	struct instance *queues[HOSTILE_QUEUES];
	bool dead;
	char reason[256];
	uint64_t keys;
	/* The call under way. */
	uint64_t began;
	unsigned int reads, writes, waits;
};

static _Noreturn void failed(const struct exercise *x, const char *condition, int line)
{
	fprintf(stderr, "# %s: line %d: does not hold: %s\n", x->what, line, condition);
	fflush(NULL);
	abort();
}

#define CHECK(x, condition)                                                                        \
	do {                                                                                       \
		if (!(condition))                                                                  \
			failed(x, #condition, __LINE__);                                           \
	} while (0)

static uint32_t pick(struct exercise *x, uint32_t n)
{
	return attacker_pick(x->a, n);
}

static uint32_t any32(struct exercise *x)
{
	return (uint32_t)(attacker_random(x->a) ^ attacker_random(x->a) << 16);
}

/* --------------------------------------------------------------------------- around every call */

static void begin(struct exercise *x)
{
	x->began = x->a->now;
	x->reads = x->a->reads;
	x->writes = x->a->writes;
	x->waits = x->a->waits;
	x->a->patience = CALLS_MAX;
}

/* After a call that may wait for so long; 0: that may not wait. */
static void finish(struct exercise *x, uint32_t limit_ms)
{
	uint64_t ms = (x->a->now - x->began) / 1000000;
	const char *dead;

	CHECK(x, ms <= (limit_ms ? limit_ms + SLACK_MS : SLACK_MS));
	CHECK(x, limit_ms || x->a->waits == x->waits);
	if (!x->dev || x->phase == CLOSING)
		return;
	dead = rvl_dev_dead(x->dev);
	if (x->dead) {
		/* The same reason, and nothing was touched. */
		CHECK(x, dead && !strcmp(dead, x->reason));
		CHECK(x, x->a->reads == x->reads && x->a->writes == x->writes);
	} else if (dead) {
		CHECK(x, strlen(dead) > 10);
		snprintf(x->reason, sizeof(x->reason), "%s", dead);
		x->dead = true;
	}
}

/* The same, for a call that returns a code: of a dead device an error. */
static int finished(struct exercise *x, uint32_t limit_ms, int code)
{
	bool was_dead = x->dead;

	finish(x, limit_ms);
	CHECK(x, !was_dead || code < 0);
	CHECK(x, x->dead || (code != -EIO && code != -ENODEV));
	return code;
}

static void on_free(struct attacker *a, uint64_t bus)
{
	struct hostile *h = a->plan;
	struct exercise *x = (struct exercise *)h->user;
	uint32_t working =
		RVL_STATUS_READY_MASK | RVL_STATUS_RESETTING_MASK | RVL_STATUS_FATAL_MASK;

	(void)bus;
	CHECK(x, x->phase != RUNNING);
	if (x->phase == DESTROYING)
		CHECK(x,
		      h->told_q_status & RVL_Q_STATUS_IDLE_MASK && h->told_q_status != UINT32_MAX);
	if (x->phase == CLOSING)
		CHECK(x, a->dma_off || (h->told_status & working) == RVL_STATUS_READY_MASK);
}

/* -------------------------------------------------------------------------------------- queues */

static struct cookie *give(struct exercise *x, struct instance *q, bool rx, uint16_t len)
{
	struct cookie *c = &x->cookies[x->cookie_count++];

	*c = (struct cookie){.rx = rx, .out = true, .len = len};
	if (q->last[rx])
		q->last[rx]->next = c;
	else
		q->first[rx] = c;
	q->last[rx] = c;
	q->count[rx]++;
	x->out++;
	return c;
}

/* It must be the one that was given first. */
static void take(struct exercise *x, struct instance *q, bool rx, void *cookie)
{
	struct cookie *c = q->first[rx];

	CHECK(x, c && c == cookie && c->out && c->rx == rx);
	c->out = false;
	q->first[rx] = c->next;
	if (!c->next)
		q->last[rx] = NULL;
	q->count[rx]--;
	x->out--;
}

static void release(void *ctx, bool rx, void *cookie)
{
	struct instance *q = ctx;

	CHECK(q->x, q->x->phase == DESTROYING || q->x->phase == CLOSING);
	take(q->x, q, rx, cookie);
}

static void create(struct exercise *x, unsigned int number)
{
	const struct rvl_dev_caps *caps = rvl_dev_caps(x->dev);
	struct instance *q = &x->instances[x->instance_count];
	struct rvl_dev_error err = {""};
	struct rvl_queue_options options = {.tx_log2 = (uint8_t)(3 + pick(x, 3)),
					    .rx_log2 = (uint8_t)(3 + pick(x, 3)),
					    .vector = (uint8_t)pick(x, caps->vectors),
					    .release = release,
					    .release_ctx = q};
	int ret;

	if (x->instance_count == INSTANCES)
		return;
	if (!pick(x, 16))
		number = pick(x, 100);
	if (!pick(x, 16))
		options.vector = (uint8_t)any32(x);
	if (!pick(x, 16))
		options.tx_log2 = (uint8_t)any32(x);
	*q = (struct instance){.x = x, .log2 = {options.tx_log2, options.rx_log2}};
	x->phase = CREATING;
	begin(x);
	ret = rvl_queue_create(x->dev, number, &options, &q->queue, &err);
	finished(x, 0, ret);
	x->phase = RUNNING;
	CHECK(x, !!ret == !q->queue);
	if (ret) {
		CHECK(x, strlen(err.text) > 10);
		return;
	}
	if (number >= HOSTILE_QUEUES) {
		/* One that the device does not play with. */
		x->phase = DESTROYING;
		begin(x);
		finished(x, x->options.reset_timeout_ms, rvl_queue_destroy(q->queue));
		x->phase = RUNNING;
		return;
	}
	CHECK(x, !x->queues[number]);
	CHECK(x, rvl_queue_number(q->queue) == number);
	x->queues[number] = q;
	x->instance_count++;
}

static void destroy(struct exercise *x, unsigned int number)
{
	struct instance *q = x->queues[number];

	if (!q) {
		CHECK(x, rvl_queue_destroy(NULL) == 0);
		return;
	}
	x->phase = DESTROYING;
	begin(x);
	/* All come back now, or none does before the device is closed. */
	if (!finished(x, x->options.reset_timeout_ms, rvl_queue_destroy(q->queue)))
		CHECK(x, !q->first[0] && !q->first[1]);
	x->phase = RUNNING;
	q->queue = NULL;
	x->queues[number] = NULL;
}

static void give_frames(struct exercise *x, struct instance *q)
{
	unsigned int n = 1 + pick(x, 8);

	for (; n && x->cookie_count + 2 < COOKIES; n--) {
		uint16_t len = (uint16_t)(14 + pick(x, 200));
		uint32_t sa = pick(x, 2) ? RVL_NO_SA : any32(x);
		unsigned int room = rvl_queue_tx_room(q->queue);
		struct cookie *c = &x->cookies[x->cookie_count];
		int ret;

		CHECK(x, room + q->count[0] == 1U << q->log2[0]);
		if (!pick(x, 16))
			len = any32(x);
		ret = rvl_queue_tx(q->queue, any32(x), len, sa, c);
		CHECK(x, ret == 0 || ret == -EINVAL || (ret == -ENOSPC && !room));
		if (!ret)
			give(x, q, false, len);
		CHECK(x, rvl_queue_tx_room(q->queue) == room - !ret);

		room = rvl_queue_rx_room(q->queue);
		CHECK(x, room + q->count[1] == 1U << q->log2[1]);
		c = &x->cookies[x->cookie_count];
		ret = rvl_queue_rx(q->queue, any32(x), len, c);
		CHECK(x, ret == 0 || (ret == -EINVAL && len < 14) || (ret == -ENOSPC && !room));
		if (!ret)
			give(x, q, true, len);
	}
}

static void kick(struct exercise *x, struct instance *q)
{
	begin(x);
	switch (pick(x, 4)) {
	case 0:
		rvl_queue_kick_tx(q->queue);
		break;
	case 1:
		rvl_queue_kick_rx(q->queue);
		break;
	default:
		rvl_queue_kick(q->queue);
		break;
	}
	finish(x, 0);
}

static void poll_queue(struct exercise *x, struct instance *q)
{
	const struct rvl_dev_caps *caps = rvl_dev_caps(x->dev);
	struct rvl_completion c[16];
	int max = (int)pick(x, 17);
	int n, i;

	memset(c, 0xa5, sizeof(c));
	begin(x);
	n = rvl_queue_poll(q->queue, c, max);
	finish(x, 0);
	CHECK(x, n <= max);
	CHECK(x, n >= 0 || x->dead);
	for (i = 0; i < n; i++) {
		struct cookie *given = q->first[c[i].rx];
		uint16_t len = given ? given->len : 0;

		take(x, q, c[i].rx, c[i].cookie);
		CHECK(x, c[i].status <= RVL_CQ_STATUS_UNSUPPORTED);
		CHECK(x, c[i].len <= len);
		CHECK(x, c[i].len == 0 || (c[i].rx && c[i].status == RVL_CQ_STATUS_OK));
		CHECK(x, c[i].decrypted ? c[i].sa < caps->inbound_sas : c[i].sa == RVL_NO_SA);
		CHECK(x, !c[i].udp || c[i].decrypted);
	}
}

static void use_queue(struct exercise *x, struct instance *q)
{
	struct rvl_queue_state state;
	unsigned int times = 1 + pick(x, 3);

	while (times--) {
		if (pick(x, 4))
			give_frames(x, q);
		if (pick(x, 4))
			kick(x, q);
		hostile_act(x->h);
		poll_queue(x, q);
	}
	begin(x);
	if (pick(x, 2))
		rvl_queue_arm(q->queue);
	rvl_queue_pending(q->queue);
	if (!pick(x, 16)) {
		rvl_queue_state(q->queue, &state);
		CHECK(x, (uint16_t)(state.tx_tail - state.tx_head) == q->count[0]);
		CHECK(x, (uint16_t)(state.rx_tail - state.rx_head) == q->count[1]);
	}
	finish(x, 0);
}

/* ------------------------------------------------------------------------------------ commands */

static void make_key(struct exercise *x, struct rvl_dev_sa *sa)
{
	uint64_t z;
	unsigned int i;

	/* Not of the device's choices: it must not know it. */
	for (i = 0; i < sizeof(sa->key); i += sizeof(z)) {
		z = (++x->keys + 0x4b45593a) * 0x9e3779b97f4a7c15U;
		z ^= z >> 29;
		z *= 0xbf58476d1ce4e5b9U;
		memcpy(sa->key + i, &z, sizeof(z));
	}
}

static void no_key_is_left(struct exercise *x, const struct rvl_dev_sa *sa)
{
	unsigned int i;

	for (i = 0; i < sa->key_len && i + 8 <= sizeof(sa->key); i += 8)
		CHECK(x, !attacker_sees(x->a, sa->key + i, 8));
}

static void add_sa(struct exercise *x)
{
	const struct rvl_dev_caps *caps = rvl_dev_caps(x->dev);
	struct rvl_dev_sa sa = {.inbound = pick(x, 2),
				.udp = !pick(x, 4),
				.key_len = pick(x, 8) ? 16 * (uint8_t)(1 + pick(x, 2))
						      : (uint8_t)any32(x),
				.icv_len = pick(x, 8) ? 16 : (uint8_t)any32(x),
				.spi = any32(x),
				.seq = any32(x),
				.window = any32(x),
				.ttl = (uint8_t)any32(x),
				.dscp_fixed = pick(x, 2),
				.dscp = pick(x, 8) ? (uint8_t)pick(x, 64) : 77,
				.df_set = !pick(x, 4),
				.df_clear = !pick(x, 4)};
	uint32_t asked = pick(x, 4) ? RVL_INDEX_ANY : any32(x);
	uint32_t index = asked;
	struct rvl_dev_error err = {""};
	int ret;

	make_key(x, &sa);
	begin(x);
	ret = finished(x, x->options.command_timeout_ms, rvl_dev_sa_add(x->dev, &sa, &index, &err));
	no_key_is_left(x, &sa);
	CHECK(x, !ret || strlen(err.text) > 4);
	if (!ret) {
		CHECK(x, index < (sa.inbound ? caps->inbound_sas : caps->outbound_sas));
		CHECK(x, asked == RVL_INDEX_ANY || index == asked);
	}
}

static void set_policy(struct exercise *x)
{
	struct rvl_dev_policy policy = {.action = (uint8_t)pick(x, 5),
					.any_proto = pick(x, 2),
					.proto = (uint8_t)any32(x),
					.priority = any32(x),
					.src_len = (uint8_t)any32(x),
					.dst_len = (uint8_t)any32(x),
					.sa = any32(x)};
	uint32_t index = pick(x, 4) ? RVL_INDEX_ANY : any32(x);
	int ret;

	begin(x);
	ret = finished(x, x->options.command_timeout_ms,
		       rvl_dev_policy_set(x->dev, &policy, &index, NULL));
	CHECK(x, ret || index < rvl_dev_caps(x->dev)->policies);
}

static void command(struct exercise *x)
{
	uint32_t index = (pick(x, 8) ? pick(x, 20) : any32(x));
	uint32_t limit = x->options.command_timeout_ms;
	struct rvl_dev_sa_stats stats;

	switch (pick(x, 6)) {
	case 0:
	case 1:
		add_sa(x);
		break;
	case 2:
		begin(x);
		finished(x, limit, rvl_dev_sa_delete(x->dev, pick(x, 2), index, NULL));
		break;
	case 3:
		begin(x);
		finished(x, limit, rvl_dev_sa_query(x->dev, pick(x, 2), index, &stats, NULL));
		break;
	case 4:
		set_policy(x);
		break;
	default:
		begin(x);
		finished(x, limit,
			 pick(x, 2) ? rvl_dev_policy_clear(x->dev, index, NULL)
				    : rvl_dev_nop(x->dev, NULL));
		break;
	}
}

/* -------------------------------------------------------------------------------------- the rest
 */

static void next_event(struct exercise *x)
{
	const struct rvl_dev_caps *caps = rvl_dev_caps(x->dev);
	struct rvl_dev_event event;
	int ret;

	begin(x);
	ret = finished(x, 0, rvl_dev_next_event(x->dev, &event));
	CHECK(x, ret <= 1);
	if (ret != 1)
		return;
	CHECK(x, rvl_event_name(event.type));
	if (event.type == RVL_EVENT_LINK)
		CHECK(x, !event.index && event.value <= 1);
	else if (event.type == RVL_EVENT_QUEUE_ERROR)
		CHECK(x, event.index < caps->queue_pairs);
	else
		CHECK(x, event.index < (event.source ? caps->inbound_sas : caps->outbound_sas));
}

static void look(struct exercise *x)
{
	uint64_t counters[RVL_CNT_NUM], cycles;
	bool up;

	begin(x);
	switch (pick(x, 8)) {
	case 7:
		finished(x, 0, rvl_dev_link(x->dev, &up));
		break;
	case 6:
		x->options.command_timeout_ms = 1 + pick(x, 250);
		rvl_dev_set_command_timeout(x->dev, x->options.command_timeout_ms);
		finish(x, 0);
		break;
	case 0:
		finished(x, 0, rvl_dev_counters(x->dev, counters));
		break;
	case 1:
		finished(x, 0, rvl_dev_cycles(x->dev, &cycles));
		break;
	case 2:
		finished(x, 0, rvl_dev_enable(x->dev, pick(x, 2)));
		break;
	case 3:
		finished(x, 0, rvl_dev_set_rx_queues(x->dev, pick(x, 6)));
		break;
	case 4:
		finished(x, 0, rvl_dev_set_port_max_frame(x->dev, pick(x, 65536)));
		break;
	default:
		finished(x, 0, rvl_dev_check(x->dev));
		break;
	}
}

static void last_look(struct exercise *x)
{
	uint64_t counters[RVL_CNT_NUM];
	int ret;

	begin(x);
	ret = rvl_dev_last_counters(x->dev, counters);
	CHECK(x, ret == 0 || ret == -ENODEV);
	finish(x, 0);
}

static void step(struct exercise *x)
{
	unsigned int q = pick(x, HOSTILE_QUEUES);
	uint32_t what = pick(x, 16);

	hostile_act(x->h);
	if (!pick(x, 64))
		create(x, q); /* also where there is one */
	if (what < 4) {
		command(x);
	} else if (what < 6) {
		next_event(x);
	} else if (what == 6) {
		if (!pick(x, 4))
			look(x);
	} else if (what == 7) {
		if (!pick(x, 8))
			destroy(x, q);
	} else if (x->queues[q]) {
		use_queue(x, x->queues[q]);
	} else {
		create(x, q);
	}
}

static bool open_device(struct exercise *x)
{
	struct rvl_dev_error err = {""};
	int ret;

	/* Mostly short, so that a run isn't all waiting. */
	x->options = (struct rvl_dev_options){
		.command_ring_log2 = (uint8_t)(pick(x, 2) ? 0 : 3 + pick(x, 4)),
		.event_ring_log2 = (uint8_t)(pick(x, 2) ? 0 : 3 + pick(x, 6)),
		.command_timeout_ms = pick(x, 64) ? 1 + pick(x, 250) : 0,
		.reset_timeout_ms = pick(x, 64) ? 1 + pick(x, 250) : 0,
		.control_vector = pick(x, 16) ? 0 : (uint8_t)any32(x),
	};
	x->a->memory_lasts = pick(x, 16) ? 0 : 1 + pick(x, 20);
	begin(x);
	ret = rvl_dev_open(&x->a->os, &x->options, &x->dev, &err);
	CHECK(x, !ret == !!x->dev);
	if (!x->options.command_timeout_ms)
		x->options.command_timeout_ms = 10000;
	if (!x->options.reset_timeout_ms)
		x->options.reset_timeout_ms = 10000;
	/* A reset under way is waited for, then the driver's own. */
	finish(x, 2 * x->options.reset_timeout_ms + SLACK_MS);
	CHECK(x, !ret || strlen(err.text) > 10);
	return !ret;
}

bool exercise(struct hostile *h, unsigned int steps, const char *what)
{
	struct exercise *x = calloc(1, sizeof(*x));
	bool alive = false;
	unsigned int i;

	*x = (struct exercise){.h = h, .a = &h->a, .what = what};
	x->cookies = calloc(COOKIES, sizeof(*x->cookies));
	h->user = x;
	h->a.on_free = on_free;
	if (open_device(x)) {
		x->phase = RUNNING;
		/* One that is dead is looked at a little longer, not to the end. */
		for (i = 0; i < steps; i += x->dead ? 10 : 1)
			step(x);
		alive = !x->dead;
		for (i = 0; i < HOSTILE_QUEUES; i++)
			if (pick(x, 2))
				destroy(x, i);
		x->phase = CLOSING;
		last_look(x);
		begin(x);
		rvl_dev_close(x->dev);
		finish(x, 2 * x->options.reset_timeout_ms + SLACK_MS);
	}
	CHECK(x, x->a->live == 0);
	CHECK(x, x->out == 0);
	attacker_fini(x->a);
	free(x->cookies);
	free(x);
	return alive;
}
