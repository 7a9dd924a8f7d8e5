/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket of a running ravelsim: each command does what it says to a client of the NIC,
 * and each malformed one is refused.
 */
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <linux/vfio.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver/core/rvl_regs.h"
#include "sim/config_space.h"
#include "sim/control.h"
#include "sim/vfio_user.h"
#include "tests/patience.h"
#include "tests/sim/client.h"

#define PAGE 4096U
#define PAGES 16U
#define BUS 0x100000000ULL
#define COMMANDS BUS
#define COMPLETIONS (BUS + PAGE)
#define VECTORS 5
#define VECTOR 2

static char program[4096];

struct fixture {
	pid_t pid;
	struct client client;
	char dir[64], socket[128], control[128];
	int control_fd;
	int memfd;
	uint8_t *mem;
	int events[VECTORS];
	uint16_t commands; /* written so far */
};

static struct fixture f;

static int control_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(addr.sun_path, f.control, strlen(f.control) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void start_program(void)
{
	int ready[2];
	char fd[16], c;

	assert_int_equal(pipe(ready), 0);
	snprintf(fd, sizeof(fd), "%d", ready[1]);
	f.pid = fork();
	assert_true(f.pid >= 0);
	if (f.pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		dup2(null, 1);
		dup2(null, 2);
		execl(program, program, "--socket", f.socket, "--control", f.control, "--ready-fd",
		      fd, (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
}

static int setup(void **state)
{
	unsigned i;

	(void)state;
	/* What is waited for without a bound of its own has this one. */
	alarm(5 * patience_seconds());
	memset(&f, 0, sizeof(f));
	snprintf(f.dir, sizeof(f.dir), "/tmp/control_test.XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	snprintf(f.socket, sizeof(f.socket), "%s/nic", f.dir);
	snprintf(f.control, sizeof(f.control), "%s/control", f.dir);
	start_program();
	f.control_fd = control_connect();
	assert_true(client_connect(&f.client, f.socket));
	assert_int_equal(client_version(&f.client), 0);
	f.memfd = memfd_create("host", MFD_CLOEXEC);
	assert_int_equal(ftruncate(f.memfd, PAGES * PAGE), 0);
	f.mem = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, f.memfd, 0);
	assert_true(f.mem != MAP_FAILED);
	for (i = 0; i < VECTORS; i++)
		f.events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return 0;
}

static int teardown(void **state)
{
	char command[160];
	int status = 0;
	unsigned i;

	(void)state;
	client_close(&f.client);
	close(f.control_fd);
	munmap(f.mem, PAGES * PAGE);
	close(f.memfd);
	for (i = 0; i < VECTORS; i++)
		close(f.events[i]);
	kill(f.pid, SIGTERM);
	waitpid(f.pid, &status, 0);
	snprintf(command, sizeof(command), "rm -r %s", f.dir);
	return system(command) || !WIFEXITED(status) || WEXITSTATUS(status);
}

/* ---------------------------------------------------------------------------------- requests */

static void send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		assert_true(n > 0);
		data += n;
		len -= (size_t)n;
	}
}

/* The next line of answer. */
static json_t *hear(int fd)
{
	static char text[65536];
	struct pollfd there = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	json_t *json;

	do {
		assert_int_equal(poll(&there, 1, patience_ms()), 1);
		assert_true(len < sizeof(text));
		assert_int_equal(recv(fd, text + len, 1, 0), 1);
	} while (text[len++] != '\n');
	json = json_loadb(text, len, 0, NULL);
	assert_true(json_is_object(json));
	return json;
}

static json_t *ask_raw(const char *line)
{
	send_all(f.control_fd, line, strlen(line));
	send_all(f.control_fd, "\n", 1);
	return hear(f.control_fd);
}

/* A request that must succeed; ' stands for a quotation mark. The answer is the caller's. */
static json_t *ask(const char *format, ...)
{
	char line[8192], *c;
	va_list args;
	json_t *json;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (c = line; *c; c++)
		if (*c == '\'')
			*c = '"';
	json = ask_raw(line);
	if (!json_is_true(json_object_get(json, "ok")))
		fail_msg("%s: %s", line, json_string_value(json_object_get(json, "error")));
	return json;
}

#define TELL(...) json_decref(ask(__VA_ARGS__))

static void refused(const char *request, const char *words)
{
	char line[256], *c;
	json_t *json;

	snprintf(line, sizeof(line), "%s", request);
	for (c = line; *c; c++)
		if (*c == '\'')
			*c = '"';
	json = ask_raw(line);
	if (!json_is_false(json_object_get(json, "ok")) ||
	    !strstr(json_string_value(json_object_get(json, "error")), words))
		fail_msg("%s: %s, not \"%s\"", line, json_dumps(json, 0), words);
	json_decref(json);
}

static json_int_t stat_of(const char *name)
{
	json_t *json = ask("{'cmd':'stats'}");
	const json_t *v = json_object_get(json_object_get(json, "stats"), name);
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v))
		fail_msg("no statistic %s", name);
	json_decref(json);
	return n;
}

/* Until the statistic is there: simulated time passes meanwhile. */
static void await_stat(const char *name, json_int_t value)
{
	while (stat_of(name) < value)
		;
	assert_int_equal(stat_of(name), value);
}

