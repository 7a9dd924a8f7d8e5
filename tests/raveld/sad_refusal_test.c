// SPDX-License-Identifier: BSD-2-Clause
// Child SAs over a data path that refuses a step or a move; moves and events in each step.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/raveld/sad_bed.h"

static const uint16_t ports[] = {1001, 1002, 1003, 1024};

#define PORTS (sizeof(ports) / sizeof(ports[0]))

/* A flow for each port; the last is the one that the peer sends to. */
static void flow_for_each_port(struct bed *bed)
{
	bed->ours.count = 0;
	for (size_t i = 0; i < PORTS; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.1.0.0/16[udp/%u]", ports[i]);
		bed->ours.list[bed->ours.count++] = ts_of(text).list[0];
	}
	bed->theirs = ts_of("10.2.0.0/16[udp]");
}

/* SPI on the wire of each port, and does it come in? */
static void assert_ports(struct bed *bed, uint32_t spi, bool clear)
{
	uint8_t frame[256];

	for (size_t i = 0; i < PORTS; i++) {
		assert_int_equal(spi_from_port(bed, ports[i], frame), spi);
		assert_int_equal(clear_comes_in(bed, ports[i]), clear);
	}
}

static void look_at_ports(struct bed *bed)
{
	uint8_t frame[256];

	for (size_t i = 0; i < PORTS; i++) {
		assert_in_range(spi_from_port(bed, ports[i], frame), BED_OUT + 1,
				BED_OUT + BED_CHILDREN);
		assert_false(clear_comes_in(bed, ports[i]));
	}
	assert_true(child_comes_in(bed, 1));
	assert_true(child_comes_in(bed, 2));
	bed->looks++;
}

/* The data path refuses the first, the second... of what a step asks of it. */
static void step_that_is_refused_is_as_if_it_had_not_been_tried(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	struct rvl_child child;

	take_steps(bed, 1, 0, 3);
	flow_for_each_port(bed);
	take_steps(bed, 2, 0, 3);
	assert_ports(bed, BED_OUT + 2, false);
	assert_counts(bed, 2, 2, 2, 1 + PORTS);
	child = child_of(3, &bed->ours, &bed->theirs);
	child.replaces = 2;
	bed->watch = look_at_ports;

	bed->refuse = 1;
	assert_int_equal(rvl_sad_child_inbound(bed->sad, &child, &error), -EIO);
	assert_string_equal(error.text, "an SA that can't be");
	assert_counts(bed, 2, 2, 2, 1 + PORTS);
	assert_int_equal(rvl_sad_child_outbound(bed->sad, 3, &error), -ENOENT);
	child_inbound(bed, 3, 2);

	bed->refuse = 1;
	assert_int_equal(rvl_sad_child_outbound(bed->sad, 3, &error), -EIO);
	assert_counts(bed, 3, 3, 2, 1 + PORTS);
	assert_int_equal(rvl_sad_child_use(bed->sad, 3, &error), -EINVAL);
	assert_true(child_comes_in(bed, 3));
	child_outbound(bed, 3);

	for (unsigned int nth = 1; nth <= PORTS; nth++) {
		bed->refuse = nth;
		assert_int_equal(rvl_sad_child_use(bed->sad, 3, &error), -EIO);
		assert_string_equal(error.text, "a policy that can't be");
		assert_ports(bed, BED_OUT + 2, false);
		assert_counts(bed, 3, 3, 3, 1 + PORTS);
		assert_true(child_comes_in(bed, 3));
	}
	child_use(bed, 3);
	assert_ports(bed, BED_OUT + 3, false);
	/* In use is who was, also when it is the way back that is refused. */
	bed->refuse = 3;
	assert_int_equal(rvl_sad_child_use(bed->sad, 2, &error), -EIO);
	assert_ports(bed, BED_OUT + 3, false);
	/* And when it was used already, if not last. */
	child_use(bed, 1);
	assert_ports(bed, BED_OUT + 3, false); /* theirs are narrower */
	take_steps(bed, 4, 0, 3);
	bed->refuse = 2;
	assert_int_equal(rvl_sad_child_use(bed->sad, 3, &error), -EIO);
	assert_ports(bed, BED_OUT + 4, false);
	child_remove(bed, 4);
	assert_ports(bed, BED_OUT + 3, false);
	bed->watch = NULL;
	child_remove(bed, 3);
	assert_ports(bed, BED_OUT + 1, false); /* 2 is retired */
	assert_counts(bed, 2, 2, 2, 1);
}

