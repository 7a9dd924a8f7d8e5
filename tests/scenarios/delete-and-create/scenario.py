# SPDX-License-Identifier: BSD-2-Clause
"""Either end deletes the Child SA and either one makes another. Without one nothing passes, and nothing is in
clear; then the IKE SA goes, and comes again."""
import itertools


def run(play):
    play.connect()
    for deletes, creates in itertools.product(play.ends, play.ends):
        play.passes()
        deletes.down("net")
        play.gone()
        play.held()
        creates.up("net")
        play.agree()
    play.passes()
    for end in play.ends:
        end.down_ike()
        play.nothing()
        play.held()
        end.up("net")
        play.agree()
    play.passes()
