/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board through VFIO (<linux/vfio.h>): container and group, type 1 IOMMU.
 */
#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "transport.h"

struct vfio {
	struct rvl_transport base;
	int container;
	int group;
	int device;
	uint64_t region_offset[VFIO_PCI_NUM_REGIONS];
	uint64_t region_size[VFIO_PCI_NUM_REGIONS];
	void *bar0_mem;
};

static struct vfio *vfio_of(struct rvl_transport *t)
{
	return (struct vfio *)t;
}

static int fail(struct rvl_dev_error *err, const char *what, const char *which)
{
	int code = errno ? -errno : -EIO;

	return rvl_fail(err, code, "%s %s: %s", what, which, strerror(-code));
}

static bool within(const struct vfio *v, unsigned int region, uint64_t offset, uint32_t len)
{
	return region < VFIO_PCI_NUM_REGIONS && len <= v->region_size[region] &&
	       offset <= v->region_size[region] - len;
}

static int vfio_read(struct rvl_transport *t, unsigned int region, uint64_t offset, void *data,
		     uint32_t len)
{
	struct vfio *v = vfio_of(t);

	if (!within(v, region, offset, len))
		return -EINVAL;
	if (pread(v->device, data, len, (off_t)(v->region_offset[region] + offset)) != (ssize_t)len)
		return -ENODEV;
	return 0;
}

static int vfio_write(struct rvl_transport *t, unsigned int region, uint64_t offset,
		      const void *data, uint32_t len)
{
	struct vfio *v = vfio_of(t);

	if (!within(v, region, offset, len))
		return -EINVAL;
	if (pwrite(v->device, data, len, (off_t)(v->region_offset[region] + offset)) !=
	    (ssize_t)len)
		return -ENODEV;
	return 0;
}

