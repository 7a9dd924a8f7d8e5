/* SPDX-License-Identifier: BSD-2-Clause */
#include "rvl_user.h"

#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "transport.h"

#define DEFAULT_DMA_SIZE ((size_t)64 << 20)
#define DEFAULT_REPLY_TIMEOUT_MS 5000
#define VECTORS_MAX 256

/* A wait yields at first, then sleeps: the device may be a simulator that wants this very CPU. */
#define WAIT_YIELDS 32
#define WAIT_SLEEP_NS 50000

struct rvl_user {
	struct rvl_transport *transport;
	struct rvl_arena arena;
	struct rvl_user_options options;
	struct rvl_os os;
	int irq_fds[VECTORS_MAX];
	unsigned int vectors;
	unsigned int windows_mapped;
};

static uint32_t read32(void *ctx, uint32_t offset)
{
	struct rvl_transport *t = ((struct rvl_user *)ctx)->transport;
	rvl_le32 value;

	if (t->bar0)
		return rvl_le32_to_cpu(t->bar0[offset / 4]);
	if (t->ops->read(t, VFIO_PCI_BAR0_REGION_INDEX, offset, &value, sizeof(value)))
		return UINT32_MAX;
	return rvl_le32_to_cpu(value);
}

static void write32(void *ctx, uint32_t offset, uint32_t value)
{
	struct rvl_transport *t = ((struct rvl_user *)ctx)->transport;
	rvl_le32 le = rvl_cpu_to_le32(value);

	if (t->bar0)
		t->bar0[offset / 4] = le;
	else
		t->ops->write(t, VFIO_PCI_BAR0_REGION_INDEX, offset, &le, sizeof(le));
}

static void *dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	return rvl_arena_alloc(&((struct rvl_user *)ctx)->arena, size, bus);
}

static void dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	(void)bus;
	rvl_arena_free(&((struct rvl_user *)ctx)->arena, mem, size);
}

static int set_command(struct rvl_user *user, uint16_t set, uint16_t clear)
{
	struct rvl_transport *t = user->transport;
	rvl_le16 command;
	int ret = t->ops->read(t, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &command,
			       sizeof(command));

	if (ret)
		return ret;
	command = rvl_cpu_to_le16((uint16_t)((rvl_le16_to_cpu(command) | set) & ~clear));
	return t->ops->write(t, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &command,
			     sizeof(command));
}

static void dma_off(void *ctx)
{
	set_command(ctx, 0, PCI_COMMAND_MASTER);
}

