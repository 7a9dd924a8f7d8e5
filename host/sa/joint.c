// SPDX-License-Identifier: BSD-2-Clause
/*
 * The NIC and software behind one interface. Each SA is the NIC's, if it has what the SA asks for
 * and room for it; else software's, whose frames pass the NIC as any other that it knows nothing
 * of. The host looks up the policy of a frame, and gives the NIC those of its SAs by name; so the
 * NIC has no policy of its own, and nothing reaches it that isn't to be on the wire.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host/esp/esp.h"
#include "host/esp/grow.h"
#include "host/sa/indices.h"
#include "host/sa/soft.h"

#define HEADER_ROOM 96 /* RVL_ESP_HEADROOM, and aligned */
#define ROOM (HEADER_ROOM + RVL_BACKEND_FRAME + RVL_ESP_TAILROOM)
#define NAME 64

_Static_assert(HEADER_ROOM >= RVL_ESP_HEADROOM, "an outer header has room");

/* Whose the SAs are. */
enum part { NIC, SOFTWARE, PARTS };

struct sa {
	enum part part;
	uint32_t index; /* there */
	char why[192];	/* not the NIC's; or empty */
};

/* By number: SAs of a direction, and of those of a part the number that they have here, plus 1. */
struct sas {
	struct rvl_indices indices;
	struct sa **list;
	size_t room;
	uint32_t *here[PARTS];
	size_t here_room[PARTS];
};

struct joint {
	struct rvl_backend backend;
	struct rvl_frames frames;
	struct rvl_backend *parts[PARTS];
	struct rvl_abilities nic_can;
	rvl_deliver_fn *deliver; /* during a poll */
	void *deliver_context;
	uint8_t room[ROOM];
	pthread_mutex_t lock; /* guards all below */
	struct sas sas[2];    /* by direction */
	struct rvl_indices policies;
	struct rvl_spd *spd;
	uint64_t drop_policy;
	uint64_t drop_malformed;
	uint64_t drop_no_sa;
	uint64_t drop_fragmented;
};

static struct joint *joint_of(struct rvl_backend *backend)
{
	return (struct joint *)backend;
}

static struct joint *joint_with(struct rvl_frames *frames)
{
	return (struct joint *)((char *)frames - offsetof(struct joint, frames));
}

/* ------------------------------------------------------------------------------------- SAs */

static struct sa *sa_at(const struct sas *sas, uint32_t number)
{
	return number < sas->room ? sas->list[number] : NULL;
}

/* Called with the lock held. RVL_BACKEND_CLEAR: there is none. */
static uint32_t number_of(const struct sas *sas, enum part part, uint32_t index)
{
	return index < sas->here_room[part] && sas->here[part][index] ? sas->here[part][index] - 1
								      : RVL_BACKEND_CLEAR;
}

/* Called with the lock held. */
static int enter(struct sas *sas, struct sa *sa, uint32_t *number)
{
	struct sa **list;
	uint32_t *here;
	int err = rvl_indices_take(&sas->indices, number);

	if (err)
		return err;
	list = rvl_grow(sas->list, &sas->room, *number, sizeof(struct sa *));
	if (list)
		sas->list = list;
	here = rvl_grow(sas->here[sa->part], &sas->here_room[sa->part], sa->index, sizeof(*here));
	if (here)
		sas->here[sa->part] = here;
	if (!list || !here) {
		rvl_indices_give(&sas->indices, *number);
		return -ENOMEM;
	}
	sas->list[*number] = sa;
	sas->here[sa->part][sa->index] = *number + 1;
	return 0;
}

/* Called with the lock held. */
static void leave(struct sas *sas, struct sa *sa, uint32_t number)
{
	sas->list[number] = NULL;
	sas->here[sa->part][sa->index] = 0;
	rvl_indices_give(&sas->indices, number);
	free(sa);
}

/* The NIC, unless it lacks something or has no room, or software is wanted. */
static int place(struct joint *j, struct sa *sa, const struct rvl_sa_params *params,
		 const struct rvl_sa_purpose *purpose, struct rvl_backend_error *error)
{
	const enum rvl_offload wanted = purpose->offload;
	struct rvl_backend *nic = j->parts[NIC], *soft = j->parts[SOFTWARE];
	char lacking[128];
	int err;

	if (wanted == RVL_OFFLOAD_CRYPTO)
		return rvl_backend_fail(error, -EOPNOTSUPP, "the NIC does all of ESP or nothing");
	if (wanted != RVL_OFFLOAD_NO) {
		if (rvl_abilities_lack(&j->nic_can, params, lacking, sizeof(lacking)))
			err = rvl_backend_fail(error, -EOPNOTSUPP, "the NIC has no %s", lacking);
		else
			err = nic->ops->sa_add(nic, params, purpose, &sa->index, error);
		if (!err || wanted == RVL_OFFLOAD_PACKET)
			return err;
		snprintf(sa->why, sizeof(sa->why), "%.190s", error->text);
	}
	sa->part = SOFTWARE;
	return soft->ops->sa_add(soft, params, purpose, &sa->index, error);
}

