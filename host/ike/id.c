/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/id.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "host/ike/dn.h"

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
	    (type == IKE_ID_IPV6_ADDR && data.len != 16) || (type == IKE_ID_NULL && data.len))
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

/* What may be wrong with one. */
static const char malformed[] = "is malformed";

/* NULL, or what is wrong. */
static const char *set(struct ike_id *out, uint8_t type, const void *data, size_t len)
{
	if (len > sizeof(out->data))
		return "is too long";
	return len && ike_id_set(out, type, ike_slice(data, len)) == 0 ? NULL : malformed;
}

static const char *parse_hex(const char *text, uint8_t type, struct ike_id *out)
{
	size_t len = strlen(text);
	uint8_t data[IKE_ID_MAX];

	if (len % 2)
		return malformed;
	if (len / 2 > sizeof(data))
		return "is too long";
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return malformed;
		data[i] = (uint8_t)(high << 4 | low);
	}
	return set(out, type, data, len / 2);
}

/* Of that family, or of any (0). */
static const char *parse_addr(const char *text, uint8_t family, struct ike_id *out)
{
	struct ike_addr addr;

	if (ike_addr_parse(text, &addr) || addr.family == 0 || (family && addr.family != family))
		return malformed;
	*out = ike_id_from_addr(&addr);
	return NULL;
}

static const char *parse_range(const char *text, uint8_t family, struct ike_id *out)
{
	struct ike_range range;
	size_t len;

	if (!strpbrk(text, "/-") || ike_range_parse(text, &range) ||
	    (family && range.family != family))
		return malformed;
	len = range.family == 4 ? 4 : 16;
	*out = (struct ike_id){
		.type = range.family == 4 ? IKE_ID_IPV4_ADDR : IKE_ID_IPV6_ADDR,
		.pattern = true,
		.len = (uint16_t)(2 * len),
	};
	memcpy(out->data, range.first, len);
	memcpy(out->data + len, range.last, len);
	return NULL;
}

static struct ike_range range_of(const struct ike_id *id)
{
	size_t len = id->len / 2;
	struct ike_range range = {.family = id->type == IKE_ID_IPV4_ADDR ? 4 : 6};

	memcpy(range.first, id->data, len);
	memcpy(range.last, id->data + len, len);
	return range;
}

static const char *parse_name(const char *text, uint8_t type, struct ike_id *out)
{
	const char *wrong = set(out, type, text, strlen(text));

	if (!wrong && strchr(text + 1, '*'))
		return "has a * that doesn't stand at its start";
	out->pattern = !wrong && *text == '*';
	return wrong;
}

static const char *parse_dn(const char *text, struct ike_id *out)
{
	size_t len;
	int err = ike_dn_parse(text, out->data, sizeof(out->data), &len);

	if (err == -EMSGSIZE)
		return "is too long";
	if (err)
		return "isn't a distinguished name: attributes that are known, each with a value";
	out->type = IKE_ID_DER_ASN1_DN;
	out->len = (uint16_t)len;
	out->pattern = ike_dn_is_pattern(ike_id_slice(out));
	return NULL;
}

/* The type is known; what begins with # is hexadecimal. */
static const char *parse_typed(const char *text, uint8_t type, struct ike_id *out)
{
	if (*text == '#')
		return parse_hex(text + 1, type, out);
	switch (type) {
	case IKE_ID_IPV4_ADDR:
		return parse_addr(text, 4, out);
	case IKE_ID_IPV6_ADDR:
		return parse_addr(text, 6, out);
	case IKE_ID_FQDN:
	case IKE_ID_RFC822_ADDR:
		return parse_name(text, type, out);
	case IKE_ID_DER_ASN1_DN:
		return parse_dn(text, out);
	case IKE_ID_DER_ASN1_GN:
		return "needs its data in hexadecimal, after a #";
	default:
		return set(out, type, text, strlen(text));
	}
}

/* "{11}:data"; types that IKEv2 doesn't have are refused. */
static const char *parse_number(const char *text, struct ike_id *out)
{
	char number[4] = "";
	size_t len = strcspn(text + 1, "}");
	unsigned long type;

	if (len < sizeof(number))
		memcpy(number, text + 1, len);
	if (!ike_number_parse(number, UINT8_MAX, &type) || strncmp(text + 1 + len, "}:", 2) != 0)
		return malformed;
	if (type == 0 || type == 4 || (type >= 6 && type <= 8))
		return "is of a type that IKEv2 doesn't have";
	return parse_typed(text + len + 3, (uint8_t)type, out);
}

