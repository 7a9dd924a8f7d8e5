/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE's UDP sockets (RFC 7296, section 2.23), two of each family: one for plain IKE, one where IKE
 * stands behind a marker of four zero octets because ESP uses the port too (RFC 3948). Each is one
 * for each lane (host/sa/lane.h). Each lane has its turn, in which a batch of it is taken, and the
 * peers' are looked into before any other, so that a flood of one kind holds up no other.
 */
#ifndef RVL_RAVELD_SOCKETS_H
#define RVL_RAVELD_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "host/ike/addr.h"
#include "host/ike/cursor.h"
#include "host/raveld/log.h"
#include "host/sa/lane.h"

struct sockets;

/* A datagram without its marker. */
typedef void sockets_receive_fn(void *context, const struct ike_addr *local,
				const struct ike_addr *remote, struct ike_slice datagram);

struct sockets_counters {
	uint64_t received;
	uint64_t sent;
	uint64_t send_errors;
	uint64_t ignored;	    /* keepalives, ESP that nobody knows, and link-local IPv6 */
	uint64_t missed[RVL_LANES]; /* that came faster than they were taken */
};

/* Bind both ports on all addresses; encap: ESP in UDP that comes to the second one is the kernel's;
 * a machine without IPv6 does without, and the log says so. -errno with the reason in the log. */
int sockets_open(uv_loop_t *loop, uint16_t port, uint16_t port_nat, bool encap,
		 const struct log *log, sockets_receive_fn *receive, void *context,
		 struct sockets **sockets);

/* To be called so often that the kernel's counters of 32 bits don't come round. */
void sockets_count(struct sockets *sockets);

/* Stop receiving; freed once the loop has run its close callbacks. NULL is fine. */
void sockets_close(struct sockets *sockets);

/* Send from local (whose port says which socket) to remote, with the marker or without. */
void sockets_send(struct sockets *sockets, const struct ike_addr *local,
		  const struct ike_addr *remote, bool marker, struct ike_slice datagram);

/* Take what has come, up to some thousand datagrams, before the loop's turn for it. */
void sockets_receive(struct sockets *sockets);

struct sockets_counters sockets_counters(struct sockets *sockets);

#endif
