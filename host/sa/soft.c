// SPDX-License-Identifier: BSD-2-Clause
/* The data path in software: host/esp on an interface of the kernel's. */
#include <errno.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/esp/engine.h"
#include "host/esp/grow.h"
#include "host/sa/backend.h"
#include "host/sa/brlock.h"
#include "host/sa/fanout.h"
#include "host/sa/indices.h"
#include "host/sa/segments.h"
#include "host/sa/soft.h"
#include "host/sa/wire.h"

#define IKE_BATCH 16	       /* of each of its lanes */
#define ETHERNET_HEADER_MAX 22 /* with two VLAN tags */
#define HEADER_ROOM 112	       /* RVL_ESP_HEADROOM, RVL_WIRE_HEADROOM, and aligned */
#define SENT_ROOM (HEADER_ROOM + RVL_BACKEND_FRAME + RVL_ESP_TAILROOM)

_Static_assert(HEADER_ROOM >= RVL_ESP_HEADROOM + RVL_WIRE_HEADROOM, "both have room");

/* SAs that have something to tell, the one that had it first in front. */
struct tellers {
	uint32_t
		*next; /* by SA: the one behind it, the last one's is itself, plus 1; 0: not here */
	size_t room;
	uint32_t first;
	uint32_t last;
	uint32_t count;
};

/* What a thread has of the way between the host and the wire. */
struct port {
	struct rvl_frames frames;
	struct soft *soft;
	unsigned int thread;
	uint8_t rooms[RVL_WIRE_BATCH][SENT_ROOM];
	struct rvl_buf out[RVL_WIRE_BATCH]; /* what is to be sent, in rooms */
	bool trains[RVL_WIRE_BATCH];	    /* of that is ESP in UDP */
	int out_count;
	uint8_t cut[SENT_ROOM]; /* from a large frame */
	atomic_uint_fast64_t wire_errors;
	atomic_uint_fast64_t wire_cut;
};

struct soft {
	struct rvl_backend backend;
	struct port *ports; /* by thread */
	unsigned int threads;
	struct rvl_wire *wire;
	char name[32];
	uint16_t max_frame;
	_Atomic(const char *) dead;
	/* Who carries a packet reads; SAs are nevertheless changed by it, each by one thread. Who
	 * writes has all below for itself. */
	struct rvl_brlock lock;
	struct rvl_engine *engine;
	struct rvl_indices policies;
	struct rvl_indices sas[2];    /* by direction */
	pthread_mutex_t tellers_lock; /* among those that read */
	struct tellers tellers;
	uint32_t missed_seen[RVL_LANES]; /* modulo 2^32, as the kernel counts */
	uint64_t missed[RVL_LANES];
};

static struct soft *soft_of(struct rvl_backend *backend)
{
	return (struct soft *)backend;
}

static struct port *port_with(struct rvl_frames *frames)
{
	return (struct port *)((char *)frames - offsetof(struct port, frames));
}

static void soft_close(struct rvl_backend *backend)
{
	struct soft *soft = soft_of(backend);

	if (soft->wire)
		rvl_wire_close(soft->wire);
	rvl_engine_free(soft->engine);
	rvl_indices_free(&soft->policies);
	rvl_indices_free(&soft->sas[RVL_OUTBOUND]);
	rvl_indices_free(&soft->sas[RVL_INBOUND]);
	free(soft->tellers.next);
	close(backend->event_fd);
	rvl_brlock_destroy(&soft->lock);
	pthread_mutex_destroy(&soft->tellers_lock);
	if (soft->ports)
		OPENSSL_cleanse(soft->ports, soft->threads * sizeof(*soft->ports));
	free(soft->ports);
	free(soft);
}

static void soft_info(struct rvl_backend *backend, struct rvl_backend_info *info)
{
	struct soft *soft = soft_of(backend);

	*info = (struct rvl_backend_info){
		.kind = "soft",
		.outbound_sas = soft->sas[RVL_OUTBOUND].most,
		.inbound_sas = soft->sas[RVL_INBOUND].most,
		.policies = soft->policies.most,
		.queue_pairs = 1,
		.threads = soft->threads,
		.max_frame = soft->max_frame,
		.abilities = rvl_esp_abilities,
	};
	info->abilities.stream = soft->wire;
	snprintf(info->device, sizeof(info->device), "%s", soft->name);
	if (soft->wire)
		memcpy(info->mac, rvl_wire_mac(soft->wire), sizeof(info->mac));
}

