/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages in fragments (RFC 7383): who may, what they look like, how they are put together again,
 * and what those that never become a message may take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

/* IP and UDP before what lies in a packet of the network. */
enum { IPV4_AND_UDP = 28, IPV6_AND_UDP = 48, SMALL = 120, PARTS_MAX = 255 };

static uint64_t seed;

static const struct ike_stats *stats(const struct node *node)
{
	return ike_engine_stats(node->engine);
}

/* Packets of B are of another size, so that nothing hangs on both being equal. */
static void begin(uint16_t size)
{
	struct side one = SIDE_A, two = SIDE_B;

	one.fragment_size = size;
	two.fragment_size = size ? size + 16 : 0;
	net = net_new(7383, &one, &two);
}

static void assert_both_up(void)
{
	assert_int_equal(a()->child_up, 1);
	assert_int_equal(b()->child_up, 1);
	assert_true(children_agree(present_child(a()), present_child(b())));
}

static void up(uint16_t size)
{
	begin(size);
	start(net, 0);
	net_settle(net);
	assert_both_up();
}

/* And whatever was tried, both can still talk, and nothing of it stays. */
static void assert_still_up(void)
{
	net_settle(net);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	assert_true(children_agree(present_child(a()), present_child(b())));
	ike_terminate(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	net_settle(net);
	assert_true(nothing_left(a()) && nothing_left(b()));
}

/* What can be seen of a datagram */

struct seen {
	struct ike_header hdr;
	bool fragment;
	uint8_t next; /* of its SKF */
	struct ike_skf skf;
};

static struct seen look(const struct packet *p)
{
	struct ike_payloads payloads;
	struct seen s = {0};

	assert_int_equal(ike_header_parse(ike_slice(p->data, p->len), &s.hdr), 0);
	assert_int_equal(s.hdr.length, p->len);
	assert_int_equal(ike_payloads_parse(ike_slice(p->data + 28, p->len - 28),
					    s.hdr.next_payload, &payloads),
			 0);
	s.fragment = payloads.encrypted_type == IKE_PAYLOAD_SKF;
	s.next = payloads.inner_first;
	if (s.fragment)
		assert_int_equal(ike_parse_skf(payloads.encrypted, &s.skf), 0);
	return s;
}

/* All that waits, in its order. The caller frees. */
static unsigned take_all(struct packet *out)
{
	unsigned count = 0;

	while (net->queued) {
		assert_true(count < PARTS_MAX);
		out[count++] = net_take(net);
	}
	return count;
}

static void free_all(struct packet *p, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		packet_free(&p[i]);
}

/* Fragments by hand */

struct part {
	uint8_t exchange;
	bool response;
	uint32_t id;
	uint16_t number, total;
	uint8_t next;	   /* in the header of the SKF */
	bool clear_before; /* a Vendor ID that isn't protected */
	struct ike_slice plain;
};

/* As `node` could have sent it in this IKE SA. */
static struct packet craft_in(unsigned node, struct ike_sa *sa, const struct part *part)
{
	const struct ike_cipher *c = sa->initiator ? &sa->keys.initiator : &sa->keys.responder;
	struct packet p = {.to = 1 - node, .local = sa->path.remote, .remote = sa->path.local};
	struct ike_header hdr = ike_sa_header(sa, part->exchange, part->response, part->id);
	uint8_t iv[IKE_IV_MAX];
	struct ike_writer iv_w = ike_writer(iv, sizeof(iv));
	struct ike_builder builder;
	size_t at, len = ike_cipher_sealed_len(c, part->plain.len);

	p.data = malloc(IKE_MESSAGE_MAX);
	ike_build_message(&builder, p.data, IKE_MESSAGE_MAX, &hdr);
	if (part->clear_before) {
		ike_build_begin(&builder, IKE_PAYLOAD_VENDOR);
		ike_put(&builder.w, "who", 3);
		ike_build_end(&builder);
	}
	ike_build_begin(&builder, IKE_PAYLOAD_SKF);
	ike_patch_be(&builder.w, builder.payload_at, part->next, 1);
	ike_put_u16(&builder.w, part->number);
	ike_put_u16(&builder.w, part->total);
	at = builder.w.len;
	builder.w.len += len;
	ike_build_end(&builder);
	assert_int_equal(ike_build_finish(&builder), 0);
	ike_put_u64(&iv_w, sa->iv_counter++);
	assert_int_equal(ike_cipher_seal(c, iv, ike_slice(p.data, at), part->plain, p.data + at),
			 0);
	p.len = builder.w.len;
	return p;
}

static struct packet craft(unsigned node, const struct part *part)
{
	return craft_in(node, net->node[node].engine->all, part);
}

static void send_part(unsigned node, const struct part *part)
{
	struct packet p = craft(node, part);

	net_deliver(net, &p);
	packet_free(&p);
}

/* An INFORMATIONAL request that is answered with nothing: a status notify of so many octets. */
static struct ike_slice status(uint8_t *buf, size_t len)
{
	struct ike_builder inner;

	ike_build_chain(&inner, buf, len);
	ike_build_begin(&inner, IKE_PAYLOAD_NOTIFY);
	ike_put_u32(&inner.w, 40000); /* of a protocol 0, an SPI of 0 octets, a type of its own */
	while (inner.w.len < len)
		ike_put_u8(&inner.w, 0);
	ike_build_end(&inner);
	return ike_written(&inner.w);
}

/* One of `total` parts of A's next request. */
static struct part part_of(struct ike_slice plain, uint16_t number, uint16_t total)
{
	size_t each = (plain.len + total - 1) / total, at = each * (number - 1u);

	if (at > plain.len)
		at = plain.len;
	return (struct part){
		.exchange = IKE_INFORMATIONAL,
		.id = a()->engine->all->out.next_id,
		.number = number,
		.total = total,
		.next = number == 1 ? IKE_PAYLOAD_NOTIFY : IKE_PAYLOAD_NONE,
		.plain = ike_slice(plain.data + at, at + each < plain.len ? each : plain.len - at),
	};
}

/* B has answered so many requests, and A, which never asked, doesn't care. */
static void assert_answers(unsigned count)
{
	struct packet p[PARTS_MAX];

	assert_int_equal(take_all(p), count);
	free_all(p, count);
}

static void assert_waiting(const struct node *node, bool waiting)
{
	const struct ike_engine *e = node->engine;

	assert_int_equal(e->fragments[0].memory + e->fragments[1].memory != 0, waiting);
	assert_int_equal(e->fragments[0].oldest || e->fragments[1].oldest, waiting);
}

/* Section 2.3: negotiation */

static bool says_so(const struct packet *p)
{
	struct ike_payloads payloads;
	struct ike_notify n;

	assert_int_equal(
		ike_payloads_parse(ike_slice(p->data + 28, p->len - 28), p->data[16], &payloads),
		0);
	if (!ike_find_notify(&payloads, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, &n))
		return false;
	assert_int_equal(n.protocol, 0);
	assert_int_equal(n.spi.len + n.data.len, 0);
	return true;
}

static void fragments_go_where_both_say_so_and_the_sender_wants_to(void **state)
{
	static const enum ike_fragmentation modes[] = {
		IKE_FRAGMENTATION_YES, IKE_FRAGMENTATION_ACCEPT, IKE_FRAGMENTATION_NO};

	for (unsigned i = 0; i < 9; i++) {
		struct side one = SIDE_A, two = SIDE_B;
		bool both;

		one.fragmentation = modes[i % 3];
		two.fragmentation = modes[i / 3];
		one.fragment_size = two.fragment_size = SMALL;
		both = modes[i % 3] != IKE_FRAGMENTATION_NO && modes[i / 3] != IKE_FRAGMENTATION_NO;
		net = net_new(i, &one, &two);
		start(net, 0);
		assert_int_equal(says_so(&net->queue[0]), modes[i % 3] != IKE_FRAGMENTATION_NO);
		deliver_next();
		assert_int_equal(says_so(&net->queue[0]), both);
		net_settle(net);
		assert_both_up();
		assert_int_equal(stats(a())->fragments_out > 0,
				 both && modes[i % 3] == IKE_FRAGMENTATION_YES);
		assert_int_equal(stats(b())->fragments_out > 0,
				 both && modes[i / 3] == IKE_FRAGMENTATION_YES);
		assert_int_equal(stats(a())->fragments_out, stats(b())->fragments_in);
		assert_int_equal(stats(b())->fragments_out, stats(a())->fragments_in);
		assert_still_up();
		teardown(state);
	}
}

static void fragments_that_nobody_asked_for_are_dropped(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	uint8_t buf[100];
	struct ike_slice plain = status(buf, sizeof(buf));
	struct part part;

	(void)state;
	one.fragmentation = IKE_FRAGMENTATION_NO;
	net = net_new(1, &one, &two);
	start(net, 0);
	net_settle(net);
	for (uint16_t number = 1; number <= 2; number++) {
		part = part_of(plain, number, 2);
		send_part(0, &part);
	}
	part = part_of(plain, 1, 1);
	part.id--; /* that of the request before */
	send_part(0, &part);
	assert_int_equal(stats(b())->drop_fragment_unasked, 3);
	assert_int_equal(stats(b())->fragments_in, 0);
	assert_waiting(b(), false);
	assert_answers(0);
	assert_still_up();
}

/* Sections 2.5 and 2.5.1: sending */

/* Of all that is sent from here on until nothing waits. */
static void assert_sizes(const size_t limit[2], size_t head, unsigned *fragments)
{
	*fragments = 0;
	while (net->queued) {
		struct packet p = net_take(net);
		struct seen s = look(&p);
		size_t packet = p.len + head + (p.remote.port == IKE_PORT_NATT ? 4 : 0);

		if (s.hdr.exchange != IKE_SA_INIT)
			assert_true(packet <= limit[1 - p.to]);
		/* No more of them than it takes: blocks of 16 octets may leave some room. */
		if (s.fragment && s.skf.number < s.skf.total)
			assert_true(packet + 16 > limit[1 - p.to]);
		*fragments += s.fragment;
		net_deliver(net, &p);
		packet_free(&p);
	}
}

static void no_packet_is_larger_than_it_may_be(void **state)
{
	static const char *const suites[] = {
		"aes256gcm16-prfsha384-x25519",
		"chacha20poly1305-prfsha256-x25519",
		"aes128-sha256-x25519",
		"aes256-sha512-x25519",
	};

	for (size_t i = 0; i < 4; i++) {
		for (uint16_t size = 150; size < 420; size++) {
			struct side one = SIDE_A, two = SIDE_B;
			size_t limit[2] = {size, size + 3u};
			unsigned fragments;

			one.ike = two.ike = suites[i];
			one.fragment_size = size;
			two.fragment_size = size + 3;
			one.encap = size % 2; /* port 4500, with a marker */
			net = net_new(size, &one, &two);
			start(net, 0);
			assert_sizes(limit, IPV4_AND_UDP, &fragments);
			assert_both_up();
			assert_int_equal(fragments,
					 stats(a())->fragments_out + stats(b())->fragments_out);
			assert_true(fragments > 3 || size > 150);
			teardown(state);
		}
	}
}

/* Sides whose IKE_AUTH has more than 1280 octets. */
static void start_large(bool ipv6, uint16_t size)
{
	static const char esp[] = "aes256gcm16-aes192gcm16-aes128gcm16-chacha20poly1305";
	struct side one = SIDE_A, two = SIDE_B;
	char id[2][256] = {"", ""}, ts[2][256] = {"", ""}, many[512] = "";

	for (unsigned i = 0; i < 8; i++) {
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "%s%s", i ? "," : "",
			 esp);
		for (unsigned k = 0; k < 2; k++)
			snprintf(ts[k] + strlen(ts[k]), sizeof(ts[k]) - strlen(ts[k]),
				 "%s10.%u.%u.0/24", i ? "," : "", k + 1, 2 * i);
	}
	memset(id[0], 'a', 250);
	memset(id[1], 'b', 250);
	one.id = two.peer_id = id[0];
	two.id = one.peer_id = id[1];
	one.esp = two.esp = many;
	one.local_ts = two.remote_ts = ts[0];
	two.local_ts = one.remote_ts = ts[1];
	one.ipv6 = two.ipv6 = ipv6;
	one.fragment_size = two.fragment_size = size;
	net = net_new(11, &one, &two);
	start(net, 0);
	deliver_next();
	deliver_next();
}

