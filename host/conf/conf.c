// SPDX-License-Identifier: BSD-2-Clause
#include "host/conf/conf.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/conf/bind.h"
#include "host/eap/method.h"

static int out_of_memory(struct conf_error *error)
{
	snprintf(error->text, sizeof(error->text), "out of memory");
	return -ENOMEM;
}

static int bind_connections(struct conf *conf, const struct conf_section *section,
			    struct conf_error *error)
{
	if (section->key_count)
		return conf_fail_key(error, section, &section->keys[0], "unknown key");
	conf->connections = calloc(section->section_count + 1, sizeof(*conf->connections));
	if (!conf->connections)
		return out_of_memory(error);
	for (size_t i = 0; i < section->section_count; i++) {
		struct conf_connection *c = &conf->connections[conf->connection_count++];
		int err = conf_bind_connection(section->sections[i], c, error);

		if (err)
			return err;
	}
	return 0;
}

static int bind_secrets(struct conf *conf, const struct conf_section *section,
			struct conf_error *error)
{
	static const char *const sections[] = {"ike*",	 "eap*",   "ppk*",   "private*", "rsa*",
					       "ecdsa*", "pkcs8*", "token*", NULL};
	int err;

	if (section->key_count)
		return conf_fail_key(error, section, &section->keys[0], "unknown key");
	err = conf_only_sections(section, sections, conf_absent_secret_sections, error);
	if (err)
		return err;
	conf->secrets = calloc(section->section_count + 1, sizeof(*conf->secrets));
	conf->privates = calloc(section->section_count + 1, sizeof(*conf->privates));
	conf->users = calloc(section->section_count + 1, sizeof(*conf->users));
	conf->ppks = calloc(section->section_count + 1, sizeof(*conf->ppks));
	conf->tokens = calloc(section->section_count + 1, sizeof(*conf->tokens));
	if (!conf->ppks || !conf->secrets || !conf->privates || !conf->users || !conf->tokens)
		return out_of_memory(error);
	for (size_t i = 0; i < section->section_count; i++) {
		const struct conf_section *child = section->sections[i];

		if (conf_absent_find(conf_absent_secret_sections, child->name))
			continue;
		/* As of all that isn't pre-shared keys: one that is empty isn't there. */
		if (strncmp(child->name, "ike", 3) && !child->key_count && !child->section_count)
			continue;
		if (!strncmp(child->name, "ike", 3))
			err = conf_bind_secret(child, &conf->secrets[conf->secret_count++], error);
		else if (!strncmp(child->name, "ppk", 3))
			err = conf_bind_ppk(child, &conf->ppks[conf->ppk_count++], error);
		else if (!strncmp(child->name, "token", 5))
			err = conf_bind_token(child, &conf->tokens[conf->token_count++], error);
		else if (!strncmp(child->name, "eap", 3))
			err = conf_bind_user(child, &conf->users[conf->user_count++], error);
		else
			err = conf_bind_private(child, &conf->privates[conf->private_count++],
						error);
		if (err)
			return err;
	}
	return 0;
}

static int bind_pools(struct conf *conf, const struct conf_section *section,
		      struct conf_error *error)
{
	if (section->key_count)
		return conf_fail_key(error, section, &section->keys[0], "unknown key");
	conf->pools = calloc(section->section_count + 1, sizeof(*conf->pools));
	if (!conf->pools)
		return out_of_memory(error);
	for (size_t i = 0; i < section->section_count; i++) {
		int err = conf_bind_pool(section->sections[i], &conf->pools[conf->pool_count++],
					 error);

		if (err)
			return err;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(const struct conf_connection *const *)a)->name,
		      (*(const struct conf_connection *const *)b)->name);
}

static int sort_by_name(struct conf *conf, struct conf_error *error)
{
	size_t count = conf->connection_count;

	conf->by_name = calloc(count + 1, sizeof(*conf->by_name));
	if (!conf->by_name)
		return out_of_memory(error);
	for (size_t i = 0; i < count; i++)
		conf->by_name[i] = &conf->connections[i];
	qsort(conf->by_name, count, sizeof(*conf->by_name), compare_names);
	return 0;
}

