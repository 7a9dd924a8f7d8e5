// SPDX-License-Identifier: BSD-2-Clause
/*
 * Linux as the judge of software ESP, and the other way round: each SA that both have, between
 * software and the kernel, which gets it from the backend that raveld has. For a guest of its own:
 *
 *	far (this program) --- TUN "judge" --- near (the kernel)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/udp.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/sa/backend.h"
#include "tests/esp/packet.h"
#include "tests/patience.h"

#define FAR_PORT 1000 /* of packet_of_sa() */
#define NEAR_PORT 2000
#define LINE 1				    /* of all SAs */
#define BEFORE_THE_EDGE (UINT32_MAX - 5ull) /* packets cross it */
/* Linux 6.12 drops ESP in UDP over IPv6 whose datagram, with its header, is shorter: it counts
 * IPv6's header twice. */
#define SHORTEST_IN_UDP_OVER_IPV6 48

#define SET_UP                                                                                     \
	"set -e; for name in all default judge; do "                                               \
	"echo 0 >/proc/sys/net/ipv6/conf/$name/disable_ipv6; done; "                               \
	"ip link set lo up; ip link set judge mtu 2000 up; "                                       \
	"ip addr add 192.0.2.2/24 dev judge; ip addr add 2001:db8::2/64 dev judge nodad; "         \
	"ip addr add 10.2.0.1/32 dev lo; ip addr add fd02::1/128 dev lo nodad; "                   \
	"ip route add 10.1.0.0/16 dev judge; ip route add fd01::/16 dev judge"

struct bed {
	int tun;
	int encap[2]; /* sockets by which the kernel takes ESP in UDP */
	struct rvl_backend *near;
	struct rvl_abilities can;
};

/* SAs to the kernel and from it, and a socket behind them. */
struct pair {
	struct rvl_sa_params to;
	struct rvl_sa_params from;
	struct rvl_sa_params flow; /* its addresses are those inside, from far to near */
	struct rvl_esp_sa *out;
	struct rvl_esp_sa *in;
	uint32_t near_in;
	uint32_t near_out;
	uint32_t policy;
	int socket;
	unsigned int packets;	      /* that were sent to the kernel to be taken */
	struct rvl_lifetime lifetime; /* of the kernel's SAs */
	char name[128];
};

static const size_t sizes[] = {1, 2, 3, 4, 5, 15, 16, 17, 64, 255, 1400};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* ------------------------------------------------------------------------------------- the bed */

static socklen_t sockaddr_of(const struct rvl_addr *address, uint16_t port,
			     struct sockaddr_storage *storage)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)storage;
	struct sockaddr_in *four = (struct sockaddr_in *)storage;

	*storage = (struct sockaddr_storage){0};
	if (address->family == 6) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		memcpy(&six->sin6_addr, address->octets, 16);
		return sizeof(*six);
	}
	four->sin_family = AF_INET;
	four->sin_port = htons(port);
	memcpy(&four->sin_addr, address->octets, 4);
	return sizeof(*four);
}

static int udp_at(const struct rvl_addr *address, uint16_t port)
{
	struct sockaddr_storage storage;
	socklen_t len = sockaddr_of(address, port, &storage);
	int fd = socket(storage.ss_family, SOCK_DGRAM, 0);
	const int yes = 1;

	assert_true(fd >= 0);
	if (address->family == 6)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&storage, len), 0);
	return fd;
}

