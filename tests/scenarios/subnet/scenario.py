# SPDX-License-Identifier: BSD-2-Clause
"""raveld knows of the peer only the network that it calls from, and takes the identity of any address there."""

LIKE = ("rw-psk-ipv4",)
PEERS = ("strongswan-5.9",)
INITIATORS = ("peer",)


def run(play):
    play.both_replace_both()
