/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two IKE engines that rekey for as long as a run lasts, in virtual time: over a network that
 * loses, repeats, reorders and falls silent, with jobs that come late, a data path that refuses now
 * and then, and an operator who asks for rekeyings at any moment. Each run draws everything from
 * its own seed.
 *
 * At each step of a run:
 *   - each side has something to send on, and the other receives it;
 *   - no key is given to the data path a second time;
 *   - there are few IKE SAs and Child SAs.
 * In its end there is one of each on both sides, with the same keys; and once it is deleted,
 * nothing.
 *
 * usage: ike_sim_test [seed=N] [runs=N]     runs: 1 where a seed is given, the one that failed
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/support.h"

enum {
	RUNS = 20000,
	BASE_SEED = 72960000,
	SAS_MAX = 8, /* IKE SAs or Child SAs of a side at a time */
	TRIES = 60,  /* of a request, every two seconds: nobody is taken for dead by chance */
};

struct totals {
	uint64_t rekeyed, ike_rekeyed, messages;
};

struct run {
	uint64_t seed;
	uint64_t end;
	unsigned loss;
	unsigned operator_percent; /* of the steps in which an operator wants something */
	unsigned refusal_percent;
	unsigned silence_percent;
};

static uint64_t first_seed = BASE_SEED;
static unsigned runs = RUNS;

static bool holds(bool condition, const struct run *run, const struct net *n, const char *what)
{
	if (!condition)
		fprintf(stderr, "# seed=%llu, %llu ms: %s\n", (unsigned long long)run->seed,
			(unsigned long long)n->now, what);
	return condition;
}

static void draw_side(struct rng *r, struct side *side)
{
	static const char *const esp[] = {"aes256gcm16", "aes256gcm16-x25519",
					  "aes256gcm16-ecp256-x25519"};

	side->rekey_ms = rng_percent(r, 80) ? 5000 + rng_below(r, 40000) : 0;
	side->ike_rekey_ms = rng_percent(r, 60) ? 10000 + rng_below(r, 80000) : 0;
	side->rand_ms = rng_percent(r, 70) ? rng_below(r, 4000) : 0;
	side->esp = esp[rng_percent(r, 60) ? 0 : 1 + rng_below(r, 2)];
	side->dpd_ms = rng_percent(r, 50) ? 3000 + rng_below(r, 30000) : 0;
}

static struct net *draw(struct run *run, struct rng *r)
{
	struct side a = SIDE_A, b = SIDE_B;
	struct net *n;

	draw_side(r, &a);
	draw_side(r, &b);
	/* The same times on both sides make collisions the rule. */
	if (rng_percent(r, 30)) {
		b.rekey_ms = a.rekey_ms;
		b.ike_rekey_ms = a.ike_rekey_ms;
		a.rand_ms = b.rand_ms = 0;
	}
	/* Both have a key exchange of their own, or neither. */
	if ((strchr(a.esp, '-') == NULL) != (strchr(b.esp, '-') == NULL))
		b.esp = a.esp;
	n = net_new(rng_next(r), &a, &b);
	for (unsigned i = 0; i < 2; i++) {
		struct ike_connection *conn = n->node[i].engine->connections[0];

		conn->retransmit_ms = 2000;
		conn->retransmit_percent = 100;
		conn->retransmit_tries = TRIES;
	}
	start(n, 0);
	net_settle(n);
	n->watch_flow = true;
	run->loss = rng_percent(r, 70) ? (unsigned)rng_below(r, 35) : 0;
	n->loss = run->loss;
	n->duplicate = rng_percent(r, 50) ? (unsigned)rng_below(r, 30) : 0;
	n->delay_min = rng_below(r, 50);
	n->delay_max = n->delay_min + rng_below(r, rng_percent(r, 30) ? 5000 : 300);
	for (unsigned i = 0; i < 2; i++) {
		n->node[i].install_delay = rng_percent(r, 50) ? 0 : rng_below(r, 1500);
		n->node[i].ke_delay = rng_percent(r, 50) ? 0 : rng_below(r, 1500);
		/* A data path that has room for an SA may lead flows to it. */
		n->node[i].use_works = true;
	}
	run->operator_percent = (unsigned)rng_below(r, 12);
	run->refusal_percent = rng_percent(r, 30) ? (unsigned)rng_below(r, 15) : 0;
	run->silence_percent = rng_percent(r, 30) ? (unsigned)rng_below(r, 4) : 0;
	run->end = n->now + 20000 + rng_below(r, 160000);
	return n;
}

