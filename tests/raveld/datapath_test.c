// SPDX-License-Identifier: BSD-2-Clause
/*
 * Data threads at work: two hosts with software ESP at the two ends of a veth pair, each with
 * several threads, whose queues of the netdev are sockets here. Flows go both ways all the time,
 * each through a child of its own, while this thread, which is the control thread of both, rekeys
 * or deletes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/raveld/datapath.h"
#include "host/sa/fanout.h"
#include "host/sa/sad.h"
#include "tests/patience.h"

enum {
	THREADS = 3,
	FLOWS = 7,
	WINDOW = 16,	 /* frames of a flow under way: sockets and rings have room for all */
	LENGTH = 120,	 /* of a frame */
	MARK = 14 + 28,	 /* where the flow, and then the number, is in one */
	REMEMBERED = 64, /* numbers, of which each comes once */
};

/* One way of a flow. */
struct way {
	uint32_t sent;
	uint32_t received; /* all numbers below it came */
	uint64_t beyond;   /* and of those from there on these, one a bit */
};

struct host {
	struct rvl_backend *backend;
	struct rvl_sad *sad;
	struct datapath *datapath;
	int queues[THREADS]; /* our ends; */
	int taps[THREADS];   /* the data path's */
	struct way out[FLOWS];
	atomic_uint failed;
};

struct bed {
	struct host hosts[2];
	uint64_t child[FLOWS]; /* ids that are in use, the same on both */
	uint64_t last_id;
	bool in_order; /* each number has to be the next one */
	bool lossy;
};

static struct ike_ts_list network(int host, int flow)
{
	struct ike_ts_list list = {.count = 1};
	char text[32], reason[128];

	snprintf(text, sizeof(text), "10.%d.%d.0/24", host + 1, flow);
	assert_int_equal(ike_ts_parse(text, &list.list[0], reason, sizeof(reason)), 0);
	return list;
}

static struct rvl_sa_params params_of(enum rvl_direction direction, uint32_t spi, int from)
{
	struct rvl_sa_params params = {
		.direction = direction,
		.spi = spi,
		.src = rvl_addr_of_ipv4(0xc0000201u + (uint32_t)from),
		.dst = rvl_addr_of_ipv4(0xc0000202u - (uint32_t)from),
		.inner = RVL_FAMILY_IPV4,
		.encr = IKE_ENCR_AES_GCM_16,
		.encr_key_len = 16,
		.replay_window = direction == RVL_INBOUND ? 1024 : 0,
	};

	memset(params.encr_key, (int)spi, sizeof(params.encr_key));
	return params;
}

/* Both SAs of a child, the first host's inbound one with an SPI of its id. */
static void make_child(struct bed *bed, int flow, uint64_t id, uint64_t replaces)
{
	const struct ike_ts_list ends[2] = {network(0, flow), network(1, flow)};
	struct rvl_backend_error error = {""};

	for (int i = 0; i < 2; i++) {
		const uint32_t in = (uint32_t)(0x10000 * (i + 1) + id),
			       out = (uint32_t)(0x10000 * (2 - i) + id);
		const struct rvl_child child = {
			.id = id,
			.replaces = replaces,
			.owner = (uint64_t)flow + 1,
			.in = params_of(RVL_INBOUND, in, 1 - i),
			.out = params_of(RVL_OUTBOUND, out, i),
			.local_ts = &ends[i],
			.remote_ts = &ends[1 - i],
		};

		if (rvl_sad_child_inbound(bed->hosts[i].sad, &child, &error) ||
		    rvl_sad_child_outbound(bed->hosts[i].sad, id, &error))
			fail_msg("%s", error.text);
	}
}

static void use_child(struct bed *bed, uint64_t id)
{
	struct rvl_backend_error error = {""};

	for (int i = 0; i < 2; i++)
		if (rvl_sad_child_use(bed->hosts[i].sad, id, &error))
			fail_msg("%s", error.text);
}

static void remove_child(struct bed *bed, uint64_t id)
{
	struct rvl_backend_error error = {""};

	for (int i = 0; i < 2; i++)
		if (rvl_sad_child_remove(bed->hosts[i].sad, id, &error))
			fail_msg("%s", error.text);
}

static void ignore(void *context)
{
	(void)context;
}

static void note_failure(void *context)
{
	atomic_fetch_add(&((struct host *)context)->failed, 1);
}

