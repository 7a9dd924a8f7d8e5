// SPDX-License-Identifier: BSD-2-Clause
#include "host/ctl/list.h"

#include <stdio.h>
#include <string.h>

#include "host/esp/label.h"

/* What is an element of which array, in the order in which they come. */
static const struct {
	const char *one;
	const char *all;
} parts[] = {{"ike-sa", "ike-sas"}, {"connection", "connections"}};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static bool begun;
static size_t part;	/* that is being printed */
static size_t elements; /* of it, so far */

const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

long long number_of(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

static void print_list_of(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		printf("%s%s", i ? ", " : "", json_string_value(json_array_get(array, i)));
}

/* The end of a line: whose work it is, and why nobody else's. */
static void print_where(const json_t *c, const char *where, const char *why)
{
	if (json_object_get(c, where))
		printf("; by: %s", string_of(c, where));
	if (json_object_get(c, why))
		printf(" (%s)", string_of(c, why));
	printf("\n");
}

static struct rvl_scope scope_of(const json_t *c, const char *if_id, const char *mark,
				 const char *mask)
{
	return (struct rvl_scope){
		.if_id = (uint32_t)number_of(c, if_id),
		.mark = {(uint32_t)number_of(c, mark), (uint32_t)number_of(c, mask)},
	};
}

/* What tells its flows apart, if anything does. */
static void print_scopes(const json_t *c)
{
	const struct rvl_scope in = scope_of(c, "if-id-in", "mark-in", "mark-mask-in");
	const struct rvl_scope out = scope_of(c, "if-id-out", "mark-out", "mark-mask-out");
	char in_text[RVL_SCOPE_TEXT], out_text[RVL_SCOPE_TEXT];

	rvl_scope_text(&in, in_text);
	rvl_scope_text(&out, out_text);
	if (*in_text || *out_text)
		printf("    of %s in, %s out\n", *in_text ? in_text : "all",
		       *out_text ? out_text : "all");
}

static void print_child(const json_t *c)
{
	printf("  %s: %s, %s, %s%s%s, SPI %s in, %s out\n", string_of(c, "name"),
	       string_of(c, "state"), string_of(c, "suite"), string_of(c, "protocol"),
	       strcmp(string_of(c, "mode"), "TRANSPORT") ? "" : " in transport mode",
	       json_is_true(json_object_get(c, "encap")) ? " in UDP"
	       : json_is_true(json_object_get(c, "tcp")) ? " in TCP"
							 : "",
	       string_of(c, "spi-in"), string_of(c, "spi-out"));
	printf("    in  %lld packets, %lld octets; dropped: %lld ICV, %lld replay, %lld format",
	       number_of(c, "packets-in"), number_of(c, "bytes-in"), number_of(c, "drops-icv-in"),
	       number_of(c, "drops-replay-in"), number_of(c, "drops-format-in"));
	print_where(c, "where-in", "why-in");
	printf("    out %lld packets, %lld octets", number_of(c, "packets-out"),
	       number_of(c, "bytes-out"));
	print_where(c, "where-out", "why-out");
	print_scopes(c);
	if (json_object_get(c, "cpu"))
		printf("    of processor %lld\n", number_of(c, "cpu"));
	else if (json_object_get(c, "per-cpu"))
		printf("    of processors that have none of their own\n");
	printf("    ");
	print_list_of(json_object_get(c, "local-ts"));
	printf(" === ");
	print_list_of(json_object_get(c, "remote-ts"));
	printf("%s\n", json_is_true(json_object_get(c, "additional-ts-possible"))
			       ? " (more of what was asked for is possible in another one)"
			       : "");
}

/* A line of them, if there are any. */
static void print_words(const char *what, const json_t *array)
{
	if (!json_array_size(array))
		return;
	printf("%s ", what);
	print_list_of(array);
	printf("\n");
}

static void print_sa(const json_t *sa)
{
	const json_t *children = json_object_get(sa, "child-sas");

	printf("%s: %s, %s, %s%s, %lld s\n",
	       *string_of(sa, "connection") ? string_of(sa, "connection") : "(unknown)",
	       string_of(sa, "state"),
	       json_is_true(json_object_get(sa, "initiator")) ? "initiator" : "responder",
	       string_of(sa, "suite"),
	       json_is_true(json_object_get(sa, "ppk")) ? " with a PPK" : "",
	       number_of(sa, "established-seconds"));
	printf("  local  %s [%lld] %s\n", string_of(sa, "local-host"), number_of(sa, "local-port"),
	       string_of(sa, "local-id"));
	printf("  remote %s [%lld] %s%s%s\n", string_of(sa, "remote-host"),
	       number_of(sa, "remote-port"), string_of(sa, "remote-id"),
	       *string_of(sa, "remote-eap-id") ? " as " : "", string_of(sa, "remote-eap-id"));
	print_words("  our addresses", json_object_get(sa, "local-vips"));
	print_words("  the peer's addresses", json_object_get(sa, "remote-vips"));
	print_words("  DNS", json_object_get(sa, "dns"));
	print_words("  DNS of the domains", json_object_get(sa, "domains"));
	for (size_t i = 0; i < json_array_size(children); i++)
		print_child(json_array_get(children, i));
}

static void print_configured(const json_t *connection)
{
	const json_t *children = json_object_get(connection, "children");

	for (size_t i = 0; i < json_array_size(children); i++) {
		const json_t *child = json_array_get(children, i);

		if (!json_is_true(json_object_get(child, "up")))
			printf("%s.%s: configured, not up%s\n", string_of(connection, "name"),
			       string_of(child, "name"),
			       json_is_true(json_object_get(child, "trap"))
				       ? "; its traffic brings it up"
				       : "");
	}
}

static void print_json(const json_t *element)
{
	printf(elements ? ",\n" : "\n");
	json_dumpf(element, stdout, JSON_INDENT(2));
}

/* All arrays before this one are at their end. */
static void turn_to(size_t next)
{
	if (!begun)
		printf("{\n\"%s\": [", parts[0].all);
	begun = true;
	for (; part < next; part++, elements = 0) {
		printf("]");
		if (part + 1 < PARTS)
			printf(",\n\"%s\": [", parts[part + 1].all);
	}
}

void list_show(const json_t *object, bool json)
{
	for (size_t i = part; i < PARTS; i++) {
		const json_t *element = json_object_get(object, parts[i].one);

		if (!element)
			continue;
		if (json) {
			turn_to(i);
			print_json(element);
			elements++;
		} else if (i == 0) {
			print_sa(element);
		} else {
			print_configured(element);
		}
	}
}

void list_end(const json_t *answer, bool json)
{
	bool ok = json_is_true(json_object_get(answer, "ok"));

	if (!json) {
		if (!ok)
			fprintf(stderr, "ravelctl: %s\n", string_of(answer, "error"));
		return;
	}
	if (ok || begun)
		turn_to(PARTS);
	printf(begun ? ",\n" : "{\n");
	printf("\"ok\": %s", ok ? "true" : "false");
	if (!ok) {
		printf(",\n\"error\": ");
		json_dumpf(json_object_get(answer, "error"), stdout, JSON_ENCODE_ANY);
	}
	printf("\n}\n");
}
