/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections and keys that are found without a look at all of them, against a look at all of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/ike/sa.h"

enum { NAMES = 24, ROUNDS = 4000 };

static uint64_t seed;

static uint32_t random32(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(z >> 32);
}

static int fill(void *context, void *out, size_t len)
{
	(void)context;
	memset(out, 7, len);
	return 0;
}

static struct ike_engine *new_engine(void)
{
	const struct ike_engine_config config = {.random = {.fill = fill}};
	struct ike_engine *e = ike_engine_new(&config);

	assert_non_null(e);
	return e;
}

static const char *any_of(const char *const *list, size_t count)
{
	return list[random32() % count];
}

#define ANY_OF(list) any_of(list, sizeof(list) / sizeof((list)[0]))

static const char *const ids[] = {
	"a.example.org", "A.example.org", "b.example.org", "*.example.org", "192.0.2.1",
	"192.0.2.0/24",	 "C=CH, CN=a",	  "C=CH, CN=A",	   "C=CH, CN=*",    "%any"};

static struct ike_id some_id(void)
{
	char error[128];
	struct ike_id id;

	assert_int_equal(ike_id_parse(ANY_OF(ids), &id, error, sizeof(error)), 0);
	return id;
}

static const char *const hosts[] = {"192.0.2.1",    "192.0.2.2",	   "%any",
				    "192.0.2.0/24", "192.0.2.1-192.0.2.9", "2001:db8::1",
				    "b.example.org"};

static void set_hosts(struct ike_hosts *out)
{
	for (uint32_t i = random32() % 3; i; i--)
		assert_null(ike_hosts_add(out, ANY_OF(hosts)));
}

static struct ike_connection *some_connection(unsigned name)
{
	char text[16], error[128];
	struct ike_connection *conn;

	snprintf(text, sizeof(text), "c%u", name);
	conn = ike_connection_new(text);
	assert_non_null(conn);
	conn->remote_id = some_id();
	set_hosts(&conn->remote);
	if (random32() % 4 == 0)
		set_hosts(&conn->local);
	conn->proposal_count = random32() % 2;
	if (conn->proposal_count)
		assert_int_equal(ike_proposal_parse("aes128gcm16-prfsha256-x25519", IKE_PROTO_IKE,
						    &conn->proposals[0], error, sizeof(error)),
				 0);
	return conn;
}

static void change(struct ike_engine *e)
{
	unsigned name = random32() % NAMES;
	struct ike_connection *conn = some_connection(name), *there;
	char text[16];
	int err;

	snprintf(text, sizeof(text), "c%u", name);
	there = ike_connection_find(e, text);
	if (there)
		there->references = 1;
	if (there && random32() % 3 == 0) {
		assert_int_equal(ike_engine_remove_connection(e, text), 0);
		ike_connection_free(conn);
		return;
	}
	err = there ? ike_engine_update_connection(e, 0, conn) : ike_engine_add_connection(e, conn);
	assert_int_equal(err, 0);
	/* As an IKE SA of it would, which isn't there. */
	conn->references = 1 + random32() % 2;
}

static bool tells_alike(const struct ike_connection *a, const struct ike_connection *b)
{
	return ike_hosts_equal(&a->local, &b->local) && ike_hosts_equal(&a->remote, &b->remote) &&
	       a->proposal_count == b->proposal_count;
}

static bool has_name(const struct ike_connection *conn)
{
	bool found = false;

	for (unsigned i = 0; i < conn->remote.count; i++)
		found |= conn->remote.list[i].name != NULL;
	for (unsigned i = 0; i < conn->local.count; i++)
		found |= conn->local.list[i].name != NULL;
	return found && !ike_hosts_are_addresses(&conn->remote);
}

/* All that may be there are candidates once, and of each kind the first is a candidate. */
static void check_at(struct ike_engine *e, const struct ike_addr *addr)
{
	struct ike_candidates c = ike_candidates_at(e, addr);
	struct ike_connection *conn;
	unsigned count = 0, found = 0, names = 0;

	while ((conn = ike_candidates_next(&c)))
		count += ike_hosts_match(&conn->remote, addr) != 0;
	for (unsigned i = 0; i < e->connection_count; i++) {
		const struct ike_connection *wanted = e->connections[i];
		bool stands_for = false;

		names += has_name(wanted);
		if (!ike_hosts_match(&wanted->remote, addr))
			continue;
		found++;
		c = ike_candidates_at(e, addr);
		while ((conn = ike_candidates_next_kind(&c)))
			stands_for |= conn->order <= wanted->order && tells_alike(conn, wanted);
		assert_true(stands_for);
	}
	assert_true(count >= found);
	/* What a name stands for is known of each alone. */
	c = ike_candidates_at(e, addr);
	c.link = NULL;
	while ((conn = ike_candidates_next_kind(&c)))
		names -= has_name(conn);
	assert_int_equal(names, 0);
}

static void check_id(const struct ike_engine *e, const struct ike_id *id)
{
	struct ike_connection *conn = NULL;
	unsigned count = 0;

	while ((conn = ike_connection_of_id(e, id, conn))) {
		assert_true(ike_id_equal(&conn->remote_id, id));
		count++;
	}
	for (unsigned i = 0; i < e->connection_count; i++)
		count -= ike_id_equal(&e->connections[i]->remote_id, id);
	assert_int_equal(count, 0);
}

