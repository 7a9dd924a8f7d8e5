// SPDX-License-Identifier: BSD-2-Clause
// Child SAs over a data path that is only tables: against a model at random, many of them, and when
// memory runs out. The linker puts the allocators here before the real ones (--wrap).
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/raveld/sad_bed.h"

#define SAS 24000
#define POLICIES 24000

static uint64_t seed = 0x5eed4303;

static uint32_t below(uint32_t end)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % end;
}

/* ------------------------------------------------------------------------- memory that runs out */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static unsigned int memory_left = UINT32_MAX; /* so many times */

static bool take_memory(void)
{
	if (!memory_left)
		return false;
	memory_left -= memory_left != UINT32_MAX;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return take_memory() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return take_memory() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	return take_memory() ? __real_realloc(old, size) : NULL;
}

/* ------------------------------------------------------------------ a data path of nothing else */

struct slot {
	bool used;
	uint32_t spi;
	size_t policies; /* that lead to it */
};

static struct {
	struct rvl_backend backend;
	struct slot sas[2][SAS];
	size_t sa_count[2];
	struct rvl_policy policies[POLICIES];
	bool policy_used[POLICIES];
	size_t policy_count;
	uint32_t next_sa, next_policy;
	unsigned int refuse; /* the so-manieth addition from now on, once */
	bool no_delete;
	bool protection_goes;
	size_t written; /* policies */
} table;

static bool is_refused(void)
{
	return table.refuse && !--table.refuse;
}

static void table_info(struct rvl_backend *backend, struct rvl_backend_info *info)
{
	(void)backend;
	*info = (struct rvl_backend_info){
		.abilities = rvl_esp_abilities,
		.outbound_sas = SAS,
		.inbound_sas = SAS,
		.policies = POLICIES,
		.protection_goes = table.protection_goes,
	};
}

static int table_sa_add(struct rvl_backend *backend, const struct rvl_sa_params *params,
			const struct rvl_sa_purpose *purpose, uint32_t *index,
			struct rvl_backend_error *error)
{
	struct slot *slots = table.sas[params->direction];

	(void)backend;
	(void)purpose;
	if (is_refused())
		return rvl_backend_fail(error, -EIO, "refused");
	while (slots[table.next_sa].used)
		table.next_sa = (table.next_sa + 1) % SAS;
	*index = table.next_sa;
	slots[*index] = (struct slot){.used = true, .spi = params->spi};
	table.sa_count[params->direction]++;
	table.next_sa = (table.next_sa + 1) % SAS;
	return 0;
}

static int table_sa_delete(struct rvl_backend *backend, enum rvl_direction direction,
			   uint32_t index, struct rvl_backend_error *error)
{
	struct slot *slot = &table.sas[direction][index];

	(void)backend;
	if (table.no_delete)
		return rvl_backend_fail(error, -EIO, "it stays");
	assert_true(slot->used);
	/* Its place is going to be another's. */
	assert_int_equal(slot->policies, 0);
	slot->used = false;
	table.sa_count[direction]--;
	return 0;
}

static int table_sa_query(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			  struct rvl_sa_stats *stats, struct rvl_backend_error *error)
{
	(void)backend;
	(void)error;
	assert_true(table.sas[direction][index].used);
	*stats = (struct rvl_sa_stats){.seq = table.sas[direction][index].spi};
	return 0;
}

/* Count, or no longer, that the policy leads to its SA, which must be there. */
static void note_lead(const struct rvl_policy *policy, bool leads)
{
	struct slot *slot = &table.sas[RVL_OUTBOUND][policy->sa];

	if (policy->action != RVL_PROTECT)
		return;
	assert_true(slot->used);
	slot->policies += leads ? 1 : (size_t)-1;
}

static int table_policy_set(struct rvl_backend *backend, const struct rvl_policy *policy,
			    const struct rvl_scopes *scopes, uint32_t *index,
			    struct rvl_backend_error *error)
{
	uint32_t at = *index;

	(void)backend;
	(void)scopes;
	if (is_refused())
		return rvl_backend_fail(error, -EIO, "refused");
	if (at == RVL_BACKEND_ANY) {
		while (table.policy_used[table.next_policy])
			table.next_policy = (table.next_policy + 1) % POLICIES;
		at = table.next_policy;
	}
	if (table.policy_used[at])
		note_lead(&table.policies[at], false);
	table.written++;
	table.policy_count += !table.policy_used[at];
	table.policy_used[at] = true;
	table.policies[at] = *policy;
	note_lead(policy, true);
	*index = at;
	return 0;
}

