"""What the page says and does where something is missing, refused or gone; with real servers and a real browser."""

import base64
import json
import os
import signal
from contextlib import ExitStack, contextmanager

import pytest
from conftest import running_server
from material.servers.cutting_proxy import cutting_proxy
from material.waiting import metric
from material.web.browser import chromium, launched, spoken_wav, visit
from material.web.path_proxy import proxy_under
from websockets.sync.client import connect

from serving.cli.demo_server import DemoServer, free_port
from serving.guard.credentials import key_file
from serving.guard.grant import UNBOUNDED

UNDER = "/under/a/path"
CONNECTION = "#notices [data-subject=connection]"
SEED_IN_MID_WORD = 5  # the cut comes after the files of the page, 140 kB, and two seconds of audio or three
PLAYER = "plays a clip"
PLAY = """async ([title, clip]) => {
    document.title = title;
    const bytes = Uint8Array.from(atob(clip), (sign) => sign.charCodeAt(0));
    const context = new AudioContext();
    const source = context.createBufferSource();
    source.buffer = await context.decodeAudioData(bytes.buffer);
    source.loop = true;
    source.connect(context.destination);
    source.start();
    await context.resume();
}"""
CONNECTED = "() => document.getElementById('state').textContent === 'Listening'"


@pytest.fixture(scope="module")
def browser(samples, tmp_path_factory):
    wav = spoken_wav(tmp_path_factory.mktemp("microphone") / "said.wav", [samples / "01_glad.flac"])
    with chromium(wav) as started:
        yield started


@contextmanager
def server_at(port, release, log):
    """Start a server that listens at `port`."""
    server = DemoServer(release, log, ("--asr-model", "none", "--port", str(port)))
    server.port, server.url = port, f"http://127.0.0.1:{port}"
    with server:
        server.wait_until_ready()
        yield server


def kill(server):
    """Let the server be gone at once, with all of its processes."""
    os.killpg(server.pid, signal.SIGKILL)
    server.process.wait()


def taken_along(user, path):
    with user.page.expect_download() as download:
        user.page.click("#export-json")
    download.value.save_as(path)
    return json.loads(path.read_text())


def test_a_microphone_that_is_refused_is_said_with_what_to_do(browser, server):
    with visit(browser, f"{server.url}/", permissions=()) as user:
        user.page.evaluate("() => navigator.permissions.query({name: 'microphone'})")
        devtools = user.page.context.new_cdp_session(user.page)
        refused = {"permission": {"name": "microphone"}, "setting": "denied", "origin": server.url}
        devtools.send("Browser.setPermission", refused)
        user.press()
        assert "Allow the microphone" in user.shown("#notices .error").inner_text()
        user.state("idle")
        assert user.page.get_attribute("#notices", "role") == "alert"
        user.page.click("#notices .close")
        assert user.page.locator("#notices .notice").count() == 0


def test_where_there_is_no_microphone_other_ways_are_named(browser, server):
    with launched(browser.browser_type) as bare, visit(bare, f"{server.url}/") as user:
        user.press()
        assert "No microphone was found" in user.shown("#notices .error").inner_text()
        user.state("idle")


def test_the_sound_of_another_tab_is_heard(browser, server, samples):
    choice = f"--auto-select-tab-capture-source-by-title={PLAYER}"
    with launched(browser.browser_type, choice) as sharing, visit(sharing, f"{server.url}/", permissions=()) as user:
        player = user.page.context.new_page()
        player.goto(f"{server.url}/health")
        player.evaluate(PLAY, [PLAYER, base64.b64encode((samples / "06_turn.flac").read_bytes()).decode()])
        user.page.bring_to_front()
        user.page.select_option("#source", "shared")
        user.press()
        user.wait_for_finals(1)
        player.close()
        user.state("idle")
        assert "no longer shared" in user.shown("#notices [data-subject=capture]").inner_text()


def test_a_wrong_key_leads_to_its_field_and_a_server_that_is_full_is_waited_for(browser, tiny_release, tmp_path):
    key = key_file.add(tmp_path / "keys.json", "alice", UNBOUNDED)
    options = ("--keys", str(tmp_path / "keys.json"), "--max-sessions", "1", "--asr-model", "none")
    with (
        running_server(tiny_release, tmp_path / "server.log", *options) as guarded,
        visit(browser, f"{guarded.url}/") as user,
    ):
        user.press()
        assert "wants a key" in user.shown("#notices .error").inner_text()
        user.shown("#settings")
        assert user.page.evaluate("() => document.activeElement.name") == "token"
        user.page.keyboard.type("no key")
        user.page.keyboard.press("Enter")
        user.press()
        assert "wants a key" in user.shown("#notices .error").inner_text()
        user.page.fill("[name=token]", key)
        user.page.keyboard.press("Enter")
        headers = {"X-API-Key": key}
        with connect(guarded.ws_url, additional_headers=headers, proxy=None) as other:
            other.recv(timeout=20)
            user.press()
            user.state("waiting")
            assert "All places on this server are taken. Trying again" in user.shown(CONNECTION).inner_text()
        user.page.wait_for_function(CONNECTED)
        assert user.page.locator(CONNECTION).count() == 0
        assert "only the voice is judged" in user.shown("#notices .note").inner_text()
        user.wait_for_finals(1)
        user.press()
        user.state("idle")
    assert key not in (tmp_path / "server.log").read_text()


