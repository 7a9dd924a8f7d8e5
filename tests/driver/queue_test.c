/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queue pairs of the driver core against a device that lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "driver/user/rvl_frame_queue.h"
#include "tests/driver/attacker.h"

#define LOG2 4
#define SIZE (1U << LOG2)

struct bench {
	struct attacker a;
	struct rvl_dev *dev;
	struct rvl_queue *queue;
	unsigned int completions; /* written by the attacker */
};

static void setup(struct bench *b)
{
	const struct rvl_queue_options options = {.tx_log2 = LOG2, .rx_log2 = LOG2, .vector = 3};
	struct rvl_dev_error err = {""};

	memset(b, 0, sizeof(*b));
	attacker_init(&b->a, 1);
	b->a.regs[RVL_REG_Q_STATUS(2) / 4] = RVL_Q_STATUS_IDLE_MASK;
	assert_int_equal(rvl_dev_open(&b->a.os, NULL, &b->dev, &err), 0);
	assert_int_equal(rvl_queue_create(b->dev, 2, &options, &b->queue, &err), 0);
}

static void teardown(struct bench *b)
{
	rvl_queue_destroy(b->queue);
	rvl_dev_close(b->dev);
	assert_int_equal(b->a.live, 0);
}

static void complete(struct bench *b, struct rvl_cq_entry e)
{
	struct rvl_cq_entry *ring = attacker_ring(&b->a, RVL_REG_CQ_BASE_LO(2));
	unsigned int size = 1U << b->a.regs[RVL_REG_CQ_SIZE(2) / 4];

	e.phase = b->completions / size % 2 ? 0 : RVL_PHASE_PASS;
	ring[b->completions++ % size] = e;
}

/* Three frames and three buffers of 1,000 octets are with the device. */
static void post(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(rvl_queue_tx(b->queue, 0x1000, 100, RVL_NO_SA, b), 0);
		assert_int_equal(rvl_queue_rx(b->queue, 0x2000, 1000, b), 0);
	}
	rvl_queue_kick(b->queue);
}

static void rings_go_around_their_16_bit_pointers(void **state)
{
	struct rvl_completion c[4];
	struct bench b;
	uint16_t n;
	unsigned int i;
	uintptr_t cookie = 1;

	(void)state;
	setup(&b);
	for (i = 0; i < 150000; i++, cookie++) {
		n = (uint16_t)i;
		assert_int_equal(rvl_queue_tx(b.queue, 0x1000, 100, 15, (void *)cookie), 0);
		assert_int_equal(rvl_queue_rx(b.queue, 0x1000, 100, (void *)~cookie), 0);
		rvl_queue_kick(b.queue);
		assert_int_equal(b.a.regs[RVL_REG_TX_TAIL(2) / 4], (uint16_t)(n + 1));
		assert_int_equal(rvl_queue_poll(b.queue, c, 4), 0);
		complete(&b, (struct rvl_cq_entry){.type = RVL_CQ_TYPE_TX,
						   .index = rvl_cpu_to_le16(n)});
		complete(&b, (struct rvl_cq_entry){.type = RVL_CQ_TYPE_RX,
						   .index = rvl_cpu_to_le16(n),
						   .len = rvl_cpu_to_le32(64),
						   .flags = rvl_cpu_to_le32(3),
						   .sa = rvl_cpu_to_le24(7)});
		assert_int_equal(rvl_queue_poll(b.queue, c, 4), 2);
		assert_true(!c[0].rx && c[0].cookie == (void *)cookie);
		assert_true(c[1].rx && c[1].cookie == (void *)~cookie);
		assert_true(c[1].decrypted && c[1].udp && c[1].sa == 7 && c[1].len == 64);
		rvl_queue_kick(b.queue);
		assert_int_equal(b.a.regs[RVL_REG_CQ_HEAD(2) / 4], (uint16_t)(2 * (n + 1)));
	}
	teardown(&b);
}

static void a_full_ring_takes_no_more(void **state)
{
	struct bench b;
	unsigned int i;

	(void)state;
	setup(&b);
	for (i = 0; i < SIZE; i++) {
		assert_int_equal(rvl_queue_tx_room(b.queue), SIZE - i);
		assert_int_equal(rvl_queue_tx(b.queue, 0, 14, RVL_NO_SA, NULL), 0);
		assert_int_equal(rvl_queue_rx(b.queue, 0, 14, NULL), 0);
	}
	assert_int_equal(rvl_queue_tx(b.queue, 0, 14, RVL_NO_SA, NULL), -ENOSPC);
	assert_int_equal(rvl_queue_rx(b.queue, 0, 14, NULL), -ENOSPC);
	teardown(&b);
}