/* Nobody had these flows before. */
static void first_use_that_is_refused_leaves_the_flows_held(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;

	flow_for_each_port(bed);
	take_steps(bed, 1, 0, 2);
	for (unsigned int nth = 1; nth <= PORTS; nth++) {
		bed->refuse = nth;
		assert_int_equal(rvl_sad_child_use(bed->sad, 1, &error), -EIO);
		assert_ports(bed, BED_HELD, false);
		assert_counts(bed, 1, 1, 1, 1);
	}
	child_use(bed, 1);
	assert_ports(bed, BED_OUT + 1, false);
	assert_counts(bed, 1, 1, 1, 1 + PORTS);
	child_remove(bed, 1);
	assert_counts(bed, 0, 0, 0, 1);
}

/* A discard for each is to be learned. */
static void child_whose_flows_can_not_all_be_held_is_refused(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	struct rvl_child child;

	flow_for_each_port(bed);
	child = child_of(1, &bed->ours, &bed->theirs);
	for (unsigned int nth = 1; nth <= PORTS + 1; nth++) {
		bed->refuse = nth;
		assert_int_equal(rvl_sad_child_inbound(bed->sad, &child, &error), -EIO);
		assert_ports(bed, BED_CLEAR, true);
		assert_counts(bed, 0, 0, 0, 0);
	}
	child_inbound(bed, 1, 0);
	assert_ports(bed, BED_HELD, false);
	assert_counts(bed, 1, 1, 0, PORTS);
}

/* A peer with one flow after the other. */
static int one_more(struct bed *bed, uint64_t owner, unsigned int i,
		    struct rvl_backend_error *error)
{
	struct rvl_child child;
	char text[32];
	int err;

	snprintf(text, sizeof(text), "10.%u.%u.%u", 3 + (i >> 16), i >> 8 & 255, i & 255);
	bed->theirs = ts_of(text);
	child = child_of(1, &bed->ours, &bed->theirs);
	child.owner = owner;
	err = rvl_sad_child_inbound(bed->sad, &child, error);
	if (err)
		return err;
	err = rvl_sad_child_outbound(bed->sad, 1, error);
	if (!err)
		err = rvl_sad_child_use(bed->sad, 1, error);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, error), 0);
	return err;
}

static void told_of(void *context, const struct rvl_selector *selector,
		    const struct rvl_scopes *scopes, enum rvl_action action)
{
	(void)scopes;
	(void)selector;
	(void)action;
	++*(unsigned int *)context;
}

/* What they had is held until somebody releases it: one peer gets a quarter of all policies, and
 * who finds none is refused. */
static void flows_are_not_forgotten_for_want_of_room(void **state)
{
	const unsigned int share = BED_POLICIES / 4;
	struct rvl_backend_error error = {""};
	unsigned int i, count = 0, released = 0;
	struct bed *bed = *state;

	for (uint64_t owner = 1; owner <= 3; owner++) {
		for (i = 0; i < share; i++)
			assert_int_equal(one_more(bed, owner, count++, &error), 0);
		assert_int_equal(one_more(bed, owner, count, &error), -ENOSPC);
		assert_non_null(strstr(error.text, "no more are held for one peer"));
		/* What it has had it may have again. */
		assert_int_equal(one_more(bed, owner, count - 1, &error), 0);
	}
	assert_counts(bed, 0, 0, 0, 3 * share);
	/* What holds a flow protects it: one policy each. */
	for (i = 0; i < share; i++)
		assert_int_equal(one_more(bed, 4, count++, &error), 0);
	assert_int_equal(one_more(bed, 5, count, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "no room for more than"));
	assert_counts(bed, 0, 0, 0, BED_POLICIES);
	assert_int_equal(rvl_sad_release(bed->sad, told_of, &released, &error), 0);
	assert_int_equal(released, BED_POLICIES);
	assert_counts(bed, 0, 0, 0, 0);
	assert_int_equal(one_more(bed, 1, count, &error), 0);
}

