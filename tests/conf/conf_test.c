// SPDX-License-Identifier: BSD-2-Clause
// The language of swanctl.conf: what it means, and what is refused with file, line and key.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/conf/conf.h"
#include "tests/conf/text.h"

#define DAEMON "raveld { backend = soft\n wire = veth0 }\n"
#define LOCAL_REMOTE "local { auth = psk }\n remote { auth = psk }\n"

static uint64_t seed = 0x5eed4303;

static uint32_t random32(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static struct conf *load(const char *text)
{
	return conf_of("%s", text);
}

static void refused(const char *text, const char *message)
{
	assert_refused(message, "%s", text);
}

static struct conf_tree *parse(const char *text)
{
	struct conf_error error = {""};
	struct conf_tree *tree = NULL;

	if (conf_tree_parse("t.conf", text, strlen(text), &tree, &error))
		fail_msg("%s", error.text);
	return tree;
}

/* The value at a path, or "(unset)". */
static const char *value_at(const struct conf_tree *tree, const char *path)
{
	const struct conf_section *section = conf_tree_root(tree);
	const struct conf_key *key;
	char name[64];

	for (;;) {
		size_t len = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		if (!path[len])
			break;
		section = conf_section_find(section, name);
		if (!section)
			return "(no section)";
		path += len + 1;
	}
	key = conf_key_find(section, name);
	return key ? key->value : "(unset)";
}

static void values_comments_and_quotes_are_read(void **state)
{
	struct conf_tree *tree = parse("# first\n"
				       "a = 1 # one\r\n"
				       "b=two words  \t\n"
				       "c = \"with # and } and \\\"quotes\\\"\\n\" # and more\n"
				       "d =\n"
				       "e = \"\"\n"
				       "s { x = 1 }\n"
				       "t\n{\n x = a, b ,c\n} u { y = z }\n"
				       "v { w { x { deep = yes } } }");

	(void)state;
	assert_string_equal(value_at(tree, "a"), "1");
	assert_string_equal(value_at(tree, "b"), "two words");
	assert_string_equal(value_at(tree, "c"), "with # and } and \"quotes\"\n");
	assert_string_equal(value_at(tree, "d"), "(unset)");
	assert_string_equal(value_at(tree, "e"), "");
	assert_string_equal(value_at(tree, "s.x"), "1");
	assert_string_equal(value_at(tree, "t.x"), "a, b ,c");
	assert_string_equal(value_at(tree, "u.y"), "z");
	assert_string_equal(value_at(tree, "v.w.x.deep"), "yes");
	conf_tree_free(tree);
}

static void later_settings_extend_and_replace(void **state)
{
	struct conf_tree *tree = parse("s { a = 1\n b = 2\n t { c = 3 } }\n"
				       "s { b = 4\n a =\n t { d = 5 } }\n");

	(void)state;
	assert_string_equal(value_at(tree, "s.a"), "(unset)");
	assert_string_equal(value_at(tree, "s.b"), "4");
	assert_string_equal(value_at(tree, "s.t.c"), "3");
	assert_string_equal(value_at(tree, "s.t.d"), "5");
	conf_tree_free(tree);
}

static void sections_inherit_what_they_do_not_have(void **state)
{
	struct conf_tree *tree = parse("base { a = base\n b = base\n t { x = base\n y = base } }\n"
				       "more : base { b = more\n u { z = more } }\n"
				       "alone { a = alone\n w = alone }\n"
				       "c { d : more, alone { b =\n t { y = own } } }\n");

	(void)state;
	assert_string_equal(value_at(tree, "c.d.a"), "base");
	assert_string_equal(value_at(tree, "c.d.b"), "(unset)");
	assert_string_equal(value_at(tree, "c.d.t.x"), "base");
	assert_string_equal(value_at(tree, "c.d.t.y"), "own");
	assert_string_equal(value_at(tree, "c.d.u.z"), "more");
	assert_string_equal(value_at(tree, "c.d.w"), "alone");
	conf_tree_free(tree);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void remove_file(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static void includes_are_relative_sorted_and_bounded(void **state)
{
	char folder[] = "/tmp/ravelin-conf-XXXXXX", path[128], sub[128];
	struct conf_error error;
	struct conf_tree *tree;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(sub, sizeof(sub), "%s/d", folder);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(path, sizeof(path), "%s/main.conf", folder);
	write_file(folder, "main.conf",
		   "a = main\ninclude d/*.conf\ninclude d/none*.conf\n"
		   "s { include d/in.section\n }\n");
	write_file(folder, "d/2.conf", "a = two\n");
	write_file(folder, "d/1.conf", "a = one\nb = one\n");
	write_file(folder, "d/in.section", "k = v\n");
	assert_int_equal(conf_tree_read(path, &tree, &error), 0);
	assert_string_equal(value_at(tree, "a"), "two");
	assert_string_equal(value_at(tree, "b"), "one");
	assert_string_equal(value_at(tree, "s.k"), "v");
	conf_tree_free(tree);

	write_file(folder, "main.conf", "\ninclude missing.conf\n");
	assert_int_not_equal(conf_tree_read(path, &tree, &error), 0);
	assert_non_null(strstr(error.text, "main.conf:2: no such file to include:"));
	write_file(folder, "main.conf", "include main.conf\n");
	assert_int_not_equal(conf_tree_read(path, &tree, &error), 0);
	assert_non_null(strstr(error.text, "nested too deeply"));
	remove_file(folder, "main.conf");
	assert_int_not_equal(conf_tree_read(path, &tree, &error), 0);
	assert_non_null(strstr(error.text, "main.conf: No such file or directory"));
	assert_int_not_equal(conf_tree_read(folder, &tree, &error), 0);
	assert_non_null(strstr(error.text, ": Is a directory"));
	remove_file(folder, "d/1.conf");
	remove_file(folder, "d/2.conf");
	remove_file(folder, "d/in.section");
	rmdir(sub);
	rmdir(folder);
}

static void malformed_files_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"a {\n b = 1\n", "t.conf:3: the file ends before the '}' of section \"a\""},
		{"a = 1\n}\n", "t.conf:2: a '}' too many"},
		{"a\nb = 1\n", "t.conf:2: '=' or '{' is expected after \"a\""},
		{"a = \"x\n\n", "t.conf:3: a string isn't closed"},
		{"a = \"x\" y\n", "t.conf:1: something follows a string on its line"},
		{"a = b { c\n", "t.conf:1: a value with '{' or '\"' in it needs quotes around it"},
		{"\n = 1\n", "t.conf:2: a name is expected, not \"=\""},
		{"a : b\n", "t.conf:2: a '{' is expected after section \"a\""},
		{"a : {}\n", "t.conf:1: a name is expected, not \"{\""},
		{"a : b { }\n", "t.conf:1: a: refers to \"b\", which isn't there"},
		{"a : b { }\nb : a { }\n", "t.conf:1: a: refers to itself"},
		{"a { b : a { } }\n", "t.conf:1: a.b: refers to \"a\", which it is a part of"},
		{"include\n", "t.conf:2: '=' or '{' is expected after \"include\""},
		{"a.b = 1\n", "t.conf:1: '=' or '{' is expected after \"a\""},
		{"a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a {"
		 "a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a {",
		 "t.conf:1: sections are nested too deeply"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(cases[i].text, cases[i].message);
}

static void references_cannot_grow_without_bound(void **state)
{
	char text[8192] = "s0 { a = 1\n b = 2 }\n";
	struct conf_error error;
	struct conf_tree *tree;

	(void)state;
	for (int i = 1; i < 30; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "s%d { l : s%d { }\n r : s%d { } }\n", i, i - 1, i - 1);
	assert_int_not_equal(conf_tree_parse("t.conf", text, strlen(text), &tree, &error), 0);
	assert_non_null(strstr(error.text, "too large once references are resolved"));
}

static const char whole[] =
	"raveld { backend = user\n device = vfio-user:/run/sim.sock\n address = 192.0.2.1/24\n"
	" fragment_size = 576\n cookie_threshold = 40\n"
	" cookie_threshold_ip = 0\n block_threshold = 7\n puzzle_threshold = 300\n"
	" puzzle_threshold_ip = 0\n puzzle_difficulty = 0\n puzzle_effort = 20\n"
	" init_limit_half_open = 100\n qcd_secret = none\n"
	" follow_redirects = no\n redirect_to = gw2.example.org\n redirect_timeout = 2m\n"
	" fetch = no\n fetch_local = yes\n fetch_timeout = 15s\n fetch_limit = 32m\n"
	" init_limit_job_load = 8\n mtu = 1400\n log_level = debug\n routing_table = 221 }\n"
	"defaults { version = 2\n dpd_delay = 2m\n mtu_probe_interval = 60s\n rekey_time = 3h\n "
	"reauth_time = 1d\n over_time "
	"= 10m\n childless = prefer\n keyingtries = 3\n proposals = "
	"aes256gcm16-prfsha384-x25519 }\n"
	"connections {\n gw : defaults {\n  local_addrs = 192.0.2.1\n  remote_addrs = 192.0.2.2\n"
	"  remote_port = 4500\n  encap = yes\n  unique = replace\n  mobike = no\n"
	"  fragmentation = accept\n  redirect_to = 192.0.2.9\n"
	"  local { auth = psk\n   id = moon.example.org\n }\n"
	"  remote { auth = psk\n   id = sun.example.org\n }\n"
	"  children { net {\n    local_ts = 10.1.0.0/16, 10.3.0.0/24[tcp/80]\n"
	"    remote_ts = 10.2.0.0/16\n    esp_proposals = aes256gcm16, aes128gcm16\n"
	"    mode = tunnel\n    start_action = start\n    life_bytes = 10g\n    rekey_time = 30m\n"
	"    life_time = 40m\n    rand_time = 5m\n    close_action = start\n"
	"    rekey_bytes = 8g\n    life_packets = 1k\n    replay_window = 2048\n    copy_df = no\n"
	"    hw_offload = packet\n  } }\n } }\n"
	"secrets {\n ike-1 { id-a = moon.example.org\n  id-b = sun.example.org\n"
	"  secret = 0x00ff10 }\n"
	" ike { secret = 0sAQID }\n ike-2 { id = sun.example.org\n secret = \"plain text\" }\n }\n";

static struct ike_id id_of(const char *text)
{
	struct ike_id id;
	char reason[64];

	assert_int_equal(ike_id_parse(text, &id, reason, sizeof(reason)), 0);
	return id;
}

static void whole_configuration_is_understood(void **state)
{
	struct ike_id moon = id_of("moon.example.org"), sun = id_of("sun.example.org");
	struct conf *conf = load(whole);
	const struct conf_connection *c = conf_find_connection(conf, "gw");
	const struct conf_child *child = &c->children[0];

	(void)state;
	assert_int_equal(conf->daemon.backend, CONF_BACKEND_USER);
	assert_string_equal(conf->daemon.device, "vfio-user:/run/sim.sock");
	assert_string_equal(conf->daemon.netdev, "rvl0");
	assert_int_equal(conf->daemon.address_count, 1);
	assert_int_equal(conf->daemon.addresses[0].prefix_len, 24);
	assert_int_equal(conf->daemon.mtu, 1400);
	assert_int_equal(conf->daemon.log_level, CONF_LOG_DEBUG);
	assert_int_equal(conf->daemon.routing_table, 221);
	assert_int_equal(conf->daemon.routing_priority, 220);
	assert_int_equal(conf->daemon.port_nat, 4500);
	assert_int_equal(c->dpd_delay, 120);
	assert_int_equal(c->mtu_probe_interval, 60);
	assert_int_equal(c->rekey_time, 10800);
	assert_int_equal(c->reauth_time, 86400);
	assert_int_equal(c->childless, IKE_CHILDLESS_PREFER);
	assert_int_equal(c->keyingtries, 3);
	assert_int_equal(c->fragmentation, IKE_FRAGMENTATION_ACCEPT);
	assert_int_equal(conf->daemon.fragment_size, 576);
	assert_false(conf->daemon.follow_redirects);
	assert_string_equal(conf->daemon.redirect_to.list[0].name, "gw2.example.org");
	assert_int_equal(conf->daemon.redirect_timeout, 120);
	assert_true(!conf->daemon.fetch.on && conf->daemon.fetch.local);
	assert_int_equal(conf->daemon.fetch.timeout, 15);
	assert_int_equal(conf->daemon.fetch.limit, 32 << 20);
	assert_int_equal(ike_hosts_first_address(&c->redirect_to).ip[3], 9);
	assert_int_equal(conf->daemon.limits.cookie_threshold, 40);
	assert_int_equal(conf->daemon.limits.cookie_threshold_ip, IKE_NO_LIMIT);
	assert_int_equal(conf->daemon.limits.half_open_per_ip, 7);
	assert_int_equal(conf->daemon.limits.puzzle_threshold, 300);
	assert_int_equal(conf->daemon.limits.puzzle_threshold_ip, IKE_NO_LIMIT);
	assert_int_equal(conf->daemon.limits.puzzle_difficulty, IKE_NO_LIMIT);
	assert_int_equal(conf->daemon.limits.puzzle_effort, 20);
	assert_int_equal(conf->daemon.limits.half_open, 100);
	assert_int_equal(conf->daemon.limits.computing, 8);
	assert_string_equal(conf->daemon.qcd_secret, "");
	assert_int_equal(c->over_time, 600);
	assert_int_equal(c->rand_time, 600);
	assert_int_equal(c->proposal_count, 1);
	assert_true(c->encap);
	assert_false(c->mobike);
	assert_int_equal(c->unique, IKE_UNIQUE_REPLACE);
	assert_int_equal(c->remote_port, 4500);
	assert_int_equal(conf_peer(c).ip[3], 2);
	assert_string_equal(child->name, "net");
	assert_int_equal(child->local_ts.count, 2);
	assert_int_equal(child->local_ts.list[1].protocol, 6);
	assert_int_equal(child->proposal_count, 2);
	assert_int_equal(child->start, CONF_START_START);
	assert_int_equal(child->life_bytes, 10ull << 30);
	assert_int_equal(child->life_packets, 1024);
	assert_int_equal(child->rekey_time, 1800);
	assert_int_equal(child->life_time, 2400);
	assert_int_equal(child->rand_time, 300);
	assert_int_equal(child->close_action, CONF_CLOSE_START);
	assert_int_equal(child->replay_window, 2048);
	assert_int_equal(child->df, CONF_DF_CLEAR);
	assert_int_equal(child->offload, CONF_OFFLOAD_PACKET);
	assert_int_equal(conf->secret_count, 3);
	assert_int_equal(conf->secrets[0].owner_count, 2);
	assert_true(ike_id_equal(&conf->secrets[0].owners[0], &moon));
	assert_true(ike_id_equal(&conf->secrets[0].owners[1], &sun));
	assert_int_equal(conf->secrets[0].secret.len, 3);
	assert_memory_equal(conf->secrets[0].secret.data, "\x00\xff\x10", 3);
	assert_int_equal(conf->secrets[1].owner_count, 0);
	assert_int_equal(conf->secrets[1].secret.len, 3);
	assert_memory_equal(conf->secrets[1].secret.data, "\1\2\3", 3);
	assert_int_equal(conf->secrets[2].secret.len, 10);
	conf_free(conf);
}

/* Of a network of IPv6 the first address is its routers', and 2^24 are given at most. */
static void pools_of_ipv6_are_understood(void **state)
{
	static const struct {
		const char *addrs, *first, *last;
		uint32_t size;
	} cases[] = {
		{"2001:db8::/120", "2001:db8::1", "2001:db8::ff", 255},
		{"2001:db8::10/120", "2001:db8::10", "2001:db8::ff", 240},
		{"2001:db8::/64", "2001:db8::1", "2001:db8::100:0", 1 << 24},
		{"2001:db8::/104", "2001:db8::1", "2001:db8::ff:ffff", (1 << 24) - 1},
		{"2001:db8::fffe-2001:db8::1:1", "2001:db8::fffe", "2001:db8::1:1", 4},
		{"2001:db8::7", "2001:db8::7", "2001:db8::7", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256], address[IKE_ADDR_TEXT];
		struct conf_error error = {""};
		const struct conf_pool *pool;
		struct rvl_addr last;
		struct ike_addr addr;
		struct conf *conf;

		snprintf(text, sizeof(text),
			 "raveld { backend = soft\n wire = w0 }\npools { a { addrs = %s } }\n",
			 cases[i].addrs);
		if (conf_load_text("t.conf", text, strlen(text), &conf, &error))
			fail_msg("%s", error.text);
		pool = conf_find_pool(conf, "a");
		addr = ike_addr_of(&pool->first, 0);
		ike_addr_text(&addr, address, sizeof(address));
		assert_string_equal(address, cases[i].first);
		assert_int_equal(pool->size, cases[i].size);
		last = conf_pool_address(pool, pool->size - 1);
		addr = ike_addr_of(&last, 0);
		ike_addr_text(&addr, address, sizeof(address));
		assert_string_equal(address, cases[i].last);
		assert_true(conf_pool_has(pool, &last) && conf_pool_has(pool, &pool->first));
		last = conf_pool_address(pool, pool->size);
		assert_false(conf_pool_has(pool, &last));
		conf_free(conf);
	}
}

static void pools_and_what_is_asked_of_them_is_understood(void **state)
{
	struct conf *conf = load(
		DAEMON "pools { a { addrs = 10.3.0.0/24\n dns = 10.1.0.53, 10.1.0.54\n"
		       " nbns = 10.1.0.55\n netmask = 255.255.255.0\n"
		       " subnet = 10.1.0.0/16, 10.2.0.0/16\n 25 = corp.example, lab.example }\n"
		       " b { addrs = 10.4.0.10-10.4.0.99 }\n c { addrs = 10.5.0.5/30 }\n"
		       " d { addrs = 10.6.0.1 } e { addrs = 10.7.0.0/31 } }\n"
		       "connections { gw { remote_addrs = 192.0.2.2\n vips = 0.0.0.0, 10.9.0.7\n"
		       "pools = b, a\n" LOCAL_REMOTE
		       "children { net { local_ts = dynamic, 10.1.0.0/16\n"
		       "remote_ts = dynamic[tcp/80] } } } }\n");
	static const struct {
		const char *name;
		uint32_t first, last;
	} ranges[] = {{"a", 0x0a030001, 0x0a0300fe},
		      {"b", 0x0a04000a, 0x0a040063},
		      {"c", 0x0a050005, 0x0a050006},
		      {"d", 0x0a060001, 0x0a060001},
		      {"e", 0x0a070000, 0x0a070001}};
	const struct ike_addr here = {.family = 4, .ip = {192, 0, 2, 1}};
	const struct conf_connection *c = conf_find_connection(conf, "gw");
	const struct ike_settings *s = &conf_find_pool(conf, "a")->settings;
	struct ike_ts_list local = conf_local_ts(c, &c->children[0], &here);
	struct ike_ts_list remote = conf_remote_ts(conf, c, &c->children[0]);
	char text[IKE_TS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct conf_pool *pool = conf_find_pool(conf, ranges[i].name);

		assert_int_equal(rvl_addr_ipv4(&pool->first), ranges[i].first);
		assert_int_equal(pool->size, ranges[i].last - ranges[i].first + 1);
	}
	assert_int_equal(s->dns_count, 2);
	assert_int_equal(s->nbns_count, 1);
	assert_int_equal(s->netmask.ip[2], 255);
	assert_int_equal(s->subnets.count, 2);
	assert_int_equal(s->domain_count, 2);
	assert_string_equal(s->domains[1], "lab.example");
	assert_int_equal(c->vip_count, 2);
	assert_true(ike_addr_is_zero(&c->vips[0]));
	assert_int_equal(c->vips[1].ip[3], 7);
	assert_int_equal(c->pool_count, 2);
	assert_string_equal(c->pools[0], "b");
	assert_int_equal(local.count, 2);
	ike_ts_text(&local.list[0], text, sizeof(text));
	assert_string_equal(text, "0.0.0.0/0");
	assert_int_equal(remote.count, 2);
	ike_ts_text(&remote.list[0], text, sizeof(text));
	assert_string_equal(text, "10.4.0.10-10.4.0.99[6/80]");
	ike_ts_text(&remote.list[1], text, sizeof(text));
	assert_string_equal(text, "10.3.0.0/24[6/80]");
	assert_string_equal(conf->daemon.leases, "/var/lib/raveld/leases");
	conf_free(conf);
}

static void example_is_good(void **state)
{
	struct conf_error error = {""};
	struct conf *conf;

	(void)state;
	if (conf_load("host/conf/example.conf", &conf, &error))
		fail_msg("%s", error.text);
	assert_int_equal(conf->connection_count, 1);
	assert_int_equal(conf->connections[0].children[0].life_bytes, 120ull << 30);
	conf_free(conf);
}

static void a_peer_may_be_never_asked_whether_it_lives(void **state)
{
	struct conf *conf = load(DAEMON "connections { a { dpd_delay = 0\n" LOCAL_REMOTE
					" children { n { } } } }\n");

	(void)state;
	assert_int_equal(conf->connections[0].dpd_delay, 0);
	conf_free(conf);
}

static void defaults_are_as_documented(void **state)
{
	struct conf *conf =
		load(DAEMON "connections { a { " LOCAL_REMOTE " children { n { } } } }\n");
	const struct conf_connection *c = &conf->connections[0];

	(void)state;
	assert_int_equal(c->dpd_delay, 30);
	assert_int_equal(c->mtu_probe_interval, 0);
	assert_int_equal(c->rekey_time, 4 * 3600);
	assert_int_equal(c->over_time, 1440);
	assert_int_equal(c->rand_time, 1440);
	assert_int_equal(c->children[0].rekey_time, 3600);
	assert_int_equal(c->children[0].life_time, 3960);
	assert_int_equal(c->children[0].rand_time, 360);
	assert_int_equal(conf->secret_count, 0);
	assert_string_equal(conf->daemon.wire, "veth0");
	assert_true(conf->daemon.install_routes);
	assert_true(conf->daemon.exempt_connected);
	assert_int_equal(c->local.count, 0);
	assert_int_equal(c->local_id.type, 0);
	assert_true(c->proposal_count > 0);
	assert_false(c->encap);
	assert_true(c->mobike);
	assert_int_equal(c->fragmentation, IKE_FRAGMENTATION_YES);
	assert_int_equal(conf->daemon.fragment_size, 0);
	assert_true(conf->daemon.follow_redirects);
	assert_int_equal(conf->daemon.redirect_to.count, 0);
	assert_int_equal(conf->daemon.redirect_timeout, 60);
	assert_true(conf->daemon.fetch.on && !conf->daemon.fetch.local);
	assert_int_equal(conf->daemon.fetch.timeout, 10);
	assert_int_equal(conf->daemon.fetch.limit, 16 << 20);
	assert_int_equal(conf->daemon.limits.half_open, 0);
	assert_string_equal(conf->daemon.qcd_secret, "/var/lib/raveld/qcd-secret");
	assert_int_equal(c->children[0].replay_window, 1024);
	assert_int_equal(c->children[0].df, CONF_DF_COPY);
	assert_true(c->children[0].copy_dscp);
	assert_true(c->children[0].local_ts.list[0].dynamic);
	conf_free(conf);
}

static void what_is_not_supported_is_refused_by_name(void **state)
{
	/* Lines of a connection, or of its child, each of which is wrong. */
	static const struct {
		const char *connection;
		const char *child;
		const char *message;
	} cases[] = {
		{"mood = good", "", "t.conf:4: connections.gw.mood: unknown key"},
		{"version = 1", "",
		 "t.conf:4: connections.gw.version: it is for IKEv1, which isn't "
		 "supported; leave the key out or set it to 2"},
		{"vips = %any", "",
		 "t.conf:4: connections.gw.vips: \"%any\" isn't an IP address (any: 0.0.0.0, ::)"},
		{"vips = ::", "", "t.conf:3: connections.gw: vips needs remote_addrs"},
		{"vips = 127.0.0.1", "",
		 "t.conf:4: connections.gw.vips: \"127.0.0.1\" isn't an address that a host may "
		 "have"},
		{"vips = 0.0.0.0", "", "t.conf:3: connections.gw: vips needs remote_addrs"},
		{"vips = 0.0.0.0\n remote_addrs = 192.0.2.2", "start_action = trap",
		 "t.conf:6: connections.gw.children.net: start_action = trap needs a local_ts that "
		 "isn't dynamic, as the address is the peer's to give (vips)"},
		{"pools = a", "", "t.conf:3: connections.gw.pools: there is no pool \"a\""},
		{"fragmentation = force", "",
		 "t.conf:4: connections.gw.fragmentation: \"force\" isn't supported (yes, accept, "
		 "no)"},
		{"proposals = aes512-sha256-modp2048", "",
		 "t.conf:4: connections.gw.proposals: unknown algorithm \"aes512\""},
		{"remote_addrs = fe80::1", "",
		 "t.conf:4: connections.gw.remote_addrs: \"fe80::1\" is link-local, which doesn't "
		 "say on which link"},
		{"local_addrs = febf::1", "",
		 "t.conf:4: connections.gw.local_addrs: \"febf::1\" is link-local, which doesn't "
		 "say on which link"},
		{"remote_addrs = ::", "",
		 "t.conf:4: connections.gw.remote_addrs: \"::\" is no address of anybody (%any6 "
		 "is any)"},
		{"remote_addrs = ::ffff:192.0.2.1", "",
		 "t.conf:4: connections.gw.remote_addrs: \"::ffff:192.0.2.1\" is mapped from IPv4: "
		 "write that address"},
		{"remote_addrs = ff02::1", "",
		 "t.conf:4: connections.gw.remote_addrs: \"ff02::1\" is multicast"},
		{"local_addrs = 192.0.2.1\n remote_addrs = 2001:db8::1", "",
		 "t.conf:3: connections.gw: local_addrs is IPv4 and remote_addrs IPv6"},
		{"local_addrs = 2001:db8::1\n remote_addrs = %any4", "",
		 "t.conf:3: connections.gw: local_addrs is IPv6 and remote_addrs IPv4"},
		{"local_addrs = 192.0.2.300", "",
		 "t.conf:4: connections.gw.local_addrs: \"192.0.2.300\" isn't an IP address, a "
		 "subnet, a range or a DNS name"},
		{"local_addrs = 192.0.2.0/33", "",
		 "t.conf:4: connections.gw.local_addrs: \"192.0.2.0/33\" bad prefix length"},
		{"local_addrs = 192.0.2.1, 10.0.0.0/8\n remote_addrs = 2001:db8::1", "",
		 "t.conf:3: connections.gw: local_addrs is IPv4 and remote_addrs IPv6"},
		{"remote_addrs = 192.0.2.0/24", "start_action = start",
		 "t.conf:5: connections.gw.children.net: start_action = start needs remote_addrs"},
		{"remote_addrs = b.example.org", "start_action = trap",
		 "t.conf:5: connections.gw.children.net: start_action = trap needs an address in "
		 "remote_addrs"},
		{"remote_addrs = b.example.org", "dpd_action = trap",
		 "t.conf:5: connections.gw.children.net: dpd_action = trap needs an address in "
		 "remote_addrs"},
		{"local_port = 65536", "",
		 "t.conf:4: connections.gw.local_port: 65536 isn't between 1 and 65535"},
		{"local_port = 4500", "",
		 "t.conf:3: connections.gw.local_port: 4500 isn't the port of section raveld, 500"},
		{"mtu_probe_interval = yes", "",
		 "t.conf:4: connections.gw.mtu_probe_interval: \"yes\" isn't a time (a number with "
		 "s, m, h or d)"},
		{"dpd_delay = 5 parsecs", "",
		 "t.conf:4: connections.gw.dpd_delay: \"5 parsecs\" isn't a time (a number with s, "
		 "m, "
		 "h or d)"},
		{"rekey_time = 4 hours", "",
		 "t.conf:4: connections.gw.rekey_time: \"4 hours\" isn't a time (a number with s, "
		 "m, h or d)"},
		{"reauth_time = 60\n rand_time = 61", "",
		 "t.conf:3: connections.gw: rand_time is beyond reauth_time"},
		{"rekey_time = 60\n rand_time = 61", "",
		 "t.conf:3: connections.gw: rand_time is beyond rekey_time"},
		{"", "rekey_time = 61\n life_time = 1m",
		 "t.conf:5: connections.gw.children.net: rekey_time is beyond life_time"},
		{"", "rekey_time = 60\n rand_time = 61",
		 "t.conf:5: connections.gw.children.net: rand_time is beyond rekey_time"},
		{"encap = maybe", "",
		 "t.conf:4: connections.gw.encap: \"maybe\" is neither yes nor no"},
		{"pool { }", "", "t.conf:4: connections.gw.pool: unknown section"},
		{"local-2 { auth = psk\n }", "",
		 "t.conf:4: connections.gw.local-2.auth: of two rounds of authentication the "
		 "second one is eap, eap-mschapv2, eap-gtc or eap-radius"},
		{"local-2 { auth = eap-tls\n certs = a.pem\n id = bob\n }", "",
		 "t.conf:4: connections.gw.local-2.auth: of two rounds of authentication the "
		 "second one is eap, eap-mschapv2, eap-gtc or eap-radius"},
		{"local-2 { auth = eap\n id = bob\n round = two\n }", "",
		 "t.conf:6: connections.gw.local-2.round: \"two\" isn't a number from 0 to "
		 "65535"},
		{"local-2 { auth = eap\n id = bob\n }\n local-3 { auth = eap\n id = eve\n }", "",
		 "t.conf:7: connections.gw.local-3: a third round of authentication isn't "
		 "supported"},
		{"ppk_id = k\n local-2 { auth = eap\n id = bob\n }", "",
		 "t.conf:3: connections.gw: ppk_id and ppk_required don't go with two rounds of "
		 "authentication"},
		{"", "esp_proposals = aes512",
		 "t.conf:5: connections.gw.children.net.esp_proposals: unknown algorithm "
		 "\"aes512\""},
		{"", "start_action = route",
		 "t.conf:5: connections.gw.children.net.start_action: \"route\" isn't supported "
		 "(none, start, trap, trap|start)"},
		{"", "life_bytes = 99999999999999999999",
		 "t.conf:5: connections.gw.children.net.life_bytes: \"99999999999999999999\" isn't "
		 "a "
		 "size (a number with k, m or g)"},
		{"", "life_bytes = 18446744073709551615g",
		 "t.conf:5: connections.gw.children.net.life_bytes: \"18446744073709551615g\" "
		 "isn't a "
		 "size (a number with k, m or g)"},
		{"", "rekey_packets = 2k\n life_packets = 1k",
		 "t.conf:5: connections.gw.children.net: rekey_packets is beyond life_packets"},
		{"", "local_ts = fec0::/64\n remote_ts = 10.0.0.0/8",
		 "t.conf:5: connections.gw.children.net: local_ts and remote_ts are of two "
		 "families"},
		{"", "local_ts = 10.0.0.0/8,,10.1.0.0/16",
		 "t.conf:5: connections.gw.children.net.local_ts: has an empty item"},
		{"", "priority = 3",
		 "t.conf:5: connections.gw.children.net.priority: fixed priorities aren't "
		 "supported; leave the key out or set it to 0"},
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
			 DAEMON
			 "connections { gw { local { auth = psk } remote { auth = psk }\n%s\n"
			 "children { net { %s\n } } } }\n",
			 cases[i].connection, cases[i].child);
		refused(text, cases[i].message);
	}
}

/* What strongSwan's files say where something isn't wanted. */
static void what_is_off_is_taken(void **state)
{
	static const char *const connection[] = {
		"version = 0",
		"version = 2",
		"mobike = no",
		"mobike = disabled",
		"vips =",
		"ppk_id = \"\"",
		"pools =",
		"aggressive = no",
		"pull = yes",
		"dpd_timeout = 0s",
		"dscp = 000000",
		"send_certreq = no",
		"send_certreq = yes",
		"ocsp = never",
		"ocsp = reply",
		"ocsp = request",
		"ocsp = both",
		"send_cert = ifasked",
		"send_cert = never",
		"ppk_id =",
		"ppk_required = false",
		"mediation = off",
		"mediated_by =",
		"mediation_peer =",
	};
	static const char *const child[] = {
		"mode = tunnel",  "ah_proposals =",	 "sha256_96 = no",
		"rand_bytes = 0", "rand_packets = 0",	 "updown =",
		"hostaccess = 0", "policies = on",	 "policies_fwd_out = no",
		"ipcomp = no",	  "inactivity = 0",	 "inactivity = 0s",
		"reqid = 0",	  "priority = 0",	 "interface =",
		"label =",	  "label_mode = system", "tfc_padding = 0",
	};
	static const char *const text = DAEMON
		"connections { gw { local { auth = psk\n round = 0\n certs =\n cert { }\n }\n"
		"remote { auth = psk\n revocation = relaxed\n cacerts =\n groups =\n }\n%s\n"
		"children { net { %s\n } } } }\n pools { }\n authorities { }\n"
		"secrets { eap { }\n private-a { } }\n";
	char all[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(connection) / sizeof(connection[0]); i++) {
		snprintf(all, sizeof(all), text, connection[i], "");
		conf_free(load(all));
	}
	for (size_t i = 0; i < sizeof(child) / sizeof(child[0]); i++) {
		snprintf(all, sizeof(all), text, "", child[i]);
		conf_free(load(all));
	}
}

/* Neither zero nor off, though it begins so. */
static void what_is_on_is_refused_with_what_to_write(void **state)
{
	static const struct {
		const char *connection;
		const char *child;
		const char *message;
	} cases[] = {
		{"mediation = yes", "",
		 "t.conf:4: connections.gw.mediation: mediation isn't supported; leave the key out "
		 "or set it to no"},
		{"mediation = maybe", "",
		 "t.conf:4: connections.gw.mediation: mediation isn't supported; leave the key out "
		 "or set it to no"},
		{"pull = no", "",
		 "t.conf:4: connections.gw.pull: it is for IKEv1, which isn't supported; leave the "
		 "key out or set it to yes"},
		{"ppk_id = x", "",
		 "t.conf:3: connections.gw: no secret (secrets.ppk*) for ppk_id = x"},
		{"ppk_id = *", "",
		 "t.conf:4: connections.gw.ppk_id: \"*\" isn't the identity of "
		 "one key"},
		{"ppk_required = yes", "",
		 "t.conf:3: connections.gw: ppk_required needs a secret (secrets.ppk*)"},
		{"", "inactivity = 0x",
		 "t.conf:5: connections.gw.children.net.inactivity: an end for inactivity isn't "
		 "supported; leave the key out or set it to 0"},
		{"", "updown = /usr/lib/ipsec/_updown",
		 "t.conf:5: connections.gw.children.net.updown: scripts aren't supported; leave "
		 "the "
		 "key out"},
		{"local-x { cert { file = a.pem\n } }", "",
		 "t.conf:4: connections.gw.local-x.cert: certificates are named in the keys "
		 "certs and cacerts; leave the section out"},
		{"dpd_dealy = 1s", "",
		 "t.conf:4: connections.gw.dpd_dealy: unknown key (is it \"dpd_delay\"?)"},
		{"mobik = no", "",
		 "t.conf:4: connections.gw.mobik: unknown key (is it \"mobike\"?)"},
		{"", "esp_proposal = aes128gcm16",
		 "t.conf:5: connections.gw.children.net.esp_proposal: unknown key (is it "
		 "\"esp_proposals\"?)"},
		{"", "ts = dynamic", "t.conf:5: connections.gw.children.net.ts: unknown key"},
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
			 DAEMON
			 "connections { gw { local { auth = psk } remote { auth = psk }\n%s\n"
			 "children { net { %s\n } } } }\n",
			 cases[i].connection, cases[i].child);
		refused(text, cases[i].message);
	}
	refused(DAEMON "connections { gw { local { auth = psk\n id = *.example.org } } }\n",
		"t.conf:4: connections.gw.local.id: \"*.example.org\" stands for many "
		"identities, and we have one");
	refused(DAEMON "connections { gw { local { auth = psk\n id = fdqn:moon } } }\n",
		"t.conf:4: connections.gw.local.id: identity \"fdqn:moon\" has an unknown type "
		"before its colon (a key ID is keyid:...)");
	refused(DAEMON "connections { gw { local { auth = psk\n cert { file = a.pem } } } }\n",
		"t.conf:4: connections.gw.local.cert: certificates are named in the keys certs and "
		"cacerts; leave the section out");
}

