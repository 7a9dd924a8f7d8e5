/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bench around ravelin_queue: host memory behind the DMA ports, peers at the frame, command and
 * event ports, registers, and the model of a driver.
 *
 * Everything that is not right ends the test by bench_fail(). Percentages are the chance per cycle.
 */
#ifndef RVL_TESTS_QUEUE_BENCH_H
#define RVL_TESTS_QUEUE_BENCH_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/core/rvl_os.h"
#include "driver/core/rvl_regs.h"
#include "tests/rtl/queue/queue_dut.h"

#define HOST_BASE 0x00000a1200000000ULL
#define HOST_SIZE (24u << 20)
#define MAX_FRAME 9234u
#define PAIRS_MAX 8
#define READS_MAX 128
#define FRAMES_MAX 65536
#define RING_MAX 1024
#define CYCLES_MAX 4000000 /* of one test */
#define BUFFERS_SIZE (640u << 10)

enum { PERM_READ = 1, PERM_WRITE = 2, PERM_FAIL = 4 };

enum tx_kind { TX_GOOD, TX_BAD, TX_UNSUPPORTED, TX_UNREADABLE };

struct tx_slot {
	enum tx_kind kind;
	uint32_t serial;
	uint16_t len, sa;
	bool sa_valid;
};

struct rx_slot {
	uint64_t addr;
	uint16_t len;
	bool bad;
};

/* A queue pair as its driver sees it. */
struct pair {
	bool on;
	unsigned int tx_log2, rx_log2, cq_log2;
	uint64_t tx_ring, rx_ring, cq_ring, tx_buffers, rx_buffers;
	uint16_t tx_tail, tx_done, rx_tail, rx_done, cq_head;
	uint16_t cq_written,
		cq_doorbell; /* entries that the device wrote; CQ_HEAD as last written */
	struct tx_slot tx[RING_MAX], sent[4096]; /* by pointer; by serial */
	struct rx_slot rx[RING_MAX];
	uint32_t tx_serial, htx_serial, hrx_serial;
};

struct rx_frame {
	uint16_t len, sa;
	bool decrypted, udp;
	uint8_t q;
};

struct host_read {
	uint64_t addr, due;
	uint16_t len;
	uint8_t tag;
	bool fail;
};

struct bench {
	struct queue_dut *dut;
	struct queue_in in;
	struct queue_out out, last;
	jmp_buf *jmp;
	uint64_t rng, cycle, cycles_register;
	unsigned int beat, pairs;
	uint8_t *mem, *perm;
	size_t mem_used;

	/* Host: reads */
	struct host_read reads[READS_MAX];
	unsigned int read_head, read_count, read_max, read_off;
	unsigned int read_latency_min, read_latency, read_req_ready_pct, read_gap_pct, read_stall;
	bool read_frozen;
	unsigned int desc_reads, desc_read_octets;
	/* Host: writes */
	unsigned int wr_ready_pct;
	bool wr_frozen, wr_open;
	uint64_t wr_addr;
	unsigned int wr_len, wr_off, irqs[256];
	uint8_t wr_data[MAX_FRAME];
	/* IPsec: frames from the host */
	unsigned int htx_ready_pct;
	uint8_t htx[MAX_FRAME + QUEUE_BEAT_MAX];
	unsigned int htx_len;
	uint64_t htx_frames, htx_octets, tx_completed, htx_pair[PAIRS_MAX];
	/* IPsec: frames to the host */
	unsigned int hrx_pct, hrx_gap_pct, hrx_min, hrx_max, hrx_left, hrx_off, rx_queues;
	int hrx_only_q;
	uint32_t hrx_serial;
	bool hrx_open;
	struct rx_frame *frames;
	/* IPsec: commands */
	unsigned int cmd_delay, cmd_delete_pct; /* of what cmd_post() posts, SA_DELETE */
	bool cmd_running, cmd_frozen;
	struct rvl_cmd_cpl cmd_answer;
	unsigned int cmds;
	/* IPsec: events */
	unsigned int ev_pct, ev_left;
	uint64_t ev_sent, *ev_cycles;
	/* Counters: what others pulse, and what everything should be */
	unsigned int cnt_pct;
	uint64_t cnt[RVL_CNT_NUM];

	struct pair pair[PAIRS_MAX];
	/* Command and event rings of the driver */
	uint16_t cmd_tags[RING_MAX];
	uint64_t cmd_ring, cmd_cpl_ring, evt_ring;
	unsigned int cmd_log2, evt_log2;
	uint16_t cmd_tail, cmd_done, evt_head;
	uint32_t evt_number;
	uint64_t evt_last, evt_queue_errors, evt_links, evt_link;
};

