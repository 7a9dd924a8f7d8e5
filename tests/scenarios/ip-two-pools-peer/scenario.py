# SPDX-License-Identifier: BSD-2-Clause
"""raveld asks for two addresses, one of which it names, and the peer gives them from two pools. (libreswan gives one of each
family.)"""

LIKE = ("ip-two-pools",)
INITIATORS = ("raveld",)


def run(play):
    play.connect()
    play.expect(set(play.raveld.vips()) == {"10.3.0.9", "10.4.0.1"}, f"one of each pool: {play.raveld.vips()}")
    for vip in ("10.3.0.9", "10.4.0.1"):
        play.passes([(vip, "10.2.0.1")])