static void hosts_may_be_several(void **state)
{
	struct conf *conf = load(
		DAEMON "connections { gw { " LOCAL_REMOTE "\n"
		       "local_addrs = 192.0.2.1\n"
		       "remote_addrs = b.example.org, 192.0.2.2, 10.0.0.0/8, 10.1.0.1-10.1.0.9\n"
		       "children { net { start_action = trap\n } } }\n"
		       "named { " LOCAL_REMOTE "remote_addrs = c.example.org\n"
		       "children { n { start_action = start\n close_action = start\n } } } }\n");
	static const char *const shown[] = {"b.example.org", "192.0.2.2", "10.0.0.0/8",
					    "10.1.0.1-10.1.0.9"};
	const struct conf_connection *c = &conf->connections[0];
	char text[IKE_HOST_TEXT];

	(void)state;
	assert_int_equal(c->remote.count, 4);
	for (unsigned i = 0; i < 4; i++) {
		ike_host_text(&c->remote.list[i], text, sizeof(text));
		assert_string_equal(text, shown[i]);
		assert_int_equal(c->remote.list[i].range.family, i ? 4 : 0);
	}
	/* It may be at any of them. */
	assert_int_equal(conf_peer(c).family, 0);
	assert_int_equal(ike_hosts_first_address(&c->remote).ip[3], 2);
	assert_int_equal(conf->connections[1].remote.count, 1);
	conf_free(conf);
}

