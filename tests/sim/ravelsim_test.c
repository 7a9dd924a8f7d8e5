/* SPDX-License-Identifier: BSD-2-Clause */
/* ravelsim as a process: its command line, the NIC behind its socket, its end. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <linux/vfio.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver/core/rvl_regs.h"
#include "sim/sim.h"
#include "sim/vfio_user.h"
#include "tests/patience.h"
#include "tests/sim/client.h"

#define PAGE 4096U
#define BUS 0x100000000ULL
#define OLD_SA 7

static char program[4096];

struct process {
	pid_t pid;
	int out; /* its standard output and error */
	char text[65536];
	size_t len;
};

struct fixture {
	struct process sim;
	struct client client;
	char dir[64], socket[128], stats[128];
	int memfd;
	uint8_t *mem;
};

static struct fixture f;

static void start(struct process *p, const char *const *args)
{
	const char *argv[24] = {program};
	int pipes[2], i;

	for (i = 0; args[i]; i++)
		argv[i + 1] = args[i];
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	p->len = 0;
	p->text[0] = '\0';
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipes[1], 1);
		dup2(pipes[1], 2);
		execv(program, (char **)argv);
		_exit(127);
	}
	close(pipes[1]);
	p->out = pipes[0];
}

/* Read its output until it has said `words`, or to the end for NULL. Returns whether. */
static bool says(struct process *p, const char *words)
{
	while (!words || !strstr(p->text, words)) {
		struct pollfd there = {.fd = p->out, .events = POLLIN};
		ssize_t n;

		if (poll(&there, 1, patience_ms()) != 1)
			return false;
		n = read(p->out, p->text + p->len, sizeof(p->text) - 1 - p->len);
		if (n <= 0)
			return !words;
		p->len += (size_t)n;
		p->text[p->len] = '\0';
	}
	return true;
}

static int end(struct process *p, int sig)
{
	int status = -1;

	if (sig)
		kill(p->pid, sig);
	if (!says(p, NULL))
		kill(p->pid, SIGKILL);
	waitpid(p->pid, &status, 0);
	close(p->out);
	p->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void fails(const char *const *args, int status, const char *words)
{
	static struct process p;
	int got;

	start(&p, args);
	got = end(&p, 0);
	if (got != status || !strstr(p.text, words))
		fail_msg("status %d, \"%s\": not %d with \"%s\"", got, p.text, status, words);
}

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	f.client.fd = -1;
	snprintf(f.dir, sizeof(f.dir), "/tmp/ravelsim_test.XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	snprintf(f.socket, sizeof(f.socket), "%s/nic", f.dir);
	snprintf(f.stats, sizeof(f.stats), "%s/stats", f.dir);
	return 0;
}

static int remove_dir(void)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -r %s", f.dir);
	return system(command);
}

static int teardown(void **state)
{
	(void)state;
	if (f.client.fd >= 0)
		client_close(&f.client);
	if (f.sim.pid)
		end(&f.sim, SIGKILL);
	return remove_dir();
}

static void attach(void)
{
	assert_true(client_connect(&f.client, f.socket));
	assert_int_equal(client_version(&f.client), 0);
}

static int set_up_with(void **state, const char *option)
{
	const char *const args[] = {"--socket", f.socket, "--stats-file", f.stats, option, NULL};

	setup(state);
	start(&f.sim, args);
	assert_true(says(&f.sim, "ravelsim: ready: "));
	attach();
	f.memfd = memfd_create("host", MFD_CLOEXEC);
	assert_int_equal(ftruncate(f.memfd, 16 * PAGE), 0);
	f.mem = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, f.memfd, 0);
	assert_true(f.mem != MAP_FAILED);
	return 0;
}

static int setup_running(void **state)
{
	return set_up_with(state, NULL);
}

static int setup_keeping(void **state)
{
	return set_up_with(state, "--keep-state");
}

