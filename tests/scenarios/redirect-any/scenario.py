# SPDX-License-Identifier: BSD-2-Clause
"""Whoever begins is sent to another gateway in IKE_SA_INIT, and gets there what it wanted here (RFC 5685). The other gateway
is a second address of the first."""

INITIATORS = ("peer",)


def run(play):
    play.raveld.add_address("203.0.113.1/24")
    play.peer.add_address("203.0.113.2/24")
    play.fails(play.initiator.up, "net")    # some wait for the IKE SA of which nothing becomes
    play.agree()
    play.expect(play.raveld.outside()["raveld"] == "203.0.113.1", "the IKE SA is at the other gateway")
    play.passes()
    play.raveld.remove_address("203.0.113.1/24")
    play.peer.remove_address("203.0.113.2/24")
