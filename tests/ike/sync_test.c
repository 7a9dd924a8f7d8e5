/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer that is a cluster, of which another member takes over (RFC 6311), message by message. A is
 * who answers; the member goes on as B.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/member.h"
#include "tests/ike/steps.h"

static struct member member;
static bool mute[2]; /* says nothing of it: who begins, the other */

void __real_ike_sync_offer(struct ike_builder *b, const struct ike_sa *sa);
void __wrap_ike_sync_offer(struct ike_builder *b, const struct ike_sa *sa);

void __wrap_ike_sync_offer(struct ike_builder *b, const struct ike_sa *sa)
{
	if (!mute[!sa->initiator])
		__real_ike_sync_offer(b, sa);
}

static int end(void **state)
{
	member_end(&member);
	mute[0] = mute[1] = false;
	return teardown(state);
}

static const struct ike_stats *stats(void)
{
	return ike_engine_stats(a()->engine);
}

static struct ike_sa *sa_of(struct node *node)
{
	return ike_sa_find_id(node->engine, node->ike_id);
}

static void up(void)
{
	establish(&SIDE_A, &SIDE_B);
}

static void check_liveness(struct node *node)
{
	ike_liveness_check(node->engine, sa_of(node));
	ike_sa_advance(node->engine, sa_of(node), net->now);
	node_drain(node);
}

/* Up, and some requests of both are over. */
static void up_for_a_while(void)
{
	up();
	for (unsigned i = 0; i < 3; i++) {
		check_liveness(a());
		check_liveness(b());
		net_settle(net);
	}
	check_liveness(b());
	net_settle(net);
	assert_int_equal(sa_of(a())->out.next_id, 5);
	assert_int_equal(sa_of(a())->in.next_id, 4);
}

/* Who takes over knows all, and is ahead by so many. */
static struct sync ahead(uint32_t by)
{
	const struct ike_sa *sa = sa_of(b());

	return (struct sync){
		.nonce = {1, 2, 3, (uint8_t)by},
		.next = sa->out.next_id + by,
		.expected = sa->in.next_id,
	};
}

static void bring(const struct ike_buffer *message)
{
	const struct ike_sa *sa = sa_of(b());
	struct packet p = {
		.to = 0,
		.local = sa->path.remote,
		.remote = sa->path.local,
		.data = message->data,
		.len = message->len,
	};

	net_deliver(net, &p);
}

/* The member's message, or the same again, comes in. */
static void say(void)
{
	bring(&member.request);
}

static void take_over(const struct sync *s)
{
	member_end(&member);
	member_begin(&member, b()->engine, sa_of(b()), s);
	say();
}

/* Does the oldest message for B answer the member? */
static bool hears(void)
{
	struct packet p = take_for(1);
	bool heard = member_hears(&member, b()->engine, ike_slice(p.data, p.len));

	packet_free(&p);
	return heard;
}

/* A message of that says so, from who isn't bound by what is right. */
static void say_so(const struct sync *s)
{
	struct ike_buffer message = sync_request(b()->engine, sa_of(b()), s);

	bring(&message);
	ike_buffer_free(&message);
}

/* Nothing comes of what comes in, but that it is counted. */
static void assert_dropped(const struct sync *s)
{
	const struct ike_sa *sa = sa_of(a());
	uint32_t in = sa->in.next_id, out = sa->out.next_id;
	uint64_t dropped = stats()->drop_sync, heard = sa->last_heard_at;

	pass_time(1);
	say_so(s);
	assert_int_equal(sa->last_heard_at, heard);
	assert_int_equal(net->queued, 0);
	assert_int_equal(stats()->drop_sync, dropped + 1);
	assert_int_equal(sa->in.next_id, in);
	assert_int_equal(sa->out.next_id, out);
}

/* Both know of each other what comes next, and it is taken. */
static void assert_in_step(void)
{
	for (unsigned i = 0; i < 2; i++) {
		struct ike_sa *one = sa_of(&net->node[i]), *other = sa_of(&net->node[1 - i]);

		assert_int_equal(one->out.next_id, other->in.next_id);
		check_liveness(&net->node[i]);
		net_settle(net);
		assert_null(one->out.task);
		assert_int_equal(one->out.next_id, other->in.next_id);
	}
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
}

