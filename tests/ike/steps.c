/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/steps.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void establish(const struct side *one, const struct side *two)
{
	net = net_new(17, one, two);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
	net->watch_flow = true;
}

void establish_one_of_two(const struct side *one, const struct side *two)
{
	net = net_new(17, one, two);
	for (unsigned i = 0; i < 2; i++) {
		struct ike_connection *conn = net->node[i].engine->connections[0];
		struct ike_child_config *config = ike_connection_add_child(conn, "d");
		struct ike_ts *ts;

		*config = conn->children[0];
		strcpy(config->name, "d");
		ts = i ? &config->remote_ts.list[0] : &config->local_ts.list[0]; /* A's */
		ts->first[1] = ts->last[1] = 77;
	}
	start(net, 0);
	net_settle(net);
}

void ask_for_another(void)
{
	uint64_t id;

	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "d", NULL, &id), 0);
	node_drain(a());
}

struct packet take_for(unsigned node)
{
	struct packet other[8], p = net_take(net);
	unsigned count = 0;

	while (p.to != node) {
		other[count++] = p;
		p = net_take(net);
	}
	while (count)
		net_put(net, &other[--count]);
	return p;
}

void deliver_to(unsigned node)
{
	struct packet p = take_for(node);

	net_deliver(net, &p);
	packet_free(&p);
}

void lose_for(unsigned node)
{
	struct packet p = take_for(node);

	packet_free(&p);
}

void rekey(struct node *node)
{
	const struct installed *child = sending_child(node);

	assert_int_equal(ike_rekey_child(node->engine, net->now, child->sa.child_id), 0);
	node_drain(node);
}

void rekey_ike(struct node *node)
{
	assert_int_equal(ike_rekey(node->engine, net->now, node->ike_id), 0);
	node_drain(node);
}

void assert_all_gone(struct node *node)
{
	pass_time(600000);
	ike_terminate_all(node->engine, net->now);
	node_drain(node);
	net_settle(net);
	pass_time(600000);
	assert_true(nothing_left(node));
}
