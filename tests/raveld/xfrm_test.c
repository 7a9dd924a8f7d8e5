// SPDX-License-Identifier: BSD-2-Clause
/* Policies of the kernel's IPsec, in a network namespace of each test. SAs are the guests' to try.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/sa/xfrm_arrivals.h"
#include "host/sa/xfrm_notice.h"
#include "host/sa/xfrm_policies.h"

#define OURS rvl_prefix_ipv4(0x0a010000, 16)   /* 10.1.0.0/16 */
#define THEIRS rvl_prefix_ipv4(0x0a020000, 16) /* 10.2.0.0/16 */

struct bed {
	struct xfrm_netlink *netlink;
	struct xfrm_tags tags;
	struct xfrm_leftovers *leftovers;
	struct xfrm_policies *policies;
	struct xfrm_arrivals *arrivals;
	struct rvl_scope scope; /* of packets: an if_id, and a mark's value */
};

/* Numbers of scopes: */
enum { NO_SCOPE, IF_ID_5, IF_ID_6, MARK_7, SCOPES };

static const struct rvl_scopes scopes[SCOPES] = {
	[IF_ID_5] = {{.if_id = 5}, {.if_id = 5}},
	[IF_ID_6] = {{.if_id = 60}, {.if_id = 6}},
	[MARK_7] = {{.mark = {0x70, 0xff}}, {.mark = {7, 0xf}}},
};

static void begin(struct bed *bed)
{
	*bed = (struct bed){.tags.indices.most = 1024};
	assert_int_equal(xfrm_netlink_open(&bed->netlink), 0);
	assert_int_equal(xfrm_leftovers_take(bed->netlink, &bed->leftovers, &bed->tags.first), 0);
	bed->policies = xfrm_policies_new(bed->netlink, &bed->tags, bed->leftovers, 64);
	bed->arrivals = xfrm_arrivals_new(bed->netlink, &bed->tags);
	assert_non_null(bed->policies);
	assert_non_null(bed->arrivals);
}

static void end(struct bed *bed)
{
	xfrm_policies_free(bed->policies);
	xfrm_arrivals_free(bed->arrivals);
	xfrm_leftovers_free(bed->leftovers);
	rvl_indices_free(&bed->tags.indices);
	xfrm_netlink_close(bed->netlink);
}

static int set_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	if (!bed || unshare(CLONE_NEWNET))
		return -1;
	begin(bed);
	*state = bed;
	return 0;
}

static int tear_down(void **state)
{
	end(*state);
	free(*state);
	return 0;
}

static struct rvl_selector between(struct rvl_prefix src, struct rvl_prefix dst)
{
	struct rvl_selector selector = rvl_selector_any(src.address.family);

	selector.src = src;
	selector.dst = dst;
	return selector;
}

static struct rvl_policy policy_of(struct rvl_selector selector, enum rvl_action action)
{
	return (struct rvl_policy){
		.priority = rvl_selector_priority(&selector, action),
		.selector = selector,
		.action = action,
	};
}

static uint32_t set(struct bed *bed, const struct rvl_policy *policy, uint32_t index)
{
	const struct xfrm_state state = {
		.cpu = RVL_CPU_ANY,
		.src = rvl_addr_of_ipv4(0xc0000201),
		.dst = rvl_addr_of_ipv4(0xc0000202),
		.spi = 0x1234,
		.reqid = XFRM_REQID_OURS | 1,
	};
	struct rvl_backend_error error = {""};

	if (xfrm_policies_set(bed->policies, policy, &scopes[policy->selector.scope], &state, 0,
			      &index, &error))
		fail_msg("%s", error.text);
	return index;
}

static uint32_t add(struct bed *bed, struct rvl_selector selector, enum rvl_action action)
{
	const struct rvl_policy policy = policy_of(selector, action);

	return set(bed, &policy, RVL_BACKEND_ANY);
}

static void clear(struct bed *bed, uint32_t index)
{
	struct rvl_backend_error error = {""};

	assert_int_equal(xfrm_policies_clear(bed->policies, index, &error), 0);
}

