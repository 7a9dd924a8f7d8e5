# SPDX-License-Identifier: BSD-2-Clause
"""The peer's certificate says where OCSP is, and raveld takes nobody of whom that doesn't say that he is good."""
import certs
from web import Responder, Web

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
KEY = "P-256"
PLACE = "http://10.1.0.1:8000/"


def files(side, other):
    found = certs.files(side, KEY, revocation="strict" if side == 1 else "relaxed")
    return found if side == 1 else {**found, **certs.asked(KEY, OCSP=PLACE)[1]}


def run(play):
    with Web(play.bed.a, "10.1.0.1", 8000) as web:
        web.pages["/"] = Responder(certs.made(KEY, 0), ["asked"]).answer
        play.connect()
        play.passes()
        play.expect(web.asked, "OCSP is asked")
