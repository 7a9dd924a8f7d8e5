# SPDX-License-Identifier: BSD-2-Clause
"""What holds of every tunnel between a guest with the NIC and a peer; the suites guest-* and the demo
use these."""
import re

from hosts import A, B, MARKER, PROTECTED, ping
from ground import LabError, expect, wait_for
import wire

STATE_ERRORS = ("XfrmInError", "XfrmInNoStates", "XfrmInStateProtoError", "XfrmInStateModeError",
                "XfrmInStateSeqError", "XfrmInStateInvalid", "XfrmInTmplMismatch", "XfrmInNoPols",
                "XfrmInPolBlock", "XfrmOutError", "XfrmOutStateProtoError", "XfrmOutPolBlock")


def xfrm_states(guest):
    return wire.states(guest.sh("ip -s xfrm state"))


def offloaded(guest):
    """Every SA and every policy of the tunnel is the NIC's, as `ip xfrm` shows them. Returns the SAs. (What a trap has
    asked for stays there for 30 s, without an SPI.)"""
    sas = [sa for sa in xfrm_states(guest) if sa["spi"]]
    expect(len(sas) >= 2, f"there are SAs:\n{guest.sh('ip xfrm state')}")
    for sa in sas:
        expect(sa["offload"] and sa["offload"]["mode"] == "packet",
              f"this SA has `offload packet`:\n{sa['text']}")
    policies = guest.sh("ip xfrm policy")
    tunnel = [block for block in re.split(r"^(?=src )", policies, flags=re.M)
              if "tmpl" in block and "dir fwd" not in block]
    expect(len(tunnel) >= 2, f"there are policies:\n{policies}")
    for block in tunnel:
        expect("mode packet" in block, f"this policy has `offload packet`:\n{block}")
    return sas


def counters_agree(guest, before=None):
    """The kernel's counters of the SAs, the NIC's, and what the NIC calls the sum of its parts. before: the
    NIC's when there were no SAs, if it had others before these. Returns packets (out, in)."""
    names = ("tx_protected", "rx_decrypted")
    start = [before[name] if before else 0 for name in names]

    def counted():
        nic = guest.statistics()
        return tuple(nic[name] - was for name, was in zip(names, start))

    def agree():
        sas = xfrm_states(guest)
        sums = tuple(sum(sa["packets"] for sa in sas if sa["offload"]["dir"] == way) for way in ("out", "in"))
        return sums == counted() and sums
    try:
        return wait_for("the SAs' packets are the NIC's", agree, interval=0.5)
    except LabError:
        raise LabError(f"the SAs' packets differ from the NIC's {names} {counted()}:\n"
                       f"{guest.sh('ip -s xfrm state')}") from None


def _unaccounted(guest):
    nic = guest.statistics()
    return tuple(nic[f"{way}_frames"] - sum(v for k, v in nic.items() if re.fullmatch(rf"{way}_drop_\w+", k))
                 - sum(nic[name] for name in rest)
                 for way, rest in (("tx", ("tx_bypass", "tx_protected")), ("rx", ("rx_pass", "rx_decrypted"))))


def lost_frames(guest):
    """Frames that a reset of the device has lost: neither out nor dropped by a reason, both ways. Looks until
    none is on its way."""
    def steady():
        first = _unaccounted(guest)
        return (first,) if first == _unaccounted(guest) else None
    return wait_for("no frame is on its way", steady)[0]


def sums_hold(guest, lost=(0, 0)):
    """Frames in are frames out plus frames dropped by reason, both ways, but for those that were lost before."""
    wait_for("frames are the sum of what became of them", lambda: _unaccounted(guest) == lost)


def errors(guest):
    """The kernel's own complaints about IPsec, since it started, by name."""
    counts = dict(line.split() for line in guest.sh("cat /proc/net/xfrm_stat").splitlines())
    return {name: int(counts[name]) for name in STATE_ERRORS}


def no_errors(guest, before=None):
    """None of them, or no more than there were before."""
    now = errors(guest)
    wrong = {name: count for name, count in now.items() if count != (before or {}).get(name, 0)}
    expect(not wrong, f"/proc/net/xfrm_stat counts no error: {wrong}")


def wire_is_clean(path, allow_twice=0, migrating=()):
    """Nothing of the protected networks in clear, no sequence number and no IV twice (migrating: wire.used_twice).
    Returns the number of ESP packets."""
    clear = wire.in_clear(path, PROTECTED, (MARKER,))
    expect(not clear, f"{path} holds nothing in clear; it holds {len(clear)} frames, the first: "
                     f"{clear[0].hex() if clear else ''}")
    twice = wire.used_twice(path, migrating)
    expect(len(twice) <= allow_twice, f"{path} holds no sequence number or IV twice: {twice[:4]}")
    return sum(1 for _ in wire.esp(path))


def wire_decrypts(path, sas):
    """tshark, given the keys, finds each packet of these SAs authentic and its inner packet between the
    protected networks."""
    known = {sa["spi"] for sa in sas}
    packets = [p for p in wire.esp(path) if p.spi in known]
    inner, good = wire.decrypt(path, sas)
    expect(good == len(packets) > 0, f"tshark verifies the ICV of {good} of {len(packets)} packets")
    expect(sum(inner.values()) == len(packets), f"tshark finds an inner packet in {sum(inner.values())} of {len(packets)}")
    wrong = [key for key in inner if {key[2].rsplit(".", 2)[0], key[3].rsplit(".", 2)[0]} != {"10.1", "10.2"}]
    expect(not wrong, f"inner packets are between {A.net} and {B.net}: {wrong}")
    return len(packets)


def ping_holds(guest, count=3, **options):
    sent, answered = ping(guest, guest.peer.inner, count, **options)
    expect(sent == answered == count, f"{answered} of {sent} pings from {guest.name} to {guest.peer.inner} answered")
