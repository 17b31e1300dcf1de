"""What the server says of itself to everybody: names and versions, never where its files lie."""

import json
from dataclasses import replace

import httpx
import pytest
from conftest import running_server
from material.tiny_ear import SETTINGS, add_ear
from material.tiny_release import make_release
from material.wire import receive, stream
from websockets.sync.client import connect

from serving.service import without_folders
from undertone.audio_file import read
from undertone.words.engines.packages import CARRIERS, carried


@pytest.fixture(scope="module")
def served(tmp_path_factory, samples):
    """What a server with an ear for tiny.en, named by its folder, says of itself; the folders; messages of a stream."""
    place, (folder, _, sha256) = tmp_path_factory.mktemp("served"), carried("tiny.en")
    release = add_ear(make_release(place / "release"), replace(SETTINGS, recogniser_sha256=sha256), width=384)
    options = ("--asr-model", str(folder), "--asr-workers", "1", "--partial-workers", "0", "--asr-timeout-s", "60")
    pcm = read(samples / "05_thanks.flac").tobytes()
    with running_server(release, place / "server.log", *options) as running:
        info = httpx.get(running.url + "/info").json()
        with connect(running.ws_url, proxy=None) as socket:
            created = receive(socket)
        return info, created, (folder, place), stream(running.ws_url, pcm, len(pcm))


def test_models_in_folders_are_told_by_name(served):
    info, created, (folder, place), _ = served
    assert info["model"]["asr"] == created["asr"]
    assert created["asr"]["model"] == folder.name
    for told in (json.dumps(info), json.dumps(created)):
        assert str(folder) not in told
        assert str(place) not in told


def test_the_weights_of_the_recogniser_are_told_and_that_the_ear_hears_in_them(served):
    info, created, _, messages = served
    assert created["asr"]["sha256"] == CARRIERS["tiny.en"].sha256
    assert info["model"]["ear"] == created["ear"] == {"active": True}
    finals = [message for message in messages if message["type"] == "utterance.final"]
    assert finals
    assert all(final["audio_ears"]["encoder"] for final in finals)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/srv/my models/small.en", "small.en"),
        ("tiny.en", "tiny.en"),
        ("distil-whisper/distil-small.en", "distil-whisper/distil-small.en"),
        ("the hub said \"[Errno 13] no access: '/var/cache/hub/x'\"", "the hub said \"[Errno 13] no access: 'x'\""),
        (r"nothing in C:\Users\ann\models, sorry", "nothing in models, sorry"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        (None, None),
        (["en"], ["en"]),
    ],
)
def test_paths_are_cut_to_their_last_name(text, told):
    assert without_folders(text) == told
