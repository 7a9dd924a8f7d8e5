// SPDX-License-Identifier: BSD-2-Clause
/*
 * The configuration is read anew. First all is planned and checked, and whatever can fail before
 * anything changes does so. Then what is new is protected, the core is told, SAs of what went or is
 * another are deleted, and what is to be up is negotiated. What can't be protected isn't negotiated
 * either: its flows stay closed, and the next reload tries again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/eap/eap.h"
#include "host/raveld/control.h"
#include "host/raveld/daemon.h"
#include "host/raveld/fetch.h"
#include "host/raveld/radius.h"
#include "host/trust/trust.h"

#define NAMES_MAX 4 /* in a line of text */

struct reload {
	struct daemon *d;
	struct conf *conf;		/* the new one, and then the old one */
	struct trust *trust;		/* the same */
	struct eap *eap;		/* the same */
	enum wish_change *connections;	/* what becomes of each of the new one */
	const struct conf_child **olds; /* what each wish was about; NULL: nothing */
	struct wish **wishes;		/* of the new one, in its order */
	size_t wish_count;
	struct wish **gone;
	size_t gone_count;
	uint64_t *ids; /* of IKE SAs (ike) and Child SAs to delete */
	bool *ike;
	size_t id_count;
	uint64_t last_id;
	bool differs;	   /* other connections or children, or with other selectors */
	bool pools_differ; /* or pools with other addresses */
	size_t failures;
	char failed[320]; /* the first one */
};