static void daemon_and_secrets_are_checked_too(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"connections { }\n", "t.conf:1: needs a section \"raveld\""},
		{"raveld { backend = user }\n",
		 "t.conf:1: raveld: backend user needs the key \"device\""},
		{"raveld { backend = xfrm\n device = pci:0000:01:00.0 }\n",
		 "t.conf:1: raveld: backend xfrm has no use for the key \"device\": the kernel's "
		 "interfaces are what it has"},
		{"raveld { address = 192.0.2.1/24 }\n",
		 "t.conf:1: raveld: backend xfrm has no use for the key \"address\": the kernel's "
		 "interfaces are what it has"},
		{"raveld { backend = soft }\n",
		 "t.conf:1: raveld: backend soft needs the key \"wire\""},
		{"raveld { device = pci:0000:01:00.0\n port_tcp = 4500 }\n",
		 "t.conf:1: raveld: \"port_tcp\" needs backend soft"},
		{"raveld { device = pci:0000:01:00.0\n data_threads = 2 }\n",
		 "t.conf:1: raveld: \"data_threads\" needs backend soft"},
		{"raveld { backend = soft\n wire = eth1\n data_threads = 0 }\n",
		 "t.conf:3: raveld.data_threads: 0 isn't between 1 and 16"},
		{"raveld { backend = soft\n wire = eth1\n data_threads = 17 }\n",
		 "t.conf:3: raveld.data_threads: 17 isn't between 1 and 16"},
		{"raveld { device = pci:0000:01:00.0\n port_nat_t = 4501 }\n",
		 "t.conf:1: raveld: \"port_nat_t\" is 4501, but the NIC takes ESP in UDP on port "
		 "4500 only"},
		{"raveld { backend = user, soft }\n",
		 "t.conf:1: raveld: backend user needs the key \"device\""},
		{"raveld { backend = soft, user }\n",
		 "t.conf:1: raveld.backend: only user and soft go together, in this order"},
		{"raveld { backend = user, soft, xfrm }\n",
		 "t.conf:1: raveld.backend: xfrm goes with no other: what moves a flow between the "
		 "kernel's policies and \"netdev\" is never one step"},
		{"raveld { backend = user, xfrm }\n",
		 "t.conf:1: raveld.backend: xfrm goes with no other: what moves a flow between the "
		 "kernel's policies and \"netdev\" is never one step"},
		{"raveld { backend = xfrm, user }\n",
		 "t.conf:1: raveld.backend: xfrm goes with no other: what moves a flow between the "
		 "kernel's policies and \"netdev\" is never one step"},
		{"raveld { backend = xfrm, soft }\n",
		 "t.conf:1: raveld.backend: xfrm goes with no other: what moves a flow between the "
		 "kernel's policies and \"netdev\" is never one step"},
		{"raveld { backend = user, soft, soft }\n",
		 "t.conf:1: raveld.backend: only user and soft go together, in this order"},
		{"raveld { backend = user, soft\n device = pci:0000:01:00.0\n port_nat_t = 4501 "
		 "}\n",
		 "t.conf:1: raveld: \"port_nat_t\" is 4501, but the NIC takes ESP in UDP on port "
		 "4500 only"},
		{"raveld { backend = hard }\n",
		 "t.conf:1: raveld.backend: \"hard\" isn't supported (soft, user, xfrm, auto)"},
		{"raveld { device = /dev/nic }\n",
		 "t.conf:1: raveld.device: \"/dev/nic\" is neither vfio-user:PATH nor "
		 "pci:DOMAIN:BUS:DEVICE.FUNCTION"},
		{"raveld { netdev = a/b }\n",
		 "t.conf:1: raveld.netdev: \"a/b\" isn't the name of an interface"},
		{"raveld { address = 192.0.2.1 }\n", "t.conf:1: raveld.address: \"192.0.2.1\" "
						     "isn't an IP address with prefix length"},
		{"raveld { address = 192.0.2.1/33 }\n",
		 "t.conf:1: raveld.address: \"192.0.2.1/33\" isn't an IP address with prefix "
		 "length"},
		{"raveld { address = 2001:db8::1/129 }\n",
		 "t.conf:1: raveld.address: \"2001:db8::1/129\" isn't an IP address with prefix "
		 "length"},
		{"raveld { address = fe80::1/64 }\n",
		 "t.conf:1: raveld.address: \"fe80::1/64\" is link-local, which doesn't say on "
		 "which link"},
		{"raveld { routing_table_prio = 1 }\n",
		 "t.conf:1: raveld.routing_table_prio: 1 isn't between 15 and 32761"},
		{"raveld { exempt_connected = perhaps }\n",
		 "t.conf:1: raveld.exempt_connected: \"perhaps\" is neither yes nor no"},
		{"raveld { routing_table = 254 }\n",
		 "t.conf:1: raveld.routing_table: 254 is one of the kernel's own tables"},
		{"raveld { init_limit_half_open = 0 }\n",
		 "t.conf:1: raveld.init_limit_half_open: 0 isn't between 1 and 1000000"},
		{"raveld { qcd_secret = secret }\n", "t.conf:1: raveld.qcd_secret: \"secret\" is "
						     "neither a path from / on nor \"none\""},
		{"raveld { puzzle_difficulty = 27 }\n",
		 "t.conf:1: raveld.puzzle_difficulty: 27 isn't between 0 and 26"},
		{"raveld { init_limit_job_load = 0 }\n",
		 "t.conf:1: raveld.init_limit_job_load: 0 isn't between 1 and 100000"},
		{"raveld { cookie_threshold = many }\n",
		 "t.conf:1: raveld.cookie_threshold: \"many\" isn't a number"},
		{"raveld { redirect_to = 10.0.0.0/8 }\n",
		 "t.conf:1: raveld.redirect_to: \"10.0.0.0/8\" isn't one address or DNS name"},
		{"raveld { redirect_to = 1.2.3 }\n",
		 "t.conf:1: raveld.redirect_to: \"1.2.3\" isn't an IP address, a subnet, a range "
		 "or a DNS name"},
		{"raveld { fetch_timeout = 16s }\n",
		 "t.conf:1: raveld.fetch_timeout: isn't between 1s and 15s"},
		{"raveld { fetch_timeout = 0 }\n",
		 "t.conf:1: raveld.fetch_timeout: isn't between 1s and 15s"},
		{"raveld { fetch_limit = 1023 }\n",
		 "t.conf:1: raveld.fetch_limit: isn't between 1k and 64m"},
		{"raveld { fetch_limit = 65m }\n",
		 "t.conf:1: raveld.fetch_limit: isn't between 1k and 64m"},
		{"raveld { fetch = perhaps }\n",
		 "t.conf:1: raveld.fetch: \"perhaps\" is neither yes nor no"},
		{"raveld { redirect_timeout = 0 }\n",
		 "t.conf:1: raveld.redirect_timeout: isn't at least 1s"},
		{"raveld { fragment_size = 575 }\n",
		 "t.conf:1: raveld.fragment_size: 575 is neither 0 nor at least 576"},
		{DAEMON "secrets { ike { } }\n", "t.conf:3: secrets.ike: needs the key \"secret\""},
		{DAEMON "secrets { eap-carol { secret = x } }\n",
		 "t.conf:3: secrets.eap-carol: needs the key \"id\""},
		{DAEMON "secrets { psk { } }\n", "t.conf:3: secrets.psk: unknown section"},
		{DAEMON "secrets { ike { secret = 0xabc } }\n",
		 "t.conf:3: secrets.ike.secret: the hexadecimal secret has a wrong length"},
		{DAEMON "secrets { ike { secret = 0xhunter22 } }\n",
		 "t.conf:3: secrets.ike.secret: the secret after 0x isn't hexadecimal"},
		{DAEMON "secrets { ike { secret = 0s!!!! } }\n",
		 "t.conf:3: secrets.ike.secret: the secret after 0s isn't base64"},
		{DAEMON "authorities { a { cacert = a.pem } }\n",
		 "t.conf:3: authorities: places to ask beside those that certificates name aren't "
		 "supported; "
		 "leave "
		 "the section out"},
		{DAEMON "pools { a { } }\n", "t.conf:3: pools.a: needs the key \"addrs\""},
		{DAEMON "pools { a { addrs = 10.3.0.0 } b { addrs = 10.0.0.0/8 } }\n",
		 "t.conf:3: pools.b: has addresses of pool \"a\""},
		{DAEMON "pools { a { addrs = 10.3.0.0/33 } }\n",
		 "t.conf:3: pools.a.addrs: \"10.3.0.0/33\" is neither a network nor a range"},
		{DAEMON "pools { a { addrs = 10.3.0.0/24, 10.4.0.0/24 } }\n",
		 "t.conf:3: pools.a.addrs: \"10.3.0.0/24, 10.4.0.0/24\" is neither a network nor a "
		 "range"},
		{DAEMON "pools { a { addrs = 10.0.0.0/7 } }\n",
		 "t.conf:3: pools.a.addrs: \"10.0.0.0/7\" is larger than a /8"},
		{DAEMON "pools { a { addrs = 223.255.255.0-224.0.0.9 } }\n",
		 "t.conf:3: pools.a.addrs: \"223.255.255.0-224.0.0.9\" has addresses that no host "
		 "may have"},
		{DAEMON "pools { a { addrs = 10.3.0.255/24 } }\n",
		 "t.conf:3: pools.a.addrs: \"10.3.0.255/24\" has no address for a host"},
		{DAEMON "pools { a { addrs = 10.3.0.0/24\n netmask = ffff:: } }\n",
		 "t.conf:4: pools.a.netmask: \"ffff::\": there is none of IPv6"},
		{DAEMON
		 "pools { a { addrs = 2001:db8::/64 }\n b { addrs = 2001:db8::1-2001:db8::2 } }\n",
		 "t.conf:4: pools.b: has addresses of pool \"a\""},
		{DAEMON "pools { a { addrs = 10.3.0.0/24\n 25 = a b } }\n",
		 "t.conf:4: pools.a.25: \"a b\" isn't a domain name"},
		{DAEMON "pools { a { addrs = 10.3.0.0/24\n 25 = corp.example } }\n",
		 "t.conf:3: pools.a: \"25\" needs the key \"dns\""},
		{DAEMON "pools { a { addrs = 10.3.0.0/24\n dns = ns.example } }\n",
		 "t.conf:4: pools.a.dns: \"ns.example\" isn't an IP address"},
		{DAEMON "pools { a { subnet = 10.1.0.0-10.1.0.9 } }\n",
		 "t.conf:3: pools.a.subnet: \"10.1.0.0-10.1.0.9\" isn't a network"},
		{DAEMON "pools { a { split_include = 10.1.0.0/24 } }\n",
		 "t.conf:3: pools.a.split_include: is IKEv1's and isn't supported (subnet)"},
		{DAEMON "pools { a { dhcp = 10.1.0.1 } }\n",
		 "t.conf:3: pools.a.dhcp: isn't supported (dns, nbns, netmask, subnet, 25)"},
		{DAEMON "pools { a { 26 = x } }\n", "t.conf:3: pools.a.26: unknown key"},
		{DAEMON "connections { a { " LOCAL_REMOTE " } }\n",
		 "t.conf:3: connections.a: needs at least one child in \"children\""},
		{DAEMON "connections { a { " LOCAL_REMOTE
			" children { n { start_action = start } } } }\n",
		 "t.conf:5: connections.a.children.n: start_action = start needs remote_addrs"},
		{"connections { a {\n local { auth = psk }\n remote { auth = psk }\n\n"
		 " children { n { start_action = trap|start } } } }\n",
		 "t.conf:5: connections.a.children.n: start_action = trap|start needs "
		 "remote_addrs"},
		{"connections { a {\n local { auth = psk }\n remote { auth = psk }\n\n"
		 " children { n { dpd_action = trap } } } }\n",
		 "t.conf:5: connections.a.children.n: dpd_action = trap needs remote_addrs"},
		{"connections { a {\n local { auth = psk }\n remote { auth = psk }\n\n"
		 " children { n { close_action = trap } } } }\n",
		 "t.conf:5: connections.a.children.n: close_action = trap needs remote_addrs"},
		{DAEMON "connections { a { " LOCAL_REMOTE
			" children { n { hw_offload = packet } } } }\n",
		 "t.conf:5: connections.a.children.n.hw_offload: \"packet\" needs backend user"},
		{DAEMON "connections { a { children { n { } } } }\n",
		 "t.conf:3: connections.a: needs a section \"local\""},
		{DAEMON "connections { a { local { } } }\n",
		 "t.conf:3: connections.a.local: needs the key \"auth\""},
		{DAEMON "connections { a { local { auth = pubkey } } }\n",
		 "t.conf:3: connections.a.local: auth = pubkey needs the key \"certs\" or "
		 "\"pubkeys\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(cases[i].text, cases[i].message);
}

