// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/datapath.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/raveld/neighbour.h"

#define BATCH 64
#define EVENTS 4

struct datapath {
	struct datapath_config config;
	pthread_t thread;
	int epoll;
	int wake; /* eventfd */
	atomic_bool stopping;
	struct neighbour neighbour;
	bool tap_watched; /* not while all transmit buffers are under way */
	atomic_bool has_reason;
	char reason[256];
	atomic_uint_fast64_t tx_frames, tx_errors, rx_frames, rx_errors;
};

static void give_up(struct datapath *d, const char *what, int err)
{
	snprintf(d->reason, sizeof(d->reason), "%s: %s", what, strerror(-err));
	atomic_store(&d->has_reason, true);
}

static void to_host(struct datapath *d, const uint8_t *frame, size_t len)
{
	if (write(d->config.tap, frame, len) == (ssize_t)len)
		atomic_fetch_add(&d->rx_frames, 1);
	else
		atomic_fetch_add(&d->rx_errors, 1);
}

static void deliver(void *context, const uint8_t *frame, size_t len, uint32_t sa)
{
	uint8_t advertisement[NEIGHBOUR_ADVERTISEMENT];
	struct datapath *d = context;

	if (!rvl_inbound_check(d->config.inbound, frame, len, sa))
		return;
	to_host(d, frame, len);
	if (sa == RVL_BACKEND_CLEAR && neighbour_answer(&d->neighbour, frame, len, advertisement))
		to_host(d, advertisement, sizeof(advertisement));
}

static int watch_tap(struct datapath *d, bool on)
{
	struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.fd = d->config.tap};

	if (d->tap_watched == on)
		return 0;
	d->tap_watched = on;
	return epoll_ctl(d->epoll, EPOLL_CTL_MOD, d->config.tap, &event) ? -errno : 0;
}

static int transmit(struct datapath *d, size_t len)
{
	int err = d->config.frames->ops->tx(d->config.frames, len);

	if (err == -EINVAL)
		atomic_fetch_add(&d->tx_errors, 1);
	return err == -EINVAL ? 0 : err;
}

static bool is_caught(struct datapath *d, const uint8_t *frame, size_t len)
{
	bool sprung, caught = rvl_traps_catch(d->config.traps, frame, len, &sprung);

	if (sprung)
		d->config.sprung(d->config.context);
	return caught;
}

/* Frames from the netdev to the data path: at most a batch. Returns how many, or -errno. */
static int send_frames(struct datapath *d)
{
	struct rvl_frames *frames = d->config.frames;
	int n;

	for (n = 0; n < BATCH; n++) {
		uint8_t *buffer = frames->ops->tx_buffer(frames);
		size_t octets;
		ssize_t len;
		int err;

		if (!buffer) {
			err = watch_tap(d, false);
			if (err)
				return err;
			break;
		}
		len = read(d->config.tap, buffer, RVL_BACKEND_FRAME);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (len < 0)
			return -errno;
		atomic_fetch_add(&d->tx_frames, 1);
		octets = (size_t)len;
		if (!neighbour_ask(&d->neighbour, buffer, &octets) &&
		    (!rvl_inbound_may_leave(d->config.inbound, buffer, octets) ||
		     is_caught(d, buffer, octets)))
			continue;
		err = transmit(d, octets);
		if (err)
			return err;
	}
	return n;
}

/* Frames that traps have released, before what comes after them. How many, or -errno. */
static int send_released(struct datapath *d)
{
	struct rvl_frames *frames = d->config.frames;
	int n;

	for (n = 0; n < BATCH && rvl_traps_released(d->config.traps); n++) {
		uint8_t *buffer = frames->ops->tx_buffer(frames);
		int err;

		if (!buffer)
			return n;
		err = transmit(d, rvl_traps_take(d->config.traps, buffer));
		if (err)
			return err;
	}
	return n;
}

/* One turn: what the netdev has, what the data path has. Returns whether there was any. */
static int turn(struct datapath *d)
{
	struct rvl_frames *frames = d->config.frames;
	int released = send_released(d), sent = 0, polled;

	if (released < 0)
		return released;
	if (!d->tap_watched && frames->ops->tx_buffer(frames)) {
		int err = watch_tap(d, true);

		if (err)
			return err;
	}
	if (d->tap_watched)
		sent = send_frames(d);
	if (sent < 0)
		return sent;
	polled = frames->ops->poll(frames, deliver, d);
	if (polled < 0)
		return polled;
	if (!released && !sent && !polled)
		frames->ops->arm(frames);
	return released + sent + polled;
}

static void run(struct datapath *d)
{
	struct epoll_event events[EVENTS];
	uint64_t count;
	int did = 1; /* the first wait must find the backend armed, so a turn comes before it */

	for (;;) {
		int n = epoll_wait(d->epoll, events, EVENTS, did ? 0 : -1);

		if (n < 0 && errno != EINTR) {
			give_up(d, "epoll", -errno);
			return;
		}
		/* An eventfd that is readable has something. */
		for (int i = 0; i < n; i++)
			if (events[i].data.fd == d->wake &&
			    read(d->wake, &count, sizeof(count)) > 0 && atomic_load(&d->stopping))
				return;
		did = turn(d);
		if (did < 0) {
			give_up(d, "data path", did);
			return;
		}
	}
}

static void *thread_main(void *context)
{
	struct datapath *d = context;

	run(d);
	if (atomic_load(&d->has_reason))
		d->config.failed(d->config.context);
	return NULL;
}

static int watch(struct datapath *d, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Signals are the control thread's. */
static int start_thread(struct datapath *d)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&d->thread, NULL, thread_main, d);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

int datapath_start(const struct datapath_config *config, struct datapath **out)
{
	struct datapath *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	d->config = *config;
	d->tap_watched = true;
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = d->epoll < 0 || d->wake < 0 ? -errno : 0;
	if (!err)
		err = watch(d, d->wake);
	if (!err)
		err = watch(d, config->tap);
	if (!err)
		err = watch(d, config->frames->data_fd);
	if (!err && config->frames->hangup_fd >= 0)
		err = watch(d, config->frames->hangup_fd);
	if (!err)
		err = start_thread(d);
	if (!err) {
		*out = d;
		return 0;
	}
	if (d->epoll >= 0)
		close(d->epoll);
	if (d->wake >= 0)
		close(d->wake);
	free(d);
	return err;
}

void datapath_wake(struct datapath *d)
{
	const uint64_t one = 1;

	/* One that is too full to take it wakes anyway. */
	if (write(d->wake, &one, sizeof(one)) < 0)
		return;
}

void datapath_stop(struct datapath *d)
{
	if (!d)
		return;
	atomic_store(&d->stopping, true);
	datapath_wake(d);
	pthread_join(d->thread, NULL);
	close(d->wake);
	close(d->epoll);
	free(d);
}

const char *datapath_reason(const struct datapath *d)
{
	return atomic_load(&d->has_reason) ? d->reason : "";
}

struct datapath_counters datapath_counters(const struct datapath *d)
{
	return (struct datapath_counters){
		.host_tx_frames = atomic_load(&d->tx_frames),
		.host_tx_errors = atomic_load(&d->tx_errors),
		.host_rx_frames = atomic_load(&d->rx_frames),
		.host_rx_errors = atomic_load(&d->rx_errors),
	};
}
