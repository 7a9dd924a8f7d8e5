/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a flood costs a responder's core, without the way through the kernel: messages of strangers
 * that come to nothing, each of another IKE SA and address, in processor time. Prints JSON.
 *
 * usage: flood_bench [SECONDS_PER_FIGURE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/ike/ike.h"
#include "host/ike/payload.h"

enum what { COOKIE, WRONG_COOKIE, PUZZLE, GUESS, KINDS };

static const char *const names[KINDS] = {
	[COOKIE] = "initiation that is asked for a cookie",
	[WRONG_COOKIE] = "initiation with a forged cookie",
	[PUZZLE] = "initiation that is given a puzzle",
	[GUESS] = "message to an SPI of nobody's",
};

struct message {
	uint8_t data[1024];
	size_t len;
};

static uint64_t random_state = 1;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void check(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "flood_bench: %s failed\n", what);
		exit(1);
	}
}

static uint64_t next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int fill(void *context, void *out, size_t len)
{
	uint8_t *o = out;

	(void)context;
	for (size_t i = 0; i < len; i++)
		o[i] = (uint8_t)(next() >> 24);
	return 0;
}

static uint32_t alloc_spi(void *context, uint32_t replaces)
{
	(void)context;
	(void)replaces;
	return 4096;
}

static void release_spi(void *context, uint32_t spi)
{
	(void)context;
	(void)spi;
}

static struct ike_engine *make_engine(enum what what)
{
	struct ike_engine_config config = {
		.random = {.fill = fill},
		.alloc_spi = alloc_spi,
		.release_spi = release_spi,
		.cookie_always = what != PUZZLE,
		.limits = {.cookie_threshold = 1, .puzzle_threshold = 1},
	};
	struct ike_connection *conn = ike_connection_new("net");
	struct ike_engine *engine = ike_engine_new(&config);

	check(!engine || !conn || !ike_connection_add_child(conn, "c") ||
		      ike_engine_add_connection(engine, conn),
	      "engine");
	return engine;
}

/* With the proposals that we begin with ourselves. */
static void write_message(enum what what, struct message *m)
{
	static const uint8_t some[64];
	const struct ike_random random = {.fill = fill};
	struct ike_proposal proposals[IKE_PROPOSAL_DEFAULTS];
	struct ike_dh *dh = ike_dh_new(IKE_GROUP_X25519, &random);
	struct ike_header hdr = {
		.spi_i = 1,
		.spi_r = what == GUESS,
		.major = 2,
		.exchange = what == GUESS ? IKE_AUTH : IKE_SA_INIT,
		.flags = IKE_FLAG_INITIATOR,
		.message_id = what == GUESS,
	};
	struct ike_builder b;

	check(!dh, "key pair");
	ike_build_message(&b, m->data, sizeof(m->data), &hdr);
	if (what == GUESS) {
		ike_build_begin(&b, IKE_PAYLOAD_SK);
		ike_put(&b.w, some, sizeof(some));
		ike_build_end(&b);
	} else {
		if (what == WRONG_COOKIE)
			ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_COOKIE,
					 ike_slice(some, 20));
		ike_write_sa(&b, proposals, ike_proposal_defaults(IKE_PROTO_IKE, proposals),
			     ike_slice(NULL, 0));
		ike_write_ke(&b, IKE_GROUP_X25519, ike_dh_public(dh));
		ike_write_nonce(&b, ike_slice(some, IKE_NONCE_LEN));
	}
	check(ike_build_finish(&b), "message");
	m->len = b.w.len;
	ike_dh_free(dh);
}

static void receive(struct ike_engine *engine, struct message *m)
{
	const struct ike_addr local = {.family = 4, .ip = {192, 0, 2, 2}, .port = IKE_PORT};
	struct ike_addr remote = {.family = 4, .port = IKE_PORT};
	uint64_t spi = next() | 1, chance = next();
	struct ike_action *a;

	memcpy(m->data, &spi, 8);
	if (m->data[15])
		memcpy(m->data + 8, &spi, 8);
	memcpy(remote.ip, &chance, 4);
	ike_receive(engine, 1000, &local, &remote, ike_slice(m->data, m->len));
	while ((a = ike_next_action(engine)))
		ike_action_free(a);
}

static void figure(enum what what, double seconds, bool last)
{
	struct ike_engine *engine = make_engine(what);
	uint64_t count = 0, answers;
	const struct ike_stats *stats = ike_engine_stats(engine);
	struct message m;
	double begin, end;

	write_message(what, &m);
	receive(engine, &m); /* the first may become half-open */
	begin = now();
	do {
		for (unsigned i = 0; i < 256; i++)
			receive(engine, &m);
		count += 256;
		end = now();
	} while (end - begin < seconds);
	answers = what == GUESS	   ? stats->drop_unknown_spi
		  : what == PUZZLE ? stats->puzzles_sent
				   : stats->cookies_sent;
	check(answers < count, names[what]);
	ike_engine_free(engine);
	printf("{\"message\": \"%s\", \"octets\": %zu, \"per-second\": %.0f, \"ns\": %.0f}%s\n",
	       names[what], m.len, (double)count / (end - begin),
	       1e9 * (end - begin) / (double)count, last ? "" : ",");
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1;

	printf("{\"ike-flood\": [\n");
	for (unsigned what = 0; what < KINDS; what++)
		figure((enum what)what, seconds, what == KINDS - 1);
	printf("]}\n");
	return 0;
}
