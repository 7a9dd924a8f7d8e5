// SPDX-License-Identifier: BSD-2-Clause
// The backend of the NIC, with ravelsim: frames that it takes and gives, whatever the NIC says and
// does.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "driver/core/rvl_regs.h"
#include "host/esp/ip.h"
#include "host/sa/inbound.h"
#include "host/sa/soft.h"
#include "tests/driver/simulator.h"
#include "tests/esp/packet.h"
#include "tests/patience.h"

#define WIRE 1522
#define MARK 0x88b5 /* an EtherType for experiments, which passes as it is */

struct nic {
	struct simulator simulator;
	struct rvl_backend *backend;
	struct rvl_backend_error error;
	size_t received;
};

static int begin(void **state)
{
	static struct nic nic;

	memset(&nic, 0, sizeof(nic));
	simulator_start(&nic.simulator);
	*state = &nic;
	return 0;
}

static int begin_without_selectors(void **state)
{
	static struct nic nic;

	memset(&nic, 0, sizeof(nic));
	simulator_start_without(&nic.simulator, "SELECTORS");
	*state = &nic;
	return 0;
}

static int end(void **state)
{
	struct nic *nic = *state;

	if (nic->backend)
		nic->backend->ops->close(nic->backend);
	simulator_stop(&nic->simulator, SIGTERM);
	return 0;
}

/* The NIC says so of its largest frame; of the rest of the register what it is. */
static void open_with(struct nic *nic, unsigned int largest)
{
	const struct rvl_frames_ops *frames;
	char request[160];

	snprintf(request, sizeof(request),
		 "{\"cmd\":\"fault\",\"kind\":\"register_value\",\"register\":%u,\"value\":%u,"
		 "\"times\":0}",
		 RVL_REG_DATAPATH,
		 RVL_PUT(DATAPATH_MAX_FRAME, largest) | RVL_PUT(DATAPATH_BEAT, 64));
	simulator_tell(&nic->simulator, request);
	if (rvl_backend_user_open(nic->simulator.address, &nic->backend, &nic->error))
		fail_msg("%s", nic->error.text);
	frames = nic->backend->frames->ops;
	if (frames->start(nic->backend->frames, WIRE, &nic->error))
		fail_msg("%s", nic->error.text);
}

/* The memory that the device can write to: all of it, one page after the other. */
static size_t look_at_dma(size_t (*look)(uint8_t *p, size_t len))
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[512];
	size_t found = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "ravelin-dma") && sscanf(line, "%lx-%lx", &from, &to) == 2)
			found += look((uint8_t *)from, to - from);
	fclose(maps);
	return found;
}

static void no_frame(void *context, uint8_t *frame, size_t len, uint32_t sa)
{
	(void)context;
	(void)frame;
	(void)len;
	(void)sa;
	fail_msg("a frame that nobody sent");
}

/* Poll until one more of what is sent or received has been dealt with. */
static void await_one(struct nic *nic, rvl_deliver_fn *deliver)
{
	struct rvl_frames *frames = nic->backend->frames;
	struct pollfd p = {.fd = frames->fds[0], .events = POLLIN};
	int n;

	while (!(n = frames->ops->poll(frames, deliver, nic))) {
		frames->ops->arm(frames);
		assert_int_equal(poll(&p, 1, patience_ms()), 1);
	}
	assert_int_equal(n, 1);
}

static int send_one(struct nic *nic, size_t len)
{
	struct rvl_frames *frames = nic->backend->frames;
	uint8_t *p = frames->ops->tx_buffer(frames);

	assert_non_null(p);
	memset(p, 0, 12);
	rvl_put_be16(p + 12, MARK);
	memset(p + 14, 0x5a, len - 14);
	return frames->ops->tx(frames, len);
}

struct count {
	const char *name;
	uint64_t value;
};

static void find_counter(void *context, const char *name, uint64_t value)
{
	struct count *count = context;

	if (!strcmp(name, count->name))
		count->value = value;
}

static uint64_t counter(struct nic *nic, const char *name)
{
	struct count count = {.name = name};

	assert_int_equal(nic->backend->ops->counters(nic->backend, find_counter, &count), 0);
	return count.value;
}

/* The most octets after each other that have been written by whoever fills a frame. */
static size_t longest_run(uint8_t *p, size_t len)
{
	size_t most = 0, run = 0;

	for (size_t i = 0; i < len; i++) {
		run = p[i] == 0xee ? run + 1 : 0;
		most = run > most ? run : most;
	}
	return most;
}

