/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Redirection to another gateway (RFC 5685), both roles. Who began an IKE SA is sent elsewhere by
 * who answered:
 *
 *   HDR, SAi1, KEi, Ni, N(REDIRECT_SUPPORTED)   -->
 *                                               <--  HDR, N(REDIRECT: gateway, Ni)
 *   HDR, SAi1, KEi, Ni, N(REDIRECTED_FROM)      -->  to the gateway
 *
 *   HDR, SK {IDi, AUTH, SAi2, TSi, TSr}         -->
 *                                               <--  HDR, SK {IDr, AUTH, N(REDIRECT: gateway)}
 *
 *                                               <--  HDR, SK {N(REDIRECT: gateway)}
 *   HDR, SK {}                                  -->
 *
 * Whoever is found there has to prove the identity that the connection expects: a redirect leads to
 * nobody who wouldn't have been let in at the first address. One in clear is believed as little as
 * a cookie: it has our nonce, so it comes from who has seen the request.
 *
 * An IKE SA that is up is renewed at the gateway, make before break, and deleted then.
 */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

/* Of the identity of a gateway. */
enum { GATEWAY_IPV4 = 1, GATEWAY_IPV6 = 2, GATEWAY_FQDN = 3 };

/* So many redirects in so long are a loop. */
enum { REDIRECTS_MAX = 5, REDIRECTS_MS = 300000 };

static const struct ike_slice nothing;

/* ----- what is in the notifies: type, length, identity, and in IKE_SA_INIT the nonce ----- */

static void put_gateway(struct ike_writer *w, const struct ike_host *gateway)
{
	struct ike_addr addr = ike_host_addr(gateway);
	size_t len = gateway->name ? strlen(gateway->name) : ike_addr_len(&addr);

	ike_put_u8(w, gateway->name	 ? GATEWAY_FQDN
		      : addr.family == 4 ? GATEWAY_IPV4
					 : GATEWAY_IPV6);
	ike_put_u8(w, (uint8_t)len);
	ike_put(w, gateway->name ? (const void *)gateway->name : addr.ip, len);
}

static int read_address(struct ike_slice id, uint8_t family, struct ike_hosts *to)
{
	static const uint8_t zeros[16];
	struct ike_addr addr = {.family = family};

	if (id.len != ike_addr_len(&addr) || memcmp(id.data, zeros, id.len) == 0)
		return -EINVAL;
	memcpy(addr.ip, id.data, id.len);
	return ike_hosts_set(to, &addr);
}

static int read_name(struct ike_slice id, struct ike_hosts *to)
{
	char name[IKE_HOST_NAME_MAX];

	if (!id.len || id.len >= sizeof(name) || memchr(id.data, 0, id.len))
		return -EINVAL;
	memcpy(name, id.data, id.len);
	name[id.len] = 0;
	if (!ike_hosts_add(to, name) && to->list[0].name)
		return 0;
	ike_hosts_clear(to);
	return -EINVAL;
}

/* What is left is the nonce. 0, -EINVAL or -ENOMEM. */
static int read_gateway(struct ike_cursor *c, struct ike_hosts *to)
{
	uint8_t type = ike_get_u8(c);
	struct ike_slice id = ike_get_slice(c, ike_get_u8(c));

	*to = (struct ike_hosts){0};
	if (!ike_cursor_ok(c))
		return -EINVAL;
	switch (type) {
	case GATEWAY_IPV4:
		return read_address(id, 4, to);
	case GATEWAY_IPV6:
		return read_address(id, 6, to);
	case GATEWAY_FQDN:
		return read_name(id, to);
	default:
		return -EINVAL;
	}
}

static void write_redirect(struct ike_builder *b, const struct ike_hosts *to)
{
	uint8_t body[2 + IKE_HOST_NAME_MAX];
	struct ike_writer w = ike_writer(body, sizeof(body));

	put_gateway(&w, &to->list[0]);
	ike_write_notify(b, IKE_PROTO_NONE, nothing, IKE_N_REDIRECT, ike_written(&w));
}

/* ----- who is sent ----- */

void ike_redirect_free(struct ike_redirect *redirect)
{
	if (redirect)
		ike_hosts_clear(&redirect->to);
	free(redirect);
}

/* NULL: out of memory. */
struct ike_redirect *ike_redirect_copy(const struct ike_redirect *redirect)
{
	struct ike_redirect *copy = calloc(1, sizeof(*copy));

	if (!copy || ike_hosts_copy(&copy->to, &redirect->to)) {
		free(copy);
		return NULL;
	}
	copy->from = redirect->from;
	return copy;
}

/* In IKE_SA_INIT: that we may be sent elsewhere, or who did so. */
void ike_redirect_write_support(const struct ike_engine *e, const struct ike_sa *sa,
				struct ike_builder *b)
{
	uint8_t body[2 + 16];
	struct ike_writer w = ike_writer(body, sizeof(body));
	struct ike_host from = {0};

