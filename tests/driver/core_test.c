/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probe, commands and events of the driver core against a device that lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/driver/attacker.h"

static struct rvl_dev *open_ok(struct attacker *a)
{
	struct rvl_dev_error err = {""};
	struct rvl_dev *dev;

	assert_int_equal(rvl_dev_open(&a->os, NULL, &dev, &err), 0);
	return dev;
}

/* Open fails with code, and says why. */
static void open_fails(struct attacker *a, int code, const char *word)
{
	struct rvl_dev_error err = {""};
	struct rvl_dev *dev;

	assert_int_equal(rvl_dev_open(&a->os, NULL, &dev, &err), code);
	assert_null(dev);
	assert_int_equal(a->live, 0);
	if (!strstr(err.text, word))
		fail_msg("\"%s\" does not name %s", err.text, word);
}

static void a_device_that_reads_all_ones_is_gone(void **state)
{
	struct attacker a;

	(void)state;
	attacker_init(&a, 1);
	attacker_unplug(&a);
	open_fails(&a, -ENODEV, "all ones");
}

static void what_has_no_magic_number_is_no_ravelin(void **state)
{
	struct attacker a;

	(void)state;
	attacker_init(&a, 1);
	a.regs[RVL_REG_ID / 4] ^= 0x100;
	open_fails(&a, -ENODEV, "0x4e4c5752");
}

static void another_major_abi_version_is_refused_by_number(void **state)
{
	struct attacker a;

	(void)state;
	attacker_init(&a, 1);
	a.regs[RVL_REG_ABI / 4] = RVL_PUT(ABI_MAJOR, RVL_ABI_MAJOR + 1) | 7;
	open_fails(&a, -EPROTO, "ABI version 3.7");
}

static void a_newer_minor_abi_version_is_accepted(void **state)
{
	struct attacker a;

	(void)state;
	attacker_init(&a, 1);
	a.regs[RVL_REG_ABI / 4] = RVL_PUT(ABI_MAJOR, RVL_ABI_MAJOR) | 99;
	rvl_dev_close(open_ok(&a));
	assert_int_equal(a.live, 0);
}

