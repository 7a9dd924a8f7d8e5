# SPDX-License-Identifier: BSD-2-Clause
"""Packet offload by hand: states and policies of `ip xfrm` with static keys, guest A with the NIC, guest B
with the kernel's own ESP. What suites of this kind stand on.

    guest A  ravelin.ko -- [vfio-user] -- ravelsim -- wire0 === wire1 -- bridge -- tap0  guest B, virtio-net

The capture is of tap0, so it holds what A and B sent and not what these tests put on the wire at wire1.
"""
import hashlib
import ipaddress
import itertools
import re
import socket
import struct

from hosts import A, B, Fixture, GuestHost, ping_in_vain
from ground import LabError, expect, inside, wait_for
import ipsec
import wire

# Networks behind A and B that may be seen in clear: those of A and B themselves may never.
OPEN_A, OPEN_B = "10.3.0.1", "10.4.0.1"
STRANGER = "10.5.0.1"
POL = "offload packet dev eth0"

# The same hosts over IPv6.
SIX = {A: A._replace(address="2001:db8::1", inner="fd01::1", net="fd01::/64"),
       B: B._replace(address="2001:db8::2", inner="fd02::1", net="fd02::/64")}


def at(host, family):
    """The host, with its addresses of a family: 4 or 6."""
    return host if family == 4 else SIX[host]


class Pair:
    """Two SAs with keys of their own: from A and to A. outer, inner: the tunnel's families, in transport mode both the
    packet's; icv: bits; key: octets, else 16 and 32 in turn; options: of both states, at both ends."""

    _numbers = itertools.count(1)

    def __init__(self, reqid=7, outer=4, inner=4, icv=128, options="", mode="tunnel", esn=False, key=None,
                 aead="rfc4106(gcm(aes))"):
        number = next(self._numbers)
        self.reqid, self.spi = reqid, {"out": 0x1000 + number, "in": 0x2000 + number}
        self.outer, self.inner, self.icv, self.mode, self.esn, self.aead = outer, inner, icv, mode, esn, aead
        self.options = f"{options} flag af-unspec" if outer != inner else options
        octets = 4 + (key or (32 if number & 1 else 16))
        self.key = {way: hashlib.sha512(f"{number} {way}".encode()).hexdigest()[:2 * octets] for way in ("out", "in")}

    def ends(self, way):
        return [at(host, self.outer).address for host in ((A, B) if way == "out" else (B, A))]

    def end(self, host):
        """The address of a host that packets have inside."""
        return at(host, self.outer).address if self.mode == "transport" else at(host, self.inner).inner

    def nets(self):
        if self.mode == "transport":
            return [f"{self.end(host)}/{32 if self.outer == 4 else 128}" for host in (A, B)]
        return [at(host, self.inner).net for host in (A, B)]

    def state(self, guest, way, options="", spi=None, verb="add"):
        """The command that adds one of them to A or B; way is A's."""
        src, dst = self.ends(way)
        nic = guest.me is A
        # what B receives it must take from any number on
        window = "replay-window 32" if (way == "in") == nic else ""
        if self.esn:
            # with an outbound state that is called one comes none
            window = "flag esn" if nic and way == "out" else "flag esn replay-window 64"
        return (f"ip xfrm state {verb} src {src} dst {dst} proto esp spi 0x{spi or self.spi[way]:x} "
                f"reqid {self.reqid} mode {self.mode} {window} {options} {self.options} "
                f"aead '{self.aead}' 0x{self.key[way]} {self.icv} "
                + (f"offload packet dev eth0 dir {way}" if nic else ""))

    def policy(self, guest, way, verb="add", net=None, options="", reqid=None):
        net = net or self.nets()
        ends, nets = self.ends(way), net if way == "out" else net[::-1]
        nic = guest.me is A
        direction = way if nic else {"out": "in", "in": "out"}[way]
        reqid = self.reqid if reqid is None else reqid
        return (f"ip xfrm policy {verb} src {nets[0]} dst {nets[1]} dir {direction} {options} "
                f"tmpl src {ends[0]} dst {ends[1]} proto esp reqid {reqid} mode {self.mode} "
                + (POL if nic else ""))


def delete(way, spi):
    src, dst = (A, B) if way == "out" else (B, A)
    return f"ip xfrm state delete src {src.address} dst {dst.address} proto esp spi 0x{spi:x}"


