// SPDX-License-Identifier: BSD-2-Clause
#include "tests/raveld/sad_bed.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/esp/ip.h"
#include "tests/patience.h"

const struct rvl_ike_ports ike_ports = {.udp = {500, 4500}};

#define MARK 0x88b5 /* an EtherType for experiments, which passes as it is */
#define OURS 0x0a010001
#define THEIRS 0x0a020001

/* The bed that the backend's functions are of, and the real ones. */
static struct bed *laid;
static const struct rvl_backend_ops *real;
static struct rvl_backend_ops ops;

static bool is_refused(void)
{
	return laid->refuse && !--laid->refuse;
}

static int watched(int err)
{
	if (laid->watch)
		laid->watch(laid);
	return err;
}

static int bed_sa_add(struct rvl_backend *backend, const struct rvl_sa_params *params,
		      const struct rvl_sa_purpose *purpose, uint32_t *index,
		      struct rvl_backend_error *error)
{
	if (is_refused())
		return rvl_backend_fail(error, -EIO, "an SA that can't be");
	return watched(real->sa_add(backend, params, purpose, index, error));
}

static int bed_sa_delete(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			 struct rvl_backend_error *error)
{
	if (laid->no_delete)
		return rvl_backend_fail(error, -EIO, "an SA that stays");
	return watched(real->sa_delete(backend, direction, index, error));
}

static int bed_policy_set(struct rvl_backend *backend, const struct rvl_policy *policy,
			  const struct rvl_scopes *scopes, uint32_t *index,
			  struct rvl_backend_error *error)
{
	if (is_refused() || (laid->no_discard && policy->action == RVL_DISCARD))
		return rvl_backend_fail(error, -EIO, "a policy that can't be");
	return watched(real->policy_set(backend, policy, scopes, index, error));
}

static int bed_policy_clear(struct rvl_backend *backend, uint32_t index,
			    struct rvl_backend_error *error)
{
	if (laid->no_clear)
		return rvl_backend_fail(error, -EIO, "a policy that stays");
	return watched(real->policy_clear(backend, index, error));
}

static void interpose(struct bed *bed)
{
	laid = bed;
	real = bed->backend->ops;
	ops = *real;
	ops.sa_add = bed_sa_add;
	ops.sa_delete = bed_sa_delete;
	ops.policy_set = bed_policy_set;
	ops.policy_clear = bed_policy_clear;
	bed->backend->ops = &ops;
}

/* Two processors would each have a queue between the two ends: frames would change places. */
static int stay_on_one_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

int bed_open(const char *wire, uint16_t port, uint16_t port_natt, struct rvl_backend **backend,
	     struct rvl_backend_error *error)
{
	const struct rvl_soft_config config = {
		.wire = wire,
		.port = port,
		.port_natt = port_natt,
		.sas = BED_SAS,
		.policies = BED_POLICIES,
	};

	return rvl_backend_soft_open(&config, backend, error);
}

