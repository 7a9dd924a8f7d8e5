// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/xfrm_netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/sa/netlink_socket.h"

#define REPLY_TIMEOUT_S 10

struct xfrm_netlink {
	struct mnl_socket *socket;
	uint32_t portid;
	uint32_t sequence;
	_Alignas(uint64_t) char room[32768];
};

int xfrm_netlink_open(struct xfrm_netlink **out)
{
	struct xfrm_netlink *netlink = calloc(1, sizeof(*netlink));
	int on = 1, err;

	if (!netlink)
		return -ENOMEM;
	err = rvl_netlink_asking(NETLINK_XFRM, REPLY_TIMEOUT_S, &netlink->socket);
	if (err) {
		free(netlink);
		return err;
	}
	mnl_socket_setsockopt(netlink->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	netlink->portid = mnl_socket_get_portid(netlink->socket);
	*out = netlink;
	return 0;
}

void xfrm_netlink_close(struct xfrm_netlink *netlink)
{
	if (!netlink)
		return;
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	xfrm_netlink_cleanse(netlink);
	free(netlink);
}

uint32_t xfrm_netlink_port(const struct xfrm_netlink *netlink)
{
	return netlink->portid;
}

struct nlmsghdr *xfrm_netlink_start(struct xfrm_netlink *netlink, uint16_t type, uint16_t flags,
				    size_t size)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(netlink->room);

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++netlink->sequence;
	/* The kernel repeats it in what it tells of it, which shows whose doing it was. */
	message->nlmsg_pid = netlink->portid;
	mnl_nlmsg_put_extra_header(message, size);
	return message;
}

bool xfrm_netlink_body(const struct nlmsghdr *message, void *body, size_t size)
{
	if (mnl_nlmsg_get_payload_len(message) < size)
		return false;
	memcpy(body, mnl_nlmsg_get_payload(message), size);
	return true;
}

/* The kernel's own words, if the answer is an error that has any. */
static void read_words(const struct nlmsghdr *message, size_t len, char *text, size_t size)
{
	const struct nlmsgerr *body = mnl_nlmsg_get_payload(message);
	size_t offset = sizeof(*body);
	const struct nlattr *attr;

	if (len < sizeof(*message) + sizeof(*body) || message->nlmsg_type != NLMSG_ERROR ||
	    message->nlmsg_len > len || !body->error || !(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(&body->msg);
	if (offset > mnl_nlmsg_get_payload_len(message))
		return;
	mnl_attr_for_each(attr, message, (unsigned int)offset)
	{
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			snprintf(text, size, "%s", mnl_attr_get_str(attr));
	}
}

int xfrm_netlink_ask(struct xfrm_netlink *netlink, const struct nlmsghdr *message,
		     mnl_cb_t callback, void *context, char *text, size_t len)
{
	uint32_t sequence = message->nlmsg_seq;
	ssize_t n;
	int ret;

	if (len)
		text[0] = 0;
	if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(netlink->socket, netlink->room, sizeof(netlink->room));
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (len)
			read_words((const struct nlmsghdr *)netlink->room, (size_t)n, text, len);
		ret = mnl_cb_run(netlink->room, (size_t)n, sequence, netlink->portid, callback,
				 context);
		/* An answer to an earlier question, which gave up waiting. */
		if (ret < 0 && errno == EPROTO)
			ret = MNL_CB_OK;
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

void xfrm_netlink_cleanse(struct xfrm_netlink *netlink)
{
	OPENSSL_cleanse(netlink->room, sizeof(netlink->room));
}

const struct nlattr *xfrm_netlink_attr(const struct nlmsghdr *message, size_t body, uint16_t type)
{
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < body)
		return NULL;
	mnl_attr_for_each(attr, message, (unsigned int)body)
	{
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

void xfrm_mark_put(struct nlmsghdr *message, const struct rvl_mark *mark)
{
	const struct xfrm_mark body = {.v = mark->value, .m = mark->mask};

	if (mark->mask)
		mnl_attr_put(message, XFRMA_MARK, sizeof(body), &body);
}

void xfrm_scope_put(struct nlmsghdr *message, const struct rvl_scope *scope)
{
	xfrm_mark_put(message, &scope->mark);
	if (scope->if_id)
		mnl_attr_put_u32(message, XFRMA_IF_ID, scope->if_id);
}

struct rvl_scope xfrm_scope_get(const struct nlmsghdr *message, size_t body)
{
	const struct nlattr *mark = xfrm_netlink_attr(message, body, XFRMA_MARK);
	const struct nlattr *if_id = xfrm_netlink_attr(message, body, XFRMA_IF_ID);
	struct rvl_scope scope = {0};
	struct xfrm_mark read;

	if (mark && mnl_attr_get_payload_len(mark) >= sizeof(read)) {
		memcpy(&read, mnl_attr_get_payload(mark), sizeof(read));
		scope.mark = (struct rvl_mark){read.v, read.m};
	}
	if (if_id && mnl_attr_get_payload_len(if_id) >= sizeof(uint32_t))
		scope.if_id = mnl_attr_get_u32(if_id);
	return scope;
}

uint16_t xfrm_family(const struct rvl_addr *address)
{
	return address->family == 6 ? AF_INET6 : AF_INET;
}

xfrm_address_t xfrm_address(const struct rvl_addr *address)
{
	xfrm_address_t out = {0};

	memcpy(&out, address->octets, address->family == 6 ? 16 : 4);
	return out;
}

struct rvl_addr xfrm_address_of(const xfrm_address_t *address, uint16_t family)
{
	struct rvl_addr out = {.family = family == AF_INET6 ? 6 : 4};

	memcpy(out.octets, address, family == AF_INET6 ? 16 : 4);
	return out;
}
