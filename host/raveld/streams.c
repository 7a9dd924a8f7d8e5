// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/streams.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/esp/stream.h"
#include "host/raveld/endpoint.h"
#include "host/sa/hash.h"

#include <utlist.h>

#define ACCEPTED_A_TURN 64
#define READS_A_TURN 4
#define READ 65536
#define SWEEP_MS 5000
/* Seconds until a peer is asked whether it is there, from then to the next time, and how often.
 * With nothing heard for so long a connection has ended. */
#define ALIVE_IDLE 30
#define ALIVE_INTERVAL 10
#define ALIVE_COUNT 3
#define SILENT_MS 60000

/* One connection. The loop's thread makes it and ends it. */
struct stream {
	struct streams *s;
	struct ike_pair pair;
	int fd;
	bool made; /* here */
	uv_poll_t poll;
	struct rvl_stream *in;
	uint64_t used_at; /* by an IKE SA, or when it began */
	bool is_used;
	struct stream *prev, *next; /* of those that aren't used, the oldest first */
	/* Under the lock: */
	bool connected;
	bool watched; /* for room, or it is about to be */
	struct stream *next_full;
	uint8_t *out;
	size_t out_at, out_len, out_room; /* what waits is [at, len) */
	UT_hash_handle hh;
};

struct listener {
	struct streams *s;
	int fd; /* -1: none of this family */
	uv_poll_t poll;
};

struct streams {
	struct streams_config config;
	struct listener listeners[2];
	uv_timer_t sweep;
	uv_async_t full; /* some have to be watched for room */
	int open_handles;
	struct stream *strangers;
	size_t stranger_count;
	uint8_t room[READ];
	pthread_mutex_t lock; /* guards all below */
	struct stream *all;
	struct stream *first_full;
	struct streams_counters counters;
};

/* ------------------------------------------------------------------------------------ their end */

static void handle_closed(struct streams *s)
{
	if (--s->open_handles)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void on_handle_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void on_stream_closed(uv_handle_t *handle)
{
	struct stream *c = handle->data;
	struct streams *s = c->s;

	close(c->fd);
	rvl_stream_free(c->in);
	if (c->out)
		OPENSSL_cleanse(c->out, c->out_room);
	free(c->out);
	free(c);
	handle_closed(s);
}

static void set_used(struct stream *c, bool used)
{
	struct streams *s = c->s;

	if (c->is_used == used)
		return;
	c->is_used = used;
	if (used) {
		DL_DELETE(s->strangers, c);
		s->stranger_count--;
	} else {
		DL_APPEND(s->strangers, c);
		s->stranger_count++;
	}
}

static void end(struct stream *c)
{
	struct streams *s = c->s;

	set_used(c, true);
	pthread_mutex_lock(&s->lock);
	HASH_DELETE(hh, s->all, c);
	if (s->first_full)
		LL_DELETE2(s->first_full, c, next_full);
	pthread_mutex_unlock(&s->lock);
	uv_close((uv_handle_t *)&c->poll, on_stream_closed);
}

/* It has ended by itself, or for what came. */
static void lose(struct stream *c, const char *why)
{
	const struct ike_pair pair = c->pair;
	const bool tell = c->made && c->connected;
	struct streams *s = c->s;
	char text[IKE_ADDR_TEXT];

	ike_addr_text(&pair.remote, text, sizeof(text));
	log_debug(s->config.log, "TCP connection with %s port %u: %s", text, pair.remote.port, why);
	end(c);
	if (tell)
		s->config.ended(s->config.context, &pair);
}

static void count(struct streams *s, uint64_t *counter)
{
	pthread_mutex_lock(&s->lock);
	++*counter;
	pthread_mutex_unlock(&s->lock);
}

/* ----------------------------------------------------------------------------------- what is sent
 */

static struct stream *find(struct streams *s, const struct ike_pair *pair)
{
	struct stream *c;

	HASH_FIND(hh, s->all, pair, sizeof(*pair), c);
	return c;
}

/* ---- All below, up to the next line like this: with the lock held. */

static bool has_waiting(const struct stream *c)
{
	return c->out_at < c->out_len;
}

static bool append(struct stream *c, const uint8_t *octets, size_t len)
{
	size_t waiting = c->out_len - c->out_at, room;
	uint8_t *grown;

	if (c->out_at) {
		memmove(c->out, c->out + c->out_at, waiting);
		c->out_at = 0;
		c->out_len = waiting;
	}
	for (room = c->out_room ? c->out_room : READ; room < waiting + len;)
		room *= 2;
	if (room > c->out_room) {
		grown = realloc(c->out, room);
		if (!grown)
			return false;
		c->out = grown;
		c->out_room = room;
	}
	memcpy(c->out + c->out_len, octets, len);
	c->out_len += len;
	return true;
}

/* Once there is room again: watched by the loop's thread. */
static void watch_for_room(struct stream *c)
{
	struct streams *s = c->s;

	if (c->watched)
		return;
	c->watched = true;
	LL_PREPEND2(s->first_full, c, next_full);
	uv_async_send(&s->full);
}

/* A message is sent whole or not at all. False: it waits for too much already. */
static bool put(struct stream *c, const uint8_t *head, size_t head_len, struct ike_slice message)
{
	const struct iovec parts[2] = {{(void *)(uintptr_t)head, head_len},
				       {(void *)(uintptr_t)message.data, message.len}};
	const struct msghdr all = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = 2};
	ssize_t n = 0;
	size_t sent;

	if (c->out_len - c->out_at + head_len + message.len > STREAMS_WAITING)
		return false;
	if (c->connected && !has_waiting(c))
		n = sendmsg(c->fd, &all, MSG_NOSIGNAL | MSG_DONTWAIT);
	/* What is wrong with it, whoever reads from it learns. */
	sent = n > 0 ? (size_t)n : 0;
	if (sent == head_len + message.len)
		return true;
	if ((sent < head_len && !append(c, head + sent, head_len - sent)) ||
	    !append(c, message.data + (sent > head_len ? sent - head_len : 0),
		    message.len - (sent > head_len ? sent - head_len : 0))) {
		shutdown(c->fd, SHUT_RDWR); /* in the midst of a message nothing else can follow */
		return false;
	}
	if (c->connected)
		watch_for_room(c);
	return true;
}

