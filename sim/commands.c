/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/commands.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/core/rvl_regs.h"
#include "sim/control.h"
#include "sim/wire.h"

/* A request being read. */
struct request {
	struct rvl_commands *commands;
	json_t *object;
	json_t *reply;
	char error[200];
};

__attribute__((format(printf, 2, 3))) static bool fail(struct request *r, const char *format, ...)
{
	va_list args;
	char *c;

	va_start(args, format);
	vsnprintf(r->error, sizeof(r->error), format, args);
	va_end(args);
	/* What is quoted may be cut within a character. */
	for (c = r->error; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return false;
}

/* --------------------------------------------------------------------------------- arguments */

/* Each getter takes its key out of the object, so that what is left at the end is unknown. */

static bool present(const struct request *r, const char *key)
{
	return json_object_get(r->object, key);
}

/* A number: a JSON integer, or a string as C writes numbers ("0x40"). Left as it is if absent. */
static bool number(struct request *r, const char *key, uint64_t max, uint64_t *value)
{
	const json_t *v = json_object_get(r->object, key);
	unsigned long long n = 0;
	bool good = true;

	if (!v)
		return true;
	if (json_is_integer(v)) {
		good = json_integer_value(v) >= 0;
		n = (unsigned long long)json_integer_value(v);
	} else if (json_is_string(v)) {
		const char *text = json_string_value(v);
		char *end;

		errno = 0;
		n = strtoull(text, &end, 0);
		good = !errno && end != text && !*end && !strchr(text, '-');
	} else {
		good = false;
	}
	json_object_del(r->object, key);
	if (!good || n > max)
		return fail(r, "%s: not a number from 0 to %llu", key, (unsigned long long)max);
	*value = n;
	return true;
}

static bool number32(struct request *r, const char *key, uint32_t *value)
{
	uint64_t n = *value;
	bool good = number(r, key, UINT32_MAX, &n);

	*value = (uint32_t)n;
	return good;
}

/* -1 if absent */
static bool index_of(struct request *r, const char *key, uint64_t max, int *value)
{
	uint64_t n = 0;
	bool there = present(r, key);

	*value = -1;
	if (!number(r, key, max, &n))
		return false;
	if (there)
		*value = (int)n;
	return true;
}

/* A copy in `text`; empty if absent. */
static bool string(struct request *r, const char *key, char *text, size_t size)
{
	const json_t *v = json_object_get(r->object, key);

	text[0] = '\0';
	if (!v)
		return true;
	if (!json_is_string(v) || json_string_length(v) >= size)
		return fail(r, "%s: not a string of less than %zu characters", key, size);
	snprintf(text, size, "%s", json_string_value(v));
	json_object_del(r->object, key);
	return true;
}

static bool boolean(struct request *r, const char *key, bool *value)
{
	const json_t *v = json_object_get(r->object, key);

	if (!v)
		return true;
	if (!json_is_boolean(v))
		return fail(r, "%s: neither true nor false", key);
	*value = json_is_true(v);
	json_object_del(r->object, key);
	return true;
}

static bool nothing_else(struct request *r)
{
	const char *key = json_object_iter_key(json_object_iter(r->object));

	return !key || fail(r, "%s: not an argument of this command", key);
}

static void reply_number(struct request *r, const char *key, uint64_t value)
{
	json_object_set_new(r->reply, key, json_integer((json_int_t)value));
}

/* ------------------------------------------------------------------------------------ faults */

static unsigned vectors(const struct request *r)
{
	return rvl_sim_vectors(r->commands->sim);
}

static bool get_ring(struct request *r, struct rvl_fault *f)
{
	char name[16];

	if (!string(r, "ring", name, sizeof(name)))
		return false;
	if (!name[0])
		return true;
	f->rings = rvl_ring_by_name(name);
	return f->rings ||
	       fail(r, "ring: %s: not cmd, cmd_cpl, evt, tx, rx, cq, buffer or any", name);
}

/* "targets" of a hostile device */
static bool get_targets(struct request *r, struct rvl_fault *f)
{
	const json_t *list = json_object_get(r->object, "targets"), *v;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return fail(r, "targets: not a list of names of rings, \"registers\" and "
			       "\"interrupts\"");
	json_array_foreach(list, i, v)
	{
		const char *name = json_is_string(v) ? json_string_value(v) : "";

		if (!strcmp(name, "registers"))
			f->registers = true;
		else if (!strcmp(name, "interrupts"))
			f->interrupts = true;
		else if (rvl_ring_by_name(name))
			f->rings |= rvl_ring_by_name(name);
		else
			return fail(r,
				    "targets: \"%.20s\": neither a ring, nor registers or "
				    "interrupts",
				    name);
	}
	json_object_del(r->object, "targets");
	return true;
}

static bool get_streams(struct request *r, struct rvl_fault *f)
{
	char what[16];

	if (!string(r, "streams", what, sizeof(what)))
		return false;
	f->reads = !strcmp(what, "") || !strcmp(what, "all") || !strcmp(what, "reads");
	f->writes = !strcmp(what, "all") || !strcmp(what, "writes");
	return f->reads || f->writes || fail(r, "streams: %s: not reads, writes or all", what);
}

static bool get_where(struct request *r, struct rvl_fault *f)
{
	bool range = present(r, "addr") || present(r, "size"), reg = present(r, "register");

	switch (f->kind) {
	case RVL_FAULT_IRQ_LOST:
	case RVL_FAULT_IRQ_DOUBLE:
	case RVL_FAULT_IRQ_LATE:
		return index_of(r, "vector", vectors(r) - 1, &f->vector);
	case RVL_FAULT_DMA_STOP:
		return get_streams(r, f);
	case RVL_FAULT_HOSTILE:
		f->rate = 1;
		return number(r, "seed", UINT64_MAX, &f->seed) && number32(r, "rate", &f->rate) &&
		       (f->rate || fail(r, "rate: 0: it is one in so many")) && get_targets(r, f);
	case RVL_FAULT_REGISTER_ONES:
	case RVL_FAULT_REGISTER_VALUE:
	case RVL_FAULT_DOORBELL_LOST:
		f->size = reg ? 4 : 0;
		if (!number(r, "register", RVL_BAR0_SIZE - 4, &f->addr))
			return false;
		if (f->addr % 4)
			return fail(r, "register: not a multiple of 4");
		return f->kind != RVL_FAULT_DOORBELL_LOST || reg ||
		       (get_ring(r, f) && index_of(r, "queue", RVL_RINGS_PAIRS - 1, &f->queue));
	default:
		f->size = 1;
		if (!get_ring(r, f) || !index_of(r, "queue", RVL_RINGS_PAIRS - 1, &f->queue) ||
		    !number(r, "addr", UINT64_MAX, &f->addr) ||
		    !number(r, "size", UINT64_MAX, &f->size))
			return false;
		if (!range)
			f->size = 0;
		else if (f->size == 0 || f->addr + (f->size - 1) < f->addr)
			return fail(r, "addr and size: an empty range, or one beyond the last "
				       "address");
		return true;
	}
}

static bool get_amount(struct request *r, struct rvl_fault *f)
{
	const char *key = NULL;
	bool needed = true;
	uint64_t n = 0, most = 100000000;

	switch (f->kind) {
	case RVL_FAULT_LATE:
	case RVL_FAULT_IRQ_LATE:
		key = "cycles";
		break;
	case RVL_FAULT_DMA_STOP:
		key = "cycles";
		needed = false;
		break;
	case RVL_FAULT_REGISTER_VALUE:
		key = "value";
		most = UINT32_MAX;
		break;
	case RVL_FAULT_TOO_LONG:
		key = "dws";
		most = 16;
		break;
	case RVL_FAULT_BYTE_COUNT:
		key = "octets";
		break;
	default:
		return true;
	}
	if (needed && !present(r, key))
		return fail(r, "%s: missing", key);
	if (!number(r, key, most, &n))
		return false;
	f->amount = (uint32_t)n;
	return true;
}

static bool cmd_fault(struct request *r)
{
	struct rvl_fault f = {.queue = -1, .vector = -1, .times = 1};
	char name[32];
	int kind, id;

	if (!string(r, "kind", name, sizeof(name)))
		return false;
	kind = rvl_fault_by_name(name);
	if (kind < 0)
		return fail(r, "kind: \"%s\": no such fault (the command help lists them)", name);
	f.kind = (unsigned)kind;
	if (f.kind == RVL_FAULT_HOSTILE || f.kind == RVL_FAULT_DMA_STOP)
		f.times = 0;
	if (!get_where(r, &f) || !get_amount(r, &f) ||
	    !number(r, "after", UINT64_MAX / 2, &f.after) ||
	    !number(r, "after_frames", UINT64_MAX / 2, &f.after_frames))
		return false;
	if (f.kind != RVL_FAULT_DMA_STOP &&
	    (!number32(r, "skip", &f.skip) || !number32(r, "times", &f.times)))
		return false;
	if (f.kind < RVL_FAULT_KINDS && !number32(r, "completion", &f.completion))
		return false;
	if (!nothing_else(r))
		return false;
	id = rvl_faults_add(rvl_sim_faults(r->commands->sim), &f);
	if (id < 0)
		return fail(r, "kind: there are %u faults already: clear some", RVL_FAULTS);
	reply_number(r, "id", (uint64_t)id);
	return true;
}

static bool cmd_faults(struct request *r)
{
	const struct rvl_faults *f = rvl_sim_faults(r->commands->sim);
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < RVL_FAULTS; i++) {
		const struct rvl_fault_slot *s = &f->slots[i];

		if (s->id)
			json_array_append_new(
				list, json_pack("{s:i,s:s,s:I,s:I,s:b}", "id", (int)s->id, "kind",
						rvl_fault_name(s->fault.kind), "seen",
						(json_int_t)s->seen, "hits", (json_int_t)s->hits,
						"spent", (int)rvl_fault_spent(s)));
	}
	json_object_set_new(r->reply, "faults", list);
	return nothing_else(r);
}