def all_of(*commands):
    return "set -e; " + "; ".join(commands)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def echo_request(macs, source, target, number=1):
    """A frame with a ping in clear."""
    icmp = struct.pack("!BBHHH", 8, 0, 0, 7, number) + bytes(32)
    icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), number, 0, 64, 1, 0,
                         ipaddress.IPv4Address(source).packed, ipaddress.IPv4Address(target).packed)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return macs[0] + macs[1] + b"\x08\x00" + header + icmp


def tampered(frame, at, value=None):
    """A frame with one octet, or a 32-bit word, changed."""
    out = bytearray(frame)
    if value is None:
        out[at] ^= 0x40
    else:
        out[at:at + 4] = struct.pack("!I", value)
    return bytes(out)


class Bench(Fixture):
    """The guests, and tools."""

    def __init__(self, net):
        super().__init__(net)
        net.veth("nic", "wire0", "b", "wire1")
        net.bridge("b", "bridge0", "wire1")
        self.nic = net.ravelsim("ravelsim", "nic", "veth:wire0")
        self.a = GuestHost(net, A, B, nics=[self.nic])
        self.b = GuestHost(net, B, A, taps=[net.tap("b", "tap0", "bridge0")])
        self.a.start()
        self.b.start()
        self.capture = net.capture("wire", net.b, "tap0")
        for guest in (self.a, self.b):
            guest.wait_ready()
            guest.up()
        self.a.sh(f"ip addr add {OPEN_A}/32 dev lo; {self.routes(self.a)}")
        self.b.sh(f"ip addr add {OPEN_B}/32 dev lo; ip addr add {STRANGER}/32 dev lo; {self.routes(self.b)}")
        self.macs = [bytes.fromhex(g.sh("cat /sys/class/net/eth0/address").strip().replace(":", ""))
                     for g in (self.a, self.b)]
        self.monitor = self.a.start_command("monitor", "exec ip xfrm monitor acquire expire")
        # it listens when its socket has joined its groups
        self.a.sh("until awk '$2 == 6 && $4 != \"00000000\"' /proc/net/netlink | grep -q .; do sleep 0.1; done")
        with inside(net.b):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.socket.bind(("wire1", 0))

    @staticmethod
    def routes(guest):
        nets = ("10.2.0.0/16", "10.4.0.0/16") if guest.me is A else ("10.1.0.0/16", "10.3.0.0/16")
        return "; ".join(f"ip route replace {net} dev eth0 src {source}"
                         for net, source in zip(nets, (guest.me.inner, OPEN_A if guest.me is A else OPEN_B)))

    def clean(self):
        for guest in (self.a, self.b):
            guest.sh("ip xfrm state flush; ip xfrm policy flush")

    def restore(self):
        """No state and no policy. The NIC's counters from which this test counts."""
        self.clean()
        self.a.patience()
        self.lost = ipsec.lost_frames(self.a)
        self.zero = self.a.statistics()
        self.errors = self.xfrm_stat()

    def always(self):
        for guest in (self.a, self.b):
            guest.check_console()
        ipsec.wire_is_clean(self.capture.path)

    def keep(self):
        self.a.keep()
        self.b.keep()

    def tunnel(self, pair, a_out="", a_in="", policies=True):
        for guest, options in ((self.b, ("", "")), (self.a, (a_out, a_in))):
            commands = [pair.state(guest, "out", options[0]), pair.state(guest, "in", options[1])]
            if policies:
                commands += [pair.policy(guest, "out"), pair.policy(guest, "in")]
            guest.sh(all_of(*commands))
        return pair

    def in_vain(self, guest, count):
        answered = ping_in_vain(guest, guest.peer.inner, count)
        expect(answered == 0, f"{answered} of {count} pings from {guest.name} are answered, which are not to be")

    def statistics(self):
        """What the NIC has counted in this test."""
        return {name: value - self.zero.get(name, 0) for name, value in self.a.statistics().items()}

    def xfrm_stat(self):
        return {line.split()[0]: int(line.split()[1]) for line in self.a.sh("cat /proc/net/xfrm_stat").splitlines()}

    def errors_now(self):
        """What A's kernel has complained of in this test."""
        return {name: value - self.errors[name] for name, value in self.xfrm_stat().items()
                if value != self.errors[name]}

    def counted(self, **wanted):
        """Wait until the NIC has counted exactly this in this test."""
        def look():
            found = self.statistics()
            return all(found[name] == value for name, value in wanted.items())
        try:
            wait_for("the NIC has counted", look, interval=0.2)
        except LabError:
            found = self.statistics()
            raise LabError(f"the NIC counts {({name: found[name] for name in wanted})} and not {wanted}; all: "
                           f"{({n: v for n, v in found.items() if v and 'queue' not in n})}; "
                           f"{self.errors_now()}") from None

    def sa(self, spi):
        """An SA of A as `ip -s xfrm state` shows it; None when there is none."""
        found = [sa for sa in ipsec.xfrm_states(self.a) if sa["spi"] == spi]
        if not found:
            return None
        match = re.search(r"replay-window (\d+) replay (\d+) failed (\d+)", found[0]["text"])
        found[0]["replay"], found[0]["failed"] = int(match[2]), int(match[3])
        return found[0]

    def agree(self):
        """The kernel's counters of the SAs are the NIC's of this test."""
        def look():
            sas, nic = ipsec.xfrm_states(self.a), self.statistics()
            sums = tuple(sum(sa["packets"] for sa in sas if sa["offload"]["dir"] == way) for way in ("out", "in"))
            return sums == (nic["tx_protected"], nic["rx_decrypted"]) and sums
        return wait_for("the SAs' packets are the NIC's", look, interval=0.2)

    def on_the_wire(self, spi, count=0, nat=4500):
        """The ESP packets of an SPI, plain or in UDP of this port, once there are so many."""
        def look():
            found = [packet for packet in wire.esp(self.capture.path, nat) if packet.spi == spi]
            return (found, ) if len(found) >= count else None
        return wait_for(f"{count} packets of SPI {spi:#x} on the wire", look)[0]

    def in_clear(self, pattern):
        """What a pattern finds in the frames on the wire."""
        return {int(number) for frame in wire.frames(self.capture.path)
                for number in re.findall(pattern.encode(), frame)}

    def expirations(self, spi):
        """The expirations of an SA that `ip xfrm monitor` has shown, in order: soft is 0 and hard is 1."""
        text = self.monitor.log()
        blocks = re.findall(rf"^Expired src [^\n]*\n\s+proto esp spi 0x0*{spi:x} .*?\n\s*hard (\d)", text, re.M | re.S)
        return [int(hard) for hard in blocks]

    def expired(self, spi, *wanted):
        try:
            wait_for("expirations", lambda: self.expirations(spi) == list(wanted), interval=0.2)
        except LabError:
            raise LabError(f"`ip xfrm monitor` shows expirations {self.expirations(spi)} of {spi:#x}, not {wanted}:\n"
                           f"{self.monitor.log()}") from None

    def send(self, *frames):
        for frame in frames:
            self.socket.send(frame)

    def refused(self, table):
        """Each command of the table ends with an error that holds its words."""
        script = "\n".join(f"echo '## {i}'; {command} 2>&1 && echo TAKEN; :" for i, (command, _) in enumerate(table))
        said = re.split(r"^## \d+\n", self.a.sh(script), flags=re.M)[1:]
        wrong = [f"{command}\n    says: {text.strip()}\n    wanted: {words}"
                 for (command, words), text in zip(table, said) if "TAKEN" in text or words not in text]
        expect(len(said) == len(table) and not wrong, "\n".join(["each refusal names its reason:", *wrong]))

    def received(self, pair, count):
        """Frames that B has just sent to A on this SA."""
        return [packet.frame for packet in self.on_the_wire(pair.spi["in"], count)]

    def gone(self, what, leave, back):
        """After `leave` and `back` the device knows no SA: an ESP frame is not decrypted."""
        self.restore()
        pair = self.tunnel(Pair())
        ipsec.ping_holds(self.b, 2)
        frames = self.received(pair, 2)
        fresh = tampered(frames[0], 14 + 20 + 4, 3)    # this one passes everything but the ICV
        self.send(fresh)
        self.counted(rx_drop_icv=1, rx_sa_miss=0)
        self.a.sh(leave)
        expect(not ipsec.xfrm_states(self.a), f"no state is left after {what}")
        expect(not self.a.sh("ip xfrm policy").strip(), f"no offloaded policy is left after {what}")
        self.a.sh(back)
        wait_for("a carrier", lambda: self.a.sh("cat /sys/class/net/eth0/carrier", check=False).strip() == "1")
        self.zero = self.a.statistics()
        self.send(*frames, fresh)
        self.counted(rx_sa_miss=3, rx_decrypted=0, rx_drop_icv=0, rx_drop_replay=0)
        self.a.check_console()

    def up_again(self):
        return f"ip link set eth0 up && ip addr replace {A.address}/24 dev eth0 && {self.routes(self.a)}"
