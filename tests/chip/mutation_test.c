/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The comparison with the engine, and the tests of parity, notice what they are there to notice: a
 * chip that is broken on purpose (hw/rtl/ravelin.sv, mutation_i; linked with the model that has
 * TestMutations) differs, and the same chip with no mutation doesn't.
 *
 * usage: chip_mutation_test [seed=N]
 */
#include <inttypes.h>

#include "tests/chip/parity.h"

static const struct {
	uint8_t mutation;
	const char *name;
	const char *word; /* what the difference must be about */
} mutations[] = {
	{0, "a_chip_without_a_mutation_equals_the_engine", NULL},
	{1, "a_chip_that_does_not_check_for_replay_is_caught", "at the host"},
	{2, "a_chip_that_takes_any_icv_is_caught", "at the host"},
	{3, "a_chip_that_uses_a_sequence_number_twice_is_caught", "on the wire"},
	{4, "a_chip_that_leaves_a_deleted_key_is_caught", "is left after its deletion"},
	{5, "a_chip_that_ignores_an_error_in_a_key_is_caught", "the peer refuses a frame"},
};

int main(int argc, char **argv)
{
	uint64_t seed = 1;
	bool all = true;
	size_t i;

	if (argc > 1 && !strncmp(argv[1], "seed=", 5))
		seed = strtoull(argv[1] + 5, NULL, 0);
	printf("TAP version 13\n1..%zu\n", sizeof(mutations) / sizeof(mutations[0]));
	for (i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
		struct oracle_options options = {
			.seed = seed,
			.packets = 2000,
			.port_max_frame = 9234,
			.max_payload = 1,
			.max_read = 2,
			.in_flight_frames = 100,
			.in_flight_octets = 1U << 20,
			.sim = RVL_SIM_OPTIONS_DEFAULT,
		};
		struct oracle_report report;
		bool same, ok;

		options.sim.mutation = mutations[i].mutation;
		same = oracle_erasure(seed, mutations[i].mutation, &report) &&
		       oracle_run(&options, &report) &&
		       parity_of_an_sa(seed, mutations[i].mutation, RVL_MEMORY_KEY, false, &report);
		ok = mutations[i].word ? !same && strstr(report.text, mutations[i].word) : same;
		printf("%sok %zu - %s\n", ok ? "" : "not ", i + 1, mutations[i].name);
		if (!ok)
			printf("# seed=%" PRIu64 "\n", seed);
		if (!same)
			printf("# %s\n", report.text);
		fflush(stdout);
		all &= ok;
	}
	return all ? 0 : 1;
}
