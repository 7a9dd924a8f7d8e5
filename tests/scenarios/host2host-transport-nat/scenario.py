# SPDX-License-Identifier: BSD-2-Clause
"""ESP in transport mode from a host behind a NAT, which knows itself by another address: what passes is what the two
say to each other, TCP with a checksum over the addresses included."""

LIKE = ("host2host-transport-nat",)
BACKENDS = ("soft",)
PEERS = ("strongswan-6.0-kernel",)
HIDDEN = "raveld"
INITIATORS = ("raveld",)


def run(play):
    play.between_hosts()
    play.expect(play.all_in_udp(), "ESP is in UDP")