static void each_capability_out_of_range_is_refused_by_name(void **state)
{
	static const struct {
		uint32_t reg, value;
		const char *name;
	} bad[] = {
		{RVL_REG_QUEUES, 0 | 5 << 16, "QUEUES.PAIRS"},
		{RVL_REG_QUEUES, 65 | 5 << 16, "QUEUES.PAIRS"},
		{RVL_REG_QUEUES, 4 | 0 << 16, "QUEUES.VECTORS"},
		{RVL_REG_RINGS, 2 | 9 << 8 | 10 << 16, "RINGS.TX_LOG2_MAX"},
		{RVL_REG_RINGS, 16 | 9 << 8 | 10 << 16, "RINGS.TX_LOG2_MAX"},
		{RVL_REG_RINGS, 9 | 2 << 8 | 10 << 16, "RINGS.RX_LOG2_MAX"},
		{RVL_REG_RINGS, 9 | 16 << 8 | 10 << 16, "RINGS.RX_LOG2_MAX"},
		{RVL_REG_RINGS, 9 | 9 << 8 | 3 << 16, "RINGS.CQ_LOG2_MAX"},
		{RVL_REG_RINGS, 9 | 9 << 8 | 16 << 16, "RINGS.CQ_LOG2_MAX"},
		{RVL_REG_CONTROL_RINGS, 2 | 9 << 8, "CONTROL_RINGS.CMD_LOG2_MAX"},
		{RVL_REG_CONTROL_RINGS, 16 | 9 << 8, "CONTROL_RINGS.CMD_LOG2_MAX"},
		{RVL_REG_CONTROL_RINGS, 9 | 2 << 8, "CONTROL_RINGS.EVT_LOG2_MAX"},
		{RVL_REG_CONTROL_RINGS, 9 | 16 << 8, "CONTROL_RINGS.EVT_LOG2_MAX"},
		{RVL_REG_OUTBOUND_SAS, 0, "OUTBOUND_SAS"},
		{RVL_REG_OUTBOUND_SAS, RVL_INDICES_MAX + 1, "OUTBOUND_SAS"},
		{RVL_REG_INBOUND_SAS, 0, "INBOUND_SAS"},
		{RVL_REG_INBOUND_SAS, RVL_INDICES_MAX + 1, "INBOUND_SAS"},
		{RVL_REG_POLICY_COUNT, 0, "POLICY_COUNT"},
		{RVL_REG_POLICY_COUNT, RVL_INDICES_MAX + 1, "POLICY_COUNT"},
		{RVL_REG_REPLAY_WINDOW, 31, "REPLAY_WINDOW"},
		{RVL_REG_REPLAY_WINDOW, UINT32_MAX, "REPLAY_WINDOW"},
		{RVL_REG_DATAPATH, 4 | 9234 << 16, "DATAPATH.BEAT"},
		{RVL_REG_DATAPATH, 64 | 1500 << 16, "DATAPATH.MAX_FRAME"},
		{RVL_REG_MAC_LO, 0x03020001, "MAC"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct attacker a;

		attacker_init(&a, 1);
		a.regs[bad[i].reg / 4] = bad[i].value;
		open_fails(&a, -EPROTO, bad[i].name);
	}
}

static void a_reset_that_does_not_end_is_given_up(void **state)
{
	static const uint32_t stuck[] = {
		0,
		RVL_STATUS_RESETTING_MASK,
		RVL_STATUS_READY_MASK | RVL_STATUS_RESETTING_MASK,
		RVL_STATUS_READY_MASK | RVL_STATUS_FATAL_MASK,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(stuck) / sizeof(stuck[0]); i++) {
		struct attacker a;

		attacker_init(&a, 1);
		a.regs[RVL_REG_STATUS / 4] = stuck[i];
		open_fails(&a, -ETIMEDOUT, "not ready");
		assert_in_range(a.waits, 1, 11000);
	}
}

static void options_beyond_the_device_are_refused_by_name(void **state)
{
	static const struct {
		struct rvl_dev_options options;
		const char *name;
	} bad[] = {
		{{.command_ring_log2 = 2}, "command_ring_log2"},
		{{.command_ring_log2 = 11}, "command_ring_log2"},
		{{.event_ring_log2 = 11}, "event_ring_log2"},
		{{.control_vector = 5}, "control_vector"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rvl_dev_error err = {""};
		struct attacker a;
		struct rvl_dev *dev;

		attacker_init(&a, 1);
		assert_int_equal(rvl_dev_open(&a.os, &bad[i].options, &dev, &err), -EINVAL);
		assert_non_null(strstr(err.text, bad[i].name));
	}
}

/* How commands are answered: the truth, and what is wrong with it. */
struct answer {
	uint8_t status;
	uint8_t opcode_xor;
	uint16_t tag_xor;
	bool none;
	uint16_t done;
	bool key_seen;
};

static const uint8_t key_octet = 0xa5;

static bool holds_key(const void *mem, size_t size)
{
	const uint8_t *p = mem;
	size_t i;

	for (i = 0; i < size; i++) {
		if (p[i] == key_octet)
			return true;
	}
	return false;
}

static void answer_command(struct attacker *a, uint32_t offset, uint32_t value)
{
	struct answer *plan = a->plan;
	struct rvl_cmd *cmd;
	struct rvl_cmd_cpl *cpl;
	unsigned int size;

	if (offset != RVL_REG_CMD_TAIL)
		return;
	size = 1U << a->regs[RVL_REG_CMD_SIZE / 4];
	cmd = (struct rvl_cmd *)attacker_ring(a, RVL_REG_CMD_BASE_LO) + plan->done % size;
	cpl = (struct rvl_cmd_cpl *)attacker_ring(a, RVL_REG_CMD_CPL_BASE_LO) + plan->done % size;
	assert_int_equal((uint16_t)value, (uint16_t)(plan->done + 1));
	plan->key_seen = holds_key(cmd, sizeof(*cmd));
	if (plan->none)
		return;
	cpl->status = plan->status;
	cpl->opcode = cmd->opcode ^ plan->opcode_xor;
	cpl->tag = cmd->tag ^ plan->tag_xor;
	cpl->phase = plan->done / size % 2 ? 0 : RVL_PHASE_PASS;
	plan->done++;
}

static struct rvl_dev *open_answered(struct attacker *a, struct answer *plan)
{
	struct rvl_dev *dev;

	attacker_init(a, 1);
	dev = open_ok(a);
	a->plan = plan;
	a->on_write = answer_command;
	return dev;
}

static struct rvl_dev_sa some_sa(void)
{
	struct rvl_dev_sa sa = {.key_len = 32, .icv_len = 16, .spi = 0x1000, .seq = 1, .ttl = 64};

	memset(sa.key, key_octet, sizeof(sa.key));
	return sa;
}

static bool key_left(struct attacker *a)
{
	unsigned int i;

	for (i = 0; i < ATTACKER_BLOCKS; i++) {
		if (a->blocks[i].mem && holds_key(a->blocks[i].mem, a->blocks[i].size))
			return true;
	}
	return false;
}

static void commands_follow_the_ring_around_many_times(void **state)
{
	struct answer plan = {0};
	struct attacker a;
	struct rvl_dev *dev = open_answered(&a, &plan);
	int i;

	(void)state;
	for (i = 0; i < 200000; i++)
		assert_int_equal(rvl_dev_nop(dev, NULL), 0);
	rvl_dev_close(dev);
	assert_int_equal(a.live, 0);
}

static void each_command_status_becomes_an_error_in_words(void **state)
{
	unsigned int status;

	(void)state;
	for (status = 1; status <= RVL_CMD_STATUS_UNSUPPORTED; status++) {
		if (status == RVL_CMD_STATUS_FATAL)
			continue;
		struct answer plan = {.status = (uint8_t)status};
		struct rvl_dev_error err = {""};
		struct attacker a;
		struct rvl_dev *dev = open_answered(&a, &plan);
		struct rvl_dev_sa sa = some_sa();
		uint32_t index = RVL_INDEX_ANY;
		int ret = rvl_dev_sa_add(dev, &sa, &index, &err);

		assert_true(ret < 0 && ret != -EIO && ret != -ENODEV);
		assert_true(!strncmp(err.text, "SA_ADD: ", 8) && strlen(err.text) > 16);
		assert_null(rvl_dev_dead(dev));
		assert_false(key_left(&a));
		rvl_dev_close(dev);
	}
}

static void a_key_does_not_stay_in_the_command_ring(void **state)
{
	struct answer plan = {0};
	struct attacker a;
	struct rvl_dev *dev = open_answered(&a, &plan);
	struct rvl_dev_sa sa = some_sa();
	uint32_t index = RVL_INDEX_ANY;

	(void)state;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, NULL), 0);
	assert_true(plan.key_seen);
	assert_false(key_left(&a));

	plan.none = true;
	index = RVL_INDEX_ANY;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, NULL), -EIO);
	assert_true(plan.key_seen);
	assert_false(key_left(&a));
	rvl_dev_close(dev);
}