static void nic_of_smaller_frames_sends_those_that_it_takes(void **state)
{
	struct nic *nic = *state;
	struct rvl_backend_info info;

	open_with(nic, 1600);
	nic->backend->ops->info(nic->backend, &info);
	assert_int_equal(info.max_frame, 1600);
	/* Whoever writes there may write a frame of any length, and it is no other buffer's. */
	memset(nic->backend->frames->ops->tx_buffer(nic->backend->frames), 0xee, RVL_BACKEND_FRAME);
	assert_true(look_at_dma(longest_run) <= 1600);
	for (int i = 0; i < 600; i++) { /* more than the ring has */
		assert_int_equal(send_one(nic, 60), 0);
		await_one(nic, no_frame);
	}
	assert_int_equal(send_one(nic, 1601), -EINVAL);
	assert_int_equal(send_one(nic, WIRE), 0);
	await_one(nic, no_frame);
	assert_int_equal(counter(nic, "tx_frames"), 601);
}

static void wire_of_larger_frames_than_the_nic_takes_is_refused(void **state)
{
	struct nic *nic = *state;

	open_with(nic, 1600);
	assert_int_equal(nic->backend->frames->ops->start(nic->backend->frames, 1601, &nic->error),
			 -EMSGSIZE);
	assert_string_equal(nic->error.text, "frames of 1601 octets, and the NIC takes 1600");
}

/* Once it has taken all that was written to it, so that there is a buffer. */
static void inject_frame(struct nic *nic, uint16_t type, const uint8_t *packet, size_t len)
{
	static char request[2 * 16384 + 64];
	int at = snprintf(request, sizeof(request),
			  "{\"cmd\":\"inject\",\"frame\":\"020000000001020000000002%04x", type);

	for (size_t i = 0; i < len; i++)
		at += snprintf(request + at, sizeof(request) - (size_t)at, "%02x", packet[i]);
	snprintf(request + at, sizeof(request) - (size_t)at, "\"}");
	counter(nic, "rx_frames");
	simulator_tell(&nic->simulator, request);
}

static void inject(struct nic *nic, size_t len)
{
	static uint8_t packet[16384];

	memset(packet, 0x5a, len - 14);
	inject_frame(nic, MARK, packet, len - 14);
}

static void count_frame(void *context, uint8_t *frame, size_t len, uint32_t sa)
{
	struct nic *nic = context;

	assert_int_equal(sa, RVL_BACKEND_CLEAR);
	assert_int_equal(rvl_get_be16(frame + 12), MARK);
	assert_in_range(len, 14, RVL_BACKEND_FRAME);
	nic->received++;
}

/* Of a frame of 60 octets it says that there are 20,000. */
static size_t lie_of_its_length(uint8_t *p, size_t len)
{
	size_t found = 0;

	for (size_t i = 0; i + sizeof(struct rvl_cq_entry) <= len;
	     i += sizeof(struct rvl_cq_entry)) {
		struct rvl_cq_entry *entry = (struct rvl_cq_entry *)(p + i);

		if (entry->type == RVL_CQ_TYPE_RX && !entry->status && entry->len == 60 &&
		    !entry->flags && entry->phase == RVL_PHASE_PASS) {
			entry->len = 20000;
			found++;
		}
	}
	return found;
}

/* It is larger than any of ours. */
static void nic_of_larger_frames_gives_what_we_take(void **state)
{
	struct nic *nic = *state;
	struct rvl_frames *frames;
	struct pollfd p = {.events = POLLIN};

	open_with(nic, 65535);
	frames = nic->backend->frames;
	p.fd = frames->fds[0];
	assert_int_equal(send_one(nic, WIRE), 0);
	await_one(nic, no_frame);
	inject(nic, RVL_BACKEND_FRAME);
	await_one(nic, count_frame);
	assert_int_equal(nic->received, 1);
	/* More than that there can't be in a buffer, whatever it says. */
	frames->ops->arm(frames);
	inject(nic, 60);
	assert_int_equal(poll(&p, 1, patience_ms()), 1);
	assert_int_equal(look_at_dma(lie_of_its_length), 1);
	assert_true(frames->ops->poll(frames, no_frame, nic) < 0);
	assert_non_null(strstr(nic->backend->ops->dead(nic->backend),
			       "received 20000 octets into a buffer of 9234"));
}

