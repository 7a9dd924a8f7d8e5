# SPDX-License-Identifier: BSD-2-Clause
"""raveld dies without a word. The peer, which asks all the time whether it lives and was answered until then, finds
out, lets go of the SAs and negotiates anew until raveld is back."""

INITIATORS = ("peer",)
TRIES = 20


def run(play):
    play.connect()
    play.passes()
    play.raveld.kill()
    play.wait("the peer has let go", lambda: not play.peer.sas()[1])
    play.raveld.start(play.scenario.tries)
    play.agree()
    play.passes()
