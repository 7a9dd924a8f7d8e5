/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Thousands of handshakes between two engines over a network that loses, repeats and reorders, in
 * virtual time. Each run draws everything from its own seed: suites, faults, who starts, what is
 * misconfigured, when it ends. In the end both sides have the same keys or a clean error, and
 * nothing of it is left.
 *
 * usage: ike_simulation_test [seed=N]     one run, the one that failed
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/support.h"

enum { HANDSHAKES = 10500, BASE_SEED = 20260000 };

enum expectation { MUST_COME_UP, MAY_COME_UP, MUST_FAIL };

struct run {
	enum expectation expect;
	bool both_start;
	char ike_a[96], ike_b[96];
	struct side a, b;
};

struct totals {
	unsigned runs, up, failed, none;
};

static const char *pick(struct rng *r, const char *const *list, size_t n)
{
	return list[rng_below(r, n)];
}

static const char *pick_group(struct rng *r)
{
	static const char *const cheap[] = {"x25519", "ecp256"};
	static const char *const dear[] = {"x448", "ecp384", "ecp521", "modp2048"};

	/* A key exchange of the others costs as much as ten of these. */
	return rng_percent(r, 97) ? pick(r, cheap, 2) : pick(r, dear, 4);
}

static void draw(struct rng *r, struct run *run)
{
	static const char *const ciphers[] = {"aes128gcm16-prfsha256", "aes192gcm16-prfsha384",
					      "aes256gcm16-prfsha512", "chacha20poly1305-prfsha256",
					      "aes128-sha256",	       "aes192-sha384",
					      "aes256-sha512"};
	static const char *const esp[] = {"aes256gcm16", "aes128gcm16", "aes128gcm16,aes256gcm16",
					  "aes256-sha256", "chacha20poly1305"};
	const char *cipher = pick(r, ciphers, 7), *group = pick_group(r);

	run->expect = MUST_COME_UP;
	run->a = SIDE_A;
	run->b = SIDE_B;
	run->a.ike = run->ike_a;
	run->b.ike = run->ike_b;
	snprintf(run->ike_a, sizeof(run->ike_a), "%s-%s", cipher, group);
	snprintf(run->ike_b, sizeof(run->ike_b), "%s-%s", cipher, group);
	if (rng_percent(r, 10)) /* INVALID_KE_PAYLOAD: the groups in another order */
		snprintf(run->ike_a, sizeof(run->ike_a), "%s-%s-%s", cipher,
			 strcmp(group, "x25519") ? "x25519" : "ecp256", group);
	run->a.esp = run->b.esp = pick(r, esp, 5);
	run->a.ipv6 = run->b.ipv6 = rng_percent(r, 40);
	run->a.encap = rng_percent(r, 20);
	run->b.encap = rng_percent(r, 20);
	run->b.cookie = rng_percent(r, 20);
	run->a.cookie = rng_percent(r, 10);
	run->a.dpd_ms = rng_percent(r, 80) ? 5000 + rng_below(r, 20000) : 0;
	run->b.dpd_ms = rng_percent(r, 80) ? 5000 + rng_below(r, 20000) : 0;
	for (unsigned i = 0; i < 2 && rng_percent(r, 30); i++)
		(i ? &run->a : &run->b)->fragment_size = (uint16_t)(160 + rng_below(r, 200));
	run->both_start = rng_percent(r, 10);
	switch (rng_below(r, 25)) {
	case 0:
		run->b.psk = "another secret";
		run->expect = MUST_FAIL;
		break;
	case 1:
		run->b.peer_id = "mars.example.org";
		run->expect = MUST_FAIL;
		break;
	case 2:
		snprintf(run->ike_b, sizeof(run->ike_b), "aes256-sha256-modp3072");
		run->expect = MUST_FAIL;
		break;
	case 3:
		run->b.local_ts = "10.9.0.0/16";
		run->expect = MUST_FAIL;
		break;
	case 4:
		run->b.esp = strcmp(run->b.esp, "aes128gcm16") ? "aes128gcm16" : "aes256gcm16";
		run->a.esp = strcmp(run->b.esp, "aes128gcm16") ? "aes128gcm16" : "aes256gcm16";
		run->expect = MUST_FAIL;
		break;
	default:
		break;
	}
	if (run->both_start && run->expect == MUST_COME_UP)
		run->expect = MAY_COME_UP; /* one may replace the other */
}

static bool holds(bool condition, uint64_t seed, const char *what)
{
	if (!condition)
		fprintf(stderr, "# seed=%llu: %s\n", (unsigned long long)seed, what);
	return condition;
}

