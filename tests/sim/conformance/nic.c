/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/conformance/nic.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define COMMAND 0x04U
#define MEMORY_AND_MASTER 0x0006U
#define DEVICE_CONTROL_FLR 0x8000U

static void on_irq(void *ctx, unsigned vector)
{
	rvl_vfio_user_irq(((struct nic *)ctx)->server, vector);
}

static void on_log(void *ctx, const char *text)
{
	struct nic *n = ctx;

	if (!strncmp(text, "vfio-user: ", 11))
		return;
	n->complaints++;
	print_message("simulator: %s\n", text);
}

static void work(void *ctx)
{
	struct nic *n = ctx;

	while (rvl_vfio_user_work(n->server, 16) == 16)
		;
}

static uint32_t os_read32(void *ctx, uint32_t offset)
{
	return nic_reg(ctx, offset);
}

static void os_write32(void *ctx, uint32_t offset, uint32_t value)
{
	assert_int_equal(client_post(&((struct nic *)ctx)->client, 0, offset, &value, 4), 0);
}

static void *os_alloc(void *ctx, size_t size, uint64_t *bus)
{
	struct nic *n = ctx;
	uint32_t at = n->used;

	size = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
	if (size > NIC_HALF - at)
		return NULL;
	n->used += (uint32_t)size;
	memset(n->rings + at, 0, size);
	*bus = NIC_RINGS + at;
	return n->rings + at;
}

static void os_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	(void)ctx;
	(void)mem;
	(void)size;
	(void)bus;
}

static void os_dma_off(void *ctx)
{
	nic_set_config(ctx, COMMAND, 0x0002);
}

static uint64_t os_now(void *ctx)
{
	return rvl_sim_cycle(((struct nic *)ctx)->sim) * 1000;
}

static void os_wait(void *ctx, unsigned polls)
{
	(void)polls;
	rvl_sim_step(((struct nic *)ctx)->sim, 16);
}

static const struct rvl_os_ops os_ops = {
	.read32 = os_read32,
	.write32 = os_write32,
	.dma_alloc = os_alloc,
	.dma_free = os_free,
	.dma_off = os_dma_off,
	.now_ns = os_now,
	.wait = os_wait,
};

void nic_attach(struct nic *n)
{
	if (n->client.fd >= 0)
		client_close(&n->client);
	assert_true(client_connect(&n->client, n->path));
	assert_int_equal(client_version(&n->client), 0);
	assert_int_equal(client_map(&n->client, n->memfd, 0, NIC_RINGS, NIC_HALF), 0);
	assert_int_equal(client_map(&n->client, n->memfd, NIC_HALF, NIC_BUFFERS, NIC_HALF), 0);
	nic_set_config(n, COMMAND, MEMORY_AND_MASTER);
}

