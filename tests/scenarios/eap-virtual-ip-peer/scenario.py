# SPDX-License-Identifier: BSD-2-Clause
"""raveld is a road warrior with a password: it asks for an address at once, and gets it once it has come in."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("raveld",)


def files(side, other):
    return eap.files(side, server=2, virtual=True)


def run(play):
    play.connect()
    play.expect(play.raveld.vips() == ["10.3.0.1"], f"raveld has one: {play.raveld.vips()}")
    play.passes([("10.3.0.1", "10.2.0.1")])
    for end in play.ends:
        play.rekey_ike(end)
    play.passes([("10.3.0.1", "10.2.0.1")])
