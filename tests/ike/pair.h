/* SPDX-License-Identifier: BSD-2-Clause */
/* Two nodes, A and B. The network is a global, as a test has one at a time; teardown() is each
 * test's. */
#ifndef RAVELIN_TESTS_IKE_PAIR_H
#define RAVELIN_TESTS_IKE_PAIR_H

#include "tests/ike/support.h"

extern struct net *net;

struct node *a(void);
struct node *b(void);
int teardown(void **state);
void pass_time(uint64_t ms);

/* The oldest datagram that waits. */
void deliver_next(void);

#endif
