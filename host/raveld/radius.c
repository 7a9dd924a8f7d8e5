// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/radius.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/raveld/endpoint.h"

enum {
	IDS = 256,	    /* requests of a socket that are out at once: their identifiers */
	PORTS_MAX = 16,	    /* sockets of a server */
	LASTING_MS = 28000, /* in all: the peer has half a minute (half_open_timeout_ms) */
};

/* A socket of a server's, and which of its identifiers are whose. */
struct port {
	uv_udp_t udp;
	enum radius_kind kind;
	struct server *server;
	struct port *next;
	struct query *queries[IDS];
	unsigned int used;
	uint8_t last; /* identifier, of which the next one is tried first */
};

/* Of the two services that a server has. */
struct service {
	struct port *ports;
	unsigned int port_count;
	uint64_t dead_until; /* by the loop's clock; 0: it isn't */
};

struct server {
	struct conf_radius_server conf;
	struct service services[RADIUS_KINDS];
	bool complained; /* of its answers, since there was a good one */
};

/* Something that waits for an answer. */
struct query {
	struct radius *radius;
	struct query *next;
	struct query **to_this;
	enum radius_kind kind;
	char only[CONF_NAME_MAX]; /* the server that is asked; or empty */
	struct ike_random random;
	radius_heard_fn *heard;
	void *context;
	struct server *server; /* that was asked last, and by which socket; NULL: none yet */
	struct port *port;
	bool asked[CONF_RADIUS_MAX]; /* those before it */
	const char *why;	     /* it is given up */
	uint64_t began;
	uint64_t wait_ms;
	unsigned int tries;
	uv_timer_t timer;
	struct radius_packet packet;
};

/* A job that waits for an answer. */
struct relayed {
	struct radius *radius;
	struct ike_job *job;
	struct radius_relay relay;
};

struct radius {
	uv_loop_t *loop;
	const struct log *log;
	radius_done_fn *done;
	void *context;
	struct conf_radius conf; /* without servers */
	struct server *servers[CONF_RADIUS_MAX];
	size_t server_count;
	struct query *queries;
	bool stopped;
};

struct radius *radius_open(uv_loop_t *loop, const struct log *log, radius_done_fn *done,
			   void *context)
{
	struct radius *radius = calloc(1, sizeof(*radius));

	if (!radius)
		return NULL;
	radius->loop = loop;
	radius->log = log;
	radius->done = done;
	radius->context = context;
	return radius;
}

/* --------------------------------------------------------------------------------------- queries
 */

static void free_query(uv_handle_t *timer)
{
	free(timer->data);
}

static struct service *service_of(struct server *server, enum radius_kind kind)
{
	return &server->services[kind];
}

static void leave_port(struct query *q)
{
	if (!q->port)
		return;
	q->port->queries[radius_packet_id(&q->packet)] = NULL;
	q->port->used--;
	q->port = NULL;
}

/* It is one no more. */
static void end_query(struct query *q)
{
	leave_port(q);
	*q->to_this = q->next;
	if (q->next)
		q->next->to_this = q->to_this;
	uv_close((uv_handle_t *)&q->timer, free_query);
}

/* What is heard may be in the packet, which goes with the query, but not now. */
static void answer(struct query *q, const struct radius_answer *what)
{
	const char *name = what ? q->port->server->conf.name : "";

	end_query(q);
	q->heard(q->context, name, what, q->why);
}

static void on_given_up(uv_timer_t *timer)
{
	answer(timer->data, NULL);
}

/* In the loop's next turn, since who has asked for it isn't told before that. */
static void give_up(struct query *q, const char *why)
{
	leave_port(q);
	q->server = NULL;
	q->why = why;
	uv_timer_start(&q->timer, on_given_up, 0, 0);
}

/* --------------------------------------------------------------------------------------- sockets
 */

