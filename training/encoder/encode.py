"""Stage `encoder_features`: what the frozen encoder of the recogniser makes of clips, one vector for each sound.

The clips of RAVDESS, cut as in service, under the conditions that a head is fitted under, and under those that it is
judged under (training/sounds/conditions.py); our sentences in the neutral voices. Each sound lies in the window that
the service would give it. Run it as `python -m training.encoder.encode`.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from tqdm import tqdm

from training.corpora.ravdess.clips import Clip, load_features, load_waveform
from training.corpora.ravdess.splits import reported_folds
from training.encoder.disturbed import drawn_for, fitting_conditions
from training.encoder.frozen import load_encoder
from training.encoder.table import SPOKEN_CONDITION, Encodings, sentence_name, write_encodings
from training.files import ENCODINGS, ENCODINGS_METRICS, SPOKEN
from training.metrics_files import write_metrics
from training.params import load_params
from training.precision import print_basis
from training.sounds.conditions import Condition, Waveform, conditions, rng_of
from undertone.audio import RATE_HZ, to_int16

GROUP = 2  # actors whose clips are made in one piece of work: a man and a woman, on one side of every split
VOICES = 200  # clips of the other side of a fold that babble is made of, where the head is judged


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
