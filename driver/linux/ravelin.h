/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ravelin.ko: what its files share.
 *
 *	main.c		PCI probe and remove, the life of the device (start, stop, reset)
 *	os.c		what driver/core asks of its surroundings (core/rvl_os.h)
 *	netdev.c	net_device: open, stop, transmit, statistics, MTU
 *	queue.c		a queue pair: buffers, NAPI, interrupt, moderation
 *	regs.c		registers that may be read for a dump
 *	ethtool.c	ethtool operations
 *	devlink.c	devlink: info, parameters, health reporters
 *	error.c		PCI error recovery, function level reset, suspend, resume, shutdown
 *	control.c	events and the watchdog, off the data path
 *	ipsec.c		packet offload: states
 *	ipsec_flow.c	packet offload: what a frame shows, and which policy it meets
 *	ipsec_flush.c	packet offload: states while xfrm flushes those of an interface
 *	ipsec_policy.c	packet offload: policies, and which state each one uses
 *	ipsec_data.c	packet offload: frames out and in
 *
 * Who holds what:
 *
 * rtnl		the net_device's configuration: open, stop, MTU, rings, channels.
 * nic->lock	which device there is (nic->dev, nic->state), the commands given to it, and whether
 *		the data path runs. It is a mutex, taken inside rtnl and never the other way round.
 *		Nothing that waits for rtnl or for xfrm's locks is done under it. Resets need no
 *		rtnl. One change needs no lock either: UP becomes FAILED at any time; what is then
 *		asked of nic->dev fails or comes to nothing.
 * RCU		the data path: queues, SAs and policies are looked up under rcu_read_lock() (NAPI
 *and ndo_start_xmit hold it) and freed a grace period after they were unhooked.
 */
#ifndef RAVELIN_H
#define RAVELIN_H

#include <linux/etherdevice.h>
#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "rvl_queue.h"

struct rvl_nic;
struct rvl_ipsec;

enum rvl_nic_state {
	RVL_NIC_DOWN,	/* there is no device: not opened yet, suspended, or given up for good */
	RVL_NIC_UP,	/* nic->dev works */
	RVL_NIC_FAILED, /* it broke the rules, died or was taken away; a reset may bring it back */
};

/* What the driver counts itself, a set a queue pair; the sum is shown by ethtool -S. */
struct rvl_queue_stats {
	u64_stats_t tx_packets, tx_bytes;
	u64_stats_t rx_packets, rx_bytes;
	u64_stats_t tx_dropped;	     /* no memory, no mapping, device gone */
	u64_stats_t tx_errors;	     /* the device refused the descriptor or could not read it */
	u64_stats_t tx_lost;	     /* the device had them when their ring was taken away */
	u64_stats_t tx_busy;	     /* the ring was full, the queue stopped */
	u64_stats_t rx_dropped;	     /* no memory for a frame */
	u64_stats_t rx_errors;	     /* a receive descriptor that the device refused */
	u64_stats_t rx_alloc_failed; /* no buffer to give to the device */
	u64_stats_t interrupts;
	u64_stats_t missed_interrupts; /* a completion waited, its interrupt never came */
	u64_stats_t polls;
	struct u64_stats_sync sync;
};

/* A queue pair with its NAPI context; nic->queues[0 .. nic->num_queues - 1]. */
struct rvl_nic_queue {
	struct rvl_nic *nic;
	unsigned int number;
	struct rvl_queue *queue; /* NULL while the netdev is down or the device away */
	struct napi_struct napi;
	struct hrtimer moderation; /* polls again rx_usecs after a poll, instead of an interrupt */
	struct page_pool *pool;
	unsigned int buffer_size;		     /* of a receive buffer */
	u16 buffer_len;				     /* of it, for a frame */
	struct rvl_queue_stats *stats_tx, *stats_rx; /* written by ndo_start_xmit and by NAPI */
	atomic_t interrupts;			     /* since the last poll */
	atomic_t missed;			     /* the same */
	bool starved;				     /* NAPI found no memory for buffers */
	bool rescued; /* ndo_tx_timeout found an interrupt lost, and no frame was done since */
	bool suspect; /* the watchdog saw a completion that nobody came for */
	u16 suspect_head, suspect_told;
	int irq;
	char irq_name[IFNAMSIZ + 16];
};

struct rvl_nic {
	struct pci_dev *pdev;
	struct net_device *netdev;
	void __iomem *regs;
	struct rvl_os os;

