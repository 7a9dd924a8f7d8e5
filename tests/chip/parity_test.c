/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in each memory that holds SAs, in each direction, under traffic (tests/chip/parity.h).
 *
 * usage: chip_parity_test [seed=N]
 */
#include <inttypes.h>

#include "tests/chip/parity.h"

static const struct {
	const char *name;
	enum rvl_model_memory memory;
	bool inbound;
} sas[] = {
	{"an_error_in_an_outbound_sa_s_config_breaks_it_alone", RVL_MEMORY_CONFIG, false},
	{"an_error_in_an_outbound_sa_s_counters_breaks_it_alone", RVL_MEMORY_COUNTERS, false},
	{"an_error_in_an_outbound_key_breaks_its_sa_alone", RVL_MEMORY_KEY, false},
	{"an_error_in_an_outbound_sa_s_h_breaks_it_alone", RVL_MEMORY_POWER, false},
	{"an_error_in_an_outbound_sa_s_low_powers_breaks_it_alone", RVL_MEMORY_POWER_LOW, false},
	{"an_error_in_an_outbound_sa_s_high_powers_breaks_it_alone", RVL_MEMORY_POWER_HIGH, false},
	{"an_error_in_an_inbound_sa_s_config_breaks_it_alone", RVL_MEMORY_CONFIG, true},
	{"an_error_in_an_inbound_sa_s_counters_breaks_it_alone", RVL_MEMORY_COUNTERS, true},
	{"an_error_in_a_replay_window_breaks_its_sa_alone", RVL_MEMORY_WINDOW, true},
	{"an_error_in_a_replay_window_on_arrival_breaks_its_sa_alone", RVL_MEMORY_PRE_WINDOW, true},
	{"an_error_in_the_numbers_seen_breaks_its_sa_alone", RVL_MEMORY_RING, true},
	{"an_error_in_the_numbers_seen_on_arrival_breaks_its_sa_alone", RVL_MEMORY_PRE_RING, true},
	{"an_error_in_an_inbound_key_breaks_its_sa_alone", RVL_MEMORY_KEY, true},
	{"an_error_in_an_inbound_sa_s_h_breaks_it_alone", RVL_MEMORY_POWER, true},
	{"an_error_in_an_inbound_sa_s_low_powers_breaks_it_alone", RVL_MEMORY_POWER_LOW, true},
	{"an_error_in_an_inbound_sa_s_high_powers_breaks_it_alone", RVL_MEMORY_POWER_HIGH, true},
};

#define SA_TESTS (sizeof(sas) / sizeof(sas[0]))

static unsigned int number;

static bool tell(bool ok, const char *name, uint64_t seed, const struct oracle_report *report)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++number, name);
	if (!ok)
		printf("# seed=%" PRIu64 " %s\n", seed, report->text);
	fflush(stdout);
	return ok;
}

int main(int argc, char **argv)
{
	struct oracle_report report;
	uint64_t seed = 1;
	bool all = true;
	size_t i;

	if (argc > 1 && !strncmp(argv[1], "seed=", 5))
		seed = strtoull(argv[1] + 5, NULL, 0);
	printf("TAP version 13\n1..%zu\n", SA_TESTS + 4);
	for (i = 0; i < SA_TESTS; i++)
		all &= tell(parity_of_an_sa(seed, 0, sas[i].memory, sas[i].inbound, &report),
			    sas[i].name, seed, &report);
	all &= tell(parity_that_is_fatal(seed, 0, RVL_MEMORY_LOOKUP, &report),
		    "an_error_in_the_lookup_table_stops_all_and_a_reset_recovers", seed, &report);
	all &= tell(parity_that_is_fatal(seed, 0, RVL_MEMORY_NAME, &report),
		    "an_sa_that_cannot_be_deleted_stops_all_and_a_reset_recovers", seed, &report);
	all &= tell(parity_behind_a_dead_wire(seed, &report),
		    "a_fatal_error_erases_the_keys_even_behind_a_dead_wire", seed, &report);
	all &= tell(deletion_behind_a_dead_wire(seed, &report),
		    "an_sa_is_deleted_with_its_frames_even_behind_a_dead_wire", seed, &report);
	return all ? 0 : 1;
}
