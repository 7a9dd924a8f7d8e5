# SPDX-License-Identifier: BSD-2-Clause
"""raveld is behind a NAT and has an address from the peer: either end replaces Child SA and IKE SA, and no packet is
lost."""

LIKE = ("nat-virtual-ip",)
HIDDEN = "raveld"
INITIATORS = ("raveld",)


def run(play):
    play.connect()
    with play.traffic(pairs=[("10.3.0.1", "10.2.0.1")]):
        for end in play.ends:
            play.rekey(end)
            play.rekey_ike(end)
    play.expect(play.all_in_udp(), "all ESP is in UDP")
