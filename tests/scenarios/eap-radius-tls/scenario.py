# SPDX-License-Identifier: BSD-2-Clause
"""The peer shows a certificate to FreeRADIUS, which raveld has nothing to do with."""
import eap

LIKE = ("rw-eap-tls-radius",)
PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.by_radius(side, 1, "eap-tls", user="bob@example.org", certified=True)


def run(play):
    with eap.freeradius(play, "tls"):
        play.connect()
        play.passes()
        play.expect(eap.known_as(play)[1] == "bob@example.org", f"raveld knows who it is: {eap.known_as(play)}")
