# SPDX-License-Identifier: BSD-2-Clause
"""Hosts of the guest tests: who they are, strongSwan in a guest, traffic between them, and how a suite
runs its tests.

Host A is 192.0.2.1 with 10.1.0.1 behind it, host B 192.0.2.2 with 10.2.0.1, as in tests/lab/lab.py;
each may be a guest or a namespace.
"""
import collections
import contextlib
import hashlib
import os
import pathlib
import re
import socket
import threading

import initramfs
from vm import Guest  # finds tests/lab as well
import suite
from ground import DEADLINE, ROOT, LabError, inside
from lab import A_ADDR, A_INNER, B_ADDR, B_INNER, PSK, Peers

Host = collections.namedtuple("Host", "letter address inner net identity")
A = Host("a", A_ADDR, A_INNER, "10.1.0.0/24", "a.example.org")
B = Host("b", B_ADDR, B_INNER, "10.2.0.0/24", "b.example.org")
PROTECTED = ("10.1.0.0/16", "10.2.0.0/16", "fd01::/16", "fd02::/16")

# Seconds that a program of others, which has a limit of its own, waits for a single answer.
PATIENCE = DEADLINE / 2

# Octets that stand in every transfer, to look for on the wire.
MARKER = b"no plaintext of a protected flow leaves on the wire "


def module(kernel=None):
    """Our driver for the kernel that guests run (make module)."""
    path = ROOT / "build/linux" / initramfs.cache(kernel)["version"] / "ravelin.ko"
    if not path.exists():
        raise LabError(f"{path} is not built: run `make module`")
    return path


class Net(Peers):
    """Ground for guests: host B in a namespace, or host A there with raveld, the other one a guest."""

    def address(self, namespace, host, device="eth0"):
        self.ip(self.ns[namespace], "addr", "add", f"{host.address}/24", "dev", device)
        self.ip(self.ns[namespace], "addr", "add", f"{host.inner}/32", "dev", "lo")


def swanctl_conf(me, peer, esp="aes256gcm16", offload="packet", child="", connection=""):
    return f"""
connections {{
  ravelin {{
    version = 2
    local_addrs = {me.address}
    remote_addrs = {peer.address}
    proposals = aes256gcm16-prfsha384-x25519
    {connection}
    local {{
      auth = psk
      id = {me.identity}
    }}
    remote {{
      auth = psk
      id = {peer.identity}
    }}
    children {{
      net {{
        local_ts = {me.net}
        remote_ts = {peer.net}
        {f'esp_proposals = {esp}' if esp else ''}
        hw_offload = {offload}
        {child}
      }}
    }}
  }}
}}
secrets {{
  ike-peer {{
    id-a = {me.identity}
    id-b = {peer.identity}
    secret = "{PSK}"
  }}
}}
"""


# IKE asks again every 5 s at most, so that it goes on soon after its peer is back, and for longer than any
# test waits; handshakes may take as long.
STRONGSWAN_CONF = f"""
swanctl {{
  load = random nonce openssl pem x509 pubkey pkcs1
}}
charon-systemd {{
  load = random nonce kdf openssl pem x509 pubkey pkcs1 kernel-netlink socket-default vici updown
  retransmit_timeout = 1
  retransmit_limit = 5
  retransmit_tries = {DEADLINE:.0f}
  half_open_timeout = {DEADLINE:.0f}
  filelog {{
    log {{
      path = /var/log/charon.log
      flush_line = yes
      time_format = %H:%M:%S
      default = 1
      ike = 2
      knl = 2
    }}
  }}
  journal {{
    default = -1
  }}
  include /etc/swanctl/charon*.conf
}}
"""


