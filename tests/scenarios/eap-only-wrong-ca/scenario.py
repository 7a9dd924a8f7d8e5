# SPDX-License-Identifier: BSD-2-Clause
"""By EAP-TLS alone the peer has a certificate of a stranger's authority: neither end gets an SA, and nothing passes.
With the right one it does."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.alone(side, other)


def run(play):
    play.refused(lambda: "EAP-TLS" in play.raveld.log() and "isn't trusted" in play.raveld.log(),
                 files=eap.alone(2, 1, "stranger"))
