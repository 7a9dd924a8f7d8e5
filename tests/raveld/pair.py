# SPDX-License-Identifier: BSD-2-Clause
"""Two hosts with a raveld each: two network namespaces on a veth pair, the data path in software, ESP
without UDP; or one or both with the simulated NIC.

    with Pair() as (one, two):
        one.start()
        two.start()
        one.ctl("up", "net")
        expect(one.ping() == 3, "pings pass")
"""
import errno
import re
import select
import socket
import subprocess
import threading

from ground import (DEADLINE, IKE_TRIES, Control, Ground, expect, frames, inside, load_json, packet_socket,
                    wait_for)
from suite import comment


# Of raveld's routes and rules.
PROTOCOL = 143
# What is closed for the first host's peer, by its usual configuration.
RULES = {"from 10.1.0.0/24 lookup 220", "from 0.0.0.0 lookup 220", "from all iif rvl0 lookup 220"}
CLOSED = RULES | {"unreachable 10.2.0.0/24"}
OCTETS = 2 << 20    # that transfer() sends


class Host:
    """One namespace with a raveld in it. number is 1 or 2. ipv6: outside of the tunnel."""

    def __init__(self, pair, number, ipv6=False):
        self.pair, self.number, self.peer = pair, number, 3 - number
        self.name = f"host{number}"
        self.ns = pair.namespace(self.name)
        self.outside = "2001:db8::" if ipv6 else "192.0.2."
        self.address, self.prefix = f"{self.outside}{number}", 64 if ipv6 else 24
        self.remote = None    # the peer's address, if it isn't there
        self.inner = f"10.{number}.0.1"
        self.data_path = "backend = soft\n  wire = wire0"
        self.conf = pair.run / f"{number}.conf"
        self.socket = pair.run / f"{number}.sock"
        self.daemon = self.nic = None
        self.sh("ip", "addr", "add", f"{self.inner}/32", "dev", "lo")

    def sh(self, *command, **kwargs):
        """Like ground.sh(), in this namespace; what it says of errors as well."""
        return self.pair.sh(self.ns, *command, stderr=subprocess.STDOUT, **kwargs)

    def plug_nic(self, backend="user"):
        """The simulated NIC instead of software, or beside it. Its port is in a namespace of its own: as behind a
        real NIC, the host's kernel doesn't see the wire."""
        home = f"nic{self.number}"
        self.sh("ip", "link", "set", "wire0", "netns", self.pair.namespace(home))
        self.pair.ip(self.pair.ns[home], "link", "set", "wire0", "up")
        self.nic = self.pair.ravelsim(f"ravelsim{self.number}", home, "veth:wire0",
                                      "--mac", f"52:56:4c:4e:00:{self.number:02x}")
        self.data_path = f"backend = {backend}\n  device = vfio-user:{self.nic.socket}"

    def tell_nic(self, cmd, **arguments):
        """A request to the simulator's control socket."""
        control = Control(self.nic.control)
        control(cmd, **arguments)
        control.close()

    def configure(self, daemon="", connection="", child="", psk="0x00112233445566778899aabbccddeeff",
                  tries=IKE_TRIES, qcd=True):
        """Write raveld's configuration; tries: retransmissions until the peer counts as dead; qcd: it can prove a
        restart."""
        self.conf.write_text(f"""
raveld {{
  {self.data_path}
  address = {self.address}/{self.prefix}
  socket = {self.socket}
  qcd_secret = {f'{self.conf}.qcd' if qcd else 'none'}
  retransmit_timeout = 1s
  retransmit_tries = {tries}
  {daemon}
}}
connections {{
  c {{
    remote_addrs = {self.remote or f"{self.outside}{self.peer}"}
    {connection}
    local {{ auth = psk
      id = host{self.number}.example.org }}
    remote {{ auth = psk
      id = host{self.peer}.example.org }}
    children {{ net {{
      local_ts = 10.{self.number}.0.0/24
      remote_ts = 10.{self.peer}.0.0/24
      {child}
    }} }}
  }}
}}
secrets {{ ike {{ secret = {psk} }} }}
""")

    def launch(self, *prefix, config=None):
        self.daemon = self.pair.start(f"raveld{self.number}", self.ns,
                                      [*prefix, self.pair.program("raveld"), "--config", config or self.conf])

    def start(self, **settings):
        self.configure(**settings)
        self.launch()
        self.daemon.wait_log("ready:")
        self.pair.patient(self.ns, "rvl0")

    def text(self):
        return self.daemon.text()

    def end(self):
        """The exit status after SIGTERM, or what it was."""
        self.daemon.stop()
        return self.wait()

    def wait(self):
        status = self.daemon.wait()
        expect("Sanitizer" not in self.text(), f"the sanitizers are quiet:\n{self.text()}")
        return status

    def ctl(self, *args, check=True):
        return self.sh(self.pair.program("ravelctl"), "--socket", self.socket, *args, check=check)

    def json(self, *args):
        return load_json(self.ctl("--json", *args), f"ravelctl {' '.join(args)}")

    def connect(self):
        """A connection of our own to the control socket."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(self.socket))    # which waits for room among those that wait
        connection.settimeout(DEADLINE)
        return connection

    def child(self):
        for ike in self.json("list")["ike-sas"]:
            for child in ike["child-sas"]:
                if child["state"] == "INSTALLED":
                    return child
        return None

    def children_of_ike_sas(self):
        """How many each has, but for those that are deleted and only go on receiving."""
        return [sum(child["state"] != "LINGERING" for child in ike["child-sas"])
                for ike in self.json("list")["ike-sas"]]

    def counter(self, group, name):
        return self.json("stats")[group][name]

    def ping(self, count=3, size=56, target=None):
        """How many pings of the peer behind the tunnel, or of target, are answered; all of them should be."""
        return self.pair.ping(self.ns, self.address if target else self.inner, target or f"10.{self.peer}.0.1",
                              count, size)

    def try_ping(self, count, patience, target=None, options=()):
        """What ping says of some that may be lost; patience: seconds that it waits for the last one."""
        source = [] if target else ["-I", self.inner]
        return self.sh("ping", "-n", "-c", count, "-i", "0.05", "-W", patience, *source, *options,
                       target or f"10.{self.peer}.0.1", check=False)

    def holds(self, count=3, target=None, by=None):
        """Do all of these pings end at a policy, here or at the host by, without an answer?"""
        host, group, name = (by, "host", "rx_drop_policy") if by else (self, "device", "tx_drop_policy")
        before = host.counter(group, name)
        out = self.try_ping(count, 0.2, target)
        # Not at once: the first ones wait for the neighbour's address, and the daemon for the processor.
        wait_for("a policy takes the pings", lambda: host.counter(group, name) >= before + count)
        return "0 received" in out

    def wait_ping(self):
        """Wait until a ping is answered; many may be lost before. (With -w it sends until then, but for an error.)"""
        wait_for("pings pass", lambda: "1 received" in self.try_ping(1, DEADLINE, options=("-w", f"{DEADLINE:.0f}")))

    def other_way_out(self):
        """Another interface, with the default route."""
        self.pair.veth(self.name, "out0", self.name, "out1")
        self.sh("ip", "addr", "add", "198.51.100.1/24", "dev", "out0")
        self.sh("ip", "neigh", "add", "198.51.100.2", "lladdr", "02:00:00:00:00:08", "dev", "out0")
        self.sh("ip", "route", "add", "default", "via", "198.51.100.2")

    def refuses(self):
        """Does the kernel itself refuse to send to the peer's network, and is no ping answered?"""
        with inside(self.ns):
            datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with datagram:
            datagram.bind((self.inner, 0))
            try:
                datagram.sendto(b"", (f"10.{self.peer}.0.1", 9))
                return False
            except OSError as error:
                if error.errno not in (errno.EHOSTUNREACH, errno.ENETUNREACH):
                    raise
        return "bytes from" not in self.try_ping(3, 0.2)    # ping says nothing of its errors

    def traces(self):
        """What a raveld has in the system as long as it runs."""
        found = []
        if "rvl0" in self.sh("ip", "-o", "link"):
            found.append("netdev rvl0")
        if " via " in self.routes():
            found.append("routes")
        if " sport " in self._rules():    # the name of a protocol is not known everywhere
            found.append("rules for IKE")
        if self.socket.exists():
            found.append("control socket")
        return found

    def closed(self):
        """What keeps flows closed and what is exempt from that, with or without a raveld, as `ip` says it."""
        rules = [line.split(":\t")[1] for line in self._rules().splitlines() if " sport " not in line]
        routes = [line for line in self.routes().splitlines() if " via " not in line]
        return {line.split(" proto")[0].replace(" [detached]", "").strip() for line in rules + routes}

    def _rules(self):
        return "".join(f"{line}\n" for line in self.sh("ip", "rule").splitlines() if line.endswith(f"proto {PROTOCOL}"))

    def routes(self):
        """Routes of raveld's, in table 220 or one of its own for others' sources."""
        routes = self.sh("ip", "route", "show", "table", "all").splitlines()
        return "".join(re.sub(r" table \d+", "", f"{line}\n") for line in routes if f" proto {PROTOCOL}" in line)

    def wire_settings(self):
        if "wire0" not in self.sh("ip", "-o", "link"):
            return None
        return [self.sh("cat", f"/proc/sys/net/ipv4/conf/wire0/{key}").strip()
                for key in ("rp_filter", "arp_ignore")] + [self.ingress() is not None]

    def ingress(self):
        """How many frames have ended at the wire's ingress, behind packet sockets; None: it is open."""
        for discipline in load_json(self.sh("tc", "-s", "-j", "qdisc", "show", "dev", "wire0"), "tc"):
            if discipline["kind"] == "ingress":
                return discipline["drops"]
        return None


