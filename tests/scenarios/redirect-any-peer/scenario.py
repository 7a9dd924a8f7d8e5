# SPDX-License-Identifier: BSD-2-Clause
"""raveld is sent to another gateway in IKE_SA_INIT, as everybody is, and gets there what it wanted here (RFC 5685). The
other gateway is a second address of the first, which is there once that sends nobody away any more. (strongSwan sends
nobody away in IKE_SA_INIT.)"""
import threading

INITIATORS = ("raveld",)


def run(play):
    before = play.bed.ravelctl_json("stats")["ike"]["redirects_followed"]
    play.raveld.add_address("203.0.113.1/24")
    play.peer.whack("--global-redirect", "yes", "--global-redirect-to", "203.0.113.2")
    asks = threading.Thread(target=play.raveld.up, args=("net",))
    asks.start()
    play.wait("raveld goes where it is sent",
              lambda: play.bed.ravelctl_json("stats")["ike"]["redirects_followed"] > before)
    play.peer.whack("--global-redirect", "no")
    play.peer.add_address("203.0.113.2/24")
    asks.join()
    play.agree()
    play.expect(play.raveld.outside()["peer"] == "203.0.113.2", "the IKE SA is at the other gateway")
    play.passes()
    play.raveld.remove_address("203.0.113.1/24")
    play.peer.remove_address("203.0.113.2/24")
