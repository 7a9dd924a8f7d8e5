// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/datapath_private.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "host/esp/engine.h"
#include "host/esp/fragment.h"
#include "host/esp/icmp.h"

#define BATCH 64
#define RELEASED_MS 20
#define ETHERNET_ADDRESS 6
#define TURN_NS 100000
#define MOMENT_NS 50000
#define SLACK_NS 1000
#define MANY 8	  /* frames */
#define L2_MAX 22 /* an Ethernet header with two VLAN tags */

/* Without one of its threads the data path carries nothing any more. Of several that can't go on
 * the first one says why. */
static void give_up(struct data_thread *t, const char *what, int err)
{
	struct datapath *d = t->datapath;

	if (atomic_exchange(&d->failing, true))
		return;
	snprintf(d->reason, sizeof(d->reason), "%s: %s", what, strerror(-err));
	atomic_store(&d->has_reason, true);
	atomic_store(&d->stopping, true);
	for (unsigned int i = 0; i < d->count; i++)
		data_thread_wake(d->threads[i]);
	d->config.failed(d->config.context);
}

uint64_t data_thread_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* What is clear, comes in fragments or is the host's own IKE is the first one's. */
static bool is_first(const struct data_thread *t)
{
	return !t->number;
}

void data_thread_wake(struct data_thread *t)
{
	const uint64_t one = 1;

	/* One that is too full to take it wakes anyway. */
	if (write(t->wake, &one, sizeof(one)) < 0)
		return;
}

void data_thread_hand(struct data_thread *t, enum handover_point point,
		      const struct virtio_net_hdr *header, const uint8_t *frame, size_t len)
{
	if (handover_put(t->handover, point, header, frame, len))
		data_thread_wake(t);
}

/* An SA that another thread has. */
static void hand_over(void *context, unsigned int owner, enum rvl_direction direction,
		      const uint8_t *frame, size_t len)
{
	const struct data_thread *t = context;

	data_thread_hand(t->datapath->threads[owner],
			 direction == RVL_OUTBOUND ? HANDOVER_OUTBOUND : HANDOVER_INBOUND, NULL,
			 frame, len);
}

/* Whose is a frame of the host's, by its first octets? */
static unsigned int owner_of(const struct data_thread *t, const uint8_t *frame, size_t len)
{
	const uint16_t *ports = t->datapath->config.ike_ports;
	struct rvl_ip ip;
	size_t l3;

	if (t->datapath->count == 1)
		return 0;
	if (rvl_frame_read(frame, len, &ip, &l3) == RVL_FRAME_IP &&
	    (ip.fragment || (ip.protocol == RVL_IP_PROTO_UDP && ip.ports == RVL_PORTS_BOTH &&
			     (ip.src_port == ports[0] || ip.src_port == ports[1]))))
		return 0;
	return t->frames->ops->owner(t->frames, frame, len);
}

static bool is_mine(void *context, const uint8_t *frame, size_t len)
{
	const struct data_thread *t = context;

	return owner_of(t, frame, len) == t->number;
}

static void write_frame(void *context, const struct virtio_net_hdr *header, const uint8_t *frame,
			size_t len, uint32_t count)
{
	struct data_thread *t = context;
	const struct iovec parts[2] = {{(void *)(uintptr_t)header, sizeof(*header)},
				       {(void *)(uintptr_t)frame, len}};
	const size_t all = sizeof(*header) + len;

	if (writev(t->tap, parts, 2) == (ssize_t)all)
		atomic_fetch_add(&t->counters.rx_frames, count);
	else
		atomic_fetch_add(&t->counters.rx_errors, count);
	if (count > 1)
		atomic_fetch_add(&t->counters.rx_large, 1);
}

/* By the end of the turn, or of one soon after it (rvl_coalesce_turn()). */
static void to_host(struct data_thread *t, const uint8_t *frame, size_t len)
{
	rvl_coalesce_take(t->coalesce, frame, len);
}

/* Without an SA, as it is on the wire or has been before it came in fragments. */
static void deliver_clear(struct data_thread *t, const uint8_t *frame, size_t len)
{
	uint8_t advertisement[NEIGHBOUR_ADVERTISEMENT];

	if (rvl_fit_hear(t->datapath->config.fit, frame, len))
		t->datapath->config.hinted(t->datapath->config.context);
	if (!rvl_inbound_check(t->datapath->config.inbound, frame, len, RVL_BACKEND_CLEAR))
		return;
	to_host(t, frame, len);
	if (neighbour_answer(&t->datapath->neighbour, frame, len, advertisement))
		to_host(t, advertisement, sizeof(advertisement));
}

