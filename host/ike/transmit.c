/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests and responses under protection, and retransmission (RFC 7296, sections 2.1 to 2.4). */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

int ike_buffer_set(struct ike_buffer *b, struct ike_slice s)
{
	uint8_t *copy = malloc(s.len ? s.len : 1);

	if (!copy)
		return -ENOMEM;
	if (s.len)
		memcpy(copy, s.data, s.len);
	free(b->data);
	*b = (struct ike_buffer){.data = copy, .len = s.len};
	return 0;
}

void ike_buffer_free(struct ike_buffer *b)
{
	free(b->data);
	*b = (struct ike_buffer){0};
}

struct ike_header ike_sa_header(const struct ike_sa *sa, uint8_t exchange, bool response,
				uint32_t message_id)
{
	return (struct ike_header){
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.major = 2,
		.exchange = exchange,
		.flags = (uint8_t)((sa->initiator ? IKE_FLAG_INITIATOR : 0) |
				   (response ? IKE_FLAG_RESPONSE : 0)),
		.message_id = message_id,
	};
}

/*
 * The chain in `inner` as the SK payload of a message in e->out. An AEAD's IV is a counter that
 * only ever advances, so no IV is used twice with a key.
 */
int ike_seal(struct ike_engine *e, struct ike_sa *sa, const struct ike_header *hdr,
	     struct ike_builder *inner, struct ike_slice *message)
{
	const struct ike_cipher *c = sa->initiator ? &sa->keys.initiator : &sa->keys.responder;
	size_t body_len = ike_cipher_sealed_len(c, inner->w.len);
	uint8_t iv[IKE_IV_MAX];
	struct ike_writer iv_w = ike_writer(iv, sizeof(iv));
	struct ike_builder b;
	size_t body_at;
	int err;

	if (ike_build_finish(inner) || body_len > UINT16_MAX - IKE_PAYLOAD_HEADER_LEN)
		return -EMSGSIZE;
	ike_build_message(&b, e->out, sizeof(e->out), hdr);
	ike_build_begin(&b, IKE_PAYLOAD_SK);
	ike_patch_be(&b.w, b.payload_at, inner->first, 1);
	body_at = b.w.len;
	if (body_len > b.w.cap - b.w.len)
		return -EMSGSIZE;
	b.w.len += body_len;
	ike_build_end(&b);
	err = ike_build_finish(&b);
	if (err)
		return err;
	if (ike_encr_is_aead(c->encr))
		ike_put_u64(&iv_w, sa->iv_counter++);
	else if (ike_random_fill(&e->config.random, iv, sizeof(iv)))
		return -EIO;
	err = ike_cipher_seal(c, iv, ike_slice(e->out, body_at), ike_written(&inner->w),
			      e->out + body_at);
	*message = ike_written(&b.w);
	return err;
}

static void send_request_buffer(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	const struct ike_path *path = &sa->path;
	struct ike_slice request = ike_slice(sa->out.request.data, sa->out.request.len);

	ike_emit_send(e, &path->local, &path->remote, path->local.port == e->config.port_natt,
		      request);
	if (path->moving)
		ike_emit_send(e, &path->moving_local, &path->moving_remote,
			      path->moving_local.port == e->config.port_natt, request);
	ike_timer_set(e, &sa->timers[IKE_TIMER_RETRANSMIT], ike_later(now, sa->out.wait));
}

/* The request of the task at work. Its answer is what that waits for then. */
enum ike_step ike_send_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			       struct ike_slice message)
{
	if (ike_buffer_set(&sa->out.request, message)) {
		ike_sa_down(e, sa, "out of memory");
		return IKE_DONE;
	}
	sa->out.tries = 0;
	sa->out.wait = sa->conn->retransmit_ms;
	send_request_buffer(e, sa, now);
	return IKE_MORE;
}

/* The same under protection, from the payloads in `inner`. */
enum ike_step ike_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			  struct ike_builder *inner)
{
	struct ike_header hdr =
		ike_sa_header(sa, sa->out.task->exchange->type, false, sa->out.next_id);
	struct ike_slice message;

