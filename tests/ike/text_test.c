/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of swanctl.conf: proposals, identities, traffic selectors; what narrowing gives. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/support.h"

static char error[256];

static struct ike_proposal proposal(const char *text, uint8_t protocol)
{
	struct ike_proposal p;

	if (ike_proposal_parse(text, protocol, &p, error, sizeof(error)))
		fail_msg("%s", error);
	return p;
}

static void refused(const char *text, uint8_t protocol, const char *why)
{
	struct ike_proposal p;

	assert_int_equal(ike_proposal_parse(text, protocol, &p, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, why);
}

static void proposals_are_read(void **state)
{
	struct ike_proposal p = proposal("aes256gcm16-prfsha384-x25519", IKE_PROTO_IKE);

	(void)state;
	assert_int_equal(p.count, 3);
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16));
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_384));
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_KE, IKE_GROUP_X25519));
	p = proposal("aes128-sha256-modp2048", IKE_PROTO_IKE);
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256));
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_256_128));
	/* with an AEAD, the hash is only for the PRF */
	p = proposal("aes128gcm16-sha512-ecp256", IKE_PROTO_IKE);
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_512));
	assert_false(ike_proposal_has(&p, IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_512_256));
	p = proposal("aes256gcm16-x25519", IKE_PROTO_ESP);
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_ESN, IKE_ESN_NO));
	assert_true(ike_proposal_has(&p, IKE_TRANSFORM_KE, IKE_GROUP_X25519));
}

static void wrong_proposals_are_refused_with_what_is_wrong(void **state)
{
	(void)state;
	refused("aes512-sha256-modp2048", IKE_PROTO_IKE, "unknown algorithm \"aes512\"");
	refused("", IKE_PROTO_IKE, "unknown algorithm \"\"");
	refused("aes256-", IKE_PROTO_IKE, "unknown algorithm \"\"");
	refused("aes256gcm16-aes128-prfsha256-x25519", IKE_PROTO_IKE,
		"\"aes256gcm16-aes128-prfsha256-x25519\" mixes authenticated and plain encryption; "
		"write two proposals");
	refused("aes256gcm16-x25519", IKE_PROTO_IKE,
		"\"aes256gcm16-x25519\" has no PRF, such as prfsha256");
	refused("aes256-sha256", IKE_PROTO_IKE,
		"\"aes256-sha256\" has no key exchange group, such as x25519");
	refused("aes256", IKE_PROTO_ESP, "\"aes256\" has no integrity algorithm");
	refused("sha256-x25519", IKE_PROTO_IKE, "\"sha256-x25519\" has no encryption algorithm");
	refused("aes256gcm16-prfsha256-x25519-esn", IKE_PROTO_IKE,
		"\"aes256gcm16-prfsha256-x25519-esn\": IKE has no sequence numbers to extend");
	refused("aes256gcm16-prfsha256", IKE_PROTO_ESP,
		"\"aes256gcm16-prfsha256\": ESP has no PRF");
	refused("aes256gcm16-aes256gcm16", IKE_PROTO_ESP,
		"\"aes256gcm16-aes256gcm16\" names \"aes256gcm16\" twice");
	refused("aes256gcm16-prfsha256-modpnone", IKE_PROTO_IKE,
		"\"modpnone\": IKE needs a key exchange");
}

