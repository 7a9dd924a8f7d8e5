# SPDX-License-Identifier: BSD-2-Clause
"""Both ends sign with RSASSA-PSS and SHA2-512, and take nothing else of the other."""
import certs

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)


def files(side, other):
    return certs.files(side, "rsa:3072", local="rsa/pss-sha512", remote="ike:rsa/pss-sha512")


def run(play):
    play.both_replace_both()
