# SPDX-License-Identifier: BSD-2-Clause
"""What must hold between Ravelin and strongSwan, over either backend."""
import re
import signal

import steps
from ground import ROOT, LabError, ike_tries, none_is_lost, sh, wait_for
from lab import A_INNER, B_INNER, Lab


class Quiet(steps.Reporter):
    """Checks without telling of each."""

    def step(self, text):
        self.current = text
        print(f"# {text}", flush=True)

    def say(self, text):
        pass

    def check(self, holds, text):
        if not holds:
            raise LabError(f"in step `{self.current}`: does not hold: {text}")
        self.count += 1


class Scenarios:
    def __init__(self, backend):
        self.backend = backend

    def lab(self, name):
        return Lab(self.backend, ROOT / "build" / "interop" / f"{self.backend}-{name}", san=True)

    def demo(self, initiator):
        with self.lab(f"demo-{initiator}") as lab:
            report = Quiet()
            steps.run_all(lab, initiator, report)
            if report.count < 15:
                raise LabError(f"only {report.count} checks were made")

    def refused(self, name, reason, ours=None, theirs=None):
        """raveld initiates, the negotiation fails: a reason that names it, nothing in clear."""
        with self.lab(name) as lab:
            lab.start_strongswan(**(theirs or {}))
            lab.capture("wire", lab.b, "eth0")
            lab.start_raveld(**(ours or {}))
            failure = None
            try:
                lab.ravelctl("up", "net")
            except LabError as error:
                failure = str(error)
            if failure is None:
                raise LabError("ravelctl up succeeded")
            if not re.search(reason, failure):
                raise LabError(f"the reason does not say {reason}: {failure}")
            self.protected_traffic_is_held(lab)
            self.ends_well(lab)

    @staticmethod
    def ends_well(lab):
        status = lab.raveld.stop()
        if status != 0:
            raise LabError(f"raveld ended with status {status}:\n{lab.raveld.tail()}")
        steps.no_plaintext(lab, Quiet())

    @staticmethod
    def protected_traffic_is_held(lab):
        """No SA: a packet for the remote network gets no answer, and is counted as dropped."""
        before = steps.device_counters(lab)
        out = lab.sh(lab.a, "ping", "-n", "-c", "3", "-i", "0.05", "-W", "0.2", "-I", A_INNER, B_INNER, check=False)
        if "0 received" not in out:
            raise LabError(f"3 packets for {B_INNER} without an SA: {out}")

        def dropped():
            after = steps.device_counters(lab)
            return sum(after[k] - before[k] for k in after if k.startswith("tx_drop_")) >= 3
        wait_for("the 3 packets are dropped", dropped)

    def wrong_psk(self):
        self.refused("wrong-psk", "AUTHENTICATION_FAILED", theirs={"psk": "another key"})

    def no_ike_proposal(self):
        self.refused("no-ike-proposal", "NO_PROPOSAL_CHOSEN", theirs={"ike": "aes128-sha256-modp3072"},
                     ours={"ike": "aes256gcm16-prfsha384-x25519"})

    def no_esp_proposal(self):
        self.refused("no-esp-proposal", "NO_PROPOSAL_CHOSEN", theirs={"esp": "aes128-sha256"})

    def no_common_selectors(self):
        self.refused("no-ts", "TS_UNACCEPTABLE", theirs={"local_ts": "10.9.0.0/24"})

    def peer_dies(self):
        """charon is killed: DPD finds out, the SAs go, traffic is held."""
        with self.lab("peer-dies") as lab:
            lab.start_strongswan()
            lab.capture("wire", lab.b, "eth0")
            lab.start_raveld(dpd="1s", tries=ike_tries(20))
            lab.ravelctl("up", "net")
            if lab.ping(lab.a, A_INNER, B_INNER) != 3:
                raise LabError("no ping before the peer dies")
            lab.charon.kill()
            wait_for("DPD ends the SAs", lambda: not lab.ravelctl_json("list")["ike-sas"])
            lab.raveld.wait_log(r"(?i)(no answer|not answer|dead|unreachable|timed out|timeout)")
            self.protected_traffic_is_held(lab)
            self.ends_well(lab)

    def nic_dies(self):
        """ravelsim is killed in mid-traffic: raveld says so, ends with an error, nothing leaks."""
        with self.lab("nic-dies") as lab:
            lab.start_strongswan()
            lab.capture("wire", lab.b, "eth0")
            lab.start_raveld()
            lab.ravelctl("up", "net")
            if lab.ping(lab.a, A_INNER, B_INNER) != 3:
                raise LabError("no ping before the NIC dies")
            flood = lab.start("ping", lab.a, ["ping", "-n", "-i", "0.002", "-I", A_INNER, B_INNER])
            wait_for("traffic flows", lambda: flood.text().count("bytes from") > 20)
            lab.nic.process.kill()
            if lab.raveld.wait() == 0:
                raise LabError("raveld ended with status 0 though its NIC died")
            if not re.search(r"(?i)(device|NIC).*(gone|closed|lost)", lab.raveld.text()):
                raise LabError(f"raveld does not say that its NIC is gone:\n{lab.raveld.tail()}")
            flood.stop()
            steps.no_plaintext(lab, Quiet())

    def rekeying(self, esp="aes256gcm16"):
        """The Child SA and the IKE SA, by either side, under pings both ways: each of them is answered."""
        with self.lab("rekeying") as lab:
            lab.start_strongswan(esp=esp)
            lab.capture("wire", lab.b, "eth0")
            lab.start_raveld(esp=esp)
            lab.ravelctl("up", "net")
            pings = [lab.start(f"ping-{name}", ns, ["ping", "-n", "-i", "0.05", "-I", source, target])
                     for name, ns, source, target in (("a", lab.a, A_INNER, B_INNER), ("b", lab.b, B_INNER, A_INNER))]
            for ping in pings:
                ping.wait_log("icmp_seq=5 ")
            for ask in (lambda: lab.ravelctl("rekey", "net"), lambda: lab.swanctl("--rekey", "--child", "net"),
                        lambda: lab.ravelctl("rekey", "gw"), lambda: lab.swanctl("--rekey", "--ike", "ravelin"),
                        lambda: lab.ravelctl("rekey", "net"), lambda: lab.swanctl("--rekey", "--child", "net")):
                before = self.spis(lab)
                ask()
                wait_for("both have other SAs, and the same", lambda: (now := self.spis(lab)) and now != before)
            for ping in pings:
                none_is_lost(ping)
            if "down" in lab.raveld.text():
                raise LabError(f"something went down:\n{lab.raveld.tail()}")
            self.ends_well(lab)

    @staticmethod
    def spis(lab):
        """SPIs of the one IKE SA and its one Child SA, if both sides have the same; else None."""
        sas = lab.ravelctl_json("list")["ike-sas"]
        # one that is deleted goes on receiving for a while
        children = [c for ike in sas for c in ike["child-sas"] if c["state"] != "LINGERING"]
        theirs = steps.peer_child(lab)
        if len(sas) != 1 or len(children) != 1 or not theirs:
            return None
        ours, raw = children[0], lab.swanctl("--list-sas", "--raw")
        if raw.count("initiator-spi=") != 1 or sas[0]["initiator-spi"] not in raw or \
                (ours["spi-in"], ours["spi-out"]) != (theirs["spi-out"], theirs["spi-in"]):
            return None
        return sas[0]["initiator-spi"], ours["spi-in"]

    def interrupt(self):
        """Ctrl-C in the middle of the demo leaves no namespace and no process."""
        with self.lab("interrupt") as lab:
            demo = lab.start("demo", lab.a, [ROOT / "tests/interop/demo", "--backend", self.backend, "--san",
                                             "--initiator", "ravelin"])
            demo.wait_log(r"^== raveld")
            demo.popen.send_signal(signal.SIGINT)
            status = demo.wait()
            if status != 130:
                raise LabError(f"exit status {status} after Ctrl-C:\n{demo.tail()}")
            left = [n for n in sh("ip", "netns", "list").split() if n.endswith(f"-{demo.popen.pid}")]
            if left:
                raise LabError(f"namespaces are left: {left}")

    def tests(self):
        named = [
            ("ravelin initiates: the whole demo holds", lambda: self.demo("ravelin")),
            ("strongSwan initiates: the whole demo holds", lambda: self.demo("strongswan")),
            ("a wrong PSK is refused with its reason and leaks nothing", self.wrong_psk),
            ("no common IKE proposal is refused with its reason", self.no_ike_proposal),
            ("no common ESP proposal is refused with its reason", self.no_esp_proposal),
            ("traffic selectors without overlap are refused with their reason", self.no_common_selectors),
            ("a dead peer is found by DPD and traffic is held", self.peer_dies),
            ("Child SA and IKE SA are rekeyed by either side, and no packet is lost", self.rekeying),
            ("so they are with a key exchange for each Child SA", lambda: self.rekeying("aes256gcm16-ecp256")),
            ("Ctrl-C leaves nothing behind", self.interrupt),
        ]
        if self.backend == "user":
            named.append(("a NIC that dies in mid-traffic ends raveld and leaks nothing", self.nic_dies))
        return named
