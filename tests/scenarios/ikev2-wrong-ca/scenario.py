# SPDX-License-Identifier: BSD-2-Clause
"""The peer trusts raveld's authority, but its own certificate is of another one of the same name: neither end gets an SA,
and nothing passes. With the right one it does."""
import certs

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)


def files(side, other):
    return certs.files(side, "P-256")


def run(play):
    forged = certs.files(2, "P-384")
    play.refused(lambda: "certificate isn't trusted" in play.raveld.log(),
                 files={**play.peer.files, **{name: forged[name] for name in ("x509/own.pem", "private/own.pem")}})