/* Where 1280 octets always pass, less is never asked for. */
static void over_ipv6_packets_have_1280_octets_at_least(void **state)
{
	const size_t limit[2] = {1280, 1280};
	unsigned fragments;

	(void)state;
	start_large(true, 576);
	assert_sizes(limit, IPV6_AND_UDP, &fragments);
	assert_both_up();
	assert_int_equal(stats(a())->fragments_out, 2);
}

/* To the octet: what fits goes whole. */
static void a_message_that_just_fits_goes_whole(void **state)
{
	size_t len;
	struct packet p;

	up(0);
	teardown(state);
	begin(0);
	start(net, 0);
	deliver_next();
	deliver_next();
	p = net_take(net); /* IKE_AUTH */
	len = p.len + IPV4_AND_UDP;
	packet_free(&p);
	teardown(state);
	for (unsigned less = 0; less < 2; less++) {
		begin((uint16_t)(len - less));
		start(net, 0);
		deliver_next();
		deliver_next();
		assert_int_equal(net->queued, 1 + less);
		net_settle(net);
		assert_both_up();
		teardown(state);
	}
}

static void fragments_are_numbered_and_the_first_says_what_the_message_begins_with(void **state)
{
	struct packet p[PARTS_MAX];
	unsigned count;

	(void)state;
	begin(SMALL);
	start(net, 0);
	deliver_next();
	deliver_next();
	for (unsigned role = 0; role < 2; role++) { /* IKE_AUTH, then its answer */
		count = take_all(p);
		assert_true(count >= 2);
		for (unsigned i = 0; i < count; i++) {
			struct seen s = look(&p[i]);

			assert_true(s.fragment);
			assert_int_equal(s.hdr.next_payload, IKE_PAYLOAD_SKF);
			assert_int_equal(s.hdr.exchange, IKE_AUTH);
			assert_int_equal(s.hdr.message_id, 1);
			assert_int_equal(s.skf.number, i + 1);
			assert_int_equal(s.skf.total, count);
			/* No two have the same IV. */
			assert_true(!i || memcmp(p[i].data + 36, p[i - 1].data + 36, 8) != 0);
			assert_int_equal(s.next, i	? IKE_PAYLOAD_NONE
						 : role ? IKE_PAYLOAD_IDR
							: IKE_PAYLOAD_IDI);
			net_deliver(net, &p[i]);
		}
		free_all(p, count);
	}
	assert_both_up();
	assert_int_equal(stats(a())->reassembled, 1);
	assert_int_equal(stats(b())->reassembled, 1);
}

