/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of ravelsim. */
#ifndef RVL_SIM_OPTIONS_H
#define RVL_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/sim.h"

struct rvl_options {
	const char *socket;
	const char *control;
	const char *port;
	const char *capture;
	const char *dump_config;
	const char *stats_file;
	int ready_fd; /* -1: none */
	bool mac_given;
	bool keep;	 /* what a client leaves in the device */
	uint32_t spread; /* of the latency, already in sim.rootport */
	struct rvl_sim_options sim;
};

/*
 * Read the command line. Returns -1 to go on, or the status to exit with: 0 after --help, 2 after a
 * message about what is wrong.
 */
int rvl_options_parse(struct rvl_options *options, int argc, char **argv);

#endif
