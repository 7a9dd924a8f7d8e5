/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver core on the whole chip: what each of its calls does, and what it says when the chip,
 * the host's memory or PCIe refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/chip/chip.h"
#include "tests/chip/traffic.h"

#define QUEUE_LOG2 5
#define MANY_LOG2 8
#define READ_TIMEOUT RVL_SIM_COMPLETION_TIMEOUT /* cycles; the chip's own is up to 7% more */

/* The last frame that came out on either side, and how many did. */
struct sink {
	unsigned int wire, host, decrypted;
	uint32_t spi; /* ESP frames that went out with it are counted in its own */
	unsigned int own;
	uint32_t len;
	uint8_t frame[FRAME_ROOM];
};

static void on_wire(void *ctx, const uint8_t *frame, uint32_t len)
{
	struct sink *s = ctx;

	s->wire++;
	if (frame[12] == 0x08 && frame[13] == 0x00 && frame[23] == 50)
		s->own += rvl_get_be32(frame + 34) == s->spi;
	s->len = len;
	memcpy(s->frame, frame, len);
}

static void on_host(void *ctx, unsigned int queue, const uint8_t *frame,
		    const struct rvl_completion *c)
{
	struct sink *s = ctx;

	(void)queue;
	s->host++;
	s->decrypted += c->decrypted;
	s->len = c->len;
	memcpy(s->frame, frame, c->len);
}

struct bench {
	struct chip chip;
	struct sink sink;
	struct random random;
	struct frame frame;
};

static struct bench *setup_with(const struct rvl_sim_options *options, uint8_t queue_log2)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->random.state = 7;
	b->chip.max_payload = 1;
	b->chip.max_read = 2;
	b->chip.on_wire = on_wire;
	b->chip.on_host = on_host;
	b->chip.ctx = &b->sink;
	if (!chip_open(&b->chip, options, queue_log2))
		fail_msg("%s", b->chip.text);
	return b;
}

static struct bench *setup(void)
{
	return setup_with(NULL, QUEUE_LOG2);
}

/* The wire takes a beat in a hundred cycles, so frames wait wherever they can. */
static struct bench *setup_slow_wire(void)
{
	struct rvl_sim_options options = RVL_SIM_OPTIONS_DEFAULT;

	options.wire_idle_percent = 99;
	return setup_with(&options, MANY_LOG2);
}

static void teardown(struct bench *b)
{
	b->chip.on_wire = NULL;
	b->chip.on_host = NULL;
	chip_close(&b->chip);
	free(b);
}

static void drain(struct bench *b)
{
	if (!chip_drain(&b->chip))
		fail_msg("%s", b->chip.text);
}

static uint64_t counter(struct bench *b, enum rvl_counter c)
{
	uint64_t counters[RVL_CNT_NUM];

	assert_int_equal(rvl_dev_counters(b->chip.dev, counters), 0);
	return counters[c];
}

static struct rvl_sa_params some_sa(struct bench *b, enum rvl_direction direction)
{
	struct rvl_sa_params p;

	traffic_sa(&b->random, &p, direction, 0x1000);
	return p;
}

/* Plain ESP, no lifetime, sequence numbers from 1. */
static struct rvl_sa_params plain_sa(struct bench *b, enum rvl_direction direction, uint32_t spi)
{
	struct rvl_sa_params p;

	traffic_sa(&b->random, &p, direction, spi);
	p.encap = false;
	p.src_port = 0;
	p.dst_port = 0;
	p.first_seq = direction == RVL_OUTBOUND;
	memset(&p.lifetime, 0, sizeof(p.lifetime));
	return p;
}

static int add(struct bench *b, const struct rvl_sa_params *p, uint32_t index,
	       struct rvl_dev_error *err)
{
	struct rvl_dev_sa sa = traffic_dev_sa(p);

	return rvl_dev_sa_add(b->chip.dev, &sa, &index, err);
}

/* A frame with an IPv4 packet, sent from queue pair 0. */
static void send_ipv4(struct bench *b, size_t payload, uint32_t sa)
{
	size_t l2 = traffic_ethernet(&b->random, frame_data(&b->frame), 0x0800, false);

	b->frame.len = l2 + traffic_ipv4(&b->random, frame_data(&b->frame) + l2, payload, 1, false);
	assert_int_equal(
		rvl_frame_queue_send(b->chip.queues[0], frame_data(&b->frame), b->frame.len, sa),
		0);
	rvl_queue_kick(rvl_frame_queue_rings(b->chip.queues[0]));
}

