/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The command ring: SAs and policies. One command at a time, each waited for.
 */
#include "rvl_private.h"

/* How often a wait for a command looks whether the device is still there. */
#define CHECK_INTERVAL_MS 100

/* Where inbound ESP in UDP comes to, unless its SA names another port (RFC 3948). */
#define ENCAP_PORT 4500

static const struct {
	const char *name;
	int error;
	const char *text;
} statuses[] = {
	[RVL_CMD_STATUS_OK] = {"OK", 0, "done"},
	[RVL_CMD_STATUS_BAD_OPCODE] = {"BAD_OPCODE", -EOPNOTSUPP, "the device doesn't know it"},
	[RVL_CMD_STATUS_RESERVED] = {"RESERVED", -EINVAL, "a reserved bit or octet is not zero"},
	[RVL_CMD_STATUS_BAD_INDEX] = {"BAD_INDEX", -EINVAL, "index beyond the table"},
	[RVL_CMD_STATUS_IN_USE] = {"IN_USE", -EBUSY, "there is an SA at this index"},
	[RVL_CMD_STATUS_NOT_FOUND] = {"NOT_FOUND", -ENOENT, "nothing at this index"},
	[RVL_CMD_STATUS_BAD_FLAGS] = {"BAD_FLAGS", -EOPNOTSUPP,
				      "sa_flags: a combination that the device does not have"},
	[RVL_CMD_STATUS_BAD_SPI] = {"BAD_SPI", -EINVAL, "spi below 256"},
	[RVL_CMD_STATUS_DUPLICATE] = {"DUPLICATE", -EEXIST,
				      "an inbound SA with this dst and spi exists"},
	[RVL_CMD_STATUS_TABLE_FULL] = {"TABLE_FULL", -ENOSPC,
				       "no room in the lookup table for this dst and spi"},
	[RVL_CMD_STATUS_BAD_LIMITS] = {"BAD_LIMITS", -EINVAL,
				       "a soft lifetime beyond its hard one"},
	[RVL_CMD_STATUS_BAD_SEQ] = {"BAD_SEQ", -EINVAL,
				    "seq: outbound sequence number 0, or one beyond 32 bits"},
	[RVL_CMD_STATUS_BAD_WINDOW] = {"BAD_WINDOW", -EINVAL, "window out of range"},
	[RVL_CMD_STATUS_BAD_ACTION] = {"BAD_ACTION", -EINVAL, "unknown policy action"},
	[RVL_CMD_STATUS_BAD_PREFIX] =
		{"BAD_PREFIX", -EINVAL,
		 "src or dst: prefix longer than the address, or bits beyond it"},
	[RVL_CMD_STATUS_BAD_RANGE] = {"BAD_RANGE", -EINVAL,
				      "sport or dport: first port above the last"},
	[RVL_CMD_STATUS_BAD_PORT] = {"BAD_PORT", -EINVAL,
				     "udp_sport or udp_dport: 0 with UDP, or set without it"},
	[RVL_CMD_STATUS_UNSUPPORTED] = {"UNSUPPORTED", -EOPNOTSUPP,
					"the device doesn't have the feature"},
};

#define STATUS_COUNT (sizeof(statuses) / sizeof(statuses[0]))

static const char *opcode_name(uint8_t opcode)
{
	switch (opcode) {
	case RVL_CMD_OP_NOP:
		return "NOP";
	case RVL_CMD_OP_SA_ADD:
		return "SA_ADD";
	case RVL_CMD_OP_SA_DELETE:
		return "SA_DELETE";
	case RVL_CMD_OP_SA_QUERY:
		return "SA_QUERY";
	case RVL_CMD_OP_POLICY_SET:
		return "POLICY_SET";
	default:
		return "POLICY_CLEAR";
	}
}

void rvl_cmd_start(struct rvl_dev *dev)
{
	dev->cmd_tail = 0;
	rvl_write_addr(dev, RVL_REG_CMD_BASE_LO, dev->cmd_ring.bus);
	rvl_write_addr(dev, RVL_REG_CMD_CPL_BASE_LO, dev->cpl_ring.bus);
	rvl_os_write32(&dev->os, RVL_REG_CMD_SIZE, dev->options.command_ring_log2);
	rvl_os_write32(&dev->os, RVL_REG_CMD_CONTROL,
		       RVL_PUT(CMD_CONTROL_ENABLE, 1) |
			       RVL_PUT(CMD_CONTROL_VECTOR, dev->options.control_vector));
}