static bool cmd_clear(struct request *r)
{
	struct rvl_commands *c = r->commands;
	bool one = present(r, "id");
	uint64_t id = 0;

	if (!number(r, "id", UINT32_MAX, &id) || !nothing_else(r))
		return false;
	if (one)
		return !rvl_faults_remove(rvl_sim_faults(c->sim), (unsigned)id) ||
		       fail(r, "id: %llu: no such fault", (unsigned long long)id);
	rvl_faults_clear(rvl_sim_faults(c->sim));
	c->waiting_count = 0;
	return true;
}

/* ----------------------------------------------------------------------------------- actions */

enum action {
	ACTION_AER,
	ACTION_FLR,
	ACTION_UNPLUG,
	ACTION_IRQ,
	ACTION_INJECT,
	ACTION_PARITY,
	ACTION_LINK
};

/* Something that is done once, now or when its time has come. */
struct rvl_commands_action {
	enum action what;
	uint64_t from, from_frames;
	bool correctable, advisory;
	uint32_t error, hdr[4];
	unsigned vector, times;
	enum rvl_model_memory memory;
	bool inbound;
	bool up;
	unsigned index; /* of an SA */
	uint32_t len;
	bool damaged;
	uint8_t frame[RVL_WIRE_MAX_FRAME];
};