/* An operator's wish, a refusing data path, a silent network: each for the time of a step. */
static void disturb(struct net *n, const struct run *run, struct rng *r)
{
	for (unsigned i = 0; i < 2; i++) {
		struct node *node = &n->node[i];
		const struct installed *child = sending_child(node);

		node->install_error = rng_percent(r, run->refusal_percent) ? -28 : 0;
		if (rng_percent(r, run->operator_percent))
			ike_rekey_child(node->engine, n->now, child->sa.child_id);
		if (rng_percent(r, run->operator_percent / 2))
			ike_rekey(node->engine, n->now, node->ike_id);
		node_drain(node);
	}
	n->down = rng_percent(r, run->silence_percent);
}

/* Is any key of a Child SA that is there another's as well? */
static bool keys_are_fresh(const struct node *node)
{
	for (unsigned i = 0; i < node->child_count; i++) {
		const struct child_sa *x = &node->children[i].sa;

		for (unsigned k = 0; k < i; k++) {
			const struct child_sa *y = &node->children[k].sa;

			if (memcmp(x->keys_in.encr, y->keys_in.encr, x->keys_in.encr_len) == 0 ||
			    memcmp(x->keys_out.encr, y->keys_out.encr, x->keys_out.encr_len) == 0)
				return false;
		}
	}
	return true;
}

static bool simulate(uint64_t seed, struct totals *t)
{
	struct run run = {.seed = seed};
	struct rng r = {seed};
	struct net *n = draw(&run, &r);
	bool ok = true;

	n->seed = seed;
	while (ok && n->now < run.end) {
		disturb(n, &run, &r);
		net_run(n, n->now + 100 + rng_below(&r, 1500));
		for (unsigned i = 0; ok && i < 2; i++)
			ok = holds(n->node[i].engine->sa_count <= SAS_MAX, &run, n,
				   "IKE SAs pile up") &&
			     holds(n->node[i].engine->children.count <= SAS_MAX, &run, n,
				   "Child SAs pile up") &&
			     holds(keys_are_fresh(&n->node[i]), &run, n, "a key is used twice") &&
			     holds(n->node[i].ike_down < n->node[i].ike_up &&
					   !n->node[i].child_down,
				   &run, n, "something is down");
	}
	/* Then it becomes quiet, and all that was begun comes to its end. */
	n->loss = 0;
	n->down = false;
	for (unsigned i = 0; i < 2; i++) {
		n->node[i].install_error = 0;
		n->node[i].engine->connections[0]->rekey_ms = 0;
		n->node[i].engine->connections[0]->children[0].rekey_ms = 0;
	}
	net_run(n, n->now + 400000);
	for (unsigned i = 0; ok && i < 2; i++) {
		ok = holds(n->node[i].engine->sa_count == 1, &run, n, "not one IKE SA is left") &&
		     holds(receiving(&n->node[i]) == 1, &run, n, "not one Child SA is left");
		t->rekeyed += n->node[i].rekeyed;
		t->ike_rekeyed += n->node[i].ike_rekeyed;
	}
	ok = ok && holds(children_agree(sending_child(&n->node[0]), sending_child(&n->node[1])),
			 &run, n, "the two ends differ");
	n->watch_flow = false;
	ike_terminate_all(n->node[rng_below(&r, 2)].engine, n->now);
	node_drain(&n->node[0]);
	node_drain(&n->node[1]);
	net_run(n, n->now + 60000);
	ok = ok && holds(nothing_left(&n->node[0]) && nothing_left(&n->node[1]), &run, n,
			 "something is left");
	t->messages += n->sent;
	net_free(n);
	return ok;
}

static void no_rekeying_leaves_a_gap(void **state)
{
	struct totals t = {0};

	(void)state;
	for (unsigned i = 0; i < runs; i++)
		assert_true(simulate(first_seed + i, &t));
	printf("# %u runs from seed %llu: %llu Child SAs and %llu IKE SAs rekeyed, %llu messages\n",
	       runs, (unsigned long long)first_seed, (unsigned long long)t.rekeyed / 2,
	       (unsigned long long)t.ike_rekeyed / 2, (unsigned long long)t.messages);
	if (runs >= 1000)
		assert_true(t.rekeyed > runs && t.ike_rekeyed > runs / 2);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_rekeying_leaves_a_gap),
	};

	for (int i = 1; i < argc; i++) {
		if (sscanf(argv[i], "runs=%u", &runs) == 1)
			continue;
		first_seed = seed_of(i + 1, argv + i - 1, BASE_SEED, &(bool){false});
		if (argc == 2)
			runs = 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
