/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/conformance/conformance.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int dev_attach(void *ctx)
{
	((struct device *)ctx)->attached++;
	return 0;
}

static void dev_detach(void *ctx)
{
	((struct device *)ctx)->attached--;
}

static int dev_read(void *ctx, unsigned region, uint64_t offset, void *data, uint32_t count)
{
	struct device *d = ctx;

	memcpy(data, d->region[region] + offset, count);
	d->reads++;
	return 0;
}

static int dev_write(void *ctx, unsigned region, uint64_t offset, const void *data, uint32_t count)
{
	struct device *d = ctx;

	memcpy(d->region[region] + offset, data, count);
	d->last_write[d->writes++ % COUNT(d->last_write)] = offset;
	return 0;
}

static int dev_map(void *ctx, uint64_t bus, uint64_t size, void *mem, bool readable, bool writable)
{
	struct device *d = ctx;

	(void)bus;
	(void)size;
	if (d->refuse)
		return d->refuse;
	d->mem = mem;
	d->readable = readable;
	d->writable = writable;
	d->maps++;
	return 0;
}

static void dev_unmap(void *ctx, uint64_t bus, uint64_t size)
{
	struct device *d = ctx;
	struct pollfd there = {.fd = d->watched, .events = POLLIN};

	(void)bus;
	(void)size;
	if (poll(&there, 1, 0) > 0 && !(there.revents & POLLHUP))
		d->answered_early = true;
	d->maps--;
	d->mem = NULL;
}

static int dev_irq_enable(void *ctx, bool on)
{
	((struct device *)ctx)->enabled = on;
	return 0;
}

static int dev_irq_connect(void *ctx, unsigned vector, bool on)
{
	struct device *d = ctx;

	assert_true(!on || d->enabled);
	d->connected &= ~(1ULL << vector);
	d->connected |= (uint64_t)on << vector;
	return 0;
}

static int dev_irq_mask(void *ctx, unsigned vector, bool masked)
{
	struct device *d = ctx;

	d->mask_calls++;
	d->masked &= ~(1ULL << vector);
	d->masked |= (uint64_t)masked << vector;
	return 0;
}

static int dev_reset(void *ctx)
{
	struct device *d = ctx;

	d->resets++;
	return d->refuse;
}

static void dev_log(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static const struct rvl_vfio_user_ops ops = {
	.attach = dev_attach,
	.detach = dev_detach,
	.region_read = dev_read,
	.region_write = dev_write,
	.dma_map = dev_map,
	.dma_unmap = dev_unmap,
	.irq_enable = dev_irq_enable,
	.irq_connect = dev_irq_connect,
	.irq_mask = dev_irq_mask,
	.reset = dev_reset,
	.log = dev_log,
};

void conformance_work(void *ctx)
{
	struct device *d = ctx;

	if (d->server)
		while (rvl_vfio_user_work(d->server, 16) == 16)
			;
}

struct rvl_vfio_user_device conformance_device(struct device *d)
{
	return (struct rvl_vfio_user_device){
		.ops = &ops,
		.ctx = d,
		.region_size = {[0] = BAR0_SIZE,
				[2] = BAR2_SIZE,
				[4] = BAR4_SIZE,
				[RVL_VFIO_REGION_CONFIG] = CONFIG_SIZE},
		.vectors = VECTORS};
}

void conformance_reconnect(struct fixture *f)
{
	client_close(&f->client);
	assert_true(client_connect(&f->client, f->dev.path));
	f->dev.watched = f->client.fd;
}

void conformance_attach(struct fixture *f)
{
	conformance_reconnect(f);
	assert_int_equal(client_version(&f->client), 0);
}

int conformance_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct rvl_vfio_user_device device = conformance_device(&f->dev);
	char err[200];

	snprintf(f->dev.dir, sizeof(f->dev.dir), "/tmp/vfio_user_conformance.XXXXXX");
	assert_non_null(mkdtemp(f->dev.dir));
	snprintf(f->dev.path, sizeof(f->dev.path), "%s/nic", f->dev.dir);
	if (rvl_vfio_user_create(&f->dev.server, f->dev.path, &device, err, sizeof(err)))
		fail_msg("%s", err);
	f->memfd = memfd_create("guest", MFD_CLOEXEC);
	assert_int_equal(ftruncate(f->memfd, GUEST_PAGES * PAGE), 0);
	f->client.fd = -1;
	f->client.pump = conformance_work;
	f->client.ctx = &f->dev;
	conformance_attach(f);
	*state = f;
	return 0;
}

int conformance_teardown(void **state)
{
	struct fixture *f = *state;

	client_close(&f->client);
	rvl_vfio_user_destroy(f->dev.server);
	close(f->memfd);
	assert_int_equal(access(f->dev.path, F_OK), -1);
	assert_int_equal(rmdir(f->dev.dir), 0);
	free(f);
	return 0;
}

void refuses_lengths(struct client *c, unsigned command, size_t right)
{
	const uint8_t zero[256] = {0};
	size_t len;

	assert_true(right + 16 <= sizeof(zero));
	for (len = 0; len <= right + 16; len++)
		if (len != right)
			assert_int_equal(client_call(c, command, zero, len, NULL, 0), -EINVAL);
}

unsigned open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

unsigned mappings_of(const char *name)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	unsigned n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, name) != NULL;
	fclose(f);
	return n;
}

uint64_t events(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}
