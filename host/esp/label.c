// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/label.h"

#include <stdio.h>

static bool is_unique(const struct rvl_label *label, bool of_ike)
{
	return (label->choice == RVL_LABEL_UNIQUE || label->choice == RVL_LABEL_UNIQUE_DIR) &&
	       label->of_ike == of_ike;
}

bool rvl_labels_are_unique(const struct rvl_labels *l, bool of_ike)
{
	return is_unique(&l->if_id_in, of_ike) || is_unique(&l->if_id_out, of_ike) ||
	       is_unique(&l->mark_in, of_ike) || is_unique(&l->mark_out, of_ike);
}

/* A number stands for two values: the even one is outbound, and inbound where there is no other. */
static uint32_t value_of(const struct rvl_label *label, struct rvl_label_numbers numbers, bool in)
{
	const uint32_t number = label->of_ike ? numbers.ike : numbers.child;

	switch (label->choice) {
	case RVL_LABEL_UNIQUE:
		return 2 * number;
	case RVL_LABEL_UNIQUE_DIR:
		return 2 * number + in;
	default:
		return label->value;
	}
}

static bool find_mark(const struct rvl_label *label, struct rvl_label_numbers numbers, bool in,
		      struct rvl_mark *mark)
{
	const uint32_t value = value_of(label, numbers, in);

	*mark = (struct rvl_mark){value & label->mask, label->mask};
	return mark->value == value;
}

static struct rvl_mark set_mark(const struct rvl_label *label, const struct rvl_mark *policy)
{
	const uint32_t value = label->choice == RVL_LABEL_SAME ? policy->value : label->value;

	return (struct rvl_mark){value & label->mask, label->mask};
}

bool rvl_labels_resolve(const struct rvl_labels *l, struct rvl_label_numbers numbers,
			struct rvl_labelled *out)
{
	struct rvl_scopes *s = &out->scopes;
	bool fits;

	*out = (struct rvl_labelled){
		.scopes.in.if_id = value_of(&l->if_id_in, numbers, true),
		.scopes.out.if_id = value_of(&l->if_id_out, numbers, false),
	};
	fits = find_mark(&l->mark_in, numbers, true, &s->in.mark) &&
	       find_mark(&l->mark_out, numbers, false, &s->out.mark);
	if (l->mark_in_sa)
		out->sa_in = s->in.mark;
	out->set_in = set_mark(&l->set_mark_in, &s->in.mark);
	out->set_out = set_mark(&l->set_mark_out, &s->out.mark);
	return fits;
}

bool rvl_mark_equal(const struct rvl_mark *a, const struct rvl_mark *b)
{
	return a->value == b->value && a->mask == b->mask;
}

bool rvl_scope_equal(const struct rvl_scope *a, const struct rvl_scope *b)
{
	return a->if_id == b->if_id && rvl_mark_equal(&a->mark, &b->mark);
}

bool rvl_scopes_equal(const struct rvl_scopes *a, const struct rvl_scopes *b)
{
	return rvl_scope_equal(&a->in, &b->in) && rvl_scope_equal(&a->out, &b->out);
}

static bool same(const struct rvl_label *a, const struct rvl_label *b)
{
	return a->choice == b->choice && a->of_ike == b->of_ike && a->value == b->value &&
	       a->mask == b->mask;
}

bool rvl_labels_equal(const struct rvl_labels *a, const struct rvl_labels *b)
{
	return same(&a->if_id_in, &b->if_id_in) && same(&a->if_id_out, &b->if_id_out) &&
	       same(&a->mark_in, &b->mark_in) && same(&a->mark_out, &b->mark_out) &&
	       same(&a->set_mark_in, &b->set_mark_in) && same(&a->set_mark_out, &b->set_mark_out) &&
	       a->mark_in_sa == b->mark_in_sa;
}

void rvl_scope_text(const struct rvl_scope *scope, char text[RVL_SCOPE_TEXT])
{
	char mark[32] = "";

	if (scope->mark.mask)
		snprintf(mark, sizeof(mark), "%smark 0x%x/0x%x", scope->if_id ? " " : "",
			 scope->mark.value, scope->mark.mask);
	if (scope->if_id)
		snprintf(text, RVL_SCOPE_TEXT, "if_id %u%s", scope->if_id, mark);
	else
		snprintf(text, RVL_SCOPE_TEXT, "%s", mark);
}
