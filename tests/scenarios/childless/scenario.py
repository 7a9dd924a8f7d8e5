# SPDX-License-Identifier: BSD-2-Clause
"""The IKE SA is made without a Child SA, which follows by CREATE_CHILD_SA, with a key exchange of its own."""

LIKE = ("net2net-childless",)


def run(play):
    play.connect()
    suite, = play.raveld.suites()
    play.expect("CURVE_25519" in suite, f"the first Child SA has a key exchange of its own: {suite}")
    play.passes()
    for end in play.ends:
        play.rekey(end)
