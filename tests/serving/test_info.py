"""What the server says of itself to everybody: names and versions, never where its files lie."""

import json

import httpx
import pytest
from conftest import running_server
from material.wire import receive
from websockets.sync.client import connect

from serving.service import without_folders
from undertone.words.engines.packages import carried


def test_models_in_folders_are_told_by_name(tmp_path, tiny_release):
    folder, _, _ = carried("tiny.en")
    options = ("--asr-model", str(folder), "--asr-workers", "1", "--partial-workers", "0")
    with running_server(tiny_release, tmp_path / "server.log", *options) as running:
        info = httpx.get(running.url + "/info").json()
        with connect(running.ws_url, proxy=None) as socket:
            created = receive(socket)
    assert info["model"]["asr"] == created["asr"]
    assert created["asr"]["model"] == folder.name
    for told in (json.dumps(info), json.dumps(created)):
        assert str(folder) not in told
        assert str(tiny_release.parent) not in told


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
