# SPDX-License-Identifier: BSD-2-Clause
"""Certificates, and a post-quantum pre-shared key that neither end insists on, so who begins signs twice (RFC 8784)."""
import certs

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)


def files(side, other):
    return certs.files(side, "P-256")


def run(play):
    play.both_replace_both()
    play.expect(all(ike.get("ppk") for ike in play.bed.ravelctl_json("list")["ike-sas"]), "raveld says that it is in use")