static void open_host(struct host *host, const char *wire)
{
	const struct rvl_soft_config soft = {
		.wire = wire, .threads = THREADS, .sas = 1024, .policies = 1024};
	struct rvl_backend_error error = {""};
	struct datapath_config config = {
		.ike_ports = {500, 4500},
		.taps = host->taps,
		.sprung = ignore,
		.hinted = ignore,
		.failed = note_failure,
		.context = host,
	};

	if (rvl_backend_soft_open(&soft, &host->backend, &error))
		fail_msg("%s", error.text);
	host->sad = rvl_sad_new(host->backend);
	assert_non_null(host->sad);
	for (int i = 0; i < THREADS; i++) {
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
		host->queues[i] = ends[0];
		host->taps[i] = ends[1];
	}
	config.frames = host->backend->frames;
	config.inbound = rvl_sad_inbound(host->sad);
	config.policies = rvl_sad_policies(host->sad);
	config.traps = rvl_sad_traps(host->sad);
	config.fit = rvl_sad_fit(host->sad);
	assert_int_equal(datapath_start(&config, &host->datapath), 0);
}

static struct bed *open_bed(void)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	if (geteuid() || unshare(CLONE_NEWNET) ||
	    system("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; "
		   "ip link add wire0 type veth peer name wire1"))
		fail();
	open_host(&bed->hosts[0], "wire0");
	open_host(&bed->hosts[1], "wire1");
	for (int flow = 0; flow < FLOWS; flow++) {
		bed->child[flow] = ++bed->last_id;
		make_child(bed, flow, bed->child[flow], 0);
		use_child(bed, bed->child[flow]);
	}
	return bed;
}

static void close_bed(struct bed *bed)
{
	for (int i = 0; i < 2; i++) {
		struct host *host = &bed->hosts[i];

		datapath_stop(host->datapath);
		rvl_sad_free(host->sad);
		host->backend->ops->close(host->backend);
		for (int k = 0; k < THREADS; k++) {
			close(host->queues[k]);
			close(host->taps[k]);
		}
	}
	free(bed);
}

/* ------------------------------------------------------------------------------------ traffic */

static void put_frame(uint8_t p[LENGTH], int from, int flow, uint32_t number)
{
	memset(p, 0, LENGTH);
	memset(p, 2, 12);
	rvl_put_be16(p + 12, 0x0800);
	p[14] = 0x45;
	rvl_put_be16(p + 16, LENGTH - 14);
	p[22] = 64;
	p[23] = RVL_IP_PROTO_UDP;
	rvl_put_be32(p + 26, 0x0a000001u + ((uint32_t)from + 1) * 0x10000 + (uint32_t)flow * 0x100);
	rvl_put_be32(p + 30, 0x0a000001u + (2 - (uint32_t)from) * 0x10000 + (uint32_t)flow * 0x100);
	rvl_put_be16(p + 24, rvl_ip_checksum(p + 14, 20));
	rvl_put_be16(p + 34, 1000);
	rvl_put_be16(p + 36, 2000);
	rvl_put_be16(p + 38, LENGTH - 34);
	rvl_put_be32(p + MARK, (uint32_t)flow);
	rvl_put_be32(p + MARK + 4, number);
}

/* By the queue that the flow has, whoever has its SA. */
static void send_one(struct bed *bed, int from, int flow)
{
	struct host *host = &bed->hosts[from];
	struct virtio_net_hdr header = {0};
	uint8_t frame[LENGTH];
	const struct iovec parts[2] = {{&header, sizeof(header)}, {frame, LENGTH}};

	put_frame(frame, from, flow, host->out[flow].sent++);
	assert_int_equal(writev(host->queues[(flow + from) % THREADS], parts, 2),
			 sizeof(header) + LENGTH);
}

/* What was sent by the other one: each number comes once. */
static void note(struct bed *bed, int from, const uint8_t *frame)
{
	const uint32_t flow = rvl_get_be32(frame + MARK), number = rvl_get_be32(frame + MARK + 4);
	struct way *way = &bed->hosts[from].out[flow < FLOWS ? flow : 0];
	uint8_t wanted[LENGTH];

	assert_true(flow < FLOWS);
	put_frame(wanted, from, (int)flow, number);
	assert_memory_equal(frame + 14, wanted + 14, LENGTH - 14);
	if (bed->in_order)
		assert_int_equal(number, way->received);
	if (bed->lossy) {
		way->received = number + 1 > way->received ? number + 1 : way->received;
		return;
	}
	assert_true(number >= way->received && number < way->received + REMEMBERED);
	assert_false(way->beyond >> (number - way->received) & 1);
	way->beyond |= (uint64_t)1 << (number - way->received);
	for (; way->beyond & 1; way->beyond >>= 1)
		way->received++;
}

