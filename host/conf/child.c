// SPDX-License-Identifier: BSD-2-Clause
/* Sections connections.*.children.*: a pair of ESP SAs and what goes through them. */
#include <string.h>

#include "host/conf/bind.h"

#define REPLAY_WINDOW_MIN 32
#define REPLAY_WINDOW_MAX 4096
#define REPLAY_WINDOW 1024
#define REKEY_TIME 3600
#define UNSET UINT32_MAX /* more than any time that can be written */

static int add_ts(const struct conf_value *v, const char *item, void *context)
{
	struct ike_ts_list *list = context;
	struct ike_ts *ts = &list->list[list->count];
	char reason[128];

	if (list->count == IKE_TS_MAX)
		return conf_value_fail(v, "more than %d selectors", IKE_TS_MAX);
	if (ike_ts_parse(item, ts, reason, sizeof(reason)))
		return conf_value_fail(v, "%s", reason);
	list->count++;
	return 0;
}

static int set_ts(const struct conf_value *v, struct ike_ts_list *list)
{
	list->count = 0;
	return conf_value_list(v, add_ts, list);
}

static int set_local_ts(const struct conf_value *v, void *object)
{
	return set_ts(v, &((struct conf_child *)object)->local_ts);
}

static int set_remote_ts(const struct conf_value *v, void *object)
{
	return set_ts(v, &((struct conf_child *)object)->remote_ts);
}

/* ESP goes before AH, in whatever order they are written. */
static int set_proposals(const struct conf_value *v, struct conf_child *child, uint8_t protocol)
{
	struct conf_proposals p;
	int err = conf_bind_proposals(v, protocol, &p);
	unsigned int at = protocol == IKE_PROTO_AH ? child->proposal_count : 0;

	if (err)
		return err;
	if (child->proposal_count + p.count > CONF_PROPOSALS_MAX)
		return conf_value_fail(v, "more than %d proposals of ESP and AH",
				       CONF_PROPOSALS_MAX);
	memmove(&child->proposals[at + p.count], &child->proposals[at],
		(child->proposal_count - at) * sizeof(p.list[0]));
	memcpy(&child->proposals[at], p.list, p.count * sizeof(p.list[0]));
	child->default_proposals = at ? child->default_proposals | p.defaults << at
				      : child->default_proposals << p.count | p.defaults;
	child->proposal_count += p.count;
	return 0;
}

static int set_esp_proposals(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;

	child->lines[CONF_ESP_PROPOSALS] = v->key->line;
	return set_proposals(v, child, IKE_PROTO_ESP);
}

/* As with strongSwan, an empty one is none. */
static int set_ah_proposals(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;

	if (!*v->key->value)
		return 0;
	child->lines[CONF_AH_PROPOSALS] = v->key->line;
	return set_proposals(v, child, IKE_PROTO_AH);
}

static int set_mode(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"tunnel", "transport", "pass", "drop", NULL};
	struct conf_child *child = object;
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	child->lines[CONF_MODE] = v->key->line;
	if (!err && at >= 2)
		child->shunting = at == 2 ? CONF_PASS : CONF_DROP;
	else if (!err)
		child->mode = at ? RVL_TRANSPORT : RVL_TUNNEL;
	return err;
}

static int set_start(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"none", "start", "trap", "trap|start", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_child *)object)->start = (enum conf_start)at;
	return err;
}

static int set_dpd_action(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"clear", "restart", "trap", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_child *)object)->dpd_action = (enum conf_dpd)at;
	return err;
}

static int set_close_action(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"none", "start", "trap", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_child *)object)->close_action = (enum conf_close)at;
	return err;
}

static int set_rekey_time(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_child *)object)->rekey_time);
}

static int set_rand_time(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_child *)object)->rand_time);
}

static int set_life_time(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_child *)object)->life_time);
}

static int set_life_bytes(const struct conf_value *v, void *object)
{
	return conf_value_size(v, &((struct conf_child *)object)->life_bytes);
}

static int set_life_packets(const struct conf_value *v, void *object)
{
	return conf_value_size(v, &((struct conf_child *)object)->life_packets);
}

