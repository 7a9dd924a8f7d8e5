/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vfio-user server, message by message, each in its right form and in every wrong one. The
 * device behind it is memory; the NIC meets the same server in ravelsim_test.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/vfio_user.h"
#include "tests/sim/client.h"

#define VECTORS 40
#define BAR0_SIZE 0x10000U
#define PAGE 4096U

/* A device that is memory and remembers what was asked of it. */
struct device {
	struct rvl_vfio_user *server;
	uint8_t region[RVL_VFIO_REGIONS][BAR0_SIZE];
	uint64_t last_write[64]; /* offsets, in order */
	unsigned writes;
	unsigned maps, attached, resets, masked;
	uint64_t connected; /* a bit a vector */
	bool enabled;
	uint8_t *mem; /* of the last map */
	int refuse;   /* what dma_map answers */
	char dir[64], path[96];
};

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
	memcpy(data, ((struct device *)ctx)->region[region] + offset, count);
	return 0;
}

static int dev_write(void *ctx, unsigned region, uint64_t offset, const void *data, uint32_t count)
{
	struct device *d = ctx;

	memcpy(d->region[region] + offset, data, count);
	d->last_write[d->writes++ % 64] = offset;
	return 0;
}

static int dev_map(void *ctx, uint64_t bus, uint64_t size, void *mem, bool readable, bool writable)
{
	struct device *d = ctx;

	(void)bus;
	(void)size;
	assert_true(readable || writable);
	if (d->refuse)
		return d->refuse;
	d->mem = mem;
	d->maps++;
	return 0;
}

static void dev_unmap(void *ctx, uint64_t bus, uint64_t size)
{
	struct device *d = ctx;

	(void)bus;
	(void)size;
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

	(void)vector;
	d->masked += masked ? 1U : 0U;
	return 0;
}

