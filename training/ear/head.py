"""The head over an encoding: a logistic regression on the eight emotions, folded into the three labels.

RAVDESS says two sentences and most of its clips are loud with feeling. Three things make the head fit for other speech,
all from our own sentences in the neutral voices of the tuning half:

    content    differences of what one voice makes of two sentences are added to clips: other words, the same feeling
    neutral    the voices themselves are a little more neutral speech to learn from
    centred    each clip a second time, moved as if an average speaker had said it (undertone/voice/baseline.py)

A linear head grows surer without bound with distance; beyond the distance of most of what it was fitted on, its logits
are divided by how much further an encoding lies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from undertone.labels import LABELS, RAVDESS_EMOTIONS, label_index
from undertone.scoring.calibration import best_temperature

EMOTIONS = tuple(RAVDESS_EMOTIONS.values())
NEUTRAL = EMOTIONS.index("neutral")
ITERATIONS = 300

Vectors = NDArray[np.float64]
Classes = NDArray[np.int64]


@dataclass(frozen=True)
class Head:
    """What `fit_head` found, for encodings (n, width) of one encoder.

    centre, scale (width,): what makes an encoding comparable.
    weight (width, 8), bias (8,): logits of the emotions.
    means (8, width): the mean encoding of each emotion.
    labels, shares (8,), (3,): the label of each emotion, and how frequent each label was.
    familiar: the root mean square of a standardised encoding that most of what was fitted on stays below.
    temperature: divides the logits of the labels.
    """

    centre: Vectors
    scale: Vectors
    weight: Vectors
    bias: Vectors
    means: Vectors
    labels: tuple[int, ...]
    shares: Vectors
    familiar: float
    temperature: float = 1.0

    @property
    def groups(self) -> list[list[int]]:
        """Return the positions of the emotions of each label."""
        return [[e for e, label in enumerate(self.labels) if label == wanted] for wanted in range(len(LABELS))]

    def emotions(self, encodings: NDArray[np.floating]) -> Vectors:
        """Return the log-probabilities (n, 8) of the emotions, in the order of RAVDESS."""
        standard = self._standard(encodings)
        distance = np.sqrt(np.mean(standard**2, axis=1, keepdims=True))
        flattening = np.maximum(1.0, distance / self.familiar)
        return np.asarray(log_softmax((standard @ self.weight + self.bias) / flattening, axis=1))

    def logits(self, encodings: NDArray[np.floating]) -> Vectors:
        """Return the logits (n, 3) of the labels, each equally likely before the sound was heard."""
        emotions = self.emotions(encodings)
        summed = np.stack([logsumexp(emotions[:, group], axis=1) for group in self.groups], axis=1)
        return (summed - np.log(self.shares)) / self.temperature

    def residuals(self, encodings: NDArray[np.floating]) -> Vectors:
        """Return what is left of `encodings` (n, width) without the emotions that are heard in them: their speaker."""
        return np.asarray(encodings - np.exp(self.emotions(encodings)) @ self.means)

    def calibrated(self, encodings: NDArray[np.floating], actual: Classes) -> "Head":
        """Return the head with the temperature of least log loss on `encodings` and their labels (n,)."""
        logits = replace(self, temperature=1.0).logits(encodings)
        return replace(self, temperature=best_temperature(logits.astype(np.float32), actual))

    def _standard(self, encodings: NDArray[np.floating]) -> Vectors:
        return np.asarray((encodings - self.centre) / self.scale)


@dataclass(frozen=True)
class Material:
    """What a head is fitted on: `clean` and each of `disturbed` (n, width) are the same n clips, in one order.

    `emotions` and `actors` (n,) are theirs; each of `voices` (m, width) is one neutral voice that says many sentences.
    """

    clean: Vectors
    disturbed: Sequence[Vectors]
    emotions: Classes
    actors: Classes
    voices: Sequence[Vectors]


def fit_head(material: Material, labels: Mapping[str, str], section: Mapping[str, Any]) -> Head:
    """Return the head, not calibrated yet; `labels` and `section` are `labels` and `train_ear` of params.yaml.

    Deterministic on one kind of CPU.
    """
    rng = np.random.default_rng(section["seed"])
    rows, emotions, weights = _rows(material, rng, section)
    scaler = StandardScaler().fit(rows)
    standard = scaler.transform(rows)
    fitted = LogisticRegression(C=section["strength"], max_iter=ITERATIONS, tol=1e-4)
    fitted.fit(standard, emotions, sample_weight=weights)
    of_emotion = tuple(label_index(labels[emotion]) for emotion in EMOTIONS)
    counts = np.bincount(np.take(of_emotion, material.emotions), minlength=len(LABELS))
    return Head(
        centre=scaler.mean_,
        scale=scaler.scale_,
        weight=fitted.coef_.T,
        bias=fitted.intercept_,
        means=_means(material.clean, material.emotions),
        labels=of_emotion,
        shares=counts / counts.sum(),
        familiar=float(np.quantile(np.sqrt(np.mean(standard**2, axis=1)), section["familiar_share"])),
    )


def _rows(
    material: Material, rng: np.random.Generator, section: Mapping[str, Any]
) -> tuple[Vectors, Classes, NDArray[np.float64]]:
    """Return rows, emotions and weights: clips and voices as they are and with other words, clips also centred."""
    clips = np.concatenate([material.clean, *material.disturbed])
    offset = _offsets(material)
    copies = 1 + len(material.disturbed)
    clips = np.concatenate([clips, clips - np.tile(offset, (copies, 1))])
    neutral = np.concatenate(material.voices)
    rows = np.concatenate([clips, neutral])
    emotions = np.concatenate([np.tile(material.emotions, 2 * copies), np.full(len(neutral), NEUTRAL)])
    weights = np.concatenate([np.full(len(clips), 0.5), np.full(len(neutral), section["neutral_weight"])])
    drawn = [rows + _other_words(material.voices, len(rows), rng) for _ in range(section["other_words"])]
    times = 1 + len(drawn)
    return np.concatenate([rows, *drawn]), np.tile(emotions, times), np.tile(weights, times)


def _offsets(material: Material) -> Vectors:
    """Return for each clip how far its actor's mean encoding lies from that of all actors (n, width)."""
    means = {actor: material.clean[material.actors == actor].mean(axis=0) for actor in np.unique(material.actors)}
    return np.stack([means[actor] for actor in material.actors]) - np.mean(list(means.values()), axis=0)


def _other_words(voices: Sequence[Vectors], count: int, rng: np.random.Generator) -> Vectors:
    """Return differences (count, width) of two sentences of one voice, drawn at random."""
    voice = rng.integers(len(voices), size=count)
    first, second = ([int(rng.integers(len(voices[v]))) for v in voice] for _ in range(2))
    return np.stack([voices[v][a] - voices[v][b] for v, a, b in zip(voice, first, second, strict=True)])


def _means(clean: Vectors, emotions: Classes) -> Vectors:
    return np.stack([clean[emotions == emotion].mean(axis=0) for emotion in range(len(EMOTIONS))])