/* A good ESP packet for an inbound SA, put on the wire. */
static void put_esp(struct bench *b, const struct rvl_sa_params *p, uint32_t seq)
{
	uint8_t inner[600];
	size_t len = traffic_ipv4(&b->random, inner, 300, seq, false);

	traffic_esp(&b->random, &b->frame, p, seq, inner, len, p->encap, ESP_GOOD);
	while (rvl_sim_rx(b->chip.sim, frame_data(&b->frame), (uint32_t)b->frame.len, false))
		rvl_sim_step(b->chip.sim, 100);
}

static void capabilities_are_those_of_the_rtl(void **state)
{
	struct bench *b = setup();
	const struct rvl_dev_caps *caps = rvl_dev_caps(b->chip.dev);

	(void)state;
	assert_int_equal(caps->queue_pairs, CHIP_QUEUES);
	assert_int_equal(caps->vectors, CHIP_VECTORS);
	assert_int_equal(caps->beat, 64);
	assert_true(caps->inbound_sas >= 1024 && caps->outbound_sas >= 1024);
	assert_true(caps->policies >= 64 && caps->replay_window == 4096);
	assert_memory_equal(caps->mac, RVL_SIM_OPTIONS_DEFAULT.mac, 6);
	assert_int_equal(rvl_dev_check(b->chip.dev), 0);
	assert_int_equal(rvl_dev_nop(b->chip.dev, NULL), 0);
	teardown(b);
}

static void what_is_wrong_with_an_sa_is_named(void **state)
{
	struct bench *b = setup();
	struct rvl_sa_params out = some_sa(b, RVL_OUTBOUND);
	struct rvl_sa_params in = some_sa(b, RVL_INBOUND);
	struct rvl_dev_error err;
	struct rvl_sa_params p;

	(void)state;
	assert_int_equal(add(b, &out, 3, &err), 0);
	assert_int_equal(add(b, &out, 3, &err), -EBUSY);
	assert_non_null(strstr(err.text, "IN_USE"));
	assert_int_equal(add(b, &in, 3, &err), 0);
	assert_int_equal(add(b, &in, 4, &err), -EEXIST);
	assert_non_null(strstr(err.text, "DUPLICATE"));

	p = out;
	p.spi = 255;
	assert_int_equal(add(b, &p, 5, &err), -EINVAL);
	assert_non_null(strstr(err.text, "spi"));
	p = out;
	p.lifetime.soft_packets = 11;
	p.lifetime.hard_packets = 10;
	assert_int_equal(add(b, &p, 5, &err), -EINVAL);
	assert_non_null(strstr(err.text, "lifetime"));
	p = out;
	p.first_seq = 0;
	assert_int_equal(add(b, &p, 5, &err), -EINVAL);
	assert_non_null(strstr(err.text, "seq"));
	p = in;
	p.spi++;
	p.replay_window = 31;
	assert_int_equal(add(b, &p, 5, &err), -EINVAL);
	assert_non_null(strstr(err.text, "window"));
	p.replay_window = 1 << 20;
	assert_int_equal(add(b, &p, 5, &err), -EINVAL);
	p = out;
	p.encap = true;
	p.src_port = 0;
	p.dst_port = 4500;
	assert_int_equal(add(b, &p, 5, &err), -EINVAL);
	assert_non_null(strstr(err.text, "udp_sport"));
	p.encap = false;
	assert_int_equal(add(b, &p, 5, &err), -EINVAL);
	assert_int_equal(rvl_dev_sa_delete(b->chip.dev, true, 9, &err), -ENOENT);
	assert_int_equal(rvl_dev_sa_delete(b->chip.dev, true, 3, &err), 0);
	assert_int_equal(rvl_dev_sa_delete(b->chip.dev, true, 3, &err), -ENOENT);
	assert_int_equal(add(b, &in, 4, &err), 0);
	assert_null(rvl_dev_dead(b->chip.dev));
	teardown(b);
}

