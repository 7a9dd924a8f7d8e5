# SPDX-License-Identifier: BSD-2-Clause
"""raveld comes in by MSCHAPv2, and a post-quantum pre-shared key is mixed in at the end (RFC 8784)."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("raveld",)


def files(side, other):
    return eap.files(side, server=2)


def run(play):
    play.both_replace_both()
    play.expect(all(ike.get("ppk") for ike in play.bed.ravelctl_json("list")["ike-sas"]), "raveld says that it is in use")
