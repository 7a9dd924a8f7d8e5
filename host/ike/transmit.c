/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests and responses under protection, and retransmission (RFC 7296, sections 2.1 to 2.4). */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

enum {
	IPV4_HEADER_LEN = 20,
	IPV6_HEADER_LEN = 40,
	UDP_HEADER_LEN = 8,
	MARKER_LEN = 4,	     /* RFC 3948, section 2.2 */
	SKF_NUMBERS_LEN = 4, /* between header and IV */
	PADDING_MAX = 15,    /* of AES-CBC */
	LEAST_IPV4 = 576,    /* RFC 7383, section 2.5.1: packets that every way takes */
	LEAST_IPV6 = 1280,
};

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

static const struct ike_cipher *own_cipher(const struct ike_sa *sa)
{
	return sa->initiator ? &sa->keys.initiator : &sa->keys.responder;
}

/* A part of what is to be protected; the only one is a whole message. */
struct piece {
	struct ike_slice plain;
	uint8_t first; /* the type of the first payload of the message */
	uint16_t number;
	uint16_t total;
};

/* The solution of a puzzle for IKE_AUTH, which stands before that in clear (RFC 8019,
 * section 7.2.2). */
static struct ike_slice solution_for(const struct ike_sa *sa)
{
	const struct ike_handshake *h = sa->handshake;
	bool wanted = sa->state == IKE_STATE_AUTHENTICATING && h && h->puzzle_difficulty;

	return wanted ? ike_slice(h->solution, sizeof(h->solution)) : ike_slice(NULL, 0);
}

static size_t solution_len(const struct ike_sa *sa)
{
	size_t len = solution_for(sa).len;

	return len ? IKE_PAYLOAD_HEADER_LEN + len : 0;
}

/*
 * A piece as the SK or SKF payload of a message of its own. An AEAD's IV is a counter that only
 * ever advances, so no IV is used twice with a key.
 */
static int seal_piece(struct ike_engine *e, struct ike_sa *sa, const struct ike_header *hdr,
		      const struct piece *p, struct ike_writer *out)
{
	const struct ike_cipher *c = own_cipher(sa);
	size_t body_len = ike_cipher_sealed_len(c, p->plain.len), body_at;
	uint8_t *message = out->data + out->len;
	uint8_t iv[IKE_IV_MAX];
	struct ike_writer iv_w = ike_writer(iv, sizeof(iv));
	struct ike_builder b;
	int err;

	ike_build_message(&b, message, out->cap - out->len, hdr);
	if (p->number == 1 && solution_len(sa))
		ike_write_solution(&b, solution_for(sa));
	ike_build_begin(&b, p->total > 1 ? IKE_PAYLOAD_SKF : IKE_PAYLOAD_SK);
	ike_patch_be(&b.w, b.payload_at, p->number == 1 ? p->first : IKE_PAYLOAD_NONE, 1);
	if (p->total > 1) {
		ike_put_u16(&b.w, p->number);
		ike_put_u16(&b.w, p->total);
	}
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
	out->len += b.w.len;
	return ike_cipher_seal(c, iv, ike_slice(message, body_at), p->plain, message + body_at);
}

/* How much of a message goes into each piece: all of it, if there is room; one octet at least. */
static size_t piece_len(const struct ike_cipher *c, size_t plain_len, size_t room)
{
	size_t head = IKE_HEADER_LEN + IKE_PAYLOAD_HEADER_LEN, len;

	if (head + ike_cipher_sealed_len(c, plain_len) <= room)
		return plain_len;
	head += SKF_NUMBERS_LEN;
	len = room > head ? room - head : 0;
	while (len > 1 && head + ike_cipher_sealed_len(c, len) > room)
		len--;
	return len ? len : 1;
}

static size_t piece_count(size_t plain_len, size_t each)
{
	return plain_len > each ? (plain_len + each - 1) / each : 1;
}