/* What becomes of a connection and its child, where `old` stands in the whole text and now `new`.
 */
static void compare(const char *old, const char *new, enum conf_change connection,
		    enum conf_change child)
{
	char text[4096];
	const char *at = strstr(whole, old);
	struct conf *before = load(whole), *after;
	const struct conf_connection *a, *b;

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - whole), whole, new, at + strlen(old));
	after = load(text);
	a = conf_find_connection(before, "gw");
	b = conf_find_connection(after, "gw");
	if (conf_compare_connection(a, b) != connection ||
	    conf_compare_child(a->children, b->children) != child)
		fail_msg("%s: %d, %d", new, conf_compare_connection(a, b),
			 conf_compare_child(a->children, b->children));
	conf_free(before);
	conf_free(after);
}

/* What a path takes is the kernel's to know, where the data path is. */
static void probes_of_paths_are_not_for_every_data_path(void **state)
{
	(void)state;
	refused("raveld { backend = xfrm }\n"
		"connections { gw {\n remote_addrs = 192.0.2.2\n mtu_probe_interval = 60s\n"
		" local { auth = psk }\n remote { auth = psk }\n children { net {\n"
		"  local_ts = 10.1.0.0/16\n remote_ts = 10.2.0.0/16 } } } }\n",
		"t.conf:2: connections.gw.mtu_probe_interval: backend xfrm has no use for it: what "
		"a "
		"path takes is the kernel's");
}

