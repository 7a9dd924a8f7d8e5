// SPDX-License-Identifier: BSD-2-Clause
/* What `list` shows, an object at a time: keys in kebab case. */
#include "host/raveld/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT 128

struct listing {
	struct daemon *d;
	struct ike_listing sas;
	bool sas_shown;
	bool stale;
	size_t connection; /* the next one */
	size_t wish;	   /* of its first child */
};

static json_t *hex32(uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%08x", value);
	return json_string(text);
}

static json_t *hex64(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)value);
	return json_string(text);
}

static json_t *selectors(const struct ike_ts_list *list)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < list->count; i++) {
		char text[IKE_TS_TEXT];

		ike_ts_text(&list->list[i], text, sizeof(text));
		json_array_append_new(array, json_string(text));
	}
	return array;
}

static json_t *suite(const struct ike_suite *s)
{
	char text[TEXT];

	ike_suite_text(s, text, sizeof(text));
	return json_string(text);
}

static uint64_t seconds_since(const struct daemon *d, uint64_t then)
{
	uint64_t now = uv_now(&d->loop);

	return then && now > then ? (now - then) / 1000 : 0;
}

static void add_sa_stats(json_t *object, const char *suffix, const struct rvl_sa_stats *stats)
{
	const struct {
		const char *name;
		uint64_t value;
	} values[] = {
		{"packets", stats->packets},
		{"bytes", stats->bytes},
		{"sequence", stats->seq},
		{"drops-icv", stats->drop_icv},
		{"drops-replay", stats->drop_replay},
		{"drops-format", stats->drop_format},
		{"drops-selectors", stats->drop_selectors},
		{"drops-limit", stats->drop_limit},
	};
	const struct {
		const char *name;
		const char *value;
	} texts[] = {{"where", stats->where}, {"why", stats->why}};
	bool in = !strcmp(suffix, "in");

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char key[32];

		if (!texts[i].value)
			continue;
		snprintf(key, sizeof(key), "%s-%s", texts[i].name, suffix);
		json_object_set_new(object, key, report_text(texts[i].value));
	}
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char key[32];

		/* What is received can fail in ways that what is sent can't. */
		if (!in && i >= 3 && i <= 6)
			continue;
		snprintf(key, sizeof(key), "%s-%s", values[i].name, suffix);
		json_object_set_new(object, key, report_number(values[i].value));
	}
}

/* As VICI names them. */
static void add_scope(json_t *object, const char *suffix, const struct rvl_scope *scope)
{
	const struct {
		const char *name;
		uint32_t value;
		bool there;
	} values[] = {
		{"if-id", scope->if_id, scope->if_id},
		{"mark", scope->mark.value, scope->mark.mask},
		{"mark-mask", scope->mark.mask, scope->mark.mask},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char key[32];

		snprintf(key, sizeof(key), "%s-%s", values[i].name, suffix);
		if (values[i].there)
			json_object_set_new(object, key, report_number(values[i].value));
	}
}

static json_t *child_sa(const struct daemon *d, const struct ike_child_info *child)
{
	const struct rvl_scopes *scopes = rvl_sad_child_scopes(d->sad, child->id);
	struct rvl_sa_stats in = {0}, out = {0};
	struct rvl_backend_error error = {""};
	json_t *o = json_object();

	json_object_set_new(o, "id", report_number(child->id));
	json_object_set_new(o, "name", json_string(child->name));
	json_object_set_new(o, "state", json_string(ike_child_state_name(child->state)));
	json_object_set_new(o, "mode",
			    json_string(child->mode == RVL_TRANSPORT ? "TRANSPORT" : "TUNNEL"));
	json_object_set_new(o, "protocol",
			    json_string(child->suite.protocol == IKE_PROTO_AH ? "AH" : "ESP"));
	json_object_set_new(o, "encap", json_boolean(child->encap));
	json_object_set_new(o, "tcp", json_boolean(child->tcp));
	json_object_set_new(o, "spi-in", hex32(child->spi_in));
	json_object_set_new(o, "spi-out", hex32(child->spi_out));
	json_object_set_new(o, "suite", suite(&child->suite));
	json_object_set_new(o, "installed-seconds",
			    report_number(seconds_since(d, child->installed_at)));
	if (child->group)
		json_object_set_new(o, "per-cpu", json_true());
	if (child->cpu != RVL_CPU_ANY)
		json_object_set_new(o, "cpu", report_number(child->cpu));
	if (child->state >= IKE_CHILD_INSTALLED &&
	    !rvl_sad_child_query(d->sad, child->id, &in, &out, &error)) {
		add_sa_stats(o, "in", &in);
		add_sa_stats(o, "out", &out);
	}
	if (scopes) {
		add_scope(o, "in", &scopes->in);
		add_scope(o, "out", &scopes->out);
	}
	json_object_set_new(o, "local-ts", selectors(&child->local_ts));
	json_object_set_new(o, "remote-ts", selectors(&child->remote_ts));
	json_object_set_new(o, "additional-ts-possible", json_boolean(child->more_ts));
	return o;
}

static json_t *addresses(const struct ike_addr *list, unsigned int count)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(array, report_address(&list[i]));
	return array;
}

