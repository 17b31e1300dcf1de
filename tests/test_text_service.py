"""The text model in service: every text has an answer, and the command says how words feel."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from tiny_text import make_tokenizer

from contract.manifest import ManifestError
from serving import cli, text_command
from serving.text import MAX_CHARACTERS, TEXT_FILE, TOKENIZER_FILE, TextModel, load_text_model

AWKWARD = {
    "empty": "",
    "blank": " \t\n ",
    "ten thousand words": "good film " * 5000,
    "a million letters": "a" * 1_000_000,
    "emoji": "😀🎉👩‍👩‍👧",
    "japanese": "これは良い映画です",
    "arabic": "فيلم جيد",
    "control characters": "good\x00 \x1b[31mfilm\x07\x7f",
    "lone surrogate": "good \ud83d film",
    "combining marks": "g\u0301o\u0300od" + "\u0301" * 500,
    "marks only": "?!...",
}

# Logits [0, number of tokens / 10, first id after [CLS] / 10]: enough to see what reaches the graph.
_GRAPH = """
<ir_version: 10, opset_import: ["" : 18]>
tiny (int64[batch, tokens] input_ids, int64[batch, tokens] attention_mask) => (float[batch, 3] logits)
<float ten = {10.0}, int64[1] axis = {1}, int64 one = {1}>
{
    mask = Cast<to: int = 1>(attention_mask)
    count = ReduceSum(mask, axis)
    length = Div(count, ten)
    ids = Cast<to: int = 1>(input_ids)
    picked = Gather<axis: int = 1>(ids, one)
    column = Unsqueeze(picked, axis)
    first = Div(column, ten)
    zero = Sub(length, length)
    logits = Concat<axis: int = 1>(zero, length, first)
}
"""


def make_text_files(folder: Path, graph: str = _GRAPH) -> Path:
    """Write a graph of a few nodes and a small tokenizer under their released names."""
    onnx.save(onnx.parser.parse_model(graph), folder / TEXT_FILE)
    make_tokenizer().save(str(folder / TOKENIZER_FILE))
    return folder


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    make_text_files(tmp_path)
    return TextModel(tmp_path / TEXT_FILE, tmp_path / TOKENIZER_FILE, temperature=1.0)


@pytest.mark.fast
@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
def test_every_text_has_probabilities(model: TextModel, text: str) -> None:
    found = model.probabilities(text)
    assert found.shape == (3,)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1.0)


@pytest.mark.fast
@pytest.mark.parametrize("name", ["empty", "blank", "emoji", "japanese", "arabic"])
def test_a_text_with_nothing_known_says_nothing_which_is_neutral(model: TextModel, name: str) -> None:
    assert model.probabilities(AWKWARD[name]).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.fast
def test_a_long_text_is_cut_at_the_released_number_of_tokens(tmp_path: Path) -> None:
    make_text_files(tmp_path)
    model = TextModel(tmp_path / TEXT_FILE, tmp_path / TOKENIZER_FILE, temperature=1.0, max_tokens=8)
    assert model.probabilities("good " * 6).tolist() == model.probabilities("good " * 5000).tolist()
    assert len("good " * 5000) > MAX_CHARACTERS


@pytest.mark.fast
def test_a_higher_temperature_makes_the_answer_less_sure(tmp_path: Path) -> None:
    make_text_files(tmp_path)
    cold, warm = (
        TextModel(tmp_path / TEXT_FILE, tmp_path / TOKENIZER_FILE, t).probabilities("good") for t in (0.5, 2.0)
    )
    assert cold.max() > warm.max()


@pytest.mark.fast
def test_a_graph_with_other_inputs_or_outputs_is_refused_by_name(tmp_path: Path) -> None:
    make_text_files(tmp_path, _GRAPH.replace("input_ids", "tokens_in"))
    with pytest.raises(ManifestError, match="tokens_in"):
        TextModel(tmp_path / TEXT_FILE, tmp_path / TOKENIZER_FILE, 1.0)
    make_text_files(
        tmp_path,
        _GRAPH.replace("(zero, length, first)", "(zero, length)").replace("float[batch, 3]", "float[batch, 2]"),
    )
    with pytest.raises(ManifestError, match="3 are expected"):
        TextModel(tmp_path / TEXT_FILE, tmp_path / TOKENIZER_FILE, 1.0)


@pytest.mark.fast
def test_a_broken_tokenizer_is_refused_by_name(tmp_path: Path) -> None:
    (make_text_files(tmp_path) / TOKENIZER_FILE).write_text("{}")
    with pytest.raises(ManifestError, match=TOKENIZER_FILE):
        TextModel(tmp_path / TEXT_FILE, tmp_path / TOKENIZER_FILE, 1.0)


@pytest.mark.fast
def test_a_release_without_a_text_model_is_told_so(tiny_release: Path) -> None:
    with pytest.raises(ManifestError, match="no text model"):
        load_text_model(tiny_release)


def test_the_text_path_loads_no_training_library() -> None:
    heavy = {"torch", "transformers", "optimum", "onnx", "librosa", "mlflow"}
    code = f"import sys, serving.text_command; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class _Bytes(io.StringIO):
    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.buffer = io.BytesIO(content)


def _run(arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    model = TextModel(folder / TEXT_FILE, folder / TOKENIZER_FILE, temperature=1.0)
    monkeypatch.setattr(text_command, "load_text_model", lambda _: model)
    import argparse

    parser = argparse.ArgumentParser()
    text_command.register(parser.add_subparsers())
    parsed = parser.parse_args(["text", *arguments])
    return int(parsed.run(parsed))


@pytest.mark.fast
def test_the_command_prints_label_and_probabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(["good", "film"], make_text_files(tmp_path), monkeypatch) == 0
    (line,) = capsys.readouterr().out.splitlines()
    label, *rest = line.split()
    assert label in ("negative", "neutral", "positive")
    assert rest[::2] == ["negative", "neutral", "positive", "good"]
    assert sum(float(value) for value in rest[1:6:2]) == pytest.approx(1.0, abs=0.02)


@pytest.mark.fast
def test_the_command_reads_lines_of_standard_input_even_broken_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", _Bytes(b"good\n\n\xff\xfe film\r\nbad\x1b[31m"))
    assert _run(["-"], make_text_files(tmp_path), monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "\x1b" not in "".join(lines)


@pytest.mark.fast
def test_the_command_without_a_text_release_says_what_is_missing(tiny_release: Path) -> None:
    module = sys.modules["serving.cli"]
    if not hasattr(module, "text_command"):
        pytest.skip("`undertone text` is not a sub-command yet")
    with pytest.raises(SystemExit, match="no text model"):
        cli.main(["text", "good", "--release", str(tiny_release)])