static int seal(struct ike_engine *e, struct ike_sa *sa, const struct ike_header *hdr,
		struct ike_slice plain, uint8_t first, size_t room, struct ike_buffer *out)
{
	const struct ike_cipher *c = own_cipher(sa);
	size_t each = piece_len(c, plain.len, room), total = piece_count(plain.len, each);
	size_t largest = IKE_HEADER_LEN + solution_len(sa) + IKE_PAYLOAD_HEADER_LEN +
			 SKF_NUMBERS_LEN + ike_cipher_sealed_len(c, each);
	struct ike_writer w;
	int err = 0;

	if (largest > IKE_MESSAGE_MAX || total > IKE_FRAGMENTS_MAX)
		return -EMSGSIZE;
	w = ike_writer(malloc(total * largest), total * largest);
	if (!w.data)
		return -ENOMEM;
	for (size_t i = 0; i < total && !err; i++) {
		size_t at = i * each, left = plain.len - at;
		struct piece p = {
			.plain = ike_slice(plain.data + at, left < each ? left : each),
			.first = first,
			.number = (uint16_t)(i + 1),
			.total = (uint16_t)total,
		};

		err = seal_piece(e, sa, hdr, &p, &w);
	}
	if (err) {
		free(w.data);
		return err;
	}
	ike_buffer_free(out);
	*out = (struct ike_buffer){.data = w.data, .len = w.len};
	return 0;
}

/*
 * The chain in `inner` under protection, in fragments that are no larger than `room` if it doesn't
 * fit in there: one after the other in *out.
 */
int ike_seal(struct ike_engine *e, struct ike_sa *sa, const struct ike_header *hdr,
	     const struct ike_builder *inner, size_t room, struct ike_buffer *out)
{
	if (!ike_writer_ok(&inner->w))
		return -EMSGSIZE;
	return seal(e, sa, hdr, ike_written(&inner->w), inner->first, room, out);
}

static size_t least_size(const struct ike_addr *addr)
{
	return addr->family == 6 ? LEAST_IPV6 : LEAST_IPV4;
}

static size_t packet_size(const struct ike_engine *e, const struct ike_sa *sa,
			  const struct ike_addr *addr)
{
	size_t size = sa->fragment_size ? sa->fragment_size : e->config.fragment_size;

	return addr->family == 6 && size < LEAST_IPV6 ? LEAST_IPV6 : size;
}

/* What is before a message in its packet. */
static size_t head_len(const struct ike_engine *e, const struct ike_addr *local)
{
	return (local->family == 6 ? IPV6_HEADER_LEN : IPV4_HEADER_LEN) + UDP_HEADER_LEN +
	       (local->port == e->config.port_natt ? MARKER_LEN : 0);
}

/* What is left of a packet for IKE; without an end where there are no fragments. */
static size_t room_for(const struct ike_engine *e, const struct ike_sa *sa,
		       const struct ike_addr *local)
{
	size_t head = head_len(e, local) + solution_len(sa);
	size_t size = packet_size(e, sa, local);

	/* In TCP there is no need (RFC 9329). */
	if (!sa->fragmentation || sa->conn->fragmentation != IKE_FRAGMENTATION_YES || local->tcp)
		return SIZE_MAX;
	return size > head ? size - head : 0;
}

/* Octets of the packet that carries so many of payloads over the path in one message. */
uint32_t ike_packet_len(const struct ike_engine *e, const struct ike_sa *sa, size_t plain_len)
{
	return (uint32_t)(head_len(e, &sa->path.local) + IKE_HEADER_LEN + IKE_PAYLOAD_HEADER_LEN +
			  ike_cipher_sealed_len(own_cipher(sa), plain_len));
}

/* How many a packet of at most so many octets carries. */
size_t ike_plain_within(const struct ike_engine *e, const struct ike_sa *sa, uint32_t size)
{
	const size_t most = size + PADDING_MAX, rest = ike_packet_len(e, sa, 0);
	size_t len = most > rest ? most - rest : 0;

	while (len && ike_packet_len(e, sa, len) > size)
		len--;
	return len;
}

