/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/ike/strangers.h"

uint8_t request[IKE_INIT_MESSAGE_MAX];
size_t request_len;

/* Where the nth stranger is, if all are elsewhere. */
struct ike_addr address(unsigned n)
{
	return (struct ike_addr){
		.family = 4,
		.ip = {100, (uint8_t)(64 + (n >> 16)), (uint8_t)(n >> 8), (uint8_t)n},
		.port = IKE_PORT,
	};
}

/* B's answers so far are lost. */
void lose_all(void)
{
	while (net->queued) {
		struct packet p = net_take(net);

		packet_free(&p);
	}
}

/* B is ready, and a request of A's for it, which goes no further, has been copied. */
void begin(const struct ike_limits *limits)
{
	struct packet p;

	net = net_new(8, &SIDE_A, &SIDE_B);
	set_hosts(b(), b()->engine->connections[0], NULL, "");
	ike_engine_set_limits(b()->engine, limits);
	start(net, 0);
	p = net_take(net);
	memcpy(request, p.data, p.len);
	request_len = p.len;
	packet_free(&p);
	terminate_each(a());
}

void receive(const struct ike_addr *from, const uint8_t *data, size_t len)
{
	struct ike_addr to = b()->addr;

	to.port = from->port == IKE_PORT_NATT ? IKE_PORT_NATT : IKE_PORT;
	ike_receive(b()->engine, net->now, &to, from, ike_slice(data, len));
	node_drain(b());
}

/* The nth stranger's first request, from that address; with a cookie unless that is empty. */
size_t write_request(unsigned n, struct ike_slice cookie, uint8_t *out)
{
	struct ike_writer w = ike_writer(out, IKE_INIT_MESSAGE_MAX);
	uint16_t len = (uint16_t)(8 + cookie.len);

	ike_put(&w, request, IKE_HEADER_LEN);
	if (cookie.len) {
		out[16] = IKE_PAYLOAD_NOTIFY;
		ike_put_u8(&w, request[16]);
		ike_put_u8(&w, 0);
		ike_put_u16(&w, len);
		ike_put_u16(&w, 0);
		ike_put_u16(&w, IKE_N_COOKIE);
		ike_put_slice(&w, cookie);
	}
	ike_put(&w, request + IKE_HEADER_LEN, request_len - IKE_HEADER_LEN);
	ike_patch_be(&w, 0, n + 1, 8);
	ike_patch_be(&w, 24, w.len, 4);
	assert_true(ike_writer_ok(&w));
	return w.len;
}

void call(unsigned n, struct ike_addr from)
{
	uint8_t message[IKE_INIT_MESSAGE_MAX];

	receive(&from, message, write_request(n, ike_slice(NULL, 0), message));
}

/* The same by one who is there, and returns the cookie that he gets. */
void call_in_earnest(unsigned n, struct ike_addr from)
{
	uint8_t message[IKE_INIT_MESSAGE_MAX];
	struct ike_payloads payloads;
	struct ike_notify notify;
	struct packet p;

	lose_all();
	call(n, from);
	if (!net->queued)
		return;
	p = net_take(net);
	assert_int_equal(ike_message_parse(ike_slice(p.data, p.len), p.data[16], &payloads), 0);
	if (ike_find_notify(&payloads, IKE_N_COOKIE, &notify))
		receive(&from, message, write_request(n, notify.data, message));
	packet_free(&p);
}

void call_a(void)
{
	unsigned up = a()->child_up;

	lose_all();
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->child_up, up + 1);
}
