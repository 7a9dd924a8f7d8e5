// SPDX-License-Identifier: BSD-2-Clause
/* EAP between a peer and a RADIUS server: what goes from one to the other, and what doesn't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "host/eap/session.h"
#include "host/radius/relay.h"

static int fill(void *context, void *out, size_t len)
{
	(void)context;
	memset(out, 0x5a, len);
	return 0;
}

static struct ike_id identity_of(const char *text)
{
	char reason[128];
	struct ike_id id;

	assert_int_equal(ike_id_parse(text, &id, reason, sizeof(reason)), 0);
	return id;
}

/* One conversation. */
struct talk {
	struct radius_relay relay;
	struct ike_job job;
	struct radius_packet request;
	struct ike_eap_session *session; /* from one message to the next */
};

static struct talk begin(const char *who)
{
	struct talk t = {.relay = {.nas_identifier = "nas"}};

	t.relay.asks = who;
	if (who)
		t.relay.who = identity_of(who);
	return t;
}

static void end(struct talk *t)
{
	ike_eap_session_free(t->session);
	ike_buffer_free(&t->job.eap.in);
	ike_buffer_free(&t->job.eap.out);
}

/* The peer says this; NULL: nothing yet. */
static enum radius_step say(struct talk *t, const void *message, size_t len)
{
	enum radius_step step;

	ike_buffer_free(&t->job.eap.in);
	ike_buffer_free(&t->job.eap.out);
	t->job = (struct ike_job){.type = IKE_JOB_EAP};
	t->job.eap.random.fill = fill;
	t->job.eap.server = true;
	t->job.eap.id = identity_of("laptop.example.org");
	assert_int_equal(ike_addr_parse("192.0.2.1", &t->job.eap.local), 0);
	assert_int_equal(ike_addr_parse("192.0.2.2", &t->job.eap.remote), 0);
	t->job.eap.session = t->session;
	assert_int_equal(ike_buffer_set(&t->job.eap.in, ike_slice(message, len)), 0);
	step = radius_relay_take(&t->relay, &t->job, &t->request);
	t->session = t->job.eap.session;
	return step;
}

struct attributes {
	uint8_t octets[4096];
	size_t len;
};

static void add(struct attributes *a, uint8_t type, const void *value, size_t len)
{
	a->octets[a->len++] = type;
	a->octets[a->len++] = (uint8_t)(2 + len);
	memcpy(a->octets + a->len, value, len);
	a->len += len;
}

/* The server answers so. */
static void answer(struct talk *t, uint8_t code, const struct attributes *a)
{
	const struct radius_answer what = {
		.code = code,
		.attributes = ike_slice(a->octets, a->len),
		.request = &t->request,
		.secret = ike_slice("x", 1),
	};

	radius_relay_answer(&t->relay, &t->job, "one", &what);
}

static void challenge(struct talk *t, uint8_t identifier)
{
	const uint8_t message[] = {IKE_EAP_REQUEST, identifier, 0, 6, EAP_GTC, '?'};
	struct attributes a = {.len = 0};

	add(&a, RADIUS_EAP_MESSAGE, message, sizeof(message));
	add(&a, RADIUS_STATE, "remember", 8);
	answer(t, RADIUS_ACCESS_CHALLENGE, &a);
}

/* An attribute of what is asked; false: there is none. */
static bool asked(const struct talk *t, uint8_t type, struct ike_slice *value)
{
	const struct ike_slice octets = radius_packet_octets(&t->request);
	const struct radius_answer all = {.attributes =
						  ike_slice(octets.data + 20, octets.len - 20)};

	return radius_find(&all, type, value);
}

static void assert_asked(const struct talk *t, uint8_t type, const char *text)
{
	struct ike_slice value;

	assert_true(asked(t, type, &value));
	assert_int_equal(value.len, strlen(text));
	assert_memory_equal(value.data, text, value.len);
}

static void assert_failed(const struct talk *t, const char *why)
{
	assert_int_equal(t->job.error, 0);
	assert_int_equal(t->job.eap.verdict, IKE_EAP_FAILED);
	assert_non_null(strstr(t->job.reason, why));
}

