"""What is longer than Whisper's window is heard in pieces, and each is judged by itself.

Utterances of a session never are (30 s at most); files given to /api/transcribe may last an hour.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from undertone.audio import RATE_HZ, Samples
from undertone.words.engines.pooling import combined, sound_frames
from undertone.words.reasons import Reason
from undertone.words.transcript import Segment, Sound, Transcript, Word

LONGEST_PIECE_S = 28.0
_QUIET_SAMPLES = RATE_HZ // 10
_SEARCH_S = 8.0

Timed = TypeVar("Timed", Segment, Word)


def by_pieces(sound: Sound, hear: Callable[[Sound], Transcript]) -> Transcript:
    """Return one transcript of `sound`, made by `hear` of its pieces, each with its share of `speech_ms`."""
    length = len(sound.samples)
    if not length:
        return Transcript("", rejected=Reason.NO_WORDS, decodings=0)
    parts, ranges = [], pieces(sound.samples)
    for start, end in ranges:
        share_ms = None if sound.speech_ms is None else round(sound.speech_ms * (end - start) / length)
        piece = replace(sound, samples=sound.samples[start:end], speech_ms=share_ms)
        parts.append(later(hear(piece), start / RATE_HZ))
    return replace(joined(parts), encoding=_encoding(parts, [sound_frames(end - start) for start, end in ranges]))


def pieces(samples: Samples) -> list[tuple[int, int]]:
    """Return where to cut `samples` (n,) so that no piece is longer than 28 s: half-open ranges that cover it.

    A cut is made in the quietest 100 ms of the last 8 s that the piece may have. 20 s -> [(0, 320000)].
    """
    longest, search = int(LONGEST_PIECE_S * RATE_HZ), int(_SEARCH_S * RATE_HZ)
    ranges, start = [], 0
    while len(samples) - start > longest:
        low = start + longest - search
        blocks = samples[low : start + longest].astype(np.float64).reshape(-1, _QUIET_SAMPLES)
        cut = low + int(np.square(blocks).mean(axis=1).argmin()) * _QUIET_SAMPLES + _QUIET_SAMPLES // 2
        ranges.append((start, cut))
        start = cut
    return [*ranges, (start, len(samples))]


def later(transcript: Transcript, seconds: float) -> Transcript:
    """Return `transcript` with its segments and words moved by `seconds`."""
    segments, words = _moved(transcript.segments, seconds), _moved(transcript.words, seconds)
    return replace(transcript, segments=segments, words=words)


def _moved(parts: tuple[Timed, ...], seconds: float) -> tuple[Timed, ...]:
    return tuple(replace(part, start_s=part.start_s + seconds, end_s=part.end_s + seconds) for part in parts)


def joined(parts: list[Transcript]) -> Transcript:
    """Return one transcript of the pieces that were accepted, or of all where none was."""
    if len(parts) == 1:
        return parts[0]
    kept = [part for part in parts if part.rejected is None] or parts
    first = kept[0]
    return Transcript(
        text=" ".join(part.text for part in kept if part.text),
        segments=tuple(segment for part in kept for segment in part.segments),
        words=tuple(word for part in kept for word in part.words),
        language=first.language,
        rejected=first.rejected,
        window_s=max(part.window_s or 0.0 for part in parts),
        decodings=sum(part.decodings for part in parts),
        evidence=first.evidence,
        encoder=first.encoder,
    )


def _encoding(parts: list[Transcript], frames: list[int]) -> NDArray[np.float32] | None:
    vectors = [part.encoding for part in parts if part.encoding is not None]
    return combined(vectors, frames) if len(vectors) == len(parts) else None
