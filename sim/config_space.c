/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/config_space.h"

#include <errno.h>
#include <string.h>

#include "driver/core/rvl_regs.h"

#define CMD 0x04
#define CMD_MEMORY 0x0002
#define CMD_MASTER 0x0004
#define CMD_SERR 0x0100
#define STATUS 0x06
#define STATUS_SIGNALLED 0x4000 /* system error */
#define BAR(n) (0x10 + 4 * (n))

#define PM_CSR (RVL_CONFIG_PM + 4)
#define MSIX_CONTROL (RVL_CONFIG_MSIX + 2)
#define MSIX_MASK 0x4000
#define MSIX_ENABLE 0x8000

#define DEVICE_CAP (RVL_CONFIG_PCIE + 0x04)
#define DEVICE_CONTROL (RVL_CONFIG_PCIE + 0x08)
#define DEVICE_CONTROL_FLR 0x8000
#define DEVICE_CONTROL_ERRORS 0x000f /* report each kind */
#define DEVICE_STATUS (RVL_CONFIG_PCIE + 0x0a)
#define LINK_CONTROL (RVL_CONFIG_PCIE + 0x10)
#define LINK_CONTROL_RCB 0x0008

#define AER_UNCORRECTABLE (RVL_CONFIG_AER + 0x04)
#define AER_UNCORRECTABLE_MASK (RVL_CONFIG_AER + 0x08)
#define AER_SEVERITY (RVL_CONFIG_AER + 0x0c)
#define AER_CORRECTABLE (RVL_CONFIG_AER + 0x10)
#define AER_CORRECTABLE_MASK (RVL_CONFIG_AER + 0x14)
#define AER_CONTROL (RVL_CONFIG_AER + 0x18)
#define AER_HEADER_LOG (RVL_CONFIG_AER + 0x1c)
#define AER_ADVISORY_NON_FATAL 0x2000U

/* Errors that exist in an endpoint without ECRC checking, ACS and multicast. */
#define AER_UNCORRECTABLE_BITS 0x0057f030U
#define AER_CORRECTABLE_BITS 0x0000f1c1U

/* Where firmware would put the BARs, and the device's identity in a dump. */
#define FIRMWARE_BAR0 0xe0000000U
#define FIRMWARE_BAR2 (FIRMWARE_BAR0 + RVL_BAR0_SIZE)

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)v);
	put16(p + 2, (uint16_t)(v >> 16));
}

static void init_header(struct rvl_config_space *cs)
{
	uint8_t *v = cs->value;
	uint8_t *w = cs->writable;

	put16(v + 0x00, RVL_VENDOR_ID);
	put16(v + 0x02, RVL_DEVICE_ID);
	put16(w + CMD, 0x0546);	 /* memory, master, parity response, SERR#, INTx disable */
	put16(v + 0x06, 0x0010); /* there is a capability list */
	put16(cs->write_1_to_clear + 0x06, 0xf900);
	put32(v + 0x08, RVL_CLASS_CODE << 8 | RVL_REVISION);
	w[0x0c] = 0xff;		 /* cache line size */
	put32(v + BAR(0), 0x04); /* memory, 64 bits, not prefetchable: reads latch */
	put32(w + BAR(0), ~(RVL_BAR0_SIZE - 1));
	put32(w + BAR(1), ~0U);
	put32(v + BAR(2), 0x04);
	put32(w + BAR(2), ~(RVL_BAR2_SIZE - 1));
	put32(w + BAR(3), ~0U);
	put16(v + 0x2c, RVL_SUBSYSTEM_VENDOR_ID);
	put16(v + 0x2e, RVL_SUBSYSTEM_ID);
	v[0x34] = RVL_CONFIG_PM;
	w[0x3c] = 0xff; /* interrupt line */
}

