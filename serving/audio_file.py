"""Reads any audio file that libsndfile knows as 16 kHz mono int16, the only form of audio on the wire.

AudioFileError   missing, empty, broken, or not audio; the message names the file
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16000
_BLOCK_S = 1

Samples = NDArray[np.int16]


class AudioFileError(ValueError):
    """An audio file cannot be read; the message names it and says why."""


def read(path: Path) -> Samples:
    """Return the whole file, (samples,) at 16 kHz: the same samples as `blocks`, joined.

    Raises:
        AudioFileError: see there.
    """
    return np.concatenate(list(blocks(path)))


def blocks(path: Path) -> Iterator[Samples]:
    """Yield the file in pieces of about a second, (samples,) int16 at 16 kHz; channels are averaged.

    A 16 kHz mono 16-bit file comes through bit for bit. A file may break half-way: what precedes was yielded by then.

    Raises:
        AudioFileError: the file is missing, no audio, empty, damaged, or holds samples that are not numbers.
    """
    if not path.is_file():
        raise AudioFileError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    heard = 0
    try:
        with soundfile.SoundFile(path) as file:
            for block in _resampled(file):
                heard += len(block)
                yield _int16(block, path)
    except soundfile.LibsndfileError as error:
        where = f"broken after {heard / SAMPLE_RATE_HZ:.0f} s" if heard else "not audio that libsndfile can read"
        raise AudioFileError(f"{path}: {where} ({error.error_string})") from None
    if heard == 0:
        raise AudioFileError(f"{path}: the file holds no audio")


def _resampled(file: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    resampler = soxr.ResampleStream(file.samplerate, SAMPLE_RATE_HZ, 1, dtype="float32")
    while len(block := file.read(_BLOCK_S * file.samplerate, dtype="float32", always_2d=True)):
        yield resampler.resample_chunk(np.ascontiguousarray(block.mean(axis=1)))
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _int16(block: NDArray[np.float32], path: Path) -> Samples:
    if not np.isfinite(block).all():
        raise AudioFileError(f"{path}: holds samples that are not finite numbers")
    return np.clip(np.rint(block * 32768), -32768, 32767).astype(np.int16)
