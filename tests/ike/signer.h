/* SPDX-License-Identifier: BSD-2-Clause */
/* Who makes and judges signatures where no certificates are: all who have the same key are
 * believed. */
#ifndef RAVELIN_TESTS_IKE_SIGNER_H
#define RAVELIN_TESTS_IKE_SIGNER_H

#include "host/ike/job.h"

/* Answers IKE_JOB_SIGN and IKE_JOB_VERIFY. */
void signer_run(struct ike_job *job, const char *key);

#endif
