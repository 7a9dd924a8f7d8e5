// SPDX-License-Identifier: BSD-2-Clause
/* The data path in the host's kernel: states are SAs, policies are rules (xfrm_rule.h). */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/sa/hash.h"
#include "host/sa/xfrm_abilities.h"
#include "host/sa/xfrm_arrivals.h"
#include "host/sa/xfrm_leftovers.h"
#include "host/sa/xfrm_notice.h"
#include "host/sa/xfrm_policies.h"
#include "host/sa/xfrm_table.h"

#define SAS (1u << 20)
#define POLICIES (1u << 20)
#define STATISTICS "/proc/net/xfrm_stat"
#define LINES 0x7fffffu

struct key {
	struct rvl_addr dst;
	uint32_t spi;
};

struct sa {
	struct key key;
	enum rvl_direction direction;
	uint32_t index;
	struct xfrm_state state;
	struct xfrm_place place;
	struct rvl_lifetime lifetime;
	struct rvl_addr src; /* where its last packets came from */
	uint16_t src_port;
	bool lost;		   /* and it was told */
	struct xfrm_claims claims; /* inbound */
	char where[48];
	char why[192]; /* not a NIC's, which was asked; or empty */
	UT_hash_handle hh;
};

struct xfrm {
	struct rvl_backend backend;
	struct xfrm_netlink *netlink;
	struct rvl_abilities abilities;
	int lock;
	int notices;
	int wake;		  /* eventfd: states are to be looked for */
	struct xfrm_table sas[2]; /* by direction */
	struct sa *by_key;
	struct xfrm_tags tags;
	struct xfrm_leftovers *leftovers;
	struct xfrm_policies *policies;
	struct xfrm_arrivals *arrivals;
	struct sa *probed; /* the last one, while states are looked for; NULL: none is */
	bool probing;
	bool torn;	  /* some rule isn't there */
	size_t offloaded; /* SAs */
};

static struct xfrm *xfrm_of(struct rvl_backend *backend)
{
	return (struct xfrm *)backend;
}

/* ------------------------------------------------------------------------------------- SAs */