static const uint8_t alice[] = {
	IKE_EAP_RESPONSE, 0x5a, 0, 10, EAP_IDENTITY, 'a', 'l', 'i', 'c', 'e'};
static const uint8_t password[] = {IKE_EAP_RESPONSE, 9, 0, 6, EAP_GTC, '!'};

/* Until the server may say yes or no. */
static struct talk nearly(const char *who)
{
	struct talk t = begin(who);

	assert_int_equal(say(&t, NULL, 0), who ? RADIUS_ANSWERED : RADIUS_ASK);
	if (who)
		assert_int_equal(say(&t, alice, sizeof(alice)), RADIUS_ASK);
	challenge(&t, 9);
	assert_int_equal(say(&t, password, sizeof(password)), RADIUS_ASK);
	return t;
}

static void a_peer_says_who_it_is_and_comes_in(void **state)
{
	static const uint8_t identity[] = {IKE_EAP_REQUEST, 0x5a, 0, 5, EAP_IDENTITY};
	static const uint8_t success[] = {IKE_EAP_SUCCESS, 9, 0, 4};
	const struct attributes nothing = {.len = 0};
	struct talk t = begin("%any");
	struct ike_slice value;
	char text[IKE_ID_TEXT];

	(void)state;
	assert_int_equal(say(&t, NULL, 0), RADIUS_ANSWERED);
	assert_int_equal(t.job.eap.verdict, IKE_EAP_MORE);
	assert_true(ike_slice_equal(ike_buffer_slice(&t.job.eap.out),
				    ike_slice(identity, sizeof(identity))));
	assert_int_equal(say(&t, alice, sizeof(alice)), RADIUS_ASK);
	assert_asked(&t, RADIUS_USER_NAME, "alice");
	assert_asked(&t, RADIUS_NAS_IDENTIFIER, "nas");
	assert_asked(&t, RADIUS_CALLED_STATION_ID, "192.0.2.1");
	assert_asked(&t, RADIUS_CALLING_STATION_ID, "192.0.2.2");
	assert_false(asked(&t, RADIUS_STATE, &value));
	assert_true(asked(&t, RADIUS_EAP_MESSAGE, &value));
	assert_true(ike_slice_equal(value, ike_slice(alice, sizeof(alice))));
	assert_string_equal(radius_relay_server(&t.job), "");
	challenge(&t, 9);
	assert_int_equal(t.job.eap.verdict, IKE_EAP_MORE);
	assert_int_equal(t.job.eap.out.len, 6);
	assert_string_equal(radius_relay_server(&t.job), "one");
	assert_int_equal(say(&t, password, sizeof(password)), RADIUS_ASK);
	assert_asked(&t, RADIUS_STATE, "remember");
	answer(&t, RADIUS_ACCESS_ACCEPT, &nothing);
	assert_int_equal(t.job.eap.verdict, IKE_EAP_DONE);
	assert_int_equal(t.job.eap.msk_len, 0);
	assert_true(ike_slice_equal(ike_buffer_slice(&t.job.eap.out),
				    ike_slice(success, sizeof(success))));
	ike_id_text(&t.job.eap.identity, text, sizeof(text));
	assert_string_equal(text, "alice");
	end(&t);
}

static void a_peer_that_is_not_asked_is_who_it_is_in_ike(void **state)
{
	const struct attributes nothing = {.len = 0};
	struct talk t = nearly(NULL);

	(void)state;
	assert_asked(&t, RADIUS_USER_NAME, "laptop.example.org");
	answer(&t, RADIUS_ACCESS_ACCEPT, &nothing);
	assert_int_equal(t.job.eap.verdict, IKE_EAP_DONE);
	assert_int_equal(t.job.eap.identity.type, IKE_ID_ANY);
	end(&t);
}

