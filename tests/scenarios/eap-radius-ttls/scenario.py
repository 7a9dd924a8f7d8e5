# SPDX-License-Identifier: BSD-2-Clause
"""FreeRADIUS asks the peer for its password inside of TLS, and raveld learns the key alone."""
import eap

LIKE = ("rw-eap-ttls-radius",)
PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.by_radius(side, 1, "eap-ttls")


def run(play):
    with eap.freeradius(play, "ttls"):
        play.connect()
        play.passes()
        play.expect(eap.known_as(play)[1] == "bob", f"raveld knows who it is: {eap.known_as(play)}")
