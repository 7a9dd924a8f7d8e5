/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to the kernel's IPsec, and its answers (NETLINK_XFRM, linux/xfrm.h). */
#ifndef RVL_SA_XFRM_NETLINK_H
#define RVL_SA_XFRM_NETLINK_H

#include <libmnl/libmnl.h>
#include <linux/xfrm.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/esp/addr.h"
#include "host/esp/label.h"

/* Linux 6.13 has these, as have later ones of 6.12, and headers of before haven't. */
#define RVL_XFRMA_SA_DIR 33
#define RVL_XFRM_SA_DIR_OUT 2
#define RVL_XFRMA_SA_PCPU 35
#define RVL_XFRM_POLICY_CPU_ACQUIRE 4

struct xfrm_netlink;

/* All return 0 or -errno, as the kernel answers. */
int xfrm_netlink_open(struct xfrm_netlink **netlink);

/* NULL is fine. */
void xfrm_netlink_close(struct xfrm_netlink *netlink);

/* What the kernel says of changes made by us carries this number. */
uint32_t xfrm_netlink_port(const struct xfrm_netlink *netlink);

/* A message with room for a body of this size, which is zeroed; it stands until the next one. */
struct nlmsghdr *xfrm_netlink_start(struct xfrm_netlink *netlink, uint16_t type, uint16_t flags,
				    size_t size);

/* The body of a message, which isn't aligned there. False: there isn't as much. */
bool xfrm_netlink_body(const struct nlmsghdr *message, void *body, size_t size);

/* Send it, and hand what comes back to the callback (NULL: nothing is expected). text: the kernel's
 * words for an error, of this length, or "". */
int xfrm_netlink_ask(struct xfrm_netlink *netlink, const struct nlmsghdr *message,
		     mnl_cb_t callback, void *context, char *text, size_t len);

/* Erase what was sent and received, which may have held keys. */
void xfrm_netlink_cleanse(struct xfrm_netlink *netlink);

/* An attribute behind a body of this size; NULL: it isn't there. */
const struct nlattr *xfrm_netlink_attr(const struct nlmsghdr *message, size_t body, uint16_t type);

/* A mark, or a scope: nothing of what is zeros. And the scope that is behind such a body. */
void xfrm_mark_put(struct nlmsghdr *message, const struct rvl_mark *mark);
void xfrm_scope_put(struct nlmsghdr *message, const struct rvl_scope *scope);
struct rvl_scope xfrm_scope_get(const struct nlmsghdr *message, size_t body);

uint16_t xfrm_family(const struct rvl_addr *address);
xfrm_address_t xfrm_address(const struct rvl_addr *address);
struct rvl_addr xfrm_address_of(const xfrm_address_t *address, uint16_t family);

#endif