/* Names that `ravelctl up` takes must mean one thing. */
static int check_names(const struct conf *conf, struct conf_error *error)
{
	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		for (size_t k = 0; k < c->child_count; k++) {
			const struct conf_connection *other =
				conf_find_connection(conf, c->children[k].name);

			if (other && other != c) {
				snprintf(error->text, sizeof(error->text),
					 "%s:%u: connections.%s.children.%s: a connection has this "
					 "name too",
					 c->children[k].file, c->children[k].line, c->name,
					 c->children[k].name);
				return -EINVAL;
			}
		}
	}
	return 0;
}

static bool has_ppk(const struct conf *conf, const struct ike_id *id)
{
	for (size_t i = 0; i < conf->ppk_count; i++)
		for (size_t k = 0; k < conf->ppks[i].owner_count; k++)
			if (ike_slice_equal(ike_id_slice(&conf->ppks[i].owners[k]),
					    ike_id_slice(id)))
				return true;
	return false;
}

/* What a connection says of post-quantum pre-shared keys has to come true. */
static int check_ppks(const struct conf *conf, struct conf_error *error)
{
	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];
		char text[IKE_ID_TEXT];

		if (c->ppk_id.type == IKE_ID_ANY ? !c->ppk_required || conf->ppk_count
						 : has_ppk(conf, &c->ppk_id))
			continue;
		ike_id_text(&c->ppk_id, text, sizeof(text));
		snprintf(error->text, sizeof(error->text),
			 c->ppk_id.type == IKE_ID_ANY
				 ? "%s:%u: connections.%s: ppk_required needs a secret "
				   "(secrets.ppk*)"
				 : "%s:%u: connections.%s: no secret (secrets.ppk*) for ppk_id = "
				   "%.64s",
			 c->file, c->line, c->name, text);
		return -EINVAL;
	}
	return 0;
}

/* Somebody has to be asked. */
static int check_radius(const struct conf *conf, struct conf_error *error)
{
	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		if (conf->radius.server_count ||
		    !((c->remote_auth.eap | c->remote_next.eap) & EAP_RELAYED))
			continue;
		snprintf(error->text, sizeof(error->text),
			 "%s:%u: connections.%s.remote: auth = eap-radius needs a server "
			 "(raveld.radius.servers)",
			 c->file, c->line, c->name);
		return -EINVAL;
	}
	return 0;
}

/* Which ports of peers' TCP there are, and whether the data path has that. */
static int check_tcp(struct conf *conf, struct conf_error *error)
{
	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];
		const uint16_t port = c->remote_port_tcp ? c->remote_port_tcp : IKE_PORT_NATT;
		const char *wrong = NULL;
		size_t k = 0;

		if (c->tcp == IKE_TCP_NO)
			continue;
		while (k < conf->tcp_port_count && conf->tcp_ports[k] != port)
			k++;
		if (!conf_has_tcp(&conf->daemon))
			wrong = "tcp: the data path has no ESP in TCP (backend soft has)";
		else if (k == IKE_TCP_PORTS_MAX)
			wrong = "remote_port_tcp: more than 8 different ones of all connections";
		if (wrong) {
			snprintf(error->text, sizeof(error->text), "%s:%u: connections.%s.%s",
				 c->file, c->line, c->name, wrong);
			return -EINVAL;
		}
		if (k == conf->tcp_port_count)
			conf->tcp_ports[conf->tcp_port_count++] = port;
	}
	return 0;
}

static int check_probes(const struct conf *conf, struct conf_error *error)
{
	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		if (!c->mtu_probe_interval || conf->daemon.backend != CONF_BACKEND_XFRM)
			continue;
		snprintf(error->text, sizeof(error->text),
			 "%s:%u: connections.%s.mtu_probe_interval: backend xfrm has no use for "
			 "it: what a path takes is the kernel's",
			 c->file, c->line, c->name);
		return -EINVAL;
	}
	return 0;
}

