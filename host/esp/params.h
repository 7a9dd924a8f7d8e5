/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One SA (RFC 4301, section 4.4.2.1), as it is from what was negotiated to what a data path is
 * told. All of it is there for every data path; which of it one has, its abilities say
 * (abilities.h).
 */
#ifndef RVL_ESP_PARAMS_H
#define RVL_ESP_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/esp/addr.h"
#include "host/esp/label.h"
#include "host/ike/wire.h"

#define RVL_ENCR_KEY_MAX 32
#define RVL_INTEG_KEY_MAX 64
#define RVL_SALT_MAX 4
#define RVL_SPI_MIN 256 /* RFC 4303, section 2.1: 1 to 255 are reserved */
#define RVL_DEFAULT_TTL 64
#define RVL_CPU_ANY UINT32_MAX /* no processor's alone */

enum rvl_direction { RVL_OUTBOUND, RVL_INBOUND } __attribute__((packed));

enum rvl_protocol { RVL_PROTOCOL_ESP, RVL_PROTOCOL_AH } __attribute__((packed));

enum rvl_mode { RVL_TUNNEL, RVL_TRANSPORT } __attribute__((packed));

/* Families, bits of a mask. */
#define RVL_FAMILY_IPV4 1u
#define RVL_FAMILY_IPV6 2u

static inline unsigned int rvl_family(const struct rvl_addr *addr)
{
	return addr->family == 4 ? RVL_FAMILY_IPV4 : addr->family == 6 ? RVL_FAMILY_IPV6 : 0;
}

/* The outer DF bit. */
enum rvl_esp_df { RVL_ESP_DF_COPY, RVL_ESP_DF_SET, RVL_ESP_DF_CLEAR };

/* Lifetimes are counts at which the event fires; 0 means none. At a hard one the SA stops. */
struct rvl_lifetime {
	uint64_t soft_bytes;
	uint64_t hard_bytes;
	uint64_t soft_packets;
	uint64_t hard_packets;
};

struct rvl_sa_params {
	enum rvl_direction direction;
	enum rvl_protocol protocol;
	enum rvl_mode mode;
	uint32_t spi;
	struct rvl_addr src; /* outer, of one family, as the packets of this SA carry them */
	struct rvl_addr dst;
	unsigned int inner; /* in tunnel mode: families of what may be inside */

	/* Algorithms are numbers of IKEv2's transform types 1 and 3 (enum ike_encr, ike_integ), and
	 * the length of the key tells those of one number apart. The ICV's length follows
	 * (suite.h). The salt is what a key of a counter mode ends with (RFC 4106, section 8.1). */
	uint16_t encr;	      /* IKE_ENCR_NONE with AH */
	uint16_t integ;	      /* IKE_INTEG_NONE where encryption has an ICV of its own */
	uint8_t encr_key_len; /* octets, without the salt */
	uint8_t integ_key_len;
	uint8_t encr_key[RVL_ENCR_KEY_MAX];
	uint8_t salt[RVL_SALT_MAX];
	uint8_t integ_key[RVL_INTEG_KEY_MAX];
	bool esn; /* sequence numbers of 64 bits (RFC 4303, section 2.2.1) */

	bool encap;	   /* UDP encapsulation, with these ports on outbound packets */
	uint16_t src_port; /* inbound: where the first ones come from, with src */
	uint16_t dst_port;
	/* Transport mode behind a NAT: the addresses that src and dst were before it, over which
	 * checksums inside of inbound packets were made (RFC 3948, section 3.1.2); family 0: the
	 * same. */
	struct rvl_addr original_src;
	struct rvl_addr original_dst;
	bool stream; /* instead of UDP the TCP connection that has these ports (RFC 9329) */

	/* Headers in tunnel mode. Outbound: */
	uint8_t ttl;	      /* or hop limit; 0 = RVL_DEFAULT_TTL */
	enum rvl_esp_df df;   /* over IPv4 */
	bool fixed_dscp;      /* use dscp instead of the inner packet's */
	uint8_t dscp;	      /* 6 bits */
	bool copy_flow_label; /* over IPv6, of an inner packet that has one; else it is 0 */
	uint16_t mtu;	      /* largest outer packet, 0 = 65535 */
	/* Pad what is inside to this many octets (TFC, RFC 4303, section 2.7), as far as the path
	 * MTU allows; 0 = don't, 65535 = to the path MTU. */
	uint16_t tfc;
	/* Inbound: */
	bool copy_dscp_in; /* the inner packet's DSCP becomes the outer one */
	/* Both: */
	bool no_ecn; /* outer packets are Not-ECT, and what comes on them is ignored (RFC 6040) */

	/* Where it is a kernel's: the XFRM interface that its packets come out of, or into; what
	 * marks they must have to find it; and what becomes of those once it has processed them. */
	uint32_t if_id;
	struct rvl_mark mark;
	struct rvl_mark set_mark;

	/* 0 and 1 both mean 1. Outbound: a later start never goes back over used IVs; inbound: all
	 * numbers before it count as seen. */
	uint64_t first_seq;
	uint32_t replay_window; /* inbound; packets; 0 = none */
	struct rvl_lifetime lifetime;
};

/* The highest sequence number. */
static inline uint64_t rvl_sa_last_seq(const struct rvl_sa_params *params)
{
	return params->esn ? UINT64_MAX : UINT32_MAX;
}

/* The outbound one at which its owner is told that they end soon. */
static inline uint64_t rvl_sa_soon_seq(const struct rvl_sa_params *params)
{
	return rvl_sa_last_seq(params) - ((1u << 20) - 1);
}

#endif
