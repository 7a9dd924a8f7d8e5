/* SPDX-License-Identifier: BSD-2-Clause */
/* Negotiation of a Child SA: SA, TSi and TSr payloads, both sides (RFC 7296, section 1.2). */
#include <errno.h>

#include "host/ike/sa.h"

struct offer {
	unsigned count;
	struct ike_proposal proposals[IKE_CONFIG_PROPOSALS_MAX];
};

/*
 * What of a child's proposals may be had. In IKE_AUTH there is no key exchange for the Child SA, so
 * no transforms for one either; and AH doesn't pass a NAT.
 */
static struct offer offer_of(const struct ike_engine *e, const struct ike_child_config *config,
			     const struct ike_path *path, bool over_nat, bool ke)
{
	struct offer all = {.count = config->proposal_count}, o = {.count = 0};
	const struct rvl_addr remote = ike_addr_ip(&path->remote);

	if (!(e->can.outer & rvl_family(&remote)) ||
	    (over_nat && !(e->can.encap & rvl_family(&remote))))
		return o;
	if (all.count)
		memcpy(all.proposals, config->proposals, all.count * sizeof(all.proposals[0]));
	else
		all.count = ike_proposal_defaults(IKE_PROTO_ESP, all.proposals);
	for (unsigned i = 0; i < all.count; i++) {
		struct ike_proposal *p = &o.proposals[o.count];

		*p = all.proposals[i];
		if ((over_nat && p->protocol == IKE_PROTO_AH) || !ike_proposal_fit(p, &e->can))
			continue;
		if (!ke)
			*p = ike_proposal_without(p, IKE_TRANSFORM_KE);
		o.count++;
	}
	return o;
}

static struct offer own_offer(const struct ike_engine *e, const struct ike_child *child, bool ke)
{
	return offer_of(e, child->config, &child->sa->path, child->over_nat, ke);
}

static enum ike_purpose purpose_of(bool ke)
{
	return ke ? IKE_PURPOSE_CHILD : IKE_PURPOSE_AUTH;
}

