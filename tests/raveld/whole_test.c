// SPDX-License-Identifier: BSD-2-Clause
/*
 * IKE messages that are to leave in one packet, whatever the host's kernel did with them; and what
 * is known of paths by that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/fragment.h"
#include "host/esp/ip.h"
#include "host/sa/backend.h"
#include "host/sa/fit.h"
#include "host/sa/own_ike.h"

enum { L2 = 14, PORT = 500, PORT_NATT = 4500, NETDEV = 1300, PARTS_MAX = 16 };

struct bed {
	struct rvl_inbound *inbound;
	struct rvl_own_ike *own;
	uint8_t header[RVL_OWN_IKE_HEADER];
};

struct parts {
	unsigned count;
	size_t len[PARTS_MAX];
	uint8_t frame[PARTS_MAX][RVL_BACKEND_FRAME];
};

static int begin(void **state)
{
	static const uint16_t ports[2] = {PORT, PORT_NATT};
	struct bed *bed = calloc(1, sizeof(*bed));

	bed->inbound = rvl_inbound_new(1);
	bed->own = rvl_own_ike_new(NULL, bed->inbound, ports);
	for (unsigned i = 0; i < sizeof(bed->header); i++)
		bed->header[i] = (uint8_t)(i + 1);
	*state = bed;
	return !bed->own;
}

static int end(void **state)
{
	struct bed *bed = *state;

	rvl_own_ike_free(bed->own);
	rvl_inbound_free(bed->inbound);
	free(bed);
	return 0;
}

/* A packet of so many octets with the message, and octets of a pattern behind its header. */
static void make(const struct bed *bed, bool ipv6, uint16_t port, uint8_t *p, size_t len)
{
	size_t head = ipv6 ? 40 : 20, at = head + 8;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 7 + (i >> 8));
	memset(p, 0, at + 4);
	if (ipv6) {
		p[0] = 0x60;
		rvl_put_be16(p + 4, (uint16_t)(len - head));
		p[6] = 17;
		p[8] = 0x20;
		p[24] = 0x20;
	} else {
		p[0] = 0x45;
		rvl_put_be16(p + 2, (uint16_t)len);
		rvl_put_be16(p + 4, 4711);
		p[8] = 64;
		p[9] = 17;
		memcpy(p + 12, (uint8_t[]){192, 0, 2, 1, 192, 0, 2, 2}, 8);
		rvl_put_be16(p + 10, rvl_ip_checksum(p, head));
	}
	rvl_put_be16(p + head, port);
	rvl_put_be16(p + head + 2, port);
	rvl_put_be16(p + head + 4, (uint16_t)(len - head));
	memcpy(p + at + (port == PORT_NATT ? 4 : 0), bed->header, sizeof(bed->header));
}

static int add_part(void *context, const uint8_t *packet, size_t len)
{
	struct parts *parts = context;
	uint8_t *frame = parts->frame[parts->count];

	memset(frame, 0, L2);
	rvl_put_be16(frame + 12, packet[0] >> 4 == 4 ? 0x0800 : 0x86dd);
	memcpy(frame + L2, packet, len);
	parts->len[parts->count++] = L2 + len;
	return 0;
}

/* As the kernel sends it on a netdev that takes less, or more. */
static struct parts *send_over(size_t mtu, const uint8_t *p, size_t len)
{
	struct parts *parts = calloc(1, sizeof(*parts));

	if (len <= mtu)
		add_part(parts, p, len);
	else
		assert_int_equal(rvl_fragment(p, len, mtu, 4711, add_part, parts), 0);
	return parts;
}

/* The same packet, which nobody may cut. */
static void assert_whole(const uint8_t *frame, size_t len, const uint8_t *p, size_t expected)
{
	bool ipv4 = p[0] >> 4 == 4;

	assert_int_equal(len, L2 + expected);
	assert_int_equal(frame[L2] >> 4, p[0] >> 4);
	assert_memory_equal(frame + L2 + 20, p + 20, expected - 20);
	if (!ipv4)
		return;
	assert_int_equal(rvl_get_be16(frame + L2 + 2), expected);
	assert_int_equal(rvl_get_be16(frame + L2 + 6), 0x4000);
	assert_int_equal(rvl_ip_checksum(frame + L2, 20), 0);
}