/* ------------------------------------------------------------------------------------ bench */

/* A device fresh from reset. The generator starts from seed; jmp is where bench_fail() goes. */
struct bench *bench_new(uint64_t seed, jmp_buf *jmp);
void bench_free(struct bench *b);
_Noreturn void bench_fail(struct bench *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
#define CHECK(b, cond)                                                                             \
	do {                                                                                       \
		if (!(cond))                                                                       \
			bench_fail(b, "%s:%d: %s", __FILE__, __LINE__, #cond);                     \
	} while (0)
#define CHECK_EQ(b, got, want)                                                                     \
	do {                                                                                       \
		uint64_t got_ = (got), want_ = (want);                                             \
		if (got_ != want_)                                                                 \
			bench_fail(b, "%s:%d: %s is %#llx, not %#llx", __FILE__, __LINE__, #got,   \
				   (unsigned long long)got_, (unsigned long long)want_);           \
	} while (0)

uint32_t bench_random(struct bench *b, uint32_t below);
bool bench_chance(struct bench *b, unsigned int pct);
void bench_cycle(struct bench *b);
void bench_run(struct bench *b, unsigned int cycles);
void bench_until_idle(struct bench *b, unsigned int limit);
/* A data path reset of 16 cycles; power_on also resets CYCLES. */
void bench_reset(struct bench *b, bool power_on);

uint64_t host_alloc(struct bench *b, size_t len, size_t align, unsigned int perm);
void *host_ptr(struct bench *b, uint64_t addr);
void host_perm(struct bench *b, uint64_t addr, size_t len, unsigned int perm);

uint32_t reg_read(struct bench *b, uint32_t reg);
void reg_write(struct bench *b, uint32_t reg, uint32_t value);
void reg_write_be(struct bench *b, uint32_t reg, uint32_t value, unsigned int be);
uint64_t counter_read(struct bench *b, unsigned int counter);
/* All counters against the model's. */
void counters_check(struct bench *b);

/* ------------------------------------------------------------------------------------ peers */

uint8_t pattern(uint32_t serial, unsigned int i);
void peers_drive(struct bench *b);
void peers_observe(struct bench *b);
/* What a command is answered with: all but opcode, tag and phase. */
struct rvl_cmd_cpl command_answer(const struct rvl_cmd *cmd);

/* ----------------------------------------------------------------------------------- driver */

void pair_open(struct bench *b, unsigned int q, unsigned int tx_log2, unsigned int rx_log2,
	       unsigned int cq_log2);
/* Disable, wait until idle, take the last completions. */
void pair_close(struct bench *b, unsigned int q);
/* Room in the rings, entries. */
unsigned int pair_tx_room(const struct pair *p);
unsigned int pair_rx_room(const struct pair *p);
/* Put descriptors into the ring; the doorbell is rung by pair_tx_doorbell(). */
void pair_tx_put(struct bench *b, unsigned int q, unsigned int len, enum tx_kind kind);
void pair_tx_put_raw(struct bench *b, unsigned int q, struct rvl_tx_desc d);
void pair_tx_doorbell(struct bench *b, unsigned int q);
void pair_rx_put(struct bench *b, unsigned int q, unsigned int len, bool bad);
void pair_rx_doorbell(struct bench *b, unsigned int q);
/* Take at most max completions, check them; returns how many. */
unsigned int pair_poll(struct bench *b, unsigned int q, unsigned int max);
/* Write CQ_HEAD, with ARM if arm. */
void pair_cq_doorbell(struct bench *b, unsigned int q, bool arm);
/* A write of the device to a completion ring; false: not one. */
bool pair_cq_write(struct bench *b, uint64_t addr, unsigned int len);
void pair_htx(struct bench *b, const uint8_t *frame, unsigned int len, bool sa_valid,
	      unsigned int sa);

void cmd_open(struct bench *b, unsigned int log2, unsigned int vector);
bool cmd_post(struct bench *b, bool unreadable);
unsigned int cmd_poll(struct bench *b);
void evt_open(struct bench *b, unsigned int log2, unsigned int vector);
unsigned int evt_poll(struct bench *b);

/* ------------------------------------------------------------------------------------ tests */

struct queue_test {
	const char *name;
	void (*run)(struct bench *b);
};

extern const struct queue_test queue_tests_regs[], queue_tests_frames[], queue_tests_rings[],
	queue_tests_all[];

#endif