static void what_an_sa_does_not_select_is_dropped_and_told(void **state)
{
	struct bench *b = setup();
	struct rvl_sa_params p = plain_sa(b, RVL_INBOUND, 0x1000);
	struct rvl_dev_sa sa = traffic_dev_sa(&p);
	struct rvl_dev_error err = {""};
	struct rvl_dev_sa_stats stats;
	uint32_t index = 3;

	(void)state;
	/* traffic_ipv4() has 10.0.0.0/8 as source, and none of these destinations */
	sa.selects = true;
	sa.selector = (struct rvl_dev_selector){
		.any_proto = true, .src = {10}, .src_len = 8, .sport_hi = 65535, .dport_hi = 65535};
	assert_int_equal(rvl_dev_sa_add(b->chip.dev, &sa, &index, &err), 0);
	put_esp(b, &p, 1);
	sa.selector.dst[0] = 12;
	sa.selector.dst_len = 8;
	sa.spi = p.spi = 0x1001;
	index = 4;
	assert_int_equal(rvl_dev_sa_add(b->chip.dev, &sa, &index, &err), 0);
	put_esp(b, &p, 1);
	assert_true(chip_drain(&b->chip));
	assert_int_equal(rvl_dev_sa_query(b->chip.dev, true, 3, &stats, &err), 0);
	assert_int_equal(stats.packets, 1);
	assert_int_equal(stats.drop_selectors, 0);
	assert_int_equal(rvl_dev_sa_query(b->chip.dev, true, 4, &stats, &err), 0);
	assert_int_equal(stats.packets, 0);
	assert_int_equal(stats.drop_selectors, 1);
	teardown(b);
}

static void what_is_wrong_with_a_policy_is_named(void **state)
{
	const struct rvl_dev_policy good = {
		.action = RVL_POLICY_ACTION_DISCARD,
		.any_proto = true,
		.sport_hi = 65535,
		.dport_hi = 65535,
	};
	struct bench *b = setup();
	struct rvl_dev_error err;
	struct rvl_dev_policy p;
	uint32_t index = 7;

	(void)state;
	p = good;
	p.action = 4;
	assert_int_equal(rvl_dev_policy_set(b->chip.dev, &p, &index, &err), -EINVAL);
	assert_non_null(strstr(err.text, "action"));
	p = good;
	p.src_len = 33;
	assert_int_equal(rvl_dev_policy_set(b->chip.dev, &p, &index, &err), -EINVAL);
	assert_non_null(strstr(err.text, "prefix"));
	p = good;
	p.dst_len = 8;
	p.dst[1] = 1;
	assert_int_equal(rvl_dev_policy_set(b->chip.dev, &p, &index, &err), -EINVAL);
	p = good;
	p.sport_lo = 2;
	p.sport_hi = 1;
	assert_int_equal(rvl_dev_policy_set(b->chip.dev, &p, &index, &err), -EINVAL);
	assert_non_null(strstr(err.text, "port"));
	assert_int_equal(rvl_dev_policy_clear(b->chip.dev, 7, &err), -ENOENT);

	assert_int_equal(rvl_dev_policy_set(b->chip.dev, &good, &index, &err), 0);
	send_ipv4(b, 100, RVL_NO_SA);
	drain(b);
	assert_int_equal(b->sink.wire, 0);
	assert_int_equal(counter(b, RVL_CNT_TX_DROP_POLICY), 1);
	assert_int_equal(rvl_dev_policy_clear(b->chip.dev, 7, &err), 0);
	send_ipv4(b, 100, RVL_NO_SA);
	drain(b);
	assert_int_equal(b->sink.wire, 1);
	assert_memory_equal(b->sink.frame, frame_data(&b->frame), b->frame.len);
	teardown(b);
}

