/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE_SA_INIT (RFC 7296, section 1.2), with its detours:
 *
 *   HDR, [N(COOKIE)], SAi1, KEi, Ni, N(NAT..)  -->
 *                                              <--  HDR, N(COOKIE)              (section 2.6)
 *                                              <--  HDR, N(INVALID_KE_PAYLOAD)  (section 1.3)
 *                                              <--  HDR, SAr1, KEr, Nr, N(NAT..)
 */
#include <errno.h>
#include <stdio.h>

#include "host/ike/sa.h"

static const struct ike_slice nothing;

static struct ike_slice ni_of(const struct ike_sa *sa)
{
	return ike_slice(sa->ni, sa->ni_len);
}

static struct ike_slice nr_of(const struct ike_sa *sa)
{
	return ike_slice(sa->nr, sa->nr_len);
}

static int derive(struct ike_sa *sa, struct ike_slice peer_public)
{
	struct ike_secret shared;
	int err = ike_dh_shared(sa->dh, peer_public, &shared);

	if (!err)
		err = ike_keys_derive(&sa->suite, &shared, ni_of(sa), nr_of(sa), sa->spi_i,
				      sa->spi_r, &sa->keys);
	ike_secret_clear(&shared);
	return err;
}

/* Initiator: build. */

static int send_init(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_header hdr = ike_sa_header(sa, IKE_SA_INIT, false, 0);
	struct ike_proposals own;
	struct ike_builder b;

	ike_connection_proposals(sa->conn, &own);
	ike_build_message(&b, e->out, sizeof(e->out), &hdr);
	if (sa->cookie_len)
		ike_write_notify(&b, IKE_PROTO_NONE, nothing, IKE_N_COOKIE,
				 ike_slice(sa->cookie, sa->cookie_len));
	ike_write_sa(&b, own.list, own.count, 0, nothing);
	ike_write_ke(&b, ike_dh_group(sa->dh), ike_dh_public(sa->dh));
	ike_write_nonce(&b, ni_of(sa));
	ike_nat_write(&b, sa, sa->conn->encap);
	if (ike_build_finish(&b))
		return -EMSGSIZE;
	if (ike_buffer_set(&sa->init_request, ike_written(&b.w)))
		return -ENOMEM;
	ike_send_request(e, sa, now, IKE_TASK_INIT, ike_written(&b.w));
	return 0;
}

int ike_init_start(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_proposals own;
	uint16_t group = IKE_GROUP_NONE;

	ike_connection_proposals(sa->conn, &own);
	for (unsigned i = own.list[0].count; i-- > 0;) {
		if (own.list[0].transforms[i].type == IKE_TRANSFORM_KE)
			group = own.list[0].transforms[i].id;
	}
	sa->ni_len = IKE_NONCE_LEN;
	if (ike_random_fill(&e->config.random, sa->ni, sa->ni_len))
		return -EIO;
	sa->dh = ike_dh_new(group, &e->config.random);
	return sa->dh ? send_init(e, sa, now) : -EIO;
}

/* Initiator: process. None of this is authentic yet. */

static void fail(struct ike_engine *e, struct ike_sa *sa, const char *reason)
{
	ike_sa_down(e, sa, reason);
}

/*
 * Anybody can send an error (section 2.21.1), so one is remembered and the message dropped. Only
 * when nothing better comes within IKE_INIT_ERROR_MS it is why the attempt failed.
 */
static void suspect(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *reason)
{
	if (*sa->reason)
		return;
	ike_log(e, IKE_LOG_DEBUG, sa, "%s: waiting for a better answer", reason);
	snprintf(sa->reason, sizeof(sa->reason), "%s", reason);
	sa->expire_at = now + IKE_INIT_ERROR_MS;
}

