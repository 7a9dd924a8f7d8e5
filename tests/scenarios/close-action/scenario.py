# SPDX-License-Identifier: BSD-2-Clause
"""The peer deletes two Child SAs. raveld makes another one of the first at once, and of the second when there is
something to send."""

NETWORKS = 2
NAMES = ("net0", "net1")


def run(play):
    before = play.connect(NAMES)
    play.peer.down("net1")
    play.agree(NAMES[:1])
    play.spring(play.raveld, network=1)
    before = play.agree(NAMES, unlike=before)
    play.peer.down("net0")
    play.agree(NAMES, unlike=before)
    play.passes()
