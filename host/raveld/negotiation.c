// SPDX-License-Identifier: BSD-2-Clause
/* The IKE core in the loop: datagrams and time in, actions out. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "host/eap/eap.h"
#include "host/raveld/control.h"
#include "host/raveld/daemon.h"
#include "host/raveld/fetch.h"
#include "host/raveld/lasting.h"
#include "host/raveld/radius.h"

#define RETRY_MIN_MS 2000
#define RETRY_MAX_MS 60000
#define LATE_MS 1000 /* that a timer may be late before something is wrong */

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

static uint32_t alloc_spi(void *context, uint32_t replaces)
{
	return rvl_sad_alloc_spi(((struct daemon *)context)->sad, replaces);
}

static void release_spi(void *context, uint32_t spi)
{
	rvl_sad_release_spi(((struct daemon *)context)->sad, spi);
}

/* Who sends on an SA is alive (RFC 7296, section 2.4). */
static bool heard(void *context, uint64_t child_id)
{
	return rvl_sad_child_heard(((struct daemon *)context)->sad, child_id);
}

static bool local_address(void *context, const struct ike_addr *remote, struct ike_addr *local)
{
	return protect_local_address(context, remote, local);
}

static uint64_t now_of(struct daemon *d)
{
	uv_update_time(&d->loop);
	return uv_now(&d->loop);
}

/* ------------------------------------------------------------------------- what the core wants */

/* Of a lifetime the initiator knows too; of damage only this side. */
static bool is_ours_to_replace(const struct ike_sa_info *sa, const struct wish *w, bool damaged)
{
	return w->wanted || sa->initiator || (damaged && ike_hosts_has_one(&w->connection->remote));
}

/* An SA that can't go on is given up and, by its initiator, negotiated anew. */
static void give_up_child(struct daemon *d, uint64_t child_id, bool damaged)
{
	struct ike_child_info child;
	struct ike_sa_info sa;
	struct wish *w;

	if (!ike_find_child(d->engine, child_id, &sa, &child))
		return;
	w = wishes_find(d, sa.connection, child.name);
	if (w && child_id > w->before && is_ours_to_replace(&sa, w, damaged))
		w->replace = true;
	if (sa.child_count == 1)
		ike_terminate(d->engine, now_of(d), sa.id);
	else
		ike_terminate_child(d->engine, now_of(d), child_id);
}

/* When to try again after another failure. */
static uint64_t next_try(struct daemon *d, const struct wish *w)
{
	unsigned int doublings = w->failures < 5 ? w->failures : 5;
	uint64_t wait = (uint64_t)RETRY_MIN_MS << doublings;

	return now_of(d) + (wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS) + 1;
}

static void plan_retry(struct daemon *d, struct wish *w)
{
	unsigned int most = w->connection->keyingtries;
	uint64_t at = w->replace ? now_of(d) + 1 : next_try(d, w);

	if (!w->replace)
		w->failures++;
	w->replace = false;
	if (most && w->failures >= most) {
		log_warning(&d->log, "%s.%s: given up after %u failures in a row (keyingtries)",
			    w->connection->name, w->child->name, w->failures);
		w->wanted = false;
		w->failures = 0;
		return;
	}
	agenda_retry(&d->agenda, w, at);
}

/* Packets wait for what didn't come. */
static void trap_failed(struct daemon *d, struct wish *w)
{
	traps_give_up(d, w, next_try(d, w));
	w->failures++;
}

static void set_trap_after(struct daemon *d, struct wish *w, enum ike_cause cause)
{
	if ((cause == IKE_CAUSE_DEAD && w->child->dpd_action == CONF_DPD_TRAP) ||
	    (cause == IKE_CAUSE_PEER && w->child->close_action == CONF_CLOSE_TRAP))
		traps_set(d, w);
}

