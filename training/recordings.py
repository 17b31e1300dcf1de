"""Reads the recordings of a labelled set: any audio or video file that PyAV decodes, cut to its speech as in service.

What has no text is written down by Faster-Whisper.
"""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
from faster_whisper import WhisperModel, decode_audio
from numpy.typing import NDArray

from training.labeled_set import LabeledSetError
from training.text_sources import CONNECT_TIMEOUT_S, HUB_HOST
from training.trim import speech_bounds

Waveform = NDArray[np.float32]


def read_recording(path: Path) -> Waveform:
    """Return the whole sound of `path`, (samples,) at 16 kHz in [-1, 1]; channels are mixed.

    Raises:
        LabeledSetError: the file holds no sound that can be decoded.
    """
    try:
        waveform = decode_audio(str(path), sampling_rate=16_000)
    except (av.error.FFmpegError, IndexError, TypeError) as error:  # no such stream, no frame in it
        raise LabeledSetError(f"{path}: no sound can be read from it ({error})") from None
    return np.asarray(waveform, dtype=np.float32)


def read_speech(path: Path, vad: Mapping[str, float]) -> Waveform:
    """Return the part of `path` that the speech gate takes for speech; `vad` is the section of params.yaml."""
    waveform = read_recording(path)
    bounds = speech_bounds(waveform, vad)
    return waveform[bounds.start : bounds.end]


class Transcriber:
    """Writes recordings down with the Faster-Whisper model `name`, a hub name or a folder; loaded when first needed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._model: WhisperModel | None = None

    def __call__(self, path: Path) -> str:
        """Return the words of the recording in `path`, "" where the model hears none.

        Raises:
            LabeledSetError: the recording cannot be read, or the model cannot be had.
        """
        waveform = read_recording(path)
        if self._model is None:
            self._model = self._load(path)
        # Without temperature 0 a doubtful decoding is repeated at random.
        segments, _ = self._model.transcribe(
            waveform, beam_size=1, temperature=0.0, without_timestamps=True, condition_on_previous_text=False
        )
        return " ".join(segment.text.strip() for segment in segments)

    def _load(self, path: Path) -> WhisperModel:
        settings = {"device": "cpu", "compute_type": "int8", "cpu_threads": 1}
        try:
            return WhisperModel(self._name, local_files_only=True, **settings)
        except (OSError, ValueError, RuntimeError):  # not in the cache, or no such name
            pass
        try:
            if not os.environ.get("HF_HUB_OFFLINE"):
                socket.create_connection((HUB_HOST, 443), timeout=CONNECT_TIMEOUT_S).close()
            return WhisperModel(self._name, **settings)
        except (OSError, ValueError, RuntimeError) as error:
            raise LabeledSetError(
                f"{path} has no text, and the model {self._name!r} that would write it down cannot be had ({error}): "
                "fill in the column text, or set fusion.asr_model of params.yaml to a model's folder"
            ) from None