static void identities_are_read_as_swanctl_conf_has_them(void **state)
{
	static const struct {
		const char *text;
		uint8_t type;
		const char *shown;
	} good[] = {
		{"192.0.2.1", IKE_ID_IPV4_ADDR, "192.0.2.1"},
		{"2001:db8::1", IKE_ID_IPV6_ADDR, "2001:db8::1"},
		{"moon.example.org", IKE_ID_FQDN, "moon.example.org"},
		{"@moon", IKE_ID_FQDN, "moon"},
		{"carol@example.org", IKE_ID_RFC822_ADDR, "carol@example.org"},
		{"@@carol@example.org", IKE_ID_RFC822_ADDR, "carol@example.org"},
		{"@#C0ffee", IKE_ID_KEY_ID, "c0ffee"},
		{"keyid:ab", IKE_ID_KEY_ID, "6162"},
		{"fqdn:192.0.2.1", IKE_ID_FQDN, "192.0.2.1"},
		{"email:x@y", IKE_ID_RFC822_ADDR, "x@y"},
		{"%any", IKE_ID_ANY, "%any"},
		{"", IKE_ID_ANY, "%any"},
		{"%any6", IKE_ID_ANY, "%any"},
		{"*", IKE_ID_ANY, "%any"},
		{"0.0.0.0", IKE_ID_ANY, "%any"},
		{"::", IKE_ID_ANY, "%any"},
		{"userfqdn:x@y", IKE_ID_RFC822_ADDR, "x@y"},
		{"ipv4:192.0.2.1", IKE_ID_IPV4_ADDR, "192.0.2.1"},
		{"ipv4:#c0000201", IKE_ID_IPV4_ADDR, "192.0.2.1"},
		{"keyid:#C0ffee", IKE_ID_KEY_ID, "c0ffee"},
		{"fqdn:#6d6f6f6e", IKE_ID_FQDN, "moon"},
		{"{2}:moon", IKE_ID_FQDN, "moon"},
		{"{11}:#c0ffee", IKE_ID_KEY_ID, "c0ffee"},
		{"{201}:ab", 201, "6162"},
		{"asn1gn:#8204", IKE_ID_DER_ASN1_GN, "8204"},
		{"C=CH, O=Ravelin, CN=moon", IKE_ID_DER_ASN1_DN, "C=CH, O=Ravelin, CN=moon"},
		{"/C=CH/O=Ravelin/CN=moon", IKE_ID_DER_ASN1_DN, "C=CH, O=Ravelin, CN=moon"},
		{"asn1dn:C=CH,SN=7, E=x@y", IKE_ID_DER_ASN1_DN,
		 "C=CH, serialNumber=7, emailAddress=x@y"},
		{"asn1dn:#300d310b3009060355040613024348", IKE_ID_DER_ASN1_DN, "C=CH"},
		{"asn1dn:#300d310b", IKE_ID_DER_ASN1_DN, "300d310b"},
		{"10.1.0.0/16", IKE_ID_IPV4_ADDR, "10.1.0.0/16"},
		{"10.1.0.1-10.1.0.9", IKE_ID_IPV4_ADDR, "10.1.0.1-10.1.0.9"},
		{"fec0::/64", IKE_ID_IPV6_ADDR, "fec0::/64"},
		{"ipv4net:10.1.0.0/16", IKE_ID_IPV4_ADDR, "10.1.0.0/16"},
		{"ipv6range:fec0::1-fec0::9", IKE_ID_IPV6_ADDR, "fec0::1-fec0::9"},
		{"*.example.org", IKE_ID_FQDN, "*.example.org"},
		{"*@example.org", IKE_ID_RFC822_ADDR, "*@example.org"},
		{"C=CH, CN=*", IKE_ID_DER_ASN1_DN, "C=CH, CN=*"},
		{"a-b.example.org", IKE_ID_FQDN, "a-b.example.org"},
	};
	static const struct {
		const char *text;
		const char *message;
	} bad[] = {
		{"@#abc", "identity \"@#abc\" is malformed"},
		{"@#xy", "identity \"@#xy\" is malformed"},
		{"@", "identity \"@\" is malformed"},
		{"ipv4:moon", "identity \"ipv4:moon\" is malformed"},
		{"ipv4:#c00002", "identity \"ipv4:#c00002\" is malformed"},
		{"ipv6:192.0.2.1", "identity \"ipv6:192.0.2.1\" is malformed"},
		{"ipv6net:10.0.0.0/8", "identity \"ipv6net:10.0.0.0/8\" is malformed"},
		{"10.1.0.0/33", "identity \"10.1.0.0/33\" is malformed"},
		{"10.1.0.9-10.1.0.1", "identity \"10.1.0.9-10.1.0.1\" is malformed"},
		{"ipv4net:10.1.0.1", "identity \"ipv4net:10.1.0.1\" is malformed"},
		{"%any4", "identity \"%any4\" is malformed"},
		{"%group", "identity \"%group\" is malformed"},
		{"{7}:#0a0000010a000009",
		 "identity \"{7}:#0a0000010a000009\" is of a type that IKEv2 doesn't have"},
		{"{0}:x", "identity \"{0}:x\" is of a type that IKEv2 doesn't have"},
		{"{256}:x", "identity \"{256}:x\" is malformed"},
		{"{2}moon", "identity \"{2}moon\" is malformed"},
		{"{2", "identity \"{2\" is malformed"},
		{"fdqn:moon", "identity \"fdqn:moon\" has an unknown type before its colon (a key "
			      "ID is keyid:...)"},
		{"moon.*.org", "identity \"moon.*.org\" has a * that doesn't stand at its start"},
		{"**.org", "identity \"**.org\" has a * that doesn't stand at its start"},
		{"asn1gn:x", "identity \"asn1gn:x\" needs its data in hexadecimal, after a #"},
		{"C=CH, Q=Ravelin", "identity \"C=CH, Q=Ravelin\" isn't a distinguished name: "
				    "attributes that are known, each with a value"},
		{"C=CH, CN=", "identity \"C=CH, CN=\" isn't a distinguished name: attributes that "
			      "are known, each with a value"},
	};
	struct ike_id id;
	char text[IKE_ID_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(ike_id_parse(good[i].text, &id, error, sizeof(error)), 0);
		assert_int_equal(id.type, good[i].type);
		ike_id_text(&id, text, sizeof(text));
		assert_string_equal(text, good[i].shown);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(ike_id_parse(bad[i].text, &id, error, sizeof(error)), -EINVAL);
		assert_string_equal(error, bad[i].message);
	}
}