/* The group to begin with; none: no key exchange. */
uint16_t ike_child_group(const struct ike_engine *e, const struct ike_child *child)
{
	const struct offer o =
		offer_of(e, child->config, &child->sa->path, ike_path_nat(&child->sa->path), true);

	for (unsigned i = 0; o.count && i < o.proposals[0].count; i++) {
		if (o.proposals[0].transforms[i].type == IKE_TRANSFORM_KE)
			return o.proposals[0].transforms[i].id;
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

/* As far as the data path has it, and in transport mode of that host: the rest is narrowed away. */
static struct ike_ts_list had(const struct ike_engine *e, const struct ike_child_config *config,
			      const struct ike_ts_list *all, const struct ike_addr *host)
{
	struct ike_ts_list out = {.count = 0};

	if (config->mode == RVL_TRANSPORT)
		return ike_transport_hosts(all, host);
	for (unsigned i = 0; i < all->count; i++) {
		const struct rvl_addr addr = {.family = all->list[i].family};

		if (e->can.inner & rvl_family(&addr))
			out.list[out.count++] = all->list[i];
	}
	return out;
}

/* What is configured of one end of a child. */
struct ike_ts_list ike_own_ts(const struct ike_engine *e, const struct ike_sa *sa,
			      const struct ike_child_config *config)
{
	const struct ike_ts_list all = ike_sa_local_ts(sa, config);

	return had(e, config, &all, &sa->path.local);
}

struct ike_ts_list ike_peer_ts(const struct ike_engine *e, const struct ike_sa *sa,
			       const struct ike_child_config *config)
{
	const struct ike_ts_list all = ike_sa_remote_ts(sa, config);

	return had(e, config, &all, &sa->path.remote);
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

static const char *why_nothing(const struct ike_engine *e, const struct ike_child *child)
{
	const struct rvl_addr remote = ike_addr_ip(&child->sa->path.remote);

	if (!(e->can.outer & rvl_family(&remote)))
		return remote.family == 6 ? "the data path has no ESP over IPv6"
					  : "the data path has no ESP over IPv4";
	if (child->over_nat && !(e->can.encap & rvl_family(&remote)))
		return remote.family == 6 ? "the data path has no ESP in UDP over IPv6"
					  : "the data path has no ESP in UDP over IPv4";
	if (child->over_nat && offer_of(e, child->config, &child->sa->path, false, true).count)
		return "AH doesn't pass the NAT that is on the way";
	return "the data path has none of its algorithms";
}

/* Why ike_child_select() says -EAFNOSUPPORT. */
const char *ike_child_no_ts(const struct ike_child_config *config)
{
	return config->mode == RVL_TRANSPORT
		       ? "its selectors have nothing of the two hosts (mode = transport)"
		       : "the data path has nothing of its selectors";
}

/*
 * The SA payload; TSi and TSr follow with ike_child_offer_ts(). NULL, or why there is nothing to be
 * offered.
 */
const char *ike_child_offer(const struct ike_engine *e, struct ike_builder *b,
			    struct ike_child *child, bool ke)
{
	struct offer o;
	uint8_t spi[4];

	child->over_nat = ike_path_nat(&child->sa->path);
	child->mode =
		ike_transport_wanted(e, child->sa, child->config) ? RVL_TRANSPORT : RVL_TUNNEL;
	o = own_offer(e, child, ke);
	if (!o.count)
		return why_nothing(e, child);
	ike_resource_offer(child);
	ike_write_sa(b, o.proposals, o.count, spi_octets(child->spi_in, spi));
	return NULL;
}

/* In transport mode padding would be data: it is taken in tunnel mode only. */
static void write_mode(struct ike_builder *b, const struct ike_child *child)
{
	if (child->mode != RVL_TRANSPORT)
		return;
	ike_write_bare_notify(b, IKE_N_USE_TRANSPORT_MODE);
	ike_write_bare_notify(b, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED);
}

static bool says(const struct ike_in *in, uint16_t type)
{
	struct ike_notify n;

	return ike_find_notify(&in->payloads, type, &n);
}

void ike_child_offer_ts(struct ike_builder *b, const struct ike_child *child)
{
	write_ts(b, IKE_PAYLOAD_TSI, child->local_ts);
	write_ts(b, IKE_PAYLOAD_TSR, child->remote_ts);
	write_mode(b, child);
	ike_resource_write(b, child);
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

/* What a peer asks for, in one of the ways in which a configured child may be it. */
struct question {
	struct ike_sa_payload sa;
	struct ike_ts_payload tsi, tsr;
	bool transport;	 /* in transport mode */
	bool first_only; /* by one that takes the packet which the peer names first */
};

/* The selectors that both have. False: none, or not what it is about. */
static bool narrow(const struct ike_engine *e, const struct ike_sa *sa,
		   const struct ike_child_config *config, const struct question *q,
		   struct ike_ts_list *mine, struct ike_ts_list *theirs)
{
	if (q->transport && !ike_transport_wanted(e, sa, config))
		return false;
	*mine = ike_own_ts(e, sa, config);
	*theirs = ike_peer_ts(e, sa, config);
	if (q->first_only && (!ike_ts_payload_takes_first(&q->tsr, mine) ||
			      !ike_ts_payload_takes_first(&q->tsi, theirs)))
		return false;
	return ike_ts_payload_narrow(&q->tsr, mine, mine) &&
	       ike_ts_payload_narrow(&q->tsi, theirs, theirs);
}

/* Returns 0 and the new child, or NO_ADDITIONAL_SAS. */
static uint16_t take(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in,
		     const struct ike_child_config *config, const struct ike_child *old,
		     const struct question *q, const struct ike_ts_list *mine,
		     const struct ike_ts_list *theirs, struct ike_child **child)
{
	*child = ike_child_new(e, sa, config, old);
	if (!*child)
		return IKE_N_NO_ADDITIONAL_SAS;
	if (q->transport)
		(*child)->mode = RVL_TRANSPORT;
	(*child)->tfc = !q->transport && !says(in, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED);
	if (ike_child_set_ts(*child, mine, theirs) ||
	    (q->transport && ike_transport_keep_original(*child, &q->tsr, &q->tsi))) {
		ike_child_remove(e, *child, in->now, "out of memory");
		*child = NULL;
		return IKE_N_NO_ADDITIONAL_SAS;
	}
	return 0;
}

/*
 * Responder: find a configured child that takes the traffic selectors and a proposal, in transport
 * mode if the peer asks for it, or else in tunnel mode. Returns 0 and the new child, or the notify
 * that says why not; INVALID_SYNTAX is for the whole message. *name is the child that came closest,
 * for the operator. `old`, unless NULL, is what the peer rekeys, and it must be the same one; with
 * `ke` there is a key exchange, and the peer's KE payload is of prefer_group.
 */
uint16_t ike_child_accept(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
			  const struct ike_child *old, bool ke, uint16_t prefer_group,
			  struct ike_child **child, const char **name)
{
	bool transport = says(in, IKE_N_USE_TRANSPORT_MODE);
	unsigned count = sa->conn->child_count;
	struct ike_ts_list mine, theirs;
	uint16_t refusal = IKE_N_TS_UNACCEPTABLE;
	struct question asked = {.transport = false};

	*child = NULL;
	*name = count ? sa->conn->children[0].name : "";
	if (parse_child(in, &asked.sa, &asked.tsi, &asked.tsr))
		return IKE_N_INVALID_SYNTAX;
	/* One that takes the packet which the peer names first goes before one that doesn't. */
	for (unsigned i = transport ? 0 : 2 * count; i < 4 * count; i++) {
		const struct ike_child_config *config = &sa->conn->children[i % count];
		struct question q = asked;
		struct ike_suite suite;
		struct offer own;
		uint64_t spi;

		q.transport = i < 2 * count;
		q.first_only = i / count % 2 == 0;
		if (q.transport)
			ike_transport_substitute(sa, &q.tsr, &q.tsi);
		if ((old && config != old->config) || !narrow(e, sa, config, &q, &mine, &theirs))
			continue;
		*name = config->name;
		own = offer_of(e, config, &sa->path, ike_path_nat(&sa->path), ke);
		if (ike_proposal_select(purpose_of(ke), own.proposals, own.count, &asked.sa,
					prefer_group, &suite, &spi)) {
			refusal = IKE_N_NO_PROPOSAL_CHOSEN;
			continue;
		}
		refusal = take(e, sa, in, config, old, &q, &mine, &theirs, child);
		if (refusal)
			return refusal;
		(*child)->suite = suite;
		(*child)->spi_out = (uint32_t)spi;
		refusal = old ? 0 : ike_resource_accept(e, *child, in);
		if (refusal) {
			ike_child_remove(e, *child, in->now, NULL);
			*child = NULL;
			return refusal;
		}
		(*child)->more_ts = !old && !q.transport &&
				    has_more_ts(e, sa, config, &q.tsi, &q.tsr, &mine, &theirs);
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
	write_mode(b, child);
	ike_resource_write(b, child);
}

/* The mode of an answer. False: the peer has one that it wasn't asked for. */
static bool take_mode(struct ike_engine *e, struct ike_child *child, const struct ike_in *in)
{
	bool transport = says(in, IKE_N_USE_TRANSPORT_MODE);

	if (transport && child->mode != RVL_TRANSPORT)
		return false;
	if (!transport && child->mode == RVL_TRANSPORT)
		ike_log(e, IKE_LOG_INFO, child->sa,
			"child %s: the peer has it in tunnel mode instead of transport mode",
			child->config->name);
	child->mode = transport ? RVL_TRANSPORT : RVL_TUNNEL;
	child->tfc = !transport && !says(in, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED);
	return true;
}

/*
 * Initiator: take over the answer, which must lie within what was offered. Returns 0, or the
 * notify that we would have sent for it.
 */
uint16_t ike_child_complete(struct ike_engine *e, struct ike_child *child, const struct ike_in *in,
			    bool ke)
{
	struct offer own = own_offer(e, child, ke);
	struct ike_sa_payload answer;
	struct ike_ts_payload tsi, tsr;
	const struct ike_ts_list local_ts = ike_ts_kept(child->local_ts),
				 remote_ts = ike_ts_kept(child->remote_ts);
	struct ike_ts_list mine, theirs;
	struct ike_suite suite;
	uint64_t spi;

	if (parse_child(in, &answer, &tsi, &tsr))
		return IKE_N_INVALID_SYNTAX;
	if (ike_proposal_check_answer(purpose_of(ke), own.proposals, own.count, &answer, &suite,
				      &spi))
		return IKE_N_NO_PROPOSAL_CHOSEN;
	child->suite = suite;
	child->spi_out = (uint32_t)spi;
	if (!take_mode(e, child, in))
		return IKE_N_NO_PROPOSAL_CHOSEN;
	if (child->mode == RVL_TRANSPORT) {
		if (ike_transport_keep_original(child, &tsi, &tsr))
			return IKE_N_TS_UNACCEPTABLE;
		ike_transport_substitute(child->sa, &tsi, &tsr);
	}
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
	child->more_ts = says(in, IKE_N_ADDITIONAL_TS_POSSIBLE);
	return ike_resource_complete(e, child, in) ? 0 : IKE_N_NO_PROPOSAL_CHOSEN;
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
		return ": wrong key, certificate or identity?";
	case IKE_N_NO_PROPOSAL_CHOSEN:
		return ": it accepts none of our proposals for the Child SA";
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
