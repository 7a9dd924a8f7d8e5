# SPDX-License-Identifier: BSD-2-Clause
"""The ground that tests with processes and networks stand on.

    with Ground(out, ["left", "right"]) as ground:
        ground.veth("left", "eth0", "right", "eth0")
        capture = ground.start("tcpdump", ground.ns["right"], ["tcpdump", "-ni", "eth0"])
        capture.wait_log("listening on")
        ground.sh(ground.ns["left"], "ping", "-c", "1", "192.0.2.2")    # LabError unless it ends with 0

Whatever a Ground starts dies with it: processes get SIGTERM, then SIGKILL, by process id, and SIGKILL
from the kernel when the ground's own process dies; namespaces that a killed one left are removed by the
next.

Tests wait for events. DEADLINE bounds a single one, and only says when to give up: no test holds
because something took less.
"""
import collections
import contextlib
import ctypes
import json
import math
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PREFIX = "rvl"
# How many times slower than an idle machine this one is, as tests/run has found it.
SLOW = max(1.0, float(os.environ.get("RAVELIN_SLOW") or 1))
DEADLINE = 120.0 * SLOW    # seconds
# Where programs with sanitizers are: "san", or "tsan" with ThreadSanitizer.
SANITIZED = os.environ.get("RAVELIN_SAN") or "san"


def ike_tries(seconds):
    """Retransmissions until IKE gives up, within so many seconds (of an idle machine), when the first
    comes after 1 s and each wait is 1.8 times the last."""
    return max(1, int(math.log(0.8 * seconds * SLOW + 1, 1.8)) - 1)


# A peer that is alive answers before IKE gives up, and IKE before a test does.
IKE_TRIES = ike_tries(100)

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_CLONE_NEWNET = 0x40000000
_ETH_P_ALL = 3


class LabError(Exception):
    """Something that had to happen did not; the text says what and where."""


def expect(holds, text):
    if not holds:
        raise LabError(f"does not hold: {text}")


def unanswered(said):
    """By what ping has said: how many of its requests are answered, and which are not, up to the last that is: later
    ones may have been on their way, and of several ping waits for the last no longer than twice what the others took."""
    answered = set(map(int, re.findall(r"icmp_seq=(\d+) ttl", said)))
    return len(answered), sorted(set(range(1, max(answered, default=1))) - answered)


def each_is_answered(said):
    """Each but those that may have been on their way (unanswered). Returns how many."""
    answered, lost = unanswered(said)
    expect(answered and not lost, f"beside {answered} pings these are not answered: {lost}")
    return answered


def none_is_lost(ping):
    """End a process of ping, of whose requests each_is_answered; returns how many."""
    ping.popen.send_signal(signal.SIGINT)
    ping.wait()
    return each_is_answered(ping.text())


