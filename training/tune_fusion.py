"""Stage `tune_fusion`: how much the words count beside the voice, tuned and tested on two halves of a labelled set.

RAVDESS says two neutral sentences, so that tuned on it alone the words would count for nothing (`ravdess_alone` in the
metrics). So our own sentences are paired with its clips of the same label; `fusion.labeled_set` of params.yaml names
a real set instead. Run it as `python -m training.tune_fusion`.
"""

import csv
import random
from collections.abc import Mapping, Sequence
from hashlib import md5
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from training.dataset import Clip, load_features
from training.fusion_answers import Graphs, load_networks
from training.fusion_choice import FloorError
from training.fusion_report import curve, degenerate, pair_rows, report, tuned
from training.labeled_set import HALVES, SENTENCES, LabeledSetError, load_recordings, load_sentences
from training.metrics_files import write_metrics, write_rows
from training.pairs import Hear, Pair, pair_recordings, pair_with_clips
from training.params import load_params
from training.ravdess import STATEMENTS
from training.recordings import Transcriber
from training.splits import main_split
from training.text_data import load_rows
from training.text_noise import confusions_of, with_word_errors
from training.tracking import log_training

METRICS = Path("metrics/fusion.json")
CURVE = Path("plots/fusion_alpha.csv")
PAIRS = Path("plots/fusion_pairs.csv")


def tune(params: Mapping[str, Any], graphs: Graphs, output: Path = Path()) -> None:
    """Tune and test; write metrics and plots under the folder `output`.

    Raises:
        LabeledSetError: the labelled set cannot be used.
        FloorError: the accuracy that is demanded of what is kept cannot be had.
        SystemExit: an input is missing; the message names the stage that makes it.
    """
    section, clips = params["fusion"], clips_by_half(params)
    listed = Path(section["labeled_set"]) if section["labeled_set"] else None
    pairs = recorded_pairs(listed, section) if listed else own_pairs(clips, section)
    of_half = {half: [pair for pair in pairs if pair.half == half] for half in HALVES}
    networks = load_networks(params, graphs, own=listed is None)
    halves = {half: networks.answers(group) for half, group in of_half.items()}
    released, rules = tuned(halves["tuning"], section)
    alone = load_networks(params, graphs, own=True).answers(ravdess_pairs(clips["tuning"]))
    content = {
        **described(listed, params),
        **report(halves, released, rules, section),
        "ravdess_alone": degenerate(alone, section["alpha_step"]),
    }
    write_metrics(output / METRICS, content)
    write_rows(output / CURVE, curve(halves, rules["adaptive"].sharpness, section))
    write_rows(output / PAIRS, pair_rows(of_half["test"], halves["test"], released))


def clips_by_half(params: Mapping[str, Any]) -> dict[str, list[Clip]]:
    """Return the clips of the validation actors to tune on and of the test actors to test on."""
    split, clips = main_split(params["split"]), load_features()
    actors = dict(zip(HALVES, (split.validation, split.test), strict=True))
    return {half: [clip for clip in clips if clip.actor in actors[half]] for half in HALVES}


def own_pairs(clips: Mapping[str, Sequence[Clip]], section: Mapping[str, Any]) -> list[Pair]:
    """Return our sentences paired with `clips` of each half; see training/pairs.py."""
    return pair_with_clips(load_sentences(), clips, _hearing(section), section["seed"])


def recorded_pairs(listed: Path, section: Mapping[str, Any]) -> list[Pair]:
    """Return the recordings that the CSV file `listed` names as pairs; what has no text is transcribed."""
    return pair_recordings(
        load_recordings(listed), _hearing(section), Transcriber(section["asr_model"]), section["seed"]
    )


def ravdess_pairs(clips: Sequence[Clip]) -> list[Pair]:
    """Return `clips` with the words that they really say, in the tuning half."""
    return [
        Pair("tuning", str(clip.statement), f"{clip.actor:02d}", clip.label, STATEMENTS[clip.statement].lower(), clip)
        for clip in clips
    ]


def described(listed: Path | None, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the numbers come from: their protocol, whether the pairs are put together, the md5 of the set."""
    protocol = own_protocol(params) if listed is None else listed_protocol(listed)
    digest = md5((listed or SENTENCES).read_bytes(), usedforsecurity=False).hexdigest()
    return {"protocol": protocol, "synthetic": listed is None, "labeled_set_md5": digest}


def own_protocol(params: Mapping[str, Any]) -> str:
    """Say how the numbers on our own sentences came about."""
    split, rate = main_split(params["split"]), params["fusion"]["word_error_rate"]
    tuning, test = (", ".join(map(str, actors)) for actors in (split.validation, split.test))
    return (
        f"synthetic pairs: each of our sentences (data/labeled, {100 * rate:g} % simulated word errors) with one clip "
        f"of its label of each actor of its half; tuned on one half of the sentences with actors {tuning}, judged by a "
        f"network fitted without them, tested on the other half with actors {test}, whom no network knows; nobody "
        "spoke these sentences; int8 graphs; alpha, sharpness and temperature chosen by log loss; intervals are 95 % "
        "bootstraps over sentences and actors"
    )


def listed_protocol(listed: Path) -> str:
    """Say how the numbers on a set of recordings came about."""
    return (
        f"recordings of {listed.name}, tuned on one half, tested on the other; int8 graphs; alpha, sharpness and "
        "temperature chosen by log loss; intervals are 95 % bootstraps over sentences and speakers"
    )


def curve_by_percent(rows: Path, folder: Path) -> Path:
    """Write the curves in `rows` with alpha in percent as the column `epoch`, the step of MLflow, into `folder`."""
    with rows.open(encoding="utf-8", newline="") as file:
        read = [{"epoch": round(100 * float(row.pop("alpha"))), **row} for row in csv.DictReader(file)]
    write_rows(folder / rows.name, read)
    return folder / rows.name


def main() -> None:
    """Run the stage with params.yaml and log the run."""
    params = load_params()
    try:
        tune(params, Graphs())
    except (LabeledSetError, FloorError) as error:
        raise SystemExit(f"the fusion cannot be tuned: {error}") from None
    with TemporaryDirectory() as folder:
        curves = curve_by_percent(CURVE, Path(folder))
        log_training({"fusion": params["fusion"]}, {"fusion": METRICS}, curves, PAIRS, experiment="fusion")


def _hearing(section: Mapping[str, Any]) -> Hear:
    rng = random.Random(section["seed"])
    confusions = confusions_of(row.text for row in load_rows(split="train") if row.source != "sst_phrases")
    return lambda text: with_word_errors(text, rng, confusions, section["word_error_rate"])


if __name__ == "__main__":
    main()
