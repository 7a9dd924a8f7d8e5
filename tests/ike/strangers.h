/* SPDX-License-Identifier: BSD-2-Clause */
/* Strangers who call B from any address, with copies of a request of A's that have SPIs of their
 * own. */
#ifndef RAVELIN_TESTS_IKE_STRANGERS_H
#define RAVELIN_TESTS_IKE_STRANGERS_H

#include "tests/ike/pair.h"

/* The request that they copy. */
extern uint8_t request[IKE_INIT_MESSAGE_MAX];
extern size_t request_len;

/* Where the nth stranger is, if all are elsewhere. */
struct ike_addr address(unsigned n);

/* B is ready, and a request of A's for it, which goes no further, has been copied. */
void begin(const struct ike_limits *limits);

/* What waits in the network is lost. */
void lose_all(void);

/* B receives that. */
void receive(const struct ike_addr *from, const uint8_t *data, size_t len);

/* The nth stranger's first request; with a cookie unless that is empty. Returns its length. */
size_t write_request(unsigned n, struct ike_slice cookie, uint8_t *out);

/* He calls; the same by one who is there, and returns the cookie that he gets. */
void call(unsigned n, struct ike_addr from);
void call_in_earnest(unsigned n, struct ike_addr from);

/* A calls, and comes up with another Child SA. */
void call_a(void);

#endif
