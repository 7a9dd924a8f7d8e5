# SPDX-License-Identifier: BSD-2-Clause
"""raveld makes the SA as soon as it runs, and makes it anew when the peer, which was away, is back."""

LIKE = ("net2net-start", "start-action-start")
INITIATORS = ("raveld",)
TRIES = 20


def run(play):
    before = play.agree()
    play.passes()
    play.peer.kill()
    play.wait("raveld has let go", lambda: not play.raveld.sas()[1])
    play.peer.start(play.scenario.tries)
    play.agree(unlike=before)
    play.passes()