static int vfio_dma_map(struct rvl_transport *t, void *mem, int fd, uint64_t fd_offset,
			uint64_t bus, uint64_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)mem,
		.iova = bus,
		.size = size,
	};

	(void)fd;
	(void)fd_offset;
	return ioctl(vfio_of(t)->container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int vfio_dma_unmap(struct rvl_transport *t, uint64_t bus, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = bus,
		.size = size,
	};

	return ioctl(vfio_of(t)->container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

static int vfio_set_irqs(struct rvl_transport *t, const int *fds, unsigned int count)
{
	size_t size = sizeof(struct vfio_irq_set) + count * sizeof(*fds);
	struct vfio_irq_set *set = calloc(1, size);
	int ret;

	if (!set)
		return -ENOMEM;
	set->argsz = (uint32_t)size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = VFIO_PCI_MSIX_IRQ_INDEX;
	set->count = count;
	memcpy(set->data, fds, count * sizeof(*fds));
	ret = ioctl(vfio_of(t)->device, VFIO_DEVICE_SET_IRQS, set) ? -errno : 0;
	free(set);
	return ret;
}

static int vfio_reset(struct rvl_transport *t)
{
	return ioctl(vfio_of(t)->device, VFIO_DEVICE_RESET) ? -errno : 0;
}

static int vfio_service(struct rvl_transport *t)
{
	(void)t;
	return 0;
}

static void vfio_close(struct rvl_transport *t)
{
	struct vfio *v = vfio_of(t);

	if (v->bar0_mem)
		munmap(v->bar0_mem, RVL_BAR0_SIZE);
	if (v->device >= 0)
		close(v->device);
	if (v->group >= 0)
		close(v->group);
	if (v->container >= 0)
		close(v->container);
	free(v);
}

static const struct rvl_transport_ops vfio_ops = {
	.read = vfio_read,
	.write = vfio_write,
	.dma_map = vfio_dma_map,
	.dma_unmap = vfio_dma_unmap,
	.set_irqs = vfio_set_irqs,
	.reset = vfio_reset,
	.service = vfio_service,
	.close = vfio_close,
};

/* /dev/vfio/N of the device's IOMMU group. */
static int group_path(const char *address, char *path, size_t size, struct rvl_dev_error *err)
{
	char link[96];
	char target[256];
	const char *number;
	ssize_t len;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%.32s/iommu_group", address);
	len = readlink(link, target, sizeof(target) - 1);
	if (len <= 0)
		return fail(err, "no such device, or no IOMMU for it:", link);
	target[len] = 0;
	number = strrchr(target, '/');
	if (!number || snprintf(path, size, "/dev/vfio/%s", number + 1) >= (int)size)
		return fail(err, "not an IOMMU group:", target);
	return 0;
}

static int open_group(struct vfio *v, const char *path, struct rvl_dev_error *err)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};

	v->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (v->container < 0)
		return fail(err, "can't open", "/dev/vfio/vfio");
	errno = 0;
	if (ioctl(v->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(v->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1)
		return fail(err, "no type 1 IOMMU behind", "/dev/vfio/vfio");
	v->group = open(path, O_RDWR | O_CLOEXEC);
	if (v->group < 0)
		return fail(err, "can't open", path);
	if (ioctl(v->group, VFIO_GROUP_GET_STATUS, &status))
		return fail(err, "status of", path);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		errno = EBUSY;
		return fail(err, "not all devices of the group are bound to vfio-pci:", path);
	}
	if (ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container) ||
	    ioctl(v->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return fail(err, "can't set the IOMMU of", path);
	return 0;
}

static int read_regions(struct vfio *v, struct rvl_dev_error *err)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	unsigned int i;

	if (ioctl(v->device, VFIO_DEVICE_GET_INFO, &info))
		return fail(err, "information about", "the device");
	for (i = 0; i < VFIO_PCI_NUM_REGIONS && i < info.num_regions; i++) {
		struct vfio_region_info region = {.argsz = sizeof(region), .index = i};

		if (ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &region))
			continue; /* an optional one that isn't there (VGA) */
		v->region_offset[i] = region.offset;
		v->region_size[i] = region.size;
	}
	errno = ENODEV;
	if (v->region_size[VFIO_PCI_BAR0_REGION_INDEX] < RVL_BAR0_SIZE)
		return fail(err, "too small:", "BAR0");
	v->bar0_mem = mmap(NULL, RVL_BAR0_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, v->device,
			   (off_t)v->region_offset[VFIO_PCI_BAR0_REGION_INDEX]);
	if (v->bar0_mem == MAP_FAILED) {
		v->bar0_mem = NULL;
		return fail(err, "can't map", "BAR0");
	}
	v->base.bar0 = v->bar0_mem;
	return 0;
}

static int read_irqs(struct vfio *v, struct rvl_dev_error *err)
{
	struct vfio_irq_info irq = {.argsz = sizeof(irq), .index = VFIO_PCI_MSIX_IRQ_INDEX};

	if (ioctl(v->device, VFIO_DEVICE_GET_IRQ_INFO, &irq))
		return fail(err, "information about", "MSI-X");
	errno = ENODEV;
	if (!irq.count || !(irq.flags & VFIO_IRQ_INFO_EVENTFD))
		return fail(err, "the device has no", "MSI-X");
	v->base.vectors = irq.count;
	return 0;
}

int rvl_vfio_open(const char *address, struct rvl_transport **transport, struct rvl_dev_error *err)
{
	struct vfio *v = calloc(1, sizeof(*v));
	char path[64];
	int ret;

	if (!v)
		return -ENOMEM;
	v->base.ops = &vfio_ops;
	v->base.poll_fd = -1;
	v->container = -1;
	v->group = -1;
	v->device = -1;
	ret = group_path(address, path, sizeof(path), err);
	if (!ret)
		ret = open_group(v, path, err);
	if (!ret) {
		v->device = ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, address);
		if (v->device < 0)
			ret = fail(err, "can't open device", address);
	}
	if (!ret)
		ret = read_regions(v, err);
	if (!ret)
		ret = read_irqs(v, err);
	if (ret) {
		vfio_close(&v->base);
		return ret;
	}
	*transport = &v->base;
	return 0;
}
