/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <jansson.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/vfio_user_conn.h"

/* The message as a handler sees it: payload, and where the reply's payload goes. */
struct message {
	const uint8_t *data;
	uint32_t size;
	uint8_t *reply;
	const char *reason;
};

static int refuse(struct message *m, int err, const char *reason)
{
	m->reason = reason;
	return err;
}

#define PAGE 4096U /* the unit of maps, as VERSION says */
#define SHORT_OR_LONG "the message has the wrong length"

/* Copy a payload that must have exactly the structure's size. */
static int fixed(struct message *m, void *to, size_t size)
{
	if (m->size != size)
		return refuse(m, -EINVAL, SHORT_OR_LONG);
	memcpy(to, m->data, size);
	return 0;
}

static int reply(struct message *m, const void *from, size_t size)
{
	memcpy(m->reply, from, size);
	return (int)size;
}

/* ------------------------------------------------------------------------------------ VERSION */

/* Our capabilities, but only those that the client has proposed, as the protocol demands. */
static json_t *answer_capabilities(const json_t *proposed)
{
	const struct {
		const char *name;
		json_int_t value;
	} numbers[] = {
		{"max_msg_fds", RVL_VFIO_USER_MAX_FDS},
		{"max_data_xfer_size", RVL_VFIO_USER_MAX_DATA},
		{"max_dma_maps", RVL_VFIO_USER_MAX_MAPS},
		{"pgsizes", PAGE},
	};
	const json_t *theirs = json_object_get(proposed, "capabilities");
	json_t *ours = json_object();
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (json_object_get(theirs, numbers[i].name))
			json_object_set_new(ours, numbers[i].name, json_integer(numbers[i].value));
	if (json_is_true(json_object_get(theirs, "write_multiple")))
		json_object_set_new(ours, "write_multiple", json_true());
	return json_pack("{s:o}", "capabilities", ours);
}

static int check_capabilities(struct message *m, const json_t *proposed)
{
	const json_t *caps = json_object_get(proposed, "capabilities");
	const char *const numbers[] = {"max_msg_fds", "max_data_xfer_size", "max_dma_maps",
				       "pgsizes"};
	size_t i;

	if (!json_is_object(proposed) || (caps && !json_is_object(caps)))
		return refuse(m, -EINVAL, "capabilities are not a JSON object");
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const json_t *v = json_object_get(caps, numbers[i]);

		if (v && (!json_is_integer(v) || json_integer_value(v) < 0))
			return refuse(m, -EINVAL, "a capability is not a number");
	}
	if (json_object_get(caps, "write_multiple") &&
	    !json_is_boolean(json_object_get(caps, "write_multiple")))
		return refuse(m, -EINVAL, "write_multiple is not a boolean");
	if (json_object_get(caps, "twin_socket") &&
	    !json_is_object(json_object_get(caps, "twin_socket")))
		return refuse(m, -EINVAL, "twin_socket is not an object");
	return 0;
}

static int do_version(struct rvl_vfio_user *s, struct message *m)
{
	struct rvl_vfio_user_version v;
	uint32_t json_size = m->size - (uint32_t)sizeof(v); /* with its NUL */
	json_t *proposed, *answer;
	size_t len;
	int rc;

	if (m->size < sizeof(v))
		return refuse(m, -EINVAL, SHORT_OR_LONG);
	if (s->versioned)
		return refuse(m, -EINVAL, "a version is agreed on already");
	memcpy(&v, m->data, sizeof(v));
	if (v.major != 0) {
		s->hang_up = true;
		return refuse(m, -ENOTSUP, "only major version 0 is there");
	}
	v.minor = 0;
	if (json_size == 0) {
		rc = s->device.ops->attach(s->device.ctx);
		s->versioned = rc == 0;
		return rc ? rc : reply(m, &v, sizeof(v));
	}
	if (m->data[m->size - 1] != '\0')
		return refuse(m, -EINVAL, "the version data does not end in NUL");
	proposed = json_loadb((const char *)m->data + sizeof(v), json_size - 1, 0, NULL);
	if (!proposed)
		return refuse(m, -EINVAL, "the version data is not JSON");
	rc = check_capabilities(m, proposed);
	if (!rc)
		rc = s->device.ops->attach(s->device.ctx);
	if (rc) {
		json_decref(proposed);
		return rc;
	}
	s->versioned = true;
	answer = answer_capabilities(proposed);
	json_decref(proposed);
	memcpy(m->reply, &v, sizeof(v));
	/* QEMU receives the reply in the request's buffer: it may not be longer. */
	len = json_dumpb(answer, (char *)m->reply + sizeof(v), json_size - 1, JSON_COMPACT);
	json_decref(answer);
	if (len == 0 || len > json_size - 1) {
		if (json_size < 3)
			return sizeof(v);
		len = 2;
		memcpy(m->reply + sizeof(v), "{}", len);
	}
	m->reply[sizeof(v) + len] = '\0';
	return (int)(sizeof(v) + len + 1);
}