static void name_server(const struct server *server, char *out, size_t len)
{
	char text[IKE_ADDR_TEXT];

	ike_addr_text(&server->conf.address, text, sizeof(text));
	snprintf(out, len, "RADIUS server \"%s\" (%s)", server->conf.name, text);
}

static void complain(const struct radius *radius, struct server *server, const char *why)
{
	char name[CONF_NAME_MAX + IKE_ADDR_TEXT + 24];

	name_server(server, name, sizeof(name));
	log_write(radius->log, server->complained ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING,
		  "%s: an answer is ignored: %s", name, why);
	server->complained = true;
}

static void alloc_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	static char octets[RADIUS_MAX];

	(void)handle, (void)suggested;
	*buffer = uv_buf_init(octets, sizeof(octets));
}

static void on_datagram(uv_udp_t *udp, ssize_t len, const uv_buf_t *buffer,
			const struct sockaddr *from, unsigned flags)
{
	struct port *port = udp->data;
	struct radius_answer what;
	const char *why;
	struct query *q;

	/* Errors of the network aren't believed: it is asked again. What is cut isn't whole. */
	if (len < 2 || !from || flags & UV_UDP_PARTIAL)
		return;
	q = port->queries[(uint8_t)buffer->base[1]];
	if (!q) /* twice, or too late */
		return;
	why = radius_answer_read(&what, ike_slice(buffer->base, (size_t)len), &q->packet,
				 ike_secret_slice(&port->server->conf.secret));
	if (why) {
		complain(q->radius, port->server, why);
		return;
	}
	port->server->complained = false;
	service_of(port->server, port->kind)->dead_until = 0;
	answer(q, &what);
}

static void free_port(uv_handle_t *udp)
{
	free(udp->data);
}

static struct port *add_port(struct radius *radius, struct server *server, enum radius_kind kind)
{
	struct service *service = service_of(server, kind);
	struct port *port = service->port_count < PORTS_MAX ? calloc(1, sizeof(*port)) : NULL;
	struct ike_addr address = server->conf.address;
	union endpoint to;

	if (!port)
		return NULL;
	if (kind == RADIUS_ACCOUNTING)
		address.port = server->conf.acct_port;
	endpoint_of(&address, &to);
	uv_udp_init(radius->loop, &port->udp);
	port->udp.data = port;
	port->server = server;
	port->kind = kind;
	if (uv_udp_connect(&port->udp, &to.any) ||
	    uv_udp_recv_start(&port->udp, alloc_buffer, on_datagram)) {
		uv_close((uv_handle_t *)&port->udp, free_port);
		return NULL;
	}
	port->next = service->ports;
	service->ports = port;
	service->port_count++;
	return port;
}

/* A socket with room, which the query has from now on. False: there is none. */
static bool take_port(struct query *q, struct server *server, uint8_t *id)
{
	struct port *port = service_of(server, q->kind)->ports;

	while (port && port->used == IDS)
		port = port->next;
	if (!port)
		port = add_port(q->radius, server, q->kind);
	if (!port)
		return false;
	do
		port->last++;
	while (port->queries[port->last]);
	port->queries[port->last] = q;
	port->used++;
	q->port = port;
	*id = port->last;
	return true;
}

/* --------------------------------------------------------------------------------------- servers
 */

static void ask_next(struct query *q);

static void send_packet(struct query *q)
{
	const struct ike_slice octets = radius_packet_octets(&q->packet);
	uv_buf_t buffer = uv_buf_init((char *)octets.data, (unsigned int)octets.len);

	/* What doesn't leave now is sent again. */
	uv_udp_try_send(&q->port->udp, &buffer, 1, NULL);
}

