/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sad over the software data path on one end of a veth pair, in a network namespace of its own,
 * and a peer with software ESP at the other end. 10.1.0.0/16 is ours, 10.2.0.0/16 the peer's.
 */
#ifndef TESTS_RAVELD_SAD_BED_H
#define TESTS_RAVELD_SAD_BED_H

#include "host/sa/sad.h"
#include "host/sa/wire.h"

/* That it has room for. */
#define BED_SAS 16384
#define BED_POLICIES 16384

/* Of IKE. */
extern const struct rvl_ike_ports ike_ports;

#define BED_CHILDREN 64 /* ids of those on whose SAs the peer sends are below */

struct bed {
	/* Its changes may be refused and watched: */
	struct rvl_backend *backend;
	bool no_clear;
	bool no_discard;
	bool no_delete;
	unsigned int refuse;	     /* the so-manieth sa_add or policy_set from now on, once */
	void (*watch)(struct bed *); /* after each change */
	struct rvl_sad *sad;
	struct rvl_wire *far; /* what arrives at the other end */
	/* With a peer: */
	struct rvl_backend *peer;
	uint32_t peer_policy;
	uint32_t peer_sas[BED_CHILDREN];
	bool peer_has_sa[BED_CHILDREN];
	uint32_t peer_sends_to; /* with new SAs; 0: 192.0.2.1 */
	uint32_t peer_first_seq;
	struct ike_ts_list ours; /* of the next child */
	struct ike_ts_list theirs;
	uint64_t receiving[4]; /* children that bed_look() has the peer send on; 0: none */
	size_t looks;
	size_t accepted; /* frames for the host */
	uint32_t sent;	 /* marks behind frames, in both directions */
	uint32_t seen;	 /* the last one of the peer's */
};

/* Software that has that on an interface; IKE's ports may be 0. 0 or -errno. */
int bed_open(const char *wire, uint16_t port, uint16_t port_natt, struct rvl_backend **backend,
	     struct rvl_backend_error *error);

/* Of a test: *state is its bed. All but the first have a peer. What is configured to be protected
 * is what children have, nothing, or 10.0.0.0/8 both ways, within which they have policies of their
 * own. */
int bed_set_up(void **state);
int bed_set_up_protected(void **state);
int bed_set_up_open(void **state);
int bed_set_up_within(void **state);
int bed_tear_down(void **state);

#define PROTECTED(name) cmocka_unit_test_setup_teardown(name, bed_set_up_protected, bed_tear_down)
#define WITHIN(name) cmocka_unit_test_setup_teardown(name, bed_set_up_within, bed_tear_down)
#define OPEN(name) cmocka_unit_test_setup_teardown(name, bed_set_up_open, bed_tear_down)

#define BED_OUT 0x20000u /* child_of()'s outbound SPIs begin here */
#define BED_HELD 0	 /* what spi_on_the_wire() says of a packet that doesn't come */
#define BED_CLEAR 1	 /* and of one in clear */

struct ike_ts_list ts_of(const char *text);
struct ike_addr addr_of(const char *text);

/* A child from 192.0.2.1 to 192.0.2.2 with SPIs 0x10000 + id inbound, 0x20000 + id outbound. */
struct rvl_child child_of(uint64_t id, const struct ike_ts_list *local,
			  const struct ike_ts_list *remote);

/* The three steps, or none of them. */
int add_child(struct rvl_sad *sad, const struct rvl_child *child, struct rvl_backend_error *error);

/* One step of a child between bed->ours and bed->theirs; the first so many of the three. They must
 * succeed. */
void child_inbound(struct bed *bed, uint64_t id, uint64_t replaces);
void child_outbound(struct bed *bed, uint64_t id);
void child_use(struct bed *bed, uint64_t id);
void child_remove(struct bed *bed, uint64_t id);
void take_steps(struct bed *bed, uint64_t id, uint64_t replaces, int steps);

/* The sad has these and isn't broken. */
void assert_counts(struct bed *bed, size_t children, size_t in, size_t out, size_t policies);

/* Send a UDP packet 10.1.0.1 -> 10.2.0.1. Its SPI on the wire, BED_HELD or BED_CLEAR. What came is
 * left in frame. */
uint32_t spi_from_port(struct bed *bed, uint16_t port, uint8_t frame[256]);
uint32_t spi_on_the_wire(struct bed *bed);

/* Does a packet 10.2.0.1 -> 10.1.0.1 pass to the host in clear? */
bool clear_comes_in(struct bed *bed, uint16_t port);

/* Put a UDP packet between these addresses and ports into an Ethernet frame of 60 octets. */
void udp_frame(uint8_t frame[60], uint32_t src, uint32_t dst, uint16_t src_port, uint16_t dst_port);

/*
 * Whatever step is at work: the flow is protected and neither held nor in clear, what comes in
 * clear is refused, and what the peer sends on bed->receiving comes in. From bed_watch() on that is
 * looked at after each change of the data path.
 */
void bed_look(struct bed *bed);
void bed_watch(struct bed *bed, uint64_t first_receiving, uint64_t second_receiving);

/* The peer sends a packet 10.2.0.1 -> 10.1.0.1 on the child's inbound SA. Does the host get it? */
bool child_comes_in(struct bed *bed, uint64_t id);

#endif