static void a_wrong_answer_kills_the_device(void **state)
{
	static const struct answer lies[] = {
		{.status = RVL_CMD_STATUS_FATAL},
		{.status = RVL_CMD_STATUS_UNSUPPORTED + 1},
		{.status = 0xff},
		{.opcode_xor = 1},
		{.tag_xor = 0x8000},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct answer plan = lies[i];
		struct rvl_dev_error err = {""};
		struct attacker a;
		struct rvl_dev *dev = open_answered(&a, &plan);
		unsigned int done;

		assert_int_equal(rvl_dev_nop(dev, &err), -EIO);
		assert_non_null(rvl_dev_dead(dev));
		assert_string_equal(a.last_log, rvl_dev_dead(dev));

		/* From now on nothing is asked of it any more. */
		done = plan.done;
		assert_int_equal(rvl_dev_nop(dev, &err), -EIO);
		assert_int_equal(rvl_dev_enable(dev, true), -EIO);
		assert_int_equal(plan.done, done);
		rvl_dev_close(dev);
		assert_int_equal(a.live, 0);
	}
}

static void a_command_without_an_answer_ends(void **state)
{
	struct answer plan = {.none = true};
	struct rvl_dev_error err = {""};
	struct attacker a;
	struct rvl_dev *dev = open_answered(&a, &plan);

	(void)state;
	assert_int_equal(rvl_dev_nop(dev, &err), -EIO);
	assert_non_null(strstr(err.text, "NOP did not complete in 10000 ms"));
	assert_in_range(a.waits, 1, 11000);
	rvl_dev_close(dev);
}

