# SPDX-License-Identifier: BSD-2-Clause
"""What a scenario is made of: a folder with

    raveld.conf    raveld's side, as docs/configuration.md has it, on top of base/raveld.conf
    swanctl.conf   a peer's side, if it may be strongSwan, on top of base/swanctl.conf
    ipsec.conf     the same for libreswan
    scenario.py    run(play): what happens, and what must hold; its docstring says that in words

scenario.py may also say

    LIKE         scenarios of strongSwan's own suite (testing/tests/ikev2, or another folder there) whose situation it is
    FAMILY       of the addresses outside: 6, or 4 if it doesn't say; over 6 it isn't for the NIC, which has none
    HIDDEN       who is behind a NAT: "raveld", "peer" or "both"
    NAT          of what kind that is: "ports", which takes other ports, the default; "static": whoever is behind
                 one has an address of the NAT's for itself
    INITIATORS   who may make the IKE SA: ("raveld",) or ("peer",), or a dictionary of that by kind of peer; both, if it
                 doesn't say
    BACKENDS     of raveld: ("soft",) where it isn't for the NIC
    PEERS        which kinds of peers it is for; all that it has a file for, if it doesn't say
    HOSTS        DNS names that both ends know, with their addresses
    NETWORKS     how many networks each side has: 10.1.N.0/24 and 10.2.N.0/24
    TRIES        seconds after which a peer that doesn't answer is dead
    files(side, other)   further files for a side, whose networks are 10.SIDE.N.0/24, for its own to include;
                 charon.conf: what strongSwan's daemon itself is told
"""
import collections
import contextlib
import importlib.util
import pathlib
import threading

import flows
import wire
from ground import LabError, expect, ike_tries, wait_for
from peers import Failed
from suite import comment

HERE = pathlib.Path(__file__).resolve().parent

Counted = collections.namedtuple("Counted", "what sent lost")


