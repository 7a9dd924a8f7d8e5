# SPDX-License-Identifier: BSD-2-Clause
"""A road warrior with a password: it asks for an address at once, and gets it once it has come in, as the user that it
is. Gone and back again it gets the same."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.files(side, server=1, virtual=True)


def run(play):
    play.connect()
    play.expect(play.raveld.leases() == {"10.3.0.1": ("bob", True)}, f"raveld has given one: {play.raveld.leases()}")
    play.passes([("10.1.0.1", "10.3.0.1")])
    for end in play.ends:
        play.rekey_ike(end)
    play.passes([("10.1.0.1", "10.3.0.1")])
    play.peer.down_ike()
    play.nothing()
    play.expect(play.raveld.leases() == {"10.3.0.1": ("bob", False)}, "it is offline")
    play.connect()
    play.passes([("10.1.0.1", "10.3.0.1")])
