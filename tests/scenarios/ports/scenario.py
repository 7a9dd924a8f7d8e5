# SPDX-License-Identifier: BSD-2-Clause
"""A Child SA for ICMP, and one for some TCP ports at the peer's side: each takes what it is for."""

LIKE = ("protoport-dual", "protoport-range")
PEERS = ("strongswan-5.9", "strongswan-6.0")


def run(play):
    play.connect(("echo", "web"))
    play.passes()
    for port in (8080, 8089):
        play.expect(play.tcp(port), f"port {port} is reached")