/* Wait until entry `at` of the completion ring is this pass's. */
static int wait_completion(struct rvl_dev *dev, const struct rvl_cmd_cpl *entry, uint16_t at,
			   uint8_t opcode)
{
	uint64_t start = rvl_os_now_ns(&dev->os);
	uint32_t next_check = CHECK_INTERVAL_MS;
	unsigned int polls;

	for (polls = 0;; polls++) {
		bool last = rvl_dev_expired(dev, start, dev->options.command_timeout_ms);
		int ret;

		if (rvl_phase_is(rvl_read_once8(&entry->phase), at, dev->options.command_ring_log2))
			return 0;
		ret = rvl_dev_alive(dev);
		if (ret)
			return ret;
		if (last)
			return rvl_dev_kill(dev,
					    "command %s did not complete in %u ms (STATUS 0x%08x, "
					    "CMD_HEAD 0x%08x)",
					    opcode_name(opcode), dev->options.command_timeout_ms,
					    rvl_os_read32(&dev->os, RVL_REG_STATUS),
					    rvl_os_read32(&dev->os, RVL_REG_CMD_HEAD));
		if (rvl_dev_expired(dev, start, next_check)) {
			next_check += CHECK_INTERVAL_MS;
			ret = rvl_dev_check(dev);
			if (ret)
				return ret;
			if (rvl_os_read32(&dev->os, RVL_REG_CMD_HEAD) & RVL_CMD_HEAD_ERROR_MASK)
				return rvl_dev_kill(dev,
						    "command %s could not be read by the device",
						    opcode_name(opcode));
		}
		rvl_os_wait(&dev->os, polls);
	}
}

/*
 * Run one command; cmd_lock is held. The tag is set here. What the ring held is wiped when the
 * device has answered, or is dead and will be kept off memory.
 */
static int run(struct rvl_dev *dev, const void *command, struct rvl_cmd_cpl *cpl,
	       struct rvl_dev_error *err)
{
	uint16_t at = dev->cmd_tail;
	size_t slot = at & ((1U << dev->options.command_ring_log2) - 1);
	struct rvl_cmd *cmd = (struct rvl_cmd *)dev->cmd_ring.mem + slot;
	const struct rvl_cmd_cpl *entry = (const struct rvl_cmd_cpl *)dev->cpl_ring.mem + slot;
	uint16_t tag = dev->cmd_tag++;
	uint8_t opcode = ((const struct rvl_cmd *)command)->opcode;
	int ret = rvl_dev_alive(dev);

	if (ret)
		return rvl_dev_dead_error(dev, err);

	memcpy(cmd, command, sizeof(*cmd));
	cmd->tag = rvl_cpu_to_le16(tag);
	dev->cmd_tail++;
	rvl_dma_wmb();
	rvl_os_write32(&dev->os, RVL_REG_CMD_TAIL, dev->cmd_tail);

	ret = wait_completion(dev, entry, at, opcode);
	rvl_memzero_explicit(cmd, sizeof(*cmd));
	if (ret)
		return rvl_dev_dead_error(dev, err);

	/* Copied once: what is checked is what is used, whatever the device writes meanwhile. */
	rvl_dma_rmb();
	memcpy(cpl, entry, sizeof(*cpl));
	if (cpl->opcode != opcode || rvl_le16_to_cpu(cpl->tag) != tag)
		ret = rvl_dev_kill(dev,
				   "completion of opcode 0x%02x, tag %u; expected 0x%02x, tag %u",
				   cpl->opcode, rvl_le16_to_cpu(cpl->tag), opcode, tag);
	else if (cpl->status == RVL_CMD_STATUS_FATAL && !rvl_dev_check(dev))
		ret = rvl_dev_kill(dev, "command %s completed with FATAL", opcode_name(opcode));
	else if (cpl->status == RVL_CMD_STATUS_FATAL)
		ret = rvl_dev_alive(dev);
	else if (cpl->status >= STATUS_COUNT)
		ret = rvl_dev_kill(dev, "command %s completed with unknown status %u",
				   opcode_name(opcode), cpl->status);
	if (ret)
		return rvl_dev_dead_error(dev, err);
	if (cpl->status != RVL_CMD_STATUS_OK)
		return rvl_fail(err, statuses[cpl->status].error, "%s: %s (%s)",
				opcode_name(opcode), statuses[cpl->status].text,
				statuses[cpl->status].name);
	return 0;
}

