/* SPDX-License-Identifier: BSD-2-Clause */
/* DEVICE_SET_IRQS: every kind of data with every action. */
#include "tests/sim/conformance/conformance.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALL ((1ULL << VECTORS) - 1)

struct irqs {
	int fds[VECTORS];
};

static void make_events(struct irqs *q)
{
	size_t i;

	for (i = 0; i < VECTORS; i++) {
		q->fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		assert_true(q->fds[i] >= 0);
	}
}

static void close_events(struct irqs *q)
{
	size_t i;

	for (i = 0; i < VECTORS; i++)
		close(q->fds[i]);
}

/* Connect all, in messages of n. */
static void connect_all(struct fixture *f, const struct irqs *q, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < VECTORS; i += n) {
		uint32_t now = VECTORS - i < n ? VECTORS - i : n;

		assert_int_equal(
			client_set_irqs(&f->client, EVENTFD_TRIGGER, i, now, q->fds + i, now), 0);
		assert_int_equal(f->client.reply_size, 0); /* "There is no payload in the reply." */
	}
	assert_true(f->dev.connected == ALL);
}

/* Which vectors' events were signalled since the last time; each at most once. */
static uint64_t signalled(const struct irqs *q)
{
	uint64_t set = 0;
	unsigned i;

	for (i = 0; i < VECTORS; i++) {
		uint64_t n = events(q->fds[i]);

		assert_true(n <= 1);
		set |= n << i;
	}
	return set;
}

static int set_bools(struct fixture *f, uint32_t action, uint32_t start, uint32_t count,
		     const uint8_t *bools)
{
	struct {
		struct rvl_vfio_user_set_irqs s;
		uint8_t bools[VECTORS];
	} m = {.s = {.argsz = sizeof(m.s) + count,
		     .flags = VFIO_IRQ_SET_DATA_BOOL | action,
		     .index = VFIO_PCI_MSIX_IRQ_INDEX,
		     .start = start,
		     .count = count}};

	memcpy(m.bools, bools, count);
	return client_call(&f->client, RVL_VFIO_USER_SET_IRQS, &m, sizeof(m.s) + count, NULL, 0);
}

static void each_vector_signals_its_own_event(void **state)
{
	static const uint32_t chunks[] = {1, 7, 8, MAX_FDS};
	struct fixture *f = *state;
	unsigned before = open_fds(), i;
	struct irqs q;
	size_t round;

	make_events(&q);
	for (round = 0; round < COUNT(chunks); round++) {
		connect_all(f, &q, chunks[round]);
		for (i = 0; i < VECTORS; i++) {
			assert_true(rvl_vfio_user_irq(f->dev.server, i));
			assert_true(signalled(&q) == 1ULL << i);
		}
		assert_false(rvl_vfio_user_irq(f->dev.server, VECTORS));
		assert_false(rvl_vfio_user_irq(f->dev.server, UINT32_MAX));
	}
	/* What was connected before is closed; what is connected is ours and the server's. */
	assert_int_equal(open_fds(), before + 2 * VECTORS);
	close_events(&q);
	assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER, 0, 0, NULL, 0), 0);
	assert_int_equal(open_fds(), before);
}

/* "If no file descriptors are provided, this de-assigns the specified ... interrupts." */
static void absent_descriptors_disconnect_their_range_alone(void **state)
{
	struct fixture *f = *state;
	unsigned before, i;
	struct irqs q;

	make_events(&q);
	before = open_fds();
	connect_all(f, &q, 8);
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 4, 3, NULL, 0), 0);
	assert_true(f->dev.connected == (ALL & ~0x70ULL));
	assert_int_equal(open_fds(), before + VECTORS - 3);
	for (i = 0; i < VECTORS; i++)
		assert_true(rvl_vfio_user_irq(f->dev.server, i) == (i < 4 || i > 6));
	assert_true(signalled(&q) == (ALL & ~0x70ULL));
	/* Of what is not connected too; more than a message has descriptors for. */
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 0, VECTORS, NULL, 0), 0);
	assert_true(f->dev.connected == 0);
	assert_int_equal(open_fds(), before);
	close_events(&q);
}

