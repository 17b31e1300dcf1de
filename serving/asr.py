"""Speech recognition: which engine runs, and why. What it answers is in serving/transcript.py."""

from typing import Any

from serving.asr_pocketsphinx import PocketsphinxRecogniser
from serving.asr_settings import AsrSettings
from serving.transcript import AsrModelError, AsrUnavailableError, Recogniser, Samples, Segment, Transcript

__all__ = [
    "AsrModelError",
    "AsrSettings",
    "AsrUnavailableError",
    "NoRecogniser",
    "Recogniser",
    "Segment",
    "Transcript",
    "load_recogniser",
]


class NoRecogniser:
    """The engine "none": every utterance goes without words."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @property
    def description(self) -> dict[str, Any]:
        """See `Recogniser`."""
        return {"engine": "none", "model": None, "open_vocabulary": False, "reason": self._reason}

    def transcribe(self, samples: Samples, language: str | None = None, speech_ms: int | None = None) -> Transcript:
        """Raise `AsrUnavailableError`."""
        raise AsrUnavailableError(f"no speech recognition: {self._reason}")


def load_recogniser(settings: AsrSettings) -> Recogniser:
    """Return an engine, loaded and warm."""
    return load_fallback(settings, f"{settings.model} could not be had: not built yet")


def load_fallback(settings: AsrSettings, reason: str) -> Recogniser:
    """Return the engine that runs where the model cannot be had."""
    return PocketsphinxRecogniser(settings, reason) if settings.fallback == "pocketsphinx" else NoRecogniser(reason)