static int dev_reset(void *ctx)
{
	((struct device *)ctx)->resets++;
	return 0;
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

static void work(void *ctx)
{
	struct device *d = ctx;

	if (d->server)
		while (rvl_vfio_user_work(d->server, 16) == 16)
			;
}

struct fixture {
	struct device dev;
	struct client client;
	int memfd;
};

static struct rvl_vfio_user_device description(struct device *d)
{
	return (struct rvl_vfio_user_device){
		.ops = &ops,
		.ctx = d,
		.region_size = {[0] = BAR0_SIZE, [2] = 0x2000, [RVL_VFIO_REGION_CONFIG] = 4096},
		.vectors = VECTORS};
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct rvl_vfio_user_device device = description(&f->dev);
	char err[200];

	snprintf(f->dev.dir, sizeof(f->dev.dir), "/tmp/vfio_user_test.XXXXXX");
	assert_non_null(mkdtemp(f->dev.dir));
	snprintf(f->dev.path, sizeof(f->dev.path), "%s/nic", f->dev.dir);
	assert_int_equal(
		rvl_vfio_user_create(&f->dev.server, f->dev.path, &device, err, sizeof(err)), 0);
	f->memfd = memfd_create("guest", MFD_CLOEXEC);
	assert_int_equal(ftruncate(f->memfd, 16 * PAGE), 0);
	f->client.pump = work;
	f->client.ctx = &f->dev;
	assert_true(client_connect(&f->client, f->dev.path));
	assert_int_equal(client_version(&f->client), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
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

static int open_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void reconnect(struct fixture *f)
{
	client_close(&f->client);
	assert_true(client_connect(&f->client, f->dev.path));
}

/* A command with payload_size octets of zeroes, and with each shorter length, is refused. */
static void refuses_lengths(struct client *c, unsigned command, size_t right)
{
	uint8_t zero[256] = {0};
	size_t len;

	for (len = 0; len <= right + 8; len++)
		if (len != right)
			assert_int_equal(client_call(c, command, zero, len, NULL, 0), -EINVAL);
}

static int version_call(struct client *c, uint16_t major, const char *json, size_t len)
{
	uint8_t m[512];
	struct rvl_vfio_user_version v = {major, 0};

	memcpy(m, &v, sizeof(v));
	memcpy(m + sizeof(v), json, len);
	return client_call(c, RVL_VFIO_USER_VERSION, m, sizeof(v) + len, NULL, 0);
}

static void version_reply_names_only_what_was_proposed_and_fits_the_request(void **state)
{
	static const char qemu[] =
		"{\"capabilities\": {\"max_msg_fds\": 8, \"max_data_xfer_size\": 1048576, "
		"\"pgsizes\": 4096, \"max_dma_maps\": 65535, \"migration\": {\"pgsize\": 4096}, "
		"\"write_multiple\": true}}";
	struct fixture *f = *state;
	struct client *c = &f->client;

	reconnect(f);
	assert_int_equal(version_call(c, 0, qemu, sizeof(qemu)), 0);
	assert_true(c->reply_size <= 4 + sizeof(qemu));
	assert_string_equal((char *)c->reply + 4,
			    "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,"
			    "\"max_dma_maps\":65535,\"pgsizes\":4096,\"write_multiple\":true}}");
	assert_int_equal(c->reply_size, 4 + strlen((char *)c->reply + 4) + 1);
	assert_int_equal(version_call(c, 0, qemu, sizeof(qemu)), -EINVAL);

	reconnect(f);
	assert_int_equal(version_call(c, 0, "{\"capabilities\":{}}", 20), 0);
	assert_string_equal((char *)c->reply + 4, "{\"capabilities\":{}}");
	reconnect(f);
	assert_int_equal(version_call(c, 0, "{}", 3), 0);
	assert_int_equal(c->reply_size, 4 + 3);
	assert_string_equal((char *)c->reply + 4, "{}");
	reconnect(f);
	assert_int_equal(version_call(c, 0, "", 0), 0);
	assert_int_equal(c->reply_size, 4);
}

static void version_that_is_malformed_is_refused(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	uint8_t zero[4] = {0};
	size_t len;

	reconnect(f);
	for (len = 0; len < 4; len++)
		assert_int_equal(client_call(c, RVL_VFIO_USER_VERSION, zero, len, NULL, 0),
				 -EINVAL);
	assert_int_equal(version_call(c, 1, "{}", 3), -ENOTSUP);
	assert_int_equal(version_call(c, 0, "{}", 2), -EINVAL);
	assert_int_equal(version_call(c, 0, "{", 2), -EINVAL);
	assert_int_equal(version_call(c, 0, "{}\0{}", 6), -EINVAL);
	assert_int_equal(version_call(c, 0, "", 1), -EINVAL);
	assert_int_equal(version_call(c, 0, "[1]", 4), -EINVAL);
	assert_int_equal(version_call(c, 0, "{\"capabilities\":3}", 19), -EINVAL);
	assert_int_equal(version_call(c, 0, "{\"capabilities\":{\"pgsizes\":\"x\"}}", 33), -EINVAL);
	assert_int_equal(version_call(c, 0, "{\"capabilities\":{\"max_msg_fds\":-1}}", 36),
			 -EINVAL);
	assert_int_equal(f->dev.attached, 0);
	assert_int_equal(version_call(c, 0, "{}", 3), 0);
	assert_int_equal(f->dev.attached, 1);
}

static void nothing_but_version_is_answered_before_it(void **state)
{
	struct fixture *f = *state;
	uint8_t id;
	unsigned command;

	reconnect(f);
	for (command = 0; command < 20; command++)
		if (command != RVL_VFIO_USER_VERSION)
			assert_int_equal(client_call(&f->client, command, NULL, 0, NULL, 0),
					 -EINVAL);
	assert_int_equal(client_read(&f->client, 0, 0, &id, 1), -EINVAL);
	assert_int_equal(client_version(&f->client), 0);
	assert_int_equal(client_read(&f->client, 0, 0, &id, 1), 0);
}

static void device_info_names_regions_and_interrupts(void **state)
{
	struct fixture *f = *state;
	struct rvl_vfio_user_info info = {.argsz = sizeof(info)};

	assert_int_equal(
		client_call(&f->client, RVL_VFIO_USER_GET_INFO, &info, sizeof(info), NULL, 0), 0);
	assert_int_equal(f->client.reply_size, sizeof(info));
	memcpy(&info, f->client.reply, sizeof(info));
	assert_int_equal(info.argsz, 16);
	assert_int_equal(info.flags, 3);
	assert_int_equal(info.regions, 9);
	assert_int_equal(info.irqs, 5);
	info.argsz = 15;
	assert_int_equal(
		client_call(&f->client, RVL_VFIO_USER_GET_INFO, &info, sizeof(info), NULL, 0),
		-EINVAL);
	refuses_lengths(&f->client, RVL_VFIO_USER_GET_INFO, sizeof(info));
}

static void region_info_tells_sizes_and_maps_nothing(void **state)
{
	const uint64_t sizes[RVL_VFIO_REGIONS] = {[0] = BAR0_SIZE, [2] = 0x2000, [7] = 4096};
	struct fixture *f = *state;
	struct rvl_vfio_user_region_info info;
	unsigned i;

	for (i = 0; i < RVL_VFIO_REGIONS; i++) {
		info = (struct rvl_vfio_user_region_info){.argsz = 64, .index = i};
		assert_int_equal(client_call(&f->client, RVL_VFIO_USER_GET_REGION_INFO, &info,
					     sizeof(info), NULL, 0),
				 0);
		assert_int_equal(f->client.reply_size, sizeof(info));
		memcpy(&info, f->client.reply, sizeof(info));
		assert_int_equal(info.argsz, sizeof(info));
		assert_int_equal(info.index, i);
		assert_int_equal(info.size, sizes[i]);
		assert_int_equal(info.flags, sizes[i] ? 3 : 0);
		assert_int_equal(info.cap_offset, 0);
	}
	info = (struct rvl_vfio_user_region_info){.argsz = 32, .index = RVL_VFIO_REGIONS};
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_GET_REGION_INFO, &info, sizeof(info),
				     NULL, 0),
			 -EINVAL);
	info = (struct rvl_vfio_user_region_info){.argsz = 31};
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_GET_REGION_INFO, &info, sizeof(info),
				     NULL, 0),
			 -EINVAL);
	refuses_lengths(&f->client, RVL_VFIO_USER_GET_REGION_INFO, sizeof(info));
}