def sh(*command, check=True, timeout=DEADLINE, stderr=subprocess.PIPE, **kwargs):
    """Run a command to its end; returns its standard output (and error, with stderr=STDOUT)."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, **kwargs)
    except subprocess.TimeoutExpired:
        raise LabError(f"`{' '.join(command)}` did not end within {timeout:.0f} s") from None
    if check and done.returncode != 0:
        raise LabError(f"`{' '.join(command)}` failed ({done.returncode}): "
                       f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


# ------------------------------------------------------------------------------------- waiting

_listeners = []


def on_wait(listener):
    """Call listener(what, seconds) after each wait, from the thread that waited."""
    _listeners.append(listener)


@contextlib.contextmanager
def waiting(what):
    """Around a wait for an event: whoever listens learns what was waited for, and how long."""
    started = time.monotonic()
    try:
        yield
    finally:
        for listener in _listeners:
            listener(what, time.monotonic() - started)


def wait_for(what, condition, timeout=DEADLINE, interval=0.02):
    """Wait until condition() is true; its value is returned."""
    end = time.monotonic() + timeout
    with waiting(what):
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise LabError(f"waited {timeout:.0f} s in vain: {what}")
            time.sleep(interval)


# ------------------------------------------------------------------------------------- packets

@contextlib.contextmanager
def inside(namespace):
    """This thread in another network namespace (sockets opened there stay there)."""
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{namespace}") as there:
        if _libc.setns(there.fileno(), _CLONE_NEWNET):
            raise LabError(f"setns {namespace}: {os.strerror(ctypes.get_errno())}")
        try:
            yield
        finally:
            _libc.setns(home.fileno(), _CLONE_NEWNET)


def packet_socket(namespace, device):
    """Sees and sends whole frames on a device; it never blocks."""
    with inside(namespace):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind((device, _ETH_P_ALL))    # nothing comes before, from other devices
    sock.setblocking(False)
    return sock


def frames(sock):
    """The frames that a packet socket holds by now."""
    with contextlib.suppress(BlockingIOError):
        while True:
            yield sock.recv(65536)


def read_frame(sock, wanted, timeout=DEADLINE):
    """The next frame on a packet socket for which wanted(frame, outgoing) is true."""
    end = time.monotonic() + timeout
    with waiting("a frame"):
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([sock], [], [], left)[0]:
                raise LabError(f"no such frame within {timeout:.0f} s")
            with contextlib.suppress(BlockingIOError):
                frame, address = sock.recvfrom(65536)
                if wanted(frame, address[2] == socket.PACKET_OUTGOING):
                    return frame


def load_json(text, what):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise LabError(f"{what} is not JSON: {error}: {text[:200]}") from None


# ----------------------------------------------------------------------------------- processes

class Process:
    """A program in a namespace, its output in a log file."""

    def __init__(self, ground, name, namespace, command, env=None, stdin=subprocess.DEVNULL):
        self.name = name
        self.log = ground.out / f"{name}.log"
        self._file = open(self.log, "ab")
        self._from = self.log.stat().st_size
        self.popen = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *map(str, command)],
            stdin=stdin, stdout=self._file, stderr=self._file,
            env=dict(os.environ, **(env or {})), start_new_session=True,
            preexec_fn=self._prepare)

    @staticmethod
    def _prepare():
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # what a shell starts in the background ignores it, and all that this starts would
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def text(self):
        with open(self.log, "rb") as f:
            f.seek(self._from)
            return f.read().decode(errors="replace")

    def tail(self, lines=15):
        return "\n".join("    " + line for line in self.text().splitlines()[-lines:])

    def running(self):
        return self.popen.poll() is None

    def alive(self):
        """True; LabError if it has ended."""
        if not self.running():
            raise LabError(f"{self.name} ended with status {self.popen.returncode}:\n{self.tail()}")
        return True

    def wait_log(self, pattern, timeout=DEADLINE):
        """Wait for a line; returns the match."""
        def look():
            running = self.running()    # first: what it says at its end counts
            match = re.search(pattern, self.text(), re.M)
            if not match and not running:
                self.alive()
            return match
        return wait_for(f"`{pattern}` in the log of {self.name} ({self.log})", look, timeout)

    def wait(self, timeout=DEADLINE):
        """Wait for its end; returns the exit status. One that does not end is killed and is an error."""
        with waiting(f"the end of {self.name}"):
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise LabError(f"{self.name} did not end within {timeout:.0f} s:\n{self.tail()}") from None
        self._file.close()
        return self.popen.returncode

    def stop(self, timeout=DEADLINE):
        """SIGTERM, unless it has ended; returns the exit status."""
        if self.running():
            self.popen.terminate()
        return self.wait(timeout)

    def kill(self):
        if self.running():
            self.popen.kill()
            self.popen.wait()
        self._file.close()


class Control:
    """A connection to ravelsim's control socket: one JSON object a line, one answer each."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(str(path))
        self.reader = self.socket.makefile("r")

    def __call__(self, cmd, **arguments):
        self.socket.sendall(json.dumps({"cmd": cmd, **arguments}).encode() + b"\n")
        answer = load_json(self.reader.readline(), f"ravelsim's answer to {cmd}")
        if not answer.get("ok"):
            raise LabError(f"ravelsim refuses {cmd} {arguments}: {answer.get('error')}")
        return answer

    def close(self):
        self.reader.close()
        self.socket.close()


