# SPDX-License-Identifier: BSD-2-Clause
"""raveld has its address inside from the peer, and its address outside changes and comes back, under traffic: the one
inside stays."""

LIKE = ("mobike-virtual-ip",)
INITIATORS = ("raveld",)
SECOND = "203.0.113.1"


def run(play):
    before, pairs = play.connect(), [("10.3.0.1", "10.2.0.1")]
    play.raveld.add_address(f"{SECOND}/24")
    play.peer.add_address("203.0.113.2/24")
    play.raveld.route("default", "203.0.113.2")
    with play.traffic(lossless=False, pairs=pairs):
        play.step("the first address goes")
        play.raveld.remove_address(f"{play.bed.ours}/24")
        play.wait("raveld is at its second address", lambda: play.raveld.outside()["raveld"] == SECOND)
        play.move()
        play.step("and comes back")
        play.raveld.add_address(f"{play.bed.ours}/24")
        play.wait("raveld is at its first address", lambda: play.raveld.outside()["raveld"] == play.bed.ours)
        play.move()
    play.expect(play.agree()[0] == before[0], "the IKE SA is still the same")
    play.expect(play.raveld.vips() == ["10.3.0.1"], "and so is the address inside")
    play.passes(pairs)
    play.peer.remove_address("203.0.113.2/24")
