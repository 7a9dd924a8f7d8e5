# SPDX-License-Identifier: BSD-2-Clause
"""What a capture of the wire says: is anything in clear, was any sequence number used twice, and does
it decrypt to what was sent?"""
import collections
import ipaddress
import pathlib
import re
import struct
import subprocess

from ground import DEADLINE

AH, ESP, ICMP, UDP = 51, 50, 1, 17
MAGIC = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">",
         b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}

# One ESP packet on the wire. udp: in UDP (RFC 3948); port: of that, where it goes.
Esp = collections.namedtuple("Esp", "frame src dst spi seq iv udp port")


def frames(path):
    """The frames of a pcap file with Ethernet headers, which may still grow."""
    data = pathlib.Path(path).read_bytes()
    if data[:4] not in MAGIC:
        raise ValueError(f"{path} is no pcap file")
    order, at = MAGIC[data[:4]], 24
    while at + 16 <= len(data):
        caught, whole = struct.unpack(order + "8xII", data[at:at + 16])
        if caught != whole:
            raise ValueError(f"{path}: a frame of {whole} octets was caught as {caught}")
        if at + 16 + caught > len(data):
            return             # it is being written
        yield data[at + 16:at + 16 + caught]
        at += 16 + caught


def ipv4(frame):
    """(source, destination, protocol, payload) of an IPv4 frame without VLAN tag; None for others."""
    if len(frame) < 34 or frame[12:14] != b"\x08\x00" or frame[14] >> 4 != 4:
        return None
    header, total = (frame[14] & 15) * 4, struct.unpack("!H", frame[16:18])[0]
    return (ipaddress.IPv4Address(frame[26:30]), ipaddress.IPv4Address(frame[30:34]), frame[23],
            frame[14 + header:14 + total])


def ip(frame):
    """The same of IPv4 or IPv6, which has no extension headers."""
    if len(frame) < 54 or frame[12:14] != b"\x86\xdd" or frame[14] >> 4 != 6:
        return ipv4(frame)
    length = struct.unpack("!H", frame[18:20])[0]
    return (ipaddress.IPv6Address(frame[22:38]), ipaddress.IPv6Address(frame[38:54]), frame[20],
            frame[54:54 + length])


def _esp(frame, packet, nat=4500):
    """The ESP packet, if a frame that ip() made this packet of is one: a list of none or one."""
    if not packet:
        return []
    src, dst, proto, payload = packet
    udp, port = proto == UDP and len(payload) > 16 and nat in struct.unpack("!HH", payload[:4]), None
    if udp:
        port, payload = struct.unpack("!H", payload[2:4])[0], payload[8:]
    if (proto != ESP and not udp) or len(payload) < 16 or payload[:4] == bytes(4):
        return []
    spi, seq = struct.unpack("!II", payload[:8])
    return [Esp(frame, str(src), str(dst), spi, seq, payload[8:16], udp, port)]


def esp(path, nat=4500):
    """Every ESP packet of a capture, plain or in UDP of this port."""
    for frame in frames(path):
        yield from _esp(frame, ip(frame), nat)


def ah(path):
    """(source, destination, SPI) of every AH packet of a capture."""
    for frame in frames(path):
        packet = ip(frame)
        if packet and packet[2] == AH:
            yield str(packet[0]), str(packet[1]), struct.unpack("!I", packet[3][4:8])[0]


def icmp(path):
    """How many packets of a capture are ICMP, in clear."""
    return sum(1 for frame in frames(path) if (packet := ipv4(frame)) and packet[2] == ICMP)


# One IKE message on the wire (RFC 7296, section 3.1), or a fragment of one (RFC 7383).
Ike = collections.namedtuple("Ike", "src dst exchange response number")
IKE_AUTH, CREATE_CHILD_SA = 35, 36


def _ike(packet):
    """The IKE message in a packet as ip() gives it; None: there is none."""
    src, dst, proto, payload = packet
    ports = struct.unpack("!HH", payload[:4]) if proto == UDP and len(payload) >= 8 else ()
    message = payload[12:] if 4500 in ports and payload[8:12] == bytes(4) else payload[8:] if 500 in ports else b""
    if len(message) < 28:
        return None
    return Ike(str(src), str(dst), message[18], bool(message[19] & 0x20), struct.unpack("!I", message[20:24])[0])


def ike_sizes(path, source, exchange):
    """Octets of each IP packet that this address sent with a message, or a fragment of one, of an exchange."""
    packets = (ip(frame) for frame in frames(path))
    return [(20 if packet[0].version == 4 else 40) + len(packet[3]) for packet in packets
            if packet and str(packet[0]) == source and (message := _ike(packet)) and message.exchange == exchange]