/* The names are those of QEMU's pcie_aer_inject_error. */
static const struct {
	const char *name;
	bool correctable;
	uint32_t error;
} errors[] = {
	{"DLP", false, RVL_AER_DATA_LINK},
	{"SDN", false, RVL_AER_SURPRISE_DOWN},
	{"POISON_TLP", false, RVL_AER_POISONED},
	{"FCP", false, RVL_AER_FLOW_CONTROL},
	{"COMP_TIME", false, RVL_AER_COMPLETION_TIMEOUT},
	{"COMP_ABORT", false, RVL_AER_COMPLETER_ABORT},
	{"UNX_COMP", false, RVL_AER_UNEXPECTED_COMPLETION},
	{"RX_OVER", false, RVL_AER_RECEIVER_OVERFLOW},
	{"MALF_TLP", false, RVL_AER_MALFORMED},
	{"UNSUP", false, RVL_AER_UNSUPPORTED_REQUEST},
	{"INTERN", false, RVL_AER_INTERNAL},
	{"RCVR", true, RVL_AER_RECEIVER},
	{"BAD_TLP", true, RVL_AER_BAD_TLP},
	{"BAD_DLLP", true, RVL_AER_BAD_DLLP},
	{"RELAY_NUM", true, RVL_AER_REPLAY_ROLLOVER},
	{"RELAY_TIME", true, RVL_AER_REPLAY_TIMEOUT},
	{"CORR_INTERNAL", true, RVL_AER_CORRECTED_INTERNAL},
	{"HDR_LOG_OVERFLOW", true, RVL_AER_HEADER_OVERFLOW},
};