__attribute__((format(printf, 2, 3))) static void fail(struct reload *r, const char *format, ...)
{
	char text[sizeof(r->failed)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_error(&r->d->log, "reload: %s", text);
	if (!r->failures++)
		memcpy(r->failed, text, sizeof(text));
}

static void fail_wish(struct reload *r, struct wish *w, const char *reason)
{
	w->failed = true;
	fail(r, "%s:%u: connections.%s.children.%s: %s; it stays closed", w->child->file,
	     w->child->line, w->connection->name, w->child->name, reason);
}

/* ------------------------------------------------------------------------------------------ plan
 */

static enum wish_change change_of(enum conf_change change)
{
	switch (change) {
	case CONF_UNCHANGED:
		return WISH_UNCHANGED;
	case CONF_ADJUSTED:
		return WISH_ADJUSTED;
	default:
		return WISH_REPLACED;
	}
}

static enum wish_change greater(enum wish_change a, enum wish_change b)
{
	return a > b ? a : b;
}

static int plan_child(struct reload *r, const struct conf_connection *c,
		      const struct conf_child *child, enum wish_change whole)
{
	struct wish *w = wishes_find(r->d, c->name, child->name);

	if (w) {
		w->change = greater(whole, change_of(conf_compare_child(w->child, child)));
		if (w->failed)
			w->change = WISH_REPLACED;
		r->olds[r->wish_count] = w->child;
	} else {
		w = wishes_add(r->d, c, child);
		if (!w)
			return -ENOMEM;
		w->change = WISH_ADDED;
	}
	r->differs |= w->change >= WISH_REPLACED;
	r->wishes[r->wish_count++] = w;
	return 0;
}

static int plan_connection(struct reload *r, size_t at, bool all)
{
	const struct conf_connection *c = &r->conf->connections[at];
	const struct conf_connection *old = conf_find_connection(r->d->conf, c->name);
	enum wish_change whole = old ? change_of(conf_compare_connection(old, c)) : WISH_UNCHANGED;
	bool differs = all || (old && old->child_count != c->child_count);

	for (size_t k = 0; k < c->child_count; k++) {
		int err = plan_child(r, c, &c->children[k], whole);

		if (err)
			return err;
		differs |= r->wishes[r->wish_count - 1]->change != WISH_UNCHANGED;
	}
	if (!old)
		whole = WISH_ADDED;
	r->connections[at] = differs ? greater(whole, WISH_ADJUSTED) : whole;
	return 0;
}

/* What is in section raveld for all connections. */
static bool is_for_all(const struct conf_daemon *old, const struct conf_daemon *new)
{
	return old->retransmit_timeout != new->retransmit_timeout ||
	       old->retransmit_tries != new->retransmit_tries;
}

static int plan(struct reload *r)
{
	bool all = is_for_all(&r->d->conf->daemon, &r->conf->daemon);
	size_t children = 0;
	int err = 0;

	for (size_t i = 0; i < r->conf->connection_count; i++)
		children += r->conf->connections[i].child_count;
	r->connections = calloc(r->conf->connection_count + 1, sizeof(*r->connections));
	r->wishes = calloc(children + 1, sizeof(struct wish *));
	r->olds = calloc(children + 1, sizeof(struct conf_child *));
	r->gone = calloc(r->d->wish_count + 1, sizeof(struct wish *));
	if (!r->connections || !r->wishes || !r->olds || !r->gone)
		return -ENOMEM;
	for (size_t i = 0; i < r->d->wish_count; i++) {
		r->d->wishes[i]->change = WISH_GONE;
		r->d->wishes[i]->there = false;
	}
	for (size_t i = 0; !err && i < r->conf->connection_count; i++)
		err = plan_connection(r, i, all);
	for (size_t i = 0; !err && i < r->d->wish_count; i++)
		if (r->d->wishes[i]->change == WISH_GONE)
			r->gone[r->gone_count++] = r->d->wishes[i];
	r->pools_differ = !conf_pools_are_same(r->d->conf, r->conf);
	r->differs |=
		r->gone_count > 0 || r->pools_differ || !conf_shunts_are_same(r->d->conf, r->conf);
	return err;
}

/* Nothing comes of it. */
static void forget_plan(struct reload *r)
{
	for (size_t i = 0; i < r->wish_count; i++) {
		struct wish *w = r->wishes[i];

		if (w->change != WISH_ADDED)
			continue;
		HASH_DELETE(hh, r->d->wishes_by_name, w);
		free(w);
	}
}

/* What its peers may be given counts, too. */
static bool is_protected_anew(const struct reload *r, const struct wish *w,
			      const struct conf_connection *c)
{
	return w->change >= WISH_REPLACED || (r->pools_differ && c->pool_count);
}

/* What the file's reader can't know. */
static int check(struct reload *r, struct conf_error *error)
{
	struct rvl_backend_error reason = {""};
	struct rvl_backend_info info;
	size_t at = 0;
	int err;

	r->d->backend->ops->info(r->d->backend, &info);
	err = conf_check_abilities(r->conf, &info.abilities, error);
	if (!err)
		err = protect_check_shunts(r->d, r->conf, error);
	for (size_t i = 0; !err && i < r->conf->connection_count; i++) {
		const struct conf_connection *c = &r->conf->connections[i];

		for (size_t k = 0; !err && k < c->child_count; k++) {
			if (!is_protected_anew(r, r->wishes[at++], c))
				continue;
			err = protect_check(r->d, r->conf, c, &c->children[k], &reason);
			if (err)
				snprintf(error->text, sizeof(error->text),
					 "%s:%u: connections.%s.children.%s: %s",
					 c->children[k].file, c->children[k].line, c->name,
					 c->children[k].name, reason.text);
		}
	}
	return err;
}

/* ---------------------------------------------------------------------------- which SAs are to go
 */

static void count_sa(void *context, const struct ike_sa_info *sa,
		     const struct ike_child_info *child)
{
	(void)sa;
	(void)child;
	++*(size_t *)context;
}

/* With its IKE SA it goes by the connection; else by itself. */
static bool is_to_go(const struct reload *r, const struct ike_sa_info *sa, const struct wish *w,
		     bool child)
{
	const struct conf_connection *c = conf_find_connection(r->conf, sa->connection);
	enum wish_change whole = c ? r->connections[c - r->conf->connections] : WISH_GONE;

	if (whole == WISH_GONE || whole >= WISH_REPLACED)
		return !child && conf_find_connection(r->d->conf, sa->connection);
	return child && w && (w->change == WISH_GONE || w->change == WISH_REPLACED);
}

static void look_at_sa(void *context, const struct ike_sa_info *sa,
		       const struct ike_child_info *child)
{
	struct reload *r = context;
	struct wish *w = child ? wishes_find(r->d, sa->connection, child->name) : NULL;
	uint64_t id = child ? child->id : sa->id;

	if (id > r->last_id)
		r->last_id = id;
	if (w && w->change != WISH_ADDED && child->id > w->before &&
	    child->state < IKE_CHILD_DELETING && sa->state <= IKE_STATE_ESTABLISHED)
		w->there = true;
	if (!is_to_go(r, sa, w, child))
		return;
	r->ids[r->id_count] = id;
	r->ike[r->id_count++] = !child;
}

static int find_sas(struct reload *r)
{
	size_t count = 0;

	ike_list(r->d->engine, count_sa, &count);
	r->ids = calloc(count + 1, sizeof(*r->ids));
	r->ike = calloc(count + 1, sizeof(*r->ike));
	if (!r->ids || !r->ike)
		return -ENOMEM;
	ike_list(r->d->engine, look_at_sa, r);
	return 0;
}

/* What SAs that are to go have narrowed or learned leads nowhere any more, either. */
static void forget_way_of_sa(void *context, const struct ike_sa_info *sa,
			     const struct ike_child_info *child)
{
	struct reload *r = context;
	const struct wish *w = child ? wishes_find(r->d, sa->connection, child->name) : NULL;

	if (w && (w->change == WISH_GONE || w->change == WISH_REPLACED))
		routes_forget(r->d->routes, &child->local_ts, &child->remote_ts);
}

static void forget_ways(struct reload *r)
{
	for (size_t i = 0; i < r->d->wish_count; i++) {
		const struct wish *w = r->d->wishes[i];

		if (w->change == WISH_GONE || w->change == WISH_REPLACED)
			protect_forget(r->d, w);
	}
	ike_list(r->d->engine, forget_way_of_sa, r);
}

/* ----------------------------------------------------------------------- the new one is in force
 */

static void commit(struct reload *r)
{
	struct daemon *d = r->d;
	struct wish **wishes = d->wishes;
	struct conf old = *d->conf;
	struct trust *trust;
	struct eap *eap;
	size_t at = 0;

	*d->conf = *r->conf;
	control_configured(d->control);
	*r->conf = old;
	trust = d->trust;
	d->trust = r->trust;
	r->trust = trust;
	eap = d->eap;
	d->eap = r->eap;
	r->eap = eap;
	jobs_set_trust(d->jobs, d->trust, d->eap);
	fetch_configure(d->fetch, &d->conf->daemon.fetch);
	if (radius_configure(d->radius, &d->conf->radius))
		log_error(&d->log, "no memory for the RADIUS servers: those before are asked");
	d->wishes = r->wishes;
	d->wish_count = r->wish_count;
	r->wishes = NULL;
	free(wishes);
	for (size_t i = 0; i < d->conf->connection_count; i++) {
		const struct conf_connection *c = &d->conf->connections[i];

		for (size_t k = 0; k < c->child_count; k++) {
			struct wish *w = d->wishes[at++];

			w->connection = c;
			w->child = &c->children[k];
			if (w->change < WISH_REPLACED)
				continue;
			w->failed = false;
			w->before = UINT64_MAX;
		}
	}
	for (size_t i = 0; i < r->gone_count; i++)
		HASH_DELETE(hh, d->wishes_by_name, r->gone[i]);
}

static void configure_daemon(struct reload *r)
{
	const struct conf_daemon *c = &r->d->conf->daemon, *old = &r->conf->daemon;
	struct daemon *d = r->d;

	d->log.level = (enum log_level)c->log_level;
	ike_engine_set_log_level(d->engine, (enum ike_log_level)d->log.level);
	ike_engine_set_fragment_size(d->engine, c->fragment_size);
	ike_engine_set_limits(d->engine, &c->limits);
	ike_engine_set_redirects(d->engine, !c->follow_redirects,
				 (uint64_t)c->redirect_timeout * 1000);
	if (ike_engine_redirect_all(d->engine, &c->redirect_to))
		log_error(&d->log, "out of memory: strangers aren't redirected anew");
	if (c->keepalive != old->keepalive)
		ike_engine_set_keepalive(d->engine, uv_now(&d->loop),
					 c->keepalive ? (uint64_t)c->keepalive * 1000 : IKE_NEVER);
}

/* SAs that stay have taught what is to be closed, too. */
static void learn_end(void *context, const struct ike_sa_info *sa,
		      const struct ike_child_info *child)
{
	struct reload *r = context;
	const struct wish *w = child ? wishes_find(r->d, sa->connection, child->name) : NULL;

	if (w && w->change < WISH_REPLACED && !conf_labels_lead(&w->child->labels) &&
	    child->state >= IKE_CHILD_INSTALLED &&
	    closing_learn(r->d->closing, &child->local_ts, &child->remote_ts))
		fail(r, "%s: other ways to its networks may be open once they are released",
		     w->name);
}

static bool ways_change(const struct reload *r)
{
	return r->differs ||
	       r->conf->daemon.exempt_connected != r->d->conf->daemon.exempt_connected;
}

/* Before there is a way in, all others are closed. False: they may not be. */
static bool close_ways(struct reload *r)
{
	struct daemon *d = r->d;
	int err;

	if (!ways_change(r))
		return true;
	err = closing_configure(d->closing);
	if (!err)
		ike_list(d->engine, learn_end, r);
	if (!err)
		err = follow_refresh(d);
	if (err)
		fail(r, "other ways to remote networks can't be closed: %s", strerror(-err));
	return !err;
}

static void protect(struct reload *r, bool closed)
{
	struct conf_error shunt = {""};
	struct daemon *d = r->d;

	for (size_t i = 0; i < d->wish_count; i++) {
		struct rvl_backend_error error = {""};
		struct wish *w = d->wishes[i];

		if (!is_protected_anew(r, w, w->connection))
			continue;
		if (protect_wish(d, w, &error))
			fail_wish(r, w, error.text);
		else if (!closed)
			fail_wish(r, w, "other ways can't be closed");
	}
	if (!r->differs)
		return;
	if (protect_shunts(d, &shunt))
		fail(r, "%s", shunt.text);
	protect_absorb(d);
}

static bool has_any(const struct daemon *d, const struct conf_connection *c)
{
	bool any = false;

	for (size_t k = 0; !any && k < c->child_count; k++)
		any = !wishes_find(d, c->name, c->children[k].name)->failed;
	return any;
}

static int tell_connection(struct daemon *d, const struct conf_connection *c,
			   enum wish_change change)
{
	int err;

	if (!c->child_count)
		change = WISH_REPLACED; /* there is nothing to be negotiated */

	/* Authorities may be others, though they have the same names. */
	if (change == WISH_UNCHANGED && c->remote_auth.pubkey)
		change = WISH_ADJUSTED;
	if (change == WISH_UNCHANGED)
		return 0;
	if (change == WISH_ADJUSTED) {
		err = wishes_update_connection(d, c);
		/* It may be that nothing of it could be protected so far. */
		if (err != -ENOENT)
			return err;
	}
	ike_engine_remove_connection(d->engine, c->name);
	return has_any(d, c) ? wishes_add_connection(d, c) : 0;
}

static void tell_core(struct reload *r)
{
	struct daemon *d = r->d;
	int err;

	for (size_t i = 0; i < r->conf->connection_count; i++)
		if (!conf_find_connection(d->conf, r->conf->connections[i].name))
			ike_engine_remove_connection(d->engine, r->conf->connections[i].name);
	for (size_t i = 0; i < d->conf->connection_count; i++) {
		const struct conf_connection *c = &d->conf->connections[i];

		err = tell_connection(d, c, r->connections[i]);
		for (size_t k = 0; err && k < c->child_count; k++) {
			struct wish *w = wishes_find(d, c->name, c->children[k].name);

			if (w->change != WISH_UNCHANGED)
				fail_wish(r, w, strerror(-err));
		}
	}
	ike_engine_clear_psks(d->engine);
	ike_engine_clear_ppks(d->engine);
	err = wishes_add_secrets(d);
	if (err)
		fail(r, "not all secrets are known: %s", strerror(-err));
	for (size_t i = 0; i < r->id_count; i++) {
		if (r->ike[i])
			ike_terminate(d->engine, uv_now(&d->loop), r->ids[i]);
		else
			ike_terminate_child(d->engine, uv_now(&d->loop), r->ids[i]);
	}
}

/* ---------------------------------------------------------------------------- what is wanted now
 */

static void set_trap(struct reload *r, struct wish *w, bool wants)
{
	if (!wants)
		traps_remove(r->d, w);
	else if (!traps_is_set(r->d, w) && traps_set(r->d, w))
		fail(r, "%s: its traffic can't bring it up", w->name);
}

/* One that was set by what became of an SA stays if it could be so today. */
static bool wants_trap(const struct wish *w, bool set)
{
	const struct conf_child *child = w->child;

	return !w->failed && (child->start >= CONF_START_TRAP ||
			      (set && (child->dpd_action == CONF_DPD_TRAP ||
				       child->close_action == CONF_CLOSE_TRAP)));
}

/* By other actions; its SA, if there is one, stays. */
static void adjust(struct reload *r, struct wish *w, const struct conf_child *old)
{
	const struct conf_child *child = w->child;
	bool start = old->start != child->start, wanted = w->wanted;

	if (start)
		w->wanted = child->start == CONF_START_START ||
			    (child->dpd_action == CONF_DPD_RESTART && w->there);
	else if (old->dpd_action != child->dpd_action && child->start != CONF_START_START)
		w->wanted = child->dpd_action == CONF_DPD_RESTART && w->there;
	if (start && wish_starts(w) && !w->there) {
		w->failures = 0;
		agenda_retry(&r->d->agenda, w, uv_now(&r->d->loop) + 1);
	} else if (wanted && !w->wanted && w->retry_at) {
		agenda_retry(&r->d->agenda, w, 0);
		control_child_ended(r->d->control, w, "it isn't to be kept up any more");
	}
	set_trap(r, w, wants_trap(w, traps_is_set(r->d, w)));
}

/* Negotiated anew if it was up or on its way, or is to be up. */
static void begin(struct reload *r, struct wish *w)
{
	struct daemon *d = r->d;
	bool again = w->there || w->retry_at || wish_starts(w);
	bool trap = wants_trap(w, traps_is_set(d, w));

	w->before = r->last_id;
	w->wanted = w->child->start == CONF_START_START ||
		    (w->wanted && w->child->dpd_action == CONF_DPD_RESTART);
	w->wanted &= !w->failed;
	w->failures = 0;
	w->replace = false;
	agenda_retry(&d->agenda, w, 0);
	/* Its flows may be others. */
	traps_remove(d, w);
	set_trap(r, w, trap);
	if (w->failed) {
		control_child_ended(d->control, w, "it can't be protected (the log says why)");
	} else if (again && ike_hosts_has_one(&w->connection->remote)) {
		agenda_retry(&d->agenda, w, uv_now(&d->loop) + 1);
		control_child_changed(d->control, w);
	} else {
		control_child_ended(d->control, w, "it is configured otherwise by now");
	}
}

static void end(struct reload *r, struct wish *w)
{
	control_child_ended(r->d->control, w, "it isn't configured any more");
	traps_remove(r->d, w);
	agenda_retry(&r->d->agenda, w, 0);
	free(w);
}

static void settle_wishes(struct reload *r)
{
	for (size_t i = 0; i < r->d->wish_count; i++) {
		struct wish *w = r->d->wishes[i];

		if (w->change == WISH_ADJUSTED && !w->failed)
			adjust(r, w, r->olds[i]);
		else if (w->change >= WISH_REPLACED || w->failed)
			begin(r, w);
	}
}

/* ------------------------------------------------------------------------------------ ways there
 */

static void lead_sa(void *context, const struct ike_sa_info *sa, const struct ike_child_info *child)
{
	struct daemon *d = context;
	const struct wish *w = child ? wishes_find(d, sa->connection, child->name) : NULL;
	char reason[ROUTES_REASON] = "";

	if (!w || child->id <= w->before || child->state < IKE_CHILD_INSTALLED ||
	    child->state > IKE_CHILD_REKEYED ||
	    !routes_lack(d->routes, &child->local_ts, &child->remote_ts))
		return;
	if (routes_add(d->routes, &sa->remote, &child->local_ts, &child->remote_ts, reason))
		log_warning(&d->log, "%s: %s", w->name, reason);
}

/* Those that others had as well are theirs now. */
static void lead(struct reload *r)
{
	struct daemon *d = r->d;

	if (!ways_change(r))
		return;
	for (size_t i = 0; i < d->wish_count; i++)
		if (!d->wishes[i]->failed)
			protect_lead(d, d->wishes[i]);
	ike_list(d->engine, lead_sa, d);
	routes_remove(d->routes);
	routes_restore(d->routes);
	closing_warn_of_others(d->closing);
}

/* ---------------------------------------------------------------------------------------- answer
 */

/* Names of one kind, in an array, and shortly in the text. */
static void tell_kind(json_t *answer, char *text, size_t len, const char *kind,
		      struct wish *const *wishes, size_t count, enum wish_change change)
{
	json_t *names = json_array();
	size_t at = strlen(text), n;

	for (size_t i = 0; i < count; i++)
		if (wishes[i]->change == change)
			json_array_append_new(names, json_string(wishes[i]->name));
	n = json_array_size(names);
	if (n)
		at += (size_t)snprintf(text + at, len - at, "%s%zu %s", at ? ", " : "", n, kind);
	for (size_t i = 0; n <= NAMES_MAX && i < n && at < len; i++)
		at += (size_t)snprintf(text + at, len - at, "%s%s%s", i ? ", " : " (",
				       json_string_value(json_array_get(names, i)),
				       i + 1 < n ? "" : ")");
	json_object_set_new(answer, kind, names);
}

static json_t *answer(struct reload *r)
{
	json_t *o = json_object();
	const struct daemon *d = r->d;
	char text[1024] = "", error[1536];
	size_t same = 0;

	for (size_t i = 0; i < d->wish_count; i++)
		same += d->wishes[i]->change == WISH_UNCHANGED;
	tell_kind(o, text, sizeof(text), "added", d->wishes, d->wish_count, WISH_ADDED);
	tell_kind(o, text, sizeof(text), "replaced", d->wishes, d->wish_count, WISH_REPLACED);
	tell_kind(o, text, sizeof(text), "adjusted", d->wishes, d->wish_count, WISH_ADJUSTED);
	tell_kind(o, text, sizeof(text), "removed", r->gone, r->gone_count, WISH_GONE);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%zu unchanged",
		 *text ? ", " : "", same);
	json_object_set_new(o, "unchanged", json_integer((json_int_t)same));
	log_info(&d->log, "reload: %s", text);
	json_object_set_new(o, "ok", json_boolean(!r->failures));
	snprintf(error, sizeof(error), "%s (failures: %zu; the rest is in force: %s)", r->failed,
		 r->failures, text);
	json_object_set_new(o, r->failures ? "error" : "message",
			    report_text(r->failures ? error : text));
	return o;
}

