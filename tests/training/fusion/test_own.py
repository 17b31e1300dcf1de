"""Tuning the fusion of a release on recordings of one's own, where the pipeline never ran."""

import json
from pathlib import Path

import pytest

from training.corpora.labeled.labeled_set import LabeledSetError
from training.fusion import own
from training.fusion.bounds import at_bounds
from training.fusion.tune import recorded
from training.params import load_params
from undertone.release import open_release
from undertone.weighting import FusionSettings

SPOKEN = (("01_glad", "positive"), ("02_upset", "negative"), ("03_plain", "neutral"))
GRIDS = {"alpha_step": 0.1, "sharpness": [0, 0.5, 1], "polarity": [0, 1, 2], "contradiction": [0, 1, 2]}


@pytest.fixture
def listed(samples: Path, tmp_path: Path) -> Path:
    rows = [
        f"{(samples / name).resolve()}.flac,{name} in the {half} half,{label},{half}"
        for half in ("tuning", "test")
        for name, label in SPOKEN
    ]
    (tmp_path / "mine.csv").write_text("\n".join(["audio,text,label,split", *rows]) + "\n", encoding="utf-8")
    return tmp_path / "mine.csv"


@pytest.fixture
def params(repository: Path) -> dict:
    params = load_params(repository / "params.yaml")
    small = {"kept_accuracy": 0.0, "bootstrap_samples": 20, "least_pairs": 1, "alpha_step": 0.25}
    params["fusion"] |= small | {"sharpness": [0.5], "polarity": [0], "contradiction": [0]}
    return params


def test_the_promoted_release_alone_is_enough_and_what_comes_out_can_be_served(
    promoted_release, listed, params, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)  # no features/, no metrics/, no ravdess/
    monkeypatch.setattr(own, "load_params", lambda: params)
    own.main([str(listed), "--release", str(promoted_release.resolve()), "--write", "mine"])
    told = capsys.readouterr()
    assert "UAR on the test half: text" in told.out
    assert "warning: fixed: " in told.err or "warning: adaptive: " in told.err
    content = json.loads((tmp_path / "tuned/fusion.json").read_text())
    assert content["pairs"]["test"]["recordings"]["pairs"] == 3
    release = open_release(tmp_path / "mine")
    assert release.manifest.fusion == content["settings"]
    assert "The fusion was tuned again" in (tmp_path / "mine/MODEL_CARD.md").read_text()
    assert (tmp_path / "mlflow/mlflow.db").is_file()


@pytest.mark.fast
def test_a_place_that_is_taken_is_refused_before_anything_is_tuned(tmp_path, capsys):
    with pytest.raises(SystemExit):
        own.main(["mine.csv", "--write", str(tmp_path)])
    assert f"{tmp_path} is there already" in capsys.readouterr().err


@pytest.mark.fast
def test_a_set_that_is_too_small_is_refused_with_what_it_lacks(listed, params):
    with pytest.raises(
        LabeledSetError, match=r"too small.*1 negative in the test half.*each label needs 10 recordings"
    ):
        recorded(listed, params["fusion"] | {"least_pairs": 10})
    assert len(recorded(listed, params["fusion"])) == 6


@pytest.mark.fast
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (FusionSettings(alpha=1.0), "alpha is 1, the end of what was tried (0 to 1)"),
        (FusionSettings(adaptive=True, adaptive_alpha=0.1, sharpness=0.5), "adaptive_alpha is 0.1"),
        (FusionSettings(adaptive=True, sharpness=1.0), "sharpness is 1, the end of what was tried (0 to 1)"),
        (FusionSettings(adaptive=True, sharpness=0.5, voice_polarity=2.0), "voice_polarity is 2"),
        (FusionSettings(temperature=19.99), "the temperature is 19.99, its bound"),
    ],
)
def test_a_constant_at_the_end_of_what_was_tried_is_a_warning(settings, said):
    (warning,) = at_bounds({"rule": settings}, GRIDS)
    assert said in warning


@pytest.mark.fast
def test_constants_inside_the_grid_and_terms_that_are_left_out_are_none():
    assert (
        list(at_bounds({"a": FusionSettings(alpha=0.4), "b": FusionSettings(adaptive=True, sharpness=0.0)}, GRIDS))
        == []
    )