static void what_is_awaited_leaves_whole(void **state)
{
	static const size_t sizes[] = {600, 1300, 1301, 1500, 4000, 9000};
	struct bed *bed = *state;

	for (unsigned i = 0; i < 4 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		const size_t len = sizes[i / 4];
		uint8_t packet[RVL_BACKEND_FRAME];
		struct parts *parts;

		make(bed, i & 1, i & 2 ? PORT_NATT : PORT, packet, len);
		parts = send_over(NETDEV, packet, len);
		assert_true(rvl_own_ike_await(bed->own, bed->header, RVL_OWN_IKE_WHOLE, 1000 + i));
		for (unsigned k = 0; k < parts->count; k++) {
			bool last = k + 1 == parts->count;

			assert_int_equal(rvl_own_ike_take(bed->own, parts->frame[k], &parts->len[k],
							  1000 + i),
					 last ? RVL_OWN_IKE_TO_SEND : RVL_OWN_IKE_HELD);
			if (last)
				assert_whole(parts->frame[k], parts->len[k], packet, len);
		}
		free(parts);
	}
}

/* What is to be cut is put together, and not marked. */
static void what_is_to_be_cut_is_put_together_first(void **state)
{
	struct bed *bed = *state;
	uint8_t packet[1500];

	for (unsigned i = 0; i < 2; i++) {
		struct parts *parts;
		unsigned last;

		make(bed, i, PORT, packet, sizeof(packet));
		parts = send_over(NETDEV, packet, sizeof(packet));
		last = parts->count - 1;
		assert_true(rvl_own_ike_await(bed->own, bed->header, RVL_OWN_IKE_CUT, 1000));
		for (unsigned k = 0; k <= last; k++)
			assert_int_equal(
				rvl_own_ike_take(bed->own, parts->frame[k], &parts->len[k], 1000),
				k == last ? RVL_OWN_IKE_TO_CUT : RVL_OWN_IKE_HELD);
		assert_int_equal(parts->len[last], L2 + sizeof(packet));
		assert_memory_equal(parts->frame[last] + L2 + 20, packet + 20, sizeof(packet) - 20);
		free(parts);
	}
}

static void nothing_else_is_touched(void **state)
{
	struct bed *bed = *state;
	uint8_t packet[1500], before[RVL_BACKEND_FRAME];

	for (unsigned i = 0; i < 4; i++) {
		const size_t len = i & 1 ? 1500 : 700;
		struct parts *parts;

		make(bed, false, i & 2 ? 4444 : PORT, packet, len);
		parts = send_over(NETDEV, packet, len);
		/* Another message, or another port. */
		bed->header[23] ^= (i & 2) == 0;
		assert_true(rvl_own_ike_await(bed->own, bed->header, RVL_OWN_IKE_WHOLE, 1000));
		bed->header[23] ^= (i & 2) == 0;
		for (unsigned k = 0; k < parts->count; k++) {
			size_t was = parts->len[k];

			memcpy(before, parts->frame[k], was);
			assert_int_equal(
				rvl_own_ike_take(bed->own, parts->frame[k], &parts->len[k], 1000),
				RVL_OWN_IKE_ELSE);
			assert_int_equal(parts->len[k], was);
			assert_memory_equal(parts->frame[k], before, was);
		}
		free(parts);
	}
}

/* The same once more is no longer awaited. */
static void each_is_kept_whole_once(void **state)
{
	struct bed *bed = *state;
	uint8_t packet[700];

	make(bed, false, PORT, packet, sizeof(packet));
	assert_true(rvl_own_ike_await(bed->own, bed->header, RVL_OWN_IKE_WHOLE, 1000));
	for (unsigned i = 0; i < 2; i++) {
		struct parts *parts = send_over(NETDEV, packet, sizeof(packet));

		assert_int_equal(rvl_own_ike_take(bed->own, parts->frame[0], &parts->len[0], 1000),
				 i ? RVL_OWN_IKE_ELSE : RVL_OWN_IKE_TO_SEND);
		free(parts);
	}
}

/* Rather none than one that may be cut. */
static void of_too_many_the_last_is_refused(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i < RVL_OWN_IKE_AWAITED; i++) {
		rvl_put_be16(bed->header, (uint16_t)i);
		assert_true(rvl_own_ike_await(bed->own, bed->header, RVL_OWN_IKE_WHOLE, 1000));
	}
	assert_false(rvl_own_ike_await(bed->own, bed->header, RVL_OWN_IKE_CUT,
				       1000 + RVL_OWN_IKE_AWAITED_MS - 1));
	assert_true(rvl_own_ike_await(bed->own, bed->header, RVL_OWN_IKE_CUT,
				      1000 + RVL_OWN_IKE_AWAITED_MS));
}

/* ---- What is known of a path */

static const struct rvl_addr peer = {4, {192, 0, 2, 2}}, other = {4, {192, 0, 2, 3}};

static bool no_sa(void *context, uint32_t index, struct rvl_sa_params *params)
{
	(void)context;
	(void)index;
	(void)params;
	return false;
}

