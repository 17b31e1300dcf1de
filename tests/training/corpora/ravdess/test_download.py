"""The stage `download`: a small archive served on this machine, mirrors, and what is refused."""

import hashlib
import http.server
import io
import json
import re
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.corpora.ravdess.archive import DownloadError, RemoteFile, WrongFileError, fetch
from training.corpora.ravdess.download import download, main
from training.corpora.ravdess.names import RavdessError, expected_names, parse_name

ACTORS = (1, 10)
STEREO = "03-01-05-01-01-01-10"
NAMES = expected_names(ACTORS)


def sound_of(name: str) -> np.ndarray:
    """Noise of 0.05 s at 48 kHz that only this name has; one clip has two different channels."""
    random = np.random.default_rng(int(name.replace("-", "")))
    return random.integers(-20000, 20000, size=(2400, 2 if name == STEREO else 1), dtype=np.int16)


def encoded(name: str, format_: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound_of(name), 48000, format=format_, subtype="PCM_16")
    return buffer.getvalue()


def pack(clips: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in clips.items():
            archive.writestr(f"{parse_name(name).folder}/{name}.wav", content)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def archive() -> bytes:
    return pack({name: encoded(name, "WAV") for name in sorted(NAMES)})


@dataclass
class ArchiveServer:
    """Serves `content`; `drops` answers break off half-way; `ranges` are the Range headers it was sent."""

    content: bytes
    drops: int = 0
    honours_range: bool = True
    status: int = 200
    url: str = ""
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def server(archive: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    state = ArchiveServer(archive)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Range"]
            state.ranges.append(asked)
            if state.status != 200:
                self.send_error(state.status)
                return
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and state.honours_range else 0
            if start >= len(state.content):
                self.send_error(416)
                return
            body = state.content[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(state.content) - 1}/{len(state.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if state.drops:
                state.drops -= 1
                body = body[: len(body) // 2]
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{httpd.server_port}/ravdess.zip"
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield state
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def remote(server: ArchiveServer, content: bytes) -> RemoteFile:
    return RemoteFile(server.url, len(content), hashlib.md5(content).hexdigest())


def params_for(url: str, content: bytes) -> dict:
    section = {"url": url, "bytes": len(content), "md5": hashlib.md5(content).hexdigest()}
    return {"download": section, "features": {"sample_rate_hz": 16000}}


def run(params: dict, mirror: Path | None, root: Path, expected: set[str] = NAMES) -> dict:
    download(params, mirror, root / "ravdess", root / "metrics.json", root / "cache", expected)
    return json.loads((root / "metrics.json").read_text())


def written(root: Path) -> dict[str, str]:
    files = sorted((root / "ravdess").rglob("*.flac"))
    return {str(file.relative_to(root)): hashlib.md5(file.read_bytes()).hexdigest() for file in files}


def test_a_connection_dropped_half_way_is_resumed_where_it_broke(server, archive, tmp_path):
    server.drops = 1
    path = fetch(remote(server, archive), tmp_path, pause_s=0)
    assert path.read_bytes() == archive
    assert len(server.ranges) == 2
    start = int(server.ranges[1].removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= len(archive) // 2


def test_the_next_run_goes_on_with_what_an_interrupted_one_left(server, archive, tmp_path):
    (tmp_path / "ravdess.zip.partial").write_bytes(archive[:70000])
    assert fetch(remote(server, archive), tmp_path).read_bytes() == archive
    assert server.ranges == ["bytes=70000-"]


def test_a_server_that_ignores_ranges_gets_a_fresh_start(server, archive, tmp_path):
    server.drops, server.honours_range = 1, False
    assert fetch(remote(server, archive), tmp_path, pause_s=0).read_bytes() == archive


def test_what_was_downloaded_once_is_not_asked_for_again(server, archive, tmp_path):
    fetch(remote(server, archive), tmp_path)
    fetch(remote(server, archive), tmp_path)
    assert len(server.ranges) == 1


def test_a_file_with_the_wrong_md5_is_refused_and_kept_aside(server, archive, tmp_path):
    server.content = archive[:-1] + b"?"
    with pytest.raises(WrongFileError, match=r"md5 \w+, expected \w+.*ravdess.zip.wrong-md5"):
        fetch(remote(server, archive), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"ravdess.zip.wrong-md5"}
    server.content = archive
    assert fetch(remote(server, archive), tmp_path).read_bytes() == archive


@pytest.mark.parametrize("extra", [-1000, 1000])
def test_a_file_of_the_wrong_size_is_refused_and_kept_aside(server, archive, tmp_path, extra):
    server.content = (archive + bytes(1000))[: len(archive) + extra]
    with pytest.raises(WrongFileError, match=rf"expected {len(archive)}"):
        fetch(remote(server, archive), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"ravdess.zip.wrong-size"}


def test_an_address_that_is_gone_fails_at_once(server, archive, tmp_path):
    server.status = 404
    with pytest.raises(DownloadError, match="404"):
        fetch(remote(server, archive), tmp_path)
    assert len(server.ranges) == 1


def test_a_broken_server_is_asked_a_few_times_only(server, archive, tmp_path):
    server.status = 503
    with pytest.raises(DownloadError, match="3 attempts"):
        fetch(remote(server, archive), tmp_path, pause_s=0)
    assert len(server.ranges) == 3


def test_without_network_and_mirror_the_stage_says_in_seconds_what_to_set(tmp_path, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/ravdess.zip"
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("UNDERTONE_DATA", raising=False)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "params.yaml").write_text(json.dumps(params_for(url, b"x")))
        started_s = time.monotonic()
        with pytest.raises(SystemExit, match=rf"(?s){re.escape(url)}.*set UNDERTONE_DATA"):
            main()
    assert time.monotonic() - started_s < 10
    assert not (tmp_path / "ravdess").exists()


def test_the_archive_becomes_16_khz_mono_flac_and_a_summary(server, archive, tmp_path):
    server.drops = 1
    summary = run(params_for(server.url, archive), None, tmp_path)
    assert (summary["clips"], summary["actors"], summary["stereo_clips"]) == (120, 2, [STEREO])
    info = soundfile.info(tmp_path / "ravdess" / "Actor_10" / f"{STEREO}.flac")
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (16000, 1, "PCM_16", 800)


def test_wav_archive_flac_mirror_and_archive_in_a_mirror_write_the_same_bytes(server, archive, tmp_path):
    params = params_for(server.url, archive)
    flac, packed = tmp_path / "flac", tmp_path / "packed"
    for name in NAMES:
        path = flac / "ravdess" / "deep" / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(name, "FLAC"))
    (packed / "ravdess").mkdir(parents=True)
    (packed / "ravdess" / "ravdess.zip").write_bytes(archive)
    roots = [tmp_path / "1", tmp_path / "2", tmp_path / "3"]
    summaries = [run(params, mirror, root) for mirror, root in zip((None, flac, packed), roots, strict=True)]
    assert len(written(roots[0])) == 120
    assert written(roots[0]) == written(roots[1]) == written(roots[2])
    assert summaries[0] == summaries[1] == summaries[2]


def test_an_archive_without_some_clips_is_refused_by_their_names(server, tmp_path):
    content = pack({name: encoded(name, "WAV") for name in sorted(NAMES) if name != STEREO})
    server.content = content
    with pytest.raises(RavdessError, match=f"1 missing: {STEREO}"):
        run(params_for(server.url, content), None, tmp_path)
    assert not (tmp_path / "ravdess").exists()


def test_a_clip_that_is_no_sound_is_named_and_the_old_clips_stay(server, archive, tmp_path):
    run(params_for(server.url, archive), None, tmp_path)
    before = written(tmp_path)
    clips = {name: encoded(name, "WAV") for name in sorted(NAMES)} | {STEREO: b"not a sound"}
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "ravdess.zip").write_bytes(pack(clips))
    with pytest.raises(RavdessError, match=f"{STEREO} cannot be decoded"):
        run(params_for(server.url, pack(clips)), mirror, tmp_path)
    assert written(tmp_path) == before


@pytest.mark.parametrize(("kept", "why"), [(0.5, "cut short"), (None, "no sample")])
def test_a_wav_that_ends_early_or_holds_nothing_is_named(kept, why, server, archive, tmp_path):
    whole = encoded(STEREO, "WAV")
    header = io.BytesIO()
    soundfile.write(header, np.zeros(0, np.int16), 48_000, format="WAV")
    broken = whole[: int(kept * len(whole))] if kept else header.getvalue()
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    clips = {name: encoded(name, "WAV") for name in sorted(NAMES)} | {STEREO: broken}
    (mirror / "ravdess.zip").write_bytes(pack(clips))
    with pytest.raises(RavdessError, match=f"{STEREO} cannot be decoded: .*{why}"):
        run(params_for(server.url, pack(clips)), mirror, tmp_path)


def test_a_mirror_without_ravdess_is_refused_by_name(server, archive, tmp_path):
    with pytest.raises(RavdessError, match=re.escape(f"UNDERTONE_DATA={tmp_path} holds neither")):
        run(params_for(server.url, archive), tmp_path, tmp_path)


@pytest.mark.ravdess
def test_real_clips_packed_as_wav_give_the_bytes_that_the_flac_mirror_gives(ravdess_mirror, tmp_path):
    names = {"03-01-02-01-01-02-01", "03-01-05-02-01-01-01", "03-01-06-01-01-02-20"}
    few, packed, clips = tmp_path / "few", tmp_path / "packed", {}
    (few / "ravdess").mkdir(parents=True)
    for path in ravdess_mirror.rglob("*.flac"):
        if path.stem in names:
            (few / "ravdess" / path.name).write_bytes(path.read_bytes())
            sound, rate_hz = soundfile.read(path, dtype="int16")
            buffer = io.BytesIO()
            soundfile.write(buffer, sound, rate_hz, format="WAV", subtype="PCM_16")
            clips[path.stem] = buffer.getvalue()
    content = pack(clips)
    packed.mkdir()
    (packed / "ravdess.zip").write_bytes(content)
    params = params_for("http://127.0.0.1/ravdess.zip", content)
    first, second = (run(params, mirror, tmp_path / mirror.name / "out", names) for mirror in (few, packed))
    assert first == second
    assert written(few / "out") == written(packed / "out")
    assert first["stereo_clips"] == ["03-01-02-01-01-02-01", "03-01-06-01-01-02-20"]
