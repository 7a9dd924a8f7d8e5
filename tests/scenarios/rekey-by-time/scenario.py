# SPDX-License-Identifier: BSD-2-Clause
"""Both ends replace Child SA and IKE SA because they are old, every few seconds; nobody asks for it. No packet
is lost."""

LIKE = ("net2net-rekey",)


def run(play):
    play.connect()
    with play.traffic():
        seen = {0: set(), 1: set()}
        for what, count in ((1, 8), (0, 3)):
            play.step(f"until there were {count} {'IKE SAs' if not what else 'Child SAs'}")

            def counted(what=what, count=count):
                if now := play.sas(["net"]):
                    for kind in seen:
                        seen[kind].add(now[kind])
                return len(seen[what]) >= count
            play.wait(f"{count} of them", counted)
