/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/puzzle.h"

#include <errno.h>
#include <openssl/evp.h>

#include "host/ike/prf.h"

static unsigned zero_bits(const uint8_t *result, size_t len)
{
	unsigned bits = 0;

	while (len && !result[len - 1]) {
		bits += 8;
		len--;
	}
	return len ? bits + (unsigned)__builtin_ctz(result[len - 1]) : bits;
}

/* The zero bits that a key gives, or -EIO. */
static int try_key(EVP_MD_CTX *context, uint16_t prf, struct ike_slice string, struct ike_slice key)
{
	uint8_t result[IKE_PRF_MAX];

	if (ike_prf_next(context, prf, key, &string, 1, result))
		return -EIO;
	return (int)zero_bits(result, ike_prf_len(prf));
}

static void write_key(uint32_t key, uint8_t out[IKE_PUZZLE_KEY_LEN])
{
	for (unsigned i = 0; i < IKE_PUZZLE_KEY_LEN; i++)
		out[i] = (uint8_t)(key >> (8 * (IKE_PUZZLE_KEY_LEN - 1 - i)));
}

static int search_slice(EVP_MD_CTX *context, struct ike_puzzle_search *s)
{
	const struct ike_puzzle *p = &s->puzzle;

	for (unsigned n = 0; n < IKE_PUZZLE_SLICE && s->found < IKE_PUZZLE_KEYS; n++) {
		uint8_t *key = s->keys + s->found * IKE_PUZZLE_KEY_LEN;
		int bits;

		write_key(s->next++, key);
		bits = try_key(context, p->prf, ike_slice(p->string, p->len),
			       ike_slice(key, IKE_PUZZLE_KEY_LEN));
		if (bits < 0)
			return bits;
		s->found += bits >= p->difficulty;
	}
	return s->found == IKE_PUZZLE_KEYS ? 0 : -EAGAIN;
}

int ike_puzzle_work(struct ike_puzzle_search *search)
{
	EVP_MD_CTX *context;
	int err = -EIO;

	if (search->puzzle.difficulty > IKE_PUZZLE_MOST ||
	    search->next >> 3 > (uint32_t)IKE_PUZZLE_KEYS << search->puzzle.difficulty)
		return -ENOENT;
	context = EVP_MD_CTX_new();
	if (context)
		err = search_slice(context, search);
	EVP_MD_CTX_free(context);
	return err;
}

static bool is_solution(uint16_t prf, struct ike_slice solution)
{
	size_t len = solution.len / IKE_PUZZLE_KEYS;

	if (!len || len * IKE_PUZZLE_KEYS != solution.len || len > ike_prf_len(prf))
		return false;
	for (unsigned i = 1; i < IKE_PUZZLE_KEYS; i++) {
		for (unsigned k = 0; k < i; k++) {
			if (memcmp(solution.data + i * len, solution.data + k * len, len) == 0)
				return false;
		}
	}
	return true;
}

int ike_puzzle_solved(uint16_t prf, struct ike_slice string, struct ike_slice solution)
{
	size_t len = solution.len / IKE_PUZZLE_KEYS;
	EVP_MD_CTX *context;
	int least = 8 * IKE_PRF_MAX;

	if (!is_solution(prf, solution))
		return -EINVAL;
	context = EVP_MD_CTX_new();
	if (!context)
		return -EIO;
	for (unsigned i = 0; i < IKE_PUZZLE_KEYS && least > 0; i++) {
		int bits = try_key(context, prf, string, ike_slice(solution.data + i * len, len));

		least = bits < least ? bits : least;
	}
	EVP_MD_CTX_free(context);
	return least;
}
