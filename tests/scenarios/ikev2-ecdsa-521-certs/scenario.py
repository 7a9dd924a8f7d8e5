# SPDX-License-Identifier: BSD-2-Clause
"""Both ends have a certificate, and sign with ECDSA over P-521. Either end replaces Child SA and IKE SA."""
import certs

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)


def files(side, other):
    return certs.files(side, "P-521")


def run(play):
    play.both_replace_both()
    play.expect("RFC 7427" not in play.raveld.log(), "nobody falls back to what is older")
