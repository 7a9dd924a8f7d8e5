# SPDX-License-Identifier: BSD-2-Clause
"""The peer doesn't know RFC 7427: both ends sign with RSA and SHA-1, as RFC 7296 has it."""
import certs

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)


def files(side, other):
    return {**certs.files(side, "rsa:2048"), "charon.conf": "signature_authentication = no\n"}


def run(play):
    play.both_replace_both()
