# SPDX-License-Identifier: BSD-2-Clause
"""Of the peer's two addresses the first doesn't answer: the next try goes to the second, and when the peer calls from
there it is known. What has worked is the first from then on."""

PEERS = ("strongswan-5.9",)
TRIES = 5


def run(play):
    if play.initiator is play.raveld:
        play.expect(play.fails(play.raveld.up, "net"), "nobody is at the first address")
        play.nothing()
    play.connect()
    play.passes()
    play.initiator.down_ike()
    play.nothing()
    play.connect()
    play.passes()
