# SPDX-License-Identifier: BSD-2-Clause
"""The peer knows another password of raveld's: neither end gets an SA, and nothing passes. With the right one it does."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("raveld",)


def files(side, other):
    return eap.files(side, server=2)


def run(play):
    eap.refused(play, "EAP-MSCHAPv2 failed as bob: the server says no: wrong password?")