static int teardown_running(void **state)
{
	munmap(f.mem, 16 * PAGE);
	close(f.memfd);
	return teardown(state);
}

static uint32_t reg(uint32_t offset)
{
	uint32_t v = 0;

	assert_int_equal(client_read(&f.client, 0, offset, &v, 4), 0);
	return v;
}

static void set_reg(uint32_t offset, uint32_t v)
{
	assert_int_equal(client_post(&f.client, 0, offset, &v, 4), 0);
}

static json_int_t stat_of(const char *name)
{
	json_t *json = json_load_file(f.stats, 0, NULL);
	json_int_t v;

	assert_non_null(json);
	assert_true(json_is_integer(json_object_get(json, name)));
	v = json_integer_value(json_object_get(json, name));
	json_decref(json);
	return v;
}

/* What a driver does first: memory, bus master, one interrupt, the command ring. */
static void start_commands(int event, uint32_t vector)
{
	const uint16_t command = 0x0006;

	assert_int_equal(client_map(&f.client, f.memfd, 0, BUS, 16 * PAGE), 0);
	assert_int_equal(client_write(&f.client, RVL_VFIO_REGION_CONFIG, 4, &command, 2), 0);
	assert_int_equal(client_set_irqs(&f.client,
					 VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
					 vector, 1, &event, 1),
			 0);
	set_reg(RVL_REG_CMD_BASE_LO, (uint32_t)BUS);
	set_reg(RVL_REG_CMD_BASE_HI, (uint32_t)(BUS >> 32));
	set_reg(RVL_REG_CMD_CPL_BASE_LO, (uint32_t)BUS + PAGE);
	set_reg(RVL_REG_CMD_CPL_BASE_HI, (uint32_t)(BUS >> 32));
	set_reg(RVL_REG_CMD_SIZE, 4);
	set_reg(RVL_REG_CMD_CONTROL,
		RVL_CMD_CONTROL_ENABLE_MASK | RVL_PUT(CMD_CONTROL_VECTOR, vector));
}

static void nop(uint16_t number)
{
	struct rvl_cmd *cmd = (struct rvl_cmd *)(void *)f.mem + number % 16;

	*cmd = (struct rvl_cmd){.opcode = RVL_CMD_OP_NOP, .tag = rvl_cpu_to_le16(number)};
	set_reg(RVL_REG_CMD_TAIL, number + 1U);
}

static bool raised(int event, int limit_ms)
{
	struct pollfd there = {.fd = event, .events = POLLIN};
	uint64_t n;

	return poll(&there, 1, limit_ms) == 1 && read(event, &n, 8) == 8;
}

static void registers_are_read_over_the_socket(void **state)
{
	unsigned i;

	(void)state;
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	assert_int_equal(reg(RVL_REG_ABI), RVL_ABI_MAJOR << 16 | RVL_ABI_MINOR);
	for (i = 0; i < RVL_CNT_NUM; i++)
		assert_int_equal(reg(RVL_COUNTER_OFFSET + i * RVL_COUNTER_STRIDE), 0);
}

static void features_that_it_is_to_be_without_are_not_shown(void **state)
{
	const char *const args[] = {"--socket", f.socket, "--without", "ipv6,ESN", NULL};
	uint32_t all;

	(void)state;
	all = reg(RVL_REG_FEATURES);
	client_close(&f.client);
	end(&f.sim, SIGTERM);
	start(&f.sim, args);
	assert_true(says(&f.sim, "ravelsim: ready: "));
	attach();
	assert_int_equal(reg(RVL_REG_FEATURES),
			 all & ~(RVL_FEATURES_IPV6_MASK | RVL_FEATURES_ESN_MASK));
	assert_int_not_equal(reg(RVL_REG_FEATURES), all);
}