static void irq_info_counts_msix_vectors_alone(void **state)
{
	struct fixture *f = *state;
	struct rvl_vfio_user_irq_info info;
	unsigned i;

	for (i = 0; i < RVL_VFIO_IRQS; i++) {
		info = (struct rvl_vfio_user_irq_info){.argsz = sizeof(info), .index = i};
		assert_int_equal(client_call(&f->client, RVL_VFIO_USER_GET_IRQ_INFO, &info,
					     sizeof(info), NULL, 0),
				 0);
		memcpy(&info, f->client.reply, sizeof(info));
		assert_int_equal(info.count, i == 2 ? VECTORS : 0);
		assert_int_equal(!!(info.flags & VFIO_IRQ_INFO_EVENTFD), i == 2);
	}
	info = (struct rvl_vfio_user_irq_info){.argsz = sizeof(info), .index = RVL_VFIO_IRQS};
	assert_int_equal(
		client_call(&f->client, RVL_VFIO_USER_GET_IRQ_INFO, &info, sizeof(info), NULL, 0),
		-EINVAL);
	refuses_lengths(&f->client, RVL_VFIO_USER_GET_IRQ_INFO, sizeof(info));
}

static void accesses_reach_the_region_and_come_back(void **state)
{
	struct fixture *f = *state;
	uint32_t v = 0x12345678, r = 0;
	uint8_t big[BAR0_SIZE];
	unsigned i;

	assert_int_equal(client_write(&f->client, 2, 0x1ffc, &v, 4), 0);
	assert_int_equal(client_read(&f->client, 2, 0x1ffc, &r, 4), 0);
	assert_int_equal(r, v);
	for (i = 0; i < sizeof(big); i++)
		f->dev.region[0][i] = (uint8_t)(i * 7);
	assert_int_equal(client_read(&f->client, 0, 0, big, sizeof(big)), 0);
	assert_memory_equal(big, f->dev.region[0], sizeof(big));
}

static void access_beyond_its_region_is_refused(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	uint8_t d[16] = {0};

	assert_int_equal(client_read(c, 0, BAR0_SIZE, d, 1), -EINVAL);
	assert_int_equal(client_read(c, 0, BAR0_SIZE - 3, d, 4), -EINVAL);
	assert_int_equal(client_read(c, 0, UINT64_MAX, d, 4), -EINVAL);
	assert_int_equal(client_read(c, 0, 0, d, 0), -EINVAL);
	assert_int_equal(client_read(c, 1, 0, d, 4), -EINVAL);
	assert_int_equal(client_read(c, 9, 0, d, 4), -EINVAL);
	assert_int_equal(client_read(c, UINT32_MAX, 0, d, 4), -EINVAL);
	assert_int_equal(client_write(c, 0, BAR0_SIZE - 3, d, 4), -EINVAL);
	assert_int_equal(client_write(c, 8, 0, d, 4), -EINVAL);
	assert_int_equal(client_write(c, 0, 0, d, 0), -EINVAL);
	refuses_lengths(c, RVL_VFIO_USER_REGION_READ, 16);
	assert_int_equal(f->dev.writes, 0);
}

static void write_whose_length_and_count_differ_is_refused(void **state)
{
	struct fixture *f = *state;
	struct {
		struct rvl_vfio_user_access a;
		uint8_t data[64];
	} m = {.a = {.count = 8}};
	size_t len;

	for (len = 0; len < sizeof(m); len++)
		if (len != sizeof(m.a) + 8)
			assert_int_equal(client_call(&f->client, RVL_VFIO_USER_REGION_WRITE, &m,
						     len, NULL, 0),
					 -EINVAL);
	m.a.count = UINT32_MAX;
	assert_int_equal(
		client_call(&f->client, RVL_VFIO_USER_REGION_WRITE, &m, sizeof(m), NULL, 0),
		-EINVAL);
	assert_int_equal(f->dev.writes, 0);
}

static void posted_writes_are_not_answered_and_stay_in_order(void **state)
{
	struct fixture *f = *state;
	uint32_t v, i;

	for (i = 0; i < 32; i++) {
		v = i;
		assert_int_equal(client_post(&f->client, 0, 4 * i, &v, 4), 0);
	}
	/* Refused, and not answered either. */
	assert_int_equal(client_post(&f->client, 0, BAR0_SIZE, &v, 4), 0);
	assert_int_equal(client_read(&f->client, 0, 4 * 31, &v, 4), 0);
	assert_int_equal(v, 31);
	assert_int_equal(f->dev.writes, 32);
	for (i = 0; i < 32; i++)
		assert_int_equal(f->dev.last_write[i], 4 * i);
}