static struct ike_id id_of(const char *text)
{
	struct ike_id id;

	if (ike_id_parse(text, &id, error, sizeof(error)))
		fail_msg("%s", error);
	return id;
}

static void identities_fit_patterns_as_well_as_they_do_in_strongswan(void **state)
{
	static const struct {
		const char *configured;
		const char *id;
		unsigned match;
	} cases[] = {
		{"%any", "moon.example.org", IKE_ID_MATCH_ANY},
		{"moon.example.org", "moon.example.org", IKE_ID_MATCH_EXACT},
		{"*.example.org", "moon.example.org", IKE_ID_MATCH_WILDCARD},
		{"*.example.org", "a.b.EXAMPLE.org", IKE_ID_MATCH_WILDCARD},
		{"*.example.org", "example.org", IKE_ID_MATCH_NONE},
		{"*.example.org", ".example.org", IKE_ID_MATCH_NONE},
		{"*.example.org", "moon.example.com", IKE_ID_MATCH_NONE},
		{"*.example.org", "x@moon.example.org", IKE_ID_MATCH_NONE},
		{"*@example.org", "carol@example.org", IKE_ID_MATCH_WILDCARD},
		{"*@example.org", "carol@moon.example.org", IKE_ID_MATCH_NONE},
		{"@*", "moon", IKE_ID_MATCH_ANY},
		{"@*", "192.0.2.1", IKE_ID_MATCH_NONE},
		{"10.0.0.0/8", "10.255.255.255", IKE_ID_MATCH_RANGE},
		{"10.0.0.0/8", "11.0.0.0", IKE_ID_MATCH_NONE},
		{"10.1.0.1-10.1.0.9", "10.1.0.9", IKE_ID_MATCH_RANGE},
		{"10.1.0.1-10.1.0.9", "10.1.0.10", IKE_ID_MATCH_NONE},
		{"10.1.0.1-10.1.0.9", "moon", IKE_ID_MATCH_NONE},
		{"fec0::/64", "fec0::1", IKE_ID_MATCH_RANGE},
		{"fec0::/64", "10.1.0.1", IKE_ID_MATCH_NONE},
		{"C=CH, CN=moon", "/c=ch/cn=MOON", IKE_ID_MATCH_EXACT},
		{"C=CH, CN=moon", "C=CH, CN=sun", IKE_ID_MATCH_NONE},
		{"C=CH, CN=*", "C=CH, CN=moon", IKE_ID_MATCH_WILDCARD},
		{"C=*, CN=*", "C=CH, CN=moon", IKE_ID_MATCH_WILDCARD - 1},
		{"C=CH, CN=*", "C=CH, OU=moon", IKE_ID_MATCH_NONE},
		{"C=CH, CN=*", "C=CH, O=Ravelin, CN=moon", IKE_ID_MATCH_NONE},
		{"C=CH, CN=*", "CN=moon, C=CH", IKE_ID_MATCH_NONE},
		/* One RDN with two attributes isn't two of them. */
		{"C=*, CN=moon",
		 "asn1dn:#301a3118300906035504061302434830"
		 "0b06035504030c046d6f6f6e",
		 IKE_ID_MATCH_NONE},
		/* The other encoding of strings. */
		{"CN=moon", "asn1dn:#300f310d300b06035504030c046d6f6f6e", IKE_ID_MATCH_EXACT},
		{"CN=moon", "asn1dn:#300f310d300b06035504030c046d6f6f", IKE_ID_MATCH_NONE},
	};
	struct ike_id pattern = id_of("*.example.org"), peer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ike_id configured = id_of(cases[i].configured), id = id_of(cases[i].id);

		if (ike_id_match(&configured, &id) != cases[i].match)
			fail_msg("%s and %s: %u", cases[i].configured, cases[i].id,
				 ike_id_match(&configured, &id));
	}
	/* A peer that calls itself so isn't all of them. */
	assert_int_equal(ike_id_set(&peer, IKE_ID_FQDN, ike_slice("*.example.org", 13)), 0);
	assert_false(ike_id_equal(&pattern, &peer));
	assert_false(ike_id_matches(&peer, &pattern));
	pattern = id_of("moon.example.org");
	assert_false(ike_id_matches(&peer, &pattern));
	pattern = id_of("C=CH, CN=*");
	peer = pattern;
	peer.pattern = false;
	pattern = id_of("C=CH, CN=moon");
	assert_false(ike_id_matches(&peer, &pattern));
}

