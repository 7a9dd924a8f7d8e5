// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/pools.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "host/raveld/leases.h"
#include "host/sa/hash.h"

#define WRITE_DELAY_MS 1000
#define WRITE_SHARE 20 /* of the time, one part at most is spent on writing */

/* An identity; of names the case doesn't matter (RFC 7296, section 3.5). */
struct owner {
	struct lease *leases;
	UT_hash_handle hh; /* by key */
	size_t len;
	uint8_t key[]; /* the type, then the identity, in small letters if it is a name */
};

struct lease {
	struct rvl_addr address;
	UT_hash_handle hh;
	struct owner *owner;
	struct lease *next_of_owner;
	struct range *range;	   /* that it is in; NULL: none */
	unsigned int holders;	   /* 0: offline */
	uint64_t since;		   /* it is, as the so-many-th */
	struct lease *prev, *next; /* offline ones of the range, the oldest first */
};

/* What an IKE SA and its successors have. */
struct holding {
	uint64_t lease_id;
	UT_hash_handle hh;
	unsigned int count;
	struct lease *leases[IKE_VIPS_MAX];
};

struct range {
	const struct conf_pool *pool;
	uint32_t fresh; /* the first that may never have been given; as many as there are: none */
	struct lease *offline;
};

struct pools {
	const struct log *log;
	const struct conf *conf;
	struct range *ranges; /* of each configured pool */
	struct lease *leases; /* by address */
	struct owner *owners;
	struct holding *holdings;
	uint64_t offline_count; /* that there ever were */
	uv_timer_t timer;
	bool unwritten;
	int last_error; /* of writing, as it was said */
	uint64_t write_ms;
};

/* ------------------------------------------------------------------------------------ bookkeeping
 */

static struct lease *find_lease(const struct pools *p, const struct rvl_addr *address)
{
	struct lease *lease;

	HASH_FIND(hh, p->leases, address, sizeof(*address), lease);
	return lease;
}

static struct holding *find_holding(const struct pools *p, uint64_t lease_id)
{
	struct holding *holding;

	HASH_FIND(hh, p->holdings, &lease_id, sizeof(lease_id), holding);
	return holding;
}

static struct range *range_of(const struct pools *p, const struct rvl_addr *address)
{
	for (size_t i = 0; i < p->conf->pool_count; i++)
		if (conf_pool_has(p->ranges[i].pool, address))
			return &p->ranges[i];
	return NULL;
}

static size_t key_of(const struct ike_id *id, uint8_t key[1 + IKE_ID_MAX])
{
	bool name = id->type == IKE_ID_FQDN || id->type == IKE_ID_RFC822_ADDR;

	key[0] = id->type;
	for (size_t i = 0; i < id->len; i++)
		key[1 + i] = name ? (uint8_t)tolower(id->data[i]) : id->data[i];
	return 1 + (size_t)id->len;
}

/* There, or new; NULL without memory. */
static struct owner *owner_of(struct pools *p, const struct ike_id *id)
{
	uint8_t key[1 + IKE_ID_MAX];
	size_t len = key_of(id, key);
	struct owner *owner;

	HASH_FIND(hh, p->owners, key, len, owner);
	if (owner)
		return owner;
	owner = calloc(1, sizeof(*owner) + len);
	if (!owner)
		return NULL;
	owner->len = len;
	memcpy(owner->key, key, len);
	HASH_ADD_KEYPTR(hh, p->owners, owner->key, len, owner);
	if (owner->hh.tbl)
		return owner;
	free(owner);
	return NULL;
}

static void drop_if_idle(struct pools *p, struct owner *owner)
{
	if (owner->leases)
		return;
	HASH_DELETE(hh, p->owners, owner);
	free(owner);
}

static void set_owner(struct pools *p, struct lease *lease, struct owner *owner)
{
	struct owner *before = lease->owner;

	if (before == owner)
		return;
	if (before) {
		LL_DELETE2(before->leases, lease, next_of_owner);
		drop_if_idle(p, before);
	}
	lease->owner = owner;
	if (owner)
		LL_PREPEND2(owner->leases, lease, next_of_owner);
}

static struct lease *lease_new(struct pools *p, const struct rvl_addr *address, struct owner *owner)
{
	struct lease *lease = calloc(1, sizeof(*lease));

	if (!lease)
		return NULL;
	lease->address = *address;
	lease->range = range_of(p, address);
	HASH_ADD(hh, p->leases, address, sizeof(lease->address), lease);
	if (!lease->hh.tbl) {
		free(lease);
		return NULL;
	}
	set_owner(p, lease, owner);
	return lease;
}

static void lease_free(struct pools *p, struct lease *lease)
{
	set_owner(p, lease, NULL);
	HASH_DELETE(hh, p->leases, lease);
	free(lease);
}

