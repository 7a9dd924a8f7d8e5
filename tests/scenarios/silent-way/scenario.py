# SPDX-License-Identifier: BSD-2-Clause
"""raveld probes what the way takes: the peer answers, and takes no harm. Then the way loses every packet of more than
1400 octets and says nothing; raveld finds out, and either end goes on to replace its SAs meanwhile."""

SIZE = 1400

SILENT = """
table netdev silent {
  chain arrives {
    type filter hook ingress device %(device)s priority 0
    ip length > %(size)d drop
  }
}
"""


def probes(play):
    ike = play.bed.ravelctl_json("stats")["ike"]
    return ike["probes"], ike["probes_lost"]


def knows(play, octets):
    return play.raveld.log().count(f"may have {octets} octets, as a probe has shown")


def run(play):
    play.connect()
    sent, lost = probes(play)
    play.wait("probes are answered", lambda: probes(play)[0] >= sent + 3)
    play.expect(probes(play)[1] == lost, "none of them is lost")
    before = knows(play, SIZE)
    with play.bed.losing("silent", SILENT % {"device": play.bed.wire, "size": SIZE}), play.traffic():
        play.wait("raveld knows what the way takes", lambda: knows(play, SIZE) > before)
        for end in play.ends:
            play.rekey(end)
            play.rekey_ike(end)