class GuestHost(Guest):
    """A guest that is host A or B. nics: with our driver; taps: with the kernel's own; more: files besides."""

    def __init__(self, lab, me, peer, nics=(), taps=(), swan=None, mtu=1500, kernel=None, more=None, **kwargs):
        self.me, self.peer, self.mtu = me, peer, mtu
        files = {"etc/strongswan.conf": STRONGSWAN_CONF,
                 "etc/swanctl/swanctl.conf": swanctl_conf(me, peer, **(swan or {})), **(more or {})}
        super().__init__(lab, f"guest-{me.letter}", nics=nics, taps=taps,
                         modules=[module(kernel)] if nics else [], kernel=kernel,
                         load=["xfrm_user", "esp4", "esp4_offload",
                               "ravelin" if nics else "virtio_net"],
                         files=files, **kwargs)

    def up(self):
        """The interface up, and addresses."""
        self.sh(f"ip link set eth0 mtu {self.mtu} up && ip addr replace {self.me.address}/24 dev eth0 && "
                f"ip addr replace {self.me.inner}/32 dev lo")

    # --------------------------------------------------------------------------------- strongSwan

    def start_strongswan(self):
        self.charon = self.start_command("charon", "exec charon-systemd")
        # a daemon that ends at once must not be waited for
        self.sh("until swanctl --stats >/dev/null 2>&1; do "
                "[ ! -e /run/guest/charon.status ] || { cat /run/guest/charon.log; exit 1; }; sleep 0.1; done")
        self.sh("swanctl --load-all --noprompt")

    def charon_log(self):
        return self.sh("cat /var/log/charon.log")

    def swanctl(self, arguments, check=True, timeout=None):
        return self.sh(f"swanctl {arguments}", check=check, timeout=timeout)

    def child(self):
        """The newest installed CHILD_SA as {key: value}, or None."""
        text = self.swanctl("--list-sas --raw", check=False)
        found = [dict(re.findall(r"([a-z-]+)=([^ \]}]*)", c))
                 for c in re.findall(r"net-\d+ \{([^{}]*)", text)]
        found = [c for c in found if c.get("state") == "INSTALLED"]
        return max(found, key=lambda c: int(c["uniqueid"])) if found else None

    # ----------------------------------------------------------------------------------- the NIC

    def statistics(self):
        """ethtool -S as {name: number}."""
        return {k: int(v) for k, v in re.findall(r"^\s+(\S+): (\d+)$", self.sh("ethtool -S eth0"), re.M)}

    def patience(self, milliseconds=60000):
        """How long the driver waits for the answer to a command. In simulation that may be long: commands
        wait behind reads that are lost, until the device gives those up."""
        self.sh(f"devlink dev param set pci/{self.nic_address()} name command_timeout_ms value {milliseconds} "
                "cmode runtime")

    def keep(self):
        """Leave what is known about the guest beside its console."""
        for name, command in (("charon", "cat /var/log/charon.log"), ("xfrm", "ip -s xfrm state; ip -s xfrm policy"),
                              ("statistics", "ethtool -S eth0"), ("dmesg", "dmesg")):
            done = self.run(command)
            (self.lab.out / f"{self.name}.{name}").write_text(done.out + done.err)


# ----------------------------------------------------------------------------------------- traffic

def ping(guest, target, count=3, source=None, size=56, options="", within=""):
    """Echo requests from a guest, each after the answer to the last, until one is not answered, as Ground.ping;
    returns (sent, answered). within: what runs ping there (ip netns exec, taskset)."""
    one = f"{within} ping -n -c 1 -W {PATIENCE:.0f} -s {size} {options} -I {source or guest.me.inner} {target}"
    out = guest.sh(f"for n in $(seq {count}); do {one} || exit; done 2>&1", check=False)
    found = re.findall(r"1 packets transmitted, (\d) received", out)
    if not found:
        raise LabError(f"ping says: {out}")
    return len(found), sum(map(int, found))


def ping_in_vain(guest, target, count=3, source=None):
    """Echo requests from a guest that are not to be answered; returns how many were, soon."""
    out = guest.sh(f"ping -n -c {count} -i 0.05 -W 1 -I {source or guest.me.inner} {target}", check=False)
    match = re.search(r"\d+ packets transmitted, (\d+) received", out)
    if not match:
        raise LabError(f"ping in guest {guest.name} says: {out}")
    return int(match[1])


def payload(octets):
    """Random octets with MARKER all through them."""
    block = bytearray(os.urandom(octets))
    for at in range(0, octets - len(MARKER), 500):
        block[at:at + len(MARKER)] = MARKER
    return bytes(block)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def sink(guest, port):
    """A TCP server in a guest that takes one connection; its log is the SHA-256 of what came. (With its
    own standard input at an end nc would send a FIN, and the other nc stop at that.)"""
    job = guest.start_command(f"tcp{port}", f"nc -l -p {port} -e sh -c 'sha256sum >/tmp/sink' && cat /tmp/sink")
    guest.sh(f"until ss -Hltn sport = {port} | grep -q LISTEN; do sleep 0.1; done")
    return job


