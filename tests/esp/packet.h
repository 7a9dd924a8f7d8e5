/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets and SAs for tests of software ESP. */
#ifndef RAVELIN_TESTS_ESP_PACKET_H
#define RAVELIN_TESTS_ESP_PACKET_H

#include "host/esp/esp.h"
#include "host/esp/ip.h"
#include "host/esp/suite.h"

#define PACKET_ROOM (65536 + 128)
#define PACKET_SPI 0xc0ffee01u

struct packet {
	struct rvl_buf buf;
	uint8_t room[PACKET_ROOM];
};

/* What packet_random() draws from. */
extern uint64_t packet_seed;
uint32_t packet_random(void);

/* The octets that hex digits stand for, and how many there are. */
size_t packet_from_hex(uint8_t *out, const char *hex);

/* Make these octets the packet, with room before and after it. */
void packet_place(struct packet *pkt, const uint8_t *data, size_t len);
void packet_place_hex(struct packet *pkt, const char *hex);

void packet_assert_hex(const struct packet *pkt, const char *hex);

/* An inner packet of an IPv4 header and len further octets; its length in all. */
size_t packet_inner(uint8_t *p, size_t len, uint8_t tos, bool df);

/* Of an SA from 192.0.2.1 to 192.0.2.2, with AES-256. */
struct rvl_sa_params packet_params(enum rvl_direction direction);

/* Of every combination of algorithms there is, one after the other: a name, or NULL behind the
 * last. The SA's protocol, algorithms and keys become those, and their keys are drawn. */
const char *packet_suite(struct rvl_sa_params *params, size_t index);

/* The outer addresses are of IPv6. */
void packet_over_ipv6(struct rvl_sa_params *params);

/* What an SA is besides its algorithms. */
struct packet_shape {
	enum rvl_mode mode;
	bool outer6;
	bool inner6;
	bool encap;
	bool esn;
};

/* All of them, by number; false behind the last. */
bool packet_shape_of(unsigned int i, struct packet_shape *s);

/* An outbound SA of this shape with the algorithms of packet_suite(); false where there is no such
 * thing. */
bool packet_sa_of(const struct packet_shape *s, size_t suite, struct rvl_sa_params *out);

/* An inner packet of IPv6 and UDP, with len octets behind UDP's header; its length in all. */
size_t packet_inner6(uint8_t *p, size_t len, uint8_t tos);

/* The same of either family between the SA's own addresses, as transport mode has it: UDP with a
 * checksum. */
size_t packet_of_sa(uint8_t *p, const struct rvl_sa_params *params, size_t len);

/* The checksum of what lies behind the header of a packet of len octets, over its addresses, by the
 * plainest of sums; at: where it stands. */
void packet_put_checksum(uint8_t *ip, size_t len, uint8_t protocol, size_t at);

/* An ESP packet of an SA with AES-256-GCM around a plaintext of the caller's, trailer and all, as a
 * peer that misbehaves would send it: at most 400 octets. */
void packet_seal(struct packet *pkt, const struct rvl_sa_params *params, uint32_t seq,
		 const uint8_t *text, size_t len);

/* The other end of it. */
struct rvl_sa_params packet_peer(const struct rvl_sa_params *params);

struct rvl_esp_sa *packet_sa(const struct rvl_sa_params *params);

/* Find and decapsulate, or RVL_DROP_COUNT where no ESP is found. */
enum rvl_drop packet_receive(struct rvl_esp_sa *sa, struct packet *pkt);

#endif
