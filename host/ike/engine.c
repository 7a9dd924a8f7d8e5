/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine: what comes in, to whom it belongs, and what is due. */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

static void set_default(unsigned *value, unsigned fallback)
{
	if (!*value)
		*value = fallback;
}

static void set_default_ms(uint64_t *value, uint64_t fallback)
{
	if (!*value)
		*value = fallback;
}

struct ike_engine *ike_engine_new(const struct ike_engine_config *config)
{
	struct ike_engine *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->config = *config;
	e->actions_tail = &e->actions;
	if (!e->config.port)
		e->config.port = IKE_PORT;
	if (!e->config.port_natt)
		e->config.port_natt = IKE_PORT_NATT;
	set_default(&e->config.max_sas, 250000);
	set_default(&e->config.processors, 1);
	ike_engine_set_limits(e, &config->limits);
	e->qcd = config->qcd_secret;
	if (e->qcd)
		memcpy(e->qcd_secret, config->qcd_secret, sizeof(e->qcd_secret));
	e->config.qcd_secret = NULL; /* the caller's */
	e->can = config->abilities ? *config->abilities : ike_every_ability;
	e->config.abilities = NULL;
	ike_engine_set_fragment_size(e, e->config.fragment_size);
	ike_engine_set_redirects(e, config->ignore_redirects, config->redirect_ms);
	set_default_ms(&e->config.half_open_timeout_ms, 30000);
	set_default_ms(&e->config.delete_timeout_ms, 10000);
	set_default_ms(&e->config.job_timeout_ms, 60000);
	set_default_ms(&e->config.keepalive_ms, 20000);
	if (ike_registry_init(e) ||
	    ike_random_fill(&e->config.random, &e->hash_key, sizeof(e->hash_key)) ||
	    ike_random_fill(&e->config.random, e->nobodys_key, sizeof(e->nobodys_key))) {
		ike_engine_free(e);
		return NULL;
	}
	return e;
}

void ike_engine_free(struct ike_engine *e)
{
	if (!e)
		return;
	for (unsigned i = 0; i < e->connection_count; i++)
		ike_connection_unplace(e, e->connections[i]);
	ike_hosts_clear(&e->redirect_to);
	ike_buffer_free(&e->authorities);
	ike_engine_clear_psks(e);
	ike_engine_clear_ppks(e);
	ike_registry_free(e);
	ike_actions_free(e); /* what those had to say, too */
	for (unsigned i = 0; i < e->connection_count; i++)
		ike_connection_release(e->connections[i]);
	free(e->connections);
	free(e->own);
	OPENSSL_cleanse(e, sizeof(*e));
	free(e);
}

const struct ike_stats *ike_engine_stats(const struct ike_engine *e)
{
	return &e->stats;
}

/* Messages under protection */

/* The answer to the request that is out, unless what it means is being worked out already. */
static bool answers_ours(const struct ike_sa *sa, const struct ike_in *in)
{
	const struct ike_task *task = sa->out.task;

	return task && !task->resume && in->hdr.message_id == sa->out.next_id &&
	       in->hdr.exchange == task->exchange->type;
}

/* Whoever asks again and again doesn't get it: perhaps it is too large for the way. */
static void answer_again(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	e->stats.retransmissions_in++;
	if (sa->in.response.data && !ike_rate_allows(&sa->in.again, in->now)) {
		e->stats.drop_limit++;
		return;
	}
	if (sa->in.response.data) { /* else it is still being worked out */
		if (++sa->in.repeated == IKE_SMALLER_AFTER)
			ike_smaller(e, sa, &in->local, &sa->in.response);
		ike_emit_message(e, &in->local, &in->remote, &sa->in.response);
	}
	ike_path_again(e, sa, in);
}

/* Splits what isn't protected yet. False: there is no SKF at its end. */
static bool is_fragment(struct ike_in *in)
{
	return ike_message_parse(in->datagram, in->hdr.next_payload, &in->payloads) == 0 &&
	       in->payloads.encrypted_type == IKE_PAYLOAD_SKF;
}

/*
 * A fragment of the request that was taken last. Where there are more of them than before, larger
 * ones didn't make it, be it of the request or of the answer.
 */
static void repeated_fragment(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in)
{
	if (!ike_fragment_asks_again(e, sa, in))
		return;
	if (in->fragments > sa->in.fragments) {
		sa->in.fragments = in->fragments;
		ike_smaller(e, sa, &in->local, &sa->in.response);
	}
	answer_again(e, sa, in);
}

/*
 * Is this message one that is waited for? Answers a retransmitted request on the way. All of it
 * without the cost of opening the message, but for a first fragment.
 */