static int set_up(void **state)
{
	const struct rvl_addr any[2] = {{.family = 4}, {.family = 6}};
	const int espinudp = UDP_ENCAP_ESPINUDP;
	struct ifreq request = {.ifr_name = "judge", .ifr_flags = IFF_TUN | IFF_NO_PI};
	struct bed *bed = calloc(1, sizeof(*bed));
	struct rvl_backend_error error = {""};
	struct rvl_backend_info info;

	assert_non_null(bed);
	bed->tun = open("/dev/net/tun", O_RDWR);
	assert_int_equal(ioctl(bed->tun, TUNSETIFF, &request), 0);
	assert_int_equal(system(SET_UP), 0);
	for (int i = 0; i < 2; i++) {
		bed->encap[i] = udp_at(&any[i], RVL_ESP_PORT);
		assert_int_equal(setsockopt(bed->encap[i], IPPROTO_UDP, UDP_ENCAP, &espinudp,
					    sizeof(espinudp)),
				 0);
	}
	if (rvl_backend_xfrm_open(&bed->near, &error))
		fail_msg("%s", error.text);
	bed->near->ops->info(bed->near, &info);
	bed->can = info.abilities;
	*state = bed;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	bed->near->ops->close(bed->near);
	close(bed->encap[0]);
	close(bed->encap[1]);
	close(bed->tun);
	free(bed);
	return 0;
}

/* ------------------------------------------------------------------------------------ both ends */

static void swap_ends(struct rvl_sa_params *p)
{
	const struct rvl_addr src = p->src;

	p->src = p->dst;
	p->dst = src;
}

/* The addresses that packet_inner() and packet_inner6() have. */
static void use_inner_addresses(struct rvl_sa_params *flow, bool six)
{
	const uint8_t far[16] = {0xfd, 1, [15] = 1}, near[16] = {0xfd, 2, [15] = 1};

	flow->src = six ? rvl_addr_of_ipv6(far) : rvl_addr_of_ipv4(0x0a010001);
	flow->dst = six ? rvl_addr_of_ipv6(near) : rvl_addr_of_ipv4(0x0a020001);
}

/* Seen from near. */
static struct rvl_selector selector_of(const struct rvl_sa_params *flow)
{
	return (struct rvl_selector){
		.src = rvl_prefix_host(&flow->dst),
		.dst = rvl_prefix_host(&flow->src),
		.protocol = RVL_IP_PROTO_UDP,
		.src_port_first = NEAR_PORT,
		.src_port_last = NEAR_PORT,
		.dst_port_first = FAR_PORT,
		.dst_port_last = FAR_PORT,
	};
}

static uint32_t give(struct bed *bed, const struct pair *pair, struct rvl_sa_params params)
{
	static const struct rvl_scopes none;
	const struct rvl_selectors selectors = {1, {selector_of(&pair->flow)}};
	const struct rvl_sa_purpose purpose = {.selectors = &selectors,
					       .scopes = &none,
					       .line = LINE,
					       .offload = RVL_OFFLOAD_NO,
					       .cpu = RVL_CPU_ANY};
	struct rvl_backend_error error = {""};
	uint32_t index = 0;

	params.lifetime = pair->lifetime;
	if (bed->near->ops->sa_add(bed->near, &params, &purpose, &index, &error))
		fail_msg("%s: %s", pair->name, error.text);
	return index;
}

static void lead(struct bed *bed, struct pair *pair)
{
	static const struct rvl_scopes none;
	struct rvl_policy policy = {
		.selector = selector_of(&pair->flow),
		.action = RVL_PROTECT,
		.sa = pair->near_out,
	};
	struct rvl_backend_error error = {""};

	policy.priority = rvl_selector_priority(&policy.selector, policy.action);
	pair->policy = RVL_BACKEND_ANY;
	if (bed->near->ops->policy_set(bed->near, &policy, &none, &pair->policy, &error))
		fail_msg("%s: %s", pair->name, error.text);
}

static void join(struct bed *bed, struct pair *pair)
{
	struct sockaddr_storage far;
	socklen_t len;

	pair->out = packet_sa(&pair->to);
	pair->near_in = give(bed, pair, packet_peer(&pair->to));
	pair->near_out = give(bed, pair, pair->from);
	lead(bed, pair);
	pair->from = packet_peer(&pair->from);
	pair->in = packet_sa(&pair->from);
	pair->socket = udp_at(&pair->flow.dst, NEAR_PORT);
	len = sockaddr_of(&pair->flow.src, FAR_PORT, &far);
	assert_int_equal(connect(pair->socket, (struct sockaddr *)&far, len), 0);
}

