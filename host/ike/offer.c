/* SPDX-License-Identifier: BSD-2-Clause */
/* Negotiation of a Child SA: SA, TSi and TSr payloads, both sides (RFC 7296, section 1.2). */
#include <errno.h>

#include "host/ike/sa.h"

struct offer {
	unsigned count;
	struct ike_proposal proposals[IKE_CONFIG_PROPOSALS_MAX];
};

/* In IKE_AUTH there is no key exchange for the Child SA, so no transforms for one either. */
static struct offer offer_of(const struct ike_child_config *config, bool ke)
{
	struct offer o = {.count = config->proposal_count};

	if (o.count)
		memcpy(o.proposals, config->proposals, o.count * sizeof(o.proposals[0]));
	else
		o.count = ike_proposal_defaults(IKE_PROTO_ESP, o.proposals);
	for (unsigned i = 0; i < o.count && !ke; i++)
		o.proposals[i] = ike_proposal_without(&o.proposals[i], IKE_TRANSFORM_KE);
	return o;
}

static enum ike_purpose purpose_of(bool ke)
{
	return ke ? IKE_PURPOSE_CHILD : IKE_PURPOSE_AUTH;
}

/* The group to begin with; none: no key exchange. */
uint16_t ike_child_group(const struct ike_child_config *config)
{
	for (unsigned i = 0; config->proposal_count && i < config->proposals[0].count; i++) {
		if (config->proposals[0].transforms[i].type == IKE_TRANSFORM_KE)
			return config->proposals[0].transforms[i].id;
	}
	return IKE_GROUP_NONE;
}

bool ike_child_offers_group(const struct ike_child_config *config, uint16_t group)
{
	for (unsigned i = 0; i < config->proposal_count; i++) {
		if (ike_proposal_has(&config->proposals[i], IKE_TRANSFORM_KE, group))
			return true;
	}
	return false;
}

static void write_ts(struct ike_builder *b, uint8_t payload, const struct ike_ts_kept *kept)
{
	const struct ike_ts_list list = ike_ts_kept(kept);

	ike_write_ts(b, payload, &list);
}

static struct ike_slice spi_octets(uint32_t spi, uint8_t out[4])
{
	struct ike_writer w = ike_writer(out, 4);

	ike_put_u32(&w, spi);
	return ike_written(&w);
}

/* As far as the data path has it: the rest is narrowed away. */
static struct ike_ts_list had(const struct ike_engine *e, const struct ike_ts_list *all)
{
	struct ike_ts_list out = {.count = 0};

	for (unsigned i = 0; i < all->count; i++)
		if (all->list[i].family == 4 || !e->config.no_inner_ipv6)
			out.list[out.count++] = all->list[i];
	return out;
}

/* What is configured of one end of a child. */
struct ike_ts_list ike_own_ts(const struct ike_engine *e, const struct ike_sa *sa,
			      const struct ike_child_config *config)
{
	const struct ike_ts_list all = ike_sa_local_ts(sa, config);

	return had(e, &all);
}

struct ike_ts_list ike_peer_ts(const struct ike_engine *e, const struct ike_sa *sa,
			       const struct ike_child_config *config)
{
	const struct ike_ts_list all = ike_sa_remote_ts(sa, config);

	return had(e, &all);
}

/*
 * Initiator: all that the configuration says; a packet that waits for the Child SA comes first, so
 * that a peer which narrows keeps that (section 2.9). Or nothing but one pair. Returns 0, -ENOMEM,
 * or -EAFNOSUPPORT when the data path has nothing of it.
 */
int ike_child_select(const struct ike_engine *e, struct ike_child *child, const struct ike_ask *ask)
{
	struct ike_ts_list local = ike_own_ts(e, child->sa, child->config);
	struct ike_ts_list remote = ike_peer_ts(e, child->sa, child->config);

	if (!local.count || !remote.count)
		return -EAFNOSUPPORT;
	child->alone = ask->alone;
	if (ask->alone)
		local.count = remote.count = 0;
	if (ask->first[0].family) {
		ike_ts_put_first(&local, &ask->first[0]);
		ike_ts_put_first(&remote, &ask->first[1]);
	}
	return ike_child_set_ts(child, &local, &remote);
}

/* The SA payload; TSi and TSr follow with ike_child_offer_ts(). */
void ike_child_offer(struct ike_builder *b, const struct ike_child *child, bool ke)
{
	struct offer o = offer_of(child->config, ke);
	uint8_t spi[4];

	ike_write_sa(b, o.proposals, o.count, spi_octets(child->spi_in, spi));
}

