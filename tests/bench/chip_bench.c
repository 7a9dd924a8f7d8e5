/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the whole chip does, in clock cycles (which are exact and repeat) and in octets on PCIe; and
 * how fast this machine simulates it. One JSON object a line: {"section": [row]}.
 *
 *	cycles-per-packet, octets-per-cycle	in the middle of a burst; octets of the plain frame
 *	pcie-up-octets, pcie-down-octets	per packet, header and framing included, beside the
 *model (batches of 16 descriptors, 2 completions, 32 packets a doorbell, no interrupts)
 *
 * usage: chip_bench [quick]
 */
#include <stdarg.h>
#include <time.h>

#include "tests/chip/chip.h"
#include "tests/chip/traffic.h"

#define MPS 256
#define MRRS 512
#define QUEUE_LOG2 8
#define DOORBELL 32
#define BATCH 16
#define STEP 8
#define SAS_MAX 1000
#define SPI_BASE 0x1000

struct bench {
	struct chip chip;
	struct random random;
	struct rvl_sa_params sas[2][SAS_MAX];
	uint32_t seq[SAS_MAX];
	unsigned int done;    /* frames out, in this burst */
	uint64_t first, last; /* cycles of the first and last of those that count */
	unsigned int count_from;
};

static void fail(const char *what)
{
	fprintf(stderr, "chip_bench: %s\n", what);
	exit(1);
}

static void frame_out(struct bench *b)
{
	uint64_t cycle = rvl_sim_cycle(b->chip.sim);

	if (b->done == b->count_from)
		b->first = cycle;
	b->last = cycle;
	b->done++;
}

static void on_wire(void *ctx, const uint8_t *frame, uint32_t len)
{
	(void)frame;
	(void)len;
	frame_out(ctx);
}

