// SPDX-License-Identifier: BSD-2-Clause
#include "host/radius/relay.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/eap/session.h"

enum {
	NAS_PORT_VIRTUAL = 5,
	SERVICE_FRAMED = 2,
	/* Octets of a message of EAP that go to the peer: IKE_AUTH in one packet of most ways. */
	FRAMED_MTU = 1200,
	SUCCESS_LEN = 4,
};

struct session {
	struct ike_eap_session base;
	bool heard;	    /* who the peer is */
	uint8_t identifier; /* of the last request to the peer */
	uint8_t user_len;
	uint8_t user[IKE_ID_MAX];
	uint8_t state_len;
	uint8_t state[RADIUS_VALUE_MAX];
	char server[RADIUS_SERVER_MAX];
};

static struct session *session_of(const struct ike_job *job)
{
	return (struct session *)job->eap.session;
}

static void session_free(struct ike_eap_session *session)
{
	OPENSSL_cleanse(session, sizeof(struct session));
	free(session);
}

static struct session *session_new(void)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s)
		s->base.free = session_free;
	return s;
}

static enum radius_step fail(struct ike_job *job, const char *why)
{
	job->eap.verdict = IKE_EAP_FAILED;
	snprintf(job->reason, sizeof(job->reason), "%s", why);
	return RADIUS_ANSWERED;
}

static enum radius_step out_of_memory(struct ike_job *job)
{
	job->error = -ENOMEM;
	return RADIUS_ANSWERED;
}

/* ---------------------------------------------------------------------------------- to the server
 */

static enum radius_step ask(const struct radius_relay *relay, struct ike_job *job,
			    struct ike_slice message, struct radius_packet *request)
{
	const struct session *s = session_of(job);

	radius_packet_begin(request, RADIUS_ACCESS_REQUEST);
	radius_put(request, RADIUS_USER_NAME, ike_slice(s->user, s->user_len));
	radius_put_text(request, RADIUS_NAS_IDENTIFIER, relay->nas_identifier);
	radius_put_u32(request, RADIUS_NAS_PORT_TYPE, NAS_PORT_VIRTUAL);
	radius_put_u32(request, RADIUS_SERVICE_TYPE, SERVICE_FRAMED);
	radius_put_u32(request, RADIUS_FRAMED_MTU, FRAMED_MTU);
	radius_put_address(request, RADIUS_CALLED_STATION_ID, &job->eap.local);
	radius_put_address(request, RADIUS_CALLING_STATION_ID, &job->eap.remote);
	radius_put_eap(request, message);
	if (s->state_len)
		radius_put(request, RADIUS_STATE, ike_slice(s->state, s->state_len));
	return ike_writer_ok(&request->w) ? RADIUS_ASK : fail(job, "a request would be too long");
}

/* Of a peer that isn't asked who it is. */
static enum radius_step begin_as_peer(const struct radius_relay *relay, struct ike_job *job,
				      struct radius_packet *request)
{
	struct session *s = session_of(job);
	uint8_t octets[5 + IKE_ID_MAX];
	struct ike_writer w = ike_writer(octets, sizeof(octets));

	s->heard = true;
	s->user_len = (uint8_t)eap_name(&job->eap.id, s->user);
	ike_put_u8(&w, IKE_EAP_RESPONSE);
	ike_put_u8(&w, s->identifier);
	ike_put_u16(&w, (uint16_t)(5 + s->user_len));
	ike_put_u8(&w, EAP_IDENTITY);
	ike_put(&w, s->user, s->user_len);
	return ask(relay, job, ike_written(&w), request);
}

static enum radius_step begin(const struct radius_relay *relay, struct ike_job *job,
			      struct radius_packet *request)
{
	struct session *s = session_new();
	uint8_t message[5] = {IKE_EAP_REQUEST, 0, 0, sizeof(message), EAP_IDENTITY};

	if (!s)
		return out_of_memory(job);
	job->eap.session = &s->base;
	if (ike_random_fill(&job->eap.random, &s->identifier, 1))
		return fail(job, "no random numbers");
	if (!relay->asks)
		return begin_as_peer(relay, job, request);
	message[1] = s->identifier;
	job->eap.verdict = IKE_EAP_MORE;
	return ike_buffer_set(&job->eap.out, ike_slice(message, sizeof(message)))
		       ? out_of_memory(job)
		       : RADIUS_ANSWERED;
}

enum radius_step radius_relay_take(const struct radius_relay *relay, struct ike_job *job,
				   struct radius_packet *request)
{
	struct session *s = session_of(job);
	const struct ike_slice in = ike_buffer_slice(&job->eap.in);
	struct ike_cursor c = ike_cursor(in);
	uint8_t code, identifier, type;
	uint16_t len;