	if (e->config.ignore_redirects)
		return;
	if (!sa->redirect) {
		ike_write_bare_notify(b, IKE_N_REDIRECT_SUPPORTED);
		return;
	}
	from.range.family = sa->redirect->from.family;
	memcpy(from.range.first, sa->redirect->from.ip, sizeof(from.range.first));
	put_gateway(&w, &from);
	ike_write_notify(b, IKE_PROTO_NONE, nothing, IKE_N_REDIRECTED_FROM, ike_written(&w));
}

static bool is_loop(struct ike_connection *conn, uint64_t now)
{
	if (!conn->redirects || now - conn->redirects_since > REDIRECTS_MS) {
		conn->redirects = 0;
		conn->redirects_since = now;
	}
	return ++conn->redirects > REDIRECTS_MAX;
}

/* It is our nonce that follows the gateway. */
bool ike_redirect_is_for(const struct ike_notify *n, struct ike_slice nonce)
{
	struct ike_cursor c = ike_cursor(n->data);

	ike_get_u8(&c);
	ike_get_slice(&c, ike_get_u8(&c));
	return ike_slice_equal(ike_get_rest(&c), nonce) && ike_cursor_ok(&c);
}

/* Whether to go where the peer sends us: sa->redirect is there then. Else why not. */
const char *ike_redirect_take(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			      const struct ike_notify *n)
{
	struct ike_cursor c = ike_cursor(n->data);
	struct ike_redirect *redirect;
	char text[IKE_HOST_TEXT];
	struct ike_hosts to;

	e->stats.redirects_met++;
	if (e->config.ignore_redirects)
		return "peer redirects us, which isn't followed (follow_redirects = no)";
	if (read_gateway(&c, &to))
		return "peer redirects us to what isn't a gateway";
	redirect = calloc(1, sizeof(*redirect));
	if (!redirect || is_loop(sa->conn, now)) {
		const char *wrong =
			redirect ? "peers redirect us again and again" : "out of memory";

		ike_hosts_clear(&to);
		free(redirect);
		return wrong;
	}
	ike_redirect_free(sa->redirect);
	redirect->to = to;
	redirect->from = sa->path.remote;
	sa->redirect = redirect;
	e->stats.redirects_followed++;
	ike_host_text(&to.list[0], text, sizeof(text));
	ike_log(e, IKE_LOG_INFO, sa, "is redirected by the peer to %s", text);
	return NULL;
}

/* Where it is, if that is known without a lookup. */
struct ike_addr ike_redirect_addr(const struct ike_redirect *redirect)
{
	const struct ike_host *host = &redirect->to.list[0];
	const struct ike_addr unknown = {0};

	return host->name ? unknown : ike_host_addr(host);
}

/* What is to be negotiated here is the other's to negotiate. */
static void hand_on_children(struct ike_engine *e, struct ike_sa *sa, struct ike_sa *made)
{
	struct ike_task **at = &sa->out.queue;

	while (*at) {
		struct ike_task *task = *at;

		if (!ike_task_is(task, IKE_EXCHANGE_NEW_CHILD)) {
			at = &task->next;
			continue;
		}
		*at = task->next;
		task->next = made->out.queue;
		task->sa = made;
		made->out.queue = task;
	}
	while (sa->children)
		ike_child_remove(e, sa->children, e->now, NULL);
}

/* Begin there with all that this one was begun for. */
static void begin_there(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_sa *made, *renewed = ike_sa_find_id(e, sa->renews);
	struct ike_start start = {
		.conn = sa->conn,
		.config = sa->children->config,
		.pair.remote = ike_redirect_addr(sa->redirect),
		.redirect = sa->redirect,
	};
	uint64_t id;

	sa->redirect = NULL;
	if (ike_sa_begin(e, now, &start, &id))
		return;
	made = ike_sa_find_id(e, id);
	made->trying = sa->trying;
	made->renews = sa->renews;
	if (renewed)
		renewed->renewal = id;
	hand_on_children(e, sa, made);
}

/* In IKE_AUTH, by who has authenticated, and believes that the IKE SA is up. */
enum ike_step ike_redirect_auth(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
				const struct ike_notify *n)
{
	const char *wrong = ike_redirect_take(e, sa, now, n);

	if (!wrong && sa->children)
		begin_there(e, sa, now);
	sa->state = IKE_STATE_ESTABLISHED;
	ike_sa_delete(e, sa, now, wrong ? wrong : "redirected to another gateway");
	ike_handshake_free(sa);
	return IKE_DONE;
}

/* In an IKE SA that is up. */
void ike_redirect_asked(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	const char *wrong = NULL;
	struct ike_notify n;

	if (!ike_find_notify(&in->payloads, IKE_N_REDIRECT, &n) ||
	    sa->state != IKE_STATE_ESTABLISHED || ike_sa_ending(sa))
		return;
	if (!sa->began)
		wrong = "peer redirects us, though it has begun itself";
	else if (!sa->redirect)
		wrong = ike_redirect_take(e, sa, in->now, &n);
	if (wrong)
		ike_log(e, IKE_LOG_WARNING, sa, "%s", wrong);
	else
		ike_sa_renew_elsewhere(e, sa, in->now);
}