class Nic:
    """A ravelsim. socket: where its host finds it; control: where it takes commands."""

    def __init__(self, ground, name, namespace, port, *options, program="ravelsim"):
        self.name = name
        self.socket = ground.run / f"{name}.sock"
        options = [str(option) for option in options]
        if "--control" not in options:
            options += ["--control", str(ground.run / f"{name}.commands")]
        self.control = pathlib.Path(options[options.index("--control") + 1])
        self.process = ground.start(name, namespace, [
            ground.program(program), "--socket", self.socket, "--port", port,
            "--stats-file", ground.out / f"{name}.json", *options])
        self.process.wait_log(r"^ravelsim: ready:")     # on both sockets

    def stop(self):
        return self.process.stop()


# ---------------------------------------------------------------------------------- the ground

def allowed():
    """LabError with what to do about it, unless this process may make network namespaces and TUN devices."""
    if os.geteuid() != 0:
        raise LabError("network namespaces need root: run as root or with sudo")
    try:
        sh("unshare", "--net", "--mount", "ip", "link", "set", "lo", "up")
    except LabError as error:
        raise LabError(f"network namespaces are not allowed here ({error}): as root outside of a container, or in "
                       "one that may (docker run --privileged)") from None
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        raise LabError(f"/dev/net/tun: {error.strerror}: `modprobe tun` outside of a container; a container needs "
                       "the device (docker run --device /dev/net/tun, or --privileged)") from None


Tap = collections.namedtuple("Tap", "namespace device")


