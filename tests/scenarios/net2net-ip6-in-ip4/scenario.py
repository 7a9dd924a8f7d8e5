# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 networks behind two gateways that reach each other over IPv4: either end replaces Child SA and IKE SA, and
no packet is lost."""

LIKE = ("ipv6/net2net-ip6-in-ip4-ikev2",)
BACKENDS = ("soft",)


def run(play):
    play.raveld.settled()
    play.both_replace_both(pairs=[("fd01:0::1", "fd02:0::1")])