/* False: that queue has none. */
static bool receive_one(struct bed *bed, int to, int queue)
{
	struct virtio_net_hdr header;
	uint8_t frame[LENGTH + 1];
	const struct iovec parts[2] = {{&header, sizeof(header)}, {frame, sizeof(frame)}};
	ssize_t n = readv(bed->hosts[to].queues[queue], parts, 2);

	if (n < 0)
		return false;
	/* ESP whose SA is gone goes to the host as it is. */
	if (bed->lossy && n > (ssize_t)(sizeof(header) + LENGTH))
		return true;
	assert_int_equal(n, sizeof(header) + LENGTH);
	note(bed, 1 - to, frame);
	return true;
}

static void receive_all(struct bed *bed)
{
	for (int to = 0; to < 2; to++)
		for (int queue = 0; queue < THREADS; queue++)
			while (receive_one(bed, to, queue))
				;
}

static void wait_for_any(const struct bed *bed, int ms)
{
	struct pollfd fds[2 * THREADS];

	for (int i = 0; i < 2 * THREADS; i++)
		fds[i] = (struct pollfd){bed->hosts[i / THREADS].queues[i % THREADS], POLLIN, 0};
	assert_true(poll(fds, 2 * THREADS, ms) >= 0);
}

static bool is_full(const struct way *way)
{
	return way->sent - way->received >= WINDOW;
}

/* All flows go on for a while. */
static void go_on(struct bed *bed, int turns)
{
	for (int i = 0; i < turns; i++) {
		bool sent = false;

		for (int from = 0; from < 2; from++)
			for (int flow = 0; flow < FLOWS; flow++)
				for (; !is_full(&bed->hosts[from].out[flow]); sent = true)
					send_one(bed, from, flow);
		if (!sent)
			wait_for_any(bed, 100);
		receive_all(bed);
	}
}

/* What was sent up to now has come, both ways. */
static void wait_until_all_came(struct bed *bed, int flow)
{
	const uint32_t sent[2] = {bed->hosts[0].out[flow].sent, bed->hosts[1].out[flow].sent};

	while (bed->hosts[0].out[flow].received < sent[0] ||
	       bed->hosts[1].out[flow].received < sent[1])
		go_on(bed, 1);
}

/* The kernel drops what is sent until it has seen that both ends are up: until then numbers are
 * sent again. */
static void begin(struct bed *bed)
{
	while (!bed->hosts[0].out[0].received || !bed->hosts[1].out[0].received) {
		for (int from = 0; from < 2; from++) {
			struct way *way = &bed->hosts[from].out[0];

			if (way->received)
				continue;
			way->sent = 0;
			send_one(bed, from, 0);
		}
		wait_for_any(bed, 200);
		receive_all(bed);
	}
}

/* What is on the way may come twice that way. */
static struct bed *begun(void)
{
	struct bed *bed = open_bed();

	bed->lossy = true;
	begin(bed);
	for (int i = 0; i < 10; i++) {
		wait_for_any(bed, 20);
		receive_all(bed);
	}
	bed->lossy = false;
	return bed;
}

static struct datapath_counters counters_of(const struct bed *bed, int host)
{
	return datapath_counters(bed->hosts[host].datapath);
}

/* --------------------------------------------------------------------------------------- tests */

/* same: by the thread that has the old one, as SPIs are chosen. */
static void rekey(struct bed *bed, int flow, bool same)
{
	const uint64_t old = bed->child[flow];
	uint64_t id = ++bed->last_id;

	while (same &&
	       rvl_fanout_owner((uint32_t)id, THREADS) != rvl_fanout_owner((uint32_t)old, THREADS))
		id = ++bed->last_id;
	make_child(bed, flow, id, old);
	use_child(bed, id);
	bed->child[flow] = id;
	wait_until_all_came(bed, flow);
	remove_child(bed, old);
}

static void rekeying_loses_nothing(bool same)
{
	struct bed *bed = begun();

	bed->in_order = same;
	for (int round = 0; round < 60; round++) {
		go_on(bed, 20);
		rekey(bed, round % FLOWS, same);
	}
	for (int flow = 0; flow < FLOWS; flow++)
		wait_until_all_came(bed, flow);
	for (int host = 0; host < 2; host++) {
		const struct datapath_counters c = counters_of(bed, host);

		assert_true(c.host_handed > 0);
		assert_int_equal(c.host_handed_lost + c.host_tx_handed_lost + c.host_rx_handed_lost,
				 0);
		assert_int_equal(c.host_tx_errors + c.host_rx_errors + c.host_tx_dropped, 0);
	}
	close_bed(bed);
}