static bool is_shared(const struct ike_engine *e, const struct ike_connection *conn)
{
	for (unsigned i = 0; i < e->connection_count; i++) {
		const struct ike_connection *other = e->connections[i];

		if (other == conn || other->references == 1)
			continue;
		if (ike_id_equal(&other->remote_id, &conn->remote_id) ||
		    (!ike_id_is_one(&other->remote_id) &&
		     ike_hosts_overlap(&other->remote, &conn->remote)))
			return true;
	}
	return false;
}

static void what_a_peer_may_mean_is_found_as_by_a_look_at_all(void **state)
{
	struct ike_engine *e = new_engine();

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct ike_id id = some_id();
		struct ike_addr addr;

		change(e);
		assert_int_equal(ike_addr_parse("192.0.2.1", &addr), 0);
		addr.ip[3] = (uint8_t)(random32() % 12);
		check_at(e, &addr);
		check_id(e, &id);
		for (unsigned i = 0; i < e->connection_count; i++)
			assert_int_equal(ike_connection_is_shared(e, e->connections[i]),
					 is_shared(e, e->connections[i]));
	}
	for (unsigned i = 0; i < e->connection_count; i++)
		e->connections[i]->references = 1;
	ike_engine_free(e);
}

/* From anywhere, with one of two proposals; what lies between their fields says nothing. */
static void add_branch(struct ike_engine *e, unsigned n)
{
	struct ike_connection *conn;
	struct ike_proposal *p;
	char name[16], error[128];

	snprintf(name, sizeof(name), "branch%u", n);
	conn = ike_connection_new(name);
	assert_non_null(conn);
	assert_int_equal(ike_id_parse(name, &conn->remote_id, error, sizeof(error)), 0);
	p = &conn->proposals[conn->proposal_count++];
	assert_int_equal(ike_proposal_parse(n % 2 ? "aes128gcm16-prfsha256-x25519"
						  : "aes256gcm16-prfsha256-x25519",
					    IKE_PROTO_IKE, p, error, sizeof(error)),
			 0);
	memset((uint8_t *)p + sizeof(p->protocol), (int)n,
	       offsetof(struct ike_proposal, count) - sizeof(p->protocol));
	assert_int_equal(ike_engine_add_connection(e, conn), 0);
}

/* However many there are: a stranger's first message has but so many to be looked at. */
static void connections_that_differ_in_who_comes_are_of_one_kind(void **state)
{
	enum { BRANCHES = 200 };
	struct ike_engine *e = new_engine();
	struct ike_candidates c;
	struct ike_addr addr;
	unsigned kinds = 0;

	(void)state;
	for (unsigned n = 0; n < BRANCHES; n++)
		add_branch(e, n);
	assert_int_equal(ike_addr_parse("192.0.2.1", &addr), 0);
	c = ike_candidates_at(e, &addr);
	while (ike_candidates_next_kind(&c))
		kinds++;
	assert_int_equal(kinds, 2);
	ike_engine_free(e);
}

/* ike_engine_add_psk() says which key is taken. */
static int fitness(const struct ike_id *owners, unsigned count, const struct ike_id *local,
		   const struct ike_id *remote)
{
	unsigned theirs = 0, ours = 0;
	bool others = false, anybody = !count;

	for (unsigned i = 0; i < count; i++) {
		unsigned them = ike_id_match(&owners[i], remote);
		unsigned us = ike_id_match(&owners[i], local);

		if (owners[i].type == IKE_ID_ANY)
			anybody = true;
		else if (them)
			theirs = them > theirs ? them : theirs;
		else if (us)
			ours = us > ours ? us : ours;
		else
			others = true;
	}
	if (!theirs && !anybody && (others || !ours))
		return -1;
	return (int)(100 * theirs + ours);
}

static void the_key_of_a_peer_is_the_one_that_fits_best_of_all(void **state)
{
	enum { KEYS = 12, OWNERS = 3 };

	(void)state;
	for (int round = 0; round < ROUNDS / 4; round++) {
		struct ike_engine *e = new_engine();
		struct ike_id owners[KEYS][OWNERS];
		unsigned counts[KEYS], keys = random32() % KEYS;

		for (unsigned k = 0; k < keys; k++) {
			uint8_t key = (uint8_t)k;

			counts[k] = random32() % (OWNERS + 1);
			for (unsigned i = 0; i < counts[k]; i++)
				owners[k][i] = some_id();
			assert_int_equal(
				ike_engine_add_psk(e, owners[k], counts[k], ike_slice(&key, 1)), 0);
		}
		for (int n = 0; n < 20; n++) {
			struct ike_id local = some_id(), remote = some_id();
			const struct ike_psk *found = ike_psk_find(e, &local, &remote);
			int best = -1, best_fitness = -1;

			for (unsigned k = 0; k < keys; k++) {
				int f = fitness(owners[k], counts[k], &local, &remote);

				if (f >= 0 && f >= best_fitness) {
					best = (int)k;
					best_fitness = f;
				}
			}
			assert_int_equal(found ? found->key[0] : -1, best);
		}
		ike_engine_clear_psks(e);
		assert_null(ike_psk_find(e, &(struct ike_id){0}, &(struct ike_id){0}));
		ike_engine_free(e);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_peer_may_mean_is_found_as_by_a_look_at_all),
		cmocka_unit_test(connections_that_differ_in_who_comes_are_of_one_kind),
		cmocka_unit_test(the_key_of_a_peer_is_the_one_that_fits_best_of_all),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int failed;

	seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