void ike_child_offer_ts(struct ike_builder *b, const struct ike_child *child)
{
	write_ts(b, IKE_PAYLOAD_TSI, child->local_ts);
	write_ts(b, IKE_PAYLOAD_TSR, child->remote_ts);
	ike_write_bare_notify(b, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED);
}

static int parse_child(const struct ike_in *in, struct ike_sa_payload *sa,
		       struct ike_ts_payload *tsi, struct ike_ts_payload *tsr)
{
	struct ike_slice sa_body = {0}, tsi_body = {0}, tsr_body = {0};
	int err = ike_payloads_one(&in->payloads, IKE_PAYLOAD_SA, &sa_body);

	if (!err)
		err = ike_payloads_one(&in->payloads, IKE_PAYLOAD_TSI, &tsi_body);
	if (!err)
		err = ike_payloads_one(&in->payloads, IKE_PAYLOAD_TSR, &tsr_body);
	if (!err)
		err = ike_parse_sa(sa_body, sa);
	if (!err)
		err = ike_parse_ts(tsi_body, tsi);
	return err ? err : ike_parse_ts(tsr_body, tsr);
}

/* Would one that is configured beside the child take what it doesn't (section 2.9)? */
static bool has_more_ts(const struct ike_engine *e, const struct ike_sa *sa,
			const struct ike_child_config *chosen, const struct ike_ts_payload *tsi,
			const struct ike_ts_payload *tsr, const struct ike_ts_list *mine,
			const struct ike_ts_list *theirs)
{
	for (unsigned i = 0; i < sa->conn->child_count; i++) {
		const struct ike_child_config *config = &sa->conn->children[i];
		struct ike_ts_list local = ike_own_ts(e, sa, config);
		struct ike_ts_list remote = ike_peer_ts(e, sa, config);

		if (config != chosen && ike_ts_payload_narrow(tsr, &local, &local) &&
		    ike_ts_payload_narrow(tsi, &remote, &remote) &&
		    !(ike_ts_subset(&local, mine) && ike_ts_subset(&remote, theirs)))
			return true;
	}
	return false;
}

/*
 * Responder: find a configured child that takes the traffic selectors and a proposal.
 * Returns 0 and the new child, or the notify that says why not; INVALID_SYNTAX is for the whole
 * message. *name is the child that came closest, for the operator. `only`, unless NULL, is the one
 * that it must be; with `ke` there is a key exchange, and the peer's KE payload is of prefer_group.
 */
uint16_t ike_child_accept(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
			  const struct ike_child_config *only, bool ke, uint16_t prefer_group,
			  struct ike_child **child, const char **name)
{
	struct ike_sa_payload offered;
	struct ike_ts_payload tsi, tsr;
	struct ike_ts_list mine, theirs;
	uint16_t refusal = IKE_N_TS_UNACCEPTABLE;
	bool first_only;

	*child = NULL;
	*name = sa->conn->child_count ? sa->conn->children[0].name : "";
	if (parse_child(in, &offered, &tsi, &tsr))
		return IKE_N_INVALID_SYNTAX;
	/* One that takes the packet which the peer names first goes before one that doesn't. */
	for (unsigned i = 0; i < 2 * sa->conn->child_count; i++) {
		const struct ike_child_config *config =
			&sa->conn->children[i % sa->conn->child_count];
		struct offer own = offer_of(config, ke);
		struct ike_suite suite;
		uint64_t spi;

		first_only = i < sa->conn->child_count;
		if (only && config != only)
			continue;
		mine = ike_own_ts(e, sa, config);
		theirs = ike_peer_ts(e, sa, config);
		if (first_only && (!ike_ts_payload_takes_first(&tsr, &mine) ||
				   !ike_ts_payload_takes_first(&tsi, &theirs)))
			continue;
		if (!ike_ts_payload_narrow(&tsr, &mine, &mine) ||
		    !ike_ts_payload_narrow(&tsi, &theirs, &theirs))
			continue;
		*name = config->name;
		if (ike_proposal_select(purpose_of(ke), own.proposals, own.count, &offered,
					prefer_group, &suite, &spi)) {
			refusal = IKE_N_NO_PROPOSAL_CHOSEN;
			continue;
		}
		*child = ike_child_new(e, sa, config);
		if (!*child)
			return IKE_N_NO_ADDITIONAL_SAS;
		(*child)->suite = suite;
		(*child)->spi_out = (uint32_t)spi;
		(*child)->more_ts = !only && has_more_ts(e, sa, config, &tsi, &tsr, &mine, &theirs);
		if (ike_child_set_ts(*child, &mine, &theirs)) {
			ike_child_remove(e, *child, in->now, "out of memory");
			*child = NULL;
			return IKE_N_NO_ADDITIONAL_SAS;
		}
		return 0;
	}
	return refusal;
}

