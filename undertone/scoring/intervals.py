"""The 95 % bootstrap intervals of all scores: what is drawn again and again, and the percentiles of what comes out.

Whatever several answers share is drawn as a whole: the clips of an actor, the pairs of a sentence or of a speaker. Such
answers are not independent, and drawing them one by one would make the intervals too narrow.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from undertone.scoring.scores import CLASSES, Labels, confusion

Values = NDArray[np.float64]
TAIL = 0.025  # the share that an interval leaves out at each end
UAR_TAIL = (
    1 - 0.95
) / 2  # 2e-17 more: with TAIL one interval of 40 would differ from what is recorded in its last digit


def percentiles(values: Values, tail: float = TAIL) -> tuple[float, float]:
    """Return the ends of the 95 % percentile interval of bootstrap `values` (samples,)."""
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def interval(values: Values, tail: float = TAIL) -> dict[str, float]:
    """Return `percentiles` as metrics files have them: `{"low": ..., "high": ...}`."""
    return dict(zip(("low", "high"), percentiles(values, tail), strict=True))


def uar_interval(actual: Labels, predicted: Labels, actors: Labels, samples: int, seed: int) -> dict[str, float]:
    """Return the interval of the UAR over actors, each (clips,): whole actors are drawn with replacement."""
    random = np.random.default_rng(seed)
    clips_of = [np.flatnonzero(actors == actor) for actor in np.unique(actors)]
    drawn = random.integers(len(clips_of), size=(samples, len(clips_of)))
    counts = np.stack([confusion(actual[clips], predicted[clips]) for clips in clips_of])[drawn].sum(axis=1)
    return interval((np.diagonal(counts, axis1=1, axis2=2) / counts.sum(axis=2)).mean(axis=1), UAR_TAIL)


def macro_f1_interval(actual: Labels, predicted: Labels, samples: int, seed: int) -> tuple[float, float]:
    """Return the interval of macro-F1 over rows, each (rows,).

    Drawing rows with replacement is drawing the cells of the confusion table from a multinomial.
    """
    labels = len(CLASSES)
    cells = np.bincount(actual * labels + predicted, minlength=labels**2)
    drawn = np.random.default_rng(seed).multinomial(len(actual), cells / len(actual), size=samples)
    tables = drawn.reshape(samples, labels, labels)
    hits = np.diagonal(tables, axis1=1, axis2=2)
    f1 = 2 * hits / np.maximum(tables.sum(axis=1) + tables.sum(axis=2), 1)
    return percentiles(f1.mean(axis=1))


def accuracy_interval(accuracy: float, rows: int, samples: int, seed: int) -> tuple[float, float]:
    """Return the interval of an accuracy over `rows`."""
    return percentiles(np.random.default_rng(seed).binomial(rows, accuracy, size=samples) / rows)


def resamples(clusters: Sequence[Labels], samples: int, seed: int) -> Values:
    """Return how often each of n answers is in each bootstrap sample, (samples, n); `clusters` are (n,) each.

    Each way to group the answers is drawn with replacement, independently of the others, and an answer as often as all
    of its groups (Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2)).
    """
    random = np.random.default_rng(seed)
    drawn = np.ones((samples, len(clusters[0])))
    for cluster in clusters:
        _, member = np.unique(cluster, return_inverse=True)
        groups = int(member.max()) + 1
        drawn *= random.multinomial(groups, np.full(groups, 1 / groups), size=samples)[:, member]
    return drawn