/* And its successors: IKE_SA_INIT isn't repeated there. */
static void a_rekeyed_ike_sa_goes_on_with_fragments(void **state)
{
	uint64_t before;

	(void)state;
	up(SMALL);
	only_sa(net, 0)->fragment_size = SMALL + 1;
	ike_rekey(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	net_settle(net);
	assert_int_equal(a()->ike_rekeyed + b()->ike_rekeyed, 2);
	before = stats(a())->fragments_out;
	for (unsigned side = 0; side < 2; side++) {
		struct node *node = &net->node[side];

		ike_rekey_child(node->engine, net->now, present_child(node)->sa.child_id);
		node_drain(node);
		net_settle(net);
		assert_int_equal(a()->rekeyed, side + 1);
	}
	assert_true(stats(a())->fragments_out >= before + 4);
	assert_int_equal(only_sa(net, 0)->fragment_size, SMALL + 1);
	assert_int_equal(stats(b())->drop_fragment_unasked, 0);
	assert_still_up();
}

static void a_retransmission_is_all_fragments_again(void **state)
{
	struct packet first[PARTS_MAX], again[PARTS_MAX];
	unsigned count;

	(void)state;
	begin(SMALL);
	start(net, 0);
	deliver_next();
	deliver_next();
	count = take_all(first);
	net->now += 4000;
	ike_tick(a()->engine, net->now);
	node_drain(a());
	assert_int_equal(take_all(again), count);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(first[i].len, again[i].len);
		assert_memory_equal(first[i].data, again[i].data, first[i].len);
		net_deliver(net, &again[i]);
	}
	net_settle(net);
	assert_both_up();
	free_all(first, count);
	free_all(again, count);
}

/* Section 2.5.2: smaller ones */

static void tick_at_deadline(struct node *node)
{
	net->now = ike_next_deadline(node->engine);
	ike_tick(node->engine, net->now);
	node_drain(node);
}

static size_t largest(const struct packet *p, unsigned count)
{
	size_t len = 0;

	for (unsigned i = 0; i < count; i++)
		len = p[i].len > len ? p[i].len : len;
	return len + IPV4_AND_UDP;
}

/*
 *   A  IKE_AUTH in 2  -->x          three times again; one is lost
 *      IKE_AUTH in 3  -->        B  smaller ones pass
 *                     <--           so does the answer
 */
static void a_request_that_is_not_answered_goes_on_in_smaller_ones(void **state)
{
	struct packet p[PARTS_MAX];
	unsigned before = 0, count;

	(void)state;
	start_large(false, 0);
	for (unsigned tries = 0; tries < 3; tries++) {
		count = take_all(p);
		assert_true(count >= 2);
		assert_true(!before || count == before);
		assert_true(largest(p, count) > 576 && largest(p, count) <= 1280);
		before = count;
		net_deliver(net, &p[0]); /* only that one passes */
		free_all(p, count);
		tick_at_deadline(a());
	}
	count = take_all(p);
	assert_true(count > before);
	assert_true(largest(p, count) <= 576);
	for (unsigned i = 0; i < count; i++) {
		struct seen s = look(&p[i]);

		assert_int_equal(s.skf.total, count);
		assert_int_equal(s.skf.number, i + 1);
		net_deliver(net, &p[i]);
	}
	free_all(p, count);
	net_settle(net);
	assert_both_up();
	assert_int_equal(stats(b())->drop_fragment_duplicate, 2);
	assert_int_equal(stats(b())->drop_fragment_incomplete, 1);
	assert_int_equal(stats(b())->reassembled, 1);
	assert_int_equal(only_sa(net, 0)->fragment_size, 576);
	assert_still_up();
}

/*
 *   A  IKE_AUTH in 2  -->        B
 *                   x<--            whole, three times again
 *      IKE_AUTH in 3  -->
 *                     <--           in 2
 */