/* ---------------------------------------------------------------------------------- the NIC */

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

static uint32_t config(uint32_t offset)
{
	uint32_t v = 0;

	assert_int_equal(client_read(&f.client, RVL_VFIO_REGION_CONFIG, offset, &v, 4), 0);
	return v;
}

/* What a driver does first: memory, bus master, interrupts, the command ring. */
static void start_ring(void)
{
	const uint16_t command = 0x0006;

	assert_int_equal(client_write(&f.client, RVL_VFIO_REGION_CONFIG, 4, &command, 2), 0);
	memset(f.mem, 0, 2 * PAGE);
	f.commands = 0;
	set_reg(RVL_REG_CMD_BASE_LO, (uint32_t)COMMANDS);
	set_reg(RVL_REG_CMD_BASE_HI, (uint32_t)(COMMANDS >> 32));
	set_reg(RVL_REG_CMD_CPL_BASE_LO, (uint32_t)COMPLETIONS);
	set_reg(RVL_REG_CMD_CPL_BASE_HI, (uint32_t)(COMPLETIONS >> 32));
	set_reg(RVL_REG_CMD_SIZE, 4);
	set_reg(RVL_REG_CMD_CONTROL,
		RVL_CMD_CONTROL_ENABLE_MASK | RVL_PUT(CMD_CONTROL_VECTOR, VECTOR));
}

static void connect_irqs(void)
{
	assert_int_equal(client_set_irqs(&f.client,
					 VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 0,
					 VECTORS, f.events, VECTORS),
			 0);
}

static void start(void)
{
	assert_int_equal(client_map(&f.client, f.memfd, 0, BUS, PAGES * PAGE), 0);
	connect_irqs();
	start_ring();
}

static struct rvl_cmd *command_at(unsigned slot)
{
	return (struct rvl_cmd *)(void *)f.mem + slot;
}

static struct rvl_cmd_cpl *completion(unsigned slot)
{
	return (struct rvl_cmd_cpl *)(void *)(f.mem + PAGE) + slot;
}

/* Write a command and ring. Its slot, for the functions below. */
static unsigned nop(void)
{
	unsigned slot = f.commands++ % 16;

	*command_at(slot) =
		(struct rvl_cmd){.opcode = RVL_CMD_OP_NOP, .tag = rvl_cpu_to_le16((uint16_t)slot)};
	memset(completion(slot), 0, sizeof(struct rvl_cmd_cpl));
	set_reg(RVL_REG_CMD_TAIL, f.commands);
	return slot;
}

static bool answered(unsigned slot)
{
	const volatile struct rvl_cmd_cpl *cpl = completion(slot);

	return cpl->opcode == RVL_CMD_OP_NOP && rvl_le16_to_cpu(cpl->tag) == slot;
}

static void await_answer(unsigned slot)
{
	while (!answered(slot))
		reg(RVL_REG_ID);
}

static void await_head(void)
{
	while ((reg(RVL_REG_CMD_HEAD) & RVL_CMD_HEAD_POINTER_MASK) != f.commands)
		;
}

