"""Stage `corpora`: the corpora beside RAVDESS that params.yaml names, cut to their speech, in one table.

They are read from the folder of `UNDERTONE_DATA`, each from a folder of its name; one of your own from a CSV file of
its name where there is one, whatever folder lies beside it. DVC does not see them there: after a change of one,
`dvc repro -f -s corpora`. Run it as `python -m training.corpora.prepare`.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import torch
from tqdm import tqdm

from training.corpora.several.choice import Choice, choice_of, held_out
from training.features.mfcc import mfcc_transform
from training.features.trim import speech_bounds
from training.files import CORPORA_METRICS, OTHER_CORPORA
from training.metrics_files import write_metrics
from training.params import load_params
from training.tables import write_table
from undertone.audio import to_float
from undertone.audio_file import AudioFileError, read
from undertone.corpora.check import is_silent, of_folder
from undertone.corpora.emotions import label_of, learnt
from undertone.corpora.known import corpus_named
from undertone.corpora.plain import PLAIN
from undertone.corpora.recording import CorpusError, Recording

MIRROR_VARIABLE = "UNDERTONE_DATA"
_TEXT = ("clip", "corpus", "speaker", "part", "emotion", "label")


def schema() -> Any:
    """Return the pyarrow.Schema of the table; `samples` are the bytes of int16, `mfcc` a list of frames."""
    fields = dict.fromkeys(_TEXT, pyarrow.string()) | {"heard": pyarrow.bool_(), "samples": pyarrow.large_binary()}
    return pyarrow.schema({**fields, "mfcc": pyarrow.large_list(pyarrow.list_(pyarrow.float32()))})


def prepare(
    params: Mapping[str, Any], mirror: Path | None, output: Path = OTHER_CORPORA, metrics: Path = CORPORA_METRICS
) -> None:
    """Write the table of all that `corpora` names, and how much of what is in it.

    Raises:
        SystemExit: a corpus is not there, or cannot be used so; the message names it.
    """
    choice = choice_of(params)
    torch.set_num_threads(1)
    rows = [row for name in choice.names for row in _rows(name, choice, params, mirror)]
    write_table(output, pyarrow.Table.from_pylist(rows, schema()))
    write_metrics(metrics, {name: _counts([row for row in rows if row["corpus"] == name]) for name in choice.names})


def _rows(name: str, choice: Choice, params: Mapping[str, Any], mirror: Path | None) -> Iterator[dict[str, Any]]:
    recordings = _labelled(_recordings(name, mirror), params)
    speakers = {recording.speaker for recording, _ in recordings}
    aside: set[str] = held_out(speakers, choice.held_out) if name in choice.train else set()
    if name in choice.train and (len(speakers) < 2 or "" in speakers):
        raise SystemExit(
            f"{name}: to be trained on it has to tell its speakers, two at least; it can be in corpora.test"
        )
    transform = mfcc_transform(params["features"])
    for recording, label in tqdm(recordings, desc=name, unit="clip", mininterval=1.0):
        part = "held_out" if recording.speaker in aside else "fit"
        emotion = learnt(recording, params["corpora"]["emotions"])
        heard = _heard(recording, transform, params)
        if heard:
            said = {"clip": f"{name}/{recording.name}", "corpus": name, "speaker": recording.speaker}
            yield {**said, "part": part, "emotion": emotion, "label": label, **heard}


def _recordings(name: str, mirror: Path | None) -> list[Recording]:
    if mirror is None:
        raise SystemExit(
            f"corpora names {name}, and {MIRROR_VARIABLE} is not set: set it to the folder that has {name}/"
        )
    place, table = mirror / name, mirror / f"{name}.csv"
    try:
        corpus = corpus_named(name)
        place = table if corpus is PLAIN and table.is_file() else place
        return of_folder(corpus, place).recordings
    except CorpusError as error:
        raise SystemExit(f"{name}: {error}; `undertone corpus check {name} {place}` says more") from None


def _labelled(recordings: Sequence[Recording], params: Mapping[str, Any]) -> list[tuple[Recording, str]]:
    labels, emotions = params["labels"], params["corpora"]["emotions"]
    pairs = ((recording, label_of(recording, labels, emotions)) for recording in recordings)
    return [(recording, label) for recording, label in pairs if label]


def _heard(recording: Recording, transform: torch.nn.Module, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the speech of `recording` and its features; None where it is broken, silent or too short for one frame."""
    try:
        samples = read(recording.audio)
    except AudioFileError:
        return None
    if len(samples) < params["features"]["n_fft"] or is_silent(samples):
        return None
    bounds = speech_bounds(to_float(samples), params["vad"])
    speech = samples[bounds.start : bounds.end]
    mfcc = transform(torch.from_numpy(to_float(speech).copy())).T.numpy()
    return {"heard": bounds.heard, "samples": speech.astype("<i2").tobytes(), "mfcc": list(mfcc)}


def _counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    clips = {
        part: dict(sorted(Counter(row["label"] for row in rows if row["part"] == part).items())) for part in _PARTS
    }
    speakers = {part: len({row["speaker"] for row in rows if row["part"] == part}) for part in _PARTS}
    return {"clips": clips, "speakers": speakers}


_PARTS = ("fit", "held_out")


def main() -> None:
    """Run the stage with params.yaml and the environment."""
    mirror = os.environ.get(MIRROR_VARIABLE)
    prepare(load_params(), Path(mirror) if mirror else None)


if __name__ == "__main__":
    main()
