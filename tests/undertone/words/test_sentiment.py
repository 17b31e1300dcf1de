"""The text model in service: every text has an answer, and the command says how words feel."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from material.tiny_release import make_release
from material.tiny_text import GRAPH, make_text_files

from serving.cli import main as cli
from undertone.manifest import (
    ACOUSTIC_FILE,
    MANIFEST_NAME,
    TEXT_FILE,
    TOKENIZER_FILE,
    VAD_FILE,
    FileMismatchError,
    ManifestError,
    TextSettings,
)
from undertone.words.sentiment import MAX_CHARACTERS, TextModel, load_text_model

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


@pytest.fixture
def no_text_release(tiny_release: Path, tmp_path: Path) -> Path:
    """A release whose manifest lists no text model."""
    folder = shutil.copytree(tiny_release, tmp_path / "no-text")
    raw = json.loads((folder / MANIFEST_NAME).read_text())
    raw["files"] = {name: raw["files"][name] for name in (ACOUSTIC_FILE, VAD_FILE)}
    (folder / MANIFEST_NAME).write_text(json.dumps(raw))
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
    assert not model.understands(AWKWARD[name])
    assert model.understands("fine " + AWKWARD[name])


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
    make_text_files(tmp_path, GRAPH.replace("input_ids", "tokens_in"))
    with pytest.raises(ManifestError, match="tokens_in"):
        TextModel(tmp_path / TEXT_FILE, tmp_path / TOKENIZER_FILE, 1.0)
    make_text_files(
        tmp_path,
        GRAPH.replace("(zero, length, first)", "(zero, length)").replace("float[batch, 3]", "float[batch, 2]"),
    )
    with pytest.raises(ManifestError, match="3 are expected"):
        TextModel(tmp_path / TEXT_FILE, tmp_path / TOKENIZER_FILE, 1.0)


@pytest.mark.fast
def test_a_broken_tokenizer_is_refused_by_name(tmp_path: Path) -> None:
    (make_text_files(tmp_path) / TOKENIZER_FILE).write_text("{}")
    with pytest.raises(ManifestError, match=TOKENIZER_FILE):
        TextModel(tmp_path / TEXT_FILE, tmp_path / TOKENIZER_FILE, 1.0)


@pytest.mark.fast
def test_the_text_model_comes_from_a_release_with_its_temperature_and_its_limit(tmp_path: Path) -> None:
    folder = make_release(tmp_path / "release", text=TextSettings(max_tokens=8, temperature=2.0))
    model = load_text_model(folder)
    expected = TextModel(folder / TEXT_FILE, folder / TOKENIZER_FILE, temperature=2.0, max_tokens=8)
    assert model.probabilities("good " * 30).tolist() == expected.probabilities("good " * 6).tolist()


@pytest.mark.fast
def test_a_release_without_a_text_model_is_told_so(no_text_release: Path) -> None:
    with pytest.raises(ManifestError, match=r"no text model \(text\.int8\.onnx and tokenizer\.json missing\)"):
        load_text_model(no_text_release)


@pytest.mark.fast
@pytest.mark.parametrize("name", [TEXT_FILE, TOKENIZER_FILE])
def test_a_tampered_text_file_is_refused_by_name(tiny_release: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(tiny_release, tmp_path / "release")
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(FileMismatchError, match=name):
        load_text_model(folder)


def test_the_text_path_loads_no_training_library() -> None:
    heavy = {"torch", "transformers", "optimum", "onnx", "librosa", "mlflow"}
    code = f"import sys, serving.cli.text; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class _Bytes(io.StringIO):
    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.buffer = io.BytesIO(content)


@pytest.mark.fast
def test_the_command_prints_label_and_probabilities(tiny_release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["text", "good", "film", "--release", str(tiny_release)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    label, *rest = line.split()
    assert label in ("negative", "neutral", "positive")
    assert rest[::2] == ["negative", "neutral", "positive", "good"]
    assert sum(float(value) for value in rest[1:6:2]) == pytest.approx(1.0, abs=0.02)


@pytest.mark.fast
def test_the_command_reads_lines_of_standard_input_even_broken_ones(
    tiny_release: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", _Bytes(b"good\n\n\xff\xfe film\r\nbad\x1b[31m"))
    assert cli.main(["text", "-", "--release", str(tiny_release)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "\x1b" not in "".join(lines)


@pytest.mark.fast
def test_the_command_says_what_is_wrong_with_a_release(no_text_release: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no text model"):
        cli.main(["text", "good", "--release", str(no_text_release)])
    with pytest.raises(SystemExit, match="there is no release at"):
        cli.main(["text", "good", "--release", str(tmp_path / "nowhere")])
