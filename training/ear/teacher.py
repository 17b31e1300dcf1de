"""What the acoustic network is taught beside the acted emotion: what the recogniser's ear hears in each clip.

An actor means an emotion and shows another at times; a second opinion that never heard the actor tells which clips are
plain and what the others are like (Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network",
arXiv:1503.02531).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.corpora.ravdess.clips import Clip
from training.ear.head import EMOTIONS
from training.ear.material import fitted
from training.encoder.table import CLEAN, Encodings, load_encodings

GROUPS = 6  # of the actors: each group is heard by a head of the others
TAUGHT_UNDER = (CLEAN, "fit_noise")


def teacher_of(arch: str, params: Mapping[str, Any]) -> Callable[[Sequence[Clip]], NDArray[np.float64]] | None:
    """Return `taught` with the encodings of the stage `encoder_features`; None where `arch` gives it no share."""
    if not params["train"][arch].get("teacher_share"):
        return None
    return partial(taught, load_encodings(), params=params)


def taught(encodings: Encodings, clips: Sequence[Clip], params: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the probabilities (clips, 8) of the emotions in each clip, by heads that never heard its actor."""
    actors = sorted({clip.actor for clip in clips})
    answers = np.empty((len(clips), len(EMOTIONS)))
    for group in (actors[first::GROUPS] for first in range(min(GROUPS, len(actors)))):
        own = [position for position, clip in enumerate(clips) if clip.actor in group]
        head = fitted(
            encodings, [clip for clip in clips if clip.actor not in group], params, params["train"]["teacher"]
        )
        names = [clips[position].name for position in own]
        heard = [np.exp(head.emotions(encodings.of(condition, names))) for condition in TAUGHT_UNDER]
        answers[own] = np.mean(heard, axis=0)
    return answers
