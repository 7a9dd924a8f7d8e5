/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What strangers, who haven't authenticated yet, may take of us. Zero means the default in
 * brackets, IKE_NO_LIMIT that there is none, or that a threshold is never reached.
 */
#ifndef RAVELIN_HOST_IKE_LIMITS_H
#define RAVELIN_HOST_IKE_LIMITS_H

#include <limits.h>

#define IKE_NO_LIMIT UINT_MAX

struct ike_limits {
	unsigned half_open;	   /* IKE SAs that haven't authenticated, or were refused [2000] */
	unsigned half_open_per_ip; /* the same of one address [no limit] */
	unsigned computing;	   /* key exchanges at a time [200] */
	unsigned cookie_threshold; /* half-open IKE SAs from which on cookies are asked for [30] */
	unsigned cookie_threshold_ip; /* the same of one address [3] */
	/* Puzzles (RFC 8019) */
	unsigned puzzle_threshold;    /* half-open IKE SAs from which on they are given [500] */
	unsigned puzzle_threshold_ip; /* the same of one address [100] */
	unsigned puzzle_difficulty;   /* zero bits of the hardest; IKE_NO_LIMIT: no puzzles [18] */
	/* As initiator: zero bits of the hardest that is solved; IKE_NO_LIMIT: none is [22] */
	unsigned puzzle_effort;
};

#endif
