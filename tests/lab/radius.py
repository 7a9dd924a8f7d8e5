# SPDX-License-Identifier: BSD-2-Clause
"""RADIUS servers of tests: FreeRADIUS in a namespace, with a configuration of its own; and one whose answers are the
test's, to say what no server should.
"""
import hashlib
import hmac
import re
import shutil
import socket
import struct
import threading

from ground import DEADLINE, LabError, inside

SECRET = "a secret between the two of us"
ACCEPT, REJECT, CHALLENGE = 2, 3, 11
EAP_MESSAGE, MESSAGE_AUTHENTICATOR = 79, 80

CONF = """
prefix = /usr
libdir = /usr/lib/freeradius
run_dir = {run}
raddbdir = {run}
max_requests = 4096
log {{ destination = stdout
  auth = yes }}
security {{ allow_core_dumps = no
  max_attributes = 200
  status_server = yes }}
client gateway {{ ipaddr = 0.0.0.0/0
  secret = "{secret}"
  require_message_authenticator = yes }}
modules {{
  files {{ usersfile = {run}/users }}
  mschap {{ use_mppe = yes }}
  pap {{ }}
  always ok {{ rcode = ok }}
  eap {{ default_eap_type = {eap}
    mschapv2 {{ }}
    gtc {{ auth_type = PAP }}
    md5 {{ }}
    {more}
  }}
}}
server default {{
  listen {{
    type = auth
    ipaddr = {address}
    port = {port}
  }}
  listen {{
    type = acct
    ipaddr = {address}
    port = {acct_port}
  }}
  authorize {{
    eap {{ ok = return }}
    files
    pap
  }}
  authenticate {{
    eap
    Auth-Type PAP {{
      pap
    }}
    mschap
  }}
  accounting {{
    ok
  }}
  post-auth {{
    {post_auth}
  }}
}}
"""


class FreeRadius:
    """users: as its file of that name has them. post_auth: its words for it. It runs until it is stopped; start()
    starts it again."""

    def __init__(self, ground, namespace, users, name="freeradius", address="127.0.0.1", port=1812, acct_port=1813, eap="mschapv2",
                 more="", post_auth=""):
        if not shutil.which("freeradius"):
            raise LabError("freeradius isn't installed: run `make deps`")
        self.ground, self.namespace, self.name = ground, namespace, name
        self.run = ground.run / name
        self.run.mkdir()
        (self.run / "users").write_text(users)
        (self.run / "radiusd.conf").write_text(CONF.format(run=self.run, address=address, port=port, acct_port=acct_port, secret=SECRET,
                                                           eap=eap, more=more, post_auth=post_auth))
        (self.run / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
        self.process = None
        self.start()

    def start(self):
        self.process = self.ground.start(self.name, self.namespace, ["freeradius", "-X", "-d", self.run])
        self.process.wait_log("Ready to process requests")

    def accounted(self):
        """What it was told, a dictionary a request."""
        found = re.findall(r"Received Accounting-Request.*\n((?:\(\d+\)   .*\n)+)", self.process.text())
        return [dict(re.findall(r"\(\d+\)   (\S+) = \"?(.*?)\"?$", text, re.M)) for text in found]

    def stop(self):
        self.process.stop()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()
        shutil.rmtree(self.run)


class Request:
    """What a client has sent."""

    def __init__(self, octets):
        self.octets, self.id, self.authenticator = octets, octets[1], octets[4:20]
        self.attributes, rest = [], octets[20:struct.unpack("!H", octets[2:4])[0]]
        while rest:
            self.attributes.append((rest[0], rest[2:rest[1]]))
            rest = rest[rest[1]:]

    def eap(self):
        return b"".join(value for type_, value in self.attributes if type_ == EAP_MESSAGE)

    def reply(self, code, attributes=(), mac=True, secret=SECRET):
        """An answer (RFC 2865, section 3; RFC 3579, section 3.2)."""
        def packet(authenticator, mac_value):
            body = b"".join(bytes([type_, 2 + len(value)]) + value for type_, value in (
                *([(MESSAGE_AUTHENTICATOR, mac_value)] if mac else ()), *attributes))
            return struct.pack("!BBH", code, self.id, 20 + len(body)) + authenticator + body
        value = hmac.new(secret.encode(), packet(self.authenticator, bytes(16)), "md5").digest()
        return packet(hashlib.md5(packet(self.authenticator, value) + secret.encode()).digest(), value)


class Scripted:
    """A server that says what answer(request) returns; None: nothing. requests: all that came."""

    def __init__(self, namespace, answer, address="127.0.0.1", port=1812):
        with inside(namespace):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._socket.settimeout(DEADLINE)
        self.answer, self.requests = answer, []
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            octets, client = self._socket.recvfrom(4096)
            if self._stopped:
                return
            self.requests.append(Request(octets))
            said = self.answer(self.requests[-1])
            if said is not None:
                self._socket.sendto(said, client)

    def close(self):
        """What waits for a request is woken by one of its own."""
        self._stopped = True
        self._socket.sendto(bytes(20), self._socket.getsockname())
        self._thread.join()
        self._socket.close()