static struct rvl_fit *fit_of(size_t link)
{
	struct rvl_fit *fit = rvl_fit_new(NULL, no_sa, NULL);

	rvl_fit_set_link(fit, link, false);
	return fit;
}

#define NOTHING UINT32_MAX

/* For a second. */
static bool set(struct rvl_fit *fit, size_t mtu, size_t lost, uint64_t now_ms)
{
	return rvl_fit_set(fit, &peer, mtu, lost, now_ms, 1000);
}

/* Two that ask about one path, each from its beginning. */
static void who_knows_less_of_a_path_leaves_what_is_known(void **state)
{
	struct rvl_fit *fit = fit_of(1500);

	(void)state;
	assert_true(set(fit, 1200, 1500, 0));
	assert_true(set(fit, 1400, 1500, 0));
	assert_false(set(fit, 1400, 1416, 0));	 /* it is over */
	assert_false(set(fit, 1200, 1500, 100)); /* the other one has begun */
	assert_false(set(fit, 1392, 1408, 100)); /* and found it by other steps */
	assert_int_equal(rvl_fit_path(fit, &peer, 999), 1400);
	assert_int_equal(rvl_fit_path(fit, &peer, 1000), 1500); /* who had found it has gone */
	assert_true(set(fit, 1392, 1408, 1000));
	assert_true(set(fit, 1200, 1392, 1100)); /* it takes less now */
	assert_int_equal(rvl_fit_path(fit, &peer, 1100), 1200);
	assert_true(set(fit, 1500, NOTHING, 1200));  /* all */
	assert_false(set(fit, 1200, NOTHING, 1200)); /* who hasn't tried more doesn't know */
	assert_int_equal(rvl_fit_path(fit, &peer, 1200), 1500);
	rvl_fit_free(fit);
}

static void what_a_probe_shows_is_known_for_a_while(void **state)
{
	struct rvl_fit *fit = fit_of(1500);

	(void)state;
	assert_false(set(fit, 1500, NOTHING, 0)); /* nothing new */
	assert_true(set(fit, 1400, 1416, 0));
	assert_false(set(fit, 1400, NOTHING, 500));
	assert_int_equal(rvl_fit_path(fit, &peer, 1499), 1400);
	assert_int_equal(rvl_fit_path(fit, &other, 1499), 1500);
	assert_int_equal(rvl_fit_path(fit, &peer, 1500), 1500);
	assert_true(set(fit, 1280, 1300, 2000));
	assert_true(set(fit, 1450, NOTHING, 2000)); /* it may be more again */
	assert_int_equal(rvl_fit_path(fit, &peer, 2000), 1450);
	assert_true(set(fit, 1600, NOTHING, 2000)); /* not more than the link takes */
	assert_int_equal(rvl_fit_path(fit, &peer, 2000), 1500);
	rvl_fit_free(fit);
}

/* Whoever speaks last. */
static void routers_and_probes_contradict_each_other(void **state)
{
	const struct rvl_fit_hint hint = {.remote = peer, .mtu = 1300};
	struct rvl_fit *fit = fit_of(1500);

	(void)state;
	assert_true(rvl_fit_set(fit, &peer, 1400, 1416, 0, UINT32_MAX));
	assert_int_equal(rvl_fit_learn(fit, &hint, 0), 1300);
	assert_int_equal(rvl_fit_path(fit, &peer, RVL_FIT_MS - 1), 1300);
	assert_true(rvl_fit_set(fit, &peer, 1400, NOTHING, 0, UINT32_MAX));
	assert_int_equal(rvl_fit_path(fit, &peer, 2 * RVL_FIT_MS), 1400);
	rvl_fit_free(fit);
}

static void refreshed_path_has_one_place_and_never_more_than_the_link(void **state)
{
	struct rvl_fit *fit = fit_of(1500);

	(void)state;
	assert_false(set(fit, 1600, NOTHING, 0)); /* the link takes no more */
	assert_true(rvl_fit_set(fit, &other, 1300, 1400, 0, UINT32_MAX));
	assert_true(set(fit, 1400, 1416, 0));
	for (uint64_t now = 1; now <= RVL_FIT_PATHS; now++)
		assert_false(set(fit, 1400, NOTHING, now));
	assert_int_equal(rvl_fit_path(fit, &other, RVL_FIT_PATHS), 1300);
	assert_int_equal(rvl_fit_path(fit, &peer, 1000 + RVL_FIT_PATHS - 1), 1400);
	/* What takes as much as the link takes as much as another one. */
	assert_true(set(fit, 1500, NOTHING, 1000));
	rvl_fit_set_link(fit, 1600, false);
	assert_int_equal(rvl_fit_path(fit, &peer, 1000), 1600);
	rvl_fit_free(fit);
}

