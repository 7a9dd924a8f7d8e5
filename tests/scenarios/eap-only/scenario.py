# SPDX-License-Identifier: BSD-2-Clause
"""Both ends prove themselves by EAP-TLS alone, whose certificates are theirs; who begins is its peer. Either end
replaces both SAs."""
import eap

LIKE = ("rw-eap-tls-only",)
PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)


def files(side, other):
    return eap.alone(side, other)


def run(play):
    play.both_replace_both()