static void both_say_that_they_can(void **state)
{
	(void)state;
	up();
	for (unsigned i = 0; i < 2; i++) {
		assert_true(only_sa(net, i)->syncs && only_sa(net, i)->syncs_counters);
		net->watch_flow = true;
		rekey_ike(&net->node[i]);
		net_settle(net);
		assert_true(sa_of(a())->syncs && sa_of(a())->syncs_counters);
		assert_true(sa_of(b())->syncs && sa_of(b())->syncs_counters);
	}
}

/* Who begins says nothing, and so nobody does; or the other doesn't. */
static void without_both_nothing_is_agreed_upon(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		mute[i] = true;
		up();
		assert_false(only_sa(net, 0)->syncs || only_sa(net, 0)->syncs_counters);
		assert_false(i == 0 && (only_sa(net, 1)->syncs || only_sa(net, 1)->syncs_counters));
		end(state);
	}
}

/*
 *   A                    B
 *                        another member
 *     <-- (0) SYNC n, 9, 3     it knows that 3 requests of A's are over; there were 5
 *         (0) SYNC n, 5, 9 -->
 *     <-- (9) {}
 *         (5) {} -->
 */
static void a_member_that_takes_over_goes_on(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	s = ahead(5);
	s.expected -= 2;
	pass_time(1000);
	take_over(&s);
	assert_int_equal(sa_of(a())->last_heard_at, net->now);
	assert_true(hears());
	assert_int_equal(stats()->syncs, 1);
	assert_int_equal(sa_of(a())->in.next_id, 9);
	assert_int_equal(sa_of(b())->in.next_id, 5);
	assert_in_step();
	assert_int_equal(stats()->drop_sync, 0);
	assert_int_equal(present_child(a())->skipped, 0);
}

/* The next ID is above all that was heard. So is 0 where nothing was: A has begun. */
static void the_next_id_will_do(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	s = ahead(0);
	take_over(&s);
	assert_true(hears());
	assert_in_step();
	end(state);

	up();
	assert_int_equal(sa_of(a())->in.next_id, 0);
	s = ahead(0);
	take_over(&s);
	assert_true(hears());
	assert_int_equal(sa_of(a())->in.next_id, 0);
	assert_in_step();
}

/* The last request before is answered again, if its ID is still the one before the next. */
static void who_takes_over_at_once_may_ask_again_what_was_asked(void **state)
{
	struct packet asked;
	struct sync s;

	(void)state;
	up_for_a_while();
	check_liveness(b());
	asked = take_for(0);
	net_deliver(net, &asked);
	deliver_to(1);
	for (uint32_t by = 0; by < 2; by++) {
		s = ahead(by);
		take_over(&s);
		assert_true(hears());
		net_deliver(net, &asked);
		assert_int_equal(net->queued, by == 0);
		net_settle(net);
	}
	packet_free(&asked);
	assert_in_step();
}

/* Where A is the responder, and IKE_AUTH was the last that it heard. */
static void a_responder_answers_as_well(void **state)
{
	struct sync s;

	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	start(net, 1);
	net_settle(net);
	s = ahead(3);
	assert_int_equal(s.next, 5);
	assert_int_equal(s.expected, 0);
	take_over(&s);
	assert_true(hears());
	assert_in_step();
}

/* Behind a NAT it may have another mapping, which is asked as for any other request. */
static void a_member_that_comes_by_another_mapping_is_asked_there(void **state)
{
	struct ike_buffer message;
	struct ike_sa *sa;
	struct packet p;
	struct sync s;

	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	start(net, 1);
	net_settle(net);
	sa = sa_of(a());
	sa->path.nat_remote = true;
	s = ahead(3);
	message = sync_request(b()->engine, sa_of(b()), &s);
	p = (struct packet){
		.local = sa->path.local,
		.remote = sa->path.remote,
		.data = message.data,
		.len = message.len,
	};
	p.remote.port++;
	net_deliver(net, &p);
	ike_buffer_free(&message);
	assert_int_equal(stats()->syncs, 1);
	assert_non_null(sa->ways);
	assert_true(ike_task_is(sa->out.task, IKE_EXCHANGE_LIVENESS));
}

