"""How much Whisper's encoder is given: it takes 30 s for every utterance, but need not.

CTranslate2 encodes features of any length up to 30 s, and most of the time of a short utterance goes there. A window
that is too short makes Whisper repeat itself or fall silent (OpenNMT/CTranslate2 issue 2100); down to 10 s others
measured no loss (ggml-org/whisper.cpp issue 1855). What goes wrong in a short window is decoded again in the full one.
"""

from undertone.words.settings import AsrSettings

FULL_WINDOW_S = 30.0
FRAMES_PER_SECOND = 100


def window_s(length_s: float, settings: AsrSettings) -> float:
    """Return what to encode for `length_s` of sound: 3 s -> 10 s, 9.5 s -> 11.5 s, 29 s -> 30 s by default."""
    if settings.window == "full":
        return FULL_WINDOW_S
    return min(FULL_WINDOW_S, max(settings.window_floor_s, length_s + settings.window_margin_s))


def window_frames(seconds: float) -> int:
    """Return the feature frames of a window, an even number, since the encoder halves them."""
    return 2 * round(seconds * FRAMES_PER_SECOND / 2)
