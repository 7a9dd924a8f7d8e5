# SPDX-License-Identifier: BSD-2-Clause
"""raveld is behind a NAT that forgets it, twice, under traffic, and then takes other ports: traffic goes on over
the same SAs, and what follows loses nothing. (libreswan doesn't follow: without MOBIKE it says so, with it what it
tells of NATs is what it knew before.)"""

LIKE = ("mobike-nat-mappings",)
HIDDEN = "raveld"
INITIATORS = ("raveld",)


def run(play):
    before = play.connect()
    for _ in range(2):
        with play.traffic(lossless=False):
            play.step("the NAT takes other ports")
            play.bed.rebind()
            play.move()
        play.passes()
        play.expect(play.agree()[0] == before[0], "the IKE SA is still the same")
    for end in play.ends:
        play.rekey(end)
    play.passes()