/* In the successor IDs begin at 0 again. */
static void a_successor_has_ids_of_its_own(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	s = ahead(7);
	take_over(&s);
	assert_true(hears());
	rekey_ike(b());
	net_settle(net);
	assert_null(sa_of(a())->synced);
	s = ahead(1);
	assert_true(s.next < 3);
	take_over(&s);
	assert_true(hears());
	assert_int_equal(stats()->syncs, 2);
	assert_in_step();
}

static void a_member_may_expect_more_of_us_than_there_was(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	s = ahead(1);
	s.expected = 100;
	take_over(&s);
	assert_true(hears());
	assert_int_equal(sa_of(a())->out.next_id, 100);
	assert_in_step();
}

static void what_is_below_what_was_heard_is_dropped(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	for (s = ahead(0); s.next-- > 0;)
		assert_dropped(&s);
	assert_int_equal(stats()->syncs, 0);
	assert_in_step();
}

/* IDs don't wrap: nothing could come after these. */
static void the_last_ids_are_dropped(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	s = ahead(1);
	s.next = UINT32_MAX;
	assert_dropped(&s);
	s = ahead(1);
	s.expected = UINT32_MAX;
	assert_dropped(&s);
	assert_in_step();
	/* Nor what has the last but one go on. */
	sa_of(a())->out.next_id = UINT32_MAX - 1;
	check_liveness(a());
	lose_for(1);
	s = ahead(1);
	assert_dropped(&s);
}

/*
 *     <-- (0) SYNC a, 9, 5
 *         (0) SYNC a, 5, 9 -->   lost
 *     <-- (0) SYNC a, 9, 5       octet by octet
 *         (0) SYNC a, 5, 9 -->
 */
static void a_lost_answer_comes_again(void **state)
{
	const struct sync s = {.nonce = "abc", .next = 9, .expected = 5, .delta = 70000};
	uint64_t again;

	(void)state;
	up_for_a_while();
	again = stats()->retransmissions_in;
	take_over(&s);
	lose_for(1);
	say();
	say();
	assert_true(hears());
	lose_for(1);
	assert_int_equal(stats()->syncs, 1);
	assert_int_equal(stats()->retransmissions_in, again + 2);
	assert_int_equal(present_child(a())->skipped, 70000);
	assert_in_step();
}

/* The answer that comes again is the one that was given, whatever A has asked since. */
static void an_answer_that_comes_again_moves_nothing(void **state)
{
	struct ike_buffer request;
	uint8_t *request_data;
	struct sync s;

	(void)state;
	up_for_a_while();
	s = ahead(3);
	take_over(&s);
	lose_for(1);
	check_liveness(a());
	assert_int_equal(sa_of(a())->out.next_id, 5);
	request = sa_of(a())->out.request;
	request_data = malloc(request.len);
	memcpy(request_data, request.data, request.len);
	lose_for(1);
	say();
	assert_true(hears());
	assert_int_equal(sa_of(a())->out.next_id, 5);
	assert_int_equal(sa_of(a())->out.request.len, request.len);
	assert_memory_equal(sa_of(a())->out.request.data, request_data, request.len);
	free(request_data);
	pass_time(5000);
	assert_null(sa_of(a())->out.task);
	assert_in_step();
}

