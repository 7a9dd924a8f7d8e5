// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/ipsec/ipsec_bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench_frame {
	struct bench_frame *next;
	struct rvl_engine_result result;
	size_t len;
	uint8_t data[];
};

/* Counters of the block and of the model: drops by reason. */
static const struct {
	unsigned int counter;
	enum rvl_drop drop;
} tx_drops[] =
	{
		{RVL_CNT_TX_DROP_MALFORMED, RVL_DROP_MALFORMED},
		{RVL_CNT_TX_DROP_POLICY, RVL_DROP_POLICY},
		{RVL_CNT_TX_DROP_NO_SA, RVL_DROP_NO_SA},
		{RVL_CNT_TX_DROP_SEQ, RVL_DROP_SEQUENCE},
		{RVL_CNT_TX_DROP_LIFETIME, RVL_DROP_LIFETIME},
		{RVL_CNT_TX_DROP_TOO_BIG, RVL_DROP_TOO_BIG},
		{RVL_CNT_TX_DROP_PARITY, RVL_DROP_NONE},
		{RVL_CNT_TX_DROP_FRAGMENT, RVL_DROP_FRAGMENT},
		{RVL_CNT_TX_DROP_HEADERS, RVL_DROP_NONE},
		{RVL_CNT_TX_DROP_STALLED, RVL_DROP_NONE},
},
  rx_drops[] = {
	  {RVL_CNT_RX_DROP_CHECKSUM, RVL_DROP_CHECKSUM},
	  {RVL_CNT_RX_DROP_MALFORMED, RVL_DROP_MALFORMED},
	  {RVL_CNT_RX_DROP_REPLAY, RVL_DROP_REPLAY},
	  {RVL_CNT_RX_DROP_WINDOW, RVL_DROP_WINDOW},
	  {RVL_CNT_RX_DROP_ICV, RVL_DROP_ICV},
	  {RVL_CNT_RX_DROP_TRAILER, RVL_DROP_TRAILER},
	  {RVL_CNT_RX_DROP_DUMMY, RVL_DROP_DUMMY},
	  {RVL_CNT_RX_DROP_INNER, RVL_DROP_INNER},
	  {RVL_CNT_RX_DROP_ECN, RVL_DROP_ECN},
	  {RVL_CNT_RX_DROP_LIFETIME, RVL_DROP_LIFETIME},
	  {RVL_CNT_RX_DROP_PARITY, RVL_DROP_NONE},
	  {RVL_CNT_RX_DROP_SELECTORS, RVL_DROP_NONE},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void bench_fail(struct bench *b, const char *file, int line, const char *format, ...)
{
	va_list args;

	if (b->failed)
		return;
	b->failed = true;
	printf("# %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

static void model_new(struct bench *b)
{
	struct rvl_engine_config config = {
		.outbound_sas = BENCH_SAS,
		.inbound_sas = BENCH_SAS,
		.policies = BENCH_POLICIES,
		.ipv6 = true,
		.ah = true,
	};

	b->model = rvl_engine_new(&config);
	memset(&b->counted, 0, sizeof(b->counted));
}

void bench_new(struct bench *b, uint64_t seed)
{
	memset(b, 0, sizeof(*b));
	b->random.state = seed * 0x9e3779b97f4a7c15ull | 1;
	for (int i = 0; i < 8; i++)
		peer_u32(&b->random);
	b->dut = ipsec_dut_new(seed);
	if (!b->dut) {
		printf("Bail out! the block does not get ready\n");
		exit(1);
	}
	b->port_tail = &b->port_head;
	b->host_tail = &b->host_head;
	model_new(b);
}

static void drop_list(struct bench_frame **head, struct bench_frame ***tail)
{
	while (*head) {
		struct bench_frame *frame = *head;

		*head = frame->next;
		free(frame);
	}
	*tail = head;
}

void bench_free(struct bench *b)
{
	drop_list(&b->port_head, &b->port_tail);
	drop_list(&b->host_head, &b->host_tail);
	rvl_engine_free(b->model);
	ipsec_dut_free(b->dut);
}

void bench_reset(struct bench *b)
{
	drop_list(&b->port_head, &b->port_tail);
	drop_list(&b->host_head, &b->host_tail);
	rvl_engine_free(b->model);
	model_new(b);
	CHECK(b, ipsec_dut_reset(b->dut));
	for (unsigned int i = 0; i < RVL_CNT_NUM; i++)
		b->base[i] = ipsec_dut_counter(b->dut, i);
}

unsigned int bench_command(struct bench *b, const void *cmd)
{
	ipsec_dut_command(b->dut, cmd);
	if (!ipsec_dut_wait(b->dut, BENCH_CYCLES)) {
		bench_fail(b, __FILE__, __LINE__, "a command does not complete");
		return 255;
	}
	ipsec_dut_take_response(b->dut, &b->response);
	return b->response.status;
}

void bench_sa_add(struct bench *b, uint16_t index, const struct rvl_sa_params *params)
{
	struct rvl_cmd cmd = peer_sa_add(index, params);

	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	CHECK_EQ(b, rvl_engine_sa_add(b->model, index, params, 0), 0);
}

void bench_sa_delete(struct bench *b, bool inbound, uint16_t index)
{
	struct rvl_cmd cmd = peer_sa_command(RVL_CMD_OP_SA_DELETE, inbound, index);

	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	rvl_engine_sa_delete(b->model, inbound ? RVL_INBOUND : RVL_OUTBOUND, index);
}

void bench_policy(struct bench *b, uint16_t index, const struct rvl_policy *policy)
{
	struct rvl_cmd_policy cmd = peer_policy_set(index, policy);

	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	CHECK_EQ(b, rvl_engine_policy_set(b->model, index, policy), 0);
}

static void expect(struct bench_frame ***tail, const struct rvl_buf *buf,
		   const struct rvl_engine_result *result)
{
	struct bench_frame *frame = malloc(sizeof(*frame) + buf->len);

	frame->next = NULL;
	frame->result = *result;
	frame->len = buf->len;
	memcpy(frame->data, rvl_buf_data(buf), buf->len);
	**tail = frame;
	*tail = &frame->next;
}

struct rvl_engine_result bench_tx(struct bench *b, const uint8_t *data, size_t len, int sa)
{
	uint8_t octets[PEER_FRAME_MAX + RVL_ESP_HEADROOM + RVL_ESP_TAILROOM];
	struct rvl_buf buf = {octets, sizeof(octets), RVL_ESP_HEADROOM, len};
	struct rvl_engine_result result;

	ipsec_dut_host(b->dut, data, len, sa);
	memcpy(rvl_buf_data(&buf), data, len);
	result = rvl_engine_tx(b->model, 0, &buf,
			       sa == IPSEC_DUT_NO_SA ? RVL_ENGINE_NO_SA : (uint16_t)sa);
	if (result.verdict != RVL_ENGINE_DROP)
		expect(&b->port_tail, &buf, &result);
	return result;
}

struct rvl_engine_result bench_rx(struct bench *b, const uint8_t *data, size_t len)
{
	uint8_t octets[PEER_FRAME_MAX];
	struct rvl_buf buf = {octets, sizeof(octets), 0, len};
	struct rvl_engine_result result;

	ipsec_dut_wire(b->dut, data, len, false);
	memcpy(octets, data, len);
	result = rvl_engine_rx(b->model, 0, &buf);
	if (result.verdict != RVL_ENGINE_DROP)
		expect(&b->host_tail, &buf, &result);
	return result;
}

static void compare_frame(struct bench *b, const char *side, uint64_t number,
			  const struct bench_frame *should, const struct ipsec_dut_frame *is)
{
	if (is->len != should->len) {
		bench_fail(b, __FILE__, __LINE__, "%s frame %llu: %zu octets, not %zu", side,
			   (unsigned long long)number, is->len, should->len);
		return;
	}
	for (size_t i = 0; i < is->len; i++) {
		if (is->data[i] == should->data[i])
			continue;
		bench_fail(b, __FILE__, __LINE__,
			   "%s frame %llu of %zu: octet %zu is %02x, not %02x", side,
			   (unsigned long long)number, is->len, i, is->data[i], should->data[i]);
		return;
	}
}

static void compare_port(struct bench *b)
{
	while (ipsec_dut_take_port(b->dut, &b->last_port)) {
		struct bench_frame *should = b->port_head;

		b->sent++;
		if (b->loose)
			continue;
		if (!should) {
			bench_fail(b, __FILE__, __LINE__, "a frame too many to the port");
			break;
		}
		compare_frame(b, "port", b->sent, should, &b->last_port);
		b->port_head = should->next;
		free(should);
	}
	if (b->port_head && !b->loose && !b->failed)
		bench_fail(b, __FILE__, __LINE__, "frames are missing at the port");
	drop_list(&b->port_head, &b->port_tail);
}

static void compare_host(struct bench *b)
{
	while (ipsec_dut_take_host(b->dut, &b->last_host)) {
		struct bench_frame *should = b->host_head;
		bool decrypted;

		b->received++;
		if (b->loose)
			continue;
		if (!should) {
			bench_fail(b, __FILE__, __LINE__, "a frame too many to the host");
			break;
		}
		decrypted = should->result.verdict == RVL_ENGINE_DONE;
		compare_frame(b, "host", b->received, should, &b->last_host);
		CHECK_EQ(b, b->last_host.decrypted, decrypted);
		CHECK_EQ(b, b->last_host.udp, decrypted && should->result.encap);
		CHECK_EQ(b, b->last_host.sa, decrypted ? should->result.sa : 0);
		b->host_head = should->next;
		free(should);
	}
	if (b->host_head && !b->loose)
		bench_fail(b, __FILE__, __LINE__, "frames are missing at the host");
	drop_list(&b->host_head, &b->host_tail);
}

uint64_t bench_count(struct bench *b, unsigned int counter)
{
	return ipsec_dut_counter(b->dut, counter) - b->base[counter];
}

/* The model tells padding apart from the rest of the trailer. */
static uint64_t model_rx_drops(const struct rvl_engine_counters *c, enum rvl_drop drop)
{
	return c->rx_drops[drop] + (drop == RVL_DROP_TRAILER ? c->rx_drops[RVL_DROP_PADDING] : 0);
}

static void compare_counters(struct bench *b)
{
	const struct rvl_engine_counters *now = rvl_engine_counters(b->model);
	const struct rvl_engine_counters *then = &b->counted;
	uint64_t drops = 0;

	for (size_t i = 0; i < COUNT(tx_drops); i++) {
		uint64_t n = now->tx_drops[tx_drops[i].drop] - then->tx_drops[tx_drops[i].drop];

		drops += bench_count(b, tx_drops[i].counter);
		if (bench_count(b, tx_drops[i].counter) != n && !b->loose)
			bench_fail(b, __FILE__, __LINE__, "tx drops, %s: %llu, not %llu",
				   rvl_drop_name(tx_drops[i].drop),
				   (unsigned long long)bench_count(b, tx_drops[i].counter),
				   (unsigned long long)n);
	}
	CHECK_EQ(b, bench_count(b, RVL_CNT_TX_BYPASS) + bench_count(b, RVL_CNT_TX_PROTECTED),
		 b->sent);
	if (!b->loose) {
		CHECK_EQ(b, bench_count(b, RVL_CNT_TX_BYPASS), now->tx_bypass - then->tx_bypass);
		CHECK_EQ(b, bench_count(b, RVL_CNT_TX_PROTECTED),
			 now->tx_protected - then->tx_protected);
		CHECK_EQ(b, b->sent + drops, now->tx_frames - then->tx_frames);
	}
	drops = bench_count(b, RVL_CNT_RX_DROP_DISABLED) + bench_count(b, RVL_CNT_RX_DROP_PORT);
	for (size_t i = 0; i < COUNT(rx_drops); i++) {
		uint64_t n = model_rx_drops(now, rx_drops[i].drop) -
			     model_rx_drops(then, rx_drops[i].drop);

		drops += bench_count(b, rx_drops[i].counter);
		if (bench_count(b, rx_drops[i].counter) != n && !b->loose)
			bench_fail(b, __FILE__, __LINE__, "rx drops, %s: %llu, not %llu",
				   rvl_drop_name(rx_drops[i].drop),
				   (unsigned long long)bench_count(b, rx_drops[i].counter),
				   (unsigned long long)n);
	}
	CHECK_EQ(b, b->received + drops, bench_count(b, RVL_CNT_RX_FRAMES));
	if (!b->loose) {
		CHECK_EQ(b, bench_count(b, RVL_CNT_RX_FRAMES), now->rx_frames - then->rx_frames);
		CHECK_EQ(b, bench_count(b, RVL_CNT_RX_BYTES), now->rx_bytes - then->rx_bytes);
		CHECK_EQ(b, bench_count(b, RVL_CNT_RX_SA_MISS), now->rx_sa_miss - then->rx_sa_miss);
		CHECK_EQ(b, bench_count(b, RVL_CNT_RX_FRAGMENT),
			 now->rx_fragment - then->rx_fragment);
	}
}

void bench_settle(struct bench *b)
{
	b->sent = 0;
	b->received = 0;
	if (!ipsec_dut_run(b->dut, BENCH_CYCLES))
		bench_fail(b, __FILE__, __LINE__, "the block does not come to rest");
	compare_port(b);
	compare_host(b);
	compare_counters(b);
	b->counted = *rvl_engine_counters(b->model);
	for (unsigned int i = 0; i < RVL_CNT_NUM; i++)
		b->base[i] = ipsec_dut_counter(b->dut, i);
	if (ipsec_dut_fault(b->dut))
		bench_fail(b, __FILE__, __LINE__, "%s", ipsec_dut_fault(b->dut));
}

void bench_query(struct bench *b, bool inbound, uint16_t index)
{
	struct rvl_esp_sa *sa =
		rvl_engine_sa(b->model, inbound ? RVL_INBOUND : RVL_OUTBOUND, index);
	const struct rvl_esp_counters should = rvl_esp_sa_counters(sa);
	struct rvl_cmd cmd = peer_sa_command(RVL_CMD_OP_SA_QUERY, inbound, index);
	const struct rvl_cmd_cpl *is = &b->response;

	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	CHECK_EQ(b, is->packets, should.packets);
	CHECK_EQ(b, is->bytes, should.bytes);
	CHECK_EQ(b, is->seq, rvl_esp_sa_seq(sa));
	CHECK_EQ(b, is->drop_icv, should.drops[RVL_DROP_ICV]);
	CHECK_EQ(b, is->drop_replay, should.drops[RVL_DROP_REPLAY] + should.drops[RVL_DROP_WINDOW]);
	CHECK_EQ(b, is->drop_format,
		 should.drops[RVL_DROP_TRAILER] + should.drops[RVL_DROP_PADDING] +
			 should.drops[RVL_DROP_INNER] + should.drops[RVL_DROP_ECN]);
	CHECK_EQ(b, is->drop_limit,
		 should.drops[RVL_DROP_LIFETIME] + should.drops[RVL_DROP_SEQUENCE]);
}
