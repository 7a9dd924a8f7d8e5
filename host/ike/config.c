/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/config.h"

#include <stdlib.h>

struct ike_connection *ike_connection_new(const char *name)
{
	struct ike_connection *conn;

	if (strlen(name) >= IKE_NAME_MAX)
		return NULL;
	conn = calloc(1, sizeof(*conn));
	if (!conn)
		return NULL;
	strcpy(conn->name, name);
	/* 4, 7.2, 13, 23, 42 and 76 seconds: what operators know from other IKE daemons */
	conn->retransmit_ms = 4000;
	conn->retransmit_percent = 180;
	conn->retransmit_tries = 5;
	return conn;
}

struct ike_child_config *ike_connection_add_child(struct ike_connection *conn, const char *name)
{
	struct ike_child_config *children;

	if (strlen(name) >= IKE_NAME_MAX)
		return NULL;
	for (unsigned i = 0; i < conn->child_count; i++) {
		if (strcmp(conn->children[i].name, name) == 0)
			return NULL;
	}
	children = realloc(conn->children, (conn->child_count + 1) * sizeof(*children));
	if (!children)
		return NULL;
	conn->children = children;
	children += conn->child_count++;
	memset(children, 0, sizeof(*children));
	strcpy(children->name, name);
	children->policy.replay_window = 1024;
	return children;
}

void ike_connection_free(struct ike_connection *conn)
{
	if (!conn)
		return;
	ike_hosts_clear(&conn->local);
	ike_hosts_clear(&conn->remote);
	ike_hosts_clear(&conn->redirect_to);
	ike_buffer_free(&conn->auth.authorities);
	free(conn->children);
	free(conn);
}
