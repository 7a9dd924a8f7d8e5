// SPDX-License-Identifier: BSD-2-Clause
/* Section raveld: the daemon itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/conf/bind.h"
#include "host/fetch/frame.h"
#include "host/ike/puzzle.h"
#include "host/sa/fanout.h"

#define NIC_PORT_NAT 4500
#define DEFAULT_NETDEV "rvl0"

/* Of several the first one is preferred. */
struct backends {
	size_t count;
	char list[2][8];
};

static int add_backend(const struct conf_value *v, const char *item, void *context)
{
	struct backends *backends = context;

	if (!strcmp(item, "xfrm"))
		return conf_value_fail(v, "xfrm goes with no other: what moves a flow between the "
					  "kernel's policies and \"netdev\" is never one step");
	if (backends->count == 2 || strlen(item) >= sizeof(backends->list[0]))
		return conf_value_fail(v, "only user and soft go together, in this order");
	strcpy(backends->list[backends->count++], item);
	return 0;
}

static int set_backend(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"soft", "user", "xfrm", "auto", NULL};
	static const enum conf_backend backends[] = {CONF_BACKEND_SOFT, CONF_BACKEND_USER,
						     CONF_BACKEND_XFRM, CONF_BACKEND_AUTO};
	struct conf_daemon *daemon = object;
	struct backends list = {.count = 0};
	unsigned int at;
	int err;

	if (!strchr(v->key->value, ',')) {
		err = conf_value_word(v, words, &at);
		if (!err)
			daemon->backend = backends[at];
		return err;
	}
	err = conf_value_list(v, add_backend, &list);
	if (err)
		return err;
	if (list.count != 2 || strcmp(list.list[0], "user") || strcmp(list.list[1], "soft"))
		return conf_value_fail(v, "only user and soft go together, in this order");
	daemon->backend = CONF_BACKEND_JOINT;
	return 0;
}

static int set_device(const struct conf_value *v, void *object)
{
	struct conf_daemon *daemon = object;
	const char *text = v->key->value;

	if (strncmp(text, "vfio-user:", 10) && strncmp(text, "pci:", 4))
		return conf_value_fail(
			v, "\"%.40s\" is neither vfio-user:PATH nor pci:DOMAIN:BUS:DEVICE.FUNCTION",
			text);
	return conf_value_text(v, daemon->device, sizeof(daemon->device));
}

static int set_wire(const struct conf_value *v, void *object)
{
	return conf_value_interface(v, ((struct conf_daemon *)object)->wire);
}

static int set_netdev(const struct conf_value *v, void *object)
{
	return conf_value_interface(v, ((struct conf_daemon *)object)->netdev);
}

static int add_address(const struct conf_value *v, const char *item, void *context)
{
	struct conf_daemon *daemon = context;
	char ip[IKE_ADDR_TEXT];
	size_t len = strcspn(item, "/");
	struct ike_addr addr;
	unsigned long prefix;
	char *end;
	int err;

	if (daemon->address_count == CONF_ADDRESSES_MAX)
		return conf_value_fail(v, "more than %d addresses", CONF_ADDRESSES_MAX);
	snprintf(ip, sizeof(ip), "%.*s", (int)(len < sizeof(ip) ? len : sizeof(ip) - 1), item);
	prefix = item[len] ? strtoul(item + len + 1, &end, 10) : 999;
	if (!item[len] || end == item + len + 1 || *end || ike_addr_parse(ip, &addr) ||
	    !addr.family || prefix > 8 * ike_addr_len(&addr))
		return conf_value_fail(v, "\"%.60s\" isn't an IP address with prefix length", item);
	err = conf_check_addr(v, item, &addr);
	if (err)
		return err;
	daemon->addresses[daemon->address_count++] = (struct conf_address){
		.ip = ike_addr_ip(&addr),
		.prefix_len = (uint8_t)prefix,
	};
	return 0;
}

static int set_address(const struct conf_value *v, void *object)
{
	((struct conf_daemon *)object)->address_count = 0;
	return conf_value_list(v, add_address, object);
}

static int set_mtu(const struct conf_value *v, void *object)
{
	uint64_t n;
	int err = conf_value_number(v, 576, 9000, &n);

	if (!err)
		((struct conf_daemon *)object)->mtu = (uint16_t)n;
	return err;
}

static int set_data_threads(const struct conf_value *v, void *object)
{
	uint64_t n;
	int err = conf_value_number(v, 1, RVL_FANOUT_MAX, &n);

	if (!err)
		((struct conf_daemon *)object)->data_threads = (uint8_t)n;
	return err;
}

