// SPDX-License-Identifier: BSD-2-Clause
/* SAs of processors (RFC 9611), which the kernel asks for. */
#include <errno.h>
#include <stdio.h>

#include "host/raveld/daemon.h"

#define EXPIRY "/proc/sys/net/core/xfrm_acq_expires"
#define EXPIRY_SECONDS 30 /* where it can't be read */

/* So long the kernel takes what it has asked for to be on its way. */
static uint64_t expiry_ms(void)
{
	FILE *file = fopen(EXPIRY, "re");
	unsigned int seconds;

	if (!file)
		return EXPIRY_SECONDS * 1000;
	if (fscanf(file, "%u", &seconds) != 1)
		seconds = EXPIRY_SECONDS;
	fclose(file);
	return (uint64_t)seconds * 1000;
}

static void on_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	if (rvl_sad_hear(d->sad))
		uv_timer_start(timer, on_timer, expiry_ms(), 0);
}

void acquires_open(struct daemon *d)
{
	uv_timer_init(&d->loop, &d->acquires);
	d->acquires.data = d;
}

void acquires_stop(struct daemon *d)
{
	uv_timer_stop(&d->acquires);
}

void acquires_take(struct daemon *d, const struct rvl_backend_event *event)
{
	uint64_t child_id;
	int err;

	if (!rvl_sad_child_of_acquire(d->sad, event, &child_id))
		return;
	/* Before anything else, as the kernel drops what the processor sends meanwhile. */
	rvl_sad_asked(d->sad, child_id, event->cpu, false);
	err = ike_want_resource(d->engine, uv_now(&d->loop), child_id, event->cpu);
	if (err == -ENOSPC)
		rvl_sad_asked(d->sad, child_id, event->cpu, true);
	if (!uv_is_active((const uv_handle_t *)&d->acquires))
		uv_timer_start(&d->acquires, on_timer, expiry_ms(), 0);
}
