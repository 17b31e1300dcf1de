"""The head over an encoding: what it tells, what makes it fit for other words, and how sure it may be."""

from dataclasses import replace

import numpy as np
import pytest
from material.made_encodings import VOICES, made_clips, made_encodings

from training.ear.head import EMOTIONS
from training.ear.material import fitted, material
from training.encoder.table import CLEAN
from training.params import load_params
from undertone.labels import label_index
from undertone.probabilities import softmax

pytestmark = pytest.mark.fast

CLIPS = made_clips()
TABLE = made_encodings(CLIPS)
STRANGERS = made_clips(actors=range(11, 17))
UNHEARD = made_encodings(STRANGERS, seed=1)


@pytest.fixture(scope="module")
def params(repository):
    return load_params(repository / "params.yaml")


@pytest.fixture(scope="module")
def head(params):
    return fitted(TABLE, CLIPS, params, params["train_ear"])


def clean(table, clips):
    return table.of(CLEAN, [clip.name for clip in clips])


def labels(clips, params):
    return np.array([label_index(params["labels"][clip.emotion]) for clip in clips])


def test_it_tells_emotions_and_labels_of_actors_whom_it_never_heard(head, params):
    vectors = clean(UNHEARD, STRANGERS)
    told = [EMOTIONS[i] for i in head.emotions(vectors).argmax(axis=1)]
    assert np.mean([a == clip.emotion for a, clip in zip(told, STRANGERS, strict=True)]) > 0.7
    assert np.mean(head.logits(vectors).argmax(axis=1) == labels(STRANGERS, params)) > 0.8
    np.testing.assert_allclose(np.exp(head.emotions(vectors)).sum(axis=1), 1)


def test_the_same_rows_and_seed_give_the_same_head(head, params):
    again = fitted(TABLE, CLIPS, params, params["train_ear"])
    for name, value in vars(head).items():
        np.testing.assert_array_equal(getattr(again, name), value)


def test_labels_are_equally_likely_before_anything_is_heard(head):
    silent = replace(head, weight=np.zeros_like(head.weight), bias=np.log(np.full(8, 1 / 8)))
    even = replace(silent, shares=np.bincount(head.labels) / 8)
    np.testing.assert_allclose(softmax(even.logits(np.zeros((1, len(head.centre))))), 1 / 3)


def test_other_words_than_those_of_the_clips_change_what_it_hears_little(params):
    other = clean(UNHEARD, STRANGERS) + np.eye(20)[17] * 6
    sections = [{**params["train_ear"], "other_words": copies, "neutral_weight": 1e-6} for copies in (0, 2)]
    plain, prepared = (fitted(TABLE, CLIPS, params, section) for section in sections)
    moved = [np.abs(head.logits(other) - head.logits(clean(UNHEARD, STRANGERS))).mean() for head in (plain, prepared)]
    assert moved[1] < 0.5 * moved[0]


def test_neutral_voices_are_heard_as_neutral(head):
    answers = head.logits(TABLE.spoken(VOICES)).argmax(axis=1)
    assert np.mean(answers == label_index("neutral")) > 0.9


def test_an_encoding_far_from_all_that_was_heard_gets_a_flatter_answer_with_the_same_label(head):
    near = clean(UNHEARD, STRANGERS)[:1].astype(np.float64)
    far = head.centre + 40 * (near - head.centre)
    unbounded = replace(head, familiar=1e9)
    assert softmax(head.logits(far)).max() < softmax(unbounded.logits(far)).max()
    assert head.emotions(far).argmax() == unbounded.emotions(far).argmax()


def test_what_is_left_without_the_emotions_is_the_speaker(head):
    vectors = clean(UNHEARD, STRANGERS)
    left = head.residuals(vectors)
    of_actor = [left[[clip.actor == actor for clip in STRANGERS]] for actor in range(11, 17)]
    within = np.mean([own[:, :8].std(axis=0).mean() for own in of_actor])
    assert within < 0.75 * np.mean(
        [vectors[[c.actor == a for c in STRANGERS]][:, :8].std(axis=0) for a in range(11, 17)]
    )


def test_its_temperature_is_the_one_that_suits_the_labels(head, params):
    vectors, actual = clean(UNHEARD, STRANGERS), labels(STRANGERS, params)
    calibrated = head.calibrated(vectors, actual)
    loss = {t: _loss(replace(head, temperature=t), vectors, actual) for t in (calibrated.temperature, 0.2, 1.0, 5.0)}
    assert min(loss, key=loss.get) == calibrated.temperature


def _loss(head, vectors, actual):
    return -np.log(softmax(head.logits(vectors))[np.arange(len(actual)), actual]).mean()


def test_the_material_is_every_clip_clean_and_disturbed_and_each_voice_by_itself():
    made = material(TABLE, CLIPS, VOICES)
    assert made.clean.shape == (len(CLIPS), 20)
    assert [part.shape for part in made.disturbed] == 2 * [(len(CLIPS), 20)]
    assert [len(voice) for voice in made.voices] == [30, 30]
