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
	e->notify_tokens = IKE_NOTIFY_BURST;
	if (!e->config.port)
		e->config.port = IKE_PORT;
	if (!e->config.port_natt)
		e->config.port_natt = IKE_PORT_NATT;
	set_default(&e->config.max_sas, 100000);
	set_default(&e->config.max_half_open, 2000);
	set_default(&e->config.max_half_open_per_ip, 50);
	set_default(&e->config.cookie_threshold, 30);
	set_default_ms(&e->config.half_open_timeout_ms, 30000);
	set_default_ms(&e->config.delete_timeout_ms, 10000);
	set_default_ms(&e->config.keepalive_ms, 20000);
	if (ike_table_init(e) ||
	    ike_random_fill(&e->config.random, &e->hash_key, sizeof(e->hash_key))) {
		ike_engine_free(e);
		return NULL;
	}
	return e;
}

void ike_engine_free(struct ike_engine *e)
{
	if (!e)
		return;
	ike_actions_free(e);
	ike_table_free(e);
	for (unsigned i = 0; i < e->connection_count; i++)
		ike_connection_release(e->connections[i]);
	free(e->connections);
	ike_engine_clear_psks(e);
	OPENSSL_cleanse(e, sizeof(*e));
	free(e);
}

const struct ike_stats *ike_engine_stats(const struct ike_engine *e)
{
	return &e->stats;
}

/* Messages under protection */

static bool state_takes_request(const struct ike_sa *sa, uint8_t exchange)
{
	switch (sa->state) {
	case IKE_STATE_HALF_OPEN:
		return exchange == IKE_AUTH && !sa->auth_failed;
	case IKE_STATE_ESTABLISHED:
	case IKE_STATE_DELETING:
		return exchange == IKE_INFORMATIONAL || exchange == IKE_CREATE_CHILD_SA;
	default:
		return false;
	}
}

static uint8_t task_exchange(enum ike_task task)
{
	switch (task) {
	case IKE_TASK_AUTH:
		return IKE_AUTH;
	case IKE_TASK_DELETE_IKE:
	case IKE_TASK_DELETE_CHILDREN:
	case IKE_TASK_DPD:
		return IKE_INFORMATIONAL;
	default:
		return 0;
	}
}

/*
 * Is this message one that is waited for? Answers a retransmitted request on the way. All of it
 * without the cost of opening the message.
 */
static bool in_window(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in,
		      uint8_t digest[32])
{
	if (in->hdr.flags & IKE_FLAG_RESPONSE) {
		if (in->hdr.message_id == sa->request_id && sa->task != IKE_TASK_NONE &&
		    in->hdr.exchange == task_exchange(sa->task))
			return true;
		e->stats.drop_message_id++;
		return false;
	}
	if (in->hdr.message_id + 1 == sa->expected_id && sa->response.data) {
		if (memcmp(digest, sa->request_digest, 32) == 0) {
			e->stats.retransmissions_in++;
			ike_emit_send(e, &in->local, &in->remote,
				      in->local.port == e->config.port_natt,
				      ike_slice(sa->response.data, sa->response.len));
		} else {
			e->stats.drop_message_id++;
		}
		return false;
	}
	if (in->hdr.message_id != sa->expected_id || sa->expected_id == UINT32_MAX) {
		e->stats.drop_message_id++;
		return false;
	}
	if (!state_takes_request(sa, in->hdr.exchange)) {
		e->stats.drop_state++;
		return false;
	}
	return true;
}

/*
 * Open the SK payload and split what was in it. Returns false, with a counter, when it isn't
 * authentic; *error is about the authentic inside.
 */
static bool open_message(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in, int *error)
{
	const struct ike_cipher *c = sa->initiator ? &sa->keys.responder : &sa->keys.initiator;
	struct ike_slice chain =
		ike_slice(in->datagram.data + IKE_HEADER_LEN, in->datagram.len - IKE_HEADER_LEN);
	struct ike_slice body;
	size_t head_len, plain_len;
	uint8_t first;

	if (ike_payloads_parse(chain, in->hdr.next_payload, &in->payloads) ||
	    in->payloads.encrypted_type != IKE_PAYLOAD_SK) {
		e->stats.drop_malformed++;
		return false;
	}
	body = in->payloads.list[in->payloads.count - 1].body;
	first = in->payloads.inner_first;
	head_len = IKE_HEADER_LEN + in->payloads.encrypted_at;
	if (ike_cipher_open(c, ike_slice(in->datagram.data, head_len), body, e->plain,
			    &plain_len)) {
		e->stats.drop_integrity++;
		return false;
	}
	*error = ike_payloads_parse(ike_slice(e->plain, plain_len), first, &in->payloads);
	if (!*error && in->payloads.encrypted_type)
		*error = IKE_N_INVALID_SYNTAX;
	return true;
}

