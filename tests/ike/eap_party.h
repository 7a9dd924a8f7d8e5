/* SPDX-License-Identifier: BSD-2-Clause */
/* Who does the core's jobs of EAP where there is no configuration: the methods themselves, with one
 * user. */
#ifndef RAVELIN_TESTS_IKE_EAP_PARTY_H
#define RAVELIN_TESTS_IKE_EAP_PARTY_H

#include "host/ike/job.h"

struct eap_party {
	uint8_t methods; /* 1 << enum eap_method_index; 0: none */
	bool asks;	 /* as server, who the peer is */
	const char *user;
	const char *password;
};

/* Answers IKE_JOB_EAP. */
void eap_party_run(const struct eap_party *party, struct ike_job *job);

#endif
