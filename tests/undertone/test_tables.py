"""Tables as people save them: what is read whatever the spreadsheet, and what is refused with file and line."""

from pathlib import Path

import pytest

from undertone.tables import TableError, read_lines, read_table

pytestmark = pytest.mark.fast

TABLE = 'audio,text,label\na.wav,"No, né",negative\nb.wav,“ja”,positive\n'
ROWS = [
    {"audio": "a.wav", "text": "No, né", "label": "negative"},
    {"audio": "b.wav", "text": "“ja”", "label": "positive"},
]


def saved(folder: Path, content: bytes) -> Path:
    path = folder / "set.csv"
    path.write_bytes(content)
    return path


def fields(path: Path) -> list[dict[str, str]]:
    return [row.fields for row in read_table(path, ("audio", "text", "label"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_marks_and_line_ends_change_nothing(encoding, line_end, tmp_path):
    assert fields(saved(tmp_path, TABLE.replace("\n", line_end).encode(encoding))) == ROWS


def test_utf16_is_read_from_either_end(tmp_path):
    assert fields(saved(tmp_path, b"\xfe\xff" + TABLE.encode("utf-16-be"))) == ROWS


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_known_by_the_columns(separator, tmp_path):
    table = TABLE.replace(",", separator).replace(f"No{separator} né", "No, né")
    assert fields(saved(tmp_path, table.encode())) == ROWS


def test_a_quoted_header_with_spaces_and_empty_rows_are_no_obstacle(tmp_path):
    table = '"audio", text ,label,,\n\na.wav,yes,positive,,\n,,,,\n'
    assert fields(saved(tmp_path, table.encode())) == [{"audio": "a.wav", "text": "yes", "label": "positive", "": ""}]


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "latin-1", "mac-roman"])
def test_a_byte_that_is_not_utf8_is_named_with_its_line(encoding, tmp_path):
    table = "audio,text,label\na.wav,yes,positive\nb.wav,né,negative\n"
    with pytest.raises(TableError, match=r"set\.csv line 3: the byte 0x.. is not UTF-8; save it as UTF-8"):
        fields(saved(tmp_path, table.encode(encoding)))


def test_a_source_known_for_another_encoding_is_read_in_it(tmp_path):
    path = saved(tmp_path, TABLE.encode("cp1252"))
    assert [row.fields for row in read_table(path, ("text",), otherwise="cp1252")] == ROWS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TABLE.encode("utf-16-le"), r"line 1: a NUL"),
        (b"audio,text,label\na.wav,ye\0s,positive\n", r"line 2: a NUL"),
        (b"\xff\xfe" + TABLE.encode("utf-16-le")[:-1], r"line 3: the byte 0x0A is not UTF-16"),
        (b'audio,text,label\na.wav,yes,positive\nb.wav,"no,negative\nc.wav,no,negative\n', r"line 3: a quotation mark"),
        (b'audio,text,label\na.wav,"no,negative\nb.wav,"no",negative\n', r"line 2: a quotation mark"),
        (b'audio,text,label\na.wav,"two\nlines",positive\nb.wav,a,b,c\n', r"line 4: 3 fields are expected, 4 are"),
        (b"audio;text\na.wav;yes\n", r"line 1: no column audio, text, label; audio,text,label are needed"),
        (b"audio,text,label,text\na.wav,yes,positive,no\n", r"line 1: there is more than one column text"),
        (b"", r"line 1: no column audio"),
        (b"audio,text,label\na.wav," + b"y" * 200_000 + b",positive\n", r"line 2: field larger than"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(content, said, tmp_path):
    with pytest.raises(TableError, match=rf"set\.csv {said}"):
        fields(saved(tmp_path, content))


def test_lines_are_numbered_as_an_editor_shows_them(tmp_path):
    path = saved(tmp_path, "one\r\n\r\nthree\u2028still three\n".encode("utf-8-sig"))
    assert read_lines(path) == [(f"{path} line 1", "one"), (f"{path} line 3", "three\u2028still three")]


def test_lines_of_another_encoding_are_refused(tmp_path):
    with pytest.raises(TableError, match=r"set\.csv line 2: the byte 0xE9"):
        read_lines(saved(tmp_path, b"one\nn\xe9\n"))