static bool matches(uint16_t value, uint16_t mask, uint16_t port)
{
	return !((ntohs(value) ^ port) & ntohs(mask));
}

static bool holds(const xfrm_address_t *network, uint8_t len, uint32_t address)
{
	return !len || !((ntohl(network->a4) ^ address) >> (32 - len));
}

/* What the kernel does to a packet of UDP in this direction, as its first policy that matches says:
 * 'a' passes, 'b' is blocked, 'p' is protected, '-' nothing matches. */
static char fate(struct bed *bed, uint8_t direction, uint32_t src, uint32_t dst, uint16_t sport,
		 uint16_t dport)
{
	struct xfrm_remains remains;
	uint32_t best = UINT32_MAX;
	char found = '-';

	assert_int_equal(xfrm_remains_read(bed->netlink, &remains), 0);
	for (size_t i = 0; i < remains.count; i++) {
		const struct xfrm_userpolicy_info *p = &remains.list[i].policy;
		const struct xfrm_selector *s = &p->sel;

		const struct rvl_scope *scope = &remains.list[i].scope;

		if (p->dir != direction || p->priority >= best ||
		    scope->if_id != bed->scope.if_id ||
		    (bed->scope.mark.value & scope->mark.mask) != scope->mark.value ||
		    !holds(&s->saddr, s->prefixlen_s, src) ||
		    !holds(&s->daddr, s->prefixlen_d, dst) || (s->proto && s->proto != 17) ||
		    !matches(s->sport, s->sport_mask, sport) ||
		    !matches(s->dport, s->dport_mask, dport))
			continue;
		best = p->priority;
		found = (char)(p->action == XFRM_POLICY_BLOCK ? 'b'
			       : remains.list[i].protects     ? 'p'
							      : 'a');
	}
	xfrm_remains_free(&remains);
	return found;
}

static size_t count(struct bed *bed)
{
	struct xfrm_remains remains;
	size_t n;

	assert_int_equal(xfrm_remains_read(bed->netlink, &remains), 0);
	n = remains.count;
	xfrm_remains_free(&remains);
	return n;
}

#define A1 0x0a010001u /* 10.1.0.1 */
#define B1 0x0a020001u /* 10.2.0.1 */

static void a_discard_blocks_out_in_and_fwd(void **state)
{
	struct bed *bed = *state;
	uint32_t index = add(bed, between(OURS, THEIRS), RVL_DISCARD);

	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'b');
	assert_int_equal(fate(bed, XFRM_POLICY_IN, B1, A1, 1, 2), 'b');
	assert_int_equal(fate(bed, XFRM_POLICY_FWD, B1, A1, 1, 2), 'b');
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, B1, A1, 1, 2), '-');
	assert_int_equal(fate(bed, XFRM_POLICY_IN, A1, B1, 1, 2), '-');
	clear(bed, index);
	assert_int_equal(count(bed), 0);
}

static void a_protecting_one_stands_beside_the_discard_and_goes_alone(void **state)
{
	struct bed *bed = *state;
	struct rvl_policy held = policy_of(between(OURS, THEIRS), RVL_PROTECT);
	uint32_t discard = add(bed, between(OURS, THEIRS), RVL_DISCARD);
	uint32_t protect = add(bed, between(OURS, THEIRS), RVL_PROTECT);

	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'p');
	assert_int_equal(fate(bed, XFRM_POLICY_IN, B1, A1, 1, 2), 'b');
	held.action = RVL_DISCARD;
	set(bed, &held, protect);
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'b');
	assert_int_equal(count(bed), 6);
	held.action = RVL_PROTECT;
	set(bed, &held, protect);
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'p');
	assert_int_equal(count(bed), 4);
	clear(bed, protect);
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'b');
	clear(bed, discard);
}

/* What becomes of a packet that is sent into this XFRM interface (0: none) with this mark; and of
 * one that comes back so. */
static void assert_fates(struct bed *bed, uint32_t if_id, uint32_t mark, const char *fates)
{
	bed->scope = (struct rvl_scope){.if_id = if_id, .mark.value = mark};
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), fates[0]);
	assert_int_equal(fate(bed, XFRM_POLICY_IN, B1, A1, 1, 2), fates[1]);
	assert_int_equal(fate(bed, XFRM_POLICY_FWD, B1, A1, 1, 2), fates[1]);
	bed->scope = (struct rvl_scope){0};
}

