// SPDX-License-Identifier: BSD-2-Clause
/*
 * IKE load: IKE_SA_INIT and IKE_AUTH with a pre-shared key, many at once, against a responder on
 * UDP. An initiator with no more than a handshake needs, so that it is faster than any responder:
 * one key pair serves all, and a tunnel is forgotten once it is up. The responder keeps it.
 *
 * Tunnel N is its own peer: identity tN.example.org, traffic selector the Nth address of
 * 10.0.0.0/8, or all of that with --shared. All come from one socket, as from behind a NAT:
 * IKE_AUTH goes to port 4500. With --poll it never sleeps: whoever answers on another core of the
 * same machine would pay for waking it, which over a network nobody does. Prints JSON.
 *
 * usage: ike_load [--at-once N] [--first N] [--count N] [--shared] [--poll] RESPONDER SECRET
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host/ike/dh.h"
#include "host/ike/keys.h"
#include "host/ike/payload.h"

#define AT_ONCE_MAX 1024
#define MARKER 4
#define RETRANSMIT_S 1.0
#define LOOK_S 0.1 /* for what is to be sent again, so often */
#define TRIES_MAX 30
#define DATAGRAM_MAX 4096
#define RECEIVE_BUFFER (4 << 20)

static const struct ike_slice nothing;

struct slot {
	uint32_t tunnel;
	bool busy;
	bool authenticating;
	uint64_t spi_i;
	uint64_t spi_r;
	uint8_t ni[IKE_NONCE_LEN];
	uint8_t nr[IKE_NONCE_MAX];
	size_t nr_len;
	struct ike_keys keys;
	struct ike_auth_keys auth_keys;
	struct ike_suite suite;
	uint8_t init_request[1024];
	size_t init_request_len;
	uint8_t init_response[1024];
	size_t init_response_len;
	uint8_t message[DATAGRAM_MAX]; /* that an answer is waited for */
	size_t message_len;
	double sent_at;
	unsigned tries;
};

struct load {
	int fd;
	struct in_addr responder;
	struct ike_slice secret;
	struct ike_dh *dh;
	struct ike_proposal ike;
	struct ike_proposal esp;
	struct slot slots[AT_ONCE_MAX];
	unsigned at_once;
	bool shared; /* traffic selectors */
	bool poll;
	uint32_t next;
	uint32_t end;
	unsigned established;
	unsigned retransmissions;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what)
{
	fprintf(stderr, "ike_load: %s\n", what);
	exit(1);
}

static void check(int err, const char *what)
{
	if (err)
		fail(what);
}

static int fill(void *context, void *out, size_t len)
{
	(void)context;
	return getrandom(out, len, 0) == (ssize_t)len ? 0 : -EIO;
}

static void send_message(struct load *load, struct slot *slot)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(slot->authenticating ? IKE_PORT_NATT : IKE_PORT),
				 .sin_addr = load->responder};

	slot->sent_at = now();
	/* One that is lost is sent again. */
	if (sendto(load->fd, slot->message, slot->message_len, 0, (struct sockaddr *)&to,
		   sizeof(to)) < 0 &&
	    errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
		fail(strerror(errno));
}

static void finish_message(struct slot *slot, struct ike_builder *b)
{
	check(ike_build_finish(b), "a message is too long");
	slot->message_len = b->w.len;
	slot->tries = 0;
}

static struct ike_header header(const struct slot *slot, uint8_t exchange, uint32_t id)
{
	return (struct ike_header){
		.spi_i = slot->spi_i,
		.spi_r = slot->spi_r,
		.major = 2,
		.exchange = exchange,
		.flags = IKE_FLAG_INITIATOR,
		.message_id = id,
	};
}

