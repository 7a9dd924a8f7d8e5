# SPDX-License-Identifier: BSD-2-Clause
"""The peer has a certificate of a stranger's authority: neither end gets an SA, and nothing passes. With the right one it
does."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.certified(side, 1, "bob@example.org")


def run(play):
    play.refused(lambda: "EAP-TLS: its certificate isn't trusted" in play.raveld.log(),
                 files=eap.certified(2, 1, "bob@example.org", "stranger"))