/* Once the member was heard, a copy of its message is nothing but that. */
static void a_replayed_message_does_nothing(void **state)
{
	struct ike_buffer old[3] = {0};
	struct sync s;

	(void)state;
	up_for_a_while();
	for (unsigned i = 0; i < 3; i++) {
		s = ahead(2);
		s.delta = 1000;
		old[i] = sync_request(b()->engine, sa_of(b()), &s);
		bring(&old[i]);
		net_settle(net);
		sa_of(b())->out.next_id = s.next;
		if (i == 2) /* older ones, and who took over hasn't said anything yet */
			for (unsigned k = 0; k < 2; k++)
				bring(&old[k]);
	}
	assert_int_equal(stats()->drop_sync, 2);
	check_liveness(b());
	net_settle(net);
	assert_in_step();
	for (unsigned i = 0; i < 3; i++)
		bring(&old[i]);
	assert_int_equal(net->queued, 0);
	assert_int_equal(stats()->drop_sync, 5);
	assert_int_equal(stats()->syncs, 3);
	assert_int_equal(present_child(a())->skipped, 3000);
	assert_in_step();
	for (unsigned i = 0; i < 3; i++)
		ike_buffer_free(&old[i]);
}

/* The same ID may be another member's, which doesn't know of the first: it is too late. */
static void another_message_of_the_same_ids_is_dropped(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	s = ahead(4);
	take_over(&s);
	lose_for(1);
	s.nonce[0] = 77;
	assert_dropped(&s);
	s.next++;
	say_so(&s);
	assert_int_equal(net->queued, 1);
	assert_int_equal(stats()->syncs, 2);
}

static void a_forged_message_does_nothing(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	s = ahead(4);
	member_begin(&member, b()->engine, sa_of(b()), &s);
	for (size_t i = 17; i < member.request.len; i++) {
		member.request.data[i] ^= 1;
		say();
		member.request.data[i] ^= 1;
	}
	assert_int_equal(net->queued, 0);
	assert_int_equal(stats()->syncs, 0);
	assert_int_equal(sa_of(a())->in.next_id, 4);
	assert_true(stats()->drop_integrity > 20);
	say();
	assert_true(hears());
	assert_in_step();
}

/*
 *         (5) {} -->            lost with the member that there was
 *     <-- (0) SYNC n, 6, 5
 *         (0) SYNC n, 6, 6 -->
 *         (6) {} -->
 */
static void a_request_that_is_out_goes_on_under_another_id(void **state)
{
	struct packet old;
	struct sync s;

	(void)state;
	up_for_a_while();
	check_liveness(a());
	old = take_for(1);
	pass_time(100);
	s = ahead(2);
	take_over(&s);
	assert_true(hears());
	assert_int_equal(sa_of(a())->out.next_id, 6);
	assert_int_equal(sa_of(b())->in.next_id, 6);
	net_deliver(net, &old); /* what was under way */
	packet_free(&old);
	assert_non_null(sa_of(a())->out.task);
	net_settle(net);
	assert_null(sa_of(a())->out.task);
	assert_in_step();
}

/* It is waited for as long as for any other, and not for what was before it. */
static void a_request_that_goes_on_has_all_its_time(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	check_liveness(a());
	net->down = true;
	pass_time(30000);
	assert_true(sa_of(a())->out.tries > 2);
	net->down = false;
	s = ahead(2);
	take_over(&s);
	assert_int_equal(sa_of(a())->out.tries, 0);
	assert_true(hears());
	lose_for(1);
	pass_time(sa_of(a())->conn->retransmit_ms);
	net_settle(net);
	assert_null(sa_of(a())->out.task);
	assert_in_step();
}

/* A rekeying is out when the member takes over, of a Child SA or of the IKE SA. */
static void a_rekeying_survives(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct sync s;

		up_for_a_while();
		(i ? rekey_ike : rekey)(a());
		lose_for(1);
		s = ahead(10);
		take_over(&s);
		assert_true(hears());
		net_settle(net);
		assert_int_equal(i ? a()->ike_rekeyed : a()->rekeyed, 1);
		assert_int_equal(i ? b()->ike_rekeyed : b()->rekeyed, 1);
		pass_time(10000);
		assert_int_equal(receiving(a()), 1);
		assert_int_equal(receiving(b()), 1);
		assert_int_equal(a()->engine->sa_count, 1);
		assert_in_step();
		end(state);
	}
}

