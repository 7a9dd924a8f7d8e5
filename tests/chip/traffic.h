/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random SAs and frames, good and bad, from a seed.
 */
#ifndef TESTS_CHIP_TRAFFIC_H
#define TESTS_CHIP_TRAFFIC_H

#include "host/esp/engine.h"
#include "rvl_dev.h"

#define FRAME_ROOM 12000
#define FRAME_HEADROOM 128 /* RVL_ESP_HEADROOM and then some */

struct random {
	uint64_t state;
};

uint64_t random_next(struct random *r);
/* 0 to n - 1 */
uint32_t random_below(struct random *r, uint32_t n);
/* true once in n times */
bool random_one_in(struct random *r, uint32_t n);
void random_fill(struct random *r, void *mem, size_t len);

/* A frame in a buffer with room for ESP around it. */
struct frame {
	size_t len;
	uint8_t room[FRAME_HEADROOM + FRAME_ROOM];
};

static inline uint8_t *frame_data(struct frame *f)
{
	return f->room + FRAME_HEADROOM;
}

static inline struct rvl_buf frame_buf(struct frame *f)
{
	return (struct rvl_buf){
		.base = f->room, .size = sizeof(f->room), .off = FRAME_HEADROOM, .len = f->len};
}

/* An SA with random keys, addresses and options; spi is given, so that it is unique. */
void traffic_sa(struct random *r, struct rvl_sa_params *params, enum rvl_direction direction,
		uint32_t spi);

/* Make it one over IPv6. */
void traffic_sa_ipv6(struct random *r, struct rvl_sa_params *params);

/* Make it one of AES-GMAC, or of AH with that. */
void traffic_sa_gmac(struct rvl_sa_params *params);
void traffic_sa_ah(struct rvl_sa_params *params);

/* Make it one of transport mode. */
void traffic_sa_transport(struct rvl_sa_params *params);

/* The same for the driver. */
struct rvl_dev_sa traffic_dev_sa(const struct rvl_sa_params *params);

/*
 * An IPv4 packet of `payload` octets after its header at p; number makes it unlike any other. Its
 * header has options now and then, unless `bare`. Returns its length.
 */
size_t traffic_ipv4(struct random *r, uint8_t *p, size_t payload, uint32_t number, bool bare);

/* The same of IPv6, and of extension headers: 40 octets more at most. */
size_t traffic_ipv6(struct random *r, uint8_t *p, size_t payload, uint32_t number, bool bare);

/* Ethernet header, with up to two VLAN tags if `tags`. Returns its length. */
size_t traffic_ethernet(struct random *r, uint8_t *p, uint16_t type, bool tags);

/* Payload sizes: every one from 0 to 130 in turn, and larger ones up to max. */
size_t traffic_size(struct random *r, uint32_t number, size_t max);

/* What is wrong with a received packet of ESP or AH. */
enum esp_fault {
	ESP_GOOD,
	ESP_BAD_ICV,	  /* a bit of the sequence number, IV, text or ICV is flipped */
	ESP_BAD_CHECKSUM, /* over IPv6 nothing */
	ESP_BAD_LENGTH,	  /* cut, or of ESP not a multiple of 4, or of AH its own */
	ESP_BAD_PADDING,  /* of AH nothing, as the following */
	ESP_BAD_NEXT_HEADER,
	ESP_DUMMY,
	ESP_BAD_INNER,
	ESP_BAD_ECN,
	ESP_FRAGMENT,
	ESP_FAULTS
};

/*
 * A frame that holds `inner` (len octets, in transport mode of any protocol) as ESP or AH on the
 * inbound SA `params` with number seq, sealed by OpenSSL with a random IV, and what `fault` says
 * wrong about it. ESP in UDP if udp.
 */
void traffic_esp(struct random *r, struct frame *f, const struct rvl_sa_params *params,
		 uint64_t seq, const uint8_t *inner, size_t len, bool udp, enum esp_fault fault);

#endif