static void init_capabilities(struct rvl_config_space *cs, unsigned vectors)
{
	uint8_t *v = cs->value;
	uint8_t *w = cs->writable;

	/* Power management (section 7.5.2): D0 and D3hot, which loses no state. */
	v[RVL_CONFIG_PM] = 0x01;
	v[RVL_CONFIG_PM + 1] = RVL_CONFIG_MSIX;
	put16(v + RVL_CONFIG_PM + 2, 0x0003);
	put16(v + PM_CSR, 0x0008);
	put16(w + PM_CSR, 0x0003);

	/* MSI-X (section 7.7.2) */
	v[RVL_CONFIG_MSIX] = 0x11;
	v[RVL_CONFIG_MSIX + 1] = RVL_CONFIG_PCIE;
	put16(v + MSIX_CONTROL, (uint16_t)(vectors - 1));
	put16(w + MSIX_CONTROL, MSIX_ENABLE | MSIX_MASK);
	put32(v + RVL_CONFIG_MSIX + 4, RVL_MSIX_TABLE_OFFSET | 2);
	put32(v + RVL_CONFIG_MSIX + 8, RVL_MSIX_PBA_OFFSET | 2);

	/* PCI Express (section 7.5.3), version 2, endpoint */
	v[RVL_CONFIG_PCIE] = 0x10;
	put16(v + RVL_CONFIG_PCIE + 2, 0x0002);
	/* 4096 octets of payload, extended tags, role-based error reporting, FLR */
	put32(v + DEVICE_CAP, 5 | 1U << 5 | 1U << 15 | 1U << 28);
	/* 512-octet reads; relaxed ordering and no snoop are allowed after reset */
	put16(v + DEVICE_CONTROL, 0x2810);
	put16(w + DEVICE_CONTROL, 0x79ff);
	put16(cs->write_1_to_clear + DEVICE_STATUS, 0x000f);
	put32(v + RVL_CONFIG_PCIE + 0x0c, 3 | 16U << 4 | 1U << 22); /* 8 GT/s, x16 */
	put16(w + LINK_CONTROL, 0x00cb); /* ASPM, RCB, common clock, extended synch */
	put16(v + RVL_CONFIG_PCIE + 0x12, 3 | 16U << 4 | 1U << 12);
	put32(v + RVL_CONFIG_PCIE + 0x2c, 0x0e); /* 2.5, 5 and 8 GT/s */
	put16(v + RVL_CONFIG_PCIE + 0x30, 3);
	put16(w + RVL_CONFIG_PCIE + 0x30, 0x000f);
	put16(cs->sticky + RVL_CONFIG_PCIE + 0x30, 0x000f);

	/* Advanced Error Reporting (section 7.8.4), version 2 */
	put32(v + RVL_CONFIG_AER, 0x0001 | 2U << 16);
	put32(cs->write_1_to_clear + AER_UNCORRECTABLE, AER_UNCORRECTABLE_BITS);
	put32(w + AER_UNCORRECTABLE_MASK, AER_UNCORRECTABLE_BITS);
	put32(v + AER_UNCORRECTABLE_MASK, 1U << 22);
	put32(w + AER_SEVERITY, AER_UNCORRECTABLE_BITS);
	put32(v + AER_SEVERITY, 0x00462030);
	put32(cs->write_1_to_clear + AER_CORRECTABLE, AER_CORRECTABLE_BITS);
	put32(w + AER_CORRECTABLE_MASK, AER_CORRECTABLE_BITS);
	put32(v + AER_CORRECTABLE_MASK, 0x0000e000);
	memset(cs->sticky + AER_UNCORRECTABLE, 0xff, 0x28);
}

void rvl_config_space_init(struct rvl_config_space *cs, unsigned vectors)
{
	memset(cs, 0, sizeof(*cs));
	init_header(cs);
	init_capabilities(cs, vectors);
}

void rvl_config_space_flr(struct rvl_config_space *cs)
{
	struct rvl_config_space fresh;
	uint32_t i;

	rvl_config_space_init(&fresh, (get16(cs->value + MSIX_CONTROL) & 0x7ffU) + 1);
	for (i = 0; i < RVL_CONFIG_SPACE_SIZE; i++)
		fresh.value[i] = (uint8_t)((cs->value[i] & cs->sticky[i]) |
					   (fresh.value[i] & ~cs->sticky[i]));
	/* Section 6.6.2: Max_Payload_Size and the link's controls are not affected. */
	put16(fresh.value + DEVICE_CONTROL,
	      (uint16_t)((get16(fresh.value + DEVICE_CONTROL) & ~0x00e0) |
			 (get16(cs->value + DEVICE_CONTROL) & 0x00e0)));
	put16(fresh.value + LINK_CONTROL, get16(cs->value + LINK_CONTROL));
	*cs = fresh;
}

