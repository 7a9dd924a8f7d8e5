/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a child may have of the data path: modes, proposals of ESP and AH, rules for headers; and
 * what is said where the data path lacks it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/ike/ability.h"
#include "tests/conf/text.h"

/* One child whose keys follow, from line 5 on; %s: of the connection, in line 4. */
static const char file[] = "raveld { backend = soft\n wire = veth0\n }\n"
			   "connections { gw { local { auth = psk }\n"
			   " remote { auth = psk } %s children { net {\n%s\n } } } }\n";

static struct conf *load(const char *child)
{
	return conf_of(file, "", child);
}

static void modes_and_rules_are_read(void **state)
{
	struct conf *conf = load("mode = transport\ncopy_dscp = in\ncopy_ecn = no\n"
				 "tfc_padding = 1200\nreplay_window = 0\n");
	const struct conf_child *child = &conf->connections[0].children[0];

	(void)state;
	assert_int_equal(child->mode, RVL_TRANSPORT);
	assert_int_equal(child->copy_dscp, CONF_DSCP_IN);
	assert_true(child->no_ecn);
	assert_int_equal(child->tfc, 1200);
	assert_int_equal(child->replay_window, 0);
	conf_free(conf);
	conf = load("mode = tunnel\ncopy_dscp = yes\ncopy_ecn = yes\ntfc_padding = mtu\n"
		    "replay_window = 4096\n");
	child = &conf->connections[0].children[0];
	assert_int_equal(child->mode, RVL_TUNNEL);
	assert_int_equal(child->copy_dscp, CONF_DSCP_OUT | CONF_DSCP_IN);
	assert_false(child->no_ecn);
	assert_int_equal(child->tfc, CONF_TFC_MTU);
	assert_int_equal(child->replay_window, 4096);
	conf_free(conf);
}

static void sas_of_processors_are_asked_for(void **state)
{
	static const struct {
		const char *child;
		bool per_cpu;
	} good[] = {{"", false},
		    {"per_cpu_sas = no", false},
		    {"per_cpu_sas = yes", true},
		    {"per_cpu_sas = 1\nhw_offload = no\nif_id_in = 5\nmark_out = 7", true}};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct conf *conf = load(good[i].child);

		assert_int_equal(conf->connections[0].children[0].per_cpu, good[i].per_cpu);
		conf_free(conf);
	}
}

