# SPDX-License-Identifier: BSD-2-Clause
"""The peer asks for two addresses, one of which it names, and raveld gives them from two pools. (Asked so,
strongSwan gives the same one twice; libreswan asks for one of each family.)"""

LIKE = ("ip-two-pools",)
INITIATORS = ("peer",)


def run(play):
    play.connect()
    play.expect(set(play.raveld.leases()) == {"10.3.0.9", "10.4.0.1"}, f"one of each pool: {play.raveld.leases()}")
    play.passes([("10.1.0.1", "10.3.0.9")])
    play.passes([("10.1.0.1", "10.4.0.1")])
