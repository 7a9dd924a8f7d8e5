// SPDX-License-Identifier: BSD-2-Clause
/*
 * The GF(2^128) multiplier against the bitwise algorithm of the standard.
 *
 * usage: gf128_mul [SEED]
 */
#include "tests/rtl/crypto/gf128_dut.h"
#include "tests/rtl/crypto/gf128_reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LATENCY 3

struct pair {
	uint8_t a[16], b[16];
};

/* Operands in, products out, in order; what is under way is at most LATENCY. */
struct stream {
	struct gf128_dut *dut;
	struct pair under_way[LATENCY + 1];
	unsigned int first, count;
	unsigned int differences, products, late;
};

static uint64_t random64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void step(struct stream *s, const struct pair *p)
{
	uint8_t product[16], want[16];

	if (p) {
		if (s->count == LATENCY) {
			s->late++;
			return;
		}
		s->under_way[(s->first + s->count++) % LATENCY] = *p;
	}
	if (!gf128_dut_cycle(s->dut, p ? p->a : NULL, p ? p->b : NULL, product))
		return;
	if (!s->count) {
		s->differences++;
		return;
	}
	gf128_reference(s->under_way[s->first].a, s->under_way[s->first].b, want);
	if (memcmp(product, want, 16) != 0)
		s->differences++;
	s->first = (s->first + 1) % LATENCY;
	s->count--;
	s->products++;
}

static bool complete(struct stream *s, unsigned int sent)
{
	for (int i = 0; i < LATENCY; i++)
		step(s, NULL);
	if (s->differences || s->late || s->products != sent)
		printf("# %u products of %u, %u differ, %u late\n", s->products, sent,
		       s->differences, s->late);
	return !s->differences && !s->late && s->products == sent;
}

/* Multiplication is linear in both operands, so these products determine all others. */
static bool single_bits(struct gf128_dut *dut)
{
	struct stream s = {.dut = dut};

	for (int i = 0; i < 128; i++) {
		for (int k = 0; k < 128; k++) {
			struct pair p = {0};

			p.a[i / 8] = (uint8_t)(0x80 >> i % 8);
			p.b[k / 8] = (uint8_t)(0x80 >> k % 8);
			step(&s, &p);
		}
	}
	return complete(&s, 128 * 128);
}

static bool random_operands(struct gf128_dut *dut, uint64_t seed)
{
	struct stream s = {.dut = dut};
	unsigned int sent = 0;

	while (sent < 20000) {
		struct pair p;
		uint64_t r[4];

		if (random64(&seed) % 4 == 0) {
			step(&s, NULL);
			continue;
		}
		for (int i = 0; i < 4; i++)
			r[i] = random64(&seed);
		memcpy(p.a, r, 16);
		memcpy(p.b, r + 2, 16);
		step(&s, &p);
		sent++;
	}
	return complete(&s, sent);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	struct gf128_dut *dut = gf128_dut_new();
	bool bits, randoms;

	printf("TAP version 13\n1..2\n");
	bits = single_bits(dut);
	printf("%sok 1 - products_of_single_bits_match_the_bitwise_reference_in_three_cycles\n",
	       bits ? "" : "not ");
	randoms = random_operands(dut, seed);
	printf("%sok 2 - products_of_random_operands_with_gaps_match_the_bitwise_reference\n",
	       randoms ? "" : "not ");
	if (!randoms)
		printf("# seed=%llu\n", (unsigned long long)seed);
	gf128_dut_free(dut);
	return !(bits && randoms);
}
