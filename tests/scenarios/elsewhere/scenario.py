# SPDX-License-Identifier: BSD-2-Clause
"""Somebody else with the peer's identity calls from another address, without INITIAL_CONTACT: as raveld is told that there
is one IKE SA between two identities, the new one replaces the old one; and back again."""

LIKE = ("dynamic-initiator",)
INITIATORS = ("peer",)


def run(play):
    play.peer.address("192.0.2.3")
    play.connect()
    play.passes()
    for connection in ("elsewhere", "gw"):
        before = play.agree()
        play.peer.up("net", connection)
        play.agree(unlike=before)
        play.passes()
