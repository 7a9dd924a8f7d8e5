# SPDX-License-Identifier: BSD-2-Clause
"""Where a packet's octets are seen in clear: on every interface of every namespace of a ground, those that
come later as well.

    watch = Watch(pair)
    mark = watch.mark()
    ping(one, "10.2.0.1", mark)
    expect(watch.places(mark) == {"host1 rvl0", "host2 rvl0"}, "only where it may be")

A mark is what a ping carries, so neither other headers, nor a tag, nor an ICMP error that quotes it hide it.
"""
import contextlib
import re
import select
import socket
import threading

from ground import DEADLINE, expect, inside

_ETH_P_ALL = 3
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_SO_RCVBUFFORCE = 33
_ROOM = 1 << 25            # of a socket, for what comes while this process has no processor


class Watch:
    def __init__(self, ground):
        self._sockets = {}
        for name, full in ground.ns.items():
            with inside(full):
                sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _ROOM)
            sock.setblocking(False)
            self._sockets[sock] = name
        self._marks = {}
        self._lock = threading.Lock()
        self._going, self._missed = True, False
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def mark(self):
        """Eight octets that no other packet has."""
        with self._lock:
            mark = b"clear" + bytes([len(self._marks), 0x5a, 0xc3])
            self._marks[mark] = set()
        return mark

    def _follow(self):
        while self._going:
            if select.select(list(self._sockets), [], [], 0.2)[0]:
                self._take()

    def _take(self):
        with self._lock:
            for sock, name in self._sockets.items():
                with contextlib.suppress(BlockingIOError):
                    while True:
                        frame, address = sock.recvfrom(65536)
                        for mark, places in self._marks.items():
                            if mark in frame:
                                places.add(f"{name} {address[0]}")
            drops = [sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)[4:] for sock in self._sockets]
            self._missed |= any(map(any, drops))

    def places(self, mark):
        """Namespaces and devices that have seen the mark so far. Asked before a device goes, it has its name."""
        self._take()
        expect(not self._missed, "the watch has seen every frame")
        return set(self._marks[mark])

    def close(self):
        self._going = False
        self._thread.join()
        for sock in self._sockets:
            sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def _ping(ground, namespace, target, mark, count, source, patience, options):
    out = ground.sh(namespace, "ping", "-n", "-c", count, "-i", "0.05", "-W", patience, "-p", mark.hex(),
                    *(["-I", source] if source else []), *options, target, check=False)
    found = re.search(r"(\d+) received", out)
    return int(found[1]) if found else 0


def ping(ground, namespace, target, mark, count=3, source=None, patience=None, options=()):
    """How many pings with this mark are answered. Without patience, each is waited for until one isn't; else all
    are sent at once, and patience is how many seconds the last answer has."""
    if patience:
        return _ping(ground, namespace, target, mark, count, source, patience, options)
    for answered in range(count):
        if not _ping(ground, namespace, target, mark, 1, source, DEADLINE / 2, options):
            return answered
    return count