static void on_host(void *ctx, unsigned int queue, const uint8_t *frame,
		    const struct rvl_completion *c)
{
	(void)queue;
	(void)frame;
	if (c->decrypted)
		frame_out(ctx);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* An inner frame of `octets`, addresses at random so that flows spread over the queues. */
static size_t make_inner(struct bench *b, uint8_t *p, size_t octets)
{
	rvl_put_be16(p, 0x4500);
	rvl_put_be16(p + 2, (uint16_t)(octets - 14));
	random_fill(&b->random, p + 4, octets - 14 - 4);
	rvl_put_be16(p + 6, 0);
	p[8] = 64;
	p[9] = 253;
	return octets - 14;
}

static void add_sas(struct bench *b)
{
	uint64_t cycles = rvl_sim_cycle(b->chip.sim);
	double start = seconds();
	unsigned int i;

	for (i = 0; i < 2 * SAS_MAX; i++) {
		struct rvl_sa_params *p = &b->sas[i % 2][i / 2];
		uint32_t index = i / 2;
		struct rvl_dev_error err;
		struct rvl_dev_sa sa;

		traffic_sa(&b->random, p, i % 2 ? RVL_INBOUND : RVL_OUTBOUND, SPI_BASE + i);
		p->encap = false;
		p->src_port = 0;
		p->dst_port = 0;
		p->first_seq = 1;
		p->encr_key_len = 32;
		if (p->direction == RVL_INBOUND)
			p->first_seq = 0;
		sa = traffic_dev_sa(p);
		if (rvl_dev_sa_add(b->chip.dev, &sa, &index, &err))
			fail(err.text);
	}
	cycles = rvl_sim_cycle(b->chip.sim) - cycles;
	printf("{\"chip-sa-add\":[{\"sas\":%d,\"cycles-per-sa\":%.1f,"
	       "\"simulated-sas-per-second\":%.0f}]}\n",
	       2 * SAS_MAX, (double)cycles / (2 * SAS_MAX), 2 * SAS_MAX / (seconds() - start));
}

static void send_burst(struct bench *b, unsigned int sas, size_t octets, unsigned int packets)
{
	uint8_t frame[FRAME_ROOM] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
	unsigned int i;

	for (i = 0; i < packets; i++) {
		struct rvl_frame_queue *q = b->chip.queues[i / DOORBELL % CHIP_QUEUES];

		make_inner(b, frame + 14, octets);
		if (rvl_frame_queue_send(q, frame, octets, i % sas))
			fail("transmit ring is full");
		if (i % DOORBELL == DOORBELL - 1 || i + 1 == packets)
			rvl_queue_kick(rvl_frame_queue_rings(q));
	}
	while (b->done < packets && !rvl_sim_idle(b->chip.sim))
		rvl_sim_step(b->chip.sim, 1);
}

static void receive_burst(struct bench *b, unsigned int sas, size_t octets, unsigned int packets)
{
	static uint8_t inner[FRAME_ROOM];
	static struct frame *frames;
	unsigned int sent = 0;
	unsigned int i;

	if (!frames)
		frames = calloc(1024, sizeof(*frames));
	if (!frames)
		fail("no memory");
	for (i = 0; i < packets; i++) {
		uint16_t index = (uint16_t)(i % sas);
		size_t len = make_inner(b, inner, octets);

		/* No IP options, padding or tags by chance: every frame alike. */
		do {
			traffic_esp(&b->random, &frames[i], &b->sas[1][index], b->seq[index] + 1,
				    inner, len, false, ESP_GOOD);
		} while (frames[i].len > octets + 57);
		b->seq[index]++;
	}
	while (b->done < packets && !(sent == packets && rvl_sim_idle(b->chip.sim))) {
		while (sent < packets && rvl_sim_rx_room(b->chip.sim)) {
			rvl_sim_rx(b->chip.sim, frame_data(&frames[sent]),
				   (uint32_t)frames[sent].len, false);
			sent++;
		}
		if (!chip_step(&b->chip, STEP))
			fail(b->chip.text);
	}
}

static double up_octets(const struct rvl_rootport_stats *s)
{
	return (double)(s->up_write_bytes + s->up_read_bytes + s->up_completion_bytes);
}

static double down_octets(const struct rvl_rootport_stats *s)
{
	return (double)(s->down_completion_bytes + s->down_write_bytes + s->down_read_bytes);
}

static double blocks(size_t octets, size_t block)
{
	return (double)((octets + block - 1) / block);
}

static void measure(struct bench *b, bool tx, unsigned int sas, size_t octets)
{
	unsigned int packets = octets > 2000 ? 128 : 512;
	size_t entry = sizeof(struct rvl_cq_entry);
	size_t desc = tx ? sizeof(struct rvl_tx_desc) : sizeof(struct rvl_rx_desc);
	/* up: descriptors' reads, and completions, as many as a beat holds in a write */
	double descriptors = 24.0 / BATCH + 24.0 / (RVL_BEAT_OCTETS / entry) + (double)entry;
	/* down */
	double doorbell = (double)desc + blocks(BATCH * desc, MPS) * 20 / BATCH + 28.0 / DOORBELL;
	struct rvl_sim_stats before, after;
	double rate, up, down, khz;

	if (!chip_drain(&b->chip))
		fail(b->chip.text);
	b->done = 0;
	b->count_from = packets / 4;
	rvl_sim_stats(b->chip.sim, &before);
	if (tx)
		send_burst(b, sas, octets, packets);
	else
		receive_burst(b, sas, octets, packets);
	if (!chip_drain(&b->chip))
		fail(b->chip.text);
	rvl_sim_stats(b->chip.sim, &after);
	if (b->done <= b->count_from + 1)
		fail("no frames came out");
	rate = (double)(b->last - b->first) / (b->done - 1 - b->count_from);
	up = (up_octets(&after.pcie) - up_octets(&before.pcie)) / b->done;
	down = (down_octets(&after.pcie) - down_octets(&before.pcie)) / b->done;
	khz = (double)(after.cycles - before.cycles) * 1e6 /
	      (double)(after.host_ns - before.host_ns);
	printf("{\"chip-%s\":[{\"sas\":%u,\"octets\":%zu,\"packets\":%u,\"lost\":%u,"
	       "\"cycles-per-packet\":%.2f,\"octets-per-cycle\":%.2f,\"pcie-up-octets\":%.1f,"
	       "\"pcie-up-model\":%.1f,\"pcie-down-octets\":%.1f,\"pcie-down-model\":%.1f,"
	       "\"simulated-khz\":%.1f}]}\n",
	       tx ? "tx" : "rx", sas, octets, packets, packets - b->done, rate,
	       (double)octets / rate, up,
	       tx ? blocks(octets, MRRS) * 24 + descriptors
		  : blocks(octets, MPS) * 24 + (double)octets + descriptors,
	       down, tx ? (double)octets + blocks(octets, MPS) * 20 + doorbell : doorbell, khz);
	fflush(stdout);
}

static void measure_idle(struct bench *b)
{
	const uint64_t cycles = 200000;
	double start;

	if (!chip_drain(&b->chip))
		fail(b->chip.text);
	start = seconds();
	rvl_sim_step(b->chip.sim, cycles);
	printf("{\"chip-idle\":[{\"simulated-khz\":%.1f}]}\n",
	       (double)cycles / 1e3 / (seconds() - start));
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {64, 128, 256, 512, 1024, 1500, 9000};
	static const unsigned int sa_counts[] = {1, SAS_MAX};
	struct bench *b = calloc(1, sizeof(*b));
	bool quick = argc > 1 && !strcmp(argv[1], "quick");
	size_t i, s;

	if (!b)
		fail("no memory");
	b->random.state = 1;
	b->chip.max_payload = 1;
	b->chip.max_read = 2;
	b->chip.on_wire = on_wire;
	b->chip.on_host = on_host;
	b->chip.ctx = b;
	if (!chip_open(&b->chip, NULL, QUEUE_LOG2))
		fail(b->chip.text);
	add_sas(b);
	for (s = 0; s < 2; s++) {
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i += quick ? 3 : 1) {
			measure(b, true, sa_counts[s], sizes[i]);
			measure(b, false, sa_counts[s], sizes[i]);
		}
	}
	measure_idle(b);
	b->chip.on_wire = NULL;
	b->chip.on_host = NULL;
	chip_close(&b->chip);
	free(b);
	return 0;
}
