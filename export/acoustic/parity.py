"""Does the graph compute what torch computes? Features and logits over a grid of signals, lengths and batch sizes.

The reference is torchaudio in single precision, which the network was trained on. It has a limit of its own: in the
nearly empty bands beside a loud pure tone the logarithm magnifies rounding, and torchaudio is up to 0.002 away from
its own double-precision features (0.0007 in the logits), the graph no more. The tones of the grid have the level of
speech, not full scale, so that the tolerances measure the graph.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from export.acoustic.graph import FEATURES, INPUT, OUTPUT, with_features
from export.onnx_file import session_of
from training.features.mfcc import mfcc_transform

Waveform = NDArray[np.float32]

LENGTHS_S = (0.025, 0.1, 0.5, 1.0, 1.01, 3.0, 15.0)
BATCHES = (1, 3)
TONE_LEVEL = 0.05
TONES_HZ = (440.0, 1234.5, 3003.3)  # on a bin of the DFT, and between bins


class ParityError(ValueError):
    """The graph strays from torch by more than the tolerance; the message names signal, length and batch."""


@dataclass(frozen=True)
class Case:
    """One point of the grid: a batch of waveforms (batch, samples) and what to call it."""

    kind: str
    waveform: Waveform

    def __str__(self) -> str:
        batch, samples = self.waveform.shape
        return f"{self.kind}, {samples} samples, batch {batch}"


@dataclass(frozen=True)
class Difference:
    """Largest absolute differences between graph and torch."""

    features: float
    logits: float


def grid(clip: Waveform, rate_hz: int) -> Iterator[Case]:
    """Yield every kind of signal in every length and batch size; `clip` (samples,) is real speech."""
    for length_s in LENGTHS_S:
        samples = round(length_s * rate_hz)
        for batch in BATCHES:
            for kind, signal in _signals(clip, samples, batch, rate_hz).items():
                yield Case(kind, signal.astype(np.float32))


def largest_differences(
    model: onnx.ModelProto,
    network: nn.Module,
    features: Mapping[str, Any],
    cases: Iterator[Case],
    feature_tolerance: float,
    logit_tolerance: float,
) -> dict[str, Difference]:
    """Return the largest difference of each kind of signal between `model` and torchaudio + `network`.

    Raises:
        ParityError: a case is outside its tolerance; the message names it.
    """
    session, transform = session_of(with_features(model)), mfcc_transform(features)
    largest: dict[str, Difference] = {}
    for case in cases:
        logits, mfcc = session.run([OUTPUT, FEATURES], {INPUT: case.waveform})
        with torch.no_grad():
            expected_mfcc = transform(torch.from_numpy(case.waveform))
            expected_logits = network(expected_mfcc)
        found = Difference(
            _distance(mfcc, expected_mfcc, "features", feature_tolerance, case),
            _distance(logits, expected_logits, "logits", logit_tolerance, case),
        )
        before = largest.get(case.kind, found)
        largest[case.kind] = Difference(max(before.features, found.features), max(before.logits, found.logits))
    return largest


def _distance(found: NDArray[np.float32], expected: torch.Tensor, what: str, tolerance: float, case: Case) -> float:
    if found.shape != tuple(expected.shape):
        raise ParityError(f"{what} of {case} have shape {found.shape}, torch gives {tuple(expected.shape)}")
    distance = float(np.abs(found - expected.numpy()).max())
    if not distance <= tolerance:  # also where it is not a number
        raise ParityError(f"{what} of {case} differ from torch by {distance:.2g}, tolerated are {tolerance:g}")
    return distance


def _signals(clip: Waveform, samples: int, batch: int, rate_hz: int) -> dict[str, NDArray[np.floating]]:
    random = np.random.default_rng(samples)
    time_s = np.arange(samples) / rate_hz
    noise = random.uniform(-1.0, 1.0, (batch, samples))
    quiet = 0.001 * random.standard_normal((batch, samples))
    width = min(rate_hz, samples // 3)  # a quiet second, or a quiet third of what is shorter
    middle = slice((samples - width) // 2, (samples + width) // 2)
    surrounded = noise.copy()
    surrounded[:, middle] = quiet[:, middle]
    starts = random.integers(0, len(clip), batch)
    return {
        "tone": TONE_LEVEL * np.stack([np.sin(2 * np.pi * hz * time_s) for hz in TONES_HZ[:batch]]),
        "noise": noise,
        "silence": np.zeros((batch, samples)),
        "quiet_in_loud": surrounded,
        "clip": np.stack([np.resize(np.roll(clip, -start), samples) for start in starts]),
    }
