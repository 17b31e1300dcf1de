"""The release folder: whole, described by its manifest, reproducible, honest in its model card."""

import json
import re
import shutil
from pathlib import Path

import pytest
from material.tiny_ear import SETTINGS, make_ear
from material.tiny_release import make_release

from export.gates import check_gates
from export.release import build_release
from training.files import (
    ACOUSTIC_METRICS,
    ACROSS_METRICS,
    CROSSVAL_CLIPS,
    CROSSVAL_METRICS,
    DATA_METRICS,
    EAR_GRAPH,
    EAR_METRICS,
    EARS_METRICS,
    FUSION_METRICS,
    HEARD_METRICS,
    INT8_GRAPH,
    QUANTIZE_METRICS,
    RELEASE,
    TEXT_DATA_METRICS,
    TEXT_METRICS,
    TEXT_QUANTIZE_METRICS,
    TRAIN_METRICS,
    VOICE_METRICS,
)
from training.params import load_params
from undertone import manifest as manifests
from undertone.labels import LABELS
from undertone.manifest import CARD_FILE, SERVED_FILES
from undertone.weighting import fusion_settings

SCORES = {
    "protocol": "fitted on actors 1-20, tested on the 240 clips of actors 21-24",
    "uar": 0.8123,
    "uar_interval": {"low": 0.7511, "high": 0.8789},
    "accuracy": 0.6333,
    "macro_f1": 0.6022,
    "recall": {"negative": 0.71, "neutral": 0.55, "positive": 0.577},
    "nll": 0.81,
    "ece": 0.043,
    "confusion": {"not": "released"},
}
INT8 = {
    "agreement": 0.9917,
    "fp32": {"uar": 0.8123},
    "int8": {"uar": 0.8101},
    "served": {"uar": 0.8112, "ece": 0.039, "uar_interval": {"low": 0.75, "high": 0.88}},
    "bytes": {"int8": 65_755, "fp32": 157_810},
}
NOISES = {kind: {"0": 0.6, "10": uar} for kind, uar in (("white", 0.77), ("pink", 0.76), ("babble", 0.69))}
CROSSVAL_PART = {
    **{key: SCORES[key] for key in ("accuracy", "macro_f1", "recall")},
    "uar": 0.8234,
    "uar_interval": {"low": 0.8012, "high": 0.8456},
    "emotion_accuracy": 0.6789,
    "window": {"0.5": 0.7, "1": 0.7645},
    "window_1s_interval": {"low": 0.71, "high": 0.76},
    "noise": {**NOISES, "mean_10dB": 0.76},
    "gain": {"-20": 0.82, "10": 0.815},
    "gain_change": 0.0084,
    "telephone_change": -0.0123,
    "ece": 0.021,
    "uar_of_actors": {"worst_actor": 0.612, "best_actor": 0.956},
}
CROSSVAL = {
    "protocol": "4 folds of actors",
    "folds": [[1], [2]],
    "resnet": CROSSVAL_PART,
    "baseline": {**CROSSVAL_PART, "uar": 0.6321, "emotion_accuracy": None},
}
EARS = {
    "protocol": "the folds of the cross-validation",
    **{
        name: {
            "uar": uar,
            "uar_interval": {"low": 0.85, "high": 0.91},
            "emotion_accuracy": 0.7531,
            "window_1s": 0.8012,
            "noise": {"white": 0.85, "pink": 0.86, "babble": 0.79},
            "noise_mean_10dB": 0.8345,
            "telephone": 0.8611,
            "ece": 0.0271,
            "uar_of_actors": {"worst_actor": 0.7712, "best_actor": 0.98},
        }
        for name, uar in (("cnn", 0.8234), ("ear", 0.8567), ("joined", 0.8789))
    },
}
EAR = {
    "recogniser": SETTINGS.recogniser,
    "sha256": SETTINGS.recogniser_sha256,
    "weight": 0.55,
    "joined_temperature": 0.8094,
}
CLIPS = """name,sex,emotion,intensity,actual,predicted
a,male,sad,normal,negative,neutral
b,male,sad,normal,negative,negative
c,female,sad,strong,negative,neutral
d,female,neutral,normal,neutral,neutral
"""
TEXT_SCORES = {
    "protocol": {"goemotions": "4725 test rows", "sst": "2203 test sentences"},
    "temperature": 1.07,
    "undamaged": {
        "meld_macro_f1": 0.611,
        "goemotions_macro_f1": 0.761,
        "sst_macro_f1": 0.622,
        "sst_binary_accuracy": 0.871,
    },
    "conditions": {
        "word_errors_15": {
            "meld_macro_f1": 0.58,
            "goemotions_macro_f1": 0.723,
            "sst_macro_f1": 0.599,
            "sst_binary_accuracy": 0.833,
        }
    },
    "meld": {"macro_f1_interval": [0.58, 0.64]},
    "goemotions": {"macro_f1_interval": [0.75, 0.77], "confusion": {"not": "released"}},
    "sst": {"macro_f1_interval": [0.6, 0.64], "binary_accuracy_interval": [0.85, 0.89]},
    "ece": 0.021,
    "lost_to_word_errors_15": {"goemotions_macro_f1": 0.038, "sst_macro_f1": 0.023, "sst_binary_accuracy": 0.035},
}
TEXT_INT8 = {
    "protocol": "6928 test rows one by one",
    "temperature": 1.11,
    "agreement": 0.984,
    "int8": {
        "meld_macro_f1": 0.612,
        "goemotions_macro_f1": 0.76,
        "sst_macro_f1": 0.621,
        "sst_binary_accuracy": 0.868,
        "ece": 0.022,
        "meld": {
            "ece": 0.0312,
            "recall": {"negative": 0.58, "neutral": 0.7, "positive": 0.56},
            "sure": {"share": 0.02, "accuracy": 0.88},
        },
    },
    "lost_to_int8": {"goemotions_macro_f1": 0.001, "sst_macro_f1": 0.001, "sst_binary_accuracy": 0.003},
    "bytes": {"int8": 14_500_000, "fp32": 58_000_000},
}
HEARD = {
    "protocol": "420 sentences spoken",
    "written": {"macro_f1": 0.891, "word_error_rate": 0.0, "without_words": 0},
    "clean": {"macro_f1": 0.882, "word_error_rate": 0.0142, "without_words": 1},
}
VOICE = {"temperature": 1.375, "familiar": 0.48, "steepness": 4.5}
JUDGED = {
    "uar": 0.8512,
    "uar_interval": {"low": 0.7934, "high": 0.9044},
    "log_loss": 0.4006,
    "log_loss_interval": {"low": 0.2749, "high": 0.5488},
    "ece": 0.0484,
}
HELD = {"coverage": 0.844, "accuracy_of_kept": 0.9619, "accuracy_of_abstained": 0.626}


