"""The release folder: whole, described by its manifest, reproducible, honest in its model card."""

import json
import re
import shutil
from pathlib import Path

import pytest
from tiny_release import make_release

from contract import manifest as contract_manifest
from contract.labels import LABELS
from contract.weighting import fusion_settings
from export.files import (
    ACOUSTIC_METRICS,
    CROSSVAL_CLIPS,
    CROSSVAL_METRICS,
    DATA_METRICS,
    FUSION_METRICS,
    INT8_GRAPH,
    QUANTIZE_METRICS,
    RELEASE,
    TEXT_DATA_METRICS,
    TEXT_METRICS,
    TEXT_QUANTIZE_METRICS,
    TRAIN_METRICS,
)
from export.gates import check_gates
from export.release import build_release
from training.params import load_params

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
    "bytes": {"int8": 65_755, "fp32": 157_810},
}
NOISES = {kind: {"0": 0.6, "10": uar} for kind, uar in (("white", 0.77), ("pink", 0.76), ("babble", 0.69))}
CROSSVAL_PART = {
    **{key: SCORES[key] for key in ("accuracy", "macro_f1", "recall")},
    "uar": 0.8234,
    "uar_interval": {"low": 0.8012, "high": 0.8456},
    "emotion_accuracy": 0.6789,
    "window": {"0.5": 0.7, "1": 0.7345},
    "window_1s_interval": {"low": 0.71, "high": 0.76},
    "noise": {**NOISES, "mean_10dB": 0.74},
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
CLIPS = """name,sex,emotion,intensity,actual,predicted
a,male,sad,normal,negative,neutral
b,male,sad,normal,negative,negative
c,female,sad,strong,negative,neutral
d,female,neutral,normal,neutral,neutral
"""
TEXT_SCORES = {
    "protocol": {"goemotions": "4725 test rows", "sst": "2203 test sentences"},
    "temperature": 1.11,
    "undamaged": {"goemotions_macro_f1": 0.761, "sst_macro_f1": 0.622, "sst_binary_accuracy": 0.871},
    "conditions": {
        "word_errors_15": {"goemotions_macro_f1": 0.723, "sst_macro_f1": 0.599, "sst_binary_accuracy": 0.833}
    },
    "goemotions": {"macro_f1_interval": [0.75, 0.77], "confusion": {"not": "released"}},
    "sst": {"macro_f1_interval": [0.6, 0.64], "binary_accuracy_interval": [0.85, 0.89]},
    "ece": 0.021,
    "lost_to_word_errors_15": {"goemotions_macro_f1": 0.038, "sst_macro_f1": 0.023, "sst_binary_accuracy": 0.035},
}
TEXT_INT8 = {
    "protocol": "6928 test rows one by one",
    "agreement": 0.984,
    "int8": {"goemotions_macro_f1": 0.76, "sst_macro_f1": 0.621, "sst_binary_accuracy": 0.868, "ece": 0.022},
    "lost_to_int8": {"goemotions_macro_f1": 0.001, "sst_macro_f1": 0.001, "sst_binary_accuracy": 0.003},
    "bytes": {"int8": 14_500_000, "fp32": 58_000_000},
}
JUDGED = {
    "uar": 0.8512,
    "uar_interval": {"low": 0.7934, "high": 0.9044},
    "log_loss": 0.4006,
    "log_loss_interval": {"low": 0.2749, "high": 0.5488},
    "ece": 0.0484,
}
FUSION = {
    "protocol": "each sentence with one clip of its label",
    "synthetic": True,
    "settings": {
        "alpha": 0.45,
        "adaptive": True,
        "adaptive_alpha": 0.55,
        "sharpness": 0.5,
        "temperature": 0.41,
        "abstain_below": 0.76,
    },
    "chosen": "adaptive",
    "better_alone": "audio",
    "gain": 0.0583,
    "gain_interval": {"low": 0.0254, "high": 0.0959},
    "ece": 0.0263,
    "test": {name: JUDGED for name in ("text", "audio", "fixed", "adaptive")},
    "abstention": {
        "wanted_accuracy": 0.95,
        "test": {"coverage": 0.844, "accuracy_of_kept": 0.9619, "accuracy_of_abstained": 0.626},
    },
    "by_agreement": {"only_words_right": {"fused_right": 0.6146}, "only_voice_right": {"fused_right": 0.9154}},
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
    for name in ("acoustic.int8.onnx", "text.int8.onnx", "tokenizer.json", "silero_vad.onnx"):
        shutil.copyfile(tiny / name, INT8_GRAPH.with_name(name))
    ACOUSTIC_METRICS.parent.mkdir()
    for path, content in (
        (ACOUSTIC_METRICS, SCORES),
        (QUANTIZE_METRICS, INT8),
        (CROSSVAL_METRICS, CROSSVAL),
        (DATA_METRICS, {"data_md5": "f4b39a01c5e34e35d16c39b7043a7845"}),
        (TRAIN_METRICS, {"temperature": 1.375, "protocol": "fitted on actors 1-20"}),
        (TEXT_DATA_METRICS, {"data_md5": "8906ecf9059d81a11e28f7fd7fd4dfb0"}),
        (TEXT_METRICS, TEXT_SCORES),
        (TEXT_QUANTIZE_METRICS, TEXT_INT8),
        (FUSION_METRICS, FUSION),
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
    models = {"acoustic.int8.onnx", "text.int8.onnx", "tokenizer.json", "silero_vad.onnx"}
    assert set(contents(RELEASE)) == models | {"MODEL_CARD.md", "manifest.json"}
    manifest = contract_manifest.load(RELEASE)
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
    assert contract_manifest.load(RELEASE).fusion == manifest.fusion == FUSION["settings"]
    assert fusion_settings(manifest.fusion).adaptive_alpha == 0.55
    assert manifest.metrics["fusion"]["gain"] == 0.0583


@pytest.mark.fast
def test_a_fusion_out_of_range_is_not_released(workplace: Path, params: dict) -> None:
    FUSION_METRICS.write_text(json.dumps({**FUSION, "settings": {"alpha": 1.5}}))
    with pytest.raises(ValueError, match=r"fusion\.alpha"):
        build_release(params)


@pytest.mark.fast
def test_card_says_another_rule_another_set_and_no_abstention(workplace: Path, params: dict) -> None:
    held = {"coverage": 1.0, "accuracy_of_kept": 0.9619, "accuracy_of_abstained": None}
    changed = {"settings": {"alpha": 0.45}, "synthetic": False, "abstention": {"wanted_accuracy": 0.9, "test": held}}
    FUSION_METRICS.write_text(json.dumps({**FUSION, **changed}))
    build_release(params)
    card = (RELEASE / "MODEL_CARD.md").read_text()
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
    card = (RELEASE / "MODEL_CARD.md").read_text()
    for said in (
        "0.812 (95 % interval over actors 0.751 to 0.879)",
        "| UAR, 3 labels | **0.823** [0.801, 0.846] | **0.632** [0.801, 0.846] |",
        "| accuracy, 8 emotions | 0.679 | none |",
        "0.740 (white 0.770, pink 0.760, babble 0.690)",
        "-1.2 points",
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
        "| word errors 15 | 0.723 | 0.599 | 0.833 |",
        "ambiguous = confusion, curiosity, realization, surprise",
        "98.4 % of the test rows",
        "15 % word errors cost up to 3.8 points",
        "Sarcasm",
        "0.55 where they are equal, sharpness 0.5.",
        "under 0.76 keeps its label",
        "Protocol: each sentence with one clip of its label.",
        "| both, adaptive alpha | 0.851 [0.793, 0.904] | 0.401 [0.275, 0.549] | 0.048 |",
        "5.8 points of UAR on the test half (95 % interval 2.5 to 9.6), with an ECE of 0.026",
        "right on 96.2 % of what it does not abstain from, which is 84.4 % of the pairs, and on 62.6 % of the others",
        "The pairs are put together",
        "judging individuals",
        "employment",
        "medical",
    ):
        assert said in card
    assert not re.search(r"\b20[2-9]\d-\d\d|\$", card)  # no date, no placeholder left


@pytest.mark.fast
def test_card_is_among_the_files_that_the_manifest_guards(workplace: Path, params: dict) -> None:
    build_release(params)
    with (RELEASE / "MODEL_CARD.md").open("a") as card:
        card.write("and it is good for hiring\n")
    with pytest.raises(contract_manifest.FileMismatchError, match=r"MODEL_CARD\.md"):
        contract_manifest.load(RELEASE)


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
        ("plots/crossval_clips.csv", "crossval"),
        ("metrics/train.json", "train"),
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
