"""Stage `encoder_features`: what the frozen encoder of the recogniser makes of clips, one vector for each sound.

The clips of RAVDESS, cut as in service, under the conditions that a head is fitted under, and under those that it is
judged under (training/sounds/conditions.py); our sentences in the neutral voices. Each sound lies in the window that
the service would give it. Run it as `python -m training.encoder.encodings`.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import soundfile
from numpy.typing import NDArray
from tqdm import tqdm

from training.corpora.ravdess.clips import Clip, load_features, load_waveform
from training.corpora.ravdess.splits import reported_folds
from training.encoder.disturbed import drawn_for, fitting_conditions
from training.encoder.frozen import load_encoder
from training.files import ENCODINGS, ENCODINGS_METRICS, SPOKEN
from training.metrics_files import write_metrics
from training.params import load_params
from training.precision import print_basis
from training.sounds.conditions import Condition, Waveform, conditions, rng_of
from training.tables import read_table, write_table
from undertone.audio import RATE_HZ, to_int16

SPOKEN_CONDITION = "spoken"
GROUP = 2  # actors whose clips are made in one piece of work: a man and a woman, on one side of every split
VOICES = 200  # clips of the other side of a fold that babble is made of, where the head is judged


@dataclass(frozen=True)
class Encodings:
    """A row for each sound: `names` of clips, or of sentences with their voice, and `vectors` (rows, width)."""

    names: Sequence[str]
    conditions: Sequence[str]
    vectors: NDArray[np.float32]

    def of(self, condition: str, names: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors (names, width) of the sounds `names` under `condition`, in their order.

        Raises:
            SystemExit: there is no such row; the message names it and the stage that makes it.
        """
        rows = self._rows(condition)
        if missing := [name for name in names if name not in rows]:
            raise SystemExit(f"{ENCODINGS} has no {missing[0]} under {condition}: run `dvc repro encoder_features`")
        return self.vectors[[rows[name] for name in names]]

    def spoken(self, voices: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors (rows, width) of our sentences in any of `voices`, one voice after the other."""
        rows = self._rows(SPOKEN_CONDITION)
        return self.vectors[[row for voice in voices for name, row in rows.items() if name.startswith(f"{voice}/")]]

    def _rows(self, condition: str) -> dict[str, int]:
        both = enumerate(zip(self.names, self.conditions, strict=True))
        return {name: row for row, (name, own) in both if own == condition}


def sentence_name(voice: str, sentence: str) -> str:
    """Return the name of a row of our sentences: `sentence_name("smaller", "N001")` is "smaller/N001"."""
    return f"{voice}/{sentence}"


def load_encodings(path: Path = ENCODINGS) -> Encodings:
    """Return the table that the stage wrote.

    Raises:
        SystemExit: the file is missing; the message names the stage that makes it.
    """
    table = read_table(path, "encoder_features")
    values = table.column("encoding").combine_chunks().flatten().to_numpy()
    names, under = (table.column(name).to_pylist() for name in ("name", "condition"))
    return Encodings(names, under, values.reshape(len(names), -1))


@dataclass(frozen=True)
class _Work:
    """The clips of some actors, and the clips of others that babble is made of where they are judged."""

    clips: Sequence[Clip]
    others: Sequence[Clip]
    params: Mapping[str, Any]


def _of_actors(work: _Work) -> tuple[list[str], list[str], NDArray[np.float32]]:
    """Return names, conditions and vectors of all clips of `work` under all conditions."""
    encoder = load_encoder(work.params["fusion"]["asr_model"])
    waveforms = {clip.name: load_waveform(clip) for clip in work.clips}
    made = _conditions(work, list(waveforms.values()))
    rows = [
        (name, condition, encoder.encoding(to_int16(change(waveform, generator))))
        for condition, (change, generate) in made.items()
        for name, waveform in waveforms.items()
        for generator in [generate(name, condition)]
    ]
    names, under, vectors = zip(*rows, strict=True)
    return list(names), list(under), np.stack(vectors)


def _conditions(work: _Work, own: Sequence[Waveform]) -> dict[str, tuple[Condition, Any]]:
    """Return each condition with what makes its generator; judged as the cross-validation judges, to the sample."""
    section, vad = work.params["encoder_features"], work.params["vad"]
    voices = [load_waveform(clip) for clip in work.others[:: max(1, 1000 // VOICES)]]
    judged = conditions(section["judged"], RATE_HZ, vad["pad_ms"], voices)
    fitted = fitting_conditions(section, own)
    return {
        **{name: (change, lambda clip, _: rng_of(clip)) for name, change in judged.items()},
        **{name: (change, drawn_for) for name, change in fitted.items()},
    }


def _pieces(clips: Sequence[Clip], params: Mapping[str, Any]) -> Iterator[_Work]:
    for fold in reported_folds():
        others = [clip for clip in clips if clip.actor in fold.fit]
        for first in range(0, len(fold.test), GROUP):
            group = fold.test[first : first + GROUP]
            yield _Work([clip for clip in clips if clip.actor in group], others, params)


def _spoken(params: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    encoder = load_encoder(params["fusion"]["asr_model"])
    voices = [voice for half in params["spoken"]["voices"].values() for voice in half]
    for path in tqdm([path for voice in voices for path in sorted((folder / voice).glob("*.flac"))], "sentences"):
        yield sentence_name(path.parent.name, path.stem), encoder.encoding(soundfile.read(path, dtype="int16")[0])


def encode(params: Mapping[str, Any], spoken: Path = SPOKEN) -> Encodings:
    """Return the encodings of all clips and sentences.

    Raises:
        SystemExit: the recogniser has no encoder, or an input is missing; the message says what to do.
    """
    work = list(_pieces(load_features(), params))
    with ProcessPoolExecutor(params["encoder_features"]["workers"], mp_context=get_context("spawn")) as processes:
        parts = list(tqdm(processes.map(_of_actors, work), "actors, two at a time", len(work)))
    names, vectors = zip(*_spoken(params, spoken), strict=True)
    return Encodings(
        [name for part in parts for name in part[0]] + list(names),
        [condition for part in parts for condition in part[1]] + [SPOKEN_CONDITION] * len(names),
        np.concatenate([*(part[2] for part in parts), np.stack(vectors)]),
    )


def write_encodings(path: Path, made: Encodings) -> None:
    """Write the table of the stage."""
    width = made.vectors.shape[1]
    column = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(made.vectors.ravel()), width)
    columns = {"name": made.names, "condition": made.conditions, "encoding": column}
    write_table(path, pyarrow.table(columns))


def main() -> None:
    """Run the stage with params.yaml."""
    params = load_params()
    print_basis(1)
    encoder = load_encoder(params["fusion"]["asr_model"])
    made = encode(params)
    write_encodings(ENCODINGS, made)
    metrics = {"recogniser": encoder.name, "sha256": encoder.sha256, "width": made.vectors.shape[1]}
    write_metrics(ENCODINGS_METRICS, {**metrics, "sounds": len(made.names)})


if __name__ == "__main__":
    main()
