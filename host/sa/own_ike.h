/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE datagrams of the host that its kernel sends in fragments. The first one passes a policy by
 * its ports; those after it have none, so they go on as what they are part of (RFC 4301, section
 * 7.3): by addresses, protocol and identification, as long as it takes to send them.
 *
 * And datagrams that show what a path takes: they leave in one packet that nobody may cut, with DF,
 * or in fragments that every path takes, whatever the netdev's MTU had its kernel do with them.
 *
 * One data thread asks; what is awaited any thread says.
 */
#ifndef RVL_SA_OWN_IKE_H
#define RVL_SA_OWN_IKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/sa/inbound.h"
#include "host/sa/policies.h"

/* Datagrams whose later fragments may be under way; of more the oldest gives way. */
#define RVL_OWN_IKE_DATAGRAMS 64
#define RVL_OWN_IKE_MS 1000

/* What begins an IKE message, and no other one (RFC 7296, section 3.1): with SPIs, message ID and
 * length. */
#define RVL_OWN_IKE_HEADER 28

/* Messages that are to leave in a shape of their own and haven't come yet; for longer than this
 * none is awaited. */
#define RVL_OWN_IKE_AWAITED 256
#define RVL_OWN_IKE_AWAITED_MS 60000

struct rvl_own_ike;

/* ports: of IKE over UDP. The rest stays the caller's. NULL without memory. */
struct rvl_own_ike *rvl_own_ike_new(struct rvl_policies *policies, struct rvl_inbound *inbound,
				    const uint16_t ports[2]);

/* NULL is fine. */
void rvl_own_ike_free(struct rvl_own_ike *own);

enum rvl_own_ike_shape {
	RVL_OWN_IKE_WHOLE = 1, /* one packet that nobody may cut */
	RVL_OWN_IKE_CUT,       /* fragments that every path takes */
};

/* The message that begins so is about to be sent, and is to leave in this shape. False: too many
 * are awaited, and it had better not be sent. now_ms: of the clock of those below. */
bool rvl_own_ike_await(struct rvl_own_ike *own, const uint8_t header[RVL_OWN_IKE_HEADER],
		       enum rvl_own_ike_shape shape, uint64_t now_ms);

enum rvl_own_ike_verdict {
	RVL_OWN_IKE_ELSE,    /* nothing of all this */
	RVL_OWN_IKE_GOES_ON, /* a later fragment, to be sent as it is */
	RVL_OWN_IKE_HELD,    /* a part of what is awaited: nothing is left to do */
	RVL_OWN_IKE_TO_SEND, /* that, all of it, in the place of its last part: to be sent as it is,
			      */
	RVL_OWN_IKE_TO_CUT,  /* or to be cut */
};

/* A frame of the host's, in a buffer of RVL_BACKEND_FRAME octets. */
enum rvl_own_ike_verdict rvl_own_ike_take(struct rvl_own_ike *own, uint8_t *frame, size_t *len,
					  uint64_t now_ms);

#endif