static struct rvl_selector scoped(uint16_t scope)
{
	struct rvl_selector selector = between(OURS, THEIRS);

	selector.scope = scope;
	return selector;
}

static void flows_of_one_selector_are_told_apart_by_if_id_and_mark(void **state)
{
	struct bed *bed = *state;
	uint32_t discards[SCOPES], protect;

	for (uint16_t i = IF_ID_5; i < SCOPES; i++)
		discards[i] = add(bed, scoped(i), RVL_DISCARD);
	assert_fates(bed, 5, 0, "bb");
	assert_fates(bed, 6, 0, "b-");
	assert_fates(bed, 60, 0, "-b");
	assert_fates(bed, 0, 0xa7, "b-");
	assert_fates(bed, 0, 0x70, "-b");
	assert_fates(bed, 0, 0, "--");
	protect = add(bed, scoped(IF_ID_6), RVL_PROTECT);
	assert_fates(bed, 6, 0, "p-");
	assert_fates(bed, 5, 0, "bb");
	clear(bed, protect);
	assert_fates(bed, 6, 0, "b-");
	clear(bed, discards[IF_ID_5]);
	assert_fates(bed, 5, 0, "--");
	assert_fates(bed, 60, 0, "-b");
	assert_int_equal(count(bed), 6);
	clear(bed, discards[IF_ID_6]);
	clear(bed, discards[MARK_7]);
	assert_int_equal(count(bed), 0);
}

static void a_mark_counts_before_no_mark_whatever_they_say(void **state)
{
	struct bed *bed = *state;
	uint32_t plain = add(bed, between(OURS, THEIRS), RVL_PROTECT);

	add(bed, between(OURS, THEIRS), RVL_DISCARD);
	add(bed, scoped(MARK_7), RVL_DISCARD);
	assert_fates(bed, 0, 0, "pb");
	assert_fates(bed, 0, 7, "bb");
	clear(bed, plain);
	add(bed, scoped(MARK_7), RVL_PROTECT);
	assert_fates(bed, 0, 0, "bb");
	assert_fates(bed, 0, 7, "pb");
}

static void ranges_of_ports_are_exact(void **state)
{
	static const uint16_t ranges[][2] = {{0, 65535},   {0, 0},   {65535, 65535}, {1, 65534},
					     {1000, 2000}, {80, 81}, {32768, 65535}};
	struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const uint16_t first = ranges[i][0], last = ranges[i][1];
		const uint32_t edges[] = {0,	first - 1u, first, (first + last) / 2u,
					  last, last + 1u,  65535};
		struct rvl_selector selector = between(OURS, THEIRS);
		uint32_t index;

		selector.any_protocol = false;
		selector.protocol = 17;
		selector.dst_port_first = first;
		selector.dst_port_last = last;
		index = add(bed, selector, RVL_DISCARD);
		for (size_t k = 0; k < sizeof(edges) / sizeof(edges[0]); k++) {
			const uint16_t port = (uint16_t)edges[k];
			const char wanted = port >= first && port <= last ? 'b' : '-';

			if (edges[k] > 65535)
				continue;
			assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 7, port), wanted);
			assert_int_equal(fate(bed, XFRM_POLICY_IN, B1, A1, port, 7), wanted);
		}
		clear(bed, index);
		assert_int_equal(count(bed), 0);
	}
}

static void set_local(struct bed *bed, struct rvl_prefix connected, struct rvl_prefix named)
{
	const struct rvl_local local = {
		.networks = &connected,
		.network_count = 1,
		.named = &named,
		.named_count = 1,
	};
	struct rvl_backend_error error = {""};

	assert_int_equal(xfrm_policies_set_local(bed->policies, &local, &error), 0);
}