/* One in fragments is one in fragments again. */
static void fragments_are_numbered_anew(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	struct sync s;

	(void)state;
	one.ike = two.ike = "aes256gcm16-prfsha384-modp4096";
	one.fragment_size = two.fragment_size = 576;
	establish(&one, &two);
	rekey_ike(a());
	lose_for(1);
	assert_true(waits_for(net, 1)); /* the next piece */
	while (waits_for(net, 1))
		lose_for(1);
	s = ahead(3);
	take_over(&s);
	assert_true(hears());
	net_settle(net);
	assert_int_equal(a()->ike_rekeyed, 1);
	assert_in_step();
}

/* What has come of a request of the member before is nobody's. */
static void half_a_request_is_forgotten(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	struct packet half;
	struct sync s;

	(void)state;
	one.ike = two.ike = "aes256gcm16-prfsha384-modp4096";
	one.fragment_size = two.fragment_size = 576;
	establish(&one, &two);
	rekey_ike(b());
	half = take_for(0);
	net_deliver(net, &half);
	packet_free(&half);
	while (waits_for(net, 0))
		lose_for(0);
	assert_non_null(sa_of(a())->in.waiting);
	s = ahead(3);
	say_so(&s);
	assert_null(sa_of(a())->in.waiting);
	assert_int_equal(stats()->syncs, 1);
}

/* A deletes, and then the Child SA or the IKE SA is gone at both. */
static void a_delete_survives(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct sync s;

		up_for_a_while();
		net->watch_flow = false;
		if (i)
			ike_terminate(a()->engine, net->now, a()->ike_id);
		else
			ike_terminate_child(a()->engine, net->now, present_child(a())->sa.child_id);
		node_drain(a());
		lose_for(1);
		s = ahead(1);
		take_over(&s);
		assert_true(hears());
		net_settle(net);
		assert_int_equal(b()->child_down, 1);
		assert_int_equal(b()->ike_down, i);
		pass_time(10000);
		assert_int_equal(receiving(a()) + receiving(b()), 0);
		assert_int_equal(a()->engine->sa_count, 1 - i);
		end(state);
	}
}

/*
 *     <-- (4) CREATE_CHILD_SA
 *     <-- (0) SYNC                the data path is at work: nothing yet
 *         (4) CREATE_CHILD_SA -->
 *     <-- (0) SYNC
 *         (0) SYNC -->
 */
static void a_request_at_work_is_answered_first(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	a()->install_holds = true;
	rekey(b());
	deliver_to(0);
	assert_int_equal(net->queued, 0);
	s = ahead(3);
	assert_dropped(&s);
	a()->install_holds = false;
	node_drain(a());
	net_settle(net);
	s = ahead(3);
	take_over(&s);
	assert_true(hears());
	assert_int_equal(b()->rekeyed, 1);
	assert_in_step();
}

/* A is between the rekeying of the IKE SA and its end. */
static void the_old_ike_sa_answers_until_it_goes(void **state)
{
	struct ike_sa *old;
	struct sync s;

	(void)state;
	up_for_a_while();
	old = only_sa(net, 0);
	rekey_ike(b());
	deliver_to(0);
	deliver_to(1);
	lose_for(0); /* the delete */
	assert_int_equal(old->state, IKE_STATE_REKEYED);
	s = (struct sync){.next = old->in.next_id + 3, .expected = old->out.next_id, .delta = 9};
	for (struct ike_sa *sa = b()->engine->all; sa; sa = sa->links.next) {
		struct ike_buffer message;

		if (sa->spi_i != old->spi_i)
			continue;
		message = sync_request(b()->engine, sa, &s);
		bring(&message);
		ike_buffer_free(&message);
	}
	assert_int_equal(stats()->syncs, 1);
	assert_int_equal(old->in.next_id, s.next);
	assert_int_equal(present_child(a())->skipped, 0); /* it is the successor's */
}

/* All Child SAs of the IKE SA, and nobody else's. */
static void sequence_numbers_go_on_further_up(void **state)
{
	struct sync s;

	(void)state;
	establish_one_of_two(&SIDE_A, &SIDE_B);
	ask_for_another();
	net_settle(net);
	assert_int_equal(receiving(a()), 2);
	s = ahead(1);
	s.delta = 0x12345678;
	take_over(&s);
	assert_true(hears());
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(a()->children[i].skipped, 0x12345678);
		assert_int_equal(b()->children[i].skipped, 0);
	}
	assert_in_step();
}