static void transport_mode_may_have_wider_selectors(void **state)
{
	static const struct {
		const char *connection, *child;
	} good[] = {
		{"local_addrs = 192.0.2.1, 192.0.2.9\n",
		 "mode = transport\nlocal_ts = 192.0.2.8/31"},
		{"remote_addrs = 192.0.2.1\n", "mode = transport\nremote_ts = 192.0.0.0/8"},
		{"remote_addrs = 192.0.2.1\n",
		 "mode = transport\nremote_ts = 10.0.0.0/8,dynamic[tcp/443]"},
		{"remote_addrs = 192.0.2.0/24\n", "mode = transport\nremote_ts = 10.0.0.0/8"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		conf_free(conf_of(file, good[i].connection, good[i].child));
}

/* They are no children that are negotiated, and alone they want no identities. */
static void flows_that_pass_or_are_dropped_are_apart(void **state)
{
	static const char text[] =
		"raveld { backend = soft\n wire = veth0\n }\n"
		"connections { gw { children {\n"
		"lan { mode = pass\n start_action = trap\n local_ts = 10.1.0.0/16\n"
		"remote_ts = 10.1.0.0/16, 10.3.0.0/16[tcp/22] }\n"
		"bad { mode = drop\n start_action = start\n local_ts = 0.0.0.0/0\n"
		"remote_ts = 10.9.0.0/16 } } } }\n";
	struct conf_error error = {""};
	struct conf *conf, *other;

	(void)state;
	assert_int_equal(conf_load_text("t.conf", text, strlen(text), &conf, &error), 0);
	assert_int_equal(conf->connections[0].child_count, 0);
	assert_int_equal(conf->connections[0].shunt_count, 2);
	assert_true(conf->connections[0].shunts[0].pass);
	assert_int_equal(conf->connections[0].shunts[0].remote_ts.count, 2);
	assert_false(conf->connections[0].shunts[1].pass);
	assert_string_equal(conf->connections[0].shunts[1].name, "bad");
	other = load("");
	assert_true(conf_shunts_are_same(conf, conf));
	assert_false(conf_shunts_are_same(conf, other));
	conf_free(conf);
	conf_free(other);
}

static void another_mode_is_another_child(void **state)
{
	struct conf *old = load("mode = transport\n"), *new = load("");

	(void)state;
	assert_int_equal(conf_compare_child(&old->connections[0].children[0],
					    &new->connections[0].children[0]),
			 CONF_REPLACED);
	conf_free(old);
	old = load("per_cpu_sas = yes\n");
	assert_int_equal(conf_compare_child(&old->connections[0].children[0],
					    &new->connections[0].children[0]),
			 CONF_REPLACED);
	conf_free(old);
	conf_free(new);
}

static void what_does_not_go_together_is_refused(void **state)
{
	static const struct {
		const char *connection, *child, *message;
	} cases[] = {
		{"", "mode = beet",
		 "t.conf:6: connections.gw.children.net.mode: \"beet\" isn't supported (tunnel, "
		 "transport, pass, drop)"},
		{"", "mode = transport_proxy",
		 "t.conf:6: connections.gw.children.net.mode: \"transport_proxy\" isn't supported "
		 "(tunnel, transport, pass, drop)"},
		{"vips = 0.0.0.0\n remote_addrs = 192.0.2.1\n", "mode = transport",
		 "t.conf:7: connections.gw.children.net: mode = transport is between the two hosts "
		 "themselves, and vips is for addresses behind them"},
		{"local_addrs = 192.0.2.1, 192.0.2.9\n",
		 "mode = transport\nlocal_ts = 192.0.2.2/31",
		 "t.conf:6: connections.gw.children.net: mode = transport is between the two hosts "
		 "themselves, and local_ts or remote_ts has none of their addresses"},
		{"remote_addrs = 192.0.2.1\n", "mode = transport\nremote_ts = 10.0.0.0/8",
		 "t.conf:6: connections.gw.children.net: mode = transport is between the two hosts "
		 "themselves, and local_ts or remote_ts has none of their addresses"},
		{"encap = yes\n", "ah_proposals = sha256",
		 "t.conf:6: connections.gw.children.net: encap = yes puts ESP into UDP, and AH "
		 "can't be"},
		{"", "mode = pass\nlocal_ts = 10.1.0.0/16\nremote_ts = 10.2.0.0/16",
		 "t.conf:5: connections.gw.children.net: mode = pass needs start_action = trap"},
		{"", "mode = drop\nstart_action = trap\nremote_ts = 10.2.0.0/16",
		 "t.conf:5: connections.gw.children.net: mode = drop needs local_ts and remote_ts "
		 "that aren't dynamic"},
		{"",
		 "mode = pass\nstart_action = trap\nlocal_ts = 10.1.0.0/16\nremote_ts = fec0::/64",
		 "t.conf:5: connections.gw.children.net: local_ts and remote_ts are of two "
		 "families"},
		{"", "replay_window = 0\nesp_proposals = aes256gcm16-esn-noesn",
		 "t.conf:5: connections.gw.children.net: replay_window = 0 doesn't go with esn"},
		{"", "replay_window = 31",
		 "t.conf:6: connections.gw.children.net.replay_window: 31 is neither 0 (none) nor "
		 "between 32 and 4096"},
		{"", "replay_window = 4097",
		 "t.conf:6: connections.gw.children.net.replay_window: 4097 isn't between 0 and "
		 "4096"},
		{"", "tfc_padding = 65535",
		 "t.conf:6: connections.gw.children.net.tfc_padding: 65535 isn't between 0 and "
		 "65534"},
		{"", "copy_dscp = both",
		 "t.conf:6: connections.gw.children.net.copy_dscp: \"both\" isn't supported (no, "
		 "out, in, yes)"},
		{"", "per_cpu_sas = encap",
		 "t.conf:6: connections.gw.children.net.per_cpu_sas: \"encap\", a UDP port for "
		 "each "
		 "processor's SA, isn't supported (no, yes)"},
		{"", "per_cpu_sas = 2",
		 "t.conf:6: connections.gw.children.net.per_cpu_sas: \"2\" is neither yes nor no"},
		{"", "mode = tunnel\nper_cpu_sas = yes\nhw_offload = packet",
		 "t.conf:7: connections.gw.children.net.per_cpu_sas: it doesn't go with "
		 "hw_offload"},
		{"if_id_out = %unique\n", "per_cpu_sas = yes",
		 "t.conf:7: connections.gw.children.net.per_cpu_sas: it doesn't go with unique "
		 "marks and XFRM interfaces"},
		{"", "hw_offload = crypto",
		 "t.conf:5: connections.gw.children.net.hw_offload: \"crypto\" needs backend "
		 "xfrm"},
		{"", "ah_proposals = aes256-sha256",
		 "t.conf:6: connections.gw.children.net.ah_proposals: \"aes256\": AH doesn't "
		 "encrypt"},
		{"",
		 "esp_proposals = aes128gcm16,aes192gcm16,aes256gcm16,default\n"
		 "ah_proposals = sha256,sha384,sha512,sha1",
		 "t.conf:7: connections.gw.children.net.ah_proposals: more than 8 proposals of ESP "
		 "and AH"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].message, file, cases[i].connection, cases[i].child);
}

static void assert_proposals(const char *child_text, const char *expected)
{
	struct conf *conf = load(child_text);
	const struct conf_child *child = &conf->connections[0].children[0];
	char text[128] = "";

	for (unsigned int i = 0; i < child->proposal_count; i++) {
		size_t at = strlen(text);

		snprintf(text + at, sizeof(text) - at, "%s%s%u%s", i ? " " : "",
			 child->proposals[i].protocol == IKE_PROTO_AH ? "ah" : "esp",
			 child->proposals[i].count, child->default_proposals >> i & 1 ? "*" : "");
	}
	assert_string_equal(text, expected);
	conf_free(conf);
}

/* Protocol, number of transforms, and a star where nobody chose it. */
static void esp_goes_before_ah_however_they_are_written(void **state)
{
	(void)state;
	assert_proposals("", "esp6* esp8*");
	assert_proposals("ah_proposals =", "esp6* esp8*");
	assert_proposals("esp_proposals = default", "esp6* esp8*");
	assert_proposals("ah_proposals = sha256", "ah2");
	assert_proposals("ah_proposals = sha256-sha512, default", "ah3 ah5*");
	assert_proposals("esp_proposals = aes128gcm16\nah_proposals = sha256-sha512", "esp2 ah3");
	assert_proposals(
		"ah_proposals = default, sha256-sha512\nesp_proposals = aes128gcm16-esn-noesn",
		"esp3 ah5* ah3");
	assert_proposals("ah_proposals = sha256\nesp_proposals = aes128gcm16, default",
			 "esp2 esp6* esp8* ah2");
	/* Without a window there are no extended sequence numbers. */
	assert_proposals("replay_window = 0", "esp5* esp7*");
}

static struct rvl_abilities gcm_only(void)
{
	struct rvl_abilities can = ike_every_ability;

	can.protocols = 1u << RVL_PROTOCOL_ESP;
	can.modes = 1u << RVL_TUNNEL;
	can.encr = rvl_encr_bit(rvl_encr_find(IKE_ENCR_AES_GCM_16, 16)) |
		   rvl_encr_bit(rvl_encr_find(IKE_ENCR_AES_GCM_16, 32));
	can.integ = 0;
	can.esn = can.tfc = can.headers = false;
	can.window = 1024;
	can.per_cpu = 0;
	return can;
}

static void what_a_data_path_lacks_is_named_with_its_line(void **state)
{
	static const struct {
		const char *child, *message;
	} cases[] = {
		{"esp_proposals = aes256gcm16,aes128ctr-sha256",
		 "t.conf:6: connections.gw.children.net.esp_proposals: the data path has no "
		 "AES-CTR-128 (aes128ctr); it has aes-gcm-128 aes-gcm-256"},
		{"esp_proposals = aes256gcm16-chacha20poly1305",
		 "t.conf:6: connections.gw.children.net.esp_proposals: the data path has no "
		 "ChaCha20-Poly1305 (chacha20poly1305); it has aes-gcm-128 aes-gcm-256"},
		{"start_action = none\nesp_proposals = aes256gcm16-esn-noesn",
		 "t.conf:7: connections.gw.children.net.esp_proposals: the data path has no "
		 "extended sequence numbers (esn); it has aes-gcm-128 aes-gcm-256"},
		{"start_action = none\nah_proposals = sha256",
		 "t.conf:7: connections.gw.children.net.ah_proposals: the data path has no AH; it "
		 "has aes-gcm-128 aes-gcm-256"},
		{"mode = transport",
		 "t.conf:6: connections.gw.children.net.mode: the data path has no transport mode"},
		{"replay_window = 2048",
		 "t.conf:6: connections.gw.children.net.replay_window: the data path has no window "
		 "of more than 1024 packets"},
		{"tfc_padding = mtu",
		 "t.conf:6: connections.gw.children.net.tfc_padding: the data path has no TFC "
		 "padding"},
		{"copy_ecn = no",
		 "t.conf:6: connections.gw.children.net.copy_ecn: the data path has no other rule "
		 "for ECN than RFC 6040's"},
		{"copy_dscp = yes",
		 "t.conf:6: connections.gw.children.net.copy_dscp: the data path has no DSCP that "
		 "is copied inwards"},
		{"mode = tunnel\nper_cpu_sas = yes",
		 "t.conf:7: connections.gw.children.net.per_cpu_sas: the data path has no SAs of "
		 "processors (backend xfrm has, on Linux 6.13)"},
	};
	const struct rvl_abilities can = gcm_only();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf *conf = load(cases[i].child);
		struct conf_error error = {""};

		assert_int_equal(conf_check_abilities(conf, &ike_every_ability, &error), 0);
		assert_int_equal(conf_check_abilities(conf, &can, &error), -EINVAL);
		assert_string_equal(error.text, cases[i].message);
		conf_free(conf);
	}
}

static void defaults_are_what_the_data_path_has_of_them(void **state)
{
	struct rvl_abilities can = gcm_only();
	struct conf *conf = load("");
	struct conf_error error = {""};

	(void)state;
	assert_int_equal(conf_check_abilities(conf, &can, &error), 0);
	can.encr = 0;
	assert_int_equal(conf_check_abilities(conf, &can, &error), -EINVAL);
	assert_string_equal(error.text, "t.conf:5: connections.gw.children.net: the data path has "
					"no algorithm of those that are the default");
	conf_free(conf);
	conf = load("esp_proposals = aes256gcm16, default\n");
	can = gcm_only();
	assert_int_equal(conf_check_abilities(conf, &can, &error), 0);
	conf_free(conf);
}

/* 1,472 octets behind IPv4 and UDP: header 8, IV, ICV, and padding with 2 octets to whole blocks.
 */
static void what_fits_inside_is_by_what_may_be_agreed_on(void **state)
{
	static const struct {
		const char *child;
		unsigned int mtu;
	} cases[] = {
		{"esp_proposals = aes256gcm16", (1472 - 8 - 8 - 16) / 4 * 4 - 2},
		{"esp_proposals = aes256gcm8", (1472 - 8 - 8 - 8) / 4 * 4 - 2},
		{"esp_proposals = aes256gcm16iiv", (1472 - 8 - 16) / 4 * 4 - 2},
		{"esp_proposals = null-sha256", (1472 - 8 - 16) / 4 * 4 - 2},
		{"esp_proposals = aes128ctr-sha384", (1472 - 8 - 8 - 24) / 4 * 4 - 2},
		{"esp_proposals = aes128-sha1", (1472 - 8 - 16 - 12) / 16 * 16 - 2},
		{"esp_proposals = aes128-sha256-sha512", (1472 - 8 - 16 - 32) / 16 * 16 - 2},
		{"esp_proposals = aes256gcm16,aes128-sha256", (1472 - 8 - 16 - 16) / 16 * 16 - 2},
		{"esp_proposals = aes256gcm8, default", (1472 - 8 - 8 - 8) / 4 * 4 - 2},
		{"", (1472 - 8 - 8 - 16) / 4 * 4 - 2},
	};
	const struct rvl_abilities can = gcm_only();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf *conf = load(cases[i].child);

		assert_int_equal(conf_inner_mtu(conf, &ike_every_ability, 1472), cases[i].mtu);
		if (!*cases[i].child)
			assert_int_equal(conf_inner_mtu(conf, &can, 1472), 1438);
		conf_free(conf);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_and_rules_are_read),
		cmocka_unit_test(sas_of_processors_are_asked_for),
		cmocka_unit_test(transport_mode_may_have_wider_selectors),
		cmocka_unit_test(flows_that_pass_or_are_dropped_are_apart),
		cmocka_unit_test(another_mode_is_another_child),
		cmocka_unit_test(what_does_not_go_together_is_refused),
		cmocka_unit_test(esp_goes_before_ah_however_they_are_written),
		cmocka_unit_test(what_a_data_path_lacks_is_named_with_its_line),
		cmocka_unit_test(defaults_are_what_the_data_path_has_of_them),
		cmocka_unit_test(what_fits_inside_is_by_what_may_be_agreed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
