/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threads that carry frames between the netdev and the data path: as many as that has frames
 * for. An SA's packets are one thread's (host/sa/fanout.h); what is another's is handed over. The
 * first one has all that isn't an SA's as well: what is clear, fragments, the host's own IKE, and
 * ESP from TCP connections.
 */
#ifndef RVL_RAVELD_DATAPATH_H
#define RVL_RAVELD_DATAPATH_H

#include <stdbool.h>
#include <stdint.h>

#include "host/sa/backend.h"
#include "host/sa/fit.h"
#include "host/sa/inbound.h"
#include "host/sa/own_ike.h"
#include "host/sa/pieces.h"
#include "host/sa/trap.h"

struct datapath;

struct datapath_config {
	struct rvl_frames *frames; /* the first thread's */
	struct rvl_inbound *inbound;
	struct rvl_policies *policies;
	uint16_t ike_ports[2]; /* over UDP */
	struct rvl_traps *traps;
	struct rvl_fit *fit;
	uint8_t station[6]; /* the netdev's */
	const int *taps;    /* the netdev's queues, one a thread; they stay the caller's */
	/* Called from a thread when a trap is sprung. */
	void (*sprung)(void *context);
	/* The same when a router has said what a path takes. */
	void (*hinted)(void *context);
	/* Called once from a thread that can't go on, by itself and not by a stop; with it all end.
	 */
	void (*failed)(void *context);
	void *context;
};

struct datapath_counters {
	uint64_t host_tx_frames; /* from the netdev, large ones as what they were cut to */
	uint64_t host_tx_large;	 /* how many large ones that were */
	uint64_t host_tx_errors; /* that made no sense, or the data path refused for their length */
	uint64_t host_tx_dropped;    /* that had no room in the backlog; large ones count once */
	uint64_t host_rx_frames;     /* to the netdev, large ones as what they were made of */
	uint64_t host_rx_large;	     /* how many large ones that were */
	uint64_t host_rx_errors;     /* that the netdev didn't take */
	uint64_t host_rx_unverified; /* ESP and AH put together, which the data path can't verify */
	uint64_t host_tx_fragments;  /* of what was cut */
	uint64_t host_tx_full;	     /* fragments of what was cut that there was no room for */
	uint64_t host_tx_ike_fragments;	  /* later ones of the host's own IKE datagrams */
	uint64_t host_tx_probes;	  /* of paths, which leave whole or cut, */
	uint64_t host_tx_probe_parts;	  /* frames that were put together to those, */
	uint64_t host_tx_probe_fragments; /* and those that they were cut to */
	uint64_t host_handed;	      /* from one thread to another; that there was no room for: */
	uint64_t host_handed_lost;    /* before anybody has counted them, */
	uint64_t host_tx_handed_lost; /* of those from the netdev, */
	uint64_t host_rx_handed_lost; /* and of those in clear from the wire */
	uint64_t host_rx_stream_full; /* ESP from TCP connections that there was no room for */
	struct rvl_reassembly_counters pieces;
};

/* Start the threads: 0 or -errno. */
int datapath_start(const struct datapath_config *config, struct datapath **datapath);

/* End the threads and free all. NULL is fine. */
void datapath_stop(struct datapath *datapath);

/*
 * ESP that came in a TCP connection, from its header: as if it had come in a packet between these
 * addresses. From any thread. What there is no room for is dropped and counted.
 */
void datapath_take_esp(struct datapath *datapath, const struct rvl_addr *src,
		       const struct rvl_addr *dst, const uint8_t *esp, size_t len);

/* The IKE message that begins so is about to be sent to the netdev, and leaves in this shape. From
 * any thread. False: too many are under way, and it had better not be sent. */
bool datapath_await(struct datapath *datapath, const uint8_t header[RVL_OWN_IKE_HEADER],
		    enum rvl_own_ike_shape shape);

/* Traps have released frames. */
void datapath_wake(struct datapath *datapath);

/* Why it failed; empty while it works. */
const char *datapath_reason(const struct datapath *datapath);

struct datapath_counters datapath_counters(const struct datapath *datapath);

#endif
