/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of vfio-user 0.0, for the client here and the server in sim/, in host byte order (QEMU,
 * docs/interop/vfio-user.rst). Each begins with the header; the payloads are those of the ioctls in
 * <linux/vfio.h>.
 */
#ifndef RVL_VFIO_USER_PROTO_H
#define RVL_VFIO_USER_PROTO_H

#include <stdint.h>

enum rvl_vfio_user_command {
	RVL_VFIO_USER_VERSION = 1,
	RVL_VFIO_USER_DMA_MAP = 2,
	RVL_VFIO_USER_DMA_UNMAP = 3,
	RVL_VFIO_USER_GET_INFO = 4,
	RVL_VFIO_USER_GET_REGION_INFO = 5,
	RVL_VFIO_USER_GET_REGION_IO_FDS = 6,
	RVL_VFIO_USER_GET_IRQ_INFO = 7,
	RVL_VFIO_USER_SET_IRQS = 8,
	RVL_VFIO_USER_REGION_READ = 9,
	RVL_VFIO_USER_REGION_WRITE = 10,
	RVL_VFIO_USER_DMA_READ = 11,
	RVL_VFIO_USER_DMA_WRITE = 12,
	RVL_VFIO_USER_RESET = 13,
	RVL_VFIO_USER_WRITE_MULTI = 15,
	RVL_VFIO_USER_FEATURE = 16,
};

/* Flags of the header: the type in bits 3:0 */
#define RVL_VFIO_USER_TYPE 0xfU
#define RVL_VFIO_USER_COMMAND 0x0U
#define RVL_VFIO_USER_REPLY 0x1U
#define RVL_VFIO_USER_NO_REPLY 0x10U
#define RVL_VFIO_USER_ERROR 0x20U

struct rvl_vfio_user_hdr {
	uint16_t id;
	uint16_t command;
	uint32_t size; /* with this header */
	uint32_t flags;
	uint32_t error; /* errno, in a reply with RVL_VFIO_USER_ERROR */
};

/* VERSION: followed by JSON text with its NUL, which may be missing altogether */
struct rvl_vfio_user_version {
	uint16_t major, minor;
};

#define RVL_VFIO_USER_DMA_READABLE 1U
#define RVL_VFIO_USER_DMA_WRITABLE 2U

struct rvl_vfio_user_dma_map {
	uint32_t argsz, flags;
	uint64_t offset, address, size;
};

#define RVL_VFIO_USER_UNMAP_ALL 2U /* address and size are zero */

struct rvl_vfio_user_dma_unmap {
	uint32_t argsz, flags;
	uint64_t address, size;
};

struct rvl_vfio_user_info {
	uint32_t argsz, flags, regions, irqs;
};

struct rvl_vfio_user_region_info {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t size, offset;
};

struct rvl_vfio_user_irq_info {
	uint32_t argsz, flags, index, count;
};

/* SET_IRQS: followed by a bool octet for each sub-index with DATA_BOOL */
struct rvl_vfio_user_set_irqs {
	uint32_t argsz, flags, index, start, count;
};

/* REGION_READ and REGION_WRITE: followed by the data in a read's reply and a write's request */
struct rvl_vfio_user_access {
	uint64_t offset;
	uint32_t region, count;
};

/* WRITE_MULTI: a 64-bit number of these, then they */
struct rvl_vfio_user_write_one {
	uint64_t offset;
	uint32_t region, count; /* 1 to 8 */
	uint8_t data[8];
};

#endif
