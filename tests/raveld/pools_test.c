// SPDX-License-Identifier: BSD-2-Clause
/* Pools by themselves: who gets which address, and what of it outlives the process. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/esp/ip.h"
#include "host/raveld/pools.h"
#include "tests/ike/support.h"

#define HEAD "raveld { backend = soft\n wire = eth9\n leases = %s/leases\n }\n"
#define CONNECTION                                                                                 \
	"connections { gw { pools = %s\n local { auth = psk } remote { auth = psk }\n"             \
	"children { net { } } } }\n"

enum { PEERS = 12, STEPS = 40000, HELD_MAX = 64 };

static char folder[64];
static uv_loop_t loop;
static struct log logger;
static struct conf *conf;
static struct pools *pools;
static uint64_t last_lease;
static uint64_t seed;

static struct conf *read_conf(const char *names, const char *sections)
{
	char text[2048];
	struct conf_error error;
	struct conf *read;

	snprintf(text, sizeof(text), HEAD CONNECTION "pools { %s }\n", folder, names, sections);
	if (conf_load_text("t.conf", text, strlen(text), &read, &error))
		fail_msg("%s", error.text);
	return read;
}

static void begin(const char *names, const char *sections)
{
	conf = read_conf(names, sections);
	uv_loop_init(&loop);
	assert_int_equal(pools_open(&loop, conf, &logger, &pools), 0);
}

static void close_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	uv_close(handle, NULL);
}

static void end(void)
{
	uv_walk(&loop, close_handle, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	pools_close(pools);
	uv_loop_close(&loop);
	conf_free(conf);
	pools = NULL;
}

static void configure(const char *names, const char *sections)
{
	struct conf *before = conf;

	conf = read_conf(names, sections);
	pools_configure(pools, conf);
	conf_free(before);
}

static struct ike_id id_of(const char *name)
{
	struct ike_id id;
	char reason[64];

	assert_int_equal(ike_id_parse(name, &id, reason, sizeof(reason)), 0);
	return id;
}

/* The last octets of the address that this lease, a new one, is given; 0: none. */
static uint32_t give_in_place_of(const char *name, const char *wish, uint64_t replaces)
{
	struct ike_job *job = calloc(1, sizeof(*job));
	uint32_t address = 0;

	job->type = IKE_JOB_LEASE;
	job->lease.lease_id = ++last_lease;
	job->lease.replaces = replaces;
	job->lease.remote_id = id_of(name);
	job->lease.asked.vip_count = 1;
	ike_addr_parse(wish, &job->lease.asked.vips[0]);
	pools_give(pools, &conf->connections[0], job);
	if (!job->error)
		address = rvl_get_be32(job->lease.given.vips[0].ip);
	else
		assert_int_equal(job->error, -EADDRNOTAVAIL);
	free(job);
	return address;
}

static uint32_t give(const char *name, const char *wish)
{
	return give_in_place_of(name, wish, 0);
}

static uint32_t any(const char *name)
{
	return give(name, "0.0.0.0");
}

struct count {
	size_t online, offline, outside;
};

static void count_one(void *context, const struct conf_pool *pool, const struct ike_addr *address,
		      const struct ike_id *id, bool online)
{
	struct count *count = context;

	(void)address;
	(void)id;
	count->online += online;
	count->offline += !online;
	count->outside += !pool;
}

static struct count census(void)
{
	struct count count = {0};

	pools_list(pools, count_one, &count);
	return count;
}

static void an_identity_has_its_address_again(void **state)
{
	uint32_t first;

	(void)state;
	begin("a", "a { addrs = 10.3.0.0/24 }");
	first = any("carol@example.org");
	assert_int_equal(first, 0x0a030001);
	assert_int_equal(any("dave@example.org"), 0x0a030002);
	pools_release(pools, 1);
	assert_int_equal(any("erin@example.org"), 0x0a030003);
	assert_int_equal(any("Carol@EXAMPLE.org"), first);
	/* The same octets of another type are somebody else. */
	assert_int_equal(any("@carol@example.org"), 0x0a030004);
	end();
}

static void two_ike_sas_of_one_identity_share_only_if_one_replaces_the_other(void **state)
{
	(void)state;
	begin("a", "a { addrs = 10.3.0.0/24 }");
	assert_int_equal(any("carol"), 0x0a030001);
	assert_int_equal(any("carol"), 0x0a030002);
	assert_int_equal(give("carol", "10.3.0.1"), 0x0a030003);
	assert_int_equal(give_in_place_of("carol", "0.0.0.0", 1), 0x0a030001);
	assert_int_equal(give_in_place_of("carol", "10.3.0.2", 2), 0x0a030002);
	assert_int_equal(give_in_place_of("mallory", "10.3.0.1", 1), 0x0a030004);
	/* As long as one of both has it, it is online. */
	pools_release(pools, 1);
	assert_int_equal(give("dave", "10.3.0.1"), 0x0a030005);
	assert_int_equal(census().online, 5);
	pools_release(pools, 4);
	assert_int_equal(census().offline, 1);
	end();
}