static int table_policy_clear(struct rvl_backend *backend, uint32_t index,
			      struct rvl_backend_error *error)
{
	(void)backend;
	(void)error;
	assert_true(table.policy_used[index]);
	note_lead(&table.policies[index], false);
	table.policy_used[index] = false;
	table.policy_count--;
	return 0;
}

static const struct rvl_backend_ops table_ops = {
	.info = table_info,
	.sa_add = table_sa_add,
	.sa_delete = table_sa_delete,
	.sa_query = table_sa_query,
	.policy_set = table_policy_set,
	.policy_clear = table_policy_clear,
};

static struct rvl_sad *sad;

static int open_table(bool protection_goes)
{
	memset(&table, 0, sizeof(table));
	table.backend.ops = &table_ops;
	table.protection_goes = protection_goes;
	sad = rvl_sad_new(&table.backend);
	return sad ? 0 : -1;
}

static int set_up(void **state)
{
	(void)state;
	return open_table(false);
}

/* Where a policy that protects is one more than that which holds. */
static int set_up_beneath(void **state)
{
	(void)state;
	return open_table(true);
}

static int tear_down(void **state)
{
	(void)state;
	memory_left = UINT32_MAX;
	rvl_sad_free(sad);
	return 0;
}

static void assert_table(size_t children)
{
	assert_int_equal(rvl_sad_child_count(sad), children);
	assert_int_equal(rvl_sad_sa_count(sad, RVL_INBOUND), table.sa_count[RVL_INBOUND]);
	assert_int_equal(rvl_sad_sa_count(sad, RVL_OUTBOUND), table.sa_count[RVL_OUTBOUND]);
	assert_int_equal(rvl_sad_policy_count(sad), table.policy_count);
	assert_false(rvl_sad_broken(sad));
}

/* What becomes of a packet from 10.1.0.1: an SPI, BED_CLEAR, or BED_HELD. */
static uint32_t way_of(uint32_t dst)
{
	const struct rvl_ip ip = {
		.src = rvl_addr_of_ipv4(0x0a010001), .dst = rvl_addr_of_ipv4(dst), .protocol = 1};
	const struct rvl_policy *best = NULL;

	for (size_t i = 0, left = table.policy_count; left; i++) {
		const struct rvl_policy *p = &table.policies[i];

		if (!table.policy_used[i])
			continue;
		left--;
		if (rvl_selector_match(&p->selector, &ip, true) &&
		    (!best || p->priority < best->priority))
			best = p;
	}
	if (!best || best->action == RVL_BYPASS)
		return BED_CLEAR;
	return best->action == RVL_DISCARD ? BED_HELD : table.sas[RVL_OUTBOUND][best->sa].spi;
}

/* Does the answer to it reach the host, on this inbound SA or in clear? */
static bool answer_comes_in(uint32_t dst, uint32_t sa)
{
	uint8_t frame[60];

	udp_frame(frame, dst, 0x0a010001, 53, 1024);
	return rvl_inbound_check(rvl_sad_inbound(sad), frame, sizeof(frame), sa);
}

/* RVL_BACKEND_ANY: there is none. */
static uint32_t find_sa(enum rvl_direction direction, uint32_t spi)
{
	for (uint32_t i = 0; i < SAS; i++)
		if (table.sas[direction][i].used && table.sas[direction][i].spi == spi)
			return i;
	return RVL_BACKEND_ANY;
}

/* ------------------------------------------------------------------------------------ at random */

enum { MODELS = 10, STEPS = 4000 };

/* Remote networks, of which a child has one or several. The second lies in the first; what the last
 * one holds is known only from children. */
static const struct {
	const char *text;
	uint32_t address;
	uint32_t mask;
	bool configured;
} nets[] = {
	{"10.2.0.0/16", 0x0a020000, 0xffff0000, true},
	{"10.2.0.0/24", 0x0a020000, 0xffffff00, false},
	{"10.3.0.0/16", 0x0a030000, 0xffff0000, true},
	{"10.9.0.0/16", 0x0a090000, 0xffff0000, false},
};

#define NETS (sizeof(nets) / sizeof(nets[0]))

static const uint32_t probes[] = {0x0a020001, 0x0a020101, 0x0a030001, 0x0a090001};

