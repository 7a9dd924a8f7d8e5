# SPDX-License-Identifier: BSD-2-Clause
"""raveld is sent to another gateway in IKE_SA_INIT, as everybody is, and gets there what it wanted here (RFC 5685). The
other gateway is a second address of the first. (strongSwan sends nobody away in IKE_SA_INIT.)"""

INITIATORS = ("raveld",)


def run(play):
    play.raveld.add_address("203.0.113.1/24")
    play.peer.add_address("203.0.113.2/24")
    play.peer.whack("--global-redirect", "yes", "--global-redirect-to", "203.0.113.2")
    play.connect()
    play.expect(play.raveld.outside()["peer"] == "203.0.113.2", "the IKE SA is at the other gateway")
    play.passes()
    play.peer.whack("--global-redirect", "no")
    play.raveld.remove_address("203.0.113.1/24")
    play.peer.remove_address("203.0.113.2/24")
