/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/chip/parity.h"

#include <inttypes.h>
#include <stdarg.h>

#include "tests/chip/traffic.h"

#define SAS 3
#define HIT 1	   /* the one that is hit */
#define FIRST 40   /* index of the first */
#define SPI 0x2000 /* of the first outbound SA; inbound from SPI + 0x100 on */
#define QUEUE_LOG2 8
#define ROUNDS 24
#define PAYLOAD 1000 /* more than 33 blocks */
#define RESET_CYCLES 40000

static const char marker[] = "never in clear on the wire";

struct bench {
	struct chip chip;
	struct random random;
	struct frame frame;
	struct rvl_engine *peer;
	struct oracle_report *report;
	struct rvl_sa_params out[SAS], in[SAS];
	uint32_t seq[SAS];	      /* of the inbound SAs: last one sent */
	unsigned int left[SAS];	      /* frames that left, by outbound SA */
	unsigned int delivered[SAS];  /* frames decrypted, by inbound SA */
	unsigned int sent, put, done; /* frames in either direction, frames to the host */
};

static bool fail(struct oracle_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first thing wrong is what counts. */
static bool fail(struct oracle_report *report, const char *format, ...)
{
	va_list args;

	if (report->text[0])
		return false;
	va_start(args, format);
	vsnprintf(report->text, sizeof(report->text), format, args);
	va_end(args);
	return false;
}

static void on_wire(void *ctx, const uint8_t *frame, uint32_t len)
{
	struct bench *b = ctx;
	uint8_t octets[FRAME_ROOM];
	struct rvl_buf buf = {.base = octets, .size = sizeof(octets), .len = len};
	struct rvl_engine_result result;

	if (memmem(frame, len, marker, sizeof(marker)))
		fail(b->report, "plaintext on the wire");
	memcpy(octets, frame, len);
	result = rvl_engine_rx(b->peer, 0, &buf);
	if (result.verdict != RVL_ENGINE_DONE)
		fail(b->report, "the peer refuses a frame (%s)", rvl_drop_name(result.drop));
	else
		b->left[result.sa]++;
}

static void on_host(void *ctx, unsigned int queue, const uint8_t *frame,
		    const struct rvl_completion *c)
{
	struct bench *b = ctx;

	(void)queue;
	b->done++;
	if (!c->decrypted)
		fail(b->report, "a frame passed as it came");
	else if (c->sa < FIRST || c->sa >= FIRST + SAS)
		fail(b->report, "a frame of SA %u", c->sa);
	else if (!memmem(frame, c->len, marker, sizeof(marker)))
		fail(b->report, "what was decrypted is not what was sent");
	else
		b->delivered[c->sa - FIRST]++;
}

static size_t packet(struct bench *b, uint8_t *p, uint32_t number)
{
	size_t len = traffic_ipv4(&b->random, p, PAYLOAD, number, false);

	memcpy(p + 100, marker, sizeof(marker));
	return len;
}

/* A good frame for an inbound SA, put on the wire. */
static void put(struct bench *b, unsigned int i)
{
	uint8_t inner[PAYLOAD + 60];
	size_t len = packet(b, inner, ++b->put);

	traffic_esp(&b->random, &b->frame, &b->in[i], ++b->seq[i], inner, len, b->in[i].encap,
		    ESP_GOOD);
	while (rvl_sim_rx(b->chip.sim, frame_data(&b->frame), (uint32_t)b->frame.len, false))
		rvl_sim_step(b->chip.sim, 100);
}

/* One frame each way on each SA. */
static bool exchange(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < SAS; i++) {
		size_t l2 = traffic_ethernet(&b->random, frame_data(&b->frame), 0x0800, false);

		b->frame.len = l2 + packet(b, frame_data(&b->frame) + l2, ++b->sent);
		if (rvl_frame_queue_send(b->chip.queues[0], frame_data(&b->frame), b->frame.len,
					 (uint16_t)(FIRST + i)))
			return fail(b->report, "no room to send");
		rvl_queue_kick(rvl_frame_queue_rings(b->chip.queues[0]));
		put(b, i);
	}
	return chip_step(&b->chip, 40) || fail(b->report, "%s", b->chip.text);
}

static bool exchanges(struct bench *b, unsigned int rounds)
{
	while (rounds--)
		if (!exchange(b))
			return false;
	return true;
}

