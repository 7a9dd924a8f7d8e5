/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers by which a kernel tells flows of the same selectors apart: XFRM interfaces (if_id) and
 * marks of packets. A data path that is no kernel has neither.
 */
#ifndef RVL_ESP_LABEL_H
#define RVL_ESP_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a packet's mark those bits that the mask has; nothing is set beyond it. Of mask 0: none. */
struct rvl_mark {
	uint32_t value;
	uint32_t mask;
};

/* Of what packets a policy or an SA is, beside its selectors; of zeros: of any, and of no XFRM
 * interface. */
struct rvl_scope {
	uint32_t if_id;
	struct rvl_mark mark;
};

/* Of a flow, both ways. */
struct rvl_scopes {
	struct rvl_scope in;
	struct rvl_scope out;
};

/* How a number is chosen that isn't given. */
enum rvl_label_choice {
	RVL_LABEL_GIVEN,
	RVL_LABEL_UNIQUE,     /* another one for each Child SA and those that take its place, */
	RVL_LABEL_UNIQUE_DIR, /* and for each direction */
	RVL_LABEL_SAME,	      /* what is set is the mark of the policy */
};

struct rvl_label {
	enum rvl_label_choice choice;
	bool of_ike; /* a unique one is another one for each IKE SA instead */
	uint32_t value;
	uint32_t mask; /* of marks; if_ids have none */
};

/* What is configured for a Child SA. */
struct rvl_labels {
	struct rvl_label if_id_in;
	struct rvl_label if_id_out;
	struct rvl_label mark_in;
	struct rvl_label mark_out;
	struct rvl_label set_mark_in; /* of packets that have been decrypted */
	struct rvl_label set_mark_out;
	bool mark_in_sa; /* the inbound SA has mark_in, too */
};

/* Unique numbers that were chosen: of the Child SA, and of its IKE SA. 0: none. */
struct rvl_label_numbers {
	uint32_t child;
	uint32_t ike;
};

/* All of it with its numbers. */
struct rvl_labelled {
	struct rvl_scopes scopes;
	struct rvl_mark sa_in; /* of the SA */
	struct rvl_mark set_in;
	struct rvl_mark set_out;
};

/* Is a number to be chosen for the Child SA (of_ike: for the IKE SA)? */
bool rvl_labels_are_unique(const struct rvl_labels *labels, bool of_ike);

/* False: a chosen number doesn't fit under its mask. */
bool rvl_labels_resolve(const struct rvl_labels *labels, struct rvl_label_numbers numbers,
			struct rvl_labelled *out);

bool rvl_mark_equal(const struct rvl_mark *a, const struct rvl_mark *b);
bool rvl_scope_equal(const struct rvl_scope *a, const struct rvl_scope *b);
bool rvl_scopes_equal(const struct rvl_scopes *a, const struct rvl_scopes *b);
bool rvl_labels_equal(const struct rvl_labels *a, const struct rvl_labels *b);

/* "if_id 5 mark 0x7/0xff", or "" of zeros. */
#define RVL_SCOPE_TEXT 48
void rvl_scope_text(const struct rvl_scope *scope, char text[RVL_SCOPE_TEXT]);

#endif