static void write_multi_does_all_or_none(void **state)
{
	struct fixture *f = *state;
	struct {
		uint64_t count;
		struct rvl_vfio_user_write_one one[3];
	} m = {.count = 3,
	       .one = {{.offset = 0, .region = 0, .count = 8, .data = {1, 2, 3, 4, 5, 6, 7, 8}},
		       {.offset = 8, .region = 0, .count = 1, .data = {9}},
		       {.offset = 12, .region = 2, .count = 4, .data = {10, 11, 12, 13}}}};
	uint64_t done;
	size_t len;

	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_WRITE_MULTI, &m, sizeof(m), NULL, 0),
			 0);
	assert_int_equal(f->client.reply_size, 8);
	memcpy(&done, f->client.reply, 8);
	assert_int_equal(done, 3);
	assert_memory_equal(f->dev.region[0], "\1\2\3\4\5\6\7\10\11", 9);
	assert_memory_equal(f->dev.region[2] + 12, "\12\13\14\15", 4);
	f->dev.writes = 0;
	for (len = 0; len < sizeof(m); len++)
		assert_int_equal(
			client_call(&f->client, RVL_VFIO_USER_WRITE_MULTI, &m, len, NULL, 0),
			-EINVAL);
	m.one[2].count = 9;
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_WRITE_MULTI, &m, sizeof(m), NULL, 0),
			 -EINVAL);
	m.one[2].count = 4;
	m.one[2].region = 5;
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_WRITE_MULTI, &m, sizeof(m), NULL, 0),
			 -EINVAL);
	m.count = 1ULL << 61;
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_WRITE_MULTI, &m, sizeof(m), NULL, 0),
			 -EINVAL);
	assert_int_equal(f->dev.writes, 0);
}

static void mapped_memory_is_the_clients(void **state)
{
	struct fixture *f = *state;
	int before = open_fds();
	char byte = 0;

	assert_int_equal(client_map(&f->client, f->memfd, PAGE, 0x10000, 2 * PAGE), 0);
	assert_non_null(f->dev.mem);
	f->dev.mem[5] = 42;
	assert_int_equal(pread(f->memfd, &byte, 1, PAGE + 5), 1);
	assert_int_equal(byte, 42);
	assert_int_equal(open_fds(), before); /* the descriptor is closed, the mapping stays */
	assert_int_equal(client_unmap(&f->client, 0x10000, 2 * PAGE), 0);
	assert_int_equal(f->dev.maps, 0);
}

static void map_without_descriptor_is_accepted_and_not_reachable(void **state)
{
	struct fixture *f = *state;

	f->dev.mem = f->dev.region[0];
	assert_int_equal(client_map(&f->client, -1, 0, 0xf0000, PAGE), 0);
	assert_null(f->dev.mem);
	assert_int_equal(client_unmap(&f->client, 0xf0000, PAGE), 0);
}

static void overlapping_map_is_refused_with_eexist(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	int fd = f->memfd;

	assert_int_equal(client_map(c, fd, 0, 0x10000, 4 * PAGE), 0);
	assert_int_equal(client_map(c, fd, 0, 0x20000, 4 * PAGE), 0);
	assert_int_equal(client_map(c, fd, 0, 0x10000, 4 * PAGE), -EEXIST);
	assert_int_equal(client_map(c, fd, 0, 0x13000, PAGE), -EEXIST);
	assert_int_equal(client_map(c, fd, 0, 0xf000, 2 * PAGE), -EEXIST);
	assert_int_equal(client_map(c, fd, 0, 0x1f000, 2 * PAGE), -EEXIST);
	assert_int_equal(client_map(c, fd, 0, 0x14000, 12 * PAGE), 0);
	assert_int_equal(client_map(c, fd, 0, 0xf000, PAGE), 0);
	assert_int_equal(f->dev.maps, 4);
}

static void map_that_is_malformed_is_refused(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	struct rvl_vfio_user_dma_map good = {
		.argsz = sizeof(good), .flags = 3, .address = 0x1000, .size = PAGE};
	struct rvl_vfio_user_dma_map m;
	int pipes[2], two[2] = {f->memfd, f->memfd};

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	refuses_lengths(c, RVL_VFIO_USER_DMA_MAP, sizeof(m));
#define REFUSED(CHANGE, FDS, COUNT)                                                                \
	do {                                                                                       \
		m = good;                                                                          \
		CHANGE;                                                                            \
		assert_int_equal(client_call(c, RVL_VFIO_USER_DMA_MAP, &m, sizeof(m), FDS, COUNT), \
				 -EINVAL);                                                         \
	} while (0)
	REFUSED(m.argsz = 31, &f->memfd, 1);
	REFUSED(m.flags = 4, &f->memfd, 1);
	REFUSED(m.flags = 0, &f->memfd, 1);
	REFUSED(m.size = 0, &f->memfd, 1);
	REFUSED(m.size = UINT64_MAX, &f->memfd, 1);
	REFUSED(m.address = UINT64_MAX - 5, &f->memfd, 1);
	REFUSED(m.offset = 1, &f->memfd, 1);
	REFUSED(m.offset = 16 * PAGE, &f->memfd, 1);
	REFUSED(m.offset = UINT64_MAX, &f->memfd, 1);
	REFUSED(m.size = 17 * PAGE, &f->memfd, 1);
	REFUSED((void)0, two, 2);
	REFUSED((void)0, pipes, 1);
#undef REFUSED
	assert_int_equal(f->dev.maps, 0);
	f->dev.refuse = -EPERM;
	assert_int_equal(client_map(c, f->memfd, 0, 0x1000, PAGE), -EPERM);
	f->dev.refuse = 0;
	assert_int_equal(client_map(c, f->memfd, 0, 0x1000, PAGE), 0);
	close(pipes[0]);
	close(pipes[1]);
}

