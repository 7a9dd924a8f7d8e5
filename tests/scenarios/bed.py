# SPDX-License-Identifier: BSD-2-Clause
"""What a scenario lies on: raveld in namespace a, its peer in namespace b or in a guest, a wire between them
that is captured, and if the scenario asks for it a NAT in the wire.

    raveld's end  wire0 ======================== eth0  the peer's          nobody behind a NAT
    raveld's end  wire0 === in0  nat  out0 ===== eth0  the peer's          raveld behind it
    raveld's end  wire0 ===== out0  nat  in0 === eth0  the peer's          the peer behind it
    raveld's end  wire0 === in0  nat  out0 ===== out0  nat2  in0 === eth0  the peer's      both behind one

raveld's end is namespace a, or with the NIC the one that ravelsim is in. A guest's eth0 is a TAP on a bridge
with the wire's end. From outside raveld is always 192.0.2.1 and the peer 192.0.2.2; where the outside is IPv6,
2001:db8::1 and 2001:db8::2.
"""
import collections

import ipsec
import peers
import vm
from ground import expect
from lab import Peers

# Addresses outside, by who has them; those behind a NAT, and the NAT's own there.
Outside = collections.namedtuple("Outside", "ours theirs hidden gateway length nft forwarding")
OUTSIDE = {
    4: Outside("192.0.2.1", "192.0.2.2", {"raveld": "198.51.100.1", "peer": "198.51.100.2"}, "198.51.100.254", 24, "ip",
               "ipv4/ip_forward"),
    6: Outside("2001:db8::1", "2001:db8::2", {"raveld": "2001:db8:9::1", "peer": "2001:db8:9::2"}, "2001:db8:9::ff", 64,
               "ip6", "ipv6/conf/all/forwarding"),
}

# Ports are others than those that were used inside, as with most people's router.
MASQUERADE = """
table %s nat {
  chain postrouting {
    type nat hook postrouting priority 100
    oifname "out0" meta l4proto udp masquerade to :20000-29999
  }
}
"""
# Who is called behind one has these ports forwarded to it.
FORWARD = """
table %s nat {
  chain prerouting {
    type nat hook prerouting priority -100
    iifname "out0" udp dport { 500, 4500 } dnat to %s
  }
}
"""

PEERS = {
    "strongswan-5.9": lambda bed: peers.StrongSwanHere(bed, "strongswan-5.9"),
    "strongswan-6.0": lambda bed: peers.StrongSwanHere(bed, "strongswan-6.0", peers.root("guest")),
    "strongswan-6.0-kernel": lambda bed: peers.StrongSwanGuest(bed, "strongswan-6.0-kernel"),
    "libreswan": lambda bed: peers.Libreswan(bed, "libreswan"),
}
GUESTS = ("strongswan-6.0-kernel", "libreswan")


class Bed(Peers):
    """peer: one of PEERS; backend: user or soft; hidden: who is behind a NAT, raveld, peer, both or None; family: 4 or
    6, of the addresses outside."""

    def __init__(self, out, peer, backend, hidden=None, family=4):
        nats = {None: [], "both": ["nat", "nat2"]}.get(hidden, ["nat"])
        super().__init__(out, ("a", "b", *(["nic"] if backend == "user" else []), *nats), san=True)
        self.backend, self.hidden, self.guest = backend, hidden, None
        self.outside = OUTSIDE[family]
        self.ours = self.outside.hidden["raveld"] if self.gateway_of("raveld") else self.outside.ours
        self.theirs = self.outside.hidden["peer"] if self.gateway_of("peer") else self.outside.theirs
        with self.building():
            if family == 6:
                for name in ("b", *nats):
                    self.sh(self.ns[name], "sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
            self._wire("nic" if backend == "user" else "a", "wire1" if peer in GUESTS else "eth0")
            if backend == "user":
                self.device = f"vfio-user:{self.ravelsim('ravelsim', 'nic', 'veth:wire0').socket}"
            if peer in GUESTS:
                self._boot(peer)
            else:
                self._host()
            self.raveld_end, self.peer = peers.Raveld(self), PEERS[peer](self)
            self.captures = [self.capture("wire", self.b, "wire1" if peer in GUESTS else "eth0")]
            if hidden:
                self.captures.append(self.capture("before-nat", self.ns["nat"], "out0" if hidden == "peer" else "in0"))

    def _wire(self, ours, theirs):
        if not self.hidden:
            self.veth(ours, "wire0", "b", theirs)
        elif self.hidden == "both":
            self.veth(ours, "wire0", "nat", "in0")
            self.veth("nat", "out0", "nat2", "out0")
            self.veth("nat2", "in0", "b", theirs)
            self._nat("nat", self.outside.ours, forward=self.outside.hidden["raveld"])
            self._nat("nat2", self.outside.theirs, forward=self.outside.hidden["peer"])
        else:
            inside, outside = ("in0", "out0") if self.hidden == "raveld" else ("out0", "in0")
            self.veth(ours, "wire0", "nat", inside)
            self.veth("nat", outside, "b", theirs)
            self._nat("nat", self.outside.ours if self.hidden == "raveld" else self.outside.theirs)

    def _nat(self, name, outside, forward=None):
        nat = self.ns[name]
        self._add_address(nat, self.outside.gateway, "in0")
        self._add_address(nat, outside, "out0")
        self.sh(nat, "sh", "-c", f"echo 1 >/proc/sys/net/{self.outside.forwarding}")
        table = self.outside.nft
        (self.run / name).write_text(MASQUERADE % table + (FORWARD % (table, forward) if forward else ""))
        self.sh(nat, "nft", "-f", self.run / name)

    def _add_address(self, namespace, address, device):
        """To be used at once."""
        self.ip(namespace, "addr", "add", f"{address}/{self.outside.length}", "dev", device,
                *(["nodad"] if ":" in address else []))

    def gateway_of(self, end):
        return self.outside.gateway if self.hidden in (end, "both") else None

    def _host(self):
        """The peer is this namespace."""
        self._add_address(self.b, self.theirs, "eth0")
        if self.gateway_of("peer"):
            self.ip(self.b, "route", "add", "default", "via", self.gateway_of("peer"))

    def _boot(self, peer):
        """The peer is a machine."""
        self.bridge("b", "bridge0", "wire1")
        self.guest = vm.Guest(self, "peer", taps=[self.tap("b", "tap0", "bridge0")],
                              load=["xfrm_user", "esp4", "esp6", "virtio_net"],
                              files=peers.Libreswan.packed() if peer == "libreswan" else None)
        self.guest.boot()
        nodad = ""
        if ":" in self.theirs:
            self.guest.sh("echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6")
            nodad = "nodad"
        self.guest.sh(f"ip link set eth0 up && ip addr add {self.theirs}/{self.outside.length} dev eth0 {nodad} && "
                      f"ip route add default via {self.gateway_of('peer') or self.outside.ours}")

    def inner(self, networks):
        """An address of each of these networks at both ends: 10.1.N.1 and 10.2.N.1."""
        for number in range(networks):
            self.ip(self.a, "addr", "replace", f"10.1.{number}.1/32", "dev", "lo")
            if self.guest:
                self.guest.sh(f"ip addr replace 10.2.{number}.1/32 dev lo")
            else:
                self.ip(self.b, "addr", "replace", f"10.2.{number}.1/32", "dev", "lo")

    def check(self):
        """What holds whatever the scenario was."""
        for capture in self.captures:
            expect(ipsec.wire_is_clean(capture.path) > 0, f"{capture.path} shows ESP")
        if self.guest:
            self.guest.check_console()