static void process_request(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in, int error)
{
	if (error) {
		ike_respond_notify(e, sa, in->hdr.exchange, (uint16_t)error,
				   error == IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD
					   ? ike_slice(&in->payloads.unsupported, 1)
					   : ike_slice(NULL, 0));
		/* Fatal where it is malformed (section 2.21.3) or where there's no IKE SA without
		 * it. */
		if (sa->state == IKE_STATE_HALF_OPEN)
			ike_sa_refused(e, sa, "peer's request is malformed");
		else if (error == IKE_N_INVALID_SYNTAX)
			ike_sa_down(e, sa, "peer's request is malformed");
		return;
	}
	switch (in->hdr.exchange) {
	case IKE_AUTH:
		ike_auth_process_request(e, sa, in);
		break;
	case IKE_CREATE_CHILD_SA:
		ike_create_child_process_request(e, sa, in);
		break;
	default:
		ike_informational_process_request(e, sa, in);
		break;
	}
}

static void process_response(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in, int error)
{
	if (error) {
		ike_sa_down(e, sa, "peer's response is malformed");
		return;
	}
	if (in->hdr.exchange == IKE_AUTH)
		ike_auth_process_response(e, sa, in);
	else
		ike_informational_process_response(e, sa, in);
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
		e->stats.drop_unknown_spi++;
		/* Section 2.21.4 */
		if (!sa && !response && in->hdr.exchange >= IKE_AUTH &&
		    in->hdr.exchange <= IKE_INFORMATIONAL && ike_answer_allowed(e, in->now))
			ike_answer_plain(e, in, in->hdr.spi_r, IKE_N_INVALID_IKE_SPI,
					 ike_slice(NULL, 0));
		return;
	}
	if (ike_sha256(in->datagram, digest) || !in_window(e, sa, in, digest) ||
	    !open_message(e, sa, in, &error))
		return;

	sa->last_heard_at = in->now;
	if (sa->state != IKE_STATE_HALF_OPEN)
		ike_sa_move(e, sa, in);
	if (response) {
		process_response(e, sa, in, error);
	} else {
		sa->expected_id++;
		memcpy(sa->request_digest, digest, sizeof(digest));
		sa->reply_local = in->local;
		sa->reply_remote = in->remote;
		ike_buffer_free(&sa->response);
		process_request(e, sa, in, error);
	}
	if (sa->state != IKE_STATE_DEAD)
		ike_sa_advance(e, sa, in->now);
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
			ike_init_process_request(e, in);
		else
			e->stats.drop_malformed++;
		return;
	}
	sa = from_initiator ? NULL : ike_sa_find(e, in->hdr.spi_i);
	if (!sa || !sa->initiator) {
		e->stats.drop_unknown_spi++;
	} else if (sa->state != IKE_STATE_CONNECTING ||
		   !ike_addr_same_ip(&sa->remote, &in->remote)) {
		e->stats.drop_state++;
	} else {
		ike_init_process_response(e, sa, in);
		if (sa->state != IKE_STATE_DEAD)
			ike_sa_reschedule(e, sa);
	}
}

