"""`undertone text`: which arguments are a text, rows and JSON lines."""

import io
import json

import pytest

from serving.cli.main import main
from serving.cli.text import texts_of


@pytest.mark.fast
@pytest.mark.parametrize(
    ("arguments", "joined", "texts"),
    [
        (["what", "a", "day"], True, ["what a day"]),
        (["what a day"], True, ["what a day"]),
        (["what a day", "how sad"], True, ["what a day", "how sad"]),
        (["great", "how sad"], True, ["great", "how sad"]),
        (["great", "awful"], False, ["great", "awful"]),
        (["caf\udce9"], False, ["caf\ufffd"]),
    ],
)
def test_single_words_are_one_text_and_quoted_arguments_one_each(arguments, joined, texts):
    assert list(texts_of(arguments, joined)) == texts


@pytest.mark.fast
def test_lines_of_standard_input_stand_where_the_dash_does(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"one\r\ntwo caf\xe9\n")))
    assert list(texts_of(["first", "-"], joined=True)) == ["first", "one", "two caf\ufffd"]


def test_json_is_one_object_for_each_argument(promoted_release, capsys):
    texts = ["what a wonderful day", "awful", 'she said "no"\tand left']
    assert main(["text", "--json", "--release", str(promoted_release), *texts]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["text"] for one in found] == texts
    assert [one["label"] for one in found[:2]] == ["positive", "negative"]
    for one in found:
        assert set(one) == {"text", "label", "probabilities"}
        assert sum(one["probabilities"].values()) == pytest.approx(1)
        assert max(one["probabilities"], key=one["probabilities"].get) == one["label"]


def test_rows_are_one_for_each_quoted_argument(promoted_release, capsys):
    main(["text", "--release", str(promoted_release), "what a wonderful day", "how awful"])
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["positive", "negative"]
    assert rows[0].endswith("  what a wonderful day")
