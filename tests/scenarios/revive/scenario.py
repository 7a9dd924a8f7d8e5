# SPDX-License-Identifier: BSD-2-Clause
"""libreswan brings back what it has once initiated. raveld deletes the Child SA, then the IKE SA with it: both times
libreswan makes new ones at once, and while there are none nothing is in clear."""

INITIATORS = ("peer",)


def run(play):
    before = play.connect()
    with play.traffic(lossless=False):
        for what, delete in (("the Child SA", lambda: play.raveld.down("net")), ("the IKE SA", play.raveld.down_ike)) * 2:
            play.step(f"{what} deleted by raveld")
            delete()
            before = play.agree(unlike=before)
            play.move()
