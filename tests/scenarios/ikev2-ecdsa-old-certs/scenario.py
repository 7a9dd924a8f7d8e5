# SPDX-License-Identifier: BSD-2-Clause
"""The peer doesn't know RFC 7427: both ends sign as RFC 4754 has it."""
import certs

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)


def files(side, other):
    return {**certs.files(side, "P-521"), "charon.conf": "signature_authentication = no\n"}


def run(play):
    play.both_replace_both()
