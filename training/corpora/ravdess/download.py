"""Stage `download`: RAVDESS as 16 kHz mono FLAC in `ravdess/Actor_NN/`, from a local mirror or from Zenodo.

`UNDERTONE_DATA` names a mirror: a folder with `ravdess/` (clips at any depth) or with the archive itself. Without it
the archive of params.yaml is fetched into a cache (training/corpora/ravdess/archive.py). The written files do not
depend on the source. Run it as `python -m training.corpora.ravdess.download`.
"""

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from tqdm import tqdm

from training.corpora.ravdess.archive import DownloadError, RemoteFile, WrongFileError, check_file, fetch
from training.corpora.ravdess.names import (
    ClipFiles,
    RavdessError,
    check_complete,
    clips_in_folder,
    clips_in_zip,
    expected_names,
    parse_name,
)
from training.files import CLIPS, DATA_METRICS
from training.params import load_params

MIRROR_VARIABLE = "UNDERTONE_DATA"
CACHE = Path(".cache/undertone")

Pcm = NDArray[np.int16]


def to_pcm(content: bytes, rate_hz: int) -> tuple[Pcm, int]:
    """Decode a sound file; return int16 samples (samples,) at `rate_hz` and the number of channels it had.

    Channels are averaged, then resampled (soxr, very high quality), rounded and clipped.

    Raises:
        RavdessError: it is a WAV that ends before its end, which libsndfile reads as far as it goes, or has no sample.
    """
    if content[:4] == b"RIFF" and (whole := 8 + int.from_bytes(content[4:8], "little")) > len(content):
        raise RavdessError(f"it is cut short: {len(content)} of {whole} bytes")
    sound, source_rate_hz = soundfile.read(io.BytesIO(content), dtype="int16", always_2d=True)
    if not len(sound):
        raise RavdessError("it holds no sample")
    mono = sound.mean(axis=1, dtype=np.float64)
    resampled = soxr.resample(mono, source_rate_hz, rate_hz, quality="VHQ")
    return np.rint(resampled).clip(-32768, 32767).astype(np.int16), sound.shape[1]


def write_clips(clips: ClipFiles, folder: Path, rate_hz: int) -> dict[str, Any]:
    """Write every clip as `Actor_NN/<name>.flac` under `folder` and return what metrics/ravdess.json says of them."""
    digests: dict[str, str] = {}
    stereo: list[str] = []
    for name in tqdm(sorted(clips), desc="converting", unit="clip", mininterval=1.0):
        try:
            pcm, channels = to_pcm(clips[name](), rate_hz)
        except (RavdessError, soundfile.LibsndfileError, zipfile.BadZipFile) as error:
            raise RavdessError(f"clip {name} cannot be decoded: {error}") from error
        path = folder / parse_name(name).folder / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, pcm, rate_hz, subtype="PCM_16")
        digests[name] = hashlib.md5(pcm.astype("<i2").tobytes(), usedforsecurity=False).hexdigest()
        if channels > 1:
            stereo.append(name)
    return {
        "clips": len(digests),
        "actors": len({parse_name(name).actor for name in digests}),
        "stereo_clips": stereo,
        "data_md5": _data_md5(digests),
    }


@contextmanager
def open_source(mirror: Path | None, file: RemoteFile, cache: Path) -> Iterator[ClipFiles]:
    """Give the clips of the mirror if one is named, else those of the archive on the net.

    Raises:
        RavdessError: the mirror holds neither clips nor the archive, or misnamed clips.
        WrongFileError, DownloadError: see training/corpora/ravdess/archive.py.
    """
    if mirror is None:
        archive = fetch(file, cache)
    else:
        clips = clips_in_folder(mirror / "ravdess")
        if clips:
            yield clips
            return
        archive = _archive_in(mirror, file)
    with zipfile.ZipFile(archive) as content:
        yield clips_in_zip(content)


def download(
    params: Mapping[str, Any],
    mirror: Path | None,
    output: Path = CLIPS,
    metrics: Path = DATA_METRICS,
    cache: Path = CACHE,
    expected: set[str] | None = None,
) -> None:
    """Write `output` and `metrics`; `expected` are the names of the clips there must be (all of RAVDESS by default).

    Everything is written in `cache` first and moved when it is whole.
    """
    section = params["download"]
    file = RemoteFile(section["url"], section["bytes"], section["md5"])
    with open_source(mirror, file, cache) as clips:
        check_complete(clips, expected_names() if expected is None else expected)
        building = cache / "ravdess.partial"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        summary = write_clips(clips, building, params["features"]["sample_rate_hz"])
    shutil.rmtree(output, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    building.rename(output)
    metrics.parent.mkdir(parents=True, exist_ok=True)
    metrics.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _archive_in(mirror: Path, file: RemoteFile) -> Path:
    for archive in (mirror / file.name, mirror / "ravdess" / file.name):
        if archive.is_file():
            check_file(archive, file)
            return archive
    raise RavdessError(
        f"{MIRROR_VARIABLE}={mirror} holds neither ravdess/ with 03-01-*.wav or .flac nor {file.name}; "
        f"correct it, or unset it to download from {file.url}"
    )


def _data_md5(digests: Mapping[str, str]) -> str:
    lines = "".join(f"{name} {digests[name]}\n" for name in sorted(digests))
    return hashlib.md5(lines.encode(), usedforsecurity=False).hexdigest()


def main() -> None:
    """Run the stage with params.yaml and the environment."""
    mirror = os.environ.get(MIRROR_VARIABLE)
    try:
        download(load_params(), Path(mirror) if mirror else None)
    except DownloadError as error:
        raise SystemExit(
            f"RAVDESS could not be downloaded: {error}\n"
            f"Tried {MIRROR_VARIABLE} (not set), then this address. Run again to resume, or set {MIRROR_VARIABLE} "
            "to a folder that holds ravdess/ with the clips, or the archive."
        ) from None
    except (RavdessError, WrongFileError) as error:
        raise SystemExit(f"RAVDESS cannot be used: {error}") from None


if __name__ == "__main__":
    main()