static const char *message_name(enum rvl_aer_message message)
{
	switch (message) {
	case RVL_AER_CORRECTABLE:
		return "correctable";
	case RVL_AER_NON_FATAL:
		return "non_fatal";
	case RVL_AER_FATAL:
		return "fatal";
	case RVL_AER_NONE:
		break;
	}
	return "none";
}

static const char *why(int rc)
{
	switch (rc) {
	case -EALREADY:
		return "it is so already";
	case -ENODEV:
		return "the NIC is unplugged";
	case -EINVAL:
		return "no such memory or SA in that direction";
	case -EAGAIN:
		return "too many frames wait for the NIC";
	default:
		return strerror(-rc);
	}
}

/* Returns 0 or -errno. */
static int perform(struct rvl_commands *c, const struct rvl_commands_action *a, json_t *reply)
{
	enum rvl_aer_message message;
	unsigned i;

	switch (a->what) {
	case ACTION_AER:
		if (rvl_sim_unplugged(c->sim))
			return -ENODEV;
		message = rvl_sim_aer(c->sim, a->correctable, a->advisory, a->error, a->hdr);
		if (reply)
			json_object_set_new(reply, "message", json_string(message_name(message)));
		return 0;
	case ACTION_FLR:
		return rvl_sim_flr(c->sim);
	case ACTION_UNPLUG:
		return rvl_sim_unplug(c->sim);
	case ACTION_IRQ:
		for (i = 0; i < a->times; i++)
			rvl_sim_spurious_irq(c->sim, a->vector);
		return 0;
	case ACTION_INJECT:
		return rvl_sim_rx(c->sim, a->frame, a->len, a->damaged);
	case ACTION_PARITY:
		if (rvl_sim_unplugged(c->sim))
			return -ENODEV;
		return rvl_sim_inject_parity(c->sim, a->memory, a->inbound, a->index);
	case ACTION_LINK:
		rvl_sim_link(c->sim, a->up);
		return 0;
	}
	return -EINVAL;
}

static uint64_t frames(const struct rvl_commands *c)
{
	struct rvl_sim_stats s;

	rvl_sim_stats(c->sim, &s);
	return s.wire_rx_frames + s.wire_tx_frames;
}

/* The last arguments of an action; then do it, or let it wait. */
static bool act(struct request *r, struct rvl_commands_action *a)
{
	struct rvl_commands *c = r->commands;
	bool later = present(r, "after") || present(r, "after_frames");
	int rc;

	if (!number(r, "after", UINT64_MAX / 2, &a->from) ||
	    !number(r, "after_frames", UINT64_MAX / 2, &a->from_frames) || !nothing_else(r))
		return false;
	if (!later) {
		rc = perform(c, a, r->reply);
		return !rc || fail(r, "cmd: %s", why(rc));
	}
	if (c->waiting_count == RVL_COMMANDS_WAITING)
		return fail(r, "after: %u actions wait already", RVL_COMMANDS_WAITING);
	a->from += rvl_sim_cycle(c->sim);
	a->from_frames += frames(c);
	c->waiting[c->waiting_count++] = *a;
	return true;
}

void rvl_commands_run(struct rvl_commands *c)
{
	unsigned i = 0;

	while (i < c->waiting_count) {
		struct rvl_commands_action a;

		if (rvl_sim_cycle(c->sim) < c->waiting[i].from ||
		    frames(c) < c->waiting[i].from_frames) {
			i++;
			continue;
		}
		a = c->waiting[i];
		c->waiting_count--;
		memmove(&c->waiting[i], &c->waiting[i + 1],
			(c->waiting_count - i) * sizeof(*c->waiting));
		perform(c, &a, NULL);
	}
}

static bool cmd_aer(struct request *r)
{
	struct rvl_commands_action a = {.what = ACTION_AER};
	const json_t *header = json_object_get(r->object, "header"), *v;
	char name[32];
	size_t i;

	if (!string(r, "error", name, sizeof(name)) || !boolean(r, "advisory", &a.advisory))
		return false;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (strcmp(name, errors[i].name))
			continue;
		a.correctable = errors[i].correctable;
		a.error = errors[i].error;
	}
	if (!a.error)
		return fail(r, "error: \"%s\": no such error (the command help lists them)", name);
	if (a.advisory && a.correctable)
		return fail(r, "advisory: %s is correctable", name);
	if (header && json_array_size(header) != 4)
		return fail(r, "header: not a list of 4 numbers");
	json_array_foreach(header, i, v)
	{
		if (!json_is_integer(v) || json_integer_value(v) < 0 ||
		    json_integer_value(v) > UINT32_MAX)
			return fail(r, "header: not a list of 4 numbers");
		a.hdr[i] = (uint32_t)json_integer_value(v);
	}
	json_object_del(r->object, "header");
	return act(r, &a);
}

