# SPDX-License-Identifier: BSD-2-Clause
"""The peer comes in with another password: neither end gets an SA, and nothing passes. With the right one it does."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.files(side, server=1)


def run(play):
    eap.refused(play, 'authentication of "bob" failed: EAP-MSCHAPv2: wrong password')
