"""What `corpora` of params.yaml chooses, checked; and who of a corpus is held out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from undertone.labels import RAVDESS_EMOTIONS

RAVDESS = "ravdess"


@dataclass(frozen=True)
class Choice:
    """The corpora beside RAVDESS that are trained on and that are judged; `held_out` is a share of the speakers."""

    train: tuple[str, ...]
    test: tuple[str, ...]
    held_out: float

    @property
    def names(self) -> tuple[str, ...]:
        """Return all that are read, each once."""
        return tuple(dict.fromkeys(self.train + self.test))


def choice_of(params: Mapping[str, Any]) -> Choice:
    """Return what the section `corpora` chooses.

    Raises:
        SystemExit: RAVDESS is not among what is trained on, a name is there twice, or an emotion is not known.
    """
    section = params["corpora"]
    train, test = (tuple(section[name] or ()) for name in ("train", "test"))
    if RAVDESS not in train:
        raise SystemExit(
            "corpora.train has to name ravdess: its actors give the temperature, the folds and the test score"
        )
    if RAVDESS in test:
        raise SystemExit("corpora.test names ravdess: its test actors are judged by the stage `evaluate` anyway")
    if len(set(train)) != len(train) or len(set(test)) != len(test):
        raise SystemExit("corpora.train or corpora.test names a corpus twice")
    unknown = sorted({name for name in section["emotions"].values() if name} - set(RAVDESS_EMOTIONS.values()))
    if unknown:
        raise SystemExit(f"corpora.emotions: {', '.join(unknown)} is none of {', '.join(RAVDESS_EMOTIONS.values())}")
    return Choice(tuple(name for name in train if name != RAVDESS), test, section["held_out"])


def held_out(speakers: Iterable[str], share: float) -> set[str]:
    """Return which `speakers` are never trained on: `share` of them, at least one, whoever else is in the list nearly.

    Who it is follows from their names: a speaker more or less moves few others.
    """
    drawn = sorted(set(speakers), key=lambda name: md5(name.encode(), usedforsecurity=False).hexdigest())
    return set(drawn[: max(1, round(share * len(drawn)))])
