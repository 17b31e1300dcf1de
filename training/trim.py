"""Where speech starts and ends in a clip: by Silero VAD as in service, by energy where Silero hears nothing.

The same model, thresholds and padding gate speech in service, so the network learns on what it will be given.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

FRAME_SAMPLES = 512  # 32 ms at 16 kHz, the step of Silero


@dataclass(frozen=True)
class SpeechBounds:
    """Half-open range of samples to keep, and whether Silero heard speech in the clip."""

    start: int
    end: int
    heard: bool


def speech_bounds(waveform: NDArray[np.float32], vad: Mapping[str, float], rate_hz: int) -> SpeechBounds:
    """Return what to keep of `waveform` (samples,), 16 kHz in [-1, 1]: from the first speech to the last, padded.

    `vad` is the section of params.yaml. A clip that Silero hears nothing in is cut by `energy_bounds`, never dropped.
    """
    options = VadOptions(
        threshold=vad["threshold"],
        neg_threshold=vad["release_threshold"],
        min_speech_duration_ms=int(vad["min_speech_ms"]),
        min_silence_duration_ms=int(vad["endpoint_silence_ms"]),
        speech_pad_ms=int(vad["pad_ms"]),
    )
    speech = get_speech_timestamps(waveform, options, sampling_rate=rate_hz)
    if speech:
        return SpeechBounds(int(speech[0]["start"]), int(speech[-1]["end"]), heard=True)
    start, end = energy_bounds(waveform, vad["energy_floor_db"], int(vad["pad_ms"] * rate_hz / 1000))
    return SpeechBounds(start, end, heard=False)


def energy_bounds(waveform: NDArray[np.float32], floor_db: float, pad_samples: int) -> tuple[int, int]:
    """Return the range from the first to the last 32 ms frame within `floor_db` of the loudest one, padded.

    Digital silence is kept whole.
    """
    padded = np.pad(waveform.astype(np.float64), (0, -len(waveform) % FRAME_SAMPLES))
    power = np.square(padded.reshape(-1, FRAME_SAMPLES)).mean(axis=1)
    loud = np.flatnonzero(power >= power.max() * 10 ** (-floor_db / 10))
    start = loud[0] * FRAME_SAMPLES - pad_samples
    end = (loud[-1] + 1) * FRAME_SAMPLES + pad_samples
    return max(0, int(start)), min(len(waveform), int(end))