static uint64_t raised(int vector)
{
	uint64_t n = 0;

	return read(f.events[vector], &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void await_irq(int vector)
{
	struct pollfd there = {.fd = f.events[vector], .events = POLLIN};

	assert_int_equal(poll(&there, 1, patience_ms()), 1);
}

/* ------------------------------------------------------------------------------ malformed */

static void each_malformed_request_is_refused_with_what_and_where(void **state)
{
	static const struct {
		const char *request, *words;
	} bad[] = {
		{"", "not JSON"},
		{"{", "not JSON: at character 1"},
		{"nonsense", "not JSON"},
		{"{} {}", "not JSON"},
		{"{'cmd':'stats','cmd':'stats'}", "duplicate"},
		{"[]", "not a JSON object"},
		{"{}", "cmd: \"\": no such command"},
		{"{'cmd':7}", "cmd: not a string"},
		{"{'cmd':'dance'}", "cmd: \"dance\": no such command"},
		{"{'cmd':'\303\251'}", "no such command"},
		{"{'cmd':'stats','x':1}", "x: not an argument"},
		{"{'cmd':'faults','x':1}", "x: not an argument"},
		{"{'cmd':'help','x':1}", "x: not an argument"},
		{"{'cmd':'rings','x':1}", "x: not an argument"},
		{"{'cmd':'replug','x':1}", "x: not an argument"},
		{"{'cmd':'replug'}", "so already"},
		{"{'cmd':'clear','id':5}", "id: 5: no such fault"},
		{"{'cmd':'clear','id':-1}", "id: not a number"},
		{"{'cmd':'clear','id':0}", "id: 0: no such fault"},
		{"{'cmd':'register'}", "offset: missing"},
		{"{'cmd':'register','offset':2}", "offset: not a multiple of 4"},
		{"{'cmd':'register','offset':65536}", "offset: not a number from 0 to 65532"},
		{"{'cmd':'register','offset':'0x'}", "offset: not a number"},
		{"{'cmd':'register','offset':1.5}", "offset: not a number"},
		{"{'cmd':'link'}", "up: missing"},
		{"{'cmd':'link','up':1}", "up: neither true nor false"},
		{"{'cmd':'irq'}", "vector: missing"},
		{"{'cmd':'irq','vector':5}", "vector: not a number from 0 to 4"},
		{"{'cmd':'irq','vector':1,'times':2000000}", "times: more than"},
		{"{'cmd':'irq','vector':1,'after':-1}", "after: not a number"},
		{"{'cmd':'aer'}", "error: \"\": no such error"},
		{"{'cmd':'aer','error':'TIRED'}", "error: \"TIRED\": no such error"},
		{"{'cmd':'aer','error':'RCVR','advisory':true}", "advisory"},
		{"{'cmd':'aer','error':'UNSUP','advisory':1}", "advisory: neither"},
		{"{'cmd':'aer','error':'UNSUP','header':[1]}", "header: not a list of 4"},
		{"{'cmd':'aer','error':'UNSUP','header':[1,2,3,'4']}", "header: not a list"},
		{"{'cmd':'aer','error':'UNSUP','header':[1,2,3,4294967296]}", "header: not a"},
		{"{'cmd':'inject'}", "frame: not"},
		{"{'cmd':'inject','frame':''}", "frame: not"},
		{"{'cmd':'inject','frame':'abc'}", "frame: not"},
		{"{'cmd':'inject','frame':'zz'}", "frame: not"},
		{"{'cmd':'inject','frame':'-1'}", "frame: not"},
		{"{'cmd':'parity'}", "table: \"\": not inbound"},
		{"{'cmd':'parity','table':'outbound','memory':'fish'}", "memory: \"fish\""},
		{"{'cmd':'parity','table':'outbound','memory':'window'}", "no such memory"},
		{"{'cmd':'parity','table':'inbound','index':1000000}", "no such memory or SA"},
		{"{'cmd':'fault'}", "kind: \"\": no such fault"},
		{"{'cmd':'fault','kind':'earthquake'}", "kind: \"earthquake\": no such fault"},
		{"{'cmd':'fault','kind':'read_lost','ring':'one'}", "ring: one: not cmd"},
		{"{'cmd':'fault','kind':'read_lost','queue':16}", "queue: not a number from 0"},
		{"{'cmd':'fault','kind':'read_lost','addr':0,'size':0}", "an empty range"},
		{"{'cmd':'fault','kind':'read_lost','addr':'0xffffffffffffffff','size':2}",
		 "beyond the last"},
		{"{'cmd':'fault','kind':'read_lost','vector':1}", "vector: not an argument"},
		{"{'cmd':'fault','kind':'read_lost','times':-1}", "times: not a number"},
		{"{'cmd':'fault','kind':'read_lost','cycles':1}", "cycles: not an argument"},
		{"{'cmd':'fault','kind':'read_late'}", "cycles: missing"},
		{"{'cmd':'fault','kind':'read_too_long'}", "dws: missing"},
		{"{'cmd':'fault','kind':'read_too_long','dws':17}", "dws: not a number from 0"},
		{"{'cmd':'fault','kind':'read_byte_count'}", "octets: missing"},
		{"{'cmd':'fault','kind':'write_lost','completion':1}", "completion: not an arg"},
		{"{'cmd':'fault','kind':'doorbell_lost','register':3}", "register: not a mult"},
		{"{'cmd':'fault','kind':'doorbell_lost','register':4,'ring':'tx'}", "ring: not"},
		{"{'cmd':'fault','kind':'register_ones','ring':'tx'}", "ring: not an argument"},
		{"{'cmd':'fault','kind':'register_value','register':4}", "value: missing"},
		{"{'cmd':'fault','kind':'register_value','value':4294967296}", "value: not a num"},
		{"{'cmd':'fault','kind':'irq_lost','vector':5}", "vector: not a number"},
		{"{'cmd':'fault','kind':'irq_lost','ring':'tx'}", "ring: not an argument"},
		{"{'cmd':'fault','kind':'irq_late'}", "cycles: missing"},
		{"{'cmd':'fault','kind':'dma_stop','streams':'some'}", "streams: some: not"},
		{"{'cmd':'fault','kind':'dma_stop','times':1}", "times: not an argument"},
		{"{'cmd':'fault','kind':'hostile'}", "targets: not a list"},
		{"{'cmd':'fault','kind':'hostile','targets':[]}", "targets: not a list"},
		{"{'cmd':'fault','kind':'hostile','targets':['fan']}", "targets: \"fan\""},
		{"{'cmd':'fault','kind':'hostile','targets':[1]}", "targets: \"\""},
		{"{'cmd':'fault','kind':'hostile','rate':0,'targets':['cq']}", "rate: 0"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i].request, bad[i].words);
	assert_int_equal(stat_of("control_errors"), i);
	TELL("{'cmd':'help'}");
}

static void overlong_line_is_refused_once_and_the_next_is_served(void **state)
{
	static char line[3 * RVL_CONTROL_LINE];
	json_t *json;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	send_all(f.control_fd, line, sizeof(line));
	json = hear(f.control_fd);
	assert_true(json_is_false(json_object_get(json, "ok")));
	json_decref(json);
	assert_int_equal(stat_of("control_errors"), 1);
	/* The longest that is allowed is read, and is not JSON. */
	line[RVL_CONTROL_LINE - 1] = '\n';
	send_all(f.control_fd, line, RVL_CONTROL_LINE);
	json = hear(f.control_fd);
	assert_non_null(strstr(json_string_value(json_object_get(json, "error")), "not JSON"));
	json_decref(json);
}

static void several_clients_are_served_and_more_of_them_wait(void **state)
{
	int fds[RVL_CONTROL_CLIENTS], i;
	struct pollfd there;
	json_t *json;

	(void)state;
	/* One is there already, so the last of these waits. */
	for (i = 0; i < (int)RVL_CONTROL_CLIENTS; i++) {
		fds[i] = control_connect();
		send_all(fds[i], "{\"cmd\":\"help\"}\n", 15);
	}
	for (i = 0; i < (int)RVL_CONTROL_CLIENTS - 1; i++) {
		json = hear(fds[i]);
		assert_true(json_is_true(json_object_get(json, "ok")));
		json_decref(json);
	}
	there = (struct pollfd){.fd = fds[i], .events = POLLIN};
	assert_int_equal(poll(&there, 1, 0), 0);
	close(fds[0]);
	json_decref(hear(fds[i]));
	for (i = 1; i < (int)RVL_CONTROL_CLIENTS; i++)
		close(fds[i]);
}

static void a_client_that_does_not_read_is_not_read_from_and_disturbs_nobody(void **state)
{
	static const char request[] = "{\"cmd\":\"stats\"}\n";
	int fd = control_connect(), sent = 0, i;

	(void)state;
	while (send(fd, request, sizeof(request) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)sizeof(request) - 1) {
		sent++;
		if (sent % 64 == 0)
			TELL("{'cmd':'faults'}");
	}
	assert_true(sent > 100);
	TELL("{'cmd':'help'}");
	for (i = 0; i < sent; i++)
		json_decref(hear(fd));
	close(fd);
}

static void requests_in_one_piece_are_answered_in_order_and_a_cut_one_is_dropped(void **state)
{
	static const char both[] = "{\"cmd\":\"register\",\"offset\":0}\n{\"cmd\":\"x\"}\n{\"cm";
	int fd = control_connect();
	json_t *json;
	char c;

	(void)state;
	send_all(fd, both, sizeof(both) - 1);
	shutdown(fd, SHUT_WR);
	json = hear(fd);
	assert_int_equal(json_integer_value(json_object_get(json, "value")), RVL_MAGIC);
	json_decref(json);
	json = hear(fd);
	assert_true(json_is_false(json_object_get(json, "ok")));
	json_decref(json);
	assert_int_equal(recv(fd, &c, 1, 0), 0);
	close(fd);
}

/* ------------------------------------------------------------------------------- looking */

static void rings_and_registers_are_told_as_the_driver_has_set_them(void **state)
{
	json_t *json, *ring;

	(void)state;
	json = ask("{'cmd':'rings'}");
	assert_int_equal(json_array_size(json_object_get(json, "rings")), 0);
	json_decref(json);
	start();
	reg(RVL_REG_ID);
	json = ask("{'cmd':'rings'}");
	assert_int_equal(json_array_size(json_object_get(json, "rings")), 2);
	ring = json_array_get(json_object_get(json, "rings"), 1);
	assert_string_equal(json_string_value(json_object_get(ring, "ring")), "cmd_cpl");
	assert_true(json_integer_value(json_object_get(ring, "addr")) == COMPLETIONS);
	assert_int_equal(json_integer_value(json_object_get(ring, "size")),
			 16 * sizeof(struct rvl_cmd_cpl));
	assert_true(json_is_true(json_object_get(ring, "enabled")));
	json_decref(json);
	json = ask("{'cmd':'register','offset':'0x50'}");
	assert_int_equal(json_integer_value(json_object_get(json, "value")), 4);
	json_decref(json);
}

static void faults_are_listed_with_their_hits_and_cleared(void **state)
{
	json_t *json, *list;
	int i;

	(void)state;
	start();
	TELL("{'cmd':'fault','kind':'irq_double','vector':%d,'times':2}", VECTOR);
	TELL("{'cmd':'fault','kind':'read_lost','ring':'tx'}");
	await_answer(nop());
	await_irq(VECTOR);
	json = ask("{'cmd':'faults'}");
	list = json_object_get(json, "faults");
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "hits")), 1);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "hits")), 0);
	assert_true(json_is_false(json_object_get(json_array_get(list, 0), "spent")));
	json_decref(json);
	TELL("{'cmd':'clear','id':1}");
	refused("{'cmd':'clear','id':1}", "no such fault");
	TELL("{'cmd':'clear'}");
	json = ask("{'cmd':'faults'}");
	assert_int_equal(json_array_size(json_object_get(json, "faults")), 0);
	json_decref(json);
	/* As many as there is room for; those that are used up make room. */
	for (i = 0; i < 32; i++)
		TELL("{'cmd':'fault','kind':'irq_lost','vector':%d}", VECTOR);
	refused("{'cmd':'fault','kind':'irq_lost'}", "clear some");
	await_answer(nop());
	await_stat("fault_irq_lost", 1);
	TELL("{'cmd':'fault','kind':'irq_lost'}");
}

