// SPDX-License-Identifier: BSD-2-Clause
/* The IKE core in the loop: datagrams and time in, actions out. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "host/raveld/control.h"
#include "host/raveld/daemon.h"

#define RETRY_MIN_MS 2000
#define RETRY_MAX_MS 60000

static int fill_random(void *context, void *out, size_t len)
{
	uint8_t *p = out;

	(void)context;
	while (len) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static uint32_t alloc_spi(void *context)
{
	return rvl_sad_alloc_spi(((struct daemon *)context)->sad);
}

static void release_spi(void *context, uint32_t spi)
{
	rvl_sad_release_spi(((struct daemon *)context)->sad, spi);
}

static uint64_t now_of(struct daemon *d)
{
	uv_update_time(&d->loop);
	return uv_now(&d->loop);
}

static struct wish *find_wish(struct daemon *d, const char *connection, const char *child)
{
	for (size_t i = 0; i < d->wish_count; i++)
		if (!strcmp(d->wishes[i].connection->name, connection) &&
		    !strcmp(d->wishes[i].child->name, child))
			return &d->wishes[i];
	return NULL;
}

/* ------------------------------------------------------------------------- what the core wants */

struct given_up {
	struct daemon *d;
	uint64_t child_id;
	bool damaged;
	uint64_t ike_id; /* 0: the IKE SA has other children too */
};

/* Of a lifetime the initiator knows too; of damage only this side. */
static bool is_ours_to_replace(const struct given_up *g, const struct ike_sa_info *sa,
			       const struct wish *w)
{
	return w->wanted || sa->initiator || (g->damaged && w->connection->remote.family);
}

static void mark_replace(void *context, const struct ike_sa_info *sa,
			 const struct ike_child_info *child)
{
	struct given_up *g = context;
	struct wish *w;

	if (!child || child->id != g->child_id)
		return;
	if (sa->child_count == 1)
		g->ike_id = sa->id;
	w = find_wish(g->d, sa->connection, child->name);
	if (w && is_ours_to_replace(g, sa, w))
		w->replace = true;
}

/* Without rekeying, an SA that can't go on is given up and, by its initiator, negotiated anew. */
static void give_up_child(struct daemon *d, uint64_t child_id, bool damaged)
{
	struct given_up g = {.d = d, .child_id = child_id, .damaged = damaged};

	ike_list(d->engine, mark_replace, &g);
	if (g.ike_id)
		ike_terminate(d->engine, now_of(d), g.ike_id);
	else
		ike_terminate_child(d->engine, now_of(d), child_id);
}

/* What the data path ought not to do any more and does is ended with it. */
static void check_sad(struct daemon *d)
{
	if (!rvl_sad_broken(d->sad) || d->stopping)
		return;
	log_error(&d->log, "the data path keeps what it must give up: ending");
	daemon_stop(d, EXIT_FAILURE);
}

static void take_out(struct daemon *d, uint64_t child_id, uint32_t spi_in)
{
	struct rvl_backend_error error = {""};
	int err = rvl_sad_child_remove(d->sad, child_id, &error);

	/* -ENOENT: it never got in. An SPI that the data path may still have isn't used again. */
	if (!err || err == -ENOENT)
		rvl_sad_release_spi(d->sad, spi_in);
	else if (!d->backend->ops->dead(d->backend))
		log_error(&d->log, "SA %08x isn't taken out of the data path: %s", spi_in,
			  error.text);
	check_sad(d);
}

struct selectors_of {
	uint64_t child_id;
	bool found;
	struct ike_ts_list local_ts;
	struct ike_ts_list remote_ts;
};

static void copy_selectors(void *context, const struct ike_sa_info *sa,
			   const struct ike_child_info *child)
{
	struct selectors_of *s = context;

	(void)sa;
	if (!child || child->id != s->child_id)
		return;
	s->found = true;
	s->local_ts = *child->local_ts;
	s->remote_ts = *child->remote_ts;
}

