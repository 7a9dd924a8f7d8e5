/* SPDX-License-Identifier: BSD-2-Clause */
/* The two ends of EAP-MSCHAPv2 and GTC, face to face, with each message altered on its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/eap/mschap.h"
#include "tests/eap/users.h"

enum { MSCHAPV2 = 1 << EAP_METHOD_MSCHAPV2, GTC = 1 << EAP_METHOD_GTC };

static int fill(void *context, void *out, size_t len)
{
	uint8_t *next = context;

	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (*next)++;
	return 0;
}

static bool find(const void *context, struct ike_slice user, struct ike_secret out[EAP_PASSWORDS])
{
	(void)context;
	users_say(out, "opensesame");
	return ike_slice_equal(user, ike_slice("bob", 3)) ||
	       ike_slice_equal(user, ike_slice("rob", 3));
}

struct end {
	struct ike_eap_session *session;
	struct ike_eap_job job;
	char reason[IKE_REASON_MAX];
};

static struct pair {
	struct end server, peer;
	uint8_t random;
} ends;

static void hear(struct end *end, struct ike_slice message)
{
	static const struct eap_users users = {find, users_judge, users_let_nobody_in, NULL, NULL};

	assert_int_equal(ike_buffer_set(&end->job.in, message), 0);
	ike_buffer_free(&end->job.out);
	assert_int_equal(eap_session_run(end->session, &users, &end->job, end->reason), 0);
}

static void begin(uint8_t methods, bool asks)
{
	struct eap_config config = {
		.methods = methods, .asks = asks, .user = eap_identity(ike_slice("bob", 3))};

	ends = (struct pair){0};
	ends.peer.session = eap_session_new(&config);
	config.server = true;
	ends.server.session = eap_session_new(&config);
	ends.server.job.server = true;
	ends.server.job.random = ends.peer.job.random = (struct ike_random){fill, &ends.random};
	hear(&ends.server, ike_slice(NULL, 0));
}

static int teardown(void **state)
{
	struct end *both[] = {&ends.server, &ends.peer};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		ike_eap_session_free(both[i]->session);
		ike_buffer_free(&both[i]->job.in);
		ike_buffer_free(&both[i]->job.out);
	}
	ends = (struct pair){0};
	return 0;
}

/* The message that waits for somebody; who that is. */
static struct end *turn_of(unsigned number, struct ike_slice *message)
{
	struct end *from = number % 2 ? &ends.peer : &ends.server;

	*message = ike_buffer_slice(&from->job.out);
	return number % 2 ? &ends.server : &ends.peer;
}

static bool goes_on(void)
{
	return ends.server.job.verdict == IKE_EAP_MORE && ends.peer.job.verdict == IKE_EAP_MORE;
}

/* So many messages as they are. */
static void deliver(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct ike_slice message;
		struct end *to = turn_of(i, &message);

		hear(to, message);
	}
}

/* Up to that message, which is copied, with room behind it. Who it is for. */
static struct end *hold(uint8_t methods, unsigned number, uint8_t octets[512], size_t *len)
{
	struct ike_slice message;
	struct end *to;

	begin(methods, true);
	deliver(number);
	to = turn_of(number, &message);
	memset(octets, 0, 512);
	memcpy(octets, message.data, message.len);
	*len = message.len;
	return to;
}

/* The rest, once one has been altered. */
static void finish(unsigned number)
{
	struct ike_slice message;
	struct end *to;

	for (; number < 20 && goes_on(); number++) {
		to = turn_of(number, &message);
		if (!message.len)
			return;
		hear(to, message);
	}
	to = turn_of(number, &message);
	if (to == &ends.peer && message.len && ends.peer.job.verdict == IKE_EAP_MORE)
		hear(to, message);
}

static bool is_in(void)
{
	return ends.server.job.verdict == IKE_EAP_DONE && ends.peer.job.verdict == IKE_EAP_DONE;
}

static bool same_key(void)
{
	return ends.server.job.msk_len == ends.peer.job.msk_len &&
	       !memcmp(ends.server.job.msk, ends.peer.job.msk, ends.peer.job.msk_len);
}

static const unsigned messages[] = {7, 5}; /* with the question who it is, up to Success */

static void both_ends_agree(void **state)
{
	for (unsigned m = 0; m < 2; m++) {
		begin(m ? GTC : MSCHAPV2, true);
		deliver(messages[m]);
		assert_true(is_in());
		assert_true(same_key());
		assert_int_equal(ends.server.job.msk_len, m ? 0 : IKE_MSK_MAX);
		teardown(state);
	}
}