void ike_child_answer(struct ike_builder *b, const struct ike_child *child)
{
	uint8_t spi[4];

	ike_write_sa_answer(b, &child->suite, spi_octets(child->spi_in, spi));
}

void ike_child_answer_ts(struct ike_builder *b, const struct ike_child *child)
{
	write_ts(b, IKE_PAYLOAD_TSI, child->remote_ts);
	write_ts(b, IKE_PAYLOAD_TSR, child->local_ts);
	if (child->more_ts)
		ike_write_bare_notify(b, IKE_N_ADDITIONAL_TS_POSSIBLE);
	ike_write_bare_notify(b, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED);
}

/*
 * Initiator: take over the answer, which must lie within what was offered. Returns 0, or the
 * notify that we would have sent for it.
 */
uint16_t ike_child_complete(struct ike_child *child, const struct ike_in *in, bool ke)
{
	struct offer own = offer_of(child->config, ke);
	struct ike_sa_payload answer;
	struct ike_ts_payload tsi, tsr;
	const struct ike_ts_list local_ts = ike_ts_kept(child->local_ts),
				 remote_ts = ike_ts_kept(child->remote_ts);
	struct ike_ts_list mine, theirs;
	struct ike_suite suite;
	struct ike_notify n;
	uint64_t spi;

	if (parse_child(in, &answer, &tsi, &tsr))
		return IKE_N_INVALID_SYNTAX;
	if (ike_proposal_check_answer(purpose_of(ke), own.proposals, own.count, &answer,
				      &suite, &spi))
		return IKE_N_NO_PROPOSAL_CHOSEN;
	child->suite = suite;
	child->spi_out = (uint32_t)spi;
	if (ike_ts_payload_check_answer(&tsi, &local_ts, &mine) ||
	    ike_ts_payload_check_answer(&tsr, &remote_ts, &theirs))
		return IKE_N_TS_UNACCEPTABLE;
	/* Any address was offered where one was asked for: it is known now (section 2.19). */
	if (child->sa->lease) {
		mine = ike_sa_local_ts(child->sa, child->config);
		if (!ike_ts_payload_narrow(&tsi, &mine, &mine))
			return IKE_N_TS_UNACCEPTABLE;
	}
	if (ike_child_set_ts(child, &mine, &theirs))
		return IKE_N_TS_UNACCEPTABLE;
	child->more_ts = ike_find_notify(&in->payloads, IKE_N_ADDITIONAL_TS_POSSIBLE, &n);
	return 0;
}

/* The first error notify, or 0. */
uint16_t ike_first_error(const struct ike_payloads *p)
{
	struct ike_payload payload;
	struct ike_notify n;

	for (struct ike_walk w = ike_payloads_walk(p); ike_payloads_next(&w, &payload);) {
		if (payload.type == IKE_PAYLOAD_NOTIFY && ike_parse_notify(payload.body, &n) == 0 &&
		    n.type < IKE_N_STATUS_FIRST)
			return n.type;
	}
	return 0;
}

/* What may lie behind a peer's error, for an operator. */
const char *ike_explain(uint16_t type)
{
	switch (type) {
	case IKE_N_AUTHENTICATION_FAILED:
		return ": wrong pre-shared key or identity?";
	case IKE_N_NO_PROPOSAL_CHOSEN:
		return ": it accepts none of our ESP proposals";
	case IKE_N_TS_UNACCEPTABLE:
		return ": its traffic selectors have nothing in common with ours";
	case IKE_N_INTERNAL_ADDRESS_FAILURE:
		return ": it has no address for us, as it has no pool or none is left";
	case IKE_N_SINGLE_PAIR_REQUIRED:
		return ": it takes one pair of selectors in a Child SA, and these are too many";
	case IKE_N_NO_ADDITIONAL_SAS:
		return ": its data path refused the Child SA, or it has too many";
	default:
		return "";
	}
}
