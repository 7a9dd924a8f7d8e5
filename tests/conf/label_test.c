/* SPDX-License-Identifier: BSD-2-Clause */
/* XFRM interfaces and marks: what swanctl's words for them mean, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/ike/ability.h"
#include "tests/conf/text.h"

/* %s: of the connection, in line 4; and of its child, from line 6 on. */
static const char file[] = "raveld { backend = xfrm\n}\n"
			   "connections { gw { local { auth = psk }\n"
			   " remote { auth = psk } %s\n children { net {\n%s\n } } } }\n";

static struct conf *load(const char *connection, const char *child)
{
	return conf_of(file, connection, child);
}

static struct rvl_labels labels_of(const char *connection, const char *child)
{
	struct conf *conf = load(connection, child);
	const struct rvl_labels labels = conf->connections[0].children[0].labels;

	conf_free(conf);
	return labels;
}

static struct rvl_labelled resolved(const char *connection, const char *child)
{
	const struct rvl_labels labels = labels_of(connection, child);
	struct rvl_labelled labelled;

	assert_true(rvl_labels_resolve(&labels, (struct rvl_label_numbers){3, 50}, &labelled));
	return labelled;
}

static void assert_mark(struct rvl_mark mark, uint32_t value, uint32_t mask)
{
	assert_int_equal(mark.value, value);
	assert_int_equal(mark.mask, mask);
}

static void without_a_word_there_is_no_scope(void **state)
{
	static const char *const nothing[] = {
		"", "if_id_in = 0\nif_id_out = 0x0\nmark_in = 0/0x0\nmark_out = 0/0\n"
		    "mark_in_sa = no\nset_mark_in = 0/0\nset_mark_out =\nmark_in ="};
	static const struct rvl_labels none;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct rvl_labels labels = labels_of(i ? "if_id_in = 0" : "", nothing[i]);

		assert_true(rvl_labels_equal(&labels, &none));
		assert_false(conf_labels_lead(&labels));
	}
}

