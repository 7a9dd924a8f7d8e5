/* SPDX-License-Identifier: BSD-2-Clause */
/* One request to the kernel about its interfaces (rtnetlink(7)), and its answer. */
#ifndef RVL_SA_RTNETLINK_H
#define RVL_SA_RTNETLINK_H

#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Send the request, and receive one message of at most size octets. Returns the answer's length, or
 * -errno, which may be the kernel's answer. */
ssize_t rvl_rtnetlink_ask(const struct nlmsghdr *request, struct nlmsghdr *answer, size_t size);

/*
 * Put an attribute of len octets at the end of a request, which has room for it; data NULL: it is
 * one that others lie in, which rvl_rtnetlink_end() ends.
 */
struct rtattr *rvl_rtnetlink_put(struct nlmsghdr *request, unsigned short type, const void *data,
				 size_t len);
void rvl_rtnetlink_end(struct nlmsghdr *request, struct rtattr *outer);

#endif