static void retry_with_group(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			     struct ike_slice data)
{
	struct ike_cursor c = ike_cursor(data);
	uint16_t group = ike_get_u16(&c);
	struct ike_proposals own;
	bool offered = false;

	ike_connection_proposals(sa->conn, &own);
	for (unsigned i = 0; i < own.count; i++)
		offered |= ike_proposal_has(&own.list[i], IKE_TRANSFORM_KE, group);
	if (ike_cursor_ok(&c) && group == ike_dh_group(sa->dh))
		return; /* late, for a request before this one */
	if (++sa->init_rounds > IKE_INIT_ROUNDS_MAX) {
		suspect(e, sa, now, "peer asks for another group again and again");
		return;
	}
	if (!ike_cursor_ok(&c) || !offered) {
		suspect(e, sa, now,
			"INVALID_KE_PAYLOAD from peer: it wants a group that wasn't proposed");
		return;
	}
	ike_log(e, IKE_LOG_DEBUG, sa, "peer prefers group %s",
		ike_algorithm_name(IKE_TRANSFORM_KE, group));
	ike_dh_free(sa->dh);
	sa->dh = ike_dh_new(group, &e->config.random);
	if (!sa->dh || send_init(e, sa, now))
		fail(e, sa, "could not build IKE_SA_INIT");
}

/* Returns true when the response was a detour or an error. */
static bool process_notifies(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	char reason[IKE_REASON_MAX];
	struct ike_notify n;
	bool cookie = ike_find_notify(&in->payloads, IKE_N_COOKIE, &n);

	if (cookie && n.data.len >= 1 && n.data.len <= IKE_COOKIE_MAX) {
		if (ike_slice_equal(n.data, ike_slice(sa->cookie, sa->cookie_len)))
			return true; /* late, for a request before this one */
		if (++sa->init_rounds > IKE_INIT_ROUNDS_MAX) {
			suspect(e, sa, in->now, "peer asks for a cookie again and again");
			return true;
		}
		memcpy(sa->cookie, n.data.data, n.data.len);
		sa->cookie_len = n.data.len;
		if (send_init(e, sa, in->now))
			fail(e, sa, "could not build IKE_SA_INIT");
		return true;
	}
	if (ike_find_notify(&in->payloads, IKE_N_INVALID_KE_PAYLOAD, &n)) {
		retry_with_group(e, sa, in->now, n.data);
		return true;
	}
	for (unsigned i = 0; i < in->payloads.count; i++) {
		if (in->payloads.list[i].type != IKE_PAYLOAD_NOTIFY ||
		    ike_parse_notify(in->payloads.list[i].body, &n) || n.type >= IKE_N_STATUS_FIRST)
			continue;
		snprintf(reason, sizeof(reason), "%s from peer in IKE_SA_INIT%s",
			 ike_notify_name(n.type),
			 n.type == IKE_N_NO_PROPOSAL_CHOSEN ? ": it accepts none of our IKE "
							      "proposals, or has no connection for "
							      "our address"
							    : "");
		suspect(e, sa, in->now, reason);
		return true;
	}
	return false;
}

void ike_init_process_response(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in)
{
	struct ike_sa_payload answer;
	struct ike_slice sa_body, ke_body, nonce_body, nonce, spi;
	struct ike_proposals own;
	struct ike_ke ke;

	if (ike_payloads_parse(ike_slice(in->datagram.data + IKE_HEADER_LEN,
					 in->datagram.len - IKE_HEADER_LEN),
			       in->hdr.next_payload, &in->payloads) ||
	    in->payloads.encrypted_type) {
		e->stats.drop_malformed++;
		return;
	}
	if (process_notifies(e, sa, in))
		return;
	if (in->hdr.spi_r == 0 || ike_payloads_one(&in->payloads, IKE_PAYLOAD_SA, &sa_body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_KE, &ke_body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_NONCE, &nonce_body) ||
	    ike_parse_sa(sa_body, &answer) || ike_parse_ke(ke_body, &ke) ||
	    ike_parse_nonce(nonce_body, &nonce)) {
		e->stats.drop_malformed++;
		return;
	}
	ike_connection_proposals(sa->conn, &own);
	if (ike_proposal_check_answer(own.list, own.count, &answer, false, &sa->suite, &spi) ||
	    spi.len != 0 || sa->suite.group != ke.group || ke.group != ike_dh_group(sa->dh)) {
		suspect(e, sa, in->now, "peer chose an IKE proposal that wasn't offered");
		return;
	}
	sa->spi_r = in->hdr.spi_r;
	memcpy(sa->nr, nonce.data, nonce.len);
	sa->nr_len = nonce.len;
	switch (derive(sa, ke.data)) {
	case 0:
		break;
	case -EBADMSG: /* RFC 6989, section 2.5 */
		sa->spi_r = 0;
		suspect(e, sa, in->now, "peer sent an invalid public value in KE");
		return;
	default:
		fail(e, sa, "key derivation failed");
		return;
	}
	if (ike_buffer_set(&sa->init_response, in->datagram)) {
		fail(e, sa, "out of memory");
		return;
	}
	ike_nat_detect(sa, &in->payloads, in);
	ike_nat_float(e, sa);
	ike_request_done(sa);
	sa->reason[0] = 0;
	sa->expire_at = IKE_NEVER;
	if (ike_auth_start(e, sa, in->now))
		fail(e, sa, "could not build IKE_AUTH");
}

