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

/* What the data paths can do: AES-GCM of 128 or 256 bits with the long ICV, no ESN. */
static int check_transform(const struct conf_value *v, const struct ike_transform *t)
{
	const char *name = ike_algorithm_name(t->type, t->id);

	switch (t->type) {
	case IKE_TRANSFORM_ENCR:
		if (t->id == IKE_ENCR_AES_GCM_16 && (t->key_bits == 128 || t->key_bits == 256))
			return 0;
		return conf_value_fail(v, "%s with %u bits isn't supported for ESP",
				       name ? name : "?", t->key_bits);
	case IKE_TRANSFORM_ESN:
		if (t->id == IKE_ESN_NO)
			return 0;
		return conf_value_fail(v, "extended sequence numbers aren't supported");
	default:
		return 0;
	}
}

static int set_proposals(const struct conf_value *v, void *object)
{
	struct conf_child *child = object;
	int err = conf_bind_proposals(v, IKE_PROTO_ESP, child->proposals, &child->proposal_count);

	for (unsigned int i = 0; !err && i < child->proposal_count; i++)
		for (unsigned int k = 0; !err && k < child->proposals[i].count; k++)
			err = check_transform(v, &child->proposals[i].transforms[k]);
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
	uint64_t n;
	int err = conf_value_number(v, REPLAY_WINDOW_MIN, REPLAY_WINDOW_MAX, &n);

	if (!err)
		((struct conf_child *)object)->replay_window = (uint32_t)n;
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
	bool copy;
	int err = conf_value_bool(v, &copy);

	(void)object;
	if (!err && !copy)
		return conf_value_fail(v, "\"no\" isn't supported: ECN follows RFC 6040");
	return err;
}

static int set_copy_dscp(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"no", "out", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_child *)object)->copy_dscp = at;
	return err;
}

static int set_offload(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"no", "packet", "auto", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_child *)object)->offload = (enum conf_offload)at;
	return err;
}

static const struct conf_binding keys[] = {
	{"local_ts", set_local_ts, false},
	{"remote_ts", set_remote_ts, false},
	{"esp_proposals", set_proposals, false},
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
	{"hw_offload", set_offload, false},
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
		.copy_dscp = true,
		.offload = CONF_OFFLOAD_AUTO,
	};
	if (ike_proposal_parse("aes256gcm16", IKE_PROTO_ESP, &child->proposals[0], NULL, 0) ||
	    ike_proposal_parse("aes128gcm16", IKE_PROTO_ESP, &child->proposals[1], NULL, 0))
		return conf_fail_section(error, section, "no default proposal");
	child->proposal_count = 2;
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
	return finish_times(section, child, error);
}
