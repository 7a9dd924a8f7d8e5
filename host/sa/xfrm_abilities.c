// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/xfrm_abilities.h"

#include <errno.h>
#include <unistd.h>

#include "host/esp/esp.h"
#include "host/sa/xfrm_state.h"

#define LOOPBACK 0x7f000001u
#define REPLAY_WINDOW 4096

/* Has the kernel what such an SA takes? One that nothing uses is made and deleted. */
static bool can(struct xfrm_netlink *netlink, struct rvl_sa_params *params,
		struct rvl_backend_error *error)
{
	const struct xfrm_place here = {RVL_OFFLOAD_NO, 0};
	const struct xfrm_state state = {
		.protocol = params->protocol,
		.mode = params->mode,
		.src = params->src,
		.dst = params->dst,
		.spi = params->spi,
		.reqid = XFRM_REQID_OURS,
		.cpu = RVL_CPU_ANY,
	};

	return !xfrm_state_add(netlink, &state, params, NULL, &here, error) &&
	       !xfrm_state_delete(netlink, &state);
}

static bool has_ipv6(struct xfrm_netlink *netlink, struct rvl_sa_params params)
{
	static const uint8_t end[16] = {[15] = 1};
	struct rvl_backend_error ignored = {""};

	params.src = params.dst = rvl_addr_of_ipv6(end);
	return can(netlink, &params, &ignored);
}

static bool has_encr(struct xfrm_netlink *netlink, const struct rvl_encr *encr,
		     struct rvl_sa_params params)
{
	struct rvl_backend_error ignored = {""};

	params.encr = encr->id;
	params.encr_key_len = encr->key;
	if (!encr->icv) {
		params.integ = IKE_INTEG_HMAC_SHA2_256_128;
		params.integ_key_len = rvl_integ_find(params.integ)->key;
	}
	return can(netlink, &params, &ignored);
}

static bool has_integ(struct xfrm_netlink *netlink, const struct rvl_integ *integ,
		      struct rvl_sa_params params)
{
	struct rvl_backend_error ignored = {""};

	params.encr = IKE_ENCR_NULL;
	params.encr_key_len = 0;
	params.integ = integ->id;
	params.integ_key_len = integ->key;
	return can(netlink, &params, &ignored);
}

/* Over IPv6 it is a module of its own: an SA may be over each family that ESP has. */
static bool has_ah(struct xfrm_netlink *netlink, struct rvl_sa_params params, bool ipv6)
{
	struct rvl_backend_error ignored = {""};

	params.protocol = RVL_PROTOCOL_AH;
	params.encr = IKE_ENCR_NONE;
	params.encr_key_len = 0;
	params.integ = IKE_INTEG_HMAC_SHA2_256_128;
	params.integ_key_len = rvl_integ_find(params.integ)->key;
	return can(netlink, &params, &ignored) && (!ipv6 || has_ipv6(netlink, params));
}

/* What a kernel doesn't know of an SA it takes and leaves out. */
static bool has_attribute(struct xfrm_netlink *netlink, struct rvl_sa_params params, uint16_t type)
{
	const struct xfrm_place here = {RVL_OFFLOAD_NO, 0};
	const struct xfrm_state state = {.src = params.src,
					 .dst = params.dst,
					 .spi = params.spi,
					 .reqid = XFRM_REQID_OURS,
					 .cpu = type == RVL_XFRMA_SA_PCPU ? 0 : RVL_CPU_ANY};
	struct rvl_backend_error ignored = {""};
	bool has;

	params.if_id = 1;
	params.set_mark = (struct rvl_mark){1, 1};
	if (xfrm_state_add(netlink, &state, &params, NULL, &here, &ignored))
		return false;
	has = xfrm_state_has(netlink, &state, type);
	return !xfrm_state_delete(netlink, &state) && has;
}

struct rvl_abilities rvl_backend_xfrm_abilities(void)
{
	struct rvl_abilities a = {
		.protocols = 1u << RVL_PROTOCOL_ESP | 1u << RVL_PROTOCOL_AH,
		.modes = 1u << RVL_TUNNEL | 1u << RVL_TRANSPORT,
		.outer = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
		.inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
		.policies = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
		.types = true,
		.esn = true,
		.encap = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
		.nat_transport = true,
		.tfc = true,
		.headers = true,
		.if_ids = true,
		.marks = true,
		.per_cpu = 1,
		.window = REPLAY_WINDOW,
		.events = RVL_ESP_EVENT_SOFT_BYTES | RVL_ESP_EVENT_SOFT_PACKETS |
			  RVL_ESP_EVENT_HARD_BYTES | RVL_ESP_EVENT_HARD_PACKETS |
			  RVL_ESP_EVENT_SEQUENCE_SOON | RVL_ESP_EVENT_SEQUENCE_END |
			  RVL_ESP_EVENT_DAMAGED | RVL_ESP_EVENT_MOVED,
	};

	for (size_t i = 0; i < rvl_encr_count; i++)
		if (xfrm_state_names_encr(&rvl_encr_table[i]))
			a.encr |= rvl_encr_bit(&rvl_encr_table[i]);
	for (size_t i = 0; i < rvl_integ_count; i++)
		if (xfrm_state_names_integ(&rvl_integ_table[i]))
			a.integ |= rvl_integ_bit(&rvl_integ_table[i]);
	return a;
}

static uint32_t processors(void)
{
	const long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count > 0 ? (uint32_t)count : 1;
}

int xfrm_abilities_find(struct xfrm_netlink *netlink, struct rvl_abilities *a,
			struct rvl_backend_error *error)
{
	const struct rvl_sa_params params = {
		.direction = RVL_OUTBOUND,
		.spi = RVL_SPI_MIN,
		.src = rvl_addr_of_ipv4(LOOPBACK),
		.dst = rvl_addr_of_ipv4(LOOPBACK),
		.encr = IKE_ENCR_AES_GCM_16,
		.encr_key_len = 16,
	};
	struct rvl_sa_params first = params;
	struct rvl_backend_error reason = {""};

	if (!can(netlink, &first, &reason))
		return rvl_backend_fail(error, -EOPNOTSUPP, "no ESP with AES-GCM: %s", reason.text);
	*a = rvl_backend_xfrm_abilities();
	if (!has_ipv6(netlink, params))
		a->outer = a->inner = RVL_FAMILY_IPV4;
	if (!has_ah(netlink, params, a->outer & RVL_FAMILY_IPV6))
		a->protocols &= ~(1u << RVL_PROTOCOL_AH);
	a->if_ids = has_attribute(netlink, params, XFRMA_IF_ID);
	a->marks = has_attribute(netlink, params, XFRMA_SET_MARK_MASK);
	a->per_cpu = has_attribute(netlink, params, RVL_XFRMA_SA_PCPU) ? processors() : 0;
	for (size_t i = 0; i < rvl_encr_count; i++)
		if (!has_encr(netlink, &rvl_encr_table[i], params))
			a->encr &= ~rvl_encr_bit(&rvl_encr_table[i]);
	for (size_t i = 0; i < rvl_integ_count; i++)
		if (!has_integ(netlink, &rvl_integ_table[i], params))
			a->integ &= ~rvl_integ_bit(&rvl_integ_table[i]);
	return 0;
}
