# SPDX-License-Identifier: BSD-2-Clause
"""The peer knows a shared key, and comes in as a user with a password besides (RFC 4739). Either end replaces both SAs."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.rounds(side, server=1, first="psk")


def run(play):
    play.both_replace_both()
    play.expect(eap.known_as(play) == ("b.example.org", "bob"), f"raveld knows who it is: {eap.known_as(play)}")