	struct mutex lock;   /* as said above */
	struct rvl_dev *dev; /* NULL unless state is UP, or FAILED and not yet closed */
	enum rvl_nic_state state;
	spinlock_t state_lock;	  /* state and failure, changed in any context */
	struct rvl_dev_caps caps; /* as first opened; a device that comes back must be the same */
	bool running;		  /* between ndo_open and ndo_stop */
	bool started;		  /* there are queues, the data path is on */
	bool away;		  /* leave registers alone, they read as all ones */
	bool removing;

	struct rvl_nic_queue *queues;
	unsigned int max_queues; /* what device and vectors allow */
	unsigned int num_queues; /* in use (ethtool -L) */
	unsigned int rx_queues;	 /* the first so many get received flows (ethtool -X) */
	unsigned int vectors;	 /* granted: one a queue, and the last for commands and events */
	char control_irq_name[32];
	u8 tx_log2, rx_log2; /* rings (ethtool -G) */
	u32 rx_usecs;	     /* moderation (ethtool -C) */

	struct work_struct event_work;	    /* events of the device, from the control interrupt */
	struct delayed_work watchdog;	    /* every second: still there? SA counters */
	struct work_struct reset_work;	    /* after rvl_nic_fail() */
	struct workqueue_struct *workqueue; /* ordered: the three above and ipsec's */
	char failure[224];		    /* why it last failed */
	u64 failures, resets;
	u32 command_timeout_ms; /* devlink parameter, for rvl_dev_open(); 0: the core's */
	atomic_t control_irqs;	/* control interrupts taken, for the self test */

	struct { /* error.c */
		u64 correctable, nonfatal, fatal, function_resets;
	} pcie;

	/*
	 * Counters of devices that went away, so that statistics never run backwards, and the last
	 * ones read of this device; readers that can't take nic->lock take counters_lock.
	 */
	u64 counters_base[RVL_CNT_NUM];
	u64 counters_last[RVL_CNT_NUM];
	spinlock_t counters_lock; /* the two above */

	struct devlink *devlink;
	struct rvl_devlink *health; /* devlink.c's own */
	struct rvl_ipsec *ipsec;    /* NULL where the kernel has no packet offload */
};

/* The nic lies in its devlink; a netdev's private part is a pointer to it. */
static inline struct rvl_nic *rvl_nic_of(const struct net_device *netdev)
{
	return *(struct rvl_nic **)netdev_priv(netdev);
}

/* ------------------------------------------------------------------------------------- main.c */

/*
 * Open the device and, if the netdev is running, its queues and the data path; and the other way
 * round. Under nic->lock. After rvl_nic_up() ipsec's policies are in the device again and its SAs,
 * which were lost with the device before, are to be expired: rvl_ipsec_expire_lost(), without the
 * lock. rvl_nic_down() erases all keys that can be reached; touch == false: leave the device alone
 * (frozen, unplugged, in the middle of a reset that PCI does).
 */
int rvl_nic_up(struct rvl_nic *nic, struct rvl_dev_error *err);
void rvl_nic_down(struct rvl_nic *nic, bool touch);

/*
 * The data path alone, for ndo_open, ndo_stop and changes of rings: queues and CONTROL.ENABLE.
 * Under nic->lock, state UP to start; stop may come twice. SAs and policies stay.
 */
int rvl_nic_start(struct rvl_nic *nic, struct rvl_dev_error *err);
void rvl_nic_stop(struct rvl_nic *nic);

/* The carrier is that of the wire while the device is started; nic->lock is held. */
void rvl_nic_follow_link(struct rvl_nic *nic);

/*
 * The device broke the rules or is gone: from any context, any number of times. Stops the transmit
 * queues and the carrier, tells devlink, and lets reset_work try to bring it back.
 */
void rvl_nic_fail(struct rvl_nic *nic, const char *why);

/*
 * Down and up again, from a process that may sleep (devlink recover, slot reset, FLR done). Tries
 * a few times; takes nic->lock itself, and tells userland of the SAs that were lost. When it fails
 * the device stays DOWN.
 */
int rvl_nic_reset(struct rvl_nic *nic, const char *why, struct rvl_dev_error *err);

/* --------------------------------------------------------------------------------------- os.c */

void rvl_os_init(struct rvl_nic *nic);

/* ----------------------------------------------------------------------------------- netdev.c */

extern const struct net_device_ops rvl_netdev_ops;
void rvl_netdev_init(struct rvl_nic *nic); /* features, MTU range, MAC; before register_netdev() */
void rvl_netdev_set_patience(struct rvl_nic *nic);

