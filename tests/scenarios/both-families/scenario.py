# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 and IPv6 networks of both sides in one Child SA: packets of both pass, before and after either end replaces it,
and none is lost."""

BACKENDS = ("soft",)


def run(play):
    play.raveld.settled()
    play.connect()
    with play.traffic(pairs=[("10.1.0.1", "10.2.0.1"), ("fd01:0::1", "fd02:0::1")]):
        for end in play.ends:
            play.rekey(end)