static void a_wish_is_fulfilled_if_nobody_else_has_or_had_it(void **state)
{
	(void)state;
	begin("a", "a { addrs = 10.3.0.0/24 }");
	assert_int_equal(give("carol", "10.3.0.77"), 0x0a03004d);
	assert_int_equal(give("dave", "10.3.0.77"), 0x0a030001);
	pools_release(pools, 1);
	assert_int_equal(give("erin", "10.3.0.77"), 0x0a030002);
	assert_int_equal(give("carol", "10.3.0.9"), 0x0a030009);
	assert_int_equal(give("frank", "10.3.0.0"), 0x0a030003);
	assert_int_equal(give("frank", "10.9.0.1"), 0x0a030004);
	end();
}

static void when_no_other_is_left_the_longest_offline_is_given(void **state)
{
	(void)state;
	begin("a, b", "a { addrs = 10.3.0.1-10.3.0.2 } b { addrs = 10.4.0.1 }");
	assert_int_equal(any("carol"), 0x0a030001);
	assert_int_equal(any("dave"), 0x0a030002);
	assert_int_equal(any("erin"), 0x0a040001);
	assert_int_equal(any("frank"), 0);
	pools_release(pools, 2);
	pools_release(pools, 3);
	pools_release(pools, 1);
	assert_int_equal(any("frank"), 0x0a030002);
	assert_int_equal(any("grace"), 0x0a040001);
	assert_int_equal(any("carol"), 0x0a030001);
	assert_int_equal(any("dave"), 0);
	assert_int_equal(census().online, 3);
	end();
}

static void a_pool_as_large_as_a_8_takes_memory_for_what_it_has_given(void **state)
{
	char name[32];

	(void)state;
	begin("a", "a { addrs = 10.0.0.0/8 }");
	assert_int_equal(give("carol", "10.255.255.254"), 0x0afffffe);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "host%u.example.org", i);
		assert_int_equal(any(name), 0x0a000001 + i);
	}
	assert_int_equal(census().online, 100001);
	end();
}

static void what_is_online_stays_when_its_pool_goes(void **state)
{
	(void)state;
	begin("a, b", "a { addrs = 10.3.0.1-10.3.0.2 } b { addrs = 10.4.0.1-10.4.0.4 }");
	assert_int_equal(any("carol"), 0x0a030001);
	assert_int_equal(any("dave"), 0x0a030002);
	assert_int_equal(any("erin"), 0x0a040001);
	assert_int_equal(any("frank"), 0x0a040002);
	pools_release(pools, 2);
	pools_release(pools, 4);
	configure("b", "b { addrs = 10.4.0.2-10.4.0.3 }");
	assert_int_equal(census().online, 2);
	assert_int_equal(census().outside, 2);
	assert_int_equal(census().offline, 1);
	assert_int_equal(any("grace"), 0x0a040003);
	assert_int_equal(any("frank"), 0x0a040002);
	assert_int_equal(give_in_place_of("carol", "10.3.0.1", 1), 0); /* it isn't in a pool */
	pools_release(pools, 1);
	assert_int_equal(census().outside, 1);
	/* It comes back under whoever had it. */
	configure("b", "b { addrs = 10.4.0.1-10.4.0.4 }");
	assert_int_equal(census().outside, 0);
	assert_int_equal(any("heidi"), 0x0a040004);
	assert_int_equal(any("ivan"), 0);
	pools_release(pools, 3);
	assert_int_equal(any("erin"), 0x0a040001);
	end();
}

static void a_restart_knows_who_had_what_and_for_how_long(void **state)
{
	(void)state;
	begin("a", "a { addrs = 10.3.0.1-10.3.0.3 }");
	assert_int_equal(any("carol"), 0x0a030001);
	assert_int_equal(any("dave"), 0x0a030002);
	assert_int_equal(give("192.0.2.7", "10.3.0.3"), 0x0a030003);
	pools_release(pools, last_lease - 1);
	pools_release(pools, last_lease);
	end();
	begin("a", "a { addrs = 10.3.0.1-10.3.0.3 }");
	assert_int_equal(census().offline, 3);
	assert_int_equal(any("erin"), 0x0a030002);
	assert_int_equal(any("192.0.2.7"), 0x0a030003);
	assert_int_equal(any("frank"), 0x0a030001); /* carol's was online to the end */
	end();
}

/* A plain model: who holds which address. */
struct held {
	uint64_t lease_id;
	unsigned peer;
	uint32_t address;
};

