# SPDX-License-Identifier: BSD-2-Clause
"""The peer comes in as a user with a password, by MSCHAPv2; raveld has a certificate. Either end replaces both SAs."""
import eap

LIKE = ("rw-eap-mschapv2-id-rsa",)
PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.files(side, server=1)


def run(play):
    play.both_replace_both()
    play.expect(eap.known_as(play) == ("b.example.org", "bob"), f"raveld knows who it is: {eap.known_as(play)}")