	job->error = 0;
	job->reason[0] = 0;
	job->eap.method = "EAP by RADIUS";
	if (!s)
		return begin(relay, job, request);
	code = ike_get_u8(&c);
	identifier = ike_get_u8(&c);
	len = ike_get_u16(&c);
	type = ike_get_u8(&c);
	if (!ike_cursor_ok(&c) || len != in.len)
		return fail(job, "a message is malformed");
	if (code != IKE_EAP_RESPONSE || identifier != s->identifier)
		return fail(job, "a message is no response to what it was asked");
	if (s->heard != (type != EAP_IDENTITY))
		return fail(job, s->heard ? "it says again who it is" : "it doesn't say who it is");
	if (!s->heard) {
		const struct ike_slice user = ike_get_rest(&c);

		if (!user.len || user.len >= sizeof(s->user) || user.len > RADIUS_VALUE_MAX)
			return fail(job, "its identity is too long, or empty");
		s->heard = true;
		s->user_len = (uint8_t)user.len;
		memcpy(s->user, user.data, user.len);
	}
	return ask(relay, job, in, request);
}

const char *radius_relay_server(const struct ike_job *job)
{
	return session_of(job)->server;
}

/* -------------------------------------------------------------------------------- from the server
 */

/* What it says to users, for the log. */
static enum radius_step refused(struct ike_job *job, const struct radius_answer *answer)
{
	char words[61] = "";
	struct ike_slice said = {0};

	radius_find(answer, RADIUS_REPLY_MESSAGE, &said);
	for (size_t i = 0; i < said.len && i < sizeof(words) - 1; i++)
		words[i] = isprint(said.data[i]) ? (char)said.data[i] : '?';
	fail(job, "");
	snprintf(job->reason, sizeof(job->reason), "RADIUS server \"%.40s\" says no%s%s",
		 session_of(job)->server, *words ? ": " : "", words);
	return RADIUS_ANSWERED;
}

static enum radius_step challenge(struct ike_job *job, const struct radius_answer *answer)
{
	struct session *s = session_of(job);
	uint8_t message[IKE_EAP_MAX];
	struct ike_writer w = ike_writer(message, sizeof(message));
	struct ike_slice state = {0};
	struct ike_cursor c;
	uint8_t code;

	if (radius_get_eap(answer, &w))
		return fail(job, "a RADIUS server asks what isn't EAP, or is too long");
	c = ike_cursor(ike_written(&w));
	code = ike_get_u8(&c);
	s->identifier = ike_get_u8(&c);
	if (ike_get_u16(&c) != w.len || code != IKE_EAP_REQUEST || !ike_cursor_left(&c))
		return fail(job, "a message of the RADIUS server's is malformed");
	radius_find(answer, RADIUS_STATE, &state);
	s->state_len = (uint8_t)state.len;
	if (state.len)
		memcpy(s->state, state.data, state.len);
	job->eap.verdict = IKE_EAP_MORE;
	return ike_buffer_set(&job->eap.out, ike_written(&w)) ? out_of_memory(job)
							      : RADIUS_ANSWERED;
}

/* The server receives by the first half, and sends by the second one; what is short is filled up
 * with zeros. A method without a key has neither. */
static const char *take_keys(struct ike_job *job, const struct radius_answer *answer)
{
	uint8_t recv[RADIUS_VALUE_MAX], send[RADIUS_VALUE_MAX];
	const int recv_len = radius_get_key(answer, RADIUS_MPPE_RECV_KEY, recv);
	const int send_len = radius_get_key(answer, RADIUS_MPPE_SEND_KEY, send);
	const char *why = NULL;

	if (recv_len == -ENOENT && send_len == -ENOENT)
		return NULL;
	if (recv_len <= 0 || send_len <= 0 || recv_len + send_len > IKE_MSK_MAX) {
		why = "keys of the RADIUS server's are malformed";
	} else {
		memset(job->eap.msk, 0, sizeof(job->eap.msk));
		memcpy(job->eap.msk, recv, (size_t)recv_len);
		memcpy(job->eap.msk + recv_len, send, (size_t)send_len);
		job->eap.msk_len = IKE_MSK_MAX;
	}
	OPENSSL_cleanse(recv, sizeof(recv));
	OPENSSL_cleanse(send, sizeof(send));
	return why;
}

/* RFC 3579, section 2.6.3: what contradicts the code is none. */
static bool says_success(const struct radius_answer *answer)
{
	uint8_t message[SUCCESS_LEN];
	struct ike_writer w = ike_writer(message, sizeof(message));
	const int err = radius_get_eap(answer, &w);

	return err == -ENOENT || (!err && message[0] == IKE_EAP_SUCCESS);
}