static int joint_sa_add(struct rvl_backend *backend, const struct rvl_sa_params *params,
			const struct rvl_sa_purpose *purpose, uint32_t *index,
			struct rvl_backend_error *error)
{
	struct joint *j = joint_of(backend);
	struct sas *sas = &j->sas[params->direction];
	struct rvl_backend_error ignored = {""};
	struct sa *sa = calloc(1, sizeof(*sa));
	int err;

	if (!sa)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	err = place(j, sa, params, purpose, error);
	if (err)
		goto free_sa;
	pthread_mutex_lock(&j->lock);
	err = enter(sas, sa, index);
	pthread_mutex_unlock(&j->lock);
	if (!err)
		return 0;
	rvl_backend_fail(error, err, "no room for another SA");
	j->parts[sa->part]->ops->sa_delete(j->parts[sa->part], params->direction, sa->index,
					   &ignored);
free_sa:
	free(sa);
	return err;
}

static int joint_sa_delete(struct rvl_backend *backend, enum rvl_direction direction,
			   uint32_t index, struct rvl_backend_error *error)
{
	struct joint *j = joint_of(backend);
	struct sa *sa = sa_at(&j->sas[direction], index);
	struct rvl_backend *part = sa ? j->parts[sa->part] : NULL;
	int err;

	if (!sa)
		return rvl_backend_fail(error, -ENOENT, "no SA %u", index);
	err = part->ops->sa_delete(part, direction, sa->index, error);
	if (err)
		return err;
	pthread_mutex_lock(&j->lock);
	leave(&j->sas[direction], sa, index);
	pthread_mutex_unlock(&j->lock);
	return 0;
}

static int joint_sa_query(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			  struct rvl_sa_stats *stats, struct rvl_backend_error *error)
{
	struct joint *j = joint_of(backend);
	const struct sa *sa = sa_at(&j->sas[direction], index);
	struct rvl_backend *part = sa ? j->parts[sa->part] : NULL;
	int err = sa ? part->ops->sa_query(part, direction, sa->index, stats, error)
		     : rvl_backend_fail(error, -ENOENT, "no SA %u", index);

	if (!err && sa->why[0])
		stats->why = sa->why;
	return err;
}

/* -------------------------------------------------------------------------------- policies */

static int joint_policy_set(struct rvl_backend *backend, const struct rvl_policy *policy,
			    const struct rvl_scopes *scopes, uint32_t *index,
			    struct rvl_backend_error *error)
{
	struct joint *j = joint_of(backend);
	const char *lack = rvl_abilities_lack_scopes(&rvl_esp_abilities, scopes);
	bool is_new = *index == RVL_BACKEND_ANY;
	uint32_t at = *index;
	int err;

	if (lack)
		return rvl_backend_fail(error, -EOPNOTSUPP, "there are no %s here", lack);
	pthread_mutex_lock(&j->lock);
	err = is_new				     ? rvl_indices_take(&j->policies, &at)
	      : rvl_indices_is_out(&j->policies, at) ? 0
						     : -ENOENT;
	if (!err) {
		err = rvl_spd_set(j->spd, at, policy);
		if (err && is_new)
			rvl_indices_give(&j->policies, at);
	}
	pthread_mutex_unlock(&j->lock);
	if (err)
		return rvl_backend_fail(error, err, "a policy can't be set: %s", strerror(-err));
	*index = at;
	return 0;
}

static int joint_policy_clear(struct rvl_backend *backend, uint32_t index,
			      struct rvl_backend_error *error)
{
	struct joint *j = joint_of(backend);
	int err;

	pthread_mutex_lock(&j->lock);
	err = rvl_spd_clear(j->spd, index);
	if (!err)
		rvl_indices_give(&j->policies, index);
	pthread_mutex_unlock(&j->lock);
	return err ? rvl_backend_fail(error, err, "no policy %u", index) : 0;
}

/* ---------------------------------------------------------------------------------- frames */