/* There is one data path for all: what asks for another one isn't given it in silence. */
static int check_offload(const struct conf *conf, struct conf_error *error)
{
	static const struct {
		const char *word;
		const char *needs; /* with the backend that it is */
	} offloads[][CONF_BACKENDS] = {
		[CONF_OFFLOAD_NO] = {[CONF_BACKEND_USER] = {"no", "backend soft"}},
		[CONF_OFFLOAD_CRYPTO] = {[CONF_BACKEND_SOFT] = {"crypto", "backend xfrm"},
					 [CONF_BACKEND_USER] = {"crypto", "backend xfrm"},
					 [CONF_BACKEND_JOINT] = {"crypto", "backend xfrm"}},
		[CONF_OFFLOAD_PACKET] = {[CONF_BACKEND_SOFT] = {"packet", "backend user"}},
		[CONF_OFFLOAD_AUTO] = {{NULL, NULL}},
	};

	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		for (size_t k = 0; k < c->child_count; k++) {
			const struct conf_child *child = &c->children[k];

			if (!offloads[child->offload][conf->daemon.backend].word)
				continue;
			snprintf(error->text, sizeof(error->text),
				 "%s:%u: connections.%s.children.%s.hw_offload: \"%s\" needs %s",
				 child->file, child->line, c->name, child->name,
				 offloads[child->offload][conf->daemon.backend].word,
				 offloads[child->offload][conf->daemon.backend].needs);
			return -EINVAL;
		}
	}
	return 0;
}

/* All of a child's SAs have one policy in the kernel. */
static int check_per_cpu(const struct conf *conf, struct conf_error *error)
{
	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		for (size_t k = 0; k < c->child_count; k++) {
			const struct conf_child *child = &c->children[k];
			const char *other = !conf_labels_are_given(&child->labels)
						    ? "unique marks and XFRM interfaces"
					    : child->offload == CONF_OFFLOAD_CRYPTO ||
							    child->offload == CONF_OFFLOAD_PACKET
						    ? "hw_offload"
						    : NULL;

			if (!child->per_cpu || !other)
				continue;
			snprintf(error->text, sizeof(error->text),
				 "%s:%u: connections.%s.children.%s.per_cpu_sas: it doesn't go "
				 "with %s",
				 child->file, child->lines[CONF_PER_CPU], c->name, child->name,
				 other);
			return -EINVAL;
		}
	}
	return 0;
}

static bool has_ipv6(const struct ike_ts_list *list)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (list->list[i].family == 6)
			return true;
	return false;
}

bool conf_connection_ipv6_inside(const struct conf *conf, const struct conf_connection *c)
{
	for (size_t i = 0; i < c->vip_count; i++)
		if (c->vips[i].family == 6)
			return true;
	for (size_t i = 0; i < c->pool_count; i++) {
		const struct conf_pool *pool = conf_find_pool(conf, c->pools[i]);

		if (pool && pool->network.family == 6)
			return true;
	}
	for (size_t i = 0; i < c->child_count; i++)
		if (has_ipv6(&c->children[i].local_ts) || has_ipv6(&c->children[i].remote_ts))
			return true;
	return false;
}

bool conf_has_ipv6_inside(const struct conf *conf)
{
	for (size_t i = 0; i < conf->connection_count; i++)
		if (conf_connection_ipv6_inside(conf, &conf->connections[i]))
			return true;
	return false;
}

bool conf_has_ipv6(const struct conf *conf)
{
	for (size_t i = 0; i < conf->daemon.address_count; i++)
		if (conf->daemon.addresses[i].ip.family == 6)
			return true;
	for (size_t i = 0; i < conf->connection_count; i++)
		if (conf_connection_family(&conf->connections[i]) == 6)
			return true;
	return conf_has_ipv6_inside(conf);
}

static int check_mtu(const struct conf *conf, struct conf_error *error)
{
	const struct conf_daemon *daemon = &conf->daemon;

	if (!daemon->mtu || daemon->mtu >= CONF_IPV6_MTU || !conf_has_ipv6(conf))
		return 0;
	snprintf(error->text, sizeof(error->text), "%s:%u: raveld.mtu: %u, and IPv6 needs %d",
		 daemon->file, daemon->line, daemon->mtu, CONF_IPV6_MTU);
	return -EINVAL;
}

/* What would be accepted without effect. */
static int check_ports(const struct conf *conf, struct conf_error *error)
{
	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		if (!c->local_port || c->local_port == conf->daemon.port)
			continue;
		snprintf(error->text, sizeof(error->text),
			 "%s:%u: connections.%s.local_port: %u isn't the port of section raveld, "
			 "%u",
			 c->file, c->line, c->name, c->local_port, conf->daemon.port);
		return -EINVAL;
	}
	return 0;
}

static int fail_at_pool(struct conf_error *error, const struct conf_pool *pool, const char *what,
			const char *about)
{
	snprintf(error->text, sizeof(error->text), "%s:%u: pools.%s: %s \"%s\"", pool->file,
		 pool->line, pool->name, what, about);
	return -EINVAL;
}

