# SPDX-License-Identifier: BSD-2-Clause
"""Both are behind a NAT that changes ports, and the one that is called has ports forwarded to it: either end replaces
Child SA and IKE SA, and no packet is lost."""

LIKE = ("double-nat", "double-nat-net")
HIDDEN = "both"


def run(play):
    play.both_replace_both()
    play.expect(play.all_in_udp(), "all ESP is in UDP")
