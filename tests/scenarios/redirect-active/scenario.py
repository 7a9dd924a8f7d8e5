# SPDX-License-Identifier: BSD-2-Clause
"""Who was called sends who has begun to another gateway, under traffic: the IKE SA is had there, with its children,
and the old one goes (RFC 5685). The other gateway is a second address of the first. No packet is lost, unless the
peer's kernel has one policy for both, which takes what comes from the newer one's addresses alone. (libreswan
doesn't make the flow of one connection in another one, and so isn't two gateways at once.)"""

from bed import GUESTS

LIKE = ("redirect-active",)
INITIATORS = {"libreswan": ("peer",)}
SECOND = {"raveld": "203.0.113.1", "peer": "203.0.113.2"}


def run(play):
    before = play.connect()
    gateway = "peer" if play.other is play.peer else "raveld"
    play.raveld.add_address(f"{SECOND['raveld']}/24")
    play.peer.add_address(f"{SECOND['peer']}/24")
    with play.traffic(lossless=play.peer.name not in GUESTS):
        play.step(f"the {gateway} redirects who has begun")
        play.other.redirect(SECOND[gateway])
        play.wait("the IKE SA is at the other gateway", lambda: play.sas(("net",)) and
                  play.raveld.outside()[gateway] == SECOND[gateway])
        after = play.agree(unlike=before)
        play.move()
    play.expect(after[0] != before[0], "it is another IKE SA")
    play.passes()
    play.raveld.remove_address(f"{SECOND['raveld']}/24")
    play.peer.remove_address(f"{SECOND['peer']}/24")
