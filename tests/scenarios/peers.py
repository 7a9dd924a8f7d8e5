# SPDX-License-Identifier: BSD-2-Clause
"""The two ends of a scenario. Each of them, whoever made it, is asked for the same things in the same words:

    start(tries), stop(), kill()
    up(child), down(child), rekey(child)     one Child SA
    rekey_ike(), down_ike()                  the IKE SA
    redirect(gateway)                        who has begun it goes to another gateway (RFC 5685); not libreswan
    sas()                                    what names each IKE SA; and (child, SPI in, SPI out) of each Child
                                             SA but those that are only being let go
    flow(pairs)                              echo requests from (source, target) (flows.py)
    log()                                    what it said

sends_early: exchanges in which raveld asks for an SA that it may use before raveld has the response

What they are configured with lies in the folder of the scenario.
"""
import pathlib
import re

import initramfs
import wire
from flows import Flow, GuestFlow
from ground import DEADLINE, ROOT, LabError, sh, wait_for
from hosts import STRONGSWAN_CONF
from lab import PSK, put_files

HERE = pathlib.Path(__file__).resolve().parent


class Failed(LabError):
    """An end says that what it was asked for came to nothing."""


def configuration(scenario, name):
    """What a side's file of this name says: what all scenarios share, then the scenario's own."""
    return "".join((folder / name).read_text() for folder in (HERE / "base", scenario.folder))


def root(name):
    """Of packages of another release, as scripts/guest-cache has them."""
    return pathlib.Path(sh(ROOT / "scripts/guest-cache", "--root", name, timeout=10 * DEADLINE).strip())


class Machine:
    """What an end runs on: it has addresses outside, routes and names.

    addresses    those that it has, or had
    """

    device = "eth0"

    def __init__(self, address):
        self.addresses = {address}

    def ip(self, *args):
        raise NotImplementedError

    def hosts(self, names):
        """From now on its /etc/hosts says this: names with their addresses."""
        raise NotImplementedError

    def add_address(self, address):
        self.addresses.add(address.split("/")[0])
        self.ip("addr", "add", address, "dev", self.device)

    def remove_address(self, address):
        self.ip("addr", "del", address, "dev", self.device)

    def address(self, address):
        """It has this one too, from here on."""
        self.addresses.add(address)
        self.ip("addr", "replace", f"{address}/24", "dev", self.device)

    def route(self, network, gateway):
        self.ip("route", "replace", network, "via", gateway, "dev", self.device)

    def migrating(self):
        """Addresses of its from which an SA that moves may repeat sequence numbers (wire.used_twice)."""
        return ()


class Namespace(Machine):
    """One that isn't a machine of its own."""

    def __init__(self, bed, namespace, address):
        super().__init__(address)
        self.bed, self.namespace = bed, namespace

    def ip(self, *args):
        return self.bed.ip(self.namespace, *args)

    def hosts(self, names):
        self.bed.hosts(self.namespace, names)

    def settled(self):
        """Wait until it asks for neighbours over IPv6: before that the kernel holds what goes there."""
        wait_for(f"no address of {self.device} is tentative", lambda: "tentative" not in self.bed.sh(
            self.namespace, "ip", "-6", "addr", "show", "dev", self.device))

    def flow(self, pairs):
        return Flow(self.namespace, pairs)