/* --------------------------------------------------------------------------- reads and writes */

/* A read of the command ring that fails stops the ring; it says so, and starts again. */
static void fault_stops_ring(const char *kind, const char *arguments, uint32_t uncorrectable,
			     uint32_t status)
{
	char name[40];

	snprintf(name, sizeof(name), "fault_%s", kind);
	TELL("{'cmd':'fault','kind':'%s','ring':'cmd'%s}", kind, arguments);
	nop();
	while (!(reg(RVL_REG_CMD_HEAD) & RVL_CMD_HEAD_ERROR_MASK))
		;
	assert_int_equal(stat_of(name), 1);
	assert_int_equal(config(RVL_CONFIG_AER + 4) & uncorrectable, uncorrectable);
	assert_int_equal(config(4) >> 16 & status, status);
	set_reg(RVL_REG_CMD_CONTROL, 0);
	while (reg(RVL_REG_CMD_CONTROL) & RVL_CMD_CONTROL_ENABLE_MASK)
		;
	start_ring();
	await_answer(nop());
}

static void failed_reads_of_the_command_ring_stop_it_and_are_logged(void **state)
{
	(void)state;
	start();
	fault_stops_ring("read_unsupported", "", 0, RVL_STATUS_MASTER_ABORT);
	fault_stops_ring("read_abort", "", 0, RVL_STATUS_TARGET_ABORT);
	fault_stops_ring("read_poisoned", "", RVL_AER_POISONED, RVL_STATUS_PARITY);
	fault_stops_ring("read_byte_count", ",'octets':4", RVL_AER_MALFORMED, 0);
}

