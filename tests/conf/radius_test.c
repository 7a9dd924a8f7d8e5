/* SPDX-License-Identifier: BSD-2-Clause */
/* RADIUS servers: what the words for them mean, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/eap/method.h"
#include "tests/conf/text.h"

/* %s: of section raveld, from line 2 on; and of how the peer comes in. */
static const char file[] = "raveld { backend = xfrm\n%s\n}\n"
			   "connections { road { local { auth = psk }\n"
			   "remote { auth = %s }\n children { net { } } } }\n";

static void servers_have_an_order(void **state)
{
	struct conf *conf =
		conf_of(file,
			"radius { nas_identifier = vpn\n retransmit_timeout = 3s\n"
			"accounting = yes\n accounting_interval = 10m\n"
			"retransmit_tries = 0\n dead_time = 5m\n servers {\n"
			"a { address = 192.0.2.1\n secret = one }\n"
			"b { address = 2001:db8::1\n secret = 0x0102\n preference = 9\n"
			"auth_port = 11812\n acct_port = 11813 }\n"
			"c { auth_port = 1645\n address = 192.0.2.3\n secret = three }\n"
			"d { address = 192.0.2.4\n secret = four\n preference = 10 } } }",
			"eap-radius\n eap_id = %any");
	const struct conf_radius *r = &conf->radius;

	(void)state;
	assert_string_equal(r->nas_identifier, "vpn");
	assert_int_equal(r->retransmit_timeout, 3);
	assert_int_equal(r->retransmit_tries, 0);
	assert_int_equal(r->dead_time, 300);
	assert_true(r->accounting);
	assert_int_equal(r->accounting_interval, 600);
	assert_int_equal(r->servers[1].acct_port, 11813);
	assert_int_equal(r->servers[3].acct_port, 1813);
	assert_int_equal(r->server_count, 4);
	assert_string_equal(r->servers[0].name, "d");
	assert_string_equal(r->servers[1].name, "b");
	assert_string_equal(r->servers[2].name, "a");
	assert_string_equal(r->servers[3].name, "c");
	assert_int_equal(r->servers[0].address.port, 1812);
	assert_int_equal(r->servers[1].address.port, 11812);
	assert_int_equal(r->servers[1].address.family, 6);
	assert_int_equal(r->servers[1].secret.len, 2);
	assert_memory_equal(r->servers[1].secret.data, "\1\2", 2);
	assert_int_equal(r->servers[3].address.port, 1645);
	assert_int_equal(conf->connections[0].remote_auth.eap, EAP_RELAYED);
	conf_free(conf);
}

static void what_is_not_said_has_defaults(void **state)
{
	struct conf *conf = conf_of(
		file, "radius { servers { a { address = 192.0.2.1\n secret = one } } }", "psk");

	(void)state;
	assert_string_equal(conf->radius.nas_identifier, "raveld");
	assert_int_equal(conf->radius.retransmit_timeout, 2);
	assert_int_equal(conf->radius.retransmit_tries, 2);
	assert_int_equal(conf->radius.dead_time, 60);
	assert_false(conf->radius.accounting);
	conf_free(conf);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *radius;
		const char *message;
	} wrong[] = {
		{"", "t.conf:4: connections.road.remote: auth = eap-radius needs a server "
		     "(raveld.radius.servers)"},
		{"radius { }", "t.conf:2: raveld.radius: needs a server in a section \"servers\""},
		{"radius { servers { } }",
		 "t.conf:2: raveld.radius: needs a server in a section \"servers\""},
		{"radius { servers { a { secret = x } } }",
		 "t.conf:2: raveld.radius.servers.a: needs the key \"address\""},
		{"radius { servers { a { address = 192.0.2.1 } } }",
		 "t.conf:2: raveld.radius.servers.a: needs the key \"secret\""},
		{"radius { servers { a { address = radius.example.org\n secret = x } } }",
		 "t.conf:2: raveld.radius.servers.a.address: \"radius.example.org\" isn't an IP "
		 "address"},
		{"radius { retransmit_timeout = 0\n servers { a { address = 192.0.2.1 } } }",
		 "t.conf:2: raveld.radius.retransmit_timeout: isn't between 1s and 10s"},
		{"radius { retransmit_timeout = 11s\n servers { a { address = 192.0.2.1 } } }",
		 "t.conf:2: raveld.radius.retransmit_timeout: isn't between 1s and 10s"},
		{"radius { accounting_interval = 59s\n servers { a { address = 192.0.2.1 } } }",
		 "t.conf:2: raveld.radius.accounting_interval: is neither 0 nor at least 60s"},
		{"radius { address = 192.0.2.1 }", "t.conf:2: raveld.radius.address: unknown key"},
		{"radius { servers { address = 192.0.2.1 } }",
		 "t.conf:2: raveld.radius.servers.address: unknown key"},
		{"radius { servers { a { address = 192.0.2.1\n secret = 0x1 } } }",
		 "t.conf:3: raveld.radius.servers.a.secret: the hexadecimal secret has a wrong "
		 "length"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_refused(wrong[i].message, file, wrong[i].radius, "eap-radius");
}

static void nine_servers_are_too_many(void **state)
{
	char text[1024] = "radius { servers {";

	(void)state;
	for (int i = 0; i < 9; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 " s%d { address = 192.0.2.1\n secret = x }", i);
	strcat(text, " } }");
	assert_refused("t.conf:10: raveld.radius.servers.s8: more than 8 servers", file, text,
		       "psk");
}

static void who_is_asked_does_not_ask(void **state)
{
	(void)state;
	assert_refused("t.conf:3: connections.road.local.auth: eap-radius is for who asks, not for "
		       "who is asked",
		       "raveld { backend = xfrm }\nconnections { road { remote_addrs = 192.0.2.1\n"
		       "local { auth = eap-radius\n id = a }\n remote { auth = psk }\n"
		       "children { net { } } } }\n");
}

static void groups_are_what_a_server_says(void **state)
{
	const char *one = "radius { servers { a { address = 192.0.2.1\n secret = x } } }";
	struct conf *conf = conf_of(file, one, "eap-radius\n groups = staff, admins of all");
	const struct conf_files *groups = &conf->connections[0].remote_auth.groups;

	(void)state;
	assert_int_equal(groups->count, 2);
	assert_string_equal(groups->list[1], "admins of all");
	conf_free(conf);
	assert_refused("t.conf:7: connections.road.remote.groups: groups are what RADIUS servers "
		       "say (auth = eap-radius)",
		       file, one, "psk\n groups = staff");
	assert_refused("t.conf:7: connections.road.remote.groups: more than 8 groups", file, one,
		       "eap-radius\n groups = a,b,c,d,e,f,g,h,i");
	assert_refused("t.conf:7: connections.road.remote.groups: "
		       "\"0123456789012345678901234567890123456789...\" is longer than 63 "
		       "characters",
		       file, one,
		       "eap-radius\n groups = "
		       "0123456789012345678901234567890123456789012345678901234567890123");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_have_an_order),
		cmocka_unit_test(what_is_not_said_has_defaults),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(nine_servers_are_too_many),
		cmocka_unit_test(who_is_asked_does_not_ask),
		cmocka_unit_test(groups_are_what_a_server_says),
	};

	return cmocka_run_group_tests_name("RADIUS servers in the configuration", tests, NULL,
					   NULL);
}
