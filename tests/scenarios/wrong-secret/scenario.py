# SPDX-License-Identifier: BSD-2-Clause
"""The peer has another secret: neither end gets an SA, both say why, and nothing passes. With the right secret it does."""

LIKE = ("net2net-psk-fail", "net2net-psk")


def run(play):
    right, play.peer.conf = play.peer.conf, play.peer.conf + WRONG
    play.peer.stop()
    play.peer.start(play.scenario.tries)
    play.expect(play.fails(play.initiator.up, "net"), f"{play.initiator.name} is told that it failed")
    play.nothing()
    play.expect("wrong pre-shared key?" in play.raveld.log() or play.initiator is play.raveld and
                "AUTHENTICATION_FAILED" in play.raveld.log(), "the log says what is wrong")
    play.held()
    play.peer.stop()
    play.peer.conf = right
    play.peer.start(play.scenario.tries)
    play.connect()
    play.passes()


WRONG = """
secrets {
	ike {
		secret = "the ravelin lies behind the wall"
	}
}
"""