static const char *soft_dead(struct rvl_backend *backend)
{
	return atomic_load(&soft_of(backend)->dead);
}

/* Called by who writes, often enough for the kernel's counters not to come round. */
static void count_missed(struct soft *soft)
{
	for (int lane = 0; soft->wire && lane < RVL_LANES; lane++) {
		uint32_t missed = rvl_wire_missed(soft->wire, (enum rvl_lane)lane);

		soft->missed[lane] += (uint32_t)(missed - soft->missed_seen[lane]);
		soft->missed_seen[lane] = missed;
	}
}

static void die(struct soft *soft)
{
	atomic_store(&soft->dead, "the wire's interface is gone");
}

static void soft_check(struct rvl_backend *backend)
{
	struct soft *soft = soft_of(backend);

	rvl_brlock_write(&soft->lock);
	count_missed(soft);
	rvl_brlock_write_end(&soft->lock);
	if (soft->wire && rvl_wire_gone(soft->wire))
		die(soft);
}

static const char *sa_add_reason(int err)
{
	switch (err) {
	case -EEXIST:
		return "an SA with this destination and SPI is there already";
	case -EINVAL:
		return "a parameter that software ESP doesn't have";
	default:
		return strerror(-err);
	}
}

/* An SA in the queue of those that tell. */
static uint32_t teller_of(enum rvl_direction direction, uint32_t index)
{
	return 2 * index + (direction == RVL_INBOUND);
}

