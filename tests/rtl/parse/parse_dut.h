/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Verilated ravelin_ipsec_parse, and what is said of a head: by it, and by parse_reference().
 */
#ifndef TESTS_RTL_PARSE_DUT_H
#define TESTS_RTL_PARSE_DUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PARSE_HEAD 128
#define PARSE_UPPER 24
#define PARSE_LATENCY 9

/* As ravelin_ipsec_pkg has them. */
enum parse_state { PARSE_OTHER, PARSE_TAGS, PARSE_BAD, PARSE_HIDDEN, PARSE_SEEN };

struct parse_input {
	uint8_t head[PARSE_HEAD];
	uint16_t len;
	bool ipv6; /* of a packet without Ethernet */
	/* Not the packet, but what lies behind its headers: */
	bool bare;
	uint8_t proto;
	uint8_t src[16], dst[16];
};

struct parsed {
	enum parse_state state;
	bool whole, bad_sum, ipv6, fragment, later, df, onward, on_link, ports, unseen;
	unsigned int l3, len, total, hlen, tos, checksum, proto, shown;
	bool beyond;
	unsigned int names, front, front_names, behind;
	uint8_t src[16], dst[16]; /* an IPv4 address first */
	uint8_t upper[PARSE_UPPER];
};

struct parse_dut;

struct parse_dut *parse_dut_new(void);
void parse_dut_free(struct parse_dut *dut);
bool parse_dut_ethernet(void);

/* One cycle, with a head or without one; true: an answer stands, that to the head with this number.
 */
bool parse_dut_cycle(struct parse_dut *dut, const struct parse_input *input, uint32_t number,
		     struct parsed *parsed, uint32_t *answers);
bool parse_dut_busy(const struct parse_dut *dut);

#ifdef __cplusplus
}
#endif

#endif
