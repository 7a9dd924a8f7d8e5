# SPDX-License-Identifier: BSD-2-Clause
"""The steps of the demo; the interop suites run the same ones."""
import hashlib
import os
import re
import socket
import struct
import threading

from ground import DEADLINE, ROOT, LabError, inside, read_frame, wait_for
from lab import A_ADDR, A_INNER, B_ADDR, B_INNER

TRANSFER = 400_000         # octets each way
WINDOW = 32_768            # octets that TCP may have in flight


class Reporter:
    """Prints steps and checks as they happen, and counts them."""

    def __init__(self):
        self.current = "start"
        self.count = 0

    def step(self, text):
        self.current = text
        print(f"\n== {text}", flush=True)

    def say(self, text):
        for line in str(text).rstrip().splitlines():
            print(f"   {line}", flush=True)

    def check(self, holds, text):
        if not holds:
            raise LabError(f"does not hold: {text}")
        self.count += 1
        print(f"   ok  {text}", flush=True)


# ------------------------------------------------------------------------------------- traffic

def transfer(lab, sender, receiver, source, target, port=5001, octets=TRANSFER):
    """Send octets by TCP; returns the checksums at both ends."""
    data = os.urandom(octets)
    result = {}
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    with inside(receiver):
        listener = socket.socket(family, socket.SOCK_STREAM)
    # charon takes ESP from an ordinary UDP socket: a window larger than that socket's buffer would
    # make the kernel drop packets there, which neither side counts.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((target, port))
    listener.listen()
    listener.settimeout(DEADLINE)

    def receive():
        try:
            connection, _ = listener.accept()
            connection.settimeout(DEADLINE)
            digest, size = hashlib.sha256(), 0
            with connection:
                while chunk := connection.recv(65536):
                    digest.update(chunk)
                    size += len(chunk)
            result["received"] = (size, digest.hexdigest())
        except OSError as error:
            result["error"] = error

    thread = threading.Thread(target=receive, daemon=True)
    thread.start()
    with listener:
        with inside(sender):
            stream = socket.socket(family, socket.SOCK_STREAM)
        with stream:
            stream.settimeout(DEADLINE)
            stream.bind((source, 0))
            try:
                stream.connect((target, port))
                stream.sendall(data)
            except OSError as error:
                raise LabError(f"TCP from {source} to {target}:{port}: {error}") from None
        thread.join(DEADLINE)
    if "received" not in result:
        raise LabError(f"TCP from {source} to {target}:{port}: {result.get('error', 'nothing arrived')}")
    return (octets, hashlib.sha256(data).hexdigest()), result["received"]


# ---------------------------------------------------------------------------------- counters

def peer_child(lab):
    """The peer's CHILD_SA as {key: value}, or None."""
    text = lab.swanctl("--list-sas", "--raw")
    match = re.search(r"child-sas \{(.*)\}", text, re.S)
    if not match or "state=INSTALLED" not in match[1]:
        return None
    return dict(re.findall(r"([a-z-]+)=([^ \]}]*)", match[1]))


def our_child(lab):
    """Our CHILD_SA as ravelctl lists it, or None."""
    for ike in lab.ravelctl_json("list")["ike-sas"]:
        for child in ike["child-sas"]:
            if child["state"] == "INSTALLED":
                return child
    return None


def device_counters(lab):
    """Counters of the data path (NIC or software), by name."""
    return lab.ravelctl_json("stats")["device"]


# ----------------------------------------------------------------------------------- the steps

def is_esp_in_udp(frame, source, target):
    """An ESP packet in UDP 4500 over IPv4 without options, between these addresses."""
    return (len(frame) > 62 and frame[12:14] == b"\x08\x00" and frame[14] == 0x45 and frame[23] == 17 and
            frame[26:30] == socket.inet_aton(source) and frame[30:34] == socket.inet_aton(target) and
            struct.unpack("!H", frame[36:38])[0] == 4500 and frame[42:46] != bytes(4))


