// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/accounting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <utlist.h>

#include "host/eap/session.h"
#include "host/sa/hash.h"

/* RFC 2866, sections 5.1, 5.6 and 5.10 */
enum status { NOTHING, START, STOP, INTERIM };
enum { AUTHENTIC_RADIUS = 1 };
enum {
	CAUSE_USER_REQUEST = 1,
	CAUSE_LOST_CARRIER = 2,
	CAUSE_SESSION_TIMEOUT = 5,
	CAUSE_ADMIN_RESET = 6,
	CAUSE_ADMIN_REBOOT = 7,
};

enum {
	ENDED_MAX = 10000, /* sessions whose end isn't answered; then the oldest is given up */
	ID_LEN = 40,
};

struct child {
	uint64_t id;
	struct session *session;
	struct child *prev, *next; /* of its session */
	UT_hash_handle hh;
};

struct session {
	struct accounting *accounting;
	uint64_t ike_id;
	char id[ID_LEN];
	uint8_t user_len;
	uint8_t user[IKE_ID_MAX];
	struct ike_grant grant;
	struct ike_addr local;
	struct ike_addr remote;
	unsigned vip_count;
	struct ike_addr vips[IKE_VIPS_MAX];
	uint64_t began; /* by the loop's clock */
	uint64_t ended; /* 0: it hasn't */
	time_t ended_at;
	uint32_t cause;
	struct child *children;
	struct accounting_traffic gone; /* of its Child SAs that have left the data path */
	enum status telling;		/* what waits for an answer */
	enum status told;		/* what was answered last */
	bool last_try;			/* as we end */
	uv_timer_t timer;
	UT_hash_handle hh;
	struct session *next; /* of those that have ended */
};

struct accounting {
	struct accounting_config config;
	time_t opened;
	struct session *sessions; /* by IKE SA */
	struct child *children;	  /* by id */
	struct session *ended;	  /* the oldest first */
	struct session **last;
	size_t ended_count;
	size_t telling;
	uint64_t count; /* sessions that there were */
	bool stopping;
};

struct accounting *accounting_open(const struct accounting_config *config)
{
	struct accounting *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->config = *config;
	a->opened = time(NULL);
	a->last = &a->ended;
	return a;
}

static void free_session(uv_handle_t *timer)
{
	free(timer->data);
}

/* Neither by its IKE SA nor as one that has ended is it there any more. */
static void drop(struct session *s)
{
	uv_close((uv_handle_t *)&s->timer, free_session);
}

/* --------------------------------------------------------------------------------------- telling
 */

static void add(struct accounting_traffic *sum, const struct accounting_traffic *more)
{
	sum->packets_in += more->packets_in;
	sum->octets_in += more->octets_in;
	sum->packets_out += more->packets_out;
	sum->octets_out += more->octets_out;
}

static struct accounting_traffic traffic_of(const struct session *s)
{
	const struct accounting *a = s->accounting;
	struct accounting_traffic sum = s->gone, more;

	for (const struct child *c = s->children; c; c = c->next) {
		more = (struct accounting_traffic){0};
		a->config.count(a->config.context, c->id, &more);
		add(&sum, &more);
	}
	return sum;
}

static void put_traffic(struct radius_packet *packet, const struct session *s)
{
	const struct accounting_traffic t = traffic_of(s);

	radius_put_u32(packet, RADIUS_ACCT_INPUT_OCTETS, (uint32_t)t.octets_in);
	radius_put_u32(packet, RADIUS_ACCT_INPUT_GIGAWORDS, (uint32_t)(t.octets_in >> 32));
	radius_put_u32(packet, RADIUS_ACCT_OUTPUT_OCTETS, (uint32_t)t.octets_out);
	radius_put_u32(packet, RADIUS_ACCT_OUTPUT_GIGAWORDS, (uint32_t)(t.octets_out >> 32));
	radius_put_u32(packet, RADIUS_ACCT_INPUT_PACKETS, (uint32_t)t.packets_in);
	radius_put_u32(packet, RADIUS_ACCT_OUTPUT_PACKETS, (uint32_t)t.packets_out);
}

static void put_vip(struct radius_packet *packet, const struct ike_addr *vip)
{
	radius_put(packet, vip->family == 4 ? RADIUS_FRAMED_IP_ADDRESS : RADIUS_FRAMED_IPV6_ADDRESS,
		   ike_slice(vip->ip, ike_addr_len(vip)));
}

