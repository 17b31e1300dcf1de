"""Whisper's weights in fewer steps, for processors whose products of 8 bits overflow.

Without VNNI, x86 adds pairs of products of 8 bits in 16 bits (`vpmaddubsw`) and cuts off what is more. Weights of 64
steps (7 bits) never overflow there; those of CTranslate2 have 127 on every processor. What that takes from tiny.en is
a third of what int8 itself does: its encoder is off by 5.8 % of its norm, 4.3 % where nothing overflows, and 4.4 % with
the `STEPS` here, which seldom overflow (benchmarks/words/overflow.py).
"""

import struct
from collections.abc import Sized
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undertone.words.settings import WEIGHTS

STEPS = 104
VERSION = 6  # of the layout that `ModelSpec.save` of CTranslate2 writes
_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)  # bfloat16, the sixth, is none of numpy's


def files_in_fewer_steps(folder: Path, steps: int = STEPS) -> dict[str, bytes] | None:
    """Return the files of a converted model, its matrices in int8 of `steps` steps; None if its layout is not known."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    weights = in_fewer_steps(files[WEIGHTS], steps)
    return None if weights is None else {**files, WEIGHTS: weights}


def in_fewer_steps(model: bytes, steps: int = STEPS) -> bytes | None:
    """Return a converted `model` with its matrices in int8 of at most `steps` steps up and down.

    A row has one scale, as CTranslate2 lays it out. None if the layout is another than that of `VERSION`, or has a type
    that is not known here.
    """
    try:
        head, variables, aliases = _parsed(model)
    except (struct.error, IndexError, ValueError):
        return None
    matrices = [name for name, array in variables.items() if name.endswith("/weight") and array.ndim == 2]
    for name in matrices:  # what else there is, convolutions among it, CTranslate2 computes in floats
        variables[name], variables[_scale(name)] = _quantized(variables[name], variables.get(_scale(name)), steps)
    aliases |= {_scale(alias): _scale(name) for alias, name in aliases.items() if name in matrices}
    written = (_header(name, array) + array.tobytes() for name, array in variables.items())
    named = (_bytes(alias) + _bytes(name) for alias, name in aliases.items())
    return b"".join((head, _count(variables), *written, _count(aliases), *named))


def _quantized(
    matrix: NDArray[np.generic], scale: NDArray[np.generic] | None, steps: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return `matrix` in int8 and the scale of each row; where it has a `scale` it is in whole numbers already."""
    rows = matrix.astype(np.float32)
    if scale is not None:
        rows /= scale.astype(np.float32).reshape(-1, 1)  # of int16 it is one for the whole matrix
    largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    scales = np.asarray(steps / np.where(largest > 0, largest, steps), dtype=np.float32)
    rows *= scales[:, None]
    return np.rint(rows, out=rows).astype(np.int8), scales


def _scale(name: str) -> str:
    return f"{name}_scale"


def _parsed(model: bytes) -> tuple[bytes, dict[str, NDArray[np.generic]], dict[str, str]]:
    """Return what `model` begins with, its variables, and what else these are called."""
    stream = BytesIO(model)
    (version,) = _read(stream, "I")
    if version != VERSION:
        raise ValueError(f"layout {version}")
    _text(stream)
    _read(stream, "I")
    head = model[: stream.tell()]
    variables = {}
    for _ in range(*_read(stream, "I")):
        name = _text(stream)
        shape = _read(stream, "I" * _read(stream, "B")[0])
        type_id, size = _read(stream, "BI")
        variables[name] = np.frombuffer(stream.read(size), _TYPES[type_id]).reshape(shape)
    return head, variables, {_text(stream): _text(stream) for _ in range(*_read(stream, "I"))}


def _read(stream: BytesIO, kinds: str) -> tuple[int, ...]:
    layout = f"<{kinds}"
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))


def _text(stream: BytesIO) -> str:
    return stream.read(_read(stream, "H")[0])[:-1].decode()


def _header(name: str, array: NDArray[np.generic]) -> bytes:
    shape = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
    return _bytes(name) + shape + struct.pack("<BI", _TYPES.index(array.dtype.type), array.nbytes)


def _bytes(text: str) -> bytes:
    encoded = text.encode() + b"\0"
    return struct.pack("<H", len(encoded)) + encoded


def _count(things: Sized) -> bytes:
    return struct.pack("<I", len(things))
