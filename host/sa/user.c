// SPDX-License-Identifier: BSD-2-Clause
/* The data path in the NIC, driven from user space. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/core/rvl_dev.h"
#include "driver/user/rvl_frame_queue.h"
#include "driver/user/rvl_user.h"
#include "host/esp/ip.h"
#include "host/esp/replay.h"
#include "host/sa/backend.h"

#define CONTROL_VECTOR 0
#define QUEUE_VECTOR 1
#define RING_LOG2 8
#define BATCH 64

struct user {
	struct rvl_backend backend;
	struct rvl_frames frames;
	struct rvl_user *user;
	struct rvl_dev *dev;
	struct rvl_frame_queue *queue;
	char device[128];
	char pci_id[16];
	bool aside; /* frames of the host's are written there, as the NIC's buffers hold less */
	uint8_t out[RVL_BACKEND_FRAME];
	uint8_t frame[RVL_FRAME_QUEUE_MAX];
	rvl_deliver_fn *deliver; /* during a poll */
	void *deliver_context;
};

static struct user *user_of(struct rvl_backend *backend)
{
	return (struct user *)backend;
}

static struct user *user_with(struct rvl_frames *frames)
{
	return (struct user *)((char *)frames - offsetof(struct user, frames));
}

static int failed(struct rvl_backend_error *error, int err, const struct rvl_dev_error *reason)
{
	return rvl_backend_fail(error, err, "%s", reason->text[0] ? reason->text : strerror(-err));
}

static void user_close(struct rvl_backend *backend)
{
	struct user *u = user_of(backend);

	rvl_frame_queue_destroy(u->queue);
	rvl_dev_close(u->dev);
	rvl_user_close(u->user);
	free(u);
}

/* AES-GCM with keys of so many octets, and with ICVs of all lengths or 16 octets alone. */
static uint64_t gcm_of(size_t key, bool all)
{
	uint64_t bits = rvl_encr_bit(rvl_encr_find(IKE_ENCR_AES_GCM_16, key));

	if (all)
		bits |= rvl_encr_bit(rvl_encr_find(IKE_ENCR_AES_GCM_12, key)) |
			rvl_encr_bit(rvl_encr_find(IKE_ENCR_AES_GCM_8, key));
	return bits;
}

/* The same with IVs that aren't sent. */
static uint64_t implicit_of(size_t key)
{
	return rvl_encr_bit(rvl_encr_find(IKE_ENCR_AES_GCM_16_IIV, key));
}

/* AES-GMAC: of ESP, and of AH. */
static uint64_t gmac_of(size_t key)
{
	return rvl_encr_bit(rvl_encr_find(IKE_ENCR_NULL_AUTH_AES_GMAC, key));
}

static uint64_t ah_gmac_of(size_t key)
{
	return rvl_integ_bit(rvl_integ_find(key == 32	? IKE_INTEG_AES_256_GMAC
					    : key == 24 ? IKE_INTEG_AES_192_GMAC
							: IKE_INTEG_AES_128_GMAC));
}

struct rvl_abilities rvl_backend_user_abilities(void)
{
	return (struct rvl_abilities){
		.protocols = 1u << RVL_PROTOCOL_ESP | 1u << RVL_PROTOCOL_AH,
		.modes = 1u << RVL_TUNNEL | 1u << RVL_TRANSPORT,
		.outer = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
		.inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
		.policies = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
		.encr = gcm_of(16, true) | gcm_of(24, true) | gcm_of(32, true) | implicit_of(16) |
			implicit_of(24) | implicit_of(32) | gmac_of(16) | gmac_of(24) | gmac_of(32),
		.integ = ah_gmac_of(16) | ah_gmac_of(24) | ah_gmac_of(32),
		.encap = RVL_FAMILY_IPV4,
		.esn = true,
		.window = RVL_REPLAY_WINDOW_MAX,
		.events = RVL_ESP_EVENT_SOFT_BYTES | RVL_ESP_EVENT_SOFT_PACKETS |
			  RVL_ESP_EVENT_HARD_BYTES | RVL_ESP_EVENT_HARD_PACKETS |
			  RVL_ESP_EVENT_SEQUENCE_SOON | RVL_ESP_EVENT_SEQUENCE_END |
			  RVL_ESP_EVENT_DAMAGED | RVL_ESP_EVENT_MOVED,
	};
}

