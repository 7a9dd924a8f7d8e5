/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RTL against the software engine, under several hosts.
 *
 * usage: chip_oracle_test [seed=N] [packets=N] [host=NAME]
 */
#include <inttypes.h>

#include "tests/chip/oracle.h"

#include "tests/chip/traffic.h"

struct host {
	const char *name; /* a sentence of what holds */
	const char *key;
	unsigned int packets;
	void (*set)(struct oracle_options *o, struct random *r);
};

static void quick(struct oracle_options *o, struct random *r)
{
	(void)r;
	o->sim.rootport.latency_min = 20;
	o->sim.rootport.latency_max = 20;
	o->max_payload = 2;
	o->max_read = 5;
}

static void ordinary(struct oracle_options *o, struct random *r)
{
	(void)r;
	o->max_payload = 1;
	o->max_read = 2;
}

static void smallest(struct oracle_options *o, struct random *r)
{
	(void)r;
	o->max_payload = 0;
	o->max_read = 0;
	o->port_max_frame = 4000;
	o->sim.rootport.split_percent = 100;
}

static void hostile(struct oracle_options *o, struct random *r)
{
	struct rvl_rootport_policy *p = &o->sim.rootport;

	o->in_flight_frames = 40;
	o->in_flight_octets = 16384;
	o->max_payload = random_below(r, 6);
	o->max_read = random_below(r, 6);
	o->rcb128 = random_one_in(r, 2);
	o->sim.wire_idle_percent = random_below(r, 60);
	p->latency_max = p->latency_min + random_below(r, 1500);
	p->reorder = true;
	p->split_percent = random_below(r, 101);
	p->request_gap_percent = random_below(r, 60);
	p->completion_gap_percent = random_below(r, 60);
	p->write_stall_percent = random_below(r, 10);
	p->read_stall_percent = random_below(r, 10);
	p->completion_stall_percent = random_below(r, 10);
	p->stall_cycles = 1 + random_below(r, 100);
}

static const struct host hosts[] = {
	{"the_chip_equals_the_engine_behind_a_quick_root_port", "quick", 6000, quick},
	{"the_chip_equals_the_engine_behind_an_ordinary_root_port", "ordinary", 3000, ordinary},
	{"the_chip_equals_the_engine_with_the_smallest_tlps", "smallest", 2000, smallest},
	{"the_chip_equals_the_engine_behind_an_unruly_root_port", "hostile", 2000, hostile},
	{"the_chip_equals_the_engine_behind_another_unruly_root_port", "hostile2", 2000, hostile},
	{"the_chip_equals_the_engine_behind_a_third_unruly_root_port", "hostile3", 2000, hostile},
};

#define HOSTS (sizeof(hosts) / sizeof(hosts[0]))

static bool run(size_t i, uint64_t seed, unsigned int packets)
{
	struct random r = {.state = seed + i};
	struct oracle_options options = {
		.seed = seed + i,
		.packets = packets ? packets : hosts[i].packets,
		.port_max_frame = 9234,
		.in_flight_frames = 100,
		.in_flight_octets = 1U << 20,
		.sim = RVL_SIM_OPTIONS_DEFAULT,
	};
	struct oracle_report report;
	unsigned int n;
	bool ok;

	options.sim.seed = seed + i;
	hosts[i].set(&options, &r);
	ok = oracle_run(&options, &report);
	printf("%sok %zu - %s\n", ok ? "" : "not ", i + 1, hosts[i].name);
	if (!ok) {
		printf("# seed=%" PRIu64 " host=%s: %s\n", seed, hosts[i].key, report.text);
		for (n = 0; n < RVL_CNT_NUM; n++)
			printf("#   %s %" PRIu64 "\n", rvl_counter_name(n), report.counters[n]);
	}
	printf("# %u frames sent, %u received, %" PRIu64 " protected, %" PRIu64 " decrypted,"
	       " %u SA changes, %u events, %" PRIu64 " cycles\n",
	       report.tx, report.rx, report.counters[RVL_CNT_TX_PROTECTED],
	       report.counters[RVL_CNT_RX_DECRYPTED], report.sa_changes, report.events,
	       report.cycles);
	fflush(stdout);
	return ok;
}

static bool run_erasure(uint64_t seed)
{
	struct oracle_report report;
	bool ok = oracle_erasure(seed, 0, &report);

	printf("%sok %zu - no_key_is_left_after_its_sa_or_a_reset\n", ok ? "" : "not ", HOSTS + 1);
	if (!ok)
		printf("# seed=%" PRIu64 ": %s\n", seed, report.text);
	return ok;
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	unsigned int packets = 0;
	uint64_t seed = 1;
	bool ok = true;
	size_t i;
	int a;

	for (a = 1; a < argc; a++) {
		if (!strncmp(argv[a], "seed=", 5))
			seed = strtoull(argv[a] + 5, NULL, 0);
		else if (!strncmp(argv[a], "packets=", 8))
			packets = (unsigned int)strtoul(argv[a] + 8, NULL, 0);
		else if (!strncmp(argv[a], "host=", 5))
			only = argv[a] + 5;
	}
	printf("TAP version 13\n1..%zu\n", only ? (size_t)1 : HOSTS + 1);
	for (i = 0; i < HOSTS; i++) {
		if (!only || !strcmp(only, hosts[i].key))
			ok &= run(i, seed, packets);
	}
	if (!only)
		ok &= run_erasure(seed);
	return ok ? 0 : 1;
}
