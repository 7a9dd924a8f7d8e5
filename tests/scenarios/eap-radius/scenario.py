# SPDX-License-Identifier: BSD-2-Clause
"""The peer comes in with a password, as FreeRADIUS beside raveld says. Either end replaces both SAs."""
import eap

LIKE = ("rw-eap-md5-radius",)
PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.by_radius(side, 1, "eap-mschapv2")


def run(play):
    with eap.freeradius(play):
        play.both_replace_both()
        play.expect(eap.known_as(play)[1] == "bob", f"raveld knows who it is: {eap.known_as(play)}")