/* The next of the messages that lie one after the other. */
static bool next_message(const struct ike_buffer *b, size_t *at, struct ike_slice *out)
{
	struct ike_header hdr;

	if (*at >= b->len || ike_header_parse(ike_slice(b->data + *at, b->len - *at), &hdr))
		return false;
	*out = ike_slice(b->data + *at, hdr.length);
	*at += hdr.length;
	return true;
}

static void emit(struct ike_engine *e, const struct ike_pair *pair,
		 const struct ike_buffer *message, enum ike_packets packets)
{
	bool marker = pair->local.port == e->config.port_natt;
	struct ike_slice datagram;

	for (size_t at = 0; next_message(message, &at, &datagram);) {
		struct ike_send *send =
			ike_emit_send(e, &pair->local, &pair->remote, marker, datagram);

		if (send)
			send->packets = packets;
		e->stats.fragments_out += datagram.len < message->len;
	}
}

void ike_emit_message(struct ike_engine *e, const struct ike_addr *local,
		      const struct ike_addr *remote, const struct ike_buffer *message)
{
	emit(e, &(struct ike_pair){.local = *local, .remote = *remote}, message, IKE_PACKETS_ANY);
}

/* What we have sealed, opened again into e->plain. Returns of how many pieces; 0: it can't be. */
static size_t reopen(struct ike_engine *e, const struct ike_sa *sa, const struct ike_buffer *sealed,
		     struct ike_header *hdr, uint8_t *first, size_t *len)
{
	struct ike_payloads payloads;
	struct ike_slice message;
	size_t count = 0;

	*len = 0;
	for (size_t at = 0; next_message(sealed, &at, &message); count++) {
		struct ike_slice body, head;
		struct ike_skf skf;
		size_t piece;

		ike_header_parse(message, hdr);
		if (ike_message_parse(message, hdr->next_payload, &payloads) ||
		    !payloads.encrypted_type)
			return 0;
		body = payloads.encrypted;
		if (payloads.encrypted_type == IKE_PAYLOAD_SKF) {
			ike_parse_skf(body, &skf);
			body = skf.data;
		}
		head = ike_slice(message.data, (size_t)(body.data - message.data));
		if (*len + body.len > sizeof(e->plain) ||
		    ike_cipher_open(own_cipher(sa), head, body, e->plain + *len, &piece))
			return 0;
		if (!count)
			*first = payloads.inner_first;
		*len += piece;
	}
	return count;
}

/*
 * RFC 7383, section 2.5.2: what isn't answered may be too large for the way. From now on packets
 * are of the size that every way takes, and so are those of this message, if that makes more of
 * them: their number tells the peer one set from the other.
 */
void ike_smaller(struct ike_engine *e, struct ike_sa *sa, const struct ike_addr *local,
		 struct ike_buffer *message)
{
	uint16_t before = sa->fragment_size;
	struct ike_header hdr;
	size_t len, count, room;
	uint8_t first;

	if (packet_size(e, sa, local) <= least_size(local))
		return;
	sa->fragment_size = (uint16_t)least_size(local);
	room = room_for(e, sa, local);
	count = reopen(e, sa, message, &hdr, &first, &len);
	if (!count || piece_count(len, piece_len(own_cipher(sa), len, room)) <= count ||
	    seal(e, sa, &hdr, ike_slice(e->plain, len), first, room, message)) {
		sa->fragment_size = before;
		return;
	}
	ike_log(e, IKE_LOG_INFO, sa,
		"larger messages seem to get lost: in packets of %zu octets now",
		least_size(local));
}

/* The request that is out, over another way than the path as well. */
void ike_repeat_over(struct ike_engine *e, struct ike_sa *sa, const struct ike_pair *pair)
{
	sa->out.spread = true;
	emit(e, pair, &sa->out.request, sa->out.packets);
}

