/* SPDX-License-Identifier: BSD-2-Clause */
/* From sections of the tree to the structures of conf.h. */
#ifndef RVL_CONF_BIND_H
#define RVL_CONF_BIND_H

#include "host/conf/absent.h"
#include "host/conf/conf.h"
#include "host/conf/value.h"

/* A key that a section may hold and what it does to the object. `prefix` allows any suffix. */
struct conf_binding {
	const char *name;
	int (*set)(const struct conf_value *v, void *object);
	bool prefix;
};

/*
 * Apply every key of a section to the object by a table that ends with a NULL name. A key that
 * neither it nor the table of what is absent has is an error.
 */
int conf_bind(const struct conf_section *section, const struct conf_binding *table,
	      const struct conf_absent *absent, void *object, struct conf_error *error);

/* -EINVAL for a section other than those named (ends with NULL; "local*" allows any suffix), and
 * for one that is absent and not empty. */
int conf_only_sections(const struct conf_section *section, const char *const *names,
		       const struct conf_absent *absent, struct conf_error *error);

/* Copy a section's name; too long a one is an error. */
int conf_bind_name(const struct conf_section *section, char out[CONF_NAME_MAX],
		   struct conf_error *error);

int conf_bind_daemon(const struct conf_section *section, struct conf_daemon *daemon,
		     struct conf_error *error);

/* Section raveld.radius. */
int conf_bind_radius(const struct conf_section *section, struct conf_radius *radius,
		     struct conf_error *error);

/* A secret in words, or after 0x or 0s; not empty. */
int conf_bind_octets(const struct conf_value *v, struct ike_secret *secret);

int conf_bind_connection(const struct conf_section *section, struct conf_connection *connection,
			 struct conf_error *error);
int conf_bind_child(const struct conf_section *section, struct conf_child *child,
		    struct conf_error *error);
int conf_bind_pool(const struct conf_section *section, struct conf_pool *pool,
		   struct conf_error *error);
int conf_bind_secret(const struct conf_section *section, struct conf_secret *secret,
		     struct conf_error *error);

/* A post-quantum pre-shared key, which has an identity. */
int conf_bind_ppk(const struct conf_section *section, struct conf_secret *secret,
		  struct conf_error *error);

/* One of EAP's, which says whose it is. */
int conf_bind_user(const struct conf_section *section, struct conf_secret *secret,
		   struct conf_error *error);

int conf_bind_token(const struct conf_section *section, struct conf_token *token,
		    struct conf_error *error);
int conf_bind_private(const struct conf_section *section, struct conf_private *private,
		      struct conf_error *error);

/* The sections local* or remote*, one or two of them; *seen: there is one. */
int conf_bind_auth(const struct conf_section *section, bool local, bool *seen,
		   struct conf_connection *c, struct conf_error *error);
void conf_auth_clear(struct conf_auth *auth);

/* Can it be an address of an end of an IKE SA, as far as it is IPv6? item: its text. */
int conf_check_addr(const struct conf_value *v, const char *item, const struct ike_addr *addr);

/* One gateway, an address or a DNS name. */
int conf_bind_gateway(const struct conf_value *v, struct ike_hosts *gateway);

/* A number of an XFRM interface, or of netfilter's marks: one that is to be matched, or that is to
 * be set. */
int conf_bind_if_id(const struct conf_value *v, struct rvl_label *label);
int conf_bind_mark(const struct conf_value *v, struct rvl_label *label);
int conf_bind_set_mark(const struct conf_value *v, struct rvl_label *label);

/* What of a child's follows from the rest of it, and from its connection. */
void conf_finish_labels(const struct conf_connection *c, struct rvl_labels *labels);

/* Proposals of a protocol, and which of them `default` stands for: 1 << place. */
struct conf_proposals {
	uint8_t protocol;
	unsigned int count;
	unsigned int defaults;
	struct ike_proposal list[CONF_PROPOSALS_MAX];
};

/* A list of them, for IKE_PROTO_IKE, IKE_PROTO_ESP or IKE_PROTO_AH. */
int conf_bind_proposals(const struct conf_value *v, uint8_t protocol,
			struct conf_proposals *proposals);

#endif
