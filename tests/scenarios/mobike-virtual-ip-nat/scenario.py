# SPDX-License-Identifier: BSD-2-Clause
"""raveld is behind a NAT and has its address inside from the peer; its address behind the NAT is another one then, under
traffic: the one inside stays. (libreswan's kernel uses some sequence numbers twice then: the old state goes on while the
new one, which has its number, is made. What the old one still sends goes to the old place, and IVs differ.)"""

LIKE = ("mobike-virtual-ip-nat",)
HIDDEN = "raveld"
INITIATORS = ("raveld",)
SECOND, GATEWAY = "203.0.113.1", "203.0.113.254"


def run(play):
    before, pairs, nat = play.connect(), [("10.3.0.1", "10.2.0.1")], play.bed.ns["nat"]
    play.bed.ip(nat, "addr", "add", f"{GATEWAY}/24", "dev", "in0")
    play.raveld.add_address(f"{SECOND}/24")
    with play.traffic(lossless=False, pairs=pairs):
        play.step("the first address goes")
        play.raveld.route("default", GATEWAY)
        play.raveld.remove_address(f"{play.bed.ours}/24")
        play.wait("raveld is at its second address", lambda: play.raveld.outside()["raveld"] == SECOND)
        play.move()
    play.expect(play.agree()[0] == before[0], "the IKE SA is still the same")
    play.expect(play.raveld.vips() == ["10.3.0.1"], "and so is the address inside")
    play.passes(pairs)
    play.expect(play.all_in_udp(), "all ESP is in UDP")
    play.bed.ip(nat, "addr", "del", f"{GATEWAY}/24", "dev", "in0")
