// SPDX-License-Identifier: BSD-2-Clause
/* TCP connections between the IKE core, the data path and their sockets (RFC 9329). */
#include "host/raveld/daemon.h"

static uint64_t now_of(struct daemon *d)
{
	uv_update_time(&d->loop);
	return uv_now(&d->loop);
}

static void take_ike(void *context, const struct ike_addr *local, const struct ike_addr *remote,
		     struct ike_slice message)
{
	struct daemon *d = context;

	ike_receive(d->engine, now_of(d), local, remote, message);
	negotiation_settle(d);
}

static void take_esp(void *context, const struct ike_addr *local, const struct ike_addr *remote,
		     struct ike_slice message)
{
	struct daemon *d = context;
	const struct rvl_addr src = ike_addr_ip(remote), dst = ike_addr_ip(local);

	if (d->datapath)
		datapath_take_esp(d->datapath, &src, &dst, message.data, message.len);
}

static void ended(void *context, const struct ike_pair *pair)
{
	struct daemon *d = context;

	if (d->stopping)
		return;
	ike_disconnected(d->engine, now_of(d), pair);
	negotiation_settle(d);
}

static void mark_one(void *context, const struct ike_pair *pair)
{
	streams_use(context, pair);
}

static void mark(void *context)
{
	struct daemon *d = context;

	ike_each_connected(d->engine, mark_one, d->streams);
}

/* On a data thread. */
static void send_esp(void *context, const struct rvl_sa_params *sa, const uint8_t *esp, size_t len)
{
	struct ike_pair pair = {
		.local = ike_addr_of(&sa->src, sa->src_port),
		.remote = ike_addr_of(&sa->dst, sa->dst_port),
	};

	pair.local.tcp = pair.remote.tcp = true;
	streams_send_esp(((struct daemon *)context)->streams, &pair, ike_slice(esp, len));
}

int tcp_start(struct daemon *d)
{
	const struct streams_config config = {
		.loop = &d->loop,
		.log = &d->log,
		.port = d->conf->daemon.port_tcp,
		.ike = take_ike,
		.esp = take_esp,
		.ended = ended,
		.mark = mark,
		.context = d,
	};
	int err = streams_open(&config, &d->streams);

	for (struct rvl_frames *f = err ? NULL : d->backend->frames; f; f = f->next) {
		f->to_stream = send_esp;
		f->stream_context = d;
	}
	return err;
}