#define PROBES (sizeof(probes) / sizeof(probes[0]))

static struct model {
	bool there;
	bool out;
	uint64_t used; /* when; 0: not in use */
	unsigned int line;
	unsigned int nets; /* a bit for each */
} models[MODELS];

static uint64_t now;
static unsigned int lines;

static bool has(const struct model *m, uint32_t dst, size_t net)
{
	return m->there && (m->nets & 1u << net) && (dst & nets[net].mask) == nets[net].address;
}

/* The narrowest network that a child in use has, and of those children the one used last. */
static uint32_t expected_way(uint32_t dst)
{
	uint64_t newest = 0;
	uint32_t way = BED_HELD;
	uint32_t mask = 0;

	for (size_t i = 0; i < MODELS; i++) {
		for (size_t n = 0; n < NETS; n++) {
			if (!models[i].used || !has(&models[i], dst, n) || nets[n].mask < mask ||
			    (nets[n].mask == mask && models[i].used < newest))
				continue;
			mask = nets[n].mask;
			newest = models[i].used;
			way = 0x20001 + (uint32_t)i;
		}
	}
	return way;
}

static void check_models(void)
{
	size_t children = 0;

	for (size_t p = 0; p < PROBES; p++) {
		bool held = p != PROBES - 1;

		for (size_t i = 0; i < MODELS; i++)
			held |= has(&models[i], probes[p], NETS - 1);
		if (held || expected_way(probes[p]) != BED_HELD)
			assert_int_equal(way_of(probes[p]), expected_way(probes[p]));
		if (held)
			assert_false(answer_comes_in(probes[p], RVL_BACKEND_CLEAR));
	}
	for (size_t i = 0; i < MODELS; i++) {
		uint32_t in = find_sa(RVL_INBOUND, 0x10001 + (uint32_t)i);
		uint32_t out = find_sa(RVL_OUTBOUND, 0x20001 + (uint32_t)i);

		children += models[i].there;
		assert_int_equal(in != RVL_BACKEND_ANY, models[i].there);
		assert_int_equal(out != RVL_BACKEND_ANY, models[i].out);
		for (size_t p = 0; models[i].there && p < PROBES; p++) {
			bool within = false;

			for (size_t n = 0; n < NETS; n++)
				within |= has(&models[i], probes[p], n);
			assert_int_equal(answer_comes_in(probes[p], in), within);
		}
	}
	assert_table(children);
}

static void try_inbound(size_t i)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = {0};
	struct rvl_child child = child_of(i + 1, &local, &remote);
	struct model *m = &models[i], *before = &models[below(MODELS)];
	struct rvl_backend_error error = {""};
	unsigned int chosen = 1 + below((1u << NETS) - 1);
	int err;

	for (size_t n = 0; n < NETS; n++)
		if (chosen & 1u << n)
			remote.list[remote.count++] = ts_of(nets[n].text).list[0];
	if (!below(4))
		remote.list[remote.count++] = remote.list[0];
	child.replaces = below(3) ? (uint64_t)(before - models) + 1 : 0;
	err = rvl_sad_child_inbound(sad, &child, &error);
	if (m->there) {
		assert_int_equal(err, -EEXIST);
		return;
	}
	if (!err)
		*m = (struct model){
			.there = true,
			.nets = chosen,
			.line = child.replaces && before->there ? before->line : ++lines,
		};
	else
		assert_int_equal(err, -EIO);
}

static void try_outbound(size_t i)
{
	struct rvl_backend_error error = {""};
	int err = rvl_sad_child_outbound(sad, i + 1, &error);

	if (!models[i].there)
		assert_int_equal(err, -ENOENT);
	else if (models[i].out)
		assert_int_equal(err, -EALREADY);
	else if (!err)
		models[i].out = true;
	else
		assert_int_equal(err, -EIO);
}

static void try_use(size_t i)
{
	struct rvl_backend_error error = {""};
	int err = rvl_sad_child_use(sad, i + 1, &error);

	if (!models[i].there)
		assert_int_equal(err, -ENOENT);
	else if (!models[i].out)
		assert_int_equal(err, -EINVAL);
	else if (err)
		assert_int_equal(err, -EIO);
	if (err)
		return;
	for (size_t k = 0; k < MODELS; k++)
		if (models[k].line == models[i].line)
			models[k].used = 0;
	models[i].used = ++now;
}