static bool is_protected(const uint8_t *frame, size_t len)
{
	struct rvl_ip ip;
	size_t l3;

	return rvl_frame_parse(frame, len, &ip, &l3) == RVL_FRAME_IP &&
	       (ip.protocol == RVL_IP_PROTO_ESP || ip.protocol == RVL_IP_PROTO_AH);
}

static void deliver(void *context, uint8_t *frame, size_t len, uint32_t sa);

static void deliver_whole(struct data_thread *t, struct rvl_buf *frame)
{
	struct rvl_frames *frames = t->frames;

	if (frames->ops->rx)
		frames->ops->rx(frames, frame, deliver, t);
	else if (is_protected(rvl_buf_data(frame), frame->len))
		atomic_fetch_add(&t->counters.rx_unverified, 1);
	else
		deliver_clear(t, rvl_buf_data(frame), frame->len);
}

static void deliver(void *context, uint8_t *frame, size_t len, uint32_t sa)
{
	struct data_thread *t = context;
	struct rvl_buf whole;

	if (sa == RVL_BACKEND_CLEAR && !is_first(t)) {
		data_thread_hand(t->datapath->threads[0], HANDOVER_CLEAR, NULL, frame, len);
		return;
	}
	if (sa == RVL_BACKEND_CLEAR) {
		switch (rvl_pieces_take(t->datapath->pieces, frame, len, t->now_ms, &whole)) {
		case RVL_PIECES_ELSE:
			deliver_clear(t, frame, len);
			break;
		case RVL_PIECES_WHOLE:
			deliver_whole(t, &whole);
			break;
		case RVL_PIECES_HELD:
			break;
		}
		return;
	}
	if (!rvl_inbound_check(t->datapath->config.inbound, frame, len, sa))
		return;
	rvl_fit_rx(t->datapath->config.fit, frame, len, t->now_ms);
	to_host(t, frame, len);
}

static int transmit(struct data_thread *t, size_t len)
{
	int err = t->frames->ops->tx(t->frames, len);

	if (err == -EINVAL)
		atomic_fetch_add(&t->counters.tx_errors, 1);
	return err == -EINVAL ? 0 : err;
}

struct cut {
	struct data_thread *t;
	size_t l2;
	bool probe; /* of IKE: no policy knows its later fragments from the rest */
};

/* A fragment behind the header of the frame that lies aside. */
static int send_fragment(void *context, const uint8_t *packet, size_t len)
{
	const struct cut *cut = context;
	struct rvl_frames *frames = cut->t->frames;
	uint8_t *buffer = frames->ops->tx_buffer(frames);

	if (!buffer) {
		atomic_fetch_add(&cut->t->counters.tx_full, 1);
		return 0;
	}
	atomic_fetch_add(cut->probe ? &cut->t->counters.tx_probe_fragments
				    : &cut->t->counters.tx_fragments,
			 1);
	memcpy(buffer, cut->t->aside, cut->l2);
	memcpy(buffer + cut->l2, packet, len);
	len += cut->l2;
	return cut->probe && frames->ops->tx_clear ? frames->ops->tx_clear(frames, len)
						   : transmit(cut->t, len);
}

static int send_cut(struct data_thread *t, const uint8_t *frame, size_t len,
		    const struct rvl_fit_limit *limit)
{
	struct cut cut = {t, limit->l3, false};
	int err;

	memcpy(t->aside, frame, len);
	err = rvl_fragment(t->aside + cut.l2, len - cut.l2, limit->most, 0, send_fragment, &cut);
	if (err && err != -EINVAL)
		return err;
	/* Options that make no sense can't be cut. */
	if (err)
		atomic_fetch_add(&t->counters.tx_errors, 1);
	else
		rvl_fit_count_cut(t->datapath->config.fit);
	return 0;
}

/* The message comes as if from where the frame was going to. */
static void tell_sender(struct data_thread *t, const uint8_t *frame, size_t len,
			const struct rvl_fit_limit *limit)
{
	uint8_t answer[L2_MAX + RVL_ICMP_TOO_BIG_MAX];
	size_t l3 = limit->l3,
	       size = rvl_icmp_too_big(answer + l3, frame + l3, len - l3, (uint32_t)limit->most);

	rvl_fit_count_told(t->datapath->config.fit, size);
	if (!size)
		return;
	memcpy(answer, frame, l3);
	memcpy(answer, frame + ETHERNET_ADDRESS, ETHERNET_ADDRESS);
	memcpy(answer + ETHERNET_ADDRESS, frame, ETHERNET_ADDRESS);
	to_host(t, answer, l3 + size);
}

