// SPDX-License-Identifier: BSD-2-Clause
/* Certificates that are about to expire are spoken of ahead: at start, at each reload, and daily.
 */
#include <time.h>

#include "host/raveld/daemon.h"
#include "host/trust/trust.h"

#define DAY_S 86400
#define AHEAD_S (14 * DAY_S)

static void tell(void *context, const char *path, time_t at)
{
	struct daemon *d = context;
	time_t now = time(NULL);
	char text[32];
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	if (at <= now)
		log_error(&d->log, "%s: this certificate has expired on %s", path, text);
	else
		log_warning(&d->log, "%s: this certificate expires on %s, in %ld days", path, text,
			    (long)((at - now) / DAY_S));
}

void expiry_check(struct daemon *d)
{
	trust_expiring(d->trust, time(NULL) + AHEAD_S, tell, d);
}

static void on_day(uv_timer_t *timer)
{
	expiry_check(timer->data);
}

void expiry_start(struct daemon *d)
{
	uv_timer_init(&d->loop, &d->day);
	d->day.data = d;
	uv_timer_start(&d->day, on_day, (uint64_t)DAY_S * 1000, (uint64_t)DAY_S * 1000);
	expiry_check(d);
}
