/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EAP that a RADIUS server speaks with the peer (RFC 3579): what the peer says goes into an
 * Access-Request, what the server says in an Access-Challenge goes to the peer, and an
 * Access-Accept brings the key for AUTH (RFC 2548). Nothing here waits: who sends requests is told
 * which.
 */
#ifndef RVL_RADIUS_RELAY_H
#define RVL_RADIUS_RELAY_H

#include "host/ike/job.h"
#include "host/radius/packet.h"

enum {
	RADIUS_SERVER_MAX = 64, /* of a name, with its end */
	RADIUS_GROUPS_MAX = 8,
	RADIUS_GROUP_MAX = 64, /* of a name, with its end */
};

struct radius_relay {
	bool asks;	   /* the peer who it is; else it is as whom it came in IKE */
	struct ike_id who; /* with `asks`: who may come in, which the server may have another name
			    * for than the peer */
	/* Of which the server must say one, in Class or Filter-Id; none: whoever it is. */
	unsigned group_count;
	char groups[RADIUS_GROUPS_MAX][RADIUS_GROUP_MAX];
	char nas_identifier[RADIUS_VALUE_MAX + 1];
};

enum radius_step {
	RADIUS_ANSWERED, /* the job has its answer */
	RADIUS_ASK,	 /* the request is to be sent, and radius_relay_answer() called */
};

/* One message of the peer's. */
enum radius_step radius_relay_take(const struct radius_relay *relay, struct ike_job *job,
				   struct radius_packet *request);

/* The server that the conversation is with, as it goes on with no other; or "". */
const char *radius_relay_server(const struct ike_job *job);

/* What a server has answered; NULL: none has, the reason being in the job. */
void radius_relay_answer(const struct radius_relay *relay, struct ike_job *job, const char *server,
			 const struct radius_answer *answer);

#endif
