# SPDX-License-Identifier: BSD-2-Clause
"""Either end replaces the IKE SA, twice in turn; the Child SA stays, moves over, and can be replaced there.
No packet is lost."""


def run(play):
    play.connect()
    with play.traffic():
        for end in play.ends * 2:
            play.rekey_ike(end)
            play.rekey(play.raveld)
            play.rekey(play.peer)