static void an_identity_from_the_wire_shows_on_one_line(void **state)
{
	struct ike_id id;
	char text[IKE_ID_TEXT];

	(void)state;
	assert_int_equal(ike_id_set(&id, IKE_ID_FQDN, ike_slice("a\nb\033[31m\0z", 9)), 0);
	ike_id_text(&id, text, sizeof(text));
	assert_string_equal(text, "a?b?[31m?");
	assert_int_equal(ike_id_set(&id, IKE_ID_IPV4_ADDR, ike_slice("abc", 3)), -EINVAL);
}

static void names_compare_without_case_and_any_matches_all(void **state)
{
	struct ike_id x, y, any = {.type = IKE_ID_ANY};

	(void)state;
	ike_id_parse("Moon.Example.org", &x, error, sizeof(error));
	ike_id_parse("moon.example.ORG", &y, error, sizeof(error));
	assert_true(ike_id_equal(&x, &y));
	assert_true(ike_id_matches(&any, &x));
	ike_id_parse("moon.example.or", &y, error, sizeof(error));
	assert_false(ike_id_matches(&x, &y));
	ike_id_parse("@@Moon.Example.org", &y, error, sizeof(error));
	assert_false(ike_id_matches(&x, &y));
}

static void hosts_are_read_as_swanctl_conf_has_them(void **state)
{
	static const struct {
		const char *text;
		const char *shown;
		bool one;
	} good[] = {
		{"192.0.2.1", "192.0.2.1", true},
		{"2001:db8::1", "2001:db8::1", true},
		{"10.0.0.0/8", "10.0.0.0/8", false},
		{"10.1.2.3/8", "10.0.0.0/8", false},
		{"192.0.2.1/32", "192.0.2.1", true},
		{"10.1.0.1-10.1.0.9", "10.1.0.1-10.1.0.9", false},
		{"2001:db8::/32", "2001:db8::/32", false},
		{"%any", "%any", false},
		{"%any4", "%any4", false},
		{"%any6", "%any6", false},
		{"moon.example.org", "moon.example.org", true},
		{"moon.example.org.", "moon.example.org.", true},
		{"moon", "moon", true},
		{"a-b.x_y.1a", "a-b.x_y.1a", true},
		{"3com.example", "3com.example", true},
	};
	static const struct {
		const char *text;
		const char *wrong;
	} bad[] = {
		{"", "isn't an IP address, a subnet, a range or a DNS name"},
		{"192.0.2.300", "isn't an IP address, a subnet, a range or a DNS name"},
		{"192.0.2", "isn't an IP address, a subnet, a range or a DNS name"},
		{"moon..org", "isn't an IP address, a subnet, a range or a DNS name"},
		{".moon", "isn't an IP address, a subnet, a range or a DNS name"},
		{"moon example", "isn't an IP address, a subnet, a range or a DNS name"},
		{"%moon", "isn't an IP address, a subnet, a range or a DNS name"},
		{"2001:db8::g", "isn't an IP address, a subnet, a range or a DNS name"},
		{"10.0.0.0/33", "bad prefix length"},
		{"10.0.0.0/", "bad prefix length"},
		{"10.1.0.9-10.1.0.1", "bad range"},
		{"10.1.0.1-2001:db8::1", "bad range"},
		{"-moon", "bad address"},
		{"moon/8", "bad address"},
	};
	struct ike_hosts hosts = {0}, other = {0};
	char text[IKE_HOST_TEXT], label[65];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_null(ike_hosts_add(&hosts, good[i].text));
		ike_host_text(&hosts.list[i], text, sizeof(text));
		assert_string_equal(text, good[i].shown);
		assert_int_equal(ike_host_is_one(&hosts.list[i]), good[i].one);
	}
	assert_int_equal(ike_hosts_copy(&other, &hosts), 0);
	assert_true(ike_hosts_equal(&hosts, &other));
	assert_null(ike_hosts_add(&other, "sun"));
	assert_false(ike_hosts_equal(&hosts, &other));
	assert_string_equal(ike_hosts_add(&other, "sun"), "is one too many");
	ike_hosts_clear(&other);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *wrong = ike_hosts_add(&other, bad[i].text);

		if (!wrong || strcmp(wrong, bad[i].wrong) != 0)
			fail_msg("%s: %s", bad[i].text, wrong ? wrong : "taken");
	}
	memset(label, 'a', sizeof(label));
	label[64] = 0;
	assert_non_null(ike_hosts_add(&other, label));
	label[63] = 0;
	assert_null(ike_hosts_add(&other, label));
	/* What is different isn't equal, nor does it overlap; nor does what may be anywhere. */
	assert_false(ike_hosts_overlap(&other, &hosts));
	assert_null(ike_hosts_add(&other, "10.0.0.0/8"));
	assert_false(ike_hosts_overlap(&other, &hosts));
	assert_null(ike_hosts_add(&other, "MOON"));
	assert_true(ike_hosts_overlap(&other, &hosts));
	ike_hosts_clear(&other);
	ike_hosts_clear(&hosts);
	assert_null(ike_hosts_add(&hosts, "192.0.2.1"));
	assert_null(ike_hosts_add(&other, "2001:db8::1"));
	assert_int_equal(ike_hosts_family(&hosts), 4);
	assert_int_equal(ike_hosts_family(&other), 6);
	assert_null(ike_hosts_add(&other, "10.0.0.0/8"));
	assert_int_equal(ike_hosts_family(&other), 0);
	ike_hosts_clear(&other);
	assert_int_equal(ike_hosts_family(&other), 0);
	ike_hosts_clear(&hosts);
}

