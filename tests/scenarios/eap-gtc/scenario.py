# SPDX-License-Identifier: BSD-2-Clause
"""The peer says its password itself (GTC), which gives no key: AUTH is made with those of IKE."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.files(side, server=1, auth="eap-gtc")


def run(play):
    play.connect()
    play.passes()
    play.expect(eap.known_as(play) == ("b.example.org", "bob"), f"raveld knows who it is: {eap.known_as(play)}")
