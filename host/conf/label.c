// SPDX-License-Identifier: BSD-2-Clause
/* What tells flows of the same selectors apart in a kernel: if_id_in, mark_in and the like. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/conf/bind.h"

#define UNIQUE "%unique"
#define UNIQUE_DIR "%unique-dir"
#define SAME "%same"

/* Of 32 bits, decimal, or as C writes octal and hexadecimal ones. */
static bool read_number(const char *text, size_t len, uint32_t *out)
{
	char copy[16], *end;
	unsigned long long n;

	if (!isdigit((unsigned char)*text) || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = 0;
	n = strtoull(copy, &end, 0);
	*out = (uint32_t)n;
	return !*end && n <= UINT32_MAX;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !strncasecmp(text, word, len);
}

static bool read_unique(const char *text, size_t len, struct rvl_label *label)
{
	if (is_word(text, len, UNIQUE))
		label->choice = RVL_LABEL_UNIQUE;
	else if (is_word(text, len, UNIQUE_DIR))
		label->choice = RVL_LABEL_UNIQUE_DIR;
	return label->choice != RVL_LABEL_GIVEN;
}

int conf_bind_if_id(const struct conf_value *v, struct rvl_label *label)
{
	const char *text = v->key->value;
	size_t len = strlen(text);

	*label = (struct rvl_label){.choice = RVL_LABEL_GIVEN};
	if (!len || read_unique(text, len, label) || read_number(text, len, &label->value))
		return 0;
	return conf_value_fail(v, "\"%.40s\" is neither a number of 32 bits nor %s or %s", text,
			       UNIQUE, UNIQUE_DIR);
}

static int read_mark(const struct conf_value *v, bool set, struct rvl_label *label)
{
	const char *text = v->key->value, *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	*label = (struct rvl_label){.choice = RVL_LABEL_GIVEN, .mask = UINT32_MAX};
	if (slash && !read_number(slash + 1, strlen(slash + 1), &label->mask))
		return conf_value_fail(v, "\"%.40s\" isn't a mask of 32 bits", slash + 1);
	if (set && is_word(text, len, SAME)) {
		label->choice = RVL_LABEL_SAME;
		return 0;
	}
	if (!set && read_unique(text, len, label))
		return label->mask ? 0 : conf_value_fail(v, "mask 0 leaves no mark to choose");
	if (!read_number(text, len, &label->value))
		return conf_value_fail(
			v, "\"%.40s\" is neither a mark (value/mask, of 32 bits) nor %s", text,
			set ? SAME : UNIQUE " or " UNIQUE_DIR);
	label->value &= label->mask;
	return 0;
}

static int bind_mark(const struct conf_value *v, bool set, struct rvl_label *label)
{
	*label = (struct rvl_label){.choice = RVL_LABEL_GIVEN};
	return *v->key->value ? read_mark(v, set, label) : 0;
}

int conf_bind_mark(const struct conf_value *v, struct rvl_label *label)
{
	return bind_mark(v, false, label);
}

int conf_bind_set_mark(const struct conf_value *v, struct rvl_label *label)
{
	return bind_mark(v, true, label);
}

/* As with strongSwan, who asks for another one in each direction gets it for both. */
static void pair(struct rvl_label *in, struct rvl_label *out)
{
	if (in->choice != RVL_LABEL_UNIQUE_DIR && out->choice != RVL_LABEL_UNIQUE_DIR)
		return;
	if (in->choice == RVL_LABEL_UNIQUE)
		in->choice = RVL_LABEL_UNIQUE_DIR;
	if (out->choice == RVL_LABEL_UNIQUE)
		out->choice = RVL_LABEL_UNIQUE_DIR;
}

/* The connection's, where the child has none. */
static void inherit(struct rvl_label *label, const struct rvl_label *connection)
{
	if (label->choice != RVL_LABEL_GIVEN || label->value)
		return;
	*label = *connection;
	label->of_ike = label->choice != RVL_LABEL_GIVEN;
}

void conf_finish_labels(const struct conf_connection *c, struct rvl_labels *labels)
{
	struct rvl_label in = c->if_id_in, out = c->if_id_out;

	pair(&in, &out);
	pair(&labels->if_id_in, &labels->if_id_out);
	pair(&labels->mark_in, &labels->mark_out);
	inherit(&labels->if_id_in, &in);
	inherit(&labels->if_id_out, &out);
}

bool conf_labels_are_given(const struct rvl_labels *labels)
{
	return !rvl_labels_are_unique(labels, false) && !rvl_labels_are_unique(labels, true);
}

struct rvl_scopes conf_given_scopes(const struct rvl_labels *labels)
{
	struct rvl_labelled labelled;

	rvl_labels_resolve(labels, (struct rvl_label_numbers){0}, &labelled);
	return labelled.scopes;
}

bool conf_labels_lead(const struct rvl_labels *labels)
{
	static const struct rvl_scope none;
	const struct rvl_scopes scopes = conf_given_scopes(labels);

	return labels->if_id_out.choice != RVL_LABEL_GIVEN ||
	       labels->mark_out.choice != RVL_LABEL_GIVEN || !rvl_scope_equal(&scopes.out, &none);
}
