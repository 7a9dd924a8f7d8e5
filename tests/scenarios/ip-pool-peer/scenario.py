# SPDX-License-Identifier: BSD-2-Clause
"""raveld asks for an address, and the peer gives one from its pool."""

LIKE = ("ip-pool",)
INITIATORS = ("raveld",)


def run(play):
    play.connect()
    play.expect(play.raveld.vips() == ["10.3.0.1"], f"raveld has one: {play.raveld.vips()}")
    play.passes([("10.3.0.1", "10.2.0.1")])
    for end in play.ends:
        play.rekey(end)
        play.rekey_ike(end)
    play.passes([("10.3.0.1", "10.2.0.1")])
    play.raveld.down_ike()
    play.nothing()
    play.expect("10.3.0.1" not in play.bed.ip(play.bed.a, "addr"), "it is on the netdev no more")
    play.connect()
    play.passes([("10.3.0.1", "10.2.0.1")])
