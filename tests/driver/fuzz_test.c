/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver core against a device that writes random bits into registers and memory at random
 * moments: no crash, no access outside (the sanitizers watch), no wait without end, and nothing out
 * of range is ever handed on.
 *
 * usage: driver_fuzz_test [seed=N] [runs=N]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/driver/attacker.h"

#define STEPS 300
#define BUFFER 2048
#define OPEN_QUEUES 4

static uint64_t first_seed = 1;
static unsigned int runs = 20000;
static uint64_t seed_now;

#define check(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("seed=%llu: %s", (unsigned long long)seed_now, #condition);       \
	} while (0)

static uint32_t pick(struct attacker *a, uint32_t n)
{
	return (uint32_t)(attacker_random(a) % n);
}

/* What the device has done so far, so that most of what it says can be right. */
struct plan {
	unsigned int malice; /* one in so many things it says is random */
	uint16_t tx_done[RVL_QP_MAX];
	uint16_t rx_done[RVL_QP_MAX];
	uint16_t cq_done[RVL_QP_MAX];
	uint16_t cmd_done;
	uint16_t evt_done;
};

static bool lie(struct attacker *a)
{
	return !pick(a, ((struct plan *)a->plan)->malice);
}

static uint32_t phase(uint16_t pointer, uint32_t log2)
{
	return rvl_cpu_to_le32((pointer >> (log2 & 15) & 1) ? 0 : 1U << 31);
}

static void complete_descriptor(struct attacker *a)
{
	struct plan *plan = a->plan;
	unsigned int q = pick(a, OPEN_QUEUES);
	bool rx = pick(a, 2);
	uint16_t *done = rx ? &plan->rx_done[q] : &plan->tx_done[q];
	uint32_t tail = a->regs[(rx ? RVL_REG_RX_TAIL(q) : RVL_REG_TX_TAIL(q)) / 4];
	struct rvl_cq_entry *cq = attacker_ring(a, RVL_REG_CQ_BASE_LO(q));
	uint32_t log2 = a->regs[RVL_REG_CQ_SIZE(q) / 4];

	if (!cq || log2 != 5 || ((uint16_t)tail == *done && !lie(a)))
		return;
	cq[plan->cq_done[q] % 32] = (struct rvl_cq_entry){
		.type = lie(a) ? (uint8_t)pick(a, 4)
			: rx   ? RVL_CQ_TYPE_RX
			       : RVL_CQ_TYPE_TX,
		.status = lie(a) ? (uint8_t)pick(a, 5) : 0,
		.index = rvl_cpu_to_le16(lie(a) ? (uint16_t)attacker_random(a) : *done),
		.len = rvl_cpu_to_le16(
			(uint16_t)(lie(a) ? pick(a, 65536) : 14 + pick(a, BUFFER - 13))),
		.flags = rvl_cpu_to_le16((uint16_t)pick(a, 4)),
		.sa = rvl_cpu_to_le16((uint16_t)(lie(a) ? pick(a, 65536) : pick(a, 8))),
		.phase = phase(plan->cq_done[q], log2),
	};
	plan->cq_done[q]++;
	(*done)++;
}

static void complete_command(struct attacker *a)
{
	struct plan *plan = a->plan;
	struct rvl_cmd *cmd = attacker_ring(a, RVL_REG_CMD_BASE_LO);
	struct rvl_cmd_cpl *cpl = attacker_ring(a, RVL_REG_CMD_CPL_BASE_LO);
	unsigned int at = plan->cmd_done % 16;

	if (!cmd || !cpl || (uint16_t)a->regs[RVL_REG_CMD_TAIL / 4] == plan->cmd_done || lie(a))
		return;
	cpl[at].opcode = lie(a) ? (uint8_t)attacker_random(a) : cmd[at].opcode;
	cpl[at].tag = lie(a) ? (uint16_t)attacker_random(a) : cmd[at].tag;
	cpl[at].status = pick(a, 4) ? 0 : (uint8_t)pick(a, lie(a) ? 256 : 17);
	cpl[at].phase = phase(plan->cmd_done, 4);
	plan->cmd_done++;
}

static void raise_event(struct attacker *a)
{
	struct plan *plan = a->plan;
	struct rvl_event *ring = attacker_ring(a, RVL_REG_EVT_BASE_LO);

	if (!ring || a->regs[RVL_REG_EVT_SIZE / 4] != 8)
		return;
	ring[plan->evt_done % 256] = (struct rvl_event){
		.type = (uint8_t)pick(a, 9),
		.source = lie(a) ? (uint8_t)attacker_random(a) : (uint8_t)pick(a, 2),
		.index = rvl_cpu_to_le16((uint16_t)(lie(a) ? pick(a, 65536) : pick(a, 4))),
		.number = rvl_cpu_to_le32(lie(a) ? (uint32_t)attacker_random(a) : plan->evt_done),
		.phase = phase(plan->evt_done, 8),
	};
	plan->evt_done++;
}

static void act(struct attacker *a)
{
	if (lie(a)) {
		if (pick(a, 2))
			attacker_scribble(a, pick(a, 64));
		else
			a->regs[pick(a, 0x100) + (pick(a, 2) ? 0x1000 / 4 : 0)] =
				(uint32_t)attacker_random(a);
		if (!pick(a, 50))
			attacker_unplug(a);
	}
	complete_descriptor(a);
	complete_command(a);
	if (!pick(a, 16))
		raise_event(a);
}