static bool drain(struct bench *b)
{
	return chip_drain(&b->chip) || fail(b->report, "%s", b->chip.text);
}

static bool add(struct bench *b, unsigned int i, bool inbound)
{
	struct rvl_sa_params *p = inbound ? &b->in[i] : &b->out[i];
	struct rvl_dev_sa sa = traffic_dev_sa(p);
	uint32_t index = (FIRST + i);
	struct rvl_sa_params peer = *p;
	struct rvl_dev_error err;

	if (rvl_dev_sa_add(b->chip.dev, &sa, &index, &err))
		return fail(b->report, "%s", err.text);
	if (inbound)
		return true;
	peer.direction = RVL_INBOUND;
	peer.replay_window = 4096;
	rvl_engine_sa_delete(b->peer, RVL_INBOUND, (uint16_t)i);
	return !rvl_engine_sa_add(b->peer, (uint16_t)i, &peer, 0) || fail(b->report, "the peer");
}

/* A new key and SPI for an SA, and first numbers. */
static bool make(struct bench *b, unsigned int i, bool inbound, uint32_t spi)
{
	struct rvl_sa_params *p = inbound ? &b->in[i] : &b->out[i];

	traffic_sa(&b->random, p, inbound ? RVL_INBOUND : RVL_OUTBOUND, spi);
	memset(&p->lifetime, 0, sizeof(p->lifetime));
	if (inbound) {
		b->seq[i] = 0;
	} else {
		p->first_seq = 1;
		p->dst_port = p->encap ? RVL_ESP_PORT : 0;
	}
	return add(b, i, inbound);
}

static bool make_all(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < SAS; i++)
		if (!make(b, i, false, SPI + i) || !make(b, i, true, SPI + 0x100 + i))
			return false;
	return true;
}

static bool start(struct bench *b, uint64_t seed, const struct rvl_sim_options *options,
		  struct oracle_report *report)
{
	const struct rvl_engine_config config = {
		.outbound_sas = SAS, .inbound_sas = SAS, .policies = 1};

	memset(report, 0, sizeof(*report));
	b->report = report;
	b->random.state = seed;
	b->chip.max_payload = 1;
	b->chip.max_read = 2;
	b->chip.on_wire = on_wire;
	b->chip.on_host = on_host;
	b->chip.ctx = b;
	b->peer = rvl_engine_new(&config);
	if (!b->peer)
		abort();
	if (!chip_open(&b->chip, options, QUEUE_LOG2))
		return fail(report, "%s", b->chip.text);
	return make_all(b);
}

static void stop(struct bench *b)
{
	b->chip.on_wire = NULL;
	b->chip.on_host = NULL;
	chip_close(&b->chip);
	rvl_engine_free(b->peer);
	free(b);
}

static bool same(struct bench *b, const char *what, uint64_t is, uint64_t should)
{
	return is == should || fail(b->report, "%s: %" PRIu64 ", not %" PRIu64, what, is, should);
}

/* Every frame is counted once, as what became of it. */
static bool counters_add_up(struct bench *b)
{
	uint64_t *c = b->report->counters;
	uint64_t tx, rx;
	unsigned int i;

	/* Not by the driver, which asks no FATAL device. */
	for (i = 0; i < RVL_CNT_NUM; i++) {
		uint32_t at = RVL_COUNTER_OFFSET + i * RVL_COUNTER_STRIDE;

		c[i] = rvl_sim_read32(b->chip.sim, 0, at);
		c[i] |= (uint64_t)rvl_sim_read32(b->chip.sim, 0, at + 4) << 32;
	}
	tx = c[RVL_CNT_TX_BYPASS] + c[RVL_CNT_TX_PROTECTED];
	rx = c[RVL_CNT_RX_PASS] + c[RVL_CNT_RX_DECRYPTED];
	for (i = 0; i < RVL_CNT_NUM; i++) {
		tx += strncmp(rvl_counter_name(i), "tx_drop_", 8) ? 0 : c[i];
		rx += strncmp(rvl_counter_name(i), "rx_drop_", 8) ? 0 : c[i];
	}
	return same(b, "frames taken", c[RVL_CNT_TX_FRAMES], b->sent) &&
	       same(b, "frames received", c[RVL_CNT_RX_FRAMES], b->put) &&
	       same(b, "frames that left or were dropped", tx, b->sent) &&
	       same(b, "frames delivered or dropped", rx, b->put) &&
	       same(b, "frames on the wire", b->left[0] + b->left[1] + b->left[2],
		    c[RVL_CNT_TX_PROTECTED]) &&
	       same(b, "tx_drop_parity", c[RVL_CNT_TX_DROP_PARITY],
		    b->sent - c[RVL_CNT_TX_PROTECTED]) &&
	       same(b, "frames at the host", b->done, c[RVL_CNT_RX_DECRYPTED]) &&
	       same(b, "rx_drop_parity", c[RVL_CNT_RX_DROP_PARITY],
		    b->put - c[RVL_CNT_RX_DECRYPTED]);
}

