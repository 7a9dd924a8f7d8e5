# SPDX-License-Identifier: BSD-2-Clause
"""An end dies without a word. The other finds out (DPD), lets go of the SAs and negotiates anew until the dead one
is back; meanwhile nothing passes, and nothing is in clear. Then the same the other way round."""

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

    play.raveld.kill()
    play.wait("the peer has let go", lambda: not play.peer.sas()[1])
    play.raveld.start(play.scenario.tries)
    play.agree()
    play.passes()
