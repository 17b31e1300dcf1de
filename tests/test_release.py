"""The release folder: whole, described by its manifest, reproducible, honest in its model card."""

import json
import re
import shutil
from pathlib import Path

import pytest
from tiny_release import make_release

from contract import manifest as contract_manifest
from contract.labels import LABELS
from export.files import ACOUSTIC_METRICS, DATA_METRICS, INT8_GRAPH, QUANTIZE_METRICS, RELEASE, TRAIN_METRICS
from export.release import build_release
from training.params import load_params

SCORES = {
    "protocol": "fitted on actors 1-20, tested on the 240 clips of actors 21-24",
    "uar": 0.6123,
    "uar_interval": {"low": 0.5511, "high": 0.6789},
    "accuracy": 0.6333,
    "macro_f1": 0.6022,
    "recall": {"negative": 0.71, "neutral": 0.55, "positive": 0.577},
    "nll": 0.81,
    "ece": 0.043,
    "confusion": {"not": "released"},
}
INT8 = {"agreement": 0.9917, "int8": {"uar": 0.6101}, "bytes": {"int8": 65_755, "fp32": 157_810}}


@pytest.fixture
def params(repository: Path) -> dict:
    return load_params(repository / "params.yaml")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the stages before `release` leave."""
    monkeypatch.chdir(tmp_path)
    tiny = make_release(tmp_path / "tiny")
    INT8_GRAPH.parent.mkdir(parents=True)
    shutil.copyfile(tiny / "acoustic.int8.onnx", INT8_GRAPH)
    ACOUSTIC_METRICS.parent.mkdir()
    for path, content in (
        (ACOUSTIC_METRICS, SCORES),
        (QUANTIZE_METRICS, INT8),
        (DATA_METRICS, {"data_md5": "f4b39a01c5e34e35d16c39b7043a7845"}),
        (TRAIN_METRICS, {"temperature": 1.375, "protocol": "fitted on actors 1-20"}),
    ):
        path.write_text(json.dumps(content))
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.fast
def test_release_holds_the_models_the_card_and_a_manifest_that_checks(workplace: Path, params: dict) -> None:
    build_release(params)
    assert set(contents(RELEASE)) == {"acoustic.int8.onnx", "silero_vad.onnx", "MODEL_CARD.md", "manifest.json"}
    manifest = contract_manifest.load(RELEASE)
    assert set(manifest.files) == {"acoustic.int8.onnx", "silero_vad.onnx", "MODEL_CARD.md"}
    assert manifest.labels == LABELS
    assert manifest.version == params["release"]["version"]
    assert manifest.acoustic.temperature == 1.375
    assert manifest.acoustic.min_samples == params["features"]["n_fft"]
    assert manifest.vad.threshold == params["vad"]["threshold"]
    assert manifest.data == {"ravdess_md5": "f4b39a01c5e34e35d16c39b7043a7845"}


@pytest.mark.fast
def test_manifest_carries_the_numbers_with_their_protocol(workplace: Path, params: dict) -> None:
    numbers = build_release(params).metrics["acoustic"]
    assert numbers == {
        **{key: value for key, value in SCORES.items() if key != "confusion"},
        "training_protocol": "fitted on actors 1-20",
        "int8_agreement": 0.9917,
        "int8_uar": 0.6101,
        "bytes": 65_755,
    }


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
        "0.612 (95 % interval over actors 0.551 to 0.679)",
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
        ("metrics/acoustic.json", "evaluate"),
        ("metrics/quantize.json", "quantize"),
        ("metrics/train.json", "train"),
        ("metrics/ravdess.json", "download"),
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
