"""How much Whisper's encoder is given: it takes 30 s for every utterance, but need not.

CTranslate2 encodes features of any length up to 30 s, and most of the time of a short utterance goes there. A window
that is too short makes Whisper repeat itself or fall silent (OpenNMT/CTranslate2 issue 2100); down to 10 s others
measured no loss (ggml-org/whisper.cpp issue 1855). So a first window fits the utterance, and what is doubtful there
(undertone/words/plausibility/hearings.py) is decoded again in one of 10 s; what looks wrong there too, in one of 15 s:
that takes a quarter of the time of 30 s, and helps as often.
"""

from undertone.words.settings import AsrSettings

SECOND_WINDOW_S, THIRD_WINDOW_S, FULL_WINDOW_S = 10.0, 15.0, 30.0
MOST_WINDOWS = 3
FRAMES_PER_SECOND = 100


def windows_s(length_s: float, settings: AsrSettings) -> tuple[float, ...]:
    """Return what to encode for `length_s` of sound, one window after the other, each wider than the one before.

    2 s -> (4, 10, 15); 9.5 s -> (11, 15, 30); 29 s -> (30,) by default.
    """
    if settings.window == "full":
        return (FULL_WINDOW_S,)
    first = min(FULL_WINDOW_S, max(settings.window_floor_s, length_s + settings.window_margin_s))
    wider = [window for window in (SECOND_WINDOW_S, THIRD_WINDOW_S, FULL_WINDOW_S) if window > max(first, length_s)]
    return (first, *wider)[:MOST_WINDOWS]


def window_frames(seconds: float) -> int:
    """Return the feature frames of a window, an even number, since the encoder halves them."""
    return 2 * round(seconds * FRAMES_PER_SECOND / 2)