static void unmap_must_match_a_map_unless_it_is_for_all(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	struct rvl_vfio_user_dma_unmap all = {.argsz = sizeof(all), .flags = 2};
	int i;

	for (i = 0; i < 8; i++)
		assert_int_equal(client_map(c, f->memfd, 0, 0x100000ULL * (8 - i), PAGE), 0);
	assert_int_equal(client_unmap(c, 0x100000, 2 * PAGE), -ENOENT);
	assert_int_equal(client_unmap(c, 0x101000, PAGE), -ENOENT);
	assert_int_equal(client_unmap(c, 0x900000, PAGE), -ENOENT);
	assert_int_equal(client_unmap(c, 0x300000, PAGE), 0);
	assert_int_equal(client_unmap(c, 0x300000, PAGE), -ENOENT);
	refuses_lengths(c, RVL_VFIO_USER_DMA_UNMAP, sizeof(all));
	all.size = 1;
	assert_int_equal(client_call(c, RVL_VFIO_USER_DMA_UNMAP, &all, sizeof(all), NULL, 0),
			 -EINVAL);
	all.size = 0;
	all.flags = 1;
	assert_int_equal(client_call(c, RVL_VFIO_USER_DMA_UNMAP, &all, sizeof(all), NULL, 0),
			 -EINVAL);
	assert_int_equal(f->dev.maps, 7);
	all.flags = 2;
	assert_int_equal(client_call(c, RVL_VFIO_USER_DMA_UNMAP, &all, sizeof(all), NULL, 0), 0);
	assert_int_equal(c->reply_size, sizeof(all));
	assert_memory_equal(c->reply, &all, sizeof(all));
	assert_int_equal(f->dev.maps, 0);
}

#define EVENTFD_TRIGGER (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)
#define NONE_TRIGGER (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER)

static uint64_t events(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void eventfds_come_in_chunks_and_are_signalled_by_vector(void **state)
{
	struct fixture *f = *state;
	int before = open_fds();
	int fds[VECTORS];
	uint32_t i;

	for (i = 0; i < VECTORS; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (i = 0; i < VECTORS; i += 8)
		assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, i, 8, fds + i, 8), 0);
	assert_int_equal(f->dev.connected, (1ULL << VECTORS) - 1);
	for (i = 0; i < VECTORS; i++) {
		uint32_t j;

		assert_true(rvl_vfio_user_irq(f->dev.server, i));
		for (j = 0; j < VECTORS; j++)
			assert_int_equal(events(fds[j]), i == j);
	}
	/* Absent descriptors disconnect the range. */
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 4, 3, NULL, 0), 0);
	assert_int_equal(f->dev.connected, ((1ULL << VECTORS) - 1) & ~0x70ULL);
	assert_false(rvl_vfio_user_irq(f->dev.server, 5));
	assert_false(rvl_vfio_user_irq(f->dev.server, VECTORS));
	/* The client triggers them itself. */
	assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER, 8, 2, NULL, 0), 0);
	assert_int_equal(events(fds[8]) + events(fds[9]), 2);
	/* One event replaces another. */
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 0, 1, &fds[5], 1), 0);
	assert_true(rvl_vfio_user_irq(f->dev.server, 0));
	assert_int_equal(events(fds[0]), 0);
	assert_int_equal(events(fds[5]), 1);
	/* Count 0 without data disables all. */
	assert_int_equal(client_set_irqs(&f->client, NONE_TRIGGER, 0, 0, NULL, 0), 0);
	assert_int_equal(f->dev.connected, 0);
	assert_false(f->dev.enabled);
	for (i = 0; i < VECTORS; i++)
		close(fds[i]);
	assert_int_equal(open_fds(), before);
}

static void full_event_counter_does_not_block_the_server(void **state)
{
	struct fixture *f = *state;
	int fd = eventfd(0, EFD_CLOEXEC);
	uint64_t full = UINT64_MAX - 1;

	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 0, 1, &fd, 1), 0);
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	assert_true(rvl_vfio_user_irq(f->dev.server, 0));
	close(fd);
}