/* A data path of one policy, which leads to one SA. */
static void one_info(struct rvl_backend *backend, struct rvl_backend_info *info)
{
	(void)backend;
	*info = (struct rvl_backend_info){.policies = 1};
}

static int one_policy_set(struct rvl_backend *backend, const struct rvl_policy *policy,
			  const struct rvl_scopes *scopes, uint32_t *index,
			  struct rvl_backend_error *error)
{
	(void)backend;
	(void)policy;
	(void)scopes;
	(void)error;
	*index = 0;
	return 0;
}

static const struct rvl_sa_params one = {
	.inner = RVL_FAMILY_IPV4,
	.src = {4, {192, 0, 2, 1}},
	.dst = {4, {192, 0, 2, 2}},
	.encr = IKE_ENCR_AES_GCM_16,
	.encr_key_len = 32,
};

static bool one_sa(void *context, uint32_t index, struct rvl_sa_params *params)
{
	(void)context;
	*params = one;
	return index == 0;
}

/* With DF, from 10.1.0.1 to 10.2.0.1. */
static enum rvl_fit_verdict verdict(struct rvl_fit *fit, size_t len, uint64_t now_ms)
{
	static uint8_t frame[14 + 1500];
	struct rvl_fit_limit limit;

	memset(frame, 0, sizeof(frame));
	rvl_put_be16(frame + 12, 0x0800);
	frame[14] = 0x45;
	rvl_put_be16(frame + 16, (uint16_t)len);
	rvl_put_be16(frame + 20, 0x4000);
	frame[22] = 64;
	frame[23] = RVL_IP_PROTO_UDP;
	rvl_put_be32(frame + 26, 0x0a010001);
	rvl_put_be32(frame + 30, 0x0a020001);
	rvl_put_be16(frame + 38, (uint16_t)(len - 20));
	rvl_put_be16(frame + 24, rvl_ip_checksum(frame + 14, 20));
	return rvl_fit_tx(fit, frame, 14 + len, now_ms, &limit);
}

/* What a probe has shown counts for the next frame, not only for who asks about the path. */
static void frames_are_held_against_what_a_probe_has_shown(void **state)
{
	const struct rvl_backend_ops ops = {.info = one_info, .policy_set = one_policy_set};
	const struct rvl_policy policy = {.action = RVL_PROTECT, .selector = rvl_selector_any(4)};
	struct rvl_backend backend = {.ops = &ops};
	struct rvl_scope_table *scopes = rvl_scope_table_new();
	struct rvl_policies *policies = rvl_policies_new(&backend, scopes);
	struct rvl_fit *fit = rvl_fit_new(policies, one_sa, NULL);
	struct rvl_backend_error error = {""};
	uint32_t index = RVL_BACKEND_ANY;

	(void)state;
	assert_int_equal(rvl_policies_set(policies, &policy, &index, &error), 0);
	rvl_fit_set_link(fit, 1500, false);
	rvl_fit_add_sa(fit, &one);
	assert_int_equal(verdict(fit, 1300, 0), RVL_FIT_PASS);
	assert_int_equal(verdict(fit, 1490, 0), RVL_FIT_TELL);
	assert_true(set(fit, 1200, 1300, 0));
	assert_int_equal(verdict(fit, 1300, 0), RVL_FIT_TELL);
	assert_int_equal(verdict(fit, 1100, 0), RVL_FIT_PASS);
	assert_true(set(fit, 1450, NOTHING, 0));
	assert_int_equal(verdict(fit, 1300, 0), RVL_FIT_PASS);
	assert_int_equal(verdict(fit, 1420, 0), RVL_FIT_TELL);
	assert_int_equal(verdict(fit, 1420, 1000), RVL_FIT_PASS);
	rvl_fit_free(fit);
	rvl_policies_free(policies);
	rvl_scope_table_free(scopes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_awaited_leaves_whole, begin, end),
		cmocka_unit_test_setup_teardown(what_is_to_be_cut_is_put_together_first, begin,
						end),
		cmocka_unit_test_setup_teardown(nothing_else_is_touched, begin, end),
		cmocka_unit_test_setup_teardown(each_is_kept_whole_once, begin, end),
		cmocka_unit_test_setup_teardown(of_too_many_the_last_is_refused, begin, end),
		cmocka_unit_test(what_a_probe_shows_is_known_for_a_while),
		cmocka_unit_test(refreshed_path_has_one_place_and_never_more_than_the_link),
		cmocka_unit_test(frames_are_held_against_what_a_probe_has_shown),
		cmocka_unit_test(who_knows_less_of_a_path_leaves_what_is_known),
		cmocka_unit_test(routers_and_probes_contradict_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
