"""Where speech starts and ends in a clip: by the speech gate as in service, by energy where the gate hears nothing.

The same code, network and numbers gate speech in service (undertone/gate/listener.py), so the network learns on what it
will be given.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from training.features.silero import published_silero
from undertone.audio import FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS, to_int16
from undertone.gate.listener import utterances
from undertone.gate.settings import vad_settings

# What Silero is used with elsewhere: the comparison that says what the gate adds.
SILERO_ALONE = VadOptions(threshold=0.5, neg_threshold=0.35, min_speech_duration_ms=250, min_silence_duration_ms=500)


@dataclass(frozen=True)
class SpeechBounds:
    """Half-open range of samples to keep, and whether the gate heard speech in the clip."""

    start: int
    end: int
    heard: bool


def speech_bounds(waveform: NDArray[np.float32], vad: Mapping[str, float]) -> SpeechBounds:
    """Return what to keep of `waveform` (samples,), 16 kHz in [-1, 1]: from the first utterance to the last, padded.

    `vad` is the section of params.yaml. A clip that the gate hears nothing in is cut by `energy_bounds`, never dropped.
    """
    samples = to_int16(waveform)
    heard = utterances(samples, published_silero(), vad_settings(vad))
    if heard:
        return SpeechBounds(heard[0].start, heard[-1].end, heard=True)
    start, end = energy_bounds(waveform, vad["energy_floor_db"], int(vad["pad_ms"] * SAMPLES_PER_MS))
    return SpeechBounds(start, end, heard=False)


def silero_hears(waveform: NDArray[np.float32]) -> bool:
    """Return whether Silero alone, at its usual 0.5 and 0.35, finds speech in `waveform` (samples,), 16 kHz."""
    return bool(get_speech_timestamps(waveform, SILERO_ALONE, sampling_rate=RATE_HZ))


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