static bool has_event(const struct bed *bed, struct rvl_backend_event *event)
{
	return bed->near->ops->next_event(bed->near, event) > 0;
}

/* All that there was to tell has been heard by then. */
static void part(struct bed *bed, struct pair *pair)
{
	const struct rvl_backend_ops *ops = bed->near->ops;
	struct rvl_backend_error error = {""};
	struct rvl_backend_event event;

	assert_false(has_event(bed, &event));
	assert_int_equal(ops->policy_clear(bed->near, pair->policy, &error), 0);
	assert_int_equal(ops->sa_delete(bed->near, RVL_OUTBOUND, pair->near_out, &error), 0);
	assert_int_equal(ops->sa_delete(bed->near, RVL_INBOUND, pair->near_in, &error), 0);
	rvl_esp_sa_free(pair->out);
	rvl_esp_sa_free(pair->in);
	close(pair->socket);
}

static void wait_readable(const struct pair *pair, int fd, const char *whom)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	if (poll(&poll_fd, 1, patience_ms()) != 1)
		fail_msg("%s: nothing comes from %s", pair->name, whom);
}

static void flip_last_bit(const struct pair *pair, struct packet *pkt)
{
	uint8_t *p = rvl_buf_data(&pkt->buf);

	p[pkt->buf.len - 1] ^= 1;
	if (pair->to.encap && pair->to.dst.family == 6)
		packet_put_checksum(p, pkt->buf.len, RVL_IP_PROTO_UDP, RVL_IPV6_HEADER + 6);
}

static void copy_packet(struct packet *to, const struct packet *from)
{
	packet_place(to, rvl_buf_data(&from->buf), from->buf.len);
}

/* ------------------------------------------------------------------------------ to the kernel */

static void to_kernel(const struct bed *bed, const struct packet *pkt)
{
	assert_int_equal(write(bed->tun, rvl_buf_data(&pkt->buf), pkt->buf.len), pkt->buf.len);
}

/* The next that comes out of the kernel is what follows UDP's header in this one. */
static void comes_out(const struct pair *pair, const uint8_t *inner, size_t inner_len)
{
	const size_t header = pair->flow.dst.family == 6 ? RVL_IPV6_HEADER : RVL_IP_HEADER;
	const size_t len = inner_len - header - RVL_UDP_HEADER;
	uint8_t got[2048];

	wait_readable(pair, pair->socket, "the kernel's SA");
	if (recv(pair->socket, got, sizeof(got), 0) != (ssize_t)len ||
	    memcmp(got, inner + inner_len - len, len))
		fail_msg("%s: something else comes out of the kernel", pair->name);
}

static bool is_too_short(const struct pair *pair, const struct packet *pkt)
{
	return pair->to.encap && pair->to.dst.family == 6 &&
	       pkt->buf.len < RVL_IPV6_HEADER + SHORTEST_IN_UDP_OVER_IPV6;
}

static void kernel_takes_what_software_makes(const struct bed *bed, struct pair *pair)
{
	static struct packet pkt, flipped;
	struct rvl_backend_error error = {""};
	struct rvl_sa_stats stats;
	uint8_t inner[2048];

	for (size_t i = 0; i < SIZES; i++) {
		const size_t len = packet_of_sa(inner, &pair->flow, sizes[i]);

		packet_place(&pkt, inner, len);
		assert_int_equal(rvl_esp_encap(pair->out, &pkt.buf), 0);
		if (is_too_short(pair, &pkt))
			continue;
		pair->packets++;
		copy_packet(&flipped, &pkt);
		flip_last_bit(pair, &flipped);
		to_kernel(bed, &flipped);
		to_kernel(bed, &pkt);
		to_kernel(bed, &pkt);
		comes_out(pair, inner, len);
	}
	if (bed->near->ops->sa_query(bed->near, RVL_INBOUND, pair->near_in, &stats, &error))
		fail_msg("%s: %s", pair->name, error.text);
	if (stats.packets != pair->packets || stats.drop_icv != pair->packets ||
	    stats.drop_replay != pair->packets || stats.seq != rvl_esp_sa_seq(pair->out))
		fail_msg("%s: the kernel counts %lu packets, %lu forged, %lu repeated, up to %lu",
			 pair->name, stats.packets, stats.drop_icv, stats.drop_replay, stats.seq);
}