/* The frame in the buffer last given, as it fits through what has it. */
static int send_fitting(struct data_thread *t, uint8_t *frame, size_t len)
{
	struct rvl_fit_limit limit;

	switch (rvl_fit_tx(t->datapath->config.fit, frame, len, t->now_ms, &limit)) {
	case RVL_FIT_CUT:
		return send_cut(t, frame, len, &limit);
	case RVL_FIT_TELL:
		tell_sender(t, frame, len, &limit);
		return 0;
	case RVL_FIT_PASS:
		break;
	}
	return transmit(t, len);
}

static bool is_caught(struct data_thread *t, const uint8_t *frame, size_t len)
{
	bool sprung, caught = rvl_traps_catch(t->datapath->config.traps, frame, len, &sprung);

	if (sprung)
		t->datapath->config.sprung(t->datapath->config.context);
	return caught;
}

/* A frame that was read waits for its turn, here or where it belongs. */
static void sort_frame(struct data_thread *t, const struct rvl_backlog_frame *read)
{
	const unsigned int owner = owner_of(t, read->first, read->there);

	if (owner == t->number) {
		rvl_backlog_enter(t->backlog, read);
		return;
	}
	rvl_backlog_copy(t->backlog, read, t->sorted);
	data_thread_hand(t->datapath->threads[owner], HANDOVER_READ, &read->header, t->sorted,
			 read->len);
}

/* What the netdev has, at most a batch, waits from now on. Returns how many frames, or -errno. */
static int read_frames(struct data_thread *t)
{
	struct rvl_backlog_frame read;
	int n, got = 1;

	for (n = 0; n < BATCH && got > 0; n += got > 0) {
		got = rvl_backlog_read(t->backlog, t->tap, &read);
		if (got > 0)
			sort_frame(t, &read);
	}
	atomic_store(&t->counters.tx_dropped, rvl_backlog_dropped(t->backlog));
	return got < 0 ? got : n;
}

