# SPDX-License-Identifier: BSD-2-Clause
"""The peer dies without a word. raveld finds out (DPD), lets go of the SAs and negotiates anew until the peer is
back; meanwhile nothing passes, and nothing is in clear."""

LIKE = ("dpd-restart",)
TRIES = 20


def run(play):
    play.connect()
    play.passes()
    play.peer.kill()
    play.wait("raveld has let go", lambda: not play.raveld.sas()[1])
    play.held()
    play.peer.start(play.scenario.tries)
    play.agree()
    play.passes()