/* A server has the last word of who somebody is, and the configuration of who may come in. */
static void the_servers_name_is_who_comes_in(void **state)
{
	struct attributes a = {.len = 0};
	struct talk t = nearly("*@example.org");
	char text[IKE_ID_TEXT];

	(void)state;
	add(&a, RADIUS_USER_NAME, "carol@example.org", 17);
	answer(&t, RADIUS_ACCESS_ACCEPT, &a);
	assert_int_equal(t.job.eap.verdict, IKE_EAP_DONE);
	ike_id_text(&t.job.eap.identity, text, sizeof(text));
	assert_string_equal(text, "carol@example.org");
	end(&t);

	t = nearly("*@example.org");
	a.len = 0;
	add(&a, RADIUS_USER_NAME, "carol@example.com", 17);
	answer(&t, RADIUS_ACCESS_ACCEPT, &a);
	assert_failed(&t, "isn't let in");
	end(&t);

	t = nearly("*@example.org"); /* it was alice */
	a.len = 0;
	answer(&t, RADIUS_ACCESS_ACCEPT, &a);
	assert_failed(&t, "isn't let in");
	end(&t);
}

static void of_nobody_is_not_let_in(void **state)
{
	const struct attributes nothing = {.len = 0};
	struct talk t = nearly("%any");

	(void)state;
	t.job.eap.of_nobody = true;
	answer(&t, RADIUS_ACCESS_ACCEPT, &nothing);
	assert_failed(&t, "isn't let in");
	end(&t);
}

static void no_is_no(void **state)
{
	static const uint8_t success[] = {IKE_EAP_SUCCESS, 9, 0, 4};
	struct attributes a = {.len = 0};
	struct talk t = nearly("%any");

	(void)state;
	add(&a, RADIUS_EAP_MESSAGE, success, sizeof(success));
	add(&a, RADIUS_REPLY_MESSAGE, "go\naway", 7);
	answer(&t, RADIUS_ACCESS_REJECT, &a);
	assert_failed(&t, "RADIUS server \"one\" says no: go?away");
	assert_int_equal(t.job.eap.out.len, 0);
	end(&t);

	t = nearly("%any");
	radius_relay_answer(&t.relay, &t.job, "", NULL);
	assert_failed(&t, "");
	end(&t);
}

/* RFC 3579, section 2.6.3 */
static void a_yes_with_something_else_inside_is_none(void **state)
{
	static const uint8_t failure[] = {IKE_EAP_FAILURE, 9, 0, 4};
	static const uint8_t request[] = {IKE_EAP_REQUEST, 9, 0, 5, EAP_GTC};
	struct attributes a = {.len = 0};
	struct talk t = nearly("%any");

	(void)state;
	add(&a, RADIUS_EAP_MESSAGE, failure, sizeof(failure));
	answer(&t, RADIUS_ACCESS_ACCEPT, &a);
	assert_failed(&t, "isn't Success");
	end(&t);

	t = nearly("%any");
	a.len = 0;
	add(&a, RADIUS_EAP_MESSAGE, request, sizeof(request));
	answer(&t, RADIUS_ACCESS_ACCEPT, &a);
	assert_failed(&t, "isn't Success");
	end(&t);
}

static void one_key_of_two_is_none(void **state)
{
	static const uint8_t recv[4 + 20] = {0, 0, 1, 55, RADIUS_MPPE_RECV_KEY, 20, 0x80, 1};
	struct attributes a = {.len = 0};
	struct talk t = nearly("%any");

	(void)state;
	add(&a, RADIUS_VENDOR_SPECIFIC, recv, sizeof(recv));
	answer(&t, RADIUS_ACCESS_ACCEPT, &a);
	assert_failed(&t, "keys");
	end(&t);
}