static bool overlap(const struct ike_ts *a, const struct ike_ts *b)
{
	return a->family == b->family && memcmp(a->first, b->last, sizeof(a->first)) <= 0 &&
	       memcmp(b->first, a->last, sizeof(a->first)) <= 0;
}

/* An address is of one pool. */
static int check_pools(const struct conf *conf, struct conf_error *error)
{
	for (size_t i = 0; i < conf->pool_count; i++) {
		const struct conf_pool *pool = &conf->pools[i];

		for (size_t k = 0; k < i; k++)
			if (overlap(&pool->network, &conf->pools[k].network))
				return fail_at_pool(error, pool, "has addresses of pool",
						    conf->pools[k].name);
	}
	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		for (size_t k = 0; k < c->pool_count; k++) {
			if (conf_find_pool(conf, c->pools[k]))
				continue;
			snprintf(error->text, sizeof(error->text),
				 "%s:%u: connections.%s.pools: there is no pool \"%s\"", c->file,
				 c->line, c->name, c->pools[k]);
			return -EINVAL;
		}
	}
	return 0;
}

static int bind_all(struct conf *conf, const struct conf_tree *tree, struct conf_error *error)
{
	const struct conf_section *root = conf_tree_root(tree);
	bool have_daemon = false;
	int err = 0;

	if (root->key_count)
		return conf_fail_key(error, root, &root->keys[0], "unknown key");
	for (size_t i = 0; !err && i < root->section_count; i++) {
		const struct conf_section *section = root->sections[i];

		if (!strcmp(section->name, "raveld")) {
			err = conf_bind_daemon(section, &conf->daemon, error);
			if (!err && conf_section_find(section, "radius"))
				err = conf_bind_radius(conf_section_find(section, "radius"),
						       &conf->radius, error);
			have_daemon = true;
		} else if (!strcmp(section->name, "connections")) {
			err = bind_connections(conf, section, error);
		} else if (!strcmp(section->name, "pools")) {
			err = bind_pools(conf, section, error);
		} else if (!strcmp(section->name, "secrets")) {
			err = bind_secrets(conf, section, error);
		} else if (conf_absent_find(conf_absent_top_sections, section->name)) {
			err = conf_absent_section(
				conf_absent_find(conf_absent_top_sections, section->name), section,
				error);
		} else if (!conf_tree_is_template(tree, section)) {
			err = conf_fail_section(error, section, "unknown section");
		}
	}
	if (!err && !have_daemon)
		err = conf_fail_section(error, root, "needs a section \"raveld\"");
	if (!err)
		err = sort_by_name(conf, error);
	if (!err)
		err = check_names(conf, error);
	if (!err)
		err = check_ports(conf, error);
	if (!err)
		err = check_mtu(conf, error);
	if (!err)
		err = check_pools(conf, error);
	if (!err)
		err = check_ppks(conf, error);
	if (!err)
		err = check_radius(conf, error);
	if (!err)
		err = check_tcp(conf, error);
	if (!err)
		err = check_probes(conf, error);
	if (!err)
		err = check_per_cpu(conf, error);
	return err ? err : check_offload(conf, error);
}

/* The tree, which holds secrets in clear, doesn't outlive this. */
static int finish(struct conf_tree *tree, struct conf **out, struct conf_error *error)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	int err = conf ? bind_all(conf, tree, error) : out_of_memory(error);

	if (!err) {
		conf->files = conf_tree_take_files(tree, &conf->file_count);
		*out = conf;
	} else {
		conf_free(conf);
	}
	conf_tree_free(tree);
	return err;
}

int conf_load(const char *path, struct conf **conf, struct conf_error *error)
{
	struct conf_tree *tree;
	int err = conf_tree_read(path, &tree, error);

	return err ? err : finish(tree, conf, error);
}

int conf_load_text(const char *name, const char *text, size_t len, struct conf **conf,
		   struct conf_error *error)
{
	struct conf_tree *tree;
	int err = conf_tree_parse(name, text, len, &tree, error);

