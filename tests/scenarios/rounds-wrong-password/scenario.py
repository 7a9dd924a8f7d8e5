# SPDX-License-Identifier: BSD-2-Clause
"""The peer's certificate is good, and its password isn't (RFC 4739): nothing comes up."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("peer",)


def files(side, other):
    return eap.rounds(side, server=1, first="pubkey")


def run(play):
    eap.refused(play, "wrong password")
