// SPDX-License-Identifier: BSD-2-Clause
/*
 * Floods a host with IKE messages, as whole Ethernet frames on an interface, until SIGTERM: RATE of
 * them a second, or for 0 as fast as one processor can; then says how many there were. Each has
 * SPIs, a nonce and a UDP port of chance, and a source address of chance, or the one that is given.
 *
 * usage: flooder INTERFACE MAC ADDRESS WHAT RATE [SOURCE]
 *
 * WHAT: init      IKE_SA_INIT requests that a responder would take
 *       returned  the same with a cookie that nobody gave
 *       guess     messages to SPIs that nobody has
 *       all       each of these
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host/ike/dh.h"
#include "host/ike/payload.h"

enum {
	BATCH = 64,
	FRAME_MAX = 1024,
	IP = 14,
	UDP = IP + 20,
	IKE = UDP + 8,
	COOKIE_LEN = 20,
};

enum what { INIT, RETURNED, GUESS, ALL };

struct frame {
	uint8_t octets[FRAME_MAX];
	size_t len;
	size_t nonce_at;
};

struct flood {
	int fd;
	uint64_t random;
	struct in_addr source; /* 0: any */
	struct in_addr target;
	uint8_t mac[6];
	struct frame frames[BATCH];
	uint64_t sent;
	double rate;
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "flooder: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int fill(void *context, void *out, size_t len)
{
	(void)context;
	return getrandom(out, len, 0) == (ssize_t)len ? 0 : -EIO;
}

static uint64_t next(struct flood *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random;
}

static size_t write_message(enum what what, uint8_t *out, size_t size, size_t *nonce_at)
{
	static const uint8_t no_hash[20], some[64];
	const struct ike_slice nothing = {0};
	const struct ike_random random = {.fill = fill};
	struct ike_dh *dh = ike_dh_new(IKE_GROUP_X25519, &random);
	struct ike_header hdr = {
		.spi_i = 1,
		.spi_r = what == GUESS,
		.major = 2,
		.exchange = what == GUESS ? IKE_AUTH : IKE_SA_INIT,
		.flags = IKE_FLAG_INITIATOR,
		.message_id = what == GUESS,
	};
	struct ike_proposal proposals[IKE_PROPOSAL_DEFAULTS];
	struct ike_builder b;

	check(dh, "key pair");
	ike_build_message(&b, out, size, &hdr);
	*nonce_at = IKE_HEADER_LEN + IKE_PAYLOAD_HEADER_LEN;
	if (what == GUESS) {
		ike_build_begin(&b, IKE_PAYLOAD_SK);
		ike_put(&b.w, some, sizeof(some));
		ike_build_end(&b);
	} else {
		if (what == RETURNED)
			ike_write_notify(&b, IKE_PROTO_NONE, nothing, IKE_N_COOKIE,
					 ike_slice(some, COOKIE_LEN));
		ike_write_sa(&b, proposals, ike_proposal_defaults(IKE_PROTO_IKE, proposals),
			     nothing);
		ike_write_ke(&b, IKE_GROUP_X25519, ike_dh_public(dh));
		*nonce_at = b.w.len + IKE_PAYLOAD_HEADER_LEN;
		ike_write_nonce(&b, ike_slice(some, IKE_NONCE_LEN));
		ike_write_notify(&b, IKE_PROTO_NONE, nothing, IKE_N_NAT_DETECTION_SOURCE_IP,
				 ike_slice(no_hash, sizeof(no_hash)));
		ike_write_notify(&b, IKE_PROTO_NONE, nothing, IKE_N_NAT_DETECTION_DESTINATION_IP,
				 ike_slice(no_hash, sizeof(no_hash)));
	}
	check(ike_build_finish(&b) == 0, "message");
	ike_dh_free(dh);
	return b.w.len;
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void write_frame(const struct flood *f, enum what what, struct frame *out)
{
	size_t len = write_message(what, out->octets + IKE, FRAME_MAX - IKE, &out->nonce_at);

	memcpy(out->octets, f->mac, 6);
	out->octets[6] = 2;
	put16(out->octets + 12, ETH_P_IP);
	out->octets[IP] = 0x45;
	put16(out->octets + IP + 2, (unsigned)(20 + 8 + len));
	out->octets[IP + 8] = 64;
	out->octets[IP + 9] = IPPROTO_UDP;
	memcpy(out->octets + IP + 16, &f->target, 4);
	put16(out->octets + UDP + 2, IKE_PORT);
	put16(out->octets + UDP + 4, (unsigned)(8 + len));
	out->nonce_at += IKE;
	out->len = IKE + len;
}

static void set_checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	put16(ip + 10, 0);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum >> 16) + (sum & 0xffff);
	put16(ip + 10, ~(sum + (sum >> 16)));
}