/* Where both ends of a Child SA are complete, they agree. */
static bool consistent(struct net *n)
{
	for (unsigned i = 0; i < n->node[0].child_count; i++) {
		const struct installed *a = &n->node[0].children[i];

		for (unsigned k = 0; k < n->node[1].child_count; k++) {
			const struct installed *b = &n->node[1].children[k];

			if (a->outbound && b->outbound && a->sa.spi_in == b->sa.spi_out &&
			    !children_agree(a, b))
				return false;
		}
	}
	return true;
}

static bool finish(struct net *n, struct rng *r, uint64_t seed, struct totals *t)
{
	bool came_up = n->node[0].child_up && n->node[1].child_up;

	if (came_up)
		t->up++;
	else if (*n->node[0].ike_reason || *n->node[0].child_reason)
		t->failed++;
	else
		t->none++;
	/* One side, the other, both at once, or the network dies. */
	switch (rng_below(r, 4)) {
	case 0:
		ike_terminate_all(n->node[0].engine, n->now);
		break;
	case 1:
		ike_terminate_all(n->node[1].engine, n->now);
		break;
	case 2:
		n->down = true;
		break;
	default:
		ike_terminate_all(n->node[0].engine, n->now);
		ike_terminate_all(n->node[1].engine, n->now);
		break;
	}
	for (unsigned i = 0; i < 2; i++)
		node_drain(&n->node[i]);
	net_run(n, n->now + 400000);
	/* A peer without DPD may have missed the delete: it is told as an operator would. */
	for (unsigned i = 0; i < 2; i++) {
		ike_terminate_all(n->node[i].engine, n->now);
		node_drain(&n->node[i]);
	}
	net_run(n, n->now + 60000);
	return holds(nothing_left(&n->node[0]) && nothing_left(&n->node[1]), seed,
		     "something is left") &&
	       holds(n->queued == 0 && n->sent < 2000, seed, "a storm");
}

static bool simulate(uint64_t seed, struct totals *t)
{
	struct rng r = {seed};
	struct run run;
	struct net *n;
	bool ok;

	draw(&r, &run);
	n = net_new(rng_next(&r), &run.a, &run.b);
	if (rng_percent(&r, 70)) {
		n->loss = (unsigned)rng_below(&r, 30);
		n->duplicate = (unsigned)rng_below(&r, 30);
	}
	n->delay_min = rng_below(&r, 50);
	n->delay_max = n->delay_min + rng_below(&r, rng_percent(&r, 20) ? 9000 : 300);
	for (unsigned i = 0; i < 2; i++) {
		n->node[i].install_delay = rng_below(&r, 3) ? 0 : rng_below(&r, 3000);
		n->node[i].ke_delay = rng_below(&r, 3) ? 0 : rng_below(&r, 2000);
	}
	if (rng_percent(&r, 2)) {
		n->node[rng_below(&r, 2)].install_error = -5;
		run.expect = MUST_FAIL;
	}
	if (n->loss && run.expect == MUST_COME_UP)
		run.expect = MAY_COME_UP; /* all retransmissions may be lost */
	start(n, 0);
	if (run.both_start) {
		net_run(n, n->now + rng_below(&r, 500));
		start(n, 1);
	}
	net_run(n, n->now + 60000);
	t->runs++;
	ok = holds(consistent(n), seed, "the two ends of a Child SA differ");
	if (run.expect == MUST_COME_UP)
		ok = ok && holds(n->node[0].child_up == 1 && n->node[1].child_up == 1, seed,
				 "no Child SA though nothing is wrong");
	if (run.expect == MUST_FAIL)
		ok = ok && holds(n->node[0].child_up == 0 || n->node[1].child_up == 0, seed,
				 "a Child SA though it is misconfigured");
	if (run.expect == MUST_FAIL && !n->loss)
		ok = ok && holds(*n->node[0].ike_reason || *n->node[0].child_reason, seed,
				 "failed without a reason");
	ok = ok && finish(n, &r, seed, t);
	net_free(n);
	return ok;
}

static bool given;
static uint64_t first_seed;

static void ten_thousand_handshakes_end_with_the_same_keys_or_a_clean_error(void **state)
{
	struct totals t = {0};
	unsigned count = given ? 1 : HANDSHAKES;

	(void)state;
	for (unsigned i = 0; i < count; i++)
		assert_true(simulate(first_seed + i, &t));
	printf("# %u runs: %u up on both sides, %u with an error, %u with neither\n", t.runs, t.up,
	       t.failed, t.none);
	if (!given) {
		assert_true(t.up > HANDSHAKES / 2);
		assert_true(t.failed > HANDSHAKES / 20);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_handshakes_end_with_the_same_keys_or_a_clean_error),
	};

	first_seed = seed_of(argc, argv, BASE_SEED, &given);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