static void nop_command_completes_and_signals_its_eventfd(void **state)
{
	const struct rvl_cmd_cpl *cpl = (const void *)(f.mem + PAGE);
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	(void)state;
	start_commands(event, 2);
	nop(0);
	assert_true(raised(event, patience_ms()));
	assert_int_equal(cpl->status, RVL_CMD_STATUS_OK);
	assert_int_equal(cpl->opcode, RVL_CMD_OP_NOP);
	assert_int_equal(cpl->phase, RVL_PHASE_PASS);
	close(event);
}

static void masks_and_pending_bits_are_the_nics_own(void **state)
{
	const uint64_t nonsense = 0xfeedfacecafebeefULL;
	const uint32_t control = RVL_MSIX_TABLE_OFFSET + 2 * 16 + 12;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint32_t mask = 1, v;
	uint64_t r;

	(void)state;
	start_commands(event, 2);
	/* Address and data are read back, and don't matter. */
	assert_int_equal(client_write(&f.client, 2, RVL_MSIX_TABLE_OFFSET + 2 * 16, &nonsense, 8),
			 0);
	assert_int_equal(client_read(&f.client, 2, RVL_MSIX_TABLE_OFFSET + 2 * 16, &r, 8), 0);
	assert_true(r == nonsense);
	nop(0);
	assert_true(raised(event, patience_ms()));
	/* The mask does. */
	assert_int_equal(client_write(&f.client, 2, control, &mask, 4), 0);
	nop(1);
	while (reg(RVL_REG_CMD_HEAD) != 2)
		;
	do {
		assert_int_equal(client_read(&f.client, 2, RVL_MSIX_PBA_OFFSET, &v, 4), 0);
	} while (v != 4);
	assert_false(raised(event, 0));
	mask = 0;
	assert_int_equal(client_write(&f.client, 2, control, &mask, 4), 0);
	assert_true(raised(event, patience_ms()));
	assert_int_equal(client_read(&f.client, 2, RVL_MSIX_PBA_OFFSET, &v, 4), 0);
	assert_int_equal(v, 0);
	/* So do MASK and UNMASK of SET_IRQS. */
	assert_int_equal(client_set_irqs(&f.client,
					 VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, 2, 1,
					 NULL, 0),
			 0);
	nop(2);
	while (reg(RVL_REG_CMD_HEAD) != 3)
		;
	assert_false(raised(event, 0));
	assert_int_equal(client_set_irqs(&f.client,
					 VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 2, 1,
					 NULL, 0),
			 0);
	assert_true(raised(event, patience_ms()));
	close(event);
}