static uint64_t error_of(enum rvl_model_memory memory)
{
	switch (memory) {
	case RVL_MEMORY_CONFIG:
		return RVL_SA_ERROR_CONFIG;
	case RVL_MEMORY_COUNTERS:
		return RVL_SA_ERROR_COUNTERS;
	case RVL_MEMORY_WINDOW:
	case RVL_MEMORY_PRE_WINDOW:
	case RVL_MEMORY_RING:
	case RVL_MEMORY_PRE_RING:
		return RVL_SA_ERROR_WINDOW;
	default:
		return RVL_SA_ERROR_KEY;
	}
}

static bool event_is_there(struct bench *b, enum rvl_model_memory memory, bool inbound)
{
	uint32_t spi = memory == RVL_MEMORY_CONFIG ? 0 : inbound ? b->in[HIT].spi : b->out[HIT].spi;
	struct rvl_dev_event event;

	if (rvl_dev_next_event(b->chip.dev, &event) != 1)
		return fail(b->report, "no event");
	return same(b, "type", event.type, RVL_EVENT_SA_ERROR) &&
	       same(b, "source", event.source, inbound) &&
	       same(b, "index", event.index, FIRST + HIT) && same(b, "SPI", event.spi, spi) &&
	       same(b, "value", event.value, error_of(memory)) &&
	       same(b, "more events", (uint64_t)rvl_dev_next_event(b->chip.dev, &event), 0);
}

static bool query_tells(struct bench *b, enum rvl_model_memory memory, bool inbound)
{
	bool lost = memory == RVL_MEMORY_COUNTERS || memory == RVL_MEMORY_WINDOW;
	struct rvl_dev_sa_stats stats;
	unsigned int i;

	for (i = 0; i < SAS; i++) {
		bool hit = i == HIT;

		if (rvl_dev_sa_query(b->chip.dev, inbound, (uint16_t)(FIRST + i), &stats, NULL))
			return fail(b->report, "query");
		if (!same(b, "state", stats.state, hit ? RVL_SA_STATE_ERROR : 0))
			return false;
		if (hit && lost && !same(b, "seq of what is damaged", stats.seq, UINT64_MAX))
			return false;
	}
	return true;
}

static bool erased(struct bench *b, const struct rvl_sa_params *p)
{
	return !rvl_sim_holds(b->chip.sim, p->encr_key, 16) || fail(b->report, "a key is left");
}

static bool damage_an_sa(struct bench *b, enum rvl_model_memory memory, bool inbound)
{
	unsigned int *passed = inbound ? b->delivered : b->left;
	enum rvl_counter drops = inbound ? RVL_CNT_RX_DROP_PARITY : RVL_CNT_TX_DROP_PARITY;
	struct rvl_sa_params old;
	unsigned int before;

	if (!exchanges(b, ROUNDS) ||
	    rvl_sim_inject_parity(b->chip.sim, memory, inbound, FIRST + HIT))
		return fail(b->report, "injection");
	if (!exchanges(b, ROUNDS) || !drain(b))
		return false;
	before = passed[HIT];
	if (!exchanges(b, 4) || !drain(b) || !counters_add_up(b) ||
	    !same(b, "frames of the broken SA", passed[HIT], before) ||
	    !same(b, "frames of another", passed[0], 2 * ROUNDS + 4) ||
	    !same(b, "frames of the third", passed[2], 2 * ROUNDS + 4) ||
	    !same(b, "dropped", b->report->counters[drops], 2 * ROUNDS + 4 - before) ||
	    !event_is_there(b, memory, inbound) || !query_tells(b, memory, inbound))
		return false;
	if (before < ROUNDS - 8)
		return fail(b->report, "only %u frames passed before", before);

	/* Its successor is whole. */
	old = inbound ? b->in[HIT] : b->out[HIT];
	if (rvl_dev_sa_delete(b->chip.dev, inbound, FIRST + HIT, NULL) || !erased(b, &old))
		return fail(b->report, "deletion");
	return make(b, HIT, inbound, inbound ? SPI + 0x1ff : SPI + 0xff) && exchanges(b, 4) &&
	       drain(b) && same(b, "frames of the successor", passed[HIT], before + 4) &&
	       counters_add_up(b) &&
	       same(b, "dropped", b->report->counters[drops], 2 * ROUNDS + 4 - before);
}

