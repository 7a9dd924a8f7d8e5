/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in the NIC's memories, put there under traffic in both directions
 * (rvl_sim_inject_parity()). A software engine is the peer: each frame that leaves must be
 * authentic, of the SA that it names, with a number that was not used before, and show nothing of
 * the plaintext.
 */
#ifndef TESTS_CHIP_PARITY_H
#define TESTS_CHIP_PARITY_H

#include "tests/chip/oracle.h"

/*
 * One SA of several is hit: its frames are dropped and counted from then on, it tells so in one
 * event and in SA_QUERY, the others go on; deleted and added anew it works. True if so, else
 * report->text.
 */
bool parity_of_an_sa(uint64_t seed, uint8_t mutation, enum rvl_model_memory memory, bool inbound,
		     struct oracle_report *report);

/*
 * The lookup table, or the name of an inbound SA, is hit: FATAL with that cause, an event and an
 * interrupt, nothing passes any more, no key is left; CONTROL.RESET recovers.
 */
bool parity_that_is_fatal(uint64_t seed, uint8_t mutation, enum rvl_model_memory memory,
			  struct oracle_report *report);

/* The same while the wire takes nothing and frames stand in the engine. */
bool parity_behind_a_dead_wire(uint64_t seed, struct oracle_report *report);

/* An outbound SA is deleted then: its frames are dropped, its key is erased. */
bool deletion_behind_a_dead_wire(uint64_t seed, struct oracle_report *report);

#endif