/* ---------------------------------------------------------------------------------------- DMA */

/* Index of the first map whose end lies beyond bus: the only one that can hold it. */
static unsigned find_map(const struct rvl_vfio_user *s, uint64_t bus)
{
	unsigned low = 0, high = s->map_count;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (s->maps[mid].bus + (s->maps[mid].size - 1) < bus)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void remove_map(struct rvl_vfio_user *s, unsigned i)
{
	struct rvl_vfio_user_map map = s->maps[i];

	s->device.ops->dma_unmap(s->device.ctx, map.bus, map.size);
	if (map.mem)
		munmap(map.mem, map.size);
	s->map_count--;
	memmove(s->maps + i, s->maps + i + 1, (s->map_count - i) * sizeof(*s->maps));
}

static int map_fd(struct message *m, int fd, const struct rvl_vfio_user_dma_map *map, void **mem)
{
	int prot = (map->flags & RVL_VFIO_USER_DMA_READABLE ? PROT_READ : 0) |
		   (map->flags & RVL_VFIO_USER_DMA_WRITABLE ? PROT_WRITE : 0);
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	/* An access beyond the end of the file would be a SIGBUS. */
	if (!S_ISREG(st.st_mode) || map->offset > (uint64_t)st.st_size ||
	    map->size > (uint64_t)st.st_size - map->offset)
		return refuse(m, -EINVAL, "the range is not within the file");
	*mem = mmap(NULL, map->size, prot, MAP_SHARED, fd, (off_t)map->offset);
	return *mem == MAP_FAILED ? -errno : 0;
}

static int do_dma_map(struct rvl_vfio_user *s, struct message *m)
{
	struct rvl_vfio_user_dma_map map;
	void *mem = NULL;
	unsigned at;
	int rc = fixed(m, &map, sizeof(map));

	if (rc)
		return rc;
	if (map.argsz < sizeof(map) ||
	    map.flags & ~(RVL_VFIO_USER_DMA_READABLE | RVL_VFIO_USER_DMA_WRITABLE) ||
	    map.size == 0 || map.address + (map.size - 1) < map.address || map.size > SIZE_MAX / 2)
		return refuse(m, -EINVAL, "argsz, flags, address or size");
	if (!map.flags)
		return refuse(m, -EINVAL, "neither readable nor writable");
	if ((map.address | map.size | map.offset) % PAGE)
		return refuse(m, -EINVAL, "address, size or offset is not a multiple of 4096");
	if (s->fd_count > 1)
		return refuse(m, -EINVAL, "more than one file descriptor");
	at = find_map(s, map.address);
	if (at < s->map_count && s->maps[at].bus <= map.address + (map.size - 1))
		return refuse(m, -EEXIST, "overlaps another map");
	if (s->map_count == RVL_VFIO_USER_MAX_MAPS)
		return refuse(m, -ENOSPC, "too many maps");
	if (s->map_count == s->map_room) {
		unsigned room = s->map_room ? 2 * s->map_room : 16;
		void *maps = realloc(s->maps, room * sizeof(*s->maps));

		if (!maps)
			return -ENOMEM;
		s->maps = maps;
		s->map_room = room;
	}
	if (s->fd_count == 1) {
		rc = map_fd(m, s->fds[0], &map, &mem);
		if (rc)
			return rc;
	}
	rc = s->device.ops->dma_map(s->device.ctx, map.address, map.size, mem,
				    map.flags & RVL_VFIO_USER_DMA_READABLE,
				    map.flags & RVL_VFIO_USER_DMA_WRITABLE);
	if (rc) {
		if (mem)
			munmap(mem, map.size);
		return rc;
	}
	memmove(s->maps + at + 1, s->maps + at, (s->map_count - at) * sizeof(*s->maps));
	s->maps[at] = (struct rvl_vfio_user_map){map.address, map.size, mem};
	s->map_count++;
	return 0;
}

static int do_dma_unmap(struct rvl_vfio_user *s, struct message *m)
{
	struct rvl_vfio_user_dma_unmap unmap;
	unsigned at;
	int rc = fixed(m, &unmap, sizeof(unmap));

	if (rc)
		return rc;
	if (unmap.argsz < sizeof(unmap) || unmap.flags & ~RVL_VFIO_USER_UNMAP_ALL)
		return refuse(m, -EINVAL, "argsz or flags");
	if (unmap.flags & RVL_VFIO_USER_UNMAP_ALL) {
		if (unmap.address || unmap.size)
			return refuse(m, -EINVAL, "an address or size with the flag ALL");
		while (s->map_count)
			remove_map(s, s->map_count - 1);
		return reply(m, &unmap, sizeof(unmap));
	}
	at = find_map(s, unmap.address);
	if (at == s->map_count || s->maps[at].bus != unmap.address ||
	    s->maps[at].size != unmap.size)
		return refuse(m, -ENOENT, "no map with this address and size");
	remove_map(s, at);
	return reply(m, &unmap, sizeof(unmap));
}

/* ------------------------------------------------------------------------------- descriptions */

static int do_get_info(struct rvl_vfio_user *s, struct message *m)
{
	struct rvl_vfio_user_info info;
	int rc = fixed(m, &info, sizeof(info));

	(void)s;
	if (rc)
		return rc;
	if (info.argsz < sizeof(info))
		return refuse(m, -EINVAL, "argsz");
	info = (struct rvl_vfio_user_info){.argsz = sizeof(info),
					   .flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI,
					   .regions = RVL_VFIO_REGIONS,
					   .irqs = RVL_VFIO_IRQS};
	return reply(m, &info, sizeof(info));
}

static int do_region_info(struct rvl_vfio_user *s, struct message *m)
{
	struct rvl_vfio_user_region_info info;
	int rc = fixed(m, &info, sizeof(info));

	if (rc)
		return rc;
	if (info.argsz < sizeof(info) || info.index >= RVL_VFIO_REGIONS)
		return refuse(m, -EINVAL, "argsz or index");
	/* No region can be mapped: every access must become a TLP, and posted writes stay allowed.
	 */
	info = (struct rvl_vfio_user_region_info){.argsz = sizeof(info),
						  .index = info.index,
						  .size = s->device.region_size[info.index],
						  .offset = (uint64_t)info.index << 40};
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	else
		info.offset = 0;
	return reply(m, &info, sizeof(info));
}

static unsigned irq_count(const struct rvl_vfio_user *s, uint32_t index)
{
	return index == RVL_VFIO_IRQ_MSIX ? s->device.vectors : 0;
}

static int do_irq_info(struct rvl_vfio_user *s, struct message *m)
{
	struct rvl_vfio_user_irq_info info;
	int rc = fixed(m, &info, sizeof(info));

	if (rc)
		return rc;
	if (info.argsz < sizeof(info) || info.index >= RVL_VFIO_IRQS)
		return refuse(m, -EINVAL, "argsz or index");
	info.argsz = sizeof(info);
	info.count = irq_count(s, info.index);
	info.flags = info.count ? VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE : 0;
	return reply(m, &info, sizeof(info));
}

/* --------------------------------------------------------------------------------- interrupts */

static int set_vector(struct rvl_vfio_user *s, unsigned vector, int fd)
{
	int rc = s->device.ops->irq_connect(s->device.ctx, vector, fd >= 0);

	if (rc)
		return rc;
	if (s->irq_fds[vector] >= 0)
		close(s->irq_fds[vector]);
	s->irq_fds[vector] = fd;
	return 0;
}

static int disable_irqs(struct rvl_vfio_user *s)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < s->device.vectors; i++)
		if (s->irq_fds[i] >= 0 && !rc)
			rc = set_vector(s, i, -1);
	if (s->irq_enabled && !rc)
		rc = s->device.ops->irq_enable(s->device.ctx, false);
	if (!rc)
		s->irq_enabled = false;
	return rc;
}