static void one_event_replaces_another(void **state)
{
	struct fixture *f = *state;
	unsigned before;
	struct irqs q;

	make_events(&q);
	before = open_fds();
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 0, 1, &q.fds[0], 1), 0);
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 0, 1, &q.fds[5], 1), 0);
	assert_true(rvl_vfio_user_irq(f->dev.server, 0));
	assert_true(signalled(&q) == 1ULL << 5);
	assert_int_equal(open_fds(), before + 1);
	/* One for two vectors. */
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 1, 1, &q.fds[5], 1), 0);
	rvl_vfio_user_irq(f->dev.server, 0);
	rvl_vfio_user_irq(f->dev.server, 1);
	assert_int_equal(events(q.fds[5]), 2);
	close_events(&q);
}

/* "A count (and start) of 0, with data flags of DATA_NONE disables all interrupts of the index." */
static void count_0_disables_the_whole_kind(void **state)
{
	struct fixture *f = *state;
	unsigned before, i;
	struct irqs q;

	make_events(&q);
	before = open_fds();
	connect_all(f, &q, 8);
	assert_true(f->dev.enabled);
	assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER, 0, 0, NULL, 0), 0);
	assert_true(f->dev.connected == 0);
	assert_false(f->dev.enabled);
	assert_int_equal(open_fds(), before);
	for (i = 0; i < VECTORS; i++)
		assert_false(rvl_vfio_user_irq(f->dev.server, i));
	assert_true(signalled(&q) == 0);
	/* Again, and on again. */
	assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER, 0, 0, NULL, 0), 0);
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 3, 1, q.fds, 1), 0);
	assert_true(f->dev.enabled);
	close_events(&q);
}

/* "A client may trigger a device IRQ itself", all of a range or those that are true. */
static void the_client_triggers_by_none_and_by_bool(void **state)
{
	static const uint8_t bools[5] = {1, 0, 255, 0, 2};
	struct fixture *f = *state;
	struct irqs q;

	make_events(&q);
	assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER, 0, VECTORS, NULL, 0), 0);
	connect_all(f, &q, 8);
	assert_true(signalled(&q) == 0);
	assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER, 8, 2, NULL, 0), 0);
	assert_true(signalled(&q) == 3ULL << 8);
	assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER, 0, VECTORS, NULL, 0), 0);
	assert_true(signalled(&q) == ALL);
	assert_int_equal(set_bools(f, VFIO_IRQ_SET_ACTION_TRIGGER, VECTORS - 5, 5, bools), 0);
	assert_true(signalled(&q) == 0x15ULL << (VECTORS - 5));
	assert_int_equal(f->dev.mask_calls, 0);
	close_events(&q);
}

static void vectors_are_masked_and_unmasked_by_none_and_by_bool(void **state)
{
	static const uint8_t some[3] = {1, 0, 7};
	struct fixture *f = *state;
	struct client *c = &f->client;
	struct irqs q;

	make_events(&q);
	connect_all(f, &q, 8);
	assert_int_equal(client_set_irqs(c, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, 8, 4,
					 NULL, 0),
			 0);
	assert_true(f->dev.masked == 0xf00);
	assert_int_equal(client_set_irqs(c, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 9,
					 1, NULL, 0),
			 0);
	assert_true(f->dev.masked == 0xd00);
	assert_int_equal(set_bools(f, VFIO_IRQ_SET_ACTION_MASK, 0, 3, some), 0);
	assert_true(f->dev.masked == 0xd05);
	assert_int_equal(set_bools(f, VFIO_IRQ_SET_ACTION_UNMASK, 8, 3, some), 0);
	assert_true(f->dev.masked == 0x805);
	assert_true(signalled(&q) == 0);
	close_events(&q);
}

static void events_on_mask_and_unmask_are_not_there(void **state)
{
	struct fixture *f = *state;
	unsigned before;
	struct irqs q;

	make_events(&q);
	before = open_fds();
	assert_int_equal(client_set_irqs(&f->client,
					 VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_MASK, 0, 1,
					 q.fds, 1),
			 -ENOTSUP);
	assert_int_equal(client_set_irqs(&f->client,
					 VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, 0,
					 1, q.fds, 1),
			 -ENOTSUP);
	assert_int_equal(open_fds(), before);
	assert_int_equal(f->dev.mask_calls, 0);
	close_events(&q);
}

