/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vfio-user client of the driver: against the simulator's server with a small device behind it,
 * and against servers that break the protocol.
 *
 * usage: driver_vfio_user_test [seed=N]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/pci_regs.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "driver/user/rvl_user.h"
#include "driver/user/vfio_user_proto.h"
#include "sim/config_space.h"
#include "sim/vfio_user.h"
#include "tests/patience.h"

#define VECTORS 5
#define SHORT_TIMEOUT_MS 100

static uint64_t seed = 1;

static void make_path(char *path, size_t size)
{
	static unsigned int number;

	snprintf(path, size, "/tmp/rvl-client-test-%d-%u.sock", (int)getpid(), number++);
}

static void make_address(char *address, size_t size, const char *path)
{
	snprintf(address, size, "vfio-user:%s", path);
}

/* ------------------------------------------------------------ the simulator's server, in a thread
 */

struct device {
	struct rvl_vfio_user *server;
	struct rvl_config_space config;
	uint8_t bar0[RVL_BAR0_SIZE];
	struct {
		uint64_t bus, size;
		uint8_t *mem;
	} maps[4];
	unsigned int connected;
	unsigned int resets;
	char path[96];
	char address[112];
	pthread_t thread;
	rvl_atomic stop;
	uint16_t device_id;
};

static int dev_read(void *ctx, unsigned region, uint64_t offset, void *data, uint32_t count)
{
	struct device *d = ctx;

	if (region == 7) {
		rvl_config_space_read(&d->config, (uint32_t)offset, data, count);
		if (offset == PCI_VENDOR_ID && count == 4)
			((uint16_t *)data)[1] ^= d->device_id;
		return 0;
	}
	memcpy(data, d->bar0 + offset, count);
	return 0;
}

static int dev_write(void *ctx, unsigned region, uint64_t offset, const void *data, uint32_t count)
{
	struct device *d = ctx;

	if (region == 7)
		rvl_config_space_write(&d->config, (uint32_t)offset, data, count);
	else
		memcpy(d->bar0 + offset, data, count);
	/* A doorbell of this test's own: interrupt, and a DMA write to the address in register 0.
	 */
	if (region == 0 && offset == 0x8) {
		uint32_t vector;
		uint64_t bus;
		unsigned int i;

		memcpy(&vector, data, sizeof(vector));
		memcpy(&bus, d->bar0, sizeof(bus));
		for (i = 0; i < 4; i++) {
			if (bus >= d->maps[i].bus && bus - d->maps[i].bus < d->maps[i].size)
				d->maps[i].mem[bus - d->maps[i].bus] = 0x77;
		}
		rvl_vfio_user_irq(d->server, vector);
	}
	return 0;
}

static int dev_map(void *ctx, uint64_t bus, uint64_t size, void *mem, bool readable, bool writable)
{
	struct device *d = ctx;
	unsigned int i;

	(void)readable;
	(void)writable;
	for (i = 0; i < 4; i++) {
		if (d->maps[i].size)
			continue;
		d->maps[i].bus = bus;
		d->maps[i].size = size;
		d->maps[i].mem = mem;
		return 0;
	}
	return -ENOSPC;
}

static void dev_unmap(void *ctx, uint64_t bus, uint64_t size)
{
	struct device *d = ctx;
	unsigned int i;

	(void)size;
	for (i = 0; i < 4; i++) {
		if (d->maps[i].bus == bus)
			d->maps[i].size = 0;
	}
}

static int dev_attach(void *ctx)
{
	(void)ctx;
	return 0;
}

static void dev_detach(void *ctx)
{
	(void)ctx;
}

static int dev_irq_enable(void *ctx, bool on)
{
	(void)ctx;
	(void)on;
	return 0;
}

static int dev_irq_connect(void *ctx, unsigned vector, bool on)
{
	(void)vector;
	((struct device *)ctx)->connected += on;
	return 0;
}

static int dev_irq_mask(void *ctx, unsigned vector, bool masked)
{
	(void)ctx;
	(void)vector;
	(void)masked;
	return 0;
}

static int dev_reset(void *ctx)
{
	struct device *d = ctx;

	d->resets++;
	rvl_config_space_flr(&d->config);
	return 0;
}