static void an_armed_queue_interrupts_once(void **state)
{
	struct bench *b = setup();
	struct rvl_queue *rings = rvl_frame_queue_rings(b->chip.queues[0]);
	unsigned int control;

	(void)state;
	send_ipv4(b, 100, RVL_NO_SA);
	drain(b);
	assert_int_equal(b->chip.irqs[0], 0);

	rvl_queue_arm(rings);
	send_ipv4(b, 100, RVL_NO_SA);
	send_ipv4(b, 100, RVL_NO_SA);
	drain(b);
	assert_int_equal(b->chip.irqs[0], 1);

	/* Armed late: what is there already counts. */
	send_ipv4(b, 100, RVL_NO_SA);
	rvl_sim_run(b->chip.sim, 100000);
	rvl_queue_arm(rings);
	rvl_sim_run(b->chip.sim, 100000);
	assert_int_equal(b->chip.irqs[0], 2);

	control = b->chip.irqs[CHIP_CONTROL_VECTOR];
	assert_int_equal(rvl_dev_nop(b->chip.dev, NULL), 0);
	rvl_sim_run(b->chip.sim, 100000);
	assert_int_equal(b->chip.irqs[CHIP_CONTROL_VECTOR], control + 1);
	drain(b);
	teardown(b);
}

/* Where the chip finds it. */
static uint64_t buffer_address(const struct bench *b, const uint8_t *buffer)
{
	size_t offset = (size_t)(buffer - b->chip.arena.mem), half = b->chip.arena.size / 2;

	return offset >= half ? RVL_ARENA_HIGH + offset - half : RVL_ARENA_LOW + offset;
}

static void an_unreadable_frame_costs_that_frame_alone(void **state)
{
	const struct rvl_rootport_rule poison = {.fault = RVL_FAULT_POISONED, .times = 1};
	struct rvl_rootport_rule rule = poison;
	struct bench *b = setup();
	struct rvl_frame_queue *q = b->chip.queues[0];
	size_t room;
	unsigned int kind;

	(void)state;
	/* Reads of the frame's buffer only; the descriptor's ring lies elsewhere. */
	for (kind = RVL_FAULT_UNSUPPORTED; kind <= RVL_FAULT_POISONED; kind++) {
		if (kind == RVL_FAULT_RETRY)
			continue;
		rule.fault = (enum rvl_rootport_fault)kind;
		rule.addr = buffer_address(b, rvl_frame_queue_tx_buffer(q, &room));
		rule.size = 2000;
		rvl_rootport_clear_rules(rvl_sim_rootport(b->chip.sim));
		assert_int_equal(rvl_rootport_add_rule(rvl_sim_rootport(b->chip.sim), &rule), 0);
		send_ipv4(b, 1000, RVL_NO_SA);
		drain(b);
		send_ipv4(b, 1000, RVL_NO_SA);
		drain(b);
	}
	assert_int_equal(b->sink.wire, 3);
	assert_int_equal(rvl_frame_queue_tx_errors(q), 3);
	assert_int_equal(counter(b, RVL_CNT_TX_DROP_DMA), 3);
	assert_int_equal(counter(b, RVL_CNT_PCIE_READ_UR), 1);
	assert_int_equal(counter(b, RVL_CNT_PCIE_READ_CA), 1);
	assert_int_equal(counter(b, RVL_CNT_PCIE_READ_POISONED), 1);
	assert_null(rvl_dev_dead(b->chip.dev));
	teardown(b);
}

/* The next frame of queue pair 0 is read and its completion lost. */
static void lose_a_frame(struct bench *b)
{
	struct rvl_rootport_rule rule = {.fault = RVL_FAULT_LOST, .times = 1, .size = 2000};
	size_t room;

	rule.addr = buffer_address(b, rvl_frame_queue_tx_buffer(b->chip.queues[0], &room));
	assert_int_equal(rvl_rootport_add_rule(rvl_sim_rootport(b->chip.sim), &rule), 0);
	send_ipv4(b, 1000, RVL_NO_SA);
}

/* Reads are answered in order, so whoever waits for a command must have that much patience. */
static void a_command_waits_behind_a_lost_read_until_the_chip_gives_that_up(void **state)
{
	struct bench *b = setup();
	uint64_t start;

	(void)state;
	drain(b);
	lose_a_frame(b);
	rvl_sim_step(b->chip.sim, 1000);
	start = rvl_sim_cycle(b->chip.sim);
	assert_int_equal(rvl_dev_nop(b->chip.dev, NULL), 0);
	assert_in_range(rvl_sim_cycle(b->chip.sim) - start, READ_TIMEOUT - 2000,
			READ_TIMEOUT + READ_TIMEOUT / 10);
	assert_int_equal(counter(b, RVL_CNT_PCIE_READ_TIMEOUT), 1);
	assert_int_equal(counter(b, RVL_CNT_TX_DROP_DMA), 1);

	send_ipv4(b, 1000, RVL_NO_SA);
	drain(b);
	assert_int_equal(b->sink.wire, 1);
	assert_int_equal(rvl_frame_queue_tx_errors(b->chip.queues[0]), 1);
	teardown(b);
}