void ike_receive(struct ike_engine *e, uint64_t now, const struct ike_addr *local,
		 const struct ike_addr *remote, struct ike_slice datagram)
{
	struct ike_in in = {.now = now, .local = *local, .remote = *remote, .datagram = datagram};

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

/* Time */

uint64_t ike_next_deadline(const struct ike_engine *e)
{
	return e->heap_len ? e->heap[0]->deadline : IKE_NEVER;
}

static void expire(struct ike_engine *e, struct ike_sa *sa)
{
	switch (sa->state) {
	case IKE_STATE_HALF_OPEN:
		ike_sa_down(e, sa,
			    sa->auth_failed ? sa->reason
					    : "the initiator never came back with IKE_AUTH");
		break;
	case IKE_STATE_INSTALLING:
		ike_sa_down(e, sa, "the data path did not answer");
		break;
	default:
		ike_sa_down(e, sa, sa->reason); /* a delete that the peer doesn't answer */
		break;
	}
}

static void keepalive(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	static const uint8_t one = 0xff; /* RFC 3948, section 2.3: no marker before it */

	ike_emit_send(e, &sa->local, &sa->remote, false, ike_slice(&one, 1));
	sa->keepalive_at = ike_later(now, e->config.keepalive_ms);
}

void ike_tick(struct ike_engine *e, uint64_t now)
{
	while (ike_next_deadline(e) <= now) {
		struct ike_sa *sa = e->heap[0];

		if (sa->expire_at <= now) {
			expire(e, sa);
		} else if (sa->retransmit_at <= now) {
			ike_retransmit(e, sa, now);
		} else if (sa->keepalive_at <= now) {
			keepalive(e, sa, now);
		} else if (sa->childless_until <= now) {
			sa->childless_until = IKE_NEVER;
			ike_sa_delete(e, sa, now, "it has had no Child SA for a minute");
		} else {
			sa->dpd_wanted = true;
			ike_sa_advance(e, sa, now);
		}
		if (sa->state != IKE_STATE_DEAD)
			ike_sa_reschedule(e, sa);
	}
	ike_reap(e);
}

/* The operator's wishes */

static const struct ike_child_config *find_child_config(const struct ike_connection *conn,
							const char *name)
{
	for (unsigned i = 0; i < conn->child_count; i++) {
		if (!name || strcmp(conn->children[i].name, name) == 0)
			return &conn->children[i];
	}
	return NULL;
}

static bool child_exists(const struct ike_engine *e, const struct ike_child_config *config)
{
	for (struct ike_sa *sa = e->all; sa; sa = sa->all_next) {
		for (struct ike_child *child = sa->children; child; child = child->next) {
			if (child->config == config && child->state <= IKE_CHILD_INSTALLED &&
			    !sa->delete_wanted)
				return true;
		}
	}
	return false;
}

int ike_initiate(struct ike_engine *e, uint64_t now, const char *connection, const char *child_name,
		 const struct ike_addr *local, uint64_t *ike_id)
{
	struct ike_connection *conn = ike_connection_find(e, connection);
	const struct ike_child_config *config = conn ? find_child_config(conn, child_name) : NULL;
	struct ike_child *child;
	struct ike_sa *sa;
	int err;

	if (!config)
		return -ENOENT;
	if (e->stopping)
		return -ESHUTDOWN;
	if (conn->remote.family == 0)
		return -EDESTADDRREQ;
	if (conn->local.family)
		local = &conn->local;
	if (!local || local->family != conn->remote.family)
		return -EADDRNOTAVAIL;
	if (conn->references > 1 && child_exists(e, config))
		return -EALREADY;
	if (e->sa_count >= e->config.max_sas)
		return -EBUSY;
	sa = ike_sa_new(e, now, true);
	if (!sa)
		return -ENOMEM;
	sa->state = IKE_STATE_CONNECTING;
	ike_sa_hold(sa, conn);
	sa->local = *local;
	sa->local.port = e->config.port;
	sa->remote = conn->remote;
	if (!sa->remote.port)
		sa->remote.port = IKE_PORT;
	child = ike_child_new(e, sa, config);
	err = child ? 0 : -ENOSPC;
	if (!err) {
		child->local_ts = ike_ts_resolve(&config->local_ts, &sa->local);
		child->remote_ts = ike_ts_resolve(&config->remote_ts, &sa->remote);
		err = ike_init_start(e, sa, now);
	}
	if (err) {
		ike_sa_down(e, sa, "could not build IKE_SA_INIT");
	} else {
		e->stats.initiated++;
		*ike_id = sa->id;
		ike_sa_reschedule(e, sa);
	}
	ike_reap(e);
	return err;
}

int ike_terminate(struct ike_engine *e, uint64_t now, uint64_t ike_id)
{
	struct ike_sa *sa = ike_sa_find_id(e, ike_id);

	if (!sa)
		return -ENOENT;
	ike_sa_delete(e, sa, now, "deleted by the operator");
	if (sa->state != IKE_STATE_DEAD)
		ike_sa_reschedule(e, sa);
	ike_reap(e);
	return 0;
}

void ike_terminate_all(struct ike_engine *e, uint64_t now)
{
	e->stopping = true;
	for (struct ike_sa *sa = e->all; sa; sa = sa->all_next) {
		if (sa->state == IKE_STATE_INSTALLING) /* the peer doesn't think that it is up */
			ike_sa_down(e, sa, "shutting down");
		ike_sa_delete(e, sa, now, "shutting down");
		if (sa->state != IKE_STATE_DEAD)
			ike_sa_reschedule(e, sa);
	}
	ike_reap(e);
}

static void delete_child(struct ike_engine *e, struct ike_child *child, uint64_t now,
			 const char *reason)
{
	strncpy(child->reason, reason, sizeof(child->reason) - 1);
	child->state = IKE_CHILD_DELETE_QUEUED;
	ike_sa_advance(e, child->sa, now);
}

int ike_terminate_child(struct ike_engine *e, uint64_t now, uint64_t child_id)
{
	struct ike_child *child = ike_child_find_id(e, child_id);

	if (!child)
		return -ENOENT;
	if (child->sa->state != IKE_STATE_ESTABLISHED) /* nothing but this child is wanted of it */
		return ike_terminate(e, now, child->sa->id);
	if (child->state <= IKE_CHILD_INSTALLED)
		delete_child(e, child, now, "deleted by the operator");
	ike_reap(e);
	return 0;
}

void ike_child_installed(struct ike_engine *e, uint64_t now, uint64_t child_id, int error,
			 const char *reason)
{
	struct ike_child *child = ike_child_find_id(e, child_id);
	struct ike_sa *sa = child ? child->sa : NULL;
	bool answering = sa && sa->state == IKE_STATE_INSTALLING;

	if (!child || child->state != IKE_CHILD_INSTALLING)
		return;
	if (!reason)
		reason = "the data path refused the Child SA";
	if (!error) {
		child->state = IKE_CHILD_INSTALLED;
		child->installed_at = now;
	} else {
		ike_log(e, IKE_LOG_ERROR, sa, "child %s: %s", child->config->name, reason);
		if (answering) {
			sa->child_refusal = IKE_N_NO_ADDITIONAL_SAS;
			ike_child_remove(e, child, reason);
		} else {
			delete_child(e, child, now, reason);
		}
	}
	if (answering)
		ike_auth_finish_request(e, sa, now);
	if (!error && ike_child_find_id(e, child_id)) /* it may have gone with its IKE SA */
		ike_emit_event(e, IKE_ACTION_CHILD_UP, sa, child, NULL);
	if (sa->state != IKE_STATE_DEAD)
		ike_sa_advance(e, sa, now);
	ike_reap(e);
}

void ike_note_traffic(struct ike_engine *e, uint64_t now, uint64_t child_id)
{
	struct ike_child *child = ike_child_find_id(e, child_id);

	if (!child)
		return;
	child->sa->last_heard_at = now;
	ike_sa_reschedule(e, child->sa);
}

void ike_list(const struct ike_engine *e, ike_list_fn *fn, void *context)
{
	for (const struct ike_sa *sa = e->all; sa; sa = sa->all_next) {
		struct ike_sa_info info = {
			.id = sa->id,
			.connection = sa->conn ? sa->conn->name : "",
			.state = sa->state,
			.initiator = sa->initiator,
			.spi_i = sa->spi_i,
			.spi_r = sa->spi_r,
			.local = sa->local,
			.remote = sa->remote,
			.local_id = &sa->local_id,
			.remote_id = &sa->remote_id,
			.suite = sa->suite,
			.nat_local = sa->nat_local,
			.nat_remote = sa->nat_remote,
			.created_at = sa->created_at,
			.established_at = sa->established_at,
			.last_heard_at = sa->last_heard_at,
			.child_count = sa->child_count,
		};

		fn(context, &info, NULL);
		for (const struct ike_child *child = sa->children; child; child = child->next) {
			struct ike_child_info c = {
				.id = child->id,
				.name = child->config->name,
				.state = child->state,
				.suite = child->suite,
				.spi_in = child->spi_in,
				.spi_out = child->spi_out,
				.encap = ike_sa_encap(e, sa),
				.local_ts = &child->local_ts,
				.remote_ts = &child->remote_ts,
				.installed_at = child->installed_at,
			};

			fn(context, &info, &c);
		}
	}
}