def transfer_in(guest, namespace, source, target, octets, port=5001):
    """TCP from a namespace to a guest; returns the SHA-256 of both ends."""
    data = payload(octets)
    receiver = sink(guest, port)
    with inside(namespace):
        stream = socket.socket()
    with stream:
        stream.settimeout(DEADLINE)
        stream.bind((source, 0))
        try:
            stream.connect((target, port))
            stream.sendall(data)
            stream.shutdown(socket.SHUT_WR)
            receiver.wait()
        except OSError as error:
            raise LabError(f"TCP from {source} to {target}:{port}: {error}") from None
    return digest(data), receiver.log().split()[0]


def transfer_out(guest, namespace, source, target, octets, port=5002):
    """TCP from a guest to a namespace; returns the SHA-256 of both ends."""
    data = payload(octets)
    guest.put("/tmp/payload", data)
    with inside(namespace):
        listener = socket.create_server((target, port))
    result = {}

    def receive():
        received = hashlib.sha256()
        try:
            listener.settimeout(DEADLINE)
            stream, _ = listener.accept()
            with stream:
                stream.settimeout(DEADLINE)
                while chunk := stream.recv(65536):
                    received.update(chunk)
            result["digest"] = received.hexdigest()
        except OSError as error:
            result["digest"] = str(error)

    thread = threading.Thread(target=receive, daemon=True)
    with listener:
        thread.start()
        # the route's source address is the inner one
        guest.sh(f"nc -w {PATIENCE:.0f} {target} {port} </tmp/payload")
        thread.join(DEADLINE)
    return digest(data), result.get("digest", "nothing arrived")


def transfer_between(sender, receiver, octets, port=5003, target=None):
    """TCP from one guest to another, to its inner address unless told; returns the SHA-256 of both ends."""
    data = payload(octets)
    sender.put("/tmp/payload", data)
    job = sink(receiver, port)
    sender.sh(f"nc -w {PATIENCE:.0f} {target or receiver.me.inner} {port} </tmp/payload")
    job.wait()
    return digest(data), job.log().split()[0]


# ------------------------------------------------------------------------------------------ suites

class Fixture:
    """What the tests of a suite stand on, made with a Net of its own."""

    def __init__(self, net):
        self.net = net

    def restore(self):
        """Before each test: all that it takes for granted."""

    def always(self):
        """After each test: what holds whatever the test was."""

    def keep(self):
        """At the end: leave in net.out what helps to understand it."""


class _Stage:
    """A fixture, made when the first test needs it, and anew after one that failed: nothing is built on what
    that one left."""

    def __init__(self, make, out, names):
        self._make, self._out, self._names = make, out, names
        self._made, self._net, self.fixture = 0, None, None

    def enter(self):
        if not self.fixture:
            self._made += 1
            out = self._out if self._made == 1 else self._out / str(self._made)
            self._net = Net(out, self._names)
            with self._net.building():
                self.fixture = self._make(self._net)
        self.fixture.restore()
        return self.fixture

    def leave(self):
        fixture, self.fixture = self.fixture, None
        if fixture:
            with contextlib.suppress(LabError):
                fixture.keep()
            self._net.close()


def run_suite(make, out, names=("nic", "b")):
    """Run the tests of a suite: the public methods of the class `make`, a Fixture, in the order of their
    definition; what helps them is private or in a class below. Each holds alone. Logs go to out, those after
    the n-th failure to out/n+1. Returns the exit status."""
    stage = _Stage(make, pathlib.Path(out), names)

    def test(name):
        def run():
            try:
                fixture = stage.enter()
                getattr(fixture, name)()
                fixture.always()
            except BaseException:
                stage.leave()
                raise
        return run
    tests = [name for name, what in vars(make).items() if callable(what) and not name.startswith("_")]
    try:
        return suite.run([(name.replace("_", " "), test(name)) for name in tests])
    finally:
        stage.leave()