/* Of one that is in no pool nothing is kept. */
static void go_offline(struct pools *p, struct lease *lease)
{
	if (!lease->range) {
		lease_free(p, lease);
		return;
	}
	lease->since = ++p->offline_count;
	DL_APPEND(lease->range->offline, lease);
}

/* ------------------------------------------------------------------------------------- the file */

static int by_age(const void *a, const void *b)
{
	const struct lease *one = *(struct lease *const *)a, *other = *(struct lease *const *)b;

	return (one->since > other->since) - (one->since < other->since);
}

/* All of them, the longest offline first, to be freed; NULL without memory. */
static struct lease **sorted(const struct pools *p, size_t *count)
{
	struct lease **list;
	size_t n = 0;

	*count = HASH_COUNT(p->leases);
	list = calloc(*count + 1, sizeof(struct lease *));
	if (!list)
		return NULL;
	for (struct lease *lease = p->leases; lease; lease = lease->hh.next)
		list[n++] = lease;
	qsort(list, n, sizeof(struct lease *), by_age);
	return list;
}

static struct ike_id id_of(const struct owner *owner)
{
	struct ike_id id = {.type = IKE_ID_ANY};

	ike_id_set(&id, owner->key[0], ike_slice(owner->key + 1, owner->len - 1));
	return id;
}

static int write_all(struct pools *p)
{
	struct leases_writer *writer;
	struct lease **list;
	size_t count;
	int err = leases_write(p->conf->daemon.leases, &writer);

	if (err)
		return err;
	list = sorted(p, &count);
	for (size_t i = 0; list && i < count; i++) {
		const struct ike_id id = id_of(list[i]->owner);

		leases_put(writer, &list[i]->address, &id);
	}
	err = leases_finish(writer, list != NULL);
	free(list);
	return err;
}

static void write_file(struct pools *p)
{
	uint64_t before = uv_hrtime();
	int err = write_all(p);

	p->write_ms = (uv_hrtime() - before) / 1000000;
	p->unwritten = err != 0;
	if (err && err != p->last_error)
		log_error(p->log, "%s: leases can't be written: %s", p->conf->daemon.leases,
			  strerror(-err));
	p->last_error = err;
}

static void on_timer(uv_timer_t *timer)
{
	write_file(timer->data);
}

/* Not at once: others may follow. */
static void write_soon(struct pools *p)
{
	uint64_t delay = p->write_ms * WRITE_SHARE;

	p->unwritten = true;
	if (!uv_is_active((uv_handle_t *)&p->timer))
		uv_timer_start(&p->timer, on_timer, delay > WRITE_DELAY_MS ? delay : WRITE_DELAY_MS,
			       0);
}

/* One that was remembered, in the order in which they went offline. */
static int take_remembered(void *context, const struct rvl_addr *address, const struct ike_id *id)
{
	struct pools *p = context;
	struct owner *owner;
	struct lease *lease;

	if (find_lease(p, address))
		return -EEXIST;
	owner = owner_of(p, id);
	lease = owner ? lease_new(p, address, owner) : NULL;
	if (!lease) {
		if (owner)
			drop_if_idle(p, owner);
		return -ENOMEM;
	}
	go_offline(p, lease);
	return 0;
}

static void forget_all(struct pools *p)
{
	struct lease *lease = p->leases, *next;

	for (; lease; lease = next) {
		next = lease->hh.next;
		lease_free(p, lease);
	}
	for (size_t i = 0; i < p->conf->pool_count; i++)
		p->ranges[i].offline = NULL;
}

static int read_file(struct pools *p)
{
	const char *path = p->conf->daemon.leases;
	struct leases_error error = {0};
	int err = leases_read(path, take_remembered, p, &error);

	if (!err || err == -ENOENT)
		return 0;
	if (err != -EBADMSG) {
		log_error(p->log, "%s: %s", path, strerror(-err));
		return err;
	}
	forget_all(p);
	err = leases_set_aside(path, error.aside);
	log_error(p->log, "%s:%u: %s; it is %s%s, and addresses are given anew", path, error.line,
		  error.what, err ? "left as it is: " : "set aside as ",
		  err ? strerror(-err) : error.aside);
	return 0;
}

/* --------------------------------------------------------------------------------- configuration
 */

static struct range *ranges_new(const struct conf *conf)
{
	struct range *ranges = calloc(conf->pool_count + 1, sizeof(*ranges));

	for (size_t i = 0; ranges && i < conf->pool_count; i++)
		ranges[i].pool = &conf->pools[i];
	return ranges;
}