/* Called by who writes, with an index for it. */
static int add_at(struct soft *soft, const struct rvl_sa_params *params, uint32_t pair,
		  uint32_t index)
{
	const uint32_t inbound = params->direction == RVL_INBOUND ? params->spi : pair;
	struct tellers *t = &soft->tellers;
	uint32_t *grown =
		rvl_grow(t->next, &t->room, teller_of(params->direction, index), sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	t->next = grown;
	return rvl_engine_sa_add(soft->engine, index, params,
				 rvl_fanout_owner(inbound, soft->threads));
}

static int soft_sa_add(struct rvl_backend *backend, const struct rvl_sa_params *params,
		       const struct rvl_sa_purpose *purpose, uint32_t *index,
		       struct rvl_backend_error *error)
{
	struct soft *soft = soft_of(backend);
	struct rvl_indices *indices = &soft->sas[params->direction];
	int err;

	rvl_brlock_write(&soft->lock);
	err = rvl_indices_take(indices, index);
	if (!err) {
		err = add_at(soft, params, purpose ? purpose->pair : 0, *index);
		if (err)
			rvl_indices_give(indices, *index);
	}
	rvl_brlock_write_end(&soft->lock);
	if (err == -ENOSPC)
		return rvl_backend_fail(error, err, "no room for more than %u SAs", indices->most);
	return err ? rvl_backend_fail(error, err, "%s", sa_add_reason(err)) : 0;
}

static int soft_sa_delete(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			  struct rvl_backend_error *error)
{
	struct soft *soft = soft_of(backend);
	int err;

	rvl_brlock_write(&soft->lock);
	err = rvl_engine_sa_delete(soft->engine, direction, index);
	if (!err)
		rvl_indices_give(&soft->sas[direction], index);
	rvl_brlock_write_end(&soft->lock);
	return err ? rvl_backend_fail(error, err, "no SA %u", index) : 0;
}

static int soft_sa_query(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			 struct rvl_sa_stats *stats, struct rvl_backend_error *error)
{
	struct soft *soft = soft_of(backend);
	struct rvl_esp_sa *sa;

	rvl_brlock_write(&soft->lock);
	sa = rvl_engine_sa(soft->engine, direction, index);
	if (sa) {
		const struct rvl_esp_counters c = rvl_esp_sa_counters(sa);

		*stats = (struct rvl_sa_stats){
			.packets = c.packets,
			.where = "software",
			.bytes = c.bytes,
			.seq = rvl_esp_sa_seq(sa),
			.drop_icv = c.drops[RVL_DROP_ICV],
			.drop_replay = c.drops[RVL_DROP_REPLAY] + c.drops[RVL_DROP_WINDOW],
			.drop_format = c.drops[RVL_DROP_TRAILER] + c.drops[RVL_DROP_PADDING] +
				       c.drops[RVL_DROP_INNER] + c.drops[RVL_DROP_ECN],
			.drop_limit = c.drops[RVL_DROP_LIFETIME] + c.drops[RVL_DROP_SEQUENCE],
		};
	}
	rvl_brlock_write_end(&soft->lock);
	return sa ? 0 : rvl_backend_fail(error, -ENOENT, "no SA %u", index);
}

static int soft_policy_set(struct rvl_backend *backend, const struct rvl_policy *policy,
			   const struct rvl_scopes *scopes, uint32_t *index,
			   struct rvl_backend_error *error)
{
	struct soft *soft = soft_of(backend);
	bool is_new = *index == RVL_BACKEND_ANY;
	const char *lack = rvl_abilities_lack_scopes(&rvl_esp_abilities, scopes);
	uint32_t at = *index;
	int err;

	if (lack)
		return rvl_backend_fail(error, -EOPNOTSUPP, "software has no %s", lack);
	rvl_brlock_write(&soft->lock);
	if (is_new)
		err = rvl_indices_take(&soft->policies, &at);
	else
		err = rvl_indices_is_out(&soft->policies, at) ? 0 : -ENOENT;
	if (!err) {
		err = rvl_engine_policy_set(soft->engine, at, policy);
		if (err && is_new)
			rvl_indices_give(&soft->policies, at);
	}
	rvl_brlock_write_end(&soft->lock);
	switch (err) {
	case 0:
		*index = at;
		return 0;
	case -ENOSPC:
		return rvl_backend_fail(error, err, "no room for more than %u policies",
					soft->policies.most);
	case -ENOENT:
		return rvl_backend_fail(error, err, "no policy %u", at);
	case -ENOMEM:
		return rvl_backend_fail(error, err, "out of memory");
	default:
		return rvl_backend_fail(error, err, "a policy that can't be");
	}
}

static int soft_policy_clear(struct rvl_backend *backend, uint32_t index,
			     struct rvl_backend_error *error)
{
	struct soft *soft = soft_of(backend);
	int err;

	rvl_brlock_write(&soft->lock);
	err = rvl_engine_policy_clear(soft->engine, index);
	if (!err)
		rvl_indices_give(&soft->policies, index);
	rvl_brlock_write_end(&soft->lock);
	return err ? rvl_backend_fail(error, err, "no policy %u", index) : 0;
}

static int soft_start(struct rvl_frames *frames, uint16_t max_frame,
		      struct rvl_backend_error *error)
{
	/* The interface's MTU bounds frames, and they have been passing since it was opened. */
	(void)frames;
	(void)max_frame;
	(void)error;
	return 0;
}

/* Names as the NIC has them (docs/registers.md), so that one tool reads both. */
static const struct {
	enum rvl_drop drop;
	const char *tx;
	const char *rx;
} drop_counters[] = {
	{RVL_DROP_CHECKSUM, NULL, "rx_drop_checksum"},
	{RVL_DROP_MALFORMED, "tx_drop_malformed", "rx_drop_malformed"},
	{RVL_DROP_REPLAY, NULL, "rx_drop_replay"},
	{RVL_DROP_WINDOW, NULL, "rx_drop_window"},
	{RVL_DROP_ICV, NULL, "rx_drop_icv"},
	{RVL_DROP_TRAILER, NULL, "rx_drop_trailer"},
	{RVL_DROP_PADDING, NULL, "rx_drop_padding"},
	{RVL_DROP_DUMMY, NULL, "rx_drop_dummy"},
	{RVL_DROP_INNER, NULL, "rx_drop_inner"},
	{RVL_DROP_ECN, NULL, "rx_drop_ecn"},
	{RVL_DROP_LIFETIME, "tx_drop_lifetime", "rx_drop_lifetime"},
	{RVL_DROP_SEQUENCE, "tx_drop_seq", NULL},
	{RVL_DROP_TOO_BIG, "tx_drop_too_big", NULL},
	{RVL_DROP_FRAGMENT, "tx_drop_fragment", NULL},
	{RVL_DROP_POLICY, "tx_drop_policy", NULL},
	{RVL_DROP_NO_SA, "tx_drop_no_sa", NULL},
};

static int soft_counters(struct rvl_backend *backend, rvl_counter_fn *fn, void *context)
{
	struct soft *soft = soft_of(backend);
	uint64_t errors = 0, cut = 0, missed[RVL_LANES];
	struct rvl_engine_counters c = {0};

	rvl_brlock_write(&soft->lock);
	count_missed(soft);
	memcpy(missed, soft->missed, sizeof(missed));
	for (unsigned int i = 0; i < soft->threads; i++)
		rvl_engine_add_counters(soft->engine, i, &c);
	rvl_brlock_write_end(&soft->lock);
	for (unsigned int i = 0; soft->ports && i < soft->threads; i++) {
		errors += atomic_load(&soft->ports[i].wire_errors);
		cut += atomic_load(&soft->ports[i].wire_cut);
	}
	fn(context, "tx_frames", c.tx_frames);
	fn(context, "tx_bytes", c.tx_bytes);
	fn(context, "tx_bypass", c.tx_bypass);
	fn(context, "tx_protected", c.tx_protected);
	for (size_t i = 0; i < sizeof(drop_counters) / sizeof(drop_counters[0]); i++)
		if (drop_counters[i].tx)
			fn(context, drop_counters[i].tx, c.tx_drops[drop_counters[i].drop]);
	fn(context, "rx_frames", c.rx_frames + cut);
	fn(context, "rx_bytes", c.rx_bytes);
	fn(context, "rx_pass", c.rx_pass);
	fn(context, "rx_decrypted", c.rx_decrypted);
	fn(context, "rx_sa_miss", c.rx_sa_miss);
	fn(context, "rx_fragment", c.rx_fragment);
	fn(context, "rx_drop_port", cut);
	for (size_t i = 0; i < sizeof(drop_counters) / sizeof(drop_counters[0]); i++)
		if (drop_counters[i].rx)
			fn(context, drop_counters[i].rx, c.rx_drops[drop_counters[i].drop]);
	fn(context, "events_lost", 0);
	fn(context, "wire_tx_errors", errors);
	fn(context, "wire_missed", missed[RVL_LANE_FRAMES]);
	fn(context, "wire_missed_ike", missed[RVL_LANE_PEERS]);
	fn(context, "wire_missed_ike_returned", missed[RVL_LANE_RETURNED]);
	fn(context, "wire_missed_ike_strangers", missed[RVL_LANE_STRANGERS]);
	return 0;
}

static void add_teller(struct tellers *t, uint32_t teller)
{
	if (t->next[teller])
		return;
	t->next[teller] = teller + 1;
	if (t->count++)
		t->next[t->last] = teller + 1;
	else
		t->first = teller;
	t->last = teller;
}

/* Called by who reads, after a frame went through the SA. */
static void note_events(struct soft *soft, enum rvl_direction direction, uint32_t index)
{
	const struct rvl_esp_sa *sa = rvl_engine_sa(soft->engine, direction, index);
	uint64_t one = 1;

	if (!sa || !rvl_esp_sa_has_events(sa))
		return;
	pthread_mutex_lock(&soft->tellers_lock);
	add_teller(&soft->tellers, teller_of(direction, index));
	pthread_mutex_unlock(&soft->tellers_lock);
	/* It only fails when the counter is at its largest, and then the descriptor is readable. */
	if (write(soft->backend.event_fd, &one, sizeof(one)) < 0)
		return;
}

static uint32_t take_teller(struct tellers *t)
{
	uint32_t teller = t->first;

	t->first = t->next[teller] - 1;
	t->next[teller] = 0;
	t->count--;
	return teller;
}

/* Called by who writes. False: there is no event; the SA that had one may be gone. */
static bool take_event(struct soft *soft, uint32_t teller, struct rvl_backend_event *event)
{
	enum rvl_direction direction = teller % 2 ? RVL_INBOUND : RVL_OUTBOUND;
	struct rvl_esp_sa *sa = rvl_engine_sa(soft->engine, direction, teller / 2);
	uint32_t events = sa ? rvl_esp_sa_take_events(sa) : 0;

	if (!events)
		return false;
	*event = (struct rvl_backend_event){
		.direction = direction,
		.index = teller / 2,
		.spi = rvl_esp_sa_params(sa)->spi,
		.events = events,
	};
	rvl_esp_sa_source(sa, &event->src, &event->src_port);
	return true;
}

static int soft_next_event(struct rvl_backend *backend, struct rvl_backend_event *event)
{
	struct soft *soft = soft_of(backend);
	bool found = false;
	uint64_t count;

	/* Empty already is fine: the descriptor doesn't block. */
	if (read(backend->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return 0;
	rvl_brlock_write(&soft->lock);
	while (!found && soft->tellers.count)
		found = take_event(soft, take_teller(&soft->tellers), event);
	rvl_brlock_write_end(&soft->lock);
	return found;
}

/* What has been encapsulated goes to the wire. */
static int flush(struct port *port)
{
	int lost = rvl_wire_send(port->soft->wire, port->thread, port->out, port->trains,
				 port->out_count);

	port->out_count = 0;
	if (lost < 0)
		die(port->soft);
	else
		atomic_fetch_add(&port->wire_errors, (uint64_t)lost);
	return lost < 0 ? lost : 0;
}

static uint8_t *soft_tx_buffer(struct rvl_frames *frames)
{
	struct port *port = port_with(frames);

	return port->rooms[port->out_count] + HEADER_ROOM;
}

static struct rvl_engine_result protect(struct soft *soft, unsigned int thread,
					struct rvl_buf *frame, uint32_t sa)
{
	unsigned int slot = rvl_brlock_read(&soft->lock);
	const struct rvl_engine_result result = rvl_engine_tx(soft->engine, thread, frame, sa);

	if (result.verdict == RVL_ENGINE_DONE)
		note_events(soft, RVL_OUTBOUND, result.sa);
	rvl_brlock_read_end(&soft->lock, slot);
	return result;
}

static struct rvl_engine_result unprotect(struct soft *soft, unsigned int thread,
					  struct rvl_buf *frame)
{
	unsigned int slot = rvl_brlock_read(&soft->lock);
	const struct rvl_engine_result result = rvl_engine_rx(soft->engine, thread, frame);

	if (result.verdict == RVL_ENGINE_DONE)
		note_events(soft, RVL_INBOUND, result.sa);
	rvl_brlock_read_end(&soft->lock, slot);
	return result;
}

struct rvl_engine_result rvl_soft_protect(struct rvl_backend *backend, struct rvl_buf *frame,
					  uint32_t sa)
{
	return protect(soft_of(backend), 0, frame, sa);
}

struct rvl_engine_result rvl_soft_unprotect(struct rvl_backend *backend, struct rvl_buf *frame)
{
	return unprotect(soft_of(backend), 0, frame);
}

/* ESP without the outer header that it would have on the wire. */
void rvl_soft_to_stream(struct rvl_backend *backend, const struct rvl_frames *frames,
			const struct rvl_buf *frame, uint32_t index)
{
	struct soft *soft = soft_of(backend);
	const uint8_t *octets = rvl_buf_data(frame);
	struct rvl_sa_params params = {0};
	struct rvl_esp_sa *sa;
	unsigned int slot;
	struct rvl_ip ip;
	size_t l3;

	slot = rvl_brlock_read(&soft->lock);
	sa = rvl_engine_sa(soft->engine, RVL_OUTBOUND, index);
	if (sa) {
		const struct rvl_sa_params *p = rvl_esp_sa_params(sa);

		params.src = p->src;
		params.dst = p->dst;
		params.src_port = p->src_port;
		params.dst_port = p->dst_port;
	}
	rvl_brlock_read_end(&soft->lock, slot);
	if (sa && frames->to_stream &&
	    rvl_frame_parse(octets, frame->len, &ip, &l3) == RVL_FRAME_IP)
		frames->to_stream(frames->stream_context, &params, octets + l3 + ip.header_len,
				  ip.total_len - ip.header_len);
}

static void hand_over(struct port *port, unsigned int owner, enum rvl_direction direction,
		      const struct rvl_buf *frame)
{
	port->frames.elsewhere(port->frames.context, owner, direction, rvl_buf_data(frame),
			       frame->len);
}

static int transmit(struct port *port, size_t len, uint32_t sa)
{
	struct rvl_buf *frame = &port->out[port->out_count];
	struct rvl_engine_result result;

	*frame = (struct rvl_buf){port->rooms[port->out_count], SENT_ROOM, HEADER_ROOM, len};
	result = protect(port->soft, port->thread, frame, sa);
	if (result.verdict == RVL_ENGINE_ELSEWHERE) {
		hand_over(port, result.owner, RVL_OUTBOUND, frame);
		return 0;
	}
	if (result.stream) {
		rvl_soft_to_stream(&port->soft->backend, &port->frames, frame, result.sa);
		return 0;
	}
	port->trains[port->out_count] = result.verdict == RVL_ENGINE_DONE && result.encap;
	if (result.verdict != RVL_ENGINE_DROP)
		port->out_count++;
	return port->out_count == RVL_WIRE_BATCH ? flush(port) : 0;
}

static int soft_tx(struct rvl_frames *frames, size_t len)
{
	return transmit(port_with(frames), len, RVL_ENGINE_NO_SA);
}

static int soft_tx_clear(struct rvl_frames *frames, size_t len)
{
	return transmit(port_with(frames), len, RVL_ENGINE_CLEAR);
}

static unsigned int soft_owner(struct rvl_frames *frames, const uint8_t *frame, size_t len)
{
	struct soft *soft = port_with(frames)->soft;
	unsigned int slot = rvl_brlock_read(&soft->lock);
	unsigned int owner = rvl_engine_owner(soft->engine, frame, len);

	rvl_brlock_read_end(&soft->lock, slot);
	return owner;
}

static void receive(struct port *port, struct rvl_buf *frame, rvl_deliver_fn *deliver,
		    void *context)
{
	const struct rvl_engine_result result = unprotect(port->soft, port->thread, frame);

	if (result.verdict == RVL_ENGINE_ELSEWHERE)
		hand_over(port, result.owner, RVL_INBOUND, frame);
	else if (result.verdict != RVL_ENGINE_DROP)
		deliver(context, rvl_buf_data(frame), frame->len,
			result.verdict == RVL_ENGINE_DONE ? result.sa : RVL_BACKEND_CLEAR);
}

static void soft_rx(struct rvl_frames *frames, struct rvl_buf *frame, rvl_deliver_fn *deliver,
		    void *context)
{
	receive(port_with(frames), frame, deliver, context);
}

/* A frame from the wire, which may be what several were to become. False: it is none. */
static bool receive_cut(struct port *port, struct rvl_received *received, rvl_deliver_fn *deliver,
			void *context)
{
	struct rvl_buf *frame = &received->frame;
	struct rvl_segments segments;

	if (received->left.gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		if (!frame->len ||
		    !rvl_segments_complete(&received->left, rvl_buf_data(frame), frame->len))
			return false;
		receive(port, frame, deliver, context);
		return true;
	}
	if (!frame->len ||
	    !rvl_segments_begin(&segments, &received->left, rvl_buf_data(frame), frame->len))
		return false;
	while (rvl_segments_left(&segments)) {
		struct rvl_buf one = {port->cut, SENT_ROOM, HEADER_ROOM, 0};

		one.len = rvl_segments_next(&segments, rvl_buf_data(&one));
		receive(port, &one, deliver, context);
	}
	return true;
}

/* Frames of a lane: at most so many. Returns how many, or -errno. */
static int poll_lane(struct port *port, enum rvl_lane lane, int most, rvl_deliver_fn *deliver,
		     void *context)
{
	struct rvl_received received[RVL_WIRE_BATCH];
	int sum = 0, cut = 0, n;

	do {
		n = rvl_wire_receive(port->soft->wire, port->thread, lane, received, most - sum);
		for (int i = 0; i < n; i++)
			cut += !receive_cut(port, &received[i], deliver, context);
		sum += n > 0 ? n : 0;
	} while (n > 0 && sum < most);
	atomic_fetch_add(&port->wire_cut, (uint64_t)cut);
	/* Set down: nothing comes until it is up again, which is somebody's wish. */
	if (n >= 0 || n == -EAGAIN || n == -EINTR)
		return sum;
	if (n == -ENETDOWN)
		return sum + 1;
	die(port->soft);
	return n;
}

/* Lanes of IKE are the first thread's. */
static int soft_poll(struct rvl_frames *frames, rvl_deliver_fn *deliver, void *context)
{
	struct port *port = port_with(frames);
	int sum = flush(port);

	for (int lane = 0; lane < (port->thread ? 1 : RVL_LANES) && sum >= 0; lane++) {
		int n = poll_lane(port, (enum rvl_lane)lane,
				  lane == RVL_LANE_FRAMES ? RVL_WIRE_BATCH : IKE_BATCH, deliver,
				  context);

		sum = n < 0 ? n : sum + n;
	}
	return sum;
}

/* Its socket stays readable while there are frames. */
static void soft_arm(struct rvl_frames *frames)
{
	(void)frames;
}

static const struct rvl_backend_ops soft_ops = {
	.close = soft_close,
	.info = soft_info,
	.dead = soft_dead,
	.check = soft_check,
	.sa_add = soft_sa_add,
	.sa_delete = soft_sa_delete,
	.sa_query = soft_sa_query,
	.policy_set = soft_policy_set,
	.policy_clear = soft_policy_clear,
	.counters = soft_counters,
	.next_event = soft_next_event,
};

static const struct rvl_frames_ops soft_frames_ops = {
	.start = soft_start,
	.tx_buffer = soft_tx_buffer,
	.tx = soft_tx,
	.tx_clear = soft_tx_clear,
	.poll = soft_poll,
	.rx = soft_rx,
	.arm = soft_arm,
	.owner = soft_owner,
};

static int open_ports(struct soft *soft, const struct rvl_soft_config *config,
		      struct rvl_backend_error *error)
{
	int err;

	soft->ports = calloc(soft->threads, sizeof(*soft->ports));
	if (!soft->ports)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	err = rvl_wire_open(config->wire, config->port, config->port_natt, soft->threads,
			    &soft->wire, error);
	if (err)
		return err;
	for (unsigned int i = 0; i < soft->threads; i++) {
		struct port *port = &soft->ports[i];

		port->soft = soft;
		port->thread = i;
		port->frames.ops = &soft_frames_ops;
		port->frames.fds[0] = rvl_wire_fd(soft->wire, i);
		port->frames.fds[1] = i ? -1 : rvl_wire_ike_fd(soft->wire);
		port->frames.next = i + 1 < soft->threads ? &soft->ports[i + 1].frames : NULL;
	}
	soft->backend.frames = &soft->ports[0].frames;
	return 0;
}

int rvl_backend_soft_open(const struct rvl_soft_config *config, struct rvl_backend **backend,
			  struct rvl_backend_error *error)
{
	struct rvl_engine_config engine = {.outbound_sas = config->sas,
					   .inbound_sas = config->sas,
					   .policies = config->policies,
					   .ipv6 = true,
					   .ah = true,
					   .udp_port = config->port_natt};
	struct soft *soft = calloc(1, sizeof(*soft));
	unsigned int longest;
	int err;

	if (!soft)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	soft->backend.ops = &soft_ops;
	soft->threads = config->wire && config->threads ? config->threads : 1;
	soft->policies.most = config->policies;
	soft->sas[RVL_OUTBOUND].most = soft->sas[RVL_INBOUND].most = config->sas;
	snprintf(soft->name, sizeof(soft->name), "%s", config->wire ? config->wire : "");
	soft->backend.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (soft->backend.event_fd < 0) {
		err = rvl_backend_fail(error, -errno, "eventfd: %s", strerror(errno));
		goto free_soft;
	}
	err = config->wire ? open_ports(soft, config, error) : 0;
	if (err)
		goto free_ports;
	longest = soft->wire ? rvl_wire_mtu(soft->wire) + ETHERNET_HEADER_MAX : config->max_frame;
	soft->max_frame = (uint16_t)(longest < RVL_BACKEND_FRAME ? longest : RVL_BACKEND_FRAME);
	engine.max_frame = soft->max_frame;
	engine.threads = soft->threads;
	soft->engine = rvl_engine_new(&engine);
	if (!soft->engine) {
		err = rvl_backend_fail(error, -ENOMEM, "out of memory");
		goto close_wire;
	}
	rvl_brlock_init(&soft->lock);
	pthread_mutex_init(&soft->tellers_lock, NULL);
	*backend = &soft->backend;
	return 0;

close_wire:
	if (soft->wire)
		rvl_wire_close(soft->wire);
free_ports:
	free(soft->ports);
	close(soft->backend.event_fd);
free_soft:
	free(soft);
	return err;
}
