# SPDX-License-Identifier: BSD-2-Clause
"""The peer begins a second IKE SA from another address, without INITIAL_CONTACT: as raveld is told to keep what it has,
it refuses. Then the peer dies, comes back where it was and begins anew: that takes the place of the old one."""

INITIATORS = ("peer",)
TRIES = 20


def run(play):
    play.peer.address("192.0.2.3")
    play.connect()
    play.passes()
    play.expect(play.fails(play.peer.up, "another"), "a second IKE SA of this peer from elsewhere is refused")
    play.agree()
    play.passes()
    play.peer.kill()
    play.peer.start(play.scenario.tries)
    play.connect()
    play.passes()