static int set_up(void **state, bool keeps)
{
	struct nic *n = calloc(1, sizeof(*n));
	struct rvl_sim_options options = RVL_SIM_OPTIONS_DEFAULT;
	struct rvl_vfio_user_device description;
	char err[256];
	unsigned i;

	*state = n;
	options.irq = on_irq;
	options.log = on_log;
	options.ctx = n;
	if (rvl_sim_create(&n->sim, &options, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(rvl_sim_vectors(n->sim), NIC_VECTORS);
	n->device = rvl_nic_device_create(n->sim, keeps, on_log, n, &description);
	snprintf(n->dir, sizeof(n->dir), "/tmp/vfio_user_conformance.XXXXXX");
	assert_non_null(mkdtemp(n->dir));
	snprintf(n->path, sizeof(n->path), "%s/nic", n->dir);
	if (rvl_vfio_user_create(&n->server, n->path, &description, err, sizeof(err)))
		fail_msg("%s", err);
	n->memfd = memfd_create("guest", MFD_CLOEXEC);
	assert_int_equal(ftruncate(n->memfd, 2 * NIC_HALF), 0);
	n->rings = mmap(NULL, 2 * NIC_HALF, PROT_READ | PROT_WRITE, MAP_SHARED, n->memfd, 0);
	assert_true(n->rings != MAP_FAILED);
	n->buffers = n->rings + NIC_HALF;
	for (i = 0; i < NIC_VECTORS; i++)
		n->events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	n->os = (struct rvl_os){.ops = &os_ops, .ctx = n};
	n->keeps = keeps;
	n->client.fd = -1;
	n->client.pump = work;
	n->client.ctx = n;
	nic_attach(n);
	return 0;
}

int nic_setup(void **state)
{
	return set_up(state, false);
}

int nic_setup_keeping(void **state)
{
	return set_up(state, true);
}

int nic_teardown(void **state)
{
	struct nic *n = *state;
	unsigned i;

	nic_stop_driver(n);
	client_close(&n->client);
	rvl_vfio_user_destroy(n->server);
	rvl_nic_device_destroy(n->device);
	rvl_sim_destroy(n->sim);
	munmap(n->rings, 2 * NIC_HALF);
	close(n->memfd);
	for (i = 0; i < NIC_VECTORS; i++)
		close(n->events[i]);
	assert_int_equal(rmdir(n->dir), 0);
	free(n);
	return 0;
}

void nic_connect_vectors(struct nic *n)
{
	assert_int_equal(client_set_irqs(&n->client, EVENTFD_TRIGGER, 0, NIC_VECTORS, n->events,
					 NIC_VECTORS),
			 0);
}

void nic_start_driver(struct nic *n)
{
	struct rvl_queue_options options = {.tx_log2 = 5, .rx_log2 = 5};
	struct rvl_dev_error err = {""};
	unsigned q;

	n->used = 0;
	if (rvl_dev_open(&n->os, NULL, &n->dev, &err))
		fail_msg("%s", err.text);
	for (q = 0; q < NIC_QUEUES; q++) {
		options.vector = (uint8_t)(q + 1);
		if (rvl_queue_create(n->dev, q, &options, &n->queues[q], &err))
			fail_msg("%s", err.text);
	}
	assert_int_equal(rvl_dev_enable(n->dev, true), 0);
	nic_settle(n);
}

void nic_stop_driver(struct nic *n)
{
	rvl_dev_close(n->dev);
	n->dev = NULL;
}

void nic_settle(struct nic *n)
{
	if (!rvl_sim_run(n->sim, 1000000))
		fail_msg("the NIC is not idle after a million cycles");
}

void nic_raise(struct nic *n, unsigned vector)
{
	struct rvl_dev_error err = {""};
	struct rvl_completion done;
	struct rvl_queue *q;

	if (vector == 0) {
		if (rvl_dev_nop(n->dev, &err))
			fail_msg("%s", err.text);
		nic_settle(n);
		return;
	}
	q = n->queues[vector - 1];
	rvl_queue_arm(q);
	assert_int_equal(rvl_queue_tx(q, NIC_BUFFERS, 60, RVL_NO_SA, n), 0);
	rvl_queue_kick(q);
	nic_settle(n);
	assert_int_equal(rvl_queue_poll(q, &done, 1), 1);
	assert_int_equal(done.status, RVL_CQ_STATUS_OK);
}

unsigned nic_raised(struct nic *n)
{
	unsigned i, set = 0;

	for (i = 0; i < NIC_VECTORS; i++) {
		uint64_t times = events(n->events[i]);

		if (times > 1)
			fail_msg("vector %u was signalled %u times", i, (unsigned)times);
		set |= (unsigned)times << i;
	}
	return set;
}

uint64_t nic_pending(struct nic *n)
{
	uint64_t bits;

	assert_int_equal(client_read(&n->client, 2, RVL_MSIX_PBA_OFFSET, &bits, sizeof(bits)), 0);
	return bits;
}

void nic_mask(struct nic *n, unsigned vector, bool masked)
{
	const uint32_t control = masked;

	assert_int_equal(
		client_write(&n->client, 2, RVL_MSIX_TABLE_OFFSET + 16 * vector + 12, &control, 4),
		0);
	nic_settle(n);
}

bool nic_masked(struct nic *n, unsigned vector)
{
	uint32_t control;

	assert_int_equal(
		client_read(&n->client, 2, RVL_MSIX_TABLE_OFFSET + 16 * vector + 12, &control, 4),
		0);
	assert_true(control <= 1);
	return control;
}

uint16_t nic_config(struct nic *n, uint32_t offset)
{
	uint16_t v;

	assert_int_equal(client_read(&n->client, RVL_VFIO_REGION_CONFIG, offset, &v, 2), 0);
	return v;
}

void nic_set_config(struct nic *n, uint32_t offset, uint16_t value)
{
	assert_int_equal(client_write(&n->client, RVL_VFIO_REGION_CONFIG, offset, &value, 2), 0);
}

uint32_t nic_reg(struct nic *n, uint32_t offset)
{
	uint32_t v;

	assert_int_equal(client_read(&n->client, 0, offset, &v, 4), 0);
	return v;
}

uint64_t nic_reset(struct nic *n, bool flr)
{
	uint64_t from = rvl_sim_cycle(n->sim);

	if (flr)
		nic_set_config(n, NIC_DEVICE_CONTROL,
			       (uint16_t)(nic_config(n, NIC_DEVICE_CONTROL) | DEVICE_CONTROL_FLR));
	else
		assert_int_equal(client_call(&n->client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
	return rvl_sim_cycle(n->sim) - from;
}
