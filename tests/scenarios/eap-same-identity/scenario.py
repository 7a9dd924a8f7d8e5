# SPDX-License-Identifier: BSD-2-Clause
"""Nobody asks for a name: who comes in is who it is in IKE. raveld takes any method that gives a key."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.files(side, server=1, auth="eap" if side == 1 else "eap-mschapv2", user=None)


def run(play):
    play.connect()
    play.passes()
    play.expect(eap.known_as(play) == ("b.example.org", None), f"raveld knows who it is: {eap.known_as(play)}")
