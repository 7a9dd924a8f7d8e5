# SPDX-License-Identifier: BSD-2-Clause
"""A way that loses every IKE packet of more than 576 octets and says nothing. The peer knows it and sends smaller
ones; raveld finds out, whether it asks or answers, and keeps to it."""
import contextlib

import wire

PEERS = ("strongswan-5.9", "strongswan-6.0")
NETWORKS = 5
SIZE = 576

NARROW = f"""
table ip narrow {{
  chain arrives {{
    type filter hook input priority 0
    udp dport {{ 500, 4500 }} ip length > {SIZE} drop
  }}
  chain leaves {{
    type filter hook output priority 0
    udp dport {{ 500, 4500 }} ip length > {SIZE} drop
  }}
}}
"""


def files(side, other):
    nets = {n: ", ".join(f"10.{n}.{number}.0/24" for number in range(NETWORKS)) for n in (side, other)}
    return {"children.conf": f"net {{\n  local_ts = {nets[side]}\n  remote_ts = {nets[other]}\n}}\n",
            "charon.conf": f"fragment_size = {SIZE}\n"}


@contextlib.contextmanager
def narrow(bed):
    """In the peer's namespace."""
    (bed.run / "narrow").write_text(NARROW)
    bed.sh(bed.b, "nft", "-f", bed.run / "narrow")
    try:
        yield
    finally:
        bed.sh(bed.b, "nft", "delete", "table", "ip", "narrow")


def large(play):
    """How many packets of IKE_AUTH of raveld's were too large; the capture shows them, for it is before the narrow."""
    return sum(size > SIZE for size in wire.ike_sizes(play.bed.captures[0].path, play.bed.ours, wire.IKE_AUTH))


def run(play):
    with narrow(play.bed):
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
