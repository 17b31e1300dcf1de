"""How much Whisper's encoder is given: it takes 30 s for every utterance, but need not.

CTranslate2 encodes features of any length up to 30 s, and most of the time of a short utterance goes there. A window
that is too short makes Whisper repeat itself or fall silent (OpenNMT/CTranslate2 issue 2100); down to 10 s others
measured no loss (ggml-org/whisper.cpp issue 1855). What goes wrong in a short window is decoded again in the full one.
"""

import numpy as np

from serving.asr_settings import AsrSettings
from serving.transcript import RATE_HZ, Samples

FULL_WINDOW_S = 30.0
FRAMES_PER_SECOND = 100
LONGEST_PIECE_S = 28.0
_QUIET_SAMPLES = RATE_HZ // 10
_SEARCH_S = 8.0


def window_s(length_s: float, settings: AsrSettings) -> float:
    """Return what to encode for `length_s` of sound: 3 s -> 10 s, 9.5 s -> 11.5 s, 29 s -> 30 s by default."""
    if settings.window == "full":
        return FULL_WINDOW_S
    return min(FULL_WINDOW_S, max(settings.window_floor_s, length_s + settings.window_margin_s))


def window_frames(seconds: float) -> int:
    """Return the feature frames of a window, an even number, since the encoder halves them."""
    return 2 * round(seconds * FRAMES_PER_SECOND / 2)


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