static void reset_leaves_a_new_nic_with_its_interrupts_connected(void **state)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct client *c = &f.client;
	uint16_t command = 0, control = 0x8000;
	unsigned i;

	(void)state;
	start_commands(event, 1);
	for (i = 0; i < 2; i++) {
		nop(0);
		assert_true(raised(event, patience_ms()));
		nop(1); /* under way */
		if (i == 0)
			assert_int_equal(client_call(c, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
		else
			assert_int_equal(client_write(c, RVL_VFIO_REGION_CONFIG,
						      RVL_CONFIG_PCIE + 8, &control, 2),
					 0);
		assert_int_equal(client_read(c, RVL_VFIO_REGION_CONFIG, 4, &command, 2), 0);
		assert_int_equal(command & 6, 2);
		assert_int_equal(reg(RVL_REG_CMD_CONTROL), 0);
		raised(event, 0);
		command = 6;
		assert_int_equal(client_write(c, RVL_VFIO_REGION_CONFIG, 4, &command, 2), 0);
		set_reg(RVL_REG_CMD_BASE_LO, (uint32_t)BUS);
		set_reg(RVL_REG_CMD_BASE_HI, (uint32_t)(BUS >> 32));
		set_reg(RVL_REG_CMD_CPL_BASE_LO, (uint32_t)BUS + PAGE);
		set_reg(RVL_REG_CMD_CPL_BASE_HI, (uint32_t)(BUS >> 32));
		set_reg(RVL_REG_CMD_SIZE, 4);
		set_reg(RVL_REG_CMD_CONTROL,
			RVL_CMD_CONTROL_ENABLE_MASK | RVL_PUT(CMD_CONTROL_VECTOR, 1));
	}
	nop(0);
	assert_true(raised(event, patience_ms()));
	close(event);
}

static void client_that_dies_leaves_the_nic_to_the_next(void **state)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	unsigned i;

	(void)state;
	for (i = 0; i < 5; i++) {
		start_commands(event, 2);
		nop(0);
		client_close(&f.client);
		attach();
		assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
		assert_int_equal(client_call(&f.client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
	}
	raised(event, 0);
	start_commands(event, 2);
	nop(0);
	assert_true(raised(event, patience_ms()));
	close(event);
}

/* A command about an SA, in the ring that start_commands() has enabled. */
static uint8_t sa_command(uint8_t opcode, uint16_t number)
{
	struct rvl_cmd *cmd = (struct rvl_cmd *)(void *)f.mem + number;
	const volatile struct rvl_cmd_cpl *cpl =
		(const struct rvl_cmd_cpl *)(const void *)(f.mem + PAGE) + number;
	uint64_t until = (uint64_t)time(NULL) + (uint64_t)patience_ms() / 1000;

	memset(f.mem + PAGE, 0, PAGE);
	*cmd = (struct rvl_cmd){.opcode = opcode,
				.index = rvl_cpu_to_le24(OLD_SA),
				.sa_flags = rvl_cpu_to_le32(RVL_SA_FLAG_INBOUND)};
	if (opcode == RVL_CMD_OP_SA_ADD) {
		cmd->spi = rvl_cpu_to_le32(0x1000);
		memset(cmd->src, 10, 4);
		memset(cmd->dst, 11, 4);
		memset(cmd->key, 0x77, 16);
		cmd->window = rvl_cpu_to_le32(32);
	}
	set_reg(RVL_REG_CMD_TAIL, number + 1U);
	while (cpl->opcode != opcode) {
		reg(RVL_REG_ID);
		assert_true((uint64_t)time(NULL) < until);
	}
	return cpl->status;
}

/* A process of its own with the connection, which has written an SA when this returns. */
static pid_t client_with_an_sa(int event)
{
	int said[2];
	char status = 0;
	pid_t pid;

	client_close(&f.client);
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		attach();
		start_commands(event, 2);
		status = (char)('a' + sa_command(RVL_CMD_OP_SA_ADD, 0));
		if (write(said[1], &status, 1) == 1)
			pause();
		_exit(1);
	}
	close(said[1]);
	assert_int_equal(read(said[0], &status, 1), 1);
	close(said[0]);
	assert_int_equal(status, 'a' + RVL_CMD_STATUS_OK);
	return pid;
}

/* The status of a question for the SA of a client that was killed, by the next one. */
static uint8_t question_after_a_kill(void)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pid_t pid = client_with_an_sa(event);
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	attach();
	/* A ring that is on starts at 0 once it was off. */
	set_reg(RVL_REG_CMD_CONTROL, 0);
	while (reg(RVL_REG_CMD_CONTROL) & RVL_CMD_CONTROL_ENABLE_MASK)
		;
	start_commands(event, 2);
	close(event);
	return sa_command(RVL_CMD_OP_SA_QUERY, 0);
}

static void no_sa_of_a_client_that_is_killed_is_left_to_the_next(void **state)
{
	(void)state;
	assert_int_equal(question_after_a_kill(), RVL_CMD_STATUS_NOT_FOUND);
}

static void keep_state_leaves_the_sa_of_a_client_that_is_killed(void **state)
{
	(void)state;
	assert_int_equal(question_after_a_kill(), RVL_CMD_STATUS_OK);
}