int bed_set_up(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = calloc(1, sizeof(*bed));

	if (geteuid() || stay_on_one_processor() || unshare(CLONE_NEWNET) ||
	    system("ip link add wire0 type veth peer name wire1 && ip link set wire1 up"))
		return -1;
	if (bed_open("wire0", 0, 0, &bed->backend, &error) ||
	    rvl_wire_open("wire1", 0, 0, 1, &bed->far, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	interpose(bed);
	bed->sad = rvl_sad_new(bed->backend);
	*state = bed;
	return bed->sad ? 0 : -1;
}

int bed_tear_down(void **state)
{
	struct bed *bed = *state;

	bed->watch = NULL;
	rvl_sad_free(bed->sad);
	rvl_wire_close(bed->far);
	bed->backend->ops->close(bed->backend);
	if (bed->peer)
		bed->peer->ops->close(bed->peer);
	free(bed);
	return 0;
}

struct ike_ts_list ts_of(const char *text)
{
	struct ike_ts_list list = {.count = 1};
	char reason[128];

	if (ike_ts_parse(text, &list.list[0], reason, sizeof(reason)))
		fail_msg("%s", reason);
	return list;
}

struct ike_addr addr_of(const char *text)
{
	struct ike_addr addr;

	assert_int_equal(ike_addr_parse(text, &addr), 0);
	return addr;
}

static struct rvl_sa_params params_of(enum rvl_direction direction, uint32_t spi, uint32_t src,
				      uint32_t dst)
{
	struct rvl_sa_params params = {
		.direction = direction,
		.spi = spi,
		.src = rvl_addr_of_ipv4(src),
		.dst = rvl_addr_of_ipv4(dst),
		.inner = RVL_FAMILY_IPV4,
		.encr = IKE_ENCR_AES_GCM_16,
		.encr_key_len = sizeof(params.encr_key),
		.fixed_dscp = true,
		.replay_window = direction == RVL_INBOUND ? 64 : 0,
	};

	return params;
}

struct rvl_child child_of(uint64_t id, const struct ike_ts_list *local,
			  const struct ike_ts_list *remote)
{
	uint32_t us = 0xc0000201, peer = 0xc0000202;

	return (struct rvl_child){
		.id = id,
		.owner = id,
		.in = params_of(RVL_INBOUND, (uint32_t)(0x10000 + id), peer, us),
		.out = params_of(RVL_OUTBOUND, (uint32_t)(0x20000 + id), us, peer),
		.local_ts = local,
		.remote_ts = remote,
	};
}

int add_child(struct rvl_sad *sad, const struct rvl_child *child, struct rvl_backend_error *error)
{
	struct rvl_backend_error ignored = {""};
	int err = rvl_sad_child_inbound(sad, child, error);

	if (err)
		return err;
	err = rvl_sad_child_outbound(sad, child->id, error);
	if (!err)
		err = rvl_sad_child_use(sad, child->id, error);
	if (err)
		rvl_sad_child_remove(sad, child->id, &ignored);
	return err;
}

void udp_frame(uint8_t p[60], uint32_t src, uint32_t dst, uint16_t src_port, uint16_t dst_port)
{
	memset(p, 0, 60);
	rvl_put_be16(p + 12, 0x0800);
	p[14] = 0x45;
	rvl_put_be16(p + 16, 46);
	p[22] = 64;
	p[23] = RVL_IP_PROTO_UDP;
	rvl_put_be32(p + 26, src);
	rvl_put_be32(p + 30, dst);
	rvl_put_be16(p + 34, src_port);
	rvl_put_be16(p + 36, dst_port);
	rvl_put_be16(p + 38, 26);
	rvl_put_be16(p + 24, rvl_ip_checksum(p + 14, 20));
}

/* Send a frame that shows that those before it have arrived or never will. */
static void ignore(void *context, uint8_t *frame, size_t len, uint32_t sa)
{
	(void)context;
	(void)frame;
	(void)len;
	(void)sa;
}

/* And what was queued before it. */
static void send_mark(struct bed *bed, struct rvl_backend *from)
{
	uint8_t *p = from->frames->ops->tx_buffer(from->frames);

	memset(p, 0, 60);
	rvl_put_be16(p + 12, MARK);
	rvl_put_be32(p + 14, ++bed->sent);
	assert_int_equal(from->frames->ops->tx(from->frames, 60), 0);
	assert_true(from->frames->ops->poll(from->frames, ignore, NULL) >= 0);
}

static void wait_for(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&ready, 1, patience_ms()), 1);
}

static bool is_mark(const uint8_t *frame, size_t len)
{
	return len >= 18 && rvl_get_be16(frame + 12) == MARK;
}

