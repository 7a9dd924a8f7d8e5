// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/abilities.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

uint64_t rvl_encr_bit(const struct rvl_encr *row)
{
	return row ? 1ull << (row - rvl_encr_table) : 0;
}

uint64_t rvl_integ_bit(const struct rvl_integ *row)
{
	return row ? 1ull << (row - rvl_integ_table) : 0;
}

bool rvl_can_encr(const struct rvl_abilities *can, uint16_t id, size_t key)
{
	return can->encr & rvl_encr_bit(rvl_encr_find(id, key));
}

bool rvl_can_integ(const struct rvl_abilities *can, uint16_t id)
{
	return can->integ & rvl_integ_bit(rvl_integ_find(id));
}

/* A list in words. */
struct words {
	char *text;
	size_t size;
	size_t len;
	const char *separator;
	size_t count;
};

static void __attribute__((format(printf, 2, 3))) say(struct words *words, const char *format, ...)
{
	va_list args;
	int n;

	for (int part = 0; part < 2; part++) {
		size_t room = words->len < words->size ? words->size - words->len : 0;
		char *at = words->text + words->size - room;

		if (part == 0) {
			n = snprintf(at, room, "%s", words->count ? words->separator : "");
		} else {
			va_start(args, format);
			n = vsnprintf(at, room, format, args);
			va_end(args);
		}
		words->len += n > 0 ? (size_t)n : 0;
	}
	words->count++;
}

static void say_algorithms(struct words *words, const struct rvl_abilities *can,
			   const struct rvl_sa_params *p)
{
	const struct rvl_encr *encr = rvl_encr_find(p->encr, p->encr_key_len);
	const struct rvl_integ *integ = rvl_integ_find(p->integ);

	if (p->encr && !encr)
		say(words, "encryption algorithm %u with a key of %u bits", p->encr,
		    8u * p->encr_key_len);
	else if (encr && !(can->encr & rvl_encr_bit(encr)))
		say(words, "%s", encr->title);
	if (p->integ && !integ)
		say(words, "integrity algorithm %u", p->integ);
	else if (integ && !(can->integ & rvl_integ_bit(integ)))
		say(words, "%s", integ->title);
}

bool rvl_abilities_lack(const struct rvl_abilities *can, const struct rvl_sa_params *p, char *text,
			size_t size)
{
	struct words words = {.text = text, .size = size, .separator = ", "};
	bool tunnel = p->mode == RVL_TUNNEL, ah = p->protocol == RVL_PROTOCOL_AH;
	unsigned int inner = tunnel ? p->inner & ~can->inner : 0;

	if (size)
		*text = '\0';
	if (!(can->protocols >> p->protocol & 1))
		say(&words, ah ? "AH" : "ESP");
	if (!(can->modes >> p->mode & 1))
		say(&words, tunnel ? "tunnel mode" : "transport mode");
	if (rvl_family(&p->dst) & ~can->outer)
		say(&words, "%s over %s", ah ? "AH" : "ESP", p->dst.family == 6 ? "IPv6" : "IPv4");
	if (inner & RVL_FAMILY_IPV4)
		say(&words, "IPv4 inside");
	if (inner & RVL_FAMILY_IPV6)
		say(&words, "IPv6 inside");
	say_algorithms(&words, can, p);
	if (p->esn && !can->esn)
		say(&words, "extended sequence numbers");
	if (p->encap && !can->encap)
		say(&words, "UDP encapsulation");
	else if (p->encap && rvl_family(&p->dst) & ~can->encap)
		say(&words, "UDP encapsulation over %s", p->dst.family == 6 ? "IPv6" : "IPv4");
	if (p->stream && !can->stream)
		say(&words, "ESP in TCP");
	if ((p->original_src.family || p->original_dst.family) && !can->nat_transport)
		say(&words, "transport mode behind a NAT");
	if (p->replay_window > can->window)
		say(&words, "anti-replay window of more than %u packets", can->window);
	if (p->tfc && !can->tfc)
		say(&words, "TFC padding");
	if ((p->no_ecn || p->copy_dscp_in || p->copy_flow_label) && !can->headers)
		say(&words, "such rules for ECN, DSCP and flow labels");
	if (p->if_id && !can->if_ids)
		say(&words, "XFRM interfaces");
	if ((p->mark.mask || p->set_mark.mask) && !can->marks)
		say(&words, "marks of packets");
	return words.count;
}

void rvl_abilities_algorithms(const struct rvl_abilities *can, char *text, size_t size)
{
	struct words words = {.text = text, .size = size, .separator = " "};

	if (size)
		*text = '\0';
	for (size_t i = 0; i < rvl_encr_count; i++)
		if (can->encr >> i & 1)
			say(&words, "%s", rvl_encr_table[i].title);
	for (size_t i = 0; i < rvl_integ_count; i++)
		if (can->integ >> i & 1)
			say(&words, "%s", rvl_integ_table[i].title);
	for (; size && *text; text++)
		*text = (char)tolower((unsigned char)*text);
}