static struct ike_ts ts(const char *text)
{
	struct ike_ts t;

	if (ike_ts_parse(text, &t, error, sizeof(error)))
		fail_msg("%s", error);
	return t;
}

static void selectors_are_read_and_shown(void **state)
{
	static const char *const good[][2] = {
		{"10.1.2.3/16", "10.1.0.0/16"},
		{"10.1.2.3", "10.1.2.3/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"},
		{"10.0.0.0-10.0.0.255", "10.0.0.0/24"},
		{"2001:db8::/33[tcp]", "2001:db8::/33[6]"},
		{"10.0.0.0/8[udp/53]", "10.0.0.0/8[17/53]"},
		{"10.0.0.0/8[17/1024-2047]", "10.0.0.0/8[17/1024-2047]"},
		{"10.0.0.0/8[%any/any]", "10.0.0.0/8"},
		{"10.0.0.0/8[icmp/opaque]", "10.0.0.0/8[1/opaque]"},
		{"10.0.0.0/8[icmp/0]", "10.0.0.0/8[1/0]"},
		{"10.0.0.0/8[icmp/8-11]", "10.0.0.0/8[1/8-11]"},
		{"10.0.0.0/8[icmp/2049]", "10.0.0.0/8[1/2049]"},
		{"fec0::/64[ipv6-icmp/128]", "fec0::/64[58/128]"},
		{"dynamic[tcp/22]", "dynamic[6/22]"},
	};
	static const char *const bad[] = {"10.0.0.0/33",
					  "10.0.0.0/",
					  "10.0.0.256",
					  "10.0.0.9-10.0.0.1",
					  "10.0.0.1-::1",
					  "10.0.0.0/8[tcp",
					  "10.0.0.0/8[256]",
					  "10.0.0.0/8[tcp/70000]",
					  "",
					  "10.0.0.0/8[6/9-5]",
					  "%any",
					  "10.0.0.0/-1"};
	char text[IKE_TS_TEXT];
	struct ike_ts t;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		t = ts(good[i][0]);
		ike_ts_text(&t, text, sizeof(text));
		assert_string_equal(text, good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ike_ts_parse(bad[i], &t, error, sizeof(error)), -EINVAL);
}

static unsigned narrow(const struct ike_ts_list *peer, const struct ike_ts_list *own,
		       struct ike_ts_list *out)
{
	*out = (struct ike_ts_list){0};
	for (unsigned i = 0; i < peer->count; i++)
		ike_ts_narrow(&peer->list[i], own, out);
	return out->count;
}

static void narrowing_gives_what_both_allow_and_nothing_else(void **state)
{
	static const struct {
		const char *one, *two, *want;
	} v[] = {
		{"10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16"},
		{"10.0.0.0-10.0.0.20", "10.0.0.10-10.0.0.30", "10.0.0.10-10.0.0.20"},
		{"10.0.0.0/8", "11.0.0.0/8", NULL},
		{"10.0.0.0/8", "::/0", NULL},
		{"10.0.0.0/8[tcp]", "10.0.0.0/8[udp]", NULL},
		{"10.0.0.0/8[tcp/1-100]", "10.0.0.0/8[any/50-200]", "10.0.0.0/8[6/50-100]"},
		{"10.0.0.0/8[tcp/1-100]", "10.0.0.0/8[tcp/101]", NULL},
		{"10.0.0.0/8[tcp/opaque]", "10.0.0.0/8", "10.0.0.0/8[6/opaque]"},
		{"10.0.0.0/8[tcp/opaque]", "10.0.0.0/8[tcp/80]", NULL},
		{"::/0", "2001:db8::/32", "2001:db8::/32"},
	};
	char text[IKE_TS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct ike_ts_list one = {.count = 1}, two = {.count = 1}, out;

		one.list[0] = ts(v[i].one);
		two.list[0] = ts(v[i].two);
		assert_int_equal(narrow(&one, &two, &out), v[i].want != NULL);
		if (v[i].want) {
			ike_ts_text(&out.list[0], text, sizeof(text));
			assert_string_equal(text, v[i].want);
			assert_true(ike_ts_subset(&out, &one));
			assert_true(ike_ts_subset(&out, &two));
		}
		assert_int_equal(narrow(&two, &one, &out), v[i].want != NULL);
	}
}