def kind(over: str, gain: float) -> dict:
    return {
        "over": over,
        "gain": gain,
        "gain_interval": {"low": gain - 0.03, "high": gain + 0.03},
        "test": {name: JUDGED for name in ("text", "audio", "fused")},
        "abstention": HELD,
        "disagreement": 0.1,
        "gain_of_other_rules": {"fixed": -0.02, "adaptive": gain, "seed": -0.18},
    }


FUSION = {
    "protocol": "four kinds of pairs",
    "synthetic": True,
    "settings": {
        "alpha": 0.45,
        "adaptive": True,
        "adaptive_alpha": 0.55,
        "sharpness": 0.5,
        "polarity": 0.75,
        "voice_polarity": 0.0,
        "contradiction": 2.0,
        "temperature": 0.41,
        "abstain_below": 0.76,
    },
    "chosen": "adaptive",
    "ece": 0.0263,
    "kinds": {
        "words_say_nothing": kind("audio", -0.004),
        "voice_says_nothing": kind("text", -0.011),
        "both_say_it": kind("audio", 0.0583),
        "they_contradict": {
            "test": {name: JUDGED for name in ("text", "audio", "fused")},
            "abstention": {**HELD, "coverage": 0.25},
            "disagreement": 0.957,
        },
    },
    "abstention": {"wanted_accuracy": 0.95, "test": HELD},
    "ravdess_alone": {"alpha": 0.0},
}