static void the_answer_to_smaller_ones_is_in_smaller_ones(void **state)
{
	struct packet p[PARTS_MAX];
	unsigned count = 0;

	(void)state;
	start_large(false, 0);
	for (unsigned tries = 0; tries < 4; tries++) {
		if (tries)
			tick_at_deadline(a());
		while (waits_for(net, 1))
			deliver_next();
		count = take_all(p);
		if (tries == 3)
			break;
		assert_int_equal(count, 1);
		assert_true(largest(p, count) > 576);
		free_all(p, count);
	}
	assert_int_equal(count, 2);
	assert_true(largest(p, count) <= 576);
	for (unsigned i = 0; i < count; i++)
		net_deliver(net, &p[i]);
	free_all(p, count);
	assert_both_up();
	assert_int_equal(stats(b())->retransmissions_in, 3);
	assert_int_equal(only_sa(net, 1)->fragment_size, 576);
	assert_still_up();
}

/*
 *   A  IKE_AUTH in 2  -->        B
 *                   x<--            whole, and so twice again
 *      the same       -->
 *                     <--           in 2
 */
static void an_answer_that_is_asked_for_again_and_again_goes_on_in_smaller_ones(void **state)
{
	struct packet request[PARTS_MAX], p[PARTS_MAX];
	unsigned count, parts;

	(void)state;
	start_large(false, 0);
	parts = take_all(request);
	for (unsigned i = 0; i < parts; i++)
		net_deliver(net, &request[i]);
	for (unsigned tries = 0; tries < 3; tries++) {
		count = take_all(p);
		assert_int_equal(count, 1);
		free_all(p, count);
		net_deliver(net, &request[0]);
	}
	count = take_all(p);
	assert_int_equal(count, 2);
	assert_true(largest(p, count) <= 576);
	for (unsigned i = 0; i < count; i++)
		net_deliver(net, &p[i]);
	free_all(p, count);
	free_all(request, parts);
	assert_both_up();
	/* The next request begins to count anew. */
	assert_int_equal(only_sa(net, 1)->in.repeated, 3);
	ike_rekey_child(a()->engine, net->now, present_child(a())->sa.child_id);
	node_drain(a());
	net_settle(net);
	assert_int_equal(only_sa(net, 1)->in.repeated, 0);
	assert_still_up();
}

/* IKE_SA_INIT is never in fragments, so they don't ask for its answer. */
static void a_half_open_ike_sa_answers_no_fragment_again(void **state)
{
	uint8_t buf[100];
	struct ike_slice plain = status(buf, sizeof(buf));
	struct part part;

	(void)state;
	begin(SMALL);
	start(net, 0);
	deliver_next();
	deliver_next();
	for (uint16_t total = 1; total < 3; total++) {
		part = part_of(plain, 1, total);
		part.exchange = IKE_AUTH;
		part.id = 0;
		assert_true(waits_for(net, 1) && !waits_for(net, 0));
		send_part(0, &part);
		assert_false(waits_for(net, 0));
	}
	assert_int_equal(stats(b())->drop_message_id, 2);
	net_settle(net);
	assert_both_up();
}

/* Some seal them anew each time: as long as they are as many, they are as large. */
static void the_answer_to_as_many_stays_as_it_is(void **state)
{
	struct packet p[PARTS_MAX];
	struct part part = {
		.exchange = IKE_AUTH,
		.id = 1,
		.number = 1,
		.total = 2,
		.next = IKE_PAYLOAD_IDI,
		.plain = {(const uint8_t *)"sealed anew", 11},
	};

	(void)state;
	start_large(false, 0);
	assert_int_equal(net->queued, 2);
	deliver_next();
	deliver_next();
	for (unsigned tries = 0; tries < 3; tries++) {
		assert_int_equal(take_all(p), 1);
		assert_true(largest(p, 1) > 576);
		if (tries == 2)
			net_deliver(net, &p[0]);
		packet_free(&p[0]);
		if (tries < 2)
			send_part(0, &part);
	}
	assert_int_equal(only_sa(net, 1)->fragment_size, 0);
	assert_both_up();
}

/* B has the whole one, and its answer is lost; or it has nothing. */
static void a_whole_message_that_is_not_answered_goes_on_in_fragments(void **state)
{
	struct packet p[PARTS_MAX];
	unsigned count;

	for (unsigned arrives = 0; arrives < 2; arrives++) {
		start_large(false, 9000);
		for (unsigned tries = 0; tries < 3; tries++) {
			if (arrives)
				deliver_next();
			count = take_all(p);
			assert_int_equal(count, 1);
			assert_true(largest(p, count) > (arrives ? 576 : 1280));
			free_all(p, count);
			tick_at_deadline(a());
		}
		count = take_all(p);
		assert_true(count > 2 && largest(p, count) <= 576);
		for (unsigned i = 0; i < count; i++)
			net_deliver(net, &p[i]);
		free_all(p, count);
		/* B knows that the way is narrow when it had the request before. */
		assert_int_equal(net->queued, 1 + arrives);
		net_settle(net);
		assert_both_up();
		assert_still_up();
		teardown(state);
	}
}

static void what_is_small_stays_as_it_is_however_often_it_is_sent(void **state)
{
	struct packet p;
	uint64_t sent;

	(void)state;
	up(0);
	ike_rekey_child(a()->engine, net->now, present_child(a())->sa.child_id);
	node_drain(a());
	sent = net->sent;
	for (unsigned tries = 0; tries < 5; tries++) {
		p = net_take(net);
		assert_false(look(&p).fragment);
		assert_int_equal(net->queued, 0);
		packet_free(&p);
		tick_at_deadline(a());
	}
	assert_int_equal(net->sent, sent + 5);
	assert_int_equal(only_sa(net, 0)->fragment_size, 0);
	assert_still_up();
}

/* Section 2.6: receiving */

/* A handshake and the rekeying of both SAs, of which one fragment is lost. Returns how many. */
static unsigned live_but_for(unsigned lost)
{
	unsigned fragments = 0;

	begin(SMALL);
	for (unsigned step = 0; step < 3; step++) {
		if (step == 0)
			start(net, 0);
		else if (step == 1)
			ike_rekey_child(b()->engine, net->now, present_child(b())->sa.child_id);
		else
			ike_rekey(a()->engine, net->now, a()->ike_id);
		node_drain(a());
		node_drain(b());
		for (uint64_t end = net->now + 20000; net_next(net) <= end;) {
			struct packet p;

			if (!net->queued) {
				net->now = net_next(net);
				for (unsigned i = 0; i < 2; i++) {
					ike_tick(net->node[i].engine, net->now);
					node_drain(&net->node[i]);
				}
				continue;
			}
			p = net_take(net);
			if (!look(&p).fragment || fragments++ != lost)
				net_deliver(net, &p);
			packet_free(&p);
		}
	}
	assert_int_equal(a()->child_up + b()->child_up, 2);
	assert_int_equal(a()->rekeyed + b()->rekeyed, 2);
	assert_int_equal(a()->ike_rekeyed + b()->ike_rekeyed, 2);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	assert_waiting(a(), false);
	assert_waiting(b(), false);
	return fragments;
}

