/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An algorithm's functions as a provider of the library's has them (provider-base(7)), for those
 * who call them directly.
 */
#ifndef RVL_ESP_PROVIDER_H
#define RVL_ESP_PROVIDER_H

#include <openssl/provider.h>
#include <string.h>
#include <strings.h>

/* operation: OSSL_OP_*. Names of an algorithm stand between colons. NULL: it has none of this
 * name. */
static inline const OSSL_DISPATCH *rvl_provider_functions(const OSSL_PROVIDER *provider,
							  int operation, const char *name)
{
	const size_t len = strlen(name);
	int no_cache;
	const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(provider, operation, &no_cache);

	for (; a && a->algorithm_names; a++)
		for (const char *at = a->algorithm_names; *at; at += *at == ':') {
			const size_t there = strcspn(at, ":");

			if (there == len && !strncasecmp(at, name, len))
				return a->implementation;
			at += there;
		}
	return NULL;
}

#endif
