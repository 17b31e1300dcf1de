"""Who is in which part: every split of the clips is made here, by actor, never at random.

A network that has heard an actor knows the voice as well as the emotion, and scores made on that actor flatter it. The
four test actors are used for nothing but the final score: not to fit, select, normalise or calibrate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.corpora.ravdess.names import ACTORS


@dataclass(frozen=True)
class Fold:
    """Actors to fit on and actors to test on; no actor is in both."""

    fit: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """The held-out test actors, the validation actors, and `fit`: all the others."""

    fit: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]

    @property
    def development(self) -> tuple[int, ...]:
        """Return everyone but the test actors."""
        return tuple(sorted(self.fit + self.validation))


def main_split(section: Mapping[str, Sequence[int]]) -> Split:
    """Return the split that the `split` section of params.yaml describes.

    Raises:
        ValueError: an actor is unknown, named twice, or no actor is left to fit on.
    """
    validation, test = tuple(section["validation_actors"]), tuple(section["test_actors"])
    held_out = validation + test
    if len(set(held_out)) != len(held_out) or not set(held_out) < set(ACTORS):
        raise ValueError(f"validation_actors {validation} and test_actors {test} must be different actors of 1 to 24")
    return Split(tuple(actor for actor in ACTORS if actor not in held_out), validation, test)


def development_folds() -> tuple[Fold, ...]:
    """Return the 5 folds inside actors 1-20 that every choice is made on: fold k tests the actors 4k+1 to 4k+4."""
    actors = range(1, 21)
    return tuple(_fold(actors, [actor for actor in actors if (actor - 1) // 4 == k]) for k in range(5))


def reported_folds() -> tuple[Fold, ...]:
    """Return the 4 folds over all 24 actors whose UAR is compared with other work; nothing is chosen on them.

    Fold k tests the actors a with ((a - 1) // 2) % 4 == k: three pairs of a man and a woman.
    """
    return tuple(_fold(ACTORS, [actor for actor in ACTORS if ((actor - 1) // 2) % 4 == k]) for k in range(4))


def _fold(actors: Sequence[int], test: Sequence[int]) -> Fold:
    return Fold(tuple(actor for actor in actors if actor not in test), tuple(test))
