// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/xfrm_leftovers.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/sa/hash.h"

/* In the abstract namespace of sockets, which is a network namespace's. */
#define LOCK "raveld-xfrm"

/* One of the kernel's policies. */
struct leftover {
	struct {
		struct xfrm_selector selector; /* without its tag */
		struct rvl_scope scope;
		uint32_t direction;
	} key;
	struct xfrm_remain remain;
	UT_hash_handle hh;
};

struct xfrm_leftovers {
	struct xfrm_netlink *netlink;
	struct leftover *list;
};

int xfrm_leftovers_lock(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	memcpy(address.sun_path + 1, LOCK, sizeof(LOCK) - 1);
	if (!bind(fd, (const struct sockaddr *)&address,
		  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(LOCK))))
		return fd;
	err = errno == EADDRINUSE ? -EALREADY : -errno;
	close(fd);
	return err;
}

static int remember(struct xfrm_leftovers *leftovers, const struct xfrm_remain *remain)
{
	struct leftover *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->remain = *remain;
	l->key.selector = remain->policy.sel;
	l->key.selector.user = 0;
	l->key.scope = remain->scope;
	l->key.direction = remain->policy.dir;
	HASH_ADD(hh, leftovers->list, key, sizeof(l->key), l);
	if (l->hh.tbl)
		return 0;
	free(l);
	return -ENOMEM;
}

static int take_all(struct xfrm_leftovers *leftovers, const struct xfrm_remains *remains,
		    uint32_t *tag)
{
	int err = 0;

	for (size_t i = 0; !err && i < remains->count; i++) {
		const struct xfrm_remain *r = &remains->list[i];

		if (r->policy.action != XFRM_POLICY_BLOCK && !r->protects) {
			err = xfrm_remains_delete(leftovers->netlink, r);
			continue;
		}
		if (r->protects)
			err = xfrm_remains_close(leftovers->netlink, r);
		if (!err)
			err = remember(leftovers, r);
		if (xfrm_remains_tag(r) >= *tag)
			*tag = xfrm_remains_tag(r) + 1;
	}
	return err;
}

int xfrm_leftovers_take(struct xfrm_netlink *netlink, struct xfrm_leftovers **out, uint32_t *tag)
{
	struct xfrm_leftovers *leftovers = calloc(1, sizeof(*leftovers));
	struct xfrm_remains remains;
	int err;

	if (!leftovers)
		return -ENOMEM;
	leftovers->netlink = netlink;
	*tag = 0;
	err = xfrm_remains_read(netlink, &remains);
	if (!err)
		err = take_all(leftovers, &remains, tag);
	xfrm_remains_free(&remains);
	if (!err)
		err = xfrm_state_delete_ours(netlink);
	if (err)
		xfrm_leftovers_free(leftovers);
	else
		*out = leftovers;
	return err;
}

void xfrm_leftovers_free(struct xfrm_leftovers *leftovers)
{
	struct leftover *l, *next;

	if (!leftovers)
		return;
	l = leftovers->list;
	HASH_CLEAR(hh, leftovers->list);
	for (; l; l = next) {
		next = l->hh.next;
		free(l);
	}
	free(leftovers);
}

static int replace_each(void *context, const struct xfrm_rule *rule,
			const struct xfrm_selector *selector, uint8_t direction)
{
	struct xfrm_leftovers *leftovers = context;
	struct leftover like, *found;

	memset(&like.key, 0, sizeof(like.key));
	like.key.selector = *selector;
	like.key.selector.user = 0;
	like.key.scope = *xfrm_rule_scope(rule, direction);
	like.key.direction = direction;
	for (;;) {
		HASH_FIND(hh, leftovers->list, &like.key, sizeof(like.key), found);
		if (!found || xfrm_remains_delete(leftovers->netlink, &found->remain))
			return 0;
		HASH_DELETE(hh, leftovers->list, found);
		free(found);
	}
}

void xfrm_leftovers_replace(struct xfrm_leftovers *leftovers, const struct xfrm_rule *rule)
{
	if (leftovers->list)
		xfrm_rule_each(rule, rule->directions, replace_each, leftovers);
}

int xfrm_leftovers_restore(struct xfrm_leftovers *leftovers)
{
	int first = 0;

	for (struct leftover *l = leftovers->list; l; l = l->hh.next) {
		int err = xfrm_remains_close(leftovers->netlink, &l->remain);

		first = first ? first : err;
	}
	return first;
}

int xfrm_leftovers_release(struct xfrm_leftovers *leftovers, rvl_backend_told_fn *told,
			   void *context)
{
	char text[XFRM_REMAINS_TEXT];
	struct leftover *l;

	while ((l = leftovers->list)) {
		int err = xfrm_remains_delete(leftovers->netlink, &l->remain);

		xfrm_remains_text(&l->remain, text);
		told(context, text, err);
		if (err)
			return err;
		HASH_DELETE(hh, leftovers->list, l);
		free(l);
	}
	return 0;
}

int rvl_backend_xfrm_release(rvl_backend_told_fn *told, void *context)
{
	struct xfrm_remains remains = {0};
	struct xfrm_netlink *netlink;
	char text[XFRM_REMAINS_TEXT];
	int lock = xfrm_leftovers_lock(), err;

	if (lock < 0)
		return lock;
	err = xfrm_netlink_open(&netlink);
	if (err)
		goto give_lock;
	err = xfrm_state_delete_ours(netlink);
	if (!err)
		err = xfrm_remains_read(netlink, &remains);
	for (size_t i = 0; !err && i < remains.count; i++) {
		err = xfrm_remains_delete(netlink, &remains.list[i]);
		xfrm_remains_text(&remains.list[i], text);
		told(context, text, err);
	}
	xfrm_remains_free(&remains);
	xfrm_netlink_close(netlink);
give_lock:
	close(lock);
	/* A kernel without IPsec has nothing. */
	return err == -EPROTONOSUPPORT ? 0 : err;
}
