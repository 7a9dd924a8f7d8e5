// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/replay.h"

#include <assert.h>
#include <string.h>

void rvl_replay_init(struct rvl_replay *replay, uint32_t window)
{
	assert(window <= RVL_REPLAY_WINDOW_MAX);
	memset(replay, 0, sizeof(*replay));
	replay->window = window;
}

static uint64_t *word_of(struct rvl_replay *replay, uint32_t seq)
{
	return &replay->seen[seq / 64 % RVL_REPLAY_WORDS];
}

bool rvl_replay_behind(const struct rvl_replay *replay, uint32_t seq)
{
	if (seq == 0)
		return true;
	return replay->window && seq <= replay->newest && replay->newest - seq >= replay->window;
}

bool rvl_replay_check(const struct rvl_replay *replay, uint32_t seq)
{
	if (rvl_replay_behind(replay, seq))
		return false;
	if (replay->window == 0 || seq > replay->newest)
		return true;
	return !(replay->seen[seq / 64 % RVL_REPLAY_WORDS] >> seq % 64 & 1);
}

bool rvl_replay_set(struct rvl_replay *replay, uint32_t seq)
{
	if (!rvl_replay_check(replay, seq))
		return false;
	if (seq > replay->newest) {
		uint32_t words = seq / 64 - replay->newest / 64;

		if (words > RVL_REPLAY_WORDS)
			words = RVL_REPLAY_WORDS;
		for (uint32_t i = 0; i < words; i++)
			*word_of(replay, seq - i * 64) = 0;
		replay->newest = seq;
	}
	*word_of(replay, seq) |= 1ull << seq % 64;
	return true;
}