static void policy_that_stays_discards_and_serves_the_next_child(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	bed->no_clear = true;
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), -EIO);
	assert_string_equal(error.text, "a policy that stays");
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_counts(bed, 0, 0, 0, 2);
	take_steps(bed, 2, 0, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_counts(bed, 1, 1, 1, 2);
	child_use(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	assert_counts(bed, 1, 1, 1, 2);
	bed->no_clear = false;
	child_remove(bed, 2);
	assert_counts(bed, 0, 0, 0, 1);
}

static void first_failure_of_a_removal_is_the_one_that_is_told(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	bed->no_clear = bed->no_delete = true;
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), -EIO);
	assert_string_equal(error.text, "a policy that stays");
	take_steps(bed, 2, 0, 1);
	bed->no_clear = false;
	assert_int_equal(rvl_sad_child_remove(bed->sad, 2, &error), -EIO);
	assert_string_equal(error.text, "an SA that stays");
	/* Nothing reaches the host on an SA that stays. */
	assert_false(child_comes_in(bed, 1));
	assert_false(child_comes_in(bed, 2));
	assert_int_equal(rvl_sad_sa_count(bed->sad, RVL_INBOUND), 2);
	assert_int_equal(rvl_sad_sa_count(bed->sad, RVL_OUTBOUND), 1);
	assert_int_equal(rvl_sad_child_count(bed->sad), 0);
}

/* ------------------------------------------------------------------------------ other addresses */

/* Where the next packet on the wire goes; its sequence number. */
static uint32_t destination(struct bed *bed, uint32_t *seq)
{
	uint8_t frame[256];

	assert_true(spi_from_port(bed, 1024, frame) >= BED_OUT);
	*seq = rvl_get_be32(frame + 38);
	return rvl_get_be32(frame + 30);
}

static void child_moves_in_each_step(void **state)
{
	struct ike_addr own = addr_of("192.0.2.1"), there = addr_of("192.0.2.3"),
			far = addr_of("192.0.2.4"), six = addr_of("2001:db8::1");
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	struct rvl_sa_stats in, out;
	uint32_t seq;

	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &there, false, &error), -ENOENT);
	child_inbound(bed, 1, 0);
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &there, false, &error), 0);
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &six, false, &error), -EOPNOTSUPP);
	assert_string_equal(error.text, "it can't move there");
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &six, &there, false, &error), -EOPNOTSUPP);
	assert_true(child_comes_in(bed, 1));
	child_outbound(bed, 1);
	child_use(bed, 1);
	assert_int_equal(destination(bed, &seq), 0xc0000203);
	assert_int_equal(seq, 1);

	/* Not in use yet, and in use no more: nobody's flow is touched. */
	take_steps(bed, 2, 1, 2);
	bed_watch(bed, 1, 2);
	assert_int_equal(rvl_sad_child_move(bed->sad, 2, &own, &far, false, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	child_use(bed, 2);
	assert_int_equal(destination(bed, &seq), 0xc0000204);
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &far, false, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	child_use(bed, 1);
	bed->watch = NULL;
	assert_int_equal(destination(bed, &seq), 0xc0000204);
	assert_true(seq > 0x10000);

	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &there, false, &error), 0);
	assert_int_equal(destination(bed, &seq), 0xc0000203);
	assert_true(seq > 0x20000);
	assert_int_equal(rvl_sad_child_query(bed->sad, 1, &in, &out, &error), 0);
	assert_true(out.packets > 3);
	assert_counts(bed, 2, 2, 2, 1);
}

