# SPDX-License-Identifier: BSD-2-Clause
"""raveld pretends a NAT, so that ESP goes in UDP without one: either end replaces both SAs, and no packet is lost."""

LIKE = ("force-udp-encap",)


def run(play):
    play.both_replace_both()
    play.expect(play.all_in_udp(), "all ESP is in UDP")
