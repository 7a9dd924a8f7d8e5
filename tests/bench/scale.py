# SPDX-License-Identifier: BSD-2-Clause
"""A hub under many tunnels: one raveld with the software data path, and all its peers in one process
(tests/bench/peers.c), each with an outer address, an identity and an inner address of its own.

    with Hub(out, connections=0) as hub:
        hub.up(0, 100)              # tunnels 0 to 99
        hub.rekey(0, 100)

scale_bench measures with it, scale_test sees that it works.
"""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/lab")]
from ground import DEADLINE, Ground, expect, load_json, wait_for  # noqa: E402

ADDRESS, NEIGHBOUR = "192.0.2.1", "192.0.2.2"
OUTER = "198.18.0.0"        # of peer 0; 198.18.0.0/15 are theirs
INNER = "10.0.0.0"          # of peer 0; 10.0.0.0/8 are theirs
TARGET = "172.16.0.1"
PEERS_MAX = 1 << 17
SECRET = "the ravelin stands before the wall"
AT_ONCE = 24
HOUR = 3600 * DEADLINE / 120    # for one command; each says when it is done

COMMON = """
    version = 2
    proposals = aes256gcm16-prfsha256-x25519
    rekey_time = 0
    local {
      auth = psk
      id = gateway.example.org
    }
    remote {
      auth = psk%s
    }
    children {
      net {
        local_ts = 172.16.0.0/16
        remote_ts = %s
        esp_proposals = aes256gcm16
        rekey_time = 0
      }
    }
"""


def inner(peer):
    return f"10.{peer >> 16}.{peer >> 8 & 255}.{peer & 255}"


def connections(count):
    """One for all peers, or one for each, with a key of its own."""
    if not count:
        return f'connections {{\n  hub {{{COMMON % ("", INNER + "/8")}  }}\n}}\n' \
            f'secrets {{\n  ike {{\n    secret = "{SECRET}"\n  }}\n}}\n'
    ids = [f"t{peer}.example.org" for peer in range(count)]
    return "connections {\n" + "".join(
        f"  branch-{peer} {{{COMMON % (chr(10) + '      id = ' + name, inner(peer) + '/32')}  }}\n"
        for peer, name in enumerate(ids)) + "}\nsecrets {\n" + "".join(
        f'  ike-{peer} {{\n    id = {name}\n    secret = "{SECRET}"\n  }}\n' for peer, name in enumerate(ids)) + "}\n"


class Asker(threading.Thread):
    """Asks the daemon for something small, again and again, from now on until it is told to stop.

    longest: the longest that an answer took, in seconds
    """

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.longest, self.asked, self.ended = path, 0.0, 0, threading.Event()

    def run(self):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(DEADLINE)
            sock.connect(str(self.path))
            answers = sock.makefile("r")
            while not self.ended.is_set():
                begun = time.monotonic()
                sock.sendall(b'{"command": "pools"}\n')
                if not answers.readline():
                    return
                self.longest = max(self.longest, time.monotonic() - begun)
                self.asked += 1
                time.sleep(0.001)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.ended.set()
        self.join()