class Pair(Ground):
    """Two hosts, their wire ports joined; the first one with the simulated NIC if that is wished. nic: or the backend
    that is to have it."""

    def __init__(self, nic=False, offloads=False, ipv6=False, mtu=1500, backend="user", san=True):
        self.hosts = ()
        super().__init__(san=san)
        with self.building():
            self.hosts = one, two = Host(self, 1, ipv6), Host(self, 2, ipv6)
            self.veth(one.name, "wire0", two.name, "wire0", mtu=mtu, offloads=offloads)
            if nic:
                one.plug_nic(nic if isinstance(nic, str) else backend)

    def __enter__(self):
        return self.hosts

    def __exit__(self, kind, *exc):
        if kind:
            for host in self.hosts:
                if host.daemon:
                    comment("\n".join(f"{host.ns}: {line}" for line in host.text().splitlines()[-25:]))
        self.close()

    def close(self):
        for host in self.hosts:
            if host.daemon:
                host.daemon.kill()    # it would wait for peers that are gone
        super().close()


def sniff(host, device="wire0"):
    """A packet socket on the host's wire port: whole frames, both ways."""
    return packet_socket(host.ns, device)


class Nat(threading.Thread):
    """On the wire, before the second host: its UDP ports 500 and 4500 are port - 1 and port outside, over IPv4 or
    IPv6."""

    def __init__(self, one, two):
        super().__init__(daemon=True)
        self.port, self.going = 20001, True
        one.sh("ip", "link", "del", "wire0")
        self.sockets = []
        for host in (one, two):
            host.pair.veth(host.name, "wire0", host.name, "far0")
            sock = sniff(host, "far0")
            sock.setsockopt(263, 23, 1)    # SOL_PACKET, PACKET_IGNORE_OUTGOING
            self.sockets.append(sock)

    def run(self):
        outside, inside = self.sockets
        while self.going:
            for sock in select.select(self.sockets, [], [], 0.2)[0]:
                for frame in frames(sock):
                    frame = bytearray(frame)
                    udp = udp_at(frame)
                    if self.translate(frame, udp, sock is inside) if udp else self.passes(frame):
                        (outside if sock is inside else inside).send(frame)

    def passes(self, frame):
        """Does what isn't UDP?"""
        return True

    def translate(self, frame, udp, out):
        """One port of a frame; what no translation is known for doesn't pass."""
        ports, at = {500: self.port - 1, 4500: self.port}, udp if out else udp + 2
        if not out:
            ports = {there: here for here, there in ports.items()}
        before = int.from_bytes(frame[at:at + 2], "big")
        port = ports.get(before)
        if port:
            frame[at:at + 2] = port.to_bytes(2, "big")
            # Over IPv6 it can't do without a checksum: RFC 1624, equation 3.
            had = int.from_bytes(frame[udp + 6:udp + 8], "big")
            total = (~had & 0xffff) + (~before & 0xffff) + port
            total = (total & 0xffff) + (total >> 16)
            total = (total & 0xffff) + (total >> 16)
            frame[udp + 6:udp + 8] = ((~total & 0xffff) or 0xffff).to_bytes(2, "big") if udp == 54 else bytes(2)
        return bool(port)

    def end(self):
        self.going = False
        self.join()
        for sock in self.sockets:
            sock.close()