/* ---------------------------------------------------------------------------- from the kernel */

/* What it sends for this SA; what it says by itself to its link isn't looked at. */
static void from_kernel(const struct bed *bed, const struct pair *pair, struct packet *pkt)
{
	struct rvl_esp_place at;
	uint8_t got[4096];

	do {
		ssize_t n;

		wait_readable(pair, bed->tun, "the kernel");
		n = read(bed->tun, got, sizeof(got));
		assert_true(n > 0);
		packet_place(pkt, got, (size_t)n);
	} while (rvl_esp_find(&at, &pkt->buf, RVL_ESP_PORT) != RVL_ESP_FOUND);
	if (at.spi != pair->from.spi || at.encap != pair->from.encap ||
	    at.protocol != pair->from.protocol || !rvl_addr_equal(&at.src, &pair->from.src) ||
	    !rvl_addr_equal(&at.dst, &pair->from.dst))
		fail_msg("%s: the kernel sends something else", pair->name);
}

/* It is the datagram, in whole packet: headers as far as they are known, and a right checksum. */
static void is_datagram(const struct pair *pair, const struct packet *pkt, const uint8_t *data,
			size_t len)
{
	const bool six = pair->flow.dst.family == 6;
	const size_t header = six ? RVL_IPV6_HEADER : RVL_IP_HEADER;
	const size_t size = six ? 16 : 4, total = header + RVL_UDP_HEADER + len;
	uint8_t want[2048];

	if (pkt->buf.len != total)
		fail_msg("%s: %zu octets come in and not %zu", pair->name, pkt->buf.len, total);
	memcpy(want, rvl_buf_data(&pkt->buf), header);
	memcpy(want + (six ? 8 : 12), pair->flow.dst.octets, size);
	memcpy(want + (six ? 24 : 16), pair->flow.src.octets, size);
	want[six ? 6 : 9] = RVL_IP_PROTO_UDP;
	rvl_put_be16(want + header, NEAR_PORT);
	rvl_put_be16(want + header + 2, FAR_PORT);
	rvl_put_be16(want + header + 4, (uint16_t)(RVL_UDP_HEADER + len));
	memcpy(want + header + RVL_UDP_HEADER, data, len);
	packet_put_checksum(want, total, RVL_IP_PROTO_UDP, header + 6);
	if (!six) {
		rvl_put_be16(want + 10, 0);
		rvl_put_be16(want + 10, rvl_ip_checksum(want, RVL_IP_HEADER));
	}
	if (memcmp(want, rvl_buf_data(&pkt->buf), total))
		fail_msg("%s: another packet comes in than was sent", pair->name);
}

static void is_dropped(const struct pair *pair, struct packet *pkt, enum rvl_drop want)
{
	const enum rvl_drop drop = packet_receive(pair->in, pkt);

	if (drop != want)
		fail_msg("%s: %s, and not %s", pair->name, rvl_drop_name(drop),
			 rvl_drop_name(want));
}

static void software_takes_what_the_kernel_makes(const struct bed *bed, const struct pair *pair)
{
	static struct packet pkt, flipped, again;
	uint8_t data[2048];

	for (size_t i = 0; i < SIZES; i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			data[k] = (uint8_t)packet_random();
		assert_int_equal(send(pair->socket, data, sizes[i], 0), sizes[i]);
		from_kernel(bed, pair, &pkt);
		copy_packet(&flipped, &pkt);
		copy_packet(&again, &pkt);
		flip_last_bit(pair, &flipped);
		is_dropped(pair, &flipped, RVL_DROP_ICV);
		is_dropped(pair, &pkt, RVL_DROP_NONE);
		is_datagram(pair, &pkt, data, sizes[i]);
		is_dropped(pair, &again, RVL_DROP_REPLAY);
	}
}

