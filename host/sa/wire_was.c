// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/wire_was.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARK "raveld's wire; it was "
#define ALIAS_MAX 255 /* IFALIASZ less its end */
#define NONE "-"      /* for an empty value */
#define ROOM 32768

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	struct rtattr attribute;
	char text[ALIAS_MAX + 1];
};

/* One request and its answer in room: the answer's length, or -errno. */
static ssize_t talk(const void *request, size_t len, void *room)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = send(fd, request, len, 0) < 0 ? -1 : recv(fd, room, ROOM, 0);
	n = n < 0 ? -errno : n;
	close(fd);
	return n;
}

static int error_of(const struct nlmsghdr *answer, ssize_t len)
{
	if (!NLMSG_OK(answer, (size_t)len) || answer->nlmsg_type != NLMSG_ERROR)
		return 0;
	return ((const struct nlmsgerr *)NLMSG_DATA(answer))->error;
}

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
	len = talk(&request, request.header.nlmsg_len, answer);
	err = len < 0 ? (int)len : error_of(answer, len);
	if (!err && NLMSG_OK(answer, (size_t)len)) {
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
		.header = {.nlmsg_type = RTM_NEWLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.link = {.ifi_index = (int)if_nametoindex(name)},
		.attribute = {.rta_type = IFLA_IFALIAS},
	};
	char answer[1024];
	ssize_t len;

	snprintf(request.text, sizeof(request.text), "%s", alias);
	request.attribute.rta_len = (unsigned short)RTA_LENGTH(strlen(request.text));
	request.header.nlmsg_len =
		NLMSG_LENGTH(sizeof(request.link)) + RTA_ALIGN(request.attribute.rta_len);
	len = talk(&request, request.header.nlmsg_len, answer);
	return len < 0 ? (int)len : error_of((struct nlmsghdr *)(void *)answer, len);
}

static void read_setting(const char *text, char out[RVL_WIRE_SETTING])
{
	snprintf(out, RVL_WIRE_SETTING, "%s", strcmp(text, NONE) ? text : "");
}

int rvl_wire_was_read(const char *name, struct rvl_wire_was *was)
{
	char alias[ALIAS_MAX + 1], values[RVL_WIRE_SETTINGS][RVL_WIRE_SETTING];
	int gro, down, end = 0, err = read_alias(name, alias);

	if (err)
		return err;
	*was = (struct rvl_wire_was){.gro = false};
	if (strncmp(alias, MARK, strlen(MARK)) != 0 ||
	    sscanf(alias + strlen(MARK), "%15s %15s %15s gro %d down %d alias %n", values[0],
		   values[1], values[2], &gro, &down, &end) != 5 ||
	    !end) {
		snprintf(was->alias, sizeof(was->alias), "%s", alias);
		return 0;
	}
	for (int i = 0; i < RVL_WIRE_SETTINGS; i++)
		read_setting(values[i], was->settings[i]);
	was->gro = gro;
	was->down = down;
	snprintf(was->alias, sizeof(was->alias), "%s", alias + strlen(MARK) + end);
	return 1;
}

static const char *shown(const char *setting)
{
	return *setting ? setting : NONE;
}

int rvl_wire_was_write(const char *name, const struct rvl_wire_was *was)
{
	char alias[ALIAS_MAX + 1];

	snprintf(alias, sizeof(alias), MARK "%s %s %s gro %d down %d alias %s",
		 shown(was->settings[0]), shown(was->settings[1]), shown(was->settings[2]),
		 was->gro, was->down, was->alias);
	return write_alias(name, alias);
}

int rvl_wire_was_undo(const char *name, const struct rvl_wire_was *was)
{
	return write_alias(name, was->alias);
}
