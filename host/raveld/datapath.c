// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/datapath.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "host/esp/engine.h"
#include "host/esp/fragment.h"
#include "host/esp/icmp.h"
#include "host/raveld/inbox.h"
#include "host/raveld/neighbour.h"
#include "host/sa/backlog.h"
#include "host/sa/coalesce.h"
#include "host/sa/segments.h"

#define BATCH 64
#define EVENTS 4
#define ETHERNET_ADDRESS 6
#define TURN_NS 100000
#define L2_MAX 22 /* an Ethernet header with two VLAN tags */

struct datapath {
	struct datapath_config config;
	pthread_t thread;
	int epoll;
	int wake; /* eventfd */
	atomic_bool stopping;
	struct neighbour neighbour;
	atomic_bool has_reason;
	char reason[256];
	uint64_t now_ms; /* of this turn */
	struct rvl_pieces *pieces;
	uint8_t aside[RVL_BACKEND_FRAME]; /* what is cut */
	struct rvl_backlog *backlog;
	uint8_t large[RVL_BACKLOG_FRAME]; /* the frame whose turn it is, */
	struct rvl_segments segments;	  /* and what of it hasn't been sent */
	struct rvl_coalesce *coalesce;
	struct rvl_own_ike *own_ike;
	uint32_t cut_id;     /* of the next IPv6 packet that is cut */
	struct inbox *inbox; /* ESP from TCP connections */
	atomic_uint_fast64_t tx_frames, tx_large, tx_errors, tx_dropped, tx_full, tx_fragments,
		rx_frames, rx_large, rx_errors, rx_unverified, tx_ike_fragments, tx_probes,
		tx_probe_parts, tx_probe_fragments;
};