/* The low bits of our SPI say which slot it is. */
static void begin(struct load *load, struct slot *slot)
{
	static const uint8_t no_hash[20]; /* of nobody's address: a NAT is before us */
	struct ike_header hdr;
	struct ike_builder b;

	slot->busy = load->next != load->end;
	if (!slot->busy)
		return;
	slot->tunnel = load->next++;
	slot->authenticating = false;
	slot->spi_r = 0;
	check(fill(NULL, &slot->spi_i, sizeof(slot->spi_i)), "no random numbers");
	check(fill(NULL, slot->ni, sizeof(slot->ni)), "no random numbers");
	slot->spi_i = slot->spi_i / AT_ONCE_MAX * AT_ONCE_MAX + (size_t)(slot - load->slots);
	hdr = header(slot, IKE_SA_INIT, 0);
	ike_build_message(&b, slot->message, sizeof(slot->init_request), &hdr);
	ike_write_sa(&b, &load->ike, 1, nothing);
	ike_write_ke(&b, IKE_GROUP_X25519, ike_dh_public(load->dh));
	ike_write_nonce(&b, ike_slice(slot->ni, sizeof(slot->ni)));
	ike_write_notify(&b, IKE_PROTO_NONE, nothing, IKE_N_NAT_DETECTION_SOURCE_IP,
			 ike_slice(no_hash, sizeof(no_hash)));
	ike_write_notify(&b, IKE_PROTO_NONE, nothing, IKE_N_NAT_DETECTION_DESTINATION_IP,
			 ike_slice(no_hash, sizeof(no_hash)));
	finish_message(slot, &b);
	slot->init_request_len = slot->message_len;
	memcpy(slot->init_request, slot->message, slot->message_len);
	send_message(load, slot);
}

/* AUTH of one side over the body of its ID payload. */
static void compute_auth(const struct load *load, const struct slot *slot, bool ours,
			 struct ike_slice id_body, uint8_t out[IKE_PRF_MAX])
{
	struct ike_slice first = ours ? ike_slice(slot->init_request, slot->init_request_len)
				      : ike_slice(slot->init_response, slot->init_response_len);
	struct ike_slice nonce =
		ours ? ike_slice(slot->nr, slot->nr_len) : ike_slice(slot->ni, sizeof(slot->ni));

	check(ike_keys_auth_psk(slot->suite.prf, load->secret, first, nonce,
				ours ? slot->auth_keys.sk_pi : slot->auth_keys.sk_pr, id_body, out),
	      "AUTH can't be computed");
}

static struct ike_ts_list one_range(uint32_t first, uint32_t last)
{
	struct ike_ts_list list = {
		.count = 1,
		.list = {{.family = 4, .port_first = 0, .port_last = UINT16_MAX}},
	};
	const uint32_t ends[] = {htonl(first), htonl(last)};

	memcpy(list.list[0].first, &ends[0], 4);
	memcpy(list.list[0].last, &ends[1], 4);
	return list;
}

static void write_inner(const struct load *load, struct slot *slot, struct ike_builder *b)
{
	const struct ike_ts_list ours =
		load->shared ? one_range(0x0a000000, 0x0affffff)
			     : one_range(0x0a000000 + slot->tunnel, 0x0a000000 + slot->tunnel);
	const struct ike_ts_list theirs = one_range(0xac100000, 0xac10ffff);
	uint8_t id_body[64], auth[IKE_PRF_MAX];
	struct ike_writer id = ike_writer(id_body, sizeof(id_body));
	const uint32_t spi = htonl(0x10000 + slot->tunnel);
	char name[32];
	int len = snprintf(name, sizeof(name), "t%u.example.org", slot->tunnel);

	ike_put_u8(&id, IKE_ID_FQDN);
	ike_put_be(&id, 0, 3);
	ike_put(&id, name, (size_t)len);
	compute_auth(load, slot, true, ike_written(&id), auth);
	ike_write_id(b, IKE_PAYLOAD_IDI, IKE_ID_FQDN, ike_slice(name, (size_t)len));
	ike_write_auth(b, IKE_AUTH_PSK, ike_slice(auth, ike_prf_len(slot->suite.prf)));
	ike_write_sa(b, &load->esp, 1, ike_slice(&spi, sizeof(spi)));
	ike_write_ts(b, IKE_PAYLOAD_TSI, &ours);
	ike_write_ts(b, IKE_PAYLOAD_TSR, &theirs);
}

static void authenticate(struct load *load, struct slot *slot)
{
	const struct ike_cipher *cipher = &slot->keys.initiator;
	struct ike_header hdr = header(slot, IKE_AUTH, 1);
	uint8_t *message = slot->message + MARKER;
	static const uint8_t iv[8];
	struct ike_builder b, inner;
	uint8_t plain[1024];
	size_t body_at, body_len;

	ike_build_chain(&inner, plain, sizeof(plain));
	write_inner(load, slot, &inner);
	check(ike_build_finish(&inner), "IKE_AUTH is too long");
	body_len = ike_cipher_sealed_len(cipher, inner.w.len);
	memset(slot->message, 0, MARKER);
	ike_build_message(&b, message, DATAGRAM_MAX - MARKER, &hdr);
	ike_build_begin(&b, IKE_PAYLOAD_SK);
	ike_patch_be(&b.w, b.payload_at, inner.first, 1);
	body_at = b.w.len;
	b.w.len += body_len;
	ike_build_end(&b);
	slot->authenticating = true;
	finish_message(slot, &b);
	slot->message_len += MARKER;
	check(ike_cipher_seal(cipher, iv, ike_slice(message, body_at), ike_written(&inner.w),
			      message + body_at),
	      "IKE_AUTH can't be sealed");
	send_message(load, slot);
}

