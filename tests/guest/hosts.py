# SPDX-License-Identifier: BSD-2-Clause
"""Hosts of the guest tests: who they are, strongSwan in a guest, and traffic between them.

Host A is 192.0.2.1 with 10.1.0.1 behind it, host B 192.0.2.2 with 10.2.0.1, as in tests/lab/lab.py;
each may be a guest or a namespace.
"""
import collections
import hashlib
import os
import pathlib
import re
import socket
import threading

from vm import Guest  # finds tests/lab as well
from ground import ROOT, Control, LabError, inside  # noqa: F401
from lab import A_ADDR, A_INNER, B_ADDR, B_INNER, PSK, Peers

Host = collections.namedtuple("Host", "letter address inner net identity")
A = Host("a", A_ADDR, A_INNER, "10.1.0.0/24", "a.example.org")
B = Host("b", B_ADDR, B_INNER, "10.2.0.0/24", "b.example.org")
PROTECTED = ("10.1.0.0/16", "10.2.0.0/16")

# Octets that stand in every transfer, to look for on the wire.
MARKER = b"no plaintext of a protected flow leaves on the wire "


def module():
    """Our driver for the kernel that guests run (make module)."""
    found = sorted((ROOT / "build/linux").glob("6.12*/ravelin.ko"))
    if not found:
        raise LabError("build/linux has no ravelin.ko for the guests' kernel: run `make module`")
    return found[-1]


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
        esp_proposals = {esp}
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


STRONGSWAN_CONF = """
swanctl {
  load = random nonce openssl pem x509 pubkey pkcs1
}
charon-systemd {
  load = random nonce kdf openssl pem x509 pubkey pkcs1 kernel-netlink socket-default vici updown
  retransmit_timeout = 2
  retransmit_tries = 5
  filelog {
    log {
      path = /var/log/charon.log
      flush_line = yes
      time_format = %H:%M:%S
      default = 1
      ike = 2
      knl = 2
    }
  }
  journal {
    default = -1
  }
}
"""


class GuestHost(Guest):
    """A guest that is host A or B. nics: with our driver; taps: with the kernel's own."""

    def __init__(self, lab, me, peer, nics=(), taps=(), swan=None, mtu=1500, **kwargs):
        self.me, self.peer, self.mtu = me, peer, mtu
        files = {"etc/strongswan.conf": STRONGSWAN_CONF,
                 "etc/swanctl/swanctl.conf": swanctl_conf(me, peer, **(swan or {}))}
        super().__init__(lab, f"guest-{me.letter}", nics=nics, taps=taps,
                         modules=[module()] if nics else [],
                         load=["xfrm_user", "esp4", "esp4_offload",
                               "ravelin" if nics else "virtio_net"],
                         files=files, **kwargs)

    def up(self):
        """Addresses, once it has booted."""
        self.sh(f"ip link set eth0 mtu {self.mtu} up && ip addr add {self.me.address}/24 dev eth0 && "
                f"ip addr add {self.me.inner}/32 dev lo")

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

    def keep(self):
        """Leave what is known about the guest beside its console."""
        for name, command in (("charon", "cat /var/log/charon.log"), ("xfrm", "ip -s xfrm state; ip -s xfrm policy"),
                              ("statistics", "ethtool -S eth0"), ("dmesg", "dmesg")):
            done = self.run(command)
            (self.lab.out / f"{self.name}.{name}").write_text(done.out + done.err)


# ----------------------------------------------------------------------------------------- traffic

def ping(guest, target, count=3, source=None, size=56, options=""):
    """Echo requests from a guest; returns (sent, answered)."""
    out = guest.sh(f"ping -n -c {count} -i 0.05 -W 10 -s {size} {options} -I {source or guest.me.inner} {target}",
                   check=False, timeout=60)
    match = re.search(r"(\d+) packets transmitted, (\d+) received", out)
    if not match:
        raise LabError(f"ping in guest {guest.name} says: {out}")
    return int(match[1]), int(match[2])


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
        stream.settimeout(120)
        stream.bind((source, 0))
        try:
            stream.connect((target, port))
            stream.sendall(data)
            stream.shutdown(socket.SHUT_WR)
            receiver.wait(timeout=120)
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
            listener.settimeout(120)
            stream, _ = listener.accept()
            with stream:
                stream.settimeout(120)
                while chunk := stream.recv(65536):
                    received.update(chunk)
            result["digest"] = received.hexdigest()
        except OSError as error:
            result["digest"] = str(error)

    thread = threading.Thread(target=receive, daemon=True)
    with listener:
        thread.start()
        # the route's source address is the inner one
        guest.sh(f"nc -w 30 {target} {port} </tmp/payload", timeout=120)
        thread.join(120)
    return digest(data), result.get("digest", "nothing arrived")


def transfer_between(sender, receiver, octets, port=5003):
    """TCP from one guest to another, between their inner addresses; returns the SHA-256 of both ends."""
    data = payload(octets)
    sender.put("/tmp/payload", data)
    job = sink(receiver, port)
    sender.sh(f"nc -w 30 {receiver.me.inner} {port} </tmp/payload", timeout=120)
    job.wait(timeout=120)
    return digest(data), job.log().split()[0]