	/* Section 2.2: message IDs don't wrap. */
	if (sa->out.next_id == UINT32_MAX || ike_seal(e, sa, &hdr, inner, &message)) {
		ike_sa_down(e, sa, "could not build a request");
		return IKE_DONE;
	}
	return ike_send_request(e, sa, now, message);
}

/* It is answered: the next one has the next message ID. */
void ike_request_done(struct ike_engine *e, struct ike_sa *sa)
{
	ike_buffer_free(&sa->out.request);
	sa->out.next_id++;
	ike_timer_set(e, &sa->timers[IKE_TIMER_RETRANSMIT], IKE_NEVER);
}

void ike_retransmit(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	if (sa->out.tries >= sa->conn->retransmit_tries) {
		ike_sa_unanswered(e, sa);
		return;
	}
	sa->out.tries++;
	sa->out.wait = sa->out.wait * sa->conn->retransmit_percent / 100;
	e->stats.retransmissions_out++;
	ike_log(e, IKE_LOG_DEBUG, sa, "retransmission %u of %s", sa->out.tries,
		sa->out.task->exchange->name);
	send_request_buffer(e, sa, now);
}

/* Answer the peer's request that is at work. */
enum ike_step ike_respond(struct ike_engine *e, struct ike_sa *sa, uint8_t exchange,
			  struct ike_builder *inner)
{
	struct ike_header hdr = ike_sa_header(sa, exchange, true, sa->in.next_id - 1);
	struct ike_slice message;
	int err = ike_seal(e, sa, &hdr, inner, &message);

	if (!err)
		err = ike_buffer_set(&sa->in.response, message);
	if (err)
		ike_sa_down(e, sa, "could not build a response");
	else
		ike_emit_send(e, &sa->in.local, &sa->in.remote,
			      sa->in.local.port == e->config.port_natt, message);
	return IKE_DONE;
}

enum ike_step ike_respond_notify(struct ike_engine *e, struct ike_sa *sa, uint8_t exchange,
				 uint16_t type, struct ike_slice data)
{
	struct ike_builder inner;

	ike_build_chain(&inner, e->inner, sizeof(e->inner));
	ike_write_notify(&inner, IKE_PROTO_NONE, ike_slice(NULL, 0), type, data);
	return ike_respond(e, sa, exchange, &inner);
}

/* A response that isn't protected, because there is no IKE SA to do it (section 2.21). */
void ike_answer_plain(struct ike_engine *e, const struct ike_in *in, uint64_t spi_r, uint16_t type,
		      struct ike_slice data)
{
	struct ike_header hdr = {
		.spi_i = in->hdr.spi_i,
		.spi_r = spi_r,
		.major = 2,
		.exchange = in->hdr.exchange,
		.flags = (uint8_t)(IKE_FLAG_RESPONSE |
				   (in->hdr.flags & IKE_FLAG_INITIATOR ? 0 : IKE_FLAG_INITIATOR)),
		.message_id = in->hdr.message_id,
	};
	struct ike_builder b;

	ike_build_message(&b, e->out, sizeof(e->out), &hdr);
	ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0), type, data);
	if (ike_build_finish(&b) == 0)
		ike_emit_send(e, &in->local, &in->remote, in->local.port == e->config.port_natt,
			      ike_written(&b.w));
}

/* So that forged datagrams can't make us send without bound. */
bool ike_answer_allowed(struct ike_engine *e, uint64_t now)
{
	uint64_t gained = now > e->notify_refill_at
				  ? (now - e->notify_refill_at) / IKE_NOTIFY_INTERVAL_MS
				  : 0;

	if (gained) {
		e->notify_refill_at += gained * IKE_NOTIFY_INTERVAL_MS;
		e->notify_tokens = gained > IKE_NOTIFY_BURST - e->notify_tokens
					   ? IKE_NOTIFY_BURST
					   : e->notify_tokens + (unsigned)gained;
	}
	if (!e->notify_tokens)
		return false;
	e->notify_tokens--;
	return true;
}
