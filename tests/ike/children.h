/* SPDX-License-Identifier: BSD-2-Clause */
/* A pair whose connection has children c, d, ... with networks of their own. */
#ifndef RAVELIN_TESTS_IKE_CHILDREN_H
#define RAVELIN_TESTS_IKE_CHILDREN_H

#include "tests/ike/steps.h"

struct ike_connection *connection(const struct node *node);

/* So many; nothing is up yet. */
void prepare(unsigned children);
/* A begins one, or asks for it. */
void bring_up(const char *child);
/* A deletes all, and nothing is left. */
void end(void);

#endif