@pytest.fixture
def params(repository: Path) -> dict:
    return load_params(repository / "params.yaml")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the stages before `release` leave."""
    monkeypatch.chdir(tmp_path)
    tiny = make_release(tmp_path / "tiny")
    INT8_GRAPH.parent.mkdir(parents=True)
    for name in SERVED_FILES:
        shutil.copyfile(tiny / name, INT8_GRAPH.with_name(name))
    make_ear(EAR_GRAPH, residual=True)
    ACOUSTIC_METRICS.parent.mkdir()
    for path, content in (
        (ACOUSTIC_METRICS, SCORES),
        (QUANTIZE_METRICS, INT8),
        (CROSSVAL_METRICS, CROSSVAL),
        (EAR_METRICS, EAR),
        (EARS_METRICS, EARS),
        (DATA_METRICS, {"data_md5": "f4b39a01c5e34e35d16c39b7043a7845"}),
        (TRAIN_METRICS, {"temperature": 1.2, "protocol": "fitted on actors 1-20"}),
        (VOICE_METRICS, VOICE),
        (HEARD_METRICS, HEARD),
        (TEXT_DATA_METRICS, {"data_md5": "8906ecf9059d81a11e28f7fd7fd4dfb0"}),
        (TEXT_METRICS, TEXT_SCORES),
        (TEXT_QUANTIZE_METRICS, TEXT_INT8),
        (FUSION_METRICS, FUSION),
        (ACROSS_METRICS, {"trained_on": ["ravdess"], "corpora": {}}),
    ):
        path.write_text(json.dumps(content))
    CROSSVAL_CLIPS.parent.mkdir()
    CROSSVAL_CLIPS.write_text(CLIPS)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.fast
def test_release_holds_the_models_the_card_and_a_manifest_that_checks(workplace: Path, params: dict) -> None:
    build_release(params)
    models = {"acoustic.int8.onnx", "ear.onnx", "text.int8.onnx", "tokenizer.json", "silero_vad.onnx"}
    assert set(contents(RELEASE)) == models | {"MODEL_CARD.md", "manifest.json"}
    manifest = manifests.load(RELEASE)
    assert set(manifest.files) == models | {"MODEL_CARD.md"}
    assert manifest.labels == LABELS
    assert manifest.version == params["release"]["version"]
    assert manifest.acoustic.temperature == 1.375
    assert manifest.acoustic.min_samples == params["features"]["n_fft"]
    assert manifest.text.temperature == 1.11
    assert manifest.text.max_tokens == params["text"]["max_tokens"]
    assert manifest.vad.threshold == params["vad"]["threshold"]
    assert manifest.data == {
        "ravdess_md5": "f4b39a01c5e34e35d16c39b7043a7845",
        "text_md5": "8906ecf9059d81a11e28f7fd7fd4dfb0",
    }


@pytest.mark.fast
def test_manifest_carries_the_numbers_with_their_protocol(workplace: Path, params: dict) -> None:
    numbers = build_release(params).metrics["acoustic"]
    assert numbers == {
        **{key: value for key, value in SCORES.items() if key != "confusion"},
        "training_protocol": "fitted on actors 1-20",
        "int8_agreement": 0.9917,
        "int8_uar": 0.8101,
        "lost_to_int8": pytest.approx(0.0022),
        "served": INT8["served"],
        "served_uar_change": pytest.approx(0.0011),
        "calibration": VOICE,
        "bytes": 65_755,
        "arch": "resnet",
        "crossval": CROSSVAL,
        "errors": {
            "right_by_sex": {"female": 0.5, "male": 0.5},
            "right_by_emotion": {"neutral": {"normal": 1.0}, "sad": {"normal": 0.5, "strong": 0.0}},
            "errors": 2,
            "commonest": {"sad as neutral": 2},
        },
    }


@pytest.mark.fast
def test_manifest_carries_the_scores_of_the_text_file_that_is_served_and_the_losses(
    workplace: Path, params: dict
) -> None:
    numbers = build_release(params).metrics["text"]
    assert numbers["goemotions_macro_f1"] == 0.76  # of the int8 file
    assert numbers["fp32"]["goemotions_macro_f1"] == 0.761
    assert numbers["most_lost_to_int8"] == 0.003
    assert numbers["most_lost_to_word_errors"] == 0.038
    assert numbers["protocol"] == {**TEXT_SCORES["protocol"], "int8": TEXT_INT8["protocol"]}
    assert numbers["base"] == params["text"]["base"]


@pytest.mark.fast
def test_manifest_carries_the_fusion_that_was_tuned(workplace: Path, params: dict) -> None:
    manifest = build_release(params)
    assert manifests.load(RELEASE).fusion == manifest.fusion == FUSION["settings"]
    assert fusion_settings(manifest.fusion).adaptive_alpha == 0.55
    assert manifest.metrics["fusion"]["kinds"]["both_say_it"]["gain"] == 0.0583


@pytest.mark.fast
def test_a_fusion_out_of_range_is_not_released(workplace: Path, params: dict) -> None:
    FUSION_METRICS.write_text(json.dumps({**FUSION, "settings": {"alpha": 1.5}}))
    with pytest.raises(ValueError, match=r"fusion\.alpha"):
        build_release(params)


@pytest.mark.fast
def test_card_says_another_rule_another_set_and_no_abstention(workplace: Path, params: dict) -> None:
    held = {"coverage": 1.0, "accuracy_of_kept": 0.9619, "accuracy_of_abstained": None}
    changed = {
        "settings": {"alpha": 0.45},
        "synthetic": False,
        "abstention": {"wanted_accuracy": 0.9, "test": held},
        "kinds": {"recordings": kind("audio", 0.03)},
    }
    own = {key: value for key, value in FUSION.items() if key != "ravdess_alone"}
    FUSION_METRICS.write_text(json.dumps({**own, **changed}))
    build_release(params)
    card = (RELEASE / CARD_FILE).read_text()
    assert "Alpha is 0.45." in card
    assert "it abstains from nothing" in card
    assert "put together" not in card


@pytest.mark.fast
def test_every_gate_of_the_parameters_finds_its_number_in_a_release(workplace: Path, params: dict) -> None:
    manifest = build_release(params)
    assert check_gates(params["gates"], manifest, None) == []
    strict = {name: {"min": float("inf")} for name in params["gates"]}
    assert [failure.split(" is ")[0] for failure in check_gates(strict, manifest, None)] == list(strict)


@pytest.mark.fast
def test_same_inputs_give_the_same_bytes(workplace: Path, params: dict) -> None:
    build_release(params)
    first = contents(RELEASE)
    build_release(params)
    assert contents(RELEASE) == first


@pytest.mark.fast
def test_card_says_the_numbers_the_licence_and_the_limits(workplace: Path, params: dict) -> None:
    build_release(params)
    card = (RELEASE / CARD_FILE).read_text()
    for said in (
        "0.812 (95 % interval over actors 0.751 to 0.879)",
        "| UAR, 3 labels | **0.823** [0.801, 0.846] | **0.632** [0.801, 0.846] |",
        "| accuracy, 8 emotions | 0.679 | none |",
        "0.760 (white 0.770, pink 0.760, babble 0.690)",
        "-1.2 points",
        "of it the ear's, at a temperature of 0.809",
        f"`{SETTINGS.recogniser_sha256}`",
        "| UAR, 3 labels | **0.823** [0.850, 0.910] | **0.857** [0.850, 0.910] | **0.879** [0.850, 0.910] |",
        "0.835 (white 0.850, pink 0.860, babble 0.790)",
        "Of 2 errors the commonest: sad as neutral (2). Right label by sex: female 50.0%, male 50.0%.",
        "| sad | 0.50 | 0.00 |",
        "| recall of neutral | 0.550 |",
        "99.2 % of the clips",
        "softmax(logits / 1.375)",
        SCORES["protocol"],
        "How it was fitted: fitted on actors 1-20.",
        "CC BY-NC-SA 4.0",
        "f4b39a01c5e34e35d16c39b7043a7845",
        "Acted speech",
        "Two sentences",
        "North American",
        "neutral = neutral, calm",
        "softmax(logits / 1.110)",
        "8906ecf9059d81a11e28f7fd7fd4dfb0",
        "| macro-F1, GoEmotions | 0.760 | 0.761 (0.750 to 0.770) |",
        "| word errors 15 | 0.580 | 0.723 | 0.599 | 0.833 |",
        "recalls are negative 0.58, neutral 0.70, positive 0.56 and the ECE is 0.031; of what is 0.9 sure there 88 %",
        "| clean | 1.4 % | 0.882 |",
        "ambiguous = confusion, curiosity, realization, surprise",
        "98.4 % of the test rows",
        "15 % word errors cost up to 3.8 points",
        "Sarcasm",
        "0.55 where both are equally sure and the words are not neutral at all, sharpness 0.5, "
        "polarity 0.75 of the words, 0 of the voice.",
        "under 0.76 keeps its label",
        "both poles of p move towards their mean by the part min(1, 2 4 alpha (1 - alpha) min(a, b)); no label",
        "% of what a training row is to be given is what a larger network says of it: all-mpnet-base-v2 (Apache-2.0)",
        "Protocol: four kinds of pairs.",
        f"| words say nothing, the voice feels |{3 * ' 0.851 [0.793, 0.904] |'} voice | **-0.4** [-3.4, 2.6] | 0.048 |",
        "| 0.7 words, 0.3 voice | -18.0 | -18.0 | -18.0 |",
        "95.7 % say `agreement: false`,",
        "right on 96.2 % of what it does not abstain from, which is 84.4 % of the pairs, and on 62.6 % of the others",
        "The pairs are put together",
        "18 points of UAR worse than its voice alone",
        "judging individuals",
        "employment",
        "medical",
    ):
        assert said in card
    assert not re.search(r"\b20[2-9]\d-\d\d|\$", card)  # no date, no placeholder left


@pytest.mark.fast
def test_card_is_among_the_files_that_the_manifest_guards(workplace: Path, params: dict) -> None:
    build_release(params)
    with (RELEASE / CARD_FILE).open("a") as card:
        card.write("and it is good for hiring\n")
    with pytest.raises(manifests.FileMismatchError, match=r"MODEL_CARD\.md"):
        manifests.load(RELEASE)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("missing", "maker"),
    [
        ("models/onnx/acoustic.int8.onnx", "quantize"),
        ("models/onnx/text.int8.onnx", "quantize_text"),
        ("models/onnx/tokenizer.json", "export_text"),
        ("metrics/text_data.json", "text_data"),
        ("metrics/text.json", "evaluate_text"),
        ("metrics/text_quantize.json", "quantize_text"),
        ("metrics/acoustic.json", "evaluate"),
        ("metrics/quantize.json", "quantize"),
        ("metrics/crossval.json", "crossval"),
        ("models/onnx/ear.onnx", "export_ear"),
        ("metrics/ear.json", "train_ear"),
        ("metrics/crossval_ear.json", "crossval_ear"),
        ("plots/crossval_clips.csv", "crossval"),
        ("metrics/train.json", "train"),
        ("metrics/voice.json", "calibrate_voice"),
        ("metrics/text_heard.json", "evaluate_heard"),
        ("metrics/ravdess.json", "download"),
        ("metrics/fusion.json", "tune_fusion"),
    ],
)
def test_missing_input_is_named_with_its_stage_and_the_old_release_stays(
    missing: str, maker: str, workplace: Path, params: dict
) -> None:
    build_release(params)
    before = contents(RELEASE)
    Path(missing).unlink()
    with pytest.raises(SystemExit, match=rf"{re.escape(missing)} not found: it is made by `dvc repro {maker}`"):
        build_release(params)
    assert contents(RELEASE) == before
    assert [path.name for path in Path("models").iterdir() if path.name.startswith(".")] == []
