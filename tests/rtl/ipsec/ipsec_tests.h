/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of ravelin_ipsec, by name. */
#ifndef TESTS_RTL_IPSEC_TESTS_H
#define TESTS_RTL_IPSEC_TESTS_H

#include "tests/rtl/ipsec/ipsec_bench.h"

#define IPSEC_TESTS(X)                                                                             \
	X(frames_without_policy_pass_unchanged)                                                    \
	X(every_inner_length_is_encapsulated)                                                      \
	X(every_inner_length_is_decapsulated)                                                      \
	X(random_frames_both_ways_with_many_sas)

#define DECLARE(name) void name(struct bench *b);
IPSEC_TESTS(DECLARE)
#undef DECLARE

#endif