int rvl_dev_nop(struct rvl_dev *dev, struct rvl_dev_error *err)
{
	struct rvl_cmd cmd = {.opcode = RVL_CMD_OP_NOP};
	struct rvl_cmd_cpl cpl;
	int ret;

	rvl_lock(&dev->cmd_lock);
	ret = run(dev, &cmd, &cpl, err);
	rvl_unlock(&dev->cmd_lock);
	return ret;
}

/* Flags and lengths that the command can't express, or that its device lacks. */
static int check_sa(const struct rvl_dev *dev, const struct rvl_dev_sa *sa,
		    struct rvl_dev_error *err)
{
	uint32_t features = dev->caps.features;

	if (!(features & RVL_FEATURES_ESP_MASK) || !(features & RVL_FEATURES_TUNNEL_V4_MASK))
		return rvl_fail(err, -EOPNOTSUPP, "SA_ADD: the device has no ESP in tunnel mode");
	if (sa->key_len != 16 && sa->key_len != 24 && sa->key_len != 32)
		return rvl_fail(err, -EINVAL, "SA_ADD: key_len is %u, not 16, 24 or 32",
				sa->key_len);
	if (!(features & (sa->key_len == 32   ? RVL_FEATURES_AES_GCM_256_MASK
			  : sa->key_len == 24 ? RVL_FEATURES_AES_GCM_192_MASK
					      : RVL_FEATURES_AES_GCM_128_MASK)))
		return rvl_fail(err, -EOPNOTSUPP, "SA_ADD: the device has no AES-GCM-%u",
				sa->key_len * 8U);
	if (sa->icv_len != 8 && sa->icv_len != 12 && sa->icv_len != 16)
		return rvl_fail(err, -EINVAL, "SA_ADD: icv_len is %u, not 8, 12 or 16",
				sa->icv_len);
	if (sa->icv_len != 16 && !(features & RVL_FEATURES_ICV_SHORT_MASK))
		return rvl_fail(err, -EOPNOTSUPP, "SA_ADD: the device has no ICV of %u octets",
				sa->icv_len);
	if (sa->gmac && (sa->icv_len != 16 || sa->implicit_iv))
		return rvl_fail(err, -EINVAL,
				"SA_ADD: AES-GMAC has an ICV of 16 octets, and its IV is sent");
	if (sa->ah && (!sa->gmac || sa->udp))
		return rvl_fail(err, -EINVAL, "SA_ADD: AH goes with AES-GMAC, and not in UDP");
	if (sa->ah && !(features & RVL_FEATURES_AH_MASK))
		return rvl_fail(err, -EOPNOTSUPP, "SA_ADD: the device has no AH");
	if (sa->gmac && !sa->ah && !(features & RVL_FEATURES_GMAC_MASK))
		return rvl_fail(err, -EOPNOTSUPP, "SA_ADD: the device has no AES-GMAC");
	if (sa->udp && !(features & RVL_FEATURES_UDP_ENCAP_MASK))
		return rvl_fail(err, -EOPNOTSUPP, "SA_ADD: the device has no UDP encapsulation");
	if (sa->ipv6 && !(features & RVL_FEATURES_IPV6_MASK))
		return rvl_fail(err, -EOPNOTSUPP, "SA_ADD: the device has no IPv6");
	if (sa->ipv6 && sa->udp && !(features & RVL_FEATURES_UDP_ENCAP_V6_MASK))
		return rvl_fail(err, -EOPNOTSUPP,
				"SA_ADD: the device has no UDP encapsulation over IPv6");
	if (sa->transport && !(features & RVL_FEATURES_TRANSPORT_MASK))
		return rvl_fail(err, -EOPNOTSUPP, "SA_ADD: the device has no transport mode");
	if (sa->transport && (sa->ttl || sa->df_set || sa->df_clear || sa->dscp_fixed))
		return rvl_fail(err, -EINVAL,
				"SA_ADD: ttl, df_set, df_clear and dscp_fixed are of tunnel mode");
	if (sa->implicit_iv && !(features & RVL_FEATURES_IMPLICIT_IV_MASK))
		return rvl_fail(err, -EOPNOTSUPP, "SA_ADD: the device has no implicit IVs");
	if (sa->esn && !(features & RVL_FEATURES_ESN_MASK))
		return rvl_fail(err, -EOPNOTSUPP,
				"SA_ADD: the device has no extended sequence numbers");
	if (sa->inbound && sa->udp_dport && sa->udp_dport != ENCAP_PORT &&
	    !(features & RVL_FEATURES_UDP_PORTS_MASK))
		return rvl_fail(err, -EOPNOTSUPP,
				"SA_ADD: udp_dport is %u, and the device receives on %u alone",
				sa->udp_dport, ENCAP_PORT);
	if (sa->inbound && sa->selects && !(features & RVL_FEATURES_SELECTORS_MASK))
		return rvl_fail(err, -EOPNOTSUPP, "SA_ADD: the device checks no selectors");
	if (sa->dscp > 63)
		return rvl_fail(err, -EINVAL, "SA_ADD: dscp is %u, beyond 6 bits", sa->dscp);
	if (sa->df_set && sa->df_clear)
		return rvl_fail(err, -EINVAL, "SA_ADD: df_set and df_clear exclude each other");
	return 0;
}