/* A NAT gave the peer another address or port. */
static void move_child(struct daemon *d, const struct ike_child_change *change)
{
	struct selectors_of s = {.child_id = change->child_id};
	struct rvl_backend_error error = {""};
	char reason[ROUTES_REASON] = "", text[IKE_ADDR_TEXT];
	int err = rvl_sad_child_move(d->sad, change->child_id, &change->local, &change->remote,
				     &error);

	ike_addr_text(&change->remote, text, sizeof(text));
	ike_list(d->engine, copy_selectors, &s);
	if (err)
		snprintf(reason, sizeof(reason), "%s", error.text);
	else if (s.found)
		err = routes_add(d->routes, &change->remote, &s.local_ts, &s.remote_ts, reason);
	if (!err) {
		log_info(&d->log, "SA %08x: its peer is at %s port %u now", change->spi_in, text,
			 change->remote.port);
		return;
	}
	log_info(&d->log, "SA %08x: its peer is at %s port %u now, and it is given up: %s",
		 change->spi_in, text, change->remote.port, reason);
	give_up_child(d, change->child_id, false);
}

static void install(struct daemon *d, const struct ike_child_install *i)
{
	const struct wish *w = find_wish(d, i->connection, i->child);
	struct rvl_backend_error error = {""};
	struct rvl_child child = {
		.id = i->child_id,
		.local = i->local,
		.remote = i->remote,
		.encap = i->encap,
		.spi_in = i->spi_in,
		.spi_out = i->spi_out,
		.key_in = i->keys_in.encr,
		.key_out = i->keys_out.encr,
		.key_len = i->keys_out.encr_len,
		.local_ts = &i->local_ts,
		.remote_ts = &i->remote_ts,
		.replay_window = i->replay_window,
	};
	char reason[ROUTES_REASON] = "";
	int err;

	if (d->stopping) {
		ike_child_installed(d->engine, now_of(d), i->child_id, -ESHUTDOWN,
				    "raveld is ending");
		return;
	}
	if (w) {
		child.df = w->child->df == CONF_DF_COPY ? RVL_ESP_DF_COPY : RVL_ESP_DF_CLEAR;
		child.copy_dscp = w->child->copy_dscp;
		child.lifetime = (struct rvl_lifetime){
			.soft_bytes = w->child->rekey_bytes,
			.hard_bytes = w->child->life_bytes,
			.soft_packets = w->child->rekey_packets,
			.hard_packets = w->child->life_packets,
		};
	}
	err = rvl_sad_child_inbound(d->sad, &child, &error);
	if (!err)
		err = rvl_sad_child_outbound(d->sad, i->child_id, &error);
	if (!err)
		err = rvl_sad_child_use(d->sad, i->child_id, &error);
	check_sad(d);
	if (err) {
		/* The core has what is there of it removed. */
		log_error(&d->log, "%s: the data path refuses the SA: %s", i->child, error.text);
		ike_child_installed(d->engine, now_of(d), i->child_id, err, error.text);
		return;
	}
	err = routes_add(d->routes, &i->remote, &i->local_ts, &i->remote_ts, reason);
	/* Without a way its traffic would go elsewhere: the core tells why, and has it removed. */
	ike_child_installed(d->engine, now_of(d), i->child_id, err, err ? reason : NULL);
}

static void plan_retry(struct daemon *d, struct wish *w)
{
	unsigned int doublings = w->failures < 5 ? w->failures : 5;
	uint64_t wait = (uint64_t)RETRY_MIN_MS << doublings;

	if (w->replace)
		wait = 0;
	else
		w->failures++;
	w->replace = false;
	w->retry_at = now_of(d) + (wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS) + 1;
}

static void child_down(struct daemon *d, const struct ike_event *e)
{
	struct wish *w = find_wish(d, e->connection, e->child);

	/* A child that never had a name was refused before it was known which one it is. */
	if (e->child[0])
		log_info(&d->log, "%s.%s is down: %s", e->connection, e->child, e->reason);
	control_child_event(d->control, e->connection, e->child, false, e->reason);
	if (w && !d->stopping && (w->wanted || w->replace))
		plan_retry(d, w);
}

