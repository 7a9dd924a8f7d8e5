# SPDX-License-Identifier: BSD-2-Clause
"""What raveld's side sends makes the SAs, and no packet of it is lost. They are taken down, by either end; what is sent
afterwards makes others."""

LIKE = ("net2net-route",)
INITIATORS = ("raveld",)


def run(play):
    play.spring(play.raveld)
    before = play.agree()
    play.passes()
    for end in play.ends:
        end.down("net")
        play.gone()
        play.spring(play.raveld)
        before = play.agree(unlike=before)