static uint32_t sa_flags(const struct rvl_dev_sa *sa)
{
	uint32_t flags = 0;

	if (sa->key_len != 16)
		flags |= sa->key_len == 32 ? RVL_SA_FLAG_AES256 : RVL_SA_FLAG_AES192;
	if (sa->implicit_iv)
		flags |= RVL_SA_FLAG_IMPLICIT_IV;
	if (sa->icv_len != 16)
		flags |= sa->icv_len == 8 ? RVL_SA_FLAG_ICV_8 : RVL_SA_FLAG_ICV_12;
	if (sa->ah)
		flags |= RVL_SA_FLAG_AH;
	if (sa->gmac)
		flags |= RVL_SA_FLAG_GMAC;
	if (sa->udp)
		flags |= RVL_SA_FLAG_UDP;
	if (sa->ipv6)
		flags |= RVL_SA_FLAG_IPV6;
	if (sa->transport)
		flags |= RVL_SA_FLAG_TRANSPORT;
	if (sa->esn)
		flags |= RVL_SA_FLAG_ESN;
	if (sa->inbound && sa->selects)
		flags |= RVL_SA_FLAG_SELECTORS | (sa->selector.ipv6 ? RVL_SA_FLAG_SEL_IPV6 : 0) |
			 (sa->selector.any_proto ? RVL_SA_FLAG_SEL_ANY_PROTO : 0);
	if (sa->inbound)
		return flags | RVL_SA_FLAG_INBOUND;
	if (sa->df_set)
		flags |= RVL_SA_FLAG_DF_SET;
	if (sa->df_clear)
		flags |= RVL_SA_FLAG_DF_CLEAR;
	if (sa->dscp_fixed)
		flags |= RVL_SA_FLAG_DSCP_FIXED | RVL_PUT(SA_FLAG_DSCP, sa->dscp);
	return flags | RVL_PUT(SA_FLAG_TTL, sa->ttl);
}

static void fill_selector(struct rvl_cmd *cmd, const struct rvl_dev_selector *selector)
{
	memcpy(cmd->sel_src, selector->src, sizeof(selector->src));
	memcpy(cmd->sel_dst, selector->dst, sizeof(selector->dst));
	cmd->sel_src_len = selector->src_len;
	cmd->sel_dst_len = selector->dst_len;
	cmd->sel_proto = selector->any_proto ? 0 : selector->proto;
	cmd->sel_sport_lo = rvl_cpu_to_le16(selector->sport_lo);
	cmd->sel_sport_hi = rvl_cpu_to_le16(selector->sport_hi);
	cmd->sel_dport_lo = rvl_cpu_to_le16(selector->dport_lo);
	cmd->sel_dport_hi = rvl_cpu_to_le16(selector->dport_hi);
}