/* The packet's own selector comes before its network (section 2.9): one covers the other. */
static void a_specific_selector_within_a_wider_one_is_not_repeated(void **state)
{
	struct ike_ts_list offer = {.count = 2}, own = {.count = 1}, out;
	char text[IKE_TS_TEXT];

	(void)state;
	offer.list[0] = ts("10.1.0.5[tcp/80]");
	offer.list[1] = ts("10.0.0.0/8");
	own.list[0] = ts("10.1.0.0/16");
	assert_int_equal(narrow(&offer, &own, &out), 1);
	ike_ts_text(&out.list[0], text, sizeof(text));
	assert_string_equal(text, "10.1.0.0/16");
}

static struct ike_ts host(unsigned last)
{
	char text[32];

	snprintf(text, sizeof(text), "10.1.%u.%u", last / 256, last % 256);
	return ts(text);
}

static void a_list_is_full_when_none_covers_another(void **state)
{
	struct ike_ts_list list = {0};
	struct ike_ts one;

	(void)state;
	for (unsigned i = 0; i < IKE_TS_MAX; i++) {
		one = host(2 * i);
		assert_int_equal(ike_ts_add(&list, &one), 0);
	}
	assert_int_equal(list.count, IKE_TS_MAX);
	one = host(100);
	assert_int_equal(ike_ts_add(&list, &one), -ENOSPC);
	one = host(4);
	assert_int_equal(ike_ts_add(&list, &one), 0); /* is there already */
	assert_int_equal(list.count, IKE_TS_MAX);
	one = ts("10.1.0.0/29"); /* four of them */
	assert_int_equal(ike_ts_add(&list, &one), 0);
	assert_int_equal(list.count, IKE_TS_MAX - 4 + 1);
	one = host(100);
	assert_int_equal(ike_ts_add(&list, &one), 0);
	one = ts("10.0.0.0/8");
	assert_int_equal(ike_ts_add(&list, &one), 0);
	assert_int_equal(list.count, 1);
	one = host(100);
	assert_int_equal(ike_ts_add(&list, &one), 0);
	assert_int_equal(list.count, 1);
}

/* A TSi or TSr of so many hosts, with one more selector at the end. */
static struct ike_ts_payload payload_of(unsigned hosts, const char *last, uint8_t buf[8192])
{
	struct ike_ts_payload out;
	struct ike_writer w = ike_writer(buf, 8192);

	ike_put_u32(&w, (hosts + 1) << 24);
	for (unsigned i = 0; i <= hosts; i++) {
		struct ike_ts t = i < hosts ? host(2 * i) : ts(last);

		ike_put_u32(&w, IKE_TS_IPV4_ADDR_RANGE << 24 | (uint32_t)t.protocol << 16 | 16);
		ike_put_u16(&w, t.port_first);
		ike_put_u16(&w, t.port_last);
		ike_put(&w, t.first, 4);
		ike_put(&w, t.last, 4);
	}
	assert_int_equal(ike_parse_ts(ike_written(&w), &out), 0);
	return out;
}

static void of_many_selectors_the_last_is_as_good_as_the_first(void **state)
{
	struct ike_ts_list own = {.count = 1}, out;
	struct ike_ts_payload peer;
	char text[IKE_TS_TEXT];
	uint8_t buf[8192];

	(void)state;
	own.list[0] = ts("172.16.0.0/12");
	peer = payload_of(254, "172.16.5.0/24", buf);
	assert_int_equal(ike_ts_payload_narrow(&peer, &own, &out), 1);
	ike_ts_text(&out.list[0], text, sizeof(text));
	assert_string_equal(text, "172.16.5.0/24");
	/* the network after many of its hosts, more than there is room for */
	own.list[0] = ts("10.0.0.0/8");
	peer = payload_of(100, "10.1.0.0/16", buf);
	assert_int_equal(ike_ts_payload_narrow(&peer, &own, &own), 1);
	ike_ts_text(&own.list[0], text, sizeof(text));
	assert_string_equal(text, "10.1.0.0/16");
	/* more than there is room for: any part will do */
	peer = payload_of(100, "10.3.0.0/16", buf);
	own.list[0] = ts("10.0.0.0/8");
	assert_int_equal(ike_ts_payload_narrow(&peer, &own, &out), IKE_TS_MAX);
	own.list[0] = ts("192.168.0.0/16");
	assert_int_equal(ike_ts_payload_narrow(&peer, &own, &out), 0);
}