static void tcp_is_the_softwares(void **state)
{
	static const char text[] =
		"raveld { backend = soft\n wire = eth1\n port_tcp = 443 }\n"
		"connections { gw {\n remote_addrs = 192.0.2.2\n tcp = fallback\n"
		" remote_port_tcp = 4443\n local { auth = psk }\n remote { auth = psk }\n"
		" children { net {\n  local_ts = 10.1.0.0/16\n remote_ts = 10.2.0.0/16 } } } }\n";
	struct conf *conf = load(text);
	struct conf_connection *gw = conf->connections, other = *gw;

	(void)state;
	assert_int_equal(conf->daemon.port_tcp, 443);
	assert_int_equal(gw->tcp, IKE_TCP_FALLBACK);
	assert_int_equal(gw->remote_port_tcp, 4443);
	assert_int_equal(conf->tcp_port_count, 1);
	assert_int_equal(conf->tcp_ports[0], 4443);
	other.tcp = IKE_TCP_YES;
	assert_int_equal(conf_compare_connection(gw, &other), CONF_REPLACED);
	other.tcp = gw->tcp;
	other.remote_port_tcp = 4500;
	assert_int_equal(conf_compare_connection(gw, &other), CONF_REPLACED);
	conf_free(conf);
	conf = load("raveld { backend = user, soft\n device = pci:0000:01:00.0\n port_tcp = 443 }\n"
		    "connections { gw {\n remote_addrs = 192.0.2.2\n tcp = yes\n"
		    " local { auth = psk }\n remote { auth = psk }\n children { net {\n"
		    "  local_ts = 10.1.0.0/16\n remote_ts = 10.2.0.0/16 } } } }\n");
	assert_int_equal(conf->daemon.port_tcp, 443);
	conf_free(conf);
	refused("raveld { device = pci:0000:01:00.0 }\n"
		"connections { gw {\n remote_addrs = 192.0.2.2\n tcp = yes\n"
		" local { auth = psk }\n remote { auth = psk }\n children { net {\n"
		"  local_ts = 10.1.0.0/16\n remote_ts = 10.2.0.0/16 } } } }\n",
		"t.conf:2: connections.gw.tcp: the data path has no ESP in TCP (backend "
		"soft has)");
	refused("raveld { backend = soft\n wire = eth1 }\n"
		"connections { gw {\n remote_addrs = 192.0.2.2\n tcp = yes\n"
		" local { auth = psk }\n remote { auth = psk }\n children { net {\n"
		"  local_ts = 10.1.0.0/16\n remote_ts = 10.2.0.0/16\n"
		"  ah_proposals = sha256 } } } }\n",
		"t.conf:8: connections.gw.children.net: tcp = yes puts ESP into TCP, and AH "
		"can't be");
}