/* It couldn't be made anew. */
static void lost_its_way(size_t i, int err)
{
	assert_int_equal(err, -EIO);
	models[i].used = 0;
	models[i].out = find_sa(RVL_OUTBOUND, 0x20001 + (uint32_t)i) != RVL_BACKEND_ANY;
}

static void try_move(size_t i)
{
	static uint8_t place;
	struct ike_addr own = addr_of("192.0.2.1"), there = addr_of("192.0.2.3");
	struct rvl_backend_error error = {""};
	int err;

	there.ip[2] = ++place;
	err = rvl_sad_child_move(sad, i + 1, &own, &there, false, &error);

	if (!models[i].there)
		assert_int_equal(err, -ENOENT);
	else if (err)
		lost_its_way(i, err);
}

static void try_skip(size_t i)
{
	struct rvl_backend_error error = {""};
	int err = rvl_sad_child_skip(sad, i + 1, 5, &error);

	if (!models[i].there)
		assert_int_equal(err, -ENOENT);
	else if (err)
		lost_its_way(i, err);
}

static void try_remove(size_t i)
{
	struct rvl_backend_error error = {""};
	int err = rvl_sad_child_remove(sad, i + 1, &error);

	assert_int_equal(err, models[i].there ? 0 : -ENOENT);
	models[i] = (struct model){0};
}

static void any_order_of_steps_does_what_the_model_says(void **state)
{
	static void (*const tries[])(size_t) = {try_inbound,  try_inbound, try_outbound,
						try_outbound, try_use,	   try_use,
						try_move,     try_skip,	   try_remove};
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote;
	struct rvl_backend_error error = {""};

	(void)state;
	memset(models, 0, sizeof(models));
	for (size_t n = 0; n < NETS; n++) {
		remote = ts_of(nets[n].text);
		if (nets[n].configured)
			assert_int_equal(rvl_sad_protect(sad, NULL, &local, &remote, &error), 0);
	}
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int what = below(sizeof(tries) / sizeof(tries[0]));
		size_t i = below(MODELS);
		unsigned int most = 6;

		/* Refused is what the step itself asks for, not what passes flows on to others. */
		if (tries[what] == try_use)
			most = (unsigned int)__builtin_popcount(models[i].nets);
		if (tries[what] == try_remove)
			most = 0;
		table.refuse = most && !below(3) ? 1 + below(most) : 0;
		tries[what](i);
		table.refuse = 0;
		check_models();
	}
	for (size_t i = 0; i < MODELS; i++)
		try_remove(i);
	check_models();
}

/* ----------------------------------------------------------------------------- one policy or two
 */

static const struct rvl_policy *only_policy(void)
{
	assert_int_equal(table.policy_count, 1);
	for (size_t i = 0;; i++)
		if (table.policy_used[i])
			return &table.policies[i];
}