/* ------------------------------------------------------------------------------------- the table
 */

static void describe(struct pair *pair, const struct packet_shape *s, const char *suite)
{
	snprintf(pair->name, sizeof(pair->name), "%s %s IPv%d%s%s", suite,
		 s->mode == RVL_TUNNEL ? s->inner6 ? "tunnel, IPv6 in" : "tunnel, IPv4 in"
				       : "transport over",
		 s->outer6 ? 6 : 4, s->encap ? ", in UDP" : "", s->esn ? ", ESN" : "");
}

/* Both ways of one combination; false where there is none. */
static bool make_pair(struct pair *pair, const struct packet_shape *s, size_t suite)
{
	struct rvl_sa_params named = packet_params(RVL_OUTBOUND);

	*pair = (struct pair){0};
	if (!packet_sa_of(s, suite, &pair->to) || !packet_sa_of(s, suite, &pair->from))
		return false;
	describe(pair, s, packet_suite(&named, suite));
	swap_ends(&pair->from);
	pair->from.spi = pair->to.spi + 1;
	pair->to.first_seq = pair->from.first_seq = s->esn ? BEFORE_THE_EDGE : 0;
	pair->flow = pair->to;
	if (s->mode == RVL_TUNNEL)
		use_inner_addresses(&pair->flow, s->inner6);
	return true;
}

/* What the kernel lacks is told once of each suite. */
static bool kernel_lacks(const struct bed *bed, const struct pair *pair, bool first)
{
	const struct rvl_sa_params in = packet_peer(&pair->to);
	char lacking[128];
	bool lacks = rvl_abilities_lack(&bed->can, &in, lacking, sizeof(lacking));

	if (lacks && first)
		print_message("left out, as the kernel has no %s: %s\n", lacking, pair->name);
	return lacks;
}

static void judge(struct bed *bed, enum rvl_mode mode, bool outer6, bool inner6)
{
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
	unsigned int judged = 0, left_out = 0, packets = 0;

	for (size_t suite = 0; packet_suite(&params, suite); suite++) {
		struct packet_shape s;
		bool first = true;

		for (unsigned int i = 0; packet_shape_of(i, &s); i++) {
			static struct pair pair;

			if (s.mode != mode || s.outer6 != outer6 || s.inner6 != inner6 ||
			    !make_pair(&pair, &s, suite))
				continue;
			if (kernel_lacks(bed, &pair, first)) {
				first = false;
				left_out++;
				continue;
			}
			join(bed, &pair);
			kernel_takes_what_software_makes(bed, &pair);
			software_takes_what_the_kernel_makes(bed, &pair);
			part(bed, &pair);
			packets += pair.packets;
			judged++;
		}
	}
	print_message("%u combinations, %u left out: %u packets to the kernel, %zu from it\n",
		      judged, left_out, packets, judged * SIZES);
}

/* --------------------------------------------------------------------------- what the kernel tells
 */

#define DATA 100
#define OCTETS (RVL_IP_HEADER + RVL_UDP_HEADER + DATA)

/* A tunnel of IPv4 in IPv4 with the first of suites. */
static void make_plain_pair(struct pair *pair, bool encap)
{
	const struct packet_shape shape = {.mode = RVL_TUNNEL, .encap = encap};

	assert_true(make_pair(pair, &shape, 0));
}

static struct rvl_backend_event next_event(const struct bed *bed, const struct pair *pair)
{
	struct rvl_backend_event event;
	int n;

	while (!(n = bed->near->ops->next_event(bed->near, &event)))
		wait_readable(pair, bed->near->event_fd, "the kernel's events");
	assert_int_equal(n, 1);
	return event;
}