static void set_irqs_that_is_malformed_is_refused(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	struct {
		struct rvl_vfio_user_set_irqs s;
		uint8_t bools[4];
	} m = {.s = {.argsz = 20, .index = 2}};
	int fds[20], pipes[2];
	uint32_t i;
	size_t len;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	for (i = 0; i < 20; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* neither none nor all; not an eventfd; more than a message can hold */
	assert_int_equal(client_set_irqs(c, EVENTFD_TRIGGER, 0, 3, fds, 2), -EINVAL);
	assert_int_equal(client_set_irqs(c, EVENTFD_TRIGGER, 0, 1, fds, 2), -EINVAL);
	assert_int_equal(client_set_irqs(c, EVENTFD_TRIGGER, 0, 1, pipes, 1), -EINVAL);
	assert_int_equal(client_set_irqs(c, EVENTFD_TRIGGER, 0, 20, fds, 20), -EINVAL);
	assert_int_equal(client_set_irqs(c, EVENTFD_TRIGGER, 0, 16, fds, 16), 0);
	assert_int_equal(client_set_irqs(c, NONE_TRIGGER, 0, 0, NULL, 0), 0);
	/* ranges */
	assert_int_equal(client_set_irqs(c, EVENTFD_TRIGGER, VECTORS, 1, fds, 1), -EINVAL);
	assert_int_equal(client_set_irqs(c, EVENTFD_TRIGGER, UINT32_MAX, 1, fds, 1), -EINVAL);
	assert_int_equal(client_set_irqs(c, NONE_TRIGGER, 1, UINT32_MAX, NULL, 0), -EINVAL);
	assert_int_equal(client_set_irqs(c, EVENTFD_TRIGGER, 0, 0, NULL, 0), -EINVAL);
	assert_int_equal(client_set_irqs(c, NONE_TRIGGER, 1, 0, NULL, 0), -EINVAL);
	/* flags: each must be there once */
	assert_int_equal(client_set_irqs(c, 0, 0, 1, NULL, 0), -EINVAL);
	assert_int_equal(client_set_irqs(c, VFIO_IRQ_SET_DATA_NONE, 0, 1, NULL, 0), -EINVAL);
	assert_int_equal(client_set_irqs(c, VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, NULL, 0), -EINVAL);
	assert_int_equal(client_set_irqs(c, NONE_TRIGGER | 4, 0, 1, NULL, 0), -EINVAL);
	assert_int_equal(client_set_irqs(c, NONE_TRIGGER | 8, 0, 1, NULL, 0), -EINVAL);
	assert_int_equal(client_set_irqs(c, NONE_TRIGGER | 0x40, 0, 1, NULL, 0), -EINVAL);
	assert_int_equal(client_set_irqs(c, NONE_TRIGGER, 0, 1, fds, 1), -EINVAL);
	assert_int_equal(client_set_irqs(c, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_MASK, 0,
					 1, fds, 1),
			 -ENOTSUP);
	/* lengths, with and without booleans */
	m.s.count = 3;
	m.s.flags = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_MASK;
	for (len = 0; len <= sizeof(m); len++)
		assert_int_equal(client_call(c, RVL_VFIO_USER_SET_IRQS, &m, len, NULL, 0),
				 len == 23 ? 0 : -EINVAL);
	m.s.flags = NONE_TRIGGER;
	assert_int_equal(client_call(c, RVL_VFIO_USER_SET_IRQS, &m, 21, NULL, 0), -EINVAL);
	/* other kinds of interrupt have no vectors, but may be disabled */
	m.s.index = 0;
	assert_int_equal(client_call(c, RVL_VFIO_USER_SET_IRQS, &m, 20, NULL, 0), -EINVAL);
	m.s.count = 0;
	assert_int_equal(client_call(c, RVL_VFIO_USER_SET_IRQS, &m, 20, NULL, 0), 0);
	m.s.index = RVL_VFIO_IRQS;
	assert_int_equal(client_call(c, RVL_VFIO_USER_SET_IRQS, &m, 20, NULL, 0), -EINVAL);
	assert_int_equal(f->dev.connected, 0);
	for (i = 0; i < 20; i++)
		close(fds[i]);
	close(pipes[0]);
	close(pipes[1]);
}

static void vectors_are_masked_by_boolean(void **state)
{
	struct fixture *f = *state;
	struct {
		struct rvl_vfio_user_set_irqs s;
		uint8_t bools[3];
	} m = {.s = {.argsz = 23,
		     .index = 2,
		     .count = 3,
		     .flags = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_MASK},
	       .bools = {1, 0, 1}};

	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_SET_IRQS, &m, 23, NULL, 0), 0);
	assert_int_equal(f->dev.masked, 2);
}

static void reset_has_no_payload(void **state)
{
	struct fixture *f = *state;

	refuses_lengths(&f->client, RVL_VFIO_USER_RESET, 0);
	assert_int_equal(f->dev.resets, 0);
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
	assert_int_equal(f->client.reply_size, 0);
	assert_int_equal(f->dev.resets, 1);
}

static void unknown_commands_are_refused(void **state)
{
	const unsigned unknown[] = {0, 6, 11, 12, 14, 16, 17, 18, 19, 0xffff};
	struct fixture *f = *state;
	uint8_t zero[64] = {0};
	unsigned i;

	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(client_call(&f->client, unknown[i], zero, sizeof(zero), NULL, 0),
				 -ENOTSUP);
}

