# SPDX-License-Identifier: BSD-2-Clause
"""The peer dies without a word. raveld finds out (DPD), lets go of the SAs and does nothing more; what is sent is held.
When the peer is back, it is for it to call."""

LIKE = ("dpd-clear",)
TRIES = 20


def run(play):
    play.connect()
    play.passes()
    play.peer.kill()
    play.wait("raveld has let go", lambda: play.raveld.sas() == ([], []))
    play.held()
    play.peer.start(play.scenario.tries)
    play.held()
    play.expect(play.raveld.sas() == ([], []), "raveld doesn't call")
    play.peer.up("net")
    play.agree()
    play.passes()
