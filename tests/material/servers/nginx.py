"""Real nginx before running servers, as deploy/nginx/nginx.conf has it, on free ports."""

import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from serving.cli.demo_server import free_port

CONFIGURATION = Path(__file__).resolve().parents[3] / "deploy" / "nginx" / "nginx.conf"


def nginx_binary():
    """Return the path of nginx; skips the test where there is none."""
    found = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    if not found:
        pytest.skip("nginx is not installed (on Debian: apt install nginx-light)")
    return found


@contextmanager
def nginx(folder, ports):
    """Run nginx in `folder` before the servers at two `ports`; yield its own port."""
    binary, port = nginx_binary(), free_port()
    text = CONFIGURATION.read_text()
    for old, new in zip((8001, 8002), ports, strict=True):
        text = text.replace(f"server 127.0.0.1:{old} ", f"server 127.0.0.1:{new} ")
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("worker_processes auto;", "daemon off;")
    (folder / "nginx.conf").write_text(re.sub(r"^http \{", f"http {{\n{_folders(folder)}", text, flags=re.MULTILINE))
    with (folder / "nginx.log").open("wb") as log:
        process = subprocess.Popen([binary, "-p", folder, "-c", folder / "nginx.conf"], stdout=log, stderr=log)
    try:
        _wait_for(port, process, folder / "nginx.log")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _folders(folder):
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in kinds)


def _wait_for(port, process, log):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(log.read_text())
