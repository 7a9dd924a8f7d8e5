/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes out of the engine: a queue of actions. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

/* No larger than what it carries. */
static size_t size_of(enum ike_action_type type)
{
	size_t head = offsetof(struct ike_action, send);

	switch (type) {
	case IKE_ACTION_SEND:
		return head + sizeof(struct ike_send);
	case IKE_ACTION_JOB:
		return head + sizeof(struct ike_job *);
	case IKE_ACTION_CHILD_UPDATE:
		return head + sizeof(struct ike_child_change);
	case IKE_ACTION_CHILD_SKIP:
		return head + sizeof(struct ike_child_skip);
	case IKE_ACTION_CHILD_REMOVE:
		return head + sizeof(struct ike_child_removed);
	case IKE_ACTION_LEASED:
		return head + sizeof(struct ike_leased);
	case IKE_ACTION_RELEASED:
		return head + sizeof(struct ike_released);
	case IKE_ACTION_PATH_MTU:
		return head + sizeof(struct ike_path_mtu);
	case IKE_ACTION_LOG:
		return head + sizeof(struct ike_log_line);
	default:
		return head + sizeof(struct ike_event);
	}
}

struct ike_action *ike_action_new(struct ike_engine *e, enum ike_action_type type)
{
	struct ike_action *a = calloc(1, size_of(type));

	if (!a) {
		e->stats.drop_memory++;
		return NULL;
	}
	a->type = type;
	return a;
}

void ike_action_queue(struct ike_engine *e, struct ike_action *a)
{
	*e->actions_tail = a;
	e->actions_tail = &a->next;
}

struct ike_action *ike_emit(struct ike_engine *e, enum ike_action_type type)
{
	struct ike_action *a = ike_action_new(e, type);

	if (a)
		ike_action_queue(e, a);
	return a;
}

struct ike_send *ike_emit_send(struct ike_engine *e, const struct ike_addr *local,
			       const struct ike_addr *remote, bool marker, struct ike_slice data)
{
	uint8_t *copy = malloc(data.len);
	struct ike_action *a = copy ? ike_emit(e, IKE_ACTION_SEND) : NULL;

	if (!a) {
		free(copy);
		return NULL;
	}
	memcpy(copy, data.data, data.len);
	a->send = (struct ike_send){
		.local = *local,
		.remote = *remote,
		.marker = marker,
		.data = ike_slice(copy, data.len),
	};
	e->stats.datagrams_out++;
	return &a->send;
}

static void copy_text(char *out, size_t len, const char *text)
{
	size_t n = text ? strnlen(text, len - 1) : 0;

	if (n)
		memcpy(out, text, n);
	out[n] = '\0';
}

struct ike_action *ike_emit_event(struct ike_engine *e, enum ike_action_type type,
				  const struct ike_sa *sa, const struct ike_child *child,
				  const char *reason)
{
	struct ike_action *a = ike_emit(e, type);

	if (!a)
		return NULL;
	a->event.ike_id = sa->id;
	copy_text(a->event.connection, sizeof(a->event.connection),
		  sa->conn ? sa->conn->name : NULL);
	copy_text(a->event.reason, sizeof(a->event.reason), reason);
	a->event.cause = child && child->cause ? child->cause : sa->cause;
	if (child) {
		a->event.child_id = child->id;
		copy_text(a->event.child, sizeof(a->event.child), child->config->name);
	}
	return a;
}

void ike_emit_child_failed(struct ike_engine *e, const struct ike_sa *sa, const char *name,
			   const char *reason)
{
	struct ike_action *a = ike_emit(e, IKE_ACTION_CHILD_DOWN);

	if (!a)
		return;
	a->event.ike_id = sa->id;
	copy_text(a->event.connection, sizeof(a->event.connection),
		  sa->conn ? sa->conn->name : NULL);
	copy_text(a->event.child, sizeof(a->event.child), name);
	copy_text(a->event.reason, sizeof(a->event.reason), reason);
}

void ike_log(struct ike_engine *e, enum ike_log_level level, const struct ike_sa *sa,
	     const char *fmt, ...)
{
	char where[IKE_ADDR_TEXT];
	struct ike_action *a;
	va_list ap;
	int n = 0;

	if (level > e->config.log_level)
		return;
	a = ike_emit(e, IKE_ACTION_LOG);
	if (!a)
		return;
	a->log.level = level;
	if (sa) {
		ike_addr_text(&sa->path.remote, where, sizeof(where));
		n = snprintf(a->log.text, sizeof(a->log.text),
			     "%s[%llu] %s: ", sa->conn ? sa->conn->name : "peer",
			     (unsigned long long)sa->id, where);
	}
	va_start(ap, fmt);
	vsnprintf(a->log.text + n, sizeof(a->log.text) - (size_t)n, fmt, ap);
	va_end(ap);
}

struct ike_action *ike_next_action(struct ike_engine *e)
{
	struct ike_action *a = e->actions;

	if (!a)
		return NULL;
	e->actions = a->next;
	if (!e->actions)
		e->actions_tail = &e->actions;
	a->next = NULL;
	return a;
}

void ike_action_free(struct ike_action *a)
{
	if (!a)
		return;
	if (a->type == IKE_ACTION_SEND)
		free((void *)a->send.data.data);
	if (a->type == IKE_ACTION_JOB)
		ike_job_free(a->job);
	free(a);
}

void ike_actions_free(struct ike_engine *e)
{
	struct ike_action *a;

	while ((a = ike_next_action(e)))
		ike_action_free(a);
}
