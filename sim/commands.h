/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be asked of a running simulator: JSON objects {"cmd": NAME, ...}, answered with
 * {"ok": true, ...} or {"ok": false, "error": SENTENCE}. docs/ravelsim.md describes each.
 */
#ifndef RVL_SIM_COMMANDS_H
#define RVL_SIM_COMMANDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/sim.h"

/* Actions that may wait for their cycle or frame. */
#define RVL_COMMANDS_WAITING 32U

struct rvl_commands_action; /* commands.c */

struct rvl_commands {
	struct rvl_sim *sim;
	json_t *(*stats)(void *ctx); /* a new object */
	void *ctx;

	struct rvl_commands_action *waiting;
	unsigned waiting_count;
	uint64_t requests, errors;
};

/* Returns 0 or -ENOMEM. */
int rvl_commands_init(struct rvl_commands *c, struct rvl_sim *sim, json_t *(*stats)(void *ctx),
		      void *ctx);
void rvl_commands_free(struct rvl_commands *c);

/* As rvl_control_fn; ctx is a struct rvl_commands. */
char *rvl_commands_handle(void *ctx, const char *line, size_t len);

/* Do what has waited for this cycle. To be called whenever time has passed. */
void rvl_commands_run(struct rvl_commands *c);

#endif
