"""Silero as the faster-whisper wheel carries it: what the stages hear with, and what the released graph is made of.

The service runs the same network as matrix products (export/silero.py), through the same class.
"""

from functools import cache
from pathlib import Path

import faster_whisper

from undertone.gate.silero import SileroModel

PUBLISHED = Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx"


@cache
def published_silero() -> SileroModel:
    """Return the network, opened once in each process."""
    return SileroModel(PUBLISHED)