static void ipv6_is_taken_outside(void **state)
{
	const char *text =
		"raveld { backend = %s\n address = 192.0.2.1/24, 2001:db8::1/64 }\n"
		"connections { gw {\n local_addrs = %%any6\n remote_addrs = 2001:db8::2\n"
		" local { auth = psk }\n remote { auth = psk }\n children { net {\n"
		"  local_ts = 10.1.0.0/16\n remote_ts = 10.2.0.0/16 } } } }\n";
	const struct rvl_abilities only4 = {.outer = RVL_FAMILY_IPV4, .inner = RVL_FAMILY_IPV4};
	const struct conf_connection *c;
	struct conf_error error = {""};
	struct conf *conf;
	char of[512];

	(void)state;
	snprintf(of, sizeof(of), text, "soft\n wire = eth1");
	conf = load(of);
	c = conf_find_connection(conf, "gw");
	assert_int_equal(conf->daemon.address_count, 2);
	assert_int_equal(conf->daemon.addresses[0].ip.family, 4);
	assert_int_equal(conf->daemon.addresses[1].ip.family, 6);
	assert_int_equal(conf->daemon.addresses[1].ip.octets[15], 1);
	assert_int_equal(conf->daemon.addresses[1].prefix_len, 64);
	assert_int_equal(ike_hosts_family(&c->local), 6);
	assert_int_equal(ike_hosts_family(&c->remote), 6);
	assert_int_equal(conf_connection_family(c), 6);
	conf_free(conf);
	snprintf(of, sizeof(of), text, "soft\n wire = eth1\n mtu = 1279");
	assert_int_equal(conf_load_text("t.conf", of, strlen(of), &conf, &error), -EINVAL);
	assert_string_equal(error.text, "t.conf:1: raveld.mtu: 1279, and IPv6 needs 1280");
	snprintf(of, sizeof(of), text, "user\n device = pci:0000:01:00.0");
	conf = load(of);
	assert_int_equal(conf_connection_family(conf_find_connection(conf, "gw")), 6);
	assert_int_equal(conf_check_abilities(conf, &only4, &error), -EINVAL);
	assert_string_equal(error.text, "t.conf:4: connections.gw: its addresses are IPv6, and the "
					"data path has no ESP over IPv6");
	conf_free(conf);
}

