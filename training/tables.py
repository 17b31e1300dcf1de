"""Reads and writes the tables of the stages: Arrow IPC files, whose bytes say nothing of the library that wrote them.

A Parquet file carries the version of its writer and what pandas or `datasets` add of theirs, so that another version
makes other bytes of the same rows and everything after it is out of date. Here the bytes are the columns alone, not
compressed: tests/training/test_tables.py looks for what must not be in them.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow
from pyarrow import ipc

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_OPTIONS = ipc.IpcWriteOptions(metadata_version=ipc.MetadataVersion.V5, compression=None)


def write_table(path: Path, table: Any) -> None:
    """Write `table`, a pyarrow.Table, in one step, without the metadata of its schema and in one batch."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    plain = table.replace_schema_metadata(None).combine_chunks()
    with ipc.new_file(str(partial), plain.schema, options=_OPTIONS) as file:
        file.write_table(plain)
    partial.replace(path)


def write_records(path: Path, records: Sequence["DataclassInstance"]) -> None:
    """Write dataclass instances of one kind as a table, a column for each field."""
    write_table(path, pyarrow.Table.from_pylist([asdict(record) for record in records]))


def read_table(path: Path, stage: str) -> Any:
    """Return the pyarrow.Table of a file that `stage` wrote.

    Raises:
        SystemExit: the file is missing; the message names the stage.
    """
    if not path.is_file():
        raise SystemExit(f"{path} not found: it is made by `dvc repro {stage}`")
    with ipc.open_file(pyarrow.memory_map(str(path))) as file:
        return file.read_all()