static void give_up(struct datapath *d, const char *what, int err)
{
	snprintf(d->reason, sizeof(d->reason), "%s: %s", what, strerror(-err));
	atomic_store(&d->has_reason, true);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void write_frame(void *context, const struct virtio_net_hdr *header, const uint8_t *frame,
			size_t len, uint32_t count)
{
	struct datapath *d = context;
	const struct iovec parts[2] = {{(void *)(uintptr_t)header, sizeof(*header)},
				       {(void *)(uintptr_t)frame, len}};
	const size_t all = sizeof(*header) + len;

	if (writev(d->config.tap, parts, 2) == (ssize_t)all)
		atomic_fetch_add(&d->rx_frames, count);
	else
		atomic_fetch_add(&d->rx_errors, count);
	if (count > 1)
		atomic_fetch_add(&d->rx_large, 1);
}

/* By the end of the turn. */
static void to_host(struct datapath *d, const uint8_t *frame, size_t len)
{
	rvl_coalesce_take(d->coalesce, frame, len);
}

/* Without an SA, as it is on the wire or has been before it came in fragments. */
static void deliver_clear(struct datapath *d, const uint8_t *frame, size_t len)
{
	uint8_t advertisement[NEIGHBOUR_ADVERTISEMENT];

	if (rvl_fit_hear(d->config.fit, frame, len))
		d->config.hinted(d->config.context);
	if (!rvl_inbound_check(d->config.inbound, frame, len, RVL_BACKEND_CLEAR))
		return;
	to_host(d, frame, len);
	if (neighbour_answer(&d->neighbour, frame, len, advertisement))
		to_host(d, advertisement, sizeof(advertisement));
}

static bool is_protected(const uint8_t *frame, size_t len)
{
	struct rvl_ip ip;
	size_t l3;

	return rvl_frame_parse(frame, len, &ip, &l3) == RVL_FRAME_IP &&
	       (ip.protocol == RVL_IP_PROTO_ESP || ip.protocol == RVL_IP_PROTO_AH);
}

static void deliver(void *context, uint8_t *frame, size_t len, uint32_t sa);

static void deliver_whole(struct datapath *d, struct rvl_buf *frame)
{
	struct rvl_frames *frames = d->config.frames;

	if (frames->ops->rx)
		frames->ops->rx(frames, frame, deliver, d);
	else if (is_protected(rvl_buf_data(frame), frame->len))
		atomic_fetch_add(&d->rx_unverified, 1);
	else
		deliver_clear(d, rvl_buf_data(frame), frame->len);
}

static void deliver(void *context, uint8_t *frame, size_t len, uint32_t sa)
{
	struct datapath *d = context;
	struct rvl_buf whole;

	if (sa == RVL_BACKEND_CLEAR) {
		switch (rvl_pieces_take(d->pieces, frame, len, d->now_ms, &whole)) {
		case RVL_PIECES_ELSE:
			deliver_clear(d, frame, len);
			break;
		case RVL_PIECES_WHOLE:
			deliver_whole(d, &whole);
			break;
		case RVL_PIECES_HELD:
			break;
		}
		return;
	}
	if (!rvl_inbound_check(d->config.inbound, frame, len, sa))
		return;
	rvl_fit_rx(d->config.fit, frame, len, d->now_ms);
	to_host(d, frame, len);
}

static int transmit(struct datapath *d, size_t len)
{
	int err = d->config.frames->ops->tx(d->config.frames, len);

	if (err == -EINVAL)
		atomic_fetch_add(&d->tx_errors, 1);
	return err == -EINVAL ? 0 : err;
}

struct cut {
	struct datapath *d;
	size_t l2;
	bool probe; /* of IKE: no policy knows its later fragments from the rest */
};

/* A fragment behind the header of the frame that lies aside. */
static int send_fragment(void *context, const uint8_t *packet, size_t len)
{
	const struct cut *cut = context;
	struct rvl_frames *frames = cut->d->config.frames;
	uint8_t *buffer = frames->ops->tx_buffer(frames);

	if (!buffer) {
		atomic_fetch_add(&cut->d->tx_full, 1);
		return 0;
	}
	atomic_fetch_add(cut->probe ? &cut->d->tx_probe_fragments : &cut->d->tx_fragments, 1);
	memcpy(buffer, cut->d->aside, cut->l2);
	memcpy(buffer + cut->l2, packet, len);
	len += cut->l2;
	return cut->probe && frames->ops->tx_clear ? frames->ops->tx_clear(frames, len)
						   : transmit(cut->d, len);
}

static int send_cut(struct datapath *d, const uint8_t *frame, size_t len,
		    const struct rvl_fit_limit *limit)
{
	struct cut cut = {d, limit->l3, false};
	int err;

	memcpy(d->aside, frame, len);
	err = rvl_fragment(d->aside + cut.l2, len - cut.l2, limit->most, 0, send_fragment, &cut);
	if (err && err != -EINVAL)
		return err;
	/* Options that make no sense can't be cut. */
	if (err)
		atomic_fetch_add(&d->tx_errors, 1);
	else
		rvl_fit_count_cut(d->config.fit);
	return 0;
}

/* The message comes as if from where the frame was going to. */
static void tell_sender(struct datapath *d, const uint8_t *frame, size_t len,
			const struct rvl_fit_limit *limit)
{
	uint8_t answer[L2_MAX + RVL_ICMP_TOO_BIG_MAX];
	size_t l3 = limit->l3,
	       size = rvl_icmp_too_big(answer + l3, frame + l3, len - l3, (uint32_t)limit->most);

	rvl_fit_count_told(d->config.fit, size);
	if (!size)
		return;
	memcpy(answer, frame, l3);
	memcpy(answer, frame + ETHERNET_ADDRESS, ETHERNET_ADDRESS);
	memcpy(answer + ETHERNET_ADDRESS, frame, ETHERNET_ADDRESS);
	to_host(d, answer, l3 + size);
}

/* The frame in the buffer last given, as it fits through what has it. */
static int send_fitting(struct datapath *d, uint8_t *frame, size_t len)
{
	struct rvl_fit_limit limit;

	switch (rvl_fit_tx(d->config.fit, frame, len, d->now_ms, &limit)) {
	case RVL_FIT_CUT:
		return send_cut(d, frame, len, &limit);
	case RVL_FIT_TELL:
		tell_sender(d, frame, len, &limit);
		return 0;
	case RVL_FIT_PASS:
		break;
	}
	return transmit(d, len);
}

static bool is_caught(struct datapath *d, const uint8_t *frame, size_t len)
{
	bool sprung, caught = rvl_traps_catch(d->config.traps, frame, len, &sprung);

	if (sprung)
		d->config.sprung(d->config.context);
	return caught;
}

/* What the netdev has, at most a batch, waits here from now on. Returns how many frames, or -errno.
 */
static int read_frames(struct datapath *d)
{
	int n, got = 1;

	for (n = 0; n < BATCH && got > 0; n += got > 0)
		got = rvl_backlog_read(d->backlog, d->config.tap);
	atomic_store(&d->tx_dropped, rvl_backlog_dropped(d->backlog));
	return got < 0 ? got : n;
}

/* The next frame, which may be one of many segments. False: there is none. */
static bool next_frame(struct datapath *d)
{
	struct virtio_net_hdr header;
	size_t len;

	if (!rvl_backlog_next(d->backlog, &header, d->large, &len))
		return false;
	if (header.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		atomic_fetch_add(&d->tx_large, 1);
	if (rvl_segments_begin(&d->segments, &header, d->large, len))
		return true;
	d->segments = (struct rvl_segments){0};
	atomic_fetch_add(&d->tx_frames, 1);
	atomic_fetch_add(&d->tx_errors, 1);
	return true;
}

/* An IKE message of the host's, as every path takes it. */
static int cut_probe(struct datapath *d, const uint8_t *frame, size_t len)
{
	struct cut cut = {.d = d, .probe = true};
	struct rvl_ip ip;
	int err;

	if (rvl_frame_parse(frame, len, &ip, &cut.l2) != RVL_FRAME_IP)
		return 0;
	memcpy(d->aside, frame, len);
	err = rvl_fragment(d->aside + cut.l2, len - cut.l2,
			   ip.src.family == 6 ? RVL_FIT_IPV6_MIN : RVL_FIT_IPV4_MIN, d->cut_id++,
			   send_fragment, &cut);
	return err == -EINVAL ? 0 : err;
}

static int send_segment(struct datapath *d, uint8_t *buffer)
{
	struct rvl_frames *frames = d->config.frames;
	size_t len = rvl_segments_next(&d->segments, buffer);

	atomic_fetch_add(&d->tx_frames, 1);
	switch (rvl_own_ike_take(d->own_ike, buffer, &len, d->now_ms)) {
	case RVL_OWN_IKE_GOES_ON: /* no policy knows it from the rest */
		if (!frames->ops->tx_clear)
			break;
		atomic_fetch_add(&d->tx_ike_fragments, 1);
		return frames->ops->tx_clear(frames, len);
	case RVL_OWN_IKE_HELD:
		atomic_fetch_add(&d->tx_probe_parts, 1);
		return 0;
	case RVL_OWN_IKE_TO_CUT:
		atomic_fetch_add(&d->tx_probes, 1);
		return cut_probe(d, buffer, len);
	case RVL_OWN_IKE_TO_SEND:
		atomic_fetch_add(&d->tx_probes, 1);
		break;
	case RVL_OWN_IKE_ELSE:
		break;
	}
	if (!neighbour_ask(&d->neighbour, buffer, &len) &&
	    (!rvl_inbound_may_leave(d->config.inbound, buffer, len) || is_caught(d, buffer, len)))
		return 0;
	return send_fitting(d, buffer, len);
}

/* Frames of the backlog to the data path: at most a batch. Returns how many, or -errno. */
static int send_frames(struct datapath *d)
{
	struct rvl_frames *frames = d->config.frames;
	int n;

	for (n = 0; n < BATCH; n++) {
		uint8_t *buffer = frames->ops->tx_buffer(frames);
		int err;

		if (!buffer || (!rvl_segments_left(&d->segments) && !next_frame(d)))
			break;
		err = rvl_segments_left(&d->segments) ? send_segment(d, buffer) : 0;
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
		err = send_fitting(d, buffer, rvl_traps_take(d->config.traps, buffer));
		if (err)
			return err;
	}
	return n;
}

/* ESP from TCP connections: at most a batch. How many. */
static int take_inbox(struct datapath *d)
{
	struct rvl_frames *frames = d->config.frames;
	struct rvl_buf frame;
	int n;

	for (n = 0; n < BATCH && inbox_next(d->inbox, &frame); n++)
		frames->ops->rx(frames, &frame, deliver, d);
	return n;
}

void datapath_take_esp(struct datapath *d, const struct rvl_addr *src, const struct rvl_addr *dst,
		       const uint8_t *esp, size_t len)
{
	inbox_put(d->inbox, src, dst, esp, len);
	datapath_wake(d);
}

bool datapath_await(struct datapath *d, const uint8_t header[RVL_OWN_IKE_HEADER],
		    enum rvl_own_ike_shape shape)
{
	return rvl_own_ike_await(d->own_ike, header, shape, now_ms());
}

/* One turn: what the netdev has, what the data path has. Returns whether there was any. */
static int turn(struct datapath *d)
{
	struct rvl_frames *frames = d->config.frames;
	int released, got, sent, taken, polled;

	d->now_ms = now_ms();
	released = send_released(d);
	if (released < 0)
		return released;
	got = read_frames(d);
	if (got < 0)
		return got;
	sent = send_frames(d);
	if (sent < 0)
		return sent;
	taken = take_inbox(d);
	polled = frames->ops->poll(frames, deliver, d);
	rvl_coalesce_flush(d->coalesce);
	if (polled < 0)
		return polled;
	if (!released && !got && !sent && !taken && !polled)
		frames->ops->arm(frames);
	return released + got + sent + taken + polled;
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

/* What sched_setattr(2) takes. */
struct scheduling {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

/* As much of a processor as others have, but in shorter turns that come sooner (Linux 6.12 and
 * later; before that, and where somebody has given it another policy, it stays as it is): frames
 * shouldn't wait for whole turns of others. */
static void take_short_turns(void)
{
	struct scheduling s;

	if (syscall(SYS_sched_getattr, 0, &s, sizeof(s), 0) || s.policy != SCHED_OTHER)
		return;
	s.runtime = TURN_NS;
	syscall(SYS_sched_setattr, 0, &s, 0);
}

static void *thread_main(void *context)
{
	struct datapath *d = context;

	take_short_turns();
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
	uint64_t salt;
	int err;

	if (!d)
		return -ENOMEM;
	d->config = *config;
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = d->epoll < 0 || d->wake < 0 ? -errno : 0;
	d->pieces = rvl_pieces_new(config->inbound);
	if (!err && getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
		err = -EIO;
	d->backlog = err ? NULL : rvl_backlog_new(salt);
	d->coalesce = rvl_coalesce_new(write_frame, d);
	d->inbox = inbox_new(config->station);
	d->own_ike = rvl_own_ike_new(config->policies, config->inbound, config->ike_ports);
	if (!err && (!d->pieces || !d->backlog || !d->coalesce || !d->inbox || !d->own_ike))
		err = -ENOMEM;
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
	rvl_pieces_free(d->pieces);
	rvl_backlog_free(d->backlog);
	rvl_coalesce_free(d->coalesce);
	inbox_free(d->inbox);
	rvl_own_ike_free(d->own_ike);
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
	rvl_pieces_free(d->pieces);
	rvl_backlog_free(d->backlog);
	rvl_coalesce_free(d->coalesce);
	inbox_free(d->inbox);
	rvl_own_ike_free(d->own_ike);
	OPENSSL_cleanse(d->aside, sizeof(d->aside));
	OPENSSL_cleanse(d->large, sizeof(d->large));
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
		.host_tx_large = atomic_load(&d->tx_large),
		.host_tx_errors = atomic_load(&d->tx_errors),
		.host_tx_dropped = atomic_load(&d->tx_dropped),
		.host_rx_frames = atomic_load(&d->rx_frames),
		.host_rx_large = atomic_load(&d->rx_large),
		.host_rx_errors = atomic_load(&d->rx_errors),
		.host_rx_unverified = atomic_load(&d->rx_unverified),
		.host_tx_fragments = atomic_load(&d->tx_fragments),
		.host_tx_full = atomic_load(&d->tx_full),
		.host_tx_ike_fragments = atomic_load(&d->tx_ike_fragments),
		.host_tx_probes = atomic_load(&d->tx_probes),
		.host_tx_probe_parts = atomic_load(&d->tx_probe_parts),
		.host_tx_probe_fragments = atomic_load(&d->tx_probe_fragments),
		.host_rx_stream_full = inbox_full(d->inbox),
		.pieces = rvl_pieces_counters(d->pieces),
	};
}
