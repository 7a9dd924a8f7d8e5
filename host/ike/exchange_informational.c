/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INFORMATIONAL (RFC 7296, section 1.4): is the peer alive, and deletion.
 *
 *   HDR, SK {}                      -->    <--  HDR, SK {}
 *   HDR, SK {D(ESP, our SPIs)}      -->    <--  HDR, SK {D(ESP, theirs)}
 *   HDR, SK {D(IKE)}                -->    <--  HDR, SK {}
 *   HDR, SK {N(AUTHENTICATION_FAILED)} --> <--  HDR, SK {}
 */
#include "host/ike/sa.h"

static const struct ike_slice nothing;

static void write_child_delete(struct ike_builder *b, struct ike_sa *sa)
{
	uint8_t spis[4 * IKE_CHILDREN_MAX];
	struct ike_writer w = ike_writer(spis, sizeof(spis));

	for (struct ike_child *child = sa->children; child; child = child->next) {
		if (child->state != IKE_CHILD_DELETE_QUEUED)
			continue;
		child->state = IKE_CHILD_DELETING;
		ike_put_u32(&w, child->spi_in);
	}
	ike_write_delete(b, IKE_PROTO_ESP, 4, (uint16_t)(w.len / 4), ike_written(&w));
}

int ike_informational_start(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			    enum ike_task task)
{
	struct ike_builder b;

	ike_build_chain(&b, e->inner, sizeof(e->inner));
	switch (task) {
	case IKE_TASK_DELETE_IKE:
		if (sa->auth_failed)
			ike_write_notify(&b, IKE_PROTO_NONE, nothing, IKE_N_AUTHENTICATION_FAILED,
					 nothing);
		else
			ike_write_delete(&b, IKE_PROTO_IKE, 0, 0, nothing);
		break;
	case IKE_TASK_DELETE_CHILDREN:
		write_child_delete(&b, sa);
		break;
	default:
		sa->dpd_wanted = false;
		break;
	}
	return ike_request(e, sa, now, task, IKE_INFORMATIONAL, &b);
}

void ike_informational_process_response(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in)
{
	enum ike_task task = sa->task;
	struct ike_child *next;
	struct ike_notify n;

	ike_request_done(sa);
	if (task == IKE_TASK_DELETE_IKE) {
		ike_sa_down(e, sa, sa->reason);
		return;
	}
	if (ike_find_notify(&in->payloads, IKE_N_INVALID_SYNTAX, &n)) {
		ike_sa_down(e, sa, "INVALID_SYNTAX from peer"); /* section 2.21.3: fatal in both */
		return;
	}
	if (task != IKE_TASK_DELETE_CHILDREN)
		return;
	for (struct ike_child *child = sa->children; child; child = next) {
		next = child->next;
		if (child->state == IKE_CHILD_DELETING)
			ike_child_remove(e, child, child->reason);
	}
}

static struct ike_child *find_by_peer_spi(struct ike_sa *sa, uint32_t spi)
{
	struct ike_child *child = sa->children;

	while (child && (child->spi_out != spi || child->state == IKE_CHILD_REQUESTED))
		child = child->next;
	return child;
}

/*
 * The peer deletes its inbound SPIs; ours of the same Child SAs go with them. One that we are
 * deleting as well isn't answered with: our own request says it (section 1.4.1).
 */
static void delete_children(struct ike_engine *e, struct ike_sa *sa, const struct ike_delete *d,
			    struct ike_writer *answer)
{
	struct ike_cursor c = ike_cursor(d->spis);

	for (unsigned i = 0; i < d->count; i++) {
		struct ike_child *child = find_by_peer_spi(sa, ike_get_u32(&c));

		if (!child)
			continue;
		if (child->state != IKE_CHILD_DELETING)
			ike_put_u32(answer, child->spi_in);
		ike_child_remove(e, child, "deleted by peer");
	}
}

void ike_informational_process_request(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in)
{
	uint8_t spis[4 * IKE_CHILDREN_MAX];
	struct ike_writer answer = ike_writer(spis, sizeof(spis));
	const char *down = NULL;
	struct ike_builder b;
	struct ike_delete d;
	struct ike_notify n;

	for (unsigned i = 0; i < in->payloads.count; i++) {
		if (in->payloads.list[i].type == IKE_PAYLOAD_DELETE &&
		    ike_parse_delete(in->payloads.list[i].body, &d)) {
			ike_respond_notify(e, sa, IKE_INFORMATIONAL, IKE_N_INVALID_SYNTAX, nothing);
			ike_sa_down(e, sa, "peer sent a malformed delete");
			return;
		}
	}
	for (unsigned i = 0; i < in->payloads.count; i++) {
		if (in->payloads.list[i].type != IKE_PAYLOAD_DELETE ||
		    ike_parse_delete(in->payloads.list[i].body, &d))
			continue;
		if (d.protocol == IKE_PROTO_IKE)
			down = "deleted by peer";
		else if (d.protocol == IKE_PROTO_ESP)
			delete_children(e, sa, &d, &answer);
	}
	if (ike_find_notify(&in->payloads, IKE_N_AUTHENTICATION_FAILED, &n))
		down = "AUTHENTICATION_FAILED from peer: wrong pre-shared key or identity?";
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	if (answer.len)
		ike_write_delete(&b, IKE_PROTO_ESP, 4, (uint16_t)(answer.len / 4),
				 ike_written(&answer));
	ike_respond(e, sa, IKE_INFORMATIONAL, &b);
	if (down)
		ike_sa_down(e, sa, down);
}