class Hub(Ground):
    """own: so many connections, one for each peer; 0: one for all
    patience: seconds that a command to the peers may take
    """

    def __init__(self, out, own=0, san=False, pinned=False, patience=HOUR):
        super().__init__(out, ("hub", "peers"), san)
        self.own, self.patience = own, patience
        cores = sorted(os.sched_getaffinity(0))
        self.pins = [["taskset", "-c", core] for core in (cores[0], cores[-1])] if pinned else [[], []]
        self.socket = self.run / "raveld.sock"
        with self.building():
            self.ip(self.ns["hub"], "addr", "add", f"{TARGET}/32", "dev", "lo")
            self.veth("hub", "wire0", "peers", "eth0")
            self.ip(self.ns["peers"], "addr", "add", f"{NEIGHBOUR}/24", "dev", "eth0")
            self.ip(self.ns["peers"], "route", "add", "local", f"{OUTER}/15", "dev", "lo")
            self.launch()

    def launch(self):
        path = self.run / "raveld.conf"
        path.write_text(f"raveld {{\n  backend = soft\n  wire = wire0\n  netdev = rvl0\n  address = {ADDRESS}/24\n"
                        f"  log_level = warning\n  socket = {self.socket}\n  qcd_secret = none\n}}\n"
                        + connections(self.own))
        path.chmod(0o600)
        begun = time.monotonic()
        self.daemon = self.start("raveld", self.ns["hub"],
                                 [*self.pins[0], self.program("raveld"), "--config", path])
        wait_for("raveld is ready", lambda: self.daemon.alive() and self._listens(), interval=0.005)
        self.ask("pools")
        self.start_seconds = time.monotonic() - begun
        wait_for("rvl0 is up", lambda: "LOWER_UP" in self.ip(self.ns["hub"], "link", "show", "rvl0"))
        self.ip(self.ns["hub"], "route", "add", f"{OUTER}/15", "via", NEIGHBOUR, "dev", "rvl0", "src", ADDRESS)
        bench = ROOT / "build" / ("san/bench" if self.san else "bench") / "peers"
        self.peers = self.start("peers", self.ns["peers"], [*self.pins[1], bench, ADDRESS, OUTER, INNER, TARGET, SECRET],
                                stdin=subprocess.PIPE)
        self.answers = 0

    # ------------------------------------------------------------------------------------ peers

    def tell(self, *words):
        """A command to the peers, which is done when this returns; what they say."""
        self.peers.popen.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        self.peers.popen.stdin.flush()
        self.answers += 1

        def answer():
            self.peers.alive()
            self.daemon.alive()
            lines = [line for line in self.peers.text().splitlines() if line.startswith("{")]
            return lines[self.answers - 1] if len(lines) >= self.answers else None
        return load_json(wait_for(f"the peers are done with {words[0]}", answer, timeout=self.patience), "peers")

    def up(self, first, count):
        return self.tell("up", first, count, AT_ONCE)

    def rekey(self, first, count):
        return self.tell("rekey", first, count, AT_ONCE)

    def rekey_ike(self, first, count):
        return self.tell("rekey-ike", first, count, AT_ONCE)

    # ----------------------------------------------------------------------------------- raveld

    def _listens(self):
        """Its socket is there before anybody listens to it."""
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(str(self.socket)) == 0

    def ask(self, command, **arguments):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(DEADLINE)
            sock.connect(str(self.socket))
            sock.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            answer = load_json(sock.makefile("r").readline(), command)
        expect(answer.get("ok"), f"{command} is answered: {answer}")
        return answer

    def ctl(self, *args):
        return self.sh(self.ns["hub"], self.program("ravelctl"), "--socket", self.socket, *args,
                       timeout=self.patience)

    def cpu_seconds(self):
        """That all of its threads have had."""
        total = 0
        for path in pathlib.Path(f"/proc/{self.daemon.popen.pid}/task").glob("*/schedstat"):
            with contextlib.suppress(FileNotFoundError):
                total += int(path.read_text().split()[0])
        return total / 1e9

    def memory(self):
        """Octets that are this process's alone."""
        lines = pathlib.Path(f"/proc/{self.daemon.popen.pid}/smaps_rollup").read_text().splitlines()[1:]
        return 1024 * int(dict(line.split(":") for line in lines)["Private_Dirty"].split()[0])

    def cost(self, work):
        """What work() returns, and the processor time in microseconds that the daemon had meanwhile."""
        before = self.cpu_seconds()
        result = work()
        return result, 1e6 * (self.cpu_seconds() - before)

    def list_all(self):
        """`ravelctl list` of all: how many Child SAs are installed, seconds, and the longest time in which the
        daemon didn't answer somebody else."""
        begun = time.monotonic()
        with Asker(self.socket) as asker:
            text = self.ctl("list")
            seconds = time.monotonic() - begun
        return text.count("INSTALLED"), seconds, asker.longest
