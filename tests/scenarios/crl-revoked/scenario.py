# SPDX-License-Identifier: BSD-2-Clause
"""The peer's certificate is revoked: neither end gets an SA, and nothing passes. With another list, in which it isn't, and
without which raveld takes nobody (revocation = strict), it does."""
import certs

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
KEY = "P-256"


def files(side, other):
    found = certs.files(side, KEY, revocation="strict" if side == 1 else "relaxed")
    return {**found, "x509crl/authority.crl": certs.crl(KEY, certs.NAMES[2])} if side == 1 else found


def run(play):
    play.expect(play.fails(play.initiator.up, "net"), f"{play.initiator.name} is told that it failed")
    play.nothing()
    play.expect("certificate revoked" in play.raveld.log(), "the log says what is wrong")
    play.held()
    play.step("another list")
    (play.raveld.bed.run / "x509crl/authority.crl").write_text(certs.crl(KEY))
    play.raveld.reload("include", "include")
    play.connect()
    play.passes()
