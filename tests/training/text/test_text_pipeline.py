"""From a base to the graph that is served: published classifiers, export, int8, with a classifier made by the test."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from material.tiny_classifier import make_classifier
from tokenizers import Tokenizer

from export.onnx_file import session_of
from export.text import convert as export_text
from export.text import quantize as text_quantize
from training.corpora.texts import hub as text_hub
from training.corpora.texts.table import Row
from training.files import TEXT_EXPORT_METRICS, TEXT_FLOAT_GRAPH, TEXT_INT8_GRAPH, TEXT_METRICS, TOKENIZER, read_metrics
from training.text import base as text_base
from training.text.batches import torch_logits
from training.text.model import load_text_model
from training.text.neutral import neutral_band
from training.text.train import train
from undertone.labels import LABELS
from undertone.probabilities import softmax

ROWS = [
    Row(source, split, text, label)
    for source in ("goemotions", "sst")
    for split in ("train", "dev", "test")
    for text, label in [("good film", "positive"), ("bad film", "negative"), ("the film", "neutral"), ("it", "neutral")]
    * 4
]


def make_params(base: Path | str) -> dict[str, Any]:
    return {
        "text": {"base": str(base), "max_tokens": 128, "seed": 0, "threads": 1},
        "export": {"logit_tolerance": 1e-4},
        "quantize_text": {"per_channel": True, "reduce_range": True, "min_agreement": 0.0},
    }


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a two-label base went through the stages train_text, export_text and quantize_text."""
    folder = tmp_path_factory.mktemp("pipeline")
    params = make_params(make_classifier(folder / "base"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        train(params, ROWS)
        export_text.export_text(Path("models/text"), [row.text for row in ROWS], params)
        text_quantize.quantize_text(params, ROWS)
    return folder


def test_a_two_label_base_keeps_its_poles_and_gains_a_neutral(pipeline: Path) -> None:
    base, tokenizer = text_base.fetch_base(str(pipeline / "base"))
    ours, _ = load_text_model(pipeline / "models" / "text")
    texts = ["good", "bad film", "not fine at all"]
    two, three = torch_logits(base, tokenizer, texts), torch_logits(ours, tokenizer, texts)
    assert three[:, [0, 2]] == pytest.approx(two, abs=1e-5)
    assert np.ptp(three[:, 1] - two.mean(axis=1)) < 1e-5  # the width of the band is one number
    assert [ours.config.id2label[i] for i in range(3)] == list(LABELS)


def test_the_neutral_band_is_found_again_on_labels_drawn_from_it() -> None:
    rng = np.random.default_rng(0)
    positive = rng.normal(0.0, 3.0, 4000)
    logits = np.stack([-positive, np.full(4000, 0.8), positive], axis=1)
    drawn = (softmax(logits, 1.5).cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)
    temperature, width = neutral_band(-positive, positive, drawn)
    assert temperature == pytest.approx(1.5, rel=0.1)
    assert width == pytest.approx(0.8, abs=0.25)


def test_a_three_label_base_in_another_order_is_put_in_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_classifier(tmp_path / "base", labels=("positive", "neutral", "negative"))
    monkeypatch.chdir(tmp_path)
    train(make_params("base"), ROWS)
    base, tokenizer = text_base.fetch_base("base")
    ours, _ = load_text_model(Path("models/text"))
    texts = ["good", "bad film"]
    assert torch_logits(ours, tokenizer, texts) == pytest.approx(
        torch_logits(base, tokenizer, texts)[:, ::-1], abs=1e-6
    )


def test_a_base_with_nameless_labels_is_refused(tmp_path: Path) -> None:
    make_classifier(tmp_path, labels=("LABEL_0", "LABEL_1"))
    with pytest.raises(SystemExit, match="label_0"):
        text_base.fetch_base(str(tmp_path))


def test_a_base_of_another_architecture_is_refused(tmp_path: Path) -> None:
    make_classifier(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "bert"}))
    with pytest.raises(SystemExit, match="bert model"):
        text_base.fetch_base(str(tmp_path))


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (make_classifier(tmp_path) / "model.safetensors").unlink()
    with pytest.raises(SystemExit, match="cannot be loaded"):
        text_base.fetch_base(str(tmp_path))