static json_t *refuse(struct daemon *d, const char *reason)
{
	char text[640];

	snprintf(text, sizeof(text), "%s; nothing has changed", reason);
	log_error(&d->log, "reload: %s", text);
	return json_pack("{s:b, s:o}", "ok", 0, "error", report_text(text));
}

static json_t *apply(struct reload *r)
{
	struct daemon *d = r->d;
	json_t *told;

	uv_update_time(&d->loop);
	forget_ways(r);
	commit(r);
	configure_daemon(r);
	pools_configure(d->pools, d->conf);
	daemon_warn_of_readers(d->conf, &d->log);
	expiry_check(d);
	daemon_fit_mtu(d);
	protect(r, close_ways(r));
	tell_core(r);
	d->reloading = true;
	negotiation_settle(d);
	d->reloading = false;
	settle_wishes(r);
	lead(r);
	told = answer(r);
	for (size_t i = 0; i < r->gone_count; i++)
		end(r, r->gone[i]);
	return told;
}

static void reload_free(struct reload *r)
{
	free(r->connections);
	free(r->wishes);
	free(r->olds);
	free(r->gone);
	free(r->ids);
	free(r->ike);
	conf_free(r->conf);
	trust_release(r->trust);
	eap_release(r->eap);
}

json_t *reload(struct daemon *d)
{
	struct reload r = {.d = d};
	struct conf_error error = {""};
	json_t *told;
	int err = conf_load(d->conf_path, &r.conf, &error);

	if (!err)
		err = conf_check_daemon(&d->conf->daemon, &r.conf->daemon, &error);
	if (!err)
		err = trust_load(r.conf, &r.trust, &error);
	if (!err)
		err = eap_load(r.conf, r.trust, d->eap, &r.eap, &error);
	if (err)
		goto refused;
	snprintf(error.text, sizeof(error.text), "out of memory");
	err = plan(&r);
	if (!err)
		err = check(&r, &error);
	if (!err)
		err = find_sas(&r);
	if (err) {
		forget_plan(&r);
		goto refused;
	}
	told = apply(&r);
	reload_free(&r);
	return told;

refused:
	told = refuse(d, error.text);
	reload_free(&r);
	return told;
}