static struct rvl_abilities abilities_of(const struct rvl_dev_caps *caps)
{
	struct rvl_abilities can = rvl_backend_user_abilities();

	can.window = caps->replay_window;
	if (!(caps->features & RVL_FEATURES_ESP_MASK))
		can.protocols = 0;
	if (!(caps->features & RVL_FEATURES_AH_MASK))
		can.protocols &= ~(1u << RVL_PROTOCOL_AH);
	if (!(caps->features & RVL_FEATURES_TUNNEL_V4_MASK))
		can.modes = 0;
	if (!(caps->features & RVL_FEATURES_TRANSPORT_MASK))
		can.modes &= ~(1u << RVL_TRANSPORT);
	can.esn = caps->features & RVL_FEATURES_ESN_MASK;
	if (!(caps->features & RVL_FEATURES_MOVES_MASK))
		can.events &= ~RVL_ESP_EVENT_MOVED;
	if (!(caps->features & RVL_FEATURES_IPV6_MASK))
		can.outer = can.inner = can.policies = RVL_FAMILY_IPV4;
	if (caps->features & RVL_FEATURES_UDP_ENCAP_V6_MASK)
		can.encap |= RVL_FAMILY_IPV6;
	if (!(caps->features & RVL_FEATURES_UDP_ENCAP_MASK))
		can.encap = 0;
	for (size_t key = 16; key <= 32; key += 8) {
		const uint32_t feature = key == 32   ? RVL_FEATURES_AES_GCM_256_MASK
					 : key == 24 ? RVL_FEATURES_AES_GCM_192_MASK
						     : RVL_FEATURES_AES_GCM_128_MASK;

		if (!(caps->features & RVL_FEATURES_ICV_SHORT_MASK))
			can.encr &= ~gcm_of(key, true) | gcm_of(key, false);
		if (!(caps->features & RVL_FEATURES_IMPLICIT_IV_MASK))
			can.encr &= ~implicit_of(key);
		if (!(caps->features & RVL_FEATURES_GMAC_MASK))
			can.encr &= ~gmac_of(key);
		if (!(caps->features & feature)) {
			can.encr &= ~(gcm_of(key, true) | implicit_of(key) | gmac_of(key));
			can.integ &= ~ah_gmac_of(key);
		}
	}
	return can;
}

static void user_info(struct rvl_backend *backend, struct rvl_backend_info *info)
{
	struct user *u = user_of(backend);
	const struct rvl_dev_caps *caps = rvl_dev_caps(u->dev);
	bool up;

	*info = (struct rvl_backend_info){
		.kind = "user",
		.abi_major = caps->abi_major,
		.abi_minor = caps->abi_minor,
		.outbound_sas = caps->outbound_sas,
		.inbound_sas = caps->inbound_sas,
		.policies = caps->policies,
		.abilities = abilities_of(caps),
		.queue_pairs = caps->queue_pairs,
		.max_frame = caps->max_frame,
		.beat = caps->beat,
	};
	if (!rvl_dev_link(u->dev, &up))
		info->link = up ? "up" : "down";
	memcpy(info->mac, caps->mac, sizeof(info->mac));
	snprintf(info->device, sizeof(info->device), "%s", u->device);
	snprintf(info->pci_id, sizeof(info->pci_id), "%s", u->pci_id);
}

static const char *user_dead(struct rvl_backend *backend)
{
	return rvl_dev_dead(user_of(backend)->dev);
}

static void user_check(struct rvl_backend *backend)
{
	rvl_dev_check(user_of(backend)->dev);
}

/* AH's is a key of AES-GMAC too. */
static void set_algorithm(struct rvl_dev_sa *sa, const struct rvl_sa_params *p)
{
	const struct rvl_encr *encr = rvl_encr_find(p->encr, p->encr_key_len);

	sa->ah = p->protocol == RVL_PROTOCOL_AH;
	sa->gmac = sa->ah || encr->kind == RVL_CIPHER_GMAC;
	sa->implicit_iv = !sa->ah && encr->implicit_iv;
	sa->key_len = sa->ah ? p->integ_key_len : p->encr_key_len;
	sa->icv_len = sa->ah ? rvl_integ_find(p->integ)->icv : encr->icv;
	memcpy(sa->key, sa->ah ? p->integ_key : p->encr_key, sa->key_len);
	memcpy(sa->salt, p->salt, sizeof(sa->salt));
}