static struct held held[HELD_MAX];
static unsigned held_count;

static void check_model(void)
{
	size_t online = 0;

	for (unsigned i = 0; i < held_count; i++) {
		bool first = true;

		for (unsigned k = 0; k < i; k++) {
			if (held[k].address != held[i].address)
				continue;
			first = false;
			assert_int_equal(held[k].peer, held[i].peer);
		}
		online += first;
	}
	assert_int_equal(census().online, online);
}

static void step(struct rng *r)
{
	unsigned peer = (unsigned)rng_below(r, PEERS), old = HELD_MAX;
	char name[32], wish[32] = "0.0.0.0";
	uint32_t address;

	if (rng_percent(r, 45) || held_count == HELD_MAX) {
		unsigned i = held_count ? (unsigned)rng_below(r, held_count) : 0;

		pools_release(pools, held_count ? held[i].lease_id : 77777777);
		if (held_count)
			held[i] = held[--held_count];
		return;
	}
	if (rng_percent(r, 50))
		snprintf(wish, sizeof(wish), "10.%u.0.%u", 3 + (unsigned)rng_below(r, 2),
			 (unsigned)rng_below(r, 14));
	for (unsigned i = 0; i < held_count && rng_percent(r, 60); i++) {
		if (held[i].peer == peer)
			old = i;
	}
	snprintf(name, sizeof(name), "peer%u.example.org", peer);
	address = give_in_place_of(name, wish, old < HELD_MAX ? held[old].lease_id : 0);
	if (!address)
		return;
	for (unsigned i = 0; i < held_count; i++) {
		if (held[i].address == address)
			assert_true(old < HELD_MAX && held[old].address == address);
	}
	held[held_count++] = (struct held){last_lease, peer, address};
}

static void no_address_is_ever_of_two(void **state)
{
	static const char *const sections[] = {
		"a { addrs = 10.3.0.0/28 } b { addrs = 10.4.0.1-10.4.0.3 }",
		"a { addrs = 10.3.0.4-10.3.0.6 } b { addrs = 10.4.0.1-10.4.0.3 }",
		"a { addrs = 10.3.0.0/28 } b { addrs = 10.4.0.2-10.4.0.9 }",
	};
	struct rng r = {seed};

	(void)state;
	held_count = 0;
	begin("a, b", sections[0]);
	for (unsigned i = 0; i < STEPS; i++) {
		step(&r);
		if (rng_percent(&r, 1))
			configure(rng_percent(&r, 50) ? "a, b" : "b", sections[rng_below(&r, 3)]);
		if (i % 16 == 0)
			check_model();
	}
	while (held_count)
		pools_release(pools, held[--held_count].lease_id);
	assert_int_equal(census().online, 0);
	assert_int_equal(census().outside, 0);
	end();
}

static void a_folder_that_cannot_be_written_costs_no_address(void **state)
{
	char text[2048];
	struct conf_error error;

	(void)state;
	snprintf(text, sizeof(text), HEAD CONNECTION "pools { a { addrs = 10.3.0.0/24 } }\n",
		 "/proc/nowhere", "a");
	assert_int_equal(conf_load_text("t.conf", text, strlen(text), &conf, &error), 0);
	uv_loop_init(&loop);
	assert_int_equal(pools_open(&loop, conf, &logger, &pools), 0);
	assert_int_equal(any("carol"), 0x0a030001);
	end();
}

static int forget(void **state)
{
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/leases", folder);
	unlink(path);
	last_lease = 0;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_identity_has_its_address_again, forget),
		cmocka_unit_test_setup(
			two_ike_sas_of_one_identity_share_only_if_one_replaces_the_other, forget),
		cmocka_unit_test_setup(a_wish_is_fulfilled_if_nobody_else_has_or_had_it, forget),
		cmocka_unit_test_setup(when_no_other_is_left_the_longest_offline_is_given, forget),
		cmocka_unit_test_setup(a_pool_as_large_as_a_8_takes_memory_for_what_it_has_given,
				       forget),
		cmocka_unit_test_setup(what_is_online_stays_when_its_pool_goes, forget),
		cmocka_unit_test_setup(a_restart_knows_who_had_what_and_for_how_long, forget),
		cmocka_unit_test_setup(no_address_is_ever_of_two, forget),
		cmocka_unit_test_setup(a_folder_that_cannot_be_written_costs_no_address, forget),
	};
	int failed;

	seed = seed_of(argc, argv, 8598, &(bool){false});
	logger = log_open(LOG_LEVEL_ERROR);
	snprintf(folder, sizeof(folder), "/tmp/ravelin-pools-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	forget(NULL);
	rmdir(folder);
	if (failed)
		fprintf(stderr, "# seed=%llu\n", (unsigned long long)seed);
	return failed;
}