static void
what_a_device_counted_before_and_after_it_was_given_up_is_there_until_its_reset(void **state)
{
	struct bench *b = setup();
	uint64_t counters[RVL_CNT_NUM];

	(void)state;
	drain(b);
	send_ipv4(b, 1000, RVL_NO_SA);
	drain(b);
	lose_a_frame(b);
	rvl_sim_step(b->chip.sim, 1000);
	rvl_dev_set_command_timeout(b->chip.dev, READ_TIMEOUT / 2 / (1000000 / CHIP_NS_PER_CYCLE));
	assert_int_equal(rvl_dev_nop(b->chip.dev, NULL), -EIO);
	assert_non_null(rvl_dev_dead(b->chip.dev));

	assert_int_equal(rvl_dev_counters(b->chip.dev, counters), -EIO);
	assert_int_equal(rvl_dev_last_counters(b->chip.dev, counters), 0);
	assert_int_equal(counters[RVL_CNT_TX_FRAMES], 2);
	assert_int_equal(counters[RVL_CNT_TX_BYPASS], 1);
	assert_int_equal(counters[RVL_CNT_TX_DROP_DMA], 0);
	rvl_sim_step(b->chip.sim, READ_TIMEOUT);
	assert_int_equal(rvl_dev_last_counters(b->chip.dev, counters), 0);
	assert_int_equal(counters[RVL_CNT_TX_DROP_DMA], 1);
	assert_int_equal(counters[RVL_CNT_PCIE_READ_TIMEOUT], 1);

	assert_int_equal(rvl_sim_flr(b->chip.sim), 0);
	assert_int_equal(rvl_dev_last_counters(b->chip.dev, counters), -ENODEV);
	teardown(b);
}

static void an_unreadable_descriptor_stops_its_queue_with_an_event(void **state)
{
	const struct rvl_rootport_rule rule = {.fault = RVL_FAULT_UNSUPPORTED, .times = 1};
	const struct rvl_queue_options options = {.tx_log2 = QUEUE_LOG2, .rx_log2 = QUEUE_LOG2};
	struct bench *b = setup();
	struct rvl_dev_error err;
	struct rvl_dev_event event;

	(void)state;
	drain(b);
	assert_int_equal(rvl_rootport_add_rule(rvl_sim_rootport(b->chip.sim), &rule), 0);
	send_ipv4(b, 100, RVL_NO_SA);
	drain(b);
	assert_int_equal(b->sink.wire, 0);
	assert_int_equal(rvl_dev_next_event(b->chip.dev, &event), 1);
	assert_int_equal(event.type, RVL_EVENT_QUEUE_ERROR);
	assert_int_equal(event.index, 0);
	assert_false(event.source);

	/* Made anew, it works. */
	rvl_frame_queue_destroy(b->chip.queues[0]);
	b->chip.queues[0] = NULL;
	assert_null(rvl_dev_dead(b->chip.dev));
	assert_int_equal(rvl_frame_queue_create(&b->chip.os, b->chip.dev, 0, &options,
						&b->chip.queues[0], &err),
			 0);
	send_ipv4(b, 100, RVL_NO_SA);
	drain(b);
	assert_int_equal(b->sink.wire, 1);
	teardown(b);
}