static void a_lost_fragment_comes_with_the_next_retransmission(void **state)
{
	unsigned count = live_but_for(UINT32_MAX);

	assert_true(count > 12);
	teardown(state);
	for (unsigned lost = 0; lost < count; lost++) {
		assert_true(live_but_for(lost) > count);
		assert_true(stats(a())->retransmissions_out + stats(b())->retransmissions_out == 1);
		assert_still_up();
		teardown(state);
	}
}

static void fragments_come_in_any_order_and_twice(void **state)
{
	struct rng rng = {seed};

	for (unsigned run = 0; run < 200; run++) {
		begin((uint16_t)(120 + rng_below(&rng, 100)));
		start(net, 0);
		deliver_next();
		deliver_next();
		for (unsigned role = 0; role < 2; role++) {
			struct packet p[PARTS_MAX];
			unsigned count = take_all(p), left = count;
			struct node *to = &net->node[p[0].to];

			while (left) {
				unsigned i = (unsigned)rng_below(&rng, left);
				struct packet one = p[i];

				net_deliver(net, &one);
				if (left > 1) /* else it asks for the answer again */
					net_deliver(net, &one);
				p[i] = p[--left];
				packet_free(&one);
			}
			assert_int_equal(stats(to)->reassembled, 1);
			assert_int_equal(stats(to)->fragments_in, count);
			assert_int_equal(stats(to)->drop_fragment_duplicate, count - 1);
		}
		assert_both_up();
		assert_still_up();
		teardown(state);
	}
}

static void a_message_may_be_in_64_or_255_fragments_of_an_octet_or_two(void **state)
{
	static const struct {
		uint16_t total;
		size_t len;
	} cases[] = {{64, 128}, {64, 64}, {255, 255}, {255, 510}, {1, 100}};

	up(0);
	for (size_t i = 0; i < 5; i++) {
		uint8_t buf[512];
		struct ike_slice plain = status(buf, cases[i].len);

		for (uint16_t n = cases[i].total; n > 0; n--) {
			struct part part = part_of(plain, n, cases[i].total);

			send_part(0, &part);
		}
		assert_answers(1);
		assert_int_equal(stats(b())->reassembled, i + 1);
		assert_waiting(b(), false);
		a()->engine->all->out.next_id++; /* A believes to have sent it */
	}
	assert_still_up();
	(void)state;
}

/* Nothing of these is kept, and the good ones after them are taken. */
static void fragments_with_impossible_numbers_are_dropped(void **state)
{
	static const struct {
		uint16_t number, total;
		uint8_t next;
		bool clear_before;
	} bad[] = {
		{0, 0, 41, false},
		{0, 2, 41, false},
		{1, 0, 41, false},
		{3, 2, 0, false},
		{65535, 2, 0, false},
		{1, 256, 41, false},
		{256, 256, 0, false},
		{1, 65535, 41, false},
		{1, 2, 0, false},
		{2, 2, 0, true} /* only the first has other payloads before it (2.5.3) */,
	};
	uint8_t buf[100];
	struct ike_slice plain = status(buf, sizeof(buf));
	struct part part;

	(void)state;
	up(0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		part = part_of(plain, 1, 2);
		part.number = bad[i].number;
		part.total = bad[i].total;
		part.next = bad[i].next;
		part.clear_before = bad[i].clear_before;
		send_part(0, &part);
		assert_int_equal(stats(b())->drop_fragment_malformed, i + 1);
		assert_waiting(b(), false);
	}
	part = part_of(plain, 2, 2);
	send_part(0, &part);
	/* The same message ID, but of another exchange. */
	part = part_of(plain, 1, 2);
	part.exchange = IKE_CREATE_CHILD_SA;
	send_part(0, &part);
	assert_int_equal(stats(b())->drop_fragment_malformed, sizeof(bad) / sizeof(bad[0]) + 1);
	assert_int_equal(stats(b())->fragments_in, 1);
	part = part_of(plain, 1, 2);
	part.clear_before = true;
	send_part(0, &part);
	assert_answers(1);
	a()->engine->all->out.next_id++;
	assert_still_up();
}

static void a_fragment_that_is_cut_short_is_dropped(void **state)
{
	uint8_t buf[100];
	struct ike_slice plain = status(buf, sizeof(buf));
	struct part part;
	uint64_t dropped, cuts = 0;

	(void)state;
	up(0);
	part = part_of(plain, 1, 2);
	for (size_t len = IKE_HEADER_LEN, whole = len + 1; len < whole; len++) {
		struct packet p = craft(0, &part);
		struct ike_writer w = ike_writer(p.data, p.len);

		whole = p.len;
		cuts = len + 1 - IKE_HEADER_LEN;
		w.len = p.len = len;
		ike_patch_be(&w, 24, len, 4);
		if (len >= IKE_HEADER_LEN + 4)
			ike_patch_be(&w, IKE_HEADER_LEN + 2, len - IKE_HEADER_LEN, 2);
		if (len < whole)
			net_deliver(net, &p);
		packet_free(&p);
	}
	dropped = stats(b())->drop_malformed + stats(b())->drop_fragment_malformed +
		  stats(b())->drop_integrity;
	assert_true(cuts > 50);
	assert_int_equal(dropped, cuts);
	assert_waiting(b(), false);
	assert_answers(0);
	assert_still_up();
}

