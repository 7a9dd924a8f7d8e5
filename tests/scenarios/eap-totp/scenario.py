# SPDX-License-Identifier: BSD-2-Clause
"""The peer comes in by MSCHAPv2 with a password and a one-time code behind it: not without the code, and not twice by the same."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.files(side, server=1, totp=side == 1)


def run(play):
    def fails_as(why):
        play.expect(play.fails(play.initiator.up, "net"), "the peer is told that it failed")
        play.expect(why in play.raveld.log(), f"the log says: {why}")
        play.nothing()

    fails_as("wrong password or code")
    eap.say_code(play)
    play.connect()
    play.passes()
    play.expect(eap.known_as(play) == ("b.example.org", "bob"), f"raveld knows who it is: {eap.known_as(play)}")
    play.initiator.down_ike()
    play.nothing()
    fails_as("its code was used before")
    play.held()
    play.expect(eap.PASSWORD not in play.raveld.log(), "the log has no password")
