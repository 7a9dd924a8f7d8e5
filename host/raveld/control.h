/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: one JSON object a line each way, for ravelctl.
 *
 *   {"command": "up", "name": "net"}      {"ok": true, ...}
 *                                         {"ok": false, "error": "..."}
 *
 * `up`, `down` and `stop` are answered when they have happened, or failed. `up` waits for as long
 * as the daemon tries, and is told of each try by lines that aren't the answer, which alone has
 * "ok":
 *
 *   {"progress": "gw.net: try 1 failed: ...", "goes-on": "..."}
 *
 * "goes-on" says what the daemon does if the client waits no longer. Of the lines that a client
 * doesn't take only the last is kept, until there is the answer.
 *
 * `list` is answered by many lines (listing.h), as the client takes them.
 *
 * A client that has no answer pending and sends no whole request for 10 s, or doesn't take its
 * answer for so long, is let go; one that closes its end is so at once.
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

/*
 * For those who wait for a child. A try begins; the number-th in a row has failed, and unless
 * another is planned (retry_at) that is their answer; so it is that the child is up, or that
 * nothing comes of it because raveld was told so; or that it is begun anew by what is configured
 * now.
 */
void control_child_trying(struct control *control, const struct wish *w);
void control_child_failed(struct control *control, const struct wish *w, unsigned int number,
			  const char *reason);
void control_child_up(struct control *control, const struct wish *w);
void control_child_changed(struct control *control, const struct wish *w);
void control_child_ended(struct control *control, const struct wish *w, const char *reason);

/* The configuration is another one. */
void control_configured(struct control *control);

/* Some SA is gone: those who wait for the last one may be answered. */
void control_check_down(struct control *control);

#endif