static void on_init(struct load *load, struct slot *slot, const struct ike_header *hdr,
		    struct ike_slice datagram)
{
	struct ike_slice chain =
		ike_slice(datagram.data + IKE_HEADER_LEN, datagram.len - IKE_HEADER_LEN);
	struct ike_slice sa_body, ke_body, nonce_body, nonce;
	struct ike_sa_payload answer;
	struct ike_payloads payloads;
	struct ike_secret shared;
	struct ike_ke ke;
	uint64_t spi;

	if (ike_payloads_parse(chain, hdr->next_payload, &payloads) ||
	    ike_payloads_one(&payloads, IKE_PAYLOAD_SA, &sa_body) ||
	    ike_payloads_one(&payloads, IKE_PAYLOAD_KE, &ke_body) ||
	    ike_payloads_one(&payloads, IKE_PAYLOAD_NONCE, &nonce_body) ||
	    ike_parse_sa(sa_body, &answer) || ike_parse_ke(ke_body, &ke) ||
	    ike_parse_nonce(nonce_body, &nonce) ||
	    ike_proposal_check_answer(IKE_PURPOSE_INIT, &load->ike, 1, &answer, &slot->suite,
				      &spi) ||
	    datagram.len > sizeof(slot->init_response))
		fail("the responder refuses IKE_SA_INIT");
	slot->spi_r = hdr->spi_r;
	slot->nr_len = nonce.len;
	memcpy(slot->nr, nonce.data, nonce.len);
	slot->init_response_len = datagram.len;
	memcpy(slot->init_response, datagram.data, datagram.len);
	check(ike_dh_shared(load->dh, ke.data, &shared), "the responder's KE is invalid");
	check(ike_keys_derive(&slot->suite, &shared, ike_slice(slot->ni, sizeof(slot->ni)), nonce,
			      slot->spi_i, slot->spi_r, &slot->keys, &slot->auth_keys),
	      "keys can't be derived");
	authenticate(load, slot);
}

/* The tunnel is up when the responder has authenticated and has a Child SA. */
static void on_auth(struct load *load, struct slot *slot, const struct ike_header *hdr,
		    struct ike_slice datagram)
{
	struct ike_slice chain =
		ike_slice(datagram.data + IKE_HEADER_LEN, datagram.len - IKE_HEADER_LEN);
	struct ike_slice id_body, auth_body, sa_body;
	uint8_t plain[DATAGRAM_MAX], expected[IKE_PRF_MAX];
	struct ike_payloads payloads;
	struct ike_auth auth;
	size_t plain_len;
	uint8_t first;

	if (ike_payloads_parse(chain, hdr->next_payload, &payloads) ||
	    payloads.encrypted_type != IKE_PAYLOAD_SK)
		fail("the responder's IKE_AUTH is malformed");
	first = payloads.inner_first;
	if (ike_cipher_open(
		    &slot->keys.responder,
		    ike_slice(datagram.data, (size_t)(payloads.encrypted.data - datagram.data)),
		    payloads.encrypted, plain, &plain_len) ||
	    ike_payloads_parse(ike_slice(plain, plain_len), first, &payloads))
		fail("the responder's IKE_AUTH can't be opened");
	if (ike_payloads_one(&payloads, IKE_PAYLOAD_IDR, &id_body) ||
	    ike_payloads_one(&payloads, IKE_PAYLOAD_AUTH, &auth_body) ||
	    ike_payloads_one(&payloads, IKE_PAYLOAD_SA, &sa_body) ||
	    ike_parse_auth(auth_body, &auth))
		fail("the responder refuses IKE_AUTH, or the Child SA");
	compute_auth(load, slot, false, id_body, expected);
	if (!ike_slice_equal(auth.data, ike_slice(expected, ike_prf_len(slot->suite.prf))))
		fail("the responder has another key");
	load->established++;
	begin(load, slot);
}