static void a_lost_completion_is_a_completion_timeout(void **state)
{
	(void)state;
	start();
	TELL("{'cmd':'fault','kind':'read_lost','ring':'cmd'}");
	nop();
	await_stat("fault_read_lost", 1);
	assert_int_equal(config(RVL_CONFIG_AER + 4), 0);
	while (!(reg(RVL_REG_CMD_HEAD) & RVL_CMD_HEAD_ERROR_MASK))
		;
	while (!(config(RVL_CONFIG_AER + 4) & RVL_AER_COMPLETION_TIMEOUT))
		;
	assert_int_equal(stat_of("aer_non_fatal"), 1);
}

static void late_and_doubled_completions_do_no_harm(void **state)
{
	(void)state;
	start();
	TELL("{'cmd':'fault','kind':'read_late','ring':'cmd','cycles':5000}");
	await_answer(nop());
	assert_int_equal(stat_of("fault_read_late"), 1);
	TELL("{'cmd':'fault','kind':'read_duplicate','ring':'any'}");
	await_answer(nop());
	assert_int_equal(stat_of("fault_read_duplicate"), 1);
	assert_int_equal(config(RVL_CONFIG_AER + 4), RVL_AER_UNEXPECTED_COMPLETION);
	await_answer(nop());
}

static void a_fault_hits_its_addresses_after_as_many_as_it_skips(void **state)
{
	(void)state;
	start();
	TELL("{'cmd':'fault','kind':'read_late','cycles':10,'addr':'0x100000200','size':256}");
	TELL("{'cmd':'fault','kind':'write_lost','ring':'cmd_cpl','skip':1}");
	await_answer(nop());
	assert_int_equal(stat_of("fault_write_lost"), 0);
	nop();
	await_head();
	assert_int_equal(stat_of("fault_read_late"), 0);
	await_answer(nop());
	assert_int_equal(stat_of("fault_read_late"), 1);
	assert_int_equal(stat_of("fault_write_lost"), 1);
}

static void a_command_ring_that_never_answers(void **state)
{
	unsigned slot;

	(void)state;
	start();
	TELL("{'cmd':'fault','kind':'write_lost','ring':'cmd_cpl','times':0}");
	slot = nop();
	await_head();
	await_irq(VECTOR);
	assert_int_equal(stat_of("fault_write_lost"), 1);
	assert_false(answered(slot));
	TELL("{'cmd':'clear'}");
	await_answer(nop());
	assert_false(answered(slot));
}

static void a_lost_doorbell_leaves_the_command_until_the_next_one(void **state)
{
	unsigned first;

	(void)state;
	start();
	TELL("{'cmd':'fault','kind':'doorbell_lost','ring':'cmd'}");
	first = nop();
	await_stat("fault_doorbell_lost", 1);
	assert_int_equal(reg(RVL_REG_CMD_HEAD), 0);
	await_answer(nop());
	assert_true(answered(first));
	TELL("{'cmd':'fault','kind':'doorbell_lost','register':'0x58'}");
	nop();
	await_stat("fault_doorbell_lost", 2);
	assert_int_equal(reg(RVL_REG_CMD_TAIL), f.commands - 1);
}

static void registers_read_what_a_fault_says_while_it_does(void **state)
{
	(void)state;
	TELL("{'cmd':'fault','kind':'register_ones','register':0,'times':2}");
	assert_int_equal(reg(RVL_REG_ABI) >> 16, RVL_ABI_MAJOR);
	assert_int_equal(reg(RVL_REG_ID), ~0U);
	assert_int_equal(reg(RVL_REG_ID), ~0U);
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	assert_int_equal(stat_of("fault_register_ones"), 2);
	TELL("{'cmd':'fault','kind':'register_value','register':0,'value':'0x12345678'}");
	assert_int_equal(reg(RVL_REG_ABI) >> 16, RVL_ABI_MAJOR);
	assert_int_equal(reg(RVL_REG_ID), 0x12345678);
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
}

