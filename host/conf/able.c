// SPDX-License-Identifier: BSD-2-Clause
/* What is configured, held against what a data path can do. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "host/conf/conf.h"
#include "host/ike/ability.h"

struct place {
	const struct conf_connection *connection;
	const struct conf_child *child;
	struct conf_error *error;
};

__attribute__((format(printf, 3, 4))) static int fail(const struct place *at, enum conf_ability key,
						      const char *format, ...)
{
	static const char *const keys[] = {
		[CONF_ESP_PROPOSALS] = ".esp_proposals",
		[CONF_AH_PROPOSALS] = ".ah_proposals",
		[CONF_MODE] = ".mode",
		[CONF_REPLAY_WINDOW] = ".replay_window",
		[CONF_TFC_PADDING] = ".tfc_padding",
		[CONF_COPY_ECN] = ".copy_ecn",
		[CONF_COPY_DSCP] = ".copy_dscp",
		[CONF_IF_ID_IN] = ".if_id_in",
		[CONF_IF_ID_OUT] = ".if_id_out",
		[CONF_MARK_IN] = ".mark_in",
		[CONF_MARK_OUT] = ".mark_out",
		[CONF_SET_MARK_IN] = ".set_mark_in",
		[CONF_SET_MARK_OUT] = ".set_mark_out",
		[CONF_PER_CPU] = ".per_cpu_sas",
	};
	unsigned int line = at->child->lines[key];
	char what[640];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(at->error->text, sizeof(at->error->text),
		 "%s:%u: connections.%s.children.%s%s: the data path has no %s", at->child->file,
		 line ? line : at->child->line, at->connection->name, at->child->name,
		 line ? keys[key] : "", what);
	return -EINVAL;
}

/* Of defaults what isn't had is left out, as long as something is left. */
static int check_proposals(const struct place *at, const struct rvl_abilities *can)
{
	const struct conf_child *child = at->child;
	char lacking[96], algorithms[512];
	bool any = false;

	for (unsigned int i = 0; i < child->proposal_count; i++) {
		struct ike_proposal p = child->proposals[i];
		bool ah = p.protocol == IKE_PROTO_AH;

		if (child->default_proposals >> i & 1) {
			any |= ike_proposal_fit(&p, can);
			continue;
		}
		any = true;
		if (!ike_proposal_lacks(&p, can, lacking, sizeof(lacking)))
			continue;
		rvl_abilities_algorithms(can, algorithms, sizeof(algorithms));
		return fail(at, ah ? CONF_AH_PROPOSALS : CONF_ESP_PROPOSALS, "%s; it has %s",
			    lacking, algorithms);
	}
	return any ? 0 : fail(at, CONF_ESP_PROPOSALS, "algorithm of those that are the default");
}

static bool is_set(const struct rvl_label *label)
{
	return label->choice != RVL_LABEL_GIVEN || label->value || label->mask;
}