static int joint_start(struct rvl_frames *frames, uint16_t max_frame,
		       struct rvl_backend_error *error)
{
	struct rvl_frames *nic = joint_with(frames)->parts[NIC]->frames;

	return nic->ops->start(nic, max_frame, error);
}

static uint8_t *joint_tx_buffer(struct rvl_frames *frames)
{
	struct rvl_frames *nic = joint_with(frames)->parts[NIC]->frames;

	return nic->ops->tx_buffer(nic);
}

static void count(struct joint *j, uint64_t *counter)
{
	pthread_mutex_lock(&j->lock);
	++*counter;
	pthread_mutex_unlock(&j->lock);
}

/* What is to become of a packet: *sa, with RVL_PROTECT, is whose work it is. */
static enum rvl_action judge(struct joint *j, const struct rvl_ip *ip, struct sa *sa)
{
	enum rvl_action action = RVL_BYPASS;
	const struct rvl_policy *policy;
	const struct sa *found;

	pthread_mutex_lock(&j->lock);
	policy = rvl_spd_lookup(j->spd, ip);
	if (policy)
		action = policy->action;
	if (action == RVL_PROTECT) {
		found = sa_at(&j->sas[RVL_OUTBOUND], policy->sa);
		if (found)
			*sa = *found;
		else
			action = RVL_DISCARD;
		j->drop_no_sa += !found;
	} else if (action == RVL_DISCARD) {
		j->drop_policy++;
	}
	pthread_mutex_unlock(&j->lock);
	return action;
}

/* What software makes of it, in a room of its own, goes on in the NIC's buffer, or to its
 * connection. */
static int tx_soft(struct joint *j, size_t len, uint32_t sa)
{
	struct rvl_frames *nic = j->parts[NIC]->frames;
	struct rvl_buf frame = {j->room, ROOM, HEADER_ROOM, len};
	uint8_t *buffer = nic->ops->tx_buffer(nic);
	struct rvl_engine_result result;

	memcpy(j->room + HEADER_ROOM, buffer, len);
	result = rvl_soft_protect(j->parts[SOFTWARE], &frame, sa);
	if (result.stream)
		rvl_soft_to_stream(j->parts[SOFTWARE], &j->frames, &frame, result.sa);
	if (result.stream || result.verdict == RVL_ENGINE_DROP)
		return 0;
	memcpy(buffer, rvl_buf_data(&frame), frame.len);
	return nic->ops->tx(nic, frame.len);
}

static int joint_tx(struct rvl_frames *frames, size_t len)
{
	struct joint *j = joint_with(frames);
	struct rvl_frames *nic = j->parts[NIC]->frames;
	struct sa sa;
	struct rvl_ip ip;
	size_t l3;

	switch (rvl_frame_parse(nic->ops->tx_buffer(nic), len, &ip, &l3)) {
	case RVL_FRAME_OTHER:
		/* Unless it has so many tags that nobody sees what is behind. */
		return tx_soft(j, len, RVL_ENGINE_NO_SA);
	case RVL_FRAME_BAD:
		count(j, &j->drop_malformed);
		return 0;
	case RVL_FRAME_IP:
		break;
	}
	switch (judge(j, &ip, &sa)) {
	case RVL_BYPASS:
		return nic->ops->tx(nic, len);
	case RVL_DISCARD:
		return 0;
	case RVL_PROTECT:
		break;
	}
	return sa.part == NIC ? nic->ops->tx_on(nic, len, sa.index) : tx_soft(j, len, sa.index);
}

/* The NIC has no policies here. */
static int joint_tx_clear(struct rvl_frames *frames, size_t len)
{
	struct rvl_frames *nic = joint_with(frames)->parts[NIC]->frames;

	return nic->ops->tx(nic, len);
}

static uint32_t number_here(struct joint *j, enum part part, uint32_t index)
{
	uint32_t number;

	pthread_mutex_lock(&j->lock);
	number = number_of(&j->sas[RVL_INBOUND], part, index);
	j->drop_no_sa += number == RVL_BACKEND_CLEAR;
	pthread_mutex_unlock(&j->lock);
	return number;
}

