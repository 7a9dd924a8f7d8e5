/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ravelsim: the simulated NIC served over vfio-user.
 *
 * One loop: messages of the client, frames of the port, and clock cycles in slices while the NIC
 * has work. When it has none, the loop sleeps in epoll and no cycle passes.
 */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/control.h"
#include "sim/model.h"
#include "sim/nic_device.h"
#include "sim/options.h"
#include "sim/port.h"
#include "sim/sim.h"
#include "sim/vfio_user.h"

#define SLICE 64       /* cycles between two looks at client and port */
#define MESSAGES 64    /* handled between two slices */
#define NS_PER_CYCLE 4 /* time stamps of frames when the port is a file: 250 MHz */

struct ravelsim {
	struct rvl_options options;
	struct rvl_sim *sim;
	struct rvl_nic_device *device;
	struct rvl_vfio_user *server;
	struct rvl_port *port;
	struct rvl_capture *capture;
	struct rvl_control *control;
	struct rvl_commands commands;
	int epoll_fd, signal_fd;
	bool port_ready; /* frames may be there */
	bool stop;
	uint64_t started_ns, started_cpu_ns;
	uint8_t frame[RVL_PORT_MAX_FRAME];
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void log_line(void *ctx, const char *text)
{
	(void)ctx;
	fprintf(stderr, "ravelsim: %s\n", text);
}

/* A capture file has the simulator's time, a live port the machine's. */
static uint64_t frame_time(const struct ravelsim *r)
{
	if (rvl_port_fd(r->port) >= 0)
		return now_ns(CLOCK_REALTIME);
	return rvl_sim_cycle(r->sim) * NS_PER_CYCLE;
}

static void on_irq(void *ctx, unsigned vector)
{
	struct ravelsim *r = ctx;

	if (r->server)
		rvl_vfio_user_irq(r->server, vector);
}

static void on_frame(void *ctx, const uint8_t *frame, uint32_t len)
{
	struct ravelsim *r = ctx;
	uint64_t ns = frame_time(r);

	rvl_port_send(r->port, frame, len, ns);
	if (r->capture)
		rvl_capture_write(r->capture, frame, len, ns);
}

/* --------------------------------------------------------------------------------- statistics */

/* Whole or not at all: a reader may look at any time. */
static void write_stats(const struct ravelsim *r, json_t *json)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s.new", r->options.stats_file);
	if (json_dump_file(json, path, JSON_INDENT(2)) || rename(path, r->options.stats_file))
		fprintf(stderr, "ravelsim: %s: %s\n", r->options.stats_file, strerror(errno));
}

static json_t *stats_json(const struct ravelsim *r, const struct rvl_sim_stats *s)
{
	const struct rvl_port_stats *port = rvl_port_stats(r->port);
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{"cycles", s->cycles},
		{"host_ns", s->host_ns},
		{"cpu_ns", now_ns(CLOCK_PROCESS_CPUTIME_ID) - r->started_cpu_ns},
		{"wire_rx_frames", s->wire_rx_frames},
		{"wire_rx_bytes", s->wire_rx_bytes},
		{"wire_tx_frames", s->wire_tx_frames},
		{"wire_tx_bytes", s->wire_tx_bytes},
		{"wire_tx_cut", s->wire_tx_cut},
		{"wire_lost", s->wire_lost},
		{"wire_violations", s->wire_violations},
		{"interrupts", s->interrupts},
		{"resets", s->resets},
		{"unplugs", s->unplugs},
		{"aer_correctable", s->aer_correctable},
		{"aer_non_fatal", s->aer_non_fatal},
		{"aer_fatal", s->aer_fatal},
		{"control_requests", r->commands.requests},
		{"control_errors", r->commands.errors},
		{"pcie_up_writes", s->pcie.up_writes},
		{"pcie_up_write_bytes", s->pcie.up_write_bytes},
		{"pcie_up_reads", s->pcie.up_reads},
		{"pcie_up_read_bytes", s->pcie.up_read_bytes},
		{"pcie_up_completions", s->pcie.up_completions},
		{"pcie_up_completion_bytes", s->pcie.up_completion_bytes},
		{"pcie_down_completions", s->pcie.down_completions},
		{"pcie_down_completion_bytes", s->pcie.down_completion_bytes},
		{"pcie_down_writes", s->pcie.down_writes},
		{"pcie_down_write_bytes", s->pcie.down_write_bytes},
		{"pcie_down_reads", s->pcie.down_reads},
		{"pcie_down_read_bytes", s->pcie.down_read_bytes},
		{"pcie_bad_writes", s->pcie.bad_writes},
		{"pcie_bad_reads", s->pcie.bad_reads},
		{"pcie_violations", s->pcie.violations},
		{"port_received", port->received},
		{"port_sent", port->sent},
		{"port_send_failed", port->send_failed},
		{"port_receive_failed", port->receive_failed},
		{"port_segmentation", port->segmentation},
	};
	const struct rvl_faults *faults = rvl_sim_faults(r->sim);
	json_t *json = json_object();
	char hash[17];
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		json_object_set_new(json, numbers[i].name,
				    json_integer((json_int_t)numbers[i].value));
	for (i = 0; i < RVL_FAULT_ALL; i++) {
		char name[40];

		snprintf(name, sizeof(name), "fault_%s", rvl_fault_name((unsigned)i));
		json_object_set_new(
			json, name,
			json_integer((json_int_t)(i < RVL_FAULT_KINDS ? s->pcie.faults[i]
								      : faults->counts[i])));
	}
	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)s->hash);
	json_object_set_new(json, "hash", json_string(hash));
	return json;
}