static int set_rekey_bytes(const struct conf_value *v, void *object)
{
	return conf_value_size(v, &((struct conf_child *)object)->rekey_bytes);
}

static int set_rekey_packets(const struct conf_value *v, void *object)
{
	return conf_value_size(v, &((struct conf_child *)object)->rekey_packets);
}

static int set_replay_window(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;
	uint64_t n;
	int err = conf_value_number(v, 0, REPLAY_WINDOW_MAX, &n);

	if (!err && n && n < REPLAY_WINDOW_MIN)
		return conf_value_fail(v, "%u is neither 0 (none) nor between %d and %d",
				       (unsigned int)n, REPLAY_WINDOW_MIN, REPLAY_WINDOW_MAX);
	child->lines[CONF_REPLAY_WINDOW] = v->key->line;
	if (!err)
		child->replay_window = (uint32_t)n;
	return err;
}

static int set_copy_df(const struct conf_value *v, void *object)
{
	bool copy;
	int err = conf_value_bool(v, &copy);

	if (!err)
		((struct conf_child *)object)->df = copy ? CONF_DF_COPY : CONF_DF_CLEAR;
	return err;
}

static int set_copy_ecn(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;
	bool copy;
	int err = conf_value_bool(v, &copy);

	child->lines[CONF_COPY_ECN] = v->key->line;
	if (!err)
		child->no_ecn = !copy;
	return err;
}

static int set_copy_dscp(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"no", "out", "in", "yes", NULL};
	struct conf_child *child = object;
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	child->lines[CONF_COPY_DSCP] = v->key->line;
	if (!err)
		child->copy_dscp = (enum conf_dscp)at;
	return err;
}

/* Octets that each packet inside is padded to, or "mtu". */
static int set_tfc(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;
	uint64_t octets = CONF_TFC_MTU;
	int err = strcmp(v->key->value, "mtu") ? conf_value_number(v, 0, CONF_TFC_MTU - 1, &octets)
					       : 0;

	child->lines[CONF_TFC_PADDING] = v->key->line;
	if (!err)
		child->tfc = (uint16_t)octets;
	return err;
}

static int set_offload(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"no", "crypto", "packet", "auto", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_child *)object)->offload = (enum conf_offload)at;
	return err;
}

static int set_if_id_in(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;

	child->lines[CONF_IF_ID_IN] = v->key->line;
	return conf_bind_if_id(v, &child->labels.if_id_in);
}

static int set_if_id_out(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;

	child->lines[CONF_IF_ID_OUT] = v->key->line;
	return conf_bind_if_id(v, &child->labels.if_id_out);
}

static int set_mark_in(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;

	child->lines[CONF_MARK_IN] = v->key->line;
	return conf_bind_mark(v, &child->labels.mark_in);
}

static int set_mark_out(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;

	child->lines[CONF_MARK_OUT] = v->key->line;
	return conf_bind_mark(v, &child->labels.mark_out);
}

static int set_mark_in_sa(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_child *)object)->labels.mark_in_sa);
}

static int set_set_mark_in(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;

	child->lines[CONF_SET_MARK_IN] = v->key->line;
	return conf_bind_set_mark(v, &child->labels.set_mark_in);
}

static int set_set_mark_out(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;

	child->lines[CONF_SET_MARK_OUT] = v->key->line;
	return conf_bind_set_mark(v, &child->labels.set_mark_out);
}

static int set_per_cpu(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;

	child->lines[CONF_PER_CPU] = v->key->line;
	if (!strcmp(v->key->value, "encap"))
		return conf_value_fail(v, "\"encap\", a UDP port for each processor's SA, isn't "
					  "supported (no, yes)");
	return conf_value_bool(v, &child->per_cpu);
}