def too_early(path, peer, exchanges):
    """How many ESP packets the peer, which has these addresses, has sent on an SA that it is making at the other side's request by one of these
    exchanges, before that side could know its keys, and has sent on it itself or gone on with its next request, such
    as to delete the old one. A responder is to wait for that when it rekeys (RFC 7296, section 2.8)."""
    asked, old, count = None, set(), 0
    new = set()
    for frame in frames(path):
        packet = ip(frame)
        message = packet and _ike(packet)
        if message and message.src not in peer and not message.response and message.number != asked:
            asked = message.number if message.exchange in exchanges else None
            old |= new
            new = set()
        for found in _esp(frame, packet):
            if found.src not in peer and found.spi not in old:
                old |= new | {found.spi}
                asked, new = None, set()
            if found.src not in peer or found.spi in old:
                continue
            (old if asked is None else new).add(found.spi)
            count += asked is not None
    return count


def in_clear(path, networks, secrets=()):
    """Frames that show an address of the protected networks in an IP header of their own, or any of
    these octets anywhere; ARP may ask for what it likes."""
    networks = [ipaddress.ip_network(n) for n in networks]
    found = []
    for frame in frames(path):
        packet = ip(frame)
        if packet and any(a in n for a in packet[:2] for n in networks):
            found.append(frame)
        elif any(secret in frame for secret in secrets):
            found.append(frame)
    return found


def used_twice(path, migrating=()):
    """(source, destination, SPI, sequence number) that more than one ESP packet has, and those whose
    IV comes twice under one SPI. Who has one of the addresses `migrating` may use a number once more at each place
    that it sends to: Linux's XFRM_MSG_MIGRATE gives the new state the number of the old one, which goes on until
    that is there. Their IVs differ."""
    numbers, ivs = collections.Counter(), collections.Counter()
    for packet in esp(path):
        place = packet.port if packet.src in migrating else None
        numbers[packet.src, packet.dst, packet.spi, packet.seq, place] += 1
        ivs[packet.src, packet.spi, packet.iv] += 1
    return [key for counter in (numbers, ivs) for key, count in counter.items() if count > 1]


def states(text):
    """The SAs of `ip -s xfrm state` (iproute2), as dictionaries: src, dst, spi, reqid, key, offload
    ({dev, dir, mode}), encap, bytes, packets, and text."""
    found = []
    for block in re.split(r"^(?=src )", text, flags=re.M)[1:]:
        sa = {"text": block}
        sa["src"], sa["dst"] = re.match(r"src (\S+) dst (\S+)", block).groups()
        sa["spi"] = int(re.search(r"spi 0x([0-9a-f]+)", block)[1], 16)
        sa["reqid"] = int(re.search(r"reqid (\d+)", block)[1])
        match = re.search(r"aead rfc4106\(gcm\(aes\)\) (?:0x([0-9a-f]+) )?", block)
        sa["key"] = match and match[1]
        match = re.search(r"offload parameters: dev (\S+) dir (\S+) mode (\S+)", block)
        sa["offload"] = match and dict(zip(("dev", "dir", "mode"), match.groups()))
        sa["encap"] = "espinudp" in block
        match = re.search(r"lifetime current:\s+(\d+)\(bytes\), (\d+)\(packets\)", block)
        sa["bytes"], sa["packets"] = map(int, match.groups()) if match else (None, None)
        found.append(sa)
    return found


def decrypt(path, sas):
    """What tshark makes of a capture, given these SAs: a Counter of (outer source, SPI, inner source,
    inner destination, protocol), and the number of packets whose ICV it found right."""
    options = []
    for sa in sas:
        options += ["-o", f'uat:esp_sa:"IPv4","{sa["src"]}","{sa["dst"]}","0x{sa["spi"]:08x}",'
                          f'"AES-GCM with 16 octet ICV [RFC4106]","0x{sa["key"]}","NULL",""']
    out = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-o", "esp.enable_encryption_decode:TRUE",
         "-o", "esp.enable_authentication_check:TRUE", *options, "-Y", "esp", "-T", "fields",
         "-E", "separator=;", "-e", "esp.spi", "-e", "esp.icv_good", "-e", "ip.src", "-e", "ip.dst",
         "-e", "ip.proto"], check=True, timeout=DEADLINE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True).stdout
    inner, good = collections.Counter(), 0
    for line in out.splitlines():
        spi, icv, src, dst, proto = line.split(";")
        good += icv in ("1", "True")
        src, dst, proto = src.split(","), dst.split(","), proto.split(",")
        if len(src) == 2:
            inner[src[0], int(spi, 16), src[1], dst[1], int(proto[1])] += 1
    return inner, good