static void what_is_connected_passes_unless_a_named_one_is_as_narrow(void **state)
{
	const struct rvl_prefix wide = rvl_prefix_ipv4(0x0a000000, 8);
	const struct rvl_prefix half = rvl_prefix_ipv4(0x0a028000, 17); /* of THEIRS */
	struct bed *bed = *state;

	add(bed, between(OURS, wide), RVL_DISCARD);
	set_local(bed, THEIRS, wide);
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'a');
	assert_int_equal(fate(bed, XFRM_POLICY_IN, B1, A1, 1, 2), 'a');
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, 0x0a030001, 1, 2), 'b');
	/* Policies that come later, too; and one that is narrower counts before the exemption. */
	add(bed, between(OURS, wide), RVL_PROTECT);
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'a');
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, 0x0a030001, 1, 2), 'p');
	set_local(bed, THEIRS, half);
	add(bed, between(OURS, half), RVL_DISCARD);
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, 0x0a028001, 1, 2), 'b');
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'a');
	set_local(bed, THEIRS, THEIRS);
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'p');
}

static void
what_is_sent_into_an_interface_is_protected_though_its_network_is_connected(void **state)
{
	struct bed *bed = *state;

	add(bed, scoped(IF_ID_5), RVL_DISCARD);
	set_local(bed, rvl_prefix_ipv4(0x0a020000, 24), rvl_prefix_ipv4(0x0a000000, 8));
	add(bed, scoped(IF_ID_5), RVL_PROTECT);
	assert_fates(bed, 5, 0, "pb");
	assert_fates(bed, 0, 0, "--");
	add(bed, between(OURS, THEIRS), RVL_DISCARD);
	assert_fates(bed, 5, 0, "pb");
	assert_fates(bed, 0, 0, "aa");
}

static void what_arrives_by_an_interface_is_of_its_own_sas(void **state)
{
	struct rvl_selectors selectors = {.count = 1, .list = {scoped(IF_ID_6)}};
	struct xfrm_claims six = {.state.reqid = XFRM_REQID_OURS | 1, .scopes = scopes[IF_ID_6]};
	struct xfrm_claims marked = {.state.reqid = XFRM_REQID_OURS | 2, .scopes = scopes[MARK_7]};
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;

	six.state.dst = marked.state.dst = rvl_addr_of_ipv4(0xc0000201);
	assert_int_equal(xfrm_arrivals_add(bed->arrivals, &six, &selectors, &error), 0);
	selectors.list[0].scope = MARK_7;
	assert_int_equal(xfrm_arrivals_add(bed->arrivals, &marked, &selectors, &error), 0);
	assert_fates(bed, 60, 0, "-p");
	assert_fates(bed, 6, 0, "--");
	assert_fates(bed, 0, 0x70, "-p");
	assert_int_equal(xfrm_arrivals_drop(bed->arrivals, &six, &error), 0);
	assert_fates(bed, 60, 0, "--");
	assert_fates(bed, 0, 0x70, "-p");
	assert_int_equal(xfrm_arrivals_drop(bed->arrivals, &marked, &error), 0);
	assert_int_equal(count(bed), 0);
}

static void what_arrives_is_led_by_the_newest_that_has_it(void **state)
{
	struct rvl_selectors selectors = {.count = 1, .list = {between(OURS, THEIRS)}};
	struct xfrm_claims first = {.state.reqid = XFRM_REQID_OURS | 1};
	struct xfrm_claims second = {.state.reqid = XFRM_REQID_OURS | 2};
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;

	add(bed, between(OURS, THEIRS), RVL_DISCARD);
	first.state.dst = second.state.dst = rvl_addr_of_ipv4(0xc0000201);
	assert_int_equal(xfrm_arrivals_add(bed->arrivals, &first, &selectors, &error), 0);
	assert_int_equal(xfrm_arrivals_add(bed->arrivals, &second, &selectors, &error), 0);
	assert_int_equal(fate(bed, XFRM_POLICY_IN, B1, A1, 1, 2), 'p');
	assert_int_equal(fate(bed, XFRM_POLICY_FWD, B1, A1, 1, 2), 'p');
	assert_int_equal(count(bed), 5);
	assert_int_equal(xfrm_arrivals_drop(bed->arrivals, &second, &error), 0);
	assert_int_equal(fate(bed, XFRM_POLICY_IN, B1, A1, 1, 2), 'p');
	assert_int_equal(xfrm_arrivals_drop(bed->arrivals, &first, &error), 0);
	assert_int_equal(fate(bed, XFRM_POLICY_IN, B1, A1, 1, 2), 'b');
	assert_int_equal(count(bed), 3);
}