static json_t *current_stats(void *ctx)
{
	const struct ravelsim *r = ctx;
	struct rvl_sim_stats s;

	rvl_sim_stats(r->sim, &s);
	return stats_json(r, &s);
}

static void report(const struct ravelsim *r)
{
	const struct rvl_port_stats *port = rvl_port_stats(r->port);
	struct rvl_sim_stats s;

	rvl_sim_stats(r->sim, &s);
	if (r->options.stats_file) {
		json_t *json = stats_json(r, &s);

		write_stats(r, json);
		json_decref(json);
	}
	fprintf(stderr,
		"ravelsim: %llu cycles in %.3f s busy (%.1f kHz), %.3f s of CPU in %.3f s\n"
		"ravelsim: wire: %llu frames (%llu octets) to the NIC, %llu (%llu) from it; "
		"dropped: "
		"%llu cut by a reset, %llu the port could not send, %llu left unsegmented\n"
		"ravelsim: PCIe: %llu writes (%llu octets), %llu reads and %llu interrupts from "
		"the "
		"NIC; %llu writes and %llu reads to it; %llu accesses to no memory, %llu rule "
		"violations\n",
		(unsigned long long)s.cycles, (double)s.host_ns / 1e9,
		s.host_ns ? (double)s.cycles * 1e6 / (double)s.host_ns : 0.0,
		(double)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - r->started_cpu_ns) / 1e9,
		(double)(now_ns(CLOCK_MONOTONIC) - r->started_ns) / 1e9,
		(unsigned long long)s.wire_rx_frames, (unsigned long long)s.wire_rx_bytes,
		(unsigned long long)s.wire_tx_frames, (unsigned long long)s.wire_tx_bytes,
		(unsigned long long)s.wire_tx_cut, (unsigned long long)port->send_failed,
		(unsigned long long)port->segmentation, (unsigned long long)s.pcie.up_writes,
		(unsigned long long)s.pcie.up_write_bytes, (unsigned long long)s.pcie.up_reads,
		(unsigned long long)s.interrupts, (unsigned long long)s.pcie.down_writes,
		(unsigned long long)s.pcie.down_reads,
		(unsigned long long)(s.pcie.bad_writes + s.pcie.bad_reads),
		(unsigned long long)(s.pcie.violations + s.wire_violations));
}

/* --------------------------------------------------------------------------------------- loop */

static void watch(struct ravelsim *r, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	if (fd >= 0)
		epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static void on_signal(struct ravelsim *r)
{
	struct signalfd_siginfo info;

	while (read(r->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			report(r);
		else
			r->stop = true;
	}
}

/* Take frames from the port while the wire has room. */
static void feed(struct ravelsim *r)
{
	while (r->port_ready && rvl_sim_rx_room(r->sim)) {
		uint32_t len = rvl_port_receive(r->port, r->frame);

		if (len == 0) {
			r->port_ready = false;
			return;
		}
		if (r->capture)
			rvl_capture_write(r->capture, r->frame, len, frame_time(r));
		if (rvl_sim_rx(r->sim, r->frame, len, false) == -EMSGSIZE)
			log_line(r, "a frame from the port is longer than the wire takes: dropped");
	}
}

static void loop(struct ravelsim *r)
{
	r->port_ready = true;
	while (!r->stop) {
		struct epoll_event ev[4];
		unsigned handled = rvl_vfio_user_work(r->server, MESSAGES);
		unsigned requests = r->control ? rvl_control_work(r->control) : 0;
		bool idle;
		int i, n;

		feed(r);
		idle = rvl_sim_run(r->sim, SLICE) && handled < MESSAGES && !requests &&
		       !r->port_ready;
		rvl_commands_run(&r->commands);
		if (idle)
			rvl_capture_flush(r->capture);
		n = epoll_wait(r->epoll_fd, ev, 4, idle ? -1 : 0);
		for (i = 0; i < n; i++) {
			if (ev[i].data.fd == r->signal_fd)
				on_signal(r);
			else if (ev[i].data.fd == rvl_port_fd(r->port))
				r->port_ready = true;
		}
	}
}

/* -------------------------------------------------------------------------------------- start */

/* Waves need the other build of the model, which lies beside this program. */
static int become_tracer(char **argv)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("-trace"));

	if (n > 0) {
		memcpy(path + n, "-trace", sizeof("-trace"));
		execv(path, argv);
	}
	fprintf(stderr, "ravelsim: %s: %s (this program writes the waves)\n", n > 0 ? path : "?",
		strerror(errno));
	return 1;
}