/* As peers have it (RFC 3079): what the server receives with, what it sends with, zeros. */
static void the_key_is_in_the_order_that_all_have(void **state)
{
	uint8_t keys[IKE_MSK_MAX] = {0};
	struct mschap m = {.user = ike_slice("bob", 3)};
	struct ike_slice challenge, response;

	(void)state;
	begin(MSCHAPV2, true);
	deliver(3);
	turn_of(2, &challenge);
	turn_of(3, &response);
	memcpy(m.authenticator, challenge.data + 10, sizeof(m.authenticator));
	memcpy(m.peer, response.data + 10, sizeof(m.peer));
	assert_int_equal(mschap_password_hash(ike_slice("opensesame", 10), m.password_hash), 0);
	assert_int_equal(mschap_keys(&m, response.data + 34, keys + MSCHAP_KEY_LEN, keys), 0);
	finish(3);
	assert_true(is_in());
	assert_memory_equal(ends.server.job.msk, keys, sizeof(keys));
}

/* No octet may be cut off, and none be there that isn't said to be. */
static void a_message_of_another_length_ends_it(void **state)
{
	for (unsigned m = 0; m < 2; m++) {
		for (unsigned number = 0; number < messages[m]; number++) {
			for (int by = -300; by < 2; by++) {
				uint8_t octets[512];
				size_t len;
				struct end *to = hold(m ? GTC : MSCHAPV2, number, octets, &len);

				if (by != 0 && (int)len + by >= 1) {
					hear(to, ike_slice(octets, (size_t)((int)len + by)));
					assert_int_equal(to->job.verdict, IKE_EAP_FAILED);
				}
				teardown(state);
			}
		}
	}
}

/* The same where the length of EAP says so, too: what the method has to judge. */
static void a_cut_that_is_said_comes_to_nothing_that_differs(void **state)
{
	for (unsigned m = 0; m < 2; m++) {
		for (unsigned number = 0; number < messages[m]; number++) {
			for (size_t len = 4, whole = 5; len < whole; len++) {
				uint8_t octets[512];
				struct end *to = hold(m ? GTC : MSCHAPV2, number, octets, &whole);

				octets[2] = (uint8_t)(len >> 8);
				octets[3] = (uint8_t)len;
				hear(to, ike_slice(octets, len < whole ? len : 0));
				finish(number + 1);
				assert_true(!is_in() || same_key());
				/* All of a password and of an answer counts, but no question's
				 * text. */
				if (number % 2)
					assert_false(is_in());
				teardown(state);
			}
		}
	}
}

/* Who has altered anything gets in nowhere with it, or both have what they would have had. */
static void a_flipped_bit_is_noticed_or_is_nothing(void **state)
{
	unsigned in = 0;

	for (unsigned m = 0; m < 2; m++) {
		for (unsigned number = 0; number < messages[m]; number++) {
			for (size_t bit = 0, len = 1; bit < 8 * len; bit++) {
				uint8_t octets[512];
				struct end *to = hold(m ? GTC : MSCHAPV2, number, octets, &len);

				octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
				hear(to, ike_slice(octets, len));
				finish(number + 1);
				assert_true(!is_in() || same_key());
				in += is_in();
				teardown(state);
			}
		}
	}
	assert_true(in > 100); /* names of servers, texts, reserved octets */
}

/* Of what is in a response all counts: challenges, NT-Response, and the name. */
static void a_response_is_of_one_user_to_one_challenge(void **state)
{
	enum { PEER_CHALLENGE = 10, NT_RESPONSE = 34, NAME = 59 };
	static const struct {
		size_t at;
		const char *why;
	} cases[] = {
		{PEER_CHALLENGE, "wrong password"},
		{NT_RESPONSE, "wrong password"},
		{NT_RESPONSE + 23, "wrong password"},
		{NAME, "wrong password"},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t octets[512];
		size_t len;
		struct end *to = hold(MSCHAPV2, 3, octets, &len);

		octets[cases[i].at] ^= 1;
		hear(to, ike_slice(octets, len));
		assert_int_equal(to->job.verdict, IKE_EAP_MORE);
		assert_string_equal(to->reason, cases[i].why);
		finish(4);
		assert_int_equal(ends.server.job.verdict, IKE_EAP_FAILED);
		assert_int_equal(ends.peer.job.verdict, IKE_EAP_MORE);
		teardown(state);
	}
}