def start_all(lab, initiator, report):
    if lab.backend == "user":
        report.step("the NIC: its RTL under Verilator, a PCIe device over vfio-user")
        lab.start_ravelsim()
        listing = lab.sh(lab.a, "lspci", "-F", str(lab.nic_dump), "-n")
        report.say(listing)
        report.check("1234:4303" in listing, "lspci decodes its configuration space")
        found = lab.sh(lab.a, str(lab.program("raveld")), "--list-devices", str(lab.nic_dump))
        report.say(found)
        report.check(re.match(r"pci:0000:01:00\.0 +1234:4303 ", found), "raveld finds it through libpci")
    report.step("the peer: strongSwan, ESP in user space")
    lab.start_strongswan(dpd="2s")
    report.say(re.search(r"loaded plugins: .*", lab.swanctl("--stats"))[0])
    lab.capture("wire", lab.b, "eth0")
    report.step("raveld")
    lab.start_raveld()
    lab.capture("host", lab.a, "rvl0")
    nic = lab.ravelctl_json("nic")
    report.say(lab.ravelctl("nic"))
    if lab.backend == "user":
        report.check(nic["pci-id"] == "1234:4303" and nic["outbound-sas"] >= 1024,
                     "it tells its capabilities")


def establish(lab, initiator, report):
    report.step(f"IKE_SA_INIT, IKE_AUTH with a PSK, ESP AES-GCM-256 tunnel: {initiator} initiates")
    if initiator == "ravelin":
        report.say(lab.ravelctl("up", "net"))
    else:
        lab.swanctl("--initiate", "--child", "net")
    theirs = wait_for("strongSwan has the CHILD_SA", lambda: peer_child(lab))
    ours = wait_for("raveld has the CHILD_SA", lambda: our_child(lab))
    report.say(lab.ravelctl("list"))
    report.check(ours["spi-out"] == theirs["spi-in"] and ours["spi-in"] == theirs["spi-out"],
                 f"both sides have the same SPIs: {ours['spi-in']} in, {ours['spi-out']} out")
    report.check(theirs["encap"] == "yes" and theirs["encr-alg"] == "AES_GCM_16" and
                 theirs["encr-keysize"] == "256", "strongSwan says AES_GCM_16-256 in UDP")


def exchange_traffic(lab, report):
    report.step("ping both ways, TCP both ways")
    report.check(lab.ping(lab.a, A_INNER, B_INNER) == 3, f"3 pings {A_INNER} -> {B_INNER} answered")
    report.check(lab.ping(lab.b, B_INNER, A_INNER) == 3, f"3 pings {B_INNER} -> {A_INNER} answered")
    for sender, receiver, source, target in ((lab.a, lab.b, A_INNER, B_INNER),
                                             (lab.b, lab.a, B_INNER, A_INNER)):
        sent, received = transfer(lab, sender, receiver, source, target)
        report.check(sent == received, f"TCP {source} -> {target}: {sent[0]} octets, sha256 "
                                       f"{sent[1][:16]}... at both ends")


def compare_counters(lab, report):
    report.step("counters on both sides")

    def agree():
        theirs, ours, device = peer_child(lab), our_child(lab), device_counters(lab)
        rows = (("out", "tx_protected", ours["packets-out"], theirs["packets-in"]),
                ("in", "rx_decrypted", ours["packets-in"], theirs["packets-out"]))
        same = all(int(mine) == int(peers) == int(device[name]) for _, name, mine, peers in rows)
        return same and rows
    try:
        rows = wait_for("counters agree", agree)
    except LabError:
        raise LabError(f"counters differ:\nstrongSwan {peer_child(lab)}\nraveld {our_child(lab)}\n"
                       f"device {device_counters(lab)}") from None
    for direction, name, ours, theirs in rows:
        report.check(True, f"{direction}: {ours} packets by raveld's SA, {theirs} by strongSwan's, "
                           f"{name} the same")
    device = device_counters(lab)
    for way in ("tx", "rx"):
        whole = device[f"{way}_frames"]
        parts = {k: v for k, v in device.items() if k.startswith(f"{way}_drop_")}
        rest = ("tx_bypass", "tx_protected") if way == "tx" else ("rx_pass", "rx_decrypted")
        report.check(whole == sum(parts.values()) + sum(device[k] for k in rest),
                     f"{way}: {whole} frames = {' + '.join(f'{device[k]} {k}' for k in rest)} + "
                     f"{sum(parts.values())} dropped")