static void child_up(struct daemon *d, const struct ike_event *e)
{
	struct wish *w = find_wish(d, e->connection, e->child);

	log_info(&d->log, "%s.%s is up", e->connection, e->child);
	if (w) {
		w->failures = 0;
		w->retry_at = 0;
		w->wanted |= w->child->dpd_action == CONF_DPD_RESTART;
	}
	control_child_event(d->control, e->connection, e->child, true, "");
}

static void core_log(struct daemon *d, const struct ike_log_line *line)
{
	static const enum log_level levels[] = {
		[IKE_LOG_ERROR] = LOG_LEVEL_ERROR,
		[IKE_LOG_WARNING] = LOG_LEVEL_WARNING,
		[IKE_LOG_INFO] = LOG_LEVEL_INFO,
		[IKE_LOG_DEBUG] = LOG_LEVEL_DEBUG,
	};

	log_write(&d->log, levels[line->level], "%s", line->text);
}

static void act(struct daemon *d, const struct ike_action *a)
{
	switch (a->type) {
	case IKE_ACTION_SEND:
		sockets_send(d->sockets, &a->send.local, &a->send.remote, a->send.marker,
			     a->send.data);
		break;
	case IKE_ACTION_CHILD_INSTALL:
		install(d, &a->install);
		break;
	case IKE_ACTION_CHILD_UPDATE:
		move_child(d, &a->change);
		break;
	case IKE_ACTION_CHILD_REMOVE:
		take_out(d, a->change.child_id, a->change.spi_in);
		break;
	case IKE_ACTION_IKE_UP:
		log_info(&d->log, "%s: IKE SA is up", a->event.connection);
		break;
	case IKE_ACTION_IKE_DOWN:
		log_info(&d->log, "%s: IKE SA is down: %s", a->event.connection, a->event.reason);
		break;
	case IKE_ACTION_CHILD_UP:
		child_up(d, &a->event);
		break;
	case IKE_ACTION_CHILD_DOWN:
		child_down(d, &a->event);
		break;
	case IKE_ACTION_LOG:
		core_log(d, &a->log);
		break;
	}
}

/* ------------------------------------------------------------------------------------- the loop */

static void retry_due(struct daemon *d, uint64_t now);

/* Children of IKE SAs that DPD is about to ask about. */
struct silent {
	const struct daemon *d;
	uint64_t now;
	uint64_t shortest_ms;
	size_t count;
	uint64_t ids[64]; /* of more, some peers are asked in vain: no harm */
};

static void find_silent(void *context, const struct ike_sa_info *sa,
			const struct ike_child_info *child)
{
	struct silent *s = context;
	const struct conf_connection *c;

	if (!child || child->state != IKE_CHILD_INSTALLED || sa->state != IKE_STATE_ESTABLISHED ||
	    s->now < sa->last_heard_at + s->shortest_ms ||
	    s->count == sizeof(s->ids) / sizeof(s->ids[0]))
		return;
	c = conf_find_connection(s->d->conf, sa->connection);
	if (c && c->dpd_delay && s->now >= sa->last_heard_at + (uint64_t)c->dpd_delay * 1000)
		s->ids[s->count++] = child->id;
}

/* Who sends on an SA is alive (RFC 7296, section 2.4). */
static void note_traffic(struct daemon *d, uint64_t now)
{
	struct silent s = {.d = d, .now = now, .shortest_ms = UINT64_MAX};

	for (size_t i = 0; i < d->conf->connection_count; i++) {
		uint64_t delay = (uint64_t)d->conf->connections[i].dpd_delay * 1000;

		if (delay && delay < s.shortest_ms)
			s.shortest_ms = delay;
	}
	if (s.shortest_ms == UINT64_MAX)
		return;
	ike_list(d->engine, find_silent, &s);
	for (size_t i = 0; i < s.count; i++)
		if (rvl_sad_child_heard(d->sad, s.ids[i]))
			ike_note_traffic(d->engine, now, s.ids[i]);
}