static size_t rewrite_frames(uint8_t *p, size_t len)
{
	size_t found = 0;

	for (size_t i = 0; i + 60 <= len; i++)
		if (rvl_get_be16(p + i + 12) == MARK && p[i + 14] == 0x5a) {
			memset(p + i, 0xff, 60);
			found++;
		}
	return found;
}

/* After it was told that the frame is there, and before anybody has judged it. */
static void look_while_it_changes(void *context, uint8_t *frame, size_t len, uint32_t sa)
{
	struct nic *nic = context;
	uint8_t before[60];

	assert_int_equal(len, 60);
	assert_int_equal(sa, RVL_BACKEND_CLEAR);
	memcpy(before, frame, len);
	assert_int_equal(rvl_get_be16(frame + 12), MARK);
	assert_true(look_at_dma(rewrite_frames) >= 1);
	assert_memory_equal(frame, before, len);
	nic->received++;
}

static void what_the_device_writes_once_it_has_told_changes_nothing(void **state)
{
	struct nic *nic = *state;

	open_with(nic, RVL_BACKEND_FRAME);
	for (int i = 0; i < 3; i++) {
		inject(nic, 60);
		await_one(nic, look_while_it_changes);
	}
	assert_int_equal(nic->received, 3);
}

/* RFC 4303, section 2.4: 1, 2, 3... */
static const struct {
	uint8_t trailer[4]; /* behind an inner packet of 44 octets */
	bool good;
} paddings[] = {
	{{1, 2, 2, 4}, true},  {{0, 0, 2, 4}, false}, {{1, 1, 2, 4}, false},
	{{2, 1, 2, 4}, false}, {{1, 3, 2, 4}, false}, {{0xff, 2, 2, 4}, false},
};

#define PADDINGS (sizeof(paddings) / sizeof(paddings[0]))

static void seal_padding(struct packet *pkt, size_t i)
{
	const struct rvl_sa_params out = packet_params(RVL_OUTBOUND);
	uint8_t text[128];
	size_t len = packet_inner(text, 24, 0, false);

	memcpy(text + len, paddings[i].trailer, sizeof(paddings[i].trailer));
	packet_seal(pkt, &out, (uint32_t)i + 1, text, len + sizeof(paddings[i].trailer));
}

/* Make it ESP in UDP (RFC 3948, section 2.1). */
static void packet_in_udp(struct packet *pkt, uint16_t port)
{
	uint8_t p[512] = {0};
	const uint8_t *esp = rvl_buf_data(&pkt->buf) + RVL_IP_HEADER;
	size_t len = pkt->buf.len + 8;

	memcpy(p, rvl_buf_data(&pkt->buf), RVL_IP_HEADER);
	memcpy(p + RVL_IP_HEADER + 8, esp, pkt->buf.len - RVL_IP_HEADER);
	rvl_put_be16(p + 2, (uint16_t)len);
	p[9] = RVL_IP_PROTO_UDP;
	rvl_put_be16(p + 10, 0);
	rvl_put_be16(p + 10, rvl_ip_checksum(p, RVL_IP_HEADER));
	rvl_put_be16(p + RVL_IP_HEADER, port);
	rvl_put_be16(p + RVL_IP_HEADER + 2, RVL_ESP_PORT);
	rvl_put_be16(p + RVL_IP_HEADER + 4, (uint16_t)(len - RVL_IP_HEADER));
	packet_place(pkt, p, len);
}

static void add_inbound(struct nic *nic)
{
	const struct rvl_sa_params in = packet_params(RVL_INBOUND);
	const struct rvl_sa_purpose purpose = {.line = 1, .cpu = RVL_CPU_ANY};
	uint32_t index;

	if (nic->backend->ops->sa_add(nic->backend, &in, &purpose, &index, &nic->error))
		fail_msg("%s", nic->error.text);
}

static void count_verified(void *context, uint8_t *frame, size_t len, uint32_t sa)
{
	struct nic *nic = context;

	(void)frame;
	assert_int_not_equal(sa, RVL_BACKEND_CLEAR);
	assert_int_equal(len, 14 + 44);
	nic->received++;
}

static void wrong_padding_is_dropped_and_counted_by_the_nic(void **state)
{
	static struct packet pkt;
	struct nic *nic = *state;

	open_with(nic, RVL_BACKEND_FRAME);
	add_inbound(nic);
	for (size_t i = 0; i < PADDINGS; i++) {
		seal_padding(&pkt, PADDINGS - 1 - i);
		inject_frame(nic, 0x0800, rvl_buf_data(&pkt.buf), pkt.buf.len);
	}
	await_one(nic, count_verified); /* the good one is the last */
	assert_int_equal(nic->received, 1);
	assert_int_equal(counter(nic, "rx_drop_trailer"), PADDINGS - 1);
}