/* What goes on with other sequence numbers is held, made anew and led, as what moves. */
static void child_that_can_not_skip_is_in_use_no_more(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	uint32_t seq, last = 0;

	take_steps(bed, 1, 0, 3);
	for (unsigned int nth = 1; nth <= 3; nth++) {
		destination(bed, &last);
		bed->refuse = nth;
		assert_int_equal(rvl_sad_child_skip(bed->sad, 1, 7, &error), -EIO);
		assert_int_equal(spi_on_the_wire(bed), BED_HELD);
		assert_true(child_comes_in(bed, 1));
		if (nth == 2)
			child_outbound(bed, 1);
		child_use(bed, 1);
		destination(bed, &seq);
		assert_true(seq > last);
	}
	assert_counts(bed, 1, 1, 1, 1);
}

/* Which step of the move is refused: hold, outbound SA, lead. */
static void child_that_can_not_move_is_in_use_no_more(void **state)
{
	const struct ike_addr own = addr_of("192.0.2.1");
	struct ike_addr there = addr_of("192.0.2.3");
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	struct rvl_sa_stats in, out;
	uint32_t seq, last = 0;

	take_steps(bed, 1, 0, 3);
	for (unsigned int nth = 1; nth <= 3; nth++) {
		for (uint64_t other = 0; other <= 1; other++) {
			if (other) {
				take_steps(bed, 2, 0, 3);
				child_use(bed, 1);
			}
			destination(bed, &last);
			bed->refuse = nth;
			there.ip[3]++;
			assert_int_equal(
				rvl_sad_child_move(bed->sad, 1, &own, &there, false, &error), -EIO);
			assert_int_equal(spi_on_the_wire(bed), other ? BED_OUT + 2 : BED_HELD);
			assert_false(clear_comes_in(bed, 1024));
			assert_true(child_comes_in(bed, 1));
			assert_int_equal(rvl_sad_child_query(bed->sad, 1, &in, &out, &error), 0);
			assert_true(out.packets >= 1);
			if (nth == 2) {
				assert_int_equal(rvl_sad_child_use(bed->sad, 1, &error), -EINVAL);
				child_outbound(bed, 1);
			}
			/* Wherever it goes to now, no number is used twice. */
			child_use(bed, 1);
			destination(bed, &seq);
			assert_true(seq > last);
			if (other)
				child_remove(bed, 2);
			assert_counts(bed, 1, 1, 1, 1);
		}
	}
	/* In its line nobody is in use by then. */
	take_steps(bed, 3, 1, 2);
	bed->refuse = 2;
	there.ip[3]++;
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &there, false, &error), -EIO);
	child_use(bed, 3);
	child_remove(bed, 3);
	child_remove(bed, 1);
	assert_counts(bed, 0, 0, 0, 1);
}

/* Where the data path itself judges what arrives: its functions, which write down their order. */
static const struct rvl_backend_ops *beneath;
static char order[64];

static int shut_in_order(struct rvl_backend *backend, uint32_t line, bool shut,
			 struct rvl_backend_error *error)
{
	(void)backend;
	assert_int_equal(line, 1);
	strcat(order, shut ? "shut " : "open ");
	return !shut && strstr(order, "add") ? rvl_backend_fail(error, -EIO, "it stays shut") : 0;
}

static int query_in_order(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			  struct rvl_sa_stats *stats, struct rvl_backend_error *error)
{
	int err = beneath->sa_query(backend, direction, index, stats, error);

	strcat(order, "query ");
	stats->late = strstr(order, "late");
	return err;
}

static int add_in_order(struct rvl_backend *backend, const struct rvl_sa_params *params,
			const struct rvl_sa_purpose *purpose, uint32_t *index,
			struct rvl_backend_error *error)
{
	strcat(order, "add ");
	return beneath->sa_add(backend, params, purpose, index, error);
}

static int delete_in_order(struct rvl_backend *backend, enum rvl_direction direction,
			   uint32_t index, struct rvl_backend_error *error)
{
	strcat(order, "delete ");
	return beneath->sa_delete(backend, direction, index, error);
}