static void a_descriptor_that_the_device_would_refuse_is_not_queued(void **state)
{
	struct bench b;

	(void)state;
	setup(&b);
	assert_int_equal(rvl_queue_tx(b.queue, 0, 13, RVL_NO_SA, NULL), -EINVAL);
	assert_int_equal(rvl_queue_tx(b.queue, 0, 9235, RVL_NO_SA, NULL), -EINVAL);
	assert_int_equal(rvl_queue_tx(b.queue, 0, 100, 16, NULL), -EINVAL);
	assert_int_equal(rvl_queue_rx(b.queue, 0, 13, NULL), -EINVAL);
	assert_int_equal(rvl_queue_tx_room(b.queue), SIZE);
	teardown(&b);
}

/* Each kind of ring has a limit of its own, and a completion ring holds those of both. */
static void a_ring_beyond_the_devices_is_refused_by_name(void **state)
{
	static const struct {
		uint8_t tx_max, rx_max, cq_max, tx, rx;
		const char *word; /* NULL: fits */
	} cases[] = {
		{6, 9, 10, 6, 9, NULL},		 {6, 9, 10, 7, 6, "tx_log2 is 7"},
		{9, 6, 10, 9, 6, NULL},		 {9, 6, 10, 6, 7, "rx_log2 is 7"},
		{9, 9, 7, 6, 6, NULL},		 {9, 9, 7, 7, 6, "tx_log2 is 7"},
		{9, 9, 7, 6, 7, "rx_log2 is 7"}, {9, 9, 10, 2, 6, "tx_log2 is 2"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rvl_queue_options options = {.tx_log2 = cases[i].tx,
							  .rx_log2 = cases[i].rx};
		struct rvl_dev_error err = {""};
		struct rvl_queue *queue;
		struct attacker a;
		struct rvl_dev *dev;
		int ret;

		attacker_init(&a, 1);
		a.regs[RVL_REG_Q_STATUS(0) / 4] = RVL_Q_STATUS_IDLE_MASK;
		a.regs[RVL_REG_RINGS / 4] = RVL_PUT(RINGS_TX_LOG2_MAX, cases[i].tx_max) |
					    RVL_PUT(RINGS_RX_LOG2_MAX, cases[i].rx_max) |
					    RVL_PUT(RINGS_CQ_LOG2_MAX, cases[i].cq_max);
		assert_int_equal(rvl_dev_open(&a.os, NULL, &dev, &err), 0);
		ret = rvl_queue_create(dev, 0, &options, &queue, &err);
		assert_int_equal(ret, cases[i].word ? -EINVAL : 0);
		if (cases[i].word)
			assert_non_null(strstr(err.text, cases[i].word));
		rvl_queue_destroy(queue);
		rvl_dev_close(dev);
		assert_int_equal(a.live, 0);
	}
}

static void an_impossible_completion_kills_the_device(void **state)
{
	static const struct {
		struct rvl_cq_entry entry;
		const char *word;
	} lies[] = {
		{{.type = 0}, "type 0"},
		{{.type = 3}, "type 3"},
		{{.type = RVL_CQ_TYPE_TX, .index = 1}, "transmit descriptor 1"},
		{{.type = RVL_CQ_TYPE_TX, .index = 0xffff}, "transmit descriptor 65535"},
		{{.type = RVL_CQ_TYPE_RX, .index = 16, .len = 64}, "receive descriptor 16"},
		{{.type = RVL_CQ_TYPE_TX, .status = 4}, "status 4"},
		{{.type = RVL_CQ_TYPE_RX, .len = 1001}, "1001 octets"},
		{{.type = RVL_CQ_TYPE_RX, .len = 0xffff}, "65535 octets"},
		{{.type = RVL_CQ_TYPE_RX, .len = 0x10040}, "65600 octets"},
		{{.type = RVL_CQ_TYPE_RX, .len = 13}, "13 octets"},
		{{.type = RVL_CQ_TYPE_RX, .len = 64, .flags = 1, .sa = {{8}}}, "SA 8"},
		{{.type = RVL_CQ_TYPE_RX, .len = 64, .flags = 1, .sa = {{0, 0, 1}}}, "SA 65536"},
	};
	struct rvl_completion c[4];
	struct bench b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		setup(&b);
		post(&b);
		complete(&b, lies[i].entry);
		assert_int_equal(rvl_queue_poll(b.queue, c, 4), -EIO);
		if (!strstr(rvl_dev_dead(b.dev), lies[i].word))
			fail_msg("\"%s\" does not say %s", rvl_dev_dead(b.dev), lies[i].word);
		assert_int_equal(rvl_queue_poll(b.queue, c, 4), -EIO);
		teardown(&b);
	}
}

