/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/children.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct ike_connection *connection(const struct node *node)
{
	return node->engine->connections[0];
}

void prepare(unsigned children)
{
	net = net_new(23, &SIDE_A, &SIDE_B);
	for (unsigned i = 0; i < 2; i++) {
		struct ike_connection *conn = connection(&net->node[i]);

		for (unsigned k = 1; k < children; k++) {
			char name[2] = {(char)('c' + k), 0};
			struct ike_child_config *config = ike_connection_add_child(conn, name);
			struct ike_ts *ts;

			*config = conn->children[0];
			strcpy(config->name, name);
			/* of A */
			ts = i ? &config->remote_ts.list[0] : &config->local_ts.list[0];
			ts->first[1] = ts->last[1] = (uint8_t)(100 + k);
		}
	}
}

void bring_up(const char *child)
{
	uint64_t id;
	int err = ike_initiate(a()->engine, net->now, "net", child, NULL, &id);

	assert_int_equal(err, 0);
	node_drain(a());
	net_settle(net);
}

void end(void)
{
	net->watch_flow = false;
	assert_all_gone(a());
	assert_true(nothing_left(b()));
	assert_int_equal(a()->spis_out + b()->spis_out, 0);
}