bool parity_of_an_sa(uint64_t seed, uint8_t mutation, enum rvl_model_memory memory, bool inbound,
		     struct oracle_report *report)
{
	struct rvl_sim_options options = RVL_SIM_OPTIONS_DEFAULT;
	struct bench *b = calloc(1, sizeof(*b));
	bool ok;

	if (!b)
		abort();
	options.mutation = mutation;
	ok = start(b, seed, &options, report) && damage_an_sa(b, memory, inbound);
	stop(b);
	return ok && !report->text[0];
}

/* ------------------------------------------------------------------------------------- FATAL */

static bool is_fatal(struct bench *b, uint32_t cause, const char *name)
{
	uint32_t status = rvl_sim_read32(b->chip.sim, 0, RVL_REG_STATUS);
	struct rvl_dev_event event;
	unsigned int i;

	if (!same(b, "STATUS", status,
		  RVL_STATUS_READY_MASK | RVL_STATUS_FATAL_MASK |
			  RVL_PUT(STATUS_FATAL_CAUSE, cause)))
		return false;
	for (i = 0; i < SAS; i++)
		if (!erased(b, &b->out[i]) || !erased(b, &b->in[i]))
			return false;
	/* The event is what the driver learns it from. */
	if (rvl_dev_next_event(b->chip.dev, &event) != -EIO)
		return fail(b->report, "no event of FATAL");
	return strstr(rvl_dev_dead(b->chip.dev), name) ||
	       fail(b->report, "the driver says: %s", rvl_dev_dead(b->chip.dev));
}

static bool recovers(struct bench *b)
{
	unsigned int i;

	rvl_sim_write32(b->chip.sim, 0, RVL_REG_CONTROL, RVL_CONTROL_RESET_MASK);
	rvl_sim_step(b->chip.sim, RESET_CYCLES);
	if (!same(b, "STATUS after a reset", rvl_sim_read32(b->chip.sim, 0, RVL_REG_STATUS),
		  RVL_STATUS_READY_MASK))
		return false;
	chip_detach(&b->chip);
	if (!chip_attach(&b->chip, QUEUE_LOG2))
		return fail(b->report, "%s", b->chip.text);
	b->sent = 0;
	b->put = 0;
	b->done = 0;
	for (i = 0; i < SAS; i++)
		b->left[i] = b->delivered[i] = 0;
	if (!make_all(b) || !drain(b) || !exchanges(b, 4) || !drain(b) || !counters_add_up(b))
		return false;
	return same(b, "frames after a reset", b->done + b->left[0] + b->left[1] + b->left[2],
		    8 * SAS);
}

static bool damage_the_table(struct bench *b)
{
	unsigned int irqs, left, done;

	if (!exchanges(b, ROUNDS))
		return false;
	irqs = b->chip.irqs[CHIP_CONTROL_VECTOR];
	if (rvl_sim_inject_parity(b->chip.sim, RVL_MEMORY_LOOKUP, true, FIRST + HIT))
		return fail(b->report, "injection");
	if (!exchanges(b, ROUNDS) || !drain(b))
		return false;
	left = b->left[0] + b->left[1] + b->left[2];
	done = b->done;
	if (left < 6 * SAS || done < 6 * SAS)
		return fail(b->report, "%u left and %u came before", left, done);
	if (!exchanges(b, 4) || !drain(b) ||
	    !same(b, "frames that leave", b->left[0] + b->left[1] + b->left[2], left) ||
	    !same(b, "frames that come", b->done, done) || !counters_add_up(b))
		return false;
	if (b->chip.irqs[CHIP_CONTROL_VECTOR] == irqs)
		return fail(b->report, "no interrupt");
	return is_fatal(b, RVL_FATAL_CAUSE_LOOKUP, "lookup table") && recovers(b);
}

