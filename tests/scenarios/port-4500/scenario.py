# SPDX-License-Identifier: BSD-2-Clause
"""IKE goes to port 4500 from the first message on, with the marker that it has there."""

PEERS = ("strongswan-5.9", "strongswan-6.0")


def run(play):
    play.both_replace_both()