/* The interface that has the address; 0: none. */
static unsigned int interface_of(const struct rvl_addr *address)
{
	struct ifaddrs *list, *a;
	unsigned int found = 0;

	if (getifaddrs(&list))
		return 0;
	for (a = list; a && !found; a = a->ifa_next) {
		const void *octets;

		if (!a->ifa_addr || a->ifa_addr->sa_family != xfrm_family(address))
			continue;
		octets = address->family == 6
				 ? (const void *)&((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr
				 : (const void *)&((struct sockaddr_in *)a->ifa_addr)->sin_addr;
		if (!memcmp(octets, address->octets, address->family == 6 ? 16 : 4))
			found = if_nametoindex(a->ifa_name);
	}
	freeifaddrs(list);
	return found;
}

static void say_where(struct sa *sa)
{
	static const char *const how[] = {
		[RVL_OFFLOAD_CRYPTO] = "crypto offload",
		[RVL_OFFLOAD_PACKET] = "packet offload",
	};
	char name[IF_NAMESIZE] = "?";

	if (sa->place.offload == RVL_OFFLOAD_NO) {
		snprintf(sa->where, sizeof(sa->where), "kernel");
		return;
	}
	if_indextoname(sa->place.ifindex, name);
	snprintf(sa->where, sizeof(sa->where), "%s, %s", name, how[sa->place.offload]);
}

/* The interface whose NIC does all of it; 0: none. */
static unsigned int device_of(const struct sa *sa)
{
	return sa->place.offload == RVL_OFFLOAD_PACKET ? sa->place.ifindex : 0;
}

/* Its NIC passes what isn't the SA's; or it isn't the NIC's. */
static int let_pass(struct xfrm *x, const struct sa *sa, const struct rvl_selectors *flows,
		    struct rvl_backend_error *error)
{
	int err = xfrm_policies_pass(x->policies, flows, sa->place.ifindex, error);

	if (err)
		xfrm_state_delete(x->netlink, &sa->state);
	return err;
}

static void say_why(struct sa *sa, const char *reason)
{
	char name[IF_NAMESIZE] = "?";

	if_indextoname(sa->place.ifindex, name);
	snprintf(sa->why, sizeof(sa->why), "%s has no packet offload for it: %.140s", name, reason);
}

/* Where it may be put, the best first; with auto the last one is always the kernel itself. */
static int add_state(struct xfrm *x, struct sa *sa, const struct rvl_sa_params *params,
		     const struct rvl_sa_purpose *purpose, struct rvl_backend_error *error)
{
	static const enum rvl_offload tries[] = {RVL_OFFLOAD_PACKET, RVL_OFFLOAD_CRYPTO,
						 RVL_OFFLOAD_NO};
	const enum rvl_offload wanted = purpose->offload;
	const bool out = sa->direction == RVL_OUTBOUND;
	const struct rvl_selector *selector = NULL;
	unsigned int ifindex = 0;
	int err = -ENODEV;

	if (!out && purpose->selectors->count == 1 && xfrm_rule_is_one(purpose->selectors->list))
		selector = purpose->selectors->list;
	if (wanted != RVL_OFFLOAD_NO)
		ifindex = interface_of(out ? &sa->state.src : &sa->state.dst);
	rvl_backend_fail(error, err, "no interface has its address");
	for (size_t i = 0; err && i < sizeof(tries) / sizeof(tries[0]); i++) {
		if ((wanted != tries[i] && wanted != RVL_OFFLOAD_AUTO) ||
		    (tries[i] != RVL_OFFLOAD_NO && !ifindex))
			continue;
		sa->place = (struct xfrm_place){tries[i], tries[i] == RVL_OFFLOAD_NO ? 0 : ifindex};
		err = xfrm_state_add(x->netlink, &sa->state, params, selector, &sa->place, error);
		if (!err && out && device_of(sa))
			err = let_pass(x, sa, purpose->selectors, error);
		if (err && tries[i] == RVL_OFFLOAD_PACKET)
			say_why(sa, error->text);
	}
	if (!err && sa->place.offload != RVL_OFFLOAD_NO &&
	    !xfrm_state_has(x->netlink, &sa->state, XFRMA_OFFLOAD_DEV))
		sa->place = (struct xfrm_place){RVL_OFFLOAD_NO, 0};
	say_where(sa);
	return err;
}

static uint32_t reqid_of(uint32_t line)
{
	return XFRM_REQID_OURS | (line & LINES);
}

/* 0: it is none of ours, or a trap's. */
static uint32_t line_of(uint32_t reqid)
{
	return (reqid & ~LINES) == XFRM_REQID_OURS ? reqid & LINES : 0;
}

static int add_arrivals(struct xfrm *x, struct sa *sa, const struct rvl_sa_purpose *purpose,
			struct rvl_backend_error *error)
{
	sa->claims.state = sa->state;
	sa->claims.ifindex = device_of(sa);
	sa->claims.scopes = *purpose->scopes;
	return xfrm_arrivals_add(x->arrivals, &sa->claims, purpose->selectors, error);
}

static int xfrm_sa_add(struct rvl_backend *backend, const struct rvl_sa_params *params,
		       const struct rvl_sa_purpose *purpose, uint32_t *index,
		       struct rvl_backend_error *error)
{
	struct xfrm *x = xfrm_of(backend);
	struct sa *sa = calloc(1, sizeof(*sa));
	int err;

	if (!sa)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	sa->direction = params->direction;
	sa->key.dst = params->dst;
	sa->key.spi = params->spi;
	sa->state = (struct xfrm_state){
		.protocol = params->protocol,
		.mode = params->mode,
		.src = params->src,
		.dst = params->dst,
		.spi = params->spi,
		.reqid = reqid_of(purpose->line),
		.mark = params->mark,
		.shared = purpose->shared,
		.asks = purpose->asks,
		.cpu = params->direction == RVL_OUTBOUND ? purpose->cpu : RVL_CPU_ANY,
	};
	sa->lifetime = params->lifetime;
	sa->src = params->src;
	sa->src_port = params->src_port;
	err = xfrm_table_add(&x->sas[sa->direction], sa, &sa->index);
	if (err) {
		rvl_backend_fail(error, err, "no room for more than %u SAs", SAS);
		goto free_sa;
	}
	HASH_ADD(hh, x->by_key, key, sizeof(sa->key), sa);
	if (!sa->hh.tbl) {
		err = rvl_backend_fail(error, -ENOMEM, "out of memory");
		goto leave_table;
	}
	err = add_state(x, sa, params, purpose, error);
	if (err)
		goto leave_keys;
	x->offloaded += sa->place.offload != RVL_OFFLOAD_NO;
	if (sa->direction == RVL_INBOUND)
		err = add_arrivals(x, sa, purpose, error);
	if (err)
		goto delete_state;
	*index = sa->index;
	return 0;

delete_state:
	xfrm_state_delete(x->netlink, &sa->state);
	x->offloaded -= sa->place.offload != RVL_OFFLOAD_NO;
leave_keys:
	HASH_DELETE(hh, x->by_key, sa);
leave_table:
	xfrm_table_remove(&x->sas[sa->direction], sa->index);
free_sa:
	free(sa);
	return err;
}

static void forget_sa(struct xfrm *x, struct sa *sa)
{
	if (x->probed == sa)
		x->probed = sa->hh.prev;
	x->offloaded -= sa->place.offload != RVL_OFFLOAD_NO;
	HASH_DELETE(hh, x->by_key, sa);
	xfrm_table_remove(&x->sas[sa->direction], sa->index);
	free(sa);
}

static int xfrm_sa_delete(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			  struct rvl_backend_error *error)
{
	struct xfrm *x = xfrm_of(backend);
	struct sa *sa = xfrm_table_at(&x->sas[direction], index);
	int err;

	if (!sa)
		return rvl_backend_fail(error, -ENOENT, "no SA %u", index);
	err = xfrm_arrivals_drop(x->arrivals, &sa->claims, error);
	if (err)
		return err;
	err = xfrm_state_delete(x->netlink, &sa->state);
	if (err && err != -ESRCH)
		return rvl_backend_fail(error, err, "the kernel keeps it: %s", strerror(-err));
	forget_sa(x, sa);
	return 0;
}

static void xfrm_sa_ask(struct rvl_backend *backend, uint32_t index, bool asks)
{
	struct sa *sa = xfrm_table_at(&xfrm_of(backend)->sas[RVL_OUTBOUND], index);

	if (sa)
		sa->state.asks = asks;
}

static int xfrm_sa_query(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			 struct rvl_sa_stats *stats, struct rvl_backend_error *error)
{
	struct xfrm *x = xfrm_of(backend);
	const struct sa *sa = xfrm_table_at(&x->sas[direction], index);
	int err = sa ? xfrm_state_query(x->netlink, &sa->state, direction == RVL_OUTBOUND, stats)
		     : -ENOENT;

	if (err == -ESRCH) {
		*stats = (struct rvl_sa_stats){.damaged = true};
		err = 0;
	}
	if (err)
		return rvl_backend_fail(error, err, "SA %u: %s", index, strerror(-err));
	stats->late = sa->place.offload == RVL_OFFLOAD_PACKET;
	stats->where = sa->where;
	stats->why = sa->why[0] ? sa->why : NULL;
	return 0;
}

/* -------------------------------------------------------------------------------- policies */

static int xfrm_policy_set(struct rvl_backend *backend, const struct rvl_policy *policy,
			   const struct rvl_scopes *scopes, uint32_t *index,
			   struct rvl_backend_error *error)
{
	struct xfrm *x = xfrm_of(backend);
	const struct sa *sa;

	if (policy->action != RVL_PROTECT)
		return xfrm_policies_set(x->policies, policy, scopes, NULL, 0, index, error);
	sa = xfrm_table_at(&x->sas[RVL_OUTBOUND], policy->sa);
	if (!sa)
		return rvl_backend_fail(error, -ENOENT, "no SA %u", policy->sa);
	return xfrm_policies_set(x->policies, policy, scopes, &sa->state, device_of(sa), index,
				 error);
}

static int xfrm_policy_clear(struct rvl_backend *backend, uint32_t index,
			     struct rvl_backend_error *error)
{
	return xfrm_policies_clear(xfrm_of(backend)->policies, index, error);
}

static int xfrm_set_local(struct rvl_backend *backend, const struct rvl_local *local,
			  struct rvl_backend_error *error)
{
	return xfrm_policies_set_local(xfrm_of(backend)->policies, local, error);
}

static int xfrm_line_shut(struct rvl_backend *backend, uint32_t line, bool shut,
			  struct rvl_backend_error *error)
{
	struct xfrm *x = xfrm_of(backend);
	int err = xfrm_arrivals_shut(x->arrivals, reqid_of(line), shut, error);

	x->torn |= err && !shut;
	return err;
}

static int xfrm_release(struct rvl_backend *backend, rvl_backend_told_fn *told, void *context)
{
	return xfrm_leftovers_release(xfrm_of(backend)->leftovers, told, context);
}

/* ------------------------------------------------------------------------------------ events */

/* Which of its limits it has come to; where none says so, its sequence numbers. */
static uint32_t events_of(const struct sa *sa, const struct xfrm_notice *notice)
{
	const struct rvl_lifetime *l = &sa->lifetime;

	if (notice->type == XFRM_NOTICE_SOFT)
		return l->soft_bytes && notice->bytes >= l->soft_bytes ? RVL_ESP_EVENT_SOFT_BYTES
		       : l->soft_packets && notice->packets >= l->soft_packets
			       ? RVL_ESP_EVENT_SOFT_PACKETS
			       : RVL_ESP_EVENT_SEQUENCE_SOON;
	if (l->hard_bytes && notice->bytes >= l->hard_bytes)
		return RVL_ESP_EVENT_HARD_BYTES;
	if (l->hard_packets && notice->packets >= l->hard_packets)
		return RVL_ESP_EVENT_HARD_PACKETS;
	return notice->packets ? RVL_ESP_EVENT_SEQUENCE_END : RVL_ESP_EVENT_DAMAGED;
}

static struct rvl_backend_event event_of(const struct sa *sa, uint32_t events)
{
	return (struct rvl_backend_event){
		.direction = sa->direction,
		.index = sa->index,
		.spi = sa->key.spi,
		.events = events,
		.damage = events & RVL_ESP_EVENT_DAMAGED ? "state is gone from the kernel" : NULL,
		.src = sa->src,
		.src_port = sa->src_port,
	};
}

/* False: it is nothing new. */
static bool tell_of_sa(struct xfrm *x, const struct xfrm_notice *notice,
		       struct rvl_backend_event *event)
{
	struct key key;
	struct sa *sa;

	memset(&key, 0, sizeof(key));
	key.dst = notice->dst;
	key.spi = notice->spi;
	HASH_FIND(hh, x->by_key, &key, sizeof(key), sa);
	if (!sa || sa->lost)
		return false;
	if (notice->type != XFRM_NOTICE_MOVED) {
		sa->lost = notice->type == XFRM_NOTICE_HARD;
		*event = event_of(sa, events_of(sa, notice));
		return true;
	}
	if (rvl_addr_equal(&sa->src, &notice->src) && sa->src_port == notice->src_port)
		return false;
	sa->src = notice->src;
	sa->src_port = notice->src_port;
	*event = event_of(sa, RVL_ESP_EVENT_MOVED);
	return true;
}

/* Look for each SA's state from here on; those that are gone are told of. */
static void probe_all(struct xfrm *x)
{
	x->probing = true;
	x->probed = NULL;
}

static bool probe_next(struct xfrm *x, struct rvl_backend_event *event)
{
	struct rvl_sa_stats ignored;
	struct sa *sa;

	while (x->probing) {
		sa = x->probed ? x->probed->hh.next : x->by_key;
		x->probed = sa;
		x->probing = sa;
		if (!sa || sa->lost ||
		    xfrm_state_query(x->netlink, &sa->state, false, &ignored) != -ESRCH)
			continue;
		sa->lost = true;
		*event = event_of(sa, RVL_ESP_EVENT_DAMAGED);
		return true;
	}
	return false;
}

/* Somebody has taken some of them away. Those that the kernel has no room for are set later. */
static void restore_rules(struct xfrm *x)
{
	const int errs[] = {xfrm_policies_restore(x->policies), xfrm_arrivals_restore(x->arrivals),
			    xfrm_leftovers_restore(x->leftovers)};

	x->torn = errs[0] || errs[1] || errs[2];
}

static int xfrm_next_event(struct rvl_backend *backend, struct rvl_backend_event *event)
{
	struct xfrm *x = xfrm_of(backend);
	const uint32_t port = xfrm_netlink_port(x->netlink);
	struct xfrm_notice notice;
	uint64_t count;

	if (read(x->wake, &count, sizeof(count)) > 0)
		probe_all(x);
	for (;;) {
		if (probe_next(x, event))
			return 1;
		if (!xfrm_notice_next(x->notices, port, &notice))
			return 0;
		switch (notice.type) {
		case XFRM_NOTICE_ACQUIRE:
			*event = (struct rvl_backend_event){
				.events = RVL_BACKEND_EVENT_ACQUIRE,
				.packet = notice.packet,
				.scope = notice.scope,
				.line = line_of(notice.reqid),
				.cpu = notice.cpu,
			};
			return 1;
		case XFRM_NOTICE_STATES:
			probe_all(x);
			break;
		case XFRM_NOTICE_POLICIES:
			restore_rules(x);
			break;
		case XFRM_NOTICE_LOST:
			probe_all(x);
			restore_rules(x);
			break;
		default:
			if (tell_of_sa(x, &notice, event))
				return 1;
		}
	}
}

/* ---------------------------------------------------------------------------------- the backend */

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void xfrm_close(struct rvl_backend *backend)
{
	struct xfrm *x = xfrm_of(backend);
	struct rvl_backend_error ignored = {""};

	while (x->by_key) {
		struct sa *sa = x->by_key;

		xfrm_arrivals_drop(x->arrivals, &sa->claims, &ignored);
		xfrm_state_delete(x->netlink, &sa->state);
		forget_sa(x, sa);
	}
	xfrm_policies_free(x->policies);
	xfrm_arrivals_free(x->arrivals);
	xfrm_leftovers_free(x->leftovers);
	xfrm_table_free(&x->sas[RVL_OUTBOUND]);
	xfrm_table_free(&x->sas[RVL_INBOUND]);
	rvl_indices_free(&x->tags.indices);
	xfrm_netlink_close(x->netlink);
	close_fd(backend->event_fd);
	close_fd(x->notices);
	close_fd(x->wake);
	close_fd(x->lock);
	free(x);
}

static void xfrm_info(struct rvl_backend *backend, struct rvl_backend_info *info)
{
	*info = (struct rvl_backend_info){
		.kind = "xfrm",
		.device = "the kernel",
		.outbound_sas = SAS,
		.inbound_sas = SAS,
		.policies = POLICIES,
		.abilities = xfrm_of(backend)->abilities,
		.one_form = true,
		.protection_goes = true,
	};
}

static const char *xfrm_dead(struct rvl_backend *backend)
{
	(void)backend;
	return NULL;
}

/* An interface that goes down takes along what it has of states, and says nothing. */
static void xfrm_check(struct rvl_backend *backend)
{
	struct xfrm *x = xfrm_of(backend);
	const uint64_t one = 1;

	if (x->torn)
		restore_rules(x);
	/* It only fails when it is readable anyway. */
	if (x->offloaded && write(x->wake, &one, sizeof(one)) < 0)
		return;
}

static int xfrm_counters(struct rvl_backend *backend, rvl_counter_fn *fn, void *context)
{
	FILE *file = fopen(STATISTICS, "re");
	unsigned long long value;
	char name[64];
	int err;

	(void)backend;
	if (!file)
		return errno == ENOENT ? 0 : -errno; /* a kernel without them */
	while (fscanf(file, "%63s %llu", name, &value) == 2)
		fn(context, name, value);
	err = ferror(file) ? -EIO : 0;
	fclose(file);
	return err;
}

static const struct rvl_backend_ops xfrm_ops = {
	.close = xfrm_close,
	.info = xfrm_info,
	.dead = xfrm_dead,
	.check = xfrm_check,
	.sa_add = xfrm_sa_add,
	.sa_delete = xfrm_sa_delete,
	.sa_query = xfrm_sa_query,
	.sa_ask = xfrm_sa_ask,
	.policy_set = xfrm_policy_set,
	.policy_clear = xfrm_policy_clear,
	.set_local = xfrm_set_local,
	.line_shut = xfrm_line_shut,
	.release = xfrm_release,
	.counters = xfrm_counters,
	.next_event = xfrm_next_event,
};

static int open_events(struct xfrm *x)
{
	const int fds[] = {x->notices = xfrm_notice_open(),
			   x->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	int err;

	if (x->notices < 0)
		return x->notices;
	x->backend.event_fd = epoll_create1(EPOLL_CLOEXEC);
	err = x->wake < 0 || x->backend.event_fd < 0 ? -errno : 0;
	for (size_t i = 0; !err && i < sizeof(fds) / sizeof(fds[0]); i++) {
		struct epoll_event event = {.events = EPOLLIN};

		if (epoll_ctl(x->backend.event_fd, EPOLL_CTL_ADD, fds[i], &event))
			err = -errno;
	}
	return err;
}

static int open_tables(struct xfrm *x)
{
	int err = xfrm_leftovers_take(x->netlink, &x->leftovers, &x->tags.first);

	if (err)
		return err;
	x->tags.indices.most = XFRM_RULE_TAGS - x->tags.first;
	x->policies = xfrm_policies_new(x->netlink, &x->tags, x->leftovers, POLICIES);
	x->arrivals = xfrm_arrivals_new(x->netlink, &x->tags);
	return x->policies && x->arrivals ? 0 : -ENOMEM;
}

int rvl_backend_xfrm_open(struct rvl_backend **backend, struct rvl_backend_error *error)
{
	struct xfrm *x = calloc(1, sizeof(*x));
	int err;

	if (!x)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	x->backend.ops = &xfrm_ops;
	x->backend.event_fd = x->notices = x->wake = -1;
	x->sas[RVL_OUTBOUND].indices.most = x->sas[RVL_INBOUND].indices.most = SAS;
	x->lock = xfrm_leftovers_lock();
	if (x->lock < 0) {
		err = rvl_backend_fail(error, x->lock, "%s",
				       x->lock == -EALREADY
					       ? "another raveld has the kernel's IPsec in this "
						 "network namespace"
					       : strerror(-x->lock));
		goto close_x;
	}
	err = xfrm_netlink_open(&x->netlink);
	if (err) {
		rvl_backend_fail(error, err, "this kernel has no IPsec: %s", strerror(-err));
		goto close_x;
	}
	err = open_tables(x);
	if (!err)
		err = open_events(x);
	if (err)
		rvl_backend_fail(error, err, "netlink: %s", strerror(-err));
	else
		err = xfrm_abilities_find(x->netlink, &x->abilities, error);
	if (err)
		goto close_x;
	*backend = &x->backend;
	return 0;

close_x:
	xfrm_close(&x->backend);
	return err;
}