uint32_t spi_from_port(struct bed *bed, uint16_t port, uint8_t frame[256])
{
	struct rvl_backend *backend = bed->backend;
	uint32_t spi = BED_HELD;

	udp_frame(backend->frames->ops->tx_buffer(backend->frames), OURS, THEIRS, port, 53);
	assert_int_equal(backend->frames->ops->tx(backend->frames, 60), 0);
	send_mark(bed, backend);
	for (;;) {
		struct rvl_received received = {0};
		int n = rvl_wire_receive(bed->far, 0, RVL_LANE_FRAMES, &received, 1);
		const uint8_t *next = n > 0 ? rvl_buf_data(&received.frame) : NULL;

		if (n == -EAGAIN)
			wait_for(rvl_wire_fd(bed->far, 0));
		if (n > 0 && is_mark(next, received.frame.len) &&
		    rvl_get_be32(next + 14) == bed->sent)
			return spi;
		if (n < 1 || received.frame.len < 60 ||
		    (rvl_get_be16(next + 12) != 0x0800 && rvl_get_be16(next + 12) != 0x86dd))
			continue;
		memcpy(frame, next, received.frame.len < 256 ? received.frame.len : 256);
		if (rvl_get_be16(frame + 12) == 0x86dd)
			spi = frame[20] == RVL_IP_PROTO_ESP ? rvl_get_be32(frame + 54) : BED_CLEAR;
		else
			spi = frame[23] == RVL_IP_PROTO_ESP ? rvl_get_be32(frame + 34) : BED_CLEAR;
	}
}

uint32_t spi_on_the_wire(struct bed *bed)
{
	uint8_t frame[256];

	return spi_from_port(bed, 1024, frame);
}

bool clear_comes_in(struct bed *bed, uint16_t port)
{
	uint8_t p[60];

	udp_frame(p, THEIRS, OURS, 53, port);
	return rvl_inbound_check(rvl_sad_inbound(bed->sad), p, sizeof(p), RVL_BACKEND_CLEAR);
}

/* As the daemon's data thread has it. */
static void deliver(void *context, uint8_t *frame, size_t len, uint32_t sa)
{
	struct bed *bed = context;

	if (sa == RVL_BACKEND_CLEAR && is_mark(frame, len))
		bed->seen = rvl_get_be32(frame + 14);
	bed->accepted += sa != RVL_BACKEND_CLEAR &&
			 rvl_inbound_check(rvl_sad_inbound(bed->sad), frame, len, sa);
}

/* The kernel takes frames for an interface whose other end came up after it only once it has
 * noticed that: look until one has come through. */
static void open_peer(struct bed *bed)
{
	struct rvl_backend_error error = {""};
	int tries = patience_ms();

	if (bed_open("wire1", 0, 0, &bed->peer, &error))
		fail_msg("%s", error.text);
	bed->peer_policy = RVL_BACKEND_ANY;
	do {
		struct pollfd ready = {.fd = bed->backend->frames->fds[0], .events = POLLIN};

		assert_true(tries-- > 0);
		send_mark(bed, bed->peer);
		if (poll(&ready, 1, 1) > 0)
			bed->backend->frames->ops->poll(bed->backend->frames, deliver, bed);
	} while (bed->seen != bed->sent);
}

bool child_comes_in(struct bed *bed, uint64_t id)
{
	const struct rvl_backend_ops *peer = bed->peer->ops;
	struct rvl_frames *frames = bed->peer->frames;
	struct rvl_policy policy = {.selector = rvl_selector_any(4), .action = RVL_PROTECT};
	const struct rvl_sa_params params = {
		.direction = RVL_OUTBOUND,
		.spi = (uint32_t)(0x10000 + id),
		.src = rvl_addr_of_ipv4(0xc0000202),
		.dst = rvl_addr_of_ipv4(bed->peer_sends_to ? bed->peer_sends_to : 0xc0000201),
		.first_seq = bed->peer_first_seq,
		.inner = RVL_FAMILY_IPV4,
		.encr = IKE_ENCR_AES_GCM_16,
		.encr_key_len = 32};
	struct rvl_backend_error error = {""};
	size_t before = bed->accepted;

	assert_in_range(id, 0, BED_CHILDREN - 1);
	if (!bed->peer_has_sa[id])
		assert_int_equal(peer->sa_add(bed->peer, &params, NULL, &bed->peer_sas[id], &error),
				 0);
	bed->peer_has_sa[id] = true;
	policy.sa = bed->peer_sas[id];
	assert_int_equal(peer->policy_set(bed->peer, &policy, &(const struct rvl_scopes){0},
					  &bed->peer_policy, &error),
			 0);
	udp_frame(frames->ops->tx_buffer(frames), THEIRS, OURS, 53, 1024);
	assert_int_equal(frames->ops->tx(frames, 60), 0);
	send_mark(bed, bed->peer);
	while (bed->seen != bed->sent)
		if (!bed->backend->frames->ops->poll(bed->backend->frames, deliver, bed))
			wait_for(bed->backend->frames->fds[0]);
	return bed->accepted != before;
}

