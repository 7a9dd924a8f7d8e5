# SPDX-License-Identifier: BSD-2-Clause
"""Long names and many networks: IKE_AUTH doesn't fit into a packet of 576 octets, so both ends send it in
fragments. Traffic passes in all networks, and either end replaces what there is."""
import wire

NETWORKS = 5
# What each end may send; packets with all headers. libreswan has one size.
OURS, THEIRS, LIBRESWAN = 576, 400, 576


def files(side, other):
    nets = {n: ", ".join(f"10.{n}.{number}.0/24" for number in range(NETWORKS)) for n in (side, other)}
    return {"children.conf": f"net {{\n  local_ts = {nets[side]}\n  remote_ts = {nets[other]}\n}}\n",
            "charon.conf": f"fragment_size = {THEIRS}\n"}


def sizes(play):
    """Of packets with IKE_AUTH, by who sent them; the capture may be that of other scenarios, too."""
    return {end: wire.ike_sizes(play.bed.captures[0].path, source, wire.IKE_AUTH)
            for end, source in (("raveld", play.bed.ours), ("peer", play.bed.theirs))}


def run(play):
    before, old = play.bed.ravelctl_json("stats")["ike"], sizes(play)
    play.both_replace_both()
    stats = play.bed.ravelctl_json("stats")["ike"]
    counted = {name: stats[name] - before[name] for name in stats}
    play.expect(counted["fragments_out"] >= 2, f"raveld sends fragments: {counted}")
    play.expect(counted["fragments_in"] >= 2 and counted["reassembled"] >= 1, f"raveld takes the peer's: {counted}")
    play.expect(not any(counted[name] for name in counted if name.startswith("drop_")), f"none is dropped: {counted}")
    limits = {"raveld": OURS, "peer": LIBRESWAN if play.peer.name == "libreswan" else THEIRS}
    for end, seen in sizes(play).items():
        new = seen[len(old[end]):]
        play.expect(max(new) <= limits[end], f"no packet of {end} is larger than {limits[end]} octets: {new}")
