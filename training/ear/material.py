"""What a head is fitted on, from the table of encodings: clips, clean and disturbed, and neutral voices."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.corpora.ravdess.clips import Clip
from training.ear.head import EMOTIONS, Head, Material, fit_head
from training.encoder.table import CLEAN, Encodings

FITTED = "fit_"  # how the conditions begin that only heads are fitted under


def material(encodings: Encodings, clips: Sequence[Clip], voices: Sequence[str]) -> Material:
    """Return what a head is fitted on: `clips`, and our sentences in the neutral `voices`."""
    names = [clip.name for clip in clips]
    disturbed = sorted({name for name in encodings.conditions if name.startswith(FITTED)})
    return Material(
        clean=encodings.of(CLEAN, names).astype(np.float64),
        disturbed=[encodings.of(condition, names).astype(np.float64) for condition in disturbed],
        emotions=np.array([EMOTIONS.index(clip.emotion) for clip in clips]),
        actors=np.array([clip.actor for clip in clips]),
        voices=[encodings.spoken([voice]).astype(np.float64) for voice in voices],
    )


def fitted(encodings: Encodings, clips: Sequence[Clip], params: Mapping[str, Any], section: Mapping[str, Any]) -> Head:
    """Return a head of `clips`, not calibrated yet; `section` of `params` is `train_ear`, or one like it."""
    voices = list(params["spoken"]["voices"]["tuning"])
    return fit_head(material(encodings, clips, voices), params["labels"], section)