static void more_completions_than_descriptors_kill_the_device(void **state)
{
	struct rvl_completion c[8];
	struct bench b;
	uint16_t i;

	(void)state;
	setup(&b);
	post(&b);
	for (i = 0; i < 4; i++)
		complete(&b, (struct rvl_cq_entry){.type = RVL_CQ_TYPE_TX,
						   .index = rvl_cpu_to_le16(i)});
	/* Those that were good come back first. */
	assert_int_equal(rvl_queue_poll(b.queue, c, 8), 3);
	assert_int_equal(rvl_queue_poll(b.queue, c, 8), -EIO);
	teardown(&b);
}

static void a_completion_of_what_was_not_announced_kills_the_device(void **state)
{
	struct rvl_completion c[8];
	struct bench b;

	(void)state;
	setup(&b);
	assert_int_equal(rvl_queue_tx(b.queue, 0x1000, 100, RVL_NO_SA, NULL), 0);
	complete(&b, (struct rvl_cq_entry){.type = RVL_CQ_TYPE_TX});
	assert_int_equal(rvl_queue_poll(b.queue, c, 8), -EIO);
	teardown(&b);
}

static void an_entry_of_the_last_pass_is_not_taken_again(void **state)
{
	struct rvl_completion c[64];
	struct bench b;
	unsigned int i;

	(void)state;
	setup(&b);
	for (i = 0; i < 2 * SIZE; i++) {
		assert_int_equal(rvl_queue_tx(b.queue, 0, 14, RVL_NO_SA, NULL), 0);
		rvl_queue_kick(b.queue);
		complete(&b, (struct rvl_cq_entry){.type = RVL_CQ_TYPE_TX,
						   .index = rvl_cpu_to_le16((uint16_t)i)});
		assert_int_equal(rvl_queue_poll(b.queue, c, 64), 1);
	}
	assert_int_equal(rvl_queue_poll(b.queue, c, 64), 0);
	teardown(&b);
}

static void a_failed_receive_has_no_length(void **state)
{
	struct rvl_completion c[4];
	struct bench b;

	(void)state;
	setup(&b);
	post(&b);
	complete(&b, (struct rvl_cq_entry){.type = RVL_CQ_TYPE_RX,
					   .status = RVL_CQ_STATUS_DMA_ERROR,
					   .len = 0xffff,
					   .flags = 1,
					   .sa = rvl_cpu_to_le24(0xffffff)});
	assert_int_equal(rvl_queue_poll(b.queue, c, 4), 1);
	assert_true(c[0].rx && !c[0].decrypted && !c[0].len && c[0].sa == RVL_NO_SA);
	assert_null(rvl_dev_dead(b.dev));
	teardown(&b);
}

static void an_armed_queue_stays_armed_until_a_completion(void **state)
{
	struct rvl_completion c[4];
	struct bench b;
	uint32_t *head;

	(void)state;
	setup(&b);
	head = &b.a.regs[RVL_REG_CQ_HEAD(2) / 4];
	post(&b);
	complete(&b, (struct rvl_cq_entry){.type = RVL_CQ_TYPE_TX});
	assert_int_equal(rvl_queue_poll(b.queue, c, 4), 1);
	rvl_queue_arm(b.queue);
	assert_int_equal(*head, RVL_CQ_HEAD_ARM_MASK | 1);
	rvl_queue_kick(b.queue);
	assert_int_equal(*head, RVL_CQ_HEAD_ARM_MASK | 1);
	complete(&b, (struct rvl_cq_entry){.type = RVL_CQ_TYPE_TX, .index = rvl_cpu_to_le16(1)});
	assert_int_equal(rvl_queue_poll(b.queue, c, 4), 1);
	rvl_queue_kick(b.queue);
	assert_int_equal(*head, 2);
	teardown(&b);
}

static void rings_of_a_queue_that_does_not_stop_are_kept_until_close(void **state)
{
	struct bench b;
	unsigned int live;

	(void)state;
	setup(&b);
	live = b.a.live;
	b.a.regs[RVL_REG_Q_STATUS(2) / 4] = 0;
	assert_int_equal(rvl_queue_destroy(b.queue), -EIO);
	assert_non_null(strstr(rvl_dev_dead(b.dev), "queue pair 2 did not stop"));
	assert_int_equal(b.a.live, live);
	assert_false(b.a.dma_off);
	b.a.regs[RVL_REG_STATUS / 4] = 0;
	rvl_dev_close(b.dev);
	assert_true(b.a.dma_off);
	assert_int_equal(b.a.live, 0);
}