static uint64_t now_ns(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static void wait_a_little(void *ctx, unsigned int polls)
{
	struct timespec ts = {.tv_nsec = WAIT_SLEEP_NS};

	(void)ctx;
	if (polls < WAIT_YIELDS)
		sched_yield();
	else
		nanosleep(&ts, NULL);
}

static void log_line(void *ctx, enum rvl_log_level level, const char *text)
{
	struct rvl_user *user = ctx;

	if (user->options.log)
		user->options.log(user->options.log_ctx, level, text);
}

static const struct rvl_os_ops os_ops = {
	.read32 = read32,
	.write32 = write32,
	.dma_alloc = dma_alloc,
	.dma_free = dma_free,
	.dma_off = dma_off,
	.now_ns = now_ns,
	.wait = wait_a_little,
	.log = log_line,
};

static int fail(struct rvl_dev_error *err, int code, const char *what)
{
	return rvl_fail(err, code, "%s: %s", what, strerror(-code));
}

static int open_transport(const char *address, uint32_t timeout_ms, struct rvl_transport **t,
			  struct rvl_dev_error *err)
{
	if (!strncmp(address, "vfio-user:", 10))
		return rvl_vfio_user_open(address + 10, timeout_ms, t, err);
	if (!strncmp(address, "pci:", 4))
		return rvl_vfio_open(address + 4, t, err);
	return rvl_fail(err, -EINVAL,
			"address \"%s\" is neither vfio-user:PATH nor pci:DDDD:BB:DD.F", address);
}

static int check_identity(struct rvl_user *user, struct rvl_dev_error *err)
{
	struct rvl_transport *t = user->transport;
	rvl_le16 ids[2];
	int ret = t->ops->read(t, VFIO_PCI_CONFIG_REGION_INDEX, PCI_VENDOR_ID, ids, sizeof(ids));

	if (ret)
		return fail(err, ret, "configuration space can't be read");
	if (rvl_le16_to_cpu(ids[0]) == RVL_VENDOR_ID && rvl_le16_to_cpu(ids[1]) == RVL_DEVICE_ID)
		return 0;
	return rvl_fail(err, -ENODEV, "PCI device %04x:%04x is no Ravelin, which is %04x:%04x",
			rvl_le16_to_cpu(ids[0]), rvl_le16_to_cpu(ids[1]), RVL_VENDOR_ID,
			RVL_DEVICE_ID);
}

static int map_arena(struct rvl_user *user, struct rvl_dev_error *err)
{
	struct rvl_transport *t = user->transport;
	struct rvl_arena *arena = &user->arena;
	int ret;

	while (user->windows_mapped < RVL_ARENA_WINDOWS) {
		const struct rvl_arena_window *w = &arena->windows[user->windows_mapped];
		size_t offset = w->first * RVL_ARENA_PAGE;

		ret = t->ops->dma_map(t, arena->mem + offset, arena->fd, offset, w->bus,
				      w->pages * RVL_ARENA_PAGE);
		if (ret)
			return fail(err, ret, "DMA memory can't be mapped");
		user->windows_mapped++;
	}
	return 0;
}

static int connect_irqs(struct rvl_user *user, struct rvl_dev_error *err)
{
	struct rvl_transport *t = user->transport;
	unsigned int count = t->vectors < VECTORS_MAX ? t->vectors : VECTORS_MAX;
	int ret;

	while (user->vectors < count) {
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return fail(err, -errno, "event descriptor");
		user->irq_fds[user->vectors++] = fd;
	}
	ret = t->ops->set_irqs(t, user->irq_fds, count);
	return ret ? fail(err, ret, "MSI-X can't be enabled") : 0;
}

static void set_defaults(struct rvl_user_options *o)
{
	if (!o->dma_size)
		o->dma_size = DEFAULT_DMA_SIZE;
	o->dma_size = (o->dma_size + 2 * RVL_ARENA_PAGE - 1) & ~(2 * (size_t)RVL_ARENA_PAGE - 1);
	if (!o->reply_timeout_ms)
		o->reply_timeout_ms = DEFAULT_REPLY_TIMEOUT_MS;
}

int rvl_user_open(const char *address, const struct rvl_user_options *options,
		  struct rvl_user **userp, struct rvl_dev_error *err)
{
	struct rvl_user *user = calloc(1, sizeof(*user));
	int ret;

	*userp = NULL;
	if (!user)
		return fail(err, -ENOMEM, "device");
	if (options)
		user->options = *options;
	set_defaults(&user->options);
	user->os = (struct rvl_os){.ops = &os_ops, .ctx = user};

	ret = rvl_arena_init(&user->arena, user->options.dma_size);
	if (ret) {
		fail(err, ret, "DMA memory");
		free(user);
		return ret;
	}
	ret = open_transport(address, user->options.reply_timeout_ms, &user->transport, err);
	if (!ret)
		ret = check_identity(user, err);
	if (!ret)
		ret = map_arena(user, err);
	if (!ret)
		ret = connect_irqs(user, err);
	if (!ret) {
		ret = set_command(user, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
		if (ret)
			fail(err, ret, "bus master can't be set");
	}
	if (ret) {
		rvl_user_close(user);
		return ret;
	}
	*userp = user;
	return 0;
}

void rvl_user_close(struct rvl_user *user)
{
	unsigned int i;

	if (!user)
		return;
	if (user->transport) {
		struct rvl_transport *t = user->transport;

		dma_off(user);
		for (i = 0; i < user->windows_mapped; i++)
			t->ops->dma_unmap(t, user->arena.windows[i].bus,
					  user->arena.windows[i].pages * RVL_ARENA_PAGE);
		t->ops->close(t);
	}
	for (i = 0; i < user->vectors; i++)
		close(user->irq_fds[i]);
	rvl_arena_fini(&user->arena);
	free(user);
}

const struct rvl_os *rvl_user_os(struct rvl_user *user)
{
	return &user->os;
}

int rvl_user_irq_fd(const struct rvl_user *user, unsigned int vector)
{
	return vector < user->vectors ? user->irq_fds[vector] : -1;
}

int rvl_user_poll_fd(const struct rvl_user *user)
{
	return user->transport->poll_fd;
}

int rvl_user_service(struct rvl_user *user)
{
	return user->transport->ops->service(user->transport);
}

int rvl_user_reset(struct rvl_user *user)
{
	int ret = user->transport->ops->reset(user->transport);

	/* The reset clears the command register too. */
	return ret ? ret : set_command(user, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
}

int rvl_user_config_read(struct rvl_user *user, uint32_t offset, void *data, uint32_t len)
{
	return user->transport->ops->read(user->transport, VFIO_PCI_CONFIG_REGION_INDEX, offset,
					  data, len);
}