static void on_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	uint64_t now = now_of(d);

	note_traffic(d, now);
	ike_tick(d->engine, now);
	retry_due(d, now);
	negotiation_settle(d);
}

static uint64_t next_deadline(const struct daemon *d)
{
	uint64_t deadline = ike_next_deadline(d->engine);

	for (size_t i = 0; i < d->wish_count; i++)
		if (d->wishes[i].retry_at && d->wishes[i].retry_at < deadline)
			deadline = d->wishes[i].retry_at;
	return deadline;
}

void negotiation_settle(struct daemon *d)
{
	struct ike_action *action;
	uint64_t deadline, now;

	while ((action = ike_next_action(d->engine))) {
		act(d, action);
		ike_action_free(action);
	}
	control_check_down(d->control);
	if (d->stopping && !negotiation_count(d, NULL)) {
		uv_stop(&d->loop);
		return;
	}
	deadline = next_deadline(d);
	now = now_of(d);
	if (deadline == IKE_NEVER)
		uv_timer_stop(&d->timer);
	else
		uv_timer_start(&d->timer, on_timer, deadline > now ? deadline - now : 0, 0);
}

static void on_datagram(void *context, const struct ike_addr *local, const struct ike_addr *remote,
			struct ike_slice datagram)
{
	struct daemon *d = context;

	ike_receive(d->engine, now_of(d), local, remote, datagram);
	negotiation_settle(d);
}

static void on_sa_event(struct daemon *d, struct rvl_backend_event *event)
{
	bool damaged = event->events & RVL_ESP_EVENT_DAMAGED;
	uint64_t child_id;

	if (!rvl_sad_child_of_event(d->sad, event, &child_id))
		return;
	if (damaged)
		log_warning(&d->log,
			    "SA %08x (%s): its %s in the NIC's memory is damaged; it passes "
			    "nothing any more and is given up",
			    event->spi, event->direction == RVL_INBOUND ? "inbound" : "outbound",
			    event->damage);
	else
		log_info(&d->log, "SA %08x has reached a lifetime (events 0x%x) and is given up",
			 event->spi, event->events);
	give_up_child(d, child_id, damaged);
}