static void note(void *context, const char *text, int err)
{
	assert_int_equal(err, 0);
	assert_non_null(strstr(text, "10.1.0.0/16"));
	++*(size_t *)context;
}

static void note_scope(void *context, const char *text, int err)
{
	char *all = context;

	assert_int_equal(err, 0);
	strcat(strcat(all, text), "\n");
}

static void what_is_left_of_a_scope_is_that_scopes(void **state)
{
	struct bed *gone = *state, bed;
	char told[1024] = "";

	add(gone, scoped(IF_ID_5), RVL_DISCARD);
	add(gone, scoped(IF_ID_6), RVL_DISCARD);
	add(gone, scoped(MARK_7), RVL_DISCARD);
	add(gone, scoped(MARK_7), RVL_PROTECT);
	begin(&bed);
	assert_int_equal(count(&bed), 10);
	assert_fates(&bed, 5, 0, "bb");
	assert_fates(&bed, 0, 7, "b-");
	/* The same one takes its place, and no other. */
	add(&bed, scoped(IF_ID_5), RVL_DISCARD);
	assert_int_equal(count(&bed), 10);
	assert_int_equal(xfrm_leftovers_release(bed.leftovers, note_scope, told), 0);
	assert_fates(&bed, 5, 0, "bb");
	assert_fates(&bed, 6, 0, "--");
	assert_fates(&bed, 0, 7, "--");
	assert_non_null(strstr(told, "block out 10.1.0.0/16 -> 10.2.0.0/16 if_id 6\n"));
	assert_non_null(strstr(told, "block in 10.2.0.0/16 -> 10.1.0.0/16 if_id 60\n"));
	assert_non_null(strstr(told, "block out 10.1.0.0/16 -> 10.2.0.0/16 mark 0x7/0xf\n"));
	assert_null(strstr(told, "if_id 5\n"));
	end(&bed);
}

static void what_is_left_blocks_until_it_is_set_again_or_released(void **state)
{
	const struct rvl_prefix other = rvl_prefix_ipv4(0x0a030000, 16);
	struct bed *gone = *state, bed;
	size_t told = 0;

	add(gone, between(OURS, THEIRS), RVL_DISCARD);
	add(gone, between(OURS, THEIRS), RVL_PROTECT);
	add(gone, between(OURS, other), RVL_DISCARD);
	add(gone, between(OURS, rvl_prefix_ipv4(0xc0000200, 24)), RVL_BYPASS);
	/* As if who had it were gone: of all that it does nothing more. */
	begin(&bed);
	assert_int_equal(fate(&bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'b');
	assert_int_equal(fate(&bed, XFRM_POLICY_OUT, A1, 0xc0000201, 1, 2), '-');
	assert_int_equal(count(&bed), 7);
	add(&bed, between(OURS, THEIRS), RVL_DISCARD);
	assert_int_equal(count(&bed), 6);
	assert_int_equal(xfrm_leftovers_release(bed.leftovers, note, &told), 0);
	assert_int_equal(told, 3);
	assert_int_equal(fate(&bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'b');
	assert_int_equal(fate(&bed, XFRM_POLICY_OUT, A1, 0x0a030001, 1, 2), '-');
	end(&bed);
}

static void the_end_leaves_what_blocks_and_nothing_else(void **state)
{
	struct bed *bed = *state;
	struct rvl_policy trapped = policy_of(between(OURS, THEIRS), RVL_DISCARD);

	trapped.trap = true;
	set(bed, &trapped, RVL_BACKEND_ANY);
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'p');
	add(bed, between(OURS, rvl_prefix_ipv4(0xc0000200, 24)), RVL_BYPASS);
	end(bed);
	begin(bed);
	assert_int_equal(count(bed), 3);
	assert_int_equal(fate(bed, XFRM_POLICY_OUT, A1, B1, 1, 2), 'b');
}

static void what_somebody_flushes_is_restored(void **state)
{
	struct bed *bed = *state;

	add(bed, between(OURS, THEIRS), RVL_DISCARD);
	assert_int_equal(system("ip xfrm policy flush"), 0);
	assert_int_equal(count(bed), 0);
	xfrm_policies_restore(bed->policies);
	assert_int_equal(count(bed), 3);
}

static void what_is_flushed_of_a_scope_is_restored_with_it(void **state)
{
	struct bed *bed = *state;

	add(bed, scoped(IF_ID_6), RVL_DISCARD);
	add(bed, scoped(MARK_7), RVL_PROTECT);
	assert_int_equal(system("ip xfrm policy flush"), 0);
	assert_int_equal(count(bed), 0);
	assert_int_equal(xfrm_policies_restore(bed->policies), 0);
	assert_fates(bed, 6, 0, "b-");
	assert_fates(bed, 60, 0, "-b");
	assert_fates(bed, 0, 7, "p-");
}

/* From OURS to THEIRS. */
static void send_marked(uint32_t mark)
{
	const struct sockaddr_in ours = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(A1)};
	const struct sockaddr_in theirs = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(B1), .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&ours, sizeof(ours)), 0);
	sendto(fd, "", 1, 0, (const struct sockaddr *)&theirs, sizeof(theirs));
	close(fd);
}

