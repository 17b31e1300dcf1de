"""A web server with recordings, over TLS, on two addresses of this machine: one is to be asked, one is not."""

import datetime
import ipaddress
import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

OUTSIDE, INSIDE = "127.0.0.2", "127.0.0.1"


class WebStorage:
    """Serves `content` under many names that do other things with it; `asked` has address, path and head."""

    def __init__(self, content, folder):
        self.content, self.asked = content, []
        self.certificate = _certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        handler = type("Handler", (_Handler,), {"storage": self})
        first = ThreadingHTTPServer((OUTSIDE, 0), handler)
        self.port = first.server_address[1]
        self._servers = [first, ThreadingHTTPServer((INSIDE, self.port), handler)]
        for server in self._servers:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            server.handle_error = lambda *about: None  # who hangs up
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, name, host=OUTSIDE):
        """Return the address of `name`."""
        return f"https://{host}:{self.port}/{name}"

    def close(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    storage: WebStorage

    def do_GET(self):
        name = self.path.lstrip("/").partition("?")[0]
        self.storage.asked.append((self.server.server_address[0], self.path, dict(self.headers)))
        if name == "redirect":
            self._head(302, Location=self.storage.url("clip.flac", INSIDE))
        elif name == "missing":
            self._head(404)
        elif name == "broken":
            self._head(500)
        elif name == "large":
            self._head(200, **{"Content-Length": str(1 << 40)})
        elif name in ("endless", "slow"):
            self._go_on(1_000_000 if name == "endless" else 1)
        else:
            self._head(200, **{"Content-Length": str(len(self.storage.content))})
            self.wfile.write(self.storage.content)

    def _head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _go_on(self, size):
        self._head(200)
        for _ in range(200):
            self.wfile.write(bytes(size))
            time.sleep(0.1)

    def log_message(self, *about):
        pass


def _certificate(folder):
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.IPAddress(ipaddress.ip_address(address)) for address in (OUTSIDE, INSIDE)]
    names.append(x509.DNSName("localhost"))
    building = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    building = building.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    building = building.add_extension(x509.SubjectAlternativeName(names), critical=True)
    signed = building.sign(key, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, *form)
    file = folder / "storage.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return file


@contextmanager
def web_storage(content, folder):
    """Run one."""
    storage = WebStorage(content, folder)
    try:
        yield storage
    finally:
        storage.close()
