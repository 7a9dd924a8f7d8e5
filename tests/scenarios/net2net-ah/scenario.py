# SPDX-License-Identifier: BSD-2-Clause
"""AH in tunnel mode: either end replaces Child SA and IKE SA, and no packet is lost."""

LIKE = ("net2net-ah",)
BACKENDS = ("soft",)
PEERS = ("strongswan-6.0-kernel",)


def run(play):
    play.both_replace_both()
    play.expect(play.in_ah(), "the wire has seen AH")