static bool is_eventfd(int fd)
{
	char path[32], target[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return !strcmp(target, "anon_inode:[eventfd]");
}

static int set_eventfds(struct rvl_vfio_user *s, struct message *m,
			const struct rvl_vfio_user_set_irqs *set)
{
	uint32_t i;
	int rc;

	if (s->fd_count != 0 && s->fd_count != set->count)
		return refuse(m, -EINVAL, "neither no event nor one for each vector");
	for (i = 0; i < s->fd_count; i++)
		if (!is_eventfd(s->fds[i]))
			return refuse(m, -EINVAL, "a file descriptor is not an eventfd");
	if (s->fd_count && !s->irq_enabled) {
		rc = s->device.ops->irq_enable(s->device.ctx, true);
		if (rc)
			return rc;
		s->irq_enabled = true;
	}
	for (i = 0; i < set->count; i++) {
		rc = set_vector(s, set->start + i, s->fd_count ? s->fds[i] : -1);
		if (rc)
			return rc;
		if (s->fd_count)
			s->fds[i] = -1;
	}
	return 0;
}

static int do_set_irqs(struct rvl_vfio_user *s, struct message *m)
{
	struct rvl_vfio_user_set_irqs set;
	uint32_t data, action, i;
	const uint8_t *bools;
	int rc = 0;

	if (m->size < sizeof(set))
		return refuse(m, -EINVAL, SHORT_OR_LONG);
	memcpy(&set, m->data, sizeof(set));
	bools = m->data + sizeof(set);
	data = set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	action = set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	if (set.argsz < sizeof(set) || set.index >= RVL_VFIO_IRQS ||
	    set.flags & ~(VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK) ||
	    __builtin_popcount(data) != 1 || __builtin_popcount(action) != 1)
		return refuse(m, -EINVAL, "argsz, index or flags");
	if ((uint64_t)set.start + set.count > irq_count(s, set.index))
		return refuse(m, -EINVAL, "vectors beyond the last");
	if (m->size - sizeof(set) != (data == VFIO_IRQ_SET_DATA_BOOL ? set.count : 0) ||
	    set.argsz < m->size)
		return refuse(m, -EINVAL, SHORT_OR_LONG);
	if (s->fd_count && data != VFIO_IRQ_SET_DATA_EVENTFD)
		return refuse(m, -EINVAL, "file descriptors without the flag for them");
	if (set.count == 0) {
		if (data != VFIO_IRQ_SET_DATA_NONE || action != VFIO_IRQ_SET_ACTION_TRIGGER ||
		    set.start)
			return refuse(m, -EINVAL, "no vectors");
		return set.index == RVL_VFIO_IRQ_MSIX ? disable_irqs(s) : 0;
	}
	if (data == VFIO_IRQ_SET_DATA_EVENTFD)
		return action == VFIO_IRQ_SET_ACTION_TRIGGER
			       ? set_eventfds(s, m, &set)
			       : refuse(m, -ENOTSUP, "events on mask and unmask");
	for (i = 0; i < set.count && !rc; i++) {
		if (data == VFIO_IRQ_SET_DATA_BOOL && !bools[i])
			continue;
		if (action == VFIO_IRQ_SET_ACTION_TRIGGER)
			rvl_vfio_user_irq(s, set.start + i);
		else
			rc = s->device.ops->irq_mask(s->device.ctx, set.start + i,
						     action == VFIO_IRQ_SET_ACTION_MASK);
	}
	return rc;
}

/* ----------------------------------------------------------------------------------- accesses */

static int check_access(const struct rvl_vfio_user *s, struct message *m, uint32_t region,
			uint64_t offset, uint32_t count)
{
	if (region >= RVL_VFIO_REGIONS || s->device.region_size[region] == 0)
		return refuse(m, -EINVAL, "no such region");
	if (count == 0 || count > RVL_VFIO_USER_MAX_DATA ||
	    offset > s->device.region_size[region] ||
	    count > s->device.region_size[region] - offset)
		return refuse(m, -EINVAL, "not within the region");
	return 0;
}

static int do_region_read(struct rvl_vfio_user *s, struct message *m)
{
	struct rvl_vfio_user_access access;
	int rc = fixed(m, &access, sizeof(access));

	if (!rc)
		rc = check_access(s, m, access.region, access.offset, access.count);
	if (!rc)
		rc = s->device.ops->region_read(s->device.ctx, access.region, access.offset,
						m->reply + sizeof(access), access.count);
	if (rc)
		return rc;
	memcpy(m->reply, &access, sizeof(access));
	return (int)(sizeof(access) + access.count);
}

static int do_region_write(struct rvl_vfio_user *s, struct message *m)
{
	struct rvl_vfio_user_access access;
	int rc;

	if (m->size < sizeof(access))
		return refuse(m, -EINVAL, SHORT_OR_LONG);
	memcpy(&access, m->data, sizeof(access));
	if (m->size - sizeof(access) != access.count)
		return refuse(m, -EINVAL, SHORT_OR_LONG);
	rc = check_access(s, m, access.region, access.offset, access.count);
	if (!rc)
		rc = s->device.ops->region_write(s->device.ctx, access.region, access.offset,
						 m->data + sizeof(access), access.count);
	return rc ? rc : reply(m, &access, sizeof(access));
}

static int do_write_multi(struct rvl_vfio_user *s, struct message *m)
{
	struct rvl_vfio_user_write_one one;
	uint64_t count, i;
	int rc = 0;

	if (m->size < sizeof(count))
		return refuse(m, -EINVAL, SHORT_OR_LONG);
	memcpy(&count, m->data, sizeof(count));
	if (count != (m->size - sizeof(count)) / sizeof(one) ||
	    (m->size - sizeof(count)) % sizeof(one))
		return refuse(m, -EINVAL, SHORT_OR_LONG);
	/* All are checked before the first is done. */
	for (i = 0; i < count && !rc; i++) {
		memcpy(&one, m->data + sizeof(count) + i * sizeof(one), sizeof(one));
		rc = one.count > sizeof(one.data)
			     ? refuse(m, -EINVAL, "more than 8 octets in one write")
			     : check_access(s, m, one.region, one.offset, one.count);
	}
	for (i = 0; i < count && !rc; i++) {
		memcpy(&one, m->data + sizeof(count) + i * sizeof(one), sizeof(one));
		rc = s->device.ops->region_write(s->device.ctx, one.region, one.offset, one.data,
						 one.count);
	}
	return rc ? rc : reply(m, &count, sizeof(count));
}

static int do_reset(struct rvl_vfio_user *s, struct message *m)
{
	if (m->size)
		return refuse(m, -EINVAL, SHORT_OR_LONG);
	return s->device.ops->reset(s->device.ctx);
}

/* ---------------------------------------------------------------------------------------------- */

const char *rvl_vfio_user_command_name(unsigned command)
{
	switch (command) {
	case RVL_VFIO_USER_VERSION:
		return "VERSION";
	case RVL_VFIO_USER_DMA_MAP:
		return "DMA_MAP";
	case RVL_VFIO_USER_DMA_UNMAP:
		return "DMA_UNMAP";
	case RVL_VFIO_USER_GET_INFO:
		return "DEVICE_GET_INFO";
	case RVL_VFIO_USER_GET_REGION_INFO:
		return "DEVICE_GET_REGION_INFO";
	case RVL_VFIO_USER_GET_REGION_IO_FDS:
		return "DEVICE_GET_REGION_IO_FDS";
	case RVL_VFIO_USER_GET_IRQ_INFO:
		return "DEVICE_GET_IRQ_INFO";
	case RVL_VFIO_USER_SET_IRQS:
		return "DEVICE_SET_IRQS";
	case RVL_VFIO_USER_REGION_READ:
		return "REGION_READ";
	case RVL_VFIO_USER_REGION_WRITE:
		return "REGION_WRITE";
	case RVL_VFIO_USER_DMA_READ:
		return "DMA_READ";
	case RVL_VFIO_USER_DMA_WRITE:
		return "DMA_WRITE";
	case RVL_VFIO_USER_RESET:
		return "DEVICE_RESET";
	case RVL_VFIO_USER_WRITE_MULTI:
		return "REGION_WRITE_MULTI";
	case RVL_VFIO_USER_FEATURE:
		return "DEVICE_FEATURE";
	default:
		return "unknown command";
	}
}

static int dispatch(struct rvl_vfio_user *s, unsigned command, struct message *m)
{
	if (s->fds_lost)
		return refuse(m, -EINVAL, "too many file descriptors");
	if (s->fd_count && command != RVL_VFIO_USER_DMA_MAP && command != RVL_VFIO_USER_SET_IRQS)
		return refuse(m, -EINVAL, "file descriptors with a command that takes none");
	if (!s->versioned && command != RVL_VFIO_USER_VERSION)
		return refuse(m, -EINVAL, "no version is agreed on");
	switch (command) {
	case RVL_VFIO_USER_VERSION:
		return do_version(s, m);
	case RVL_VFIO_USER_DMA_MAP:
		return do_dma_map(s, m);
	case RVL_VFIO_USER_DMA_UNMAP:
		return do_dma_unmap(s, m);
	case RVL_VFIO_USER_GET_INFO:
		return do_get_info(s, m);
	case RVL_VFIO_USER_GET_REGION_INFO:
		return do_region_info(s, m);
	case RVL_VFIO_USER_GET_IRQ_INFO:
		return do_irq_info(s, m);
	case RVL_VFIO_USER_SET_IRQS:
		return do_set_irqs(s, m);
	case RVL_VFIO_USER_REGION_READ:
		return do_region_read(s, m);
	case RVL_VFIO_USER_REGION_WRITE:
		return do_region_write(s, m);
	case RVL_VFIO_USER_RESET:
		return do_reset(s, m);
	case RVL_VFIO_USER_WRITE_MULTI:
		return do_write_multi(s, m);
	default:
		return refuse(m, -ENOTSUP, "not a command of this server");
	}
}

int rvl_vfio_user_handle(struct rvl_vfio_user *s, const char **reason)
{
	struct rvl_vfio_user_hdr hdr;
	struct message m;
	int rc;

	memcpy(&hdr, s->in, sizeof(hdr));
	m = (struct message){.data = s->in + sizeof(hdr),
			     .size = hdr.size - (uint32_t)sizeof(hdr),
			     .reply = s->out + sizeof(hdr)};
	rc = dispatch(s, hdr.command, &m);
	*reason = m.reason;
	return rc;
}

void rvl_vfio_user_drop_client_state(struct rvl_vfio_user *s)
{
	unsigned i;

	disable_irqs(s);
	/* What the device refused to disconnect must not keep a descriptor either. */
	for (i = 0; i < s->device.vectors; i++) {
		if (s->irq_fds[i] >= 0)
			close(s->irq_fds[i]);
		s->irq_fds[i] = -1;
	}
	s->irq_enabled = false;
	while (s->map_count)
		remove_map(s, s->map_count - 1);
}