static void a_challenge_that_is_no_request_fails(void **state)
{
	static const struct {
		uint8_t octets[8];
		size_t len;
	} wrong[] = {
		{{IKE_EAP_SUCCESS, 9, 0, 4}, 4},       {{IKE_EAP_RESPONSE, 9, 0, 5, EAP_GTC}, 5},
		{{IKE_EAP_REQUEST, 9, 0, 4}, 4},       {{IKE_EAP_REQUEST, 9, 0, 6, EAP_GTC}, 5},
		{{IKE_EAP_REQUEST, 9, 0, 5, 6, 0}, 6}, {{IKE_EAP_REQUEST, 9}, 2},
	};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct attributes a = {.len = 0};

		t = begin(NULL);
		say(&t, NULL, 0);
		add(&a, RADIUS_EAP_MESSAGE, wrong[i].octets, wrong[i].len);
		answer(&t, RADIUS_ACCESS_CHALLENGE, &a);
		assert_failed(&t, "malformed");
		end(&t);
	}
	t = begin(NULL);
	say(&t, NULL, 0);
	answer(&t, RADIUS_ACCESS_CHALLENGE, &(struct attributes){.len = 0});
	assert_failed(&t, "isn't EAP");
	end(&t);
}

static void what_is_no_answer_is_not_passed_on(void **state)
{
	static const struct {
		uint8_t octets[12];
		size_t len;
	} wrong[] = {
		{{IKE_EAP_REQUEST, 9, 0, 6, EAP_GTC, '!'}, 6},	/* no response */
		{{IKE_EAP_RESPONSE, 8, 0, 6, EAP_GTC, '!'}, 6}, /* to something else */
		{{IKE_EAP_RESPONSE, 9, 0, 7, EAP_GTC, '!'}, 6}, /* cut */
		{{IKE_EAP_RESPONSE, 9, 0, 5, EAP_GTC, '!'}, 6}, /* too long */
		{{IKE_EAP_RESPONSE, 9, 0, 4}, 4},		/* without a type */
		{{IKE_EAP_RESPONSE, 9, 0, 8, EAP_IDENTITY, 'b', 'o', 'b'}, 8}, /* somebody else */
		{{IKE_EAP_SUCCESS, 9, 0, 4}, 4},
		{{0}, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct talk t = begin(NULL);

		say(&t, NULL, 0);
		challenge(&t, 9);
		assert_int_equal(say(&t, wrong[i].octets, wrong[i].len), RADIUS_ANSWERED);
		assert_int_equal(t.job.eap.verdict, IKE_EAP_FAILED);
		end(&t);
	}
}

static void who_does_not_say_who_it_is_is_not_asked_about(void **state)
{
	static const struct {
		uint8_t octets[12];
		size_t len;
	} wrong[] = {
		{{IKE_EAP_RESPONSE, 0x5a, 0, 5, EAP_IDENTITY}, 5},
		{{IKE_EAP_RESPONSE, 0x5a, 0, 6, EAP_GTC, 'x'}, 6},
		{{IKE_EAP_RESPONSE, 0x5b, 0, 6, EAP_IDENTITY, 'x'}, 6},
		{{IKE_EAP_RESPONSE, 0x5a, 0, 6, EAP_NAK, EAP_GTC}, 6},
	};
	uint8_t long_one[5 + IKE_ID_MAX] = {IKE_EAP_RESPONSE, 0x5a, 0, 0, EAP_IDENTITY};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		t = begin("%any");
		say(&t, NULL, 0);
		assert_int_equal(say(&t, wrong[i].octets, wrong[i].len), RADIUS_ANSWERED);
		assert_int_equal(t.job.eap.verdict, IKE_EAP_FAILED);
		end(&t);
	}
	memset(long_one + 5, 'x', sizeof(long_one) - 5);
	for (size_t len = 250; len <= IKE_ID_MAX; len++) {
		long_one[2] = (uint8_t)((5 + len) >> 8);
		long_one[3] = (uint8_t)(5 + len);
		t = begin("%any");
		say(&t, NULL, 0);
		assert_int_equal(say(&t, long_one, 5 + len),
				 len <= RADIUS_VALUE_MAX ? RADIUS_ASK : RADIUS_ANSWERED);
		end(&t);
	}
}

/* With one attribute beside; NULL: none. */
static struct talk accepted(struct talk t, uint8_t type, const void *value, size_t len)
{
	struct attributes a = {.len = 0};

	if (value)
		add(&a, type, value, len);
	answer(&t, RADIUS_ACCESS_ACCEPT, &a);
	return t;
}