static void stop_reading_commands(struct attacker *a)
{
	a->regs[RVL_REG_CMD_HEAD / 4] = RVL_CMD_HEAD_ERROR_MASK;
}

static void a_command_ring_that_stopped_is_noticed_early(void **state)
{
	struct answer plan = {.none = true};
	struct rvl_dev_error err = {""};
	struct attacker a;
	struct rvl_dev *dev = open_answered(&a, &plan);

	(void)state;
	a.on_wait = stop_reading_commands;
	assert_int_equal(rvl_dev_nop(dev, &err), -EIO);
	assert_non_null(strstr(err.text, "could not be read"));
	assert_in_range(a.waits, 1, 200);
	rvl_dev_close(dev);
}

static void unplug(struct attacker *a)
{
	attacker_unplug(a);
}

static void a_device_pulled_out_during_a_command_is_gone(void **state)
{
	struct answer plan = {.none = true};
	struct rvl_dev_error err = {""};
	struct attacker a;
	struct rvl_dev *dev = open_answered(&a, &plan);
	unsigned int reads;
	uint64_t cycles;

	(void)state;
	a.on_wait = unplug;
	assert_int_equal(rvl_dev_nop(dev, &err), -ENODEV);
	assert_non_null(strstr(err.text, "gone"));
	assert_in_range(a.waits, 1, 200);
	reads = a.reads;
	assert_int_equal(rvl_dev_cycles(dev, &cycles), -ENODEV);
	assert_int_equal(rvl_dev_check(dev), -ENODEV);
	assert_int_equal(a.reads, reads);
	rvl_dev_close(dev);
	assert_true(a.dma_off);
	assert_int_equal(a.live, 0);
}

static void a_fatal_or_reset_device_is_noticed(void **state)
{
	struct attacker a;
	struct rvl_dev *dev;

	(void)state;
	attacker_init(&a, 1);
	dev = open_ok(&a);
	assert_int_equal(rvl_dev_check(dev), 0);
	a.regs[RVL_REG_STATUS / 4] = RVL_STATUS_FATAL_MASK | 0x2a00;
	assert_int_equal(rvl_dev_check(dev), -EIO);
	assert_non_null(strstr(rvl_dev_dead(dev), "cause 42"));
	a.regs[RVL_REG_STATUS / 4] = RVL_STATUS_READY_MASK;
	rvl_dev_close(dev);

	attacker_init(&a, 1);
	dev = open_ok(&a);
	a.regs[RVL_REG_STATUS / 4] =
		RVL_STATUS_FATAL_MASK | RVL_PUT(STATUS_FATAL_CAUSE, RVL_FATAL_CAUSE_LOOKUP);
	assert_int_equal(rvl_dev_check(dev), -EIO);
	assert_non_null(strstr(rvl_dev_dead(dev), "lookup table"));
	a.regs[RVL_REG_STATUS / 4] = RVL_STATUS_READY_MASK;
	rvl_dev_close(dev);

	attacker_init(&a, 1);
	dev = open_ok(&a);
	a.regs[RVL_REG_CMD_CONTROL / 4] = 0;
	assert_int_equal(rvl_dev_check(dev), -EIO);
	assert_non_null(strstr(rvl_dev_dead(dev), "reset"));
	rvl_dev_close(dev);
}

static void indices_come_back_as_late_as_possible(void **state)
{
	struct answer plan = {0};
	struct attacker a;
	struct rvl_dev *dev = open_answered(&a, &plan);
	struct rvl_dev_sa sa = some_sa();
	struct rvl_dev_error err = {""};
	uint32_t index;
	unsigned int i;

	(void)state;
	for (i = 0; i < 16; i++) {
		index = RVL_INDEX_ANY;
		assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, NULL), 0);
		assert_int_equal(index, i);
		if (i == 3)
			assert_int_equal(rvl_dev_sa_delete(dev, false, 3, NULL), 0);
	}
	index = RVL_INDEX_ANY;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, NULL), 0);
	assert_int_equal(index, 3);
	index = RVL_INDEX_ANY;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "16"));
	index = 16;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EINVAL);
	assert_int_equal(rvl_dev_sa_delete(dev, true, 8, &err), -EINVAL);
	rvl_dev_close(dev);
}

