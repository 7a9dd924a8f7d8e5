# SPDX-License-Identifier: BSD-2-Clause
"""The peer has another secret: neither end gets an SA, both say why, and nothing passes. With the right secret it does."""

LIKE = ("net2net-psk-fail", "net2net-psk")


def run(play):
    play.refused(lambda: "wrong pre-shared key?" in play.raveld.log() or play.initiator is play.raveld and
                 "AUTHENTICATION_FAILED" in play.raveld.log(), conf=play.peer.conf + WRONG)


WRONG = """
secrets {
	ike {
		secret = "the ravelin lies behind the wall"
	}
}
"""