/* Responder: process and build. No state before the request has proved worth it. */

/* Says no, and logs it, as often as answers to what anybody can send are allowed. */
static void refuse(struct ike_engine *e, const struct ike_in *in, uint16_t type,
		   struct ike_slice data)
{
	char from[IKE_ADDR_TEXT];

	if (!ike_answer_allowed(e, in->now)) {
		e->stats.drop_limit++;
		return;
	}
	ike_addr_text(&in->remote, from, sizeof(from));
	ike_log(e, IKE_LOG_INFO, NULL, "IKE_SA_INIT of %s answered with %s", from,
		ike_notify_name(type));
	ike_answer_plain(e, in, 0, type, data);
}

static bool cookie_passes(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni)
{
	uint8_t cookie[IKE_COOKIE_MAX];
	struct ike_notify n;
	size_t len;

	if (!e->config.cookie_always && e->half_open_count < e->config.cookie_threshold)
		return true;
	if (ike_find_notify(&in->payloads, IKE_N_COOKIE, &n)) {
		if (ike_cookie_valid(e, in->now, in, ni, n.data))
			return true;
		e->stats.cookies_wrong++;
	}
	if (ike_cookie_make(e, in->now, in, ni, cookie, &len) == 0) {
		e->stats.cookies_sent++;
		ike_answer_plain(e, in, 0, IKE_N_COOKIE, ike_slice(cookie, len));
	}
	return false;
}

static int build_response(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_header hdr = ike_sa_header(sa, IKE_SA_INIT, true, 0);
	struct ike_proposal p = ike_suite_proposal(&sa->suite);
	struct ike_builder b;

	ike_build_message(&b, e->out, sizeof(e->out), &hdr);
	ike_write_sa(&b, &p, 1, sa->suite.number, nothing);
	ike_write_ke(&b, ike_dh_group(sa->dh), ike_dh_public(sa->dh));
	ike_write_nonce(&b, nr_of(sa));
	ike_nat_write(&b, sa, sa->conn->encap);
	if (ike_build_finish(&b))
		return -EMSGSIZE;
	if (ike_buffer_set(&sa->response, ike_written(&b.w)))
		return -ENOMEM;
	return ike_buffer_set(&sa->init_response, ike_written(&b.w));
}