static void an_index_that_the_device_calls_busy_is_not_tried_again(void **state)
{
	struct answer plan = {.status = RVL_CMD_STATUS_IN_USE};
	struct attacker a;
	struct rvl_dev *dev = open_answered(&a, &plan);
	struct rvl_dev_sa sa = some_sa();
	unsigned int i;
	uint32_t index;

	(void)state;
	for (i = 0; i < 16; i++) {
		index = RVL_INDEX_ANY;
		assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, NULL), -EBUSY);
	}
	index = RVL_INDEX_ANY;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, NULL), -ENOSPC);
	rvl_dev_close(dev);
}

static void an_sa_the_device_can_not_do_is_refused_by_field(void **state)
{
	struct answer plan = {0};
	struct rvl_dev_error err = {""};
	struct attacker a;
	struct rvl_dev *dev;
	struct rvl_dev_sa sa;
	uint32_t index = RVL_INDEX_ANY;

	(void)state;
	dev = open_answered(&a, &plan);
	sa = some_sa();
	sa.key_len = 20;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EINVAL);
	assert_non_null(strstr(err.text, "key_len"));
	sa = some_sa();
	sa.dscp = 64;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EINVAL);
	assert_non_null(strstr(err.text, "dscp"));
	rvl_dev_close(dev);

	attacker_init(&a, 1);
	a.regs[RVL_REG_FEATURES / 4] = 0x0b;
	dev = open_ok(&a);
	sa = some_sa();
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "AES-GCM-256"));
	sa.key_len = 16;
	sa.udp = true;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "UDP"));
	rvl_dev_close(dev);
}

static void what_of_ipv6_and_ports_the_device_lacks_is_named(void **state)
{
	const struct rvl_dev_policy policy = {.ipv6 = true, .action = RVL_POLICY_ACTION_DISCARD};
	uint32_t index = RVL_INDEX_ANY;
	struct rvl_dev_error err = {""};
	struct rvl_dev_sa sa = some_sa();
	struct attacker a;
	struct rvl_dev *dev;

	(void)state;
	attacker_init(&a, 1);
	dev = open_ok(&a);
	sa.ipv6 = true;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "SA_ADD: the device has no IPv6");
	assert_int_equal(rvl_dev_policy_set(dev, &policy, &index, &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "POLICY_SET: the device has no IPv6");
	sa.ipv6 = false;
	sa.icv_len = 12;
	sa.ipv6 = false;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "SA_ADD: the device has no ICV of 12 octets");
	sa.icv_len = 15;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EINVAL);
	assert_string_equal(err.text, "SA_ADD: icv_len is 15, not 8, 12 or 16");
	sa.icv_len = 16;
	sa.inbound = sa.selects = true;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "SA_ADD: the device checks no selectors");
	sa.selects = false;
	sa.udp = true;
	sa.udp_dport = 4501;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EOPNOTSUPP);
	assert_string_equal(err.text,
			    "SA_ADD: udp_dport is 4501, and the device receives on 4500 alone");
	rvl_dev_close(dev);
	attacker_init(&a, 1);
	a.regs[RVL_REG_FEATURES / 4] |= RVL_FEATURES_IPV6_MASK;
	dev = open_ok(&a);
	sa.inbound = false;
	sa.ipv6 = true;
	assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "SA_ADD: the device has no UDP encapsulation over IPv6");
	rvl_dev_close(dev);
}

static void put_event(struct attacker *a, unsigned int n, struct rvl_event e)
{
	struct rvl_event *ring = attacker_ring(a, RVL_REG_EVT_BASE_LO);

	e.number = rvl_cpu_to_le32(n);
	e.phase = n / 256 % 2 ? 0 : RVL_PHASE_PASS;
	ring[n % 256] = e;
}

