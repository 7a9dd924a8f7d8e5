/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process that speaks with strangers by HTTP needs, and no more. */
#ifndef RVL_FETCH_CONFINE_H
#define RVL_FETCH_CONFINE_H

/*
 * For good: nobody's user and group if it is root, no new privileges, no files but those that can
 * be read by anybody, a bound on memory, and the system calls of a client of HTTP. It ends with who
 * has started it. 0 or -errno with *what set: the step that failed.
 */
int confine(const char **what);

#endif
