// SPDX-License-Identifier: BSD-2-Clause
/* Errors in memories. What the whole chip makes of each is in tests/chip/parity.h. */
#include <string.h>

#include "host/esp/ip.h"
#include "tests/rtl/ipsec/ipsec_tests.h"

/* DAMAGE_* of ravelin_ipsec_pkg */
enum { CONFIG, COUNTERS, WINDOW, PRE_WINDOW, KEY, POWER, POWER_LOW, POWER_HIGH, LOOKUP, NAME };

static void send(struct bench *b, int sa, size_t payload)
{
	struct peer_ip ip = {.src = 1, .dst = 2, .protocol = 1, .payload = payload};
	uint8_t frame[PEER_FRAME_MAX];
	size_t at = peer_ethernet(&b->random, frame, 0x0800, 0);

	at += peer_packet(&b->random, frame + at, &ip);
	ipsec_dut_host(b->dut, frame, at, sa);
}

static void receive(struct bench *b, const struct rvl_sa_params *sa, uint32_t seq, size_t payload)
{
	struct peer_ip ip = {.src = 1, .dst = 2, .protocol = 1, .payload = payload};
	struct peer_seal how = peer_seal_plain(seq);
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];
	size_t at = peer_ethernet(&b->random, frame, peer_outer_type(sa), 0);

	at += peer_seal(frame + at, sa, &how, packet, peer_packet(&b->random, packet, &ip));
	ipsec_dut_wire(b->dut, frame, at, false);
}

static struct rvl_sa_params plain(struct bench *b, enum rvl_direction direction, uint32_t spi)
{
	struct rvl_sa_params p = peer_params(&b->random, direction, spi);

	memset(&p.lifetime, 0, sizeof(p.lifetime));
	p.encap = false;
	return p;
}

static unsigned int events(struct bench *b, uint8_t type)
{
	unsigned int count = 0;
	struct rvl_event event;

	while (ipsec_dut_take_event(b->dut, &event))
		count += event.type == type;
	return count;
}

/* H^32 is first needed when the frame's first beats have left long ago. */
void an_error_in_the_middle_of_a_frame_spoils_it(struct bench *b)
{
	struct rvl_sa_params out = plain(b, RVL_OUTBOUND, 500), other = plain(b, RVL_OUTBOUND, 501);

	bench_sa_add(b, 1, &out);
	bench_sa_add(b, 2, &other);
	b->loose = true;
	ipsec_dut_damage(b->dut, POWER_HIGH, false, 1);
	for (int i = 0; i < 4; i++) {
		send(b, 1, 400); /* needs it not */
		send(b, 2, 9000);
	}
	CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
	CHECK_EQ(b, ipsec_dut_spoilt(b->dut), 0);
	send(b, 1, 9000);
	for (int i = 0; i < 4; i++)
		send(b, 2, 9000);
	bench_settle(b);
	CHECK_EQ(b, ipsec_dut_spoilt(b->dut), 1);
	CHECK_EQ(b, b->sent, 12);
	send(b, 1, 100);
	send(b, 2, 100);
	bench_settle(b);
	CHECK_EQ(b, b->sent, 1);
	CHECK_EQ(b, ipsec_dut_spoilt(b->dut), 1);
	CHECK_EQ(b, events(b, RVL_EVENT_SA_ERROR), 1);
}

void the_frames_of_a_broken_sa_are_dropped_with_one_event(struct bench *b)
{
	struct rvl_sa_params out = plain(b, RVL_OUTBOUND, 500), in = plain(b, RVL_INBOUND, 600);
	struct rvl_cmd query = peer_sa_command(RVL_CMD_OP_SA_QUERY, false, 1);

	b->loose = true;
	for (unsigned int memory = CONFIG; memory <= POWER_LOW; memory++) {
		for (unsigned int inbound = 0; inbound < 2; inbound++) {
			if (!inbound && (memory == WINDOW || memory == PRE_WINDOW))
				continue;
			bench_sa_add(b, 1, inbound ? &in : &out);
			/* Back to back, behind an output that stalls, and with events held up. */
			ipsec_dut_set_stalls(b->dut, 0, 70);
			ipsec_dut_damage(b->dut, memory, inbound, 1);
			ipsec_dut_hold(b->dut, 4);
			for (uint32_t i = 1; i <= 30; i++) {
				if (inbound)
					receive(b, &in, i, 40);
				else
					send(b, 1, 40);
			}
			for (int i = 0; i < 2000; i++)
				ipsec_dut_step(b->dut);
			ipsec_dut_hold(b->dut, 0);
			bench_settle(b);
			CHECK_EQ(b, b->sent + b->received, 0);
			CHECK_EQ(b, events(b, RVL_EVENT_SA_ERROR), 1);
			query.sa_flags = inbound;
			CHECK_EQ(b, bench_command(b, &query), RVL_CMD_STATUS_OK);
			CHECK_EQ(b, b->response.state, RVL_SA_STATE_ERROR);
			bench_sa_delete(b, inbound, 1);
		}
	}
	CHECK_EQ(b, ipsec_dut_fatal(b->dut), -1);
}

void a_dead_block_answers_every_command_with_fatal(struct bench *b)
{
	struct rvl_sa_params out = plain(b, RVL_OUTBOUND, 500), in = plain(b, RVL_INBOUND, 600);
	const struct rvl_policy rule = {.action = RVL_BYPASS};
	struct rvl_cmd_policy set = peer_policy_set(3, &rule);
	static const uint8_t opcodes[] = {RVL_CMD_OP_NOP, RVL_CMD_OP_SA_DELETE,
					  RVL_CMD_OP_SA_QUERY};
	struct rvl_cmd cmd;

	bench_sa_add(b, 1, &out);
	bench_sa_add(b, 1, &in);
	b->loose = true;
	ipsec_dut_damage(b->dut, LOOKUP, true, 0);
	for (int i = 0; i < 20; i++) {
		send(b, 1, 1000);
		send(b, IPSEC_DUT_NO_SA, 1000);
	}
	for (int i = 0; i < 100; i++)
		ipsec_dut_step(b->dut);
	CHECK_EQ(b, ipsec_dut_fatal(b->dut), -1);
	for (uint32_t i = 1; i <= 10; i++)
		receive(b, &in, i, 200);
	bench_settle(b);
	CHECK_EQ(b, ipsec_dut_fatal(b->dut), RVL_FATAL_CAUSE_LOOKUP);
	CHECK_EQ(b, b->received, 0);
	CHECK_EQ(b, events(b, RVL_EVENT_FATAL), 1);
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		cmd = peer_sa_command(opcodes[i], false, 1);
		CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_FATAL);
	}
	cmd = peer_sa_add(2, &out);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_FATAL);
	CHECK_EQ(b, bench_command(b, &set), RVL_CMD_STATUS_FATAL);
	for (int i = 0; i < 5; i++) {
		send(b, 1, 1000);
		send(b, IPSEC_DUT_NO_SA, 1000);
		receive(b, &in, 20, 200);
	}
	bench_settle(b);
	CHECK_EQ(b, b->sent + b->received, 0);
	CHECK_EQ(b, events(b, RVL_EVENT_FATAL), 0);

	b->loose = false;
	bench_reset(b);
	CHECK_EQ(b, ipsec_dut_fatal(b->dut), -1);
	bench_sa_add(b, 1, &out);
	bench_sa_add(b, 1, &in);
	bench_settle(b);
}