def udp_at(frame):
    """Where the UDP header of a frame is; 0: it has none. Headers have no options."""
    if frame[12:14] == b"\x08\x00" and frame[23] == 17:
        return 34
    return 54 if frame[12:14] == b"\x86\xdd" and frame[20] == 17 else 0


def is_clear_ping(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == 1


def is_clear_inner(frame):
    return frame[12:14] == b"\x08\x00" and frame[26] == 10 and frame[30] == 10


def is_plain_esp(frame):
    return bool(plain_esp_at(frame))


def plain_esp_at(frame):
    """Where ESP without UDP is in a frame; 0: nowhere."""
    if frame[12:14] == b"\x08\x00" and frame[23] == 50:
        return 34
    return 54 if frame[12:14] == b"\x86\xdd" and frame[20] == 50 else 0


def inner_socket(host, kind=socket.SOCK_STREAM):
    with inside(host.ns):
        sock = socket.socket(socket.AF_INET, kind)
    sock.settimeout(DEADLINE)
    sock.bind((host.inner, 0))
    return sock


def transfer(source, sink, socket_of=inner_socket):
    """OCTETS of TCP from one host to the other, all of which arrive."""
    with socket_of(sink) as listener, socket_of(source) as sender:
        listener.listen(1)
        sender.connect(listener.getsockname())
        receiver, _ = listener.accept()
        data = bytes(range(251)) * (OCTETS // 251)
        sending = threading.Thread(target=lambda: (sender.sendall(data), sender.shutdown(socket.SHUT_WR)), daemon=True)
        with receiver:
            receiver.settimeout(DEADLINE)
            sending.start()
            got = bytearray()
            while part := receiver.recv(1 << 16):
                got += part
        sending.join(DEADLINE)
        expect(bytes(got) == data, f"all of it arrives: {len(got)} octets")


class Traffic:
    """Pings both ways all the time, and what the wire has seen of it."""

    def __init__(self, one, two):
        self.one, self.two, self.seen = one, two, set()
        self.wire = sniff(two)
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.pings = [host.pair.start(f"ping{host.number}", host.ns,
                                      ["ping", "-q", "-n", "-i", "0.01", "-I", host.inner, f"10.{host.peer}.0.1"])
                      for host in (one, two)]

    def check(self):
        """Nothing in clear, and no SPI with a sequence number twice."""
        for frame in frames(self.wire):
            expect(not is_clear_inner(frame), f"nothing is on the wire in clear: {frame.hex()}")
            at = plain_esp_at(frame)
            if at:
                number = frame[at:at + 8]
                expect(number not in self.seen, f"SPI and sequence number are used once: {number.hex()}")
                self.seen.add(number)

    def passes_again(self):
        self.one.wait_ping()
        self.two.wait_ping()
        self.check()

    def end(self):
        for ping in self.pings:
            ping.kill()
        self.check()
        self.wire.close()