static void sequence_numbers_stay_unless_both_can(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	sa_of(a())->syncs_counters = false;
	s = ahead(1);
	s.delta = 5;
	assert_dropped(&s);
	s.delta = 0;
	take_over(&s);
	assert_true(hears());
	assert_int_equal(present_child(a())->skipped, 0);
	assert_in_step();
}

/* Outside the window it is what any other message is there; inside, what any other is. */
static void what_was_not_agreed_upon_is_no_sync(void **state)
{
	uint64_t dropped;
	struct sync s;

	(void)state;
	mute[1] = true;
	up_for_a_while();
	dropped = stats()->drop_message_id;
	s = ahead(3);
	say_so(&s);
	assert_int_equal(net->queued, 0);
	assert_int_equal(stats()->drop_message_id, dropped + 1);
	assert_int_equal(sa_of(a())->in.next_id, 4);
	assert_in_step();
	end(state);

	mute[0] = true;
	up();
	s = ahead(3);
	say_so(&s);
	assert_int_equal(sa_of(a())->in.next_id, 1);
	assert_int_equal(stats()->syncs + stats()->drop_sync, 0);
}

/* Its ID is 0, too: the first request of who has answered only. */
static void the_first_request_is_no_sync(void **state)
{
	struct packet first;

	(void)state;
	up();
	assert_true(sa_of(a())->syncs);
	check_liveness(b());
	first = take_for(0);
	net_deliver(net, &first);
	assert_int_equal(sa_of(a())->in.next_id, 1);
	lose_for(1);
	net_deliver(net, &first);
	packet_free(&first);
	assert_int_equal(stats()->retransmissions_in, 1);
	net_settle(net);
	assert_null(sa_of(b())->out.task);
	assert_int_equal(stats()->syncs + stats()->drop_sync, 0);
	assert_in_step();
}

/* Notifies as they may be, or may not. */
struct part {
	uint16_t type;
	uint8_t len;
};

static void bring_parts(const struct part *parts, bool also_delete)
{
	static const uint8_t data[16] = {1, 2, 3, 4, 0, 0, 0, 50, 0, 0, 0, 60};
	uint8_t inner[128], spi[4] = {0};
	struct ike_builder b;
	struct packet p;

	ike_build_chain(&b, inner, sizeof(inner));
	for (; parts->type; parts++)
		ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0), parts->type,
				 ike_slice(data, parts->len));
	if (also_delete)
		ike_write_delete(&b, IKE_PROTO_ESP, 4, 1, ike_slice(spi, sizeof(spi)));
	p = forge(net, 1, IKE_INFORMATIONAL, false, 0, &b);
	net_deliver(net, &p);
	packet_free(&p);
}

static void what_is_malformed_is_dropped(void **state)
{
	enum { IDS = IKE_N_IKEV2_MESSAGE_ID_SYNC, COUNTERS = IKE_N_IPSEC_REPLAY_COUNTER_SYNC };
	static const struct part wrong[][4] = {
		{{IDS, 0}},
		{{IDS, 4}},
		{{IDS, 11}},
		{{IDS, 13}},
		{{IDS, 12}, {IDS, 12}},
		{{IDS, 12}, {COUNTERS, 0}},
		{{IDS, 12}, {COUNTERS, 3}},
		{{IDS, 12}, {COUNTERS, 5}},
		{{IDS, 12}, {COUNTERS, 8}},
		{{COUNTERS, 4}, {IDS, 12}, {COUNTERS, 4}},
		{{IDS, 12}, {IKE_N_INVALID_SPI, 4}},
		{{IDS, 12}, {IKE_N_IKEV2_MESSAGE_ID_SYNC_SUPPORTED, 0}},
	};
	static const struct part fine[][3] = {{{IDS, 12}}, {{COUNTERS, 4}, {IDS, 12}}};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		up_for_a_while();
		bring_parts(wrong[i], false);
		bring_parts(fine[0], true);
		assert_int_equal(net->queued, 0);
		assert_int_equal(stats()->drop_sync, 2);
		assert_int_equal(stats()->syncs, 0);
		assert_int_equal(present_child(a())->skipped, 0);
		assert_in_step();
		end(state);
	}
	for (unsigned i = 0; i < 2; i++) {
		up_for_a_while();
		bring_parts(fine[i], false);
		assert_int_equal(stats()->syncs, 1);
		assert_int_equal(sa_of(a())->in.next_id, 50);
		assert_int_equal(sa_of(a())->out.next_id, 60);
		assert_int_equal(present_child(a())->skipped, i ? 0x01020304 : 0);
		end(state);
	}
}