static void what_moves_is_shut_before_its_numbers_are_asked_for(void **state)
{
	struct ike_addr other = addr_of("192.0.2.9"), there = addr_of("192.0.2.2");
	struct rvl_backend_error error = {""};
	struct rvl_backend_ops ordered;
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 1);
	beneath = bed->backend->ops;
	ordered = *beneath;
	ordered.line_shut = shut_in_order;
	ordered.sa_query = query_in_order;
	ordered.sa_add = add_in_order;
	ordered.sa_delete = delete_in_order;
	bed->backend->ops = &ordered;
	/* One whose numbers aren't known exactly stays where it is. */
	strcpy(order, "late: ");
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &other, &there, false, &error), -ESTALE);
	assert_string_equal(order, "late: shut query open ");
	order[0] = '\0';
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &other, &there, false, &error), -EIO);
	assert_string_equal(error.text, "it stays shut");
	assert_string_equal(order, "shut query delete add open ");
	bed->backend->ops = beneath;
}

/*
 * To another address of ours: what the peer sends there comes in, and what the SA has seen at the
 * old one doesn't, though both have the key.
 */
static void child_moves_to_another_address_of_ours(void **state)
{
	struct ike_addr other = addr_of("192.0.2.9"), there = addr_of("192.0.2.2");
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	struct rvl_sa_stats in, out;
	uint32_t seq;

	take_steps(bed, 1, 0, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(child_comes_in(bed, 1));
	destination(bed, &seq);
	assert_true(rvl_sad_child_heard(bed->sad, 1));
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &other, &there, false, &error), 0);
	assert_false(rvl_sad_child_heard(bed->sad, 1));
	bed->peer_has_sa[1] = false;
	assert_false(child_comes_in(bed, 1)); /* to the old one */
	bed->peer_has_sa[1] = false;
	bed->peer_sends_to = 0xc0000209;
	for (unsigned int i = 0; i < 3; i++)
		assert_false(child_comes_in(bed, 1)); /* seen */
	assert_true(child_comes_in(bed, 1));
	assert_true(rvl_sad_child_heard(bed->sad, 1));
	assert_int_equal(rvl_sad_child_query(bed->sad, 1, &in, &out, &error), 0);
	assert_int_equal(in.packets, 4);
	assert_int_equal(in.drop_replay, 3);
	assert_int_equal(in.seq, 4);
	assert_int_equal(destination(bed, &seq), 0xc0000202);
	assert_true(seq > 0x10000);
	assert_counts(bed, 1, 1, 1, 1);
	/* Of what can't be made anew there is nothing that receives. */
	bed->refuse = 1;
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &there, &other, false, &error), -EIO);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_false(child_comes_in(bed, 1));
	assert_int_equal(rvl_sad_child_query(bed->sad, 1, &in, &out, &error), 0);
	assert_int_equal(in.packets, 4);
	assert_counts(bed, 1, 0, 1, 1);
	child_remove(bed, 1);
	assert_counts(bed, 0, 0, 0, 1);
}

/* --------------------------------------------------------------------------------------- events */