class Raveld(Namespace):
    """Our end, in namespace a, over the NIC or in software."""

    name = "raveld"
    device = "rvl0"

    def __init__(self, bed):
        super().__init__(bed, bed.a, bed.ours)

    def configure(self, scenario):
        self.files = scenario.files(1, 2)
        self.conf = configuration(scenario, "raveld.conf")
        (self.bed.run / "leases").unlink(missing_ok=True)       # of the scenario before

    def start(self, tries):
        bed = self.bed
        where = f"device = {bed.device}" if bed.backend == "user" else "wire = wire0"
        path = bed.run / "raveld.conf"
        path.write_text(f"raveld {{\n  backend = {bed.backend}\n  {where}\n  address = {bed.ours}/{bed.outside.length}\n"
                        f"  leases = {bed.run}/leases\n  socket = {bed.run}/raveld.sock\n  qcd_secret = none\n"
                        f"  retransmit_timeout = 1s\n  retransmit_tries = {tries}\n}}\n"
                        f"{self.conf}")
        path.chmod(0o600)
        put_files(bed.run, self.files)
        self.process = bed.raveld = bed.start("raveld", bed.a, [bed.program("raveld"), "--config", path])
        self.process.wait_log("ready:")
        bed.patient(bed.a, "rvl0")
        if bed.gateway_of("raveld"):
            bed.ip(bed.a, "route", "add", "default", "via", bed.gateway_of("raveld"), "dev", "rvl0")

    def reload(self, old, new):
        """With its file as it would be if this text stood in it for that one; what ravelctl says."""
        path = self.bed.run / "raveld.conf"
        text = path.read_text()
        if old not in text:
            raise LabError(f"{path} doesn't have {old!r}")
        path.write_text(text.replace(old, new, 1))
        return self.ctl("reload")

    def stop(self):
        status = self.process.stop()
        if status or "Sanitizer" in self.process.text():
            raise LabError(f"raveld ended with status {status}:\n{self.process.tail(40)}")
        self._release()

    def kill(self):
        self.process.kill()
        self._release()

    def _release(self):
        self.bed.sh(self.bed.a, self.bed.program("ravelctl"), "--socket", self.bed.run / "none.sock", "release")

    def running(self):
        return self.process.running()

    def ctl(self, *args, **kwargs):
        try:
            return self.bed.ravelctl(*args, **kwargs)
        except LabError as error:
            raise Failed(str(error)) from None

    def up(self, child):
        self.ctl("up", child)

    def down(self, child):
        self.ctl("down", child)

    def rekey(self, child):
        self.ctl("rekey", child)

    def rekey_ike(self):
        self.ctl("rekey", "gw")

    def down_ike(self):
        self.ctl("down", "gw")

    def redirect(self, gateway):
        self.ctl("redirect", "gw", "--gateway", gateway)

    def sas(self):
        ikes = self.bed.ravelctl_json("list")["ike-sas"]
        return ([ike["initiator-spi"] for ike in ikes],
                [(child["name"], int(child["spi-in"], 16), int(child["spi-out"], 16))
                 for ike in ikes for child in ike["child-sas"] if child["state"] != "LINGERING"])

    def vips(self):
        """What the peer has given us."""
        return [vip for ike in self.bed.ravelctl_json("list")["ike-sas"] for vip in ike["local-vips"]]

    def leases(self):
        """What our pools have given: (whose, whether it is online) by address."""
        return {lease["address"]: (lease["identity"], lease["online"])
                for pool in self.bed.ravelctl_json("pools")["pools"] for lease in pool["leases"]}

    def outside(self):
        """Where the ends of the IKE SA are."""
        (ike,) = self.bed.ravelctl_json("list")["ike-sas"]
        return {"raveld": ike["local-host"], "peer": ike["remote-host"]}

    def suites(self):
        return [child["suite"] for ike in self.bed.ravelctl_json("list")["ike-sas"] for child in ike["child-sas"]]

    def dropped(self):
        """Packets that had no SA to leave by."""
        return self.bed.ravelctl_json("stats")["device"]["tx_drop_policy"]

    def log(self):
        return self.process.text()


class StrongSwan:
    """By its vici; where it runs is for those below to say."""

    sends_early = {wire.IKE_AUTH}

    def configure(self, scenario):
        self.files = scenario.files(2, 1)
        self.conf = configuration(scenario, "swanctl.conf")

    def swanctl(self, *args, check=True):
        raise NotImplementedError

    def _ask(self, *args):
        try:
            self.swanctl(*args)
        except LabError as error:
            raise Failed(str(error)) from None

    def up(self, child, connection="gw"):
        self._ask("--initiate", "--child", child, "--ike", connection)

    def down(self, child):
        self._ask("--terminate", "--child", child)

    def rekey(self, child):
        self._ask("--rekey", "--child", child)

    def rekey_ike(self):
        self._ask("--rekey", "--ike", "gw")

    def down_ike(self):
        self._ask("--terminate", "--ike", "gw")

    def redirect(self, gateway):
        self._ask("--redirect", "--ike", "gw", "--gateway", gateway)

    def sas(self):
        text, children = self.swanctl("--list-sas", "--raw"), []
        for section in re.findall(r"[\w.-]+-\d+ \{([^{}]*)\}", text):
            child = dict(re.findall(r"([a-z-]+)=([^ \]}]*)", section))
            # one that was rekeyed or deleted goes on for a while
            if child["state"] in ("INSTALLED", "REKEYING", "UPDATING"):
                children.append((child["name"], int(child["spi-in"], 16), int(child["spi-out"], 16)))
        return re.findall(r"initiator-spi=([0-9a-f]+)", text), children