static void send_to_kernel(const struct bed *bed, const struct pair *pair)
{
	static struct packet pkt;
	uint8_t inner[256];

	packet_place(&pkt, inner, packet_of_sa(inner, &pair->flow, DATA));
	assert_int_equal(rvl_esp_encap(pair->out, &pkt.buf), 0);
	to_kernel(bed, &pkt);
}

/* One packet this way. */
static void pass_one(const struct bed *bed, const struct pair *pair, enum rvl_direction direction)
{
	static struct packet pkt;
	uint8_t data[DATA] = {0};

	if (direction == RVL_INBOUND) {
		send_to_kernel(bed, pair);
		wait_readable(pair, pair->socket, "the kernel's SA");
		assert_int_equal(recv(pair->socket, data, sizeof(data), 0), sizeof(data));
	} else {
		assert_int_equal(send(pair->socket, data, sizeof(data), 0), sizeof(data));
		from_kernel(bed, pair, &pkt);
	}
}

/* The packets that pass until its soft limit and then its hard one are told of. */
static void expires(struct bed *bed, enum rvl_direction direction, struct rvl_lifetime lifetime,
		    uint32_t soft, uint32_t hard)
{
	const uint8_t data[DATA] = {0};
	struct rvl_backend_event event;
	struct pair pair;

	make_plain_pair(&pair, false);
	pair.lifetime = lifetime;
	join(bed, &pair);
	for (int i = 0; i < 5; i++)
		pass_one(bed, &pair, direction);
	event = next_event(bed, &pair);
	assert_int_equal(event.direction, direction);
	assert_int_equal(event.index, direction == RVL_INBOUND ? pair.near_in : pair.near_out);
	assert_int_equal(event.spi, direction == RVL_INBOUND ? pair.to.spi : pair.from.spi);
	assert_int_equal(event.events, soft);
	assert_false(has_event(bed, &event));
	if (direction == RVL_INBOUND)
		send_to_kernel(bed, &pair);
	else
		send(pair.socket, data, sizeof(data), 0);
	event = next_event(bed, &pair);
	assert_int_equal(event.direction, direction);
	assert_int_equal(event.events, hard);
	/* What it couldn't have is lost: nothing comes out. */
	assert_int_equal(recv(pair.socket, (uint8_t[128]){0}, 128, MSG_DONTWAIT), -1);
	part(bed, &pair);
}

static void lifetimes_are_told_of_and_end_an_sa(void **state)
{
	const struct rvl_lifetime packets = {.soft_packets = 3, .hard_packets = 5};
	const struct rvl_lifetime bytes = {.soft_bytes = 3 * OCTETS, .hard_bytes = 5 * OCTETS};

	for (enum rvl_direction direction = RVL_OUTBOUND; direction <= RVL_INBOUND; direction++) {
		expires(*state, direction, packets, RVL_ESP_EVENT_SOFT_PACKETS,
			RVL_ESP_EVENT_HARD_PACKETS);
		expires(*state, direction, bytes, RVL_ESP_EVENT_SOFT_BYTES,
			RVL_ESP_EVENT_HARD_BYTES);
	}
}

static void a_peer_behind_another_port_is_told_of(void **state)
{
	struct bed *bed = *state;
	struct rvl_backend_event event;
	struct pair pair;

	make_plain_pair(&pair, true);
	join(bed, &pair);
	pass_one(bed, &pair, RVL_INBOUND);
	assert_false(has_event(bed, &event));
	rvl_esp_sa_free(pair.out);
	pair.to.src_port = 4501;
	pair.to.first_seq = 2;
	pair.out = packet_sa(&pair.to);
	pass_one(bed, &pair, RVL_INBOUND);
	event = next_event(bed, &pair);
	assert_int_equal(event.events, RVL_ESP_EVENT_MOVED);
	assert_int_equal(event.index, pair.near_in);
	assert_true(rvl_addr_equal(&event.src, &pair.to.src));
	assert_int_equal(event.src_port, 4501);
	pass_one(bed, &pair, RVL_INBOUND);
	assert_false(has_event(bed, &event));
	part(bed, &pair);
}