static void an_answer_of_selectors_is_kept_whole_or_not_at_all(void **state)
{
	struct ike_ts_list offered = {.count = 2}, out = {0};
	struct ike_ts_payload answer;
	uint8_t buf[8192];

	(void)state;
	offered.list[0] = ts("10.1.0.0/16");
	offered.list[1] = ts("10.2.0.0/16");
	answer = payload_of(IKE_TS_MAX - 1, "10.2.3.0/24", buf);
	assert_int_equal(ike_ts_payload_check_answer(&answer, &offered, &out), 0);
	assert_int_equal(out.count, IKE_TS_MAX);
	answer = payload_of(IKE_TS_MAX, "10.2.3.0/24", buf); /* one more than can be kept */
	assert_int_equal(ike_ts_payload_check_answer(&answer, &offered, &out),
			 IKE_N_TS_UNACCEPTABLE);
	answer = payload_of(IKE_TS_MAX, "10.1.0.0/24", buf); /* which covers the others */
	assert_int_equal(ike_ts_payload_check_answer(&answer, &offered, &out), 0);
	assert_int_equal(out.count, 1);
	answer = payload_of(3, "10.0.0.0/8", buf); /* covers them, but wasn't offered */
	assert_int_equal(ike_ts_payload_check_answer(&answer, &offered, &out),
			 IKE_N_TS_UNACCEPTABLE);
	buf[4] = buf[20] = buf[36] = buf[52] = 10; /* all of a type that isn't known */
	assert_int_equal(ike_ts_payload_check_answer(&answer, &offered, &out),
			 IKE_N_TS_UNACCEPTABLE);
	assert_int_equal(out.count, 1); /* untouched */
}

static void shared_keys_are_found_by_whose_they_are(void **state)
{
	struct net *net = net_new(1, &SIDE_A, &SIDE_B);
	struct ike_engine *e = net->node[0].engine;
	struct ike_id moon, sun, mars, owners[2];

	(void)state;
	ike_id_parse("moon", &moon, error, sizeof(error));
	ike_id_parse("sun", &sun, error, sizeof(error));
	ike_id_parse("mars", &mars, error, sizeof(error));
	ike_engine_clear_psks(e);
	assert_null(ike_psk_find(e, &moon, &sun));
	assert_int_equal(ike_engine_add_psk(e, NULL, 0, ike_slice("", 0)), -EINVAL);
	ike_engine_add_psk(e, NULL, 0, ike_slice("all", 3));
	owners[0] = moon;
	owners[1] = sun;
	ike_engine_add_psk(e, owners, 2, ike_slice("both", 4));
	ike_engine_add_psk(e, &mars, 1, ike_slice("mars", 4));
	assert_memory_equal(ike_psk_find(e, &moon, &sun)->key, "both", 4);
	assert_memory_equal(ike_psk_find(e, &moon, &mars)->key, "mars", 4);
	assert_memory_equal(ike_psk_find(e, &mars, &mars)->key, "mars", 4);
	ike_id_parse("venus", &sun, error, sizeof(error));
	assert_memory_equal(ike_psk_find(e, &sun, &sun)->key, "all", 3);
	net_free(net);
}

static void a_key_for_any_never_stands_in_for_a_key_of_ones_own(void **state)
{
	struct net *net = net_new(1, &SIDE_A, &SIDE_B);
	struct ike_engine *e = net->node[0].engine;
	struct ike_id gateway, alice, bob, any = {.type = IKE_ID_ANY}, owners[2];

	(void)state;
	ike_id_parse("gateway", &gateway, error, sizeof(error));
	ike_id_parse("alice", &alice, error, sizeof(error));
	ike_id_parse("bob", &bob, error, sizeof(error));
	for (unsigned order = 0; order < 2; order++) {
		ike_engine_clear_psks(e);
		for (unsigned i = 0; i < 2; i++) {
			if (i == order)
				ike_engine_add_psk(e, &alice, 1, ike_slice("alice", 5));
			else
				ike_engine_add_psk(e, &any, 1, ike_slice("any", 3));
		}
		assert_memory_equal(ike_psk_find(e, &gateway, &alice)->key, "alice", 5);
		assert_memory_equal(ike_psk_find(e, &gateway, &bob)->key, "any", 3);
		owners[0] = gateway;
		owners[1] = any;
		ike_engine_add_psk(e, owners, 2, ike_slice("ours", 4));
		assert_memory_equal(ike_psk_find(e, &gateway, &alice)->key, "alice", 5);
		assert_memory_equal(ike_psk_find(e, &gateway, &bob)->key, "ours", 4);
	}
	net_free(net);
}

