"""The tables of the stages: what is read is what was written, and the bytes depend on nothing else."""

import re
from dataclasses import dataclass
from importlib.metadata import version

import pyarrow
import pytest

from training.features.extract import schema
from training.tables import read_table, write_records, write_table

pytestmark = pytest.mark.fast

FRAMES = [[0.1] * 40, [0.2] * 40]
CLIP = {
    "clip": "03-01-01-01-01-01-01",
    "actor": 1,
    "sex": "male",
    "emotion": "neutral",
    "intensity": "normal",
    "statement": 1,
    "repetition": 1,
    "label": "neutral",
    "heard": True,
    "start_sample": 160,
    "end_sample": 480,
    "frames": 2,
    "mfcc": FRAMES,
}


@dataclass(frozen=True)
class Said:
    text: str
    reason: str | None


def test_records_come_back_as_they_were(tmp_path):
    said = [Said("good", None), Said("", "no_speech"), Said("schön 😀", None)]
    write_records(tmp_path / "folder" / "said.arrow", said)
    assert [Said(**row) for row in read_table(tmp_path / "folder" / "said.arrow", "text_data").to_pylist()] == said
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["said.arrow"]


def test_a_missing_table_names_the_stage_that_makes_it(tmp_path):
    with pytest.raises(SystemExit, match=r"said\.arrow not found: it is made by `dvc repro text_data`"):
        read_table(tmp_path / "said.arrow", "text_data")


def test_no_library_and_no_version_stands_in_the_bytes(tmp_path):
    write_table(tmp_path / "clips.arrow", pyarrow.Table.from_pylist([CLIP] * 20, schema(40)))
    written = (tmp_path / "clips.arrow").read_bytes()
    for word in ("parquet", "pandas", "huggingface", "created_by", "version", *map(version, ("pyarrow", "datasets"))):
        assert word.encode() not in written.lower(), word
    assert not re.search(rb"\d+\.\d+\.\d+", written)


@pytest.mark.parametrize("parts", [1, 3])
def test_the_same_rows_give_the_same_bytes_however_they_were_put_together(tmp_path, parts):
    whole = pyarrow.Table.from_pylist([CLIP] * 6, schema(40))
    write_table(tmp_path / "whole.arrow", whole)
    step = 6 // parts
    pieces = pyarrow.concat_tables([whole.slice(start, step) for start in range(0, 6, step)])
    write_table(tmp_path / "pieces.arrow", pieces.replace_schema_metadata({"pandas": "2.3.3"}))
    assert (tmp_path / "pieces.arrow").read_bytes() == (tmp_path / "whole.arrow").read_bytes()
