"""Splits are by actor: nobody is on both sides, and both sexes are on each."""

import pytest

from training.corpora.ravdess.splits import development_folds, main_split, reported_folds
from training.params import load_params

pytestmark = pytest.mark.fast


def both_sexes(actors: tuple[int, ...]) -> bool:
    return {actor % 2 for actor in actors} == {0, 1}


def test_the_test_actors_are_21_to_24_and_the_parts_cover_everyone_once(repository):
    split = main_split(load_params(repository / "params.yaml")["split"])
    assert split.test == (21, 22, 23, 24)
    assert split.validation == (17, 18, 19, 20)
    assert split.development == tuple(range(1, 21))
    assert sorted(split.fit + split.validation + split.test) == list(range(1, 25))
    assert all(both_sexes(part) for part in (split.fit, split.validation, split.test))


@pytest.mark.parametrize(
    ("validation", "test"), [([17, 21], [21, 22]), ([17, 17], [21]), ([17], [25]), (range(1, 13), range(13, 25))]
)
def test_actors_that_are_shared_repeated_unknown_or_all_taken_are_refused(validation, test):
    with pytest.raises(ValueError, match="must be different actors"):
        main_split({"validation_actors": validation, "test_actors": test})


@pytest.mark.parametrize(("folds", "count", "actors"), [(development_folds(), 5, 20), (reported_folds(), 4, 24)])
def test_folds_test_every_actor_once_and_never_one_that_they_fit_on(folds, count, actors):
    assert len(folds) == count
    assert sorted(actor for fold in folds for actor in fold.test) == list(range(1, actors + 1))
    for fold in folds:
        assert not set(fold.fit) & set(fold.test)
        assert sorted(fold.fit + fold.test) == list(range(1, actors + 1))
        assert both_sexes(fold.fit)
        assert both_sexes(fold.test)


def test_folds_are_the_ones_that_scores_are_compared_on():
    assert development_folds()[1].test == (5, 6, 7, 8)
    assert reported_folds()[0].test == (1, 2, 9, 10, 17, 18)
