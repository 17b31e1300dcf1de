"""The label order and the mappings onto it."""

import pytest

from training.params import load_params
from undertone.labels import (
    LABELS,
    RAVDESS_EMOTIONS,
    LabelError,
    check_grouping,
    emotion_of_code,
    label_index,
    label_of_model,
)

pytestmark = pytest.mark.fast


def test_labels_stand_in_the_order_of_the_logits():
    assert LABELS == ("negative", "neutral", "positive")
    assert [label_index(label) for label in LABELS] == [0, 1, 2]


def test_every_ravdess_code_leads_to_one_label(repository):
    grouping = check_grouping(load_params(repository / "params.yaml")["labels"])
    labels = {emotion_of_code(code): grouping[emotion_of_code(code)] for code in RAVDESS_EMOTIONS}
    assert labels == {
        "neutral": "neutral",
        "calm": "neutral",
        "happy": "positive",
        "surprised": "positive",
        "sad": "negative",
        "angry": "negative",
        "fearful": "negative",
        "disgust": "negative",
    }


@pytest.mark.parametrize("code", ["00", "09", "1", "", "angry"])
def test_an_unknown_emotion_code_is_refused_by_name(code):
    with pytest.raises(LabelError, match=repr(code)):
        emotion_of_code(code)


def test_a_grouping_that_forgets_or_invents_an_emotion_is_refused():
    complete = dict.fromkeys(RAVDESS_EMOTIONS.values(), "neutral")
    with pytest.raises(LabelError, match="calm"):
        check_grouping({emotion: label for emotion, label in complete.items() if emotion != "calm"})
    with pytest.raises(LabelError, match="bored"):
        check_grouping({**complete, "bored": "neutral"})
    with pytest.raises(LabelError, match="happyish"):
        check_grouping({**complete, "calm": "happyish"})


@pytest.mark.parametrize(("name", "label"), [("POSITIVE", "positive"), ("neg", "negative"), ("Neutral", "neutral")])
def test_class_names_of_published_models_are_understood(name, label):
    assert label_of_model(name) == label


def test_an_anonymous_class_name_is_refused():
    with pytest.raises(LabelError, match="label_0"):
        label_of_model("LABEL_0")