static bool put_message(struct stream *c, enum rvl_stream_kind kind, struct ike_slice message)
{
	uint8_t head[RVL_STREAM_HEAD_MAX];
	const size_t len = rvl_stream_head(kind, message.len, head);

	return len && put(c, head, len, message);
}

static void flush(struct stream *c)
{
	ssize_t n = has_waiting(c) ? send(c->fd, c->out + c->out_at, c->out_len - c->out_at,
					  MSG_NOSIGNAL | MSG_DONTWAIT)
				   : 0;

	if (n > 0)
		c->out_at += (size_t)n;
	if (!has_waiting(c))
		c->out_at = c->out_len = 0;
}

/* ---- */

/* ------------------------------------------------------------------------------------ what comes
 */

static void take(void *context, enum rvl_stream_kind kind, const uint8_t *message, size_t len)
{
	const struct stream *c = context;
	const struct streams_config *config = &c->s->config;

	switch (kind) {
	case RVL_STREAM_IKE:
		count(c->s, &c->s->counters.received);
		config->ike(config->context, &c->pair.local, &c->pair.remote,
			    ike_slice(message, len));
		break;
	case RVL_STREAM_ESP:
		count(c->s, &c->s->counters.received_esp);
		config->esp(config->context, &c->pair.local, &c->pair.remote,
			    ike_slice(message, len));
		break;
	case RVL_STREAM_KEEPALIVE:
		break;
	}
}

/* False: it has ended. */
static bool read_some(struct stream *c)
{
	struct streams *s = c->s;

	for (int i = 0; i < READS_A_TURN; i++) {
		ssize_t n = recv(c->fd, s->room, sizeof(s->room), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0) {
			lose(c, n ? strerror(errno) : "its peer has ended it");
			return false;
		}
		if (rvl_stream_take(c->in, s->room, (size_t)n, take, c)) {
			count(s, &s->counters.malformed);
			lose(c, "what came is neither IKE nor ESP in TCP");
			return false;
		}
	}
	return true;
}

static void on_event(uv_poll_t *poll, int status, int events);

static void watch(struct stream *c)
{
	bool room;

	pthread_mutex_lock(&c->s->lock);
	room = c->watched = !c->connected || has_waiting(c);
	pthread_mutex_unlock(&c->s->lock);
	uv_poll_start(&c->poll, UV_READABLE | (room ? UV_WRITABLE : 0), on_event);
}

/* False: it couldn't be made. */
static bool is_connected(struct stream *c)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (c->connected)
		return true;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) || err) {
		lose(c, strerror(err ? err : errno));
		return false;
	}
	pthread_mutex_lock(&c->s->lock);
	c->connected = true;
	pthread_mutex_unlock(&c->s->lock);
	return true;
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct stream *c = poll->data;

	if (!is_connected(c))
		return;
	if (status < 0) {
		lose(c, uv_strerror(status));
		return;
	}
	if (events & UV_WRITABLE) {
		pthread_mutex_lock(&c->s->lock);
		flush(c);
		pthread_mutex_unlock(&c->s->lock);
	}
	if (!(events & UV_READABLE) || read_some(c))
		watch(c);
}