static void marks_have_a_value_and_a_mask(void **state)
{
	static const struct {
		const char *text;
		uint32_t value, mask;
	} marks[] = {
		{"0", 0, 0xffffffff},
		{"42", 42, 0xffffffff},
		{"0x42/0xff", 0x42, 0xff},
		{"0xfffffff0/0x0000ffff", 0xfff0, 0xffff},
		{"4294967295/0xffffffff", 0xffffffff, 0xffffffff},
		{"0/1", 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		struct rvl_labelled l;
		char text[256];

		snprintf(text, sizeof(text),
			 "mark_in = %s\nmark_out = %s\nset_mark_in = %s\nset_mark_out = %s",
			 marks[i].text, marks[i].text, marks[i].text, marks[i].text);
		l = resolved("", text);
		assert_mark(l.scopes.in.mark, marks[i].value, marks[i].mask);
		assert_mark(l.scopes.out.mark, marks[i].value, marks[i].mask);
		assert_mark(l.set_in, marks[i].value, marks[i].mask);
		assert_mark(l.set_out, marks[i].value, marks[i].mask);
		assert_mark(l.sa_in, 0, 0);
	}
}

static void the_inbound_sa_has_its_mark_if_it_is_to(void **state)
{
	(void)state;
	assert_mark(resolved("", "mark_in = 7/0xf\nmark_in_sa = yes").sa_in, 7, 0xf);
	assert_mark(resolved("", "mark_in = 7/0xf").sa_in, 0, 0);
}

static void what_is_set_may_be_the_same_with_a_mask_of_its_own(void **state)
{
	struct rvl_labelled l = resolved("", "mark_in = 0x17/0xff\nmark_out = %unique\n"
					     "set_mark_in = %same/0xf\nset_mark_out = %same");

	(void)state;
	assert_mark(l.set_in, 7, 0xf);
	assert_mark(l.set_out, 6, 0xffffffff);
}

static void unique_numbers_are_one_for_both_directions_or_two(void **state)
{
	struct rvl_labelled l = resolved("", "if_id_in = %unique\nif_id_out = %unique\n"
					     "mark_in = %unique-dir/0xff\nmark_out = %unique");

	(void)state;
	assert_int_equal(l.scopes.in.if_id, l.scopes.out.if_id);
	assert_int_not_equal(l.scopes.in.if_id, 0);
	assert_mark(l.scopes.in.mark, 7, 0xff);
	assert_mark(l.scopes.out.mark, 6, 0xffffffff);
	/* One that is unique beside one that is given. */
	l = resolved("", "if_id_in = 9\nif_id_out = %UNIQUE-DIR");
	assert_int_equal(l.scopes.in.if_id, 9);
	assert_int_equal(l.scopes.out.if_id, 6);
}

static void a_child_has_the_interface_of_its_connection_unless_it_has_its_own(void **state)
{
	struct rvl_labelled l = resolved("if_id_in = 5\n if_id_out = 6", "if_id_in = 7");

	(void)state;
	assert_int_equal(l.scopes.in.if_id, 7);
	assert_int_equal(l.scopes.out.if_id, 6);
	l = resolved("if_id_in = %unique\n if_id_out = %unique-dir", "if_id_out = %unique");
	assert_int_equal(l.scopes.in.if_id, 101);
	assert_int_equal(l.scopes.out.if_id, 6);
}

static void a_unique_number_that_its_mask_has_no_room_for_is_none(void **state)
{
	const struct rvl_labels labels = labels_of("", "mark_out = %unique/0x0f");
	struct rvl_labelled labelled;

	(void)state;
	assert_true(rvl_labels_resolve(&labels, (struct rvl_label_numbers){7, 0}, &labelled));
	assert_false(rvl_labels_resolve(&labels, (struct rvl_label_numbers){8, 0}, &labelled));
}

static void what_is_no_number_is_refused(void **state)
{
	static const struct {
		const char *connection, *child, *message;
	} cases[] = {
		{"if_id_in = eth0", "",
		 "t.conf:4: connections.gw.if_id_in: \"eth0\" is neither a number of 32 bits nor "
		 "%unique or %unique-dir"},
		{"", "if_id_out = 4294967296",
		 "t.conf:6: connections.gw.children.net.if_id_out: \"4294967296\" is neither a "
		 "number of 32 bits nor %unique or %unique-dir"},
		{"", "if_id_out = %same",
		 "t.conf:6: connections.gw.children.net.if_id_out: \"%same\" is neither a number "
		 "of 32 bits nor %unique or %unique-dir"},
		{"", "if_id_in = -1",
		 "t.conf:6: connections.gw.children.net.if_id_in: \"-1\" is neither a number of "
		 "32 bits nor %unique or %unique-dir"},
		{"", "mark_in = %same",
		 "t.conf:6: connections.gw.children.net.mark_in: \"%same\" is neither a mark "
		 "(value/mask, of 32 bits) nor %unique or %unique-dir"},
		{"", "mark_in = %unique-foo/0xff",
		 "t.conf:6: connections.gw.children.net.mark_in: \"%unique-foo/0xff\" is neither a "
		 "mark (value/mask, of 32 bits) nor %unique or %unique-dir"},
		{"", "mark_out = 42/x",
		 "t.conf:6: connections.gw.children.net.mark_out: \"x\" isn't a mask of 32 bits"},
		{"", "mark_out = 42/",
		 "t.conf:6: connections.gw.children.net.mark_out: \"\" isn't a mask of 32 bits"},
		{"", "mark_out = %unique/0",
		 "t.conf:6: connections.gw.children.net.mark_out: mask 0 leaves no mark to choose"},
		{"", "set_mark_in = %unique",
		 "t.conf:6: connections.gw.children.net.set_mark_in: \"%unique\" is neither a mark "
		 "(value/mask, of 32 bits) nor %same"},
		{"remote_addrs = 192.0.2.1",
		 "mark_out = %unique\nlocal_ts = 10.1.0.0/16\nstart_action = trap",
		 "t.conf:5: connections.gw.children.net: start_action = trap doesn't go with "
		 "unique marks and if_ids, which nobody knows before there is an SA"},
		{"remote_addrs = 192.0.2.1\n if_id_out = %unique",
		 "local_ts = 10.1.0.0/16\ndpd_action = trap",
		 "t.conf:6: connections.gw.children.net: dpd_action = trap doesn't go with unique "
		 "marks and if_ids, which nobody knows before there is an SA"},
		{"",
		 "mode = pass\nstart_action = trap\nlocal_ts = 10.1.0.0/16\n"
		 "remote_ts = 10.2.0.0/16\nmark_out = %unique",
		 "t.conf:5: connections.gw.children.net: mode = pass has no SA, for which marks "
		 "and if_ids are chosen, or which sets marks"},
		{"",
		 "mode = drop\nstart_action = trap\nlocal_ts = 10.1.0.0/16\n"
		 "remote_ts = 10.2.0.0/16\nset_mark_out = 5",
		 "t.conf:5: connections.gw.children.net: mode = drop has no SA, for which marks "
		 "and if_ids are chosen, or which sets marks"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].message, file, cases[i].connection, cases[i].child);
}

static void a_data_path_without_it_says_so(void **state)
{
	static const struct {
		const char *connection, *child, *message;
	} cases[] = {
		{"", "if_id_in = 5",
		 "t.conf:6: connections.gw.children.net.if_id_in: the data path has no XFRM "
		 "interfaces (backend xfrm has)"},
		{"if_id_out = %unique", "",
		 "t.conf:5: connections.gw.children.net: the data path has no XFRM interfaces "
		 "(backend xfrm has)"},
		{"", "mark_out = 0",
		 "t.conf:6: connections.gw.children.net.mark_out: the data path has no marks of "
		 "packets (backend xfrm has)"},
		{"", "set_mark_in = %same",
		 "t.conf:6: connections.gw.children.net.set_mark_in: the data path has no marks of "
		 "packets (backend xfrm has)"},
		{"",
		 "mode = pass\nstart_action = trap\nlocal_ts = 10.1.0.0/16\n"
		 "remote_ts = 10.2.0.0/16\nmark_out = 5",
		 "t.conf:5: connections.gw.children.net: the data path has no marks of packets"},
	};
	struct rvl_abilities can = ike_every_ability;

	(void)state;
	can.if_ids = can.marks = false;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf *conf = load(cases[i].connection, cases[i].child);
		struct conf_error error = {""};

		assert_int_equal(conf_check_abilities(conf, &ike_every_ability, &error), 0);
		assert_int_equal(conf_check_abilities(conf, &can, &error), -EINVAL);
		assert_string_equal(error.text, cases[i].message);
		conf_free(conf);
	}
}

