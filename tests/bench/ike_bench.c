// SPDX-License-Identifier: BSD-2-Clause
/*
 * IKE handshakes per second on one core: IKE_SA_INIT and IKE_AUTH with a pre-shared key between
 * two engines in this process, so each figure pays for both sides. Each IKE SA is deleted again
 * within the time. Prints JSON.
 *
 * usage: ike_bench [SECONDS_PER_FIGURE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/ike/ike.h"

#define NODES 2

struct node {
	struct ike_engine *engine;
	struct ike_addr addr;
	uint64_t random;
	uint32_t next_spi;
	unsigned child_up;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Repeatable, and too cheap to show in the figures. */
static int fill(void *context, void *out, size_t len)
{
	struct node *node = context;
	uint8_t *o = out;

	for (size_t i = 0; i < len; i++) {
		uint64_t z = node->random += 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		o[i] = (uint8_t)(z >> 32);
	}
	return 0;
}

static uint32_t alloc_spi(void *context, uint32_t replaces)
{
	(void)replaces;
	return ((struct node *)context)->next_spi++;
}

static void release_spi(void *context, uint32_t spi)
{
	(void)context;
	(void)spi;
}

static void check(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "ike_bench: %s failed\n", what);
		exit(1);
	}
}

static void node_start(struct node *node, unsigned index, const char *suite)
{
	struct ike_engine_config config = {
		.random = {.fill = fill, .context = node},
		.alloc_spi = alloc_spi,
		.release_spi = release_spi,
		.context = node,
		.max_sas = 10000000,
	};
	struct ike_connection *conn = ike_connection_new("net");
	struct ike_child_config *child = ike_connection_add_child(conn, "c");
	char error[128];

	struct ike_addr peer = {.family = 4, .ip = {192, 0, 2, (uint8_t)(3 - index)}};

	*node = (struct node){.random = index, .next_spi = 0x1000};
	node->addr = (struct ike_addr){.family = 4, .ip = {192, 0, 2, (uint8_t)index}};
	node->engine = ike_engine_new(&config);
	check(!node->engine, "engine");
	check(ike_hosts_set(&conn->local, &node->addr), "local");
	check(ike_hosts_set(&conn->remote, &peer), "remote");
	conn->unique = IKE_UNIQUE_NEVER;
	conn->proposal_count = child->proposal_count = 1;
	check(ike_proposal_parse(suite, IKE_PROTO_IKE, &conn->proposals[0], error, sizeof(error)),
	      error);
	check(ike_proposal_parse("aes256gcm16", IKE_PROTO_ESP, &child->proposals[0], error,
				 sizeof(error)),
	      error);
	check(ike_engine_add_connection(node->engine, conn), "connection");
	check(ike_engine_add_psk(node->engine, NULL, 0, ike_slice("secret", 6)), "psk");
}

/* On this thread; the data path takes everything at once. */
static void do_job(struct ike_engine *engine, struct ike_action *a)
{
	struct ike_job *job = a->job;

	a->job = NULL;
	if (ike_job_is_work(job))
		ike_job_run(job);
	ike_job_done(engine, 0, job);
}

/* Do what both engines ask for until neither asks for more. */
static void pump(struct node nodes[NODES])
{
	bool busy = true;

	while (busy) {
		busy = false;
		for (unsigned i = 0; i < NODES; i++) {
			struct ike_action *a = ike_next_action(nodes[i].engine);

			if (!a)
				continue;
			busy = true;
			if (a->type == IKE_ACTION_SEND)
				ike_receive(nodes[1 - i].engine, 0, &a->send.remote, &a->send.local,
					    a->send.data);
			else if (a->type == IKE_ACTION_JOB)
				do_job(nodes[i].engine, a);
			else if (a->type == IKE_ACTION_CHILD_UP)
				nodes[i].child_up++;
			ike_action_free(a);
		}
	}
}

/* Set up and deleted: a Child SA that is up isn't set up a second time. */
static void handshake(struct node nodes[NODES])
{
	uint64_t id;

	check(ike_initiate(nodes[0].engine, 0, "net", "c", NULL, &id), "initiation");
	pump(nodes);
	check(ike_terminate(nodes[0].engine, 0, id), "termination");
	pump(nodes);
}

static void figure(const char *suite, double seconds, bool last)
{
	struct node nodes[NODES];
	unsigned count = 0;
	double begin, end;

	for (unsigned i = 0; i < NODES; i++)
		node_start(&nodes[i], i + 1, suite);
	begin = now();
	do {
		handshake(nodes);
		count++;
		end = now();
	} while (end - begin < seconds);
	check(nodes[0].child_up != count || nodes[1].child_up != count, "a handshake");
	for (unsigned i = 0; i < NODES; i++)
		ike_engine_free(nodes[i].engine);
	printf("{\"suite\": \"%s\", \"handshakes_per_s\": %.0f, \"us_per_handshake\": %.0f}%s\n",
	       suite, count / (end - begin), 1e6 * (end - begin) / count, last ? "" : ",");
}

int main(int argc, char **argv)
{
	static const char *const suites[] = {
		"aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha384-ecp256",
		"aes256gcm16-prfsha384-ecp384", "aes256gcm16-prfsha512-x448",
		"aes128-sha256-modp2048",	"aes256gcm16-prfsha256-modp3072",
	};
	size_t n = sizeof(suites) / sizeof(suites[0]);
	double seconds = argc > 1 ? atof(argv[1]) : 1;

	printf("{\"ike\": [\n");
	for (size_t i = 0; i < n; i++)
		figure(suites[i], seconds, i + 1 == n);
	printf("]}\n");
	return 0;
}
