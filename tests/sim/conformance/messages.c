/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One message of each command, right in every way, for tests that treat all alike: cut them short,
 * hang descriptors on them, send them in pieces.
 */
#include "tests/sim/conformance/messages.h"

static size_t with(struct message *m, unsigned command, const void *payload, size_t size)
{
	m->hdr = (struct rvl_vfio_user_hdr){.id = 0x7000,
					    .command = (uint16_t)command,
					    .size = (uint32_t)(sizeof(m->hdr) + size)};
	if (size)
		memcpy(m->payload, payload, size);
	return m->hdr.size;
}

size_t message_of(struct message *m, unsigned which)
{
	static const struct {
		struct rvl_vfio_user_version v;
		char json[36];
	} version = {{0, 0}, "{\"capabilities\":{\"max_msg_fds\":8}}"};
	static const struct rvl_vfio_user_dma_map map = {
		.argsz = sizeof(map), .flags = 3, .address = 0x500000, .size = PAGE};
	static const struct rvl_vfio_user_dma_unmap unmap = {.argsz = sizeof(unmap),
							     .flags = RVL_VFIO_USER_UNMAP_ALL};
	static const struct rvl_vfio_user_info info = {.argsz = sizeof(info)};
	static const struct rvl_vfio_user_region_info region = {.argsz = sizeof(region)};
	static const struct rvl_vfio_user_irq_info irq = {.argsz = sizeof(irq), .index = 2};
	static const struct rvl_vfio_user_set_irqs set = {
		.argsz = sizeof(set), .flags = EVENTFD_TRIGGER, .index = 2, .count = 1};
	static const struct rvl_vfio_user_access read = {.region = 0, .count = 16};
	static const struct {
		struct rvl_vfio_user_access a;
		uint8_t data[16];
	} write = {{.region = 2, .count = 16}, {1, 2, 3}};
	static const struct {
		uint64_t count;
		struct rvl_vfio_user_write_one one[2];
	} multi = {2, {{.region = 0, .count = 4}, {.region = 2, .count = 8}}};

	switch (which) {
	case 0:
		return with(m, RVL_VFIO_USER_VERSION, &version, sizeof(version));
	case 1:
		return with(m, RVL_VFIO_USER_DMA_MAP, &map, sizeof(map));
	case 2:
		return with(m, RVL_VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap));
	case 3:
		return with(m, RVL_VFIO_USER_GET_INFO, &info, sizeof(info));
	case 4:
		return with(m, RVL_VFIO_USER_GET_REGION_INFO, &region, sizeof(region));
	case 5:
		return with(m, RVL_VFIO_USER_GET_IRQ_INFO, &irq, sizeof(irq));
	case 6:
		return with(m, RVL_VFIO_USER_SET_IRQS, &set, sizeof(set));
	case 7:
		return with(m, RVL_VFIO_USER_REGION_READ, &read, sizeof(read));
	case 8:
		return with(m, RVL_VFIO_USER_REGION_WRITE, &write, sizeof(write));
	case 9:
		return with(m, RVL_VFIO_USER_WRITE_MULTI, &multi, sizeof(multi));
	case 10:
		return with(m, RVL_VFIO_USER_RESET, NULL, 0);
	default:
		return with(m, RVL_VFIO_USER_FEATURE, &info, 8);
	}
}

bool message_takes_descriptors(const struct message *m)
{
	return m->hdr.command == RVL_VFIO_USER_DMA_MAP || m->hdr.command == RVL_VFIO_USER_SET_IRQS;
}
