/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/id.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

int ike_id_keep(struct ike_id_kept **at, const struct ike_id *id)
{
	struct ike_id_kept *kept = malloc(sizeof(*kept) + id->len);

	if (!kept)
		return -ENOMEM;
	kept->type = id->type;
	kept->len = id->len;
	memcpy(kept->data, id->data, id->len);
	free(*at);
	*at = kept;
	return 0;
}

struct ike_id ike_id_kept(const struct ike_id_kept *kept)
{
	struct ike_id id = {.type = IKE_ID_ANY};

	if (!kept)
		return id;
	id.type = kept->type;
	id.len = kept->len;
	memcpy(id.data, kept->data, kept->len);
	return id;
}

int ike_id_set(struct ike_id *id, uint8_t type, struct ike_slice data)
{
	*id = (struct ike_id){0};
	if (data.len > sizeof(id->data) || type == IKE_ID_ANY)
		return -EINVAL;
	if ((type == IKE_ID_IPV4_ADDR && data.len != 4) ||
	    (type == IKE_ID_IPV6_ADDR && data.len != 16))
		return -EINVAL;
	id->type = type;
	id->len = (uint16_t)data.len;
	if (data.len)
		memcpy(id->data, data.data, data.len);
	return 0;
}

struct ike_id ike_id_from_addr(const struct ike_addr *addr)
{
	struct ike_id id = {
		.type = addr->family == 4 ? IKE_ID_IPV4_ADDR : IKE_ID_IPV6_ADDR,
		.len = (uint16_t)ike_addr_len(addr),
	};

	memcpy(id.data, addr->ip, id.len);
	return id;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_hex(const char *text, struct ike_id *out)
{
	size_t len = strlen(text);

	if (len == 0 || len % 2 || len / 2 > sizeof(out->data))
		return -EINVAL;
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out->data[i] = (uint8_t)(high << 4 | low);
	}
	out->type = IKE_ID_KEY_ID;
	out->len = (uint16_t)(len / 2);
	return 0;
}

static int parse_addr_id(const char *text, uint8_t family, struct ike_id *out)
{
	struct ike_addr addr;

	if (ike_addr_parse(text, &addr) || addr.family == 0 || (family && addr.family != family))
		return -EINVAL;
	*out = ike_id_from_addr(&addr);
	return 0;
}

static int set_text(struct ike_id *out, uint8_t type, const char *text)
{
	return *text ? ike_id_set(out, type, ike_slice(text, strlen(text))) : -EINVAL;
}

static int parse(const char *text, struct ike_id *out)
{
	static const struct {
		const char *prefix;
		uint8_t type;
	} prefixes[] = {
		{"fqdn:", IKE_ID_FQDN},		{"dns:", IKE_ID_FQDN},
		{"email:", IKE_ID_RFC822_ADDR}, {"rfc822:", IKE_ID_RFC822_ADDR},
		{"ipv4:", IKE_ID_IPV4_ADDR},	{"ipv6:", IKE_ID_IPV6_ADDR},
		{"keyid:", IKE_ID_KEY_ID},
	};

	*out = (struct ike_id){0};
	if (*text == 0 || strcmp(text, "%any") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i].prefix);

		if (strncasecmp(text, prefixes[i].prefix, len) != 0)
			continue;
		text += len;
		if (prefixes[i].type == IKE_ID_IPV4_ADDR)
			return parse_addr_id(text, 4, out);
		if (prefixes[i].type == IKE_ID_IPV6_ADDR)
			return parse_addr_id(text, 6, out);
		return set_text(out, prefixes[i].type, text);
	}
	if (strncmp(text, "@#", 2) == 0)
		return parse_hex(text + 2, out);
	if (strncmp(text, "@@", 2) == 0)
		return set_text(out, IKE_ID_RFC822_ADDR, text + 2);
	if (*text == '@')
		return set_text(out, IKE_ID_FQDN, text + 1);
	if (parse_addr_id(text, 0, out) == 0)
		return 0;
	return set_text(out, strchr(text, '@') ? IKE_ID_RFC822_ADDR : IKE_ID_FQDN, text);
}

int ike_id_parse(const char *text, struct ike_id *out, char *error, size_t error_len)
{
	if (strchr(text, '=') && text[0] != '@') {
		snprintf(error, error_len,
			 "identity \"%.64s\": distinguished names are not supported", text);
		return -EINVAL;
	}
	if (parse(text, out)) {
		snprintf(error, error_len, "identity \"%.64s\" is malformed", text);
		return -EINVAL;
	}
	return 0;
}

void ike_id_text(const struct ike_id *id, char *out, size_t len)
{
	struct ike_addr addr = {0};
	struct ike_writer w = ike_writer(out, len ? len - 1 : 0);

	switch (id->type) {
	case IKE_ID_ANY:
		snprintf(out, len, "%%any");
		return;
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
		addr.family = id->type == IKE_ID_IPV4_ADDR ? 4 : 6;
		memcpy(addr.ip, id->data, ike_addr_len(&addr));
		ike_addr_text(&addr, out, len);
		return;
	case IKE_ID_FQDN:
	case IKE_ID_RFC822_ADDR:
		for (unsigned i = 0; i < id->len; i++)
			ike_put_u8(&w, isgraph(id->data[i]) ? id->data[i] : '?');
		break;
	default:
		for (unsigned i = 0; i < id->len; i++) {
			ike_put_u8(&w, (uint8_t) "0123456789abcdef"[id->data[i] >> 4]);
			ike_put_u8(&w, (uint8_t) "0123456789abcdef"[id->data[i] & 15]);
		}
		break;
	}
	if (len)
		out[w.len] = 0;
}

bool ike_id_equal(const struct ike_id *a, const struct ike_id *b)
{
	if (a->type != b->type || a->len != b->len)
		return false;
	if (a->type == IKE_ID_FQDN || a->type == IKE_ID_RFC822_ADDR) /* names have no case */
		return strncasecmp((const char *)a->data, (const char *)b->data, a->len) == 0;
	return memcmp(a->data, b->data, a->len) == 0;
}

bool ike_id_matches(const struct ike_id *configured, const struct ike_id *id)
{
	return configured->type == IKE_ID_ANY || ike_id_equal(configured, id);
}
