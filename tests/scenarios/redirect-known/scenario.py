# SPDX-License-Identifier: BSD-2-Clause
"""Whoever authenticates is sent to another gateway in IKE_AUTH, and gets there what it wanted here (RFC 5685). The
other gateway is a second address of the first. (strongSwan 5.9.8 dies of it. libreswan forgets the IKE SA that it
was sent away in, and doesn't say so: a minute later raveld lets go of it.)"""

PEERS = ("strongswan-6.0", "strongswan-6.0-kernel", "libreswan")
INITIATORS = ("peer",)


def run(play):
    play.raveld.add_address("203.0.113.1/24")
    play.peer.add_address("203.0.113.2/24")
    play.fails(play.initiator.up, "net")    # of the IKE SA that swanctl waits for nothing becomes
    play.agree()
    play.expect(play.raveld.outside()["raveld"] == "203.0.113.1", "the IKE SA is at the other gateway")
    play.passes()
    play.raveld.remove_address("203.0.113.1/24")
    play.peer.remove_address("203.0.113.2/24")