int pools_open(uv_loop_t *loop, const struct conf *conf, const struct log *log, struct pools **out)
{
	struct pools *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	*out = p;
	p->log = log;
	p->conf = conf;
	uv_timer_init(loop, &p->timer);
	p->timer.data = p;
	p->ranges = ranges_new(conf);
	err = p->ranges ? 0 : -ENOMEM;
	if (!err && conf->pool_count)
		err = read_file(p);
	return err;
}

void pools_close(struct pools *p)
{
	struct holding *holding, *next;

	if (!p)
		return;
	if (p->unwritten)
		write_file(p);
	holding = p->holdings;
	HASH_CLEAR(hh, p->holdings);
	for (; holding; holding = next) {
		next = holding->hh.next;
		free(holding);
	}
	forget_all(p);
	free(p->ranges);
	free(p);
}

void pools_configure(struct pools *p, const struct conf *conf)
{
	struct range *ranges = ranges_new(conf);
	size_t count;
	struct lease **list = sorted(p, &count);

	if (!ranges || !list) {
		log_error(p->log, "pools are as they were: out of memory");
		free(ranges);
		free(list);
		return;
	}
	free(p->ranges);
	p->ranges = ranges;
	p->conf = conf;
	for (size_t i = 0; i < count; i++) {
		list[i]->range = range_of(p, &list[i]->address);
		if (!list[i]->holders)
			go_offline(p, list[i]);
	}
	free(list);
	write_soon(p);
}

/* --------------------------------------------------------------------------------------- giving */

/* For whom an address is looked for. */
struct search {
	struct pools *p;
	const struct conf_connection *connection;
	struct owner *owner;
	const struct holding *replaced; /* or NULL */
	struct holding *holding;
	uint8_t family; /* of the address */
};

static bool holds(const struct holding *holding, const struct lease *lease)
{
	for (unsigned int i = 0; holding && i < holding->count; i++)
		if (holding->leases[i] == lease)
			return true;
	return false;
}

/* Is the address in a pool of the connection's? */
static bool may_have(const struct search *s, const struct rvl_addr *address)
{
	const struct range *range = range_of(s->p, address);

	for (size_t i = 0; range && i < s->connection->pool_count; i++)
		if (!strcmp(s->connection->pools[i], range->pool->name))
			return true;
	return false;
}

/* Is a lease that there is theirs to have, and not had by others? */
static bool is_theirs(const struct search *s, const struct lease *lease)
{
	return lease->owner == s->owner && lease->address.family == s->family &&
	       !holds(s->holding, lease) && (!lease->holders || holds(s->replaced, lease)) &&
	       may_have(s, &lease->address);
}

/* The address that is wished for, if nobody else has or had it. */
static struct lease *wished(const struct search *s, const struct ike_addr *wish)
{
	const struct rvl_addr address = ike_addr_ip(wish);
	struct lease *lease = find_lease(s->p, &address);

	if (lease)
		return is_theirs(s, lease) ? lease : NULL;
	return may_have(s, &address) ? lease_new(s->p, &address, s->owner) : NULL;
}

/* What they had before; first what the one has that is to be replaced. */
static struct lease *former(const struct search *s)
{
	struct lease *lease;

	for (unsigned int i = 0; s->replaced && i < s->replaced->count; i++)
		if (is_theirs(s, s->replaced->leases[i]))
			return s->replaced->leases[i];
	lease = s->owner->leases;
	while (lease && (lease->holders || !is_theirs(s, lease)))
		lease = lease->next_of_owner;
	return lease;
}

static struct range *range_named(const struct pools *p, const char *name)
{
	size_t i = 0;

	while (strcmp(p->ranges[i].pool->name, name) != 0)
		i++;
	return &p->ranges[i];
}

static struct lease *fresh(const struct search *s)
{
	for (size_t i = 0; i < s->connection->pool_count; i++) {
		struct range *range = range_named(s->p, s->connection->pools[i]);

		struct rvl_addr address;

		if (range->pool->first.family != s->family)
			continue;
		for (; range->fresh < range->pool->size; range->fresh++) {
			address = conf_pool_address(range->pool, range->fresh);
			if (!find_lease(s->p, &address))
				return lease_new(s->p, &address, s->owner);
		}
	}
	return NULL;
}

/* The longest offline of all that others had. */
static struct lease *abandoned(const struct search *s)
{
	struct lease *oldest = NULL;

	for (size_t i = 0; i < s->connection->pool_count; i++) {
		struct lease *lease = range_named(s->p, s->connection->pools[i])->offline;

		if (lease && lease->address.family == s->family &&
		    (!oldest || lease->since < oldest->since))
			oldest = lease;
	}
	if (oldest)
		set_owner(s->p, oldest, s->owner);
	return oldest;
}

/* Who has let the peer in says which one it has: then that, and no other. */
static const struct ike_addr *granted(const struct ike_lease_job *job, uint8_t family)
{
	for (unsigned int i = 0; i < job->granted_count; i++)
		if (job->granted[i].family == family)
			return &job->granted[i];
	return NULL;
}

