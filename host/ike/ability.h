/* SPDX-License-Identifier: BSD-2-Clause */
/* What of proposals a data path can do (host/esp/abilities.h). */
#ifndef RAVELIN_HOST_IKE_ABILITY_H
#define RAVELIN_HOST_IKE_ABILITY_H

#include "host/esp/abilities.h"
#include "host/ike/proposal.h"

/* One that can do all that there is. */
extern const struct rvl_abilities ike_every_ability;

/* What a transform of encryption is; NULL for another one, and for what there isn't. */
const struct rvl_encr *ike_encr_row(const struct ike_transform *t);

/*
 * Leave out of a proposal of ESP or AH what a data path lacks. False: what is left isn't a proposal
 * any more, and *p is in no particular state.
 */
bool ike_proposal_fit(struct ike_proposal *p, const struct rvl_abilities *can);

/*
 * The first thing in a proposal of ESP or AH that a data path lacks, in words for "has no ...":
 * "AES-CTR-128 (aes128ctr)". False, and text is empty: it lacks nothing.
 */
bool ike_proposal_lacks(const struct ike_proposal *p, const struct rvl_abilities *can, char *text,
			size_t size);

#endif
