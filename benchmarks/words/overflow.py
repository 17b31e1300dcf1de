"""What 8-bit products that overflow take from Whisper's encoder, by how many steps the weights have.

Protocol: tiny.en hears 4 s of every fourth clip of RAVDESS's actors 21 to 24 and of every sentence read aloud, in float
and in int8; the error is the norm of the difference over the norm of what float gives, the mean over the clips and the
largest. Where the processor has VNNI nothing overflows, and fewer steps only cost; where it has none, CTranslate2's own
127 overflow. With `CT2_USE_MKL=1` a processor of AMD computes them without, fifteen times as slowly.

    python benchmarks/words/overflow.py
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from undertone.audio import RATE_HZ, to_float
from undertone.audio_file import read
from undertone.words.engines.hub import find_model
from undertone.words.engines.overflow import files_in_fewer_steps
from undertone.words.engines.window import window_frames
from undertone.words.processor import overflows

HEARD_S = 4.0
STEPS = (127, 120, 116, 112, 108, 104, 96, 80, 64)


def main() -> None:
    """Measure and print."""
    sounds = [to_float(read(path)[: int(HEARD_S * RATE_HZ)]) for path in clips(Path(os.environ["UNDERTONE_DATA"]))]
    folder = find_model("tiny.en", wait_s=60).folder
    exact = encoded(WhisperModel(str(folder), "cpu", compute_type="float32"), sounds)
    overflow = "overflow" if overflows() else "do not overflow"
    table = Table("steps", "mean error", "largest", title=f"{len(sounds)} clips; 8-bit products {overflow} here")
    for steps in STEPS:
        files = files_in_fewer_steps(folder, steps)
        found = encoded(WhisperModel(str(folder), "cpu", compute_type="int8", files=files), sounds)
        errors = [np.linalg.norm(one - other) / np.linalg.norm(other) for one, other in zip(found, exact, strict=True)]
        table.add_row(str(steps), f"{np.mean(errors):.2%}", f"{np.max(errors):.2%}")
    Console().print(table)


def clips(data: Path) -> list[Path]:
    """Return the recordings that are heard."""
    acted = [path for actor in range(21, 25) for path in sorted((data / f"ravdess/Actor_{actor}").glob("*.flac"))]
    return acted[::4] + sorted((data / "real" / "reading").glob("*.flac"))


def encoded(whisper: WhisperModel, sounds: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Return what the encoder makes of each sound, (positions, width)."""
    spectra = (whisper.feature_extractor(sound)[:, :-1] for sound in sounds)
    return [np.asarray(whisper.encode(pad_or_trim(one, window_frames(HEARD_S))))[0] for one in spectra]


if __name__ == "__main__":
    main()