static void changes_are_told_by_value(void **state)
{
	static const struct {
		const char *line;
		enum conf_change change;
	} connection[] =
		{
			{"local_addrs = 192.0.2.9", CONF_REPLACED},
			{"local_addrs = %any4", CONF_REPLACED},
			{"remote_addrs = 192.0.2.9", CONF_REPLACED},
			{"redirect_to = 192.0.2.10", CONF_ADJUSTED},
			{"remote_port = 501", CONF_REPLACED},
			{"remote_addrs = 192.0.2.2, 192.0.2.3", CONF_REPLACED},
			{"remote_addrs = b.example.org", CONF_REPLACED},
			{"local_addrs = 192.0.2.1, 192.0.2.0/24", CONF_REPLACED},
			{"proposals = aes256gcm16-prfsha512-x25519", CONF_REPLACED},
			{"proposals = default", CONF_REPLACED},
			{"encap = no", CONF_REPLACED},
			{"dpd_delay = 121", CONF_ADJUSTED},
			{"mtu_probe_interval = 61", CONF_ADJUSTED},
			{"rekey_time = 10801", CONF_ADJUSTED},
			{"rand_time = 599", CONF_ADJUSTED},
			{"reauth_time = 86401", CONF_ADJUSTED},
			{"over_time = 601", CONF_ADJUSTED},
			{"unique = keep", CONF_ADJUSTED},
			{"childless = never", CONF_ADJUSTED},
			{"keyingtries = 4", CONF_ADJUSTED},
			{"fragmentation = no", CONF_ADJUSTED},
			{"vips = 0.0.0.0", CONF_REPLACED},
			{"mobike = yes", CONF_ADJUSTED},
			{"mobike = no", CONF_UNCHANGED},
			{"dpd_delay = 2m", CONF_UNCHANGED},
		},
	  child[] = {
		  {"local_ts = 10.1.0.0/24", CONF_REPLACED},
		  {"remote_ts = 10.2.0.0/25", CONF_REPLACED},
		  {"remote_ts = 10.2.0.0/24[tcp]", CONF_REPLACED},
		  {"remote_ts = dynamic", CONF_REPLACED},
		  {"esp_proposals = aes256gcm16", CONF_REPLACED},
		  {"esp_proposals = aes128gcm16-x25519", CONF_REPLACED},
		  {"start_action = none", CONF_ADJUSTED},
		  {"dpd_action = trap", CONF_ADJUSTED},
		  {"close_action = none", CONF_ADJUSTED},
		  {"rekey_time = 1799", CONF_ADJUSTED},
		  {"rand_time = 299", CONF_ADJUSTED},
		  {"life_time = 2401", CONF_ADJUSTED},
		  {"life_bytes = 11g", CONF_ADJUSTED},
		  {"life_packets = 1025", CONF_ADJUSTED},
		  {"rekey_bytes = 1g", CONF_ADJUSTED},
		  {"rekey_packets = 1000", CONF_ADJUSTED},
		  {"replay_window = 64", CONF_ADJUSTED},
		  {"copy_df = yes", CONF_ADJUSTED},
		  {"copy_dscp = no", CONF_ADJUSTED},
		  {"hw_offload = auto", CONF_ADJUSTED},
		  {"copy_dscp = in", CONF_ADJUSTED},
		  {"copy_ecn = no", CONF_ADJUSTED},
		  {"copy_ecn = yes", CONF_UNCHANGED},
		  {"tfc_padding = mtu", CONF_ADJUSTED},
		  {"ah_proposals = sha256", CONF_REPLACED},
		  {"life_packets = 1k", CONF_UNCHANGED},
	  };
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(connection) / sizeof(connection[0]); i++) {
		snprintf(text, sizeof(text), "%s\nchildren {", connection[i].line);
		compare("children {", text, connection[i].change, CONF_UNCHANGED);
	}
	for (size_t i = 0; i < sizeof(child) / sizeof(child[0]); i++) {
		snprintf(text, sizeof(text), "hw_offload = packet\n%s\n", child[i].line);
		compare("hw_offload = packet\n", text, CONF_UNCHANGED, child[i].change);
	}
	compare("id = moon.example.org", "id = MOON.example.org", CONF_UNCHANGED, CONF_UNCHANGED);
	compare("id = moon.example.org", "id = mars.example.org", CONF_REPLACED, CONF_UNCHANGED);
	compare("id = sun.example.org", "id = %any", CONF_REPLACED, CONF_UNCHANGED);
	compare("connections {", "\n\n# moved\nconnections {", CONF_UNCHANGED, CONF_UNCHANGED);
}

