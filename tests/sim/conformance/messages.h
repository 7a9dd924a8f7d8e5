/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RVL_TESTS_SIM_CONFORMANCE_MESSAGES_H
#define RVL_TESTS_SIM_CONFORMANCE_MESSAGES_H

#include "tests/sim/conformance/conformance.h"

#define MESSAGES 12 /* the first is VERSION, the last is not there (DEVICE_FEATURE) */
#define LAST_MESSAGE (MESSAGES - 1)

struct message {
	struct rvl_vfio_user_hdr hdr;
	uint8_t payload[112];
};

/* Make message `which`; returns its size. It carries no descriptors. */
size_t message_of(struct message *m, unsigned which);

bool message_takes_descriptors(const struct message *m);

#endif
