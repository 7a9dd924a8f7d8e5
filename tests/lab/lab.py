# SPDX-License-Identifier: BSD-2-Clause
"""Two hosts on one wire: Ravelin in one network namespace, strongSwan in the other.

    namespace A                        namespace N                  namespace B
    lo    10.1.0.1/32                                               lo    10.2.0.1/32
    rvl0  192.0.2.1/24 -- raveld -- [vfio-user] -- ravelsim -- wire0 === eth0  192.0.2.2/24
                                                                    strongSwan, kernel-libipsec

The wire's end is where the NIC is: A's kernel must not see it, for it would answer ARP beside rvl0.
With backend soft there is no N: raveld itself has wire0, in A, and keeps A's kernel off it.

Everything that a Lab starts dies with it: processes get SIGTERM, then SIGKILL, by process id, and
SIGKILL from the kernel when the lab's own process dies; namespaces left by a lab that was killed are
removed by the next one.
"""
import contextlib
import ctypes
import json
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
A_ADDR, B_ADDR = "192.0.2.1", "192.0.2.2"
A_INNER, B_INNER = "10.1.0.1", "10.2.0.1"
PSK = "the ravelin stands before the wall"
DEADLINE = 30.0            # seconds that any single event may take

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_CLONE_NEWNET = 0x40000000


class LabError(Exception):
    """Something that had to happen did not; the text says what and where."""


def sh(*command, check=True, timeout=DEADLINE, **kwargs):
    """Run a command to its end; returns its standard output."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, **kwargs)
    except subprocess.TimeoutExpired:
        raise LabError(f"`{' '.join(command)}` did not end within {timeout:.0f} s") from None
    if check and done.returncode != 0:
        raise LabError(f"`{' '.join(command)}` failed ({done.returncode}): "
                       f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


def wait_for(what, condition, timeout=DEADLINE, interval=0.02):
    """Wait until condition() is true; its value is returned."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError(f"waited {timeout:.0f} s in vain: {what}")
        time.sleep(interval)


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


class Process:
    """A program in a namespace, its output in a log file."""

    def __init__(self, lab, name, namespace, command, env=None):
        self.name = name
        self.log = lab.out / f"{name}.log"
        self._file = open(self.log, "ab")
        self._from = self.log.stat().st_size
        self.popen = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=self._file, stderr=self._file,
            env=dict(os.environ, **(env or {})), start_new_session=True,
            preexec_fn=lambda: _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL))

    def text(self):
        with open(self.log, "rb") as f:
            f.seek(self._from)
            return f.read().decode(errors="replace")

    def running(self):
        return self.popen.poll() is None

    def wait_log(self, pattern, timeout=DEADLINE):
        """Wait for a line; returns the match."""
        def look():
            match = re.search(pattern, self.text(), re.M)
            if not match and not self.running():
                raise LabError(f"{self.name} ended with status {self.popen.returncode}:\n{self.tail()}")
            return match
        return wait_for(f"`{pattern}` in the log of {self.name} ({self.log})", look, timeout)

    def tail(self, lines=15):
        return "\n".join("    " + line for line in self.text().splitlines()[-lines:])

    def stop(self, timeout=10):
        """SIGTERM; returns the exit status. One that does not end is killed and is an error."""
        if self.running():
            self.popen.terminate()
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise LabError(f"{self.name} did not end within {timeout} s of SIGTERM:\n{self.tail()}") \
                    from None
        self._file.close()
        return self.popen.returncode

    def kill(self):
        if self.running():
            self.popen.kill()
            self.popen.wait()
        self._file.close()


