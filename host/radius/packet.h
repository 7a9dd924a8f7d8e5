/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of RADIUS (RFC 2865), with Message-Authenticator (RFC 3579, section 3.2) in every request
 * and demanded of every answer: without it whoever is on the way may turn a Reject into an Accept
 * (CVE-2024-3596).
 */
#ifndef RVL_RADIUS_PACKET_H
#define RVL_RADIUS_PACKET_H

#include "host/ike/addr.h"
#include "host/ike/cursor.h"
#include "host/ike/random.h"

enum radius_code {
	RADIUS_ACCESS_REQUEST = 1,
	RADIUS_ACCESS_ACCEPT = 2,
	RADIUS_ACCESS_REJECT = 3,
	RADIUS_ACCOUNTING_REQUEST = 4,
	RADIUS_ACCOUNTING_RESPONSE = 5,
	RADIUS_ACCESS_CHALLENGE = 11,
};

enum radius_type {
	RADIUS_USER_NAME = 1,
	RADIUS_SERVICE_TYPE = 6,
	RADIUS_FRAMED_IP_ADDRESS = 8,
	RADIUS_FILTER_ID = 11,
	RADIUS_FRAMED_MTU = 12,
	RADIUS_REPLY_MESSAGE = 18,
	RADIUS_STATE = 24,
	RADIUS_CLASS = 25,
	RADIUS_VENDOR_SPECIFIC = 26,
	RADIUS_SESSION_TIMEOUT = 27,
	RADIUS_CALLED_STATION_ID = 30,
	RADIUS_CALLING_STATION_ID = 31,
	RADIUS_NAS_IDENTIFIER = 32,
	RADIUS_ACCT_STATUS_TYPE = 40, /* RFC 2866 */
	RADIUS_ACCT_DELAY_TIME = 41,
	RADIUS_ACCT_INPUT_OCTETS = 42,
	RADIUS_ACCT_OUTPUT_OCTETS = 43,
	RADIUS_ACCT_SESSION_ID = 44,
	RADIUS_ACCT_AUTHENTIC = 45,
	RADIUS_ACCT_SESSION_TIME = 46,
	RADIUS_ACCT_INPUT_PACKETS = 47,
	RADIUS_ACCT_OUTPUT_PACKETS = 48,
	RADIUS_ACCT_TERMINATE_CAUSE = 49,
	RADIUS_ACCT_INPUT_GIGAWORDS = 52, /* RFC 2869 */
	RADIUS_ACCT_OUTPUT_GIGAWORDS = 53,
	RADIUS_EVENT_TIMESTAMP = 55,
	RADIUS_NAS_PORT_TYPE = 61,
	RADIUS_EAP_MESSAGE = 79,
	RADIUS_MESSAGE_AUTHENTICATOR = 80,
	RADIUS_ACCT_INTERIM_INTERVAL = 85,
	RADIUS_FRAMED_IPV6_ADDRESS = 168, /* RFC 6911 */
};

/* Of Microsoft (RFC 2548, section 2.4). */
enum { RADIUS_VENDOR_MS = 311, RADIUS_MPPE_SEND_KEY = 16, RADIUS_MPPE_RECV_KEY = 17 };

enum {
	RADIUS_MAX = 4096, /* octets of a packet */
	RADIUS_VALUE_MAX = 253,
	RADIUS_AUTHENTICATOR = 16,
};

/* A request without what is between us and one server: attributes, behind the place of its header.
 */
struct radius_packet {
	struct ike_writer w;
	uint8_t data[RADIUS_MAX];
};

/* An Access-Request, of which Message-Authenticator is the first attribute; or an
 * Accounting-Request, which says nothing that would need one. */
void radius_packet_begin(struct radius_packet *packet, enum radius_code code);

/* Longer than RADIUS_VALUE_MAX: the packet fails as one that is too long does. */
void radius_put(struct radius_packet *packet, uint8_t type, struct ike_slice value);
void radius_put_u32(struct radius_packet *packet, uint8_t type, uint32_t value);
void radius_put_text(struct radius_packet *packet, uint8_t type, const char *text);

/* In words; one of no family isn't put. */
void radius_put_address(struct radius_packet *packet, uint8_t type, const struct ike_addr *address);

/* In as many attributes as it takes. */
void radius_put_eap(struct radius_packet *packet, struct ike_slice message);

/*
 * Make it one for the server with this secret: an Access-Request has random numbers for its
 * authenticator, another one what RFC 2866, section 3, says. 0, -EMSGSIZE if it has become too
 * long, -EIO without random numbers or MD5.
 */
int radius_packet_seal(struct radius_packet *packet, uint8_t id, struct ike_slice secret,
		       const struct ike_random *random);

/* What was sent: of a sealed packet. */
static inline struct ike_slice radius_packet_octets(const struct radius_packet *packet)
{
	return ike_written(&packet->w);
}

static inline uint8_t radius_packet_id(const struct radius_packet *packet)
{
	return packet->data[1];
}

/* The answer to a request. */
struct radius_answer {
	uint8_t code;
	struct ike_slice attributes;
	const struct radius_packet *request;
	struct ike_slice secret;
};

/*
 * Is a datagram the answer to the request, of who has the secret? Octets behind the packet are no
 * part of it. Attributes are whole. NULL: it is; else why not.
 */
const char *radius_answer_read(struct radius_answer *answer, struct ike_slice datagram,
			       const struct radius_packet *request, struct ike_slice secret);

struct radius_attribute {
	uint8_t type;
	struct ike_slice value;
};

/* The next one of answer->attributes, which the cursor is over. */
bool radius_next(struct ike_cursor *c, struct radius_attribute *attribute);

/* The first one of its type: false: there is none. */
bool radius_find(const struct radius_answer *answer, uint8_t type, struct ike_slice *value);

/* The first one of its type as a number. -ENOENT, or -EBADMSG: it has another length. */
int radius_get_u32(const struct radius_answer *answer, uint8_t type, uint32_t *value);

/* All of EAP-Message, put together. -ENOENT, or -EMSGSIZE for one that is longer than the writer
 * has room for. */
int radius_get_eap(const struct radius_answer *answer, struct ike_writer *out);

/*
 * A key of Microsoft's (RFC 2548, sections 2.4.2 and 2.4.3), decrypted. Returns its length, or
 * -ENOENT, -EBADMSG, -EIO.
 */
int radius_get_key(const struct radius_answer *answer, uint8_t vendor_type,
		   uint8_t out[RADIUS_VALUE_MAX]);

#endif