/*
 * What comes out of an inbound SA, as far as the NIC can say it; never less than may. In transport
 * mode behind a NAT a packet's addresses may be others than the selectors', so nothing is said.
 */
static void set_selector(struct rvl_dev_sa *sa, const struct rvl_dev_caps *caps,
			 const struct rvl_selectors *selectors)
{
	struct rvl_selector s;

	if (!sa->inbound || !(caps->features & RVL_FEATURES_SELECTORS_MASK) ||
	    (sa->transport && sa->udp) || !selectors || !rvl_selectors_join(selectors, &s))
		return;
	s = rvl_selector_reverse(&s);
	sa->selects = true;
	sa->selector = (struct rvl_dev_selector){
		.ipv6 = rvl_selector_family(&s) == 6,
		.any_proto = s.any_protocol,
		.proto = s.any_protocol ? 0 : s.protocol,
		.src_len = s.src.len,
		.dst_len = s.dst.len,
		.sport_lo = s.src_port_first,
		.sport_hi = s.src_port_last,
		.dport_lo = s.dst_port_first,
		.dport_hi = s.dst_port_last,
	};
	memcpy(sa->selector.src, s.src.address.octets, sizeof(sa->selector.src));
	memcpy(sa->selector.dst, s.dst.address.octets, sizeof(sa->selector.dst));
}

static int user_sa_add(struct rvl_backend *backend, const struct rvl_sa_params *p,
		       const struct rvl_sa_purpose *purpose, uint32_t *index,
		       struct rvl_backend_error *error)
{
	const struct rvl_dev_caps *caps = rvl_dev_caps(user_of(backend)->dev);
	const struct rvl_abilities can = abilities_of(caps);
	struct rvl_dev_error reason = {""};
	char lacking[160];
	bool out = p->direction == RVL_OUTBOUND;
	struct rvl_dev_sa sa = {
		.inbound = !out,
		.udp = p->encap,
		.ipv6 = p->dst.family == 6,
		.transport = p->mode == RVL_TRANSPORT,
		.esn = p->esn,
		.spi = p->spi,
		.seq = (p->first_seq ? p->first_seq : 1) -
		       !out, /* of an inbound one the highest seen */
		.window = p->replay_window,
		.soft_bytes = p->lifetime.soft_bytes,
		.hard_bytes = p->lifetime.hard_bytes,
		.soft_packets = p->lifetime.soft_packets,
		.hard_packets = p->lifetime.hard_packets,
	};
	uint32_t at = RVL_INDEX_ANY;
	int err;

	if (rvl_abilities_lack(&can, p, lacking, sizeof(lacking)))
		return rvl_backend_fail(error, -EOPNOTSUPP, "the NIC has no %s", lacking);
	memcpy(sa.src, p->src.octets, sizeof(sa.src));
	memcpy(sa.dst, p->dst.octets, sizeof(sa.dst));
	sa.udp_sport = p->encap ? p->src_port : 0; /* of an inbound one where its peer is */
	if (out)
		sa.udp_dport = p->dst_port;
	if (out && !sa.transport) {
		sa.ttl = p->ttl ? p->ttl : RVL_DEFAULT_TTL;
		sa.df_set = p->df == RVL_ESP_DF_SET;
		sa.df_clear = p->df == RVL_ESP_DF_CLEAR;
		sa.dscp_fixed = p->fixed_dscp;
		sa.dscp = p->dscp;
	}
	set_algorithm(&sa, p);
	set_selector(&sa, caps, purpose->selectors);
	err = rvl_dev_sa_add(user_of(backend)->dev, &sa, &at, &reason);
	OPENSSL_cleanse(&sa, sizeof(sa));
	if (err)
		return failed(error, err, &reason);
	*index = at;
	return 0;
}