/* A peer may narrow to what the packet isn't of. */
static bool is_what_waits(struct daemon *d, const struct wish *w, uint64_t child_id)
{
	const struct ike_ts_list local = {.count = 1, .list = {w->packet[0]}};
	const struct ike_ts_list remote = {.count = 1, .list = {w->packet[1]}};
	struct ike_child_info child;
	struct ike_sa_info sa;

	return ike_find_child(d->engine, child_id, &sa, &child) &&
	       ike_ts_subset(&local, &child.local_ts) && ike_ts_subset(&remote, &child.remote_ts);
}

/* Those who wait for the child learn whether it is tried again, so that is decided first. */
static void try_failed(struct daemon *d, struct wish *w, const char *reason)
{
	unsigned int number = w->failures + 1;

	/* Several Child SAs of it that fail at once are one failure. */
	if (!d->stopping && (w->replace || (w->wanted && !w->retry_at)))
		plan_retry(d, w);
	if (w->sprung && !w->retry_at)
		trap_failed(d, w);
	control_child_failed(d->control, w, number, reason);
}

/* Is it about an SA by what was configured before? */
static bool is_of_before(const struct wish *w, const struct ike_event *e)
{
	return e->child_id ? e->child_id <= w->before : w->before == UINT64_MAX;
}

static void child_down(struct daemon *d, const struct ike_event *e)
{
	struct wish *w = wishes_find(d, e->connection, e->child);

	/* A child that never had a name was refused before it was known which one it is. */
	if (e->child[0])
		log_info(&d->log, "%s.%s is down: %s", e->connection, e->child, e->reason);
	if (w && is_of_before(w, e)) {
		w->there = true;
		return;
	}
	if (w && e->cause == IKE_CAUSE_PEER && w->child->close_action == CONF_CLOSE_START)
		w->replace = true;
	if (!w)
		return;
	/* By no fault of its own, but of another child that it was to have an IKE SA with. */
	if (d->reloading)
		w->replace = true;
	if (!d->stopping)
		set_trap_after(d, w, e->cause);
	try_failed(d, w, e->reason);
}

