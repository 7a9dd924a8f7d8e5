// SPDX-License-Identifier: GPL-2.0
/*
 * What does this kernel have? Each piece below is compiled by itself, with the kernel's own
 * compiler and flags and -DPROBE_<piece>; it defines HAVE_<piece> in compat_gen.h when it compiles
 * without an error. compat.h is where the answers are used. Never ask for a version number:
 * distributions carry interfaces backwards.
 *
 * The pieces are found by their #ifdef lines; `probe` does the rest.
 */
#include <linux/netdevice.h>
#include <linux/pci.h>

/* Must compile, always: what is wrong when it doesn't is the build itself. */
#ifdef PROBE_COMPILER
int probe(struct net_device *netdev);
int probe(struct net_device *netdev)
{
	return netdev->mtu;
}
#endif

/* Must not compile, ever: a build in which nothing fails tells nothing. */
#ifdef PROBE_NOTHING
int probe(struct net_device *netdev);
int probe(struct net_device *netdev)
{
	return rvl_there_is_no_such_function(netdev);
}
#endif

/* The page pool in a folder of its own. */
#ifdef PROBE_PAGE_POOL_HELPERS
#include <net/page_pool/helpers.h>
#endif

/* A page pool knows its NAPI and its netdev. */
#ifdef PROBE_PAGE_POOL_NAPI
#include <net/page_pool/types.h>
void probe(struct page_pool_params *params, struct napi_struct *napi);
void probe(struct page_pool_params *params, struct napi_struct *napi)
{
	params->napi = napi;
	params->netdev = napi->dev;
}
#endif

/* Userland is told which NAPI serves a queue. */
#ifdef PROBE_NETIF_QUEUE_SET_NAPI
void probe(struct net_device *netdev, struct napi_struct *napi);
void probe(struct net_device *netdev, struct napi_struct *napi)
{
	netif_queue_set_napi(netdev, 0, NETDEV_QUEUE_TYPE_RX, napi);
}
#endif

/* Statistics of each queue, over netlink. */
#ifdef PROBE_NETDEV_STAT_OPS
#include <net/netdev_queues.h>
static void get(struct net_device *netdev, int queue, struct netdev_queue_stats_rx *stats)
{
	stats->alloc_fail = 0;
}

extern const struct netdev_stat_ops probe;
const struct netdev_stat_ops probe = {.get_queue_stats_rx = get};

static void set(struct net_device *netdev)
{
	netdev->stat_ops = &probe;
}
#endif