static int set_socket(const struct conf_value *v, void *object)
{
	struct conf_daemon *daemon = object;

	return conf_value_text(v, daemon->socket, sizeof(daemon->socket));
}

static int set_qcd_secret(const struct conf_value *v, void *object)
{
	struct conf_daemon *daemon = object;
	int err = conf_value_text(v, daemon->qcd_secret, sizeof(daemon->qcd_secret));

	if (!err && !strcmp(daemon->qcd_secret, "none"))
		daemon->qcd_secret[0] = 0;
	else if (!err && daemon->qcd_secret[0] != '/')
		err = conf_value_fail(v, "\"%.40s\" is neither a path from / on nor \"none\"",
				      daemon->qcd_secret);
	return err;
}

static int set_leases(const struct conf_value *v, void *object)
{
	struct conf_daemon *daemon = object;

	return conf_value_text(v, daemon->leases, sizeof(daemon->leases));
}

static int set_log_level(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"error", "warning", "info", "debug", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_daemon *)object)->log_level = (enum conf_log_level)at;
	return err;
}

static int set_port(const struct conf_value *v, void *object)
{
	return conf_value_port(v, &((struct conf_daemon *)object)->port);
}

static int set_port_nat(const struct conf_value *v, void *object)
{
	return conf_value_port(v, &((struct conf_daemon *)object)->port_nat);
}

static int set_port_tcp(const struct conf_value *v, void *object)
{
	return conf_value_port(v, &((struct conf_daemon *)object)->port_tcp);
}

static int set_keepalive(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_daemon *)object)->keepalive);
}

static int set_retransmit_timeout(const struct conf_value *v, void *object)
{
	struct conf_daemon *daemon = object;
	int err = conf_value_time(v, &daemon->retransmit_timeout);

	if (!err && (!daemon->retransmit_timeout || daemon->retransmit_timeout > 60))
		return conf_value_fail(v, "isn't between 1s and 60s");
	return err;
}

static int set_retransmit_tries(const struct conf_value *v, void *object)
{
	uint64_t n;
	int err = conf_value_number(v, 1, 100, &n);

	if (!err)
		((struct conf_daemon *)object)->retransmit_tries = (uint32_t)n;
	return err;
}

static int set_fragment_size(const struct conf_value *v, void *object)
{
	uint64_t n;
	int err = conf_value_number(v, 0, UINT16_MAX, &n);

	/* RFC 7383, section 2.5.1: what every way takes. */
	if (!err && n && n < 576)
		return conf_value_fail(v, "%llu is neither 0 nor at least 576",
				       (unsigned long long)n);
	if (!err)
		((struct conf_daemon *)object)->fragment_size = (uint16_t)n;
	return err;
}

/* As strongSwan has it, 0 is "none" or "never". */
static int set_limit(const struct conf_value *v, unsigned int *limit)
{
	uint64_t n;
	int err = conf_value_number(v, 0, UINT32_MAX - 1, &n);

	if (!err)
		*limit = n ? (unsigned int)n : IKE_NO_LIMIT;
	return err;
}

static int set_cookie_threshold(const struct conf_value *v, void *object)
{
	return set_limit(v, &((struct conf_daemon *)object)->limits.cookie_threshold);
}

static int set_cookie_threshold_ip(const struct conf_value *v, void *object)
{
	return set_limit(v, &((struct conf_daemon *)object)->limits.cookie_threshold_ip);
}

static int set_block_threshold(const struct conf_value *v, void *object)
{
	return set_limit(v, &((struct conf_daemon *)object)->limits.half_open_per_ip);
}

static int set_puzzle_threshold(const struct conf_value *v, void *object)
{
	return set_limit(v, &((struct conf_daemon *)object)->limits.puzzle_threshold);
}

static int set_puzzle_threshold_ip(const struct conf_value *v, void *object)
{
	return set_limit(v, &((struct conf_daemon *)object)->limits.puzzle_threshold_ip);
}

/* Zero bits; 0: no puzzles. */
static int set_zero_bits(const struct conf_value *v, unsigned int *bits)
{
	uint64_t n;
	int err = conf_value_number(v, 0, IKE_PUZZLE_MOST, &n);

	if (!err)
		*bits = n ? (unsigned int)n : IKE_NO_LIMIT;
	return err;
}

static int set_puzzle_difficulty(const struct conf_value *v, void *object)
{
	return set_zero_bits(v, &((struct conf_daemon *)object)->limits.puzzle_difficulty);
}

static int set_puzzle_effort(const struct conf_value *v, void *object)
{
	return set_zero_bits(v, &((struct conf_daemon *)object)->limits.puzzle_effort);
}