/* Of each set of flags exactly one, and no other bit. */
static void flags_exclude_each_other(void **state)
{
	struct fixture *f = *state;
	uint32_t flags;

	for (flags = 0; flags < 256; flags++) {
		uint32_t data = flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
		uint32_t action = flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
		bool right = __builtin_popcount(data) == 1 && __builtin_popcount(action) == 1 &&
			     flags < 64;
		uint8_t one = 0;
		int rc;

		if (data == VFIO_IRQ_SET_DATA_BOOL)
			rc = set_bools(f, flags & ~data, 0, 1, &one);
		else
			rc = client_set_irqs(&f->client, flags, 0, 1, NULL, 0);
		if (!right)
			assert_int_equal(rc, -EINVAL);
		else if (data == VFIO_IRQ_SET_DATA_EVENTFD && action != VFIO_IRQ_SET_ACTION_TRIGGER)
			assert_int_equal(rc, -ENOTSUP);
		else
			assert_int_equal(rc, 0);
	}
	assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER | 0x80000000U, 0, 1, NULL, 0),
			 -EINVAL);
}

static void descriptors_are_none_or_one_for_each_vector(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	unsigned before, count, n;
	struct irqs q;

	make_events(&q);
	before = open_fds();
	for (count = 1; count <= VECTORS; count++)
		for (n = 1; n <= 20; n++)
			if (n != count || n > MAX_FDS)
				assert_int_equal(
					client_set_irqs(c, EVENTFD_TRIGGER, 0, count, q.fds, n),
					-EINVAL);
	assert_int_equal(client_set_irqs(c, NONE_TRIGGER, 0, 1, q.fds, 1), -EINVAL);
	assert_int_equal(client_set_irqs(c, NONE_TRIGGER, 0, 0, q.fds, 1), -EINVAL);
	assert_true(f->dev.connected == 0);
	assert_int_equal(open_fds(), before);
	close_events(&q);
}

static void a_descriptor_that_is_no_eventfd_is_refused(void **state)
{
	struct fixture *f = *state;
	int pipes[2], fds[3];
	unsigned before, i;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fds[1] = eventfd(0, EFD_CLOEXEC);
	before = open_fds();
	for (i = 0; i < 3; i++) {
		fds[0] = i == 0 ? pipes[1] : i == 1 ? f->memfd : f->client.fd;
		assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 0, 1, fds, 1),
				 -EINVAL);
		/* One bad among good: none is connected. */
		fds[2] = fds[0];
		assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 0, 2, fds + 1, 2),
				 -EINVAL);
	}
	assert_true(f->dev.connected == 0);
	assert_int_equal(open_fds(), before);
	close(fds[1]);
	close(pipes[0]);
	close(pipes[1]);
}

static void vectors_beyond_the_last_are_refused(void **state)
{
	static const struct {
		uint32_t start, count;
	} bad[] = {
		{VECTORS, 1},
		{VECTORS - 1, 2},
		{0, VECTORS + 1},
		{UINT32_MAX, 1},
		{1, UINT32_MAX},
		{UINT32_MAX, UINT32_MAX},
		{0x80000000, 0x80000000},
		{VECTORS, UINT32_MAX - VECTORS + 1},
	};
	struct fixture *f = *state;
	int fd = eventfd(0, EFD_CLOEXEC);
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER, bad[i].start,
						 bad[i].count, NULL, 0),
				 -EINVAL);
		assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, bad[i].start,
						 bad[i].count, NULL, 0),
				 -EINVAL);
		if (bad[i].count == 1)
			assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, bad[i].start,
							 1, &fd, 1),
					 -EINVAL);
	}
	assert_true(f->dev.connected == 0);
	close(fd);
}

static void count_0_of_anything_but_all_is_refused(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;

	assert_int_equal(client_set_irqs(c, EVENTFD_TRIGGER, 0, 0, NULL, 0), -EINVAL);
	assert_int_equal(client_set_irqs(c, NONE_TRIGGER, 1, 0, NULL, 0), -EINVAL);
	assert_int_equal(set_bools(f, VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0, (const uint8_t *)""),
			 -EINVAL);
	assert_int_equal(client_set_irqs(c, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, 0, 0,
					 NULL, 0),
			 -EINVAL);
}

