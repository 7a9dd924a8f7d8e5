# SPDX-License-Identifier: BSD-2-Clause
"""One end comes in by EAP with a password, the other one has a certificate.

files(side, server, ...) are what a scenario gives one end, server being the side that is called: eap.conf, the
connection that goes by them, which is the same language for both.
"""
import base64
import hmac
import struct
import time

import certs
import radius

SERVER = """
connections {
  gw : gateway {
    send_cert = always
    %(more)s
    local {
      auth = pubkey
      certs = own.pem
    }
    remote {
      auth = %(auth)s
      %(eap_id)s
    }
    children {
      net {
        local_ts = 10.%(side)d.0.0/24
        remote_ts = %(theirs)s
      }
    }
  }
}
"""

CLIENT = """
connections {
  gw : gateway {
    %(more)s
    local {
      auth = %(auth)s
      %(eap_id)s
      %(certs)s
    }
    remote {
      auth = pubkey
      %(id)s
    }
    children {
      net {
        local_ts = %(ours)s
        remote_ts = 10.%(other)d.0.0/24
      }
    }
  }
}
"""

ALONE = """
connections {
  gw : gateway {
    local {
      auth = eap-tls
      certs = own.pem
      id = %(ours)s
    }
    remote {
      auth = eap-tls
      id = %(theirs)s
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

ROUNDS = """
connections {
  gw : gateway {
    local {
      %(proof)s
    }
    remote {
      %(peer)s
    }
    %(next)s
    children {
      net {
        local_ts = 10.%(side)d.0.0/24
        remote_ts = 10.%(other)d.0.0/24
      }
    }
  }
}
"""

KEY = """
secrets {
  ike-both {
    secret = "a moat that both know"
  }
}
"""

USERS = """
secrets {
  eap-users {
    id-bob = bob
    id-a = a.example.org
    id-b = b.example.org
    secret = "%s"
    %s
  }
}
"""

# RFC 6238, appendix B
TOTP_KEY = b"12345678901234567890"

POOL = """
pools {
  rw {
    addrs = 10.3.0.0/28
  }
}
"""

CHARON = """
plugins {
  eap-gtc {
    backend = generic
  }
}
"""

RADIUS = """
raveld {
  radius {
    servers {
      one {
        address = 127.0.0.1
        secret = "%s"
      }
    }
  }
}
""" % radius.SECRET

# What FreeRADIUS has to show; strongSwan 5.9 derives other keys from TLS 1.3 than anybody else.
FREERADIUS_TLS = """
    tls-config ours {{
      private_key_file = {own}.key
      certificate_file = {own}.pem
      ca_file = {folder}/authority.pem
      tls_min_version = "1.2"
      tls_max_version = "1.2"
    }}
    tls {{ tls = ours }}
    ttls {{ tls = ours
      default_eap_type = mschapv2
      virtual_server = default }}
"""

PASSWORD = "the moat is the pâssword"
WRONG = "the moat is a password"


def files(side, server, auth="eap-mschapv2", user="bob", password=PASSWORD, virtual=False, totp=False):
    """user: as whom the client comes in; None: as it is in IKE. virtual: it asks for an address. totp: a code is
    to be behind the password."""
    own = certs.files(side, "P-256")
    values = {"side": side, "other": 3 - side, "auth": auth, "eap_id": "", "more": "", "ours": f"10.{side}.0.0/24",
              "theirs": f"10.{3 - side}.0.0/24", "certs": "", "id": ""}
    if user:
        values["eap_id"] = "eap_id = %any" if side == server else f"eap_id = {user}"
    if virtual:
        values |= {"more": "pools = rw" if side == server else "vips = 0.0.0.0", "ours": "dynamic", "theirs": "dynamic"}
    users = USERS % (password, f"totp = {base64.b32encode(TOTP_KEY).decode()}" if totp else "")
    text = (SERVER if side == server else CLIENT) % values + users + (POOL if virtual and side == server else "")
    wanted = ("x509/own.pem", "private/own.pem", "x509ca/authority.pem") if side == server else ("x509ca/authority.pem",)
    return {"eap.conf": text, "charon.conf": CHARON, **{name: own[name] for name in wanted}}


def rounds(side, server, first):
    """Both ends prove themselves first, by a certificate or a pre-shared key, and the client by a password besides."""
    own = certs.files(side, "P-256")
    signs = first == "pubkey"
    proof = f"auth = {first}\n" + ("certs = own.pem" if signs else f"id = {certs.NAMES[side]}")
    user = "auth = eap-mschapv2\n" + ("eap_id = %any" if side == server else "id = bob\neap_id = bob")
    values = {"proof": proof, "side": side, "other": 3 - side, "peer": f"auth = {first}\nid = {certs.NAMES[3 - side]}",
              "next": ("remote-2 { round = 2\n %s\n }" if side == server else "local-2 { round = 2\n %s\n }") % user}
    text = ROUNDS % values + USERS % (PASSWORD, "") + ("" if signs else KEY)
    wanted = ("x509/own.pem", "private/own.pem", "x509ca/authority.pem") if signs else ()
    return {"eap.conf": text, **{name: own[name] for name in wanted}}


def certified(side, server, user, authority="authority"):
    """The client shows a certificate of this user's, from an authority that both trust or from one of its own."""
    own = certs.files(side, "P-256")
    values = {"side": side, "other": 3 - side, "auth": "eap-tls", "more": "", "ours": f"10.{side}.0.0/24",
              "theirs": f"10.{3 - side}.0.0/24", "eap_id": "eap_id = %any" if side == server else f"eap_id = {user}",
              "certs": "certs = own.pem", "id": f"id = {certs.NAMES[server]}"}
    if side != server:
        own |= certs.user("P-256", user, authority)
    return {"eap.conf": (SERVER if side == server else CLIENT) % values, "charon.conf": CHARON,
            **{name: own[name] for name in ("x509/own.pem", "private/own.pem", "x509ca/authority.pem")}}


