/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CREATE_CHILD_SA (RFC 7296, section 1.3). This implementation negotiates its Child SA in IKE_AUTH
 * and takes no more after that; a peer's request is declined as section 1.3 provides:
 *
 *   HDR, SK {SA, Ni, [KEi,] ..}  -->    <--  HDR, SK {N(NO_ADDITIONAL_SAS)}
 */
#include "host/ike/sa.h"

enum ike_step ike_create_child_request(struct ike_engine *e, struct ike_sa *sa,
				       struct ike_task *task, struct ike_in *in)
{
	struct ike_slice body;

	(void)task;
	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_SA, &body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_NONCE, &body)) {
		ike_respond_notify(e, sa, IKE_CREATE_CHILD_SA, IKE_N_INVALID_SYNTAX,
				   ike_slice(NULL, 0));
		ike_sa_down(e, sa, "peer's CREATE_CHILD_SA request is malformed");
		return IKE_DONE;
	}
	ike_log(e, IKE_LOG_INFO, sa, "peer's CREATE_CHILD_SA declined with NO_ADDITIONAL_SAS");
	return ike_respond_notify(e, sa, IKE_CREATE_CHILD_SA, IKE_N_NO_ADDITIONAL_SAS,
				  ike_slice(NULL, 0));
}