static void lengths_that_do_not_fit_the_data_are_refused(void **state)
{
	struct {
		struct rvl_vfio_user_set_irqs s;
		uint8_t data[40];
	} m = {.s = {.argsz = sizeof(m), .index = VFIO_PCI_MSIX_IRQ_INDEX, .count = 3}};
	static const uint32_t flags[] = {VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_MASK,
					 NONE_TRIGGER, EVENTFD_TRIGGER};
	struct fixture *f = *state;
	size_t i, len;

	for (i = 0; i < COUNT(flags); i++) {
		size_t right = sizeof(m.s) + (i == 0 ? 3 : 0);

		m.s.flags = flags[i];
		for (len = 0; len <= sizeof(m); len++)
			assert_int_equal(
				client_call(&f->client, RVL_VFIO_USER_SET_IRQS, &m, len, NULL, 0),
				len == right ? 0 : -EINVAL);
	}
}

/* argsz is the size of the request, with its data. */
static void argsz_below_the_request_is_refused(void **state)
{
	struct {
		struct rvl_vfio_user_set_irqs s;
		uint8_t data[3];
	} m = {.s = {.index = VFIO_PCI_MSIX_IRQ_INDEX, .count = 3}};
	struct fixture *f = *state;
	uint32_t argsz;

	for (argsz = 0; argsz < 64; argsz++) {
		m.s.argsz = argsz;
		m.s.flags = NONE_TRIGGER;
		assert_int_equal(
			client_call(&f->client, RVL_VFIO_USER_SET_IRQS, &m, sizeof(m.s), NULL, 0),
			argsz >= 20 ? 0 : -EINVAL);
		m.s.flags = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER;
		assert_int_equal(client_call(&f->client, RVL_VFIO_USER_SET_IRQS, &m,
					     sizeof(m.s) + 3, NULL, 0),
				 argsz >= 23 ? 0 : -EINVAL);
	}
}

static void other_kinds_have_no_vectors_and_may_be_disabled(void **state)
{
	struct rvl_vfio_user_set_irqs m = {.argsz = sizeof(m), .flags = NONE_TRIGGER};
	struct fixture *f = *state;
	struct irqs q;
	uint32_t i;

	make_events(&q);
	connect_all(f, &q, 8);
	for (i = 0; i < 10; i++) {
		if (i == VFIO_PCI_MSIX_IRQ_INDEX)
			continue;
		m.index = i;
		m.count = 1;
		assert_int_equal(
			client_call(&f->client, RVL_VFIO_USER_SET_IRQS, &m, sizeof(m), NULL, 0),
			-EINVAL);
		m.count = 0;
		assert_int_equal(
			client_call(&f->client, RVL_VFIO_USER_SET_IRQS, &m, sizeof(m), NULL, 0),
			i < VFIO_PCI_NUM_IRQS ? 0 : -EINVAL);
	}
	/* MSI-X stays as it is. */
	assert_true(f->dev.connected == ALL);
	assert_true(f->dev.enabled);
	close_events(&q);
}

static void an_event_counter_that_is_full_does_not_block_the_server(void **state)
{
	const uint64_t full = UINT64_MAX - 1;
	struct fixture *f = *state;
	int fd = eventfd(0, EFD_CLOEXEC);

	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 0, 1, &fd, 1), 0);
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	assert_true(rvl_vfio_user_irq(f->dev.server, 0));
	assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER, 0, 1, NULL, 0), 0);
	assert_int_equal(events(fd), full);
	close(fd);
}

int set_irqs_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_vector_signals_its_own_event),
		TEST(absent_descriptors_disconnect_their_range_alone),
		TEST(one_event_replaces_another),
		TEST(count_0_disables_the_whole_kind),
		TEST(the_client_triggers_by_none_and_by_bool),
		TEST(vectors_are_masked_and_unmasked_by_none_and_by_bool),
		TEST(events_on_mask_and_unmask_are_not_there),
		TEST(flags_exclude_each_other),
		TEST(descriptors_are_none_or_one_for_each_vector),
		TEST(a_descriptor_that_is_no_eventfd_is_refused),
		TEST(vectors_beyond_the_last_are_refused),
		TEST(count_0_of_anything_but_all_is_refused),
		TEST(lengths_that_do_not_fit_the_data_are_refused),
		TEST(argsz_below_the_request_is_refused),
		TEST(other_kinds_have_no_vectors_and_may_be_disabled),
		TEST(an_event_counter_that_is_full_does_not_block_the_server),
	};

	return cmocka_run_group_tests_name("DEVICE_SET_IRQS", tests, NULL, NULL);
}