static void on_data_path_event(uv_poll_t *poll, int status, int events)
{
	struct daemon *d = poll->data;
	struct rvl_backend_event event;
	uint64_t count;

	(void)status;
	(void)events;
	if (read(d->backend->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_debug(&d->log, "data path events: %s", strerror(errno));
	while (d->backend->ops->next_event(d->backend, &event) > 0)
		on_sa_event(d, &event);
	daemon_check_data_path(d);
	negotiation_settle(d);
}

/* ---------------------------------------------------------------------------------- start, stop */

static int fill_connection(struct ike_connection *conn, const struct conf_connection *c,
			   const struct conf_daemon *daemon)
{
	if (daemon->retransmit_timeout)
		conn->retransmit_ms = (uint64_t)daemon->retransmit_timeout * 1000;
	if (daemon->retransmit_tries)
		conn->retransmit_tries = daemon->retransmit_tries;
	conn->local = c->local;
	conn->remote = c->remote;
	conn->local_id = c->local_id;
	conn->remote_id = c->remote_id;
	conn->encap = c->encap;
	conn->dpd_delay_ms = (uint64_t)c->dpd_delay * 1000;
	conn->proposal_count = c->proposal_count;
	memcpy(conn->proposals, c->proposals, sizeof(conn->proposals));
	switch (c->unique) {
	case CONF_UNIQUE_NO:
		conn->unique = IKE_UNIQUE_NO;
		break;
	case CONF_UNIQUE_NEVER:
		conn->unique = IKE_UNIQUE_NEVER;
		break;
	case CONF_UNIQUE_KEEP:
		conn->unique = IKE_UNIQUE_KEEP;
		break;
	case CONF_UNIQUE_REPLACE:
		conn->unique = IKE_UNIQUE_REPLACE;
		break;
	}
	for (size_t i = 0; i < c->child_count; i++) {
		const struct conf_child *from = &c->children[i];
		struct ike_child_config *to = ike_connection_add_child(conn, from->name);

		if (!to)
			return -ENOMEM;
		to->proposal_count = from->proposal_count;
		memcpy(to->proposals, from->proposals, sizeof(to->proposals));
		to->local_ts = from->local_ts;
		to->remote_ts = from->remote_ts;
		to->replay_window = from->replay_window;
	}
	return 0;
}

static int add_connection(struct daemon *d, const struct conf_connection *c)
{
	struct ike_connection *conn = ike_connection_new(c->name);
	int err = conn ? fill_connection(conn, c, &d->conf->daemon) : -ENOMEM;

	if (!err)
		err = ike_engine_add_connection(d->engine, conn);
	if (err)
		ike_connection_free(conn);
	return err;
}

static int add_secrets(struct daemon *d)
{
	for (size_t i = 0; i < d->conf->secret_count; i++) {
		struct conf_secret *s = &d->conf->secrets[i];
		int err = ike_engine_add_psk(d->engine, s->owners, (unsigned int)s->owner_count,
					     ike_secret_slice(&s->secret));

		if (err)
			return err;
		ike_secret_clear(&s->secret);
	}
	return 0;
}

static int make_wishes(struct daemon *d)
{
	size_t count = 0, at = 0;

	for (size_t i = 0; i < d->conf->connection_count; i++)
		count += d->conf->connections[i].child_count;
	d->wishes = calloc(count + 1, sizeof(*d->wishes));
	if (!d->wishes)
		return -ENOMEM;
	for (size_t i = 0; i < d->conf->connection_count; i++) {
		const struct conf_connection *c = &d->conf->connections[i];

		for (size_t k = 0; k < c->child_count; k++) {
			bool start = c->children[k].start == CONF_START_START;

			d->wishes[at++] = (struct wish){
				.connection = c,
				.child = &c->children[k],
				.wanted = start,
				.retry_at = start ? now_of(d) + 1 : 0,
			};
		}
	}
	d->wish_count = count;
	return 0;
}

int negotiation_start(struct daemon *d)
{
	const struct conf_daemon *c = &d->conf->daemon;
	const struct ike_engine_config config = {
		.random = {.fill = fill_random},
		.alloc_spi = alloc_spi,
		.release_spi = release_spi,
		.context = d,
		.port = c->port,
		.port_natt = c->port_nat,
		.keepalive_ms = c->keepalive ? (uint64_t)c->keepalive * 1000 : IKE_NEVER,
		.log_level = (enum ike_log_level)d->log.level,
	};
	int err;

	d->engine = ike_engine_new(&config);
	err = d->engine ? make_wishes(d) : -ENOMEM;
	if (!err)
		err = add_secrets(d);
	for (size_t i = 0; !err && i < d->conf->connection_count; i++)
		err = add_connection(d, &d->conf->connections[i]);
	if (err) {
		log_error(&d->log, "the IKE core can't start: %s", strerror(-err));
		return err;
	}
	err = sockets_open(&d->loop, c->port, c->port_nat, &d->log, on_datagram, d, &d->sockets);
	if (!err)
		err = protect_all(d);
	if (err)
		return err;
	uv_timer_init(&d->loop, &d->timer);
	uv_poll_init(&d->loop, &d->events, d->backend->event_fd);
	d->timer.data = d;
	d->events.data = d;
	return uv_poll_start(&d->events, UV_READABLE, on_data_path_event);
}

void negotiation_stop(struct daemon *d)
{
	for (size_t i = 0; i < d->wish_count; i++) {
		d->wishes[i].wanted = false;
		d->wishes[i].retry_at = 0;
	}
	ike_terminate_all(d->engine, now_of(d));
	negotiation_settle(d);
}

/* ------------------------------------------------------------------------------ operators' wishes
 */

static const char *initiate_reason(int err)
{
	switch (err) {
	case -EDESTADDRREQ:
		return "no remote address is configured";
	case -EADDRNOTAVAIL:
		return "no route to the peer";
	case -EBUSY:
		return "too many IKE SAs";
	case -ENOSPC:
		return "no room for another SA in the data path";
	default:
		return strerror(-err);
	}
}

static int initiate(struct daemon *d, const struct wish *w)
{
	struct ike_addr local;
	bool have_local = protect_local_address(d, w, &local);
	uint64_t id;

	return ike_initiate(d->engine, now_of(d), w->connection->name, w->child->name,
			    have_local ? &local : NULL, &id);
}

static void retry_due(struct daemon *d, uint64_t now)
{
	for (size_t i = 0; i < d->wish_count; i++) {
		struct wish *w = &d->wishes[i];
		int err;

		if (!w->retry_at || w->retry_at > now)
			continue;
		w->retry_at = 0;
		err = initiate(d, w);
		if (!err || err == -EALREADY)
			continue;
		log_warning(&d->log, "%s.%s: %s", w->connection->name, w->child->name,
			    initiate_reason(err));
		plan_retry(d, w);
	}
}

int negotiation_up(struct daemon *d, const char *name, const char **connection, const char **child,
		   char *reason, size_t len)
{
	struct wish *w = NULL;
	int err;

	for (size_t i = 0; !w && i < d->wish_count; i++)
		if (!strcmp(d->wishes[i].child->name, name) ||
		    !strcmp(d->wishes[i].connection->name, name))
			w = &d->wishes[i];
	if (!w) {
		snprintf(reason, len, "no connection or child \"%s\" is configured", name);
		return -ENOENT;
	}
	*connection = w->connection->name;
	*child = w->child->name;
	w->wanted = w->child->start == CONF_START_START;
	w->retry_at = 0;
	err = initiate(d, w);
	if (err)
		snprintf(reason, len, "%s.%s: %s", *connection, *child, initiate_reason(err));
	return err;
}

struct census {
	const char *name;
	size_t count;
	uint64_t ids[64]; /* of what is to be terminated; more of them wait for the next round */
	bool ike[64];
};

static void take_census(void *context, const struct ike_sa_info *sa,
			const struct ike_child_info *child)
{
	struct census *c = context;
	const char *name = child ? child->name : sa->connection;

	if ((c->name && strcmp(name, c->name)) || (!c->name && child))
		return;
	if (sa->state == IKE_STATE_DEAD)
		return;
	if (c->count < sizeof(c->ids) / sizeof(c->ids[0])) {
		c->ids[c->count] = child ? child->id : sa->id;
		c->ike[c->count] = !child;
	}
	c->count++;
}

size_t negotiation_count(struct daemon *d, const char *name)
{
	struct census census = {.name = name};

	ike_list(d->engine, take_census, &census);
	return census.count;
}

int negotiation_down(struct daemon *d, const char *name, char *reason, size_t len)
{
	struct census census = {.name = name};
	bool known = false;

	for (size_t i = 0; i < d->wish_count; i++) {
		struct wish *w = &d->wishes[i];

		if (strcmp(w->connection->name, name) != 0 && strcmp(w->child->name, name) != 0)
			continue;
		known = true;
		w->wanted = false;
		w->retry_at = 0;
	}
	if (!known) {
		snprintf(reason, len, "no connection or child \"%s\" is configured", name);
		return -ENOENT;
	}
	ike_list(d->engine, take_census, &census);
	if (!census.count) {
		snprintf(reason, len, "%s isn't up", name);
		return -ENOENT;
	}
	for (size_t i = 0; i < census.count && i < sizeof(census.ids) / sizeof(census.ids[0]);
	     i++) {
		if (census.ike[i])
			ike_terminate(d->engine, now_of(d), census.ids[i]);
		else
			ike_terminate_child(d->engine, now_of(d), census.ids[i]);
	}
	return 0;
}