static void what_somebody_deletes_is_told_of(void **state)
{
	struct bed *bed = *state;
	struct rvl_backend_event event;
	struct pair pair;

	for (int all = 0; all < 2; all++) {
		uint32_t told[2] = {0, 0};

		make_plain_pair(&pair, false);
		join(bed, &pair);
		assert_int_equal(system(all ? "ip xfrm state flush"
					    : "ip xfrm state deleteall src 192.0.2.1"),
				 0);
		for (int i = 0; i <= all; i++) {
			event = next_event(bed, &pair);
			assert_int_equal(event.events, RVL_ESP_EVENT_DAMAGED);
			told[event.direction]++;
		}
		assert_int_equal(told[RVL_INBOUND], 1);
		assert_int_equal(told[RVL_OUTBOUND], all);
		assert_false(has_event(bed, &event));
		part(bed, &pair);
	}
}

/* As an SA is that moves to other addresses, or back: it has the SPI of the one that went. */
static void what_is_deleted_here_is_not_told_of(void **state)
{
	struct bed *bed = *state;
	struct rvl_backend_event event;
	struct pair pair;

	for (int i = 0; i < 3; i++) {
		make_plain_pair(&pair, false);
		join(bed, &pair);
		pass_one(bed, &pair, RVL_INBOUND);
		pass_one(bed, &pair, RVL_OUTBOUND);
		assert_false(has_event(bed, &event));
		part(bed, &pair);
	}
}

/* No datagram is waiting. What is written to the TUN has reached the socket by the time that this
 * returns, or never does. */
