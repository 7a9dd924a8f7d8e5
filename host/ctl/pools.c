// SPDX-License-Identifier: BSD-2-Clause
#include "host/ctl/pools.h"

#include <stdio.h>

#include "host/ctl/list.h"

static void print_pool(const json_t *pool)
{
	const json_t *leases = json_object_get(pool, "leases");

	printf("%s: %s, %lld addresses, %lld online, %lld offline\n",
	       *string_of(pool, "name") ? string_of(pool, "name") : "(in no pool)",
	       string_of(pool, "addrs"), number_of(pool, "size"), number_of(pool, "online"),
	       number_of(pool, "offline"));
	for (size_t i = 0; i < json_array_size(leases); i++) {
		const json_t *lease = json_array_get(leases, i);

		printf("  %-15s %-7s %s\n", string_of(lease, "address"),
		       json_is_true(json_object_get(lease, "online")) ? "online" : "offline",
		       string_of(lease, "identity"));
	}
}

void pools_show(const json_t *answer)
{
	const json_t *pools = json_object_get(answer, "pools");

	if (!json_array_size(pools))
		printf("no pools are configured\n");
	for (size_t i = 0; i < json_array_size(pools); i++)
		print_pool(json_array_get(pools, i));
}