static void on_full(uv_async_t *async)
{
	struct streams *s = async->data;
	struct stream *full, *c, *next;

	pthread_mutex_lock(&s->lock);
	full = s->first_full;
	s->first_full = NULL;
	pthread_mutex_unlock(&s->lock);
	for (c = full; c; c = next) {
		next = c->next_full;
		watch(c);
	}
}

/* ----------------------------------------------------------------------------------- their begin
 */

static void set_options(int fd)
{
	const struct {
		int level, name, value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, ALIVE_IDLE},
		{IPPROTO_TCP, TCP_KEEPINTVL, ALIVE_INTERVAL},
		{IPPROTO_TCP, TCP_KEEPCNT, ALIVE_COUNT},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, SILENT_MS},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

/* Takes the descriptor over. NULL: it is closed. */
static struct stream *begin(struct streams *s, int fd, const struct ike_pair *pair, bool made)
{
	struct stream *c = calloc(1, sizeof(*c));

	if (!c || uv_poll_init(s->config.loop, &c->poll, fd)) {
		free(c);
		close(fd);
		return NULL;
	}
	s->open_handles++;
	set_options(fd);
	c->s = s;
	c->poll.data = c;
	c->fd = fd;
	c->pair = *pair;
	c->made = made;
	c->connected = !made;
	c->in = rvl_stream_new(!made);
	c->used_at = uv_now(s->config.loop);
	c->is_used = true;
	pthread_mutex_lock(&s->lock);
	HASH_ADD(hh, s->all, pair, sizeof(c->pair), c);
	if (made)
		s->counters.made++;
	else
		s->counters.accepted++;
	pthread_mutex_unlock(&s->lock);
	if (!c->hh.tbl || !c->in) {
		if (c->hh.tbl)
			end(c);
		else
			uv_close((uv_handle_t *)&c->poll, on_stream_closed);
		return NULL;
	}
	set_used(c, false);
	watch(c);
	return c;
}

/* Of strangers one address has few, and of many the oldest one goes. */
static bool has_room_for(struct streams *s, const struct ike_addr *remote)
{
	unsigned int of_it = 0;
	struct stream *c;

	for (c = s->strangers; c; c = c->next)
		of_it += !c->made && ike_addr_same_ip(&c->pair.remote, remote);
	if (of_it >= STREAMS_OF_A_STRANGER || HASH_COUNT(s->all) >= STREAMS_MAX)
		return false;
	if (s->stranger_count >= STREAMS_STRANGERS) {
		count(s, &s->counters.refused);
		lose(s->strangers, "too many that come to nothing");
	}
	return true;
}