static void descriptors_with_a_command_that_takes_none_are_closed(void **state)
{
	struct fixture *f = *state;
	int before = open_fds();
	int fds[60];
	unsigned i;

	for (i = 0; i < 60; i++)
		fds[i] = f->memfd;
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, fds, 1), -EINVAL);
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, fds, 60), -EINVAL);
	assert_int_equal(open_fds(), before);
	assert_int_equal(f->dev.resets, 0);
}

static void impossible_headers_end_the_connection(void **state)
{
	const struct rvl_vfio_user_hdr bad[] = {
		{.id = 1, .command = 13, .size = 0},
		{.id = 1, .command = 13, .size = 15},
		{.id = 1, .command = 10, .size = UINT32_MAX},
		{.id = 1, .command = 13, .size = 16, .flags = RVL_VFIO_USER_REPLY},
		{.id = 1, .command = 13, .size = 16, .flags = 2},
	};
	struct fixture *f = *state;
	unsigned i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(client_send_raw(&f->client, &bad[i], sizeof(bad[i]), NULL, 0));
		assert_int_equal(client_receive(&f->client, 1, 13), -ECONNRESET);
		assert_int_equal(f->dev.attached, 0);
		reconnect(f);
		assert_int_equal(client_version(&f->client), 0);
	}
}

static void messages_may_arrive_octet_by_octet_or_many_at_once(void **state)
{
	struct fixture *f = *state;
	struct {
		struct rvl_vfio_user_hdr h;
		struct rvl_vfio_user_access a;
	} m[3];
	uint32_t v;
	size_t i;

	memcpy(f->dev.region[0], "abcdefghijkl", 12);
	for (i = 0; i < 3; i++) {
		m[i].h = (struct rvl_vfio_user_hdr){.id = (uint16_t)(100 + i),
						    .command = RVL_VFIO_USER_REGION_READ,
						    .size = sizeof(m[0])};
		m[i].a = (struct rvl_vfio_user_access){.offset = 4 * i, .region = 0, .count = 4};
	}
	for (i = 0; i < sizeof(m[0]); i++)
		assert_true(client_send_raw(&f->client, (char *)m + i, 1, NULL, 0));
	assert_true(client_send_raw(&f->client, m + 1, 2 * sizeof(m[0]), NULL, 0));
	for (i = 0; i < 3; i++) {
		assert_int_equal(
			client_receive(&f->client, (int)(100 + i), RVL_VFIO_USER_REGION_READ), 0);
		memcpy(&v, f->client.reply + 16, 4);
		assert_memory_equal(&v, &"abcdefghijkl"[4 * i], 4);
	}
}

static void client_that_does_not_read_stops_only_itself(void **state)
{
	struct fixture *f = *state;
	struct {
		struct rvl_vfio_user_hdr h;
		struct rvl_vfio_user_access a;
	} m = {.h = {.command = RVL_VFIO_USER_REGION_READ, .size = sizeof(m)},
	       .a = {.count = BAR0_SIZE}};
	unsigned sent, got;

	/* Far more replies than the socket holds; the server must come back each time. */
	for (sent = 0; sent < 100; sent++) {
		m.h.id = (uint16_t)sent;
		assert_true(client_send_raw(&f->client, &m, sizeof(m), NULL, 0));
	}
	for (got = 0; got < sent; got++)
		assert_int_equal(client_receive(&f->client, (int)got, RVL_VFIO_USER_REGION_READ),
				 0);
}

static void client_that_goes_leaves_no_map_and_no_descriptor(void **state)
{
	struct fixture *f = *state;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct rvl_vfio_user_hdr half = {.command = 13, .size = 64};
	uint32_t v = 7, r = 0;
	int before;

	client_close(&f->client);
	before = open_fds();
	assert_true(client_connect(&f->client, f->dev.path));
	assert_int_equal(client_version(&f->client), 0);
	assert_int_equal(client_map(&f->client, f->memfd, 0, 0x10000, 4 * PAGE), 0);
	assert_int_equal(client_map(&f->client, -1, 0, 0x20000, 4 * PAGE), 0);
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 3, 1, &fd, 1), 0);
	assert_int_equal(client_write(&f->client, 0, 0, &v, 4), 0);
	/* It goes in the middle of a message that carries a descriptor. */
	assert_true(client_send_raw(&f->client, &half, sizeof(half), &f->memfd, 1));
	client_close(&f->client);
	assert_int_equal(f->dev.maps, 0);
	assert_int_equal(f->dev.connected, 0);
	assert_int_equal(f->dev.attached, 0);
	assert_int_equal(open_fds(), before);
	assert_false(rvl_vfio_user_irq(f->dev.server, 3));
	/* The next one finds the device as it was. */
	assert_true(client_connect(&f->client, f->dev.path));
	assert_int_equal(client_version(&f->client), 0);
	assert_int_equal(client_read(&f->client, 0, 0, &r, 4), 0);
	assert_int_equal(r, 7);
	assert_int_equal(f->dev.resets, 0);
	close(fd);
}