/* The next frame, which may be one of many segments. False: there is none. */
static bool next_frame(struct data_thread *t)
{
	struct virtio_net_hdr header;
	size_t len;

	t->may_leave = false;
	if (!rvl_backlog_next(t->backlog, &header, t->large, &len))
		return false;
	if (header.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		atomic_fetch_add(&t->counters.tx_large, 1);
	if (rvl_segments_begin(&t->segments, &header, t->large, len))
		return true;
	t->segments = (struct rvl_segments){0};
	atomic_fetch_add(&t->counters.tx_frames, 1);
	atomic_fetch_add(&t->counters.tx_errors, 1);
	return true;
}

/* An IKE message of the host's, as every path takes it. */
static int cut_probe(struct data_thread *t, const uint8_t *frame, size_t len)
{
	struct cut cut = {.t = t, .probe = true};
	struct rvl_ip ip;
	int err;

	if (rvl_frame_parse(frame, len, &ip, &cut.l2) != RVL_FRAME_IP)
		return 0;
	memcpy(t->aside, frame, len);
	err = rvl_fragment(t->aside + cut.l2, len - cut.l2,
			   ip.src.family == 6 ? RVL_FIT_IPV6_MIN : RVL_FIT_IPV4_MIN, t->cut_id++,
			   send_fragment, &cut);
	return err == -EINVAL ? 0 : err;
}

static int send_segment(struct data_thread *t, uint8_t *buffer)
{
	struct rvl_frames *frames = t->frames;
	size_t len = rvl_segments_next(&t->segments, buffer);
	enum rvl_own_ike_verdict verdict = RVL_OWN_IKE_ELSE;

	atomic_fetch_add(&t->counters.tx_frames, 1);
	if (t->may_leave)
		return send_fitting(t, buffer, len);
	if (is_first(t))
		verdict = rvl_own_ike_take(t->datapath->own_ike, buffer, &len, t->now_ms);
	switch (verdict) {
	case RVL_OWN_IKE_GOES_ON: /* no policy knows it from the rest */
		if (!frames->ops->tx_clear)
			break;
		atomic_fetch_add(&t->counters.tx_ike_fragments, 1);
		return frames->ops->tx_clear(frames, len);
	case RVL_OWN_IKE_HELD:
		atomic_fetch_add(&t->counters.tx_probe_parts, 1);
		return 0;
	case RVL_OWN_IKE_TO_CUT:
		atomic_fetch_add(&t->counters.tx_probes, 1);
		return cut_probe(t, buffer, len);
	case RVL_OWN_IKE_TO_SEND:
		atomic_fetch_add(&t->counters.tx_probes, 1);
		break;
	case RVL_OWN_IKE_ELSE:
		break;
	}
	if ((!is_first(t) || !neighbour_ask(&t->datapath->neighbour, buffer, &len)) &&
	    (!rvl_inbound_may_leave(t->datapath->config.inbound, buffer, len) ||
	     is_caught(t, buffer, len)))
		return 0;
	/* Segments of TCP are all of the first one's flow. */
	t->may_leave = t->segments.protocol == RVL_IP_PROTO_TCP;
	return send_fitting(t, buffer, len);
}

/* Frames of the backlog to the data path: at most a batch. Returns how many, or -errno. */
static int send_frames(struct data_thread *t)
{
	struct rvl_frames *frames = t->frames;
	int n;

	for (n = 0; n < BATCH; n++) {
		uint8_t *buffer = frames->ops->tx_buffer(frames);
		int err;

		if (!buffer || (!rvl_segments_left(&t->segments) && !next_frame(t)))
			break;
		err = rvl_segments_left(&t->segments) ? send_segment(t, buffer) : 0;
		if (err)
			return err;
	}
	return n;
}

/* Frames that traps have released, before what comes after them. How many, or -errno. */
static int send_released(struct data_thread *t)
{
	struct rvl_frames *frames = t->frames;
	int n;

	for (n = 0; n < BATCH && rvl_traps_released(t->datapath->config.traps); n++) {
		uint8_t *buffer = frames->ops->tx_buffer(frames);
		size_t len = 0;
		int err;

		if (buffer)
			len = rvl_traps_take(t->datapath->config.traps, is_mine, t, buffer);
		if (!len)
			return n;
		err = send_fitting(t, buffer, len);
		if (err)
			return err;
	}
	return n;
}

/* From another thread, to the data path. */
static int send_handed(struct data_thread *t, const struct rvl_buf *frame)
{
	uint8_t *buffer = t->frames->ops->tx_buffer(t->frames);

	if (!buffer) {
		atomic_fetch_add(&t->counters.tx_errors, 1);
		return 0;
	}
	memcpy(buffer, rvl_buf_data(frame), frame->len);
	return transmit(t, frame->len);
}

/* What other threads have had for this one: at most a batch. How many, or -errno. */
static int take_handed(struct data_thread *t)
{
	struct handed handed;
	int n, err = 0;

	for (n = 0; n < BATCH && !err && handover_next(t->handover, &handed); n++) {
		uint8_t *frame = rvl_buf_data(&handed.frame);

		switch (handed.point) {
		case HANDOVER_READ:
			rvl_backlog_put(t->backlog, &handed.header, frame, handed.frame.len);
			break;
		case HANDOVER_OUTBOUND:
			err = send_handed(t, &handed.frame);
			break;
		case HANDOVER_INBOUND:
			t->frames->ops->rx(t->frames, &handed.frame, deliver, t);
			break;
		case HANDOVER_CLEAR:
			deliver(t, frame, handed.frame.len, RVL_BACKEND_CLEAR);
			break;
		}
	}
	return err ? err : n;
}

/* ESP from TCP connections: at most a batch. How many. */
static int take_inbox(struct data_thread *t)
{
	struct rvl_frames *frames = t->frames;
	struct rvl_buf frame;
	int n;

	for (n = 0; n < BATCH && inbox_next(t->datapath->inbox, &frame); n++)
		frames->ops->rx(frames, &frame, deliver, t);
	return n;
}

/* One turn: what the netdev has, what the data path has. Returns how much there was, or -errno. */
static int turn(struct data_thread *t)
{
	struct rvl_frames *frames = t->frames;
	int released, handed, got, sent, taken = 0, polled;

	t->now_ms = data_thread_now();
	released = send_released(t);
	if (released < 0)
		return released;
	handed = take_handed(t);
	if (handed < 0)
		return handed;
	got = read_frames(t);
	if (got < 0)
		return got;
	sent = send_frames(t);
	if (sent < 0)
		return sent;
	if (is_first(t))
		taken = take_inbox(t);
	polled = frames->ops->poll(frames, deliver, t);
	rvl_coalesce_turn(t->coalesce, polled > 0 ? (size_t)polled : 0, t->now_ms);
	if (polled < 0)
		return polled;
	t->received += (unsigned int)polled;
	return released + handed + got + sent + taken + polled;
}

/* The thread's descriptors and, unless it rests, the data path's. 0 or -errno. */
static int wait_at_most(struct data_thread *t, bool rest, const struct timespec *most)
{
	struct pollfd fds[2 + RVL_FRAMES_FDS] = {{t->wake, POLLIN, 0}, {t->tap, POLLIN, 0}};
	uint64_t count;

	for (int i = 0; i < RVL_FRAMES_FDS; i++)
		fds[2 + i] = (struct pollfd){rest ? -1 : t->frames->fds[i], POLLIN, 0};
	if (ppoll(fds, 2 + RVL_FRAMES_FDS, most, NULL) < 0)
		return errno == EINTR ? 0 : -errno;
	/* An eventfd that is readable has something. */
	if (fds[0].revents && read(t->wake, &count, sizeof(count)) < 0)
		return -errno;
	return 0;
}

/*
 * Until there is something to do. 0 or -errno.
 *
 * Who sends frames to the wire may have to wake the thread that waits for them, which on a virtual
 * machine takes it longer than many frames. So a thread that has had many since it last waited
 * looks again after a moment by its own clock, as a NIC does that moderates interrupts; what comes
 * from the host or other threads wakes it nevertheless. And what is waited for by epoll, or in
 * another thread, would cost the kernel a call for each frame while nobody waits.
 */
static int wait_for_work(struct data_thread *t)
{
	/* Whose a released frame is may be decided anew after all have looked. */
	const struct timespec moment = {0, MOMENT_NS}, soon = {0, RELEASED_MS * 1000000};
	const bool rest = t->received >= MANY;

	t->received = 0;
	if (rest)
		return wait_at_most(t, true, &moment);
	t->frames->ops->arm(t->frames);
	return wait_at_most(t, false, rvl_traps_released(t->datapath->config.traps) ? &soon : NULL);
}

static void run(struct data_thread *t)
{
	while (!atomic_load(&t->datapath->stopping)) {
		int did = turn(t), err = did ? 0 : wait_for_work(t);

		if (did < 0 || err) {
			give_up(t, did < 0 ? "data path" : "poll", did < 0 ? did : err);
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
	struct data_thread *t = context;
	char name[16];

	snprintf(name, sizeof(name), "raveld data %u", t->number);
	prctl(PR_SET_NAME, name);
	take_short_turns();
	prctl(PR_SET_TIMERSLACK, SLACK_NS);
	run(t);
	return NULL;
}

/* Signals are the control thread's, but for the one that ends all of it at once. */
int data_thread_start(struct data_thread *t)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&t->thread, NULL, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	t->started = !err;
	return -err;
}

int data_thread_new(struct datapath *datapath, unsigned int number, struct rvl_frames *frames,
		    struct data_thread **out)
{
	struct data_thread *t = calloc(1, sizeof(*t));
	uint64_t salt;
	int err;

	if (!t)
		return -ENOMEM;
	t->datapath = datapath;
	t->number = number;
	t->frames = frames;
	t->tap = datapath->config.taps[number];
	frames->elsewhere = hand_over;
	frames->context = t;
	t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = t->wake < 0 ? -errno : 0;
	if (!err && getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
		err = -EIO;
	t->backlog = err ? NULL : rvl_backlog_new(salt);
	t->coalesce = rvl_coalesce_new(write_frame, t);
	t->handover = handover_new();
	if (!err && (!t->backlog || !t->coalesce || !t->handover))
		err = -ENOMEM;
	if (err) {
		data_thread_free(t);
		return err;
	}
	*out = t;
	return 0;
}

void data_thread_free(struct data_thread *t)
{
	if (!t)
		return;
	if (t->wake >= 0)
		close(t->wake);
	rvl_backlog_free(t->backlog);
	rvl_coalesce_free(t->coalesce);
	handover_free(t->handover);
	OPENSSL_cleanse(t->aside, sizeof(t->aside));
	OPENSSL_cleanse(t->large, sizeof(t->large));
	OPENSSL_cleanse(t->sorted, sizeof(t->sorted));
	free(t);
}
