# SPDX-License-Identifier: BSD-2-Clause
"""libreswan is told not to rekey: at the end of its lifetime it deletes the last Child SA, and makes another because
it had initiated the first. Between the two there is none, for as long as an exchange takes; nothing is in clear."""

INITIATORS = ("peer",)


def run(play):
    before = play.connect()
    with play.traffic(lossless=False):
        for _ in range(4):
            play.step("the lifetime ends")
            before = play.agree(unlike=before)
            play.move()