static void fill_sa(struct rvl_cmd *cmd, const struct rvl_dev_sa *sa, uint32_t index)
{
	memset(cmd, 0, sizeof(*cmd));
	cmd->opcode = RVL_CMD_OP_SA_ADD;
	cmd->index = rvl_cpu_to_le24(index);
	cmd->sa_flags = rvl_cpu_to_le32(sa_flags(sa));
	cmd->spi = rvl_cpu_to_le32(sa->spi);
	memcpy(cmd->src, sa->src, sizeof(sa->src));
	memcpy(cmd->dst, sa->dst, sizeof(sa->dst));
	cmd->udp_sport = rvl_cpu_to_le16(sa->udp_sport);
	if (!sa->inbound || sa->udp_dport != ENCAP_PORT)
		cmd->udp_dport = rvl_cpu_to_le16(sa->udp_dport);
	memcpy(&cmd->salt, sa->salt, sizeof(cmd->salt));
	memcpy(cmd->key, sa->key, sa->key_len);
	cmd->seq = rvl_cpu_to_le64(sa->seq);
	cmd->window = rvl_cpu_to_le32(sa->inbound ? sa->window : 0);
	cmd->soft_bytes = rvl_cpu_to_le64(sa->soft_bytes);
	cmd->hard_bytes = rvl_cpu_to_le64(sa->hard_bytes);
	cmd->soft_packets = rvl_cpu_to_le64(sa->soft_packets);
	cmd->hard_packets = rvl_cpu_to_le64(sa->hard_packets);
	if (sa->inbound && sa->selects)
		fill_selector(cmd, &sa->selector);
}

/* Take the index asked for, or any. cmd_lock is held. */
static int take_index(struct rvl_index_map *map, uint32_t *index, const char *what,
		      struct rvl_dev_error *err)
{
	int got;

	if (*index == RVL_INDEX_ANY) {
		got = rvl_index_take(map);
		if (got < 0)
			return rvl_fail(err, got, "%s: all %u indices are taken", what, map->count);
		*index = (uint32_t)got;
		return 0;
	}
	if (*index >= map->count)
		return rvl_fail(err, -EINVAL, "%s: index %u, the device has %u", what, *index,
				map->count);
	rvl_index_set(map, *index, true);
	return 0;
}

int rvl_dev_sa_add(struct rvl_dev *dev, const struct rvl_dev_sa *sa, uint32_t *index,
		   struct rvl_dev_error *err)
{
	struct rvl_index_map *map = &dev->sas[sa->inbound];
	struct rvl_cmd_cpl cpl;
	struct rvl_cmd cmd;
	bool was_taken;
	int ret = check_sa(dev, sa, err);

	if (ret)
		return ret;
	rvl_lock(&dev->cmd_lock);
	was_taken = *index < map->count && rvl_index_taken(map, *index);
	ret = take_index(map, index, "SA_ADD", err);
	if (!ret) {
		fill_sa(&cmd, sa, *index);
		ret = run(dev, &cmd, &cpl, err);
		rvl_memzero_explicit(&cmd, sizeof(cmd));
		/* Whatever the device says is at an index that it calls busy, keep away from it. */
		if (ret && ret != -EBUSY && !was_taken)
			rvl_index_set(map, *index, false);
	}
	rvl_unlock(&dev->cmd_lock);
	return ret;
}

static void fill_indexed(struct rvl_cmd *cmd, uint8_t opcode, bool inbound, uint32_t index)
{
	memset(cmd, 0, sizeof(*cmd));
	cmd->opcode = opcode;
	cmd->index = rvl_cpu_to_le24(index);
	cmd->sa_flags = rvl_cpu_to_le32(inbound ? RVL_SA_FLAG_INBOUND : 0);
}

int rvl_dev_sa_delete(struct rvl_dev *dev, bool inbound, uint32_t index, struct rvl_dev_error *err)
{
	struct rvl_index_map *map = &dev->sas[inbound];
	struct rvl_cmd_cpl cpl;
	struct rvl_cmd cmd;
	int ret;

	if (index >= map->count)
		return rvl_fail(err, -EINVAL, "SA_DELETE: index %u, the device has %u", index,
				map->count);
	fill_indexed(&cmd, RVL_CMD_OP_SA_DELETE, inbound, index);
	rvl_lock(&dev->cmd_lock);
	ret = run(dev, &cmd, &cpl, err);
	if (!ret || ret == -ENOENT)
		rvl_index_set(map, index, false);
	rvl_unlock(&dev->cmd_lock);
	return ret;
}

int rvl_dev_sa_query(struct rvl_dev *dev, bool inbound, uint32_t index,
		     struct rvl_dev_sa_stats *stats, struct rvl_dev_error *err)
{
	struct rvl_cmd_cpl cpl;
	struct rvl_cmd cmd;
	int ret;