static void a_stopped_dma_engine_goes_on_when_cleared_and_after_a_reset(void **state)
{
	const uint16_t flr = 0x8000;
	unsigned slot;
	int i;

	(void)state;
	start();
	for (i = 0; i < 3; i++) {
		static const char *const streams[] = {"reads", "writes", "all"};

		TELL("{'cmd':'fault','kind':'dma_stop','streams':'%s'}", streams[i]);
		slot = nop();
		await_stat("fault_dma_stop", i + 1);
		/* The answer to a read may not pass a write that can't leave. */
		if (i == 1)
			while (reg(RVL_REG_ID) != ~0U)
				;
		else
			assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
		assert_false(answered(slot));
		TELL("{'cmd':'clear'}");
		await_answer(slot);
		assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	}
	TELL("{'cmd':'fault','kind':'dma_stop','cycles':3000}");
	await_answer(nop());
	TELL("{'cmd':'fault','kind':'dma_stop'}");
	slot = nop();
	await_stat("fault_dma_stop", 5);
	assert_int_equal(
		client_write(&f.client, RVL_VFIO_REGION_CONFIG, RVL_CONFIG_PCIE + 8, &flr, 2), 0);
	assert_false(answered(slot));
	start_ring();
	await_answer(nop());
	assert_int_equal(stat_of("resets"), 1);
	assert_int_equal(stat_of("pcie_violations"), 0);
}

/* -------------------------------------------------------------------------------- interrupts */

static void interrupts_are_lost_doubled_and_late(void **state)
{
	(void)state;
	start();
	TELL("{'cmd':'fault','kind':'irq_lost','vector':%d}", VECTOR);
	TELL("{'cmd':'fault','kind':'irq_lost','vector':%d}", VECTOR + 1);
	await_answer(nop());
	await_stat("fault_irq_lost", 1);
	assert_int_equal(raised(VECTOR), 0);
	TELL("{'cmd':'fault','kind':'irq_double'}");
	await_answer(nop());
	await_stat("fault_irq_double", 1);
	assert_int_equal(raised(VECTOR), 2);
	TELL("{'cmd':'fault','kind':'irq_late','cycles':200000}");
	await_answer(nop());
	await_stat("fault_irq_late", 1);
	assert_int_equal(raised(VECTOR), 0);
	await_irq(VECTOR);
	assert_int_equal(raised(VECTOR), 1);
}

static void a_spurious_interrupt_reaches_its_event_alone(void **state)
{
	int i;

	(void)state;
	connect_irqs();
	TELL("{'cmd':'irq','vector':3,'times':4}");
	for (i = 0; i < VECTORS; i++)
		assert_int_equal(raised(i), i == 3 ? 4 : 0);
}

/* ------------------------------------------------------------------------- errors and removal */

static void errors_are_logged_in_aer_with_header_and_message(void **state)
{
	json_t *json;

	(void)state;
	json = ask("{'cmd':'aer','error':'MALF_TLP','header':[1,2,3,4]}");
	assert_string_equal(json_string_value(json_object_get(json, "message")), "fatal");
	json_decref(json);
	assert_int_equal(config(RVL_CONFIG_AER + 4), RVL_AER_MALFORMED);
	assert_int_equal(config(RVL_CONFIG_AER + 0x18) & 0x1f, 18);
	assert_int_equal(config(RVL_CONFIG_AER + 0x1c), 1);
	assert_int_equal(config(RVL_CONFIG_AER + 0x28), 4);
	json = ask("{'cmd':'aer','error':'COMP_TIME','header':[9,9,9,9]}");
	assert_string_equal(json_string_value(json_object_get(json, "message")), "non_fatal");
	json_decref(json);
	assert_int_equal(config(RVL_CONFIG_AER + 0x1c), 1);
	json = ask("{'cmd':'aer','error':'RCVR'}");
	assert_string_equal(json_string_value(json_object_get(json, "message")), "correctable");
	json_decref(json);
	/* Masked as after power-on: logged, and no message. */
	json = ask("{'cmd':'aer','error':'UNSUP','advisory':true}");
	assert_string_equal(json_string_value(json_object_get(json, "message")), "none");
	json_decref(json);
	assert_int_equal(config(RVL_CONFIG_AER + 0x10), RVL_AER_RECEIVER | RVL_AER_ADVISORY);
	assert_int_equal(config(RVL_CONFIG_PCIE + 8) >> 16, 0x0f);
	assert_int_equal(stat_of("aer_fatal"), 1);
	assert_int_equal(stat_of("aer_non_fatal"), 1);
	assert_int_equal(stat_of("aer_correctable"), 1);
}

