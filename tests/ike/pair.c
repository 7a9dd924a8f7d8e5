/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/pair.h"

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

void pass_time(uint64_t ms)
{
	net_run(net, net->now + ms);
}

void deliver_next(void)
{
	struct packet p = net_take(net);

	net_deliver(net, &p);
	packet_free(&p);
}
