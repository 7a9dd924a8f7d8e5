// SPDX-License-Identifier: GPL-2.0
/*
 * devlink: what the device is, a parameter, and the health reporter "device", which resets
 * a device that failed and keeps a dump of how it was.
 */
#include <net/devlink.h>

#include "ravelin.h"

#define GRACE_PERIOD_MS 1000
#define EVENTS_KEPT 16
#define COMMAND_TIMEOUT_MS 10000
#define COMMAND_TIMEOUT_MIN_MS 10
#define COMMAND_TIMEOUT_MAX_MS 60000

struct rvl_devlink {
	struct devlink_port port;
	struct devlink_health_reporter *reporter;
	bool registered;
	struct rvl_nic *nic;
	struct delayed_work retry; /* of a recovery that came too soon after the last */

	spinlock_t events_lock; /* events and events_seen */
	struct rvl_dev_event events[EVENTS_KEPT];
	unsigned int events_seen;
};

/* -------------------------------------------------------------------------------- messages */

/* Kernels that don't remember an error in the message itself: its first one is kept here. */
struct message {
	struct devlink_fmsg *fmsg;
	int err;
};

#ifdef HAVE_DEVLINK_FMSG_INT
static void keep(struct message *m, int err)
{
	if (!m->err)
		m->err = err;
}

#define PUT(m, call) keep((m), (call))
#else
#define PUT(m, call) ((void)(m), (call))
#endif

static void put_u32(struct message *m, const char *name, u32 value)
{
	PUT(m, devlink_fmsg_u32_pair_put(m->fmsg, name, value));
}

static void put_u64(struct message *m, const char *name, u64 value)
{
	PUT(m, devlink_fmsg_u64_pair_put(m->fmsg, name, value));
}

static void put_string(struct message *m, const char *name, const char *value)
{
	PUT(m, devlink_fmsg_string_pair_put(m->fmsg, name, value));
}

static void start_object(struct message *m, const char *name)
{
	PUT(m, devlink_fmsg_pair_nest_start(m->fmsg, name));
	PUT(m, devlink_fmsg_obj_nest_start(m->fmsg));
}

static void end_object(struct message *m)
{
	PUT(m, devlink_fmsg_obj_nest_end(m->fmsg));
	PUT(m, devlink_fmsg_pair_nest_end(m->fmsg));
}

static void start_array(struct message *m, const char *name)
{
	PUT(m, devlink_fmsg_arr_pair_nest_start(m->fmsg, name));
}

static void end_array(struct message *m)
{
	PUT(m, devlink_fmsg_arr_pair_nest_end(m->fmsg));
}

static void start_element(struct message *m)
{
	PUT(m, devlink_fmsg_obj_nest_start(m->fmsg));
}

static void end_element(struct message *m)
{
	PUT(m, devlink_fmsg_obj_nest_end(m->fmsg));
}

/* ---------------------------------------------------------------------------------- health */

static const char *state_name(enum rvl_nic_state state)
{
	switch (state) {
	case RVL_NIC_UP:
		return "up";
	case RVL_NIC_FAILED:
		return "failed";
	case RVL_NIC_DOWN:
		break;
	}
	return "down";
}

static u64 stat_of(const struct rvl_queue_stats *stats, const u64_stats_t *value)
{
	unsigned int start;
	u64 v;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		v = u64_stats_read(value);
	} while (u64_stats_fetch_retry(&stats->sync, start));
	return v;
}

/* Descriptors written and done, as the driver has it; of transmit also as the device has it. */
static void put_rings(struct message *m, const struct rvl_queue *queue)
{
	struct rvl_queue_state s;

	rvl_queue_state(queue, &s);
	put_u32(m, "tx written", s.tx_tail);
	put_u32(m, "tx done by the device", s.dev_tx_head);
	put_u32(m, "tx done", s.tx_head);
	put_u32(m, "rx written", s.rx_tail);
	put_u32(m, "rx done", s.rx_head);
	put_string(m, "completion waits", s.pending ? "yes" : "no");
}

