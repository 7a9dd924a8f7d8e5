# SPDX-License-Identifier: BSD-2-Clause
"""A child for each of a number of algorithms that software has and the NIC hasn't: all come up in one IKE SA, either end
rekeys each of them, and traffic of all passes."""

BACKENDS = ("soft",)
NETWORKS = 9


def run(play):
    names = [f"net{n}" for n in range(NETWORKS)]
    play.connect(names)
    with play.traffic():
        for end in play.ends:
            for name in names:
                play.rekey(end, name, names)