/* Those that one side has given the other, and what came along. */
static void add_vips(const struct daemon *d, json_t *o, const struct ike_sa_info *sa)
{
	const struct ike_settings *s = vips_settings(d->vips, sa->lease_id);
	json_t *domains;

	if (!sa->vip_count)
		return;
	json_object_set_new(o, sa->vips_ours ? "local-vips" : "remote-vips",
			    addresses(sa->vips, sa->vip_count));
	if (!sa->vips_ours || !s)
		return;
	domains = json_array();
	for (unsigned int i = 0; i < s->domain_count; i++)
		json_array_append_new(domains, json_string(s->domains[i]));
	json_object_set_new(o, "dns", addresses(s->dns, s->dns_count));
	json_object_set_new(o, "domains", domains);
	json_object_set_new(o, "nbns", addresses(s->nbns, s->nbns_count));
	json_object_set_new(o, "subnets", selectors(&s->subnets));
}

struct both {
	const struct daemon *d;
	json_t *ike_sa;
	json_t *child_sas; /* of it */
};

static void add(void *context, const struct ike_sa_info *sa, const struct ike_child_info *child)
{
	struct both *both = context;
	const struct daemon *d = both->d;
	json_t *o;

	if (child) {
		json_array_append_new(both->child_sas, child_sa(d, child));
		return;
	}
	o = json_object();
	json_object_set_new(o, "id", report_number(sa->id));
	json_object_set_new(o, "connection", json_string(sa->connection));
	json_object_set_new(o, "state", json_string(ike_state_name(sa->state)));
	json_object_set_new(o, "initiator", json_boolean(sa->initiator));
	json_object_set_new(o, "local-host", report_address(&sa->local));
	json_object_set_new(o, "local-port", report_number(sa->local.port));
	json_object_set_new(o, "local-id", report_identity(&sa->local_id));
	json_object_set_new(o, "remote-host", report_address(&sa->remote));
	json_object_set_new(o, "remote-port", report_number(sa->remote.port));
	json_object_set_new(o, "remote-id", report_identity(&sa->remote_id));
	if (sa->remote_eap_id.type != IKE_ID_ANY)
		json_object_set_new(o, "remote-eap-id", report_identity(&sa->remote_eap_id));
	json_object_set_new(o, "initiator-spi", hex64(sa->spi_i));
	json_object_set_new(o, "responder-spi", hex64(sa->spi_r));
	json_object_set_new(o, "suite", suite(&sa->suite));
	if (sa->ppk)
		json_object_set_new(o, "ppk", json_true());
	json_object_set_new(o, "nat-local", json_boolean(sa->nat_local));
	json_object_set_new(o, "nat-remote", json_boolean(sa->nat_remote));
	json_object_set_new(o, "established-seconds",
			    report_number(seconds_since(d, sa->established_at)));
	add_vips(d, o, sa);
	both->ike_sa = o;
	both->child_sas = json_array();
	json_object_set_new(o, "child-sas", both->child_sas);
}

struct child_query {
	const char *child;
	bool up;
};

static void look_for_child(void *context, const struct ike_sa_info *sa,
			   const struct ike_child_info *child)
{
	struct child_query *q = context;

	(void)sa;
	if (child && !strcmp(child->name, q->child) && child->state == IKE_CHILD_INSTALLED)
		q->up = true;
}

static bool is_up(const struct daemon *d, const char *connection, const char *child)
{
	struct child_query q = {.child = child};

	ike_list_connection(d->engine, connection, look_for_child, &q);
	return q.up;
}

/* Where an end may be, as it is configured. */
static json_t *hosts(const struct ike_hosts *hosts)
{
	char text[IKE_HOSTS_MAX * (IKE_HOST_TEXT + 2)] = "%any";
	size_t len = 0;

	for (unsigned int i = 0; i < hosts->count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", i ? ", " : "");
		ike_host_text(&hosts->list[i], text + len, sizeof(text) - len);
		len += strlen(text + len);
	}
	return json_string(text);
}

static json_t *connection(struct listing *l)
{
	struct daemon *d = l->d;
	const struct conf_connection *c = &d->conf->connections[l->connection++];
	json_t *o = json_object(), *children = json_array();

	for (size_t k = 0; k < c->child_count; k++) {
		const struct conf_child *child = &c->children[k];
		json_t *co = json_object();

		json_object_set_new(co, "name", json_string(child->name));
		json_object_set_new(co, "up", json_boolean(is_up(d, c->name, child->name)));
		json_object_set_new(co, "trap",
				    json_boolean(traps_is_set(d, d->wishes[l->wish++])));
		json_object_set_new(co, "local-ts", selectors(&child->local_ts));
		json_object_set_new(co, "remote-ts", selectors(&child->remote_ts));
		json_array_append_new(children, co);
	}
	json_object_set_new(o, "name", json_string(c->name));
	json_object_set_new(o, "local-host", hosts(&c->local));
	json_object_set_new(o, "remote-host", hosts(&c->remote));
	json_object_set_new(o, "children", children);
	return o;
}

struct listing *listing_begin(struct daemon *d)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->d = d;
	ike_listing_begin(d->engine, &l->sas);
	return l;
}

json_t *listing_next(struct listing *l)
{
	struct both both = {.d = l->d};

	if (!l->sas_shown && ike_listing_next(l->d->engine, &l->sas, add, &both))
		return json_pack("{s:o}", "ike-sa", both.ike_sa);
	l->sas_shown = true;
	if (l->stale)
		return json_pack("{s:b, s:s}", "ok", 0, "error",
				 "the configuration has changed meanwhile, ask again");
	if (l->connection == l->d->conf->connection_count)
		return json_pack("{s:b}", "ok", 1);
	return json_pack("{s:o}", "connection", connection(l));
}

void listing_is_stale(struct listing *l)
{
	l->stale = true;
}

void listing_end(struct listing *l)
{
	if (!l)
		return;
	ike_listing_end(l->d->engine, &l->sas);
	free(l);
}