class Lab:
    def __init__(self, backend="user", out=None, san=False, fst=None, seed=1):
        if os.geteuid() != 0:
            raise LabError("network namespaces need root: run as root or with sudo")
        if not os.path.exists("/dev/net/tun"):
            raise LabError("/dev/net/tun is not there: the kernel needs TUN")
        self.backend = backend
        self.san = san
        self.fst = fst
        self.seed = seed
        self.out = pathlib.Path(out)
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        self.run = pathlib.Path(tempfile.mkdtemp(prefix="ravelin-"))
        self.a, self.b = f"{PREFIX}-a-{os.getpid()}", f"{PREFIX}-b-{os.getpid()}"
        self.nic = f"{PREFIX}-n-{os.getpid()}" if backend == "user" else self.a
        self.processes = []
        self._sweep()
        try:
            self._wire()
        except BaseException:
            self.close()
            raise

    # ------------------------------------------------------------------------------- the ground

    @staticmethod
    def _sweep():
        """Remove namespaces whose lab is dead."""
        for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
            match = re.fullmatch(PREFIX + r"-[abn]-(\d+)", name)
            if match and not os.path.exists(f"/proc/{match[1]}"):
                sh("ip", "netns", "del", name, check=False)

    def _wire(self):
        for ns in {self.a, self.b, self.nic}:
            sh("ip", "netns", "add", ns)
            self.ip(ns, "link", "set", "lo", "up")
            for key in ("conf/all/rp_filter", "conf/default/rp_filter"):
                sh("ip", "netns", "exec", ns, "sh", "-c", f"echo 0 > /proc/sys/net/ipv4/{key}")
            sh("ip", "netns", "exec", ns, "sh", "-c",
               "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null || :")
        self.ip(self.nic, "link", "add", "wire0", "mtu", "1500", "type", "veth", "peer", "name", "eth0",
                "netns", self.b)
        # The wire carries whole packets with their checksums, as a cable does.
        for ns, dev in ((self.nic, "wire0"), (self.b, "eth0")):
            sh("ip", "netns", "exec", ns, "ethtool", "-K", dev, "tx", "off", "rx", "off", "sg", "off",
               "tso", "off", "gso", "off", "gro", "off")
            self.ip(ns, "link", "set", dev, "up")
        self.ip(self.b, "addr", "add", f"{B_ADDR}/24", "dev", "eth0")
        for ns, address in ((self.a, A_INNER), (self.b, B_INNER)):
            self.ip(ns, "addr", "add", f"{address}/32", "dev", "lo")

    def ip(self, namespace, *args):
        return sh("ip", "-n", namespace, *args)

    def sh(self, namespace, *command, **kwargs):
        return sh("ip", "netns", "exec", namespace, *command, **kwargs)

    def start(self, name, namespace, command, env=None):
        process = Process(self, name, namespace, command, env)
        self.processes.append(process)
        return process

    def close(self):
        """End everything, newest first."""
        for process in reversed(self.processes):
            with contextlib.suppress(LabError):
                process.stop()
        self.processes.clear()
        for ns in {self.a, self.b, self.nic}:
            sh("ip", "netns", "del", ns, check=False)
        shutil.rmtree(self.run, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    # --------------------------------------------------------------------------------- the peer

    def start_strongswan(self, initiate=False, psk=PSK, ike="aes256gcm16-prfsha384-x25519",
                         esp="aes256gcm16", dpd="0s", local_ts="10.2.0.0/24",
                         remote_ts="10.1.0.0/24"):
        """charon with ESP in user space; it is not started by traffic, only by initiate()."""
        conf = self.run / "b"
        swan = conf / "swanctl"
        for folder in ("x509", "x509ca", "private"):
            (swan / folder).mkdir(parents=True, exist_ok=True)
        self.vici = f"unix://{conf}/charon.vici"
        log = self.out / "charon.log"
        (conf / "strongswan.conf").write_text(f"""
charon-systemd {{
  load = random nonce kdf openssl pem x509 pubkey revocation pkcs1 pkcs8 kernel-libipsec kernel-netlink socket-default vici updown
  retransmit_timeout = 1
  retransmit_tries = 3
  plugins {{
    vici {{
      socket = {self.vici}
    }}
  }}
  filelog {{
    log {{
      path = {log}
      flush_line = yes
      time_format = %H:%M:%S
      default = 1
      ike = 2
    }}
  }}
  journal {{
    default = -1
  }}
}}
""")
        (swan / "swanctl.conf").write_text(f"""
connections {{
  ravelin {{
    version = 2
    local_addrs = {B_ADDR}
    remote_addrs = {A_ADDR}
    proposals = {ike}
    dpd_delay = {dpd}
    local {{
      auth = psk
      id = b.example.org
    }}
    remote {{
      auth = psk
      id = a.example.org
    }}
    children {{
      net {{
        local_ts = {local_ts}
        remote_ts = {remote_ts}
        esp_proposals = {esp}
        rekey_time = 0
      }}
    }}
  }}
}}
secrets {{
  ike-a {{
    id-a = a.example.org
    id-b = b.example.org
    secret = "{psk}"
  }}
}}
""")
        self.charon_env = {"STRONGSWAN_CONF": str(conf / "strongswan.conf"), "SWANCTL_DIR": str(swan)}
        self.charon = self.start("charon-systemd", self.b, ["/usr/sbin/charon-systemd"], self.charon_env)

        def answers():
            if not self.charon.running():
                raise LabError(f"charon-systemd ended:\n{self.charon.tail()}")
            return (conf / "charon.vici").exists() and self.swanctl("--stats", check=False)
        wait_for("charon answers on its socket", answers)
        self.swanctl("--load-all", "--noprompt")

    def charon_log(self):
        return (self.out / "charon.log").read_text(errors="replace")

    def swanctl(self, *args, check=True, timeout=DEADLINE):
        return self.sh(self.b, "swanctl", *args, "--uri", self.vici, check=check, timeout=timeout,
                       env=dict(os.environ, **self.charon_env))

    # ------------------------------------------------------------------------------ our own side

    def program(self, name):
        path = ROOT / "build" / ("san/bin" if self.san and name != "ravelsim" else "bin") / name
        if not path.exists():
            raise LabError(f"{path} is not built: run `make`")
        return path

    def start_ravelsim(self, extra=()):
        """The NIC; its wire port is wire0."""
        sock = self.run / "nic.sock"
        self.nic_dump = self.out / "nic.lspci"
        command = [self.program("ravelsim-trace" if self.fst else "ravelsim"),
                   "--socket", sock, "--port", "veth:wire0", "--seed", self.seed,
                   "--dump-config", self.nic_dump, "--stats-file", self.out / "ravelsim.json",
                   *(["--fst", self.fst] if self.fst else []), *extra]
        self.ravelsim = self.start("ravelsim", self.nic, command)
        wait_for("ravelsim listens", lambda: self._alive(self.ravelsim) and sock.exists())
        self.device = f"vfio-user:{sock}"

    def _alive(self, process):
        if not process.running():
            raise LabError(f"{process.name} ended with status {process.popen.returncode}:\n"
                           f"{process.tail()}")
        return True

    def raveld_conf(self, psk=PSK, ike="aes256gcm16-prfsha384-x25519", esp="aes256gcm16",
                    start="none", dpd="0s", child="", daemon=""):
        """Write raveld's configuration; returns its path."""
        where = f"device = {self.device}" if self.backend == "user" else "wire = wire0"
        path = self.run / "raveld.conf"
        path.write_text(f"""
raveld {{
  backend = {self.backend}
  {where}
  netdev = rvl0
  address = {A_ADDR}/24
  socket = {self.run}/raveld.sock
  retransmit_timeout = 1s
  retransmit_tries = 2
  {daemon}
}}
connections {{
  gw {{
    version = 2
    local_addrs = {A_ADDR}
    remote_addrs = {B_ADDR}
    proposals = {ike}
    dpd_delay = {dpd}
    local {{
      auth = psk
      id = a.example.org
    }}
    remote {{
      auth = psk
      id = b.example.org
    }}
    children {{
      net {{
        local_ts = 10.1.0.0/24
        remote_ts = 10.2.0.0/24
        esp_proposals = {esp}
        start_action = {start}
        {child}
      }}
    }}
  }}
}}
secrets {{
  ike-b {{
    id-a = a.example.org
    id-b = b.example.org
    secret = "{psk}"
  }}
}}
""")
        path.chmod(0o600)
        return path

    def start_raveld(self, **conf):
        """The daemon, with the NIC before it if the backend needs one."""
        if self.backend == "user" and not hasattr(self, "ravelsim"):
            self.start_ravelsim()
        path = self.raveld_conf(**conf)
        self.raveld = self.start("raveld", self.a, [self.program("raveld"), "--config", path])
        wait_for("raveld answers", lambda: self._alive(self.raveld)
                 and (self.run / "raveld.sock").exists() and self.ravelctl_ok("list"))
        # The first frame would otherwise wait for the bridge-less TAP to settle.
        wait_for("rvl0 is up", lambda: "LOWER_UP" in self.ip(self.a, "link", "show", "rvl0"))

    def ravelctl(self, *args, check=True, timeout=DEADLINE):
        return self.sh(self.a, str(self.program("ravelctl")), "--socket", f"{self.run}/raveld.sock",
                       *args, check=check, timeout=timeout)

    def ravelctl_ok(self, *args):
        done = subprocess.run(["ip", "netns", "exec", self.a, str(self.program("ravelctl")), "--socket",
                               f"{self.run}/raveld.sock", *args], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=DEADLINE)
        return done.returncode == 0

    def ravelctl_json(self, *args):
        return load_json(self.ravelctl("--json", *args), f"ravelctl {' '.join(args)}")

    # ------------------------------------------------------------------------------ measurements

    def capture(self, name, namespace, device):
        """tcpdump into a pcap file; returns its process once it listens."""
        path = self.out / f"{name}.pcap"
        process = self.start(f"tcpdump-{name}", namespace,
                             ["tcpdump", "-i", device, "-U", "--immediate-mode", "-n", "-Z", "root", "-w", path])
        process.wait_log("listening on")
        process.path = path
        return process

    def frames(self, device="eth0", namespace=None):
        """A packet socket on a device: sees and sends whole frames."""
        with inside(namespace or self.b):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            sock.bind((device, 0))
        sock.setblocking(False)
        return sock


def read_frame(sock, wanted, timeout=DEADLINE):
    """The next frame on a packet socket for which wanted(frame, outgoing) is true."""
    end = time.monotonic() + timeout
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