static void a_removed_nic_reads_ones_and_comes_back_as_after_power_on(void **state)
{
	unsigned slot;
	uint64_t pba;

	(void)state;
	start();
	await_answer(nop());
	await_irq(VECTOR);
	raised(VECTOR);
	TELL("{'cmd':'unplug'}");
	refused("{'cmd':'unplug'}", "so already");
	refused("{'cmd':'flr'}", "unplugged");
	refused("{'cmd':'aer','error':'RCVR'}", "unplugged");
	assert_int_equal(reg(RVL_REG_ID), ~0U);
	assert_int_equal(config(0), ~0U);
	assert_int_equal(client_read(&f.client, 2, RVL_MSIX_PBA_OFFSET, &pba, 8), 0);
	assert_true(pba == ~0ULL);
	slot = nop();
	TELL("{'cmd':'irq','vector':%d}", VECTOR);
	TELL("{'cmd':'inject','frame':'ffffffffffff0000000000000800'}");
	assert_int_equal(client_call(&f.client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), -ENODEV);
	assert_int_equal(reg(RVL_REG_CMD_HEAD), ~0U);
	TELL("{'cmd':'replug'}");
	assert_false(answered(slot));
	assert_int_equal(raised(VECTOR), 0);
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	assert_int_equal(reg(RVL_REG_STATUS), RVL_STATUS_READY_MASK);
	assert_int_equal(reg(RVL_REG_CMD_SIZE), 0);
	assert_int_equal(config(4) & 0x7, 0x2);
	assert_int_equal(stat_of("unplugs"), 1);
	/* Maps have stayed; interrupts are connected anew, as by any driver. */
	connect_irqs();
	start_ring();
	await_answer(nop());
	await_irq(VECTOR);
}

static void a_client_may_come_while_the_nic_is_out(void **state)
{
	(void)state;
	TELL("{'cmd':'unplug'}");
	client_close(&f.client);
	assert_true(client_connect(&f.client, f.socket));
	assert_int_equal(client_version(&f.client), 0);
	assert_int_equal(config(0), ~0U);
	connect_irqs();
	TELL("{'cmd':'replug'}");
	assert_int_equal(config(0), RVL_DEVICE_ID << 16 | RVL_VENDOR_ID);
	assert_int_equal(client_map(&f.client, f.memfd, 0, BUS, PAGES * PAGE), 0);
	connect_irqs();
	start_ring();
	await_answer(nop());
	await_irq(VECTOR);
}

static void a_reset_from_the_device_side_clears_its_registers(void **state)
{
	(void)state;
	start();
	await_answer(nop());
	TELL("{'cmd':'flr'}");
	assert_int_equal(reg(RVL_REG_CMD_SIZE), 0);
	assert_int_equal(stat_of("resets"), 1);
	start_ring();
	await_answer(nop());
}

static void injected_frames_arrive_and_damaged_ones_are_counted(void **state)
{
	static const char frame[] =
		"ffffffffffff00000000000108000000000000000000000000000000"
		"0000000000000000000000000000000000000000000000000000000000000000";

	(void)state;
	set_reg(RVL_REG_CONTROL, RVL_CONTROL_ENABLE_MASK);
	reg(RVL_REG_ID);
	TELL("{'cmd':'inject','frame':'%s'}", frame);
	TELL("{'cmd':'inject','frame':'%s','damaged':true}", frame);
	await_stat("wire_rx_frames", 2);
	while (reg(RVL_COUNTER_OFFSET + RVL_COUNTER_STRIDE * RVL_CNT_RX_FRAMES) != 2)
		;
	assert_int_equal(reg(RVL_COUNTER_OFFSET + RVL_COUNTER_STRIDE * RVL_CNT_RX_DROP_PORT), 1);
}

static void a_wire_is_pulled_and_plugged_in_again(void **state)
{
	(void)state;
	assert_int_equal(reg(RVL_REG_LINK), RVL_LINK_UP_MASK);
	TELL("{'cmd':'link','up':false}");
	assert_int_equal(reg(RVL_REG_LINK), 0);
	TELL("{'cmd':'inject','frame':'ffffffffffff0000000000000800'}");
	await_stat("wire_lost", 1);
	/* It is the wire that is out, whatever happens to the NIC. */
	TELL("{'cmd':'unplug'}");
	TELL("{'cmd':'replug'}");
	assert_int_equal(reg(RVL_REG_LINK), 0);
	TELL("{'cmd':'link','up':true,'after':1000}");
	while (!reg(RVL_REG_LINK))
		;
	TELL("{'cmd':'inject','frame':'ffffffffffff0000000000000800'}");
	await_stat("wire_rx_frames", 1);
	assert_int_equal(stat_of("wire_lost"), 1);
}

static void actions_and_faults_wait_for_their_cycle_and_frame(void **state)
{
	(void)state;
	start();
	TELL("{'cmd':'irq','vector':0,'after':20000}");
	TELL("{'cmd':'irq','vector':1,'after_frames':1}");
	TELL("{'cmd':'fault','kind':'register_ones','after_frames':1}");
	assert_int_equal(raised(0), 0);
	while (!raised(0))
		reg(RVL_REG_ID);
	assert_true(stat_of("cycles") >= 20000);
	assert_int_equal(raised(1), 0);
	TELL("{'cmd':'inject','frame':'ffffffffffff0000000000000800'}");
	await_stat("wire_rx_frames", 1);
	while (!raised(1))
		reg(RVL_REG_ID);
	assert_int_equal(reg(RVL_REG_ID), ~0U);
	/* What waits is given up by clear. */
	TELL("{'cmd':'unplug','after_frames':1}");
	TELL("{'cmd':'clear'}");
	TELL("{'cmd':'inject','frame':'ffffffffffff0000000000000800'}");
	await_stat("wire_rx_frames", 2);
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
}

