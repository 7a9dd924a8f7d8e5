# SPDX-License-Identifier: BSD-2-Clause
"""raveld tells the peer DNS servers and their domains (RFC 8598) with its address. (strongSwan asks for none unless a plugin
may change the machine's own /etc/resolv.conf.)"""

INITIATORS = ("peer",)


def run(play):
    play.connect()
    text = play.peer.guest.sh("cat /etc/resolv.conf")
    for line in ("search corp.example lab.example", "nameserver 10.1.0.53", "nameserver 10.1.0.54"):
        play.expect(line in text.splitlines(), f"the peer has {line}: {text}")
    play.passes([("10.1.0.1", "10.3.0.1")])
    play.peer.down_ike()
    play.nothing()
    play.expect("10.1.0.5" not in play.peer.guest.sh("cat /etc/resolv.conf"), "and no more without the IKE SA")