class Scenario:
    """One folder."""

    def __init__(self, folder):
        spec = importlib.util.spec_from_file_location(f"scenario_{folder.name}", folder / "scenario.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.folder, self.name, self.run = folder, folder.name, module.run
        self.text = " ".join(module.__doc__.split())
        self.like = getattr(module, "LIKE", ())
        self.family = getattr(module, "FAMILY", 4)
        self.backends = getattr(module, "BACKENDS", ("soft", "user") if self.family == 4 else ("soft",))
        self.hidden = getattr(module, "HIDDEN", None)
        self.nat = getattr(module, "NAT", "ports")
        self._initiators = getattr(module, "INITIATORS", {})
        self._for = getattr(module, "PEERS", None)
        self.hosts = getattr(module, "HOSTS", {})
        self.networks = getattr(module, "NETWORKS", 1)
        self.tries = ike_tries(getattr(module, "TRIES", 100))
        self.files = getattr(module, "files", lambda side, other: {})

    def peers(self):
        """The kinds of peers that it has a configuration for."""
        found = []
        if (self.folder / "swanctl.conf").exists():
            found += ["strongswan-5.9", "strongswan-6.0", "strongswan-6.0-kernel"]
        if (self.folder / "ipsec.conf").exists():
            found.append("libreswan")
        return [kind for kind in found if not self._for or kind in self._for]

    def initiators(self, peer):
        if isinstance(self._initiators, dict):
            return self._initiators.get(peer, ("raveld", "peer"))
        return self._initiators


def scenarios():
    return [Scenario(path.parent) for path in sorted(HERE.glob("*/scenario.py"))]


class Play:
    """A scenario at work.

    raveld, peer       the two ends (peers.py)
    initiator, other   the same two by who makes the IKE SA
    """

    def __init__(self, bed, scenario, initiator):
        self.bed, self.scenario = bed, scenario
        self.raveld, self.peer = bed.raveld_end, bed.peer
        self.initiator, self.other = (self.raveld, self.peer) if initiator == "raveld" else (self.peer, self.raveld)
        self.ends = (self.raveld, self.peer)
        self.counted, self.flows = [], []
        self._esp_before = sum(1 for _ in wire.esp(bed.captures[0].path))

    def begin(self):
        self.bed.inner(self.scenario.networks)
        self.hosts(self.scenario.hosts)
        for end in self.ends:
            end.configure(self.scenario)
            end.start(self.scenario.tries)

    def hosts(self, names):
        """From now on names stand for these addresses."""
        for end in self.ends:
            end.hosts(names)

    def end(self):
        for end in self.ends:
            if end.running():
                end.stop()

    def close(self):
        """After a failure: nothing of it may be in the way of the next."""
        for flow in self.flows:
            with contextlib.suppress(LabError):
                flow.end()

    # ------------------------------------------------------------------------------------- SAs

    def sas(self, names):
        """What both ends have, if it is the same: the IKE SA and of each of these children one SA; else None."""
        (ikes, ours), (their_ikes, theirs) = (end.sas() for end in self.ends)
        if len(ikes) != 1 or len(their_ikes) != 1:
            return None
        if sorted(ours) != sorted((name, spi_out, spi_in) for name, spi_in, spi_out in theirs):
            return None
        if sorted(name for name, *_ in ours) != sorted(names):
            return None
        return ikes[0], tuple(sorted(ours))

    def connect(self, names=("net",)):
        """The initiator brings up these children."""
        for name in names:
            self.initiator.up(name)
        return self.agree(names)

    def agree(self, names=("net",), unlike=None):
        """Wait until both ends have the same SAs of these children, and all others than `unlike`."""
        return wait_for(f"both ends have one IKE SA, and one SA each of {', '.join(names) or 'nothing'}"
                        + (", others than before" if unlike else ""),
                        lambda: (now := self.sas(names)) and self._differ(now, unlike) and now, interval=0.1)

    def gone(self):
        """Wait until neither end has a Child SA."""
        for end in self.ends:
            wait_for(f"{end.name} has no Child SA", lambda end=end: not end.sas()[1], interval=0.1)

    def nothing(self):
        """Wait until neither end has any SA."""
        for end in self.ends:
            wait_for(f"{end.name} has no SA", lambda end=end: end.sas() == ([], []), interval=0.1)

    @staticmethod
    def _differ(now, before):
        return not before or now != before

    # ----------------------------------------------------------------------------------- traffic

    @contextlib.contextmanager
    def traffic(self, lossless=True, pairs=None, back=None):
        """Echo requests both ways meanwhile, of which none may be lost, between these pairs of addresses, raveld's
        first; back: those that the peer knows the same by, its own first. A peer may lose what it sends too early: on an SA that raveld asked for, before raveld could know its
        keys (wire.too_early)."""
        early = self._early()
        pairs = pairs or [(f"10.1.{n}.1", f"10.2.{n}.1") for n in range(self.scenario.networks)]
        self.flows = [self.raveld.flow(pairs), self.peer.flow(back or [pair[::-1] for pair in pairs])]
        self.move()
        self._steps = []
        yield
        self.move()
        for flow in self.flows:
            flow.end()
        (sent, lost), (back, lost_back) = (flow.count() for flow in self.flows)
        for (what, since), (_, until) in zip(self._steps, [*self._steps[1:], (None, len(self.flows[0]))]):
            self.counted.append(Counted(what, *self.flows[0].count(since, until)))
        early = self._early() - early
        longest = max(flow.longest() for flow in self.flows)
        comment(f"{sent} + {back} echo requests, {lost} + {lost_back} lost; longest silence {longest:.2f} s"
                + (f"; {early} ESP packets were sent too early" if early else ""))
        for step in self.counted:
            comment(f"{step.what}: {step.sent} sent, {step.lost} lost")
        self.flows = []
        expect(not lossless or lost + lost_back <= early,
               "no echo request is lost" + (f", but for {early} that were sent too early" if early else ""))

    def spring(self, end, network=0, lossless=True):
        """One end sends, and nothing else makes an SA: the first packets wait for it, and pass."""
        source, target = (f"10.{side}.{network}.1" for side in ((1, 2) if end is self.raveld else (2, 1)))
        self.flows = [end.flow([(source, target)])]
        self.move()
        self.flows[0].end()
        sent, lost = self.flows[0].count()
        self.flows = []
        comment(f"{sent} echo requests from the first on, {lost} lost")
        expect(not lossless or not lost, "no echo request is lost, not even the first")

    def _early(self):
        return wire.too_early(self.bed.captures[0].path, self.peer.addresses, self.peer.sends_early)

    def move(self):
        for flow in self.flows:
            flow.moves(10)

    def step(self, what):
        """From here on traffic is counted under this name."""
        if self.flows:
            self._steps.append((what, len(self.flows[0])))

    def rekey(self, end, child="net", names=("net",)):
        """One end rekeys a Child SA, and when it is done traffic goes on; names: of all that are up."""
        before = self.agree(names)
        self.step(f"Child SA rekeyed by {end.name}")
        end.rekey(child)
        self.agree(names, unlike=before)
        self.move()

    def rekey_ike(self, end, names=("net",)):
        before = self.agree(names)
        self.step(f"IKE SA rekeyed by {end.name}")
        end.rekey_ike()
        after = self.agree(names, unlike=before)
        expect(after[1] == before[1], "the Child SAs are still the same")
        self.move()

    def both_replace_both(self, at_once=False, pairs=None):
        """Under traffic either end replaces Child SA and IKE SA; at_once: then both the Child SA at the same moment."""
        self.connect()
        with self.traffic(pairs=pairs):
            for end in self.ends:
                self.rekey(end)
                self.rekey_ike(end)
            if at_once:
                self.at_once("Child SA rekeyed", lambda end: end.rekey("net"))

    def between_hosts(self):
        """The Child SA is of the two hosts themselves: either end replaces it under traffic, none of which is in clear."""
        self.connect()
        before = wire.icmp(self.bed.captures[0].path)
        outside = self.bed.outside
        with self.traffic(pairs=[(self.bed.ours, outside.theirs)], back=[(self.bed.theirs, outside.ours)]):
            for end in self.ends:
                self.rekey(end)
        expect(wire.icmp(self.bed.captures[0].path) == before, "no echo request is in clear")

    def authenticated_anew(self, times, pairs=None):
        """Whoever is configured so does it by itself, under traffic: both SAs are others each time."""
        before = self.connect()
        with self.traffic(pairs=pairs):
            for number in range(1, times + 1):
                self.step(f"authenticated anew, {number}")
                after = self.agree(unlike=before)
                expect(after[0] != before[0], "the IKE SA is another one")
                before = after
                self.move()

    def at_once(self, what, ask):
        """Both ends do ask(end) at the same moment; one may have heard of the other's by then and say no."""
        before = self.agree()
        self.step(f"{what} by both at once")
        threads = [threading.Thread(target=self.fails, args=(ask, end)) for end in self.ends]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.agree(unlike=before)
        self.move()

    def held(self):
        """Nothing protects it: what raveld's host sends is dropped there, and not sent in clear."""
        before = self.raveld.dropped()
        out = self.bed.sh(self.bed.a, "ping", "-n", "-c", 3, "-i", 0.05, "-W", 0.2, "-I", "10.1.0.1", "10.2.0.1", check=False)
        expect("0 received" in out, f"no ping is answered without an SA: {out}")
        wait_for("the pings are dropped", lambda: self.raveld.dropped() >= before + 3)

    def _restart_peer(self, conf, files):
        self.peer.stop()
        self.peer.conf, self.peer.files = conf, files
        self.peer.start(self.scenario.tries)

    def refused(self, is_said, conf=None, files=None):
        """The peer is another one, by its configuration or its files: neither end gets an SA, the log says why, as
        is_said() finds, and nothing passes. With its own it does."""
        own = self.peer.conf, self.peer.files
        self._restart_peer(conf or own[0], files or own[1])
        expect(self.fails(self.initiator.up, "net"), f"{self.initiator.name} is told that it failed")
        self.nothing()
        expect(is_said(), "the log says what is wrong")
        self.held()
        self._restart_peer(*own)
        self.connect()
        self.passes()

    def all_in_udp(self):
        """Whether the wire has seen ESP in UDP alone, and some. The bed may have served others before."""
        packets = list(wire.esp(self.bed.captures[0].path))[self._esp_before:]
        return packets and all(packet.udp for packet in packets)

    def in_ah(self):
        """Whether the wire has seen AH, and no ESP. The bed may have served others before."""
        return len(list(wire.esp(self.bed.captures[0].path))) == self._esp_before and any(wire.ah(self.bed.captures[0].path))

    def tcp(self, port):
        """Whether a host behind raveld reaches this TCP port of one behind the peer, and is answered."""
        return flows.tcp_passes((self.bed.a, "10.1.0.1"), (self.bed.b, "10.2.0.1", port))

    def passes(self, pairs=None):
        """Packets pass both ways."""
        with self.traffic(pairs=pairs):
            pass

    # ------------------------------------------------------------------------------------- words

    @staticmethod
    def expect(holds, text):
        expect(holds, text)

    @staticmethod
    def wait(what, condition):
        return wait_for(what, condition)

    @staticmethod
    def fails(function, *args):
        """Whether an end says that what it was asked for came to nothing."""
        try:
            function(*args)
        except Failed:
            return True
        return False