static void options_beyond_the_device_are_refused_by_name(void **state)
{
	static const struct {
		unsigned int number;
		struct rvl_queue_options options;
		int code;
		const char *word;
	} bad[] = {
		{4, {.tx_log2 = LOG2, .rx_log2 = LOG2, .vector = 0}, -EINVAL, "queue pair 4"},
		{0, {.tx_log2 = 2, .rx_log2 = LOG2, .vector = 0}, -EINVAL, "tx_log2"},
		{0, {.tx_log2 = LOG2, .rx_log2 = 10, .vector = 0}, -EINVAL, "rx_log2"},
		{0, {.tx_log2 = LOG2, .rx_log2 = LOG2, .vector = 5}, -EINVAL, "vector 5"},
		{2, {.tx_log2 = LOG2, .rx_log2 = LOG2, .vector = 0}, -EBUSY, "in use"},
	};
	struct rvl_dev_error err;
	struct rvl_queue *queue;
	struct bench b;
	size_t i;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			rvl_queue_create(b.dev, bad[i].number, &bad[i].options, &queue, &err),
			bad[i].code);
		assert_null(queue);
		assert_non_null(strstr(err.text, bad[i].word));
	}
	teardown(&b);
}

static void count_frame(void *ctx, uint8_t *frame, const struct rvl_completion *c)
{
	(void)frame;
	*(unsigned int *)ctx += c->len;
}

static void frame_buffers_go_back_to_the_device(void **state)
{
	const struct rvl_queue_options options = {.tx_log2 = LOG2, .rx_log2 = LOG2};
	struct rvl_dev_error err = {""};
	struct rvl_frame_queue *q;
	struct bench b;
	unsigned int octets = 0;
	uint8_t frame[60] = {1};
	unsigned int i;

	(void)state;
	setup(&b);
	assert_int_equal(rvl_queue_destroy(b.queue), 0);
	b.queue = NULL;
	assert_int_equal(rvl_frame_queue_create(&b.a.os, b.dev, 2, &options, &q, &err), 0);
	assert_int_equal(b.a.regs[RVL_REG_RX_TAIL(2) / 4], SIZE);
	for (i = 0; i < 100; i++) {
		struct rvl_tx_desc *desc = attacker_ring(&b.a, RVL_REG_TX_BASE_LO(2));
		const uint8_t *sent;

		frame[0] = (uint8_t)i;
		assert_int_equal(rvl_frame_queue_send(q, frame, sizeof(frame), RVL_NO_SA), 0);
		rvl_queue_kick(rvl_frame_queue_rings(q));
		sent = attacker_mem(&b.a, rvl_le64_to_cpu(desc[i % SIZE].addr), sizeof(frame));
		assert_memory_equal(sent, frame, sizeof(frame));
		complete(&b, (struct rvl_cq_entry){.type = RVL_CQ_TYPE_TX,
						   .status = i % 2,
						   .index = rvl_cpu_to_le16((uint16_t)i)});
		complete(&b, (struct rvl_cq_entry){.type = RVL_CQ_TYPE_RX,
						   .index = rvl_cpu_to_le16((uint16_t)i),
						   .len = rvl_cpu_to_le32(100)});
		assert_int_equal(rvl_frame_queue_poll(q, 64, count_frame, &octets), 2);
		assert_int_equal(rvl_queue_rx_room(rvl_frame_queue_rings(q)), 0);
	}
	assert_int_equal(octets, 10000);
	assert_int_equal(rvl_frame_queue_tx_errors(q), 50);
	assert_int_equal(rvl_frame_queue_send(q, frame, 13, RVL_NO_SA), -EINVAL);
	assert_int_equal(rvl_frame_queue_send(q, frame, 9235, RVL_NO_SA), -EINVAL);
	rvl_frame_queue_destroy(q);
	teardown(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rings_go_around_their_16_bit_pointers),
		cmocka_unit_test(a_full_ring_takes_no_more),
		cmocka_unit_test(a_descriptor_that_the_device_would_refuse_is_not_queued),
		cmocka_unit_test(a_ring_beyond_the_devices_is_refused_by_name),
		cmocka_unit_test(an_impossible_completion_kills_the_device),
		cmocka_unit_test(more_completions_than_descriptors_kill_the_device),
		cmocka_unit_test(a_completion_of_what_was_not_announced_kills_the_device),
		cmocka_unit_test(an_entry_of_the_last_pass_is_not_taken_again),
		cmocka_unit_test(a_failed_receive_has_no_length),
		cmocka_unit_test(an_armed_queue_stays_armed_until_a_completion),
		cmocka_unit_test(rings_of_a_queue_that_does_not_stop_are_kept_until_close),
		cmocka_unit_test(options_beyond_the_device_are_refused_by_name),
		cmocka_unit_test(frame_buffers_go_back_to_the_device),
	};

	return cmocka_run_group_tests_name("driver queues", tests, NULL, NULL);
}
