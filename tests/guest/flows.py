# SPDX-License-Identifier: BSD-2-Clause
"""Frames on their way while something else happens: pings and TCP that go on until they are ended."""
import contextlib
import fcntl
import hashlib
import re
import select
import socket
import struct
import threading

from ground import expect, inside, wait_for
from hosts import PATIENCE, B, digest, payload

OCTETS = 200_000           # of a transfer


class Pings:
    """Echo requests all the time, in vain or not."""

    def log(self):
        raise NotImplementedError

    def close(self):
        raise NotImplementedError

    def answered(self):
        """How many were answered."""
        return self.log().count("bytes from")

    def moves(self, what, count=5):
        """Wait until some more are answered."""
        before = self.answered()
        wait_for(f"pings are answered after {what}", lambda: self.answered() >= before + count, interval=0.1)

    def lose_none(self, what, count=20):
        """Wait for so many more answers; then no request before the last of them was without one. What is
        on its way at the end may be missing."""
        self.moves(what, count)
        self.close()
        numbers = sorted(int(n) for n in re.findall(r"icmp_seq=(\d+) ttl=", self.log()))
        missing = sorted(set(range(1, numbers[-1])) - set(numbers))
        expect(not missing, f"no ping is lost by {what}: of {numbers[-1]} these are: {missing}")


class GuestPings(Pings):
    """From a guest to its peer, between their inner addresses."""

    def __init__(self, guest, name, interval=0.05):
        self.guest = guest
        self.job = guest.start_command(name, f"exec ping -n -i {interval} -I {guest.me.inner} {guest.peer.inner}")

    def log(self):
        return self.job.log()

    def answered(self):
        return int(self.guest.sh(f"grep -c 'bytes from' /run/guest/{self.job.name}.log || :"))

    def running(self):
        return self.job.status() is None

    def close(self):
        self.job.kill()
        self.job.wait()


class NamespacePings(Pings):
    def __init__(self, net, name, namespace, target):
        self.process = net.start(name, namespace, ["ping", "-n", "-i", "0.02", "-s", "600", target])

    def log(self):
        return self.process.text()

    def close(self):
        self.process.kill()


class Traffic:
    """TCP connections of a guest to a namespace, several at a time and one after another, octets both
    ways on each; when it ends, every SHA-256 at both ends must be the right one."""

    def __init__(self, guest, namespace, flows=1, octets=OCTETS, port=5100):
        self.guest, self.flows = guest, flows
        self.payload = payload(octets)
        self.digest = digest(self.payload)
        self.received = self.sent = 0
        self.results = []
        guest.put("/tmp/traffic", self.payload)
        with inside(namespace):
            self.listener = socket.create_server((B.address, port), backlog=64)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        # nc ends when the other end closes, and that waits until it has got everything
        self.jobs = [guest.start_command(
            f"flow{i}", f"rm -f /tmp/stop; while [ ! -e /tmp/stop ]; do "
            f"nc -w {PATIENCE:.0f} {B.address} {port} </tmp/traffic | sha256sum; done") for i in range(flows)]

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                stream, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _send(self, stream):
        with contextlib.suppress(OSError):
            for at in range(0, len(self.payload), 4096):
                self.sent += stream.send(self.payload[at:at + 4096])
            stream.shutdown(socket.SHUT_WR)

    def _serve(self, stream):
        received = hashlib.sha256()
        with stream:
            stream.settimeout(None)
            sender = threading.Thread(target=self._send, args=(stream,), daemon=True)
            sender.start()
            try:
                while chunk := stream.recv(65536):
                    received.update(chunk)
                    self.received += len(chunk)
                self.results.append(received.hexdigest())
            except OSError as error:
                self.results.append(str(error))
            sender.join()

    def moves(self, what, octets=30_000):
        """Wait until some more has passed, each way."""
        received, sent = self.received, self.sent
        wait_for(f"TCP goes on after {what}",
                 lambda: self.received >= received + octets and self.sent >= sent + octets)

    def end(self):
        """Let connections come to their end; returns how many there were."""
        self.guest.sh("touch /tmp/stop")
        for job in self.jobs:
            job.wait()
        here = [line.split()[0] for job in self.jobs for line in job.log().splitlines()]
        wait_for("B has seen as many connections", lambda: len(self.results) == len(here))
        expect({*here, *self.results} == {self.digest}, f"each SHA-256 is {self.digest}: {here} at A, {self.results} at B")
        return len(here)

    def close(self):
        # a thread in accept() does not hear of close()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.guest.run("touch /tmp/stop; pkill -x nc")


class VlanPort:
    """A TAP interface whose frames are those with one VLAN tag of another interface (for kernels that
    have no VLAN devices)."""

    TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 2, 0x1000
    SOL_PACKET, PACKET_AUXDATA, STATUS_VLAN_VALID = 263, 8, 1 << 4
    AUXDATA = struct.Struct("=IIIHHHH")

    def __init__(self, net, namespace, device, vlan, address, mtu):
        self.vlan, self.frames = vlan, 0
        name = f"vlan{vlan}"
        with inside(namespace):
            self.tap = open("/dev/net/tun", "r+b", buffering=0)
            fcntl.ioctl(self.tap, self.TUNSETIFF, struct.pack("16sH22x", name.encode(), self.IFF_TAP | self.IFF_NO_PI))
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.socket.bind((device, 3))
        self.socket.setsockopt(self.SOL_PACKET, self.PACKET_AUXDATA, 1)
        net.patient(namespace, name)
        net.ip(namespace, "link", "set", name, "mtu", str(mtu), "up")
        net.ip(namespace, "addr", "add", f"{address}/24", "dev", name)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._copy, daemon=True)
        self.thread.start()

    def _untagged(self):
        """A frame from the wire without its tag; None if it had another one, or none."""
        frame, control, _, address = self.socket.recvmsg(65536, 64)
        if address[2] == socket.PACKET_OUTGOING:
            return None
        for level, kind, data in control:
            if (level, kind) == (self.SOL_PACKET, self.PACKET_AUXDATA):
                status, _, _, _, _, tci, _ = self.AUXDATA.unpack(data[:self.AUXDATA.size])
                if status & self.STATUS_VLAN_VALID and tci & 0xfff == self.vlan:
                    return frame
        return None

    def _copy(self):
        while not self.ended.is_set():
            ready, _, _ = select.select([self.tap, self.socket], [], [], 0.2)
            if self.tap in ready:
                frame = self.tap.read(65536)
                with contextlib.suppress(OSError):
                    self.socket.send(frame[:12] + struct.pack(">HH", 0x8100, self.vlan) + frame[12:])
            if self.socket in ready:
                frame = self._untagged()
                if frame:
                    self.frames += 1
                    self.tap.write(frame)

    def close(self):
        self.ended.set()
        self.thread.join()
        self.socket.close()
        self.tap.close()
