# SPDX-License-Identifier: BSD-2-Clause
"""Each end is who its address says."""

LIKE = ("rw-psk-ipv4",)


def run(play):
    play.connect()
    with play.traffic():
        for end in play.ends:
            play.rekey(end)
            play.rekey_ike(end)