static uint8_t command(uint8_t opcode, uint8_t index, uint32_t flags)
{
	unsigned slot = f.commands++ % 16;
	struct rvl_cmd *cmd = command_at(slot);
	const volatile struct rvl_cmd_cpl *cpl = completion(slot);

	*cmd = (struct rvl_cmd){.opcode = opcode,
				.index = rvl_cpu_to_le24(index),
				.sa_flags = rvl_cpu_to_le32(flags)};
	memset(completion(slot), 0, sizeof(*cpl));
	if (opcode == RVL_CMD_OP_SA_ADD) {
		cmd->spi = rvl_cpu_to_le32(0x1000);
		memset(cmd->src, 10, 4);
		memset(cmd->dst, 11, 4);
		memset(cmd->key, 0x77, 16);
		cmd->seq = rvl_cpu_to_le64(1);
	}
	set_reg(RVL_REG_CMD_TAIL, f.commands);
	while (cpl->opcode != opcode)
		reg(RVL_REG_ID);
	return cpl->status;
}

static void a_damaged_sa_says_so_and_its_neighbour_does_not(void **state)
{
	const uint32_t flags = RVL_SA_FLAG_DF_SET | RVL_PUT(SA_FLAG_TTL, 64);
	unsigned i;

	(void)state;
	start();
	for (i = 0; i < 2; i++)
		assert_int_equal(command(RVL_CMD_OP_SA_ADD, (uint8_t)i, flags), RVL_CMD_STATUS_OK);
	TELL("{'cmd':'parity','table':'outbound','memory':'counters','index':1}");
	for (i = 0; i < 2; i++) {
		assert_int_equal(command(RVL_CMD_OP_SA_QUERY, (uint8_t)i, 0), RVL_CMD_STATUS_OK);
		assert_int_equal(rvl_le32_to_cpu(completion((f.commands - 1U) % 16)->state) &
					 RVL_SA_STATE_ERROR,
				 i == 1 ? RVL_SA_STATE_ERROR : 0);
	}
}

static void a_hostile_nic_changes_what_it_is_told_to_and_nothing_else(void **state)
{
	unsigned slot, wrong = 0, i;

	(void)state;
	start();
	TELL("{'cmd':'fault','kind':'hostile','seed':7,'rate':1,'targets':['cmd_cpl'],'times':8}");
	for (i = 0; i < 8; i++) {
		slot = nop();
		await_head();
		wrong += !answered(slot) || completion(slot)->status ||
			 completion(slot)->phase != RVL_PHASE_PASS;
	}
	assert_int_equal(stat_of("fault_hostile"), 8);
	assert_true(wrong > 0);
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	await_answer(nop());
	TELL("{'cmd':'fault','kind':'hostile','seed':1,'rate':1,'targets':['registers'],'times':"
	     "3}");
	wrong = 0;
	for (i = 0; i < 3; i++)
		wrong += reg(RVL_REG_ID) != RVL_MAGIC;
	assert_int_equal(wrong, 3);
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	for (i = 0; i < VECTORS; i++)
		raised((int)i);
	TELL("{'cmd':'fault','kind':'hostile','rate':1,'targets':['interrupts'],'times':1}");
	await_answer(nop());
	await_stat("fault_hostile", 12);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_malformed_request_is_refused_with_what_and_where),
		TEST(overlong_line_is_refused_once_and_the_next_is_served),
		TEST(several_clients_are_served_and_more_of_them_wait),
		TEST(a_client_that_does_not_read_is_not_read_from_and_disturbs_nobody),
		TEST(requests_in_one_piece_are_answered_in_order_and_a_cut_one_is_dropped),
		TEST(rings_and_registers_are_told_as_the_driver_has_set_them),
		TEST(faults_are_listed_with_their_hits_and_cleared),
		TEST(failed_reads_of_the_command_ring_stop_it_and_are_logged),
		TEST(a_lost_completion_is_a_completion_timeout),
		TEST(late_and_doubled_completions_do_no_harm),
		TEST(a_fault_hits_its_addresses_after_as_many_as_it_skips),
		TEST(a_command_ring_that_never_answers),
		TEST(a_lost_doorbell_leaves_the_command_until_the_next_one),
		TEST(registers_read_what_a_fault_says_while_it_does),
		TEST(a_stopped_dma_engine_goes_on_when_cleared_and_after_a_reset),
		TEST(interrupts_are_lost_doubled_and_late),
		TEST(a_spurious_interrupt_reaches_its_event_alone),
		TEST(errors_are_logged_in_aer_with_header_and_message),
		TEST(a_removed_nic_reads_ones_and_comes_back_as_after_power_on),
		TEST(a_client_may_come_while_the_nic_is_out),
		TEST(a_reset_from_the_device_side_clears_its_registers),
		TEST(injected_frames_arrive_and_damaged_ones_are_counted),
		TEST(a_wire_is_pulled_and_plugged_in_again),
		TEST(actions_and_faults_wait_for_their_cycle_and_frame),
		TEST(a_damaged_sa_says_so_and_its_neighbour_does_not),
		TEST(a_hostile_nic_changes_what_it_is_told_to_and_nothing_else),
	};
	char self[4096];

	(void)argc;
	snprintf(self, sizeof(self), "%s", argv[0]);
	snprintf(program, sizeof(program), "%s/../bin/ravelsim", dirname(self));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
