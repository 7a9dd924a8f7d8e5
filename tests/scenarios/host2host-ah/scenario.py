# SPDX-License-Identifier: BSD-2-Clause
"""AH in transport mode between the two hosts themselves: either end replaces the Child SA, and no packet is lost."""

LIKE = ("host2host-ah",)
BACKENDS = ("soft",)
PEERS = ("strongswan-6.0-kernel",)


def run(play):
    play.between_hosts()
    play.expect(play.in_ah(), "the wire has seen AH")
