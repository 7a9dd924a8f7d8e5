/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/member.h"

#include <stdlib.h>

void sync_write(struct ike_builder *b, const struct sync *s)
{
	uint8_t data[12];
	struct ike_writer w = ike_writer(data, sizeof(data));

	ike_put_slice(&w, ike_slice(s->nonce, sizeof(s->nonce)));
	ike_put_u32(&w, s->next);
	ike_put_u32(&w, s->expected);
	ike_write_notify(b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_IKEV2_MESSAGE_ID_SYNC,
			 ike_written(&w));
}

struct ike_buffer sync_request(struct ike_engine *e, struct ike_sa *sa, const struct sync *s)
{
	struct ike_header hdr = ike_sa_header(sa, IKE_INFORMATIONAL, false, 0);
	struct ike_buffer message = {0};
	uint8_t inner[64], delta[4];
	struct ike_writer w = ike_writer(delta, sizeof(delta));
	struct ike_builder b;

	ike_build_chain(&b, inner, sizeof(inner));
	sync_write(&b, s);
	ike_put_u32(&w, s->delta);
	if (s->delta)
		ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0),
				 IKE_N_IPSEC_REPLAY_COUNTER_SYNC, ike_written(&w));
	if (ike_seal(e, sa, &hdr, &b, SIZE_MAX, &message))
		abort();
	return message;
}

void member_begin(struct member *m, struct ike_engine *e, struct ike_sa *sa, const struct sync *s)
{
	if (sa->out.task || sa->in.task)
		abort();
	m->ike_id = sa->id;
	m->sync = *s;
	m->request = sync_request(e, sa, s);
	sa->out.next_id = s->next;
}

void member_end(struct member *m)
{
	ike_buffer_free(&m->request);
	*m = (struct member){0};
}

static bool read_answer(const struct sync *s, const struct ike_payloads *p, struct sync *answer)
{
	struct ike_notify n;
	struct ike_cursor c;

	if (payload_total(p) != 1 || !ike_find_notify(p, IKE_N_IKEV2_MESSAGE_ID_SYNC, &n) ||
	    n.data.len != 12 || memcmp(n.data.data, s->nonce, sizeof(s->nonce)) != 0)
		return false;
	c = ike_cursor(n.data);
	ike_get_u32(&c);
	answer->next = ike_get_u32(&c);
	answer->expected = ike_get_u32(&c);
	return answer->next >= s->expected && answer->expected == s->next;
}

bool member_hears(struct member *m, struct ike_engine *e, struct ike_slice datagram)
{
	struct ike_sa *sa = ike_sa_find_id(e, m->ike_id);
	struct ike_in in = {.datagram = datagram};
	struct sync answer;
	size_t len;

	if (!sa || ike_header_parse(datagram, &in.hdr) || !(in.hdr.flags & IKE_FLAG_RESPONSE) ||
	    in.hdr.message_id || in.hdr.spi_i != sa->spi_i || in.hdr.spi_r != sa->spi_r ||
	    in.hdr.exchange != IKE_INFORMATIONAL ||
	    ike_message_parse(datagram, in.hdr.next_payload, &in.payloads) ||
	    in.payloads.encrypted_type != IKE_PAYLOAD_SK ||
	    !ike_open(e, sa, &in, in.payloads.encrypted, &len) ||
	    ike_payloads_parse(ike_slice(e->plain, len), in.payloads.inner_first, &in.payloads) ||
	    !read_answer(&m->sync, &in.payloads, &answer))
		return false;
	sa->in.next_id = answer.next;
	ike_buffer_free(&sa->in.response);
	ike_fragments_drop(e, sa->in.waiting);
	member_end(m);
	return true;
}