static void a_fragment_with_a_wrong_icv_takes_no_place(void **state)
{
	uint8_t buf[100];
	struct ike_slice plain = status(buf, sizeof(buf));

	(void)state;
	up(0);
	for (uint16_t n = 1; n <= 2; n++) {
		struct part part = part_of(plain, n, 2);
		struct packet p = craft(0, &part);

		/* Each octet of it is authentic: header, numbers and content. */
		for (size_t at = 18; at < p.len; at++) {
			p.data[at] ^= 0x10;
			net_deliver(net, &p);
			p.data[at] ^= 0x10;
		}
		assert_int_equal(stats(b())->fragments_in, n - 1);
		assert_answers(0);
		/* Nor does what claims to be of more of them move the good ones. */
		p.data[35] = 9;
		net_deliver(net, &p);
		p.data[35] = 2;
		net_deliver(net, &p);
		packet_free(&p);
	}
	assert_int_equal(stats(b())->drop_fragment_incomplete, 0);
	assert_int_equal(stats(b())->reassembled, 1);
	assert_answers(1);
	a()->engine->all->out.next_id++;
	assert_still_up();
}

/* Each set is of a message with another length, so that a mixture would be malformed. */
static void more_fragments_replace_fewer_and_fewer_are_ignored(void **state)
{
	uint8_t old_buf[90], new_buf[120];
	struct ike_slice old, fresh;
	struct part part;

	(void)state;
	up(0);
	old = status(old_buf, sizeof(old_buf));
	fresh = status(new_buf, sizeof(new_buf));
	part = part_of(old, 1, 2);
	send_part(0, &part);
	part = part_of(fresh, 2, 3);
	send_part(0, &part);
	assert_int_equal(stats(b())->drop_fragment_incomplete, 1);
	part = part_of(old, 2, 2);
	send_part(0, &part);
	part = part_of(old, 1, 2);
	send_part(0, &part);
	assert_int_equal(stats(b())->drop_fragment_total, 2);
	assert_answers(0);
	part = part_of(fresh, 3, 3);
	send_part(0, &part);
	assert_answers(0);
	part = part_of(fresh, 1, 3);
	send_part(0, &part);
	assert_answers(1);
	assert_int_equal(stats(b())->reassembled, 1);
	a()->engine->all->out.next_id++;
	assert_still_up();
}

/* What an authentic peer puts together wrongly is as wrong as if it had come whole. */
static void a_message_that_makes_no_sense_does_so_in_fragments_too(void **state)
{
	static const uint8_t noise[40] = {1, 2, 3, 4};

	(void)state;
	up(0);
	for (uint16_t n = 1; n <= 4; n++) {
		struct part part = part_of(ike_slice(noise, sizeof(noise)), n, 4);

		send_part(0, &part);
	}
	assert_answers(1); /* INVALID_SYNTAX */
	assert_string_equal(b()->ike_reason, "peer's request is malformed");
}

/* Section 2.6.1: retransmissions */

static void only_the_first_fragment_asks_for_the_answer_again(void **state)
{
	struct packet p[PARTS_MAX], answer[PARTS_MAX];
	unsigned count, answers;

	(void)state;
	begin(SMALL);
	start(net, 0);
	deliver_next();
	deliver_next();
	count = take_all(p);
	for (unsigned i = 0; i < count; i++)
		net_deliver(net, &p[i]);
	answers = take_all(answer);
	assert_true(count > 2 && answers > 1);
	for (unsigned i = 1; i < count; i++) {
		net_deliver(net, &p[i]);
		assert_answers(0);
	}
	assert_int_equal(stats(b())->drop_fragment_duplicate, count - 1);
	assert_int_equal(stats(b())->retransmissions_in, 0);
	net_deliver(net, &p[0]);
	assert_int_equal(stats(b())->retransmissions_in, 1);
	assert_answers(answers);
	/* A first one that isn't authentic doesn't. */
	p[0].data[p[0].len - 1] ^= 1;
	net_deliver(net, &p[0]);
	p[0].data[p[0].len - 1] ^= 1;
	p[0].data[35]++; /* another total */
	net_deliver(net, &p[0]);
	assert_answers(0);
	assert_int_equal(stats(b())->drop_integrity, 2);
	for (unsigned i = 0; i < answers; i++)
		net_deliver(net, &answer[i]);
	/* And the answer is one, however often it comes. */
	for (unsigned i = 0; i < answers; i++)
		net_deliver(net, &answer[i]);
	assert_int_equal(stats(a())->drop_message_id, answers);
	free_all(p, count);
	free_all(answer, answers);
	assert_both_up();
	assert_still_up();
}

/* It has come whole, and comes again in fragments, as whose sender had no answer. */
static void a_request_that_came_whole_is_answered_again_when_it_comes_in_fragments(void **state)
{
	uint8_t buf[100];
	struct ike_slice plain = status(buf, sizeof(buf));
	struct ike_builder inner = {.w = ike_writer(buf, sizeof(buf)), .first = IKE_PAYLOAD_NOTIFY};
	struct part part;
	struct packet p;

	(void)state;
	up(0);
	inner.w.len = plain.len;
	p = forge(net, 0, IKE_INFORMATIONAL, false, a()->engine->all->out.next_id, &inner);
	net_deliver(net, &p);
	packet_free(&p);
	assert_answers(1);
	for (uint16_t n = 1; n <= 3; n++) {
		part = part_of(plain, n, 3);
		send_part(0, &part);
	}
	assert_answers(1);
	assert_waiting(b(), false);
	a()->engine->all->out.next_id++;
	assert_still_up();
}

/* What may wait, and for how long */

static void an_incomplete_message_is_forgotten_after_a_minute(void **state)
{
	uint8_t buf[100];
	struct ike_slice plain = status(buf, sizeof(buf));
	struct part part;

	(void)state;
	up(0);
	for (uint16_t n = 1; n <= 2; n++) {
		part = part_of(plain, n, 3);
		send_part(0, &part);
		pass_time(59999);
		assert_waiting(b(), true);
	}
	pass_time(1);
	assert_waiting(b(), false);
	assert_int_equal(stats(b())->drop_fragment_incomplete, 2);
	part = part_of(plain, 3, 3);
	send_part(0, &part);
	assert_answers(0);
	pass_time(60000);
	assert_waiting(b(), false);
	/* The same of an answer. */
	ike_rekey_child(a()->engine, net->now, present_child(a())->sa.child_id);
	node_drain(a());
	net->down = true;
	while (net->queued) {
		struct packet p = net_take(net);

		packet_free(&p);
	}
	part.exchange = IKE_CREATE_CHILD_SA;
	part.response = true;
	part.number = 2;
	send_part(1, &part);
	pass_time(59999);
	assert_waiting(a(), true);
	pass_time(1);
	assert_waiting(a(), false);
	net->down = false;
	pass_time(60000);
	assert_int_equal(a()->rekeyed, 1);
	assert_still_up();
}

