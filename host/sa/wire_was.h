/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an interface was like before it became the wire. It stands in the interface's own alias
 * (`ip link`), which whoever has taken it over can't lose by dying, and which goes with it.
 */
#ifndef RVL_SA_WIRE_WAS_H
#define RVL_SA_WIRE_WAS_H

#include <stdbool.h>

#define RVL_WIRE_SETTINGS 3
#define RVL_WIRE_SETTING 16

struct rvl_wire_was {
	char settings[RVL_WIRE_SETTINGS][RVL_WIRE_SETTING]; /* empty: there is no such one */
	bool gro;
	bool down;
	bool filters;	 /* at its ingress (ingress.h) */
	char alias[128]; /* its own, which is cut if it is longer */
};

/* Does its alias say what it was? 1; 0: it doesn't, and was->alias is its own; or -errno. */
int rvl_wire_was_read(const char *name, struct rvl_wire_was *was);

/* Let its alias say so, or be its own again. 0 or -errno. */
int rvl_wire_was_write(const char *name, const struct rvl_wire_was *was);
int rvl_wire_was_undo(const char *name, const struct rvl_wire_was *was);

#endif
