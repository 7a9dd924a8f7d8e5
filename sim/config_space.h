/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration space of the NIC's PCIe function (PCI Express Base Specification, chapter 7): a
 * type 0 header, power management, MSI-X, PCI Express (endpoint, version 2) and Advanced Error
 * Reporting. A hard PCIe block has it on a board; here it is the simulator's. Each bit is writable,
 * write-1-to- clear or read-only exactly as the specification says.
 */
#ifndef RVL_SIM_CONFIG_SPACE_H
#define RVL_SIM_CONFIG_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/model.h"

#define RVL_CONFIG_SPACE_SIZE 4096

/* Where the capabilities are. */
#define RVL_CONFIG_PM 0x40
#define RVL_CONFIG_MSIX 0x50
#define RVL_CONFIG_PCIE 0x60
#define RVL_CONFIG_AER 0x100

/* Bits of the uncorrectable error registers of AER (section 7.8.4). */
#define RVL_AER_DATA_LINK (1U << 4)
#define RVL_AER_SURPRISE_DOWN (1U << 5)
#define RVL_AER_POISONED (1U << 12)
#define RVL_AER_FLOW_CONTROL (1U << 13)
#define RVL_AER_COMPLETION_TIMEOUT (1U << 14)
#define RVL_AER_COMPLETER_ABORT (1U << 15)
#define RVL_AER_UNEXPECTED_COMPLETION (1U << 16)
#define RVL_AER_RECEIVER_OVERFLOW (1U << 17)
#define RVL_AER_MALFORMED (1U << 18)
#define RVL_AER_UNSUPPORTED_REQUEST (1U << 20)
#define RVL_AER_INTERNAL (1U << 22)

/* Of the correctable ones (section 7.8.5). */
#define RVL_AER_RECEIVER (1U << 0)
#define RVL_AER_BAD_TLP (1U << 6)
#define RVL_AER_BAD_DLLP (1U << 7)
#define RVL_AER_REPLAY_ROLLOVER (1U << 8)
#define RVL_AER_REPLAY_TIMEOUT (1U << 12)
#define RVL_AER_ADVISORY (1U << 13)
#define RVL_AER_CORRECTED_INTERNAL (1U << 14)
#define RVL_AER_HEADER_OVERFLOW (1U << 15)

/* Bits of the header's Status register that say how requests of the NIC ended (section 7.5.1.1.4).
 */
#define RVL_STATUS_TARGET_ABORT (1U << 12) /* with Completer Abort */
#define RVL_STATUS_MASTER_ABORT (1U << 13) /* with Unsupported Request */
#define RVL_STATUS_PARITY (1U << 15)	   /* poisoned */

/* The message that tells the root complex of an error. */
enum rvl_aer_message { RVL_AER_NONE, RVL_AER_CORRECTABLE, RVL_AER_NON_FATAL, RVL_AER_FATAL };

struct rvl_config_space {
	uint8_t value[RVL_CONFIG_SPACE_SIZE];
	uint8_t writable[RVL_CONFIG_SPACE_SIZE];
	uint8_t write_1_to_clear[RVL_CONFIG_SPACE_SIZE];
	uint8_t sticky[RVL_CONFIG_SPACE_SIZE]; /* kept over a Function Level Reset */
};

/* State after power-on, with `vectors` MSI-X vectors (1 to 2048). */
void rvl_config_space_init(struct rvl_config_space *cs, unsigned vectors);

/* Function Level Reset (section 6.6.2): all but sticky bits return to their values after power-on.
 */
void rvl_config_space_flr(struct rvl_config_space *cs);

/*
 * Addresses of BAR0 and BAR2, Memory Space Enable and the error reporting bits of Device Control,
 * as firmware would leave them, so that the function is usable (and its dump legible) when no
 * operating system has enumerated it. (QEMU keeps a copy of Device Control as it finds it at its
 * start, and passes an error message of the device on only if that says so.)
 */
void rvl_config_space_enumerate(struct rvl_config_space *cs);

/*
 * Read and write any range within the space; what lies beyond it reads as ones and is not written.
 * A write returns true if it asks for a Function Level Reset, which the caller then performs.
 */
void rvl_config_space_read(const struct rvl_config_space *cs, uint32_t offset, void *data,
			   uint32_t len);
bool rvl_config_space_write(struct rvl_config_space *cs, uint32_t offset, const void *data,
			    uint32_t len);

/* The wires that the function's logic sees; requester_id is the caller's and stays. */
void rvl_config_space_wires(const struct rvl_config_space *cs, struct rvl_function_config *wires);

/* Base address of the BAR pair that begins at BAR 0 or 2. */
uint64_t rvl_config_space_bar(const struct rvl_config_space *cs, unsigned bar);

/* Whether memory requests are answered: Memory Space Enable, and in D0. */
bool rvl_config_space_memory_enabled(const struct rvl_config_space *cs);

/* MSI-X Enable and Function Mask. */
void rvl_config_space_set_msix(struct rvl_config_space *cs, bool enable, bool mask);

/*
 * Log an error that is signalled as an Advisory Non-Fatal Error (section 6.2.3.2.4) in AER and
 * Device Status: RVL_AER_* and the header of the TLP, DW 0 first. Returns the message that the
 * function sends up: correctable, or none.
 */
enum rvl_aer_message rvl_config_space_log(struct rvl_config_space *cs, uint32_t error,
					  const uint32_t hdr[4]);

/*
 * Any other error: one bit of the correctable or uncorrectable status (section 6.2.5). Returns the
 * message that the function sends up then, which is none if the error is masked or reporting is
 * off.
 */
enum rvl_aer_message rvl_config_space_error(struct rvl_config_space *cs, bool correctable,
					    uint32_t error, const uint32_t hdr[4]);

/* RVL_STATUS_* */
void rvl_config_space_status(struct rvl_config_space *cs, uint16_t bits);

/*
 * Write the space as `lspci -F` and libpci's dump method read it, as device 0000:BB:DD.F of
 * requester_id. Returns 0 or -EIO.
 */
int rvl_config_space_dump(const struct rvl_config_space *cs, uint16_t requester_id, FILE *f);

#endif