static void client_that_cuts_its_memory_short_harms_only_itself(void **state)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	(void)state;
	start_commands(event, 2);
	nop(0);
	assert_true(raised(event, patience_ms()));
	assert_int_equal(ftruncate(f.memfd, 0), 0);
	/* The next command is read as zeroes; its completion goes nowhere. */
	set_reg(RVL_REG_CMD_TAIL, 2);
	assert_true(raised(event, patience_ms()));
	assert_int_equal(reg(RVL_REG_CMD_HEAD), 2);
	assert_true(says(&f.sim, "memory ends before its map"));
	client_close(&f.client);
	attach();
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	close(event);
}

/* How often it has gone to sleep: who does nothing is not woken in between. */
static unsigned long sleeps_of(pid_t pid)
{
	unsigned long count = 0;
	char path[64], line[128];
	FILE *s;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	s = fopen(path, "r");
	assert_non_null(s);
	while (fgets(line, sizeof(line), s) &&
	       sscanf(line, "voluntary_ctxt_switches: %lu", &count) != 1)
		;
	fclose(s);
	assert_true(count > 0);
	return count;
}

static void wait_asleep(pid_t pid)
{
	char path[64], state = 'R';

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	while (state == 'R') {
		FILE *s = fopen(path, "r");

		assert_non_null(s);
		assert_int_equal(fscanf(s, "%*d (%*[^)]) %c", &state), 1);
		fclose(s);
		sched_yield();
	}
}

static void idle_nic_costs_no_cpu_and_no_cycles(void **state)
{
	struct pollfd out = {.fd = f.sim.out, .events = POLLIN};
	json_int_t cycles;
	unsigned long before;

	(void)state;
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	kill(f.sim.pid, SIGUSR1);
	assert_true(says(&f.sim, "rule violations\n"));
	cycles = stat_of("cycles");
	/* Idleness shows only while time passes: 0.3 s in which it must say and do nothing. */
	wait_asleep(f.sim.pid);
	before = sleeps_of(f.sim.pid);
	assert_int_equal(poll(&out, 1, 300), 0);
	assert_int_equal(sleeps_of(f.sim.pid), before);
	f.sim.len = 0;
	f.sim.text[0] = '\0';
	kill(f.sim.pid, SIGUSR1);
	assert_true(says(&f.sim, "rule violations\n"));
	assert_int_equal(stat_of("cycles"), cycles);
}

static void it_ends_with_statistics_and_without_its_socket(void **state)
{
	(void)state;
	reg(RVL_REG_ID);
	assert_int_equal(end(&f.sim, SIGTERM), 0);
	assert_non_null(strstr(f.sim.text, "cycles in"));
	assert_true(stat_of("cycles") > 0);
	assert_int_equal(stat_of("pcie_violations"), 0);
	assert_int_equal(access(f.socket, F_OK), -1);
	assert_int_equal(client_read(&f.client, 0, 0, &(uint32_t){0}, 4), -ECONNRESET);
}

static void second_simulator_on_the_same_socket_is_refused(void **state)
{
	(void)state;
	fails((const char *[]){"--socket", f.socket, NULL}, 1, "another process listens there");
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	/* One that was killed leaves a socket that the next one replaces. */
	end(&f.sim, SIGKILL);
	assert_int_equal(access(f.socket, F_OK), 0);
	start(&f.sim, (const char *[]){"--socket", f.socket, "--ready-fd", "1", NULL});
	assert_true(says(&f.sim, f.socket));
}

