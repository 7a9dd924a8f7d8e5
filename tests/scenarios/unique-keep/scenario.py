# SPDX-License-Identifier: BSD-2-Clause
"""The peer dies, comes back and begins anew without INITIAL_CONTACT: as raveld is told to keep what it has, it
refuses, until it has found out that the old one is dead."""

INITIATORS = ("peer",)
TRIES = 20


def run(play):
    play.connect()
    play.passes()
    play.peer.kill()
    play.peer.start(play.scenario.tries)
    play.expect(play.fails(play.peer.up, "net"), "a second IKE SA of this peer is refused")
    play.wait("raveld has let go", lambda: not play.raveld.sas()[0])
    play.connect()
    play.passes()
