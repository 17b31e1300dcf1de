"""Reads any audio file that libsndfile knows as 16 kHz mono int16, the only form of audio on the wire.

AudioFileError             the message names the file and says what is wrong with it
├── NotAudioError          libsndfile does not know what it is
├── EmptyAudioError        it holds no samples
├── DamagedAudioError      it breaks half-way, or holds samples that are not finite numbers
└── AudioTooLongError      it goes on for longer than the reader allows
"""

import math
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from undertone.audio import RATE_HZ, Floats, Samples, to_int16

_BLOCK_S = 1
_BLOCK_VALUES = 1 << 22  # of all channels: a block of a strange file must not fill the memory
_RATES_HZ = (1000, 768_000)
_UNKNOWN_FRAMES = (1 << 63) - 1  # what libsndfile says of a FLAC that was streamed into its file


class AudioFileError(ValueError):
    """An audio file cannot be read; the message names it and says why."""


class NotAudioError(AudioFileError):
    """It is no audio, or of a kind that libsndfile cannot read."""


class EmptyAudioError(AudioFileError):
    """It is audio without a sample."""


class DamagedAudioError(AudioFileError):
    """It cannot be read on, or holds samples that are not finite numbers."""


class AudioTooLongError(AudioFileError):
    """It is longer than `max_s`."""


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
    yield from decoded(path, str(path))


def duration_s(path: Path) -> float:
    """Return how long the file says it is, in seconds; 0 where it does not tell, or cannot be read."""
    try:
        with _opened(path, str(path)) as file:
            return 0.0 if file.frames == _UNKNOWN_FRAMES else float(file.frames / file.samplerate)
    except NotAudioError:
        return 0.0


def decoded(source: Path | int, name: str, max_s: float = math.inf) -> Generator[Samples, None, None]:
    """Yield `source`, a path or an open file descriptor at its start, as `blocks` does; errors speak of `name`.

    Raises:
        AudioFileError: one of the four; AudioTooLongError comes first where the header tells the length.
    """
    heard = 0
    with _opened(source, name) as file:
        _check(file, name, max_s)
        try:
            for block in _resampled(_frames(file, name), file.samplerate):
                heard += len(block)
                _check_length(heard / RATE_HZ, name, max_s)
                if len(block):
                    yield to_int16(block)
        except soundfile.LibsndfileError as error:
            where = f"broken after {heard / RATE_HZ:.0f} s"
            raise DamagedAudioError(f"{name}: {where} ({error.error_string})") from None
    if heard == 0:
        raise EmptyAudioError(f"{name}: the file holds no audio")


def from_array(samples: NDArray[Any], rate_hz: int) -> Iterator[Samples]:
    """Yield samples (n,) or (n, channels) at `rate_hz` as `blocks` yields the file that they were read from.

    Integers have the scale of their type, floats lie in [-1, 1].

    Raises:
        ValueError: another shape or type, samples that are not finite numbers, or a rate outside 1000 to 768000 Hz.
    """
    if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        raise ValueError(f"a sample rate of {rate_hz} Hz; {_RATES_HZ[0]} to {_RATES_HZ[1]} can be heard")
    if samples.ndim not in (1, 2) or 0 in samples.shape[1:] or samples.dtype.kind not in "if":
        raise ValueError(f"samples are (n,) or (n, channels), int or float, not {samples.dtype} of {samples.shape}")
    if not np.isfinite(samples).all():
        raise ValueError("samples must be finite numbers")
    scale = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype).max) + 1.0
    channels = samples[:, None] if samples.ndim == 1 else samples
    pieces = (channels[start : start + rate_hz] / scale for start in range(0, len(channels), rate_hz))
    for block in _resampled((piece.astype(np.float32) for piece in pieces), rate_hz):
        if len(block):
            yield to_int16(block)


def _opened(source: Path | int, name: str) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(source, closefd=False)
    except soundfile.LibsndfileError as error:
        raise NotAudioError(f"{name}: not audio that libsndfile can read ({error.error_string})") from None


def _check(file: soundfile.SoundFile, name: str, max_s: float) -> None:
    low, high = _RATES_HZ
    if not low <= file.samplerate <= high:
        raise NotAudioError(f"{name}: a sample rate of {file.samplerate} Hz; {low} to {high} can be read")
    if file.frames != _UNKNOWN_FRAMES:
        _check_length(file.frames / file.samplerate, name, max_s)


def _check_length(length_s: float, name: str, max_s: float) -> None:
    if length_s > max_s:
        raise AudioTooLongError(f"{name}: longer than the {max_s:g} s that are allowed")


def _frames(file: soundfile.SoundFile, name: str) -> Iterator[Floats]:
    frames = min(_BLOCK_S * file.samplerate, _BLOCK_VALUES // file.channels)
    while len(block := file.read(frames, dtype="float32", always_2d=True)):
        if not np.isfinite(block).all():
            raise DamagedAudioError(f"{name}: holds samples that are not finite numbers")
        yield block


def _resampled(blocks: Iterable[Floats], rate_hz: int) -> Iterator[Floats]:
    """Yield `blocks` (frames, channels) as one channel (samples,) of 16 kHz."""
    resampler = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32")
    for block in blocks:
        yield resampler.resample_chunk(np.ascontiguousarray(block.mean(axis=1)))
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)
