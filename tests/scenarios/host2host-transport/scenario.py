# SPDX-License-Identifier: BSD-2-Clause
"""ESP in transport mode between the two hosts themselves: either end replaces the Child SA, and no packet is lost."""

LIKE = ("host2host-transport",)
BACKENDS = ("soft",)
PEERS = ("strongswan-6.0-kernel", "libreswan")


def run(play):
    play.between_hosts()