static void events_come_in_order_and_unknown_types_are_skipped(void **state)
{
	struct rvl_dev_event event;
	struct attacker a;
	struct rvl_dev *dev;
	unsigned int n;

	(void)state;
	attacker_init(&a, 1);
	dev = open_ok(&a);
	assert_int_equal(rvl_dev_next_event(dev, &event), 0);
	for (n = 0; n < 1000; n += 2) {
		put_event(&a, n, (struct rvl_event){.type = 99, .source = 7});
		put_event(&a, n + 1,
			  (struct rvl_event){.type = RVL_EVENT_SOFT_BYTES,
					     .source = 1,
					     .index = {{7}},
					     .spi = rvl_cpu_to_le32(n)});
		assert_int_equal(rvl_dev_next_event(dev, &event), 1);
		assert_int_equal(event.index, 7);
		assert_int_equal(event.spi, n);
		assert_int_equal(a.regs[RVL_REG_EVT_HEAD / 4], n + 2);
		assert_int_equal(rvl_dev_next_event(dev, &event), 0);
	}
	rvl_dev_close(dev);
}

static void the_link_is_a_register_and_an_event(void **state)
{
	struct rvl_dev_event event;
	struct attacker a;
	struct rvl_dev *dev;
	bool up = false;

	(void)state;
	attacker_init(&a, 1);
	dev = open_ok(&a);
	assert_int_equal(rvl_dev_link(dev, &up), 0);
	assert_true(up);
	a.regs[RVL_REG_LINK / 4] = 0;
	assert_int_equal(rvl_dev_link(dev, &up), 0);
	assert_false(up);
	put_event(&a, 0, (struct rvl_event){.type = RVL_EVENT_LINK});
	put_event(&a, 1, (struct rvl_event){.type = RVL_EVENT_LINK, .value = rvl_cpu_to_le64(1)});
	assert_int_equal(rvl_dev_next_event(dev, &event), 1);
	assert_true(event.type == RVL_EVENT_LINK && event.value == 0);
	assert_int_equal(rvl_dev_next_event(dev, &event), 1);
	assert_true(event.type == RVL_EVENT_LINK && event.value == 1);
	a.regs[RVL_REG_LINK / 4] = UINT32_MAX;
	assert_int_equal(rvl_dev_link(dev, &up), -EIO);
	rvl_dev_close(dev);
}

static void a_device_without_esp_is_used_for_what_it_has(void **state)
{
	static const struct {
		uint32_t lacks;
		const char *word;
	} lacking[] = {
		{RVL_FEATURES_ESP_MASK, "ESP in tunnel mode"},
		{RVL_FEATURES_TUNNEL_V4_MASK, "ESP in tunnel mode"},
		{RVL_FEATURES_AES_GCM_256_MASK, "AES-GCM-256"},
		{RVL_FEATURES_TRANSPORT_MASK, "transport mode"},
		{RVL_FEATURES_ESN_MASK, "extended sequence numbers"},
		{RVL_FEATURES_IMPLICIT_IV_MASK, "implicit IVs"},
		{RVL_FEATURES_AES_GCM_192_MASK, "AES-GCM-192"},
		{RVL_FEATURES_GMAC_MASK, "AES-GMAC"},
		{RVL_FEATURES_AH_MASK, "AH"},
		{UINT32_MAX - 1, "ESP in tunnel mode"},
	};
	struct rvl_dev_sa sa = some_sa();
	struct rvl_dev_error err;
	struct attacker a;
	struct rvl_dev *dev;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
		uint32_t index = RVL_INDEX_ANY;

		attacker_init(&a, 1);
		a.regs[RVL_REG_FEATURES / 4] &= ~lacking[i].lacks;
		sa.esn = lacking[i].lacks == RVL_FEATURES_ESN_MASK;
		sa.implicit_iv = lacking[i].lacks == RVL_FEATURES_IMPLICIT_IV_MASK;
		sa.ah = lacking[i].lacks == RVL_FEATURES_AH_MASK;
		sa.gmac = sa.ah || lacking[i].lacks == RVL_FEATURES_GMAC_MASK;
		sa.key_len = lacking[i].lacks == RVL_FEATURES_AES_GCM_192_MASK ? 24 : 32;
		sa.transport = lacking[i].lacks == RVL_FEATURES_TRANSPORT_MASK;
		dev = open_ok(&a);
		assert_int_equal(rvl_dev_sa_add(dev, &sa, &index, &err), -EOPNOTSUPP);
		assert_non_null(strstr(err.text, lacking[i].word));
		rvl_dev_close(dev);
	}
}