static void on_timer(uv_timer_t *timer)
{
	struct query *q = timer->data;
	struct radius *radius = q->radius;
	struct server *server = q->server;
	struct service *service = service_of(server, q->kind);
	char name[CONF_NAME_MAX + IKE_ADDR_TEXT + 24];

	if (q->tries++ < radius->conf.retransmit_tries) {
		q->wait_ms = q->wait_ms * 7 / 5;
		send_packet(q);
		uv_timer_start(timer, on_timer, q->wait_ms, 0);
		return;
	}
	if (!service->dead_until) {
		name_server(server, name, sizeof(name));
		log_warning(radius->log, "%s doesn't answer%s", name,
			    q->kind == RADIUS_ACCOUNTING ? " to accounting" : "");
	}
	service->dead_until = uv_now(radius->loop) + 1000ull * radius->conf.dead_time;
	ask_next(q);
}

static void ask(struct query *q, struct server *server)
{
	uint8_t id;

	leave_port(q);
	q->server = server;
	if (!take_port(q, server, &id)) {
		give_up(q, "too many wait for RADIUS servers, or there is no way to one");
		return;
	}
	/* Its place among the identifiers is read off the packet, sealed or not. */
	q->packet.data[1] = id;
	if (radius_packet_seal(&q->packet, id, ike_secret_slice(&server->conf.secret),
			       &q->random)) {
		give_up(q, "no random numbers, or no MD5, for a RADIUS server");
		return;
	}
	q->tries = 0;
	q->wait_ms = 1000ull * q->radius->conf.retransmit_timeout;
	send_packet(q);
	uv_timer_start(&q->timer, on_timer, q->wait_ms, 0);
}

static bool is_dead(const struct query *q, struct server *server)
{
	return service_of(server, q->kind)->dead_until > uv_now(q->radius->loop);
}

/* The first that wasn't asked: those that have been silent are tried when no other is left. */
static struct server *choose(struct query *q)
{
	const struct radius *radius = q->radius;
	size_t found = radius->server_count;

	for (size_t i = radius->server_count; i-- > 0;)
		if (!q->asked[i] &&
		    (found == radius->server_count || !is_dead(q, radius->servers[i]) ||
		     is_dead(q, radius->servers[found])))
			found = i;
	if (found == radius->server_count)
		return NULL;
	q->asked[found] = true;
	return radius->servers[found];
}

/* A conversation goes on where it has begun. */
static void ask_next(struct query *q)
{
	const struct radius *radius = q->radius;
	const char *name = q->only;
	struct server *server = NULL;

	if (!*name)
		server = choose(q);
	for (size_t i = 0; *name && i < radius->server_count; i++)
		if (!strcmp(radius->servers[i]->conf.name, name) && !q->asked[i]) {
			q->asked[i] = true;
			server = radius->servers[i];
		}
	if (server && uv_now(radius->loop) - q->began < LASTING_MS)
		ask(q, server);
	else
		give_up(q, "no RADIUS server answers");
}

int radius_ask(struct radius *radius, enum radius_kind kind, const struct radius_packet *packet,
	       const char *server, const struct ike_random *random, radius_heard_fn *heard,
	       void *context)
{
	struct query *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->radius = radius;
	q->kind = kind;
	q->random = *random;
	q->heard = heard;
	q->context = context;
	q->packet = *packet;
	q->packet.w.data = q->packet.data;
	snprintf(q->only, sizeof(q->only), "%s", server);
	q->began = uv_now(radius->loop);
	uv_timer_init(radius->loop, &q->timer);
	q->timer.data = q;
	q->next = radius->queries;
	q->to_this = &radius->queries;
	if (q->next)
		q->next->to_this = &q->next;
	radius->queries = q;
	ask_next(q);
	return 0;
}

bool radius_has_stopped(const struct radius *radius)
{
	return radius->stopped;
}

const struct conf_radius *radius_conf(const struct radius *radius)
{
	return &radius->conf;
}

/* ------------------------------------------------------------------------------------------ jobs
 */

static void on_relayed(void *context, const char *server, const struct radius_answer *what,
		       const char *why)
{
	struct relayed *r = context;
	struct radius *radius = r->radius;
	struct ike_job *job = r->job;

	if (radius->stopped) {
		ike_job_free(job);
	} else {
		if (why)
			snprintf(job->reason, sizeof(job->reason), "%s", why);
		radius_relay_answer(&r->relay, job, server, what);
		radius->done(radius->context, job);
	}
	free(r);
}