static bool cmd_flr(struct request *r)
{
	return act(r, &(struct rvl_commands_action){.what = ACTION_FLR});
}

static bool cmd_unplug(struct request *r)
{
	return act(r, &(struct rvl_commands_action){.what = ACTION_UNPLUG});
}

static bool cmd_replug(struct request *r)
{
	int rc;

	if (!nothing_else(r))
		return false;
	rc = rvl_sim_replug(r->commands->sim);
	return !rc || fail(r, "cmd: %s", why(rc));
}

static bool cmd_irq(struct request *r)
{
	struct rvl_commands_action a = {.what = ACTION_IRQ, .times = 1};
	int vector;

	if (!index_of(r, "vector", vectors(r) - 1, &vector) || !number32(r, "times", &a.times))
		return false;
	if (vector < 0)
		return fail(r, "vector: missing");
	if (a.times > 1000000)
		return fail(r, "times: more than 1000000");
	a.vector = (unsigned)vector;
	return act(r, &a);
}

static bool cmd_link(struct request *r)
{
	struct rvl_commands_action a = {.what = ACTION_LINK};

	if (!present(r, "up"))
		return fail(r, "up: missing");
	return boolean(r, "up", &a.up) && act(r, &a);
}

static bool hex(const char *text, struct rvl_commands_action *a)
{
	size_t i, len = strlen(text);

	if (len % 2 || len == 0 || len / 2 > sizeof(a->frame))
		return false;
	for (i = 0; i < len; i += 2) {
		unsigned octet;
		int end = 0;

		if (sscanf(text + i, "%2x%n", &octet, &end) != 1 || end != 2 ||
		    strspn(text + i, "0123456789abcdefABCDEF") < 2)
			return false;
		a->frame[i / 2] = (uint8_t)octet;
	}
	a->len = (uint32_t)(len / 2);
	return true;
}

static bool cmd_inject(struct request *r)
{
	struct rvl_commands_action a = {.what = ACTION_INJECT};
	const json_t *frame = json_object_get(r->object, "frame");

	if (!json_is_string(frame) || !hex(json_string_value(frame), &a))
		return fail(r, "frame: not 1 to %u octets in hexadecimal", RVL_WIRE_MAX_FRAME);
	json_object_del(r->object, "frame");
	return boolean(r, "damaged", &a.damaged) && act(r, &a);
}

static const char *const memories[RVL_MEMORY_COUNT] = {
	[RVL_MEMORY_CONFIG] = "config",
	[RVL_MEMORY_COUNTERS] = "counters",
	[RVL_MEMORY_WINDOW] = "window",
	[RVL_MEMORY_PRE_WINDOW] = "pre_window",
	[RVL_MEMORY_KEY] = "key",
	[RVL_MEMORY_POWER] = "power",
	[RVL_MEMORY_POWER_LOW] = "power_low",
	[RVL_MEMORY_POWER_HIGH] = "power_high",
	[RVL_MEMORY_LOOKUP] = "lookup",
	[RVL_MEMORY_NAME] = "name",
	[RVL_MEMORY_RING] = "ring",
	[RVL_MEMORY_PRE_RING] = "pre_ring",
};

static bool cmd_parity(struct request *r)
{
	struct rvl_commands_action a = {.what = ACTION_PARITY, .memory = RVL_MEMORY_KEY};
	char table[16], memory[16];
	uint32_t index = 0;
	int i;

	if (!string(r, "table", table, sizeof(table)) ||
	    !string(r, "memory", memory, sizeof(memory)) || !number32(r, "index", &index))
		return false;
	a.inbound = !strcmp(table, "inbound");
	if (!a.inbound && strcmp(table, "outbound"))
		return fail(r, "table: \"%s\": not inbound or outbound", table);
	if (memory[0]) {
		for (i = 0; i < RVL_MEMORY_COUNT && strcmp(memory, memories[i]); i++)
			;
		if (i == RVL_MEMORY_COUNT)
			return fail(r, "memory: \"%s\": no such memory", memory);
		a.memory = (enum rvl_model_memory)i;
	}
	a.index = index;
	return act(r, &a);
}

