# SPDX-License-Identifier: BSD-2-Clause
"""The initiator dies, comes back at once and begins anew, with INITIAL_CONTACT: the other one lets go of the old
SAs then, and not when it would have found out by itself. Twice."""


def run(play):
    play.connect()
    for _ in range(2):
        play.passes()
        play.initiator.kill()
        play.initiator.start(play.scenario.tries)
        play.connect()
    play.passes()
