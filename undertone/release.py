"""A release that is open: its models, checked and warm, shared by all that is heard with them.

    release = open_release("models/promoted")
    release.analyze("talk.wav")     the utterances of a recording, each with its verdict
    release.stream()                the same while it is spoken

The files of a release and its manifest are undertone/manifest.py.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone import offline
from undertone.audio import FRAME_SAMPLES, Samples
from undertone.audio_file import blocks_of
from undertone.gate.ears import SpeechGate
from undertone.gate.silero import SileroModel
from undertone.manifest import ACOUSTIC_FILE, EAR_FILE, SERVED_FILES, VAD_FILE, Manifest, ManifestError, load
from undertone.stream.analysis import Stream
from undertone.stream.events import Final
from undertone.stream.settings import SettingError
from undertone.stream.utterance import Voice
from undertone.voice.acoustic import AcousticModel
from undertone.voice.ear import Ear
from undertone.weighting import FusionSettings, fusion_settings
from undertone.words.reading import Reader
from undertone.words.settings import AsrSettings


@dataclass(frozen=True)
class Release:
    """What it takes to hear and to judge: the manifest, one ONNX session for each model, the fusion's rule.

    `ear` is None where the release has none. `reader` finds words; it loads recogniser and text model when it is first
    asked, so that who needs none waits for none.
    """

    manifest: Manifest
    fusion: FusionSettings
    silero: SileroModel
    acoustic: AcousticModel
    ear: Ear | None
    reader: Reader

    def voice(self, samples: Samples) -> Voice:
        """Return what the voice says in an utterance, (n,) int16 at 16 kHz."""
        began_s = time.perf_counter()
        audio = self.acoustic.of_utterance(samples)
        return Voice(audio, 1000 * (time.perf_counter() - began_s))

    def analyze(
        self,
        source: str | Path | NDArray[Any],
        rate_hz: int | None = None,
        *,
        words: bool = True,
        **settings: Any,
    ) -> list[Final]:
        """Return the utterances of a recording, each with its words and its verdict, as a server gives for it.

        `source` is a file that libsndfile reads, or its samples, (n,) or (n, channels), integers or floats in [-1, 1],
        at `rate_hz`. `words` False: the voice judges alone. `settings` are those of a session: `endpoint_silence_ms`,
        `endpoint`, `max_utterance_ms`, `alpha`, `language`, `redact_text`, `baseline`.

        Raises:
            undertone.audio_file.AudioFileError: the file cannot be read; the message names it.
            undertone.stream.settings.SettingError: a setting is unknown or out of range; the message names it.
            ValueError: samples without a rate, or that are no audio.
        """
        stream = self.stream(words=words, **{**offline.UNHEARD, **settings})
        return list(offline.finals(stream, blocks_of(source, rate_hz)))

    def stream(self, *, words: bool = True, **settings: Any) -> Stream:
        """Return a stream to feed with 16 kHz mono audio; `words` and `settings` are those of `analyze`, and
        `mood_interval_ms` and `partials`.

        Raises:
            undertone.stream.settings.SettingError: a setting is unknown or out of range; the message names it.
        """
        stream = Stream(self, self.reader if words else None, settings)
        if words and (why := self.reader.refusal(settings.get("language"))):
            raise SettingError(f"language: {why}")
        return stream


def check_release(folder: Path) -> Manifest:
    """Return the manifest of `folder` after checking every file; opens no model, so it may be called before a fork.

    Raises:
        undertone.manifest.ReleaseError: what is wrong, and with which file.
    """
    manifest = load(folder)
    for name in SERVED_FILES:
        if name not in manifest.files:
            raise ManifestError(f"{folder} releases no {name}, which the service needs")
    if (EAR_FILE in manifest.files) != (manifest.ear is not None):
        raise ManifestError(f"{folder} must release {EAR_FILE} together with the settings `ear`, or neither")
    _fusion(manifest, folder)
    return manifest


def _fusion(manifest: Manifest, folder: Path) -> FusionSettings:
    try:
        return fusion_settings(manifest.fusion)
    except (ValueError, TypeError) as error:
        raise ManifestError(f"{folder}: {error}") from None


def open_release(folder: str | Path, asr: AsrSettings | None = None) -> Release:
    """Check `folder`, open its models and run each once, so that the first user does not wait for it.

    `asr` says how words are found, by default as a server does: Whisper tiny.en, from wherever it is at hand.

    Raises:
        undertone.manifest.ReleaseError: the folder is no release, or not whole; the message names file or key.
    """
    folder = Path(folder)
    manifest = check_release(folder)
    release = Release(
        manifest=manifest,
        fusion=_fusion(manifest, folder),
        silero=SileroModel(folder / VAD_FILE),
        acoustic=AcousticModel(folder / ACOUSTIC_FILE, manifest.acoustic),
        ear=Ear(folder / EAR_FILE, manifest.ear) if manifest.ear else None,
        reader=Reader(folder, asr),
    )
    gate = SpeechGate(release.silero)
    for _ in range(2):  # the second ear hears two frames at a time
        gate.hear(np.zeros(FRAME_SAMPLES, dtype=np.int16))
    return release


def describe_release(manifest: Manifest) -> dict[str, Any]:
    """Return what `/info` and `session.created` say of a release: schema, version and sha256 of each model."""
    models = {name: entry.sha256 for name, entry in manifest.files.items() if name.endswith(".onnx")}
    return {"schema_version": manifest.schema_version, "version": manifest.version, "models": models}