class Ground:
    """Network namespaces, cables, processes, a folder for logs (out) and one for sockets and the like
    (run); all but the logs gone when it is closed. Without out, logs go with the rest.

    names: of namespaces; what the system calls them is self.ns[name].
    san: daemons from the sanitizer build
    """

    _count = 0

    def __init__(self, out=None, names=(), san=False):
        allowed()
        self.san = san
        self.processes, self.ns = [], {}
        self.run = pathlib.Path(tempfile.mkdtemp(prefix="ravelin-"))
        self.out = pathlib.Path(out or self.run)
        if out:
            shutil.rmtree(self.out, ignore_errors=True)
            self.out.mkdir(parents=True)
        # a process may stand on several grounds
        self._number, Ground._count = Ground._count, Ground._count + 1
        self._sweep()
        with self.building():
            for name in names:
                self.namespace(name)

    @staticmethod
    def _sweep():
        """Remove namespaces whose process is dead."""
        for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
            match = re.fullmatch(PREFIX + r"-\w+-(\d+)", name)
            if match and not os.path.exists(f"/proc/{match[1]}"):
                sh("ip", "netns", "del", name, check=False)

    @contextlib.contextmanager
    def building(self):
        """Around what a constructor builds: if it fails, nothing is left."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def close(self):
        """End everything, newest first."""
        for process in reversed(self.processes):
            with contextlib.suppress(LabError):
                process.stop()
        self.processes.clear()
        for full in self.ns.values():
            sh("ip", "netns", "del", full, check=False)
            shutil.rmtree(pathlib.Path("/etc/netns", full), ignore_errors=True)
        self.ns.clear()
        shutil.rmtree(self.run, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    # -------------------------------------------------------------------------------- commands

    def ip(self, namespace, *args):
        return sh("ip", "-n", namespace, *args)

    def sh(self, namespace, *command, **kwargs):
        return sh("ip", "netns", "exec", namespace, *command, **kwargs)

    def ping(self, namespace, source, target, count=3, size=56, options=()):
        """Pings, each after the answer to the last, until one is not answered (several at once need
        each_is_answered); returns how many were. source: or None, what the way there says."""
        for answered in range(count):
            out = self.sh(namespace, "ping", "-n", "-c", "1", "-W", DEADLINE / 2, "-s", size,
                          *(["-I", source] if source else []), *options, target, check=False)
            if "1 received" not in out:
                return answered
        return count

    def start(self, name, namespace, command, env=None, stdin=subprocess.DEVNULL):
        process = Process(self, name, namespace, command, env, stdin)
        self.processes.append(process)
        return process

    def program(self, name):
        """One of ours; the simulator is never built with sanitizers."""
        path = ROOT / "build" / (f"{SANITIZED}/bin" if self.san and not name.startswith("ravelsim") else "bin") / name
        if not path.exists():
            raise LabError(f"{path} is not built: run `make`")
        return path

    def hosts(self, namespace, names):
        """What /etc/hosts says to what is started in this namespace from now on, and when this is called again to
        what runs, too: names with their addresses."""
        path = pathlib.Path("/etc/netns", namespace, "hosts")    # which ip-netns puts there
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{address} {name}\n" for name, address in names.items()))

    # ------------------------------------------------------------------------------ the network

    def namespace(self, name):
        """Make a namespace, unless there is one of this name; what the system calls it."""
        if name in self.ns:
            return self.ns[name]
        full = f"{PREFIX}-{name}{self._number or ''}-{os.getpid()}"
        sh("ip", "netns", "add", full)
        self.ns[name] = full
        self.ip(full, "link", "set", "lo", "up")
        self.sh(full, "sh", "-c", "cd /proc/sys/net && for f in all default; do echo 0 >ipv4/conf/$f/rp_filter;"
                " echo 1 >ipv6/conf/$f/disable_ipv6; done 2>/dev/null || :")
        return full

    def veth(self, name_a, device_a, name_b, device_b, mtu=1500, offloads=False):
        """A cable between two namespaces. Without offloads it carries whole packets with their checksums,
        as a cable does."""
        self.ip(self.ns[name_a], "link", "add", device_a, "mtu", str(mtu), "type", "veth", "peer", "name", device_b,
                "mtu", str(mtu), "netns", self.ns[name_b])
        for name, device in ((name_a, device_a), (name_b, device_b)):
            if not offloads:
                self.sh(self.ns[name], "ethtool", "-K", device, "tx", "off", "rx", "off", "sg", "off", "tso", "off",
                        "gso", "off", "gro", "off")
            self.patient(self.ns[name], device)
            self.ip(self.ns[name], "link", "set", device, "up")

    def patient(self, namespace, device):
        """Ask for a neighbour's address for longer than the 3 s after which kernels drop what waits for it."""
        self.sh(namespace, "sh", "-c", f"for f in /proc/sys/net/ipv[46]/neigh/{device}/mcast_solicit; do"
                f" echo {DEADLINE:.0f} >$f; done")

    def bridge(self, name, device, *ports):
        """A bridge of ports in a namespace; tap(...) adds guests to it."""
        self.ip(self.ns[name], "link", "add", device, "type", "bridge")
        self.ip(self.ns[name], "link", "set", device, "up")
        for port in ports:
            self.ip(self.ns[name], "link", "set", port, "master", device)

    def tap(self, name, device, bridge=None, mtu=1500):
        """A TAP interface for a guest's virtio-net; Guest(taps=[...]) takes what this returns."""
        self.ip(self.ns[name], "tuntap", "add", device, "mode", "tap")
        self.ip(self.ns[name], "link", "set", device, "mtu", str(mtu), "up")
        if bridge:
            self.ip(self.ns[name], "link", "set", device, "master", bridge)
        return Tap(self.ns[name], device)

    def ravelsim(self, name, namespace, port, *options, **kwargs):
        """A simulated NIC; port as for its --port, in that namespace."""
        return Nic(self, name, self.ns[namespace], port, *options, **kwargs)

    def capture(self, name, namespace, device):
        """tcpdump into a pcap file; returns its process once it listens."""
        path = self.out / f"{name}.pcap"
        process = self.start(f"tcpdump-{name}", namespace,
                             ["tcpdump", "-i", device, "-U", "--immediate-mode", "-n", "-Z", "root", "-w", path])
        process.wait_log("listening on")
        process.path = path
        return process