static void accept(struct ike_engine *e, struct ike_in *in, struct ike_connection *conn,
		   const struct ike_suite *suite, const struct ike_ke *ke, struct ike_slice ni,
		   const uint8_t digest[32])
{
	struct ike_sa *sa = ike_sa_new(e, in->now, false);
	int err = -ENOMEM;

	if (!sa) {
		e->stats.drop_memory++;
		return;
	}
	sa->state = IKE_STATE_HALF_OPEN;
	sa->spi_i = in->hdr.spi_i;
	sa->local = sa->reply_local = in->local;
	sa->remote = sa->reply_remote = in->remote;
	sa->suite = *suite;
	sa->expected_id = 1;
	memcpy(sa->request_digest, digest, 32);
	memcpy(sa->ni, ni.data, ni.len);
	sa->ni_len = ni.len;
	sa->nr_len = IKE_NONCE_LEN;
	sa->expire_at = in->now + e->config.half_open_timeout_ms;
	ike_sa_hold(sa, conn);
	ike_half_open_add(e, sa);
	ike_nat_detect(sa, &in->payloads, in);
	if (ike_random_fill(&e->config.random, sa->nr, sa->nr_len) == 0)
		sa->dh = ike_dh_new(suite->group, &e->config.random);
	if (sa->dh)
		err = derive(sa, ke->data);
	if (err == -EBADMSG)
		refuse(e, in, IKE_N_INVALID_SYNTAX, nothing); /* RFC 6989, section 2.5 */
	if (!err)
		err = ike_buffer_set(&sa->init_request, in->datagram);
	if (!err)
		err = build_response(e, sa);
	if (err) {
		ike_sa_down(e, sa,
			    err == -EBADMSG ? "peer sent an invalid public value in KE"
					    : "could not answer IKE_SA_INIT");
		return;
	}
	ike_emit_send(e, &in->local, &in->remote, in->local.port == e->config.port_natt,
		      ike_slice(sa->response.data, sa->response.len));
	ike_sa_reschedule(e, sa);
}

void ike_init_process_request(struct ike_engine *e, struct ike_in *in)
{
	struct ike_slice sa_body, ke_body, nonce_body, nonce;
	uint8_t digest[32], wanted[2];
	struct ike_writer w = ike_writer(wanted, sizeof(wanted));
	struct ike_connection *conn;
	struct ike_sa_payload offer;
	struct ike_suite suite;
	struct ike_sa *known;
	unsigned same_ip;
	struct ike_ke ke;
	int err;

	if (e->stopping) {
		e->stats.drop_state++;
		return;
	}
	if (in->datagram.len > IKE_INIT_MESSAGE_MAX || ike_sha256(in->datagram, digest)) {
		e->stats.drop_malformed++;
		return;
	}
	known = ike_half_open_find(e, in, digest, &same_ip);
	if (known) {
		/* Section 2.1: the same request gets the same response. */
		if (known->state == IKE_STATE_HALF_OPEN) {
			e->stats.retransmissions_in++;
			ike_emit_send(e, &in->local, &in->remote,
				      in->local.port == e->config.port_natt,
				      ike_slice(known->response.data, known->response.len));
		}
		return;
	}
	err = ike_payloads_parse(
		ike_slice(in->datagram.data + IKE_HEADER_LEN, in->datagram.len - IKE_HEADER_LEN),
		in->hdr.next_payload, &in->payloads);
	if (err == IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD) {
		refuse(e, in, (uint16_t)err, ike_slice(&in->payloads.unsupported, 1));
		return;
	}
	/* Section 3.10.1: INVALID_SYNTAX isn't sent for what nobody has authenticated. */
	if (err || in->payloads.encrypted_type ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_SA, &sa_body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_KE, &ke_body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_NONCE, &nonce_body) ||
	    ike_parse_nonce(nonce_body, &nonce)) {
		e->stats.drop_malformed++;
		return;
	}
	if (!cookie_passes(e, in, nonce))
		return;
	if (same_ip >= e->config.max_half_open_per_ip ||
	    e->half_open_count >= e->config.max_half_open || e->sa_count >= e->config.max_sas) {
		e->stats.drop_limit++;
		return;
	}
	if (ike_parse_sa(sa_body, &offer) || ike_parse_ke(ke_body, &ke)) {
		e->stats.drop_malformed++;
		return;
	}
	conn = ike_connection_for_offer(e, in, &offer, ke.group, &suite);
	if (!conn) {
		refuse(e, in, IKE_N_NO_PROPOSAL_CHOSEN, nothing);
		return;
	}
	if (suite.group != ke.group) {
		ike_put_u16(&w, suite.group);
		refuse(e, in, IKE_N_INVALID_KE_PAYLOAD, ike_written(&w));
		return;
	}
	accept(e, in, conn, &suite, &ke, nonce, digest);
}
