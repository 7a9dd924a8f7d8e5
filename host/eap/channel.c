// SPDX-License-Identifier: BSD-2-Clause
#include "host/eap/channel.h"

#include <openssl/err.h>
#include <stdio.h>

#include "host/trust/tls.h"

enum { LENGTH = 0x80, MORE = 0x40, START = 0x20 }; /* flags */

struct eap_channel {
	SSL *ssl;
	BIO *in; /* both are the SSL's */
	BIO *out;
	size_t got;   /* octets of the message that comes in fragments, */
	size_t total; /* of so many; 0: it doesn't say */
	bool sending; /* a fragment of ours waits for its answer, and more follow */
	char fault[TRUST_FAULT];
};

struct eap_channel *eap_channel_new(SSL_CTX *context, bool server)
{
	struct eap_channel *ch = OPENSSL_zalloc(sizeof(*ch));

	if (!ch)
		return NULL;
	ch->ssl = SSL_new(context);
	ch->in = BIO_new(BIO_s_mem());
	ch->out = BIO_new(BIO_s_mem());
	if (!ch->ssl || !ch->in || !ch->out) {
		BIO_free(ch->in);
		BIO_free(ch->out);
		SSL_free(ch->ssl);
		OPENSSL_free(ch);
		return NULL;
	}
	SSL_set_bio(ch->ssl, ch->in, ch->out);
	SSL_set_app_data(ch->ssl, ch->fault);
	if (server)
		SSL_set_accept_state(ch->ssl);
	else
		SSL_set_connect_state(ch->ssl);
	return ch;
}

void eap_channel_free(struct eap_channel *ch)
{
	if (!ch)
		return;
	SSL_free(ch->ssl);
	OPENSSL_free(ch);
}

SSL *eap_channel_ssl(struct eap_channel *ch)
{
	return ch->ssl;
}

bool eap_channel_has(const struct eap_channel *ch)
{
	return BIO_ctrl_pending(ch->out) > 0;
}

static enum eap_channel_in bad(struct eap_round *r, const char *why)
{
	r->why = why;
	return EAP_CHANNEL_BAD;
}

/* A fragment, the first of which says how many octets there are (section 3.1). */
static void give(struct eap_channel *ch, struct eap_round *r, bool first)
{
	uint8_t octets[EAP_CHANNEL_FRAGMENT];
	size_t left = BIO_ctrl_pending(ch->out);
	size_t len = left < sizeof(octets) ? left : sizeof(octets);

	ch->sending = left > len;
	ike_put_u8(r->out,
		   (uint8_t)((ch->sending ? MORE : 0) | (ch->sending && first ? LENGTH : 0)));
	if (ch->sending && first)
		ike_put_u32(r->out, (uint32_t)left);
	if (len && BIO_read(ch->out, octets, (int)len) == (int)len)
		ike_put(r->out, octets, len);
}

void eap_channel_give(struct eap_channel *ch, struct eap_round *r)
{
	give(ch, r, true);
}

void eap_channel_start(struct eap_round *r)
{
	ike_put_u8(r->out, START);
}

static enum eap_channel_in take_fragment(struct eap_channel *ch, struct eap_round *r, uint8_t flags,
					 struct ike_slice data)
{
	ch->got += data.len;
	if (ch->got > EAP_CHANNEL_MESSAGE)
		return bad(r, "a message of TLS is longer than 32 KiB");
	if (BIO_write(ch->in, data.data, (int)data.len) != (int)data.len)
		return bad(r, "out of memory");
	if (flags & MORE) {
		ike_put_u8(r->out, 0);
		return EAP_CHANNEL_ANSWERED;
	}
	if (ch->total && ch->got != ch->total)
		return bad(r, "a message of TLS isn't as long as it says");
	ch->got = ch->total = 0;
	return EAP_CHANNEL_WHOLE;
}

enum eap_channel_in eap_channel_take(struct eap_channel *ch, struct eap_round *r)
{
	struct ike_cursor c = ike_cursor(r->in);
	uint8_t flags = ike_get_u8(&c);
	uint32_t total = flags & LENGTH ? ike_get_u32(&c) : 0;
	struct ike_slice data = ike_get_rest(&c);

	if (!ike_cursor_ok(&c))
		return bad(r, "a message is malformed");
	if (flags & START)
		return data.len || flags & MORE ? bad(r, "its start is malformed")
						: EAP_CHANNEL_START;
	if (!data.len && !(flags & MORE)) {
		if (!ch->sending)
			return ch->got ? bad(r, "a message of TLS ends in nothing")
				       : EAP_CHANNEL_EMPTY;
		give(ch, r, false);
		return EAP_CHANNEL_ANSWERED;
	}
	if (ch->sending || !data.len)
		return bad(r, "a message is out of place");
	if (!ch->got)
		ch->total = total;
	else if (total && total != ch->total)
		return bad(r, "a message of TLS says two lengths");
	return take_fragment(ch, r, flags, data);
}

/* What OpenSSL says, unless the certificate is what is wrong. */
static enum ike_eap_verdict fail(struct eap_channel *ch, struct eap_round *r)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	if (!ch->fault[0])
		snprintf(ch->fault, sizeof(ch->fault), "TLS: %.100s",
			 reason ? reason : "it ends too early");
	ERR_clear_error();
	r->why = ch->fault;
	return IKE_EAP_FAILED;
}

const char *eap_channel_judged(struct eap_channel *ch, const struct ike_id *other,
			       struct trust_errand *errand)
{
	const bool good = trust_tls_is_with(ch->ssl, other, errand);

	return good || (errand && errand->waits) ? NULL : ch->fault;
}

enum ike_eap_verdict eap_channel_shake(struct eap_channel *ch, struct eap_round *r)
{
	int ret;

	ERR_clear_error();
	ret = SSL_do_handshake(ch->ssl);
	if (ret == 1)
		return eap_channel_judged(ch, r->other, r->errand) ? fail(ch, r) : IKE_EAP_DONE;
	return SSL_get_error(ch->ssl, ret) == SSL_ERROR_WANT_READ ? IKE_EAP_MORE : fail(ch, r);
}