static void a_function_level_reset_in_mid_traffic_erases_every_sa(void **state)
{
	struct bench *b = setup();
	struct rvl_sa_params out = some_sa(b, RVL_OUTBOUND);
	struct rvl_sa_params in = some_sa(b, RVL_INBOUND);
	struct rvl_dev_error err;
	unsigned int round;
	uint32_t seq = 1;

	(void)state;
	for (round = 0; round < 8; round++) {
		unsigned int i;

		assert_int_equal(add(b, &out, 11, &err), 0);
		assert_int_equal(add(b, &in, 12, &err), 0);
		b->sink.decrypted = 0;
		for (i = 0; i < 10; i++)
			put_esp(b, &in, seq++);
		drain(b);
		assert_int_equal(b->sink.decrypted, 10);

		for (i = 0; i < 20; i++) {
			send_ipv4(b, 1400, 11);
			put_esp(b, &in, seq++);
		}
		rvl_sim_step(b->chip.sim, 60 + 150 * round);
		assert_int_equal(rvl_sim_flr(b->chip.sim), 0);
		/* The driver notices, and takes the device anew. */
		assert_int_equal(rvl_dev_check(b->chip.dev), -EIO);
		chip_detach(&b->chip);
		rvl_sim_run(b->chip.sim, 100000);
		if (!chip_attach(&b->chip, QUEUE_LOG2))
			fail_msg("%s", b->chip.text);

		/* Its traffic is a stranger's now. First the receive descriptors are to be read. */
		drain(b);
		b->sink.decrypted = 0;
		b->sink.host = 0;
		put_esp(b, &in, seq++);
		drain(b);
		assert_int_equal(b->sink.host, 1);
		assert_int_equal(b->sink.decrypted, 0);
		assert_int_equal(b->sink.len, b->frame.len);
		assert_memory_equal(b->sink.frame, frame_data(&b->frame), b->frame.len);
		b->sink.wire = 0;
		send_ipv4(b, 100, 11);
		drain(b);
		assert_int_equal(b->sink.wire, 0);
		assert_int_equal(counter(b, RVL_CNT_TX_DROP_NO_SA), 1);
	}
	teardown(b);
}

static void an_sa_deleted_in_mid_traffic_ends_without_plaintext(void **state)
{
	struct bench *b = setup();
	struct rvl_sa_params out = some_sa(b, RVL_OUTBOUND);
	struct rvl_sa_params in = some_sa(b, RVL_INBOUND);
	struct rvl_dev_sa_stats stats;
	unsigned int round;

	(void)state;
	for (round = 0; round < 10; round++) {
		uint64_t protected = counter(b, RVL_CNT_TX_PROTECTED);
		uint64_t none = counter(b, RVL_CNT_TX_DROP_NO_SA);
		uint64_t decrypted = counter(b, RVL_CNT_RX_DECRYPTED);
		uint64_t missed = counter(b, RVL_CNT_RX_SA_MISS);
		unsigned int i;

		assert_int_equal(add(b, &out, 11, NULL), 0);
		assert_int_equal(add(b, &in, 12, NULL), 0);
		b->sink.wire = 0;
		for (i = 0; i < 20; i++) {
			send_ipv4(b, 1000, 11);
			put_esp(b, &in, i + 1);
		}
		rvl_sim_step(b->chip.sim, 100 + 60 * round);
		assert_int_equal(rvl_dev_sa_delete(b->chip.dev, false, 11, NULL), 0);
		assert_int_equal(rvl_dev_sa_delete(b->chip.dev, true, 12, NULL), 0);
		assert_int_equal(rvl_dev_sa_query(b->chip.dev, false, 11, &stats, NULL), -ENOENT);
		drain(b);
		protected = counter(b, RVL_CNT_TX_PROTECTED) - protected;
		none = counter(b, RVL_CNT_TX_DROP_NO_SA) - none;
		decrypted = counter(b, RVL_CNT_RX_DECRYPTED) - decrypted;
		missed = counter(b, RVL_CNT_RX_SA_MISS) - missed;
		assert_int_equal(protected + none, 20);
		assert_int_equal(decrypted + missed, 20);
		/* What left is what was protected: no frame more. */
		assert_int_equal(b->sink.wire, protected);
	}
	teardown(b);
}

/* Frames of queue pair 0 that the host knows as sent. */
static unsigned int completed(struct bench *b)
{
	return rvl_sim_read32(b->chip.sim, 0, RVL_REG_TX_HEAD(0));
}

