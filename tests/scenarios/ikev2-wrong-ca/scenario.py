# SPDX-License-Identifier: BSD-2-Clause
"""The peer trusts raveld's authority, but its own certificate is of another one of the same name: neither end gets an SA,
and nothing passes. With the right one it does."""
import certs

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)


def files(side, other):
    return certs.files(side, "P-256")


def run(play):
    right, forged = play.peer.files, certs.files(2, "P-384")
    play.peer.stop()
    play.peer.files = {**right, **{name: forged[name] for name in ("x509/own.pem", "private/own.pem")}}
    play.peer.start(play.scenario.tries)
    play.expect(play.fails(play.initiator.up, "net"), f"{play.initiator.name} is told that it failed")
    play.nothing()
    play.expect("certificate isn't trusted" in play.raveld.log(), "the log says what is wrong")
    play.held()
    play.peer.stop()
    play.peer.files = right
    play.peer.start(play.scenario.tries)
    play.connect()
    play.passes()
