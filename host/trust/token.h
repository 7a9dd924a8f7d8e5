/* SPDX-License-Identifier: BSD-2-Clause */
/* Private keys in tokens (PKCS#11 2.40), which sign there: smart cards, HSMs, SoftHSM. */
#ifndef RVL_TRUST_TOKEN_H
#define RVL_TRUST_TOKEN_H

#include <openssl/evp.h>

#include "host/conf/conf.h"

enum { TRUST_TOKEN_FAULT = 160 };

/*
 * The key that a section names, to be freed. The module that speaks to its token stays in this
 * process, with the tokens that there were, once it has given a key. 0, -ENOMEM, or -EINVAL with
 * the fault.
 */
int trust_token_key(const struct conf_token *token, EVP_PKEY **key, char fault[TRUST_TOKEN_FAULT]);

#endif
