# SPDX-License-Identifier: BSD-2-Clause
"""The peer's certificate says where OCSP is, and that says that it is revoked: neither end gets an SA, and nothing passes."""
import certs
from web import Responder, Web

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
KEY = "P-256"
PLACE = "http://10.1.0.1:8000/"


def files(side, other):
    found = certs.files(side, KEY, revocation="relaxed" if side == 1 else "relaxed")
    return found if side == 1 else {**found, **certs.asked(KEY, OCSP=PLACE)[1]}


def run(play):
    with Web(play.bed.a, "10.1.0.1", 8000) as web:
        web.pages["/"] = Responder(certs.made(KEY, 0), [], ["asked"]).answer
        play.expect(play.fails(play.initiator.up, "net"), f"{play.initiator.name} is told that it failed")
        play.nothing()
        play.expect("certificate revoked" in play.raveld.log(), "the log says what is wrong")
        play.held()
