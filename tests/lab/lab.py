# SPDX-License-Identifier: BSD-2-Clause
"""Two hosts on one wire: Ravelin in one network namespace, strongSwan in the other.

    namespace A                        namespace NIC                namespace B
    lo    10.1.0.1/32                                               lo    10.2.0.1/32
    rvl0  192.0.2.1/24 -- raveld -- [vfio-user] -- ravelsim -- wire0 === eth0  192.0.2.2/24
                                                                    strongSwan, kernel-libipsec

The wire's end is where the NIC is: A's kernel must not see it, for it would answer ARP beside rvl0.
With backend soft there is no NIC: raveld itself has wire0, in A, and keeps A's kernel off it.
"""
import os
import shutil
import subprocess

from ground import DEADLINE, IKE_TRIES, ROOT, Ground, load_json, packet_socket, wait_for

A_ADDR, B_ADDR = "192.0.2.1", "192.0.2.2"
A_INNER, B_INNER = "10.1.0.1", "10.2.0.1"
PSK = "the ravelin stands before the wall"


def put_files(folder, files):
    """Texts by name, also below x509, x509ca, x509crl, pubkey and private, which have no others."""
    for name in ("x509", "x509ca", "x509crl", "pubkey", "private"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)


class Peers(Ground):
    """Ground with what the two hosts run; where they are and how they are joined is for others to say.

    a, b: the namespaces of those that are no guests; device: the NIC that raveld takes
    """

    backend = "user"
    device = None

    def __init__(self, out, names=(), san=False):
        super().__init__(out, names, san)
        self.a, self.b = self.ns.get("a"), self.ns.get("b")

    # --------------------------------------------------------------------------------- the peer

    def start_strongswan(self, psk=PSK, ike="aes256gcm16-prfsha384-x25519",
                         esp="aes256gcm16", dpd="0s", local_ts="10.2.0.0/24",
                         remote_ts="10.1.0.0/24"):
        """charon with ESP in user space; it is not started by traffic, only by initiate()."""
        self.start_charon(f"""
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

    def start_charon(self, swanctl_conf, root=None, tries=IKE_TRIES, files=None):
        """charon with what its swanctl.conf says; files: others beside that, for it to include, and charon.conf:
        what strongswan.conf says besides. root: the one to run it in, of another release (scripts/guest-cache),
        else this machine's."""
        conf = self.run / "b"
        swan = conf / "swanctl"
        swan.mkdir(parents=True, exist_ok=True)
        self.vici = f"unix://{conf}/charon.vici"
        log = self.out / "charon.log"
        (conf / "strongswan.conf").write_text(f"""
charon-systemd {{
  load = random nonce kdf openssl pem x509 pubkey revocation pkcs1 pkcs8 kernel-libipsec kernel-netlink socket-default vici updown eap-identity eap-mschapv2 eap-gtc eap-tls eap-ttls xauth-generic
  retransmit_timeout = 1
  retransmit_tries = {tries}
  half_open_timeout = {DEADLINE:.0f}
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
  include {swan}/charon*.conf
}}
""")
        put_files(swan, {"swanctl.conf": swanctl_conf, **(files or {})})
        # a charon that was killed leaves its socket
        (conf / "charon.vici").unlink(missing_ok=True)
        self.charon_env = {"STRONGSWAN_CONF": str(conf / "strongswan.conf"), "SWANCTL_DIR": str(swan)}
        # what is run in another root sees the folder that it is started in
        self.charon_root = ["env", "-C", self.run, ROOT / "scripts/guest-enter", root, "env",
                            *(f"{name}={value}" for name, value in self.charon_env.items())] if root else []
        self.charon = self.start("charon-systemd", self.b, [*self.charon_root, "/usr/sbin/charon-systemd"], self.charon_env)

        def answers():
            return self.charon.alive() and (conf / "charon.vici").exists() and self.swanctl("--stats", check=False)
        wait_for("charon answers on its socket", answers)
        self.swanctl("--load-all", "--noprompt")

    def charon_log(self):
        return (self.out / "charon.log").read_text(errors="replace")

    def swanctl(self, *args, check=True, timeout=DEADLINE):
        return self.sh(self.b, *self.charon_root, "swanctl", *args, "--uri", self.vici, check=check, timeout=timeout,
                       env=dict(os.environ, **self.charon_env))

    # ------------------------------------------------------------------------------ our own side

    def raveld_conf(self, psk=PSK, ike="aes256gcm16-prfsha384-x25519", esp="aes256gcm16",
                    start="none", dpd="0s", child="", daemon="", tries=IKE_TRIES):
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
  qcd_secret = none
  retransmit_timeout = 1s
  retransmit_tries = {tries}
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
        path = self.raveld_conf(**conf)
        self.raveld = self.start("raveld", self.a, [self.program("raveld"), "--config", path])
        wait_for("raveld answers", lambda: self.raveld.alive()
                 and (self.run / "raveld.sock").exists() and self.ravelctl_ok("list"))
        # The first frame would otherwise wait for the bridge-less TAP to settle.
        wait_for("rvl0 is up", lambda: "LOWER_UP" in self.ip(self.a, "link", "show", "rvl0"))
        self.patient(self.a, "rvl0")

    def ravelctl(self, *args, check=True, timeout=DEADLINE):
        return self.sh(self.a, self.program("ravelctl"), "--socket", f"{self.run}/raveld.sock",
                       *args, check=check, timeout=timeout)

    def ravelctl_ok(self, *args):
        done = subprocess.run(["ip", "netns", "exec", self.a, self.program("ravelctl"), "--socket",
                               f"{self.run}/raveld.sock", *args], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=DEADLINE)
        return done.returncode == 0

    def ravelctl_json(self, *args):
        return load_json(self.ravelctl("--json", *args), f"ravelctl {' '.join(args)}")

    def frames(self, device="eth0", namespace=None):
        """A packet socket on a device: sees and sends whole frames."""
        return packet_socket(namespace or self.b, device)


class Lab(Peers):
    """Both hosts in namespaces, on one wire."""

    def __init__(self, backend="user", out=None, san=False, fst=None, seed=1):
        super().__init__(out, ("a", "b", "nic") if backend == "user" else ("a", "b"), san)
        self.backend = backend
        self.fst = fst
        self.seed = seed
        with self.building():
            self.veth("nic" if backend == "user" else "a", "wire0", "b", "eth0")
            self.ip(self.b, "addr", "add", f"{B_ADDR}/24", "dev", "eth0")
            for ns, address in ((self.a, A_INNER), (self.b, B_INNER)):
                self.ip(ns, "addr", "add", f"{address}/32", "dev", "lo")

    def start_ravelsim(self, extra=()):
        """The NIC; its wire port is wire0."""
        self.nic_dump = self.out / "nic.lspci"
        self.nic = self.ravelsim("ravelsim", "nic", "veth:wire0", "--seed", self.seed, "--dump-config", self.nic_dump,
                                 *(["--fst", self.fst] if self.fst else []), *extra,
                                 program="ravelsim-trace" if self.fst else "ravelsim")
        self.device = f"vfio-user:{self.nic.socket}"

    def start_raveld(self, **conf):
        """The daemon, with the NIC before it if the backend needs one."""
        if self.backend == "user" and not self.device:
            self.start_ravelsim()
        super().start_raveld(**conf)
