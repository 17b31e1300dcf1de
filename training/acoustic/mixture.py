"""Several corpora in one training: their spectra, what each clip is to be given, and how often each is drawn.

With RAVDESS alone all of this is what it was without other corpora, to the last bit.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.acoustic.resnet import EMOTIONS
from training.acoustic.resnet_fitting import targets_of
from training.corpora.ravdess.clips import Clip
from training.corpora.several.clips import OtherClip
from training.features.spectra import MelSpectra, Spectra, at_speed

UNKNOWN = -1  # the emotion of a clip of which only the label is known


def divided(clips: Sequence[Clip]) -> tuple[list[Clip], list[OtherClip]]:
    """Return the clips of RAVDESS, and those of other corpora."""
    own = [clip for clip in clips if not isinstance(clip, OtherClip)]
    return own, [clip for clip in clips if isinstance(clip, OtherClip)]


def spectra_of(clip: OtherClip, speeds: Sequence[float], mel: MelSpectra) -> Spectra:
    """Return the spectra of a clip of another corpus, as training/features/spectra.py makes those of RAVDESS."""
    emotion = EMOTIONS.index(clip.emotion) if clip.emotion else UNKNOWN
    return Spectra(emotion, tuple(mel.power(at_speed(clip.waveform, speed, mel.rate_hz)) for speed in speeds))


def targets(
    clips: Sequence[Clip],
    teacher: Callable[[Sequence[Clip]], NDArray[np.float64]] | None,
    settings: Mapping[str, Any],
    labels: Mapping[str, str],
) -> Tensor:
    """Return the probabilities (clips, 8) of the emotions that each clip is to be given, RAVDESS first.

    The teacher hears RAVDESS only. A clip of which only the label is known shares itself out over the emotions that
    `labels` gives that label.
    """
    own, others = divided(clips)
    emotions = torch.tensor([EMOTIONS.index(clip.emotion) for clip in own], dtype=torch.int64)
    taught = torch.from_numpy(teacher(own)).float() if teacher else None
    ours = targets_of(emotions, taught, settings)
    if not others:
        return ours
    shares = torch.stack([_shares(clip, labels) for clip in others])
    smoothing = settings["label_smoothing"]
    return torch.cat([ours, (1 - smoothing) * shares + smoothing / len(EMOTIONS)])


def _shares(clip: OtherClip, labels: Mapping[str, str]) -> Tensor:
    meant = [clip.emotion == emotion if clip.emotion else labels[emotion] == clip.label for emotion in EMOTIONS]
    return torch.tensor(meant).float() / sum(meant)


def draws(clips: Sequence[Clip]) -> Tensor | None:
    """Return how often each of `clips` is drawn, (clips,): corpora count alike, and in each of them labels.

    None with RAVDESS alone: every clip is drawn once in each epoch.
    """
    _, others = divided(clips)
    if not others:
        return None
    kinds = [(clip.corpus if isinstance(clip, OtherClip) else "", clip.label) for clip in clips]
    counts, labels = Counter(kinds), Counter(corpus for corpus, _ in set(kinds))
    return torch.tensor([1 / (counts[kind] * labels[kind[0]]) for kind in kinds])
