# SPDX-License-Identifier: BSD-2-Clause
"""As rekey-child, with a key exchange for each new Child SA (perfect forward secrecy)."""


def run(play):
    play.connect()
    with play.traffic():
        for end in play.ends * 2:
            play.rekey(end)
