# SPDX-License-Identifier: BSD-2-Clause
"""The peer is behind a NAT that changes ports: ESP goes in UDP, either end replaces Child SA and IKE SA, both do
at once, and no packet is lost."""

LIKE = ("nat-rw-psk", "nat-rw")
HIDDEN = "peer"
INITIATORS = ("peer",)


def run(play):
    play.both_replace_both(at_once=True)
    play.expect(play.all_in_udp(), "all ESP is in UDP")
