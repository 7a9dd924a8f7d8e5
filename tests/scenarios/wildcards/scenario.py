# SPDX-License-Identifier: BSD-2-Clause
"""Both ends are distinguished names, and each takes everybody of the other's organization."""

LIKE = ("wildcards",)
PEERS = ("strongswan-5.9", "strongswan-6.0")


def run(play):
    play.both_replace_both()
