# SPDX-License-Identifier: BSD-2-Clause
"""The peer dies without a word. raveld finds out (DPD), lets go of the SAs and waits for something to be sent. When the
peer is back, that brings them up."""

LIKE = ("dpd-trap",)
INITIATORS = ("raveld",)
TRIES = 20


def run(play):
    play.connect()
    play.passes()
    play.peer.kill()
    play.wait("raveld has let go", lambda: play.raveld.sas() == ([], []))
    play.peer.start(play.scenario.tries)
    play.spring(play.raveld)
    play.agree()
    play.passes()
