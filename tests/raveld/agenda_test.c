// SPDX-License-Identifier: BSD-2-Clause
/* When wishes are due, against a look at all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/raveld/daemon.h"

enum { WISHES = 300, ROUNDS = 20000 };

static uint64_t seed;

static uint32_t random32(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(z >> 32);
}

static uint64_t due(const struct wish *w)
{
	if (!w->retry_at || (w->listen_at && w->listen_at < w->retry_at))
		return w->listen_at;
	return w->retry_at;
}

static const struct wish *first_of(const struct wish *wishes)
{
	const struct wish *first = NULL;

	for (size_t i = 0; i < WISHES; i++) {
		const struct wish *w = &wishes[i];

		if (due(w) && (!first || due(w) < due(first) ||
			       (due(w) == due(first) && w->planned < first->planned)))
			first = w;
	}
	return first;
}

static void the_first_one_is_first_however_they_are_planned(void **state)
{
	static struct wish wishes[WISHES];
	struct agenda agenda = {0};

	(void)state;
	for (size_t i = 1; i <= WISHES; i++)
		assert_int_equal(agenda_reserve(&agenda, i), 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct wish *w = &wishes[random32() % WISHES];
		uint64_t at = random32() % 3 ? random32() % 50 : 0, found_at;
		const struct wish *want;

		if (random32() % 2)
			agenda_retry(&agenda, w, at);
		else
			agenda_listen(&agenda, w, at);
		want = first_of(wishes);
		assert_ptr_equal(agenda_first(&agenda, &found_at), want);
		if (want)
			assert_int_equal(found_at, due(want));
	}
	agenda_free(&agenda);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_one_is_first_however_they_are_planned),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int failed;

	seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