void rvl_config_space_enumerate(struct rvl_config_space *cs)
{
	put32(cs->value + BAR(0), FIRMWARE_BAR0 | 0x04);
	put32(cs->value + BAR(1), 0);
	put32(cs->value + BAR(2), FIRMWARE_BAR2 | 0x04);
	put32(cs->value + BAR(3), 0);
	put16(cs->value + CMD, get16(cs->value + CMD) | CMD_MEMORY);
	cs->value[DEVICE_CONTROL] |= DEVICE_CONTROL_ERRORS;
}

void rvl_config_space_read(const struct rvl_config_space *cs, uint32_t offset, void *data,
			   uint32_t len)
{
	uint8_t *out = data;
	uint32_t i;

	for (i = 0; i < len; i++)
		out[i] =
			(uint64_t)offset + i < RVL_CONFIG_SPACE_SIZE ? cs->value[offset + i] : 0xff;
}

bool rvl_config_space_write(struct rvl_config_space *cs, uint32_t offset, const void *data,
			    uint32_t len)
{
	const uint8_t *in = data;
	uint8_t power = cs->value[PM_CSR] & 3;
	bool flr = false;
	uint32_t i;

	for (i = 0; i < len && offset < RVL_CONFIG_SPACE_SIZE && i < RVL_CONFIG_SPACE_SIZE - offset;
	     i++) {
		uint32_t at = offset + i;
		uint8_t w = cs->writable[at];

		cs->value[at] = (uint8_t)((cs->value[at] & ~w) | (in[i] & w));
		cs->value[at] &= (uint8_t) ~(in[i] & cs->write_1_to_clear[at]);
		if (at == DEVICE_CONTROL + 1 && in[i] & DEVICE_CONTROL_FLR >> 8)
			flr = true;
	}
	/* D1 and D2 are not there: a write of them leaves the power state (section 7.5.2.2). */
	if ((cs->value[PM_CSR] & 3) == 1 || (cs->value[PM_CSR] & 3) == 2)
		cs->value[PM_CSR] = (uint8_t)((cs->value[PM_CSR] & ~3) | power);
	return flr;
}

void rvl_config_space_wires(const struct rvl_config_space *cs, struct rvl_function_config *wires)
{
	uint16_t control = get16(cs->value + DEVICE_CONTROL);
	uint16_t msix = get16(cs->value + MSIX_CONTROL);
	bool d0 = (cs->value[PM_CSR] & 3) == 0;
	uint8_t payload = control >> 5 & 7;
	uint8_t read = control >> 12 & 7;

	wires->bus_master = d0 && get16(cs->value + CMD) & CMD_MASTER;
	wires->max_payload = payload > 5 ? 5 : payload; /* 6 and 7 are reserved */
	wires->max_read = read > 5 ? 5 : read;
	wires->ext_tag = control >> 8 & 1;
	wires->rcb128 = get16(cs->value + LINK_CONTROL) & LINK_CONTROL_RCB;
	wires->msix_enable = msix & MSIX_ENABLE;
	wires->msix_mask = msix & MSIX_MASK;
}

uint64_t rvl_config_space_bar(const struct rvl_config_space *cs, unsigned bar)
{
	uint32_t low = get32(cs->value + BAR(bar)) & ~0xfU;

	return (uint64_t)get32(cs->value + BAR(bar) + 4) << 32 | low;
}

bool rvl_config_space_memory_enabled(const struct rvl_config_space *cs)
{
	return get16(cs->value + CMD) & CMD_MEMORY && (cs->value[PM_CSR] & 3) == 0;
}

void rvl_config_space_set_msix(struct rvl_config_space *cs, bool enable, bool mask)
{
	uint16_t control = get16(cs->value + MSIX_CONTROL) & 0x7ff;

	put16(cs->value + MSIX_CONTROL,
	      (uint16_t)(control | (enable ? MSIX_ENABLE : 0) | (mask ? MSIX_MASK : 0)));
}