static void make_packet(struct radius_packet *packet, const struct session *s, enum status status)
{
	const struct accounting *a = s->accounting;
	const uint64_t now = uv_now(a->config.loop), until = s->ended ? s->ended : now;

	radius_packet_begin(packet, RADIUS_ACCOUNTING_REQUEST);
	radius_put_u32(packet, RADIUS_ACCT_STATUS_TYPE, status);
	radius_put_text(packet, RADIUS_ACCT_SESSION_ID, s->id);
	radius_put(packet, RADIUS_USER_NAME, ike_slice(s->user, s->user_len));
	radius_put_text(packet, RADIUS_NAS_IDENTIFIER,
			radius_conf(a->config.radius)->nas_identifier);
	radius_put_u32(packet, RADIUS_ACCT_AUTHENTIC, AUTHENTIC_RADIUS);
	radius_put_address(packet, RADIUS_CALLED_STATION_ID, &s->local);
	radius_put_address(packet, RADIUS_CALLING_STATION_ID, &s->remote);
	for (unsigned i = 0; i < s->vip_count; i++)
		put_vip(packet, &s->vips[i]);
	if (s->grant.class_len)
		radius_put(packet, RADIUS_CLASS,
			   ike_slice(s->grant.class_octets, s->grant.class_len));
	radius_put_u32(packet, RADIUS_EVENT_TIMESTAMP,
		       (uint32_t)(s->ended ? s->ended_at : time(NULL)));
	radius_put_u32(packet, RADIUS_ACCT_DELAY_TIME, (uint32_t)((now - until) / 1000));
	if (status == START)
		return;
	radius_put_u32(packet, RADIUS_ACCT_SESSION_TIME, (uint32_t)((until - s->began) / 1000));
	put_traffic(packet, s);
	if (status == STOP)
		radius_put_u32(packet, RADIUS_ACCT_TERMINATE_CAUSE, s->cause);
}

static void tell(struct session *s);

static void on_timer(uv_timer_t *timer)
{
	tell(timer->data);
}

/* Once those that were silent may be asked again. */
static void tell_again(struct session *s)
{
	const uint64_t dead_s = radius_conf(s->accounting->config.radius)->dead_time;

	uv_timer_start(&s->timer, on_timer, 1000 * (dead_s ? dead_s : 1), 0);
}

/* Of the server, or else of the configuration. */
static uint64_t interval_of(const struct session *s)
{
	const uint32_t configured = radius_conf(s->accounting->config.radius)->accounting_interval;

	return 1000ull * (s->grant.interim_s ? s->grant.interim_s : configured);
}

static void forget_ended(struct accounting *a, struct session *s)
{
	struct session **at = &a->ended;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	if (!s->next)
		a->last = at;
	a->ended_count--;
	drop(s);
}

static void on_heard(void *context, const char *server, const struct radius_answer *answer,
		     const char *why)
{
	struct session *s = context;
	struct accounting *a = s->accounting;

	(void)server, (void)why; /* who is silent was said */
	a->telling--;
	if (answer)
		s->told = s->telling;
	s->telling = NOTHING;
	if (radius_has_stopped(a->config.radius))
		return;
	if (s->told == STOP)
		forget_ended(a, s);
	else if (!answer && a->stopping && !s->last_try)
		tell(s);
	else if (!answer)
		tell_again(s);
	else if (s->ended)
		tell(s);
	else if (interval_of(s))
		uv_timer_start(&s->timer, on_timer, interval_of(s), 0);
	if (!a->telling)
		a->config.settled(a->config.context);
}

/* What is due: one thing at a time, since what comes later says all that was before. */
static void tell(struct session *s)
{
	struct accounting *a = s->accounting;
	struct radius_packet packet;

	if (s->telling)
		return;
	uv_timer_stop(&s->timer);
	s->last_try = a->stopping;
	s->telling = s->ended ? STOP : s->told ? INTERIM : START;
	make_packet(&packet, s, s->telling);
	a->telling++;
	if (!radius_ask(a->config.radius, RADIUS_ACCOUNTING, &packet, "", &a->config.random,
			on_heard, s))
		return;
	a->telling--;
	s->telling = NOTHING;
	tell_again(s);
}

/* -------------------------------------------------------------------------------------- sessions
 */

static struct session *find_session(const struct accounting *a, uint64_t ike_id)
{
	struct session *s;

	HASH_FIND(hh, a->sessions, &ike_id, sizeof(ike_id), s);
	return s;
}

static struct session *begin_session(struct accounting *a, const struct ike_sa_info *sa)
{
	const struct ike_id *id =
		sa->remote_eap_id.type == IKE_ID_ANY ? &sa->remote_id : &sa->remote_eap_id;
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->accounting = a;
	s->ike_id = sa->id;
	s->grant = *sa->grant;
	s->local = sa->local;
	s->remote = sa->remote;
	s->vip_count = sa->vips_ours ? 0 : sa->vip_count;
	for (unsigned i = 0; i < s->vip_count; i++)
		s->vips[i] = sa->vips[i];
	s->user_len = (uint8_t)eap_name(id, s->user);
	s->began = uv_now(a->config.loop);
	/* Of this run, which no other one has begun in the same second. */
	snprintf(s->id, sizeof(s->id), "%" PRIx64 "-%" PRIu64, (uint64_t)a->opened, ++a->count);
	HASH_ADD(hh, a->sessions, ike_id, sizeof(s->ike_id), s);
	if (!s->hh.tbl) {
		free(s);
		return NULL;
	}
	uv_timer_init(a->config.loop, &s->timer);
	s->timer.data = s;
	return s;
}