static void what_is_waited_for_says_its_scope(void **state)
{
	struct bed *bed = *state;
	struct rvl_policy trapped = policy_of(scoped(MARK_7), RVL_DISCARD);
	struct xfrm_notice notice;
	int notices = xfrm_notice_open();

	assert_true(notices >= 0);
	trapped.trap = true;
	set(bed, &trapped, RVL_BACKEND_ANY);
	/* Nothing is protected on lo. */
	assert_int_equal(system("ip link add near type veth peer name far && "
				"ip link set near up && ip link set far up && "
				"ip addr add 10.1.0.1/16 dev near && "
				"ip route add 10.2.0.0/16 dev near"),
			 0);
	send_marked(0);
	assert_int_equal(xfrm_notice_next(notices, xfrm_netlink_port(bed->netlink), &notice), 0);
	send_marked(0xf7);
	assert_int_equal(xfrm_notice_next(notices, xfrm_netlink_port(bed->netlink), &notice), 1);
	assert_int_equal(notice.type, XFRM_NOTICE_ACQUIRE);
	assert_true(rvl_scope_equal(&notice.scope, &scopes[MARK_7].out));
	close(notices);
}

static void one_at_a_time_has_the_right(void **state)
{
	int first = xfrm_leftovers_lock();

	(void)state;
	assert_true(first >= 0);
	assert_int_equal(xfrm_leftovers_lock(), -EALREADY);
	close(first);
	first = xfrm_leftovers_lock();
	assert_true(first >= 0);
	close(first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_discard_blocks_out_in_and_fwd),
		TEST(a_protecting_one_stands_beside_the_discard_and_goes_alone),
		TEST(flows_of_one_selector_are_told_apart_by_if_id_and_mark),
		TEST(a_mark_counts_before_no_mark_whatever_they_say),
		TEST(ranges_of_ports_are_exact),
		TEST(what_is_connected_passes_unless_a_named_one_is_as_narrow),
		TEST(what_is_sent_into_an_interface_is_protected_though_its_network_is_connected),
		TEST(what_arrives_is_led_by_the_newest_that_has_it),
		TEST(what_arrives_by_an_interface_is_of_its_own_sas),
		TEST(what_is_left_blocks_until_it_is_set_again_or_released),
		TEST(what_is_left_of_a_scope_is_that_scopes),
		TEST(the_end_leaves_what_blocks_and_nothing_else),
		TEST(what_somebody_flushes_is_restored),
		TEST(what_is_flushed_of_a_scope_is_restored_with_it),
		TEST(what_is_waited_for_says_its_scope),
		TEST(one_at_a_time_has_the_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
