# SPDX-License-Identifier: BSD-2-Clause
"""What is sent makes the Child SA that it needs, and no other: one for ICMP, one for some TCP ports at the peer's side."""

LIKE = ("protoport-trap",)
INITIATORS = ("raveld",)
PEERS = ("strongswan-5.9", "strongswan-6.0")


def run(play):
    play.expect(play.tcp(8080), "the port is reached")
    before = play.agree(("web",))
    play.spring(play.raveld)
    play.agree(("echo", "web"), unlike=before)
    play.passes()
    play.expect(play.tcp(8089), "another port is reached")
