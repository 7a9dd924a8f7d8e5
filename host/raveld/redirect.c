// SPDX-License-Identifier: BSD-2-Clause
/* Peers that an operator sends to another gateway (RFC 5685). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/raveld/daemon.h"
#include "host/raveld/redirect.h"

/* Which peers, and where to. */
struct redirect {
	const char *name;     /* of their connection */
	struct ike_hosts to;  /* one address or name */
	struct ike_range ips; /* family 0: all */
	struct ike_id id;     /* any: all */
	struct daemon *d;
	uint64_t *ids; /* of IKE SAs; NULL: they are counted */
	size_t count;
};

static int read_gateway(struct redirect *r, const char *text, char *reason, size_t len)
{
	const char *wrong = ike_hosts_set_one(&r->to, text);

	if (!wrong)
		return 0;
	snprintf(reason, len, "gateway: \"%.60s\" %s", text, wrong);
	return -EINVAL;
}

static int read_peers(struct redirect *r, const char *ips, const char *id, char *reason, size_t len)
{
	const char *wrong = ips ? ike_range_parse(ips, &r->ips) : NULL;
	char error[160];

	if (wrong) {
		snprintf(reason, len, "peer-ip: \"%.60s\" %s", ips, wrong);
		return -EINVAL;
	}
	if (id && ike_id_parse(id, &r->id, error, sizeof(error))) {
		snprintf(reason, len, "peer-id: %s", error);
		return -EINVAL;
	}
	return 0;
}

static void choose(void *context, const struct ike_sa_info *sa, const struct ike_child_info *child)
{
	struct redirect *r = context;

	if (child || sa->state != IKE_STATE_ESTABLISHED ||
	    (r->ips.family && !ike_range_has(&r->ips, &sa->remote)) ||
	    !ike_id_matches(&r->id, &sa->remote_id))
		return;
	if (r->ids)
		r->ids[r->count] = sa->id;
	r->count++;
}

static int send_all(struct redirect *r, char *text, size_t len)
{
	size_t sent = 0, busy = 0;
	char gateway[IKE_HOST_TEXT];

	uv_update_time(&r->d->loop);
	for (size_t i = 0; i < r->count; i++) {
		int err = ike_redirect(r->d->engine, uv_now(&r->d->loop), r->ids[i], &r->to);

		sent += !err;
		busy += err == -EBUSY;
	}
	ike_host_text(&r->to.list[0], gateway, sizeof(gateway));
	if (sent) {
		snprintf(text, len, "%zu of %zu IKE SAs of %.64s are redirected to %s", sent,
			 r->count, r->name, gateway);
		return 0;
	}
	if (!r->count)
		snprintf(text, len, "%.64s has no IKE SA with such a peer", r->name);
	else
		snprintf(text, len, "%.64s: %s", r->name,
			 busy ? "all of them are redirected already"
			      : "its peers don't go where they are sent, or were begun with by us");
	return -ENOENT;
}

int redirect_peers(struct daemon *d, const json_t *request, char *text, size_t len)
{
	const char *gateway = json_string_value(json_object_get(request, "gateway"));
	struct redirect r = {
		.name = json_string_value(json_object_get(request, "name")),
		.id = {.type = IKE_ID_ANY},
		.d = d,
	};
	int err;

	if (!gateway) {
		snprintf(text, len, "the command needs a \"gateway\"");
		return -EINVAL;
	}
	if (!conf_find_connection(d->conf, r.name)) {
		snprintf(text, len, "no connection \"%.64s\" is configured", r.name);
		return -ENOENT;
	}
	err = read_gateway(&r, gateway, text, len);
	if (!err)
		err = read_peers(&r, json_string_value(json_object_get(request, "peer-ip")),
				 json_string_value(json_object_get(request, "peer-id")), text, len);
	if (!err) {
		ike_list_connection(d->engine, r.name, choose, &r);
		r.ids = calloc(r.count + 1, sizeof(*r.ids));
		r.count = 0;
		if (r.ids)
			ike_list_connection(d->engine, r.name, choose, &r);
		else
			snprintf(text, len, "out of memory");
		err = r.ids ? send_all(&r, text, len) : -ENOMEM;
	}
	free(r.ids);
	ike_hosts_clear(&r.to);
	return err;
}
