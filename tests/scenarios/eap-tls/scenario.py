# SPDX-License-Identifier: BSD-2-Clause
"""The peer comes in by EAP-TLS with a certificate of a user's; raveld has one of its own. Either end
replaces both SAs."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.certified(side, 1, "bob@example.org")


def run(play):
    play.both_replace_both()
    play.expect(eap.known_as(play)[1] == "bob@example.org", f"raveld knows who it is: {eap.known_as(play)}")
