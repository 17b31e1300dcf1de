"""Two servers that count into one file: nothing is counted twice, and what one of them counted survives its SIGKILL."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from conftest import running_server
from material.waiting import until
from material.wire import receive_until, send, session

from serving.guard.usage.store import totals
from undertone.audio_file import read


@pytest.fixture
def pair(tmp_path, tiny_release):
    options = ("--asr-model", "none", "--usage", str(tmp_path / "usage.sqlite"))
    start = partial(running_server, tiny_release)
    with start(tmp_path / "one.log", *options) as one, start(tmp_path / "other.log", *options) as other:
        yield one, other


def test_two_servers_on_one_file_count_every_session_once_and_one_may_be_killed(pair, samples, tmp_path):
    clip = read(sorted(samples.glob("*.flac"))[0]).tobytes() + bytes(32_000)

    def heard(server):
        with session(server.ws_url) as socket:
            socket.send(clip)
            send(socket, "session.finish")
            return receive_until(socket, "session.closed")[-1]["totals"]

    def used():
        return dict(totals(tmp_path / "usage.sqlite", by="key"))[("", "anonymous")]

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(heard, 4 * pair))
    until(lambda: used().utterances == sum(one["utterances"] for one in told))
    pair[0].process.kill()
    told += [heard(pair[1]) for _ in range(2)]
    until(lambda: used().sessions == len(told))
    until(lambda: used().utterances == sum(one["utterances"] for one in told))
    assert used().audio_s == pytest.approx(sum(one["audio_ms"] for one in told) / 1000, abs=0.01)
    assert "cannot be read or written" not in pair[0].log.read_text() + pair[1].log.read_text()
