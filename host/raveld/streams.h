/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP connections that carry IKE and ESP (RFC 9329): those that peers have made to the port that is
 * listened on, and those that are made when something is to be sent where there is none. Of
 * connections between the same addresses each is one of its own; who sends names both ends.
 *
 * What is sent while TCP has no room waits, of each connection a bounded amount; more is dropped,
 * as a link would. Whoever connects and doesn't come to an IKE SA loses his connection after a
 * while, or to the next one when there are many, and of one address there are few such.
 */
#ifndef RVL_RAVELD_STREAMS_H
#define RVL_RAVELD_STREAMS_H

#include <uv.h>

#include "host/ike/addr.h"
#include "host/raveld/log.h"

#define STREAMS_MAX 16384	   /* connections in all */
#define STREAMS_STRANGERS 256	   /* that are no IKE SA's, */
#define STREAMS_OF_A_STRANGER 16   /* of one address, */
#define STREAMS_STRANGER_MS 30000  /* and for so long */
#define STREAMS_WAITING (1u << 20) /* octets to be sent on one */

struct streams;

struct streams_config {
	uv_loop_t *loop;
	const struct log *log;
	uint16_t port; /* to listen on; 0: only what is made here */
	/* A message of IKE from its header, or ESP from its header. */
	void (*ike)(void *context, const struct ike_addr *local, const struct ike_addr *remote,
		    struct ike_slice message);
	void (*esp)(void *context, const struct ike_addr *local, const struct ike_addr *remote,
		    struct ike_slice message);
	/* One that was made here has ended. */
	void (*ended)(void *context, const struct ike_pair *pair);
	/* To call streams_use() for each that an IKE SA has. */
	void (*mark)(void *context);
	void *context;
};

struct streams_counters {
	uint64_t accepted;
	uint64_t made;
	uint64_t received; /* messages of IKE */
	uint64_t sent;	   /* likewise */
	uint64_t received_esp;
	uint64_t sent_esp;
	uint64_t refused;     /* connections of strangers, for there were too many, */
	uint64_t idle;	      /* and those that came to nothing in time */
	uint64_t malformed;   /* connections that ended for what came on them */
	uint64_t drop_absent; /* messages for connections that aren't there, */
	uint64_t drop_full;   /* or have too much waiting */
};

/* 0, or -errno with the reason in the log. */
int streams_open(const struct streams_config *config, struct streams **streams);

/* All connections end; freed once the loop has run its close callbacks. NULL is fine. */
void streams_close(struct streams *streams);

/* An IKE SA has this connection, if it is there. */
void streams_use(struct streams *streams, const struct ike_pair *pair);

/* A message of IKE; where our port is 0 and there is no connection, one is made for it. */
void streams_send(struct streams *streams, const struct ike_pair *pair, struct ike_slice message);

/* ESP from its header; from any thread. */
void streams_send_esp(struct streams *streams, const struct ike_pair *pair,
		      struct ike_slice message);

struct streams_counters streams_counters(struct streams *streams);

#endif
