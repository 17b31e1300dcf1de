"""The ear over folds: alone, joined with the network, and against a speaker's own baseline in sessions."""

from types import SimpleNamespace

import numpy as np
import pytest
from material.made_encodings import made_clips, made_encodings

from training.crossval.answers import read_answers, write_answers
from training.crossval.ears import heard_by_ear, joined
from training.crossval.scores import Heard
from training.crossval.sessions import Judges, baseline_scores
from training.ear.material import fitted
from training.encoder.table import CLEAN
from training.params import load_params
from undertone.labels import label_index
from undertone.probabilities import softmax

FOLD_OF = {actor: actor % 2 for actor in range(1, 9)}


@pytest.fixture(scope="module")
def params(repository):
    return load_params(repository / "params.yaml")


@pytest.fixture(scope="module")
def clips(params):
    """Clips of eight actors in two folds, fold after fold, with their labels."""
    made = [
        SimpleNamespace(**vars(clip), label_index=label_index(params["labels"][clip.emotion])) for clip in made_clips()
    ]
    return sorted(made, key=lambda clip: FOLD_OF[clip.actor])


@pytest.fixture(scope="module")
def network(clips):
    """A network that is right about half of the time."""
    rng = np.random.default_rng(0)
    actual = np.array([clip.label_index for clip in clips])
    logits = (rng.normal(size=(len(clips), 3)) + np.eye(3)[actual]).astype(np.float32)
    emotions = rng.normal(size=(len(clips), 8)).astype(np.float32)
    folds = np.array([FOLD_OF[clip.actor] for clip in clips])
    return Heard(clips, folds, {CLEAN: logits, "gain_10dB": logits}, emotions)


@pytest.fixture(scope="module")
def table(clips):
    return made_encodings(clips, speaker=1.5)


@pytest.fixture(scope="module")
def heads(clips, table, params):
    """A head for each fold, fitted on the other one's actors."""
    of_fold = [[clip for clip in clips if FOLD_OF[clip.actor] != fold] for fold in range(2)]
    return [fitted(table, own, params, {**params["train_ear"], "other_words": 0}) for own in of_fold]


@pytest.mark.fast
def test_answers_come_back_as_they_were_kept(network, clips, tmp_path):
    write_answers(network, tmp_path / "answers.arrow")
    read = read_answers(clips, tmp_path / "answers.arrow")
    assert read.clips == list(network.clips)
    np.testing.assert_array_equal(read.folds, network.folds)
    for condition, logits in network.logits.items():
        np.testing.assert_allclose(read.logits[condition], logits, rtol=1e-6)
    np.testing.assert_allclose(read.emotion_logits, network.emotion_logits, rtol=1e-6)


@pytest.mark.fast
def test_each_clip_is_heard_by_the_head_of_its_fold_under_the_conditions_that_both_know(network, table, heads):
    ear = heard_by_ear(network, table, heads)
    assert list(ear.logits) == [CLEAN]
    names = [clip.name for clip in network.clips]
    for fold, head in enumerate(heads):
        own = network.folds == fold
        np.testing.assert_allclose(ear.logits[CLEAN][own], head.logits(table.of(CLEAN, names)[own]), rtol=1e-5)


@pytest.mark.fast
def test_both_together_know_more_than_either(network, table, heads):
    ear = heard_by_ear(network, table, heads)
    both = joined(network, ear, weight=0.5)
    assert both.uar(CLEAN) > max(network.uar(CLEAN), ear.uar(CLEAN))
    np.testing.assert_allclose(joined(network, ear, 0.0).logits[CLEAN].argmax(1), network.logits[CLEAN].argmax(1))


def test_a_baseline_helps_where_a_speaker_is_heard_in_all_moods_and_hardly_harms_in_one(network, table, heads):
    vectors = table.of(CLEAN, [clip.name for clip in network.clips])
    judges = Judges(network, softmax(network.logits[CLEAN]), heads, vectors, weight=0.9)
    scores = baseline_scores(judges, prior=25, seed=0)
    assert set(scores) == {"mixed", "one_emotion", "one_label"}
    assert scores["mixed"]["20-39"]["with"] > scores["mixed"]["20-39"]["without"] - 0.01
    for kind in ("one_emotion", "one_label"):
        assert scores[kind]["all"]["with"] > scores[kind]["all"]["without"] - 0.02
    assert baseline_scores(judges, prior=25, seed=0) == scores