/* One call instead of hrtimer_init() and an assignment. */
#ifdef PROBE_HRTIMER_SETUP
#include <linux/hrtimer.h>
void probe(struct hrtimer *t, enum hrtimer_restart (*f)(struct hrtimer *));
void probe(struct hrtimer *t, enum hrtimer_restart (*f)(struct hrtimer *))
{
	hrtimer_setup(t, f, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
}
#endif

#ifdef PROBE_NL_SET_ERR_MSG_FMT_MOD
#include <linux/netlink.h>
void probe(struct netlink_ext_ack *extack);
void probe(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG_FMT_MOD(extack, "%d", 1);
}
#endif

#ifdef PROBE_ETHTOOL_PUTS
#include <linux/ethtool.h>
void probe(u8 **data);
void probe(u8 **data)
{
	ethtool_puts(data, "");
}
#endif

/* How received flows are spread is one record, and a refusal can say why. */
#ifdef PROBE_ETHTOOL_RXFH_PARAM
#include <linux/ethtool.h>
static int set(struct net_device *netdev, struct ethtool_rxfh_param *rxfh,
	       struct netlink_ext_ack *extack)
{
	return 0;
}

extern const struct ethtool_ops probe;
const struct ethtool_ops probe = {.set_rxfh = set};
#endif

/* The number of receive queues has a question of its own. */
#ifdef PROBE_ETHTOOL_RX_RING_COUNT
#include <linux/ethtool.h>
static u32 get(struct net_device *netdev)
{
	return 1;
}

extern const struct ethtool_ops probe;
const struct ethtool_ops probe = {.get_rx_ring_count = get};
#endif

/* A callback for correctable errors. */
#ifdef PROBE_PCI_COR_ERROR_DETECTED
static void detected(struct pci_dev *pdev)
{
}

extern const struct pci_error_handlers probe;
const struct pci_error_handlers probe = {.cor_error_detected = detected};
#endif

/* Offload of whole SAs and policies, with reasons for refusals and statistics. */
#ifdef PROBE_XFRM_PACKET_OFFLOAD
#include <net/xfrm.h>
static int policy_add(struct xfrm_policy *p, struct netlink_ext_ack *extack)
{
	return p->xdo.type == XFRM_DEV_OFFLOAD_PACKET ? XFRM_DEV_OFFLOAD_FLAG_ACQ : 0;
}

static void update_stats(struct xfrm_state *x)
{
}

extern const struct xfrmdev_ops probe;
const struct xfrmdev_ops probe = {
	.xdo_dev_policy_add = policy_add,
	.xdo_dev_state_update_stats = update_stats,
};

static void set(struct net_device *netdev)
{
	netdev->xfrmdev_ops = &probe;
}
#endif

/* The state operations are told the device. */
#ifdef PROBE_XFRM_STATE_NETDEV
#include <net/xfrm.h>
static int state_add(struct net_device *netdev, struct xfrm_state *x,
		     struct netlink_ext_ack *extack)
{
	return 0;
}

extern const struct xfrmdev_ops probe;
const struct xfrmdev_ops probe = {.xdo_dev_state_add = state_add};
#endif

/* The driver gives its name in devlink info; later kernels know it. */
#ifdef PROBE_DEVLINK_INFO_DRIVER_NAME
#include <net/devlink.h>
int probe(struct devlink_info_req *req);
int probe(struct devlink_info_req *req)
{
	return devlink_info_driver_name_put(req, "");
}
#endif

/* Each step of a message can fail; later kernels remember that themselves. */
#ifdef PROBE_DEVLINK_FMSG_INT
#include <net/devlink.h>
int probe(struct devlink_fmsg *fmsg);
int probe(struct devlink_fmsg *fmsg)
{
	return devlink_fmsg_obj_nest_start(fmsg);
}
#endif

/* A health reporter's grace period stands in its operations, not in the call that makes it. */
#ifdef PROBE_DEVLINK_HEALTH_OPS_GRACE
#include <net/devlink.h>
extern const struct devlink_health_reporter_ops probe;
const struct devlink_health_reporter_ops probe = {.default_graceful_period = 1};
#endif

/* The netdev names its devlink port itself. */
#ifdef PROBE_SET_NETDEV_DEVLINK_PORT
#include <net/devlink.h>
void probe(struct net_device *netdev, struct devlink_port *port);
void probe(struct net_device *netdev, struct devlink_port *port)
{
	SET_NETDEV_DEVLINK_PORT(netdev, port);
}
#endif

/* Reading and setting a parameter can say why not. */
#ifdef PROBE_DEVLINK_PARAM_GET_EXTACK
#include <net/devlink.h>
static int get(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx,
	       struct netlink_ext_ack *extack)
{
	return 0;
}

extern const struct devlink_param probe;
const struct devlink_param probe = {.get = get};
#endif

#ifdef PROBE_DEVLINK_PARAM_SET_EXTACK
#include <net/devlink.h>
static int set(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx,
	       struct netlink_ext_ack *extack)
{
	return 0;
}

extern const struct devlink_param probe;
const struct devlink_param probe = {.set = set};
#endif

/* A parameter's new value is checked through a pointer. */
#ifdef PROBE_DEVLINK_PARAM_VALIDATE_POINTER
#include <net/devlink.h>
static int validate(struct devlink *devlink, u32 id, union devlink_param_value *value,
		    struct netlink_ext_ack *extack)
{
	return 0;
}

extern const struct devlink_param probe;
const struct devlink_param probe = {.validate = validate};
#endif
