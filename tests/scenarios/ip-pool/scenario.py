# SPDX-License-Identifier: BSD-2-Clause
"""The peer asks for an address, raveld gives one from its pool, takes it back and gives the same one again."""

LIKE = ("ip-pool",)
INITIATORS = ("peer",)


def run(play):
    play.connect()
    play.expect(play.raveld.leases() == {"10.3.0.1": ("b.example.org", True)}, f"raveld has given one: {play.raveld.leases()}")
    play.passes([("10.1.0.1", "10.3.0.1")])
    for end in play.ends:
        play.rekey(end)
        play.rekey_ike(end)
    play.passes([("10.1.0.1", "10.3.0.1")])
    play.peer.down_ike()
    play.nothing()
    play.expect(play.raveld.leases() == {"10.3.0.1": ("b.example.org", False)}, "it is offline")
    play.connect()
    play.passes([("10.1.0.1", "10.3.0.1")])
