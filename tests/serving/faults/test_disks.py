"""A disk that is full or may not be written to, under a real server: sessions go on, and what was counted is kept."""

import random

import httpx
import pytest
from conftest import running_server
from material.faults.small_disk import fill, make_read_only, small_disk
from material.waiting import until
from material.wire import receive_until, send, session

from serving.cli.main import main
from serving.guard.usage.store import UsageStore, totals
from undertone.audio_file import read

NOISE = random.Random(0).randbytes(2 << 20)  # an upload over what is kept in memory


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes() + bytes(32_000)


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """Where the server writes all that it writes: usage, and what waits to be heard or decoded."""
    with small_disk(tmp_path_factory.mktemp("disks") / "small", 4096) as folder:
        yield folder


@pytest.fixture(scope="module")
def usage(disk):
    return disk / "usage.sqlite"


@pytest.fixture(scope="module")
def cramped(tmp_path_factory, tiny_release, disk, usage):
    log = tmp_path_factory.mktemp("cramped") / "server.log"
    options = ("--asr-model", "none", "--usage", str(usage))
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("TMPDIR", str(disk))
        with running_server(tiny_release, log, *options) as running:
            httpx.post(running.url + "/predict", content=NOISE)  # where to write is looked for once, when there is room
            yield running
    assert "Traceback" not in log.read_text()


def heard(server, pcm):
    """Return all messages of a session that hears `pcm`, sent at once."""
    with session(server.ws_url) as socket:
        for start in range(0, len(pcm), 64_000):
            socket.send(pcm[start : start + 64_000])
        send(socket, "session.finish")
        return receive_until(socket, "session.closed")


def kinds(messages, kind):
    return [message["utterance_id"] for message in messages if message["type"] == kind]


def counted(usage):
    return sum(use.utterances for _, use in totals(usage))


def test_on_a_full_disk_every_utterance_has_its_final_and_is_counted_when_there_is_room(cramped, usage, clip):
    before = counted(usage)
    filler = fill(usage.parent)
    messages = heard(cramped, 24 * clip)  # more than is kept in memory
    assert kinds(messages, "utterance.final") == kinds(messages, "speech.started")
    assert len(kinds(messages, "utterance.final")) >= 24
    assert messages[-1]["totals"]["audio_ms"] == 24 * len(clip) // 32
    until(lambda: "it is kept and written later" in cramped.log.read_text())
    assert cramped.log.read_text().count("cannot be read or written") == 1
    filler.unlink()
    until(lambda: counted(usage) == before + len(kinds(messages, "utterance.final")))


def test_an_upload_that_finds_no_room_is_told_when_to_come_again_and_the_next_is_heard(cramped, usage, samples):
    filler = fill(usage.parent)
    for brought in ({"content": NOISE}, {"files": {"file": NOISE}}):
        refused = httpx.post(cramped.url + "/predict", **brought, timeout=30)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "no_room")
        assert refused.headers["Retry-After"]
    assert httpx.get(cramped.url + "/health").is_success
    filler.unlink()
    answer = httpx.post(cramped.url + "/predict", content=sorted(samples.glob("*.flac"))[0].read_bytes(), timeout=30)
    assert answer.text.splitlines()[-1].startswith('{"type": "session.closed", "reason": "finished"')


@pytest.mark.parametrize("name", ["old.sqlite", "new.sqlite"])
def test_usage_that_cannot_be_written_from_the_start_is_refused_in_one_line(tmp_path, tiny_release, name, capsys):
    with small_disk(tmp_path / "small", 256) as folder:
        UsageStore(folder / "old.sqlite").close()
        make_read_only(folder)
        with pytest.raises(SystemExit) as stopped:
            main(["serve", "--release", str(tiny_release), "--usage", str(folder / name)])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{name} cannot be read or written" in line
