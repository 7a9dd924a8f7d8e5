/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE datagrams of the host that its kernel sends in fragments. The first one passes a policy by
 * its ports; those after it have none, so they go on as what they are part of (RFC 4301, section
 * 7.3): by addresses, protocol and identification, as long as it takes to send them.
 *
 * One data thread asks.
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

struct rvl_own_ike;

/* ports: of IKE over UDP. The rest stays the caller's. NULL without memory. */
struct rvl_own_ike *rvl_own_ike_new(struct rvl_policies *policies, struct rvl_inbound *inbound,
				    const uint16_t ports[2]);

/* NULL is fine. */
void rvl_own_ike_free(struct rvl_own_ike *own);

/* A frame of the host's: is it a later fragment of such a datagram, and to be sent as it is? */
bool rvl_own_ike_goes_on(struct rvl_own_ike *own, const uint8_t *frame, size_t len,
			 uint64_t now_ms);

#endif
