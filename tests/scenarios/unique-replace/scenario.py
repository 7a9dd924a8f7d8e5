# SPDX-License-Identifier: BSD-2-Clause
"""The peer dies, comes back and begins anew without INITIAL_CONTACT: as raveld is told that there is one IKE SA
between two identities, the new one replaces the old one."""

INITIATORS = ("peer",)


def run(play):
    play.connect()
    play.passes()
    play.peer.kill()
    play.peer.start(play.scenario.tries)
    play.connect()
    play.passes()
