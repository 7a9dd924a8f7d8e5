# SPDX-License-Identifier: BSD-2-Clause
"""The peer authenticates anew and makes before it breaks: no packet is lost."""

INITIATORS = ("peer",)
PEERS = ("strongswan-6.0", "strongswan-6.0-kernel")    # 5.9 breaks before it makes


def run(play):
    before = play.connect()
    with play.traffic():
        for number in (1, 2, 3):
            play.step(f"authenticated anew, {number}")
            after = play.agree(unlike=before)
            play.expect(after[0] != before[0], "the IKE SA is another one")
            before = after
            play.move()
