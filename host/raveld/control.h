/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: one JSON object a line each way, for ravelctl.
 *
 *   {"command": "up", "name": "net"}      {"ok": true, ...}
 *                                         {"ok": false, "error": "..."}
 *
 * `up`, `down` and `stop` are answered when they have happened, or failed. A client that has no
 * answer pending and sends no whole request for 10 s, or doesn't take its answer for so long, is
 * let go.
 */
#ifndef RVL_RAVELD_CONTROL_H
#define RVL_RAVELD_CONTROL_H

#include "host/raveld/daemon.h"

/* Listen, readable and writable for the daemon's own user only. -errno, the reason in the log. */
int control_open(struct daemon *d, const char *path);

/* Remove the socket, end all conversations; freed by the loop's close callbacks. NULL is fine. */
void control_close(struct control *control);

/* The very last: do what a `stop` asked to be done after the end, and answer it. */
void control_tell_end(struct daemon *d);

/* What became of a child, for those who wait for it. reason "" for up. */
void control_child_event(struct control *control, const char *connection, const char *child,
			 bool up, const char *reason);

/* Some SA is gone: those who wait for the last one may be answered. */
void control_check_down(struct control *control);

#endif
