# SPDX-License-Identifier: BSD-2-Clause
"""The peer has MOBIKE, an address from raveld's pool, and is behind a NAT that takes other ports under traffic. strongSwan
says so; libreswan only asks whether raveld lives. Traffic goes on over the same SAs."""

LIKE = ("mobike-nat-mappings",)
HIDDEN = "peer"
INITIATORS = ("peer",)


def run(play):
    before, pairs = play.connect(), [("10.1.0.1", "10.3.0.1")]
    for _ in range(2):
        with play.traffic(lossless=False, pairs=pairs):
            play.step("the NAT takes other ports")
            play.bed.rebind()
            play.move()
        play.passes(pairs)
        play.expect(play.agree() == before, "the SAs are still the same")
    play.rekey(play.peer)
    play.passes(pairs)
