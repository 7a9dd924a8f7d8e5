# SPDX-License-Identifier: BSD-2-Clause
"""raveld has a certificate, and comes in as a user with a password besides (RFC 4739). Either end replaces both SAs."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("raveld",)


def files(side, other):
    return eap.rounds(side, server=2, first="pubkey")


def run(play):
    play.both_replace_both()
    play.expect("'bob'" in play.peer.log(), "the peer knows who it is")
