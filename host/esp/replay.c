// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/replay.h"

#include <assert.h>
#include <string.h>

static uint64_t *word_of(const struct rvl_replay *replay, uint64_t seq)
{
	return &replay->seen[seq / 64 % replay->words];
}

void rvl_replay_init(struct rvl_replay *replay, uint32_t window, uint64_t newest, uint64_t *seen)
{
	assert(window <= RVL_REPLAY_WINDOW_MAX);
	*replay = (struct rvl_replay){
		.window = window,
		.newest = newest,
		.words = RVL_REPLAY_WORDS(window),
		.seen = seen,
	};
	memset(seen, 0xff, replay->words * sizeof(*seen));
	*word_of(replay, newest) = (2ull << newest % 64) - 1;
}

uint64_t rvl_replay_whole(const struct rvl_replay *replay, uint32_t low)
{
	uint32_t window = replay->window ? replay->window : RVL_REPLAY_WINDOW_MAX;
	uint32_t high = (uint32_t)(replay->newest >> 32), top = (uint32_t)replay->newest;
	uint32_t bottom = top - window + 1; /* the window's, and it may be of the number before */
	bool split = top < window - 1;

	if (split && low >= bottom) {
		if (!high)
			return 0;
		high--;
	} else if (!split && low < bottom) {
		if (high == UINT32_MAX)
			return 0; /* there are no more */
		high++;
	}
	return (uint64_t)high << 32 | low;
}

bool rvl_replay_behind(const struct rvl_replay *replay, uint64_t seq)
{
	if (seq == 0)
		return true;
	return replay->window && seq <= replay->newest && replay->newest - seq >= replay->window;
}

bool rvl_replay_check(const struct rvl_replay *replay, uint64_t seq)
{
	if (rvl_replay_behind(replay, seq))
		return false;
	if (replay->window == 0 || seq > replay->newest)
		return true;
	return !(*word_of(replay, seq) >> seq % 64 & 1);
}

bool rvl_replay_set(struct rvl_replay *replay, uint64_t seq)
{
	if (!rvl_replay_check(replay, seq))
		return false;
	if (seq > replay->newest) {
		uint64_t words = seq / 64 - replay->newest / 64;

		if (words > replay->words)
			words = replay->words;
		for (uint64_t i = 0; i < words; i++)
			*word_of(replay, seq - i * 64) = 0;
		replay->newest = seq;
	}
	*word_of(replay, seq) |= 1ull << seq % 64;
	return true;
}