static void child_up(struct daemon *d, const struct ike_event *e)
{
	struct wish *w = wishes_find(d, e->connection, e->child);
	bool partial = ike_is_partial(d->engine, e->connection, e->child), served;

	log_info(&d->log, "%s.%s is up%s", e->connection, e->child,
		 partial ? ", but for other pairs of its selectors" : "");
	if (w && !is_of_before(w, e)) {
		served = !w->sprung || is_what_waits(d, w, e->child_id);
		if (served) {
			traps_release(d, w);
		} else {
			log_warning(&d->log,
				    "%s.%s: the peer has narrowed it to other traffic "
				    "than what waits for it",
				    e->connection, e->child);
			trap_failed(d, w);
		}
		w->wanted |= w->child->dpd_action == CONF_DPD_RESTART;
		if (partial)
			return;
		agenda_retry(&d->agenda, w, 0);
		if (served)
			w->failures = 0;
		control_child_up(d->control, w);
	}
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

static void give_lease(struct daemon *d, struct ike_job *job)
{
	const struct conf_connection *c = conf_find_connection(d->conf, job->lease.connection);

	if (c) {
		pools_give(d->pools, c, job);
		return;
	}
	job->error = -ENOENT;
	snprintf(job->reason, sizeof(job->reason), "its connection isn't configured any more");
}

/* Worker threads do what is work, and ask for names; the data path is this thread's. */
static void take_job(struct daemon *d, struct ike_action *a)
{
	struct ike_job *job = a->job;
	struct radius_relay relay;

	a->job = NULL;
	if (job->type == IKE_JOB_EAP && eap_is_relayed(d->eap, job, &relay)) {
		if (radius_run(d->radius, &relay, job))
			ike_job_done(d->engine, now_of(d), job);
		return;
	}
	if (ike_job_is_work(job) || ike_job_is_proof(job) || job->type == IKE_JOB_RESOLVE) {
		jobs_add(d->jobs, job);
		return;
	}
	if (job->type == IKE_JOB_LEASE)
		give_lease(d, job);
	else if (job->type == IKE_JOB_WAYS)
		follow_find_ways(d, &job->ways);
	else
		children_do(d, job);
	ike_job_done(d->engine, now_of(d), job);
}

static void on_settled(void *context)
{
	negotiation_settle(context);
}

static void on_job_done(void *context, struct ike_job *job)
{
	struct daemon *d = context;

	ike_job_done(d->engine, now_of(d), job);
	negotiation_settle(d);
}

/* What shows by its packets what a path takes has them made by the data path. */
static bool may_leave(struct daemon *d, const struct ike_send *send)
{
	return send->packets == IKE_PACKETS_ANY ||
	       datapath_await(d->datapath, send->data.data,
			      send->packets == IKE_PACKETS_CUT ? RVL_OWN_IKE_CUT
							       : RVL_OWN_IKE_WHOLE);
}

static void act(struct daemon *d, struct ike_action *a)
{
	switch (a->type) {
	case IKE_ACTION_SEND:
		if (!may_leave(d, &a->send))
			break;
		if (a->send.local.tcp)
			streams_send(d->streams, &(struct ike_pair){a->send.local, a->send.remote},
				     a->send.data);
		else
			sockets_send(d->sockets, &a->send.local, &a->send.remote, a->send.marker,
				     a->send.data);
		break;
	case IKE_ACTION_REACH:
		protect_reach(d, &a->reach.local, &a->reach.remote);
		break;
	case IKE_ACTION_JOB:
		take_job(d, a);
		break;
	case IKE_ACTION_CHILD_UPDATE:
		if (!children_move(d, &a->change))
			give_up_child(d, a->change.child_id, false);
		break;
	case IKE_ACTION_CHILD_SKIP:
		if (!children_skip(d, &a->skip))
			give_up_child(d, a->skip.child_id, false);
		break;
	case IKE_ACTION_CHILD_REMOVE:
		children_remove(d, &a->removed);
		break;
	case IKE_ACTION_LEASED:
		vips_take(d->vips, &a->leased);
		follow_refresh(d);
		break;
	case IKE_ACTION_RELEASED:
		if (a->released.ours) {
			vips_give_back(d->vips, a->released.lease_id);
			follow_refresh(d);
			routes_restore(d->routes);
		} else {
			pools_release(d->pools, a->released.lease_id);
		}
		break;
	case IKE_ACTION_PATH_MTU:
		paths_learn(d, &a->path_mtu);
		break;
	case IKE_ACTION_IKE_UP:
		log_info(&d->log, "%s: IKE SA is up", a->event.connection);
		break;
	case IKE_ACTION_IKE_DOWN:
		accounting_end(d->accounting, a->event.ike_id, a->event.cause, d->stopping);
		log_info(&d->log, "%s: IKE SA is down: %s", a->event.connection, a->event.reason);
		break;
	case IKE_ACTION_CHILD_UP:
		child_up(d, &a->event);
		break;
	case IKE_ACTION_IKE_REKEYED:
		accounting_rekeyed(d->accounting, a->event.old_id, a->event.ike_id);
		log_info(&d->log, "%s: IKE SA is rekeyed", a->event.connection);
		break;
	case IKE_ACTION_CHILD_REKEYED:
		log_info(&d->log, "%s.%s is rekeyed", a->event.connection, a->event.child);
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

static void on_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	uint64_t now = now_of(d), due = ike_next_deadline(d->engine);

	/* Who stood still reads first: it may be what is waited for. */
	if (due != IKE_NEVER && now > due + LATE_MS)
		sockets_receive(d->sockets);
	ike_tick(d->engine, now);
	retry_due(d, now);
	negotiation_settle(d);
}

static uint64_t next_deadline(const struct daemon *d)
{
	uint64_t deadline = ike_next_deadline(d->engine), at;

	return agenda_first(&d->agenda, &at) && at < deadline ? at : deadline;
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
	if (d->stopping && !ike_sa_count(d->engine) && accounting_is_settled(d->accounting)) {
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
	const uint32_t soft =
		RVL_ESP_EVENT_SOFT_BYTES | RVL_ESP_EVENT_SOFT_PACKETS | RVL_ESP_EVENT_SEQUENCE_SOON;
	bool damaged = event->events & RVL_ESP_EVENT_DAMAGED;
	uint64_t child_id;

	if (event->events == RVL_BACKEND_EVENT_ACQUIRE) {
		if (rvl_sad_spring(d->sad, &event->packet, &event->scope))
			traps_sprung(d);
		else
			acquires_take(d, event);
		return;
	}
	if (event->events == RVL_BACKEND_EVENT_LINK) {
		if (event->up)
			log_info(&d->log, "the NIC's link is up");
		else
			log_warning(&d->log, "the NIC's link is down: nothing goes to the wire or "
					     "comes from it");
		return;
	}
	if (!rvl_sad_child_of_event(d->sad, event, &child_id))
		return;
	if (event->events & RVL_ESP_EVENT_MOVED) {
		const struct ike_addr from = ike_addr_of(&event->src, event->src_port);

		ike_seen_elsewhere(d->engine, now_of(d), child_id, &from);
		event->events &= ~RVL_ESP_EVENT_MOVED;
		if (!event->events)
			return;
	}
	if (!(event->events & ~soft)) {
		log_info(&d->log, "SA %08x is near a lifetime (events 0x%x): it is rekeyed",
			 event->spi, event->events);
		ike_rekey_child(d->engine, now_of(d), child_id);
		return;
	}
	if (damaged)
		log_warning(&d->log,
			    "SA %08x (%s): its %s; it passes nothing any more and is given up",
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

	(void)status;
	(void)events;
	while (d->backend->ops->next_event(d->backend, &event) > 0)
		on_sa_event(d, &event);
	daemon_check_data_path(d);
	negotiation_settle(d);
}

/* ---------------------------------------------------------------------------------- start, stop */

static struct rvl_backend_info backend_info(const struct daemon *d)
{
	struct rvl_backend_info info;

	d->backend->ops->info(d->backend, &info);
	return info;
}

/* 0 or -ENOMEM. */
static int account(struct daemon *d, const struct ike_random *random)
{
	const struct accounting_config config = {
		.loop = &d->loop,
		.log = &d->log,
		.radius = d->radius,
		.random = *random,
		.count = children_count,
		.settled = on_settled,
		.context = d,
	};

	d->accounting = accounting_open(&config);
	return d->accounting ? 0 : -ENOMEM;
}

int negotiation_start(struct daemon *d)
{
	const struct conf_daemon *c = &d->conf->daemon;
	const struct rvl_backend_info info = backend_info(d);
	uint8_t qcd_secret[LASTING_SECRET_LEN];
	bool qcd = c->qcd_secret[0] && !lasting_secret(c->qcd_secret, &d->log, qcd_secret);
	const struct ike_engine_config config = {
		.random = {.fill = fill_random},
		.alloc_spi = alloc_spi,
		.release_spi = release_spi,
		.heard = heard,
		.tells_moves = info.abilities.events & RVL_ESP_EVENT_MOVED,
		.processors = info.abilities.per_cpu,
		.local_address = local_address,
		.link_mtu = d->backend->frames ? paths_link_mtu : NULL,
		.context = d,
		.port = c->port,
		.port_natt = c->port_nat,
		.fragment_size = c->fragment_size,
		.abilities = &info.abilities,
		.limits = c->limits,
		.qcd_secret = qcd ? qcd_secret : NULL,
		.keepalive_ms = c->keepalive ? (uint64_t)c->keepalive * 1000 : IKE_NEVER,
		.ignore_redirects = !c->follow_redirects,
		.redirect_ms = (uint64_t)c->redirect_timeout * 1000,
		.log_level = (enum ike_log_level)d->log.level,
	};
	int err;

	d->engine = ike_engine_new(&config);
	OPENSSL_cleanse(qcd_secret, sizeof(qcd_secret));
	d->fetch = fetch_open(&d->loop, &d->log);
	d->jobs = d->fetch ? jobs_open(&d->loop, d->fetch, on_job_done, d) : NULL;
	d->radius = radius_open(&d->loop, &d->log, on_job_done, d);
	err = d->engine && d->jobs && d->radius ? radius_configure(d->radius, &d->conf->radius)
						: -ENOMEM;
	if (!err) {
		fetch_configure(d->fetch, &c->fetch);
		err = account(d, &config.random);
	}
	if (!err)
		err = wishes_make(d);
	if (!err)
		err = ike_engine_redirect_all(d->engine, &c->redirect_to);
	if (!err)
		err = wishes_add_secrets(d);
	if (!err)
		jobs_set_trust(d->jobs, d->trust, d->eap);
	for (size_t i = 0; !err && i < d->conf->connection_count; i++)
		if (d->conf->connections[i].child_count)
			err = wishes_add_connection(d, &d->conf->connections[i]);
	if (err) {
		log_error(&d->log, "the IKE core can't start: %s", strerror(-err));
		return err;
	}
	err = sockets_open(&d->loop, c->port, c->port_nat, !d->backend->frames, &d->log,
			   on_datagram, d, &d->sockets);
	if (!err)
		err = tcp_start(d);
	if (!err)
		err = protect_all(d);
	if (!err)
		err = traps_start(d);
	if (err)
		return err;
	follow_roam(d);
	uv_timer_init(&d->loop, &d->timer);
	rekeying_open(d);
	acquires_open(d);
	uv_poll_init(&d->loop, &d->events, d->backend->event_fd);
	d->timer.data = d;
	d->events.data = d;
	return uv_poll_start(&d->events, UV_READABLE, on_data_path_event);
}

void negotiation_stop(struct daemon *d)
{
	for (size_t i = 0; i < d->wish_count; i++) {
		d->wishes[i]->wanted = false;
		agenda_retry(&d->agenda, d->wishes[i], 0);
		control_child_ended(d->control, d->wishes[i], "raveld is ending");
	}
	rekeying_stop(d);
	acquires_stop(d);
	traps_give_up_all(d);
	ike_terminate_all(d->engine, now_of(d));
	accounting_stop(d->accounting);
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
	case -EAFNOSUPPORT:
		return "the data path or, in transport mode, the two hosts have nothing of its "
		       "selectors";
	case -EOPNOTSUPP:
		return "its peer comes in by EAP, and so begins itself";
	case -EBUSY:
		return "too many IKE SAs";
	case -ENOSPC:
		return "no room for another SA in the data path";
	default:
		return strerror(-err);
	}
}

static int initiate(struct daemon *d, const struct wish *w, const struct ike_ts packet[2])
{
	uint64_t id;
	int err = ike_initiate(d->engine, now_of(d), w->connection->name, w->child->name, packet,
			       &id);

	if (!err)
		control_child_trying(d->control, w);
	return err;
}

static void retry(struct daemon *d, struct wish *w)
{
	int err;

	agenda_retry(&d->agenda, w, 0);
	err = initiate(d, w, w->sprung ? w->packet : NULL);
	if (!err || err == -EALREADY || err == -EISCONN)
		return;
	log_warning(&d->log, "%s.%s: %s", w->connection->name, w->child->name,
		    initiate_reason(err));
	try_failed(d, w, initiate_reason(err));
}

static void retry_due(struct daemon *d, uint64_t now)
{
	struct wish *w;
	uint64_t at;

	while ((w = agenda_first(&d->agenda, &at)) && at <= now) {
		if (w->listen_at && w->listen_at <= now)
			traps_listen(d, w);
		else
			retry(d, w);
	}
}

void negotiation_spring(struct daemon *d, struct wish *w)
{
	int err = initiate(d, w, w->packet);

	if (err == -EISCONN) {
		traps_release(d, w);
		return;
	}
	w->sprung = true;
	if (!err || err == -EALREADY)
		return;
	log_warning(&d->log, "%s.%s: %s", w->connection->name, w->child->name,
		    initiate_reason(err));
	try_failed(d, w, initiate_reason(err));
}

struct wish *negotiation_find(struct daemon *d, const char *name, char *reason, size_t len)
{
	for (size_t i = 0; i < d->wish_count; i++)
		if (!strcmp(d->wishes[i]->child->name, name) ||
		    !strcmp(d->wishes[i]->connection->name, name))
			return d->wishes[i];
	snprintf(reason, len, "no connection or child \"%s\" is configured", name);
	return NULL;
}

int negotiation_up(struct daemon *d, struct wish *w)
{
	int err;

	w->wanted |= w->child->start == CONF_START_START;
	agenda_retry(&d->agenda, w, 0);
	err = initiate(d, w, NULL);
	if (err && err != -EALREADY && err != -EISCONN)
		try_failed(d, w, initiate_reason(err));
	return err;
}

struct census {
	const char *name;
	size_t count;
	struct named_sa *list; /* what has that name, if it is wanted */
};

static void take_census(void *context, const struct ike_sa_info *sa,
			const struct ike_child_info *child)
{
	struct census *c = context;

	if (sa->state == IKE_STATE_DEAD || strcmp(child ? child->name : sa->connection, c->name))
		return;
	if (c->list)
		c->list[c->count] =
			(struct named_sa){.id = child ? child->id : sa->id, .ike = !child};
	c->count++;
}

static size_t count_all(const struct daemon *d, const char *name)
{
	struct census census = {.name = name};

	ike_list(d->engine, take_census, &census);
	return census.count;
}

bool negotiation_is_down(struct daemon *d, const char *name, struct ike_listing *sas)
{
	struct census census = {.name = name};
	struct ike_listing ahead = *sas;

	while (ike_listing_next(d->engine, &ahead, take_census, &census) && !census.count)
		sas->next = ahead.next;
	if (census.count)
		return false;
	/* One that was passed by may have become one of that name. */
	if (!count_all(d, name))
		return true;
	ike_listing_end(d->engine, sas);
	ike_listing_begin(d->engine, sas);
	return false;
}

/* All that have the name, however many there are; the caller frees the list. -ENOMEM: nothing. */
static int census_of(struct daemon *d, const char *name, struct census *census)
{
	size_t count = count_all(d, name);

	*census = (struct census){.name = name};
	census->list = calloc(count + 1, sizeof(*census->list));
	if (!census->list)
		return -ENOMEM;
	ike_list(d->engine, take_census, census);
	return 0;
}

/* All that have the name; those that are being rekeyed or deleted are passed over. */
int negotiation_rekey(struct daemon *d, const char *name, char *reason, size_t len)
{
	struct census census;
	int err = census_of(d, name, &census);

	if (!err)
		err = census.count ? rekeying_add(d, census.list, census.count) : -ENOENT;
	free(census.list);
	switch (err) {
	case -ENOMEM:
		snprintf(reason, len, "out of memory");
		break;
	case -EBUSY:
		snprintf(reason, len, "%s is being rekeyed or deleted already", name);
		break;
	case -ENOENT:
		snprintf(reason, len, "%s isn't up", name);
		break;
	default:
		break;
	}
	return err;
}

int negotiation_down(struct daemon *d, const char *name, char *reason, size_t len)
{
	struct census census;
	bool known = false, planned = false;

	for (size_t i = 0; i < d->wish_count; i++) {
		struct wish *w = d->wishes[i];

		if (strcmp(w->connection->name, name) != 0 && strcmp(w->child->name, name) != 0)
			continue;
		known = true;
		planned |= w->retry_at;
		w->wanted = false;
		agenda_retry(&d->agenda, w, 0);
		w->failures = 0;
		control_child_ended(d->control, w, "taken down by another request");
	}
	if (!known) {
		snprintf(reason, len, "no connection or child \"%s\" is configured", name);
		return -ENOENT;
	}
	if (census_of(d, name, &census)) {
		snprintf(reason, len, "out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < census.count; i++) {
		if (census.list[i].ike)
			ike_terminate(d->engine, now_of(d), census.list[i].id);
		else
			ike_terminate_child(d->engine, now_of(d), census.list[i].id);
	}
	free(census.list);
	if (census.count || planned)
		return 0;
	snprintf(reason, len, "%s isn't up", name);
	return -ENOENT;
}