/* Who has come in, by the name that the server has for him, if any. */
static struct ike_id user_of(const struct session *s, const struct radius_answer *answer)
{
	struct ike_slice name = ike_slice(s->user, s->user_len);

	radius_find(answer, RADIUS_USER_NAME, &name);
	return eap_identity(name);
}

static bool is_group(const struct radius_relay *relay, const struct radius_attribute *attribute)
{
	if (attribute->type != RADIUS_CLASS && attribute->type != RADIUS_FILTER_ID)
		return false;
	for (unsigned i = 0; i < relay->group_count; i++)
		if (ike_slice_equal(attribute->value,
				    ike_slice(relay->groups[i], strlen(relay->groups[i]))))
			return true;
	return false;
}

static bool is_in_group(const struct radius_relay *relay, const struct radius_answer *answer)
{
	struct ike_cursor c = ike_cursor(answer->attributes);
	struct radius_attribute attribute;
	bool found = !relay->group_count;

	while (!found && radius_next(&c, &attribute))
		found = is_group(relay, &attribute);
	return found;
}

/* RFC 2865, section 5.8: the two last addresses of IPv4 mean that the peer, or we, choose. */
static bool take_address(struct ike_grant *grant, const struct radius_answer *answer, uint8_t type,
			 uint8_t family)
{
	struct ike_addr address = {.family = family};
	struct ike_slice value;

	if (!radius_find(answer, type, &value))
		return true;
	if (value.len != ike_addr_len(&address))
		return false;
	memcpy(address.ip, value.data, value.len);
	if (ike_addr_is_host(&address))
		grant->addresses[grant->address_count++] = address;
	return true;
}

static bool take_session(struct ike_grant *grant, const struct radius_answer *answer)
{
	const int err = radius_get_u32(answer, RADIUS_SESSION_TIMEOUT, &grant->session_s);

	return err == -ENOENT || (!err && grant->session_s);
}

static void take_class(struct ike_grant *grant, const struct radius_answer *answer)
{
	struct ike_slice value;

	if (!radius_find(answer, RADIUS_CLASS, &value))
		return;
	grant->class_len = (uint8_t)value.len;
	memcpy(grant->class_octets, value.data, value.len);
}

/* NULL, or what is wrong: nothing that limits a peer is passed over. */
static const char *take_grant(struct ike_grant *grant, const struct radius_answer *answer)
{
	grant->relayed = true;
	take_class(grant, answer);
	radius_get_u32(answer, RADIUS_ACCT_INTERIM_INTERVAL, &grant->interim_s);
	if (!take_session(grant, answer))
		return "Session-Timeout of the RADIUS server's is malformed, or 0";
	if (!take_address(grant, answer, RADIUS_FRAMED_IP_ADDRESS, 4) ||
	    !take_address(grant, answer, RADIUS_FRAMED_IPV6_ADDRESS, 6))
		return "an address of the RADIUS server's is malformed";
	return NULL;
}

static enum radius_step accepted(const struct radius_relay *relay, struct ike_job *job,
				 const struct radius_answer *answer)
{
	const struct session *s = session_of(job);
	const struct ike_id user = user_of(s, answer);
	const uint8_t success[SUCCESS_LEN] = {IKE_EAP_SUCCESS, s->identifier, 0, SUCCESS_LEN};
	const char *why;

	if (!says_success(answer))
		return fail(job, "a RADIUS server says yes, and what isn't Success");
	if (job->eap.of_nobody || (relay->asks && !ike_id_matches(&relay->who, &user)))
		return fail(job, "it isn't let in here");
	if (!is_in_group(relay, answer))
		return fail(job, "the RADIUS server names none of its groups");
	why = take_grant(&job->eap.grant, answer);
	if (!why)
		why = take_keys(job, answer);
	if (why)
		return fail(job, why);
	if (relay->asks)
		job->eap.identity = user;
	job->eap.verdict = IKE_EAP_DONE;
	return ike_buffer_set(&job->eap.out, ike_slice(success, sizeof(success)))
		       ? out_of_memory(job)
		       : RADIUS_ANSWERED;
}

void radius_relay_answer(const struct radius_relay *relay, struct ike_job *job, const char *server,
			 const struct radius_answer *answer)
{
	struct session *s = session_of(job);

	if (!answer) {
		job->eap.verdict = IKE_EAP_FAILED;
		return;
	}
	snprintf(s->server, sizeof(s->server), "%s", server);
	if (answer->code == RADIUS_ACCESS_CHALLENGE)
		challenge(job, answer);
	else if (answer->code == RADIUS_ACCESS_ACCEPT)
		accepted(relay, job, answer);
	else
		refused(job, answer);
}