static int diagnose(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
		    struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = devlink_health_reporter_priv(reporter);
	struct message m = {.fmsg = fmsg};
	unsigned int i;

	mutex_lock(&nic->lock);
	put_string(&m, "state", state_name(nic->state));
	put_string(&m, "last failure", nic->failure[0] ? nic->failure : "none");
	put_u64(&m, "failures", nic->failures);
	put_u64(&m, "resets", nic->resets);
	start_object(&m, "PCIe errors");
	put_u64(&m, "correctable", nic->pcie.correctable);
	put_u64(&m, "nonfatal", nic->pcie.nonfatal);
	put_u64(&m, "fatal", nic->pcie.fatal);
	end_object(&m);
	start_array(&m, "queues");
	for (i = 0; i < nic->num_queues; i++) {
		const struct rvl_nic_queue *q = &nic->queues[i];

		start_element(&m);
		put_u32(&m, "queue", i);
		put_string(&m, "state", q->queue ? "running" : "stopped");
		put_string(&m, "transmit",
			   netif_tx_queue_stopped(netdev_get_tx_queue(nic->netdev, i)) ? "stopped"
										       : "open");
		if (q->queue)
			put_rings(&m, q->queue);
		put_u32(&m, "interrupt", q->irq);
		put_u64(&m, "interrupts", stat_of(q->stats_rx, &q->stats_rx->interrupts));
		put_u64(&m, "polls", stat_of(q->stats_rx, &q->stats_rx->polls));
		end_element(&m);
	}
	end_array(&m);
	mutex_unlock(&nic->lock);
	return m.err;
}

static void dump_registers(struct rvl_nic *nic, struct message *m)
{
	const struct rvl_register *r;
	unsigned int i, q;

	start_object(m, "registers");
	for (i = 0; (r = rvl_device_register(i)); i++)
		put_u32(m, r->name, rvl_os_read32(&nic->os, r->offset));
	end_object(m);
	start_array(m, "queue registers");
	for (q = 0; q < nic->num_queues; q++) {
		start_element(m);
		put_u32(m, "queue", q);
		for (i = 0; (r = rvl_queue_register(i)); i++)
			put_u32(m, r->name, rvl_os_read32(&nic->os, r->offset + q * RVL_QP_STRIDE));
		end_element(m);
	}
	end_array(m);
}

static void dump_events(struct rvl_devlink *health, struct message *m)
{
	struct rvl_dev_event events[EVENTS_KEPT];
	unsigned int seen, i;

	spin_lock_bh(&health->events_lock);
	memcpy(events, health->events, sizeof(events));
	seen = health->events_seen;
	spin_unlock_bh(&health->events_lock);

	start_array(m, "last events");
	for (i = seen > EVENTS_KEPT ? seen - EVENTS_KEPT : 0; i < seen; i++) {
		const struct rvl_dev_event *e = &events[i % EVENTS_KEPT];
		const char *name = rvl_event_name(e->type);

		start_element(m);
		put_string(m, "type", name ? name : "unknown");
		put_string(m, "source", e->source ? "inbound" : "outbound");
		put_u32(m, "index", e->index);
		put_u32(m, "spi", e->spi);
		put_u64(m, "value", e->value);
		put_u64(m, "cycles", e->cycles);
		end_element(m);
	}
	end_array(m);
}

/* As it is now: devlink asks for it before it recovers the device. Keys can't be read back. */
static int dump(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg, void *priv_ctx,
		struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = devlink_health_reporter_priv(reporter);
	struct message m = {.fmsg = fmsg};

	mutex_lock(&nic->lock);
	put_string(&m, "state", state_name(nic->state));
	put_string(&m, "last failure", nic->failure[0] ? nic->failure : "none");
	/* While the PCI core holds the device frozen, or it sleeps, nothing may touch it. */
	if (nic->state != RVL_NIC_DOWN)
		dump_registers(nic, &m);
	mutex_unlock(&nic->lock);
	dump_events(nic->health, &m);
	return m.err;
}

static int recover(struct devlink_health_reporter *reporter, void *priv_ctx,
		   struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = devlink_health_reporter_priv(reporter);
	struct rvl_dev_error err;
	int ret;

	ret = rvl_nic_reset(nic, "recovery by devlink", &err);
	if (ret)
		NL_SET_ERR_MSG_FMT_MOD(extack, "%s", err.text);
	return ret;
}

/* As if the device had failed, from there on as when it does. */
static int test(struct devlink_health_reporter *reporter, struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = devlink_health_reporter_priv(reporter);

	if (READ_ONCE(nic->state) != RVL_NIC_UP) {
		NL_SET_ERR_MSG_MOD(extack, "the device does not work as it is");
		return -EBUSY;
	}
	rvl_nic_fail(nic, "tested by devlink");
	return 0;
}

static const struct devlink_health_reporter_ops reporter_ops = {
	.name = "device",
	.diagnose = diagnose,
	.dump = dump,
	.recover = recover,
	.test = test,
#ifdef HAVE_DEVLINK_HEALTH_OPS_GRACE
	.default_graceful_period = GRACE_PERIOD_MS,
#endif
};

