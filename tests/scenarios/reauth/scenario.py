# SPDX-License-Identifier: BSD-2-Clause
"""raveld authenticates anew, again and again: it makes IKE SA and Child SA from the beginning before it lets go of the
old ones, and no packet is lost."""

INITIATORS = ("raveld",)


def run(play):
    before = play.connect()
    with play.traffic():
        for number in (1, 2, 3):
            play.step(f"authenticated anew, {number}")
            after = play.agree(unlike=before)
            play.expect(after[0] != before[0], "the IKE SA is another one")
            before = after
            play.move()