/* The request that is out, over all ways that are tried; when it is due again stays as it is. */
void ike_repeat(struct ike_engine *e, struct ike_sa *sa)
{
	const struct ike_pair path = ike_path_pair(sa);
	const struct ike_ways *ways = sa->ways;

	if (!ways)
		emit(e, &path, &sa->out.request, sa->out.packets);
	for (unsigned i = 0; ways && i < (ways->best_only ? 1 : ways->count); i++)
		ike_repeat_over(e, sa, &ways->list[i].pair);
}

void ike_send_again(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	uint64_t wait = sa->out.wait;

	ike_repeat(e, sa);
	if (sa->ways && sa->ways->best_only && wait > IKE_WAY_WAIT_MS)
		wait = IKE_WAY_WAIT_MS;
	ike_timer_set(e, &sa->timers[IKE_TIMER_RETRANSMIT], ike_later(now, wait));
}

static void send_first(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	sa->out.tries = 0;
	sa->out.hint = 0;
	sa->out.wait = sa->out.probe_ms ? sa->out.probe_ms : sa->conn->retransmit_ms;
	ike_send_again(e, sa, now);
}

static enum ike_step send_new(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	sa->out.spread = false;
	if (sa->ways)
		sa->ways->asked = true;
	send_first(e, sa, now);
	return IKE_MORE;
}

/* What is out goes over another way now, or over one that works again: as if for the first time. */
void ike_resend(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	if (sa->out.request.data)
		send_first(e, sa, now);
}

/*
 * The next request has this message ID. One that is out goes out again under it, as if for the
 * first time.
 */
void ike_renumber(struct ike_engine *e, struct ike_sa *sa, uint64_t now, uint32_t id)
{
	struct ike_header hdr;
	uint8_t first;
	size_t len;

	sa->out.next_id = id;
	ike_fragments_drop(e, sa->out.waiting);
	if (!sa->out.request.data)
		return;
	if (!reopen(e, sa, &sa->out.request, &hdr, &first, &len)) {
		ike_sa_down(e, sa, "could not build a request");
		return;
	}
	hdr.message_id = id;
	if (seal(e, sa, &hdr, ike_slice(e->plain, len), first,
		 sa->out.is_probe ? SIZE_MAX : room_for(e, sa, &sa->path.local),
		 &sa->out.request)) {
		ike_sa_down(e, sa, "could not build a request");
		return;
	}
	send_first(e, sa, now);
}

static void not_a_probe(struct ike_sa *sa)
{
	sa->out.is_probe = false;
	sa->out.probe_ms = 0;
	sa->out.packets = IKE_PACKETS_ANY;
}

/* The request of the task at work. Its answer is what that waits for then. */
enum ike_step ike_send_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			       struct ike_slice message)
{
	if (ike_buffer_set(&sa->out.request, message)) {
		ike_sa_down(e, sa, "out of memory");
		return IKE_DONE;
	}
	not_a_probe(sa);
	return send_new(e, sa, now);
}

static enum ike_step request(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			     struct ike_builder *inner, size_t room)
{
	struct ike_header hdr =
		ike_sa_header(sa, sa->out.task->exchange->type, false, sa->out.next_id);

	/* Section 2.2: message IDs don't wrap. */
	if (sa->out.next_id == UINT32_MAX || ike_seal(e, sa, &hdr, inner, room, &sa->out.request)) {
		ike_sa_down(e, sa, "could not build a request");
		return IKE_DONE;
	}
	return send_new(e, sa, now);
}

/* The same under protection, from the payloads in `inner`. */
enum ike_step ike_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			  struct ike_builder *inner)
{
	not_a_probe(sa);
	return request(e, sa, now, inner, room_for(e, sa, &sa->path.local));
}

/*
 * The same in packets of this kind, to see whether they come through. If there is no answer in
 * time, it goes on as any request does, in packets of another kind. Never in fragments of IKE:
 * there are peers that take none of INFORMATIONAL.
 */
enum ike_step ike_request_probe(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
				struct ike_builder *inner, enum ike_packets packets,
				uint32_t wait_ms)
{
	sa->out.is_probe = true;
	sa->out.probe_ms = wait_ms;
	sa->out.packets = (uint8_t)packets;
	return request(e, sa, now, inner, SIZE_MAX);
}