static void on_datagram(struct load *load, uint16_t port, struct ike_slice datagram)
{
	struct ike_header hdr;
	struct slot *slot;

	if (port == IKE_PORT_NATT && datagram.len > MARKER)
		datagram = ike_slice(datagram.data + MARKER, datagram.len - MARKER);
	if (ike_header_parse(datagram, &hdr) || hdr.length != datagram.len ||
	    !(hdr.flags & IKE_FLAG_RESPONSE))
		return;
	slot = &load->slots[hdr.spi_i % AT_ONCE_MAX];
	if (!slot->busy || slot->spi_i != hdr.spi_i ||
	    slot->authenticating != (hdr.exchange == IKE_AUTH))
		return; /* a second answer */
	if (slot->authenticating)
		on_auth(load, slot, &hdr, datagram);
	else
		on_init(load, slot, &hdr, datagram);
}

static void retransmit(struct load *load)
{
	for (unsigned i = 0; i < load->at_once; i++) {
		struct slot *slot = &load->slots[i];

		if (!slot->busy || now() - slot->sent_at < RETRANSMIT_S)
			continue;
		if (++slot->tries > TRIES_MAX)
			fail("the responder doesn't answer");
		load->retransmissions++;
		send_message(load, slot);
	}
}

static void run(struct load *load)
{
	uint32_t count = load->end - load->next;
	uint8_t room[DATAGRAM_MAX];
	double looked_at = now();

	for (unsigned i = 0; i < load->at_once; i++)
		begin(load, &load->slots[i]);
	while (load->established < count) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(load->fd, room, sizeof(room), load->poll ? MSG_DONTWAIT : 0,
				       (struct sockaddr *)&from, &from_len);

		if (len >= 0)
			on_datagram(load, ntohs(from.sin_port), ike_slice(room, (size_t)len));
		else if (errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
			fail(strerror(errno));
		if (now() - looked_at > LOOK_S) {
			retransmit(load);
			looked_at = now();
		}
	}
}

static void prepare(struct load *load)
{
	const struct ike_random random = {.fill = fill};
	const struct timeval patience = {.tv_usec = 100000};
	const int room = RECEIVE_BUFFER;
	char error[128];

	check(ike_proposal_parse("aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE, &load->ike, error,
				 sizeof(error)),
	      error);
	check(ike_proposal_parse("aes256gcm16", IKE_PROTO_ESP, &load->esp, error, sizeof(error)),
	      error);
	load->dh = ike_dh_new(IKE_GROUP_X25519, &random);
	check(!load->dh, "no key pair");
	load->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	check(load->fd < 0, "no socket");
	check(setsockopt(load->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
		      setsockopt(load->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)),
	      "socket options");
}

static unsigned number(const char *text, unsigned most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || !value || value > most) {
		fprintf(stderr, "ike_load: \"%s\" isn't a number from 1 to %u\n", text, most);
		exit(2);
	}
	return (unsigned)value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"at-once", required_argument, NULL, 'a'}, {"first", required_argument, NULL, 'f'},
		{"count", required_argument, NULL, 'n'},   {"shared", no_argument, NULL, 's'},
		{"poll", no_argument, NULL, 'p'},	   {0},
	};
	static struct load load = {.at_once = 24, .next = 1};
	unsigned count = 1000;
	double begun, seconds;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'a')
			load.at_once = number(optarg, AT_ONCE_MAX);
		else if (option == 'f')
			load.next = number(optarg, 10000000);
		else if (option == 'n')
			count = number(optarg, 1000000);
		else if (option == 's')
			load.shared = true;
		else if (option == 'p')
			load.poll = true;
		else
			return 2;
	}
	if (optind + 2 != argc || inet_pton(AF_INET, argv[optind], &load.responder) != 1) {
		fprintf(stderr, "usage: ike_load [--at-once N] [--first N] [--count N] [--shared] "
				"[--poll] RESPONDER SECRET\n");
		return 2;
	}
	load.secret = ike_slice(argv[optind + 1], strlen(argv[optind + 1]));
	load.end = load.next + count;
	prepare(&load);
	begun = now();
	run(&load);
	seconds = now() - begun;
	printf("{\"handshakes\": %u, \"seconds\": %.6f, \"retransmissions\": %u}\n",
	       load.established, seconds, load.retransmissions);
	ike_dh_free(load.dh);
	close(load.fd);
	return 0;
}
