# SPDX-License-Identifier: BSD-2-Clause
"""The peer authenticates anew and makes before it breaks: no packet is lost."""

INITIATORS = ("peer",)
PEERS = ("strongswan-6.0", "strongswan-6.0-kernel")    # 5.9 breaks before it makes


def run(play):
    play.authenticated_anew(3)
