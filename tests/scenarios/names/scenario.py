# SPDX-License-Identifier: BSD-2-Clause
"""Both ends know each other by their names, which stand for somebody else's address at first: who begins goes there in
vain, and who is called doesn't know the caller. Once the names are right, it comes up."""

TRIES = 5
NOBODY = "192.0.2.99"
HOSTS = {"raveld.example.test": NOBODY, "peer.example.test": NOBODY}


def run(play):
    play.expect(play.fails(play.initiator.up, "net"), f"{play.initiator.name} is told that it failed")
    play.nothing()
    play.hosts({"raveld.example.test": "192.0.2.1", "peer.example.test": "192.0.2.2"})
    play.both_replace_both()
