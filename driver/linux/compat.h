/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernels from 6.1 on, as if they were all the newest: what an older one lacks is made from what
 * it has. The build asks the kernel (probe.c); a distribution's version number says little.
 *
 * Asked for elsewhere, because the code differs there:
 *
 * HAVE_XFRM_PACKET_OFFLOAD	ipsec*.c: without it the module is a NIC and no more
 * HAVE_XFRM_STATE_NETDEV	ipsec.c: the state operations are told the device
 * HAVE_DEVLINK_*		devlink.c
 * HAVE_ETHTOOL_RX*		ethtool.c
 * HAVE_NETDEV_STAT_OPS		netdev.c
 * HAVE_PAGE_POOL_NAPI		queue.c
 * HAVE_PCI_COR_ERROR_DETECTED	error.c
 */
#ifndef RAVELIN_COMPAT_H
#define RAVELIN_COMPAT_H

#include <linux/ethtool.h>
#include <linux/hrtimer.h>
#include <linux/netlink.h>

#include "compat_gen.h"

#ifdef HAVE_PAGE_POOL_HELPERS
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif

#ifndef HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#ifndef HAVE_ETHTOOL_PUTS
static inline void ethtool_puts(u8 **data, const char *str)
{
	strscpy(*data, str, ETH_GSTRING_LEN);
	*data += ETH_GSTRING_LEN;
}
#endif

#ifndef HAVE_NETIF_QUEUE_SET_NAPI
#define netif_queue_set_napi(netdev, queue, type, napi) ((void)0)
#endif

/* An extack of these kernels holds constant text only. */
#ifndef HAVE_NL_SET_ERR_MSG_FMT_MOD
#define NL_SET_ERR_MSG_FMT_MOD(extack, fmt, args...)                                               \
	do {                                                                                       \
		pr_err(KBUILD_MODNAME ": " fmt "\n", ##args);                                      \
		NL_SET_ERR_MSG_MOD((extack), "the reason is in the kernel log");                   \
	} while (0)
#endif

#endif
