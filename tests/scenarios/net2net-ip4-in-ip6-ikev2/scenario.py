# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 networks behind two gateways that reach each other over IPv6: either end replaces Child SA and IKE SA, and
no packet is lost."""

LIKE = ("ipv6/net2net-ip4-in-ip6-ikev2",)
FAMILY = 6


def run(play):
    play.both_replace_both()
