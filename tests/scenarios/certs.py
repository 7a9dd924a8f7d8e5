# SPDX-License-Identifier: BSD-2-Clause
"""Certificates of both ends, made as scripts/certificates makes them for anybody.

files(side, ...) are what a scenario gives one end: a certificate of a.example.org or b.example.org with its key, the
authorities that it trusts, and certified.conf, the connection that goes by them, which is the same language for both.
"""
import functools
import shutil

from ground import ROOT, sh

NAMES = {1: "a.example.org", 2: "b.example.org"}
FOLDER = ROOT / "build/scenarios/certificates"

CERTIFIED = """
connections {
  gw : gateway {
    send_cert = always
    local {
      auth = %(local)s
      certs = %(certs)s
    }
    remote {
      auth = %(remote)s
      revocation = %(revocation)s
    }
    children {
      net {
        local_ts = 10.%(side)d.0.0/24
        remote_ts = 10.%(other)d.0.0/24
      }
    }
  }
}
"""


RAW = """
connections {
  gw : gateway {
    send_cert = %(send)s
    local {
      auth = pubkey
      id = %(own)s
      pubkeys = own.pem
    }
    remote {
      auth = pubkey
      id = %(theirs)s
      pubkeys = peer.pem
    }
    children {
      net {
        local_ts = 10.%(side)d.0.0/24
        remote_ts = 10.%(other)d.0.0/24
      }
    }
  }
}
"""


def certificates(*args):
    sh(ROOT / "scripts/certificates", *args)


@functools.cache
def made(key, between):
    """The folder of an authority that both trust, and two hosts, each below so many others of its own."""
    folder = FOLDER / f"{key.replace(':', '-')}-{between}"
    shutil.rmtree(folder, ignore_errors=True)
    certificates("ca", folder, "authority", key)
    for side, name in NAMES.items():
        issuer = "authority"
        for number in range(between):
            certificates("ca", folder, f"between-{side}-{number}", key, issuer)
            issuer = f"between-{side}-{number}"
        certificates("host", folder, name, key, issuer, name)
    return folder


def user(key, name, authority="authority"):
    """A certificate and its key of somebody else's, from that authority of the same folder."""
    folder = made(key, 0)
    if not (folder / f"{authority}.pem").exists():
        certificates("ca", folder, authority, key)
    certificates("host", folder, f"{authority}-{name}", key, authority, name)
    return {"x509/own.pem": (folder / f"{authority}-{name}.pem").read_text(),
            "private/own.pem": (folder / f"{authority}-{name}.key").read_text()}


def asked(key, **places):
    """The peer's certificate and key, with the places (OCSP=, CRL=) where it is asked whether it is revoked; and the folder,
    in which it is asked.pem."""
    folder = made(key, 0)
    sh("env", *(f"{kind}={uri}" for kind, uri in places.items()), ROOT / "scripts/certificates", "host", folder, "asked", key,
       "authority", NAMES[2])
    return folder, {"x509/own.pem": (folder / "asked.pem").read_text(), "private/own.pem": (folder / "asked.key").read_text()}


def crl(key, *revoked):
    """The list of the authority that both trust."""
    folder = made(key, 0)
    certificates("crl", folder, "authority", *revoked)
    return (folder / "authority.crl").read_text()


def files(side, key, between=0, local="pubkey", remote="pubkey", revocation="relaxed"):
    """between: authorities that only the end knows that they speak for, which sends them."""
    folder, name = made(key, between), NAMES[side]
    values = {"side": side, "other": 3 - side, "certs": "own.pem", "local": local, "remote": remote,
              "revocation": revocation}
    return {
        "x509/own.pem": (folder / f"{name}.pem").read_text(),
        "private/own.pem": (folder / f"{name}.key").read_text(),
        "x509ca/authority.pem": (folder / "authority.pem").read_text(),
        "certified.conf": CERTIFIED % values,
        **{f"x509ca/between-{number}.pem": (folder / f"between-{side}-{number}.pem").read_text() for number in range(between)},
    }


def raw_files(side, key, send="always"):
    """No certificates: either end knows the other one's public key."""
    folder, other = made(key, 0), 3 - side
    public = {number: sh("openssl", "pkey", "-in", folder / f"{name}.key", "-pubout") for number, name in NAMES.items()}
    values = {"side": side, "other": other, "own": NAMES[side], "theirs": NAMES[other], "send": send}
    return {
        "pubkey/own.pem": public[side],
        "pubkey/peer.pem": public[other],
        "private/own.pem": (folder / f"{NAMES[side]}.key").read_text(),
        "certified.conf": RAW % values,
    }
