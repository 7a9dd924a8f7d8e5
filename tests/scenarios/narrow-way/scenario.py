# SPDX-License-Identifier: BSD-2-Clause
"""A way that loses every IKE packet of more than 576 octets and says nothing. The peer knows it and sends smaller
ones; raveld finds out, whether it asks or answers, and keeps to it."""
import wire

NETWORKS = 5
SIZE = 576

NARROW = """
table netdev narrow {
  chain arrives {
    type filter hook ingress device %(device)s priority 0
    udp dport { 500, 4500 } ip length > %(size)d drop
  }
  chain leaves {
    type filter hook egress device %(device)s priority 0
    udp dport { 500, 4500 } ip length > %(size)d drop
  }
}
"""


def files(side, other):
    nets = {n: ", ".join(f"10.{n}.{number}.0/24" for number in range(NETWORKS)) for n in (side, other)}
    return {"children.conf": f"net {{\n  local_ts = {nets[side]}\n  remote_ts = {nets[other]}\n}}\n",
            "charon.conf": f"fragment_size = {SIZE}\n"}


def large(play):
    """How many packets of IKE_AUTH of raveld's were too large; the capture shows them, for it is before the narrow."""
    return sum(size > SIZE for size in wire.ike_sizes(play.bed.captures[0].path, play.bed.ours, wire.IKE_AUTH))


def run(play):
    with play.bed.losing("narrow", NARROW % {"device": play.bed.wire, "size": SIZE}):
        before = large(play)
        play.connect()
        lost = large(play) - before
        play.expect(lost == 3, f"what is too large is sent three times: {lost}")
        play.expect("in packets of 576 octets now" in play.raveld.log(), "raveld says so")
        with play.traffic():
            for end in play.ends:
                play.rekey(end)
                play.rekey_ike(end)
        play.expect(large(play) == before + lost, "and never again")