def alone(side, other, authority="authority"):
    """Both ends show a certificate in TLS, from an authority that both trust or from one of its own, and prove
    themselves by nothing else."""
    own = certs.files(side, "P-256")
    if authority != "authority":
        own |= certs.user("P-256", certs.NAMES[side], authority)
    values = {"side": side, "other": other, "ours": certs.NAMES[side], "theirs": certs.NAMES[other]}
    return {"eap.conf": ALONE % values,
            **{name: own[name] for name in ("x509/own.pem", "private/own.pem", "x509ca/authority.pem")}}


def by_radius(side, server, auth, user="bob", certified=False):
    """The client comes in as FreeRADIUS says, by a method that both of them know."""
    own = certs.files(side, "P-256")
    values = {"side": side, "other": 3 - side, "auth": "eap-radius" if side == server else auth, "more": "",
              "ours": f"10.{side}.0.0/24", "theirs": f"10.{3 - side}.0.0/24",
              "eap_id": "eap_id = %any" if side == server else f"eap_id = {user}",
              "certs": "certs = own.pem" if certified else "", "id": f"id = {certs.NAMES[server]}"}
    if side == server:
        return {"eap.conf": SERVER % values + RADIUS,
                **{name: own[name] for name in ("x509/own.pem", "private/own.pem", "x509ca/authority.pem")}}
    if certified:
        own |= certs.user("P-256", user)
    wanted = ("x509/own.pem", "private/own.pem", "x509ca/authority.pem") if certified else ("x509ca/authority.pem",)
    return {"eap.conf": CLIENT % values + USERS % (PASSWORD, ""), **{name: own[name] for name in wanted}}


def freeradius(play, method="mschapv2"):
    """The server, beside raveld; it begins with this method."""
    folder = certs.made("P-256", 0)
    return radius.FreeRadius(play.bed, play.bed.a, f'bob Cleartext-Password := "{PASSWORD}"\n', eap=method,
                             more=FREERADIUS_TLS.format(folder=folder, own=folder / certs.NAMES[1]))


def code(step):
    """RFC 6238, as applications on phones have it."""
    mac = hmac.digest(TOTP_KEY, struct.pack(">Q", step), "sha1")
    (number,) = struct.unpack_from(">I", mac, mac[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 10**6:06}"


def say_code(play):
    """From now on the peer's password has a code behind it: the next one, which will do for longest."""
    path = play.bed.run / "b/swanctl/eap.conf"
    path.write_text(path.read_text().replace(PASSWORD, PASSWORD + code(int(time.time()) // 30 + 1)))
    play.peer.swanctl("--load-creds", "--clear", "--noprompt")


def with_password(files, password):
    """The same end with this password."""
    return {**files, "eap.conf": files["eap.conf"].replace(PASSWORD, password)}


def known_as(play):
    """As whom raveld knows the peer."""
    (ike,) = play.bed.ravelctl_json("list")["ike-sas"]
    return ike["remote-id"], ike.get("remote-eap-id")


def refused(play, why):
    """The peer has another password: nothing comes up, and raveld's log has these words, but no password."""
    def is_said():
        play.expect(not any(word in play.raveld.log() for word in (PASSWORD, WRONG)), "the log has no password")
        return why in play.raveld.log()
    play.refused(is_said, files=with_password(play.peer.files, WRONG))
