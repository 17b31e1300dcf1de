"""What the ear teaches the network: answers to each clip by heads that never heard its actor."""

import numpy as np
import pytest
from material.made_encodings import made_clips, made_encodings

from training.ear import teacher
from training.ear.head import EMOTIONS
from training.ear.stored import load_head, save_head
from training.params import load_params

pytestmark = pytest.mark.fast

CLIPS = made_clips(each=3)
TABLE = made_encodings(CLIPS)


@pytest.fixture(scope="module")
def params(repository):
    return load_params(repository / "params.yaml")


def test_every_clip_is_heard_by_a_head_that_never_heard_its_actor(params, monkeypatch):
    heard, fitted = [], teacher.fitted

    def watched(encodings, clips, params, section):
        heard.append({clip.actor for clip in clips})
        return fitted(encodings, clips, params, section)

    monkeypatch.setattr(teacher, "fitted", watched)
    answers = teacher.taught(TABLE, CLIPS, params)
    assert len(heard) == teacher.GROUPS
    assert all(set(range(1, 9)) - own for own in heard)
    assert set.intersection(*heard) == set()
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    told = [EMOTIONS[i] for i in answers.argmax(axis=1)]
    assert np.mean([a == clip.emotion for a, clip in zip(told, CLIPS, strict=True)]) > 0.7


def test_a_network_without_a_share_of_it_has_no_teacher_and_needs_no_encodings(params):
    assert teacher.teacher_of("baseline", params) is None


def test_a_head_comes_back_from_its_file_which_has_the_same_bytes_each_time(params, tmp_path):
    head = teacher.fitted(TABLE, CLIPS, params, params["train"]["teacher"])
    for name in ("one.npz", "two.npz"):
        save_head(head, tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    vectors = TABLE.vectors[:5]
    np.testing.assert_array_equal(load_head(tmp_path / "one.npz").logits(vectors), head.logits(vectors))
