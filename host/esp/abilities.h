/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a data path can do. Proposals, checks of a configuration and refusals ask this.
 */
#ifndef RVL_ESP_ABILITIES_H
#define RVL_ESP_ABILITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/label.h"
#include "host/esp/params.h"
#include "host/esp/spd.h"
#include "host/esp/suite.h"

struct rvl_abilities {
	unsigned int protocols; /* bits 1 << enum rvl_protocol */
	unsigned int modes;	/* bits 1 << enum rvl_mode */
	unsigned int outer;	/* RVL_FAMILY_* */
	unsigned int inner;	/* RVL_FAMILY_*, in tunnel mode */
	unsigned int policies;	/* RVL_FAMILY_*, over what; all else passes */
	bool types;		/* policies by types of ICMP messages, and by OPAQUE ports */
	uint64_t encr;		/* bit by row of rvl_encr_table */
	uint64_t integ;		/* bit by row of rvl_integ_table */
	unsigned int encap;	/* RVL_FAMILY_*, ESP in UDP over them */
	bool esn;
	bool stream;	    /* ESP in TCP */
	bool nat_transport; /* transport mode between NATs, with its checksums mended */
	bool tfc;	    /* padding made; it is taken by all */
	bool headers;	    /* ECN, DSCP and flow label by other rules than copying them outwards */
	bool if_ids;	    /* XFRM interfaces */
	bool marks;	    /* of packets */
	uint32_t per_cpu;   /* processors that may have SAs of their own; 0: none may */
	uint32_t window;    /* largest anti-replay window, packets */
	uint32_t events;    /* RVL_ESP_EVENT_* */
};

/* The bits of rows; 0 for NULL. */
uint64_t rvl_encr_bit(const struct rvl_encr *row);
uint64_t rvl_integ_bit(const struct rvl_integ *row);

/* Has it this algorithm, its key of so many octets without the salt? */
bool rvl_can_encr(const struct rvl_abilities *can, uint16_t id, size_t key);
bool rvl_can_integ(const struct rvl_abilities *can, uint16_t id);

/*
 * What an SA asks for that a data path with these abilities lacks, in words for "has no ...", as
 * "transport mode, AES-CBC-256". False, and text empty, when it lacks nothing. What doesn't fit
 * into size octets is cut off.
 */
bool rvl_abilities_lack(const struct rvl_abilities *can, const struct rvl_sa_params *params,
			char *text, size_t size);

/* What of a policy with this selector it lacks, in words for "has no ..."; NULL: nothing. */
const char *rvl_abilities_lack_policy(const struct rvl_abilities *can,
				      const struct rvl_selector *selector);

/* The same of flows that are told apart so. */
const char *rvl_abilities_lack_scopes(const struct rvl_abilities *can,
				      const struct rvl_scopes *scopes);

/* Its algorithms by their titles in small letters, as "aes-gcm-128 aes-gcm-256". */
void rvl_abilities_algorithms(const struct rvl_abilities *can, char *text, size_t size);

#endif
