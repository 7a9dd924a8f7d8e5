// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/parse/parse_reference.h"

#include <string.h>

#define WINDOW 64 /* octets behind the fixed header that are looked at */
#define STEPS 5	  /* extension headers */
#define HEADER 8  /* octets of one, at least */
#define FRONT 88  /* octets that stay before ESP, at most */

static unsigned int be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static bool is_tag(const uint8_t *type)
{
	return be16(type) == 0x8100 || be16(type) == 0x88a8;
}

static bool is_extension(unsigned int proto)
{
	return proto == 0 || proto == 43 || proto == 44 || proto == 60;
}

static bool has_ports(unsigned int proto)
{
	return proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136;
}

/* Where the packet is; 0: nowhere. */
static unsigned int find_packet(const struct parse_input *in, struct parsed *out)
{
	unsigned int at = 12, tags = 0;

	while (tags < 3 && at + 2 <= in->len && is_tag(in->head + at)) {
		tags++;
		at += 4;
	}
	if (tags == 3)
		out->state = PARSE_TAGS;
	if (tags == 3 || at + 2 > in->len)
		return 0;
	out->ipv6 = be16(in->head + at) == 0x86dd;
	return out->ipv6 || be16(in->head + at) == 0x0800 ? at + 2 : 0;
}

static bool sum_is_bad(const uint8_t *ip, unsigned int len)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < len; i += 2)
		sum += be16(ip + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum != 0xffff;
}

static bool read_ipv4(struct parsed *out, const uint8_t *p)
{
	unsigned int fragment = be16(p + 6);

	out->hlen = (p[0] & 15u) * 4;
	out->total = be16(p + 2);
	out->tos = p[1];
	out->checksum = be16(p + 10);
	out->proto = p[9];
	out->names = 9;
	out->front = out->hlen;
	out->front_names = 9;
	out->behind = out->proto;
	out->df = fragment & 0x4000;
	out->fragment = fragment & 0x3fff;
	out->later = fragment & 0x1fff;
	memcpy(out->src, p + 12, 4);
	memcpy(out->dst, p + 16, 4);
	if (p[0] >> 4 != 4 || out->hlen < 20 || out->len < 20)
		return false;
	out->bad_sum = sum_is_bad(p, out->hlen);
	return true;
}

/* The headers behind the fixed one. False: they aren't all there. */
static bool read_extensions(struct parsed *out, const uint8_t *p, unsigned int fixed)
{
	for (int i = 0; is_extension(out->proto) && !out->later; i++) {
		const uint8_t *header = p + out->hlen;

		if (i == STEPS) {
			out->state = PARSE_HIDDEN;
			return true;
		}
		if (out->len < out->hlen + HEADER)
			return false;
		if (out->hlen + HEADER > fixed + WINDOW) {
			out->state = PARSE_HIDDEN;
			return true;
		}
		if (out->proto == 43 && header[3])
			out->onward = true;
		if (out->proto == 44) {
			out->fragment |= be16(header + 2) & 0xfff9;
			out->later = be16(header + 2) & 0xfff8;
			out->hlen += 8;
		} else {
			out->hlen += (header[1] + 1u) * 8;
		}
		out->names = (unsigned int)(header - p);
		/* Options for the destination are for nobody on the way (RFC 4303, section 3.1.1).
		 */
		if (out->proto != 60) {
			out->front = out->hlen;
			out->front_names = out->names;
			out->behind = header[0];
		}
		out->proto = header[0];
	}
	return true;
}

static bool read_ipv6(struct parsed *out, const uint8_t *p)
{
	out->hlen = 40;
	out->total = 40 + be16(p + 4);
	out->tos = be16(p) >> 4 & 0xff;
	out->proto = p[6];
	out->names = 6;
	out->front = 40;
	out->front_names = 6;
	out->behind = p[6];
	out->df = true;
	memcpy(out->src, p + 8, 16);
	memcpy(out->dst, p + 24, 16);
	return p[0] >> 4 == 6 && out->len >= 40 && read_extensions(out, p, 40);
}

static bool is_link_local(const uint8_t *address)
{
	return address[0] == 0xfe && address[1] >> 6 == 2;
}

/* What lies behind headers that are known. */
static bool read_bare(struct parsed *out, const struct parse_input *in)
{
	out->total = in->len;
	out->proto = in->proto;
	out->behind = in->proto;
	memcpy(out->src, in->src, sizeof(out->src));
	memcpy(out->dst, in->dst, sizeof(out->dst));
	return !out->ipv6 || read_extensions(out, in->head, 0);
}

static void read_upper(struct parsed *out, const uint8_t *p, unsigned int seen, bool bare)
{
	unsigned int here = 0;
	bool four;

	/* What is in the frame, and in the window: as many whole units as are of use. */
	if (seen > out->hlen)
		here = seen - out->hlen;
	out->shown = (uint8_t)(here >= 24 ? 24 : here / 4 * 4);
	memcpy(out->upper, p + out->hlen, out->shown);
	four = out->shown && !out->later && out->total >= out->hlen + 4;
	out->ports = out->state == PARSE_SEEN && has_ports(out->proto) && four;
	out->unseen = out->state == PARSE_HIDDEN || (has_ports(out->proto) && !four);
	if (!out->ipv6 || bare)
		return;
	out->on_link = is_link_local(out->src) || is_link_local(out->dst) ||
		       (out->dst[0] == 0xff && (out->dst[1] & 15) <= 2) ||
		       (p[7] == 255 && out->proto == 58 && !out->fragment && four &&
			out->upper[0] >= 133 && out->upper[0] <= 137);
}

struct parsed parse_reference(const struct parse_input *in, bool ethernet)
{
	struct parsed out = {.state = PARSE_OTHER, .ipv6 = in->ipv6};
	unsigned int l3 = ethernet ? find_packet(in, &out) : 0, window;
	const uint8_t *p = in->head + l3;

	if (ethernet && !l3)
		return (struct parsed){.state = out.state};
	out.l3 = l3;
	out.len = in->len - l3;
	out.state = PARSE_SEEN;
	if (in->bare ? !read_bare(&out, in) : out.ipv6 ? !read_ipv6(&out, p) : !read_ipv4(&out, p))
		return (struct parsed){.state = PARSE_BAD};
	out.whole = out.total >= out.hlen && out.total <= out.len;
	window = (in->bare ? 0 : out.ipv6 ? 40 : 20) + WINDOW;
	read_upper(&out, p, out.len < window ? out.len : window, in->bare);
	out.beyond = out.state == PARSE_HIDDEN || out.front > FRONT;
	/* A total that no packet has. */
	out.total &= 0xffff;
	return out;
}