/* From hand to hand, to the discard and back each time by one write of the same one. */
static void flow_has_the_policy_that_holds_it(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct rvl_child first = child_of(1, &local, &remote),
			 second = child_of(2, &local, &remote);
	struct rvl_backend_error error = {""};
	const struct rvl_policy *policy;

	(void)state;
	assert_int_equal(rvl_sad_protect(sad, NULL, &local, &remote, &error), 0);
	policy = only_policy();
	assert_int_equal(add_child(sad, &first, &error), 0);
	assert_ptr_equal(only_policy(), policy);
	assert_int_equal(way_of(0x0a020001), 0x20001);
	second.replaces = 1;
	assert_int_equal(add_child(sad, &second, &error), 0);
	assert_ptr_equal(only_policy(), policy);
	assert_int_equal(table.written, 3);
	/* It is named again, and is what it was. */
	rvl_sad_unname(sad);
	assert_int_equal(rvl_sad_protect(sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(way_of(0x0a020001), 0x20002);
	assert_int_equal(rvl_sad_child_remove(sad, 1, &error), 0);
	assert_int_equal(rvl_sad_child_remove(sad, 2, &error), 0);
	assert_ptr_equal(only_policy(), policy);
	assert_int_equal(way_of(0x0a020001), BED_HELD);
	assert_int_equal(table.written, 4);
	/* Held it is where discards are: what is as wide and protects comes first. */
	assert_int_equal(policy->priority, rvl_selector_priority(&policy->selector, RVL_DISCARD));
	assert_table(0);
}

/* It is told of what the flow's policy was doing meanwhile. */
static void trap_is_set_when_its_flow_is_held_again(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct rvl_child child = child_of(1, &local, &remote);
	struct rvl_backend_error error = {""};

	(void)state;
	assert_int_equal(rvl_sad_protect(sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(add_child(sad, &child, &error), 0);
	assert_int_equal(rvl_sad_trap(sad, 7, NULL, &local, &remote, &error), 0);
	assert_int_equal(way_of(0x0a020001), 0x20001);
	assert_false(only_policy()->trap);
	assert_int_equal(rvl_sad_child_remove(sad, 1, &error), 0);
	assert_int_equal(way_of(0x0a020001), BED_HELD);
	assert_true(only_policy()->trap);
	assert_int_equal(add_child(sad, &child, &error), 0);
	rvl_sad_listen(sad, 7);
	assert_int_equal(way_of(0x0a020001), 0x20001);
	rvl_sad_untrap(sad, 7);
	assert_int_equal(way_of(0x0a020001), 0x20001);
	assert_int_equal(rvl_sad_child_remove(sad, 1, &error), 0);
	assert_false(only_policy()->trap);
}

/* Who has its policies on a device that may go is left with the other one. */
static void what_holds_stays_beneath_what_may_go(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct rvl_child child = child_of(1, &local, &remote);
	struct rvl_backend_error error = {""};

	(void)state;
	assert_int_equal(rvl_sad_protect(sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(add_child(sad, &child, &error), 0);
	assert_int_equal(table.policy_count, 2);
	for (size_t i = 0; i < POLICIES; i++)
		if (table.policy_used[i] && table.policies[i].action == RVL_PROTECT)
			table_policy_clear(&table.backend, (uint32_t)i, &error);
	assert_int_equal(way_of(0x0a020001), BED_HELD);
	assert_int_equal(only_policy()->action, RVL_DISCARD);
	table.policy_used[1] = true; /* as restored */
	table.policy_count++;
	note_lead(&table.policies[1], true);
}

/* --------------------------------------------------------------------------------- ten thousand */

enum { MANY = 10000 };

static struct rvl_child many_child(uint64_t id, struct ike_ts_list lists[2], unsigned int host)
{
	struct rvl_child child = child_of(id, &lists[0], &lists[1]);
	char text[32];

	lists[0] = ts_of("10.1.0.0/16");
	snprintf(text, sizeof(text), "10.2.%u.%u", host >> 8, host & 255);
	lists[1] = ts_of(text);
	child.in.spi = 0x100000 + (uint32_t)id;
	child.out.spi = 0x200000 + (uint32_t)id;
	return child;
}

/* Events of both SAs name the child, which answers for itself. */
static void assert_many(uint64_t id, uint32_t place_in, uint32_t place_out)
{
	struct rvl_backend_event in = {.direction = RVL_INBOUND, .index = place_in},
				 out = {.direction = RVL_OUTBOUND, .index = place_out};
	struct rvl_sa_stats stats_in, stats_out;
	struct rvl_backend_error error = {""};
	uint64_t found;

	assert_true(rvl_sad_child_of_event(sad, &in, &found));
	assert_int_equal(found, id);
	assert_true(rvl_sad_child_of_event(sad, &out, &found));
	assert_int_equal(found, id);
	assert_int_equal(rvl_sad_child_query(sad, id, &stats_in, &stats_out, &error), 0);
	assert_int_equal(stats_in.seq, 0x100000 + id);
	assert_int_equal(stats_out.seq, 0x200000 + id);
	assert_false(rvl_sad_child_heard(sad, id));
}

static void ten_thousand_children_are_rekeyed_one_by_one(void **state)
{
	struct ike_ts_list lists[2] = {ts_of("10.0.0.0/8"), ts_of("10.0.0.0/8")};
	struct rvl_backend_error error = {""};
	struct rvl_child child;

	(void)state;
	assert_int_equal(rvl_sad_protect(sad, NULL, &lists[0], &lists[1], &error), 0);
	for (unsigned int i = 1; i <= MANY; i++) {
		child = many_child(i, lists, i);
		assert_int_equal(add_child(sad, &child, &error), 0);
		/* The table gives one place after the other. */
		assert_many(i, (uint32_t)(2 * i - 2), (uint32_t)(2 * i - 1));
	}
	assert_table(MANY);
	assert_int_equal(table.policy_count, 1 + MANY);
	for (unsigned int i = 1; i <= MANY; i++) {
		child = many_child(MANY + i, lists, i);
		child.replaces = i;
		assert_int_equal(add_child(sad, &child, &error), 0);
		if (i % 1000 == 0)
			assert_int_equal(way_of(0x0a020000 + i), 0x200000 + MANY + i);
		assert_int_equal(rvl_sad_child_remove(sad, i, &error), 0);
	}
	assert_table(MANY);
	assert_int_equal(table.policy_count, 1 + MANY);
	/* 7919 is prime: each comes once. */
	for (unsigned int i = 0; i < MANY; i++)
		assert_int_equal(rvl_sad_child_remove(sad, MANY + 1 + i * 7919u % MANY, &error), 0);
	assert_table(0);
	assert_int_equal(table.policy_count, 1);
}

static void ten_thousand_children_share_a_flow(void **state)
{
	struct rvl_backend_error error = {""};
	struct ike_ts_list lists[2];
	struct rvl_child child;

	(void)state;
	for (unsigned int i = 1; i <= MANY; i++) {
		child = many_child(i, lists, 1);
		assert_int_equal(add_child(sad, &child, &error), 0);
	}
	assert_int_equal(table.policy_count, 1);
	for (unsigned int i = MANY; i > 1; i -= 2) {
		assert_int_equal(rvl_sad_child_remove(sad, i - 1, &error), 0);
		assert_int_equal(way_of(0x0a020001), 0x200000 + i);
		assert_int_equal(rvl_sad_child_remove(sad, i, &error), 0);
		assert_int_equal(way_of(0x0a020001), i > 2 ? 0x200000 + i - 2 : BED_HELD);
	}
	assert_table(0);
}

static void twenty_thousand_spis_are_given_out_and_taken_back(void **state)
{
	static uint32_t spis[SAS];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < SAS; i++) {
			spis[i] = rvl_sad_alloc_spi(sad, 0);
			assert_true(spis[i] >= RVL_SPI_MIN);
		}
		assert_int_equal(rvl_sad_alloc_spi(sad, 0), 0);
		for (unsigned int i = 0; i < SAS; i++)
			rvl_sad_release_spi(sad, spis[i]);
		rvl_sad_release_spi(sad, spis[0]);
	}
}

/* --------------------------------------------------------------------------------------- memory */

static void without_memory_there_is_no_sad(void **state)
{
	struct rvl_sad *other = NULL;
	unsigned int n;

	(void)state;
	for (n = 0; !other && n < 40; n++) {
		memory_left = n;
		other = rvl_sad_new(&table.backend);
	}
	memory_left = UINT32_MAX;
	assert_in_range(n, 5, 39);
	rvl_sad_free(other);
}

/* Each allocation of each step fails once, also those by which the tables grow. */
static void step_without_memory_is_as_if_it_had_not_been_tried(void **state)
{
	enum { CHILDREN = 400 };
	struct rvl_backend_error error = {""};
	struct ike_ts_list lists[2];
	unsigned int failures = 0, used = 0;

	(void)state;
	/* So that it is the policy of a flow that finds the table full. */
	lists[0] = ts_of("10.1.0.0/16");
	lists[1] = ts_of("10.3.0.0/16");
	assert_int_equal(rvl_sad_protect(sad, NULL, &lists[0], &lists[1], &error), 0);
	for (unsigned int i = 1; i <= CHILDREN; i++) {
		struct rvl_child child = many_child(i, lists, i);
		size_t policies = table.policy_count, in = table.sa_count[RVL_INBOUND];
		uint32_t dst = 0x0a020000 + (i % 2 ? i : i - 1);
		int err = -ENOMEM;

		/* Half of them have their flow in common with the one before. */
		if (i % 2 == 0)
			child = many_child(i, lists, i - 1);
		child.replaces = i % 3 ? i - 1 : 0;
		for (unsigned int n = 0; err; n++) {
			memory_left = n;
			err = rvl_sad_child_inbound(sad, &child, &error);
			memory_left = UINT32_MAX;
			if (!err)
				break;
			failures++;
			assert_int_equal(err, -ENOMEM);
			assert_string_equal(error.text, "out of memory");
			assert_table(i - 1);
			assert_int_equal(table.policy_count, policies);
			assert_int_equal(table.sa_count[RVL_INBOUND], in);
			assert_int_equal(way_of(dst), i % 2 ? BED_CLEAR : 0x200000 + i - 1);
			assert_int_equal(answer_comes_in(dst, RVL_BACKEND_CLEAR), i % 2);
		}
		for (unsigned int n = 0;; n++) {
			memory_left = n;
			err = rvl_sad_child_outbound(sad, i, &error);
			memory_left = UINT32_MAX;
			if (!err)
				break;
			failures++;
			assert_int_equal(err, -ENOMEM);
			assert_table(i);
			assert_int_equal(table.sa_count[RVL_OUTBOUND], i - 1);
		}
		/* The table of policies may grow; its flow is led where it was until it has. */
		for (unsigned int n = 0; err || !n; n++) {
			memory_left = n;
			err = rvl_sad_child_use(sad, i, &error);
			memory_left = UINT32_MAX;
			assert_int_equal(way_of(dst), !err    ? 0x200000 + i
						      : i % 2 ? BED_HELD
							      : 0x200000 + i - 1);
			used += err == -ENOMEM;
		}
		assert_table(i);
	}
	assert_true(failures > CHILDREN * 3);
	assert_in_range(used, 1, 19);
	for (unsigned int i = 1; i <= CHILDREN; i++) {
		memory_left = 0;
		assert_int_equal(rvl_sad_child_remove(sad, i, &error), 0);
		memory_left = UINT32_MAX;
		assert_table(CHILDREN - i);
	}
}

static void what_is_configured_without_memory_is_refused(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct ike_addr own = addr_of("192.0.2.1"), any = {0};
	struct rvl_backend_error error = {""};
	unsigned int n;
	int err = -ENOMEM;

	(void)state;
	for (n = 0; err && n < 20; n++) {
		memory_left = n;
		err = rvl_sad_protect(sad, NULL, &local, &remote, &error);
		memory_left = UINT32_MAX;
		assert_int_equal(way_of(0x0a020001), err ? BED_CLEAR : BED_HELD);
		assert_int_equal(answer_comes_in(0x0a020001, RVL_BACKEND_CLEAR), err != 0);
		assert_table(0);
	}
	assert_in_range(n, 4, 19);
	err = -ENOMEM;
	for (n = 0; err && n < 20; n++) {
		memory_left = n;
		err = rvl_sad_bypass_ike(sad, &own, &any, &ike_ports, &error);
		memory_left = UINT32_MAX;
		assert_table(0);
	}
	assert_int_equal(table.policy_count, 3);
	memory_left = 0;
	assert_int_equal(rvl_sad_alloc_spi(sad, 0), 0);
	memory_left = UINT32_MAX;
	assert_int_not_equal(rvl_sad_alloc_spi(sad, 0), 0);
}

/* There is no memory for an SA that was just added, and the data path doesn't give it up. */
static void sa_that_can_not_be_undone_breaks_the_sad(void **state)
{
	struct rvl_backend_error error = {""};
	struct ike_ts_list lists[2];
	struct rvl_child child = many_child(1, lists, 1);
	unsigned int n;

	(void)state;
	table.no_delete = true;
	for (n = 0; !rvl_sad_broken(sad) && n < 30; n++) {
		memory_left = n;
		assert_int_equal(rvl_sad_child_inbound(sad, &child, &error), -ENOMEM);
		memory_left = UINT32_MAX;
	}
	assert_true(rvl_sad_broken(sad));
	assert_int_equal(rvl_sad_child_count(sad), 0);
	assert_int_equal(rvl_sad_sa_count(sad, RVL_INBOUND), 1);
	table.no_delete = false;
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define BENEATH(name) cmocka_unit_test_setup_teardown(name, set_up_beneath, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(any_order_of_steps_does_what_the_model_says),
		BENEATH(any_order_of_steps_does_what_the_model_says),
		TEST(flow_has_the_policy_that_holds_it),
		TEST(trap_is_set_when_its_flow_is_held_again),
		BENEATH(what_holds_stays_beneath_what_may_go),
		TEST(ten_thousand_children_are_rekeyed_one_by_one),
		TEST(ten_thousand_children_share_a_flow),
		TEST(twenty_thousand_spis_are_given_out_and_taken_back),
		TEST(without_memory_there_is_no_sad),
		BENEATH(step_without_memory_is_as_if_it_had_not_been_tried),
		TEST(what_is_configured_without_memory_is_refused),
		TEST(sa_that_can_not_be_undone_breaks_the_sad),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : seed;
	int failed;

	seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