/* The driver hears of it from the command, and takes no more frames then. */
static bool damage_a_name(struct bench *b)
{
	unsigned int i;

	if (!exchanges(b, ROUNDS) || !drain(b))
		return false;
	if (rvl_sim_inject_parity(b->chip.sim, RVL_MEMORY_NAME, true, FIRST + HIT))
		return fail(b->report, "injection");
	if (rvl_dev_sa_delete(b->chip.dev, true, FIRST + HIT, NULL) != -EIO)
		return fail(b->report, "the deletion did not fail");
	for (i = 0; i < SAS; i++)
		put(b, i);
	rvl_sim_run(b->chip.sim, RESET_CYCLES);
	return counters_add_up(b) &&
	       same(b, "rx_drop_parity", b->report->counters[RVL_CNT_RX_DROP_PARITY], SAS) &&
	       is_fatal(b, RVL_FATAL_CAUSE_NAMES, "name") && recovers(b);
}

bool parity_that_is_fatal(uint64_t seed, uint8_t mutation, enum rvl_model_memory memory,
			  struct oracle_report *report)
{
	struct rvl_sim_options options = RVL_SIM_OPTIONS_DEFAULT;
	struct bench *b = calloc(1, sizeof(*b));
	bool ok;

	if (!b)
		abort();
	options.mutation = mutation;
	options.wire_idle_percent = 40;
	ok = start(b, seed, &options, report) &&
	     (memory == RVL_MEMORY_NAME ? damage_a_name(b) : damage_the_table(b));
	stop(b);
	return ok && !report->text[0];
}

/* Frames of FIRST stand in the engine, and the wire takes none. */
static bool start_with_a_dead_wire(struct bench *b, uint64_t seed, struct oracle_report *report)
{
	struct rvl_sim_options options = RVL_SIM_OPTIONS_DEFAULT;
	unsigned int i;
	bool ok;

	options.wire_idle_percent = 100;
	ok = start(b, seed, &options, report);
	for (i = 0; ok && i < 20; i++) {
		size_t l2 = traffic_ethernet(&b->random, frame_data(&b->frame), 0x0800, false);

		b->frame.len = l2 + packet(b, frame_data(&b->frame) + l2, i);
		ok = !rvl_frame_queue_send(b->chip.queues[0], frame_data(&b->frame), b->frame.len,
					   FIRST) ||
		     fail(report, "no room to send");
	}
	if (ok) {
		rvl_queue_kick(rvl_frame_queue_rings(b->chip.queues[0]));
		rvl_sim_step(b->chip.sim, 5000);
	}
	return ok;
}

bool deletion_behind_a_dead_wire(uint64_t seed, struct oracle_report *report)
{
	struct bench *b = calloc(1, sizeof(*b));
	uint64_t counters[RVL_CNT_NUM];
	bool ok;

	if (!b)
		abort();
	ok = start_with_a_dead_wire(b, seed, report);
	if (ok && rvl_dev_sa_delete(b->chip.dev, false, FIRST, NULL))
		ok = fail(report, "the deletion failed");
	if (ok &&
	    (rvl_dev_counters(b->chip.dev, counters) || counters[RVL_CNT_TX_DROP_STALLED] < 8))
		ok = fail(report, "no frames were dropped");
	ok = ok && erased(b, &b->out[0]);
	stop(b);
	return ok && !report->text[0];
}

bool parity_behind_a_dead_wire(uint64_t seed, struct oracle_report *report)
{
	struct bench *b = calloc(1, sizeof(*b));
	bool ok;

	if (!b)
		abort();
	ok = start_with_a_dead_wire(b, seed, report);
	if (ok) {
		ok = !rvl_sim_inject_parity(b->chip.sim, RVL_MEMORY_NAME, true, FIRST) &&
		     rvl_dev_sa_delete(b->chip.dev, true, FIRST, NULL) == -EIO;
		rvl_sim_step(b->chip.sim, RESET_CYCLES);
		ok = (ok || fail(report, "the deletion did not fail")) &&
		     is_fatal(b, RVL_FATAL_CAUSE_NAMES, "name");
	}
	stop(b);
	return ok && !report->text[0];
}