/* When the request is done with, so are the fragments of its answer. */
static void an_incomplete_message_goes_when_it_comes_whole_or_with_its_ike_sa(void **state)
{
	uint8_t buf[100];
	struct ike_slice plain = status(buf, sizeof(buf));
	struct part part;

	up(0);
	for (unsigned role = 0; role < 2; role++) {
		ike_rekey_child(a()->engine, net->now, present_child(a())->sa.child_id);
		node_drain(a());
		if (role)
			deliver_next();
		part = part_of(plain, 1, 2);
		part.exchange = IKE_CREATE_CHILD_SA;
		part.response = role;
		send_part(role, &part);
		assert_waiting(role ? a() : b(), true);
		deliver_next();
		assert_waiting(a(), false);
		assert_waiting(b(), false);
		net_settle(net);
		assert_int_equal(a()->rekeyed, 1 + role);
	}
	part = part_of(plain, 1, 2);
	send_part(0, &part);
	assert_waiting(b(), true);
	ike_terminate(b()->engine, net->now, b()->ike_id);
	node_drain(b());
	net_settle(net);
	assert_true(nothing_left(a()) && nothing_left(b()));
	teardown(state);

	/* A half-open one that is never finished. */
	begin(SMALL);
	start(net, 0);
	deliver_next();
	deliver_next();
	deliver_next();
	assert_int_equal(b()->engine->fragments[0].memory, 0);
	assert_true(b()->engine->fragments[1].memory > 0);
	net->down = true;
	while (net->queued) {
		struct packet p = net_take(net);

		packet_free(&p);
	}
	pass_time(30000);
	assert_true(nothing_left(b()));
}

/* IKE_AUTH may come over another port, but without a NAT from no other address. */
static void a_fragment_from_another_address_is_not_kept(void **state)
{
	struct packet p;

	(void)state;
	begin(SMALL);
	start(net, 0);
	deliver_next();
	deliver_next();
	p = net_take(net);
	p.remote.ip[3] = 99;
	net_deliver(net, &p);
	assert_waiting(b(), false);
	assert_int_equal(stats(b())->drop_state, 1);
	p.remote.ip[3] = 1;
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	assert_both_up();
}

static void a_message_of_more_than_16_kib_is_given_up(void **state)
{
	static uint8_t buf[20000];
	struct ike_slice plain = ike_slice(buf, sizeof(buf));

	(void)state;
	up(0);
	for (uint16_t n = 1; n <= 20; n++) {
		struct part part = part_of(plain, n, 20);

		send_part(0, &part);
		assert_true(b()->engine->fragments[0].memory < 20000);
	}
	assert_answers(0);
	assert_int_equal(stats(b())->drop_fragment_limit, 17);
	assert_still_up();
}

enum { STRANGERS = 400, LARGE_PARTS = 12 };

/* Connections of A that have got as far as IKE_AUTH, which is lost. */
static void call_as_many(unsigned count)
{
	struct side one = SIDE_A, two = SIDE_B;
	char name[32];

	two.max_half_open = STRANGERS + 1;
	net = net_new(5, &one, &two);
	b()->engine->config.limits.cookie_threshold = 2 * STRANGERS;
	b()->engine->config.limits.cookie_threshold_ip = 2 * STRANGERS;
	b()->engine->config.limits.puzzle_threshold_ip = 2 * STRANGERS;
	for (unsigned i = 0; i < count; i++) {
		uint64_t id;

		snprintf(name, sizeof(name), "n%u", i);
		add_alike(a(), name, name);
		assert_int_equal(ike_initiate(a()->engine, net->now, name, name, NULL, &id), 0);
		node_drain(a());
		deliver_next();
		deliver_next();
		while (net->queued) {
			struct packet p = net_take(net);

			packet_free(&p);
		}
	}
	assert_int_equal(b()->engine->half_open.count, count);
}

/* All but the last of a large message. */
static void send_most(struct ike_sa *sa)
{
	static uint8_t buf[15600];
	struct ike_slice plain = ike_slice(buf, sizeof(buf));

	for (uint16_t n = 1; n < LARGE_PARTS; n++) {
		struct part part = part_of(plain, n, LARGE_PARTS);
		struct packet p;

		part.exchange = IKE_AUTH;
		part.id = 1;
		p = craft_in(0, sa, &part);
		net_deliver(net, &p);
		packet_free(&p);
	}
}

static size_t sum_of_sets(const struct ike_fragments_queue *q, unsigned *sets)
{
	const struct ike_fragments *before = NULL;
	size_t sum = 0;

	*sets = 0;
	for (const struct ike_fragments *f = q->oldest; f; before = f, f = f->newer) {
		assert_ptr_equal(f->older, before);
		assert_ptr_equal(*f->owner, f);
		sum += f->memory;
		++*sets;
	}
	assert_ptr_equal(q->newest, before);
	return sum;
}

static void strangers_share_4_mib_and_the_oldest_goes_first(void **state)
{
	struct ike_engine *e;
	unsigned sets, before = 0, called = 0;
	uint64_t kept, dropped;

	(void)state;
	call_as_many(STRANGERS);
	e = b()->engine;
	/* A's IKE SAs, the newest first. */
	for (struct ike_sa *sa = a()->engine->all; sa; sa = sa->links.next) {
		send_most(sa);
		called++;
		assert_int_equal(e->fragments[1].memory, sum_of_sets(&e->fragments[1], &sets));
		assert_true(e->fragments[1].memory <= IKE_FRAGMENTS_MEMORY_HALF_OPEN);
		assert_true(sets == called || sets >= before);
		before = sets;
	}
	assert_true(sets > 200 && sets < STRANGERS);
	/* Those that are left are the last that came. */
	for (struct ike_sa *sa = a()->engine->all; sa; sa = sa->links.next) {
		const struct ike_sa *theirs = ike_sa_find(e, sa->spi_r);

		assert_int_equal(theirs->in.waiting != NULL, called <= sets);
		called--;
	}
	dropped = (uint64_t)(STRANGERS - sets) * (LARGE_PARTS - 1);
	kept = (uint64_t)sets * (LARGE_PARTS - 1);
	assert_int_equal(stats(b())->drop_fragment_limit, dropped);
	assert_int_equal(stats(b())->fragments_in, dropped + kept);
	/* Again and again from the beginning, by ever more fragments: no more memory for that. */
	for (uint16_t total = 13; total < 30; total++) {
		for (struct ike_sa *sa = a()->engine->all; sa; sa = sa->links.next) {
			struct part part = {
				.exchange = IKE_AUTH,
				.id = 1,
				.number = 2,
				.total = total,
				.plain = ike_slice(&total, 1),
			};
			struct packet p = craft_in(0, sa, &part);

			net_deliver(net, &p);
			packet_free(&p);
			assert_true(e->fragments[1].memory <= IKE_FRAGMENTS_MEMORY_HALF_OPEN);
		}
	}
	assert_int_equal(sum_of_sets(&e->fragments[1], &sets), e->fragments[1].memory);
	assert_int_equal(sets, STRANGERS);
	net->down = true;
	pass_time(40000);
	assert_true(nothing_left(b()));
}