/* What the NIC knows nothing of; whole: it came in fragments, or in TCP. */
static void receive(struct joint *j, struct rvl_buf *frame, bool whole, rvl_deliver_fn *deliver,
		    void *context)
{
	const struct rvl_engine_result result = rvl_soft_unprotect(j->parts[SOFTWARE], frame);
	uint32_t number = RVL_BACKEND_CLEAR;
	struct rvl_ip ip;
	size_t l3;

	if (result.verdict == RVL_ENGINE_DROP)
		return;
	if (result.verdict == RVL_ENGINE_DONE) {
		number = number_here(j, SOFTWARE, result.sa);
		if (number == RVL_BACKEND_CLEAR)
			return;
	} else if (whole &&
		   rvl_frame_parse(rvl_buf_data(frame), frame->len, &ip, &l3) == RVL_FRAME_IP &&
		   (ip.protocol == RVL_IP_PROTO_ESP || ip.protocol == RVL_IP_PROTO_AH)) {
		/* It may be an SA's of the NIC, which has the anti-replay window. */
		count(j, &j->drop_fragmented);
		return;
	}
	deliver(context, rvl_buf_data(frame), frame->len, number);
}

static void on_frame(void *context, uint8_t *data, size_t len, uint32_t sa)
{
	struct joint *j = context;
	struct rvl_buf frame = {j->room, ROOM, HEADER_ROOM, len};

	if (sa == RVL_BACKEND_CLEAR) {
		memcpy(j->room + HEADER_ROOM, data, len);
		receive(j, &frame, false, j->deliver, j->deliver_context);
		return;
	}
	/* One that was deleted meanwhile verifies nothing. */
	sa = number_here(j, NIC, sa);
	if (sa != RVL_BACKEND_CLEAR)
		j->deliver(j->deliver_context, data, len, sa);
}

static int joint_poll(struct rvl_frames *frames, rvl_deliver_fn *deliver, void *context)
{
	struct joint *j = joint_with(frames);
	struct rvl_frames *nic = j->parts[NIC]->frames;

	j->deliver = deliver;
	j->deliver_context = context;
	return nic->ops->poll(nic, on_frame, j);
}

static void joint_rx(struct rvl_frames *frames, struct rvl_buf *frame, rvl_deliver_fn *deliver,
		     void *context)
{
	receive(joint_with(frames), frame, true, deliver, context);
}

static void joint_arm(struct rvl_frames *frames)
{
	struct rvl_frames *nic = joint_with(frames)->parts[NIC]->frames;

	nic->ops->arm(nic);
}

/* ------------------------------------------------------------------------------ what they tell */

static void joint_info(struct rvl_backend *backend, struct rvl_backend_info *info)
{
	struct joint *j = joint_of(backend);
	struct rvl_backend_info soft;

	j->parts[NIC]->ops->info(j->parts[NIC], info);
	j->parts[SOFTWARE]->ops->info(j->parts[SOFTWARE], &soft);
	info->kind = "user, soft";
	info->outbound_sas += soft.outbound_sas;
	info->inbound_sas += soft.inbound_sas;
	info->policies = j->policies.most;
	info->abilities = soft.abilities;
	info->abilities.events |= j->nic_can.events;
	info->abilities.stream = true; /* connections pass the NIC as anything else */
	info->preferred = &j->nic_can;
}

static const char *joint_dead(struct rvl_backend *backend)
{
	struct rvl_backend *nic = joint_of(backend)->parts[NIC];

	return nic->ops->dead(nic);
}

static void joint_check(struct rvl_backend *backend)
{
	struct rvl_backend *nic = joint_of(backend)->parts[NIC];

	nic->ops->check(nic);
}

struct telling {
	const struct joint *j;
	rvl_counter_fn *fn;
	void *context;
};

/* What the host drops in the NIC's stead counts as dropped there. */
static void tell_of_nic(void *context, const char *name, uint64_t value)
{
	const struct telling *t = context;
	const struct {
		const char *name;
		uint64_t more;
	} sums[] = {
		{"tx_drop_policy", t->j->drop_policy},
		{"tx_drop_malformed", t->j->drop_malformed},
		{"tx_drop_no_sa", t->j->drop_no_sa},
	};

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		if (!strcmp(name, sums[i].name))
			value += sums[i].more;
	t->fn(t->context, name, value);
}

static void tell_of_software(void *context, const char *name, uint64_t value)
{
	const struct telling *t = context;
	char full[NAME];

	snprintf(full, sizeof(full), "software_%s", name);
	t->fn(t->context, full, value);
}

/* The NIC's by their names, software's with a word before them. */
static int joint_counters(struct rvl_backend *backend, rvl_counter_fn *fn, void *context)
{
	struct joint *j = joint_of(backend);
	struct rvl_backend *nic = j->parts[NIC], *soft = j->parts[SOFTWARE];
	struct telling telling = {j, fn, context};
	int err;

	pthread_mutex_lock(&j->lock);
	err = nic->ops->counters(nic, tell_of_nic, &telling);
	if (!err) {
		soft->ops->counters(soft, tell_of_software, &telling);
		fn(context, "rx_drop_fragmented_esp", j->drop_fragmented);
	}
	pthread_mutex_unlock(&j->lock);
	return err;
}