static struct devlink_health_reporter *create_reporter(struct rvl_nic *nic)
{
#ifdef HAVE_DEVLINK_HEALTH_OPS_GRACE
	return devlink_health_reporter_create(nic->devlink, &reporter_ops, nic);
#else
	return devlink_health_reporter_create(nic->devlink, &reporter_ops, GRACE_PERIOD_MS, nic);
#endif
}

bool rvl_devlink_report_failure(struct rvl_nic *nic, const char *why)
{
	struct rvl_devlink *health = nic->health;

	if (!READ_ONCE(health->registered))
		return false;
	/* Recovery is wanted, but the last one was within the grace period: later. */
	if (devlink_health_report(health->reporter, why, NULL) == -ECANCELED)
		schedule_delayed_work(&health->retry, msecs_to_jiffies(GRACE_PERIOD_MS));
	return true;
}

static void retry(struct work_struct *work)
{
	struct rvl_devlink *health = container_of(to_delayed_work(work), struct rvl_devlink, retry);
	struct rvl_nic *nic = health->nic;

	if (READ_ONCE(nic->state) != RVL_NIC_UP &&
	    !rvl_nic_reset(nic, "failing again within the grace period", NULL))
		rvl_devlink_report_recovered(nic);
}

void rvl_devlink_report_recovered(struct rvl_nic *nic)
{
	struct rvl_devlink *health = nic->health;

	if (READ_ONCE(health->registered))
		devlink_health_reporter_state_update(health->reporter,
						     DEVLINK_HEALTH_REPORTER_STATE_HEALTHY);
}

void rvl_devlink_note_event(struct rvl_nic *nic, const struct rvl_dev_event *event)
{
	struct rvl_devlink *health = nic->health;

	spin_lock_bh(&health->events_lock);
	health->events[health->events_seen++ % EVENTS_KEPT] = *event;
	spin_unlock_bh(&health->events_lock);
}

/* ------------------------------------------------------------------------------ information */

static int info_get(struct devlink *devlink, struct devlink_info_req *req,
		    struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = devlink_priv(devlink);
	char text[32];
	int ret;

#ifdef HAVE_DEVLINK_INFO_DRIVER_NAME
	ret = devlink_info_driver_name_put(req, KBUILD_MODNAME);
	if (ret)
		return ret;
#endif
	snprintf(text, sizeof(text), "%04x:%04x", nic->pdev->subsystem_vendor,
		 nic->pdev->subsystem_device);
	ret = devlink_info_version_fixed_put(req, DEVLINK_INFO_VERSION_GENERIC_BOARD_ID, text);
	if (ret)
		return ret;
	snprintf(text, sizeof(text), "%04x:%04x", nic->pdev->vendor, nic->pdev->device);
	ret = devlink_info_version_fixed_put(req, DEVLINK_INFO_VERSION_GENERIC_ASIC_ID, text);
	if (ret)
		return ret;
	snprintf(text, sizeof(text), "%u", nic->pdev->revision);
	ret = devlink_info_version_fixed_put(req, DEVLINK_INFO_VERSION_GENERIC_ASIC_REV, text);
	if (ret)
		return ret;
	/* There is no firmware; the version of what driver and device agreed on stands for it. */
	snprintf(text, sizeof(text), "%u.%u", nic->caps.abi_major, nic->caps.abi_minor);
	return devlink_info_version_running_put(req, DEVLINK_INFO_VERSION_GENERIC_FW, text);
}

static const struct devlink_ops devlink_ops = {
	.info_get = info_get,
};

/* ------------------------------------------------------------------------------ parameters */

enum { PARAM_COMMAND_TIMEOUT = DEVLINK_PARAM_GENERIC_ID_MAX + 1 };

#ifdef HAVE_DEVLINK_PARAM_GET_EXTACK
static int command_timeout_get(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx,
			       struct netlink_ext_ack *extack)
#else
static int command_timeout_get(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx)
#endif
{
	struct rvl_nic *nic = devlink_priv(devlink);

	ctx->val.vu32 = nic->command_timeout_ms;
	return 0;
}

#ifdef HAVE_DEVLINK_PARAM_SET_EXTACK
static int command_timeout_set(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx,
			       struct netlink_ext_ack *extack)
#else
static int command_timeout_set(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx)
#endif
{
	struct rvl_nic *nic = devlink_priv(devlink);

	mutex_lock(&nic->lock);
	nic->command_timeout_ms = ctx->val.vu32;
	rvl_netdev_set_patience(nic);
	if (nic->dev)
		rvl_dev_set_command_timeout(nic->dev, nic->command_timeout_ms);
	mutex_unlock(&nic->lock);
	return 0;
}