static void frames_of_a_deleted_sa_never_leave_under_its_successor(void **state)
{
	struct bench *b = setup_slow_wire();
	struct rvl_sa_params old = plain_sa(b, RVL_OUTBOUND, 0x1111);
	struct rvl_sa_params new = plain_sa(b, RVL_OUTBOUND, 0x2222);
	struct rvl_sa_params other = plain_sa(b, RVL_OUTBOUND, 0x3333);
	unsigned int i;

	(void)state;
	b->sink.spi = 0x2222;
	assert_int_equal(add(b, &old, 5, NULL), 0);
	assert_int_equal(add(b, &other, 6, NULL), 0);
	for (i = 0; i < 112; i++)
		send_ipv4(b, 400, i < 90 ? 6 : 5);
	rvl_sim_step(b->chip.sim, 6000);
	/* Behind those of the other SA, frames of the old one are completed and wait. */
	assert_true(completed(b) > 90 && b->sink.wire < 80);
	assert_int_equal(rvl_dev_sa_delete(b->chip.dev, false, 5, NULL), 0);
	assert_int_equal(add(b, &new, 5, NULL), 0);
	drain(b);
	assert_int_equal(b->sink.own, 0);
	assert_int_equal(counter(b, RVL_CNT_TX_PROTECTED) + counter(b, RVL_CNT_TX_DROP_NO_SA), 112);
	send_ipv4(b, 400, 5);
	drain(b);
	assert_int_equal(b->sink.own, 1);
	teardown(b);
}

static void an_sa_takes_no_frames_completed_before_it_was_added(void **state)
{
	struct bench *b = setup_slow_wire();
	struct rvl_sa_params new = plain_sa(b, RVL_OUTBOUND, 0x2222);
	struct rvl_sa_params other = plain_sa(b, RVL_OUTBOUND, 0x3333);
	unsigned int i, then;

	(void)state;
	b->sink.spi = 0x2222;
	assert_int_equal(add(b, &other, 6, NULL), 0);
	for (i = 0; i < 112; i++)
		send_ipv4(b, 400, i < 90 ? 6 : 5);
	rvl_sim_step(b->chip.sim, 6000);
	then = completed(b);
	assert_true(then > 90 && b->sink.wire < 80);
	assert_int_equal(add(b, &new, 5, NULL), 0);
	drain(b);
	assert_true(b->sink.own <= 112 - then);
	teardown(b);
}

static void a_frame_completed_is_judged_by_the_policies_of_its_time(void **state)
{
	const struct rvl_dev_policy discard = {
		.action = RVL_POLICY_ACTION_DISCARD,
		.any_proto = true,
		.sport_hi = 65535,
		.dport_hi = 65535,
	};
	struct rvl_dev_policy protect = discard;
	struct bench *b = setup_slow_wire();
	struct rvl_sa_params sa = plain_sa(b, RVL_OUTBOUND, 0x1111);
	unsigned int i, then;
	uint32_t index = 1;

	(void)state;
	protect.action = RVL_POLICY_ACTION_PROTECT;
	protect.sa = 5;
	b->sink.spi = 0x1111;
	assert_int_equal(add(b, &sa, 5, NULL), 0);
	assert_int_equal(rvl_dev_policy_set(b->chip.dev, &protect, &index, NULL), 0);
	for (i = 0; i < 200; i++)
		send_ipv4(b, 400, RVL_NO_SA);
	rvl_sim_step(b->chip.sim, 6000);
	then = completed(b);
	assert_true(then > b->sink.wire + 60);
	assert_int_equal(rvl_dev_policy_clear(b->chip.dev, index, NULL), 0);
	drain(b);
	assert_int_equal(b->sink.wire, 200);
	assert_true(b->sink.own >= then);

	b->sink.wire = 0;
	then = completed(b);
	for (i = 0; i < 200; i++)
		send_ipv4(b, 400, RVL_NO_SA);
	rvl_sim_step(b->chip.sim, 6000);
	then = (completed(b) - then) & 0xffff;
	assert_true(then > b->sink.wire + 60);
	assert_int_equal(rvl_dev_policy_set(b->chip.dev, &discard, &index, NULL), 0);
	drain(b);
	assert_true(b->sink.wire >= then);
	teardown(b);
}

