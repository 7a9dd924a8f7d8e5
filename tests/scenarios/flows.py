# SPDX-License-Identifier: BSD-2-Clause
"""Echo requests all the time, every one of them accounted for: how many went out, how many came to nothing.

    flow = Flow(namespace, [("10.1.0.1", "10.2.0.1")])
    flow.moves(10)             # until ten more are answered
    flow.end()
    flow.count(mark)           # (sent, lost) since an earlier len(flow)
"""
import collections
import re
import select
import socket
import struct
import threading
import time

from ground import DEADLINE, SLOW, inside, wait_for

INTERVAL = 0.02            # seconds between two requests
LAST = 10 * SLOW           # seconds for answers that are still to come once the last request is out

# Family, protocol, echo request, echo reply.
ICMP = socket.AF_INET, socket.IPPROTO_ICMP, 8, 0
ICMPV6 = socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, 129


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


class Flow:
    """From a namespace, to one target after the other; pairs are (source, target)."""

    _count = 0

    def __init__(self, namespace, pairs):
        Flow._count += 1
        self._id = Flow._count
        self._sockets = []
        with inside(namespace):
            for source, target in pairs:
                family, protocol, *_ = ICMPV6 if ":" in source else ICMP
                sock = socket.socket(family, socket.SOCK_RAW, protocol)
                sock.bind((source, 0))
                sock.connect((target, 0))
                sock.setblocking(False)
                self._sockets.append(sock)
        self._sent, self._answered = [], set()    # when, by number; which
        self._going = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __len__(self):
        return len(self._sent)

    def _run(self):
        due = time.monotonic()
        while self._going:
            now = time.monotonic()
            if now >= due:
                self._send(self._sockets[len(self._sent) % len(self._sockets)])
                # one that had no processor does not catch up in one burst
                due = max(due + INTERVAL, now)
            for sock in select.select(self._sockets, [], [], max(0, due - time.monotonic()))[0]:
                self._receive(sock)

    def _send(self, sock):
        number = len(self._sent)
        body = struct.pack("!I36s", number, bytes(36))
        request = (ICMPV6 if sock.family == socket.AF_INET6 else ICMP)[2]
        head = struct.pack("!BBHHH", request, 0, 0, self._id, number & 0xffff)
        # over IPv6 it is the kernel's to fill in
        head = head[:2] + struct.pack("!H", checksum(head + body)) + head[4:]
        self._sent.append(time.monotonic())
        try:
            sock.send(head + body)
        except OSError:
            pass               # the kernel has no way there: it is lost

    def _receive(self, sock):
        try:
            packet = sock.recv(2048)
        except OSError:
            return             # an ICMP error, or nothing
        six = sock.family == socket.AF_INET6
        icmp = packet if six else packet[(packet[0] & 15) * 4:]
        if len(icmp) >= 12 and icmp[0] == (ICMPV6 if six else ICMP)[3] and icmp[4:6] == struct.pack("!H", self._id):
            self._answered.add(struct.unpack("!I", icmp[8:12])[0])

    def moves(self, count=5):
        before = len(self._answered)
        wait_for("echo requests are answered", lambda: len(self._answered) >= before + count)

    def end(self):
        """No more requests; the answers to the last ones are waited for."""
        if self._going:
            self._going = False
            self._thread.join()
            end = time.monotonic() + LAST
            while len(self._answered) < len(self._sent) and time.monotonic() < end:
                for sock in select.select(self._sockets, [], [], 0.1)[0]:
                    self._receive(sock)
            for sock in self._sockets:
                sock.close()

    def count(self, since=0, until=None):
        until = len(self._sent) if until is None else until
        return until - since, sum(number not in self._answered for number in range(since, until))

    def longest(self):
        """Seconds for which nothing got through."""
        times = [self._sent[number] for number in sorted(self._answered)]
        return max((later - earlier for earlier, later in zip(times, times[1:])), default=0.0)


class GuestFlow:
    """The same from a guest, by its ping: the last requests, which may be on their way, don't count."""

    _count = 0

    def __init__(self, guest, pairs):
        GuestFlow._count += 1
        self._guest, self._ended = guest, None
        self._jobs = [guest.start_command(
            f"flow{GuestFlow._count}-{number}",
            f"exec ping -n -D -O -W {DEADLINE:.0f} -i {INTERVAL * len(pairs):.2f} -I {source} {target}")
            for number, (source, target) in enumerate(pairs)]

    def _logs(self):
        return self._ended or [job.log() for job in self._jobs]

    @staticmethod
    def _numbers(log):
        return [int(number) for number in re.findall(r"icmp_seq=(\d+) ttl=", log)]

    def __len__(self):
        return sum(max(self._numbers(log), default=0) for log in self._logs())

    def _answered(self):
        return sum(int(n) for n in self._guest.sh(
            f"cd /run/guest; grep -hc 'bytes from' {' '.join(f'{job.name}.log' for job in self._jobs)} || :").split())

    def moves(self, count=5):
        before = self._answered()
        wait_for("echo requests from the guest are answered", lambda: self._answered() >= before + count, interval=0.2)

    def end(self):
        if not self._ended:
            self.moves(len(self._jobs))
            for job in self._jobs:
                job.kill()
                job.wait()
            self._ended = self._logs()

    def count(self):
        logs = [collections.Counter(self._numbers(log)) for log in self._logs()]
        sent = sum(max(log, default=0) for log in logs)
        return sent, sent - sum(len(log) for log in logs)

    def longest(self):
        worst = 0.0
        for log in self._logs():
            times = [float(t) for t in re.findall(r"^\[([\d.]+)\] \d+ bytes from", log, re.M)]
            worst = max([worst, *(later - earlier for earlier, later in zip(times, times[1:]))])
        return worst


def tcp_passes(client, server, patience=3 * SLOW):
    """Whether octets pass a TCP connection from client (namespace, address) to server (namespace, address, port),
    and back; False when it isn't there in time."""
    with inside(server[0]):
        listener = socket.create_server(server[1:])
    with inside(client[0]):
        caller = socket.socket()
    with listener, caller:
        caller.bind((client[1], 0))
        caller.settimeout(patience)
        try:
            caller.connect(server[1:])
        except TimeoutError:
            return False
        called, _ = listener.accept()
        with called:
            caller.sendall(b"there")
            called.settimeout(DEADLINE)
            called.sendall(called.recv(5) + b" and back")
            caller.settimeout(DEADLINE)
            text = b""
            while len(text) < 14 and (more := caller.recv(14)):
                text += more
            return text == b"there and back"