static void command_line_errors_name_what_is_wrong(void **state)
{
	(void)state;
#define FAILS(STATUS, WORDS, ...) fails((const char *[]){__VA_ARGS__, NULL}, STATUS, WORDS)
	fails((const char *[]){NULL}, 2, "--socket PATH is needed");
	FAILS(0, "usage: ravelsim", "--help");
	FAILS(2, "unrecognized option '--nonsense'", "--nonsense");
	FAILS(2, "stray: not an option", "--socket", f.socket, "stray");
	FAILS(2, "--seed x1: not a number", "--seed", "x1");
	FAILS(2, "--seed -1: not a number", "--seed", "-1");
	FAILS(2, "--wire-idle 100: not a number from 0 to 99", "--wire-idle", "100");
	FAILS(2, "--mac 01:00:00:00:00:00: not a unicast", "--mac", "01:00:00:00:00:00");
	FAILS(2, "--mac 2:3: not a unicast", "--mac", "2:3");
	FAILS(2, "--address 1: not a bus address", "--address", "1");
	FAILS(2, "--without esn,,ah: \"\" is none of UDP_ENCAP", "--without", "esn,,ah");
	FAILS(2, "--without esnx: \"esnx\" is none of", "--without", "esnx");
	FAILS(1, "a port is veth:IF", "--socket", f.socket, "--port", "eth0");
	FAILS(1, "/no/such/file", "--socket", f.socket, "--port", "pcap:/no/such/file,");
	FAILS(1, "/no/such/dir/w", "--socket", f.socket, "--pcap-wire", "/no/such/dir/w");
	FAILS(1, "/no/such/dir/w: No such file", "--socket", f.socket, "--fst", "/no/such/dir/w");
	FAILS(1, "/no/such/dir/s: No such file", "--socket", "/no/such/dir/s");
	FAILS(1, "/no/such/dir/c: No such file", "--dump-config", "/no/such/dir/c");
#undef FAILS
}

static void dump_of_the_configuration_space_is_what_lspci_reads(void **state)
{
	char path[128], command[192], line[128] = "";
	static struct process p;
	FILE *s;

	(void)state;
	snprintf(path, sizeof(path), "%s/config", f.dir);
	start(&p, (const char *[]){"--dump-config", path, "--address", "65:00.1", NULL});
	assert_int_equal(end(&p, 0), 0);
	snprintf(command, sizeof(command), "lspci -n -F %s 2>/dev/null", path);
	s = popen(command, "r");
	assert_non_null(s);
	assert_non_null(fgets(line, sizeof(line), s));
	pclose(s);
	assert_string_equal(line, "65:00.1 0200: 1234:4303 (rev 01)\n");
}

static void waves_are_written_when_asked_for(void **state)
{
	char path[128];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/waves.fst", f.dir);
	start(&f.sim, (const char *[]){"--socket", f.socket, "--fst", path, NULL});
	assert_true(says(&f.sim, "ravelsim: ready: "));
	attach();
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	client_close(&f.client);
	assert_int_equal(end(&f.sim, SIGINT), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 10000);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
#define RUNNING(t) cmocka_unit_test_setup_teardown(t, setup_running, teardown_running)
#define KEEPING(t) cmocka_unit_test_setup_teardown(t, setup_keeping, teardown_running)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(command_line_errors_name_what_is_wrong),
		TEST(dump_of_the_configuration_space_is_what_lspci_reads),
		RUNNING(registers_are_read_over_the_socket),
		RUNNING(features_that_it_is_to_be_without_are_not_shown),
		RUNNING(nop_command_completes_and_signals_its_eventfd),
		RUNNING(masks_and_pending_bits_are_the_nics_own),
		RUNNING(reset_leaves_a_new_nic_with_its_interrupts_connected),
		RUNNING(client_that_dies_leaves_the_nic_to_the_next),
		RUNNING(no_sa_of_a_client_that_is_killed_is_left_to_the_next),
		KEEPING(keep_state_leaves_the_sa_of_a_client_that_is_killed),
		RUNNING(client_that_cuts_its_memory_short_harms_only_itself),
		RUNNING(idle_nic_costs_no_cpu_and_no_cycles),
		RUNNING(it_ends_with_statistics_and_without_its_socket),
		RUNNING(second_simulator_on_the_same_socket_is_refused),
		TEST(waves_are_written_when_asked_for),
	};

	/* The programs lie beside the tests. */
	snprintf(program, sizeof(program), "%s/../bin/ravelsim", argc ? dirname(argv[0]) : ".");
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
