# SPDX-License-Identifier: BSD-2-Clause
"""raveld comes in as a user with a password, by MSCHAPv2; the peer has a certificate. Either end replaces both SAs."""
import eap

LIKE = ("rw-eap-mschapv2-id-rsa",)
PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("raveld",)


def files(side, other):
    return eap.files(side, server=2)


def run(play):
    play.both_replace_both()
    play.expect("EAP identity 'bob'" in play.peer.log() or "'bob'" in play.peer.log(), "the peer knows who it is")
