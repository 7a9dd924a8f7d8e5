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

/* Each has the IKE SA and its one child; neither has any. */
void both_are_up(void);
void nothing_is_up(void);

/* A, a stranger to B until now, says no more: B keeps nothing of it. */
void it_is_forgotten_when_it_says_no_more(void);

/* Octets of the last message that each side has sent, with how many there were. */
struct heard {
	unsigned count;
	size_t last[2];
};

/* Deliver until none is on its way. */
struct heard hear_out(void);

#endif
