// SPDX-License-Identifier: BSD-2-Clause
/* Section raveld.radius: who is asked about peers that come in by EAP. */
#include <stdlib.h>
#include <string.h>

#include "host/conf/bind.h"

enum {
	PORT_AUTHENTICATION = 1812,
	PORT_ACCOUNTING = 1813,
	TIMEOUT_MAX = 10,
	TRIES_MAX = 10,
	PREFERENCE_MAX = 1000,
	INTERVAL_MIN = 60
};

/* --------------------------------------------------------------------------------------- a server
 */

static int set_address(const struct conf_value *v, void *object)
{
	struct ike_addr *address = &((struct conf_radius_server *)object)->address;
	const uint16_t port = address->port;

	if (ike_addr_parse(v->key->value, address) || !address->family)
		return conf_value_fail(v, "\"%.60s\" isn't an IP address", v->key->value);
	address->port = port;
	return 0;
}

static int set_auth_port(const struct conf_value *v, void *object)
{
	return conf_value_port(v, &((struct conf_radius_server *)object)->address.port);
}

static int set_acct_port(const struct conf_value *v, void *object)
{
	return conf_value_port(v, &((struct conf_radius_server *)object)->acct_port);
}

static int set_secret(const struct conf_value *v, void *object)
{
	return conf_bind_octets(v, &((struct conf_radius_server *)object)->secret);
}

static int set_preference(const struct conf_value *v, void *object)
{
	uint64_t n;
	int err = conf_value_number(v, 0, PREFERENCE_MAX, &n);

	if (!err)
		((struct conf_radius_server *)object)->preference = (uint32_t)n;
	return err;
}

static int bind_server(const struct conf_section *section, struct conf_radius_server *server,
		       struct conf_error *error)
{
	static const char *const no_sections[] = {NULL};
	static const struct conf_binding keys[] = {
		{"address", set_address, false},       {"auth_port", set_auth_port, false},
		{"acct_port", set_acct_port, false},   {"secret", set_secret, false},
		{"preference", set_preference, false}, {NULL, NULL, false},
	};
	int err;

	server->address.port = PORT_AUTHENTICATION;
	server->acct_port = PORT_ACCOUNTING;
	err = conf_bind_name(section, server->name, error);
	if (!err)
		err = conf_only_sections(section, no_sections, conf_absent_none, error);
	if (!err)
		err = conf_bind(section, keys, conf_absent_none, server, error);
	if (!err && !server->address.family)
		err = conf_fail_section(error, section, "needs the key \"address\"");
	if (!err && !server->secret.len)
		err = conf_fail_section(error, section, "needs the key \"secret\"");
	return err;
}

/* By preference; of two alike, the one that is written first. */
static void insert(struct conf_radius *radius, const struct conf_radius_server *server)
{
	size_t at = radius->server_count++;

	for (; at && radius->servers[at - 1].preference < server->preference; at--)
		radius->servers[at] = radius->servers[at - 1];
	radius->servers[at] = *server;
}

static int bind_servers(const struct conf_section *section, struct conf_radius *radius,
			struct conf_error *error)
{
	int err = 0;

	if (section->key_count)
		return conf_fail_key(error, section, &section->keys[0], "unknown key");
	for (size_t i = 0; !err && i < section->section_count; i++) {
		struct conf_radius_server server = {.preference = 0};

		if (radius->server_count == CONF_RADIUS_MAX)
			return conf_fail_section(error, section->sections[i],
						 "more than %d servers", CONF_RADIUS_MAX);
		err = bind_server(section->sections[i], &server, error);
		if (!err)
			insert(radius, &server);
		ike_secret_clear(&server.secret);
	}
	return err;
}

/* ------------------------------------------------------------------------------------ the section
 */

static int set_nas_identifier(const struct conf_value *v, void *object)
{
	struct conf_radius *radius = object;

	return conf_value_text(v, radius->nas_identifier, sizeof(radius->nas_identifier));
}

static int set_timeout(const struct conf_value *v, void *object)
{
	struct conf_radius *radius = object;
	int err = conf_value_time(v, &radius->retransmit_timeout);

	if (!err && (!radius->retransmit_timeout || radius->retransmit_timeout > TIMEOUT_MAX))
		return conf_value_fail(v, "isn't between 1s and %ds", TIMEOUT_MAX);
	return err;
}

static int set_tries(const struct conf_value *v, void *object)
{
	uint64_t n;
	int err = conf_value_number(v, 0, TRIES_MAX, &n);

	if (!err)
		((struct conf_radius *)object)->retransmit_tries = (uint32_t)n;
	return err;
}

static int set_dead_time(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_radius *)object)->dead_time);
}

static int set_accounting(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_radius *)object)->accounting);
}

/* RFC 2869, section 5.16 */
static int set_accounting_interval(const struct conf_value *v, void *object)
{
	uint32_t *interval = &((struct conf_radius *)object)->accounting_interval;
	int err = conf_value_time(v, interval);

	if (!err && *interval && *interval < INTERVAL_MIN)
		return conf_value_fail(v, "is neither 0 nor at least %ds", INTERVAL_MIN);
	return err;
}

int conf_bind_radius(const struct conf_section *section, struct conf_radius *radius,
		     struct conf_error *error)
{
	static const char *const sections[] = {"servers", NULL};
	static const struct conf_binding keys[] = {
		{"nas_identifier", set_nas_identifier, false},
		{"retransmit_timeout", set_timeout, false},
		{"retransmit_tries", set_tries, false},
		{"dead_time", set_dead_time, false},
		{"accounting", set_accounting, false},
		{"accounting_interval", set_accounting_interval, false},
		{NULL, NULL, false},
	};
	const struct conf_section *servers = conf_section_find(section, "servers");
	int err = conf_only_sections(section, sections, conf_absent_none, error);

	*radius = (struct conf_radius){
		.nas_identifier = "raveld",
		.retransmit_timeout = 2,
		.retransmit_tries = 2,
		.dead_time = 60,
	};
	if (!err)
		err = conf_bind(section, keys, conf_absent_none, radius, error);
	if (!err && servers)
		err = bind_servers(servers, radius, error);
	if (!err && !radius->server_count)
		err = conf_fail_section(error, section, "needs a server in a section \"servers\"");
	return err;
}