static void another_scope_is_another_child(void **state)
{
	static const char *const texts[] = {"",
					    "if_id_in = 5",
					    "if_id_out = 5",
					    "mark_in = 5",
					    "mark_in = 5/0xff",
					    "mark_out = %unique",
					    "set_mark_out = %same",
					    "mark_in_sa = yes"};
	const size_t count = sizeof(texts) / sizeof(texts[0]);

	(void)state;
	for (size_t i = 0; i < count * count; i++) {
		struct conf *a = load("", texts[i / count]), *b = load("", texts[i % count]);

		assert_int_equal(conf_compare_child(&a->connections[0].children[0],
						    &b->connections[0].children[0]),
				 i / count == i % count ? CONF_UNCHANGED : CONF_REPLACED);
		conf_free(a);
		conf_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_word_there_is_no_scope),
		cmocka_unit_test(marks_have_a_value_and_a_mask),
		cmocka_unit_test(the_inbound_sa_has_its_mark_if_it_is_to),
		cmocka_unit_test(what_is_set_may_be_the_same_with_a_mask_of_its_own),
		cmocka_unit_test(unique_numbers_are_one_for_both_directions_or_two),
		cmocka_unit_test(a_child_has_the_interface_of_its_connection_unless_it_has_its_own),
		cmocka_unit_test(a_unique_number_that_its_mask_has_no_room_for_is_none),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(a_data_path_without_it_says_so),
		cmocka_unit_test(another_scope_is_another_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