static int check_command_timeout(u32 ms, struct netlink_ext_ack *extack)
{
	if (ms >= COMMAND_TIMEOUT_MIN_MS && ms <= COMMAND_TIMEOUT_MAX_MS)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "command_timeout_ms is %u to %u", COMMAND_TIMEOUT_MIN_MS,
			       COMMAND_TIMEOUT_MAX_MS);
	return -ERANGE;
}

#ifdef HAVE_DEVLINK_PARAM_VALIDATE_POINTER
static int command_timeout_validate(struct devlink *devlink, u32 id,
				    union devlink_param_value *value,
				    struct netlink_ext_ack *extack)
{
	return check_command_timeout(value->vu32, extack);
}
#else
static int command_timeout_validate(struct devlink *devlink, u32 id,
				    union devlink_param_value value, struct netlink_ext_ack *extack)
{
	return check_command_timeout(value.vu32, extack);
}
#endif

static const struct devlink_param params[] = {
	DEVLINK_PARAM_DRIVER(PARAM_COMMAND_TIMEOUT, "command_timeout_ms", DEVLINK_PARAM_TYPE_U32,
			     BIT(DEVLINK_PARAM_CMODE_RUNTIME), command_timeout_get,
			     command_timeout_set, command_timeout_validate),
};

/* ------------------------------------------------------------------------------------ life */

struct rvl_nic *rvl_devlink_alloc(struct pci_dev *pdev)
{
	struct devlink *devlink = devlink_alloc(&devlink_ops, sizeof(struct rvl_nic), &pdev->dev);
	struct rvl_nic *nic;

	if (!devlink)
		return NULL;
	nic = devlink_priv(devlink);
	nic->devlink = devlink;
	nic->pdev = pdev;
	nic->command_timeout_ms = COMMAND_TIMEOUT_MS;
	nic->health = kzalloc(sizeof(*nic->health), GFP_KERNEL);
	if (!nic->health) {
		devlink_free(devlink);
		return NULL;
	}
	nic->health->nic = nic;
	INIT_DELAYED_WORK(&nic->health->retry, retry);
	spin_lock_init(&nic->health->events_lock);
	return nic;
}

void rvl_devlink_free(struct rvl_nic *nic)
{
	kfree(nic->health);
	devlink_free(nic->devlink);
}

int rvl_devlink_init(struct rvl_nic *nic)
{
	struct devlink_port_attrs attrs = {.flavour = DEVLINK_PORT_FLAVOUR_PHYSICAL};
	struct rvl_devlink *health = nic->health;
	int ret;

	ret = devlink_params_register(nic->devlink, params, ARRAY_SIZE(params));
	if (ret)
		return ret;
	health->reporter = create_reporter(nic);
	if (IS_ERR(health->reporter)) {
		ret = PTR_ERR(health->reporter);
		goto unregister_params;
	}
	devlink_port_attrs_set(&health->port, &attrs);
	ret = devlink_port_register(nic->devlink, &health->port, 0);
	if (ret)
		goto destroy_reporter;
#ifdef HAVE_SET_NETDEV_DEVLINK_PORT
	SET_NETDEV_DEVLINK_PORT(nic->netdev, &health->port);
#endif
	return 0;

destroy_reporter:
	devlink_health_reporter_destroy(health->reporter);
unregister_params:
	devlink_params_unregister(nic->devlink, params, ARRAY_SIZE(params));
	return ret;
}

void rvl_devlink_exit(struct rvl_nic *nic)
{
	devlink_port_unregister(&nic->health->port);
	devlink_health_reporter_destroy(nic->health->reporter);
	devlink_params_unregister(nic->devlink, params, ARRAY_SIZE(params));
}

void rvl_devlink_register(struct rvl_nic *nic)
{
#ifndef HAVE_SET_NETDEV_DEVLINK_PORT
	devlink_port_type_eth_set(&nic->health->port, nic->netdev);
#endif
	devlink_register(nic->devlink);
	WRITE_ONCE(nic->health->registered, true);
}

/* A failure that is just being reported is reported to its end, later ones are not. */
void rvl_devlink_unregister(struct rvl_nic *nic)
{
	WRITE_ONCE(nic->health->registered, false);
	cancel_work_sync(&nic->reset_work);
	cancel_delayed_work_sync(&nic->health->retry);
	devlink_unregister(nic->devlink);
#ifndef HAVE_SET_NETDEV_DEVLINK_PORT
	devlink_port_type_clear(&nic->health->port);
#endif
}