static void accepted(struct streams *s, int fd, const union endpoint *from)
{
	struct ike_pair pair = {.remote = endpoint_address(from)};
	union endpoint to;
	socklen_t len = sizeof(to);

	if (getsockname(fd, &to.any, &len)) {
		close(fd);
		return;
	}
	pair.local = endpoint_address(&to);
	pair.local.tcp = pair.remote.tcp = true;
	if (endpoint_is_link_local(&pair.remote) || !has_room_for(s, &pair.remote)) {
		count(s, &s->counters.refused);
		close(fd);
		return;
	}
	begin(s, fd, &pair, false);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	struct listener *l = poll->data;
	struct streams *s = l->s;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTED_A_TURN; i++) {
		union endpoint from;
		socklen_t len = sizeof(from);
		int fd = accept4(l->fd, &from.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			accepted(s, fd, &from);
		} else if (errno == EMFILE || errno == ENFILE) { /* until the next sweep */
			count(s, &s->counters.refused);
			uv_poll_stop(poll);
			return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

static struct stream *make(struct streams *s, const struct ike_pair *pair)
{
	static const uint8_t prefix[] = RVL_STREAM_PREFIX;
	union endpoint from, to;
	socklen_t from_len = endpoint_of(&pair->local, &from);
	socklen_t to_len = endpoint_of(&pair->remote, &to);
	int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stream *c;
	char text[IKE_ADDR_TEXT];

	if (fd < 0)
		return NULL;
	if (bind(fd, &from.any, from_len) ||
	    (connect(fd, &to.any, to_len) && errno != EINPROGRESS)) {
		ike_addr_text(&pair->remote, text, sizeof(text));
		log_debug(s->config.log, "can't connect to %s: %s", text, strerror(errno));
		close(fd);
		return NULL;
	}
	c = begin(s, fd, pair, true);
	if (!c)
		return NULL;
	pthread_mutex_lock(&s->lock);
	append(c, prefix, RVL_STREAM_PREFIX_LEN);
	pthread_mutex_unlock(&s->lock);
	return c;
}

void streams_send(struct streams *s, const struct ike_pair *pair, struct ike_slice message)
{
	struct stream *c = find(s, pair);

	if (!c && !pair->local.port)
		c = make(s, pair);
	pthread_mutex_lock(&s->lock);
	if (!c)
		s->counters.drop_absent++;
	else if (put_message(c, RVL_STREAM_IKE, message))
		s->counters.sent++;
	else
		s->counters.drop_full++;
	pthread_mutex_unlock(&s->lock);
}

void streams_send_esp(struct streams *s, const struct ike_pair *pair, struct ike_slice message)
{
	struct stream *c;

	pthread_mutex_lock(&s->lock);
	c = find(s, pair);
	if (!c)
		s->counters.drop_absent++;
	else if (put_message(c, RVL_STREAM_ESP, message))
		s->counters.sent_esp++;
	else
		s->counters.drop_full++;
	pthread_mutex_unlock(&s->lock);
}

/* ------------------------------------------------------------------------------------ all of them
 */

void streams_use(struct streams *s, const struct ike_pair *pair)
{
	struct stream *c = find(s, pair);

	if (!c)
		return;
	c->used_at = uv_now(s->config.loop);
	set_used(c, true);
}

static void on_sweep(uv_timer_t *timer)
{
	struct streams *s = timer->data;
	const uint64_t now = uv_now(s->config.loop);
	struct stream *c, *next;

	for (int i = 0; i < 2; i++)
		if (s->listeners[i].fd >= 0)
			uv_poll_start(&s->listeners[i].poll, UV_READABLE, on_connection);
	if (!s->all)
		return;
	s->config.mark(s->config.context);
	for (c = s->all; c; c = c->hh.next)
		set_used(c, c->used_at == now);
	for (c = s->strangers; c; c = next) {
		next = c->next;
		if (now - c->used_at < STREAMS_STRANGER_MS)
			continue;
		count(s, &s->counters.idle);
		end(c);
	}
}

static int listen_on(struct streams *s, struct listener *l, uint8_t family)
{
	const struct ike_addr all = {.family = family, .port = s->config.port};
	union endpoint any;
	socklen_t len = endpoint_of(&all, &any);
	int on = 1, err;

	l->fd = socket(any.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return errno == EAFNOSUPPORT && family == 6 ? 0 : -errno;
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if ((family == 6 && setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) ||
	    bind(l->fd, &any.any, len) || listen(l->fd, ACCEPTED_A_TURN))
		err = -errno;
	else
		err = uv_poll_init(s->config.loop, &l->poll, l->fd);
	if (err) {
		close(l->fd);
		l->fd = -1;
		return err;
	}
	s->open_handles++;
	l->poll.data = l;
	return uv_poll_start(&l->poll, UV_READABLE, on_connection);
}

int streams_open(const struct streams_config *config, struct streams **out)
{
	struct streams *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->config = *config;
	pthread_mutex_init(&s->lock, NULL);
	uv_timer_init(config->loop, &s->sweep);
	uv_async_init(config->loop, &s->full, on_full);
	s->sweep.data = s->full.data = s;
	s->open_handles = 2;
	for (int i = 0; i < 2; i++)
		s->listeners[i] = (struct listener){.s = s, .fd = -1};
	for (int i = 0; !err && config->port && i < 2; i++)
		err = listen_on(s, &s->listeners[i], i ? 6 : 4);
	if (err) {
		log_error(config->log, "TCP port %u: %s", config->port, strerror(-err));
		streams_close(s);
		return err;
	}
	uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	*out = s;
	return 0;
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	close(l->fd);
	handle_closed(l->s);
}

void streams_close(struct streams *s)
{
	struct stream *c, *next;

	if (!s)
		return;
	for (c = s->all; c; c = next) {
		next = c->hh.next;
		end(c);
	}
	for (int i = 0; i < 2; i++)
		if (s->listeners[i].fd >= 0)
			uv_close((uv_handle_t *)&s->listeners[i].poll, on_listener_closed);
	uv_close((uv_handle_t *)&s->sweep, on_handle_closed);
	uv_close((uv_handle_t *)&s->full, on_handle_closed);
}

struct streams_counters streams_counters(struct streams *s)
{
	struct streams_counters counters;

	pthread_mutex_lock(&s->lock);
	counters = s->counters;
	pthread_mutex_unlock(&s->lock);
	return counters;
}