static void what_a_deleted_sa_decrypted_is_there_when_it_is_gone(void **state)
{
	struct bench *b = setup_with(NULL, MANY_LOG2);
	struct rvl_sa_params sa = plain_sa(b, RVL_INBOUND, 0x1111);
	struct rvl_rootport_policy slow = RVL_ROOTPORT_POLICY_DEFAULT;
	unsigned int then;
	uint32_t i;

	(void)state;
	drain(b);
	assert_int_equal(add(b, &sa, 5, NULL), 0);
	slow.write_stall_percent = 95;
	slow.stall_cycles = 60;
	rvl_rootport_set_policy(rvl_sim_rootport(b->chip.sim), &slow);
	for (i = 1; i <= 120; i++)
		put_esp(b, &sa, i);
	rvl_sim_step(b->chip.sim, 200);
	assert_true(chip_step(&b->chip, 0));
	assert_true(b->sink.decrypted < 60);
	assert_int_equal(rvl_dev_sa_delete(b->chip.dev, true, 5, NULL), 0);
	assert_true(chip_step(&b->chip, 0));
	then = b->sink.decrypted;
	assert_true(then >= 60);
	drain(b);
	assert_int_equal(b->sink.decrypted, then);
	teardown(b);
}

static void a_reset_erases_keys_while_the_wire_is_dead(void **state)
{
	struct rvl_sim_options options = RVL_SIM_OPTIONS_DEFAULT;
	struct rvl_sa_params sa;
	unsigned int i, flr;
	struct bench *b;

	(void)state;
	options.wire_idle_percent = 100;
	for (flr = 0; flr < 2; flr++) {
		b = setup_with(&options, QUEUE_LOG2);
		sa = plain_sa(b, RVL_OUTBOUND, 0x1111);
		assert_int_equal(add(b, &sa, 5, NULL), 0);
		for (i = 0; i < 8; i++)
			send_ipv4(b, 400, 5);
		rvl_sim_step(b->chip.sim, 5000);
		assert_true(rvl_sim_holds(b->chip.sim, sa.encr_key, 16));
		if (flr) {
			assert_int_equal(rvl_sim_flr(b->chip.sim), 0);
		} else {
			rvl_sim_write32(b->chip.sim, 0, RVL_REG_CONTROL, RVL_CONTROL_RESET_MASK);
			rvl_sim_step(b->chip.sim, 20000);
		}
		assert_false(rvl_sim_holds(b->chip.sim, sa.encr_key, 16));
		assert_int_equal(b->sink.wire, 0);
		teardown(b);
	}
}

static void rings_of_every_size_work(void **state)
{
	struct bench *b = setup();
	uint8_t log2;

	(void)state;
	for (log2 = RVL_RING_LOG2_MIN; log2 < 9; log2++) {
		unsigned int i;

		chip_detach(&b->chip);
		if (!chip_attach(&b->chip, log2))
			fail_msg("%s", b->chip.text);
		b->sink.wire = 0;
		for (i = 0; i < 3U << log2; i++) {
			send_ipv4(b, 50, RVL_NO_SA);
			if (!rvl_queue_tx_room(rvl_frame_queue_rings(b->chip.queues[0])))
				drain(b);
		}
		drain(b);
		assert_int_equal(b->sink.wire, 3U << log2);
	}
	teardown(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_are_those_of_the_rtl),
		cmocka_unit_test(what_is_wrong_with_an_sa_is_named),
		cmocka_unit_test(what_is_wrong_with_a_policy_is_named),
		cmocka_unit_test(what_an_sa_does_not_select_is_dropped_and_told),
		cmocka_unit_test(an_armed_queue_interrupts_once),
		cmocka_unit_test(an_unreadable_frame_costs_that_frame_alone),
		cmocka_unit_test(a_command_waits_behind_a_lost_read_until_the_chip_gives_that_up),
		cmocka_unit_test(
			what_a_device_counted_before_and_after_it_was_given_up_is_there_until_its_reset),
		cmocka_unit_test(an_unreadable_descriptor_stops_its_queue_with_an_event),
		cmocka_unit_test(a_function_level_reset_in_mid_traffic_erases_every_sa),
		cmocka_unit_test(an_sa_deleted_in_mid_traffic_ends_without_plaintext),
		cmocka_unit_test(frames_of_a_deleted_sa_never_leave_under_its_successor),
		cmocka_unit_test(an_sa_takes_no_frames_completed_before_it_was_added),
		cmocka_unit_test(a_frame_completed_is_judged_by_the_policies_of_its_time),
		cmocka_unit_test(what_a_deleted_sa_decrypted_is_there_when_it_is_gone),
		cmocka_unit_test(a_reset_erases_keys_while_the_wire_is_dead),
		cmocka_unit_test(rings_of_every_size_work),
	};

	return cmocka_run_group_tests_name("driver on the chip", tests, NULL, NULL);
}
