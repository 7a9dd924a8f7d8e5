/* SPDX-License-Identifier: BSD-2-Clause */
/* What the peer narrows a Child SA to (RFC 7296, section 2.9). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/children.h"

static struct ike_ts host(uint8_t net2, uint8_t last, uint16_t port)
{
	return (struct ike_ts){
		.family = 4,
		.protocol = 17,
		.port_first = port,
		.port_last = port,
		.first = {10, net2, 0, last},
		.last = {10, net2, 0, last},
	};
}

/* Do its Child SAs say so (section 2.9: ADDITIONAL_TS_POSSIBLE)? */
static void look_for_more(void *context, const struct ike_sa_info *sa,
			  const struct ike_child_info *child)
{
	(void)sa;
	*(bool *)context |= child && child->more_ts;
}

static bool more_is_possible(struct node *node)
{
	bool more = false;

	ike_list(node->engine, look_for_more, &more);
	return more;
}

/* B has one child for each network that A offers in one; A's packet decides which. */
static void the_packet_that_waits_decides_what_is_narrowed_to(void **state)
{
	(void)state;
	for (uint8_t k = 0; k < 3; k++) {
		struct ike_ts packet[2];
		const struct ike_ts *ts;
		uint64_t id;

		net = net_new(23, &SIDE_A, &SIDE_B);
		{
			struct ike_connection *conn = connection(b());
			struct ike_child_config *config;

			for (uint8_t i = 1; i < 3; i++) {
				config = ike_connection_add_child(conn, i == 1 ? "d" : "e");
				*config = conn->children[0];
				strcpy(config->name, i == 1 ? "d" : "e");
				config->local_ts.list[0].first[1] = 50 + i;
				config->local_ts.list[0].last[1] = 50 + i;
			}
			conn->children[0].local_ts.list[0].first[1] = 50;
			conn->children[0].local_ts.list[0].last[1] = 50;
			connection(a())->children[0].remote_ts.list[0].first[1] = 0;
			connection(a())->children[0].remote_ts.list[0].last[1] = 255;
		}
		packet[0] = connection(a())->children[0].local_ts.list[0];
		memcpy(packet[0].last, packet[0].first, 16);
		packet[0].protocol = 17;
		packet[1] = host(50 + k, 9, 53);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", packet, &id), 0);
		node_drain(a());
		net_settle(net);
		assert_int_equal(b()->child_up, 1);
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		ts = &sending_child(a())->sa.remote_ts.list[0];
		assert_int_equal(ts->first[1], 50 + k);
		assert_int_equal(ts->protocol, 0); /* all of that network, not just the packet's */
		assert_true(more_is_possible(a()) && more_is_possible(b()));
		/* That network has what it needs, and another one needs another Child SA. */
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", packet, &id),
				 -EISCONN);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id),
				 -EISCONN);
		packet[1] = host(50 + (k + 1) % 3, 9, 53);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", packet, &id), 0);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", packet, &id),
				 -EALREADY);
		node_drain(a());
		net_settle(net);
		assert_int_equal(b()->child_up, 2);
		assert_int_equal(a()->engine->sa_count, 1);
		assert_int_equal(a()->child_down + b()->child_down, 0);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", packet, &id),
				 -EISCONN);
		teardown(state);
	}
	establish(&SIDE_A, &SIDE_B);
	assert_false(more_is_possible(a()) || more_is_possible(b()));
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(the_packet_that_waits_decides_what_is_narrowed_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