static bool is_any(const char *text)
{
	static const char *const words[] = {"", "%any", "%any6", "*", "0.0.0.0", "::", "0::0"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* Does an address end where there is the rest of a range? */
static bool looks_like_range(const char *text)
{
	size_t len = strcspn(text, "/-");
	char start[IKE_ADDR_TEXT];
	struct ike_addr addr;

	if (!text[len] || len >= sizeof(start))
		return false;
	memcpy(start, text, len);
	start[len] = 0;
	return ike_addr_parse(start, &addr) == 0 && addr.family;
}

/* By what it looks like. */
static const char *parse_untyped(const char *text, struct ike_id *out)
{
	if (is_any(text))
		return NULL;
	if (strncmp(text, "@#", 2) == 0)
		return parse_hex(text + 2, IKE_ID_KEY_ID, out);
	if (strncmp(text, "@@", 2) == 0)
		return parse_name(text + 2, IKE_ID_RFC822_ADDR, out);
	if (*text == '@')
		return parse_name(text + 1, IKE_ID_FQDN, out);
	if (*text == '{')
		return parse_number(text, out);
	if (strchr(text, '='))
		return parse_dn(text, out);
	if (strchr(text, '@'))
		return parse_name(text, IKE_ID_RFC822_ADDR, out);
	if (parse_addr(text, 0, out) == NULL)
		return NULL;
	if (looks_like_range(text))
		return parse_range(text, 0, out);
	if (*text == '%')
		return malformed;
	if (strchr(text, ':'))
		return "has an unknown type before its colon (a key ID is keyid:...)";
	return parse_name(text, IKE_ID_FQDN, out);
}

static const char *parse(const char *text, struct ike_id *out)
{
	static const struct {
		const char *prefix;
		uint8_t type;
		uint8_t range; /* of this family; 0: it isn't one */
	} prefixes[] = {
		{"fqdn:", IKE_ID_FQDN, 0},
		{"dns:", IKE_ID_FQDN, 0},
		{"email:", IKE_ID_RFC822_ADDR, 0},
		{"rfc822:", IKE_ID_RFC822_ADDR, 0},
		{"userfqdn:", IKE_ID_RFC822_ADDR, 0},
		{"ipv4:", IKE_ID_IPV4_ADDR, 0},
		{"ipv6:", IKE_ID_IPV6_ADDR, 0},
		{"ipv4net:", IKE_ID_IPV4_ADDR, 4},
		{"ipv6net:", IKE_ID_IPV6_ADDR, 6},
		{"ipv4range:", IKE_ID_IPV4_ADDR, 4},
		{"ipv6range:", IKE_ID_IPV6_ADDR, 6},
		{"asn1dn:", IKE_ID_DER_ASN1_DN, 0},
		{"asn1gn:", IKE_ID_DER_ASN1_GN, 0},
		{"keyid:", IKE_ID_KEY_ID, 0},
	};

	*out = (struct ike_id){0};
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i].prefix);

		if (strncasecmp(text, prefixes[i].prefix, len) != 0)
			continue;
		if (prefixes[i].range)
			return parse_range(text + len, prefixes[i].range, out);
		return parse_typed(text + len, prefixes[i].type, out);
	}
	return parse_untyped(text, out);
}

int ike_id_parse(const char *text, struct ike_id *out, char *error, size_t error_len)
{
	const char *wrong = parse(text, out);

	if (wrong)
		snprintf(error, error_len, "identity \"%.64s\" %s", text, wrong);
	return wrong ? -EINVAL : 0;
}

static void name_text(const struct ike_id *id, char *out, size_t len)
{
	struct ike_writer w = ike_writer(out, len ? len - 1 : 0);

	for (unsigned i = 0; i < id->len; i++)
		ike_put_u8(&w, isgraph(id->data[i]) ? id->data[i] : '?');
	if (len)
		out[w.len] = 0;
}