static void dev_log(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static const struct rvl_vfio_user_ops device_ops = {
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

static void *serve(void *arg)
{
	struct device *d = arg;

	while (!rvl_atomic_load(&d->stop)) {
		struct pollfd p = {.fd = rvl_vfio_user_fd(d->server), .events = POLLIN};

		poll(&p, 1, 20);
		rvl_vfio_user_work(d->server, 64);
	}
	return NULL;
}

static void device_start(struct device *d)
{
	struct rvl_vfio_user_device vfio = {.ops = &device_ops, .ctx = d, .vectors = VECTORS};
	char err[200] = "";

	memset(d, 0, sizeof(*d));
	rvl_config_space_init(&d->config, VECTORS);
	vfio.region_size[0] = RVL_BAR0_SIZE;
	vfio.region_size[2] = RVL_BAR2_SIZE;
	vfio.region_size[7] = RVL_CONFIG_SPACE_SIZE;
	make_path(d->path, sizeof(d->path));
	make_address(d->address, sizeof(d->address), d->path);
	if (rvl_vfio_user_create(&d->server, d->path, &vfio, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(pthread_create(&d->thread, NULL, serve, d), 0);
}

static void device_stop(struct device *d)
{
	if (d->server) {
		rvl_atomic_store(&d->stop, 1);
		pthread_join(d->thread, NULL);
		rvl_vfio_user_destroy(d->server);
	}
	d->server = NULL;
}

static void registers_memory_and_interrupts_reach_the_device(void **state)
{
	struct rvl_dev_error err = {""};
	struct rvl_user *user;
	struct device d;
	const struct rvl_os *os;
	unsigned int round;
	bool low = false;
	bool high = false;
	uint16_t command;

	(void)state;
	device_start(&d);
	if (rvl_user_open(d.address, NULL, &user, &err))
		fail_msg("%s", err.text);
	os = rvl_user_os(user);
	assert_int_equal(d.connected, VECTORS);
	assert_int_equal(rvl_user_irq_fd(user, VECTORS), -1);
	assert_int_equal(rvl_user_config_read(user, PCI_COMMAND, &command, sizeof(command)), 0);
	assert_true(command & PCI_COMMAND_MASTER);

	for (round = 0; round < 2 * VECTORS; round++) {
		unsigned int vector = round % VECTORS;
		struct pollfd p = {.fd = rvl_user_irq_fd(user, vector), .events = POLLIN};
		uint64_t bus, count;
		uint8_t *mem = rvl_os_dma_alloc(os, 10000, &bus);

		assert_non_null(mem);
		assert_int_equal(mem[0], 0);
		low |= bus < 1ULL << 32;
		high |= bus >= 1ULL << 32;
		rvl_os_write32(os, 0, (uint32_t)bus);
		rvl_os_write32(os, 4, (uint32_t)(bus >> 32));
		rvl_os_write32(os, 8, vector);
		assert_int_equal(poll(&p, 1, patience_ms()), 1);
		assert_int_equal(read(p.fd, &count, sizeof(count)), sizeof(count));
		assert_int_equal(mem[0], 0x77);
		assert_int_equal(rvl_os_read32(os, 4), (uint32_t)(bus >> 32));
		rvl_os_dma_free(os, mem, 10000, bus);
	}
	assert_true(low && high);

	assert_int_equal(rvl_user_reset(user), 0);
	assert_int_equal(d.resets, 1);
	assert_int_equal(rvl_user_config_read(user, PCI_COMMAND, &command, sizeof(command)), 0);
	assert_true(command & PCI_COMMAND_MASTER);
	rvl_user_close(user);
	device_stop(&d);
}

static void a_server_that_dies_leaves_all_ones(void **state)
{
	struct rvl_dev_error err = {""};
	struct rvl_user *user;
	struct device d;
	struct pollfd p = {.events = POLLIN};

	(void)state;
	device_start(&d);
	assert_int_equal(rvl_user_open(d.address, NULL, &user, &err), 0);
	assert_int_equal(rvl_user_service(user), 0);
	device_stop(&d);
	p.fd = rvl_user_poll_fd(user);
	assert_int_equal(poll(&p, 1, patience_ms()), 1);
	rvl_os_write32(rvl_user_os(user), 0, 1);
	assert_int_equal(rvl_os_read32(rvl_user_os(user), 0), UINT32_MAX);
	assert_int_equal(rvl_user_service(user), -ENODEV);
	assert_int_equal(rvl_user_reset(user), -ENODEV);
	rvl_user_close(user);
}

static void another_pci_device_is_refused_by_its_ids(void **state)
{
	struct rvl_dev_error err = {""};
	struct rvl_user *user;
	struct device d;

	(void)state;
	device_start(&d);
	d.device_id = 1;
	assert_int_equal(rvl_user_open(d.address, NULL, &user, &err), -ENODEV);
	assert_non_null(strstr(err.text, "1234:4302"));
	device_stop(&d);
}

static void addresses_that_lead_nowhere_say_why(void **state)
{
	static const struct {
		const char *address;
		int code;
		const char *word;
	} bad[] = {
		{"ravelsim", -EINVAL, "vfio-user:PATH"},
		{"vfio-user:", -EINVAL, "empty"},
		{"vfio-user:/nonexistent/socket", -ENOENT, "/nonexistent/socket"},
		{"pci:ffff:00:00.0", -ENOENT, "ffff:00:00.0"},
	};
	char address[300] = "vfio-user:/";
	struct rvl_dev_error err;
	struct rvl_user *user;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(rvl_user_open(bad[i].address, NULL, &user, &err), bad[i].code);
		assert_null(user);
		assert_non_null(strstr(err.text, bad[i].word));
	}
	memset(address + 11, 'a', sizeof(address) - 12);
	address[sizeof(address) - 1] = 0;
	assert_int_equal(rvl_user_open(address, NULL, &user, &err), -EINVAL);
}

/* -------------------------------------------------------------- servers that break the protocol */

enum manner {
	SILENT, /* takes everything, answers nothing */
	CLOSES, /* after the first request */
	OTHER_MAJOR,
	WRONG_ID,
	WRONG_COMMAND,
	TOO_SHORT, /* size below a header's */
	TOO_LONG,
	CUT, /* half a header, then nothing */
	PAYLOAD_MISSING,
	ERROR_REPLY,
	ASKS_FIRST, /* sends DMA_READs, which must be answered, then a right reply */
	RANDOM,
	MANNERS
};

struct liar {
	enum manner manner;
	uint64_t random;
	int listener;
	char path[96];
	char address[112];
	pthread_t thread;
	unsigned int refusals; /* of our DMA_READ */
};

static uint32_t liar_random(struct liar *l)
{
	l->random = l->random * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(l->random >> 33);
}

static bool take(int fd, void *data, size_t len)
{
	return recv(fd, data, len, MSG_WAITALL) == (ssize_t)len;
}

static bool take_message(int fd, struct rvl_vfio_user_hdr *hdr, uint8_t *payload, size_t room)
{
	return take(fd, hdr, sizeof(*hdr)) && hdr->size >= sizeof(*hdr) &&
	       hdr->size - sizeof(*hdr) <= room &&
	       (hdr->size == sizeof(*hdr) || take(fd, payload, hdr->size - sizeof(*hdr)));
}

static void give(int fd, const void *data, size_t len)
{
	send(fd, data, len, MSG_NOSIGNAL);
}

static void ask(struct liar *l, int fd)
{
	struct {
		struct rvl_vfio_user_hdr hdr;
		struct rvl_vfio_user_access access;
	} m = {.hdr = {.id = 7, .command = RVL_VFIO_USER_DMA_READ, .size = sizeof(m)},
	       .access = {.offset = 0x1000, .count = 4}};
	struct rvl_vfio_user_hdr reply;

	give(fd, &m, sizeof(m));
	if (take(fd, &reply, sizeof(reply)) && reply.id == 7 && reply.size == sizeof(reply) &&
	    (reply.flags & RVL_VFIO_USER_ERROR))
		l->refusals++;
}

/* The answer to one request, and how it is wrong. False ends the connection. */
static bool answer(struct liar *l, int fd, const struct rvl_vfio_user_hdr *hdr)
{
	struct {
		struct rvl_vfio_user_hdr hdr;
		uint8_t payload[4096];
	} m = {.hdr = *hdr};
	size_t len = hdr->command == RVL_VFIO_USER_VERSION ? 4 : 32;

	m.hdr.flags = RVL_VFIO_USER_REPLY;
	m.hdr.size = (uint32_t)(sizeof(m.hdr) + len);
	switch (l->manner) {
	case SILENT:
		return true;
	case CLOSES:
		return false;
	case OTHER_MAJOR:
		m.payload[0] = 1;
		break;
	case WRONG_ID:
		m.hdr.id++;
		break;
	case WRONG_COMMAND:
		m.hdr.command++;
		break;
	case TOO_SHORT:
		m.hdr.size = 15;
		break;
	case TOO_LONG:
		m.hdr.size = 0xffffffff;
		break;
	case CUT:
		give(fd, &m, 8);
		return true;
	case PAYLOAD_MISSING:
		m.hdr.size = sizeof(m.hdr);
		len = 0;
		break;
	case ERROR_REPLY:
		m.hdr.flags |= RVL_VFIO_USER_ERROR;
		m.hdr.error = EPERM;
		m.hdr.size = sizeof(m.hdr);
		len = 0;
		break;
	case ASKS_FIRST:
		ask(l, fd);
		ask(l, fd);
		break;
	default:
		while (liar_random(l) % 3 == 0)
			((uint8_t *)&m)[liar_random(l) % 24] ^= (uint8_t)(1U << liar_random(l) % 8);
		len = liar_random(l) % 64;
		if (liar_random(l) % 4)
			m.hdr.size = (uint32_t)(sizeof(m.hdr) + len);
		for (size_t i = 0; i < len && liar_random(l) % 4; i++)
			m.payload[i] = (uint8_t)liar_random(l);
		break;
	}
	give(fd, &m, sizeof(m.hdr) + len);
	return true;
}

static void *lie(void *arg)
{
	struct liar *l = arg;
	int fd = accept(l->listener, NULL, NULL);
	struct rvl_vfio_user_hdr hdr;
	uint8_t payload[8192];

	while (fd >= 0 && take_message(fd, &hdr, payload, sizeof(payload)) && answer(l, fd, &hdr))
		;
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void liar_start(struct liar *l, enum manner manner, uint64_t random)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	memset(l, 0, sizeof(*l));
	l->manner = manner;
	l->random = random;
	make_path(l->path, sizeof(l->path));
	make_address(l->address, sizeof(l->address), l->path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", l->path);
	l->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(l->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(l->listener, 1), 0);
	assert_int_equal(pthread_create(&l->thread, NULL, lie, l), 0);
}

static void liar_stop(struct liar *l)
{
	shutdown(l->listener, SHUT_RDWR);
	pthread_join(l->thread, NULL);
	close(l->listener);
	unlink(l->path);
}

static void each_breach_of_the_protocol_ends_in_an_error(void **state)
{
	static const int codes[MANNERS] = {
		[SILENT] = -ETIMEDOUT,	[CLOSES] = -ENODEV,	   [OTHER_MAJOR] = -EPROTO,
		[WRONG_ID] = -EPROTO,	[WRONG_COMMAND] = -EPROTO, [TOO_SHORT] = -EPROTO,
		[TOO_LONG] = -EPROTO,	[CUT] = -ETIMEDOUT,	   [PAYLOAD_MISSING] = -EPROTO,
		[ERROR_REPLY] = -EPERM,
	};
	unsigned int manner;

	(void)state;
	for (manner = 0; manner <= ERROR_REPLY; manner++) {
		/* Only who never answers is waited for in vain. */
		const struct rvl_user_options options = {
			.reply_timeout_ms = codes[manner] == -ETIMEDOUT ? SHORT_TIMEOUT_MS
									: (uint32_t)patience_ms()};
		struct rvl_dev_error err = {""};
		struct rvl_user *user;
		struct liar l;

		liar_start(&l, manner, 0);
		assert_int_equal(rvl_user_open(l.address, &options, &user, &err), codes[manner]);
		assert_null(user);
		assert_non_null(strstr(err.text, "version"));
		liar_stop(&l);
	}
}

static void a_server_that_asks_for_memory_by_message_is_refused_in_passing(void **state)
{
	const struct rvl_user_options options = {.reply_timeout_ms = (uint32_t)patience_ms()};
	struct rvl_dev_error err = {""};
	struct rvl_user *user;
	struct liar l;

	(void)state;
	liar_start(&l, ASKS_FIRST, 0);
	/* VERSION succeeds in spite of the questions; the answer to GET_INFO is too long. */
	assert_int_equal(rvl_user_open(l.address, &options, &user, &err), -EPROTO);
	assert_non_null(strstr(err.text, "device"));
	liar_stop(&l);
	assert_int_equal(l.refusals, 4);
}

static void random_servers_neither_crash_nor_hang_the_client(void **state)
{
	const struct rvl_user_options options = {.reply_timeout_ms = 30, .dma_size = 1 << 20};
	unsigned int run;

	(void)state;
	for (run = 0; run < 200; run++) {
		struct rvl_dev_error err = {""};
		struct rvl_user *user;
		struct liar l;

		liar_start(&l, RANDOM, seed + run);
		if (rvl_user_open(l.address, &options, &user, &err) >= 0)
			rvl_user_close(user);
		else if (!err.text[0])
			fail_msg("seed=%llu: no reason", (unsigned long long)(seed + run));
		liar_stop(&l);
	}
}

/* --------------------------------------------------------------------------------- discovery */

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void a_nic_is_found_in_the_dump_of_its_configuration_space(void **state)
{
	struct rvl_dev_error err = {""};
	struct rvl_config_space config;
	struct rvl_found found[2];
	char path[96];
	FILE *f;

	(void)state;
	make_path(path, sizeof(path));
	rvl_config_space_init(&config, VECTORS);
	rvl_config_space_enumerate(&config);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(rvl_config_space_dump(&config, 3 << 8 | 1 << 3, f), 0);
	fclose(f);
	assert_int_equal(rvl_user_discover(path, found, 2, &err), 1);
	assert_string_equal(found[0].address, "0000:03:01.0");
	assert_int_equal(found[0].revision, RVL_REVISION);
	assert_int_equal(found[0].subsystem_id, RVL_SUBSYSTEM_ID);
	assert_true(found[0].bar0 && found[0].bar2 && found[0].bar0 != found[0].bar2);
	assert_string_equal(found[0].driver, "");
	unlink(path);
}

static void a_dump_that_is_none_is_an_error_with_a_reason(void **state)
{
	struct rvl_dev_error err = {""};
	struct rvl_found found[2];
	char path[96];
	char *line;

	(void)state;
	make_path(path, sizeof(path));
	assert_int_equal(rvl_user_discover(path, found, 2, &err), -EINVAL);
	assert_non_null(strstr(err.text, path));

	line = malloc(5000);
	memset(line, 'x', 4999);
	line[4999] = 0;
	write_file(path, line);
	free(line);
	assert_int_equal(rvl_user_discover(path, found, 2, &err), -EINVAL);
	write_file(path, "0000:00:01.0 other\n00: 86 80 00 00\n");
	assert_int_equal(rvl_user_discover(path, found, 2, &err), 0);
	unlink(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_memory_and_interrupts_reach_the_device),
		cmocka_unit_test(a_server_that_dies_leaves_all_ones),
		cmocka_unit_test(another_pci_device_is_refused_by_its_ids),
		cmocka_unit_test(addresses_that_lead_nowhere_say_why),
		cmocka_unit_test(each_breach_of_the_protocol_ends_in_an_error),
		cmocka_unit_test(a_server_that_asks_for_memory_by_message_is_refused_in_passing),
		cmocka_unit_test(random_servers_neither_crash_nor_hang_the_client),
		cmocka_unit_test(a_nic_is_found_in_the_dump_of_its_configuration_space),
		cmocka_unit_test(a_dump_that_is_none_is_an_error_with_a_reason),
	};
	int i;

	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "seed=", 5))
			seed = strtoull(argv[i] + 5, NULL, 0);
	}
	return cmocka_run_group_tests_name("driver vfio-user", tests, NULL, NULL);
}
