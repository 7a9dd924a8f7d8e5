// SPDX-License-Identifier: BSD-2-Clause
/*
 * EAP-TLS (RFC 5216; with TLS 1.3 RFC 9190): both sides show certificates.
 *
 *   Start  -->
 *                   <--  client_hello
 *   server_hello ... certificate_request ...  -->
 *                   <--  certificate ... finished
 *   TLS 1.2: finished; TLS 1.3: one octet of application data  -->
 *                   <--  nothing
 *
 * Whoever finds something wrong says no more: an alert would tell a stranger what it was.
 */
#include <openssl/err.h>

#include "host/eap/channel.h"

enum { EXPORTED = 128 }; /* octets, of which MSK is the first half */

static const uint8_t commitment[1]; /* RFC 9190, section 2.5 */

struct state {
	struct eap_channel *channel;
	bool done; /* the handshake is */
};

static enum ike_eap_verdict fail(struct eap_round *r, const char *why)
{
	r->why = why;
	return IKE_EAP_FAILED;
}

static bool is_1_3(const struct state *s)
{
	return SSL_version(eap_channel_ssl(s->channel)) >= TLS1_3_VERSION;
}

/* RFC 5216, section 2.3; RFC 9190, section 2.3. */
static enum ike_eap_verdict finish(struct state *s, struct eap_round *r)
{
	static const char old_label[] = "client EAP encryption";
	static const char label[] = "EXPORTER_EAP_TLS_Key_Material";
	static const uint8_t type = EAP_TLS;
	SSL *ssl = eap_channel_ssl(s->channel);
	uint8_t exported[EXPORTED];
	int ok = is_1_3(s) ? SSL_export_keying_material(ssl, exported, sizeof(exported), label,
							sizeof(label) - 1, &type, sizeof(type), 1)
			   : SSL_export_keying_material(ssl, exported, sizeof(exported), old_label,
							sizeof(old_label) - 1, NULL, 0, 0);

	if (ok != 1)
		return fail(r, "TLS gives no key");
	memcpy(r->msk, exported, IKE_MSK_MAX);
	r->msk_len = IKE_MSK_MAX;
	OPENSSL_cleanse(exported, sizeof(exported));
	return IKE_EAP_DONE;
}

static int open_channel(struct state *s, struct eap_round *r, bool server)
{
	s->channel = r->tls ? eap_channel_new(r->tls, server) : NULL;
	return s->channel ? 0 : -1;
}

static void end(void *state)
{
	struct state *s = state;

	eap_channel_free(s->channel);
}

/* ---------------------------------------------------------------------------------------- server
 */

static enum ike_eap_verdict begin(void *state, struct eap_round *r)
{
	if (open_channel(state, r, true))
		return fail(r, "out of memory");
	eap_channel_start(r);
	return IKE_EAP_MORE;
}

/* The handshake goes on, and at its end says so. */
static enum ike_eap_verdict serve(struct state *s, struct eap_round *r)
{
	enum ike_eap_verdict verdict = eap_channel_shake(s->channel, r);

	if (verdict == IKE_EAP_FAILED)
		return verdict;
	s->done = verdict == IKE_EAP_DONE;
	if (s->done && !r->known) /* here, where who has a certificate that is wrong fails, too */
		return fail(r, "it isn't let in here");
	if (s->done && is_1_3(s) &&
	    SSL_write(eap_channel_ssl(s->channel), commitment, sizeof(commitment)) !=
		    sizeof(commitment))
		return fail(r, "TLS takes no data");
	if (!eap_channel_has(s->channel))
		return fail(r, "a message of TLS isn't whole");
	eap_channel_give(s->channel, r);
	return IKE_EAP_MORE;
}

static enum ike_eap_verdict answered(void *state, struct eap_round *r)
{
	struct state *s = state;

	switch (eap_channel_take(s->channel, r)) {
	case EAP_CHANNEL_ANSWERED:
		return IKE_EAP_MORE;
	case EAP_CHANNEL_WHOLE:
		return s->done ? fail(r, "it says no to our certificate") : serve(s, r);
	case EAP_CHANNEL_EMPTY:
		return s->done ? finish(s, r) : fail(r, "it says nothing");
	case EAP_CHANNEL_START:
		return fail(r, "a message is out of place");
	default:
		return IKE_EAP_FAILED;
	}
}

/* ------------------------------------------------------------------------------------------ peer
 */

static enum ike_eap_verdict shake(struct state *s, struct eap_round *r)
{
	enum ike_eap_verdict verdict = eap_channel_shake(s->channel, r);

	if (verdict == IKE_EAP_FAILED)
		return verdict;
	s->done = verdict == IKE_EAP_DONE;
	if (!s->done && !eap_channel_has(s->channel))
		return fail(r, "a message of TLS isn't whole");
	eap_channel_give(s->channel, r);
	return s->done && !is_1_3(s) ? finish(s, r) : IKE_EAP_MORE;
}

/* TLS 1.3: without it the server has not said that it is content. */
static enum ike_eap_verdict read_commitment(struct state *s, struct eap_round *r)
{
	uint8_t octets[sizeof(commitment) + 1];
	int len = SSL_read(eap_channel_ssl(s->channel), octets, sizeof(octets));

	ERR_clear_error();
	if (len != sizeof(commitment) || octets[0] != commitment[0])
		return fail(r, "the server says no to our certificate");
	eap_channel_give(s->channel, r);
	return finish(s, r);
}

static enum ike_eap_verdict asked(void *state, struct eap_round *r)
{
	struct state *s = state;

	if (!s->channel && open_channel(s, r, false))
		return fail(r, "out of memory");
	switch (eap_channel_take(s->channel, r)) {
	case EAP_CHANNEL_START:
		return SSL_in_before(eap_channel_ssl(s->channel)) ? shake(s, r)
								  : fail(r, "it begins twice");
	case EAP_CHANNEL_ANSWERED:
		return IKE_EAP_MORE;
	case EAP_CHANNEL_WHOLE:
		if (SSL_in_before(eap_channel_ssl(s->channel)))
			return fail(r, "a message is out of place");
		return s->done ? read_commitment(s, r) : shake(s, r);
	case EAP_CHANNEL_EMPTY:
		return fail(r, "a message is out of place");
	default:
		return IKE_EAP_FAILED;
	}
}

static const char *judged(void *state, const struct ike_id *other, struct trust_errand *errand)
{
	const struct state *s = state;

	return eap_channel_judged(s->channel, other, errand);
}

const struct eap_method eap_tls = {
	.type = EAP_TLS,
	.name = "EAP-TLS",
	.size = sizeof(struct state),
	.certified = true,
	.begin = begin,
	.answered = answered,
	.asked = asked,
	.judged = judged,
	.end = end,
};