static void a_key_of_a_pattern_is_for_those_who_fit_it(void **state)
{
	struct net *net = net_new(1, &SIDE_A, &SIDE_B);
	struct ike_engine *e = net->node[0].engine;
	const struct ike_id gateway = id_of("gateway"), all = id_of("*.example.org"),
			    moon = id_of("moon.example.org"), sun = id_of("sun.example.org"),
			    mars = id_of("mars.example.com"), near = id_of("10.1.0.0/16"),
			    address = id_of("10.1.0.7");

	(void)state;
	ike_engine_clear_psks(e);
	ike_engine_add_psk(e, &all, 1, ike_slice("all", 3));
	ike_engine_add_psk(e, &moon, 1, ike_slice("moon", 4));
	ike_engine_add_psk(e, &near, 1, ike_slice("near", 4));
	assert_memory_equal(ike_psk_find(e, &gateway, &moon)->key, "moon", 4);
	assert_memory_equal(ike_psk_find(e, &gateway, &sun)->key, "all", 3);
	assert_memory_equal(ike_psk_find(e, &gateway, &all)->key, "all", 3);
	assert_memory_equal(ike_psk_find(e, &gateway, &address)->key, "near", 4);
	assert_null(ike_psk_find(e, &gateway, &mars));
	net_free(net);
}

static void a_key_of_a_pair_is_for_nobody_else(void **state)
{
	struct net *net = net_new(1, &SIDE_A, &SIDE_B);
	struct ike_engine *e = net->node[0].engine;
	struct ike_id gateway, alice, bob, owners[2];

	(void)state;
	ike_id_parse("gateway", &gateway, error, sizeof(error));
	ike_id_parse("alice", &alice, error, sizeof(error));
	ike_id_parse("bob", &bob, error, sizeof(error));
	ike_engine_clear_psks(e);
	owners[0] = gateway;
	owners[1] = bob;
	ike_engine_add_psk(e, owners, 2, ike_slice("pair", 4));
	assert_memory_equal(ike_psk_find(e, &gateway, &bob)->key, "pair", 4);
	assert_null(ike_psk_find(e, &gateway, &alice));
	ike_engine_add_psk(e, &gateway, 1, ike_slice("ours", 4));
	assert_memory_equal(ike_psk_find(e, &gateway, &bob)->key, "pair", 4);
	assert_memory_equal(ike_psk_find(e, &gateway, &alice)->key, "ours", 4);
	net_free(net);
}

static void addresses_are_read_and_shown(void **state)
{
	static const char *const good[] = {"192.0.2.1", "2001:db8::1"};
	static const char *const wrong[] = {"", "moon", "192.0.2.256", "fe80::1%eth0", "%any"};
	struct ike_addr addr = {0};
	char text[IKE_ADDR_TEXT];

	(void)state;
	ike_addr_text(&addr, text, sizeof(text));
	assert_string_equal(text, "%any");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(ike_addr_parse(good[i], &addr), 0);
		ike_addr_text(&addr, text, sizeof(text));
		assert_string_equal(text, good[i]);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ike_addr_parse(wrong[i], &addr), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(proposals_are_read),
		cmocka_unit_test(wrong_proposals_are_refused_with_what_is_wrong),
		cmocka_unit_test(identities_are_read_as_swanctl_conf_has_them),
		cmocka_unit_test(identities_fit_patterns_as_well_as_they_do_in_strongswan),
		cmocka_unit_test(a_key_of_a_pattern_is_for_those_who_fit_it),
		cmocka_unit_test(hosts_are_read_as_swanctl_conf_has_them),
		cmocka_unit_test(an_identity_from_the_wire_shows_on_one_line),
		cmocka_unit_test(names_compare_without_case_and_any_matches_all),
		cmocka_unit_test(addresses_are_read_and_shown),
		cmocka_unit_test(selectors_are_read_and_shown),
		cmocka_unit_test(narrowing_gives_what_both_allow_and_nothing_else),
		cmocka_unit_test(a_specific_selector_within_a_wider_one_is_not_repeated),
		cmocka_unit_test(a_list_is_full_when_none_covers_another),
		cmocka_unit_test(of_many_selectors_the_last_is_as_good_as_the_first),
		cmocka_unit_test(an_answer_of_selectors_is_kept_whole_or_not_at_all),
		cmocka_unit_test(shared_keys_are_found_by_whose_they_are),
		cmocka_unit_test(a_key_for_any_never_stands_in_for_a_key_of_ones_own),
		cmocka_unit_test(a_key_of_a_pair_is_for_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
