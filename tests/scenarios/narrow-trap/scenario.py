# SPDX-License-Identifier: BSD-2-Clause
"""raveld has a trap that is wider than what the peer gives: what is sent to each of its networks makes a Child SA of its
own, with nothing lost, and the trap goes on catching."""

LIKE = ("net2net-route-narrow", "net2net-route")
INITIATORS = ("raveld",)
NETWORKS = 2


def run(play):
    play.spring(play.raveld)
    play.spring(play.raveld, network=1)
    play.wait("each network has a Child SA", lambda: [len(end.sas()[1]) for end in play.ends] == [2, 2])
    play.passes()
