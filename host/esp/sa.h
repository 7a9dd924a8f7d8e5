/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of an SA in software, for the files that make and take its packets.
 */
#ifndef RVL_ESP_SA_H
#define RVL_ESP_SA_H

#include "host/esp/cipher.h"
#include "host/esp/esp.h"
#include "host/esp/mac.h"
#include "host/esp/replay.h"

struct rvl_esp_sa {
	struct rvl_sa_params params;
	struct rvl_suite suite;
	/* ESP's, and AH's. Made with the first packet, from the keys of the parameters, which are
	 * erased then: they take more memory than all else here, and many an SA is idle. */
	struct rvl_cipher *cipher;
	struct rvl_mac *mac;
	uint64_t packets;
	uint64_t bytes;
	uint64_t *drops; /* by reason, once there is one */
	struct rvl_replay replay;
	uint64_t seq;
	uint8_t fired; /* events that have come, and those that nobody has taken */
	uint8_t pending;
	struct rvl_addr source; /* inbound, in UDP: of the last authentic packet */
	uint16_t source_port;
	uint16_t owner;	 /* a thread */
	uint64_t seen[]; /* of the replay window */
};

/* Is what its packets take there? False without memory. */
bool rvl_sa_keyed(struct rvl_esp_sa *sa);

/* Has a hard lifetime come? */
bool rvl_sa_expired(const struct rvl_esp_sa *sa);

/* A packet of so many octets went through. */
void rvl_sa_count_packet(struct rvl_esp_sa *sa, size_t bytes);

/* Count the drop and return it. */
enum rvl_drop rvl_sa_dropped(struct rvl_esp_sa *sa, enum rvl_drop drop);

/*
 * Outbound, when all else is decided: the next sequence number is taken. RVL_DROP_NONE, or why it
 * isn't.
 */
enum rvl_drop rvl_sa_take_seq(struct rvl_esp_sa *sa);

/* Inbound, before its ICV is looked at: may this packet be for the SA, and which sequence number
 * has it in full? */
enum rvl_drop rvl_sa_admit(struct rvl_esp_sa *sa, const struct rvl_esp_place *place, uint64_t *seq);

/* Inbound: it is authentic. RVL_DROP_NONE, or that its number was seen meanwhile. */
enum rvl_drop rvl_sa_accept(struct rvl_esp_sa *sa, const struct rvl_esp_place *place, uint64_t seq);

#endif
