# SPDX-License-Identifier: BSD-2-Clause
"""Neither end has a certificate, and each knows the other one's public key. Either end replaces Child SA and IKE SA."""
import certs

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)


def files(side, other):
    return certs.raw_files(side, "rsa:2048")


def run(play):
    play.both_replace_both()
    play.expect("RFC 7427" not in play.raveld.log(), "nobody falls back to what is older")
