"""Training on corpora beside RAVDESS: what is read, who is held out, what is drawn and judged; on tones."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from material.made_features import write_features

from export.card import across as across_card
from training.acoustic.fitting import order
from training.acoustic.mixture import draws, targets
from training.acoustic.recipes import recipe_of
from training.acoustic.resnet import EMOTIONS
from training.acoustic.resnet_fitting import targets_of
from training.acoustic.train import Inputs, train
from training.corpora.prepare import prepare
from training.corpora.ravdess.clips import load_features, of_actors
from training.corpora.several.choice import choice_of, held_out
from training.corpora.several.clips import load_other_clips, to_fit, to_judge
from training.evaluation.corpora import judge
from training.params import load_params
from undertone.corpora.emotions import EMOTIONS as PUBLISHED

SPEAKERS = {"03": "a01 W F N", "08": "a01 W F N", "09": "a02 W F N L", "10": "a01 W F N", "13": "b01 W F N"}
PITCH = {"W": 300, "F": 200, "N": 120, "L": 90, "negative": 300, "positive": 200, "neutral": 120}


def say(path: Path, pitch_hz: float) -> None:
    """Write a second and a half of a voiced tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(24_000) / 16_000
    soundfile.write(path, 0.05 * sum(np.sin(2 * np.pi * k * pitch_hz * time_s) / k for k in range(1, 12)), 16_000)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """EmoDB by five of its speakers, and a corpus of one's own that knows labels only."""
    root = tmp_path_factory.mktemp("mirror")
    for speaker, said in SPEAKERS.items():
        sentence, *emotions = said.split()
        for emotion in emotions:
            say(root / f"emodb/wav/{speaker}{sentence}{emotion}a.wav", PITCH[emotion])
    rows = ["audio,label,speaker"]
    for speaker in ("ann", "bob"):
        for label in ("negative", "neutral", "positive"):
            say(root / f"calls/{speaker}_{label}.wav", PITCH[label])
            rows.append(f"calls/{speaker}_{label}.wav,{label},{speaker}")
    (root / "calls.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture(scope="module")
def params(repository: Path) -> dict:
    params = load_params(repository / "params.yaml")
    params["model"]["arch"] = "baseline"
    params["train"]["baseline"] |= {"epochs": 2, "learning_rate": 0.01, "averaging": 0.8}
    params["train"]["resnet"] |= {"width": 16, "epochs": 3, "batch_size": 2, "speeds": [1.0], "precision": "float32"}
    params["evaluate"]["bootstrap_samples"] = 20
    return params


def with_corpora(params: dict, **chosen: object) -> dict:
    return {**params, "corpora": {**params["corpora"], **chosen}}


@pytest.fixture(scope="module")
def table(params: dict, mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("table")
    chosen = with_corpora(params, train=["ravdess", "emodb"], test=["emodb", "calls"])
    prepare(chosen, mirror, root / "corpora.arrow", root / "corpora.json")
    return root / "corpora.arrow"


def test_what_is_read_is_counted_by_part_and_label_and_boredom_is_left_out(table):
    counts = json.loads(table.with_suffix(".json").read_text())
    assert counts["emodb"]["speakers"] == {"fit": 4, "held_out": 1}
    assert counts["emodb"]["clips"]["fit"] == {"negative": 4, "neutral": 4, "positive": 4}
    assert counts["calls"]["speakers"] == {"fit": 2, "held_out": 0}
    clips = load_other_clips(table)
    assert {clip.emotion for clip in clips if clip.corpus == "emodb"} == {"angry", "happy", "neutral"}
    assert {clip.emotion for clip in clips if clip.corpus == "calls"} == {""}
    assert len({clip.actor for clip in clips}) == 7


@pytest.mark.fast
def test_the_same_speakers_are_held_out_whoever_else_is_listed():
    everybody = [f"speaker {n}" for n in range(50)]
    aside = held_out(everybody, 0.2)
    assert len(aside) == 10
    assert len(aside - held_out(everybody[:-1], 0.2)) <= 1
    assert len(held_out(["a", "b"], 0.2)) == 1


def test_no_clip_of_a_held_out_speaker_is_fitted_on_and_a_corpus_left_out_is_judged_whole(table, params):
    both = choice_of(with_corpora(params, train=["ravdess", "emodb"], test=["emodb", "calls"]))
    clips = load_other_clips(table)
    fitted, judged = to_fit(both, table), to_judge("emodb", both, clips)
    assert not {clip.speaker for clip in fitted} & {clip.speaker for clip in judged}
    assert {clip.corpus for clip in fitted} == {"emodb"}
    assert len(to_judge("calls", both, clips)) == 6
    without = choice_of(with_corpora(params, train=["ravdess"], test=["emodb"]))
    assert len(to_judge("emodb", without, clips)) == 15


def test_corpora_count_alike_and_labels_in_each_of_them(table, params, tmp_path):
    write_features(tmp_path / "features.arrow")
    own = of_actors(load_features(tmp_path / "features.arrow"), range(1, 17))
    clips = [*own, *to_fit(choice_of(with_corpora(params, train=["ravdess", "emodb"])), table)]
    often = draws(clips)
    share = often[: len(own)].sum() / often.sum()
    assert share == pytest.approx(0.5, abs=1e-5)
    happy = sum(often[i] for i, clip in enumerate(clips) if clip.label == "positive") / often.sum()
    assert happy == pytest.approx(1 / 3, abs=1e-5)
    assert draws(own) is None


@pytest.mark.fast
def test_with_ravdess_alone_the_order_and_the_targets_are_those_of_before(tmp_path, params):
    torch.manual_seed(7)
    expected = torch.randperm(20)
    torch.manual_seed(7)
    assert torch.equal(order(20, None), expected)
    write_features(tmp_path / "features.arrow")
    clips = load_features(tmp_path / "features.arrow")[:9]
    acted = targets_of(torch.tensor([EMOTIONS.index(clip.emotion) for clip in clips]), None, params["train"]["resnet"])
    assert torch.equal(targets(clips, None, params["train"]["resnet"], params["labels"]), acted)


def test_a_clip_of_which_only_the_label_is_known_shares_itself_out_over_its_emotions(table, params):
    clips = [clip for clip in load_other_clips(table) if clip.corpus == "calls" and clip.label == "positive"]
    given = targets(clips, None, {"label_smoothing": 0.0}, params["labels"])
    assert dict(zip(EMOTIONS, given[0].tolist(), strict=True))["happy"] == 0.5
    assert given[0].sum() == pytest.approx(1)


def test_a_network_is_fitted_on_two_corpora_and_judged_on_whom_it_never_heard(table, params, tmp_path):
    chosen = with_corpora(params, train=["ravdess", "emodb"], test=["emodb", "calls"])
    write_features(tmp_path / "features.arrow")
    files = [tmp_path / name for name in ("model.pt", "train.json", "training.csv", "validation.pt")]
    train(Inputs(chosen, tmp_path / "features.arrow", others=table), *files)
    assert "and, both, on speakers of emodb" in json.loads((tmp_path / "train.json").read_text())["protocol"]
    judge(chosen, table, files[0], files[1], tmp_path / "across.json")
    found = json.loads((tmp_path / "across.json").read_text())
    assert found["trained_on"] == ["ravdess", "emodb"]
    assert {name: (own["clips"], own["speakers"]) for name, own in found["corpora"].items()} == {
        "emodb": (3, 1),
        "calls": (6, 2),
    }
    assert "uar_interval" not in found["corpora"]["emodb"]
    assert found["corpora"]["calls"]["uar_interval"]["low"] <= found["corpora"]["calls"]["uar"]
    assert "left out of training" in found["corpora"]["calls"]["protocol"]


def test_the_residual_network_is_fitted_on_other_corpora_as_well(table, params):
    clips = to_fit(choice_of(with_corpora(params, train=["ravdess", "calls"])), table)
    recipe = recipe_of("resnet", clips, params)
    *_, (epoch, loss, _) = recipe.fit(sorted({clip.actor for clip in clips}), "tones")
    assert epoch == 3
    assert np.isfinite(loss)


@pytest.mark.fast
def test_without_other_corpora_nothing_is_read_and_the_card_says_nothing(params, tmp_path):
    prepare(params, None, tmp_path / "corpora.arrow", tmp_path / "corpora.json")
    assert load_other_clips(tmp_path / "corpora.arrow") == []
    judge(params, tmp_path / "none", tmp_path / "none", tmp_path / "none", tmp_path / "across.json")
    assert json.loads((tmp_path / "across.json").read_text()) == {"trained_on": ["ravdess"], "corpora": {}}
    assert across_card.render(type("Release", (), {"metrics": {}})) == ""


@pytest.mark.fast
def test_the_card_names_the_licence_of_what_was_trained_on_and_tables_what_was_judged():
    recall = {"negative": 0.5, "neutral": 0.25, "positive": 0.75}
    judged = {"protocol": "calls: whole", "clips": 6, "speakers": 2, "uar": 0.5, "recall": recall}
    release = type(
        "Release", (), {"metrics": {"across": {"trained_on": ["ravdess", "tess"], "corpora": {"calls": judged}}}}
    )
    text = across_card.render(release)
    assert "Licence: **CC BY-NC-ND 4.0**" in text
    assert "| calls | 6 | 2 | 0.500 | 0.500 | 0.250 | 0.750 |" in text


@pytest.mark.fast
@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"train": ["tess"]}, "has to name ravdess"),
        ({"test": ["ravdess"]}, "judged by the stage `evaluate` anyway"),
        ({"train": ["ravdess", "tess", "tess"]}, "twice"),
        ({"emotions": {"happiness": "joyful"}}, "joyful is none of neutral, calm, happy"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_in_a_sentence(chosen, said, params):
    with pytest.raises(SystemExit, match=said):
        choice_of(with_corpora(params, **chosen))


@pytest.mark.fast
def test_a_corpus_that_is_not_there_is_said_with_what_to_ask(params, tmp_path):
    chosen = with_corpora(params, test=["tess"])
    with pytest.raises(SystemExit, match="UNDERTONE_DATA is not set"):
        prepare(chosen, None, tmp_path / "a", tmp_path / "b")
    with pytest.raises(SystemExit, match=r"is not a folder; `undertone corpus check tess"):
        prepare(chosen, tmp_path, tmp_path / "a", tmp_path / "b")


@pytest.mark.fast
def test_the_mapping_of_the_command_is_that_of_params(params):
    assert {name: emotion or "" for name, emotion in params["corpora"]["emotions"].items()} == dict(PUBLISHED)