class StrongSwanHere(Namespace, StrongSwan):
    """In namespace b, ESP in user space; of this machine's release, or of another one in its root."""

    def __init__(self, bed, name, root=None):
        super().__init__(bed, bed.b, bed.theirs)
        self.name, self.root = name, root

    def start(self, tries):
        self.bed.start_charon(self.conf, self.root, tries, self.files)
        self.process = self.bed.charon

    def stop(self):
        self.process.stop()

    def kill(self):
        self.process.kill()
        # charon's policies and routes were in its interface, which is gone
        self.bed.sh(self.bed.b, "ip", "xfrm", "policy", "flush")

    def running(self):
        return self.process.running()

    def swanctl(self, *args, check=True):
        return self.bed.swanctl(*args, check=check)

    def log(self):
        return self.bed.charon_log()


class InGuest(Machine):
    """What runs in the bed's guest, over the kernel's own ESP."""

    def __init__(self, bed, name):
        super().__init__(bed.theirs)
        self.bed, self.name, self.guest = bed, name, bed.guest

    def flow(self, pairs):
        return GuestFlow(self.guest, pairs)

    def ip(self, *args):
        return self.guest.sh(f"ip {' '.join(args)}")

    def hosts(self, names):
        self.guest.put("/etc/hosts", "".join(f"{address} {name}\n" for name, address in names.items()))

    def _forget(self):
        """What one that was killed left in the kernel, as after a restart of the machine."""
        self.guest.sh("ip xfrm state flush; ip xfrm policy flush; ip route flush table 220 2>/dev/null || :")


class StrongSwanGuest(InGuest, StrongSwan):
    """strongSwan over the kernel's ESP."""

    def start(self, tries):
        guest = self.guest
        guest.put("/etc/strongswan.conf", re.sub(r"retransmit_tries = \d+", f"retransmit_tries = {tries}", STRONGSWAN_CONF))
        for name, text in {"swanctl.conf": self.conf, **self.files}.items():
            guest.put(f"/etc/swanctl/{name}", text)
        self._forget()
        self.job = guest.start_command("charon", "exec charon-systemd")
        guest.sh("until swanctl --stats >/dev/null 2>&1; do "
                 "[ ! -e /run/guest/charon.status ] || { cat /run/guest/charon.log; exit 1; }; sleep 0.1; done")
        self.swanctl("--load-all", "--noprompt")

    def swanctl(self, *args, check=True):
        return self.guest.sh("swanctl " + " ".join(args), check=check)

    def stop(self):
        self.job.kill()
        self.job.wait()

    def kill(self):
        self.job.kill("KILL")
        self.job.wait()
        self.guest.sh("rm -f /run/charon.vici")
        self._forget()

    def running(self):
        return self.job.status() is None

    def log(self):
        return self.guest.sh("cat /var/log/charon.log")