static int user_sa_delete(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			  struct rvl_backend_error *error)
{
	struct rvl_dev_error reason = {""};
	int err =
		rvl_dev_sa_delete(user_of(backend)->dev, direction == RVL_INBOUND, index, &reason);

	return err ? failed(error, err, &reason) : 0;
}

static int user_sa_query(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			 struct rvl_sa_stats *stats, struct rvl_backend_error *error)
{
	struct rvl_dev_error reason = {""};
	struct rvl_dev_sa_stats s;
	int err = rvl_dev_sa_query(user_of(backend)->dev, direction == RVL_INBOUND, index, &s,
				   &reason);

	if (err)
		return failed(error, err, &reason);
	*stats = (struct rvl_sa_stats){
		.packets = s.packets,
		.where = "NIC",
		.bytes = s.bytes,
		.seq = s.seq,
		.drop_icv = s.drop_icv,
		.drop_replay = s.drop_replay,
		.drop_format = s.drop_format,
		.drop_limit = s.drop_limit,
		.drop_selectors = s.drop_selectors,
		.damaged = s.state & RVL_SA_STATE_ERROR,
	};
	return 0;
}

static uint8_t device_action(enum rvl_action action)
{
	switch (action) {
	case RVL_BYPASS:
		return RVL_POLICY_ACTION_BYPASS;
	case RVL_PROTECT:
		return RVL_POLICY_ACTION_PROTECT;
	case RVL_DISCARD:
		break;
	}
	return RVL_POLICY_ACTION_DISCARD;
}

static int user_policy_set(struct rvl_backend *backend, const struct rvl_policy *p,
			   const struct rvl_scopes *scopes, uint32_t *index,
			   struct rvl_backend_error *error)
{
	struct rvl_dev_error reason = {""};
	struct rvl_dev_policy policy = {
		.action = device_action(p->action),
		.ipv6 = rvl_selector_family(&p->selector) == 6,
		.any_proto = p->selector.any_protocol,
		.proto = p->selector.any_protocol ? 0 : p->selector.protocol,
		.priority = p->priority,
		.src_len = p->selector.src.len,
		.dst_len = p->selector.dst.len,
		.sa = p->action == RVL_PROTECT ? p->sa : 0,
		.sport_lo = p->selector.src_port_first,
		.sport_hi = p->selector.src_port_last,
		.dport_lo = p->selector.dst_port_first,
		.dport_hi = p->selector.dst_port_last,
	};
	uint32_t at = *index == RVL_BACKEND_ANY ? RVL_INDEX_ANY : *index;
	const struct rvl_abilities can = abilities_of(rvl_dev_caps(user_of(backend)->dev));
	const char *lack = rvl_abilities_lack_policy(&can, &p->selector);
	int err;

	if (!lack)
		lack = rvl_abilities_lack_scopes(&can, scopes);
	if (lack)
		return rvl_backend_fail(error, -EOPNOTSUPP, "the NIC has no %s", lack);
	memcpy(policy.src, p->selector.src.address.octets, sizeof(policy.src));
	memcpy(policy.dst, p->selector.dst.address.octets, sizeof(policy.dst));
	err = rvl_dev_policy_set(user_of(backend)->dev, &policy, &at, &reason);
	if (err)
		return failed(error, err, &reason);
	*index = at;
	return 0;
}

static int user_policy_clear(struct rvl_backend *backend, uint32_t index,
			     struct rvl_backend_error *error)
{
	struct rvl_dev_error reason = {""};
	int err = rvl_dev_policy_clear(user_of(backend)->dev, index, &reason);

	return err ? failed(error, err, &reason) : 0;
}

static int user_start(struct rvl_frames *frames, uint16_t max_frame,
		      struct rvl_backend_error *error)
{
	struct user *u = user_with(frames);
	const uint16_t most = rvl_dev_caps(u->dev)->max_frame;
	int err;

	if (max_frame > most)
		return rvl_backend_fail(error, -EMSGSIZE,
					"frames of %u octets, and the NIC takes %u", max_frame,
					most);
	err = rvl_dev_set_port_max_frame(u->dev, max_frame);
	if (err)
		return rvl_backend_fail(error, err, "frames of %u octets: %s", max_frame,
					strerror(-err));
	err = rvl_dev_enable(u->dev, true);
	if (err)
		return rvl_backend_fail(error, err, "%s", rvl_dev_dead(u->dev) ?: strerror(-err));
	return 0;
}