/* These bound memory and work: there is no "none". */
static int set_places(const struct conf_value *v, unsigned int most, unsigned int *places)
{
	uint64_t n;
	int err = conf_value_number(v, 1, most, &n);

	if (!err)
		*places = (unsigned int)n;
	return err;
}

static int set_limit_half_open(const struct conf_value *v, void *object)
{
	return set_places(v, 1000000, &((struct conf_daemon *)object)->limits.half_open);
}

static int set_limit_job_load(const struct conf_value *v, void *object)
{
	return set_places(v, 100000, &((struct conf_daemon *)object)->limits.computing);
}

static int set_follow_redirects(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_daemon *)object)->follow_redirects);
}

static int set_redirect_to(const struct conf_value *v, void *object)
{
	return conf_bind_gateway(v, &((struct conf_daemon *)object)->redirect_to);
}

static int set_redirect_timeout(const struct conf_value *v, void *object)
{
	struct conf_daemon *daemon = object;
	int err = conf_value_time(v, &daemon->redirect_timeout);

	if (!err && !daemon->redirect_timeout)
		return conf_value_fail(v, "isn't at least 1s");
	return err;
}

static int set_fetch(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_daemon *)object)->fetch.on);
}

static int set_fetch_local(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_daemon *)object)->fetch.local);
}

/* A peer that waits gives up at last, so a list must be there before. */
static int set_fetch_timeout(const struct conf_value *v, void *object)
{
	struct conf_daemon *daemon = object;
	int err = conf_value_time(v, &daemon->fetch.timeout);

	if (!err && (!daemon->fetch.timeout || daemon->fetch.timeout > 15))
		return conf_value_fail(v, "isn't between 1s and 15s");
	return err;
}

static int set_fetch_limit(const struct conf_value *v, void *object)
{
	uint64_t n;
	int err = conf_value_size(v, &n);

	if (!err && (n < 1024 || n > FETCH_LIMIT_MAX))
		return conf_value_fail(v, "isn't between 1k and 64m");
	if (!err)
		((struct conf_daemon *)object)->fetch.limit = (uint32_t)n;
	return err;
}

static int set_mss_clamp(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_daemon *)object)->mss_clamp);
}

static int set_dns(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_daemon *)object)->dns);
}

static int set_install_routes(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_daemon *)object)->install_routes);
}

static int set_exempt_connected(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_daemon *)object)->exempt_connected);
}

static int set_routing_table(const struct conf_value *v, void *object)
{
	uint64_t n;
	int err = conf_value_number(v, 1, UINT32_MAX, &n);

	if (err)
		return err;
	/* default, main and local */
	if (n >= 253 && n <= 255)
		return conf_value_fail(v, "%llu is one of the kernel's own tables",
				       (unsigned long long)n);
	((struct conf_daemon *)object)->routing_table = (uint32_t)n;
	return 0;
}

static int set_routing_priority(const struct conf_value *v, void *object)
{
	uint64_t n;
	/* 14 before it and 4 after it are used, too; 0, and 32766 on, are the kernel's own. */
	int err = conf_value_number(v, 15, 32761, &n);

	if (!err)
		((struct conf_daemon *)object)->routing_priority = (uint32_t)n;
	return err;
}

static const struct conf_binding keys[] = {
	{"backend", set_backend, false},
	{"device", set_device, false},
	{"wire", set_wire, false},
	{"netdev", set_netdev, false},
	{"address", set_address, false},
	{"mtu", set_mtu, false},
	{"data_threads", set_data_threads, false},
	{"mss_clamp", set_mss_clamp, false},
	{"socket", set_socket, false},
	{"qcd_secret", set_qcd_secret, false},
	{"leases", set_leases, false},
	{"log_level", set_log_level, false},
	{"port", set_port, false},
	{"port_nat_t", set_port_nat, false},
	{"port_tcp", set_port_tcp, false},
	{"keep_alive", set_keepalive, false},
	{"retransmit_timeout", set_retransmit_timeout, false},
	{"retransmit_tries", set_retransmit_tries, false},
	{"fragment_size", set_fragment_size, false},
	{"cookie_threshold", set_cookie_threshold, false},
	{"cookie_threshold_ip", set_cookie_threshold_ip, false},
	{"puzzle_threshold", set_puzzle_threshold, false},
	{"puzzle_threshold_ip", set_puzzle_threshold_ip, false},
	{"puzzle_difficulty", set_puzzle_difficulty, false},
	{"puzzle_effort", set_puzzle_effort, false},
	{"block_threshold", set_block_threshold, false},
	{"init_limit_half_open", set_limit_half_open, false},
	{"init_limit_job_load", set_limit_job_load, false},
	{"follow_redirects", set_follow_redirects, false},
	{"redirect_to", set_redirect_to, false},
	{"redirect_timeout", set_redirect_timeout, false},
	{"dns", set_dns, false},
	{"fetch", set_fetch, false},
	{"fetch_local", set_fetch_local, false},
	{"fetch_timeout", set_fetch_timeout, false},
	{"fetch_limit", set_fetch_limit, false},
	{"install_routes", set_install_routes, false},
	{"exempt_connected", set_exempt_connected, false},
	{"routing_table", set_routing_table, false},
	{"routing_table_prio", set_routing_priority, false},
	{NULL, NULL, false},
};

