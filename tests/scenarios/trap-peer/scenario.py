# SPDX-License-Identifier: BSD-2-Clause
"""What the peer's side sends makes the SAs: the peer names that packet before its selectors, and raveld gives it all
that both allow."""

INITIATORS = ("peer",)
PEERS = ("strongswan-6.0-kernel", "libreswan")    # whose kernel tells of the packet


def run(play):
    play.spring(play.peer, lossless=False)
    play.agree()
    play.passes()
    play.peer.down("net")
    play.gone()
    play.spring(play.peer, lossless=False)
    play.agree()
    play.passes()
