// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/wire_was.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/sa/rtnetlink.h"

#define MARK "raveld's wire; it was "
#define FILTERS "filters "
#define ALIAS "alias "
#define ALIAS_MAX 255 /* IFALIASZ less its end */
#define NONE "-"      /* for an empty value */
#define ROOM 32768

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	char attribute[RTA_SPACE(ALIAS_MAX + 1)];
};

/* The alias, empty if it has none. */
static int read_alias(const char *name, char alias[ALIAS_MAX + 1])
{
	struct request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(request.link)),
			   .nlmsg_type = RTM_GETLINK,
			   .nlmsg_flags = NLM_F_REQUEST},
		.link = {.ifi_index = (int)if_nametoindex(name)},
	};
	struct nlmsghdr *answer = malloc(ROOM);
	ssize_t len;
	int err;

	if (!answer)
		return -ENOMEM;
	alias[0] = 0;
	len = rvl_rtnetlink_ask(&request.header, answer, ROOM);
	err = len < 0 ? (int)len : 0;
	if (!err) {
		struct ifinfomsg *link = NLMSG_DATA(answer);
		size_t left = answer->nlmsg_len - NLMSG_LENGTH(sizeof(*link));

		for (struct rtattr *a = IFLA_RTA(link); RTA_OK(a, left); a = RTA_NEXT(a, left))
			if (a->rta_type == IFLA_IFALIAS)
				snprintf(alias, ALIAS_MAX + 1, "%.*s", (int)RTA_PAYLOAD(a),
					 (char *)RTA_DATA(a));
	}
	free(answer);
	return err;
}

static int write_alias(const char *name, const char *alias)
{
	struct request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(request.link)),
			   .nlmsg_type = RTM_NEWLINK,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.link = {.ifi_index = (int)if_nametoindex(name)},
	};
	_Alignas(struct nlmsghdr) char answer[1024];
	ssize_t len;

	rvl_rtnetlink_put(&request.header, IFLA_IFALIAS, alias, strlen(alias));
	len = rvl_rtnetlink_ask(&request.header, (struct nlmsghdr *)(void *)answer, sizeof(answer));
	return len < 0 ? (int)len : 0;
}

static void read_setting(const char *text, char out[RVL_WIRE_SETTING])
{
	snprintf(out, RVL_WIRE_SETTING, "%s", strcmp(text, NONE) ? text : "");
}

/* Does the text begin with the word? Then it goes on behind it. */
static bool take(const char **text, const char *word)
{
	bool found = !strncmp(*text, word, strlen(word));

	*text += found ? strlen(word) : 0;
	return found;
}

int rvl_wire_was_read(const char *name, struct rvl_wire_was *was)
{
	char alias[ALIAS_MAX + 1], values[RVL_WIRE_SETTINGS][RVL_WIRE_SETTING];
	int gro, down, end = 0, err = read_alias(name, alias);
	const char *text = alias;
	bool filters;

	if (err)
		return err;
	*was = (struct rvl_wire_was){.gro = false};
	if (!take(&text, MARK) ||
	    sscanf(text, "%15s %15s %15s gro %d down %d %n", values[0], values[1], values[2], &gro,
		   &down, &end) != 5 ||
	    !end)
		goto own;
	text += end;
	filters = take(&text, FILTERS);
	if (!take(&text, ALIAS))
		goto own;
	for (int i = 0; i < RVL_WIRE_SETTINGS; i++)
		read_setting(values[i], was->settings[i]);
	was->gro = gro;
	was->down = down;
	was->filters = filters;
	snprintf(was->alias, sizeof(was->alias), "%s", text);
	return 1;

own:
	snprintf(was->alias, sizeof(was->alias), "%s", alias);
	return 0;
}

static const char *shown(const char *setting)
{
	return *setting ? setting : NONE;
}

int rvl_wire_was_write(const char *name, const struct rvl_wire_was *was)
{
	char alias[ALIAS_MAX + 1];

	snprintf(alias, sizeof(alias), MARK "%s %s %s gro %d down %d %s" ALIAS "%s",
		 shown(was->settings[0]), shown(was->settings[1]), shown(was->settings[2]),
		 was->gro, was->down, was->filters ? FILTERS : "", was->alias);
	return write_alias(name, alias);
}

int rvl_wire_was_undo(const char *name, const struct rvl_wire_was *was)
{
	return write_alias(name, was->alias);
}