static struct lease *find(const struct search *s, const struct ike_lease_job *job,
			  const struct ike_addr *wish)
{
	const struct ike_addr *only = granted(job, wish->family);
	struct lease *lease = ike_addr_is_zero(wish) ? NULL : wished(s, wish);

	if (only)
		return wished(s, only);
	if (!lease)
		lease = former(s);
	if (!lease)
		lease = fresh(s);
	return lease ? lease : abandoned(s);
}

static void take(struct search *s, struct lease *lease, struct ike_settings *given)
{
	struct ike_addr *vip = &given->vips[given->vip_count++];
	struct range *range = lease->range;

	if (!lease->holders++ && lease->prev)
		DL_DELETE(range->offline, lease);
	lease->prev = lease->next = NULL;
	lease->since = UINT64_MAX;
	s->holding->leases[s->holding->count++] = lease;
	*vip = ike_addr_of(&lease->address, 0);
}

/* What the pool of the first address says besides. */
static void tell(const struct search *s, struct ike_settings *given)
{
	const struct ike_settings *told = &s->holding->leases[0]->range->pool->settings;

	given->netmask = told->netmask;
	given->dns_count = told->dns_count;
	memcpy(given->dns, told->dns, sizeof(given->dns));
	given->nbns_count = told->nbns_count;
	memcpy(given->nbns, told->nbns, sizeof(given->nbns));
	given->subnets = told->subnets;
	given->domain_count = told->domain_count;
	memcpy(given->domains, told->domains, sizeof(given->domains));
}

static int give(struct search *s, struct ike_lease_job *job)
{
	for (unsigned int i = 0; i < job->asked.vip_count; i++) {
		const struct ike_addr *wish = &job->asked.vips[i];
		struct lease *lease;

		s->family = wish->family;
		lease = find(s, job, wish);
		if (lease)
			take(s, lease, &job->given);
	}
	if (!s->holding->count)
		return -EADDRNOTAVAIL;
	tell(s, &job->given);
	return 0;
}

static struct holding *holding_new(struct pools *p, uint64_t lease_id)
{
	struct holding *holding = calloc(1, sizeof(*holding));

	if (!holding)
		return NULL;
	holding->lease_id = lease_id;
	HASH_ADD(hh, p->holdings, lease_id, sizeof(holding->lease_id), holding);
	if (holding->hh.tbl)
		return holding;
	free(holding);
	return NULL;
}

static bool has_family(const struct search *s, uint8_t family)
{
	for (size_t i = 0; i < s->connection->pool_count; i++)
		if (range_named(s->p, s->connection->pools[i])->pool->first.family == family)
			return true;
	return false;
}

static const char *reason_of(int err, const struct search *s, const struct ike_lease_job *job)
{
	bool any = false;

	for (unsigned int i = 0; i < job->asked.vip_count; i++)
		any |= has_family(s, job->asked.vips[i].family);
	if (err != -EADDRNOTAVAIL)
		return strerror(-err);
	if (any && job->granted_count)
		return "the address that it is to have is in none of its pools, or another's";
	return any ? "its pools are exhausted" : "it has no pool of the family that is asked for";
}

void pools_give(struct pools *p, const struct conf_connection *c, struct ike_job *job)
{
	struct ike_lease_job *l = &job->lease;
	struct search s = {.p = p, .connection = c};

	s.owner = owner_of(p, &l->remote_id);
	s.replaced = l->replaces ? find_holding(p, l->replaces) : NULL;
	s.holding = s.owner ? holding_new(p, l->lease_id) : NULL;
	job->error = s.holding ? give(&s, l) : -ENOMEM;
	if (!job->error) {
		write_soon(p);
		return;
	}
	if (s.owner)
		drop_if_idle(p, s.owner);
	snprintf(job->reason, sizeof(job->reason), "%s", reason_of(job->error, &s, l));
}

void pools_release(struct pools *p, uint64_t lease_id)
{
	struct holding *holding = find_holding(p, lease_id);

	if (!holding)
		return;
	for (unsigned int i = 0; i < holding->count; i++)
		if (!--holding->leases[i]->holders)
			go_offline(p, holding->leases[i]);
	HASH_DELETE(hh, p->holdings, holding);
	free(holding);
	write_soon(p);
}

void pools_list(const struct pools *p, pools_lease_fn *fn, void *context)
{
	for (const struct lease *lease = p->leases; lease; lease = lease->hh.next) {
		const struct ike_id id = id_of(lease->owner);
		const struct ike_addr address = ike_addr_of(&lease->address, 0);

		fn(context, lease->range ? lease->range->pool : NULL, &address, &id,
		   lease->holders != 0);
	}
}