static bool add_child(struct session *s, uint64_t child_id)
{
	struct accounting *a = s->accounting;
	struct child *c = calloc(1, sizeof(*c));

	if (!c)
		return false;
	c->id = child_id;
	c->session = s;
	HASH_ADD(hh, a->children, id, sizeof(c->id), c);
	if (!c->hh.tbl) {
		free(c);
		return false;
	}
	DL_APPEND(s->children, c);
	return true;
}

void accounting_add_child(struct accounting *a, const struct ike_sa_info *sa, uint64_t child_id)
{
	struct session *s = find_session(a, sa->id);
	bool fresh = !s;

	if (!s && (!radius_conf(a->config.radius)->accounting || !sa->grant || !sa->grant->relayed))
		return;
	if (!s)
		s = begin_session(a, sa);
	if (!s || !add_child(s, child_id)) {
		log_error(a->config.log, "%s[%" PRIu64 "]: no memory for its accounting",
			  sa->connection, sa->id);
		return;
	}
	if (fresh)
		tell(s);
}

/* Its traffic is all there. */
static void finish(struct session *s)
{
	struct accounting *a = s->accounting;

	HASH_DELETE(hh, a->sessions, s);
	s->next = NULL;
	*a->last = s;
	a->last = &s->next;
	if (++a->ended_count > ENDED_MAX && !a->ended->telling) {
		log_warning(a->config.log, "no RADIUS server has heard of the end of session %s",
			    a->ended->id);
		forget_ended(a, a->ended);
	}
	tell(s);
}

void accounting_remove_child(struct accounting *a, uint64_t child_id)
{
	struct accounting_traffic traffic = {0};
	struct session *s;
	struct child *c;

	HASH_FIND(hh, a->children, &child_id, sizeof(child_id), c);
	if (!c)
		return;
	s = c->session;
	a->config.count(a->config.context, child_id, &traffic);
	add(&s->gone, &traffic);
	HASH_DELETE(hh, a->children, c);
	DL_DELETE(s->children, c);
	free(c);
	if (!s->children && s->ended)
		finish(s);
}

void accounting_rekeyed(struct accounting *a, uint64_t old_id, uint64_t ike_id)
{
	struct session *s = find_session(a, old_id);

	if (!s)
		return;
	HASH_DELETE(hh, a->sessions, s);
	s->ike_id = ike_id;
	HASH_ADD(hh, a->sessions, ike_id, sizeof(s->ike_id), s);
}

static uint32_t cause_of(const struct session *s, enum ike_cause cause, bool stopping)
{
	const uint64_t limit = s->began + 1000ull * s->grant.session_s;

	if (stopping)
		return CAUSE_ADMIN_REBOOT;
	if (cause == IKE_CAUSE_PEER)
		return CAUSE_USER_REQUEST;
	if (cause == IKE_CAUSE_DEAD)
		return CAUSE_LOST_CARRIER;
	return s->grant.session_s && s->ended + 1000 >= limit ? CAUSE_SESSION_TIMEOUT
							      : CAUSE_ADMIN_RESET;
}

void accounting_end(struct accounting *a, uint64_t ike_id, enum ike_cause cause, bool stopping)
{
	struct session *s = find_session(a, ike_id);

	if (!s)
		return;
	s->ended = uv_now(a->config.loop);
	s->ended_at = time(NULL);
	s->cause = cause_of(s, cause, stopping);
	if (!s->children)
		finish(s);
}

void accounting_stop(struct accounting *a)
{
	a->stopping = true;
	for (struct session *s = a->ended; s; s = s->next)
		tell(s);
}

bool accounting_is_settled(const struct accounting *a)
{
	return !a->telling;
}

void accounting_close(struct accounting *a)
{
	struct session *s, *next;
	struct child *c, *next_child;

	if (!a)
		return;
	if (a->ended_count)
		log_warning(a->config.log, "no RADIUS server has heard of the end of %zu sessions",
			    a->ended_count);
	HASH_ITER(hh, a->children, c, next_child) {
		HASH_DEL(a->children, c);
		free(c);
	}
	HASH_ITER(hh, a->sessions, s, next) {
		HASH_DEL(a->sessions, s);
		drop(s);
	}
	for (s = a->ended; s; s = next) {
		next = s->next;
		drop(s);
	}
	free(a);
}