class Libreswan(InGuest):
    """A child that it is to have at other addresses, too, is a conn more, named CHILD--ANYTHING."""

    sends_early = {wire.IKE_AUTH, wire.CREATE_CHILD_SA}
    program = "/usr/libexec/ipsec"
    job, added = None, False

    def configure(self, scenario):
        self.files = scenario.files(2, 1)
        self.conf = configuration(scenario, "ipsec.conf")

    @staticmethod
    def packed():
        """Files for the guest: libreswan, as its packages bring it, and what it can't do without."""
        packages = root("libreswan")
        lib = "usr/lib/x86_64-linux-gnu"
        programs = ["usr/libexec/ipsec/pluto", "usr/libexec/ipsec/whack", "usr/libexec/ipsec/addconn", "usr/bin/certutil"]
        # opened at run time: no program names them
        programs += [f"{lib}/{name}" for name in ("libsoftokn3.so", "libfreeblpriv3.so", "libnssdbm3.so", "libsqlite3.so.0")]
        needed = {*programs, "usr/libexec/ipsec/_updown.xfrm"}
        for path in programs:
            needed.update(initramfs.libraries(packages, path))
        return {path: packages / path for path in sorted(needed)}

    def start(self, tries):
        """pluto tests its algorithms for long when it starts: one that was not killed is used again."""
        guest = self.guest
        guest.put("/etc/ipsec.conf", self.conf)
        for name, text in self.files.items():
            guest.put(f"/etc/{name}", text)
        if not self.job:
            self._launch()
        self._add()

    def _add(self):
        """Its connections; those that it has are replaced."""
        self.guest.sh(f"{self.program}/addconn --config /etc/ipsec.conf --autoall")
        self.added = True

    def add_address(self, address):
        super().add_address(address)
        if self.job:
            self.whack("--listen")      # it doesn't look by itself

    def hosts(self, names):
        super().hosts(names)
        if self.added:
            self._add()                 # nor asks for a name again

    def _launch(self):
        guest = self.guest
        guest.put("/etc/ipsec.secrets", f': PSK "{PSK}"\n', 0o600)
        guest.sh("mkdir -p /var/lib/ipsec/nss /run/pluto /etc/ipsec.d; : >/etc/resolv.conf; "
                 "[ -e /var/lib/ipsec/nss/cert9.db ] || certutil -N -d sql:/var/lib/ipsec/nss --empty-password")
        # without connections: it would load them in the background
        guest.put("/etc/pluto.conf", "config setup\n logfile=/var/log/pluto.log\n")
        self.job = guest.start_command("pluto", f"exec {self.program}/pluto --nofork --config /etc/pluto.conf")
        guest.sh(f"until {self.program}/whack --listen >/dev/null 2>&1; do "
                 "[ ! -e /run/guest/pluto.status ] || { cat /run/guest/pluto.log /var/log/pluto.log; exit 1; }; sleep 0.1; done")

    def whack(self, *args, check=True):
        return self.guest.sh(f"{self.program}/whack {' '.join(args)} 2>&1", check=check)

    def _ask(self, *args):
        try:
            self.whack(*args)
        except LabError as error:
            raise Failed(f"{error}") from None

    def stop(self):
        for name in re.findall(r"^conn (\S+)", self.conf, re.M):
            self.whack("--delete", "--name", name, check=False)
        self.added = False

    def kill(self):
        self.job.kill("KILL")
        self.job.wait()
        self.job, self.added = None, False
        self.guest.sh("rm -f /run/pluto/*")
        self._forget()

    def running(self):
        return self.job and self.job.status() is None

    def up(self, child):
        self._ask("--initiate", "--name", child)

    def down(self, child):
        # waiting for its end would be waiting for that of the IKE SA
        self._ask("--asynchronous", "--down-child", "--name", child)

    def rekey(self, child):
        self._ask("--rekey-child", "--name", child)

    def rekey_ike(self):
        self._ask("--rekey-ike", "--name", self._owner())

    def down_ike(self):
        self._ask("--down-ike", "--name", self._owner())

    def _owner(self):
        """The connection that the IKE SA came about by."""
        match = re.search(r'^#\d+: "([^"]+)".* ESTABLISHED_IKE_SA ', self.whack("--showstates"), re.M)
        if not match:
            raise Failed("libreswan has no IKE SA")
        return match[1]

    def sas(self):
        # One that INITIAL_CONTACT has made obsolete stays, without Child SAs, until it is old.
        text = self.whack("--showstates")
        there = set(re.findall(r"^#(\d+): .* ESTABLISHED_CHILD_SA ", text, re.M))
        spi = r"(?:esp|ah)[.:]([0-9a-f]+)@"
        return (re.findall(r"^#(\d+): .* ESTABLISHED_IKE_SA .*; newest;", text, re.M),
                [(name.partition("--")[0], int(spi_in, 16), int(spi_out, 16)) for number, name, spi_out, spi_in in re.findall(
                    rf'^#(\d+): "([^"]+)"\S*(?: [0-9a-f.:]+)? {spi}\S+ {spi}', text, re.M) if number in there])

    def migrating(self):
        return self.addresses

    def log(self):
        return self.guest.sh("cat /var/log/pluto.log")
