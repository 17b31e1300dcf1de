"""The files of the page as HTTP has them: small, kept by browsers, allowed nothing from elsewhere, and in the wheel."""

import re
import tomllib

import httpx
import pytest

from serving.web.page import FOLDERS

pytestmark = pytest.mark.fast
MOST_BYTES = 150_000
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".ts": "text/plain"}


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def files(repository):
    """The paths of all files under which the server has them."""
    web = repository / "serving" / "web"
    return sorted(path.relative_to(web).as_posix() for name in FOLDERS for path in (web / name[1:]).rglob("*.*"))


def test_all_of_it_is_under_150_kb(repository, files):
    loaded = [repository / "serving" / "web" / file for file in files if not file.endswith((".d.ts", ".json"))]
    assert sum(path.stat().st_size for path in loaded) < MOST_BYTES


def test_every_file_comes_with_its_kind_and_a_strict_policy(client, files):
    for path in ("", *files):
        answer = client.get(f"/{path}")
        assert answer.status_code == 200, path
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        suffix = f".{path.rpartition('.')[2]}"
        assert suffix not in KINDS or answer.headers["content-type"].startswith(KINDS[suffix]), path


def test_a_browser_that_has_a_file_is_told_so(client):
    first = client.get("/page/main.js")
    again = client.get("/page/main.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/page/nothing.js", "/page/../page.py", "/page/%2e%2e/page.py", "/client/", "/page/"])
def test_nothing_else_of_the_server_is_given(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_nothing_in_it_is_inline_and_every_address_is_relative(client, files):
    page = client.get("/").text
    assert not re.search(r"\son\w+=|style=|<style|<script>|javascript:", page)
    for path in ("", *files):
        if not path.endswith((".ts", ".json")):
            text = client.get(f"/{path}").text.replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"""["'(](?:https?:)?//|(?:src|href)="/|from "/""", text), path


def test_the_files_go_into_the_wheel(repository, files):
    setuptools = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["setuptools"]
    serving = repository / "serving"
    carried = {path for pattern in setuptools["package-data"]["serving"] for path in serving.glob(pattern)}
    carried |= {path for folder in carried if folder.is_dir() for path in folder.rglob("*")}
    assert {serving / "web" / file for file in files} <= carried