static int dump_config(const struct ravelsim *r)
{
	FILE *f = fopen(r->options.dump_config, "w");
	int rc = f ? rvl_sim_config_dump(r->sim, f) : -errno;

	if (f && fclose(f) && !rc)
		rc = -errno;
	if (rc)
		fprintf(stderr, "ravelsim: %s: %s\n", r->options.dump_config, strerror(-rc));
	return rc;
}

/*
 * A client may cut its file short after we have mapped it. The pages that are missing then become
 * our own: the NIC reads zeroes there and what it writes is lost, as if the memory had been pulled
 * out.
 */
static void on_bus_error(int sig, siginfo_t *info, void *context)
{
	static const char text[] = "ravelsim: the client's memory ends before its map does\n";
	const uintptr_t page = 4096;
	void *at = (void *)((uintptr_t)info->si_addr & ~(page - 1));

	(void)context;
	if (info->si_code != BUS_ADRERR ||
	    mmap(at, page, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
		 0) == MAP_FAILED)
		signal(sig, SIG_DFL); /* the access is repeated, and is the end */
	else if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		return;
}

static int catch_signals(struct ravelsim *r)
{
	struct sigaction bus = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGBUS, &bus, NULL);
	r->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return r->signal_fd < 0 ? -errno : 0;
}

static void announce(struct ravelsim *r)
{
	printf("ravelsim: ready: %s\n", r->options.socket);
	fflush(stdout);
	if (r->options.ready_fd < 0)
		return;
	if (dprintf(r->options.ready_fd, "%s\n", r->options.socket) < 0)
		fprintf(stderr, "ravelsim: --ready-fd %d: %s\n", r->options.ready_fd,
			strerror(errno));
	close(r->options.ready_fd);
}

static int open_everything(struct ravelsim *r)
{
	struct rvl_vfio_user_device description;
	char err[512] = "";
	int rc;

	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0 || catch_signals(r)) {
		perror("ravelsim");
		return -1;
	}
	rc = rvl_port_open(&r->port, r->options.port, err, sizeof(err));
	if (!rc && r->options.capture)
		rc = rvl_capture_open(&r->capture, r->options.capture, err, sizeof(err));
	if (!rc)
		rc = rvl_sim_create(&r->sim, &r->options.sim, err, sizeof(err));
	if (rc) {
		fprintf(stderr, "ravelsim: %s\n", err);
		return -1;
	}
	if (r->options.dump_config && dump_config(r))
		return -1;
	if (!r->options.socket)
		return 0;
	r->device = rvl_nic_device_create(r->sim, r->options.keep, log_line, r, &description);
	if (!r->device) {
		fprintf(stderr, "ravelsim: out of memory\n");
		return -1;
	}
	if (rvl_vfio_user_create(&r->server, r->options.socket, &description, err, sizeof(err))) {
		fprintf(stderr, "ravelsim: --socket %s\n", err);
		return -1;
	}
	if (rvl_commands_init(&r->commands, r->sim, current_stats, r)) {
		fprintf(stderr, "ravelsim: out of memory\n");
		return -1;
	}
	if (r->options.control) {
		if (rvl_control_create(&r->control, r->options.control, rvl_commands_handle,
				       &r->commands, err, sizeof(err))) {
			fprintf(stderr, "ravelsim: --control %s\n", err);
			return -1;
		}
		watch(r, rvl_control_fd(r->control));
	}
	watch(r, r->signal_fd);
	watch(r, rvl_vfio_user_fd(r->server));
	watch(r, rvl_port_fd(r->port));
	return 0;
}

int main(int argc, char **argv)
{
	static struct ravelsim r = {.epoll_fd = -1, .signal_fd = -1};
	int status = rvl_options_parse(&r.options, argc, argv);

	if (status >= 0)
		return status;
	if (r.options.sim.trace && !rvl_model_can_trace())
		return become_tracer(argv);
	r.options.sim.irq = on_irq;
	r.options.sim.tx = on_frame;
	r.options.sim.log = log_line;
	r.options.sim.ctx = &r;
	status = open_everything(&r) ? 1 : 0;
	if (status == 0 && r.server) {
		r.started_ns = now_ns(CLOCK_MONOTONIC);
		r.started_cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		announce(&r);
		loop(&r);
		report(&r);
	}
	rvl_control_destroy(r.control);
	rvl_commands_free(&r.commands);
	rvl_vfio_user_destroy(r.server);
	rvl_nic_device_destroy(r.device);
	rvl_sim_destroy(r.sim);
	rvl_capture_close(r.capture);
	rvl_port_close(r.port);
	if (r.signal_fd >= 0)
		close(r.signal_fd);
	if (r.epoll_fd >= 0)
		close(r.epoll_fd);
	return status;
}
