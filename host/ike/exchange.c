/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of exchanges. A new one is a file and a row. */
#include "host/ike/sa.h"

enum {
	CONNECTING = 1u << IKE_STATE_CONNECTING,
	HALF_OPEN = 1u << IKE_STATE_HALF_OPEN,
	ESTABLISHED = 1u << IKE_STATE_ESTABLISHED,
	DELETING = 1u << IKE_STATE_DELETING,
	REFUSED = 1u << IKE_STATE_REFUSED,
	REKEYED = 1u << IKE_STATE_REKEYED,
};

const struct ike_exchange ike_exchanges[IKE_EXCHANGES] = {
	[IKE_EXCHANGE_INIT] =
		{
			.type = IKE_SA_INIT,
			.name = "IKE_SA_INIT",
			.start_states = CONNECTING,
			.size = sizeof(struct ike_init_task),
			.start = ike_init_start,
			.request = ike_init_request,
			.response = ike_init_response,
		},
	[IKE_EXCHANGE_AUTH] =
		{
			.type = IKE_AUTH,
			.name = "IKE_AUTH",
			.start_states = CONNECTING,
			.request_states = HALF_OPEN,
			.size = sizeof(struct ike_auth_task),
			.start = ike_auth_start,
			.request = ike_auth_request,
			.response = ike_auth_response,
			.forget = ike_auth_forget,
		},
	/* The peer's requests of all kinds are taken by this row. */
	[IKE_EXCHANGE_NEW_CHILD] =
		{
			.type = IKE_CREATE_CHILD_SA,
			.name = "CREATE_CHILD_SA",
			.start_states = ESTABLISHED,
			.request_states = ESTABLISHED | REKEYED | DELETING,
			.size = sizeof(struct ike_create_task),
			.start = ike_child_start,
			.request = ike_create_child_request,
			.response = ike_child_response,
			.forget = ike_rekey_forget, /* the peer's may be about the IKE SA */
		},
	[IKE_EXCHANGE_REKEY_CHILD] =
		{
			.type = IKE_CREATE_CHILD_SA,
			.name = "the rekeying of a Child SA",
			.start_states = ESTABLISHED,
			.size = sizeof(struct ike_create_task),
			.start = ike_child_start,
			.response = ike_child_response,
			.forget = ike_child_forget,
		},
	[IKE_EXCHANGE_REKEY_IKE] =
		{
			.type = IKE_CREATE_CHILD_SA,
			.name = "the rekeying of the IKE SA",
			.start_states = ESTABLISHED,
			.size = sizeof(struct ike_create_task),
			.start = ike_rekey_start,
			.response = ike_rekey_response,
			.forget = ike_rekey_forget,
		},
	[IKE_EXCHANGE_LIVENESS] =
		{
			.type = IKE_INFORMATIONAL,
			.name = "the liveness check",
			.start_states = ESTABLISHED,
			.request_states = ESTABLISHED | REKEYED | DELETING,
			.size = sizeof(struct ike_task),
			.start = ike_liveness_start,
			.request = ike_informational_request,
			.response = ike_liveness_response,
		},
	[IKE_EXCHANGE_ADDRESSES] =
		{
			.type = IKE_INFORMATIONAL,
			.name = "the update of addresses",
			.start_states = ESTABLISHED,
			.size = sizeof(struct ike_addresses_task),
			.start = ike_addresses_start,
			.response = ike_addresses_response,
		},
	[IKE_EXCHANGE_PROBE] =
		{
			.type = IKE_INFORMATIONAL,
			.name = "the probe of the path",
			.start_states = ESTABLISHED,
			.size = sizeof(struct ike_probe_task),
			.start = ike_probe_start,
			.response = ike_probe_response,
		},
	[IKE_EXCHANGE_REDIRECT] =
		{
			.type = IKE_INFORMATIONAL,
			.name = "the redirect",
			.start_states = ESTABLISHED,
			.size = sizeof(struct ike_redirect_task),
			.start = ike_redirect_start,
			.response = ike_redirect_response,
			.forget = ike_redirect_forget,
		},
	[IKE_EXCHANGE_DELETE_CHILD] =
		{
			.type = IKE_INFORMATIONAL,
			.name = "a delete",
			.start_states = ESTABLISHED,
			.size = sizeof(struct ike_delete_task),
			.start = ike_delete_child_start,
			.response = ike_delete_child_response,
			.forget = ike_delete_forget,
		},
	[IKE_EXCHANGE_DELETE_IKE] =
		{
			.type = IKE_INFORMATIONAL,
			.name = "a delete",
			.start_states = DELETING,
			.size = sizeof(struct ike_delete_task),
			.start = ike_delete_ike_start,
			.response = ike_delete_ike_response,
		},
	[IKE_EXCHANGE_REFUSE] =
		{
			.type = IKE_INFORMATIONAL,
			.name = "a refusal",
			.start_states = REFUSED,
			.size = sizeof(struct ike_delete_task),
			.start = ike_refuse_start,
			.response = ike_delete_ike_response,
		},
};

const struct ike_exchange *ike_exchange_for_request(uint8_t type)
{
	for (unsigned i = 0; i < IKE_EXCHANGES; i++) {
		if (ike_exchanges[i].type == type && ike_exchanges[i].request)
			return &ike_exchanges[i];
	}
	return NULL;
}