static void an_impossible_event_kills_the_device(void **state)
{
	static const struct rvl_event lies[] = {
		{.type = RVL_EVENT_SOFT_BYTES, .source = 2},
		{.type = RVL_EVENT_SOFT_BYTES, .source = 1, .index = {{8}}},
		{.type = RVL_EVENT_HARD_BYTES, .source = 0, .index = {{16}}},
		{.type = RVL_EVENT_SOFT_BYTES, .source = 0, .index = {{7, 0, 1}}},
		{.type = RVL_EVENT_QUEUE_ERROR, .source = 0, .index = {{4}}},
		{.type = RVL_EVENT_LINK, .value = 2},
		{.type = RVL_EVENT_LINK, .index = {{1}}},
		{.type = RVL_EVENT_LINK, .source = 2},
		{.type = RVL_EVENT_MOVED},
		{.type = RVL_EVENT_MOVED, .source = 1, .value = 1ULL << 48},
		{.type = RVL_EVENT_MOVED, .source = 1, .index = {{8}}},
	};
	struct rvl_dev_event event;
	struct attacker a;
	struct rvl_dev *dev;
	size_t i;

	(void)state;
	for (i = 0; i <= sizeof(lies) / sizeof(lies[0]); i++) {
		attacker_init(&a, 1);
		dev = open_ok(&a);
		if (i < sizeof(lies) / sizeof(lies[0])) {
			put_event(&a, 0, lies[i]);
		} else {
			struct rvl_event *ring = attacker_ring(&a, RVL_REG_EVT_BASE_LO);

			put_event(&a, 0, (struct rvl_event){.type = RVL_EVENT_SEQ_END});
			ring[0].number = rvl_cpu_to_le32(1);
		}
		assert_int_equal(rvl_dev_next_event(dev, &event), -EIO);
		assert_non_null(strstr(rvl_dev_dead(dev), "event"));
		rvl_dev_close(dev);
		assert_int_equal(a.live, 0);
	}
}

static void every_counter_has_a_name_of_its_own(void **state)
{
	unsigned int i, j;

	(void)state;
	for (i = 0; i < RVL_CNT_NUM; i++) {
		assert_non_null(rvl_counter_description(i));
		for (j = 0; j < i; j++)
			assert_string_not_equal(rvl_counter_name(i), rvl_counter_name(j));
	}
	assert_null(rvl_counter_name(RVL_CNT_NUM));
	assert_string_equal(rvl_counter_name(RVL_CNT_RX_DROP_ICV), "rx_drop_icv");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_that_reads_all_ones_is_gone),
		cmocka_unit_test(what_has_no_magic_number_is_no_ravelin),
		cmocka_unit_test(another_major_abi_version_is_refused_by_number),
		cmocka_unit_test(a_newer_minor_abi_version_is_accepted),
		cmocka_unit_test(each_capability_out_of_range_is_refused_by_name),
		cmocka_unit_test(a_reset_that_does_not_end_is_given_up),
		cmocka_unit_test(options_beyond_the_device_are_refused_by_name),
		cmocka_unit_test(commands_follow_the_ring_around_many_times),
		cmocka_unit_test(each_command_status_becomes_an_error_in_words),
		cmocka_unit_test(a_key_does_not_stay_in_the_command_ring),
		cmocka_unit_test(a_wrong_answer_kills_the_device),
		cmocka_unit_test(a_command_without_an_answer_ends),
		cmocka_unit_test(a_command_ring_that_stopped_is_noticed_early),
		cmocka_unit_test(a_device_pulled_out_during_a_command_is_gone),
		cmocka_unit_test(a_fatal_or_reset_device_is_noticed),
		cmocka_unit_test(indices_come_back_as_late_as_possible),
		cmocka_unit_test(an_index_that_the_device_calls_busy_is_not_tried_again),
		cmocka_unit_test(an_sa_the_device_can_not_do_is_refused_by_field),
		cmocka_unit_test(what_of_ipv6_and_ports_the_device_lacks_is_named),
		cmocka_unit_test(events_come_in_order_and_unknown_types_are_skipped),
		cmocka_unit_test(the_link_is_a_register_and_an_event),
		cmocka_unit_test(a_device_without_esp_is_used_for_what_it_has),
		cmocka_unit_test(an_impossible_event_kills_the_device),
		cmocka_unit_test(every_counter_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests_name("driver core", tests, NULL, NULL);
}