static void event_names_the_child_of_its_sa(void **state)
{
	struct bed *bed = *state;
	struct rvl_backend_event event = {.direction = RVL_INBOUND};
	struct rvl_backend_error error = {""};
	struct rvl_child child = child_of(1, &bed->ours, &bed->theirs);
	const struct rvl_backend_ops *ops = bed->backend->ops;
	uint64_t id = 0;

	/* Another is before it, so that the same index isn't that of the same child. */
	child_inbound(bed, 9, 0);
	child.in.lifetime = child.out.lifetime =
		(struct rvl_lifetime){.soft_packets = 1, .hard_packets = 2};
	assert_int_equal(rvl_sad_child_inbound(bed->sad, &child, &error), 0);
	assert_true(child_comes_in(bed, 1));
	assert_int_equal(ops->next_event(bed->backend, &event), 1);
	assert_int_equal(event.direction, RVL_INBOUND);
	assert_int_equal(event.index, 1);
	assert_true(rvl_sad_child_of_event(bed->sad, &event, &id));
	assert_int_equal(id, 1);
	/* The device doesn't know the SPI of what is damaged. */
	event.spi = 0;
	assert_true(rvl_sad_child_of_event(bed->sad, &event, &id));
	assert_int_equal(event.spi, 0x10001);
	/* An SA of the other direction, of another SPI, of no child. */
	event.direction = RVL_OUTBOUND;
	assert_false(rvl_sad_child_of_event(bed->sad, &event, &id));
	event.direction = RVL_INBOUND;
	event.spi = 0x10009;
	assert_false(rvl_sad_child_of_event(bed->sad, &event, &id));
	event.index = 0;
	assert_true(rvl_sad_child_of_event(bed->sad, &event, &id));
	assert_int_equal(id, 9);
	event.index = 2;
	event.spi = 0;
	assert_false(rvl_sad_child_of_event(bed->sad, &event, &id));

	child_outbound(bed, 1);
	child_use(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	assert_int_equal(ops->next_event(bed->backend, &event), 1);
	assert_int_equal(event.direction, RVL_OUTBOUND);
	id = 0;
	assert_true(rvl_sad_child_of_event(bed->sad, &event, &id));
	assert_int_equal(id, 1);
	event.spi = 0;
	assert_true(rvl_sad_child_of_event(bed->sad, &event, &id));
	assert_int_equal(event.spi, BED_OUT + 1);
	child_remove(bed, 1);
	assert_false(rvl_sad_child_of_event(bed->sad, &event, &id));
	event = (struct rvl_backend_event){.direction = RVL_INBOUND, .index = 1};
	assert_false(rvl_sad_child_of_event(bed->sad, &event, &id));
}

static void event_follows_an_sa_that_moves(void **state)
{
	struct ike_addr own = addr_of("192.0.2.1"), there = addr_of("192.0.2.3");
	struct rvl_backend_event event = {.direction = RVL_OUTBOUND, .index = 0};
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	uint64_t id;

	take_steps(bed, 1, 0, 3);
	assert_true(rvl_sad_child_of_event(bed->sad, &event, &id));
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &there, false, &error), 0);
	event.spi = 0;
	assert_false(rvl_sad_child_of_event(bed->sad, &event, &id));
	event.index = 1;
	assert_true(rvl_sad_child_of_event(bed->sad, &event, &id));
	assert_int_equal(event.spi, BED_OUT + 1);
}

static void sad_that_is_freed_leaves_no_sa(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	struct rvl_sa_stats stats;

	take_steps(bed, 1, 0, 3);
	take_steps(bed, 2, 1, 2);
	take_steps(bed, 3, 1, 1);
	assert_int_not_equal(rvl_sad_alloc_spi(bed->sad, 0), 0);
	rvl_sad_free(bed->sad);
	for (uint16_t i = 0; i < 4; i++) {
		const struct rvl_backend_ops *ops = bed->backend->ops;

		assert_int_equal(ops->sa_query(bed->backend, RVL_INBOUND, i, &stats, &error),
				 -ENOENT);
		assert_int_equal(ops->sa_query(bed->backend, RVL_OUTBOUND, i, &stats, &error),
				 -ENOENT);
	}
	bed->sad = rvl_sad_new(bed->backend);
	assert_non_null(bed->sad);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROTECTED(step_that_is_refused_is_as_if_it_had_not_been_tried),
		PROTECTED(first_use_that_is_refused_leaves_the_flows_held),
		OPEN(child_whose_flows_can_not_all_be_held_is_refused),
		OPEN(flows_are_not_forgotten_for_want_of_room),
		WITHIN(policy_that_stays_discards_and_serves_the_next_child),
		WITHIN(first_failure_of_a_removal_is_the_one_that_is_told),
		PROTECTED(child_moves_in_each_step),
		PROTECTED(child_that_can_not_move_is_in_use_no_more),
		PROTECTED(child_that_can_not_skip_is_in_use_no_more),
		PROTECTED(child_moves_to_another_address_of_ours),
		PROTECTED(what_moves_is_shut_before_its_numbers_are_asked_for),
		PROTECTED(event_names_the_child_of_its_sa),
		PROTECTED(event_follows_an_sa_that_moves),
		PROTECTED(sad_that_is_freed_leaves_no_sa),
	};

	if (geteuid()) {
		printf("1..0 # skip network namespaces need root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
