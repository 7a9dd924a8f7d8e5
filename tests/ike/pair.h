/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two nodes, A and B, that a test takes through an exchange message by message. The network is a
 * global, as a test has one at a time; teardown() is each test's.
 */
#ifndef RAVELIN_TESTS_IKE_PAIR_H
#define RAVELIN_TESTS_IKE_PAIR_H

#include "tests/ike/support.h"

extern struct net *net;

struct node *a(void);
struct node *b(void);
int teardown(void **state);

/* Up, and from now on each side must have something to send on that the other can receive. */
void establish(const struct side *one, const struct side *two);
void pass_time(uint64_t ms);

/* The oldest datagram that waits for a node: delivered, or lost. */
void deliver_to(unsigned node);
void lose_for(unsigned node);

/* Begin to rekey what a node sends on, or its IKE SA. */
void rekey(struct node *node);
void rekey_ike(struct node *node);

/* In the end a node deletes what it has, and nothing is left of it. */
void assert_all_gone(struct node *node);

#endif
