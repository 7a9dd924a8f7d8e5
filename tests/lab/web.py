# SPDX-License-Identifier: BSD-2-Clause
"""A server of HTTP in a network namespace, for what is fetched of revoked certificates.

    with Web(ns, "10.1.0.1") as web:
        web.pages["/root.crl"] = octets
        web.pages["/ocsp"] = responder.answer       # of what was posted
        web.pages["/away"] = Redirect("http://192.0.2.9/")
        web.pages["/never"] = web.hang              # of a connection, until the server ends
        ... web.asked                               # the paths, in the order in which they were asked for
"""
import http.server
import pathlib
import socket
import subprocess
import tempfile
import threading

from ground import inside


class Redirect:
    def __init__(self, target):
        self.target = target


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET

    def handle_error(self, request, client_address):
        """Who asks may go in the midst of it."""


class Web:
    def __init__(self, namespace, address, port=80):
        self.pages, self.asked = {}, []
        self.address, self.port = address, port
        self._over = threading.Event()
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                web._serve(self, b"")

            def do_POST(self):
                web._serve(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_):
                pass

        self._server = _Server((address, port), Handler, bind_and_activate=False)
        with inside(namespace):
            self._server.socket = socket.socket()
        self._server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._server.server_bind()
        self._server.server_activate()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def uri(self, path):
        return f"http://{self.address}:{self.port}{path}"

    def hang(self, _handler):
        self._over.wait()

    def endless(self, handler):
        """No end is in sight, nor does it say how long it is."""
        handler.send_response(200)
        handler.end_headers()
        while not self._over.is_set():
            handler.wfile.write(b"\0" * 65536)

    def _serve(self, handler, posted):
        self.asked.append(handler.path)
        page = self.pages.get(handler.path)
        if page is None:
            handler.send_error(404)
        elif isinstance(page, Redirect):
            handler.send_response(302)
            handler.send_header("Location", page.target)
            handler.end_headers()
        elif page in (self.hang, self.endless):
            page(handler)
        else:
            octets = page if isinstance(page, bytes) else page(posted)
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(octets)))
            handler.end_headers()
            handler.wfile.write(octets)

    def close(self):
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Responder:
    """What OCSP says, by openssl's command line: of the authority and the certificates of a folder (as scripts/certificates
    makes them), those of `revoked` are, and others of `names` are good. signer: or the authority itself."""

    def __init__(self, pki, names, revoked=(), signer="authority", days=1):
        self.pki, self.signer, self.days = pathlib.Path(pki), signer, days
        self.index = pathlib.Path(tempfile.mkstemp(dir=pki, prefix="index")[1])
        lines = []
        for name in (*names, *revoked):
            serial = subprocess.run(["openssl", "x509", "-in", self.pki / f"{name}.pem", "-noout", "-serial"],
                                    check=True, capture_output=True, text=True).stdout.strip().split("=")[1]
            lines.append(f"R\t400101000000Z\t250101000000Z\t{serial}\tunknown\t/CN={name}\n" if name in revoked else
                         f"V\t400101000000Z\t\t{serial}\tunknown\t/CN={name}\n")
        self.index.write_text("".join(lines))

    def command(self):
        """As a server of its own, with a port behind it."""
        return ["openssl", "ocsp", "-index", self.index, "-CA", self.pki / "authority.pem",
                "-rsigner", self.pki / f"{self.signer}.pem", "-rkey", self.pki / f"{self.signer}.key",
                *(["-ndays", str(self.days)] if self.days else [])]

    def answer(self, posted):
        with tempfile.TemporaryDirectory(dir=self.pki) as work:
            asked, answer = pathlib.Path(work, "asked"), pathlib.Path(work, "answer")
            asked.write_bytes(posted)
            subprocess.run([*self.command(), "-reqin", asked, "-respout", answer], check=True, capture_output=True)
            return answer.read_bytes()


def long_list(pki, count):
    """The authority's list, with so many that are revoked, 35 octets each."""
    pki = pathlib.Path(pki)
    with tempfile.TemporaryDirectory(dir=pki) as work:
        index, config, out = (pathlib.Path(work, name) for name in ("index", "config", "list"))
        index.write_text("".join(f"R\t400101000000Z\t250101000000Z\t{(0x10 << 120) + n:X}\tunknown\t/CN=x{n}\n"
                                 for n in range(count)))
        pathlib.Path(work, "index.attr").write_text("unique_subject = no\n")
        config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}\ndefault_md=default\ncrl_extensions=e\n"
                          "[e]\nauthorityKeyIdentifier=keyid\n")
        subprocess.run(["openssl", "ca", "-batch", "-config", config, "-cert", pki / "authority.pem", "-keyfile",
                        pki / "authority.key", "-gencrl", "-crldays", "30", "-out", out], check=True, capture_output=True)
        return der(out)


def der(path):
    """A list in PEM."""
    return subprocess.run(["openssl", "crl", "-in", path, "-outform", "DER"], check=True, capture_output=True).stdout