static int user_counters(struct rvl_backend *backend, rvl_counter_fn *fn, void *context)
{
	struct user *u = user_of(backend);
	uint64_t counters[RVL_CNT_NUM];
	int err = rvl_dev_counters(u->dev, counters);

	for (unsigned int i = 0; !err && i < RVL_CNT_NUM; i++)
		fn(context, rvl_counter_name(i), counters[i]);
	return err;
}

static uint32_t events_of(uint8_t type)
{
	switch (type) {
	case RVL_EVENT_SOFT_BYTES:
		return RVL_ESP_EVENT_SOFT_BYTES;
	case RVL_EVENT_SOFT_PACKETS:
		return RVL_ESP_EVENT_SOFT_PACKETS;
	case RVL_EVENT_HARD_BYTES:
		return RVL_ESP_EVENT_HARD_BYTES;
	case RVL_EVENT_HARD_PACKETS:
		return RVL_ESP_EVENT_HARD_PACKETS;
	case RVL_EVENT_SEQ_NEAR_END:
		return RVL_ESP_EVENT_SEQUENCE_SOON;
	case RVL_EVENT_SEQ_END:
		return RVL_ESP_EVENT_SEQUENCE_END;
	case RVL_EVENT_SA_ERROR:
		return RVL_ESP_EVENT_DAMAGED;
	case RVL_EVENT_LINK:
		return RVL_BACKEND_EVENT_LINK;
	case RVL_EVENT_MOVED:
		return RVL_ESP_EVENT_MOVED;
	default:
		return 0;
	}
}

static const char *damage_of(const struct rvl_dev_event *e)
{
	if (e->type != RVL_EVENT_SA_ERROR)
		return NULL;
	switch (e->value) {
	case RVL_SA_ERROR_CONFIG:
		return "configuration in the NIC's memory is damaged";
	case RVL_SA_ERROR_COUNTERS:
		return "counters in the NIC's memory is damaged";
	case RVL_SA_ERROR_WINDOW:
		return "anti-replay window in the NIC's memory is damaged";
	case RVL_SA_ERROR_KEY:
		return "key in the NIC's memory is damaged";
	default:
		return "state in the NIC's memory is damaged";
	}
}

