/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_RTL_PARSE_REFERENCE_H
#define TESTS_RTL_PARSE_REFERENCE_H

#include "tests/rtl/parse/parse_dut.h"

/* What the block should say, octet by octet; fields that don't count in the state it names are 0.
 */
struct parsed parse_reference(const struct parse_input *input, bool ethernet);

#endif
