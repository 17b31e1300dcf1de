"""Sessions of one speaker, made of the clips of an actor: what a speaker's own baseline gains, and whether it harms.

    mixed           all clips of an actor in random order
    one_emotion     the clips of one emotion of an actor: a baseline must not take a mood that lasts for the speaker
    one_label       those of one label, the same for longer

Each utterance is judged by network and ear joined, the ear with and without `undertone.voice.baseline.Baseline`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from training.crossval.scores import Heard
from training.ear.head import Head
from undertone.probabilities import Probabilities, softmax
from undertone.scoring.scores import uar
from undertone.voice.baseline import Baseline
from undertone.voice.joined import logits_of_both

ORDERS = 3  # random ones of each session
HEARD_BEFORE = (0, 5, 10, 20, 40, 60)  # bounds of the groups that mixed sessions are reported in

Session = NDArray[np.int64]  # positions of clips, in the order in which they are spoken


@dataclass(frozen=True)
class Judges:
    """Who judges the clips of `network`: its calibrated answers `cnn` (clips, 3), and of each clip the `heads` of its
    fold, calibrated, over its encoding in `vectors` (clips, width).
    """

    network: Heard
    cnn: Probabilities
    heads: Sequence[Head]
    vectors: NDArray[np.float32]
    weight: float

    def answers(self, session: Session, prior: float | None) -> Probabilities:
        """Return what is said of each clip of `session` in turn, (clips, 3); `prior` None: without a baseline."""
        head = self.heads[int(self.network.folds[session[0]])]
        baseline = None if prior is None else Baseline(prior)
        ear = []
        for vector in self.vectors[session]:
            compared = baseline.without(vector) if baseline else vector
            ear.append(softmax(head.logits(compared[None])[0]))
            if baseline:
                baseline.add(head.residuals(compared[None])[0].astype(np.float32))
        return softmax(logits_of_both(self.cnn[session], np.stack(ear), self.weight))


def baseline_scores(judges: Judges, prior: float, seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return the UAR `without` and `with` the baseline, of each kind of session, mixed ones by utterances before."""
    rng = np.random.default_rng(seed)
    scores = {}
    for kind, groups in _kinds(judges.network).items():
        sessions = [rng.permutation(group) for group in groups for _ in range(ORDERS)]
        scores[kind] = _scores(judges, sessions, prior, by_count=kind == "mixed")
    return scores


def _kinds(network: Heard) -> dict[str, list[Session]]:
    emotions = np.array([clip.emotion for clip in network.clips])
    return {
        "mixed": list(_groups(network.actors)),
        "one_emotion": list(_groups(network.actors, emotions)),
        "one_label": list(_groups(network.actors, network.actual)),
    }


def _groups(*keys: NDArray[np.generic]) -> Iterator[Session]:
    together = np.array(["/".join(map(str, key)) for key in zip(*keys, strict=True)])
    for group in np.unique(together):
        yield np.flatnonzero(together == group)


def _scores(judges: Judges, sessions: Sequence[Session], prior: float, by_count: bool) -> dict[str, dict[str, float]]:
    clips, count = np.concatenate(sessions), np.concatenate([np.arange(len(session)) for session in sessions])
    actual = judges.network.actual[clips]
    said = {
        name: np.concatenate([judges.answers(session, used) for session in sessions]).argmax(axis=1)
        for name, used in (("without", None), ("with", prior))
    }
    parts = {"all": count >= 0}
    if by_count:
        parts |= {f"{low}-{high - 1}": (count >= low) & (count < high) for low, high in pairwise(HEARD_BEFORE)}
    return {
        part: {name: uar(actual[chosen], own[chosen]) for name, own in said.items()}
        for part, chosen in parts.items()
        if chosen.any()
    }