/* It is answered: the next one has the next message ID. */
void ike_request_done(struct ike_engine *e, struct ike_sa *sa)
{
	ike_buffer_free(&sa->out.request);
	ike_fragments_drop(e, sa->out.waiting);
	sa->out.next_id++;
	ike_timer_set(e, &sa->timers[IKE_TIMER_RETRANSMIT], IKE_NEVER);
}

/* The last one is smaller in any case. */
static unsigned tries_of_one_size(const struct ike_connection *conn)
{
	return conn->retransmit_tries < IKE_SMALLER_AFTER ? conn->retransmit_tries
							  : IKE_SMALLER_AFTER;
}

/* What can be answered at once. With the others the peer may be at work, and say nothing. */
static bool is_simple(const struct ike_task *task)
{
	return task->exchange->type == IKE_INFORMATIONAL;
}

static unsigned most_tries(const struct ike_sa *sa)
{
	return sa->out.hint ? sa->out.most : sa->conn->retransmit_tries;
}

static uint64_t next_wait(const struct ike_sa *sa, uint64_t wait)
{
	return sa->out.hint && is_simple(sa->out.task) ? wait
						       : wait * sa->conn->retransmit_percent / 100;
}

/* When the peer is taken for dead unless it answers, but `most` at the latest. */
static uint64_t end_of_tries(const struct ike_sa *sa, uint64_t most)
{
	uint64_t at = sa->timers[IKE_TIMER_RETRANSMIT].at, wait = sa->out.wait;

	for (unsigned n = sa->out.tries; n < most_tries(sa) && at < most; n++) {
		wait = next_wait(sa, wait);
		at = ike_later(at, wait);
	}
	return at < most ? at : most;
}

/*
 * It is said that the peer can't answer the request that is out. What can be answered at once is
 * asked a few times more, in quick succession; for all else the peer has as long as our own data
 * path would. In no case is it waited for longer than without the hint. Tries are counted, and no
 * moment set: if this host itself stands still for a while, the peer has its time nevertheless.
 */
void ike_hasten(struct ike_engine *e, struct ike_sa *sa, uint64_t now, uint16_t hint)
{
	bool simple = is_simple(sa->out.task);
	uint64_t patience = simple ? IKE_HINT_PATIENCE_MS : e->config.job_timeout_ms;
	uint64_t end = end_of_tries(sa, ike_later(now, patience));
	uint64_t at = sa->timers[IKE_TIMER_RETRANSMIT].at;
	uint64_t wait;

	sa->out.hint = hint;
	sa->out.most = sa->out.tries;
	if (simple && sa->out.wait > IKE_HINT_WAIT_MS)
		sa->out.wait = IKE_HINT_WAIT_MS;
	if (simple && at > now + IKE_HINT_WAIT_MS)
		at = now + IKE_HINT_WAIT_MS;
	ike_timer_set(e, &sa->timers[IKE_TIMER_RETRANSMIT], at);
	wait = next_wait(sa, sa->out.wait);
	while (wait && ike_later(at, wait) <= end) {
		sa->out.most++;
		at += wait;
		wait = next_wait(sa, wait);
	}
}

/* RFC 9329, section 5: what isn't answered over UDP is asked over TCP, if so configured. */
static bool falls_back(const struct ike_sa *sa)
{
	return sa->conn->tcp == IKE_TCP_FALLBACK && sa->state == IKE_STATE_CONNECTING &&
	       !sa->path.local.tcp && sa->out.tries == IKE_TCP_AFTER;
}

static void fall_back(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	char text[IKE_ADDR_TEXT];

	ike_path_connect(sa);
	ike_addr_text(&sa->path.remote, text, sizeof(text));
	ike_log(e, IKE_LOG_INFO, sa, "%s doesn't answer over UDP: TCP port %u now", text,
		sa->path.remote.port);
	ike_resend(e, sa, now);
}

