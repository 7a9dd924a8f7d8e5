/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/pair.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct net *net;

struct node *a(void)
{
	return &net->node[0];
}

struct node *b(void)
{
	return &net->node[1];
}

int teardown(void **state)
{
	(void)state;
	if (net)
		net_free(net);
	net = NULL;
	return 0;
}

void establish(const struct side *one, const struct side *two)
{
	net = net_new(17, one, two);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
	net->watch_flow = true;
}

void pass_time(uint64_t ms)
{
	net_run(net, net->now + ms);
}

static struct packet take_for(unsigned node)
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
