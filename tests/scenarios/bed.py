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
import contextlib
import itertools
import socket
import struct

import ipsec
import peers
import vm
import wire
from ground import LabError, expect, inside
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
    oifname "out0" meta l4proto udp masquerade to :%s
  }
}
"""
PORTS = "20000-29999", "30000-39999"
# Who is called behind one has these ports forwarded to it.
FORWARD = """
table %s nat {
  chain prerouting {
    type nat hook prerouting priority -100
    iifname "out0" udp dport { 500, 4500 } dnat to %s
  }
}
"""
# One address outside for each inside, ports as they are.
STATIC = """
table %s nat {
  chain prerouting {
    type nat hook prerouting priority -100
    iifname "out0" dnat to %s
  }
  chain postrouting {
    type nat hook postrouting priority 100
    oifname "out0" snat to %s
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

# Nothing passes, and so nothing is translated.
HOLD = """
table %s hold {
  chain forward {
    type filter hook forward priority 0
    drop
  }
}
"""

# Of the kernel's ctnetlink: a message of type IPCTNL_MSG_CT_DELETE that names no connection is for all of them.
NETLINK_NETFILTER, CT_DELETE, REQUEST_AND_ACK = 12, 1 << 8 | 2, 1 | 4


def forget_connections(namespace):
    """Its kernel tracks no connection any more: what a NAT has translated, too."""
    with inside(namespace):
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    with netlink:
        netlink.send(struct.pack("=IHHIIBBH", 20, CT_DELETE, REQUEST_AND_ACK, 1, 0, socket.AF_UNSPEC, 0, 0))
        error, = struct.unpack_from("=i", netlink.recv(4096), 16)
    if error:
        raise LabError(f"ctnetlink in {namespace}: {error}")


class Bed(Peers):
    """peer: one of PEERS; backend: user or soft; hidden: who is behind a NAT, raveld, peer, both or None; nat: what kind
    of one, ports or static; family: 4 or 6, of the addresses outside."""

    def __init__(self, out, peer, backend, hidden=None, nat="ports", family=4):
        nats = {None: [], "both": ["nat", "nat2"]}.get(hidden, ["nat"])
        super().__init__(out, ("a", "b", *(["nic"] if backend == "user" else []), *nats), san=True)
        self.backend, self.hidden, self.nat, self.guest = backend, hidden, nat, None
        self._ports = itertools.cycle(PORTS)
        self.wire = "wire1" if peer in GUESTS else "eth0"      # its end in namespace b
        self.outside = OUTSIDE[family]
        self.ours = self.outside.hidden["raveld"] if self.gateway_of("raveld") else self.outside.ours
        self.theirs = self.outside.hidden["peer"] if self.gateway_of("peer") else self.outside.theirs
        with self.building():
            for name in ("a", "b", *(nats if family == 6 else ())):
                self.sh(self.ns[name], "sh", "-c", "for name in default lo; do "
                                                   "echo 0 >/proc/sys/net/ipv6/conf/$name/disable_ipv6; done")
            self._wire("nic" if backend == "user" else "a", self.wire)
            if backend == "user":
                self.device = f"vfio-user:{self.ravelsim('ravelsim', 'nic', 'veth:wire0').socket}"
            if peer in GUESTS:
                self._boot(peer)
            else:
                self._host()
            self.raveld_end, self.peer = peers.Raveld(self), PEERS[peer](self)
            self.captures = [self.capture("wire", self.b, self.wire)]
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
        if self.nat == "static":
            rules = STATIC % (table, self.outside.hidden[self.hidden], outside)
        else:
            rules = MASQUERADE % (table, next(self._ports)) + (FORWARD % (table, forward) if forward else "")
        self._translate(nat, rules)

    def _translate(self, nat, rules):
        path = self.run / "nat.nft"
        path.write_text(rules)
        self.sh(nat, "nft", "-f", path)

    def rebind(self):
        """The only NAT forgets what it has translated, and takes other ports from now on."""
        nat, table = self.ns["nat"], self.outside.nft
        self._translate(nat, HOLD % table)
        self._translate(nat, f"delete table {table} nat\n{MASQUERADE % (table, next(self._ports))}")
        forget_connections(nat)
        self._translate(nat, f"delete table {table} hold")

    @contextlib.contextmanager
    def losing(self, table, rules):
        """Rules of nft at the wire's end in the peer's namespace, in this table of family netdev."""
        self._translate(self.b, rules)
        try:
            yield
        finally:
            self._translate(self.b, f"delete table netdev {table}")

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
                              load=["xfrm_user", "esp4", "esp6", "ah4", "virtio_net"],
                              files=peers.Libreswan.packed() if peer == "libreswan" else None)
        self.guest.boot()
        six = ":" in self.theirs
        # policies lead into the tunnel what has a way out
        self.guest.sh("for name in lo eth0; do echo 0 >/proc/sys/net/ipv6/conf/$name/disable_ipv6; done; "
                      f"ip link set eth0 up; ip route add fd01::/16 dev eth0{'; ip route add 10.1.0.0/16 dev eth0' if six else ''}")
        self.guest.sh(f"ip addr add {self.theirs}/{self.outside.length} dev eth0 {'nodad' if six else ''} && "
                      f"ip route add default via {self.gateway_of('peer') or self.outside.ours}")

    def inner(self, networks):
        """An address of each of these networks at both ends: 10.1.N.1 and fd01:N::1, 10.2.N.1 and fd02:N::1."""
        for number in range(networks):
            for end, machine in enumerate((self.raveld_end, self.peer), 1):
                machine.ip("addr", "replace", f"10.{end}.{number}.1/32", "dev", "lo")
                machine.ip("addr", "replace", f"fd0{end}:{number}::1/128", "dev", "lo")

    def check(self):
        """What holds whatever the scenario was."""
        for capture in self.captures:
            esp = ipsec.wire_is_clean(capture.path, migrating=self.peer.migrating())
            expect(esp + sum(1 for _ in wire.ah(capture.path)) > 0, f"{capture.path} shows ESP or AH")
        if self.guest:
            self.guest.check_console()
