"""Reads the tables and lists that people make: CSV files of any spreadsheet, and text files line by line.

UTF-8 is read with or without its mark, UTF-16 with one; comma, semicolon or tab separates, whichever gives the columns
that are needed. What can only be guessed is refused with file and line: bytes of another encoding, a NUL, a quotation
mark that is not closed, a row of another length.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

SEPARATORS = ",;\t"
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LINE_END = re.compile("\r\n|\r|\n")
_CSV_FAULTS = {
    "unexpected end of data": "a quotation mark is opened here and not closed",
    "expected after": "a quotation mark is not closed here, or stands in a quoted field without being doubled",
}


class TableError(ValueError):
    """A file cannot be read as what it should be; the message names it, and the line where one is at fault."""


@dataclass(frozen=True)
class Row:
    """One row of a table: its fields by column, as written; `place` is file and line, for messages."""

    place: str
    fields: dict[str, str]


def read_table(
    path: Path,
    columns: Sequence[str],
    *,
    separators: str = SEPARATORS,
    quoted: bool = True,
    otherwise: str | None = None,
) -> list[Row]:
    """Return the rows of the table in `path`, which has at least `columns`; rows without any content are left out.

    `"id;text\\n1;\\"a; b\\"\\n"` is one row with the fields `{"id": "1", "text": "a; b"}`.

    Args:
        path: the file, its first row the names of the columns.
        columns: what has to be among them, in any order.
        separators: characters that may separate the fields.
        quoted: whether a quotation mark at the start of a field quotes it.
        otherwise: the encoding of what is not UTF-8, where the source is known for it.

    Raises:
        TableError: the file is not such a table.
    """
    text = read_text(path, otherwise)
    records = _records(path, text, _separator(text, columns, separators), quoted)
    _, first = next(records, (1, []))
    header = _checked([name.strip() for name in first], columns, path)
    return [_row(f"{path} line {line}", header, fields) for line, fields in records]


def read_lines(path: Path) -> list[tuple[str, str]]:
    """Return (file and line, text) of every line of `path` that holds something.

    Raises:
        TableError: the file is not text.
    """
    lines = _LINE_END.split(read_text(path))
    return [(f"{path} line {number}", line) for number, line in enumerate(lines, start=1) if line]


def read_text(path: Path, otherwise: str | None = None) -> str:
    """Return the text of `path`, its line ends as they are; `otherwise` is the encoding of what is not UTF-8.

    Raises:
        TableError: a byte of another encoding, or a NUL.
    """
    content = path.read_bytes()
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    if encoding != "utf-16" and b"\0" in content:
        fault = "a NUL stands here: the file is damaged, or UTF-16 without its mark"
        raise _unreadable(path, content.partition(b"\0")[0].decode("utf-8", "replace"), fault)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if otherwise is None:
            before = content[: error.start].decode(encoding, "replace")
            fault = f"the byte 0x{content[error.start]:02X} is not {encoding.removesuffix('-sig').upper()}"
            raise _unreadable(path, before, fault) from None
        return content.decode(otherwise, "replace")


def _unreadable(path: Path, before: str, fault: str) -> TableError:
    line = len(_LINE_END.findall(before)) + 1
    return TableError(f"{path} line {line}: {fault}; save it as UTF-8 (spreadsheets: CSV UTF-8)")


def _separator(text: str, columns: Sequence[str], separators: str) -> str:
    """Return the one of `separators` that gives `columns`, else the first."""
    header = next((line for line in _LINE_END.split(text) if line), "")
    for separator in separators:
        fields = next(csv.reader([header], delimiter=separator), [])
        if set(columns) <= {name.strip() for name in fields}:
            return separator
    return separators[0]


def _records(path: Path, text: str, separator: str, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the fields of each record that has any content."""
    options: dict[str, Any] = {"quoting": csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE, "strict": True}
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, **options)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            said = next((said for part, said in _CSV_FAULTS.items() if part in str(error)), str(error))
            raise TableError(f"{path} line {line}: {said}") from None
        if any(fields):
            yield line, fields


def _checked(header: list[str], columns: Sequence[str], path: Path) -> list[str]:
    missing = [name for name in columns if name not in header]
    if missing:
        raise TableError(f"{path} line 1: no column {', '.join(missing)}; {','.join(columns)} are needed")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise TableError(f"{path} line 1: there is more than one column {', '.join(twice)}")
    return header


def _row(place: str, header: list[str], fields: list[str]) -> Row:
    if len(fields) != len(header):
        raise TableError(f"{place}: {len(header)} fields are expected, {len(fields)} are there")
    return Row(place, dict(zip(header, fields, strict=True)))
