/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RADIUS for libFuzzer. The first octet says whether what follows is a datagram as it is, or a code
 * and attributes that a server who has the secret says; then what the peer says next comes behind a
 * length. `make fuzz` runs it.
 *
 * Nothing that the secret doesn't prove is an answer, and nobody comes in without a yes.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "host/radius/relay.h"

enum { PROVED = 1, ASKS = 2, GROUPS = 4 };

static const char secret[] = "between the two of us";

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

static const struct ike_random random_numbers = {fill, NULL};

/* The attributes as an answer of the server's to the request. Returns its length. */
static size_t prove(uint8_t code, const uint8_t *attributes, size_t len,
		    const struct radius_packet *request, uint8_t *out)
{
	static const uint8_t mac[18] = {RADIUS_MESSAGE_AUTHENTICATOR, 18};
	const size_t whole = 20 + sizeof(mac) + len;
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	out[0] = code;
	out[1] = radius_packet_id(request);
	out[2] = (uint8_t)(whole >> 8);
	out[3] = (uint8_t)whole;
	memcpy(out + 4, request->data + 4, 16);
	memcpy(out + 20, mac, sizeof(mac));
	memcpy(out + 38, attributes, len);
	HMAC(EVP_md5(), secret, sizeof(secret) - 1, out, whole, out + 22, NULL);
	EVP_DigestInit_ex(context, EVP_md5(), NULL);
	EVP_DigestUpdate(context, out, whole);
	EVP_DigestUpdate(context, secret, sizeof(secret) - 1);
	EVP_DigestFinal_ex(context, out + 4, NULL);
	EVP_MD_CTX_free(context);
	return whole;
}

/* The next octets behind their length in two. */
static struct ike_slice next_part(struct ike_cursor *c)
{
	size_t len = ike_get_u16(c) & 0x7ff;

	if (len > ike_cursor_left(c))
		len = ike_cursor_left(c);
	return ike_get_slice(c, len);
}

static void answer(const struct radius_relay *relay, struct ike_job *job,
		   struct radius_packet *request, bool proved, struct ike_slice part)
{
	const struct ike_slice key = ike_slice(secret, sizeof(secret) - 1);
	static uint8_t octets[RADIUS_MAX];
	struct radius_answer what;
	size_t len = part.len;
	const char *why;

	check(radius_packet_seal(request, 7, key, &random_numbers) == 0);
	if (proved && part.len)
		len = prove(part.data[0], part.data + 1, part.len - 1, request, octets);
	else if (part.len)
		memcpy(octets, part.data, part.len);
	why = radius_answer_read(&what, ike_slice(octets, len), request, key);
	check(proved || why);
	if (!why)
		radius_relay_answer(relay, job, "one", &what);
	else
		radius_relay_answer(relay, job, "", NULL);
	check(job->eap.verdict != IKE_EAP_DONE || (!why && what.code == RADIUS_ACCESS_ACCEPT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ike_cursor c = ike_cursor(ike_slice(data, size));
	const uint8_t choices = ike_get_u8(&c);
	struct radius_relay relay = {.asks = choices & ASKS, .nas_identifier = "nas"};
	struct ike_eap_session *session = NULL;
	static struct radius_packet request;
	bool more = true;

	if (choices & GROUPS)
		strcpy(relay.groups[relay.group_count++], "staff");
	for (bool first = true; more && (first || ike_cursor_left(&c)); first = false) {
		struct ike_job job = {.type = IKE_JOB_EAP};

		job.eap.random = random_numbers;
		job.eap.server = true;
		job.eap.session = session;
		if (!first)
			check(ike_buffer_set(&job.eap.in, next_part(&c)) == 0);
		if (radius_relay_take(&relay, &job, &request) == RADIUS_ASK)
			answer(&relay, &job, &request, choices & PROVED, next_part(&c));
		session = job.eap.session;
		more = !job.error && job.eap.verdict == IKE_EAP_MORE;
		ike_buffer_free(&job.eap.in);
		ike_buffer_free(&job.eap.out);
	}
	ike_eap_session_free(session);
	return 0;
}
