"""The example of docs/listen.md runs against a real server as it stands there."""

import re

import numpy as np
import soxr

from undertone.audio_file import read


def test_the_example_of_the_clients_runs_and_prints_what_was_said(
    repository, listening_server, samples, capsys, monkeypatch
):
    section = (repository / "docs" / "listen.md").read_text(encoding="utf-8").partition("## From a program")[2]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    monkeypatch.chdir(samples.parent.parent)
    sound = soxr.resample(read(samples / "07_proud.flac").astype(np.float32) / 32768, 16_000, 48_000)
    given = {"pieces": [sound[start : start + 4800] for start in range(0, len(sound), 4800)]}
    exec(code.replace("ws://127.0.0.1:8000/ws/analyze", listening_server.ws_url), given)
    assert [re.sub(r"[-+]?\d\.\d\d", "N", line) for line in capsys.readouterr().out.splitlines()] == [
        "180 positive The train is late again.",
        "2772 neutral But look, now the sun is out.",
        "utterance 1",
        "positive N I am so proud and so happy about the music.",
        "1 in all",
    ]