def test_a_server_that_is_gone_in_mid_word_and_comes_back_hears_the_whole_utterance(browser, tiny_release, tmp_path):
    port = free_port()
    with ExitStack() as open_page:
        with server_at(port, tiny_release, tmp_path / "first.log") as first:
            user = open_page.enter_context(visit(browser, f"{first.url}/", accept_downloads=True))
            user.press()
            user.shown(".card.live")
            kill(first)
        user.state("waiting")
        assert "What is said meanwhile is kept" in user.shown(CONNECTION).inner_text()
        with server_at(port, tiny_release, tmp_path / "second.log") as second:
            user.page.wait_for_function(CONNECTED)
            user.wait_for_finals(2)
            assert user.page.locator(CONNECTION).count() == 0
            kill(second)
            user.state("waiting")
            user.press()
            user.state("idle")
        before = len(user.requests)
        user.page.wait_for_timeout(2500)
        assert len(user.requests) == before, "it must not come again after a stop"
        heard = taken_along(user, tmp_path / "heard.json")
    starts, ends = zip(*((one["start_ms"], one["end_ms"]) for one in heard["utterances"]), strict=True)
    assert len(heard["sessions"]) == 2
    assert starts[0] < 2000 < ends[0]  # the clip is spoken from 1.0 to 3.6 s
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


def test_a_connection_that_is_cut_in_mid_word_is_taken_up_again_in_the_same_session(browser, server, tmp_path):
    with cutting_proxy(server.port, most=1, bytes_between=240_000, seed=SEED_IN_MID_WORD) as (proxy, url):
        page = url.replace("ws://", "http://").removesuffix("ws/analyze")
        with visit(browser, page, accept_downloads=True) as user:
            user.press()
            user.wait_for_finals(2)
            user.press()
            user.state("idle")
            heard = taken_along(user, tmp_path / "heard.json")
    assert proxy.cuts == 1
    assert len(heard["sessions"]) == 1
    assert [one["utterance_id"] for one in heard["utterances"]] == list(range(1, len(heard["utterances"]) + 1))
    assert heard["utterances"][0]["start_ms"] < 2000 < heard["utterances"][0]["end_ms"]


def test_the_page_works_under_a_path_of_a_proxy(browser, server):
    with proxy_under(UNDER, server.port) as port, visit(browser, f"http://127.0.0.1:{port}{UNDER}/") as user:
        user.press()
        user.wait_for_finals(1)
        assert f"ws://127.0.0.1:{port}{UNDER}/ws/analyze" in user.requests
        assert user.faults == []


def test_a_page_whose_server_is_gone_says_so_and_listens_to_nothing_behind_its_back(browser, tiny_release, tmp_path):
    port = free_port()
    with ExitStack() as open_page:
        with server_at(port, tiny_release, tmp_path / "first.log") as first:
            user = open_page.enter_context(visit(browser, f"{first.url}/"))
            kill(first)
        user.press()
        assert "The server does not answer" in user.shown("#notices .error").inner_text()
        user.state("idle")
        with server_at(port, tiny_release, tmp_path / "second.log") as second:
            user.page.wait_for_timeout(3000)
            assert metric(second, 'slots_taken{kind="live"}') == 0
            user.press()
            user.page.wait_for_function(CONNECTED)


def test_a_stop_while_the_server_hangs_is_one_and_stays_so(browser, tiny_release, tmp_path):
    with (
        running_server(tiny_release, tmp_path / "server.log", "--asr-model", "none") as server,
        visit(browser, f"{server.url}/") as user,
    ):
        os.killpg(server.pid, signal.SIGSTOP)
        user.press()
        user.state("connecting")
        user.press()
        user.state("idle")
        user.page.wait_for_timeout(1000)
        os.killpg(server.pid, signal.SIGCONT)
        user.page.wait_for_timeout(1000)
        assert user.page.get_attribute("#state", "data-state") == "idle"
        assert user.page.locator("#notices .notice").count() == 0


def test_what_is_put_away_is_not_said_again_every_second_and_the_seconds_are_not_read_aloud(
    browser, tiny_release, tmp_path
):
    with ExitStack() as open_page, server_at(free_port(), tiny_release, tmp_path / "server.log") as server:
        user = open_page.enter_context(visit(browser, f"{server.url}/"))
        user.press()
        user.page.wait_for_function(CONNECTED)
        kill(server)
        said = user.shown(f"{CONNECTION} .said").inner_text()
        user.shown(f"{CONNECTION} .counted[aria-hidden=true]", " in ")
        assert "Trying again" in said
        assert user.page.locator(f"{CONNECTION} .said").inner_text() == said
        user.page.click(f"{CONNECTION} .close")
        user.page.wait_for_timeout(2500)
        assert user.page.locator(CONNECTION).count() == 0


def test_a_browser_that_keeps_nothing_listens_all_the_same(browser, server):
    with visit(browser, f"{server.url}/") as user:
        forbidden = "{get() { throw new DOMException('denied', 'SecurityError'); }}"
        names = ("localStorage", "sessionStorage")
        user.page.add_init_script("".join(f"Object.defineProperty(window, '{name}', {forbidden});" for name in names))
        user.page.reload()
        user.page.wait_for_selector("html[data-ready]")
        user.page.click("#theme")
        user.press()
        user.wait_for_finals(1)
        assert user.faults == []


def test_what_was_heard_can_still_be_taken_along_where_the_next_start_fails(browser, server, tmp_path):
    (tmp_path / "notes.wav").write_text("no sound")
    with visit(browser, f"{server.url}/", accept_downloads=True) as user:
        user.press()
        user.wait_for_finals(1)
        user.press()
        user.state("idle")
        user.page.set_input_files("#file", tmp_path / "notes.wav")
        user.shown("#notices [data-subject=file]")
        assert taken_along(user, tmp_path / "heard.json")["utterances"]