static void hex_text(const struct ike_id *id, char *out, size_t len)
{
	struct ike_writer w = ike_writer(out, len ? len - 1 : 0);

	for (unsigned i = 0; i < id->len; i++) {
		ike_put_u8(&w, (uint8_t) "0123456789abcdef"[id->data[i] >> 4]);
		ike_put_u8(&w, (uint8_t) "0123456789abcdef"[id->data[i] & 15]);
	}
	if (len)
		out[w.len] = 0;
}

static struct ike_addr addr_of(const struct ike_id *id)
{
	struct ike_addr addr = {.family = id->type == IKE_ID_IPV4_ADDR ? 4 : 6};

	memcpy(addr.ip, id->data, ike_addr_len(&addr));
	return addr;
}

static void addr_text(const struct ike_id *id, char *out, size_t len)
{
	struct ike_range range;
	struct ike_addr addr;

	if (id->pattern) {
		range = range_of(id);
		ike_range_text(&range, out, len);
		return;
	}
	addr = addr_of(id);
	ike_addr_text(&addr, out, len);
}

void ike_id_text(const struct ike_id *id, char *out, size_t len)
{
	switch (id->type) {
	case IKE_ID_ANY:
		snprintf(out, len, "%%any");
		break;
	case IKE_ID_NULL:
		snprintf(out, len, "%%null");
		break;
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
		addr_text(id, out, len);
		break;
	case IKE_ID_FQDN:
	case IKE_ID_RFC822_ADDR:
		name_text(id, out, len);
		break;
	case IKE_ID_DER_ASN1_DN:
		if (!ike_dn_text(ike_id_slice(id), out, len))
			hex_text(id, out, len);
		break;
	default:
		hex_text(id, out, len);
		break;
	}
}

static bool is_name(uint8_t type)
{
	return type == IKE_ID_FQDN || type == IKE_ID_RFC822_ADDR;
}

bool ike_id_equal(const struct ike_id *a, const struct ike_id *b)
{
	if (a->type != b->type || a->len != b->len || a->pattern != b->pattern)
		return false;
	if (is_name(a->type)) /* names have no case */
		return strncasecmp((const char *)a->data, (const char *)b->data, a->len) == 0;
	return memcmp(a->data, b->data, a->len) == 0;
}

/* The part after the * is the end of the name. */
static unsigned match_name(const struct ike_id *pattern, const struct ike_id *id)
{
	size_t len = pattern->len - 1u;

	if (!len)
		return IKE_ID_MATCH_ANY;
	return id->len > len && strncasecmp((const char *)pattern->data + 1,
					    (const char *)id->data + id->len - len, len) == 0
		       ? IKE_ID_MATCH_WILDCARD
		       : IKE_ID_MATCH_NONE;
}

static unsigned match_dn(const struct ike_id *configured, const struct ike_id *id)
{
	unsigned wildcards;

	if (!ike_dn_matches(ike_id_slice(configured), ike_id_slice(id), &wildcards) ||
	    (wildcards && !configured->pattern))
		return IKE_ID_MATCH_NONE;
	return wildcards < IKE_ID_MATCH_EXACT - IKE_ID_MATCH_RANGE ? IKE_ID_MATCH_EXACT - wildcards
								   : IKE_ID_MATCH_RANGE;
}

static unsigned match_range(const struct ike_id *configured, const struct ike_id *id)
{
	const struct ike_range range = range_of(configured);
	const struct ike_addr addr = addr_of(id);

	return ike_range_has(&range, &addr) ? IKE_ID_MATCH_RANGE : IKE_ID_MATCH_NONE;
}

unsigned ike_id_match(const struct ike_id *configured, const struct ike_id *id)
{
	if (configured->type == IKE_ID_ANY)
		return IKE_ID_MATCH_ANY;
	if (ike_id_equal(configured, id))
		return IKE_ID_MATCH_EXACT;
	if (configured->type != id->type || id->pattern)
		return IKE_ID_MATCH_NONE;
	if (id->type == IKE_ID_DER_ASN1_DN)
		return match_dn(configured, id);
	if (!configured->pattern)
		return IKE_ID_MATCH_NONE;
	return is_name(id->type) ? match_name(configured, id) : match_range(configured, id);
}