/* The others' memory is counted as if there were many of them. */
static void in_all_there_are_64_mib_and_strangers_go_first(void **state)
{
	uint8_t buf[100];
	struct ike_slice plain = status(buf, sizeof(buf));
	struct ike_engine *e;
	struct part part;
	size_t much = IKE_FRAGMENTS_MEMORY - 40000;
	unsigned sets;

	(void)state;
	call_as_many(3);
	e = b()->engine;
	start(net, 0);
	net_settle(net);
	assert_int_equal(b()->child_up, 1);
	part = part_of(plain, 1, 2);
	part.id = 2;
	send_part(0, &part); /* A's newest, which is up */
	sum_of_sets(&e->fragments[0], &sets);
	assert_int_equal(sets, 1);
	e->fragments[0].memory += much;
	for (struct ike_sa *sa = a()->engine->all->links.next; sa; sa = sa->links.next)
		send_most(sa);
	sum_of_sets(&e->fragments[1], &sets);
	assert_int_equal(sets, 2);
	sum_of_sets(&e->fragments[0], &sets);
	assert_int_equal(sets, 1);
	/* When there are no more strangers, the oldest of the others. */
	e->fragments[0].memory += 80000;
	{
		struct ike_sa *sa = a()->engine->all->links.next;

		part.exchange = IKE_AUTH;
		part.id = 1;
		part.number = 3;
		part.total = 20;
		struct packet p = craft_in(0, sa, &part);

		net_deliver(net, &p);
		packet_free(&p);
	}
	sum_of_sets(&e->fragments[1], &sets);
	assert_int_equal(sets, 1); /* that of the one that came in last */
	sum_of_sets(&e->fragments[0], &sets);
	assert_int_equal(sets, 0);
	e->fragments[0].memory -= much + 80000;
	assert_int_equal(e->fragments[0].memory, 0);
}

static void noise_and_mutated_fragments_leave_both_ends_alone(void **state)
{
	struct rng rng = {seed};

	(void)state;
	up(SMALL);
	for (unsigned i = 0; i < 3000; i++) {
		uint8_t buf[300];
		struct ike_slice plain = status(buf, 20 + rng_below(&rng, 280));
		uint16_t total = (uint16_t)(2 + rng_below(&rng, 6));
		struct part part =
			part_of(plain, (uint16_t)(1 + rng_below(&rng, total - 1u)), total);
		unsigned from = (unsigned)rng_below(&rng, 2);
		struct packet p;

		part.id = only_sa(net, from)->out.next_id;
		p = craft(from, &part);
		for (unsigned n = (unsigned)rng_below(&rng, 4); n; n--)
			p.data[20 + rng_below(&rng, p.len - 20)] = (uint8_t)rng_next(&rng);
		if (rng_percent(&rng, 20))
			p.len = 28 + rng_below(&rng, p.len - 28);
		net_deliver(net, &p);
		packet_free(&p);
		for (unsigned k = 0; k < 2; k++)
			assert_true(net->node[k].engine->fragments[0].memory < 30000);
	}
	assert_answers(0);
	assert_still_up();
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_teardown(f, teardown)
		TEST(fragments_go_where_both_say_so_and_the_sender_wants_to),
		TEST(fragments_that_nobody_asked_for_are_dropped),
		TEST(no_packet_is_larger_than_it_may_be),
		TEST(over_ipv6_packets_have_1280_octets_at_least),
		TEST(a_message_that_just_fits_goes_whole),
		TEST(fragments_are_numbered_and_the_first_says_what_the_message_begins_with),
		TEST(a_rekeyed_ike_sa_goes_on_with_fragments),
		TEST(a_retransmission_is_all_fragments_again),
		TEST(a_request_that_is_not_answered_goes_on_in_smaller_ones),
		TEST(the_answer_to_smaller_ones_is_in_smaller_ones),
		TEST(an_answer_that_is_asked_for_again_and_again_goes_on_in_smaller_ones),
		TEST(a_half_open_ike_sa_answers_no_fragment_again),
		TEST(the_answer_to_as_many_stays_as_it_is),
		TEST(a_whole_message_that_is_not_answered_goes_on_in_fragments),
		TEST(what_is_small_stays_as_it_is_however_often_it_is_sent),
		TEST(a_lost_fragment_comes_with_the_next_retransmission),
		TEST(fragments_come_in_any_order_and_twice),
		TEST(a_message_may_be_in_64_or_255_fragments_of_an_octet_or_two),
		TEST(fragments_with_impossible_numbers_are_dropped),
		TEST(a_fragment_that_is_cut_short_is_dropped),
		TEST(a_fragment_with_a_wrong_icv_takes_no_place),
		TEST(more_fragments_replace_fewer_and_fewer_are_ignored),
		TEST(a_message_that_makes_no_sense_does_so_in_fragments_too),
		TEST(only_the_first_fragment_asks_for_the_answer_again),
		TEST(a_request_that_came_whole_is_answered_again_when_it_comes_in_fragments),
		TEST(an_incomplete_message_is_forgotten_after_a_minute),
		TEST(an_incomplete_message_goes_when_it_comes_whole_or_with_its_ike_sa),
		TEST(a_fragment_from_another_address_is_not_kept),
		TEST(a_message_of_more_than_16_kib_is_given_up),
		TEST(strangers_share_4_mib_and_the_oldest_goes_first),
		TEST(in_all_there_are_64_mib_and_strangers_go_first),
		TEST(noise_and_mutated_fragments_leave_both_ends_alone),
	};
	bool given;

	seed = seed_of(argc, argv, 7383, &given);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
