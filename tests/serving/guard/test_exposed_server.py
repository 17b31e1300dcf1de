"""A server that speaks TLS, believes a proxy, lets few addresses in, and is killed in the end."""

import datetime
import ipaddress
import os
import signal
import ssl
import time

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from material.wire import receive
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from serving.cli.demo_server import DemoServer
from serving.guard.usage.store import totals

NEAR, FAR = {"X-Forwarded-For": "203.0.113.5"}, {"X-Forwarded-For": "198.51.100.1"}


def certificate(folder):
    """Write a certificate of 127.0.0.1 with its key into one file; return it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    building = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    building = building.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    signed = building.add_extension(here, critical=True).sign(key, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"open")
    private = key.private_bytes(serialization.Encoding.PEM, *form)
    file = folder / "server.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return file


class Exposed:
    """The server and what its clients trust."""

    def __init__(self, server, trusted, usage):
        self.server, self.trusted, self.usage = server, trusted, usage

    def get(self, path, headers=None):
        """Ask over TLS."""
        return httpx.get(f"https://127.0.0.1:{self.server.port}{path}", headers=headers, verify=self.trusted)

    def connect(self, headers=None):
        """Connect over TLS."""
        url = f"wss://127.0.0.1:{self.server.port}/ws/analyze"
        return connect(url, ssl=self.trusted, additional_headers=headers, proxy=None)

    def is_ready(self):
        """Tell whether /health is 200."""
        try:
            return self.get("/health").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def exposed(tmp_path_factory, tiny_release):
    folder = tmp_path_factory.mktemp("exposed")
    cert, usage = certificate(folder), folder / "usage.sqlite"
    tls = ("--ssl-certfile", str(cert), "--ssl-keyfile-password", "open")
    access = ("--allow-ips", "127.0.0.0/8,203.0.113.0/24", "--info-access", "local", "--usage", str(usage))
    with DemoServer(tiny_release, folder / "server.log", (*tls, *access, "--asr-model", "none")) as server:
        exposed = Exposed(server, ssl.create_default_context(cafile=cert), usage)
        until_s = time.monotonic() + 120
        while not exposed.is_ready():
            assert time.monotonic() < until_s
            assert server.process.poll() is None, server.log.read_text()
            time.sleep(0.1)
        yield exposed


def test_sockets_and_requests_go_over_tls_and_nothing_else_is_answered(exposed):
    with exposed.connect() as socket:
        assert receive(socket)["type"] == "session.created"
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{exposed.server.url}/health")


def test_the_address_is_the_one_that_the_proxy_names(exposed):
    assert exposed.get("/health", NEAR).status_code == 200
    refused = exposed.get("/health", FAR)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "address_not_allowed")
    with pytest.raises(InvalidStatus) as denied, exposed.connect(FAR):
        pass
    assert denied.value.response.status_code == 403
    assert "refused '/ws/analyze' from 198.51.100.1" in exposed.server.log.read_text()


def test_what_is_for_this_machine_is_read_from_nowhere_else(exposed):
    assert exposed.get("/info").status_code == 200
    assert exposed.get("/info", NEAR).json()["error"]["code"] == "not_readable"


def test_what_was_used_is_written_in_the_midst_of_a_session_and_survives_a_kill(exposed):
    before_s = _heard_s(exposed)
    with exposed.connect() as socket:
        receive(socket)
        for size in (32_000, 48_000):
            socket.send(bytes(size))
        until_s = time.monotonic() + 30
        while _heard_s(exposed) < before_s + 2.5 and time.monotonic() < until_s:
            time.sleep(0.1)
        os.killpg(exposed.server.pid, signal.SIGKILL)
    exposed.server.process.wait()
    (place, use), *others = totals(exposed.usage)
    assert (place[1], others) == ("anonymous", [])
    assert use.audio_s == before_s + 2.5
    assert use.sessions >= 2


def _heard_s(exposed):
    return sum(use.audio_s for _, use in totals(exposed.usage))