static const struct conf_binding keys[] = {
	{"local_ts", set_local_ts, false},
	{"remote_ts", set_remote_ts, false},
	{"mode", set_mode, false},
	{"esp_proposals", set_esp_proposals, false},
	{"ah_proposals", set_ah_proposals, false},
	{"start_action", set_start, false},
	{"dpd_action", set_dpd_action, false},
	{"close_action", set_close_action, false},
	{"rekey_time", set_rekey_time, false},
	{"rand_time", set_rand_time, false},
	{"life_time", set_life_time, false},
	{"life_bytes", set_life_bytes, false},
	{"life_packets", set_life_packets, false},
	{"rekey_bytes", set_rekey_bytes, false},
	{"rekey_packets", set_rekey_packets, false},
	{"replay_window", set_replay_window, false},
	{"copy_df", set_copy_df, false},
	{"copy_ecn", set_copy_ecn, false},
	{"copy_dscp", set_copy_dscp, false},
	{"tfc_padding", set_tfc, false},
	{"hw_offload", set_offload, false},
	{"if_id_in", set_if_id_in, false},
	{"if_id_out", set_if_id_out, false},
	{"mark_in", set_mark_in, false},
	{"mark_in_sa", set_mark_in_sa, false},
	{"mark_out", set_mark_out, false},
	{"set_mark_in", set_set_mark_in, false},
	{"set_mark_out", set_set_mark_out, false},
	{"per_cpu_sas", set_per_cpu, false},
	{NULL, NULL, false},
};

static bool beyond(uint64_t soft, uint64_t hard)
{
	return hard && soft > hard;
}

/* What isn't configured follows from what is. */
static int finish_times(const struct conf_section *section, struct conf_child *child,
			struct conf_error *error)
{
	uint32_t room;

	if (child->life_time == UNSET)
		child->life_time = child->rekey_time + child->rekey_time / 10;
	if (beyond(child->rekey_time, child->life_time))
		return conf_fail_section(error, section, "rekey_time is beyond life_time");
	room = child->life_time > child->rekey_time ? child->life_time - child->rekey_time : 0;
	if (child->rand_time == UNSET)
		child->rand_time = room < child->rekey_time ? room : child->rekey_time;
	if (child->rand_time > child->rekey_time)
		return conf_fail_section(error, section, "rand_time is beyond rekey_time");
	return 0;
}

/* Without a window nobody could tell the upper half of a number (RFC 4303, section 3.4.3). */
static int finish_proposals(const struct conf_section *section, struct conf_child *child,
			    struct conf_error *error)
{
	if (!child->proposal_count) {
		child->proposal_count = ike_proposal_defaults(IKE_PROTO_ESP, child->proposals);
		child->default_proposals = (1u << child->proposal_count) - 1;
	}
	for (unsigned int i = 0; !child->replay_window && i < child->proposal_count; i++) {
		struct ike_proposal *p = &child->proposals[i];

		if (!ike_proposal_has(p, IKE_TRANSFORM_ESN, IKE_ESN_YES))
			continue;
		if (!(child->default_proposals >> i & 1))
			return conf_fail_section(error, section,
						 "replay_window = 0 doesn't go with esn");
		ike_proposal_remove(p, IKE_TRANSFORM_ESN, IKE_ESN_YES);
	}
	return 0;
}

int conf_bind_child(const struct conf_section *section, struct conf_child *child,
		    struct conf_error *error)
{
	static const char *const no_sections[] = {NULL};
	const struct ike_ts dynamic = {.dynamic = true, .port_last = UINT16_MAX};
	int err;

	*child = (struct conf_child){
		.file = section->file,
		.line = section->line,
		.local_ts = {.count = 1, .list = {dynamic}},
		.remote_ts = {.count = 1, .list = {dynamic}},
		.replay_window = REPLAY_WINDOW,
		.rekey_time = REKEY_TIME,
		.rand_time = UNSET,
		.life_time = UNSET,
		.copy_dscp = CONF_DSCP_OUT,
		.offload = CONF_OFFLOAD_AUTO,
	};
	err = conf_bind_name(section, child->name, error);
	if (!err)
		err = conf_only_sections(section, no_sections, conf_absent_none, error);
	if (!err)
		err = conf_bind(section, keys, conf_absent_child, child, error);
	if (err)
		return err;
	if (beyond(child->rekey_bytes, child->life_bytes))
		return conf_fail_section(error, section, "rekey_bytes is beyond life_bytes");
	if (beyond(child->rekey_packets, child->life_packets))
		return conf_fail_section(error, section, "rekey_packets is beyond life_packets");
	err = finish_proposals(section, child, error);
	return err ? err : finish_times(section, child, error);
}