int bed_set_up_open(void **state)
{
	int err = bed_set_up(state);
	struct bed *bed = *state;

	if (err)
		return err;
	open_peer(bed);
	bed->ours = ts_of("10.1.0.0/16");
	bed->theirs = ts_of("10.2.0.0/16");
	return 0;
}

int bed_set_up_protected(void **state)
{
	struct rvl_backend_error error = {""};
	int err = bed_set_up_open(state);
	struct bed *bed = *state;

	return err ? err : rvl_sad_protect(bed->sad, NULL, &bed->ours, &bed->theirs, &error);
}

int bed_set_up_within(void **state)
{
	const struct ike_ts_list all = ts_of("10.0.0.0/8");
	struct rvl_backend_error error = {""};
	int err = bed_set_up_open(state);
	struct bed *bed = *state;

	return err ? err : rvl_sad_protect(bed->sad, NULL, &all, &all, &error);
}

void child_inbound(struct bed *bed, uint64_t id, uint64_t replaces)
{
	struct rvl_child child = child_of(id, &bed->ours, &bed->theirs);
	struct rvl_backend_error error = {""};

	child.replaces = replaces;
	if (rvl_sad_child_inbound(bed->sad, &child, &error))
		fail_msg("%s", error.text);
}

void child_outbound(struct bed *bed, uint64_t id)
{
	struct rvl_backend_error error = {""};

	if (rvl_sad_child_outbound(bed->sad, id, &error))
		fail_msg("%s", error.text);
}

void child_use(struct bed *bed, uint64_t id)
{
	struct rvl_backend_error error = {""};

	if (rvl_sad_child_use(bed->sad, id, &error))
		fail_msg("%s", error.text);
}

void child_remove(struct bed *bed, uint64_t id)
{
	struct rvl_backend_error error = {""};

	if (rvl_sad_child_remove(bed->sad, id, &error))
		fail_msg("%s", error.text);
}

void take_steps(struct bed *bed, uint64_t id, uint64_t replaces, int steps)
{
	if (steps > 0)
		child_inbound(bed, id, replaces);
	if (steps > 1)
		child_outbound(bed, id);
	if (steps > 2)
		child_use(bed, id);
}

void assert_counts(struct bed *bed, size_t children, size_t in, size_t out, size_t policies)
{
	assert_int_equal(rvl_sad_child_count(bed->sad), children);
	assert_int_equal(rvl_sad_sa_count(bed->sad, RVL_INBOUND), in);
	assert_int_equal(rvl_sad_sa_count(bed->sad, RVL_OUTBOUND), out);
	assert_int_equal(rvl_sad_policy_count(bed->sad), policies);
	assert_false(rvl_sad_broken(bed->sad));
}

void bed_look(struct bed *bed)
{
	/* Neither held nor in clear. */
	assert_in_range(spi_on_the_wire(bed), BED_OUT + 1, BED_OUT + BED_CHILDREN);
	assert_false(clear_comes_in(bed, 1024));
	for (size_t i = 0; i < 4; i++)
		if (bed->receiving[i])
			assert_true(child_comes_in(bed, bed->receiving[i]));
	bed->looks++;
}

void bed_watch(struct bed *bed, uint64_t first, uint64_t second)
{
	bed->receiving[0] = first;
	bed->receiving[1] = second;
	bed->looks = 0;
	bed->watch = bed_look;
	bed_look(bed);
}
