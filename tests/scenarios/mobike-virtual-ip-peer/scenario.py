# SPDX-License-Identifier: BSD-2-Clause
"""The peer has its address inside from raveld, and its address outside goes, under traffic: the one inside stays."""

LIKE = ("mobike-virtual-ip",)
INITIATORS = ("peer",)
SECOND = "203.0.113.2"


def run(play):
    before, pairs = play.connect(), [("10.1.0.1", "10.3.0.1")]
    play.raveld.add_address("203.0.113.1/24")
    play.peer.add_address(f"{SECOND}/24")
    play.peer.route("default", "203.0.113.1")
    with play.traffic(lossless=False, pairs=pairs):
        play.step("the first address goes")
        play.peer.remove_address(f"{play.bed.theirs}/24")
        play.wait("the peer is at its second address", lambda: play.raveld.outside()["peer"] == SECOND)
        play.move()
    play.expect(play.agree()[0] == before[0], "the IKE SA is still the same")
    play.expect(play.raveld.leases() == {"10.3.0.1": ("b.example.org", True)}, "and so is the address inside")
    play.passes(pairs)
    play.peer.add_address(f"{play.bed.theirs}/24")
    play.peer.remove_address(f"{SECOND}/24")
