"""The bootstrap intervals: what they are drawn over, and that they are those that were published."""

import csv
import json

import numpy as np
import pytest

from undertone.labels import label_index
from undertone.scoring.intervals import accuracy_interval, interval, macro_f1_interval, resamples, uar_interval
from undertone.scoring.scores import uar

pytestmark = pytest.mark.fast


def test_an_interval_leaves_out_two_and_a_half_percent_at_each_end():
    assert interval(np.linspace(0.0, 1.0, 1001)) == pytest.approx({"low": 0.025, "high": 0.975})


def test_the_interval_of_the_uar_is_over_actors_and_follows_the_seed():
    random = np.random.default_rng(0)
    actual, actors = np.tile([0, 1, 2], 40), np.repeat([21, 22, 23, 24], 30)
    predicted = np.where(random.random(120) < np.where(actors < 23, 0.9, 0.4), actual, (actual + 1) % 3)
    found = uar_interval(actual, predicted, actors, 500, 0)
    assert found["low"] < uar(actual, predicted) < found["high"]
    assert found == uar_interval(actual, predicted, actors, 500, 0)
    same = np.tile(predicted[:30], 4)
    point = uar(actual, same)
    assert uar_interval(actual, same, actors, 500, 0) == pytest.approx({"low": point, "high": point})


def test_rows_that_are_all_right_leave_nothing_to_doubt():
    actual = np.array([0, 1, 2] * 20)
    assert macro_f1_interval(actual, actual, 100, 0) == (1.0, 1.0)
    assert accuracy_interval(1.0, 60, 100, 0) == (1.0, 1.0)


def test_an_answer_is_drawn_as_often_as_all_of_its_groups():
    sentences, speakers = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    both, alone = (resamples(clusters, 300, 0) for clusters in ((sentences, speakers), (sentences,)))
    assert both.shape == (300, 4)
    np.testing.assert_array_equal(alone[:, 0], alone[:, 1])
    assert (both[:, 0] * both[:, 3] == both[:, 1] * both[:, 2]).all()


def test_the_recorded_intervals_of_the_cross_validation_are_found_again_to_the_digit(repository):
    with (repository / "plots" / "crossval_clips.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    actual, predicted = (np.array([label_index(row[key]) for row in rows]) for key in ("actual", "predicted"))
    actors = np.array([int(row["actor"]) for row in rows])
    recorded = json.loads((repository / "metrics" / "crossval.json").read_text())["resnet"]["uar_interval"]
    assert uar_interval(actual, predicted, actors, 2000, 0) == recorded
