/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Verilated NIC (hw/rtl/ravelin.sv) behind a C interface: its pins, clock cycle by clock cycle.
 *
 * A cycle is: write `in`, rvl_model_settle(), read `out` (what the pins show in this cycle; a beat
 * moves where valid and ready are both set), rvl_model_clock(). The members of `in` keep their
 * values from cycle to cycle. Streams, headers and widths are as the top level documents them.
 */
#ifndef RVL_SIM_MODEL_H
#define RVL_SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RVL_BEAT_OCTETS 64

/*
 * One beat of a TLP stream. hdr[0] is header DW 0 with PCIe's bit numbers (Fmt in 31:29, Length in
 * 9:0), hdr[3] is DW 3 (zero in a 3 DW header). bytes: valid octets, with eop.
 */
struct rvl_tlp_beat {
	bool valid, sop, eop;
	uint8_t bar;   /* requests in: 0 or 2 */
	uint8_t bytes; /* 1 to RVL_BEAT_OCTETS, with eop */
	uint32_t hdr[4];
	uint8_t data[RVL_BEAT_OCTETS];
};

/*
 * One beat of a frame stream. bytes and err: with eop. err: damaged; of a frame that the NIC sends:
 * it is not to be sent.
 */
struct rvl_frame_beat {
	bool valid, sop, eop, err;
	uint8_t bytes;
	uint8_t data[RVL_BEAT_OCTETS];
};

/* Wires of the PCIe function's configuration space. */
struct rvl_function_config {
	uint16_t requester_id; /* bus 15:8, device 7:3, function 2:0 */
	bool bus_master;
	uint8_t max_payload; /* 0: 128 octets ... 5: 4096 */
	uint8_t max_read;
	bool ext_tag;
	bool rcb128;
	bool msix_enable;
	bool msix_mask;
};

/*
 * The memories of an SA, and those by which inbound ones are found (DAMAGE_* of
 * hw/rtl/ipsec/ravelin_ipsec_pkg.sv).
 */
enum rvl_model_memory {
	RVL_MEMORY_CONFIG,   /* what is fixed: addresses, options, lifetimes */
	RVL_MEMORY_COUNTERS, /* counters, sequence number */
	RVL_MEMORY_WINDOW,   /* inbound: bounds of the replay window as read after authentication */
	RVL_MEMORY_PRE_WINDOW, /* inbound: as read on arrival */
	RVL_MEMORY_KEY,	       /* cipher key, salt */
	RVL_MEMORY_POWER,      /* H^1, as multiplied with blocks */
	RVL_MEMORY_POWER_LOW,  /* H^1, as multiplied with sums */
	RVL_MEMORY_POWER_HIGH, /* H^32, used by packets of 33 blocks (528 octets) and more */
	RVL_MEMORY_LOOKUP,     /* any line of the table, whatever index */
	RVL_MEMORY_NAME,       /* inbound: destination and SPI to delete it by */
	RVL_MEMORY_RING, /* inbound: which numbers of the window were seen, after authentication */
	RVL_MEMORY_PRE_RING, /* inbound: as read on arrival */
	RVL_MEMORY_COUNT
};

/*
 * From a cycle with valid on, a bit of that memory is read wrong, until the SA is deleted or
 * another bit is damaged.
 */
struct rvl_model_damage {
	bool valid;
	bool inbound;
	uint8_t memory; /* enum rvl_model_memory */
	uint16_t index; /* of the SA */
};

struct rvl_model_in {
	bool rst_n;
	bool flr;
	uint8_t mutation; /* 0 unless the model was built with TestMutations */
	uint8_t mac[6];
	struct rvl_function_config cfg;
	struct rvl_model_damage damage;
	bool link; /* there is a peer on the wire */
	struct rvl_tlp_beat rx_req;
	struct rvl_tlp_beat rx_cpl;
	bool tx_wr_ready, tx_rd_ready, tx_cpl_ready;
	struct rvl_frame_beat port_rx;
	bool port_tx_ready;
};

struct rvl_model_out {
	bool flr_done;
	bool datapath_reset;
	bool idle;
	bool rx_req_ready, rx_cpl_ready;
	struct rvl_tlp_beat tx_wr;
	struct rvl_tlp_beat tx_rd; /* a header a beat: sop and eop set, no data */
	struct rvl_tlp_beat tx_cpl;
	bool port_rx_ready;
	struct rvl_frame_beat port_tx;
};

struct rvl_model {
	struct rvl_model_in in;
	struct rvl_model_out out; /* data, headers and bytes only where valid is set */
	uint64_t cycle;		  /* clocks so far */
};

/*
 * A NIC at cycle 0, all inputs 0 (so in reset). seed feeds what RTL calls random (none today) and
 * the values that uninitialised state starts with in builds that randomize it. NULL: out of memory.
 */
struct rvl_model *rvl_model_create(uint64_t seed);
void rvl_model_destroy(struct rvl_model *m);

void rvl_model_settle(struct rvl_model *m);
void rvl_model_clock(struct rvl_model *m);

/*
 * For tests of erasure: whether these octets stand in a row anywhere in the NIC's state (registers
 * and memories).
 */
bool rvl_model_holds(const struct rvl_model *m, const void *octets, size_t len);

/* Whether this build can write waves (libravelin_model_trace), or break itself (.._mut). */
bool rvl_model_can_trace(void);

/*
 * Write waves to an FST file from the next cycle on; 10 ns a cycle. Returns 0, or -ENOTSUP in a
 * build without tracing, -EIO if the file can't be opened, -EBUSY if one is open.
 */
int rvl_model_trace_open(struct rvl_model *m, const char *path);
void rvl_model_trace_close(struct rvl_model *m);

#ifdef __cplusplus
}
#endif
#endif
