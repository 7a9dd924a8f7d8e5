// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "resolvectl"

/* What is told, one after the other. */
enum step { NOTHING, REVERT, SERVERS, DOMAINS };

struct resolver {
	uv_loop_t *loop;
	const struct log *log;
	char netdev[16];
	struct ike_settings wanted;
	bool changed; /* since it was told last */
	bool told;    /* there is something to take back */
	enum step step;
	bool busy; /* a program runs, or its handle isn't closed yet */
	uv_process_t process;
	char words[IKE_DOMAINS_MAX][IKE_DOMAIN_MAX + 1]; /* of the command line */
	char *argv[4 + IKE_DOMAINS_MAX];
};

static void go_on(struct resolver *r);

struct resolver *resolver_new(uv_loop_t *loop, const char *netdev, const struct log *log)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->loop = loop;
	r->log = log;
	snprintf(r->netdev, sizeof(r->netdev), "%s", netdev);
	r->process.data = r;
	return r;
}

void resolver_free(struct resolver *r)
{
	free(r);
}

static unsigned int put_servers(struct resolver *r)
{
	for (unsigned int i = 0; i < r->wanted.dns_count; i++)
		ike_addr_text(&r->wanted.dns[i], r->words[i], sizeof(r->words[i]));
	return r->wanted.dns_count;
}

/* What begins with a tilde is asked for and not searched; the root is all names. */
static unsigned int put_domains(struct resolver *r)
{
	for (unsigned int i = 0; i < r->wanted.domain_count; i++)
		snprintf(r->words[i], sizeof(r->words[i]), "~%s", r->wanted.domains[i]);
	if (r->wanted.domain_count)
		return r->wanted.domain_count;
	strcpy(r->words[0], "~.");
	return 1;
}

static void build_command(struct resolver *r)
{
	static char program[] = PROGRAM, revert[] = "revert", dns[] = "dns", domain[] = "domain";
	char *const verbs[] = {[REVERT] = revert, [SERVERS] = dns, [DOMAINS] = domain};
	unsigned int count = r->step == SERVERS	  ? put_servers(r)
			     : r->step == DOMAINS ? put_domains(r)
						  : 0;

	r->argv[0] = program;
	r->argv[1] = verbs[r->step];
	r->argv[2] = r->netdev;
	for (unsigned int i = 0; i < count; i++)
		r->argv[3 + i] = r->words[i];
	r->argv[3 + count] = NULL;
}

static void on_closed(uv_handle_t *handle)
{
	struct resolver *r = handle->data;

	r->busy = false;
	go_on(r);
}

static void on_end(uv_process_t *process, int64_t status, int signal)
{
	struct resolver *r = process->data;

	if (status || signal) {
		log_warning(r->log, PROGRAM " %s: %s %d; DNS servers of peers aren't asked",
			    r->argv[1], signal ? "signal" : "status",
			    signal ? signal : (int)status);
		r->step = NOTHING;
	} else {
		r->told = r->step != REVERT;
		r->step = r->step == SERVERS ? DOMAINS : NOTHING;
	}
	if (!uv_is_closing((uv_handle_t *)process))
		uv_close((uv_handle_t *)process, on_closed);
}

static void run(struct resolver *r)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = 2},
	};
	uv_process_options_t options = {
		.exit_cb = on_end,
		.file = PROGRAM,
		.args = r->argv,
		.stdio_count = 3,
		.stdio = stdio,
	};
	int err;

	build_command(r);
	r->busy = true;
	err = uv_spawn(r->loop, &r->process, &options);
	if (!err)
		return;
	if (r->step != REVERT)
		log_warning(r->log, "DNS servers of peers aren't asked: " PROGRAM ": %s",
			    uv_strerror(err));
	r->step = NOTHING;
	uv_close((uv_handle_t *)&r->process, on_closed);
}

/* The next step of what is under way; or what has changed meanwhile. */
static void go_on(struct resolver *r)
{
	if (r->step == NOTHING && r->changed) {
		r->changed = false;
		r->step = r->wanted.dns_count ? SERVERS : r->told ? REVERT : NOTHING;
	}
	if (r->step != NOTHING)
		run(r);
}

static bool is_same(const struct ike_settings *a, const struct ike_settings *b)
{
	bool same = a->dns_count == b->dns_count && a->domain_count == b->domain_count;

	for (unsigned int i = 0; same && i < a->dns_count; i++)
		same = ike_addr_same_ip(&a->dns[i], &b->dns[i]);
	for (unsigned int i = 0; same && i < a->domain_count; i++)
		same = !strcmp(a->domains[i], b->domains[i]);
	return same;
}

void resolver_set(struct resolver *r, const struct ike_settings *wanted)
{
	if (is_same(&r->wanted, wanted))
		return;
	r->wanted = *wanted;
	r->changed = true;
	if (!r->busy)
		go_on(r);
}