static bool nothing_came_out(const struct pair *pair)
{
	return recv(pair->socket, (uint8_t[128]){0}, 128, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* An SA of the kernel's that moves as a sad moves it. What was sent before it was asked for its
 * numbers, after that, and once it is there again, each twice, comes out once at most. */
static void an_sa_that_moves_takes_nothing_twice(void **state)
{
	enum { BEFORE, ASIDE, SENT };
	static struct packet sent[SENT], again;
	struct bed *bed = *state;
	const struct rvl_backend_ops *ops = bed->near->ops;
	struct rvl_backend_error error = {""};
	struct rvl_sa_params moved;
	struct rvl_sa_stats stats;
	uint8_t inner[256];
	struct pair pair;
	size_t len = 0;
	uint32_t mate;

	make_plain_pair(&pair, false);
	join(bed, &pair);
	/* One that takes its place has the same selectors. */
	moved = packet_peer(&pair.to);
	moved.spi += 2;
	mate = give(bed, &pair, moved);
	pass_one(bed, &pair, RVL_INBOUND);
	assert_int_equal(ops->line_shut(bed->near, LINE, true, &error), 0);
	for (size_t i = 0; i < SENT; i++) {
		len = packet_of_sa(inner, &pair.flow, DATA);
		packet_place(&sent[i], inner, len);
		assert_int_equal(rvl_esp_encap(pair.out, &sent[i].buf), 0);
		copy_packet(&again, &sent[i]);
		to_kernel(bed, &again);
		assert_true(nothing_came_out(&pair));
		if (i == BEFORE)
			assert_int_equal(
				ops->sa_query(bed->near, RVL_INBOUND, pair.near_in, &stats, &error),
				0);
	}
	assert_int_equal(stats.packets, 2);
	moved = packet_peer(&pair.to);
	moved.first_seq = stats.seq + 1;
	assert_int_equal(ops->sa_delete(bed->near, RVL_INBOUND, pair.near_in, &error), 0);
	pair.near_in = give(bed, &pair, moved);
	assert_int_equal(ops->line_shut(bed->near, LINE, false, &error), 0);
	copy_packet(&again, &sent[BEFORE]);
	to_kernel(bed, &again);
	assert_true(nothing_came_out(&pair));
	copy_packet(&again, &sent[ASIDE]);
	to_kernel(bed, &again);
	comes_out(&pair, inner, len);
	copy_packet(&again, &sent[ASIDE]);
	to_kernel(bed, &again);
	assert_true(nothing_came_out(&pair));
	pass_one(bed, &pair, RVL_INBOUND);
	assert_int_equal(ops->sa_delete(bed->near, RVL_INBOUND, mate, &error), 0);
	pass_one(bed, &pair, RVL_INBOUND);
	part(bed, &pair);
}

static void a_packet_that_has_no_sa_is_told_of_and_does_not_leave(void **state)
{
	struct bed *bed = *state;
	static const struct rvl_scopes none;
	static struct packet pkt;
	struct rvl_policy policy = {.action = RVL_DISCARD, .trap = true};
	struct rvl_backend_error error = {""};
	uint32_t index = RVL_BACKEND_ANY;
	struct rvl_backend_event event;
	struct pair pair;

	make_plain_pair(&pair, false);
	join(bed, &pair);
	assert_int_equal(bed->near->ops->policy_clear(bed->near, pair.policy, &error), 0);
	policy.selector = selector_of(&pair.flow);
	policy.priority = rvl_selector_priority(&policy.selector, policy.action);
	assert_int_equal(bed->near->ops->policy_set(bed->near, &policy, &none, &index, &error), 0);
	send(pair.socket, "lost", 4, 0);
	event = next_event(bed, &pair);
	assert_int_equal(event.events, RVL_BACKEND_EVENT_ACQUIRE);
	assert_true(rvl_addr_equal(&event.packet.src, &pair.flow.dst));
	assert_true(rvl_addr_equal(&event.packet.dst, &pair.flow.src));
	assert_int_equal(event.packet.protocol, RVL_IP_PROTO_UDP);
	assert_int_equal(event.packet.src_port, NEAR_PORT);
	assert_int_equal(event.packet.dst_port, FAR_PORT);
	lead(bed, &pair);
	/* The first that leaves is the first of the SA. */
	send(pair.socket, "kept", 4, 0);
	from_kernel(bed, &pair, &pkt);
	is_dropped(&pair, &pkt, RVL_DROP_NONE);
	is_datagram(&pair, &pkt, (const uint8_t *)"kept", 4);
	assert_int_equal(bed->near->ops->policy_clear(bed->near, index, &error), 0);
	part(bed, &pair);
}

/* -------------------------------------------------------------------------------------- the suite
 */

static void tunnel_of_ipv4_in_ipv4(void **state)
{
	judge(*state, RVL_TUNNEL, false, false);
}

static void tunnel_of_ipv6_in_ipv4(void **state)
{
	judge(*state, RVL_TUNNEL, false, true);
}

static void tunnel_of_ipv4_in_ipv6(void **state)
{
	judge(*state, RVL_TUNNEL, true, false);
}

static void tunnel_of_ipv6_in_ipv6(void **state)
{
	judge(*state, RVL_TUNNEL, true, true);
}

static void transport_over_ipv4(void **state)
{
	judge(*state, RVL_TRANSPORT, false, false);
}

static void transport_over_ipv6(void **state)
{
	judge(*state, RVL_TRANSPORT, true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnel_of_ipv4_in_ipv4),
		cmocka_unit_test(tunnel_of_ipv6_in_ipv4),
		cmocka_unit_test(tunnel_of_ipv4_in_ipv6),
		cmocka_unit_test(tunnel_of_ipv6_in_ipv6),
		cmocka_unit_test(transport_over_ipv4),
		cmocka_unit_test(transport_over_ipv6),
		cmocka_unit_test(lifetimes_are_told_of_and_end_an_sa),
		cmocka_unit_test(a_peer_behind_another_port_is_told_of),
		cmocka_unit_test(what_somebody_deletes_is_told_of),
		cmocka_unit_test(what_is_deleted_here_is_not_told_of),
		cmocka_unit_test(an_sa_that_moves_takes_nothing_twice),
		cmocka_unit_test(a_packet_that_has_no_sa_is_told_of_and_does_not_leave),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