	if (index >= dev->sas[inbound].count)
		return rvl_fail(err, -EINVAL, "SA_QUERY: index %u, the device has %u", index,
				dev->sas[inbound].count);
	fill_indexed(&cmd, RVL_CMD_OP_SA_QUERY, inbound, index);
	rvl_lock(&dev->cmd_lock);
	ret = run(dev, &cmd, &cpl, err);
	rvl_unlock(&dev->cmd_lock);
	if (ret)
		return ret;
	stats->packets = rvl_le64_to_cpu(cpl.packets);
	stats->bytes = rvl_le64_to_cpu(cpl.bytes);
	stats->seq = rvl_le64_to_cpu(cpl.seq);
	stats->drop_icv = rvl_le64_to_cpu(cpl.drop_icv);
	stats->drop_replay = rvl_le64_to_cpu(cpl.drop_replay);
	stats->drop_format = rvl_le64_to_cpu(cpl.drop_format);
	stats->drop_limit = rvl_le64_to_cpu(cpl.drop_limit);
	stats->drop_selectors = rvl_le64_to_cpu(cpl.drop_selectors);
	stats->state = rvl_le32_to_cpu(cpl.state);
	return 0;
}

static void fill_policy(struct rvl_cmd_policy *cmd, const struct rvl_dev_policy *policy,
			uint32_t index)
{
	memset(cmd, 0, sizeof(*cmd));
	cmd->opcode = RVL_CMD_OP_POLICY_SET;
	cmd->index = rvl_cpu_to_le24(index);
	cmd->action = policy->action;
	cmd->proto = policy->any_proto ? 0 : policy->proto;
	cmd->flags =
		rvl_cpu_to_le16((uint16_t)((policy->any_proto ? RVL_POLICY_FLAG_ANY_PROTO : 0) |
					   (policy->ipv6 ? RVL_POLICY_FLAG_IPV6 : 0)));
	cmd->priority = rvl_cpu_to_le32(policy->priority);
	memcpy(cmd->src, policy->src, sizeof(policy->src));
	memcpy(cmd->dst, policy->dst, sizeof(policy->dst));
	cmd->src_len = policy->src_len;
	cmd->dst_len = policy->dst_len;
	cmd->sa = rvl_cpu_to_le24(policy->action == RVL_POLICY_ACTION_PROTECT ? policy->sa : 0);
	cmd->sport_lo = rvl_cpu_to_le16(policy->sport_lo);
	cmd->sport_hi = rvl_cpu_to_le16(policy->sport_hi);
	cmd->dport_lo = rvl_cpu_to_le16(policy->dport_lo);
	cmd->dport_hi = rvl_cpu_to_le16(policy->dport_hi);
}

int rvl_dev_policy_set(struct rvl_dev *dev, const struct rvl_dev_policy *policy, uint32_t *index,
		       struct rvl_dev_error *err)
{
	struct rvl_cmd_policy cmd;
	struct rvl_cmd_cpl cpl;
	bool was_taken;
	int ret;

	if (policy->ipv6 && !(dev->caps.features & RVL_FEATURES_IPV6_MASK))
		return rvl_fail(err, -EOPNOTSUPP, "POLICY_SET: the device has no IPv6");
	rvl_lock(&dev->cmd_lock);
	was_taken = *index < dev->policies.count && rvl_index_taken(&dev->policies, *index);
	ret = take_index(&dev->policies, index, "POLICY_SET", err);
	if (!ret) {
		fill_policy(&cmd, policy, *index);
		ret = run(dev, &cmd, &cpl, err);
		if (ret && !was_taken)
			rvl_index_set(&dev->policies, *index, false);
	}
	rvl_unlock(&dev->cmd_lock);
	return ret;
}

int rvl_dev_policy_clear(struct rvl_dev *dev, uint32_t index, struct rvl_dev_error *err)
{
	struct rvl_cmd_cpl cpl;
	struct rvl_cmd cmd;
	int ret;

	if (index >= dev->policies.count)
		return rvl_fail(err, -EINVAL, "POLICY_CLEAR: index %u, the device has %u", index,
				dev->policies.count);
	fill_indexed(&cmd, RVL_CMD_OP_POLICY_CLEAR, false, index);
	rvl_lock(&dev->cmd_lock);
	ret = run(dev, &cmd, &cpl, err);
	if (!ret || ret == -ENOENT)
		rvl_index_set(&dev->policies, index, false);
	rvl_unlock(&dev->cmd_lock);
	return ret;
}
