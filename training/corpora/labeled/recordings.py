"""Reads the recordings of a labelled set: any audio file that the library reads, cut to its speech as in service.

What has no text is written down by the recogniser of the service.
"""

from collections.abc import Mapping
from pathlib import Path

from training.corpora.labeled.labeled_set import LabeledSetError
from training.features.trim import speech_bounds
from undertone.audio import Samples, to_float
from undertone.audio_file import AudioFileError, read
from undertone.words.engines.recogniser import AsrSettings, Recogniser, load_recogniser
from undertone.words.transcript import AsrError

HUB_WAIT_S = 120.0  # longer than a server waits; what was fetched by then is kept, and the next run goes on from there


def read_recording(path: Path) -> Samples:
    """Return the whole sound of `path`, int16 (samples,) at 16 kHz; channels are mixed.

    Raises:
        LabeledSetError: the file holds no sound that can be decoded.
    """
    try:
        return read(path)
    except AudioFileError as error:
        raise LabeledSetError(f"{path}: no sound can be read from it ({error})") from None


def read_speech(path: Path, vad: Mapping[str, float]) -> Samples:
    """Return the part of `path` that the speech gate takes for speech; `vad` is the section of params.yaml."""
    samples = read_recording(path)
    bounds = speech_bounds(to_float(samples), vad)
    return samples[bounds.start : bounds.end]


class Transcriber:
    """Writes recordings down with the Whisper `name`, a hub name or a folder, as in service; loaded when needed.

    Words that the service would drop as invented are dropped here too.
    """

    def __init__(self, name: str) -> None:
        self._settings = AsrSettings(model=name, hub_wait_s=HUB_WAIT_S)
        self._recogniser: Recogniser | None = None

    def __call__(self, path: Path) -> str:
        """Return the words of the recording in `path`, "" where none are heard.

        Raises:
            LabeledSetError: the recording cannot be read, or the model cannot be loaded.
        """
        samples = read_recording(path)
        try:
            self._recogniser = self._recogniser or load_recogniser(self._settings)
            heard = self._recogniser.transcribe(samples)
        except AsrError as error:
            raise LabeledSetError(
                f"{path} has no text, and the model {self._settings.model!r} that would write it down cannot be loaded "
                f"({error}): fill in the column text, or set fusion.asr_model of params.yaml to a model's folder"
            ) from None
        return "" if heard.rejected else heard.text
