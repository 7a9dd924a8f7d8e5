/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both ends of EAP for libFuzzer. The first octet says who is attacked, by which methods; then come
 * messages, each after its length. A bit of that has code, identifier and length put right, so that
 * the method is reached; another one takes what a true other end would say instead, over which the
 * octets are laid, so that its later states are. `make fuzz` runs it.
 *
 * Whoever doesn't know the password comes in nowhere, and no server that doesn't is believed.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/eap/users.h"

enum { SERVER = 1, ASKS = 2, MSCHAPV2 = 4, GTC = 8, STRANGER = 16 };
enum { RIGHT_HEADER = 0x80, TRUE_WORDS = 0x40, LENGTH = 0x3f };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static int fill(void *context, void *out, size_t len)
{
	(void)context;
	memset(out, 0x5a, len);
	return 0;
}

static bool find(const void *context, struct ike_slice user, struct ike_secret out[EAP_PASSWORDS])
{
	(void)context;
	users_say(out, "opensesame");
	return ike_slice_equal(user, ike_slice("bob", 3));
}

/* One end: its session, and what it has said last. */
struct end {
	struct ike_eap_session *session;
	struct ike_eap_job job;
};

static void open_end(struct end *end, uint8_t choices, bool server)
{
	const uint8_t methods = (choices & MSCHAPV2 ? 1 << EAP_METHOD_MSCHAPV2 : 0) |
				(choices & GTC ? 1 << EAP_METHOD_GTC : 0);
	const struct eap_config config = {
		.server = server,
		.methods = methods,
		.asks = choices & ASKS,
		.user = eap_identity(ike_slice("bob", 3)),
	};

	*end = (struct end){.session = eap_session_new(&config)};
	check(end->session);
	end->job.random.fill = fill;
	end->job.server = server;
	end->job.of_nobody = server && choices & STRANGER;
}

static void close_end(struct end *end)
{
	end->session->free(end->session);
	ike_buffer_free(&end->job.in);
	ike_buffer_free(&end->job.out);
}

static void hear(struct end *end, struct ike_slice message)
{
	static const struct eap_users users = {find, users_judge, users_let_nobody_in, NULL, NULL};
	char reason[IKE_REASON_MAX];
	const uint8_t *out;

	ike_buffer_free(&end->job.in);
	ike_buffer_free(&end->job.out);
	check(!ike_buffer_set(&end->job.in, message));
	end->job.verdict = IKE_EAP_FAILED;
	check(!eap_session_run(end->session, &users, &end->job, reason));
	out = end->job.out.data;
	if (end->job.out.len)
		check(end->job.out.len >= 4 && end->job.out.len <= IKE_EAP_MAX &&
		      (size_t)(out[2] << 8 | out[3]) == end->job.out.len);
	check(end->job.verdict != IKE_EAP_FAILED || *reason);
}

/* The next message for the one that is attacked; true: the true other end has had its turn. */
static bool next(struct ike_cursor *c, struct end *attacked, struct end *other, uint8_t *out,
		 size_t *len)
{
	uint8_t head = ike_get_u8(c);
	size_t count = head & LENGTH;
	struct ike_slice octets;
	bool spoken = head & TRUE_WORDS;

	if (count > ike_cursor_left(c))
		count = ike_cursor_left(c);
	octets = ike_get_slice(c, count);
	*len = octets.len;
	memcpy(out, octets.data, octets.len);
	if (spoken) {
		struct ike_slice said;

		hear(other, ike_buffer_slice(&attacked->job.out));
		said = ike_buffer_slice(&other->job.out);
		memcpy(out, said.data ? said.data : octets.data, said.len);
		*len = said.len;
		for (size_t i = 0; i < octets.len && i < said.len; i++)
			out[i] ^= octets.data[i];
	}
	if (head & RIGHT_HEADER && *len >= 4) {
		uint8_t identifier = attacked->job.out.len ? attacked->job.out.data[1] : 1;

		out[0] = attacked->job.server ? IKE_EAP_RESPONSE : IKE_EAP_REQUEST;
		out[1] = attacked->job.server ? identifier : out[1];
		out[2] = (uint8_t)(*len >> 8);
		out[3] = (uint8_t)*len;
	}
	return spoken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ike_cursor c = ike_cursor(ike_slice(data, size));
	uint8_t choices = ike_get_u8(&c), message[IKE_EAP_MAX + LENGTH];
	struct end attacked, other;
	bool spoken = false;
	size_t len = 0;

	open_end(&attacked, choices, choices & SERVER);
	open_end(&other, choices, !(choices & SERVER));
	if (choices & SERVER)
		hear(&attacked, ike_slice(NULL, 0));
	else
		attacked.job.verdict = IKE_EAP_MORE;
	while (attacked.job.verdict == IKE_EAP_MORE && ike_cursor_left(&c)) {
		spoken |= next(&c, &attacked, &other, message, &len);
		hear(&attacked, ike_slice(message, len));
	}
	/* GTC's server proves nothing; all others do, by what the fuzzer doesn't know. */
	if (attacked.job.verdict == IKE_EAP_DONE) {
		check(!(choices & SERVER && choices & STRANGER));
		check(spoken || (!(choices & SERVER) && attacked.job.msk_len == 0));
	}
	close_end(&attacked);
	close_end(&other);
	return 0;
}
