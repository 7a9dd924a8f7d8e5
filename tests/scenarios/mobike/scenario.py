# SPDX-License-Identifier: BSD-2-Clause
"""Who has begun gets another address and loses the one in use, under traffic: the IKE SA goes on from there, and so do
its children, which strongSwan rekeys where ESP is in user space. raveld goes back when the first one is there again;
strongSwan stays. (libreswan moves, and lets others move, only with an address from a pool.)"""

LIKE = ("mobike",)
SECOND = {"raveld": "203.0.113.1", "peer": "203.0.113.2"}


def run(play):
    (ike, _), ours = play.connect(), play.initiator is play.raveld
    side, other, first = ("raveld", "peer", play.bed.ours) if ours else ("peer", "raveld", play.bed.theirs)
    play.raveld.add_address(f"{SECOND['raveld']}/24")
    play.peer.add_address(f"{SECOND['peer']}/24")
    play.initiator.route("default", SECOND[other])
    with play.traffic(lossless=False):
        play.step("the first address goes")
        play.initiator.remove_address(f"{first}/24")
        play.wait(f"{side} is at its second address", lambda: play.raveld.outside()[side] == SECOND[side])
        play.move()
        if ours:
            play.step("and comes back")
            play.initiator.add_address(f"{first}/24")
            play.wait(f"{side} is at its first address", lambda: play.raveld.outside()[side] == first)
            play.move()
    play.expect(play.agree()[0] == ike, "the IKE SA is still the same")
    play.passes()
    if not ours:
        play.peer.add_address(f"{first}/24")
    play.peer.remove_address(f"{SECOND['peer']}/24")