static bool in_window(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in)
{
	const struct ike_exchange *exchange;
	uint8_t digest[32];

	if (in->hdr.flags & IKE_FLAG_RESPONSE) {
		if (answers_ours(sa, in))
			return true;
		e->stats.drop_message_id++;
		return false;
	}
	if (in->hdr.message_id + 1 == sa->in.next_id && !ike_sha256(in->datagram, digest) &&
	    memcmp(digest, sa->in.digest, sizeof(sa->in.digest)) == 0) {
		answer_again(e, sa, in);
		return false;
	}
	/* Of a half-open one nothing was taken yet that could have come in fragments. */
	if (in->hdr.message_id + 1 == sa->in.next_id && sa->state != IKE_STATE_HALF_OPEN &&
	    is_fragment(in)) {
		repeated_fragment(e, sa, in);
		return false;
	}
	if (in->hdr.message_id != sa->in.next_id || sa->in.next_id == UINT32_MAX ||
	    (sa->in.task && sa->in.task->resume)) {
		e->stats.drop_message_id++;
		return false;
	}
	exchange = ike_exchange_for_request(in->hdr.exchange);
	if (!exchange || !(exchange->request_states & 1u << sa->state) ||
	    (sa->in.task && sa->in.task->exchange != exchange)) {
		e->stats.drop_state++;
		return false;
	}
	return true;
}

/*
 * Has so much come for a half-open IKE SA that didn't open? Its keys stay, as the peer may still
 * come (RFC 8019, section 4.6); but whoever has its SPIs can't make us work without bound.
 */
static bool is_flooded(struct ike_sa *sa, uint64_t now)
{
	return sa->state == IKE_STATE_HALF_OPEN && !ike_rate_has_left(&sa->handshake->forged, now);
}

/* What the peer has sealed, into e->plain: all of the datagram up to there is authentic, too. */
bool ike_open(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in,
	      struct ike_slice sealed, size_t *plain_len)
{
	struct ike_slice head =
		ike_slice(in->datagram.data, (size_t)(sealed.data - in->datagram.data));

	if (ike_cipher_open(ike_sa_peer_cipher(sa), head, sealed, e->plain, plain_len) == 0)
		return true;
	e->stats.drop_integrity++;
	if (sa->state == IKE_STATE_HALF_OPEN)
		ike_rate_allows(&sa->handshake->forged, in->now);
	return false;
}

/*
 * Open the SK payload, or the last SKF of a message, and split what was in it. Returns false, with
 * a counter, when it isn't authentic or not complete; *error is about the authentic inside.
 */
static bool open_message(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
			 uint8_t digest[32], int *error)
{
	size_t plain_len;
	uint8_t first;

	if (ike_message_parse(in->datagram, in->hdr.next_payload, &in->payloads) ||
	    !in->payloads.encrypted_type) {
		e->stats.drop_malformed++;
		return false;
	}
	first = in->payloads.inner_first;
	if (in->payloads.encrypted_type == IKE_PAYLOAD_SKF
		    ? !ike_fragment_take(e, sa, in, digest, &first, &plain_len)
		    : !ike_open(e, sa, in, in->payloads.encrypted, &plain_len) ||
			      ike_sha256(in->datagram, digest))
		return false;
	*error = ike_payloads_parse(ike_slice(e->plain, plain_len), first, &in->payloads);
	if (!*error && in->payloads.encrypted_type)
		*error = IKE_N_INVALID_SYNTAX;
	return true;
}

static void malformed_request(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in,
			      int error)
{
	ike_respond_notify(e, sa, in->hdr.exchange, (uint16_t)error,
			   error == IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD
				   ? ike_slice(&in->payloads.unsupported, 1)
				   : ike_slice(NULL, 0));
	/* Fatal where it is malformed (section 2.21.3) or where there's no IKE SA without it. */
	if (sa->state == IKE_STATE_HALF_OPEN)
		ike_sa_refused(e, sa, "peer's request is malformed");
	else if (error == IKE_N_INVALID_SYNTAX)
		ike_sa_down(e, sa, "peer's request is malformed");
}

static void process_request(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
			    const uint8_t digest[32], int error)
{
	if (!sa->in.task && !error)
		sa->in.task = ike_task_new(e, sa, ike_exchange_for_request(in->hdr.exchange));
	if (!sa->in.task && !error)
		return; /* without memory: as if it were lost */
	sa->in.next_id++;
	memcpy(sa->in.digest, digest, sizeof(sa->in.digest));
	sa->in.fragments = in->fragments;
	sa->in.repeated = 0;
	ike_fragments_drop(e, sa->in.waiting);
	sa->in.local = in->local;
	sa->in.remote = in->remote;
	if (sa->mobike)
		sa->mobike->checking = false;
	ike_buffer_free(&sa->in.response);
	if (error)
		malformed_request(e, sa, in, error);
	else
		ike_task_take(e, sa->in.task, in);
}

static void process_response(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in, int error)
{
	ike_request_done(e, sa);
	if (error)
		ike_sa_down(e, sa, "peer's response is malformed");
	else
		ike_task_answered(e, sa, in);
}

/* Section 2.21.4, and RFC 6290, section 4.5 */
static void answer_unknown(struct ike_engine *e, const struct ike_in *in)
{
	struct ike_builder b;

	ike_answer_begin(e, &b, in, in->hdr.spi_r);
	ike_write_bare_notify(&b, IKE_N_INVALID_IKE_SPI);
	ike_qcd_show(e, &b, in);
	ike_answer_end(e, &b, in);
}