#define OUTSIDE 3

struct checked {
	struct rvl_inbound *inbound;
	struct nic *nic;
	uint32_t sa;
	size_t accepted;
};

static void check_frame(void *context, uint8_t *frame, size_t len, uint32_t sa)
{
	struct checked *checked = context;

	assert_int_equal(sa, checked->sa);
	checked->nic->received++;
	checked->accepted += rvl_inbound_check(checked->inbound, frame, len, sa);
}

/* outside: its source is another one than the SA has. */
static void seal_from(struct packet *pkt, uint32_t seq, bool outside)
{
	const struct rvl_sa_params out = packet_params(RVL_OUTBOUND);
	uint8_t text[128];
	size_t len = packet_inner(text, 24, 0, false);

	if (outside) {
		text[12] ^= 1;
		rvl_put_be16(text + 10, 0);
		rvl_put_be16(text + 10, rvl_ip_checksum(text, RVL_IP_HEADER));
	}
	memcpy(text + len, paddings[0].trailer, sizeof(paddings[0].trailer));
	packet_seal(pkt, &out, seq, text, len + sizeof(paddings[0].trailer));
}

/* Selectors are seen from here: what arrives is the other way round. */
static struct rvl_selectors selectors_of_inner(void)
{
	struct rvl_selectors s = {.count = 1, .list = {rvl_selector_any(4)}};
	struct rvl_addr src = {.family = 4}, dst = {.family = 4};
	uint8_t text[128];

	packet_inner(text, 24, 0, false);
	memcpy(src.octets, text + 12, 4);
	memcpy(dst.octets, text + 16, 4);
	s.list[0].src = rvl_prefix_of(&dst, 24);
	s.list[0].dst = rvl_prefix_of(&src, 24);
	return s;
}

/* What is outside of its SA, and then what is not, of which as many are verified by the NIC. */
static void bring_from_outside(struct nic *nic, size_t verified, uint64_t by_nic)
{
	const struct rvl_sa_params in = packet_params(RVL_INBOUND);
	const struct rvl_selectors selectors = selectors_of_inner();
	const struct rvl_sa_purpose purpose = {
		.selectors = &selectors, .line = 1, .cpu = RVL_CPU_ANY};
	struct checked checked = {.inbound = rvl_inbound_new(4096), .nic = nic};
	struct rvl_frames *frames;
	struct rvl_sa_stats stats;
	static struct packet pkt;

	open_with(nic, RVL_BACKEND_FRAME);
	frames = nic->backend->frames;
	if (nic->backend->ops->sa_add(nic->backend, &in, &purpose, &checked.sa, &nic->error))
		fail_msg("%s", nic->error.text);
	assert_int_equal(rvl_inbound_set_sa(checked.inbound, checked.sa, &selectors), 0);
	for (uint32_t seq = 1; seq <= OUTSIDE + 1; seq++) {
		seal_from(&pkt, seq, seq <= OUTSIDE);
		inject_frame(nic, 0x0800, rvl_buf_data(&pkt.buf), pkt.buf.len);
	}
	while (!checked.accepted) {
		struct pollfd p = {.fd = frames->fds[0], .events = POLLIN};

		if (frames->ops->poll(frames, check_frame, &checked))
			continue;
		frames->ops->arm(frames);
		assert_int_equal(poll(&p, 1, patience_ms()), 1);
	}
	assert_int_equal(checked.accepted, 1);
	assert_int_equal(nic->received, verified);
	assert_int_equal(rvl_inbound_counters(checked.inbound).drop_selector, verified - 1);
	assert_int_equal(counter(nic, "rx_drop_selectors"), by_nic);
	assert_int_equal(nic->backend->ops->sa_query(nic->backend, RVL_INBOUND, checked.sa, &stats,
						     &nic->error),
			 0);
	assert_int_equal(stats.drop_selectors, by_nic);
	rvl_inbound_free(checked.inbound);
}

static void what_is_outside_of_its_sa_is_dropped_and_counted_by_the_nic(void **state)
{
	bring_from_outside(*state, 1, OUTSIDE);
}

static void what_is_outside_of_its_sa_is_softwares_where_the_nic_does_not_look(void **state)
{
	bring_from_outside(*state, OUTSIDE + 1, 0);
}

