# SPDX-License-Identifier: BSD-2-Clause
"""Both ends replace the same SA at the same moment (RFC 7296, section 2.8.1): one successor is left, and no
packet is lost."""


def run(play):
    play.connect()
    with play.traffic():
        for _ in range(2):
            play.at_once("Child SA rekeyed", lambda end: end.rekey("net"))
            play.at_once("IKE SA rekeyed", lambda end: end.rekey_ike())