/* The first error's header stays until its status bit is cleared. */
static void log_header(struct rvl_config_space *cs, uint32_t error, const uint32_t hdr[4])
{
	uint8_t *v = cs->value;
	int i;

	if (get32(v + AER_UNCORRECTABLE) & 1U << (get32(v + AER_CONTROL) & 0x1f))
		return;
	v[AER_CONTROL] = (uint8_t)((v[AER_CONTROL] & ~0x1f) | (unsigned)__builtin_ctz(error));
	for (i = 0; i < 4; i++)
		put32(v + AER_HEADER_LOG + 4 * i, hdr[i]);
}

enum rvl_aer_message rvl_config_space_error(struct rvl_config_space *cs, bool correctable,
					    uint32_t error, const uint32_t hdr[4])
{
	uint8_t *v = cs->value;
	bool serr = get16(v + CMD) & CMD_SERR, fatal;
	uint16_t control = get16(v + DEVICE_CONTROL);

	if (correctable) {
		put32(v + AER_CORRECTABLE, get32(v + AER_CORRECTABLE) | error);
		v[DEVICE_STATUS] |= 0x01;
		return !(get32(v + AER_CORRECTABLE_MASK) & error) && control & 0x01
			       ? RVL_AER_CORRECTABLE
			       : RVL_AER_NONE;
	}
	fatal = get32(v + AER_SEVERITY) & error;
	v[DEVICE_STATUS] |= fatal ? 0x04 : 0x02;
	if (error == RVL_AER_UNSUPPORTED_REQUEST)
		v[DEVICE_STATUS] |= 0x08;
	if (get32(v + AER_UNCORRECTABLE_MASK) & error) {
		put32(v + AER_UNCORRECTABLE, get32(v + AER_UNCORRECTABLE) | error);
		return RVL_AER_NONE;
	}
	log_header(cs, error, hdr);
	put32(v + AER_UNCORRECTABLE, get32(v + AER_UNCORRECTABLE) | error);
	if (!serr && !(control & (fatal ? 0x04 : 0x02)))
		return RVL_AER_NONE;
	if (serr)
		rvl_config_space_status(cs, STATUS_SIGNALLED);
	return fatal ? RVL_AER_FATAL : RVL_AER_NON_FATAL;
}

void rvl_config_space_status(struct rvl_config_space *cs, uint16_t bits)
{
	put16(cs->value + STATUS, get16(cs->value + STATUS) | bits);
}

enum rvl_aer_message rvl_config_space_log(struct rvl_config_space *cs, uint32_t error,
					  const uint32_t hdr[4])
{
	uint8_t *v = cs->value;

	log_header(cs, error, hdr);
	put32(v + AER_UNCORRECTABLE, get32(v + AER_UNCORRECTABLE) | error);
	put32(v + AER_CORRECTABLE, get32(v + AER_CORRECTABLE) | AER_ADVISORY_NON_FATAL);
	v[DEVICE_STATUS] |= error == RVL_AER_UNSUPPORTED_REQUEST ? 0x09 : 0x01;
	return !(get32(v + AER_CORRECTABLE_MASK) & AER_ADVISORY_NON_FATAL) &&
			       get16(v + DEVICE_CONTROL) & 0x01
		       ? RVL_AER_CORRECTABLE
		       : RVL_AER_NONE;
}

int rvl_config_space_dump(const struct rvl_config_space *cs, uint16_t requester_id, FILE *f)
{
	uint32_t i;

	fprintf(f, "0000:%02x:%02x.%x Ethernet controller: Ravelin IPsec NIC", requester_id >> 8,
		requester_id >> 3 & 0x1f, requester_id & 7);
	for (i = 0; i < RVL_CONFIG_SPACE_SIZE; i++) {
		if (i % 16 == 0)
			fprintf(f, "\n%02x:", i);
		fprintf(f, " %02x", cs->value[i]);
	}
	fprintf(f, "\n\n");
	return ferror(f) ? -EIO : 0;
}
