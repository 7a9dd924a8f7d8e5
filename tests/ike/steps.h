/* SPDX-License-Identifier: BSD-2-Clause */
/* A pair that a test takes through rekeying and the like message by message. */
#ifndef RAVELIN_TESTS_IKE_STEPS_H
#define RAVELIN_TESTS_IKE_STEPS_H

#include "tests/ike/pair.h"

/* Up, and from now on each side must have something to send on that the other can receive. */
void establish(const struct side *one, const struct side *two);

/* Up with the first of two children; the other one, "d", has a network of its own. */
void establish_one_of_two(const struct side *one, const struct side *two);
/* A asks for that. */
void ask_for_another(void);

/* The oldest datagram that waits for a node: taken, delivered, or lost. */
struct packet take_for(unsigned node);
void deliver_to(unsigned node);
void lose_for(unsigned node);

/* Begin to rekey what a node sends on, or its IKE SA. */
void rekey(struct node *node);
void rekey_ike(struct node *node);

/* In the end a node deletes what it has, and nothing is left of it. */
void assert_all_gone(struct node *node);

#endif