static void a_server_says_for_how_long_and_where(void **state)
{
	struct attributes a = {.len = 0};
	struct talk t = nearly("%any");
	const struct ike_grant *grant = &t.job.eap.grant;
	char text[IKE_ADDR_TEXT];

	(void)state;
	add(&a, RADIUS_SESSION_TIMEOUT, "\0\0\16\20", 4);
	add(&a, RADIUS_CLASS, "staff", 5);
	add(&a, RADIUS_FRAMED_IP_ADDRESS, "\12\3\0\7", 4);
	add(&a, RADIUS_FRAMED_IPV6_ADDRESS, "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\7", 16);
	answer(&t, RADIUS_ACCESS_ACCEPT, &a);
	assert_int_equal(t.job.eap.verdict, IKE_EAP_DONE);
	assert_int_equal(grant->session_s, 3600);
	assert_int_equal(grant->class_len, 5);
	assert_memory_equal(grant->class_octets, "staff", 5);
	assert_int_equal(grant->address_count, 2);
	ike_addr_text(&grant->addresses[0], text, sizeof(text));
	assert_string_equal(text, "10.3.0.7");
	ike_addr_text(&grant->addresses[1], text, sizeof(text));
	assert_string_equal(text, "2001:db8::7");
	end(&t);

	/* RFC 2865, section 5.8 */
	t = accepted(nearly("%any"), RADIUS_FRAMED_IP_ADDRESS, "\377\377\377\376", 4);
	assert_int_equal(t.job.eap.verdict, IKE_EAP_DONE);
	assert_int_equal(t.job.eap.grant.address_count, 0);
	end(&t);
}

static void limits_that_are_malformed_let_nobody_in(void **state)
{
	static const uint8_t octets[17];
	static const uint8_t types[] = {RADIUS_SESSION_TIMEOUT, RADIUS_FRAMED_IP_ADDRESS,
					RADIUS_FRAMED_IPV6_ADDRESS};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++)
		for (size_t len = 0; len <= 17; len++) {
			if (i && len == (i == 1 ? 4 : 16))
				continue;
			t = accepted(nearly("%any"), types[i], octets, len);
			assert_failed(&t, i ? "an address" : "Session-Timeout");
			end(&t);
		}
}

static void a_group_of_several_is_needed(void **state)
{
	static const struct {
		uint8_t type;
		const char *value;
		bool good;
	} cases[] = {
		{RADIUS_CLASS, "staff", true},		{RADIUS_FILTER_ID, "admins", true},
		{RADIUS_CLASS, "staf", false},		{RADIUS_CLASS, "staffs", false},
		{RADIUS_REPLY_MESSAGE, "staff", false}, {RADIUS_CLASS, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct talk t = nearly("%any");

		t.relay.group_count = 2;
		strcpy(t.relay.groups[0], "staff");
		strcpy(t.relay.groups[1], "admins");
		t = accepted(t, cases[i].type, cases[i].value,
			     cases[i].value ? strlen(cases[i].value) : 0);
		if (cases[i].good)
			assert_int_equal(t.job.eap.verdict, IKE_EAP_DONE);
		else
			assert_failed(&t, "none of its groups");
		end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_says_who_it_is_and_comes_in),
		cmocka_unit_test(a_peer_that_is_not_asked_is_who_it_is_in_ike),
		cmocka_unit_test(the_servers_name_is_who_comes_in),
		cmocka_unit_test(of_nobody_is_not_let_in),
		cmocka_unit_test(no_is_no),
		cmocka_unit_test(a_yes_with_something_else_inside_is_none),
		cmocka_unit_test(one_key_of_two_is_none),
		cmocka_unit_test(a_challenge_that_is_no_request_fails),
		cmocka_unit_test(what_is_no_answer_is_not_passed_on),
		cmocka_unit_test(who_does_not_say_who_it_is_is_not_asked_about),
		cmocka_unit_test(a_server_says_for_how_long_and_where),
		cmocka_unit_test(limits_that_are_malformed_let_nobody_in),
		cmocka_unit_test(a_group_of_several_is_needed),
	};

	return cmocka_run_group_tests_name("EAP by RADIUS", tests, NULL, NULL);
}