static int user_next_event(struct rvl_backend *backend, struct rvl_backend_event *event)
{
	struct rvl_dev_event e;
	uint64_t count;
	int n;

	/* Empty already is fine: the descriptor doesn't block. */
	if (read(backend->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return 0;

	/* Others are the queue's, whose thread notices by itself. */
	do {
		n = rvl_dev_next_event(user_of(backend)->dev, &e);
	} while (n > 0 && !events_of(e.type));
	if (n > 0)
		*event = (struct rvl_backend_event){
			.direction = e.source ? RVL_INBOUND : RVL_OUTBOUND,
			.index = e.index,
			.spi = e.spi,
			.events = events_of(e.type),
			.up = e.type == RVL_EVENT_LINK && e.value,
			.damage = damage_of(&e),
		};
	if (n > 0 && e.type == RVL_EVENT_MOVED) {
		event->src = rvl_addr_of_ipv4((uint32_t)e.value);
		event->src_port = (uint16_t)(e.value >> 32);
	}
	return n;
}

static uint8_t *user_tx_buffer(struct rvl_frames *frames)
{
	struct user *u = user_with(frames);
	size_t room;
	uint8_t *buffer = rvl_frame_queue_tx_buffer(u->queue, &room);

	u->aside = buffer && room < RVL_BACKEND_FRAME;
	return u->aside ? u->out : buffer;
}

static int send_on(struct user *u, size_t len, uint32_t sa)
{
	return u->aside ? rvl_frame_queue_send(u->queue, u->out, len, sa)
			: rvl_frame_queue_tx(u->queue, len, sa);
}

static int user_tx(struct rvl_frames *frames, size_t len)
{
	return send_on(user_with(frames), len, RVL_NO_SA);
}

static int user_tx_on(struct rvl_frames *frames, size_t len, uint32_t sa)
{
	return send_on(user_with(frames), len, sa);
}

static void on_frame(void *context, uint8_t *frame, const struct rvl_completion *c)
{
	struct user *u = context;

	/* What is judged mustn't be the device's to change any more. */
	memcpy(u->frame, frame, c->len);
	u->deliver(u->deliver_context, u->frame, c->len, c->decrypted ? c->sa : RVL_BACKEND_CLEAR);
}

static int user_poll(struct rvl_frames *frames, rvl_deliver_fn *deliver, void *context)
{
	struct user *u = user_with(frames);
	int n, err;

	u->deliver = deliver;
	u->deliver_context = context;
	n = rvl_frame_queue_poll(u->queue, BATCH, on_frame, u);
	if (n < 0)
		return n;
	rvl_queue_kick(rvl_frame_queue_rings(u->queue));
	if (n == 0) {
		err = rvl_user_service(u->user);
		if (err) {
			/* Lets the driver see for itself, and remember. */
			rvl_dev_check(u->dev);
			return err;
		}
	}
	return n;
}

static void user_arm(struct rvl_frames *frames)
{
	uint64_t count;

	/* Empty already is fine: the descriptor doesn't block. */
	if (read(frames->fds[0], &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	rvl_queue_arm(rvl_frame_queue_rings(user_with(frames)->queue));
}

static const struct rvl_backend_ops user_ops = {
	.close = user_close,
	.info = user_info,
	.dead = user_dead,
	.check = user_check,
	.sa_add = user_sa_add,
	.sa_delete = user_sa_delete,
	.sa_query = user_sa_query,
	.policy_set = user_policy_set,
	.policy_clear = user_policy_clear,
	.counters = user_counters,
	.next_event = user_next_event,
};

static const struct rvl_frames_ops user_frames_ops = {
	.start = user_start,
	.tx_buffer = user_tx_buffer,
	.tx = user_tx,
	.tx_on = user_tx_on,
	.poll = user_poll,
	.arm = user_arm,
};

static int read_pci_id(struct user *u, struct rvl_dev_error *reason)
{
	uint8_t id[4];
	int err = rvl_user_config_read(u->user, 0, id, sizeof(id));

	if (err) {
		snprintf(reason->text, sizeof(reason->text), "its configuration can't be read");
		return err;
	}
	snprintf(u->pci_id, sizeof(u->pci_id), "%02x%02x:%02x%02x", id[1], id[0], id[3], id[2]);
	return 0;
}

int rvl_backend_user_open(const char *device, struct rvl_backend **backend,
			  struct rvl_backend_error *error)
{
	const struct rvl_dev_options options = {.control_vector = CONTROL_VECTOR};
	const struct rvl_queue_options rings = {
		.tx_log2 = RING_LOG2, .rx_log2 = RING_LOG2, .vector = QUEUE_VECTOR};
	struct user *u = calloc(1, sizeof(*u));
	struct rvl_dev_error reason = {""};
	int err;

	if (!u)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	u->backend.ops = &user_ops;
	u->backend.frames = &u->frames;
	u->frames.ops = &user_frames_ops;
	snprintf(u->device, sizeof(u->device), "%s", device);
	err = rvl_user_open(device, NULL, &u->user, &reason);
	if (err)
		goto free_u;
	err = read_pci_id(u, &reason);
	if (err)
		goto close_user;
	err = rvl_dev_open(rvl_user_os(u->user), &options, &u->dev, &reason);
	if (err)
		goto close_user;
	err = rvl_frame_queue_create(rvl_user_os(u->user), u->dev, 0, &rings, &u->queue, &reason);
	if (err)
		goto close_dev;
	u->frames.fds[0] = rvl_user_irq_fd(u->user, QUEUE_VECTOR);
	u->backend.event_fd = rvl_user_irq_fd(u->user, CONTROL_VECTOR);
	u->frames.fds[1] = rvl_user_poll_fd(u->user);
	*backend = &u->backend;
	return 0;

close_dev:
	rvl_dev_close(u->dev);
close_user:
	rvl_user_close(u->user);
free_u:
	free(u);
	return failed(error, err, &reason);
}