/*
 * Device counters since probe: the base plus what the device says now, or said last (then the
 * result is an error). Under nic->lock.
 */
int rvl_nic_counters(struct rvl_nic *nic, u64 counters[RVL_CNT_NUM]);

/*
 * Before the reset that sets them to 0: add them to the base. A device that lies does not take away
 * what it said before. Under nic->lock.
 */
void rvl_nic_keep_counters(struct rvl_nic *nic);

/* ------------------------------------------------------------------------------------ queue.c */

int rvl_nic_queues_alloc(struct rvl_nic *nic); /* after the netdev, before it is registered */
void rvl_nic_queues_free(struct rvl_nic *nic);

int rvl_nic_queue_open(struct rvl_nic_queue *q, struct rvl_dev_error *err);
/* No more polls; then, when nobody transmits: the device no longer has it. */
void rvl_nic_queue_quiesce(struct rvl_nic_queue *q);
void rvl_nic_queue_close(struct rvl_nic_queue *q);
/* What a queue that did not stop leaves behind, after rvl_dev_close(). */
void rvl_nic_queue_release(struct rvl_nic_queue *q);

/* log2 of the largest transmit or receive ring: a completion ring holds the completions of both. */
static inline u8 rvl_nic_ring_log2_max(const struct rvl_nic *nic, bool rx)
{
	u8 own = rx ? nic->caps.rx_log2_max : nic->caps.tx_log2_max;

	return min_t(u8, own, nic->caps.cq_log2_max - 1);
}

netdev_tx_t rvl_nic_queue_xmit(struct rvl_nic_queue *q, struct sk_buff *skb, u32 sa);

/* From the watchdog, under nic->lock: poll a queue whose interrupt was lost. true: look soon. */
bool rvl_nic_queue_watch(struct rvl_nic_queue *q);

/* ---------------------------------------------------------------------------------- control.c */

int rvl_control_start(struct rvl_nic *nic); /* work, watchdog, control interrupt */
void rvl_control_stop(struct rvl_nic *nic);

/* ------------------------------------------------------------------------------------- regs.c */

struct rvl_register {
	const char *name;
	u32 offset; /* in BAR0; of a queue pair's: of pair 0 */
};

/* Those that can be read without changing anything, by number; NULL beyond the last. */
const struct rvl_register *rvl_device_register(unsigned int n);
const struct rvl_register *rvl_queue_register(unsigned int n);

/* ---------------------------------------------------------------------------------- ethtool.c */

#define RVL_DRIVER_VERSION "1.0.0"

extern const struct ethtool_ops rvl_ethtool_ops;

/* ---------------------------------------------------------------------------------- devlink.c */

struct rvl_nic *rvl_devlink_alloc(struct pci_dev *pdev); /* a zeroed nic inside a devlink */
void rvl_devlink_free(struct rvl_nic *nic);

/* Before register_netdev(), after unregister_netdev(): the port, health reporters, parameters. */
int rvl_devlink_init(struct rvl_nic *nic);
void rvl_devlink_exit(struct rvl_nic *nic);

/* Open to userland: last in probe, and closed first in remove. */
void rvl_devlink_register(struct rvl_nic *nic);
void rvl_devlink_unregister(struct rvl_nic *nic);

/*
 * From reset_work, without any lock: tell devlink that the device failed. Unless its user switched
 * that off, or the last time was within the grace period, it calls rvl_nic_reset(). false: devlink
 * isn't registered, the caller decides.
 */
bool rvl_devlink_report_failure(struct rvl_nic *nic, const char *why);
/* The device works again although devlink did not do it (resume, slot reset, ...). */
void rvl_devlink_report_recovered(struct rvl_nic *nic);

/* From event_work: kept for the next dump. */
void rvl_devlink_note_event(struct rvl_nic *nic, const struct rvl_dev_event *event);

/* ------------------------------------------------------------------------------------ error.c */

/*
 * probe ends with pci_save_state() (slot reset restores it). remove asks pci_device_is_present():
 * if not, rvl_nic_down() is not to touch the device, so that nothing waits for it.
 */
extern const struct pci_error_handlers rvl_error_handlers;

/*
 * Detach the netdev from the stack and close the device; open the device and attach the netdev
 * again. From a process that holds no lock of ours and not rtnl. An error of attach has been given
 * to rvl_nic_fail().
 */
void rvl_nic_detach(struct rvl_nic *nic, bool touch);
int rvl_nic_attach(struct rvl_nic *nic, struct rvl_dev_error *err);