/* Who is let in as one user can't answer as another one who has the same password. */
static void a_response_is_of_who_has_said_so(void **state)
{
	static const uint8_t identity[] = {IKE_EAP_RESPONSE, 0, 0, 8, EAP_IDENTITY, 'r', 'o', 'b'};
	uint8_t octets[sizeof(identity)];

	(void)state;
	begin(MSCHAPV2, true);
	deliver(1);
	memcpy(octets, identity, sizeof(octets));
	octets[1] = ends.server.job.out.data[1];
	hear(&ends.server, ike_slice(octets, sizeof(octets)));
	finish(2);
	assert_int_equal(ends.server.job.verdict, IKE_EAP_FAILED);
	assert_string_equal(ends.server.reason, "the response is somebody else's");
}

static void a_response_is_to_the_last_request(void **state)
{
	for (unsigned m = 0; m < 2; m++) {
		for (unsigned number = 1; number < messages[m]; number += 2) {
			uint8_t octets[512];
			size_t len;
			struct end *server = hold(m ? GTC : MSCHAPV2, number, octets, &len);

			octets[1]--;
			hear(server, ike_slice(octets, len));
			assert_int_equal(ends.server.job.verdict, IKE_EAP_FAILED);
			teardown(state);
		}
	}
}

/* RFC 3748, section 5.2 and 5.3.2 */
static void what_is_not_the_method_s_is_answered_by_the_session(void **state)
{
	static const uint8_t notification[] = {IKE_EAP_REQUEST,	 7,   0,  7,
					       EAP_NOTIFICATION, 'h', 'i'};
	static const uint8_t other[] = {IKE_EAP_REQUEST, 8, 0, 5, 4}; /* MD5-Challenge */
	static const uint8_t noted[] = {IKE_EAP_RESPONSE, 7, 0, 5, EAP_NOTIFICATION};
	static const uint8_t refused[] = {IKE_EAP_RESPONSE, 8, 0, 6, EAP_NAK, EAP_MSCHAPV2};

	(void)state;
	begin(MSCHAPV2, true);
	hear(&ends.peer, ike_slice(notification, sizeof(notification)));
	assert_int_equal(ends.peer.job.out.len, sizeof(noted));
	assert_memory_equal(ends.peer.job.out.data, noted, sizeof(noted));
	hear(&ends.peer, ike_slice(other, sizeof(other)));
	assert_int_equal(ends.peer.job.out.len, sizeof(refused));
	assert_memory_equal(ends.peer.job.out.data, refused, sizeof(refused));
	deliver(messages[0]);
	assert_true(is_in());
}

static void identities_are_one_and_no_pattern(void **state)
{
	static const struct {
		const char *said;
		uint8_t type;
	} cases[] = {
		{"bob", IKE_ID_FQDN},
		{"bob@example.org", IKE_ID_RFC822_ADDR},
		{"%any", IKE_ID_FQDN},
		{"*", IKE_ID_FQDN},
		{"*@example.org", IKE_ID_RFC822_ADDR},
		{"10.0.0.0/8", IKE_ID_FQDN},
		{"192.0.2.1", IKE_ID_IPV4_ADDR},
		{"2001:db8::1", IKE_ID_IPV6_ADDR},
		{"keyid:#00", IKE_ID_FQDN},
		{"", IKE_ID_FQDN},
	};
	const struct ike_id pattern = {
		.type = IKE_ID_FQDN, .len = 12, .data = "*.example.org", .pattern = true};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ike_id id = eap_identity(ike_slice(cases[i].said, strlen(cases[i].said)));

		assert_int_equal(id.type, cases[i].type);
		assert_false(id.pattern);
		assert_false(ike_id_matches(&pattern, &id));
	}
}

#define T(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(both_ends_agree),
		T(the_key_is_in_the_order_that_all_have),
		T(a_message_of_another_length_ends_it),
		T(a_cut_that_is_said_comes_to_nothing_that_differs),
		T(a_flipped_bit_is_noticed_or_is_nothing),
		T(a_response_is_of_one_user_to_one_challenge),
		T(a_response_is_of_who_has_said_so),
		T(a_response_is_to_the_last_request),
		T(what_is_not_the_method_s_is_answered_by_the_session),
		T(identities_are_one_and_no_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
