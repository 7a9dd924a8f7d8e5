#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A stock Debian kernel, the NIC's own driver, its RTL, and an unmodified strongSwan that asks for
hw_offload = packet. Every step is checked as it is printed; the first that fails ends the demo with exit
status 1. Nothing is left behind but captures and logs in build/guest/demo.
"""
import pathlib
import re
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab"), str(HERE.parent / "interop")]
import ipsec  # noqa: E402
import wire  # noqa: E402
from hosts import A, B, GuestHost, Net, ping, transfer_in, transfer_out  # noqa: E402
from ground import ROOT, LabError, wait_for  # noqa: E402
from steps import Reporter  # noqa: E402

OCTETS = 400_000


def run(net, report):
    report.step("the NIC: its RTL under Verilator, a PCIe device over vfio-user")
    net.veth("nic", "wire0", "b", "eth0")
    net.address("b", B)
    nic = net.ravelsim("ravelsim", "nic", "veth:wire0")
    report.say(f"ravelsim serves {nic.socket.name}; its wire ends in the peer's namespace")

    report.step("a machine: QEMU, a stock Debian kernel, our module")
    guest = GuestHost(net, A, B, nics=[nic])
    guest.boot()
    guest.up()
    report.check(True, f"Linux {guest.version} answers {guest.boot_seconds:.1f} s after its start ({guest.accelerator})")
    report.say(guest.sh(f"lspci -nn -s {guest.nic_address()}; ethtool -i eth0 | head -4; "
                        "devlink dev info | grep -v '^ *versions'"))
    report.check("ravelin" in guest.sh("ethtool -i eth0"), "ravelin.ko has the NIC")

    report.step("the peer: strongSwan in a namespace, ESP in user space")
    net.start_strongswan()
    capture = net.capture("wire", net.b, "eth0")
    report.step("strongSwan in the guest, hw_offload = packet: IKEv2, a tunnel")
    guest.start_strongswan()
    guest.swanctl("--initiate --child net")
    sas = ipsec.offloaded(guest)
    report.say("\n".join(re.findall(r"^(?:src .*|\s+proto.*|.*offload parameters.*)$", guest.sh("ip xfrm state"), re.M)))
    report.check(True, "every state and policy of the tunnel is `offload packet`")

    report.step("ping both ways, TCP both ways")
    sent, answered = ping(guest, B.inner, 5)
    report.check(sent == answered == 5, f"5 pings {A.inner} -> {B.inner} answered")
    for ends, way in ((transfer_in(guest, net.b, B.inner, A.inner, OCTETS), f"{B.inner} -> {A.inner}"),
                      (transfer_out(guest, net.b, A.inner, B.inner, OCTETS), f"{A.inner} -> {B.inner}")):
        report.check(ends[0] == ends[1], f"TCP {way}: {OCTETS} octets, sha256 {ends[0][:16]}... at both ends")

    report.step("counters")
    out, into = ipsec.counters_agree(guest)
    report.check(True, f"`ip -s xfrm state` and the NIC agree: {out} packets out, {into} in")
    ipsec.sums_hold(guest)
    report.check(True, "every frame is accounted for, both ways")

    report.step("rekey while pings run")
    before = guest.child()
    traffic = guest.start_command("ping", f"exec ping -n -i 0.05 -W 10 -c 60 -I {A.inner} {B.inner}")
    traffic.wait_log("icmp_seq=5 ")
    guest.swanctl("--rekey --child net")
    wait_for("a new CHILD_SA", lambda: (guest.child() or before)["uniqueid"] != before["uniqueid"])
    sas += [sa for sa in ipsec.offloaded(guest) if sa["spi"] not in {s["spi"] for s in sas}]
    traffic.wait(60)
    report.check("60 packets transmitted, 60 received" in traffic.log(), "60 of 60 answered, new keys in between")

    report.step("delete, and what the wire has seen")
    guest.swanctl("--terminate --ike ravelin")
    wait_for("no SA", lambda: not ipsec.xfrm_states(guest))
    capture.stop()
    count = ipsec.wire_is_clean(capture.path)
    report.check(True, f"{count} ESP packets: nothing in clear, no sequence number and no IV twice")
    report.check(ipsec.wire_decrypts(capture.path, sas) == count, f"tshark, given the keys, decrypts all {count}")
    guest.check_console()
    report.check(True, "the guest's kernel has not complained")
    first = next(wire.esp(capture.path))
    report.say(f"first: {first.src} -> {first.dst} SPI {first.spi:#010x} sequence {first.seq}")
    report.say(f"wire: {capture.path.relative_to(ROOT)}\nconsole: {guest.console.relative_to(ROOT)}")
    guest.keep()


def main():
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda number, frame: sys.exit(128 + number))
    started, report = time.monotonic(), Reporter()
    try:
        with Net(ROOT / "build/guest/demo", ("nic", "b")) as net:
            run(net, report)
    except (LabError, AssertionError) as error:
        print(f"\nFAILED in step `{report.current}`:\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; everything that was started is ended", file=sys.stderr)
        return 130
    print(f"\nAll {report.count} checks held, in {time.monotonic() - started:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