	return err ? err : finish(tree, conf, error);
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->connection_count; i++) {
		ike_hosts_clear(&conf->connections[i].local);
		ike_hosts_clear(&conf->connections[i].remote);
		ike_hosts_clear(&conf->connections[i].redirect_to);
		conf_auth_clear(&conf->connections[i].local_auth);
		conf_auth_clear(&conf->connections[i].remote_auth);
		conf_auth_clear(&conf->connections[i].local_next);
		conf_auth_clear(&conf->connections[i].remote_next);
		free(conf->connections[i].children);
		free(conf->connections[i].shunts);
	}
	ike_hosts_clear(&conf->daemon.redirect_to);
	for (size_t i = 0; i < conf->radius.server_count; i++)
		ike_secret_clear(&conf->radius.servers[i].secret);
	for (size_t i = 0; i < conf->secret_count; i++)
		ike_secret_clear(&conf->secrets[i].secret);
	for (size_t i = 0; i < conf->ppk_count; i++)
		ike_secret_clear(&conf->ppks[i].secret);
	free(conf->ppks);
	for (size_t i = 0; i < conf->user_count; i++) {
		ike_secret_clear(&conf->users[i].secret);
		OPENSSL_cleanse(conf->users[i].totp, sizeof(conf->users[i].totp));
	}
	for (size_t i = 0; i < conf->private_count; i++)
		ike_secret_clear(&conf->privates[i].secret);
	free(conf->privates);
	for (size_t i = 0; i < conf->token_count; i++)
		ike_secret_clear(&conf->tokens[i].pin);
	free(conf->tokens);
	free(conf->users);
	free(conf->connections);
	free(conf->pools);
	free(conf->by_name);
	free(conf->secrets);
	for (size_t i = 0; i < conf->file_count; i++)
		free(conf->files[i]);
	free(conf->files);
	free(conf);
}

struct ike_addr conf_peer(const struct conf_connection *connection)
{
	const struct ike_addr nowhere = {0};

	return connection->remote.count == 1 ? ike_hosts_first_address(&connection->remote)
					     : nowhere;
}

const struct conf_connection *conf_find_connection(const struct conf *conf, const char *name)
{
	size_t first = 0, end = conf->connection_count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;
		int order = strcmp(name, conf->by_name[middle]->name);

		if (!order)
			return conf->by_name[middle];
		if (order < 0)
			end = middle;
		else
			first = middle + 1;
	}
	return NULL;
}

const struct conf_pool *conf_find_pool(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->pool_count; i++)
		if (!strcmp(conf->pools[i].name, name))
			return &conf->pools[i];
	return NULL;
}

struct ike_ts_list conf_local_ts(const struct conf_connection *c, const struct conf_child *child,
				 const struct ike_addr *local)
{
	struct ike_addr any[2];
	unsigned int count = 0;

	/* One of each family. */
	for (size_t i = 0; i < c->vip_count; i++)
		if (count == 0 || (count == 1 && any[0].family != c->vips[i].family))
			any[count++] = (struct ike_addr){.family = c->vips[i].family};
	return count ? ike_ts_resolve(&child->local_ts, any, count)
		     : ike_ts_resolve(&child->local_ts, local, 1);
}

/* The configured selector, of all that a pool has. */
static struct ike_ts of_pool(const struct ike_ts *dynamic, const struct conf_pool *pool)
{
	struct ike_ts ts = pool->network;

	ts.protocol = dynamic->protocol;
	ts.port_first = dynamic->port_first;
	ts.port_last = dynamic->port_last;
	return ts;
}

struct ike_ts_list conf_remote_ts(const struct conf *conf, const struct conf_connection *c,
				  const struct conf_child *child)
{
	static const struct ike_ts all = {.dynamic = true, .port_last = UINT16_MAX};
	struct ike_ts_list in = child->remote_ts, out = {.count = 0};
	const struct ike_addr peer = conf_peer(c);

	if (!c->pool_count)
		return ike_ts_resolve(&in, &peer, 1);
	if (!in.count)
		in = (struct ike_ts_list){.count = 1, .list = {all}};
	for (unsigned int i = 0; i < in.count; i++) {
		if (!in.list[i].dynamic && out.count < IKE_TS_MAX)
			out.list[out.count++] = in.list[i];
		for (size_t k = 0;
		     in.list[i].dynamic && k < c->pool_count && out.count < IKE_TS_MAX; k++)
			out.list[out.count++] =
				of_pool(&in.list[i], conf_find_pool(conf, c->pools[k]));
	}
	return out;
}