def attack(lab, report):
    where = "by the RTL" if lab.backend == "user" else "by the data path"
    report.step(f"a captured ESP packet sent again, and one with a flipped bit: dropped {where}")
    with lab.frames() as sock:
        lab.ping(lab.b, B_INNER, A_INNER, count=1)
        captured = read_frame(sock, lambda f, out: out and is_esp_in_udp(f, B_ADDR, A_ADDR))
        lab.captured = captured
        before = device_counters(lab)

        sock.send(captured)
        wait_for("the replay is counted",
                 lambda: device_counters(lab)["rx_drop_replay"] == before["rx_drop_replay"] + 1)
        report.check(True, f"sent again: rx_drop_replay {before['rx_drop_replay']} -> "
                           f"{before['rx_drop_replay'] + 1}")

        # A sequence number that was not seen yet, else the replay check would drop it first; one bit
        # of the authenticated header, and one of the ciphertext.
        for text, octets in (("the sequence number", (46,)), ("header and ciphertext", (46, 70))):
            forged = bytearray(captured)
            for octet in octets:
                forged[octet] ^= 0x40
            sock.send(bytes(forged))
            seen = before["rx_drop_icv"] + 1
            wait_for("the forgery is counted", lambda: device_counters(lab)["rx_drop_icv"] == seen)
            report.check(True, f"a bit of {text} flipped: rx_drop_icv {seen - 1} -> {seen}")
            before = device_counters(lab)
    report.check(lab.ping(lab.b, B_INNER, A_INNER) == 3, "the window did not move: traffic goes on")


def liveness(lab, report):
    report.step("DPD")
    mark = len(lab.charon_log())
    wait_for("strongSwan's DPD is answered", lambda: re.search(
        r"sending DPD request.*parsed INFORMATIONAL response", lab.charon_log()[mark:], re.S))
    report.check(True, "strongSwan asked, raveld answered")


def tear_down(lab, initiator, report):
    report.step(f"delete, by {initiator}")
    if initiator == "ravelin":
        report.say(lab.ravelctl("down", "gw"))
    else:
        lab.swanctl("--terminate", "--ike", "ravelin")
    wait_for("strongSwan has no SA", lambda: not lab.swanctl("--list-sas").strip())
    wait_for("raveld has no SA", lambda: not lab.ravelctl_json("list")["ike-sas"])
    report.check(True, "no SA on either side")
    before = device_counters(lab)["rx_sa_miss"]
    with lab.frames() as sock:
        sock.send(lab.captured)
    wait_for("the data path no longer knows the SPI",
             lambda: device_counters(lab)["rx_sa_miss"] == before + 1)
    report.check(True, f"an ESP packet of before is of an unknown SA: rx_sa_miss {before} -> {before + 1}")
    nic = lab.ravelctl_json("nic")
    report.check(nic["outbound-sas-used"] == 0 and nic["inbound-sas-used"] == 0, "no SA in the data path")
    report.check(lab.raveld.stop() == 0, "raveld ends with status 0 on SIGTERM")
    if lab.backend == "user":
        report.check(lab.nic.stop() == 0, "ravelsim ends with status 0 on SIGTERM")
        report.say("\n".join(lab.nic.process.text().splitlines()[-12:]))


def no_plaintext(lab, report):
    """Nothing between the inner networks is in clear on the wire."""
    out = lab.sh(lab.b, "tcpdump", "-n", "-r", str(lab.out / "wire.pcap"),
                 "(net 10.1.0.0/24 or net 10.2.0.0/24) and not arp")
    report.check(not out.strip(), "the wire capture holds no packet of the inner networks in clear")


def where_things_lie(lab, report):
    report.step("what is left to look at")
    no_plaintext(lab, report)
    shown = lab.out.relative_to(ROOT)
    report.say(f"wire side of the NIC: {shown}/wire.pcap\nhost side of the NIC: {shown}/host.pcap\n"
               f"logs: {shown}/*.log")
    if lab.backend == "user":
        report.say(f"the same with waves: make demo FST={shown}/waves.fst INITIATOR="
                   f"{'ravelin' if 'ravelin' in shown.name else 'strongswan'}   (then gtkwave)")


def run_all(lab, initiator, report):
    print(f"\n#### backend {lab.backend}, {initiator} initiates")
    start_all(lab, initiator, report)
    establish(lab, initiator, report)
    exchange_traffic(lab, report)
    compare_counters(lab, report)
    attack(lab, report)
    liveness(lab, report)
    tear_down(lab, initiator, report)
    where_things_lie(lab, report)