bool radius_run(struct radius *radius, const struct radius_relay *relay, struct ike_job *job)
{
	struct relayed *r = calloc(1, sizeof(*r));
	struct radius_packet packet;

	if (!r) {
		job->error = -ENOMEM;
		return true;
	}
	*r = (struct relayed){radius, job, *relay};
	snprintf(r->relay.nas_identifier, sizeof(r->relay.nas_identifier), "%s",
		 radius->conf.nas_identifier);
	if (radius_relay_take(&r->relay, job, &packet) == RADIUS_ASK) {
		job->error = radius_ask(radius, RADIUS_AUTHENTICATION, &packet,
					radius_relay_server(job), &job->eap.random, on_relayed, r);
		if (!job->error)
			return false;
	}
	free(r);
	return true;
}

/* --------------------------------------------------------------------------------- configuration
 */

static bool is_same(const struct conf_radius_server *a, const struct conf_radius_server *b)
{
	return !strcmp(a->name, b->name) && ike_addr_equal(&a->address, &b->address) &&
	       a->acct_port == b->acct_port &&
	       ike_slice_equal(ike_secret_slice(&a->secret), ike_secret_slice(&b->secret));
}

/* Whoever waits for it asks another one. */
static void server_free(struct radius *radius, struct server *server)
{
	for (struct query *q = radius->queries; q; q = q->next) {
		if (q->server != server)
			continue;
		leave_port(q);
		q->server = NULL;
		uv_timer_stop(&q->timer);
		ask_next(q);
	}
	for (int kind = 0; kind < RADIUS_KINDS; kind++)
		for (struct port *port = server->services[kind].ports, *other; port; port = other) {
			other = port->next;
			uv_close((uv_handle_t *)&port->udp, free_port);
		}
	ike_secret_clear(&server->conf.secret);
	free(server);
}

static struct server *server_new(const struct conf_radius_server *conf)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server)
		server->conf = *conf;
	return server;
}

int radius_configure(struct radius *radius, const struct conf_radius *conf)
{
	struct server *made[CONF_RADIUS_MAX] = {NULL}, *old[CONF_RADIUS_MAX];
	const size_t old_count = radius->server_count;

	for (size_t i = 0; i < conf->server_count; i++) {
		made[i] = server_new(&conf->servers[i]);
		if (made[i])
			continue;
		while (i-- > 0)
			free(made[i]);
		return -ENOMEM;
	}
	memcpy(old, radius->servers, sizeof(old));
	/* One that is as it was goes on, with what waits for it. */
	for (size_t i = 0; i < conf->server_count; i++)
		for (size_t k = 0; k < old_count; k++)
			if (old[k] && is_same(&old[k]->conf, &made[i]->conf)) {
				ike_secret_clear(&made[i]->conf.secret);
				free(made[i]);
				made[i] = old[k];
				old[k] = NULL;
			}
	memcpy(radius->servers, made, sizeof(made));
	radius->server_count = conf->server_count;
	radius->conf = *conf;
	for (size_t i = 0; i < CONF_RADIUS_MAX; i++)
		ike_secret_clear(&radius->conf.servers[i].secret);
	for (struct query *q = radius->queries; q; q = q->next)
		memset(q->asked, 0, sizeof(q->asked));
	for (size_t k = 0; k < old_count; k++)
		if (old[k])
			server_free(radius, old[k]);
	return 0;
}

void radius_stop(struct radius *radius)
{
	static const struct conf_radius none;

	if (!radius)
		return;
	radius->stopped = true;
	while (radius->queries)
		answer(radius->queries, NULL);
	radius_configure(radius, &none);
}

void radius_free(struct radius *radius)
{
	free(radius);
}