static int joint_next_event(struct rvl_backend *backend, struct rvl_backend_event *event)
{
	struct joint *j = joint_of(backend);

	for (enum part part = NIC; part < PARTS; part++) {
		struct rvl_backend *from = j->parts[part];
		int n;

		while ((n = from->ops->next_event(from, event)) > 0) {
			if (event->events == RVL_BACKEND_EVENT_LINK)
				return 1;
			event->index = number_of(&j->sas[event->direction], part, event->index);
			if (event->index != RVL_BACKEND_CLEAR)
				return 1;
		}
		if (n < 0)
			return n;
	}
	return 0;
}

/* ---------------------------------------------------------------------------------- the backend */

static void joint_close(struct rvl_backend *backend)
{
	struct joint *j = joint_of(backend);

	for (enum part part = NIC; part < PARTS; part++)
		if (j->parts[part])
			j->parts[part]->ops->close(j->parts[part]);
	for (int direction = 0; direction < 2; direction++) {
		struct sas *sas = &j->sas[direction];

		for (size_t i = 0; i < sas->room; i++)
			free(sas->list[i]);
		free(sas->list);
		free(sas->here[NIC]);
		free(sas->here[SOFTWARE]);
		rvl_indices_free(&sas->indices);
	}
	rvl_spd_free(j->spd);
	rvl_indices_free(&j->policies);
	if (backend->event_fd >= 0)
		close(backend->event_fd);
	pthread_mutex_destroy(&j->lock);
	OPENSSL_cleanse(j->room, sizeof(j->room));
	free(j);
}

static const struct rvl_backend_ops joint_ops = {
	.close = joint_close,
	.info = joint_info,
	.dead = joint_dead,
	.check = joint_check,
	.sa_add = joint_sa_add,
	.sa_delete = joint_sa_delete,
	.sa_query = joint_sa_query,
	.policy_set = joint_policy_set,
	.policy_clear = joint_policy_clear,
	.counters = joint_counters,
	.next_event = joint_next_event,
};

static const struct rvl_frames_ops joint_frames_ops = {
	.start = joint_start,
	.tx_buffer = joint_tx_buffer,
	.tx = joint_tx,
	.tx_clear = joint_tx_clear,
	.poll = joint_poll,
	.rx = joint_rx,
	.arm = joint_arm,
};

static int open_events(struct joint *j)
{
	j->backend.event_fd = epoll_create1(EPOLL_CLOEXEC);
	if (j->backend.event_fd < 0)
		return -errno;
	for (enum part part = NIC; part < PARTS; part++) {
		struct epoll_event event = {.events = EPOLLIN};

		if (epoll_ctl(j->backend.event_fd, EPOLL_CTL_ADD, j->parts[part]->event_fd, &event))
			return -errno;
	}
	return 0;
}

int rvl_backend_joint_open(const struct rvl_soft_config *soft, struct rvl_backend *nic,
			   struct rvl_backend **backend, struct rvl_backend_error *error)
{
	struct joint *j = calloc(1, sizeof(*j));
	struct rvl_backend_info info;
	int err;

	if (!j)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	nic->ops->info(nic, &info);
	j->nic_can = info.abilities;
	j->backend.ops = &joint_ops;
	j->backend.frames = &j->frames;
	j->backend.event_fd = -1;
	j->frames.ops = &joint_frames_ops;
	memcpy(j->frames.fds, nic->frames->fds, sizeof(j->frames.fds));
	j->policies.most = soft->policies;
	j->sas[RVL_OUTBOUND].indices.most = info.outbound_sas + soft->sas;
	j->sas[RVL_INBOUND].indices.most = info.inbound_sas + soft->sas;
	pthread_mutex_init(&j->lock, NULL);
	err = rvl_backend_soft_open(soft, &j->parts[SOFTWARE], error);
	if (err)
		goto close_joint;
	j->spd = rvl_spd_new(soft->policies);
	err = j->spd ? 0 : -ENOMEM;
	j->parts[NIC] = nic;
	if (!err)
		err = open_events(j);
	if (err) {
		rvl_backend_fail(error, err, "%s", strerror(-err));
		goto close_joint;
	}
	*backend = &j->backend;
	return 0;

close_joint:
	j->parts[NIC] = NULL;
	joint_close(&j->backend);
	return err;
}