static int check_labels(const struct place *at, const struct rvl_abilities *can)
{
	const struct rvl_labels *l = &at->child->labels;
	const struct {
		enum conf_ability key;
		const struct rvl_label *label;
		bool can;
	} labels[] = {
		{CONF_IF_ID_IN, &l->if_id_in, can->if_ids},
		{CONF_IF_ID_OUT, &l->if_id_out, can->if_ids},
		{CONF_MARK_IN, &l->mark_in, can->marks},
		{CONF_MARK_OUT, &l->mark_out, can->marks},
		{CONF_SET_MARK_IN, &l->set_mark_in, can->marks},
		{CONF_SET_MARK_OUT, &l->set_mark_out, can->marks},
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (is_set(labels[i].label) && !labels[i].can)
			return fail(at, labels[i].key, "%s",
				    i < 2 ? "XFRM interfaces (backend xfrm has)"
					  : "marks of packets (backend xfrm has)");
	return 0;
}

static int check_child(const struct place *at, const struct rvl_abilities *can)
{
	const struct conf_child *child = at->child;

	if (!(can->modes >> child->mode & 1))
		return fail(at, CONF_MODE, "%s mode",
			    child->mode == RVL_TRANSPORT ? "transport" : "tunnel");
	if (child->replay_window > can->window)
		return fail(at, CONF_REPLAY_WINDOW, "window of more than %u packets", can->window);
	if (child->tfc && !can->tfc)
		return fail(at, CONF_TFC_PADDING, "TFC padding");
	if (child->no_ecn && !can->headers)
		return fail(at, CONF_COPY_ECN, "other rule for ECN than RFC 6040's");
	if (child->copy_dscp >= CONF_DSCP_IN && !can->headers)
		return fail(at, CONF_COPY_DSCP, "DSCP that is copied inwards");
	if (child->per_cpu && !can->per_cpu)
		return fail(at, CONF_PER_CPU,
			    "SAs of processors (backend xfrm has, on Linux 6.13)");
	if (check_labels(at, can))
		return -EINVAL;
	return check_proposals(at, can);
}

static int check_shunt(const struct conf_connection *c, const struct conf_shunt *shunt,
		       const struct rvl_abilities *can, struct conf_error *error)
{
	const struct rvl_scopes scopes = conf_given_scopes(&shunt->labels);
	const char *lack = rvl_abilities_lack_scopes(can, &scopes);

	if (!lack)
		return 0;
	snprintf(error->text, sizeof(error->text),
		 "%s:%u: connections.%s.children.%s: the data path has no %s", shunt->file,
		 shunt->line, c->name, shunt->name, lack);
	return -EINVAL;
}

/* Where nothing says which family, it is seen when a Child SA is negotiated. */
static int check_families(const struct conf *conf, const struct conf_connection *c,
			  const struct rvl_abilities *can, struct conf_error *error)
{
	const char *lack = NULL;

	if (conf_connection_family(c) == 6 && !(can->outer & RVL_FAMILY_IPV6))
		lack = "its addresses are IPv6, and the data path has no ESP over IPv6";
	else if (conf_connection_ipv6_inside(conf, c) && !(can->inner & RVL_FAMILY_IPV6))
		lack = "IPv6 is inside of its tunnels, and the data path has no IPv6 inside";
	if (!lack)
		return 0;
	snprintf(error->text, sizeof(error->text), "%s:%u: connections.%s: %s", c->file, c->line,
		 c->name, lack);
	return -EINVAL;
}

int conf_check_abilities(const struct conf *conf, const struct rvl_abilities *can,
			 struct conf_error *error)
{
	int err = 0;

	for (size_t i = 0; !err && i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		err = check_families(conf, c, can, error);
		for (size_t k = 0; !err && k < c->child_count; k++) {
			const struct place at = {c, &c->children[k], error};

			err = check_child(&at, can);
		}
		for (size_t k = 0; !err && k < c->shunt_count; k++)
			err = check_shunt(c, &c->shunts[k], can, error);
	}
	return err;
}

/* ESP (RFC 4303, section 2): header, IV, padding to whole blocks with its length and the next
 * header, ICV. AH (RFC 4302, section 2) has no room to spare in UDP, and takes less. */
static unsigned int fits(const struct rvl_encr *encr, const struct rvl_integ *integ,
			 unsigned int room)
{
	enum { HEADER = 8, TRAILER = 2, ALIGNMENT = 4 };
	unsigned int block = encr->block > ALIGNMENT ? encr->block : ALIGNMENT;
	unsigned int icv = encr->icv ? encr->icv : integ ? integ->icv : 0;

	return (room - HEADER - encr->iv - icv) / block * block - TRAILER;
}

static unsigned int least_of(const struct ike_proposal *p, unsigned int room)
{
	unsigned int least = room;

	for (unsigned int i = 0; i < p->count; i++) {
		const struct rvl_encr *encr = ike_encr_row(&p->transforms[i]);

		for (unsigned int k = 0; encr && k < p->count; k++) {
			const struct ike_transform *t = &p->transforms[k];
			const struct rvl_integ *integ =
				t->type == IKE_TRANSFORM_INTEG ? rvl_integ_find(t->id) : NULL;
			unsigned int mtu = fits(encr, integ, room);

			least = mtu < least ? mtu : least;
		}
	}
	return least;
}

unsigned int conf_inner_mtu(const struct conf *conf, const struct rvl_abilities *can,
			    unsigned int room)
{
	unsigned int least = room;

	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		for (size_t k = 0; k < c->child_count; k++) {
			const struct conf_child *child = &c->children[k];

			for (unsigned int n = 0; n < child->proposal_count; n++) {
				const bool counts = !(child->default_proposals >> n & 1) || !n;
				struct ike_proposal p = child->proposals[n];
				unsigned int mtu = counts && ike_proposal_fit(&p, can)
							   ? least_of(&p, room)
							   : room;

				least = mtu < least ? mtu : least;
			}
		}
	}
	return least;
}