extern const struct dev_pm_ops rvl_pm_ops;
void rvl_shutdown(struct pci_dev *pdev);

/* ------------------------------------------------------------ ipsec.c, ipsec_policy.c (ipsec.h) */

enum rvl_ipsec_verdict {
	RVL_IPSEC_SEND,	    /* as it is now */
	RVL_IPSEC_CONSUMED, /* kept back until a neighbour is known, or dropped and counted */
};

#ifdef HAVE_XFRM_PACKET_OFFLOAD

int rvl_ipsec_init(struct rvl_nic *nic);  /* before register_netdev(): operations, feature bits */
void rvl_ipsec_exit(struct rvl_nic *nic); /* after unregister_netdev() */

/*
 * The device was opened: put the policies into it (those that protect as DISCARD until they have a
 * state again). It was or will be closed: every state is lost from now on. Under nic->lock.
 */
int rvl_ipsec_device_up(struct rvl_nic *nic, struct rvl_dev_error *err);
void rvl_ipsec_device_down(struct rvl_nic *nic);

/*
 * Tell userland of every state that was lost with a device that it has hard-expired: a (key, IV)
 * pair must not come twice, so it can't be written again. Without nic->lock.
 */
void rvl_ipsec_expire_lost(struct rvl_nic *nic);

/*
 * ndo_open: states are taken from now on. ndo_stop: no more, and every SA is erased from the
 * device. Under nic->lock.
 */
void rvl_ipsec_start(struct rvl_nic *nic);
void rvl_ipsec_stop(struct rvl_nic *nic);

/* An event of an SA; from event_work, without nic->lock. */
void rvl_ipsec_event(struct rvl_nic *nic, const struct rvl_dev_event *event);

/* From the watchdog, under nic->lock: fetch the counters of the SAs that are in the device. */
void rvl_ipsec_refresh(struct rvl_nic *nic);

/* ------------------------------------------------------------------------------- ipsec_data.c */

/*
 * A frame that is about to go to the device. One that is to be protected gets the Ethernet header
 * of the way to the tunnel's other end, since the stack leaves that to the device; *sa is the SA
 * that the kernel decided on, or RVL_NO_SA: the device's rules decide.
 */
enum rvl_ipsec_verdict rvl_ipsec_tx(struct rvl_nic *nic, struct sk_buff *skb, u32 *sa);

/*
 * A received frame, after eth_type_trans(): decrypted on this SA, or RVL_NO_SA. false: drop it, it
 * is counted; its state is gone, or the policies don't allow it.
 */
bool rvl_ipsec_rx(struct rvl_nic *nic, struct sk_buff *skb, u32 sa);

/* Software statistics of the offload, as ethtool -S shows them. */
unsigned int rvl_ipsec_stat_count(void);
const char *rvl_ipsec_stat_name(unsigned int n);
u64 rvl_ipsec_stat(const struct rvl_nic *nic, unsigned int n);

#else /* nic->ipsec is NULL, and nothing below is called but init and exit */

static inline int rvl_ipsec_init(struct rvl_nic *nic)
{
	return 0;
}

static inline void rvl_ipsec_exit(struct rvl_nic *nic)
{
}

static inline int rvl_ipsec_device_up(struct rvl_nic *nic, struct rvl_dev_error *err)
{
	return 0;
}

static inline void rvl_ipsec_device_down(struct rvl_nic *nic)
{
}

static inline void rvl_ipsec_expire_lost(struct rvl_nic *nic)
{
}

static inline void rvl_ipsec_start(struct rvl_nic *nic)
{
}

static inline void rvl_ipsec_stop(struct rvl_nic *nic)
{
}

static inline void rvl_ipsec_event(struct rvl_nic *nic, const struct rvl_dev_event *event)
{
}

static inline void rvl_ipsec_refresh(struct rvl_nic *nic)
{
}

static inline enum rvl_ipsec_verdict rvl_ipsec_tx(struct rvl_nic *nic, struct sk_buff *skb, u32 *sa)
{
	*sa = RVL_NO_SA;
	return RVL_IPSEC_SEND;
}

static inline bool rvl_ipsec_rx(struct rvl_nic *nic, struct sk_buff *skb, u32 sa)
{
	return true;
}

static inline unsigned int rvl_ipsec_stat_count(void)
{
	return 0;
}

static inline const char *rvl_ipsec_stat_name(unsigned int n)
{
	return NULL;
}

static inline u64 rvl_ipsec_stat(const struct rvl_nic *nic, unsigned int n)
{
	return 0;
}

#endif

#endif
