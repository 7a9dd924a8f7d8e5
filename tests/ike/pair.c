/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

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

void both_are_up(void)
{
	assert_int_equal(a()->child_up, 1);
	assert_int_equal(b()->child_up, 1);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
	assert_null(only_sa(net, 0)->handshake);
	assert_null(only_sa(net, 1)->handshake);
}

void nothing_is_up(void)
{
	assert_int_equal(a()->ike_up + b()->ike_up, 0);
	assert_int_equal(a()->child_up + b()->child_up, 0);
	assert_int_equal(b()->spis_out, 0);
}

void it_is_forgotten_when_it_says_no_more(void)
{
	assert_int_equal(b()->engine->half_open.count, 1);
	net->down = true;
	a()->dead[0] = true;
	while (net->queued) {
		struct packet p = net_take(net);

		packet_free(&p);
	}
	pass_time(31000);
	assert_int_equal(ike_sa_count(b()->engine), 0);
	assert_int_equal(b()->engine->half_open.count, 0);
	nothing_is_up();
}

struct heard hear_out(void)
{
	struct heard heard = {0};

	while (net->queued) {
		struct packet p = net_take(net);

		heard.count++;
		heard.last[1 - p.to] = p.len;
		net_deliver(net, &p);
		packet_free(&p);
	}
	return heard;
}
