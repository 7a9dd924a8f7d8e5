# SPDX-License-Identifier: BSD-2-Clause
"""The peer is behind a NAT that gives it an address of its own, so that it can be called: ESP goes in UDP all the
same, either end replaces Child SA and IKE SA, and no packet is lost."""

HIDDEN = "peer"
NAT = "static"


def run(play):
    play.both_replace_both()
    play.expect(play.all_in_udp(), "all ESP is in UDP")
