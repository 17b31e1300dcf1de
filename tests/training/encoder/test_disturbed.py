"""What clips go through before the encoder hears them for fitting, and the table of what it made of them."""

from pathlib import Path

import numpy as np
import pytest
from material.made_encodings import made_clips, made_encodings

from training.encoder.disturbed import drawn_for, fitting_conditions
from training.encoder.encode import write_encodings
from training.encoder.table import CLEAN, load_encodings
from training.params import load_params

pytestmark = pytest.mark.fast

VOICE = (0.1 * np.random.default_rng(0).standard_normal(32_000)).astype(np.float32)


@pytest.fixture(scope="module")
def section(repository):
    return load_params(repository / "params.yaml")["encoder_features"]


@pytest.fixture(scope="module")
def heard(section):
    """Each condition of a clip of two seconds."""
    conditions = fitting_conditions(section, [VOICE[::-1].copy()])
    return {name: change(VOICE, drawn_for("03-01", name)) for name, change in conditions.items()}


def test_the_clean_clip_is_left_alone_and_every_other_is_changed(heard):
    np.testing.assert_array_equal(heard[CLEAN], VOICE)
    for name, waveform in heard.items():
        assert np.isfinite(waveform).all()
        assert name == CLEAN or len(waveform) != len(VOICE) or not np.allclose(waveform, VOICE)


def test_the_same_clip_is_disturbed_alike_on_every_machine_and_another_otherwise(section, heard):
    conditions = fitting_conditions(section, [VOICE[::-1].copy()])
    for name, change in conditions.items():
        np.testing.assert_array_equal(change(VOICE, drawn_for("03-01", name)), heard[name])
    lengths = {len(conditions["fit_short"](VOICE, drawn_for(str(clip), "fit_short"))) for clip in range(5)}
    assert len(lengths) == 5


def test_short_stretches_are_as_long_as_the_range_says(section, heard):
    low, high = section["short_s"]
    assert low * 16_000 <= len(heard["fit_short"]) <= high * 16_000
    conditions = fitting_conditions(section, [VOICE])
    np.testing.assert_array_equal(conditions["fit_short"](VOICE[:8000], drawn_for("a", "b")), VOICE[:8000])


def test_a_room_keeps_length_up_to_speed_and_peak(section, heard):
    assert np.abs(heard["fit_room"]).max() == pytest.approx(np.abs(VOICE).max(), rel=0.2)
    slow, fast = section["speed"]
    assert len(VOICE) / fast <= len(heard["fit_room"]) <= len(VOICE) / slow + 1


def test_the_table_comes_back_as_it_was_written(tmp_path):
    clips = made_clips(actors=(1, 2), each=1)
    made = made_encodings(clips)
    write_encodings(tmp_path / "encodings.arrow", made)
    read = load_encodings(tmp_path / "encodings.arrow")
    assert (list(read.names), list(read.conditions)) == (made.names, made.conditions)
    np.testing.assert_array_equal(read.vectors, made.vectors)
    names = [clips[3].name, clips[0].name]
    np.testing.assert_array_equal(read.of(CLEAN, names), made.vectors[[3, 0]])


def test_a_sound_that_is_not_there_is_named_with_the_stage_that_makes_it():
    with pytest.raises(SystemExit, match=r"has no 99-sad-0 under whole: run `dvc repro encoder_features`"):
        made_encodings(made_clips()).of(CLEAN, ["99-sad-0"])
    with pytest.raises(SystemExit, match="encoder_features"):
        load_encodings(Path("nowhere.arrow"))