static void second_client_waits_for_the_first_to_go(void **state)
{
	struct fixture *f = *state;
	static struct client second;
	int id;

	second.pump = work;
	second.ctx = &f->dev;
	assert_true(client_connect(&second, f->dev.path));
	id = client_send(&second, RVL_VFIO_USER_VERSION, 0, "\0\0\0\0", 4, NULL, 0);
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
	client_close(&f->client);
	assert_int_equal(client_receive(&second, id, RVL_VFIO_USER_VERSION), 0);
	client_close(&second);
}

static void random_messages_do_no_harm(void **state)
{
	struct fixture *f = *state;
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 4303;
	uint64_t x = seed * 2654435761U + 1;
	unsigned i;

	for (i = 0; i < 20000; i++) {
		uint8_t m[128];
		struct rvl_vfio_user_hdr hdr;
		size_t j, len;

		for (j = 0; j < sizeof(m); j++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			/* Mostly small numbers, so that checks are passed now and then. */
			m[j] = x & 3 ? (uint8_t)(x >> 8 & (j % 4 ? 0 : 0x3f)) : (uint8_t)(x >> 16);
		}
		len = sizeof(hdr) + (x >> 24) % (sizeof(m) - sizeof(hdr));
		memcpy(&hdr, m, sizeof(hdr));
		hdr.command = (uint16_t)(1 + (x >> 40) % 17);
		hdr.flags = x >> 60 ? RVL_VFIO_USER_NO_REPLY : 0xf;
		hdr.size = (uint32_t)len;
		memcpy(m, &hdr, sizeof(hdr));
		if (!client_send_raw(&f->client, m, len, &f->memfd, x >> 50 & 1) ||
		    !rvl_vfio_user_connected(f->dev.server)) {
			reconnect(f);
			if (client_version(&f->client)) {
				print_message("seed=%llu\n", (unsigned long long)seed);
				fail();
			}
		}
	}
	reconnect(f);
	assert_int_equal(client_version(&f->client), 0);
	assert_int_equal(f->dev.maps, 0);
}

static void stale_socket_is_removed_and_a_live_one_is_not(void **state)
{
	struct fixture *f = *state;
	struct rvl_vfio_user_device device = description(&f->dev);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct rvl_vfio_user *other;
	char path[128], err[200];
	int fd;

	assert_int_equal(rvl_vfio_user_create(&other, f->dev.path, &device, err, sizeof(err)),
			 -EADDRINUSE);
	assert_non_null(strstr(err, "another process listens there"));
	assert_null(other);
	assert_int_equal(access(f->dev.path, F_OK), 0);

	snprintf(path, sizeof(path), "%s/stale", f->dev.dir);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	assert_int_equal(rvl_vfio_user_create(&other, path, &device, err, sizeof(err)), 0);
	rvl_vfio_user_destroy(other);
	assert_int_equal(access(path, F_OK), -1);

	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(rvl_vfio_user_create(&other, path, &device, err, sizeof(err)), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	unlink(path);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(rvl_vfio_user_create(&other, path, &device, err, sizeof(err)),
			 -ENAMETOOLONG);
	snprintf(path, sizeof(path), "%s/no/such", f->dev.dir);
	assert_int_equal(rvl_vfio_user_create(&other, path, &device, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "No such file or directory"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(version_reply_names_only_what_was_proposed_and_fits_the_request),
		TEST(version_that_is_malformed_is_refused),
		TEST(nothing_but_version_is_answered_before_it),
		TEST(device_info_names_regions_and_interrupts),
		TEST(region_info_tells_sizes_and_maps_nothing),
		TEST(irq_info_counts_msix_vectors_alone),
		TEST(accesses_reach_the_region_and_come_back),
		TEST(access_beyond_its_region_is_refused),
		TEST(write_whose_length_and_count_differ_is_refused),
		TEST(posted_writes_are_not_answered_and_stay_in_order),
		TEST(write_multi_does_all_or_none),
		TEST(mapped_memory_is_the_clients),
		TEST(map_without_descriptor_is_accepted_and_not_reachable),
		TEST(overlapping_map_is_refused_with_eexist),
		TEST(map_that_is_malformed_is_refused),
		TEST(unmap_must_match_a_map_unless_it_is_for_all),
		TEST(eventfds_come_in_chunks_and_are_signalled_by_vector),
		TEST(full_event_counter_does_not_block_the_server),
		TEST(set_irqs_that_is_malformed_is_refused),
		TEST(vectors_are_masked_by_boolean),
		TEST(reset_has_no_payload),
		TEST(unknown_commands_are_refused),
		TEST(descriptors_with_a_command_that_takes_none_are_closed),
		TEST(impossible_headers_end_the_connection),
		TEST(messages_may_arrive_octet_by_octet_or_many_at_once),
		TEST(client_that_does_not_read_stops_only_itself),
		TEST(client_that_goes_leaves_no_map_and_no_descriptor),
		TEST(second_client_waits_for_the_first_to_go),
		TEST(random_messages_do_no_harm),
		TEST(stale_socket_is_removed_and_a_live_one_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
