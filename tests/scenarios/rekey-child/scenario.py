# SPDX-License-Identifier: BSD-2-Clause
"""Either end replaces the Child SA, three times in turn, and no packet is lost."""


def run(play):
    play.connect()
    with play.traffic():
        for end in play.ends * 3:
            play.rekey(end)