/* ----------------------------------------------------------------------------------- looking */

static bool cmd_stats(struct request *r)
{
	json_object_set_new(r->reply, "stats", r->commands->stats(r->commands->ctx));
	return nothing_else(r);
}

static bool cmd_rings(struct request *r)
{
	const struct rvl_rings *rings = &rvl_sim_faults(r->commands->sim)->rings;
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < RVL_RINGS; i++) {
		const struct rvl_ring_place *p = &rings->rings[i];

		if (p->size)
			json_array_append_new(list,
					      json_pack("{s:s,s:i,s:I,s:I,s:b}", "ring",
							rvl_ring_name(p->kind), "queue",
							(int)p->queue, "addr", (json_int_t)p->addr,
							"size", (json_int_t)p->size, "enabled",
							(int)rings->enabled[i]));
	}
	json_object_set_new(r->reply, "rings", list);
	return nothing_else(r);
}

static bool cmd_register(struct request *r)
{
	uint64_t offset = 0;

	if (!present(r, "offset"))
		return fail(r, "offset: missing");
	if (!number(r, "offset", RVL_BAR0_SIZE - 4, &offset) || !nothing_else(r))
		return false;
	if (offset % 4)
		return fail(r, "offset: not a multiple of 4");
	reply_number(r, "value", rvl_sim_peek32(r->commands->sim, (uint32_t)offset));
	return true;
}

static bool cmd_help(struct request *r);

static const struct {
	const char *name;
	bool (*run)(struct request *r);
} commands[] = {
	{"aer", cmd_aer},	{"clear", cmd_clear},	    {"fault", cmd_fault},
	{"faults", cmd_faults}, {"flr", cmd_flr},	    {"help", cmd_help},
	{"inject", cmd_inject}, {"irq", cmd_irq},	    {"link", cmd_link},
	{"parity", cmd_parity}, {"register", cmd_register}, {"replug", cmd_replug},
	{"rings", cmd_rings},	{"stats", cmd_stats},	    {"unplug", cmd_unplug},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static bool cmd_help(struct request *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		json_array_append_new(list, json_string(commands[i].name));
	json_object_set_new(r->reply, "commands", list);
	list = json_array();
	for (i = 0; i < RVL_FAULT_ALL; i++)
		json_array_append_new(list, json_string(rvl_fault_name((unsigned)i)));
	json_object_set_new(r->reply, "faults", list);
	list = json_array();
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		json_array_append_new(list, json_string(errors[i].name));
	json_object_set_new(r->reply, "errors", list);
	return nothing_else(r);
}

/* ------------------------------------------------------------------------------------------ */

static bool run(struct request *r)
{
	char name[32];
	size_t i;

	if (!json_is_object(r->object))
		return fail(r, "not a JSON object");
	if (!string(r, "cmd", name, sizeof(name)))
		return false;
	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(r);
	return fail(r, "cmd: \"%s\": no such command (help lists them)", name);
}

char *rvl_commands_handle(void *ctx, const char *line, size_t len)
{
	struct request r = {.commands = ctx};
	json_error_t where;
	char *text;
	bool good;

	r.commands->requests++;
	r.reply = json_object();
	if (!line) {
		good = fail(&r, "a line of more than %u octets", RVL_CONTROL_LINE - 1);
	} else {
		/* One value a key, and nothing behind the object. */
		r.object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
		good = r.object ? run(&r)
				: fail(&r, "not JSON: at character %d: %s", where.position,
				       where.text);
	}
	json_object_set_new(r.reply, "ok", json_boolean(good));
	if (!good) {
		r.commands->errors++;
		json_object_clear(r.reply);
		json_object_set_new(r.reply, "ok", json_false());
		json_object_set_new(r.reply, "error", json_string(r.error));
	}
	text = json_dumps(r.reply, JSON_COMPACT);
	json_decref(r.reply);
	json_decref(r.object);
	return text;
}

int rvl_commands_init(struct rvl_commands *c, struct rvl_sim *sim, json_t *(*stats)(void *ctx),
		      void *ctx)
{
	*c = (struct rvl_commands){.sim = sim, .stats = stats, .ctx = ctx};
	c->waiting = calloc(RVL_COMMANDS_WAITING, sizeof(*c->waiting));
	return c->waiting ? 0 : -ENOMEM;
}

void rvl_commands_free(struct rvl_commands *c)
{
	free(c->waiting);
	c->waiting = NULL;
}
