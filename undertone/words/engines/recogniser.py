"""Speech recognition: which engine runs, and why. What an engine answers is in undertone/words/transcript.py."""

import logging

from undertone.words.engines.hub import HubError, find_model
from undertone.words.engines.packages import how_to_install
from undertone.words.engines.sphinx import PocketsphinxRecogniser
from undertone.words.engines.whisper import WhisperRecogniser
from undertone.words.languages import ENGLISH, refusal
from undertone.words.settings import AsrSettings
from undertone.words.transcript import (
    AsrModelError,
    AsrUnavailableError,
    NoRecogniser,
    Recogniser,
    Segment,
    Sound,
    Transcript,
)

__all__ = [
    "AsrModelError",
    "AsrSettings",
    "AsrUnavailableError",
    "NoRecogniser",
    "Recogniser",
    "Segment",
    "Sound",
    "Transcript",
    "load_recogniser",
]

log = logging.getLogger("undertone.asr")


def load_recogniser(settings: AsrSettings) -> Recogniser:
    """Return an engine, loaded and warm: the model, or the fallback where the hub does not give it in time.

    Raises:
        AsrModelError: `settings.model` is a folder without a model, or a name that no hub knows; a mistake to correct,
            so nothing falls back.
    """
    try:
        found = find_model(settings.model, settings.hub_wait_s)
    except HubError as error:
        log.warning("%s; %s runs instead%s", error, settings.fallback, how_to_install(settings.model))
        return load_fallback(settings, str(error))
    return WhisperRecogniser(settings, found.folder, f"as asked, from {found.source}", found.sha256)


def load_fallback(settings: AsrSettings, reason: str) -> Recogniser:
    """Return the engine that runs where the model cannot be loaded: none where pocketsphinx lacks the language."""
    if settings.fallback != "pocketsphinx":
        return NoRecogniser(reason)
    if wrong := refusal(settings.language, ENGLISH):
        return NoRecogniser(f"{reason}; pocketsphinx: {wrong}")
    return PocketsphinxRecogniser(settings, reason)