/* Another sender, another IKE SA. */
static void change(struct flood *f, struct frame *frame)
{
	uint8_t *o = frame->octets;
	uint64_t chance = next(f), spi = next(f), nonce = next(f);

	memcpy(o + IKE, &spi, 8);
	memcpy(o + frame->nonce_at, &nonce, 8);
	if (o[IKE + 15]) {
		memcpy(o + IKE + 8, &nonce, 8);
		o[IKE + 15] |= 1;
	}
	put16(o + UDP, 1024 + (chance & 0x7fff));
	memcpy(o + IP + 12, &f->source, 4);
	if (!f->source.s_addr) {
		memcpy(o + IP + 12, (uint8_t *)&chance + 2, 4);
		o[IP + 12] =
			(uint8_t)(1 + o[IP + 12] % 9); /* neither multicast nor anybody's here */
	}
	set_checksum(o + IP);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* One that had no processor does not catch up in one burst. */
static void keep_pace(const struct flood *f, double *due)
{
	double ahead;

	*due += BATCH / f->rate;
	ahead = *due - now();
	if (ahead > 0)
		usleep((useconds_t)(ahead * 1e6));
	else
		*due -= ahead;
}

static void run(struct flood *f)
{
	double due = now();
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];

	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){f->frames[i].octets, f->frames[i].len};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	while (!ended) {
		int n;

		for (int i = 0; i < BATCH; i++)
			change(f, &f->frames[i]);
		n = sendmmsg(f->fd, messages, BATCH, 0);
		check(n >= 0 || errno == EINTR || errno == ENOBUFS || errno == EAGAIN, "sendmmsg");
		f->sent += n > 0 ? (uint64_t)n : 0;
		if (f->rate > 0)
			keep_pace(f, &due);
	}
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"init", "returned", "guess", "all"};
	static struct flood f;
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	struct sigaction on_end = {.sa_handler = end};
	int what = 0, bypass = 1;
	double begun;

	while (argc > 4 && what <= ALL && strcmp(names[what], argv[4]))
		what++;
	if (argc < 6 || what > ALL || inet_pton(AF_INET, argv[3], &f.target) != 1 ||
	    sscanf(argv[5], "%lf", &f.rate) != 1 ||
	    (argc > 6 && inet_pton(AF_INET, argv[6], &f.source) != 1) ||
	    sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &f.mac[0], &f.mac[1], &f.mac[2],
		   &f.mac[3], &f.mac[4], &f.mac[5]) != 6) {
		fprintf(stderr, "usage: flooder INTERFACE MAC ADDRESS init|returned|guess|all "
				"RATE [SOURCE]\n");
		return 2;
	}
	check(fill(NULL, &f.random, sizeof(f.random)) == 0, "random numbers");
	f.random |= 1;
	for (int i = 0; i < BATCH; i++)
		write_frame(&f, what == ALL ? (enum what)(i % ALL) : (enum what)what, &f.frames[i]);
	f.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	check(f.fd >= 0 && to.sll_ifindex &&
		      !setsockopt(f.fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass)) &&
		      !bind(f.fd, (struct sockaddr *)&to, sizeof(to)),
	      argv[1]);
	sigaction(SIGTERM, &on_end, NULL);
	printf("flooding\n");
	fflush(stdout);
	begun = now();
	run(&f);
	printf("%llu frames, %.0f a second\n", (unsigned long long)f.sent,
	       (double)f.sent / (now() - begun));
	close(f.fd);
	return 0;
}
