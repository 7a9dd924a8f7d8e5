# SPDX-License-Identifier: BSD-2-Clause
"""raveld comes in by EAP-TLS with a certificate of a user's; the peer has one of its own. Either
end replaces both SAs."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("raveld",)


def files(side, other):
    return eap.certified(side, 2, "bob@example.org")


def run(play):
    play.both_replace_both()
    play.expect("'bob@example.org'" in play.peer.log(), "the peer knows who it is")