/* The kernel's own interfaces are what it has. */
static int check_netdev(const struct conf_section *section, struct conf_daemon *daemon,
			struct conf_error *error)
{
	const struct {
		const char *key;
		bool there;
	} useless[] = {
		{"device", daemon->device[0]}, {"wire", daemon->wire[0]},
		{"netdev", daemon->netdev[0]}, {"address", daemon->address_count},
		{"mtu", daemon->mtu},
	};

	if (daemon->backend != CONF_BACKEND_XFRM) {
		if (!daemon->netdev[0])
			snprintf(daemon->netdev, sizeof(daemon->netdev), "%s", DEFAULT_NETDEV);
		return 0;
	}
	for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++)
		if (useless[i].there)
			return conf_fail_section(error, section,
						 "backend xfrm has no use for the key \"%s\": the "
						 "kernel's interfaces are what it has",
						 useless[i].key);
	return 0;
}

bool conf_has_nic(const struct conf_daemon *daemon)
{
	return daemon->backend == CONF_BACKEND_USER || daemon->backend == CONF_BACKEND_JOINT;
}

bool conf_has_tcp(const struct conf_daemon *daemon)
{
	return daemon->backend == CONF_BACKEND_SOFT || daemon->backend == CONF_BACKEND_JOINT;
}

int conf_bind_daemon(const struct conf_section *section, struct conf_daemon *daemon,
		     struct conf_error *error)
{
	static const char *const sections[] = {"radius", NULL};
	int err;

	*daemon = (struct conf_daemon){
		.file = section->file,
		.line = section->line,
		.backend = CONF_BACKEND_AUTO,
		.socket = "/run/raveld.sock",
		.qcd_secret = "/var/lib/raveld/qcd-secret",
		.leases = "/var/lib/raveld/leases",
		.log_level = CONF_LOG_INFO,
		.port = 500,
		.port_nat = 4500,
		.keepalive = 20,
		.follow_redirects = true,
		.redirect_timeout = 60,
		.dns = true,
		.fetch = {.on = true, .timeout = 10, .limit = 16 << 20},
		.mss_clamp = true,
		.install_routes = true,
		.exempt_connected = true,
		.routing_table = 220,
		.routing_priority = 220,
	};
	err = conf_only_sections(section, sections, conf_absent_none, error);
	if (!err)
		err = conf_bind(section, keys, conf_absent_none, daemon, error);
	if (err)
		return err;
	if (daemon->backend == CONF_BACKEND_AUTO)
		daemon->backend = daemon->device[0] ? CONF_BACKEND_USER
				  : daemon->wire[0] ? CONF_BACKEND_SOFT
						    : CONF_BACKEND_XFRM;
	err = check_netdev(section, daemon, error);
	if (err)
		return err;
	if (conf_has_nic(daemon) && !daemon->device[0])
		return conf_fail_section(error, section, "backend user needs the key \"device\"");
	if (daemon->backend == CONF_BACKEND_SOFT && !daemon->wire[0])
		return conf_fail_section(error, section, "backend soft needs the key \"wire\"");
	if (daemon->wire[0] && !strcmp(daemon->wire, daemon->netdev))
		return conf_fail_section(error, section,
					 "\"wire\" and \"netdev\" name the same interface");
	if (!conf_has_tcp(daemon) && daemon->port_tcp)
		return conf_fail_section(error, section, "\"port_tcp\" needs backend soft");
	if (daemon->backend != CONF_BACKEND_SOFT && daemon->data_threads)
		return conf_fail_section(error, section, "\"data_threads\" needs backend soft");
	if (conf_has_nic(daemon) && daemon->port_nat != NIC_PORT_NAT)
		return conf_fail_section(
			error, section,
			"\"port_nat_t\" is %u, but the NIC takes ESP in UDP on port "
			"%d only",
			daemon->port_nat, NIC_PORT_NAT);
	if (daemon->port == daemon->port_nat)
		return conf_fail_section(error, section, "\"port\" and \"port_nat_t\" are equal");
	return 0;
}