/*
 * IKE_AUTH may come over another port, but without a NAT from no other address; and once it has
 * begun, with EAP, from none where its connection has no peer.
 */
static bool is_elsewhere(const struct ike_sa *sa, const struct ike_in *in)
{
	if (!sa->path.nat_remote && !ike_addr_same_ip(&in->remote, &sa->path.remote))
		return true;
	return sa->in.task && !ike_connection_is_between(sa->conn, &in->local, &in->remote);
}

static void receive_protected(struct ike_engine *e, struct ike_in *in)
{
	bool from_initiator = in->hdr.flags & IKE_FLAG_INITIATOR;
	bool response = in->hdr.flags & IKE_FLAG_RESPONSE;
	struct ike_sa *sa = ike_sa_find(e, from_initiator ? in->hdr.spi_r : in->hdr.spi_i);
	uint8_t digest[32];
	int error;

	if (!sa || sa->initiator == from_initiator || sa->spi_i != in->hdr.spi_i ||
	    sa->spi_r != in->hdr.spi_r) {
		if (!sa && !response && ike_hint_outside(e, in))
			return; /* section 1.5: it isn't answered */
		e->stats.drop_unknown_spi++;
		if (sa && sa->predecessor && sa->state == IKE_STATE_CONNECTING)
			ike_path_hint(e, sa, in);
		if (!sa && !response && in->hdr.exchange >= IKE_AUTH &&
		    in->hdr.exchange <= IKE_INFORMATIONAL && ike_answer_allowed(e, in->now))
			answer_unknown(e, in);
		return;
	}
	if (ike_sync_take(e, sa, in) || !in_window(e, sa, in))
		return;
	if (sa->state == IKE_STATE_HALF_OPEN && is_elsewhere(sa, in)) {
		e->stats.drop_state++;
		return;
	}
	if (response && ike_hint_answers(e, sa, in))
		return;
	if (is_flooded(sa, in->now)) {
		e->stats.drop_limit++;
		return;
	}
	if (!open_message(e, sa, in, digest, &error))
		return;

	sa->last_heard_at = in->now;
	if (sa->state != IKE_STATE_HALF_OPEN)
		ike_path_follow(e, sa, in);
	if (response)
		process_response(e, sa, in, error);
	else
		process_request(e, sa, in, digest, error);
	/* Not before: it may be about what it would be led to. */
	if (sa->state != IKE_STATE_DEAD && !response)
		ike_child_confirm(e, sa, in->now, in->now);
	if (sa->state != IKE_STATE_DEAD)
		ike_sa_advance(e, sa, in->now); /* what following the peer asks for */
}

static void receive_init(struct ike_engine *e, struct ike_in *in)
{
	bool from_initiator = in->hdr.flags & IKE_FLAG_INITIATOR;
	struct ike_sa *sa;

	if (in->hdr.message_id != 0 || in->hdr.spi_i == 0) {
		e->stats.drop_malformed++;
		return;
	}
	if (!(in->hdr.flags & IKE_FLAG_RESPONSE)) {
		if (from_initiator && in->hdr.spi_r == 0)
			ike_init_receive(e, in);
		else
			e->stats.drop_malformed++;
		return;
	}
	sa = from_initiator ? NULL : ike_sa_find(e, in->hdr.spi_i);
	if (!sa || !sa->initiator) {
		e->stats.drop_unknown_spi++;
	} else if (sa->state != IKE_STATE_CONNECTING ||
		   !ike_addr_same_ip(&sa->path.remote, &in->remote)) {
		e->stats.drop_state++;
	} else if (answers_ours(sa, in)) {
		ike_task_answered(e, sa, in);
	} else {
		e->stats.drop_message_id++;
	}
}

void ike_receive(struct ike_engine *e, uint64_t now, const struct ike_addr *local,
		 const struct ike_addr *remote, struct ike_slice datagram)
{
	struct ike_in in = {
		.now = now,
		.local = *local,
		.remote = *remote,
		.datagram = datagram,
		.fragments = 1,
	};

	e->now = now;
	e->stats.datagrams_in++;
	if (datagram.len > IKE_MESSAGE_MAX || ike_header_parse(datagram, &in.hdr) ||
	    in.hdr.length != datagram.len || in.hdr.major < 2) {
		e->stats.drop_malformed++;
		return;
	}
	if (in.hdr.major > 2) { /* section 2.5 */
		e->stats.drop_malformed++;
		if (!(in.hdr.flags & IKE_FLAG_RESPONSE) && ike_answer_allowed(e, now))
			ike_answer_plain(e, &in, in.hdr.spi_r, IKE_N_INVALID_MAJOR_VERSION,
					 ike_slice(NULL, 0));
		return;
	}
	if (in.hdr.exchange == IKE_SA_INIT)
		receive_init(e, &in);
	else
		receive_protected(e, &in);
	ike_reap(e);
}