/* ----- who sends ----- */

bool ike_redirect_supported(const struct ike_in *in)
{
	struct ike_notify n;

	return ike_find_notify(&in->payloads, IKE_N_REDIRECT_SUPPORTED, &n) ||
	       ike_find_notify(&in->payloads, IKE_N_REDIRECTED_FROM, &n);
}

/* Are we that gateway ourselves, at this address? */
static bool is_here(const struct ike_hosts *to, const struct ike_addr *local)
{
	const struct ike_addr addr = ike_host_addr(&to->list[0]);

	return !to->list[0].name && ike_addr_same_ip(&addr, local);
}

/* Was it sent here from where it is to be sent? */
static bool comes_from(const struct ike_in *in, const struct ike_hosts *to)
{
	struct ike_hosts from;
	struct ike_cursor c;
	struct ike_notify n;
	bool same;

	if (!ike_find_notify(&in->payloads, IKE_N_REDIRECTED_FROM, &n))
		return false;
	c = ike_cursor(n.data);
	if (read_gateway(&c, &from))
		return false;
	same = ike_hosts_equal(&from, to);
	ike_hosts_clear(&from);
	return same;
}

/* All strangers go elsewhere: an answer without any state. False: this one doesn't. */
bool ike_redirect_stranger(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni)
{
	const struct ike_hosts *to = &e->redirect_to;
	uint8_t body[2 + IKE_HOST_NAME_MAX + IKE_NONCE_MAX];
	struct ike_writer w = ike_writer(body, sizeof(body));

	if (!to->count || !ike_redirect_supported(in) || is_here(to, &in->local) ||
	    comes_from(in, to))
		return false;
	/* A step of the negotiation: not to be starved. */
	if (!ike_rate_allows(&e->groups, in->now))
		ike_be_wary(e, in->now);
	put_gateway(&w, &to->list[0]);
	ike_put_slice(&w, ni);
	ike_answer_plain(e, in, 0, IKE_N_REDIRECT, ike_written(&w));
	e->stats.redirects_sent++;
	return true;
}

/* The peer is to go by itself; after some time the IKE SA is deleted. */
void ike_redirect_told(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	sa->leave_at = now + e->config.redirect_ms;
	if (sa->leave_at < sa->timers[IKE_TIMER_LIFE].at)
		ike_timer_set(e, &sa->timers[IKE_TIMER_LIFE], sa->leave_at);
	e->stats.redirects_sent++;
}

/* Instead of a Child SA: who has authenticated is sent elsewhere. */
bool ike_redirect_peer(const struct ike_sa *sa)
{
	const struct ike_hosts *to = &sa->conn->redirect_to;

	return sa->redirectable && to->count && !is_here(to, &sa->path.local);
}

void ike_redirect_write(struct ike_builder *b, const struct ike_sa *sa)
{
	write_redirect(b, &sa->conn->redirect_to);
}

static struct ike_redirect_task *redirect_of(struct ike_task *task)
{
	return IKE_OWNER(task, struct ike_redirect_task, task);
}

void ike_redirect_forget(struct ike_engine *e, struct ike_task *task)
{
	(void)e;
	ike_hosts_clear(&redirect_of(task)->to);
}

enum ike_step ike_redirect_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now)
{
	struct ike_builder b;

	ike_build_chain(&b, e->inner, sizeof(e->inner));
	write_redirect(&b, &redirect_of(task)->to);
	return ike_request(e, sa, now, &b);
}

enum ike_step ike_redirect_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    struct ike_in *in)
{
	(void)task;
	if (!ike_is_refused(e, sa, in))
		ike_redirect_told(e, sa, in->now);
	return IKE_DONE;
}

int ike_redirect(struct ike_engine *e, uint64_t now, uint64_t ike_id, const struct ike_hosts *to)
{
	struct ike_sa *sa = ike_sa_find_id(e, ike_id);
	struct ike_task *task;

	e->now = now;
	if (!sa)
		return -ENOENT;
	if (sa->began || !sa->redirectable)
		return -EOPNOTSUPP;
	if (sa->state != IKE_STATE_ESTABLISHED || ike_sa_ending(sa) ||
	    ike_task_find(sa, IKE_EXCHANGE_REDIRECT))
		return -EBUSY;
	task = ike_task_queue(e, sa, IKE_EXCHANGE_REDIRECT);
	if (!task)
		return -ENOMEM;
	if (ike_hosts_copy(&redirect_of(task)->to, to)) {
		ike_task_drop(e, task, "out of memory");
		return -ENOMEM;
	}
	ike_sa_advance(e, sa, now);
	ike_reap(e);
	return 0;
}

int ike_engine_redirect_all(struct ike_engine *e, const struct ike_hosts *to)
{
	return ike_hosts_copy(&e->redirect_to, to);
}