/* Wait for an event of the data path's. */
static void await_event(struct nic *nic, struct rvl_backend_event *event)
{
	struct pollfd p = {.fd = nic->backend->event_fd, .events = POLLIN};

	while (!nic->backend->ops->next_event(nic->backend, event))
		assert_int_equal(poll(&p, 1, patience_ms()), 1);
}

static void a_peer_that_a_nat_has_moved_is_told_with_where_it_is(void **state)
{
	const struct rvl_sa_purpose purpose = {.line = 1, .cpu = RVL_CPU_ANY};
	struct rvl_sa_params out = packet_params(RVL_OUTBOUND), in = packet_params(RVL_INBOUND);
	const struct rvl_addr elsewhere = rvl_addr_of_ipv4(0xc6336407);
	struct rvl_backend_event event;
	struct rvl_backend_info info;
	static struct packet pkt;
	struct nic *nic = *state;
	uint32_t index;

	open_with(nic, RVL_BACKEND_FRAME);
	nic->backend->ops->info(nic->backend, &info);
	assert_true(info.abilities.events & RVL_ESP_EVENT_MOVED);
	out.encap = in.encap = true;
	out.src_port = out.dst_port = in.src_port = in.dst_port = RVL_ESP_PORT;
	if (nic->backend->ops->sa_add(nic->backend, &in, &purpose, &index, &nic->error))
		fail_msg("%s", nic->error.text);
	for (uint32_t seq = 1; seq <= 3; seq++) {
		uint8_t text[48];
		size_t len = packet_inner(text, 24, 0, false);

		if (seq == 2) {
			out.src = elsewhere;
			out.src_port = 1027;
		}
		memcpy(text + len, paddings[0].trailer, sizeof(paddings[0].trailer));
		packet_seal(&pkt, &out, seq, text, len + sizeof(paddings[0].trailer));
		packet_in_udp(&pkt, out.src_port);
		inject_frame(nic, 0x0800, rvl_buf_data(&pkt.buf), pkt.buf.len);
		await_one(nic, count_verified);
	}
	await_event(nic, &event);
	assert_int_equal(event.events, RVL_ESP_EVENT_MOVED);
	assert_int_equal(event.direction, RVL_INBOUND);
	assert_int_equal(event.index, index);
	assert_int_equal(event.spi, in.spi);
	assert_true(rvl_addr_equal(&event.src, &elsewhere));
	assert_int_equal(event.src_port, 1027);
	assert_int_equal(nic->backend->ops->next_event(nic->backend, &event), 0);
}

static void wrong_padding_is_dropped_and_counted_by_software(void **state)
{
	const struct rvl_soft_config config = {.max_frame = WIRE, .sas = 4, .policies = 4};
	static struct packet pkt;
	uint8_t octets[512] = {0};
	struct nic nic = {0};

	(void)state;
	if (rvl_backend_soft_open(&config, &nic.backend, &nic.error))
		fail_msg("%s", nic.error.text);
	add_inbound(&nic);
	for (size_t i = 0; i < PADDINGS; i++) {
		struct rvl_buf frame = {octets, sizeof(octets), 64, 0};

		seal_padding(&pkt, i);
		rvl_put_be16(octets + 64 + 12, 0x0800);
		memcpy(octets + 64 + 14, rvl_buf_data(&pkt.buf), pkt.buf.len);
		frame.len = 14 + pkt.buf.len;
		assert_int_equal(rvl_soft_unprotect(nic.backend, &frame).verdict,
				 paddings[i].good ? RVL_ENGINE_DONE : RVL_ENGINE_DROP);
		assert_int_equal(counter(&nic, "rx_drop_padding"), i);
	}
	nic.backend->ops->close(nic.backend);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(nic_of_smaller_frames_sends_those_that_it_takes),
		TEST(wire_of_larger_frames_than_the_nic_takes_is_refused),
		TEST(nic_of_larger_frames_gives_what_we_take),
		TEST(what_the_device_writes_once_it_has_told_changes_nothing),
		TEST(wrong_padding_is_dropped_and_counted_by_the_nic),
		TEST(a_peer_that_a_nat_has_moved_is_told_with_where_it_is),
		TEST(what_is_outside_of_its_sa_is_dropped_and_counted_by_the_nic),
		cmocka_unit_test_setup_teardown(
			what_is_outside_of_its_sa_is_softwares_where_the_nic_does_not_look,
			begin_without_selectors, end),
		cmocka_unit_test(wrong_padding_is_dropped_and_counted_by_software),
	};

	(void)argc;
	simulator_find(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