static void keys_of_a_daemon_that_runs_are_kept(void **state)
{
	static const struct {
		const char *line;
		const char *key; /* NULL: it may change */
	} cases[] = {
		{"backend = user\n device = pci:0000:01:00.0", "backend"},
		{"wire = veth1", "wire"},
		{"netdev = rvl1", "netdev"},
		{"address = 192.0.2.1/25", "address"},
		{"address = 192.0.2.1/24, 192.0.2.2/24", "address"},
		{"address = 2001:db8::1/64", "address"},
		{"mtu = 1400", "mtu"},
		{"data_threads = 3", "data_threads"},
		{"socket = /run/other.sock", "socket"},
		{"port = 501", "port"},
		{"port_nat_t = 4501", "port_nat_t"},
		{"port_tcp = 4500", "port_tcp"},
		{"install_routes = no", "install_routes"},
		{"routing_table = 221", "routing_table"},
		{"routing_table_prio = 221", "routing_table_prio"},
		{"log_level = debug", NULL},
		{"keep_alive = 0", NULL},
		{"retransmit_timeout = 1s", NULL},
		{"retransmit_tries = 9", NULL},
		{"exempt_connected = no", NULL},
	};
	const char *usual = "raveld { backend = soft\n wire = veth0\n address = 192.0.2.1/24\n";
	char text[512], expected[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_error error = {""};
		struct conf *before, *after;

		snprintf(text, sizeof(text), "%s}", usual);
		before = load(text);
		snprintf(text, sizeof(text), "\n%s%s\n}", usual, cases[i].line);
		after = load(text);
		assert_int_equal(conf_check_daemon(&before->daemon, &before->daemon, &error), 0);
		if (cases[i].key) {
			assert_int_equal(conf_check_daemon(&before->daemon, &after->daemon, &error),
					 -EINVAL);
			snprintf(expected, sizeof(expected),
				 "t.conf:2: raveld.%s: changed, and needs a restart", cases[i].key);
			assert_string_equal(error.text, expected);
		} else {
			assert_int_equal(conf_check_daemon(&before->daemon, &after->daemon, &error),
					 0);
		}
		conf_free(before);
		conf_free(after);
	}
}

static void no_message_shows_a_secret(void **state)
{
	static const char *const texts[] = {
		DAEMON "secrets { ike { secret = \"hunter2\" x } }\n",
		DAEMON "secrets { ike { secret = 0xhunter2 } }\n",
		DAEMON "secrets { ike { secret = 0shunter2 } }\n",
		DAEMON "secrets { ike { secret = hunter2{ } }\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct conf_error error = {""};
		struct conf *conf;

		assert_int_not_equal(
			conf_load_text("t.conf", texts[i], strlen(texts[i]), &conf, &error), 0);
		assert_null(strstr(error.text, "hunter2"));
	}
}

/* Truncations, mutations and noise: an error or a configuration, never anything else. */
static void any_octets_are_read_or_refused(void **state)
{
	static const char alphabet[] = "ab{}=:,.#\"\\ \n\t\r\0\x80 include ";
	struct conf_error error;
	struct conf *conf;
	char *text = malloc(sizeof(whole) + 64);

	(void)state;
	assert_non_null(text);
	for (size_t len = 0; len < sizeof(whole); len++) {
		char *exact = malloc(len + 1);

		memcpy(exact, whole, len);
		if (!conf_load_text("t.conf", exact, len, &conf, &error))
			conf_free(conf);
		free(exact);
	}
	for (int i = 0; i < 20000; i++) {
		size_t len = sizeof(whole) - 1;
		int changes = 1 + (int)(random32() % 6);

		memcpy(text, whole, len);
		while (changes--)
			text[random32() % len] = random32() & 1
							 ? (char)random32()
							 : alphabet[random32() % sizeof(alphabet)];
		if (!conf_load_text("t.conf", text, len, &conf, &error))
			conf_free(conf);
	}
	for (int i = 0; i < 20000; i++) {
		size_t len = random32() % 200;

		for (size_t k = 0; k < len; k++)
			text[k] = alphabet[random32() % (sizeof(alphabet) - 1)];
		if (!conf_load_text("t.conf", text, len, &conf, &error))
			conf_free(conf);
	}
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_comments_and_quotes_are_read),
		cmocka_unit_test(later_settings_extend_and_replace),
		cmocka_unit_test(sections_inherit_what_they_do_not_have),
		cmocka_unit_test(includes_are_relative_sorted_and_bounded),
		cmocka_unit_test(malformed_files_are_refused_with_their_line),
		cmocka_unit_test(references_cannot_grow_without_bound),
		cmocka_unit_test(whole_configuration_is_understood),
		cmocka_unit_test(pools_of_ipv6_are_understood),
		cmocka_unit_test(pools_and_what_is_asked_of_them_is_understood),
		cmocka_unit_test(example_is_good),
		cmocka_unit_test(a_peer_may_be_never_asked_whether_it_lives),
		cmocka_unit_test(defaults_are_as_documented),
		cmocka_unit_test(what_is_not_supported_is_refused_by_name),
		cmocka_unit_test(hosts_may_be_several),
		cmocka_unit_test(what_is_off_is_taken),
		cmocka_unit_test(what_is_on_is_refused_with_what_to_write),
		cmocka_unit_test(probes_of_paths_are_not_for_every_data_path),
		cmocka_unit_test(daemon_and_secrets_are_checked_too),
		cmocka_unit_test(tcp_is_the_softwares),
		cmocka_unit_test(ipv6_is_taken_outside),
		cmocka_unit_test(changes_are_told_by_value),
		cmocka_unit_test(keys_of_a_daemon_that_runs_are_kept),
		cmocka_unit_test(no_message_shows_a_secret),
		cmocka_unit_test(any_octets_are_read_or_refused),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : seed;
	int failed;

	seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