static void on_write(struct attacker *a, uint32_t offset, uint32_t value)
{
	struct plan *plan = a->plan;
	unsigned int q;

	for (q = 0; q < RVL_QP_MAX; q++) {
		if (offset != RVL_REG_Q_CONTROL(q))
			continue;
		plan->tx_done[q] = 0;
		plan->rx_done[q] = 0;
		plan->cq_done[q] = 0;
		a->regs[RVL_REG_TX_TAIL(q) / 4] = 0;
		a->regs[RVL_REG_RX_TAIL(q) / 4] = 0;
		a->regs[RVL_REG_Q_STATUS(q) / 4] = value ? 0 : RVL_Q_STATUS_IDLE_MASK;
	}
	act(a);
}

static void poll_queue(const struct rvl_dev *dev, struct rvl_queue *queue)
{
	unsigned int sas = rvl_dev_caps(dev)->inbound_sas;
	struct rvl_completion c[8];
	int n = rvl_queue_poll(queue, c, 8);
	int i;

	check(n <= 8);
	for (i = 0; i < n; i++) {
		check(c[i].status <= RVL_CQ_STATUS_DMA_ERROR);
		check(c[i].cookie == (c[i].rx ? (void *)2 : (void *)1));
		check(c[i].len <= BUFFER);
		check(c[i].decrypted ? c[i].sa < sas : c[i].sa == RVL_NO_SA);
	}
}

static void step(struct attacker *a, struct rvl_dev *dev, struct rvl_queue **queues)
{
	const struct rvl_queue_options options = {.tx_log2 = 4, .rx_log2 = 4};
	struct rvl_dev_sa sa = {.inbound = pick(a, 2), .key_len = 16, .spi = 256, .window = 64};
	struct rvl_dev_policy policy = {.action = RVL_POLICY_ACTION_DISCARD};
	const struct rvl_dev_caps *caps = rvl_dev_caps(dev);
	unsigned int q = pick(a, OPEN_QUEUES);
	struct rvl_dev_sa_stats stats;
	struct rvl_dev_event event;
	uint64_t counters[RVL_CNT_NUM];
	uint16_t index = RVL_INDEX_ANY;

	act(a);
	switch (pick(a, 14)) {
	case 0:
		if (!queues[q])
			rvl_queue_create(dev, q, &options, &queues[q], NULL);
		break;
	case 1:
		if (!pick(a, 8)) {
			rvl_queue_destroy(queues[q]);
			queues[q] = NULL;
		}
		break;
	case 2:
		if (!rvl_dev_sa_add(dev, &sa, &index, NULL))
			check(index < (sa.inbound ? caps->inbound_sas : caps->outbound_sas));
		break;
	case 3:
		rvl_dev_sa_delete(dev, sa.inbound, (uint16_t)pick(a, 20), NULL);
		break;
	case 4:
		rvl_dev_sa_query(dev, sa.inbound, (uint16_t)pick(a, 20), &stats, NULL);
		break;
	case 5:
		if (!rvl_dev_policy_set(dev, &policy, &index, NULL))
			check(index < caps->policies);
		break;
	case 6:
		if (rvl_dev_next_event(dev, &event) == 1)
			check(rvl_event_name(event.type) && (event.index < caps->inbound_sas ||
							     event.index < caps->outbound_sas ||
							     event.index < caps->queue_pairs));
		break;
	case 7:
		if (!pick(a, 20))
			rvl_dev_counters(dev, counters);
		break;
	case 8:
		rvl_dev_policy_clear(dev, (uint16_t)pick(a, 5), NULL);
		break;
	default:
		if (!queues[q])
			break;
		rvl_queue_tx(queues[q], 0x1000, 100, RVL_NO_SA, (void *)1);
		rvl_queue_rx(queues[q], 0x1000, BUFFER, (void *)2);
		rvl_queue_kick(queues[q]);
		poll_queue(dev, queues[q]);
		if (pick(a, 2))
			rvl_queue_arm(queues[q]);
		break;
	}
}

static void random_devices_neither_crash_nor_hang_the_driver(void **state)
{
	struct rvl_queue *queues[OPEN_QUEUES];
	struct rvl_dev_error err;
	struct attacker a;
	struct plan plan;
	struct rvl_dev *dev;
	unsigned int alive = 0;
	unsigned int run, i;

	(void)state;
	for (run = 0; run < runs; run++) {
		seed_now = first_seed + run;
		attacker_init(&a, seed_now);
		memset(queues, 0, sizeof(queues));
		memset(&plan, 0, sizeof(plan));
		plan.malice = 2U << pick(&a, 12);
		a.plan = &plan;
		/* Now and then the probe too meets random registers. */
		if (!pick(&a, 4))
			a.regs[pick(&a, 0x10)] ^= 1U << pick(&a, 32);
		if (!rvl_dev_open(&a.os, NULL, &dev, &err)) {
			a.on_write = on_write;
			a.on_wait = act;
			for (i = 0; i < STEPS; i++)
				step(&a, dev, queues);
			alive += !rvl_dev_dead(dev);
			for (i = 0; i < OPEN_QUEUES; i += 2)
				rvl_queue_destroy(queues[i]);
			rvl_dev_close(dev);
		} else {
			check(strlen(err.text) > 10);
		}
		check(a.live == 0);
		/* Each wait is bounded by 10 s, and a dead device isn't waited for. */
		check(a.waits < 60000);
		attacker_fini(&a);
	}
	print_message("# %u runs from seed=%llu, %u devices alive at the end\n", runs,
		      (unsigned long long)first_seed, alive);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_devices_neither_crash_nor_hang_the_driver),
	};
	int i;

	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "seed=", 5))
			first_seed = strtoull(argv[i] + 5, NULL, 0);
		else if (!strncmp(argv[i], "runs=", 5))
			runs = (unsigned int)strtoul(argv[i] + 5, NULL, 0);
	}
	return cmocka_run_group_tests_name("driver fuzz", tests, NULL, NULL);
}