def test_an_unreachable_hub_is_told_in_seconds_with_the_way_to_give_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_hub, "HUB_HOST", "hub.invalid")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"hub\.invalid cannot be reached[\s\S]*text\.base=path/to/folder"):
        train(make_params("distilbert-base-uncased-finetuned-sst-2-english"), ROWS)
    assert not Path("models/text").exists()


def test_the_graph_gives_the_logits_of_torch_within_1e_4(pipeline: Path) -> None:
    report = json.loads((pipeline / TEXT_EXPORT_METRICS).read_text())
    assert report["largest_difference"] <= report["tolerance"] == 1e-4
    model = onnx.load(pipeline / TEXT_FLOAT_GRAPH)
    assert [value.name for value in model.graph.input] == list(export_text.INPUTS)
    assert [value.name for value in model.graph.output] == [export_text.OUTPUT]


def test_every_product_with_a_matrix_and_both_tables_are_int8(pipeline: Path) -> None:
    counted = text_quantize.count_quantized(onnx.load(pipeline / TEXT_INT8_GRAPH))
    assert counted == {"MatMul": 2 * 6 + 2, "Gather": 2}


def test_a_graph_left_in_float_is_refused(pipeline: Path) -> None:
    graph = onnx.load(pipeline / TEXT_FLOAT_GRAPH)
    with pytest.raises(text_quantize.TextQuantizationError, match="'MatMul': 0"):
        text_quantize.check_structure(graph, graph)


def test_exporting_and_quantizing_again_gives_the_same_bytes_and_no_path(pipeline: Path, tmp_path: Path) -> None:
    before = (pipeline / TEXT_FLOAT_GRAPH).read_bytes()
    assert export_text.export_graph(pipeline / "models" / "text").SerializeToString(deterministic=True) == before
    again = text_quantize.quantize_graph(pipeline / TEXT_FLOAT_GRAPH)
    assert again.SerializeToString(deterministic=True) == (pipeline / TEXT_INT8_GRAPH).read_bytes()
    assert str(pipeline).encode() not in before
    assert b".py" not in before


def test_a_graph_that_strays_from_torch_is_thrown_away(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(pipeline / "models", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    params = make_params("base") | {"export": {"logit_tolerance": -1.0}}
    with pytest.raises(SystemExit, match="thrown away"):
        export_text.export_text(Path("models/text"), ["good film"], params)
    assert not TEXT_FLOAT_GRAPH.exists()
    assert not TOKENIZER.exists()


def test_int8_that_names_other_labels_is_refused(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(pipeline / "models", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    params = make_params("base")
    params["quantize_text"]["min_agreement"] = 1.1
    with pytest.raises(SystemExit, match="int8 and fp32"):
        text_quantize.quantize_text(params, ROWS)
    assert not TEXT_INT8_GRAPH.exists()


def test_stages_without_their_input_name_the_stage_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="dvc repro train_text"):
        export_text.export_text(Path("models/text"), [], make_params("base"))
    with pytest.raises(SystemExit, match="dvc repro export_text"):
        text_quantize.quantize_text(make_params("base"), ROWS)
    with pytest.raises(SystemExit, match="dvc repro evaluate_text"):
        read_metrics(TEXT_METRICS)


def test_texts_come_back_in_their_order_whatever_their_length(pipeline: Path) -> None:
    tokenizer = Tokenizer.from_file(str(pipeline / TOKENIZER))
    session = session_of(pipeline / TEXT_FLOAT_GRAPH)
    texts = ["good " * n + "film" for n in (9, 1, 30, 4)]
    together = export_text.graph_logits(session, tokenizer, texts, 128, batch_size=2)
    alone = np.concatenate([export_text.graph_logits(session, tokenizer, [text], 128) for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)