/* The probe is lost: what was too large whole goes on cut, and what can't be cut whole. */
static void go_on_otherwise(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	sa->out.probe_ms = 0;
	sa->out.packets = sa->out.packets == IKE_PACKETS_WHOLE ? IKE_PACKETS_CUT : IKE_PACKETS_ANY;
	send_first(e, sa, now);
}

void ike_retransmit(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	if (sa->out.probe_ms) {
		go_on_otherwise(e, sa, now);
		return;
	}
	if (falls_back(sa)) {
		fall_back(e, sa, now);
		return;
	}
	if (sa->ways && sa->ways->best_only) { /* over the others, too */
		sa->ways->best_only = false;
		ike_send_again(e, sa, now);
		return;
	}
	if (sa->out.tries < most_tries(sa)) {
		sa->out.tries++;
		sa->out.wait = next_wait(sa, sa->out.wait);
	} else if (!ike_mobike_has_no_address(e, sa)) {
		ike_sa_unanswered(e, sa);
		return;
	}
	e->stats.retransmissions_out++;
	ike_log(e, IKE_LOG_DEBUG, sa, "retransmission %u of %s", sa->out.tries,
		sa->out.task->exchange->name);
	ike_path_unanswered(e, sa);
	ike_mobike_unanswered(e, sa, now);
	if (!sa->out.is_probe && sa->out.tries == tries_of_one_size(sa->conn))
		ike_smaller(e, sa, &sa->path.local, &sa->out.request);
	ike_send_again(e, sa, now);
}

/* Answer the peer's request that is at work. */
enum ike_step ike_respond(struct ike_engine *e, struct ike_sa *sa, uint8_t exchange,
			  struct ike_builder *inner)
{
	struct ike_header hdr = ike_sa_header(sa, exchange, true, sa->in.next_id - 1);

	if (ike_seal(e, sa, &hdr, inner, room_for(e, sa, &sa->in.local), &sa->in.response))
		ike_sa_down(e, sa, "could not build a response");
	else
		ike_emit_message(e, &sa->in.local, &sa->in.remote, &sa->in.response);
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
void ike_answer_begin(struct ike_engine *e, struct ike_builder *b, const struct ike_in *in,
		      uint64_t spi_r)
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

	ike_build_message(b, e->out, sizeof(e->out), &hdr);
}

void ike_answer_end(struct ike_engine *e, struct ike_builder *b, const struct ike_in *in)
{
	if (ike_build_finish(b) == 0)
		ike_emit_send(e, &in->local, &in->remote, in->local.port == e->config.port_natt,
			      ike_written(&b->w));
}

/* One of nothing but a notify. */
void ike_answer_plain(struct ike_engine *e, const struct ike_in *in, uint64_t spi_r, uint16_t type,
		      struct ike_slice data)
{
	struct ike_builder b;

	ike_answer_begin(e, &b, in, spi_r);
	ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0), type, data);
	ike_answer_end(e, &b, in);
}

static void refill(struct ike_rate *rate, uint64_t now)
{
	uint64_t gained =
		now > rate->refill_at ? (now - rate->refill_at) / IKE_RATE_INTERVAL_MS : 0;

	rate->refill_at += gained * IKE_RATE_INTERVAL_MS;
	rate->spent = gained > rate->spent ? 0 : rate->spent - (unsigned)gained;
}

/* Would one more be allowed? */
bool ike_rate_has_left(struct ike_rate *rate, uint64_t now)
{
	refill(rate, now);
	return rate->spent < IKE_RATE_BURST;
}

/* One more? */
bool ike_rate_allows(struct ike_rate *rate, uint64_t now)
{
	if (!ike_rate_has_left(rate, now))
		return false;
	rate->spent++;
	return true;
}

/* So that forged datagrams can't make us send without bound. */
bool ike_answer_allowed(struct ike_engine *e, uint64_t now)
{
	return ike_rate_allows(&e->answers, now);
}