static void rekeying_loses_nothing_whoever_has_the_new_sa(void **state)
{
	(void)state;
	rekeying_loses_nothing(false);
}

static bool read_line(const char *task, const char *file, char *line, int size)
{
	char path[320];
	FILE *f;
	bool got;

	snprintf(path, sizeof(path), "/proc/self/task/%s/%s", task, file);
	f = fopen(path, "re");
	got = f && fgets(line, size, f);
	if (f)
		fclose(f);
	return got;
}

/* Nanoseconds that all data threads of both hosts have had, of which there are so many. */
static unsigned long long processor_time(unsigned int *threads)
{
	unsigned long long sum = 0;
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;

	assert_non_null(tasks);
	*threads = 0;
	while ((task = readdir(tasks))) {
		char line[128];

		if (!read_line(task->d_name, "comm", line, sizeof(line)) ||
		    strncmp(line, "raveld data", strlen("raveld data")) != 0 ||
		    !read_line(task->d_name, "schedstat", line, sizeof(line)))
			continue;
		sum += strtoull(line, NULL, 10);
		++*threads;
	}
	closedir(tasks);
	return sum;
}

/* After flows and frames handed over as well. */
static void threads_that_have_nothing_to_do_sleep(void **state)
{
	struct bed *bed = begun();
	unsigned long long before, now = 0;
	unsigned int threads;
	int tries = patience_ms() / 100;

	(void)state;
	go_on(bed, 100);
	for (int flow = 0; flow < FLOWS; flow++)
		wait_until_all_came(bed, flow);
	assert_true(counters_of(bed, 0).host_handed > 0);
	do {
		assert_true(tries-- > 0);
		before = now;
		poll(NULL, 0, 100);
		receive_all(bed);
		now = processor_time(&threads);
		assert_int_equal(threads, 2 * THREADS);
	} while (now != before);
	close_bed(bed);
}

/* Two processors would each have a queue between the two ends, in which frames change places. */
static void a_flow_keeps_its_order_through_hand_overs_and_rekeying(void **state)
{
	cpu_set_t all, one;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	rekeying_loses_nothing(true);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

/* Whatever its packets are doing: it is gone at once, and its memory with its key. */
static void children_are_deleted_while_all_threads_carry_their_packets(void **state)
{
	struct bed *bed = begun();
	uint64_t id;

	(void)state;
	bed->lossy = true;
	for (int round = 0; round < 200; round++) {
		const int flow = round % FLOWS;
		struct rvl_backend_error error = {""};
		struct rvl_sa_stats in, out;

		go_on(bed, 2);
		for (int host = 0; host < 2; host++)
			assert_int_equal(rvl_sad_child_query(bed->hosts[host].sad, bed->child[flow],
							     &in, &out, &error),
					 0);
		remove_child(bed, bed->child[flow]);
		id = bed->child[flow] = ++bed->last_id;
		make_child(bed, flow, id, 0);
		use_child(bed, id);
		/* What was under way is lost. */
		for (int host = 0; host < 2; host++)
			bed->hosts[host].out[flow].received = bed->hosts[host].out[flow].sent;
	}
	for (int flow = 0; flow < FLOWS; flow++) {
		for (int host = 0; host < 2; host++) {
			const uint32_t sent = bed->hosts[host].out[flow].sent;

			send_one(bed, host, flow);
			while (bed->hosts[host].out[flow].received <= sent) {
				wait_for_any(bed, patience_ms());
				receive_all(bed);
			}
		}
	}
	for (int host = 0; host < 2; host++)
		assert_int_equal(atomic_load(&bed->hosts[host].failed), 0);
	close_bed(bed);
}

/* Its queue is from now on what nobody can read. */
static void break_queue(struct host *host, int thread)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[1], host->taps[thread]), host->taps[thread]);
	close(ends[0]);
	close(ends[1]);
}

/* What is put there is left there: a thread that still ran would have it at once. */
static void wait_until_nobody_reads(const struct host *host, int thread)
{
	const struct virtio_net_hdr header = {0};
	struct pollfd there = {host->taps[thread], POLLIN, 0};
	unsigned int tries = 0;
	bool left = false;

	for (; !left && tries < 20 * patience_seconds(); tries++) {
		assert_int_equal(write(host->queues[thread], &header, sizeof(header)),
				 sizeof(header));
		poll(NULL, 0, 50);
		left = poll(&there, 1, 0) == 1;
	}
	assert_true(left);
}

