/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file that remembers leases: a line with a version, a line for each address with the identity
 * that has or had it, and a line that counts them. It is written beside itself and renamed, so that
 * there is always a whole one.
 */
#ifndef RVL_RAVELD_LEASES_H
#define RVL_RAVELD_LEASES_H

#include <stdint.h>

#include "host/conf/conf.h"
#include "host/ike/id.h"

struct leases_error {
	unsigned int line;
	char what[160];
	char aside[CONF_PATH_MAX + 8]; /* leases_set_aside() */
};

/* Told of each in the order of the file; ends with what is returned unless it is 0. */
typedef int leases_fn(void *context, const struct rvl_addr *address, const struct ike_id *id);

/*
 * -EBADMSG with *error set when the file isn't understood, or fn() says -EEXIST: an address is
 * there twice. Else 0, fn()'s error or -errno.
 */
int leases_read(const char *path, leases_fn *fn, void *context, struct leases_error *error);

/* Out of the way under another name, which is put into `aside`. 0 or -errno. */
int leases_set_aside(const char *path, char aside[CONF_PATH_MAX + 8]);

struct leases_writer;

/* Begin a new one; a folder that isn't there is made. 0 or -errno. */
int leases_write(const char *path, struct leases_writer **writer);
void leases_put(struct leases_writer *writer, const struct rvl_addr *address,
		const struct ike_id *id);

/* Put it in the place of the old one unless it isn't complete. 0 or -errno: that is as it was. */
int leases_finish(struct leases_writer *writer, bool complete);

#endif