/* Each may cost the data path something. */
static void members_that_take_over_all_the_time_are_not_heard(void **state)
{
	struct sync s;

	(void)state;
	up_for_a_while();
	for (unsigned i = 0; i < 3 * IKE_RATE_BURST; i++) {
		s = ahead(1);
		s.delta = 1;
		s.next += i;
		say_so(&s);
	}
	assert_int_equal(stats()->syncs, IKE_RATE_BURST);
	assert_int_equal(stats()->drop_limit, 2 * IKE_RATE_BURST);
	assert_int_equal(present_child(a())->skipped, IKE_RATE_BURST);
	net_settle(net);
	pass_time(IKE_RATE_INTERVAL_MS);
	s.next++;
	say_so(&s);
	assert_int_equal(stats()->syncs, IKE_RATE_BURST + 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(both_say_that_they_can, end),
		cmocka_unit_test_teardown(without_both_nothing_is_agreed_upon, end),
		cmocka_unit_test_teardown(a_member_that_takes_over_goes_on, end),
		cmocka_unit_test_teardown(the_next_id_will_do, end),
		cmocka_unit_test_teardown(who_takes_over_at_once_may_ask_again_what_was_asked, end),
		cmocka_unit_test_teardown(a_responder_answers_as_well, end),
		cmocka_unit_test_teardown(a_member_that_comes_by_another_mapping_is_asked_there,
					  end),
		cmocka_unit_test_teardown(a_successor_has_ids_of_its_own, end),
		cmocka_unit_test_teardown(a_member_may_expect_more_of_us_than_there_was, end),
		cmocka_unit_test_teardown(what_is_below_what_was_heard_is_dropped, end),
		cmocka_unit_test_teardown(the_last_ids_are_dropped, end),
		cmocka_unit_test_teardown(a_lost_answer_comes_again, end),
		cmocka_unit_test_teardown(an_answer_that_comes_again_moves_nothing, end),
		cmocka_unit_test_teardown(a_replayed_message_does_nothing, end),
		cmocka_unit_test_teardown(another_message_of_the_same_ids_is_dropped, end),
		cmocka_unit_test_teardown(a_forged_message_does_nothing, end),
		cmocka_unit_test_teardown(a_request_that_is_out_goes_on_under_another_id, end),
		cmocka_unit_test_teardown(a_request_that_goes_on_has_all_its_time, end),
		cmocka_unit_test_teardown(a_rekeying_survives, end),
		cmocka_unit_test_teardown(fragments_are_numbered_anew, end),
		cmocka_unit_test_teardown(half_a_request_is_forgotten, end),
		cmocka_unit_test_teardown(a_delete_survives, end),
		cmocka_unit_test_teardown(a_request_at_work_is_answered_first, end),
		cmocka_unit_test_teardown(the_old_ike_sa_answers_until_it_goes, end),
		cmocka_unit_test_teardown(sequence_numbers_go_on_further_up, end),
		cmocka_unit_test_teardown(sequence_numbers_stay_unless_both_can, end),
		cmocka_unit_test_teardown(what_was_not_agreed_upon_is_no_sync, end),
		cmocka_unit_test_teardown(the_first_request_is_no_sync, end),
		cmocka_unit_test_teardown(what_is_malformed_is_dropped, end),
		cmocka_unit_test_teardown(members_that_take_over_all_the_time_are_not_heard, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