static void several_that_fail_at_once_say_why_once(void **state)
{
	struct bed *bed = begun();
	struct host *host = &bed->hosts[0];

	(void)state;
	for (int thread = 0; thread < THREADS; thread++)
		break_queue(host, thread);
	datapath_wake(host->datapath);
	while (!atomic_load(&host->failed))
		poll(NULL, 0, 1);
	datapath_stop(host->datapath);
	host->datapath = NULL;
	assert_int_equal(atomic_load(&host->failed), 1);
	close_bed(bed);
}

static void whichever_thread_fails_all_end_and_say_why_once(void **state)
{
	(void)state;
	for (int thread = 0; thread < THREADS; thread++) {
		struct bed *bed = begun();
		struct host *host = &bed->hosts[0];

		bed->lossy = true;
		go_on(bed, 3);
		assert_string_equal(datapath_reason(host->datapath), "");
		break_queue(host, thread);
		datapath_wake(host->datapath);
		while (!atomic_load(&host->failed))
			poll(NULL, 0, 1);
		assert_string_equal(datapath_reason(host->datapath),
				    "data path: Bad file descriptor");
		for (int other = 0; other < THREADS; other++)
			if (other != thread)
				wait_until_nobody_reads(host, other);
		datapath_stop(host->datapath);
		host->datapath = NULL;
		assert_int_equal(atomic_load(&host->failed), 1);
		assert_int_equal(atomic_load(&bed->hosts[1].failed), 0);
		close_bed(bed);
	}
}

/* Both SAs of a child, whichever SPI the peer has for it. */
static void a_child_is_one_threads_both_ways(void **state)
{
	struct bed *bed = open_bed();

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rvl_frames *frames = bed->hosts[i].backend->frames;

		for (int flow = 0; flow < FLOWS; flow++) {
			const uint32_t in = (uint32_t)(0x10000 * (i + 1) + (int)bed->child[flow]);
			uint8_t frame[LENGTH];

			put_frame(frame, i, flow, 0);
			assert_int_equal(frames->ops->owner(frames, frame, LENGTH),
					 rvl_fanout_owner(in, THREADS));
		}
	}
	close_bed(bed);
}

static size_t of_owner(const uint32_t *spis, size_t count, unsigned int owner)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += spis[i] && rvl_fanout_owner(spis[i], THREADS) == owner;
	return found;
}

static void new_children_are_shared_out_and_rekeyed_ones_stay(void **state)
{
	enum { COUNT = 10 * THREADS };
	struct bed *bed = open_bed();
	struct rvl_sad *sad = bed->hosts[0].sad;
	uint32_t spis[COUNT];

	(void)state;
	for (int i = 0; i < COUNT; i++)
		spis[i] = rvl_sad_alloc_spi(sad, 0);
	for (unsigned int owner = 0; owner < THREADS; owner++)
		assert_int_equal(of_owner(spis, COUNT, owner), 10);
	for (int i = 0; i < COUNT; i++) {
		const uint32_t old = spis[i];

		spis[i] = rvl_sad_alloc_spi(sad, old);
		assert_int_not_equal(spis[i], old);
		assert_int_equal(rvl_fanout_owner(spis[i], THREADS),
				 rvl_fanout_owner(old, THREADS));
		rvl_sad_release_spi(sad, old);
	}
	/* The one that has none is the idlest until it has as many as the others. */
	for (int i = 0; i < COUNT; i++) {
		if (rvl_fanout_owner(spis[i], THREADS) != 1)
			continue;
		rvl_sad_release_spi(sad, spis[i]);
		spis[i] = 0;
	}
	for (int i = 0; i < COUNT; i++)
		if (!spis[i])
			spis[i] = rvl_sad_alloc_spi(sad, 0);
	for (unsigned int owner = 0; owner < THREADS; owner++)
		assert_int_equal(of_owner(spis, COUNT, owner), 10);
	close_bed(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rekeying_loses_nothing_whoever_has_the_new_sa),
		cmocka_unit_test(a_flow_keeps_its_order_through_hand_overs_and_rekeying),
		cmocka_unit_test(threads_that_have_nothing_to_do_sleep),
		cmocka_unit_test(children_are_deleted_while_all_threads_carry_their_packets),
		cmocka_unit_test(a_child_is_one_threads_both_ways),
		cmocka_unit_test(new_children_are_shared_out_and_rekeyed_ones_stay),
		cmocka_unit_test(several_that_fail_at_once_say_why_once),
		cmocka_unit_test(whichever_thread_fails_all_end_and_say_why_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
